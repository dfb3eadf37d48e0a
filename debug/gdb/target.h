/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers as GDB and LLDB number them, and the XML that tells them so ("Debugging with GDB", appendix G): the standard
 * features first, then one of our own with every system register that debug/registers.h knows.
 */
#ifndef GALVANIC_DEBUG_GDB_TARGET_H
#define GALVANIC_DEBUG_GDB_TARGET_H

#include "debug/change.h"
#include "debug/registers.h"
#include "debug/unwind.h"

struct gdb_register {
    char *name;          /* as the client calls it */
    int index;           /* of debug/registers.h; -1: there is none, it reads as zero */
    unsigned bits;       /* as the client has it; may be more than the register's own */
    const char *type;    /* NULL: an integer */
    const char *generic; /* LLDB's role for it; NULL: none */
    int dwarf;           /* DWARF's number; -1: none */
    unsigned feature;
};

struct gdb_target {
    enum cpu_arch arch;
    GArray *registers; /* of struct gdb_register */
    unsigned general;  /* the `g` packet holds this many, the first ones */
    char *xml;
};

struct gdb_target *gdb_target_new(enum cpu_arch arch);
void gdb_target_free(struct gdb_target *target);
/* NULL: there is no such number. */
const struct gdb_register *gdb_target_register(const struct gdb_target *target, uint64_t number);
/* Appends the value in target byte order as hexadecimal; of @frame, where it is given, and "xx" for what is not known there. */
void gdb_target_read(const struct gdb_register *reg, struct cpu *cpu, const struct unwind_frame *frame, GString *out);
/* From hexadecimal text; false with @error: too short, or it cannot be changed. */
bool gdb_target_write(const struct gdb_register *reg, struct machine *machine, struct cpu *cpu, const char *text,
                      size_t length, GError **error);

#endif
