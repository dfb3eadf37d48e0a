/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pool memory: size classes for small pieces, whole pages for large ones. */
#include "firmware/uefi/pool.h"

#include "firmware/uefi/uefi.h"

#define CLASSES 7              /* 32 << class bytes: 32 to 2048 */
#define SLAB_PAGES 16u         /* taken from the map at once for a size class */
#define PIECE_LIMIT (1u << 20) /* of live pieces: they cost host memory */
#define BIN_LIMIT 4096u        /* a guest may name two thousand million memory types */
#define WHOLE_PAGES 0xFF       /* in the place of a class */

struct piece {
    uint64_t address, size; /* pages * 4096 for whole pages */
    uint32_t type;
    uint8_t class;
};

/* Free pieces of one memory type and size class. */
struct bin {
    uint32_t type;
    uint8_t class;
    GArray *free; /* uint64_t addresses, last in first out */
};

struct pool {
    struct memory_map *map;
    GHashTable *pieces; /* address -> struct piece; never walked in hash order */
    GPtrArray *bins;    /* struct bin, in the order of first use */
};

static void bin_free(void *pointer)
{
    struct bin *bin = pointer;

    g_array_unref(bin->free);
    g_free(bin);
}

struct pool *pool_new(struct memory_map *map)
{
    struct pool *pool = g_new0(struct pool, 1);

    pool->map = map;
    pool->pieces = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    pool->bins = g_ptr_array_new_with_free_func(bin_free);
    return pool;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    g_hash_table_unref(pool->pieces);
    g_ptr_array_unref(pool->bins);
    g_free(pool);
}

void pool_clear(struct pool *pool)
{
    g_hash_table_remove_all(pool->pieces);
    g_ptr_array_set_size(pool->bins, 0);
}

/* NULL: too many. */
static struct bin *find_bin(struct pool *pool, uint32_t type, uint8_t class)
{
    for (guint i = 0; i < pool->bins->len; i++) {
        struct bin *bin = pool->bins->pdata[i];
        if (bin->type == type && bin->class == class)
            return bin;
    }
    if (pool->bins->len >= BIN_LIMIT)
        return NULL;
    struct bin *bin = g_new0(struct bin, 1);
    bin->type = type;
    bin->class = class;
    bin->free = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_ptr_array_add(pool->bins, bin);
    return bin;
}

/* A new slab for @bin, its pieces to be given out from the lowest address on. */
static bool fill(struct pool *pool, struct bin *bin, uint64_t granularity)
{
    uint64_t address = 0, size = 32u << bin->class;

    if (EFI_IS_ERROR(memory_map_allocate(pool->map, MEMORY_MAP_ANY, bin->type, SLAB_PAGES, granularity, &address)))
        return false;
    for (uint64_t end = SLAB_PAGES * EFI_PAGE_SIZE; end >= size; end -= size) {
        uint64_t piece = address + end - size;
        g_array_append_val(bin->free, piece);
    }
    return true;
}

static void add(struct pool *pool, uint64_t address, uint64_t size, uint32_t type, uint8_t class)
{
    struct piece *piece = g_new0(struct piece, 1);

    *piece = (struct piece){address, size, type, class};
    g_hash_table_insert(pool->pieces, &piece->address, piece);
}

uint64_t pool_allocate(struct pool *pool, uint32_t type, uint64_t size, uint64_t granularity)
{
    uint64_t address = 0;
    uint8_t class = 0;

    if (g_hash_table_size(pool->pieces) >= PIECE_LIMIT)
        return 0;
    while (class < CLASSES && (32u << class) < size)
        class ++;
    if (class == CLASSES) {
        uint64_t pages = EFI_PAGES(size);
        if (size > UINT64_MAX / 2 ||
            EFI_IS_ERROR(memory_map_allocate(pool->map, MEMORY_MAP_ANY, type, pages, granularity, &address)))
            return 0;
        pages = (pages + granularity - 1) / granularity * granularity;
        add(pool, address, pages * EFI_PAGE_SIZE, type, WHOLE_PAGES);
        return address;
    }
    struct bin *bin = find_bin(pool, type, class);
    if (!bin || (!bin->free->len && !fill(pool, bin, granularity)))
        return 0;
    address = g_array_index(bin->free, uint64_t, bin->free->len - 1);
    g_array_set_size(bin->free, bin->free->len - 1);
    add(pool, address, 32u << class, type, class);
    return address;
}

bool pool_release(struct pool *pool, uint64_t address)
{
    struct piece *piece = g_hash_table_lookup(pool->pieces, &address);

    if (!piece)
        return false;
    if (piece->class == WHOLE_PAGES) {
        memory_map_release(pool->map, address, piece->size / EFI_PAGE_SIZE);
    } else {
        struct bin *bin = find_bin(pool, piece->type, piece->class);
        g_array_append_val(bin->free, address);
    }
    g_hash_table_remove(pool->pieces, &address);
    return true;
}

uint64_t pool_size(const struct pool *pool, uint64_t address)
{
    const struct piece *piece = g_hash_table_lookup(pool->pieces, &address);

    return piece ? piece->size : 0;
}

static gint by_address(gconstpointer a, gconstpointer b)
{
    const struct piece *one = *(const struct piece *const *)a, *two = *(const struct piece *const *)b;

    return one->address < two->address ? -1 : one->address > two->address;
}

void pool_save(const struct pool *pool, struct state_writer *out)
{
    GPtrArray *sorted = g_ptr_array_new();
    GHashTableIter iterator;
    void *value;

    g_hash_table_iter_init(&iterator, pool->pieces);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        g_ptr_array_add(sorted, value);
    g_ptr_array_sort(sorted, by_address);
    state_put_u32(out, sorted->len);
    for (guint i = 0; i < sorted->len; i++) {
        const struct piece *piece = sorted->pdata[i];
        state_put_u64(out, piece->address);
        state_put_u64(out, piece->size);
        state_put_u32(out, piece->type);
        state_put_u8(out, piece->class);
    }
    g_ptr_array_unref(sorted);
    state_put_u32(out, pool->bins->len);
    for (guint i = 0; i < pool->bins->len; i++) {
        const struct bin *bin = pool->bins->pdata[i];
        state_put_u32(out, bin->type);
        state_put_u8(out, bin->class);
        state_put_u32(out, bin->free->len);
        for (guint j = 0; j < bin->free->len; j++)
            state_put_u64(out, g_array_index(bin->free, uint64_t, j));
    }
}

bool pool_load(struct pool *pool, struct state_reader *in)
{
    pool_clear(pool);
    uint32_t pieces = state_get_u32(in);
    for (uint32_t i = 0; i < pieces; i++) {
        uint64_t address = state_get_u64(in), size = state_get_u64(in);
        uint32_t type = state_get_u32(in);
        uint8_t class = state_get_u8(in);
        if (state_reader_failed(in) || i >= PIECE_LIMIT || (class >= CLASSES && class != WHOLE_PAGES))
            return false;
        add(pool, address, size, type, class);
    }
    uint32_t bins = state_get_u32(in);
    for (uint32_t i = 0; i < bins; i++) {
        uint32_t type = state_get_u32(in);
        uint8_t class = state_get_u8(in);
        uint32_t count = state_get_u32(in);
        if (state_reader_failed(in) || class >= CLASSES || count > state_reader_left(in) / 8)
            return false;
        struct bin *bin = find_bin(pool, type, class);
        if (!bin)
            return false;
        for (uint32_t j = 0; j < count; j++) {
            uint64_t address = state_get_u64(in);
            g_array_append_val(bin->free, address);
        }
    }
    return !state_reader_failed(in);
}
