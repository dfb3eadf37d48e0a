/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ORC: for each piece of code where the stack of its caller is, exact in assembly too.  Linux, Documentation/x86/orc-unwinder.rst,
 * arch/x86/include/asm/orc_types.h and asm/ptrace.h.
 */
#include "debug/unwind_internal.h"

#define ENTRY_SIZE 6u

enum orc_register {
    ORC_UNDEFINED,
    ORC_PREVIOUS_SP,
    ORC_DX,
    ORC_DI,
    ORC_BP,
    ORC_SP,
    ORC_R10,
    ORC_R13,
    ORC_BP_INDIRECT,
    ORC_SP_INDIRECT,
};

enum orc_type { ORC_CALL, ORC_REGS, ORC_REGS_PARTIAL, ORC_OUTERMOST, ORC_NONE };

struct orc {
    int16_t sp_offset, bp_offset;
    enum orc_register sp, bp;
    enum orc_type type;
};

static enum orc_type type_of(uint16_t bits, bool has_header)
{
    static const enum orc_type types[] = {ORC_NONE, ORC_OUTERMOST, ORC_CALL, ORC_REGS, ORC_REGS_PARTIAL};
    unsigned type;

    if (has_header) { /* three bits, then "signal" */
        type = bits >> 8 & 7;
        return type < G_N_ELEMENTS(types) ? types[type] : ORC_NONE;
    }
    type = bits >> 8 & 3; /* two bits, then "end" */
    return (bits & 0x400) ? ORC_OUTERMOST : type < 3 ? (enum orc_type)type : ORC_NONE;
}

static bool address_at(const struct unwinder *unwinder, const struct orc_tables *tables, uint64_t index,
                       uint64_t *address)
{
    uint32_t relative;
    uint64_t at = tables->ip + index * 4;

    if (!space_read_u32(unwinder->space, at, &relative)) {
        return false;
    }
    *address = at + (uint64_t)(int64_t)(int32_t)relative;
    return true;
}

/* The last entry at or before @pc: the tables are sorted. */
static bool find(const struct unwinder *unwinder, const struct orc_tables *tables, uint64_t pc, struct orc *out)
{
    uint64_t low = 0, high = tables->count, address;
    uint16_t word[3];

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (!address_at(unwinder, tables, middle, &address)) {
            return false;
        }
        if (address <= pc) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(word); i++) {
        if (low == 0 || !space_read_u16(unwinder->space, tables->entries + (low - 1) * ENTRY_SIZE + i * 2, &word[i])) {
            return false;
        }
    }
    *out = (struct orc){
        .sp_offset = (int16_t)word[0],
        .bp_offset = (int16_t)word[1],
        .sp = word[2] & 15,
        .bp = word[2] >> 4 & 15,
        .type = type_of(word[2], tables->has_header),
    };
    return true;
}

/* Where the caller's stack was: the CFA of other formats. */
static bool caller_stack(const struct unwinder *unwinder, const struct unwind_frame *frame, const struct orc *orc,
                         uint64_t *sp)
{
    static const signed char numbers[] = {-1, -1, 1, 5, X86_RBP, X86_RSP, 10, 13, X86_RBP, X86_RSP};
    int number = orc->sp < G_N_ELEMENTS(numbers) ? numbers[orc->sp] : -1;

    if (number < 0 || !unwind_knows(frame, (unsigned)number)) {
        return false;
    }
    *sp = frame->registers[number];
    if (orc->sp == ORC_SP_INDIRECT) {
        return space_read_u64(unwinder->space, *sp, sp) && (*sp += (uint64_t)(int64_t)orc->sp_offset, true);
    }
    *sp += (uint64_t)(int64_t)orc->sp_offset;
    return orc->sp != ORC_BP_INDIRECT || space_read_u64(unwinder->space, *sp, sp);
}

static enum unwind_step by_call(const struct unwinder *unwinder, const struct unwind_frame *frame,
                                const struct orc *orc, uint64_t sp, struct unwind_frame *next)
{
    uint64_t pc, bp = sp + (uint64_t)(int64_t)orc->bp_offset;

    if (!space_read_u64(unwinder->space, sp - 8, &pc)) {
        return UNWIND_UNKNOWN;
    }
    unwind_callee(unwinder, frame, next);
    next->known &= 1u << X86_RBP; /* of the others the tables know nothing */
    if (orc->bp == ORC_BP && unwind_knows(frame, X86_RBP)) {
        bp = frame->registers[X86_RBP] + (uint64_t)(int64_t)orc->bp_offset;
    }
    if (orc->bp != ORC_UNDEFINED) {
        uint64_t value;

        next->known = 0;
        if (space_read_u64(unwinder->space, bp, &value)) {
            unwind_set(next, X86_RBP, value);
        }
    }
    unwind_set_pc_sp(unwinder, next, pc, sp);
    return UNWIND_NEXT;
}

/* pt_regs: r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss */
static enum unwind_step by_registers(const struct unwinder *unwinder, const struct unwind_frame *frame, uint64_t at,
                                     bool partial, struct unwind_frame *next)
{
    static const unsigned char numbers[] = {15, 14, 13, 12, X86_RBP, 3, 11, 10, 9, 8, 0, 2, 1, 4, 5};
    uint64_t iret = partial ? at : at + 16 * 8, pc, cs, sp;

    if (!space_read_u64(unwinder->space, iret, &pc) || !space_read_u64(unwinder->space, iret + 8, &cs) ||
        !space_read_u64(unwinder->space, iret + 24, &sp)) {
        return UNWIND_UNKNOWN;
    }
    *next = (struct unwind_frame){.exception = true, .user = (cs & 3) == 3};
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        uint64_t value;

        if (partial ? unwind_knows(frame, numbers[i]) && (value = frame->registers[numbers[i]], true)
                    : space_read_u64(unwinder->space, at + i * 8, &value)) {
            unwind_set(next, numbers[i], value);
        }
    }
    unwind_set_pc_sp(unwinder, next, pc, sp);
    return UNWIND_NEXT;
}

enum unwind_step unwind_by_orc(struct unwinder *unwinder, const struct unwind_frame *frame, struct unwind_frame *next)
{
    uint64_t pc = frame->pc - frame->return_address, sp;
    const struct symbol_module *module =
        frame->user ? NULL : symbols_module_at(unwinder->symbols, unwinder->space->root, pc);
    const struct orc_tables *tables = module ? module->orc : NULL;
    enum unwind_step result;
    struct orc orc;

    if (!tables || !find(unwinder, tables, pc, &orc) || orc.type == ORC_NONE) {
        return UNWIND_UNKNOWN;
    }
    if (orc.type == ORC_OUTERMOST) {
        unwind_end(unwinder, "outermost frame");
        return UNWIND_END;
    }
    if (!caller_stack(unwinder, frame, &orc, &sp)) {
        return UNWIND_UNKNOWN;
    }
    result = orc.type == ORC_CALL ? by_call(unwinder, frame, &orc, sp, next)
                                  : by_registers(unwinder, frame, sp, orc.type == ORC_REGS_PARTIAL, next);
    next->by = orc.type == ORC_CALL ? UNWIND_BY_CFI : UNWIND_BY_EXCEPTION;
    return result;
}
