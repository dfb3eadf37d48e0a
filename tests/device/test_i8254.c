/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/timer/i8254.h"

#include "tests/device/fixture.h"

enum { COUNTER0 = 0x40, COUNTER2 = 0x42, CONTROL = 0x43, PORT61 = 0x61 };

struct fixture {
    struct machine *machine;
    struct i8254 *pit;
    struct test_line irq;
};

#define OUT(port, value) out8(f->machine, port, value)
#define IN(port) in8(f->machine, port)

static void make(struct fixture *f)
{
    struct irq_line irq = test_irq(&f->irq);

    f->machine = test_machine();
    f->pit = i8254_new(f->machine, &irq);
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    make(f);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

/* To the first nanosecond of input clock @clock, counted from power-on. */
static void to_clock(struct fixture *f, uint64_t clock)
{
    int64_t at = (int64_t)((clock * 1000000000 + I8254_HZ - 1) / I8254_HZ);

    g_assert_cmpint(at, >=, machine_now(f->machine));
    machine_advance(f->machine, at - machine_now(f->machine));
}

static uint64_t clock_now_of(struct fixture *f)
{
    return machine_ticks(f->machine, I8254_HZ);
}

static void step(struct fixture *f, unsigned clocks)
{
    to_clock(f, clock_now_of(f) + clocks);
}

static void program(struct fixture *f, unsigned counter, unsigned mode, uint16_t count)
{
    OUT(CONTROL, counter << 6 | 0x30 | mode << 1);
    OUT(COUNTER0 + counter, count);
    OUT(COUNTER0 + counter, count >> 8);
}

static uint16_t latched(struct fixture *f, unsigned counter)
{
    uint16_t low;

    OUT(CONTROL, counter << 6);
    low = IN(COUNTER0 + counter);
    return low | IN(COUNTER0 + counter) << 8;
}

static bool out2(struct fixture *f)
{
    return IN(PORT61) & 0x20;
}

static void test_terminal_count(struct fixture *f, gconstpointer unused)
{
    OUT(PORT61, 1);
    g_assert_true(out2(f));
    program(f, 2, 0, 5);
    g_assert_false(out2(f));
    step(f, 1);
    g_assert_cmpuint(latched(f, 2), ==, 5);
    step(f, 4);
    g_assert_cmpuint(latched(f, 2), ==, 1);
    g_assert_false(out2(f));
    step(f, 1);
    g_assert_cmpuint(latched(f, 2), ==, 0);
    g_assert_true(out2(f));
    step(f, 1);
    g_assert_cmpuint(latched(f, 2), ==, 0xffff);
    g_assert_true(out2(f));
    OUT(COUNTER2, 8); /* half a count stops it and lowers the output */
    g_assert_false(out2(f));
    step(f, 20);
    OUT(COUNTER2, 0);
    step(f, 8);
    g_assert_false(out2(f));
    step(f, 1);
    g_assert_true(out2(f));
    program(f, 2, 0, 10);
    step(f, 4);
    OUT(PORT61, 0); /* the gate stops it */
    step(f, 100);
    g_assert_cmpuint(latched(f, 2), ==, 7);
    OUT(PORT61, 1);
    step(f, 6);
    g_assert_false(out2(f));
    step(f, 1);
    g_assert_true(out2(f));
}

static void test_one_shot(struct fixture *f, gconstpointer unused)
{
    program(f, 2, 1, 4);
    step(f, 10);
    g_assert_true(out2(f)); /* waits for its trigger */
    OUT(PORT61, 1);
    g_assert_true(out2(f));
    step(f, 1);
    g_assert_false(out2(f));
    step(f, 3);
    g_assert_false(out2(f));
    OUT(PORT61, 0);
    OUT(PORT61, 1); /* again */
    step(f, 4);
    g_assert_false(out2(f));
    step(f, 1);
    g_assert_true(out2(f));
}

static void test_rate(struct fixture *f, gconstpointer unused)
{
    OUT(PORT61, 1);
    program(f, 2, 2, 4);
    step(f, 1);
    for (unsigned i = 0; i < 20; i++) {
        g_assert_cmpuint(latched(f, 2), ==, 4 - i % 4);
        g_assert_cmpint(out2(f), ==, i % 4 != 3);
        step(f, 1);
    }
    step(f, 1);
    OUT(COUNTER2, 3); /* taken over at the end of the cycle */
    OUT(COUNTER2, 0);
    g_assert_cmpuint(latched(f, 2), ==, 3);
    step(f, 2);
    g_assert_cmpuint(latched(f, 2), ==, 1);
    step(f, 1);
    g_assert_cmpuint(latched(f, 2), ==, 3);
    step(f, 2);
    g_assert_false(out2(f));
    OUT(PORT61, 0); /* the gate raises the output at once and, rising, reloads */
    g_assert_true(out2(f));
    step(f, 50);
    OUT(PORT61, 1);
    g_assert_true(out2(f));
    step(f, 1);
    g_assert_cmpuint(latched(f, 2), ==, 3);
    step(f, 1);
    OUT(PORT61, 0); /* and is sampled where the count stands */
    g_assert_cmpuint(latched(f, 2), ==, 2);
}

static void test_square_wave(struct fixture *f, gconstpointer unused)
{
    static const uint16_t even[] = {6, 4, 2, 6, 4, 2}, odd[] = {4, 2, 0, 4, 2};

    OUT(PORT61, 1);
    program(f, 2, 3, 6);
    step(f, 1);
    for (unsigned i = 0; i < 18; i++) {
        g_assert_cmpuint(latched(f, 2), ==, even[i % 6]);
        g_assert_cmpint(out2(f), ==, i % 6 < 3);
        step(f, 1);
    }
    step(f, 1);
    OUT(COUNTER2, 5); /* taken over at the end of the half cycle, which is high */
    OUT(COUNTER2, 0);
    step(f, 2);
    for (unsigned i = 3; i < 23; i++) {
        g_assert_cmpuint(latched(f, 2), ==, odd[i % 5]);
        g_assert_cmpint(out2(f), ==, i % 5 < 3);
        step(f, 1);
    }
}

static void test_square_wave_changes(struct fixture *f, gconstpointer unused)
{
    OUT(CONTROL, 0xb6);
    OUT(PORT61, 1); /* a trigger without a count */
    step(f, 5);
    g_assert_cmpuint(latched(f, 2), ==, 0);
    OUT(COUNTER2, 20);
    OUT(COUNTER2, 0);
    step(f, 12);
    g_assert_false(out2(f));
    OUT(COUNTER2, 6); /* in the low half: a high one follows */
    OUT(COUNTER2, 0);
    step(f, 9);
    g_assert_true(out2(f));
    g_assert_cmpuint(latched(f, 2), ==, 6);
    OUT(COUNTER2, 8); /* in the high half, but then the gate starts it anew */
    OUT(COUNTER2, 0);
    OUT(PORT61, 0);
    OUT(PORT61, 1);
    step(f, 4);
    g_assert_true(out2(f));
    step(f, 1);
    g_assert_false(out2(f));
}

static void test_strobes(struct fixture *f, gconstpointer unused)
{
    OUT(PORT61, 1);
    program(f, 2, 4, 3);
    step(f, 3);
    g_assert_true(out2(f));
    step(f, 1);
    g_assert_false(out2(f));
    step(f, 1);
    g_assert_true(out2(f));
    program(f, 2, 5, 3);
    step(f, 20);
    OUT(PORT61, 0);
    OUT(PORT61, 1);
    step(f, 3);
    g_assert_true(out2(f));
    step(f, 1);
    g_assert_false(out2(f));
    step(f, 1);
    g_assert_true(out2(f));
}

static void test_bcd_and_latches(struct fixture *f, gconstpointer unused)
{
    OUT(PORT61, 1);
    OUT(CONTROL, 0xb1); /* counter 2, mode 0, BCD */
    OUT(COUNTER2, 0x00);
    OUT(COUNTER2, 0x10);
    step(f, 2);
    g_assert_cmphex(latched(f, 2), ==, 0x0999);
    OUT(CONTROL, 0x80);
    step(f, 9);
    OUT(CONTROL, 0x80); /* latched already */
    g_assert_cmphex(IN(COUNTER2), ==, 0x99);
    g_assert_cmphex(IN(COUNTER2), ==, 0x09);
    g_assert_cmphex(IN(COUNTER2), ==, 0x90); /* not latched any more */
    g_assert_cmphex(IN(COUNTER2), ==, 0x09);
    OUT(CONTROL, 0xc8); /* read back status and count of counter 2 */
    step(f, 5);
    g_assert_cmphex(IN(COUNTER2), ==, 0x31);
    g_assert_cmphex(IN(COUNTER2), ==, 0x90);
    g_assert_cmphex(IN(COUNTER2), ==, 0x09);
    g_assert_cmphex(IN(COUNTER2), ==, 0x85);
    IN(COUNTER2);
    OUT(CONTROL, 0x94); /* LSB only, mode 2, binary */
    OUT(CONTROL, 0xe8);
    g_assert_cmphex(IN(COUNTER2), ==, 0xd4); /* output high, null count */
    OUT(COUNTER2, 9);
    OUT(CONTROL, 0xe8);
    g_assert_cmphex(IN(COUNTER2), ==, 0xd4); /* until the next clock */
    step(f, 1);
    OUT(CONTROL, 0xe8);
    g_assert_cmphex(IN(COUNTER2), ==, 0x94);
    g_assert_cmphex(IN(COUNTER2), ==, 9);
    step(f, 1);
    g_assert_cmphex(IN(COUNTER2), ==, 8);
    OUT(CONTROL, 0x38);
    OUT(COUNTER0, 0x34);
    OUT(COUNTER0, 0x12);
    step(f, 2);
    OUT(CONTROL, 0xc8); /* of counter 2 alone */
    step(f, 2);
    g_assert_cmphex(IN(COUNTER0), ==, 0x31);
    IN(COUNTER0);
    OUT(CONTROL, 0xb1);
    OUT(COUNTER2, 0); /* 10000 */
    OUT(COUNTER2, 0);
    step(f, 1);
    g_assert_cmphex(latched(f, 2), ==, 0);
    step(f, 1);
    g_assert_cmphex(latched(f, 2), ==, 0x9999);
    OUT(CONTROL, 0xc8);
    OUT(CONTROL, 0x98); /* a control word forgets what was latched */
    OUT(COUNTER2, 4);
    step(f, 2);
    g_assert_cmphex(IN(COUNTER2), ==, 3);
    OUT(CONTROL, 0xac); /* MSB only, mode 6 = 2 */
    OUT(COUNTER2, 0x12);
    step(f, 2);
    g_assert_cmphex(IN(COUNTER2), ==, 0x11);
    g_assert_cmphex(IN(COUNTER2), ==, 0x11);
    g_assert_cmphex(IN(CONTROL), ==, 0xff);
}

static void test_port61(struct fixture *f, gconstpointer unused)
{
    uint8_t before = IN(PORT61);
    unsigned toggles = 0;

    OUT(PORT61, 0xff);
    g_assert_cmphex(IN(PORT61) & 0xcf, ==, 0x0f);
    before = IN(PORT61);
    for (unsigned i = 0; i < 10000; i++) {
        machine_advance(f->machine, 1000);
        toggles += (IN(PORT61) ^ before) >> 4 & 1;
        before = IN(PORT61);
    }
    g_assert_cmpuint(toggles, ==, 662); /* 10 ms of 15.086 us */
    OUT(PORT61, 1);
    program(f, 2, 3, 1000);
    step(f, 2);
    g_assert_cmpuint(i8254_speaker_period(f->pit), ==, 0);
    OUT(PORT61, 3);
    g_assert_cmpuint(i8254_speaker_period(f->pit), ==, 1000);
}

static void test_line(struct fixture *f, gconstpointer unused)
{
    uint64_t clock;

    program(f, 0, 0, 100);
    g_assert_false(f->irq.level);
    clock = clock_now_of(f);
    to_clock(f, clock + 100);
    g_assert_false(f->irq.level);
    to_clock(f, clock + 101);
    g_assert_true(f->irq.level);
    program(f, 0, 4, 100); /* low for one clock */
    clock = clock_now_of(f);
    to_clock(f, clock + 100);
    g_assert_true(f->irq.level);
    to_clock(f, clock + 101);
    g_assert_false(f->irq.level);
    to_clock(f, clock + 102);
    g_assert_true(f->irq.level);
    program(f, 0, 3, 100);
    clock = clock_now_of(f);
    to_clock(f, clock + 50);
    g_assert_true(f->irq.level);
    to_clock(f, clock + 51);
    g_assert_false(f->irq.level);
    to_clock(f, clock + 101);
    g_assert_true(f->irq.level);
}

/* Redox's tick: IRQ 0 rises at the very clock that reloads the counter, for ever. */
static void test_tick(struct fixture *f, gconstpointer unused)
{
    uint64_t start;
    unsigned edges;

    machine_advance(f->machine, 12345);
    OUT(CONTROL, 0x34);
    OUT(COUNTER0, 4847 & 0xff);
    OUT(COUNTER0, 4847 >> 8);
    start = clock_now_of(f) + 1;
    edges = f->irq.edges;
    for (uint64_t k = 1; k < 3000; k++) {
        int64_t due = (int64_t)(((start + k * 4847) * 1000000000 + I8254_HZ - 1) / I8254_HZ);

        machine_advance(f->machine, due - 1 - machine_now(f->machine));
        g_assert_cmpuint(latched(f, 0), ==, 1);
        g_assert_cmpuint(f->irq.edges - edges, ==, k - 1);
        g_assert_false(f->irq.level);
        machine_advance(f->machine, 1);
        g_assert_cmpuint(latched(f, 0), ==, 4847);
        g_assert_cmpuint(f->irq.edges - edges, ==, k);
    }
}

/* monotonic = ticks x period + (count - latched): it never steps back and never leaves virtual time by a clock. */
static void test_monotonic(struct fixture *f, gconstpointer unused)
{
    uint64_t previous = 0, start;
    unsigned edges;

    program(f, 0, 2, 1193);
    start = clock_now_of(f) + 1;
    step(f, 1);
    edges = f->irq.edges;
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t clocks = (uint64_t)(f->irq.edges - edges) * 1193 + (1193 - latched(f, 0));

        g_assert_cmpuint(clocks, >=, previous);
        g_assert_cmpuint(clocks, ==, clock_now_of(f) - start);
        previous = clocks;
        machine_advance(f->machine, 777);
    }
}

static void test_line_taken_away(struct fixture *f, gconstpointer unused)
{
    unsigned edges;

    program(f, 0, 2, 1000);
    step(f, 2500);
    g_assert_true(f->irq.level);
    i8254_set_irq_enabled(f->pit, false);
    g_assert_false(f->irq.level);
    edges = f->irq.edges;
    step(f, 1000000);
    g_assert_cmpuint(f->irq.edges, ==, edges);
    i8254_set_irq_enabled(f->pit, true);
    g_assert_true(f->irq.level);
    f->irq.level = false; /* somebody let go of the line, as the HPET does in its reset */
    i8254_set_irq_enabled(f->pit, true);
    g_assert_true(f->irq.level);
    edges = f->irq.edges;
    step(f, 2000);
    g_assert_cmpuint(f->irq.edges, ==, edges + 2);
}

/* Nonsense from the guest: counts of 1, digits that are none; time goes on. */
static void test_nonsense(struct fixture *f, gconstpointer unused)
{
    for (unsigned control = 0; control < 256; control++) {
        OUT(CONTROL, control);
        for (unsigned port = COUNTER0; port <= COUNTER2; port++) {
            OUT(port, control & 1 ? 0xff : 1);
            OUT(port, control & 1 ? 0xff : 0);
        }
        OUT(PORT61, control);
        step(f, 50);
        for (unsigned port = COUNTER0; port <= COUNTER2; port++)
            IN(port);
    }
    g_assert_cmpuint(clock_now_of(f), ==, 256 * 50);
}

/* Reset leaves nothing of what was before. */
static void test_reset(struct fixture *f, gconstpointer unused)
{
    uint64_t fresh;

    step(f, 100);
    machine_reset(f->machine);
    fresh = machine_state_hash(f->machine);
    for (unsigned counter = 0; counter < 3; counter++)
        program(f, counter, 0, 9999);
    OUT(PORT61, 3);
    OUT(CONTROL, 0xce);
    OUT(COUNTER0, 7);
    i8254_set_irq_enabled(f->pit, false);
    machine_reset(f->machine);
    g_assert_cmphex(machine_state_hash(f->machine), ==, fresh);
    g_assert_true(f->irq.level);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    for (unsigned mode = 0; mode < 6; mode++) {
        struct fixture other = {0};

        make(&other);
        OUT(PORT61, 3);
        program(f, 0, mode, 901);
        program(f, 2, mode, 777);
        OUT(PORT61, 2);
        OUT(PORT61, 3);
        step(f, 2345);
        OUT(CONTROL, 0x80);
        OUT(COUNTER2, 0x55); /* half written */
        test_copy_state(f->machine, other.machine);
        g_assert_cmphex(machine_state_hash(other.machine), ==, machine_state_hash(f->machine));
        g_assert_cmpint(other.irq.level, ==, f->irq.level);
        OUT(COUNTER2, 1);
        out8(other.machine, COUNTER2, 1);
        other.irq.edges = f->irq.edges;
        for (unsigned i = 0; i < 3000; i++) {
            machine_advance(f->machine, 1111);
            machine_advance(other.machine, 1111);
            g_assert_cmphex(in8(other.machine, COUNTER2), ==, IN(COUNTER2));
            g_assert_cmphex(in8(other.machine, PORT61), ==, IN(PORT61));
            g_assert_cmpuint(other.irq.edges, ==, f->irq.edges);
        }
        g_assert_cmphex(machine_state_hash(other.machine), ==, machine_state_hash(f->machine));
        machine_free(other.machine);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/i8254/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
    TEST(terminal_count);
    TEST(one_shot);
    TEST(rate);
    TEST(square_wave);
    TEST(square_wave_changes);
    TEST(strobes);
    TEST(bcd_and_latches);
    TEST(port61);
    TEST(line);
    TEST(tick);
    TEST(monotonic);
    TEST(line_taken_away);
    TEST(nonsense);
    TEST(reset);
    TEST(state);
    return g_test_run();
}
