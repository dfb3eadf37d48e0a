/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of debug/unwind share: one way each from a frame to its caller. */
#ifndef GALVANIC_DEBUG_UNWIND_INTERNAL_H
#define GALVANIC_DEBUG_UNWIND_INTERNAL_H

#include "debug/symbols/internal.h"
#include "debug/unwind.h"

/* DWARF numbers. */
#define X86_RBP 6u
#define X86_RSP 7u
#define X86_RIP 16u
#define ARM_FP 29u
#define ARM_LR 30u
#define ARM_SP 31u
#define ARM_PC 32u

enum unwind_step {
    UNWIND_UNKNOWN, /* this way does not apply: try the next */
    UNWIND_NEXT,    /* the caller is there */
    UNWIND_END,     /* there is none; unwinder.end says why */
};

struct unwinder {
    struct symbols *symbols;
    const struct space *space;
    enum cpu_arch arch;
    unsigned switches; /* from one stack to another below it */
    char end[160];
};

void unwind_end(struct unwinder *unwinder, const char *format, ...) G_GNUC_PRINTF(2, 3);

static inline unsigned unwind_fp_number(const struct unwinder *unwinder)
{
    return unwinder->arch == CPU_ARCH_X86_64 ? X86_RBP : ARM_FP;
}
static inline bool unwind_knows(const struct unwind_frame *frame, unsigned number)
{
    return number < UNWIND_REGISTERS && (frame->known >> number & 1);
}
static inline void unwind_set(struct unwind_frame *frame, unsigned number, uint64_t value)
{
    frame->registers[number] = value;
    frame->known |= 1ull << number;
}
/* Sets pc and sp in both forms. */
void unwind_set_pc_sp(const struct unwinder *unwinder, struct unwind_frame *frame, uint64_t pc, uint64_t sp);
/* A frame whose registers are those that a call preserves, of @frame. */
void unwind_callee(const struct unwinder *unwinder, const struct unwind_frame *frame, struct unwind_frame *next);
/* Is the page executable, in the sense that whoever runs there may? */
bool unwind_is_code(const struct unwinder *unwinder, uint64_t address);
/* Does a call stand right before @address? */
bool unwind_is_after_call(const struct unwinder *unwinder, uint64_t address);

/* unwind_cfi.c: call frame information of DWARF. */
enum unwind_step unwind_by_cfi(struct unwinder *unwinder, const struct unwind_frame *frame, struct unwind_frame *next);
/* unwind_orc.c: the tables of Linux kernels on x86_64. */
enum unwind_step unwind_by_orc(struct unwinder *unwinder, const struct unwind_frame *frame, struct unwind_frame *next);
/* unwind_exception.c: out of an exception's entry code. */
enum unwind_step unwind_by_exception(struct unwinder *unwinder, const struct unwind_frame *frame,
                                     struct unwind_frame *next);
/* unwind_frames.c: frame pointers, with a look at what the function has done so far. */
enum unwind_step unwind_by_frame_pointer(struct unwinder *unwinder, const struct unwind_frame *frame,
                                         struct unwind_frame *next);

#endif
