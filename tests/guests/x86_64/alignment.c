/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alignment checks: CR0.AM, EFLAGS.AC and CPL 3 together.  Intel SDM volume 3, 6.15, interrupt 17. */
#include "guest.h"

#define AC (1u << 18)
#define AM (1u << 18)

USER_PIECE(load, "movq (%rdi), %rax\n int $0x80");
USER_PIECE(load_half, "movw (%rdi), %ax\n int $0x80");
USER_PIECE(load_byte, "movb 1(%rdi), %al\n int $0x80");
USER_PIECE(store, "movl %eax, (%rdi)\n int $0x80");
USER_PIECE(modify, "addl $1, (%rdi)\n int $0x80");
USER_PIECE(locked, "lock addl $1, (%rdi)\n int $0x80");
USER_PIECE(exchange, "xchgq %rax, (%rdi)\n int $0x80");
USER_PIECE(compare, "lock cmpxchgq %rcx, (%rdi)\n int $0x80");
USER_PIECE(push, "addq $-4, %rsp\n pushq %rax\n int $0x80");
USER_PIECE(calls, "addq $-4, %rsp\n call 1f\n 1: int $0x80");
USER_PIECE(string, "movq %rdi, %rsi\n addq $64, %rdi\n movl $2, %ecx\n cld\n rep movsq\n int $0x80");
USER_PIECE(x87, "fildll (%rdi)\n int $0x80");
USER_PIECE(vector, "movups (%rdi), %xmm0\n int $0x80");
USER_PIECE(set_here, "movq (%rdi), %rax\n pushfq\n orq $0x40000, (%rsp)\n popfq\n movq (%rdi), %rax\n int $0x80");
USER_PIECE(clear_here, "pushfq\n andq $0xfffffffffffbffff, (%rsp)\n popfq\n movq (%rdi), %rax\n int $0x80");

#define ATTEMPT(text, name, flags, address)                                                                            \
    do {                                                                                                               \
        RUN_USER(name, 2 | (flags), address);                                                                          \
        report(text);                                                                                                  \
    } while (0)

static void attempts(const char *what, uint64_t flags, uint64_t address)
{
    put("-- ");
    put(what);
    put("\n");
    ATTEMPT("8 bytes", load, flags, address);
    ATTEMPT("2 bytes", load_half, flags, address);
    ATTEMPT("1 byte", load_byte, flags, address);
    ATTEMPT("store of 4 bytes", store, flags, address);
    ATTEMPT("read, modify, write", modify, flags, address);
    ATTEMPT("the same with LOCK", locked, flags, address);
    ATTEMPT("XCHG", exchange, flags, address);
    ATTEMPT("CMPXCHG", compare, flags, address);
    ATTEMPT("string", string, flags, address);
    ATTEMPT("x87", x87, flags, address);
}

void guest_main(void)
{
    map_page(TEST_BASE, (uint64_t)new_page(), PAGE_PRESENT | PAGE_WRITE | PAGE_USER);
    attempts("CR0.AM = 0", AC, TEST_BASE + 1);
    set_cr0(cr0() | AM);
    attempts("EFLAGS.AC = 0", 0, TEST_BASE + 1);
    attempts("both, misaligned", AC, TEST_BASE + 1);
    attempts("both, aligned", AC, TEST_BASE + 8);
    attempts("both, aligned to 4", AC, TEST_BASE + 4);
    put("-- others\n");
    ATTEMPT("PUSH", push, AC, 0);
    ATTEMPT("CALL", calls, AC, 0);
    ATTEMPT("set by POPF", set_here, 0, TEST_BASE + 1);
    ATTEMPT("cleared by POPF", clear_here, AC, TEST_BASE + 1);
    ATTEMPT("over the page's end", load, AC, TEST_BASE + 4092);
    ATTEMPT("nowhere", load, AC, TEST_BASE + 8193);
    map_page(TEST_BASE, (uint64_t)new_page(), PAGE_PRESENT | PAGE_USER);
    ATTEMPT("a store to a read-only page", store, AC, TEST_BASE + 1);
    ATTEMPT("MOVUPS aligned to 8", vector, AC, TEST_BASE + 8);
    PROBE("pushfq\n\torq $0x40000, (%%rsp)\n\tpopfq\n\tmovq (%0), %%rax\n\tpushfq\n\tandq $-0x40001, (%%rsp)\n\tpopfq",
          "r"(TEST_BASE + 1));
    report("CPL 0");
    set_cr0(cr0() & ~(uint64_t)AM);
}
