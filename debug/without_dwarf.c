/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In place of the files that read DWARF, in a build without elfutils: no file has any. */
#include "debug/unwind_internal.h"

bool symbols_reads_dwarf(void)
{
    return false;
}

struct dwarf_file *dwarf_file_new(const struct elf_image *image)
{
    return NULL;
}

void dwarf_file_free(struct dwarf_file *file)
{
}

bool dwarf_file_has_units(const struct dwarf_file *file)
{
    return false;
}

bool dwarf_file_line_at(struct dwarf_file *file, uint64_t address, struct dwarf_line *out)
{
    return false;
}

void dwarf_line_addresses(struct dwarf_file *file, const char *name, unsigned line, uint64_t bias, GArray *out)
{
}

unsigned dwarf_frames_at(struct symbols *symbols, struct dwarf_file *file, uint64_t address,
                         struct symbol_frame *frames, unsigned room)
{
    return 0;
}

const char *dwarf_file_copy(struct symbols *symbols, struct dwarf_file *file, guint index, uint64_t *address)
{
    return NULL;
}

bool dwarf_type_member(struct dwarf_file *file, const char *type, const char *member, uint64_t *offset, uint64_t *size)
{
    return false;
}

enum unwind_step unwind_by_cfi(struct unwinder *unwinder, const struct unwind_frame *frame, struct unwind_frame *next)
{
    return UNWIND_UNKNOWN;
}

bool unwind_cfa(struct symbols *symbols, const struct space *space, const struct unwind_frame *frame, uint64_t *cfa)
{
    return false;
}

bool symbols_knows_variables(struct symbols *symbols, const struct symbol_context *context)
{
    return false;
}

GPtrArray *symbols_variables(struct symbols *symbols, const struct symbol_context *context, size_t length)
{
    return g_ptr_array_new();
}

struct symbol_value *symbols_variable(struct symbols *symbols, const struct symbol_context *context, const char *name)
{
    return NULL;
}

struct symbol_value *symbols_global(struct symbols *symbols, const struct space *space, uint64_t address)
{
    return NULL;
}

/* There are no values, so these are never called. */

void symbol_value_free(struct symbol_value *value)
{
}

struct symbol_value *symbol_value_member(const struct symbol_value *value, const char *name, GError **error)
{
    return NULL;
}

struct symbol_value *symbol_value_element(const struct symbol_value *value, uint64_t index, GError **error)
{
    return NULL;
}

struct symbol_value *symbol_value_target(const struct symbol_value *value, GError **error)
{
    return NULL;
}

bool symbol_value_is_pointer(const struct symbol_value *value)
{
    return false;
}

bool symbol_value_number(const struct symbol_value *value, uint64_t *number, GError **error)
{
    return false;
}

bool symbol_value_address(const struct symbol_value *value, uint64_t *address)
{
    return false;
}

char *symbol_value_text(const struct symbol_value *value, size_t length)
{
    return g_strdup("");
}
