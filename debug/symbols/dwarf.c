/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug information of a file: its units and functions by address.  DWARF 4 and 5, sections 2.17 and 3.1, read by libdw.
 *
 * Compilers need not write .debug_aranges (clang does not), so the index is made of the units' own ranges.  Everything that
 * a file can make long is counted: a table may be named by many units, a tree may be deep.
 */
#include "debug/symbols/dwarf_internal.h"

#include <dwarf.h>
#include <string.h>

#define UNITS_MAX (1u << 18)
#define RANGES_MAX (1u << 22)
#define DEPTH_MAX 64u
#define DIES_MAX (1u << 24) /* of a unit */
#define SCOPE_MAX 1024u

static gint compare_ranges(gconstpointer a, gconstpointer b)
{
    const struct dwarf_unit *x = a, *y = b;

    if (x->low != y->low) {
        return x->low < y->low ? -1 : 1;
    }
    return (x->die > y->die) - (x->die < y->die);
}

/* The ranges of a unit or function; @budget is what may still be read of them. */
static void add_ranges(GArray *ranges, Dwarf_Die *die, unsigned *budget)
{
    Dwarf_Addr base, low, high;
    ptrdiff_t next = 0;

    while (*budget > 0 && (next = dwarf_ranges(die, next, &base, &low, &high)) > 0) {
        struct dwarf_unit unit = {.low = low, .high = high, .die = dwarf_dieoffset(die)};

        --*budget;
        if (low < high && low != 0) { /* what the linker dropped stands at 0 */
            g_array_append_val(ranges, unit);
        }
    }
}

static void index_units(struct dwarf_file *file)
{
    unsigned budget = RANGES_MAX;
    Dwarf_CU *unit = NULL;
    Dwarf_Die die, split;
    Dwarf_Half version;
    uint8_t type;

    while (file->units->len < UNITS_MAX &&
           dwarf_get_units(file->dwarf, unit, &unit, &version, &type, &die, &split) == 0) {
        Dwarf_Off offset = dwarf_dieoffset(&die);

        if (type == DW_UT_type || type == DW_UT_split_type || dwarf_tag(&die) == DW_TAG_invalid) {
            continue;
        }
        g_array_append_val(file->units, offset);
        add_ranges(file->ranges, &die, &budget);
    }
    g_array_sort(file->ranges, compare_ranges);
}

bool symbols_reads_dwarf(void)
{
    return true;
}

struct dwarf_file *dwarf_file_new(const struct elf_image *image)
{
    struct dwarf_file *file;
    gsize size;
    void *data = (void *)(uintptr_t)g_bytes_get_data(image->bytes, &size); /* libelf only reads it */

    if (!elf_image_is_sound(image) || elf_version(EV_CURRENT) == EV_NONE) {
        return NULL;
    }
    file = g_new0(struct dwarf_file, 1);
    file->ranges = g_array_new(FALSE, FALSE, sizeof(struct dwarf_unit));
    file->units = g_array_new(FALSE, FALSE, sizeof(Dwarf_Off));
    file->functions = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)g_array_unref);
    file->scopes = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    file->texts = g_string_chunk_new(4096);
    file->elf = elf_memory(data, size);
    if (!file->elf) {
        dwarf_file_free(file);
        return NULL;
    }
    file->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
    if (file->dwarf) {
        index_units(file);
    }
    return file;
}

void dwarf_file_free(struct dwarf_file *file)
{
    if (!file) {
        return;
    }
    if (file->eh_frame) {
        dwarf_cfi_end(file->eh_frame); /* that of .debug_frame belongs to the Dwarf */
    }
    if (file->dwarf) {
        dwarf_end(file->dwarf);
    }
    if (file->elf) {
        elf_end(file->elf);
    }
    g_array_free(file->ranges, TRUE);
    g_array_free(file->units, TRUE);
    g_hash_table_destroy(file->functions);
    g_hash_table_destroy(file->scopes);
    g_string_chunk_free(file->texts);
    g_clear_pointer(&file->copies, g_array_unref);
    g_clear_pointer(&file->globals, g_hash_table_unref);
    g_free(file);
}

bool dwarf_file_has_units(const struct dwarf_file *file)
{
    return file->units->len > 0;
}

/* The last range that begins at or before @address and holds it; ranges may nest, but seldom do. */
static const struct dwarf_unit *range_at(const GArray *ranges, uint64_t address)
{
    guint low = 0, high = ranges->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (g_array_index(ranges, struct dwarf_unit, middle).low <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (guint i = low; i > 0 && low - i < DEPTH_MAX; i--) {
        const struct dwarf_unit *range = &g_array_index(ranges, struct dwarf_unit, i - 1);

        if (address < range->high) {
            return range;
        }
    }
    return NULL;
}

bool dwarf_file_unit_at(struct dwarf_file *file, uint64_t address, Dwarf_Die *unit)
{
    const struct dwarf_unit *range = range_at(file->ranges, address);

    return range && dwarf_offdie(file->dwarf, range->die, unit);
}

/* Things that may hold functions. */
static bool may_hold_functions(int tag)
{
    switch (tag) {
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

struct function_walk {
    struct dwarf_file *file;
    GArray *functions;
    unsigned ranges, dies; /* budgets */
};

static void remember_scope(struct dwarf_file *file, Dwarf_Die *function, const char *scope)
{
    gint64 offset = (gint64)dwarf_dieoffset(function);

    if (scope && !dwarf_hasattr(function, DW_AT_linkage_name)) {
        g_hash_table_insert(file->scopes, g_memdup2(&offset, sizeof(offset)), (void *)scope);
    }
}

/* "core::slice" and "{impl#0}" */
static const char *scope_within(struct dwarf_file *file, const char *scope, Dwarf_Die *die)
{
    const char *name = dwarf_diename(die);
    g_autofree char *whole = NULL;

    if (!name || strlen(name) > SCOPE_MAX || (scope && strlen(scope) > SCOPE_MAX)) {
        return scope;
    }
    whole = scope ? g_strdup_printf("%s::%s", scope, name) : g_strdup(name);
    return g_string_chunk_insert(file->texts, whole);
}

static void walk_functions(Dwarf_Die *parent, const char *scope, unsigned depth, struct function_walk *walk)
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
        if (tag == DW_TAG_subprogram) {
            add_ranges(walk->functions, &die, &walk->ranges);
            remember_scope(walk->file, &die, scope);
        } else if (may_hold_functions(tag) && dwarf_haschildren(&die) == 1) {
            walk_functions(&die, scope_within(walk->file, scope, &die), depth + 1, walk);
        }
    } while (dwarf_siblingof(&die, &die) == 0);
}

bool dwarf_file_function_at(struct dwarf_file *file, Dwarf_Die *unit, uint64_t address, Dwarf_Die *function)
{
    gint64 key = (gint64)dwarf_dieoffset(unit);
    GArray *functions = g_hash_table_lookup(file->functions, &key);
    const struct dwarf_unit *range;

    if (!functions) {
        struct function_walk walk = {
            .file = file,
            .functions = g_array_new(FALSE, FALSE, sizeof(struct dwarf_unit)),
            .ranges = RANGES_MAX,
            .dies = DIES_MAX,
        };

        functions = walk.functions;
        walk_functions(unit, NULL, 0, &walk);
        g_array_sort(functions, compare_ranges);
        g_hash_table_insert(file->functions, g_memdup2(&key, sizeof(key)), functions);
    }
    range = range_at(functions, address);
    return range && dwarf_offdie(file->dwarf, range->die, function);
}

const char *dwarf_file_scope_of(struct dwarf_file *file, Dwarf_Off function)
{
    gint64 key = (gint64)function;

    return g_hash_table_lookup(file->scopes, &key);
}
