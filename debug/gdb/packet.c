/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See packet.h. */
#include "debug/gdb/packet.h"

#define INTERRUPT 0x03
#define ESCAPE 0x7d
#define ESCAPE_XOR 0x20

void gdb_parser_init(struct gdb_parser *parser)
{
    *parser = (struct gdb_parser){.packet = g_string_new(NULL)};
}

void gdb_parser_clear(struct gdb_parser *parser)
{
    g_string_free(parser->packet, TRUE);
    parser->packet = NULL;
}

static void begin(struct gdb_parser *parser)
{
    g_string_truncate(parser->packet, 0);
    parser->state = GDB_PARSER_DATA;
    parser->sum = 0;
    parser->too_long = parser->malformed = false;
}

static void take(struct gdb_parser *parser, uint8_t byte)
{
    if (parser->packet->len < GDB_PACKET_SIZE)
        g_string_append_c(parser->packet, (char)byte);
    else
        parser->too_long = true;
}

static enum gdb_event idle(struct gdb_parser *parser, uint8_t byte)
{
    if (byte == '$')
        begin(parser);
    else if (byte == '-')
        return GDB_EVENT_REPEAT;
    else if (byte == INTERRUPT)
        return GDB_EVENT_INTERRUPT;
    return GDB_EVENT_NONE; /* '+', and noise */
}

static void data(struct gdb_parser *parser, uint8_t byte)
{
    if (byte == '#') {
        parser->state = GDB_PARSER_CHECKSUM_HIGH;
        return;
    }
    if (byte == '$') { /* the last one was cut off */
        begin(parser);
        return;
    }
    parser->sum = (uint8_t)(parser->sum + byte);
    if (byte == ESCAPE)
        parser->state = GDB_PARSER_ESCAPED;
    else
        take(parser, byte);
}

static uint8_t digit(struct gdb_parser *parser, uint8_t byte)
{
    int value = g_ascii_xdigit_value((char)byte);

    if (value < 0)
        parser->malformed = true;
    return (uint8_t)(value & 15);
}

enum gdb_event gdb_parser_feed(struct gdb_parser *parser, uint8_t byte)
{
    switch (parser->state) {
    case GDB_PARSER_IDLE:
        return idle(parser, byte);
    case GDB_PARSER_DATA:
        data(parser, byte);
        return GDB_EVENT_NONE;
    case GDB_PARSER_ESCAPED:
        parser->sum = (uint8_t)(parser->sum + byte);
        take(parser, byte ^ ESCAPE_XOR);
        parser->state = GDB_PARSER_DATA;
        return GDB_EVENT_NONE;
    case GDB_PARSER_CHECKSUM_HIGH:
        parser->said = (uint8_t)(digit(parser, byte) << 4);
        parser->state = GDB_PARSER_CHECKSUM_LOW;
        return GDB_EVENT_NONE;
    default:
        parser->said |= digit(parser, byte);
        parser->state = GDB_PARSER_IDLE;
        return parser->too_long || parser->malformed || parser->said != parser->sum ? GDB_EVENT_BAD : GDB_EVENT_PACKET;
    }
}

GString *gdb_packet_frame(const char *payload, size_t length)
{
    GString *out = g_string_sized_new(length + 4);
    uint8_t sum = 0;

    g_string_append_c(out, '$');
    for (size_t i = 0; i < length; i++) {
        char byte = payload[i];
        if (byte == '$' || byte == '#' || byte == '*' || byte == ESCAPE) {
            g_string_append_c(out, ESCAPE);
            byte ^= ESCAPE_XOR;
        }
        g_string_append_c(out, byte);
    }
    for (size_t i = 1; i < out->len; i++)
        sum = (uint8_t)(sum + (uint8_t)out->str[i]);
    g_string_append_printf(out, "#%02x", sum);
    return out;
}

void gdb_append_hex(GString *out, const void *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < length; i++) {
        g_string_append_c(out, digits[byte[i] >> 4]);
        g_string_append_c(out, digits[byte[i] & 15]);
    }
}

size_t gdb_parse_hex(const char *text, size_t length, uint8_t *bytes, size_t room)
{
    size_t count = 0;

    for (; count < room && 2 * count + 1 < length; count++) {
        int high = g_ascii_xdigit_value(text[2 * count]);
        int low = g_ascii_xdigit_value(text[2 * count + 1]);
        if (high < 0 || low < 0)
            break;
        bytes[count] = (uint8_t)(high << 4 | low);
    }
    return count;
}

bool gdb_parse_number(const char **text, uint64_t *value)
{
    const char *start = *text;

    *value = 0;
    while (g_ascii_xdigit_value(**text) >= 0) {
        if (*value >> 60)
            return false;
        *value = *value << 4 | (uint64_t)g_ascii_xdigit_value(**text);
        ++*text;
    }
    return *text != start;
}
