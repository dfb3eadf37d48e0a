/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P server: what the host has mounted in the folder, a file system and a single file, stays as it is unless it was lent,
 * too.  The mounts are made in a namespace that only this program sees.
 */
#ifdef __linux__
#define _GNU_SOURCE /* unshare */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#endif
#include <sys/stat.h>

#include "tests/unit/ninep_fixture.h"

enum { EXDEV_LINUX = 18, EBUSY_LINUX = 16 };

#ifdef __linux__
/* What a guest must not change: mode, times, size, names. */
static char *describe(const char *path)
{
    struct stat stat;
    char names[1024];

    if (lstat(path, &stat) != 0)
        return g_strdup("nothing");
    ssize_t length = listxattr(path, names, sizeof(names));
    return g_strdup_printf("mode %o, owner %u, modified %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " bytes, %d links, "
                           "%" G_GSSIZE_FORMAT " bytes of attributes",
                           stat.st_mode, stat.st_uid, (gint64)stat.st_mtime, (gint64)stat.st_size, (int)stat.st_nlink,
                           (gssize)MAX(length, 0));
}

/* The folder with "file" and "folder" in it, and another file system and another file over those two. */
static void mount_all(struct fixture *f)
{
    g_autofree char *outside = g_build_filename(f->folder, "outside", NULL);
    g_autofree char *file = host_path(f, "file"), *folder = host_path(f, "folder");

    g_assert_true(g_file_set_contents(outside, "secret", -1, NULL));
    put_host(f, "file", "below");
    put_host(f, "own", "own");
    g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
    g_assert_cmpint(mount(outside, file, NULL, MS_BIND, NULL), ==, 0);
    g_assert_cmpint(mount("none", folder, "tmpfs", 0, "mode=0700"), ==, 0);
}

static void unmount_all(struct fixture *f)
{
    g_autofree char *file = host_path(f, "file"), *folder = host_path(f, "folder");

    g_assert_cmpint(umount2(file, MNT_DETACH), ==, 0);
    g_assert_cmpint(umount2(folder, MNT_DETACH), ==, 0);
}

static int set(struct client *c, uint32_t fid, uint32_t valid, uint32_t mode)
{
    return rpc(c, NINEP_TSETATTR, "dddddqqqqq", fid, valid, mode, 0, 0, UINT64_C(0), UINT64_C(1), UINT64_C(1),
               UINT64_C(1234567890), UINT64_C(1));
}

/* By the fid @fid, which came to be before the mount. */
static void try_attributes(struct client *c, uint32_t fid)
{
    struct attributes attributes;
    g_autoptr(GByteArray) byte = g_byte_array_new();

    g_byte_array_append(byte, (const guint8 *)"x", 1);
    EQ(get_attributes(c, fid, &attributes), EXDEV_LINUX);
    EQ(set(c, fid, 1, 0777), EXDEV_LINUX);
    EQ(set(c, fid, 2, 0), EXDEV_LINUX);
    EQ(set(c, fid, 0x20 | 0x100, 0), EXDEV_LINUX);
    EQ(set(c, fid, 0x20, 0), EXDEV_LINUX);
    EQ(set(c, fid, 8, 0), EXDEV_LINUX);
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", fid, 90, ""), EXDEV_LINUX);
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", fid, 90, "user.x"), EXDEV_LINUX);
    EQ(rpc(c, NINEP_TWALK, "ddW", fid, 91, 0), 0);
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 91, "user.x", UINT64_C(1), 0), 0);
    EQ(rpc(c, NINEP_TWRITE, "dqdx", 91, UINT64_C(0), 1, byte), 0);
    EQ(clunk_fid(c, 91), EXDEV_LINUX);
    EQ(rpc(c, NINEP_TREADLINK, "d", fid), EXDEV_LINUX);
    EQ(rpc(c, NINEP_TLOPEN, "dd", fid, SHARE_OPEN_READ), EXDEV_LINUX);
}

static void try_names(struct client *c, uint32_t file, uint32_t folder)
{
    EQ(walk_to(c, 80, "file"), EXDEV_LINUX);
    EQ(walk_to(c, 80, "folder"), EXDEV_LINUX);
    EQ(rpc(c, NINEP_TWALK, "ddW", folder, 80, 1, "inner"), EXDEV_LINUX);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", folder, "made", 0755, 0), EXDEV_LINUX);
    EQ(rpc(c, NINEP_TLINK, "dds", 0, file, "copy"), EXDEV_LINUX);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "file", 0, "moved"), EBUSY_LINUX);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "own", 0, "file"), EBUSY_LINUX);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "file", 0), EBUSY_LINUX);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "folder", 0x200), EBUSY_LINUX);
    EQ(create_file(c, 81, "", "file", SHARE_OPEN_WRITE | SHARE_OPEN_TRUNCATE, 0644), EXDEV_LINUX);
}

static void test_out_of_reach(struct fixture *f, gconstpointer unused)
{
    g_autofree char *file = host_path(f, "file"), *folder = host_path(f, "folder");
    struct client *c = &f->client;

    put_host(f, "file", "");
    g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
    EQ(walk_to(c, 1, "file"), 0);
    EQ(walk_to(c, 2, "folder"), 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    mount_all(f);
    g_autofree char *file_before = describe(file), *folder_before = describe(folder);
    try_attributes(c, 1);
    try_attributes(c, 2);
    try_names(c, 1, 2);
    EQ(rpc(c, NINEP_TREMOVE, "d", 1), EXDEV_LINUX);
    g_autofree char *file_after = describe(file), *folder_after = describe(folder);
    g_assert_cmpstr(file_after, ==, file_before);
    g_assert_cmpstr(folder_after, ==, folder_before);
    unmount_all(f);
    assert_host(f, "file", "below");
}

/* The same with `mounts`: they are the guest's, too. */
static void test_lent(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    struct attributes attributes = {0};

    mount_all(f);
    EQ(walk_to(c, 1, "file"), 0);
    EQ(walk_to(c, 2, "folder"), 0);
    EQ(set(c, 1, 1, 0751), 0);
    EQ(get_attributes(c, 1, &attributes), 0);
    g_assert_cmphex(attributes.mode, ==, 0100751);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 2, "made", 0755, 0), 0);
    unmount_all(f);
}

/* Old kernels, and emulated ones, do not say in which mount a file is. */
static bool mounts_are_told_apart(void)
{
#ifdef STATX_MNT_ID
    struct statx root, other;

    return statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &root) == 0 &&
           statx(AT_FDCWD, "/proc", 0, STATX_MNT_ID, &other) == 0 && root.stx_mask & STATX_MNT_ID &&
           root.stx_mnt_id != other.stx_mnt_id;
#else
    return false;
#endif
}

static void test_untold(void)
{
    g_test_skip("the host does not say in which mount a file is");
}

static void test_none(void)
{
    g_test_skip("no namespace of mounts can be made with the rights of this user");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        g_test_add_func("/ninep/mounted", test_none);
        return g_test_run();
    }
    if (!mounts_are_told_apart()) {
        g_test_add_func("/ninep/mounted", test_untold);
        return g_test_run();
    }
    /* In both ways of resolving paths. */
    ADD_TEST("mounted/out-of-reach", test_out_of_reach, 0);
    ADD_TEST("mounted/out-of-reach/by-name", test_out_of_reach, SHARE_WALK);
    ADD_TEST("mounted/lent", test_lent, SHARE_MOUNTS);
    ADD_TEST("mounted/lent/by-name", test_lent, SHARE_MOUNTS | SHARE_WALK);
    return g_test_run();
}
#else
static void test_none(void)
{
    g_test_skip("only Linux has namespaces of mounts");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ninep/mounted", test_none);
    return g_test_run();
}
#endif
