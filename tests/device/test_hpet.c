/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/timer/hpet.h"

#include "tests/device/fixture.h"

#define BASE 0xfed00000

enum {
    CAPABILITIES = 0x00,
    ENABLES = 0x10,
    STATUS = 0x20,
    COUNTER = 0xf0,
    T0 = 0x100,
    T1 = 0x120,
    T2 = 0x140,
    CONFIG = 0,
    COMPARATOR = 8,
    FSB = 0x10
};

struct fixture {
    struct machine *machine;
    struct hpet *hpet;
    struct test_line legacy[2], routes[HPET_ROUTES];
    bool replaced;
    uint64_t message_address;
    uint32_t message;
    unsigned messages;
};

static void legacy_replacement(void *opaque, bool on)
{
    struct fixture *f = opaque;

    g_assert_false(f->legacy[0].level); /* nobody holds the line when it changes hands */
    g_assert_cmpint(on, !=, f->replaced);
    f->replaced = on;
}

static void message_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct fixture *f = opaque;

    f->message_address = 0xfee00000 + offset;
    f->message = value;
    f->messages++;
}

static void make(struct fixture *f)
{
    static const struct memory_region_ops message_ops = {.write = message_write};
    struct hpet_config config = {.address = BASE,
                                 .route_capability = 0x00ff0104,
                                 .fsb = true,
                                 .legacy_replacement = legacy_replacement,
                                 .opaque = f};

    for (unsigned i = 0; i < 2; i++)
        config.legacy[i] = test_irq(&f->legacy[i]);
    for (unsigned i = 0; i < HPET_ROUTES; i++)
        config.routes[i] = test_irq(&f->routes[i]);
    f->machine = test_machine();
    f->hpet = hpet_new(f->machine, &config);
    memory_add_io(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, "messages", 0xfee00000, 0x100000, 0, &message_ops,
                  f);
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    make(f);
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

static void put(struct fixture *f, unsigned offset, uint64_t value)
{
    memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 8, value);
}

static void put32(struct fixture *f, unsigned offset, uint32_t value)
{
    memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 4, value);
}

static uint64_t get(struct fixture *f, unsigned offset)
{
    return memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 8);
}

static uint32_t get32(struct fixture *f, unsigned offset)
{
    return memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 4);
}

static void ticks(struct fixture *f, uint64_t count)
{
    machine_advance(f->machine, count * 10);
}

static void test_counter(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(get(f, CAPABILITIES), ==, 0x009896808086a201);
    g_assert_cmphex(get32(f, CAPABILITIES + 4), ==, 10000000);
    g_assert_cmphex(hpet_block_id(), ==, 0x8086a201);
    ticks(f, 100);
    g_assert_cmpuint(get(f, COUNTER), ==, 0); /* halted */
    put(f, COUNTER, 0x1fffffff0);
    put(f, ENABLES, 1);
    machine_advance(f->machine, 9);
    g_assert_cmphex(get(f, COUNTER), ==, 0x1fffffff0);
    machine_advance(f->machine, 1);
    g_assert_cmphex(get(f, COUNTER), ==, 0x1fffffff1);
    ticks(f, 0x10);
    g_assert_cmphex(get32(f, COUNTER), ==, 1);
    g_assert_cmphex(get32(f, COUNTER + 4), ==, 2);
    put(f, ENABLES, 0);
    ticks(f, 100);
    g_assert_cmphex(get(f, COUNTER), ==, 0x200000001);
    put32(f, COUNTER, 7);
    g_assert_cmphex(get(f, COUNTER), ==, 0x200000007);
    put32(f, COUNTER + 4, 0);
    g_assert_cmphex(get(f, COUNTER), ==, 7);
    g_assert_cmphex(memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + 5, 1), ==, 0x96);
    machine_reset(f->machine);
    g_assert_cmphex(get(f, COUNTER), ==, 0);
    g_assert_cmphex(get(f, T0 + COMPARATOR), ==, UINT64_MAX);
}

/* As Redox sets it up: legacy replacement, periodic, comparator written twice, then enabled. */
static void test_legacy_periodic(struct fixture *f, gconstpointer unused)
{
    const uint64_t period = 406225;

    put(f, T0 + CONFIG, 0x4c);
    g_assert_cmphex(get(f, T0 + CONFIG), ==, 0x00ff01040000807c);
    put(f, T0 + COMPARATOR, get(f, COUNTER) + period);
    g_assert_cmphex(get32(f, T0 + CONFIG), ==, 0x803c); /* VAL_SET is gone */
    put(f, T0 + COMPARATOR, period);
    g_assert_false(f->replaced);
    put(f, ENABLES, get(f, ENABLES) | 3);
    g_assert_true(f->replaced);
    for (unsigned k = 1; k < 500; k++) {
        g_assert_cmpuint(get(f, T0 + COMPARATOR), ==, k * period);
        ticks(f, period - 1);
        g_assert_cmpuint(f->legacy[0].edges, ==, k - 1);
        g_assert_cmpuint(get(f, T0 + COMPARATOR), ==, k * period);
        ticks(f, 1);
        g_assert_cmpuint(f->legacy[0].edges, ==, k);
        g_assert_true(f->legacy[0].level); /* for an 8259, which wants to see it when it is acknowledged */
        g_assert_cmpuint(get(f, COUNTER) - (get(f, T0 + COMPARATOR) - period), ==, 0);
    }
    g_assert_cmphex(get(f, STATUS), ==, 0);
    put(f, ENABLES, 1);
    g_assert_false(f->legacy[0].level);
    g_assert_false(f->replaced);
}

static void test_one_shot(struct fixture *f, gconstpointer unused)
{
    put(f, T1 + CONFIG, 0x04 | 20 << 9);
    put(f, T1 + COMPARATOR, 1000);
    put(f, ENABLES, 1);
    ticks(f, 999);
    g_assert_cmpuint(f->routes[20].edges, ==, 0);
    ticks(f, 1);
    g_assert_cmpuint(f->routes[20].edges, ==, 1);
    g_assert_cmpuint(get(f, T1 + COMPARATOR), ==, 1000);
    ticks(f, 100000);
    g_assert_cmpuint(f->routes[20].edges, ==, 1);
    put(f, T1 + COMPARATOR, 500); /* gone by: not before the counter has come round */
    ticks(f, 100000);
    g_assert_cmpuint(f->routes[20].edges, ==, 1);
    put(f, T1 + COMPARATOR, get(f, COUNTER));
    g_assert_cmpuint(f->routes[20].edges, ==, 2);
    put(f, T0 + COMPARATOR, 5); /* a write to another timer does not fire it again */
    g_assert_cmpuint(f->routes[20].edges, ==, 2);
    put(f, T1 + CONFIG, 0x104 | 20 << 9); /* 32 bits: matches each time they come round */
    put(f, T1 + COMPARATOR, 0x7700000000 + get32(f, COUNTER) + 100);
    ticks(f, 100);
    g_assert_cmpuint(f->routes[20].edges, ==, 3);
    ticks(f, 0xffffffff);
    g_assert_cmpuint(f->routes[20].edges, ==, 3);
    ticks(f, 1);
    g_assert_cmpuint(f->routes[20].edges, ==, 4);
}

static void test_level(struct fixture *f, gconstpointer unused)
{
    put(f, T2 + CONFIG, 0x4e | 16 << 9);
    put(f, T2 + COMPARATOR, 100);
    put(f, T2 + COMPARATOR, 50);
    put(f, ENABLES, 1);
    ticks(f, 100);
    g_assert_true(f->routes[16].level);
    g_assert_cmphex(get(f, STATUS), ==, 4);
    put(f, STATUS, 3);
    g_assert_true(f->routes[16].level);
    put(f, STATUS, 4);
    g_assert_false(f->routes[16].level);
    g_assert_cmphex(get(f, STATUS), ==, 0);
    ticks(f, 50);
    g_assert_true(f->routes[16].level);
    put(f, T2 + CONFIG, 0x0a | 16 << 9); /* not enabled: the line falls, the status goes on */
    g_assert_false(f->routes[16].level);
    put(f, STATUS, 4);
    ticks(f, 50);
    g_assert_cmphex(get(f, STATUS), ==, 4);
    g_assert_false(f->routes[16].level);
    put(f, T2 + CONFIG, 0x0e | 17 << 9); /* elsewhere */
    g_assert_true(f->routes[17].level);
    g_assert_false(f->routes[16].level);
    put(f, T2 + CONFIG, 0x0e | 5 << 9); /* no such route */
    g_assert_cmphex(get32(f, T2 + CONFIG) >> 9 & 31, ==, 0);
    g_assert_false(f->routes[17].level);
}

static void test_shared(struct fixture *f, gconstpointer unused)
{
    put(f, T0 + CONFIG, 0x06 | 16 << 9);
    put(f, T0 + COMPARATOR, 100);
    put(f, T1 + CONFIG, 0x06 | 16 << 9);
    put(f, T1 + COMPARATOR, 200);
    put(f, T2 + CONFIG, 0x04 | 16 << 9);
    put(f, T2 + COMPARATOR, 300);
    put(f, ENABLES, 1);
    ticks(f, 200);
    put(f, STATUS, 1);
    g_assert_true(f->routes[16].level);
    g_assert_cmpuint(f->routes[16].edges, ==, 1);
    ticks(f, 100);
    g_assert_cmpuint(f->routes[16].edges, ==, 2); /* an edge is one in any case */
    put(f, STATUS, 2);
    g_assert_true(f->routes[16].level);
    put(f, T2 + CONFIG, 16 << 9);
    g_assert_false(f->routes[16].level);
}

/* Periods that pass while nobody looks count once, and the next match is where it would have been. */
static void test_periodic_catches_up(struct fixture *f, gconstpointer unused)
{
    put(f, T0 + CONFIG, 0x48 | 2 << 9);
    put(f, T0 + COMPARATOR, 1000);
    put(f, T0 + COMPARATOR, 7);
    put(f, ENABLES, 1);
    ticks(f, 5000);
    g_assert_cmpuint(get(f, T0 + COMPARATOR), ==, 1000 + 572 * 7);
    put(f, T0 + CONFIG, 0x148 | 2 << 9);
    put32(f, T0 + COMPARATOR, 6000);
    put32(f, T0 + COMPARATOR, 10);
    ticks(f, 1000 + 3);
    g_assert_cmpuint(get(f, T0 + COMPARATOR), ==, 6010);
    put(f, T0 + CONFIG, 0x48 | 2 << 9); /* 64 bits in two halves: VAL_SET for each */
    put32(f, T0 + COMPARATOR, 0x10);
    put32(f, T0 + CONFIG, 0x48 | 2 << 9);
    put32(f, T0 + COMPARATOR + 4, 1);
    g_assert_cmphex(get(f, T0 + COMPARATOR), ==, 0x100000010);
    put(f, T0 + CONFIG, 0x4c | 2 << 9);
    put(f, T0 + COMPARATOR, 0);
    ticks(f, 1000000); /* a period of 0 goes nowhere */
    g_assert_cmpuint(f->routes[2].edges, ==, 0);
}

static void test_messages(struct fixture *f, gconstpointer unused)
{
    put(f, T0 + FSB, 0xfee0300c00004041);
    g_assert_cmphex(get(f, T0 + FSB), ==, 0xfee0300c00004041);
    put(f, T0 + CONFIG, 0x404c | 2 << 9);
    put(f, T0 + COMPARATOR, 100);
    put(f, T0 + COMPARATOR, 10);
    put(f, ENABLES, 1);
    ticks(f, 120);
    g_assert_cmpuint(f->messages, ==, 3);
    g_assert_cmphex(f->message_address, ==, 0xfee0300c);
    g_assert_cmphex(f->message, ==, 0x4041);
    g_assert_cmpuint(f->routes[2].edges, ==, 0);
}

static void test_widths(struct fixture *f, gconstpointer unused)
{
    put(f, T1 + CONFIG, 0x104 | 20 << 9);
    put(f, T1 + COMPARATOR, 0x1122334455667788);
    g_assert_cmphex(get(f, T1 + COMPARATOR), ==, 0x55667788);
    put(f, T1 + CONFIG, 0x004 | 20 << 9);
    put(f, T1 + COMPARATOR, 0x1122334455667788);
    put(f, T1 + CONFIG, 0x104 | 20 << 9);
    g_assert_cmphex(get(f, T1 + COMPARATOR), ==, 0x55667788);
    g_assert_cmphex(get32(f, T1 + CONFIG), ==, 0x8134 | 20 << 9);
    put(f, T1 + CONFIG, 0x144 | 20 << 9); /* VAL_SET is for periodic timers */
    g_assert_cmphex(get32(f, T1 + CONFIG), ==, 0x8134 | 20 << 9);
    put(f, COUNTER, 0xfffffff0);
    put(f, T2 + CONFIG, 0x14c | 21 << 9); /* periodic over the end of 32 bits */
    put(f, T2 + COMPARATOR, 0xfffffff8);
    put(f, T2 + COMPARATOR, 0x10);
    put(f, ENABLES, 1);
    ticks(f, 0x10);
    g_assert_cmphex(get(f, T2 + COMPARATOR), ==, 8);
    ticks(f, 8);
    g_assert_cmphex(get(f, T2 + COMPARATOR), ==, 0x18);
    g_assert_cmpuint(f->routes[21].edges, ==, 2);
    put(f, ENABLES, 0);
    put(f, COUNTER, 0);
    put(f, T0 + CONFIG, 0x4c | 2 << 9); /* periodic, then one-shot: the period is forgotten */
    put(f, T0 + COMPARATOR, 100);
    put(f, T0 + COMPARATOR, 10);
    put(f, T0 + CONFIG, 0x04 | 2 << 9);
    put(f, ENABLES, 1);
    ticks(f, 1000);
    g_assert_cmpuint(get(f, T0 + COMPARATOR), ==, 100);
    g_assert_cmpuint(f->routes[2].edges, ==, 1);
}

/* Reset leaves nothing of what was before, and lets go of all lines. */
static void test_reset(struct fixture *f, gconstpointer unused)
{
    uint64_t fresh;

    machine_advance(f->machine, 1000);
    machine_reset(f->machine);
    fresh = machine_state_hash(f->machine);
    put(f, T0 + CONFIG, 0x4e | 2 << 9);
    put(f, T1 + CONFIG, 0x4e | 20 << 9);
    put(f, T1 + FSB, 77);
    put(f, COUNTER, UINT64_MAX);
    put(f, ENABLES, 3);
    put(f, T0 + COMPARATOR, get(f, COUNTER));
    put(f, T1 + COMPARATOR, get(f, COUNTER));
    g_assert_true(f->legacy[0].level && f->legacy[1].level);
    machine_reset(f->machine);
    g_assert_false(f->legacy[0].level || f->legacy[1].level || f->replaced);
    g_assert_cmphex(machine_state_hash(f->machine), ==, fresh);
    put(f, T1 + CONFIG, 0x4e | 20 << 9);
    put(f, T1 + COMPARATOR, 0);
    put(f, ENABLES, 1);
    ticks(f, 1);
    g_assert_true(f->routes[20].level);
    machine_reset(f->machine);
    g_assert_false(f->routes[20].level);
    ticks(f, 1000);
    g_assert_false(f->routes[20].level);
}

static void test_bad_accesses(struct fixture *f, gconstpointer unused)
{
    struct memory *memory = machine_memory(f->machine);

    memory_io_write(memory, MEMORY_SPACE_PHYSICAL, BASE + ENABLES, 1, 3);
    memory_io_write(memory, MEMORY_SPACE_PHYSICAL, BASE + ENABLES + 2, 4, 3);
    put(f, CAPABILITIES, 0);
    put32(f, ENABLES + 4, 3);
    put(f, 0x160, 1);
    put(f, 0x118, 1);
    g_assert_cmphex(get(f, ENABLES), ==, 0);
    g_assert_cmphex(get(f, 0x160), ==, 0);
    g_assert_cmphex(get(f, CAPABILITIES), ==, 0x009896808086a201);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {0};

    make(&other);
    put(f, T0 + CONFIG, 0x4c);
    put(f, T0 + COMPARATOR, 1000);
    put(f, T0 + COMPARATOR, 333);
    put(f, T1 + CONFIG, 0x4e | 20 << 9);
    put(f, T1 + COMPARATOR, 100);
    put(f, T1 + COMPARATOR, 1050);
    put(f, T2 + CONFIG, 0x04 | 18 << 9);
    put(f, T2 + COMPARATOR, 5000);
    machine_advance(f->machine, 33);
    put(f, ENABLES, 3);
    ticks(f, 2222);
    test_copy_state(f->machine, other.machine);
    g_assert_cmphex(machine_state_hash(other.machine), ==, machine_state_hash(f->machine));
    g_assert_true(other.legacy[1].level);
    other.legacy[0].edges = f->legacy[0].edges;
    for (unsigned i = 0; i < 100; i++) {
        ticks(f, 77);
        ticks(&other, 77);
        g_assert_cmpuint(other.legacy[0].edges, ==, f->legacy[0].edges);
        g_assert_cmpuint(other.routes[18].edges, ==, f->routes[18].edges);
        g_assert_cmphex(get(&other, COUNTER), ==, get(f, COUNTER));
        g_assert_cmphex(get(&other, STATUS), ==, get(f, STATUS));
        put(&other, STATUS, i % 8 ? 0 : 7);
        put(f, STATUS, i % 8 ? 0 : 7);
        g_assert_cmpint(other.legacy[1].level, ==, f->legacy[1].level);
        g_assert_cmphex(machine_state_hash(other.machine), ==, machine_state_hash(f->machine));
    }
    g_assert_cmpuint(f->routes[18].edges, ==, 1);
    machine_free(other.machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/hpet/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
    TEST(counter);
    TEST(legacy_periodic);
    TEST(one_shot);
    TEST(level);
    TEST(shared);
    TEST(periodic_catches_up);
    TEST(messages);
    TEST(bad_accesses);
    TEST(widths);
    TEST(reset);
    TEST(state);
    return g_test_run();
}
