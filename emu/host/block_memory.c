/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk in the host's memory. */
#include <string.h>

#include "emu/host/block_internal.h"

struct block_memory {
    struct block_layer layer;
    uint8_t *bytes;
};

static bool memory_layer_read(struct block_layer *layer, uint64_t offset, void *buffer, size_t length)
{
    memcpy(buffer, ((struct block_memory *)layer)->bytes + offset, length);
    return true;
}

static bool memory_layer_write(struct block_layer *layer, uint64_t offset, const void *buffer, size_t length)
{
    memcpy(((struct block_memory *)layer)->bytes + offset, buffer, length);
    return true;
}

static bool memory_layer_flush(struct block_layer *layer)
{
    (void)layer;
    return true;
}

static bool memory_layer_discard(struct block_layer *layer, uint64_t offset, uint64_t length)
{
    memset(((struct block_memory *)layer)->bytes + offset, 0, (size_t)length);
    return true;
}

static void memory_layer_close(struct block_layer *layer)
{
    g_free(((struct block_memory *)layer)->bytes);
    g_free(layer);
}

static const struct block_layer_ops memory_ops = {
    .read = memory_layer_read,
    .write = memory_layer_write,
    .flush = memory_layer_flush,
    .discard = memory_layer_discard,
    .close = memory_layer_close,
};

struct block_layer *block_memory_new(const void *data, uint64_t size)
{
    struct block_memory *memory = g_new0(struct block_memory, 1);
    uint64_t rounded = (size + 511) & ~UINT64_C(511);

    memory->layer = (struct block_layer){.ops = &memory_ops, .size = rounded};
    memory->bytes = g_malloc0(rounded);
    if (data)
        memcpy(memory->bytes, data, size);
    return &memory->layer;
}
