/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/intc/gicv2.h"

#include "tests/device/fixture.h"

#define GICD 0x08000000
#define GICC 0x08010000
#define SPURIOUS 1023

struct fixture {
    struct machine *machine;
    struct gicv2 *gic;
    unsigned current;
    bool irq[GICV2_CPUS], fiq[GICV2_CPUS];
};

static void set_irq(void *opaque, unsigned cpu, bool level)
{
    ((struct fixture *)opaque)->irq[cpu] = level;
}

static void set_fiq(void *opaque, unsigned cpu, bool level)
{
    ((struct fixture *)opaque)->fiq[cpu] = level;
}

static unsigned current_cpu(void *opaque)
{
    return ((struct fixture *)opaque)->current;
}

static void make(struct fixture *f, unsigned cpus)
{
    const struct gicv2_config config = {.distributor = GICD,
                                        .cpu_interface = GICC,
                                        .cpus = cpus,
                                        .set_irq = set_irq,
                                        .set_fiq = set_fiq,
                                        .current_cpu = current_cpu,
                                        .opaque = f};

    f->machine = test_machine();
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
    f->gic = gicv2_new(f->machine, &config);
}

static void set_up(struct fixture *f, gconstpointer cpus)
{
    make(f, GPOINTER_TO_UINT(cpus));
}

static void tear_down(struct fixture *f, gconstpointer cpus)
{
    machine_free(f->machine);
}

static uint32_t get(struct fixture *f, uint64_t address, unsigned size)
{
    return (uint32_t)memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, address, size);
}

static void put(struct fixture *f, uint64_t address, unsigned size, uint32_t value)
{
    memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, address, size, value);
}

static uint32_t gicd(struct fixture *f, unsigned offset)
{
    return get(f, GICD + offset, 4);
}

static uint32_t gicc(struct fixture *f, unsigned offset)
{
    return get(f, GICC + offset, 4);
}

static uint32_t iar(struct fixture *f)
{
    return gicc(f, 0x0C);
}

static void eoi(struct fixture *f, uint32_t value)
{
    put(f, GICC + 0x10, 4, value);
}

static void line(struct fixture *f, unsigned intid, bool level)
{
    struct irq_line input = gicv2_line(f->gic, f->current, intid);

    irq_set(&input, level);
}

static void enable(struct fixture *f, unsigned intid, unsigned priority)
{
    put(f, GICD + 0x100 + intid / 32 * 4, 4, 1u << intid % 32);
    put(f, GICD + 0x400 + intid, 1, priority);
    put(f, GICD + 0x800 + intid, 1, 1);
}

static void make_edge(struct fixture *f, unsigned intid)
{
    unsigned offset = 0xC00 + intid / 16 * 4;

    put(f, GICD + offset, 4, gicd(f, offset) | 2u << intid % 16 * 2);
}

/* As Redox and Linux have it: everything in Group 0, no mask. */
static void switch_on(struct fixture *f)
{
    put(f, GICD, 4, 1);
    put(f, GICC, 4, 1);
    put(f, GICC + 4, 4, 0xFF);
}

static void test_identification(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(gicd(f, 0x004), ==, 0x00000028); /* 288 interrupts, two CPUs, no Security Extensions */
    g_assert_cmphex(gicd(f, 0x008), ==, 0x0000043B);
    g_assert_cmphex(gicd(f, 0xFE8), ==, 0x2B);
    g_assert_cmphex(gicd(f, 0xFF0), ==, 0x0D);
    g_assert_cmphex(gicd(f, 0xFFC), ==, 0xB1);
    g_assert_cmphex(gicc(f, 0xFC), ==, 0x0002043B);
    g_assert_cmphex(gicd(f, 0x100), ==, 0xFFFF); /* SGIs are enabled for good */
    put(f, GICD + 0x180, 4, 0xFFFFFFFF);
    g_assert_cmphex(gicd(f, 0x100), ==, 0xFFFF);
    g_assert_cmphex(gicd(f, 0xC00), ==, 0xAAAAAAAA);
    put(f, GICD + 0xC00, 4, 0);
    g_assert_cmphex(gicd(f, 0xC00), ==, 0xAAAAAAAA);
    put(f, GICD, 4, 0xFFFFFFFF);
    g_assert_cmphex(gicd(f, 0), ==, 3);
    put(f, GICC, 4, 0xFFFFFFFF);
    g_assert_cmphex(gicc(f, 0), ==, 0x3FF);
    /* Past the last interrupt there is nothing. */
    put(f, GICD + 0x124, 4, 0xFFFFFFFF);
    g_assert_cmphex(gicd(f, 0x124), ==, 0);
    put(f, GICD + 0x520, 4, 0xFFFFFFFF);
    g_assert_cmphex(gicd(f, 0x520), ==, 0);
    put(f, GICD + 0x51C, 4, 0x12345678);
    g_assert_cmphex(gicd(f, 0x51C), ==, 0x12345678);
    g_assert_cmphex(get(f, GICD + 0x51D, 1), ==, 0x56);
    put(f, GICD + 0x51E, 2, 0xABCD);
    g_assert_cmphex(gicd(f, 0x51C), ==, 0xABCD5678);
}

/* No register may lead outside, whatever the width. */
static void test_bounds(struct fixture *f, gconstpointer unused)
{
    for (uint64_t offset = 0; offset < 0x2000; offset++)
        for (unsigned size = 1; size <= 8; size *= 2) {
            put(f, GICD + offset, size, 0xFFFFFFFF);
            get(f, GICD + offset, size);
            put(f, GICC + offset, size, 0xFFFFFFFF);
            get(f, GICC + offset, size);
        }
    machine_reset(f->machine);
    g_assert_cmphex(gicd(f, 0), ==, 0);
    g_assert_cmphex(gicd(f, 0x51C), ==, 0);
    g_assert_false(f->irq[0] || f->fiq[0]);
}

static void test_level(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    g_assert_cmpuint(iar(f), ==, SPURIOUS);
    line(f, 33, true);
    g_assert_false(f->irq[0]);
    enable(f, 33, 0);
    g_assert_true(f->irq[0]);
    g_assert_false(f->irq[1]);
    g_assert_cmphex(gicd(f, 0x204), ==, 2);
    g_assert_cmpuint(iar(f), ==, 33);
    g_assert_false(f->irq[0]);
    g_assert_cmphex(gicd(f, 0x304), ==, 2); /* active, and pending while the line stands */
    g_assert_cmphex(gicd(f, 0x204), ==, 2);
    g_assert_cmpuint(iar(f), ==, SPURIOUS);
    eoi(f, 33);
    g_assert_cmphex(gicd(f, 0x304), ==, 0);
    g_assert_true(f->irq[0]); /* not served yet */
    line(f, 33, false);
    g_assert_false(f->irq[0]);
    g_assert_cmpuint(iar(f), ==, SPURIOUS);
    eoi(f, SPURIOUS);

    /* Clearing does not help against a line that stands, but against one that software has set. */
    line(f, 33, true);
    put(f, GICD + 0x284, 4, 2);
    g_assert_true(f->irq[0]);
    line(f, 33, false);
    put(f, GICD + 0x204, 4, 2);
    g_assert_true(f->irq[0]);
    put(f, GICD + 0x284, 4, 2);
    g_assert_false(f->irq[0]);
    put(f, GICD + 0x204, 4, 2);
    g_assert_cmpuint(iar(f), ==, 33);
    eoi(f, 33);
    g_assert_false(f->irq[0]); /* an acknowledge takes the latch away */
}

static void test_edge(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    make_edge(f, 40);
    line(f, 40, true);
    line(f, 40, false);
    g_assert_cmphex(gicd(f, 0x204), ==, 0x100);
    enable(f, 40, 0);
    g_assert_true(f->irq[0]);
    g_assert_cmpuint(iar(f), ==, 40);
    g_assert_cmphex(gicd(f, 0x204), ==, 0);
    line(f, 40, true); /* the next edge while active: pending as well */
    g_assert_cmphex(gicd(f, 0x204), ==, 0x100);
    g_assert_false(f->irq[0]);
    eoi(f, 40);
    g_assert_true(f->irq[0]);
    put(f, GICD + 0x284, 4, 0x100);
    g_assert_false(f->irq[0]); /* the level itself is nothing */
    put(f, GICD + 0x184, 4, 0x100);
    g_assert_cmphex(gicd(f, 0x104), ==, 0);
}

static void test_switches(struct fixture *f, gconstpointer unused)
{
    enable(f, 50, 0x80);
    line(f, 50, true);
    put(f, GICC + 4, 4, 0xFF);
    put(f, GICC, 4, 1);
    g_assert_false(f->irq[0]);
    g_assert_cmpuint(gicc(f, 0x18), ==, SPURIOUS);
    put(f, GICD, 4, 1);
    g_assert_true(f->irq[0]);
    put(f, GICC, 4, 0);
    g_assert_false(f->irq[0]);
    g_assert_cmpuint(iar(f), ==, SPURIOUS);
    g_assert_cmpuint(gicc(f, 0x18), ==, 50); /* what would come */
    put(f, GICC, 4, 1);
    put(f, GICC + 4, 4, 0x80); /* only what is above the mask */
    g_assert_false(f->irq[0]);
    g_assert_cmpuint(iar(f), ==, SPURIOUS);
    put(f, GICC + 4, 4, 0x81);
    g_assert_true(f->irq[0]);
}

static void test_priorities(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    enable(f, 40, 0x40);
    enable(f, 41, 0x20);
    enable(f, 42, 0x40);
    line(f, 42, true);
    line(f, 40, true);
    g_assert_cmpuint(gicc(f, 0x14), ==, 0xFF);
    g_assert_cmpuint(iar(f), ==, 40); /* of equals the lowest number */
    g_assert_cmpuint(gicc(f, 0x14), ==, 0x40);
    g_assert_false(f->irq[0]); /* 42 does not preempt its equal */
    line(f, 41, true);
    g_assert_true(f->irq[0]);
    g_assert_cmpuint(iar(f), ==, 41);
    g_assert_cmpuint(gicc(f, 0x14), ==, 0x20);
    g_assert_cmphex(gicc(f, 0xD0), ==, 1u << 0x10);
    g_assert_cmphex(gicc(f, 0xD4), ==, 1);
    line(f, 41, false);
    eoi(f, 41);
    g_assert_cmpuint(gicc(f, 0x14), ==, 0x40);
    g_assert_false(f->irq[0]);
    line(f, 40, false);
    eoi(f, 40);
    g_assert_cmpuint(gicc(f, 0x14), ==, 0xFF);
    g_assert_cmpuint(iar(f), ==, 42);
    /* With a binary point of 5 the group priority is bits 7:6, in which 0x00 and 0x20 are the same. */
    eoi(f, 42);
    line(f, 42, false);
    put(f, GICC + 8, 4, 5);
    line(f, 40, true);
    g_assert_cmpuint(iar(f), ==, 40);
    put(f, GICD + 0x400 + 41, 1, 0x60);
    line(f, 41, true);
    g_assert_false(f->irq[0]);
    put(f, GICD + 0x400 + 41, 1, 0x3F);
    g_assert_true(f->irq[0]);
    g_assert_cmpuint(gicc(f, 0x18), ==, 41);
}

/* An interrupt that is never ended keeps all others of its priority away, the timer's too. */
static void test_never_ended(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    enable(f, 36, 0);
    enable(f, 30, 0);
    line(f, 36, true);
    g_assert_cmpuint(iar(f), ==, 36);
    line(f, 30, true);
    line(f, 36, false);
    g_assert_false(f->irq[0]);
    g_assert_cmpuint(iar(f), ==, SPURIOUS);
    g_assert_cmpuint(gicc(f, 0x18), ==, 30);
    eoi(f, 36);
    g_assert_true(f->irq[0]);
    g_assert_cmpuint(iar(f), ==, 30);
    eoi(f, 30);
    eoi(f, 30); /* once too often: nothing happens */
    g_assert_cmpuint(iar(f), ==, 30);
}

static void test_split_end(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    enable(f, 60, 0x10);
    line(f, 60, true);
    g_assert_cmpuint(iar(f), ==, 60);
    put(f, GICC + 0x1000, 4, 60); /* not in this mode */
    g_assert_cmphex(gicd(f, 0x304), ==, 1u << 28);
    put(f, GICC, 4, 0x201);
    eoi(f, 60);
    g_assert_cmpuint(gicc(f, 0x14), ==, 0xFF);
    g_assert_cmphex(gicd(f, 0x304), ==, 1u << 28);
    g_assert_false(f->irq[0]);
    put(f, GICC + 0x1000, 4, 60);
    g_assert_cmphex(gicd(f, 0x304), ==, 0);
    g_assert_true(f->irq[0]);
    /* The active state by software */
    put(f, GICD + 0x304, 4, 1u << 28);
    g_assert_false(f->irq[0]);
    put(f, GICD + 0x384, 4, 1u << 28);
    g_assert_true(f->irq[0]);
}

static void test_sgi(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    f->current = 1;
    put(f, GICC, 4, 1);
    put(f, GICC + 4, 4, 0xFF);
    put(f, GICD + 0xF00, 4, 0x00010003); /* from 1 to 0 */
    g_assert_true(f->irq[0]);
    g_assert_false(f->irq[1]);
    f->current = 0;
    put(f, GICD + 0xF00, 4, 0x02000003); /* from 0 to itself */
    g_assert_cmphex(gicd(f, 0xF20), ==, 0x03000000);
    g_assert_cmphex(gicd(f, 0x200), ==, 8);
    g_assert_cmphex(gicc(f, 0x18), ==, 3);
    g_assert_cmphex(iar(f), ==, 3);
    g_assert_cmphex(gicd(f, 0x200), ==, 8); /* that of CPU 1 is still to come */
    g_assert_cmphex(gicd(f, 0xF10), ==, 0x02000000);
    eoi(f, 3);
    g_assert_cmphex(gicc(f, 0x18), ==, 3 | 1 << 10);
    g_assert_cmphex(iar(f), ==, 3 | 1 << 10);
    eoi(f, 3 | 1 << 10);
    g_assert_false(f->irq[0]);
    put(f, GICD + 0xF00, 4, 0x01000005); /* to all others */
    g_assert_false(f->irq[0]);
    g_assert_true(f->irq[1]);
    g_assert_cmphex(gicd(f, 0x200), ==, 0); /* banked */
    f->current = 1;
    g_assert_cmphex(gicd(f, 0x200), ==, 0x20);
    put(f, GICD + 0x280, 4, 0x20); /* read-only for SGIs */
    g_assert_true(f->irq[1]);
    put(f, GICD + 0xF10 + 5, 1, 1);
    g_assert_false(f->irq[1]);
    put(f, GICD + 0xF20 + 15, 1, 0xFF);
    g_assert_cmphex(gicd(f, 0xF2C), ==, 0x03000000); /* CPUs that exist */
    g_assert_true(f->irq[1]);
    g_assert_cmphex(iar(f), ==, 15);
    put(f, GICD + 0xF00, 4, 0x03000001); /* reserved */
    g_assert_cmphex(gicd(f, 0x200), ==, 0x8000);
}

static void test_ppi(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    enable(f, 30, 0);
    f->current = 1;
    g_assert_cmphex(gicd(f, 0x100), ==, 0xFFFF);
    put(f, GICC, 4, 1);
    put(f, GICC + 4, 4, 0xFF);
    line(f, 30, true);
    g_assert_false(f->irq[0] || f->irq[1]);
    enable(f, 30, 0);
    g_assert_false(f->irq[0]);
    g_assert_true(f->irq[1]);
    f->current = 0;
    g_assert_cmpuint(iar(f), ==, SPURIOUS);
    line(f, 30, true);
    g_assert_cmpuint(iar(f), ==, 30);
    f->current = 1;
    g_assert_cmphex(gicd(f, 0x300), ==, 0);
    g_assert_cmpuint(iar(f), ==, 30);
}

static void test_targets(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    g_assert_cmphex(gicd(f, 0x800), ==, 0x01010101);
    f->current = 1;
    g_assert_cmphex(gicd(f, 0x81C), ==, 0x02020202);
    put(f, GICC, 4, 1);
    put(f, GICC + 4, 4, 0xFF);
    enable(f, 70, 0);
    put(f, GICD + 0x800 + 70, 1, 0xFF);
    g_assert_cmphex(get(f, GICD + 0x800 + 70, 1), ==, 3);
    put(f, GICD + 0x800 + 70, 1, 0);
    line(f, 70, true);
    g_assert_false(f->irq[0] || f->irq[1]);
    put(f, GICD + 0x800 + 70, 1, 2);
    g_assert_false(f->irq[0]);
    g_assert_true(f->irq[1]);
    /* For both: who comes first takes it. */
    put(f, GICD + 0x800 + 70, 1, 3);
    g_assert_true(f->irq[0] && f->irq[1]);
    g_assert_cmpuint(iar(f), ==, 70);
    g_assert_false(f->irq[0] || f->irq[1]);
    f->current = 0;
    g_assert_cmpuint(iar(f), ==, SPURIOUS);
    f->current = 1;
    eoi(f, 70);
    g_assert_true(f->irq[0] && f->irq[1]);
}

/* A single CPU is the target of everything. */
static void test_uniprocessor(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    g_assert_cmphex(gicd(f, 0x004), ==, 0x00000008);
    put(f, GICD + 0x820, 4, 0x01010101);
    g_assert_cmphex(gicd(f, 0x820), ==, 0);
    g_assert_cmphex(gicd(f, 0x800), ==, 0);
    put(f, GICD + 0x104, 4, 2);
    line(f, 33, true);
    g_assert_true(f->irq[0]);
}

static void test_groups(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    put(f, GICD, 4, 3);
    put(f, GICC, 4, 3);
    enable(f, 33, 0x40);
    enable(f, 34, 0x60);
    put(f, GICD + 0x084, 4, 2); /* 33 is in Group 1 */
    line(f, 33, true);
    g_assert_true(f->irq[0]);
    g_assert_cmpuint(gicc(f, 0x18), ==, 1022);
    g_assert_cmpuint(iar(f), ==, 1022);
    g_assert_cmpuint(gicc(f, 0x28), ==, 33);
    g_assert_cmpuint(gicc(f, 0x20), ==, 33);
    g_assert_cmphex(gicc(f, 0xE4), ==, 1); /* in the Group 1 registers */
    g_assert_cmphex(gicc(f, 0xD4), ==, 0);
    g_assert_cmpuint(gicc(f, 0x14), ==, 0x40);
    put(f, GICC + 0x24, 4, 33);
    g_assert_cmpuint(gicc(f, 0x14), ==, 0xFF);
    /* Group 0 as FIQ */
    put(f, GICC, 4, 0xB);
    line(f, 33, false);
    line(f, 34, true);
    g_assert_true(f->fiq[0]);
    g_assert_false(f->irq[0]);
    g_assert_cmpuint(gicc(f, 0x20), ==, SPURIOUS);
    line(f, 33, true); /* more important, and of the other kind */
    g_assert_true(f->irq[0]);
    g_assert_false(f->fiq[0]);
    put(f, GICC, 4, 0xF); /* AckCtl */
    g_assert_cmpuint(iar(f), ==, 33);
    eoi(f, 33);
    /* Switched off in the distributor */
    put(f, GICD, 4, 1);
    g_assert_cmpuint(gicc(f, 0x18), ==, 34);
    put(f, GICD, 4, 2);
    g_assert_cmpuint(gicc(f, 0x18), ==, 33);
    /* and in the CPU interface, where the highest is looked at alone */
    put(f, GICC, 4, 0xD);
    put(f, GICD, 4, 3);
    g_assert_false(f->irq[0] || f->fiq[0]);
}

static void test_aliased_binary_point(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    put(f, GICD, 4, 3);
    put(f, GICC, 4, 7);
    put(f, GICC + 0x1C, 4, 0);
    g_assert_cmpuint(gicc(f, 0x1C), ==, 1);
    put(f, GICC + 0x1C, 4, 6); /* bits 7:6 */
    enable(f, 33, 0x60);
    enable(f, 34, 0x40);
    put(f, GICD + 0x084, 4, 6);
    line(f, 33, true);
    g_assert_cmpuint(iar(f), ==, 33);
    g_assert_cmpuint(gicc(f, 0x14), ==, 0x40);
    line(f, 34, true);
    g_assert_false(f->irq[0]);
    put(f, GICC, 4, 0x17); /* CBPR: bits 7:1 by the other register; 0x40 is no less than what is active */
    g_assert_false(f->irq[0]);
    put(f, GICD + 0x400 + 34, 1, 0x3E);
    g_assert_true(f->irq[0]);
}

static void test_reset(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    enable(f, 33, 0x10);
    line(f, 33, true);
    g_assert_cmpuint(iar(f), ==, 33);
    machine_reset(f->machine);
    g_assert_cmphex(gicd(f, 0), ==, 0);
    g_assert_cmphex(gicd(f, 0x104), ==, 0);
    g_assert_cmphex(gicd(f, 0x304), ==, 0);
    g_assert_cmpuint(gicc(f, 0x14), ==, 0xFF);
    g_assert_cmpuint(gicc(f, 0x04), ==, 0);
    switch_on(f);
    enable(f, 33, 0x10);
    g_assert_true(f->irq[0]); /* the line still stands */
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {0};

    make(&other, 2);
    switch_on(f);
    enable(f, 33, 0x40);
    enable(f, 80, 0x40);
    make_edge(f, 80);
    line(f, 33, true);
    g_assert_cmpuint(iar(f), ==, 33);
    line(f, 80, true);
    line(f, 80, false);
    put(f, GICD + 0xF00, 4, 0x02000004);
    put(f, GICD + 0x404, 1, 0x80);
    f->current = 1;
    put(f, GICC, 4, 1);
    put(f, GICC + 4, 4, 0xF0);
    put(f, GICD + 0xF00, 4, 0x02000007);
    f->current = 0;
    test_copy_state(f->machine, other.machine);
    g_assert_false(other.irq[0]);
    g_assert_true(other.irq[1]);
    g_assert_cmpuint(gicc(&other, 0x14), ==, 0x40);
    line(&other, 33, false); /* the line was high, and its level is known */
    eoi(&other, 33);
    g_assert_true(other.irq[0]);
    g_assert_cmpuint(iar(&other), ==, 80);
    eoi(&other, 80);
    g_assert_cmpuint(iar(&other), ==, 4);
    other.current = 1;
    g_assert_cmpuint(gicc(&other, 4), ==, 0xF0);
    g_assert_cmpuint(iar(&other), ==, 7 | 1 << 10);
    machine_free(other.machine);
}

#define ADD(path, cpus, function)                                                                                      \
    g_test_add("/gicv2/" path, struct fixture, GUINT_TO_POINTER(cpus), set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("identification", 2, test_identification);
    ADD("bounds", 2, test_bounds);
    ADD("level", 2, test_level);
    ADD("edge", 2, test_edge);
    ADD("switches", 2, test_switches);
    ADD("priorities", 2, test_priorities);
    ADD("never-ended", 2, test_never_ended);
    ADD("split-end", 2, test_split_end);
    ADD("sgi", 2, test_sgi);
    ADD("ppi", 2, test_ppi);
    ADD("targets", 2, test_targets);
    ADD("uniprocessor", 1, test_uniprocessor);
    ADD("groups", 2, test_groups);
    ADD("aliased-binary-point", 2, test_aliased_binary_point);
    ADD("reset", 2, test_reset);
    ADD("state", 2, test_state);
    return g_test_run();
}
