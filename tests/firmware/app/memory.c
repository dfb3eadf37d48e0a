/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory services. */
#include "tests/firmware/app/app.h"

#define PAGE 4096u
#define MAP_SIZE 65536

static uint8_t map[MAP_SIZE] __attribute__((aligned(8)));

struct map {
    uint64_t size, key, entry_size;
    uint32_t version;
};

static efi_status read_map(struct map *m)
{
    m->size = sizeof(map);
    return boot->get_memory_map(&m->size, map, &m->key, &m->entry_size, &m->version);
}

static struct efi_memory *entry(const struct map *m, uint64_t index)
{
    return (struct efi_memory *)(map + index * m->entry_size);
}

static uint32_t type_of(const struct map *m, uint64_t address)
{
    for (uint64_t i = 0; i < m->size / m->entry_size; i++)
        if (address - entry(m, i)->physical < entry(m, i)->pages * PAGE)
            return entry(m, i)->type;
    return UINT32_MAX;
}

static void map_tells_its_size(void)
{
    uint64_t size = 0, key, entry_size = 0, need;
    uint32_t version = 0;

    CHECK_STATUS(boot->get_memory_map(&size, NULL, &key, &entry_size, &version), EFI_BUFFER_TOO_SMALL);
    CHECK(size > 0 && size % entry_size == 0);
    CHECK(entry_size >= sizeof(struct efi_memory) && version == 1);
    need = size;
    size = need - 1;
    CHECK_STATUS(boot->get_memory_map(&size, map, &key, &entry_size, &version), EFI_BUFFER_TOO_SMALL);
    CHECK(size == need);
    CHECK_OK(boot->get_memory_map(&size, map, &key, &entry_size, &version));
    CHECK_STATUS(boot->get_memory_map(NULL, map, &key, &entry_size, &version), EFI_INVALID_PARAMETER);
    size = need;
    CHECK_STATUS(boot->get_memory_map(&size, NULL, &key, &entry_size, &version), EFI_INVALID_PARAMETER);
}

static void map_is_sorted_and_whole(void)
{
    struct map m;
    uint64_t end = 0, ram = 0;

    CHECK_OK(read_map(&m));
    for (uint64_t i = 0; i < m.size / m.entry_size; i++) {
        struct efi_memory *e = entry(&m, i);
        CHECK(e->physical % PAGE == 0 && e->pages > 0 && e->physical >= end);
        end = e->physical + e->pages * PAGE;
        if (e->type == EFI_CONVENTIONAL)
            ram += e->pages;
    }
    CHECK(ram * PAGE > 16 * 1024 * 1024);
    CHECK(type_of(&m, (uint64_t)&m) == EFI_BOOT_DATA); /* the stack */
    CHECK(type_of(&m, (uint64_t)map) == EFI_LOADER_CODE || type_of(&m, (uint64_t)map) == EFI_LOADER_DATA);
    CHECK(type_of(&m, (uint64_t)system_table) == EFI_RUNTIME_DATA);
    CHECK(type_of(&m, (uint64_t)runtime->get_time) == EFI_RUNTIME_CODE);
    CHECK(type_of(&m, (uint64_t)boot->stall) == EFI_BOOT_CODE);
}

static void map_key_changes_with_the_map_only(void)
{
    struct map m;
    uint64_t key, address;

    CHECK_OK(read_map(&m));
    key = m.key;
    CHECK_OK(read_map(&m));
    CHECK(m.key == key);
    CHECK_OK(boot->allocate_pages(EFI_ALLOCATE_ANY, EFI_LOADER_DATA, 1, &address));
    CHECK_OK(read_map(&m));
    CHECK(m.key != key);
    CHECK(type_of(&m, address) == EFI_LOADER_DATA);
    CHECK_OK(boot->free_pages(address, 1));
    CHECK_OK(read_map(&m));
    CHECK(type_of(&m, address) == EFI_CONVENTIONAL);
}

static void runtime_ranges_have_the_attribute(void)
{
    struct map m;

    CHECK_OK(read_map(&m));
    for (uint64_t i = 0; i < m.size / m.entry_size; i++) {
        struct efi_memory *e = entry(&m, i);
        if (e->type == EFI_RUNTIME_CODE || e->type == EFI_RUNTIME_DATA)
            CHECK(e->attributes & EFI_MEMORY_RUNTIME);
        if (e->type == EFI_CONVENTIONAL || e->type == EFI_LOADER_DATA)
            CHECK(!(e->attributes & EFI_MEMORY_RUNTIME));
    }
}

static void pages_below_an_address(void)
{
    uint64_t limit = memory_start + 0x1FFFFFF, address = limit;

    CHECK_OK(boot->allocate_pages(EFI_ALLOCATE_BELOW, EFI_LOADER_DATA, 3, &address));
    CHECK(address % PAGE == 0 && address + 3 * PAGE - 1 <= limit);
    CHECK_OK(boot->free_pages(address, 3));
    address = 0x10;
    CHECK_STATUS(boot->allocate_pages(EFI_ALLOCATE_BELOW, EFI_LOADER_DATA, 1, &address), EFI_OUT_OF_RESOURCES);
}

static void pages_at_an_address(void)
{
    uint64_t address, again;

    CHECK_OK(boot->allocate_pages(EFI_ALLOCATE_ANY, EFI_LOADER_DATA, 4, &address));
    again = address + PAGE;
    CHECK_STATUS(boot->allocate_pages(EFI_ALLOCATE_AT, EFI_LOADER_DATA, 1, &again), EFI_NOT_FOUND);
    CHECK_OK(boot->free_pages(address, 4));
    again = address;
    CHECK_OK(boot->allocate_pages(EFI_ALLOCATE_AT, EFI_ACPI_NVS, 4, &again));
    CHECK(again == address);
    *(volatile uint64_t *)address = 1; /* it is memory */
    CHECK_OK(boot->free_pages(address, 4));
    again = 0xFFFFFFFFFF000;
    CHECK_STATUS(boot->allocate_pages(EFI_ALLOCATE_AT, EFI_LOADER_DATA, 1, &again), EFI_NOT_FOUND);
}

static void pages_freed_in_parts(void)
{
    uint64_t address;
    struct map m;

    CHECK_OK(boot->allocate_pages(EFI_ALLOCATE_ANY, EFI_LOADER_DATA, 8, &address));
    CHECK_OK(boot->free_pages(address + 2 * PAGE, 2));
    CHECK_STATUS(boot->free_pages(address + 2 * PAGE, 1), EFI_NOT_FOUND);
    CHECK_STATUS(boot->free_pages(address, 8), EFI_NOT_FOUND);
    CHECK_OK(read_map(&m));
    CHECK(type_of(&m, address + 2 * PAGE) == EFI_CONVENTIONAL);
    CHECK(type_of(&m, address + 4 * PAGE) == EFI_LOADER_DATA);
    CHECK_OK(boot->free_pages(address, 2));
    CHECK_OK(boot->free_pages(address + 4 * PAGE, 4));
    CHECK_STATUS(boot->free_pages(address + 1, 1), EFI_INVALID_PARAMETER);
}

static void page_arguments_are_checked(void)
{
    uint64_t address = 0;

    CHECK_STATUS(boot->allocate_pages(3, EFI_LOADER_DATA, 1, &address), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->allocate_pages(EFI_ALLOCATE_ANY, EFI_CONVENTIONAL, 1, &address), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->allocate_pages(EFI_ALLOCATE_ANY, 0x6FFFFFFF, 1, &address), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->allocate_pages(EFI_ALLOCATE_ANY, EFI_LOADER_DATA, 1, NULL), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->allocate_pages(EFI_ALLOCATE_ANY, EFI_LOADER_DATA, 1ull << 40, &address), EFI_OUT_OF_RESOURCES);
    CHECK_OK(boot->allocate_pages(EFI_ALLOCATE_ANY, 0x80000001, 1, &address)); /* an OS loader's own type */
    CHECK_OK(boot->free_pages(address, 1));
}

static void pool_is_aligned_and_writable(void)
{
    static void *pieces[64];

    for (unsigned i = 0; i < 64; i++) {
        CHECK_OK(boot->allocate_pool(EFI_LOADER_DATA, i * 61 + 1, &pieces[i]));
        CHECK((uint64_t)pieces[i] % 16 == 0);
        boot->set_mem(pieces[i], i * 61 + 1, (uint8_t)i);
    }
    for (unsigned i = 0; i < 64; i++)
        for (unsigned j = 0; j < i * 61 + 1; j++)
            CHECK(((uint8_t *)pieces[i])[j] == i);
    for (unsigned i = 0; i < 64; i++)
        CHECK_OK(boot->free_pool(pieces[i]));
}

static void pool_arguments_are_checked(void)
{
    void *piece = NULL;

    CHECK_STATUS(boot->allocate_pool(EFI_CONVENTIONAL, 16, &piece), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->allocate_pool(EFI_LOADER_DATA, 16, NULL), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->allocate_pool(EFI_LOADER_DATA, 1ull << 50, &piece), EFI_OUT_OF_RESOURCES);
    CHECK_OK(boot->allocate_pool(EFI_LOADER_DATA, 16, &piece));
    CHECK_OK(boot->free_pool(piece));
    CHECK_STATUS(boot->free_pool(piece), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->free_pool(NULL), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->free_pool((void *)1), EFI_INVALID_PARAMETER);
}

void memory_tests(void)
{
    static const struct test tests[] = {
        TEST(map_tells_its_size),
        TEST(map_is_sorted_and_whole),
        TEST(map_key_changes_with_the_map_only),
        TEST(runtime_ranges_have_the_attribute),
        TEST(pages_below_an_address),
        TEST(pages_at_an_address),
        TEST(pages_freed_in_parts),
        TEST(page_arguments_are_checked),
        TEST(pool_is_aligned_and_writable),
        TEST(pool_arguments_are_checked),
    };

    RUN(tests);
}
