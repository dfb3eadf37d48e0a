/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual time and timers.  Time is nanoseconds since power-on and a function of retired instructions alone:
 * instructions x picoseconds-per-instruction, plus charges (PAUSE, ...), plus what idle skips.
 */
#ifndef GALVANIC_EMU_TIME_CLOCK_H
#define GALVANIC_EMU_TIME_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)
#define CLOCK_NEVER INT64_MAX

struct clock;
struct clock_timer;

/* @now gives the current virtual time in ns, exact inside callbacks; @changed tells that the next deadline moved. */
struct clock *clock_new(int64_t (*now)(void *opaque), void (*changed)(void *opaque), void *opaque);
void clock_free(struct clock *clock);
int64_t clock_now(const struct clock *clock);

/*
 * A timer calls @fire on the engine thread when its deadline is reached: between two instructions, at the first
 * instruction boundary at or after the deadline.  Timers with equal deadlines fire in the order of their creation.
 */
struct clock_timer *clock_timer_new(struct clock *clock, const char *name, void (*fire)(void *opaque), void *opaque);
/* One of the host's side, of which a replay knows nothing: a script's, the network's.  The guest must not be able to tell that it fires. */
struct clock_timer *clock_timer_new_outside(struct clock *clock, const char *name, void (*fire)(void *opaque),
                                            void *opaque);
void clock_timer_free(struct clock_timer *timer);
/* @deadline in ns of virtual time; a past one fires at the next boundary; CLOCK_NEVER disarms. */
void clock_timer_set(struct clock_timer *timer, int64_t deadline);
/* The deadline, or CLOCK_NEVER. */
int64_t clock_timer_deadline(const struct clock_timer *timer);

/* For the machine: the earliest deadline, and firing all that are due at clock_now(). */
int64_t clock_next_deadline(const struct clock *clock);
/* The earliest of the timers that a replay has, too. */
int64_t clock_next_inside(const struct clock *clock);
void clock_run_due(struct clock *clock);

/* a x b / c without overflow of the product (128-bit), rounded down, or up. */
uint64_t clock_muldiv(uint64_t a, uint64_t b, uint64_t c);
uint64_t clock_muldiv_up(uint64_t a, uint64_t b, uint64_t c);

#endif
