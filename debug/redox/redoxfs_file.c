/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RedoxFS: what is in files and directories. */
#include <lz4.h>
#include <string.h>

#include "debug/redox/redoxfs_internal.h"
#include "emu/bytes.h"

/* Pointers in a node: so many of each level, each standing for 256 times as many records as one of the level before. */
static const struct {
    uint64_t count;
    unsigned first; /* the place of the first one in the node's data */
} node_levels[] = {{128, 0}, {64, 128}, {32, 192}, {16, 224}, {8, 240}};

#define COMPRESSED_HEADER 2  /* the length of what follows */
#define HASH_POINTERS 204    /* in an inner block of a directory */
#define HASH_POINTER_SIZE 20 /* the largest hash of names below, a pointer */
#define LEAF_NUMBERS 4       /* of a directory's leaf: count, bytes used */
#define LEAF_ENTRIES (REDOXFS_BLOCK - LEAF_NUMBERS)
#define ENTRY_HEADER 5             /* of an entry: node, length of the name */
#define DIRECTORY_BLOCKS_MAX 65536 /* read in one listing: 4 M entries or more */

/* --- files --- */
/* The pointer to the record with number @record; index 0: a hole.  False with @error. */
static bool find_record(struct redoxfs *redoxfs, const uint8_t *node, uint64_t record, struct redoxfs_pointer *out,
                        GError **error)
{
    uint8_t block[REDOXFS_BLOCK];
    unsigned depth = 0;

    while (depth < G_N_ELEMENTS(node_levels) && record >= node_levels[depth].count << 8 * depth) {
        record -= node_levels[depth].count << 8 * depth;
        depth++;
    }
    if (depth == G_N_ELEMENTS(node_levels)) {
        redoxfs_broken(redoxfs, error, "a file is larger than can be");
        return false;
    }
    redoxfs_get_pointer(node + REDOXFS_NODE_DATA + (node_levels[depth].first + (record >> 8 * depth)) * 16, out);
    for (; depth > 0 && out->index != 0; depth--) {
        if (!redoxfs_read_block(redoxfs, out, block, sizeof(block), error))
            return false;
        redoxfs_get_pointer(block + (record >> 8 * (depth - 1) & 0xFF) * 16, out);
    }
    return true;
}

/* The contents of a record into @out of REDOXFS_RECORD_MAX bytes, filled up with zeros. */
static bool read_record(struct redoxfs *redoxfs, const struct redoxfs_pointer *pointer, uint8_t *out, GError **error)
{
    g_autofree uint8_t *packed = NULL;
    unsigned length, room = REDOXFS_BLOCK << pointer->level;

    memset(out, 0, REDOXFS_RECORD_MAX);
    if (pointer->index == 0)
        return true;
    if (pointer->plain == 0)
        return redoxfs_read_block(redoxfs, pointer, out, REDOXFS_RECORD_MAX, error);
    packed = g_malloc(REDOXFS_RECORD_MAX);
    if (!redoxfs_read_block(redoxfs, pointer, packed, REDOXFS_RECORD_MAX, error))
        return false;
    length = get_le16(packed);
    if (pointer->plain > REDOXFS_RECORD_LEVEL || length + COMPRESSED_HEADER > room ||
        LZ4_decompress_safe((const char *)packed + COMPRESSED_HEADER, (char *)out, (int)length,
                            (int)(REDOXFS_BLOCK << pointer->plain)) < 0) {
        redoxfs_broken(redoxfs, error, "block %" G_GUINT64_FORMAT " cannot be decompressed", pointer->index);
        return false;
    }
    return true;
}

static bool read_records(struct redoxfs *redoxfs, const uint8_t *node, uint64_t offset, uint8_t *out, size_t length,
                         GError **error)
{
    unsigned level = get_le32(node + REDOXFS_NODE_RECORD_LEVEL);
    g_autofree uint8_t *record = g_malloc(REDOXFS_RECORD_MAX);
    size_t size;

    if (level > REDOXFS_RECORD_LEVEL) {
        redoxfs_broken(redoxfs, error, "a file has records of an impossible size");
        return false;
    }
    size = (size_t)REDOXFS_BLOCK << level;
    for (size_t done = 0; done < length;) {
        size_t within = (offset + done) % size, part = MIN(size - within, length - done);
        struct redoxfs_pointer pointer;

        if (!find_record(redoxfs, node, (offset + done) / size, &pointer, error) ||
            !read_record(redoxfs, &pointer, record, error))
            return false;
        memcpy(out + done, record + within, part);
        done += part;
    }
    return true;
}

static void read_inline(const uint8_t *node, uint64_t offset, uint8_t *out, size_t length)
{
    uint64_t room = REDOXFS_BLOCK - REDOXFS_NODE_DATA;

    memset(out, 0, length);
    if (offset < room)
        memcpy(out, node + REDOXFS_NODE_DATA + offset, MIN(length, room - offset));
}

int64_t redoxfs_read(struct redoxfs *redoxfs, uint32_t id, uint64_t offset, void *buffer, size_t length, GError **error)
{
    uint8_t node[REDOXFS_BLOCK];
    uint64_t size;

    if (!redoxfs_read_node(redoxfs, id, node, error))
        return -1;
    size = get_le64(node + REDOXFS_NODE_SIZE);
    if (offset >= size)
        return 0;
    length = MIN(length, MIN(size - offset, INT64_MAX));
    if (get_le32(node + REDOXFS_NODE_FLAGS) & REDOXFS_NODE_INLINE)
        read_inline(node, offset, buffer, length);
    else if (!read_records(redoxfs, node, offset, buffer, length, error))
        return -1;
    return (int64_t)length;
}

GBytes *redoxfs_read_all(struct redoxfs *redoxfs, uint32_t id, uint64_t limit, GError **error)
{
    struct redoxfs_node node;
    uint8_t *bytes;
    int64_t length;

    if (!redoxfs_node(redoxfs, id, &node, error))
        return NULL;
    if (node.size > limit) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: a file of %" G_GUINT64_FORMAT " bytes on its RedoxFS is larger than the %" G_GUINT64_FORMAT
                    " that are of use",
                    block_path(redoxfs->block), node.size, limit);
        return NULL;
    }
    bytes = g_malloc(node.size + 1);
    length = redoxfs_read(redoxfs, id, 0, bytes, node.size, error);
    if (length < 0) {
        g_free(bytes);
        return NULL;
    }
    return g_bytes_new_take(bytes, (gsize)length);
}

/* --- directories --- */
struct listing {
    struct redoxfs *redoxfs;
    bool (*visit)(void *opaque, const char *name, uint32_t id);
    void *opaque;
    unsigned blocks; /* read so far */
    bool stopped;
};

/*
 * A leaf holds its entries, their number and the bytes that they take.  The order of the three is the writer's compiler's: with the
 * compilers seen so far the two numbers stand at the end.
 */
static bool leaf_is_whole(const uint8_t *entries, const uint8_t *numbers)
{
    unsigned count = get_le16(numbers), used = get_le16(numbers + 2), at = 0;

    for (unsigned i = 0; i < count; i++) {
        if (at + ENTRY_HEADER > LEAF_ENTRIES || at + ENTRY_HEADER + entries[at + 4] > LEAF_ENTRIES)
            return false;
        at += ENTRY_HEADER + entries[at + 4];
    }
    return at == used;
}

static bool list_leaf(struct listing *listing, const uint8_t *block, GError **error)
{
    const uint8_t *entries = block, *numbers = block + LEAF_ENTRIES;

    if (!leaf_is_whole(entries, numbers) ||
        (get_le16(numbers) == 0 && get_le16(block) > 0 && leaf_is_whole(block + LEAF_NUMBERS, block))) {
        entries = block + LEAF_NUMBERS;
        numbers = block;
        if (!leaf_is_whole(entries, numbers)) {
            redoxfs_broken(listing->redoxfs, error, "a directory's entries do not fit their block");
            return false;
        }
    }
    for (unsigned i = get_le16(numbers); i > 0 && !listing->stopped; i--) {
        char name[256];
        unsigned length = entries[4];

        memcpy(name, entries + ENTRY_HEADER, length);
        name[length] = 0;
        listing->stopped = !listing->visit(listing->opaque, name, get_le32(entries));
        entries += ENTRY_HEADER + length;
    }
    return true;
}

/* The part of a directory below @pointer, @depth inner levels above its leaves. */
static bool list_part(struct listing *listing, const struct redoxfs_pointer *pointer, unsigned depth, GError **error)
{
    g_autofree uint8_t *block = g_malloc(REDOXFS_BLOCK);

    if (++listing->blocks > DIRECTORY_BLOCKS_MAX) {
        redoxfs_broken(listing->redoxfs, error, "a directory is larger than can be");
        return false;
    }
    if (!redoxfs_read_block(listing->redoxfs, pointer, block, REDOXFS_BLOCK, error))
        return false;
    if (depth == 0)
        return list_leaf(listing, block, error);
    for (unsigned i = 0; i < HASH_POINTERS && !listing->stopped; i++) {
        struct redoxfs_pointer next;

        redoxfs_get_pointer(block + (size_t)i * HASH_POINTER_SIZE + 4, &next);
        if (next.index != 0 && !list_part(listing, &next, depth - 1, error))
            return false;
    }
    return true;
}

bool redoxfs_list(struct redoxfs *redoxfs, uint32_t directory,
                  bool (*visit)(void *opaque, const char *name, uint32_t id), void *opaque, GError **error)
{
    struct listing listing = {.redoxfs = redoxfs, .visit = visit, .opaque = opaque};
    struct redoxfs_node node;
    struct redoxfs_pointer marker, root;
    uint8_t raw[REDOXFS_BLOCK];

    if (!redoxfs_node(redoxfs, directory, &node, error) || !redoxfs_read_node(redoxfs, directory, raw, error))
        return false;
    if (node.type != REDOXFS_DIRECTORY) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR, "%s: node %u of its RedoxFS is no directory",
                    block_path(redoxfs->block), directory);
        return false;
    }
    redoxfs_get_pointer(raw + REDOXFS_NODE_DATA, &marker);
    redoxfs_get_pointer(raw + REDOXFS_NODE_DATA + 16, &root);
    if (marker.hash != UINT64_MAX || (get_le64(raw + REDOXFS_NODE_DATA) | 0xF) != UINT64_MAX)
        return true; /* nothing was ever in it */
    return list_part(&listing, &root, marker.level, error);
}
