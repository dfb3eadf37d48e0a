/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server on a folder of the test's own: each operation, its errors, and what must not work. */
#include "emu/host/ninep.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/ninep_client.h"
#include "tests/unit/remove_tree.h"

struct fixture {
    char *folder; /* the share is "share" in it */
    char *root;
    struct share *share;
    struct ninep *ninep;
    struct client client;
    uint32_t room; /* for replies; 0: as much as the client's messages may have */
};

/* In pieces of odd sizes, as guests' buffers may be. */
static void cut(uint8_t *bytes, size_t length, struct host_spans *spans)
{
    static const size_t sizes[] = {7, 1, 4096, 3, 65536, SIZE_MAX};

    spans->count = 0;
    for (unsigned i = 0; length; i++) {
        size_t part = MIN(length, sizes[MIN(i, 5)]);
        spans->span[spans->count++] = (struct host_span){bytes, part};
        bytes += part;
        length -= part;
    }
}

static void exchange(struct client *client, const GByteArray *request)
{
    struct fixture *f = client->opaque;
    uint32_t room = f->room ? f->room : client->msize;
    g_autofree uint8_t *copy = g_memdup2(request->data, request->len);
    struct host_spans in, out;

    g_byte_array_set_size(client->reply, room + 1);
    client->reply->data[room] = 0xA5;
    cut(copy, request->len, &in);
    cut(client->reply->data, room, &out);
    size_t length = ninep_serve(f->ninep, &in, &out);
    g_assert_cmpuint(length, <=, room);
    g_assert_cmphex(client->reply->data[room], ==, 0xA5);
    g_byte_array_set_size(client->reply, (guint)length);
}

static void set_up_with(struct fixture *f, unsigned flags)
{
    g_autoptr(GError) error = NULL;

    f->folder = g_dir_make_tmp("galvanic-ninep-XXXXXX", NULL);
    f->root = g_build_filename(f->folder, "share", NULL);
    g_assert_cmpint(g_mkdir(f->root, 0755), ==, 0);
    f->share = share_open(f->root, flags, &error);
    g_assert_no_error(error);
    f->ninep = ninep_new(f->share);
    f->room = 0;
    client_init(&f->client, exchange, f);
    client_start(&f->client, 65536);
}

static void set_up(struct fixture *f, gconstpointer flags)
{
    set_up_with(f, GPOINTER_TO_UINT(flags));
}

static void close_server(struct fixture *f)
{
    ninep_free(f->ninep);
    share_close(f->share);
    client_clear(&f->client);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    close_server(f);
    remove_tree(f->folder);
    g_free(f->folder);
    g_free(f->root);
}

/* A file on the host's side. */
static char *host_path(struct fixture *f, const char *name)
{
    return g_build_filename(f->root, name, NULL);
}

static void put_host(struct fixture *f, const char *name, const char *contents)
{
    g_autofree char *path = host_path(f, name);

    g_assert_true(g_file_set_contents(path, contents, -1, NULL));
}

static void assert_host(struct fixture *f, const char *name, const char *contents)
{
    g_autofree char *path = host_path(f, name), *found = NULL;

    g_file_get_contents(path, &found, NULL, NULL);
    g_assert_cmpstr(found, ==, contents);
}

#define EQ(call, error) g_assert_cmpint((call), ==, (error))

/* --- the session --- */

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

/* --- files --- */

static void test_data(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autoptr(GByteArray) pattern = g_byte_array_new();
    uint64_t far = UINT64_C(5) << 30;

    for (unsigned i = 0; i < 60000; i++)
        ninep_put_u8(pattern, (uint8_t)(i * 7 + i / 256));
    EQ(create_file(c, 1, "", "data", SHARE_OPEN_BOTH, 0640), 0);
    EQ(rpc(c, NINEP_TWRITE, "dqdx", 1, UINT64_C(10), pattern->len, pattern), 0);
    g_assert_cmpuint(take_number(c, 4), ==, pattern->len);
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(10), pattern->len), 0);
    g_assert_cmpuint(take_number(c, 4), ==, pattern->len);
    g_assert_cmpmem(c->reply->data + 11, c->reply->len - 11, pattern->data, pattern->len);
    EQ(write_text(c, 1, far, "beyond four gigabytes"), 0);
    g_autofree char *text = read_text(c, 1, far + 7, 100);
    g_assert_cmpstr(text, ==, "four gigabytes");
    struct attributes attributes = {0};
    EQ(get_attributes(c, 1, &attributes), 0);
    g_assert_cmpuint(attributes.size, ==, far + 21);
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, far + 21, 100), 0);
    g_assert_cmpuint(take_number(c, 4), ==, 0);
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_MAX, 100), NINEP_EINVAL);
    EQ(write_text(c, 1, INT64_MAX, "x"), 27); /* EFBIG */
    /* A reply has msize bytes at most, and what the buffers have room for. */
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), UINT32_MAX), 0);
    g_assert_cmpuint(take_number(c, 4), ==, c->msize - 11);
    g_assert_cmpuint(c->reply->len, ==, c->msize);
    f->room = c->msize + 1000;
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), UINT32_MAX), 0);
    g_assert_cmpuint(take_number(c, 4), ==, c->msize - 11);
    f->room = 1000;
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), 5000), 0);
    g_assert_cmpuint(c->reply->len, ==, 1000);
    f->room = 11;
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), 5000), 0);
    EQ(rpc(c, NINEP_TGETATTR, "dq", 1, UINT64_C(0x7FF)), NINEP_EMSGSIZE);
}

static void test_open(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autofree char *path = host_path(f, "file");
    mode_t mask = umask(077); /* of the program: not the guest's affair */
    GStatBuf status;

    EQ(create_file(c, 1, "", "file", SHARE_OPEN_WRITE | SHARE_OPEN_CREATE | SHARE_OPEN_EXCLUSIVE, 0100666), 0);
    umask(mask);
    g_assert_cmpint(g_stat(path, &status), ==, 0);
    g_assert_cmphex(status.st_mode, ==, 0100666);
    g_assert_cmpuint(take_qid(c, NULL), ==, status.st_ino);
    g_assert_cmpuint(take_number(c, 4), ==, c->msize - 24);
    EQ(write_text(c, 1, 0, "hello"), 0);
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), 5), NINEP_EBADF); /* not open for that */
    EQ(rpc(c, NINEP_TREAD, "dqd", 1, UINT64_C(0), 0), NINEP_EBADF);
    EQ(create_file(c, 2, "", "file", SHARE_OPEN_EXCLUSIVE, 0666), NINEP_EEXIST);
    EQ(create_file(c, 2, "", "file", SHARE_OPEN_BOTH, 0666), 0); /* one that is there is opened */
    EQ(clunk_fid(c, 2), 0);
    assert_host(f, "file", "hello");
    EQ(open_path(c, 2, "file", SHARE_OPEN_READ | SHARE_OPEN_FOLDER), NINEP_ENOTDIR);
    EQ(open_path(c, 2, "file", 3), NINEP_EINVAL);
    EQ(open_path(c, 2, "", SHARE_OPEN_WRITE), NINEP_EISDIR);
    EQ(open_path(c, 2, "file", SHARE_OPEN_WRITE | SHARE_OPEN_APPEND), 0);
    EQ(write_text(c, 2, 0, " world"), 0);
    EQ(rpc(c, NINEP_TLOPEN, "dd", 2, 0), NINEP_EBADF); /* a second time */
    EQ(rpc(c, NINEP_TLCREATE, "dsddd", 2, "x", 0, 0, 0), NINEP_EBADF);
    EQ(rpc(c, NINEP_TFSYNC, "dd", 2, 1), 0);
    EQ(rpc(c, NINEP_TFSYNC, "d", 2), 0);
    EQ(rpc(c, NINEP_TFSYNC, "d", 0), NINEP_EBADF);
    assert_host(f, "file", "hello world");
    EQ(open_path(c, 3, "file", SHARE_OPEN_WRITE | SHARE_OPEN_TRUNCATE), 0);
    assert_host(f, "file", "");
    EQ(open_path(c, 4, "", SHARE_OPEN_READ), 0);
    EQ(rpc(c, NINEP_TREAD, "dqd", 4, UINT64_C(0), 5), NINEP_EISDIR);
    EQ(write_text(c, 4, 0, "x"), NINEP_EBADF);
    EQ(rpc(c, NINEP_TREADDIR, "dqd", 3, UINT64_C(0), 500), NINEP_ENOTDIR);
}

/* What is open stays usable when its name is gone or belongs to another file. */
static void test_unlinked(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    struct attributes attributes = {0};
    g_autofree char *text = NULL;

    EQ(create_file(c, 1, "", "temporary", SHARE_OPEN_BOTH, 0600), 0);
    EQ(write_text(c, 1, 0, "still here"), 0);
    EQ(rpc(c, NINEP_TWALK, "ddW", 1, 2, 0), 0); /* a clone, by which clients ask for attributes */
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "temporary", 0), 0);
    assert_host(f, "temporary", NULL);
    EQ(get_attributes(c, 1, &attributes), 0);
    g_assert_cmpuint(attributes.size, ==, 10);
    g_assert_cmpuint(attributes.links, ==, 0);
    EQ(get_attributes(c, 2, &attributes), 0);
    g_assert_cmpuint(attributes.size, ==, 10);
    EQ(rpc(c, NINEP_TSETATTR, "dddddqqqqq", 1, 8 | 1, 0644, 0, 0, UINT64_C(5), UINT64_C(0), UINT64_C(0), UINT64_C(0),
           UINT64_C(0)),
       0);
    text = read_text(c, 1, 0, 100);
    g_assert_cmpstr(text, ==, "still");
    EQ(get_attributes(c, 2, &attributes), 0);
    g_assert_cmphex(attributes.mode, ==, 0100644);
    EQ(clunk_fid(c, 1), 0);
    EQ(clunk_fid(c, 2), 0);

    put_host(f, "old", "old contents");
    put_host(f, "new", "new contents");
    EQ(open_path(c, 1, "old", SHARE_OPEN_READ), 0);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "new", 0, "old"), 0);
    g_free(text);
    text = read_text(c, 1, 0, 3);
    g_assert_cmpstr(text, ==, "old");
    assert_host(f, "old", "new contents");
}

/* Fids follow what they name. */
static void test_rename(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;

    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "a", 0755, 0), 0);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "ab", 0755, 0), 0);
    EQ(create_file(c, 1, "a", "file", SHARE_OPEN_WRITE, 0644), 0);
    EQ(walk_to(c, 2, "a/file"), 0);
    EQ(walk_to(c, 3, "ab"), 0);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "a", 3, "moved"), 0);
    assert_host(f, "ab/moved/file", "");
    EQ(rpc(c, NINEP_TLOPEN, "dd", 2, SHARE_OPEN_WRITE), 0);
    EQ(write_text(c, 2, 0, "found"), 0);
    assert_host(f, "ab/moved/file", "found");
    EQ(walk_to(c, 4, "ab/moved"), 0);
    EQ(rpc(c, NINEP_TRENAME, "dds", 4, 0, "a"), 0);
    assert_host(f, "a/file", "found");
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 4, "inside", 0755, 0), 0);
    assert_host(f, "a/file", "found");
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "a", 4, "x"), NINEP_EINVAL); /* into itself */
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "none", 0, "x"), NINEP_ENOENT);
    EQ(rpc(c, NINEP_TRENAMEAT, "dsds", 0, "ab", 0, "a"), 39); /* ENOTEMPTY */
    EQ(rpc(c, NINEP_TRENAME, "dds", 99, 0, "a"), NINEP_EBADF);
}

static void test_names(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    struct attributes first = {0}, second = {0};
    g_autofree char *text = NULL;
    uint8_t type;

    EQ(rpc(c, NINEP_TSYMLINK, "dssd", 0, "link", "/etc/passwd", 0), 0);
    take_qid(c, &type);
    g_assert_cmphex(type, ==, NINEP_QID_SYMLINK);
    EQ(walk_to(c, 1, "link"), 0);
    EQ(rpc(c, NINEP_TREADLINK, "d", 1), 0);
    text = take_text(c);
    g_assert_cmpstr(text, ==, "/etc/passwd");
    EQ(rpc(c, NINEP_TLOPEN, "dd", 1, 0), NINEP_ELOOP);
    EQ(rpc(c, NINEP_TREADLINK, "d", 0), NINEP_EINVAL);
    EQ(create_file(c, 2, "", "file", SHARE_OPEN_WRITE, 0644), 0);
    EQ(rpc(c, NINEP_TLINK, "dds", 0, 2, "second"), 0);
    EQ(walk_to(c, 3, "second"), 0);
    EQ(get_attributes(c, 2, &first), 0);
    EQ(get_attributes(c, 3, &second), 0);
    g_assert_cmpuint(first.qid, ==, second.qid);
    g_assert_cmpuint(first.links, ==, 2);
    EQ(rpc(c, NINEP_TMKNOD, "dsdddd", 0, "pipe", 0010644, 0, 0, 0), NINEP_EPERM);
    EQ(rpc(c, NINEP_TMKNOD, "dsdddd", 0, "device", 0020644, 1, 3, 0), NINEP_EPERM);
    EQ(rpc(c, NINEP_TMKNOD, "dsdddd", 0, "plain", 0100604, 0, 0, 0), 0);
    assert_host(f, "plain", "");
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "plain", 0x200), NINEP_ENOTDIR);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "plain", 1), NINEP_EINVAL);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "plain", 0), 0);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "folder", 01777, 0), 0);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "folder", 0), NINEP_EISDIR);
    EQ(walk_to(c, 4, "folder"), 0);
    EQ(get_attributes(c, 4, &first), 0);
    g_assert_cmphex(first.mode, ==, 0041777);
    EQ(rpc(c, NINEP_TREMOVE, "d", 4), 0);
    EQ(rpc(c, NINEP_TREMOVE, "d", 3), 0);
    EQ(clunk_fid(c, 3), NINEP_EBADF);
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "caf\xe9 \xff\x01", 0755, 0), 0); /* bytes, not letters */
    EQ(walk_to(c, 5, "caf\xe9 \xff\x01"), 0);
    g_autofree char *long_name = g_strnfill(256, 'n');
    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, long_name, 0755, 0), NINEP_ENAMETOOLONG);
}

/* --- folders --- */

/* The names from @offset on, in one line; where to go on in *@offset. */
static char *list(struct client *c, uint32_t fid, uint64_t *offset, uint32_t count)
{
    GString *names = g_string_new(NULL);

    EQ(rpc(c, NINEP_TREADDIR, "dqd", fid, *offset, count), 0);
    uint32_t length = (uint32_t)take_number(c, 4);
    g_assert_cmpuint(length, <=, count);
    g_assert_cmpuint(length, ==, c->reply->len - c->at);
    while (c->at < c->reply->len) {
        uint8_t type;
        take_qid(c, &type);
        *offset = take_number(c, 8);
        g_assert_cmpuint(take_number(c, 1), ==, type == NINEP_QID_DIRECTORY ? 4 : type ? 10 : 8);
        g_autofree char *name = take_text(c);
        g_string_append_printf(names, "%s ", name);
    }
    return g_string_free(names, FALSE);
}

static void assert_list(struct client *c, uint32_t fid, uint64_t *offset, uint32_t count, const char *expected)
{
    g_autofree char *names = list(c, fid, offset, count);

    g_assert_cmpstr(names, ==, expected);
}

static void test_folders(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    uint64_t offset = 0, second = 0;

    for (const char *name = "dbeac"; *name; name++)
        put_host(f, (char[]){*name, 0}, "");
    EQ(rpc(c, NINEP_TSYMLINK, "dssd", 0, "f", "x", 0), 0);
    EQ(rpc(c, NINEP_TREADDIR, "dqd", 0, UINT64_C(0), 1000), NINEP_EBADF); /* not open */
    EQ(open_path(c, 1, "", SHARE_OPEN_READ | SHARE_OPEN_FOLDER), 0);
    assert_list(c, 1, &offset, 1000, ". .. a b c d e f ");
    assert_list(c, 1, &offset, 1000, "");
    offset = 0;
    assert_list(c, 1, &offset, 80, ". .. a "); /* 25 + 26 + 25 bytes */
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "a", 0), 0);
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "b", 0), 0);
    put_host(f, "aa", "");
    put_host(f, "zz", "");
    assert_list(c, 1, &offset, 50, "c d "); /* nothing is left out or comes twice */
    assert_list(c, 1, &offset, 1000, "e f ");
    EQ(open_path(c, 2, "", SHARE_OPEN_READ), 0);
    assert_list(c, 2, &second, 1000, ". .. aa c d e f zz ");
    offset = 0; /* from the start: as it is now */
    assert_list(c, 1, &offset, 1000, ". .. aa c d e f zz ");
    EQ(rpc(c, NINEP_TREADDIR, "dqd", 1, UINT64_C(0), 24), NINEP_EINVAL); /* no room for one */
    EQ(rpc(c, NINEP_TREADDIR, "dqd", 1, UINT64_MAX, 1000), 0);
    g_assert_cmpuint(take_number(c, 4), ==, 0);
}

/* As rm -rf does: reads some, removes them, reads on. */
static void test_remove_all(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    uint64_t offset = 0;

    EQ(rpc(c, NINEP_TMKDIR, "dsdd", 0, "many", 0755, 0), 0);
    for (unsigned i = 0; i < 500; i++) {
        g_autofree char *name = g_strdup_printf("many/%u", i * 7919 % 500);
        put_host(f, name, "");
    }
    EQ(open_path(c, 1, "many", SHARE_OPEN_READ), 0);
    for (unsigned removed = 0; removed < 502;) {
        g_autofree char *names = list(c, 1, &offset, 300);
        g_auto(GStrv) each = g_strsplit(g_strstrip(names), " ", -1);
        g_assert_true(*names);
        for (char **name = each; *name; name++, removed++)
            if (**name != '.')
                EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 1, *name, 0), 0);
    }
    EQ(rpc(c, NINEP_TUNLINKAT, "dsd", 0, "many", 0x200), 0); /* while it is open */
    offset = 0;
    assert_list(c, 1, &offset, 300, ". .. ");
}

/* --- attributes --- */

static int set(struct client *c, uint32_t fid, uint32_t valid, uint32_t mode, uint32_t uid, uint32_t gid, uint64_t size)
{
    return rpc(c, NINEP_TSETATTR, "dddddqqqqq", fid, valid, mode, uid, gid, size, UINT64_C(1000), UINT64_C(1),
               UINT64_C(1234567890), UINT64_C(987654321));
}

static void test_attributes(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    struct attributes now = {0};

    put_host(f, "file", "0123456789");
    EQ(walk_to(c, 1, "file"), 0);
    EQ(set(c, 1, 1, 0106751, 0, 0, 0), 0);
    EQ(get_attributes(c, 1, &now), 0);
    g_assert_cmphex(now.mode, ==, 0100751); /* nobody gets the user's rights by a bit */
    g_assert_cmphex(now.valid & 0x7FF, ==, 0x7FF);
    EQ(set(c, 1, 1, 0, 0, 0, 0), 0); /* and a file without any rights can be given some again */
    EQ(set(c, 1, 1, 0600, 0, 0, 0), 0);
    EQ(set(c, 1, 2 | 4, 0, now.uid, now.gid, 0), 0);
    EQ(set(c, 1, 2, 0, now.uid + 1, 0, 0), NINEP_EPERM);
    EQ(set(c, 1, 4, 0, 0, now.gid + 1, 0), NINEP_EPERM);
    EQ(set(c, 1, 8 | 0x20 | 0x100, 0, 0, 0, 4), 0);
    assert_host(f, "file", "0123");
    EQ(get_attributes(c, 1, &now), 0);
    g_assert_cmpuint(now.size, ==, 4);
    g_assert_cmpuint(now.modified, ==, 1234567890);
    g_assert_cmpuint(now.modified_ns, ==, 987654321);
    EQ(set(c, 1, 0x20, 0, 0, 0, 0), 0); /* now */
    EQ(get_attributes(c, 1, &now), 0);
    g_assert_cmpuint(now.modified, >, 1700000000);
    EQ(set(c, 1, 8, 0, 0, 0, UINT64_MAX), NINEP_EINVAL);
    EQ(set(c, 0, 8, 0, 0, 0, 0), NINEP_EISDIR);
    EQ(open_path(c, 2, "file", SHARE_OPEN_READ), 0);
    EQ(set(c, 2, 8, 0, 0, 0, 2), 0); /* by its name */
    assert_host(f, "file", "01");
    EQ(rpc(c, NINEP_TSETATTR, "dddddqqqqq", 1, 0x120, 0, 0, 0, UINT64_C(0), UINT64_C(0), UINT64_C(0), UINT64_C(1),
           UINT64_C(1000000000)),
       NINEP_EINVAL);
    EQ(rpc(c, NINEP_TSTATFS, "d", 0), 0);
    g_assert_cmphex(take_number(c, 4), ==, 0x01021997);
    g_assert_cmpuint(c->reply->len, ==, 7 + 4 + 4 + 6 * 8 + 4);
    EQ(rpc(c, NINEP_TLOCK, "dbdqqds", 2, 1, 0, UINT64_C(0), UINT64_C(0), 77, "me"), 0);
    g_assert_cmpuint(take_number(c, 1), ==, 0);
    EQ(rpc(c, NINEP_TLOCK, "dbdqqds", 2, 9, 0, UINT64_C(0), UINT64_C(0), 77, "me"), NINEP_EINVAL);
    EQ(rpc(c, NINEP_TGETLOCK, "dbqqds", 2, 1, UINT64_C(3), UINT64_C(4), 77, "me"), 0);
    g_assert_cmpuint(take_number(c, 1), ==, 2);
    g_assert_cmpuint(take_number(c, 8), ==, 3);
}

static void test_xattr(struct fixture *f, gconstpointer unused)
{
    struct client *c = &f->client;
    g_autofree char *text = NULL;

    put_host(f, "file", "");
    EQ(walk_to(c, 1, "file"), 0);
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 2, "security.capability"), NINEP_ENODATA);
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 2, "other.kind"), NINEP_ENODATA); /* the host is not even asked */
    EQ(rpc(c, NINEP_TWALK, "ddW", 1, 3, 0), 0);
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 3, "user.colour", UINT64_C(4), 0), 0);
    EQ(write_text(c, 3, 0, "bl"), 0);
    EQ(write_text(c, 3, 2, "ue"), 0);
    EQ(write_text(c, 3, 4, "!"), NINEP_ENOSPC);
    int error = clunk_fid(c, 3);
    if (error == NINEP_EOPNOTSUPP) {
        g_test_skip("the file system of the temporary folder has no extended attributes");
        return;
    }
    EQ(error, 0);
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 2, "user.colour"), 0);
    g_assert_cmpuint(take_number(c, 8), ==, 4);
    text = read_text(c, 2, 1, 100);
    g_assert_cmpstr(text, ==, "lue");
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 4, ""), 0);
    g_assert_cmpuint(take_number(c, 8), ==, 12);
    g_free(text);
    text = read_text(c, 4, 0, 100);
    g_assert_cmpstr(text, ==, "user.colour");
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 5, "user.none"), NINEP_ENODATA);
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 4, ""), NINEP_EBADF);
    EQ(rpc(c, NINEP_TLOPEN, "dd", 4, 0), NINEP_EBADF);
    EQ(rpc(c, NINEP_TWALK, "ddW", 1, 3, 0), 0);
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 3, "user.colour", UINT64_C(0), 0), 0); /* nothing: it is removed */
    EQ(clunk_fid(c, 3), 0);
    EQ(rpc(c, NINEP_TXATTRWALK, "dds", 1, 5, "user.colour"), NINEP_ENODATA);
    EQ(rpc(c, NINEP_TWALK, "ddW", 1, 3, 0), 0);
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 3, "user.colour", UINT64_C(9), 0), 0);
    EQ(clunk_fid(c, 3), NINEP_EIO); /* never written */
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 1, "user.x", UINT64_C(1) << 20, 0), NINEP_ENOSPC);
    EQ(rpc(c, NINEP_TXATTRCREATE, "dsqd", 1, "trusted.x", UINT64_C(0), 0), 0);
    EQ(clunk_fid(c, 1), NINEP_EOPNOTSUPP);
}

/* --- what must not be --- */

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

/* Another file system in the folder is out of reach unless it was lent, too: here /dev in /. */
static void test_mounts(gconstpointer flags)
{
    struct stat root, dev;
    struct fixture f = {0};
    struct attributes attributes;
    bool lent = GPOINTER_TO_UINT(flags) & SHARE_MOUNTS;

    if (stat("/", &root) || stat("/dev", &dev) || root.st_dev == dev.st_dev) {
        g_test_skip("/dev is no file system of its own");
        return;
    }
    f.share = share_open("/", GPOINTER_TO_UINT(flags) | SHARE_READ_ONLY, NULL);
    f.ninep = ninep_new(f.share);
    client_init(&f.client, exchange, &f);
    client_start(&f.client, 65536);
    EQ(walk_to(&f.client, 1, "dev"), 0);
    EQ(walk_to(&f.client, 2, "dev/null"), lent ? 0 : NINEP_ENOENT);
    EQ(rpc(&f.client, NINEP_TWALK, "ddW", 1, 3, 1, "null"), lent ? 0 : 18); /* EXDEV */
    EQ(open_path(&f.client, 4, "dev", SHARE_OPEN_READ), lent ? 0 : 18);
    if (lent) {
        EQ(get_attributes(&f.client, 2, &attributes), 0);
        g_assert_cmpuint(attributes.qid, !=, dev.st_ino); /* its numbers are not taken for those of the other one */
        EQ(rpc(&f.client, NINEP_TLOPEN, "dd", 2, 0), NINEP_ENXIO);
    }
    close_server(&f);
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

static GByteArray *save(struct ninep *ninep)
{
    GByteArray *bytes = g_byte_array_new();
    struct state_writer *writer = state_writer_new(bytes);

    ninep_save(ninep, writer);
    state_writer_free(writer);
    return bytes;
}

static bool load(struct ninep *ninep, const GByteArray *bytes)
{
    struct state_reader *reader = state_reader_new(bytes->data, bytes->len);
    bool good = ninep_load(ninep, reader) && !state_reader_failed(reader);

    state_reader_free(reader);
    return good;
}

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
    EQ(clunk_fid(c, 1), NINEP_EPROTO);
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
    EQ(clunk_fid(c, 1), NINEP_EPROTO);
}

/* A state with a path that leads elsewhere is refused. */
static void test_bad_state(struct fixture *f, gconstpointer unused)
{
    const char *const paths[] = {"..", "a/../b", "/etc", "a//b", "a/.", NULL};

    for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        struct state_writer *writer = state_writer_new(bytes);

        state_put_u32(writer, 8192);
        state_put_u32(writer, 1);
        state_put_u32(writer, 1);
        state_put_u32(writer, 0);
        state_put_string(writer, paths[i]);
        state_put_u32(writer, 0);
        state_put_string(writer, NULL);
        state_put_u64(writer, 0);
        state_writer_free(writer);
        g_assert_false(load(f->ninep, bytes));
    }
}

/* A server without a folder that follows the same messages has the same table. */
struct follower {
    struct fixture *f;
    struct ninep *ninep;
};

static void exchange_and_follow(struct client *client, const GByteArray *request)
{
    struct follower *follower = client->opaque;
    struct host_spans in;
    g_autofree uint8_t *copy = g_memdup2(request->data, request->len);

    client->opaque = follower->f;
    exchange(client, request);
    client->opaque = follower;
    cut(copy, request->len, &in);
    ninep_follow(follower->ninep, &in, client->reply->data, client->reply->len);
    g_autoptr(GByteArray) one = save(follower->f->ninep);
    g_autoptr(GByteArray) two = save(follower->ninep);
    g_assert_cmpmem(one->data, one->len, two->data, two->len);
}

static void test_follow(struct fixture *f, gconstpointer unused)
{
    struct follower follower = {f, ninep_new(NULL)};
    struct client *c = &f->client;

    c->exchange = exchange_and_follow;
    c->opaque = &follower;
    client_start(c, 65536);
    test_rename(f, NULL);
    for (const char *const *name = (const char *const[]){"a", "ab", NULL}; *name; name++) {
        g_autofree char *path = host_path(f, *name);
        remove_tree(path);
    }
    client_start(c, 8192);
    test_xattr(f, NULL);
    client_start(c, 8192);
    test_walk(f, NULL);
    EQ(rpc(c, NINEP_TCLUNK, ""), NINEP_EINVAL);
    EQ(rpc(c, NINEP_TREMOVE, "d", 1), 0);
    ninep_free(follower.ninep);
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
#define ADD(name, function, flags)                                                                                     \
    g_test_add("/ninep/" name, struct fixture, GUINT_TO_POINTER(flags), set_up, function, tear_down)
    ADD("version", test_version, 0);
    ADD("malformed", test_malformed, 0);
    ADD("data", test_data, 0);
    ADD("open", test_open, 0);
    ADD("attributes", test_attributes, 0);
    ADD("xattr", test_xattr, 0);
    ADD("read-only", test_read_only, SHARE_READ_ONLY);
    ADD("exhaustion", test_exhaustion, 0);
    ADD("state", test_state, 0);
    ADD("bad-state", test_bad_state, 0);
    ADD("follow", test_follow, 0);
    /* In both ways of resolving paths. */
    ADD("walk", test_walk, 0);
    ADD("walk/by-name", test_walk, SHARE_WALK);
    ADD("above", test_above, 0);
    ADD("above/by-name", test_above, SHARE_WALK);
    ADD("unlinked", test_unlinked, 0);
    ADD("unlinked/by-name", test_unlinked, SHARE_WALK);
    ADD("rename", test_rename, 0);
    ADD("rename/by-name", test_rename, SHARE_WALK);
    ADD("names", test_names, 0);
    ADD("names/by-name", test_names, SHARE_WALK);
    ADD("folders", test_folders, 0);
    ADD("folders/by-name", test_folders, SHARE_WALK);
    ADD("remove-all", test_remove_all, 0);
    ADD("links", test_links, 0);
    ADD("links/by-name", test_links, SHARE_WALK);
    ADD("deep", test_deep, 0);
    ADD("deep/by-name", test_deep, SHARE_WALK);
    for (unsigned flags = 0; flags <= (SHARE_MOUNTS | SHARE_WALK); flags += SHARE_MOUNTS) {
        g_autofree char *name = g_strdup_printf("/ninep/mounts/%u", flags);
        g_test_add_data_func(name, GUINT_TO_POINTER(flags), test_mounts);
    }
    g_test_add_func("/ninep/open-share", test_open_share);
    return g_test_run();
}
