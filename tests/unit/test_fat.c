/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FAT volumes: mkfs.vfat makes them, our code changes them, fsck.vfat and mtools judge the result. */
#include "tests/unit/fat_volume.h"

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
    return g_test_run();
}
