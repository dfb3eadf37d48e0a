/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's screen, keyboard and mouse in a window. */
#ifndef GALVANIC_CLI_WINDOW_H
#define GALVANIC_CLI_WINDOW_H

#include "devices/display/scanout.h"
#include "emu/machine.h"

/*
 * Has @run run the machine on a thread of its own while this one serves the window; without a display says so and runs headless.
 * Closing the window stops the machine and sets *@quit.
 */
enum machine_stop window_run(struct machine *machine, const struct scanout_source *source,
                             enum machine_stop (*run)(void *opaque), void *opaque, bool *quit);

#endif
