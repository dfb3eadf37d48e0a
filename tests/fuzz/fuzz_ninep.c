/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P server: the input is a session, message after message.  A server without a folder that only follows the replies must
 * end with the same table of fids.
 */
#include "emu/host/ninep.h"

#include <glib/gstdio.h>
#include <stdlib.h>

#include "emu/host/ninep_message.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/remove_tree.h"

enum { REPLY_ROOM = 20000, MOST_MESSAGES = 400 };

static GByteArray *table(struct ninep *ninep)
{
    GByteArray *bytes = g_byte_array_new();
    struct state_writer *writer = state_writer_new(bytes);

    ninep_save(ninep, writer);
    state_writer_free(writer);
    return bytes;
}

static void compare(struct ninep *served, struct ninep *followed)
{
    g_autoptr(GByteArray) one = table(served);
    g_autoptr(GByteArray) two = table(followed);

    if (one->len != two->len || memcmp(one->data, two->data, one->len) != 0)
        abort();
}

/* In two pieces, the first of @first bytes. */
static void pieces(uint8_t *bytes, size_t length, size_t first, struct host_spans *spans)
{
    size_t part = MIN(first, length);

    spans->count = part < length ? 2 : 1;
    spans->span[0] = (struct host_span){bytes, part};
    spans->span[1] = (struct host_span){bytes + part, length - part};
}

static void session(struct ninep *served, struct ninep *followed, uint8_t *data, size_t size)
{
    g_autofree uint8_t *reply = g_malloc(REPLY_ROOM);

    for (unsigned i = 0; size >= NINEP_HEADER && i < MOST_MESSAGES; i++) {
        size_t says = data[0] | (size_t)data[1] << 8, length = CLAMP(says, NINEP_HEADER, size);
        struct host_spans in, out;

        pieces(data, length, 1 + i % 30, &in);
        pieces(reply, REPLY_ROOM - (i % 3) * 9000, 11, &out);
        size_t got = ninep_serve(served, &in, &out);
        if (got < 11 - 4 || got > REPLY_ROOM || (reply[0] | (size_t)reply[1] << 8 | (size_t)reply[2] << 16) != got)
            abort();
        ninep_follow(followed, &in, reply, got);
        data += length;
        size -= length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *folder = g_dir_make_tmp("galvanic-fuzz-ninep-XXXXXX", NULL);
    struct share *share = share_open(folder, 0, NULL);
    struct ninep *served = ninep_new(share), *followed = ninep_new(NULL);
    g_autofree uint8_t *copy = g_memdup2(data, size);

    session(served, followed, copy, size);
    compare(served, followed);
    ninep_free(served);
    ninep_free(followed);
    share_close(share);
    remove_tree(folder);
    return 0;
}

/* --- a good session --- */

static void finish(GByteArray *seed, GByteArray *message)
{
    ninep_end(message, 0);
    g_byte_array_append(seed, message->data, message->len);
}

static GByteArray *begin(GByteArray *message, uint8_t type, uint32_t fid)
{
    ninep_begin(message, type, 1);
    ninep_put_u32(message, fid);
    return message;
}

static void put_walk(GByteArray *seed, GByteArray *message, uint32_t fid, const char *name)
{
    ninep_put_u32(begin(message, NINEP_TWALK, 0), fid);
    ninep_put_u16(message, name ? 1 : 0);
    if (name)
        ninep_put_string(message, name);
    finish(seed, message);
}

static void put_create(GByteArray *seed, GByteArray *message, uint32_t fid, const char *name)
{
    put_walk(seed, message, fid, NULL);
    ninep_put_string(begin(message, NINEP_TLCREATE, fid), name);
    ninep_put_u32(message, 2);
    ninep_put_u32(message, 0644);
    ninep_put_u32(message, 0);
    finish(seed, message);
}

static void put_data(GByteArray *seed, GByteArray *message, uint32_t fid)
{
    static const uint8_t text[] = "some data";

    ninep_put_u64(begin(message, NINEP_TWRITE, fid), 5);
    ninep_put_u32(message, sizeof(text));
    g_byte_array_append(message, text, sizeof(text));
    finish(seed, message);
    for (unsigned type = NINEP_TREADDIR; type <= NINEP_TREAD; type += NINEP_TREAD - NINEP_TREADDIR) {
        ninep_put_u64(begin(message, (uint8_t)type, fid), 0);
        ninep_put_u32(message, 8000);
        finish(seed, message);
    }
}

/* Locks on the same file by two fids. */
static void put_locks(GByteArray *seed, GByteArray *message)
{
    put_walk(seed, message, 5, "file");
    ninep_put_u32(begin(message, NINEP_TLOPEN, 5), 2);
    finish(seed, message);
    for (uint32_t fid = 1; fid <= 5; fid += 4) {
        for (unsigned type = SHARE_LOCK_READ; type <= SHARE_LOCK_NONE; type++) {
            ninep_put_u8(begin(message, NINEP_TLOCK, fid), (uint8_t)type);
            ninep_put_u32(message, 1);
            ninep_put_u64(message, 10 * fid);
            ninep_put_u64(message, 40 - 10 * type);
            ninep_put_u32(message, 70 + fid);
            ninep_put_string(message, "client");
            finish(seed, message);
        }
        ninep_put_u8(begin(message, NINEP_TGETLOCK, fid), SHARE_LOCK_NONE);
        ninep_put_u64(message, 0);
        ninep_put_u64(message, 0);
        ninep_put_u32(message, 7);
        ninep_put_string(message, "client");
        finish(seed, message);
    }
}

static void put_names(GByteArray *seed, GByteArray *message)
{
    ninep_put_string(begin(message, NINEP_TMKDIR, 0), "folder");
    ninep_put_u32(message, 0755);
    ninep_put_u32(message, 0);
    finish(seed, message);
    ninep_put_string(begin(message, NINEP_TSYMLINK, 0), "link");
    ninep_put_string(message, "folder");
    ninep_put_u32(message, 0);
    finish(seed, message);
    put_walk(seed, message, 3, "folder");
    ninep_put_string(begin(message, NINEP_TRENAMEAT, 0), "file");
    ninep_put_u32(message, 3);
    ninep_put_string(message, "other");
    finish(seed, message);
    ninep_put_u64(begin(message, NINEP_TGETATTR, 1), 0x3FFF);
    finish(seed, message);
    ninep_put_u32(begin(message, NINEP_TLOPEN, 3), 0);
    finish(seed, message);
    put_data(seed, message, 3);
    ninep_put_u32(begin(message, NINEP_TXATTRWALK, 1), 4);
    ninep_put_string(message, "user.x");
    finish(seed, message);
    ninep_put_string(begin(message, NINEP_TUNLINKAT, 3), "other");
    ninep_put_u32(message, 0);
    finish(seed, message);
    finish(seed, begin(message, NINEP_TSTATFS, 0));
    finish(seed, begin(message, NINEP_TFSYNC, 1));
    finish(seed, begin(message, NINEP_TCLUNK, 1));
    finish(seed, begin(message, NINEP_TREMOVE, 3));
}

void fuzz_seed(GByteArray *seed)
{
    g_autoptr(GByteArray) message = g_byte_array_new();

    ninep_put_string(begin(message, NINEP_TVERSION, 8192), NINEP_VERSION);
    finish(seed, message);
    ninep_put_u32(begin(message, NINEP_TATTACH, 0), UINT32_MAX);
    ninep_put_string(message, "");
    ninep_put_string(message, "");
    ninep_put_u32(message, 0);
    finish(seed, message);
    put_create(seed, message, 1, "file");
    put_data(seed, message, 1);
    put_locks(seed, message);
    put_names(seed, message);
}
