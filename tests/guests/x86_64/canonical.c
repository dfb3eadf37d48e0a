/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that are not canonical: #SS by the stack's segment, else #GP.  Intel SDM volume 1, 3.3.7.1. */
#include "guest.h"

#define WILD 0x0000800000000000ULL

USER_PIECE(user_load, "movq (%rdi), %rax\n int $0x80");
USER_PIECE(user_stack, "movq %rdi, %rsp\n movq (%rsp), %rax\n int $0x80");
USER_PIECE(user_index, "movq %rdi, %rsp\n xorl %ecx, %ecx\n movq 8(%rsp,%rcx), %rax\n int $0x80");
USER_PIECE(user_ds, "movq %rdi, %rsp\n .byte 0x3e\n movq (%rsp), %rax\n int $0x80");
USER_PIECE(user_gs, "movq %rdi, %rsp\n movq %gs:(%rsp), %rax\n int $0x80");
USER_PIECE(user_frame, "movq %rdi, %rbp\n movq 8(%rbp), %rax\n int $0x80");
USER_PIECE(user_push, "movq %rdi, %rsp\n pushq %rax\n int $0x80");
USER_PIECE(user_pop, "movq %rdi, %rsp\n popq %rax\n int $0x80");
USER_PIECE(user_call, "movq %rdi, %rsp\n call 1f\n 1: int $0x80");
USER_PIECE(user_return, "movq %rdi, %rsp\n ret");
USER_PIECE(user_leave, "movq %rdi, %rbp\n leave\n int $0x80");
USER_PIECE(user_enter, "movq %rdi, %rsp\n enter $8, $0\n int $0x80");
USER_PIECE(user_flags, "movq %rdi, %rsp\n pushfq\n int $0x80");
USER_PIECE(user_fs, "movq %rdi, %rsp\n pushq %fs\n int $0x80");
USER_PIECE(user_push_memory, "pushq (%rdi)\n int $0x80");
USER_PIECE(user_push_wild, "movq %rsp, %rsi\n movq %rdi, %rsp\n pushq -64(%rsi)\n int $0x80");
USER_PIECE(user_vector, "movq %rdi, %rbp\n movups 16(%rbp), %xmm0\n int $0x80");

/* What was probed may have changed the registers that calls preserve. */
#define FORGET() __asm__ volatile("" : : : "rbx", "r12", "r13", "r14", "r15")
#define ATTEMPT(text, instructions)                                                                                    \
    do {                                                                                                               \
        PROBE("movq %0, %%rax\n\txorl %%ecx, %%ecx\n\t" instructions, "r"(WILD));                                      \
        FORGET();                                                                                                      \
        report_kind(text);                                                                                             \
    } while (0)
#define ATTEMPT_USER(text, name, address)                                                                              \
    do {                                                                                                               \
        RUN_USER(name, 2, address);                                                                                    \
        FORGET();                                                                                                      \
        report(text);                                                                                                  \
    } while (0)

void guest_main(void)
{
    ATTEMPT("by RAX", "movq (%%rax), %%rcx");
    ATTEMPT("by RAX, a store", "movq %%rcx, (%%rax)");
    ATTEMPT("by RBP", "movq %%rax, %%rbp\n\tmovl 4(%%rbp), %%ecx");
    ATTEMPT("by RBP and an index", "movq %%rax, %%rbp\n\taddl $1, 4(%%rbp,%%rcx,4)");
    ATTEMPT("by R12", "movq %%rax, %%r12\n\tmovq (%%r12), %%rcx");
    ATTEMPT("by R13", "movq %%rax, %%r13\n\tmovq (%%r13), %%rcx");
    ATTEMPT("by RBP as an index", "movq %%rax, %%rbp\n\tmovq (%%rcx,%%rbp), %%rcx");
    ATTEMPT("by an index without a base", "shrq %%rax\n\tmovq (,%%rax,2), %%rcx");
    ATTEMPT("two bytes of opcode, by RBP", "movq %%rax, %%rbp\n\tmovzbl (%%rbp), %%ecx");
    ATTEMPT("two bytes of opcode, by RAX", "movzbl (%%rax), %%ecx");
    ATTEMPT("SS before RAX is ignored", ".byte 0x36\n\tmovq (%%rax), %%rcx");
    ATTEMPT("string", "movq %%rax, %%rdi\n\tstosb");
    ATTEMPT("a jump", "jmp *%%rax");
    ATTEMPT_USER("user: load", user_load, WILD);
    ATTEMPT_USER("user: by RSP", user_stack, WILD);
    ATTEMPT_USER("user: by RSP and an index", user_index, WILD);
    ATTEMPT_USER("user: DS before RSP is ignored", user_ds, WILD);
    ATTEMPT_USER("user: GS before RSP is not", user_gs, WILD);
    ATTEMPT_USER("user: by RBP", user_frame, WILD);
    ATTEMPT_USER("user: MOVUPS by RBP", user_vector, WILD);
    ATTEMPT_USER("user: PUSH", user_push, WILD + 64);
    ATTEMPT_USER("user: POP", user_pop, WILD);
    ATTEMPT_USER("user: CALL", user_call, WILD + 64);
    ATTEMPT_USER("user: RET", user_return, WILD);
    ATTEMPT_USER("user: LEAVE", user_leave, WILD);
    ATTEMPT_USER("user: ENTER", user_enter, WILD + 64);
    ATTEMPT_USER("user: PUSHF", user_flags, WILD + 64);
    ATTEMPT_USER("user: PUSH FS", user_fs, WILD + 64);
    ATTEMPT_USER("user: PUSH of wild memory", user_push_memory, WILD);
    ATTEMPT_USER("user: PUSH of memory to a wild stack", user_push_wild, WILD + 64);
}
