/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers from where a kernel has put them.  Redox: its InterruptStack at the top of the kernel stack; Linux: struct pt_regs.  Both
 * are the order in which their entry code pushes, and what is read is checked before it is believed.
 */
#include <string.h>

#include "debug/trap/internal.h"
#include "emu/cpu/aarch64.h"
#include "emu/cpu/x86_64.h"

#define USER_END UINT64_C(0x0000800000000000)
#define KERNEL_STACK 65536 /* of Redox: a block of this alignment */

/* DWARF's numbers of x86_64. */
enum { RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, RIP };
enum { ARM_SP = 31, ARM_PC = 32 };

static bool read_words(const struct space *space, uint64_t address, uint64_t *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!space_read_u64(space, address + 8 * i, &words[i]))
            return false;
    return true;
}

static void put(struct unwind_frame *frame, unsigned number, uint64_t value)
{
    frame->registers[number] = value;
    frame->known |= UINT64_C(1) << number;
}

static void x86_frame(struct unwind_frame *frame, const uint64_t *words, const uint8_t *order, unsigned count)
{
    *frame = (struct unwind_frame){.by = UNWIND_BY_EXCEPTION};
    for (unsigned i = 0; i < count; i++)
        if (order[i] != UINT8_MAX)
            put(frame, order[i], words[i]);
    frame->pc = frame->registers[RIP];
    frame->sp = frame->registers[RSP];
}

/* {r15 r14 r13 r12 rbp rbx} {r11 r10 r9 r8 rsi rdi rdx rcx rax} {rip cs rflags rsp ss}, ending at TSS.RSP0. */
static bool redox_x86(const struct space *space, struct cpu *cpu, struct unwind_frame *frame, uint64_t *flags)
{
    static const uint8_t order[] = {R15, R14, R13, R12, RBP, RBX, R11,       R10,       R9, R8,
                                    RSI, RDI, RDX, RCX, RAX, RIP, UINT8_MAX, UINT8_MAX, RSP};
    struct x86_64_registers registers;
    uint64_t words[20], top;

    x86_64_get_registers(cpu, &registers);
    if (!space_read_u64(space, registers.segment[X86_64_TR].base + 4, &top) || (top & 15) ||
        !read_words(space, top - sizeof(words), words, G_N_ELEMENTS(words)))
        return false;
    if ((words[16] & 3) != 3 || words[16] > 0xffff || (words[19] & 3) != 3 || !(words[17] & 2))
        return false;
    x86_frame(frame, words, order, G_N_ELEMENTS(order));
    frame->user = true;
    *flags = words[17];
    return true;
}

/* {sp_el0 esr spsr elr} {x0..x18, padding} {x19..x30}, ending at the stack's top. */
static bool redox_aarch64(const struct space *space, uint64_t top, struct unwind_frame *frame, uint64_t *flags,
                          uint64_t *syndrome)
{
    uint64_t words[36];

    if (!read_words(space, top - sizeof(words), words, G_N_ELEMENTS(words)))
        return false;
    if ((words[2] & 0x1f) != 0 || words[2] >> 32 || words[0] >= USER_END || words[1] >> 40)
        return false;
    *frame = (struct unwind_frame){.by = UNWIND_BY_EXCEPTION, .user = true};
    for (unsigned i = 0; i < 31; i++)
        put(frame, i, words[i < 19 ? 4 + i : 5 + i]);
    put(frame, ARM_SP, words[0]);
    put(frame, ARM_PC, words[3]);
    frame->pc = words[3];
    frame->sp = words[0];
    *flags = words[2];
    *syndrome = words[1];
    return true;
}

bool trap_redox_user_frame(struct traps *traps, struct cpu *cpu, struct unwind_frame *frame, uint64_t *flags,
                           uint64_t *syndrome)
{
    struct space space;
    struct os_process process;

    space_current(traps->machine, cpu, &space);
    *syndrome = 0;
    if (cpu_architecture(cpu) == CPU_ARCH_X86_64)
        return redox_x86(&space, cpu, frame, flags);
    if (os_current(traps->os, cpu, &process) && process.kernel_stack_size &&
        redox_aarch64(&space, process.kernel_stack + process.kernel_stack_size, frame, flags, syndrome))
        return true;
    return redox_aarch64(&space, (cpu_sp(cpu) | (KERNEL_STACK - 1)) + 1, frame, flags, syndrome);
}

static bool linux_x86(const struct space *space, uint64_t address, struct unwind_frame *frame, uint64_t *flags)
{
    static const uint8_t order[] = {R15, R14, R13, R12, RBP, RBX,       R11, R10,       R9,        R8,
                                    RAX, RCX, RDX, RSI, RDI, UINT8_MAX, RIP, UINT8_MAX, UINT8_MAX, RSP};
    uint64_t words[21];

    if (!read_words(space, address, words, G_N_ELEMENTS(words)) || words[17] > 0xffff)
        return false;
    x86_frame(frame, words, order, G_N_ELEMENTS(order));
    frame->user = (words[17] & 3) == 3;
    *flags = words[18];
    return true;
}

bool trap_linux_registers(const struct space *space, uint64_t address, struct unwind_frame *frame, uint64_t *flags)
{
    uint64_t words[34];

    if (cpu_architecture(space->cpu) == CPU_ARCH_X86_64)
        return linux_x86(space, address, frame, flags);
    if (!read_words(space, address, words, G_N_ELEMENTS(words)))
        return false;
    *frame = (struct unwind_frame){.by = UNWIND_BY_EXCEPTION};
    for (unsigned i = 0; i < 33; i++)
        put(frame, i, words[i]);
    frame->sp = words[31];
    frame->pc = words[32];
    frame->user = (words[33] & 0xf) == 0;
    *flags = words[33];
    return true;
}

uint64_t trap_argument(struct cpu *cpu, unsigned index)
{
    static const enum x86_64_gpr order[] = {X86_64_RDI, X86_64_RSI, X86_64_RDX, X86_64_RCX, X86_64_R8, X86_64_R9};

    if (cpu_architecture(cpu) == CPU_ARCH_AARCH64)
        return aarch64_x(cpu, index);
    return index < G_N_ELEMENTS(order) ? x86_64_gpr(cpu, order[index]) : 0;
}
