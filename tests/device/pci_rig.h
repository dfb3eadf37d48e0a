/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bus with two functions that tests drive through ECAM, and the other ends of their interrupts. */
#ifndef GALVANIC_TESTS_DEVICE_PCI_RIG_H
#define GALVANIC_TESTS_DEVICE_PCI_RIG_H

#include "devices/pci/pci.h"
#include "devices/pci/pci_registers.h"
#include "tests/device/fixture.h"

#define ECAM UINT64_C(0xB0000000)
#define MESSAGE_ADDRESS 0xFEE00000u

/* A function with one BAR of each kind, and all capabilities. */
struct thing {
    struct pci_function pci;
    uint32_t value;
    unsigned config_writes;
    uint16_t last_offset;
};

struct board {
    struct machine *machine;
    struct pci_bus *bus;
    struct thing *thing, *other;
    bool line[PCI_LINES];
    unsigned edges[PCI_LINES];
    uint8_t message_devfn;
    uint64_t message_address;
    uint32_t message_data;
    unsigned messages;
};

static inline uint64_t thing_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct thing *thing = opaque;

    return thing->value + offset;
}

static inline void thing_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct thing *thing = opaque;

    thing->value = (uint32_t)value;
}

static const struct memory_region_ops thing_ops = {.read = thing_read, .write = thing_write, .min_size = 4};

static const struct pci_identity thing_identity = {
    .vendor = 0x1234,
    .device = 0x5678,
    .subsystem_vendor = 0x1AF4,
    .subsystem = 0x1100,
    .class_code = 0xFF0102,
    .revision = 3,
    .interrupt_pin = 1,
    .bar =
        {
            [0] = {.type = PCI_BAR_IO, .size = 32, .ops = &thing_ops},
            [1] = {.type = PCI_BAR_MEMORY32, .size = 4096, .ops = &thing_ops},
            [2] = {.type = PCI_BAR_MEMORY64, .prefetchable = true, .size = 1 << 16, .ram = true},
            [4] = {.type = PCI_BAR_MEMORY64, .size = 1 << 16, .ops = &thing_ops},
        },
};

static const struct pci_identity other_identity = {
    .vendor = 0x1234,
    .device = 0x5679,
    .class_code = 0x010000,
    .interrupt_pin = 2,
    .multifunction = true,
    .bar = {[5] = {.type = PCI_BAR_MEMORY32, .size = 1 << 20, .ops = &thing_ops}},
};

static inline void thing_reset(void *device)
{
    pci_function_reset(&((struct thing *)device)->pci);
}

static inline void thing_unrealize(void *device)
{
    pci_function_finalize(&((struct thing *)device)->pci);
    g_free(device);
}

static const struct state_field thing_fields[] = {
    STATE_STRUCT(struct thing, pci, &pci_function_state),
    STATE_U32(struct thing, value),
    STATE_END,
};
static const struct state_table thing_state = {.name = "thing", .version = 1, .fields = thing_fields};
static const struct device_class thing_class = {
    .name = "thing", .state = &thing_state, .reset = thing_reset, .unrealize = thing_unrealize};

static inline void config_written(void *device, uint16_t offset, unsigned size)
{
    struct thing *thing = device;

    thing->config_writes++;
    thing->last_offset = offset;
}

static inline void set_line(void *opaque, unsigned line, bool level)
{
    struct board *board = opaque;

    board->edges[line] += level && !board->line[line];
    board->line[line] = level;
}

static inline void message(void *opaque, uint8_t devfn, uint64_t address, uint32_t data)
{
    struct board *board = opaque;

    board->message_devfn = devfn;
    board->message_address = address;
    board->message_data = data;
    board->messages++;
}

static inline void board_init(struct board *board)
{
    g_autoptr(GError) error = NULL;

    *board = (struct board){.machine = test_machine()};
    const struct pci_bus_config config = {.set_line = set_line, .message = message, .opaque = board};
    g_assert_nonnull(memory_add_ram(machine_memory(board->machine), "ram", 0, 1 << 20, false, &error));
    board->bus = pci_bus_new(board->machine, &config, "pci");
    pci_bus_add_ports(board->bus);
    pci_bus_add_ecam(board->bus, ECAM, 256);

    board->thing = g_new0(struct thing, 1);
    pci_function_init(&board->thing->pci, board->bus, PCI_DEVFN(3, 0), &thing_identity, board->thing);
    pci_add_express(&board->thing->pci, 9);
    pci_add_msi(&board->thing->pci, 4);
    pci_add_msix(&board->thing->pci, 70, 4, 0x8000, 0xC000);
    board->thing->pci.config_written = config_written;
    machine_add_device(board->machine, &thing_class, board->thing, "thing");

    board->other = g_new0(struct thing, 1);
    pci_function_init(&board->other->pci, board->bus, PCI_DEVFN(2, 1), &other_identity, board->other);
    machine_add_device(board->machine, &thing_class, board->other, "other");
    machine_reset(board->machine);
}

/* Through ECAM; the thing is 00:03.0. */
static inline uint32_t cfg(struct board *board, unsigned offset, unsigned size)
{
    return (uint32_t)memory_io_read(machine_memory(board->machine), MEMORY_SPACE_PHYSICAL, ECAM + (3 << 15) + offset,
                                    size);
}

static inline void cfg_write(struct board *board, unsigned offset, unsigned size, uint32_t value)
{
    memory_io_write(machine_memory(board->machine), MEMORY_SPACE_PHYSICAL, ECAM + (3 << 15) + offset, size, value);
    memory_commit(machine_memory(board->machine));
}

static inline uint32_t mem(struct board *board, uint64_t address)
{
    return (uint32_t)memory_io_read(machine_memory(board->machine), MEMORY_SPACE_PHYSICAL, address, 4);
}

static inline void mem_write(struct board *board, uint64_t address, uint32_t value)
{
    memory_io_write(machine_memory(board->machine), MEMORY_SPACE_PHYSICAL, address, 4, value);
}

static inline unsigned find_capability(struct board *board, unsigned id)
{
    unsigned offset = cfg(board, PCI_CAPABILITIES, 1);

    for (unsigned i = 0; offset && i < 48; i++) {
        if (cfg(board, offset, 1) == id)
            return offset;
        offset = cfg(board, offset + 1, 1);
    }
    return 0;
}

static inline unsigned enable_msix(struct board *board)
{
    unsigned msix = find_capability(board, PCI_CAP_MSIX);

    g_assert_cmphex(cfg(board, msix + PCI_MSIX_CONTROL, 2), ==, 69);
    g_assert_cmphex(cfg(board, msix + PCI_MSIX_TABLE, 4), ==, 0x8004);
    g_assert_cmphex(cfg(board, msix + PCI_MSIX_PENDING, 4), ==, 0xC004);
    cfg_write(board, PCI_BAR0 + 16, 4, 0xE0000000);
    cfg_write(board, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    cfg_write(board, msix + PCI_MSIX_CONTROL, 2, PCI_MSIX_CONTROL_ENABLE);
    return msix;
}

#endif
