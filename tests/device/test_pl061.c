/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/platform/pl061.h"

#include "devices/platform/power_key.h"
#include "tests/device/fixture.h"

#define BASE 0x09030000

enum {
    DATA = 0x3FC, /* all pins */
    DIRECTION = 0x400,
    IS = 0x404,
    IBE = 0x408,
    IEV = 0x40C,
    IE = 0x410,
    RIS = 0x414,
    MIS = 0x418,
    IC = 0x41C,
    AFSEL = 0x420,
};

struct fixture {
    struct machine *machine;
    struct pl061 *gpio;
    struct test_line irq;
};

static void make(struct fixture *f)
{
    f->machine = test_machine();
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
    struct irq_line irq = test_irq(&f->irq);
    f->gpio = pl061_new(f->machine, BASE, &irq);
    struct irq_line key = pl061_line(f->gpio, 3);
    power_key_new(f->machine, &key);
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    make(f);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

static uint32_t get(struct fixture *f, unsigned offset)
{
    return (uint32_t)memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 4);
}

static void put(struct fixture *f, unsigned offset, uint32_t value)
{
    memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 4, value);
}

static void pin(struct fixture *f, unsigned number, bool level)
{
    struct irq_line line = pl061_line(f->gpio, number);

    irq_set(&line, level);
}

static void test_data(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(get(f, 0xFE0), ==, 0x61);
    g_assert_cmphex(get(f, 0xFFC), ==, 0xB1);
    put(f, DIRECTION, 0xF0);
    put(f, DATA, 0xFF);
    g_assert_cmphex(get(f, DATA), ==, 0xF0);
    put(f, 0x30 << 2, 0);
    g_assert_cmphex(get(f, DATA), ==, 0xC0);
    pin(f, 0, true);
    pin(f, 7, true);
    g_assert_cmphex(get(f, DATA), ==, 0xC1);
    g_assert_cmphex(get(f, 0x81 << 2), ==, 0x81);
    g_assert_cmphex(get(f, 0), ==, 0);
    put(f, DIRECTION, 0x70);
    g_assert_cmphex(get(f, DATA), ==, 0xC1); /* pin 7 from outside now */
    pin(f, 7, false);
    g_assert_cmphex(get(f, DATA), ==, 0x41);
    /* Bytes do, and touch no other register. */
    struct memory *memory = machine_memory(f->machine);
    memory_io_write(memory, MEMORY_SPACE_PHYSICAL, BASE + IEV, 1, 0xA5);
    memory_io_write(memory, MEMORY_SPACE_PHYSICAL, BASE + IEV + 1, 1, 0xFF);
    g_assert_cmphex(memory_io_read(memory, MEMORY_SPACE_PHYSICAL, BASE + IEV, 1), ==, 0xA5);
    g_assert_cmphex(memory_io_read(memory, MEMORY_SPACE_PHYSICAL, BASE + IEV + 1, 1), ==, 0);
    machine_reset(f->machine);
    g_assert_cmphex(get(f, DATA), ==, 0x01); /* what drives pin 0 goes on */
    for (unsigned offset = 0; offset < 0x1000; offset++)
        for (unsigned size = 1; size <= 8; size *= 2) {
            memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, size, UINT64_MAX);
            memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, size);
        }
}

static void test_edges(struct fixture *f, gconstpointer unused)
{
    put(f, IEV, 0x01); /* pin 0 rising, pin 1 falling, pin 2 both */
    put(f, IBE, 0x04);
    put(f, IE, 0x03);
    pin(f, 1, true);
    g_assert_cmphex(get(f, RIS), ==, 0);
    pin(f, 0, true);
    g_assert_cmphex(get(f, RIS), ==, 1);
    g_assert_true(f->irq.level);
    pin(f, 0, false);
    g_assert_true(f->irq.level); /* latched */
    put(f, IC, 1);
    g_assert_false(f->irq.level);
    pin(f, 1, false);
    g_assert_cmphex(get(f, MIS), ==, 2);
    put(f, IC, 2);
    pin(f, 2, true);
    g_assert_cmphex(get(f, RIS), ==, 4);
    g_assert_cmphex(get(f, MIS), ==, 0);
    g_assert_false(f->irq.level);
    put(f, IC, 4);
    pin(f, 2, false);
    g_assert_cmphex(get(f, RIS), ==, 4);
    put(f, IE, 4);
    g_assert_true(f->irq.level);
    pin(f, 2, false); /* no edge */
    put(f, IC, 4);
    g_assert_cmphex(get(f, RIS), ==, 0);
}

static void test_levels(struct fixture *f, gconstpointer unused)
{
    put(f, IS, 0x03);
    put(f, IEV, 0x01);
    g_assert_cmphex(get(f, RIS), ==, 2); /* pin 1 waits for low */
    put(f, IE, 0x01);
    pin(f, 0, true);
    g_assert_true(f->irq.level);
    put(f, IC, 1);
    g_assert_true(f->irq.level); /* a level cannot be cleared */
    pin(f, 0, false);
    g_assert_false(f->irq.level);
}

static void test_power_key(struct fixture *f, gconstpointer unused)
{
    put(f, IBE, 0x08);
    put(f, IE, 0x08);
    test_submit(f->machine, "power-button", "!", 1);
    g_assert_true(f->irq.level);
    g_assert_cmphex(get(f, DATA), ==, 8);
    put(f, IC, 8);
    machine_advance(f->machine, POWER_KEY_HELD_NS - 1);
    g_assert_cmphex(get(f, DATA), ==, 8);
    g_assert_false(f->irq.level);
    machine_advance(f->machine, 1);
    g_assert_cmphex(get(f, DATA), ==, 0);
    g_assert_true(f->irq.level);
    put(f, IC, 8);
    test_submit(f->machine, "power-button", "!", 1);
    machine_reset(f->machine);
    g_assert_cmphex(get(f, DATA), ==, 0);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {0};

    make(&other);
    put(f, DIRECTION, 0x80);
    put(f, DATA, 0x80);
    put(f, IBE, 0x08);
    put(f, IEV, 0x01);
    put(f, IE, 0x09);
    put(f, AFSEL, 0x40);
    pin(f, 0, true);
    pin(f, 0, false);
    test_submit(f->machine, "power-button", "!", 1);
    put(f, IC, 0x08);
    machine_advance(f->machine, POWER_KEY_HELD_NS / 2);
    test_copy_state(f->machine, other.machine);
    g_assert_true(other.irq.level);
    g_assert_cmphex(get(&other, RIS), ==, 0x01);
    g_assert_cmphex(get(&other, DATA), ==, 0x88);
    put(&other, IC, 0xFF);
    g_assert_false(other.irq.level);
    machine_advance(other.machine, POWER_KEY_HELD_NS / 2);
    g_assert_true(other.irq.level);
    g_assert_cmphex(get(&other, RIS), ==, 0x08);
    machine_free(other.machine);
}

#define ADD(path, function) g_test_add("/pl061/" path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("data", test_data);
    ADD("edges", test_edges);
    ADD("levels", test_levels);
    ADD("power-key", test_power_key);
    ADD("state", test_state);
    return g_test_run();
}
