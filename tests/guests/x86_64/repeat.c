/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repeated string instructions that a fault or an interrupt breaks off: exact counts and pointers, and they can go on. */
#include "guest.h"

#define HOLE (TEST_BASE + 0x1000)
#define WHOLE (TEST_BASE + 0x10000)

static void registers(const char *name)
{
    report(name);
    put("  rcx ");
    put_hex(caught.frame.rcx);
    put(" rsi ");
    put_hex(caught.frame.rsi);
    put(" rdi ");
    put_hex(caught.frame.rdi);
    put("\n");
}

#define STRING(name, instruction, count, from, to)                                                                     \
    do {                                                                                                               \
        PROBE("movq %0, %%rcx\n\tmovq %1, %%rsi\n\tmovq %2, %%rdi\n\txorl %%eax, %%eax\n\t" instruction "\n\tud2",     \
              "r"((uint64_t)(count)), "r"((uint64_t)(from)), "r"((uint64_t)(to)));                                     \
        registers(name);                                                                                               \
    } while (0)

static uint64_t faults;
static uint8_t *spare;

static void repair(struct trap *frame)
{
    faults++;
    map_page(cr2() & ~0xfffULL, (uint64_t)spare, PAGE_PRESENT | PAGE_WRITE);
    (void)frame;
}

static uint64_t ticks, ticks_inside, ticks_on_the_way;
extern const char long_store[];

static void tick(struct trap *frame)
{
    ticks++;
    if (frame->rip == (uint64_t)long_store)
        ticks_inside++;
    if (frame->rip == (uint64_t)long_store && frame->rcx < 4000000)
        ticks_on_the_way++;
    lapic_write(0xb0, 0);
}

static void interrupted(void)
{
    trap_handler[0x41] = tick;
    lapic_write(0x3e0, 3); /* divide by 16 */
    lapic_write(0x320, 0x20041);
    lapic_write(0x380, 20000);
    uint64_t count = 4000000, to = 0x1000000;
    __asm__ volatile("sti\n\tnop\nlong_store:\trep stosb\n\tcli" : "+c"(count), "+D"(to) : "a"(0x5a) : "memory", "cc");
    lapic_write(0x320, 0x10000);
    say_if("interrupts came inside", ticks_inside > 0);
    say_if("with rcx counted down", ticks_on_the_way > 0);
    say("rcx after", count);
    say("rdi after", to);
    const uint8_t *bytes = (const uint8_t *)0x1000000;
    uint64_t sum = 0;
    for (unsigned i = 0; i < 4000000; i++)
        sum += bytes[i];
    say("sum of what was stored", sum);
    say("the byte behind", bytes[4000000]);
}

void guest_main(void)
{
    uint8_t *page = new_page(), *second = new_page();
    spare = new_page();
    map_page(TEST_BASE, (uint64_t)page, PAGE_PRESENT | PAGE_WRITE);
    map_page(WHOLE, (uint64_t)second, PAGE_PRESENT | PAGE_WRITE);
    map_page(TEST_BASE + 0x2000, (uint64_t)second, PAGE_PRESENT | PAGE_WRITE);
    STRING("movsb, source runs out", "rep movsb", 100, HOLE - 10, WHOLE);
    STRING("movsb, target runs out", "rep movsb", 100, WHOLE, HOLE - 10);
    STRING("movsq, target runs out in the middle of a word", "rep movsq", 100, WHOLE, HOLE - 12);
    STRING("stosq", "rep stosq", 100, 0, HOLE - 32);
    STRING("stosb downwards", "std\n\trep stosb", 100, 0, HOLE + 0x1002);
    STRING("lodsw", "rep lodsw", 100, HOLE - 6, 0);
    STRING("scasb", "repe scasb", 100, 0, HOLE - 5);
    STRING("cmpsb", "repe cmpsb", 100, HOLE - 5, HOLE + 0x1000);
    STRING("count 0 touches nothing", "rep movsb", 0, HOLE, HOLE);
    memset(second, 0, 4096);
    second[0x103] = 1;
    STRING("scasb finds", "movl $1, %%eax\n\trepne scasb", 16, 0, WHOLE + 0x100);
    STRING("32-bit count", ".byte 0x67\n\trep stosb", 0x100000004, 0, WHOLE);
    STRING("insb from port 0x80", "movl $0x80, %%edx\n\trep insb", 100, 0, HOLE - 3);
    STRING("outsb to port 0x80", "movl $0x80, %%edx\n\trep outsb", 100, HOLE - 3, 0);
    trap_handler[14] = repair;
    memset(second, 7, 4096);
    STRING("movsb whose fault is mended", "rep movsb", 100, WHOLE, HOLE - 10);
    trap_handler[14] = NULL;
    say("faults", faults);
    say("last byte", spare[89]);
    say("behind it", spare[90]);
    interrupted();
}
