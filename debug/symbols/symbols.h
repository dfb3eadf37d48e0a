/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names, source lines and call frame information for guest addresses.  Modules are ELF images: the kernel (upper half, in all
 * spaces) and the programs of processes (one space each).  ELF; DWARF 4 and 5 by elfutils; names of Rust and C++ demangled.
 * Broken files give fewer answers, never a crash or an endless loop.
 */
#ifndef GALVANIC_DEBUG_SYMBOLS_SYMBOLS_H
#define GALVANIC_DEBUG_SYMBOLS_SYMBOLS_H

#include "debug/space.h"

struct symbols;
struct symbol_module;

#define SYMBOLS_ANY_SPACE UINT64_MAX /* a module of the kernel */
#define SYMBOLS_FRAMES 32 /* functions at one address, the inlined ones too; the last but the innermost are left out */

/* False: this build is without elfutils.  Names, Linux's BTF and ORC are read, lines, inlined functions and other types are not. */
bool symbols_reads_dwarf(void);

struct symbols *symbols_new(struct machine *machine);
void symbols_free(struct symbols *symbols);

/* --symbols FILE|DIR: files are matched by build-id, else by name, when a module is placed.  False with @error: unreadable. */
bool symbols_add_path(struct symbols *symbols, const char *path, GError **error);

/*
 * Places a module.
 *
 * @root   the space it lives in (struct space's root), SYMBOLS_ANY_SPACE for the kernel
 * @name   as the guest calls it ("kernel", "/usr/lib/drivers/e1000d"); its last part is matched against the names of --symbols
 * @image  the ELF file as the guest has it, or NULL: only --symbols can tell; kept by reference
 * @bias   what was added to the addresses of the file (0: not relocated)
 * Returns the module (owned by @symbols); one that is already there is given back.
 */
struct symbol_module *symbols_place(struct symbols *symbols, uint64_t root, const char *name, GBytes *image,
                                    uint64_t bias);
/* A module that is only a table of names, such as Linux's kallsyms; to be filled with symbols_name(). */
struct symbol_module *symbols_place_table(struct symbols *symbols, uint64_t root, const char *name);
/* @size 0: up to the next name; the text is copied. */
void symbols_name(struct symbol_module *module, uint64_t address, uint64_t size, const char *name, bool code);
/* The space is gone or holds another program now. */
void symbols_drop_space(struct symbols *symbols, uint64_t root);

/*
 * Finds the kernel in guest memory without any file: Redox maps its whole ELF at KERNEL_OFFSET; of Linux kallsyms are read, with
 * KASLR.  Repeated calls are cheap once found.  True: there is a kernel module.
 */
bool symbols_find_kernel(struct symbols *symbols, struct cpu *cpu);

struct symbol_frame {      /* one function at an address: the innermost inlined one first */
    const char *function;  /* demangled; owned by symbols; NULL: not known */
    const char *file;      /* NULL: not known */
    unsigned line, column; /* 0: not known */
    bool inlined;          /* into the next one */
};
struct symbol_location {
    const char *module; /* its name */
    const char *symbol; /* demangled, of the symbol table; NULL: none */
    uint64_t offset;    /* from the symbol's start */
    struct symbol_frame frame[SYMBOLS_FRAMES];
    unsigned frames; /* 0: no line information: symbol and offset must do */
    bool is_code;    /* lies in an executable section */
};
/* False: no module there. @return_address: look up the call before it. */
bool symbols_locate(struct symbols *symbols, uint64_t root, uint64_t address, bool return_address,
                    struct symbol_location *out);
/* "name+0x12 (file.rs:34)" or NULL when nothing is near; to be freed. */
char *symbols_describe(struct symbols *symbols, uint64_t root, uint64_t address);

/*
 * Addresses of "symbol" (mangled, demangled with or without path and hash, or a unique last part), "file:line", "module!symbol";
 * @root as above: its modules and the kernel.  GArray of uint64_t, sorted; empty: none.  To be freed.
 */
GArray *symbols_resolve(struct symbols *symbols, uint64_t root, const char *text);
/* The same for places to stop at: with where copies of a function begin that was inlined. */
GArray *symbols_resolve_code(struct symbols *symbols, uint64_t root, const char *text);
/* Names that begin with @prefix, for completion; at most @limit; to be freed with its texts. */
GPtrArray *symbols_complete(struct symbols *symbols, uint64_t root, const char *prefix, unsigned limit);
/* The whole line table's next address whose line differs, for stepping by line: false when there is none. */
bool symbols_line_range(struct symbols *symbols, uint64_t root, uint64_t address, uint64_t *start, uint64_t *end);

/*
 * Types of the kernel, by DWARF, or by the BTF that Linux carries: the offset of @member ("switch_internals.current_ctxt") in @type
 * ("kernel::percpu::PercpuBlock", "task_struct"), and its size.
 */
bool symbols_member(struct symbols *symbols, const char *type, const char *member, uint64_t *offset, uint64_t *size);
bool symbols_type_size(struct symbols *symbols, const char *type, uint64_t *size);

/* --- variables, by DWARF: locals, arguments, and what a module has for all of its functions --- */

struct symbol_context { /* a frame, as it was unwound */
    const struct space *space;
    uint64_t pc;
    bool return_address;       /* pc is one: look up the call before it */
    const uint64_t *registers; /* 64 at most, by DWARF's numbers */
    uint64_t known;            /* bit per register */
    uint64_t cfa;              /* canonical frame address */
    bool cfa_known;
    const struct symbol_context *caller; /* for what a function was called with; NULL: not known */
};
struct symbol_variable {  /* of the function at a frame, or of one that is inlined there */
    unsigned frame;       /* of struct symbol_location */
    const char *function; /* demangled; owned by symbols; NULL: not known */
    bool inlined, argument;
    bool known;       /* it has a value here */
    const char *name; /* owned by symbols */
    char *text;       /* its value, "optimised out", "cannot be read at 0x…" */
};
struct symbol_value;

/* False: nothing is known of variables at that address. */
bool symbols_knows_variables(struct symbols *symbols, const struct symbol_context *context);
/*
 * GPtrArray of struct symbol_variable: those in scope, of the innermost function first, its innermost block first; values are cut where
 * they have @length bytes.  To be freed.
 */
GPtrArray *symbols_variables(struct symbols *symbols, const struct symbol_context *context, size_t length);
/* The innermost local or argument of that name; NULL: none.  To be freed. */
struct symbol_value *symbols_variable(struct symbols *symbols, const struct symbol_context *context, const char *name);
/* What stands at @address, if it is a variable of a module; NULL: none is known.  To be freed. */
struct symbol_value *symbols_global(struct symbols *symbols, const struct space *space, uint64_t address);
void symbol_value_free(struct symbol_value *value);
/*
 * A member of a structure or of the variant that is there, "0" also of a tuple, through pointers; an element of an array, slice or Vec or
 * of what a pointer points to; what it points to.  NULL with @error.
 */
struct symbol_value *symbol_value_member(const struct symbol_value *value, const char *name, GError **error);
struct symbol_value *symbol_value_element(const struct symbol_value *value, uint64_t index, GError **error);
struct symbol_value *symbol_value_target(const struct symbol_value *value, GError **error);
bool symbol_value_is_pointer(const struct symbol_value *value);
/* Of an integer, boolean, character, pointer or enumeration, extended to 64 bits; false with @error. */
bool symbol_value_number(const struct symbol_value *value, uint64_t *number, GError **error);
/* Where it stands; false: not in memory. */
bool symbol_value_address(const struct symbol_value *value, uint64_t *address);
/* As people read it, cut at @length bytes; to be freed. */
char *symbol_value_text(const struct symbol_value *value, size_t length);

#endif
