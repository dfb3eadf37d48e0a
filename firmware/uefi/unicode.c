/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Case of UTF-16 units.  The Unicode Standard, UnicodeData.txt, for the blocks named below. */
#include "firmware/uefi/unicode.h"

/* In these ranges capitals and small letters alternate; @capital_odd: the capital has the odd number. */
static const struct {
    uint16_t first, last;
    uint8_t capital_odd;
} alternating[] = {
    {0x0100, 0x012F, 0}, {0x0132, 0x0137, 0}, {0x0139, 0x0148, 1}, {0x014A, 0x0177, 0},
    {0x0179, 0x017E, 1}, {0x0460, 0x0481, 0}, {0x048A, 0x04BF, 0}, {0x1E00, 0x1E95, 0},
};

/* Small letters of these ranges have their capital @distance below. */
static const struct {
    uint16_t first, last, distance;
} shifted[] = {
    {'a', 'z', 0x20},       {0x00E0, 0x00F6, 0x20}, {0x00F8, 0x00FE, 0x20}, {0x03B1, 0x03C1, 0x20},
    {0x03C3, 0x03C9, 0x20}, {0x0430, 0x044F, 0x20}, {0x0450, 0x045F, 0x50},
};

uint16_t unicode_upper(uint16_t unit)
{
    if (unit == 0x00FF)
        return 0x0178;
    for (size_t i = 0; i < sizeof(shifted) / sizeof(shifted[0]); i++) {
        if (unit >= shifted[i].first && unit <= shifted[i].last)
            return (uint16_t)(unit - shifted[i].distance);
    }
    for (size_t i = 0; i < sizeof(alternating) / sizeof(alternating[0]); i++) {
        if (unit >= alternating[i].first && unit <= alternating[i].last && (unit & 1) != alternating[i].capital_odd)
            return (uint16_t)(unit - 1);
    }
    return unit;
}

uint16_t unicode_lower(uint16_t unit)
{
    if (unit == 0x0178)
        return 0x00FF;
    for (size_t i = 0; i < sizeof(shifted) / sizeof(shifted[0]); i++) {
        uint16_t distance = shifted[i].distance;

        if (unit >= shifted[i].first - distance && unit <= shifted[i].last - distance)
            return (uint16_t)(unit + distance);
    }
    for (size_t i = 0; i < sizeof(alternating) / sizeof(alternating[0]); i++) {
        if (unit >= alternating[i].first && unit <= alternating[i].last && (unit & 1) == alternating[i].capital_odd)
            return (uint16_t)(unit + 1);
    }
    return unit;
}

size_t unicode_to_utf8(uint16_t unit, uint8_t out[3])
{
    if (unit >= 0xD800 && unit <= 0xDFFF)
        unit = 0xFFFD;
    if (unit < 0x80) {
        out[0] = (uint8_t)unit;
        return 1;
    }
    if (unit < 0x800) {
        out[0] = (uint8_t)(0xC0 | unit >> 6);
        out[1] = (uint8_t)(0x80 | (unit & 0x3F));
        return 2;
    }
    out[0] = (uint8_t)(0xE0 | unit >> 12);
    out[1] = (uint8_t)(0x80 | (unit >> 6 & 0x3F));
    out[2] = (uint8_t)(0x80 | (unit & 0x3F));
    return 3;
}
