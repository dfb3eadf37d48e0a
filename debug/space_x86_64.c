/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paging of x86: none, 32-bit, PAE, 4 and 5 levels.  Intel SDM volume 3, chapter 4. */
#include "debug/space_internal.h"

#define CR0_PG (1ull << 31)
#define CR4_PSE (1ull << 4)
#define CR4_PAE (1ull << 5)
#define CR4_LA57 (1ull << 12)
#define EFER_LMA (1ull << 10)
#define EFER_NXE (1ull << 11)

#define ENTRY_PRESENT (1ull << 0)
#define ENTRY_WRITE (1ull << 1)
#define ENTRY_USER (1ull << 2)
#define ENTRY_PAGE_SIZE (1ull << 7)
#define ENTRY_NX (1ull << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define PDPTE_RESERVED 0xfff00000000001e6ull /* of PAE */
#define PHYSICAL_BITS 40                     /* MAXPHYADDR, as CPUID leaf 80000008h of the machine has it */

/* A table of the way down: entries of 8 bytes resolve 9 address bits, those of 4 bytes 10. */
struct table {
    unsigned level;
    unsigned shift; /* of the index in the address */
    unsigned index_bits;
    unsigned entry_size;
    bool may_be_leaf; /* a page may end here */
    bool no_rights;   /* PAE's PDPTEs: the bits of the rights are reserved */
};

static const char *const table_names[] = {"", "PTE", "PDE", "PDPTE", "PML4E", "PML5E"};

static uint64_t leaf_base(uint64_t entry, const struct table *table)
{
    uint64_t size = 1ull << table->shift;

    if (table->entry_size == 4 && table->level == 2) { /* PSE-36: address bits 32 to 39 in bits 13 to 20 */
        return (entry & 0xffc00000ull) | (entry >> 13 & 0xff) << 32;
    }
    if (table->entry_size == 4) {
        return entry & 0xfffff000ull;
    }
    return entry & ENTRY_ADDRESS & ~(size - 1);
}

/* Bits that must be clear: SDM 4.4 and 4.5, formats of the entries. */
static bool reserved_clear(uint64_t entry, const struct table *table, bool leaf)
{
    uint64_t reserved = ENTRY_ADDRESS & ~((1ull << PHYSICAL_BITS) - 1);

    if (table->entry_size == 4) {
        return !(leaf && table->level == 2 && (entry & 1u << 21));
    }
    if (table->no_rights) {
        reserved |= PDPTE_RESERVED;
    }
    if (leaf && table->level > 1) { /* bit 12 is PAT */
        reserved |= ((1ull << table->shift) - 1) & ~0x1fffull;
    }
    return !(entry & reserved);
}

/* One level; the next table in @base.  True: go on with the level below. */
static bool descend(const struct space *space, const struct table *table, bool nxe, uint64_t *base,
                    struct space_walk *walk)
{
    uint64_t index = walk->address >> table->shift & ((1ull << table->index_bits) - 1);
    struct space_step *step =
        space_walk_step(space, walk, table->level, *base + index * table->entry_size, table->entry_size);

    if (!step) {
        return false;
    }
    step->present = step->entry & ENTRY_PRESENT;
    if (!step->present) {
        space_walk_why(walk, "%s is not present", table_names[table->level]);
        return false;
    }
    if ((step->entry & ENTRY_NX) && !nxe && table->entry_size == 8) {
        space_walk_why(walk, "%s has bit 63 set while EFER.NXE is clear", table_names[table->level]);
        return false;
    }
    step->leaf = table->level == 1 || (table->may_be_leaf && (step->entry & ENTRY_PAGE_SIZE));
    if (!reserved_clear(step->entry, table, step->leaf) || (table->level > 3 && (step->entry & ENTRY_PAGE_SIZE))) {
        space_walk_why(walk, "%s has reserved bits set", table_names[table->level]);
        return false;
    }
    if (!table->no_rights) {
        walk->writable = walk->writable && (step->entry & ENTRY_WRITE);
        walk->user = walk->user && (step->entry & ENTRY_USER);
        walk->executable = walk->executable && !(step->entry & ENTRY_NX);
    }
    if (step->leaf) {
        walk->page_size = 1ull << table->shift;
        walk->physical = leaf_base(step->entry, table) | (walk->address & (walk->page_size - 1));
        walk->mapped = true;
        return false;
    }
    *base = table->entry_size == 4 ? step->entry & 0xfffff000ull : step->entry & ENTRY_ADDRESS;
    return true;
}

static void walk_long(const struct space *space, const struct space_control *control, struct space_walk *walk)
{
    unsigned levels = (control->cr4 & CR4_LA57) ? 5 : 4;
    unsigned bits = 12 + levels * 9;
    uint64_t base = space->root & ENTRY_ADDRESS;

    if ((uint64_t)((int64_t)(walk->address << (64 - bits)) >> (64 - bits)) != walk->address) {
        space_walk_why(walk, "the address is not canonical");
        return;
    }
    for (unsigned level = levels; level > 0; level--) {
        const struct table table = {
            .level = level,
            .shift = 12 + (level - 1) * 9,
            .index_bits = 9,
            .entry_size = 8,
            .may_be_leaf = level == 2 || level == 3,
        };

        if (!descend(space, &table, control->efer & EFER_NXE, &base, walk)) {
            return;
        }
    }
}

static void walk_pae(const struct space *space, const struct space_control *control, struct space_walk *walk)
{
    const struct table tables[] = {
        {.level = 3, .shift = 30, .index_bits = 2, .entry_size = 8, .no_rights = true},
        {.level = 2, .shift = 21, .index_bits = 9, .entry_size = 8, .may_be_leaf = true},
        {.level = 1, .shift = 12, .index_bits = 9, .entry_size = 8},
    };
    uint64_t base = space->root & 0xffffffe0ull;

    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++) {
        if (!descend(space, &tables[i], control->efer & EFER_NXE, &base, walk)) {
            return;
        }
    }
}

static void walk_32(const struct space *space, const struct space_control *control, struct space_walk *walk)
{
    const struct table tables[] = {
        {.level = 2, .shift = 22, .index_bits = 10, .entry_size = 4, .may_be_leaf = control->cr4 & CR4_PSE},
        {.level = 1, .shift = 12, .index_bits = 10, .entry_size = 4},
    };
    uint64_t base = space->root & 0xfffff000ull;

    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++) {
        if (!descend(space, &tables[i], false, &base, walk)) {
            return;
        }
    }
}

void space_walk_x86_64(const struct space *space, const struct space_control *control, struct space_walk *walk)
{
    walk->user = walk->writable = walk->executable = true;
    if (!(control->cr0 & CR0_PG)) {
        walk->mapped = true;
        walk->physical = walk->address & UINT32_MAX;
        walk->page_size = 4096;
    } else if (control->efer & EFER_LMA) {
        walk_long(space, control, walk);
    } else if (walk->address > UINT32_MAX) {
        space_walk_why(walk, "the address has more than 32 bits");
    } else if (control->cr4 & CR4_PAE) {
        walk_pae(space, control, walk);
    } else {
        walk_32(space, control, walk);
    }
    if (!walk->mapped) {
        walk->user = walk->writable = walk->executable = false;
    }
}
