/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The run-time part of the CPU guests: see guest.h. */
#include "guest.h"

#define COM1 0x3f8
#define DEBUG_EXIT 0x501

extern const char trap_stubs[];
extern uint64_t page_pml4[512];
extern char guest_end[];

struct gate idt[256] __attribute__((aligned(16)));
struct task_state task_state __attribute__((aligned(16)));
void (*trap_handler[256])(struct trap *trap);
struct caught caught;
uint64_t probe_resume, probe_stack, probe_frame, probe_start;

static char *free_page;

void *memset(void *to, int value, size_t length)
{
    void *start = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(value) : "memory");
    return start;
}

void *memcpy(void *to, const void *from, size_t length)
{
    void *start = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
    return start;
}

int memcmp(const void *a, const void *b, size_t length)
{
    const uint8_t *x = a, *y = b;
    for (; length; length--, x++, y++) {
        if (*x != *y)
            return *x < *y ? -1 : 1;
    }
    return 0;
}

static void put_char(char c)
{
    while (!(in8(COM1 + 5) & 0x20)) {
    }
    out8(COM1, (uint8_t)c);
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

void put_number(uint64_t value)
{
    if (value >= 10)
        put_number(value / 10);
    put_char((char)('0' + value % 10));
}

void say(const char *name, uint64_t value)
{
    put(name);
    put(": ");
    put_hex(value);
    put("\n");
}

void say_text(const char *name, const char *text)
{
    put(name);
    put(": ");
    put(text);
    put("\n");
}

void say_if(const char *name, bool value)
{
    say_text(name, value ? "yes" : "no");
}

_Noreturn void quit(int code)
{
    out8(DEBUG_EXIT, (uint8_t)code);
    for (;;)
        __asm__ volatile("cli; hlt");
}

static void put_vector(uint64_t vector)
{
    static const char names[32][4] = {"DE", "DB", "NMI", "BP", "OF", "BR", "UD", "NM", "DF", "09",
                                      "TS", "NP", "SS",  "GP", "PF", "0f", "MF", "AC", "MC", "XM"};
    put("#");
    if (vector < 20)
        put(names[vector]);
    else
        put_hex(vector);
}

static bool has_error_code(uint64_t vector)
{
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

static void put_kind(const char *name)
{
    put(name);
    put(": ");
    if (!caught.any) {
        put("no trap");
        return;
    }
    put_vector(caught.frame.vector);
    if (has_error_code(caught.frame.vector)) {
        put("(");
        put_hex(caught.frame.error);
        put(")");
    }
}

void report_kind(const char *name)
{
    put_kind(name);
    put("\n");
}

void report(const char *name)
{
    put_kind(name);
    if (!caught.any) {
        put("\n");
        return;
    }
    if (caught.frame.vector == 14) {
        put(" cr2=");
        put_hex(caught.cr2);
    }
    put(" rip=");
    int64_t offset = (int64_t)(caught.frame.rip - probe_start);
    if (offset < 0 || offset > 0x1000) {
        put_hex(caught.frame.rip);
    } else {
        put("+");
        put_hex((uint64_t)offset);
    }
    put("\n");
}

/* Called by every stub. */
void trap(struct trap *frame)
{
    if (trap_handler[frame->vector]) {
        trap_handler[frame->vector](frame);
        return;
    }
    caught.any = true;
    caught.frame = *frame;
    caught.cr2 = cr2();
    caught.dr6 = dr6();
    caught.stack = (uint64_t)(frame + 1);
    if (!probe_resume) {
        probe_start = 0;
        report("unexpected trap");
        quit(2);
    }
    frame->rip = probe_resume;
    frame->rsp = probe_stack;
    frame->cs = KERNEL_CODE;
    frame->ss = KERNEL_DATA;
    frame->rflags = 2;
    probe_resume = 0;
}

void set_gate(unsigned vector, unsigned type, unsigned privilege, unsigned ist)
{
    uint64_t address = (uint64_t)trap_stubs + 16 * vector;
    idt[vector] = (struct gate){.offset0 = (uint16_t)address,
                                .selector = KERNEL_CODE,
                                .ist = (uint8_t)ist,
                                .type = (uint8_t)(0x80 | privilege << 5 | type),
                                .offset1 = (uint16_t)(address >> 16)};
}

void load_task_state(uint32_t limit)
{
    uint64_t base = (uint64_t)&task_state;
    uint64_t *descriptor = gdt + TASK_STATE / 8;
    descriptor[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | 0x89ULL << 40 | (uint64_t)(limit >> 16 & 15) << 48 |
                    (base >> 24 & 0xff) << 56;
    descriptor[1] = base >> 32;
    __asm__ volatile("ltr %w0" : : "r"(TASK_STATE) : "memory");
}

void *new_page(void)
{
    if (!free_page)
        free_page = (char *)(((uint64_t)guest_end + 0xfff) & ~0xfffULL);
    void *page = free_page;
    free_page += 4096;
    return memset(page, 0, 4096);
}

static uint64_t *table_of(uint64_t *entry)
{
    if (!(*entry & PAGE_PRESENT))
        *entry = (uint64_t)new_page() | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
    return (uint64_t *)(*entry & 0x000ffffffffff000ULL);
}

void map_page(uint64_t address, uint64_t physical, uint64_t flags)
{
    uint64_t *table = page_pml4;
    for (int shift = 39; shift > 12; shift -= 9)
        table = table_of(table + (address >> shift & 511));
    table[address >> 12 & 511] = physical | flags;
    invlpg(address);
}

volatile uint64_t *page_entry(uint64_t address)
{
    uint64_t *table = page_pml4;
    for (int shift = 39; shift > 12; shift -= 9) {
        uint64_t entry = table[address >> shift & 511];
        if (!(entry & PAGE_PRESENT))
            return NULL;
        table = (uint64_t *)(entry & 0x000ffffffffff000ULL);
    }
    return table + (address >> 12 & 511);
}

void run_user(const void *begin, const void *end, uint64_t flags, uint64_t argument)
{
    static void *text, *stack;
    if (!text) {
        text = new_page();
        stack = new_page();
        map_page(USER_TEXT, (uint64_t)text, PAGE_PRESENT | PAGE_USER);
        map_page(USER_STACK - 4096, (uint64_t)stack, PAGE_PRESENT | PAGE_WRITE | PAGE_USER);
    }
    memset(text, 0xcc, 4096);
    memcpy(text, begin, (size_t)((const char *)end - (const char *)begin));
    PROBE("movq %0, probe_start\n\t"
          "movq %5, %%rdi\n\t"
          "pushq %1\n\t"
          "pushq %2\n\t"
          "pushq %3\n\t"
          "pushq %4\n\t"
          "pushq %0\n\t"
          "iretq",
          "r"(USER_TEXT), "i"(USER_DATA), "r"(USER_STACK), "r"(flags), "i"(USER_CODE), "r"(argument));
}

void ioapic_write(unsigned reg, uint32_t value)
{
    *(volatile uint32_t *)IOAPIC = reg;
    *(volatile uint32_t *)(IOAPIC + 0x10) = value;
}

uint32_t ioapic_read(unsigned reg)
{
    *(volatile uint32_t *)IOAPIC = reg;
    return *(volatile uint32_t *)(IOAPIC + 0x10);
}

static void interrupts_init(void)
{
    static const uint8_t words[2][4] = {{0x11, 0x20, 4, 1}, {0x11, 0x28, 2, 1}};
    for (int chip = 0; chip < 2; chip++) {
        uint16_t port = chip ? 0xa0 : 0x20;
        out8(port, words[chip][0]);
        for (int i = 1; i < 4; i++)
            out8(port + 1, words[chip][i]);
        out8(port + 1, 0xff);
    }
    for (unsigned pin = 0; pin < 24; pin++) {
        ioapic_write(0x10 + 2 * pin, 1 << 16);
        ioapic_write(0x11 + 2 * pin, 0);
    }
    lapic_write(0xf0, 0x1ff);
    for (unsigned entry = 0x320; entry <= 0x370; entry += 0x10)
        lapic_write(entry, 1 << 16);
    lapic_write(0x80, 0);
    while (lapic_read(0x100) | lapic_read(0x110) | lapic_read(0x120) | lapic_read(0x130) | lapic_read(0x140) |
           lapic_read(0x150) | lapic_read(0x160) | lapic_read(0x170))
        lapic_write(0xb0, 0);
}

void guest_start(void);
void guest_start(void)
{
    static const uint8_t line[][2] = {{3, 0x80}, {0, 1}, {1, 0}, {3, 3}, {2, 7}, {1, 0}};
    for (unsigned i = 0; i < sizeof(line) / sizeof(line[0]); i++)
        out8(COM1 + line[i][0], line[i][1]);
    for (unsigned vector = 0; vector < 256; vector++)
        set_gate(vector, 14, vector == USER_CALL ? 3 : 0, 0);
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof(idt) - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
    task_state.rsp[0] = (uint64_t)new_page() + 4096;
    task_state.io_bitmap = offsetof(struct task_state, bitmap);
    load_task_state(offsetof(struct task_state, bitmap) - 1);
    interrupts_init();
    put("begin\n");
    guest_main();
    put("end\n");
    quit(0);
}
