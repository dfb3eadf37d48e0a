/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frame pointers: System V ABI for x86_64, 3.2.2; AAPCS64, 6.4.6.  Where a function was interrupted before it had set its own
 * up, or after it had taken it down, its code tells; a jump into nothing left the caller's address where a call puts it.
 */
#include "debug/unwind_internal.h"

#define SEARCHED_WORDS 64   /* of a stack whose records are destroyed */
#define PROLOGUE_MAX 64u    /* bytes of a function of x86_64 in which it makes its frame */
#define FUNCTION_MAX 16384u /* bytes of a function of aarch64 that are looked at */

/* The caller by a return address at @at and nothing else on the stack. */
static enum unwind_step by_stack(struct unwinder *unwinder, const struct unwind_frame *frame, uint64_t at,
                                 struct unwind_frame *next)
{
    uint64_t pc;

    if (!space_read_u64(unwinder->space, at, &pc)) {
        unwind_end(unwinder, "stack at 0x%" G_GINT64_MODIFIER "x is not mapped", at);
        return UNWIND_END;
    }
    unwind_callee(unwinder, frame, next);
    unwind_set_pc_sp(unwinder, next, pc, at + 8);
    return UNWIND_NEXT;
}

/* PUSH RBP was done, MOV RBP, RSP perhaps not. */
static enum unwind_step by_pushed(struct unwinder *unwinder, const struct unwind_frame *frame, uint64_t at,
                                  struct unwind_frame *next)
{
    uint64_t fp;
    enum unwind_step result = by_stack(unwinder, frame, at + 8, next);

    if (result == UNWIND_NEXT && space_read_u64(unwinder->space, at, &fp)) {
        unwind_set(next, X86_RBP, fp);
    }
    return result;
}

static uint64_t start_of_function(const struct unwinder *unwinder, uint64_t pc)
{
    struct symbol_location location;

    if (!symbols_locate(unwinder->symbols, unwinder->space->root, pc, false, &location) || !location.symbol) {
        return 0;
    }
    return pc - location.offset;
}

/* Of code that was interrupted, not of one that called. */
static enum unwind_step by_code_x86_64(struct unwinder *unwinder, const struct unwind_frame *frame,
                                       struct unwind_frame *next)
{
    uint64_t start = start_of_function(unwinder, frame->pc), at, word;
    uint8_t code[16] = {0}, here[2] = {0};
    unsigned push;

    space_read(unwinder->space, frame->pc, here, sizeof(here));
    if (here[0] == 0xc3 || here[0] == 0xc2) { /* RET */
        return by_stack(unwinder, frame, frame->sp, next);
    }
    if (here[0] == 0x5d && here[1] == 0xc3) { /* POP RBP; RET */
        return by_pushed(unwinder, frame, frame->sp, next);
    }
    if (!start || frame->pc - start > PROLOGUE_MAX || space_read(unwinder->space, start, code, sizeof(code)) == 0) {
        return UNWIND_UNKNOWN;
    }
    push = code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x1e && code[3] == 0xfa ? 4 : 0; /* ENDBR64 */
    at = start + push;
    if (frame->pc <= at) {
        return by_stack(unwinder, frame, frame->sp, next);
    }
    if (code[push] == 0x55) {
        return frame->pc <= at + 1 ? by_pushed(unwinder, frame, frame->sp, next) : UNWIND_UNKNOWN;
    }
    /* a function without frame: if a return address is on top, the stack was not touched */
    if (space_read_u64(unwinder->space, frame->sp, &word) && unwind_is_after_call(unwinder, word)) {
        return by_stack(unwinder, frame, frame->sp, next);
    }
    return UNWIND_UNKNOWN;
}

static enum unwind_step by_link(const struct unwinder *unwinder, const struct unwind_frame *frame,
                                struct unwind_frame *next)
{
    unwind_callee(unwinder, frame, next);
    unwind_set_pc_sp(unwinder, next, frame->registers[ARM_LR], frame->sp);
    return UNWIND_NEXT;
}

/* Is X29 the function's own at @pc?  Set in its beginning by ADD X29, SP, #n, given back at its end by LDP X29, X30, [SP…]. */
static bool has_frame(const struct unwinder *unwinder, uint64_t start, uint64_t pc)
{
    size_t count = MIN(pc - start, FUNCTION_MAX) / 4;
    g_autofree uint32_t *code = g_new0(uint32_t, count + 1);
    bool own = pc - start > FUNCTION_MAX, given_back = false;

    count = space_read(unwinder->space, start, code, count * 4) / 4;
    for (size_t i = 0; i < count; i++) {
        uint32_t word = GUINT32_FROM_LE(code[i]);

        own = own || (word & 0xffc003ff) == 0x910003fd;
        if ((word & 0xfe407fff) == 0xa8407bfd) {
            given_back = true;
        } else if (word == 0xd65f03c0 || (word & 0xfc000000) == 0x14000000) { /* RET, B: what follows is another path */
            given_back = false;
        }
    }
    return own && !given_back;
}

static enum unwind_step by_code_aarch64(struct unwinder *unwinder, const struct unwind_frame *frame,
                                        struct unwind_frame *next)
{
    uint64_t start = start_of_function(unwinder, frame->pc);

    if (!start || !unwind_knows(frame, ARM_LR) || has_frame(unwinder, start, frame->pc) ||
        !unwind_is_after_call(unwinder, frame->registers[ARM_LR])) {
        return UNWIND_UNKNOWN;
    }
    return by_link(unwinder, frame, next);
}

/* What the stack's records say is no stack: the first word above that stands behind a call is one that a caller has left. */
static enum unwind_step by_search(struct unwinder *unwinder, const struct unwind_frame *frame,
                                  struct unwind_frame *next)
{
    uint64_t word;

    for (unsigned i = 0; i < SEARCHED_WORDS; i++) {
        uint64_t at = frame->sp + 8 * (uint64_t)i;

        if (!space_read_u64(unwinder->space, at, &word)) {
            break;
        }
        if (unwind_is_after_call(unwinder, word)) {
            return by_stack(unwinder, frame, at, next);
        }
    }
    return UNWIND_UNKNOWN;
}

static bool has_record(struct unwinder *unwinder, const struct unwind_frame *frame)
{
    unsigned number = unwind_fp_number(unwinder);
    uint64_t word, record = frame->registers[number];

    return unwind_knows(frame, number) &&
           (record == 0 || (!(record & 7) && space_read_u64(unwinder->space, record + 8, &word)));
}

/* The CPU went to where there is no code: who called it? */
static enum unwind_step out_of_nowhere(struct unwinder *unwinder, const struct unwind_frame *frame,
                                       struct unwind_frame *next)
{
    uint64_t word;

    if (unwinder->arch == CPU_ARCH_AARCH64) {
        return unwind_knows(frame, ARM_LR) && unwind_is_after_call(unwinder, frame->registers[ARM_LR])
                   ? by_link(unwinder, frame, next)
                   : UNWIND_UNKNOWN;
    }
    return space_read_u64(unwinder->space, frame->sp, &word) && unwind_is_after_call(unwinder, word)
               ? by_stack(unwinder, frame, frame->sp, next)
               : UNWIND_UNKNOWN;
}

static enum unwind_step by_record(struct unwinder *unwinder, const struct unwind_frame *frame,
                                  struct unwind_frame *next)
{
    unsigned number = unwind_fp_number(unwinder);
    uint64_t record = frame->registers[number], fp, pc;

    if (!unwind_knows(frame, number) || record == 0) {
        unwind_end(unwinder, unwind_knows(frame, number) ? "frame pointer 0" : "frame pointer not known");
        return UNWIND_END;
    }
    if ((record & 7) || !space_read_u64(unwinder->space, record, &fp) ||
        !space_read_u64(unwinder->space, record + 8, &pc)) {
        unwind_end(unwinder, "frame pointer 0x%" G_GINT64_MODIFIER "x is not of a stack", record);
        return UNWIND_END;
    }
    unwind_callee(unwinder, frame, next);
    next->known = 0; /* who saved the others is not known */
    unwind_set(next, number, fp);
    unwind_set_pc_sp(unwinder, next, pc, record + 16);
    return UNWIND_NEXT;
}

enum unwind_step unwind_by_frame_pointer(struct unwinder *unwinder, const struct unwind_frame *frame,
                                         struct unwind_frame *next)
{
    enum unwind_step result = UNWIND_UNKNOWN;
    bool searched = false;

    if (!frame->return_address && !unwind_is_code(unwinder, frame->pc)) {
        result = out_of_nowhere(unwinder, frame, next);
        if (result == UNWIND_UNKNOWN && !has_record(unwinder, frame)) {
            result = by_search(unwinder, frame, next);
            searched = true;
        }
    } else if (!frame->return_address) {
        result = unwinder->arch == CPU_ARCH_X86_64 ? by_code_x86_64(unwinder, frame, next)
                                                   : by_code_aarch64(unwinder, frame, next);
    }
    if (result != UNWIND_UNKNOWN) {
        next->by = searched ? UNWIND_BY_SEARCH : UNWIND_BY_GUESS;
        return result;
    }
    result = by_record(unwinder, frame, next);
    next->by = UNWIND_BY_FRAME_POINTER;
    return result;
}
