/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv2: the CPU interface's registers.  Arm IHI 0048B, section 4.4. */
#include <inttypes.h>

#include "devices/intc/gicv2_internal.h"

#define GICC_CTLR 0x0000
#define GICC_PMR 0x0004
#define GICC_BPR 0x0008
#define GICC_IAR 0x000C
#define GICC_EOIR 0x0010
#define GICC_RPR 0x0014
#define GICC_HPPIR 0x0018
#define GICC_ABPR 0x001C
#define GICC_AIAR 0x0020
#define GICC_AEOIR 0x0024
#define GICC_AHPPIR 0x0028
#define GICC_APR0 0x00D0
#define GICC_NSAPR0 0x00E0
#define GICC_NSAPR_END 0x00F0
#define GICC_IIDR 0x00FC
#define GICC_DIR 0x1000

#define IIDR 0x0002043B  /* Arm, GICv2 */
#define OTHER_GROUP 1022 /* the interrupt that stands first is to be acknowledged by the alias register */
#define SOURCE_SHIFT 10

/* An SGI is acknowledged for one of its sources at a time. */
static unsigned take_sgi(struct gicv2_cpu *cpu, unsigned intid)
{
    unsigned source = (unsigned)__builtin_ctz(cpu->sgi_sources[intid]);

    cpu->sgi_sources[intid] &= (uint8_t) ~(1u << source);
    gic_bank_activate(&cpu->bank, intid);
    if (cpu->sgi_sources[intid])
        cpu->bank.latched |= 1u << intid;
    return intid | source << SOURCE_SHIFT;
}

/* What a read gives for interrupt @intid of @group; section 3.6, the table of interrupt groups and acknowledges. */
static unsigned visible(const struct gicv2_cpu *cpu, unsigned intid, unsigned group, bool alias)
{
    if (alias)
        return group ? intid : GIC_SPURIOUS;
    return group && !(cpu->control & GICC_CTLR_ACKCTL) ? OTHER_GROUP : intid;
}

static uint32_t acknowledge(struct gicv2 *gic, unsigned index, bool alias)
{
    struct gicv2_cpu *cpu = &gic->cpu[index];
    unsigned intid = gicv2_signalled(gic, index);

    if (intid == GIC_SPURIOUS)
        return GIC_SPURIOUS;
    unsigned group = gicv2_group(gic, index, intid);
    if (visible(cpu, intid, group, alias) != intid)
        return visible(cpu, intid, group, alias);
    struct gic_bank *bank = gicv2_bank(gic, index, intid);
    gic_active_raise(&cpu->active, group, gicv2_group_priority(cpu, group, bank->priority[intid % 32]),
                     GICV2_LEVEL_SHIFT);
    uint32_t answer = intid;
    if (intid < GIC_SGIS)
        answer = take_sgi(cpu, intid);
    else
        gic_bank_activate(bank, intid % 32);
    gicv2_update(gic);
    return answer;
}

static uint32_t highest_pending(struct gicv2 *gic, unsigned index, bool alias)
{
    const struct gicv2_cpu *cpu = &gic->cpu[index];
    unsigned priority, intid = gicv2_highest_pending(gic, index, &priority);

    if (intid == GIC_SPURIOUS)
        return GIC_SPURIOUS;
    unsigned answer = visible(cpu, intid, gicv2_group(gic, index, intid), alias);
    if (answer == intid && intid < GIC_SGIS)
        answer |= (unsigned)__builtin_ctz(cpu->sgi_sources[intid]) << SOURCE_SHIFT;
    return answer;
}

static void deactivate(struct gicv2 *gic, unsigned index, unsigned intid)
{
    struct gic_bank *bank = gicv2_bank(gic, index, intid);

    if (!(bank->active & 1u << intid % 32))
        machine_guest_error(gic->machine, "gic", "end of interrupt %u, which is not active", intid);
    bank->active &= ~(1u << intid % 32);
}

static void end_of_interrupt(struct gicv2 *gic, unsigned index, uint32_t value)
{
    struct gicv2_cpu *cpu = &gic->cpu[index];
    unsigned intid = value & 0x3FF;

    if (intid >= GICV2_INTERRUPTS) {
        if (intid < 1020)
            machine_guest_error(gic->machine, "gic", "end of interrupt %u, which does not exist", intid);
        return;
    }
    if (!gic_active_drop(&cpu->active, gicv2_group(gic, index, intid))) {
        machine_guest_error(gic->machine, "gic", "end of interrupt %u while none of its group is active", intid);
        return;
    }
    if (!(cpu->control & GICC_CTLR_EOIMODE))
        deactivate(gic, index, intid);
}

static void write_dir(struct gicv2 *gic, unsigned index, uint32_t value)
{
    unsigned intid = value & 0x3FF;

    if (!(gic->cpu[index].control & GICC_CTLR_EOIMODE))
        machine_guest_error(gic->machine, "gic", "write to GICC_DIR while EOImode is 0");
    else if (intid < GICV2_INTERRUPTS)
        deactivate(gic, index, intid);
}

static unsigned current_cpu(const struct gicv2 *gic)
{
    unsigned cpu = gic->config.current_cpu(gic->config.opaque);

    return cpu < gic->config.cpus ? cpu : 0;
}

static uint64_t cpu_interface_read(void *opaque, uint64_t offset, unsigned size)
{
    struct gicv2 *gic = opaque;
    unsigned index = current_cpu(gic);
    const struct gicv2_cpu *cpu = &gic->cpu[index];

    if (offset >= GICC_APR0 && offset < GICC_NSAPR_END)
        return cpu->active.level[offset >= GICC_NSAPR0][offset % 16 / 4];
    switch (offset) {
    case GICC_CTLR:
        return cpu->control;
    case GICC_PMR:
        return cpu->priority_mask;
    case GICC_BPR:
        return cpu->binary_point;
    case GICC_ABPR:
        return cpu->aliased_binary_point;
    case GICC_IAR:
    case GICC_AIAR:
        return acknowledge(gic, index, offset == GICC_AIAR);
    case GICC_HPPIR:
    case GICC_AHPPIR:
        return highest_pending(gic, index, offset == GICC_AHPPIR);
    case GICC_RPR:
        return MIN(gic_active_running(&cpu->active, GICV2_LEVEL_SHIFT), 0xFF);
    case GICC_IIDR:
        return IIDR;
    }
    machine_guest_error(gic->machine, "gic", "read of write-only or reserved CPU interface register 0x%04" PRIx64,
                        offset);
    return 0;
}

static void cpu_interface_write(void *opaque, uint64_t offset, unsigned size, uint64_t wide)
{
    struct gicv2 *gic = opaque;
    unsigned index = current_cpu(gic);
    struct gicv2_cpu *cpu = &gic->cpu[index];
    uint32_t value = (uint32_t)wide;

    if (offset >= GICC_APR0 && offset < GICC_NSAPR_END) {
        cpu->active.level[offset >= GICC_NSAPR0][offset % 16 / 4] = value;
    } else if (offset == GICC_CTLR) {
        cpu->control = value & GICC_CTLR_WRITABLE;
    } else if (offset == GICC_PMR) {
        cpu->priority_mask = (uint8_t)value;
    } else if (offset == GICC_BPR) {
        cpu->binary_point = value & 7;
    } else if (offset == GICC_ABPR) {
        cpu->aliased_binary_point = MAX(value & 7, 1);
    } else if (offset == GICC_EOIR || offset == GICC_AEOIR) {
        end_of_interrupt(gic, index, value);
    } else if (offset == GICC_DIR) {
        write_dir(gic, index, value);
    } else {
        machine_guest_error(gic->machine, "gic", "write to read-only or reserved CPU interface register 0x%04" PRIx64,
                            offset);
        return;
    }
    gicv2_update(gic);
}

/* Whole words only: what is narrower is widened by the memory. */
const struct memory_region_ops gicv2_cpu_interface_ops = {
    .read = cpu_interface_read, .write = cpu_interface_write, .min_size = 4, .max_size = 4};
