/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The UEFI shim as boards use it. */
#ifndef GALVANIC_FIRMWARE_UEFI_SHIM_H
#define GALVANIC_FIRMWARE_UEFI_SHIM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware/uefi/config.h"

struct uefi;

/*
 * Makes the shim and adds it to the machine as the device "uefi"; @config is copied, what it points to (disks'
 * contents, PCI bus) lives as long as the machine.  NULL with @error: a variable store that cannot be used.
 */
struct uefi *uefi_new(const struct uefi_config *config, GError **error);
/* From machine_board_hooks.reset, after PCI resources are assigned: tables in memory, CPU 0 in the boot manager. */
void uefi_reset(struct uefi *uefi);
/* From machine_board_hooks.hypercall.  False: it was none of the shim's stubs. */
bool uefi_hypercall(struct uefi *uefi, struct cpu *cpu, uint32_t immediate);
/* From machine_board_hooks.boundary. */
void uefi_boundary(struct uefi *uefi);
/*
 * Handle, base and size of loaded images by address (symbols, reports); NULL: none there.  Valid until the guest runs.
 */
const char *uefi_image_name(struct uefi *uefi, uint64_t address, uint64_t *base);

#endif
