/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 9P client for tests: sends one message at a time, through whatever carries it, and reads the reply field by field. */
#ifndef GALVANIC_TESTS_UNIT_NINEP_CLIENT_H
#define GALVANIC_TESTS_UNIT_NINEP_CLIENT_H

#include <stdarg.h>
#include <string.h>

#include "emu/host/ninep_message.h"

#define NO_FID UINT32_MAX

struct client {
    /* Carries a message to the server; the reply, of whatever length, goes into client->reply. */
    void (*exchange)(struct client *client, const GByteArray *request);
    void *opaque;
    GByteArray *request, *reply;
    size_t at; /* of the next field of the reply */
    uint32_t msize;
    uint16_t tag;
};

static inline void client_init(struct client *client, void (*exchange)(struct client *, const GByteArray *),
                               void *opaque)
{
    *client = (struct client){.exchange = exchange, .opaque = opaque, .msize = 65536};
    client->request = g_byte_array_new();
    client->reply = g_byte_array_new();
}

static inline void client_clear(struct client *client)
{
    g_byte_array_unref(client->request);
    g_byte_array_unref(client->reply);
}

static inline uint64_t take_number(struct client *client, unsigned bytes)
{
    uint64_t value = 0;

    g_assert_cmpuint(client->at + bytes, <=, client->reply->len);
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)client->reply->data[client->at++] << 8 * i;
    return value;
}

static inline char *take_text(struct client *client)
{
    size_t length = take_number(client, 2);

    g_assert_cmpuint(client->at + length, <=, client->reply->len);
    client->at += length;
    return g_strndup((const char *)client->reply->data + client->at - length, length);
}

/* The path of a qid; its type goes to *@type. */
static inline uint64_t take_qid(struct client *client, uint8_t *type)
{
    uint8_t own = (uint8_t)take_number(client, 1);

    if (type)
        *type = own;
    take_number(client, 4);
    return take_number(client, 8);
}

/* One letter a field: b 1 byte, w 2, d 4, q 8, s string, W uint16_t count of strings and so many, x the bytes of a GByteArray. */
static inline void put_fields(GByteArray *request, const char *format, va_list fields)
{
    for (; *format; format++) {
        switch (*format) {
        case 'b':
            ninep_put_u8(request, (uint8_t)va_arg(fields, unsigned));
            break;
        case 'w':
            ninep_put_u16(request, (uint16_t)va_arg(fields, unsigned));
            break;
        case 'd':
            ninep_put_u32(request, va_arg(fields, uint32_t));
            break;
        case 'q':
            ninep_put_u64(request, va_arg(fields, uint64_t));
            break;
        case 's':
            ninep_put_string(request, va_arg(fields, const char *));
            break;
        case 'x': {
            const GByteArray *bytes = va_arg(fields, const GByteArray *);
            g_byte_array_append(request, bytes->data, bytes->len);
            break;
        }
        default: { /* W */
            unsigned count = va_arg(fields, unsigned);
            ninep_put_u16(request, (uint16_t)count);
            for (unsigned i = 0; i < count; i++)
                ninep_put_string(request, va_arg(fields, const char *));
        }
        }
    }
}

/* Sends client->request, whose size is set; the error number of the reply, 0 for the reply that belongs to the request. */
static inline int client_exchange(struct client *client)
{
    uint8_t type = client->request->data[4];

    g_byte_array_set_size(client->reply, 0);
    client->exchange(client, client->request);
    client->at = 0;
    g_assert_cmpuint(take_number(client, 4), ==, client->reply->len);
    g_assert_cmpuint(client->reply->len, <=, client->msize);
    uint8_t answer = (uint8_t)take_number(client, 1);
    g_assert_cmpuint(take_number(client, 2), ==, client->tag);
    if (answer == NINEP_RLERROR) {
        int error = (int)take_number(client, 4);
        g_assert_cmpuint(client->reply->len, ==, client->at);
        g_assert_cmpint(error, >, 0);
        return error;
    }
    g_assert_cmpuint(answer, ==, type + 1);
    return 0;
}

static inline int rpc(struct client *client, uint8_t type, const char *format, ...)
{
    va_list fields;

    ninep_begin(client->request, type, ++client->tag);
    va_start(fields, format);
    put_fields(client->request, format, fields);
    va_end(fields);
    ninep_end(client->request, 0);
    return client_exchange(client);
}

/* --- sequences that tests need often; each must work --- */

static inline void client_start(struct client *client, uint32_t msize)
{
    g_assert_cmpint(rpc(client, NINEP_TVERSION, "ds", msize, NINEP_VERSION), ==, 0);
    client->msize = (uint32_t)take_number(client, 4);
    g_autofree char *version = take_text(client);
    g_assert_cmpstr(version, ==, NINEP_VERSION);
    g_assert_cmpint(rpc(client, NINEP_TATTACH, "ddssd", 0, NO_FID, "", "", 0), ==, 0);
}

/* @fid becomes @path, of at most three names, from fid 0: an error number. */
static inline int walk_to(struct client *client, uint32_t fid, const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    unsigned count = *path ? g_strv_length(names) : 0;

    g_assert_cmpuint(count, <=, 3);
    int error = rpc(client, NINEP_TWALK, "ddW", 0, fid, count, names[0], count > 1 ? names[1] : NULL,
                    count > 2 ? names[2] : NULL);
    return error ? error : take_number(client, 2) == count ? 0 : NINEP_ENOENT;
}

static inline int clunk_fid(struct client *client, uint32_t fid)
{
    return rpc(client, NINEP_TCLUNK, "d", fid);
}

static inline int open_path(struct client *client, uint32_t fid, const char *path, uint32_t flags)
{
    int error = walk_to(client, fid, path);

    if (error)
        return error;
    error = rpc(client, NINEP_TLOPEN, "dd", fid, flags);
    if (error)
        clunk_fid(client, fid);
    return error;
}

/* Makes @name in the folder @folder, and leaves it open as @fid. */
static inline int create_file(struct client *client, uint32_t fid, const char *folder, const char *name, uint32_t flags,
                              uint32_t mode)
{
    int error = walk_to(client, fid, folder);

    if (error)
        return error;
    error = rpc(client, NINEP_TLCREATE, "dsddd", fid, name, flags, mode, 0);
    if (error)
        clunk_fid(client, fid);
    return error;
}

static inline int write_text(struct client *client, uint32_t fid, uint64_t offset, const char *text)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    g_byte_array_append(bytes, (const guint8 *)text, (guint)strlen(text));
    int error = rpc(client, NINEP_TWRITE, "dqdx", fid, offset, bytes->len, bytes);
    if (!error)
        g_assert_cmpuint(take_number(client, 4), ==, bytes->len);
    return error;
}

/* What stands at @offset, to be freed; NULL: an error. */
static inline char *read_text(struct client *client, uint32_t fid, uint64_t offset, uint32_t count)
{
    if (rpc(client, NINEP_TREAD, "dqd", fid, offset, count))
        return NULL;
    size_t length = take_number(client, 4);
    g_assert_cmpuint(length, ==, client->reply->len - client->at);
    return g_strndup((const char *)client->reply->data + client->at, length);
}

struct attributes {
    uint64_t valid, qid, links, size, modified, modified_ns;
    uint32_t mode, uid, gid;
};

static inline int get_attributes(struct client *client, uint32_t fid, struct attributes *out)
{
    int error = rpc(client, NINEP_TGETATTR, "dq", fid, UINT64_C(0x3FFF));

    if (error)
        return error;
    out->valid = take_number(client, 8);
    out->qid = take_qid(client, NULL);
    out->mode = (uint32_t)take_number(client, 4);
    out->uid = (uint32_t)take_number(client, 4);
    out->gid = (uint32_t)take_number(client, 4);
    out->links = take_number(client, 8);
    take_number(client, 8);
    out->size = take_number(client, 8);
    client->at += 8 + 8 + 16; /* block size, blocks, atime */
    out->modified = take_number(client, 8);
    out->modified_ns = take_number(client, 8);
    client->at += 16 + 16 + 16; /* ctime, btime, generation and version */
    g_assert_cmpuint(client->at, ==, client->reply->len);
    return 0;
}

#endif
