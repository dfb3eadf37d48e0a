/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server and what others do with the same files on the host. */
#ifdef __linux__
#define _GNU_SOURCE /* F_SETLEASE */
#endif
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "tests/unit/ninep_fixture.h"

/* A lease makes others who open the file wait until it is given up, which may be never: the guest is told so at once. */
static void test_lease(struct fixture *f, gconstpointer unused)
{
#ifdef F_SETLEASE
    struct client *c = &f->client;
    g_autofree char *path = host_path(f, "file"), *text = NULL;

    put_host(f, "file", "contents");
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    signal(SIGIO, SIG_IGN);
    if (descriptor < 0 || fcntl(descriptor, F_SETLEASE, F_RDLCK) != 0) {
        g_test_skip("the file system of the temporary folder has no leases");
        return;
    }
    EQ(open_path(c, 1, "file", SHARE_OPEN_WRITE), NINEP_EAGAIN);
    EQ(open_path(c, 1, "file", SHARE_OPEN_READ), 0);
    text = read_text(c, 1, 0, 100);
    g_assert_cmpstr(text, ==, "contents");
    close(descriptor);
    EQ(open_path(c, 2, "file", SHARE_OPEN_WRITE), 0);
#else
    g_test_skip("this host has no leases");
#endif
}

/* A file that has taken the name of one that was open when the state was saved is not taken for that one. */
static void test_restored_other_file(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autofree char *path = host_path(f, "file"), *aside = host_path(f, "aside"), *other = host_path(f, "other");

    put_host(f, "file", "first");
    put_host(f, "other", "second");
    EQ(open_path(c, 1, "file", SHARE_OPEN_BOTH), 0);
    EQ(rpc(c, NINEP_TLOCK, "dbdqqds", 1, SHARE_LOCK_WRITE, 0, UINT64_C(0), UINT64_C(0), 7, "me"), 0);
    g_autoptr(GByteArray) state = save(f->ninep);
    g_assert_cmpint(g_rename(path, aside), ==, 0);
    g_assert_cmpint(g_rename(other, path), ==, 0);
    g_assert_true(load(f->ninep, state));
    EQ(write_text(c, 1, 0, "GUEST"), NINEP_ESTALE);
    assert_host(f, "file", "second");
    g_assert_cmpint(g_rename(aside, path), ==, 0);
    EQ(write_text(c, 1, 0, "GUEST"), NINEP_ESTALE); /* it was without its lock meanwhile */
    g_assert_true(load(f->ninep, state));
    EQ(write_text(c, 1, 0, "GUEST"), 0);
    assert_host(f, "file", "GUEST");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* In both ways of resolving paths. */
    ADD_TEST("host/lease", test_lease, 0);
    ADD_TEST("host/lease/by-name", test_lease, SHARE_WALK);
    ADD_TEST("host/restored-other-file", test_restored_other_file, 0);
    return g_test_run();
}
