/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console's font: the drawings of font.txt, letters with marks, box drawing and block elements put together. */
#include "firmware/uefi/font.h"

#include <stddef.h>
#include <string.h>

struct drawing {
    uint16_t unit;
    uint8_t rows[FONT_HEIGHT];
};

/* Sorted by code point; made from font.txt by font.py. */
static const struct drawing drawings[] = {
#include "font_data.h"
};

static const uint8_t *find_drawing(uint16_t unit)
{
    size_t low = 0, high = sizeof(drawings) / sizeof(drawings[0]);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (drawings[middle].unit == unit)
            return drawings[middle].rows;
        if (drawings[middle].unit < unit)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* --- letters with marks --- */
enum mark {
    GRAVE,
    ACUTE,
    CIRCUMFLEX,
    TILDE,
    DIAERESIS,
    RING,
    CEDILLA,
    CARON,
    MACRON,
    BREVE,
    DOT,
    DOUBLE_ACUTE,
    OGONEK
};

/*
 * Where a mark begins over small letters; over capitals it stands two rows higher.  Below the line for the last ones.
 */
static const struct {
    uint8_t top, rows[3];
} marks[] = {
    [GRAVE] = {2, {0x30, 0x18, 0x00}},      [ACUTE] = {2, {0x0C, 0x18, 0x00}},
    [CIRCUMFLEX] = {2, {0x38, 0x6C, 0x00}}, [TILDE] = {2, {0x76, 0xDC, 0x00}},
    [DIAERESIS] = {2, {0x6C, 0x6C, 0x00}},  [RING] = {1, {0x38, 0x6C, 0x38}},
    [CEDILLA] = {12, {0x18, 0x0C, 0x38}},   [CARON] = {2, {0x6C, 0x38, 0x00}},
    [MACRON] = {3, {0x7C, 0x00, 0x00}},     [BREVE] = {2, {0x44, 0x38, 0x00}},
    [DOT] = {2, {0x30, 0x30, 0x00}},        [DOUBLE_ACUTE] = {2, {0x36, 0x6C, 0x00}},
    [OGONEK] = {12, {0x0C, 0x18, 0x0C}},
};

static const struct {
    uint16_t unit, base;
    enum mark mark;
} composed[] = {
    {0xC0, 'A', GRAVE},       {0xC1, 'A', ACUTE},         {0xC2, 'A', CIRCUMFLEX},    {0xC3, 'A', TILDE},
    {0xC4, 'A', DIAERESIS},   {0xC5, 'A', RING},          {0xC7, 'C', CEDILLA},       {0xC8, 'E', GRAVE},
    {0xC9, 'E', ACUTE},       {0xCA, 'E', CIRCUMFLEX},    {0xCB, 'E', DIAERESIS},     {0xCC, 'I', GRAVE},
    {0xCD, 'I', ACUTE},       {0xCE, 'I', CIRCUMFLEX},    {0xCF, 'I', DIAERESIS},     {0xD1, 'N', TILDE},
    {0xD2, 'O', GRAVE},       {0xD3, 'O', ACUTE},         {0xD4, 'O', CIRCUMFLEX},    {0xD5, 'O', TILDE},
    {0xD6, 'O', DIAERESIS},   {0xD9, 'U', GRAVE},         {0xDA, 'U', ACUTE},         {0xDB, 'U', CIRCUMFLEX},
    {0xDC, 'U', DIAERESIS},   {0xDD, 'Y', ACUTE},         {0xE0, 'a', GRAVE},         {0xE1, 'a', ACUTE},
    {0xE2, 'a', CIRCUMFLEX},  {0xE3, 'a', TILDE},         {0xE4, 'a', DIAERESIS},     {0xE5, 'a', RING},
    {0xE7, 'c', CEDILLA},     {0xE8, 'e', GRAVE},         {0xE9, 'e', ACUTE},         {0xEA, 'e', CIRCUMFLEX},
    {0xEB, 'e', DIAERESIS},   {0xEC, 0x131, GRAVE},       {0xED, 0x131, ACUTE},       {0xEE, 0x131, CIRCUMFLEX},
    {0xEF, 0x131, DIAERESIS}, {0xF1, 'n', TILDE},         {0xF2, 'o', GRAVE},         {0xF3, 'o', ACUTE},
    {0xF4, 'o', CIRCUMFLEX},  {0xF5, 'o', TILDE},         {0xF6, 'o', DIAERESIS},     {0xF9, 'u', GRAVE},
    {0xFA, 'u', ACUTE},       {0xFB, 'u', CIRCUMFLEX},    {0xFC, 'u', DIAERESIS},     {0xFD, 'y', ACUTE},
    {0xFF, 'y', DIAERESIS},   {0x100, 'A', MACRON},       {0x101, 'a', MACRON},       {0x102, 'A', BREVE},
    {0x103, 'a', BREVE},      {0x104, 'A', OGONEK},       {0x105, 'a', OGONEK},       {0x106, 'C', ACUTE},
    {0x107, 'c', ACUTE},      {0x10C, 'C', CARON},        {0x10D, 'c', CARON},        {0x10E, 'D', CARON},
    {0x112, 'E', MACRON},     {0x113, 'e', MACRON},       {0x118, 'E', OGONEK},       {0x119, 'e', OGONEK},
    {0x11A, 'E', CARON},      {0x11B, 'e', CARON},        {0x11E, 'G', BREVE},        {0x11F, 'g', BREVE},
    {0x130, 'I', DOT},        {0x143, 'N', ACUTE},        {0x144, 'n', ACUTE},        {0x147, 'N', CARON},
    {0x148, 'n', CARON},      {0x150, 'O', DOUBLE_ACUTE}, {0x151, 'o', DOUBLE_ACUTE}, {0x158, 'R', CARON},
    {0x159, 'r', CARON},      {0x15A, 'S', ACUTE},        {0x15B, 's', ACUTE},        {0x15E, 'S', CEDILLA},
    {0x15F, 's', CEDILLA},    {0x160, 'S', CARON},        {0x161, 's', CARON},        {0x16E, 'U', RING},
    {0x16F, 'u', RING},       {0x170, 'U', DOUBLE_ACUTE}, {0x171, 'u', DOUBLE_ACUTE}, {0x178, 'Y', DIAERESIS},
    {0x179, 'Z', ACUTE},      {0x17A, 'z', ACUTE},        {0x17B, 'Z', DOT},          {0x17C, 'z', DOT},
    {0x17D, 'Z', CARON},      {0x17E, 'z', CARON},
};

static bool compose(uint16_t unit, uint8_t rows[FONT_HEIGHT])
{
    for (size_t i = 0; i < sizeof(composed) / sizeof(composed[0]); i++) {
        unsigned top = marks[composed[i].mark].top;
        uint16_t base = composed[i].base;

        if (composed[i].unit != unit)
            continue;
        memcpy(rows, find_drawing(base), FONT_HEIGHT);
        if (base <= 'Z' && top < 8)
            top = top < 2 ? 0 : top - 2;
        for (unsigned k = 0; k < 3; k++)
            rows[top + k] |= marks[composed[i].mark].rows[k];
        return true;
    }
    return false;
}

/* --- box drawing --- */
enum weight { NONE, LIGHT, HEAVY, DOUBLE };
#define BOX_FIRST 0x2500
#define BOX_LAST 0x257F
#define CENTER_X 3 /* a light line is two pixels wide: columns 3 and 4, rows 7 and 8 */
#define CENTER_Y 7

/* The weights of the arms up, right, down and left, two bits each from the top. */
static const uint8_t box_arms[128] = {
    0x11, 0x22, 0x44, 0x88, 0x11, 0x22, 0x44, 0x88, 0x11, 0x22, 0x44, 0x88, 0x14, 0x24, 0x18, 0x28, /* U+2500 */
    0x05, 0x06, 0x09, 0x0A, 0x50, 0x60, 0x90, 0xA0, 0x41, 0x42, 0x81, 0x82, 0x54, 0x64, 0x94, 0x58, /* U+2510 */
    0x98, 0xA4, 0x68, 0xA8, 0x45, 0x46, 0x85, 0x49, 0x89, 0x86, 0x4A, 0x8A, 0x15, 0x16, 0x25, 0x26, /* U+2520 */
    0x19, 0x1A, 0x29, 0x2A, 0x51, 0x52, 0x61, 0x62, 0x91, 0x92, 0xA1, 0xA2, 0x55, 0x56, 0x65, 0x66, /* U+2530 */
    0x95, 0x59, 0x99, 0x96, 0xA5, 0x5A, 0x69, 0xA6, 0x6A, 0x9A, 0xA9, 0xAA, 0x11, 0x22, 0x44, 0x88, /* U+2540 */
    0x33, 0xCC, 0x34, 0x1C, 0x3C, 0x07, 0x0D, 0x0F, 0x70, 0xD0, 0xF0, 0x43, 0xC1, 0xC3, 0x74, 0xDC, /* U+2550 */
    0xFC, 0x47, 0xCD, 0xCF, 0x37, 0x1D, 0x3F, 0x73, 0xD1, 0xF3, 0x77, 0xDD, 0xFF, 0x14, 0x05, 0x41, /* U+2560 */
    0x50, 0x00, 0x00, 0x00, 0x01, 0x40, 0x10, 0x04, 0x02, 0x80, 0x20, 0x08, 0x21, 0x48, 0x12, 0x84, /* U+2570 */
};

static void fill(uint8_t rows[FONT_HEIGHT], int left, int top, int right, int bottom)
{
    for (int y = top; y <= bottom; y++) {
        for (int x = left; x <= right; x++)
            rows[y] |= (uint8_t)(0x80 >> x);
    }
}

/*
 * One arm, as it would run downwards from the centre: @at its own weight, @opposite that of the arm up, @left and
 * @right those across.  Distances from the centre's first row are given to @draw_rail.  All four arms are turned into
 * this one.
 */
struct arm {
    enum weight at, opposite, left, right;
};

/* Rail offsets of a double line from the first of the two centre pixels: -1 and 2. */
static int rail_start(enum weight side, enum weight other)
{
    if (side == DOUBLE)
        return 2; /* meets the near rail of the arm on its side */
    if (side != NONE)
        return 0;
    return other == DOUBLE ? -1 : 0; /* the outer rail of a corner goes round it */
}

static int line_start(const struct arm *arm)
{
    if (arm->left == DOUBLE && arm->right == DOUBLE)
        return arm->opposite == NONE ? 2 : 0;
    if (arm->left == DOUBLE || arm->right == DOUBLE)
        return arm->opposite == NONE ? -1 : 0;
    return arm->at == HEAVY || arm->left == HEAVY || arm->right == HEAVY ? -1 : 0;
}

/*
 * Draws columns @from..@to (relative to the centre) of an arm in @direction (0 up, 1 right, 2 down, 3 left) from
 * @start on.
 */
static void draw_strip(uint8_t rows[FONT_HEIGHT], unsigned direction, int from, int to, int start)
{
    switch (direction) {
    case 0:
        fill(rows, CENTER_X + from, 0, CENTER_X + to, CENTER_Y + 1 - start);
        break;
    case 1:
        fill(rows, CENTER_X + start, CENTER_Y + from, FONT_WIDTH - 1, CENTER_Y + to);
        break;
    case 2:
        fill(rows, CENTER_X + from, CENTER_Y + start, CENTER_X + to, FONT_HEIGHT - 1);
        break;
    default:
        fill(rows, 0, CENTER_Y + from, CENTER_X + 1 - start, CENTER_Y + to);
    }
}

static void draw_arm(uint8_t rows[FONT_HEIGHT], unsigned direction, const struct arm *arm)
{
    switch (arm->at) {
    case LIGHT:
        draw_strip(rows, direction, 0, 1, line_start(arm));
        break;
    case HEAVY:
        draw_strip(rows, direction, -1, 2, line_start(arm));
        break;
    case DOUBLE:
        draw_strip(rows, direction, -1, -1, rail_start(arm->left, arm->right));
        draw_strip(rows, direction, 2, 2, rail_start(arm->right, arm->left));
        break;
    default:
        break;
    }
}

static void draw_diagonal(uint8_t rows[FONT_HEIGHT], bool rising)
{
    for (int y = 0; y < FONT_HEIGHT; y++) {
        int x = y / 2;

        rows[y] |= (uint8_t)(0x80 >> (rising ? FONT_WIDTH - 1 - x : x));
    }
}

static void draw_box(uint16_t unit, uint8_t rows[FONT_HEIGHT])
{
    uint8_t arms = box_arms[unit - BOX_FIRST];

    for (unsigned direction = 0; direction < 4; direction++) {
        enum weight weight[4];

        for (unsigned i = 0; i < 4; i++)
            weight[i] = arms >> (6 - 2 * i) & 3;
        /* "left" is the side of the lower coordinate: left of a vertical arm, above a horizontal one */
        draw_arm(rows, direction,
                 &(struct arm){weight[direction], weight[(direction + 2) % 4], direction % 2 ? weight[0] : weight[3],
                               direction % 2 ? weight[2] : weight[1]});
    }
    if (unit == 0x2571 || unit == 0x2573)
        draw_diagonal(rows, true);
    if (unit == 0x2572 || unit == 0x2573)
        draw_diagonal(rows, false);
}

/* --- block elements --- */
#define BLOCK_FIRST 0x2580
#define BLOCK_LAST 0x259F

static void draw_block(uint16_t unit, uint8_t rows[FONT_HEIGHT])
{
    /* Quadrants of U+2596..U+259F: upper left 8, upper right 4, lower left 2, lower right 1. */
    static const uint8_t quadrants[] = {2, 1, 8, 11, 9, 14, 13, 4, 6, 7};
    static const uint8_t shades[3][2] = {{0x88, 0x22}, {0xAA, 0x55}, {0x77, 0xDD}};

    if (unit == 0x2580) {
        fill(rows, 0, 0, 7, 7);
    } else if (unit <= 0x2588) {
        fill(rows, 0, FONT_HEIGHT - 2 * (unit - 0x2580), 7, FONT_HEIGHT - 1);
    } else if (unit <= 0x258F) {
        fill(rows, 0, 0, 0x258F - unit, FONT_HEIGHT - 1);
    } else if (unit == 0x2590) {
        fill(rows, 4, 0, 7, FONT_HEIGHT - 1);
    } else if (unit <= 0x2593) {
        for (unsigned y = 0; y < FONT_HEIGHT; y++)
            rows[y] = shades[unit - 0x2591][y & 1];
    } else if (unit == 0x2594) {
        fill(rows, 0, 0, 7, 1);
    } else if (unit == 0x2595) {
        fill(rows, 7, 0, 7, FONT_HEIGHT - 1);
    } else {
        for (unsigned i = 0; i < 4; i++) {
            int left = i & 1 ? 4 : 0, top = i & 2 ? 8 : 0;

            if (quadrants[unit - 0x2596] & 8 >> i)
                fill(rows, left, top, left + 3, top + 7);
        }
    }
}

bool font_glyph(uint16_t unit, uint8_t rows[FONT_HEIGHT])
{
    static const struct {
        uint16_t unit, like;
    } alike[] = {{0x00A0, ' '}, {0x2010, '-'}, {0x2011, '-'}, {0x25B6, 0x25BA}, {0x25C0, 0x25C4}, {0x25AA, 0x25A0}};
    const uint8_t *drawing;

    for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
        if (alike[i].unit == unit)
            unit = alike[i].like;
    }
    drawing = find_drawing(unit);
    memset(rows, 0, FONT_HEIGHT);
    if (drawing)
        memcpy(rows, drawing, FONT_HEIGHT);
    else if (unit >= BOX_FIRST && unit <= BOX_LAST)
        draw_box(unit, rows);
    else if (unit >= BLOCK_FIRST && unit <= BLOCK_LAST)
        draw_block(unit, rows);
    else if (!compose(unit, rows)) {
        memcpy(rows, find_drawing(0xFFFD), FONT_HEIGHT);
        return false;
    }
    return true;
}
