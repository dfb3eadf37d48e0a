/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breakpoints by DR0 to DR3: execution, writes, reads and writes; DR6, DR4 and DR5.  Intel SDM volume 3, 17.2. */
#include "guest.h"

static uint64_t hits, where, status;
volatile uint64_t base; /* written by assembly */
static uint8_t data[64] __attribute__((aligned(64)));

static void hit(struct trap *frame)
{
    hits++;
    where = frame->rip - base;
    status = dr6();
    set_dr6(0xffff0ff0);
    frame->rflags |= 0x10000; /* RF: go past an execution breakpoint */
    if (hits > 8)
        set_dr7(0x400);
}

static void result(const char *name)
{
    put(name);
    put(": ");
    put_number(hits);
    if (hits) {
        put(" last at +");
        put_number(where);
        put(" dr6 ");
        put_hex(status);
    }
    put("\n");
}

/* @dr7 is armed after @set, disarmed after the instructions. */
#define WATCH(name, dr7, address, instructions)                                                                        \
    do {                                                                                                               \
        hits = 0;                                                                                                      \
        set_dr0((uint64_t)(address));                                                                                  \
        __asm__ volatile("leaq 1f(%%rip), %%rax\n\tmovq %%rax, base\n\tmovq %0, %%dr7\n1:\t" instructions              \
                         "\n\tmovl $0x400, %%eax\n\tmovq %%rax, %%dr7"                                                 \
                         :                                                                                             \
                         : "r"((uint64_t)(dr7)), "b"(data)                                                             \
                         : "rax", "rcx", "rdx", "rsi", "rdi", "memory", "cc");                                         \
        result(name);                                                                                                  \
    } while (0)

extern const char spot[];
static void execution(void)
{
    hits = 0;
    base = (uint64_t)spot;
    set_dr1((uint64_t)spot);
    set_dr7(0x408);
    __asm__ volatile("nop\nspot:\tnop\n\tnop" : : : "memory");
    set_dr7(0x400);
    result("execution breakpoint, before its instruction");
}

void guest_main(void)
{
    say("dr6 at first", dr6());
    say("dr7 at first", dr7());
    trap_handler[1] = hit;
    set_gate(1, 14, 0, 1);
    task_state.ist[0] = (uint64_t)new_page() + 4096;
    /* DR7: L0, then R/W0 and LEN0 from bit 16. */
    WATCH("write of 4 watched, 4 written", 0xd0401, data, "movl $1, (%%rbx)\n\tnop");
    WATCH("write watched, read", 0xd0401, data, "movl (%%rbx), %%eax\n\tnop");
    WATCH("access watched, read", 0xf0401, data, "movl (%%rbx), %%eax\n\tnop");
    WATCH("its last byte written", 0xd0401, data, "movb $1, 3(%%rbx)\n\tnop");
    WATCH("the byte behind it written", 0xd0401, data, "movb $1, 4(%%rbx)\n\tnop");
    WATCH("8 bytes over it written", 0xd0401, data + 8, "movq $1, 4(%%rbx)\n\tnop");
    WATCH("1 byte watched, 8 written", 0x10401, data + 7, "movq $1, (%%rbx)\n\tnop");
    WATCH("8 bytes watched, the last written", 0x90401, data, "movb $1, 7(%%rbx)\n\tnop");
    WATCH("not enabled", 0xd0400, data, "movl $1, (%%rbx)\n\tnop");
    WATCH("rep stosb over it", 0x10401, data + 2, "movq %%rbx, %%rdi\n\tmovl $5, %%ecx\n\trep stosb\n\tnop");
    WATCH("push onto it", 0x90401, data + 24,
          "movq %%rsp, %%rdx\n\tleaq 32(%%rbx), %%rsp\n\tpushq $1\n\tmovq %%rdx, %%rsp\n\tnop");
    execution();
    trap_handler[1] = NULL;
    set_dr6(0);
    say("dr6 written as 0", dr6());
    set_dr7(0);
    say("dr7 written as 0", dr7());
    PROBE("movq %%dr4, %%rax");
    report("DR4 with CR4.DE = 0");
    set_cr4(cr4() | 8);
    PROBE("movq %%dr4, %%rax");
    report("DR4 with CR4.DE = 1");
    set_cr4(cr4() & ~8ULL);
    PROBE("movabsq $0x100000000, %%rax\n\tmovq %%rax, %%dr7");
    report("upper half of DR7");
}
