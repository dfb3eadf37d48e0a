/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages through the frame into a GICv2, as a PCI function sends them. */
#include "devices/intc/gicv2m.h"

#include "devices/intc/gicv2.h"
#include "tests/device/fixture.h"

#define GICD 0x08000000
#define GICC 0x08010000
#define FRAME 0x08020000

struct fixture {
    struct machine *machine;
    struct gicv2 *gic;
    bool irq;
};

static void set_irq(void *opaque, unsigned cpu, bool level)
{
    ((struct fixture *)opaque)->irq = level;
}

static void set_fiq(void *opaque, unsigned cpu, bool level)
{
}

static unsigned current_cpu(void *opaque)
{
    return 0;
}

static struct irq_line line(void *opaque, unsigned intid)
{
    return gicv2_line(((struct fixture *)opaque)->gic, 0, intid);
}

static void make(struct fixture *f)
{
    const struct gicv2_config gic = {.distributor = GICD,
                                     .cpu_interface = GICC,
                                     .cpus = 1,
                                     .set_irq = set_irq,
                                     .set_fiq = set_fiq,
                                     .current_cpu = current_cpu,
                                     .opaque = f};
    const struct gicv2m_config frame = {.address = FRAME, .first = 80, .count = 64, .line = line, .opaque = f};

    f->machine = test_machine();
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
    f->gic = gicv2_new(f->machine, &gic);
    gicv2m_new(f->machine, &frame);
}

static uint32_t get(struct fixture *f, uint64_t address)
{
    return (uint32_t)memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, address, 4);
}

static void put(struct fixture *f, uint64_t address, unsigned size, uint32_t value)
{
    memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, address, size, value);
}

static void test_frame(void)
{
    struct fixture f = {0};

    make(&f);
    g_assert_cmphex(get(&f, FRAME + 0x008), ==, 80 << 16 | 64);
    g_assert_cmphex(get(&f, FRAME + 0xFCC), ==, 0x43B);
    g_assert_cmphex(get(&f, FRAME + 0x040), ==, 0);
    g_assert_cmphex(get(&f, FRAME + 0x100), ==, 0);
    put(&f, GICD, 4, 1);
    put(&f, GICC, 4, 1);
    put(&f, GICC + 4, 4, 0xFF);
    for (unsigned i = 0; i < 9; i++) {
        put(&f, GICD + 0x100 + 4 * i, 4, 0xFFFFFFFF);
        put(&f, GICD + 0xC00 + 8 * i, 4, 0xAAAAAAAA); /* edges */
        put(&f, GICD + 0xC04 + 8 * i, 4, 0xAAAAAAAA);
    }
    static const unsigned strangers[] = {0, 33, 79, 144, 288, 1023};
    for (unsigned i = 0; i < G_N_ELEMENTS(strangers); i++) {
        put(&f, FRAME + 0x040, 4, strangers[i]);
        g_assert_false(f.irq);
    }
    put(&f, FRAME + 0x044, 4, 80);
    g_assert_false(f.irq);
    put(&f, FRAME + 0x040, 4, 143);
    put(&f, FRAME + 0x040, 2, 80);
    g_assert_true(f.irq);
    g_assert_cmpuint(get(&f, GICC + 0x0C), ==, 80);
    put(&f, FRAME + 0x040, 4, 80); /* again, while it is active */
    put(&f, GICC + 0x10, 4, 80);
    g_assert_cmpuint(get(&f, GICC + 0x0C), ==, 80);
    put(&f, GICC + 0x10, 4, 80);
    g_assert_cmpuint(get(&f, GICC + 0x0C), ==, 143);
    put(&f, GICC + 0x10, 4, 143);
    g_assert_false(f.irq);
    machine_free(f.machine);
}

/* A message on its way: it is in the controller, not in the frame. */
static void test_state(void)
{
    struct fixture f = {0}, other = {0};

    make(&f);
    make(&other);
    put(&f, GICD, 4, 1);
    put(&f, GICC, 4, 1);
    put(&f, GICC + 4, 4, 0xFF);
    put(&f, GICD + 0xC00 + 100 / 16 * 4, 4, 0xAAAAAAAA);
    put(&f, FRAME + 0x040, 4, 100);
    test_copy_state(f.machine, other.machine);
    g_assert_false(other.irq);
    put(&other, GICD + 0x100 + 100 / 32 * 4, 4, 1u << 100 % 32);
    g_assert_true(other.irq);
    g_assert_cmpuint(get(&other, GICC + 0x0C), ==, 100);
    machine_free(f.machine);
    machine_free(other.machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gicv2m/frame", test_frame);
    g_test_add_func("/gicv2m/state", test_state);
    return g_test_run();
}
