/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a member stands in a type: DWARF 5, chapter 5.  Also of Rust's enumerations, whose variants have members of their own. */
#include "debug/symbols/dwarf_internal.h"

#include <dwarf.h>
#include <string.h>

#define DEPTH_MAX 32u
#define DIMENSIONS_MAX 16u
#define DIES_MAX (1u << 25) /* of a search */

struct type_search {
    unsigned dies; /* budget */
    Dwarf_Die found;
};

bool dwarf_first(Dwarf_Die *parent, Dwarf_Die *child, unsigned *budget)
{
    if (*budget == 0 || dwarf_child(parent, child) != 0) {
        return false;
    }
    --*budget;
    return true;
}

bool dwarf_next(Dwarf_Die *child, unsigned *budget)
{
    if (*budget == 0 || dwarf_siblingof(child, child) != 0) {
        return false;
    }
    --*budget;
    return true;
}

/* The length of the first part of a path: "a<b::c>::d" begins with "a<b::c>". */
static size_t part_length(const char *path)
{
    unsigned angles = 0;
    size_t i;

    for (i = 0; path[i]; i++) {
        if (path[i] == '<' || path[i] == '{') {
            angles++;
        } else if ((path[i] == '>' || path[i] == '}') && angles > 0 && (i == 0 || path[i - 1] != '-')) {
            angles--;
        } else if (angles == 0 && path[i] == ':' && path[i + 1] == ':') {
            break;
        }
    }
    return i;
}

static bool name_is(Dwarf_Die *die, const char *name, size_t length)
{
    const char *is = dwarf_diename(die);

    return is && strlen(is) == length && strncmp(is, name, length) == 0;
}

static bool is_type(int tag)
{
    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type ||
           tag == DW_TAG_enumeration_type || tag == DW_TAG_typedef || tag == DW_TAG_base_type;
}

/* Finds the type by its path from @parent on. */
static bool find_type(Dwarf_Die *parent, const char *path, unsigned depth, struct type_search *search)
{
    size_t length = part_length(path);
    bool last = path[length] == '\0';
    Dwarf_Die die;

    if (depth > DEPTH_MAX || dwarf_child(parent, &die) != 0) {
        return false;
    }
    do {
        int tag = dwarf_tag(&die);

        if (search->dies-- == 0) {
            search->dies = 0;
            return false;
        }
        if ((!is_type(tag) && tag != DW_TAG_namespace && tag != DW_TAG_module) || !name_is(&die, path, length)) {
            continue;
        }
        if (last && is_type(tag) && !dwarf_hasattr(&die, DW_AT_declaration)) {
            search->found = die;
            return true;
        }
        if (!last && find_type(&die, path + length + 2, depth + 1, search)) {
            return true;
        }
    } while (dwarf_siblingof(&die, &die) == 0);
    return false;
}

bool dwarf_type_strip(Dwarf_Die *type)
{
    for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
        Dwarf_Attribute attribute;
        int tag = dwarf_tag(type);

        if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type &&
            tag != DW_TAG_atomic_type && tag != DW_TAG_restrict_type) {
            return true;
        }
        if (!dwarf_attr(type, DW_AT_type, &attribute) || !dwarf_formref_die(&attribute, type)) {
            return false;
        }
    }
    return false;
}

bool dwarf_type_of(Dwarf_Die *die, Dwarf_Die *type)
{
    Dwarf_Attribute attribute;

    return dwarf_attr_integrate(die, DW_AT_type, &attribute) && dwarf_formref_die(&attribute, type) &&
           dwarf_type_strip(type);
}

static bool number_of(Dwarf_Die *die, unsigned attribute, uint64_t *number)
{
    Dwarf_Attribute value;

    return dwarf_attr_integrate(die, attribute, &value) && dwarf_formudata(&value, number) == 0;
}

uint64_t dwarf_array_count(Dwarf_Die *array, unsigned dimension, unsigned *dimensions)
{
    unsigned budget = DIMENSIONS_MAX;
    uint64_t result = UINT64_MAX;
    Dwarf_Die die;

    *dimensions = 0;
    for (bool more = dwarf_first(array, &die, &budget); more; more = dwarf_next(&die, &budget)) {
        uint64_t count, first = 0, last;

        if (dwarf_tag(&die) != DW_TAG_subrange_type || (*dimensions)++ != dimension) {
            continue;
        }
        if (number_of(&die, DW_AT_count, &count)) {
            result = count;
        } else if (number_of(&die, DW_AT_upper_bound, &last)) {
            number_of(&die, DW_AT_lower_bound, &first);
            result = last - first + 1;
        }
    }
    return result;
}

static uint64_t array_size(Dwarf_Die *array, uint64_t element)
{
    unsigned dimensions = 1;
    uint64_t size = element;

    for (unsigned i = 0; i < dimensions; i++) {
        uint64_t count = dwarf_array_count(array, i, &dimensions);

        if (dimensions == 0 || count == UINT64_MAX || __builtin_mul_overflow(size, count, &size)) {
            return 0;
        }
    }
    return size;
}

/* libdw's own would follow types that name themselves for ever. */
uint64_t dwarf_type_size(Dwarf_Die *type)
{
    Dwarf_Die at = *type, arrays[DIMENSIONS_MAX];
    unsigned depth = 0;
    uint64_t size;

    if (!dwarf_type_strip(&at)) {
        return 0;
    }
    while (!number_of(&at, DW_AT_byte_size, &size)) {
        int tag = dwarf_tag(&at);

        if (tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type) {
            size = 8;
            break;
        }
        if (tag != DW_TAG_array_type || depth == DIMENSIONS_MAX) {
            return 0;
        }
        arrays[depth++] = at;
        if (!dwarf_type_of(&arrays[depth - 1], &at)) {
            return 0;
        }
    }
    while (depth > 0) {
        size = array_size(&arrays[--depth], size);
    }
    return size;
}

static bool offset_of(Dwarf_Die *member, uint64_t *offset)
{
    Dwarf_Attribute attribute;
    Dwarf_Word value = 0;

    if (dwarf_attr(member, DW_AT_data_bit_offset, &attribute)) {
        return false; /* bit fields have no offset in bytes */
    }
    if (dwarf_attr(member, DW_AT_data_member_location, &attribute) && dwarf_formudata(&attribute, &value) != 0) {
        return false;
    }
    *offset += value; /* none: 0, as in unions */
    return true;
}

/*
 * Finds the member @name of @type, adding to @offset; looks into members without a name (C) and into all variants (Rust).
 */
static bool find_member(Dwarf_Die *type, const char *name, size_t length, unsigned depth, struct type_search *search,
                        uint64_t *offset)
{
    Dwarf_Die die, inner;

    if (depth > DEPTH_MAX || dwarf_child(type, &die) != 0) {
        return false;
    }
    do {
        int tag = dwarf_tag(&die);
        uint64_t within = *offset;
        bool found = false;

        if (search->dies-- == 0) {
            search->dies = 0;
            return false;
        }
        if (tag == DW_TAG_variant_part || tag == DW_TAG_variant) {
            found = find_member(&die, name, length, depth + 1, search, &within);
        } else if (tag == DW_TAG_member && !offset_of(&die, &within)) {
            continue;
        } else if (tag == DW_TAG_member && name_is(&die, name, length)) {
            search->found = die;
            found = true;
        } else if (tag == DW_TAG_member && !dwarf_diename(&die) && dwarf_type_of(&die, &inner)) {
            found = find_member(&inner, name, length, depth + 1, search, &within);
        }
        if (found) {
            *offset = within;
            return true;
        }
    } while (dwarf_siblingof(&die, &die) == 0);
    return false;
}

static bool member_at(Dwarf_Die *type, const char *member, struct type_search *search, uint64_t *offset, uint64_t *size)
{
    Dwarf_Die at = *type;

    *offset = 0;
    while (*member) {
        size_t length = strcspn(member, ".");

        if (!find_member(&at, member, length, 0, search, offset) || !dwarf_type_of(&search->found, &at)) {
            return false;
        }
        member += length + (member[length] == '.');
    }
    *size = dwarf_type_size(&at);
    return true;
}

bool dwarf_type_member(struct dwarf_file *file, const char *type, const char *member, uint64_t *offset, uint64_t *size)
{
    struct type_search search = {.dies = DIES_MAX};

    for (guint i = 0; i < file->units->len; i++) {
        Dwarf_Die unit, found;

        if (dwarf_offdie(file->dwarf, g_array_index(file->units, Dwarf_Off, i), &unit) &&
            find_type(&unit, type, 0, &search)) {
            found = search.found;
            if (dwarf_type_strip(&found) && member_at(&found, member, &search, offset, size)) {
                return true;
            }
        }
    }
    return false;
}
