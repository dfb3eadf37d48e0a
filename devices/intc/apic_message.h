/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt messages to local APICs: of I/O APICs, MSI writes, other CPUs.  Intel SDM volume 3, 10.6 and 10.11. */
#ifndef GALVANIC_DEVICES_INTC_APIC_MESSAGE_H
#define GALVANIC_DEVICES_INTC_APIC_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

enum apic_delivery_mode {
    APIC_FIXED,
    APIC_LOWEST_PRIORITY,
    APIC_SMI,
    APIC_RESERVED,
    APIC_NMI,
    APIC_INIT,
    APIC_STARTUP, /* between CPUs only */
    APIC_EXTINT,
};

struct apic_message {
    uint32_t destination; /* 8 bits of an xAPIC message, or 32 of an x2APIC IPI */
    bool wide;            /* the destination has 32 bits: broadcast is 0xFFFFFFFF, otherwise 0xFF */
    bool logical;
    bool level;   /* level-triggered: the local APIC tells its EOI */
    uint8_t mode; /* enum apic_delivery_mode */
    uint8_t vector;
};

#endif
