/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which architecture an image is made for: from the loaders on its EFI system partitions, or from a kernel's header. */
#ifndef GALVANIC_CLI_DETECT_H
#define GALVANIC_CLI_DETECT_H

#include <glib.h>

#include "emu/host/block.h"

enum detected { DETECTED_NOTHING = 0, DETECTED_X86_64 = 1, DETECTED_AARCH64 = 2 };

/*
 * A set of enum detected: the removable-media loaders on any FAT volume of the disk.  With @error set: the partition table
 * cannot be used.
 */
unsigned detect_disk(struct block *block, uint32_t sector, GError **error);
/* From a PE file (EFI application, Linux with EFI stub), an arm64 Image, a bzImage or an ELF file. */
unsigned detect_file(GBytes *file);

#endif
