/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PrimeCell Real Time Clock (PL031): ARM DDI 0224.  A counter of seconds since 1970 with an alarm. */
#ifndef GALVANIC_DEVICES_TIMER_PL031_H
#define GALVANIC_DEVICES_TIMER_PL031_H

#include "emu/machine.h"

struct pl031;

/* Adds the device "rtc" at @address, set to the machine's calendar.  @irq: RTCINTR, by level. */
struct pl031 *pl031_new(struct machine *machine, uint64_t address, const struct irq_line *irq);

#endif
