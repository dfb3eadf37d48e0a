/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LAR, LSL, VERR, VERW; FS and GS bases, SWAPGS; what loading a selector does to a base.  Intel SDM volume 2, volume 3, 3.4. */
#include "guest.h"

#define FS_BASE 0xc0000100
#define GS_BASE 0xc0000101
#define KERNEL_GS_BASE 0xc0000102

static uint64_t here = 0x1111, there = 0x2222;

static void look(const char *name, uint32_t selector)
{
    uint32_t rights = 0, limit = 0;
    uint8_t lar, lsl, verr, verw;
    __asm__("larl %2, %0\n\tsetz %1" : "+r"(rights), "=qm"(lar) : "r"(selector) : "cc");
    __asm__("lsll %2, %0\n\tsetz %1" : "+r"(limit), "=qm"(lsl) : "r"(selector) : "cc");
    __asm__("verr %w1\n\tsetz %0" : "=qm"(verr) : "r"(selector) : "cc");
    __asm__("verw %w1\n\tsetz %0" : "=qm"(verw) : "r"(selector) : "cc");
    put(name);
    put(": lar ");
    put_hex(lar ? rights : 0);
    put(" lsl ");
    put_hex(lsl ? limit : 0);
    put(verr ? " readable" : " -");
    put(verw ? " writable\n" : " -\n");
}

static uint64_t gs_read(void)
{
    uint64_t value;
    __asm__ volatile("movq %%gs:0, %0" : "=r"(value) : : "memory");
    return value;
}

static void bases(void)
{
    msr_write(FS_BASE, (uint64_t)&here);
    uint64_t value;
    __asm__ volatile("movq %%fs:0, %0" : "=r"(value) : : "memory");
    say("through fs", value);
    __asm__ volatile("movq %%fs:(%1), %0" : "=r"(value) : "r"((uint64_t)&there - (uint64_t)&here) : "memory");
    say("through fs with an offset", value);
    msr_write(GS_BASE, (uint64_t)&here);
    msr_write(KERNEL_GS_BASE, (uint64_t)&there);
    say("through gs", gs_read());
    __asm__ volatile("swapgs" : : : "memory");
    say("after swapgs", gs_read());
    say_if("the MSRs have changed places",
           msr_read(GS_BASE) == (uint64_t)&there && msr_read(KERNEL_GS_BASE) == (uint64_t)&here);
    __asm__ volatile("swapgs" : : : "memory");
    say("and back", gs_read());
    __asm__ volatile("movw %w0, %%gs" : : "r"(KERNEL_DATA));
    say("a selector loads the descriptor's base", msr_read(GS_BASE));
    gdt[SPARE / 8] = 0x00cf93000000ffffULL | 0x123456ULL << 16 | 0xabULL << 56;
    __asm__ volatile("movw %w0, %%gs" : : "r"(SPARE));
    say("of 32 bits", msr_read(GS_BASE));
    __asm__ volatile("movw %w0, %%gs" : : "r"(0));
    msr_write(FS_BASE, 0xffffffffffff0000);
    __asm__ volatile("movq %%fs:(%1), %0" : "=r"(value) : "r"((uint64_t)&there + 0x10000) : "memory");
    say("an address wraps", value);
    PROBE("movq %%fs:(%0), %%rax", "r"(0x8000000000000000));
    report_kind("an effective address that is not canonical");
}

/* Far jumps to and fro: 32-bit kernel code, whose stack and data segments have bases and limits again. */
uint32_t compat_result[4]; /* written by assembly */
extern const char compat_code[];
__asm__(".pushsection .text\n.code32\ncompat_code:\n"
        "movl %ds:compat_value, %eax\n\tmovl %eax, compat_result\n"
        "movl %gs:4, %eax\n\tmovl %eax, compat_result+4\n"
        "movw %cs, %ax\n\tmovzwl %ax, %eax\n\tmovl %eax, compat_result+8\n"
        "movl $-1, %eax\n\tincl %eax\n\tmovl %eax, compat_result+12\n"
        "lret\n.code64\n"
        "compat_value: .long 0x5a5a5a5a\n.popsection");

static void compat(void)
{
    gdt[SPARE / 8] = 0x00cf93000000ffffULL | ((uint64_t)&here & 0xffffff) << 16;
    /* A far call from 64-bit code pushes 32-bit words with this operand size; LRET in 32-bit code takes them. */
    struct {
        uint32_t offset;
        uint16_t selector;
    } __attribute__((packed)) target = {(uint32_t)(uint64_t)compat_code, KERNEL_CODE32};
    __asm__ volatile("movw %w1, %%gs\n\tmovw %w2, %%ds\n\tlcall *%0"
                     :
                     : "m"(target), "r"(SPARE), "r"(KERNEL_DATA)
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
    say("32-bit code reads", compat_result[0]);
    say("through gs with a base", compat_result[1]);
    say("its cs", compat_result[2]);
    say("0x40 is INC there, here a prefix", compat_result[3]);
    uint16_t ds;
    __asm__("movw %%ds, %0" : "=r"(ds));
    say("ds", ds);
}

void guest_main(void)
{
    here = 0x3333000000001111;
    look("null", 0);
    look("kernel code", KERNEL_CODE);
    look("kernel data", KERNEL_DATA);
    look("user data", USER_DATA);
    look("kernel data with RPL 3", KERNEL_DATA | 3);
    look("conforming code", CODE_CONFORMING);
    look("conforming code with RPL 3", CODE_CONFORMING | 3);
    look("64 KiB of data", DATA_SMALL);
    look("read-only data", DATA_READ_ONLY);
    look("TSS", TASK_STATE);
    look("outside the GDT", 0x1000);
    bases();
    compat();
}
