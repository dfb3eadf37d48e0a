/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See acpi_blob.h. */
#include "tests/unit/acpi_blob.h"

#include <glib/gstdio.h>
#include <string.h>

#include "emu/bytes.h"

const uint8_t *at(const struct blob *blob, uint64_t address, size_t length)
{
    g_assert_cmphex(address, >=, blob->base);
    g_assert_cmphex(address + length, <=, blob->base + blob->bytes->len);
    return blob->bytes->data + (address - blob->base);
}

const uint8_t *table_at(const struct blob *blob, uint64_t address, size_t *length)
{
    const uint8_t *table = at(blob, address, ACPI_HEADER_SIZE);

    *length = get_le(table + 4, 4);
    g_assert_cmpuint(*length, >=, ACPI_HEADER_SIZE);
    g_assert_true(acpi_sum_is_zero(at(blob, address, *length), *length));
    g_assert_cmpmem(table + 10, 14, "GALVANGALVANIC", 14);
    return table;
}

const uint8_t *find(const struct blob *blob, const char *signature, size_t *length)
{
    size_t xsdt_length;
    const uint8_t *rsdp = at(blob, blob->rsdp, 36);
    const uint8_t *xsdt = table_at(blob, get_le(rsdp + 24, 8), &xsdt_length);
    const uint8_t *found = NULL;

    for (size_t entry = 36; entry < xsdt_length; entry += 8) {
        size_t candidate_length;
        const uint8_t *candidate = table_at(blob, get_le(xsdt + entry, 8), &candidate_length);

        if (memcmp(candidate, signature, 4) != 0)
            continue;
        g_assert_null(found); /* twice */
        found = candidate;
        *length = candidate_length;
    }
    return found;
}

char *run(const char *folder, const char *const *arguments)
{
    g_autoptr(GError) error = NULL;
    char *output = NULL;
    int status;

    g_spawn_sync(folder, (char **)arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                 &output, NULL, &status, &error);
    g_assert_no_error(error);
    return output;
}

void save(const char *folder, const char *name, const uint8_t *table, size_t length)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    g_assert_true(g_file_set_contents(path, (const char *)table, (gssize)length, NULL));
}

void remove_folder(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_remove(path);
    }
    g_rmdir(folder);
}

bool has_tool(const char *name)
{
    g_autofree char *path = g_find_program_in_path(name);

    if (!path)
        g_test_skip("ACPICA's tools are not installed");
    return path != NULL;
}

void check_recompile(const struct blob *blob, const char *const *names, unsigned count)
{
    size_t length;

    if (!has_tool("iasl"))
        return;
    g_autofree char *folder = g_dir_make_tmp("galvanic-acpi-XXXXXX", NULL);
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *table = find(blob, names[i], &length);
        g_autofree char *source = g_strdup_printf("%s.dsl", names[i]);
        g_autofree char *binary = g_strdup_printf("%s.dat", names[i]);
        g_autofree char *again = g_build_filename(folder, "again.aml", NULL);
        g_autofree char *compiled = NULL;
        size_t compiled_length;

        if (!table)
            table = table_at(blob, get_le(find(blob, "FACP", &length) + 40, 4), &length);
        save(folder, binary, table, length);
        g_autofree char *read = run(folder, (const char *[]){"iasl", "-d", binary, NULL});
        g_autofree char *written = run(folder, (const char *[]){"iasl", "-p", "again", source, NULL});
        if (!strstr(written, "0 Errors, 0 Warnings, 0 Remarks"))
            g_error("%s: %s", names[i], written);
        g_assert_true(g_file_get_contents(again, &compiled, &compiled_length, NULL));
        if (strcmp(names[i], "DSDT") != 0)
            g_assert_cmpmem(compiled + 36, compiled_length - 36, table + 36, length - 36);
    }
    remove_folder(folder);
}

char *execute(const struct blob *blob, const char *commands)
{
    g_autofree char *folder = g_dir_make_tmp("galvanic-acpi-XXXXXX", NULL);
    const char *command[] = {"acpiexec", "-b", commands, "dsdt.dat", "ssdt.dat", NULL};
    size_t length;

    const uint8_t *ssdt = find(blob, "SSDT", &length);
    save(folder, "ssdt.dat", ssdt, length);
    const uint8_t *dsdt = table_at(blob, get_le32(find(blob, "FACP", &length) + 40), &length);
    save(folder, "dsdt.dat", dsdt, length);
    char *text = run(folder, command);

    remove_folder(folder);
    g_assert_nonnull(strstr(text, "2 ACPI AML tables successfully acquired and loaded"));
    g_assert_null(strstr(text, "ACPI Error"));
    g_assert_null(strstr(text, "ACPI Warning"));
    return text;
}

void expect_value(const char *text, const char *after, const char *name, const char *value)
{
    const char *start = strstr(text, after);

    g_assert_nonnull(start);
    const char *line = strstr(start, name);
    g_assert_nonnull(line);
    const char *colon = strchr(line, ':');
    g_autofree char *got = g_strndup(colon + 2, strcspn(colon + 2, "\n"));
    g_assert_cmpstr(got, ==, value);
}

/* Numbers as the disassembler writes them. */
static uint64_t number(const char *text)
{
    if (strcmp(text, "Zero") == 0 || strcmp(text, "One") == 0)
        return strcmp(text, "One") == 0;
    return g_ascii_strtoull(text, NULL, 16);
}

char *disassemble(const uint8_t *dsdt, size_t length)
{
    g_autofree char *folder = g_dir_make_tmp("galvanic-acpi-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "dsdt.dsl", NULL);
    char *text = NULL;

    save(folder, "dsdt.dat", dsdt, length);
    g_autofree char *output = run(folder, (const char *[]){"iasl", "-d", "dsdt.dat", NULL});
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    remove_folder(folder);
    return text;
}

unsigned read_routing(const char *source, const char *name, struct route *routes, unsigned most)
{
    g_autofree char *head = g_strdup_printf("Name (%s, Package (0x", name);
    const char *start = strstr(source, head);
    g_autoptr(GRegex) regex =
        g_regex_new("Package \\(0x04\\)\\s*\\{\\s*(\\w+),\\s*(\\w+),\\s*([\\w.\\\\^]+),\\s*(\\w+)\\s*\\}", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    unsigned count = 0;

    g_assert_nonnull(start);
    for (g_regex_match(regex, start, 0, &match); count < most && g_match_info_matches(match); count++) {
        g_autofree char *address = g_match_info_fetch(match, 1), *pin = g_match_info_fetch(match, 2);
        g_autofree char *link = g_match_info_fetch(match, 3), *index = g_match_info_fetch(match, 4);

        routes[count] = (struct route){number(address), number(pin), number(index), link[strlen(link) - 1]};
        g_match_info_next(match, NULL);
    }
    return count;
}
