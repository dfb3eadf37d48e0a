/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables, configuration table, checksum, memory functions, counters, time. */
#include "tests/firmware/app/app.h"

static uint64_t header_crc_ok(struct efi_header *header)
{
    uint32_t have = header->crc32, sum = 0;

    header->crc32 = 0;
    efi_status status = boot->calculate_crc32(header, header->header_size, &sum);
    header->crc32 = have;
    return status == EFI_SUCCESS && sum == have;
}

static void tables_have_signatures_and_sums(void)
{
    CHECK(system_table->header.signature == 0x5453595320494249u);
    CHECK(boot->header.signature == 0x56524553544f4f42u);
    CHECK(runtime->header.signature == 0x56524553544e5552u);
    CHECK(system_table->header.revision >= (2u << 16 | 70));
    CHECK(header_crc_ok(&system_table->header));
    CHECK(header_crc_ok(&boot->header));
    CHECK(header_crc_ok(&runtime->header));
    CHECK(boot->header.header_size == sizeof(*boot));
    CHECK(runtime->header.header_size == sizeof(*runtime));
    CHECK(length16(system_table->firmware_vendor) > 0);
}

static void crc32_of_a_known_text(void)
{
    uint32_t sum = 0;

    CHECK_OK(boot->calculate_crc32("123456789", 9, &sum));
    CHECK(sum == 0xCBF43926u);
    CHECK_STATUS(boot->calculate_crc32("x", 0, &sum), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->calculate_crc32(NULL, 1, &sum), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->calculate_crc32("x", 1, NULL), EFI_INVALID_PARAMETER);
}

static void copy_mem_with_overlap(void)
{
    uint8_t bytes[32];

    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    boot->copy_mem(bytes + 4, bytes, 20);
    for (unsigned i = 0; i < 20; i++)
        CHECK(bytes[i + 4] == i);
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    boot->copy_mem(bytes, bytes + 4, 20);
    for (unsigned i = 0; i < 20; i++)
        CHECK(bytes[i] == i + 4);
    CHECK(bytes[20] == 20);
    static uint8_t large[8192];
    for (unsigned i = 0; i < sizeof(large); i++)
        large[i] = (uint8_t)(i * 7 + i / 256);
    boot->copy_mem(large + 9, large, sizeof(large) - 9);
    for (unsigned i = 0; i < sizeof(large) - 9; i++)
        CHECK(large[i + 9] == (uint8_t)(i * 7 + i / 256));
}

static void set_mem_fills(void)
{
    uint8_t bytes[16] = {0};

    boot->set_mem(bytes + 1, 14, 0xA5);
    CHECK(bytes[0] == 0 && bytes[15] == 0);
    CHECK(bytes[1] == 0xA5 && bytes[14] == 0xA5);
}

static void monotonic_count_rises(void)
{
    uint64_t a = 0, b = 0;

    CHECK_OK(boot->get_next_monotonic_count(&a));
    CHECK_OK(boot->get_next_monotonic_count(&b));
    CHECK(b == a + 1);
    CHECK_STATUS(boot->get_next_monotonic_count(NULL), EFI_INVALID_PARAMETER);
}

static void high_monotonic_count_rises(void)
{
    uint64_t a = 0;
    uint32_t high = 0;

    CHECK_OK(boot->get_next_monotonic_count(&a));
    CHECK_OK(runtime->get_next_high_monotonic_count(&high));
    CHECK(high == (uint32_t)(a >> 32) + 1);
}

static const struct efi_guid table_guid = {0xc0ffee01, 0x1234, 0x5678, {1, 2, 3, 4, 5, 6, 7, 8}};

static void *find_table(void)
{
    for (uint64_t i = 0; i < system_table->configurations; i++)
        if (same(&system_table->configuration[i].guid, &table_guid, sizeof(table_guid)))
            return system_table->configuration[i].table;
    return NULL;
}

static void configuration_table_is_changed(void)
{
    static int one, two;
    uint64_t before = system_table->configurations;

    CHECK(find_table() == NULL);
    CHECK_STATUS(boot->install_configuration_table(&table_guid, NULL), EFI_NOT_FOUND);
    CHECK_OK(boot->install_configuration_table(&table_guid, &one));
    CHECK(find_table() == &one);
    CHECK(system_table->configurations == before + 1);
    CHECK(header_crc_ok(&system_table->header));
    CHECK_OK(boot->install_configuration_table(&table_guid, &two));
    CHECK(find_table() == &two);
    CHECK(system_table->configurations == before + 1);
    CHECK_OK(boot->install_configuration_table(&table_guid, NULL));
    CHECK(find_table() == NULL);
    CHECK(system_table->configurations == before);
    CHECK_STATUS(boot->install_configuration_table(NULL, &one), EFI_INVALID_PARAMETER);
}

static void configuration_table_signals_its_group(void)
{
    static int table;
    void *event;

    CHECK_OK(boot->create_event_ex(0, 0, NULL, NULL, &table_guid, &event));
    CHECK_STATUS(boot->check_event(event), EFI_NOT_READY);
    CHECK_OK(boot->install_configuration_table(&table_guid, &table));
    CHECK_OK(boot->check_event(event));
    CHECK_OK(boot->install_configuration_table(&table_guid, NULL));
    CHECK_OK(boot->close_event(event));
}

static void stall_passes_time(void)
{
    uint64_t start, once, many;

    start = cycles();
    CHECK_OK(boot->stall(1000));
    once = cycles() - start;
    start = cycles();
    CHECK_OK(boot->stall(100000));
    many = cycles() - start;
    CHECK(once > 0);
    CHECK(many > once * 90 && many < once * 110);
    CHECK_OK(boot->stall(0));
}

static void time_is_a_date(void)
{
    struct efi_time time;
    struct {
        uint32_t resolution, accuracy;
        bool sets_to_zero;
    } capabilities;

    CHECK_OK(runtime->get_time(&time, &capabilities));
    CHECK(time.year >= 1998 && time.year < 2200);
    CHECK(time.month >= 1 && time.month <= 12 && time.day >= 1 && time.day <= 31);
    CHECK(time.hour < 24 && time.minute < 60 && time.second < 60 && time.nanosecond < 1000000000);
    CHECK(capabilities.resolution >= 1);
    CHECK_STATUS(runtime->get_time(NULL, NULL), EFI_INVALID_PARAMETER);
}

static void time_goes_on_with_stall(void)
{
    struct efi_time before, after;

    CHECK_OK(runtime->get_time(&before, NULL));
    CHECK_OK(boot->stall(2000000));
    CHECK_OK(runtime->get_time(&after, NULL));
    CHECK((after.minute * 60 + after.second + 3600 - before.minute * 60 - before.second) % 3600 == 2);
}

static void time_can_be_set(void)
{
    struct efi_time old, new, have;

    CHECK_OK(runtime->get_time(&old, NULL));
    new =
        (struct efi_time){.year = 2031, .month = 2, .day = 28, .hour = 23, .minute = 59, .second = 59, .time_zone = 60};
    CHECK_OK(runtime->set_time(&new));
    CHECK_OK(boot->stall(1500000));
    CHECK_OK(runtime->get_time(&have, NULL));
    CHECK(have.year == 2031 && have.month == 3 && have.day == 1 && have.hour == 0 && have.minute == 0);
    CHECK(have.time_zone == 60);
    new.month = 13;
    CHECK_STATUS(runtime->set_time(&new), EFI_INVALID_PARAMETER);
    new.month = 2;
    new.day = 29;
    CHECK_STATUS(runtime->set_time(&new), EFI_INVALID_PARAMETER);
    new.day = 28;
    new.second = 60;
    CHECK_STATUS(runtime->set_time(&new), EFI_INVALID_PARAMETER);
    CHECK_OK(runtime->set_time(&old));
}

static void capsules_are_not_there(void)
{
    uint64_t size;
    uint32_t type;
    void *capsule = &size;

    CHECK_STATUS(runtime->update_capsule(&capsule, 1, 0), EFI_UNSUPPORTED);
    CHECK_STATUS(runtime->query_capsule_capabilities(&capsule, 1, &size, &type), EFI_UNSUPPORTED);
}

void misc_tests(void)
{
    static const struct test tests[] = {
        TEST(tables_have_signatures_and_sums),
        TEST(crc32_of_a_known_text),
        TEST(copy_mem_with_overlap),
        TEST(set_mem_fills),
        TEST(monotonic_count_rises),
        TEST(high_monotonic_count_rises),
        TEST(configuration_table_is_changed),
        TEST(configuration_table_signals_its_group),
        TEST(stall_passes_time),
        TEST(time_is_a_date),
        TEST(time_goes_on_with_stall),
        TEST(time_can_be_set),
        TEST(capsules_are_not_there),
    };

    RUN(tests);
}
