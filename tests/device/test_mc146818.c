/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/timer/mc146818.h"

#include "tests/device/fixture.h"

#define SECOND 1000000000LL
#define US 1000LL

struct fixture {
    struct machine *machine;
    struct mc146818 *rtc;
    struct test_line irq;
};

static void make(struct fixture *f)
{
    struct irq_line irq = test_irq(&f->irq);

    f->machine = test_machine();
    f->rtc = mc146818_new(f->machine, &irq);
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

static uint8_t get(struct fixture *f, uint8_t index)
{
    out8(f->machine, 0x70, index);
    return in8(f->machine, 0x71);
}

static void put(struct fixture *f, uint8_t index, uint8_t value)
{
    out8(f->machine, 0x70, index);
    out8(f->machine, 0x71, value);
}

static void advance(struct fixture *f, int64_t ns)
{
    machine_advance(f->machine, ns);
}

/* century, year, month, day, day of the week, hours, minutes, seconds as they stand */
static void assert_time(struct fixture *f, const char *expected)
{
    static const uint8_t indices[] = {0x32, 9, 8, 7, 6, 4, 2, 0};
    g_autoptr(GString) found = g_string_new(NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(indices); i++)
        g_string_append_printf(found, "%s%02x", i ? " " : "", get(f, indices[i]));
    g_assert_cmpstr(found->str, ==, expected);
}

static void set_time(struct fixture *f, const uint8_t bytes[8])
{
    static const uint8_t indices[] = {0x32, 9, 8, 7, 6, 4, 2, 0};

    put(f, 0x0b, get(f, 0x0b) | 0x80);
    for (unsigned i = 0; i < G_N_ELEMENTS(indices); i++)
        put(f, indices[i], bytes[i]);
    put(f, 0x0b, get(f, 0x0b) & 0x7f);
}

static void test_calendar(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(get(f, 0x0a), ==, 0x26);
    g_assert_cmphex(get(f, 0x0b), ==, 0x02);
    g_assert_cmphex(get(f, 0x0d), ==, 0x80);
    assert_time(f, "20 26 01 01 05 00 00 00"); /* a Thursday */
    advance(f, SECOND - 1);
    assert_time(f, "20 26 01 01 05 00 00 00");
    advance(f, 1);
    assert_time(f, "20 26 01 01 05 00 00 01");
    advance(f, (3600 * 13 + 60 * 47 + 18) * SECOND);
    assert_time(f, "20 26 01 01 05 13 47 19");
    advance(f, 58 * 86400 * SECOND);
    assert_time(f, "20 26 02 28 07 13 47 19");
    advance(f, 86400 * SECOND);
    assert_time(f, "20 26 03 01 01 13 47 19");
    advance(f, 305 * 86400 * SECOND);
    assert_time(f, "20 26 12 31 05 13 47 19");
    advance(f, 12 * 3600 * SECOND);
    assert_time(f, "20 27 01 01 06 01 47 19");
}

static void test_setting(struct fixture *f, gconstpointer unused)
{
    set_time(f, (const uint8_t[]){0x20, 0x99, 0x12, 0x31, 0x05, 0x23, 0x59, 0x59});
    advance(f, SECOND);
    assert_time(f, "21 00 01 01 06 00 00 00");
    set_time(f, (const uint8_t[]){0x21, 0x00, 0x02, 0x28, 0x01, 0x23, 0x59, 0x58}); /* 2100 is no leap year */
    advance(f, 2 * SECOND);
    assert_time(f, "21 00 03 01 02 00 00 00");
    set_time(f, (const uint8_t[]){0x20, 0x00, 0x02, 0x28, 0x01, 0x23, 0x59, 0x58}); /* 2000 was one */
    advance(f, 2 * SECOND);
    assert_time(f, "20 00 02 29 02 00 00 00");
    set_time(f, (const uint8_t[]){0x19, 0x98, 0x12, 0x31, 0x05, 0x23, 0x59, 0x59});
    advance(f, SECOND);
    assert_time(f, "19 99 01 01 06 00 00 00");
    set_time(f, (const uint8_t[]){0x20, 0x00, 0x02, 0x29, 0x02, 0x00, 0x00, 0x00});
    put(f, 0x0b, 0x82);
    put(f, 0x00, 0x30);
    advance(f, 10 * SECOND); /* SET: the calendar stands */
    assert_time(f, "20 00 02 29 02 00 00 30");
    put(f, 0x0b, 0x02);
    advance(f, SECOND);
    assert_time(f, "20 00 02 29 02 00 00 31");
    set_time(f, (const uint8_t[]){0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}); /* what no clock shows */
    advance(f, 1000 * 86400 * SECOND);
    get(f, 0x00);
    set_time(f, (const uint8_t[8]){0});
    advance(f, SECOND);
    assert_time(f, "00 00 00 00 00 00 00 01");
}

static void test_formats(struct fixture *f, gconstpointer unused)
{
    advance(f, (13 * 3600 + 45 * 60 + 12) * SECOND);
    put(f, 0x0b, 0x00); /* 12 hours: what stands is not converted, so it is set */
    set_time(f, (const uint8_t[]){0x20, 0x26, 0x01, 0x01, 0x05, 0x81, 0x59, 0x59});
    advance(f, SECOND);
    assert_time(f, "20 26 01 01 05 82 00 00"); /* 2 p.m. */
    advance(f, 10 * 3600 * SECOND);
    assert_time(f, "20 26 01 02 06 12 00 00"); /* midnight is 12 a.m. */
    advance(f, 12 * 3600 * SECOND);
    assert_time(f, "20 26 01 02 06 92 00 00"); /* noon is 12 p.m. */
    put(f, 0x0b, 0x04);
    set_time(f, (const uint8_t[]){20, 99, 12, 31, 7, 0x8b, 59, 59});
    advance(f, SECOND);
    assert_time(f, "15 00 01 01 01 0c 00 00");
    put(f, 0x0b, 0x06);
    advance(f, 59 * SECOND);
    g_assert_cmpuint(get(f, 0x00), ==, 59);
}

static void test_update_in_progress(struct fixture *f, gconstpointer unused)
{
    advance(f, SECOND - 245 * US);
    g_assert_cmphex(get(f, 0x0a), ==, 0x26);
    advance(f, US);
    g_assert_cmphex(get(f, 0x0a), ==, 0xa6);
    g_assert_cmphex(get(f, 0x00), ==, 0x00);
    advance(f, 244 * US - 1);
    g_assert_cmphex(get(f, 0x0a), ==, 0xa6);
    advance(f, 1);
    g_assert_cmphex(get(f, 0x0a), ==, 0x26);
    g_assert_cmphex(get(f, 0x00), ==, 0x01);
    put(f, 0x0b, 0x82);
    advance(f, SECOND - 100 * US);
    g_assert_cmphex(get(f, 0x0a), ==, 0x26); /* no update while SET is set */
    put(f, 0x0a, 0xff);                      /* divider in reset; UIP is read-only */
    put(f, 0x0b, 0x02);
    advance(f, 5 * SECOND + 123);
    g_assert_cmphex(get(f, 0x0a), ==, 0x7f);
    g_assert_cmphex(get(f, 0x00), ==, 0x01);
    put(f, 0x0a, 0x26); /* the first update comes half a second after the release */
    advance(f, SECOND / 2 - 1);
    g_assert_cmphex(get(f, 0x00), ==, 0x01);
    advance(f, 1);
    g_assert_cmphex(get(f, 0x00), ==, 0x02);
}

static void test_periodic(struct fixture *f, gconstpointer unused)
{
    static const struct {
        uint8_t rate;
        unsigned hz;
    } rates[] = {{1, 256}, {2, 128}, {3, 8192}, {6, 1024}, {15, 2}};

    for (unsigned i = 0; i < G_N_ELEMENTS(rates); i++) {
        unsigned edges = f->irq.edges, served = 0;
        int64_t end = (machine_now(f->machine) / SECOND + 1) * SECOND;

        advance(f, end - machine_now(f->machine));
        get(f, 0x0c);
        put(f, 0x0a, 0x20 | rates[i].rate);
        put(f, 0x0b, 0x42);
        for (end += 2 * SECOND; machine_now(f->machine) < end;) {
            advance(f, 10 * US);
            if (!f->irq.level)
                continue;
            g_assert_cmphex(get(f, 0x0c) & 0xc0, ==, 0xc0);
            g_assert_false(f->irq.level);
            served++;
        }
        g_assert_cmpuint(served, ==, 2 * rates[i].hz);
        g_assert_cmpuint(f->irq.edges - edges, ==, served);
        put(f, 0x0b, 0x02);
    }
    get(f, 0x0c);
    advance(f, SECOND);
    g_assert_cmphex(get(f, 0x0c), ==, 0x50); /* flags without their interrupts: update too */
    put(f, 0x0a, 0x20);
    get(f, 0x0c);
    advance(f, SECOND / 2);
    g_assert_cmphex(get(f, 0x0c), ==, 0);
    g_assert_false(f->irq.level);
}

static void test_periodic_is_exact(struct fixture *f, gconstpointer unused)
{
    put(f, 0x0b, 0x42);
    for (uint64_t k = 1; k < 2000; k++) {
        int64_t due = (k * SECOND + 1023) / 1024;

        advance(f, due - 1 - machine_now(f->machine));
        g_assert_false(f->irq.level);
        advance(f, 1);
        g_assert_true(f->irq.level);
        get(f, 0x0c);
    }
}

static void test_update_and_alarm(struct fixture *f, gconstpointer unused)
{
    put(f, 0x0b, 0x12);
    advance(f, SECOND - 1);
    g_assert_false(f->irq.level);
    advance(f, 1);
    g_assert_true(f->irq.level);
    g_assert_cmphex(get(f, 0x0c), ==, 0xd0);
    put(f, 0x0b, 0x92); /* SET clears the enable */
    g_assert_cmphex(get(f, 0x0b), ==, 0x82);
    put(f, 0x05, 0x06);
    put(f, 0x03, 0xc0); /* any minute */
    put(f, 0x01, 0x30);
    put(f, 0x0b, 0x22);
    advance(f, (6 * 3600 + 28) * SECOND);
    g_assert_false(f->irq.level);
    advance(f, SECOND);
    g_assert_true(f->irq.level);
    assert_time(f, "20 26 01 01 05 06 00 30");
    g_assert_cmphex(get(f, 0x0c) & 0xa0, ==, 0xa0);
    for (unsigned minute = 1; minute < 60; minute++) {
        advance(f, 59 * SECOND);
        g_assert_false(f->irq.level);
        advance(f, SECOND);
        g_assert_true(f->irq.level);
        get(f, 0x0c);
    }
    advance(f, 23 * 3600 * SECOND);
    g_assert_false(f->irq.level);
    advance(f, 60 * SECOND);
    g_assert_true(f->irq.level);
    assert_time(f, "20 26 01 02 06 06 00 30");
    get(f, 0x0c);
    put(f, 0x0b, 0x02);
    advance(f, SECOND);
    g_assert_false(f->irq.level);
    put(f, 0x0b, 0x12); /* for the flag that is set already */
    g_assert_true(f->irq.level);
    put(f, 0x0b, 0x22);
    g_assert_false(f->irq.level);
    get(f, 0x0c);
    put(f, 0x05, 0x77); /* never */
    advance(f, 3 * 86400 * SECOND);
    g_assert_cmphex(get(f, 0x0c) & 0x20, ==, 0);
    put(f, 0x05, 0xff);
    put(f, 0x03, 0xff);
    put(f, 0x01, 0xff);
    advance(f, SECOND);
    g_assert_true(f->irq.level);
}

static void test_alarm_fields(struct fixture *f, gconstpointer unused)
{
    advance(f, (22 * 3600 + 40 * 60 + 20) * SECOND);
    put(f, 0x05, 0xc0);
    put(f, 0x03, 0x30);
    put(f, 0x01, 0xff);
    put(f, 0x0b, 0x22);
    for (unsigned hour = 0; hour < 3; hour++) { /* over midnight */
        int64_t due = ((23 + hour) * 3600 + 30 * 60) * SECOND;
        advance(f, due - 1 - machine_now(f->machine));
        g_assert_false(f->irq.level);
        advance(f, 1);
        g_assert_true(f->irq.level);
        get(f, 0x0c);
        advance(f, SECOND); /* each second of that minute */
        g_assert_true(f->irq.level);
        advance(f, 58 * SECOND);
        get(f, 0x0c);
        advance(f, SECOND);
        g_assert_false(f->irq.level);
    }
}

static void test_memory(struct fixture *f, gconstpointer unused)
{
    put(f, 0x0e, 0x55);
    put(f, 0x7f, 0xaa);
    g_assert_cmphex(get(f, 0x0e), ==, 0x55);
    g_assert_cmphex(get(f, 0xff), ==, 0xaa);
    g_assert_true(mc146818_nmi_masked(f->rtc));
    out8(f->machine, 0x70, 0x0d);
    g_assert_false(mc146818_nmi_masked(f->rtc));
    g_assert_cmphex(in8(f->machine, 0x70), ==, 0xff);
    put(f, 0x0d, 0);
    put(f, 0x0c, 0xff);
    g_assert_cmphex(get(f, 0x0d), ==, 0x80);
    g_assert_cmphex(get(f, 0x0c), ==, 0);
    out8(f->machine, 0x72, 0x8e);
    out8(f->machine, 0x73, 0x66);
    g_assert_cmphex(in8(f->machine, 0x72), ==, 0x0e);
    g_assert_cmphex(in8(f->machine, 0x73), ==, 0x66);
    g_assert_cmphex(get(f, 0x0e), ==, 0x55);
    g_assert_cmphex(mc146818_byte(f->rtc, 0x8e), ==, 0x66);
    mc146818_set_byte(f->rtc, 0x5f, 3);
    mc146818_set_memory_size(f->rtc, UINT64_C(0x80000000), UINT64_C(0x180000000));
    g_assert_cmphex(get(f, 0x5f), ==, 3);
    g_assert_cmphex(get(f, 0x15) | get(f, 0x16) << 8, ==, 640);
    g_assert_cmphex(get(f, 0x17) | get(f, 0x18) << 8, ==, 0xffff);
    g_assert_cmphex(get(f, 0x30) | get(f, 0x31) << 8, ==, 0xffff);
    g_assert_cmphex(get(f, 0x34) | get(f, 0x35) << 8, ==, 0x7f00);
    g_assert_cmphex(get(f, 0x5b) | get(f, 0x5c) << 8 | get(f, 0x5d) << 16, ==, 0x18000);
    mc146818_set_memory_size(f->rtc, 0x1800000, 0);
    g_assert_cmphex(get(f, 0x17) | get(f, 0x18) << 8, ==, 0x5c00);
    g_assert_cmphex(get(f, 0x34) | get(f, 0x35) << 8, ==, 0x80);
}

static void test_reset(struct fixture *f, gconstpointer unused)
{
    put(f, 0x0e, 0x55);
    put(f, 0x0b, 0x7a);
    advance(f, 90 * SECOND);
    g_assert_true(f->irq.level);
    machine_reset(f->machine);
    g_assert_false(f->irq.level);
    g_assert_cmphex(get(f, 0x0b), ==, 0x02);
    g_assert_cmphex(get(f, 0x0c), ==, 0);
    g_assert_cmphex(get(f, 0x0e), ==, 0x55);
    assert_time(f, "20 26 01 01 05 00 01 30"); /* the battery */
}

static void test_line_taken_away(struct fixture *f, gconstpointer unused)
{
    put(f, 0x0b, 0x12);
    advance(f, SECOND);
    g_assert_true(f->irq.level);
    mc146818_set_irq_enabled(f->rtc, false);
    g_assert_false(f->irq.level);
    get(f, 0x0c);
    advance(f, SECOND);
    g_assert_false(f->irq.level);
    mc146818_set_irq_enabled(f->rtc, true);
    g_assert_true(f->irq.level);
    f->irq.level = false; /* somebody let go of the line, as the HPET does in its reset */
    mc146818_set_irq_enabled(f->rtc, true);
    g_assert_true(f->irq.level);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {0};

    make(&other);
    machine_set_note_handler(other.machine, test_ignore_note, NULL);
    put(f, 0x0a, 0x2c);
    put(f, 0x0b, 0x72);
    put(f, 0x05, 0xff);
    put(f, 0x03, 0xff);
    put(f, 0x01, 0x03);
    put(f, 0x44, 0x99);
    advance(f, SECOND + 12345);
    out8(f->machine, 0x70, 0x44);
    test_copy_state(f->machine, other.machine);
    g_assert_cmphex(machine_state_hash(other.machine), ==, machine_state_hash(f->machine));
    g_assert_true(other.irq.level);
    g_assert_cmphex(in8(other.machine, 0x71), ==, 0x99);
    in8(f->machine, 0x71);
    for (unsigned i = 0; i < 200; i++) {
        advance(f, 22222222);
        advance(&other, 22222222);
        g_assert_cmpint(other.irq.level, ==, f->irq.level);
        g_assert_cmphex(machine_state_hash(other.machine), ==, machine_state_hash(f->machine));
        if (i % 3)
            g_assert_cmphex(get(&other, 0x0c), ==, get(f, 0x0c));
        g_assert_cmphex(get(&other, 0x00), ==, get(f, 0x00));
    }
    machine_free(other.machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/mc146818/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
    TEST(calendar);
    TEST(setting);
    TEST(formats);
    TEST(update_in_progress);
    TEST(periodic);
    TEST(periodic_is_exact);
    TEST(update_and_alarm);
    TEST(alarm_fields);
    TEST(memory);
    TEST(reset);
    TEST(line_taken_away);
    TEST(state);
    return g_test_run();
}
