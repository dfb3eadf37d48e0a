/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux's log in its memory: the ring buffer of kernel/printk/printk_ringbuffer.h (since 5.10), 64-bit.  A ring of descriptors
 * numbered on and on, each with a state and a block of text in a second ring; a block that does not fit before the end stands at
 * the start.
 */
#include "debug/linux/linux.h"

#include <string.h>

#define DESCRIPTOR_SIZE 24 /* state, begin and next of the text block */
#define INFO_SIZE 88       /* seq, time, length, facility, flags, caller, device */
#define INFO_TIME 8
#define INFO_LENGTH 16
#define BLOCK_HEADER 8 /* the descriptor's number before the text */
#define STATE_SHIFT 62
#define STATE_COMMITTED 1
#define STATE_FINALIZED 2
#define MOST_BITS 22
#define LINE_MOST 1024

struct ring {
    struct linux_os *linux_os;
    uint32_t bits;
    uint64_t descriptors, infos, head, tail;
    uint32_t text_bits;
    uint64_t text;
};

static bool read_ring(struct ring *ring, uint64_t at)
{
    struct linux_os *linux_os = ring->linux_os;

    if (!linux_u32(linux_os, at, &ring->bits) || !linux_u64(linux_os, at + 8, &ring->descriptors) ||
        !linux_u64(linux_os, at + 16, &ring->infos) || !linux_u64(linux_os, at + 24, &ring->head) ||
        !linux_u64(linux_os, at + 32, &ring->tail))
        return false;
    /* Between them the newest finalized one, in kernels that keep it. */
    for (uint64_t offset = 40; offset <= 48; offset += 8) {
        if (linux_u32(linux_os, at + offset, &ring->text_bits) && ring->text_bits >= 10 && ring->text_bits <= 30 &&
            linux_u64(linux_os, at + offset + 8, &ring->text) && linux_is_kernel(ring->text) && ring->bits > 0 &&
            ring->bits <= MOST_BITS && linux_is_kernel(ring->descriptors) && linux_is_kernel(ring->infos))
            return true;
    }
    return false;
}

/* The text of a block; its length in @length at most. */
static uint64_t text_at(const struct ring *ring, uint64_t begin, uint64_t next)
{
    uint64_t size = 1ULL << ring->text_bits;

    if (begin >> ring->text_bits != next >> ring->text_bits && next % size != 0)
        return ring->text + BLOCK_HEADER;
    return ring->text + begin % size + BLOCK_HEADER;
}

static void append_lines(GString *out, uint64_t ns, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++)
        g_string_append_printf(out, "[%5" G_GUINT64_FORMAT ".%06u] %s\n", ns / 1000000000,
                               (unsigned)(ns % 1000000000 / 1000), *line);
}

static void append_record(const struct ring *ring, uint64_t id, GString *out)
{
    uint64_t index = id & ((1ULL << ring->bits) - 1);
    uint64_t descriptor = ring->descriptors + index * DESCRIPTOR_SIZE, info = ring->infos + index * INFO_SIZE;
    uint64_t state, begin, next, ns;
    uint32_t length;
    char text[LINE_MOST + 1];

    if (!linux_u64(ring->linux_os, descriptor, &state) || !linux_u64(ring->linux_os, descriptor + 8, &begin) ||
        !linux_u64(ring->linux_os, descriptor + 16, &next) || !linux_u64(ring->linux_os, info + INFO_TIME, &ns) ||
        !linux_u32(ring->linux_os, info + INFO_LENGTH, &length))
        return;
    unsigned kind = (unsigned)(state >> STATE_SHIFT);
    if ((state ^ id) << 2 || (kind != STATE_COMMITTED && kind != STATE_FINALIZED) || (begin & 1) || (next & 1))
        return; /* another record's by now, being written, or without text */
    length = MIN(length & 0xFFFF, LINE_MOST);
    length = (uint32_t)space_read(&ring->linux_os->kernel, text_at(ring, begin, next), text, length);
    for (uint32_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 && text[i] != '\n' && text[i] != '\t')
            text[i] = '?';
    text[length] = '\0';
    append_lines(out, ns, text);
}

/* By the name of the pointer to it, or as something that a function mentions which reads it. */
static bool find_ring(struct ring *ring)
{
    uint64_t mentioned[9] = {linux_symbol(ring->linux_os, "prb")}, at;
    unsigned count = 1 + linux_references(ring->linux_os, "kmsg_dump_rewind", mentioned + 1, 8);

    for (unsigned i = 0; i < count; i++)
        if (mentioned[i] && linux_u64(ring->linux_os, mentioned[i], &at) && linux_is_kernel(at) && read_ring(ring, at))
            return true;
    return false;
}

char *linux_dmesg(struct linux_os *linux_os, GError **error)
{
    struct ring ring = {.linux_os = linux_os};

    if (!find_ring(&ring)) {
        g_set_error(
            error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
            "dmesg: this kernel's log is not kept as in Linux 5.10 and later, or its symbol \"prb\" is missing");
        return NULL;
    }
    GString *out = g_string_new(NULL);
    uint64_t mask = (1ULL << STATE_SHIFT) - 1, id = ring.tail & mask;
    for (uint64_t count = 0; count <= 1ULL << ring.bits; count++, id = (id + 1) & mask) {
        append_record(&ring, id, out);
        if (id == (ring.head & mask))
            break;
    }
    return g_string_free(out, FALSE);
}
