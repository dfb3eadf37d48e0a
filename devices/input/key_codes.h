/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and their scan codes.  A key is named by its usage on page 7 of the USB HID usage tables, by position on a US
 * keyboard; an event on the journal source "keyboard" is two bytes: the usage, then 1 for down or 0 for up.
 */
#ifndef GALVANIC_DEVICES_INPUT_KEY_CODES_H
#define GALVANIC_DEVICES_INPUT_KEY_CODES_H

#include <stdbool.h>
#include <stdint.h>

enum key_usage {
    KEY_A = 0x04,
    KEY_1 = 0x1E,
    KEY_0 = 0x27,
    KEY_ENTER = 0x28,
    KEY_ESCAPE = 0x29,
    KEY_BACKSPACE = 0x2A,
    KEY_TAB = 0x2B,
    KEY_SPACE = 0x2C,
    KEY_PRINT_SCREEN = 0x46,
    KEY_PAUSE = 0x48,
    KEY_LEFT_CONTROL = 0xE0,
    KEY_LEFT_SHIFT = 0xE1,
    KEY_LEFT_ALT = 0xE2,
    KEY_RIGHT_CONTROL = 0xE4,
    KEY_RIGHT_SHIFT = 0xE5,
    KEY_RIGHT_ALT = 0xE6,
};

/* What a key does in set 3 until the guest changes it. */
enum key_type { KEY_MAKE_ONLY, KEY_TYPEMATIC, KEY_MAKE_BREAK };

struct key_codes {
    uint8_t set2;  /* 0: no such key */
    bool extended; /* E0 stands before the code in sets 1 and 2 */
    bool no_break; /* sends nothing when released */
    uint8_t set3;  /* 0: the key is not in set 3 */
    enum key_type type;
};

/* NULL: the keyboard has no such key.  Print Screen and Pause have sequences of their own: see ps2_keyboard.c. */
const struct key_codes *key_codes_find(uint8_t usage);
/* What the controller makes of a byte of set 2: the code of set 1, for a make code; others as they are. */
uint8_t key_set2_to_set1(uint8_t code);

#endif
