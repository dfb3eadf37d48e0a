/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trap flag: after which instruction #DB comes, over the awkward ones too.  Intel SDM volume 3, 17.3.1.4. */
#include "guest.h"

static uint64_t stops[16], status[16];
volatile uint64_t base; /* written by assembly */
static unsigned count;

static void step(struct trap *frame)
{
    if (count < 16) {
        stops[count] = frame->rip - base;
        status[count] = dr6() & 0xe00f;
    }
    count++;
    set_dr6(0xffff0ff0);
    if (count >= 16)
        frame->rflags &= ~0x100ULL;
}

static void breakpoint(struct trap *frame)
{
    (void)frame;
}

static void print_stops(const char *name)
{
    put(name);
    put(":");
    for (unsigned i = 0; i < count && i < 16; i++) {
        put(" +");
        put_number(stops[i]);
        if (status[i] != 0x4000) {
            put("/");
            put_hex(status[i]);
        }
    }
    put("\n");
}

/* The flag is set by POPF (no trap after POPF itself, one after the next), cleared by the last POPF. */
#define STEPS(name, instructions)                                                                                      \
    do {                                                                                                               \
        count = 0;                                                                                                     \
        __asm__ volatile("leaq 1f(%%rip), %%rax\n\tmovq %%rax, base\n\t"                                               \
                         "pushq $2\n\tpushq $0x102\n\tpopfq\n1:\t" instructions "\n\tpopfq"                            \
                         :                                                                                             \
                         :                                                                                             \
                         : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");               \
        print_stops(name);                                                                                             \
    } while (0)

USER_PIECE(user_step, "pushq $0x102\n popfq\n nop\n nop\n int $0x80");
USER_PIECE(user_syscall, "pushq $0x102\n popfq\n nop\n syscall\n nop\n int $0x80");

extern const char step_entry[];
__asm__("step_entry:\n\tsysretq\n");

static void user(const char *name, const void *begin, const void *end)
{
    count = 0;
    base = USER_TEXT;
    run_user(begin, end, 2, 0);
    report(name);
    put("  rflags ");
    put_hex(caught.frame.rflags);
    put("\n");
    print_stops("  stops");
}

void guest_main(void)
{
    trap_handler[1] = step;
    trap_handler[3] = breakpoint;
    set_dr6(0xffff0ff0);
    STEPS("nop; nop", "nop\n\tnop");
    STEPS("a branch", "jmp 2f\n\tnop\n2:\tnop");
    STEPS("mov ss; nop; nop", "movw %%ss, %%ax\n\tmovw %%ax, %%ss\n\tnop\n\tnop");
    STEPS("rep stosb, three turns", "movl $3, %%ecx\n\tmovl $0x80000, %%edi\n\trep stosb\n\tnop");
    STEPS("int3 clears it inside", "nop\n\tint3\n\tnop");
    STEPS("pushf; pop", "pushfq\n\tpopq %%rax\n\tnop");
    STEPS("cpuid; in; rdtsc", "pushq %%rbx\n\tcpuid\n\tpopq %%rbx\n\tinb $0x80, %%al\n\trdtsc");
    STEPS("popf that keeps it", "pushq $0x102\n\tpopfq\n\tnop");
    STEPS("iretq that keeps it",
          "movq %%rsp, %%rax\n\tpushq $0x10\n\tpushq %%rax\n\tpushq $0x102\n\tpushq $8\n\tleaq 2f(%%rip), %%rcx\n\t"
          "pushq %%rcx\n\tiretq\n2:\tnop\n\tnop");
    user("user", user_step_begin, user_step_end);
    msr_write(0xc0000081, 0x0018000800000000);
    msr_write(0xc0000082, (uint64_t)step_entry);
    msr_write(0xc0000084, 0x300);
    set_gate(1, 14, 0, 1);
    task_state.ist[0] = (uint64_t)new_page() + 4096;
    user("over a system call whose mask clears it", user_syscall_begin, user_syscall_end);
    /* A fault in a stepped instruction: the fault alone is seen, with the flag in the pushed image. */
    trap_handler[1] = NULL;
    PROBE("pushq $0x102\n\tpopfq\n\tud2");
    report("ud2 under the trap flag");
    say("  rflags", caught.frame.rflags);
}
