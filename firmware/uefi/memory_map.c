/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's map of physical memory (UEFI 2.10, section 7.2): a sorted list of disjoint ranges. */
#include "firmware/uefi/memory_map.h"

#include <string.h>

#include "emu/bytes.h"
#include "firmware/uefi/uefi.h"

#define ENTRY_LIMIT 8192     /* of the map; a guest that fragments further is out of resources */
#define LOW_MEMORY 0x100000u /* below it only on demand: the guest's trampolines live there */
#define FOUR_GIB 0x100000000u
#define CACHEABLE (EFI_MEMORY_UC | EFI_MEMORY_WC | EFI_MEMORY_WT | EFI_MEMORY_WB)

struct memory_map {
    GArray *entries; /* struct memory_map_entry, ascending */
    uint64_t key;
};

struct memory_map *memory_map_new(void)
{
    struct memory_map *map = g_new0(struct memory_map, 1);

    map->entries = g_array_new(FALSE, FALSE, sizeof(struct memory_map_entry));
    map->key = 1;
    return map;
}

void memory_map_free(struct memory_map *map)
{
    if (!map)
        return;
    g_array_unref(map->entries);
    g_free(map);
}

void memory_map_clear(struct memory_map *map)
{
    g_array_set_size(map->entries, 0);
    map->key = 1;
}

static struct memory_map_entry *entry_at(const struct memory_map *map, unsigned index)
{
    return &g_array_index(map->entries, struct memory_map_entry, index);
}

static uint64_t entry_end(const struct memory_map_entry *entry)
{
    return entry->start + entry->pages * EFI_PAGE_SIZE;
}

/* Index of the first entry that ends after @address. */
static unsigned first_after(const struct memory_map *map, uint64_t address)
{
    unsigned low = 0, high = map->entries->len;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (entry_end(entry_at(map, middle)) > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool alike(const struct memory_map_entry *a, const struct memory_map_entry *b)
{
    return entry_end(a) == b->start && a->type == b->type && a->attributes == b->attributes &&
           a->allocatable == b->allocatable;
}

static void join(struct memory_map *map, unsigned index)
{
    if (index + 1 >= map->entries->len || !alike(entry_at(map, index), entry_at(map, index + 1)))
        return;
    entry_at(map, index)->pages += entry_at(map, index + 1)->pages;
    g_array_remove_index(map->entries, index + 1);
}

/* Makes [@start, @end) empty; returns where an entry for it belongs. */
static unsigned carve(struct memory_map *map, uint64_t start, uint64_t end)
{
    unsigned index = first_after(map, start);

    while (index < map->entries->len) {
        struct memory_map_entry *entry = entry_at(map, index);
        struct memory_map_entry old = *entry;
        if (old.start >= end)
            break;
        if (old.start < start) {
            entry->pages = (start - old.start) / EFI_PAGE_SIZE;
            index++;
            if (entry_end(&old) > end) {
                struct memory_map_entry tail = old;
                tail.start = end;
                tail.pages = (entry_end(&old) - end) / EFI_PAGE_SIZE;
                g_array_insert_val(map->entries, index, tail);
            }
        } else if (entry_end(&old) > end) {
            entry->start = end;
            entry->pages = (entry_end(&old) - end) / EFI_PAGE_SIZE;
        } else {
            g_array_remove_index(map->entries, index);
        }
    }
    return index;
}

void memory_map_set(struct memory_map *map, uint64_t start, uint64_t pages, uint32_t type, uint64_t attributes,
                    bool allocatable)
{
    struct memory_map_entry entry = {start, pages, attributes, type, allocatable};

    if (!pages)
        return;
    unsigned index = carve(map, start, start + pages * EFI_PAGE_SIZE);
    g_array_insert_val(map->entries, index, entry);
    join(map, index);
    if (index > 0)
        join(map, index - 1);
    map->key++;
}

static uint64_t attributes_of(uint32_t type)
{
    bool runtime = type == EFI_RUNTIME_SERVICES_CODE || type == EFI_RUNTIME_SERVICES_DATA;

    return CACHEABLE | (runtime ? EFI_MEMORY_RUNTIME : 0);
}

static bool is_free(const struct memory_map_entry *entry)
{
    return entry->allocatable && entry->type == EFI_CONVENTIONAL_MEMORY;
}

/* The highest place for @bytes in [@bottom, @top); 0: none. */
static uint64_t highest(const struct memory_map *map, uint64_t bottom, uint64_t top, uint64_t bytes, uint64_t alignment)
{
    for (unsigned i = map->entries->len; i > 0; i--) {
        const struct memory_map_entry *entry = entry_at(map, i - 1);
        uint64_t start = MAX(entry->start, bottom);
        uint64_t end = MIN(entry_end(entry), top);
        if (!is_free(entry) || end <= start || end - start < bytes)
            continue;
        uint64_t address = (end - bytes) & ~(alignment - 1);
        if (address >= start && address)
            return address;
    }
    return 0;
}

static uint64_t place(const struct memory_map *map, enum memory_map_allocate how, uint64_t limit, uint64_t bytes,
                      uint64_t alignment)
{
    uint64_t top = how == MEMORY_MAP_BELOW && limit != UINT64_MAX ? limit + 1 : UINT64_MAX;
    uint64_t address = highest(map, LOW_MEMORY, MIN(top, FOUR_GIB), bytes, alignment);

    if (!address)
        address = highest(map, LOW_MEMORY, top, bytes, alignment);
    if (!address)
        address = highest(map, 0, top, bytes, alignment);
    return address;
}

static bool all_free(const struct memory_map *map, uint64_t start, uint64_t end)
{
    for (unsigned i = first_after(map, start); start < end; i++) {
        if (i >= map->entries->len)
            return false;
        const struct memory_map_entry *entry = entry_at(map, i);
        if (entry->start > start || !is_free(entry))
            return false;
        start = entry_end(entry);
    }
    return true;
}

efi_status memory_map_allocate(struct memory_map *map, enum memory_map_allocate how, uint32_t type, uint64_t pages,
                               uint64_t granularity, uint64_t *address)
{
    uint64_t bytes, start;

    if (!pages || pages > UINT64_MAX / EFI_PAGE_SIZE / 2)
        return pages ? EFI_OUT_OF_RESOURCES : EFI_INVALID_PARAMETER;
    if (map->entries->len >= ENTRY_LIMIT)
        return EFI_OUT_OF_RESOURCES;
    pages = (pages + granularity - 1) / granularity * granularity;
    bytes = pages * EFI_PAGE_SIZE;
    if (how == MEMORY_MAP_AT) {
        start = *address;
        if (start % EFI_PAGE_SIZE || start > UINT64_MAX - bytes || !all_free(map, start, start + bytes))
            return EFI_NOT_FOUND;
    } else {
        start = place(map, how, *address, bytes, granularity * EFI_PAGE_SIZE);
        if (!start)
            return EFI_OUT_OF_RESOURCES;
    }
    memory_map_set(map, start, pages, type, attributes_of(type), true);
    *address = start;
    return EFI_SUCCESS;
}

efi_status memory_map_release(struct memory_map *map, uint64_t address, uint64_t pages)
{
    uint64_t start = address;

    if (address % EFI_PAGE_SIZE || !pages || pages > (UINT64_MAX - address) / EFI_PAGE_SIZE)
        return EFI_INVALID_PARAMETER;
    uint64_t end = address + pages * EFI_PAGE_SIZE;
    for (unsigned i = first_after(map, start); start < end; i++) {
        if (i >= map->entries->len)
            return EFI_NOT_FOUND;
        const struct memory_map_entry *entry = entry_at(map, i);
        if (entry->start > start || !entry->allocatable || entry->type == EFI_CONVENTIONAL_MEMORY)
            return EFI_NOT_FOUND;
        start = entry_end(entry);
    }
    if (map->entries->len >= ENTRY_LIMIT)
        return EFI_OUT_OF_RESOURCES;
    memory_map_set(map, address, pages, EFI_CONVENTIONAL_MEMORY, CACHEABLE, true);
    return EFI_SUCCESS;
}

const struct memory_map_entry *memory_map_find(const struct memory_map *map, uint64_t address)
{
    unsigned index = first_after(map, address);

    if (index >= map->entries->len || entry_at(map, index)->start > address)
        return NULL;
    return entry_at(map, index);
}

const struct memory_map_entry *memory_map_entry(const struct memory_map *map, unsigned index)
{
    return index < map->entries->len ? entry_at(map, index) : NULL;
}

unsigned memory_map_count(const struct memory_map *map)
{
    return map->entries->len;
}

uint64_t memory_map_key(const struct memory_map *map)
{
    return map->key;
}

/* Neighbours that differ for the allocator only are one to the guest. */
void memory_map_descriptors(const struct memory_map *map, GByteArray *out)
{
    for (unsigned i = 0; i < map->entries->len; i++) {
        struct memory_map_entry entry = *entry_at(map, i);
        while (i + 1 < map->entries->len) {
            const struct memory_map_entry *next = entry_at(map, i + 1);
            if (entry_end(&entry) != next->start || entry.type != next->type || entry.attributes != next->attributes)
                break;
            entry.pages += next->pages;
            i++;
        }
        append_le(out, entry.type, 8);
        append_le(out, entry.start, 8);
        append_le(out, 0, 8); /* VirtualStart */
        append_le(out, entry.pages, 8);
        append_le(out, entry.attributes, 8);
        append_le(out, 0, 8);
    }
}

void memory_map_save(const struct memory_map *map, struct state_writer *out)
{
    state_put_u64(out, map->key);
    state_put_u32(out, map->entries->len);
    for (unsigned i = 0; i < map->entries->len; i++) {
        const struct memory_map_entry *entry = entry_at(map, i);
        state_put_u64(out, entry->start);
        state_put_u64(out, entry->pages);
        state_put_u64(out, entry->attributes);
        state_put_u32(out, entry->type);
        state_put_u8(out, entry->allocatable);
    }
}

bool memory_map_load(struct memory_map *map, struct state_reader *in)
{
    uint64_t end = 0;

    map->key = state_get_u64(in);
    uint32_t count = state_get_u32(in);
    g_array_set_size(map->entries, 0);
    for (uint32_t i = 0; i < count; i++) {
        struct memory_map_entry entry = {.start = state_get_u64(in), .pages = state_get_u64(in)};
        entry.attributes = state_get_u64(in);
        entry.type = state_get_u32(in);
        entry.allocatable = state_get_u8(in) != 0;
        if (state_reader_failed(in) || entry.start < end || entry.start % EFI_PAGE_SIZE || !entry.pages ||
            entry.pages > (UINT64_MAX - entry.start) / EFI_PAGE_SIZE)
            return false;
        end = entry_end(&entry);
        g_array_append_val(map->entries, entry);
    }
    return true;
}
