/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redox's initial file system, as the crate redox-initfs makes it. */
#include "debug/redox/initfs.h"

#include <string.h>

#include "debug/redox/path.h"
#include "emu/bytes.h"

enum { /* the header's fields */
       HEADER_INODE_TABLE = 8,
       HEADER_INODE_COUNT = 0x18,
       HEADER_SIZE = 0x22,
};
enum { /* an inode's fields */
       INODE_TYPE_AND_MODE = 0,
       INODE_LENGTH = 4,
       INODE_OFFSET = 8,
       INODE_UID = 12,
       INODE_GID = 16,
       INODE_SIZE = 20,
};
enum { /* a directory entry's fields */
       ENTRY_INODE = 0,
       ENTRY_NAME_LENGTH = 2,
       ENTRY_NAME_OFFSET = 4,
       ENTRY_SIZE = 8,
};
#define ROOT 0
#define TYPE_SHIFT 28
#define MODE_MASK 0xFFFu

struct initfs {
    GBytes *image;
    const uint8_t *bytes;
    uint64_t size;
    uint32_t inode_table, inode_count;
};

uint64_t initfs_size(const uint8_t *header)
{
    if (memcmp(header, INITFS_MAGIC, 8) != 0)
        return 0;
    return get_le32(header + HEADER_SIZE) | (uint64_t)get_le32(header + HEADER_SIZE + 4) << 32;
}

struct initfs *initfs_open(GBytes *image, GError **error)
{
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(image, &length);
    struct initfs *initfs;

    if (length < INITFS_HEADER_SIZE || initfs_size(bytes) == 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "initfs: does not begin with %s: it is none",
                    INITFS_MAGIC);
        return NULL;
    }
    if (initfs_size(bytes) > length) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "initfs: has %zu bytes where its header says %" G_GUINT64_FORMAT ": it is cut off", (size_t)length,
                    initfs_size(bytes));
        return NULL;
    }
    initfs = g_new0(struct initfs, 1);
    initfs->image = g_bytes_ref(image);
    initfs->bytes = bytes;
    initfs->size = initfs_size(bytes);
    initfs->inode_table = get_le32(bytes + HEADER_INODE_TABLE);
    initfs->inode_count = get_le16(bytes + HEADER_INODE_COUNT);
    return initfs;
}

void initfs_close(struct initfs *initfs)
{
    if (!initfs)
        return;
    g_bytes_unref(initfs->image);
    g_free(initfs);
}

/* NULL: not within the archive. */
static const uint8_t *range(const struct initfs *initfs, uint64_t offset, uint64_t length)
{
    return offset <= initfs->size && length <= initfs->size - offset ? initfs->bytes + offset : NULL;
}

static bool read_inode(const struct initfs *initfs, uint32_t inode, struct initfs_node *out, uint32_t *offset)
{
    const uint8_t *raw = range(initfs, initfs->inode_table + (uint64_t)inode * INODE_SIZE, INODE_SIZE);
    uint32_t type;

    if (inode >= initfs->inode_count || !raw)
        return false;
    type = get_le32(raw + INODE_TYPE_AND_MODE) >> TYPE_SHIFT;
    if (type > INITFS_LINK)
        return false;
    *out = (struct initfs_node){
        .inode = inode,
        .type = (enum initfs_type)type,
        .mode = get_le32(raw + INODE_TYPE_AND_MODE) & MODE_MASK,
        .uid = get_le32(raw + INODE_UID),
        .gid = get_le32(raw + INODE_GID),
        .length = get_le32(raw + INODE_LENGTH),
    };
    *offset = get_le32(raw + INODE_OFFSET);
    return true;
}

static const uint8_t *contents(const struct initfs *initfs, const struct initfs_node *node)
{
    struct initfs_node stored;
    uint32_t offset;

    if (!read_inode(initfs, node->inode, &stored, &offset) || stored.length != node->length)
        return NULL;
    return range(initfs, offset, node->length);
}

/* The @index-th entry of a directory's contents: its name (not terminated) and node; false: broken. */
static bool read_entry(const struct initfs *initfs, const uint8_t *entries, uint32_t index, const char **name,
                       uint16_t *name_length, struct initfs_node *node)
{
    const uint8_t *entry = entries + (size_t)index * ENTRY_SIZE;
    uint32_t offset;

    *name_length = get_le16(entry + ENTRY_NAME_LENGTH);
    *name = (const char *)range(initfs, get_le32(entry + ENTRY_NAME_OFFSET), *name_length);
    return *name && *name_length > 0 && read_inode(initfs, get_le16(entry + ENTRY_INODE), node, &offset);
}

void initfs_list(const struct initfs *initfs, const struct initfs_node *directory,
                 void (*visit)(void *opaque, const char *name, const struct initfs_node *node), void *opaque)
{
    const uint8_t *entries = directory->type == INITFS_DIRECTORY ? contents(initfs, directory) : NULL;

    for (uint32_t i = 0; entries && i < directory->length / ENTRY_SIZE; i++) {
        struct initfs_node node;
        const char *name;
        uint16_t length;

        if (read_entry(initfs, entries, i, &name, &length, &node)) {
            g_autofree char *copy = g_strndup(name, length);

            visit(opaque, copy, &node);
        }
    }
}

static bool find(const struct initfs *initfs, const struct initfs_node *directory, const char *wanted,
                 struct initfs_node *out)
{
    const uint8_t *entries = directory->type == INITFS_DIRECTORY ? contents(initfs, directory) : NULL;
    size_t wanted_length = strlen(wanted);

    for (uint32_t i = 0; entries && i < directory->length / ENTRY_SIZE; i++) {
        const char *name;
        uint16_t length;

        if (read_entry(initfs, entries, i, &name, &length, out) && length == wanted_length &&
            memcmp(name, wanted, length) == 0)
            return true;
    }
    return false;
}

static bool lookup(const struct initfs *initfs, const char *path, unsigned links, struct initfs_node *out)
{
    g_auto(GStrv) parts = path_parts(path);
    uint32_t offset;

    if (!read_inode(initfs, ROOT, out, &offset))
        return false;
    for (unsigned i = 0; parts[i]; i++) {
        const struct initfs_node directory = *out;

        if (!find(initfs, &directory, parts[i], out))
            return false;
        if (out->type == INITFS_LINK) {
            const uint8_t *bytes = contents(initfs, out);
            g_autofree char *target = bytes ? g_strndup((const char *)bytes, out->length) : NULL;
            g_autofree char *next = target ? path_follow(parts, i, target) : NULL;

            return next && links > 0 && lookup(initfs, next, links - 1, out);
        }
    }
    return true;
}

bool initfs_lookup(const struct initfs *initfs, const char *path, struct initfs_node *out)
{
    return lookup(initfs, path, PATH_LINKS_MAX, out);
}

GBytes *initfs_read(const struct initfs *initfs, const struct initfs_node *node)
{
    const uint8_t *bytes = contents(initfs, node);

    return bytes ? g_bytes_new_from_bytes(initfs->image, (gsize)(bytes - initfs->bytes), node->length) : NULL;
}
