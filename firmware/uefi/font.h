/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console's font: glyphs of 8 x 16 pixels. */
#ifndef GALVANIC_FIRMWARE_UEFI_FONT_H
#define GALVANIC_FIRMWARE_UEFI_FONT_H

#include <stdbool.h>
#include <stdint.h>

#define FONT_WIDTH 8
#define FONT_HEIGHT 16

/*
 * Fills @rows, top to bottom, the leftmost pixel in the highest bit.  False: there is no glyph for @unit, and @rows is
 * that of the replacement character.
 */
bool font_glyph(uint16_t unit, uint8_t rows[FONT_HEIGHT]);

#endif
