/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC's timer: one-shot, periodic, TSC deadline.  Intel SDM volume 3, 10.5.4.
 *
 * Its clock ticks once a nanosecond, so all times are exact.  The count is computed when it is read; the machine's
 * timer is armed only while an expiry would interrupt.
 */
#include "devices/intc/lapic_internal.h"

static unsigned timer_mode(const struct lapic *lapic)
{
    return LVT_TIMER_MODE(lapic->lvt[LVT_TIMER]);
}

/* Nanoseconds a count: bits 3, 1, 0 of the divide configuration are log2 - 1, 7 standing for 1. */
static int64_t divisor(const struct lapic *lapic)
{
    unsigned code = (lapic->divide & 3) | (lapic->divide >> 1 & 4);

    return code == 7 ? 1 : 2 << code;
}

static int64_t expiry(const struct lapic *lapic)
{
    if (lapic->tsc_deadline)
        return lapic->tsc_deadline < CLOCK_NEVER ? (int64_t)lapic->tsc_deadline : CLOCK_NEVER;
    if (lapic->timer_running)
        return lapic->timer_start + lapic->timer_count * divisor(lapic);
    return CLOCK_NEVER;
}

static void arm(struct lapic *lapic)
{
    clock_timer_set(lapic->timer, lapic->lvt[LVT_TIMER] & LVT_MASKED ? CLOCK_NEVER : expiry(lapic));
}

void lapic_timer_sync(struct lapic *lapic)
{
    int64_t now = machine_now(lapic->set->machine);
    int64_t at = expiry(lapic);

    if (now < at)
        return;
    if (lapic->tsc_deadline) {
        lapic->tsc_deadline = 0;
    } else if (timer_mode(lapic) == TIMER_PERIODIC && lapic->timer_initial) {
        int64_t period = lapic->timer_initial * divisor(lapic);

        lapic->timer_start = at + (now - at) / period * period; /* expiries that were missed are one */
        lapic->timer_count = lapic->timer_initial;
    } else {
        lapic->timer_running = false;
    }
    arm(lapic);
    lapic_local_interrupt(lapic, LVT_TIMER);
}

void lapic_timer_fire(void *opaque)
{
    lapic_timer_sync(opaque);
}

void lapic_timer_stop(struct lapic *lapic)
{
    lapic->timer_initial = 0;
    lapic->timer_count = 0;
    lapic->timer_start = 0;
    lapic->timer_running = false;
    lapic->tsc_deadline = 0;
    clock_timer_set(lapic->timer, CLOCK_NEVER);
}

uint32_t lapic_timer_current(const struct lapic *lapic)
{
    if (!lapic->timer_running)
        return 0;
    return lapic->timer_count - (machine_now(lapic->set->machine) - lapic->timer_start) / divisor(lapic);
}

void lapic_timer_reconfigure(struct lapic *lapic, uint32_t lvt, uint32_t divide)
{
    bool was_deadline = timer_mode(lapic) == TIMER_TSC_DEADLINE;
    bool is_deadline = LVT_TIMER_MODE(lvt) == TIMER_TSC_DEADLINE;

    if (was_deadline != is_deadline)
        lapic_timer_stop(lapic);
    if (lapic->timer_running && divide != lapic->divide) {
        lapic->timer_count = lapic_timer_current(lapic);
        lapic->timer_start = machine_now(lapic->set->machine);
    }
    lapic->lvt[LVT_TIMER] = lvt;
    lapic->divide = divide;
    arm(lapic);
}

void lapic_timer_set_initial(struct lapic *lapic, uint32_t count)
{
    if (timer_mode(lapic) == TIMER_TSC_DEADLINE)
        return;
    lapic->timer_initial = count;
    lapic->timer_count = count;
    lapic->timer_start = machine_now(lapic->set->machine);
    lapic->timer_running = count;
    arm(lapic);
}

void lapic_timer_set_deadline(struct lapic *lapic, uint64_t tsc)
{
    if (timer_mode(lapic) != TIMER_TSC_DEADLINE)
        return;
    lapic->tsc_deadline = tsc;
    arm(lapic);
    lapic_timer_sync(lapic); /* one in the past fires at once */
}
