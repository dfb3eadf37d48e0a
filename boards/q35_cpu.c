/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * q35: the interrupt controllers, and what the CPUs ask of the board: interrupt acknowledge, task priority, the MSRs of the APIC
 * and of the paravirtual clock, CPUID's bits that depend on the machine.
 */
#include "boards/q35_internal.h"
#include "devices/platform/paravirtual_clock.h"

#define CPUID_1_EDX_APIC (1u << 9)
#define CPUID_1_ECX_X2APIC (1u << 21)
#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID_1_ECX_HYPERVISOR (1u << 31)

/* The CPU whose access is being made: one runs at a time. */
static unsigned current_cpu(void *opaque)
{
    struct q35 *q35 = opaque;
    const struct cpu *cpu = machine_running_cpu(q35->machine);

    return cpu ? cpu_index(cpu) : 0;
}

static void set_intr(void *opaque, unsigned cpu, bool level)
{
    struct q35 *q35 = opaque;

    if (machine_cpu(q35->machine, cpu))
        cpu_set_line(machine_cpu(q35->machine, cpu), CPU_LINE_IRQ, level);
}

static void nmi(void *opaque, unsigned cpu)
{
    struct q35 *q35 = opaque;

    cpu_set_line(machine_cpu(q35->machine, cpu), CPU_LINE_NMI, true);
    cpu_set_line(machine_cpu(q35->machine, cpu), CPU_LINE_NMI, false);
}

static void init(void *opaque, unsigned cpu)
{
    struct q35 *q35 = opaque;

    cpu_init(machine_cpu(q35->machine, cpu));
}

static void sipi(void *opaque, unsigned cpu, uint8_t vector)
{
    struct q35 *q35 = opaque;

    cpu_start(machine_cpu(q35->machine, cpu), (uint64_t)vector << 12, 0);
}

static const struct lapic_ops lapic_ops = {.set_intr = set_intr, .nmi = nmi, .init = init, .sipi = sipi};

static int extint_acknowledge(void *opaque)
{
    struct q35 *q35 = opaque;

    return i8259_acknowledge(q35->pic);
}

static void eoi_broadcast(void *opaque, uint8_t vector)
{
    struct q35 *q35 = opaque;

    ioapic_eoi(q35->ioapic, vector);
}

static bool deliver(void *opaque, const struct apic_message *message)
{
    struct q35 *q35 = opaque;

    return apic_deliver(q35->apics, message);
}

/* An ISA request reaches the 8259 pair and the I/O APIC; the timer's IRQ 0 stands on input 2 there, as on each PC. */
static void set_isa(void *opaque, unsigned irq, bool level)
{
    struct q35 *q35 = opaque;
    struct irq_line pic = i8259_line(q35->pic, irq);
    struct irq_line apic = ioapic_line(q35->ioapic, irq == 0 ? 2 : irq);

    irq_set(&pic, level);
    irq_set(&apic, level);
}

struct irq_line q35_gsi_line(struct q35 *q35, unsigned gsi)
{
    return ioapic_line(q35->ioapic, gsi);
}

void q35_add_interrupt_controllers(struct q35 *q35)
{
    const struct apic_set_config apic_config = {.cpus = machine_config(q35->machine)->cpus,
                                                .x2apic = true,
                                                .ops = &lapic_ops,
                                                .current_cpu = current_cpu,
                                                .extint_acknowledge = extint_acknowledge,
                                                .eoi_broadcast = eoi_broadcast,
                                                .opaque = q35};
    const struct ioapic_config ioapic_config = {
        .address = Q35_IOAPIC_ADDRESS, .id = 0, .deliver = deliver, .opaque = q35};

    q35->apics = apic_set_new(q35->machine, &apic_config);
    struct irq_line intr = apic_lint_line(q35->apics, 0);
    q35->pic = i8259_new(q35->machine, &intr);
    q35->ioapic = ioapic_new(q35->machine, &ioapic_config);
    for (unsigned irq = 0; irq < 16; irq++)
        q35->isa[irq] = (struct irq_line){.set = set_isa, .opaque = q35, .input = irq};
}

static int interrupt_acknowledge(void *opaque, struct cpu *cpu)
{
    struct q35 *q35 = opaque;

    return apic_acknowledge(q35->apics, cpu_index(cpu));
}

static uint8_t task_priority_read(void *opaque, struct cpu *cpu)
{
    struct q35 *q35 = opaque;

    return apic_task_priority(q35->apics, cpu_index(cpu));
}

static void task_priority_write(void *opaque, struct cpu *cpu, uint8_t priority)
{
    struct q35 *q35 = opaque;

    apic_set_task_priority(q35->apics, cpu_index(cpu), priority);
}

static enum cpu_register_access register_read(void *opaque, struct cpu *cpu, uint32_t id, uint64_t *value)
{
    struct q35 *q35 = opaque;
    enum cpu_register_access access = apic_msr_read(q35->apics, cpu_index(cpu), id, value);

    if (access == CPU_REGISTER_DEFAULT)
        access = paravirtual_clock_msr_read(q35->kvm_clock, cpu_index(cpu), id, value);
    return access;
}

static enum cpu_register_access register_write(void *opaque, struct cpu *cpu, uint32_t id, uint64_t value)
{
    struct q35 *q35 = opaque;
    enum cpu_register_access access = apic_msr_write(q35->apics, cpu_index(cpu), id, value);

    if (access == CPU_REGISTER_DEFAULT)
        access = paravirtual_clock_msr_write(q35->kvm_clock, cpu_index(cpu), id, value);
    return access;
}

static void set_bit(uint32_t *word, uint32_t bit, bool on)
{
    *word = on ? *word | bit : *word & ~bit;
}

static void cpuid(void *opaque, struct cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t answer[4])
{
    struct q35 *q35 = opaque;
    unsigned index = cpu_index(cpu);

    if (leaf == 1) {
        answer[1] = (answer[1] & 0x00FFFFFF) | index << 24; /* initial APIC ID */
        set_bit(&answer[3], CPUID_1_EDX_APIC, apic_base(q35->apics, index) & 1 << 11);
        set_bit(&answer[2], CPUID_1_ECX_X2APIC, true);
        set_bit(&answer[2], CPUID_1_ECX_TSC_DEADLINE, true);
        set_bit(&answer[2], CPUID_1_ECX_HYPERVISOR, true);
    }
    paravirtual_clock_cpuid(q35->kvm_clock, leaf, answer);
}

void q35_set_cpu_hooks(struct machine_board_hooks *hooks)
{
    hooks->interrupt_acknowledge = interrupt_acknowledge;
    hooks->task_priority_read = task_priority_read;
    hooks->task_priority_write = task_priority_write;
    hooks->register_read = register_read;
    hooks->register_write = register_write;
    hooks->cpuid = cpuid;
}
