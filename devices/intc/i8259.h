/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two cascaded 8259A interrupt controllers of a PC, with the edge/level registers of the ICH.
 * Intel 8259A data sheet (231468); Intel ICH9 data sheet (316972), section 13.4.
 *
 * An edge-triggered request stays only while its line is high: a line that falls before the acknowledge takes the
 * request with it, as the data sheet says.  Devices on edge-triggered lines hold them until they are served.
 */
#ifndef GALVANIC_DEVICES_INTC_I8259_H
#define GALVANIC_DEVICES_INTC_I8259_H

#include "emu/machine.h"

struct i8259;

/* Adds the device "i8259" at ports 0x20, 0xA0 and 0x4D0.  @intr (copied) is the INTR output of the master. */
struct i8259 *i8259_new(struct machine *machine, const struct irq_line *intr);

/* The line of interrupt request @irq, 0..15; that of 2 leads nowhere: the slave hangs there. */
struct irq_line i8259_line(struct i8259 *pic, unsigned irq);
/*
 * One of several lines that share request @irq: it is high while any of them is.  Each driver has a @source of its own,
 * 0..31, of which 0 is what i8259_line() gives.
 */
struct irq_line i8259_shared_line(struct i8259 *pic, unsigned irq, unsigned source);

/*
 * An interrupt acknowledge cycle: the vector of the request of highest priority, now in service.  Without any, the
 * spurious one: IR7 of the master, or of the slave when it has withdrawn its own.
 */
int i8259_acknowledge(struct i8259 *pic);

/* Is INTR asserted? */
bool i8259_intr(const struct i8259 *pic);

/* What firmware does through ports 0x4D0 and 0x4D1: bit n makes line n level-triggered; 0, 1, 2, 8, 13 stay edge. */
void i8259_set_level_triggered(struct i8259 *pic, uint16_t lines);

#endif
