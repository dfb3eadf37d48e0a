/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces: the list of regions and their look-up.  Accesses to devices are in access.c, DMA in dma.c. */
#include "emu/memory/memory.h"

#include <string.h>

#include "emu/host/pages.h"
#include "emu/memory/internal.h"

#define PAGE_SIZE 4096

struct memory *memory_new(void)
{
    struct memory *memory = g_new0(struct memory, 1);

    for (unsigned space = 0; space < MEMORY_SPACES; space++) {
        memory->regions[space] = g_ptr_array_new();
        memory->flat[space] = g_array_new(FALSE, FALSE, sizeof(struct flat_range));
    }
    memory->ram = g_ptr_array_new();
    return memory;
}

static void region_free(struct memory_region *region)
{
    if (region->host)
        host_pages_free(region->host, region->size);
    g_free(region->written);
    g_free(region->name);
    g_free(region);
}

void memory_free(struct memory *memory)
{
    if (!memory)
        return;
    for (unsigned space = 0; space < MEMORY_SPACES; space++) {
        for (guint i = 0; i < memory->regions[space]->len; i++) {
            struct memory_region *region = g_ptr_array_index(memory->regions[space], i);
            region_free(region);
        }
        g_ptr_array_free(memory->regions[space], TRUE);
        g_array_free(memory->flat[space], TRUE);
    }
    g_ptr_array_free(memory->ram, TRUE);
    g_free(memory);
}

static void map_now(struct memory_region *region)
{
    struct memory *memory = region->memory;

    if (memory->listener.map && region->mapped_enabled)
        memory->listener.map(memory->listener.opaque, region->mapped_address, region->size, region->host,
                             region->read_only);
}

void memory_set_listener(struct memory *memory, const struct memory_listener *listener)
{
    memory->listener = *listener;
    for (guint i = 0; i < memory->ram->len; i++)
        map_now(g_ptr_array_index(memory->ram, i));
}

static gint by_address(gconstpointer a, gconstpointer b)
{
    const struct memory_region *left = *(struct memory_region *const *)a;
    const struct memory_region *right = *(struct memory_region *const *)b;

    return left->mapped_address < right->mapped_address ? -1 : left->mapped_address > right->mapped_address;
}

/* True if @a answers before @b where both lie. */
static bool outranks(const struct memory_region *a, const struct memory_region *b)
{
    return a->priority != b->priority ? a->priority > b->priority : a->serial > b->serial;
}

static gint by_rank(gconstpointer a, gconstpointer b)
{
    const struct memory_region *left = *(struct memory_region *const *)a;
    const struct memory_region *right = *(struct memory_region *const *)b;

    return outranks(left, right) ? -1 : outranks(right, left);
}

/* Cuts the space into ranges with one owner each, so that a look-up is a binary search. */
static void flatten(struct memory *memory, enum memory_space space)
{
    g_autoptr(GArray) edges = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    GPtrArray *regions = memory->regions[space];

    g_array_set_size(memory->flat[space], 0);
    g_ptr_array_sort(regions, by_rank);
    for (guint i = 0; i < regions->len; i++) {
        const struct memory_region *region = g_ptr_array_index(regions, i);
        uint64_t last = region->address + region->size - 1;
        if (!region->enabled)
            continue;
        g_array_append_val(edges, region->address);
        if (last != UINT64_MAX) {
            last++;
            g_array_append_val(edges, last);
        }
    }
    g_array_sort(edges, memory_compare_u64);
    for (guint e = 0; e < edges->len; e++) {
        uint64_t start = g_array_index(edges, uint64_t, e);
        uint64_t end = e + 1 < edges->len ? g_array_index(edges, uint64_t, e + 1) - 1 : UINT64_MAX;
        if (e + 1 < edges->len && end + 1 == start)
            continue;
        for (guint i = 0; i < regions->len; i++) {
            struct memory_region *region = g_ptr_array_index(regions, i);
            if (!region->enabled || start < region->address || start - region->address >= region->size)
                continue;
            struct flat_range range = {.start = start, .last = end, .region = region};
            g_array_append_val(memory->flat[space], range);
            break;
        }
    }
    memory->flat_valid[space] = true;
    memory->recent[space] = NULL;
}

int memory_compare_u64(gconstpointer a, gconstpointer b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

struct memory_region *memory_find(struct memory *memory, enum memory_space space, uint64_t address, uint64_t *last)
{
    if (!memory->flat_valid[space])
        flatten(memory, space);
    const struct flat_range *recent = memory->recent[space];
    if (recent && address >= recent->start && address <= recent->last) {
        *last = recent->last;
        return recent->region;
    }
    const GArray *flat = memory->flat[space];
    guint low = 0, high = flat->len;
    while (low < high) {
        guint middle = (low + high) / 2;
        const struct flat_range *range = &g_array_index(flat, struct flat_range, middle);
        if (address < range->start) {
            high = middle;
        } else if (address > range->last) {
            low = middle + 1;
        } else {
            memory->recent[space] = range;
            *last = range->last;
            return range->region;
        }
    }
    *last = low < flat->len ? g_array_index(flat, struct flat_range, low).start - 1 : UINT64_MAX;
    return NULL;
}

static struct memory_region *add_region(struct memory *memory, enum memory_space space, const char *name,
                                        uint64_t address, uint64_t size, int priority)
{
    struct memory_region *region = g_new0(struct memory_region, 1);

    region->memory = memory;
    region->space = space;
    region->name = g_strdup(name);
    region->address = address;
    region->size = size;
    region->priority = priority;
    region->enabled = true;
    region->serial = ++memory->serial;
    g_ptr_array_add(memory->regions[space], region);
    memory->flat_valid[space] = false;
    return region;
}

static bool ram_overlaps(const struct memory *memory, uint64_t address, uint64_t size)
{
    for (guint i = 0; i < memory->ram->len; i++) {
        const struct memory_region *region = g_ptr_array_index(memory->ram, i);
        if (region->mapped_enabled && address < region->mapped_address + region->size &&
            region->mapped_address < address + size)
            return true;
    }
    return false;
}

struct memory_region *memory_add_ram(struct memory *memory, const char *name, uint64_t address, uint64_t size,
                                     bool read_only, GError **error)
{
    if (size == 0 || (address | size) % PAGE_SIZE || address + size < address || ram_overlaps(memory, address, size)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "memory \"%s\" cannot lie at 0x%" G_GINT64_MODIFIER "x with 0x%" G_GINT64_MODIFIER
                    "x bytes: it must be page aligned and overlap no other",
                    name, address, size);
        return NULL;
    }
    void *host = host_pages_allocate(size);
    if (!host) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "the host has no room for %" G_GUINT64_FORMAT " MiB of \"%s\"; give less with --memory", size >> 20,
                    name);
        return NULL;
    }
    struct memory_region *region = add_region(memory, MEMORY_SPACE_PHYSICAL, name, address, size, -1);
    region->host = host;
    region->read_only = read_only;
    region->written = g_malloc0((size / PAGE_SIZE + 7) / 8);
    region->mapped_address = address;
    region->mapped_enabled = true;
    g_ptr_array_add(memory->ram, region);
    g_ptr_array_sort(memory->ram, by_address);
    map_now(region);
    return region;
}

const uint8_t *memory_region_host(const struct memory_region *region)
{
    return region->host;
}

struct memory_region *memory_add_io(struct memory *memory, enum memory_space space, const char *name, uint64_t address,
                                    uint64_t size, int priority, const struct memory_region_ops *ops, void *opaque)
{
    struct memory_region *region = add_region(memory, space, name, address, size, priority);

    region->ops = *ops;
    region->ops.min_size = ops->min_size ? ops->min_size : 1;
    region->ops.max_size = ops->max_size ? ops->max_size : 4;
    region->opaque = opaque;
    return region;
}

void memory_region_set(struct memory_region *region, uint64_t address, bool enabled)
{
    if (region->address == address && region->enabled == enabled)
        return;
    region->address = address;
    region->enabled = enabled;
    region->memory->flat_valid[region->space] = false;
    if (region->host) {
        region->memory->pending = true;
        if (region->memory->moved)
            region->memory->moved(region->memory->moved_opaque);
    }
}

void memory_region_remove(struct memory_region *region)
{
    struct memory *memory = region->memory;

    if (region->host && region->mapped_enabled && memory->listener.unmap)
        memory->listener.unmap(memory->listener.opaque, region->mapped_address, region->size);
    g_ptr_array_remove(memory->ram, region);
    g_ptr_array_remove(memory->regions[region->space], region);
    memory->flat_valid[region->space] = false;
    memory->recent[region->space] = NULL;
    region_free(region);
}

/* The engine forgets what was written with the mapping: keep it for the hash. */
static void remember_written(struct memory_region *region)
{
    struct memory *memory = region->memory;

    for (uint64_t page = 0; page < region->size / PAGE_SIZE; page++)
        if (memory->listener.dirty &&
            memory->listener.dirty(memory->listener.opaque, region->mapped_address + page * PAGE_SIZE))
            region->written[page / 8] |= (uint8_t)(1 << page % 8);
}

void memory_commit(struct memory *memory)
{
    if (!memory->pending)
        return;
    memory->pending = false;
    for (guint i = 0; i < memory->ram->len; i++) {
        struct memory_region *region = g_ptr_array_index(memory->ram, i);
        if (!region->mapped_enabled || (region->enabled && region->address == region->mapped_address))
            continue;
        remember_written(region);
        if (memory->listener.unmap)
            memory->listener.unmap(memory->listener.opaque, region->mapped_address, region->size);
        region->mapped_enabled = false;
    }
    for (guint i = 0; i < memory->ram->len; i++) {
        struct memory_region *region = g_ptr_array_index(memory->ram, i);
        /* A BAR laid over RAM by the guest stays unreachable, as the RAM wins on the real bus. */
        if (!region->enabled || region->mapped_enabled || ram_overlaps(memory, region->address, region->size))
            continue;
        region->mapped_address = region->address;
        region->mapped_enabled = true;
        map_now(region);
    }
    g_ptr_array_sort(memory->ram, by_address);
}

bool memory_pending(const struct memory *memory)
{
    return memory->pending;
}

void memory_set_moved_handler(struct memory *memory, void (*moved)(void *opaque), void *opaque)
{
    memory->moved = moved;
    memory->moved_opaque = opaque;
}

bool memory_ram_range(const struct memory *memory, unsigned index, struct memory_ram_range *out)
{
    if (index >= memory->ram->len)
        return false;
    const struct memory_region *region = g_ptr_array_index(memory->ram, index);
    *out = (struct memory_ram_range){.address = region->mapped_address,
                                     .size = region->size,
                                     .name = region->name,
                                     .host = region->host,
                                     .read_only = region->read_only,
                                     .mapped = region->mapped_enabled};
    return true;
}

const char *memory_name_at(struct memory *memory, enum memory_space space, uint64_t address, uint64_t *offset)
{
    uint64_t last;
    const struct memory_region *region = memory_find(memory, space, address, &last);

    if (!region)
        return NULL;
    *offset = address - region->address;
    return region->name;
}

static gint lower_first(gconstpointer a, gconstpointer b)
{
    const struct memory_region *left = *(struct memory_region *const *)a;
    const struct memory_region *right = *(struct memory_region *const *)b;

    return left->address < right->address ? -1 : left->address > right->address;
}

const char *memory_region_name(struct memory *memory, enum memory_space space, unsigned index, uint64_t *address,
                               uint64_t *size)
{
    g_autoptr(GPtrArray) enabled = g_ptr_array_new();

    for (guint i = 0; i < memory->regions[space]->len; i++) {
        struct memory_region *region = g_ptr_array_index(memory->regions[space], i);
        if (region->enabled)
            g_ptr_array_add(enabled, region);
    }
    if (index >= enabled->len)
        return NULL;
    g_ptr_array_sort(enabled, lower_first);
    const struct memory_region *region = g_ptr_array_index(enabled, index);
    *address = region->address;
    *size = region->size;
    return region->name;
}
