/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Twenty local APICs, all running and software-enabled, and what they do to their CPUs. */
#ifndef GALVANIC_TESTS_DEVICE_LAPIC_RIG_H
#define GALVANIC_TESTS_DEVICE_LAPIC_RIG_H

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

static inline void set_intr(void *opaque, unsigned cpu, bool level)
{
    ((struct fixture *)opaque)->intr[cpu] = level;
}

static inline void nmi(void *opaque, unsigned cpu)
{
    ((struct fixture *)opaque)->nmis[cpu]++;
}

static inline void init(void *opaque, unsigned cpu)
{
    ((struct fixture *)opaque)->inits[cpu]++;
}

static inline void sipi(void *opaque, unsigned cpu, uint8_t vector)
{
    struct fixture *f = opaque;

    f->sipis[cpu]++;
    f->sipi_vector = vector;
}

static inline unsigned current_cpu(void *opaque)
{
    return ((struct fixture *)opaque)->current;
}

static inline int extint_acknowledge(void *opaque)
{
    ((struct fixture *)opaque)->extints++;
    return 0x28;
}

static inline void eoi_broadcast(void *opaque, uint8_t vector)
{
    struct fixture *f = opaque;

    f->eois++;
    f->eoi_vector = vector;
}

static inline void make(struct fixture *f)
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

static inline void put(struct fixture *f, unsigned cpu, unsigned offset, uint32_t value)
{
    f->current = cpu;
    memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 4, value);
}

static inline uint32_t get(struct fixture *f, unsigned cpu, unsigned offset)
{
    f->current = cpu;
    return memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 4);
}

/* All CPUs run, software-enabled. */
static inline void set_up(struct fixture *f, gconstpointer unused)
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

static inline void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

static inline bool send(struct fixture *f, uint32_t destination, uint8_t mode, uint8_t vector, bool level)
{
    struct apic_message message = {.destination = destination, .mode = mode, .vector = vector, .level = level};

    return apic_deliver(f->set, &message);
}

/* The CPUs whose IRR has @vector, taken out of it. */
static inline uint32_t takers(struct fixture *f, uint8_t vector)
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

static inline bool rdmsr(struct fixture *f, unsigned cpu, uint32_t msr, uint64_t *value)
{
    enum cpu_register_access access = apic_msr_read(f->set, cpu, msr, value);

    g_assert_cmpint(access, !=, CPU_REGISTER_DEFAULT);
    return access == CPU_REGISTER_DONE;
}

static inline bool wrmsr(struct fixture *f, unsigned cpu, uint32_t msr, uint64_t value)
{
    enum cpu_register_access access = apic_msr_write(f->set, cpu, msr, value);

    g_assert_cmpint(access, !=, CPU_REGISTER_DEFAULT);
    return access == CPU_REGISTER_DONE;
}

static inline uint64_t msr(struct fixture *f, unsigned cpu, uint32_t index)
{
    uint64_t value = 0;

    g_assert_true(rdmsr(f, cpu, index, &value));
    return value;
}

#endif
