/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See parse.h. */
#include "cli/parse.h"

#include <string.h>

#define USAGE_ERROR G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE

bool parse_number(const char *option, const char *text, uint64_t low, uint64_t high, uint64_t *value, GError **error)
{
    char *end;

    *value = g_ascii_strtoull(text, &end, 0);
    if (end != text && *end == '\0' && text[0] != '-' && *value >= low && *value <= high)
        return true;
    g_set_error(error, USAGE_ERROR, "%s %s: give a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                option, text, (guint64)low, (guint64)high);
    return false;
}

bool parse_size(const char *option, const char *text, uint64_t *bytes, GError **error)
{
    static const char units[] = "KMGT";
    char *end;
    uint64_t number = g_ascii_strtoull(text, &end, 10);
    char letter = *end ? g_ascii_toupper(*end) : 'M';
    const char *unit = strchr(units, letter);

    if (end != text && text[0] != '-' && unit && (!end[0] || !end[1])) {
        unsigned shift = 10 * (unsigned)(unit - units + 1);
        if (number && number <= UINT64_MAX >> shift) {
            *bytes = number << shift;
            return true;
        }
    }
    g_set_error(error, USAGE_ERROR, "%s %s: give a size such as 512M or 2G", option, text);
    return false;
}

bool parse_duration(const char *option, const char *text, int64_t *ns, GError **error)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}};
    char *end;
    double number = g_ascii_strtod(text, &end);

    for (unsigned i = 0; i < G_N_ELEMENTS(units) && end != text; i++) {
        double value = number * units[i].ns;
        if (strcmp(end, units[i].unit) == 0 && value >= 1 && value < 9e18) {
            *ns = (int64_t)value;
            return true;
        }
    }
    g_set_error(error, USAGE_ERROR, "%s %s: give a duration such as 500ms, 30s or 2m (units: ns, us, ms, s, m)", option,
                text);
    return false;
}

bool parse_scale(const char *option, const char *text, uint32_t *picoseconds, GError **error)
{
    char *end;
    double number = g_ascii_strtod(text, &end);

    if (end != text && *end == '\0' && number >= 0.001 && number <= 1e6) {
        *picoseconds = (uint32_t)(number * 1000 + 0.5);
        return true;
    }
    g_set_error(error, USAGE_ERROR, "%s %s: give nanoseconds of virtual time an instruction, 0.001 to 1000000", option,
                text);
    return false;
}

bool parse_calendar(const char *option, const char *text, int64_t *seconds, GError **error)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, utc);

    if (time && g_date_time_get_year(time) >= 1980 && g_date_time_get_year(time) < 2100) {
        *seconds = g_date_time_to_unix(time);
        return true;
    }
    g_set_error(error, USAGE_ERROR, "%s %s: give `host` or a date such as 2026-01-01T00:00:00Z (1980 to 2099)", option,
                text);
    return false;
}

bool parse_resolution(const char *option, const char *text, uint32_t *width, uint32_t *height, GError **error)
{
    char *end;
    uint64_t w = g_ascii_strtoull(text, &end, 10);

    if (end != text && *end == 'x') {
        const char *second = end + 1;
        uint64_t h = g_ascii_strtoull(second, &end, 10);
        if (end != second && *end == '\0' && w >= 320 && w <= 4096 && h >= 200 && h <= 4096 && w % 8 == 0) {
            *width = (uint32_t)w;
            *height = (uint32_t)h;
            return true;
        }
    }
    g_set_error(error, USAGE_ERROR, "%s %s: give WIDTHxHEIGHT, 320x200 to 4096x4096, the width a multiple of 8", option,
                text);
    return false;
}

/* Value of the escape at @text (after the back slash), *@used characters long; -1: there is no such escape. */
static int escape_value(const char *text, unsigned *used)
{
    static const char names[] = "rnte\\0", values[] = "\r\n\t\033\\\0";
    const char *name = text[0] ? strchr(names, text[0]) : NULL;

    *used = 1;
    if (name)
        return (unsigned char)values[name - names];
    if (text[0] == 'x' && g_ascii_isxdigit(text[1]) && g_ascii_isxdigit(text[2])) {
        *used = 3;
        return g_ascii_xdigit_value(text[1]) * 16 + g_ascii_xdigit_value(text[2]);
    }
    return -1;
}

GByteArray *parse_escapes(const char *option, const char *text, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_new();

    for (const char *at = text; *at; at++) {
        uint8_t byte = (uint8_t)*at;
        if (*at == '\\') {
            unsigned used;
            int value = escape_value(at + 1, &used);
            if (value < 0) {
                g_set_error(error, USAGE_ERROR, "%s: unknown escape \"%.3s\"; there are \\r \\n \\t \\e \\\\ \\0 \\xNN",
                            option, at);
                return NULL;
            }
            byte = (uint8_t)value;
            at += used;
        }
        g_byte_array_append(out, &byte, 1);
    }
    return g_steal_pointer(&out);
}
