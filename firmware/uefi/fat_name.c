/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of FAT files: what is allowed, short names and their aliases.  Microsoft FAT specification 1.03, "Long File
 * Names".
 */
#include "firmware/uefi/fat_internal.h"

#include <string.h>

#include "firmware/uefi/unicode.h"

#define CASE_LOWER_BASE 0x08
#define CASE_LOWER_EXTENSION 0x10
#define ALIASES_PLAIN 4u /* NAME~1 .. NAME~4, then with a hash */

/* Code page 437, 0x80..0xFF. */
static const uint16_t oem_high[] = u"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»"
                                   u"░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
                                   u"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0";
_Static_assert(sizeof(oem_high) == 129 * sizeof(uint16_t), "half a code page");

uint16_t fat_name_from_oem(uint8_t byte)
{
    return byte < 0x80 ? byte : oem_high[byte - 0x80];
}

unsigned fat_name_length(const uint16_t *name)
{
    unsigned length = 0;

    while (name[length])
        length++;
    return length;
}

static bool is_one_of(uint16_t unit, const char *set)
{
    return unit < 0x80 && unit && strchr(set, (char)unit);
}

enum fat_status fat_name_check(const uint16_t *name, uint16_t *clean)
{
    unsigned length = fat_name_length(name);

    while (length && (name[length - 1] == ' ' || name[length - 1] == '.'))
        length--;
    if (length == 0 || length > FAT_NAME_MAX)
        return FAT_BAD_NAME;
    for (unsigned i = 0; i < length; i++) {
        if (name[i] < 0x20 || is_one_of(name[i], "\"*/:<>?\\|"))
            return FAT_BAD_NAME;
        clean[i] = name[i];
    }
    clean[length] = 0;
    return FAT_OK;
}

bool fat_name_equal(const uint16_t *a, const uint16_t *b)
{
    while (*a && unicode_upper(*a) == unicode_upper(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static bool is_upper(uint16_t unit)
{
    return unit >= 'A' && unit <= 'Z';
}

static bool is_lower(uint16_t unit)
{
    return unit >= 'a' && unit <= 'z';
}

static bool short_allowed(uint16_t unit)
{
    return is_upper(unit) || is_lower(unit) || (unit >= '0' && unit <= '9') || is_one_of(unit, "$%'-_@~`!(){}^#&");
}

/* One part of a short name; false if it is no part as it is.  @lower: it has small letters. */
static bool short_part(const uint16_t *text, unsigned length, uint8_t *out, bool *lower)
{
    bool upper = false;

    *lower = false;
    for (unsigned i = 0; i < length; i++) {
        if (!short_allowed(text[i]))
            return false;
        upper |= is_upper(text[i]);
        *lower |= is_lower(text[i]);
        out[i] = (uint8_t)unicode_upper(text[i]);
    }
    return !(upper && *lower);
}

bool fat_name_is_short(const uint16_t *name, struct fat_short_name *out)
{
    unsigned length = fat_name_length(name), dot = length;
    bool lower_base, lower_extension = false;

    for (unsigned i = 0; i < length && dot == length; i++) {
        if (name[i] == '.')
            dot = i;
    }
    memset(out->name, ' ', sizeof(out->name));
    out->case_flags = 0;
    if (dot == 0 || dot > 8 || (dot < length && (length - dot == 1 || length - dot > 4)))
        return false;
    if (!short_part(name, dot, out->name, &lower_base))
        return false;
    if (dot < length && !short_part(name + dot + 1, length - dot - 1, out->name + 8, &lower_extension))
        return false;
    out->case_flags = (lower_base ? CASE_LOWER_BASE : 0) | (lower_extension ? CASE_LOWER_EXTENSION : 0);
    return true;
}

static uint16_t name_hash(const uint16_t *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (; *name; name++)
        hash = (hash ^ unicode_upper(*name)) * 16777619u;
    return (uint16_t)(hash ^ hash >> 16);
}

/* The letters of @text that count in an alias, in capitals; returns how many were written, at most @room. */
static unsigned alias_part(const uint16_t *text, unsigned length, char *out, unsigned room)
{
    unsigned used = 0;

    for (unsigned i = 0; i < length && used < room; i++) {
        if (text[i] == ' ' || text[i] == '.')
            continue;
        out[used++] = short_allowed(text[i]) ? (char)unicode_upper(text[i]) : '_';
    }
    return used;
}

void fat_name_alias(const uint16_t *name, unsigned n, struct fat_short_name *out)
{
    unsigned length = fat_name_length(name), start = 0, dot, used;
    char base[16], tail[8];

    while (start < length && (name[start] == '.' || name[start] == ' '))
        start++;
    dot = length;
    for (unsigned i = start; i < length; i++) {
        if (name[i] == '.')
            dot = i;
    }
    memset(out->name, ' ', sizeof(out->name));
    out->case_flags = 0;
    used = alias_part(name + start, dot - start, base, 6);
    if (used == 0)
        base[used++] = '_';
    if (n > ALIASES_PLAIN) {
        used = MIN(used, 2u);
        g_snprintf(base + used, sizeof(base) - used, "%04X", (name_hash(name) + n) & 0xFFFF);
        used += 4;
    }
    g_snprintf(tail, sizeof(tail), "~%u", n > ALIASES_PLAIN ? 1 : n);
    memcpy(out->name, base, used);
    memcpy(out->name + used, tail, strlen(tail));
    if (dot < length) {
        used = alias_part(name + dot + 1, length - dot - 1, base, 3);
        memcpy(out->name + 8, base, used);
    }
}

static unsigned expand_part(const uint8_t *raw, unsigned length, bool lower, uint16_t *out)
{
    while (length && raw[length - 1] == ' ')
        length--;
    for (unsigned i = 0; i < length; i++) {
        uint16_t unit = fat_name_from_oem(raw[i]);

        if (unit < 0x20) /* no name has these; keep what is shown printable */
            unit = '_';
        out[i] = lower ? unicode_lower(unit) : unit;
    }
    return length;
}

void fat_name_expand(const uint8_t *raw, uint8_t case_flags, uint16_t *out)
{
    uint8_t name[11];
    unsigned length, extension;

    memcpy(name, raw, sizeof(name));
    if (name[0] == 0x05)
        name[0] = 0xE5;
    length = expand_part(name, 8, case_flags & CASE_LOWER_BASE, out);
    extension = expand_part(name + 8, 3, case_flags & CASE_LOWER_EXTENSION, out + length + 1);
    if (extension) {
        out[length] = '.';
        length += 1 + extension;
    }
    out[length] = 0;
}

uint8_t fat_name_checksum(const uint8_t *raw)
{
    uint8_t sum = 0;

    for (unsigned i = 0; i < 11; i++)
        sum = (uint8_t)(((sum & 1) << 7) + (sum >> 1) + raw[i]);
    return sum;
}
