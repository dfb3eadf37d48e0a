/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB HID Usage Tables, section 10: the keys of a US keyboard and what is printed on them. */
#include "devices/input/text_keys.h"

#include <string.h>

#include "devices/input/key_codes.h"

/* Keys from the usage of - on, without and with Shift; a blank is a key that has no character of its own. */
static const uint8_t first_symbol = 0x2D;
static const char plain[] = "-=[]\\ ;'`,./";
static const char shifted[] = "_+{}| :\"~<>?";
static const char digits[] = "1234567890";
static const char shifted_digits[] = "!@#$%^&*()";

struct stroke {
    uint8_t usage;
    uint8_t modifier; /* usage, 0: none */
};

static bool find_in(const char *row, uint8_t first, char character, uint8_t modifier, struct stroke *out)
{
    const char *found = character == ' ' ? NULL : strchr(row, character);

    if (!found)
        return false;
    *out = (struct stroke){.usage = (uint8_t)(first + (found - row)), .modifier = modifier};
    return true;
}

static bool find_stroke(char c, struct stroke *out)
{
    *out = (struct stroke){0};
    switch (c) {
    case ' ':
        out->usage = KEY_SPACE;
        return true;
    case '\n':
    case '\r':
        out->usage = KEY_ENTER;
        return true;
    case '\t':
        out->usage = KEY_TAB;
        return true;
    case '\b':
    case 0x7F:
        out->usage = KEY_BACKSPACE;
        return true;
    case 0x1B:
        out->usage = KEY_ESCAPE;
        return true;
    }
    if (c >= 0x01 && c <= 0x1A) {
        *out = (struct stroke){.usage = (uint8_t)(KEY_A + c - 1), .modifier = KEY_LEFT_CONTROL};
        return true;
    }
    if (g_ascii_isalpha(c)) {
        *out = (struct stroke){.usage = (uint8_t)(KEY_A + g_ascii_tolower(c) - 'a'),
                               .modifier = g_ascii_isupper(c) ? KEY_LEFT_SHIFT : 0};
        return true;
    }
    return find_in(digits, KEY_1, c, 0, out) || find_in(shifted_digits, KEY_1, c, KEY_LEFT_SHIFT, out) ||
           find_in(plain, first_symbol, c, 0, out) || find_in(shifted, first_symbol, c, KEY_LEFT_SHIFT, out);
}

static void append(GByteArray *out, uint8_t usage, bool down)
{
    const uint8_t event[2] = {usage, down};

    g_byte_array_append(out, event, sizeof(event));
}

bool text_keys(const char *text, GByteArray *out, GError **error)
{
    guint before = out->len;
    struct stroke stroke;

    for (const char *p = text; *p; p++) {
        if (!find_stroke(*p, &stroke)) {
            g_set_error(error, G_CONVERT_ERROR, G_CONVERT_ERROR_ILLEGAL_SEQUENCE,
                        "byte 0x%02x of the text to type is on no key of a US keyboard; ASCII is wanted",
                        (unsigned)(uint8_t)*p);
            g_byte_array_set_size(out, before);
            return false;
        }
        if (stroke.modifier)
            append(out, stroke.modifier, true);
        append(out, stroke.usage, true);
        append(out, stroke.usage, false);
        if (stroke.modifier)
            append(out, stroke.modifier, false);
    }
    return true;
}
