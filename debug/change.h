/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user changes in a guest that stands still: registers and memory.  Changes come from outside the machine, so they are
 * part of a recording, and a replay makes them by itself at the same points; it takes no others.
 */
#ifndef GALVANIC_DEBUG_CHANGE_H
#define GALVANIC_DEBUG_CHANGE_H

#include "debug/registers.h"
#include "debug/space.h"

/* The source "debugger" of the machine's journal; without it changes are made and not recorded. */
void change_add_source(struct machine *machine);

/* False with @error: nothing can be changed now: a replay, or a recorded run where a replay could not do the same. */
bool change_allowed(struct machine *machine, GError **error);
/* All: engine thread, between two runs.  False with @error, which says what cannot be changed and why. */
bool change_register(struct machine *machine, struct cpu *cpu, unsigned index, const uint8_t value[16], GError **error);
/* RAM alone; through read-only pages too.  What comes before a page that is not mapped has been changed when this is false. */
bool change_memory(const struct space *space, uint64_t address, const void *bytes, size_t length, GError **error);
bool change_physical(struct machine *machine, uint64_t address, const void *bytes, size_t length, GError **error);

#endif
