/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text as a person would type it on a US keyboard, for scripts. */
#ifndef GALVANIC_DEVICES_INPUT_TEXT_KEYS_H
#define GALVANIC_DEVICES_INPUT_TEXT_KEYS_H

#include <glib.h>
#include <stdbool.h>

/*
 * Appends the events of typing @text to @out, two bytes an event as the journal source "keyboard" takes them:
 * printable ASCII, newline and carriage return (Enter), tab, backspace (also 0x7F), escape, and Control with a letter
 * for the other control characters from 0x01 to 0x1A.  False with @error, and nothing appended, when a character is on
 * no key.
 */
bool text_keys(const char *text, GByteArray *out, GError **error);

#endif
