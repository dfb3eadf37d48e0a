/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that tries to leave its shared folder: ten thousand generated requests through the queue, while a thread of the
 * host's swaps folders and files for links that lead outside.  Nothing outside is read, made or changed.
 */
#define _GNU_SOURCE /* memmem */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/device/ninep_rig.h"

#define SECRET "the secret that stands outside of the shared folder"
#define SECRET_NAME "name-of-a-file-outside"
#define HIDDEN_NAME "never-to-be-listed" /* the guest makes no such name */

enum { ATTEMPTS = 10000, FIDS = 12 };

struct fixture {
    char *folder, *root, *outside;
    struct ninep_rig n;
    GRand *random;
    gint stop; /* atomic */
    unsigned went_through, was_refused;
};

/* --- outside --- */

static gint compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void describe(GString *text, const char *path)
{
    g_autofree char *contents = NULL;
    GDir *folder = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    struct stat status;

    g_assert_cmpint(lstat(path, &status), ==, 0);
    g_string_append_printf(text, "%s %o %u %u %ld %ld.%09ld ", path, status.st_mode, status.st_uid, status.st_gid,
                           (long)status.st_nlink, (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    if (!folder && g_file_get_contents(path, &contents, NULL, NULL))
        g_string_append(text, contents);
    g_string_append_c(text, '\n');
    while (folder && (name = g_dir_read_name(folder)))
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    if (folder)
        g_dir_close(folder);
    g_ptr_array_sort(names, compare);
    for (guint i = 0; i < names->len; i++)
        describe(text, g_ptr_array_index(names, i));
}

static char *describe_outside(struct fixture *f)
{
    GString *text = g_string_new(NULL);

    describe(text, f->outside);
    return g_string_free(text, FALSE);
}

static void make_outside(struct fixture *f)
{
    g_autofree char *file = g_build_filename(f->outside, SECRET_NAME, NULL);
    g_autofree char *inner = g_build_filename(f->outside, "inner", NULL);
    g_autofree char *leaf = g_build_filename(inner, "leaf", NULL), *hidden = g_build_filename(inner, HIDDEN_NAME, NULL);

    g_assert_cmpint(g_mkdir(f->outside, 0755), ==, 0);
    g_assert_cmpint(g_mkdir(inner, 0755), ==, 0);
    g_assert_true(g_file_set_contents(file, SECRET, -1, NULL));
    g_assert_true(g_file_set_contents(leaf, SECRET, -1, NULL));
    g_assert_true(g_file_set_contents(hidden, SECRET, -1, NULL));
}

/* --- the one who swaps --- */

/* In @inner, a file and a link to a secret under the same name.  Errors are expected: the guest changes the same names. */
static void swap_leaf(int inner, const char *secret)
{
    int leaf = openat(inner, "leaf", O_CREAT | O_WRONLY | O_NOFOLLOW, 0644);

    if (leaf >= 0)
        close(leaf);
    (void)!symlinkat(secret, inner, ".leaf");
    (void)!renameat(inner, ".leaf", inner, "leaf");
    g_thread_yield();
    (void)!unlinkat(inner, "leaf", 0);
}

static void swap_once(int root, const char *secret)
{
    int folder, inner = -1;

    (void)!mkdirat(root, "swap", 0755);
    folder = openat(root, "swap", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (folder >= 0) {
        (void)!mkdirat(folder, "inner", 0755);
        inner = openat(folder, "inner", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        close(folder);
    }
    if (inner >= 0) {
        swap_leaf(inner, secret);
        close(inner);
    }
    (void)!symlinkat("../outside", root, ".link"); /* a relative one: a mount point cannot come in its way */
    (void)!renameat(root, "swap", root, ".folder");
    (void)!renameat(root, ".link", root, "swap"); /* a folder was there, now a link is */
    g_thread_yield();
    (void)!unlinkat(root, "swap", 0);
    (void)!renameat(root, ".folder", root, "swap");
}

static void *swap(void *opaque)
{
    struct fixture *f = opaque;
    int root = open(f->root, O_RDONLY | O_DIRECTORY);
    g_autofree char *leaf = g_build_filename(f->outside, SECRET_NAME, NULL);

    while (!g_atomic_int_get(&f->stop))
        swap_once(root, leaf);
    close(root);
    return NULL;
}

/* --- the guest --- */

static const char *any_name(struct fixture *f)
{
    static const char *const names[] = {"swap",
                                        "swap",
                                        "swap",
                                        "inner",
                                        "inner",
                                        "leaf",
                                        "leaf",
                                        "..",
                                        "..",
                                        ".",
                                        "",
                                        "abs",
                                        "up",
                                        "proc",
                                        "dir",
                                        "file",
                                        "../..",
                                        "../outside",
                                        "/etc/passwd",
                                        "swap/inner",
                                        "new",
                                        "magic",
                                        "hard",
                                        "a",
                                        "b",
                                        "../outside/inner",
                                        "./..",
                                        "..\\..",
                                        SECRET_NAME,
                                        "outside"};

    return names[g_rand_int_range(f->random, 0, G_N_ELEMENTS(names))];
}

static uint32_t any_fid(struct fixture *f)
{
    return (uint32_t)g_rand_int_range(f->random, 0, FIDS);
}

static uint32_t any_flags(struct fixture *f)
{
    static const uint32_t flags[] = {0, 1, 2, 2 | 01000, 1 | 02000, 0200000, 2 | 0100, 1 | 0100 | 0200, 010000000};

    return flags[g_rand_int_range(f->random, 0, G_N_ELEMENTS(flags))];
}

static void walk_anywhere(struct fixture *f, struct client *c)
{
    uint32_t to = 1 + any_fid(f) % (FIDS - 1);
    unsigned names = (unsigned)g_rand_int_range(f->random, 0, 5);

    clunk_fid(c, to);
    int error = rpc(c, NINEP_TWALK, "ddW", any_fid(f), to, names, any_name(f), any_name(f), any_name(f), any_name(f));
    *(error ? &f->was_refused : &f->went_through) += 1;
}

/* Straight to what is being swapped, and at once something that would hurt. */
static void walk_to_the_swapped(struct fixture *f, struct client *c)
{
    static const char *const paths[] = {"swap/inner", "swap/inner/leaf", "swap", "swap/" SECRET_NAME};

    clunk_fid(c, 1);
    if (walk_to(c, 1, paths[g_rand_int_range(f->random, 0, 4)]) == 0)
        f->went_through++;
    else
        f->was_refused++;
}

static void assert_nothing_secret(struct client *c);

/* The fid was a folder's when it was walked to; what is it now? */
static void strike(struct fixture *f, struct client *c)
{
    clunk_fid(c, 2);
    rpc(c, NINEP_TWALK, "ddW", 1, 2, 0);
    switch (g_rand_int_range(f->random, 0, 7)) {
    case 0:
        rpc(c, NINEP_TLCREATE, "dsddd", 2, "leaf", SHARE_OPEN_WRITE | SHARE_OPEN_TRUNCATE, 0666, 0);
        write_text(c, 2, 0, "written by the guest");
        break;
    case 1:
        rpc(c, NINEP_TUNLINKAT, "dsd", 1, g_rand_boolean(f->random) ? "leaf" : HIDDEN_NAME, 0);
        break;
    case 2:
        rpc(c, NINEP_TMKDIR, "dsdd", 1, "made", 0777, 0);
        break;
    case 3:
        rpc(c, NINEP_TRENAMEAT, "dsds", 1, HIDDEN_NAME, 0, "new");
        break;
    case 4:
        rpc(c, NINEP_TSETATTR, "dddddqqqqq", 1, 0x1B9, 0777, 0, 0, UINT64_C(3), UINT64_C(1), UINT64_C(1), UINT64_C(1),
            UINT64_C(1));
        break;
    default: /* both are tried, one of them fits */
        rpc(c, NINEP_TLOPEN, "dd", 2, 0);
        rpc(c, NINEP_TREAD, "dqd", 2, UINT64_C(0), 4096);
        assert_nothing_secret(c);
        rpc(c, NINEP_TREADDIR, "dqd", 2, UINT64_C(0), 4096);
        break;
    }
}

static void change_anything(struct fixture *f, struct client *c)
{
    switch (g_rand_int_range(f->random, 0, 10)) {
    case 0:
        rpc(c, NINEP_TMKDIR, "dsdd", any_fid(f), any_name(f), 0777, 0);
        break;
    case 1: {
        g_autofree char *target =
            g_rand_boolean(f->random) ? g_strdup(f->outside) : g_strdup("../outside/" SECRET_NAME);
        rpc(c, NINEP_TSYMLINK, "dssd", any_fid(f), any_name(f), target, 0);
        break;
    }
    case 2:
        rpc(c, NINEP_TLINK, "dds", any_fid(f), any_fid(f), any_name(f));
        break;
    case 3:
        rpc(c, NINEP_TRENAMEAT, "dsds", any_fid(f), any_name(f), any_fid(f), any_name(f));
        break;
    case 4:
        rpc(c, NINEP_TRENAME, "dds", any_fid(f), any_fid(f), any_name(f));
        break;
    case 5:
        rpc(c, NINEP_TUNLINKAT, "dsd", any_fid(f), any_name(f), g_rand_boolean(f->random) ? 0x200 : 0);
        break;
    case 6:
        rpc(c, NINEP_TREMOVE, "d", 1 + any_fid(f) % (FIDS - 1));
        break;
    case 7:
        rpc(c, NINEP_TSETATTR, "dddddqqqqq", any_fid(f), g_rand_int(f->random) & 0x1FF, 0777, 1, 1, UINT64_C(3),
            UINT64_C(1), UINT64_C(1), UINT64_C(1), UINT64_C(1));
        break;
    case 8:
        rpc(c, NINEP_TMKNOD, "dsdddd", any_fid(f), any_name(f), g_rand_boolean(f->random) ? 0020666 : 0100666, 1, 1, 0);
        break;
    default:
        rpc(c, NINEP_TXATTRCREATE, "dsqd", 1 + any_fid(f) % (FIDS - 1), "user.x", UINT64_C(0), 0);
        break;
    }
}

static void use_anything(struct fixture *f, struct client *c)
{
    switch (g_rand_int_range(f->random, 0, 9)) {
    case 0:
        rpc(c, NINEP_TLOPEN, "dd", any_fid(f), any_flags(f));
        break;
    case 1:
        rpc(c, NINEP_TLCREATE, "dsddd", any_fid(f), any_name(f), any_flags(f), 0666, 0);
        break;
    case 2:
        rpc(c, NINEP_TREAD, "dqd", any_fid(f), UINT64_C(0), 4096);
        break;
    case 3:
        write_text(c, any_fid(f), 0, "written by the guest");
        break;
    case 4:
        rpc(c, NINEP_TREADDIR, "dqd", any_fid(f), UINT64_C(0), 4096);
        break;
    case 5:
        rpc(c, NINEP_TXATTRWALK, "dds", any_fid(f), any_fid(f), "user.x");
        break;
    case 6:
        rpc(c, NINEP_TGETATTR, "dq", any_fid(f), UINT64_MAX);
        break;
    case 7:
        rpc(c, NINEP_TLOCK, "dbdqqds", any_fid(f), g_rand_int_range(f->random, 0, 4), 0,
            (uint64_t)g_rand_int_range(f->random, 0, 9), (uint64_t)g_rand_int_range(f->random, 0, 9), 1, "guest");
        break;
    default:
        rpc(c, NINEP_TREADLINK, "d", any_fid(f));
        break;
    }
}

static void assert_nothing_secret(struct client *c)
{
    g_assert_null(memmem(c->reply->data, c->reply->len, SECRET, strlen(SECRET)));
    g_assert_null(memmem(c->reply->data, c->reply->len, HIDDEN_NAME, strlen(HIDDEN_NAME)));
}

static void attempt(struct fixture *f)
{
    struct client *c = &f->n.client;

    switch (g_rand_int_range(f->random, 0, 4)) {
    case 0:
        walk_anywhere(f, c);
        break;
    case 1:
        walk_to_the_swapped(f, c);
        strike(f, c);
        break;
    case 2:
        change_anything(f, c);
        break;
    default:
        use_anything(f, c);
        break;
    }
    assert_nothing_secret(c);
}

static void make_traps(struct fixture *f)
{
    static const char *const links[][2] = {
        {"abs", "/"}, {"up", ".."}, {"proc", "/proc/self/root"}, {"magic", "/proc/self/cwd"}};
    g_autofree char *dir = g_build_filename(f->root, "dir", NULL), *file = g_build_filename(dir, "file", NULL);

    g_mkdir(dir, 0755);
    g_file_set_contents(file, "inside", -1, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(links); i++) {
        g_autofree char *path = g_build_filename(f->root, links[i][0], NULL);
        (void)!symlink(links[i][1], path);
    }
}

static void test_hostile(gconstpointer flags)
{
    struct fixture f = {.folder = g_dir_make_tmp("galvanic-hostile-XXXXXX", NULL)};

    f.root = g_build_filename(f.folder, "share", NULL);
    f.outside = g_build_filename(f.folder, "outside", NULL);
    f.random = g_rand_new_with_seed(GPOINTER_TO_UINT(flags) + 1);
    g_assert_cmpint(g_mkdir(f.root, 0755), ==, 0);
    make_outside(&f);
    make_traps(&f);
    g_autofree char *before = describe_outside(&f);
    ninep_rig_start(&f.n, f.root, GPOINTER_TO_UINT(flags));
    client_start(&f.n.client, 65536);
    GThread *swapper = g_thread_new("swap", swap, &f);
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        attempt(&f);
        if (i % 500 == 499) { /* a new session, and the traps that were removed are there again */
            make_traps(&f);
            client_start(&f.n.client, 65536);
        }
    }
    g_atomic_int_set(&f.stop, 1);
    g_thread_join(swapper);
    g_autofree char *after = describe_outside(&f);
    g_assert_cmpstr(after, ==, before);
    g_assert_cmpuint(f.went_through, >, 100); /* both sides of the race were met */
    g_assert_cmpuint(f.was_refused, >, 100);
    g_assert_cmphex(status(&f.n.rig) & VIRTIO_STATUS_NEEDS_RESET, ==, 0);
    g_test_message("%u walks went through, %u were refused", f.went_through, f.was_refused);
    ninep_rig_stop(&f.n);
    remove_tree(f.folder);
    g_rand_free(f.random);
    g_free(f.folder);
    g_free(f.root);
    g_free(f.outside);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/virtio-9p-hostile/beneath", GUINT_TO_POINTER(0), test_hostile);
    g_test_add_data_func("/virtio-9p-hostile/by-name", GUINT_TO_POINTER(SHARE_WALK), test_hostile);
    return g_test_run();
}
