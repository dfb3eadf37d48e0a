/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recording of arbitrary bytes. */
#include <glib/gstdio.h>

#include "emu/journal/journal_file.h"
#include "tests/fuzz/fuzz.h"

static char *temporary(void)
{
    static char *path; /* one a process */

    if (!path)
        path = g_strdup_printf("%s/galvanic-fuzz-journal-%u", g_get_tmp_dir(), (unsigned)g_random_int());
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    struct journal_item item;

    if (!g_file_set_contents(temporary(), (const char *)data, (gssize)size, NULL))
        return 0;
    struct journal_reader *reader = journal_reader_new(temporary(), &error);
    g_assert_true((reader == NULL) == (error != NULL));
    for (bool more = reader != NULL; more;) {
        enum journal_item_kind kind = journal_reader_next(reader, &item, &error);
        g_assert_true((kind == JOURNAL_ITEM_ERROR) == (error != NULL));
        if (kind == JOURNAL_ITEM_INPUT)
            g_assert_cmpuint(item.length, <=, JOURNAL_INPUT_MAX);
        more = kind == JOURNAL_ITEM_SOURCE || kind == JOURNAL_ITEM_INPUT;
    }
    if (reader)
        journal_reader_free(reader);
    g_clear_error(&error);
    g_remove(temporary());
    return 0;
}

void fuzz_seed(GByteArray *seed)
{
    struct journal_writer *writer = journal_writer_new(temporary(), "a header", NULL);
    g_autofree char *bytes = NULL;
    gsize length;

    journal_writer_source(writer, 0, "serial0");
    for (uint8_t i = 0; i < 20; i++)
        journal_writer_input(writer, i % 2 ? JOURNAL_ITEM_ANSWER : JOURNAL_ITEM_INPUT, 1000u * i, 1000 * i, 0,
                             (const uint8_t *)"typed\r", 6);
    journal_writer_end(writer, 100000, 100000, 0x123456789abcdef0);
    journal_writer_close(writer, NULL);
    g_file_get_contents(temporary(), &bytes, &length, NULL);
    g_byte_array_append(seed, (const uint8_t *)bytes, (guint)length);
    g_remove(temporary());
}
