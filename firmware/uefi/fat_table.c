/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The allocation table of a FAT volume: chains, their growth and their end.  Microsoft FAT specification 1.03. */
#include "emu/bytes.h"
#include "firmware/uefi/fat_internal.h"

#include <string.h>

enum {
    INFO_SIGNATURE = 0,
    INFO_SIGNATURE_2 = 484,
    INFO_FREE = 488,
    INFO_NEXT = 492,
    INFO_SIGNATURE_3 = 508,
};
#define INFO_UNKNOWN 0xFFFFFFFFu

enum fat_status fat_disk_read(struct fat *fat, uint64_t offset, void *buffer, size_t length)
{
    if (offset > fat->size || length > fat->size - offset)
        return FAT_CORRUPT;
    return block_read(fat->block, fat->offset + offset, buffer, length) ? FAT_OK : FAT_DISK_ERROR;
}

enum fat_status fat_disk_write(struct fat *fat, uint64_t offset, const void *buffer, size_t length)
{
    if (block_read_only(fat->block))
        return FAT_READ_ONLY;
    if (offset > fat->size || length > fat->size - offset)
        return FAT_CORRUPT;
    return block_write(fat->block, fat->offset + offset, buffer, length) ? FAT_OK : FAT_DISK_ERROR;
}

/* --- the window on the table --- */
void fat_begin(struct fat *fat)
{
    fat->window_valid = false;
    fat->window_dirty = false;
}

enum fat_status fat_commit(struct fat *fat)
{
    enum fat_status status = FAT_OK;

    if (!fat->window_valid || !fat->window_dirty)
        return FAT_OK;
    for (unsigned i = 0; i < fat->tables; i++) {
        /* The active one last: until it is written, the old state holds. */
        unsigned table = (fat->active_table + 1 + i) % fat->tables;
        uint64_t offset = fat->table_offset + table * fat->table_size + fat->window_start;

        if (table != fat->active_table && !fat->mirrored)
            continue;
        if (status == FAT_OK)
            status = fat_disk_write(fat, offset, fat->window, fat->window_length);
    }
    fat->window_dirty = false;
    return status;
}

/* Makes @position, a byte of the table, visible in the window; *@bytes points at it. */
static enum fat_status window_load(struct fat *fat, uint64_t position, uint8_t **bytes)
{
    uint64_t start = fat->bits == 12 ? 0 : position / FAT_WINDOW_SIZE * FAT_WINDOW_SIZE;
    enum fat_status status;

    if (!fat->window_valid || fat->window_start != start) {
        status = fat_commit(fat);
        if (status != FAT_OK)
            return status;
        fat->window_valid = false;
        fat->window_start = start;
        fat->window_length = (uint32_t)MIN((uint64_t)FAT_WINDOW_SIZE, fat->table_size - start);
        status = fat_disk_read(fat, fat->table_offset + fat->active_table * fat->table_size + start, fat->window,
                               fat->window_length);
        if (status != FAT_OK)
            return status;
        fat->window_valid = true;
    }
    *bytes = fat->window + (position - start);
    return FAT_OK;
}

static uint64_t link_position(const struct fat *fat, uint32_t cluster)
{
    return (uint64_t)cluster * fat->bits / 8;
}

/* The raw link of a valid cluster number. */
static enum fat_status link_get(struct fat *fat, uint32_t cluster, uint32_t *link)
{
    uint8_t *bytes;
    enum fat_status status = window_load(fat, link_position(fat, cluster), &bytes);

    if (status != FAT_OK)
        return status;
    if (fat->bits == 12)
        *link = cluster & 1 ? get_le16(bytes) >> 4 : get_le16(bytes) & 0xFFF;
    else if (fat->bits == 16)
        *link = get_le16(bytes);
    else
        *link = get_le32(bytes) & 0x0FFFFFFF;
    return FAT_OK;
}

static enum fat_status link_set(struct fat *fat, uint32_t cluster, uint32_t link)
{
    uint8_t *bytes;
    enum fat_status status = window_load(fat, link_position(fat, cluster), &bytes);
    uint16_t old;

    if (status != FAT_OK)
        return status;
    if (fat->bits == 12) {
        old = get_le16(bytes);
        put_le16(bytes,
                 cluster & 1 ? (uint16_t)((old & 0x000F) | link << 4) : (uint16_t)((old & 0xF000) | (link & 0xFFF)));
    } else if (fat->bits == 16) {
        put_le16(bytes, (uint16_t)link);
    } else {
        put_le32(bytes, (get_le32(bytes) & 0xF0000000) | (link & 0x0FFFFFFF));
    }
    fat->window_dirty = true;
    return FAT_OK;
}

static uint32_t end_of_chain(const struct fat *fat)
{
    return fat->bits == 12 ? 0xFFF : fat->bits == 16 ? 0xFFFF : 0x0FFFFFFF;
}

enum fat_status fat_next(struct fat *fat, uint32_t cluster, uint32_t *next)
{
    uint32_t link;
    enum fat_status status;

    if (!fat_cluster_valid(fat, cluster))
        return FAT_CORRUPT;
    status = link_get(fat, cluster, &link);
    if (status != FAT_OK)
        return status;
    if (link >= end_of_chain(fat) - 7) {
        *next = 0;
        return FAT_OK;
    }
    if (!fat_cluster_valid(fat, link))
        return FAT_CORRUPT;
    *next = link;
    return FAT_OK;
}

enum fat_status fat_seek(struct fat *fat, uint32_t first, uint32_t index, uint32_t *at_index, uint32_t *at)
{
    uint32_t cluster = first, i = 0;

    if (index >= fat->clusters || !fat_cluster_valid(fat, first))
        return FAT_CORRUPT;
    if (*at != 0 && *at_index <= index) {
        cluster = *at;
        i = *at_index;
    }
    for (; i < index; i++) {
        enum fat_status status = fat_next(fat, cluster, &cluster);

        if (status != FAT_OK)
            return status;
        if (cluster == 0)
            return FAT_CORRUPT;
    }
    *at_index = index;
    *at = cluster;
    return FAT_OK;
}

/* --- FSInfo --- */
/* False: there is none, or it is not valid. */
static bool info_load(struct fat *fat, uint8_t sector[512])
{
    return fat->info_offset && fat_disk_read(fat, fat->info_offset, sector, 512) == FAT_OK &&
           get_le32(sector + INFO_SIGNATURE) == 0x41615252 && get_le32(sector + INFO_SIGNATURE_2) == 0x61417272 &&
           get_le32(sector + INFO_SIGNATURE_3) == 0xAA550000;
}

/* Keeps the count of free clusters in step; @next: where to look for free ones next, 0 to leave it. */
static enum fat_status info_update(struct fat *fat, int64_t change, uint32_t next)
{
    uint8_t sector[512];
    uint32_t free;

    if (!info_load(fat, sector))
        return FAT_OK;
    free = get_le32(sector + INFO_FREE);
    if (free <= fat->clusters && (int64_t)free + change >= 0 && (int64_t)free + change <= (int64_t)fat->clusters)
        put_le32(sector + INFO_FREE, (uint32_t)((int64_t)free + change));
    else
        put_le32(sector + INFO_FREE, INFO_UNKNOWN);
    if (next)
        put_le32(sector + INFO_NEXT, next);
    return fat_disk_write(fat, fat->info_offset, sector, sizeof(sector));
}

enum fat_status fat_count_free(struct fat *fat, uint32_t *count)
{
    uint8_t sector[512];
    uint32_t link;

    if (info_load(fat, sector) && get_le32(sector + INFO_FREE) <= fat->clusters) {
        *count = get_le32(sector + INFO_FREE);
        return FAT_OK;
    }
    *count = 0;
    for (uint32_t i = 0; i < fat->clusters; i++) {
        enum fat_status status = link_get(fat, i + 2, &link);

        if (status != FAT_OK)
            return status;
        *count += link == 0;
    }
    return FAT_OK;
}

/* --- growth --- */
static uint32_t search_start(struct fat *fat, uint32_t last)
{
    uint8_t sector[512];

    if (last)
        return last;
    if (info_load(fat, sector) && fat_cluster_valid(fat, get_le32(sector + INFO_NEXT)))
        return get_le32(sector + INFO_NEXT);
    return 2;
}

/* Appends the numbers of @count free clusters to @found. */
static enum fat_status find_free(struct fat *fat, uint32_t last, uint32_t count, GArray *found)
{
    uint32_t start = search_start(fat, last) - 2, link;

    for (uint32_t i = 0; i < fat->clusters && found->len < count; i++) {
        uint32_t cluster = 2 + (uint32_t)(((uint64_t)start + i) % fat->clusters);
        enum fat_status status = link_get(fat, cluster, &link);

        if (status != FAT_OK)
            return status;
        if (link == 0)
            g_array_append_val(found, cluster);
    }
    return found->len == count ? FAT_OK : FAT_FULL;
}

static enum fat_status clear_cluster(struct fat *fat, uint32_t cluster)
{
    uint8_t *zeros = g_malloc0(fat->cluster_size);
    enum fat_status status = fat_disk_write(fat, fat_cluster_offset(fat, cluster), zeros, fat->cluster_size);

    g_free(zeros);
    return status;
}

static enum fat_status link_all(struct fat *fat, uint32_t last, const GArray *found)
{
    uint32_t link = end_of_chain(fat);
    enum fat_status status = FAT_OK;

    /* From the end: a chain that is visible is a complete one. */
    for (unsigned i = found->len; i-- > 0 && status == FAT_OK;) {
        uint32_t cluster = g_array_index(found, uint32_t, i);

        status = link_set(fat, cluster, link);
        link = cluster;
    }
    if (status == FAT_OK && last)
        status = link_set(fat, last, link);
    return status == FAT_OK ? fat_commit(fat) : status;
}

enum fat_status fat_extend(struct fat *fat, uint32_t last, uint32_t count, bool clear, uint32_t *first)
{
    enum fat_status status;
    GArray *found;

    if (block_read_only(fat->block))
        return FAT_READ_ONLY;
    if (count == 0 || count > fat->clusters)
        return FAT_FULL;
    found = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    status = find_free(fat, last, count, found);
    for (unsigned i = 0; clear && i < count && status == FAT_OK; i++)
        status = clear_cluster(fat, g_array_index(found, uint32_t, i));
    if (status == FAT_OK)
        status = link_all(fat, last, found);
    if (status == FAT_OK) {
        *first = g_array_index(found, uint32_t, 0);
        status = info_update(fat, -(int64_t)count, g_array_index(found, uint32_t, count - 1));
    }
    g_array_free(found, TRUE);
    return status;
}

enum fat_status fat_shorten(struct fat *fat, uint32_t first, uint32_t keep)
{
    enum fat_status status = FAT_OK;
    uint32_t cluster = first, freed = 0;

    if (block_read_only(fat->block))
        return FAT_READ_ONLY;
    if (keep) {
        status = fat_next(fat, keep, &cluster);
        if (status != FAT_OK || cluster == 0)
            return status;
    }
    fat->generation++; /* what open files know of chains may no longer hold */
    if (keep)
        status = link_set(fat, keep, end_of_chain(fat));
    /* A cluster is free once it was visited, so that a loop ends where it closes. */
    while (status == FAT_OK && cluster != 0) {
        uint32_t link;

        status = link_get(fat, cluster, &link);
        if (status != FAT_OK || link == 0)
            break;
        status = link_set(fat, cluster, 0);
        freed++;
        cluster = fat_cluster_valid(fat, link) ? link : 0;
    }
    if (status == FAT_OK)
        status = fat_commit(fat);
    if (status == FAT_OK)
        status = info_update(fat, freed, 0);
    return status;
}
