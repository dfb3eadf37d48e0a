/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures through the graphics output protocol: what frames the text, and a demonstration that fills the screen. */
#include "guest/guest.h"

#define STRIP 16 /* lines that are made and shown at once */

/* The letters of the name in 5 x 7 dots, rows from the top, the leftmost dot in bit 4. */
static const uint8_t letters[][7] = {
    {0x0e, 0x11, 0x10, 0x17, 0x11, 0x11, 0x0e}, /* G */
    {0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11}, /* A */
    {0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f}, /* L */
    {0x11, 0x11, 0x11, 0x11, 0x0a, 0x0a, 0x04}, /* V */
    {0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11}, /* A */
    {0x11, 0x19, 0x19, 0x15, 0x13, 0x13, 0x11}, /* N */
    {0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e}, /* I */
    {0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e}, /* C */
};

#define LETTERS (sizeof(letters) / sizeof(letters[0]))

static uint32_t mix(uint32_t from, uint32_t to, uint32_t part, uint32_t whole)
{
    uint32_t colour = 0;

    for (unsigned shift = 0; shift < 24; shift += 8) {
        uint32_t a = from >> shift & 0xff, b = to >> shift & 0xff;
        colour |= ((a * (whole - part) + b * part) / whole) << shift;
    }
    return colour;
}

/* A wave between -256 and 256 of period 1024: parabolas, close enough to a sine. */
static int32_t wave(uint32_t angle)
{
    int32_t x = (int32_t)(angle & 511) - 256;
    int32_t y = 256 - x * x / 256;

    return angle & 512 ? -y : y;
}

struct canvas {
    struct efi_graphics *screen;
    uint32_t *pixels; /* STRIP lines */
    uint32_t width, height;
};

static bool open_canvas(struct guest *guest, struct canvas *canvas)
{
    if (!guest->screen)
        return false;
    canvas->screen = guest->screen;
    canvas->width = guest->screen->mode->information->width;
    canvas->height = guest->screen->mode->information->height;
    return !EFI_ERROR(
        guest->boot->allocate_pool(2, (size_t)canvas->width * STRIP * sizeof(uint32_t), (void **)&canvas->pixels));
}

/* Shows @height lines from @top on, each pixel as @paint has it. */
static void paint(struct canvas *canvas, uint32_t top, uint32_t height,
                  uint32_t (*colour)(const struct canvas *canvas, uint32_t x, uint32_t y, uint32_t turn), uint32_t turn)
{
    for (uint32_t y = 0; y < height; y += STRIP) {
        uint32_t lines = height - y < STRIP ? height - y : STRIP;
        for (uint32_t line = 0; line < lines; line++) {
            for (uint32_t x = 0; x < canvas->width; x++)
                canvas->pixels[line * canvas->width + x] = colour(canvas, x, y + line, turn);
        }
        canvas->screen->blt(canvas->screen, canvas->pixels, EFI_BLT_BUFFER_TO_VIDEO, 0, 0, 0, top + y, canvas->width,
                            lines, 0);
    }
}

/* Is (x, y) inside a letter, each dot being @dot pixels? */
static bool in_name(uint32_t x, uint32_t y, uint32_t dot)
{
    uint32_t column = x / dot, row = y / dot;

    if (column >= 6 * LETTERS || row >= 7 || column % 6 == 5)
        return false;
    return letters[column / 6][row] >> (4 - column % 6) & 1;
}

/* @turn is the banner's height. */
static uint32_t banner_colour(const struct canvas *canvas, uint32_t x, uint32_t y, uint32_t turn)
{
    uint32_t dot = turn / 12 ? turn / 12 : 1;
    uint32_t left = 3 * dot, top = (turn - 7 * dot) / 2;
    /* A current runs along the foot, copper to zinc as in a galvanic cell. */
    int32_t foot = (int32_t)turn - 1 - (int32_t)dot - wave(x * 1024 / (16 * dot)) * (int32_t)dot / 512;

    if (x >= left && y >= top && in_name(x - left, y - top, dot))
        return mix(0xffb070, 0xcfe6ff, x, canvas->width / 2 + 6 * dot * LETTERS);
    if ((int32_t)y >= foot && (int32_t)y < foot + (int32_t)(dot / 3 + 1))
        return mix(0xe07a30, 0x5aa0e0, x, canvas->width);
    return mix(mix(0x2a1208, 0x08182c, x, canvas->width), 0x000000, y, turn * 2);
}

/* Currents from copper to zinc, brighter towards the bottom; @turn is the footer's height. */
static uint32_t footer_colour(const struct canvas *canvas, uint32_t x, uint32_t y, uint32_t turn)
{
    for (uint32_t line = 0; line < 7; line++) {
        int32_t swing = (int32_t)turn / 3;
        int32_t centre =
            (int32_t)turn * 2 / 3 + wave(x * (3 + line) / 8 + line * 200) * swing / 256 * (int32_t)(line + 2) / 10;
        int32_t distance = (int32_t)y - centre;
        if (distance >= -1 && distance <= 1)
            return mix(0x000000, mix(0xff9040, 0x60b0ff, x, canvas->width), 3 + line + (distance == 0 ? 4 : 0), 14);
    }
    return mix(0x000000, mix(0x2a1208, 0x08182c, x, canvas->width), y, turn * 2);
}

/* Lines above and below the console's text, which firmware centres; cells are at most 19 lines high. */
static uint32_t margin(struct guest *guest, const struct canvas *canvas)
{
    struct efi_text_output *text = guest->system->console_out;
    size_t columns, rows;

    if (EFI_ERROR(text->query_mode(text, (size_t)text->mode->mode, &columns, &rows)) || canvas->height < rows * 19)
        return 0;
    return (canvas->height - (uint32_t)rows * 19) / 2;
}

void draw_frame(struct guest *guest)
{
    struct canvas canvas;

    if (!open_canvas(guest, &canvas))
        return;
    uint32_t edge = margin(guest, &canvas);

    paint(&canvas, 0, edge, banner_colour, edge);
    paint(&canvas, canvas.height - edge, edge, footer_colour, edge);
    guest->boot->free_pool(canvas.pixels);
}

static uint32_t plasma(const struct canvas *canvas, uint32_t x, uint32_t y, uint32_t turn)
{
    int32_t sum = wave(x * 2 + turn * 24) + wave(y * 3 - turn * 16) + wave(x + y + turn * 32) +
                  wave((x * x / 256 + y * y / 256) - turn * 8);
    uint32_t level = (uint32_t)(sum + 1024) / 8 & 0xff;
    uint32_t dot = canvas->width / (6 * LETTERS + 6);
    uint32_t left = (canvas->width - (6 * LETTERS - 1) * dot) / 2, top = (canvas->height - 7 * dot) / 2;

    if (x >= left && y >= top && in_name(x - left, y - top, dot))
        return mix(0xfff4e0, 0xffa040, level, 255);
    return level < 128 ? mix(0x08182c, 0x2a6f9e, level, 128) : mix(0x2a6f9e, 0xd2691e, level - 128, 128);
}

void draw_demo(struct guest *guest)
{
    struct canvas canvas;

    if (!open_canvas(guest, &canvas)) {
        print(guest, "\n  There is no screen to draw on.\n");
        return;
    }
    print(guest, "\n  On the screen: sixteen pictures, then press a key.\n");
    for (uint32_t turn = 0; turn < 16; turn++) {
        paint(&canvas, 0, canvas.height, plasma, turn);
        guest->boot->stall(40000);
    }
    guest->boot->free_pool(canvas.pixels);
}
