/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of debug/symbols share. */
#ifndef GALVANIC_DEBUG_SYMBOLS_INTERNAL_H
#define GALVANIC_DEBUG_SYMBOLS_INTERNAL_H

#include "debug/symbols/elf_image.h"
#include "debug/symbols/symbols.h"

struct dwarf_file;

/* Names of a file or a table, sorted by address once they are asked for. */
struct symbol_name {
    uint64_t address, size; /* size 0: up to the next */
    const char *raw;        /* mangled; in the image or in the pool */
    bool code, global;
};
struct symbol_names {
    GArray *names; /* struct symbol_name */
    bool sorted;
};

/* An ELF file, shared by all modules that are made of it. */
struct symbol_file {
    char *path; /* NULL: from the guest's memory or disk */
    struct elf_image *image;
    struct symbol_names *names;
    struct dwarf_file *dwarf;
    bool dwarf_tried;
};

struct symbol_module {
    struct symbols *symbols;
    uint64_t root;
    char *name;
    uint64_t bias;
    struct symbol_file *image, *debug; /* either may be NULL; @debug is of --symbols; owned by @symbols */
    struct symbol_names *table;        /* absolute addresses; NULL: none; owned */
    uint64_t low, high;                /* [low, high) as the guest has it; equal: not known */
    struct orc_tables *orc;            /* of a Linux kernel on x86_64 and its modules; NULL: none; owned */
};

/* A file that --symbols offers. */
struct symbol_candidate {
    char *path;
    char *stem; /* its name without .sym, .debug and the like */
    bool build_id_read;
    uint8_t build_id[32];
    unsigned build_id_length;
};

struct symbols {
    struct machine *machine;
    GPtrArray *modules;    /* struct symbol_module */
    GPtrArray *files;      /* struct symbol_file */
    GPtrArray *candidates; /* struct symbol_candidate */
    GHashTable *shown;     /* raw name -> demangled one */
    GStringChunk *pool;    /* names of tables */
    GHashTable *types;     /* "type" or "type.member" -> struct type_answer */
    struct symbol_module *kernel;
    uint64_t next_search; /* instruction count before which the kernel is not looked for again */
    uint64_t search_every;
    struct btf *btf;                        /* of a Linux kernel; NULL: none */
    struct linux_modules *modules_of_linux; /* NULL: not a Linux kernel, or not looked for yet */
    bool no_dwarf_told;
};

/* symbols.c */
struct symbol_file *symbols_file_of_bytes(struct symbols *symbols, GBytes *bytes, const char *path, GError **error);
struct symbol_names *symbols_module_names(struct symbol_module *module, uint64_t *bias);
struct symbol_names *symbol_file_names(struct symbol_file *file);
/* What the file has of debug information and call frame information; NULL: none, or @file is NULL. */
struct dwarf_file *symbol_file_dwarf(struct symbol_file *file);
/* That of the module's files which has units. */
struct dwarf_file *symbols_module_dwarf(struct symbol_module *module);
/* What is shown for a raw name; lives as long as @symbols. */
const char *symbols_shown(struct symbols *symbols, const char *raw);
bool symbols_module_is_in(const struct symbol_module *module, uint64_t root);
/* New files have come: which modules are they of? */
void symbols_match_again(struct symbols *symbols);
/* NULL: none there. */
struct symbol_module *symbols_module_at(struct symbols *symbols, uint64_t root, uint64_t address);

/* names.c */
struct symbol_names *symbol_names_new(void);
void symbol_names_free(struct symbol_names *names);
void symbol_names_add(struct symbol_names *names, const struct symbol_name *name);
/* The name that @address belongs to; NULL: none. */
const struct symbol_name *symbol_names_at(struct symbol_names *names, uint64_t address);
/* First name of exactly that raw text; NULL: none. */
const struct symbol_name *symbol_names_find(struct symbol_names *names, const char *raw);

/* files.c: the file of --symbols for a module; @image may be NULL. */
struct symbol_file *symbols_match(struct symbols *symbols, const char *name, const struct elf_image *image);
/* NULL: it cannot be read any more. */
struct symbol_file *symbols_open_candidate(struct symbols *symbols, const struct symbol_candidate *candidate);
void symbol_candidate_free(struct symbol_candidate *candidate);

/* Debug information and call frame information of a file; addresses are the file's.  Without elfutils there is none. */
struct dwarf_line {
    uint64_t start, end;
    const char *file;
    unsigned line, column;
};
/* NULL: no debug information, nor call frame information. */
struct dwarf_file *dwarf_file_new(const struct elf_image *image);
void dwarf_file_free(struct dwarf_file *file);
bool dwarf_file_has_units(const struct dwarf_file *file);
bool dwarf_file_line_at(struct dwarf_file *file, uint64_t address, struct dwarf_line *out);
/* Appends the addresses where code of @line of a file whose path ends in @name begins. */
void dwarf_line_addresses(struct dwarf_file *file, const char *name, unsigned line, uint64_t bias, GArray *out);
/* Fills frames, innermost first; returns their number. */
unsigned dwarf_frames_at(struct symbols *symbols, struct dwarf_file *file, uint64_t address,
                         struct symbol_frame *frames, unsigned room);
/* The @index-th copy of an inlined function: its shown name, and where it begins.  NULL: past the last. */
const char *dwarf_file_copy(struct symbols *symbols, struct dwarf_file *file, guint index, uint64_t *address);
bool dwarf_type_member(struct dwarf_file *file, const char *type, const char *member, uint64_t *offset, uint64_t *size);

/*
 * Where a Linux kernel has its ORC tables: @count addresses relative to themselves (4 bytes each) from @ip on, as many entries of
 * 6 bytes from @entries on.  Linux, arch/x86/include/asm/orc_types.h.
 */
struct orc_tables {
    uint64_t ip, entries, count;
    bool has_header; /* the form of Linux 6.4 and later */
};

/* redox_kernel.c, linux_kernel.c: place the kernel's module, or give NULL. */
struct symbol_module *symbols_find_redox(struct symbols *symbols, struct cpu *cpu);
/* @searched: it cost a search of the kernel's memory. */
struct symbol_module *symbols_find_linux(struct symbols *symbols, struct cpu *cpu, bool *searched);
/* Places the modules that a Linux kernel has loaded; asked again soon, it does nothing. */
void symbols_find_linux_modules(struct symbols *symbols);
/* Pieces of what is mapped in [@low, @high), without holes. */
struct linux_stretch {
    uint64_t address;
    GByteArray *bytes;
};
GArray *symbols_linux_memory(const struct space *space, uint64_t low, uint64_t high);
/* Does the kernel that was found still run?  Cheap. */
bool symbols_redox_is_there(struct symbols *symbols, struct cpu *cpu, const struct symbol_module *module);
bool symbols_linux_is_there(struct cpu *cpu, const struct symbol_module *module);

#endif
