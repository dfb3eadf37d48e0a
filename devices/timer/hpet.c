/* SPDX-License-Identifier: GPL-2.0-or-later */
/* High Precision Event Timers.  IA-PC HPET specification, revision 1.0a; section numbers below are its. */
#include "devices/timer/hpet.h"

#include <inttypes.h>

#include "emu/bytes.h"

/* 2.3: memory-mapped registers, 64 bits each. */
#define GCAP_ID 0x000
#define GEN_CONF 0x010
#define GINTR_STA 0x020
#define MAIN_CNT 0x0f0
#define TIMER_FIRST 0x100
#define TIMER_STRIDE 0x20
#define TN_CONF 0x00
#define TN_COMP 0x08
#define TN_FSB 0x10
#define HPET_SIZE 0x400

#define PERIOD_FS UINT64_C(10000000)
#define NANOSECONDS_PER_TICK 10
#define BLOCK_ID (0x8086u << 16 | 1u << 15 | 1u << 13 | (HPET_TIMERS - 1) << 8 | 0x01) /* legacy route, 64 bits */

#define ENABLE_CNF 0x1
#define LEG_RT_CNF 0x2

#define TN_INT_TYPE_LEVEL (1u << 1)
#define TN_INT_ENB (1u << 2)
#define TN_TYPE_PERIODIC (1u << 3)
#define TN_PER_INT_CAP (1u << 4)
#define TN_SIZE_CAP (1u << 5)
#define TN_VAL_SET (1u << 6)
#define TN_32MODE (1u << 8)
#define TN_INT_ROUTE(config) ((config) >> 9 & 31)
#define TN_FSB_EN (1u << 14)
#define TN_FSB_CAP (1u << 15)
#define TN_WRITABLE 0x7f4eu

struct hpet_timer {
    uint32_t config;     /* lower half without the capability bits */
    uint64_t comparator; /* the next match */
    uint64_t period;     /* last value written, for a periodic timer */
    uint64_t fsb;        /* value | address << 32 */
    bool level;          /* what its interrupt output drives */
};

struct hpet {
    struct machine *machine;
    struct hpet_config config;
    struct memory_region *region;
    struct clock_timer *timer;
    uint64_t enables; /* GEN_CONF */
    uint64_t status;  /* GINTR_STA */
    uint64_t counter; /* while halted; while running: its value at @started */
    uint64_t started; /* tick of virtual time */
    uint64_t seen;    /* while running: the first value of the counter that was not yet compared */
    struct hpet_timer timers[HPET_TIMERS];
};

static const struct state_field timer_fields[] = {
    STATE_U32(struct hpet_timer, config), STATE_U64(struct hpet_timer, comparator),
    STATE_U64(struct hpet_timer, period), STATE_U64(struct hpet_timer, fsb),
    STATE_BOOL(struct hpet_timer, level), STATE_END,
};
static const struct state_table timer_state = {.name = "hpet-timer", .version = 1, .fields = timer_fields};

static const struct state_field fields[] = {
    STATE_TIMER(struct hpet, timer),
    STATE_U64(struct hpet, enables),
    STATE_U64(struct hpet, status),
    STATE_U64(struct hpet, counter),
    STATE_U64(struct hpet, started),
    STATE_U64(struct hpet, seen),
    STATE_STRUCT_ARRAY(struct hpet, timers, &timer_state),
    STATE_END,
};

static bool running(const struct hpet *hpet)
{
    return hpet->enables & ENABLE_CNF;
}

static bool legacy(const struct hpet *hpet)
{
    return hpet->enables & LEG_RT_CNF;
}

static uint64_t counter_now(const struct hpet *hpet)
{
    return running(hpet) ? hpet->counter + machine_ticks(hpet->machine, HPET_HZ) - hpet->started : hpet->counter;
}

static uint64_t width_mask(const struct hpet_timer *timer)
{
    return timer->config & TN_32MODE ? UINT32_MAX : UINT64_MAX;
}

/* 2.3.8, 2.3.9.2.3: where the interrupt goes; NULL: nowhere. */
static const struct irq_line *route(const struct hpet *hpet, unsigned index)
{
    const struct hpet_timer *timer = &hpet->timers[index];

    if (legacy(hpet) && index < 2)
        return &hpet->config.legacy[index];
    if (!(hpet->config.route_capability >> TN_INT_ROUTE(timer->config) & 1))
        return NULL;
    return &hpet->config.routes[TN_INT_ROUTE(timer->config)];
}

/* Timers may share a line: it is high while one of them drives it. */
static void drive(struct hpet *hpet, unsigned index, bool level)
{
    const struct irq_line *line = route(hpet, index);
    bool any = false;

    if (level == hpet->timers[index].level)
        return;
    hpet->timers[index].level = level;
    for (unsigned i = 0; i < HPET_TIMERS; i++)
        any |= hpet->timers[i].level && route(hpet, i) == line;
    if (line)
        irq_set(line, any);
}

/*
 * The comparator of @index has matched.  An edge is a fall and a rise: the line stays high until the next match, since
 * an 8259 forgets a request whose line falls before it is acknowledged.
 */
static void match(struct hpet *hpet, unsigned index)
{
    const struct hpet_timer *timer = &hpet->timers[index];
    const struct irq_line *line = route(hpet, index);

    if (timer->config & TN_INT_TYPE_LEVEL)
        hpet->status |= 1u << index;
    if (!(timer->config & TN_INT_ENB))
        return;
    if (timer->config & TN_FSB_EN) {
        memory_write32(machine_memory(hpet->machine), timer->fsb >> 32, timer->fsb);
        return;
    }
    if (!line)
        machine_guest_error(hpet->machine, "hpet", "timer %u interrupts, but is routed to no input", index);
    if (line && !(timer->config & TN_INT_TYPE_LEVEL)) {
        irq_set(line, false);
        irq_set(line, true);
    }
    drive(hpet, index, true);
}

/* Compares with all values of the counter from @first to @last. */
static void compare(struct hpet *hpet, unsigned index, uint64_t first, uint64_t last)
{
    struct hpet_timer *timer = &hpet->timers[index];
    uint64_t mask = width_mask(timer);
    uint64_t distance = (timer->comparator - first) & mask;
    uint64_t period = timer->period & mask;

    if (distance > last - first)
        return;
    if ((timer->config & TN_TYPE_PERIODIC) && period)
        timer->comparator += ((last - first - distance) / period + 1) * period;
    timer->comparator &= mask;
    match(hpet, index);
}

/* Ticks from @hpet->seen to the earliest match; UINT64_MAX if none would do anything. */
static uint64_t nearest_match(const struct hpet *hpet)
{
    uint64_t nearest = UINT64_MAX;

    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        const struct hpet_timer *timer = &hpet->timers[i];
        uint64_t distance = (timer->comparator - hpet->seen) & width_mask(timer);

        if ((timer->config & TN_INT_ENB) && distance < nearest)
            nearest = distance;
    }
    return nearest;
}

static void arm(struct hpet *hpet)
{
    uint64_t distance = running(hpet) ? nearest_match(hpet) : UINT64_MAX;
    uint64_t tick = hpet->started + (hpet->seen - hpet->counter);

    if (distance >= INT64_MAX / NANOSECONDS_PER_TICK - tick)
        clock_timer_set(hpet->timer, CLOCK_NEVER);
    else
        clock_timer_set(hpet->timer, (int64_t)(tick + distance) * NANOSECONDS_PER_TICK);
}

static void sync(struct hpet *hpet)
{
    uint64_t now = counter_now(hpet);

    if (!running(hpet) || now - hpet->seen == UINT64_MAX) /* the current value has been compared */
        return;
    for (unsigned i = 0; i < HPET_TIMERS; i++)
        compare(hpet, i, hpet->seen, now);
    hpet->seen = now + 1;
}

static void fire(void *opaque)
{
    sync(opaque);
    arm(opaque);
}

/* The counter goes on from @counter, which will be compared too. */
static void restart(struct hpet *hpet, uint64_t counter)
{
    hpet->counter = counter;
    hpet->started = machine_ticks(hpet->machine, HPET_HZ);
    hpet->seen = counter;
}

/* A level interrupt that stands, after its output may have been let go. */
static void drive_again(struct hpet *hpet, unsigned index)
{
    uint32_t config = hpet->timers[index].config;

    if ((config & TN_INT_ENB) && !(config & TN_FSB_EN) && (hpet->status >> index & 1))
        drive(hpet, index, true);
}

static void write_enables(struct hpet *hpet, uint64_t value)
{
    uint64_t changed = hpet->enables ^ value;
    uint64_t counter = counter_now(hpet);

    if (changed & LEG_RT_CNF) {
        for (unsigned i = 0; i < 2; i++)
            drive(hpet, i, false);
        if (!(value & LEG_RT_CNF) && hpet->config.legacy_replacement)
            hpet->config.legacy_replacement(hpet->config.opaque, false);
        hpet->enables ^= LEG_RT_CNF;
        if ((value & LEG_RT_CNF) && hpet->config.legacy_replacement)
            hpet->config.legacy_replacement(hpet->config.opaque, true);
        for (unsigned i = 0; i < 2; i++)
            drive_again(hpet, i);
    }
    if (changed & ENABLE_CNF) {
        hpet->enables ^= ENABLE_CNF;
        restart(hpet, counter);
    }
}

static void write_status(struct hpet *hpet, uint64_t value)
{
    hpet->status &= ~value;
    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        if ((value >> i & 1) && (hpet->timers[i].config & TN_INT_TYPE_LEVEL))
            drive(hpet, i, false);
    }
}

/* 2.3.8: the output is let go before its route or type changes, and driven again if a level interrupt stands. */
static void write_timer_config(struct hpet *hpet, unsigned index, uint32_t value)
{
    struct hpet_timer *timer = &hpet->timers[index];
    uint32_t writable = hpet->config.fsb ? TN_WRITABLE : TN_WRITABLE & ~TN_FSB_EN;
    uint32_t config = value & writable;
    uint32_t changed;

    if (!(hpet->config.route_capability >> TN_INT_ROUTE(config) & 1)) /* reads back as no route */
        config &= ~(31u << 9);
    changed = config ^ timer->config;
    if (!(config & TN_TYPE_PERIODIC))
        config &= ~TN_VAL_SET;
    if (changed & ~TN_VAL_SET)
        drive(hpet, index, false);
    timer->config = config;
    timer->comparator &= width_mask(timer);
    if (!(config & TN_INT_TYPE_LEVEL))
        hpet->status &= ~(UINT64_C(1) << index);
    drive_again(hpet, index);
}

/*
 * 2.3.9.2.2: a write to the comparator of a periodic timer sets its period, and the next match too if VAL_SET is set,
 * which the write clears.  @written: the bits that the access covers.
 */
static void write_comparator(struct hpet *hpet, unsigned index, uint64_t value, uint64_t written)
{
    struct hpet_timer *timer = &hpet->timers[index];
    bool periodic = timer->config & TN_TYPE_PERIODIC;
    bool sets_match = !periodic || (timer->config & TN_VAL_SET);

    written &= width_mask(timer);
    if (periodic)
        timer->period = (timer->period & ~written) | (value & written);
    timer->config &= ~TN_VAL_SET;
    if (!sets_match)
        return;
    timer->comparator = (timer->comparator & ~written) | (value & written);
    if (running(hpet)) /* what the counter shows now can match */
        compare(hpet, index, counter_now(hpet), counter_now(hpet));
}

static uint64_t timer_read(const struct hpet *hpet, unsigned index, unsigned offset)
{
    const struct hpet_timer *timer = &hpet->timers[index];

    switch (offset) {
    case TN_CONF:
        return (uint64_t)hpet->config.route_capability << 32 | timer->config | TN_PER_INT_CAP | TN_SIZE_CAP |
               (hpet->config.fsb ? TN_FSB_CAP : 0);
    case TN_COMP:
        return timer->comparator;
    case TN_FSB:
        return timer->fsb;
    default:
        return 0;
    }
}

static uint64_t register_read(struct hpet *hpet, unsigned offset)
{
    if (offset >= TIMER_FIRST && offset < TIMER_FIRST + HPET_TIMERS * TIMER_STRIDE)
        return timer_read(hpet, (offset - TIMER_FIRST) / TIMER_STRIDE, offset % TIMER_STRIDE);
    switch (offset) {
    case GCAP_ID:
        return PERIOD_FS << 32 | BLOCK_ID;
    case GEN_CONF:
        return hpet->enables;
    case GINTR_STA:
        return hpet->status;
    case MAIN_CNT:
        return counter_now(hpet);
    default:
        machine_guest_error(hpet->machine, "hpet", "read of reserved register 0x%03x", offset);
        return 0;
    }
}

/* @written: the bits of the register that the access covers. */
static void timer_write(struct hpet *hpet, unsigned index, unsigned offset, uint64_t value, uint64_t written)
{
    struct hpet_timer *timer = &hpet->timers[index];

    switch (offset) {
    case TN_CONF:
        if (written & UINT32_MAX) /* the upper half is a capability */
            write_timer_config(hpet, index, value);
        break;
    case TN_COMP:
        write_comparator(hpet, index, value, written);
        break;
    case TN_FSB:
        if (hpet->config.fsb)
            timer->fsb = (timer->fsb & ~written) | (value & written);
        break;
    default:
        machine_guest_error(hpet->machine, "hpet", "write to reserved register of timer %u", index);
    }
}

static void register_write(struct hpet *hpet, unsigned offset, uint64_t value, uint64_t written)
{
    if (offset >= TIMER_FIRST && offset < TIMER_FIRST + HPET_TIMERS * TIMER_STRIDE) {
        timer_write(hpet, (offset - TIMER_FIRST) / TIMER_STRIDE, offset % TIMER_STRIDE, value, written);
        return;
    }
    switch (offset) {
    case GCAP_ID:
        break; /* read-only */
    case GEN_CONF:
        if (written & UINT32_MAX)
            write_enables(hpet, value & (ENABLE_CNF | LEG_RT_CNF));
        break;
    case GINTR_STA:
        write_status(hpet, value & written);
        break;
    case MAIN_CNT:
        if (running(hpet))
            machine_guest_error(hpet->machine, "hpet", "write to the main counter while it runs");
        restart(hpet, (counter_now(hpet) & ~written) | (value & written));
        break;
    default:
        machine_guest_error(hpet->machine, "hpet", "write to reserved register 0x%03x", offset);
    }
}

static uint64_t region_read(void *opaque, uint64_t offset, unsigned size)
{
    struct hpet *hpet = opaque;

    sync(hpet);
    arm(hpet);
    return register_read(hpet, offset & ~7u) >> (8 * (offset & 7));
}

static void region_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct hpet *hpet = opaque;
    unsigned shift = 8 * (offset & 7);
    uint64_t written = all_ones(size) << shift;

    if (size < 4 || offset % size) {
        machine_guest_error(hpet->machine, "hpet", "write of %u bytes at 0x%03" PRIx64 ": 32 or 64 bits, aligned", size,
                            offset);
        return;
    }
    sync(hpet);
    register_write(hpet, offset & ~7u, value << shift, written);
    sync(hpet);
    arm(hpet);
}

uint32_t hpet_block_id(void)
{
    return BLOCK_ID;
}

static void reset(void *device)
{
    struct hpet *hpet = device;

    write_enables(hpet, 0);
    hpet->status = 0;
    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        drive(hpet, i, false);
        hpet->timers[i] = (struct hpet_timer){.comparator = UINT64_MAX};
    }
    restart(hpet, 0);
    arm(hpet);
}

static void after_load(void *object)
{
    struct hpet *hpet = object;

    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        const struct irq_line *line = route(hpet, i);

        if (line && hpet->timers[i].level)
            irq_set(line, true);
    }
}

static void unrealize(void *device)
{
    struct hpet *hpet = device;

    clock_timer_free(hpet->timer);
    memory_region_remove(hpet->region);
    g_free(hpet);
}

static const struct state_table state = {.name = "hpet", .version = 1, .fields = fields, .after_load = after_load};
static const struct device_class hpet_class = {.name = "hpet", .state = &state, .reset = reset, .unrealize = unrealize};
static const struct memory_region_ops region_ops = {.read = region_read, .write = region_write, .max_size = 8};

struct hpet *hpet_new(struct machine *machine, const struct hpet_config *config)
{
    struct hpet *hpet = g_new0(struct hpet, 1);

    hpet->machine = machine;
    hpet->config = *config;
    hpet->timer = clock_timer_new(machine_clock(machine), "hpet", fire, hpet);
    hpet->region = memory_add_io(machine_memory(machine), MEMORY_SPACE_PHYSICAL, "hpet", config->address, HPET_SIZE, 0,
                                 &region_ops, hpet);
    reset(hpet);
    machine_add_device(machine, &hpet_class, hpet, "hpet");
    return hpet;
}
