/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unaligned accesses: where they work, and where they fault.  Arm ARM B2.5, D1.8.2. */
#include "guest.h"

USER_PIECE(user_load, "ldr x1, [x0]\nsvc #0");
USER_PIECE(user_store, "str w0, [x0]\nsvc #0");

static void kinds(const char *what, uint64_t address)
{
    put("-- ");
    put(what);
    put("\n");
    REPORT("half", "ldrh w9, [%0]", "r"(address + 1));
    REPORT("word", "ldr w9, [%0]", "r"(address + 2));
    REPORT("double word", "ldr x9, [%0]", "r"(address + 4));
    REPORT("store of a half", "strh wzr, [%0]", "r"(address + 3));
    REPORT("store of a double word", "str xzr, [%0]", "r"(address + 1));
    REPORT("pair aligned to 8", "ldp x9, x10, [%0]", "r"(address + 8));
    REPORT("pair aligned to 4", "ldp x9, x10, [%0]", "r"(address + 4));
    REPORT("store of a pair of words", "stp wzr, wzr, [%0]", "r"(address + 2));
    REPORT("vector aligned to 8", "ldr q0, [%0]", "r"(address + 8));
    REPORT("load acquire", "ldar x9, [%0]", "r"(address + 4));
    REPORT("store release", "stlr w9, [%0]", "r"(address + 2));
    REPORT("load exclusive", "ldxr x9, [%0]", "r"(address + 4));
    REPORT("load exclusive of a pair aligned to 8", "ldxp x9, x10, [%0]", "r"(address + 8));
    REPORT("store exclusive", "ldxr x9, [%1]\n\tstxr w10, x9, [%0]", "r"(address + 4), "r"(address));
    REPORT("byte", "ldrb w9, [%0]", "r"(address + 1));
}

void guest_main(void)
{
    uint8_t *page = new_page();
    map_page(TEST_BASE, page, PAGE_PLAIN);
    map_page(TEST_BASE + 8192, page, (PAGE_PLAIN & ~PAGE_NORMAL) | PAGE_NON_CACHED);
    map_page(TEST_BASE + 12288, page, PAGE_PLAIN | PAGE_USER | PAGE_UXN);
    kinds("normal memory", TEST_BASE + 0x100);
    kinds("memory that is not cached", TEST_BASE + 8192 + 0x100);
    for (unsigned i = 0; i < 32; i++)
        page[0x200 + i] = (uint8_t)(i * 0x11);
    say("a word at 3", *(volatile uint32_t *)(TEST_BASE + 0x203));
    *(volatile uint64_t *)(TEST_BASE + 0x205) = 0x8877665544332211;
    say("after a store at 5, at 8", *(uint64_t *)(page + 0x208));
    WRITE_REGISTER(sctlr_el1, READ_REGISTER(sctlr_el1) | 2);
    kinds("normal memory, SCTLR.A = 1", TEST_BASE + 0x100);
    REPORT_USER("EL0: load, SCTLR.A = 1", user_load, TEST_BASE + 12288 + 4);
    REPORT_USER("EL0: store, SCTLR.A = 1", user_store, TEST_BASE + 12288 + 2);
    REPORT("unaligned and not mapped", "ldr x9, [%0]", "r"(TEST_BASE + 16384 + 1));
    WRITE_REGISTER(sctlr_el1, READ_REGISTER(sctlr_el1) & ~2ULL);
    REPORT_USER("EL0: load", user_load, TEST_BASE + 12288 + 4);
}
