/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the debugger (debugger.c, points.c, step.c) share. */
#ifndef GALVANIC_DEBUG_DEBUGGER_INTERNAL_H
#define GALVANIC_DEBUG_DEBUGGER_INTERNAL_H

#include "debug/debugger.h"
#include "debug/trap/trap.h"

/* A point and what it hangs on in the machine. */
struct placed_point {
    struct debugger_point point; /* first: what the contract hands out */
    struct debugger *debugger;
    struct machine_probe *probe;
    struct machine_observer *observer;
    uint64_t old_value; /* of a watched range of up to 8 bytes */
};

/* Where a step or a finish wants to arrive; the point belongs to the debugger alone. */
struct arrival {
    struct debugger *debugger;
    uint64_t address, sp, root;
    bool any_root, any_sp;
    bool arrived;
    struct machine_probe *probe;
};

struct debugger {
    struct machine *machine;
    struct symbols *symbols;
    struct os *os;
    struct syscalls *syscalls;
    GPtrArray *points; /* of struct placed_point */
    unsigned next_number;
    bool listens;          /* to system calls */
    GHashTable *processes; /* id -> name: those that catch process has seen; NULL: it never looked */
    unsigned pending;      /* code points whose place is not known yet */
    bool kernel_known;     /* they have been looked for in the kernel */
    gint interrupted;      /* atomic: the user wants a stop */
    gint forgotten;        /* atomic: the stop that was asked of the machine for it is not wanted any more */

    /* of the run that is under way or was the last */
    enum debugger_stop stop;
    struct cpu *cpu;
    struct debugger_point *hit; /* a copy, since a temporary one goes */
    uint64_t hit_address, hit_old_value;
    enum machine_stop machine_stop;
    struct trap *trap;
    uint64_t left_count, left_pc; /* where the last stop was: its points are not asked again */
    struct cpu *left_cpu;
    bool left_valid;

    /* of a step by line: the exception or interrupt that it ran into */
    bool notes_exceptions;
    bool excepted;
    uint64_t excepted_pc;
};

/* points.c */
void debugger_forget_points(struct debugger *debugger);
/* The points that the accesses of a watchpoint stop hit; false: none, to be passed over. */
bool debugger_judge_accesses(struct debugger *debugger);
/* Looks for the places of points that had none: in the kernel, once there is one. */
void debugger_look_for_kernel(struct debugger *debugger);
/* Removes what was temporary and hit. */
void debugger_sweep_points(struct debugger *debugger);
/* Notes a stop, of which there is one a run: the first. */
void debugger_note_stop(struct debugger *debugger, enum debugger_stop stop, struct cpu *cpu);

/* debugger.c: one run of the machine, to @instructions at most (UINT64_MAX: no limit). */
enum debugger_stop debugger_run(struct debugger *debugger, uint64_t instructions);

/* True if @cpu runs unprivileged. */
bool debugger_is_user(const struct cpu *cpu);
/* Address space of @cpu as points compare it. */
uint64_t debugger_root(struct debugger *debugger, struct cpu *cpu);

#endif
