/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real-time clock and CMOS memory.  Motorola MC146818A data sheet; ICH9 data sheet (316972), section 13.6.
 *
 * Flags are collected when somebody looks or when one would interrupt; the machine's timer runs only for the latter.
 */
#include "devices/timer/mc146818.h"

#include "devices/timer/mc146818_calendar.h"

#define REG_A_UIP 0x80
#define REG_A_DIVIDER_RESET 0x60 /* both bits: the divider chain is held in reset */
#define REG_A_RATE 0x0f
#define REG_B_DSE 0x01
#define REG_B_SET 0x80
#define REG_D_VRT 0x80
/* Interrupt flags in C, their enables in B. */
#define FLAG_UPDATE 0x10
#define FLAG_ALARM 0x20
#define FLAG_PERIODIC 0x40
#define FLAG_IRQ 0x80
#define FLAGS (FLAG_UPDATE | FLAG_ALARM | FLAG_PERIODIC)

#define BASE_HZ 32768
#define UIP_NS 244000                            /* UIP is set that long before an update */
#define HALF_SECOND (NANOSECONDS_PER_SECOND / 2) /* to the first update after the divider was released */

struct mc146818 {
    struct machine *machine;
    struct irq_line irq;
    struct clock_timer *timer;
    struct memory_region *ports;
    uint8_t index;                /* port 0x70, bit 7 included */
    uint8_t extended_index;       /* port 0x72 */
    uint8_t cmos[MC146818_BYTES]; /* the time as of @second */
    bool irq_enabled;
    int64_t origin;  /* virtual time at which the divider chain was at zero; never in the future */
    uint64_t second; /* seconds since @origin that the calendar shows */
    uint64_t tick;   /* base clocks since @origin that were looked at for the periodic interrupt */
};

static const struct state_field fields[] = {
    STATE_U8(struct mc146818, index),
    STATE_U8(struct mc146818, extended_index),
    STATE_U8_ARRAY(struct mc146818, cmos),
    STATE_BOOL(struct mc146818, irq_enabled),
    STATE_U64(struct mc146818, origin),
    STATE_U64(struct mc146818, second),
    STATE_U64(struct mc146818, tick),
    STATE_TIMER(struct mc146818, timer),
    STATE_END,
};

static bool divider_runs(const struct mc146818 *rtc)
{
    return (rtc->cmos[RTC_REG_A] & REG_A_DIVIDER_RESET) != REG_A_DIVIDER_RESET;
}

static bool updates(const struct mc146818 *rtc)
{
    return divider_runs(rtc) && !(rtc->cmos[RTC_REG_B] & REG_B_SET);
}

/* Virtual time since the origin. */
static uint64_t since_origin(const struct mc146818 *rtc)
{
    return machine_now(rtc->machine) - rtc->origin;
}

/* Base clocks between periodic interrupts; 0: none. */
static uint32_t period(const struct mc146818 *rtc)
{
    unsigned rate = rtc->cmos[RTC_REG_A] & REG_A_RATE;

    if (!rate)
        return 0;
    return 1u << (rate <= 2 ? rate + 6 : rate - 1);
}

static void drive(const struct mc146818 *rtc)
{
    if (rtc->irq_enabled)
        irq_set(&rtc->irq, rtc->cmos[RTC_REG_C] & FLAG_IRQ);
}

static void update_irq(struct mc146818 *rtc)
{
    uint8_t *c = &rtc->cmos[RTC_REG_C];

    *c = (*c & FLAGS) | (*c & rtc->cmos[RTC_REG_B] & FLAGS ? FLAG_IRQ : 0);
    drive(rtc);
}

/* Brings calendar and flags up to the present. */
static void sync(struct mc146818 *rtc)
{
    uint64_t ns = since_origin(rtc);
    uint64_t second = ns / NANOSECONDS_PER_SECOND;
    uint64_t tick = clock_muldiv(ns, BASE_HZ, NANOSECONDS_PER_SECOND);
    uint8_t *c = &rtc->cmos[RTC_REG_C];

    if (divider_runs(rtc) && period(rtc) && tick / period(rtc) != rtc->tick / period(rtc))
        *c |= FLAG_PERIODIC;
    rtc->tick = tick;
    if (updates(rtc) && second > rtc->second) {
        uint32_t until_alarm = mc146818_calendar_until_alarm(rtc->cmos);

        *c |= FLAG_UPDATE;
        if (until_alarm && until_alarm <= second - rtc->second)
            *c |= FLAG_ALARM;
        mc146818_calendar_advance(rtc->cmos, second - rtc->second);
    }
    rtc->second = second;
    update_irq(rtc);
}

/* Sets the timer to the next flag that would interrupt and is not set yet. */
static void arm(struct mc146818 *rtc)
{
    uint8_t waited = rtc->cmos[RTC_REG_B] & ~rtc->cmos[RTC_REG_C];
    uint64_t nearest = UINT64_MAX; /* ns from the origin */

    if ((waited & FLAG_PERIODIC) && divider_runs(rtc) && period(rtc)) {
        uint64_t tick = (rtc->tick / period(rtc) + 1) * period(rtc);
        nearest = clock_muldiv_up(tick, NANOSECONDS_PER_SECOND, BASE_HZ);
    }
    if ((waited & FLAG_UPDATE) && updates(rtc))
        nearest = MIN(nearest, (rtc->second + 1) * NANOSECONDS_PER_SECOND);
    if ((waited & FLAG_ALARM) && updates(rtc)) {
        uint32_t until = mc146818_calendar_until_alarm(rtc->cmos);
        if (until)
            nearest = MIN(nearest, (rtc->second + until) * NANOSECONDS_PER_SECOND);
    }
    clock_timer_set(rtc->timer, nearest < INT64_MAX / 2 ? rtc->origin + (int64_t)nearest : CLOCK_NEVER);
}

static void fire(void *opaque)
{
    sync(opaque);
    arm(opaque);
}

/* UIP: an update comes within 244 us. */
static bool update_in_progress(const struct mc146818 *rtc)
{
    return updates(rtc) && since_origin(rtc) % NANOSECONDS_PER_SECOND >= NANOSECONDS_PER_SECOND - UIP_NS;
}

static void write_a(struct mc146818 *rtc, uint8_t value)
{
    bool ran = divider_runs(rtc);

    rtc->cmos[RTC_REG_A] = value & ~REG_A_UIP;
    if (!ran && divider_runs(rtc)) {
        rtc->origin = machine_now(rtc->machine) - HALF_SECOND;
        rtc->second = 0;
    }
    rtc->tick = clock_muldiv(since_origin(rtc), BASE_HZ, NANOSECONDS_PER_SECOND);
}

static void write_b(struct mc146818 *rtc, uint8_t value)
{
    if (value & REG_B_SET)
        value &= ~FLAG_UPDATE; /* SET clears UIE */
    if (value & REG_B_DSE)
        machine_guest_error(rtc->machine, "rtc", "daylight saving is not modelled: the calendar has none");
    rtc->cmos[RTC_REG_B] = value;
}

static uint8_t read_register(struct mc146818 *rtc, uint8_t index)
{
    uint8_t value;

    sync(rtc);
    value = rtc->cmos[index];
    if (index == RTC_REG_A && update_in_progress(rtc))
        value |= REG_A_UIP;
    if (index == RTC_REG_C) {
        rtc->cmos[RTC_REG_C] = 0;
        update_irq(rtc);
    }
    arm(rtc);
    return value;
}

static void write_register(struct mc146818 *rtc, uint8_t index, uint8_t value)
{
    sync(rtc);
    switch (index) {
    case RTC_REG_A:
        write_a(rtc, value);
        break;
    case RTC_REG_B:
        write_b(rtc, value);
        break;
    case RTC_REG_C:
    case RTC_REG_D:
        break; /* read-only */
    default:
        rtc->cmos[index] = value;
    }
    update_irq(rtc);
    arm(rtc);
}

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size)
{
    struct mc146818 *rtc = opaque;

    switch (offset) {
    case 1:
        return read_register(rtc, rtc->index & 0x7f);
    case 2:
        return rtc->extended_index;
    case 3:
        return rtc->cmos[0x80 | rtc->extended_index];
    default: /* the index register is write-only */
        return 0xff;
    }
}

static void port_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct mc146818 *rtc = opaque;

    switch (offset) {
    case 0:
        rtc->index = value;
        break;
    case 1:
        write_register(rtc, rtc->index & 0x7f, value);
        break;
    case 2:
        rtc->extended_index = value & 0x7f;
        break;
    default:
        rtc->cmos[0x80 | rtc->extended_index] = value;
    }
}

void mc146818_set_byte(struct mc146818 *rtc, uint8_t index, uint8_t value)
{
    g_assert(index > RTC_REG_D && index != MC146818_CENTURY);
    rtc->cmos[index] = value;
}

uint8_t mc146818_byte(const struct mc146818 *rtc, uint8_t index)
{
    return rtc->cmos[index];
}

static void set_word(struct mc146818 *rtc, uint8_t index, uint64_t value)
{
    rtc->cmos[index] = value;
    rtc->cmos[index + 1] = value >> 8;
}

void mc146818_set_memory_size(struct mc146818 *rtc, uint64_t below_4g, uint64_t above_4g)
{
    uint64_t extended = below_4g > 0x100000 ? (below_4g - 0x100000) >> 10 : 0;    /* KiB above 1 MiB */
    uint64_t above_16m = below_4g > 0x1000000 ? (below_4g - 0x1000000) >> 16 : 0; /* 64 KiB above 16 MiB */
    uint64_t high = MIN(above_4g >> 16, 0xffffff);                                /* 64 KiB above 4 GiB */

    set_word(rtc, 0x15, MIN(below_4g >> 10, 640));
    set_word(rtc, 0x17, MIN(extended, 0xffff));
    set_word(rtc, 0x30, MIN(extended, 0xffff));
    set_word(rtc, 0x34, MIN(above_16m, 0xffff));
    set_word(rtc, 0x5b, high);
    rtc->cmos[0x5d] = high >> 16;
}

void mc146818_set_irq_enabled(struct mc146818 *rtc, bool enabled)
{
    if (!enabled)
        irq_set(&rtc->irq, false);
    rtc->irq_enabled = enabled;
    drive(rtc);
}

bool mc146818_nmi_masked(const struct mc146818 *rtc)
{
    return rtc->index & 0x80;
}

/* What the RESET pin does; the battery keeps the rest. */
static void reset(void *device)
{
    struct mc146818 *rtc = device;

    sync(rtc);
    rtc->index = 0;
    rtc->extended_index = 0;
    rtc->irq_enabled = true;
    rtc->cmos[RTC_REG_B] &= REG_B_SET | REG_B_BINARY | REG_B_24_HOURS | REG_B_DSE;
    rtc->cmos[RTC_REG_C] = 0;
    update_irq(rtc);
    arm(rtc);
}

static void after_load(void *object)
{
    struct mc146818 *rtc = object;

    rtc->extended_index &= 0x7f;
    drive(rtc);
}

static void unrealize(void *device)
{
    struct mc146818 *rtc = device;

    clock_timer_free(rtc->timer);
    memory_region_remove(rtc->ports);
    g_free(rtc);
}

static const struct state_table state = {.name = "mc146818", .version = 1, .fields = fields, .after_load = after_load};
static const struct device_class mc146818_class = {
    .name = "mc146818", .state = &state, .reset = reset, .unrealize = unrealize};
static const struct memory_region_ops ports_ops = {.read = port_read, .write = port_write, .max_size = 1};

struct mc146818 *mc146818_new(struct machine *machine, const struct irq_line *irq)
{
    struct mc146818 *rtc = g_new0(struct mc146818, 1);

    rtc->machine = machine;
    rtc->irq = *irq;
    rtc->timer = clock_timer_new(machine_clock(machine), "rtc", fire, rtc);
    rtc->ports = memory_add_io(machine_memory(machine), MEMORY_SPACE_PORT, "rtc", 0x70, 4, 0, &ports_ops, rtc);
    rtc->cmos[RTC_REG_A] = 0x26; /* 32768 Hz, 1024 interrupts a second: as every PC's firmware leaves it */
    rtc->cmos[RTC_REG_B] = REG_B_24_HOURS;
    rtc->cmos[RTC_REG_D] = REG_D_VRT;
    mc146818_calendar_set(rtc->cmos, machine_config(machine)->calendar);
    reset(rtc);
    machine_add_device(machine, &mc146818_class, rtc, "rtc");
    return rtc;
}
