/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A key on a line, held for a tenth of a second: the power button of machines without ACPI's fixed hardware. */
#ifndef GALVANIC_DEVICES_PLATFORM_POWER_KEY_H
#define GALVANIC_DEVICES_PLATFORM_POWER_KEY_H

#include "emu/machine.h"

#define POWER_KEY_HELD_NS (100 * INT64_C(1000000))

/*
 * Adds the device "power-key", which the machine owns.  Makes the journal source "power-button": any byte is a press.
 * @line: high while the key is held.
 */
void power_key_new(struct machine *machine, const struct irq_line *line);

#endif
