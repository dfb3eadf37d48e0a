/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of debug/space share: walks of the tables, given the control registers. */
#ifndef GALVANIC_DEBUG_SPACE_INTERNAL_H
#define GALVANIC_DEBUG_SPACE_INTERNAL_H

#include "debug/space.h"

/* The control registers that say how tables are read, taken once for a series of walks. */
struct space_control {
    enum cpu_arch arch;
    uint64_t cr0, cr4, efer;
    uint64_t sctlr, tcr;
};
void space_control_of(struct cpu *cpu, struct space_control *out);

/* @out is zeroed but for the address. */
void space_walk_x86_64(const struct space *space, const struct space_control *control, struct space_walk *out);
void space_walk_aarch64(const struct space *space, const struct space_control *control, struct space_walk *out);

/* Reads the entry at @at (@size 4 or 8) as the walk's next step; NULL with the reason in the walk: it lies in no RAM. */
struct space_step *space_walk_step(const struct space *space, struct space_walk *walk, unsigned level, uint64_t at,
                                   unsigned size);
void space_walk_why(struct space_walk *walk, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
