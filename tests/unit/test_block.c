/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disk images: raw files, snapshots, disks in memory, and what is said of bad ones. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "emu/host/block.h"

enum { SIZE = 40 * 4096 };

struct image {
    char *folder, *path;
    uint8_t bytes[SIZE];
};

static void image_make(struct image *image, size_t size)
{
    g_autoptr(GError) error = NULL;

    image->folder = g_dir_make_tmp("galvanic-block-XXXXXX", &error);
    g_assert_no_error(error);
    image->path = g_build_filename(image->folder, "disk.img", NULL);
    for (unsigned i = 0; i < SIZE; i++)
        image->bytes[i] = (uint8_t)(i * 7 + i / 4096);
    g_assert_true(g_file_set_contents(image->path, (char *)image->bytes, (gssize)size, &error));
    g_assert_no_error(error);
}

static void image_remove(struct image *image)
{
    g_unlink(image->path);
    g_rmdir(image->folder);
    g_free(image->path);
    g_free(image->folder);
}

static struct block *open_good(const struct image *image, unsigned flags)
{
    g_autoptr(GError) error = NULL;
    struct block *block = block_open(image->path, flags, &error);

    g_assert_no_error(error);
    g_assert_nonnull(block);
    return block;
}

static void assert_file(const struct image *image, const uint8_t *expected, size_t length)
{
    g_autofree char *bytes = NULL;
    gsize got = 0;

    g_assert_true(g_file_get_contents(image->path, &bytes, &got, NULL));
    g_assert_cmpmem(bytes, got, expected, length);
}

static void test_raw(void)
{
    struct image image;
    uint8_t buffer[9000], data[5000];

    image_make(&image, SIZE);
    struct block *block = open_good(&image, 0);
    g_assert_cmpuint(block_size(block), ==, SIZE);
    g_assert_cmpstr(block_path(block), ==, image.path);
    g_assert_false(block_read_only(block));
    g_assert_true(block_read(block, 777, buffer, sizeof(buffer)));
    g_assert_cmpmem(buffer, sizeof(buffer), image.bytes + 777, sizeof(buffer));
    g_assert_cmpuint(block_hash(block), ==, 0);

    memset(data, 0xA5, sizeof(data));
    g_assert_true(block_write(block, 4000, data, sizeof(data)));
    g_assert_cmpuint(block_hash(block), !=, 0);
    g_assert_true(block_flush(block));
    memcpy(image.bytes + 4000, data, sizeof(data));
    assert_file(&image, image.bytes, SIZE);

    g_assert_true(block_discard(block, 8192, 12000));
    memset(image.bytes + 8192, 0, 12000);
    assert_file(&image, image.bytes, SIZE);
    block_close(block);
    image_remove(&image);
}

static void test_limits(void)
{
    uint8_t buffer[1024];
    struct block *block = block_new_memory(NULL, 4096, 0);

    memset(buffer, 0xFF, sizeof(buffer));
    g_assert_true(block_read(block, 3072, buffer, 1024));
    memset(buffer, 0xFF, sizeof(buffer));
    g_assert_false(block_read(block, 3073, buffer, 1024));
    g_assert_cmpuint(buffer[0] | buffer[1023], ==, 0); /* a read that fails gives zeros */
    g_assert_false(block_read(block, UINT64_MAX - 10, buffer, 1024));
    g_assert_false(block_write(block, 4096, buffer, 1));
    g_assert_true(block_write(block, 4096, buffer, 0));
    g_assert_false(block_discard(block, 4095, UINT64_MAX));
    g_assert_cmpuint(block_hash(block), ==, 0);
    block_close(block);
}

static void test_odd_size(void)
{
    struct image image;
    uint8_t sector[512], zeros[512] = {0};

    image_make(&image, 1000);
    struct block *block = open_good(&image, 0);
    g_assert_cmpuint(block_size(block), ==, 1024);
    memset(sector, 0xFF, sizeof(sector));
    g_assert_true(block_read(block, 512, sector, 512));
    g_assert_cmpmem(sector, 488, image.bytes + 512, 488);
    g_assert_cmpmem(sector + 488, 24, zeros, 24);
    block_close(block);

    block = open_good(&image, BLOCK_SNAPSHOT);
    memset(sector, 0x11, sizeof(sector));
    g_assert_true(block_write(block, 100, sector, 4));
    g_assert_true(block_read(block, 512, sector, 512));
    g_assert_cmpmem(sector, 488, image.bytes + 512, 488);
    block_close(block);
    image_remove(&image);
}

static void test_read_only(void)
{
    struct image image;

    image_make(&image, SIZE);
    struct block *block = open_good(&image, BLOCK_READ_ONLY);
    g_assert_true(block_read_only(block));
    g_assert_false(block_write(block, 0, "x", 1));
    g_assert_false(block_discard(block, 0, 4096));
    g_assert_true(block_flush(block));
    g_assert_cmpuint(block_hash(block), ==, 0);
    assert_file(&image, image.bytes, SIZE);
    block_close(block);
    image_remove(&image);
}

/* Random reads, writes and discards against a plain array. */
static void exercise(struct block *block, uint8_t *model, uint32_t seed)
{
    GRand *random = g_rand_new_with_seed(seed);
    g_autofree uint8_t *buffer = g_malloc(SIZE);

    for (unsigned i = 0; i < 2000; i++) {
        unsigned offset = (unsigned)g_rand_int_range(random, 0, SIZE);
        unsigned length = (unsigned)g_rand_int_range(random, 0, MIN(SIZE - (int)offset, 13000) + 1);

        switch (g_rand_int_range(random, 0, 4)) {
        case 0:
            memset(buffer, (int)i, length);
            g_assert_true(block_write(block, offset, buffer, length));
            memcpy(model + offset, buffer, length);
            break;
        case 1:
            g_assert_true(block_discard(block, offset, length));
            memset(model + offset, 0, length);
            break;
        default:
            g_assert_true(block_read(block, offset, buffer, length));
            g_assert_cmpmem(buffer, length, model + offset, length);
        }
    }
    g_rand_free(random);
}

/* The same writes through each kind of disk: same contents, same hash; the snapshot's file stays as it was. */
static void test_kinds_agree(void)
{
    struct image image;
    g_autofree uint8_t *model = g_malloc(SIZE);
    uint64_t raw, snapshot, memory;

    image_make(&image, SIZE);
    struct block *block = open_good(&image, BLOCK_SNAPSHOT);
    memcpy(model, image.bytes, SIZE);
    exercise(block, model, 1);
    snapshot = block_hash(block);
    g_assert_true(block_flush(block));
    block_close(block);
    assert_file(&image, image.bytes, SIZE);

    block = block_new_memory(image.bytes, SIZE, 0);
    memcpy(model, image.bytes, SIZE);
    exercise(block, model, 1);
    memory = block_hash(block);
    block_close(block);

    block = open_good(&image, 0);
    memcpy(model, image.bytes, SIZE);
    exercise(block, model, 1);
    raw = block_hash(block);
    block_close(block);
    assert_file(&image, model, SIZE);

    g_assert_cmphex(snapshot, ==, memory);
    g_assert_cmphex(snapshot, ==, raw);
    g_assert_cmphex(snapshot, !=, 0);
    image_remove(&image);
}

/* The hash depends on where and what, not on the order. */
static void test_hash(void)
{
    uint64_t hash[4];

    for (unsigned i = 0; i < 4; i++) {
        struct block *block = block_new_memory(NULL, 65536, 0);

        if (i == 0) {
            block_write(block, 4096, "a", 1);
            block_write(block, 8192, "b", 1);
        } else if (i == 1) {
            block_write(block, 8192, "b", 1);
            block_write(block, 4096, "a", 1);
        } else if (i == 2) {
            block_write(block, 8192, "a", 1);
            block_write(block, 4096, "b", 1);
        } else {
            block_write(block, 4097, "a", 1);
            block_write(block, 8192, "b", 1);
        }
        hash[i] = block_hash(block);
        block_close(block);
    }
    g_assert_cmphex(hash[0], ==, hash[1]);
    g_assert_cmphex(hash[0], !=, hash[2]);
    g_assert_cmphex(hash[0], !=, hash[3]);
}

/* Somebody cuts the file while the machine runs. */
static void test_truncated(void)
{
    struct image image;
    uint8_t buffer[4096];

    image_make(&image, SIZE);
    struct block *block = open_good(&image, 0);
    g_assert_cmpint(truncate(image.path, 10000), ==, 0);
    g_assert_true(block_read(block, 0, buffer, sizeof(buffer)));
    memset(buffer, 0xFF, sizeof(buffer));
    g_assert_false(block_read(block, 20000, buffer, sizeof(buffer)));
    g_assert_cmpuint(buffer[0] | buffer[4095], ==, 0);
    block_close(block);
    image_remove(&image);
}

static void assert_refused(const char *path, unsigned flags, const char *words)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(block_open(path, flags, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, path));
    g_assert_nonnull(strstr(error->message, words));
    g_assert_null(strchr(error->message, '\n'));
}

static void test_errors(void)
{
    struct image image;

    image_make(&image, SIZE);
    g_autofree char *missing = g_build_filename(image.folder, "missing.img", NULL);
    g_autofree char *below = g_build_filename(image.path, "below.img", NULL);
    g_autofree char *pipe_path = g_build_filename(image.folder, "pipe", NULL);
    assert_refused(missing, 0, "does not exist");
    assert_refused(missing, BLOCK_SNAPSHOT, "does not exist");
    assert_refused(below, 0, "does not exist");
    assert_refused(image.folder, 0, "is a directory");
    assert_refused(image.folder, BLOCK_READ_ONLY, "is a directory");
    g_assert_cmpint(mkfifo(pipe_path, 0600), ==, 0);
    assert_refused(pipe_path, 0, "neither a file nor a block device");
    g_unlink(pipe_path);
    if (geteuid() != 0) { /* to root everything is allowed */
        g_assert_cmpint(g_chmod(image.path, 0400), ==, 0);
        assert_refused(image.path, 0, "may not be written");
        g_assert_cmpint(g_chmod(image.path, 0), ==, 0);
        assert_refused(image.path, BLOCK_READ_ONLY, "may not be read");
        g_chmod(image.path, 0600);
    }
    g_assert_cmpint(truncate(image.path, 0), ==, 0);
    assert_refused(image.path, 0, "is empty");
    assert_refused(image.path, BLOCK_SNAPSHOT, "is empty");
    image_remove(&image);
}

/* A terabyte costs only what is written to it. */
static void test_sparse(void)
{
    struct image image;
    const uint64_t size = UINT64_C(1) << 40;
    struct stat status;
    uint8_t byte = 1;

    image_make(&image, 512);
    g_assert_cmpint(truncate(image.path, (off_t)size), ==, 0);
    struct block *block = open_good(&image, BLOCK_SNAPSHOT);
    g_assert_cmpuint(block_size(block), ==, size);
    g_assert_true(block_write(block, size - 1, &byte, 1));
    g_assert_true(block_read(block, size - 1, &byte, 1));
    g_assert_cmpuint(byte, ==, 1);
    g_assert_true(block_hash(block) != 0);
    block_close(block);

    block = open_good(&image, 0);
    g_assert_true(block_write(block, size - 512, &byte, 1));
    g_assert_true(block_discard(block, 0, size));
    g_assert_true(block_read(block, size - 512, &byte, 1));
    g_assert_cmpuint(byte, ==, 0);
    block_close(block);
    g_assert_cmpint(stat(image.path, &status), ==, 0);
    g_assert_cmpuint((uint64_t)status.st_size, ==, size);
    g_assert_cmpuint((uint64_t)status.st_blocks, <, 100);
    image_remove(&image);
}

/* Two writers would destroy the image; readers may be as many as they like. */
static void test_one_writer(void)
{
    struct image image;

    image_make(&image, SIZE);
    struct block *writer = open_good(&image, 0);
    assert_refused(image.path, 0, "is in use");
    assert_refused(image.path, BLOCK_SNAPSHOT, "is in use");
    block_close(writer);
    struct block *reader = open_good(&image, BLOCK_SNAPSHOT);
    struct block *other = open_good(&image, BLOCK_READ_ONLY);
    assert_refused(image.path, 0, "is in use");
    block_close(reader);
    block_close(other);
    block_close(open_good(&image, 0));
    image_remove(&image);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/block/raw", test_raw);
    g_test_add_func("/block/limits", test_limits);
    g_test_add_func("/block/odd-size", test_odd_size);
    g_test_add_func("/block/read-only", test_read_only);
    g_test_add_func("/block/kinds-agree", test_kinds_agree);
    g_test_add_func("/block/hash", test_hash);
    g_test_add_func("/block/truncated", test_truncated);
    g_test_add_func("/block/errors", test_errors);
    g_test_add_func("/block/sparse", test_sparse);
    g_test_add_func("/block/one-writer", test_one_writer);
    return g_test_run();
}
