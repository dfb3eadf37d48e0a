/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FAT volumes: mkfs.vfat makes them, our code changes them, fsck.vfat and mtools judge the result. */
#include <glib.h>
#include <string.h>

#include "emu/bytes.h"
#include "emu/host/block.h"
#include "firmware/uefi/fat.h"
#include "tests/unit/judge.h"

#define TOOLS "mkfs.vfat fsck.vfat mcopy mdir"

static uint16_t *wide(const char *text)
{
    return g_utf8_to_utf16(text, -1, NULL, NULL, NULL);
}

static char *narrow(const uint16_t *text)
{
    return g_utf16_to_utf8(text, -1, NULL, NULL, NULL);
}

/* --- a volume under test --- */
struct volume {
    char *path;
    struct block *block;
    struct fat *fat;
};

static void volume_open(struct volume *volume)
{
    const struct fat_time now = {2026, 1, 2, 3, 4, 5, 67};
    GError *error = NULL;

    volume->block = block_open(volume->path, 0, &error);
    g_assert_no_error(error);
    volume->fat = fat_mount(volume->block, 0, block_size(volume->block), &error);
    g_assert_no_error(error);
    fat_set_time(volume->fat, &now);
}

static void volume_shut(struct volume *volume)
{
    fat_unmount(volume->fat);
    g_assert_true(block_flush(volume->block));
    block_close(volume->block);
}

static void volume_make(struct volume *volume, guint64 size, const char *options)
{
    volume->path = judge_image(size);
    g_assert_cmpint(judge_run(NULL, "mkfs.vfat %s %s", options, volume->path), ==, 0);
    volume_open(volume);
}

/* fsck.vfat finds nothing to say. */
static void volume_check(struct volume *volume)
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

static void volume_free(struct volume *volume)
{
    volume_shut(volume);
    judge_remove(volume->path);
}

static enum fat_status find(struct volume *volume, const char *path, struct fat_info *info)
{
    uint16_t *text = wide(path);
    enum fat_status status = fat_find(volume->fat, FAT_ROOT, text, info);

    g_free(text);
    return status;
}

static enum fat_status create(struct volume *volume, const char *path, uint8_t attributes, struct fat_info *info)
{
    uint16_t *text = wide(path), name[FAT_NAME_MAX + 1];
    struct fat_node parent;
    enum fat_status status = fat_find_parent(volume->fat, FAT_ROOT, text, &parent, name);

    if (status == FAT_OK)
        status = fat_create(volume->fat, parent, name, attributes, info);
    g_free(text);
    return status;
}

static enum fat_status rename_to(struct volume *volume, const char *from, const char *to)
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

static enum fat_status write_file(struct volume *volume, const char *path, uint64_t at, const void *data, size_t length)
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

static void assert_contents(struct volume *volume, const char *path, const void *data, size_t length)
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

/* --- what others wrote --- */
static void test_reads_what_mtools_wrote(gconstpointer options)
{
    struct volume volume;
    char *source = judge_image(0);
    GByteArray *data = g_byte_array_new();
    struct fat_info info;
    char *name;

    if (!judge_have(TOOLS))
        return;
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t byte = (uint8_t)(i * 7 + i / 256);

        g_byte_array_append(data, &byte, 1);
    }
    g_assert_true(g_file_set_contents(source, (char *)data->data, data->len, NULL));
    volume_make(&volume, 64 << 20, options);
    volume_shut(&volume);
    g_assert_cmpint(judge_run(NULL, "mmd -i %s ::/EFI ::/EFI/boot", volume.path), ==, 0);
    g_assert_cmpint(judge_run(NULL, "mcopy -i %s %s '::/EFI/boot/A rather long name.with.dots'", volume.path, source),
                    ==, 0);
    g_assert_cmpint(judge_run(NULL, "mcopy -i %s %s ::/EFI/boot/lower.efi", volume.path, source), ==, 0);
    volume_open(&volume);
    assert_contents(&volume, "\\EFI\\boot\\A rather long name.with.dots", data->data, data->len);
    assert_contents(&volume, "\\efi\\BOOT\\a RATHER long name.WITH.dots", data->data, data->len);
    assert_contents(&volume, "EFI\\.\\boot\\..\\\\boot\\ARATHE~1.DOT", data->data, data->len);
    assert_contents(&volume, "\\EFI\\boot\\LOWER.EFI", data->data, data->len);
    g_assert_cmpint(find(&volume, "\\EFI\\boot\\lower.efi", &info), ==, FAT_OK);
    name = narrow(info.name);
    g_assert_cmpstr(name, ==, "lower.efi");
    g_free(name);
    g_assert_cmpint(find(&volume, "\\EFI\\boot\\lower.efi\\x", &info), ==, FAT_NOT_A_DIRECTORY);
    g_assert_cmpint(find(&volume, "\\EFI\\nothing", &info), ==, FAT_NOT_FOUND);
    volume_free(&volume);
    judge_remove(source);
    g_byte_array_unref(data);
}

static void test_kind(void)
{
    static const struct {
        guint64 size;
        const char *options;
        unsigned bits;
    } cases[] = {
        {1440 << 10, "-F 12", 12},    {16 << 20, "-F 16", 16},         {64 << 20, "-F 32", 32},
        {40 << 20, "-F 32 -s 1", 32}, {64 << 20, "-F 32 -S 4096", 32}, {8 << 20, "-F 12 -s 8 -f 1", 12},
    };

    if (!judge_have(TOOLS))
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct volume volume;
        struct fat_volume_info info;

        volume_make(&volume, cases[i].size, cases[i].options);
        g_assert_cmpint(fat_volume_info(volume.fat, &info), ==, FAT_OK);
        g_assert_cmpuint(info.bits, ==, cases[i].bits);
        g_assert_cmpuint(info.free_size, <=, info.volume_size);
        g_assert_cmpuint(info.free_size, >, cases[i].size * 9 / 10);
        volume_free(&volume);
    }
}

/* --- names --- */
static void test_names(void)
{
    static const char *const bad[] = {"", "a*b", "what?", "a\"b", "a:b", "<a>", "a|b", "...", "  ", "\x01"};
    static const char *const names[] = {
        "readme.txt",
        "README2.TXT",
        "Mixed.Txt",
        "noext",
        "NOEXT2",
        "trailing.dots...",
        ".hidden",
        "a.b.c.d",
        "With Space",
        "ünïcödé ñame.txt",
        "Привет.мир",
        "+plus,comma;=[]",
        "12345678.123",
        "123456789.123",
        "12345678.1234",
        "x",
        "longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglong.extension",
    };
    struct volume volume;
    struct fat_info info;
    uint32_t cursor = 0;
    unsigned listed = 0;
    char longest[256];

    if (!judge_have(TOOLS))
        return;
    volume_make(&volume, 1440 << 10, "-F 12");
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(create(&volume, bad[i], 0, &info), ==, FAT_BAD_NAME);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        char *name;

        g_assert_cmpint(create(&volume, names[i], 0, &info), ==, FAT_OK);
        name = narrow(info.name);
        g_assert_cmpstr(name, ==, i == 5 ? "trailing.dots" : names[i]);
        g_free(name);
        g_assert_cmpint(create(&volume, names[i], 0, &info), ==, FAT_EXISTS);
    }
    memset(longest, 'q', 255);
    longest[255] = 0;
    g_assert_cmpint(create(&volume, longest, 0, &info), ==, FAT_OK);
    g_assert_cmpint(find(&volume, "\\ПРИВЕТ.МИР", &info), ==, FAT_OK);
    g_assert_cmpint(find(&volume, "\\ÜNÏCÖDÉ ÑAME.TXT", &info), ==, FAT_OK);
    while (fat_read_directory(volume.fat, FAT_ROOT, &cursor, &info) == FAT_OK)
        listed++;
    g_assert_cmpuint(listed, ==, G_N_ELEMENTS(names) + 1);
    volume_check(&volume);
    volume_free(&volume);
}

static void test_aliases_are_unique(void)
{
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct volume volume;
    char *output = NULL, **lines;
    unsigned files = 0;

    if (!judge_have(TOOLS))
        return;
    volume_make(&volume, 16 << 20, "-F 16");
    for (unsigned i = 0; i < 60; i++) {
        char *name = g_strdup_printf("A long common prefix %u.text", i);
        struct fat_info info;

        g_assert_cmpint(create(&volume, name, 0, &info), ==, FAT_OK);
        g_free(name);
    }
    volume_check(&volume);
    g_assert_cmpint(judge_run(&output, "mdir -i %s ::/", volume.path), ==, 0);
    lines = g_strsplit(output, "\n", 0);
    for (unsigned i = 0; lines[i]; i++) {
        if (strlen(lines[i]) > 12 && strstr(lines[i], "TEX")) {
            g_assert_true(g_hash_table_add(seen, g_strndup(lines[i], 12)));
            files++;
        }
    }
    g_assert_cmpuint(files, ==, 60);
    g_strfreev(lines);
    g_free(output);
    g_hash_table_unref(seen);
    volume_free(&volume);
}

/* --- times and attributes --- */
static void test_times(void)
{
    const struct fat_time stamp = {2031, 12, 31, 23, 59, 58, 0}, none = {0};
    struct volume volume;
    struct fat_info info;
    char *output = NULL;

    if (!judge_have(TOOLS))
        return;
    volume_make(&volume, 16 << 20, "-F 16");
    g_assert_cmpint(create(&volume, "\\new.txt", FAT_ATTRIBUTE_HIDDEN, &info), ==, FAT_OK);
    g_assert_cmpuint(info.created.year, ==, 2026);
    g_assert_cmpuint(info.created.second, ==, 5);
    g_assert_cmpuint(info.created.hundredths, ==, 67);
    g_assert_cmpuint(info.modified.second, ==, 4);
    g_assert_cmpuint(info.attributes, ==, FAT_ATTRIBUTE_HIDDEN);
    g_assert_cmpint(fat_set_info(volume.fat, info.node, FAT_ATTRIBUTE_READ_ONLY, &none, &none, &stamp), ==, FAT_OK);
    g_assert_cmpint(find(&volume, "\\new.txt", &info), ==, FAT_OK);
    g_assert_cmpuint(info.attributes, ==, FAT_ATTRIBUTE_READ_ONLY);
    g_assert_cmpuint(info.modified.year, ==, 2031);
    g_assert_cmpuint(info.created.year, ==, 2026);
    volume_check(&volume);
    g_assert_cmpint(judge_run(&output, "mdir -i %s ::/", volume.path), ==, 0);
    g_assert_nonnull(strstr(output, "2031-12-31  23:59"));
    g_free(output);
    volume_free(&volume);
}

/* --- directories --- */
static void test_directories(gconstpointer options)
{
    struct volume volume;
    struct fat_info info, up;
    struct fat_node parent;
    uint32_t cursor = 0;

    if (!judge_have(TOOLS))
        return;
    volume_make(&volume, 64 << 20, options);
    g_assert_cmpint(create(&volume, "\\one", FAT_ATTRIBUTE_DIRECTORY, &info), ==, FAT_OK);
    g_assert_cmpint(create(&volume, "\\one\\two", FAT_ATTRIBUTE_DIRECTORY, &info), ==, FAT_OK);
    g_assert_cmpint(create(&volume, "\\one\\two\\three", FAT_ATTRIBUTE_DIRECTORY, &info), ==, FAT_OK);
    g_assert_cmpint(fat_parent(volume.fat, info.node, &parent), ==, FAT_OK);
    g_assert_cmpint(find(&volume, "\\one\\two", &up), ==, FAT_OK);
    g_assert_cmpuint(parent.directory, ==, up.node.directory);
    g_assert_cmpuint(parent.entry, ==, up.node.entry);
    g_assert_cmpint(find(&volume, "\\one\\two\\three\\..\\..\\..", &up), ==, FAT_OK);
    g_assert_cmpuint(up.node.entry, ==, FAT_NO_ENTRY);
    for (unsigned i = 0; i < 300; i++) {
        char *name = g_strdup_printf("\\one\\two\\file number %u", i);

        g_assert_cmpint(write_file(&volume, name, 0, name, strlen(name)), ==, FAT_OK);
        g_free(name);
    }
    g_assert_cmpint(find(&volume, "\\one\\two", &info), ==, FAT_OK);
    for (unsigned n = 0;; n++) {
        struct fat_info entry;
        enum fat_status status = fat_read_directory(volume.fat, info.node, &cursor, &entry);

        if (status == FAT_END) {
            g_assert_cmpuint(n, ==, 303); /* with ".", ".." and "three" */
            break;
        }
        g_assert_cmpint(status, ==, FAT_OK);
    }
    g_assert_cmpint(fat_remove(volume.fat, info.node), ==, FAT_NOT_EMPTY);
    g_assert_cmpint(rename_to(&volume, "\\one", "\\one\\two\\inside"), ==, FAT_REFUSED);
    g_assert_cmpint(rename_to(&volume, "\\one\\two\\three", "\\drei"), ==, FAT_OK);
    g_assert_cmpint(find(&volume, "\\drei\\..", &up), ==, FAT_OK);
    g_assert_cmpuint(up.node.entry, ==, FAT_NO_ENTRY);
    g_assert_cmpint(rename_to(&volume, "\\one\\two", "\\drei\\zwei"), ==, FAT_OK);
    g_assert_cmpint(rename_to(&volume, "\\drei", "\\DREI"), ==, FAT_OK);
    g_assert_cmpint(rename_to(&volume, "\\drei", "\\one"), ==, FAT_EXISTS);
    assert_contents(&volume, "\\drei\\zwei\\file number 77", "\\one\\two\\file number 77", 23);
    volume_check(&volume);
    g_assert_cmpint(find(&volume, "\\one", &info), ==, FAT_OK);
    g_assert_cmpint(fat_remove(volume.fat, info.node), ==, FAT_OK);
    g_assert_cmpint(fat_remove(volume.fat, info.node), ==, FAT_NOT_FOUND);
    g_assert_cmpint(fat_remove(volume.fat, FAT_ROOT), ==, FAT_REFUSED);
    volume_check(&volume);
    volume_free(&volume);
}

/* --- full, read-only --- */
static void test_full(void)
{
    struct volume volume;
    struct fat_volume_info before, after;
    uint8_t *data = g_malloc0(2 << 20);
    struct fat_info info;
    unsigned i = 0;

    if (!judge_have(TOOLS))
        return;
    volume_make(&volume, 1440 << 10, "-F 12");
    g_assert_cmpint(write_file(&volume, "\\first", 0, "abc", 3), ==, FAT_OK);
    g_assert_cmpint(fat_volume_info(volume.fat, &before), ==, FAT_OK);
    g_assert_cmpint(write_file(&volume, "\\first", 3, data, before.free_size + 512), ==, FAT_FULL);
    assert_contents(&volume, "\\first", "abc", 3);
    g_assert_cmpint(fat_volume_info(volume.fat, &after), ==, FAT_OK);
    g_assert_cmpuint(before.free_size, ==, after.free_size);
    g_assert_cmpint(write_file(&volume, "\\first", 512, data, before.free_size), ==, FAT_OK);
    g_assert_cmpint(fat_volume_info(volume.fat, &after), ==, FAT_OK);
    g_assert_cmpuint(after.free_size, ==, 0);
    g_assert_cmpint(create(&volume, "\\directory", FAT_ATTRIBUTE_DIRECTORY, &info), ==, FAT_FULL);
    for (;; i++) { /* the fixed root directory fills up */
        char *name = g_strdup_printf("\\F%u", i);
        enum fat_status status = create(&volume, name, 0, &info);

        g_free(name);
        if (status == FAT_FULL)
            break;
        g_assert_cmpint(status, ==, FAT_OK);
        g_assert_cmpuint(i, <, 600);
    }
    g_assert_cmpuint(i, >, 200);
    volume_check(&volume);
    volume_free(&volume);
    g_free(data);
}

static void test_read_only(void)
{
    struct volume volume;
    struct fat_info info;

    if (!judge_have(TOOLS))
        return;
    volume_make(&volume, 16 << 20, "-F 16");
    g_assert_cmpint(write_file(&volume, "\\file", 0, "abc", 3), ==, FAT_OK);
    volume_shut(&volume);
    volume.block = block_open(volume.path, BLOCK_READ_ONLY, NULL);
    volume.fat = fat_mount(volume.block, 0, block_size(volume.block), NULL);
    assert_contents(&volume, "\\file", "abc", 3);
    g_assert_cmpint(write_file(&volume, "\\file", 0, "xyz", 3), ==, FAT_READ_ONLY);
    g_assert_cmpint(create(&volume, "\\more", 0, &info), ==, FAT_READ_ONLY);
    g_assert_cmpint(rename_to(&volume, "\\file", "\\elif"), ==, FAT_READ_ONLY);
    g_assert_cmpint(find(&volume, "\\file", &info), ==, FAT_OK);
    g_assert_cmpint(fat_remove(volume.fat, info.node), ==, FAT_READ_ONLY);
    g_assert_cmpint(fat_set_size(volume.fat, info.node, 1), ==, FAT_READ_ONLY);
    volume_free(&volume);
}

/* --- label --- */
static void test_label(gconstpointer options)
{
    struct volume volume;
    uint16_t label[FAT_LABEL_MAX + 1], *text;
    char *name, *output = NULL;

    if (!judge_have(TOOLS))
        return;
    volume_make(&volume, 64 << 20, options);
    g_assert_cmpint(fat_get_label(volume.fat, label), ==, FAT_OK);
    g_assert_cmpuint(label[0], ==, 0);
    text = wide("Redox data");
    g_assert_cmpint(fat_set_label(volume.fat, text), ==, FAT_OK);
    g_free(text);
    g_assert_cmpint(fat_get_label(volume.fat, label), ==, FAT_OK);
    name = narrow(label);
    g_assert_cmpstr(name, ==, "REDOX DATA");
    g_free(name);
    volume_check(&volume);
    g_assert_cmpint(judge_run(&output, "mdir -i %s ::/", volume.path), ==, 0);
    g_assert_nonnull(strstr(output, "REDOX DATA"));
    g_free(output);
    text = wide("far too long a label");
    g_assert_cmpint(fat_set_label(volume.fat, text), ==, FAT_BAD_NAME);
    g_free(text);
    text = wide("");
    g_assert_cmpint(fat_set_label(volume.fat, text), ==, FAT_OK);
    g_assert_cmpint(fat_get_label(volume.fat, label), ==, FAT_OK);
    g_assert_cmpuint(label[0], ==, 0);
    g_free(text);
    volume_check(&volume);
    volume_free(&volume);
}

/* --- random operations against a model --- */
#define MODEL_FILES 24
struct model {
    struct volume volume;
    GByteArray *file[MODEL_FILES]; /* NULL: not there */
    unsigned place[MODEL_FILES];   /* which directory it is in */
};

static char *model_path(const struct model *model, unsigned i, unsigned place)
{
    static const char *const directories[] = {"", "\\Sub directory", "\\Sub directory\\DEEP"};

    return i % 2 ? g_strdup_printf("%s\\FILE%u.BIN", directories[place], i)
                 : g_strdup_printf("%s\\File with a long name, number %u.binary", directories[place], i);
}

static void model_write(struct model *model, unsigned i, GRand *random)
{
    GByteArray *file = model->file[i];
    unsigned length = (unsigned)g_rand_int_range(random, 1, 9000);
    unsigned at = (unsigned)g_rand_int_range(random, 0, (int)file->len + 5000);
    uint8_t *data = g_malloc(length);
    char *path = model_path(model, i, model->place[i]);
    unsigned old = file->len;

    for (unsigned k = 0; k < length; k++)
        data[k] = (uint8_t)g_rand_int(random);
    g_assert_cmpint(write_file(&model->volume, path, at, data, length), ==, FAT_OK);
    if (at + length > old) {
        g_byte_array_set_size(file, at + length);
        memset(file->data + old, 0, at + length - old);
    }
    memcpy(file->data + at, data, length);
    g_free(data);
    g_free(path);
}

static void model_resize(struct model *model, unsigned i, GRand *random)
{
    GByteArray *file = model->file[i];
    unsigned size = (unsigned)g_rand_int_range(random, 0, (int)file->len + 6000), old = file->len;
    char *path = model_path(model, i, model->place[i]);
    struct fat_info info;

    g_assert_cmpint(find(&model->volume, path, &info), ==, FAT_OK);
    g_assert_cmpint(fat_set_size(model->volume.fat, info.node, size), ==, FAT_OK);
    g_byte_array_set_size(file, size);
    if (size > old)
        memset(file->data + old, 0, size - old);
    g_free(path);
}

static void model_step(struct model *model, GRand *random)
{
    unsigned i = (unsigned)g_rand_int_range(random, 0, MODEL_FILES), place = (unsigned)g_rand_int_range(random, 0, 3);
    char *path = model_path(model, i, model->file[i] ? model->place[i] : place), *to = model_path(model, i, place);
    struct fat_info info;

    if (!model->file[i]) {
        g_assert_cmpint(create(&model->volume, path, 0, &info), ==, FAT_OK);
        model->file[i] = g_byte_array_new();
        model->place[i] = place;
    } else {
        switch (g_rand_int_range(random, 0, 8)) {
        case 0:
            g_assert_cmpint(find(&model->volume, path, &info), ==, FAT_OK);
            g_assert_cmpint(fat_remove(model->volume.fat, info.node), ==, FAT_OK);
            g_byte_array_unref(model->file[i]);
            model->file[i] = NULL;
            break;
        case 1:
            g_assert_cmpint(rename_to(&model->volume, path, to), ==, FAT_OK);
            model->place[i] = place;
            break;
        case 2:
            model_resize(model, i, random);
            break;
        default:
            model_write(model, i, random);
        }
    }
    g_free(path);
    g_free(to);
}

static void model_check(struct model *model)
{
    for (unsigned i = 0; i < MODEL_FILES; i++) {
        char *path = model_path(model, i, model->place[i]), *slashes, *copy, *data;
        struct fat_info info;
        gsize length;

        if (!model->file[i]) {
            g_assert_cmpint(find(&model->volume, path, &info), ==, FAT_NOT_FOUND);
            g_free(path);
            continue;
        }
        assert_contents(&model->volume, path, model->file[i]->data, model->file[i]->len);
        slashes = g_strdelimit(g_strdup(path), "\\", '/');
        copy = judge_image(0);
        g_assert_cmpint(judge_run(NULL, "mcopy -n -o -i %s '::%s' %s", model->volume.path, slashes, copy), ==, 0);
        g_assert_true(g_file_get_contents(copy, &data, &length, NULL));
        g_assert_cmpmem(data, length, model->file[i]->data, model->file[i]->len);
        g_free(data);
        judge_remove(copy);
        g_free(slashes);
        g_free(path);
    }
}

static void test_random(gconstpointer options)
{
    GRand *random = g_rand_new_with_seed(42);
    struct model model = {0};
    struct fat_info info;

    if (!judge_have(TOOLS))
        return;
    /* mtools takes a FAT32 volume of less than 65525 clusters for FAT16 */
    volume_make(&model.volume, strstr(options, "32") ? 40 << 20 : 8 << 20, options);
    g_assert_cmpint(create(&model.volume, "\\Sub directory", FAT_ATTRIBUTE_DIRECTORY, &info), ==, FAT_OK);
    g_assert_cmpint(create(&model.volume, "\\Sub directory\\DEEP", FAT_ATTRIBUTE_DIRECTORY, &info), ==, FAT_OK);
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < 300; i++)
            model_step(&model, random);
        volume_check(&model.volume);
        model_check(&model);
    }
    for (unsigned i = 0; i < MODEL_FILES; i++) {
        if (model.file[i])
            g_byte_array_unref(model.file[i]);
    }
    volume_free(&model.volume);
    g_rand_free(random);
}

/* --- broken volumes, built by hand: FAT16, 512-byte clusters, 4096+ of them --- */
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
    g_test_add_func("/fat/kind", test_kind);
    g_test_add_data_func("/fat/reads-mtools/16", "-F 16", test_reads_what_mtools_wrote);
    g_test_add_data_func("/fat/reads-mtools/32", "-F 32 -s 1", test_reads_what_mtools_wrote);
    g_test_add_func("/fat/names", test_names);
    g_test_add_func("/fat/aliases", test_aliases_are_unique);
    g_test_add_func("/fat/times", test_times);
    g_test_add_data_func("/fat/directories/16", "-F 16", test_directories);
    g_test_add_data_func("/fat/directories/32", "-F 32 -s 1", test_directories);
    g_test_add_func("/fat/full", test_full);
    g_test_add_func("/fat/read-only", test_read_only);
    g_test_add_data_func("/fat/label/16", "-F 16", test_label);
    g_test_add_data_func("/fat/label/32", "-F 32 -s 1", test_label);
    g_test_add_data_func("/fat/random/12", "-F 12", test_random);
    g_test_add_data_func("/fat/random/16", "-F 16 -s 2", test_random);
    g_test_add_data_func("/fat/random/32", "-F 32 -s 1", test_random);
    g_test_add_func("/fat/broken/looping-file", test_looping_file);
    g_test_add_func("/fat/broken/looping-directory", test_looping_directory);
    g_test_add_func("/fat/broken/wild-links", test_wild_links);
    g_test_add_func("/fat/broken/crossed-files", test_crossed_files);
    g_test_add_func("/fat/broken/geometry", test_bad_geometry);
    return g_test_run();
}
