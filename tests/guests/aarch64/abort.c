/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data and instruction aborts: every level and reason with syndrome and address.  Arm ARM D5.2, D13.2.37 (ISS). */
#include "guest.h"

#define LOAD "ldr x9, [%0]"
#define STORE "str xzr, [%0, #8]"
#define CALL "blr %0"

USER_PIECE(user_load, "ldr x1, [x0]\nsvc #0");
USER_PIECE(user_store, "str xzr, [x0, #8]\nsvc #0");
USER_PIECE(user_call, "blr x0\nsvc #0");

static void attempts(const char *what, uint64_t address)
{
    put("-- ");
    put(what);
    put("\n");
    REPORT("EL1 reads", LOAD, "r"(address));
    REPORT("EL1 writes", STORE, "r"(address));
    REPORT("EL1 executes", CALL, "r"(address));
    REPORT_USER("EL0 reads", user_load, address);
    REPORT_USER("EL0 writes", user_store, address);
    REPORT_USER("EL0 executes", user_call, address);
}

static void levels(uint8_t *page)
{
    attempts("no entry at level 0", TEST_BASE + (1ULL << 39));
    attempts("no entry at level 1", TEST_BASE + (8ULL << 30));
    map_entry(TEST_BASE + (9ULL << 30), 2, 0);
    attempts("no entry at level 2", TEST_BASE + (9ULL << 30));
    map_entry(TEST_BASE, 3, 0);
    attempts("no entry at level 3", TEST_BASE);
    map_entry(TEST_BASE, 3, (uint64_t)page | (PAGE_PLAIN & ~2ULL));
    attempts("a block's type at level 3", TEST_BASE);
    attempts("above the lower range", 1ULL << 48);
    attempts("in the upper range, which is off", 0xffff000000001000ULL);
}

static void access_flag(uint8_t *page)
{
    uint64_t block = ((uint64_t)page & ~0x1fffffULL) | PAGE_BLOCK | PAGE_NORMAL | PAGE_USER;
    map_page(TEST_BASE, page, PAGE_PLAIN & ~PAGE_ACCESSED);
    attempts("no access flag at level 3", TEST_BASE);
    map_entry(TEST_BASE + (2ULL << 30), 2, block);
    attempts("no access flag at level 2", TEST_BASE + (2ULL << 30));
    map_entry(TEST_BASE + (3ULL << 30), 1, 0x40000000 | PAGE_BLOCK | PAGE_NORMAL);
    attempts("no access flag at level 1", TEST_BASE + (3ULL << 30));
}

static void address_size(uint8_t *page)
{
    map_page(TEST_BASE, page, PAGE_PLAIN | 1ULL << 40);
    attempts("too wide an address at level 3", TEST_BASE);
    map_entry(TEST_BASE + (4ULL << 30), 2, 1ULL << 41 | PAGE_BLOCK | PAGE_NORMAL | PAGE_ACCESSED);
    attempts("too wide an address at level 2", TEST_BASE + (4ULL << 30));
    map_entry(TEST_BASE + (5ULL << 30), 1, 1ULL << 42 | PAGE_VALID);
    attempts("too wide an address of a table at level 1", TEST_BASE + (5ULL << 30));
    map_entry(TEST_BASE + (6ULL << 30), 1, 1ULL << 43 | PAGE_BLOCK | PAGE_NORMAL | PAGE_ACCESSED);
    attempts("too wide an address of a block at level 1", TEST_BASE + (6ULL << 30));
}

static void permissions(uint8_t *page)
{
    uint64_t block = ((uint64_t)page & ~0x1fffffULL) | PAGE_BLOCK | PAGE_NORMAL | PAGE_ACCESSED | PAGE_READ_ONLY;
    *(uint32_t *)page = 0xd65f03c0; /* RET */
    sync_code(page, 4);
    map_page(TEST_BASE, page, PAGE_PLAIN);
    attempts("EL1 only, writable", TEST_BASE);
    map_page(TEST_BASE, page, PAGE_PLAIN | PAGE_READ_ONLY);
    attempts("EL1 only, read-only", TEST_BASE);
    map_page(TEST_BASE, page, PAGE_PLAIN | PAGE_USER | PAGE_READ_ONLY);
    attempts("read-only", TEST_BASE);
    map_page(TEST_BASE, page, PAGE_PLAIN | PAGE_READ_ONLY | PAGE_PXN);
    attempts("EL1 only, read-only, PXN", TEST_BASE);
    map_page(TEST_BASE, page, PAGE_PLAIN | PAGE_USER | PAGE_READ_ONLY | PAGE_UXN | PAGE_PXN);
    attempts("read-only, UXN, PXN", TEST_BASE);
    map_page(TEST_BASE, page, PAGE_PLAIN | PAGE_USER | PAGE_UXN);
    REPORT("EL1 executes what EL0 may write", CALL, "r"(TEST_BASE));
    map_entry(TEST_BASE + (2ULL << 30), 2, block);
    REPORT("EL1 writes a read-only block of level 2", STORE, "r"(TEST_BASE + (2ULL << 30)));
    map_entry(TEST_BASE + (3ULL << 30), 1, 0x40000000 | PAGE_BLOCK | PAGE_NORMAL | PAGE_ACCESSED | PAGE_READ_ONLY);
    REPORT("EL1 writes a read-only block of level 1", STORE, "r"(TEST_BASE + (3ULL << 30)));
}

/* What kinds of access say about themselves: WnR, CM; FAR is where the access failed. */
static void kinds(uint8_t *page)
{
    put("-- kinds of access\n");
    map_page(TEST_BASE, page, PAGE_PLAIN);
    map_entry(TEST_BASE + 4096, 3, 0);
    REPORT("load over the page's end", LOAD, "r"(TEST_BASE + 4092));
    REPORT("store over the page's end", STORE, "r"(TEST_BASE + 4093));
    REPORT("pair over the page's end", "ldp x10, x11, [%0]", "r"(TEST_BASE + 4088));
    uint64_t absent = TEST_BASE + 4096;
    REPORT("byte", "ldrb w9, [%0, #3]", "r"(absent));
    REPORT("signed half", "ldrsh x9, [%0, #6]", "r"(absent));
    REPORT("store of a byte", "strb wzr, [%0, #7]", "r"(absent));
    REPORT("pre-indexed", "mov x9, %0\n\tldr x10, [x9, #8]!", "r"(absent));
    say("leaves the base alone", caught.frame.x[9]);
    REPORT("load exclusive", "ldxr x9, [%0]", "r"(absent));
    REPORT("load acquire", "ldar w9, [%0]", "r"(absent));
    REPORT("store release", "stlr w9, [%0]", "r"(absent));
    REPORT("unprivileged load", "ldtr x9, [%0]", "r"(TEST_BASE));
    REPORT("unprivileged store", "sttr x9, [%0]", "r"(TEST_BASE));
    REPORT("vector load", "ldr q0, [%0]", "r"(absent));
    REPORT("DC ZVA", "dc zva, %0", "r"(absent));
    REPORT("prefetch", "prfm pldl1keep, [%0]", "r"(absent));
    map_page(absent, page, PAGE_PLAIN | PAGE_READ_ONLY);
    REPORT("DC ZVA of a read-only page", "dc zva, %0", "r"(absent));
    REPORT("store exclusive without a reservation", "clrex\n\tstxr w9, x10, [%0]", "r"(TEST_BASE));
}

static void translate(uint8_t *page)
{
    put("-- address translation instructions\n");
    map_page(TEST_BASE, page, PAGE_PLAIN | PAGE_READ_ONLY);
    map_entry(TEST_BASE + 4096, 3, 0);
    PROBE("at s1e1r, %0\n\tisb", "r"(TEST_BASE));
    say_if("AT S1E1R finds the page", (READ_REGISTER(par_el1) & 0xfffffffff001ULL) == (uint64_t)page);
    PROBE("at s1e1w, %0\n\tisb", "r"(TEST_BASE));
    say("AT S1E1W of a read-only page", READ_REGISTER(par_el1) & 0x7f);
    PROBE("at s1e0r, %0\n\tisb", "r"(TEST_BASE));
    say("AT S1E0R of EL1's page", READ_REGISTER(par_el1) & 0x7f);
    PROBE("at s1e1r, %0\n\tisb", "r"(TEST_BASE + 4096));
    say("AT S1E1R of nothing", READ_REGISTER(par_el1) & 0x7f);
}

static void stale(uint8_t *page)
{
    put("-- invalidation\n");
    map_page(TEST_BASE, page, PAGE_PLAIN);
    REPORT("mapped", STORE, "r"(TEST_BASE));
    map_page(TEST_BASE, page, PAGE_PLAIN | PAGE_READ_ONLY);
    REPORT("made read-only", STORE, "r"(TEST_BASE));
    map_entry(TEST_BASE, 3, 0);
    REPORT("unmapped", LOAD, "r"(TEST_BASE));
}

void guest_main(void)
{
    uint8_t *page = new_page();
    levels(page);
    access_flag(page);
    address_size(page);
    permissions(page);
    kinds(page);
    translate(page);
    stale(page);
}
