/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts from the 8254 by way of the 8259s and of the IOAPIC, and from the local APIC's timer; priorities, EOI. */
#include "guest.h"

static volatile uint64_t pit_count, apic_count, order[4], order_used;

static void by_8259(struct trap *frame)
{
    (void)frame;
    pit_count++;
    out8(0x20, 0x20);
}

static void by_apic(struct trap *frame)
{
    (void)frame;
    apic_count++;
    lapic_write(0xb0, 0);
}

static void note(struct trap *frame)
{
    if (order_used < 4)
        order[order_used++] = frame->vector;
    lapic_write(0xb0, 0);
}

static void wait_for(volatile uint64_t *count, uint64_t target)
{
    while (*count < target)
        __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
}

static void pit_rate(uint16_t divisor)
{
    out8(0x43, 0x34);
    out8(0x40, (uint8_t)divisor);
    out8(0x40, (uint8_t)(divisor >> 8));
}

static void with_8259(void)
{
    trap_handler[0x20] = by_8259;
    lapic_write(0x350, 0x700); /* LINT0: ExtINT */
    pit_rate(1193);
    out8(0x21, 0xfe);
    wait_for(&pit_count, 20);
    say_if("8259 with HLT: 20 ticks", pit_count >= 20);
    out8(0x21, 0xff);
    out8(0x20, 0x0b);
    say("in service afterwards", in8(0x20));
    uint64_t before = pit_count;
    for (volatile unsigned i = 0; i < 3000000; i++) {
    }
    __asm__ volatile("sti\n\tnop\n\tcli");
    say("ticks while masked", pit_count - before);
    lapic_write(0x350, 0x10000);
}

static void with_ioapic(void)
{
    trap_handler[0x45] = by_apic;
    say("IOAPIC version", ioapic_read(1));
    pit_rate(1193);
    ioapic_write(0x11 + 2 * 2, lapic_read(0x20));
    ioapic_write(0x10 + 2 * 2, 0x45);
    wait_for(&apic_count, 20);
    say_if("IOAPIC pin 2: 20 ticks", apic_count >= 20);
    ioapic_write(0x10 + 2 * 2, 0x10045);
    say("its entry, masked", ioapic_read(0x10 + 2 * 2) & 0x1ffff);
}

static void local_timer(void)
{
    trap_handler[0x46] = by_apic;
    apic_count = 0;
    lapic_write(0x3e0, 3);
    lapic_write(0x320, 0x46);
    lapic_write(0x380, 100000);
    wait_for(&apic_count, 1);
    say("one shot: count afterwards", lapic_read(0x390));
    for (volatile unsigned i = 0; i < 3000000; i++) {
    }
    __asm__ volatile("sti\n\tnop\n\tcli");
    say("interrupts", apic_count);
    apic_count = 0;
    lapic_write(0x320, 0x20046);
    lapic_write(0x380, 10000);
    wait_for(&apic_count, 10);
    say_if("periodic", apic_count >= 10);
    lapic_write(0x320, 0x10046);
    lapic_write(0x380, 0);
    say("stopped", lapic_read(0x390));
    __asm__ volatile("sti\n\tnop\n\tnop\n\tcli"); /* one that had fired before */
}

static void priorities(void)
{
    trap_handler[0x51] = trap_handler[0x62] = trap_handler[0x73] = note;
    static const uint8_t vectors[] = {0x51, 0x73, 0x62};
    for (unsigned i = 0; i < 3; i++)
        lapic_write(0x300, 1 << 18 | 1 << 14 | vectors[i]);
    say("requested, 0x40 to 0x5f", lapic_read(0x220));
    say("requested, 0x60 to 0x7f", lapic_read(0x230));
    __asm__ volatile("sti\n\tnop\n\tnop\n\tnop\n\tcli");
    say("first", order[0]);
    say("second", order[1]);
    say("third", order[2]);
    lapic_write(0x300, 1 << 18 | 1 << 14 | 0x51);
    lapic_write(0xf0, 0xff);
    uint64_t used = order_used;
    __asm__ volatile("sti\n\tnop\n\tcli");
    say("with the APIC disabled by software", order_used - used);
    lapic_write(0xf0, 0x1ff);
}

void guest_main(void)
{
    with_8259();
    with_ioapic();
    local_timer();
    priorities();
}
