/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables of modules, by their addresses: DWARF 5, section 4.1. */
#include "debug/symbols/dwarf_internal.h"

#include <dwarf.h>

#define DEPTH_MAX 64u
#define DIES_MAX (1u << 24) /* of a file */

/* Where it stands, if that is the same at all times. */
static bool address_of(Dwarf_Die *die, Dwarf_Addr *address)
{
    Dwarf_Attribute attribute, indirect;
    Dwarf_Op *ops;
    size_t count;

    if (!dwarf_attr(die, DW_AT_location, &attribute) || dwarf_getlocation(&attribute, &ops, &count) != 0 ||
        count != 1) {
        return false;
    }
    *address = ops->number;
    if (ops->atom == DW_OP_addrx || ops->atom == DW_OP_GNU_addr_index) {
        return dwarf_getlocation_attr(&attribute, ops, &indirect) == 0 && dwarf_formaddr(&indirect, address) == 0;
    }
    return ops->atom == DW_OP_addr && *address != 0;
}

static bool may_hold_variables(int tag)
{
    return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_structure_type;
}

static void walk(GHashTable *globals, Dwarf_Die *parent, unsigned depth, unsigned *budget)
{
    Dwarf_Die die;

    if (depth > DEPTH_MAX) {
        return;
    }
    for (bool more = dwarf_first(parent, &die, budget); more; more = dwarf_next(&die, budget)) {
        Dwarf_Addr address;
        gint64 key, offset = (gint64)dwarf_dieoffset(&die);

        if (dwarf_tag(&die) == DW_TAG_variable && address_of(&die, &address)) {
            key = (gint64)address;
            g_hash_table_insert(globals, g_memdup2(&key, sizeof(key)), g_memdup2(&offset, sizeof(offset)));
        } else if (may_hold_variables(dwarf_tag(&die))) {
            walk(globals, &die, depth + 1, budget);
        }
    }
}

static GHashTable *globals_of(struct dwarf_file *file)
{
    unsigned budget = DIES_MAX;

    if (file->globals) {
        return file->globals;
    }
    file->globals = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    for (guint i = 0; i < file->units->len; i++) {
        Dwarf_Die unit;

        if (dwarf_offdie(file->dwarf, g_array_index(file->units, Dwarf_Off, i), &unit)) {
            walk(file->globals, &unit, 0, &budget);
        }
    }
    return file->globals;
}

struct symbol_value *symbols_global(struct symbols *symbols, const struct space *space, uint64_t address)
{
    struct symbol_module *module = symbols_module_at(symbols, space->root, address);
    struct dwarf_file *file = module ? symbols_module_dwarf(module) : NULL;
    gint64 key = (gint64)(address - (module ? module->bias : 0));
    const gint64 *offset = file ? g_hash_table_lookup(globals_of(file), &key) : NULL;
    struct symbol_value *value;
    Dwarf_Die die;

    if (!offset || !dwarf_offdie(file->dwarf, (Dwarf_Off)*offset, &die)) {
        return NULL;
    }
    value = g_new0(struct symbol_value, 1);
    *value = (struct symbol_value){.symbols = symbols, .space = *space, .in_memory = true, .address = address};
    value->has_type = dwarf_type_of(&die, &value->type);
    return value;
}
