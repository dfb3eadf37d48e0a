/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions in the kernel whose own handling fails, told before it happens: what the processor (Intel SDM volume 3, 6.12.1, 6.14 and
 * 6.15: interrupt 8) or the handler's first instructions (Arm ARM (DDI 0487), D1.10.2) put on the stack has no place there.
 */
#include <string.h>

#include "debug/disassemble.h"
#include "debug/trap/internal.h"
#include "emu/cpu/aarch64.h"
#include "emu/cpu/x86_64.h"

#define X86_FRAME 48          /* SS, RSP, RFLAGS, CS, RIP, error code */
#define VECTOR_SP_ELX 0x200   /* synchronous, from the level itself with its own stack pointer */
#define VECTOR_INSTRUCTIONS 8 /* of a handler, within which it saves registers */

static bool is_writable(const struct space *space, uint64_t address)
{
    struct space_walk walk;

    space_walk(space, address, &walk);
    return walk.mapped && walk.writable;
}

/* The gate is there and stays on the stack that is in use. */
static bool gate_keeps_stack(const struct space *space, const struct x86_64_registers *registers, uint32_t vector)
{
    uint64_t gate;

    return vector * 16 + 15 <= registers->idt_limit &&
           space_read_u64(space, registers->idt_base + vector * 16, &gate) && (gate >> 47 & 1) && (gate >> 32 & 7) == 0;
}

static bool fails_on_x86(const struct trap *trap)
{
    uint64_t top = trap->frame.sp & ~UINT64_C(15);
    struct x86_64_registers registers;

    x86_64_get_registers(trap->cpu, &registers);
    return trap->exception.vector < X86_VECTORS_RESERVED && trap->exception.vector != X86_VECTOR_DF &&
           gate_keeps_stack(&trap->space, &registers, trap->exception.vector) &&
           !(is_writable(&trap->space, top - 8) && is_writable(&trap->space, top - X86_FRAME));
}

/* Follows the vector to the first instruction that stores by SP: there the next exception comes. */
static bool handler_stores(const struct space *space, uint64_t pc)
{
    bool stores = false;

    for (unsigned i = 0; i < VECTOR_INSTRUCTIONS && !stores; i++) {
        GArray *list = disassemble(space, NULL, pc, 1, DISASSEMBLE_INTEL);
        g_autofree char *text = g_strdup(list->len == 1 ? g_array_index(list, struct disassembled, 0).text : "");
        g_array_free(list, TRUE);
        if (g_str_has_prefix(text, "b #0x"))
            pc = g_ascii_strtoull(text + 3, NULL, 16);
        else if (g_str_has_prefix(text, "sub sp, sp, #") || g_str_has_prefix(text, "nop"))
            pc += 4;
        else if (g_str_has_prefix(text, "st") && strstr(text, "[sp"))
            stores = true;
        else
            break;
    }
    return stores;
}

static bool fails_on_aarch64(const struct trap *trap)
{
    struct aarch64_registers registers;
    bool own = trap->flags & 1; /* SPSel */

    aarch64_get_registers(trap->cpu, &registers);
    return own && !is_writable(&trap->space, trap->frame.sp - 8) &&
           handler_stores(&trap->space, registers.vbar_el1 + VECTOR_SP_ELX);
}

char *trap_double_fault(const struct trap *trap)
{
    enum cpu_arch arch = cpu_architecture(trap->cpu);
    const char *first = exception_name(arch, &trap->exception);

    if (trap->frame.user || exception_is_panic(&trap->exception) || trap->noticed == TRAP_AT_GIVING_UP)
        return NULL;
    if (arch == CPU_ARCH_AARCH64)
        return fails_on_aarch64(trap)
                   ? g_strdup_printf(
                         "exception in the exception handler, again and again: the first, %s, leaves its handler "
                         "no stack at SP " HEX ": ",
                         first, trap->frame.sp)
                   : NULL;
    return fails_on_x86(trap)
               ? g_strdup_printf("double fault: the first exception, %s, cannot be delivered, since its frame "
                                 "has no place on the stack at RSP " HEX ": ",
                                 first, trap->frame.sp)
               : NULL;
}
