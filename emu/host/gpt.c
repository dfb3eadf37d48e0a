/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GUID partition table.  UEFI 2.10 section 5.3. */
#include "emu/bytes.h"
#include "emu/host/partition.h"

#include <string.h>
#include <zlib.h>

enum { /* the header's fields */
       HEADER_SIGNATURE = 0,
       HEADER_REVISION = 8,
       HEADER_SIZE = 12,
       HEADER_CRC = 16,
       HEADER_MY_LBA = 24,
       HEADER_ALTERNATE_LBA = 32,
       HEADER_FIRST_USABLE = 40,
       HEADER_LAST_USABLE = 48,
       HEADER_DISK_GUID = 56,
       HEADER_ENTRIES_LBA = 72,
       HEADER_ENTRY_COUNT = 80,
       HEADER_ENTRY_SIZE = 84,
       HEADER_ENTRIES_CRC = 88,
       HEADER_END = 92,
};
enum { /* an entry's fields */
       ENTRY_TYPE = 0,
       ENTRY_UNIQUE = 16,
       ENTRY_FIRST = 32,
       ENTRY_LAST = 40,
       ENTRY_ATTRIBUTES = 48,
       ENTRY_NAME = 56,
       ENTRY_END = 128,
};
#define ENTRY_NAME_UNITS 36
#define ENTRIES_BYTES_MAX (1024u * 1024) /* 8192 entries of the usual size */
#define BLOCK_SIZE_MAX 4096
#define MBR_TYPE_PROTECTIVE 0xEE

static const uint8_t system_partition_type[16] = {0x28, 0x73, 0x2A, 0xC1, 0x1F, 0xF8, 0xD2, 0x11,
                                                  0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B};

struct header {
    uint64_t alternate, first_usable, last_usable, entries_lba;
    uint32_t entry_count, entry_size;
    uint8_t disk_guid[16];
    uint8_t *entries; /* entry_count x entry_size bytes */
};

struct disk {
    struct block *block;
    uint32_t block_size;
    uint64_t last_lba;
};

/* Reads and checks the entries; NULL: fine, else what is wrong. */
static const char *read_entries(const struct disk *disk, const uint8_t *raw, struct header *header)
{
    uint64_t length = (uint64_t)header->entry_count * header->entry_size;

    if (header->entry_size < ENTRY_END || header->entry_size % ENTRY_END || header->entry_size > BLOCK_SIZE_MAX ||
        (header->entry_size & (header->entry_size - 1)))
        return "has entries of an impossible size";
    if (header->entry_count == 0 || length > ENTRIES_BYTES_MAX)
        return "has an impossible number of entries";
    if (header->entries_lba < 2 || header->entries_lba > disk->last_lba)
        return "points at entries outside the disk";
    header->entries = g_malloc(length);
    if (!block_read(disk->block, header->entries_lba * disk->block_size, header->entries, length))
        return "has entries that cannot be read";
    if (crc32(0, header->entries, (uInt)length) != get_le32(raw + HEADER_ENTRIES_CRC))
        return "has entries with a wrong checksum";
    return NULL;
}

/*
 * Reads and checks the header at @lba.  NULL: fine, else what is wrong with it; *@present: it has at least the
 * signature.
 */
static const char *read_header(const struct disk *disk, uint64_t lba, struct header *header, bool *present)
{
    uint8_t raw[BLOCK_SIZE_MAX];
    uint32_t size, crc;

    memset(header, 0, sizeof(*header));
    *present = false;
    if (lba > disk->last_lba || !block_read(disk->block, lba * disk->block_size, raw, disk->block_size))
        return "lies outside the disk";
    if (memcmp(raw + HEADER_SIGNATURE, "EFI PART", 8) != 0)
        return "is missing";
    *present = true;
    size = get_le32(raw + HEADER_SIZE);
    if (size < HEADER_END || size > disk->block_size)
        return "has an impossible size";
    crc = get_le32(raw + HEADER_CRC);
    memset(raw + HEADER_CRC, 0, 4);
    if (crc32(0, raw, size) != crc)
        return "has a wrong checksum";
    if (get_le32(raw + HEADER_REVISION) >> 16 != 1)
        return "is of an unknown revision";
    if (get_le64(raw + HEADER_MY_LBA) != lba)
        return "stands in the wrong place";
    header->alternate = get_le64(raw + HEADER_ALTERNATE_LBA);
    header->first_usable = get_le64(raw + HEADER_FIRST_USABLE);
    header->last_usable = get_le64(raw + HEADER_LAST_USABLE);
    header->entries_lba = get_le64(raw + HEADER_ENTRIES_LBA);
    header->entry_count = get_le32(raw + HEADER_ENTRY_COUNT);
    header->entry_size = get_le32(raw + HEADER_ENTRY_SIZE);
    memcpy(header->disk_guid, raw + HEADER_DISK_GUID, sizeof(header->disk_guid));
    return read_entries(disk, raw, header);
}

/* A protective MBR says that there should be a GPT. */
static bool has_protective_mbr(const struct disk *disk)
{
    uint8_t mbr[512];

    if (!block_read(disk->block, 0, mbr, sizeof(mbr)) || mbr[510] != 0x55 || mbr[511] != 0xAA)
        return false;
    for (unsigned i = 0; i < 4; i++) {
        if (mbr[446 + i * 16 + 4] == MBR_TYPE_PROTECTIVE)
            return true;
    }
    return false;
}

static gint compare_offsets(gconstpointer a, gconstpointer b)
{
    const struct partition *left = *(struct partition *const *)a, *right = *(struct partition *const *)b;

    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

static bool check_overlap(const struct disk *disk, GArray *partitions, GError **error)
{
    GPtrArray *sorted = g_ptr_array_new();
    bool good = true;

    for (unsigned i = 0; i < partitions->len; i++)
        g_ptr_array_add(sorted, &g_array_index(partitions, struct partition, i));
    g_ptr_array_sort(sorted, compare_offsets);
    for (unsigned i = 1; i < sorted->len && good; i++) {
        const struct partition *left = sorted->pdata[i - 1], *right = sorted->pdata[i];

        good = right->offset >= left->offset + left->size;
        if (!good)
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "%s: partitions %u and %u overlap: the partition table is broken", block_path(disk->block),
                        MIN(left->number, right->number), MAX(left->number, right->number));
    }
    g_ptr_array_free(sorted, TRUE);
    return good;
}

static bool add_entry(const struct disk *disk, const struct header *header, uint32_t index, GArray *out, GError **error)
{
    static const uint8_t unused[16];
    const uint8_t *raw = header->entries + (size_t)index * header->entry_size;
    uint64_t first = get_le64(raw + ENTRY_FIRST), last = get_le64(raw + ENTRY_LAST);
    struct partition partition = {.number = index + 1};

    if (memcmp(raw + ENTRY_TYPE, unused, sizeof(unused)) == 0)
        return true;
    if (first > last || last > disk->last_lba) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: partition %u %s", block_path(disk->block), index + 1,
                    first > last ? "ends before it begins: the partition table is broken"
                                 : "reaches past the end of the disk: is the image cut off?");
        return false;
    }
    if (first < header->first_usable || last > header->last_usable) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: partition %u lies outside the usable part of the disk: the partition table is broken",
                    block_path(disk->block), index + 1);
        return false;
    }
    partition.offset = first * disk->block_size;
    partition.size = (last - first + 1) * disk->block_size;
    partition.attributes = get_le64(raw + ENTRY_ATTRIBUTES);
    memcpy(partition.type_guid, raw + ENTRY_TYPE, 16);
    memcpy(partition.unique_guid, raw + ENTRY_UNIQUE, 16);
    for (unsigned i = 0; i < ENTRY_NAME_UNITS; i++)
        partition.name[i] = get_le16(raw + ENTRY_NAME + i * 2);
    partition.system = memcmp(partition.type_guid, system_partition_type, 16) == 0;
    g_array_append_val(out, partition);
    return true;
}

static bool use_header(const struct disk *disk, const struct header *header, struct partition_table *table,
                       GError **error)
{
    memcpy(table->disk_guid, header->disk_guid, sizeof(table->disk_guid));
    for (uint32_t i = 0; i < header->entry_count; i++) {
        if (!add_entry(disk, header, i, table->partitions, error))
            return false;
    }
    return check_overlap(disk, table->partitions, error);
}

bool gpt_read(struct block *block, uint32_t block_size_, struct partition_table *table, GError **error)
{
    struct disk disk = {.block = block, .block_size = block_size_};
    struct header primary, backup;
    const char *primary_problem, *backup_problem;
    bool primary_present, backup_present, good = false;

    if (block_size(block) < 3ull * disk.block_size || disk.block_size > BLOCK_SIZE_MAX)
        return false;
    disk.last_lba = block_size(block) / disk.block_size - 1;
    primary_problem = read_header(&disk, 1, &primary, &primary_present);
    backup_problem = read_header(&disk, primary_problem ? disk.last_lba : primary.alternate, &backup, &backup_present);
    if (!primary_problem) {
        good = use_header(&disk, &primary, table, error);
        if (good && backup_problem)
            table->warning = g_strdup_printf("%s: the second GPT header %s; the first one serves", block_path(block),
                                             backup_problem);
    } else if (!backup_problem) {
        good = use_header(&disk, &backup, table, error);
        if (good)
            table->warning = g_strdup_printf("%s: the first GPT header %s; the second one serves", block_path(block),
                                             primary_problem);
    } else if (primary_present || backup_present || has_protective_mbr(&disk)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: the first GPT header %s and the second one %s: no partition can be found", block_path(block),
                    primary_problem, backup_problem);
    }
    g_free(primary.entries);
    g_free(backup.entries);
    return good;
}
