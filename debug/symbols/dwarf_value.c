/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values by their types: parts of them, numbers, what they point to.  DWARF 5, chapter 5. */
#include "debug/symbols/dwarf_internal.h"

#include <dwarf.h>
#include <gio/gio.h>
#include <string.h>

#define DEPTH_MAX 8u
#define DIES_MAX 65536u /* of a search in a type */

G_GNUC_PRINTF(2, 3)
static void *refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, text);
    return NULL;
}

static bool number_of(Dwarf_Die *die, unsigned attribute, uint64_t *number)
{
    Dwarf_Attribute value;

    return dwarf_attr(die, attribute, &value) && dwarf_formudata(&value, number) == 0;
}

/* From the structure's begin, or, as DWARF 3 had it, from the most significant bit of a unit of storage at the offset. */
static bool set_bits(Dwarf_Die *die, uint64_t bits, struct dwarf_member *out)
{
    uint64_t first = 0, storage;

    if (bits == 0 || bits > 56) {
        return false;
    }
    if (!number_of(die, DW_AT_data_bit_offset, &first)) {
        if (!number_of(die, DW_AT_byte_size, &storage)) {
            storage = dwarf_type_size(&out->type);
        }
        if (!number_of(die, DW_AT_bit_offset, &first) || storage > 16 || first + bits > 8 * storage) {
            return false;
        }
        first = 8 * storage - first - bits;
    }
    out->offset += first / 8;
    out->bit_offset = first % 8;
    out->bit_size = (unsigned)bits;
    return true;
}

bool dwarf_member(Dwarf_Die *die, struct dwarf_member *out)
{
    Dwarf_Attribute attribute;
    uint64_t bits = 0;
    int tag = dwarf_tag(die);

    *out = (struct dwarf_member){.name = dwarf_diename(die)};
    if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) || dwarf_hasattr(die, DW_AT_external) ||
        !dwarf_type_of(die, &out->type)) {
        return false;
    }
    if (dwarf_attr(die, DW_AT_data_member_location, &attribute) && dwarf_formudata(&attribute, &out->offset) != 0) {
        return false; /* computed */
    }
    return !number_of(die, DW_AT_bit_size, &bits) || set_bits(die, bits, out);
}

void dwarf_value_at(const struct symbol_value *value, uint64_t address, Dwarf_Die *type, struct symbol_value *out)
{
    *out = (struct symbol_value){
        .symbols = value->symbols,
        .space = value->space,
        .type = *type,
        .has_type = true,
        .in_memory = true,
        .address = address,
    };
}

void dwarf_value_part(const struct symbol_value *value, uint64_t offset, Dwarf_Die *type, struct symbol_value *out)
{
    dwarf_value_at(value, value->address + offset, type, out);
    out->in_memory = value->in_memory;
    if (offset < value->length) {
        out->length = value->length - offset;
        memcpy(out->bytes, value->bytes + offset, out->length);
        memcpy(out->state, value->state + offset, out->length);
    }
    memcpy(out->why, value->why, sizeof(out->why));
}

void dwarf_value_member(const struct symbol_value *value, const struct dwarf_member *member, struct symbol_value *out)
{
    Dwarf_Die type = member->type;

    dwarf_value_part(value, member->offset, &type, out);
    out->bit_offset = member->bit_offset;
    out->bit_size = member->bit_size;
}

static enum dwarf_byte state_of(const struct symbol_value *value, size_t length)
{
    enum dwarf_byte state = length > value->length ? DWARF_BYTE_LOST : DWARF_BYTE_THERE;

    for (size_t i = 0; i < length && state == DWARF_BYTE_THERE; i++) {
        state = value->state[i];
    }
    return state;
}

bool dwarf_value_read(const struct symbol_value *value, void *to, size_t length)
{
    if (*value->why) {
        return false;
    }
    if (value->in_memory) {
        return space_read(&value->space, value->address, to, length) == length;
    }
    if (state_of(value, length) != DWARF_BYTE_THERE) {
        return false;
    }
    memcpy(to, value->bytes, length);
    return true;
}

char *dwarf_value_missing(const struct symbol_value *value, size_t length)
{
    if (*value->why) {
        return g_strdup(value->why);
    }
    if (value->in_memory) {
        return g_strdup_printf("cannot be read at 0x%" G_GINT64_MODIFIER "x", value->address);
    }
    return g_strdup(state_of(value, length) == DWARF_BYTE_LOST ? "optimised out" : "cannot be read");
}

static bool is_signed(Dwarf_Die *type)
{
    uint64_t encoding = 0;
    Dwarf_Die at = *type;

    if (dwarf_tag(&at) == DW_TAG_enumeration_type && !number_of(&at, DW_AT_encoding, &encoding) &&
        !dwarf_type_of(&at, &at)) {
        return false;
    }
    number_of(&at, DW_AT_encoding, &encoding);
    return encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
}

static bool is_scalar(Dwarf_Die *type)
{
    uint64_t encoding = 0;

    switch (dwarf_tag(type)) {
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
    case DW_TAG_enumeration_type:
        return true;
    case DW_TAG_base_type:
        return number_of(type, DW_AT_encoding, &encoding) && encoding != DW_ATE_float &&
               encoding != DW_ATE_complex_float;
    default:
        return false;
    }
}

bool dwarf_value_scalar(const struct symbol_value *value, uint64_t *number)
{
    Dwarf_Die type = value->type;
    uint64_t size = value->has_type && is_scalar(&type) ? dwarf_type_size(&type) : 0, raw = 0;
    unsigned bits;

    if (size == 0 || size > 8) {
        return false;
    }
    bits = value->bit_size ? value->bit_size : 8 * (unsigned)size;
    if (!dwarf_value_read(value, &raw, value->bit_size ? (value->bit_offset + bits + 7) / 8 : size)) {
        return false;
    }
    raw = GUINT64_FROM_LE(raw) >> value->bit_offset << (64 - bits);
    *number = is_signed(&type) ? (uint64_t)((int64_t)raw >> (64 - bits)) : raw >> (64 - bits);
    return true;
}

/* --- members --- */

static bool find_in(const struct symbol_value *value, Dwarf_Die *parent, const char *name, unsigned depth,
                    unsigned *budget, struct symbol_value *out);

static bool find_in_variant(const struct symbol_value *value, Dwarf_Die *part, const char *name, unsigned depth,
                            unsigned *budget, struct symbol_value *out)
{
    struct symbol_value inner;
    struct dwarf_member member;

    if (!dwarf_value_variant(value, part, &member)) {
        return false;
    }
    dwarf_value_member(value, &member, &inner);
    if (member.name && strcmp(member.name, name) == 0) {
        *out = inner;
        return true;
    }
    return find_in(&inner, &member.type, name, depth + 1, budget, out);
}

/* Members without names are those of C whose own are meant. */
static bool find_in(const struct symbol_value *value, Dwarf_Die *parent, const char *name, unsigned depth,
                    unsigned *budget, struct symbol_value *out)
{
    Dwarf_Die die;

    if (depth > DEPTH_MAX) {
        return false;
    }
    for (bool more = dwarf_first(parent, &die, budget); more; more = dwarf_next(&die, budget)) {
        struct symbol_value inner;
        struct dwarf_member member;

        if (dwarf_tag(&die) == DW_TAG_variant_part) {
            if (find_in_variant(value, &die, name, depth, budget, out)) {
                return true;
            }
        } else if (!dwarf_member(&die, &member)) {
            continue;
        } else if (member.name && strcmp(member.name, name) == 0) {
            dwarf_value_member(value, &member, out);
            return true;
        } else if (!member.name || dwarf_tag(&die) == DW_TAG_inheritance) {
            dwarf_value_member(value, &member, &inner);
            if (find_in(&inner, &member.type, name, depth + 1, budget, out)) {
                return true;
            }
        }
    }
    return false;
}

bool dwarf_value_find(const struct symbol_value *value, const char *name, struct symbol_value *out)
{
    unsigned budget = DIES_MAX;
    Dwarf_Die type = value->type;

    return value->has_type && find_in(value, &type, name, 0, &budget, out);
}

/* Where the variant is told that is there: DW_AT_discr of the part; without, there is but one. */
static bool discriminant(const struct symbol_value *value, Dwarf_Die *part, uint64_t *number, unsigned *bits)
{
    Dwarf_Attribute attribute;
    struct dwarf_member member;
    struct symbol_value at;
    Dwarf_Die die;

    if (!dwarf_attr(part, DW_AT_discr, &attribute) || !dwarf_formref_die(&attribute, &die) ||
        !dwarf_member(&die, &member)) {
        return false;
    }
    dwarf_value_member(value, &member, &at);
    *bits = 8 * (unsigned)MIN(dwarf_type_size(&member.type), 8);
    return dwarf_value_scalar(&at, number);
}

bool dwarf_value_variant(const struct symbol_value *value, Dwarf_Die *part, struct dwarf_member *out)
{
    bool has_discriminant = dwarf_hasattr(part, DW_AT_discr), found = false;
    uint64_t number = 0, wanted;
    unsigned bits = 64, budget = DIES_MAX;
    Dwarf_Die variant, chosen, die;

    if (has_discriminant && !discriminant(value, part, &number, &bits)) {
        return false;
    }
    for (bool more = dwarf_first(part, &variant, &budget); more; more = dwarf_next(&variant, &budget)) {
        bool is_default;

        if (dwarf_tag(&variant) != DW_TAG_variant) {
            continue;
        }
        is_default = !number_of(&variant, DW_AT_discr_value, &wanted);
        if (is_default && dwarf_hasattr(&variant, DW_AT_discr_list)) {
            return false; /* ranges */
        }
        if (!is_default && has_discriminant && (wanted ^ number) << (64 - bits) == 0) {
            chosen = variant;
            found = true;
            break;
        }
        if (is_default) {
            chosen = variant;
            found = true;
        }
    }
    for (bool more = found && dwarf_first(&chosen, &die, &budget); more; more = dwarf_next(&die, &budget)) {
        if (dwarf_tag(&die) == DW_TAG_member) {
            return dwarf_member(&die, out);
        }
    }
    return false;
}

/* --- the contract's --- */

bool symbol_value_is_pointer(const struct symbol_value *value)
{
    Dwarf_Die type = value->type;
    int tag = value->has_type ? dwarf_tag(&type) : DW_TAG_invalid;

    return tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type;
}

bool symbol_value_number(const struct symbol_value *value, uint64_t *number, GError **error)
{
    Dwarf_Die type = value->type;
    uint64_t size = value->has_type && is_scalar(&type) ? dwarf_type_size(&type) : 0;
    g_autofree char *missing = NULL;

    if (size == 0 || size > 8) {
        refuse(error, "it is no number: print shows it, .FIELD takes a part of it");
        return false;
    }
    if (dwarf_value_scalar(value, number)) {
        return true;
    }
    missing = dwarf_value_missing(value, size);
    refuse(error, "%s", missing);
    return false;
}

bool symbol_value_address(const struct symbol_value *value, uint64_t *address)
{
    *address = value->address;
    return value->in_memory && !*value->why && value->bit_size == 0;
}

struct symbol_value *symbol_value_target(const struct symbol_value *value, GError **error)
{
    struct symbol_value *result;
    Dwarf_Die type = value->type, target;
    uint64_t address;

    if (!symbol_value_is_pointer(value)) {
        return refuse(error, "it is no pointer");
    }
    if (!symbol_value_number(value, &address, error)) {
        return NULL;
    }
    if (!dwarf_type_of(&type, &target)) {
        return refuse(error, "what it points to has no type");
    }
    result = g_new(struct symbol_value, 1);
    dwarf_value_at(value, address, &target, result);
    return result;
}

struct symbol_value *symbol_value_member(const struct symbol_value *value, const char *name, GError **error)
{
    g_autofree char *field = g_ascii_isdigit(*name) ? g_strdup_printf("__%s", name) : g_strdup(name);
    struct symbol_value at = *value, *result;

    for (unsigned depth = 0; depth < DEPTH_MAX && symbol_value_is_pointer(&at); depth++) {
        struct symbol_value *target = symbol_value_target(&at, error);

        if (!target) {
            return NULL;
        }
        at = *target;
        symbol_value_free(target);
    }
    result = g_new(struct symbol_value, 1);
    if (dwarf_value_find(&at, field, result)) {
        return result;
    }
    g_free(result);
    return refuse(error, "it has no field %s", name);
}

static struct symbol_value *element_at(const struct symbol_value *value, uint64_t address, uint64_t index,
                                       Dwarf_Die *type, GError **error)
{
    struct symbol_value *result = g_new(struct symbol_value, 1);
    uint64_t size = dwarf_type_size(type);

    if (size == 0 && index > 0) {
        g_free(result);
        return refuse(error, "the size of its elements is not known");
    }
    dwarf_value_at(value, address + index * size, type, result);
    return result;
}

struct symbol_value *symbol_value_element(const struct symbol_value *value, uint64_t index, GError **error)
{
    Dwarf_Die type = value->type, element;
    struct dwarf_slice slice;
    unsigned dimensions = 0;
    uint64_t address, size;

    if (symbol_value_is_pointer(value)) {
        if (!symbol_value_number(value, &address, error)) {
            return NULL;
        }
        return dwarf_type_of(&type, &element) ? element_at(value, address, index, &element, error)
                                              : refuse(error, "what it points to has no type");
    }
    if (dwarf_value_slice(value, &slice)) {
        return index < slice.count ? element_at(value, slice.address, index, &slice.element, error)
                                   : refuse(error, "it has %" G_GUINT64_FORMAT " elements", slice.count);
    }
    if (!value->has_type || dwarf_tag(&type) != DW_TAG_array_type || !dwarf_type_of(&type, &element)) {
        return refuse(error, "it is no array");
    }
    if (index >= dwarf_array_count(&type, 0, &dimensions) && dimensions == 1) {
        return refuse(error, "it has %" G_GUINT64_FORMAT " elements", dwarf_array_count(&type, 0, &dimensions));
    }
    size = dwarf_type_size(&element);
    if (dimensions > 1 || __builtin_mul_overflow(size, index, &size)) {
        return refuse(error, "its elements cannot be taken one by one");
    }
    struct symbol_value *result = g_new(struct symbol_value, 1);
    dwarf_value_part(value, size, &element, result);
    return result;
}
