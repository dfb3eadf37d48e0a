/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which stack a trap gets: the same one, RSP0 of the TSS, or an IST entry; and how the frame is laid out. */
#include "guest.h"

static uint64_t ist1, ist7, rsp0;

USER_PIECE(user_breakpoint, "int3");
USER_PIECE(user_undefined, "ud2");
USER_PIECE(user_divide, "xorl %ecx, %ecx\n divl %ecx");
USER_PIECE(user_call, "movl $0x1234, %eax\n int $0x80");

static void stack(const char *name)
{
    report(name);
    put("  stack: ");
    if (caught.stack == rsp0)
        put("RSP0");
    else if (caught.stack == ist1)
        put("IST1");
    else if (caught.stack == ist7)
        put("IST7");
    else if (probe_stack - caught.stack < 32)
        put("same, aligned");
    else
        put_hex(caught.stack);
    put(", SS ");
    put_hex(caught.frame.ss);
    put(", CS ");
    put_hex(caught.frame.cs);
    put(", RFLAGS ");
    put_hex(caught.frame.rflags & ~0x8d5ULL);
    put("\n");
}

static void unaligned(void)
{
    for (unsigned shift = 0; shift < 16; shift += 5) {
        PROBE("subq %0, %%rsp\n\tud2", "r"((uint64_t)shift));
        say("RSP in the frame", probe_stack - caught.frame.rsp);
        say("frame's end is aligned to 16", caught.stack & 15);
    }
}

static unsigned depth;
static uint64_t inner_stack, outer_stack;

static void nested(struct trap *frame)
{
    depth++;
    if (depth == 1) {
        outer_stack = (uint64_t)(frame + 1);
        __asm__ volatile("int3");
        frame->rip += 2;
    } else {
        inner_stack = (uint64_t)(frame + 1);
    }
}

/* An IST entry is taken anew for each trap: the inner frame lands on the outer one; so another vector is used. */
static void nesting(void)
{
    trap_handler[6] = nested;
    trap_handler[3] = nested;
    set_gate(6, 14, 0, 1);
    set_gate(3, 14, 0, 0);
    __asm__ volatile("ud2");
    say_if("outer on IST1", outer_stack == ist1);
    say_if("inner below it", inner_stack < ist1 && inner_stack > ist1 - 4096);
    depth = 0;
    set_gate(3, 14, 0, 7);
    __asm__ volatile("ud2");
    say_if("inner on IST7", inner_stack == ist7);
    trap_handler[6] = trap_handler[3] = NULL;
}

static void bad_stacks(void)
{
    set_gate(8, 14, 0, 7);
    set_gate(6, 14, 0, 0);
    PROBE("movq %0, %%rsp\n\tud2", "r"(TEST_BASE + 0x1000));
    stack("#UD with RSP on an absent page");
    say("RSP in the frame", caught.frame.rsp);
    PROBE("movq %0, %%rsp\n\tpushq $1", "r"(TEST_BASE + 0x1000));
    stack("push to an absent page");
    set_gate(14, 14, 0, 1);
    PROBE("movq %0, %%rsp\n\tpushq $1", "r"(TEST_BASE + 0x1000));
    stack("the same, #PF on IST1");
    say("cr2", caught.cr2);
    PROBE("movq %0, %%rsp\n\tud2", "r"(TEST_BASE + 0x1000));
    stack("#UD with RSP on an absent page, #PF on IST1");
    say("cr2", caught.cr2);
    set_gate(14, 14, 0, 0);
    PROBE("movq %0, %%rsp\n\tud2", "r"(0x8000000000000000));
    stack("#UD with RSP not canonical");
    PROBE("movq %0, %%rsp\n\tpushq $1", "r"(0x8000000000000000));
    stack("push with RSP not canonical");
    task_state.rsp[0] = TEST_BASE + 0x1000;
    RUN_USER(user_undefined, 2, 0);
    stack("user #UD with RSP0 on an absent page");
    task_state.rsp[0] = rsp0;
    task_state.ist[2] = 0x8000000000000000;
    set_gate(0x40, 14, 0, 3);
    PROBE("int $0x40");
    stack("INT on an IST that is not canonical");
    set_gate(0x40, 14, 0, 0);
}

void guest_main(void)
{
    rsp0 = task_state.rsp[0];
    ist1 = task_state.ist[0] = (uint64_t)new_page() + 4096;
    ist7 = task_state.ist[6] = (uint64_t)new_page() + 4096;
    PROBE("ud2");
    stack("kernel #UD");
    set_gate(6, 14, 0, 1);
    PROBE("ud2");
    stack("kernel #UD on IST1");
    RUN_USER(user_undefined, 2, 0);
    stack("user #UD on IST1");
    set_gate(6, 14, 0, 0);
    RUN_USER(user_undefined, 2, 0);
    stack("user #UD");
    RUN_USER(user_divide, 2, 0);
    stack("user #DE");
    RUN_USER(user_call, 0x202, 0);
    stack("user INT 0x80, interrupts enabled");
    RUN_USER(user_call, 0x3202, 0);
    stack("user INT 0x80, IOPL 3");
    set_gate(3, 15, 3, 7);
    RUN_USER(user_breakpoint, 2, 0);
    stack("user #BP on IST7");
    set_gate(3, 14, 0, 0);
    unaligned();
    nesting();
    bad_stacks();
}
