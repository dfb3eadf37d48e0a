/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of boot services, and what works after it: by physical addresses, then by virtual ones. */
#include "tests/firmware/app/app.h"

#define MAP_SIZE 65536

static const struct efi_guid vendor = {0xeeee0001, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
static const struct efi_guid exit_group = EFI_EXIT_BOOT_SERVICES_GROUP;
static const struct efi_guid before_group = EFI_BEFORE_EXIT_GROUP;
static const uint16_t boot_name[] = {'b', 's', 0};
static const uint16_t both_name[] = {'r', 't', 0};

static uint8_t map[MAP_SIZE] __attribute__((aligned(8)));
static uint64_t map_size, map_key, entry_size, high_page, high;
static uint32_t map_version;
static volatile unsigned before_calls, exit_calls, group_calls, virtual_calls;
static void *converted;
static efi_status convert_status, convert_null_status, convert_bad_status, convert_own_status;

static void count_up(void *event, void *context)
{
    (void)event;
    ++*(volatile unsigned *)context;
}

static void address_change(void *event, void *context)
{
    void *null = NULL, *bad = (void *)0x123456789000, *own = map;

    count_up(event, context);
    converted = runtime;
    convert_status = runtime->convert_pointer(0, &converted);
    convert_null_status = runtime->convert_pointer(0, &null);
    convert_bad_status = runtime->convert_pointer(0, &bad);
    convert_own_status = runtime->convert_pointer(0, &own); /* the loader's memory is not runtime memory */
}

static efi_status read_map(void)
{
    map_size = sizeof(map);
    return boot->get_memory_map(&map_size, map, &map_key, &entry_size, &map_version);
}

static void wrong_key_keeps_boot_services(void)
{
    void *event;
    uint64_t address;

    CHECK_OK(boot->create_event_ex(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, count_up, (void *)&before_calls,
                                   &before_group, &event));
    CHECK_OK(boot->create_event(EFI_EVENT_EXIT_BOOT_SERVICES, EFI_TPL_NOTIFY, count_up, (void *)&exit_calls, &event));
    CHECK_OK(boot->create_event_ex(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, count_up, (void *)&group_calls,
                                   &exit_group, &event));
    CHECK_OK(boot->create_event(EFI_EVENT_VIRTUAL_ADDRESS_CHANGE, EFI_TPL_NOTIFY, address_change,
                                (void *)&virtual_calls, &event));
    CHECK_OK(boot->allocate_pages(EFI_ALLOCATE_ANY, EFI_RUNTIME_DATA, 1, &high_page));
    CHECK_OK(read_map());
    CHECK_OK(boot->allocate_pages(EFI_ALLOCATE_ANY, EFI_LOADER_DATA, 1, &address));
    CHECK_STATUS(boot->exit_boot_services(image_handle, map_key), EFI_INVALID_PARAMETER);
    CHECK(exit_calls == 0 && group_calls == 0);
    CHECK_STATUS(boot->exit_boot_services(NULL, map_key), EFI_INVALID_PARAMETER);
    CHECK_OK(boot->free_pages(address, 1));
}

static void boot_services_end(void)
{
    uint8_t value = 5;

    CHECK_OK(runtime->set_variable(boot_name, &vendor, EFI_VARIABLE_BS, 1, &value));
    CHECK_OK(runtime->set_variable(both_name, &vendor, EFI_VARIABLE_NV | EFI_VARIABLE_BS | EFI_VARIABLE_RT, 1, &value));
    CHECK_OK(read_map());
    CHECK_OK(boot->exit_boot_services(image_handle, map_key));
    print_to_uart();
    CHECK(before_calls == 1 && exit_calls == 1 && group_calls == 1 && virtual_calls == 0);
    CHECK(system_table->boot == NULL && system_table->console_out == NULL);
    CHECK(system_table->runtime == runtime);
}

static void runtime_variables_remain(void)
{
    uint8_t value = 0;
    uint64_t size = 1;

    CHECK_STATUS(runtime->get_variable(boot_name, &vendor, NULL, &size, &value), EFI_NOT_FOUND);
    CHECK_OK(runtime->get_variable(both_name, &vendor, NULL, &size, &value));
    CHECK(value == 5);
    value = 6;
    CHECK_STATUS(runtime->set_variable(boot_name, &vendor, EFI_VARIABLE_BS | EFI_VARIABLE_RT, 1, &value),
                 EFI_INVALID_PARAMETER); /* only non-volatile ones can be made now */
    CHECK_OK(runtime->set_variable(both_name, &vendor, EFI_VARIABLE_NV | EFI_VARIABLE_BS | EFI_VARIABLE_RT, 1, &value));
}

static void map_is_made_virtual(void)
{
    struct efi_runtime_services *old = runtime;

    high = map_high(high_page);
    for (uint64_t i = 0; i < map_size; i += entry_size) {
        struct efi_memory *entry = (struct efi_memory *)(map + i);
        if (entry->attributes & EFI_MEMORY_RUNTIME)
            entry->virtual = entry->physical + high;
    }
    CHECK_STATUS(runtime->set_virtual_address_map(map_size, entry_size, 2, map), EFI_INVALID_PARAMETER);
    CHECK_STATUS(runtime->convert_pointer(0, &converted), EFI_UNSUPPORTED);
    CHECK_OK(runtime->set_virtual_address_map(map_size, entry_size, map_version, map));
    CHECK(virtual_calls == 1);
    CHECK(convert_status == EFI_SUCCESS && (uint64_t)converted == (uint64_t)old + high);
    CHECK(convert_null_status == EFI_INVALID_PARAMETER && convert_bad_status == EFI_NOT_FOUND);
    CHECK(convert_own_status == EFI_NOT_FOUND);
    CHECK((uint64_t)system_table->runtime == (uint64_t)old + high);
    CHECK((uint64_t)system_table->configuration > high);
    CHECK((uint64_t)old->get_time > high);
    runtime = system_table->runtime;
    CHECK_STATUS(runtime->set_virtual_address_map(map_size, entry_size, map_version, map), EFI_UNSUPPORTED);
}

static void variables_work_at_virtual_addresses(void)
{
    static uint8_t value;
    static uint64_t size = 1;

    CHECK_OK(runtime->get_variable((const uint16_t *)((uint64_t)both_name + high),
                                   (const struct efi_guid *)((uint64_t)&vendor + high), NULL,
                                   (uint64_t *)((uint64_t)&size + high), (uint8_t *)((uint64_t)&value + high)));
    CHECK(value == 6);
    CHECK_OK(runtime->set_variable(both_name, &vendor, 0, 0, NULL));
    CHECK_STATUS(runtime->get_variable(both_name, &vendor, NULL, &size, &value), EFI_NOT_FOUND);
    CHECK_STATUS(runtime->get_variable((const uint16_t *)0x7fff00000000, &vendor, NULL, &size, &value),
                 EFI_INVALID_PARAMETER);
}

static void time_works_at_virtual_addresses(void)
{
    struct efi_time time;

    CHECK_OK(runtime->get_time(&time, NULL));
    CHECK(time.year >= 1998);
}

void runtime_tests(void)
{
    static const struct test tests[] = {
        TEST(wrong_key_keeps_boot_services),
        TEST(boot_services_end),
        TEST(runtime_variables_remain),
        TEST(map_is_made_virtual),
        TEST(variables_work_at_virtual_addresses),
        TEST(time_works_at_virtual_addresses),
    };

    RUN(tests);
}
