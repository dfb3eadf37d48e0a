/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/intc/gicv3_its.h"

#include "emu/bytes.h"
#include "emu/cpu/aarch64.h"
#include "tests/device/fixture.h"

#define GICD 0x08000000
#define GICR 0x080A0000
#define ITS 0x08080000
#define TRANSLATER (ITS + 0x10040)
#define RAM 0x40000000
#define PROPERTIES (RAM + 0x10000)
#define PENDING (RAM + 0x20000)
#define QUEUE (RAM + 0x40000)
#define DEVICES (RAM + 0x50000)
#define COLLECTIONS (RAM + 0x60000)
#define EVENTS (RAM + 0x70000)

#define VALID (UINT64_C(1) << 63)
#define SPURIOUS 1023
#define IAR1 AARCH64_SYSREG(3, 0, 12, 12, 0)
#define EOIR1 AARCH64_SYSREG(3, 0, 12, 12, 1)
#define PMR AARCH64_SYSREG(3, 0, 4, 6, 0)
#define IGRPEN1 AARCH64_SYSREG(3, 0, 12, 12, 7)

enum {
    MOVI = 1,
    INT = 3,
    CLEAR = 4,
    SYNC = 5,
    MAPD = 8,
    MAPC = 9,
    MAPTI = 10,
    MAPI = 11,
    INV = 12,
    INVALL = 13,
    MOVALL = 14,
    DISCARD = 15
};

struct fixture {
    struct machine *machine;
    struct gicv3 *gic;
    struct gicv3_its *its;
    bool irq[2];
    unsigned notes;
    uint64_t writer;
};

static void set_irq(void *opaque, unsigned cpu, bool level)
{
    ((struct fixture *)opaque)->irq[cpu] = level;
}

static void set_fiq(void *opaque, unsigned cpu, bool level)
{
    g_assert_false(level);
}

static void count_note(void *opaque, const char *text)
{
    ((struct fixture *)opaque)->notes++;
}

static void make(struct fixture *f)
{
    const struct gicv3_config config = {.distributor = GICD,
                                        .redistributors = GICR,
                                        .cpus = 2,
                                        .affinity = {0, 1},
                                        .set_irq = set_irq,
                                        .set_fiq = set_fiq,
                                        .opaque = f};

    f->machine = test_machine();
    machine_set_note_handler(f->machine, count_note, f);
    g_assert_nonnull(memory_add_ram(machine_memory(f->machine), "ram", RAM, 0x100000, false, NULL));
    f->gic = gicv3_new(f->machine, &config);
    f->its = gicv3_its_new(f->machine, f->gic, ITS);
}

static uint64_t get(struct fixture *f, uint64_t address, unsigned size)
{
    return memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, address, size);
}

static void put(struct fixture *f, uint64_t address, unsigned size, uint64_t value)
{
    memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, address, size, value);
}

static void command(struct fixture *f, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    const uint64_t words[4] = {a, b, c, d};

    for (unsigned i = 0; i < 4; i++)
        memory_write64(machine_memory(f->machine), QUEUE + f->writer + 8 * i, words[i]);
    f->writer = (f->writer + 32) % 4096;
    put(f, ITS + 0x88, 8, f->writer);
    g_assert_cmphex(get(f, ITS + 0x90, 8), ==, f->writer);
}

static void map_event(struct fixture *f, uint32_t device, uint32_t event, uint32_t lpi, uint16_t collection)
{
    command(f, (uint64_t)device << 32 | MAPTI, (uint64_t)lpi << 32 | event, collection, 0);
}

static void event_command(struct fixture *f, unsigned code, uint32_t device, uint32_t event)
{
    command(f, (uint64_t)device << 32 | code, event, 0, 0);
}

/* As Linux does it: both CPUs take LPIs, device 0x08 has four events, collection N leads to CPU N. */
static void set_up(struct fixture *f, gconstpointer unused)
{
    make(f);
    put(f, GICD, 4, 2);
    memory_set(machine_memory(f->machine), PROPERTIES, 0xA1, 64); /* enabled, priority 0xA0 */
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        put(f, GICR + 0x20000 * cpu + 0x14, 4, 0);
        put(f, GICR + 0x20000 * cpu + 0x70, 8, PROPERTIES | 15);
        put(f, GICR + 0x20000 * cpu + 0x78, 8, (PENDING + 0x10000 * cpu) | UINT64_C(1) << 62);
        put(f, GICR + 0x20000 * cpu, 4, 1);
        gicv3_register_write(f->gic, cpu, PMR, 0xFF);
        gicv3_register_write(f->gic, cpu, IGRPEN1, 1);
    }
    put(f, ITS + 0x100, 8, VALID | DEVICES);
    put(f, ITS + 0x108, 8, VALID | COLLECTIONS);
    put(f, ITS + 0x80, 8, VALID | QUEUE);
    put(f, ITS + 0x00, 4, 1);
    command(f, MAPC, 0, VALID | 0 << 16 | 0, 0);
    command(f, MAPC, 0, VALID | 1 << 16 | 1, 0);
    command(f, UINT64_C(8) << 32 | MAPD, 1, VALID | EVENTS, 0);
    g_assert_cmpuint(f->notes, ==, 0);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

static uint64_t acknowledge(struct fixture *f, unsigned cpu)
{
    uint64_t value;

    g_assert_cmpint(gicv3_register_read(f->gic, cpu, IAR1, &value), ==, CPU_REGISTER_DONE);
    if (value != SPURIOUS)
        gicv3_register_write(f->gic, cpu, EOIR1, value);
    return value;
}

static void send(struct fixture *f, uint16_t device, uint32_t event)
{
    gicv3_its_message(f->its, device, TRANSLATER, event);
}

static void test_registers(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(get(f, ITS + 0x08, 8), ==, 0x1EF71);
    g_assert_cmphex(get(f, ITS + 0x00, 4), ==, 1);
    g_assert_cmphex(get(f, ITS + 0x04, 4), ==, 0x43B);
    g_assert_cmphex(get(f, ITS + 0xFFE8, 4), ==, 0x3B);
    g_assert_cmphex(get(f, ITS + 0x100, 8) >> 48, ==, 0x8107); /* devices, eight bytes each */
    g_assert_cmphex(get(f, ITS + 0x108, 8) >> 48, ==, 0x8407); /* collections */
    g_assert_cmphex(get(f, ITS + 0x110, 8), ==, 0);
    put(f, ITS + 0x100, 8, 0); /* not while it is enabled */
    g_assert_cmphex(get(f, ITS + 0x100, 4), ==, DEVICES);
    g_assert_cmpuint(f->notes, ==, 1);
    put(f, ITS + 0x00, 4, 0);
    g_assert_cmphex(get(f, ITS + 0x00, 4), ==, 0x80000000);
    put(f, ITS + 0x100, 8, UINT64_MAX);
    g_assert_cmphex(get(f, ITS + 0x100, 8), ==, UINT64_C(0xB9E7FFFFFFFFFFFF)); /* no "indirect" */
    put(f, ITS + 0x100, 4, 0x12345000);
    put(f, ITS + 0x104, 4, 0x80000012);
    g_assert_cmphex(get(f, ITS + 0x100, 8), ==, UINT64_C(0x8107001212345000));
    put(f, ITS + 0x80, 8, VALID | QUEUE | 1);
    g_assert_cmphex(get(f, ITS + 0x90, 8), ==, 0);
}

static void test_messages(struct fixture *f, gconstpointer unused)
{
    map_event(f, 8, 0, 8192, 0);
    map_event(f, 8, 3, 8195, 1);
    command(f, UINT64_C(8) << 32 | MAPI, 8200, 0, 0); /* an event that the device has not */
    g_assert_cmpuint(f->notes, ==, 1);
    g_assert_false(f->irq[0] || f->irq[1]);
    send(f, 8, 0);
    g_assert_true(f->irq[0]);
    g_assert_false(f->irq[1]);
    send(f, 8, 3);
    g_assert_true(f->irq[1]);
    g_assert_cmpuint(acknowledge(f, 0), ==, 8192);
    g_assert_cmpuint(acknowledge(f, 0), ==, SPURIOUS);
    g_assert_cmpuint(acknowledge(f, 1), ==, 8195);
    /* What leads nowhere */
    f->notes = 0;
    send(f, 8, 1);
    send(f, 8, 4);
    send(f, 8, UINT32_MAX);
    send(f, 9, 0);
    send(f, 0xFFFF, 0);
    g_assert_cmpuint(f->notes, ==, 1); /* said once */
    put(f, TRANSLATER, 4, 0);
    g_assert_cmpuint(f->notes, ==, 2);
    g_assert_false(f->irq[0] || f->irq[1]);
    /* A write elsewhere is a write. */
    gicv3_its_message(f->its, 8, RAM + 0x100, 0x12345678);
    g_assert_cmphex(memory_read32(machine_memory(f->machine), RAM + 0x100), ==, 0x12345678);
    /* A device that is unmapped */
    command(f, UINT64_C(8) << 32 | MAPD, 0, 0, 0);
    send(f, 8, 0);
    g_assert_false(f->irq[0]);
}

static void test_commands(struct fixture *f, gconstpointer unused)
{
    map_event(f, 8, 0, 8192, 0);
    map_event(f, 8, 1, 8193, 0);
    event_command(f, INT, 8, 0);
    event_command(f, INT, 8, 1);
    g_assert_true(f->irq[0]);
    command(f, UINT64_C(8) << 32 | MOVI, 0, 1, 0); /* with what is pending */
    g_assert_true(f->irq[0] && f->irq[1]);
    g_assert_cmpuint(acknowledge(f, 1), ==, 8192);
    send(f, 8, 0);
    g_assert_true(f->irq[1]);
    event_command(f, CLEAR, 8, 0);
    g_assert_false(f->irq[1]);
    command(f, MOVALL, 0, 0 << 16, 1 << 16);
    g_assert_false(f->irq[0]);
    g_assert_true(f->irq[1]);
    g_assert_cmpuint(acknowledge(f, 1), ==, 8193);
    /* The configuration counts as it was until it is invalidated. */
    memory_write8(machine_memory(f->machine), PROPERTIES + 1, 0xA0);
    send(f, 8, 1);
    g_assert_false(f->irq[0]);
    memory_write8(machine_memory(f->machine), PROPERTIES + 1, 0xA1);
    g_assert_false(f->irq[0]);
    event_command(f, INV, 8, 1);
    g_assert_true(f->irq[0]);
    memory_write8(machine_memory(f->machine), PROPERTIES + 1, 0xA0);
    g_assert_true(f->irq[0]);
    command(f, INVALL, 0, 0, 0);
    g_assert_false(f->irq[0]);
    memory_write8(machine_memory(f->machine), PROPERTIES + 1, 0xA1);
    command(f, INVALL, 0, 0, 0);
    g_assert_true(f->irq[0]);
    event_command(f, DISCARD, 8, 1);
    g_assert_false(f->irq[0]);
    command(f, SYNC, 0, 0, 0);
    g_assert_cmpuint(f->notes, ==, 0);
    event_command(f, INT, 8, 1);
    g_assert_cmpuint(f->notes, ==, 1);
}

/* Commands and tables that are no good: passed over, and nothing outside is touched. */
static void test_misuse(struct fixture *f, gconstpointer unused)
{
    static const uint64_t bad[][3] = {
        {0x77, 0, 0},                                        /* no command */
        {MAPC, 0, VALID | 2 << 16},                          /* no such CPU */
        {UINT64_C(0x10000) << 32 | MAPD, 1, VALID | EVENTS}, /* past the table's end */
        {UINT64_C(9) << 32 | MAPD, 16, VALID | EVENTS},      /* too many events */
        {UINT64_C(8) << 32 | MAPTI, UINT64_C(100) << 32, 0}, /* no LPI */
        {UINT64_C(8) << 32 | MAPTI, UINT64_C(65536) << 32, 0},
        {UINT64_C(8) << 32 | MOVI, 0, 7}, /* no such collection */
        {INVALL, 0, 7},
        {MOVALL, 0, UINT64_C(5) << 16},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        command(f, bad[i][0], bad[i][1], bad[i][2], 0);
        g_assert_false(f->irq[0] || f->irq[1]);
    }
    g_assert_cmpuint(f->notes, ==, 1);
    /* The guest writes the tables itself: an LPI beyond all, a collection of a CPU beyond all. */
    map_event(f, 8, 0, 8192, 0);
    memory_write64(machine_memory(f->machine), EVENTS, VALID | 0xFFFFFFFF);
    send(f, 8, 0);
    event_command(f, INT, 8, 0);
    command(f, UINT64_C(8) << 32 | MOVI, 0, 1, 0);
    memory_write64(machine_memory(f->machine), COLLECTIONS, VALID | 0xFFFF);
    memory_write64(machine_memory(f->machine), EVENTS, VALID | 8192);
    send(f, 8, 0);
    memory_write64(machine_memory(f->machine), DEVICES + 64, UINT64_MAX);
    send(f, 8, UINT32_MAX);
    g_assert_false(f->irq[0] || f->irq[1]);
    /* A queue that is nowhere, and a writer outside of it */
    put(f, ITS + 0x88, 8, 0xFFFE0);
    put(f, ITS + 0x00, 4, 0);
    put(f, ITS + 0x80, 8, VALID | 0x10000);
    put(f, ITS + 0x00, 4, 1);
    put(f, ITS + 0x88, 8, 0x40);
    g_assert_cmphex(get(f, ITS + 0x90, 8), ==, 0);
    for (unsigned offset = 0; offset < 0x20000; offset += offset % 0x1000 < 0x200 ? 1 : 16)
        for (unsigned size = 1; size <= 8; size *= 2) {
            put(f, ITS + offset, size, UINT64_MAX);
            get(f, ITS + offset, size);
        }
}

/* Round the queue's end. */
static void test_queue(struct fixture *f, gconstpointer unused)
{
    map_event(f, 8, 0, 8192, 0);
    for (unsigned i = 0; i < 300; i++) {
        event_command(f, INT, 8, 0);
        g_assert_cmpuint(acknowledge(f, 0), ==, 8192);
    }
    put(f, ITS + 0x00, 4, 0);
    memory_write64(machine_memory(f->machine), QUEUE + f->writer, UINT64_C(8) << 32 | INT);
    memory_write64(machine_memory(f->machine), QUEUE + f->writer + 8, 0);
    put(f, ITS + 0x88, 8, f->writer + 32);
    g_assert_false(f->irq[0]);
    put(f, ITS + 0x00, 4, 1); /* it begins with what waits */
    g_assert_true(f->irq[0]);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {0};

    make(&other);
    map_event(f, 8, 0, 8192, 0);
    map_event(f, 8, 1, 8193, 1);
    send(f, 8, 0);
    test_copy_state(f->machine, other.machine);
    g_assert_true(other.irq[0]);
    g_assert_cmpuint(acknowledge(&other, 0), ==, 8192);
    send(&other, 8, 1);
    g_assert_cmpuint(acknowledge(&other, 1), ==, 8193);
    other.writer = f->writer;
    event_command(&other, INT, 8, 0);
    g_assert_true(other.irq[0]);
    machine_reset(other.machine);
    g_assert_cmphex(get(&other, ITS + 0x80, 8), ==, 0);
    g_assert_false(other.irq[0]);
    machine_free(other.machine);
}

#define ADD(path, function) g_test_add("/its/" path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("registers", test_registers);
    ADD("messages", test_messages);
    ADD("commands", test_commands);
    ADD("misuse", test_misuse);
    ADD("queue", test_queue);
    ADD("state", test_state);
    return g_test_run();
}
