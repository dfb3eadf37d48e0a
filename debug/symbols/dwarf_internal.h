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
    GArray *copies;      /* of inlined functions: dwarf_copies.c; NULL: not looked for yet */
    GHashTable *globals; /* address -> offset of its DIE: dwarf_globals.c; NULL: not looked for yet */
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

/* The child of @parent that holds @address and is an inlined function or a block; false: none. */
bool dwarf_scope_within(Dwarf_Die *parent, uint64_t address, unsigned *budget, Dwarf_Die *child);

/* dwarf_lines.c */
bool dwarf_line_at(Dwarf_Die *unit, uint64_t address, struct dwarf_line *out);

/* dwarf_types.c.  Children one after the other; each costs one of @budget. */
bool dwarf_first(Dwarf_Die *parent, Dwarf_Die *child, unsigned *budget);
bool dwarf_next(Dwarf_Die *child, unsigned *budget);
/* Through names and qualifiers to the type itself. */
bool dwarf_type_strip(Dwarf_Die *type);
/* The type of a variable, member, pointer's target or array's element, stripped; false: none (void), or broken. */
bool dwarf_type_of(Dwarf_Die *die, Dwarf_Die *type);
/* In bytes; 0: not known. */
uint64_t dwarf_type_size(Dwarf_Die *type);
/* Elements of an array's dimension; UINT64_MAX: not known. */
uint64_t dwarf_array_count(Dwarf_Die *array, unsigned dimension, unsigned *dimensions);

/* dwarf_location.c */
#define DWARF_VALUE_MAX 256u /* bytes of a value that does not stand in memory as a whole */
enum dwarf_byte { DWARF_BYTE_LOST, DWARF_BYTE_THERE, DWARF_BYTE_UNREADABLE };
struct symbol_value {
    struct symbols *symbols;
    struct space space;
    Dwarf_Die type; /* stripped */
    bool has_type;
    unsigned bit_offset, bit_size; /* of a bit field; 0: none */
    bool in_memory;
    uint64_t address;
    size_t length; /* of @bytes */
    uint8_t bytes[DWARF_VALUE_MAX];
    uint8_t state[DWARF_VALUE_MAX]; /* enum dwarf_byte */
    char why[96];                   /* nothing of it is known: the reason; "": it is there */
};
struct dwarf_scope {
    struct symbols *symbols;
    struct symbol_module *module;
    struct dwarf_file *file;
    const struct symbol_context *context;
    uint64_t address;   /* of the file */
    Dwarf_Die function; /* not inlined */
    unsigned depth;     /* of callers that were asked */
};
/* Fills @out with where the variable is and with its type. */
void dwarf_locate(const struct dwarf_scope *scope, Dwarf_Die *variable, struct symbol_value *out);
/* What an expression computes, such as an argument's at a call; false: not known. */
bool dwarf_compute(const struct dwarf_scope *scope, Dwarf_Attribute *expression, uint64_t *value);
/* DWARF's number of the one register that an expression names. */
bool dwarf_is_register(const Dwarf_Op *ops, size_t count, uint64_t *number);

/* dwarf_entry.c: what a register held when the function was called, as the caller tells; false: it does not. */
bool dwarf_entry_register(const struct dwarf_scope *scope, uint64_t number, uint64_t *value);

/* dwarf_locals.c: the function at the context; false: none is known. */
bool dwarf_scope_at(struct symbols *symbols, const struct symbol_context *context, struct dwarf_scope *scope);

/* dwarf_value.c */
struct dwarf_member {
    const char *name; /* NULL: none */
    uint64_t offset;
    unsigned bit_offset, bit_size;
    Dwarf_Die type;
};
bool dwarf_member(Dwarf_Die *die, struct dwarf_member *out);
/* The part of @value at @offset as @type. */
void dwarf_value_part(const struct symbol_value *value, uint64_t offset, Dwarf_Die *type, struct symbol_value *out);
void dwarf_value_member(const struct symbol_value *value, const struct dwarf_member *member, struct symbol_value *out);
/* Of memory at @address as @type. */
void dwarf_value_at(const struct symbol_value *value, uint64_t address, Dwarf_Die *type, struct symbol_value *out);
bool dwarf_value_read(const struct symbol_value *value, void *to, size_t length);
/* Why dwarf_value_read() failed; to be freed. */
char *dwarf_value_missing(const struct symbol_value *value, size_t length);
/* Integers, booleans, characters, pointers, enumerations of up to 8 bytes. */
bool dwarf_value_scalar(const struct symbol_value *value, uint64_t *number);
/* A member by its name, not through anything. */
bool dwarf_value_find(const struct symbol_value *value, const char *name, struct symbol_value *out);
/* The variant of a DW_TAG_variant_part that is there: its member, which bears its name; false: it cannot be told. */
bool dwarf_value_variant(const struct symbol_value *value, Dwarf_Die *part, struct dwarf_member *out);

/* dwarf_rust.c: what Rust's library makes of a pointer and a length. */
struct dwarf_slice {
    bool text;
    uint64_t address, count;
    Dwarf_Die element;
};
/* Of &str, String, slices and Vec; false: it is none, or not known. */
bool dwarf_value_slice(const struct symbol_value *value, struct dwarf_slice *out);

#endif
