/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual timers: order, re-arming, the deadline that the machine runs to. */
#include <glib.h>

#include "emu/time/clock.h"

struct fixture {
    struct clock *clock;
    struct clock_timer *a, *b;
    int64_t now;
    unsigned changes;
    GString *log;
};

static int64_t now(void *opaque)
{
    return ((struct fixture *)opaque)->now;
}

static void changed(void *opaque)
{
    ((struct fixture *)opaque)->changes++;
}

static void fire_a(void *opaque)
{
    g_string_append_c(((struct fixture *)opaque)->log, 'a');
}

static void fire_b(void *opaque)
{
    struct fixture *fixture = opaque;

    g_string_append_c(fixture->log, 'b');
    if (fixture->log->len < 4)
        clock_timer_set(fixture->b, fixture->now); /* due again at once */
}

static void set_up(struct fixture *fixture, gconstpointer data)
{
    fixture->clock = clock_new(now, changed, fixture);
    fixture->a = clock_timer_new(fixture->clock, "a", fire_a, fixture);
    fixture->b = clock_timer_new(fixture->clock, "b", fire_b, fixture);
    fixture->log = g_string_new(NULL);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
    clock_free(fixture->clock);
    g_string_free(fixture->log, TRUE);
}

static void test_deadline(struct fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(clock_next_deadline(fixture->clock), ==, CLOCK_NEVER);
    clock_timer_set(fixture->a, 100);
    clock_timer_set(fixture->b, 50);
    g_assert_cmpint(clock_next_deadline(fixture->clock), ==, 50);
    g_assert_cmpuint(fixture->changes, ==, 2);
    clock_timer_set(fixture->b, CLOCK_NEVER);
    g_assert_cmpint(clock_next_deadline(fixture->clock), ==, 100);
    clock_timer_set(fixture->a, 100); /* no change, no news */
    g_assert_cmpuint(fixture->changes, ==, 3);
}

static void test_order(struct fixture *fixture, gconstpointer data)
{
    clock_timer_set(fixture->b, 10);
    clock_timer_set(fixture->a, 10);
    fixture->now = 9;
    clock_run_due(fixture->clock);
    g_assert_cmpstr(fixture->log->str, ==, "");
    fixture->now = 10;
    clock_run_due(fixture->clock);
    g_assert_cmpstr(fixture->log->str, ==, "abbb"); /* equal deadlines: the older timer first */
    g_assert_cmpint(clock_timer_deadline(fixture->a), ==, CLOCK_NEVER);
}

static void test_earlier_first(struct fixture *fixture, gconstpointer data)
{
    clock_timer_set(fixture->a, 20);
    clock_timer_set(fixture->b, 10);
    fixture->now = 30;
    g_string_append(fixture->log, "...");
    clock_run_due(fixture->clock);
    g_assert_cmpstr(fixture->log->str, ==, "...ba");
}

/* A timer of the host's fires like any other, but is none that a replay would have. */
static void test_outside(struct fixture *fixture, gconstpointer data)
{
    struct clock_timer *outside = clock_timer_new_outside(fixture->clock, "outside", fire_a, fixture);

    (void)data;
    clock_timer_set(outside, 10);
    g_assert_cmpint(clock_next_deadline(fixture->clock), ==, 10);
    g_assert_cmpint(clock_next_inside(fixture->clock), ==, CLOCK_NEVER);
    clock_timer_set(fixture->a, 20);
    g_assert_cmpint(clock_next_deadline(fixture->clock), ==, 10);
    g_assert_cmpint(clock_next_inside(fixture->clock), ==, 20);
    fixture->now = 15;
    clock_run_due(fixture->clock);
    g_assert_cmpstr(fixture->log->str, ==, "a");
    g_assert_cmpint(clock_next_deadline(fixture->clock), ==, 20);
}

static void test_muldiv(void)
{
    g_assert_cmpuint(clock_muldiv(UINT64_MAX, UINT64_MAX, UINT64_MAX), ==, UINT64_MAX);
    g_assert_cmpuint(clock_muldiv(10, 1, 3), ==, 3);
    g_assert_cmpuint(clock_muldiv_up(10, 1, 3), ==, 4);
    g_assert_cmpuint(clock_muldiv_up(9, 1, 3), ==, 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/clock/deadline", struct fixture, NULL, set_up, test_deadline, tear_down);
    g_test_add("/clock/order", struct fixture, NULL, set_up, test_order, tear_down);
    g_test_add("/clock/earlier-first", struct fixture, NULL, set_up, test_earlier_first, tear_down);
    g_test_add("/clock/outside", struct fixture, NULL, set_up, test_outside, tear_down);
    g_test_add_func("/clock/muldiv", test_muldiv);
    return g_test_run();
}
