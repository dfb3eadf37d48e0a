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
