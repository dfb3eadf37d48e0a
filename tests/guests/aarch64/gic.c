/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GICv2: priorities, masks, preemption, end of interrupt, software-generated interrupts.  IHI 0048B, 3 and 4. */
#include "guest.h"

#define SELF (2U << 24)

static volatile uint32_t taken[16];
static volatile unsigned count;
static volatile bool nest;

static void on_interrupt(struct trap *trap)
{
    struct trap kept = *trap;
    uint32_t id = read32(GICC + 0xc);
    taken[count++ & 15] = id;
    if (nest && id == 5) {
        uint64_t elr = READ_REGISTER(elr_el1), spsr = READ_REGISTER(spsr_el1);
        nest = false;
        write32(GICD + 0xf00, SELF | 6); /* lower priority: waits */
        write32(GICD + 0xf00, SELF | 2); /* higher: preempts */
        INTERRUPTS_ON();
        __asm__ volatile("nop");
        INTERRUPTS_OFF();
        taken[count++ & 15] = 0xff; /* the handler's end */
        WRITE_REGISTER(elr_el1, elr);
        WRITE_REGISTER(spsr_el1, spsr);
    }
    write32(GICC + 0x10, id);
    *trap = kept;
}

static void window(void)
{
    INTERRUPTS_ON();
    __asm__ volatile("nop" : : : "memory");
    INTERRUPTS_OFF();
}

static void say_taken(const char *name)
{
    put(name);
    put(":");
    for (unsigned i = 0; i < count; i++) {
        put(" ");
        put_hex(taken[i]);
    }
    put("\n");
    count = 0;
}

static void order(void)
{
    for (unsigned i = 0; i < 8; i++)
        gic_enable(i, (uint8_t)(0x80 - 0x10 * i));
    for (unsigned i = 1; i < 5; i++)
        write32(GICD + 0xf00, SELF | i);
    say("pending", read32(GICD + 0x280) & 0xffff);
    say("the highest", read32(GICC + 0x18));
    window();
    say_taken("in the order of priority");
    write8(GICD + 0x401, 0x50);
    write8(GICD + 0x402, 0x50);
    write32(GICD + 0xf00, SELF | 2);
    write32(GICD + 0xf00, SELF | 1);
    window();
    say_taken("equal priorities, the lower number first");
    say("nothing pending", read32(GICC + 0xc));
}

static void mask(void)
{
    write32(GICC + 4, 0x50);
    write32(GICD + 0xf00, SELF | 1); /* 0x50 */
    write32(GICD + 0xf00, SELF | 4); /* 0x40 */
    window();
    say_taken("priority mask 0x50");
    write32(GICC + 4, 0xff);
    window();
    say_taken("mask open");
    write32(GICC, 0);
    write32(GICD + 0xf00, SELF | 3);
    window();
    say_taken("CPU interface off");
    write32(GICC, 1);
    write32(GICD, 0);
    window();
    say_taken("distributor off");
    write32(GICD, 1);
    window();
    say_taken("both on");
}

static void by_hand(void)
{
    write32(GICD + 0xf00, SELF | 4);
    write32(GICD + 0xf00, SELF | 7);
    say("acknowledged", read32(GICC + 0xc));
    say("running priority", read32(GICC + 0x14));
    say("active", read32(GICD + 0x300) & 0xffff);
    say("pending", read32(GICD + 0x280) & 0xffff);
    say("the next, of lower priority, waits", read32(GICC + 0xc));
    write32(GICC + 0x10, 7);
    say("running priority after EOI", read32(GICC + 0x14));
    say("active after EOI", read32(GICD + 0x300) & 0xffff);
    say("acknowledged", read32(GICC + 0xc));
    write32(GICC + 0x10, 4);
    say("acknowledged", read32(GICC + 0xc));
}

static void preemption(void)
{
    nest = true;
    write8(GICD + 0x402, 0x10);
    write8(GICD + 0x405, 0x40);
    write8(GICD + 0x406, 0x60);
    write32(GICD + 0xf00, SELF | 5);
    window();
    say_taken("preemption");
    write32(GICC + 8, 7); /* no group priority bits: nothing preempts */
    nest = true;
    write32(GICD + 0xf00, SELF | 5);
    window();
    say_taken("preemption off by the binary point");
    write32(GICC + 8, 0);
}

/* Shared interrupts: pending by software, enable and disable. */
static void shared(void)
{
    enum { NUMBER = 64 };
    write8(GICD + 0x400 + NUMBER, 0x30);
    write8(GICD + 0x800 + NUMBER, 1);
    write32(GICD + 0x200 + NUMBER / 8, 1);
    window();
    say_taken("pending, disabled");
    write32(GICD + 0x100 + NUMBER / 8, 1);
    window();
    say_taken("enabled");
    write32(GICD + 0x200 + NUMBER / 8, 1);
    write32(GICD + 0x280 + NUMBER / 8, 1);
    window();
    say_taken("pending taken back");
    write8(GICD + 0x800 + NUMBER, 0);
    write32(GICD + 0x200 + NUMBER / 8, 1);
    window();
    say_taken("the only processor is the target of all");
    say("whatever is written", read32(GICD + 0x800 + NUMBER) & 0xff);
}

void guest_main(void)
{
    irq_handler = on_interrupt;
    gic_start();
    order();
    mask();
    by_hand();
    preemption();
    shared();
}
