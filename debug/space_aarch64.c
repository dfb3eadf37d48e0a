/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stage 1 translation of the EL1&0 regime, granules of 4, 16 and 64 KB.  Arm ARM, chapter D8 (VMSAv8-64). */
#include "debug/space_internal.h"

#define SCTLR_M (1ull << 0)
#define SCTLR_WXN (1ull << 19)
#define SCTLR_EE (1ull << 25)

#define TCR_EPD0 (1ull << 7)
#define TCR_EPD1 (1ull << 23)
#define TCR_TBI0 (1ull << 37)
#define TCR_TBI1 (1ull << 38)
#define TCR_HPD0 (1ull << 41)
#define TCR_HPD1 (1ull << 42)

#define DESC_VALID (1ull << 0)
#define DESC_TABLE (1ull << 1)
#define DESC_AP_EL0 (1ull << 6)
#define DESC_AP_READ_ONLY (1ull << 7)
#define DESC_ACCESS (1ull << 10)
#define DESC_PXN (1ull << 53)
#define DESC_UXN (1ull << 54)
#define DESC_PXN_TABLE (1ull << 59)
#define DESC_UXN_TABLE (1ull << 60)
#define DESC_AP_TABLE_NO_EL0 (1ull << 61)
#define DESC_AP_TABLE_READ_ONLY (1ull << 62)

#define ADDRESS_BITS 48
#define PHYSICAL_BITS 44 /* ID_AA64MMFR0_EL1.PARange of the machine's models */

/* What TCR_EL1 says of the half of the address space that the address is in. */
struct half {
    bool upper, disabled, flat;
    unsigned input_bits;   /* 64 - TnSZ */
    unsigned granule_bits; /* 12, 14, 16 */
    unsigned output_bits;  /* TCR_EL1.IPS, and what is implemented */
    uint64_t table;
};

static struct half half_of(const struct space *space, uint64_t tcr, uint64_t address)
{
    static const unsigned char granules_lower[4] = {12, 16, 14, 12}, granules_upper[4] = {12, 14, 12, 16};
    static const unsigned char sizes[8] = {32, 36, 40, 42, 44, PHYSICAL_BITS, PHYSICAL_BITS, PHYSICAL_BITS};
    bool upper = address >> 55 & 1;
    unsigned size = upper ? tcr >> 16 & 0x3f : tcr & 0x3f;

    return (struct half){
        .upper = upper,
        .disabled = tcr & (upper ? TCR_EPD1 : TCR_EPD0),
        .flat = tcr & (upper ? TCR_HPD1 : TCR_HPD0),
        .input_bits = 64 - CLAMP(size, 16, 39),
        .granule_bits = upper ? granules_upper[tcr >> 30 & 3] : granules_lower[tcr >> 14 & 3],
        .output_bits = sizes[tcr >> 32 & 7],
        .table = upper ? space->kernel_root : space->root,
    };
}

/* The bits above the input size are all equal to bit 55, but for the tag. */
static bool in_range(const struct half *half, uint64_t tcr, uint64_t address)
{
    bool tagged = tcr & (half->upper ? TCR_TBI1 : TCR_TBI0);
    unsigned top = tagged ? 56 : 64;
    int64_t above = (int64_t)(address << (64 - top)) >> (64 - top + half->input_bits);

    return above == (half->upper ? -1 : 0);
}

/* What the tables on the way take from the rights of the page. */
static uint64_t with_tables(uint64_t leaf, uint64_t tables)
{
    leaf &= (tables & DESC_AP_TABLE_NO_EL0) ? ~DESC_AP_EL0 : UINT64_MAX;
    leaf |= (tables & DESC_AP_TABLE_READ_ONLY) ? DESC_AP_READ_ONLY : 0;
    leaf |= (tables & DESC_PXN_TABLE) ? DESC_PXN : 0;
    leaf |= (tables & DESC_UXN_TABLE) ? DESC_UXN : 0;
    return leaf;
}

static void finish(struct space_walk *walk, const struct space_control *control, uint64_t leaf, uint64_t base,
                   unsigned shift)
{
    bool wxn = control->sctlr & SCTLR_WXN;

    walk->mapped = true;
    walk->page_size = 1ull << shift;
    walk->physical = (base & ~(walk->page_size - 1)) | (walk->address & (walk->page_size - 1));
    walk->user = leaf & DESC_AP_EL0;
    walk->writable = !(leaf & DESC_AP_READ_ONLY);
    walk->executable = walk->user ? !(leaf & DESC_UXN) : !(leaf & DESC_PXN);
    if (wxn && walk->writable) {
        walk->executable = false;
    }
    if (!(leaf & DESC_ACCESS)) {
        space_walk_why(walk, "the access flag is clear: every access faults");
    }
}

/* Blocks stand at level 2, and at level 1 with the 4 KB granule; pages at level 3. */
static bool check_kind(struct space_walk *walk, const struct half *half, struct space_step *step)
{
    bool table = step->entry & DESC_TABLE;

    step->present = step->entry & DESC_VALID;
    if (!step->present) {
        space_walk_why(walk, "level %u entry is not valid", step->level);
        return false;
    }
    step->leaf = step->level == 3 || !table;
    if (step->level == 3 ? !table : !table && !(step->level == 2 || (step->level == 1 && half->granule_bits == 12))) {
        space_walk_why(walk, "level %u entry is of the reserved kind", step->level);
        return false;
    }
    return true;
}

static void walk_half(const struct space *space, const struct space_control *control, const struct half *half,
                      struct space_walk *walk)
{
    unsigned stride = half->granule_bits - 3;
    unsigned levels = (half->input_bits - half->granule_bits + stride - 1) / stride;
    uint64_t in = walk->address & ((1ull << half->input_bits) - 1);
    uint64_t outer = (1ull << ADDRESS_BITS) - (1ull << half->granule_bits);
    uint64_t first_bits = half->input_bits - (half->granule_bits + (levels - 1) * stride);
    uint64_t base = half->table & ((1ull << ADDRESS_BITS) - 1) & ~((8ull << first_bits) - 1);
    uint64_t tables = 0;

    for (unsigned level = 4 - levels; level < 4; level++) {
        unsigned shift = half->granule_bits + (3 - level) * stride;
        uint64_t index = in >> shift & ((1ull << stride) - 1);
        struct space_step *step = space_walk_step(space, walk, level, base + index * 8, 8);

        if (!step) {
            return;
        }
        if (control->sctlr & SCTLR_EE) {
            step->entry = GUINT64_SWAP_LE_BE(step->entry);
        }
        if (!check_kind(walk, half, step)) {
            return;
        }
        base = step->entry & outer;
        if (base >> half->output_bits) {
            space_walk_why(walk, "level %u entry has an address of more than %u bits", level, half->output_bits);
            return;
        }
        if (step->leaf) {
            finish(walk, control, with_tables(step->entry, half->flat ? 0 : tables), base, shift);
            return;
        }
        tables |= step->entry;
    }
}

void space_walk_aarch64(const struct space *space, const struct space_control *control, struct space_walk *walk)
{
    struct half half = half_of(space, control->tcr, walk->address);

    if (!(control->sctlr & SCTLR_M)) {
        walk->mapped = walk->user = walk->writable = walk->executable = true;
        walk->physical = walk->address;
        walk->page_size = 4096;
        if (walk->address >> PHYSICAL_BITS) {
            walk->mapped = walk->user = walk->writable = walk->executable = false;
            space_walk_why(walk, "the address has more than %d bits while the MMU is off", PHYSICAL_BITS);
        }
    } else if (!in_range(&half, control->tcr, walk->address)) {
        space_walk_why(walk, "the address is outside both halves: TCR_EL1.T%dSZ leaves %u bits", half.upper,
                       half.input_bits);
    } else if (half.disabled) {
        space_walk_why(walk, "TCR_EL1.EPD%d forbids walks", half.upper);
    } else {
        walk_half(space, control, &half, walk);
    }
}
