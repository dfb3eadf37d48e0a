/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EDID base block; the preferred timing is CVT 1.1 with reduced blanking, in whole numbers. */
#include "devices/display/edid.h"

#include <string.h>

#include "emu/bytes.h"

enum {
    REFRESH_HZ = 60,
    DOTS_PER_INCH = 100,
    DESCRIPTOR_FIRST = 54,
    DESCRIPTOR_SIZE = 18,

    /* CVT reduced blanking */
    H_BLANK = 160,
    H_FRONT = 48,
    H_SYNC = 32,
    V_FRONT = 3,
    V_BACK_MIN = 6,
    V_BLANK_MIN_US = 460,
    CLOCK_STEP_KHZ = 250,
};

struct timing {
    uint32_t width, height, v_sync, v_blank, clock_khz;
};

static uint32_t clamp(uint32_t value, uint32_t low, uint32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* CVT tells the aspect ratio by the width of the vertical sync. */
static uint32_t sync_lines(uint32_t width, uint32_t height)
{
    if (width * 3 == height * 4)
        return 4;
    if (width * 9 == height * 16)
        return 5;
    if (width * 10 == height * 16)
        return 6;
    return width * 4 == height * 5 || width * 9 == height * 15 ? 7 : 10;
}

static struct timing compute_timing(uint32_t width, uint32_t height)
{
    struct timing t = {.width = width, .height = height, .v_sync = sync_lines(width, height)};
    /* ns a line, if the frame's time without the minimal blanking were all lines */
    uint32_t line_ns = (1000000000u / REFRESH_HZ - V_BLANK_MIN_US * 1000u) / height;
    uint32_t least = V_FRONT + t.v_sync + V_BACK_MIN;

    t.v_blank = V_BLANK_MIN_US * 1000u / (line_ns ? line_ns : 1) + 1;
    if (t.v_blank < least)
        t.v_blank = least;
    t.clock_khz = (uint32_t)((uint64_t)(width + H_BLANK) * (height + t.v_blank) * REFRESH_HZ / 1000);
    t.clock_khz = clamp(t.clock_khz / CLOCK_STEP_KHZ * CLOCK_STEP_KHZ, CLOCK_STEP_KHZ, 655350);
    return t;
}

static void put_detailed(uint8_t *p, const struct timing *t)
{
    uint32_t mm_wide = t->width * 254 / (DOTS_PER_INCH * 10), mm_high = t->height * 254 / (DOTS_PER_INCH * 10);

    put_le16(&p[0], (uint16_t)(t->clock_khz / 10));
    p[2] = (uint8_t)t->width;
    p[3] = H_BLANK;
    p[4] = (uint8_t)(t->width >> 8 << 4 | H_BLANK >> 8);
    p[5] = (uint8_t)t->height;
    p[6] = (uint8_t)t->v_blank;
    p[7] = (uint8_t)(t->height >> 8 << 4 | t->v_blank >> 8);
    p[8] = H_FRONT;
    p[9] = H_SYNC;
    p[10] = (uint8_t)(V_FRONT << 4 | (t->v_sync & 15));
    p[12] = (uint8_t)mm_wide;
    p[13] = (uint8_t)mm_high;
    p[14] = (uint8_t)(mm_wide >> 8 << 4 | mm_high >> 8);
    p[17] = 0x1A; /* separate syncs, horizontal positive, vertical negative */
}

static void put_text(uint8_t *p, uint8_t tag, const char *text)
{
    size_t length = strlen(text);

    p[3] = tag;
    memset(&p[5], ' ', 13);
    memcpy(&p[5], text, length);
    if (length < 13)
        p[5 + length] = '\n';
}

static void put_limits(uint8_t *p)
{
    static const uint8_t limits[] = {0x00, 0x00, 0x00, 0xFD, 0x00, 50,   125,  30,   160,
                                     66,   0x00, 0x0A, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20};

    memcpy(p, limits, sizeof(limits));
}

/* Two bytes each: width / 8 - 31, aspect ratio and refresh rate - 60. */
static void put_standard_timings(uint8_t *p)
{
    static const struct {
        uint16_t width;
        uint8_t aspect; /* 0 16:10, 1 4:3, 2 5:4, 3 16:9 */
    } modes[8] = {{1920, 3}, {1680, 0}, {1600, 1}, {1440, 0}, {1280, 2}, {1280, 0}, {1280, 3}, {1920, 0}};

    for (unsigned i = 0; i < 8; i++) {
        p[2 * i] = (uint8_t)(modes[i].width / 8 - 31);
        p[2 * i + 1] = (uint8_t)(modes[i].aspect << 6 | (REFRESH_HZ - 60));
    }
}

void edid_generate(uint8_t edid[EDID_SIZE], uint32_t width, uint32_t height)
{
    static const uint8_t head[] = {0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00};
    /* The chromaticity of sRGB. */
    static const uint8_t colours[] = {0xEE, 0x95, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54};
    struct timing timing = compute_timing(clamp(width, 64, 4095), clamp(height, 64, 4095));
    uint8_t sum = 0;

    memset(edid, 0, EDID_SIZE);
    memcpy(edid, head, sizeof(head));
    put_be16(&edid[8], ('G' - '@') << 10 | ('L' - '@') << 5 | ('V' - '@'));
    put_le16(&edid[10], 0x0001);
    put_le32(&edid[12], 1);
    edid[16] = 1;           /* week */
    edid[17] = 2026 - 1990; /* year */
    edid[18] = 1;
    edid[19] = 4;
    edid[20] = 0xA5; /* digital, 8 bits a colour, DisplayPort */
    edid[21] = (uint8_t)clamp(timing.width * 254 / (DOTS_PER_INCH * 100), 1, 255);
    edid[22] = (uint8_t)clamp(timing.height * 254 / (DOTS_PER_INCH * 100), 1, 255);
    edid[23] = 120;  /* gamma 2.2 */
    edid[24] = 0x06; /* sRGB; the first timing is the preferred one */
    memcpy(&edid[25], colours, sizeof(colours));
    edid[35] = 0x21; /* 640x480 and 800x600 at 60 Hz */
    edid[36] = 0x08; /* 1024x768 at 60 Hz */
    put_standard_timings(&edid[38]);
    put_detailed(&edid[DESCRIPTOR_FIRST], &timing);
    put_limits(&edid[DESCRIPTOR_FIRST + DESCRIPTOR_SIZE]);
    put_text(&edid[DESCRIPTOR_FIRST + 2 * DESCRIPTOR_SIZE], 0xFC, "Galvanic");
    put_text(&edid[DESCRIPTOR_FIRST + 3 * DESCRIPTOR_SIZE], 0xFF, "1");
    for (unsigned i = 0; i < EDID_SIZE - 1; i++)
        sum = (uint8_t)(sum + edid[i]);
    edid[EDID_SIZE - 1] = (uint8_t)-sum;
}
