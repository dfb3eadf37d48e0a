/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/debug/btf_sample.h"

#include <stdint.h>
#include <string.h>

#include "emu/bytes.h"

struct sample {
    GByteArray *types, *texts;
};

static uint32_t text(struct sample *sample, const char *name)
{
    guint at = sample->texts->len;

    if (!*name) {
        return 0;
    }
    g_byte_array_append(sample->texts, (const uint8_t *)name, (guint)strlen(name) + 1);
    return at;
}

static void type(struct sample *sample, const char *name, uint32_t kind, uint32_t count, uint32_t size_or_type)
{
    append_le(sample->types, text(sample, name), 4);
    append_le(sample->types, kind << 24 | count, 4);
    append_le(sample->types, size_or_type, 4);
}

static void member(struct sample *sample, const char *name, uint32_t number, uint32_t bits)
{
    append_le(sample->types, text(sample, name), 4);
    append_le(sample->types, number, 4);
    append_le(sample->types, bits, 4);
}

static void append_types(struct sample *sample)
{
    type(sample, "int", 1, 0, 4); /* 1 */
    append_le(sample->types, 32, 4);
    type(sample, "long", 1, 0, 8); /* 2 */
    append_le(sample->types, 64, 4);
    type(sample, "", 10, 0, 1);     /* 3: const int */
    type(sample, "pid_t", 8, 0, 3); /* 4 */
    type(sample, "list", 4, 2, 16); /* 5 */
    member(sample, "next", 6, 0);
    member(sample, "prev", 6, 64);
    type(sample, "", 2, 0, 5); /* 6: struct list * */
    type(sample, "", 3, 0, 0); /* 7: struct list[3] */
    append_le(sample->types, 5, 4);
    append_le(sample->types, 1, 4);
    append_le(sample->types, 3, 4);
    type(sample, "", 4, 2, 8); /* 8: struct { int low, high; } */
    member(sample, "low", 1, 0);
    member(sample, "high", 1, 32);
    type(sample, "", 5, 2, 8); /* 9: union */
    member(sample, "number", 2, 0);
    member(sample, "", 8, 0);
    type(sample, "task", 7, 0, 0);         /* 10: a declaration */
    type(sample, "task", 0x80 | 4, 4, 64); /* 11: with bit fields */
    member(sample, "pid", 4, 0);
    member(sample, "bit", 1, 1u << 24 | 32);
    member(sample, "list", 7, 64);
    member(sample, "", 9, 448);
    type(sample, "module_layout", 4, 3, 16); /* 12 */
    member(sample, "base", 2, 0);
    member(sample, "size", 1, 64);
    member(sample, "text_size", 1, 96);
    type(sample, "mod_kallsyms", 4, 3, 24); /* 13 */
    member(sample, "symtab", 2, 0);
    member(sample, "num_symtab", 1, 64);
    member(sample, "strtab", 2, 128);
    type(sample, "", 3, 0, 0); /* 14: 56 bytes */
    append_le(sample->types, 1, 4);
    append_le(sample->types, 1, 4);
    append_le(sample->types, 14, 4);
    type(sample, "module", 4, 5, 128); /* 15 */
    member(sample, "state", 1, 0);
    member(sample, "list", 5, 8 * 8);
    member(sample, "name", 14, 24 * 8);
    member(sample, "core_layout", 12, 80 * 8);
    member(sample, "kallsyms", 2, 96 * 8);
}

void btf_sample_append(GByteArray *out)
{
    static const uint8_t head[] = {0x9f, 0xeb, 1, 0, 24, 0, 0, 0};
    struct sample sample = {.types = g_byte_array_new(), .texts = g_byte_array_new()};

    g_byte_array_append(sample.texts, (const uint8_t *)"", 1);
    append_types(&sample);
    g_byte_array_append(out, head, sizeof(head));
    append_le(out, 0, 4);
    append_le(out, sample.types->len, 4);
    append_le(out, sample.types->len, 4);
    append_le(out, sample.texts->len, 4);
    g_byte_array_append(out, sample.types->data, sample.types->len);
    g_byte_array_append(out, sample.texts->data, sample.texts->len);
    g_byte_array_unref(sample.types);
    g_byte_array_unref(sample.texts);
}
