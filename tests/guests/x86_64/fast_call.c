/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SYSENTER and SYSEXIT in 64-bit mode, as Intel's processors have them.  Intel SDM volume 2. */
#include "guest.h"

#define SYSENTER_CS 0x174
#define SYSENTER_ESP 0x175
#define SYSENTER_EIP 0x176

extern const char enter[], leave64[], leave32[];
__asm__("enter:\n\tint3\n"
        "leave64:\n\t.byte 0x48, 0x0f, 0x35\n"
        "leave32:\n\t.byte 0x0f, 0x35\n");

USER_PIECE(user_enter, "movq %rdi, %rdx\n leaq 1f(%rip), %rdx\n movq %rsp, %rcx\n sysenter\n1: int $0x80");
USER_PIECE(user_exit, ".byte 0x48, 0x0f, 0x35");

static void selectors(void)
{
    put("  cs ");
    put_hex(caught.frame.cs);
    put(" ss ");
    put_hex(caught.frame.ss);
    put(" rsp ");
    put_hex(caught.frame.rsp);
    put(" rflags ");
    put_hex(caught.frame.rflags);
    put("\n");
}

void guest_main(void)
{
    if (!(cpuid(1, 0).d & 1 << 11)) {
        say_text("SYSENTER", "not promised");
        return;
    }
    uint64_t star = 0x0018000800000000;
    msr_write(0xc0000081, star);
    set_gate(3, 14, 0, 1);
    task_state.ist[0] = (uint64_t)new_page() + 4096;
    /* SYSEXIT wants user code 16 and 32 above the kernel's code: 0x18 is 32-bit code, 0x28 is 64-bit code. */
    msr_write(SYSENTER_CS, KERNEL_CODE);
    msr_write(SYSENTER_ESP, 0x123450);
    msr_write(SYSENTER_EIP, (uint64_t)enter);
    RUN_USER(user_enter, 0x10202, 0);
    say_if("entered", caught.frame.rip == (uint64_t)enter + 1);
    selectors();
    msr_write(SYSENTER_EIP, (uint64_t)leave64);
    RUN_USER(user_enter, 0x202, 0);
    report("there and back");
    selectors();
    REPORT_USER("SYSEXIT at CPL 3", user_exit, 0);
    msr_write(SYSENTER_CS, 0);
    REPORT_USER("SYSENTER without a selector", user_enter, 0);
    PROBE(".byte 0x48, 0x0f, 0x35");
    report("SYSEXIT without a selector");
    say("SYSENTER_ESP", msr_read(SYSENTER_ESP));
}
