/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEFI variables: rules, limits, the store's file. */
#include <glib/gstdio.h>
#include <string.h>

#include "firmware/uefi/variables.h"

#define NV EFI_VARIABLE_NON_VOLATILE
#define BS EFI_VARIABLE_BOOTSERVICE_ACCESS
#define RT EFI_VARIABLE_RUNTIME_ACCESS

static const struct efi_guid vendor = EFI_GUID(0x11223344, 0x5566, 0x7788, 1, 2, 3, 4, 5, 6, 7, 8);
static const struct efi_guid other = EFI_GUID(0x11223345, 0x5566, 0x7788, 1, 2, 3, 4, 5, 6, 7, 8);

static efi_status set(struct variables *v, const char *name, uint32_t attributes, const char *value, bool runtime)
{
    g_autofree gunichar2 *wide = g_utf8_to_utf16(name, -1, NULL, NULL, NULL);

    return variables_set(v, &vendor, wide, attributes, value, strlen(value), runtime);
}

static const struct variable *find(struct variables *v, const char *name, bool runtime)
{
    g_autofree gunichar2 *wide = g_utf8_to_utf16(name, -1, NULL, NULL, NULL);

    return variables_find(v, &vendor, wide, runtime);
}

static void assert_value(struct variables *v, const char *name, const char *value)
{
    const struct variable *variable = find(v, name, false);

    g_assert_nonnull(variable);
    g_assert_cmpmem(variable->data->data, variable->data->len, value, strlen(value));
}

static void test_set(void)
{
    struct variables *v = variables_new(NULL, false, NULL);
    g_autofree gunichar2 *wide = g_utf8_to_utf16("a", -1, NULL, NULL, NULL);

    g_assert_cmphex(set(v, "a", BS, "one", false), ==, EFI_SUCCESS);
    assert_value(v, "a", "one");
    g_assert_null(variables_find(v, &other, wide, false));
    g_assert_cmphex(set(v, "a", BS, "longer than one", false), ==, EFI_SUCCESS);
    assert_value(v, "a", "longer than one");
    g_assert_cmphex(set(v, "a", BS | RT, "x", false), ==, EFI_INVALID_PARAMETER); /* other attributes */
    g_assert_cmphex(set(v, "a", BS | EFI_VARIABLE_APPEND_WRITE, "!", false), ==, EFI_SUCCESS);
    assert_value(v, "a", "longer than one!");
    g_assert_cmphex(set(v, "a", BS | EFI_VARIABLE_APPEND_WRITE, "", false), ==, EFI_SUCCESS);
    assert_value(v, "a", "longer than one!");
    g_assert_cmphex(set(v, "a", BS, "", false), ==, EFI_SUCCESS); /* deletes */
    g_assert_null(find(v, "a", false));
    g_assert_cmphex(set(v, "a", BS, "", false), ==, EFI_NOT_FOUND);
    set(v, "a", BS, "again", false);
    g_assert_cmphex(set(v, "a", 0, "ignored", false), ==, EFI_SUCCESS); /* no access: deletes as well */
    g_assert_null(find(v, "a", false));
    g_assert_cmphex(set(v, "", BS, "x", false), ==, EFI_INVALID_PARAMETER);
    variables_free(v);
}

static void test_attributes(void)
{
    struct variables *v = variables_new(NULL, false, NULL);

    g_assert_cmphex(set(v, "a", RT, "x", false), ==, EFI_INVALID_PARAMETER); /* runtime without boot */
    g_assert_cmphex(set(v, "a", BS | 0x100, "x", false), ==, EFI_INVALID_PARAMETER);
    g_assert_cmphex(set(v, "a", NV | BS | RT | EFI_VARIABLE_TIME_BASED_AUTHENTICATED_WRITE_ACCESS, "x", false), ==,
                    EFI_UNSUPPORTED);
    g_assert_cmphex(set(v, "a", NV | BS | EFI_VARIABLE_AUTHENTICATED_WRITE_ACCESS, "x", false), ==, EFI_UNSUPPORTED);
    variables_set_own(v, &vendor, "SecureBoot", BS | RT, true, "\0", 1);
    g_assert_cmphex(set(v, "SecureBoot", BS | RT, "1", false), ==, EFI_WRITE_PROTECTED);
    g_assert_cmphex(set(v, "SecureBoot", 0, "", false), ==, EFI_WRITE_PROTECTED);
    variables_free(v);
}

static void test_runtime(void)
{
    struct variables *v = variables_new(NULL, false, NULL);

    set(v, "boot", BS, "x", false);
    set(v, "both", NV | BS | RT, "y", false);
    g_assert_null(find(v, "boot", true));
    g_assert_nonnull(find(v, "both", true));
    g_assert_cmphex(set(v, "both", NV | BS | RT, "z", true), ==, EFI_SUCCESS);
    g_assert_cmphex(set(v, "new", NV | BS, "z", true), ==, EFI_INVALID_PARAMETER);
    g_assert_cmphex(set(v, "new", BS | RT, "z", true), ==, EFI_INVALID_PARAMETER); /* volatile at run time */
    g_assert_cmphex(set(v, "boot", 0, "", true), ==, EFI_NOT_FOUND);
    g_assert_nonnull(find(v, "boot", false));
    variables_free(v);
}

static void test_next(void)
{
    struct variables *v = variables_new(NULL, false, NULL);
    static const uint16_t empty[1] = {0}, unknown[2] = {'q', 0};
    const struct variable *variable;
    efi_status status;

    g_assert_null(variables_next(v, &vendor, empty, false, &status));
    g_assert_cmphex(status, ==, EFI_NOT_FOUND);
    set(v, "a", BS, "1", false);
    set(v, "b", BS | RT, "2", false);
    set(v, "c", BS, "3", false);
    variable = variables_next(v, &vendor, empty, false, &status);
    g_assert_cmpuint(variable->name[0], ==, 'a');
    variable = variables_next(v, &vendor, variable->name, false, &status);
    g_assert_cmpuint(variable->name[0], ==, 'b');
    variable = variables_next(v, &vendor, variable->name, false, &status);
    g_assert_cmpuint(variable->name[0], ==, 'c');
    g_assert_null(variables_next(v, &vendor, variable->name, false, &status));
    g_assert_cmphex(status, ==, EFI_NOT_FOUND);
    g_assert_null(variables_next(v, &vendor, unknown, false, &status));
    g_assert_cmphex(status, ==, EFI_INVALID_PARAMETER);
    variable = variables_next(v, &vendor, empty, true, &status);
    g_assert_cmpuint(variable->name[0], ==, 'b');
    g_assert_null(variables_next(v, &vendor, variable->name, true, &status));
    variables_free(v);
}

static void test_limits(void)
{
    struct variables *v = variables_new(NULL, false, NULL);
    g_autofree uint8_t *big = g_malloc0(VARIABLE_SIZE_LIMIT);
    uint64_t maximum, remaining, before, one;
    unsigned stored = 0;

    g_assert_cmphex(variables_info(v, NV | BS, false, &maximum, &before, &one), ==, EFI_SUCCESS);
    g_assert_cmpuint(maximum, ==, before);
    for (char name = 'a'; name <= 'z'; name++) {
        uint16_t wide[2] = {(uint16_t)name, 0};
        efi_status status = variables_set(v, &vendor, wide, NV | BS, big, 60000, false);
        g_assert_true(status == EFI_SUCCESS || status == EFI_OUT_OF_RESOURCES);
        stored += status == EFI_SUCCESS;
    }
    g_assert_cmpuint(stored, ==, VARIABLE_STORE_SIZE / (60000 + 2 * 2 + 32));
    variables_info(v, NV | BS, false, &maximum, &remaining, &one);
    g_assert_cmpuint(remaining, <, 60000);
    g_assert_cmpuint(one, ==, VARIABLE_SIZE_LIMIT);
    uint16_t wide[2] = {'A', 0};
    g_assert_cmphex(variables_set(v, &vendor, wide, BS, big, VARIABLE_SIZE_LIMIT, false), ==, EFI_OUT_OF_RESOURCES);
    g_assert_cmphex(variables_info(v, 0, false, &maximum, &remaining, &one), ==, EFI_INVALID_PARAMETER);
    g_assert_cmphex(variables_info(v, NV, false, &maximum, &remaining, &one), ==, EFI_INVALID_PARAMETER);
    g_assert_cmphex(variables_info(v, NV | BS, true, &maximum, &remaining, &one), ==, EFI_INVALID_PARAMETER);
    variables_free(v);
}

static void test_store(void)
{
    g_autofree char *directory = g_dir_make_tmp("galvanic-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "vars", NULL);
    struct variables *v = variables_new(path, false, NULL);
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;

    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    variables_set_own(v, &vendor, "own", NV | BS | RT, false, "o", 1);
    set(v, "volatile", BS, "x", false);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS)); /* nothing to keep yet */
    set(v, "kept", NV | BS | RT, "value", false);
    set(v, "own", NV | BS | RT, "guest's", false);
    variables_reset(v);
    assert_value(v, "kept", "value");
    assert_value(v, "own", "guest's");
    g_assert_null(find(v, "volatile", false));
    variables_free(v);
    v = variables_new(path, true, NULL);
    assert_value(v, "kept", "value");
    assert_value(v, "own", "guest's");
    g_assert_cmphex(set(v, "kept", NV | BS | RT, "other", false), ==, EFI_SUCCESS); /* in memory only */
    variables_free(v);
    v = variables_new(path, false, NULL);
    assert_value(v, "kept", "value");
    variables_free(v);
    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    bytes[size / 2] ^= 1;
    g_assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
    g_assert_null(variables_new(path, false, &error));
    g_assert_nonnull(strstr(error->message, path));
    g_unlink(path);
    g_rmdir(directory);
}

static void test_state(void)
{
    struct variables *v = variables_new(NULL, false, NULL), *copy = variables_new(NULL, false, NULL);
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    set(v, "a", BS, "1", false);
    variables_set_own(v, &vendor, "SecureBoot", BS | RT, true, "\0", 1);
    struct state_writer *out = state_writer_new(bytes);
    variables_save(v, out);
    state_writer_free(out);
    struct state_reader *in = state_reader_new(bytes->data, bytes->len);
    g_assert_true(variables_load(copy, in));
    state_reader_free(in);
    assert_value(copy, "a", "1");
    g_assert_cmphex(set(copy, "SecureBoot", BS | RT, "1", false), ==, EFI_WRITE_PROTECTED);
    in = state_reader_new(bytes->data, bytes->len - 1);
    g_assert_false(variables_load(copy, in));
    state_reader_free(in);
    variables_free(v);
    variables_free(copy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/variables/set", test_set);
    g_test_add_func("/variables/attributes", test_attributes);
    g_test_add_func("/variables/runtime", test_runtime);
    g_test_add_func("/variables/next", test_next);
    g_test_add_func("/variables/limits", test_limits);
    g_test_add_func("/variables/store", test_store);
    g_test_add_func("/variables/state", test_state);
    return g_test_run();
}
