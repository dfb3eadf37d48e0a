/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A RedoxFS of arbitrary blocks behind a good header, without its checksums: everything in it is listed and read. */
#include "debug/redox/redoxfs_internal.h"
#include "tests/debug/redoxfs_sample.h"
#include "tests/fuzz/fuzz.h"

#define RING_SIZE (256u * REDOXFS_BLOCK)
#define NAMES_MAX 64
#define READ_MAX (1u << 20)

struct names {
    GPtrArray *names;
};

static bool collect(void *opaque, const char *name, uint32_t id)
{
    struct names *names = opaque;

    g_ptr_array_add(names->names, g_strdup(name));
    return names->names->len < NAMES_MAX;
}

static void look(struct redoxfs *redoxfs, const char *path)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    g_autofree uint8_t *buffer = g_malloc(READ_MAX);
    struct names names = {.names = list};
    struct redoxfs_node node;

    if (!redoxfs_lookup(redoxfs, path, true, &node, NULL))
        return;
    redoxfs_list(redoxfs, node.id, collect, &names, NULL);
    for (unsigned i = 0; i < list->len; i++) {
        g_autofree char *below = g_strconcat(path, "/", list->pdata[i], NULL);
        GError *error = NULL;

        if (!redoxfs_lookup(redoxfs, below, true, &node, &error)) {
            g_assert_nonnull(error);
            g_error_free(error);
            continue;
        }
        redoxfs_read(redoxfs, node.id, 0, buffer, READ_MAX, NULL);
        redoxfs_read(redoxfs, node.id, node.size - node.size / 3, buffer, 4096, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree uint8_t *image = redoxfs_sample();
    struct redoxfs *redoxfs;
    struct block *block;

    memset(image + RING_SIZE, 0, REDOXFS_SAMPLE_SIZE - RING_SIZE);
    memcpy(image + RING_SIZE, data, MIN(size, REDOXFS_SAMPLE_SIZE - RING_SIZE));
    block = block_new_memory(image, REDOXFS_SAMPLE_SIZE, 0);
    redoxfs = redoxfs_open(block, 0, NULL);
    redoxfs->unchecked = true;
    look(redoxfs, "/");
    look(redoxfs, "/dir");
    redoxfs_close(redoxfs);
    block_close(block);
    return 0;
}

void fuzz_seed(GByteArray *seed)
{
    g_autofree uint8_t *image = redoxfs_sample();

    g_byte_array_append(seed, image + RING_SIZE, REDOXFS_SAMPLE_SIZE - RING_SIZE);
}
