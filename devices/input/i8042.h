/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC's keyboard and mouse controller at ports 0x60 and 0x64, with a keyboard and a mouse behind it. */
#ifndef GALVANIC_DEVICES_INPUT_I8042_H
#define GALVANIC_DEVICES_INPUT_I8042_H

#include "emu/machine.h"

struct i8042;

struct i8042_config {
    struct irq_line keyboard_irq; /* ISA input 1 */
    struct irq_line mouse_irq;    /* ISA input 12 */
    void (*reset)(void *opaque);  /* the CPU's reset line is pulsed; NULL: machine_reset_request() */
    void *opaque;
};

/* The machine owns the result, and the devices "keyboard" and "mouse" that come with it. @config is copied. */
struct i8042 *i8042_new(struct machine *machine, const struct i8042_config *config);
/* The controller's idea of the A20 gate; memory does not wrap at 1 MiB on this machine, whatever it says. */
bool i8042_a20(const struct i8042 *controller);

#endif
