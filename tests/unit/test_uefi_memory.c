/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's memory map and pool. */
#include "emu/bytes.h"
#include "firmware/uefi/memory_map.h"
#include "firmware/uefi/pool.h"
#include "firmware/uefi/uefi.h"

#define MIB 0x100000ull
#define GIB 0x40000000ull
#define WB 0xFull

/* 512 KiB below 1 MiB, 63 MiB above it, 64 MiB above 4 GiB. */
static struct memory_map *make(void)
{
    struct memory_map *map = memory_map_new();

    memory_map_set(map, 0x1000, 127, EFI_CONVENTIONAL_MEMORY, WB, true);
    memory_map_set(map, MIB, 63 * 256, EFI_CONVENTIONAL_MEMORY, WB, true);
    memory_map_set(map, 4 * GIB, 64 * 256, EFI_CONVENTIONAL_MEMORY, WB, true);
    return map;
}

static efi_status allocate(struct memory_map *map, enum memory_map_allocate how, uint64_t pages, uint64_t *address)
{
    return memory_map_allocate(map, how, EFI_LOADER_DATA, pages, 1, address);
}

static void test_any(void)
{
    struct memory_map *map = make();
    uint64_t address = 0;

    g_assert_cmphex(allocate(map, MEMORY_MAP_ANY, 16, &address), ==, EFI_SUCCESS);
    g_assert_cmphex(address, ==, 64 * MIB - 16 * 4096); /* highest below 4 GiB */
    g_assert_cmpuint(memory_map_find(map, address)->type, ==, EFI_LOADER_DATA);
    g_assert_cmphex(allocate(map, MEMORY_MAP_ANY, 63 * 256, &address), ==, EFI_SUCCESS);
    g_assert_cmphex(address, ==, 4 * GIB + MIB); /* no room left below */
    g_assert_cmphex(allocate(map, MEMORY_MAP_ANY, 65 * 256, &address), ==, EFI_OUT_OF_RESOURCES);
    g_assert_cmphex(allocate(map, MEMORY_MAP_ANY, 0, &address), ==, EFI_INVALID_PARAMETER);
    g_assert_cmphex(allocate(map, MEMORY_MAP_ANY, UINT64_MAX, &address), ==, EFI_OUT_OF_RESOURCES);
    memory_map_free(map);
}

static void test_below(void)
{
    struct memory_map *map = make();
    uint64_t address = 2 * MIB - 1;

    g_assert_cmphex(allocate(map, MEMORY_MAP_BELOW, 4, &address), ==, EFI_SUCCESS);
    g_assert_cmphex(address, ==, 2 * MIB - 4 * 4096);
    address = 0x5FFF;
    g_assert_cmphex(allocate(map, MEMORY_MAP_BELOW, 1, &address), ==, EFI_SUCCESS);
    g_assert_cmphex(address, ==, 0x5000);
    address = 0x5FFE; /* the last byte of page 5 lies above */
    g_assert_cmphex(allocate(map, MEMORY_MAP_BELOW, 1, &address), ==, EFI_SUCCESS);
    g_assert_cmphex(address, ==, 0x4000);
    address = 0xFFF;
    g_assert_cmphex(allocate(map, MEMORY_MAP_BELOW, 1, &address), ==, EFI_OUT_OF_RESOURCES);
    address = UINT64_MAX;
    g_assert_cmphex(allocate(map, MEMORY_MAP_BELOW, 1, &address), ==, EFI_SUCCESS);
    g_assert_cmphex(address, ==, 64 * MIB - 4096);
    memory_map_free(map);
}

static void test_at(void)
{
    struct memory_map *map = make();
    uint64_t address = 4 * MIB;

    g_assert_cmphex(allocate(map, MEMORY_MAP_AT, 256, &address), ==, EFI_SUCCESS);
    g_assert_cmphex(address, ==, 4 * MIB);
    g_assert_cmphex(allocate(map, MEMORY_MAP_AT, 1, &address), ==, EFI_NOT_FOUND);
    address = 4 * MIB - 4096;
    g_assert_cmphex(allocate(map, MEMORY_MAP_AT, 2, &address), ==, EFI_NOT_FOUND); /* half of it is taken */
    address = 64 * MIB - 4096;
    g_assert_cmphex(allocate(map, MEMORY_MAP_AT, 2, &address), ==, EFI_NOT_FOUND); /* behind RAM */
    address = 2 * MIB + 1;
    g_assert_cmphex(allocate(map, MEMORY_MAP_AT, 1, &address), ==, EFI_NOT_FOUND);
    address = UINT64_MAX - 4095;
    g_assert_cmphex(allocate(map, MEMORY_MAP_AT, 2, &address), ==, EFI_NOT_FOUND);
    memory_map_free(map);
}

static void test_release(void)
{
    struct memory_map *map = make();
    unsigned count = memory_map_count(map);
    uint64_t address = 8 * MIB, key = memory_map_key(map);

    allocate(map, MEMORY_MAP_AT, 8, &address);
    g_assert_cmpuint(memory_map_count(map), ==, count + 2);
    g_assert_cmphex(memory_map_key(map), !=, key);
    key = memory_map_key(map);
    g_assert_cmphex(memory_map_release(map, address, 9), ==, EFI_NOT_FOUND);
    g_assert_cmphex(memory_map_release(map, address + 1, 1), ==, EFI_INVALID_PARAMETER);
    g_assert_cmphex(memory_map_release(map, address, 0), ==, EFI_INVALID_PARAMETER);
    g_assert_cmphex(memory_map_key(map), ==, key);                                /* failures change nothing */
    g_assert_cmphex(memory_map_release(map, address + 4096, 2), ==, EFI_SUCCESS); /* a part */
    g_assert_cmphex(memory_map_release(map, address + 4096, 1), ==, EFI_NOT_FOUND);
    g_assert_cmphex(memory_map_release(map, address, 1), ==, EFI_SUCCESS);
    g_assert_cmphex(memory_map_release(map, address + 3 * 4096, 5), ==, EFI_SUCCESS);
    g_assert_cmpuint(memory_map_count(map), ==, count); /* all joined again */
    memory_map_free(map);
}

static void test_reserved_is_not_freed(void)
{
    struct memory_map *map = make();

    memory_map_set(map, 16 * MIB, 16, EFI_RESERVED_MEMORY_TYPE, WB, false);
    g_assert_cmphex(memory_map_release(map, 16 * MIB, 16), ==, EFI_NOT_FOUND);
    uint64_t address = 16 * MIB;
    g_assert_cmphex(allocate(map, MEMORY_MAP_AT, 1, &address), ==, EFI_NOT_FOUND);
    memory_map_free(map);
}

static void test_granularity(void)
{
    struct memory_map *map = make();
    uint64_t address = 0;

    g_assert_cmphex(memory_map_allocate(map, MEMORY_MAP_ANY, EFI_RUNTIME_SERVICES_DATA, 1, 16, &address), ==,
                    EFI_SUCCESS);
    g_assert_cmphex(address % 65536, ==, 0);
    g_assert_cmpuint(memory_map_find(map, address)->pages, ==, 16);
    g_assert_cmphex(memory_map_find(map, address)->attributes, ==, WB | EFI_MEMORY_RUNTIME);
    memory_map_free(map);
}

static uint64_t field(const GByteArray *bytes, unsigned entry, unsigned offset)
{
    return get_le64(bytes->data + entry * EFI_MEMORY_DESCRIPTOR_SIZE + offset);
}

static void test_descriptors(void)
{
    struct memory_map *map = make();
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    /* Reserved RAM beside a reserved range that no allocator owns: one descriptor to the guest. */
    memory_map_set(map, 512 * 1024, 4, EFI_RESERVED_MEMORY_TYPE, WB, false);
    memory_map_set(map, 512 * 1024 - 4096, 1, EFI_RESERVED_MEMORY_TYPE, WB, true);
    memory_map_descriptors(map, bytes);
    g_assert_cmpuint(bytes->len, ==, 4 * EFI_MEMORY_DESCRIPTOR_SIZE);
    g_assert_cmpuint(field(bytes, 0, 0), ==, EFI_CONVENTIONAL_MEMORY);
    g_assert_cmphex(field(bytes, 0, 8), ==, 0x1000);
    g_assert_cmpuint(field(bytes, 0, 24), ==, 126);
    g_assert_cmpuint(field(bytes, 1, 0), ==, EFI_RESERVED_MEMORY_TYPE);
    g_assert_cmpuint(field(bytes, 1, 24), ==, 5);
    g_assert_cmphex(field(bytes, 2, 8), ==, MIB);
    g_assert_cmphex(field(bytes, 2, 32), ==, WB);
    memory_map_free(map);
}

static void test_map_state(void)
{
    struct memory_map *map = make(), *other = memory_map_new();
    g_autoptr(GByteArray) bytes = g_byte_array_new(), again = g_byte_array_new();
    uint64_t address = 0;

    allocate(map, MEMORY_MAP_ANY, 3, &address);
    struct state_writer *out = state_writer_new(bytes);
    memory_map_save(map, out);
    state_writer_free(out);
    struct state_reader *in = state_reader_new(bytes->data, bytes->len);
    g_assert_true(memory_map_load(other, in));
    state_reader_free(in);
    out = state_writer_new(again);
    memory_map_save(other, out);
    state_writer_free(out);
    g_assert_cmpmem(bytes->data, bytes->len, again->data, again->len);
    in = state_reader_new(bytes->data, bytes->len - 1);
    g_assert_false(memory_map_load(other, in));
    state_reader_free(in);
    memory_map_free(map);
    memory_map_free(other);
}

static void test_pool(void)
{
    struct memory_map *map = make();
    struct pool *pool = pool_new(map);
    uint64_t small = pool_allocate(pool, EFI_LOADER_DATA, 1, 1), key = memory_map_key(map);
    uint64_t second = pool_allocate(pool, EFI_LOADER_DATA, 32, 1);
    uint64_t large = pool_allocate(pool, EFI_LOADER_DATA, 65536, 1);

    g_assert_cmphex(small % 16, ==, 0);
    g_assert_cmphex(second, ==, small + 32);
    g_assert_cmpuint(memory_map_find(map, small)->type, ==, EFI_LOADER_DATA);
    g_assert_cmphex(large % 4096, ==, 0);
    g_assert_cmpuint(pool_size(pool, large), ==, 65536);
    g_assert_cmpuint(pool_size(pool, large + 16), ==, 0);
    g_assert_cmphex(memory_map_key(map), !=, key);
    key = memory_map_key(map);
    g_assert_true(pool_release(pool, small));
    g_assert_false(pool_release(pool, small)); /* twice */
    g_assert_false(pool_release(pool, second + 16));
    g_assert_cmphex(memory_map_key(map), ==, key); /* small pieces do not change the map */
    g_assert_cmphex(pool_allocate(pool, EFI_LOADER_DATA, 20, 1), ==, small);
    g_assert_true(pool_release(pool, large));
    g_assert_cmpuint(memory_map_find(map, large)->type, ==, EFI_CONVENTIONAL_MEMORY);
    pool_free(pool);
    memory_map_free(map);
}

static void test_pool_types_and_limits(void)
{
    struct memory_map *map = make();
    struct pool *pool = pool_new(map);
    uint64_t a = pool_allocate(pool, EFI_LOADER_DATA, 100, 1);
    uint64_t b = pool_allocate(pool, EFI_BOOT_SERVICES_DATA, 100, 1);

    g_assert_cmpuint(memory_map_find(map, a)->type, ==, EFI_LOADER_DATA);
    g_assert_cmpuint(memory_map_find(map, b)->type, ==, EFI_BOOT_SERVICES_DATA);
    g_assert_cmphex(pool_allocate(pool, EFI_LOADER_DATA, UINT64_MAX, 1), ==, 0);
    g_assert_cmphex(pool_allocate(pool, EFI_LOADER_DATA, 1ull << 40, 1), ==, 0);
    g_assert_cmphex(pool_allocate(pool, EFI_LOADER_DATA, 0, 1), !=, 0);
    pool_free(pool);
    memory_map_free(map);
}

static void test_pool_state(void)
{
    struct memory_map *map = make();
    struct pool *pool = pool_new(map), *other = pool_new(map);
    g_autoptr(GByteArray) bytes = g_byte_array_new(), again = g_byte_array_new();
    uint64_t pieces[40];

    for (unsigned i = 0; i < 40; i++)
        pieces[i] = pool_allocate(pool, i % 3 ? EFI_LOADER_DATA : EFI_LOADER_CODE, 16u << i % 9, 1);
    for (unsigned i = 0; i < 40; i += 5)
        pool_release(pool, pieces[i]);
    struct state_writer *out = state_writer_new(bytes);
    pool_save(pool, out);
    state_writer_free(out);
    struct state_reader *in = state_reader_new(bytes->data, bytes->len);
    g_assert_true(pool_load(other, in));
    state_reader_free(in);
    out = state_writer_new(again);
    pool_save(other, out);
    state_writer_free(out);
    g_assert_cmpmem(bytes->data, bytes->len, again->data, again->len);
    g_assert_cmphex(pool_allocate(other, EFI_LOADER_CODE, 16, 1), ==, pool_allocate(pool, EFI_LOADER_CODE, 16, 1));
    g_assert_cmpuint(pool_size(other, pieces[1]), ==, 32);
    pool_free(pool);
    pool_free(other);
    memory_map_free(map);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uefi-memory/any", test_any);
    g_test_add_func("/uefi-memory/below", test_below);
    g_test_add_func("/uefi-memory/at", test_at);
    g_test_add_func("/uefi-memory/release", test_release);
    g_test_add_func("/uefi-memory/reserved", test_reserved_is_not_freed);
    g_test_add_func("/uefi-memory/granularity", test_granularity);
    g_test_add_func("/uefi-memory/descriptors", test_descriptors);
    g_test_add_func("/uefi-memory/state", test_map_state);
    g_test_add_func("/uefi-memory/pool", test_pool);
    g_test_add_func("/uefi-memory/pool-types", test_pool_types_and_limits);
    g_test_add_func("/uefi-memory/pool-state", test_pool_state);
    return g_test_run();
}
