/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing of GDB's remote serial protocol ("Debugging with GDB", appendix E.1): packets, acknowledgements, interrupts. */
#ifndef GALVANIC_DEBUG_GDB_PACKET_H
#define GALVANIC_DEBUG_GDB_PACKET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest packet that is taken, as told to the client. */
#define GDB_PACKET_SIZE 0x4000

enum gdb_event {
    GDB_EVENT_NONE,      /* more bytes are needed */
    GDB_EVENT_PACKET,    /* parser->packet holds it, unescaped */
    GDB_EVENT_BAD,       /* a wrong checksum, or longer than GDB_PACKET_SIZE: to be refused */
    GDB_EVENT_REPEAT,    /* the client asks for the last packet again */
    GDB_EVENT_INTERRUPT, /* byte 0x03 outside of a packet */
};

struct gdb_parser {
    GString *packet;
    enum {
        GDB_PARSER_IDLE,
        GDB_PARSER_DATA,
        GDB_PARSER_ESCAPED,
        GDB_PARSER_CHECKSUM_HIGH,
        GDB_PARSER_CHECKSUM_LOW
    } state;
    uint8_t sum;  /* of the bytes seen */
    uint8_t said; /* by the client, its upper digit */
    bool too_long, malformed;
};

void gdb_parser_init(struct gdb_parser *parser);
void gdb_parser_clear(struct gdb_parser *parser);
/* Takes the next byte of the connection; a packet is valid until the next call. */
enum gdb_event gdb_parser_feed(struct gdb_parser *parser, uint8_t byte);

/* "$payload#sum", escaped; to be freed. */
GString *gdb_packet_frame(const char *payload, size_t length);

/* Hexadecimal of bytes, appended; and back: how many bytes could be read, at most @room. */
void gdb_append_hex(GString *out, const void *bytes, size_t length);
size_t gdb_parse_hex(const char *text, size_t length, uint8_t *bytes, size_t room);
/* A number in hexadecimal at @text, which is moved past it; false: there is none, or it has more than 64 bits. */
bool gdb_parse_number(const char **text, uint64_t *value);

#endif
