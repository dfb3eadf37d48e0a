/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The byte stream of saved state: little endian, lengths before bytes. */
#include <string.h>

#include "emu/bytes.h"
#include "emu/state/state.h"

struct state_writer {
    GByteArray *out;
};

struct state_reader {
    const uint8_t *data;
    size_t length, position;
    bool failed;
};

struct state_writer *state_writer_new(GByteArray *out)
{
    struct state_writer *writer = g_new0(struct state_writer, 1);
    writer->out = out;
    return writer;
}

void state_writer_free(struct state_writer *writer)
{
    g_free(writer);
}

void state_put_u8(struct state_writer *out, uint8_t value)
{
    append_le(out->out, value, 1);
}

void state_put_u16(struct state_writer *out, uint16_t value)
{
    append_le(out->out, value, 2);
}

void state_put_u32(struct state_writer *out, uint32_t value)
{
    append_le(out->out, value, 4);
}

void state_put_u64(struct state_writer *out, uint64_t value)
{
    append_le(out->out, value, 8);
}

void state_put_bytes(struct state_writer *out, const void *data, size_t length)
{
    g_byte_array_append(out->out, data, (guint)length);
}

void state_put_string(struct state_writer *out, const char *text)
{
    if (!text) {
        state_put_u32(out, UINT32_MAX);
        return;
    }
    state_put_u32(out, (uint32_t)strlen(text));
    state_put_bytes(out, text, strlen(text));
}

struct state_reader *state_reader_new(const uint8_t *data, size_t length)
{
    struct state_reader *reader = g_new0(struct state_reader, 1);
    reader->data = data;
    reader->length = length;
    return reader;
}

void state_reader_free(struct state_reader *reader)
{
    g_free(reader);
}

bool state_reader_failed(const struct state_reader *reader)
{
    return reader->failed;
}

void state_reader_fail(struct state_reader *reader)
{
    reader->failed = true;
}

size_t state_reader_left(const struct state_reader *reader)
{
    return reader->failed ? 0 : reader->length - reader->position;
}

bool state_get_bytes(struct state_reader *in, void *data, size_t length)
{
    if (state_reader_left(in) < length) {
        in->failed = true;
        memset(data, 0, length);
        return false;
    }
    memcpy(data, in->data + in->position, length);
    in->position += length;
    return true;
}

static uint64_t get(struct state_reader *in, unsigned size)
{
    uint8_t bytes[8];

    state_get_bytes(in, bytes, size);
    return get_le(bytes, size);
}

uint8_t state_get_u8(struct state_reader *in)
{
    return (uint8_t)get(in, 1);
}

uint16_t state_get_u16(struct state_reader *in)
{
    return (uint16_t)get(in, 2);
}

uint32_t state_get_u32(struct state_reader *in)
{
    return (uint32_t)get(in, 4);
}

uint64_t state_get_u64(struct state_reader *in)
{
    return get(in, 8);
}

char *state_get_string(struct state_reader *in)
{
    uint32_t length = state_get_u32(in);

    if (in->failed || length == UINT32_MAX)
        return NULL;
    if (state_reader_left(in) < length) {
        in->failed = true;
        return NULL;
    }
    char *text = g_malloc(length + 1);
    state_get_bytes(in, text, length);
    text[length] = '\0';
    return text;
}
