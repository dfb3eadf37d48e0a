/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O APIC of the ICH: 24 inputs, a redirection table, version 0x20 with the EOI register.
 * Intel 82093AA data sheet (290566); Intel ICH9 data sheet (316972), section 13.5.
 *
 * Lines are driven by their meaning: true is "asserted".  The board has inverted what is active low, so the polarity
 * bits of the table are kept but change nothing.
 */
#ifndef GALVANIC_DEVICES_INTC_IOAPIC_H
#define GALVANIC_DEVICES_INTC_IOAPIC_H

#include "devices/intc/apic_message.h"
#include "emu/machine.h"

#define IOAPIC_PINS 24

struct ioapic;

struct ioapic_config {
    uint64_t address; /* 0xFEC00000 on a PC */
    uint8_t id;       /* after reset, 0..15 */
    /* Hands a message to the local APICs, false: nobody took it.  apic_deliver() with a struct apic_set fits. */
    bool (*deliver)(void *opaque, const struct apic_message *message);
    void *opaque;
};

/* Adds the device "ioapic".  @config is copied. */
struct ioapic *ioapic_new(struct machine *machine, const struct ioapic_config *config);

/* The line of input @pin, 0..23. */
struct irq_line ioapic_line(struct ioapic *ioapic, unsigned pin);
/*
 * One of several lines that share input @pin: it is asserted while any of them is.  Each driver has a @source of its
 * own, 0..31, of which 0 is what ioapic_line() gives.
 */
struct irq_line ioapic_shared_line(struct ioapic *ioapic, unsigned pin, unsigned source);

/* EOI of @vector from a local APIC; fits eoi_broadcast of struct apic_set_config.  @ioapic is a struct ioapic. */
void ioapic_eoi(void *ioapic, uint8_t vector);

#endif
