/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text on a framebuffer: where pixels go, scrolling, the cursor, and what is told to have changed. */
#include <glib.h>
#include <string.h>

#include "emu/bytes.h"
#include "firmware/uefi/font.h"
#include "firmware/uefi/text_screen.h"

#define WIDTH 100
#define HEIGHT 70
#define STRIDE 416 /* with a margin that nobody may touch */
#define MARGIN 0x5A

static void make(struct text_screen *screen, unsigned columns, unsigned rows)
{
    *screen = (struct text_screen){g_malloc(STRIDE * HEIGHT), WIDTH, HEIGHT, STRIDE, columns, rows, 0, 0};
    memset(screen->pixels, MARGIN, STRIDE * HEIGHT);
}

static void unmake(struct text_screen *screen)
{
    for (unsigned y = 0; y < HEIGHT; y++) {
        for (unsigned i = WIDTH * 4; i < STRIDE; i++)
            g_assert_cmpuint(screen->pixels[y * STRIDE + i], ==, MARGIN);
    }
    g_free(screen->pixels);
}

static uint32_t pixel(const struct text_screen *screen, unsigned x, unsigned y)
{
    const uint8_t *at = screen->pixels + y * STRIDE + x * 4;

    return get_le(at, 3);
}

/* The character at a place of the text area that is 10 x 4 in 100 x 70: from (10, 3) on. */
static void assert_glyph(const struct text_screen *screen, unsigned column, unsigned row, uint16_t unit, uint32_t ink,
                         uint32_t paper)
{
    uint8_t glyph[FONT_HEIGHT];

    font_glyph(unit, glyph);
    for (unsigned y = 0; y < FONT_HEIGHT; y++) {
        for (unsigned x = 0; x < FONT_WIDTH; x++)
            g_assert_cmphex(pixel(screen, 10 + column * 8 + x, 3 + row * 16 + y), ==,
                            glyph[y] & 0x80 >> x ? ink : paper);
    }
}

static void test_draw(void)
{
    struct text_screen screen;

    make(&screen, 10, 4);
    text_screen_clear(&screen, 0x10);
    g_assert_cmpuint(screen.dirty_start, ==, 0);
    g_assert_cmpuint(screen.dirty_end, ==, HEIGHT);
    g_assert_cmphex(pixel(&screen, 0, 0), ==, 0x0000AA);
    g_assert_cmphex(pixel(&screen, WIDTH - 1, HEIGHT - 1), ==, 0x0000AA);
    screen.dirty_end = 0;
    text_screen_draw(&screen, 9, 3, 'Q', 0x1E);
    assert_glyph(&screen, 9, 3, 'Q', 0xFFFF55, 0x0000AA);
    g_assert_cmphex(pixel(&screen, 90, 50), ==, 0x0000AA); /* right of the text */
    g_assert_cmpuint(screen.dirty_start, ==, 3 + 48);
    g_assert_cmpuint(screen.dirty_end, ==, 3 + 64);
    text_screen_draw(&screen, 10, 0, 'X', 0x07); /* outside: nothing */
    text_screen_draw(&screen, 0, 4, 'X', 0x07);
    g_assert_cmphex(pixel(&screen, 92, 8), ==, 0x0000AA);
    unmake(&screen);
}

static void test_scroll(void)
{
    struct text_screen screen;

    make(&screen, 10, 4);
    text_screen_clear(&screen, 0x07);
    for (unsigned row = 0; row < 4; row++)
        text_screen_draw(&screen, 2, row, (uint16_t)('0' + row), 0x07);
    text_screen_scroll(&screen, 0x20);
    for (unsigned row = 0; row < 3; row++)
        assert_glyph(&screen, 2, row, (uint16_t)('1' + row), 0xAAAAAA, 0x000000);
    assert_glyph(&screen, 2, 3, ' ', 0, 0x00AA00);
    g_assert_cmphex(pixel(&screen, 9, 60), ==, 0); /* beside the text nothing moves */
    unmake(&screen);
}

static void test_cursor(void)
{
    struct text_screen screen;
    uint8_t before[STRIDE * HEIGHT];

    make(&screen, 10, 4);
    text_screen_clear(&screen, 0x07);
    text_screen_draw(&screen, 5, 2, 'g', 0x07);
    memcpy(before, screen.pixels, sizeof(before));
    text_screen_invert_cursor(&screen, 5, 2);
    g_assert_cmpint(memcmp(before, screen.pixels, sizeof(before)), !=, 0);
    text_screen_invert_cursor(&screen, 5, 2);
    g_assert_cmpmem(before, sizeof(before), screen.pixels, sizeof(before));
    unmake(&screen);
}

/* A text mode larger than the picture: what fits is drawn, the rest is not. */
static void test_too_large(void)
{
    struct text_screen screen;

    make(&screen, 80, 25);
    text_screen_clear(&screen, 0x07);
    for (unsigned row = 0; row < 25; row++) {
        for (unsigned column = 0; column < 80; column++)
            text_screen_draw(&screen, column, row, 'M', 0x0F);
    }
    text_screen_scroll(&screen, 0x07);
    text_screen_invert_cursor(&screen, 79, 24);
    g_assert_cmphex(pixel(&screen, 0, 3), ==, 0xFFFFFF);
    unmake(&screen);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text-screen/draw", test_draw);
    g_test_add_func("/text-screen/scroll", test_scroll);
    g_test_add_func("/text-screen/cursor", test_cursor);
    g_test_add_func("/text-screen/too-large", test_too_large);
    return g_test_run();
}
