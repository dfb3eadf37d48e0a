/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt Translation Service of a GICv3: turns what a device writes into an LPI of some CPU, by tables in memory that
 * software sets up with commands.  Arm IHI 0069, chapter 5 and section 12.12 (physical LPIs only).
 */
#ifndef GALVANIC_DEVICES_INTC_GICV3_ITS_H
#define GALVANIC_DEVICES_INTC_GICV3_ITS_H

#include "devices/intc/gicv3.h"

#define GICV3_ITS_SIZE 0x20000 /* two frames: control, and the register that devices write to */

struct gicv3_its;

/* Adds the device "its" at @address (0x08080000 on virt). */
struct gicv3_its *gicv3_its_new(struct machine *machine, struct gicv3 *gic, uint64_t address);
/* The device with requester number @device writes @data to @address: a message for us, or else just a write. */
void gicv3_its_message(struct gicv3_its *its, uint16_t device, uint64_t address, uint32_t data);

#endif
