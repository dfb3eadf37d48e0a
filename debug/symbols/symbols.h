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

#endif
