/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redox's file systems: those of redoxfs_sample.h, damaged ones, and images made by the tools of Redox where they are installed
 * (redoxfs-ar in PATH, or named by REDOXFS_AR).
 */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/redox/initfs.h"
#include "debug/redox/redoxfs.h"
#include "debug/redox/seahash.h"
#include "tests/debug/redoxfs_sample.h"

#define BLOCK 4096u

/* --- SeaHash: values of the reference implementation --- */
static void test_seahash(void)
{
    g_assert_cmphex(seahash("to be or not to be", 18), ==, UINT64_C(1988685042348123509));
    g_assert_cmphex(seahash("love is a wonderful terrible thing", 34), ==, UINT64_C(4784284276849692846));
}

/* --- RedoxFS --- */
struct sample {
    uint8_t *image;
    struct block *block;
    struct redoxfs *redoxfs;
};

static void open_sample(struct sample *sample, uint8_t *image)
{
    g_autoptr(GError) error = NULL;

    sample->image = image;
    sample->block = block_new_memory(image, REDOXFS_SAMPLE_SIZE, 0);
    sample->redoxfs = redoxfs_open(sample->block, 0, &error);
    g_assert_no_error(error);
    g_assert_nonnull(sample->redoxfs);
}

static void close_sample(struct sample *sample)
{
    redoxfs_close(sample->redoxfs);
    block_close(sample->block);
    g_free(sample->image);
}

static GBytes *read_path(struct redoxfs *redoxfs, const char *path)
{
    g_autoptr(GError) error = NULL;
    struct redoxfs_node node;
    GBytes *bytes;

    if (!redoxfs_lookup(redoxfs, path, true, &node, &error))
        g_error("%s: %s", path, error->message);
    bytes = redoxfs_read_all(redoxfs, node.id, 1u << 30, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_bytes_get_size(bytes), ==, node.size);
    return bytes;
}

static void assert_text(struct redoxfs *redoxfs, const char *path, const char *text)
{
    g_autoptr(GBytes) bytes = read_path(redoxfs, path);

    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text));
}

static void test_header(void)
{
    struct sample sample;

    open_sample(&sample, redoxfs_sample());
    g_assert_cmpuint(redoxfs_generation(sample.redoxfs), ==, 259);
    g_assert_cmpuint(redoxfs_size(sample.redoxfs), ==, REDOXFS_SAMPLE_SIZE);
    g_assert_cmpmem(redoxfs_uuid(sample.redoxfs), 16, "sixteen of bytes", 16);
    close_sample(&sample);
}

static void test_paths(void)
{
    struct sample sample;
    struct redoxfs_node node;
    g_autoptr(GError) error = NULL;

    open_sample(&sample, redoxfs_sample());
    assert_text(sample.redoxfs, "/small", "small\n");
    assert_text(sample.redoxfs, "small", "small\n");
    assert_text(sample.redoxfs, "/dir/../small", "small\n");
    assert_text(sample.redoxfs, "/dir/j", "file in a directory of two leaves");
    assert_text(sample.redoxfs, "/link", "file in a directory of two leaves");
    assert_text(sample.redoxfs, "/dir/link", "small\n");
    assert_text(sample.redoxfs, "/up", "small\n");
    g_assert_true(redoxfs_lookup(sample.redoxfs, "/link", false, &node, &error));
    g_assert_cmpint(node.type, ==, REDOXFS_LINK);
    g_assert_true(redoxfs_lookup(sample.redoxfs, "/small", false, &node, &error));
    g_assert_cmpuint(node.mode, ==, 0755);
    g_assert_cmpuint(node.uid, ==, 1000);
    g_assert_cmpuint(node.gid, ==, 1001);
    g_assert_cmpuint(node.modified, ==, 1700000000);
    g_assert_false(redoxfs_lookup(sample.redoxfs, "/dir/k", true, &node, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
    g_clear_error(&error);
    g_assert_false(redoxfs_lookup(sample.redoxfs, "/small/x", true, &node, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR);
    g_clear_error(&error);
    g_assert_false(redoxfs_lookup(sample.redoxfs, "/loop", true, &node, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_LOOP);
    close_sample(&sample);
}

static void test_records(void)
{
    struct sample sample;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) big = NULL, far_ = NULL;
    const uint8_t *bytes;
    struct redoxfs_node node;
    uint8_t part[8];

    open_sample(&sample, redoxfs_sample());
    big = read_path(sample.redoxfs, "/big");
    bytes = g_bytes_get_data(big, NULL);
    for (uint32_t i = 0; i < REDOXFS_SAMPLE_BIG; i++) {
        if (bytes[i] != redoxfs_sample_big(i))
            g_error("byte %u of /big is 0x%02x", i, bytes[i]);
    }
    far_ = read_path(sample.redoxfs, "/far");
    bytes = g_bytes_get_data(far_, NULL);
    g_assert_cmpmem(bytes + REDOXFS_SAMPLE_FAR - 3, 3, "far", 3);
    g_assert_true(redoxfs_lookup(sample.redoxfs, "/far", true, &node, &error));
    g_assert_cmpint(redoxfs_read(sample.redoxfs, node.id, REDOXFS_SAMPLE_FAR - 2, part, 8, &error), ==, 2);
    g_assert_cmpmem(part, 2, "ar", 2);
    g_assert_cmpint(redoxfs_read(sample.redoxfs, node.id, REDOXFS_SAMPLE_FAR, part, 8, &error), ==, 0);
    g_assert_null(redoxfs_read_all(sample.redoxfs, node.id, 1000, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
    close_sample(&sample);
}

static bool collect(void *opaque, const char *name, uint32_t id)
{
    g_ptr_array_add(opaque, g_strdup(name));
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void assert_names(struct redoxfs *redoxfs, const char *path, const char *names)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    struct redoxfs_node node;

    g_assert_true(redoxfs_lookup(redoxfs, path, true, &node, &error));
    g_assert_true(redoxfs_list(redoxfs, node.id, collect, found, &error));
    if (found->len)
        qsort(found->pdata, found->len, sizeof(void *), by_text);
    g_ptr_array_add(found, NULL);
    text = g_strjoinv(" ", (char **)found->pdata);
    g_assert_cmpstr(text, ==, names);
}

static void test_list(void)
{
    struct sample sample;

    open_sample(&sample, redoxfs_sample());
    assert_names(sample.redoxfs, "/", "big dir empty far link loop small up");
    assert_names(sample.redoxfs, "/dir", "a b c d e f g h i j link");
    assert_names(sample.redoxfs, "/empty", "");
    close_sample(&sample);
}

/* A block whose contents changed is not believed; everything else goes on. */
static void test_checksums(void)
{
    uint8_t *image = redoxfs_sample(), *text = image;
    g_autoptr(GError) error = NULL;
    struct sample sample;
    struct redoxfs_node node;

    while (memcmp(text, "small\n", 6) != 0)
        text++;
    *text = 'S';
    open_sample(&sample, image);
    g_assert_false(redoxfs_lookup(sample.redoxfs, "/small", true, &node, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "checksum"));
    assert_text(sample.redoxfs, "/dir/a", "file in a directory of two leaves");
    close_sample(&sample);
}

static void assert_refused(uint8_t *image, GFileError code, const char *words)
{
    struct block *block = block_new_memory(image, REDOXFS_SAMPLE_SIZE, 0);
    g_autoptr(GError) error = NULL;

    g_assert_null(redoxfs_open(block, 0, &error));
    g_assert_error(error, G_FILE_ERROR, (int)code);
    g_assert_nonnull(strstr(error->message, words));
    block_close(block);
    g_free(image);
}

static void test_refused(void)
{
    uint8_t *image = redoxfs_sample();

    image[3 * BLOCK + 4072] ^= 1;
    assert_refused(image, G_FILE_ERROR_INVAL, "encrypted");
    image = redoxfs_sample();
    for (unsigned i = 0; i < 256; i++) {
        image[i * BLOCK + 8] = 9;
        redoxfs_sample_seal_header(image + (size_t)i * BLOCK);
    }
    assert_refused(image, G_FILE_ERROR_INVAL, "version 9");
    assert_refused(g_malloc0(REDOXFS_SAMPLE_SIZE), G_FILE_ERROR_NOENT, "no RedoxFS");
}

/* Newer headers are found when the disk has been written meanwhile; file systems are found at 2 MiB. */
static void test_find(void)
{
    g_autofree uint8_t *image = redoxfs_sample(), *disk = g_malloc0(REDOXFS_SAMPLE_SIZE + (2u << 20));
    g_autoptr(GError) error = NULL;
    struct redoxfs *redoxfs;
    struct block *block;
    uint8_t header[BLOCK];

    memcpy(disk + (2u << 20), image, REDOXFS_SAMPLE_SIZE);
    block = block_new_memory(disk, REDOXFS_SAMPLE_SIZE + (2u << 20), 0);
    redoxfs = redoxfs_find(block, &error);
    g_assert_no_error(error);
    assert_text(redoxfs, "/small", "small\n");
    memcpy(header, image + 3 * BLOCK, BLOCK);
    header[40] = 8; /* 264 */
    redoxfs_sample_seal_header(header);
    g_assert_true(block_write(block, (2u << 20) + 8 * BLOCK, header, BLOCK));
    g_assert_true(redoxfs_refresh(redoxfs, &error));
    g_assert_cmpuint(redoxfs_generation(redoxfs), ==, 264);
    assert_text(redoxfs, "/small", "small\n");
    redoxfs_close(redoxfs);
    block_close(block);
}

/* --- images by the tools of Redox --- */
static char *archiver(void)
{
    const char *named = g_getenv("REDOXFS_AR");

    return named ? g_strdup(named) : g_find_program_in_path("redoxfs-ar");
}

static void fill_tree(const char *tree)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < 700; i++) { /* enough for a directory of several leaves */
        g_autofree char *name = g_strdup_printf("%s/many/file-with-a-long-name-%u", tree, i),
                        *contents = g_strdup_printf("contents %u", i);

        g_assert_true(g_file_set_contents(name, contents, -1, NULL));
    }
    for (unsigned i = 0; text->len < 20u << 20; i++) /* beyond the records that a node names itself; compresses well */
        g_string_append_printf(text, "line %u of a long text\n", i);
    g_autofree char *long_name = g_strconcat(tree, "/long", NULL);
    g_assert_true(g_file_set_contents(long_name, text->str, (gssize)text->len, NULL));
    for (gsize i = 0; i < text->len; i++) /* does not compress */
        text->str[i] = (char)(seahash(&i, sizeof(i)) >> 20);
    g_autofree char *noise_name = g_strconcat(tree, "/noise", NULL);
    g_assert_true(g_file_set_contents(noise_name, text->str, 500000, NULL));
    g_string_free(text, TRUE);
}

static void assert_same(struct redoxfs *redoxfs, const char *tree, const char *name)
{
    g_autofree char *path = g_strconcat(tree, "/", name, NULL), *contents = NULL;
    g_autoptr(GBytes) bytes = read_path(redoxfs, name);
    gsize length;

    g_assert_true(g_file_get_contents(path, &contents, &length, NULL));
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), contents, length);
}

static void test_archiver(void)
{
    g_autofree char *program = archiver(), *folder = g_dir_make_tmp("redoxfs-XXXXXX", NULL);
    g_autofree char *tree = g_strconcat(folder, "/tree", NULL), *many = g_strconcat(tree, "/many", NULL),
                    *image = g_strconcat(folder, "/image", NULL), *link = g_strconcat(tree, "/link", NULL);
    g_autofree char *create = g_strdup_printf("truncate -s 64M '%s'", image),
                    *remove = g_strdup_printf("rm -r '%s'", folder),
                    *make_link = g_strdup_printf("ln -s many/file-with-a-long-name-3 '%s'", link),
                    *run = g_strdup_printf("'%s' '%s' '%s'", program, image, tree);
    g_autoptr(GError) error = NULL;
    struct redoxfs *redoxfs;
    struct block *block;

    if (!program) {
        g_test_skip("redoxfs-ar is not installed");
    } else {
        g_assert_cmpint(g_mkdir_with_parents(many, 0700), ==, 0);
        fill_tree(tree);
        g_assert_cmpint(system(make_link), ==, 0);
        g_assert_cmpint(system(create), ==, 0);
        g_assert_cmpint(system(run), ==, 0);
        block = block_open(image, BLOCK_READ_ONLY, &error);
        g_assert_no_error(error);
        redoxfs = redoxfs_find(block, &error);
        g_assert_no_error(error);
        assert_same(redoxfs, tree, "long");
        assert_same(redoxfs, tree, "noise");
        assert_same(redoxfs, tree, "link");
        for (unsigned i = 0; i < 700; i += 13) {
            g_autofree char *name = g_strdup_printf("many/file-with-a-long-name-%u", i);

            assert_same(redoxfs, tree, name);
        }
        redoxfs_close(redoxfs);
        block_close(block);
    }
    g_assert_cmpint(system(remove), ==, 0);
}

/* --- initfs --- */
static void assert_initfs(struct initfs *initfs, const char *path, const char *text)
{
    g_autoptr(GBytes) bytes = NULL;
    struct initfs_node node;

    g_assert_true(initfs_lookup(initfs, path, &node));
    bytes = initfs_read(initfs, &node);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text));
}

static void count_entries(void *opaque, const char *name, const struct initfs_node *node)
{
    g_string_append_printf(opaque, "%s:%d ", name, (int)node->type);
}

static void test_initfs(void)
{
    GByteArray *bytes = initfs_sample();
    g_autoptr(GBytes) image = g_byte_array_free_to_bytes(bytes);
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    struct initfs *initfs = initfs_open(image, &error);
    struct initfs_node node;

    g_assert_no_error(error);
    assert_initfs(initfs, "/bin/init", "the first program");
    assert_initfs(initfs, "etc/init.rc", "export PATH");
    assert_initfs(initfs, "/sbin/init", "the first program");
    assert_initfs(initfs, "/etc/../bin/init", "the first program");
    g_assert_false(initfs_lookup(initfs, "/bin/loop", &node));
    g_assert_false(initfs_lookup(initfs, "/bin/no", &node));
    g_assert_false(initfs_lookup(initfs, "/bin/init/no", &node));
    g_assert_true(initfs_lookup(initfs, "/", &node));
    initfs_list(initfs, &node, count_entries, names);
    g_assert_cmpstr(names->str, ==, "bin:1 etc:1 sbin:2 ");
    initfs_close(initfs);
}

static void test_initfs_cut_off(void)
{
    GByteArray *bytes = initfs_sample();
    g_autoptr(GBytes) image = g_bytes_new(bytes->data, bytes->len - 1), other = g_bytes_new("Redox", 5);
    g_autoptr(GError) error = NULL;

    g_assert_null(initfs_open(image, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
    g_assert_nonnull(strstr(error->message, "cut off"));
    g_assert_null(initfs_open(other, NULL));
    g_byte_array_free(bytes, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/seahash", test_seahash);
    g_test_add_func("/redoxfs/header", test_header);
    g_test_add_func("/redoxfs/paths", test_paths);
    g_test_add_func("/redoxfs/records", test_records);
    g_test_add_func("/redoxfs/list", test_list);
    g_test_add_func("/redoxfs/checksums", test_checksums);
    g_test_add_func("/redoxfs/refused", test_refused);
    g_test_add_func("/redoxfs/find", test_find);
    g_test_add_func("/redoxfs/archiver", test_archiver);
    g_test_add_func("/initfs/paths", test_initfs);
    g_test_add_func("/initfs/cut-off", test_initfs_cut_off);
    return g_test_run();
}
