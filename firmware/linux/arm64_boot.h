/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Direct boot on aarch64, without firmware: a Linux Image, plain or compressed by gzip.  Linux Documentation/arm64/booting.rst. */
#ifndef GALVANIC_FIRMWARE_LINUX_ARM64_BOOT_H
#define GALVANIC_FIRMWARE_LINUX_ARM64_BOOT_H

#include "emu/machine.h"

struct arm64_boot {
    struct machine *machine;
    GBytes *kernel;               /* an Image, as arm64_boot_unpack() gives it; not owned */
    const char *kernel_name;      /* for messages */
    GBytes *initrd;               /* NULL: none */
    uint64_t memory, memory_size; /* RAM in one piece; a multiple of 2 MiB begins it */
    /* The device tree with an initrd at [@initrd, @end), equal: none; the caller frees it. */
    GBytes *(*build_fdt)(void *opaque, uint64_t initrd, uint64_t end);
    void *opaque;
};

/* The Image in a file, which is checked; NULL with @error, naming it. */
GBytes *arm64_boot_unpack(GBytes *file, const char *name, GError **error);
/* Puts kernel, initrd and device tree into guest memory and CPU 0 at the entry.  False with @error: they do not fit. */
bool arm64_boot_start(const struct arm64_boot *boot, GError **error);

#endif
