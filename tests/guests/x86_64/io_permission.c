/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port I/O at CPL 3: IOPL, the bitmap in the TSS, its limit, and what CLI, STI and POPF may do.  Intel SDM volume 1, 19.5. */
#include "guest.h"

/* Port 0x80 takes anything; reading 0x64 has no effect. */
USER_PIECE(user_in8, "movw %di, %dx\n inb %dx, %al\n int $0x80");
USER_PIECE(user_in16, "movw %di, %dx\n inw %dx, %ax\n int $0x80");
USER_PIECE(user_in32, "movw %di, %dx\n inl %dx, %eax\n int $0x80");
USER_PIECE(user_out8, "movw %di, %dx\n xorl %eax, %eax\n outb %al, %dx\n int $0x80");
USER_PIECE(user_out_imm, "xorl %eax, %eax\n outb %al, $0x80\n int $0x80");
USER_PIECE(user_ins, "movw %di, %dx\n leaq -64(%rsp), %rdi\n movl $3, %ecx\n rep insb\n int $0x80");
USER_PIECE(user_outs, "movw %di, %dx\n leaq -64(%rsp), %rsi\n movl $3, %ecx\n rep outsb\n int $0x80");
USER_PIECE(user_cli, "cli\n int $0x80");
USER_PIECE(user_sti, "sti\n nop\n int $0x80");
USER_PIECE(user_hlt, "hlt\n int $0x80");
USER_PIECE(user_popf, "pushq %rdi\n popfq\n pushfq\n popq %rax\n int $0x80");

static void all(void)
{
    REPORT_USER("in8 0x80", user_in8, 0x80);
    REPORT_USER("in8 0x81", user_in8, 0x81);
    REPORT_USER("in16 0x80", user_in16, 0x80);
    REPORT_USER("in32 0x84", user_in32, 0x84);
    REPORT_USER("in32 0x85", user_in32, 0x85);
    REPORT_USER("out8 0x80", user_out8, 0x80);
    REPORT_USER("out8 0x80, immediate", user_out_imm, 0);
    REPORT_USER("rep insb 0x80", user_ins, 0x80);
    REPORT_USER("rep outsb 0x81", user_outs, 0x81);
    say("  rcx", caught.frame.rcx);
    REPORT_USER("in8 0xffff", user_in8, 0xffff);
    REPORT_USER("in16 0xffff", user_in16, 0xffff);
}

static void flags(uint64_t iopl)
{
    RUN_USER(user_cli, 2 | iopl << 12, 0);
    report("cli");
    RUN_USER(user_sti, 2 | iopl << 12, 0);
    report("sti");
    RUN_USER(user_hlt, 2 | iopl << 12, 0);
    report("hlt");
    RUN_USER(user_in8, 2 | iopl << 12, 0x80);
    report("in8 0x80");
    RUN_USER(user_popf, 2 | iopl << 12, 0x3202);
    say("popf of 0x3202 gives", caught.frame.rax);
    RUN_USER(user_popf, 0x202 | iopl << 12, 0x244cd7);
    say("popf of 0x244cd7 gives", caught.frame.rax);
}

void guest_main(void)
{
    put("-- no bitmap: the TSS ends before it\n");
    all();
    put("-- a bitmap of zeros up to 0xffff, and its last byte of ones\n");
    task_state.bitmap[8192] = 0xff;
    gdt[TASK_STATE / 8] &= ~(1ULL << 41);
    load_task_state(offsetof(struct task_state, bitmap) + 8192);
    all();
    put("-- the same without the byte after it\n");
    gdt[TASK_STATE / 8] &= ~(1ULL << 41);
    load_task_state(offsetof(struct task_state, bitmap) + 8191);
    all();
    put("-- ports 0x81 and 0x88 closed\n");
    task_state.bitmap[0x10] = 2;
    task_state.bitmap[0x11] = 1;
    all();
    put("-- the bitmap lies outside the TSS\n");
    task_state.io_bitmap = 0xfff0;
    all();
    for (uint64_t iopl = 0; iopl < 4; iopl += 3) {
        say("-- IOPL", iopl);
        flags(iopl);
    }
}
