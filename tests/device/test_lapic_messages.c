/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reaches local APICs: from each other, from the I/O APIC, from devices, by their own pins. */
#include "devices/intc/ioapic.h"
#include "tests/device/lapic_rig.h"

/* The two controllers together: a level-triggered line is delivered again after each EOI while it is high. */
static void test_with_ioapic(struct fixture *f, gconstpointer unused)
{
    struct ioapic_config config = {.address = 0xfec00000, .deliver = apic_deliver, .opaque = f->set};
    struct ioapic *ioapic = ioapic_new(f->machine, &config);
    struct irq_line line = ioapic_line(ioapic, 20);
    struct memory *memory = machine_memory(f->machine);

    memory_io_write(memory, MEMORY_SPACE_PHYSICAL, 0xfec00000, 4, 0x39);
    memory_io_write(memory, MEMORY_SPACE_PHYSICAL, 0xfec00010, 4, 0x02000000);
    memory_io_write(memory, MEMORY_SPACE_PHYSICAL, 0xfec00000, 4, 0x38);
    memory_io_write(memory, MEMORY_SPACE_PHYSICAL, 0xfec00010, 4, 0x8061);
    irq_set(&line, true);
    g_assert_cmphex(apic_acknowledge(f->set, 2), ==, 0x61);
    put(f, 2, EOI, 0);
    ioapic_eoi(ioapic, f->eoi_vector);
    g_assert_true(f->intr[2]);
    irq_set(&line, false);
    g_assert_cmphex(takers(f, 0x61), ==, 1 << 2);
    ioapic_eoi(ioapic, f->eoi_vector);
    g_assert_false(f->intr[2]);
}

static void test_virtual_wire(struct fixture *f, gconstpointer unused)
{
    struct irq_line lint0 = apic_lint_line(f->set, 0), lint1 = apic_lint_line(f->set, 1);

    machine_reset(f->machine);
    irq_set(&lint0, true);
    g_assert_false(f->intr[0]); /* masked after reset */
    apic_set_virtual_wire(f->set, 0);
    g_assert_true(f->intr[0]);
    g_assert_false(f->intr[1]);
    g_assert_cmphex(get(f, 0, LINT0), ==, 0x700);
    put(f, 0, TPR, 0xff); /* does not hold back an ExtINT */
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0x28);
    g_assert_cmpuint(f->extints, ==, 1);
    g_assert_true(f->intr[0]);
    irq_set(&lint0, false);
    g_assert_false(f->intr[0]);
    irq_set(&lint1, true);
    irq_set(&lint1, true);
    g_assert_cmpuint(f->nmis[0], ==, 1);
    g_assert_cmpuint(f->nmis[1], ==, 0);
    /* Local interrupts come before the 8259's. */
    put(f, 0, TPR, 0);
    irq_set(&lint0, true);
    send(f, 0, APIC_FIXED, 0x80, false);
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0x80);
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0x28);
    put(f, 0, SVR, 0xff);
    g_assert_false(f->intr[0]);
    /* Globally disabled: LINT0 is INTR. */
    g_assert_true(wrmsr(f, 0, 0x1b, 0xfee00100));
    g_assert_true(f->intr[0]);
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0x28);
    irq_set(&lint0, false);
    irq_set(&lint1, false);
    irq_set(&lint1, true);
    g_assert_cmpuint(f->nmis[0], ==, 2); /* and LINT1 is NMI */
    g_assert_cmpint(apic_acknowledge(f->set, 0), ==, -1);
    g_assert_cmphex(get(f, 0, VERSION), ==, 0xffffffff);
    g_assert_cmpuint(f->extints, ==, 3);
}

static void test_lint_fixed(struct fixture *f, gconstpointer unused)
{
    struct irq_line lint0 = apic_lint_line(f->set, 0);

    put(f, 0, LINT0, 0x70);
    irq_set(&lint0, true);
    irq_set(&lint0, false);
    g_assert_cmphex(takers(f, 0x70), ==, 1);
    put(f, 0, LINT0, 0x8071);
    irq_set(&lint0, true);
    g_assert_cmphex(get(f, 0, LINT0), ==, 0xc071);
    send(f, 0, APIC_FIXED, 0x80, true);
    apic_acknowledge(f->set, 0);
    put(f, 0, EOI, 0); /* of another level-triggered one */
    g_assert_cmphex(get(f, 0, LINT0), ==, 0xc071);
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0x71);
    put(f, 0, EOI, 0);
    g_assert_true(f->intr[0]); /* still high */
    irq_set(&lint0, false);
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0x71);
    put(f, 0, EOI, 0);
    g_assert_cmphex(get(f, 0, LINT0), ==, 0x8071);
    g_assert_cmpint(apic_acknowledge(f->set, 0), ==, -1);
}

static void test_destinations(struct fixture *f, gconstpointer unused)
{
    struct apic_message message = {.vector = 0x40, .destination = 5};

    g_assert_true(apic_deliver(f->set, &message));
    g_assert_cmphex(takers(f, 0x40), ==, 1 << 5);
    message.destination = 0xff;
    apic_deliver(f->set, &message);
    g_assert_cmphex(takers(f, 0x40), ==, (1 << CPUS) - 1);
    message.destination = 77;
    g_assert_false(apic_deliver(f->set, &message));
    message.logical = true;
    for (unsigned cpu = 0; cpu < 8; cpu++)
        put(f, cpu, LDR, 1u << (24 + cpu));
    message.destination = 0x88;
    apic_deliver(f->set, &message);
    g_assert_cmphex(takers(f, 0x40), ==, 0x88);
    message.mode = APIC_LOWEST_PRIORITY;
    put(f, 3, TPR, 0x20);
    apic_deliver(f->set, &message);
    g_assert_cmphex(takers(f, 0x40), ==, 0x80);
    put(f, 7, TPR, 0x20);
    apic_deliver(f->set, &message);
    g_assert_cmphex(takers(f, 0x40), ==, 0x08);
    put(f, 3, SVR, 0xff);
    apic_deliver(f->set, &message);
    g_assert_cmphex(takers(f, 0x40), ==, 0x80);
    message.mode = APIC_FIXED;
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        put(f, cpu, DFR, 0);
        put(f, cpu, LDR, (cpu / 4) << 28 | 1u << (24 + cpu % 4));
    }
    message.destination = 0x26; /* CPUs 1 and 2 of cluster 2 */
    apic_deliver(f->set, &message);
    g_assert_cmphex(takers(f, 0x40), ==, 0x600);
    message.destination = 0xff;
    apic_deliver(f->set, &message);
    g_assert_cmphex(takers(f, 0x40), ==, ((1 << CPUS) - 1) & ~8);
}

static void test_ipis(struct fixture *f, gconstpointer unused)
{
    put(f, 2, ICR_HIGH, 0x07000000);
    put(f, 2, ICR, 0x00004044);
    g_assert_cmphex(takers(f, 0x44), ==, 1 << 7);
    g_assert_cmphex(get(f, 2, ICR), ==, 0x4044); /* delivered: bit 12 is clear */
    g_assert_cmphex(get(f, 2, ICR_HIGH), ==, 0x07000000);
    put(f, 2, ICR, 0x00044044);
    g_assert_cmphex(takers(f, 0x44), ==, 1 << 2);
    put(f, 2, ICR, 0x00084044);
    g_assert_cmphex(takers(f, 0x44), ==, (1 << CPUS) - 1);
    put(f, 2, ICR, 0x000c4044);
    g_assert_cmphex(takers(f, 0x44), ==, ((1 << CPUS) - 1) & ~4);
    g_assert_true(send(f, 2, APIC_NMI, 0, false));
    g_assert_cmpuint(f->nmis[2]--, ==, 1);
    put(f, 2, ICR, 0x000c4444); /* NMI to the others */
    g_assert_cmpuint(f->nmis[2], ==, 0);
    g_assert_cmpuint(f->nmis[3], ==, 1);
    send(f, 0, APIC_EXTINT, 0, false);
    g_assert_true(f->intr[0]);
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0x28);
    g_assert_false(f->intr[0]);
}

static void test_start(struct fixture *f, gconstpointer unused)
{
    struct fixture fresh = {0};

    make(&fresh);
    put(&fresh, 0, ICR, 0x000c4608); /* powered on: the others wait for it */
    g_assert_cmpuint(fresh.sipis[0], ==, 0);
    g_assert_cmpuint(fresh.sipis[CPUS - 1], ==, 1);
    g_assert_cmphex(fresh.sipi_vector, ==, 8);
    machine_free(fresh.machine);

    put(f, 4, LINT1, 0x400);
    put(f, 0, ICR_HIGH, 0x04000000);
    put(f, 0, ICR, 0x00004609); /* it runs: no effect */
    g_assert_cmpuint(f->sipis[4], ==, 0);
    put(f, 0, ICR, 0x0000c500); /* INIT, asserted */
    g_assert_cmpuint(f->inits[4], ==, 1);
    put(f, 0, ICR, 0x00008500); /* de-asserted: nothing */
    g_assert_cmpuint(f->inits[4], ==, 1);
    g_assert_cmphex(get(f, 4, LINT1), ==, 0x10000);
    g_assert_cmphex(get(f, 4, ID), ==, 0x04000000);
    put(f, 0, ICR, 0x00004609);
    put(f, 0, ICR, 0x0000460a); /* the second one of the usual pair */
    g_assert_cmpuint(f->sipis[4], ==, 1);
    g_assert_cmphex(f->sipi_vector, ==, 9);
    put(f, 4, ICR_HIGH, 0);
    put(f, 4, ICR, 0x00004500); /* the bootstrap processor starts by itself after INIT */
    g_assert_cmpuint(f->inits[0], ==, 1);
    put(f, 0, SVR, 0x1ff);
    send(f, 0, APIC_FIXED, 0x50, false);
    g_assert_true(f->intr[0]);
    put(f, 0, ICR, 0x00084500); /* INIT to all including self is not valid */
    g_assert_cmpuint(f->inits[1], ==, 0);
}

static void test_msi(struct fixture *f, gconstpointer unused)
{
    struct memory *memory = machine_memory(f->machine);

    memory_write32(memory, 0xfee06000, 0x4045);
    g_assert_cmphex(takers(f, 0x45), ==, 1 << 6);
    memory_write32(memory, 0xfee00000, 0x0046); /* to CPU 0: no register lies there */
    g_assert_cmphex(takers(f, 0x46), ==, 1);
    for (unsigned cpu = 0; cpu < 8; cpu++)
        put(f, cpu, LDR, 1u << (24 + cpu));
    memory_write32(memory, 0xfee0300c, 0x0047); /* redirectable, logical: the lowest of 0 and 1 */
    g_assert_cmphex(takers(f, 0x47), ==, 1);
    memory_write32(memory, 0xfee03004, 0x0047);
    g_assert_cmphex(takers(f, 0x47), ==, 3);
    apic_msi(f->set, 0xfee01000, 0x0400);
    g_assert_cmpuint(f->nmis[1], ==, 1);
    apic_msi(f->set, 0xfee01000, 0x8048); /* level, de-asserted */
    g_assert_cmphex(takers(f, 0x48), ==, 0);
    apic_msi(f->set, 0xfee01000, 0xc048);
    g_assert_cmphex(takers(f, 0x48), ==, 2);
    g_assert_cmpuint(f->eois, ==, 1);
    apic_msi(f->set, 0xfee01000, 0x0600); /* no device starts CPUs */
    apic_msi(f->set, 0xfee01000, 0x0700);
    g_assert_cmphex(apic_acknowledge(f->set, 1), ==, 0x28);
    g_assert_false(f->intr[1]);
}

static void test_lint_init(struct fixture *f, gconstpointer unused)
{
    struct irq_line lint1 = apic_lint_line(f->set, 1);

    put(f, 3, LINT1, 0x500);
    irq_set(&lint1, true);
    g_assert_cmpuint(f->inits[3], ==, 1);
    g_assert_cmpuint(f->inits[2], ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/lapic-messages/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
    TEST(with_ioapic);
    TEST(virtual_wire);
    TEST(lint_fixed);
    TEST(destinations);
    TEST(ipis);
    TEST(start);
    TEST(msi);
    TEST(lint_init);
    return g_test_run();
}
