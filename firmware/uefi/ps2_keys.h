/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Set-1 scan codes of a PC keyboard with an American layout, as keys. */
#ifndef GALVANIC_FIRMWARE_UEFI_PS2_KEYS_H
#define GALVANIC_FIRMWARE_UEFI_PS2_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/uefi/terminal.h"

struct ps2_keys {
    uint32_t shift; /* SHIFT_... that are held */
    uint8_t toggle; /* TOGGLE_SCROLL, TOGGLE_NUM, TOGGLE_CAPS */
    uint8_t prefix; /* 0, 0xE0, 0xE1 */
    uint8_t skip;   /* bytes of Pause that are still to come */
};
extern const struct state_table ps2_keys_state;

/* Takes one byte; true: @key is complete. */
bool ps2_decode(struct ps2_keys *keys, uint8_t byte, struct key *key);

#endif
