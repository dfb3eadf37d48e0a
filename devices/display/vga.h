/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The register file of a VGA: kept, read back, and with the side effects that guests rely on when they look for a
 * display; nothing is drawn from it.  IBM VGA, as in the FreeVGA documentation.
 */
#ifndef GALVANIC_DEVICES_DISPLAY_VGA_H
#define GALVANIC_DEVICES_DISPLAY_VGA_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/state/state.h"

enum { VGA_FIRST_PORT = 0x3B0, VGA_COLOUR_PORT = 0x3C0, VGA_END_PORT = 0x3E0 };

struct vga {
    uint8_t attribute_index, attribute[21];
    bool attribute_data; /* the next write to 3C0 is data */
    uint8_t miscellaneous, feature, enable;
    uint8_t sequencer_index, sequencer[8];
    uint8_t graphics_index, graphics[16];
    uint8_t crtc_index, crtc[32];
    uint8_t dac_mask, dac_index, dac_component;
    bool dac_reading;
    uint8_t palette[768]; /* R G B, 6 or 8 bits as the owner has it */
};

extern const struct state_table vga_state;

void vga_reset(struct vga *vga);
/* @now: virtual time in ns, for the retrace bits. */
uint8_t vga_read(struct vga *vga, uint16_t port, int64_t now);
/* @eight_bits: the DAC is 8 bits wide. */
void vga_write(struct vga *vga, uint16_t port, uint8_t value, bool eight_bits);
/* The palette is connected to the attribute controller: not blank. */
bool vga_unblanked(const struct vga *vga);

#endif
