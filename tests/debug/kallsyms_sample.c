/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/debug/kallsyms_sample.h"

#include <string.h>

#include "emu/bytes.h"

static void align(GByteArray *out)
{
    static const uint8_t zeros[8];

    g_byte_array_append(out, zeros, -out->len & 7);
}

static char *name_of(const struct kallsyms_sample *sample, unsigned index)
{
    if (index * 0x100 == SAMPLE_ENTRY) {
        return g_strdup_printf("T%s", sample->entry);
    }
    if (index == 300) {
        g_autofree char *tail = g_strnfill(200, 'x');

        return g_strdup_printf("tname_300_%s", tail);
    }
    return g_strdup_printf("%cname_%u", index < 600 ? 't' : 'd', index);
}

static void append_offsets(GByteArray *out, const struct kallsyms_sample *sample)
{
    unsigned absolute = sample->percpu ? 4 : 0;

    for (unsigned i = 0; i < SAMPLE_NAMES; i++) {
        uint32_t offset = i * 0x100;

        append_le(out, i < absolute ? i * 8 : sample->percpu ? (uint32_t)-1 - offset : offset, 4);
    }
    align(out);
    append_le(out, sample->base, 8);
}

static void append_names(GByteArray *out, const struct kallsyms_sample *sample)
{
    guint start = out->len;
    GArray *markers = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (unsigned i = 0; i < SAMPLE_NAMES; i++) {
        g_autofree char *name = name_of(sample, i);
        size_t length = strlen(name);
        uint8_t head[2] = {(uint8_t)length, 0};
        uint32_t marker = out->len - start;

        if (i % 256 == 0) {
            g_array_append_val(markers, marker);
        }
        if (length > 127) {
            head[0] = (uint8_t)(0x80 | (length & 0x7f));
            head[1] = (uint8_t)(length >> 7);
        }
        g_byte_array_append(out, head, length > 127 ? 2 : 1);
        g_byte_array_append(out, (const uint8_t *)name, (guint)length); /* token n is the character n */
    }
    align(out);
    for (guint i = 0; i < markers->len; i++) {
        append_le(out, g_array_index(markers, uint32_t, i), 4);
    }
    align(out);
    g_array_free(markers, TRUE);
}

static void append_tokens(GByteArray *out)
{
    uint16_t index[256];
    guint start = out->len;

    for (unsigned i = 0; i < 256; i++) {
        /* the ones that no name needs stand for more than a character */
        g_autofree char *token = i > 32 && i < 127 ? g_strdup_printf("%c", i) : g_strdup_printf("token%u", i);

        index[i] = GUINT16_TO_LE((uint16_t)(out->len - start));
        g_byte_array_append(out, (const uint8_t *)token, (guint)strlen(token) + 1);
    }
    align(out);
    g_byte_array_append(out, (const uint8_t *)index, sizeof(index));
}

void kallsyms_sample_append(GByteArray *out, const struct kallsyms_sample *sample)
{
    align(out);
    if (!sample->offsets_behind) {
        append_offsets(out, sample);
    }
    append_le(out, SAMPLE_NAMES, 8);
    append_names(out, sample);
    for (unsigned i = 0; sample->sequences && i < SAMPLE_NAMES; i++) {
        const uint8_t sequence[3] = {0, (uint8_t)(i >> 8), (uint8_t)i};

        g_byte_array_append(out, sequence, 3);
    }
    align(out);
    append_tokens(out);
    if (sample->offsets_behind) {
        append_offsets(out, sample);
    }
}
