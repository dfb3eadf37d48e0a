/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APIC by MSRs.  Intel SDM volume 3, 10.12. */
#include "guest.h"

static uint64_t taken;

static void interrupt(struct trap *frame)
{
    (void)frame;
    taken++;
    msr_write(0x80b, 0);
}

void guest_main(void)
{
    if (!(cpuid(1, 0).c >> 21 & 1)) {
        put("not promised\n");
        return;
    }
    PROBE("movl $0x802, %%ecx\n\trdmsr");
    report("the id register before the mode is on");
    msr_write(0x1b, msr_read(0x1b) | 1 << 10);
    say("id", msr_read(0x802));
    say("logical destination", msr_read(0x80d));
    say_if("an integrated APIC", (msr_read(0x803) & 0xff) >= 0x10);
    trap_handler[0x41] = interrupt;
    msr_write(0x80f, 0x1ff);
    msr_write(0x83f, 0x41);
    say("self IPI: requested", msr_read(0x822));
    __asm__ volatile("sti\n\tnop\n\tnop\n\tcli");
    say("taken", taken);
    msr_write(0x830, 1 << 18 | 0x41);
    __asm__ volatile("sti\n\tnop\n\tnop\n\tcli");
    say("by the command register", taken);
    PROBE("movl $0x80b, %%ecx\n\tmovl $1, %%eax\n\txorl %%edx, %%edx\n\twrmsr");
    report("EOI other than 0");
    PROBE("movl $0x802, %%ecx\n\txorl %%eax, %%eax\n\txorl %%edx, %%edx\n\twrmsr");
    report("a write to the id");
    PROBE("movl $0x80e, %%ecx\n\trdmsr");
    report("the format register is gone");
    PROBE("movl $0x831, %%ecx\n\trdmsr");
    report("so is the second command register");
    PROBE("movl $0x1b, %%ecx\n\trdmsr\n\tbtrl $10, %%eax\n\twrmsr");
    report("back to memory without a stop on the way");
    msr_write(0x1b, msr_read(0x1b) & ~0xc00ULL);
    msr_write(0x1b, msr_read(0x1b) | 0x800);
    say("over off and on: id in memory", lapic_read(0x20));
    msr_write(0x1b, msr_read(0x1b) | 0xc00);
    msr_write(0x80f, 0x1ff);
    msr_write(0x83e, 0xb);
    msr_write(0x832, 0x41);
    msr_write(0x838, 100000);
    taken = 0;
    while (!taken)
        __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
    say("the timer", taken);
}
