/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PrimeCell UART (PL011) r1p4 with FIFOs of 16: ARM DDI 0183. */
#ifndef GALVANIC_DEVICES_SERIAL_PL011_H
#define GALVANIC_DEVICES_SERIAL_PL011_H

#include "emu/host/character.h"
#include "emu/machine.h"

struct pl011;

struct pl011_config {
    const char *id;                 /* "uart0" */
    uint64_t address;               /* 0x09000000 on virt */
    struct irq_line irq;            /* UARTINTR, the OR of all interrupts, by level */
    struct character_output output; /* where transmitted bytes go */
    const char *source;             /* the journal source that bytes come from ("serial0"), or NULL for none */
};

/* The machine owns the result.  @config is copied; the strings must stay. */
struct pl011 *pl011_new(struct machine *machine, const struct pl011_config *config);
/* Input that can still be taken in before bytes are lost, for whoever feeds the journal. Engine thread. */
size_t pl011_room(const struct pl011 *uart);

#endif
