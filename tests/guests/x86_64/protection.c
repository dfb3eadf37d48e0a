/* SPDX-License-Identifier: GPL-2.0-or-later */
/* #GP, #SS, #NP and #TS: addresses that are not canonical, selectors, control registers, MSRs.  Intel SDM volumes 2 and 3. */
#include "guest.h"

#define WILD 0x8000000000000000

USER_PIECE(user_wild, "movq (%rdi), %rax\n int $0x80");
USER_PIECE(user_load_ds, "movw %di, %ds\n int $0x80");
USER_PIECE(user_load_ss, "movw %di, %ss\n int $0x80");
USER_PIECE(user_cr0, "movq %cr0, %rax\n int $0x80");
USER_PIECE(user_set_cr3, "movq %rdi, %cr3\n int $0x80");
USER_PIECE(user_dr, "movq %dr7, %rax\n int $0x80");
USER_PIECE(user_lgdt, "lgdt (%rsp)\n int $0x80");
USER_PIECE(user_ltr, "ltr %di\n int $0x80");
USER_PIECE(user_rdmsr, "movl $0xc0000080, %ecx\n rdmsr\n int $0x80");
USER_PIECE(user_wrmsr, "movl $0xc0000080, %ecx\n wrmsr\n int $0x80");
USER_PIECE(user_invlpg, "invlpg (%rsp)\n int $0x80");
USER_PIECE(user_wbinvd, "wbinvd\n int $0x80");
USER_PIECE(user_clts, "clts\n int $0x80");
USER_PIECE(user_lmsw, "lmsw %di\n int $0x80");
USER_PIECE(user_swapgs, "swapgs\n int $0x80");
USER_PIECE(user_smsw, "smsw %rax\n int $0x80");
USER_PIECE(user_sgdt, "sgdt -16(%rsp)\n int $0x80");
USER_PIECE(user_rdtsc, "rdtsc\n int $0x80");
USER_PIECE(user_rdpmc, "xorl %ecx, %ecx\n rdpmc\n int $0x80");

static void addresses(void)
{
    put("-- addresses\n");
    REPORT("read", "movq (%0), %%rax", "r"(WILD));
    REPORT("read just above the lower half", "movq (%0), %%rax", "r"(0x800000000000));
    REPORT("read just below the upper half", "movq (%0), %%rax", "r"(0xffff7ffffffffff8));
    REPORT("read at the upper half's start", "movq (%0), %%rax", "r"(0xffff800000000000));
    PROBE("jmp *%0", "r"(WILD));
    report_kind("jump");
    PROBE("call *%0", "r"(WILD));
    report_kind("call");
    PROBE("pushq %0\n\tretq", "r"(WILD));
    report_kind("return");
    REPORT("invlpg does not mind", "invlpg (%0)", "r"(WILD));
    REPORT_USER("user read", user_wild, WILD);
    REPORT_USER("user read in the kernel's half", user_wild, 0xffff800000000000);
}

static void selectors(void)
{
    put("-- selectors\n");
    PROBE("xorl %%eax, %%eax\n\tlldt %%ax");
    REPORT("ds outside the GDT", "movl $0x1000, %%eax\n\tmovw %%ax, %%ds");
    REPORT("ds in an LDT that is not there", "movl $0x14, %%eax\n\tmovw %%ax, %%ds");
    REPORT("ds absent", "movl %0, %%eax\n\tmovw %%ax, %%ds", "i"(DATA_ABSENT));
    REPORT("ds is code that can be read", "movl %0, %%eax\n\tmovw %%ax, %%ds", "i"(KERNEL_CODE));
    REPORT("ds is a TSS", "movl %0, %%eax\n\tmovw %%ax, %%ds", "i"(TASK_STATE));
    REPORT("ds with RPL 3 at CPL 0", "movl $0x13, %%eax\n\tmovw %%ax, %%ds");
    REPORT("ss is null at CPL 0", "xorl %%eax, %%eax\n\tmovw %%ax, %%ss");
    REPORT("ss read-only", "movl %0, %%eax\n\tmovw %%ax, %%ss", "i"(DATA_READ_ONLY));
    REPORT("ss absent", "movl %0, %%eax\n\tmovw %%ax, %%ss", "i"(DATA_ABSENT));
    REPORT("ss of user privilege", "movl %0, %%eax\n\tmovw %%ax, %%ss", "i"(USER_DATA));
    REPORT("cs by mov", ".byte 0x8e, 0xc8");
    REPORT("far return to data", "pushq %0\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:", "i"(KERNEL_DATA));
    REPORT("far return to null", "pushq $0\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:");
    REPORT("far return home", "pushq $8\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:");
    REPORT("ltr of a busy TSS", "movl %0, %%eax\n\tltr %%ax", "i"(TASK_STATE));
    REPORT("ltr of data", "movl %0, %%eax\n\tltr %%ax", "i"(KERNEL_DATA));
    REPORT("lldt of data", "movl %0, %%eax\n\tlldt %%ax", "i"(KERNEL_DATA));
    REPORT("lldt of null", "xorl %%eax, %%eax\n\tlldt %%ax");
    REPORT_USER("user ds of the kernel", user_load_ds, KERNEL_DATA);
    REPORT_USER("user ss null", user_load_ss, 3);
    REPORT_USER("user ss of the kernel", user_load_ss, KERNEL_DATA);
}

static void control(void)
{
    put("-- control registers\n");
    REPORT("CR8, a reserved bit", "movl $16, %%eax\n\tmovq %%rax, %%cr8");
    REPORT("CR1", ".byte 0x0f, 0x20, 0xc8");
    REPORT("CR5", ".byte 0x0f, 0x20, 0xe8");
    REPORT("EFER.LME cleared under paging", "movl $0xc0000080, %%ecx\n\trdmsr\n\tbtrl $8, %%eax\n\twrmsr");
    REPORT("an MSR that is not there", "movl $0xdeadbeef, %%ecx\n\trdmsr");
    REPORT("FS base not canonical", "movl $0xc0000100, %%ecx\n\tmovl $0x80000000, %%edx\n\txorl %%eax, %%eax\n\twrmsr");
}

static void privileged(void)
{
    put("-- privileged instructions at CPL 3\n");
    REPORT_USER("mov from cr0", user_cr0, 0);
    REPORT_USER("mov to cr3", user_set_cr3, 0);
    REPORT_USER("mov from dr7", user_dr, 0);
    REPORT_USER("lgdt", user_lgdt, 0);
    REPORT_USER("ltr", user_ltr, TASK_STATE);
    REPORT_USER("rdmsr", user_rdmsr, 0);
    REPORT_USER("wrmsr", user_wrmsr, 0);
    REPORT_USER("invlpg", user_invlpg, 0);
    REPORT_USER("wbinvd", user_wbinvd, 0);
    REPORT_USER("clts", user_clts, 0);
    REPORT_USER("lmsw", user_lmsw, 0);
    REPORT_USER("swapgs", user_swapgs, 0);
    REPORT_USER("rdpmc", user_rdpmc, 0);
    REPORT_USER("smsw", user_smsw, 0);
    REPORT_USER("sgdt", user_sgdt, 0);
    REPORT_USER("rdtsc", user_rdtsc, 0);
    set_cr4(cr4() | 4);
    REPORT_USER("rdtsc with CR4.TSD", user_rdtsc, 0);
    set_cr4(cr4() & ~4ULL);
}

void guest_main(void)
{
    addresses();
    selectors();
    control();
    privileged();
}
