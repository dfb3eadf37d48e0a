/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serial port of a PC: National PC16550D (data sheet of June 1995). */
#ifndef GALVANIC_DEVICES_SERIAL_UART16550_H
#define GALVANIC_DEVICES_SERIAL_UART16550_H

#include "emu/host/character.h"
#include "emu/machine.h"

struct uart16550;

struct uart16550_config {
    const char *id;                 /* "com1" */
    uint16_t port;                  /* first of eight ports: 0x3F8 for COM1, 0x2F8 for COM2 */
    struct irq_line irq;            /* the INTR pin, by level; ISA inputs 4 and 3 take its edge */
    struct character_output output; /* where transmitted bytes go */
    const char *source;             /* the journal source that bytes come from ("serial0"), or NULL for none */
};

/* The machine owns the result. @config is copied; the strings must stay. */
struct uart16550 *uart16550_new(struct machine *machine, const struct uart16550_config *config);
/* Input that can still be taken in before bytes are lost, for whoever feeds the journal. Engine thread. */
size_t uart16550_room(const struct uart16550 *uart);

#endif
