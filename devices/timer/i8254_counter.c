/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One counter of an 8254: the six modes.  Intel 8254 data sheet (231164), "Mode Definitions". */
#include "devices/timer/i8254_counter.h"

/* Control word and status byte. */
#define CONTROL_BCD 0x01
#define CONTROL_MODE(control) ((control) >> 1 & 7)
#define CONTROL_ACCESS(control) ((control) >> 4 & 3)
#define STATUS_NULL_COUNT 0x40
#define STATUS_OUT 0x80

enum mode {
    INTERRUPT_ON_TERMINAL_COUNT,
    RETRIGGERABLE_ONE_SHOT,
    RATE_GENERATOR,
    SQUARE_WAVE,
    SOFTWARE_STROBE,
    HARDWARE_STROBE,
};

static const struct state_field fields[] = {
    STATE_U8(struct i8254_counter, mode),
    STATE_U8(struct i8254_counter, access),
    STATE_BOOL(struct i8254_counter, bcd),
    STATE_BOOL(struct i8254_counter, gate),
    STATE_U16(struct i8254_counter, count_register),
    STATE_U8(struct i8254_counter, written_low),
    STATE_BOOL(struct i8254_counter, write_high_next),
    STATE_BOOL(struct i8254_counter, has_count),
    STATE_BOOL(struct i8254_counter, null_count),
    STATE_BOOL(struct i8254_counter, counting),
    STATE_U32(struct i8254_counter, count),
    STATE_U64(struct i8254_counter, start),
    STATE_U64(struct i8254_counter, elapsed),
    STATE_U64(struct i8254_counter, load_at),
    STATE_BOOL(struct i8254_counter, load_low),
    STATE_BOOL(struct i8254_counter, started_low),
    STATE_BOOL(struct i8254_counter, count_latched),
    STATE_BOOL(struct i8254_counter, status_latched),
    STATE_BOOL(struct i8254_counter, read_high_next),
    STATE_U16(struct i8254_counter, latched_count),
    STATE_U8(struct i8254_counter, latched_status),
    STATE_END,
};
const struct state_table i8254_counter_state = {.name = "i8254-counter", .version = 1, .fields = fields};

static bool is_periodic(const struct i8254_counter *c)
{
    return c->mode == RATE_GENERATOR || c->mode == SQUARE_WAVE;
}

static bool is_triggered_by_gate(const struct i8254_counter *c)
{
    return c->mode == RETRIGGERABLE_ONE_SHOT || c->mode == HARDWARE_STROBE;
}

static uint32_t modulus(const struct i8254_counter *c)
{
    return c->bcd ? 10000 : 0x10000;
}

/* Digits above 9 count for what they are worth; the largest value that can come out is 16665. */
static uint32_t decode(const struct i8254_counter *c, uint16_t raw)
{
    uint32_t value = raw;

    if (c->bcd)
        value = (raw >> 12) * 1000 + (raw >> 8 & 15) * 100 + (raw >> 4 & 15) * 10 + (raw & 15);
    return value ? value : modulus(c);
}

static uint16_t encode(const struct i8254_counter *c, uint32_t value)
{
    value %= modulus(c);
    if (!c->bcd)
        return value;
    return value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
}

/* The first half of an odd square wave is the longer one. */
static uint32_t high_half(uint32_t count)
{
    return (count + 1) / 2;
}

/* Takes over the count register if its time has come. */
static void advance(struct i8254_counter *c, uint64_t clock)
{
    if (clock < c->load_at)
        return;
    c->count = decode(c, c->count_register);
    c->counting = c->gate || is_triggered_by_gate(c);
    c->start = c->load_at;
    c->elapsed = 0;
    c->started_low = c->load_low;
    c->load_at = I8254_NEVER;
    c->load_low = false;
    c->null_count = false;
}

/* Clocks since the load; in mode 3 a load that begins a low half counts as one half a cycle ago. */
static uint64_t elapsed_at(const struct i8254_counter *c, uint64_t clock)
{
    uint64_t elapsed = c->counting ? clock - c->start : c->elapsed;

    if (c->mode == SQUARE_WAVE && c->started_low)
        elapsed += high_half(c->count);
    return elapsed;
}

/* The counting element. */
static uint32_t value_at(const struct i8254_counter *c, uint64_t clock)
{
    uint64_t elapsed;

    if (!c->count)
        return 0;
    elapsed = elapsed_at(c, clock);
    if (c->mode == RATE_GENERATOR)
        return c->count - elapsed % c->count;
    if (c->mode == SQUARE_WAVE) {
        uint32_t phase = elapsed % c->count, half = high_half(c->count);
        return (c->count & ~1u) - 2 * (phase < half ? phase : phase - half);
    }
    return (c->count + modulus(c) - elapsed % modulus(c)) % modulus(c);
}

static bool out_at(const struct i8254_counter *c, uint64_t clock)
{
    uint64_t elapsed;

    if (!c->count)
        return c->mode != INTERRUPT_ON_TERMINAL_COUNT;
    elapsed = elapsed_at(c, clock);
    switch (c->mode) {
    case INTERRUPT_ON_TERMINAL_COUNT:
    case RETRIGGERABLE_ONE_SHOT:
        return elapsed >= c->count;
    case RATE_GENERATOR:
        return !c->gate || !c->counting || elapsed % c->count != c->count - 1;
    case SQUARE_WAVE:
        return !c->gate || !c->counting || elapsed % c->count < high_half(c->count);
    default:
        return elapsed != c->count;
    }
}

bool i8254_counter_out(struct i8254_counter *c, uint64_t clock)
{
    advance(c, clock);
    return out_at(c, clock);
}

/* The first clock after @clock at which the count that is loaded changes the output. */
static uint64_t next_change(const struct i8254_counter *c, uint64_t clock)
{
    uint64_t elapsed;
    uint32_t phase;

    if (!c->counting || !c->count)
        return I8254_NEVER;
    elapsed = elapsed_at(c, clock);
    phase = elapsed % c->count;
    switch (c->mode) {
    case RATE_GENERATOR: /* a count of 1 is illegal: no output */
        if (c->count == 1)
            return I8254_NEVER;
        return clock + (phase < c->count - 1 ? c->count - 1 - phase : 1);
    case SQUARE_WAVE:
        if (c->count == 1)
            return I8254_NEVER;
        return clock + (phase < high_half(c->count) ? high_half(c->count) : c->count) - phase;
    default:
        if (elapsed < c->count)
            return clock + (c->count - elapsed);
        if (elapsed == c->count && (c->mode == SOFTWARE_STROBE || c->mode == HARDWARE_STROBE))
            return clock + 1;
        return I8254_NEVER;
    }
}

uint64_t i8254_counter_next(struct i8254_counter *c, uint64_t clock)
{
    uint64_t change;

    advance(c, clock);
    change = next_change(c, clock);
    return change < c->load_at ? change : c->load_at;
}

uint32_t i8254_counter_cycle(struct i8254_counter *c, uint64_t clock)
{
    advance(c, clock);
    return is_periodic(c) && c->counting && c->load_at == I8254_NEVER ? c->count : 0;
}

void i8254_counter_control(struct i8254_counter *c, uint8_t control)
{
    unsigned mode = CONTROL_MODE(control);

    c->mode = mode > HARDWARE_STROBE ? mode & 3 : mode; /* 6 and 7 are 2 and 3 */
    c->access = CONTROL_ACCESS(control);
    c->bcd = control & CONTROL_BCD;
    c->write_high_next = false;
    c->read_high_next = false;
    c->count_latched = false;
    c->status_latched = false;
    c->has_count = false;
    c->null_count = true;
    c->counting = false;
    c->count = 0;
    c->start = 0;
    c->elapsed = 0;
    c->load_at = I8254_NEVER;
    c->load_low = false;
    c->started_low = false;
}

/* A running square wave or rate generator takes a new count at the end of its half cycle or cycle. */
static void load_at_end_of_cycle(struct i8254_counter *c, uint64_t clock)
{
    uint32_t phase = elapsed_at(c, clock) % c->count;

    if (c->mode == SQUARE_WAVE && phase < high_half(c->count) && c->count > 1) {
        c->load_at = clock + high_half(c->count) - phase;
        c->load_low = true;
    } else {
        c->load_at = clock + c->count - phase;
        c->load_low = false;
    }
}

static void set_count(struct i8254_counter *c, uint64_t clock, uint16_t value)
{
    c->count_register = value;
    c->has_count = true;
    c->null_count = true;
    if (is_triggered_by_gate(c))
        return;
    if (!is_periodic(c) || !c->count) {
        if (c->mode == INTERRUPT_ON_TERMINAL_COUNT)
            c->count = 0; /* the output falls at once */
        c->load_at = clock + 1;
    } else if (c->counting && c->load_at == I8254_NEVER) {
        load_at_end_of_cycle(c, clock);
    }
}

void i8254_counter_write(struct i8254_counter *c, uint64_t clock, uint8_t value)
{
    advance(c, clock);
    switch (c->access) {
    case 1:
        set_count(c, clock, value);
        break;
    case 2:
        set_count(c, clock, value << 8);
        break;
    default:
        if (c->write_high_next) {
            c->write_high_next = false;
            set_count(c, clock, value << 8 | c->written_low);
            break;
        }
        c->written_low = value;
        c->write_high_next = true;
        if (c->mode == INTERRUPT_ON_TERMINAL_COUNT) { /* half a count stops the counting */
            c->count = 0;
            c->counting = false;
            c->load_at = I8254_NEVER;
        }
    }
}

uint8_t i8254_counter_read(struct i8254_counter *c, uint64_t clock)
{
    uint16_t value;
    bool high;

    if (c->status_latched) {
        c->status_latched = false;
        return c->latched_status;
    }
    advance(c, clock);
    value = c->count_latched ? c->latched_count : encode(c, value_at(c, clock));
    high = c->access == 2 || (c->access == 3 && c->read_high_next);
    if (c->access == 3)
        c->read_high_next = !c->read_high_next;
    if (c->access != 3 || high)
        c->count_latched = false;
    return high ? value >> 8 : value;
}

void i8254_counter_latch_count(struct i8254_counter *c, uint64_t clock)
{
    if (c->count_latched)
        return;
    advance(c, clock);
    c->latched_count = encode(c, value_at(c, clock));
    c->count_latched = true;
}

void i8254_counter_latch_status(struct i8254_counter *c, uint64_t clock)
{
    if (c->status_latched)
        return;
    advance(c, clock);
    c->latched_status = (out_at(c, clock) ? STATUS_OUT : 0) | (c->null_count ? STATUS_NULL_COUNT : 0) | c->access << 4 |
                        c->mode << 1 | (c->bcd ? CONTROL_BCD : 0);
    c->status_latched = true;
}

void i8254_counter_set_gate(struct i8254_counter *c, uint64_t clock, bool gate)
{
    advance(c, clock);
    if (gate == c->gate)
        return;
    c->gate = gate;
    if (is_triggered_by_gate(c) || is_periodic(c)) {
        if (!gate && is_periodic(c)) {
            c->elapsed = c->counting ? clock - c->start : c->elapsed;
            c->counting = false;
            c->load_at = c->count ? I8254_NEVER : c->load_at; /* the next trigger loads it */
        } else if (gate && c->has_count) {
            c->load_at = clock + 1;
            c->load_low = false;
        }
        return;
    }
    if (!c->count)
        return;
    if (gate)
        c->start = clock - c->elapsed;
    else
        c->elapsed = clock - c->start;
    c->counting = gate;
}

void i8254_counter_reset(struct i8254_counter *c)
{
    bool gate = c->gate;

    *c = (struct i8254_counter){.gate = gate};
    i8254_counter_control(c, 3 << 4 | SQUARE_WAVE << 1);
}

void i8254_counter_sanitize(struct i8254_counter *c)
{
    c->mode = c->mode > HARDWARE_STROBE ? SQUARE_WAVE : c->mode;
    c->access &= 3;
    if (c->count > 16665 && c->bcd)
        c->count = 16665;
    if (c->count > 0x10000)
        c->count = 0x10000;
}
