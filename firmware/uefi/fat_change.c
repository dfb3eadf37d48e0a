/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to the directories of a FAT volume: create, remove, rename, attributes, volume label.
 * Microsoft FAT specification 1.03.  The order of writes leaves lost clusters at worst when the power goes.
 */
#include "firmware/uefi/fat_internal.h"

#include <string.h>

#include "emu/bytes.h"
#include "firmware/uefi/unicode.h"

#define ALIAS_TRIES 65536u
#define ANCESTORS_MAX 4096u

enum { /* boot sector: label behind the serial number */
       BOOT_LABEL = 43,
       BOOT_LABEL_32 = 71,
};

static const uint8_t long_unit_offset[LONG_UNITS] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};

/* --- times --- */
static void stamp_created(const struct fat_time *time, uint8_t *entry)
{
    fat_entry_stamp(time, entry, ENTRY_CREATED_TIME, ENTRY_CREATED_DATE);
    entry[ENTRY_CREATED_HUNDREDTHS] = (uint8_t)(time->second % 2 * 100 + time->hundredths);
}

static void stamp_all(const struct fat_time *time, uint8_t *entry)
{
    stamp_created(time, entry);
    fat_entry_stamp(time, entry, -1, ENTRY_ACCESSED_DATE);
    fat_entry_stamp(time, entry, ENTRY_MODIFIED_TIME, ENTRY_MODIFIED_DATE);
}

/* --- names --- */
static bool short_name_taken(const GByteArray *directory, const uint8_t *name)
{
    for (uint32_t i = 0; i < directory->len / FAT_ENTRY_SIZE; i++) {
        const uint8_t *entry = directory->data + (size_t)i * FAT_ENTRY_SIZE;

        if (entry[0] == ENTRY_END)
            return false;
        if (!(entry[ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_VOLUME) && memcmp(entry, name, 11) == 0)
            return true;
    }
    return false;
}

static void put_long_entry(const uint16_t *name, unsigned length, unsigned ordinal, bool last, uint8_t checksum,
                           uint8_t *entry)
{
    memset(entry, 0, FAT_ENTRY_SIZE);
    entry[LONG_ORDINAL] = (uint8_t)(ordinal | (last ? LONG_LAST : 0));
    entry[ENTRY_ATTRIBUTES] = LONG_ATTRIBUTES;
    entry[LONG_CHECKSUM] = checksum;
    for (unsigned i = 0; i < LONG_UNITS; i++) {
        unsigned at = (ordinal - 1) * LONG_UNITS + i;

        put_le16(entry + long_unit_offset[i], at < length ? name[at] : at == length ? 0 : 0xFFFF);
    }
}

/*
 * Builds the entries of @name in @out, LONG_ENTRIES_MAX + 1 of them at most; @entry, the short one, is complete but
 * for its name and case.  *@count gets their number.
 */
static enum fat_status build_entries(const GByteArray *directory, const uint16_t *name, const uint8_t *entry,
                                     uint8_t *out, uint32_t *count)
{
    unsigned length = fat_name_length(name), longs = 0;
    struct fat_short_name alias;

    if (!fat_name_is_short(name, &alias)) {
        unsigned n = 1;

        do {
            if (n > ALIAS_TRIES)
                return FAT_FULL;
            fat_name_alias(name, n++, &alias);
        } while (short_name_taken(directory, alias.name));
        longs = (length + LONG_UNITS - 1) / LONG_UNITS;
    }
    for (unsigned i = 0; i < longs; i++)
        put_long_entry(name, length, longs - i, i == 0, fat_name_checksum(alias.name), out + i * FAT_ENTRY_SIZE);
    out += longs * FAT_ENTRY_SIZE;
    memcpy(out, entry, FAT_ENTRY_SIZE);
    memcpy(out, alias.name, sizeof(alias.name));
    out[ENTRY_CASE] = alias.case_flags;
    *count = longs + 1;
    return FAT_OK;
}

/* --- room --- */
/*
 * Where @count free entries begin; they may reach past the directory's end.  *@over_end: they take the place of the
 * end mark, behind which anything may stand.
 */
static uint32_t find_room(const GByteArray *directory, uint32_t count, bool *over_end)
{
    uint32_t total = directory->len / FAT_ENTRY_SIZE, run = 0, i;

    *over_end = false;
    for (i = 0; i < total; i++) {
        uint8_t first = directory->data[(size_t)i * FAT_ENTRY_SIZE];

        if (first == ENTRY_END)
            break;
        run = first == ENTRY_FREE ? run + 1 : 0;
        if (run == count)
            return i + 1 - count;
    }
    *over_end = true;
    return i - run;
}

static enum fat_status grow(struct fat *fat, uint32_t directory, uint32_t needed_entries, GByteArray *bytes)
{
    uint32_t have = bytes->len / fat->cluster_size, need, last = 0, last_index = 0, first;
    enum fat_status status;

    if (needed_entries <= bytes->len / FAT_ENTRY_SIZE)
        return FAT_OK;
    if ((directory == 0 && fat->bits != 32) || needed_entries > FAT_DIRECTORY_MAX)
        return FAT_FULL;
    need = (needed_entries * FAT_ENTRY_SIZE + fat->cluster_size - 1) / fat->cluster_size;
    status = fat_seek(fat, directory ? directory : fat->root_cluster, have - 1, &last_index, &last);
    if (status == FAT_OK)
        status = fat_extend(fat, last, need - have, true, &first);
    if (status == FAT_OK) {
        guint old = bytes->len;

        g_byte_array_set_size(bytes, need * fat->cluster_size);
        memset(bytes->data + old, 0, bytes->len - old);
    }
    return status;
}

/* Puts @name into @directory; @node gets its place. */
static enum fat_status insert(struct fat *fat, uint32_t directory, const uint16_t *name, const uint8_t *entry,
                              struct fat_node *node)
{
    uint8_t entries[(LONG_ENTRIES_MAX + 2) * FAT_ENTRY_SIZE] = {0};
    GByteArray *bytes = g_byte_array_new();
    enum fat_status status = fat_directory_load(fat, directory, bytes);
    uint32_t count = 0, at;
    bool over_end;

    if (status == FAT_OK)
        status = build_entries(bytes, name, entry, entries, &count);
    if (status == FAT_OK) {
        at = find_room(bytes, count, &over_end);
        status = grow(fat, directory, at + count, bytes);
    }
    if (status == FAT_OK) {
        *node = (struct fat_node){directory, at + count - 1};
        if (over_end && at + count < bytes->len / FAT_ENTRY_SIZE)
            count++; /* an end mark */
        status = fat_directory_write(fat, directory, at, entries, count);
    }
    g_byte_array_free(bytes, TRUE);
    return status;
}

/* Marks a node's entries as free. */
static enum fat_status erase(struct fat *fat, struct fat_node node)
{
    GByteArray *bytes = g_byte_array_new();
    enum fat_status status = fat_directory_load(fat, node.directory, bytes);

    if (status == FAT_OK && node.entry >= bytes->len / FAT_ENTRY_SIZE)
        status = FAT_NOT_FOUND;
    if (status == FAT_OK) {
        unsigned longs = fat_long_name(bytes, node.entry, NULL);
        uint8_t *first = bytes->data + (size_t)(node.entry - longs) * FAT_ENTRY_SIZE;

        for (unsigned i = 0; i <= longs; i++)
            first[i * FAT_ENTRY_SIZE] = ENTRY_FREE;
        status = fat_directory_write(fat, node.directory, node.entry - longs, first, longs + 1);
    }
    g_byte_array_free(bytes, TRUE);
    return status;
}

/* FAT_OK: @name is free in @directory, or belongs to @except. */
static enum fat_status check_free(struct fat *fat, uint32_t directory, const uint16_t *name, struct fat_node except)
{
    GByteArray *bytes = g_byte_array_new();
    enum fat_status status = fat_directory_load(fat, directory, bytes);

    if (status == FAT_OK) {
        uint32_t found = fat_directory_search(bytes, name);

        if (found != FAT_NO_ENTRY && !(directory == except.directory && found == except.entry))
            status = FAT_EXISTS;
    }
    g_byte_array_free(bytes, TRUE);
    return status;
}

/* --- create --- */
static enum fat_status new_directory_cluster(struct fat *fat, uint32_t parent, const uint8_t *entry, uint32_t *cluster)
{
    uint8_t dots[2 * FAT_ENTRY_SIZE];
    enum fat_status status = fat_extend(fat, 0, 1, true, cluster);

    if (status != FAT_OK)
        return status;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *dot = dots + i * FAT_ENTRY_SIZE;

        memcpy(dot, entry, FAT_ENTRY_SIZE);
        memset(dot, ' ', 11);
        memset(dot, '.', i + 1);
        fat_entry_set_cluster(fat, dot, i == 0 ? *cluster : parent);
    }
    return fat_disk_write(fat, fat_cluster_offset(fat, *cluster), dots, sizeof(dots));
}

enum fat_status fat_create(struct fat *fat, struct fat_node parent, const uint16_t *name, uint8_t attributes,
                           struct fat_info *info)
{
    uint16_t clean[FAT_NAME_MAX + 1];
    uint8_t entry[FAT_ENTRY_SIZE] = {0};
    struct fat_node node = FAT_ROOT;
    uint32_t directory, cluster = 0;
    enum fat_status status = fat_name_check(name, clean);

    fat_begin(fat);
    if (status == FAT_OK && block_read_only(fat->block))
        status = FAT_READ_ONLY;
    if (status == FAT_OK)
        status = fat_directory_cluster(fat, parent, &directory);
    if (status == FAT_OK)
        status = check_free(fat, directory, clean, FAT_ROOT);
    if (status != FAT_OK)
        return status;
    attributes &= FAT_ATTRIBUTE_READ_ONLY | FAT_ATTRIBUTE_HIDDEN | FAT_ATTRIBUTE_SYSTEM | FAT_ATTRIBUTE_DIRECTORY |
                  FAT_ATTRIBUTE_ARCHIVE;
    stamp_all(&fat->now, entry);
    if (attributes & FAT_ATTRIBUTE_DIRECTORY) {
        entry[ENTRY_ATTRIBUTES] = FAT_ATTRIBUTE_DIRECTORY;
        status = new_directory_cluster(fat, directory, entry, &cluster);
    }
    entry[ENTRY_ATTRIBUTES] = attributes;
    fat_entry_set_cluster(fat, entry, cluster);
    if (status == FAT_OK)
        status = insert(fat, directory, clean, entry, &node);
    if (status != FAT_OK && cluster)
        fat_shorten(fat, cluster, 0);
    return status == FAT_OK ? fat_stat(fat, node, info) : status;
}

/* --- remove --- */
static enum fat_status check_empty(struct fat *fat, uint32_t directory)
{
    GByteArray *bytes = g_byte_array_new();
    enum fat_status status = fat_directory_load(fat, directory, bytes);

    for (uint32_t i = 0; status == FAT_OK && i < bytes->len / FAT_ENTRY_SIZE; i++) {
        const uint8_t *entry = bytes->data + (size_t)i * FAT_ENTRY_SIZE;

        if (entry[0] == ENTRY_END)
            break;
        if (entry[0] != ENTRY_FREE && entry[0] != '.' && !(entry[ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_VOLUME))
            status = FAT_NOT_EMPTY;
    }
    g_byte_array_free(bytes, TRUE);
    return status;
}

enum fat_status fat_remove(struct fat *fat, struct fat_node node)
{
    uint8_t entry[FAT_ENTRY_SIZE];
    enum fat_status status;
    uint32_t cluster;

    fat_begin(fat);
    if (node.entry == FAT_NO_ENTRY)
        return FAT_REFUSED;
    status = fat_entry_load(fat, node, entry);
    if (status == FAT_OK && entry[0] == '.')
        status = FAT_REFUSED;
    if (status == FAT_OK && block_read_only(fat->block))
        status = FAT_READ_ONLY;
    if (status != FAT_OK)
        return status;
    cluster = fat_entry_cluster(fat, entry);
    if (entry[ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_DIRECTORY)
        status = fat_directory_cluster(fat, node, &cluster);
    if (status == FAT_OK && entry[ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_DIRECTORY)
        status = cluster ? check_empty(fat, cluster) : FAT_CORRUPT;
    if (status == FAT_OK)
        status = erase(fat, node);
    if (status == FAT_OK && fat_cluster_valid(fat, cluster))
        status = fat_shorten(fat, cluster, 0);
    return status;
}

/* --- rename --- */
/* FAT_REFUSED if @directory is @cluster or lies somewhere below it. */
static enum fat_status check_not_inside(struct fat *fat, uint32_t directory, uint32_t cluster)
{
    enum fat_status status = FAT_OK;

    for (unsigned i = 0; status == FAT_OK && directory != 0; i++) {
        if (directory == cluster)
            return FAT_REFUSED;
        status = i < ANCESTORS_MAX ? fat_directory_parent(fat, directory, &directory) : FAT_CORRUPT;
    }
    return status;
}

/* Points ".." of the directory with first cluster @cluster at @parent. */
static enum fat_status set_parent(struct fat *fat, uint32_t cluster, uint32_t parent)
{
    struct fat_node dots = {cluster, 1};
    uint8_t entry[FAT_ENTRY_SIZE];
    enum fat_status status = fat_entry_load(fat, dots, entry);

    if (status != FAT_OK)
        return status;
    fat_entry_set_cluster(fat, entry, parent);
    return fat_entry_store(fat, dots, entry);
}

static enum fat_status move(struct fat *fat, struct fat_node node, uint32_t directory, const uint16_t *name,
                            const uint8_t *entry, struct fat_node *moved)
{
    bool is_directory = entry[ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_DIRECTORY;
    uint32_t cluster = fat_entry_cluster(fat, entry);
    enum fat_status status = FAT_OK;

    if (is_directory && directory != node.directory)
        status = fat_cluster_valid(fat, cluster) ? check_not_inside(fat, directory, cluster) : FAT_CORRUPT;
    if (status == FAT_OK)
        status = insert(fat, directory, name, entry, moved);
    if (status == FAT_OK && is_directory && directory != node.directory)
        status = set_parent(fat, cluster, directory);
    return status == FAT_OK ? erase(fat, node) : status;
}

enum fat_status fat_rename(struct fat *fat, struct fat_node node, struct fat_node parent, const uint16_t *name,
                           struct fat_node *moved)
{
    uint16_t clean[FAT_NAME_MAX + 1];
    uint8_t entry[FAT_ENTRY_SIZE];
    struct fat_info info;
    uint32_t directory;
    enum fat_status status;

    if (node.entry == FAT_NO_ENTRY)
        return FAT_REFUSED;
    status = fat_name_check(name, clean);
    if (status == FAT_OK)
        status = fat_stat(fat, node, &info);
    fat_begin(fat);
    if (status == FAT_OK)
        status = fat_entry_load(fat, node, entry);
    if (status == FAT_OK && entry[0] == '.')
        status = FAT_REFUSED;
    if (status == FAT_OK && block_read_only(fat->block))
        status = FAT_READ_ONLY;
    if (status == FAT_OK)
        status = fat_directory_cluster(fat, parent, &directory);
    if (status == FAT_OK)
        status = check_free(fat, directory, clean, node);
    if (status != FAT_OK)
        return status;
    *moved = node;
    if (directory == node.directory && memcmp(info.name, clean, (fat_name_length(clean) + 1) * sizeof(*clean)) == 0)
        return FAT_OK;
    return move(fat, node, directory, clean, entry, moved);
}

enum fat_status fat_set_info(struct fat *fat, struct fat_node node, uint8_t attributes, const struct fat_time *created,
                             const struct fat_time *accessed, const struct fat_time *modified)
{
    const uint8_t changeable =
        FAT_ATTRIBUTE_READ_ONLY | FAT_ATTRIBUTE_HIDDEN | FAT_ATTRIBUTE_SYSTEM | FAT_ATTRIBUTE_ARCHIVE;
    uint8_t entry[FAT_ENTRY_SIZE];
    enum fat_status status;

    fat_begin(fat);
    if (node.entry == FAT_NO_ENTRY)
        return FAT_REFUSED;
    status = fat_entry_load(fat, node, entry);
    if (status != FAT_OK)
        return status;
    entry[ENTRY_ATTRIBUTES] = (uint8_t)((entry[ENTRY_ATTRIBUTES] & ~changeable) | (attributes & changeable));
    if (created->year)
        stamp_created(created, entry);
    if (accessed->year)
        fat_entry_stamp(accessed, entry, -1, ENTRY_ACCESSED_DATE);
    if (modified->year)
        fat_entry_stamp(modified, entry, ENTRY_MODIFIED_TIME, ENTRY_MODIFIED_DATE);
    return fat_entry_store(fat, node, entry);
}

/* --- the volume label --- */
/* Index of the label's entry in the root directory, or FAT_NO_ENTRY. */
static uint32_t label_entry(const GByteArray *root)
{
    for (uint32_t i = 0; i < root->len / FAT_ENTRY_SIZE; i++) {
        const uint8_t *entry = root->data + (size_t)i * FAT_ENTRY_SIZE;

        if (entry[0] == ENTRY_END)
            break;
        if (entry[0] != ENTRY_FREE && (entry[ENTRY_ATTRIBUTES] & 0x3F) != LONG_ATTRIBUTES &&
            entry[ENTRY_ATTRIBUTES] & FAT_ATTRIBUTE_VOLUME)
            return i;
    }
    return FAT_NO_ENTRY;
}

enum fat_status fat_get_label(struct fat *fat, uint16_t *label)
{
    GByteArray *root = g_byte_array_new();
    enum fat_status status;
    unsigned length = 0;

    fat_begin(fat);
    status = fat_directory_load(fat, 0, root);
    if (status == FAT_OK && label_entry(root) != FAT_NO_ENTRY) {
        const uint8_t *entry = root->data + (size_t)label_entry(root) * FAT_ENTRY_SIZE;

        for (unsigned i = 0; i < FAT_LABEL_MAX; i++) {
            label[i] = fat_name_from_oem(i == 0 && entry[0] == 0x05 ? 0xE5 : entry[i]);
            if (label[i] != ' ')
                length = i + 1;
        }
    }
    label[length] = 0;
    g_byte_array_free(root, TRUE);
    return status;
}

static enum fat_status encode_label(const uint16_t *label, uint8_t out[FAT_LABEL_MAX])
{
    unsigned length = fat_name_length(label);

    if (length > FAT_LABEL_MAX || label[0] == ' ')
        return FAT_BAD_NAME;
    memset(out, ' ', FAT_LABEL_MAX);
    for (unsigned i = 0; i < length; i++) {
        if (label[i] < 0x20 || label[i] > 0x7E || strchr("\"*/:<>?\\|+,;=[].", (char)label[i]))
            return FAT_BAD_NAME;
        out[i] = (uint8_t)unicode_upper(label[i]);
    }
    return FAT_OK;
}

static enum fat_status set_label_entry(struct fat *fat, const uint8_t *label, bool remove)
{
    uint8_t entry[2 * FAT_ENTRY_SIZE] = {0};
    GByteArray *root = g_byte_array_new();
    enum fat_status status = fat_directory_load(fat, 0, root);
    uint32_t at = 0, count = 1;
    bool over_end;

    if (status == FAT_OK) {
        at = label_entry(root);
        if (at != FAT_NO_ENTRY)
            memcpy(entry, root->data + (size_t)at * FAT_ENTRY_SIZE, FAT_ENTRY_SIZE);
    }
    if (status == FAT_OK && remove) {
        entry[0] = ENTRY_FREE;
    } else if (status == FAT_OK) {
        memcpy(entry, label, FAT_LABEL_MAX);
        entry[ENTRY_ATTRIBUTES] = FAT_ATTRIBUTE_VOLUME;
        fat_entry_stamp(&fat->now, entry, ENTRY_MODIFIED_TIME, ENTRY_MODIFIED_DATE);
        if (at == FAT_NO_ENTRY) {
            at = find_room(root, 1, &over_end);
            status = grow(fat, 0, at + 1, root);
            count = over_end && at + 1 < root->len / FAT_ENTRY_SIZE ? 2 : 1;
        }
    }
    if (status == FAT_OK && at != FAT_NO_ENTRY)
        status = fat_directory_write(fat, 0, at, entry, count);
    g_byte_array_free(root, TRUE);
    return status;
}

enum fat_status fat_set_label(struct fat *fat, const uint16_t *label)
{
    uint64_t boot[2] = {0, fat->backup_offset};
    uint8_t bytes[FAT_LABEL_MAX];
    enum fat_status status = encode_label(label, bytes);

    fat_begin(fat);
    if (status == FAT_OK)
        status = set_label_entry(fat, bytes, label[0] == 0);
    if (label[0] == 0)
        memcpy(bytes, "NO NAME    ", FAT_LABEL_MAX);
    for (unsigned i = 0; i < 2 && status == FAT_OK; i++) {
        if (i == 0 || boot[i] != 0)
            status =
                fat_disk_write(fat, boot[i] + (fat->bits == 32 ? BOOT_LABEL_32 : BOOT_LABEL), bytes, sizeof(bytes));
    }
    return status;
}
