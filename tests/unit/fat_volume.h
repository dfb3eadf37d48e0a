/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A FAT volume of mkfs.vfat's making, changed by our code and judged by fsck.vfat. */
#ifndef GALVANIC_TESTS_UNIT_FAT_VOLUME_H
#define GALVANIC_TESTS_UNIT_FAT_VOLUME_H

#include <string.h>

#include "firmware/uefi/fat.h"
#include "tests/unit/judge.h"

#define TOOLS "mkfs.vfat fsck.vfat mcopy mdir"

static inline uint16_t *wide(const char *text)
{
    return g_utf8_to_utf16(text, -1, NULL, NULL, NULL);
}

static inline char *narrow(const uint16_t *text)
{
    return g_utf16_to_utf8(text, -1, NULL, NULL, NULL);
}

struct volume {
    char *path;
    struct block *block;
    struct fat *fat;
};

static inline void volume_open(struct volume *volume)
{
    const struct fat_time now = {2026, 1, 2, 3, 4, 5, 67};
    GError *error = NULL;

    volume->block = block_open(volume->path, 0, &error);
    g_assert_no_error(error);
    volume->fat = fat_mount(volume->block, 0, block_size(volume->block), &error);
    g_assert_no_error(error);
    fat_set_time(volume->fat, &now);
}

static inline void volume_shut(struct volume *volume)
{
    fat_unmount(volume->fat);
    g_assert_true(block_flush(volume->block));
    block_close(volume->block);
}

static inline void volume_make(struct volume *volume, guint64 size, const char *options)
{
    volume->path = judge_image(size);
    g_assert_cmpint(judge_run(NULL, "mkfs.vfat %s %s", options, volume->path), ==, 0);
    volume_open(volume);
}

/* fsck.vfat finds nothing to say. */
static inline void volume_check(struct volume *volume)
{
    char *output = NULL;
    int status;

    volume_shut(volume);
    status = judge_run(&output, "fsck.vfat -n -v %s", volume->path);
    if (status != 0 || strstr(output, "differ") || strstr(output, "wrong"))
        g_test_message("%s", output);
    g_assert_cmpint(status, ==, 0);
    g_assert_null(strstr(output, "differ"));
    g_assert_null(strstr(output, "wrong"));
    g_free(output);
    volume_open(volume);
}

static inline void volume_free(struct volume *volume)
{
    volume_shut(volume);
    judge_remove(volume->path);
}

static inline enum fat_status find(struct volume *volume, const char *path, struct fat_info *info)
{
    uint16_t *text = wide(path);
    enum fat_status status = fat_find(volume->fat, FAT_ROOT, text, info);

    g_free(text);
    return status;
}

static inline enum fat_status create(struct volume *volume, const char *path, uint8_t attributes, struct fat_info *info)
{
    uint16_t *text = wide(path), name[FAT_NAME_MAX + 1];
    struct fat_node parent;
    enum fat_status status = fat_find_parent(volume->fat, FAT_ROOT, text, &parent, name);

    if (status == FAT_OK)
        status = fat_create(volume->fat, parent, name, attributes, info);
    g_free(text);
    return status;
}

static inline enum fat_status rename_to(struct volume *volume, const char *from, const char *to)
{
    uint16_t *text = wide(to), name[FAT_NAME_MAX + 1];
    struct fat_node parent, moved;
    struct fat_info info;
    enum fat_status status = find(volume, from, &info);

    if (status == FAT_OK)
        status = fat_find_parent(volume->fat, FAT_ROOT, text, &parent, name);
    if (status == FAT_OK)
        status = fat_rename(volume->fat, info.node, parent, name, &moved);
    g_free(text);
    return status;
}

static inline enum fat_status write_file(struct volume *volume, const char *path, uint64_t at, const void *data,
                                         size_t length)
{
    struct fat_file file;
    struct fat_info info;
    enum fat_status status = find(volume, path, &info);

    if (status == FAT_NOT_FOUND)
        status = create(volume, path, 0, &info);
    if (status != FAT_OK)
        return status;
    fat_file_open(&file, info.node);
    file.position = at;
    return fat_write(volume->fat, &file, data, length);
}

static inline void assert_contents(struct volume *volume, const char *path, const void *data, size_t length)
{
    uint8_t *buffer = g_malloc(length + 1);
    uint64_t got = length + 1;
    struct fat_file file;
    struct fat_info info;

    g_assert_cmpint(find(volume, path, &info), ==, FAT_OK);
    g_assert_cmpuint(info.size, ==, length);
    fat_file_open(&file, info.node);
    g_assert_cmpint(fat_read(volume->fat, &file, buffer, &got), ==, FAT_OK);
    g_assert_cmpmem(buffer, got, data, length);
    g_free(buffer);
}

#endif
