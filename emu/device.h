/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device interface.  A device is a struct of its own with a constructor `struct foo *foo_new(struct machine *, ...)`
 * that allocates it, registers its regions and timers, and calls machine_add_device() with its class; there is no
 * other registration.  All its state stands in the class's table.
 */
#ifndef GALVANIC_EMU_DEVICE_H
#define GALVANIC_EMU_DEVICE_H

#include "emu/state/state.h"

struct device_class {
    const char *name; /* "i8254", "ich9-ahci" */
    const struct state_table *state;
    void (*reset)(void *device);     /* to the power-on state of the specification */
    void (*unrealize)(void *device); /* frees the device and what it registered */
};

#endif
