/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See backlog.h. */
#include "devices/net/backlog.h"

#include <string.h>

#define FRAMES_MAX 1024
#define BYTES_MAX (1u << 20)

void net_backlog_clear(struct net_backlog *backlog)
{
    while (net_backlog_peek(backlog))
        net_backlog_drop(backlog);
}

static struct net_backlog_frame *append(struct net_backlog *backlog, size_t length)
{
    struct net_backlog_frame *entry = g_malloc(sizeof(*entry) + length);

    entry->length = (uint32_t)length;
    entry->segment = 0;
    g_queue_push_tail(&backlog->frames, entry);
    backlog->bytes += length;
    return entry;
}

bool net_backlog_put(struct net_backlog *backlog, const uint8_t *frame, size_t length)
{
    if (backlog->frames.length >= FRAMES_MAX || backlog->bytes + length > BYTES_MAX)
        return false;
    memcpy(append(backlog, length)->bytes, frame, length);
    return true;
}

const struct net_backlog_frame *net_backlog_peek(const struct net_backlog *backlog)
{
    return g_queue_peek_head((GQueue *)&backlog->frames);
}

void net_backlog_drop(struct net_backlog *backlog)
{
    struct net_backlog_frame *entry = g_queue_pop_head(&backlog->frames);

    backlog->bytes -= entry->length;
    g_free(entry);
}

/* --- state --- */

static void save(void *object, struct state_writer *out)
{
    struct net_backlog *backlog = object;

    state_put_u32(out, backlog->frames.length);
    for (const GList *link = backlog->frames.head; link; link = link->next) {
        const struct net_backlog_frame *entry = link->data;

        state_put_u32(out, entry->length);
        state_put_u16(out, entry->segment);
        state_put_bytes(out, entry->bytes, entry->length);
    }
}

static bool load(void *object, struct state_reader *in)
{
    struct net_backlog *backlog = object;
    uint32_t count = state_get_u32(in);

    net_backlog_clear(backlog);
    for (uint32_t i = 0; i < count && !state_reader_failed(in); i++) {
        uint32_t length = state_get_u32(in);
        uint16_t segment = state_get_u16(in);

        if (length < NET_FRAME_MIN || length > NET_FRAME_MAX + 1 || length > state_reader_left(in))
            return false;
        struct net_backlog_frame *entry = append(backlog, length);
        if (segment) { /* it may grow */
            entry = g_realloc(entry, sizeof(*entry) + NET_FRAME_MAX + 1);
            backlog->frames.tail->data = entry;
        }
        entry->segment = segment;
        state_get_bytes(in, entry->bytes, length);
    }
    return !state_reader_failed(in);
}

static const struct state_field fields[] = {
    STATE_CUSTOM("frames", save, load),
    STATE_END,
};

const struct state_table net_backlog_state = {.name = "net-backlog", .version = 1, .fields = fields};
