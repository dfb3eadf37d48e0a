/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PE32+ images (Microsoft PE/COFF specification, the part that UEFI 2.10 section 2.1.1 uses).  Pure code over bytes.
 */
#ifndef GALVANIC_FIRMWARE_UEFI_PE_H
#define GALVANIC_FIRMWARE_UEFI_PE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define PE_MACHINE_I386 0x014c
#define PE_MACHINE_ARMNT 0x01c4
#define PE_MACHINE_X86_64 0x8664
#define PE_MACHINE_AARCH64 0xaa64
#define PE_MACHINE_RISCV64 0x5064

#define PE_SUBSYSTEM_EFI_APPLICATION 10
#define PE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER 11
#define PE_SUBSYSTEM_EFI_RUNTIME_DRIVER 12

struct pe_image {
    uint16_t machine, subsystem, sections;
    bool relocations_stripped;
    uint64_t base;              /* preferred */
    uint32_t size, header_size; /* in memory; headers in the file */
    uint32_t entry;             /* all addresses are relative to the base */
    uint32_t section_alignment;
    uint32_t relocations, relocations_size; /* 0: none */
    uint32_t section_table;                 /* offset in the file */
};

enum pe_error { PE_ERROR_FORMAT, PE_ERROR_MACHINE };
GQuark pe_error_quark(void);

/*
 * Checks @data of @size bytes and fills @image.  @machine: the type that can be run.  False with @error: what is wrong
 * with "the program"; PE_ERROR_MACHINE names both machine types.
 */
bool pe_parse(const uint8_t *data, size_t size, uint16_t machine, struct pe_image *image, GError **error);
/* Copies headers and sections to @memory, image->size bytes that are zero. */
void pe_load(const struct pe_image *image, const uint8_t *data, size_t size, uint8_t *memory);
/*
 * Applies the base relocations for an image at @memory (image->size bytes) that will run at @address.  False with
 * @error: a table that leads outside, an unknown type, or an image that cannot be moved.
 */
bool pe_relocate(const struct pe_image *image, uint8_t *memory, uint64_t address, GError **error);
/* "x86_64", "aarch64", ... or "machine type 0x1234" in @buffer. */
const char *pe_machine_name(uint16_t machine, char buffer[32]);

#endif
