/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file that a recording is kept in.  All numbers are little endian; "varint" is LEB128 (7 bits a byte, low first).
 *
 *   file    magic "GALVREC\n", u32 version, u32 length of the header, header text, u32 check; then items to the end
 *   source  u8 1, varint index, varint length, name, u32 check               before the first input of that source
 *   input   u8 2, varint instructions, varint ns, varint source, varint length, bytes, u32 check
 *   end     u8 3, varint instructions, varint ns, u64 state hash, u32 check   last, absent when the writer was killed
 *   answer  u8 4, as an input: what an outside party answered when the machine asked, within an instruction
 *
 * Instructions and ns are differences from the item before.  A check is the low half of the hash of the item's bytes,
 * seeded with the check before it: a byte changed, an item removed or swapped is noticed where it happened.
 */
#ifndef GALVANIC_EMU_JOURNAL_JOURNAL_FILE_H
#define GALVANIC_EMU_JOURNAL_JOURNAL_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define JOURNAL_INPUT_MAX 65536
#define JOURNAL_ANSWER_MAX (1u << 20)
#define JOURNAL_SOURCES_MAX 256
#define JOURNAL_NAME_MAX 255
#define JOURNAL_HEADER_MAX (1u << 20)

struct journal_writer;
struct journal_reader;

enum journal_item_kind {
    JOURNAL_ITEM_ERROR,   /* @error is set */
    JOURNAL_ITEM_NOTHING, /* the file ends without an end item */
    JOURNAL_ITEM_SOURCE,  /* source, data: the name */
    JOURNAL_ITEM_INPUT,   /* all but hash */
    JOURNAL_ITEM_ANSWER,  /* as INPUT */
    JOURNAL_ITEM_END,     /* instructions, virtual_ns, hash */
};

struct journal_item {
    enum journal_item_kind kind;
    uint64_t instructions; /* absolute */
    int64_t virtual_ns;    /* absolute */
    uint64_t hash;
    unsigned source;
    const uint8_t *data; /* of the reader, until the next call; a name is followed by a NUL */
    size_t length;
};

/* NULL with @error when the file cannot be made. */
struct journal_writer *journal_writer_new(const char *path, const char *header, GError **error);
/* Errors of writing are kept and given by journal_writer_close(). Points never go back. */
void journal_writer_source(struct journal_writer *writer, unsigned source, const char *name);
/* @kind: JOURNAL_ITEM_INPUT or JOURNAL_ITEM_ANSWER. */
void journal_writer_input(struct journal_writer *writer, enum journal_item_kind kind, uint64_t instructions,
                          int64_t virtual_ns, unsigned source, const uint8_t *data, size_t length);
void journal_writer_end(struct journal_writer *writer, uint64_t instructions, int64_t virtual_ns, uint64_t hash);
/* What was written so far survives the process from here on. */
void journal_writer_flush(struct journal_writer *writer);
/* Frees the writer; false with @error (may be NULL) if not everything could be written. */
bool journal_writer_close(struct journal_writer *writer, GError **error);

/* NULL with @error when the file cannot be read or is no recording of this version. */
struct journal_reader *journal_reader_new(const char *path, GError **error);
void journal_reader_free(struct journal_reader *reader);
const char *journal_reader_header(const struct journal_reader *reader);
enum journal_item_kind journal_reader_next(struct journal_reader *reader, struct journal_item *item, GError **error);
/* Back to the first item. */
bool journal_reader_rewind(struct journal_reader *reader, GError **error);

#endif
