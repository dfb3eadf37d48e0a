/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GALVANIC_DEVICES_DISPLAY_SCREENSHOT_H
#define GALVANIC_DEVICES_DISPLAY_SCREENSHOT_H

#include <glib.h>
#include <stdbool.h>

#include "devices/display/scanout.h"

/*
 * Writes what @source shows to the PNG file @path, 8-bit RGB.  False with @error: nothing is shown, or the file cannot
 * be written; no half file is left then.
 */
bool screenshot_write(const struct scanout_source *source, const char *path, GError **error);
/* One line of @width pixels as bytes R G B. */
void screenshot_convert_line(const struct scanout *scanout, uint32_t y, uint8_t *rgb);

#endif
