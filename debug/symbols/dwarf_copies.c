/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where copies of inlined functions begin: DWARF 5, section 3.3.8.2.  Most functions of optimised Rust exist in no other way. */
#include "debug/symbols/dwarf_internal.h"

#include <dwarf.h>

#define DEPTH_MAX 64u
#define DIES_MAX (1u << 26) /* of a file */

struct copy {
    const char *name; /* of the function, as it is shown */
    uint64_t address;
};

struct walk {
    struct symbols *symbols;
    struct dwarf_file *file;
    GHashTable *names; /* offset of the function that is inlined -> name */
    unsigned dies;     /* budget */
};

static bool may_hold_copies(int tag)
{
    switch (tag) {
    case DW_TAG_subprogram:
    case DW_TAG_inlined_subroutine:
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:
        return true;
    default:
        return false;
    }
}

/* Where the copy is entered; without that attribute and in pieces: where the first one begins. */
static bool entry_of(Dwarf_Die *die, uint64_t *entry)
{
    Dwarf_Addr base, low, high;

    if (dwarf_entrypc(die, &low) != 0 && dwarf_ranges(die, 0, &base, &low, &high) <= 0) {
        return false;
    }
    *entry = low;
    return low != 0; /* what the linker dropped stands at 0 */
}

static void add_copy(struct walk *walk, Dwarf_Die *die)
{
    struct copy copy = {.name = NULL};
    Dwarf_Attribute attribute;
    Dwarf_Die origin;

    if (!entry_of(die, &copy.address) || !dwarf_attr(die, DW_AT_abstract_origin, &attribute) ||
        !dwarf_formref_die(&attribute, &origin)) {
        return;
    }
    gint64 key = (gint64)dwarf_dieoffset(&origin);
    copy.name = g_hash_table_lookup(walk->names, &key);
    if (!copy.name) {
        copy.name = dwarf_function_name(walk->symbols, walk->file, die);
        if (!copy.name) {
            return;
        }
        g_hash_table_insert(walk->names, g_memdup2(&key, sizeof(key)), (void *)copy.name);
    }
    g_array_append_val(walk->file->copies, copy);
}

static void walk_below(struct walk *walk, Dwarf_Die *parent, unsigned depth)
{
    Dwarf_Die die;

    if (depth > DEPTH_MAX || dwarf_child(parent, &die) != 0) {
        return;
    }
    do {
        int tag = dwarf_tag(&die);

        if (walk->dies == 0) {
            return;
        }
        walk->dies--;
        if (tag == DW_TAG_inlined_subroutine) {
            add_copy(walk, &die);
        }
        if (may_hold_copies(tag)) {
            walk_below(walk, &die, depth + 1);
        }
    } while (dwarf_siblingof(&die, &die) == 0);
}

static void find_copies(struct symbols *symbols, struct dwarf_file *file)
{
    struct walk walk = {
        .symbols = symbols,
        .file = file,
        .names = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
        .dies = DIES_MAX,
    };

    file->copies = g_array_new(FALSE, FALSE, sizeof(struct copy));
    for (guint i = 0; i < file->units->len; i++) {
        Dwarf_Die unit;

        if (dwarf_offdie(file->dwarf, g_array_index(file->units, Dwarf_Off, i), &unit)) {
            walk_below(&walk, &unit, 0);
        }
    }
    g_hash_table_destroy(walk.names);
}

const char *dwarf_file_copy(struct symbols *symbols, struct dwarf_file *file, guint index, uint64_t *address)
{
    if (!file->copies) {
        find_copies(symbols, file);
    }
    if (index >= file->copies->len) {
        return NULL;
    }
    const struct copy *copy = &g_array_index(file->copies, struct copy, index);
    *address = copy->address;
    return copy->name;
}
