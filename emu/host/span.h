/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of host memory that together hold a message: guest memory, of which a chain of buffers consists. */
#ifndef GALVANIC_EMU_HOST_SPAN_H
#define GALVANIC_EMU_HOST_SPAN_H

#include <stddef.h>

enum { HOST_SPANS = 512 }; /* pieces of one message at most */

struct host_span {
    void *data;
    size_t length;
};

struct host_spans {
    unsigned count; /* up to HOST_SPANS */
    struct host_span span[HOST_SPANS];
};

/* Bytes in all. */
size_t host_spans_length(const struct host_spans *spans);
/* Copies up to @length bytes from or to offset @offset; how many there were. */
size_t host_spans_read(const struct host_spans *spans, size_t offset, void *to, size_t length);
size_t host_spans_write(const struct host_spans *spans, size_t offset, const void *from, size_t length);
/* The part [@offset, @offset + @length) of @spans, as far as it is there. */
void host_spans_cut(const struct host_spans *spans, size_t offset, size_t length, struct host_spans *out);

#endif
