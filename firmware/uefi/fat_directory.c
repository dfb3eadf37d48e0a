/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories of a FAT volume: entries, long names, paths.  Microsoft FAT specification 1.03, "FAT Directory
 * Structure".
 */
#include "emu/bytes.h"
#include "firmware/uefi/fat_internal.h"

#include <string.h>

static uint64_t directory_capacity(const struct fat *fat)
{
    return MIN((uint64_t)FAT_DIRECTORY_MAX * FAT_ENTRY_SIZE, (uint64_t)fat->clusters * fat->cluster_size);
}

static enum fat_status append(struct fat *fat, uint64_t offset, uint32_t length, GByteArray *out)
{
    guint old = out->len;

    g_byte_array_set_size(out, old + length);
    return fat_disk_read(fat, offset, out->data + old, length);
}

static uint32_t chain_start(const struct fat *fat, uint32_t directory)
{
    return directory == 0 && fat->bits == 32 ? fat->root_cluster : directory;
}

enum fat_status fat_directory_load(struct fat *fat, uint32_t directory, GByteArray *out)
{
    uint32_t cluster = chain_start(fat, directory);
    enum fat_status status;

    g_byte_array_set_size(out, 0);
    if (cluster == 0)
        return append(fat, fat->root_offset, fat->root_entries * FAT_ENTRY_SIZE, out);
    if (!fat_cluster_valid(fat, cluster))
        return FAT_CORRUPT;
    while (cluster != 0) {
        if (out->len >= directory_capacity(fat))
            return FAT_CORRUPT; /* a loop */
        status = append(fat, fat_cluster_offset(fat, cluster), fat->cluster_size, out);
        if (status == FAT_OK)
            status = fat_next(fat, cluster, &cluster);
        if (status != FAT_OK)
            return status;
    }
    return FAT_OK;
}

enum fat_status fat_directory_write(struct fat *fat, uint32_t directory, uint32_t index, const uint8_t *entries,
                                    uint32_t count)
{
    uint64_t position = (uint64_t)index * FAT_ENTRY_SIZE;
    uint32_t left = count * FAT_ENTRY_SIZE, first = chain_start(fat, directory), at_index = 0, at = 0;
    enum fat_status status = FAT_OK;

    if (first == 0) {
        if (index > fat->root_entries || count > fat->root_entries - index)
            return FAT_CORRUPT;
        return fat_disk_write(fat, fat->root_offset + position, entries, left);
    }
    while (left && status == FAT_OK) {
        uint32_t inside = (uint32_t)(position % fat->cluster_size), piece = MIN(left, fat->cluster_size - inside);

        status = fat_seek(fat, first, (uint32_t)(position / fat->cluster_size), &at_index, &at);
        if (status == FAT_OK)
            status = fat_disk_write(fat, fat_cluster_offset(fat, at) + inside, entries, piece);
        entries += piece;
        position += piece;
        left -= piece;
    }
    return status;
}

/* --- single entries --- */
uint32_t fat_entry_cluster(const struct fat *fat, const uint8_t *entry)
{
    uint32_t low = get_le16(entry + ENTRY_CLUSTER_LOW);

    return fat->bits == 32 ? (uint32_t)get_le16(entry + ENTRY_CLUSTER_HIGH) << 16 | low : low;
}

void fat_entry_set_cluster(struct fat *fat, uint8_t *entry, uint32_t cluster)
{
    put_le16(entry + ENTRY_CLUSTER_LOW, (uint16_t)cluster);
    put_le16(entry + ENTRY_CLUSTER_HIGH, fat->bits == 32 ? (uint16_t)(cluster >> 16) : 0);
}

static bool is_long(const uint8_t *entry)
{
    return (entry[ENTRY_ATTRIBUTES] & 0x3F) == LONG_ATTRIBUTES;
}

/* A file or a directory: in use, no part of a long name, no volume label. */
static bool is_file(const uint8_t *entry)
{
    return entry[0] != ENTRY_FREE && entry[0] != ENTRY_END && !(entry[ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_VOLUME);
}

static void read_time(const uint8_t *entry, int time_offset, int date_offset, struct fat_time *out)
{
    uint16_t date = get_le16(entry + date_offset), time = time_offset < 0 ? 0 : get_le16(entry + time_offset);

    memset(out, 0, sizeof(*out));
    if ((date >> 5 & 15) < 1 || (date >> 5 & 15) > 12 || (date & 31) == 0)
        return;
    out->year = (uint16_t)(1980 + (date >> 9));
    out->month = date >> 5 & 15;
    out->day = date & 31;
    out->hour = MIN(time >> 11, 23);
    out->minute = MIN(time >> 5 & 63, 59);
    out->second = (uint8_t)MIN((time & 31) * 2, 58);
}

static void read_times(const uint8_t *entry, struct fat_info *info)
{
    uint8_t hundredths = MIN(entry[ENTRY_CREATED_HUNDREDTHS], 199);

    read_time(entry, ENTRY_CREATED_TIME, ENTRY_CREATED_DATE, &info->created);
    if (info->created.year) {
        info->created.second = (uint8_t)(info->created.second + hundredths / 100);
        info->created.hundredths = hundredths % 100;
    }
    read_time(entry, -1, ENTRY_ACCESSED_DATE, &info->accessed);
    read_time(entry, ENTRY_MODIFIED_TIME, ENTRY_MODIFIED_DATE, &info->modified);
}

void fat_entry_stamp(const struct fat_time *time, uint8_t *entry, int time_offset, int date_offset)
{
    unsigned year = time->year < 1980 ? 0 : MIN(time->year - 1980u, 127u);
    unsigned month = time->month ? time->month : 1, day = time->day ? time->day : 1;

    put_le16(entry + date_offset, (uint16_t)(year << 9 | month << 5 | day));
    if (time_offset >= 0)
        put_le16(entry + time_offset, (uint16_t)(time->hour << 11 | time->minute << 5 | time->second / 2));
}

/* --- long names --- */
static const uint8_t long_unit_offset[LONG_UNITS] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};

unsigned fat_long_name(const GByteArray *directory, uint32_t index, uint16_t *name)
{
    uint16_t text[LONG_ENTRIES_MAX * LONG_UNITS + 1];
    uint8_t checksum = fat_name_checksum(directory->data + (size_t)index * FAT_ENTRY_SIZE);
    bool last = false;
    unsigned n = 0;

    while (!last) {
        const uint8_t *entry;

        if (n >= index || n >= LONG_ENTRIES_MAX)
            return 0;
        n++;
        entry = directory->data + (size_t)(index - n) * FAT_ENTRY_SIZE;
        if (!is_long(entry) || (entry[LONG_ORDINAL] & 0x3F) != n || entry[LONG_ORDINAL] == ENTRY_FREE ||
            entry[LONG_CHECKSUM] != checksum)
            return 0;
        last = entry[LONG_ORDINAL] & LONG_LAST;
        for (unsigned i = 0; i < LONG_UNITS; i++)
            text[(n - 1) * LONG_UNITS + i] = get_le16(entry + long_unit_offset[i]);
    }
    text[n * LONG_UNITS] = 0;
    if (fat_name_length(text) == 0 || fat_name_length(text) > FAT_NAME_MAX)
        return 0;
    if (name)
        memcpy(name, text, (fat_name_length(text) + 1) * sizeof(*name));
    return n;
}

void fat_entry_info(const struct fat *fat, const GByteArray *directory, struct fat_node node, struct fat_info *info)
{
    const uint8_t *entry = directory->data + (size_t)node.entry * FAT_ENTRY_SIZE;

    memset(info, 0, sizeof(*info));
    info->node = node;
    if (fat_long_name(directory, node.entry, info->name) == 0)
        fat_name_expand(entry, entry[ENTRY_CASE], info->name);
    info->attributes = entry[ENTRY_ATTRIBUTES] & 0x37;
    info->size = info->attributes & FAT_ATTRIBUTE_DIRECTORY ? 0 : get_le32(entry + ENTRY_SIZE);
    info->first_cluster = fat_entry_cluster(fat, entry);
    read_times(entry, info);
}

uint32_t fat_directory_search(const GByteArray *directory, const uint16_t *name)
{
    uint16_t found[FAT_NAME_MAX + 1];

    for (uint32_t i = 0; i < directory->len / FAT_ENTRY_SIZE; i++) {
        const uint8_t *entry = directory->data + (size_t)i * FAT_ENTRY_SIZE;

        if (entry[0] == ENTRY_END)
            break;
        if (!is_file(entry))
            continue;
        if (fat_long_name(directory, i, found) && fat_name_equal(found, name))
            return i;
        fat_name_expand(entry, 0, found);
        if (fat_name_equal(found, name))
            return i;
    }
    return FAT_NO_ENTRY;
}

/* --- nodes --- */
static bool is_root(struct fat_node node)
{
    return node.entry == FAT_NO_ENTRY;
}

/* Byte offset of an entry in the volume. */
static enum fat_status entry_place(struct fat *fat, struct fat_node node, uint64_t *offset)
{
    uint64_t position = (uint64_t)node.entry * FAT_ENTRY_SIZE;
    uint32_t first = chain_start(fat, node.directory), at_index = 0, at = 0;
    enum fat_status status;

    if (node.entry >= FAT_DIRECTORY_MAX || (first == 0 && node.entry >= fat->root_entries))
        return FAT_NOT_FOUND;
    if (first == 0) {
        *offset = fat->root_offset + position;
        return FAT_OK;
    }
    status = fat_seek(fat, first, (uint32_t)(position / fat->cluster_size), &at_index, &at);
    if (status == FAT_OK)
        *offset = fat_cluster_offset(fat, at) + position % fat->cluster_size;
    return status;
}

enum fat_status fat_entry_load(struct fat *fat, struct fat_node node, uint8_t entry[FAT_ENTRY_SIZE])
{
    uint64_t offset = 0;
    enum fat_status status = entry_place(fat, node, &offset);

    if (status == FAT_OK)
        status = fat_disk_read(fat, offset, entry, FAT_ENTRY_SIZE);
    if (status == FAT_OK && !is_file(entry))
        status = FAT_NOT_FOUND;
    return status;
}

enum fat_status fat_entry_store(struct fat *fat, struct fat_node node, const uint8_t *entry)
{
    uint64_t offset = 0;
    enum fat_status status = entry_place(fat, node, &offset);

    return status == FAT_OK ? fat_disk_write(fat, offset, entry, FAT_ENTRY_SIZE) : status;
}

enum fat_status fat_directory_cluster(struct fat *fat, struct fat_node node, uint32_t *cluster)
{
    uint8_t entry[FAT_ENTRY_SIZE];
    enum fat_status status;

    *cluster = 0;
    if (is_root(node))
        return FAT_OK;
    status = fat_entry_load(fat, node, entry);
    if (status != FAT_OK)
        return status;
    if (!(entry[ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_DIRECTORY))
        return FAT_NOT_A_DIRECTORY;
    *cluster = fat_entry_cluster(fat, entry);
    if (*cluster == 0 && entry[0] != '.')
        return FAT_CORRUPT;
    if (fat->bits == 32 && *cluster == fat->root_cluster)
        *cluster = 0;
    return FAT_OK;
}

enum fat_status fat_directory_parent(struct fat *fat, uint32_t directory, uint32_t *parent)
{
    static const uint8_t dots[11] = {'.', '.', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
    uint8_t entry[FAT_ENTRY_SIZE];
    enum fat_status status;

    *parent = 0;
    if (directory == 0)
        return FAT_OK;
    status = fat_entry_load(fat, (struct fat_node){directory, 1}, entry);
    if (status == FAT_NOT_FOUND || (status == FAT_OK && memcmp(entry, dots, sizeof(dots)) != 0))
        return FAT_CORRUPT;
    if (status == FAT_OK) {
        *parent = fat_entry_cluster(fat, entry);
        if (fat->bits == 32 && *parent == fat->root_cluster)
            *parent = 0;
    }
    return status;
}

/* The node of the directory whose contents start at @cluster: its entry in the directory above. */
static enum fat_status directory_node(struct fat *fat, uint32_t cluster, struct fat_node *node)
{
    enum fat_status status;
    GByteArray *bytes;

    *node = FAT_ROOT;
    if (cluster == 0)
        return FAT_OK;
    status = fat_directory_parent(fat, cluster, &node->directory);
    if (status != FAT_OK)
        return status;
    bytes = g_byte_array_new();
    status = fat_directory_load(fat, node->directory, bytes);
    for (uint32_t i = 0; status == FAT_OK && i < bytes->len / FAT_ENTRY_SIZE && node->entry == FAT_NO_ENTRY; i++) {
        const uint8_t *entry = bytes->data + (size_t)i * FAT_ENTRY_SIZE;

        if (entry[0] == ENTRY_END)
            break;
        if (is_file(entry) && entry[0] != '.' && entry[ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_DIRECTORY &&
            fat_entry_cluster(fat, entry) == cluster)
            node->entry = i;
    }
    g_byte_array_free(bytes, TRUE);
    if (status == FAT_OK && node->entry == FAT_NO_ENTRY)
        status = FAT_CORRUPT;
    return status;
}

enum fat_status fat_parent(struct fat *fat, struct fat_node node, struct fat_node *parent)
{
    fat_begin(fat);
    *parent = FAT_ROOT;
    return is_root(node) ? FAT_OK : directory_node(fat, node.directory, parent);
}

enum fat_status fat_stat(struct fat *fat, struct fat_node node, struct fat_info *info)
{
    GByteArray *bytes;
    enum fat_status status;

    fat_begin(fat);
    memset(info, 0, sizeof(*info));
    info->node = node;
    if (is_root(node)) {
        info->attributes = FAT_ATTRIBUTE_DIRECTORY;
        info->first_cluster = fat->bits == 32 ? fat->root_cluster : 0;
        return FAT_OK;
    }
    bytes = g_byte_array_new();
    status = fat_directory_load(fat, node.directory, bytes);
    if (status == FAT_OK &&
        (node.entry >= bytes->len / FAT_ENTRY_SIZE || !is_file(bytes->data + (size_t)node.entry * FAT_ENTRY_SIZE)))
        status = FAT_NOT_FOUND;
    if (status == FAT_OK)
        fat_entry_info(fat, bytes, node, info);
    g_byte_array_free(bytes, TRUE);
    return status;
}

enum fat_status fat_read_directory(struct fat *fat, struct fat_node directory, uint32_t *cursor, struct fat_info *info)
{
    GByteArray *bytes = g_byte_array_new();
    struct fat_node node = {0, *cursor};
    enum fat_status status;

    fat_begin(fat);
    status = fat_directory_cluster(fat, directory, &node.directory);
    if (status == FAT_OK)
        status = fat_directory_load(fat, node.directory, bytes);
    if (status == FAT_OK) {
        status = FAT_END;
        for (; node.entry < bytes->len / FAT_ENTRY_SIZE; node.entry++) {
            const uint8_t *entry = bytes->data + (size_t)node.entry * FAT_ENTRY_SIZE;

            if (entry[0] == ENTRY_END)
                break;
            if (is_file(entry)) {
                fat_entry_info(fat, bytes, node, info);
                *cursor = node.entry + 1;
                status = FAT_OK;
                break;
            }
        }
    }
    g_byte_array_free(bytes, TRUE);
    return status;
}

/* --- paths --- */
/* Takes the next component off *@path; false at the end of the path, or (*@bad) when it is too long. */
static bool next_component(const uint16_t **path, uint16_t *name, bool *bad)
{
    unsigned length = 0;

    while (**path == '\\')
        (*path)++;
    while ((*path)[length] && (*path)[length] != '\\')
        length++;
    *bad = length > FAT_NAME_MAX;
    if (length == 0 || *bad)
        return false;
    memcpy(name, *path, length * sizeof(*name));
    name[length] = 0;
    *path += length;
    return true;
}

static bool is_dots(const uint16_t *name, unsigned count)
{
    return name[0] == '.' && (count == 1 ? name[1] == 0 : name[1] == '.' && name[2] == 0);
}

static enum fat_status step(struct fat *fat, struct fat_node *node, const uint16_t *name)
{
    uint16_t clean[FAT_NAME_MAX + 1];
    GByteArray *bytes;
    uint32_t cluster;
    enum fat_status status = fat_directory_cluster(fat, *node, &cluster);

    if (status != FAT_OK || is_dots(name, 1))
        return status;
    if (is_dots(name, 2))
        return fat_parent(fat, *node, node);
    if (fat_name_check(name, clean) != FAT_OK)
        return FAT_NOT_FOUND;
    bytes = g_byte_array_new();
    status = fat_directory_load(fat, cluster, bytes);
    if (status == FAT_OK) {
        *node = (struct fat_node){cluster, fat_directory_search(bytes, clean)};
        if (is_root(*node))
            status = FAT_NOT_FOUND;
    }
    g_byte_array_free(bytes, TRUE);
    return status;
}

enum fat_status fat_find(struct fat *fat, struct fat_node start, const uint16_t *path, struct fat_info *info)
{
    struct fat_node node = *path == '\\' ? FAT_ROOT : start;
    uint16_t name[FAT_NAME_MAX + 1];
    enum fat_status status = FAT_OK;
    bool bad;

    fat_begin(fat);
    while (status == FAT_OK && next_component(&path, name, &bad))
        status = step(fat, &node, name);
    if (status == FAT_OK && bad)
        status = FAT_NOT_FOUND;
    return status == FAT_OK ? fat_stat(fat, node, info) : status;
}

enum fat_status fat_find_parent(struct fat *fat, struct fat_node start, const uint16_t *path, struct fat_node *parent,
                                uint16_t *name)
{
    uint16_t next[FAT_NAME_MAX + 1];
    enum fat_status status = FAT_OK;
    uint32_t cluster;
    bool bad;

    fat_begin(fat);
    *parent = *path == '\\' ? FAT_ROOT : start;
    if (!next_component(&path, name, &bad))
        return FAT_BAD_NAME;
    while (status == FAT_OK && next_component(&path, next, &bad)) {
        status = step(fat, parent, name);
        memcpy(name, next, sizeof(next));
    }
    if (status == FAT_OK && (bad || is_dots(name, 1) || is_dots(name, 2)))
        status = FAT_BAD_NAME;
    return status == FAT_OK ? fat_directory_cluster(fat, *parent, &cluster) : status;
}
