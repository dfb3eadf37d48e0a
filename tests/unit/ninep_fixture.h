/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 9P server on a folder of the test's own, and a client for it.  A second server, without a folder, follows all messages as a
 * replay does: in the end it must have the same state.
 */
#ifndef GALVANIC_TESTS_UNIT_NINEP_FIXTURE_H
#define GALVANIC_TESTS_UNIT_NINEP_FIXTURE_H

#include <glib/gstdio.h>

#include "emu/host/ninep.h"
#include "tests/unit/ninep_client.h"
#include "tests/unit/remove_tree.h"

struct fixture {
    char *folder; /* the share is "share" in it */
    char *root;
    struct share *share;
    struct ninep *ninep, *follower;
    struct client client;
    uint32_t room; /* for replies; 0: as much as the client's messages may have */
};

#define EQ(call, error) g_assert_cmpint((call), ==, (error))

/* In pieces of odd sizes, as guests' buffers may be. */
static inline void cut(uint8_t *bytes, size_t length, struct host_spans *spans)
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

static inline void exchange(struct client *client, const GByteArray *request)
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
    ninep_follow(f->follower, &in, client->reply->data, length);
}

static inline GByteArray *save(struct ninep *ninep)
{
    GByteArray *bytes = g_byte_array_new();
    struct state_writer *writer = state_writer_new(bytes);

    ninep_save(ninep, writer);
    state_writer_free(writer);
    return bytes;
}

static inline bool load(struct ninep *ninep, const GByteArray *bytes)
{
    struct state_reader *reader = state_reader_new(bytes->data, bytes->len);
    bool good = ninep_load(ninep, reader) && !state_reader_failed(reader);

    state_reader_free(reader);
    return good;
}

/* On the folder @root: a server and a client that has attached to it. */
static inline void start_server(struct fixture *f, unsigned flags)
{
    g_autoptr(GError) error = NULL;

    f->share = share_open(f->root, flags, &error);
    g_assert_no_error(error);
    f->ninep = ninep_new(f->share);
    f->follower = ninep_new(NULL);
    client_init(&f->client, exchange, f);
    client_start(&f->client, 65536);
}

static inline void stop_server(struct fixture *f)
{
    g_autoptr(GByteArray) served = save(f->ninep);
    g_autoptr(GByteArray) followed = save(f->follower);

    g_assert_cmpmem(served->data, served->len, followed->data, followed->len);
    ninep_free(f->ninep);
    ninep_free(f->follower);
    share_close(f->share);
    client_clear(&f->client);
}

static inline void set_up(struct fixture *f, gconstpointer flags)
{
    f->folder = g_dir_make_tmp("galvanic-ninep-XXXXXX", NULL);
    f->root = g_build_filename(f->folder, "share", NULL);
    g_assert_cmpint(g_mkdir(f->root, 0755), ==, 0);
    start_server(f, GPOINTER_TO_UINT(flags));
}

static inline void tear_down(struct fixture *f, gconstpointer unused)
{
    stop_server(f);
    remove_tree(f->folder);
    g_free(f->folder);
    g_free(f->root);
}

/* A file on the host's side. */
static inline char *host_path(struct fixture *f, const char *name)
{
    return g_build_filename(f->root, name, NULL);
}

static inline void put_host(struct fixture *f, const char *name, const char *contents)
{
    g_autofree char *path = host_path(f, name);

    g_assert_true(g_file_set_contents(path, contents, -1, NULL));
}

static inline void assert_host(struct fixture *f, const char *name, const char *contents)
{
    g_autofree char *path = host_path(f, name), *found = NULL;

    g_file_get_contents(path, &found, NULL, NULL);
    g_assert_cmpstr(found, ==, contents);
}

/* The names from @offset on, in one line; where to go on in *@offset. */
static inline char *list(struct client *c, uint32_t fid, uint64_t *offset, uint32_t count)
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

static inline void assert_list(struct client *c, uint32_t fid, uint64_t *offset, uint32_t count, const char *expected)
{
    g_autofree char *names = list(c, fid, offset, count);

    g_assert_cmpstr(names, ==, expected);
}

#define ADD_TEST(name, function, flags)                                                                                \
    g_test_add("/ninep/" name, struct fixture, GUINT_TO_POINTER(flags), set_up, function, tear_down)

#endif
