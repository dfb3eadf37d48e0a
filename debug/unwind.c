/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Backtraces: from frame to frame by whatever is known best, as long as it makes sense. */
#include "debug/unwind_internal.h"

#include "emu/cpu/aarch64.h"
#include "emu/cpu/x86_64.h"

#include <string.h>

#define EXCEPTIONS_MAX 16u /* nested */
#define FRAMES_MAX 4096u
#define SWITCHES_MAX 8u        /* of stacks, downwards */
#define STACK_DISTANCE 0x1000u /* between two of them */

void unwind_end(struct unwinder *unwinder, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_vsnprintf(unwinder->end, sizeof(unwinder->end), format, arguments);
    va_end(arguments);
}

static void start_x86_64(struct cpu *cpu, struct unwind_frame *out)
{
    static const unsigned char order[16] = {
        X86_64_RAX, X86_64_RDX, X86_64_RCX, X86_64_RBX, X86_64_RSI, X86_64_RDI, X86_64_RBP, X86_64_RSP,
        X86_64_R8,  X86_64_R9,  X86_64_R10, X86_64_R11, X86_64_R12, X86_64_R13, X86_64_R14, X86_64_R15,
    };
    struct x86_64_registers registers;

    x86_64_get_registers(cpu, &registers);
    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
        unwind_set(out, i, registers.gpr[order[i]]);
    }
    unwind_set(out, X86_RIP, registers.rip);
    out->pc = registers.rip;
    out->sp = registers.gpr[X86_64_RSP];
    out->user = cpu_privilege(cpu) == 3;
}

static void start_aarch64(struct cpu *cpu, struct unwind_frame *out)
{
    struct aarch64_registers registers;

    aarch64_get_registers(cpu, &registers);
    for (unsigned i = 0; i < G_N_ELEMENTS(registers.x); i++) {
        unwind_set(out, i, registers.x[i]);
    }
    unwind_set(out, ARM_SP, registers.sp);
    unwind_set(out, ARM_PC, registers.pc);
    out->pc = registers.pc;
    out->sp = registers.sp;
    out->user = cpu_privilege(cpu) == 0;
}

void unwind_start(struct cpu *cpu, struct unwind_frame *out)
{
    memset(out, 0, sizeof(*out));
    out->by = UNWIND_BY_REGISTERS;
    if (cpu_architecture(cpu) == CPU_ARCH_X86_64) {
        start_x86_64(cpu, out);
    } else {
        start_aarch64(cpu, out);
    }
}

void unwind_set_pc_sp(const struct unwinder *unwinder, struct unwind_frame *frame, uint64_t pc, uint64_t sp)
{
    bool x86 = unwinder->arch == CPU_ARCH_X86_64;

    frame->pc = pc;
    frame->sp = sp;
    unwind_set(frame, x86 ? X86_RIP : ARM_PC, pc);
    unwind_set(frame, x86 ? X86_RSP : ARM_SP, sp);
}

void unwind_callee(const struct unwinder *unwinder, const struct unwind_frame *frame, struct unwind_frame *next)
{
    /* x86_64: rbx, rbp, r12 to r15; aarch64: x19 to x29 */
    uint64_t preserved = unwinder->arch == CPU_ARCH_X86_64 ? 0xf048ull : 0x3ff80000ull;

    *next = *frame;
    next->known &= preserved;
    next->return_address = true;
    next->exception = false;
}

bool unwind_is_code(const struct unwinder *unwinder, uint64_t address)
{
    struct space_walk walk;

    space_walk(unwinder->space, address, &walk);
    return walk.mapped && walk.executable;
}

/* Of CALL r/m64 at @code; 0: it is another instruction. */
static unsigned call_length(const uint8_t *code)
{
    static const unsigned char displacement[] = {0, 1, 4, 0}; /* by ModRM.mod */
    unsigned mod = code[1] >> 6, rm = code[1] & 7;
    unsigned length = 2 + displacement[mod] + (mod != 3 && rm == 4);

    if (code[0] != 0xff || (code[1] & 0x38) != 0x10) {
        return 0;
    }
    return mod == 0 && (rm == 5 || (rm == 4 && (code[2] & 7) == 5)) ? length + 4 : length;
}

bool unwind_is_after_call(const struct unwinder *unwinder, uint64_t address)
{
    uint8_t code[8] = {0};
    uint32_t word;

    if (!unwind_is_code(unwinder, address - 1)) {
        return false;
    }
    if (unwinder->arch == CPU_ARCH_AARCH64) { /* BL; BLR and its authenticated forms */
        return space_read_u32(unwinder->space, address - 4, &word) &&
               ((word & 0xfc000000) == 0x94000000 || (word & 0xfefff000) == 0xd63f0000);
    }
    if (space_read(unwinder->space, address - 7, code, 7) != 7) {
        return false;
    }
    if (code[2] == 0xe8) { /* CALL rel32 */
        return true;
    }
    for (unsigned length = 2; length <= 7; length++) {
        if (call_length(code + 7 - length) == length) {
            return true;
        }
    }
    return false;
}

/* Addresses that are signed (pointer authentication) are told as they were before. */
static uint64_t strip_address(const struct unwinder *unwinder, uint64_t address)
{
    if (unwinder->arch != CPU_ARCH_AARCH64 || (int64_t)(address << 16) >> 16 == (int64_t)address) {
        return address;
    }
    return address >> 55 & 1 ? address | 0xffff000000000000ull : address & 0x0000ffffffffffffull;
}

static enum unwind_step step(struct unwinder *unwinder, const struct unwind_frame *frame, struct unwind_frame *next)
{
    static enum unwind_step (*const ways[])(struct unwinder *, const struct unwind_frame *, struct unwind_frame *) = {
        unwind_by_orc,
        unwind_by_exception,
        unwind_by_cfi,
        unwind_by_frame_pointer,
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
        enum unwind_step result = ways[i](unwinder, frame, next);

        if (result != UNWIND_UNKNOWN) {
            return result;
        }
    }
    unwind_end(unwinder, "nothing tells who called 0x%" G_GINT64_MODIFIER "x", frame->pc);
    return UNWIND_END;
}

/*
 * Is the caller's stack above?  A kernel goes from one stack to another, for interrupts, which may lie anywhere; a few times, and
 * never within one.
 */
static bool stack_ascends(struct unwinder *unwinder, const struct unwind_frame *frame, const struct unwind_frame *next)
{
    bool may_stay = !frame->return_address; /* a leaf need not have used the stack */

    if (next->exception || next->sp > frame->sp || (next->sp == frame->sp && may_stay)) {
        return true;
    }
    if (!frame->user && frame->sp - next->sp > STACK_DISTANCE && unwinder->switches < SWITCHES_MAX) {
        unwinder->switches++;
        return true;
    }
    if (next->sp == frame->sp && next->pc == frame->pc) {
        unwind_end(unwinder, "loop");
    } else {
        unwind_end(unwinder, "the caller's stack at 0x%" G_GINT64_MODIFIER "x is not above its own", next->sp);
    }
    return false;
}

/* Code by its page, or by its name: the code of a kernel's start is no longer executable later. */
static bool may_be_called_from(const struct unwinder *unwinder, uint64_t address)
{
    struct symbol_location location;

    return unwind_is_code(unwinder, address) ||
           (address >> 63 && symbols_locate(unwinder->symbols, unwinder->space->root, address, false, &location) &&
            location.is_code);
}

/* False with the reason: the new frame cannot be. */
static bool makes_sense(struct unwinder *unwinder, const struct unwind_frame *frame, const struct unwind_frame *next)
{
    uint8_t byte;

    if (next->pc == 0) {
        unwind_end(unwinder, "return address 0");
        return false;
    }
    if (!stack_ascends(unwinder, frame, next)) {
        return false;
    }
    if (next->sp & 7) {
        unwind_end(unwinder, "stack at 0x%" G_GINT64_MODIFIER "x is not aligned", next->sp);
        return false;
    }
    if (!next->exception && !may_be_called_from(unwinder, next->pc - 1)) {
        unwind_end(unwinder, "return address 0x%" G_GINT64_MODIFIER "x is not in code", next->pc);
        return false;
    }
    if (!next->exception && space_read(unwinder->space, next->sp - 1, &byte, 1) != 1) {
        unwind_end(unwinder, "stack at 0x%" G_GINT64_MODIFIER "x is not mapped", next->sp);
        return false;
    }
    return true;
}

GArray *unwind(struct symbols *symbols, const struct space *space, const struct unwind_frame *start, unsigned limit,
               char **end)
{
    struct unwinder unwinder = {.symbols = symbols, .space = space, .arch = cpu_architecture(space->cpu)};
    GArray *frames = g_array_new(FALSE, FALSE, sizeof(struct unwind_frame));
    struct unwind_frame frame = *start, next;
    unsigned exceptions = 0;

    limit = MIN(limit, FRAMES_MAX);
    g_strlcpy(unwinder.end, "limit of frames", sizeof(unwinder.end));
    while (frames->len < limit) {
        g_array_append_val(frames, frame);
        if (frames->len == limit) {
            break;
        }
        if (step(&unwinder, &frame, &next) != UNWIND_NEXT) {
            break;
        }
        unwind_set_pc_sp(&unwinder, &next, strip_address(&unwinder, next.pc), next.sp);
        if (next.exception && ++exceptions > EXCEPTIONS_MAX) {
            unwind_end(&unwinder, "more than %u exceptions one within the other", EXCEPTIONS_MAX);
            break;
        }
        if (!makes_sense(&unwinder, &frame, &next)) {
            break;
        }
        frame = next;
    }
    if (end) {
        *end = g_strdup(unwinder.end);
    }
    return frames;
}
