/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual time and timers: see clock.h. A machine has some dozens of timers, so a list sorted by deadline serves. */
#include "emu/time/clock.h"

#include <glib.h>

struct clock {
    int64_t (*now)(void *opaque);
    void (*changed)(void *opaque);
    void *opaque;
    GPtrArray *timers; /* in the order of their creation */
    int64_t next;      /* the earliest deadline */
};

struct clock_timer {
    struct clock *clock;
    char *name;
    void (*fire)(void *opaque);
    void *opaque;
    int64_t deadline;
    bool outside;
};

struct clock *clock_new(int64_t (*now)(void *opaque), void (*changed)(void *opaque), void *opaque)
{
    struct clock *clock = g_new0(struct clock, 1);
    clock->now = now;
    clock->changed = changed;
    clock->opaque = opaque;
    clock->timers = g_ptr_array_new();
    clock->next = CLOCK_NEVER;
    return clock;
}

void clock_free(struct clock *clock)
{
    if (!clock)
        return;
    while (clock->timers->len)
        clock_timer_free(g_ptr_array_index(clock->timers, 0));
    g_ptr_array_free(clock->timers, TRUE);
    g_free(clock);
}

int64_t clock_now(const struct clock *clock)
{
    return clock->now(clock->opaque);
}

struct clock_timer *clock_timer_new(struct clock *clock, const char *name, void (*fire)(void *opaque), void *opaque)
{
    struct clock_timer *timer = g_new0(struct clock_timer, 1);
    timer->clock = clock;
    timer->name = g_strdup(name);
    timer->fire = fire;
    timer->opaque = opaque;
    timer->deadline = CLOCK_NEVER;
    g_ptr_array_add(clock->timers, timer);
    return timer;
}

struct clock_timer *clock_timer_new_outside(struct clock *clock, const char *name, void (*fire)(void *opaque),
                                            void *opaque)
{
    struct clock_timer *timer = clock_timer_new(clock, name, fire, opaque);

    timer->outside = true;
    return timer;
}

static void find_next(struct clock *clock)
{
    clock->next = CLOCK_NEVER;
    for (guint i = 0; i < clock->timers->len; i++) {
        const struct clock_timer *timer = g_ptr_array_index(clock->timers, i);
        if (timer->deadline < clock->next)
            clock->next = timer->deadline;
    }
}

void clock_timer_free(struct clock_timer *timer)
{
    if (!timer)
        return;
    g_ptr_array_remove(timer->clock->timers, timer);
    find_next(timer->clock);
    g_free(timer->name);
    g_free(timer);
}

void clock_timer_set(struct clock_timer *timer, int64_t deadline)
{
    struct clock *clock = timer->clock;
    int64_t before = clock->next;

    if (deadline == timer->deadline)
        return;
    bool was_first = timer->deadline == before;
    timer->deadline = deadline;
    if (deadline <= before)
        clock->next = deadline;
    else if (was_first)
        find_next(clock);
    if (clock->next != before && clock->changed)
        clock->changed(clock->opaque);
}

int64_t clock_timer_deadline(const struct clock_timer *timer)
{
    return timer->deadline;
}

int64_t clock_next_deadline(const struct clock *clock)
{
    return clock->next;
}

int64_t clock_next_inside(const struct clock *clock)
{
    int64_t next = CLOCK_NEVER;

    for (guint i = 0; i < clock->timers->len; i++) {
        const struct clock_timer *timer = g_ptr_array_index(clock->timers, i);
        if (!timer->outside && timer->deadline < next)
            next = timer->deadline;
    }
    return next;
}

/* The timer that is due first; of equal deadlines the one created first. */
static struct clock_timer *first_due(const struct clock *clock, int64_t now)
{
    struct clock_timer *found = NULL;

    for (guint i = 0; i < clock->timers->len; i++) {
        struct clock_timer *timer = g_ptr_array_index(clock->timers, i);
        if (timer->deadline <= now && (!found || timer->deadline < found->deadline))
            found = timer;
    }
    return found;
}

void clock_run_due(struct clock *clock)
{
    int64_t now = clock_now(clock);

    while (clock->next <= now) {
        struct clock_timer *timer = first_due(clock, now);
        if (!timer)
            break;
        timer->deadline = CLOCK_NEVER;
        find_next(clock);
        timer->fire(timer->opaque);
    }
}

uint64_t clock_muldiv(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t product;

    if (!__builtin_mul_overflow(a, b, &product))
        return product / c;
    return (uint64_t)((unsigned __int128)a * b / c);
}

uint64_t clock_muldiv_up(uint64_t a, uint64_t b, uint64_t c)
{
    return (uint64_t)(((unsigned __int128)a * b + c - 1) / c);
}
