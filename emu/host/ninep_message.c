/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ninep_message.h.  Each type's fields stand in a table, in their order on the wire. */
#include "emu/host/ninep_message.h"

#include <string.h>

/* What a field is, and where it goes. */
struct field {
    uint8_t kind; /* its bytes, or one of: */
    size_t offset;
};

enum { END = 0, STRING = 100, WALK, OPTIONAL_U32 };

#define AT(kind, member)                                                                                               \
    {                                                                                                                  \
        (kind), offsetof(struct ninep_request, member)                                                                 \
    }
#define FID AT(4, fid)
#define SECOND AT(4, second_fid)
#define NAME AT(STRING, name)
#define SECOND_NAME AT(STRING, second_name)
#define FLAGS AT(4, flags)
#define MODE AT(4, mode)
#define GID AT(4, gid)
#define OFFSET AT(8, offset)
#define COUNT AT(4, count)

enum { MOST_FIELDS = 11 };

static const struct field fields[NINEP_TYPES][MOST_FIELDS] = {
    [NINEP_TSTATFS] = {FID},
    [NINEP_TLOPEN] = {FID, FLAGS},
    [NINEP_TLCREATE] = {FID, NAME, FLAGS, MODE, GID},
    [NINEP_TSYMLINK] = {FID, NAME, SECOND_NAME, GID},
    [NINEP_TMKNOD] = {FID, NAME, MODE, AT(4, major), AT(4, minor), GID},
    [NINEP_TRENAME] = {FID, SECOND, NAME},
    [NINEP_TREADLINK] = {FID},
    [NINEP_TGETATTR] = {FID, AT(8, mask)},
    [NINEP_TSETATTR] = {FID, AT(4, valid), MODE, AT(4, uid), GID, AT(8, length), AT(8, atime_seconds),
                        AT(8, atime_nanoseconds), AT(8, mtime_seconds), AT(8, mtime_nanoseconds)},
    [NINEP_TXATTRWALK] = {FID, SECOND, NAME},
    [NINEP_TXATTRCREATE] = {FID, NAME, AT(8, length), FLAGS},
    [NINEP_TREADDIR] = {FID, OFFSET, COUNT},
    [NINEP_TFSYNC] = {FID, AT(OPTIONAL_U32, flags)},
    [NINEP_TLOCK] = {FID, AT(1, lock_type), FLAGS, OFFSET, AT(8, length), AT(4, mode), NAME},
    [NINEP_TGETLOCK] = {FID, AT(1, lock_type), OFFSET, AT(8, length), AT(4, mode), NAME},
    [NINEP_TLINK] = {FID, SECOND, NAME},
    [NINEP_TMKDIR] = {FID, NAME, MODE, GID},
    [NINEP_TRENAMEAT] = {FID, NAME, SECOND, SECOND_NAME},
    [NINEP_TUNLINKAT] = {FID, NAME, FLAGS},
    [NINEP_TVERSION] = {AT(4, msize), NAME},
    [NINEP_TAUTH] = {SECOND, NAME, SECOND_NAME, AT(OPTIONAL_U32, uid)},
    [NINEP_TATTACH] = {FID, SECOND, NAME, SECOND_NAME, AT(OPTIONAL_U32, uid)},
    [NINEP_TFLUSH] = {AT(2, old_tag)},
    [NINEP_TWALK] = {FID, SECOND, AT(WALK, walk)},
    [NINEP_TREAD] = {FID, OFFSET, COUNT},
    [NINEP_TWRITE] = {FID, OFFSET, COUNT},
    [NINEP_TCLUNK] = {FID},
    [NINEP_TREMOVE] = {FID},
};

struct cursor {
    uint8_t *at, *end;
    bool bad;
};

static uint64_t take(struct cursor *cursor, unsigned bytes)
{
    uint64_t value = 0;

    if (cursor->bad || (size_t)(cursor->end - cursor->at) < bytes) {
        cursor->bad = true;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)cursor->at[i] << 8 * i;
    cursor->at += bytes;
    return value;
}

/* Strings get their NUL when all fields have been read: it overwrites the first byte of what follows. */
static const char *take_string(struct cursor *cursor, GPtrArray *ends)
{
    uint64_t length = take(cursor, 2);
    char *text = (char *)cursor->at;

    if (cursor->bad || (size_t)(cursor->end - cursor->at) < length || memchr(text, 0, length)) {
        cursor->bad = true;
        return NULL;
    }
    cursor->at += length;
    g_ptr_array_add(ends, cursor->at);
    return text;
}

static void take_walk(struct cursor *cursor, struct ninep_request *request, GPtrArray *ends)
{
    unsigned names = (unsigned)take(cursor, 2);

    if (names > request->walk_room) {
        request->walk_room = names;
        request->walk = g_renew(const char *, request->walk, names);
    }
    for (request->names = 0; request->names < names && !cursor->bad; request->names++)
        request->walk[request->names] = take_string(cursor, ends);
}

static void take_field(struct cursor *cursor, const struct field *field, struct ninep_request *request, GPtrArray *ends)
{
    void *member = (uint8_t *)request + field->offset;

    switch (field->kind) {
    case 1:
        *(uint8_t *)member = (uint8_t)take(cursor, 1);
        break;
    case 2:
        *(uint16_t *)member = (uint16_t)take(cursor, 2);
        break;
    case OPTIONAL_U32: /* older clients end before it */
        if (cursor->at == cursor->end)
            break;
        /* fall through */
    case 4:
        *(uint32_t *)member = (uint32_t)take(cursor, 4);
        break;
    case 8:
        *(uint64_t *)member = take(cursor, 8);
        break;
    case STRING:
        *(const char **)member = take_string(cursor, ends);
        break;
    default: /* WALK */
        take_walk(cursor, request, ends);
        break;
    }
}

int ninep_decode(struct ninep_request *request, uint8_t *bytes, size_t length)
{
    struct cursor cursor = {.at = bytes, .end = bytes + length};
    g_autoptr(GPtrArray) ends = g_ptr_array_new();
    const char **walk = request->walk;
    unsigned walk_room = request->walk_room;

    *request = (struct ninep_request){.walk = walk, .walk_room = walk_room};
    request->size = (uint32_t)take(&cursor, 4);
    request->type = (uint8_t)take(&cursor, 1);
    request->tag = (uint16_t)take(&cursor, 2);
    if (cursor.bad)
        return NINEP_EINVAL;
    if (request->type >= NINEP_TYPES || fields[request->type][0].kind == END)
        return NINEP_EOPNOTSUPP;
    for (const struct field *field = fields[request->type]; field->kind != END && !cursor.bad; field++)
        take_field(&cursor, field, request, ends);
    if (cursor.bad)
        return NINEP_EINVAL;
    for (guint i = 0; i < ends->len; i++)
        *(uint8_t *)g_ptr_array_index(ends, i) = 0;
    return 0;
}

void ninep_request_clear(struct ninep_request *request)
{
    g_free(request->walk);
    *request = (struct ninep_request){0};
}

/* --- replies --- */

static void put(GByteArray *reply, uint64_t value, unsigned bytes)
{
    uint8_t little[8];

    for (unsigned i = 0; i < bytes; i++)
        little[i] = (uint8_t)(value >> 8 * i);
    g_byte_array_append(reply, little, bytes);
}

void ninep_put_u8(GByteArray *reply, uint8_t value)
{
    put(reply, value, 1);
}

void ninep_put_u16(GByteArray *reply, uint16_t value)
{
    put(reply, value, 2);
}

void ninep_put_u32(GByteArray *reply, uint32_t value)
{
    put(reply, value, 4);
}

void ninep_put_u64(GByteArray *reply, uint64_t value)
{
    put(reply, value, 8);
}

void ninep_put_string(GByteArray *reply, const char *text)
{
    size_t length = MIN(strlen(text), UINT16_MAX);

    put(reply, length, 2);
    g_byte_array_append(reply, (const guint8 *)text, (guint)length);
}

void ninep_put_qid(GByteArray *reply, const struct ninep_qid *qid)
{
    put(reply, qid->type, 1);
    put(reply, qid->version, 4);
    put(reply, qid->path, 8);
}

void ninep_begin(GByteArray *reply, uint8_t type, uint16_t tag)
{
    g_byte_array_set_size(reply, 0);
    put(reply, 0, 4);
    put(reply, type, 1);
    put(reply, tag, 2);
}

void ninep_end(GByteArray *reply, uint32_t extra)
{
    uint32_t size = reply->len + extra;

    for (unsigned i = 0; i < 4; i++)
        reply->data[i] = (uint8_t)(size >> 8 * i);
}
