/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8254 interval timer of a PC at ports 0x40..0x43, with the speaker and NMI status port 0x61.
 * Intel 8254 data sheet (231164); Intel ICH9 data sheet (316972), sections 5.7, 13.3 and 13.7.1.
 *
 * Counter 0 drives IRQ 0: the line follows its output, at the virtual time of the very clock that reloads it.
 */
#ifndef GALVANIC_DEVICES_TIMER_I8254_H
#define GALVANIC_DEVICES_TIMER_I8254_H

#include "emu/machine.h"

#define I8254_HZ 1193182

struct i8254;

/* Adds the device "i8254". @irq (copied) is driven by the output of counter 0. */
struct i8254 *i8254_new(struct machine *machine, const struct irq_line *irq);

/*
 * Takes counter 0 off its line, which it leaves low to whoever drives it then (the HPET's legacy replacement), or puts
 * it back; part of the state.
 */
void i8254_set_irq_enabled(struct i8254 *pit, bool enabled);

/* Does counter 2 sound the speaker, and with which period in clocks of I8254_HZ (0: silence)? */
uint32_t i8254_speaker_period(struct i8254 *pit);

#endif
