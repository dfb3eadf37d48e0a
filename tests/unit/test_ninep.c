/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server's sessions: messages, walks, and all that a client has in a saved state. */
#include "emu/host/ninep_fids.h"
#include "tests/unit/ninep_fixture.h"

/* --- messages --- */

static void test_version(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autofree char *text = NULL;

    put_host(f, "file", "x");
    EQ(walk_to(c, 1, "file"), 0);
    c->msize = 1 << 20;
    EQ(rpc(c, NINEP_TVERSION, "ds", 1 << 20, "9P2000.L"), 0);
    g_assert_cmpuint(take_number(c, 4), ==, 512 << 10);
    EQ(clunk_fid(c, 1), NINEP_EBADF); /* the old session is gone */
    EQ(rpc(c, NINEP_TVERSION, "ds", 8192, "9P2000.u"), 0);
    g_assert_cmpuint(take_number(c, 4), ==, 8192);
    text = take_text(c);
    g_assert_cmpstr(text, ==, "unknown");
    EQ(rpc(c, NINEP_TATTACH, "ddssd", 0, NO_FID, "", "", 0), NINEP_EPROTO);
    EQ(rpc(c, NINEP_TVERSION, "ds", 4095, "9P2000.L"), NINEP_EMSGSIZE);
    EQ(rpc(c, NINEP_TVERSION, "ds", 4096, "9P2000.L"), 0);
    EQ(rpc(c, NINEP_TAUTH, "dssd", 5, "root", "", 0), NINEP_EOPNOTSUPP);
    EQ(rpc(c, NINEP_TATTACH, "ddssd", 0, 5, "", "", 0), NINEP_EBADF);
    EQ(rpc(c, NINEP_TATTACH, "ddssd", 0, NO_FID, "root", "a name", 0), 0);
    EQ(rpc(c, NINEP_TATTACH, "ddssd", 0, NO_FID, "", "", 0), NINEP_EBADF);
    EQ(rpc(c, NINEP_TATTACH, "ddss", 9, NO_FID, "", ""), 0); /* without n_uname, as of old */
    EQ(rpc(c, NINEP_TFLUSH, "w", 3), 0);
}

static void test_malformed(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    uint8_t bytes[16] = {0};
    struct host_spans in = {1, {{bytes, 6}}}, out = {1, {{bytes, 16}}};

    g_assert_cmpuint(ninep_serve(f->ninep, &in, &out), ==, 0);
    in.span[0].length = 7;
    out.span[0].length = 10;
    g_assert_cmpuint(ninep_serve(f->ninep, &in, &out), ==, 0);
    EQ(rpc(c, 99, ""), NINEP_EOPNOTSUPP);
    EQ(rpc(c, 255, ""), NINEP_EOPNOTSUPP);
    EQ(rpc(c, NINEP_TCLUNK, ""), NINEP_EINVAL); /* and fid 0 is still there: */
    EQ(rpc(c, NINEP_TCLUNK, "w", 0), NINEP_EINVAL);
    EQ(walk_to(c, 1, ""), 0);
    EQ(rpc(c, NINEP_TWALK, "ddw", 0, 2, 3), NINEP_EINVAL);
    ninep_begin(c->request, NINEP_TCLUNK, ++c->tag); /* says that it is longer than it is */
    ninep_put_u32(c->request, 1);
    ninep_end(c->request, 1);
    EQ(client_exchange(c), NINEP_EINVAL);
    c->request->data[0] = 6;
    EQ(client_exchange(c), NINEP_EINVAL);
    g_autoptr(GByteArray) much = g_byte_array_new();
    g_byte_array_set_size(much, c->msize);
    EQ(rpc(c, NINEP_TWRITE, "dqdx", 1, UINT64_C(0), much->len, much), NINEP_EMSGSIZE);
    g_byte_array_set_size(much, 4);
    EQ(create_file(c, 3, "", "f", SHARE_OPEN_BOTH, 0644), 0);
    EQ(rpc(c, NINEP_TWRITE, "dqdx", 3, UINT64_C(0), 5, much), NINEP_EINVAL);
    memcpy(much->data, "\2\0a\0", 4); /* a name with a NUL in it */
    EQ(rpc(c, NINEP_TMKDIR, "dxdd", 0, much, 0755, 0), NINEP_EINVAL);
    EQ(clunk_fid(c, 77), NINEP_EBADF);
}

/* --- walks --- */

static void test_walk(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    uint8_t type;

    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "a", 0755, 0), 0);
    EQ(walk_to(c, 1, "a"), 0);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 1, "b", 0755, 0), 0);
    EQ(rpc(c, NINEP_TWALK, "ddW", 0, 2, 2, "a", "b"), 0);
    g_assert_cmpuint(take_number(c, 2), ==, 2);
    uint64_t a = take_qid(c, &type);
    g_assert_cmphex(type, ==, NINEP_QID_DIRECTORY);
    g_assert_cmpuint(take_qid(c, NULL), !=, a);
    EQ(rpc(c, NINEP_TWALK, "ddW", 2, 3, 1, ".."), 0);
    take_number(c, 2);
    g_assert_cmpuint(take_qid(c, NULL), ==, a);
    EQ(rpc(c, NINEP_TWALK, "ddW", 0, 4, 3, "a", "none", "b"), 0); /* the first name is found: no error, no fid */
    g_assert_cmpuint(take_number(c, 2), ==, 1);
    EQ(clunk_fid(c, 4), NINEP_EBADF);
    EQ(rpc(c, NINEP_TWALK, "ddW", 0, 4, 1, "none"), NINEP_ENOENT);
    EQ(rpc(c, NINEP_TWALK, "ddW", 0, 4, 1, ""), NINEP_ENOENT);
    EQ(rpc(c, NINEP_TWALK, "ddW", 0, 4, 1, "a/b"), NINEP_ENOENT);
    EQ(rpc(c, NINEP_TWALK, "ddW", 0, 4, 1, "."), NINEP_ENOENT);
    EQ(rpc(c, NINEP_TWALK, "ddW", 0, 3, 1, "a"), NINEP_EBADF); /* that fid is in use */
    EQ(rpc(c, NINEP_TWALK, "ddW", 3, 3, 1, "b"), 0);           /* but may replace itself */
    EQ(rpc(c, NINEP_TWALK, "ddW", 88, 4, 0), NINEP_EBADF);
    /* Redox sends all names of a path at once. */
    EQ(rpc(c, NINEP_TWALK, "ddW", 0, 4, 20, "a", "..", "a", "..", "a", "..", "a", "..", "a", "..", "a", "..", "a", "..",
           "a", "..", "a", "..", "a", "b"),
       0);
    g_assert_cmpuint(take_number(c, 2), ==, 20);
    put_host(f, "file", "x");
    EQ(rpc(c, NINEP_TWALK, "ddW", 0, 5, 2, "file", "x"), 0);
    g_assert_cmpuint(take_number(c, 2), ==, 1);
    EQ(clunk_fid(c, 5), NINEP_EBADF);
    EQ(walk_to(c, 5, "file"), 0);
    EQ(rpc(c, NINEP_TWALK, "ddW", 5, 6, 1, ".."), NINEP_ENOTDIR);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 1, "b", 0x200), 0);
    EQ(rpc(c, NINEP_TWALK, "ddW", 2, 6, 1, ".."), NINEP_ENOENT); /* from what has gone */
}

/* The parent of the share is the share. */
static void test_above(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    struct attributes root = {0}, above = {0};

    EQ(rpc(c, NINEP_TWALK, "ddW", 0, 1, 3, "..", "..", ".."), 0);
    g_assert_cmpuint(take_number(c, 2), ==, 3);
    EQ(get_attributes(c, 0, &root), 0);
    EQ(get_attributes(c, 1, &above), 0);
    g_assert_cmpuint(root.qid, ==, above.qid);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "..", 0755, 0), NINEP_EEXIST);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "../x", 0755, 0), NINEP_ENOENT);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "..", 0x200), NINEP_EINVAL);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "..", 0, "x"), NINEP_EINVAL);
    EQ(rpc(c, NINEP_TREMOVE, "d", 1), NINEP_EPERM);
    EQ(clunk_fid(c, 1), NINEP_EBADF);
}

static void test_deep(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autofree char *name = g_strnfill(200, 'd');
    int error = 0;
    unsigned depth = 0;

    EQ(walk_to(c, 1, ""), 0);
    for (; depth < 200 && !error; depth++) {
        error = rpc(c, NINEP_TMKDIR, "dsdd", 1, name, 0755, 0);
        if (!error)
            EQ(rpc(c, NINEP_TWALK, "ddW", 1, 1, 1, name), 0);
    }
    EQ(error, NINEP_ENAMETOOLONG);
    g_assert_cmpuint(depth, >, 80); /* far beyond what one system call takes */
    for (; depth > 1; depth--) {
        EQ(rpc(c, NINEP_TWALK, "ddW", 1, 1, 1, ".."), 0);
        EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 1, name, 0x200), 0);
    }
}

/* --- state --- */

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    uint64_t offset = 0;
    g_autofree char *text = NULL;

    put_host(f, "gone", "x");
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "a", 0755, 0), 0);
    EQ(create_file(c, 1, "a", "file", SHARE_OPEN_BOTH | SHARE_OPEN_TRUNCATE, 0644), 0);
    EQ(write_text(c, 1, 0, "kept"), 0);
    EQ(open_path(c, 2, "gone", SHARE_OPEN_READ), 0);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "gone", 0), 0);
    EQ(open_path(c, 3, "", SHARE_OPEN_READ), 0);
    assert_list(c, 3, &offset, 51, ". .. ");
    EQ(rpc(c, NINEP_TWALK, "ddW", 1, 4, 0), 0);
    g_autoptr(GByteArray) before = save(f->ninep);
    ninep_free(f->ninep);
    f->ninep = ninep_new(f->share);
    g_assert_true(load(f->ninep, before));
    g_autoptr(GByteArray) after = save(f->ninep);
    g_assert_cmpmem(after->data, after->len, before->data, before->len);
    text = read_text(c, 1, 0, 100);
    g_assert_cmpstr(text, ==, "kept"); /* opened again, and not cut off again */
    EQ(rpc(c, NINEP_TREAD, "dqd", 2, UINT64_C(0), 5), NINEP_ESTALE);
    assert_list(c, 3, &offset, 100, "a ");
    EQ(clunk_fid(c, 2), 0);
    for (unsigned cut_at = 0; cut_at < before->len; cut_at++) {
        g_autoptr(GByteArray) part = g_byte_array_new();
        g_byte_array_append(part, before->data, cut_at);
        g_assert_false(load(f->ninep, part));
    }
    ninep_reset(f->ninep);
    ninep_reset(f->follower);
    EQ(clunk_fid(c, 1), NINEP_EPROTO);
}

/* What is saved has the order of the fids' numbers, not that of a table in memory. */
static void test_state_order(struct fixture *f, gconstpointer unused)
{
    enum { COUNT = 300, SPREAD = 509 * 1021 }; /* all in one place of tables with so many */
    struct client *c = &f->client;
    g_autoptr(GByteArray) upwards = NULL;

    for (uint32_t i = 1; i <= COUNT; i++)
        EQ(walk_to(c, i * SPREAD, ""), 0);
    upwards = save(f->ninep);
    client_start(c, 65536);
    for (uint32_t i = COUNT; i >= 1; i--)
        EQ(walk_to(c, i * SPREAD, ""), 0);
    g_autoptr(GByteArray) downwards = save(f->ninep);
    g_assert_cmpmem(upwards->data, upwards->len, downwards->data, downwards->len);
}

/* One fid with @path, and one lock. */
static bool load_made(struct fixture *f, const char *path, uint32_t kind, const struct ninep_held *held)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    struct state_writer *writer = state_writer_new(bytes);

    state_put_u32(writer, 8192);
    state_put_u32(writer, 1);
    state_put_u32(writer, 1);
    state_put_u32(writer, kind);
    state_put_string(writer, path);
    state_put_u32(writer, 0);
    state_put_string(writer, NULL);
    state_put_u64(writer, 0);
    state_put_u64(writer, 77);
    state_put_u32(writer, 1);
    state_put_u64(writer, held->file);
    state_put_u32(writer, held->fid);
    state_put_u32(writer, held->process);
    state_put_u32(writer, held->lock.type);
    state_put_u64(writer, held->lock.start);
    state_put_u64(writer, held->lock.end);
    state_writer_free(writer);
    return load(f->ninep, bytes);
}

/* A state with a path that leads elsewhere is refused, and one with locks that nobody can have. */
static void test_bad_state(struct fixture *f, gconstpointer unused)
{
    const char *const paths[] = {"..", "a/../b", "/etc", "a//b", "a/.", NULL};
    const struct ninep_held good = {77, 1, 5, {SHARE_LOCK_READ, 1, 1}},
                            bad[] = {{76, 1, 5, {SHARE_LOCK_READ, 1, 1}},
                                     {77, 2, 5, {SHARE_LOCK_READ, 1, 1}},
                                     {77, 1, 5, {SHARE_LOCK_NONE, 1, 1}},
                                     {77, 1, 5, {SHARE_LOCK_READ, 1, 0}},
                                     {77, 1, 5, {SHARE_LOCK_READ, 1, SHARE_LOCK_END + 1}}};

    g_assert_true(load_made(f, "a/b", NINEP_FID_OPEN, &good));
    g_assert_false(load_made(f, "a/b", NINEP_FID_FILE, &good));
    g_assert_false(load_made(f, "a/b", NINEP_FID_XATTR_WRITE + 1, &good));
    for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++)
        g_assert_false(load_made(f, paths[i], NINEP_FID_OPEN, &good));
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(load_made(f, "a/b", NINEP_FID_OPEN, &bad[i]));
    ninep_reset(f->ninep);
    ninep_reset(f->follower);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("version", test_version, 0);
    ADD_TEST("malformed", test_malformed, 0);
    ADD_TEST("state", test_state, 0);
    ADD_TEST("state-order", test_state_order, 0);
    ADD_TEST("bad-state", test_bad_state, 0);
    /* In both ways of resolving paths. */
    ADD_TEST("walk", test_walk, 0);
    ADD_TEST("walk/by-name", test_walk, SHARE_WALK);
    ADD_TEST("above", test_above, 0);
    ADD_TEST("above/by-name", test_above, SHARE_WALK);
    ADD_TEST("deep", test_deep, 0);
    ADD_TEST("deep/by-name", test_deep, SHARE_WALK);
    return g_test_run();
}
