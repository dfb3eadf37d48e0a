/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A framebuffer in the guest's own memory: where it is, the guest writes to the file "etc/ramfb" of the firmware
 * configuration device, 28 bytes, big endian: address, format (a DRM FourCC), flags, width, height, bytes a line.
 */
#ifndef GALVANIC_DEVICES_DISPLAY_RAMFB_H
#define GALVANIC_DEVICES_DISPLAY_RAMFB_H

#include "devices/display/scanout.h"
#include "devices/platform/fw_cfg.h"

#define RAMFB_XRGB8888 0x34325258u /* "XR24" */
#define RAMFB_WIDTH_MAX 8192u
#define RAMFB_HEIGHT_MAX 8192u

struct ramfb;

/* Adds the device "ramfb" and its file. */
struct ramfb *ramfb_new(struct machine *machine, struct fw_cfg *fw_cfg);
struct scanout_source ramfb_scanout(struct ramfb *ramfb);
/* What firmware of the guest would write: 32 bits a pixel, BGRX.  False: not within memory, or too big. */
bool ramfb_set_mode(struct ramfb *ramfb, uint64_t address, uint32_t width, uint32_t height, uint32_t stride);

#endif
