/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot images on an ISO 9660 disc.  El Torito specification 1.0 (1995), with section entries for platform 0xEF as in
 * UEFI 2.10 section 13.3.2.1.
 */
#include "emu/bytes.h"
#include "emu/host/partition.h"

#include <string.h>

#define SECTOR 2048u
#define VIRTUAL_SECTOR 512u
#define FIRST_DESCRIPTOR 16
#define DESCRIPTORS_MAX 64
#define CATALOG_ENTRIES_MAX 64 /* one sector */
#define ENTRY_LENGTH 32

enum { /* volume descriptors */
       DESCRIPTOR_TYPE = 0,
       DESCRIPTOR_ID = 1,
       DESCRIPTOR_VERSION = 6,
       BOOT_SYSTEM_ID = 7,
       BOOT_CATALOG = 71,
       PRIMARY_SPACE = 80,
};
#define DESCRIPTOR_BOOT 0
#define DESCRIPTOR_PRIMARY 1
#define DESCRIPTOR_END 255

enum { /* the catalog */
       VALIDATION_ID = 0,
       VALIDATION_PLATFORM = 1,
       VALIDATION_KEY = 30,
       SECTION_PLATFORM = 1,
       SECTION_COUNT = 2,
       IMAGE_INDICATOR = 0,
       IMAGE_MEDIA = 1,
       IMAGE_SECTORS = 6,
       IMAGE_START = 8,
};
#define ID_VALIDATION 0x01
#define ID_SECTION 0x90
#define ID_LAST_SECTION 0x91
#define ID_EXTENSION 0x44
#define ID_BOOTABLE 0x88
#define PLATFORM_EFI 0xEF
#define MEDIA_MASK 0x0F
#define MEDIA_NO_EMULATION 0

/* The catalog's sector and the volume's length in sectors; false: no disc with boot images. */
static bool find_catalog(struct block *block, uint32_t *catalog, uint32_t *space)
{
    uint8_t descriptor[SECTOR];
    bool found = false;

    *space = 0;
    for (unsigned i = 0; i < DESCRIPTORS_MAX; i++) {
        uint64_t offset = (uint64_t)(FIRST_DESCRIPTOR + i) * SECTOR;

        if (offset + SECTOR > block_size(block) || !block_read(block, offset, descriptor, SECTOR) ||
            memcmp(descriptor + DESCRIPTOR_ID, "CD001", 5) != 0 || descriptor[DESCRIPTOR_TYPE] == DESCRIPTOR_END)
            break;
        if (descriptor[DESCRIPTOR_TYPE] == DESCRIPTOR_PRIMARY)
            *space = get_le32(descriptor + PRIMARY_SPACE);
        if (descriptor[DESCRIPTOR_TYPE] == DESCRIPTOR_BOOT && !found &&
            memcmp(descriptor + BOOT_SYSTEM_ID, "EL TORITO SPECIFICATION", 23) == 0) {
            *catalog = get_le32(descriptor + BOOT_CATALOG);
            found = true;
        }
    }
    return found;
}

static bool catalog_valid(const uint8_t *catalog)
{
    uint16_t sum = 0;

    for (unsigned i = 0; i < ENTRY_LENGTH; i += 2)
        sum = (uint16_t)(sum + get_le16(catalog + i));
    return catalog[VALIDATION_ID] == ID_VALIDATION && catalog[VALIDATION_KEY] == 0x55 &&
           catalog[VALIDATION_KEY + 1] == 0xAA && sum == 0;
}

/* The length that a FAT file system at @offset claims for itself, in bytes; 0: none there. */
static uint64_t fat_length(struct block *block, uint64_t offset)
{
    uint8_t boot[512];
    uint32_t sectors;

    if (!block_read(block, offset, boot, sizeof(boot)) || boot[510] != 0x55 || boot[511] != 0xAA ||
        (boot[0] != 0xEB && boot[0] != 0xE9))
        return 0;
    sectors = get_le16(boot + 19);
    return (uint64_t)(sectors ? sectors : get_le32(boot + 32)) * get_le16(boot + 11);
}

static void add_image(struct block *block, const uint8_t *entry, uint32_t index, bool efi, uint32_t space, GArray *out)
{
    uint64_t start = (uint64_t)get_le32(entry + IMAGE_START) * SECTOR;
    uint64_t end = MIN((uint64_t)space * SECTOR, block_size(block));
    uint64_t length = (uint64_t)get_le16(entry + IMAGE_SECTORS) * VIRTUAL_SECTOR, claimed;
    struct partition partition = {.number = index, .offset = start, .system = efi};

    if (space == 0)
        end = block_size(block);
    if (start < (uint64_t)FIRST_DESCRIPTOR * SECTOR || start >= end)
        return;
    /* 16 bits of sectors are too few for many images: then makers write 0 or 1, or what is left of the count. */
    claimed = fat_length(block, start);
    if (length < 2 * VIRTUAL_SECTOR)
        length = claimed ? claimed : end - start;
    length = (MAX(length, claimed) + SECTOR - 1) / SECTOR * SECTOR;
    partition.size = MIN(length, end - start) / VIRTUAL_SECTOR * VIRTUAL_SECTOR;
    g_array_append_val(out, partition);
}

static void read_catalog(struct block *block, const uint8_t *catalog, uint32_t space, GArray *out)
{
    bool efi = catalog[VALIDATION_PLATFORM] == PLATFORM_EFI;
    uint32_t index = 0, left = 1; /* the initial entry */

    for (unsigned i = 1; i < CATALOG_ENTRIES_MAX; i++) {
        const uint8_t *entry = catalog + i * ENTRY_LENGTH;

        if (left > 0) {
            if (entry[IMAGE_INDICATOR] == ID_EXTENSION)
                continue;
            if (entry[IMAGE_INDICATOR] == ID_BOOTABLE && (entry[IMAGE_MEDIA] & MEDIA_MASK) == MEDIA_NO_EMULATION)
                add_image(block, entry, index, efi, space, out);
            index++;
            left--;
        } else if (entry[0] == ID_SECTION || entry[0] == ID_LAST_SECTION) {
            efi = entry[SECTION_PLATFORM] == PLATFORM_EFI;
            left = get_le16(entry + SECTION_COUNT);
        } else if (entry[0] != ID_EXTENSION) {
            break;
        }
    }
}

bool el_torito_read(struct block *block, struct partition_table *table, GError **error)
{
    uint8_t catalog[SECTOR];
    uint32_t sector, space;

    (void)error; /* a disc without boot images is still a disc */
    if (!find_catalog(block, &sector, &space) || !block_read(block, (uint64_t)sector * SECTOR, catalog, SECTOR) ||
        !catalog_valid(catalog))
        return false;
    read_catalog(block, catalog, space, table->partitions);
    return table->partitions->len > 0;
}
