/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SYSCALL and SYSRET: selectors, flags, masks, faults.  Intel SDM volume 2, AMD APM volume 3. */
#include "guest.h"

#define STAR 0xc0000081
#define LSTAR 0xc0000082
#define CSTAR 0xc0000083
#define SFMASK 0xc0000084
#define EFER 0xc0000080

extern const char entry[], entry_return64[], entry_return32[];
/* Entry points: the stack is still the user's; a breakpoint there shows what SYSCALL has left. */
__asm__("entry:\n\tint3\n"
        "entry_return64:\n\tsysretq\n"
        "entry_return32:\n\tsysretl\n");

USER_PIECE(user_syscall, "movq %rdi, %rax\n syscall\n pushfq\n popq %rax\n movw %cs, %dx\n movw %ss, %bx\n int $0x80");
USER_PIECE(user_sysret, "sysretq");
USER_PIECE(user_flags, "pushq $0xcd7\n popfq\n syscall\n pushfq\n popq %rax\n int $0x80");
/* Comes back in 32-bit code: MOV AX, CS; INT 0x80 mean the same there. */
USER_PIECE(user_compat, "syscall\n .byte 0x8c, 0xc8\n int $0x80");

static void selectors(void)
{
    put("  cs ");
    put_hex(caught.frame.cs);
    put(" ss ");
    put_hex(caught.frame.ss);
    put(" rflags ");
    put_hex(caught.frame.rflags);
    put(" rcx ");
    put_hex(caught.frame.rcx);
    put(" r11 ");
    put_hex(caught.frame.r11);
    put("\n");
}

static void entered(const char *name, uint64_t flags)
{
    RUN_USER(user_syscall, flags, 7);
    say_text(name, caught.frame.vector == 3 && caught.frame.rip == (uint64_t)entry + 1 ? "at the entry" : "elsewhere");
    selectors();
}

void guest_main(void)
{
    set_gate(3, 14, 0, 1);
    task_state.ist[0] = (uint64_t)new_page() + 4096;
    msr_write(STAR, 0x0018000800000000);
    msr_write(LSTAR, (uint64_t)entry);
    msr_write(SFMASK, 0);
    entered("no mask", 2);
    entered("no mask, with flags", 0x3ed7);
    msr_write(SFMASK, 0x4700);
    entered("Linux's mask", 0x602);
    msr_write(SFMASK, 0xffffffff);
    entered("everything masked", 0xed7);
    msr_write(SFMASK, 0x200);
    msr_write(STAR, 0x001b000b00000000);
    entered("selectors with RPL 3 in STAR", 2);

    msr_write(STAR, 0x0018000800000000);
    msr_write(LSTAR, (uint64_t)entry_return64);
    RUN_USER(user_syscall, 0x602, 0);
    report("there and back");
    selectors();
    say("  rflags after", caught.frame.rax);
    say("  cs", caught.frame.rdx & 0xffff);
    say("  ss", caught.frame.rbx & 0xffff);
    RUN_USER(user_flags, 0x202, 0);
    say("flags after", caught.frame.rax);
    msr_write(LSTAR, (uint64_t)entry_return32);
    RUN_USER(user_compat, 0x202, 0);
    say_text("SYSRET to 32-bit code", caught.frame.vector == 0x80 ? "came back" : "did not");
    say("  cs", caught.frame.cs);
    say("  ax is cs", caught.frame.rax & 0xffff);
    REPORT_USER("SYSRET at CPL 3", user_sysret, 0);
    msr_write(EFER, msr_read(EFER) & ~1ULL);
    REPORT_USER("SYSCALL with EFER.SCE = 0", user_syscall, 0);
    PROBE("sysretq");
    report("SYSRET with EFER.SCE = 0");
    msr_write(EFER, msr_read(EFER) | 1);
    PROBE("movl $0xc0000082, %%ecx\n\txorl %%eax, %%eax\n\tmovl $0x80000000, %%edx\n\twrmsr");
    report("LSTAR not canonical");
    say_if("LSTAR as it was", msr_read(LSTAR) == (uint64_t)entry_return32);
    say("STAR", msr_read(STAR));
    say("SFMASK", msr_read(SFMASK));
}
