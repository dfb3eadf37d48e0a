/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text through the firmware's console, which puts it on the serial line and on the screen. */
#include "guest/guest.h"

#include <stdarg.h>

#define LINE 256

/* Collects CHAR16 and hands them on before they are too many. */
struct line {
    struct guest *guest;
    unsigned used;
    uint16_t text[LINE];
};

static void flush(struct line *line)
{
    line->text[line->used] = 0;
    line->used = 0;
    line->guest->system->console_out->output_string(line->guest->system->console_out, line->text);
}

static void put(struct line *line, uint16_t character)
{
    if (line->used > LINE - 3)
        flush(line);
    if (character == '\n')
        line->text[line->used++] = '\r';
    line->text[line->used++] = character;
}

static void pad(struct line *line, int count, char with)
{
    while (count-- > 0)
        put(line, (uint8_t)with);
}

struct conversion {
    bool left;
    char fill;
    int width;
};

static void put_text(struct line *line, const char *text, const struct conversion *how)
{
    int length = 0;

    while (text[length])
        length++;
    if (!how->left)
        pad(line, how->width - length, ' ');
    for (int i = 0; i < length; i++)
        put(line, (uint8_t)text[i]);
    if (how->left)
        pad(line, how->width - length, ' ');
}

static void put_number(struct line *line, uint64_t value, unsigned base, const struct conversion *how)
{
    char digits[24];
    int at = sizeof(digits) - 1;

    digits[at] = 0;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    pad(line, how->fill == '0' ? how->width - ((int)sizeof(digits) - 1 - at) : 0, '0');
    put_text(line, digits + at, how->fill == '0' ? &(struct conversion){0} : how);
}

static const char *convert(struct line *line, const char *format, va_list *arguments)
{
    struct conversion how = {.fill = ' '};

    if (*format == '-') {
        how.left = true;
        format++;
    }
    if (*format == '0')
        how.fill = '0';
    for (; *format >= '0' && *format <= '9'; format++)
        how.width = 10 * how.width + (*format - '0');
    switch (*format) {
    case 's':
        put_text(line, va_arg(*arguments, const char *), &how);
        break;
    case 'S':
        for (const uint16_t *text = va_arg(*arguments, const uint16_t *); text && *text; text++)
            put(line, *text);
        break;
    case 'u':
        put_number(line, va_arg(*arguments, uint64_t), 10, &how);
        break;
    case 'x':
        put_number(line, va_arg(*arguments, uint64_t), 16, &how);
        break;
    case 'c':
        put(line, (uint16_t)va_arg(*arguments, int));
        break;
    default:
        put(line, (uint8_t)*format);
        break;
    }
    return format + 1;
}

void print(struct guest *guest, const char *format, ...)
{
    struct line line = {.guest = guest};
    va_list arguments;

    va_start(arguments, format);
    while (*format) {
        if (*format == '%')
            format = convert(&line, format + 1, &arguments);
        else
            put(&line, (uint8_t)*format++);
    }
    va_end(arguments);
    flush(&line);
}

void set_colour(struct guest *guest, enum colour colour)
{
    guest->system->console_out->set_attribute(guest->system->console_out, colour);
}

void print_label(struct guest *guest, const char *label)
{
    set_colour(guest, COLOUR_LABEL);
    print(guest, "  %-11s", label);
    set_colour(guest, COLOUR_PLAIN);
}

void print_size(struct guest *guest, uint64_t bytes)
{
    static const char units[][4] = {"B", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;

    while (unit < 4 && bytes >= 1024 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    for (; unit < 4 && bytes >= 100000; unit++)
        bytes /= 1024;
    print(guest, "%u %s", bytes, units[unit]);
}

uint16_t read_key(struct guest *guest)
{
    struct efi_text_input *input = guest->system->console_in;
    struct efi_key key = {0};

    while (EFI_ERROR(input->read_key_stroke(input, &key))) {
        size_t index;
        guest->boot->wait_for_event(1, &input->wait_for_key, &index);
    }
    return key.character;
}
