/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions of the user: numbers, registers, symbols, memory, with C's operators on unsigned 64-bit values.
 *
 *   0x10  0b11  'a'            numbers
 *   $rax  $pc $sp $fp          registers; also without $ where no symbol has the name
 *   $pid $tid $cpu $root       who runs; $privilege; $count and $ns: instructions and virtual time so far
 *   value  self.field[2]       locals and arguments of the frame, parts of variables: variables.h
 *   kernel::main  'odd name'   addresses of symbols
 *   *A   (u8 *)A -> *(u8 *)A   memory: 8 bytes, or u8, u16, u32, u64, i8 ... i64, char, short, int, long
 *   - ~ !  * / %  + -  << >>  < <= > >=  == !=  &  ^  |  &&  ||  ? :
 */
#ifndef GALVANIC_DEBUG_EXPRESSION_H
#define GALVANIC_DEBUG_EXPRESSION_H

#include "debug/debugger.h"

struct expression_scope {
    struct debugger *debugger;
    struct cpu *cpu;
    const struct unwind_frame *frame; /* whose registers are meant; NULL: those of the CPU */
    const uint64_t *history;          /* $1, $2, ...; may be NULL */
    unsigned history_length;
    bool parses_only; /* is it well formed?  Nothing is read. */
    bool any_name;    /* names may come to be known later */
};

/* The whole of @text; false with @error, which says where it went wrong. */
bool expression_evaluate(const struct expression_scope *scope, const char *text, uint64_t *value, GError **error);
/* A register by its name, with the aliases pc, sp, fp, flags; false: there is none, or the frame does not know it. */
bool expression_register(const struct expression_scope *scope, const char *name, uint64_t *value);

#endif
