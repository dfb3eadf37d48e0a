/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IRETQ: to user and 32-bit code, with bad frames, and what it does to flags.  Intel SDM volume 2. */
#include "guest.h"

uint64_t words[5]; /* what IRETQ pops, from the end; read by assembly */

static void frame(const char *name, uint64_t ss, uint64_t rsp, uint64_t flags, uint64_t cs, uint64_t rip)
{
    words[0] = rip;
    words[1] = cs;
    words[2] = flags;
    words[3] = rsp;
    words[4] = ss;
    PROBE("pushq words+32\n\tpushq words+24\n\tpushq words+16\n\tpushq words+8\n\tpushq words\n\tiretq");
    report(name);
    put("  cs ");
    put_hex(caught.frame.cs);
    put(" ss ");
    put_hex(caught.frame.ss);
    put(" rflags ");
    put_hex(caught.frame.rflags & ~0x8d5ULL);
    put("\n");
}

USER_PIECE(user_iret,
           "pushq $0x23\n pushq %rsp\n pushq $0x3202\n pushq $0x2b\n leaq 1f(%rip), %rax\n pushq %rax\n iretq\n"
           "1: pushfq\n popq %rax\n int $0x80");
USER_PIECE(user_iret_kernel,
           "pushq $0x10\n pushq %rsp\n pushq $2\n pushq $8\n leaq 1f(%rip), %rax\n pushq %rax\n iretq\n"
           "1: int $0x80");
/* 32-bit code as bytes: MOV EAX, CS; MOV EDX, ESP; INT 0x80. */
USER_PIECE(user_32, ".byte 0x8c, 0xc8, 0x89, 0xe2, 0xcd, 0x80");

void guest_main(void)
{
    uint8_t *text = new_page();
    memcpy(text, user_32_begin, (size_t)(user_32_end - user_32_begin));
    map_page(0x92000000, (uint64_t)text, PAGE_PRESENT | PAGE_USER);
    REPORT_USER("user to user", user_iret, 0);
    say("  rflags", caught.frame.rax);
    REPORT_USER("user to kernel", user_iret_kernel, 0);
    frame("to 32-bit user code", USER_DATA, USER_STACK, 2, USER_CODE32, 0x92000000);
    say("  ax", caught.frame.rax & 0xffff);
    frame("to 32-bit user code, no stack", 3, USER_STACK, 2, USER_CODE32, 0x92000000);
    frame("to 64-bit user code with a null stack segment", 3, USER_STACK, 2, USER_CODE, 0x92000000);
    frame("rip absent", USER_DATA, USER_STACK, 2, USER_CODE, TEST_BASE + 0x123);
    frame("cs null", KERNEL_DATA, 0x80000, 2, 0, (uint64_t)text);
    frame("cs is data", KERNEL_DATA, 0x80000, 2, KERNEL_DATA, (uint64_t)text);
    frame("cs outside the GDT", KERNEL_DATA, 0x80000, 2, 0x1000, (uint64_t)text);
    frame("cs absent", KERNEL_DATA, 0x80000, 2, DATA_ABSENT, (uint64_t)text);
    frame("ss of another privilege", KERNEL_DATA, USER_STACK, 2, USER_CODE, 0x92000000);
    frame("ss read-only", DATA_READ_ONLY, 0x80000, 2, KERNEL_CODE, (uint64_t)text);
    PROBE("pushfq\n\torq $0x4000, (%%rsp)\n\tpopfq\n\tiretq");
    report("with NT set");
    task_state.ist[0] = (uint64_t)new_page() + 4096;
    set_gate(14, 14, 0, 1);
    PROBE("movq %0, %%rsp\n\tiretq", "r"(TEST_BASE));
    report("frame on an absent page");
}
