/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server: what a client can have in all, and what it cannot make the host do. */
#include <string.h>

#include "emu/host/ninep_fids.h"
#include "tests/unit/ninep_fixture.h"

/* --- values of extended attributes --- */

/* A fid whose attribute is to get @length bytes. */
static int announce(struct client *c, uint32_t fid, uint64_t length)
{
    int error = walk_to(c, fid, "");

    return error ? error : rpc(c, NINEP_TXATTRCREATE, "dsqd", fid, "user.x", length, 0);
}

static int write_value(struct client *c, uint32_t fid, uint64_t offset, const GByteArray *bytes)
{
    return rpc(c, NINEP_TWRITE, "dqdx", fid, offset, bytes->len, bytes);
}

static GByteArray *zeros(guint length)
{
    GByteArray *bytes = g_byte_array_new();

    g_byte_array_set_size(bytes, length);
    memset(bytes->data, 0, length);
    return bytes;
}

/* All values together have a limit, which those that are given up count for no longer. */
static void test_values(struct fixture *f, gconstpointer unused)
{
    enum { PART = 32768, MOST = NINEP_VALUES / PART };
    g_autoptr(GByteArray) part = zeros(PART);
    struct client *c = &f->client;

    for (uint32_t fid = 1; fid <= MOST; fid++) {
        EQ(announce(c, fid, PART + 1), 0);
        EQ(write_value(c, fid, 0, part), 0);
    }
    EQ(write_text(c, MOST, PART, "x"), NINEP_ENOMEM);
    EQ(announce(c, MOST + 1, 1), 0);
    EQ(write_text(c, MOST + 1, 0, "x"), NINEP_ENOMEM);
    EQ(write_value(c, 1, 0, part), 0); /* once more: it becomes no longer */
    EQ(clunk_fid(c, 7), NINEP_EIO);
    EQ(write_text(c, MOST + 1, 0, "x"), 0);
    EQ(write_value(c, 1, 1, part), 0);
    client_start(c, 65536);
    for (uint32_t fid = 1; fid <= MOST; fid++) {
        EQ(announce(c, fid, PART), 0);
        EQ(write_value(c, fid, 0, part), 0);
    }
    EQ(announce(c, MOST + 1, 1), 0);
    EQ(write_text(c, MOST + 1, 0, "x"), NINEP_ENOMEM);
}

/* Of the program's address space; 0: nobody knows. */
static gint64 memory_pages(void)
{
    g_autofree char *text = NULL;

    return g_file_get_contents("/proc/self/statm", &text, NULL, NULL) ? g_ascii_strtoll(text, NULL, 10) : 0;
}

/* What is announced takes no memory, and what is read takes no more than there is. */
static void test_announced(struct fixture *f, gconstpointer unused)
{
    enum { FIDS = 4000 };
    struct client *c = &f->client;
    gint64 before = memory_pages();

    for (uint32_t fid = 1; fid <= FIDS; fid++) {
        EQ(announce(c, fid, NINEP_LONGEST_VALUE), 0);
        EQ(write_text(c, fid, 0, "x"), 0);
    }
    for (uint32_t fid = FIDS + 1; fid <= 2 * FIDS; fid++) {
        int error = rpc(c, NINEP_TXATTRWALK, "dds", 0, fid, "");

        if (error == NINEP_EOPNOTSUPP)
            break;
        EQ(error, 0);
    }
    gint64 pages = memory_pages() - before;

    g_test_message("%u fids took %" G_GINT64_FORMAT " pages", 2 * FIDS, pages);
    g_assert_cmpint(pages, <, 8192); /* a few hundred bytes a fid, not 64 KiB */
}

/* Parts that lie on each other are not a whole value. */
static void test_parts(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autofree char *name = g_strnfill(300, 'n');

    EQ(announce(c, 1, 10), 0);
    EQ(write_text(c, 1, 0, "first"), 0);
    EQ(write_text(c, 1, 0, "again"), 0);
    EQ(clunk_fid(c, 1), NINEP_EIO);
    EQ(walk_to(c, 1, ""), 0);
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 1, name, UINT64_C(1), 0), NINEP_ERANGE);
}

/* --- walks --- */

/* From @fid, "." excepted any names: first @first, then @second, in turns. */
static int walk_in_turns(struct client *c, uint32_t fid, uint32_t new, unsigned names, const char *first,
                         const char *second)
{
    ninep_begin(c->request, NINEP_TWALK, ++c->tag);
    ninep_put_u32(c->request, fid);
    ninep_put_u32(c->request, new);
    ninep_put_u16(c->request, (uint16_t)names);
    for (unsigned i = 0; i < names; i++)
        ninep_put_string(c->request, i % 2 ? second : first);
    ninep_end(c->request, 0);
    return client_exchange(c);
}

static void go_down(struct client *c, uint32_t fid, const char *name, unsigned folders)
{
    EQ(walk_to(c, fid, ""), 0);
    for (unsigned i = 0; i < folders; i++) {
        EQ(rpc(c, NINEP_TMKDIR, "dsdd", fid, name, 0755, 0), 0);
        EQ(rpc(c, NINEP_TWALK, "ddW", fid, fid, 1, name), 0);
    }
}

static void remove_up(struct client *c, uint32_t fid, const char *name, unsigned folders)
{
    for (unsigned i = 0; i < folders; i++) {
        EQ(rpc(c, NINEP_TWALK, "ddW", fid, fid, 1, ".."), 0);
        EQ(rpc(c, NINEP_TUNLINKAT, "dsd", fid, name, 0x200), 0);
    }
}

/* A whole path may be one walk, but not thousands of names at the end of a long one. */
static void test_long_walk(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autofree char *name = g_strnfill(199, 'n');

    client_start(c, NINEP_LARGEST);
    go_down(c, 1, "a", 1000);
    EQ(walk_in_turns(c, 0, 2, 1000, "a", "a"), 0);
    g_assert_cmpuint(take_number(c, 2), ==, 1000);
    go_down(c, 3, name, 80);
    EQ(walk_in_turns(c, 3, 4, 100, "..", name), 0);
    g_assert_cmpuint(take_number(c, 2), ==, 100);
    EQ(walk_in_turns(c, 3, 5, 1000, "..", name), NINEP_ENAMETOOLONG);
    EQ(clunk_fid(c, 5), NINEP_EBADF);
    EQ(walk_in_turns(c, 0, 5, 1000, "..", ".."), 0); /* at the top they are nothing */
    remove_up(c, 2, "a", 1000);
    remove_up(c, 3, name, 80);
}

/* --- names --- */

static void assert_state_good(struct fixture *f)
{
    g_autoptr(GByteArray) state = save(f->ninep);
    struct ninep *other = ninep_new(NULL);

    g_assert_true(load(other, state));
    ninep_free(other);
}

/* A folder's new name must not make the paths of fids below longer than they may be, one or all together. */
static void test_rename(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autofree char *name = g_strnfill(127, 'n'), *longer = g_strnfill(255, 'L');
    unsigned most = NINEP_PATHS / (1 + 127 * 128);

    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "t", 0755, 0), 0);
    EQ(walk_to(c, 1, "t"), 0);
    for (unsigned i = 0; i < 127; i++) {
        EQ(rpc(c, NINEP_TMKDIR, "dsdd", 1, name, 0755, 0), 0);
        EQ(rpc(c, NINEP_TWALK, "ddW", 1, 1, 1, name), 0);
    }
    EQ(walk_to(c, 2, "t"), 0);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "t", 0, longer), NINEP_ENAMETOOLONG);
    EQ(rpc(c, NINEP_TRENAME, "dds", 2, 0, longer), NINEP_ENAMETOOLONG);
    assert_state_good(f);
    for (uint32_t fid = 3; fid < 2 + most; fid++) /* fid 1's path again */
        EQ(rpc(c, NINEP_TWALK, "ddW", 1, fid, 0), 0);
    EQ(rpc(c, NINEP_TWALK, "ddW", 1, 2 + most, 0), NINEP_ENFILE);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "t", 0, "somewhat"), NINEP_ENFILE);
    assert_state_good(f);
    EQ(clunk_fid(c, 3), 0);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "t", 0, "more"), 0);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "more", 0, "t"), 0);
    assert_state_good(f);
    remove_up(c, 1, name, 127);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("limits/announced", test_announced, 0);
    ADD_TEST("limits/values", test_values, 0);
    ADD_TEST("limits/parts", test_parts, 0);
    ADD_TEST("limits/long-walk", test_long_walk, 0);
    ADD_TEST("limits/rename", test_rename, 0);
    return g_test_run();
}
