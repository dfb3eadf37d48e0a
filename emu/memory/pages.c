/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The written pages of all RAM: hash, save, load.  A page of zeros counts as absent. */
#include <string.h>

#include "emu/memory/internal.h"

#define PAGE_SIZE 4096

static bool page_written(const struct memory_region *region, uint64_t page)
{
    const struct memory *memory = region->memory;

    if (region->written[page / 8] & 1 << page % 8)
        return true;
    return region->mapped_enabled && memory->listener.dirty &&
           memory->listener.dirty(memory->listener.opaque, region->mapped_address + page * PAGE_SIZE);
}

static bool page_is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, PAGE_SIZE - 1) == 0;
}

/* Calls @visit for each page that holds something. */
static void for_each_page(struct memory *memory,
                          void (*visit)(void *opaque, unsigned region, uint64_t page, const uint8_t *bytes),
                          void *opaque)
{
    memory_commit(memory);
    for (guint i = 0; i < memory->ram->len; i++) {
        const struct memory_region *region = g_ptr_array_index(memory->ram, i);
        for (uint64_t page = 0; page < region->size / PAGE_SIZE; page++) {
            const uint8_t *bytes = region->host + page * PAGE_SIZE;
            if (page_written(region, page) && !page_is_zero(bytes))
                visit(opaque, region->serial, page, bytes);
        }
    }
}

static void hash_page(void *opaque, unsigned region, uint64_t page, const uint8_t *bytes)
{
    uint64_t *hash = opaque;
    uint64_t head[3] = {*hash, region, page};

    *hash = state_hash_bytes(bytes, PAGE_SIZE, state_hash_bytes(head, sizeof(head), 0));
}

uint64_t memory_hash(struct memory *memory)
{
    uint64_t hash = 0;

    for_each_page(memory, hash_page, &hash);
    return hash;
}

static void save_page(void *opaque, unsigned region, uint64_t page, const uint8_t *bytes)
{
    struct state_writer *out = opaque;

    state_put_u32(out, region);
    state_put_u64(out, page);
    state_put_bytes(out, bytes, PAGE_SIZE);
}

void memory_save(struct memory *memory, struct state_writer *out)
{
    for_each_page(memory, save_page, out);
    state_put_u32(out, 0); /* serial numbers start at 1 */
}

static void clear_written(struct memory *memory)
{
    for (guint i = 0; i < memory->ram->len; i++) {
        struct memory_region *region = g_ptr_array_index(memory->ram, i);
        for (uint64_t page = 0; page < region->size / PAGE_SIZE; page++) {
            if (!page_written(region, page))
                continue;
            memset(region->host + page * PAGE_SIZE, 0, PAGE_SIZE);
            if (region->mapped_enabled)
                memory_written(memory, region->mapped_address + page * PAGE_SIZE, PAGE_SIZE);
        }
    }
}

static struct memory_region *ram_by_serial(struct memory *memory, uint32_t serial)
{
    for (guint i = 0; i < memory->ram->len; i++) {
        struct memory_region *region = g_ptr_array_index(memory->ram, i);
        if (region->serial == serial)
            return region;
    }
    return NULL;
}

bool memory_load(struct memory *memory, struct state_reader *in, GError **error)
{
    memory_commit(memory);
    clear_written(memory);
    for (;;) {
        uint32_t serial = state_get_u32(in);
        if (serial == 0 && !state_reader_failed(in))
            return true;
        uint64_t page = state_get_u64(in);
        struct memory_region *region = ram_by_serial(memory, serial);
        if (state_reader_failed(in) || !region || page >= region->size / PAGE_SIZE ||
            !state_get_bytes(in, region->host + page * PAGE_SIZE, PAGE_SIZE)) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "the saved memory is damaged or is that of another machine");
            return false;
        }
        region->written[page / 8] |= (uint8_t)(1 << page % 8);
        if (region->mapped_enabled)
            memory_written(memory, region->mapped_address + page * PAGE_SIZE, PAGE_SIZE);
    }
}
