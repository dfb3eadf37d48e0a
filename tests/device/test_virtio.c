/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transport: PCI structures, status, features, interrupts, the legacy interface, state. */
#include "tests/device/virtio_echo.h"

static const struct virtio_type modern_type = {.name = "virtio-modern",
                                               .id = 16,
                                               .class_code = 0x038000,
                                               .queues = 1,
                                               .queue_size = {16},
                                               .notified = echo_notified};

/* --- PCI --- */

static void test_identity(void)
{
    struct rig rig;

    start(&rig);
    g_assert_cmphex(config_read(&rig, 0x00, 4), ==, 0x10091AF4);
    g_assert_cmphex(config_read(&rig, 0x08, 4), ==, 0x00FF0000);
    g_assert_cmphex(config_read(&rig, 0x2C, 4), ==, 0x002A1AF4);
    g_assert_cmphex(config_read(&rig, 0x3D, 1), ==, 1);
    g_assert_cmphex(config_read(&rig, 0x10, 4), ==, LEGACY_BAR | 1);
    g_assert_cmphex(config_read(&rig, 0x14, 4), ==, MSIX_BAR);
    g_assert_cmphex(config_read(&rig, 0x20, 4), ==, MODERN_BAR | 0xC); /* 64 bits, prefetchable */
    finish(&rig);

    start_type(&rig, &modern_type);
    g_assert_cmphex(config_read(&rig, 0x00, 4), ==, 0x10501AF4);
    g_assert_cmphex(config_read(&rig, 0x08, 1), ==, 1);
    g_assert_cmphex(config_read(&rig, 0x2C, 4), ==, 0x11001AF4);
    g_assert_cmphex(config_read(&rig, 0x10, 4), ==, 0);
    finish(&rig);
}

static void test_capabilities(void)
{
    static const struct {
        uint8_t type, length, bar;
        uint32_t offset;
    } expected[] = {{1, 16, 4, 0}, {3, 16, 4, 0x1000}, {4, 16, 4, 0x2000}, {2, 20, 4, 0x3000}, {5, 20, 0, 0}};
    struct rig rig;
    unsigned at;

    start(&rig);
    at = config_read(&rig, 0x34, 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmphex(config_read(&rig, at, 1), ==, 0x09);
        g_assert_cmpuint(config_read(&rig, at + 2, 1), ==, expected[i].length);
        g_assert_cmpuint(config_read(&rig, at + 3, 1), ==, expected[i].type);
        g_assert_cmpuint(config_read(&rig, at + 4, 1), ==, expected[i].bar);
        g_assert_cmphex(config_read(&rig, at + 8, 4), ==, expected[i].offset);
        g_assert_cmphex(config_read(&rig, at + 12, 4), ==, expected[i].type == 5 ? 0 : 0x1000);
        if (expected[i].type == 2)
            g_assert_cmpuint(config_read(&rig, at + 16, 4), ==, 4);
        at = config_read(&rig, at + 1, 1);
    }
    g_assert_cmphex(config_read(&rig, at, 1), ==, 0x11); /* MSI-X: two queues and the configuration, in BAR 1 */
    g_assert_cmphex(config_read(&rig, at + 2, 2), ==, 2);
    g_assert_cmphex(config_read(&rig, at + 4, 4), ==, 1);
    g_assert_cmphex(config_read(&rig, at + 8, 4), ==, 0x801);
    g_assert_cmphex(config_read(&rig, at + 1, 1), ==, 0);
    finish(&rig);
}

/* The fifth capability reads and writes the structures without the BAR. */
static void test_access_capability(void)
{
    struct rig rig;
    unsigned at, notes;

    start(&rig);
    bring_up(&rig, 0, 1, 16);
    at = config_read(&rig, 0x34, 1);
    while (config_read(&rig, at + 3, 1) != 5)
        at = config_read(&rig, at + 1, 1);
    config_write(&rig, at + 4, 1, 4);
    config_write(&rig, at + 8, 4, VIRTIO_DEVICE_STATUS);
    config_write(&rig, at + 12, 4, 1);
    g_assert_cmphex(config_read(&rig, at + 16, 1), ==, ALIVE);
    config_write(&rig, at + 16, 1, 0);
    g_assert_cmphex(status(&rig), ==, 0);

    config_write(&rig, at + 8, 4, CONFIG_PAGE);
    config_write(&rig, at + 12, 4, 4);
    g_assert_cmphex(config_read(&rig, at + 16, 4), ==, 0x44332211);

    notes = rig.notes;
    config_write(&rig, at + 8, 4, 0x4000); /* behind the BAR's end */
    config_read(&rig, at + 16, 4);
    g_assert_cmpuint(rig.notes, ==, notes + 1);
    config_write(&rig, at + 8, 4, VIRTIO_DRIVER_FEATURE_SELECT);
    config_write(&rig, at + 12, 4, 3);
    config_write(&rig, at + 16, 4, 1);
    g_assert_cmphex(reg(&rig, VIRTIO_DRIVER_FEATURE_SELECT, 4), ==, 0);
    config_write(&rig, at + 8, 4, VIRTIO_QUEUE_SIZE);
    config_write(&rig, at + 12, 4, 4);
    config_write(&rig, at + 16, 2, 4); /* the width is not the one that was announced */
    g_assert_cmpuint(reg(&rig, VIRTIO_QUEUE_SIZE, 2), ==, 16);
    finish(&rig);
}

/* --- registers --- */

static void test_common(void)
{
    struct rig rig;

    start(&rig);
    g_assert_cmphex(status(&rig), ==, 0);
    g_assert_cmpuint(reg(&rig, VIRTIO_NUM_QUEUES, 2), ==, 2);
    g_assert_cmphex(reg(&rig, VIRTIO_CONFIG_VECTOR, 2), ==, 0xFFFF);
    g_assert_cmphex(offered(&rig), ==, 0x130000008);
    reg_write(&rig, VIRTIO_DEVICE_FEATURE_SELECT, 4, 2);
    g_assert_cmphex(reg(&rig, VIRTIO_DEVICE_FEATURE, 4), ==, 0);
    g_assert_cmpuint(reg(&rig, VIRTIO_QUEUE_SIZE, 2), ==, 16);
    reg_write(&rig, VIRTIO_QUEUE_SELECT, 2, 1);
    g_assert_cmpuint(reg(&rig, VIRTIO_QUEUE_SIZE, 2), ==, 8);
    g_assert_cmpuint(reg(&rig, VIRTIO_QUEUE_NOTIFY_OFF, 2), ==, 1);
    g_assert_cmphex(reg(&rig, VIRTIO_QUEUE_VECTOR, 2), ==, 0xFFFF);
    reg_write(&rig, VIRTIO_QUEUE_DRIVER, 8, 0x1122334455667788);
    g_assert_cmphex(reg(&rig, VIRTIO_QUEUE_DRIVER, 8), ==, 0x1122334455667788);
    g_assert_cmphex(reg(&rig, VIRTIO_QUEUE_DESC, 8), ==, 0);

    reg_write(&rig, VIRTIO_QUEUE_SELECT, 2, 2); /* there is none */
    g_assert_cmphex(reg(&rig, VIRTIO_QUEUE_SELECT, 2), ==, 2);
    g_assert_cmpuint(reg(&rig, VIRTIO_QUEUE_SIZE, 2), ==, 0);
    g_assert_cmphex(reg(&rig, VIRTIO_QUEUE_VECTOR, 2), ==, 0xFFFF);
    g_assert_cmpuint(rig.notes, ==, 0);
    reg_write(&rig, VIRTIO_QUEUE_ENABLE, 2, 1);
    g_assert_cmpuint(rig.notes, ==, 1);

    /* Only the natural width writes, and queue sizes are powers of two up to the device's. */
    reg_write(&rig, VIRTIO_QUEUE_SELECT, 2, 0);
    reg_write(&rig, VIRTIO_QUEUE_SIZE, 1, 4);
    g_assert_cmpuint(reg(&rig, VIRTIO_QUEUE_SIZE, 2), ==, 16);
    reg_write(&rig, VIRTIO_QUEUE_SIZE, 2, 12);
    reg_write(&rig, VIRTIO_QUEUE_SIZE, 2, 32);
    reg_write(&rig, VIRTIO_QUEUE_SIZE, 2, 0);
    g_assert_cmpuint(reg(&rig, VIRTIO_QUEUE_SIZE, 2), ==, 16);
    reg_write(&rig, VIRTIO_QUEUE_SIZE, 2, 4);
    g_assert_cmpuint(reg(&rig, VIRTIO_QUEUE_SIZE, 2), ==, 4);
    g_assert_cmphex(reg(&rig, VIRTIO_COMMON_SIZE, 4), ==, 0);
    finish(&rig);
}

/* What MSI-X vectors are told is kept while MSI-X is off; those that are not there read back as none. */
static void test_vectors(void)
{
    struct rig rig;

    start(&rig);
    reg_write(&rig, VIRTIO_QUEUE_VECTOR, 2, 0);
    g_assert_cmphex(reg(&rig, VIRTIO_QUEUE_VECTOR, 2), ==, 0);
    reg_write(&rig, VIRTIO_QUEUE_VECTOR, 2, 2);
    g_assert_cmphex(reg(&rig, VIRTIO_QUEUE_VECTOR, 2), ==, 2);
    reg_write(&rig, VIRTIO_QUEUE_VECTOR, 2, 3);
    g_assert_cmphex(reg(&rig, VIRTIO_QUEUE_VECTOR, 2), ==, 0xFFFF);
    reg_write(&rig, VIRTIO_CONFIG_VECTOR, 2, 1);
    g_assert_cmphex(reg(&rig, VIRTIO_CONFIG_VECTOR, 2), ==, 1);
    reg_write(&rig, VIRTIO_CONFIG_VECTOR, 2, 0x1000);
    g_assert_cmphex(reg(&rig, VIRTIO_CONFIG_VECTOR, 2), ==, 0xFFFF);
    finish(&rig);
}

static void test_status(void)
{
    struct rig rig;
    struct echo *echo = start(&rig);
    unsigned resets = echo->resets;

    reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 1);
    reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 3);
    accept_features(&rig, VERSION_1 | EVENT_IDX);
    g_assert_cmphex(reg(&rig, VIRTIO_DRIVER_FEATURE, 4), ==, 1); /* reads back */
    reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 0xB);
    g_assert_cmphex(status(&rig), ==, 0xB);
    g_assert_cmpuint(rig.notes, ==, 0);
    accept_features(&rig, VERSION_1); /* too late */
    g_assert_cmpuint(rig.notes, ==, 1);
    reg_write(&rig, VIRTIO_DRIVER_FEATURE_SELECT, 4, 0);
    g_assert_cmphex(reg(&rig, VIRTIO_DRIVER_FEATURE, 4), ==, EVENT_IDX);
    reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 0x4); /* bits are cleared by a reset only */
    g_assert_cmphex(status(&rig), ==, 0xF);
    g_assert_cmpuint(rig.notes, ==, 2);
    reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 0xCF); /* FAILED is the driver's, NEEDS_RESET is not */
    g_assert_cmphex(status(&rig), ==, 0x8F);
    g_assert_cmpuint(echo->resets, ==, resets);
    reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 0);
    g_assert_cmphex(status(&rig), ==, 0);
    g_assert_cmpuint(echo->resets, ==, resets + 1);
    g_assert_cmphex(reg(&rig, VIRTIO_DRIVER_FEATURE, 4), ==, 0);
    finish(&rig);
}

static void test_features_refused(void)
{
    static const uint64_t refused[] = {0, EVENT_IDX, VERSION_1 | 1, VERSION_1 | UINT64_C(1) << 34};
    struct rig rig;

    start(&rig);
    for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++) {
        reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 0);
        reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 3);
        accept_features(&rig, refused[i]);
        reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 0xB);
        g_assert_cmphex(status(&rig), ==, 3);
        reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 0x7); /* and without FEATURES_OK there is no DRIVER_OK */
        g_assert_cmphex(status(&rig), ==, 3);
    }
    accept_features(&rig, VERSION_1 | 8);
    reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 0xB);
    g_assert_cmphex(status(&rig), ==, 0xB);
    finish(&rig);
}

static void test_device_config(void)
{
    struct rig rig;
    struct echo *echo = start(&rig);
    unsigned generation;

    g_assert_cmphex(reg(&rig, CONFIG_PAGE, 8), ==, 0x8877665544332211);
    g_assert_cmphex(reg(&rig, CONFIG_PAGE + 3, 2), ==, 0x5544);
    g_assert_cmphex(reg(&rig, CONFIG_PAGE + 6, 4), ==, 0x8877);
    g_assert_cmphex(reg(&rig, CONFIG_PAGE + 8, 4), ==, 0);
    for (unsigned offset = 8; offset < 0x1000; offset += 8)
        g_assert_cmphex(reg(&rig, CONFIG_PAGE + offset, 8), ==, 0);
    reg_write(&rig, CONFIG_PAGE + 4, 2, 0xABCD);
    g_assert_cmphex(echo->config_value, ==, 0xABCD42);
    reg_write(&rig, CONFIG_PAGE + 8, 1, 1);
    g_assert_cmphex(echo->config_value, ==, 0xABCD42);
    g_assert_cmpuint(rig.notes, ==, 1);

    /* A change by the device: another generation; told only to a driver that is ready. */
    generation = (unsigned)reg(&rig, VIRTIO_CONFIG_GENERATION, 1);
    virtio_config_changed(&echo->virtio);
    g_assert_cmpuint(reg(&rig, VIRTIO_CONFIG_GENERATION, 1), !=, generation);
    g_assert_cmphex(take_isr(&rig), ==, 0);
    bring_up(&rig, 0, 1, 16);
    virtio_config_changed(&echo->virtio);
    g_assert_true(rig.line[2]);
    g_assert_cmphex(take_isr(&rig), ==, VIRTIO_ISR_CONFIG);
    g_assert_false(rig.line[2]);
    finish(&rig);
}

/* --- queues --- */

/* Each queue has a message of its own, changes another; no INTx, and no queue bit in the ISR status. */
static void test_messages(void)
{
    struct rig rig;
    struct echo *echo = start(&rig);

    enable_msix(&rig, 3);
    bring_up(&rig, 0, 2, 8);
    for (unsigned i = 0; i < 2; i++) {
        reg_write(&rig, VIRTIO_QUEUE_SELECT, 2, i);
        reg_write(&rig, VIRTIO_QUEUE_VECTOR, 2, i + 1);
    }
    reg_write(&rig, VIRTIO_CONFIG_VECTOR, 2, 0);
    for (unsigned i = 0; i < 2; i++) {
        put_descriptor(&rig, i, 0, DATA, 8, WRITE, 0);
        make_available(&rig, i, 0);
        notify(&rig, i);
        g_assert_cmpuint(rig.messages, ==, i + 1);
        g_assert_cmphex(rig.last_message, ==, 0x41 + i);
    }
    g_assert_cmphex(take_isr(&rig), ==, 0);
    virtio_config_changed(&echo->virtio);
    g_assert_cmpuint(rig.messages, ==, 3);
    g_assert_cmphex(rig.last_message, ==, 0x40);
    g_assert_false(rig.line[2]);
    g_assert_cmphex(config_read(&rig, 6, 2) & 8, ==, 0); /* Interrupt Status is of INTx */

    reg_write(&rig, VIRTIO_QUEUE_VECTOR, 2, VIRTIO_NO_VECTOR); /* of queue 1 */
    make_available(&rig, 1, 0);
    notify(&rig, 1);
    g_assert_cmpuint(used_index(&rig, 1), ==, 2);
    g_assert_cmpuint(rig.messages, ==, 3);
    finish(&rig);
}

/* What was told by INTx is still to be told when MSI-X is switched off again. */
static void test_switch(void)
{
    struct rig rig;
    unsigned at;

    start(&rig);
    bring_up(&rig, 0, 1, 16);
    put_echo(&rig, 0, 1);
    make_available(&rig, 0, 0);
    notify(&rig, 0);
    g_assert_true(rig.line[2]);
    g_assert_cmphex(config_read(&rig, 6, 2) & 8, ==, 8);
    enable_msix(&rig, 3);
    g_assert_false(rig.line[2]);
    g_assert_cmphex(config_read(&rig, 6, 2) & 8, ==, 0);
    at = config_read(&rig, 0x34, 1);
    while (config_read(&rig, at, 1) != 0x11)
        at = config_read(&rig, at + 1, 1);
    config_write(&rig, at + 2, 2, 0);
    g_assert_true(rig.line[2]);
    g_assert_cmphex(take_isr(&rig), ==, 1);
    g_assert_false(rig.line[2]);
    finish(&rig);
}

static void test_not_ready(void)
{
    struct rig rig;
    struct echo *echo = start(&rig);

    echo->hold = true;
    reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 3);
    accept_features(&rig, VERSION_1);
    reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 0xB);
    setup_queue(&rig, 0, 16);
    put_echo(&rig, 0, 4);
    make_available(&rig, 0, 0);
    notify(&rig, 0); /* before DRIVER_OK the device takes nothing */
    g_assert_cmpuint(used_index(&rig, 0), ==, 0);
    g_assert_cmpuint(rig.notes, ==, 1);
    reg_write(&rig, VIRTIO_DEVICE_STATUS, 1, 0xF);
    g_assert_cmpuint(used_index(&rig, 0), ==, 1);

    notify(&rig, 1);                        /* a queue that is not enabled */
    reg_write(&rig, NOTIFY_PAGE + 8, 2, 2); /* and one that is not there */
    make_available(&rig, 0, 0);
    reg_write(&rig, NOTIFY_PAGE + 2, 2, 0);
    g_assert_cmpuint(used_index(&rig, 0), ==, 1);
    g_assert_cmpuint(rig.notes, ==, 2);
    g_assert_cmphex(status(&rig), ==, ALIVE);

    /* An enabled queue stays as it is. */
    reg_write(&rig, VIRTIO_QUEUE_SELECT, 2, 0);
    reg_write(&rig, VIRTIO_QUEUE_DESC, 8, 0x5000);
    reg_write(&rig, VIRTIO_QUEUE_SIZE, 2, 2);
    g_assert_cmphex(reg(&rig, VIRTIO_QUEUE_DESC, 8), ==, ring(0));
    g_assert_cmphex(reg(&rig, VIRTIO_QUEUE_SIZE, 2), ==, 16);

    /* What was held back is there when the device looks again. */
    setup_queue(&rig, 1, 8);
    put_descriptor(&rig, 1, 0, DATA, 8, WRITE, 0);
    make_available(&rig, 1, 0);
    notify(&rig, 1);
    g_assert_cmpuint(used_index(&rig, 1), ==, 0);
    echo->hold = false;
    virtio_run(&echo->virtio, 1);
    g_assert_cmpuint(used_index(&rig, 1), ==, 1);
    finish(&rig);
}

/* A message that is addressed to the device's own registers. */
static void message_home(void *opaque, uint8_t devfn, uint64_t address, uint32_t data)
{
    struct rig *rig = opaque;

    rig->messages++;
    memory_io_write(ram(rig), MEMORY_SPACE_PHYSICAL, address, 4, data);
}

static void test_own_message(void)
{
    struct pci_bus_config config = {.message = message_home};
    struct rig rig;

    start(&rig);
    enable_msix(&rig, 1);
    bring_up(&rig, 0, 1, 16);
    config.opaque = &rig;
    pci_bus_set_config(rig.bus, &config);
    memory_io_write(ram(&rig), MEMORY_SPACE_PHYSICAL, MSIX_BAR, 4, (uint32_t)MODERN_BAR + NOTIFY_PAGE);
    memory_io_write(ram(&rig), MEMORY_SPACE_PHYSICAL, MSIX_BAR + 8, 4, 0);
    reg_write(&rig, VIRTIO_QUEUE_VECTOR, 2, 0);
    put_echo(&rig, 0, 4);
    make_available(&rig, 0, 0);
    notify(&rig, 0);
    g_assert_cmpuint(rig.messages, ==, 1);
    g_assert_cmpuint(rig.notes, ==, 1);
    g_assert_cmpuint(used_index(&rig, 0), ==, 1);
    finish(&rig);
}

/* --- the legacy interface --- */

static void legacy_bring_up(struct rig *rig, uint32_t features, uint32_t page)
{
    out8(rig->machine, LEGACY_BAR + VIRTIO_LEGACY_STATUS, 0);
    out8(rig->machine, LEGACY_BAR + VIRTIO_LEGACY_STATUS, 3);
    out32(rig->machine, LEGACY_BAR + VIRTIO_LEGACY_DRIVER_FEATURES, features);
    out16(rig->machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_SELECT, 0);
    out32(rig->machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_ADDRESS, page);
}

static void test_legacy(void)
{
    const uint64_t queue = 0x20000, available = queue + 16 * 16, used = queue + 0x1000;
    struct rig rig;

    start(&rig);
    g_assert_cmphex(in32(rig.machine, LEGACY_BAR), ==, 0x38000008);
    g_assert_cmpuint(in16(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_SIZE), ==, 16);
    g_assert_cmphex(in32(rig.machine, LEGACY_BAR + 20), ==, 0x44332211);
    out16(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_SELECT, 5);
    g_assert_cmpuint(in16(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_SIZE), ==, 0);
    legacy_bring_up(&rig, 8, queue / 4096);
    g_assert_cmphex(in32(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_ADDRESS), ==, queue / 4096);
    g_assert_cmphex(in32(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_DRIVER_FEATURES), ==, 8);

    /* Such drivers use their queues before DRIVER_OK. */
    memory_write(ram(&rig), DATA, "volta", 5);
    put_descriptor_at(&rig, queue, 0, DATA, 5, NEXT, 1);
    put_descriptor_at(&rig, queue, 1, DATA + 0x1000, 5, WRITE, 0);
    memory_write16(ram(&rig), available + 2, 1);
    out16(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_NOTIFY, 0);
    g_assert_cmpuint(memory_read16(ram(&rig), used + 2), ==, 1);
    g_assert_cmpuint(memory_read32(ram(&rig), used + 8), ==, 5);
    assert_data(&rig, DATA + 0x1000, "volta", 5);
    g_assert_true(rig.line[2]);
    g_assert_cmphex(in8(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_ISR), ==, 1);
    g_assert_false(rig.line[2]);
    out8(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_STATUS, 7);
    g_assert_cmphex(in8(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_STATUS), ==, 7);

    /* Page 0 takes the queue away. */
    g_assert_cmpuint(rig.notes, ==, 0);
    out32(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_ADDRESS, 0);
    memory_write16(ram(&rig), available + 2, 2);
    out16(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_NOTIFY, 0);
    g_assert_cmpuint(memory_read16(ram(&rig), used + 2), ==, 1);

    memory_set(ram(&rig), available, 0, 0x2000 - 16 * 16); /* and another brings it back, empty */
    out32(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_ADDRESS, queue / 4096);
    memory_write16(ram(&rig), available + 2, 1);
    out16(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_NOTIFY, 0);
    g_assert_cmpuint(memory_read16(ram(&rig), used + 2), ==, 1);
    g_assert_cmphex(in8(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_ISR), ==, 1);

    /* Registers of MSI-X are there while it is on, and move the configuration. */
    enable_msix(&rig, 3);
    g_assert_cmphex(in32(rig.machine, LEGACY_BAR + 24), ==, 0x44332211);
    out16(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_VECTOR, 1);
    out16(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_CONFIG_VECTOR, 7);
    g_assert_cmphex(in16(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_VECTOR), ==, 1);
    g_assert_cmphex(in16(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_CONFIG_VECTOR), ==, 0xFFFF);

    g_assert_cmpuint(rig.notes, ==, 0);
    out8(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_QUEUE_NOTIFY, 0); /* the width is wrong */
    out32(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_DRIVER_FEATURES, 0x81);
    g_assert_cmphex(in32(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_DRIVER_FEATURES), ==, 0);
    g_assert_cmpuint(rig.notes, ==, 2);
    out8(rig.machine, LEGACY_BAR + VIRTIO_LEGACY_STATUS, 0);
    g_assert_cmphex(status(&rig), ==, 0);
    bring_up(&rig, 0, 1, 16); /* a modern driver follows */
    finish(&rig);
}

/* --- state --- */

static void test_state(void)
{
    struct rig rig, other;
    struct echo *echo = start(&rig);

    start(&other);
    echo->hold = true;
    enable_msix(&rig, 2);
    bring_up(&rig, EVENT_IDX, 2, 8);
    virtio_config_changed(&echo->virtio);
    reg_write(&rig, VIRTIO_QUEUE_VECTOR, 2, 1); /* of queue 1 */
    put_descriptor(&rig, 1, 0, DATA, 8, WRITE, 0);
    make_available(&rig, 1, 0);
    notify(&rig, 1);
    test_copy_state(rig.machine, other.machine);
    /* The other machine goes on where this one was. */
    g_assert_cmphex(status(&other), ==, ALIVE);
    g_assert_cmphex(take_isr(&other), ==, VIRTIO_ISR_CONFIG);
    notify(&other, 1);
    g_assert_cmpuint(memory_read16(ram(&other), ring(1) + USED + 2), ==, 1);
    g_assert_cmpuint(other.messages, ==, 1);
    g_assert_cmphex(other.last_message, ==, 0x41);
    finish(&rig);
    finish(&other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio/identity", test_identity);
    g_test_add_func("/virtio/capabilities", test_capabilities);
    g_test_add_func("/virtio/access-capability", test_access_capability);
    g_test_add_func("/virtio/common", test_common);
    g_test_add_func("/virtio/vectors", test_vectors);
    g_test_add_func("/virtio/status", test_status);
    g_test_add_func("/virtio/features-refused", test_features_refused);
    g_test_add_func("/virtio/device-config", test_device_config);
    g_test_add_func("/virtio/messages", test_messages);
    g_test_add_func("/virtio/switch", test_switch);
    g_test_add_func("/virtio/not-ready", test_not_ready);
    g_test_add_func("/virtio/own-message", test_own_message);
    g_test_add_func("/virtio/legacy", test_legacy);
    g_test_add_func("/virtio/state", test_state);
    return g_test_run();
}
