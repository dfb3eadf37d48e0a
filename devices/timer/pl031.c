/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL031: ARM DDI 0224, chapter 3.  The counter is backed by a battery: a reset leaves it alone, and it runs from power-on,
 * as firmware would have started it.
 */
#include "devices/timer/pl031.h"

#include <inttypes.h>

#define RTC_SIZE 0x1000

#define RTCDR 0x000
#define RTCMR 0x004
#define RTCLR 0x008
#define RTCCR 0x00C
#define RTCIMSC 0x010
#define RTCRIS 0x014
#define RTCMIS 0x018
#define RTCICR 0x01C
#define RTCPERIPHID0 0xFE0

static const uint8_t identification[8] = {0x31, 0x10, 0x04, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

struct pl031 {
    struct machine *machine;
    struct irq_line irq;
    struct clock_timer *alarm;
    struct memory_region *region;
    int64_t origin; /* virtual time at which the counter was @start; seconds begin there */
    uint32_t start;
    uint64_t looked; /* seconds since @origin up to which matches were looked for */
    uint32_t match, load;
    bool enabled; /* RTCIMSC */
    bool pending; /* RTCRIS */
};

/* Seconds since the origin. */
static uint64_t passed(const struct pl031 *rtc)
{
    return (uint64_t)(machine_now(rtc->machine) - rtc->origin) / NANOSECONDS_PER_SECOND;
}

static uint32_t counter(const struct pl031 *rtc)
{
    return rtc->start + (uint32_t)passed(rtc);
}

/* Seconds after @looked at which the counter becomes equal to the match register. */
static uint64_t until_match(const struct pl031 *rtc)
{
    uint32_t until = rtc->match - (rtc->start + (uint32_t)rtc->looked);

    return until ? until : UINT64_C(1) << 32;
}

static void update_irq(struct pl031 *rtc)
{
    irq_set(&rtc->irq, rtc->enabled && rtc->pending);
}

/* Finds a match that has passed.  The timer runs only for one that would interrupt. */
static void sync(struct pl031 *rtc)
{
    uint64_t now = passed(rtc);

    if (now - rtc->looked >= until_match(rtc))
        rtc->pending = true;
    rtc->looked = now;
    uint64_t deadline = (uint64_t)rtc->origin + (now + until_match(rtc)) * NANOSECONDS_PER_SECOND;
    bool waits = rtc->enabled && !rtc->pending && deadline < INT64_MAX;
    clock_timer_set(rtc->alarm, waits ? (int64_t)deadline : CLOCK_NEVER);
    update_irq(rtc);
}

static void fire(void *opaque)
{
    sync(opaque);
}

static uint64_t rtc_read(void *opaque, uint64_t offset, unsigned size)
{
    struct pl031 *rtc = opaque;

    sync(rtc);
    if (offset >= RTCPERIPHID0)
        return identification[(offset - RTCPERIPHID0) / 4];
    switch (offset) {
    case RTCDR:
        return counter(rtc);
    case RTCMR:
        return rtc->match;
    case RTCLR:
        return rtc->load;
    case RTCCR:
        return 1;
    case RTCIMSC:
        return rtc->enabled;
    case RTCRIS:
        return rtc->pending;
    case RTCMIS:
        return rtc->pending && rtc->enabled;
    }
    machine_guest_error(rtc->machine, "rtc", "read of write-only or reserved register 0x%03" PRIx64, offset);
    return 0;
}

static void rtc_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct pl031 *rtc = opaque;

    sync(rtc);
    switch (offset) {
    case RTCMR:
        rtc->match = (uint32_t)value;
        rtc->pending |= counter(rtc) == rtc->match;
        break;
    case RTCLR: /* the next second begins a second after the load */
        rtc->load = rtc->start = (uint32_t)value;
        rtc->origin = machine_now(rtc->machine);
        rtc->looked = 0;
        rtc->pending |= rtc->start == rtc->match;
        break;
    case RTCCR: /* it runs already, and cannot be stopped */
        break;
    case RTCIMSC:
        rtc->enabled = value & 1;
        break;
    case RTCICR:
        if (value & 1)
            rtc->pending = false;
        break;
    default:
        machine_guest_error(rtc->machine, "rtc", "write to read-only or reserved register 0x%03" PRIx64, offset);
    }
    sync(rtc);
}

static void rtc_reset(void *device)
{
    struct pl031 *rtc = device;

    rtc->match = rtc->load = 0;
    rtc->enabled = rtc->pending = false;
    rtc->looked = passed(rtc);
    sync(rtc);
}

static void after_load(void *object)
{
    update_irq(object);
}

static void rtc_unrealize(void *device)
{
    struct pl031 *rtc = device;

    memory_region_remove(rtc->region);
    clock_timer_free(rtc->alarm);
    g_free(rtc);
}

static const struct state_field fields[] = {
    STATE_U64(struct pl031, origin),   STATE_U32(struct pl031, start),   STATE_U64(struct pl031, looked),
    STATE_U32(struct pl031, match),    STATE_U32(struct pl031, load),    STATE_BOOL(struct pl031, enabled),
    STATE_BOOL(struct pl031, pending), STATE_TIMER(struct pl031, alarm), STATE_END,
};

static const struct state_table state = {.name = "pl031", .version = 1, .fields = fields, .after_load = after_load};
static const struct device_class pl031_class = {
    .name = "pl031", .state = &state, .reset = rtc_reset, .unrealize = rtc_unrealize};
static const struct memory_region_ops ops = {.read = rtc_read, .write = rtc_write, .min_size = 4, .max_size = 4};

struct pl031 *pl031_new(struct machine *machine, uint64_t address, const struct irq_line *irq)
{
    struct pl031 *rtc = g_new0(struct pl031, 1);

    rtc->machine = machine;
    rtc->irq = *irq;
    rtc->alarm = clock_timer_new(machine_clock(machine), "pl031", fire, rtc);
    rtc->region = memory_add_io(machine_memory(machine), MEMORY_SPACE_PHYSICAL, "rtc", address, RTC_SIZE, 0, &ops, rtc);
    rtc->start = (uint32_t)machine_config(machine)->calendar;
    rtc_reset(rtc);
    machine_add_device(machine, &pl031_class, rtc, "rtc");
    return rtc;
}
