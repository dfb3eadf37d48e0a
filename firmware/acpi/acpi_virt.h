/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables of the virt board. */
#ifndef GALVANIC_FIRMWARE_ACPI_ACPI_VIRT_H
#define GALVANIC_FIRMWARE_ACPI_ACPI_VIRT_H

#include <glib.h>

#include "firmware/virt_description.h"

/*
 * The bytes that belong at guest address @base (a multiple of 64, below 4 GiB for systems that look at 32-bit pointers, as
 * Redox does).  Their number depends on @board, not on @base.  @rsdp: address of the root.  The caller frees.  The devices of
 * the DSDT stand where QEMU's virt has them, whatever @board says.
 */
GByteArray *acpi_virt_build(const struct virt_description *board, uint64_t base, uint64_t *rsdp);

#endif
