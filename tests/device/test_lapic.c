/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A local APIC by itself: registers, priorities, timer, x2APIC, state. */
#include "tests/device/lapic_rig.h"

static void test_registers(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(get(f, 3, ID), ==, 0x03000000);
    g_assert_cmphex(get(f, 0, VERSION), ==, 0x01050014);
    g_assert_cmphex(msr(f, 0, 0x1b), ==, 0xfee00900);
    g_assert_cmphex(msr(f, 1, 0x1b), ==, 0xfee00800);
    put(f, 0, LINT0, 0xffffffff);
    g_assert_cmphex(get(f, 0, LINT0), ==, 0x0001a7ff);
    put(f, 0, DFR, 0);
    g_assert_cmphex(get(f, 0, DFR), ==, 0x0fffffff);
    put(f, 0, LDR, 0xffffffff);
    g_assert_cmphex(get(f, 0, LDR), ==, 0xff000000);
    g_assert_cmphex(get(f, 1, LDR), ==, 0); /* of another CPU */
    put(f, 0, LINT1, 0x400);
    put(f, 0, SVR, 0xff); /* software-disabled: masked for good */
    g_assert_cmphex(get(f, 0, LINT1), ==, 0x10400);
    put(f, 0, LINT1, 0x400);
    g_assert_cmphex(get(f, 0, LINT1), ==, 0x10400);
    machine_reset(f->machine);
    g_assert_cmphex(get(f, 0, SVR), ==, 0xff);
    g_assert_cmphex(get(f, 0, LINT0), ==, 0x10000);
    g_assert_cmphex(get(f, 0, DFR), ==, 0xffffffff);
    g_assert_cmphex(get(f, 0, LDR), ==, 0);
}

static void test_errors(struct fixture *f, gconstpointer unused)
{
    put(f, 0, LVT_ERROR, 0x31);
    get(f, 0, 0x3f0);
    g_assert_cmphex(get(f, 0, ESR), ==, 0); /* until it is written */
    g_assert_true(f->intr[0]);
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0x31);
    put(f, 0, EOI, 0);
    put(f, 0, 0x3f0, 1); /* the same error again: no further interrupt */
    g_assert_false(f->intr[0]);
    put(f, 0, ICR, 0x0000400f); /* illegal vector sent */
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0x31);
    put(f, 0, EOI, 0);
    send(f, 0, APIC_FIXED, 15, false); /* and received */
    g_assert_true(f->intr[0]);
    apic_acknowledge(f->set, 0);
    put(f, 0, EOI, 0);
    send(f, 0, APIC_FIXED, 16, false); /* the first legal one */
    g_assert_cmphex(get(f, 0, IRR), ==, 0x10000);
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 16);
    put(f, 0, EOI, 0);
    put(f, 0, ESR, 0);
    g_assert_cmphex(get(f, 0, ESR), ==, 0xe0);
    put(f, 0, ESR, 0);
    g_assert_cmphex(get(f, 0, ESR), ==, 0);
    put(f, 0, VERSION, 0);
    put(f, 0, ESR, 0);
    g_assert_cmphex(get(f, 0, ESR), ==, 0x80);
    put(f, 0, LVT_ERROR, 0x05); /* an error interrupt that is an error itself */
    get(f, 0, 0x3f0);
    put(f, 0, ESR, 0);
    g_assert_cmphex(get(f, 0, ESR), ==, 0xc0);
}

static void test_priority(struct fixture *f, gconstpointer unused)
{
    g_assert_true(send(f, 0, APIC_FIXED, 0x51, false));
    g_assert_true(send(f, 0, APIC_FIXED, 0x53, false));
    g_assert_cmphex(get(f, 0, IRR + 0x20), ==, 0x000a0000);
    g_assert_true(f->intr[0]);
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0x53);
    g_assert_false(f->intr[0]); /* of the same class */
    g_assert_cmphex(get(f, 0, ISR + 0x20), ==, 0x00080000);
    g_assert_cmphex(get(f, 0, PPR), ==, 0x50);
    send(f, 0, APIC_FIXED, 0x60, false);
    g_assert_true(f->intr[0]);
    put(f, 0, TPR, 0x6a);
    g_assert_cmphex(get(f, 0, PPR), ==, 0x6a);
    g_assert_cmphex(apic_task_priority(f->set, 0), ==, 6);
    g_assert_false(f->intr[0]);
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0xff); /* spurious */
    g_assert_cmphex(get(f, 0, PPR), ==, 0x6a);
    apic_set_task_priority(f->set, 0, 5);
    g_assert_true(f->intr[0]);
    g_assert_cmphex(get(f, 0, TPR), ==, 0x50);
    g_assert_cmphex(get(f, 0, APR), ==, 0x60);
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0x60);
    put(f, 0, TPR, 0x63);
    g_assert_cmphex(get(f, 0, PPR), ==, 0x63); /* of equal classes, that of TPR with its low bits */
    put(f, 0, TPR, 0x50);
    put(f, 0, EOI, 0);
    put(f, 0, EOI, 0);
    g_assert_cmphex(get(f, 0, APR), ==, 0x50); /* 0x51 is requested */
    put(f, 0, TPR, 0x58);
    g_assert_cmphex(get(f, 0, APR), ==, 0x58);
    g_assert_cmphex(get(f, 0, ISR + 0x20), ==, 0);
    put(f, 0, ESR, 0);
    g_assert_cmphex(get(f, 0, ESR), ==, 0);
    g_assert_false(f->intr[0]); /* 0x51 is held back by TPR 0x50 */
    put(f, 0, TPR, 0);
    g_assert_cmphex(apic_acknowledge(f->set, 0), ==, 0x51);
    put(f, 0, EOI, 0);
    g_assert_cmpint(apic_acknowledge(f->set, 0), ==, -1);
    put(f, 0, SVR, 0xff);
    g_assert_false(send(f, 0, APIC_FIXED, 0x51, false));
    g_assert_false(f->intr[0]);
}

static void test_eoi(struct fixture *f, gconstpointer unused)
{
    send(f, 0, APIC_FIXED, 0x41, true);
    g_assert_cmphex(get(f, 0, TMR + 0x20), ==, 2);
    apic_acknowledge(f->set, 0);
    put(f, 0, EOI, 0);
    g_assert_cmpuint(f->eois, ==, 1);
    g_assert_cmphex(f->eoi_vector, ==, 0x41);
    send(f, 0, APIC_FIXED, 0x41, false);
    g_assert_cmphex(get(f, 0, TMR + 0x20), ==, 0);
    apic_acknowledge(f->set, 0);
    put(f, 0, EOI, 0);
    g_assert_cmpuint(f->eois, ==, 1);
    put(f, 0, SVR, 0x11ff); /* broadcasts suppressed */
    send(f, 0, APIC_FIXED, 0x41, true);
    apic_acknowledge(f->set, 0);
    put(f, 0, EOI, 0);
    g_assert_cmpuint(f->eois, ==, 1);
}

static void test_x2apic(struct fixture *f, gconstpointer unused)
{
    uint64_t value;

    g_assert_false(rdmsr(f, 18, 0x802, &value));    /* not in that mode */
    g_assert_false(wrmsr(f, 18, 0x1b, 0xfee00400)); /* neither fish nor fowl */
    g_assert_false(wrmsr(f, 18, 0x1b, 0xfee00e00));
    g_assert_true(wrmsr(f, 18, 0x1b, 0xfee00c00));
    g_assert_cmphex(get(f, 18, VERSION), ==, 0xffffffff);
    g_assert_cmphex(msr(f, 18, 0x802), ==, 18);
    g_assert_cmphex(msr(f, 18, 0x803), ==, 0x01050014);
    g_assert_cmphex(msr(f, 18, 0x80d), ==, 0x00010004);
    g_assert_cmphex(msr(f, 18, 0x80f), ==, 0x1ff);
    g_assert_false(wrmsr(f, 18, 0x802, 1));
    g_assert_false(wrmsr(f, 18, 0x80b, 1)); /* EOI takes zero only */
    g_assert_false(rdmsr(f, 18, 0x80b, &value));
    g_assert_false(rdmsr(f, 18, 0x80e, &value));
    g_assert_false(rdmsr(f, 18, 0x831, &value));
    g_assert_false(wrmsr(f, 18, 0x8ff, 0));
    g_assert_false(rdmsr(f, 18, 0x800, &value));
    g_assert_cmpint(apic_msr_read(f->set, 18, 0x900, &value), ==, CPU_REGISTER_DEFAULT);
    g_assert_cmpint(apic_msr_write(f->set, 18, 0x900, 0), ==, CPU_REGISTER_DEFAULT);
    g_assert_false(wrmsr(f, 18, 0x808, 0x100));
    g_assert_true(wrmsr(f, 18, 0x83f, 0x66)); /* self IPI */
    g_assert_cmphex(apic_acknowledge(f->set, 18), ==, 0x66);
    g_assert_true(wrmsr(f, 18, 0x80b, 0));
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        if (cpu != 18)
            g_assert_true(wrmsr(f, cpu, 0x1b, msr(f, cpu, 0x1b) | 0x400));
    g_assert_true(wrmsr(f, 0, 0x830, 0x0001000c00004867)); /* logical: cluster 1, members 2 and 3 */
    g_assert_cmphex(msr(f, 0, 0x830), ==, 0x0001000c00004867);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        g_assert_cmpint(f->intr[cpu], ==, cpu == 18 || cpu == 19);
    g_assert_true(wrmsr(f, 0, 0x830, 0x0000001100004069));
    g_assert_cmphex(apic_acknowledge(f->set, 17), ==, 0x69);
    g_assert_true(wrmsr(f, 0, 0x830, 0xffffffff0000406a)); /* broadcast */
    g_assert_true(f->intr[0] && f->intr[9] && f->intr[18]);
    g_assert_cmphex(apic_acknowledge(f->set, 9), ==, 0x6a);
    g_assert_true(wrmsr(f, 9, 0x80b, 0));
    g_assert_true(wrmsr(f, 0, 0x830, 0x000000ff0000406b)); /* 0xFF is a CPU like others here */
    g_assert_false(f->intr[9]);
    g_assert_true(send(f, 0xff, APIC_FIXED, 0x6c, false)); /* but not in a message of 8 bits */
    g_assert_true(f->intr[9]);
    g_assert_false(wrmsr(f, 9, 0x1b, 0xfee00800)); /* back to xAPIC through disabled only */
    g_assert_true(wrmsr(f, 9, 0x1b, 0xfee00000));
    g_assert_false(f->intr[9]);
    g_assert_false(wrmsr(f, 9, 0x1b, 0xfee00c00));
    g_assert_true(wrmsr(f, 9, 0x1b, 0xfee00800));
    g_assert_cmphex(get(f, 9, SVR), ==, 0xff);
    g_assert_cmpint(apic_msr_read(f->set, 0, 0x10, &value), ==, CPU_REGISTER_DEFAULT);
}

static void test_relocation(struct fixture *f, gconstpointer unused)
{
    struct memory *memory = machine_memory(f->machine);

    g_assert_true(wrmsr(f, 1, 0x1b, 0xd0000800));
    g_assert_cmphex(get(f, 1, ID), ==, 0xffffffff);
    f->current = 1;
    g_assert_cmphex(memory_io_read(memory, MEMORY_SPACE_PHYSICAL, 0xd0000020, 4), ==, 0x01000000);
    g_assert_cmphex(memory_io_read(memory, MEMORY_SPACE_PHYSICAL, 0xd0000023, 1), ==, 0x01);
    f->current = 2;
    g_assert_cmphex(memory_io_read(memory, MEMORY_SPACE_PHYSICAL, 0xd0000020, 4), ==, 0xffffffff);
    g_assert_cmphex(get(f, 2, ID), ==, 0x02000000);
}

static void test_timer(struct fixture *f, gconstpointer unused)
{
    put(f, 1, DIVIDE, 0xb); /* 1 */
    put(f, 1, LVT_TIMER, 0x55);
    put(f, 1, INITIAL, 1000);
    machine_advance(f->machine, 400);
    g_assert_cmpuint(get(f, 1, CURRENT), ==, 600);
    machine_advance(f->machine, 599);
    g_assert_false(f->intr[1]);
    g_assert_cmpuint(get(f, 1, CURRENT), ==, 1);
    machine_advance(f->machine, 1);
    g_assert_cmphex(takers(f, 0x55), ==, 2);
    g_assert_cmpuint(get(f, 1, CURRENT), ==, 0);
    machine_advance(f->machine, 5000);
    g_assert_cmphex(takers(f, 0x55), ==, 0);

    put(f, 1, LVT_TIMER, 0x20055);
    put(f, 1, DIVIDE, 0x3); /* 16 */
    put(f, 1, INITIAL, 100);
    for (unsigned i = 0; i < 5; i++) {
        machine_advance(f->machine, 1599);
        g_assert_false(f->intr[1]);
        machine_advance(f->machine, 1);
        g_assert_cmphex(takers(f, 0x55), ==, 2);
        g_assert_cmpuint(get(f, 1, CURRENT), ==, 100);
    }
    machine_advance(f->machine, 800);
    put(f, 1, DIVIDE, 0x0); /* 2: the 50 that are left take 100 ns, then periods of 200 */
    g_assert_cmpuint(get(f, 1, CURRENT), ==, 50);
    machine_advance(f->machine, 99);
    g_assert_false(f->intr[1]);
    machine_advance(f->machine, 1);
    g_assert_cmphex(takers(f, 0x55), ==, 2);
    put(f, 1, LVT_TIMER, 0x30055 & ~0x10000u); /* still periodic */
    put(f, 1, LVT_TIMER, 0x30055);
    machine_advance(f->machine, 250);
    g_assert_false(f->intr[1]); /* masked: counts all the same */
    g_assert_cmpuint(get(f, 1, CURRENT), ==, 75);
    put(f, 1, LVT_TIMER, 0x20055);
    g_assert_false(f->intr[1]);
    machine_advance(f->machine, 150);
    g_assert_cmphex(takers(f, 0x55), ==, 2);
    put(f, 1, INITIAL, 0);
    machine_advance(f->machine, 10000);
    g_assert_false(f->intr[1]);
    g_assert_cmpuint(f->eois, ==, 0); /* an edge */
    put(f, 1, INITIAL, 100);
    put(f, 1, LVT_TIMER, 0x20055);
    send(f, 1, APIC_INIT, 0, false); /* stops it */
    g_assert_cmpuint(get(f, 1, INITIAL), ==, 0);
    g_assert_cmpuint(get(f, 1, CURRENT), ==, 0);
    g_assert_cmphex(get(f, 1, LVT_TIMER), ==, 0x10000);
}

static void test_tsc_deadline(struct fixture *f, gconstpointer unused)
{
    uint64_t now;

    g_assert_true(wrmsr(f, 0, 0x6e0, 1)); /* no effect in another mode */
    g_assert_cmphex(msr(f, 0, 0x6e0), ==, 0);
    put(f, 0, LVT_TIMER, 0x40056);
    now = machine_ticks(f->machine, APIC_TIMER_HZ);
    g_assert_true(wrmsr(f, 0, 0x6e0, now + 777));
    put(f, 0, INITIAL, 5);
    machine_advance(f->machine, 776);
    g_assert_false(f->intr[0]);
    g_assert_cmpuint(msr(f, 0, 0x6e0), ==, now + 777);
    machine_advance(f->machine, 1);
    g_assert_cmphex(takers(f, 0x56), ==, 1);
    g_assert_cmpuint(msr(f, 0, 0x6e0), ==, 0);
    g_assert_true(wrmsr(f, 0, 0x6e0, 5)); /* in the past */
    g_assert_cmphex(takers(f, 0x56), ==, 1);
    g_assert_true(wrmsr(f, 0, 0x6e0, UINT64_MAX));
    g_assert_true(wrmsr(f, 0, 0x6e0, now + 5000));
    g_assert_true(wrmsr(f, 0, 0x6e0, 0));
    machine_advance(f->machine, 10000);
    g_assert_false(f->intr[0]);
    g_assert_true(wrmsr(f, 0, 0x6e0, UINT64_MAX));
    put(f, 0, LVT_TIMER, 0x56); /* leaving the mode disarms */
    put(f, 0, LVT_TIMER, 0x40056);
    g_assert_cmpuint(msr(f, 0, 0x6e0), ==, 0);
}

/* Reset leaves nothing of what was before. */
static void test_reset(struct fixture *f, gconstpointer unused)
{
    struct fixture fresh = {0};
    const struct device_class *device_class;
    const char *id;
    void *device;

    make(&fresh);
    machine_reset(f->machine);
    machine_reset(fresh.machine);
    g_assert_cmphex(machine_state_hash(f->machine), ==, machine_state_hash(fresh.machine));
    for (unsigned cpu = 0; cpu < CPUS; cpu += 19) {
        put(f, cpu, SVR, 0x1ff);
        put(f, cpu, TPR, 0x33);
        put(f, cpu, LDR, 0x33000000);
        put(f, cpu, DFR, 0);
        put(f, cpu, DIVIDE, 3);
        put(f, cpu, LVT_TIMER, 0x20055);
        put(f, cpu, LINT1, 0x500);
        put(f, cpu, INITIAL, 100);
        put(f, cpu, ICR_HIGH, 0x05000000);
        put(f, cpu, ICR, 0x00000455);
        get(f, cpu, 0x3f0);
        put(f, cpu, ESR, 0);
        get(f, cpu, 0x3f0);
        send(f, cpu, APIC_FIXED, 0x91, true);
        send(f, cpu, APIC_EXTINT, 0, true);
        apic_acknowledge(f->set, cpu);
        send(f, cpu, APIC_FIXED, 0xa1, true);
        wrmsr(f, cpu, 0x1b, 0xd0000800);
    }
    machine_reset(f->machine);
    g_assert_cmphex(machine_state_hash(f->machine), ==, machine_state_hash(fresh.machine));
    g_assert_false(f->intr[0]);
    g_assert_true(machine_device(f->machine, 19, &device_class, &device, &id));
    g_assert_cmpstr(id, ==, "lapic19");
    machine_free(fresh.machine);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {0};
    struct irq_line lint0 = apic_lint_line(f->set, 0);

    make(&other);
    put(f, 0, LINT0, 0x700);
    irq_set(&lint0, true);
    put(f, 3, DIVIDE, 0xb);
    put(f, 3, LVT_TIMER, 0x20055);
    put(f, 3, INITIAL, 1000);
    put(f, 4, LVT_TIMER, 0x40066);
    wrmsr(f, 4, 0x6e0, 3333);
    wrmsr(f, 1, 0x1b, 0xd0000800);
    send(f, 2, APIC_FIXED, 0x61, true);
    send(f, 2, APIC_FIXED, 0x71, true);
    apic_acknowledge(f->set, 2);
    put(f, 0, ICR_HIGH, 0x05000000);
    put(f, 0, ICR, 0x00004500);
    machine_advance(f->machine, 300);
    test_copy_state(f->machine, other.machine);
    g_assert_cmphex(machine_state_hash(other.machine), ==, machine_state_hash(f->machine));
    g_assert_true(other.intr[0] && !other.intr[2]);
    put(&other, 2, EOI, 0);
    put(f, 2, EOI, 0);
    g_assert_true(other.intr[2]);
    g_assert_cmpuint(other.eois, ==, 1);
    for (unsigned i = 0; i < 40; i++) {
        machine_advance(f->machine, 100);
        machine_advance(other.machine, 100);
        for (unsigned cpu = 0; cpu < CPUS; cpu++) {
            g_assert_cmpint(other.intr[cpu], ==, f->intr[cpu]);
            if (cpu && f->intr[cpu])
                g_assert_cmphex(apic_acknowledge(other.set, cpu), ==, apic_acknowledge(f->set, cpu));
        }
        put(&other, 3, EOI, 0);
        put(f, 3, EOI, 0);
        g_assert_cmphex(machine_state_hash(other.machine), ==, machine_state_hash(f->machine));
    }
    other.current = 1;
    g_assert_cmphex(memory_io_read(machine_memory(other.machine), MEMORY_SPACE_PHYSICAL, 0xd0000020, 4), ==, 1 << 24);
    put(&other, 0, ICR, 0x00004607);
    g_assert_cmpuint(other.sipis[5], ==, 1);
    machine_free(other.machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/lapic/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
    TEST(registers);
    TEST(errors);
    TEST(priority);
    TEST(eoi);
    TEST(x2apic);
    TEST(relocation);
    TEST(timer);
    TEST(tsc_deadline);
    TEST(reset);
    TEST(state);
    return g_test_run();
}
