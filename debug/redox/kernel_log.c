/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel keeps of its own messages, and of interrupts. */
#include <string.h>

#include "debug/redox/redox.h"
#include "emu/bytes.h"

#define LOG_SPAN 80u
#define LOG_SIZE (1024u * 1024u)
#define INTERRUPTS 224u
#define HANDLES_SPAN 64u
#define NICHE UINT64_C(0x8000000000000000)

/* --- the log: a ring of bytes, whose two numbers are where it begins and how much there is --- */
static char *read_ring(struct redox *redox, uint64_t data, uint64_t first, uint64_t second)
{
    uint64_t head = first, length = second;
    char *text;

    if (second == 0 || (first > 0 && second < LOG_SIZE - 1 && first + second > LOG_SIZE)) {
        head = second; /* the other way round: what has not wrapped begins at 0 */
        length = first;
    }
    if (head >= LOG_SIZE || length >= LOG_SIZE)
        return NULL;
    text = g_malloc(length + 1);
    for (uint64_t done = 0; done < length;) {
        uint64_t at = (head + done) % LOG_SIZE, part = MIN(length - done, LOG_SIZE - at);

        if (!redox_read(redox, data + at, text + done, part)) {
            g_free(text);
            return NULL;
        }
        done += part;
    }
    text[length] = 0;
    return text;
}

char *redox_dmesg(struct redox *redox, GError **error)
{
    uint8_t raw[LOG_SPAN];

    if (redox->log_at && redox_read(redox, redox->log_at, raw, sizeof(raw))) {
        for (unsigned offset = 8; offset + 32 <= LOG_SPAN; offset += 8) { /* behind the lock */
            uint64_t data = 0, numbers[2];
            unsigned count = 0;
            bool capacity = false;
            char *text;

            for (unsigned i = 0; i < 4; i++) { /* capacity, pointer, head and length, in any order */
                uint64_t word = get_le64(raw + offset + i * 8);

                if (word == LOG_SIZE && !capacity)
                    capacity = true;
                else if (redox_is_kernel(word))
                    data = word;
                else if (count < 2)
                    numbers[count++] = word;
            }
            if (!capacity || !data || count != 2)
                continue;
            text = read_ring(redox, data, numbers[0], numbers[1]);
            if (text)
                return text;
        }
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "dmesg: the kernel keeps no log that is known");
    return NULL;
}

/* --- interrupts --- */
struct handles {
    struct redox *redox;
    unsigned size;
    const uint64_t *counts;
    GArray *out; /* of struct redox_interrupt */
    bool broken;
};

static bool add_handle(void *opaque, uint64_t entry)
{
    struct handles *handles = opaque;
    struct redox_interrupt interrupt;
    uint8_t raw[48];
    uint64_t tag, line;

    if (!redox_read(handles->redox, entry, raw, handles->size)) {
        handles->broken = true;
        return false;
    }
    interrupt.handle = get_le64(raw); /* the key stands first */
    tag = get_le64(raw + 8);
    /* The first variant but for the root of newer kernels; the tag stands in place of a vector's capacity. */
    if (tag != NICHE + (handles->redox->newer ? 1 : 0))
        return true;
    interrupt.acknowledged = get_le64(raw + 16);
    line = get_le64(raw + 24) & 0xFF;
    if (line >= INTERRUPTS || interrupt.acknowledged > handles->counts[line]) {
        handles->broken = true;
        return false;
    }
    interrupt.line = (unsigned)line;
    g_array_append_val(handles->out, interrupt);
    return true;
}

static bool read_counts(struct redox *redox, uint64_t counts[INTERRUPTS])
{
    uint8_t raw[INTERRUPTS * 8];

    if (!redox->irq_counts_at || !redox_read(redox, redox->irq_counts_at + 8, raw, sizeof(raw))) /* behind the lock */
        return false;
    for (unsigned i = 0; i < INTERRUPTS; i++)
        counts[i] = get_le64(raw + i * 8);
    return true;
}

GArray *redox_interrupts(struct redox *redox)
{
    uint64_t counts[INTERRUPTS];

    if (!redox->irq_handles_at || !read_counts(redox, counts))
        return NULL;
    for (unsigned offset = 0; offset < HANDLES_SPAN; offset += 8) {
        GArray *out = g_array_new(FALSE, FALSE, sizeof(struct redox_interrupt));
        struct handles handles = {.redox = redox, .size = 40, .counts = counts, .out = out};

        if (redox_table_walk(redox, redox->irq_handles_at + offset, handles.size, add_handle, &handles) &&
            !handles.broken)
            return out;
        g_array_free(out, TRUE);
    }
    return NULL;
}

static bool holds(struct redox *redox, uint64_t context, uint64_t handle)
{
    g_autoptr(GArray) files = redox_files(redox, context);

    for (unsigned i = 0; files && i < files->len; i++) {
        const struct redox_file *file = &g_array_index(files, struct redox_file, i);

        if (file->scheme == REDOX_SCHEME_IRQ && file->handle == handle)
            return true;
    }
    return false;
}

/* Who has the interrupt's file open; threads of one process have the same. */
static void append_holders(struct redox *redox, GString *out, uint64_t handle)
{
    g_autoptr(GArray) contexts = redox_contexts(redox);
    uint64_t space = 0;

    for (unsigned i = 0; contexts && i < contexts->len; i++) {
        uint64_t object = g_array_index(contexts, uint64_t, i);
        struct redox_context context;

        if (!holds(redox, object, handle) || !redox_context(redox, object, &context) || context.addr_space == space)
            continue;
        space = context.addr_space;
        redox_complete_name(redox, &context.process);
        g_string_append_printf(out, "  %s (%" G_GUINT64_FORMAT ")", context.process.name, context.process.id);
    }
}

char *redox_irqs(struct redox *redox, GError **error)
{
    g_autoptr(GArray) interrupts = redox_interrupts(redox);
    uint64_t counts[INTERRUPTS];
    GString *out;

    if (!read_counts(redox, counts)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "irqs: where the kernel counts interrupts is not known");
        return NULL;
    }
    out = g_string_new(" irq      count  held by\n");
    for (unsigned line = 0; line < INTERRUPTS; line++) {
        bool held = false;
        GString *holders = g_string_new(NULL);

        for (unsigned i = 0; interrupts && i < interrupts->len; i++) {
            const struct redox_interrupt *interrupt = &g_array_index(interrupts, struct redox_interrupt, i);

            if (interrupt->line == line) {
                held = true;
                append_holders(redox, holders, interrupt->handle);
            }
        }
        if (held || counts[line])
            g_string_append_printf(out, "%4u %10" G_GUINT64_FORMAT "%s\n", line, counts[line], holders->str);
        g_string_free(holders, TRUE);
    }
    return g_string_free(out, FALSE);
}
