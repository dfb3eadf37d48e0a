/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/intc/i8259.h"

#include "tests/device/fixture.h"

enum { MASTER = 0x20, MASTER_DATA, SLAVE = 0xa0, SLAVE_DATA, ELCR1 = 0x4d0, ELCR2 };

struct fixture {
    struct machine *machine;
    struct i8259 *pic;
    struct test_line intr;
    unsigned notes;
};

#define OUT(port, value) out8(f->machine, port, value)
#define IN(port) in8(f->machine, port)

static void initialize(struct fixture *f, uint8_t icw4)
{
    OUT(MASTER, 0x11);
    OUT(SLAVE, 0x11);
    OUT(MASTER_DATA, 0x20);
    OUT(SLAVE_DATA, 0x28);
    OUT(MASTER_DATA, 4);
    OUT(SLAVE_DATA, 2);
    OUT(MASTER_DATA, icw4);
    OUT(SLAVE_DATA, icw4);
    OUT(MASTER_DATA, 0);
    OUT(SLAVE_DATA, 0);
}

static void count_note(void *opaque, const char *text)
{
    (*(unsigned *)opaque)++;
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    struct irq_line intr = test_irq(&f->intr);

    f->machine = test_machine();
    machine_set_note_handler(f->machine, count_note, &f->notes);
    f->pic = i8259_new(f->machine, &intr);
    initialize(f, 1);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

static void line(struct fixture *f, unsigned irq, bool level)
{
    struct irq_line input = i8259_line(f->pic, irq);

    irq_set(&input, level);
}

static uint8_t irr(struct fixture *f, uint16_t port)
{
    OUT(port, 0x0a);
    return IN(port);
}

static uint8_t isr(struct fixture *f, uint16_t port)
{
    OUT(port, 0x0b);
    return IN(port);
}

#define ACKNOWLEDGES(vector) g_assert_cmphex(i8259_acknowledge(f->pic), ==, vector)

static void test_edge(struct fixture *f, gconstpointer unused)
{
    line(f, 4, true);
    g_assert_true(f->intr.level);
    g_assert_cmphex(irr(f, MASTER), ==, 0x10);
    ACKNOWLEDGES(0x24);
    g_assert_false(f->intr.level);
    g_assert_cmphex(irr(f, MASTER), ==, 0);
    g_assert_cmphex(isr(f, MASTER), ==, 0x10);
    OUT(MASTER, 0x20);
    g_assert_cmphex(isr(f, MASTER), ==, 0);
    g_assert_false(f->intr.level); /* the line is still high: no new edge */
    line(f, 4, false);
    line(f, 4, true);
    g_assert_true(f->intr.level);
    line(f, 4, false); /* withdrawn before the acknowledge */
    g_assert_false(f->intr.level);
    ACKNOWLEDGES(0x27); /* spurious */
    g_assert_cmphex(isr(f, MASTER), ==, 0);
}

static void test_level(struct fixture *f, gconstpointer unused)
{
    OUT(ELCR2, 0xff);
    OUT(ELCR1, 0xff);
    g_assert_cmphex(IN(ELCR1), ==, 0xf8);
    g_assert_cmphex(IN(ELCR2), ==, 0xde);
    i8259_set_level_triggered(f->pic, 1 << 10 | 1 << 11);
    g_assert_cmphex(IN(ELCR1), ==, 0);
    g_assert_cmphex(IN(ELCR2), ==, 0x0c);
    line(f, 10, true);
    ACKNOWLEDGES(0x2a);
    g_assert_cmphex(irr(f, SLAVE), ==, 4);
    g_assert_false(f->intr.level);
    OUT(MASTER, 0x20); /* the order of Redox: master first */
    OUT(SLAVE, 0x20);
    g_assert_true(f->intr.level); /* the line is still high */
    ACKNOWLEDGES(0x2a);
    line(f, 10, false);
    OUT(MASTER, 0x20);
    OUT(SLAVE, 0x20);
    g_assert_false(f->intr.level);
    line(f, 5, true);
    ACKNOWLEDGES(0x25);
    OUT(MASTER, 0x20);
    g_assert_false(f->intr.level);
    i8259_set_level_triggered(f->pic, 1 << 5); /* what stands requests at once */
    g_assert_true(f->intr.level);
}

static void test_shared(struct fixture *f, gconstpointer unused)
{
    struct irq_line first = i8259_shared_line(f->pic, 11, 0), last = i8259_shared_line(f->pic, 11, 31);

    i8259_set_level_triggered(f->pic, 1 << 11);
    irq_set(&last, true);
    irq_set(&first, true);
    irq_set(&last, false);
    g_assert_true(f->intr.level);
    line(f, 11, false);
    g_assert_false(f->intr.level);
    line(f, 2, true); /* leads nowhere */
    g_assert_false(f->intr.level);
}

static void test_priority(struct fixture *f, gconstpointer unused)
{
    line(f, 4, true);
    line(f, 1, true);
    line(f, 12, true);
    ACKNOWLEDGES(0x21);
    g_assert_false(f->intr.level); /* IR1 in service holds back IR2 and IR4 */
    line(f, 0, true);
    g_assert_true(f->intr.level);
    ACKNOWLEDGES(0x20);
    OUT(MASTER, 0x20); /* non-specific: IR0 */
    g_assert_cmphex(isr(f, MASTER), ==, 2);
    OUT(MASTER, 0x61); /* specific: IR1 */
    g_assert_cmphex(isr(f, MASTER), ==, 0);
    ACKNOWLEDGES(0x2c);
    g_assert_cmphex(isr(f, MASTER), ==, 4);
    g_assert_cmphex(isr(f, SLAVE), ==, 0x10);
    line(f, 8, true); /* of the slave already in service: held back in the fully nested mode of the master */
    g_assert_false(f->intr.level);
    OUT(MASTER, 0x20);
    g_assert_true(f->intr.level);
    ACKNOWLEDGES(0x28);
    g_assert_cmphex(isr(f, SLAVE), ==, 0x11);
    OUT(SLAVE, 0x20);
    OUT(SLAVE, 0x20);
    OUT(MASTER, 0x20);
    ACKNOWLEDGES(0x24);
}

static void test_special_fully_nested(struct fixture *f, gconstpointer unused)
{
    initialize(f, 0x11);
    line(f, 12, true);
    ACKNOWLEDGES(0x2c);
    line(f, 8, true);
    g_assert_true(f->intr.level);
    ACKNOWLEDGES(0x28);
}

static void test_mask(struct fixture *f, gconstpointer unused)
{
    OUT(MASTER_DATA, 0x02);
    g_assert_cmphex(IN(MASTER_DATA), ==, 0x02);
    line(f, 1, true);
    g_assert_false(f->intr.level);
    g_assert_cmphex(irr(f, MASTER), ==, 2); /* requested all the same */
    OUT(MASTER_DATA, 0);
    g_assert_true(f->intr.level);
    ACKNOWLEDGES(0x21);
    line(f, 6, true);
    g_assert_false(f->intr.level);
    OUT(MASTER_DATA, 0x02);
    OUT(MASTER, 0x68); /* special mask mode: what is masked holds nothing back */
    g_assert_true(f->intr.level);
    ACKNOWLEDGES(0x26);
    OUT(MASTER, 0x20); /* and is not ended by a non-specific EOI */
    g_assert_cmphex(isr(f, MASTER), ==, 2);
    OUT(MASTER, 0x48);
    OUT(MASTER, 0x20);
    g_assert_cmphex(isr(f, MASTER), ==, 0);
}

static void test_rotation(struct fixture *f, gconstpointer unused)
{
    line(f, 3, true);
    ACKNOWLEDGES(0x23);
    OUT(MASTER, 0xa0); /* rotate on non-specific EOI: 3 is lowest now */
    line(f, 3, false);
    line(f, 3, true);
    line(f, 5, true);
    ACKNOWLEDGES(0x25);
    OUT(MASTER, 0xe5); /* rotate on specific EOI */
    ACKNOWLEDGES(0x23);
    OUT(MASTER, 0x20);
    OUT(MASTER, 0xc0); /* set priority: 0 lowest, 1 highest */
    line(f, 0, true);
    line(f, 7, true);
    ACKNOWLEDGES(0x27);
}

static void test_automatic_eoi(struct fixture *f, gconstpointer unused)
{
    initialize(f, 3);
    line(f, 1, true);
    line(f, 6, true);
    ACKNOWLEDGES(0x21);
    g_assert_cmphex(isr(f, MASTER), ==, 0);
    ACKNOWLEDGES(0x26);
    OUT(MASTER, 0x80); /* rotate in automatic EOI mode */
    line(f, 1, false);
    line(f, 1, true);
    ACKNOWLEDGES(0x21); /* 1 is lowest now, 2 highest */
    line(f, 1, false);
    line(f, 1, true);
    line(f, 6, false);
    line(f, 6, true);
    ACKNOWLEDGES(0x26);
}

static void test_poll(struct fixture *f, gconstpointer unused)
{
    OUT(MASTER, 0x0c);
    g_assert_cmphex(IN(MASTER) & 0x80, ==, 0);
    line(f, 14, true);
    OUT(MASTER, 0x0c);
    g_assert_cmphex(IN(MASTER), ==, 0x82);
    g_assert_cmphex(isr(f, MASTER), ==, 4);
    OUT(SLAVE, 0x0c);
    g_assert_cmphex(IN(SLAVE), ==, 0x86);
    g_assert_cmphex(isr(f, SLAVE), ==, 0x40);
    g_assert_false(f->intr.level);
}

/* A second request of the slave while the first was being taken is a new edge for the master. */
static void test_two_of_the_slave(struct fixture *f, gconstpointer unused)
{
    line(f, 14, true);
    line(f, 9, true);
    ACKNOWLEDGES(0x29);
    OUT(SLAVE, 0x20);
    OUT(MASTER, 0x20);
    g_assert_true(f->intr.level);
    ACKNOWLEDGES(0x2e);
    OUT(SLAVE, 0x20);
    OUT(MASTER, 0x20);
    g_assert_false(f->intr.level);
}

static void test_initialization(struct fixture *f, gconstpointer unused)
{
    uint64_t fresh = machine_state_hash(f->machine);

    g_assert_cmpuint(f->notes, ==, 0);
    initialize(f, 0x13);
    line(f, 9, true);
    line(f, 4, true);
    ACKNOWLEDGES(0x29);
    OUT(MASTER, 0x6b);
    OUT(MASTER, 0x80);
    OUT(MASTER, 0xc3);
    OUT(MASTER_DATA, 0x55);
    OUT(MASTER, 0x0c);
    line(f, 9, false);
    line(f, 4, false);
    initialize(f, 1); /* leaves nothing of all that */
    g_assert_cmphex(machine_state_hash(f->machine), ==, fresh);
    g_assert_cmpuint(f->notes, ==, 0);
    OUT(MASTER, 0x11);
    OUT(MASTER_DATA, 0x20);
    OUT(MASTER_DATA, 8); /* the slave is not there */
    g_assert_cmpuint(f->notes, ==, 1);
    OUT(MASTER_DATA, 0); /* not for an 8086 */
    g_assert_cmpuint(f->notes, ==, 2);
    OUT(MASTER, 0x12); /* neither; single, without ICW4 */
    g_assert_cmpuint(f->notes, ==, 3);
    OUT(MASTER_DATA, 0x60);
    OUT(MASTER_DATA, 0x01);
    g_assert_cmphex(IN(MASTER_DATA), ==, 0x01);
    line(f, 12, true);
    ACKNOWLEDGES(0x62);
    line(f, 12, false);
    line(f, 5, true);
    OUT(MASTER, 0x11); /* forgets edges, masks and service */
    OUT(MASTER_DATA, 0x43);
    OUT(MASTER_DATA, 4);
    OUT(MASTER_DATA, 1);
    g_assert_cmphex(IN(MASTER_DATA), ==, 0);
    g_assert_false(f->intr.level);
    line(f, 5, false);
    line(f, 5, true);
    ACKNOWLEDGES(0x45); /* the low bits of ICW2 are the input's */
    machine_reset(f->machine);
    g_assert_cmphex(IN(MASTER_DATA), ==, 0xff);
    g_assert_cmphex(isr(f, MASTER), ==, 0);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct test_line intr = {0};
    struct irq_line intr_line = test_irq(&intr);
    struct machine *copy = test_machine();
    struct i8259 *pic = i8259_new(copy, &intr_line);

    i8259_set_level_triggered(f->pic, 1 << 11);
    line(f, 11, true);
    line(f, 6, true);
    ACKNOWLEDGES(0x2b);
    line(f, 1, true);
    OUT(MASTER, 0x11); /* half initialized */
    OUT(MASTER_DATA, 0x50);
    line(f, 0, true);
    test_copy_state(f->machine, copy);
    g_assert_cmphex(machine_state_hash(copy), ==, machine_state_hash(f->machine));
    g_assert_true(intr.level);
    for (unsigned i = 0; i < 2; i++) {
        struct machine *machine = i ? copy : f->machine;
        out8(machine, MASTER_DATA, 4);
        out8(machine, MASTER_DATA, 1);
        out8(machine, SLAVE, 0x20);
        out8(machine, MASTER, 0x0b);
    }
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmphex(i8259_acknowledge(pic), ==, i8259_acknowledge(f->pic));
    g_assert_cmphex(in8(copy, MASTER), ==, 0x01);
    g_assert_cmphex(machine_state_hash(copy), ==, machine_state_hash(f->machine));
    machine_free(copy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/i8259/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
    TEST(edge);
    TEST(level);
    TEST(shared);
    TEST(priority);
    TEST(special_fully_nested);
    TEST(mask);
    TEST(rotation);
    TEST(automatic_eoi);
    TEST(poll);
    TEST(two_of_the_slave);
    TEST(initialization);
    TEST(state);
    return g_test_run();
}
