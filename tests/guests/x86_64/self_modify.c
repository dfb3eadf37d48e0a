/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code that is written while it runs, and code that is written through another mapping of its page: the next
 * instruction fetched is the new one.  Intel SDM volume 3, 8.1.3 (on one processor a branch is enough).
 */
#include "guest.h"

#define ALIAS (TEST_BASE + 0x100000)
#define USER_ALIAS 0x91000000ULL

static const uint8_t function[] = {0xb8, 0, 0, 0, 0, 0xc3}; /* MOV EAX, imm32; RET */

static uint32_t call(uint64_t address)
{
    uint32_t result;
    __asm__ volatile("call *%1"
                     : "=a"(result)
                     : "r"(address)
                     : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
    return result;
}

static void say_three(const char *name, uint32_t a, uint32_t b, uint32_t c)
{
    put(name);
    put(": ");
    put_number(a);
    put(" ");
    put_number(b);
    put(" ");
    put_number(c);
    put("\n");
}

static void rewrite(const char *name, uint8_t *through, uint64_t run_at)
{
    uint32_t result[3];
    for (uint32_t i = 0; i < 3; i++) {
        *(volatile uint32_t *)(through + 1) = i + 1;
        result[i] = call(run_at);
    }
    say_three(name, result[0], result[1], result[2]);
}

/* Each call stores into the MOV that comes right behind, in the same page and the same straight line. */
static void next_instruction(uint8_t *page)
{
    /* incl %edi (ff c7); movl %edi, imm(%rip) (89 3d 01 00 00 00); movl $0, %eax (b8 ....); ret */
    static const uint8_t code[] = {0xff, 0xc7, 0x89, 0x3d, 1, 0, 0, 0, 0xb8, 0, 0, 0, 0, 0xc3};
    memcpy(page + 64, code, sizeof(code));
    uint32_t result[3];
    uint32_t count = 4;
    for (int i = 0; i < 3; i++) {
        __asm__ volatile("call *%2" : "=a"(result[i]), "+D"(count) : "r"(page + 64) : "memory", "cc");
    }
    say_three("the next instruction", result[0], result[1], result[2]);
}

/* A loop that counts itself out by rewriting its own branch. */
static void own_loop(uint8_t *page)
{
    /* 1: incl %eax; cmpl $5, %eax; jne 2f; movb $0xc3, 3f(%rip); 2: nop; 3: jmp 1b */
    static const uint8_t code[] = {0xff, 0xc0, 0x83, 0xf8, 5, 0x75, 7, 0xc6, 0x05, 1, 0, 0, 0, 0xc3, 0x90, 0xeb, 0xef};
    memcpy(page + 128, code, sizeof(code));
    uint32_t result = 0;
    __asm__ volatile("call *%1" : "+a"(result) : "r"(page + 128) : "memory", "cc");
    say("a loop that rewrites its branch, turns", result);
}

static void crossing(uint8_t *pages)
{
    uint8_t *at = pages + 4096 - 3;
    memcpy(at, function, sizeof(function));
    uint32_t result[3];
    for (uint32_t i = 0; i < 3; i++) {
        at[4] = (uint8_t)(i + 1); /* in the second page */
        at[1] = (uint8_t)(i + 7); /* in the first page */
        result[i] = call((uint64_t)at);
    }
    say("an instruction over a page's end", result[0]);
    say("an instruction over a page's end", result[1]);
    say("an instruction over a page's end", result[2]);
}

static void by_string(uint8_t *page)
{
    uint8_t copy[sizeof(function)];
    uint32_t result[3];
    memcpy(copy, function, sizeof(copy));
    for (uint32_t i = 0; i < 3; i++) {
        copy[1] = (uint8_t)(i + 1);
        memcpy(page, copy, sizeof(copy));
        result[i] = call((uint64_t)page);
    }
    say_three("written by REP MOVSB", result[0], result[1], result[2]);
}

static void by_exchange(uint8_t *page)
{
    uint32_t result[3];
    for (uint32_t i = 0; i < 3; i++) {
        __atomic_exchange_n((uint32_t *)(page + 1), i + 1, __ATOMIC_SEQ_CST);
        result[i] = call((uint64_t)page);
    }
    say_three("written by XCHG", result[0], result[1], result[2]);
}

/* One virtual page, two physical ones: after the entry is changed and flushed the other code runs. */
static void remap(uint8_t *first, uint8_t *second)
{
    uint32_t result[3];
    first[1] = 1;
    second[1] = 2;
    for (int i = 0; i < 3; i++) {
        map_page(TEST_BASE, (uint64_t)(i & 1 ? second : first), PAGE_PRESENT | PAGE_WRITE);
        result[i] = call(TEST_BASE);
    }
    say_three("mapped to the other page", result[0], result[1], result[2]);
}

USER_PIECE(user_alias, "movl $0x91000000, %ebx\n xorl %r12d, %r12d\n"
                       "1: incl %r12d\n movl %r12d, 1(%rdi)\n call *%rbx\n shll $8, %r13d\n orl %eax, %r13d\n"
                       "cmpl $3, %r12d\n jne 1b\n int $0x80");

void guest_main(void)
{
    uint8_t *page = new_page(), *next = new_page(), *other = new_page();
    memcpy(page, function, sizeof(function));
    memcpy(other, function, sizeof(function));
    rewrite("through the same address", page, (uint64_t)page);
    map_page(ALIAS, (uint64_t)page, PAGE_PRESENT | PAGE_WRITE);
    map_page(ALIAS + 0x1000, (uint64_t)page, PAGE_PRESENT | PAGE_WRITE | PAGE_NX);
    rewrite("through another mapping", (uint8_t *)ALIAS, (uint64_t)page);
    rewrite("through a mapping without execution", (uint8_t *)ALIAS + 0x1000, (uint64_t)page);
    rewrite("run at the other mapping", page, ALIAS);
    next_instruction(page);
    own_loop(page);
    crossing(page);
    say_if("the pages are neighbours", next == page + 4096);
    memcpy(page, function, sizeof(function));
    by_string(page);
    by_exchange(page);
    remap(page, other);
    map_page(USER_ALIAS, (uint64_t)page, PAGE_PRESENT | PAGE_USER);
    map_page(USER_ALIAS + 0x1000, (uint64_t)page, PAGE_PRESENT | PAGE_WRITE | PAGE_USER | PAGE_NX);
    RUN_USER(user_alias, 2, USER_ALIAS + 0x1000);
    report("user code through an alias");
    say("  results", caught.frame.r13 & 0xffffff);
}
