/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UEFI variables (UEFI 2.10, section 8.2): the rules and the store, without guest memory.  Non-volatile ones live in a
 * file beside the image.
 */
#ifndef GALVANIC_FIRMWARE_UEFI_VARIABLES_H
#define GALVANIC_FIRMWARE_UEFI_VARIABLES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "emu/state/state.h"
#include "firmware/uefi/guid.h"
#include "firmware/uefi/status.h"

#define EFI_VARIABLE_NON_VOLATILE 0x01u
#define EFI_VARIABLE_BOOTSERVICE_ACCESS 0x02u
#define EFI_VARIABLE_RUNTIME_ACCESS 0x04u
#define EFI_VARIABLE_HARDWARE_ERROR_RECORD 0x08u
#define EFI_VARIABLE_AUTHENTICATED_WRITE_ACCESS 0x10u
#define EFI_VARIABLE_TIME_BASED_AUTHENTICATED_WRITE_ACCESS 0x20u
#define EFI_VARIABLE_APPEND_WRITE 0x40u
#define EFI_VARIABLE_ENHANCED_AUTHENTICATED_ACCESS 0x80u

/* Limits that QueryVariableInfo() tells. */
#define VARIABLE_STORE_SIZE 262144u /* non-volatile, and the same again for volatile ones */
#define VARIABLE_SIZE_LIMIT 65536u  /* name and data of one */
#define VARIABLE_NAME_LIMIT 512u    /* characters */

struct variable {
    struct efi_guid vendor;
    uint16_t *name; /* NUL-terminated */
    size_t name_length;
    uint32_t attributes;
    bool read_only; /* guests get EFI_WRITE_PROTECTED */
    bool own;       /* the firmware made it and makes it again at each start: never in the file */
    GByteArray *data;
};

struct variables;

/*
 * @path: the store (NULL: none); a missing file is an empty store.  NULL with @error: a file that is no store of ours,
 * or cannot be read.
 */
struct variables *variables_new(const char *path, bool read_only, GError **error);
void variables_free(struct variables *variables);
/* Power-on: volatile variables and the firmware's own go, non-volatile ones stay. */
void variables_reset(struct variables *variables);

/* The variable, or NULL; @at_runtime: only those with EFI_VARIABLE_RUNTIME_ACCESS. */
const struct variable *variables_find(const struct variables *variables, const struct efi_guid *vendor,
                                      const uint16_t *name, bool at_runtime);
/*
 * What SetVariable() does; the file is written when a non-volatile variable changed.  EFI_DEVICE_ERROR: the host could
 * not write it (the change holds in memory).
 */
efi_status variables_set(struct variables *variables, const struct efi_guid *vendor, const uint16_t *name,
                         uint32_t attributes, const void *data, size_t length, bool at_runtime);
/* The firmware's own variable: replaces, needs no rules, is never written to the file. */
void variables_set_own(struct variables *variables, const struct efi_guid *vendor, const char *name,
                       uint32_t attributes, bool read_only, const void *data, size_t length);
/* The variable after (@vendor, @name), in the order of their making; an empty name: the first.  NULL with *@status. */
const struct variable *variables_next(const struct variables *variables, const struct efi_guid *vendor,
                                      const uint16_t *name, bool at_runtime, efi_status *status);
/* What QueryVariableInfo() tells for @attributes. */
efi_status variables_info(const struct variables *variables, uint32_t attributes, bool at_runtime, uint64_t *maximum,
                          uint64_t *remaining, uint64_t *maximum_one);

void variables_save(const struct variables *variables, struct state_writer *out);
bool variables_load(struct variables *variables, struct state_reader *in);

#endif
