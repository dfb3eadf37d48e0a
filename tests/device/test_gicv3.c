/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/intc/gicv3.h"

#include "emu/cpu/aarch64.h"
#include "tests/device/fixture.h"

#define GICD 0x08000000
#define GICR 0x080A0000
#define SGI_BASE 0x10000
#define SPURIOUS 1023
#define RAM 0x40000000
#define PROPERTIES (RAM + 0x10000)
#define PENDING (RAM + 0x20000)

#define PMR AARCH64_SYSREG(3, 0, 4, 6, 0)
#define IAR0 AARCH64_SYSREG(3, 0, 12, 8, 0)
#define EOIR0 AARCH64_SYSREG(3, 0, 12, 8, 1)
#define HPPIR0 AARCH64_SYSREG(3, 0, 12, 8, 2)
#define BPR0 AARCH64_SYSREG(3, 0, 12, 8, 3)
#define AP0R0 AARCH64_SYSREG(3, 0, 12, 8, 4)
#define AP0R1 AARCH64_SYSREG(3, 0, 12, 8, 5)
#define AP1R0 AARCH64_SYSREG(3, 0, 12, 9, 0)
#define DIR1 AARCH64_SYSREG(3, 0, 12, 11, 1)
#define RPR AARCH64_SYSREG(3, 0, 12, 11, 3)
#define SGI1R AARCH64_SYSREG(3, 0, 12, 11, 5)
#define SGI0R AARCH64_SYSREG(3, 0, 12, 11, 7)
#define IAR1 AARCH64_SYSREG(3, 0, 12, 12, 0)
#define EOIR1 AARCH64_SYSREG(3, 0, 12, 12, 1)
#define HPPIR1 AARCH64_SYSREG(3, 0, 12, 12, 2)
#define BPR1 AARCH64_SYSREG(3, 0, 12, 12, 3)
#define CTLR AARCH64_SYSREG(3, 0, 12, 12, 4)
#define SRE AARCH64_SYSREG(3, 0, 12, 12, 5)
#define IGRPEN0 AARCH64_SYSREG(3, 0, 12, 12, 6)
#define IGRPEN1 AARCH64_SYSREG(3, 0, 12, 12, 7)

struct fixture {
    struct machine *machine;
    struct gicv3 *gic;
    bool irq[3], fiq[3];
};

static void set_irq(void *opaque, unsigned cpu, bool level)
{
    ((struct fixture *)opaque)->irq[cpu] = level;
}

static void set_fiq(void *opaque, unsigned cpu, bool level)
{
    ((struct fixture *)opaque)->fiq[cpu] = level;
}

static void make(struct fixture *f)
{
    /* The third CPU is in another cluster. */
    const struct gicv3_config config = {.distributor = GICD,
                                        .redistributors = GICR,
                                        .cpus = 3,
                                        .affinity = {0x000, 0x001, 0x100},
                                        .set_irq = set_irq,
                                        .set_fiq = set_fiq,
                                        .opaque = f};

    f->machine = test_machine();
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
    g_assert_nonnull(memory_add_ram(machine_memory(f->machine), "ram", RAM, 0x100000, false, NULL));
    f->gic = gicv3_new(f->machine, &config);
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    make(f);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

static uint64_t get(struct fixture *f, uint64_t address, unsigned size)
{
    return memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, address, size);
}

static void put(struct fixture *f, uint64_t address, unsigned size, uint64_t value)
{
    memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, address, size, value);
}

static uint32_t gicd(struct fixture *f, unsigned offset)
{
    return (uint32_t)get(f, GICD + offset, 4);
}

static uint64_t gicr(unsigned cpu, unsigned offset)
{
    return GICR + 0x20000 * cpu + offset;
}

static uint64_t mrs(struct fixture *f, unsigned cpu, uint32_t id)
{
    uint64_t value = 0xDEAD;

    g_assert_cmpint(gicv3_register_read(f->gic, cpu, id, &value), ==, CPU_REGISTER_DONE);
    return value;
}

static void msr(struct fixture *f, unsigned cpu, uint32_t id, uint64_t value)
{
    g_assert_cmpint(gicv3_register_write(f->gic, cpu, id, value), ==, CPU_REGISTER_DONE);
}

static void line(struct fixture *f, unsigned cpu, unsigned intid, bool level)
{
    struct irq_line input = gicv3_line(f->gic, cpu, intid);

    irq_set(&input, level);
}

/* As Linux has it: everything in Group 1, no mask. */
static void switch_on(struct fixture *f)
{
    put(f, GICD, 4, 0x12);
    for (unsigned word = 1; word < 9; word++)
        put(f, GICD + 0x80 + 4 * word, 4, 0xFFFFFFFF);
    for (unsigned cpu = 0; cpu < 3; cpu++) {
        put(f, gicr(cpu, 0x14), 4, 0);
        put(f, gicr(cpu, SGI_BASE + 0x80), 4, 0xFFFFFFFF);
        msr(f, cpu, PMR, 0xFF);
        msr(f, cpu, IGRPEN1, 1);
    }
}

static void enable(struct fixture *f, unsigned intid, unsigned priority)
{
    put(f, GICD + 0x100 + intid / 32 * 4, 4, 1u << intid % 32);
    put(f, GICD + 0x400 + intid, 1, priority);
}

static void test_identification(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(gicd(f, 0x0), ==, 0x50);
    put(f, GICD, 4, 0xFFFFFFFF);
    g_assert_cmphex(gicd(f, 0x0), ==, 0x53);
    g_assert_cmphex(gicd(f, 0x4), ==, 0x037A0008);
    g_assert_cmphex(gicd(f, 0xFFE8), ==, 0x3B);
    g_assert_cmphex(get(f, gicr(0, 0x8), 8), ==, 0x1);
    g_assert_cmphex(get(f, gicr(1, 0x8), 8), ==, UINT64_C(0x100000101));
    g_assert_cmphex(get(f, gicr(2, 0x8), 8), ==, UINT64_C(0x10000000211));
    g_assert_cmphex(get(f, gicr(2, 0xFFE8), 4), ==, 0x3B);
    g_assert_cmphex(get(f, gicr(0, 0x14), 4), ==, 6);
    put(f, gicr(0, 0x14), 4, 0);
    g_assert_cmphex(get(f, gicr(0, 0x14), 4), ==, 0);
    g_assert_cmphex(mrs(f, 0, CTLR), ==, 0x8400);
    g_assert_cmphex(mrs(f, 0, SRE), ==, 7);
    msr(f, 0, SRE, 0);
    g_assert_cmphex(mrs(f, 0, SRE), ==, 7);
    msr(f, 0, PMR, 0xFF);
    g_assert_cmphex(mrs(f, 0, PMR), ==, 0xF8); /* 32 priorities */
    put(f, GICD + 0x424, 4, 0xFFFFFFFF);
    g_assert_cmphex(gicd(f, 0x424), ==, 0xF8F8F8F8);
    /* With affinity routing the private interrupts are not here. */
    put(f, GICD + 0x100, 4, 0xFFFFFFFF);
    put(f, GICD + 0x404, 4, 0xFFFFFFFF);
    put(f, GICD + 0xC04, 4, 0xFFFFFFFF);
    g_assert_cmphex(gicd(f, 0x100), ==, 0);
    g_assert_cmphex(gicd(f, 0x404), ==, 0);
    g_assert_cmphex(gicd(f, 0xC04), ==, 0);
    put(f, GICD + 0x820, 4, 0xFFFFFFFF);
    g_assert_cmphex(gicd(f, 0x820), ==, 0);
}

static void test_registers(struct fixture *f, gconstpointer unused)
{
    unsigned count;
    const uint32_t *ids = gicv3_registers(&count);
    uint64_t value;

    g_assert_cmpuint(count, ==, 26);
    for (unsigned i = 0; i < count; i++) {
        g_assert_cmpint(gicv3_register_read(f->gic, 0, ids[i], &value), !=, CPU_REGISTER_DEFAULT);
        g_assert_cmpint(gicv3_register_write(f->gic, 0, ids[i], 0), !=, CPU_REGISTER_DEFAULT);
    }
    g_assert_cmpint(gicv3_register_read(f->gic, 0, EOIR1, &value), ==, CPU_REGISTER_FAULT);
    g_assert_cmpint(gicv3_register_read(f->gic, 0, SGI1R, &value), ==, CPU_REGISTER_FAULT);
    g_assert_cmpint(gicv3_register_write(f->gic, 0, IAR1, 0), ==, CPU_REGISTER_FAULT);
    g_assert_cmpint(gicv3_register_write(f->gic, 0, RPR, 0), ==, CPU_REGISTER_FAULT);
    g_assert_cmpint(gicv3_register_read(f->gic, 0, AP0R1, &value), ==, CPU_REGISTER_FAULT);
    g_assert_cmpint(gicv3_register_read(f->gic, 0, AARCH64_SYSREG(3, 0, 1, 0, 0), &value), ==, CPU_REGISTER_DEFAULT);
    g_assert_cmpint(gicv3_register_write(f->gic, 0, AARCH64_SYSREG(3, 0, 1, 0, 0), 0), ==, CPU_REGISTER_DEFAULT);
    msr(f, 0, BPR0, 0);
    g_assert_cmphex(mrs(f, 0, BPR0), ==, 2);
    msr(f, 0, BPR1, 0);
    g_assert_cmphex(mrs(f, 0, BPR1), ==, 3);
    msr(f, 0, CTLR, 0xFFFFFFFF);
    g_assert_cmphex(mrs(f, 0, CTLR), ==, 0x8403);
    msr(f, 0, BPR0, 5);
    g_assert_cmphex(mrs(f, 0, BPR1), ==, 6); /* CBPR */
    msr(f, 0, BPR1, 7);
    msr(f, 0, CTLR, 0);
    g_assert_cmphex(mrs(f, 0, BPR1), ==, 3);
    msr(f, 0, AP1R0, 0x80);
    g_assert_cmphex(mrs(f, 0, RPR), ==, 0x38);
    msr(f, 0, AP0R0, 0x02);
    g_assert_cmphex(mrs(f, 0, RPR), ==, 0x08);
}

static void test_bounds(struct fixture *f, gconstpointer unused)
{
    for (uint64_t offset = 0; offset < 0x10000; offset += offset < 0x1000 || offset >= 0x8000 ? 1 : 4)
        for (unsigned size = 1; size <= 8; size *= 2) {
            put(f, GICD + offset, size, UINT64_MAX);
            get(f, GICD + offset, size);
            put(f, gicr(2, offset), size, UINT64_MAX);
            get(f, gicr(2, offset), size);
            put(f, gicr(2, SGI_BASE + offset), size, UINT64_MAX);
            get(f, gicr(2, SGI_BASE + offset), size);
        }
    g_assert_cmphex(get(f, gicr(3, 0), 4), ==, 0xFFFFFFFF); /* nobody */
    machine_reset(f->machine);
    g_assert_cmphex(gicd(f, 0x0), ==, 0x50);
    g_assert_cmphex(get(f, gicr(2, SGI_BASE + 0x100), 4), ==, 0);
}

static void test_spi(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    enable(f, 33, 0x80);
    line(f, 0, 33, true);
    g_assert_true(f->irq[0]);
    g_assert_false(f->irq[1] || f->fiq[0]);
    g_assert_cmpuint(mrs(f, 0, IAR0), ==, SPURIOUS);
    g_assert_cmpuint(mrs(f, 1, IAR1), ==, SPURIOUS);
    g_assert_cmpuint(mrs(f, 0, HPPIR1), ==, 33);
    g_assert_cmpuint(mrs(f, 0, HPPIR0), ==, SPURIOUS);
    g_assert_cmpuint(mrs(f, 0, IAR1), ==, 33);
    g_assert_false(f->irq[0]);
    g_assert_cmphex(mrs(f, 0, RPR), ==, 0x80);
    g_assert_cmphex(mrs(f, 0, AP1R0), ==, 1u << 16);
    g_assert_cmphex(gicd(f, 0x304), ==, 2);
    line(f, 0, 33, false);
    msr(f, 0, EOIR1, 33);
    g_assert_cmphex(gicd(f, 0x304), ==, 0);
    g_assert_cmphex(mrs(f, 0, RPR), ==, 0xFF);
    msr(f, 0, EOIR1, SPURIOUS);
    /* Masks */
    line(f, 0, 33, true);
    msr(f, 0, PMR, 0x80);
    g_assert_false(f->irq[0]);
    msr(f, 0, PMR, 0x88);
    g_assert_true(f->irq[0]);
    msr(f, 0, IGRPEN1, 0);
    g_assert_false(f->irq[0]);
    msr(f, 0, IGRPEN1, 1);
    put(f, GICD, 4, 1);
    g_assert_false(f->irq[0]);
    put(f, GICD, 4, 2);
    put(f, GICD + 0x184, 4, 2);
    g_assert_false(f->irq[0]);
    put(f, GICD + 0x104, 4, 2);
    put(f, gicr(0, 0x14), 4, 2); /* asleep */
    g_assert_false(f->irq[0]);
    g_assert_cmphex(get(f, gicr(0, 0x14), 4), ==, 6);
    gicv3_wake(f->gic, 0);
    g_assert_true(f->irq[0]);
}

static void test_routes(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    enable(f, 100, 0);
    line(f, 0, 100, true);
    g_assert_true(f->irq[0]);
    put(f, GICD + 0x6000 + 8 * 100, 8, 0x100);
    g_assert_false(f->irq[0]);
    g_assert_true(f->irq[2]);
    g_assert_cmphex(get(f, GICD + 0x6000 + 8 * 100, 8), ==, 0x100);
    put(f, GICD + 0x6000 + 8 * 100 + 4, 4, 1); /* Aff3 of nobody */
    g_assert_false(f->irq[2]);
    g_assert_cmphex(get(f, GICD + 0x6000 + 8 * 100, 8), ==, UINT64_C(0x100000100));
    put(f, GICD + 0x6000 + 8 * 100, 8, UINT64_MAX); /* there is no 1 of N */
    g_assert_cmphex(get(f, GICD + 0x6000 + 8 * 100, 8), ==, UINT64_C(0xFF00FFFFFF));
    put(f, GICD + 0x6000 + 8 * 100, 8, 1);
    g_assert_true(f->irq[1]);
    line(f, 0, 100, false);
    g_assert_false(f->irq[1]);
}

static void test_ppi(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    put(f, gicr(1, SGI_BASE + 0x100), 4, 1u << 27);
    put(f, gicr(1, SGI_BASE + 0x400 + 27), 1, 0x20);
    line(f, 0, 27, true);
    g_assert_false(f->irq[0] || f->irq[1]);
    line(f, 1, 27, true);
    g_assert_true(f->irq[1]);
    g_assert_false(f->irq[0]);
    g_assert_cmphex(get(f, gicr(1, SGI_BASE + 0x200), 4), ==, 1u << 27);
    g_assert_cmpuint(mrs(f, 1, IAR1), ==, 27);
    g_assert_cmphex(get(f, gicr(1, SGI_BASE + 0x300), 4), ==, 1u << 27);
    g_assert_cmphex(get(f, gicr(0, SGI_BASE + 0x300), 4), ==, 0);
    line(f, 1, 27, false);
    msr(f, 1, EOIR1, 27);
    g_assert_false(f->irq[1]);
    put(f, gicr(1, SGI_BASE + 0xC04), 4, 0xFFFFFFFF); /* by edges */
    g_assert_cmphex(get(f, gicr(1, SGI_BASE + 0xC04), 4), ==, 0xAAAAAAAA);
    g_assert_cmphex(get(f, gicr(1, SGI_BASE + 0xC00), 4), ==, 0xAAAAAAAA);
    line(f, 1, 27, true);
    line(f, 1, 27, false);
    g_assert_true(f->irq[1]);
}

static void test_sgi(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    for (unsigned cpu = 0; cpu < 3; cpu++)
        put(f, gicr(cpu, SGI_BASE + 0x100), 4, 0xFFFF);
    msr(f, 0, SGI1R, UINT64_C(0x0000000003000002)); /* 3 to Aff0 1 of cluster 0 */
    g_assert_true(f->irq[1]);
    g_assert_false(f->irq[0] || f->irq[2]);
    g_assert_cmpuint(mrs(f, 1, IAR1), ==, 3);
    msr(f, 1, EOIR1, 3);
    msr(f, 1, SGI1R, UINT64_C(0x0000000005010001)); /* 5 to Aff0 0 of cluster 1 */
    g_assert_true(f->irq[2]);
    g_assert_false(f->irq[0] || f->irq[1]);
    g_assert_cmpuint(mrs(f, 2, IAR1), ==, 5);
    msr(f, 2, EOIR1, 5);
    msr(f, 2, SGI1R, UINT64_C(0x000001000F000000)); /* 15 to all others */
    g_assert_true(f->irq[0] && f->irq[1]);
    g_assert_false(f->irq[2]);
    g_assert_cmpuint(mrs(f, 0, IAR1), ==, 15);
    g_assert_cmpuint(mrs(f, 1, IAR1), ==, 15);
    /* Nobody: another Aff3, a range that does not exist */
    msr(f, 0, SGI1R, UINT64_C(0x0001000004000001));
    msr(f, 0, SGI1R, UINT64_C(0x0000100004000001));
    g_assert_cmphex(get(f, gicr(0, SGI_BASE + 0x200), 4), ==, 0);
    /* Each register is for its group. */
    msr(f, 0, SGI0R, UINT64_C(0x0000000003000002));
    g_assert_cmphex(get(f, gicr(1, SGI_BASE + 0x200), 4), ==, 0);
    put(f, gicr(1, SGI_BASE + 0x80), 4, 0xFFFFFFF7);
    msr(f, 0, SGI1R, UINT64_C(0x0000000003000002));
    g_assert_cmphex(get(f, gicr(1, SGI_BASE + 0x200), 4), ==, 0);
    msr(f, 0, SGI0R, UINT64_C(0x0000000003000002));
    g_assert_cmphex(get(f, gicr(1, SGI_BASE + 0x200), 4), ==, 8);
}

static void test_groups(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    put(f, GICD, 4, 3);
    msr(f, 0, IGRPEN0, 1);
    put(f, GICD + 0x84, 4, 0xFFFFFFFD); /* 33 in Group 0 */
    enable(f, 33, 0x80);
    enable(f, 34, 0x80);
    line(f, 0, 34, true);
    g_assert_true(f->irq[0]);
    line(f, 0, 33, true);
    g_assert_true(f->fiq[0]);
    g_assert_false(f->irq[0]);
    g_assert_cmpuint(mrs(f, 0, IAR1), ==, SPURIOUS);
    g_assert_cmpuint(mrs(f, 0, IAR0), ==, 33);
    g_assert_cmphex(mrs(f, 0, AP0R0), ==, 1u << 16);
    g_assert_false(f->fiq[0] || f->irq[0]);
    msr(f, 0, EOIR1, 33); /* the wrong register: nothing ends */
    g_assert_cmphex(mrs(f, 0, RPR), ==, 0x80);
    line(f, 0, 33, false);
    msr(f, 0, EOIR0, 33);
    g_assert_cmpuint(mrs(f, 0, IAR1), ==, 34);
}

static void test_preemption(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    enable(f, 40, 0x40);
    enable(f, 41, 0x48);
    enable(f, 42, 0x38);
    line(f, 0, 40, true);
    g_assert_cmpuint(mrs(f, 0, IAR1), ==, 40);
    line(f, 0, 41, true);
    g_assert_false(f->irq[0]);
    msr(f, 0, BPR1, 6); /* 0x38 and 0x40 differ in bits 7:6 still */
    line(f, 0, 42, true);
    g_assert_true(f->irq[0]);
    put(f, GICD + 0x400 + 42, 1, 0x47);
    g_assert_cmphex(get(f, GICD + 0x400 + 42, 1), ==, 0x40);
    g_assert_false(f->irq[0]);
    put(f, GICD + 0x400 + 42, 1, 0x38);
    g_assert_cmpuint(mrs(f, 0, IAR1), ==, 42);
    g_assert_cmphex(mrs(f, 0, RPR), ==, 0);
    line(f, 0, 42, false);
    msr(f, 0, EOIR1, 42);
    g_assert_cmphex(mrs(f, 0, RPR), ==, 0x40);
    g_assert_false(f->irq[0]);
    line(f, 0, 40, false);
    msr(f, 0, EOIR1, 40);
    g_assert_cmpuint(mrs(f, 0, IAR1), ==, 41);
}

static void test_split_end(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    enable(f, 60, 0);
    line(f, 0, 60, true);
    g_assert_cmpuint(mrs(f, 0, IAR1), ==, 60);
    msr(f, 0, DIR1, 60);
    g_assert_cmphex(gicd(f, 0x304), ==, 1u << 28);
    msr(f, 0, CTLR, 2);
    msr(f, 0, EOIR1, 60);
    g_assert_cmphex(mrs(f, 0, RPR), ==, 0xFF);
    g_assert_cmphex(gicd(f, 0x304), ==, 1u << 28);
    g_assert_false(f->irq[0]);
    msr(f, 0, DIR1, 60);
    g_assert_cmphex(gicd(f, 0x304), ==, 0);
    g_assert_true(f->irq[0]);
}

/* LPIs that stand in the pending table when they are enabled. */
static void enable_lpis(struct fixture *f, unsigned cpu)
{
    memory_write8(machine_memory(f->machine), PROPERTIES + 0, 0x83);  /* 8192: priority 0x80, enabled */
    memory_write8(machine_memory(f->machine), PROPERTIES + 1, 0x03);  /* 8193: priority 0 */
    memory_write8(machine_memory(f->machine), PROPERTIES + 40, 0x02); /* 8232: off */
    memory_write8(machine_memory(f->machine), PENDING + 8192 / 8, 0x03);
    memory_write8(machine_memory(f->machine), PENDING + 8232 / 8, 0x01);
    put(f, gicr(cpu, 0x70), 8, PROPERTIES | 13); /* 14 bits */
    put(f, gicr(cpu, 0x78), 8, PENDING);
    put(f, gicr(cpu, 0x00), 4, 1);
}

static void test_lpi(struct fixture *f, gconstpointer unused)
{
    switch_on(f);
    enable_lpis(f, 1);
    g_assert_cmphex(get(f, gicr(1, 0x00), 4), ==, 1);
    g_assert_cmphex(get(f, gicr(1, 0x70), 8), ==, PROPERTIES | 13);
    put(f, gicr(1, 0x70), 8, 0); /* fixed by now */
    g_assert_cmphex(get(f, gicr(1, 0x70), 8), ==, PROPERTIES | 13);
    g_assert_true(f->irq[1]);
    g_assert_cmpuint(mrs(f, 1, IAR1), ==, 8193);
    g_assert_cmphex(mrs(f, 1, RPR), ==, 0);
    g_assert_false(f->irq[1]);
    msr(f, 1, EOIR1, 8193);
    g_assert_true(f->irq[1]);
    enable(f, 33, 0x78);
    put(f, GICD + 0x6000 + 8 * 33, 8, 1);
    line(f, 0, 33, true);
    g_assert_cmpuint(mrs(f, 1, HPPIR1), ==, 33);
    put(f, GICD + 0x400 + 33, 1, 0x88);
    g_assert_cmpuint(mrs(f, 1, IAR1), ==, 8192);
    msr(f, 1, EOIR1, 8192);
    g_assert_cmpuint(mrs(f, 1, IAR1), ==, 33);
    msr(f, 1, EOIR1, 33);
    g_assert_cmpuint(mrs(f, 1, IAR1), ==, 33); /* it stands still; 8232 is off */
    msr(f, 1, EOIR1, 70000);
    g_assert_cmphex(mrs(f, 1, RPR), ==, 0x88);
    /* A table that is nowhere, and one without room */
    put(f, gicr(0, 0x70), 8, PROPERTIES | 13);
    put(f, gicr(0, 0x78), 8, 0x10000);
    put(f, gicr(0, 0x00), 4, 1);
    g_assert_false(f->irq[0]);
    put(f, gicr(2, 0x70), 8, PROPERTIES | 3);
    put(f, gicr(2, 0x00), 4, 1);
    g_assert_false(f->irq[2]);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {0};

    make(&other);
    switch_on(f);
    enable(f, 33, 0x40);
    enable(f, 100, 0x20);
    line(f, 0, 33, true);
    g_assert_cmpuint(mrs(f, 0, IAR1), ==, 33);
    put(f, GICD + 0x6000 + 8 * 100, 8, 0x100);
    line(f, 0, 100, true);
    enable_lpis(f, 1);
    put(f, gicr(0, SGI_BASE + 0x100), 4, 0x10);
    msr(f, 1, SGI1R, UINT64_C(0x0000000004000001));
    msr(f, 2, BPR1, 5);
    test_copy_state(f->machine, other.machine);
    g_assert_true(other.irq[1] && other.irq[2]);
    g_assert_true(other.irq[0]); /* priority 0 preempts 0x40 */
    g_assert_cmphex(mrs(&other, 0, RPR), ==, 0x40);
    g_assert_cmpuint(mrs(&other, 0, IAR1), ==, 4);
    msr(&other, 0, EOIR1, 4);
    line(&other, 0, 33, false);
    msr(&other, 0, EOIR1, 33);
    g_assert_false(other.irq[0]);
    g_assert_cmpuint(mrs(&other, 1, IAR1), ==, 8193);
    g_assert_cmpuint(mrs(&other, 2, IAR1), ==, 100);
    g_assert_cmphex(mrs(&other, 2, BPR1), ==, 5);
    machine_free(other.machine);
}

#define ADD(path, function) g_test_add("/gicv3/" path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("identification", test_identification);
    ADD("registers", test_registers);
    ADD("bounds", test_bounds);
    ADD("spi", test_spi);
    ADD("routes", test_routes);
    ADD("ppi", test_ppi);
    ADD("sgi", test_sgi);
    ADD("groups", test_groups);
    ADD("preemption", test_preemption);
    ADD("split-end", test_split_end);
    ADD("lpi", test_lpi);
    ADD("state", test_state);
    return g_test_run();
}
