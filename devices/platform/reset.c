/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intel ICH9 data sheet, sections 13.7.3 (PORT92) and 13.7.5 (RST_CNT). */
#include "devices/platform/reset.h"

#define PORT_92 0x92

#define CONTROL_SYSTEM_RESET 0x02
#define CONTROL_RESET_CPU 0x04
#define CONTROL_FULL_RESET 0x08
#define CONTROL_BITS (CONTROL_SYSTEM_RESET | CONTROL_RESET_CPU | CONTROL_FULL_RESET)

#define PORT_92_INIT 0x01
#define PORT_92_A20 0x02

struct platform_reset {
    struct machine *machine;
    struct memory_region *control_region, *port_92_region;

    uint8_t control;
    uint8_t port_92;
};

void platform_reset_pulse(void *platform_reset)
{
    struct platform_reset *reset = platform_reset;

    machine_reset_request(reset->machine);
}

bool platform_reset_a20(const struct platform_reset *reset)
{
    return reset->port_92 & PORT_92_A20;
}

static uint64_t control_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct platform_reset *reset = opaque;

    return reset->control;
}

/* The change of RST_CPU from 0 to 1 resets; the other bits say how deep, and here every reset is a full one. */
static void control_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct platform_reset *reset = opaque;
    bool rises = (value & CONTROL_RESET_CPU) && !(reset->control & CONTROL_RESET_CPU);

    reset->control = (uint8_t)value & CONTROL_BITS;
    if (rises)
        machine_reset_request(reset->machine);
}

static uint64_t port_92_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct platform_reset *reset = opaque;

    return reset->port_92;
}

static void port_92_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct platform_reset *reset = opaque;
    bool rises = (value & PORT_92_INIT) && !(reset->port_92 & PORT_92_INIT);

    reset->port_92 = (uint8_t)value & (PORT_92_INIT | PORT_92_A20);
    if (rises)
        machine_reset_request(reset->machine);
}

static void reset_reset(void *device)
{
    struct platform_reset *reset = device;

    reset->control = 0;
    reset->port_92 = PORT_92_A20; /* as firmware leaves it */
}

static void reset_unrealize(void *device)
{
    struct platform_reset *reset = device;

    memory_region_remove(reset->control_region);
    memory_region_remove(reset->port_92_region);
    g_free(reset);
}

static const struct state_field fields[] = {
    STATE_U8(struct platform_reset, control),
    STATE_U8(struct platform_reset, port_92),
    STATE_END,
};

static const struct state_table table = {.name = "reset", .version = 1, .fields = fields};

static const struct device_class reset_class = {
    .name = "reset",
    .state = &table,
    .reset = reset_reset,
    .unrealize = reset_unrealize,
};

struct platform_reset *platform_reset_new(struct machine *machine)
{
    static const struct memory_region_ops control_ops = {.read = control_read, .write = control_write, .max_size = 1};
    static const struct memory_region_ops port_92_ops = {.read = port_92_read, .write = port_92_write, .max_size = 1};
    struct platform_reset *reset = g_new0(struct platform_reset, 1);
    struct memory *memory = machine_memory(machine);

    reset->machine = machine;
    reset->control_region =
        memory_add_io(memory, MEMORY_SPACE_PORT, "reset-control", RESET_CONTROL_PORT, 1, 1, &control_ops, reset);
    reset->port_92_region = memory_add_io(memory, MEMORY_SPACE_PORT, "port-92", PORT_92, 1, 0, &port_92_ops, reset);
    machine_add_device(machine, &reset_class, reset, "reset");
    reset_reset(reset);
    return reset;
}
