/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv3: the CPU interface, as system registers.  Arm IHI 0069, sections 4.8 and 12.2; Arm ARM (DDI 0487), section D19. */
#include "devices/intc/gicv3_internal.h"
#include "emu/cpu/aarch64.h"

#define ICC_PMR_EL1 AARCH64_SYSREG(3, 0, 4, 6, 0)
#define ICC_IAR0_EL1 AARCH64_SYSREG(3, 0, 12, 8, 0)
#define ICC_EOIR0_EL1 AARCH64_SYSREG(3, 0, 12, 8, 1)
#define ICC_HPPIR0_EL1 AARCH64_SYSREG(3, 0, 12, 8, 2)
#define ICC_BPR0_EL1 AARCH64_SYSREG(3, 0, 12, 8, 3)
#define ICC_AP0R0_EL1 AARCH64_SYSREG(3, 0, 12, 8, 4)
#define ICC_AP0R1_EL1 AARCH64_SYSREG(3, 0, 12, 8, 5)
#define ICC_AP0R2_EL1 AARCH64_SYSREG(3, 0, 12, 8, 6)
#define ICC_AP0R3_EL1 AARCH64_SYSREG(3, 0, 12, 8, 7)
#define ICC_AP1R0_EL1 AARCH64_SYSREG(3, 0, 12, 9, 0)
#define ICC_AP1R1_EL1 AARCH64_SYSREG(3, 0, 12, 9, 1)
#define ICC_AP1R2_EL1 AARCH64_SYSREG(3, 0, 12, 9, 2)
#define ICC_AP1R3_EL1 AARCH64_SYSREG(3, 0, 12, 9, 3)
#define ICC_DIR_EL1 AARCH64_SYSREG(3, 0, 12, 11, 1)
#define ICC_RPR_EL1 AARCH64_SYSREG(3, 0, 12, 11, 3)
#define ICC_SGI1R_EL1 AARCH64_SYSREG(3, 0, 12, 11, 5)
#define ICC_ASGI1R_EL1 AARCH64_SYSREG(3, 0, 12, 11, 6)
#define ICC_SGI0R_EL1 AARCH64_SYSREG(3, 0, 12, 11, 7)
#define ICC_IAR1_EL1 AARCH64_SYSREG(3, 0, 12, 12, 0)
#define ICC_EOIR1_EL1 AARCH64_SYSREG(3, 0, 12, 12, 1)
#define ICC_HPPIR1_EL1 AARCH64_SYSREG(3, 0, 12, 12, 2)
#define ICC_BPR1_EL1 AARCH64_SYSREG(3, 0, 12, 12, 3)
#define ICC_CTLR_EL1 AARCH64_SYSREG(3, 0, 12, 12, 4)
#define ICC_SRE_EL1 AARCH64_SYSREG(3, 0, 12, 12, 5)
#define ICC_IGRPEN0_EL1 AARCH64_SYSREG(3, 0, 12, 12, 6)
#define ICC_IGRPEN1_EL1 AARCH64_SYSREG(3, 0, 12, 12, 7)

static const uint32_t registers[] = {
    ICC_PMR_EL1,   ICC_IAR0_EL1,  ICC_EOIR0_EL1,  ICC_HPPIR0_EL1,  ICC_BPR0_EL1,    ICC_AP0R0_EL1, ICC_AP0R1_EL1,
    ICC_AP0R2_EL1, ICC_AP0R3_EL1, ICC_AP1R0_EL1,  ICC_AP1R1_EL1,   ICC_AP1R2_EL1,   ICC_AP1R3_EL1, ICC_DIR_EL1,
    ICC_RPR_EL1,   ICC_SGI1R_EL1, ICC_ASGI1R_EL1, ICC_SGI0R_EL1,   ICC_IAR1_EL1,    ICC_EOIR1_EL1, ICC_HPPIR1_EL1,
    ICC_BPR1_EL1,  ICC_CTLR_EL1,  ICC_SRE_EL1,    ICC_IGRPEN0_EL1, ICC_IGRPEN1_EL1,
};

#define CTLR_PRIORITY_BITS (4u << 8) /* five, less one */
#define CTLR_ID_BITS (0u << 11)      /* 16 */
#define CTLR_A3V (1u << 15)
#define SRE_VALUE 7 /* the system registers are all there is */
#define INTID_MASK 0xFFFFFF

const uint32_t *gicv3_registers(unsigned *count)
{
    *count = G_N_ELEMENTS(registers);
    return registers;
}

/* --- acknowledge and end --- */

static uint64_t acknowledge(struct gicv3 *gic, unsigned index, unsigned group)
{
    struct gicv3_cpu *cpu = &gic->cpu[index];
    unsigned intid = gicv3_signalled(gic, index);

    if (intid == GIC_SPURIOUS || gicv3_group(gic, index, intid) != group)
        return GIC_SPURIOUS;
    bool lpi = intid >= GICV3_LPI_FIRST;
    unsigned priority =
        lpi ? gicv3_lpi_priority(gic, index, intid) : gicv3_bank(gic, index, intid)->priority[intid % 32];
    gic_active_raise(&cpu->active, group, gicv3_group_priority(cpu, group, priority), GICV3_LEVEL_SHIFT);
    if (lpi)
        gicv3_lpi_set_pending(gic, index, intid, false);
    else
        gic_bank_activate(gicv3_bank(gic, index, intid), intid % 32);
    gicv3_update(gic);
    return intid;
}

static uint64_t highest_pending(struct gicv3 *gic, unsigned index, unsigned group)
{
    unsigned priority, intid = gicv3_highest_pending(gic, index, &priority);

    return intid != GIC_SPURIOUS && gicv3_group(gic, index, intid) == group ? intid : GIC_SPURIOUS;
}

/* LPIs have no active state. */
static void deactivate(struct gicv3 *gic, unsigned index, unsigned intid)
{
    if (intid >= GICV3_INTERRUPTS)
        return;
    struct gic_bank *bank = gicv3_bank(gic, index, intid);
    if (!(bank->active & 1u << intid % 32))
        machine_guest_error(gic->machine, "gic", "end of interrupt %u, which is not active", intid);
    bank->active &= ~(1u << intid % 32);
}

static void end_of_interrupt(struct gicv3 *gic, unsigned index, unsigned group, unsigned intid)
{
    struct gicv3_cpu *cpu = &gic->cpu[index];

    if (intid >= 1020 && intid < 1024)
        return;
    if (intid >= GICV3_INTERRUPTS && (intid < GICV3_LPI_FIRST || intid >= GICV3_LPI_END)) {
        machine_guest_error(gic->machine, "gic", "end of interrupt %u, which does not exist", intid);
        return;
    }
    if (!gic_active_drop(&cpu->active, group)) {
        machine_guest_error(gic->machine, "gic", "end of interrupt %u while none of its group is active", intid);
        return;
    }
    if (!(cpu->control & ICC_CTLR_EOIMODE))
        deactivate(gic, index, intid);
}

static void write_dir(struct gicv3 *gic, unsigned index, unsigned intid)
{
    if (!(gic->cpu[index].control & ICC_CTLR_EOIMODE))
        machine_guest_error(gic->machine, "gic", "write to ICC_DIR_EL1 while EOImode is 0");
    else
        deactivate(gic, index, intid);
}

/* --- software generated interrupts --- */

/* A target takes the SGI if it has it in the group that the register is for. */
static void send_sgi_to(struct gicv3 *gic, unsigned target, unsigned intid, unsigned group)
{
    if (target != GICV3_NOBODY && gicv3_group(gic, target, intid) == group)
        gic->cpu[target].bank.latched |= 1u << intid;
}

static void send_sgi(struct gicv3 *gic, unsigned source, uint64_t value, unsigned group)
{
    unsigned intid = value >> 24 & 0xF;
    uint32_t cluster = (uint32_t)(value >> 48 & 0xFF) << 24 | (uint32_t)(value >> 32 & 0xFF) << 16 |
                       (uint32_t)(value >> 16 & 0xFF) << 8;

    if (value >> 40 & 1) { /* IRM: all but the sender */
        for (unsigned i = 0; i < gic->config.cpus; i++)
            if (i != source)
                send_sgi_to(gic, i, intid, group);
    } else if (value >> 44 & 0xF) {
        machine_guest_error(gic->machine, "gic", "SGI to a range of Aff0 above 15, which nobody has");
    } else {
        for (unsigned i = 0; i < 16; i++)
            if (value >> i & 1)
                send_sgi_to(gic, gicv3_find_cpu(gic, cluster | i), intid, group);
    }
    gicv3_update(gic);
}

/* --- registers --- */

static uint64_t read_binary_point(const struct gicv3_cpu *cpu, unsigned group)
{
    if (group && (cpu->control & ICC_CTLR_CBPR))
        return MIN(cpu->binary_point[0] + 1u, 7);
    return cpu->binary_point[group];
}

static void write_binary_point(struct gicv3_cpu *cpu, unsigned group, uint64_t value)
{
    if (group && (cpu->control & ICC_CTLR_CBPR))
        return;
    cpu->binary_point[group] = (uint8_t)MAX(value & 7, group ? GICV3_BPR1_MIN : GICV3_BPR0_MIN);
}

enum cpu_register_access gicv3_register_read(struct gicv3 *gic, unsigned index, uint32_t id, uint64_t *value)
{
    const struct gicv3_cpu *cpu = &gic->cpu[index];

    switch (id) {
    case ICC_PMR_EL1:
        *value = cpu->priority_mask;
        break;
    case ICC_IAR0_EL1:
    case ICC_IAR1_EL1:
        *value = acknowledge(gic, index, id == ICC_IAR1_EL1);
        break;
    case ICC_HPPIR0_EL1:
    case ICC_HPPIR1_EL1:
        *value = highest_pending(gic, index, id == ICC_HPPIR1_EL1);
        break;
    case ICC_BPR0_EL1:
    case ICC_BPR1_EL1:
        *value = read_binary_point(cpu, id == ICC_BPR1_EL1);
        break;
    case ICC_AP0R0_EL1:
    case ICC_AP1R0_EL1:
        *value = cpu->active.level[id == ICC_AP1R0_EL1][0];
        break;
    case ICC_RPR_EL1:
        *value = MIN(gic_active_running(&cpu->active, GICV3_LEVEL_SHIFT), 0xFF);
        break;
    case ICC_CTLR_EL1:
        *value = cpu->control | CTLR_PRIORITY_BITS | CTLR_ID_BITS | CTLR_A3V;
        break;
    case ICC_SRE_EL1:
        *value = SRE_VALUE;
        break;
    case ICC_IGRPEN0_EL1:
    case ICC_IGRPEN1_EL1:
        *value = cpu->enabled[id == ICC_IGRPEN1_EL1];
        break;
    default:
        for (unsigned i = 0; i < G_N_ELEMENTS(registers); i++)
            if (registers[i] == id)
                return CPU_REGISTER_FAULT; /* write-only, or of more preemption levels than there are */
        return CPU_REGISTER_DEFAULT;
    }
    return CPU_REGISTER_DONE;
}

enum cpu_register_access gicv3_register_write(struct gicv3 *gic, unsigned index, uint32_t id, uint64_t value)
{
    struct gicv3_cpu *cpu = &gic->cpu[index];

    switch (id) {
    case ICC_PMR_EL1:
        cpu->priority_mask = value & GICV3_PRIORITY_BITS;
        break;
    case ICC_EOIR0_EL1:
    case ICC_EOIR1_EL1:
        end_of_interrupt(gic, index, id == ICC_EOIR1_EL1, value & INTID_MASK);
        break;
    case ICC_BPR0_EL1:
    case ICC_BPR1_EL1:
        write_binary_point(cpu, id == ICC_BPR1_EL1, value);
        break;
    case ICC_AP0R0_EL1:
    case ICC_AP1R0_EL1:
        cpu->active.level[id == ICC_AP1R0_EL1][0] = (uint32_t)value;
        break;
    case ICC_DIR_EL1:
        write_dir(gic, index, value & INTID_MASK);
        break;
    case ICC_SGI0R_EL1:
    case ICC_SGI1R_EL1:
        send_sgi(gic, index, value, id == ICC_SGI1R_EL1);
        return CPU_REGISTER_DONE;
    case ICC_ASGI1R_EL1: /* of the other security state, which does not exist */
        return CPU_REGISTER_DONE;
    case ICC_CTLR_EL1:
        cpu->control = value & (ICC_CTLR_CBPR | ICC_CTLR_EOIMODE);
        break;
    case ICC_SRE_EL1:
        return CPU_REGISTER_DONE;
    case ICC_IGRPEN0_EL1:
    case ICC_IGRPEN1_EL1:
        cpu->enabled[id == ICC_IGRPEN1_EL1] = value & 1;
        break;
    default:
        for (unsigned i = 0; i < G_N_ELEMENTS(registers); i++)
            if (registers[i] == id)
                return CPU_REGISTER_FAULT; /* read-only, or of more preemption levels than there are */
        return CPU_REGISTER_DEFAULT;
    }
    /* An SPI that ends here may be routed elsewhere by now. */
    gicv3_update(gic);
    return CPU_REGISTER_DONE;
}
