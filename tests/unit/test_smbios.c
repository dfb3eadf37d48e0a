/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS tables: walked as the specification says, and given to dmidecode where it is installed. */
#include "emu/bytes.h"
#include "firmware/smbios/smbios.h"

#include <glib/gstdio.h>
#include <string.h>

#define BASE 0x7F000000u

static const struct smbios_machine usual = {
    .product = "q35",
    .version = "1.2",
    .cpus = 2,
    .cpu_name = "qemu64",
    .cpu_id = {0x60FB1, 0x78BFBFD},
    .cpu_mhz = 1000,
    .memory_size = 3ull << 30,
    .ranges = {{0, 2ull << 30}, {4ull << 30, 1ull << 30}},
    .range_count = 2,
};

static void assert_sum_is_zero(const uint8_t *bytes, size_t length)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + bytes[i]);
    g_assert_cmphex(sum, ==, 0);
}

/* String @number of a structure; NULL for 0. */
static const char *string_of(const uint8_t *structure, unsigned number)
{
    const char *text = (const char *)structure + structure[1];

    if (number == 0)
        return NULL;
    while (--number) {
        g_assert_cmpint(*text, !=, 0);
        text += strlen(text) + 1;
    }
    g_assert_cmpint(*text, !=, 0);
    return text;
}

static const uint8_t *after(const uint8_t *structure)
{
    const uint8_t *end = structure + structure[1];

    while (end[0] || end[1])
        end++;
    return end + 2;
}

/* The @number'th structure of @type. */
static const uint8_t *find(const GByteArray *bytes, uint64_t entry_3, uint64_t base, unsigned type, unsigned number)
{
    const uint8_t *entry = bytes->data + (entry_3 - base);
    const uint8_t *at = bytes->data + (get_le(entry + 16, 8) - base);
    const uint8_t *end = at + get_le(entry + 12, 4);

    for (; at < end; at = after(at))
        if (at[0] == type && number-- == 0)
            return at;
    return NULL;
}

static void test_entry_points(void)
{
    uint64_t entry_3, entry_2;
    g_autoptr(GByteArray) bytes = smbios_build(&usual, BASE, &entry_3, &entry_2);
    const uint8_t *three = bytes->data + (entry_3 - BASE), *two = bytes->data + (entry_2 - BASE);

    g_assert_cmpuint(entry_3 % 16, ==, 0);
    g_assert_cmpmem(three, 5, "_SM3_", 5);
    g_assert_cmpuint(three[6], ==, 24);
    assert_sum_is_zero(three, 24);
    g_assert_cmphex(get_le(three + 7, 3), ==, 0x000003);
    g_assert_cmphex(three[10], ==, 1);
    g_assert_cmpuint(entry_2 % 16, ==, 0);
    g_assert_cmpmem(two, 4, "_SM_", 4);
    g_assert_cmpuint(two[5], ==, 31);
    assert_sum_is_zero(two, 31);
    g_assert_cmpmem(two + 16, 5, "_DMI_", 5);
    assert_sum_is_zero(two + 16, 15);
    g_assert_cmphex(two[30], ==, 0x30);
    /* Both lead to the same structures, which end where they say. */
    uint64_t table = get_le(three + 16, 8), length = get_le(three + 12, 4);
    g_assert_cmphex(get_le(two + 24, 4), ==, table);
    g_assert_cmpuint(get_le(two + 22, 2), ==, length);
    g_assert_cmphex(table + length, ==, BASE + bytes->len);
    unsigned count = 0, longest = 0, last = 0;
    const uint8_t *at = bytes->data + (table - BASE), *end = at + length;
    while (at < end) {
        last = at[0];
        longest = MAX(longest, (unsigned)(after(at) - at));
        at = after(at);
        count++;
    }
    g_assert_true(at == end);
    g_assert_cmpuint(last, ==, 127);
    g_assert_cmpuint(get_le(two + 28, 2), ==, count);
    g_assert_cmpuint(get_le(two + 8, 2), ==, longest);
    g_assert_cmpuint(count, ==, 3 + 2 + 2 + 2 + 2);
}

static void test_structures(void)
{
    /* Type and length of version 3.0. */
    static const uint8_t lengths[][2] = {{0, 24},  {1, 27},  {3, 22},  {4, 48}, {16, 23},
                                         {17, 40}, {19, 31}, {32, 11}, {127, 4}};
    struct smbios_machine machine = usual;
    uint64_t entry;

    smbios_uuid_from_seed(7, machine.uuid);
    g_autoptr(GByteArray) bytes = smbios_build(&machine, BASE, &entry, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(lengths); i++) {
        const uint8_t *structure = find(bytes, entry, BASE, lengths[i][0], 0);

        g_assert_nonnull(structure);
        g_assert_cmpuint(structure[1], ==, lengths[i][1]);
    }
    const uint8_t *bios = find(bytes, entry, BASE, 0, 0), *system = find(bytes, entry, BASE, 1, 0);
    g_assert_cmpstr(string_of(bios, bios[4]), ==, "Galvanic");
    g_assert_cmpstr(string_of(bios, bios[5]), ==, "1.2");
    g_assert_cmphex(bios[19] & 0x08, ==, 0x08);
    g_assert_cmpstr(string_of(system, system[4]), ==, "Galvanic");
    g_assert_cmpstr(string_of(system, system[5]), ==, "q35");
    g_assert_null(string_of(system, system[7]));
    g_assert_cmpmem(system + 8, 16, machine.uuid, 16);
    const uint8_t *cpu = find(bytes, entry, BASE, 4, 1);
    g_assert_cmpstr(string_of(cpu, cpu[4]), ==, "CPU 1");
    g_assert_cmphex(get_le(cpu + 8, 8), ==, 0x078BFBFD00060FB1);
    g_assert_cmpstr(string_of(cpu, cpu[16]), ==, "qemu64");
    g_assert_cmpuint(get_le(cpu + 20, 2), ==, 1000);
    g_assert_null(find(bytes, entry, BASE, 4, 2));
    const uint8_t *array = find(bytes, entry, BASE, 16, 0), *device = find(bytes, entry, BASE, 17, 0);
    g_assert_cmpuint(get_le(array + 7, 4), ==, 3u << 20);
    g_assert_cmpuint(get_le(device + 12, 2), ==, 3072);
    g_assert_cmphex(get_le(device + 4, 2), ==, get_le(array + 2, 2));
    const uint8_t *high = find(bytes, entry, BASE, 19, 1);
    g_assert_cmphex(get_le(high + 4, 4), ==, 4u << 20);
    g_assert_cmphex(get_le(high + 8, 4), ==, (5u << 20) - 1);
    g_assert_cmphex(get_le(high + 12, 2), ==, get_le(array + 2, 2));
}

/* Sizes for which the old fields are too small. */
static void test_large(void)
{
    struct smbios_machine machine = usual;
    uint64_t entry_3, entry_2;

    machine.memory_size = 4ull << 40;
    machine.ranges[1].size = 4ull << 40;
    machine.cpus = 256;
    g_autoptr(GByteArray) bytes = smbios_build(&machine, 0x100000000, &entry_3, &entry_2);
    const uint8_t *array = find(bytes, entry_3, 0x100000000, 16, 0);
    const uint8_t *device = find(bytes, entry_3, 0x100000000, 17, 0);
    const uint8_t *range = find(bytes, entry_3, 0x100000000, 19, 1);

    g_assert_cmphex(entry_2, ==, 0);
    g_assert_cmphex(get_le(array + 7, 4), ==, 0x80000000);
    g_assert_cmphex(get_le(array + 15, 8), ==, 4ull << 40);
    g_assert_cmphex(get_le(device + 12, 2), ==, 0x7FFF);
    g_assert_cmpuint(get_le(device + 28, 4), ==, 4u << 20);
    g_assert_cmphex(get_le(range + 4, 4), ==, 0xFFFFFFFF);
    g_assert_cmphex(get_le(range + 15, 8), ==, 4ull << 30);
    g_assert_cmphex(get_le(range + 23, 8), ==, (4ull << 30) + (4ull << 40) - 1);
    g_assert_nonnull(find(bytes, entry_3, 0x100000000, 4, 255));
    /* The size does not depend on the place. */
    g_autoptr(GByteArray) low = smbios_build(&machine, 0, &entry_3, &entry_2);
    g_assert_cmpuint(low->len, ==, bytes->len);
}

static void test_uuid(void)
{
    uint8_t a[16], b[16], c[16];

    smbios_uuid_from_seed(0, a);
    smbios_uuid_from_seed(0, b);
    smbios_uuid_from_seed(1, c);
    g_assert_cmpmem(a, 16, b, 16);
    g_assert_true(memcmp(a, c, 16) != 0);
    g_assert_cmphex(a[7] >> 4, ==, 4);
    g_assert_cmphex(a[8] >> 6, ==, 2);
    g_assert_cmphex(c[7] >> 4, ==, 4);
    g_assert_cmphex(c[8] >> 6, ==, 2);
}

static void test_dmidecode(void)
{
    g_autofree char *tool = g_find_program_in_path("dmidecode");
    g_autofree char *output = NULL, *complaints = NULL;
    g_autoptr(GError) error = NULL;
    struct smbios_machine machine = usual;
    uint64_t entry;

    if (!tool) {
        g_test_skip("dmidecode is not installed");
        return;
    }
    smbios_uuid_from_seed(0, machine.uuid);
    /* A dump is a file in which the 64-bit entry point stands first and points into the file. */
    g_autoptr(GByteArray) bytes = smbios_build(&machine, 0, &entry, NULL);
    g_autofree char *folder = g_dir_make_tmp("galvanic-smbios-XXXXXX", NULL);
    g_autofree char *dump = g_build_filename(folder, "dump", NULL);
    g_assert_true(g_file_set_contents(dump, (const char *)bytes->data, bytes->len, NULL));
    const char *arguments[] = {tool, "--from-dump", dump, NULL};
    int status;
    g_spawn_sync(NULL, (char **)arguments, NULL, 0, NULL, NULL, &output, &complaints, &status, &error);
    g_remove(dump);
    g_rmdir(folder);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpstr(complaints, ==, "");
    g_assert_nonnull(strstr(output, "SMBIOS 3.0.0 present."));
    static const char *const expected[] = {"Vendor: Galvanic",
                                           "UEFI is supported",
                                           "System is a virtual machine",
                                           "Product Name: q35",
                                           "Wake-up Type: Power Switch",
                                           "Version: qemu64",
                                           "Maximum Capacity: 3 GB",
                                           "Size: 3 GB",
                                           "Starting Address: 0x00100000000",
                                           "Ending Address: 0x0013FFFFFFF",
                                           "Range Size: 1 GB",
                                           "Status: No errors detected",
                                           "End Of Table"};
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
        if (!strstr(output, expected[i]))
            g_error("no \"%s\" in what dmidecode says:\n%s", expected[i], output);
    static const char *const unwanted[] = {"OUT OF SPEC", "TRUNCATED", "Wrong", "Invalid", "BAD"};
    for (unsigned i = 0; i < G_N_ELEMENTS(unwanted); i++)
        if (strstr(output, unwanted[i]))
            g_error("\"%s\" in what dmidecode says:\n%s", unwanted[i], output);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smbios/entry-points", test_entry_points);
    g_test_add_func("/smbios/structures", test_structures);
    g_test_add_func("/smbios/large", test_large);
    g_test_add_func("/smbios/uuid", test_uuid);
    g_test_add_func("/smbios/dmidecode", test_dmidecode);
    return g_test_run();
}
