/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page faults: every reason with its error code and CR2.  Intel SDM volume 3, 4.6 and 4.7. */
#include "guest.h"

#define READ "movq (%0), %%rax"
#define WRITE "movb $0xc3, (%0)"
#define CALL "call *%0"

USER_PIECE(user_read, "movq (%rdi), %rax\n int $0x80");
USER_PIECE(user_write, "movb $0xc3, (%rdi)\n int $0x80");
USER_PIECE(user_execute, "call *%rdi\n int $0x80");
USER_PIECE(user_modify, "incl 4(%rdi)\n int $0x80");

static void attempts(const char *what)
{
    put("-- ");
    put(what);
    put("\n");
    REPORT("kernel reads", READ, "r"(TEST_BASE));
    REPORT("kernel writes", WRITE, "r"(TEST_BASE));
    REPORT("kernel executes", CALL, "r"(TEST_BASE));
    REPORT_USER("user reads", user_read, TEST_BASE);
    REPORT_USER("user writes", user_write, TEST_BASE);
    REPORT_USER("user executes", user_execute, TEST_BASE);
}

static void with_flags(const char *what, uint8_t *page, uint64_t flags)
{
    memset(page, 0xc3, 16); /* RET */
    map_page(TEST_BASE, (uint64_t)page, flags);
    attempts(what);
}

static void reserved_bits(uint8_t *page)
{
    map_page(TEST_BASE, (uint64_t)page, PAGE_PRESENT | PAGE_WRITE | PAGE_USER | 1ULL << 51);
    attempts("a reserved address bit in the entry");
    msr_write(0xc0000080, msr_read(0xc0000080) & ~(1ULL << 11));
    map_page(TEST_BASE, (uint64_t)page, PAGE_PRESENT | PAGE_WRITE | PAGE_USER | PAGE_NX);
    attempts("no-execute in the entry while EFER.NXE = 0");
    msr_write(0xc0000080, msr_read(0xc0000080) | 1ULL << 11);
}

static void crossing(uint8_t *page)
{
    map_page(TEST_BASE, (uint64_t)page, PAGE_PRESENT | PAGE_WRITE);
    map_page(TEST_BASE + 4096, 0, 0);
    memset(page, 0x11, 4096);
    REPORT("read over the page's end", READ, "r"(TEST_BASE + 4092));
    PROBE("movabsq $0x2222222222222222, %%rax\n\tmovq %%rax, (%0)", "r"(TEST_BASE + 4093));
    report("write over the page's end");
    say("the first page is left alone", *(uint32_t *)(page + 4092));
    map_page(TEST_BASE + 4096, (uint64_t)new_page(), PAGE_PRESENT);
    PROBE("movabsq $0x2222222222222222, %%rax\n\tmovq %%rax, (%0)", "r"(TEST_BASE + 4093));
    report("write over the end into a read-only page");
    say("the first page is left alone", *(uint32_t *)(page + 4092));
    page[4095] = 0xe8; /* CALL, whose operand is in the next page */
    map_page(TEST_BASE + 4096, 0, 0);
    REPORT("an instruction over the page's end", CALL, "r"(TEST_BASE + 4095));
}

static void accessed_dirty(uint8_t *page)
{
    volatile uint64_t *entry;
    map_page(TEST_BASE, (uint64_t)page, PAGE_PRESENT | PAGE_WRITE);
    entry = page_entry(TEST_BASE);
    say("entry before", *entry & 0xfff);
    PROBE(READ, "r"(TEST_BASE));
    say("entry after a read", *entry & 0xfff);
    PROBE(WRITE, "r"(TEST_BASE));
    say("entry after a write", *entry & 0xfff);
    *entry &= ~(PAGE_ACCESSED | PAGE_DIRTY);
    invlpg(TEST_BASE);
    PROBE(WRITE, "r"(TEST_BASE));
    say("entry after a write at once", *entry & 0xfff);
    *entry = (uint64_t)page | PAGE_PRESENT;
    invlpg(TEST_BASE);
    PROBE(WRITE, "r"(TEST_BASE));
    report("a write that faults");
    say("sets no dirty bit", *entry & PAGE_DIRTY);
}

static void stale(uint8_t *page)
{
    map_page(TEST_BASE, (uint64_t)page, PAGE_PRESENT | PAGE_WRITE);
    PROBE(WRITE, "r"(TEST_BASE));
    report("mapped");
    map_page(TEST_BASE, (uint64_t)page, PAGE_PRESENT);
    PROBE(WRITE, "r"(TEST_BASE));
    report("made read-only, INVLPG");
    map_page(TEST_BASE, 0, 0);
    PROBE(READ, "r"(TEST_BASE));
    report("unmapped, INVLPG");
    *page_entry(TEST_BASE) = (uint64_t)page | PAGE_PRESENT | PAGE_GLOBAL;
    PROBE(READ, "r"(TEST_BASE));
    report("mapped global, nothing flushed (absent entries are not cached)");
    *page_entry(TEST_BASE) = 0;
    set_cr4(cr4() & ~0x80ULL);
    PROBE(READ, "r"(TEST_BASE));
    report("unmapped, CR4.PGE cleared");
    set_cr4(cr4() | 0x80);
}

void guest_main(void)
{
    uint8_t *page = new_page();
    attempts("nothing mapped");
    with_flags("supervisor, read-only", page, PAGE_PRESENT);
    with_flags("supervisor, writable", page, PAGE_PRESENT | PAGE_WRITE);
    with_flags("user, read-only", page, PAGE_PRESENT | PAGE_USER);
    with_flags("user, writable", page, PAGE_PRESENT | PAGE_WRITE | PAGE_USER);
    with_flags("user, writable, no execute", page, PAGE_PRESENT | PAGE_WRITE | PAGE_USER | PAGE_NX);
    with_flags("supervisor, read-only, no execute", page, PAGE_PRESENT | PAGE_NX);
    set_cr0(cr0() & ~(1ULL << 16));
    with_flags("user, read-only, CR0.WP = 0", page, PAGE_PRESENT | PAGE_USER);
    set_cr0(cr0() | 1ULL << 16);
    map_page(TEST_BASE, (uint64_t)page, PAGE_PRESENT | PAGE_USER);
    REPORT_USER("user modifies a read-only page", user_modify, TEST_BASE);
    reserved_bits(page);
    crossing(page);
    accessed_dirty(page);
    stale(page);
}
