/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/timer/pl031.h"

#include "tests/device/fixture.h"

#define BASE 0x09010000
#define START 1767225600 /* the calendar of test_machine() */

enum { DR = 0x00, MR = 0x04, LR = 0x08, CR = 0x0C, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1C };

struct fixture {
    struct machine *machine;
    struct test_line irq;
};

static void make(struct fixture *f)
{
    f->machine = test_machine();
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
    struct irq_line irq = test_irq(&f->irq);
    pl031_new(f->machine, BASE, &irq);
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

static void pass(struct fixture *f, int64_t milliseconds)
{
    machine_advance(f->machine, milliseconds * 1000000);
}

static void test_counter(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(get(f, 0xFE0), ==, 0x31);
    g_assert_cmphex(get(f, 0xFFC), ==, 0xB1);
    g_assert_cmpuint(get(f, CR), ==, 1);
    g_assert_cmpuint(get(f, DR), ==, START);
    pass(f, 999);
    g_assert_cmpuint(get(f, DR), ==, START);
    pass(f, 1);
    g_assert_cmpuint(get(f, DR), ==, START + 1);
    pass(f, 500);
    put(f, LR, 1000);
    g_assert_cmpuint(get(f, LR), ==, 1000);
    pass(f, 999);
    g_assert_cmpuint(get(f, DR), ==, 1000);
    pass(f, 1);
    g_assert_cmpuint(get(f, DR), ==, 1001);
    put(f, CR, 0);
    pass(f, 1000);
    g_assert_cmpuint(get(f, DR), ==, 1002);
    machine_reset(f->machine); /* there is a battery */
    g_assert_cmpuint(get(f, DR), ==, 1002);
    put(f, LR, 0xFFFFFFFF);
    pass(f, 2000);
    g_assert_cmpuint(get(f, DR), ==, 1);
}

static void test_alarm(struct fixture *f, gconstpointer unused)
{
    put(f, MR, START + 3);
    put(f, IMSC, 1);
    pass(f, 2999);
    g_assert_false(f->irq.level);
    pass(f, 1);
    g_assert_true(f->irq.level);
    g_assert_cmpuint(get(f, MIS), ==, 1);
    put(f, IMSC, 0);
    g_assert_false(f->irq.level);
    g_assert_cmpuint(get(f, RIS), ==, 1);
    g_assert_cmpuint(get(f, MIS), ==, 0);
    put(f, ICR, 1);
    g_assert_cmpuint(get(f, RIS), ==, 0);
    /* Found by whoever looks, without an interrupt. */
    put(f, MR, START + 5);
    pass(f, 1999);
    g_assert_cmpuint(get(f, RIS), ==, 0);
    pass(f, 10001);
    g_assert_cmpuint(get(f, RIS), ==, 1);
    put(f, ICR, 1);
    /* At once, when it is that second already, or when the counter is set to it. */
    put(f, MR, get(f, DR));
    g_assert_cmpuint(get(f, RIS), ==, 1);
    put(f, ICR, 1);
    put(f, MR, 77);
    put(f, LR, 77);
    g_assert_cmpuint(get(f, RIS), ==, 1);
    /* One in the past is as far away as can be: nothing keeps the machine awake for it but the timer. */
    put(f, ICR, 1);
    put(f, MR, 76);
    put(f, IMSC, 1);
    pass(f, 4294967294 * 1000);
    g_assert_false(f->irq.level);
    pass(f, 1000);
    g_assert_true(f->irq.level);
}

/* An alarm that nobody waits for does not wake a machine. */
static void test_idle(struct fixture *f, gconstpointer unused)
{
    g_assert_cmpint(clock_next_deadline(machine_clock(f->machine)), ==, CLOCK_NEVER);
    put(f, MR, START + 10);
    g_assert_cmpint(clock_next_deadline(machine_clock(f->machine)), ==, CLOCK_NEVER);
    put(f, IMSC, 1);
    g_assert_cmpint(clock_next_deadline(machine_clock(f->machine)), ==, 10 * NANOSECONDS_PER_SECOND);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {0};

    make(&other);
    pass(f, 1500);
    put(f, LR, 5000);
    put(f, MR, 5002);
    put(f, IMSC, 1);
    pass(f, 1500);
    test_copy_state(f->machine, other.machine);
    g_assert_cmpuint(get(&other, DR), ==, 5001);
    pass(&other, 499);
    g_assert_false(other.irq.level);
    pass(&other, 1);
    g_assert_true(other.irq.level);
    struct fixture third = {0};
    make(&third);
    test_copy_state(other.machine, third.machine);
    g_assert_true(third.irq.level);
    machine_free(third.machine);
    machine_free(other.machine);
}

#define ADD(path, function) g_test_add("/pl031/" path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("counter", test_counter);
    ADD("alarm", test_alarm);
    ADD("idle", test_idle);
    ADD("state", test_state);
    return g_test_run();
}
