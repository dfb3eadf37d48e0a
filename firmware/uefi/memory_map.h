/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware's map of physical memory: pages, their types and attributes (UEFI 2.10, section 7.2).  Pure
 * bookkeeping; touches no guest memory.
 */
#ifndef GALVANIC_FIRMWARE_UEFI_MEMORY_MAP_H
#define GALVANIC_FIRMWARE_UEFI_MEMORY_MAP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "emu/state/state.h"
#include "firmware/uefi/status.h"

#define EFI_PAGE_SIZE 4096u
#define EFI_PAGES(bytes) (((bytes) + EFI_PAGE_SIZE - 1) / EFI_PAGE_SIZE)

#define EFI_MEMORY_UC 0x1u
#define EFI_MEMORY_WC 0x2u
#define EFI_MEMORY_WT 0x4u
#define EFI_MEMORY_WB 0x8u
#define EFI_MEMORY_WP 0x1000u
#define EFI_MEMORY_RP 0x2000u
#define EFI_MEMORY_XP 0x4000u
#define EFI_MEMORY_RO 0x20000u
#define EFI_MEMORY_RUNTIME 0x8000000000000000u

/* What guests get: struct EFI_MEMORY_DESCRIPTOR, padded so that they do not assume its size. */
#define EFI_MEMORY_DESCRIPTOR_VERSION 1
#define EFI_MEMORY_DESCRIPTOR_SIZE 48

struct memory_map_entry {
    uint64_t start, pages;
    uint64_t attributes;
    uint32_t type;    /* enum efi_memory_type, or an OEM or OS one (0x70000000 and up) */
    bool allocatable; /* RAM that the page allocator hands out and takes back */
};

struct memory_map;

struct memory_map *memory_map_new(void);
void memory_map_free(struct memory_map *map);
void memory_map_clear(struct memory_map *map);

/* Describes [@start, @start + @pages * 4096), replacing what was said of it before. */
void memory_map_set(struct memory_map *map, uint64_t start, uint64_t pages, uint32_t type, uint64_t attributes,
                    bool allocatable);

/* Allocation of conventional memory; the new type's attributes follow from the type. */
enum memory_map_allocate { MEMORY_MAP_ANY, MEMORY_MAP_BELOW, MEMORY_MAP_AT };
/*
 * @address: AT: where; BELOW: the last byte must not lie above it; out: where it is.  @granularity: pages, a power of
 * two (1 or 16), to which start and length are rounded for types that want it. EFI_OUT_OF_RESOURCES, EFI_NOT_FOUND
 * (AT: not free), EFI_INVALID_PARAMETER.
 */
efi_status memory_map_allocate(struct memory_map *map, enum memory_map_allocate how, uint32_t type, uint64_t pages,
                               uint64_t granularity, uint64_t *address);
/* EFI_NOT_FOUND: (part of) the range is not allocated; EFI_INVALID_PARAMETER: not page aligned, no pages. */
efi_status memory_map_release(struct memory_map *map, uint64_t address, uint64_t pages);
/* The entry that covers @address, or NULL. */
const struct memory_map_entry *memory_map_find(const struct memory_map *map, uint64_t address);
/* Entries in the order of their addresses, equal neighbours joined; NULL past the last. */
const struct memory_map_entry *memory_map_entry(const struct memory_map *map, unsigned index);
unsigned memory_map_count(const struct memory_map *map);
/* Changes with each change of the map. */
uint64_t memory_map_key(const struct memory_map *map);
/* All descriptors as GetMemoryMap() gives them. */
void memory_map_descriptors(const struct memory_map *map, GByteArray *out);

void memory_map_save(const struct memory_map *map, struct state_writer *out);
bool memory_map_load(struct memory_map *map, struct state_reader *in);

#endif
