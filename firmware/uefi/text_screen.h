/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text on a framebuffer of 32-bit pixels (bytes B G R X). */
#ifndef GALVANIC_FIRMWARE_UEFI_TEXT_SCREEN_H
#define GALVANIC_FIRMWARE_UEFI_TEXT_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

/* A text area of @columns x @rows in the middle of a picture; what does not fit is not drawn. */
struct text_screen {
    uint8_t *pixels;
    uint32_t width, height, stride; /* stride in bytes */
    unsigned columns, rows;
    /* Lines of pixels that were changed, @dirty_end exclusive; nothing while @dirty_end is 0. */
    uint32_t dirty_start, dirty_end;
};

/* @attribute: EFI's colours, foreground in bits 0..3, background in bits 4..6. */
void text_screen_draw(struct text_screen *screen, unsigned column, unsigned row, uint16_t unit, uint8_t attribute);
/* Moves everything up by one row and clears the last one. */
void text_screen_scroll(struct text_screen *screen, uint8_t attribute);
/* Clears the whole picture. */
void text_screen_clear(struct text_screen *screen, uint8_t attribute);
/* Inverts the cursor's pixels: twice is nothing. */
void text_screen_invert_cursor(struct text_screen *screen, unsigned column, unsigned row);

#endif
