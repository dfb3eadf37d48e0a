/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debug/symbols/kallsyms.h"

#include <string.h>

#include "emu/bytes.h"

#define TOKENS 256u
#define INDEX_SIZE (TOKENS * 2)
#define TOKEN_MAX 64u
#define NAMES_MAX (1u << 20)
#define NAME_MAX_LENGTH 1024u
#define SYMBOLS_PER_MARKER 256u
/* 256 names of any length stand before the end that no marker tells. */
#define TAIL_MAX (SYMBOLS_PER_MARKER * 512u)

static size_t round_up(size_t value)
{
    return (value + 7) & ~(size_t)7;
}

/* Where the texts of the 256 tokens begin, as offsets: 0, and ascending by the length of each. */
static bool is_token_index(const uint8_t *at)
{
    if (get_le16(at) != 0) {
        return false;
    }
    for (unsigned i = 1; i < TOKENS; i++) {
        int step = get_le16(at + i * 2) - get_le16(at + i * 2 - 2);

        if (step < 2 || step > (int)TOKEN_MAX) {
            return false;
        }
    }
    return true;
}

/* The table of tokens that ends right before its index, but for alignment; NULL: none. */
static const uint8_t *token_table_before(const uint8_t *bytes, const uint8_t *index)
{
    unsigned last = get_le16(index + INDEX_SIZE - 2);

    for (unsigned length = 2; length <= TOKEN_MAX; length++) {
        size_t size = round_up(last + length);
        const uint8_t *table = index - size;
        bool fits = size <= (size_t)(index - bytes) && strnlen((const char *)table + last, length) == length - 1;

        for (unsigned i = 1; fits && i < TOKENS; i++) {
            unsigned at = get_le16(index + i * 2);

            fits = table[at - 1] == 0 &&
                   strlen((const char *)table + get_le16(index + i * 2 - 2)) == at - get_le16(index + i * 2 - 2) - 1u;
        }
        if (fits) {
            return table;
        }
    }
    return NULL;
}

/* The length of the entry at @at, its own byte or two included; 0: it reaches over the end. */
static size_t entry_length(const uint8_t *at, const uint8_t *end, size_t *head)
{
    size_t length;

    if (at >= end) {
        return 0;
    }
    *head = 1;
    length = at[0];
    if (length & 0x80) { /* long names, since Linux 6.1 */
        if (end - at < 2) {
            return 0;
        }
        *head = 2;
        length = (length & 0x7f) | (size_t)at[1] << 7;
    }
    return length > 0 && length <= (size_t)(end - at) - *head ? *head + length : 0;
}

/* Do @count entries from @names on fill the space up to the markers, and does each marker stand where it says? */
static bool names_agree(const uint8_t *names, uint32_t count, const uint8_t *markers, unsigned marker_count)
{
    const uint8_t *at = names;

    for (uint32_t i = 0; i < count; i++) {
        size_t head, length = entry_length(at, markers, &head);

        if (length == 0 || (i % SYMBOLS_PER_MARKER == 0 &&
                            (i / SYMBOLS_PER_MARKER >= marker_count ||
                             get_le32(markers + (size_t)(i / SYMBOLS_PER_MARKER) * 4) != (size_t)(at - names)))) {
            return false;
        }
        at += length;
    }
    return markers - at < 8;
}

/* Markers end at the table of tokens; backwards they descend to 0.  Returns their number; 0: none. */
static unsigned markers_before(const uint8_t *bytes, const uint8_t *table, const uint8_t **markers)
{
    const uint8_t *at = table - 4;
    unsigned count = 1;

    if (table - bytes < 16) {
        return 0;
    }
    if (get_le32(at) == 0) { /* alignment */
        at -= 4;
    }
    while (get_le32(at) != 0) {
        uint32_t step = get_le32(at) - get_le32(at - 4);

        if (at - bytes < 8 || get_le32(at - 4) >= get_le32(at) || step < 2 * SYMBOLS_PER_MARKER || step > TAIL_MAX) {
            return 0;
        }
        at -= 4;
        count++;
    }
    *markers = at;
    return count;
}

/* Names stand before the markers, their number before them. */
static bool find_names(const uint8_t *bytes, const uint8_t *markers, unsigned marker_count, struct kallsyms *out,
                       const uint8_t **number)
{
    size_t last = get_le32(markers + (size_t)(marker_count - 1) * 4), room = (size_t)(markers - bytes);

    for (size_t tail = 8; tail <= TAIL_MAX && last + tail + 8 <= room; tail += 8) {
        const uint8_t *at = markers - round_up(last) - tail - 8;
        uint32_t count;

        if (at < bytes) {
            return false;
        }
        count = get_le32(at);
        if (count > (marker_count - 1) * SYMBOLS_PER_MARKER && count <= marker_count * SYMBOLS_PER_MARKER &&
            get_le32(at + 4) == 0 && names_agree(at + 8, count, markers, marker_count)) {
            out->names = at + 8;
            out->names_length = (uint64_t)(markers - out->names);
            out->count = count;
            *number = at;
            return true;
        }
    }
    return false;
}

static uint64_t address_of(const struct kallsyms *kallsyms, uint32_t index)
{
    int32_t offset = (int32_t)get_le32(kallsyms->offsets + (size_t)index * 4);

    if (!kallsyms->absolute_percpu) {
        return kallsyms->relative_base + (uint32_t)offset;
    }
    return offset >= 0 ? (uint64_t)offset : kallsyms->relative_base - 1 - (uint64_t)(int64_t)offset;
}

/* Offsets with their base behind them: do all addresses ascend, and do most lie in the upper half? */
static bool offsets_agree(struct kallsyms *kallsyms, const uint8_t *offsets)
{
    uint64_t before = 0;
    uint32_t upper = 0;

    kallsyms->offsets = offsets;
    kallsyms->relative_base = get_le64(offsets + round_up((size_t)kallsyms->count * 4));
    for (unsigned form = 0; form < 2; form++) {
        uint32_t i;

        kallsyms->absolute_percpu = form == 1;
        before = 0;
        upper = 0;
        for (i = 0; i < kallsyms->count; i++) {
            uint64_t address = address_of(kallsyms, i);

            if (address < before) {
                break;
            }
            before = address;
            upper += address >> 63;
        }
        if (i == kallsyms->count && upper > kallsyms->count / 2) {
            return true;
        }
    }
    return false;
}

/* Before the number of names (up to Linux 6.3), or behind the index of tokens. */
static bool find_offsets(const uint8_t *bytes, size_t length, const uint8_t *number, struct kallsyms *out)
{
    size_t size = round_up((size_t)out->count * 4) + 8;
    const uint8_t *behind = out->token_index + INDEX_SIZE;

    if ((size_t)(number - bytes) >= size && offsets_agree(out, number - size)) {
        return true;
    }
    return length - (size_t)(behind - bytes) >= size && offsets_agree(out, behind);
}

/*
 * Between the markers and the tokens Linux 6.1.5 to 6.3 have a table of three bytes a name, by which names are looked up: how long it
 * is the number of names tells, which is found last.
 */
static bool find_all(const uint8_t *bytes, size_t length, struct kallsyms *out)
{
    const uint8_t *table = out->token_table, *limit = table - MIN((size_t)(table - bytes), (size_t)NAMES_MAX * 3);

    for (const uint8_t *end = table; end - limit >= 16; end -= 8) {
        const uint8_t *markers = NULL, *number = NULL;
        unsigned count = markers_before(bytes, end, &markers);
        size_t between = (size_t)(table - end);

        if (count >= 2 && count <= NAMES_MAX / SYMBOLS_PER_MARKER && find_names(bytes, markers, count, out, &number) &&
            (between == 0 || between == round_up((size_t)out->count * 3)) && find_offsets(bytes, length, number, out)) {
            return true;
        }
    }
    return false;
}

bool kallsyms_find(const uint8_t *bytes, size_t length, struct kallsyms *out)
{
    for (size_t at = 8; at + INDEX_SIZE <= length; at += 8) {
        if (is_token_index(bytes + at)) {
            out->token_index = bytes + at;
            out->token_table = token_table_before(bytes, bytes + at);
            if (out->token_table && find_all(bytes, length, out)) {
                return true;
            }
        }
    }
    return false;
}

void kallsyms_each(const struct kallsyms *kallsyms,
                   void (*name)(void *opaque, uint64_t address, char type, const char *text), void *opaque)
{
    const uint8_t *at = kallsyms->names, *end = kallsyms->names + kallsyms->names_length;

    for (uint32_t i = 0; i < kallsyms->count; i++) {
        char text[NAME_MAX_LENGTH];
        size_t head = 1, used = 0, length = entry_length(at, end, &head);

        for (size_t k = head; k < length; k++) {
            const char *token = (const char *)kallsyms->token_table + get_le16(kallsyms->token_index + at[k] * 2u);
            size_t room = sizeof(text) - 1 - used, piece = strnlen(token, TOKEN_MAX);

            memcpy(text + used, token, MIN(piece, room));
            used += MIN(piece, room);
        }
        text[used] = '\0';
        if (used > 1) {
            name(opaque, address_of(kallsyms, i), text[0], text + 1);
        }
        at += length;
    }
}
