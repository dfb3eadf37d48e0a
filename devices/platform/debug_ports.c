/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No hardware has these but port 0x80.  0xE9 is Bochs's console (it reads as 0xE9, by which it is found), 0x402 the one
 * that firmware and Redox's kernel write to; 0x501 is the "isa-debug-exit" of QEMU; 0x8900 is Bochs's: the word
 * "Shutdown", letter by letter, turns the machine off.
 */
#include "devices/platform/debug_ports.h"

#include <string.h>

#define PORT_BOCHS_CONSOLE 0xE9
#define PORT_FIRMWARE_CONSOLE 0x402
#define PORT_EXIT 0x501
#define PORT_SHUTDOWN 0x8900
#define PORT_POST 0x80

#define CONSOLE_SIGNATURE 0xE9

static const char shutdown_word[] = "Shutdown";

struct debug_ports {
    struct machine *machine;
    struct character_output output;
    struct memory_region *regions[5];

    uint8_t post_code;
    uint8_t matched; /* letters of the word */
};

uint8_t debug_ports_post_code(const struct debug_ports *ports)
{
    return ports->post_code;
}

static uint64_t console_read(void *opaque, uint64_t offset, unsigned size)
{
    return CONSOLE_SIGNATURE;
}

static void console_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct debug_ports *ports = opaque;
    uint8_t byte = (uint8_t)value;

    character_write(&ports->output, &byte, 1);
}

static uint64_t zero_read(void *opaque, uint64_t offset, unsigned size)
{
    return 0;
}

static void exit_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct debug_ports *ports = opaque;

    machine_guest_exit(ports->machine, (int)((uint32_t)value << 1 | 1));
}

static void shutdown_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct debug_ports *ports = opaque;
    char letter = (char)value;

    if (letter == shutdown_word[ports->matched])
        ports->matched++;
    else
        ports->matched = letter == shutdown_word[0] ? 1 : 0;
    if (ports->matched < strlen(shutdown_word))
        return;
    ports->matched = 0;
    machine_power_off(ports->machine);
}

static uint64_t post_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct debug_ports *ports = opaque;

    return ports->post_code;
}

static void post_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct debug_ports *ports = opaque;

    ports->post_code = (uint8_t)value;
}

static void ports_reset(void *device)
{
    struct debug_ports *ports = device;

    ports->post_code = 0;
    ports->matched = 0;
}

static void ports_unrealize(void *device)
{
    struct debug_ports *ports = device;

    for (unsigned i = 0; i < G_N_ELEMENTS(ports->regions); i++)
        memory_region_remove(ports->regions[i]);
    g_free(ports);
}

static void after_load(void *object)
{
    struct debug_ports *ports = object;

    ports->matched %= strlen(shutdown_word);
}

static const struct state_field fields[] = {
    STATE_U8(struct debug_ports, post_code),
    STATE_U8(struct debug_ports, matched),
    STATE_END,
};

static const struct state_table table = {
    .name = "debug-ports",
    .version = 1,
    .fields = fields,
    .after_load = after_load,
};

static const struct device_class ports_class = {
    .name = "debug-ports",
    .state = &table,
    .reset = ports_reset,
    .unrealize = ports_unrealize,
};

struct debug_ports *debug_ports_new(struct machine *machine, struct character_output output)
{
    static const struct memory_region_ops console_ops = {.read = console_read, .write = console_write, .max_size = 1};
    static const struct memory_region_ops exit_ops = {.read = zero_read, .write = exit_write, .max_size = 4};
    static const struct memory_region_ops shutdown_ops = {.read = zero_read, .write = shutdown_write, .max_size = 1};
    static const struct memory_region_ops post_ops = {.read = post_read, .write = post_write, .max_size = 1};
    static const struct {
        const char *name;
        uint16_t port, size;
        const struct memory_region_ops *ops;
    } places[] = {
        {"bochs-console", PORT_BOCHS_CONSOLE, 1, &console_ops},
        {"firmware-console", PORT_FIRMWARE_CONSOLE, 1, &console_ops},
        {"debug-exit", PORT_EXIT, 4, &exit_ops},
        {"shutdown", PORT_SHUTDOWN, 1, &shutdown_ops},
        {"post", PORT_POST, 1, &post_ops},
    };
    struct debug_ports *ports = g_new0(struct debug_ports, 1);

    ports->machine = machine;
    ports->output = output;
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++)
        ports->regions[i] = memory_add_io(machine_memory(machine), MEMORY_SPACE_PORT, places[i].name, places[i].port,
                                          places[i].size, 0, places[i].ops, ports);
    machine_add_device(machine, &ports_class, ports, "debug-ports");
    ports_reset(ports);
    return ports;
}
