/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code that is written at one address and run at another, with the maintenance that the architecture asks for (Arm ARM
 * B2.4.4); translations that change under running code.
 */
#include "guest.h"

#define ALIAS (TEST_BASE + 0x100000)
#define NEXT_ALIAS (TEST_BASE + 0x300000)
#define RETURN 0xd65f03c0u

static uint64_t call(uint64_t address)
{
    register uint64_t result __asm__("x0");
    __asm__ volatile("blr %1"
                     : "=r"(result)
                     : "r"(address)
                     : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                       "x16", "x17", "x30", "memory", "cc");
    return result;
}

/* MOV X0, #value; RET */
static void write(volatile uint32_t *at, uint32_t value)
{
    at[0] = 0xd2800000u | value << 5;
    at[1] = RETURN;
}

static void three(const char *name, uint64_t through, uint64_t run_at)
{
    uint64_t result = 0;
    for (uint32_t i = 1; i <= 3; i++) {
        write((volatile uint32_t *)through, i);
        sync_code((const void *)through, 8);
        result = result << 4 | call(run_at);
    }
    say(name, result);
}

static void aliases(uint8_t *page)
{
    map_page(TEST_BASE, page, PAGE_PLAIN);
    map_page(ALIAS, page, PAGE_PLAIN | PAGE_READ_ONLY);
    map_page(NEXT_ALIAS, page, PAGE_PLAIN | PAGE_PXN);
    three("written and run at one address", TEST_BASE, TEST_BASE);
    three("run through a read-only alias", TEST_BASE + 16, ALIAS + 16);
    three("written through an alias that is not executable", NEXT_ALIAS + 32, ALIAS + 32);
    three("written one to one", (uint64_t)page + 48, ALIAS + 48);
    for (uint32_t i = 0; i < 2; i++) {
        write((volatile uint32_t *)(NEXT_ALIAS + 64), 5 + i);
        __asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : "r"(NEXT_ALIAS + 64) : "memory");
        say("IC IALLUIS", call(ALIAS + 64));
    }
}

/* DC ZVA, a store of a pair, an exclusive and a byte change code, too. */
static void stores(uint8_t *page)
{
    volatile uint32_t *at = (volatile uint32_t *)(page + 0x400);
    write(at, 1);
    sync_code((const void *)at, 8);
    say("before", call(ALIAS + 0x400));
    __asm__ volatile("stp %w0, %w1, [%2]" : : "r"(0xd2800040u), "r"(RETURN), "r"(at) : "memory");
    sync_code((const void *)at, 8);
    say("STP", call(ALIAS + 0x400));
    uint32_t status;
    __asm__ volatile("ldxr w9, [%1]\n\tstxr %w0, %w2, [%1]"
                     : "=&r"(status)
                     : "r"(at), "r"(0xd2800060u)
                     : "x9", "memory");
    sync_code((const void *)at, 8);
    say("STXR", call(ALIAS + 0x400));
    ((volatile uint8_t *)at)[0] = 0x80;
    sync_code((const void *)at, 8);
    say("STRB", call(ALIAS + 0x400));
    __asm__ volatile("dc zva, %0" : : "r"(at) : "memory");
    sync_code((const void *)at, 64);
    REPORT("DC ZVA", "blr %0", "r"(ALIAS + 0x400));
}

/* The next instruction is rewritten by the one before, with maintenance between. */
static void straight_line(uint8_t *page)
{
    static const uint32_t code[] = {
        0xb9001401, /* str w1, [x0, #20] */
        0xd50b7b20, /* dc cvau, x0 */
        0xd5033b9f, /* dsb ish */
        0xd50b7520, /* ic ivau, x0 */
        0xd5033fdf, /* isb */
        0xd2800000, /* mov x0, #0: rewritten */
        RETURN,
    };
    volatile uint32_t *at = (volatile uint32_t *)(page + 0x800);
    uint64_t result = 0;
    memcpy((void *)at, code, sizeof(code));
    sync_code((const void *)at, sizeof(code));
    for (uint32_t i = 1; i <= 3; i++) {
        register uint64_t x0 __asm__("x0") = (uint64_t)at;
        register uint64_t x1 __asm__("x1") = 0xd2800000u | i << 5;
        __asm__ volatile("blr %2" : "+r"(x0), "+r"(x1) : "r"(at) : "x30", "memory");
        result = result << 4 | x0;
    }
    say("the next instruction", result);
}

/* Another page under the same address; an instruction stream over two pages. */
static void remapped(void)
{
    uint8_t *page[3] = {new_page(), new_page(), new_page()};
    for (uint32_t i = 0; i < 3; i++) {
        write((volatile uint32_t *)page[i], i + 1);
        write((volatile uint32_t *)(page[i] + 4092 - 4), i + 4); /* RET is the last word */
        *(volatile uint32_t *)(page[i] + 4092) = 0xd2800000u | (i + 7) << 5;
        *(volatile uint32_t *)(page[i] + 256) = RETURN;
        sync_code(page[i], 4096);
    }
    uint64_t result = 0;
    for (unsigned i = 0; i < 3; i++) {
        map_page(TEST_BASE, page[i], PAGE_PLAIN);
        result = result << 4 | call(TEST_BASE);
    }
    say("another page at the address", result);
    map_page(TEST_BASE, page[0], PAGE_PLAIN);
    result = 0;
    for (unsigned i = 0; i < 3; i++) {
        map_page(TEST_BASE + 4096, page[i], PAGE_PLAIN);
        result = result << 4 | call(TEST_BASE + 4092);
    }
    say("the page after the first instruction's", result);
    map_entry(TEST_BASE + 4096, 3, 0);
    REPORT("the page after it is not there", "blr %0", "r"(TEST_BASE + 4092));
    map_page(TEST_BASE, page[1], PAGE_PLAIN | PAGE_PXN);
    REPORT("no longer executable", "blr %0", "r"(TEST_BASE));
}

void guest_main(void)
{
    uint8_t *page = new_page();
    aliases(page);
    stores(page);
    straight_line(page);
    remapped();
}
