/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A serial EEPROM of 64 words of 16 bits, as network cards have them: the 93C46 (Microchip 93AA46, DS20001749). */
#ifndef GALVANIC_DEVICES_NET_EEPROM_H
#define GALVANIC_DEVICES_NET_EEPROM_H

#include "emu/state/state.h"

enum { EEPROM_WORDS = 64 };

struct eeprom {
    uint16_t word[EEPROM_WORDS]; /* constant; no state */
    uint16_t command;            /* bits taken in; then the address that is read */
    uint8_t bits, out;           /* how many of the command are there; which bit of the word is next */
    bool reading, clock;
    bool data; /* the pin DO */
};

extern const struct state_table eeprom_state;

/* Nothing selected. */
void eeprom_reset(struct eeprom *eeprom);
/* The pins CS, CLK and DI are driven; bits go in and come out at the rising edges of @clock. */
void eeprom_drive(struct eeprom *eeprom, bool select, bool clock, bool in);

#endif
