/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server: locks, among the fids of one client, between two servers of one folder, and against programs of the host. */
#ifdef __linux__
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "emu/host/ninep_locks.h"
#include "tests/unit/ninep_fixture.h"

enum { READ = SHARE_LOCK_READ, WRITE = SHARE_LOCK_WRITE, NONE = SHARE_LOCK_NONE };
enum { BLOCKED = -1, MINE = 10, YOURS = 11 }; /* processes */

/* 0, BLOCKED, or an error number. */
static int lock(struct client *c, uint32_t fid, unsigned type, uint64_t start, uint64_t length, uint32_t process)
{
    int error = rpc(c, NINEP_TLOCK, "dbdqqds", fid, type, 1, start, length, process, "me");

    return error ? error : take_number(c, 1) ? BLOCKED : 0;
}

/* What is in the way, as "type start length process client". */
static char *in_the_way(struct client *c, uint32_t fid, unsigned type, uint64_t start, uint64_t length)
{
    EQ(rpc(c, NINEP_TGETLOCK, "dbqqds", fid, type, start, length, MINE, "me"), 0);
    unsigned found = (unsigned)take_number(c, 1);
    uint64_t from = take_number(c, 8), bytes = take_number(c, 8), process = take_number(c, 4);
    g_autofree char *client = take_text(c);

    return g_strdup_printf("%u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s", found, from,
                           bytes, process, client);
}

static void assert_in_the_way(struct client *c, uint32_t fid, unsigned type, uint64_t start, uint64_t length,
                              const char *expected)
{
    g_autofree char *found = in_the_way(c, fid, type, start, length);

    g_assert_cmpstr(found, ==, expected);
}

/* Hosts without locks of open files let everybody through. */
static bool host_has_none(void)
{
#ifdef F_OFD_SETLK
    return false;
#else
    g_test_skip("this host has no locks of open files");
    return true;
#endif
}

/* What a program of the host finds at @byte if it wants to write there: F_UNLCK, F_RDLCK, F_WRLCK. */
static short host_finds(int descriptor, off_t byte)
{
    struct flock found = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    g_assert_cmpint(fcntl(descriptor, F_GETLK, &found), ==, 0);
    return found.l_type;
}

static int open_on_host(struct fixture *f, const char *name)
{
    g_autofree char *path = host_path(f, name);
    int descriptor = open(path, O_RDWR | O_CLOEXEC);

    g_assert_cmpint(descriptor, >=, 0);
    return descriptor;
}

/* --- one client --- */

static void test_errors(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;

    put_host(f, "file", "0123456789");
    EQ(walk_to(c, 1, "file"), 0);
    EQ(open_path(c, 2, "file", SHARE_OPEN_READ), 0);
    EQ(open_path(c, 3, "file", SHARE_OPEN_WRITE), 0);
    EQ(lock(c, 1, READ, 0, 0, MINE), NINEP_EBADF); /* not open */
    EQ(lock(c, 9, READ, 0, 0, MINE), NINEP_EBADF);
    EQ(lock(c, 2, WRITE, 0, 0, MINE), 0); /* flock(2) does not ask what the file is open for */
    EQ(lock(c, 3, READ, 0, 0, MINE), 0);
    EQ(lock(c, 2, 3, 0, 0, MINE), NINEP_EINVAL);
    EQ(rpc(c, NINEP_TLOCK, "dbdqqds", 2, READ, 4, UINT64_C(0), UINT64_C(0), 1, "me"), NINEP_EINVAL);
    EQ(rpc(c, NINEP_TGETLOCK, "dbqqds", 2, 3, UINT64_C(0), UINT64_C(0), 1, "me"), NINEP_EINVAL);
    EQ(lock(c, 2, READ, UINT64_C(1) << 63, 1, MINE), NINEP_EINVAL);
    EQ(lock(c, 2, READ, 2, INT64_MAX, MINE), NINEP_EOVERFLOW);
    EQ(lock(c, 2, READ, 2, UINT64_MAX, MINE), NINEP_EOVERFLOW);
    EQ(lock(c, 2, READ, 2, INT64_MAX - 1, MINE), 0);
    EQ(lock(c, 2, NONE, 0, 0, MINE), 0);
    EQ(lock(c, 2, NONE, 0, 0, MINE), 0); /* there are none: nothing to do */
    assert_in_the_way(c, 2, WRITE, 3, 4, "2 3 4 10 me");
    /* Every other byte, until it is too much; one stretch, byte by byte, is never too much. */
    int error = 0;
    unsigned count = 0;
    for (; count < 10000 && !error; count++)
        error = lock(c, 2, READ, 2 * count, 1, MINE);
    EQ(error, NINEP_ENOLCK);
    g_assert_cmpuint(count, >, 4000);
    EQ(lock(c, 2, NONE, 0, 0, MINE), 0);
    for (count = 0; count < 10000; count++)
        EQ(lock(c, 2, READ, count, 1, MINE), 0);
    EQ(lock(c, 3, WRITE, 10000, 1, MINE), 0);
}

/* The fid or the process: who has one of the two may change a lock. */
static void test_holders(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;

    put_host(f, "file", "");
    for (uint32_t fid = 1; fid <= 3; fid++)
        EQ(open_path(c, fid, "file", SHARE_OPEN_BOTH), 0);
    EQ(lock(c, 1, WRITE, 10, 10, MINE), 0);
    EQ(lock(c, 2, READ, 19, 1, YOURS), BLOCKED);
    EQ(lock(c, 2, READ, 20, 0, YOURS), 0);
    assert_in_the_way(c, 2, READ, 0, 0, "2 0 0 10 me"); /* its own process's, and its own */
    assert_in_the_way(c, 1, READ, 0, 0, "2 0 0 10 me");
    assert_in_the_way(c, 3, NONE, 20, 5, "0 20 0 11 me"); /* as Linux asks */
    EQ(lock(c, 2, NONE, 12, 2, MINE), 0);                 /* the process by another fid */
    EQ(lock(c, 3, WRITE, 12, 2, 12), 0);
    EQ(lock(c, 3, WRITE, 14, 1, 12), BLOCKED);
    EQ(lock(c, 1, NONE, 0, 15, 13), 0); /* another process by the fid: fid 1 keeps from 15 on */
    EQ(lock(c, 3, WRITE, 14, 1, 12), 0);
    EQ(lock(c, 3, WRITE, 15, 1, 12), BLOCKED);
    EQ(lock(c, 1, READ, 15, 1, MINE), 0); /* less than before */
    EQ(lock(c, 3, READ, 15, 1, 12), 0);
    EQ(lock(c, 1, NONE, 0, 0, MINE), 0);
    EQ(lock(c, 2, WRITE, 15, 1, YOURS), BLOCKED); /* the other one's is still there */
    EQ(clunk_fid(c, 3), 0);
    EQ(lock(c, 2, WRITE, 0, 0, YOURS), 0);
}

enum { BYTES = 24, OPEN = 3, PROCESSES = 3 };

/* What each fid and process has on each byte, kept in the plainest way. */
struct model {
    uint8_t held[BYTES][OPEN][PROCESSES];
};

static bool model_blocks(const struct model *model, unsigned byte, unsigned fid, unsigned process, unsigned type)
{
    for (unsigned i = 0; i < OPEN; i++)
        for (unsigned j = 0; j < PROCESSES; j++)
            if (i != fid && j != process && model->held[byte][i][j] != NONE &&
                (type == WRITE || (type == READ && model->held[byte][i][j] == WRITE)))
                return true;
    return false;
}

static void model_set(struct model *model, unsigned byte, unsigned fid, unsigned process, unsigned type)
{
    for (unsigned i = 0; i < OPEN; i++)
        for (unsigned j = 0; j < PROCESSES; j++)
            if (i == fid || j == process)
                model->held[byte][i][j] = NONE;
    model->held[byte][fid][process] = (uint8_t)type;
}

static short model_strongest(const struct model *model, unsigned byte)
{
    short strongest = F_UNLCK;

    for (unsigned i = 0; i < OPEN; i++)
        for (unsigned j = 0; j < PROCESSES; j++)
            if (model->held[byte][i][j] == WRITE)
                return F_WRLCK;
            else if (model->held[byte][i][j] == READ)
                strongest = F_RDLCK;
    return strongest;
}

static void model_close(struct model *model, unsigned fid)
{
    for (unsigned byte = 0; byte < BYTES; byte++)
        for (unsigned j = 0; j < PROCESSES; j++)
            model->held[byte][fid][j] = NONE;
}

/* Any sequence: answers as the model has them, and on the host the strongest of what the processes have, on each byte. */
static void test_any(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    struct model model;
    GRand *random = g_rand_new_with_seed(7);

    memset(&model, NONE, sizeof(model));
    put_host(f, "file", "");
    int host = open_on_host(f, "file");
    for (uint32_t fid = 0; fid < OPEN; fid++)
        EQ(open_path(c, 1 + fid, "file", SHARE_OPEN_BOTH), 0);
    for (unsigned turn = 0; turn < 4000; turn++) {
        unsigned fid = (unsigned)g_rand_int_range(random, 0, OPEN),
                 process = (unsigned)g_rand_int_range(random, 0, PROCESSES);
        unsigned type = (unsigned)g_rand_int_range(random, 0, 3), start = (unsigned)g_rand_int_range(random, 0, BYTES);
        unsigned end = (unsigned)g_rand_int_range(random, (gint)start, BYTES);
        bool blocked = false;

        if (turn % 50 == 49) {
            EQ(clunk_fid(c, 1 + fid), 0);
            EQ(open_path(c, 1 + fid, "file", SHARE_OPEN_BOTH), 0);
            model_close(&model, fid);
        }
        for (unsigned byte = start; byte <= end; byte++)
            blocked = blocked || model_blocks(&model, byte, fid, process, type);
        EQ(lock(c, 1 + fid, type, start, end - start + 1, 100 + process), blocked ? BLOCKED : 0);
        for (unsigned byte = start; byte <= end && !blocked; byte++)
            model_set(&model, byte, fid, process, type);
#ifdef F_OFD_SETLK
        for (unsigned byte = 0; byte < BYTES; byte++)
            g_assert_cmpint(host_finds(host, byte), ==, model_strongest(&model, byte));
#endif
    }
    close(host);
    g_rand_free(random);
}

/* --- others --- */

static void test_two_servers(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {.root = f->root};
    struct client *c = &f->client, *d = &other.client;

    if (host_has_none())
        return;
    start_server(&other, 0);
    put_host(f, "file", "");
    EQ(open_path(c, 1, "file", SHARE_OPEN_BOTH), 0);
    EQ(open_path(d, 1, "file", SHARE_OPEN_BOTH), 0);
    EQ(lock(c, 1, WRITE, 5, 10, MINE), 0);
    EQ(lock(d, 1, WRITE, 0, 0, MINE), BLOCKED); /* a process of the same number, but another machine's */
    EQ(lock(d, 1, READ, 14, 1, MINE), BLOCKED);
    assert_in_the_way(d, 1, READ, 0, 0, "1 5 10 0 host");
    EQ(lock(d, 1, READ, 15, 0, MINE), 0);
    assert_in_the_way(c, 1, WRITE, 0, 0, "0 15 0 0 host");
    assert_in_the_way(c, 1, READ, 0, 0, "2 0 0 10 me");
    EQ(lock(c, 1, READ, 15, 5, MINE), 0);
    EQ(lock(c, 1, WRITE, 15, 5, MINE), BLOCKED); /* and still has it for reading: */
    EQ(lock(d, 1, WRITE, 15, 5, MINE), BLOCKED);
    EQ(lock(c, 1, NONE, 0, 8, MINE), 0);
    EQ(lock(d, 1, WRITE, 0, 8, MINE), 0);
    EQ(lock(d, 1, WRITE, 8, 1, MINE), BLOCKED);
    /* A clone keeps the file open, but no locks. */
    EQ(rpc(c, NINEP_TWALK, "ddW", 1, 2, 0), 0);
    EQ(clunk_fid(c, 1), 0);
    EQ(lock(d, 1, WRITE, 0, 0, MINE), 0);
    EQ(open_path(c, 1, "file", SHARE_OPEN_BOTH), 0);
    EQ(lock(c, 1, READ, 0, 1, MINE), BLOCKED);
    client_start(d, 65536); /* a new session has none */
    EQ(lock(c, 1, WRITE, 0, 0, MINE), 0);
    EQ(open_path(d, 1, "file", SHARE_OPEN_BOTH), 0);
    EQ(lock(d, 1, READ, 0, 1, MINE), BLOCKED);
    EQ(rpc(c, NINEP_TREMOVE, "d", 1), 0); /* ends the fid, too */
    EQ(lock(d, 1, READ, 0, 1, MINE), 0);
    stop_server(&other);
}

static void test_host(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 100};

    if (host_has_none())
        return;
    EQ(create_file(c, 1, "", "file", SHARE_OPEN_WRITE, 0200), 0); /* a file that can only be written to */
    EQ(lock(c, 1, WRITE, 0, 10, MINE), 0);
    EQ(rpc(c, NINEP_TSETATTR, "dddddqqqqq", 1, 1, 0600, 0, 0, UINT64_C(0), UINT64_C(0), UINT64_C(0), UINT64_C(0),
           UINT64_C(0)),
       0);
    int host = open_on_host(f, "file");
    g_assert_cmpint(host_finds(host, 9), ==, F_WRLCK);
    g_assert_cmpint(host_finds(host, 10), ==, F_UNLCK);
    g_assert_cmpint(fcntl(host, F_SETLK, &all), ==, 0);
    EQ(lock(c, 1, WRITE, 99, 2, MINE), BLOCKED);
    EQ(lock(c, 1, WRITE, 99, 1, MINE), 0);
    assert_in_the_way(c, 1, NONE, 99, 0, "1 100 0 0 host");
    all.l_start = 0;
    g_assert_cmpint(fcntl(host, F_SETLK, &all), ==, -1);
    ninep_reset(f->ninep);
    ninep_reset(f->follower);
    g_assert_cmpint(fcntl(host, F_SETLK, &all), ==, 0);
    close(host);
}

/* Readers of a share that cannot be written to keep writers of the host out, as readers do, and nobody else. */
static void test_read_only(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;

    if (host_has_none())
        return;
    put_host(f, "file", "");
    int host = open_on_host(f, "file");
    EQ(open_path(c, 1, "file", SHARE_OPEN_READ), 0);
    EQ(lock(c, 1, WRITE, 0, 0, MINE), NINEP_EBADF);
    EQ(lock(c, 1, READ, 0, 0, MINE), 0);
    g_assert_cmpint(host_finds(host, 0), ==, F_RDLCK);
    EQ(clunk_fid(c, 1), 0);
    g_assert_cmpint(host_finds(host, 0), ==, F_UNLCK);
    close(host);
}

/* --- state --- */

/* Goes on in another server with the saved state, as after a restart of the program. */
static void restart(struct fixture *f)
{
    g_autoptr(GByteArray) bytes = save(f->ninep);

    ninep_free(f->ninep);
    f->ninep = ninep_new(f->share);
    g_assert_true(load(f->ninep, bytes));
    g_autoptr(GByteArray) again = save(f->ninep);
    g_assert_cmpmem(again->data, again->len, bytes->data, bytes->len);
}

/* Locks are part of the state, and the host knows of them as soon as the client says anything. */
static void test_state(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;

    put_host(f, "file", "contents");
    put_host(f, "other", "contents");
    int host = open_on_host(f, "file"), other = open_on_host(f, "other");
    EQ(open_path(c, 1, "file", SHARE_OPEN_BOTH), 0);
    EQ(open_path(c, 2, "other", SHARE_OPEN_BOTH), 0);
    EQ(lock(c, 1, WRITE, 3, 4, MINE), 0);
    EQ(lock(c, 1, READ, 50, 0, YOURS), 0);
    EQ(lock(c, 2, WRITE, 0, 0, MINE), 0);
    restart(f);
    EQ(walk_to(c, 9, ""), 0);
    if (!host_has_none()) {
        g_assert_cmpint(host_finds(host, 3), ==, F_WRLCK);
        g_assert_cmpint(host_finds(host, 7), ==, F_UNLCK);
        g_assert_cmpint(host_finds(host, 50), ==, F_RDLCK);
        restart(f);
        struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        g_assert_cmpint(fcntl(other, F_SETLK, &all), ==, 0); /* was quicker */
        g_autofree char *text = read_text(c, 1, 0, 100);
        g_assert_cmpstr(text, ==, "contents");
        EQ(rpc(c, NINEP_TREAD, "dqd", 2, UINT64_C(0), 5), NINEP_ESTALE);
        EQ(clunk_fid(c, 2), 0);
    }
    close(host);
    close(other);
}

/* Holes in a lock make more of it: not more than a state may have. */
static void test_holes(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    unsigned holes = 0;

    put_host(f, "file", "");
    EQ(open_path(c, 1, "file", SHARE_OPEN_BOTH), 0);
    EQ(lock(c, 1, WRITE, 0, 0, MINE), 0);
    while (holes < 6000 && lock(c, 1, NONE, 2 * holes + 1, 1, MINE) == 0)
        holes++;
    g_assert_cmpuint(holes, ==, NINEP_LOCKS - 1);
    EQ(lock(c, 1, NONE, 2 * holes + 1, 1, MINE), NINEP_ENOLCK);
    EQ(lock(c, 1, READ, 2 * holes + 1, 1, MINE), NINEP_ENOLCK);
    EQ(lock(c, 1, NONE, 1, 1, MINE), 0); /* nothing is held there */
    restart(f);
    EQ(lock(c, 1, WRITE, 1, 1, MINE), 0); /* one hole less */
    EQ(lock(c, 1, NONE, 1, 1, MINE), 0);
    EQ(lock(c, 1, NONE, 0, 0, MINE), 0);
    EQ(lock(c, 1, READ, 1, 1, YOURS), 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("locks/errors", test_errors, 0);
    ADD_TEST("locks/holders", test_holders, 0);
    ADD_TEST("locks/any", test_any, 0);
    ADD_TEST("locks/two-servers", test_two_servers, 0);
    ADD_TEST("locks/host", test_host, 0);
    ADD_TEST("locks/read-only", test_read_only, SHARE_READ_ONLY);
    ADD_TEST("locks/state", test_state, 0);
    ADD_TEST("locks/holes", test_holes, 0);
    return g_test_run();
}
