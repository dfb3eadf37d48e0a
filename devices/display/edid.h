/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a monitor tells of itself.  VESA E-EDID 1.4. */
#ifndef GALVANIC_DEVICES_DISPLAY_EDID_H
#define GALVANIC_DEVICES_DISPLAY_EDID_H

#include <stdint.h>

enum { EDID_SIZE = 128 };

/*
 * Fills a base block for a monitor whose preferred mode is @width x @height at 60 Hz; each is brought into 64..4095,
 * the pixel clock into what the block can hold.
 */
void edid_generate(uint8_t edid[EDID_SIZE], uint32_t width, uint32_t height);

#endif
