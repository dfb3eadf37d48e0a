/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a screen shows: windows, screenshots and the firmware's text console look at displays through this alone. */
#ifndef GALVANIC_DEVICES_DISPLAY_SCANOUT_H
#define GALVANIC_DEVICES_DISPLAY_SCANOUT_H

#include <stdbool.h>
#include <stdint.h>

enum scanout_format { SCANOUT_XRGB8888 /* bytes B G R X */, SCANOUT_RGB565, SCANOUT_RGB888 /* bytes B G R */ };

struct scanout {
    const uint8_t *pixels;  /* host memory, valid until the machine runs on */
    uint32_t width, height; /* pixels; 0: the screen is off */
    uint32_t stride;        /* bytes a line */
    enum scanout_format format;
};

/* A display device gives one of these; @get fills in what is shown now; false: nothing. */
struct scanout_source {
    bool (*get)(void *opaque, struct scanout *out);
    void *opaque;
};

#endif
