/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Split virtqueues: chains of any form, suppression of notifications, rings that are broken. */
#include "tests/device/virtio_echo.h"

static void test_echo(void)
{
    struct rig rig;

    start(&rig);
    bring_up(&rig, 0, 1, 16);
    memory_write(ram(&rig), DATA, "galvanic", 8);
    put_echo(&rig, 4, 8);
    make_available(&rig, 0, 4);
    g_assert_cmpuint(used_index(&rig, 0), ==, 0);
    notify(&rig, 0);
    g_assert_cmpuint(used_index(&rig, 0), ==, 1);
    assert_used(&rig, 0, 0, 4, 8);
    assert_data(&rig, DATA + 0x10000, "galvanic", 8);

    /* INTA, with its reason in the ISR status, which reading clears. */
    g_assert_true(rig.line[2]);
    g_assert_cmphex(take_isr(&rig), ==, VIRTIO_ISR_QUEUE);
    g_assert_false(rig.line[2]);
    g_assert_cmphex(take_isr(&rig), ==, 0);
    g_assert_cmpuint(rig.messages, ==, 0);
    notify(&rig, 0); /* nothing new: nothing happens */
    g_assert_cmpuint(used_index(&rig, 0), ==, 1);
    g_assert_false(rig.line[2]);
    g_assert_cmpuint(rig.notes, ==, 0);
    finish(&rig);
}

/* Many times around a small ring, several at once and in order. */
static void test_wrap(void)
{
    struct rig rig;

    start(&rig);
    bring_up(&rig, 0, 1, 4);
    for (unsigned turn = 0; turn < 70000; turn += 2) {
        put_echo(&rig, 0, 1 + turn % 100);
        put_echo(&rig, 2, 2 + turn % 100);
        make_available(&rig, 0, 2);
        make_available(&rig, 0, 0);
        notify(&rig, 0);
        g_assert_cmpuint(used_index(&rig, 0), ==, (uint16_t)(turn + 2));
        assert_used(&rig, 0, (uint16_t)turn, 2, 2 + turn % 100);
        assert_used(&rig, 0, (uint16_t)(turn + 1), 0, 1 + turn % 100);
    }
    g_assert_cmphex(status(&rig), ==, ALIVE);
    finish(&rig);
}

/* What is behind a pointer is taken apart at any place. */
static void test_segments(void)
{
    struct rig rig;

    start(&rig);
    bring_up(&rig, 0, 1, 16);
    memory_write(ram(&rig), DATA, "abcdefgh", 8);
    put_descriptor(&rig, 0, 0, DATA, 1, NEXT, 7);
    put_descriptor(&rig, 0, 7, DATA + 5, 0, NEXT, 3); /* nothing at all */
    put_descriptor(&rig, 0, 3, DATA + 1, 5, NEXT, 2);
    put_descriptor(&rig, 0, 2, DATA + 0x1000, 2, NEXT | WRITE, 1);
    put_descriptor(&rig, 0, 1, DATA + 0x2000, 100, WRITE, 9);
    make_available(&rig, 0, 0);
    notify(&rig, 0);
    assert_used(&rig, 0, 0, 0, 6);
    assert_data(&rig, DATA + 0x1000, "ab\0", 3);
    assert_data(&rig, DATA + 0x2000, "cdef\0", 5);

    put_descriptor(&rig, 0, 0, DATA, 0, NEXT | WRITE, 3); /* and nothing has no direction */
    put_descriptor(&rig, 0, 2, DATA + 0x1000, 3, WRITE, 0);
    make_available(&rig, 0, 0);
    notify(&rig, 0);
    assert_used(&rig, 0, 1, 0, 3);
    assert_data(&rig, DATA + 0x1000, "bcd\0", 4);
    finish(&rig);
}

/* A buffer over the border of two RAM regions is one buffer; over the end of the last it is none. */
static void test_border(void)
{
    struct rig rig;

    start(&rig);
    bring_up(&rig, 0, 1, 16);
    g_assert_nonnull(memory_add_ram(ram(&rig), "next", RAM_SIZE, 8192, false, NULL));
    memory_write(ram(&rig), RAM_SIZE - 5000, "border", 6);
    memory_write(ram(&rig), RAM_SIZE + 5000, "crossed", 7);
    put_descriptor(&rig, 0, 0, RAM_SIZE - 5000, 10007, NEXT, 1);
    put_descriptor(&rig, 0, 1, DATA, 10007, WRITE, 0);
    make_available(&rig, 0, 0);
    notify(&rig, 0);
    assert_used(&rig, 0, 0, 0, 10007);
    assert_data(&rig, DATA, "border", 6);
    assert_data(&rig, DATA + 10000, "crossed", 7);
    put_descriptor(&rig, 0, 0, RAM_SIZE - 5000, 5000 + 8193, NEXT, 1);
    make_available(&rig, 0, 0);
    notify(&rig, 0);
    g_assert_cmphex(status(&rig), ==, ALIVE | VIRTIO_STATUS_NEEDS_RESET);
    finish(&rig);
}

static void test_indirect(void)
{
    struct rig rig;

    start(&rig);
    bring_up(&rig, INDIRECT_DESC, 1, 4);
    memory_write(ram(&rig), DATA, "abcdefgh", 8);
    /* A usual descriptor first, then a table that is longer than the ring; WRITE on the table means nothing. */
    put_descriptor(&rig, 0, 3, DATA, 2, NEXT, 1);
    put_descriptor(&rig, 0, 1, TABLE, 6 * 16, INDIRECT | WRITE, 0);
    for (unsigned i = 0; i < 5; i++)
        put_descriptor_at(&rig, TABLE, i, i < 3 ? DATA + 2 + i : DATA + 0x1000 + 3 * i, i < 3 ? 1 : 3,
                          i < 3 ? NEXT : NEXT | WRITE, (uint16_t)(i + 1));
    put_descriptor_at(&rig, TABLE, 5, DATA + 0x2000, 1, WRITE, 0);
    make_available(&rig, 0, 3);
    notify(&rig, 0);
    g_assert_cmphex(status(&rig), ==, ALIVE);
    assert_used(&rig, 0, 0, 3, 5);
    assert_data(&rig, DATA + 0x1000 + 9, "abcde\0", 6);
    finish(&rig);
}

static void test_suppression(void)
{
    struct rig rig;

    start(&rig);
    bring_up(&rig, 0, 1, 16);
    put_echo(&rig, 0, 1);
    memory_write16(ram(&rig), ring(0) + AVAILABLE, 1); /* NO_INTERRUPT */
    make_available(&rig, 0, 0);
    notify(&rig, 0);
    g_assert_cmpuint(used_index(&rig, 0), ==, 1);
    g_assert_cmphex(take_isr(&rig), ==, 0);
    memory_write16(ram(&rig), ring(0) + AVAILABLE, 0);
    make_available(&rig, 0, 0);
    notify(&rig, 0);
    g_assert_cmphex(take_isr(&rig), ==, 1);
    finish(&rig);
}

static void test_event_index(void)
{
    const uint64_t used_event = ring(0) + AVAILABLE + 4 + 2 * 16, available_event = ring(0) + USED + 4 + 8 * 16;
    struct rig rig;

    start(&rig);
    bring_up(&rig, EVENT_IDX, 1, 16);
    put_echo(&rig, 0, 1);
    memory_write16(ram(&rig), ring(0) + AVAILABLE, 1); /* the flag says nothing now */
    make_available(&rig, 0, 0);
    notify(&rig, 0); /* the driver waits for entry 0 */
    g_assert_cmphex(take_isr(&rig), ==, 1);
    g_assert_cmpuint(memory_read16(ram(&rig), available_event), ==, 1);

    memory_write16(ram(&rig), used_event, 3);
    for (unsigned i = 1; i < 6; i++) {
        make_available(&rig, 0, 0);
        notify(&rig, 0);
        g_assert_cmphex(take_isr(&rig), ==, i == 3 ? 1 : 0);
        g_assert_cmpuint(memory_read16(ram(&rig), available_event), ==, i + 1);
    }
    memory_write16(ram(&rig), used_event, 7); /* amid several */
    for (unsigned i = 6; i < 9; i++)
        make_available(&rig, 0, 0);
    notify(&rig, 0);
    g_assert_cmpuint(used_index(&rig, 0), ==, 9);
    g_assert_cmphex(take_isr(&rig), ==, 1);
    finish(&rig);
}

/* --- broken rings --- */

static void loop(struct rig *rig)
{
    put_descriptor(rig, 0, 0, DATA, 8, NEXT, 1);
    put_descriptor(rig, 0, 1, DATA, 8, NEXT, 0);
    make_available(rig, 0, 0);
}

static void empty_loop(struct rig *rig)
{
    put_descriptor(rig, 0, 0, DATA, 0, NEXT, 0);
    make_available(rig, 0, 0);
}

static void next_out_of_range(struct rig *rig)
{
    put_descriptor(rig, 0, 0, DATA, 8, NEXT, 16);
    make_available(rig, 0, 0);
}

static void head_out_of_range(struct rig *rig)
{
    make_available(rig, 0, 16);
}

static void index_too_far(struct rig *rig)
{
    memory_write16(ram(rig), ring(0) + AVAILABLE + 2, 17);
}

static void wrong_direction(struct rig *rig)
{
    put_descriptor(rig, 0, 0, DATA, 8, NEXT | WRITE, 1);
    put_descriptor(rig, 0, 1, DATA, 8, 0, 0);
    make_available(rig, 0, 0);
}

static void no_memory(struct rig *rig)
{
    put_descriptor(rig, 0, 0, RAM_SIZE - 4, 8, WRITE, 0);
    make_available(rig, 0, 0);
}

static void own_registers(struct rig *rig)
{
    put_descriptor(rig, 0, 0, MODERN_BAR, 4, WRITE, 0);
    make_available(rig, 0, 0);
}

static void end_of_space(struct rig *rig)
{
    put_descriptor(rig, 0, 0, UINT64_MAX - 3, 8, WRITE, 0);
    make_available(rig, 0, 0);
}

/* 4 GiB in all, each buffer in RAM. */
static void too_long(struct rig *rig)
{
    g_assert_nonnull(memory_add_ram(ram(rig), "large", 0x40000000, 0x20000000, false, NULL));
    for (unsigned i = 0; i < 8; i++)
        put_descriptor(rig, 0, i, 0x40000000, 0x20000000, WRITE | (i < 7 ? NEXT : 0), (uint16_t)(i + 1));
    make_available(rig, 0, 0);
}

static void indirect_not_negotiated(struct rig *rig)
{
    put_descriptor(rig, 0, 0, TABLE, 16, INDIRECT, 0);
    put_descriptor_at(rig, TABLE, 0, DATA, 8, WRITE, 0);
    make_available(rig, 0, 0);
}

static void indirect_and_next(struct rig *rig)
{
    put_descriptor(rig, 0, 0, TABLE, 16, INDIRECT | NEXT, 1);
    put_descriptor_at(rig, TABLE, 0, DATA, 8, WRITE, 0);
    make_available(rig, 0, 0);
}

static void indirect_nested(struct rig *rig)
{
    put_descriptor(rig, 0, 0, TABLE, 16, INDIRECT, 0);
    put_descriptor_at(rig, TABLE, 0, TABLE, 16, INDIRECT, 0);
    make_available(rig, 0, 0);
}

static void indirect_size(struct rig *rig)
{
    put_descriptor(rig, 0, 0, TABLE, 24, INDIRECT, 0);
    put_descriptor_at(rig, TABLE, 0, DATA, 8, WRITE, 0);
    make_available(rig, 0, 0);
}

static void indirect_empty(struct rig *rig)
{
    put_descriptor(rig, 0, 0, TABLE, 0, INDIRECT, 0);
    make_available(rig, 0, 0);
}

static void indirect_next(struct rig *rig)
{
    put_descriptor(rig, 0, 0, TABLE, 32, INDIRECT, 0);
    put_descriptor_at(rig, TABLE, 0, DATA, 8, NEXT, 2);
    make_available(rig, 0, 0);
}

/* One more descriptor than the queue has entries. */
static void indirect_too_many(struct rig *rig)
{
    put_descriptor(rig, 0, 0, TABLE, 17 * 16, INDIRECT, 0);
    for (unsigned i = 0; i < 17; i++)
        put_descriptor_at(rig, TABLE, i, DATA, 1, WRITE | (i < 16 ? NEXT : 0), (uint16_t)(i + 1));
    make_available(rig, 0, 0);
}

static void indirect_elsewhere(struct rig *rig)
{
    put_descriptor(rig, 0, 0, MODERN_BAR, 16, INDIRECT, 0);
    make_available(rig, 0, 0);
}

static void no_bus_master(struct rig *rig)
{
    put_descriptor(rig, 0, 0, DATA, 8, WRITE, 0);
    make_available(rig, 0, 0);
    config_write(rig, 4, 2, 3);
}

static const struct {
    const char *name;
    void (*prepare)(struct rig *rig);
    uint64_t features;
} broken[] = {
    {"loop", loop, 0},
    {"empty-loop", empty_loop, 0},
    {"next-out-of-range", next_out_of_range, 0},
    {"head-out-of-range", head_out_of_range, 0},
    {"index-too-far", index_too_far, 0},
    {"wrong-direction", wrong_direction, 0},
    {"no-memory", no_memory, 0},
    {"own-registers", own_registers, 0},
    {"end-of-space", end_of_space, 0},
    {"too-long", too_long, 0},
    {"indirect-not-negotiated", indirect_not_negotiated, 0},
    {"indirect-and-next", indirect_and_next, INDIRECT_DESC},
    {"indirect-nested", indirect_nested, INDIRECT_DESC},
    {"indirect-size", indirect_size, INDIRECT_DESC},
    {"indirect-empty", indirect_empty, INDIRECT_DESC},
    {"indirect-next", indirect_next, INDIRECT_DESC},
    {"indirect-too-many", indirect_too_many, INDIRECT_DESC},
    {"indirect-elsewhere", indirect_elsewhere, INDIRECT_DESC},
    {"no-bus-master", no_bus_master, 0},
};

/* The device says once that it needs a reset, uses nothing, and is well again after one. */
static void test_broken(gconstpointer data)
{
    unsigned number = GPOINTER_TO_UINT(data);
    struct rig rig;

    start(&rig);
    bring_up(&rig, broken[number].features, 1, 16);
    broken[number].prepare(&rig);
    notify(&rig, 0);
    g_assert_cmphex(status(&rig), ==, ALIVE | VIRTIO_STATUS_NEEDS_RESET);
    g_assert_cmpuint(used_index(&rig, 0), ==, 0);
    g_assert_cmphex(take_isr(&rig), ==, VIRTIO_ISR_CONFIG);
    g_assert_cmpuint(rig.notes, >=, 1);
    notify(&rig, 0);
    g_assert_cmphex(take_isr(&rig), ==, 0);

    config_write(&rig, 4, 2, 7);
    bring_up(&rig, 0, 1, 16);
    put_echo(&rig, 0, 4);
    make_available(&rig, 0, 0);
    notify(&rig, 0);
    assert_used(&rig, 0, 0, 0, 4);
    finish(&rig);
}

/* Rings that are not in RAM, or not aligned. */
static void test_broken_areas(void)
{
    static const uint64_t areas[][3] = {
        {RAM_SIZE, RINGS + AVAILABLE, RINGS + USED},          {RINGS, MODERN_BAR, RINGS + USED},
        {RINGS, RINGS + AVAILABLE, MODERN_BAR + CONFIG_PAGE}, {RINGS, RINGS + AVAILABLE, UINT64_MAX - 3},
        {RINGS + 8, RINGS + AVAILABLE, RINGS + USED},         {RINGS, RINGS + AVAILABLE + 1, RINGS + USED},
        {RINGS, RINGS + AVAILABLE, RINGS + USED + 2},
    };
    const unsigned aligned = 4; /* of them are */
    struct rig rig;

    start(&rig);
    for (unsigned i = 0; i < G_N_ELEMENTS(areas); i++) {
        bring_up(&rig, 0, 0, 16);
        rig.size[0] = 16;
        rig.available[0] = 0;
        memory_set(ram(&rig), RINGS, 0, RING_STEP);
        reg_write(&rig, VIRTIO_QUEUE_DESC, 8, areas[i][0]);
        reg_write(&rig, VIRTIO_QUEUE_DRIVER, 8, areas[i][1]);
        reg_write(&rig, VIRTIO_QUEUE_DEVICE, 8, areas[i][2]);
        reg_write(&rig, VIRTIO_QUEUE_ENABLE, 2, 1);
        g_assert_cmphex(status(&rig), ==, i < aligned ? ALIVE : ALIVE | VIRTIO_STATUS_NEEDS_RESET);
        put_echo(&rig, 0, 4);
        make_available(&rig, 0, 0);
        notify(&rig, 0);
        g_assert_cmphex(status(&rig), ==, ALIVE | VIRTIO_STATUS_NEEDS_RESET);
    }
    finish(&rig);
}

/* A chain may say 4 GiB less a byte, over and over: one notification moves no more than a share, the rest follows. */
static void test_long_run(void)
{
    struct rig rig;

    start(&rig);
    bring_up(&rig, 0, 1, 16);
    /* 15 x 2 MiB in a chain, 16 chains. */
    for (unsigned i = 0; i < 16; i++)
        put_descriptor(&rig, 0, i, 0x200000, 0x200000, WRITE | (i < 15 ? NEXT : 0), (uint16_t)(i + 1));
    for (unsigned i = 0; i < 16; i++)
        make_available(&rig, 0, 0);
    notify(&rig, 0);
    g_assert_cmpuint(used_index(&rig, 0), ==, 8);
    g_assert_cmphex(take_isr(&rig), ==, 1);
    machine_advance(rig.machine, 1);
    g_assert_cmpuint(used_index(&rig, 0), ==, 16);
    g_assert_cmphex(take_isr(&rig), ==, 1);
    machine_advance(rig.machine, 1000);
    g_assert_cmpuint(used_index(&rig, 0), ==, 16);
    finish(&rig);
}

/* In the midst of a run that was cut short. */
static void test_state_of_long_run(void)
{
    struct rig rig, other;

    start(&rig);
    start(&other);
    bring_up(&rig, 0, 1, 16);
    for (unsigned i = 0; i < 16; i++)
        put_descriptor(&rig, 0, i, 0x200000, 0x200000, WRITE | (i < 15 ? NEXT : 0), (uint16_t)(i + 1));
    for (unsigned i = 0; i < 10; i++)
        make_available(&rig, 0, 0);
    notify(&rig, 0);
    g_assert_cmpuint(used_index(&rig, 0), ==, 8);
    test_copy_state(rig.machine, other.machine);
    machine_advance(other.machine, 1);
    g_assert_cmpuint(used_index(&other, 0), ==, 10);
    finish(&rig);
    finish(&other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtqueue/echo", test_echo);
    g_test_add_func("/virtqueue/wrap", test_wrap);
    g_test_add_func("/virtqueue/segments", test_segments);
    g_test_add_func("/virtqueue/border", test_border);
    g_test_add_func("/virtqueue/indirect", test_indirect);
    g_test_add_func("/virtqueue/suppression", test_suppression);
    g_test_add_func("/virtqueue/event-index", test_event_index);
    for (unsigned i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autofree char *name = g_strdup_printf("/virtqueue/broken/%s", broken[i].name);
        g_test_add_data_func(name, GUINT_TO_POINTER(i), test_broken);
    }
    g_test_add_func("/virtqueue/broken-areas", test_broken_areas);
    g_test_add_func("/virtqueue/long-run", test_long_run);
    g_test_add_func("/virtqueue/state-of-long-run", test_state_of_long_run);
    return g_test_run();
}
