/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk: limits, permission, and the hash of what was written, over a layer that holds the bytes. */
#include "emu/host/block.h"

#include <string.h>

#include "emu/host/block_internal.h"
#include "emu/state/state.h"

struct block {
    struct block_layer *layer;
    struct block_set written; /* clusters that were ever written */
    char *path;
    bool read_only;
    void (*keep)(void *opaque, uint64_t offset, const uint8_t *data, size_t length);
    void *keep_opaque;
};

static struct block *make(struct block_layer *layer, const char *path, bool read_only)
{
    struct block *block = g_new0(struct block, 1);

    block->layer = layer;
    block->path = g_strdup(path);
    block->read_only = read_only;
    block_set_init(&block->written, (layer->size + BLOCK_CLUSTER - 1) / BLOCK_CLUSTER);
    return block;
}

struct block *block_open(const char *path, unsigned flags, GError **error)
{
    bool file_read_only = flags & (BLOCK_READ_ONLY | BLOCK_SNAPSHOT);
    struct block_layer *layer = block_file_open(path, file_read_only, error);

    if (layer && (flags & BLOCK_SNAPSHOT) && !(flags & BLOCK_READ_ONLY))
        layer = block_overlay_new(layer, error);
    return layer ? make(layer, path, flags & BLOCK_READ_ONLY) : NULL;
}

struct block *block_new_memory(const void *data, uint64_t size, unsigned flags)
{
    return make(block_memory_new(data, size), "(memory)", flags & BLOCK_READ_ONLY);
}

void block_close(struct block *block)
{
    if (!block)
        return;
    block->layer->ops->close(block->layer);
    block_set_clear(&block->written);
    g_free(block->path);
    g_free(block);
}

const char *block_path(const struct block *block)
{
    return block->path;
}

uint64_t block_size(const struct block *block)
{
    return block->layer->size;
}

bool block_read_only(const struct block *block)
{
    return block->read_only;
}

static bool inside(const struct block *block, uint64_t offset, uint64_t length)
{
    return offset <= block->layer->size && length <= block->layer->size - offset;
}

bool block_read(struct block *block, uint64_t offset, void *buffer, size_t length)
{
    if (inside(block, offset, length) && block->layer->ops->read(block->layer, offset, buffer, length))
        return true;
    memset(buffer, 0, length);
    return false;
}

void block_set_keeper(struct block *block,
                      void (*keep)(void *opaque, uint64_t offset, const uint8_t *data, size_t length), void *opaque)
{
    block->keep = keep;
    block->keep_opaque = opaque;
}

bool block_restore(struct block *block, uint64_t offset, const void *buffer, size_t length)
{
    return !block->read_only && inside(block, offset, length) &&
           block->layer->ops->write(block->layer, offset, buffer, length);
}

/* Gives away what stands in the clusters of a range that were not written yet. */
static void keep_old(struct block *block, uint64_t offset, uint64_t length)
{
    uint8_t old[BLOCK_CLUSTER];

    for (uint64_t cluster = offset / BLOCK_CLUSTER; cluster * BLOCK_CLUSTER < offset + length; cluster++) {
        uint64_t start = cluster * BLOCK_CLUSTER;
        size_t size = (size_t)MIN(sizeof(old), block->layer->size - start);
        if (!block_set_has(&block->written, cluster) && block_read(block, start, old, size))
            block->keep(block->keep_opaque, start, old, size);
    }
}

static void mark_written(struct block *block, uint64_t offset, uint64_t length)
{
    if (length && block->keep)
        keep_old(block, offset, length);
    if (length)
        block_set_add(&block->written, offset / BLOCK_CLUSTER, (offset + length - 1) / BLOCK_CLUSTER + 1);
}

bool block_write(struct block *block, uint64_t offset, const void *buffer, size_t length)
{
    if (block->read_only || !inside(block, offset, length))
        return false;
    mark_written(block, offset, length); /* also a write that fails may have changed something */
    return block->layer->ops->write(block->layer, offset, buffer, length);
}

bool block_flush(struct block *block)
{
    return block->read_only || block->layer->ops->flush(block->layer);
}

bool block_discard(struct block *block, uint64_t offset, uint64_t length)
{
    if (block->read_only || !inside(block, offset, length))
        return false;
    mark_written(block, offset, length);
    return length == 0 || block->layer->ops->discard(block->layer, offset, length);
}

uint64_t block_hash(struct block *block)
{
    uint64_t clusters = (block->layer->size + BLOCK_CLUSTER - 1) / BLOCK_CLUSTER, sum = 0;
    uint8_t buffer[BLOCK_CLUSTER];

    for (uint64_t page = 0; page < block->written.page_count; page++) {
        if (!block->written.pages[page])
            continue;
        for (uint64_t i = 0; i < BLOCK_SET_PAGE; i++) {
            uint64_t cluster = page * BLOCK_SET_PAGE + i, offset = cluster * BLOCK_CLUSTER;

            if (cluster >= clusters || !block_set_has(&block->written, cluster))
                continue;
            /* The last cluster may end with the disk. */
            memset(buffer, 0, sizeof(buffer));
            block_read(block, offset, buffer, (size_t)MIN(sizeof(buffer), block->layer->size - offset));
            sum += state_hash_bytes(buffer, sizeof(buffer), cluster + 1);
        }
    }
    return sum;
}
