/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run as a timeline: phases of the boot, processes as tracks, system calls as slices, interrupts and disk requests as marks. */
#ifndef GALVANIC_CLI_TIMELINE_H
#define GALVANIC_CLI_TIMELINE_H

#include "debug/os/syscalls.h"

struct timeline;

/* Begins to write to @path; before the machine runs.  NULL with @error: it cannot be written. */
struct timeline *timeline_new(struct machine *machine, struct os *os, struct syscalls *syscalls, const char *path,
                              GError **error);
/* Ends everything that is open at the present time, and frees.  False with @error. */
bool timeline_finish(struct timeline *timeline, GError **error);

#endif
