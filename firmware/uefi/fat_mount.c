/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounting a FAT volume: the boot sector's geometry, checked.  Microsoft FAT specification 1.03, "Boot Sector and
 * BPB".
 */
#include "emu/bytes.h"
#include "firmware/uefi/fat_internal.h"

#include <string.h>

/* Offsets in the boot sector. */
enum {
    BPB_BYTES_PER_SECTOR = 11,
    BPB_SECTORS_PER_CLUSTER = 13,
    BPB_RESERVED_SECTORS = 14,
    BPB_TABLES = 16,
    BPB_ROOT_ENTRIES = 17,
    BPB_TOTAL_SECTORS_16 = 19,
    BPB_MEDIA = 21,
    BPB_TABLE_SECTORS_16 = 22,
    BPB_TOTAL_SECTORS_32 = 32,
    BPB_SERIAL = 39, /* FAT12, FAT16 */
    BPB_TABLE_SECTORS_32 = 36,
    BPB_FLAGS_32 = 40,
    BPB_VERSION_32 = 42,
    BPB_ROOT_CLUSTER_32 = 44,
    BPB_INFO_SECTOR_32 = 48,
    BPB_BACKUP_SECTOR_32 = 50,
    BPB_SERIAL_32 = 67,
};

#define FLAGS_ACTIVE_TABLE 0x0F
#define FLAGS_NOT_MIRRORED 0x80

#define FAT12_CLUSTERS_MAX 4084u
#define FAT16_CLUSTERS_MAX 65524u
#define FAT32_CLUSTERS_MAX 0x0FFFFFF5u

static bool is_power_of_two(uint32_t value)
{
    return value && !(value & (value - 1));
}

/* What every FAT boot sector has and hardly anything else. */
static bool looks_like_fat(const uint8_t *sector)
{
    uint32_t bytes = get_le16(sector + BPB_BYTES_PER_SECTOR);
    bool jump = sector[0] == 0xEB || sector[0] == 0xE9;
    bool media = sector[BPB_MEDIA] == 0xF0 || sector[BPB_MEDIA] >= 0xF8;

    return jump && media && sector[510] == 0x55 && sector[511] == 0xAA && is_power_of_two(bytes) && bytes >= 512 &&
           bytes <= 4096 && is_power_of_two(sector[BPB_SECTORS_PER_CLUSTER]) &&
           get_le16(sector + BPB_RESERVED_SECTORS) != 0 && sector[BPB_TABLES] >= 1 &&
           sector[BPB_TABLES] <= FAT_TABLES_MAX;
}

static void read_fat32_fields(struct fat *fat, const uint8_t *sector, uint32_t reserved)
{
    uint16_t flags = get_le16(sector + BPB_FLAGS_32);
    uint16_t info = get_le16(sector + BPB_INFO_SECTOR_32);
    uint16_t backup = get_le16(sector + BPB_BACKUP_SECTOR_32);

    fat->bits = 32;
    fat->root_cluster = get_le32(sector + BPB_ROOT_CLUSTER_32);
    fat->serial = get_le32(sector + BPB_SERIAL_32);
    fat->mirrored = !(flags & FLAGS_NOT_MIRRORED);
    if (!fat->mirrored)
        fat->active_table = flags & FLAGS_ACTIVE_TABLE;
    if (info > 0 && info < reserved)
        fat->info_offset = (uint64_t)info * fat->sector_size;
    if (backup > 0 && backup < reserved)
        fat->backup_offset = (uint64_t)backup * fat->sector_size;
}

/* Bytes that the allocation table needs for all clusters. */
static uint64_t table_bytes_needed(const struct fat *fat)
{
    uint64_t entries = (uint64_t)fat->clusters + 2;

    return (entries * fat->bits + 7) / 8;
}

static const char *check_geometry(struct fat *fat, const uint8_t *sector)
{
    uint32_t reserved = get_le16(sector + BPB_RESERVED_SECTORS);
    uint32_t table_sectors = get_le16(sector + BPB_TABLE_SECTORS_16);
    uint64_t total = get_le16(sector + BPB_TOTAL_SECTORS_16);
    uint64_t root_size;

    fat->sector_size = get_le16(sector + BPB_BYTES_PER_SECTOR);
    fat->cluster_size = fat->sector_size * sector[BPB_SECTORS_PER_CLUSTER];
    fat->tables = sector[BPB_TABLES];
    fat->mirrored = true;
    fat->root_entries = get_le16(sector + BPB_ROOT_ENTRIES);
    if (total == 0)
        total = get_le32(sector + BPB_TOTAL_SECTORS_32);
    if (table_sectors == 0) {
        table_sectors = get_le32(sector + BPB_TABLE_SECTORS_32);
        read_fat32_fields(fat, sector, reserved);
        if (get_le16(sector + BPB_VERSION_32) != 0 || fat->root_entries != 0)
            return "is of an unknown FAT32 version";
    } else {
        fat->serial = get_le32(sector + BPB_SERIAL);
    }
    root_size = ((uint64_t)fat->root_entries * FAT_ENTRY_SIZE + fat->sector_size - 1) / fat->sector_size;
    fat->table_offset = (uint64_t)reserved * fat->sector_size;
    fat->table_size = (uint64_t)table_sectors * fat->sector_size;
    fat->root_offset = fat->table_offset + fat->table_size * fat->tables;
    fat->data_offset = fat->root_offset + root_size * fat->sector_size;
    if (total * fat->sector_size > fat->size)
        return "is larger than the room it stands in: is the image cut off?";
    if (table_sectors == 0 || fat->data_offset + fat->cluster_size > total * fat->sector_size)
        return "has no room for a single cluster";
    total = (total * fat->sector_size - fat->data_offset) / fat->cluster_size;
    if (total > FAT32_CLUSTERS_MAX || (fat->bits != 32 && total > FAT16_CLUSTERS_MAX))
        return "has more clusters than its kind can count";
    fat->clusters = (uint32_t)total;
    if (fat->bits != 32)
        fat->bits = fat->clusters > FAT12_CLUSTERS_MAX ? 16 : 12;
    if (table_bytes_needed(fat) > fat->table_size)
        return "has an allocation table that is too short for its clusters";
    if (fat->bits == 32 && !fat_cluster_valid(fat, fat->root_cluster))
        return "has its root directory outside the volume";
    if (fat->bits != 32 && fat->root_entries == 0)
        return "has no root directory";
    if (fat->active_table >= fat->tables)
        return "names an allocation table that it does not have";
    return NULL;
}

struct fat *fat_mount(struct block *block, uint64_t offset, uint64_t size, GError **error)
{
    uint8_t sector[512];
    const char *problem;
    struct fat *fat;

    if (size < sizeof(sector) || offset > block_size(block) || size > block_size(block) - offset ||
        !block_read(block, offset, sector, sizeof(sector)) || !looks_like_fat(sector)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "%s: no FAT file system at byte %" G_GUINT64_FORMAT,
                    block_path(block), offset);
        return NULL;
    }
    fat = g_new0(struct fat, 1);
    fat->block = block;
    fat->offset = offset;
    fat->size = size;
    fat->generation = 1;
    problem = check_geometry(fat, sector);
    if (problem) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: the FAT file system at byte %" G_GUINT64_FORMAT " %s",
                    block_path(block), offset, problem);
        g_free(fat);
        return NULL;
    }
    return fat;
}

void fat_unmount(struct fat *fat)
{
    g_free(fat);
}

void fat_set_time(struct fat *fat, const struct fat_time *now)
{
    fat->now = *now;
}

void fat_changed(struct fat *fat)
{
    fat->generation++;
}
