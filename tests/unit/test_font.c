/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console's font: nothing that UEFI wants is missing, letters differ, lines join. */
#include <glib.h>
#include <string.h>

#include "firmware/uefi/font.h"

static void glyph(uint16_t unit, uint8_t rows[FONT_HEIGHT])
{
    if (!font_glyph(unit, rows))
        g_error("no glyph for U+%04X", unit);
}

static void test_printable_glyphs_differ(void)
{
    GHashTable *seen = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);

    for (uint16_t unit = 0x20; unit < 0x180; unit++) {
        uint8_t rows[FONT_HEIGHT];

        if ((unit >= 0x7F && unit <= 0xA0) || unit == 0xAD)
            continue;
        if (unit < 0x100)
            glyph(unit, rows);
        else if (!font_glyph(unit, rows))
            continue;
        if (!g_hash_table_add(seen, g_bytes_new(rows, sizeof(rows))))
            g_error("U+%04X looks like another one", unit);
    }
    g_assert_cmpuint(g_hash_table_size(seen), >=, 190);
    g_hash_table_unref(seen);
}

/* Letters leave the last column free, so that they do not touch. */
static void test_letters_keep_apart(void)
{
    for (uint16_t unit = 0x21; unit < 0x7F; unit++) {
        uint8_t rows[FONT_HEIGHT], all = 0;

        glyph(unit, rows);
        for (unsigned y = 0; y < FONT_HEIGHT; y++)
            all |= rows[y];
        if (unit != '_')
            g_assert_cmpuint(all & 1, ==, 0);
        g_assert_cmpuint(all, !=, 0);
    }
}

/* UEFI 2.10 section 12.4.3 names these. */
static void test_efi_shapes(void)
{
    static const uint16_t shapes[] = {
        0x2500, 0x2502, 0x250C, 0x2510, 0x2514, 0x2518, 0x251C, 0x2524, 0x252C, 0x2534, 0x253C, 0x2550, 0x2551,
        0x2552, 0x2553, 0x2554, 0x2555, 0x2556, 0x2557, 0x2558, 0x2559, 0x255A, 0x255B, 0x255C, 0x255D, 0x255E,
        0x255F, 0x2560, 0x2561, 0x2562, 0x2563, 0x2564, 0x2565, 0x2566, 0x2567, 0x2568, 0x2569, 0x256A, 0x256B,
        0x256C, 0x2588, 0x2591, 0x25B2, 0x25BA, 0x25BC, 0x25C4, 0x2190, 0x2191, 0x2192, 0x2193,
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(shapes); i++) {
        uint8_t rows[FONT_HEIGHT], nothing[FONT_HEIGHT] = {0};

        glyph(shapes[i], rows);
        g_assert_cmpint(memcmp(rows, nothing, sizeof(rows)), !=, 0);
    }
}

/* Where one box character has a line to an edge, its neighbour with a line there continues it pixel by pixel. */
static void test_lines_join(void)
{
    uint8_t vertical[FONT_HEIGHT], horizontal[FONT_HEIGHT], cross[FONT_HEIGHT], corner[FONT_HEIGHT];
    static const uint16_t families[][4] = {
        {0x2502, 0x2500, 0x253C, 0x250C}, {0x2551, 0x2550, 0x256C, 0x2554}, {0x2503, 0x2501, 0x254B, 0x250F}};

    for (unsigned i = 0; i < G_N_ELEMENTS(families); i++) {
        glyph(families[i][0], vertical);
        glyph(families[i][1], horizontal);
        glyph(families[i][2], cross);
        glyph(families[i][3], corner);
        for (unsigned y = 0; y < FONT_HEIGHT; y++)
            g_assert_cmpuint(vertical[y], ==, vertical[0]);
        g_assert_cmpuint(cross[0], ==, vertical[0]);
        g_assert_cmpuint(cross[15], ==, vertical[0]);
        g_assert_cmpuint(corner[15], ==, vertical[0]);
        g_assert_cmpuint(corner[0], ==, 0);
        for (unsigned y = 0; y < FONT_HEIGHT; y++) {
            g_assert_cmpuint(cross[y] & 0x81, ==, horizontal[y] & 0x81);
            g_assert_cmpuint(corner[y] & 0x81, ==, horizontal[y] & 0x01);
        }
    }
}

/* A double corner: the outer line goes round the inner one. */
static void test_double_corner(void)
{
    uint8_t rows[FONT_HEIGHT];

    glyph(0x2554, rows);
    g_assert_cmphex(rows[5], ==, 0x00);
    g_assert_cmphex(rows[6], ==, 0x3F);
    g_assert_cmphex(rows[7], ==, 0x20);
    g_assert_cmphex(rows[9], ==, 0x27);
    g_assert_cmphex(rows[10], ==, 0x24);
}

static void test_blocks(void)
{
    uint8_t rows[FONT_HEIGHT];
    unsigned before = 0;

    for (uint16_t unit = 0x2581; unit <= 0x2588; unit++) { /* they grow */
        unsigned pixels = 0;

        glyph(unit, rows);
        for (unsigned y = 0; y < FONT_HEIGHT; y++)
            pixels += (unsigned)__builtin_popcount(rows[y]);
        g_assert_cmpuint(pixels, ==, before + 16);
        before = pixels;
    }
    glyph(0x259A, rows); /* upper left and lower right */
    g_assert_cmpuint(rows[0], ==, 0xF0);
    g_assert_cmpuint(rows[15], ==, 0x0F);
}

static void test_unknown(void)
{
    uint8_t rows[FONT_HEIGHT], replacement[FONT_HEIGHT];

    g_assert_true(font_glyph(0xFFFD, replacement));
    g_assert_false(font_glyph(0x4E00, rows));
    g_assert_cmpmem(rows, sizeof(rows), replacement, sizeof(replacement));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/font/printable-differ", test_printable_glyphs_differ);
    g_test_add_func("/font/letters-apart", test_letters_keep_apart);
    g_test_add_func("/font/efi-shapes", test_efi_shapes);
    g_test_add_func("/font/lines-join", test_lines_join);
    g_test_add_func("/font/double-corner", test_double_corner);
    g_test_add_func("/font/blocks", test_blocks);
    g_test_add_func("/font/unknown", test_unknown);
    return g_test_run();
}
