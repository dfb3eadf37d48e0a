/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Partition tables: sgdisk makes GPTs; MBRs and El Torito catalogs are built by hand; then they are broken. */
#include <glib.h>
#include <string.h>

#include "emu/bytes.h"
#include "emu/host/block.h"
#include "emu/host/partition.h"
#include "tests/unit/judge.h"

#define DISK_SIZE (8u << 20)
#define LAST_LBA (DISK_SIZE / 512 - 1)

static struct partition_table *read_bytes(const uint8_t *image, size_t size, uint32_t sector, GError **error)
{
    struct block *block = block_new_memory(image, size, 0);
    struct partition_table *table = partition_table_read(block, sector, error);

    block_close(block);
    return table;
}

static void assert_fails(const uint8_t *image, size_t size, const char *words)
{
    GError *error = NULL;
    struct partition_table *table = read_bytes(image, size, 512, &error);

    g_assert_null(table);
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
    if (!strstr(error->message, words))
        g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, words));
    g_assert_null(strchr(error->message, '\n'));
    g_clear_error(&error);
}

static struct partition *at(struct partition_table *table, unsigned index)
{
    g_assert_cmpuint(index, <, table->partitions->len);
    return &g_array_index(table->partitions, struct partition, index);
}

/* --- GPT --- */
/* An ESP of 2 MiB at 1 MiB as number 1 and a Linux partition as number 3; made once, for sgdisk waits for the disk. */
static uint8_t *gpt_image(void)
{
    static char *bytes;
    gsize length;

    if (!bytes) {
        char *path = judge_image(DISK_SIZE);

        g_assert_cmpint(judge_run(NULL,
                                  "sgdisk -n 1:2048:+2M -t 1:ef00 -c '1:Boot ä' "
                                  "-u 1:01234567-89AB-CDEF-0123-456789ABCDEF -n 3:8192:+1M -t 3:8300 -A 3:set:2 %s",
                                  path),
                        ==, 0);
        g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
        g_assert_cmpuint(length, ==, DISK_SIZE);
        judge_remove(path);
    }
    return memcpy(g_malloc(DISK_SIZE), bytes, DISK_SIZE);
}

static void assert_gpt(struct partition_table *table)
{
    static const uint8_t guid[16] = {0x67, 0x45, 0x23, 0x01, 0xAB, 0x89, 0xEF, 0xCD,
                                     0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF};
    char *name;

    g_assert_nonnull(table);
    g_assert_cmpint(table->scheme, ==, PARTITION_GPT);
    g_assert_cmpuint(table->partitions->len, ==, 2);
    g_assert_cmpuint(at(table, 0)->number, ==, 1);
    g_assert_true(at(table, 0)->system);
    g_assert_cmpuint(at(table, 0)->offset, ==, 1 << 20);
    g_assert_cmpuint(at(table, 0)->size, ==, 2 << 20);
    g_assert_cmpmem(at(table, 0)->unique_guid, 16, guid, 16);
    name = g_utf16_to_utf8(at(table, 0)->name, -1, NULL, NULL, NULL);
    g_assert_cmpstr(name, ==, "Boot ä");
    g_free(name);
    g_assert_cmpuint(at(table, 1)->number, ==, 3);
    g_assert_false(at(table, 1)->system);
    g_assert_cmpuint(at(table, 1)->attributes, ==, 4);
}

static void test_gpt(void)
{
    struct partition_table *table;
    uint8_t *image;

    if (!judge_have("sgdisk"))
        return;
    image = gpt_image();
    table = read_bytes(image, DISK_SIZE, 512, NULL);
    assert_gpt(table);
    g_assert_null(table->warning);
    partition_table_free(table);
    g_free(image);
}

/* Each of these bytes, damaged, makes a header useless; the other one serves. */
static void test_gpt_one_header_broken(void)
{
    static const unsigned bytes[] = {0, 8, 12, 16, 24, 40, 72, 80, 84, 88, 512 + 3};

    if (!judge_have("sgdisk"))
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(bytes) * 2; i++) {
        bool second = i >= G_N_ELEMENTS(bytes);
        unsigned byte = bytes[i % G_N_ELEMENTS(bytes)];
        uint8_t *image = gpt_image();
        struct partition_table *table;
        size_t offset = second ? (byte >= 512 ? DISK_SIZE - 33 * 512 : LAST_LBA * 512) : 512;

        image[offset + (byte >= 512 && second ? byte - 512 : byte)] ^= 0x41;
        table = read_bytes(image, DISK_SIZE, 512, NULL);
        assert_gpt(table);
        g_assert_nonnull(table->warning);
        g_assert_nonnull(strstr(table->warning, second ? "the second GPT header" : "the first GPT header"));
        partition_table_free(table);
        g_free(image);
    }
}

static void test_gpt_both_broken(void)
{
    uint8_t *image;

    if (!judge_have("sgdisk"))
        return;
    image = gpt_image();
    image[512 + 60] ^= 1;
    image[LAST_LBA * 512 + 60] ^= 1;
    assert_fails(image, DISK_SIZE, "has a wrong checksum");
    memset(image + 512, 0, 512);
    memset(image + LAST_LBA * 512, 0, 512);
    assert_fails(image, DISK_SIZE, "is missing");
    g_free(image);
}

static void test_gpt_cut_off(void)
{
    uint8_t *image;

    if (!judge_have("sgdisk"))
        return;
    image = gpt_image();
    assert_fails(image, 3 << 20, "is the image cut off?");
    g_free(image);
}

static void test_gpt_overlap(void)
{
    char *path, *bytes = NULL;
    gsize length;
    uint8_t *entry;
    uint32_t header_crc;

    if (!judge_have("sgdisk"))
        return;
    path = judge_image(DISK_SIZE);
    g_assert_cmpint(judge_run(NULL, "sgdisk -n 1:2048:4095 -n 2:4096:8191 %s", path), ==, 0);
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    judge_remove(path);
    entry = (uint8_t *)bytes + 1024 + 128;
    put_le32(entry + 32, 4095); /* one block too early; checksums anew */
    for (unsigned pass = 0; pass < 2; pass++) {
        uint8_t *header = (uint8_t *)bytes + 512;
        const uint8_t *from = pass == 0 ? (uint8_t *)bytes + 1024 : header;
        size_t n = pass == 0 ? 128 * 128 : 92;
        uint32_t crc = 0xFFFFFFFF;

        put_le32(header + 16, 0);
        for (size_t i = 0; i < n; i++) {
            crc ^= from[i];
            for (unsigned k = 0; k < 8; k++)
                crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
        }
        put_le32(header + (pass == 0 ? 88 : 16), ~crc);
        header_crc = ~crc;
    }
    g_assert_cmpuint(header_crc, !=, 0);
    assert_fails((uint8_t *)bytes, DISK_SIZE, "partitions 1 and 2 overlap");
    g_free(bytes);
}

/* --- MBR --- */
static void mbr_entry(uint8_t *record, unsigned index, uint8_t type, uint32_t first, uint32_t count)
{
    uint8_t *entry = record + 446 + index * 16;

    entry[4] = type;
    put_le32(entry + 8, first);
    put_le32(entry + 12, count);
    record[510] = 0x55;
    record[511] = 0xAA;
}

static void test_mbr(void)
{
    uint8_t *image = g_malloc0(DISK_SIZE);
    struct partition_table *table;

    put_le32(image + 440, 0x12345678);
    mbr_entry(image, 0, 0xEF, 63, 1000);
    mbr_entry(image, 2, 0x05, 2000, 4000);
    mbr_entry(image, 3, 0x83, 8000, 100);
    mbr_entry(image + 2000 * 512, 0, 0x83, 1, 500);
    mbr_entry(image + 2000 * 512, 1, 0x05, 1000, 1000);
    mbr_entry(image + 3000 * 512, 0, 0x0C, 2, 600);
    table = read_bytes(image, DISK_SIZE, 512, NULL);
    g_assert_nonnull(table);
    g_assert_cmpint(table->scheme, ==, PARTITION_MBR);
    g_assert_cmpuint(table->partitions->len, ==, 4);
    g_assert_cmpuint(table->mbr_signature[0], ==, 0x78);
    g_assert_true(at(table, 0)->system);
    g_assert_cmpuint(at(table, 0)->offset, ==, 63 * 512);
    g_assert_cmpuint(at(table, 1)->number, ==, 4);
    g_assert_cmpuint(at(table, 2)->number, ==, 5);
    g_assert_cmpuint(at(table, 2)->offset, ==, 2001 * 512);
    g_assert_cmpuint(at(table, 3)->number, ==, 6);
    g_assert_cmpuint(at(table, 3)->offset, ==, 3002 * 512);
    g_assert_cmpuint(at(table, 3)->size, ==, 600 * 512);
    partition_table_free(table);
    mbr_entry(image + 3000 * 512, 1, 0x05, 0, 1000); /* the chain bites its tail */
    table = read_bytes(image, DISK_SIZE, 512, NULL);
    g_assert_nonnull(table);
    g_assert_cmpuint(table->partitions->len, ==, 4);
    partition_table_free(table);
    mbr_entry(image, 3, 0x83, 1000, 100);
    assert_fails(image, DISK_SIZE, "partitions 1 and 4 overlap");
    mbr_entry(image, 3, 0x83, 8000, 100000);
    assert_fails(image, DISK_SIZE, "partition 4 reaches past the end");
    image[446] = 0x12; /* code, no table */
    table = read_bytes(image, DISK_SIZE, 512, NULL);
    g_assert_nonnull(table);
    g_assert_cmpint(table->scheme, ==, PARTITION_NONE);
    partition_table_free(table);
    g_free(image);
}

/* --- El Torito --- */
#define ISO_SECTORS 4096u

static uint8_t *iso_image(void)
{
    uint8_t *image = g_malloc0(ISO_SECTORS * 2048), *catalog = image + 20 * 2048;
    static const uint8_t types[] = {1, 0, 255};

    for (unsigned i = 0; i < 3; i++) {
        uint8_t *descriptor = image + (16 + i) * 2048;

        descriptor[0] = types[i];
        memcpy(descriptor + 1, "CD001\1", 6);
    }
    put_le32(image + 16 * 2048 + 80, ISO_SECTORS);
    memcpy(image + 17 * 2048 + 7, "EL TORITO SPECIFICATION", 23);
    put_le32(image + 17 * 2048 + 71, 20);
    catalog[0] = 1;
    catalog[30] = 0x55;
    catalog[31] = 0xAA;
    put_le16(catalog + 28, (uint16_t)(0x10000 - 0xAA55 - 1));
    catalog[32] = 0x88; /* for a BIOS */
    put_le16(catalog + 38, 4);
    put_le32(catalog + 40, 30);
    catalog[64] = 0x91;
    catalog[65] = 0xEF;
    put_le16(catalog + 66, 1);
    catalog[96] = 0x88;
    put_le16(catalog + 96 + 6, 100);
    put_le32(catalog + 96 + 8, 1000);
    return image;
}

static void test_el_torito(void)
{
    uint8_t *image = iso_image();
    struct partition_table *table = read_bytes(image, ISO_SECTORS * 2048, 2048, NULL);

    g_assert_nonnull(table);
    g_assert_cmpint(table->scheme, ==, PARTITION_EL_TORITO);
    g_assert_cmpuint(table->partitions->len, ==, 2);
    g_assert_cmpuint(at(table, 0)->number, ==, 0);
    g_assert_false(at(table, 0)->system);
    g_assert_cmpuint(at(table, 1)->number, ==, 1);
    g_assert_true(at(table, 1)->system);
    g_assert_cmpuint(at(table, 1)->offset, ==, 1000 * 2048);
    g_assert_cmpuint(at(table, 1)->size, ==, 25 * 2048);
    partition_table_free(table);

    put_le16(image + 20 * 2048 + 96 + 6, 1); /* unknown: to the end of the disc */
    table = read_bytes(image, ISO_SECTORS * 2048, 2048, NULL);
    g_assert_cmpuint(at(table, 1)->size, ==, (ISO_SECTORS - 1000) * 2048);
    partition_table_free(table);

    memcpy(image + 1000 * 2048, "\xEB\x3C\x90", 3); /* a FAT says how long it is */
    put_le16(image + 1000 * 2048 + 11, 512);
    put_le16(image + 1000 * 2048 + 19, 2880);
    put_le16(image + 1000 * 2048 + 510, 0xAA55);
    table = read_bytes(image, ISO_SECTORS * 2048, 2048, NULL);
    g_assert_cmpuint(at(table, 1)->size, ==, 2880 * 512);
    partition_table_free(table);
    put_le16(image + 1000 * 2048 + 19, 0xFFFF); /* but not longer than the disc */
    table = read_bytes(image, ISO_SECTORS * 2048, 2048, NULL);
    g_assert_cmpuint(at(table, 1)->size, ==, (ISO_SECTORS - 1000) * 2048);
    partition_table_free(table);

    image[20 * 2048 + 5] ^= 1; /* the catalog's checksum */
    table = read_bytes(image, ISO_SECTORS * 2048, 2048, NULL);
    g_assert_cmpint(table->scheme, ==, PARTITION_NONE);
    partition_table_free(table);
    g_free(image);
}

static void test_el_torito_bounds(void)
{
    uint8_t *image = iso_image();
    struct partition_table *table;

    put_le16(image + 20 * 2048 + 66, 0xFFFF); /* more entries than fit: the rest is no boot entry */
    put_le32(image + 20 * 2048 + 96 + 8, 0xFFFFFFFF);
    table = read_bytes(image, ISO_SECTORS * 2048, 2048, NULL);
    g_assert_cmpuint(table->partitions->len, ==, 1);
    partition_table_free(table);
    put_le32(image + 17 * 2048 + 71, 0xFFFFFFF0);
    table = read_bytes(image, ISO_SECTORS * 2048, 2048, NULL);
    g_assert_cmpint(table->scheme, ==, PARTITION_NONE);
    partition_table_free(table);
    g_free(image);
}

/* Random bytes, random damage, all lengths: some answer, and no crash. */
static void test_noise(void)
{
    GRand *random = g_rand_new_with_seed(7);
    uint8_t *iso = iso_image(), *disk = g_malloc0(DISK_SIZE);

    mbr_entry(disk, 0, 0x05, 10, 4000);
    for (unsigned i = 0; i < 400; i++) {
        uint8_t *image = memcpy(g_malloc(64 * 2048), i % 2 ? iso : disk, 64 * 2048);
        size_t size = (size_t)g_rand_int_range(random, 1, 64 * 2048);
        struct partition_table *table;
        GError *error = NULL;

        for (unsigned k = 0; k < 40; k++)
            image[g_rand_int_range(random, i % 4 < 2 ? 0 : 32768, (gint32)(i % 4 < 2 ? 8192 : 64 * 2048))] =
                (uint8_t)g_rand_int(random);
        if (i % 3 == 0)
            memcpy(image + 512, "EFI PART", 8);
        table = read_bytes(image, size, i % 2 ? 2048 : 512, &error);
        g_assert_true((table == NULL) == (error != NULL));
        g_clear_error(&error);
        partition_table_free(table);
        g_free(image);
    }
    g_free(iso);
    g_free(disk);
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/partition/gpt/good", test_gpt);
    g_test_add_func("/partition/gpt/one-broken", test_gpt_one_header_broken);
    g_test_add_func("/partition/gpt/both-broken", test_gpt_both_broken);
    g_test_add_func("/partition/gpt/cut-off", test_gpt_cut_off);
    g_test_add_func("/partition/gpt/overlap", test_gpt_overlap);
    g_test_add_func("/partition/mbr", test_mbr);
    g_test_add_func("/partition/el-torito/images", test_el_torito);
    g_test_add_func("/partition/el-torito/bounds", test_el_torito_bounds);
    g_test_add_func("/partition/noise", test_noise);
    return g_test_run();
}
