/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text on a framebuffer. */
#include "firmware/uefi/text_screen.h"

#include <string.h>

#include "firmware/uefi/font.h"

#define BYTES_PER_PIXEL 4
#define CURSOR_TOP 13 /* the cursor's lines in a character */
#define CURSOR_BOTTOM 14

/* EFI's sixteen colours (UEFI 2.10 section 12.4.7), X R G B. */
static const uint32_t palette[16] = {
    0x000000, 0x0000AA, 0x00AA00, 0x00AAAA, 0xAA0000, 0xAA00AA, 0xAA5500, 0xAAAAAA,
    0x555555, 0x5555FF, 0x55FF55, 0x55FFFF, 0xFF5555, 0xFF55FF, 0xFFFF55, 0xFFFFFF,
};

static uint32_t left_of(const struct text_screen *screen)
{
    uint32_t used = screen->columns * FONT_WIDTH;

    return used < screen->width ? (screen->width - used) / 2 : 0;
}

static uint32_t top_of(const struct text_screen *screen)
{
    uint32_t used = screen->rows * FONT_HEIGHT;

    return used < screen->height ? (screen->height - used) / 2 : 0;
}

static void touch(struct text_screen *screen, uint32_t start, uint32_t end)
{
    if (screen->dirty_end == 0 || start < screen->dirty_start)
        screen->dirty_start = start;
    if (end > screen->dirty_end)
        screen->dirty_end = end;
}

static void put_pixel(uint8_t *at, uint32_t color)
{
    at[0] = (uint8_t)color;
    at[1] = (uint8_t)(color >> 8);
    at[2] = (uint8_t)(color >> 16);
    at[3] = 0;
}

/* The first pixel of a character; false: it lies outside. */
static bool place(const struct text_screen *screen, unsigned column, unsigned row, uint32_t *x, uint32_t *y)
{
    *x = left_of(screen) + column * FONT_WIDTH;
    *y = top_of(screen) + row * FONT_HEIGHT;
    return column < screen->columns && row < screen->rows && *x + FONT_WIDTH <= screen->width &&
           *y + FONT_HEIGHT <= screen->height;
}

void text_screen_draw(struct text_screen *screen, unsigned column, unsigned row, uint16_t unit, uint8_t attribute)
{
    uint8_t glyph[FONT_HEIGHT];
    uint32_t x, y;

    if (!place(screen, column, row, &x, &y))
        return;
    font_glyph(unit, glyph);
    for (unsigned line = 0; line < FONT_HEIGHT; line++) {
        uint8_t *at = screen->pixels + (uint64_t)(y + line) * screen->stride + x * BYTES_PER_PIXEL;

        for (unsigned i = 0; i < FONT_WIDTH; i++)
            put_pixel(at + i * BYTES_PER_PIXEL, palette[glyph[line] & 0x80 >> i ? attribute & 15 : attribute >> 4 & 7]);
    }
    touch(screen, y, y + FONT_HEIGHT);
}

static void fill(struct text_screen *screen, uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t color)
{
    uint8_t *first = screen->pixels + (uint64_t)y * screen->stride + x * BYTES_PER_PIXEL;

    if (width == 0 || height == 0)
        return;
    for (uint32_t i = 0; i < width; i++)
        put_pixel(first + i * BYTES_PER_PIXEL, color);
    for (uint32_t line = 1; line < height; line++)
        memcpy(first + (uint64_t)line * screen->stride, first, (size_t)width * BYTES_PER_PIXEL);
    touch(screen, y, y + height);
}

void text_screen_clear(struct text_screen *screen, uint8_t attribute)
{
    fill(screen, 0, 0, screen->width, screen->height, palette[attribute >> 4 & 7]);
}

void text_screen_scroll(struct text_screen *screen, uint8_t attribute)
{
    uint32_t left = left_of(screen), top = top_of(screen);
    uint32_t width = screen->columns * FONT_WIDTH, height = screen->rows * FONT_HEIGHT;

    width = width < screen->width - left ? width : screen->width - left;
    height = height < screen->height - top ? height : screen->height - top;
    if (height < FONT_HEIGHT)
        return;
    for (uint32_t y = top; y < top + height - FONT_HEIGHT; y++) {
        uint8_t *line = screen->pixels + (uint64_t)y * screen->stride + left * BYTES_PER_PIXEL;

        memcpy(line, line + (uint64_t)FONT_HEIGHT * screen->stride, (size_t)width * BYTES_PER_PIXEL);
    }
    fill(screen, left, top + height - FONT_HEIGHT, width, FONT_HEIGHT, palette[attribute >> 4 & 7]);
    touch(screen, top, top + height);
}

void text_screen_invert_cursor(struct text_screen *screen, unsigned column, unsigned row)
{
    uint32_t x, y;

    if (!place(screen, column, row, &x, &y))
        return;
    for (unsigned line = CURSOR_TOP; line <= CURSOR_BOTTOM; line++) {
        uint8_t *at = screen->pixels + (uint64_t)(y + line) * screen->stride + x * BYTES_PER_PIXEL;

        for (unsigned i = 0; i < FONT_WIDTH * BYTES_PER_PIXEL; i++)
            at[i] ^= i % BYTES_PER_PIXEL == 3 ? 0 : 0xAA;
    }
    touch(screen, y + CURSOR_TOP, y + CURSOR_BOTTOM + 1);
}
