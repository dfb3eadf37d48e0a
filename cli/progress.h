/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line on the user's terminal that tells how far a run has come, while the guest's own output goes elsewhere. */
#ifndef GALVANIC_CLI_PROGRESS_H
#define GALVANIC_CLI_PROGRESS_H

#include "emu/machine.h"

struct progress;

/* NULL when stderr is no terminal.  The machine outlives it. */
struct progress *progress_start(struct machine *machine);
/* Clears the line. */
void progress_stop(struct progress *progress);
/* Once the machine runs no more. */
void progress_free(struct progress *progress);

#endif
