/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test application on aarch64. */
#include "tests/firmware/app/app.h"

#define UART 0x09000000u
#define UART_DR 0x00
#define UART_FR 0x18
#define UART_FR_TXFF 0x20u
#define HIGH 0x0000800000000000u /* the upper half of what TTBR0 can map */

const uint64_t memory_start = 0x40000000;

uint64_t cycles(void)
{
    uint64_t value;

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value));
    return value;
}

void uart_put(char c)
{
    while (*(volatile uint32_t *)(UART + UART_FR) & UART_FR_TXFF)
        ;
    *(volatile uint32_t *)(UART + UART_DR) = (uint8_t)c;
}

void vectors_spoil(void)
{
    __asm__ volatile("movi v0.16b, #0xff\n\tmovi v19.16b, #0xff" : : : "v0", "v19");
}

bool vectors_hold(volatile unsigned *count, unsigned until, uint64_t limit)
{
    static const uint64_t pattern[2] = {0x0123456789abcdef, 0xfedcba9876543210};
    uint64_t low[2], high[2];

    __asm__ volatile("ldr q0, [%[pattern]]\n\t"
                     "ldr q19, [%[pattern]]\n"
                     "1:\n\t"
                     "ldr w10, [%[count]]\n\t"
                     "cmp w10, %w[until]\n\t"
                     "b.hs 2f\n\t"
                     "mrs x10, cntvct_el0\n\t"
                     "cmp x10, %[limit]\n\t"
                     "b.lo 1b\n"
                     "2:\n\t"
                     "str q0, [%[low]]\n\t"
                     "str q19, [%[high]]"
                     :
                     : [pattern] "r"(pattern), [count] "r"(count), [until] "r"(until), [limit] "r"(limit),
                       [low] "r"(low), [high] "r"(high)
                     : "x10", "v0", "v19", "cc", "memory");
    return same(low, pattern, sizeof(low)) && same(high, pattern, sizeof(high));
}

/* The first 512 GiB appear again in the middle of a copy of the top table. */
uint64_t map_high(uint64_t page)
{
    uint64_t *copy = (uint64_t *)page, ttbr;
    const uint64_t *old;

    __asm__ volatile("mrs %0, ttbr0_el1" : "=r"(ttbr));
    old = (const uint64_t *)(ttbr & 0xFFFFFFFFF000u);
    for (unsigned i = 0; i < 512; i++)
        copy[i] = old[i];
    copy[256] = old[0];
    __asm__ volatile("msr daifset, #2\n\tdsb ish\n\tmsr ttbr0_el1, %0\n\tisb\n\ttlbi vmalle1\n\tdsb ish\n\tisb"
                     :
                     : "r"(page)
                     : "memory");
    return HIGH;
}

void halt(void)
{
    __asm__ volatile("wfi");
}
