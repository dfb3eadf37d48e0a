/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other end of the serial console: an ANSI terminal with UTF-8 (ECMA-48, xterm's and the Linux console's keys).
 * Output is appended to a byte array; input is decoded byte by byte.
 */
#ifndef GALVANIC_FIRMWARE_UEFI_TERMINAL_H
#define GALVANIC_FIRMWARE_UEFI_TERMINAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "emu/state/state.h"

/* --- output --- */
void terminal_put(GByteArray *out, uint16_t unit);
/* @attribute: EFI's colours, foreground in bits 0..3, background in bits 4..6. */
void terminal_set_attribute(GByteArray *out, uint8_t attribute);
void terminal_move(GByteArray *out, unsigned column, unsigned row);
void terminal_clear(GByteArray *out);
void terminal_show_cursor(GByteArray *out, bool visible);

/* --- input --- */
/* UEFI 2.10 section 12.1.2 */
enum scan_code {
    SCAN_NULL = 0x00,
    SCAN_UP = 0x01,
    SCAN_DOWN = 0x02,
    SCAN_RIGHT = 0x03,
    SCAN_LEFT = 0x04,
    SCAN_HOME = 0x05,
    SCAN_END = 0x06,
    SCAN_INSERT = 0x07,
    SCAN_DELETE = 0x08,
    SCAN_PAGE_UP = 0x09,
    SCAN_PAGE_DOWN = 0x0A,
    SCAN_F1 = 0x0B, /* .. F10 0x14 */
    SCAN_F11 = 0x15,
    SCAN_F12 = 0x16,
    SCAN_ESC = 0x17,
};

/* EFI_KEY_DATA */
#define SHIFT_STATE_VALID 0x80000000u
#define SHIFT_RIGHT_SHIFT 0x001u
#define SHIFT_LEFT_SHIFT 0x002u
#define SHIFT_RIGHT_CONTROL 0x004u
#define SHIFT_LEFT_CONTROL 0x008u
#define SHIFT_RIGHT_ALT 0x010u
#define SHIFT_LEFT_ALT 0x020u
#define SHIFT_RIGHT_LOGO 0x040u
#define SHIFT_LEFT_LOGO 0x080u
#define SHIFT_MENU 0x100u
#define TOGGLE_STATE_VALID 0x80u
#define TOGGLE_EXPOSED 0x40u
#define TOGGLE_SCROLL 0x01u
#define TOGGLE_NUM 0x02u
#define TOGGLE_CAPS 0x04u

struct key {
    uint16_t scan, unit;
    uint32_t shift; /* SHIFT_... */
    uint8_t toggle; /* TOGGLE_... */
};

#define TERMINAL_SEQUENCE_MAX 16

/* An escape sequence or UTF-8 character that is not complete yet. */
struct terminal_input {
    uint8_t bytes[TERMINAL_SEQUENCE_MAX];
    uint8_t count;
};
extern const struct state_table terminal_input_state;

/* Takes one byte; writes at most two keys (an ESC that was none, and what came after it) and returns how many. */
unsigned terminal_decode(struct terminal_input *input, uint8_t byte, struct key keys[2]);
/* Nothing came for a while: what is there is complete.  Returns 0 or 1 keys: ESC. */
unsigned terminal_timeout(struct terminal_input *input, struct key keys[1]);
static inline bool terminal_waits(const struct terminal_input *input)
{
    return input->count > 0;
}

#endif
