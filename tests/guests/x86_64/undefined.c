/* SPDX-License-Identifier: GPL-2.0-or-later */
/* #UD: the official one, what 64-bit mode took away, LOCK where it must not be, and what CPUID does not promise. */
#include "guest.h"

static uint64_t cell[4] __attribute__((aligned(16)));

static void removed(void)
{
    put("-- gone in 64-bit mode\n");
    REPORT("push es", ".byte 0x06");
    REPORT("pop es", ".byte 0x07");
    REPORT("push cs", ".byte 0x0e");
    REPORT("daa", ".byte 0x27");
    REPORT("das", ".byte 0x2f");
    REPORT("aaa", ".byte 0x37");
    REPORT("aas", ".byte 0x3f");
    REPORT("pusha", ".byte 0x60");
    REPORT("popa", ".byte 0x61");
    REPORT("alias of group 1", ".byte 0x82, 0xc0, 0x00");
    REPORT("call far, immediate", ".byte 0x9a, 0, 0, 0, 0, 0x08, 0");
    REPORT("jmp far, immediate", ".byte 0xea, 0, 0, 0, 0, 0x08, 0");
    REPORT("aam", ".byte 0xd4, 0x0a");
    REPORT("aad", ".byte 0xd5, 0x0a");
    REPORT("salc", ".byte 0xd6");
}

static void locked(void)
{
    put("-- LOCK\n");
    REPORT("lock incl memory", "lock incl (%0)", "r"(cell));
    REPORT("lock incl register", ".byte 0xf0, 0xff, 0xc0");
    REPORT("lock nop", ".byte 0xf0, 0x90");
    REPORT("lock cmp", ".byte 0xf0, 0x39, 0x00");
    REPORT("lock add from memory", ".byte 0xf0, 0x03, 0x00");
    REPORT("lock xchg memory", "xorl %%eax, %%eax\n\tlock xchgl %%eax, (%0)", "r"(cell));
    REPORT("lock bts memory", "lock btsl $1, (%0)", "r"(cell));
    REPORT("lock cmpxchg register", ".byte 0xf0, 0x0f, 0xb1, 0xc8");
    REPORT("lock xadd memory", "lock xaddl %%eax, (%0)", "r"(cell));
}

static void forms(void)
{
    put("-- forms that do not exist\n");
    REPORT("lea of a register", ".byte 0x8d, 0xc0");
    REPORT("cmpxchg8b of a register", ".byte 0x0f, 0xc7, 0xc8");
    REPORT("group 9 /0", ".byte 0x0f, 0xc7, 0x00");
    REPORT("group 5 /7", ".byte 0xff, 0xf8");
    REPORT("group 8 /0", ".byte 0x0f, 0xba, 0xc0, 0x00");
    REPORT("mov to segment 6", ".byte 0x8e, 0xf0");
    REPORT("mov from segment 7", ".byte 0x8c, 0xf8");
    REPORT("an instruction of 16 bytes",
           ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90");
    REPORT("an instruction of 15 bytes",
           ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90");
}

#define FEATURE(name, promise, instructions, ...)                                                                      \
    do {                                                                                                               \
        if (promise) {                                                                                                 \
            PROBE(instructions, ##__VA_ARGS__);                                                                        \
            report_kind(name);                                                                                         \
        }                                                                                                              \
    } while (0)

/* Every feature that CPUID promises must be there; which ones it promises is the model's affair. */
static void features(void)
{
    put("-- what CPUID promises\n");
    struct cpuid basic = cpuid(1, 0), extended = cpuid(0x80000001, 0), seven = {0};
    if (cpuid(0, 0).a >= 7)
        seven = cpuid(7, 0);
    bool avx = basic.c & 1 << 28;
    FEATURE("cmpxchg16b", basic.c & 1 << 13, "xorl %%eax, %%eax\n\tcmpxchg16b (%0)", "r"(cell), "b"(0));
    FEATURE("sse3", basic.c & 1, ".byte 0xf2, 0x0f, 0x7c, 0xc1");
    FEATURE("ssse3", basic.c & 1 << 9, ".byte 0x66, 0x0f, 0x38, 0x00, 0xc1");
    FEATURE("sse4.1", basic.c & 1 << 19, ".byte 0x66, 0x0f, 0x38, 0x10, 0xc1");
    FEATURE("sse4.2", basic.c & 1 << 20, ".byte 0x66, 0x0f, 0x38, 0x37, 0xc1");
    FEATURE("popcnt", basic.c & 1 << 23, "popcntl %%eax, %%eax");
    FEATURE("movbe", basic.c & 1 << 22, "movbel (%0), %%eax", "r"(cell));
    FEATURE("aes", basic.c & 1 << 25, ".byte 0x66, 0x0f, 0x38, 0xdc, 0xc1");
    FEATURE("pclmulqdq", basic.c & 1 << 1, ".byte 0x66, 0x0f, 0x3a, 0x44, 0xc1, 0x00");
    FEATURE("rdrand", basic.c & 1 << 30, "rdrand %%eax");
    FEATURE("xsave", basic.c & 1 << 26,
            "movq %%cr4, %%rax\n\tbtsq $18, %%rax\n\tmovq %%rax, %%cr4\n\txorl %%ecx, %%ecx\n\txgetbv");
    FEATURE("monitor", basic.c & 1 << 3, "movq %0, %%rax\n\txorl %%ecx, %%ecx\n\txorl %%edx, %%edx\n\tmonitor",
            "r"(cell));
    FEATURE("avx", avx,
            "movl $7, %%eax\n\txorl %%edx, %%edx\n\txorl %%ecx, %%ecx\n\txsetbv\n\t.byte 0xc5, 0xfc, 0x58, 0xc1");
    FEATURE("rdtscp", extended.d & 1 << 27, "rdtscp");
    FEATURE("lahf", extended.c & 1, "lahf");
    FEATURE("lzcnt", extended.c & 1 << 5, "lzcntl %%eax, %%eax");
    FEATURE("sse4a", extended.c & 1 << 6, ".byte 0x66, 0x0f, 0x79, 0xc1");
    FEATURE("fsgsbase", seven.b & 1, "movq %%cr4, %%rax\n\tbtsq $16, %%rax\n\tmovq %%rax, %%cr4\n\trdfsbase %%rax");
    FEATURE("bmi1", seven.b & 1 << 3, "andnl %%eax, %%eax, %%eax");
    FEATURE("bmi2", seven.b & 1 << 8, "rorxl $1, %%eax, %%eax");
    FEATURE("adx", seven.b & 1 << 19, "adcxl %%eax, %%eax");
    FEATURE("rdseed", seven.b & 1 << 18, "rdseed %%eax");
    FEATURE("clflushopt", seven.b & 1 << 23, "clflushopt (%0)", "r"(cell));
    FEATURE("clwb", seven.b & 1 << 24, "clwb (%0)", "r"(cell));
    FEATURE("clac and stac", seven.b & 1 << 20, "stac\n\tclac");
    FEATURE("sha", seven.b & 1 << 29, ".byte 0x0f, 0x38, 0xc8, 0xc1");
    FEATURE("rdpid", seven.c & 1 << 22, "rdpid %%rax");
}

void guest_main(void)
{
    REPORT("ud2", "ud2");
    REPORT("ud1", ".byte 0x0f, 0xb9, 0xc0");
    REPORT("0f ff", ".byte 0x0f, 0xff, 0xc0");
    removed();
    locked();
    forms();
    features();
}
