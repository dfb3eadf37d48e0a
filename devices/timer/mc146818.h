/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real-time clock and CMOS memory at ports 0x70..0x73.
 * Motorola MC146818A data sheet; Intel ICH9 data sheet (316972), section 13.6.
 *
 * The calendar starts at machine_config()->calendar and advances with virtual time.  It and the CMOS memory outlive a
 * reset, as the battery keeps them.
 */
#ifndef GALVANIC_DEVICES_TIMER_MC146818_H
#define GALVANIC_DEVICES_TIMER_MC146818_H

#include "emu/machine.h"

#define MC146818_CENTURY 0x32
#define MC146818_BYTES 256

struct mc146818;

/* Adds the device "rtc".  @irq (copied) is its interrupt, IRQ 8 on a PC; high until register C is read. */
struct mc146818 *mc146818_new(struct machine *machine, const struct irq_line *irq);

/*
 * What firmware leaves in CMOS memory: byte @index, 0x0E..0x7F, or 0x80..0xFF in the extended bank (ports 0x72, 0x73);
 * the century at 0x32 belongs to the calendar.
 */
void mc146818_set_byte(struct mc146818 *rtc, uint8_t index, uint8_t value);
uint8_t mc146818_byte(const struct mc146818 *rtc, uint8_t index);
/*
 * The bytes that tell a PC's memory: @below_4g bytes of RAM from 0 up (0x15..0x18, 0x30, 0x31, 0x34, 0x35) and
 * @above_4g (0x5B..0x5D).
 */
void mc146818_set_memory_size(struct mc146818 *rtc, uint64_t below_4g, uint64_t above_4g);

/* Takes the interrupt off its line, which it leaves low to whoever drives it then (the HPET), or puts it back. */
void mc146818_set_irq_enabled(struct mc146818 *rtc, bool enabled);

/* Bit 7 of port 0x70: NMIs are masked. */
bool mc146818_nmi_masked(const struct mc146818 *rtc);

#endif
