/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: locals, arguments, and values with types. */
#include <ctype.h>
#include <string.h>

#include "debug/command.h"
#include "debug/variables.h"

#define LENGTH 1000 /* of a value in a list */
#define LONGEST 10000

static GPtrArray *variables(struct console *console, GError **error)
{
    struct symbols *symbols = debugger_symbols(console->debugger);
    const struct unwind_frame *at = console_frames(console, error) ? console_frame(console) : NULL;
    struct variable_frame frame;
    GPtrArray *found = NULL;
    struct space space;

    if (!at)
        return NULL;
    console_space(console, &space);
    variable_frame_open(symbols, &space, at, &frame);
    if (symbols_knows_variables(symbols, &frame.context))
        found = symbols_variables(symbols, &frame.context, LENGTH);
    else
        console_fail(error,
                     "no variables are known at 0x%" G_GINT64_MODIFIER "x (--symbols gives files that know them)",
                     at->pc);
    variable_frame_close(&frame);
    return found;
}

static bool list(struct console *console, bool arguments, GError **error)
{
    g_autoptr(GPtrArray) found = variables(console, error);
    unsigned frame = UINT32_MAX, shown = 0;

    for (guint i = 0; found && i < found->len; i++) {
        const struct symbol_variable *one = g_ptr_array_index(found, i);
        if (one->argument != arguments)
            continue;
        if (one->frame != frame)
            console_say(console, "%s%s:\n", one->function ? one->function : "??", one->inlined ? ", inlined" : "");
        frame = one->frame;
        console_say(console, "    %s = %s\n", one->name, one->text);
        shown++;
    }
    if (found && shown == 0)
        console_say(console, "no %s\n", arguments ? "arguments" : "locals");
    return found != NULL;
}

bool console_info_locals(struct console *console, const char *arguments, GError **error)
{
    return list(console, false, error);
}

bool console_info_args(struct console *console, const char *arguments, GError **error)
{
    return list(console, true, error);
}

char *console_variable(struct console *console, const char *text, uint64_t *number, bool *plain_global, GError **error)
{
    struct symbol_value *value;
    struct expression_scope scope;
    char *shown;

    if (debugger_symbols(console->debugger))
        console_place_symbols(console);
    console_scope(console, &scope);
    while (isspace((unsigned char)*text))
        text++;
    value = variable_take(&scope, &text, plain_global, error);
    while (value && isspace((unsigned char)*text))
        text++;
    if (!value || *text) { /* part of an expression */
        symbol_value_free(value);
        if (*text)
            g_clear_error(error);
        return NULL;
    }
    *number = 0;
    if (!symbol_value_number(value, number, NULL))
        symbol_value_address(value, number);
    shown = symbol_value_text(value, LONGEST);
    symbol_value_free(value);
    return shown;
}
