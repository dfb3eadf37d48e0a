/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One counter of an 8254, as a function of the number of its input clocks.  Intel 8254 data sheet (231164).
 *
 * Nothing runs: a counter remembers the clock at which its counting element was loaded, and all else (count, output,
 * next change of the output) is computed.  Clocks count from power-on, so that no rounding can add up.
 */
#ifndef GALVANIC_DEVICES_TIMER_I8254_COUNTER_H
#define GALVANIC_DEVICES_TIMER_I8254_COUNTER_H

#include "emu/state/state.h"

#define I8254_NEVER UINT64_MAX

struct i8254_counter {
    uint8_t mode;   /* 0..5 */
    uint8_t access; /* 1 LSB, 2 MSB, 3 LSB then MSB */
    bool bcd;
    bool gate;

    /* count register */
    uint16_t count_register; /* as written */
    uint8_t written_low;
    bool write_high_next;
    bool has_count;  /* written since the control word */
    bool null_count; /* written, but not yet in the counting element */

    /* counting element */
    bool counting;
    uint32_t count;   /* loaded, 1..65536 or 1..10000; 0: none since the control word */
    uint64_t start;   /* clock of the load, while counting */
    uint64_t elapsed; /* clocks since the load, while not counting */
    uint64_t load_at; /* clock at which the count register is taken over; I8254_NEVER */
    bool load_low;    /* mode 3: that load begins a low half */
    bool started_low; /* mode 3: the last one did */

    /* output latches */
    bool count_latched, status_latched;
    bool read_high_next;
    uint16_t latched_count;
    uint8_t latched_status;
};

extern const struct state_table i8254_counter_state;

/* To power-on: mode 3 without a count, the output high. @gate stays. */
void i8254_counter_reset(struct i8254_counter *counter);
/* After a restore: brings values that no counter can have into range. */
void i8254_counter_sanitize(struct i8254_counter *counter);

/* All the following: @clock is the number of the current input clock and never falls. */
void i8254_counter_control(struct i8254_counter *counter, uint8_t control);
void i8254_counter_write(struct i8254_counter *counter, uint64_t clock, uint8_t value);
uint8_t i8254_counter_read(struct i8254_counter *counter, uint64_t clock);
void i8254_counter_latch_count(struct i8254_counter *counter, uint64_t clock);
void i8254_counter_latch_status(struct i8254_counter *counter, uint64_t clock);
void i8254_counter_set_gate(struct i8254_counter *counter, uint64_t clock, bool gate);
bool i8254_counter_out(struct i8254_counter *counter, uint64_t clock);
/* The first clock after @clock at which the output may change; I8254_NEVER. */
uint64_t i8254_counter_next(struct i8254_counter *counter, uint64_t clock);
/* Length of the cycle that repeats from @clock on until the counter is touched; 0: it does not. */
uint32_t i8254_counter_cycle(struct i8254_counter *counter, uint64_t clock);

#endif
