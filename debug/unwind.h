/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backtraces of guest code: call frame information where there is some, frame pointers else, and through exception frames from
 * the kernel into the program that it interrupted.
 */
#ifndef GALVANIC_DEBUG_UNWIND_H
#define GALVANIC_DEBUG_UNWIND_H

#include "debug/symbols/symbols.h"

#define UNWIND_REGISTERS 34 /* DWARF numbers: x86_64 0..15 and 16 the return address; aarch64 0..30 X, 31 SP, 32 PC */

struct unwind_frame {
    uint64_t pc;
    uint64_t sp; /* the canonical frame address of the called one; of the innermost: the stack pointer */
    uint64_t registers[UNWIND_REGISTERS];
    uint64_t known;      /* bit per register */
    bool return_address; /* pc is one: look up the call before it */
    bool exception;      /* this frame was interrupted by the one before it */
    bool user;           /* runs unprivileged */
    enum unwind_by {
        UNWIND_BY_REGISTERS,
        UNWIND_BY_CFI,
        UNWIND_BY_FRAME_POINTER,
        UNWIND_BY_EXCEPTION,
        UNWIND_BY_GUESS,
        UNWIND_BY_SEARCH /* the stack's records are destroyed: frames between may be missing */
    } by;
};

/* The innermost frame of a CPU as it stands. */
void unwind_start(struct cpu *cpu, struct unwind_frame *out);
/*
 * GArray of struct unwind_frame, innermost first, at most @limit; ends at the first frame that makes no sense, said in @end (to be
 * freed; may be NULL): "return address 0", "stack at 0x… is not mapped", "loop".
 */
GArray *unwind(struct symbols *symbols, const struct space *space, const struct unwind_frame *start, unsigned limit,
               char **end);
/* The canonical frame address of @frame by its call frame information; false: it has none. */
bool unwind_cfa(struct symbols *symbols, const struct space *space, const struct unwind_frame *frame, uint64_t *cfa);

#endif
