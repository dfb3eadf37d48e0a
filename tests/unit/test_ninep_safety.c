/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server: what a client must not do, get at, or use up. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/ninep_fixture.h"

static int set(struct client *c, uint32_t fid, uint32_t valid, uint32_t mode, uint32_t uid, uint32_t gid, uint64_t size)
{
    return rpc(c, NINEP_TSETATTR, "dddddqqqqq", fid, valid, mode, uid, gid, size, UINT64_C(1000), UINT64_C(1),
               UINT64_C(1234567890), UINT64_C(987654321));
}

static void test_read_only(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autofree char *text = NULL;

    put_host(f, "file", "contents");
    EQ(walk_to(c, 1, "file"), 0);
    EQ(open_path(c, 2, "file", SHARE_OPEN_READ), 0);
    text = read_text(c, 2, 0, 100);
    g_assert_cmpstr(text, ==, "contents");
    EQ(open_path(c, 3, "file", SHARE_OPEN_WRITE), NINEP_EROFS);
    EQ(open_path(c, 3, "file", SHARE_OPEN_READ | SHARE_OPEN_TRUNCATE), NINEP_EROFS);
    EQ(create_file(c, 3, "", "file", SHARE_OPEN_READ, 0), NINEP_EROFS);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "x", 0755, 0), NINEP_EROFS);
    EQ(rpc(c, NINEP_TSYMLINK, "dssd", 0, "x", "y", 0), NINEP_EROFS);
    EQ(rpc(c, NINEP_TMKNOD, "dsdddd", 0, "x", 0100644, 0, 0, 0), NINEP_EROFS);
    EQ(rpc(c, NINEP_TMKNOD, "dsdddd", 0, "x", 0010644, 0, 0, 0), NINEP_EROFS);
    EQ(rpc(c, NINEP_TLINK, "dds", 0, 1, "x"), NINEP_EROFS);
    EQ(rpc(c, NINEP_TRENAME, "dds", 1, 0, "x"), NINEP_EROFS);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "file", 0, "x"), NINEP_EROFS);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "file", 0), NINEP_EROFS);
    EQ(set(c, 1, 1, 0777, 0, 0, 0), NINEP_EROFS);
    EQ(set(c, 2, 8, 0, 0, 0, 0), NINEP_EROFS);
    EQ(set(c, 1, 0x20, 0, 0, 0, 0), NINEP_EROFS);
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 1, "user.x", UINT64_C(1), 0), NINEP_EROFS);
    EQ(rpc(c, NINEP_TREMOVE, "d", 1), NINEP_EROFS);
    assert_host(f, "file", "contents");
}

/* Links that the host's user, or the guest, has put there lead nowhere. */
static void test_links(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autofree char *secret = g_build_filename(f->folder, "secret", NULL), *link = host_path(f, "out");
    g_autofree char *folder_link = host_path(f, "above"), *pipe = host_path(f, "pipe");
    g_autofree char *loop = host_path(f, "self");

    g_assert_true(g_file_set_contents(secret, "secret", -1, NULL));
    g_assert_cmpint(symlink(secret, link), ==, 0);
    g_assert_cmpint(symlink("..", folder_link), ==, 0);
    g_assert_cmpint(symlink("/proc/self/root", loop), ==, 0);
    g_assert_cmpint(mkfifo(pipe, 0666), ==, 0);
    EQ(open_path(c, 1, "out", SHARE_OPEN_READ), NINEP_ELOOP);
    EQ(create_file(c, 1, "", "out", SHARE_OPEN_WRITE, 0644), NINEP_ELOOP);
    EQ(walk_to(c, 1, "above/secret"), NINEP_ENOENT);
    EQ(walk_to(c, 1, "self/etc"), NINEP_ENOENT);
    EQ(walk_to(c, 1, "above"), 0);
    EQ(rpc(c, NINEP_TWALK, "ddW", 1, 2, 1, "secret"), NINEP_ENOTDIR);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 1, "made", 0755, 0), NINEP_ENOTDIR);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 1, "secret", 0), NINEP_ENOTDIR);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 1, "secret", 0, "mine"), NINEP_ENOTDIR);
    EQ(walk_to(c, 3, "out"), 0);
    EQ(set(c, 3, 8, 0, 0, 0, 0), NINEP_ELOOP);
    EQ(set(c, 3, 1, 0777, 0, 0, 0), NINEP_EOPNOTSUPP); /* a link has no mode of its own */
    EQ(set(c, 3, 0x20 | 0x100, 0, 0, 0, 0), 0);        /* but times */
    EQ(rpc(c, NINEP_TLINK, "dds", 0, 3, "copy"), 0);   /* a second link */
    EQ(open_path(c, 4, "copy", SHARE_OPEN_READ), NINEP_ELOOP);
    EQ(open_path(c, 4, "pipe", SHARE_OPEN_READ), NINEP_ENXIO);
    EQ(create_file(c, 4, "", "pipe", SHARE_OPEN_WRITE, 0644), NINEP_ENXIO);
    GStatBuf status;
    g_assert_cmpint(g_stat(secret, &status), ==, 0);
    g_assert_cmpint(status.st_size, ==, 6);
    g_assert_cmpint(status.st_mtime, !=, 1234567890);
}

/* A folder with another file system in it, and a device in that; emulators of hosts may show another "/" than the host's. */
static const struct {
    const char *folder, *mounted, *device;
} mounts[] = {{"/", "dev", "null"}, {"/dev", "pts", "ptmx"}};

static int find_mount(struct stat *device)
{
    struct stat folder;

    for (unsigned i = 0; i < G_N_ELEMENTS(mounts); i++) {
        int root = open(mounts[i].folder, O_RDONLY | O_DIRECTORY);
        g_autofree char *path = g_build_filename(mounts[i].mounted, mounts[i].device, NULL);
        bool good = root >= 0 && fstat(root, &folder) == 0 && fstatat(root, path, device, 0) == 0 &&
                    folder.st_dev != device->st_dev && !S_ISREG(device->st_mode);

        if (root >= 0)
            close(root);
        if (good)
            return (int)i;
    }
    return -1;
}

/* Another file system in the folder is out of reach unless it was lent, too. */
static void test_mounts(gconstpointer flags)
{
    struct fixture f = {0};
    struct client *c = &f.client;
    struct attributes attributes = {0};
    struct stat device;
    bool lent = GPOINTER_TO_UINT(flags) & SHARE_MOUNTS;
    int found = find_mount(&device);

    if (found < 0) {
        g_test_skip("no file system of devices is mounted here");
        return;
    }
    f.root = (char *)mounts[found].folder;
    start_server(&f, GPOINTER_TO_UINT(flags) | SHARE_READ_ONLY);
    EQ(walk_to(c, 1, mounts[found].mounted), lent ? 0 : 18); /* EXDEV */
    if (lent)
        EQ(rpc(c, NINEP_TWALK, "ddW", 1, 2, 1, mounts[found].device), 0);
    EQ(open_path(c, 4, mounts[found].mounted, SHARE_OPEN_READ), lent ? 0 : 18);
    if (lent) {
        EQ(get_attributes(c, 2, &attributes), 0);
        g_assert_cmpuint(attributes.qid, !=, device.st_ino); /* not to be taken for a number of the other one */
        EQ(rpc(c, NINEP_TLOPEN, "dd", 2, 0), NINEP_ENXIO);
    }
    stop_server(&f);
}

/* A guest that opens all it can leaves descriptors to the program. */
static void test_exhaustion(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    uint32_t fid = 1;
    int error = 0;

    put_host(f, "file", "x");
    for (; fid < 70000 && !error; fid++)
        error = open_path(c, fid, "file", SHARE_OPEN_READ);
    EQ(error, NINEP_ENFILE);
    int descriptor = open("/dev/null", O_RDONLY);
    g_assert_cmpint(descriptor, >=, 0);
    close(descriptor);
    for (uint32_t i = 1; i < fid - 1; i++)
        EQ(clunk_fid(c, i), 0);
    for (fid = 1, error = 0; fid < 70000 && !error; fid++)
        error = walk_to(c, fid, "file");
    EQ(error, NINEP_ENFILE);
    g_assert_cmpuint(fid, >, 60000);
}

/* A folder that cannot be shared is named. */
static void test_open_share(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(share_open("/nonexistent/folder", 0, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
    g_assert_nonnull(strstr(error->message, "/nonexistent/folder"));
    g_clear_error(&error);
    g_assert_null(share_open("/dev/null", 0, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("read-only", test_read_only, SHARE_READ_ONLY);
    ADD_TEST("exhaustion", test_exhaustion, 0);
    /* In both ways of resolving paths. */
    ADD_TEST("links", test_links, 0);
    ADD_TEST("links/by-name", test_links, SHARE_WALK);
    for (unsigned flags = 0; flags <= (SHARE_MOUNTS | SHARE_WALK); flags += SHARE_MOUNTS) {
        g_autofree char *name = g_strdup_printf("/ninep/mounts/%u", flags);
        g_test_add_data_func(name, GUINT_TO_POINTER(flags), test_mounts);
    }
    g_test_add_func("/ninep/open-share", test_open_share);
    return g_test_run();
}
