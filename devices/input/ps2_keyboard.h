/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keyboard behind the i8042: IBM PS/2 keyboard with 102 keys and more, scan code sets 1 to 3. */
#ifndef GALVANIC_DEVICES_INPUT_PS2_KEYBOARD_H
#define GALVANIC_DEVICES_INPUT_PS2_KEYBOARD_H

#include "devices/input/ps2_link.h"

struct ps2_keyboard;

/*
 * The machine owns the result.  Keys come from the journal source "keyboard", events as in key_codes.h.  @available is
 * the controller's, see ps2_link.h.
 */
struct ps2_keyboard *ps2_keyboard_new(struct machine *machine, const char *id, void (*available)(void *opaque),
                                      void *opaque);
struct ps2_link *ps2_keyboard_link(struct ps2_keyboard *keyboard);
/* A byte from the controller. */
void ps2_keyboard_write(struct ps2_keyboard *keyboard, uint8_t byte);
/* Scroll Lock, Num Lock, Caps Lock in bits 0 to 2. */
uint8_t ps2_keyboard_leds(const struct ps2_keyboard *keyboard);

#endif
