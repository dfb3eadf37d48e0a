/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A display with a linear framebuffer: PCI 1234:1111, Bochs VBE extensions (DISPI, version 5) by I/O ports 1CE/1CF and
 * by MMIO, EDID, and the registers of a VGA.  16 MiB of video memory in BAR 0, registers in BAR 2.
 */
#ifndef GALVANIC_DEVICES_DISPLAY_BOCHS_DISPLAY_H
#define GALVANIC_DEVICES_DISPLAY_BOCHS_DISPLAY_H

#include "devices/display/edid.h"
#include "devices/display/scanout.h"
#include "devices/pci/pci.h"

struct bochs_display;

/*
 * @width and @height: the monitor's preferred mode, for the EDID; 0: 1280x800.  With @legacy the VGA's ports and its
 * window at 0xA0000 are there too, the latter only if no RAM lies there.
 */
struct bochs_display *bochs_display_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, uint32_t width,
                                        uint32_t height, bool legacy);
struct scanout_source bochs_display_scanout(struct bochs_display *display);
/* As firmware does: sets a linear mode and shows it; @bpp 16, 24 or 32; false: it does not fit into video memory. */
bool bochs_display_set_mode(struct bochs_display *display, uint32_t width, uint32_t height, uint32_t bpp);
/* Where video memory answers, UINT64_MAX: nowhere; and its size in bytes. */
uint64_t bochs_display_framebuffer(const struct bochs_display *display);
uint64_t bochs_display_memory_size(const struct bochs_display *display);
const uint8_t *bochs_display_edid(const struct bochs_display *display); /* EDID_SIZE bytes */

#endif
