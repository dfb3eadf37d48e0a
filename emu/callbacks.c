/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine asks of the machine: device accesses, time, randomness; the rest goes to the board. */
#include "emu/machine_internal.h"

#define TSC_HZ 1000000000ULL           /* one tick a virtual nanosecond */
#define GENERIC_COUNTER_HZ 62500000ULL /* as QEMU's virt board */

static uint64_t mmio_read(void *opaque, struct cpu *cpu, uint64_t address, unsigned size)
{
    struct machine *machine = opaque;

    (void)cpu;
    return memory_io_read(machine->memory, MEMORY_SPACE_PHYSICAL, address, size);
}

static void mmio_write(void *opaque, struct cpu *cpu, uint64_t address, unsigned size, uint64_t value)
{
    struct machine *machine = opaque;

    (void)cpu;
    memory_io_write(machine->memory, MEMORY_SPACE_PHYSICAL, address, size, value);
}

static uint32_t port_read(void *opaque, struct cpu *cpu, uint16_t port, unsigned size)
{
    struct machine *machine = opaque;

    (void)cpu;
    return (uint32_t)memory_io_read(machine->memory, MEMORY_SPACE_PORT, port, size);
}

static void port_write(void *opaque, struct cpu *cpu, uint16_t port, unsigned size, uint32_t value)
{
    struct machine *machine = opaque;

    (void)cpu;
    memory_io_write(machine->memory, MEMORY_SPACE_PORT, port, size, value);
}

static int interrupt_acknowledge(void *opaque, struct cpu *cpu)
{
    struct machine *machine = opaque;

    return machine->hooks.interrupt_acknowledge ? machine->hooks.interrupt_acknowledge(machine->board, cpu) : -1;
}

static uint8_t task_priority_read(void *opaque, struct cpu *cpu)
{
    struct machine *machine = opaque;

    return machine->hooks.task_priority_read ? machine->hooks.task_priority_read(machine->board, cpu) : 0;
}

static void task_priority_write(void *opaque, struct cpu *cpu, uint8_t priority)
{
    struct machine *machine = opaque;

    if (machine->hooks.task_priority_write)
        machine->hooks.task_priority_write(machine->board, cpu, priority);
}

static enum cpu_register_access register_read(void *opaque, struct cpu *cpu, uint32_t id, uint64_t *value)
{
    struct machine *machine = opaque;

    if (!machine->hooks.register_read)
        return CPU_REGISTER_DEFAULT;
    return machine->hooks.register_read(machine->board, cpu, id, value);
}

struct machine_register_watch {
    void (*written)(void *opaque, struct cpu *cpu, uint32_t id, uint64_t value);
    void *opaque;
};

struct machine_register_watch *machine_register_watch(
    struct machine *machine, void (*written)(void *opaque, struct cpu *cpu, uint32_t id, uint64_t value), void *opaque)
{
    struct machine_register_watch *watch = g_new(struct machine_register_watch, 1);

    *watch = (struct machine_register_watch){.written = written, .opaque = opaque};
    g_ptr_array_add(machine->register_watches, watch);
    return watch;
}

void machine_register_unwatch(struct machine *machine, struct machine_register_watch *watch)
{
    g_ptr_array_remove(machine->register_watches, watch);
}

static enum cpu_register_access register_write(void *opaque, struct cpu *cpu, uint32_t id, uint64_t value)
{
    struct machine *machine = opaque;

    for (guint i = 0; i < machine->register_watches->len; i++) {
        const struct machine_register_watch *watch = g_ptr_array_index(machine->register_watches, i);
        watch->written(watch->opaque, cpu, id, value);
    }
    if (!machine->hooks.register_write)
        return CPU_REGISTER_DEFAULT;
    return machine->hooks.register_write(machine->board, cpu, id, value);
}

static void cpuid(void *opaque, struct cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t answer[4])
{
    struct machine *machine = opaque;

    if (machine->hooks.cpuid)
        machine->hooks.cpuid(machine->board, cpu, leaf, subleaf, answer);
}

static uint64_t counter(void *opaque, struct cpu *cpu)
{
    struct machine *machine = opaque;

    (void)cpu;
    return machine_ticks(machine, machine->config.arch == CPU_ARCH_X86_64 ? TSC_HZ : GENERIC_COUNTER_HZ);
}

static uint64_t random_bits(void *opaque, struct cpu *cpu)
{
    uint64_t bits;

    (void)cpu;
    machine_random(opaque, "cpu", &bits, sizeof(bits));
    return bits;
}

static bool hypercall(void *opaque, struct cpu *cpu, uint32_t immediate)
{
    struct machine *machine = opaque;

    return machine->hooks.hypercall && machine->hooks.hypercall(machine->board, cpu, immediate);
}

static void timer_changed(void *opaque, struct cpu *cpu, unsigned timer)
{
    struct machine *machine = opaque;

    if (machine->hooks.timer_changed)
        machine->hooks.timer_changed(machine->board, cpu, timer);
}

static bool semihosting(void *opaque, struct cpu *cpu, uint32_t immediate)
{
    struct machine *machine = opaque;

    return machine->hooks.semihosting && machine->hooks.semihosting(machine->board, cpu, immediate);
}

const struct cpu_callbacks machine_cpu_callbacks = {
    .mmio_read = mmio_read,
    .mmio_write = mmio_write,
    .port_read = port_read,
    .port_write = port_write,
    .interrupt_acknowledge = interrupt_acknowledge,
    .task_priority_read = task_priority_read,
    .task_priority_write = task_priority_write,
    .register_read = register_read,
    .register_write = register_write,
    .cpuid = cpuid,
    .counter = counter,
    .random = random_bits,
    .hypercall = hypercall,
    .timer_changed = timer_changed,
    .semihosting = semihosting,
    .probe = machine_call_probes,
};
