/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variable services. */
#include "tests/firmware/app/app.h"

static const struct efi_guid vendor = {0xdddd0001, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
static const struct efi_guid global = EFI_GLOBAL_VARIABLE;
static const uint16_t name[] = {'t', 'e', 's', 't', 0};

static void variable_is_kept(void)
{
    uint8_t value[16] = {1, 2, 3, 4}, have[16];
    uint64_t size = sizeof(have);
    uint32_t attributes = 0;

    CHECK_STATUS(runtime->get_variable(name, &vendor, NULL, &size, have), EFI_NOT_FOUND);
    CHECK_OK(runtime->set_variable(name, &vendor, EFI_VARIABLE_BS, 4, value));
    size = sizeof(have);
    CHECK_OK(runtime->get_variable(name, &vendor, &attributes, &size, have));
    CHECK(size == 4 && attributes == EFI_VARIABLE_BS && same(value, have, 4));
    size = 3;
    attributes = 0;
    CHECK_STATUS(runtime->get_variable(name, &vendor, &attributes, &size, have), EFI_BUFFER_TOO_SMALL);
    CHECK(size == 4);
    size = 0;
    CHECK_STATUS(runtime->get_variable(name, &vendor, NULL, &size, NULL), EFI_BUFFER_TOO_SMALL);
    CHECK_OK(runtime->set_variable(name, &vendor, EFI_VARIABLE_BS | EFI_VARIABLE_APPEND, 2, value));
    size = sizeof(have);
    CHECK_OK(runtime->get_variable(name, &vendor, NULL, &size, have));
    CHECK(size == 6 && have[4] == 1 && have[5] == 2);
    CHECK_OK(runtime->set_variable(name, &vendor, EFI_VARIABLE_BS, 0, NULL));
    CHECK_STATUS(runtime->get_variable(name, &vendor, NULL, &size, have), EFI_NOT_FOUND);
}

static void variable_arguments_are_checked(void)
{
    uint8_t value = 1;
    uint64_t size = 1;

    CHECK_STATUS(runtime->get_variable(NULL, &vendor, NULL, &size, &value), EFI_INVALID_PARAMETER);
    CHECK_STATUS(runtime->get_variable(name, NULL, NULL, &size, &value), EFI_INVALID_PARAMETER);
    CHECK_STATUS(runtime->get_variable(name, &vendor, NULL, NULL, &value), EFI_INVALID_PARAMETER);
    CHECK_STATUS(runtime->set_variable(name, &vendor, EFI_VARIABLE_RT, 1, &value), EFI_INVALID_PARAMETER);
    CHECK_STATUS(runtime->set_variable(name, &vendor, EFI_VARIABLE_BS, 1, NULL), EFI_INVALID_PARAMETER);
    CHECK_STATUS(runtime->set_variable(NULL, &vendor, EFI_VARIABLE_BS, 1, &value), EFI_INVALID_PARAMETER);
    CHECK_STATUS(runtime->set_variable(name, &vendor, EFI_VARIABLE_BS | 0x20, 1, &value), EFI_UNSUPPORTED);
}

static void variables_are_listed(void)
{
    uint16_t text[256] = {0};
    struct efi_guid guid = {0};
    uint64_t size;
    uint8_t value = 7;
    bool found = false;
    unsigned count = 0;
    efi_status status;

    CHECK_OK(runtime->set_variable(name, &vendor, EFI_VARIABLE_BS, 1, &value));
    do {
        size = sizeof(text);
        status = runtime->get_next_variable_name(&size, text, &guid);
        if (status == EFI_SUCCESS && same(text, name, sizeof(name)) && same(&guid, &vendor, sizeof(guid)))
            found = true;
        CHECK(++count < 1000);
    } while (status == EFI_SUCCESS);
    CHECK(status == EFI_NOT_FOUND && found && count > 3);
    text[0] = 0;
    size = 2;
    CHECK_STATUS(runtime->get_next_variable_name(&size, text, &guid), EFI_BUFFER_TOO_SMALL);
    CHECK(size > 2 && text[0] == 0);
    CHECK_OK(runtime->set_variable(name, &vendor, 0, 0, NULL));
}

static void globals_are_there(void)
{
    static const uint16_t secure_boot[] = {'S', 'e', 'c', 'u', 'r', 'e', 'B', 'o', 'o', 't', 0};
    static const uint16_t setup_mode[] = {'S', 'e', 't', 'u', 'p', 'M', 'o', 'd', 'e', 0};
    static const uint16_t language[] = {'P', 'l', 'a', 't', 'f', 'o', 'r', 'm', 'L', 'a', 'n', 'g', 0};
    uint8_t value = 9;
    char text[8];
    uint64_t size = 1;

    CHECK_OK(runtime->get_variable(secure_boot, &global, NULL, &size, &value));
    CHECK(value == 0 && size == 1);
    CHECK_OK(runtime->get_variable(setup_mode, &global, NULL, &size, &value));
    CHECK(value == 1);
    CHECK_STATUS(runtime->set_variable(secure_boot, &global, EFI_VARIABLE_BS | EFI_VARIABLE_RT, 1, &value),
                 EFI_WRITE_PROTECTED);
    size = sizeof(text);
    CHECK_OK(runtime->get_variable(language, &global, NULL, &size, text));
    CHECK(size >= 3 && text[0] == 'e' && text[1] == 'n');
}

static void room_is_told(void)
{
    uint64_t maximum, remaining, one, after;
    uint8_t value[100] = {0};

    CHECK_OK(runtime->query_variable_info(EFI_VARIABLE_BS, &maximum, &remaining, &one));
    CHECK(remaining <= maximum && one <= maximum && one > 1024);
    CHECK_OK(runtime->set_variable(name, &vendor, EFI_VARIABLE_BS, sizeof(value), value));
    CHECK_OK(runtime->query_variable_info(EFI_VARIABLE_BS, &maximum, &after, &one));
    CHECK(after < remaining && remaining - after >= sizeof(value));
    CHECK_OK(runtime->set_variable(name, &vendor, EFI_VARIABLE_BS, 0, NULL));
    CHECK_OK(runtime->query_variable_info(EFI_VARIABLE_BS, &maximum, &after, &one));
    CHECK(after == remaining);
    CHECK_STATUS(runtime->query_variable_info(0, &maximum, &after, &one), EFI_INVALID_PARAMETER);
}

void variable_tests(void)
{
    static const struct test tests[] = {
        TEST(variable_is_kept),     TEST(variable_arguments_are_checked),
        TEST(variables_are_listed), TEST(globals_are_there),
        TEST(room_is_told),
    };

    RUN(tests);
}
