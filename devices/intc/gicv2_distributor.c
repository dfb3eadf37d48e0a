/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv2: the distributor's registers.  Arm IHI 0048B, section 4.3. */
#include <inttypes.h>

#include "devices/intc/gicv2_internal.h"
#include "emu/bytes.h"

#define GICD_CTLR 0x000
#define GICD_TYPER 0x004
#define GICD_IIDR 0x008
#define GICD_IGROUPR 0x080 /* and the other registers of a bit an interrupt, to 0x3FF */
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR 0x800
#define GICD_ICFGR 0xC00
#define GICD_NSACR 0xE00
#define GICD_SGIR 0xF00
#define GICD_CPENDSGIR 0xF10
#define GICD_SPENDSGIR 0xF20
#define GICD_SPENDSGIR_END 0xF30
#define GICD_ICPIDR4 0xFD0

#define TYPER_CPU_NUMBER_SHIFT 5
#define IIDR 0x0000043B /* Arm, as the Cortex-A15's */

enum sgir_filter { SGIR_LIST, SGIR_OTHERS, SGIR_SELF };

static const uint8_t identification[12] = {0x04, 0x00, 0x00, 0x00, 0x90, 0xB4, 0x2B, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

static unsigned current_cpu(const struct gicv2 *gic)
{
    unsigned cpu = gic->config.current_cpu(gic->config.opaque);

    return cpu < gic->config.cpus ? cpu : 0;
}

/* ITARGETSR of the private interrupts reads as the reader itself; with one CPU there are no targets at all. */
static uint32_t read_targets(const struct gicv2 *gic, unsigned cpu, unsigned intid)
{
    uint32_t value = 0;

    if (gic->config.cpus == 1)
        return 0;
    for (unsigned i = 0; i < 4; i++)
        value |= (uint32_t)(intid < GIC_PRIVATE ? 1u << cpu : gic->targets[intid - GIC_PRIVATE + i]) << 8 * i;
    return value;
}

static void write_targets(struct gicv2 *gic, unsigned intid, uint32_t value, uint32_t mask)
{
    if (intid < GIC_PRIVATE || gic->config.cpus == 1)
        return;
    for (unsigned i = 0; i < 4; i++)
        if (mask >> 8 * i & 0xFF)
            gic->targets[intid - GIC_PRIVATE + i] = (uint8_t)(value >> 8 * i) & (uint8_t)((1u << gic->config.cpus) - 1);
}

/* --- software generated interrupts --- */

static void set_sgi_sources(struct gicv2_cpu *cpu, unsigned intid, uint8_t sources)
{
    cpu->sgi_sources[intid] = sources;
    cpu->bank.latched = sources ? cpu->bank.latched | 1u << intid : cpu->bank.latched & ~(1u << intid);
}

static void send_sgi(struct gicv2 *gic, unsigned source, uint32_t value)
{
    unsigned intid = value & 0xF, targets;

    switch ((enum sgir_filter)(value >> 24 & 3)) {
    case SGIR_LIST:
        targets = value >> 16 & 0xFF;
        break;
    case SGIR_OTHERS:
        targets = 0xFF & ~(1u << source);
        break;
    case SGIR_SELF:
        targets = 1u << source;
        break;
    default:
        machine_guest_error(gic->machine, "gic", "GICD_SGIR with the reserved target list filter 3");
        return;
    }
    for (unsigned i = 0; i < gic->config.cpus; i++)
        if (targets & 1u << i)
            set_sgi_sources(&gic->cpu[i], intid, gic->cpu[i].sgi_sources[intid] | (uint8_t)(1u << source));
}

static uint32_t read_sgi_sources(const struct gicv2_cpu *cpu, unsigned first)
{
    const uint8_t *sources = cpu->sgi_sources + first;

    return sources[0] | (uint32_t)sources[1] << 8 | (uint32_t)sources[2] << 16 | (uint32_t)sources[3] << 24;
}

static void change_sgi_sources(struct gicv2 *gic, struct gicv2_cpu *cpu, unsigned first, uint32_t value, bool set)
{
    uint8_t existing = (uint8_t)((1u << gic->config.cpus) - 1);

    for (unsigned i = 0; i < 4; i++) {
        uint8_t bits = (uint8_t)(value >> 8 * i) & existing;
        uint8_t old = cpu->sgi_sources[first + i];

        set_sgi_sources(cpu, first + i, set ? old | bits : old & (uint8_t)~bits);
    }
}

/* --- registers --- */

/* Writes that cannot change an interrupt: those of SGIs that are always enabled, edges and pending by source. */
static uint32_t writable(unsigned intid, enum gic_bank_register index)
{
    switch (index) {
    case GIC_SET_ENABLE:
    case GIC_CLEAR_ENABLE:
    case GIC_SET_PENDING:
    case GIC_CLEAR_PENDING:
        return intid < GIC_PRIVATE ? 0xFFFF0000 : UINT32_MAX;
    default:
        return UINT32_MAX;
    }
}

static uint32_t read_word(struct gicv2 *gic, unsigned cpu, unsigned offset)
{
    if (offset >= GICD_IGROUPR && offset < GICD_IPRIORITYR) {
        unsigned intid = offset % 0x80 * 8;
        return intid < GICV2_INTERRUPTS ? gic_bank_read(gicv2_bank(gic, cpu, intid), offset >> 7) : 0;
    }
    if (offset >= GICD_IPRIORITYR && offset < GICD_ITARGETSR) {
        unsigned intid = offset - GICD_IPRIORITYR;
        return intid < GICV2_INTERRUPTS ? gic_bank_priority_read(gicv2_bank(gic, cpu, intid), intid % 32 / 4) : 0;
    }
    if (offset >= GICD_ITARGETSR && offset < GICD_ICFGR) {
        unsigned intid = offset - GICD_ITARGETSR;
        return intid < GICV2_INTERRUPTS ? read_targets(gic, cpu, intid) : 0;
    }
    if (offset >= GICD_ICFGR && offset < GICD_ICFGR + 0x100) {
        unsigned intid = (offset - GICD_ICFGR) * 4;
        return intid < GICV2_INTERRUPTS ? gic_bank_configuration_read(gicv2_bank(gic, cpu, intid), intid % 32 / 16) : 0;
    }
    if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END)
        return read_sgi_sources(&gic->cpu[cpu], offset % 16);
    if (offset >= GICD_ICPIDR4 && offset < 0x1000)
        return identification[(offset - GICD_ICPIDR4) / 4];
    switch (offset) {
    case GICD_CTLR:
        return gic->control;
    case GICD_TYPER:
        return (GICV2_INTERRUPTS / 32 - 1) | (gic->config.cpus - 1) << TYPER_CPU_NUMBER_SHIFT;
    case GICD_IIDR:
        return IIDR;
    case GICD_SGIR:
        machine_guest_error(gic->machine, "gic", "read of GICD_SGIR, which is write-only");
        return 0;
    }
    if (offset < GICD_NSACR || offset >= GICD_SGIR) /* GICD_NSACR is of the Security Extensions */
        machine_guest_error(gic->machine, "gic", "read of reserved distributor register 0x%03x", offset);
    return 0;
}

static void write_bits(struct gicv2 *gic, unsigned cpu, unsigned offset, uint32_t value, uint32_t mask)
{
    unsigned intid = offset % 0x80 * 8;
    enum gic_bank_register index = offset >> 7;

    if (intid < GICV2_INTERRUPTS)
        gic_bank_write(gicv2_bank(gic, cpu, intid), index, value, mask & writable(intid, index));
}

static void write_word(struct gicv2 *gic, unsigned cpu, unsigned offset, uint32_t value, uint32_t mask)
{
    if (offset >= GICD_IGROUPR && offset < GICD_IPRIORITYR) {
        write_bits(gic, cpu, offset, value, mask);
    } else if (offset >= GICD_IPRIORITYR && offset < GICD_ITARGETSR) {
        unsigned intid = offset - GICD_IPRIORITYR;
        if (intid < GICV2_INTERRUPTS)
            gic_bank_priority_write(gicv2_bank(gic, cpu, intid), intid % 32 / 4, value, mask, 0xFF);
    } else if (offset >= GICD_ITARGETSR && offset < GICD_ICFGR) {
        unsigned intid = offset - GICD_ITARGETSR;
        if (intid < GICV2_INTERRUPTS)
            write_targets(gic, intid, value, mask);
    } else if (offset > GICD_ICFGR && offset < GICD_ICFGR + 0x100) { /* ICFGR0, of the SGIs, is read-only */
        unsigned intid = (offset - GICD_ICFGR) * 4;
        if (intid < GICV2_INTERRUPTS)
            gic_bank_configuration_write(gicv2_bank(gic, cpu, intid), intid % 32 / 16, value, mask);
    } else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END) {
        change_sgi_sources(gic, &gic->cpu[cpu], offset % 16, value & mask, offset >= GICD_SPENDSGIR);
    } else if (offset == GICD_CTLR) {
        gic->control = value & (GICD_CTLR_ENABLE_GROUP0 | GICD_CTLR_ENABLE_GROUP1);
    } else if (offset == GICD_SGIR) {
        send_sgi(gic, cpu, value);
    } else if (offset != GICD_ICFGR && (offset < GICD_NSACR || offset >= GICD_SGIR)) {
        machine_guest_error(gic->machine, "gic", "write to read-only or reserved distributor register 0x%03x", offset);
    }
}

static bool well_formed(struct gicv2 *gic, uint64_t offset, unsigned size)
{
    if (offset < 0x1000 && offset % 4 + size <= 4)
        return true;
    machine_guest_error(gic->machine, "gic", "access of %u bytes at distributor offset 0x%04" PRIx64, size, offset);
    return false;
}

static uint64_t distributor_read(void *opaque, uint64_t offset, unsigned size)
{
    struct gicv2 *gic = opaque;

    if (!well_formed(gic, offset, size))
        return 0;
    return read_word(gic, current_cpu(gic), offset & ~3u) >> 8 * (offset % 4);
}

static void distributor_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct gicv2 *gic = opaque;
    unsigned shift = 8 * (offset % 4);

    if (!well_formed(gic, offset, size))
        return;
    uint32_t mask = (uint32_t)all_ones(size) << shift;
    write_word(gic, current_cpu(gic), offset & ~3u, (uint32_t)value << shift, mask);
    gicv2_update(gic);
}

const struct memory_region_ops gicv2_distributor_ops = {
    .read = distributor_read, .write = distributor_write, .max_size = 4};
