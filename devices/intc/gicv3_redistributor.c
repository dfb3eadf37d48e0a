/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv3: the redistributors' registers, two frames a CPU.  Arm IHI 0069, sections 12.10 and 12.11. */
#include <inttypes.h>

#include "devices/intc/gicv3_internal.h"
#include "emu/bytes.h"

/* RD_base */
#define GICR_CTLR 0x0000
#define GICR_IIDR 0x0004
#define GICR_TYPER 0x0008
#define GICR_STATUSR 0x0010
#define GICR_WAKER 0x0014
#define GICR_PROPBASER 0x0070
#define GICR_PENDBASER 0x0078

/* SGI_base */
#define SGI_BASE 0x10000
#define GICR_IPRIORITYR 0x0400
#define GICR_IPRIORITYR_END 0x0420
#define GICR_ICFGR0 0x0C00
#define GICR_ICFGR1 0x0C04
#define GICR_IGRPMODR0 0x0D00
#define GICR_NSACR 0x0E00

#define TYPER_PLPIS (1u << 0)
#define TYPER_LAST (1u << 4)
#define TYPER_NUMBER_SHIFT 8

#define PROPBASER_WRITABLE UINT64_C(0x070FFFFFFFFFFF9F)
#define PENDBASER_WRITABLE UINT64_C(0x470FFFFFFFFF0F80)
#define PENDBASER_PTZ (UINT64_C(1) << 62) /* write-only */

static uint64_t typer(const struct gicv3 *gic, unsigned index)
{
    return (uint64_t)gic->config.affinity[index] << 32 | index << TYPER_NUMBER_SHIFT |
           (index == gic->config.cpus - 1 ? TYPER_LAST : 0) | TYPER_PLPIS;
}

static uint32_t half(uint64_t value, unsigned offset)
{
    return (uint32_t)(value >> 8 * (offset & 4));
}

static uint32_t read_control_frame(struct gicv3 *gic, unsigned index, unsigned offset)
{
    const struct gicv3_cpu *cpu = &gic->cpu[index];

    switch (offset) {
    case GICR_CTLR:
        return cpu->redistributor_control;
    case GICR_IIDR:
        return GICV3_IIDR;
    case GICR_TYPER:
    case GICR_TYPER + 4:
        return half(typer(gic, index), offset);
    case GICR_STATUSR:
        return 0;
    case GICR_WAKER:
        return cpu->waker;
    case GICR_PROPBASER:
    case GICR_PROPBASER + 4:
        return half(cpu->properties_base, offset);
    case GICR_PENDBASER:
    case GICR_PENDBASER + 4:
        return half(cpu->pending_base & ~PENDBASER_PTZ, offset);
    case GIC_PIDR2:
        return GICV3_PIDR2;
    }
    if (offset < 0xFFD0)
        machine_guest_error(gic->machine, "gic", "read of reserved redistributor register 0x%04x", offset);
    return 0;
}

static void write_half(uint64_t *to, unsigned offset, uint32_t value, uint64_t writable)
{
    unsigned shift = 8 * (offset & 4);

    *to = ((*to & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)value << shift) & writable;
}

static void write_control(struct gicv3 *gic, unsigned index, uint32_t value)
{
    struct gicv3_cpu *cpu = &gic->cpu[index];

    /* Once set, EnableLPIs stays: GICR_CTLR.CES is 0. */
    if (!(value & GICR_CTLR_ENABLE_LPIS) || gicv3_lpis_enabled(cpu))
        return;
    cpu->redistributor_control |= GICR_CTLR_ENABLE_LPIS;
    gicv3_lpi_enable(gic, index);
}

static void write_control_frame(struct gicv3 *gic, unsigned index, unsigned offset, uint32_t value)
{
    struct gicv3_cpu *cpu = &gic->cpu[index];

    switch (offset) {
    case GICR_CTLR:
        write_control(gic, index, value);
        break;
    case GICR_STATUSR:
        break;
    case GICR_WAKER: /* the CPU interface follows at once */
        cpu->waker = value & GICR_WAKER_PROCESSOR_SLEEP ? GICR_WAKER_PROCESSOR_SLEEP | GICR_WAKER_CHILDREN_ASLEEP : 0;
        break;
    case GICR_PROPBASER:
    case GICR_PROPBASER + 4:
    case GICR_PENDBASER:
    case GICR_PENDBASER + 4:
        if (gicv3_lpis_enabled(cpu))
            machine_guest_error(gic->machine, "gic", "write to redistributor register 0x%04x while LPIs are enabled",
                                offset);
        else if (offset < GICR_PENDBASER)
            write_half(&cpu->properties_base, offset, value, PROPBASER_WRITABLE);
        else
            write_half(&cpu->pending_base, offset, value, PENDBASER_WRITABLE);
        break;
    default:
        machine_guest_error(gic->machine, "gic", "write to read-only or reserved redistributor register 0x%04x",
                            offset);
    }
}

static bool is_bits(unsigned offset)
{
    return offset >= 0x80 && offset < 0x400 && offset % 0x80 == 0;
}

static uint32_t read_sgi_frame(struct gicv3 *gic, unsigned index, unsigned offset)
{
    const struct gic_bank *bank = &gic->cpu[index].bank;

    if (is_bits(offset))
        return gic_bank_read(bank, offset >> 7);
    if (offset >= GICR_IPRIORITYR && offset < GICR_IPRIORITYR_END)
        return gic_bank_priority_read(bank, (offset - GICR_IPRIORITYR) / 4);
    if (offset == GICR_ICFGR0 || offset == GICR_ICFGR1)
        return gic_bank_configuration_read(bank, offset == GICR_ICFGR1);
    if (offset != GICR_IGRPMODR0 && offset != GICR_NSACR && offset < 0xFFD0)
        machine_guest_error(gic->machine, "gic", "read of reserved redistributor register 0x1%04x", offset);
    return 0;
}

static void write_sgi_frame(struct gicv3 *gic, unsigned index, unsigned offset, uint32_t value, uint32_t mask)
{
    struct gic_bank *bank = &gic->cpu[index].bank;

    if (is_bits(offset))
        gic_bank_write(bank, offset >> 7, value, mask);
    else if (offset >= GICR_IPRIORITYR && offset < GICR_IPRIORITYR_END)
        gic_bank_priority_write(bank, (offset - GICR_IPRIORITYR) / 4, value, mask, GICV3_PRIORITY_BITS);
    else if (offset == GICR_ICFGR1)
        gic_bank_configuration_write(bank, 1, value, mask);
    else if (offset != GICR_ICFGR0 && offset != GICR_IGRPMODR0 && offset != GICR_NSACR)
        machine_guest_error(gic->machine, "gic", "write to read-only or reserved redistributor register 0x1%04x",
                            offset);
}

static bool well_formed(struct gicv3 *gic, uint64_t offset, unsigned size)
{
    bool priorities = offset % GICV3_REDISTRIBUTOR_SIZE >= SGI_BASE + GICR_IPRIORITYR &&
                      offset % GICV3_REDISTRIBUTOR_SIZE < SGI_BASE + GICR_IPRIORITYR_END;

    /* Only the priorities have bytes. */
    if (priorities ? offset % 4 + size <= 4 : offset % 4 == 0 && size == 4)
        return true;
    machine_guest_error(gic->machine, "gic", "access of %u bytes at redistributor offset 0x%05" PRIx64, size, offset);
    return false;
}

static uint64_t redistributor_read(void *opaque, uint64_t offset, unsigned size)
{
    struct gicv3 *gic = opaque;
    unsigned index = (unsigned)(offset / GICV3_REDISTRIBUTOR_SIZE);
    unsigned inside = offset % GICV3_REDISTRIBUTOR_SIZE & ~3u;

    if (!well_formed(gic, offset, size))
        return 0;
    uint32_t value =
        inside < SGI_BASE ? read_control_frame(gic, index, inside) : read_sgi_frame(gic, index, inside - SGI_BASE);
    return value >> 8 * (offset % 4);
}

static void redistributor_write(void *opaque, uint64_t offset, unsigned size, uint64_t wide)
{
    struct gicv3 *gic = opaque;
    unsigned index = (unsigned)(offset / GICV3_REDISTRIBUTOR_SIZE);
    unsigned inside = offset % GICV3_REDISTRIBUTOR_SIZE & ~3u, shift = 8 * (offset % 4);
    uint32_t value = (uint32_t)wide << shift;

    if (!well_formed(gic, offset, size))
        return;
    uint32_t mask = (uint32_t)all_ones(size) << shift;
    if (inside < SGI_BASE)
        write_control_frame(gic, index, inside, value);
    else
        write_sgi_frame(gic, index, inside - SGI_BASE, value, mask);
    gicv3_update_cpu(gic, index);
}

const struct memory_region_ops gicv3_redistributor_ops = {
    .read = redistributor_read, .write = redistributor_write, .max_size = 4};
