/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that read DWARF with elfutils share. */
#ifndef GALVANIC_DEBUG_SYMBOLS_DWARF_INTERNAL_H
#define GALVANIC_DEBUG_SYMBOLS_DWARF_INTERNAL_H

#include "debug/symbols/internal.h"

#include <elfutils/libdw.h>

/* dwarf.c */
struct dwarf_unit {
    uint64_t low, high; /* one range of it */
    Dwarf_Off die;
};
struct dwarf_file {
    Elf *elf;
    Dwarf *dwarf;
    GArray *ranges;        /* struct dwarf_unit, sorted by low */
    GArray *units;         /* Dwarf_Off, of each unit's DIE */
    GHashTable *functions; /* unit's offset -> GArray of struct dwarf_unit, of its functions */
    GHashTable *scopes;    /* function's offset -> its namespace, of functions without linkage names */
    GStringChunk *texts;
    GArray *copies; /* of inlined functions: dwarf_copies.c; NULL: not looked for yet */
    Dwarf_CFI *eh_frame, *debug_frame;
    bool eh_frame_tried, debug_frame_tried;
};
bool dwarf_file_unit_at(struct dwarf_file *file, uint64_t address, Dwarf_Die *unit);
/* The function's DIE, not inlined. */
bool dwarf_file_function_at(struct dwarf_file *file, Dwarf_Die *unit, uint64_t address, Dwarf_Die *function);
/* The namespaces around a function without linkage name, once its unit was looked into; NULL: none. */
const char *dwarf_file_scope_of(struct dwarf_file *file, Dwarf_Off function);

/* dwarf_inlines.c: of a function or a copy of it, as it is shown; NULL: it has none. */
const char *dwarf_function_name(struct symbols *symbols, struct dwarf_file *file, Dwarf_Die *die);

/* dwarf_lines.c */
bool dwarf_line_at(Dwarf_Die *unit, uint64_t address, struct dwarf_line *out);

#endif
