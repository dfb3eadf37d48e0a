/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debug/symbols/btf.h"

#include <string.h>

#include "emu/bytes.h"

#define HEADER_SIZE 24u
#define TYPE_SIZE 12u
#define MEMBER_SIZE 12u
#define DEPTH_MAX 32u
#define MEMBERS_MAX (1u << 20)
#define TYPES_MIN 2u
#define SIZE_MAX_BYTES (64u << 20)

enum kind {
    KIND_INT = 1,
    KIND_POINTER,
    KIND_ARRAY,
    KIND_STRUCT,
    KIND_UNION,
    KIND_ENUM,
    KIND_FORWARD,
    KIND_TYPEDEF,
    KIND_VOLATILE,
    KIND_CONST,
    KIND_RESTRICT,
    KIND_FUNCTION,
    KIND_FUNCTION_PROTOTYPE,
    KIND_VARIABLE,
    KIND_DATA_SECTION,
    KIND_FLOAT,
    KIND_DECLARATION_TAG,
    KIND_TYPE_TAG,
    KIND_ENUM64,
};

struct btf {
    uint8_t *types;
    uint32_t types_length;
    char *texts; /* ends in a zero */
    uint32_t texts_length;
    GArray *offsets; /* uint32_t, of the type of each number from 1 on */
};

static unsigned kind_of(const uint8_t *type)
{
    return get_le32(type + 4) >> 24 & 0x1f;
}

static unsigned count_of(const uint8_t *type)
{
    return get_le32(type + 4) & 0xffff;
}

/* What follows the twelve bytes that all types have; UINT32_MAX: a kind that is not known. */
static uint32_t length_behind(const uint8_t *type)
{
    switch (kind_of(type)) {
    case KIND_INT:
    case KIND_VARIABLE:
    case KIND_DECLARATION_TAG:
        return 4;
    case KIND_ARRAY:
        return 12;
    case KIND_STRUCT:
    case KIND_UNION:
    case KIND_DATA_SECTION:
    case KIND_ENUM64:
        return count_of(type) * MEMBER_SIZE;
    case KIND_ENUM:
    case KIND_FUNCTION_PROTOTYPE:
        return count_of(type) * 8;
    case KIND_POINTER:
    case KIND_FORWARD:
    case KIND_TYPEDEF:
    case KIND_VOLATILE:
    case KIND_CONST:
    case KIND_RESTRICT:
    case KIND_FUNCTION:
    case KIND_FLOAT:
    case KIND_TYPE_TAG:
        return 0;
    default:
        return UINT32_MAX;
    }
}

/* Does the table of types fill its length exactly? */
static bool index_types(struct btf *btf)
{
    uint32_t at = 0;

    while (at < btf->types_length) {
        uint32_t behind;

        if (btf->types_length - at < TYPE_SIZE) {
            return false;
        }
        behind = length_behind(btf->types + at);
        if (behind > btf->types_length - at - TYPE_SIZE) {
            return false;
        }
        g_array_append_val(btf->offsets, at);
        at += TYPE_SIZE + behind;
    }
    return btf->offsets->len >= TYPES_MIN;
}

static struct btf *take(const uint8_t *at, size_t length)
{
    uint32_t types_length = get_le32(at + 12), texts_length = get_le32(at + 20);
    struct btf *btf;

    if (get_le32(at + 8) != 0 || get_le32(at + 16) != types_length || types_length > SIZE_MAX_BYTES ||
        texts_length > SIZE_MAX_BYTES || texts_length == 0 ||
        (uint64_t)HEADER_SIZE + types_length + texts_length > length || at[HEADER_SIZE + types_length] != 0 ||
        at[HEADER_SIZE + types_length + texts_length - 1] != 0) {
        return NULL;
    }
    btf = g_new0(struct btf, 1);
    btf->types = g_memdup2(at + HEADER_SIZE, types_length);
    btf->types_length = types_length;
    btf->texts = g_memdup2(at + HEADER_SIZE + types_length, texts_length);
    btf->texts_length = texts_length;
    btf->offsets = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    if (!index_types(btf)) {
        btf_free(btf);
        return NULL;
    }
    return btf;
}

struct btf *btf_find(const uint8_t *bytes, size_t length)
{
    static const uint8_t head[] = {0x9f,        0xeb, 1, 0,
                                   HEADER_SIZE, 0,    0, 0}; /* magic, version, flags, length of the header */

    for (size_t at = 0; at + HEADER_SIZE < length; at += 4) {
        struct btf *btf = memcmp(bytes + at, head, sizeof(head)) == 0 ? take(bytes + at, length - at) : NULL;

        if (btf) {
            return btf;
        }
    }
    return NULL;
}

void btf_free(struct btf *btf)
{
    if (btf) {
        g_free(btf->types);
        g_free(btf->texts);
        g_array_free(btf->offsets, TRUE);
        g_free(btf);
    }
}

/* NULL: no such type; 0 is void. */
static const uint8_t *type_at(const struct btf *btf, uint32_t number)
{
    return number >= 1 && number <= btf->offsets->len ? btf->types + g_array_index(btf->offsets, uint32_t, number - 1)
                                                      : NULL;
}

static const char *text_at(const struct btf *btf, uint32_t offset)
{
    return offset < btf->texts_length ? btf->texts + offset : "";
}

/* Through names and qualifiers to the type itself. */
static const uint8_t *strip(const struct btf *btf, const uint8_t *type)
{
    for (unsigned depth = 0; type && depth < DEPTH_MAX; depth++) {
        switch (kind_of(type)) {
        case KIND_TYPEDEF:
        case KIND_VOLATILE:
        case KIND_CONST:
        case KIND_RESTRICT:
        case KIND_TYPE_TAG:
            type = type_at(btf, get_le32(type + 8));
            break;
        default:
            return type;
        }
    }
    return NULL;
}

static uint64_t size_of(const struct btf *btf, const uint8_t *type)
{
    uint64_t count = 1;

    for (unsigned depth = 0; type && depth < DEPTH_MAX; depth++) {
        switch (kind_of(type)) {
        case KIND_ARRAY:
            count *= get_le32(type + TYPE_SIZE + 8);
            count = MIN(count, UINT32_MAX);
            type = strip(btf, type_at(btf, get_le32(type + TYPE_SIZE)));
            break;
        case KIND_POINTER:
            return count * 8;
        case KIND_INT:
        case KIND_STRUCT:
        case KIND_UNION:
        case KIND_ENUM:
        case KIND_FLOAT:
        case KIND_ENUM64:
            return count * get_le32(type + 8);
        default:
            return 0;
        }
    }
    return 0;
}

static bool is_structure(const uint8_t *type)
{
    return type && (kind_of(type) == KIND_STRUCT || kind_of(type) == KIND_UNION);
}

struct member_search {
    const struct btf *btf;
    const char *name;
    size_t length;
    unsigned budget; /* of members looked at: structures may name each other without end */
    const uint8_t *found;
};

/* Adds the member's offset.  Looks into members without a name. */
static bool find_member(struct member_search *search, const uint8_t *type, unsigned depth, uint64_t *offset)
{
    const struct btf *btf = search->btf;
    bool bit_fields = get_le32(type + 4) >> 31;

    for (unsigned i = 0; i < count_of(type) && search->budget > 0; i++) {
        search->budget--; /* before the search goes deeper, which may use up the rest */
        const uint8_t *member = type + TYPE_SIZE + (size_t)i * MEMBER_SIZE;
        const char *is = text_at(btf, get_le32(member));
        const uint8_t *inner = strip(btf, type_at(btf, get_le32(member + 4)));
        uint32_t bits = get_le32(member + 8);
        uint64_t within = *offset + (bit_fields ? bits & 0xffffff : bits) / 8;

        if (strncmp(is, search->name, search->length) == 0 && is[search->length] == '\0') {
            *offset = within;
            search->found = inner;
            return inner && !(bit_fields && bits >> 24);
        }
        if (!*is && is_structure(inner) && depth < DEPTH_MAX && find_member(search, inner, depth + 1, &within)) {
            *offset = within;
            return true;
        }
    }
    return false;
}

/* A structure of that name goes before a name for another type; forward declarations are passed over. */
static const uint8_t *find_type(const struct btf *btf, const char *name)
{
    const uint8_t *other = NULL;

    for (uint32_t number = 1; number <= btf->offsets->len; number++) {
        const uint8_t *type = type_at(btf, number);
        unsigned kind = kind_of(type);

        if ((is_structure(type) || kind == KIND_TYPEDEF || kind == KIND_INT || kind == KIND_ENUM) &&
            strcmp(text_at(btf, get_le32(type)), name) == 0) {
            if (is_structure(type)) {
                return type;
            }
            other = other ? other : type;
        }
    }
    return other;
}

bool btf_member(const struct btf *btf, const char *type, const char *member, uint64_t *offset, uint64_t *size)
{
    const uint8_t *at = strip(btf, find_type(btf, type));
    struct member_search search = {.btf = btf, .budget = MEMBERS_MAX};

    *offset = 0;
    while (at && *member) {
        search.name = member;
        search.length = strcspn(member, ".");
        if (!is_structure(at) || !find_member(&search, at, 0, offset)) {
            return false;
        }
        at = search.found;
        member += search.length + (member[search.length] == '.');
    }
    *size = at ? size_of(btf, at) : 0;
    return at;
}
