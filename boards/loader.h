/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boards' firmware has in common: a kernel that is started directly, and what the UEFI shim is told. */
#ifndef GALVANIC_BOARDS_LOADER_H
#define GALVANIC_BOARDS_LOADER_H

#include "boards/board.h"
#include "firmware/smbios/smbios.h"
#include "firmware/uefi/config.h"

/* A kernel with what goes with it; all of it is owned. */
struct board_kernel {
    GBytes *image; /* NULL: firmware boots */
    GBytes *initrd;
    char *name, *append;
};

/* Takes @image; the rest is copied from @config. */
void board_kernel_set(struct board_kernel *kernel, GBytes *image, const struct board_config *config);
void board_kernel_clear(struct board_kernel *kernel);

/* The tables of a machine of which the caller has set product, memory size and ranges. */
GByteArray *board_smbios(struct machine *machine, struct smbios_machine *described, uint64_t base,
                         uint64_t *entry_point_3);

/* Where the board has put a disk. */
struct board_place {
    enum uefi_disk_bus bus;
    uint8_t devfn;
    uint8_t port;
};

/* uefi_new() with what @config says of disks, loaders and variables; @shim has what is the board's own. */
struct uefi *board_uefi(struct uefi_config *shim, const struct board_config *config, const struct board_place *places,
                        GError **error);

#endif
