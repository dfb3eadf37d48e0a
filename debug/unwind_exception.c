/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Out of the kernel's entry code into what it interrupted.  An entry calls a handler and ends in IRET, SYSRET or ERET; what stands
 * between restores the interrupted registers, so it is followed instruction by instruction, on the debugger's own copy of them.
 * Intel SDM volume 2; Arm ARM C6.  Linux on aarch64, whose exits are long, has a struct pt_regs at a known distance.
 */
#include "debug/unwind_internal.h"

#include <string.h>

#define INSTRUCTIONS_MAX 96u

struct tail {
    struct unwinder *unwinder;
    struct unwind_frame frame; /* registers as they become */
    uint64_t pc;
    uint64_t elr, spsr, sp_el0;
    bool elr_known, spsr_known, sp_el0_known;
};

enum outcome { OUTCOME_GO_ON, OUTCOME_DONE, OUTCOME_NOT_ENTRY };

/* --- x86_64 --- */

/* The numbers of the encoding are not those of DWARF. */
static const unsigned char x86_numbers[16] = {0, 2, 1, 3, X86_RSP, X86_RBP, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};

static bool pop(struct tail *tail, unsigned number)
{
    uint64_t sp = tail->frame.registers[X86_RSP], value;

    if (!space_read_u64(tail->unwinder->space, sp, &value)) {
        return false;
    }
    unwind_set(&tail->frame, X86_RSP, sp + 8);
    unwind_set(&tail->frame, number, value);
    return true;
}

/* RIP, CS, RFLAGS, RSP, SS */
static enum outcome iret(struct tail *tail)
{
    const struct space *space = tail->unwinder->space;
    uint64_t sp = tail->frame.registers[X86_RSP], pc, cs, flags, old;

    if (!space_read_u64(space, sp, &pc) || !space_read_u64(space, sp + 8, &cs) ||
        !space_read_u64(space, sp + 16, &flags) || !space_read_u64(space, sp + 24, &old) || cs > UINT16_MAX) {
        return OUTCOME_NOT_ENTRY;
    }
    tail->frame.user = (cs & 3) == 3;
    unwind_set_pc_sp(tail->unwinder, &tail->frame, pc, old);
    return OUTCOME_DONE;
}

static enum outcome sysret(struct tail *tail)
{
    if (!unwind_knows(&tail->frame, 2)) {
        return OUTCOME_NOT_ENTRY;
    }
    tail->frame.user = true;
    unwind_set_pc_sp(tail->unwinder, &tail->frame, tail->frame.registers[2], tail->frame.registers[X86_RSP]);
    return OUTCOME_DONE;
}

struct pattern {
    unsigned char length, compared; /* of the instruction; of it without operands */
    unsigned char bytes[5];
};

/* What such code does besides restoring registers, and what it asks before it does: of no matter here. */
static const struct pattern passed_over[] = {
    {1, 1, {0x90}},                   /* NOP */
    {1, 1, {0xfa}},                   /* CLI */
    {1, 1, {0xfc}},                   /* CLD */
    {3, 3, {0x0f, 0x01, 0xf8}},       /* SWAPGS */
    {3, 3, {0x0f, 0xae, 0xe8}},       /* LFENCE */
    {9, 4, {0x48, 0xf7, 0x44, 0x24}}, /* TEST qword [RSP + n], n */
    {5, 3, {0xf6, 0x44, 0x24}},       /* TEST byte [RSP + n], n */
    {2, 1, {0x74}},                   /* JE */
    {2, 1, {0x75}},                   /* JNE */
    {6, 2, {0x0f, 0x84}},             /* JE */
    {6, 2, {0x0f, 0x85}},             /* JNE */
    {4, 3, {0x48, 0xc1, 0xe1}},       /* SHL RCX, n: it was canonical, and */
    {4, 3, {0x48, 0xc1, 0xf9}},       /* SAR RCX, n: it stays so */
};

static enum outcome step_x86_64(struct tail *tail)
{
    uint8_t code[16] = {0};
    uint64_t *rsp = &tail->frame.registers[X86_RSP];
    unsigned extended;

    if (space_read(tail->unwinder->space, tail->pc, code, sizeof(code)) < 9) {
        return OUTCOME_NOT_ENTRY;
    }
    if (memcmp(code, "\x48\xcf", 2) == 0) {
        return iret(tail);
    }
    if (memcmp(code, "\x48\x0f\x07", 3) == 0) {
        return sysret(tail);
    }
    extended = code[0] == 0x41;
    if (code[extended] >= 0x58 && code[extended] <= 0x5f) {
        tail->pc += 1 + extended;
        return pop(tail, x86_numbers[(code[extended] & 7) + 8 * extended]) ? OUTCOME_GO_ON : OUTCOME_NOT_ENTRY;
    }
    if (memcmp(code, "\x48\x83\xc4", 3) == 0) { /* ADD RSP, n */
        *rsp += (uint64_t)(int64_t)(int8_t)code[3];
        tail->pc += 4;
        return OUTCOME_GO_ON;
    }
    if (code[0] == 0xeb) { /* JMP */
        tail->pc += 2 + (uint64_t)(int64_t)(int8_t)code[1];
        return OUTCOME_GO_ON;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(passed_over); i++) {
        if (memcmp(code, passed_over[i].bytes, passed_over[i].compared) == 0) {
            tail->pc += passed_over[i].length;
            return OUTCOME_GO_ON;
        }
    }
    return OUTCOME_NOT_ENTRY;
}

/* --- aarch64 --- */

static bool load(struct tail *tail, unsigned number, uint64_t at)
{
    uint64_t value;

    if (!space_read_u64(tail->unwinder->space, at, &value)) {
        return false;
    }
    if (number < ARM_SP) { /* 31 is XZR here */
        unwind_set(&tail->frame, number, value);
    }
    return true;
}

/* LDP and LDR of 64 bits from SP: post-index, signed or unsigned offset. */
static enum outcome load_from_stack(struct tail *tail, uint32_t word)
{
    uint64_t *sp = &tail->frame.registers[ARM_SP];
    bool pair = (word & 0xfe400000) == 0xa8400000,
         post = pair ? (word >> 23 & 3) == 1 : (word & 0xffe00c00) == 0xf8400400;
    int64_t offset;

    if (pair) {
        offset = (int64_t)((uint64_t)word << 42) >> 57;
        offset *= 8;
    } else if (post) {
        offset = (int64_t)((uint64_t)word << 43) >> 55;
    } else {
        offset = (word >> 10 & 0xfff) * 8;
    }
    if (!load(tail, word & 31, *sp + (post ? 0 : (uint64_t)offset)) ||
        (pair && !load(tail, word >> 10 & 31, *sp + (post ? 0 : (uint64_t)offset) + 8))) {
        return OUTCOME_NOT_ENTRY;
    }
    *sp += post ? (uint64_t)offset : 0;
    return OUTCOME_GO_ON;
}

static bool is_load_from_stack(uint32_t word)
{
    unsigned base = word >> 5 & 31, kind = word >> 23 & 3;

    if (base != 31) {
        return false;
    }
    return ((word & 0xfe400000) == 0xa8400000 && (kind == 1 || kind == 2)) || (word & 0xffe00c00) == 0xf8400400 ||
           (word & 0xffc00000) == 0xf9400000;
}

/* MSR of the registers that an exception leaves; of others of no matter. */
static bool move_to_system(struct tail *tail, uint32_t word)
{
    unsigned from = word & 31;
    bool known = from < 31 && unwind_knows(&tail->frame, from);
    uint64_t value = from < 31 ? tail->frame.registers[from] : 0;

    switch (word & 0xffffffe0) {
    case 0xd5184000:
        tail->spsr = value;
        tail->spsr_known = known;
        return true;
    case 0xd5184020:
        tail->elr = value;
        tail->elr_known = known;
        return true;
    case 0xd5184100:
        tail->sp_el0 = value;
        tail->sp_el0_known = known;
        return true;
    default:
        return (word & 0xfff00000) == 0xd5100000 || (word & 0xfffff01f) == 0xd503201f || /* other registers; hints */
               (word & 0xfffff01f) == 0xd503301f;                                        /* barriers */
    }
}

static enum outcome eret(struct tail *tail)
{
    if (!tail->elr_known || !tail->spsr_known) {
        return OUTCOME_NOT_ENTRY;
    }
    tail->frame.user = (tail->spsr & 15) == 0;
    if (tail->frame.user && !tail->sp_el0_known) {
        return OUTCOME_NOT_ENTRY;
    }
    unwind_set_pc_sp(tail->unwinder, &tail->frame, tail->elr,
                     tail->frame.user ? tail->sp_el0 : tail->frame.registers[ARM_SP]);
    return OUTCOME_DONE;
}

static enum outcome step_aarch64(struct tail *tail)
{
    uint32_t word;

    if (!space_read_u32(tail->unwinder->space, tail->pc, &word)) {
        return OUTCOME_NOT_ENTRY;
    }
    tail->pc += 4;
    if (word == 0xd69f03e0) {
        return eret(tail);
    }
    if (is_load_from_stack(word)) {
        return load_from_stack(tail, word);
    }
    if ((word & 0xffc003ff) == 0x910003ff) { /* ADD SP, SP, #n */
        tail->frame.registers[ARM_SP] += word >> 10 & 0xfff;
        return OUTCOME_GO_ON;
    }
    if ((word & 0xfc000000) == 0x14000000) { /* B */
        tail->pc += (uint64_t)((int64_t)((uint64_t)word << 38) >> 36) - 4;
        return OUTCOME_GO_ON;
    }
    return move_to_system(tail, word) ? OUTCOME_GO_ON : OUTCOME_NOT_ENTRY;
}

static enum unwind_step follow(struct unwinder *unwinder, const struct unwind_frame *frame, struct unwind_frame *next)
{
    struct tail tail = {.unwinder = unwinder, .frame = *frame, .pc = frame->pc};
    unsigned sp = unwinder->arch == CPU_ARCH_X86_64 ? X86_RSP : ARM_SP;

    unwind_set(&tail.frame, sp, frame->sp);
    for (unsigned i = 0; i < INSTRUCTIONS_MAX; i++) {
        switch (unwinder->arch == CPU_ARCH_X86_64 ? step_x86_64(&tail) : step_aarch64(&tail)) {
        case OUTCOME_GO_ON:
            continue;
        case OUTCOME_NOT_ENTRY:
            return UNWIND_UNKNOWN;
        case OUTCOME_DONE:
            *next = tail.frame;
            return UNWIND_NEXT;
        }
    }
    return UNWIND_UNKNOWN;
}

/* --- Linux on aarch64: arch/arm64/kernel/entry.S, include/asm/ptrace.h --- */

/* regs[31], sp, pc, pstate; X29 of the entry points to the record of a frame that is a later member of struct pt_regs. */
static bool read_pt_regs(const struct unwinder *unwinder, uint64_t at, uint64_t words[34])
{
    for (unsigned i = 0; i < 34; i++) {
        if (!space_read_u64(unwinder->space, at + i * 8, &words[i])) {
            return false;
        }
    }
    return true;
}

/* The state that was interrupted ran at EL0 or at EL1 with its own stack, in AArch64. */
static bool is_pt_regs(const uint64_t words[34], bool user)
{
    return (words[33] & 0x1f) == (user ? 0 : 5) && words[33] >> 32 == 0 && (words[32] & 3) == 0 &&
           (user ? words[32] >> 48 == 0 : words[32] >> 48 == 0xffff);
}

static enum unwind_step linux_entry(struct unwinder *unwinder, const struct unwind_frame *frame,
                                    struct unwind_frame *next)
{
    static const unsigned short records[] = {304, 288, 312, 320}; /* S_STACKFRAME: of Linux 6.1; of others */
    struct symbol_location location;
    uint64_t words[34];
    bool user;

    if (unwinder->arch != CPU_ARCH_AARCH64 || !unwind_knows(frame, ARM_FP) ||
        !symbols_locate(unwinder->symbols, unwinder->space->root, frame->pc, frame->return_address, &location) ||
        !location.symbol) {
        return UNWIND_UNKNOWN;
    }
    user = g_str_has_prefix(location.symbol, "el0t_");
    if (!user && !g_str_has_prefix(location.symbol, "el1h_") && !g_str_has_prefix(location.symbol, "el1t_")) {
        return UNWIND_UNKNOWN;
    }
    if (strstr(location.symbol, "_handler")) { /* they are ordinary functions */
        return UNWIND_UNKNOWN;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(records); i++) {
        if (read_pt_regs(unwinder, frame->registers[ARM_FP] - records[i], words) && is_pt_regs(words, user)) {
            *next = (struct unwind_frame){.user = user};
            for (unsigned k = 0; k < 31; k++) {
                unwind_set(next, k, words[k]);
            }
            unwind_set_pc_sp(unwinder, next, words[32], words[31]);
            return UNWIND_NEXT;
        }
    }
    return UNWIND_UNKNOWN;
}

/* Stopped at the first instruction of an entry on x86_64: what the CPU pushed is on top, perhaps below an error code. */
static enum unwind_step at_entry(struct unwinder *unwinder, const struct unwind_frame *frame, struct unwind_frame *next)
{
    struct tail tail = {.unwinder = unwinder, .frame = *frame};
    struct symbol_location location;
    uint64_t word, selector, flags;

    if (unwinder->arch != CPU_ARCH_X86_64 ||
        !symbols_locate(unwinder->symbols, unwinder->space->root, frame->pc, false, &location) || !location.symbol ||
        location.offset != 0 || !space_read_u64(unwinder->space, frame->sp, &word) ||
        (word >> 63 && unwind_is_after_call(unwinder, word))) {
        return UNWIND_UNKNOWN;
    }
    for (uint64_t at = frame->sp; at <= frame->sp + 8; at += 8) {
        if (space_read_u64(unwinder->space, at + 8, &selector) && space_read_u64(unwinder->space, at + 16, &flags) &&
            selector > 0 && selector < 0x100 && (flags & 0xffffffffffc0802a) == 2) {
            unwind_set(&tail.frame, X86_RSP, at);
            if (iret(&tail) == OUTCOME_DONE && unwind_is_code(unwinder, tail.frame.pc)) {
                *next = tail.frame;
                return UNWIND_NEXT;
            }
        }
    }
    return UNWIND_UNKNOWN;
}

enum unwind_step unwind_by_exception(struct unwinder *unwinder, const struct unwind_frame *frame,
                                     struct unwind_frame *next)
{
    enum unwind_step result;

    if (frame->user) {
        return UNWIND_UNKNOWN;
    }
    result = frame->return_address ? linux_entry(unwinder, frame, next) : at_entry(unwinder, frame, next);
    if (result == UNWIND_UNKNOWN && frame->return_address) {
        result = follow(unwinder, frame, next);
    }
    next->by = UNWIND_BY_EXCEPTION;
    next->exception = true;
    next->return_address = false;
    return result;
}
