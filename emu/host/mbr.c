/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The master boot record and its chain of logical partitions.  UEFI 2.10 section 5.2. */
#include "emu/bytes.h"
#include "emu/host/partition.h"

#include <string.h>

enum { /* of the record */
       MBR_SIGNATURE = 440,
       MBR_ENTRIES = 446,
       MBR_MARK = 510,
};
enum { /* of an entry */
       ENTRY_INDICATOR = 0,
       ENTRY_TYPE = 4,
       ENTRY_FIRST = 8,
       ENTRY_COUNT = 12,
       ENTRY_SIZE = 16,
};
#define TYPE_EXTENDED 0x05
#define TYPE_EXTENDED_LBA 0x0F
#define TYPE_EXTENDED_LINUX 0x85
#define TYPE_EFI_SYSTEM 0xEF
#define LOGICAL_MAX 128

static bool is_extended(uint8_t type)
{
    return type == TYPE_EXTENDED || type == TYPE_EXTENDED_LBA || type == TYPE_EXTENDED_LINUX;
}

static bool read_record(struct block *block, uint64_t lba, uint32_t block_size_, uint8_t record[512])
{
    return lba * block_size_ + 512 <= block_size(block) && block_read(block, lba * block_size_, record, 512) &&
           record[MBR_MARK] == 0x55 && record[MBR_MARK + 1] == 0xAA;
}

/* A boot sector of a file system has the same mark; its code is hardly ever a list of partitions. */
static bool is_partition_table(const uint8_t *record, uint64_t blocks)
{
    unsigned used = 0;

    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *entry = record + MBR_ENTRIES + i * ENTRY_SIZE;

        if (entry[ENTRY_INDICATOR] & 0x7F)
            return false;
        if (entry[ENTRY_TYPE] == 0 || get_le32(entry + ENTRY_COUNT) == 0)
            continue;
        if (get_le32(entry + ENTRY_FIRST) >= blocks)
            return false;
        used++;
    }
    return used > 0;
}

static bool add(struct block *block, uint32_t block_size_, uint32_t number, uint8_t type, uint64_t first,
                uint64_t count, GArray *out, GError **error)
{
    struct partition partition = {
        .number = number,
        .offset = first * block_size_,
        .size = count * block_size_,
        .type = type,
        .system = type == TYPE_EFI_SYSTEM,
    };

    if (partition.offset > block_size(block) || partition.size > block_size(block) - partition.offset) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: partition %u reaches past the end of the disk: is the image cut off?", block_path(block),
                    number);
        return false;
    }
    for (unsigned i = 0; i < out->len; i++) {
        const struct partition *other = &g_array_index(out, struct partition, i);

        if (partition.offset < other->offset + other->size && other->offset < partition.offset + partition.size) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "%s: partitions %u and %u overlap: the partition table is broken", block_path(block),
                        other->number, number);
            return false;
        }
    }
    g_array_append_val(out, partition);
    return true;
}

/* The logical partitions in the extended one at @start.  A link must lead forward, so that the chain ends. */
static bool add_logical(struct block *block, uint32_t block_size_, uint64_t start, uint32_t *number, GArray *out,
                        GError **error)
{
    uint64_t at = start;
    uint8_t record[512];

    for (unsigned i = 0; i < LOGICAL_MAX && read_record(block, at, block_size_, record); i++) {
        const uint8_t *entry = record + MBR_ENTRIES, *link = entry + ENTRY_SIZE;
        uint64_t next = start + get_le32(link + ENTRY_FIRST);

        if (entry[ENTRY_TYPE] && get_le32(entry + ENTRY_COUNT) &&
            !add(block, block_size_, (*number)++, entry[ENTRY_TYPE], at + get_le32(entry + ENTRY_FIRST),
                 get_le32(entry + ENTRY_COUNT), out, error))
            return false;
        if (!is_extended(link[ENTRY_TYPE]) || next <= at)
            break;
        at = next;
    }
    return true;
}

bool mbr_read(struct block *block, uint32_t block_size_, struct partition_table *table, GError **error)
{
    uint8_t record[512];
    uint32_t logical = 5;

    if (!read_record(block, 0, block_size_, record) || !is_partition_table(record, block_size(block) / block_size_))
        return false;
    memcpy(table->mbr_signature, record + MBR_SIGNATURE, sizeof(table->mbr_signature));
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < 4; i++) {
            const uint8_t *entry = record + MBR_ENTRIES + i * ENTRY_SIZE;
            uint8_t type = entry[ENTRY_TYPE];
            uint32_t first = get_le32(entry + ENTRY_FIRST), count = get_le32(entry + ENTRY_COUNT);

            if (type == 0 || count == 0 || is_extended(type) != (pass == 1))
                continue;
            if (pass == 0 && !add(block, block_size_, i + 1, type, first, count, table->partitions, error))
                return false;
            if (pass == 1 && !add_logical(block, block_size_, first, &logical, table->partitions, error))
                return false;
        }
    }
    return true;
}
