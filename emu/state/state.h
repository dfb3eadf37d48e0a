/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State tables: each device declares its state once; snapshot, restore, hash and `info` read that declaration.
 *
 *     static const struct state_field fields[] = {
 *         STATE_U8(struct rtc, index),
 *         STATE_U8_ARRAY(struct rtc, cmos),
 *         STATE_TIMER(struct rtc, alarm),
 *         STATE_END,
 *     };
 *     static const struct state_table table = {.name = "rtc", .version = 1, .fields = fields};
 *
 * The stream is little endian and the same on every host.
 */
#ifndef GALVANIC_EMU_STATE_STATE_H
#define GALVANIC_EMU_STATE_STATE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state_writer;
struct state_reader;
struct state_table;

enum state_type {
    STATE_TYPE_END,
    STATE_TYPE_BOOL,
    STATE_TYPE_U8,
    STATE_TYPE_U16,
    STATE_TYPE_U32,
    STATE_TYPE_U64,
    STATE_TYPE_TIMER,  /* struct clock_timer *: its deadline */
    STATE_TYPE_STRUCT, /* embedded structs, @table describes one */
    STATE_TYPE_CUSTOM, /* @save and @load: for lists, buffers of changing length */
};

struct state_field {
    const char *name;
    enum state_type type;
    size_t offset;
    unsigned count; /* elements, 1 for a scalar */
    size_t stride;  /* bytes between elements */
    const struct state_table *table;
    void (*save)(void *object, struct state_writer *out);
    bool (*load)(void *object, struct state_reader *in); /* false: the stream is no state of this field */
};

struct state_table {
    const char *name;
    unsigned version; /* a stream of another version is refused */
    const struct state_field *fields;
    void (*before_save)(void *object);
    void (*after_load)(void *object); /* recompute what is derived, drive lines; never touches another device's state */
};

/* The field's type is checked against the declaration by size. */
#define STATE_SCALAR_(s, f, t, b)                                                                                      \
    {                                                                                                                  \
        .name = #f, .type = (t), .offset = offsetof(s, f) + 0 * sizeof(char[sizeof(((s *)0)->f) == (b) ? 1 : -1]),     \
        .count = 1, .stride = (b)                                                                                      \
    }
#define STATE_ARRAY_(s, f, t, b)                                                                                       \
    {                                                                                                                  \
        .name = #f, .type = (t), .offset = offsetof(s, f) + 0 * sizeof(char[sizeof(((s *)0)->f[0]) == (b) ? 1 : -1]),  \
        .count = sizeof(((s *)0)->f) / (b), .stride = (b)                                                              \
    }
#define STATE_BOOL(s, f) STATE_SCALAR_(s, f, STATE_TYPE_BOOL, sizeof(bool))
#define STATE_U8(s, f) STATE_SCALAR_(s, f, STATE_TYPE_U8, 1)
#define STATE_U16(s, f) STATE_SCALAR_(s, f, STATE_TYPE_U16, 2)
#define STATE_U32(s, f) STATE_SCALAR_(s, f, STATE_TYPE_U32, 4) /* also enums and int32_t */
#define STATE_U64(s, f) STATE_SCALAR_(s, f, STATE_TYPE_U64, 8) /* also int64_t */
#define STATE_BOOL_ARRAY(s, f) STATE_ARRAY_(s, f, STATE_TYPE_BOOL, sizeof(bool))
#define STATE_U8_ARRAY(s, f) STATE_ARRAY_(s, f, STATE_TYPE_U8, 1)
#define STATE_U16_ARRAY(s, f) STATE_ARRAY_(s, f, STATE_TYPE_U16, 2)
#define STATE_U32_ARRAY(s, f) STATE_ARRAY_(s, f, STATE_TYPE_U32, 4)
#define STATE_U64_ARRAY(s, f) STATE_ARRAY_(s, f, STATE_TYPE_U64, 8)
#define STATE_TIMER(s, f)                                                                                              \
    {                                                                                                                  \
        .name = #f, .type = STATE_TYPE_TIMER, .offset = offsetof(s, f), .count = 1, .stride = 8                        \
    }
#define STATE_STRUCT(s, f, tbl)                                                                                        \
    {                                                                                                                  \
        .name = #f, .type = STATE_TYPE_STRUCT, .offset = offsetof(s, f), .count = 1, .stride = sizeof(((s *)0)->f),    \
        .table = (tbl)                                                                                                 \
    }
#define STATE_STRUCT_ARRAY(s, f, tbl)                                                                                  \
    {                                                                                                                  \
        .name = #f, .type = STATE_TYPE_STRUCT, .offset = offsetof(s, f),                                               \
        .count = sizeof(((s *)0)->f) / sizeof(((s *)0)->f[0]), .stride = sizeof(((s *)0)->f[0]), .table = (tbl)        \
    }
/* @save_ and @load_ get the whole object. */
#define STATE_CUSTOM(n, save_, load_)                                                                                  \
    {                                                                                                                  \
        .name = (n), .type = STATE_TYPE_CUSTOM, .count = 1, .save = (save_), .load = (load_)                           \
    }
#define STATE_END                                                                                                      \
    {                                                                                                                  \
        .type = STATE_TYPE_END                                                                                         \
    }

/* Writers append to a byte array that the caller owns. */
struct state_writer *state_writer_new(GByteArray *out);
void state_writer_free(struct state_writer *writer);
void state_put_u8(struct state_writer *out, uint8_t value);
void state_put_u16(struct state_writer *out, uint16_t value);
void state_put_u32(struct state_writer *out, uint32_t value);
void state_put_u64(struct state_writer *out, uint64_t value);
void state_put_bytes(struct state_writer *out, const void *data, size_t length);
void state_put_string(struct state_writer *out, const char *text); /* NULL is kept as NULL */

/* Readers never run past the end: they give zero and remember that they failed. */
struct state_reader *state_reader_new(const uint8_t *data, size_t length);
void state_reader_free(struct state_reader *reader);
bool state_reader_failed(const struct state_reader *reader);
void state_reader_fail(struct state_reader *reader);
size_t state_reader_left(const struct state_reader *reader);
uint8_t state_get_u8(struct state_reader *in);
uint16_t state_get_u16(struct state_reader *in);
uint32_t state_get_u32(struct state_reader *in);
uint64_t state_get_u64(struct state_reader *in);
bool state_get_bytes(struct state_reader *in, void *data, size_t length);
char *state_get_string(struct state_reader *in); /* to be freed; NULL as written, or at failure */

/* Name, version, then the fields. */
void state_save(const struct state_table *table, void *object, struct state_writer *out);
/* False with @error: another name, version, or a stream that is too short.  The object is then undefined: reset it. */
bool state_load(const struct state_table *table, void *object, struct state_reader *in, GError **error);
/* One line a field, "name = value", for people. */
void state_print(const struct state_table *table, const void *object, GString *out);
/* 64-bit hash of bytes (xxh3), the same on every host. */
uint64_t state_hash_bytes(const void *data, size_t length, uint64_t seed);

#endif
