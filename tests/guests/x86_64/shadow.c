/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a pending interrupt is taken: after STI, MOV SS and POP SS one more instruction runs first; HLT in that shadow
 * still wakes.  Intel SDM volume 2 (STI, MOV, POP), volume 3, 6.8.3.
 */
#include "guest.h"

#define VECTOR 0x41

static uint64_t taken_at, taken;

static void interrupt(struct trap *frame)
{
    taken++;
    taken_at = frame->rip;
    frame->rflags &= ~0x200ULL;
    lapic_write(0xb0, 0);
}

static void send_to_self(void)
{
    lapic_write(0x300, 1 << 18 | 1 << 14 | VECTOR);
}

/* Where in @instructions, counted in bytes, the interrupt came that was pending from the start. */
#define TAKEN(name, instructions)                                                                                      \
    do {                                                                                                               \
        uint64_t start;                                                                                                \
        taken = 0;                                                                                                     \
        send_to_self();                                                                                                \
        __asm__ volatile("leaq 1f(%%rip), %0\n1:\t" instructions                                                       \
                         : "=&b"(start)                                                                                \
                         :                                                                                             \
                         : "rax", "rcx", "rdx", "memory", "cc");                                                       \
        put(name);                                                                                                     \
        put(": ");                                                                                                     \
        put_number(taken);                                                                                             \
        put(" at +");                                                                                                  \
        put_number(taken ? taken_at - start : 0);                                                                      \
        put("\n");                                                                                                     \
        __asm__ volatile("sti\n\tnop\n\tcli");                                                                         \
    } while (0)

USER_PIECE(user_spin, "1: incq %rax\n jmp 1b");

void guest_main(void)
{
    trap_handler[VECTOR] = interrupt;
    TAKEN("sti; nop; nop", "sti\n\tnop\n\tnop\n\tcli");
    TAKEN("sti; cli; nop", "sti\n\tcli\n\tnop");
    TAKEN("sti; hlt", "sti\n\thlt\n\tnop");
    TAKEN("sti; sti; nop; nop", "sti\n\tsti\n\tnop\n\tnop\n\tcli");
    TAKEN("popf; nop", "pushq $0x202\n\tpopfq\n\tnop\n\tcli");
    TAKEN("sti; mov ss; nop; nop", "movw %%ss, %%ax\n\tsti\n\tmovw %%ax, %%ss\n\tnop\n\tnop\n\tcli");
    TAKEN("popf; mov ss; nop",
          "movw %%ss, %%ax\n\tmovw %%ax, %%ss\n\tpushq $0x202\n\tpopfq\n\tmovw %%ax, %%ss\n\tnop\n\tcli");
    TAKEN("sti; in al; nop", "sti\n\tinb $0x80, %%al\n\tnop\n\tcli");
    TAKEN("sti; jmp; nop", "sti\n\tjmp 2f\n2:\tnop\n\tcli");
    TAKEN("iretq with IF",
          "movq %%rsp, %%rax\n\tpushq $0x10\n\tpushq %%rax\n\tpushq $0x202\n\tpushq $8\n\tleaq 2f(%%rip), %%rcx\n\t"
          "pushq %%rcx\n\tiretq\n2:\tnop\n\tcli");
    TAKEN("rep stosb with an interrupt pending",
          "movl $8, %%ecx\n\tmovl $0x80000, %%edi\n\tsti\n\tnop\n\trep stosb\n\tcli");
    trap_handler[VECTOR] = NULL;
    send_to_self();
    RUN_USER(user_spin, 0x202, 0);
    report("a user that is interrupted at once");
    lapic_write(0xb0, 0);
    /* A masked one stays pending through HLT's refusal to wake: a second vector wakes instead. */
    trap_handler[VECTOR] = interrupt;
    trap_handler[VECTOR + 0x20] = interrupt;
    lapic_write(0x80, 0x50);
    taken = 0;
    send_to_self();
    lapic_write(0x300, 1 << 18 | 1 << 14 | (VECTOR + 0x20));
    __asm__ volatile("sti\n\thlt\n\tcli");
    say("taken with the priority at 0x50", taken);
    lapic_write(0x80, 0);
    taken = 0;
    __asm__ volatile("sti\n\tnop\n\tcli");
    say("taken when it falls to 0", taken);
    taken = 0;
    set_cr8(15);
    send_to_self();
    __asm__ volatile("sti\n\tnop\n\tnop\n\tcli");
    say("taken with CR8 = 15", taken);
    say("the LAPIC's task priority", lapic_read(0x80));
    set_cr8(3);
    __asm__ volatile("sti\n\tnop\n\tnop\n\tcli");
    say("taken with CR8 = 3", taken);
    set_cr8(0);
}
