/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#define UART 0x09000000ULL
#define TABLE_FLAGS 3ULL
#define ADDRESS 0x0000fffffffff000ULL

void (*irq_handler)(struct trap *trap);
struct caught caught;
struct probe probe;
static uint64_t root[512] __attribute__((aligned(4096)));
static uint8_t pages[64][4096] __attribute__((aligned(4096)));
static unsigned pages_used;

void *memset(void *to, int value, size_t length)
{
    for (volatile uint8_t *at = to; length; length--)
        *at++ = (uint8_t)value;
    return to;
}

void *memcpy(void *to, const void *from, size_t length)
{
    const uint8_t *source = from;
    for (volatile uint8_t *at = to; length; length--)
        *at++ = *source++;
    return to;
}

static void put_char(char c)
{
    while (read32(UART + 0x18) & 0x20)
        continue;
    write32(UART, (uint8_t)c);
}

void put(const char *text)
{
    for (; *text; text++)
        put_char(*text);
}

void put_hex(uint64_t value)
{
    int digits = 16;
    while (digits > 1 && !(value >> (4 * digits - 4)))
        digits--;
    put("0x");
    while (digits--)
        put_char("0123456789abcdef"[value >> (4 * digits) & 15]);
}

void say(const char *name, uint64_t value)
{
    put(name);
    put(": ");
    put_hex(value);
    put("\n");
}

void say_if(const char *name, bool value)
{
    put(name);
    put(value ? ": yes\n" : ": no\n");
}

_Noreturn void quit(void)
{
    register uint64_t function __asm__("x0") = 0x84000008; /* SYSTEM_OFF */
    __asm__ volatile("hvc #0" : "+r"(function) : : "memory");
    for (;;)
        continue;
}

static bool has_far(uint64_t esr)
{
    unsigned class = esr >> 26;
    return class == 0x20 || class == 0x21 || class == 0x22 || class == 0x24 || class == 0x25 || class == 0x34 ||
           class == 0x35;
}

void report(const char *name)
{
    put(name);
    if (!caught.any) {
        put(": no exception\n");
        return;
    }
    if ((caught.vector & 0x180) == 0x80) {
        put(": interrupt");
    } else {
        put(": esr=");
        put_hex(caught.esr);
    }
    if ((caught.vector & 0x180) == 0 && has_far(caught.esr)) {
        put(" far=");
        put_hex(caught.far);
    }
    put(" elr=");
    uint64_t offset = caught.frame.elr - probe.start;
    if (offset <= 0x1000)
        put("+");
    put_hex(offset <= 0x1000 ? offset : caught.frame.elr);
    put(" vector=");
    put_hex(caught.vector);
    put(" spsr=");
    put_hex(caught.frame.spsr & ~0xf0000000ULL);
    put("\n");
}

void trap(struct trap *frame, uint64_t vector);
void trap(struct trap *frame, uint64_t vector)
{
    if ((vector & 0x180) == 0x80 && irq_handler) {
        irq_handler(frame);
        return;
    }
    caught = (struct caught){
        .any = true, .frame = *frame, .vector = vector, .esr = READ_REGISTER(esr_el1), .far = READ_REGISTER(far_el1)};
    if (!probe.resume) {
        probe.start = 0;
        report("unexpected exception");
        quit();
    }
    frame->elr = probe.resume;
    frame->spsr = 0x3c4; /* EL1t, all masked */
    WRITE_REGISTER(sp_el0, probe.stack);
    probe.resume = 0;
}

void *new_page(void)
{
    return pages[pages_used++];
}

void flush_address(uint64_t address)
{
    __asm__ volatile("dsb ishst\n\ttlbi vaae1is, %0\n\tdsb ish\n\tisb"
                     :
                     : "r"(address >> 12 & 0xfffffffffffULL)
                     : "memory");
}

void map_entry(uint64_t address, unsigned level, uint64_t entry)
{
    volatile uint64_t *table = root;
    for (unsigned at = 0; at < level; at++) {
        volatile uint64_t *slot = table + (address >> (39 - 9 * at) & 511);
        if ((*slot & 3) != TABLE_FLAGS)
            *slot = (uint64_t)new_page() | TABLE_FLAGS;
        table = (volatile uint64_t *)(*slot & ADDRESS);
    }
    table[address >> (39 - 9 * level) & 511] = entry;
    flush_address(address);
}

void sync_code(const void *at, size_t length)
{
    for (uint64_t line = (uint64_t)at & ~63ULL; line < (uint64_t)at + length; line += 64)
        __asm__ volatile("dc cvau, %0" : : "r"(line) : "memory");
    __asm__ volatile("dsb ish" : : : "memory");
    for (uint64_t line = (uint64_t)at & ~63ULL; line < (uint64_t)at + length; line += 64)
        __asm__ volatile("ic ivau, %0" : : "r"(line) : "memory");
    __asm__ volatile("dsb ish\n\tisb" : : : "memory");
}

void run_user(const void *begin, const void *end, uint64_t argument)
{
    static void *text, *stack;
    if (!text) {
        text = new_page();
        stack = new_page();
        map_page(USER_TEXT, text, PAGE_PLAIN | PAGE_USER | PAGE_READ_ONLY);
        map_page(USER_STACK - 4096, stack, PAGE_PLAIN | PAGE_USER | PAGE_UXN);
    }
    memset(text, 0, 4096);
    memcpy(text, begin, (size_t)((const char *)end - (const char *)begin));
    sync_code(text, 4096);
    PROBE("adrp x9, probe\n\t"
          "add x9, x9, :lo12:probe\n\t"
          "str %0, [x9, #16]\n\t"
          "msr spsel, #1\n\t"
          "msr sp_el0, %1\n\t"
          "msr elr_el1, %0\n\t"
          "msr spsr_el1, xzr\n\t"
          "mov x0, %2\n\t"
          "eret",
          "r"(USER_TEXT), "r"(USER_STACK), "r"(argument));
}

static void translation_on(void)
{
    uint64_t *first = new_page();
    root[0] = (uint64_t)first | TABLE_FLAGS;
    first[0] = PAGE_BLOCK | PAGE_DEVICE | PAGE_ACCESSED | PAGE_PXN | PAGE_UXN;
    first[1] = 0x40000000 | PAGE_BLOCK | PAGE_NORMAL | PAGE_ACCESSED | 3ULL << 8 | PAGE_UXN;
    WRITE_REGISTER(mair_el1, 0x44ff00);
    /* 48 bits below, nothing above, 40 bits of physical address, write-back inner shareable walks. */
    WRITE_REGISTER(tcr_el1, 16 | 1 << 8 | 1 << 10 | 3 << 12 | 16 << 16 | 1 << 23 | 2ULL << 30 | 2ULL << 32);
    WRITE_REGISTER(ttbr0_el1, (uint64_t)root);
    __asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
    /* RES1, UCI, nTWE, nTWI, UCT, DZE, I, SA0, SA, C, M */
    WRITE_REGISTER(sctlr_el1, 0x30d00800 | 1 << 26 | 1 << 18 | 1 << 16 | 1 << 15 | 1 << 14 | 0x1000 | 0x1d);
}

void gic_start(void)
{
    write32(GICC + 4, 0xff);
    write32(GICC, 1);
    write32(GICD, 1);
}

void gic_enable(unsigned interrupt, uint8_t priority)
{
    write8(GICD + 0x400 + interrupt, priority);
    write32(GICD + 0x100 + interrupt / 32 * 4, 1U << interrupt % 32);
}

void guest_start(void);
void guest_start(void)
{
    WRITE_REGISTER(daif, 0x3c0);
    write32(UART + 0x30, 0x301);
    WRITE_REGISTER(cpacr_el1, 3 << 20);
    WRITE_REGISTER(cntv_ctl_el0, 0);
    WRITE_REGISTER(cntp_ctl_el0, 0);
    translation_on();
    put("begin\n");
    guest_main();
    put("end\n");
    quit();
}
