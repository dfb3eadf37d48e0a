/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * &str, String, slices and Vec: known by their names and by what they are made of, since the compiler gives them as the structures
 * of its library; one of another make is shown member by member.
 */
#include "debug/symbols/dwarf_internal.h"

#include <dwarf.h>
#include <string.h>

#define DEPTH_MAX 8u
#define DIES_MAX 256u

/* The first pointer in a structure of structures: RawVec { inner: RawVecInner { ptr: Unique { pointer: NonNull { … } } } }. */
static bool find_pointer(const struct symbol_value *value, unsigned depth, unsigned *budget, uint64_t *address)
{
    Dwarf_Die type = value->type, die;

    if (symbol_value_is_pointer(value)) {
        return dwarf_value_scalar(value, address);
    }
    if (depth > DEPTH_MAX || dwarf_tag(&type) != DW_TAG_structure_type) {
        return false;
    }
    for (bool more = dwarf_first(&type, &die, budget); more; more = dwarf_next(&die, budget)) {
        struct symbol_value inner;
        struct dwarf_member member;

        if (!dwarf_member(&die, &member)) {
            continue;
        }
        dwarf_value_member(value, &member, &inner);
        if (find_pointer(&inner, depth + 1, budget, address)) {
            return true;
        }
    }
    return false;
}

/* The type T of Vec<T, A>. */
static bool parameter_type(Dwarf_Die *type, Dwarf_Die *out)
{
    unsigned budget = DIES_MAX;
    Dwarf_Die die;

    for (bool more = dwarf_first(type, &die, &budget); more; more = dwarf_next(&die, &budget)) {
        const char *name = dwarf_diename(&die);

        if (dwarf_tag(&die) == DW_TAG_template_type_parameter && name && strcmp(name, "T") == 0) {
            return dwarf_type_of(&die, out);
        }
    }
    return false;
}

static bool number_in(const struct symbol_value *value, const char *name, uint64_t *number)
{
    struct symbol_value member;

    return dwarf_value_find(value, name, &member) && dwarf_value_scalar(&member, number);
}

static bool is_vec(const struct symbol_value *value, struct dwarf_slice *out)
{
    struct symbol_value buffer;
    Dwarf_Die type = value->type;
    unsigned budget = DIES_MAX;

    return parameter_type(&type, &out->element) && number_in(value, "len", &out->count) &&
           dwarf_value_find(value, "buf", &buffer) && find_pointer(&buffer, 0, &budget, &out->address);
}

static bool is_fat_pointer(const struct symbol_value *value, struct dwarf_slice *out)
{
    struct symbol_value pointer;

    return dwarf_value_find(value, "data_ptr", &pointer) && symbol_value_is_pointer(&pointer) &&
           dwarf_value_scalar(&pointer, &out->address) && dwarf_type_of(&pointer.type, &out->element) &&
           number_in(value, "length", &out->count);
}

bool dwarf_value_slice(const struct symbol_value *value, struct dwarf_slice *out)
{
    Dwarf_Die type = value->type;
    const char *name = value->has_type && dwarf_tag(&type) == DW_TAG_structure_type ? dwarf_diename(&type) : NULL;
    struct symbol_value inner;

    *out = (struct dwarf_slice){.text = false};
    if (!name) {
        return false;
    }
    if (g_str_has_prefix(name, "Vec<")) {
        return is_vec(value, out);
    }
    if (strcmp(name, "String") == 0) {
        out->text = true;
        return dwarf_value_find(value, "vec", &inner) && is_vec(&inner, out);
    }
    out->text = strcmp(name, "&str") == 0 || strcmp(name, "&mut str") == 0 || g_str_has_prefix(name, "Box<str");
    return (out->text || *name == '&' || g_str_has_prefix(name, "Box<[") ||
            g_str_has_prefix(name, "alloc::boxed::Box<[")) &&
           is_fat_pointer(value, out);
}
