/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RedoxFS: headers, blocks, the tree of nodes, paths. */
#include <string.h>

#include "debug/redox/path.h"
#include "debug/redox/redoxfs_internal.h"
#include "debug/redox/seahash.h"
#include "emu/bytes.h"
#include "emu/host/partition.h"

#define SIGNATURE "RedoxFS" /* with its NUL */
#define VERSION 8
#define HEADER_RING 256
#define LOADER_OFFSET (2u << 20)
#define ROOT 1

enum { /* the header's fields */
       HEADER_VERSION = 8,
       HEADER_UUID = 16,
       HEADER_FS_SIZE = 32,
       HEADER_GENERATION = 40,
       HEADER_TREE = 48,
       HEADER_ENCRYPTED_HASH = 4072, /* what stands before is hashed */
       HEADER_HASH = 4088,
};
#define TYPE_MASK 0xF000u
#define TYPE_FILE 0x8000u
#define TYPE_DIRECTORY 0x4000u
#define TYPE_LINK 0xA000u
#define TYPE_SOCKET 0xC000u
#define TREE_LEVELS 4
#define TREE_POINTERS 254 /* in each block of the tree */
#define LINK_SIZE_MAX 4096

void redoxfs_get_pointer(const uint8_t *bytes, struct redoxfs_pointer *out)
{
    uint64_t address = get_le64(bytes);

    out->index = address >> 8;
    out->level = address & 0xF;
    out->plain = address >> 4 & 0xF;
    out->hash = get_le64(bytes + 8);
}

void redoxfs_broken(const struct redoxfs *redoxfs, GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list arguments;

    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "%s: the RedoxFS at byte %" G_GUINT64_FORMAT " is broken: %s",
                block_path(redoxfs->block), redoxfs->offset, what);
}

bool redoxfs_read_block(struct redoxfs *redoxfs, const struct redoxfs_pointer *pointer, uint8_t *out, size_t room,
                        GError **error)
{
    uint64_t length = (uint64_t)REDOXFS_BLOCK << pointer->level, end = redoxfs->size / REDOXFS_BLOCK;

    if (pointer->index == 0 || pointer->index >= end || length / REDOXFS_BLOCK > end - pointer->index) {
        redoxfs_broken(redoxfs, error, "block %" G_GUINT64_FORMAT " lies outside", pointer->index);
        return false;
    }
    if (length > room) {
        redoxfs_broken(redoxfs, error, "block %" G_GUINT64_FORMAT " has an impossible size", pointer->index);
        return false;
    }
    if (!block_read(redoxfs->block, redoxfs->offset + pointer->index * REDOXFS_BLOCK, out, length)) {
        redoxfs_broken(redoxfs, error, "block %" G_GUINT64_FORMAT " cannot be read", pointer->index);
        return false;
    }
    if (!redoxfs->unchecked && seahash(out, length) != pointer->hash) {
        redoxfs_broken(redoxfs, error, "block %" G_GUINT64_FORMAT " does not match its checksum", pointer->index);
        return false;
    }
    return true;
}

/* --- headers --- */
static bool header_valid(const uint8_t *header)
{
    return memcmp(header, SIGNATURE, sizeof(SIGNATURE)) == 0 && get_le64(header + HEADER_VERSION) == VERSION &&
           seahash(header, HEADER_ENCRYPTED_HASH) == get_le64(header + HEADER_HASH);
}

/* Without a password the encrypted hash is the hash, filled up with zeros. */
static bool header_encrypted(const uint8_t *header)
{
    static const uint8_t zeros[8];

    return memcmp(header + HEADER_ENCRYPTED_HASH, header + HEADER_HASH, 8) != 0 ||
           memcmp(header + HEADER_ENCRYPTED_HASH + 8, zeros, sizeof(zeros)) != 0;
}

static bool no_file_system(const struct redoxfs *redoxfs, uint64_t version, GError **error)
{
    if (version)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: the RedoxFS at byte %" G_GUINT64_FORMAT " is of version %" G_GUINT64_FORMAT
                    " or has no whole header; version %d can be read",
                    block_path(redoxfs->block), redoxfs->offset, version, VERSION);
    else
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "%s: no RedoxFS at byte %" G_GUINT64_FORMAT,
                    block_path(redoxfs->block), redoxfs->offset);
    return false;
}

bool redoxfs_refresh(struct redoxfs *redoxfs, GError **error)
{
    uint8_t header[REDOXFS_BLOCK];
    bool found = false, encrypted = false;
    uint64_t version = 0, newest = 0, room = block_size(redoxfs->block) - redoxfs->offset;

    for (unsigned i = 0; i < HEADER_RING && (i + 1) * REDOXFS_BLOCK <= room; i++) {
        if (!block_read(redoxfs->block, redoxfs->offset + (uint64_t)i * REDOXFS_BLOCK, header, sizeof(header)))
            continue;
        if (memcmp(header, SIGNATURE, sizeof(SIGNATURE)) == 0)
            version = get_le64(header + HEADER_VERSION);
        if (!header_valid(header) || (found && get_le64(header + HEADER_GENERATION) <= newest))
            continue;
        found = true;
        newest = get_le64(header + HEADER_GENERATION);
        encrypted = header_encrypted(header);
        memcpy(redoxfs->uuid, header + HEADER_UUID, sizeof(redoxfs->uuid));
        memcpy(redoxfs->tree, header + HEADER_TREE, sizeof(redoxfs->tree));
        redoxfs->size = MIN(get_le64(header + HEADER_FS_SIZE), room);
    }
    if (!found)
        return no_file_system(redoxfs, version, error);
    if (encrypted) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: the RedoxFS at byte %" G_GUINT64_FORMAT " is encrypted, which cannot be read",
                    block_path(redoxfs->block), redoxfs->offset);
        return false;
    }
    redoxfs->generation = newest;
    return true;
}

struct redoxfs *redoxfs_open(struct block *block, uint64_t offset, GError **error)
{
    struct redoxfs *redoxfs = g_new0(struct redoxfs, 1);

    redoxfs->block = block;
    redoxfs->offset = offset;
    if (offset >= block_size(block) ? !no_file_system(redoxfs, 0, error) : !redoxfs_refresh(redoxfs, error)) {
        g_free(redoxfs);
        return NULL;
    }
    return redoxfs;
}

struct redoxfs *redoxfs_find(struct block *block, GError **error)
{
    static const uint64_t elsewhere[] = {LOADER_OFFSET, 0};
    g_autoptr(GArray) offsets = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    struct partition_table *table = partition_table_read(block, 512, NULL); /* without one there are still two places */
    struct redoxfs *redoxfs = NULL;

    for (unsigned i = 0; table && i < table->partitions->len; i++)
        g_array_append_val(offsets, g_array_index(table->partitions, struct partition, i).offset);
    partition_table_free(table);
    g_array_append_vals(offsets, elsewhere, G_N_ELEMENTS(elsewhere));
    for (unsigned i = 0; i < offsets->len && !redoxfs; i++) {
        g_autoptr(GError) why = NULL;

        redoxfs = redoxfs_open(block, g_array_index(offsets, uint64_t, i), &why);
        if (redoxfs || g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            continue;
        g_propagate_error(error, g_steal_pointer(&why)); /* there is one, and it cannot be read */
        return NULL;
    }
    if (!redoxfs)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                    "%s: no RedoxFS in any partition, at 2 MiB or at the start", block_path(block));
    return redoxfs;
}

void redoxfs_close(struct redoxfs *redoxfs)
{
    g_free(redoxfs);
}

const uint8_t *redoxfs_uuid(const struct redoxfs *redoxfs)
{
    return redoxfs->uuid;
}

uint64_t redoxfs_size(const struct redoxfs *redoxfs)
{
    return redoxfs->size;
}

uint64_t redoxfs_generation(const struct redoxfs *redoxfs)
{
    return redoxfs->generation;
}

/* --- nodes --- */
bool redoxfs_read_node(struct redoxfs *redoxfs, uint32_t id, uint8_t out[REDOXFS_BLOCK], GError **error)
{
    struct redoxfs_pointer pointer;

    redoxfs_get_pointer(redoxfs->tree, &pointer);
    for (unsigned level = TREE_LEVELS; level > 0; level--) {
        unsigned index = id >> 8 * (level - 1) & 0xFF;

        if (!redoxfs_read_block(redoxfs, &pointer, out, REDOXFS_BLOCK, error))
            return false;
        redoxfs_get_pointer(out + (size_t)index * 16, &pointer);
        if (index >= TREE_POINTERS || pointer.index == 0) {
            redoxfs_broken(redoxfs, error, "there is no node %u", id);
            return false;
        }
    }
    return redoxfs_read_block(redoxfs, &pointer, out, REDOXFS_BLOCK, error);
}

bool redoxfs_node(struct redoxfs *redoxfs, uint32_t id, struct redoxfs_node *out, GError **error)
{
    uint8_t raw[REDOXFS_BLOCK];
    unsigned mode;

    if (!redoxfs_read_node(redoxfs, id, raw, error))
        return false;
    mode = get_le16(raw + REDOXFS_NODE_MODE);
    *out = (struct redoxfs_node){
        .id = id,
        .mode = mode & ~TYPE_MASK,
        .uid = get_le32(raw + REDOXFS_NODE_UID),
        .gid = get_le32(raw + REDOXFS_NODE_GID),
        .links = get_le32(raw + REDOXFS_NODE_LINKS),
        .size = get_le64(raw + REDOXFS_NODE_SIZE),
        .created = get_le64(raw + REDOXFS_NODE_CTIME),
        .modified = get_le64(raw + REDOXFS_NODE_MTIME),
        .accessed = get_le64(raw + REDOXFS_NODE_ATIME),
    };
    switch (mode & TYPE_MASK) {
    case TYPE_FILE:
        out->type = REDOXFS_FILE;
        return true;
    case TYPE_DIRECTORY:
        out->type = REDOXFS_DIRECTORY;
        return true;
    case TYPE_LINK:
        out->type = REDOXFS_LINK;
        return true;
    case TYPE_SOCKET:
        out->type = REDOXFS_SOCKET;
        return true;
    default:
        redoxfs_broken(redoxfs, error, "node %u is of no known type", id);
        return false;
    }
}

/* --- paths --- */
struct search {
    const char *name;
    uint32_t id; /* 0: not found */
};

static bool compare(void *opaque, const char *name, uint32_t id)
{
    struct search *search = opaque;

    if (strcmp(name, search->name) == 0)
        search->id = id;
    return search->id == 0;
}

static char *read_link(struct redoxfs *redoxfs, const struct redoxfs_node *link, GError **error)
{
    g_autoptr(GBytes) target = redoxfs_read_all(redoxfs, link->id, LINK_SIZE_MAX, error);

    return target ? g_strndup(g_bytes_get_data(target, NULL), g_bytes_get_size(target)) : NULL;
}

static bool lookup(struct redoxfs *redoxfs, const char *path, bool follow, unsigned links, struct redoxfs_node *out,
                   GError **error)
{
    g_auto(GStrv) parts = path_parts(path);

    if (!redoxfs_node(redoxfs, ROOT, out, error))
        return false;
    for (unsigned i = 0; parts[i]; i++) {
        struct search search = {.name = parts[i]};

        if (!redoxfs_list(redoxfs, out->id, compare, &search, error))
            return false;
        if (search.id == 0) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "%s: no file %s on its RedoxFS",
                        block_path(redoxfs->block), path);
            return false;
        }
        if (!redoxfs_node(redoxfs, search.id, out, error))
            return false;
        if (out->type == REDOXFS_LINK && (follow || parts[i + 1])) {
            g_autofree char *target = read_link(redoxfs, out, error);
            g_autofree char *next = target ? path_follow(parts, i, target) : NULL;

            if (next && links == 0)
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_LOOP, "%s: too many links on the way to %s",
                            block_path(redoxfs->block), path);
            return next && links > 0 && lookup(redoxfs, next, follow, links - 1, out, error);
        }
    }
    return true;
}

bool redoxfs_lookup(struct redoxfs *redoxfs, const char *path, bool follow, struct redoxfs_node *out, GError **error)
{
    return lookup(redoxfs, path, follow, PATH_LINKS_MAX, out, error);
}
