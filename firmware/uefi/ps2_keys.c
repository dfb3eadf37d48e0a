/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scan code set 1 (IBM PC/AT Technical Reference; Microsoft Keyboard Scan Code Specification 1.3a), American layout. */
#include "firmware/uefi/ps2_keys.h"

#include <string.h>

#define BREAK 0x80
#define EXTENDED 0xE0
#define PAUSE 0xE1
#define PAUSE_REST 5 /* E1 1D 45 E1 9D C5 */

static const struct state_field ps2_keys_fields[] = {
    STATE_U32(struct ps2_keys, shift),
    STATE_U8(struct ps2_keys, toggle),
    STATE_U8(struct ps2_keys, prefix),
    STATE_U8(struct ps2_keys, skip),
    STATE_END,
};
const struct state_table ps2_keys_state = {.name = "ps2-keys", .version = 1, .fields = ps2_keys_fields};

/* From 0x02 (the key 1) to 0x39 (space); 0: no character. */
static const char letters[2][0x39 - 0x02 + 2] = {
    "1234567890-=\b\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ",
    "!@#$%^&*()_+\b\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ", /* with Shift */
};

/* The keypad from 0x47 on, with and without Num Lock. */
static const char keypad[] = "789-456+1230.";
static const uint8_t keypad_scan[] = {SCAN_HOME, SCAN_UP,   SCAN_PAGE_UP,   0,           SCAN_LEFT,  0, SCAN_RIGHT, 0,
                                      SCAN_END,  SCAN_DOWN, SCAN_PAGE_DOWN, SCAN_INSERT, SCAN_DELETE};

static uint32_t modifier(uint8_t code, bool extended)
{
    switch (code) {
    case 0x2A:
        return extended ? 0 : SHIFT_LEFT_SHIFT; /* E0 2A is no key of its own */
    case 0x36:
        return extended ? 0 : SHIFT_RIGHT_SHIFT;
    case 0x1D:
        return extended ? SHIFT_RIGHT_CONTROL : SHIFT_LEFT_CONTROL;
    case 0x38:
        return extended ? SHIFT_RIGHT_ALT : SHIFT_LEFT_ALT;
    case 0x5B:
        return extended ? SHIFT_LEFT_LOGO : 0;
    case 0x5C:
        return extended ? SHIFT_RIGHT_LOGO : 0;
    case 0x5D:
        return extended ? SHIFT_MENU : 0;
    default:
        return 0;
    }
}

static uint8_t lock(uint8_t code)
{
    return code == 0x3A ? TOGGLE_CAPS : code == 0x45 ? TOGGLE_NUM : code == 0x46 ? TOGGLE_SCROLL : 0;
}

static bool letter_key(const struct ps2_keys *keys, uint8_t code, struct key *key)
{
    bool shift = keys->shift & (SHIFT_LEFT_SHIFT | SHIFT_RIGHT_SHIFT);
    char c;

    if (code < 0x02 || code > 0x39)
        return false;
    c = letters[0][code - 0x02];
    if (g_ascii_isalpha(c) && keys->toggle & TOGGLE_CAPS)
        shift = !shift;
    key->unit = (uint8_t)letters[shift][code - 0x02];
    return key->unit != 0;
}

static bool keypad_key(const struct ps2_keys *keys, uint8_t code, bool extended, struct key *key)
{
    if (code < 0x47 || code > 0x53)
        return false;
    if (extended || (!(keys->toggle & TOGGLE_NUM) && keypad_scan[code - 0x47]))
        key->scan = keypad_scan[code - 0x47];
    else
        key->unit = (uint8_t)keypad[code - 0x47];
    return key->scan || key->unit;
}

static bool make_key(const struct ps2_keys *keys, uint8_t code, bool extended, struct key *key)
{
    if (extended && (code == 0x1C || code == 0x35)) { /* the keypad's Enter and slash */
        key->unit = code == 0x1C ? '\r' : '/';
        return true;
    }
    if (extended)
        return keypad_key(keys, code, true, key);
    if (code == 0x01)
        key->scan = SCAN_ESC;
    else if (code >= 0x3B && code <= 0x44)
        key->scan = (uint16_t)(SCAN_F1 + code - 0x3B);
    else if (code == 0x57 || code == 0x58)
        key->scan = code == 0x57 ? SCAN_F11 : SCAN_F12;
    else
        return letter_key(keys, code, key) || keypad_key(keys, code, false, key);
    return true;
}

bool ps2_decode(struct ps2_keys *keys, uint8_t byte, struct key *key)
{
    bool extended = keys->prefix == EXTENDED;
    uint8_t code = byte & 0x7F;
    uint32_t held = modifier(code, extended);

    if (keys->skip > 0) {
        keys->skip--;
        return false;
    }
    if (byte == PAUSE)
        keys->skip = PAUSE_REST;
    keys->prefix = byte == EXTENDED ? byte : 0;
    if (byte == EXTENDED || byte == PAUSE)
        return false;
    if (held) {
        keys->shift = byte & BREAK ? keys->shift & ~held : keys->shift | held;
        return false;
    }
    if (byte & BREAK)
        return false;
    if (!extended && lock(code)) {
        keys->toggle ^= lock(code);
        return false;
    }
    memset(key, 0, sizeof(*key));
    if (!make_key(keys, code, extended, key))
        return false;
    key->shift = SHIFT_STATE_VALID | keys->shift;
    key->toggle = TOGGLE_STATE_VALID | keys->toggle;
    return true;
}
