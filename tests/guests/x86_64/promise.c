/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID: leaves that exist, features that the board counts on, and that nothing promises what would not work. */
#include "guest.h"

static void text(const char *name, const uint32_t *words, unsigned count)
{
    char line[64];
    memcpy(line, words, count * 4);
    line[count * 4] = 0;
    say_text(name, line);
}

void guest_main(void)
{
    struct cpuid zero = cpuid(0, 0), one = cpuid(1, 0), extended = cpuid(0x80000000, 0);
    text("vendor", (uint32_t[]){zero.b, zero.d, zero.c}, 3);
    say_if("leaf 1 exists", zero.a >= 1);
    say_if("extended leaves up to the address sizes", extended.a >= 0x80000008);
    say("physical address bits", cpuid(0x80000008, 0).a & 0xff);
    say("virtual address bits", cpuid(0x80000008, 0).a >> 8 & 0xff);
    static const struct {
        const char *name;
        unsigned bit;
    } needed[] = {{"fpu", 0},  {"pse", 3},  {"tsc", 4},   {"msr", 5},  {"pae", 6},
                  {"cx8", 8},  {"apic", 9}, {"mtrr", 12}, {"pge", 13}, {"cmov", 15},
                  {"pat", 16}, {"mmx", 23}, {"fxsr", 24}, {"sse", 25}, {"sse2", 26}};
    for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        say_if(needed[i].name, one.d >> needed[i].bit & 1);
    struct cpuid high = cpuid(0x80000001, 0);
    say_if("syscall", high.d >> 11 & 1);
    say_if("nx", high.d >> 20 & 1);
    say_if("long mode", high.d >> 29 & 1);
    say("initial APIC id", one.b >> 24);
    say_if("OSXSAVE follows CR4", !(one.c >> 27 & 1) == !(cr4() >> 18 & 1));
    bool apic = msr_read(0x1b) >> 11 & 1;
    say_if("the APIC's bit follows its enable", (one.d >> 9 & 1) == apic);
    msr_write(0x1b, msr_read(0x1b) & ~(1ULL << 11));
    say_if("and goes with it", !(cpuid(1, 0).d >> 9 & 1));
    msr_write(0x1b, msr_read(0x1b) | 1 << 11);
    uint64_t a, c;
    __asm__ volatile("movq $-1, %%rax\n\tmovq $-1, %%rcx\n\tmovl $0, %%eax\n\tcpuid"
                     : "=a"(a), "=c"(c)
                     :
                     : "rbx", "rdx");
    say("upper halves are zeroed", a >> 32 | c >> 32);
    PROBE("pushq %%rbx\n\tmovl $0x40000000, %%eax\n\tcpuid\n\tpopq %%rbx");
    report("the hypervisor's leaves");
}
