/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bus with a virtio function at 00:02.0, and the little of a driver that its tests share. */
#ifndef GALVANIC_TESTS_DEVICE_VIRTIO_DRIVER_H
#define GALVANIC_TESTS_DEVICE_VIRTIO_DRIVER_H

#include "devices/pci/pci.h"
#include "devices/virtio/virtio_registers.h"
#include "emu/bytes.h"
#include "tests/device/fixture.h"

#define LEGACY_BAR 0xC000u
#define MSIX_BAR UINT64_C(0xE0010000)
#define MODERN_BAR UINT64_C(0xE0000000)
#define MESSAGE_ADDRESS UINT64_C(0xFEE00000)
enum {
    DEVFN = PCI_DEVFN(2, 0),
    ISR_PAGE = 0x1000,
    CONFIG_PAGE = 0x2000,
    NOTIFY_PAGE = 0x3000,

    RINGS = 0x10000, /* of queue n at + n * 0x4000: descriptors, available ring at + 0x1000, used ring at + 0x2000 */
    RING_STEP = 0x4000,
    AVAILABLE = 0x1000,
    USED = 0x2000,
    TABLE = 0x40000, /* an indirect table */
    DATA = 0x100000,
    RAM_SIZE = 4 << 20,

    NEXT = 1,
    WRITE = 2,
    INDIRECT = 4,

    ALIVE = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK,
};
#define VERSION_1 (UINT64_C(1) << VIRTIO_F_VERSION_1)
#define EVENT_IDX (UINT64_C(1) << VIRTIO_F_EVENT_IDX)
#define INDIRECT_DESC (UINT64_C(1) << VIRTIO_F_INDIRECT_DESC)

struct rig {
    struct machine *machine;
    struct pci_bus *bus;
    bool line[PCI_LINES];
    unsigned messages;
    uint32_t last_message;          /* its data */
    unsigned notes;                 /* what the user was told of: guest errors */
    uint16_t size[8], available[8]; /* of the driver's queues */
};

static inline struct memory *ram(struct rig *rig)
{
    return machine_memory(rig->machine);
}

static inline void rig_line(void *opaque, unsigned line, bool level)
{
    ((struct rig *)opaque)->line[line] = level;
}

static inline void rig_message(void *opaque, uint8_t devfn, uint64_t address, uint32_t data)
{
    struct rig *rig = opaque;

    g_assert_cmphex(address, ==, MESSAGE_ADDRESS);
    rig->messages++;
    rig->last_message = data;
}

static inline void rig_note(void *opaque, const char *text)
{
    ((struct rig *)opaque)->notes++;
    g_test_message("%s", text);
}

/* A machine with RAM and a bus; the test puts its device there. */
static inline void rig_init(struct rig *rig)
{
    *rig = (struct rig){.machine = test_machine()};
    const struct pci_bus_config config = {.set_line = rig_line, .message = rig_message, .opaque = rig};

    machine_set_note_handler(rig->machine, rig_note, rig);
    g_assert_nonnull(memory_add_ram(ram(rig), "ram", 0, RAM_SIZE, false, NULL));
    rig->bus = pci_bus_new(rig->machine, &config, "pci");
}

static inline uint32_t config_read(struct rig *rig, unsigned offset, unsigned size)
{
    return pci_config_read(rig->bus, 0, DEVFN, (uint16_t)offset, size);
}

static inline void config_write(struct rig *rig, unsigned offset, unsigned size, uint32_t value)
{
    pci_config_write(rig->bus, 0, DEVFN, (uint16_t)offset, size, value);
}

/* Power on, and what firmware does. */
static inline void rig_start(struct rig *rig)
{
    machine_reset(rig->machine);
    config_write(rig, 0x10, 4, LEGACY_BAR);
    config_write(rig, 0x14, 4, (uint32_t)MSIX_BAR);
    config_write(rig, 0x20, 4, (uint32_t)MODERN_BAR);
    config_write(rig, 0x24, 4, 0);
    config_write(rig, 0x04, 2, 7);
}

static inline uint64_t reg(struct rig *rig, unsigned offset, unsigned size)
{
    return memory_io_read(ram(rig), MEMORY_SPACE_PHYSICAL, MODERN_BAR + offset, size);
}

static inline void reg_write(struct rig *rig, unsigned offset, unsigned size, uint64_t value)
{
    memory_io_write(ram(rig), MEMORY_SPACE_PHYSICAL, MODERN_BAR + offset, size, value);
}

static inline uint8_t status(struct rig *rig)
{
    return (uint8_t)reg(rig, VIRTIO_DEVICE_STATUS, 1);
}

static inline uint8_t take_isr(struct rig *rig)
{
    return (uint8_t)reg(rig, ISR_PAGE, 1);
}

static inline uint64_t offered(struct rig *rig)
{
    uint64_t features;

    reg_write(rig, VIRTIO_DEVICE_FEATURE_SELECT, 4, 0);
    features = reg(rig, VIRTIO_DEVICE_FEATURE, 4);
    reg_write(rig, VIRTIO_DEVICE_FEATURE_SELECT, 4, 1);
    return features | reg(rig, VIRTIO_DEVICE_FEATURE, 4) << 32;
}

static inline void accept_features(struct rig *rig, uint64_t features)
{
    for (unsigned i = 0; i < 2; i++) {
        reg_write(rig, VIRTIO_DRIVER_FEATURE_SELECT, 4, i);
        reg_write(rig, VIRTIO_DRIVER_FEATURE, 4, (uint32_t)(features >> 32 * i));
    }
}

static inline uint64_t ring(unsigned queue)
{
    return RINGS + (uint64_t)queue * RING_STEP;
}

static inline void setup_queue(struct rig *rig, unsigned queue, uint16_t size)
{
    reg_write(rig, VIRTIO_QUEUE_SELECT, 2, queue);
    reg_write(rig, VIRTIO_QUEUE_SIZE, 2, size);
    reg_write(rig, VIRTIO_QUEUE_DESC, 8, ring(queue)); /* drivers write 64 bits at once, or halves */
    reg_write(rig, VIRTIO_QUEUE_DRIVER, 4, ring(queue) + AVAILABLE);
    reg_write(rig, VIRTIO_QUEUE_DRIVER + 4, 4, 0);
    reg_write(rig, VIRTIO_QUEUE_DEVICE, 8, ring(queue) + USED);
    memory_set(ram(rig), ring(queue), 0, RING_STEP);
    reg_write(rig, VIRTIO_QUEUE_ENABLE, 2, 1);
    rig->size[queue] = size;
    rig->available[queue] = 0;
}

/* From reset to DRIVER_OK with @queues queues of @size entries. */
static inline void bring_up(struct rig *rig, uint64_t features, unsigned queues, uint16_t size)
{
    reg_write(rig, VIRTIO_DEVICE_STATUS, 1, 0);
    reg_write(rig, VIRTIO_DEVICE_STATUS, 1, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
    accept_features(rig, VERSION_1 | features);
    reg_write(rig, VIRTIO_DEVICE_STATUS, 1, ALIVE & ~VIRTIO_STATUS_DRIVER_OK);
    for (unsigned i = 0; i < queues; i++)
        setup_queue(rig, i, size);
    reg_write(rig, VIRTIO_DEVICE_STATUS, 1, ALIVE);
    g_assert_cmphex(status(rig), ==, ALIVE);
}

static inline void put_descriptor_at(struct rig *rig, uint64_t table, unsigned index, uint64_t address, uint32_t length,
                                     uint16_t flags, uint16_t next)
{
    memory_write64(ram(rig), table + index * 16, address);
    memory_write32(ram(rig), table + index * 16 + 8, length);
    memory_write16(ram(rig), table + index * 16 + 12, flags);
    memory_write16(ram(rig), table + index * 16 + 14, next);
}

static inline void put_descriptor(struct rig *rig, unsigned queue, unsigned index, uint64_t address, uint32_t length,
                                  uint16_t flags, uint16_t next)
{
    put_descriptor_at(rig, ring(queue), index, address, length, flags, next);
}

static inline void make_available(struct rig *rig, unsigned queue, uint16_t head)
{
    uint64_t available = ring(queue) + AVAILABLE;

    memory_write16(ram(rig), available + 4 + rig->available[queue] % rig->size[queue] * 2, head);
    memory_write16(ram(rig), available + 2, ++rig->available[queue]);
}

static inline void notify(struct rig *rig, unsigned queue)
{
    reg_write(rig, NOTIFY_PAGE + 4 * queue, 2, queue);
}

static inline uint16_t used_index(struct rig *rig, unsigned queue)
{
    return memory_read16(ram(rig), ring(queue) + USED + 2);
}

/* Entry @index of the used ring. */
static inline void assert_used(struct rig *rig, unsigned queue, uint16_t index, uint32_t head, uint32_t length)
{
    uint64_t entry = ring(queue) + USED + 4 + index % rig->size[queue] * 8;

    g_assert_cmpuint(memory_read32(ram(rig), entry), ==, head);
    g_assert_cmpuint(memory_read32(ram(rig), entry + 4), ==, length);
}

/* Vector @vector of MSI-X sends data 0x40 + @vector. */
static inline void enable_msix(struct rig *rig, unsigned vectors)
{
    unsigned at = config_read(rig, 0x34, 1);

    while (config_read(rig, at, 1) != 0x11)
        at = config_read(rig, at + 1, 1);
    for (unsigned i = 0; i < vectors; i++) {
        memory_io_write(ram(rig), MEMORY_SPACE_PHYSICAL, MSIX_BAR + i * 16, 4, MESSAGE_ADDRESS);
        memory_io_write(ram(rig), MEMORY_SPACE_PHYSICAL, MSIX_BAR + i * 16 + 8, 4, 0x40 + i);
        memory_io_write(ram(rig), MEMORY_SPACE_PHYSICAL, MSIX_BAR + i * 16 + 12, 4, 0);
    }
    config_write(rig, at + 2, 2, 0x8000);
}

static inline void assert_data(struct rig *rig, uint64_t address, const void *expected, size_t length)
{
    g_autofree uint8_t *bytes = g_malloc(length);

    g_assert_true(memory_read(ram(rig), address, bytes, length));
    g_assert_cmpmem(bytes, length, expected, length);
}

#endif
