/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test application on x86_64. */
#include "tests/firmware/app/app.h"

#define COM1 0x3F8
#define PRESENT_WRITABLE 3u
#define HIGH 0xFFFF800000000000u

const uint64_t memory_start = 0;

uint64_t cycles(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void uart_put(char c)
{
    while (!(in8(COM1 + 5) & 0x20))
        ;
    __asm__ volatile("outb %0, %1" : : "a"((uint8_t)c), "Nd"((uint16_t)COM1));
}

void vectors_spoil(void)
{
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm4, %%xmm4" : : : "xmm0", "xmm4");
}

bool vectors_hold(volatile unsigned *count, unsigned until, uint64_t limit)
{
    static const uint64_t pattern[2] = {0x0123456789abcdef, 0xfedcba9876543210};
    uint64_t low[2], high[2];

    __asm__ volatile("movdqu %[pattern], %%xmm0\n\t"
                     "movdqu %[pattern], %%xmm9\n"
                     "1:\n\t"
                     "cmp %[until], %[count]\n\t"
                     "jae 2f\n\t"
                     "rdtsc\n\t"
                     "shl $32, %%rdx\n\t"
                     "or %%rdx, %%rax\n\t"
                     "cmp %[limit], %%rax\n\t"
                     "jb 1b\n"
                     "2:\n\t"
                     "movdqu %%xmm0, %[low]\n\t"
                     "movdqu %%xmm9, %[high]"
                     : [low] "=m"(low), [high] "=m"(high)
                     : [pattern] "m"(pattern), [count] "m"(*count), [until] "r"(until), [limit] "r"(limit)
                     : "rax", "rdx", "xmm0", "xmm9", "cc", "memory");
    return same(low, pattern, sizeof(low)) && same(high, pattern, sizeof(high));
}

/* The lower half appears in the upper half of a copy of the top table. */
uint64_t map_high(uint64_t page)
{
    uint64_t *copy = (uint64_t *)page, cr3;
    const uint64_t *old;

    __asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
    old = (const uint64_t *)(cr3 & ~0xFFFull);
    for (unsigned i = 0; i < 512; i++)
        copy[i] = old[i];
    copy[256] = old[0];
    __asm__ volatile("cli; mov %0, %%cr3" : : "r"(page) : "memory");
    return HIGH;
}

void halt(void)
{
    __asm__ volatile("hlt");
}
