/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GICv3: locality-specific peripheral interrupts.  Arm IHI 0069, chapter 5.  Which are pending is kept here, from the moment
 * on when LPIs are enabled, with the configuration that each had in memory when it became pending or was invalidated.
 */
#include <string.h>

#include "devices/intc/gicv3_internal.h"

#define PROPERTY_ENABLE 0x01
#define BASE_ADDRESS UINT64_C(0x000FFFFFFFFFF000)
#define PENDING_ADDRESS UINT64_C(0x000FFFFFFFFF0000)
#define PROPBASER_ID_BITS 0x1F
#define PENDBASER_PTZ (UINT64_C(1) << 62)

bool gicv3_lpis_enabled(const struct gicv3_cpu *cpu)
{
    return cpu->redistributor_control & GICR_CTLR_ENABLE_LPIS;
}

/* The tables cover INTIDs below 2 to the power of (IDbits + 1). */
static unsigned lpi_end(const struct gicv3_cpu *cpu)
{
    unsigned bits = (unsigned)(cpu->properties_base & PROPBASER_ID_BITS) + 1;

    return 1u << MIN(bits, GICV3_ID_BITS);
}

static uint8_t *properties(struct gicv3_cpu *cpu, unsigned intid)
{
    return &cpu->lpi_properties[intid - GICV3_LPI_FIRST];
}

static void read_properties(struct gicv3 *gic, struct gicv3_cpu *cpu, unsigned intid)
{
    uint64_t table = cpu->properties_base & BASE_ADDRESS;

    *properties(cpu, intid) = memory_read8(machine_memory(gic->machine), table + intid - GICV3_LPI_FIRST);
}

uint8_t gicv3_lpi_priority(struct gicv3 *gic, unsigned index, unsigned intid)
{
    return *properties(&gic->cpu[index], intid) & GICV3_PRIORITY_BITS;
}

void gicv3_lpi_invalidate(struct gicv3 *gic, unsigned index, unsigned intid)
{
    struct gicv3_cpu *cpu = &gic->cpu[index];

    if (intid >= GICV3_LPI_FIRST && intid < GICV3_LPI_END && gicv3_lpi_pending(cpu, intid))
        read_properties(gic, cpu, intid);
}

void gicv3_lpi_invalidate_all(struct gicv3 *gic, unsigned index)
{
    const struct gicv3_cpu *cpu = &gic->cpu[index];

    for (unsigned intid = GICV3_LPI_FIRST, left = cpu->lpis; left; intid++)
        if (gicv3_lpi_pending(cpu, intid)) {
            gicv3_lpi_invalidate(gic, index, intid);
            left--;
        }
}

bool gicv3_lpi_pending(const struct gicv3_cpu *cpu, unsigned intid)
{
    return cpu->lpi_pending[intid / 32] >> intid % 32 & 1;
}

void gicv3_lpi_set_pending(struct gicv3 *gic, unsigned index, unsigned intid, bool pending)
{
    struct gicv3_cpu *cpu = &gic->cpu[index];

    if (!gicv3_lpis_enabled(cpu) || intid < GICV3_LPI_FIRST || intid >= lpi_end(cpu) ||
        gicv3_lpi_pending(cpu, intid) == pending)
        return;
    cpu->lpi_pending[intid / 32] ^= 1u << intid % 32;
    cpu->lpis += pending ? 1 : -1u;
    if (pending)
        read_properties(gic, cpu, intid);
}

unsigned gicv3_lpi_best(struct gicv3 *gic, unsigned index, unsigned *priority)
{
    struct gicv3_cpu *cpu = &gic->cpu[index];
    unsigned best = GIC_SPURIOUS, left = cpu->lpis;

    for (unsigned word = GICV3_LPI_FIRST / 32; left && word < G_N_ELEMENTS(cpu->lpi_pending); word++)
        for (uint32_t bits = cpu->lpi_pending[word]; bits; bits &= bits - 1, left--) {
            unsigned intid = 32 * word + (unsigned)__builtin_ctz(bits);
            uint8_t value = *properties(cpu, intid);

            if ((value & PROPERTY_ENABLE) && (value & GICV3_PRIORITY_BITS) < *priority) {
                *priority = value & GICV3_PRIORITY_BITS;
                best = intid;
            }
        }
    return best;
}

void gicv3_lpi_enable(struct gicv3 *gic, unsigned index)
{
    struct gicv3_cpu *cpu = &gic->cpu[index];
    uint64_t table = cpu->pending_base & PENDING_ADDRESS;

    gicv3_lpi_reset(cpu);
    if (lpi_end(cpu) <= GICV3_LPI_FIRST) {
        machine_guest_error(gic->machine, "gic", "GICR_PROPBASER has no room for LPIs");
        return;
    }
    if (cpu->pending_base & PENDBASER_PTZ) /* the table is zero */
        return;
    for (unsigned first = GICV3_LPI_FIRST; first < lpi_end(cpu); first += 32) {
        uint32_t word = 0;

        if (!memory_read(machine_memory(gic->machine), table + first / 8, &word, sizeof(word))) {
            machine_guest_error(gic->machine, "gic", "GICR_PENDBASER does not point to memory");
            return;
        }
        cpu->lpi_pending[first / 32] = GUINT32_FROM_LE(word);
        cpu->lpis += (unsigned)__builtin_popcount(word);
    }
    gicv3_lpi_invalidate_all(gic, index);
}

void gicv3_lpi_reset(struct gicv3_cpu *cpu)
{
    memset(cpu->lpi_pending, 0, sizeof(cpu->lpi_pending));
    cpu->lpis = 0;
}

void gicv3_lpi_save(void *object, struct state_writer *out)
{
    struct gicv3 *gic = object;

    for (unsigned i = 0; i < gic->config.cpus; i++) {
        struct gicv3_cpu *cpu = &gic->cpu[i];

        state_put_u32(out, cpu->lpis);
        for (unsigned intid = GICV3_LPI_FIRST, left = cpu->lpis; left; intid++)
            if (gicv3_lpi_pending(cpu, intid)) {
                state_put_u16(out, (uint16_t)intid);
                state_put_u8(out, *properties(cpu, intid));
                left--;
            }
    }
}

bool gicv3_lpi_load(void *object, struct state_reader *in)
{
    struct gicv3 *gic = object;

    for (unsigned i = 0; i < gic->config.cpus; i++) {
        struct gicv3_cpu *cpu = &gic->cpu[i];
        uint32_t count = state_get_u32(in);

        gicv3_lpi_reset(cpu);
        for (uint32_t n = 0; n < count; n++) {
            unsigned intid = state_get_u16(in);

            if (intid < GICV3_LPI_FIRST || gicv3_lpi_pending(cpu, intid))
                return false; /* also at the stream's end, where it reads zeros */
            cpu->lpi_pending[intid / 32] |= 1u << intid % 32;
            cpu->lpis++;
            *properties(cpu, intid) = state_get_u8(in);
        }
    }
    return true;
}
