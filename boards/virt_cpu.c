/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virt: the interrupt controller, GICv2 or GICv3, and what the CPUs ask of the board. */
#include "boards/virt_internal.h"
#include "devices/intc/gicv2.h"
#include "devices/intc/gicv2m.h"
#include "devices/intc/gicv3.h"
#include "devices/intc/gicv3_its.h"
#include "emu/cpu/aarch64.h"

#define CLUSTER_GICV2 8 /* CPUs that have all affinity fields but the lowest in common */
#define CLUSTER_GICV3 16

/* The CPU whose access is being made: one runs at a time. */
static unsigned current_cpu(void *opaque)
{
    struct virt *virt = opaque;
    const struct cpu *cpu = machine_running_cpu(virt->machine);

    return cpu ? cpu_index(cpu) : 0;
}

static void set_irq(void *opaque, unsigned cpu, bool level)
{
    struct virt *virt = opaque;

    if (machine_cpu(virt->machine, cpu))
        cpu_set_line(machine_cpu(virt->machine, cpu), CPU_LINE_IRQ, level);
}

static void set_fiq(void *opaque, unsigned cpu, bool level)
{
    struct virt *virt = opaque;

    if (machine_cpu(virt->machine, cpu))
        cpu_set_line(machine_cpu(virt->machine, cpu), CPU_LINE_FIQ, level);
}

struct irq_line virt_line(struct virt *virt, unsigned cpu, unsigned intid)
{
    return virt->gicv3 ? gicv3_line(virt->gicv3, cpu, intid) : gicv2_line(virt->gicv2, cpu, intid);
}

static struct irq_line message_line(void *opaque, unsigned intid)
{
    return virt_line(opaque, 0, intid);
}

static void add_gicv2(struct virt *virt)
{
    const struct gicv2_config gic = {.distributor = VIRT_GICD,
                                     .cpu_interface = VIRT_GICC,
                                     .cpus = machine_config(virt->machine)->cpus,
                                     .set_irq = set_irq,
                                     .set_fiq = set_fiq,
                                     .current_cpu = current_cpu,
                                     .opaque = virt};
    const struct gicv2m_config frame = {.address = VIRT_GICV2M,
                                        .first = VIRT_MESSAGE_FIRST,
                                        .count = VIRT_MESSAGE_COUNT,
                                        .line = message_line,
                                        .opaque = virt};

    virt->gicv2 = gicv2_new(virt->machine, &gic);
    gicv2m_new(virt->machine, &frame);
}

static void add_gicv3(struct virt *virt)
{
    struct gicv3_config gic = {.distributor = VIRT_GICD,
                               .redistributors = VIRT_GICR,
                               .cpus = machine_config(virt->machine)->cpus,
                               .set_irq = set_irq,
                               .set_fiq = set_fiq,
                               .opaque = virt};
    unsigned count;
    const uint32_t *registers = gicv3_registers(&count);

    for (unsigned i = 0; i < gic.cpus; i++)
        gic.affinity[i] = (uint32_t)virt->mpidr[i];
    virt->gicv3 = gicv3_new(virt->machine, &gic);
    virt->its = gicv3_its_new(virt->machine, virt->gicv3, VIRT_ITS);
    for (unsigned i = 0; machine_engine(virt->machine) && i < count; i++)
        aarch64_trap_register(machine_engine(virt->machine), registers[i]);
}

bool virt_add_interrupt_controller(struct virt *virt, GError **error)
{
    unsigned cpus = machine_config(virt->machine)->cpus;
    unsigned cluster = virt->gic_version == 3 ? CLUSTER_GICV3 : CLUSTER_GICV2;

    if (virt->gic_version != 3 && cpus > GICV2_CPUS) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--cpus %u: a GICv2 serves %u at most; add --board virt,gic=3", cpus, GICV2_CPUS);
        return false;
    }
    for (unsigned i = 0; i < cpus; i++) {
        virt->mpidr[i] = (uint64_t)(i / cluster) << 8 | i % cluster;
        if (machine_cpu(virt->machine, i))
            aarch64_set_affinity(machine_cpu(virt->machine, i), virt->mpidr[i]);
    }
    if (virt->gic_version == 3)
        add_gicv3(virt);
    else
        add_gicv2(virt);
    virt->timer = virt_timer_new(virt);
    return true;
}

static enum cpu_register_access register_read(void *opaque, struct cpu *cpu, uint32_t id, uint64_t *value)
{
    struct virt *virt = opaque;

    return virt->gicv3 ? gicv3_register_read(virt->gicv3, cpu_index(cpu), id, value) : CPU_REGISTER_DEFAULT;
}

static enum cpu_register_access register_write(void *opaque, struct cpu *cpu, uint32_t id, uint64_t value)
{
    struct virt *virt = opaque;

    return virt->gicv3 ? gicv3_register_write(virt->gicv3, cpu_index(cpu), id, value) : CPU_REGISTER_DEFAULT;
}

static void timer_changed(void *opaque, struct cpu *cpu, unsigned timer)
{
    struct virt *virt = opaque;

    virt_timer_update(virt->timer, cpu_index(cpu), timer);
}

void virt_set_cpu_hooks(struct virt *virt, struct machine_board_hooks *hooks)
{
    hooks->register_read = register_read;
    hooks->register_write = register_write;
    hooks->timer_changed = timer_changed;
    hooks->semihosting = virt_semihosting;
}

/* The CPUs' reset has stopped their timers; all but the first wait for CPU_ON. */
void virt_reset_cpus(struct virt *virt)
{
    for (unsigned i = 0; i < machine_config(virt->machine)->cpus; i++) {
        if (i && machine_cpu(virt->machine, i))
            cpu_off(machine_cpu(virt->machine, i));
        virt_timer_reset(virt->timer, i);
    }
}
