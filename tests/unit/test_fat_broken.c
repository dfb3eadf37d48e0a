/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Broken FAT volumes, built by hand: FAT16, 512-byte clusters, 4096+ of them. */
#include "emu/bytes.h"
#include "tests/unit/fat_volume.h"

#define SMALL_SECTORS 8192u
#define SMALL_TABLE_SECTORS 32u
#define SMALL_ROOT (1 + SMALL_TABLE_SECTORS)
#define SMALL_DATA (SMALL_ROOT + 32)

static uint8_t *small_image(void)
{
    uint8_t *image = g_malloc0(SMALL_SECTORS * 512);
    static const uint8_t boot[] = {0xEB,
                                   0x3C,
                                   0x90,
                                   'G',
                                   'A',
                                   'L',
                                   'V',
                                   'A',
                                   'N',
                                   'I',
                                   'C',
                                   0x00,
                                   0x02,
                                   1,
                                   1,
                                   0,
                                   1,
                                   0x00,
                                   0x02,
                                   0x00,
                                   0x20,
                                   0xF8,
                                   SMALL_TABLE_SECTORS,
                                   0};

    memcpy(image, boot, sizeof(boot));
    image[510] = 0x55;
    image[511] = 0xAA;
    memcpy(image + 512, "\xF8\xFF\xFF\xFF", 4);
    return image;
}

static void small_entry(uint8_t *image, unsigned index, const char *name, uint8_t attributes, uint16_t cluster,
                        uint32_t size)
{
    uint8_t *entry = image + SMALL_ROOT * 512 + index * 32;

    memcpy(entry, name, 11);
    entry[11] = attributes;
    put_le16(entry + 26, cluster);
    put_le32(entry + 28, size);
}

static void small_link(uint8_t *image, uint16_t cluster, uint16_t next)
{
    put_le16(image + 512 + cluster * 2, next);
}

static void small_mount(struct volume *volume, uint8_t *image)
{
    GError *error = NULL;

    volume->path = NULL;
    volume->block = block_new_memory(image, SMALL_SECTORS * 512, 0);
    volume->fat = fat_mount(volume->block, 0, block_size(volume->block), &error);
    g_assert_no_error(error);
    g_free(image);
}

static void small_free(struct volume *volume)
{
    fat_unmount(volume->fat);
    block_close(volume->block);
}

/* A file whose chain bites its own tail: what is there can be read, and nothing hangs. */
static void test_looping_file(void)
{
    uint8_t *image = small_image(), *buffer = g_malloc(4 << 20);
    struct volume volume;
    struct fat_info info;
    struct fat_file file;
    uint64_t length = 4 << 20;

    small_entry(image, 0, "LOOP    BIN", 0, 2, 0x7FFFFFFF);
    small_link(image, 2, 3);
    small_link(image, 3, 2);
    small_mount(&volume, image);
    g_assert_cmpint(find(&volume, "\\LOOP.BIN", &info), ==, FAT_OK);
    fat_file_open(&file, info.node);
    file.position = 0x70000000;
    g_assert_cmpint(fat_read(volume.fat, &file, buffer, &length), ==, FAT_CORRUPT);
    g_assert_cmpint(fat_set_size(volume.fat, info.node, 0), ==, FAT_OK);
    g_assert_cmpint(fat_remove(volume.fat, info.node), ==, FAT_OK);
    small_free(&volume);
    g_free(buffer);
}

static void test_looping_directory(void)
{
    uint8_t *image = small_image();
    struct volume volume;
    struct fat_info info;
    uint32_t cursor = 0;

    small_entry(image, 0, "LOOP       ", FAT_ATTRIBUTE_DIRECTORY, 2, 0);
    small_link(image, 2, 3);
    small_link(image, 3, 2);
    memset(image + SMALL_DATA * 512, 0xE5, 1024); /* free entries, no end mark */
    small_mount(&volume, image);
    g_assert_cmpint(find(&volume, "\\LOOP", &info), ==, FAT_OK);
    g_assert_cmpint(fat_read_directory(volume.fat, info.node, &cursor, &info), ==, FAT_CORRUPT);
    g_assert_cmpint(find(&volume, "\\LOOP\\x", &info), ==, FAT_CORRUPT);
    g_assert_cmpint(create(&volume, "\\LOOP\\x", 0, &info), ==, FAT_CORRUPT);
    small_free(&volume);
}

/* Links and entries that lead outside the volume. */
static void test_wild_links(void)
{
    static const uint16_t wild[] = {0, 1, 0xFFF0, 0x2000, 0xFFF7};

    for (unsigned i = 0; i < G_N_ELEMENTS(wild); i++) {
        uint8_t *image = small_image(), buffer[2048];
        uint64_t length = sizeof(buffer);
        struct volume volume;
        struct fat_info info;
        struct fat_file file;

        small_entry(image, 0, "WILD    BIN", 0, 2, 2048);
        small_link(image, 2, wild[i]);
        small_entry(image, 1, "START   BIN", 0, wild[i], 2048);
        small_entry(image, 2, "DIR        ", FAT_ATTRIBUTE_DIRECTORY, wild[i], 0);
        small_mount(&volume, image);
        g_assert_cmpint(find(&volume, "\\WILD.BIN", &info), ==, FAT_OK);
        fat_file_open(&file, info.node);
        g_assert_cmpint(fat_read(volume.fat, &file, buffer, &length), ==, FAT_CORRUPT);
        g_assert_cmpint(find(&volume, "\\START.BIN", &info), ==, FAT_OK);
        fat_file_open(&file, info.node);
        length = sizeof(buffer);
        g_assert_cmpint(fat_read(volume.fat, &file, buffer, &length), ==, FAT_CORRUPT);
        g_assert_cmpint(find(&volume, "\\DIR\\x", &info), ==, FAT_CORRUPT);
        g_assert_cmpint(find(&volume, "\\DIR", &info), ==, FAT_OK);
        g_assert_cmpint(fat_remove(volume.fat, info.node), ==, FAT_CORRUPT);
        small_free(&volume);
    }
}

/* Two files share clusters: both read, one may go, and nothing hangs. */
static void test_crossed_files(void)
{
    uint8_t *image = small_image(), buffer[1024];
    uint64_t length = sizeof(buffer);
    struct volume volume;
    struct fat_info info;
    struct fat_file file;

    small_entry(image, 0, "A       BIN", 0, 2, 1024);
    small_entry(image, 1, "B       BIN", 0, 4, 1024);
    small_link(image, 2, 3);
    small_link(image, 4, 3);
    small_link(image, 3, 0xFFFF);
    small_mount(&volume, image);
    g_assert_cmpint(find(&volume, "\\A.BIN", &info), ==, FAT_OK);
    g_assert_cmpint(fat_remove(volume.fat, info.node), ==, FAT_OK);
    g_assert_cmpint(find(&volume, "\\B.BIN", &info), ==, FAT_OK);
    fat_file_open(&file, info.node);
    g_assert_cmpint(fat_read(volume.fat, &file, buffer, &length), ==, FAT_OK);
    g_assert_cmpuint(length, ==, 1024); /* one link is enough for two clusters */
    g_assert_cmpint(fat_remove(volume.fat, info.node), ==, FAT_OK);
    small_free(&volume);
}

static void test_bad_geometry(void)
{
    static const struct {
        unsigned offset;
        uint8_t byte;
        gint code;
    } cases[] = {
        {0, 0x00, G_FILE_ERROR_NOENT},  {12, 0x03, G_FILE_ERROR_NOENT}, {13, 0x03, G_FILE_ERROR_NOENT},
        {14, 0x00, G_FILE_ERROR_NOENT}, {16, 0x00, G_FILE_ERROR_NOENT}, {510, 0x00, G_FILE_ERROR_NOENT},
        {21, 0x12, G_FILE_ERROR_NOENT}, {20, 0x21, G_FILE_ERROR_INVAL}, {22, 0x01, G_FILE_ERROR_INVAL},
        {18, 0x00, G_FILE_ERROR_INVAL}, {23, 0x40, G_FILE_ERROR_INVAL},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t *image = small_image();
        struct block *block;
        GError *error = NULL;

        image[cases[i].offset] = cases[i].byte;
        block = block_new_memory(image, SMALL_SECTORS * 512, 0);
        g_assert_null(fat_mount(block, 0, block_size(block), &error));
        g_assert_error(error, G_FILE_ERROR, cases[i].code);
        g_clear_error(&error);
        g_assert_null(fat_mount(block, block_size(block), 512, &error));
        g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
        g_clear_error(&error);
        block_close(block);
        g_free(image);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fat/broken/looping-file", test_looping_file);
    g_test_add_func("/fat/broken/looping-directory", test_looping_directory);
    g_test_add_func("/fat/broken/wild-links", test_wild_links);
    g_test_add_func("/fat/broken/crossed-files", test_crossed_files);
    g_test_add_func("/fat/broken/geometry", test_bad_geometry);
    return g_test_run();
}
