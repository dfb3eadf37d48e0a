/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv3: the distributor's registers.  Arm IHI 0069, section 12.9. Private interrupts are the redistributors'. */
#include <inttypes.h>

#include "devices/intc/gicv3_internal.h"
#include "emu/bytes.h"

#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_IIDR 0x0008
#define GICD_TYPER2 0x000C
#define GICD_STATUSR 0x0010
#define GICD_IGROUPR 0x0080 /* and the other registers of a bit an interrupt, to 0x3FF */
#define GICD_IPRIORITYR 0x0400
#define GICD_ITARGETSR 0x0800
#define GICD_ICFGR 0x0C00
#define GICD_IGRPMODR 0x0D00
#define GICD_NSACR 0x0E00
#define GICD_SGIR 0x0F00
#define GICD_SGIR_END 0x0F30 /* with GICD_CPENDSGIR and GICD_SPENDSGIR */
#define GICD_IROUTER 0x6000

#define TYPER_LPIS (1u << 17)
#define TYPER_ID_BITS_SHIFT 19
#define TYPER_A3V (1u << 24)
#define TYPER_NO_1_OF_N (1u << 25)

/* Registers that affinity routing or the single security state leave without a function: they read as zero. */
static bool is_void(unsigned offset)
{
    return offset == GICD_TYPER2 || offset == GICD_STATUSR || (offset >= GICD_ITARGETSR && offset < GICD_ICFGR) ||
           (offset >= GICD_IGRPMODR && offset < GICD_SGIR_END);
}

/* The first SPI (an INTID) that the word at @offset of the array at @base tells of; 0: a private one, or none. */
static unsigned spi_of(unsigned offset, unsigned base, unsigned interrupts_a_word)
{
    unsigned intid = (offset - base) / 4 * interrupts_a_word;

    return intid >= GIC_PRIVATE && intid < GICV3_INTERRUPTS ? intid : 0;
}

static uint64_t *route_of(struct gicv3 *gic, unsigned offset)
{
    unsigned intid = (offset - GICD_IROUTER) / 8;

    return intid >= GIC_PRIVATE && intid < GICV3_INTERRUPTS ? &gic->route[intid - GIC_PRIVATE] : NULL;
}

static uint32_t read_word(struct gicv3 *gic, unsigned offset)
{
    unsigned intid;

    if (offset >= GICD_IGROUPR && offset < GICD_IPRIORITYR) {
        intid = spi_of(offset, offset & ~0x7Fu, 32);
        return intid ? gic_bank_read(gicv3_bank(gic, 0, intid), offset >> 7) : 0;
    }
    if (offset >= GICD_IPRIORITYR && offset < GICD_ITARGETSR) {
        intid = spi_of(offset, GICD_IPRIORITYR, 4);
        return intid ? gic_bank_priority_read(gicv3_bank(gic, 0, intid), intid % 32 / 4) : 0;
    }
    if (offset >= GICD_ICFGR && offset < GICD_IGRPMODR) {
        intid = spi_of(offset, GICD_ICFGR, 16);
        return intid ? gic_bank_configuration_read(gicv3_bank(gic, 0, intid), intid % 32 / 16) : 0;
    }
    if (offset >= GICD_IROUTER && offset < GICD_IROUTER + 8 * 1024) {
        const uint64_t *route = route_of(gic, offset);
        return route ? (uint32_t)(*route >> 8 * (offset & 4)) : 0;
    }
    switch (offset) {
    case GICD_CTLR:
        return gic->control | GICD_CTLR_ARE | GICD_CTLR_DS;
    case GICD_TYPER:
        return TYPER_NO_1_OF_N | TYPER_A3V | (GICV3_ID_BITS - 1) << TYPER_ID_BITS_SHIFT | TYPER_LPIS |
               (GICV3_INTERRUPTS / 32 - 1);
    case GICD_IIDR:
        return GICV3_IIDR;
    case GIC_PIDR2:
        return GICV3_PIDR2;
    }
    if (!is_void(offset) && offset < 0xFFD0)
        machine_guest_error(gic->machine, "gic", "read of reserved distributor register 0x%04x", offset);
    return 0;
}

static void write_route(struct gicv3 *gic, unsigned offset, uint32_t value, uint32_t mask)
{
    const uint64_t *route = route_of(gic, offset);
    unsigned shift = 8 * (offset & 4);

    if (route)
        gicv3_set_route(gic, (unsigned)(route - gic->route),
                        (*route & ~((uint64_t)mask << shift)) | (uint64_t)(value & mask) << shift);
}

static void write_word(struct gicv3 *gic, unsigned offset, uint32_t value, uint32_t mask)
{
    unsigned intid;

    if (offset >= GICD_IGROUPR && offset < GICD_IPRIORITYR) {
        intid = spi_of(offset, offset & ~0x7Fu, 32);
        if (intid)
            gic_bank_write(gicv3_bank(gic, 0, intid), offset >> 7, value, mask);
    } else if (offset >= GICD_IPRIORITYR && offset < GICD_ITARGETSR) {
        intid = spi_of(offset, GICD_IPRIORITYR, 4);
        if (intid)
            gic_bank_priority_write(gicv3_bank(gic, 0, intid), intid % 32 / 4, value, mask, GICV3_PRIORITY_BITS);
    } else if (offset >= GICD_ICFGR && offset < GICD_IGRPMODR) {
        intid = spi_of(offset, GICD_ICFGR, 16);
        if (intid)
            gic_bank_configuration_write(gicv3_bank(gic, 0, intid), intid % 32 / 16, value, mask);
    } else if (offset >= GICD_IROUTER && offset < GICD_IROUTER + 8 * 1024) {
        write_route(gic, offset, value, mask);
    } else if (offset == GICD_CTLR) {
        gic->control = value & (GICD_CTLR_ENABLE_GROUP0 | GICD_CTLR_ENABLE_GROUP1);
    } else if (!is_void(offset)) {
        machine_guest_error(gic->machine, "gic", "write to read-only or reserved distributor register 0x%04x", offset);
    }
}

static bool well_formed(struct gicv3 *gic, uint64_t offset, unsigned size)
{
    if (offset % 4 + size <= 4)
        return true;
    machine_guest_error(gic->machine, "gic", "access of %u bytes at distributor offset 0x%04" PRIx64, size, offset);
    return false;
}

static uint64_t distributor_read(void *opaque, uint64_t offset, unsigned size)
{
    struct gicv3 *gic = opaque;

    return well_formed(gic, offset, size) ? read_word(gic, offset & ~3u) >> 8 * (offset % 4) : 0;
}

static void distributor_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct gicv3 *gic = opaque;
    unsigned shift = 8 * (offset % 4);

    if (!well_formed(gic, offset, size))
        return;
    uint32_t mask = (uint32_t)all_ones(size) << shift;
    write_word(gic, offset & ~3u, (uint32_t)value << shift, mask);
    gicv3_update(gic);
}

const struct memory_region_ops gicv3_distributor_ops = {
    .read = distributor_read, .write = distributor_write, .max_size = 4};
