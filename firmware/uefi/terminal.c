/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ANSI terminal as the firmware's console talks to it.  ECMA-48 (1991); keys as xterm and the Linux console send
 * them.
 */
#include "firmware/uefi/terminal.h"

#include <string.h>

#include "firmware/uefi/unicode.h"

#define ESCAPE 0x1B
#define DELETE 0x7F

static const struct state_field terminal_input_fields[] = {
    STATE_U8_ARRAY(struct terminal_input, bytes),
    STATE_U8(struct terminal_input, count),
    STATE_END,
};
const struct state_table terminal_input_state = {
    .name = "terminal-input", .version = 1, .fields = terminal_input_fields};

/* --- output --- */
static void append_format(GByteArray *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void append_format(GByteArray *out, const char *format, ...)
{
    char text[32];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = g_vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    g_byte_array_append(out, (const uint8_t *)text, (guint)length);
}

void terminal_put(GByteArray *out, uint16_t unit)
{
    uint8_t bytes[3];
    size_t length = unicode_to_utf8(unit, bytes);

    g_byte_array_append(out, bytes, (guint)length);
}

void terminal_set_attribute(GByteArray *out, uint8_t attribute)
{
    static const uint8_t ansi[8] = {0, 4, 2, 6, 1, 5, 3, 7}; /* EFI counts blue as 1, ANSI red */
    unsigned foreground = attribute & 7, background = attribute >> 4 & 7;

    /* What the firmware begins with is what the user's terminal begins with, whatever colours that has. */
    if (attribute == 0x07)
        append_format(out, "\x1B[0m");
    else
        append_format(out, "\x1B[0;%s3%u;4%um", attribute & 8 ? "1;" : "", ansi[foreground], ansi[background]);
}

void terminal_move(GByteArray *out, unsigned column, unsigned row)
{
    append_format(out, "\x1B[%u;%uH", row + 1, column + 1);
}

void terminal_clear(GByteArray *out)
{
    append_format(out, "\x1B[2J");
    terminal_move(out, 0, 0);
}

void terminal_show_cursor(GByteArray *out, bool visible)
{
    append_format(out, visible ? "\x1B[?25h" : "\x1B[?25l");
}

/* --- input --- */
enum progress { SEQUENCE_GOES_ON, SEQUENCE_DONE, SEQUENCE_UNKNOWN };

/* ESC [ letter, ESC O letter */
static uint16_t letter_scan(uint8_t letter)
{
    static const struct {
        uint8_t letter;
        uint8_t scan;
    } keys[] = {
        {'A', SCAN_UP},   {'B', SCAN_DOWN}, {'C', SCAN_RIGHT},  {'D', SCAN_LEFT},   {'F', SCAN_END},
        {'H', SCAN_HOME}, {'P', SCAN_F1},   {'Q', SCAN_F1 + 1}, {'R', SCAN_F1 + 2}, {'S', SCAN_F1 + 3},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].letter == letter)
            return keys[i].scan;
    }
    return SCAN_NULL;
}

/* ESC [ number ~ */
static uint16_t number_scan(unsigned number)
{
    static const uint8_t scans[] = {
        [1] = SCAN_HOME,      [2] = SCAN_INSERT,  [3] = SCAN_DELETE,  [4] = SCAN_END,     [5] = SCAN_PAGE_UP,
        [6] = SCAN_PAGE_DOWN, [7] = SCAN_HOME,    [8] = SCAN_END,     [11] = SCAN_F1,     [12] = SCAN_F1 + 1,
        [13] = SCAN_F1 + 2,   [14] = SCAN_F1 + 3, [15] = SCAN_F1 + 4, [17] = SCAN_F1 + 5, [18] = SCAN_F1 + 6,
        [19] = SCAN_F1 + 7,   [20] = SCAN_F1 + 8, [21] = SCAN_F1 + 9, [23] = SCAN_F11,    [24] = SCAN_F12,
    };

    return number < G_N_ELEMENTS(scans) ? scans[number] : SCAN_NULL;
}

/* xterm's modifier number: one more than shift 1, alt 2, control 4. */
static uint32_t modifier_shift(unsigned modifier)
{
    unsigned bits = modifier ? modifier - 1 : 0;

    if (bits == 0 || bits > 7)
        return 0;
    return SHIFT_STATE_VALID | (bits & 1 ? SHIFT_LEFT_SHIFT : 0) | (bits & 2 ? SHIFT_LEFT_ALT : 0) |
           (bits & 4 ? SHIFT_LEFT_CONTROL : 0);
}

/* ESC [ parameters final; @input ends with its newest byte. */
static enum progress decode_csi(const struct terminal_input *input, struct key *key)
{
    unsigned parameter[2] = {0, 0}, index = 0;
    uint8_t final = input->bytes[input->count - 1];

    if (input->count == 3 && final == '[') /* the Linux console: ESC [ [ A is F1 */
        return SEQUENCE_GOES_ON;
    if (input->count == 4 && input->bytes[2] == '[') {
        key->scan = final >= 'A' && final <= 'E' ? (uint16_t)(SCAN_F1 + final - 'A') : SCAN_NULL;
        return key->scan ? SEQUENCE_DONE : SEQUENCE_UNKNOWN;
    }
    if (final >= 0x20 && final < 0x40)
        return input->count < TERMINAL_SEQUENCE_MAX ? SEQUENCE_GOES_ON : SEQUENCE_UNKNOWN;
    for (unsigned i = 2; i + 1 < input->count; i++) {
        uint8_t byte = input->bytes[i];

        if (g_ascii_isdigit(byte))
            parameter[index] = MIN(parameter[index] * 10 + byte - '0', 9999u);
        else if (byte == ';' && index == 0)
            index = 1;
        else
            return SEQUENCE_UNKNOWN;
    }
    key->scan = final == '~' ? number_scan(parameter[0]) : letter_scan(final);
    key->shift = modifier_shift(parameter[1]);
    return key->scan ? SEQUENCE_DONE : SEQUENCE_UNKNOWN;
}

static enum progress decode_escape(const struct terminal_input *input, struct key *key)
{
    if (input->count == 1)
        return SEQUENCE_GOES_ON;
    if (input->bytes[1] == '[')
        return input->count == 2 ? SEQUENCE_GOES_ON : decode_csi(input, key);
    if (input->bytes[1] == 'O') {
        if (input->count == 2)
            return SEQUENCE_GOES_ON;
        key->scan = letter_scan(input->bytes[2]);
        return key->scan ? SEQUENCE_DONE : SEQUENCE_UNKNOWN;
    }
    return SEQUENCE_UNKNOWN;
}

static enum progress decode_utf8(const struct terminal_input *input, struct key *key)
{
    uint8_t lead = input->bytes[0];
    unsigned length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    uint32_t value = lead & (0x7F >> length);

    if (lead < 0xC2 || lead > 0xF4)
        return SEQUENCE_UNKNOWN;
    for (unsigned i = 1; i < input->count; i++) {
        if ((input->bytes[i] & 0xC0) != 0x80)
            return SEQUENCE_UNKNOWN;
        value = value << 6 | (input->bytes[i] & 0x3F);
    }
    if (input->count < length)
        return SEQUENCE_GOES_ON;
    if (value > 0xFFFF || (value >= 0xD800 && value <= 0xDFFF))
        return SEQUENCE_UNKNOWN;
    key->unit = (uint16_t)value;
    return SEQUENCE_DONE;
}

static void plain_key(uint8_t byte, struct key *key)
{
    *key = (struct key){0};
    if (byte == ESCAPE)
        key->scan = SCAN_ESC;
    else if (byte == DELETE) /* the Backspace key of today's terminals */
        key->unit = '\b';
    else
        key->unit = byte == '\n' ? '\r' : byte; /* scripts send lines; Enter is CR */
}

/* Begins anew with @byte; true: it is a key by itself. */
static bool begin(struct terminal_input *input, uint8_t byte, struct key *key)
{
    input->count = 0;
    if (byte == ESCAPE || byte >= 0x80) {
        input->bytes[input->count++] = byte;
        return false;
    }
    plain_key(byte, key);
    return true;
}

unsigned terminal_decode(struct terminal_input *input, uint8_t byte, struct key keys[2])
{
    enum progress progress;
    bool escape;
    unsigned n = 0;

    if (input->count == 0) {
        if (begin(input, byte, &keys[0]))
            return 1;
        if (byte == ESCAPE)
            return 0;
    } else {
        input->bytes[input->count++] = byte;
    }
    escape = input->bytes[0] == ESCAPE;
    keys[0] = (struct key){0};
    progress = escape ? decode_escape(input, &keys[0]) : decode_utf8(input, &keys[0]);
    if (progress == SEQUENCE_GOES_ON)
        return 0;
    if (progress == SEQUENCE_DONE) {
        input->count = 0;
        return 1;
    }
    if (input->count == 2 && escape) /* no sequence: the key ESC, then another one */
        plain_key(ESCAPE, &keys[n++]);
    else if (escape || input->count == 1) { /* a sequence that nobody knows, a stray byte */
        input->count = 0;
        return 0;
    }
    if (begin(input, byte, &keys[n]))
        n++;
    return n;
}

unsigned terminal_timeout(struct terminal_input *input, struct key keys[1])
{
    bool escape = input->count == 1 && input->bytes[0] == ESCAPE;

    input->count = 0;
    if (escape)
        plain_key(ESCAPE, &keys[0]);
    return escape;
}
