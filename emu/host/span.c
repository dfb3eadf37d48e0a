/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See span.h. */
#include "emu/host/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

size_t host_spans_length(const struct host_spans *spans)
{
    size_t length = 0;

    for (unsigned i = 0; i < spans->count; i++)
        length += spans->span[i].length;
    return length;
}

static size_t copy(const struct host_spans *spans, size_t offset, uint8_t *bytes, size_t length, bool to_spans)
{
    size_t done = 0;

    for (unsigned i = 0; i < spans->count && done < length; i++) {
        const struct host_span *span = &spans->span[i];

        if (offset >= span->length) {
            offset -= span->length;
            continue;
        }
        size_t part = span->length - offset < length - done ? span->length - offset : length - done;
        uint8_t *place = (uint8_t *)span->data + offset;

        memmove(to_spans ? place : bytes + done, to_spans ? bytes + done : place, part);
        done += part;
        offset = 0;
    }
    return done;
}

size_t host_spans_read(const struct host_spans *spans, size_t offset, void *to, size_t length)
{
    return copy(spans, offset, to, length, false);
}

size_t host_spans_write(const struct host_spans *spans, size_t offset, const void *from, size_t length)
{
    return copy(spans, offset, (uint8_t *)from, length, true);
}

void host_spans_cut(const struct host_spans *spans, size_t offset, size_t length, struct host_spans *out)
{
    out->count = 0;
    for (unsigned i = 0; i < spans->count && length; i++) {
        const struct host_span *span = &spans->span[i];

        if (offset >= span->length) {
            offset -= span->length;
            continue;
        }
        size_t part = span->length - offset < length ? span->length - offset : length;

        out->span[out->count++] = (struct host_span){(uint8_t *)span->data + offset, part};
        length -= part;
        offset = 0;
    }
}
