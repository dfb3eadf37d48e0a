/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/intc/ioapic.h"
#include "devices/intc/lapic.h"

#include "tests/device/fixture.h"

#define CPUS 20
#define BASE 0xfee00000u

enum {
    ID = 0x20,
    VERSION = 0x30,
    TPR = 0x80,
    APR = 0x90,
    PPR = 0xa0,
    EOI = 0xb0,
    LDR = 0xd0,
    DFR = 0xe0,
    SVR = 0xf0,
    ISR = 0x100,
    TMR = 0x180,
    IRR = 0x200,
    ESR = 0x280,
    ICR = 0x300,
    ICR_HIGH = 0x310,
    LVT_TIMER = 0x320,
    LINT0 = 0x350,
    LINT1 = 0x360,
    LVT_ERROR = 0x370,
    INITIAL = 0x380,
    CURRENT = 0x390,
    DIVIDE = 0x3e0
};

struct fixture {
    struct machine *machine;
    struct apic_set *set;
    unsigned current;
    bool intr[CPUS];
    unsigned nmis[CPUS], inits[CPUS], sipis[CPUS];
    uint8_t sipi_vector;
    unsigned extints;
    unsigned eois;
    uint8_t eoi_vector;
};

static void set_intr(void *opaque, unsigned cpu, bool level)
{
    ((struct fixture *)opaque)->intr[cpu] = level;
}

static void nmi(void *opaque, unsigned cpu)
{
    ((struct fixture *)opaque)->nmis[cpu]++;
}

static void init(void *opaque, unsigned cpu)
{
    ((struct fixture *)opaque)->inits[cpu]++;
}

static void sipi(void *opaque, unsigned cpu, uint8_t vector)
{
    struct fixture *f = opaque;

    f->sipis[cpu]++;
    f->sipi_vector = vector;
}

static unsigned current_cpu(void *opaque)
{
    return ((struct fixture *)opaque)->current;
}

static int extint_acknowledge(void *opaque)
{
    ((struct fixture *)opaque)->extints++;
    return 0x28;
}

static void eoi_broadcast(void *opaque, uint8_t vector)
{
    struct fixture *f = opaque;

    f->eois++;
    f->eoi_vector = vector;
}

static void make(struct fixture *f)
{
    static const struct lapic_ops ops = {.set_intr = set_intr, .nmi = nmi, .init = init, .sipi = sipi};
    struct apic_set_config config = {.cpus = CPUS,
                                     .x2apic = true,
                                     .ops = &ops,
                                     .current_cpu = current_cpu,
                                     .extint_acknowledge = extint_acknowledge,
                                     .eoi_broadcast = eoi_broadcast,
                                     .opaque = f};

    f->machine = test_machine();
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
    f->set = apic_set_new(f->machine, &config);
}

static void put(struct fixture *f, unsigned cpu, unsigned offset, uint32_t value)
{
    f->current = cpu;
    memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 4, value);
}

static uint32_t get(struct fixture *f, unsigned cpu, unsigned offset)
{
    f->current = cpu;
    return memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 4);
}

/* All CPUs run, software-enabled. */
static void set_up(struct fixture *f, gconstpointer unused)
{
    make(f);
    for (unsigned cpu = 1; cpu < CPUS; cpu++) {
        struct apic_message start = {.destination = cpu, .mode = APIC_STARTUP, .vector = 8};
        apic_deliver(f->set, &start);
        f->sipis[cpu] = 0;
    }
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        put(f, cpu, SVR, 0x1ff);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

static bool send(struct fixture *f, uint32_t destination, uint8_t mode, uint8_t vector, bool level)
{
    struct apic_message message = {.destination = destination, .mode = mode, .vector = vector, .level = level};

    return apic_deliver(f->set, &message);
}

/* The CPUs whose IRR has @vector, taken out of it. */
static uint32_t takers(struct fixture *f, uint8_t vector)
{
    uint32_t mask = 0;

    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        if (!apic_intr(f->set, cpu))
            continue;
        g_assert_true(f->intr[cpu]);
        g_assert_cmphex(apic_acknowledge(f->set, cpu), ==, vector);
        g_assert_false(f->intr[cpu]);
        put(f, cpu, EOI, 0);
        mask |= 1u << cpu;
    }
    return mask;
}

static bool rdmsr(struct fixture *f, unsigned cpu, uint32_t msr, uint64_t *value)
{
    enum cpu_register_access access = apic_msr_read(f->set, cpu, msr, value);

    g_assert_cmpint(access, !=, CPU_REGISTER_DEFAULT);
    return access == CPU_REGISTER_DONE;
}

static bool wrmsr(struct fixture *f, unsigned cpu, uint32_t msr, uint64_t value)
{
    enum cpu_register_access access = apic_msr_write(f->set, cpu, msr, value);

    g_assert_cmpint(access, !=, CPU_REGISTER_DEFAULT);
    return access == CPU_REGISTER_DONE;
}

static uint64_t msr(struct fixture *f, unsigned cpu, uint32_t index)
{
    uint64_t value = 0;

    g_assert_true(rdmsr(f, cpu, index, &value));
    return value;
}

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

static void test_lint_init(struct fixture *f, gconstpointer unused)
{
    struct irq_line lint1 = apic_lint_line(f->set, 1);

    put(f, 3, LINT1, 0x500);
    irq_set(&lint1, true);
    g_assert_cmpuint(f->inits[3], ==, 1);
    g_assert_cmpuint(f->inits[2], ==, 0);
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
    TEST(with_ioapic);
    TEST(virtual_wire);
    TEST(lint_fixed);
    TEST(destinations);
    TEST(ipis);
    TEST(start);
    TEST(msi);
    TEST(x2apic);
    TEST(relocation);
    TEST(timer);
    TEST(tsc_deadline);
    TEST(reset);
    TEST(lint_init);
    TEST(state);
    return g_test_run();
}
