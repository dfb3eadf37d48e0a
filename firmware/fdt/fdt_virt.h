/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device tree of the virt board.  Devicetree Specification 0.4 and the bindings of Linux. */
#ifndef GALVANIC_FIRMWARE_FDT_FDT_VIRT_H
#define GALVANIC_FIRMWARE_FDT_FDT_VIRT_H

#include <glib.h>

#include "firmware/virt_description.h"

/* What /chosen tells the kernel. */
struct fdt_chosen {
    const char *command_line;          /* NULL: none */
    uint64_t initrd_start, initrd_end; /* equal: none */
    uint8_t seed[40];                  /* kaslr-seed (8 bytes), rng-seed (32) */
};

/* The blob; the caller frees. */
GBytes *fdt_virt_build(const struct virt_description *board, const struct fdt_chosen *chosen);

#endif
