/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Variables of the guest's programs as a user names them:
 *
 *   NAME                       a local or an argument of the frame, the innermost one first; else of a module
 *   NAME.FIELD  NAME->FIELD    through pointers in both forms; the fields of tuples are 0, 1, ...
 *   NAME[EXPRESSION]           of arrays, slices, Vec, pointers
 *   *NAME.FIELD  &NAME         what it points to
 */
#ifndef GALVANIC_DEBUG_VARIABLES_H
#define GALVANIC_DEBUG_VARIABLES_H

#include "debug/expression.h"
#include "debug/variable_frame.h"

/*
 * Takes a variable from *@text, which moves past it.  NULL without @error: there is none, nothing is taken; with @error: it has no such
 * part, or it cannot be read; it is taken nevertheless.  @plain_global: nothing but the name of a module's variable was there.
 */
struct symbol_value *variable_take(const struct expression_scope *scope, const char **text, bool *plain_global,
                                   GError **error);

#endif
