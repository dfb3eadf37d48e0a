/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as people read them, by their types; as deep and as long as a screen bears.  DWARF 5, chapter 5. */
#include "debug/symbols/dwarf_internal.h"

#include <dwarf.h>
#include <math.h>
#include <string.h>

#define DEPTH_MAX 6u
#define DIES_MAX 65536u /* of a value */
#define ELEMENTS_MAX 32u
#define TEXT_MAX 200u
#define NAME_LENGTH 120
#define LEAST_ADDRESS 4096u /* what is smaller is a number */

struct shown {
    GString *out;
    size_t length;   /* where it is cut */
    unsigned budget; /* DIEs that may still be looked at */
};

static void show(struct shown *shown, const struct symbol_value *value, unsigned depth);

static bool is_full(const struct shown *shown)
{
    return shown->out->len >= shown->length || shown->budget == 0;
}

static uint64_t number_of(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute value;
    uint64_t number;

    return dwarf_attr(die, attribute, &value) && dwarf_formudata(&value, &number) == 0 ? number : 0;
}

static void show_missing(struct shown *shown, const struct symbol_value *value, size_t length)
{
    g_autofree char *why = dwarf_value_missing(value, length);

    g_string_append(shown->out, why);
}

/* --- what has no parts --- */

static void show_character(struct shown *shown, uint64_t value)
{
    bool utf = value >= 0x80 && value < 0x110000 && g_unichar_isprint((gunichar)value);
    char text[8] = {0};

    if (utf) {
        g_unichar_to_utf8((gunichar)value, text);
    } else if (value < 0x80 && g_ascii_isprint((char)value)) {
        *text = (char)value;
    } else {
        return;
    }
    g_string_append_printf(shown->out, " '%s'", text);
}

static void show_float(struct shown *shown, const struct symbol_value *value, uint64_t size)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    union {
        uint64_t bits;
        double number;
    } wide = {0};
    union {
        uint32_t bits;
        float number;
    } narrow = {0};

    if (size != 4 && size != 8) {
        g_string_append_printf(shown->out, "(a float of %u bytes)", (unsigned)size);
        return;
    }
    if (!dwarf_value_read(value, &wide.bits, size)) {
        show_missing(shown, value, size);
        return;
    }
    narrow.bits = (uint32_t)wide.bits;
    g_ascii_formatd(text, sizeof(text), size == 4 ? "%.9g" : "%.17g", size == 4 ? (double)narrow.number : wide.number);
    g_string_append(shown->out, text);
}

/* Of 16 bytes, as it stands. */
static void show_wide(struct shown *shown, const struct symbol_value *value)
{
    uint64_t half[2];

    if (!dwarf_value_read(value, half, sizeof(half))) {
        show_missing(shown, value, sizeof(half));
        return;
    }
    g_string_append_printf(shown->out, "0x%" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x", GUINT64_FROM_LE(half[1]),
                           GUINT64_FROM_LE(half[0]));
}

static void show_base(struct shown *shown, const struct symbol_value *value, Dwarf_Die *type)
{
    uint64_t encoding = number_of(type, DW_AT_encoding), size = dwarf_type_size(type), number;

    if (encoding == DW_ATE_float) {
        show_float(shown, value, size);
        return;
    }
    if (size == 0 && strcmp(dwarf_diename(type) ? dwarf_diename(type) : "", "()") == 0) {
        g_string_append(shown->out, "()");
        return;
    }
    if (size == 16) {
        show_wide(shown, value);
        return;
    }
    if (!dwarf_value_scalar(value, &number)) {
        show_missing(shown, value, size);
        return;
    }
    if (encoding == DW_ATE_boolean && number < 2) {
        g_string_append(shown->out, number ? "true" : "false");
    } else if (encoding == DW_ATE_signed || encoding == DW_ATE_signed_char) {
        g_string_append_printf(shown->out, "%" G_GINT64_FORMAT, (int64_t)number);
    } else {
        g_string_append_printf(shown->out, "%" G_GUINT64_FORMAT, number);
    }
    if (encoding == DW_ATE_UTF || encoding == DW_ATE_signed_char || encoding == DW_ATE_unsigned_char) {
        show_character(shown, encoding == DW_ATE_UTF ? number : (uint8_t)number);
    }
}

static void show_enumeration(struct shown *shown, const struct symbol_value *value, Dwarf_Die *type)
{
    uint64_t number, size = dwarf_type_size(type);
    Dwarf_Die die;

    if (!dwarf_value_scalar(value, &number)) {
        show_missing(shown, value, size);
        return;
    }
    for (bool more = dwarf_first(type, &die, &shown->budget); more; more = dwarf_next(&die, &shown->budget)) {
        Dwarf_Attribute attribute;
        uint64_t constant;

        if (dwarf_tag(&die) == DW_TAG_enumerator && dwarf_diename(&die) &&
            dwarf_attr(&die, DW_AT_const_value, &attribute) && dwarf_formudata(&attribute, &constant) == 0 &&
            (constant ^ number) << (64 - 8 * size) == 0) {
            g_string_append(shown->out, dwarf_diename(&die));
            return;
        }
    }
    g_string_append_printf(shown->out, "%" G_GINT64_FORMAT, (int64_t)number);
}

/* --- texts --- */

static void append_text(struct shown *shown, const uint8_t *bytes, size_t length)
{
    g_autofree char *text = g_utf8_make_valid((const char *)bytes, (gssize)length);

    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar one = g_utf8_get_char(at);

        if (one == '\n') {
            g_string_append(shown->out, "\\n");
        } else if (one == '"' || one == '\\') {
            g_string_append_printf(shown->out, "\\%c", (char)one);
        } else if (g_unichar_isprint(one)) {
            g_string_append_unichar(shown->out, one);
        } else {
            g_string_append_printf(shown->out, "\\x%02x", one);
        }
    }
}

static void show_text(struct shown *shown, const struct symbol_value *value, uint64_t address, uint64_t length)
{
    size_t room = shown->out->len < shown->length ? shown->length - shown->out->len : 0;
    size_t wanted = MIN(length, MIN(TEXT_MAX, MAX(room, 16)));
    uint8_t bytes[TEXT_MAX];

    if (wanted > 0 && space_read(&value->space, address, bytes, wanted) < wanted) {
        g_string_append_printf(shown->out,
                               "text of %" G_GUINT64_FORMAT " bytes, cannot be read at 0x%" G_GINT64_MODIFIER "x",
                               length, address);
        return;
    }
    /* a zero would end it */
    for (size_t i = 0; i < wanted; i++) {
        bytes[i] = bytes[i] ? bytes[i] : '?';
    }
    g_string_append_c(shown->out, '"');
    append_text(shown, bytes, wanted);
    g_string_append(shown->out, wanted < length ? "\"..." : "\"");
}

static bool is_character(Dwarf_Die *type)
{
    uint64_t encoding = dwarf_tag(type) == DW_TAG_base_type ? number_of(type, DW_AT_encoding) : 0;

    return encoding == DW_ATE_signed_char || encoding == DW_ATE_unsigned_char;
}

/* An array of C's characters that holds a text; false: it does not look like one. */
static bool show_characters(struct shown *shown, const struct symbol_value *value, uint64_t count)
{
    uint8_t bytes[TEXT_MAX + 1] = {0};
    size_t wanted = MIN(count, TEXT_MAX), length;

    if (!dwarf_value_read(value, bytes, wanted)) {
        return false;
    }
    length = strlen((char *)bytes);
    for (size_t i = 0; i < wanted; i++) {
        if (i < length ? bytes[i] < ' ' && bytes[i] != '\n' && bytes[i] != '\t' : bytes[i] != 0) {
            return false;
        }
    }
    g_string_append_c(shown->out, '"');
    append_text(shown, bytes, length);
    g_string_append(shown->out, length == wanted && wanted < count ? "\"..." : "\"");
    return true;
}

/* --- pointers --- */

static void show_name(struct shown *shown, const struct symbol_value *value, uint64_t address)
{
    struct symbol_location location;

    if (address < LEAST_ADDRESS || !symbols_locate(value->symbols, value->space.root, address, false, &location) ||
        !location.symbol) {
        return;
    }
    g_string_append_printf(shown->out, " <%.*s", NAME_LENGTH, location.symbol);
    if (location.offset > 0) {
        g_string_append_printf(shown->out, "+0x%" G_GINT64_MODIFIER "x", location.offset);
    }
    g_string_append_c(shown->out, '>');
}

static void show_pointer(struct shown *shown, const struct symbol_value *value, Dwarf_Die *type)
{
    Dwarf_Die target;
    uint64_t address;
    uint8_t byte;

    if (!dwarf_value_scalar(value, &address)) {
        show_missing(shown, value, 8);
        return;
    }
    g_string_append_printf(shown->out, "0x%" G_GINT64_MODIFIER "x", address);
    show_name(shown, value, address);
    if (dwarf_type_of(type, &target) && is_character(&target) && space_read(&value->space, address, &byte, 1) == 1) {
        g_autofree char *text = space_read_text(&value->space, address, TEXT_MAX);
        g_string_append_printf(shown->out, " \"%s\"%s", text, strlen(text) < TEXT_MAX ? "" : "...");
    }
}

/* --- what has parts --- */

static void show_more(struct shown *shown, uint64_t left)
{
    g_string_append_printf(shown->out, ", ... %" G_GUINT64_FORMAT " more", left);
}

static void show_slice(struct shown *shown, const struct symbol_value *value, struct dwarf_slice *slice, unsigned depth)
{
    uint64_t size = dwarf_type_size(&slice->element);
    uint64_t i;

    if (slice->text) {
        show_text(shown, value, slice->address, slice->count);
        return;
    }
    if (depth == DEPTH_MAX && slice->count > 0) {
        g_string_append(shown->out, "[...]");
        return;
    }
    g_string_append_c(shown->out, '[');
    for (i = 0; i < MIN(slice->count, ELEMENTS_MAX) && !is_full(shown); i++) {
        struct symbol_value element;

        g_string_append(shown->out, i ? ", " : "");
        dwarf_value_at(value, slice->address + i * size, &slice->element, &element);
        show(shown, &element, depth + 1);
    }
    if (i < slice->count) {
        show_more(shown, slice->count - i);
    }
    g_string_append_c(shown->out, ']');
}

/* Dimension by dimension, as C and Fortran's arrays of arrays stand. */
static void show_dimension(struct shown *shown, const struct symbol_value *value, Dwarf_Die *array, Dwarf_Die *element,
                           unsigned dimension, uint64_t offset, unsigned depth)
{
    unsigned dimensions;
    uint64_t count = dwarf_array_count(array, dimension, &dimensions), size = dwarf_type_size(element), i;

    for (unsigned inner = dimension + 1; inner < dimensions; inner++) {
        size *= dwarf_array_count(array, inner, &dimensions);
    }
    if (count == UINT64_MAX || depth + dimension >= DEPTH_MAX) {
        g_string_append(shown->out, "[...]");
        return;
    }
    g_string_append_c(shown->out, '[');
    for (i = 0; i < MIN(count, ELEMENTS_MAX) && !is_full(shown); i++) {
        struct symbol_value one;

        g_string_append(shown->out, i ? ", " : "");
        if (dimension + 1 < dimensions) {
            show_dimension(shown, value, array, element, dimension + 1, offset + i * size, depth);
        } else {
            dwarf_value_part(value, offset + i * size, element, &one);
            show(shown, &one, depth + 1);
        }
    }
    if (i < count) {
        show_more(shown, count - i);
    }
    g_string_append_c(shown->out, ']');
}

static void show_array(struct shown *shown, const struct symbol_value *value, Dwarf_Die *type, unsigned depth)
{
    unsigned dimensions;
    uint64_t count = dwarf_array_count(type, 0, &dimensions);
    Dwarf_Die element;

    if (!dwarf_type_of(type, &element)) {
        g_string_append(shown->out, "(an array of what is not known)");
    } else if (*value->why) {
        g_string_append(shown->out, value->why);
    } else if (dimensions != 1 || count == UINT64_MAX || !is_character(&element) ||
               !show_characters(shown, value, count)) {
        show_dimension(shown, value, type, &element, 0, 0, depth);
    }
}

/* A tuple's fields have numbers, and nothing else has them: "__0". */
static bool is_tuple(Dwarf_Die *type, unsigned *budget, unsigned *fields)
{
    Dwarf_Die die;
    bool result = true;

    *fields = 0;
    for (bool more = dwarf_first(type, &die, budget); more; more = dwarf_next(&die, budget)) {
        const char *name = dwarf_diename(&die);

        if (dwarf_tag(&die) == DW_TAG_member) {
            ++*fields;
            result = result && name && g_str_has_prefix(name, "__") && g_ascii_isdigit(name[2]);
        }
    }
    return result && *fields > 0;
}

static void show_fields(struct shown *shown, const struct symbol_value *value, Dwarf_Die *type, bool tuple,
                        unsigned depth)
{
    const char *separator = "";
    Dwarf_Die die;

    if (depth == DEPTH_MAX) {
        g_string_append(shown->out, tuple ? "(...)" : "{...}");
        return;
    }
    g_string_append_c(shown->out, tuple ? '(' : '{');
    for (bool more = dwarf_first(type, &die, &shown->budget); more; more = dwarf_next(&die, &shown->budget)) {
        struct symbol_value part;
        struct dwarf_member member;

        if (!dwarf_member(&die, &member)) {
            if (dwarf_tag(&die) == DW_TAG_member && dwarf_hasattr(&die, DW_AT_bit_size)) {
                g_string_append_printf(shown->out, "%s%s: (bits)", separator, member.name ? member.name : "");
                separator = ", ";
            }
            continue;
        }
        if (is_full(shown)) {
            g_string_append_printf(shown->out, "%s...", separator);
            break;
        }
        g_string_append(shown->out, separator);
        if (!tuple && member.name) {
            g_string_append_printf(shown->out, "%s: ", member.name);
        }
        dwarf_value_member(value, &member, &part);
        show(shown, &part, depth + 1);
        separator = ", ";
    }
    g_string_append_c(shown->out, tuple ? ')' : '}');
}

/* "Some(5)", "Named {left: 1}", "None" */
static void show_variant(struct shown *shown, const struct symbol_value *value, Dwarf_Die *part, unsigned depth)
{
    struct dwarf_member member;
    struct symbol_value inner;
    unsigned fields;

    if (!dwarf_value_variant(value, part, &member)) {
        g_string_append(shown->out, "(which variant it is, is not known)");
        return;
    }
    g_string_append(shown->out, member.name ? member.name : "?");
    bool tuple = is_tuple(&member.type, &shown->budget, &fields);
    if (fields == 0) {
        return;
    }
    g_string_append(shown->out, tuple ? "" : " ");
    dwarf_value_member(value, &member, &inner);
    show_fields(shown, &inner, &member.type, tuple, depth);
}

/* "PhysicalAddress" of a tuple with a name, "Wrapped" of "Wrapped<u8>". */
static void show_type_name(struct shown *shown, Dwarf_Die *type)
{
    const char *name = dwarf_diename(type);

    if (name && *name != '(') {
        g_string_append_len(shown->out, name, (gssize)MIN(strcspn(name, "<"), NAME_LENGTH));
    }
}

static void show_structure(struct shown *shown, const struct symbol_value *value, Dwarf_Die *type, unsigned depth)
{
    struct dwarf_slice slice;
    unsigned fields;
    Dwarf_Die die;

    if (*value->why) {
        g_string_append(shown->out, value->why);
        return;
    }
    if (dwarf_value_slice(value, &slice)) {
        show_slice(shown, value, &slice, depth);
        return;
    }
    for (bool more = dwarf_first(type, &die, &shown->budget); more; more = dwarf_next(&die, &shown->budget)) {
        if (dwarf_tag(&die) == DW_TAG_variant_part) {
            show_variant(shown, value, &die, depth);
            return;
        }
    }
    bool tuple = is_tuple(type, &shown->budget, &fields);
    if (tuple) {
        show_type_name(shown, type);
    }
    show_fields(shown, value, type, tuple, depth);
}

static void show(struct shown *shown, const struct symbol_value *value, unsigned depth)
{
    Dwarf_Die type = value->type;

    if (depth > DEPTH_MAX || is_full(shown)) {
        g_string_append(shown->out, "...");
        return;
    }
    switch (value->has_type ? dwarf_tag(&type) : DW_TAG_invalid) {
    case DW_TAG_base_type:
        show_base(shown, value, &type);
        break;
    case DW_TAG_enumeration_type:
        show_enumeration(shown, value, &type);
        break;
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
        show_pointer(shown, value, &type);
        break;
    case DW_TAG_array_type:
        show_array(shown, value, &type, depth);
        break;
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
        show_structure(shown, value, &type, depth);
        break;
    case DW_TAG_subroutine_type:
        g_string_append(shown->out, "a function");
        show_name(shown, value, value->address);
        break;
    default:
        g_string_append(shown->out, *value->why ? value->why : "(of a type that is not known)");
        break;
    }
}

char *symbol_value_text(const struct symbol_value *value, size_t length)
{
    struct shown shown = {.out = g_string_new(NULL), .length = length, .budget = DIES_MAX};

    show(&shown, value, 0);
    if (shown.out->len > length + 3) { /* its last part was longer than the room for it */
        const char *end = g_utf8_find_prev_char(shown.out->str, shown.out->str + length + 1);
        g_string_truncate(shown.out, end ? (gsize)(end - shown.out->str) : 0);
        g_string_append(shown.out, "...");
    }
    return g_string_free(shown.out, FALSE);
}
