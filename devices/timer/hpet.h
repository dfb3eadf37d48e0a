/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * High Precision Event Timers: a 64-bit counter of 100 MHz and three comparators.
 * IA-PC HPET specification, revision 1.0a.
 */
#ifndef GALVANIC_DEVICES_TIMER_HPET_H
#define GALVANIC_DEVICES_TIMER_HPET_H

#include "emu/machine.h"

#define HPET_TIMERS 3
#define HPET_HZ 100000000
#define HPET_ROUTES 32

struct hpet;

struct hpet_config {
    uint64_t address;          /* 0xFED00000 on a PC */
    uint32_t route_capability; /* I/O APIC inputs that a timer can be routed to, a bit each: 0x00FF0104 on q35 */
    bool fsb;                  /* timers can send messages instead */
    /* I/O APIC inputs, as far as route_capability names them; ioapic_shared_line() where others drive them too. */
    struct irq_line routes[HPET_ROUTES];
    struct irq_line legacy[2]; /* legacy replacement: IRQ 0 and IRQ 8 as the 8254 and the RTC drive them */
    /*
     * Legacy replacement was switched on or off: the 8254 and the RTC are to leave their lines alone while it is on.
     * Called before the HPET first drives the lines, and after it has let go of them.  May be NULL.
     */
    void (*legacy_replacement)(void *opaque, bool on);
    void *opaque;
};

/* Adds the device "hpet".  @config is copied. */
struct hpet *hpet_new(struct machine *machine, const struct hpet_config *config);

/* What the ACPI table says: the lower half of the capabilities register (EVENT_TIMER_BLOCK_ID). */
uint32_t hpet_block_id(void);

#endif
