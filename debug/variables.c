/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See variables.h. */
#include "debug/variables.h"

#include <ctype.h>
#include <gio/gio.h>
#include <string.h>

#define DEEPEST 16

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static struct symbol_value *find_local(const struct expression_scope *scope, const struct space *space,
                                       const char *name)
{
    struct symbols *symbols = debugger_symbols(scope->debugger);
    struct symbol_value *value;
    struct variable_frame frame;
    struct unwind_frame start;

    if (!scope->frame)
        unwind_start(scope->cpu, &start);
    variable_frame_open(symbols, space, scope->frame ? scope->frame : &start, &frame);
    value = symbols_variable(symbols, &frame.context, name);
    variable_frame_close(&frame);
    return value;
}

static struct symbol_value *find_global(const struct expression_scope *scope, const struct space *space,
                                        const char *name)
{
    struct symbols *symbols = debugger_symbols(scope->debugger);
    g_autoptr(GArray) found = symbols_resolve(symbols, space->root, name);

    return found->len > 0 ? symbols_global(symbols, space, g_array_index(found, uint64_t, 0)) : NULL;
}

static struct symbol_value *take_name(const struct expression_scope *scope, const char **text, bool *global)
{
    const char *end = *text;
    struct symbol_value *value = NULL;
    struct space space;

    *global = false;
    if (!debugger_symbols(scope->debugger) || !symbols_reads_dwarf() || !is_name(*end) || isdigit((unsigned char)*end))
        return NULL;
    while (is_name(*end) || (end[0] == ':' && end[1] == ':'))
        end += *end == ':' ? 2 : 1;
    if (*end == '@' || (end[0] == '!' && is_name(end[1]))) /* MODULE!SYMBOL */
        return NULL;
    g_autofree char *name = g_strndup(*text, (gsize)(end - *text));
    space_current(debugger_machine(scope->debugger), scope->cpu, &space);
    if (!strchr(name, ':'))
        value = find_local(scope, &space, name);
    if (!value) {
        value = find_global(scope, &space, name);
        *global = value != NULL;
    }
    if (value)
        *text = end;
    return value;
}

static struct symbol_value *take_element(const struct expression_scope *scope, const char **text,
                                         const struct symbol_value *value, GError **error)
{
    const char *end = strchr(*text, ']');
    uint64_t index;

    if (!end) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s: a ] is missing", *text);
        return NULL;
    }
    g_autofree char *inner = g_strndup(*text + 1, (gsize)(end - *text - 1));
    if (!expression_evaluate(scope, inner, &index, error))
        return NULL;
    *text = end + 1;
    return symbol_value_element(value, index, error);
}

static struct symbol_value *take_field(const char **text, const struct symbol_value *value, GError **error)
{
    const char *start = *text + (**text == '.' ? 1 : 2), *end = start;

    while (is_name(*end))
        end++;
    g_autofree char *name = g_strndup(start, (gsize)(end - start));
    *text = end;
    return symbol_value_member(value, name, error);
}

static bool is_part(const char *at)
{
    return *at == '[' || (*at == '.' && is_name(at[1])) || (at[0] == '-' && at[1] == '>' && is_name(at[2]));
}

/* What is left of a variable that cannot be looked at. */
static void skip_parts(const char **text)
{
    while (is_part(*text)) {
        const char *end = **text == '[' ? strchr(*text, ']') : NULL;

        *text = end ? end : *text + strcspn(*text, ">.[");
        *text += **text != 0;
        while (!end && is_name(**text))
            ++*text;
    }
}

static struct symbol_value *take_parts(const struct expression_scope *scope, const char **text, bool *plain_global,
                                       GError **error)
{
    const char *start = *text;
    struct symbol_value *value = take_name(scope, text, plain_global);

    while (value && is_part(*text)) {
        struct symbol_value *part =
            **text == '[' ? take_element(scope, text, value, error) : take_field(text, value, error);

        symbol_value_free(value);
        value = part;
        *plain_global = false;
        if (!value) {
            g_prefix_error(error, "%.*s: ", (int)(*text - start), start);
            skip_parts(text);
        }
    }
    return value;
}

static struct symbol_value *take(const struct expression_scope *scope, const char **text, bool *plain_global,
                                 unsigned depth, GError **error)
{
    const char *at = *text;
    struct symbol_value *value, *target;

    if (*at != '*' || depth == DEEPEST) {
        value = take_parts(scope, &at, plain_global, error);
    } else {
        for (at++; isspace((unsigned char)*at);)
            at++;
        value = take(scope, &at, plain_global, depth + 1, error);
        if (value && (*plain_global || !symbol_value_is_pointer(value))) {
            symbol_value_free(value); /* it is a number: of memory at any address no type is known */
            return NULL;
        }
        target = value ? symbol_value_target(value, error) : NULL;
        symbol_value_free(value);
        value = target;
    }
    *text = at;
    return value;
}

struct symbol_value *variable_take(const struct expression_scope *scope, const char **text, bool *plain_global,
                                   GError **error)
{
    *plain_global = false;
    return take(scope, text, plain_global, 0, error);
}
