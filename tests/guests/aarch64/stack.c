/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads and stores by a stack pointer that is not a multiple of 16.  Arm ARM D1.8.2. */
#include "guest.h"

USER_PIECE(user_stack, "sub sp, sp, #24\nldr x1, [sp, #-8]\nsvc #1");

static void control(uint64_t clear, uint64_t set)
{
    WRITE_REGISTER(sctlr_el1, (READ_REGISTER(sctlr_el1) & ~clear) | set);
}

void guest_main(void)
{
    REPORT("a load by a misaligned SP", "mov x9, sp\n\tsub sp, x9, #8\n\tldr x10, [sp]");
    REPORT("a store by a misaligned SP", "mov x9, sp\n\tsub sp, x9, #20\n\tstr x10, [sp, #4]");
    REPORT("a pair by a misaligned SP", "mov x9, sp\n\tsub sp, x9, #24\n\tldp x10, x11, [sp], #16");
    REPORT("a vector by a misaligned SP", "mov x9, sp\n\tsub sp, x9, #24\n\tldr q0, [sp, #16]");
    REPORT("an exclusive by a misaligned SP", "mov x9, sp\n\tsub sp, x9, #24\n\tldxr x10, [sp]");
    REPORT("a prefetch by a misaligned SP", "mov x9, sp\n\tsub sp, x9, #8\n\tprfm pldl1keep, [sp]");
    REPORT("arithmetic with a misaligned SP", "mov x9, sp\n\tsub sp, x9, #8\n\tadd x10, sp, #1");
    REPORT("a register offset and a misaligned SP",
           "mov x9, sp\n\tsub sp, x9, #8\n\tmov x10, #8\n\tldr x11, [sp, x10]");
    control(1 << 3, 0);
    REPORT("SCTLR.SA = 0", "mov x9, sp\n\tsub sp, x9, #8\n\tldr x10, [sp]");
    control(0, 1 << 3);
    REPORT_USER("EL0: a misaligned SP", user_stack, 0);
    control(1 << 4, 0);
    REPORT_USER("EL0: a misaligned SP, SCTLR.SA0 = 0", user_stack, 0);
    control(0, 1 << 4);
    put("-- over several blocks\n");
    REPORT("after a branch", "mov x9, sp\n\tsub x9, x9, #8\n\tmov sp, x9\n\tb 1f\n1:\tldr x10, [sp]");
    REPORT("after a step by 8", "mov x9, sp\n\tsub x9, x9, #64\n\tmov sp, x9\n\tldr x10, [sp], #8\n\tldr x11, [sp]");
    REPORT("a step by 8 and one back", "mov x12, #4\n1:\tsub sp, sp, #8\n\tsub sp, sp, #8\n\tstr x10, [sp]\n\t"
                                       "add sp, sp, #24\n\tsub sp, sp, #8\n\tsub x12, x12, #1\n\tcbnz x12, 1b");
    REPORT("aligned by AND", "mov x9, sp\n\tsub x9, x9, #8\n\tand sp, x9, #0xfffffffffffffff0\n\tldr x10, [sp]");
    REPORT("misaligned by ORR", "mov x9, sp\n\tsub x9, x9, #64\n\torr sp, x9, #1\n\tb 1f\n1:\tldrb w10, [sp]");
    REPORT("misaligned in a loop", "mov x12, #4\n1:\tsub x12, x12, #1\n\tcbnz x12, 2f\n\tsub sp, sp, #4\n2:\tb 3f\n"
                                   "3:\tldr x10, [sp]\n\tcbnz x12, 1b");
    REPORT("by a vector's post-index",
           "mov x9, sp\n\tsub x9, x9, #64\n\tmov sp, x9\n\t.inst 0x0cdf73e0\n\tldr x10, [sp]");
}
