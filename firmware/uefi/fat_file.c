/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The contents of files on a FAT volume: read, write, size.  Microsoft FAT specification 1.03. */
#include "emu/bytes.h"
#include "firmware/uefi/fat_internal.h"

#include <string.h>

#define FILE_SIZE_MAX 0xFFFFFFFFu
#define ZERO_PIECE (1024u * 1024)

void fat_file_open(struct fat_file *file, struct fat_node node)
{
    *file = (struct fat_file){.node = node};
}

static enum fat_status load_file(struct fat *fat, struct fat_node node, uint8_t entry[FAT_ENTRY_SIZE])
{
    enum fat_status status;

    if (node.entry == FAT_NO_ENTRY)
        return FAT_IS_A_DIRECTORY;
    status = fat_entry_load(fat, node, entry);
    if (status == FAT_OK && entry[ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_DIRECTORY)
        status = FAT_IS_A_DIRECTORY;
    return status;
}

/*
 * The longest run of clusters that stand one behind the other on the disk, from the one with @position on, @wanted
 * bytes at most. *@offset: where @position is in the volume; *@length: bytes from there.
 */
static enum fat_status find_run(struct fat *fat, struct fat_file *file, uint32_t first, uint64_t position,
                                uint64_t wanted, uint64_t *offset, uint64_t *length)
{
    uint32_t inside = (uint32_t)(position % fat->cluster_size), cluster, next;
    enum fat_status status;

    if (file->hint_generation != fat->generation) {
        file->hint_generation = fat->generation;
        file->hint_cluster = 0;
    }
    status = fat_seek(fat, first, (uint32_t)(position / fat->cluster_size), &file->hint_index, &file->hint_cluster);
    if (status != FAT_OK)
        return status;
    cluster = file->hint_cluster;
    *offset = fat_cluster_offset(fat, cluster) + inside;
    *length = fat->cluster_size - inside;
    while (*length < wanted) {
        status = fat_next(fat, cluster, &next);
        if (status != FAT_OK)
            return status;
        if (next != cluster + 1)
            break;
        cluster = next;
        file->hint_cluster = cluster;
        file->hint_index++;
        *length += fat->cluster_size;
    }
    *length = MIN(*length, wanted);
    return FAT_OK;
}

enum fat_status fat_read(struct fat *fat, struct fat_file *file, void *buffer, uint64_t *length)
{
    uint64_t wanted = *length, offset, run;
    uint8_t entry[FAT_ENTRY_SIZE], *to = buffer;
    enum fat_status status;
    uint32_t size;

    *length = 0;
    fat_begin(fat);
    status = load_file(fat, file->node, entry);
    if (status != FAT_OK)
        return status;
    size = get_le32(entry + ENTRY_SIZE);
    wanted = file->position >= size ? 0 : MIN(wanted, size - file->position);
    while (wanted && status == FAT_OK) {
        status = find_run(fat, file, fat_entry_cluster(fat, entry), file->position, wanted, &offset, &run);
        if (status == FAT_OK)
            status = fat_disk_read(fat, offset, to, run);
        if (status == FAT_OK) {
            to += run;
            wanted -= run;
            file->position += run;
            *length += run;
        }
    }
    return status;
}

/* Writes @length bytes inside the chain, zeros if @from is NULL. */
static enum fat_status write_inside(struct fat *fat, struct fat_file *file, uint32_t first, uint64_t position,
                                    const uint8_t *from, uint64_t length)
{
    uint8_t *zeros = from ? NULL : g_malloc0(MIN(length, ZERO_PIECE));
    enum fat_status status = FAT_OK;
    uint64_t offset, run;

    while (length && status == FAT_OK) {
        status = find_run(fat, file, first, position, from ? length : MIN(length, ZERO_PIECE), &offset, &run);
        if (status == FAT_OK)
            status = fat_disk_write(fat, offset, from ? from : zeros, run);
        if (status != FAT_OK)
            break;
        from = from ? from + run : NULL;
        position += run;
        length -= run;
    }
    g_free(zeros);
    return status;
}

/* Gives the file's chain room for @size bytes; @entry's first cluster may change.  *@added: there are new clusters. */
static enum fat_status reserve(struct fat *fat, struct fat_file *file, uint8_t *entry, uint64_t size,
                               uint32_t *old_last, bool *added)
{
    uint32_t old_size = get_le32(entry + ENTRY_SIZE), first = fat_entry_cluster(fat, entry), start = 0;
    uint32_t have = (uint32_t)(((uint64_t)old_size + fat->cluster_size - 1) / fat->cluster_size);
    uint32_t need = (uint32_t)((size + fat->cluster_size - 1) / fat->cluster_size);
    enum fat_status status;

    *old_last = 0;
    *added = need > have;
    if (!*added)
        return FAT_OK;
    if (have) {
        uint64_t offset, run;

        status = find_run(fat, file, first, (uint64_t)(have - 1) * fat->cluster_size, 1, &offset, &run);
        if (status != FAT_OK)
            return status;
        *old_last = file->hint_cluster;
    }
    /* Clusters past the end that someone left allocated would be linked out: give them back. */
    if (have == 0 && fat_cluster_valid(fat, first))
        status = fat_shorten(fat, first, 0);
    else
        status = have ? fat_shorten(fat, first, *old_last) : FAT_OK;
    if (status == FAT_OK)
        status = fat_extend(fat, *old_last, need - have, false, &start);
    if (status == FAT_OK && have == 0)
        fat_entry_set_cluster(fat, entry, start);
    return status;
}

static void stamp_modified(struct fat *fat, uint8_t *entry)
{
    fat_entry_stamp(&fat->now, entry, ENTRY_MODIFIED_TIME, ENTRY_MODIFIED_DATE);
    fat_entry_stamp(&fat->now, entry, -1, ENTRY_ACCESSED_DATE);
    entry[ENTRY_ATTRIBUTES] |= FAT_ATTRIBUTE_ARCHIVE;
}

/* Extends with zeros up to @position, then writes @length bytes (if @from is not NULL) there. */
static enum fat_status write_at(struct fat *fat, struct fat_file *file, uint8_t *entry, uint64_t position,
                                const uint8_t *from, uint64_t length)
{
    uint64_t old_size = get_le32(entry + ENTRY_SIZE), end = position + length;
    enum fat_status status;
    uint32_t last, first;
    bool added;

    if (block_read_only(fat->block))
        return FAT_READ_ONLY;
    if (position > FILE_SIZE_MAX || length > FILE_SIZE_MAX - position)
        return FAT_FULL;
    status = reserve(fat, file, entry, end, &last, &added);
    if (status != FAT_OK)
        return status;
    first = fat_entry_cluster(fat, entry);
    if (position > old_size)
        status = write_inside(fat, file, first, old_size, NULL, position - old_size);
    if (status == FAT_OK)
        status = write_inside(fat, file, first, position, from, length);
    if (status != FAT_OK) {
        if (added)
            fat_shorten(fat, first, last);
        return status;
    }
    if (end > old_size)
        put_le32(entry + ENTRY_SIZE, (uint32_t)end);
    stamp_modified(fat, entry);
    return fat_entry_store(fat, file->node, entry);
}

enum fat_status fat_write(struct fat *fat, struct fat_file *file, const void *buffer, uint64_t length)
{
    uint8_t entry[FAT_ENTRY_SIZE];
    enum fat_status status;

    fat_begin(fat);
    status = load_file(fat, file->node, entry);
    if (status != FAT_OK || length == 0)
        return status;
    status = write_at(fat, file, entry, file->position, buffer, length);
    if (status == FAT_OK)
        file->position += length;
    return status;
}

static enum fat_status truncate(struct fat *fat, struct fat_file *file, uint8_t *entry, uint64_t size)
{
    uint32_t first = fat_entry_cluster(fat, entry), keep = 0;
    enum fat_status status = FAT_OK;

    if (block_read_only(fat->block))
        return FAT_READ_ONLY;
    if (size > 0) {
        uint64_t offset, run;

        status = find_run(fat, file, first, size - 1, 1, &offset, &run);
        if (status != FAT_OK)
            return status;
        keep = file->hint_cluster;
    } else {
        fat_entry_set_cluster(fat, entry, 0);
    }
    put_le32(entry + ENTRY_SIZE, (uint32_t)size);
    stamp_modified(fat, entry);
    status = fat_entry_store(fat, file->node, entry);
    if (status == FAT_OK && fat_cluster_valid(fat, first))
        status = fat_shorten(fat, first, keep);
    return status;
}

enum fat_status fat_set_size(struct fat *fat, struct fat_node node, uint64_t size)
{
    uint8_t entry[FAT_ENTRY_SIZE];
    struct fat_file file;
    enum fat_status status;
    uint64_t old_size;

    fat_begin(fat);
    fat_file_open(&file, node);
    status = load_file(fat, node, entry);
    if (status != FAT_OK)
        return status;
    old_size = get_le32(entry + ENTRY_SIZE);
    if (size == old_size)
        return FAT_OK;
    return size < old_size ? truncate(fat, &file, entry, size) : write_at(fat, &file, entry, size, NULL, 0);
}

void fat_volume_geometry(const struct fat *fat, struct fat_volume_info *info)
{
    *info = (struct fat_volume_info){
        .bits = fat->bits,
        .cluster_size = fat->cluster_size,
        .volume_size = (uint64_t)fat->clusters * fat->cluster_size,
        .serial = fat->serial,
        .read_only = block_read_only(fat->block),
    };
}

enum fat_status fat_volume_info(struct fat *fat, struct fat_volume_info *info)
{
    enum fat_status status;
    uint32_t free = 0;

    fat_begin(fat);
    status = fat_count_free(fat, &free);
    fat_volume_geometry(fat, info);
    info->free_size = (uint64_t)free * fat->cluster_size;
    return status;
}
