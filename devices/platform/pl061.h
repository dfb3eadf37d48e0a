/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PrimeCell General Purpose Input/Output (PL061): ARM DDI 0190. Eight pins. */
#ifndef GALVANIC_DEVICES_PLATFORM_PL061_H
#define GALVANIC_DEVICES_PLATFORM_PL061_H

#include "emu/machine.h"

#define PL061_PINS 8

struct pl061;

/* Adds the device "gpio" at @address.  @irq: GPIOINTR, by level.  Outputs lead nowhere. */
struct pl061 *pl061_new(struct machine *machine, uint64_t address, const struct irq_line *irq);
/* What drives @pin from outside. */
struct irq_line pl061_line(struct pl061 *gpio, unsigned pin);

#endif
