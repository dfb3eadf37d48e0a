/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing and reading recordings: see journal_file.h for the format. */
#include "emu/journal/journal_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "emu/bytes.h"
#include "emu/state/state.h"

#define MAGIC "GALVREC\n"
#define VERSION 1
#define MAGIC_LENGTH 8
/* Longest item without its data: kind, four numbers of ten bytes. */
#define ITEM_HEAD_MAX 48

enum item_tag { TAG_SOURCE = 1, TAG_INPUT = 2, TAG_END = 3, TAG_ANSWER = 4 };

static uint32_t check_of(const GByteArray *bytes, uint32_t before)
{
    return (uint32_t)state_hash_bytes(bytes->data, bytes->len, before);
}

static void put_u8(GByteArray *out, uint8_t value)
{
    g_byte_array_append(out, &value, 1);
}

static void put_varint(GByteArray *out, uint64_t value)
{
    while (value >= 0x80) {
        put_u8(out, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    put_u8(out, (uint8_t)value);
}

/* --- writing --- */

struct journal_writer {
    FILE *file;
    char *path;
    GByteArray *item;
    uint32_t check;
    uint64_t instructions;
    int64_t virtual_ns;
    int failure; /* errno of the first write that failed */
};

static void write_all(struct journal_writer *writer, const void *data, size_t length)
{
    if (writer->failure)
        return;
    errno = 0;
    if (fwrite(data, 1, length, writer->file) != length)
        writer->failure = errno ? errno : EIO;
}

/* Writes writer->item with its check behind it. */
static void write_item(struct journal_writer *writer)
{
    writer->check = check_of(writer->item, writer->check);
    append_le(writer->item, writer->check, 4);
    write_all(writer, writer->item->data, writer->item->len);
    g_byte_array_set_size(writer->item, 0);
}

struct journal_writer *journal_writer_new(const char *path, const char *header, GError **error)
{
    size_t header_length = strlen(header);

    if (header_length > JOURNAL_HEADER_MAX) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: the description of a recording has %zu bytes, more than the %u that there is room for", path,
                    header_length, JOURNAL_HEADER_MAX);
        return NULL;
    }
    errno = 0;
    FILE *file = fopen(path, "wb");
    if (!file) {
        int failure = errno;

        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(failure),
                    "%s: cannot make this recording (%s); name a file in a folder that can be written to", path,
                    g_strerror(failure));
        return NULL;
    }

    struct journal_writer *writer = g_new0(struct journal_writer, 1);

    writer->file = file;
    writer->path = g_strdup(path);
    writer->item = g_byte_array_new();
    g_byte_array_append(writer->item, (const uint8_t *)MAGIC, MAGIC_LENGTH);
    append_le(writer->item, VERSION, 4);
    append_le(writer->item, header_length, 4);
    g_byte_array_append(writer->item, (const uint8_t *)header, (guint)header_length);
    write_item(writer);
    return writer;
}

static void put_point(struct journal_writer *writer, uint64_t instructions, int64_t virtual_ns)
{
    g_assert(instructions >= writer->instructions && virtual_ns >= writer->virtual_ns);
    put_varint(writer->item, instructions - writer->instructions);
    put_varint(writer->item, (uint64_t)(virtual_ns - writer->virtual_ns));
    writer->instructions = instructions;
    writer->virtual_ns = virtual_ns;
}

void journal_writer_source(struct journal_writer *writer, unsigned source, const char *name)
{
    size_t length = strlen(name);

    put_u8(writer->item, TAG_SOURCE);
    put_varint(writer->item, source);
    put_varint(writer->item, length);
    g_byte_array_append(writer->item, (const uint8_t *)name, (guint)length);
    write_item(writer);
}

void journal_writer_input(struct journal_writer *writer, enum journal_item_kind kind, uint64_t instructions,
                          int64_t virtual_ns, unsigned source, const uint8_t *data, size_t length)
{
    put_u8(writer->item, kind == JOURNAL_ITEM_ANSWER ? TAG_ANSWER : TAG_INPUT);
    put_point(writer, instructions, virtual_ns);
    put_varint(writer->item, source);
    put_varint(writer->item, length);
    g_byte_array_append(writer->item, data, (guint)length);
    write_item(writer);
}

void journal_writer_end(struct journal_writer *writer, uint64_t instructions, int64_t virtual_ns, uint64_t hash)
{
    put_u8(writer->item, TAG_END);
    put_point(writer, instructions, virtual_ns);
    append_le(writer->item, hash, 8);
    write_item(writer);
}

void journal_writer_flush(struct journal_writer *writer)
{
    errno = 0;
    if (!writer->failure && fflush(writer->file) != 0)
        writer->failure = errno ? errno : EIO;
}

bool journal_writer_close(struct journal_writer *writer, GError **error)
{
    errno = 0;
    if (fclose(writer->file) != 0 && !writer->failure)
        writer->failure = errno ? errno : EIO;
    int failure = writer->failure;

    if (failure)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(failure),
                    "%s: the recording is not complete (%s); it needs a file with room to grow", writer->path,
                    g_strerror(failure));
    g_byte_array_unref(writer->item);
    g_free(writer->path);
    g_free(writer);
    return failure == 0;
}

/* --- reading --- */

struct journal_reader {
    FILE *file;
    char *path;
    char *header;
    long first_item; /* where the items begin */
    uint32_t first_check;
    /* The item that is being read: all its bytes, for its check. */
    GByteArray *item;
    uint32_t check;
    uint64_t instructions;
    int64_t virtual_ns;
    bool ended;
    const char *trouble; /* what is wrong with the file, when something is */
};

/* Appends @length bytes of the file to the item; false and trouble when there are fewer. */
static bool take(struct journal_reader *reader, size_t length)
{
    guint before = reader->item->len;

    if (reader->trouble)
        return false;
    g_byte_array_set_size(reader->item, before + (guint)length);
    if (fread(reader->item->data + before, 1, length, reader->file) == length)
        return true;
    reader->trouble = ferror(reader->file) ? "cannot be read" : "is cut off in the middle of an item";
    return false;
}

static uint64_t take_little(struct journal_reader *reader, unsigned bytes)
{
    return take(reader, bytes) ? get_le(reader->item->data + reader->item->len - bytes, bytes) : 0;
}

static uint64_t take_varint(struct journal_reader *reader)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = (uint8_t)take_little(reader, 1);

        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80))
            return value;
    }
    if (!reader->trouble)
        reader->trouble = "holds a number that is too large";
    return 0;
}

/* Reads the check that belongs behind the item. */
static bool take_check(struct journal_reader *reader)
{
    if (reader->trouble)
        return false;
    reader->check = check_of(reader->item, reader->check);
    if (take_little(reader, 4) != reader->check && !reader->trouble)
        reader->trouble = "is damaged: a check does not match";
    return !reader->trouble;
}

static void set_trouble(struct journal_reader *reader, GError **error)
{
    long where = ftell(reader->file);

    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "%s: %s (near byte %ld); a recording as --record writes it is wanted", reader->path, reader->trouble,
                where < 0 ? 0 : where);
}

static bool read_file_head(struct journal_reader *reader)
{
    if (!take(reader, MAGIC_LENGTH) || memcmp(reader->item->data, MAGIC, MAGIC_LENGTH) != 0) {
        if (!ferror(reader->file))
            reader->trouble = "is no recording";
        return false;
    }
    if (take_little(reader, 4) != VERSION && !reader->trouble)
        reader->trouble = "was written by another version of this program";
    uint64_t length = take_little(reader, 4);

    if (length > JOURNAL_HEADER_MAX && !reader->trouble)
        reader->trouble = "has a description that is too long";
    guint start = reader->item->len;

    if (reader->trouble || !take(reader, length) || !take_check(reader))
        return false;
    reader->header = g_strndup((const char *)reader->item->data + start, length);
    reader->first_item = ftell(reader->file);
    reader->first_check = reader->check;
    return true;
}

struct journal_reader *journal_reader_new(const char *path, GError **error)
{
    errno = 0;
    FILE *file = fopen(path, "rb");
    if (!file) {
        int failure = errno;

        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(failure),
                    "%s: cannot open this recording (%s); name a file that --record has written", path,
                    g_strerror(failure));
        return NULL;
    }

    struct journal_reader *reader = g_new0(struct journal_reader, 1);

    reader->file = file;
    reader->path = g_strdup(path);
    reader->item = g_byte_array_sized_new(JOURNAL_INPUT_MAX + ITEM_HEAD_MAX);
    if (!read_file_head(reader)) {
        set_trouble(reader, error);
        journal_reader_free(reader);
        return NULL;
    }
    return reader;
}

void journal_reader_free(struct journal_reader *reader)
{
    if (!reader)
        return;
    fclose(reader->file);
    g_byte_array_unref(reader->item);
    g_free(reader->header);
    g_free(reader->path);
    g_free(reader);
}

const char *journal_reader_header(const struct journal_reader *reader)
{
    return reader->header;
}

bool journal_reader_rewind(struct journal_reader *reader, GError **error)
{
    if (fseek(reader->file, reader->first_item, SEEK_SET) != 0) {
        reader->trouble = "cannot be read a second time";
        set_trouble(reader, error);
        return false;
    }
    reader->check = reader->first_check;
    reader->instructions = 0;
    reader->virtual_ns = 0;
    reader->ended = false;
    reader->trouble = NULL;
    return true;
}

static void take_point(struct journal_reader *reader, struct journal_item *item)
{
    uint64_t instructions = take_varint(reader);
    uint64_t ns = take_varint(reader);

    if (reader->trouble)
        return;
    if (instructions > UINT64_MAX - reader->instructions || ns > (uint64_t)(INT64_MAX - reader->virtual_ns)) {
        reader->trouble = "holds a point in time that cannot be";
        return;
    }
    reader->instructions += instructions;
    reader->virtual_ns += (int64_t)ns;
    item->instructions = reader->instructions;
    item->virtual_ns = reader->virtual_ns;
}

/* Source number, length, bytes and check, which sources and inputs have in common; @return where the bytes are. */
static guint take_body(struct journal_reader *reader, struct journal_item *item, size_t max)
{
    uint64_t source = take_varint(reader);
    uint64_t length = take_varint(reader);

    if (!reader->trouble && (source >= JOURNAL_SOURCES_MAX || length == 0 || length > max))
        reader->trouble = "holds an item that cannot be";
    if (reader->trouble)
        return 0;
    guint start = reader->item->len;

    item->source = (unsigned)source;
    item->length = length;
    take(reader, length);
    return start;
}

static void take_item(struct journal_reader *reader, uint8_t tag, struct journal_item *item)
{
    guint start = 0;

    switch (tag) {
    case TAG_SOURCE:
        item->kind = JOURNAL_ITEM_SOURCE;
        start = take_body(reader, item, JOURNAL_NAME_MAX);
        break;
    case TAG_INPUT:
        item->kind = JOURNAL_ITEM_INPUT;
        take_point(reader, item);
        start = take_body(reader, item, JOURNAL_INPUT_MAX);
        break;
    case TAG_ANSWER:
        item->kind = JOURNAL_ITEM_ANSWER;
        take_point(reader, item);
        start = take_body(reader, item, JOURNAL_ANSWER_MAX);
        break;
    case TAG_END:
        item->kind = JOURNAL_ITEM_END;
        take_point(reader, item);
        item->hash = take_little(reader, 8);
        break;
    default:
        reader->trouble = "holds an item of a kind that is not known";
        return;
    }
    if (!take_check(reader))
        return;
    if (tag == TAG_SOURCE)
        reader->item->data[start + item->length] = 0; /* the check stood there and has done its work */
    item->data = reader->item->data + start;
}

enum journal_item_kind journal_reader_next(struct journal_reader *reader, struct journal_item *item, GError **error)
{
    uint8_t tag;

    *item = (struct journal_item){.kind = JOURNAL_ITEM_NOTHING};
    g_byte_array_set_size(reader->item, 0);
    size_t got = fread(&tag, 1, 1, reader->file);

    if (got == 0 && !ferror(reader->file))
        return JOURNAL_ITEM_NOTHING;
    if (got == 0)
        reader->trouble = "cannot be read";
    else if (reader->ended)
        reader->trouble = "goes on behind its end";
    if (!reader->trouble) {
        put_u8(reader->item, tag);
        take_item(reader, tag, item);
    }
    if (reader->trouble) {
        set_trouble(reader, error);
        item->kind = JOURNAL_ITEM_ERROR;
    }
    reader->ended = item->kind == JOURNAL_ITEM_END;
    return item->kind;
}
