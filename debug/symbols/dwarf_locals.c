/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which variables are in scope at an address: DWARF 5, sections 3.3.8, 3.5 and 4.1. */
#include "debug/symbols/dwarf_internal.h"

#include <dwarf.h>
#include <string.h>

#define DEPTH_MAX 64u
#define DIES_MAX (1u << 20) /* of a function */
#define VARIABLES_MAX 512u
#define SCOPES_MAX 96u

/* A function, a block in it, or a function that is inlined there. */
struct level {
    Dwarf_Die die;
    unsigned function; /* 0: the one that is not inlined */
};
struct found {
    Dwarf_Die die;
    unsigned level; /* of struct scopes */
    bool argument;
};
struct scopes {
    struct level level[SCOPES_MAX]; /* outermost first */
    unsigned count, functions;
    unsigned budget;
    GArray *found; /* struct found */
};

bool dwarf_scope_at(struct symbols *symbols, const struct symbol_context *context, struct dwarf_scope *scope)
{
    uint64_t at = context->pc - (context->return_address && context->pc > 0);
    Dwarf_Die unit;

    *scope = (struct dwarf_scope){.symbols = symbols, .context = context};
    scope->module = symbols_module_at(symbols, context->space->root, at);
    scope->file = scope->module ? symbols_module_dwarf(scope->module) : NULL;
    if (!scope->file) {
        return false;
    }
    scope->address = at - scope->module->bias;
    return dwarf_file_unit_at(scope->file, scope->address, &unit) &&
           dwarf_file_function_at(scope->file, &unit, scope->address, &scope->function);
}

static void find_levels(const struct dwarf_scope *scope, struct scopes *out)
{
    Dwarf_Die at = scope->function, child;

    out->level[out->count++].die = at;
    while (out->count < SCOPES_MAX && dwarf_scope_within(&at, scope->address, &out->budget, &child)) {
        out->functions += dwarf_tag(&child) == DW_TAG_inlined_subroutine;
        out->level[out->count++] = (struct level){.die = child, .function = out->functions};
        at = child;
    }
}

static bool is_variable(Dwarf_Die *die)
{
    int tag = dwarf_tag(die);

    return (tag == DW_TAG_formal_parameter || tag == DW_TAG_variable) && dwarf_diename(die) != NULL;
}

static Dwarf_Off origin_of(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    Dwarf_Die origin;

    return dwarf_attr(die, DW_AT_abstract_origin, &attribute) && dwarf_formref_die(&attribute, &origin)
               ? dwarf_dieoffset(&origin)
               : 0;
}

static void add(struct scopes *scopes, unsigned level, Dwarf_Die *die)
{
    struct found found = {.die = *die, .level = level, .argument = dwarf_tag(die) == DW_TAG_formal_parameter};

    if (scopes->found->len < VARIABLES_MAX) {
        g_array_append_val(scopes->found, found);
    }
}

static bool is_found(const struct scopes *scopes, Dwarf_Die *die)
{
    for (guint i = 0; i < scopes->found->len; i++) {
        if (dwarf_dieoffset(&g_array_index(scopes->found, struct found, i).die) == dwarf_dieoffset(die)) {
            return true;
        }
    }
    return false;
}

/* The copy of @abstract among the children of @parent; itself, if it was left out there: nothing of it is left. */
static Dwarf_Die concrete(struct scopes *scopes, Dwarf_Die *parent, Dwarf_Die *abstract)
{
    Dwarf_Off wanted = dwarf_dieoffset(abstract);
    Dwarf_Die die;

    for (bool more = dwarf_first(parent, &die, &scopes->budget); more; more = dwarf_next(&die, &scopes->budget)) {
        if (is_variable(&die) && origin_of(&die) == wanted) {
            return die;
        }
    }
    return *abstract;
}

/* In the order of the sources, which is that of the function before it was inlined. */
static void find_variables(struct scopes *scopes, unsigned level)
{
    Dwarf_Die parent = scopes->level[level].die, origin, die;
    Dwarf_Attribute attribute;
    bool copied = dwarf_attr(&parent, DW_AT_abstract_origin, &attribute) && dwarf_formref_die(&attribute, &origin);
    bool more;

    for (more = copied && dwarf_first(&origin, &die, &scopes->budget); more; more = dwarf_next(&die, &scopes->budget)) {
        if (is_variable(&die)) {
            Dwarf_Die one = concrete(scopes, &parent, &die);
            add(scopes, level, &one);
        }
    }
    for (more = dwarf_first(&parent, &die, &scopes->budget); more; more = dwarf_next(&die, &scopes->budget)) {
        if (is_variable(&die) && !is_found(scopes, &die)) {
            add(scopes, level, &die);
        }
    }
}

static bool find_all(struct symbols *symbols, const struct symbol_context *context, struct dwarf_scope *scope,
                     struct scopes *scopes)
{
    *scopes = (struct scopes){.budget = DIES_MAX};
    if (!dwarf_scope_at(symbols, context, scope)) {
        return false;
    }
    scopes->found = g_array_new(FALSE, FALSE, sizeof(struct found));
    find_levels(scope, scopes);
    for (unsigned i = scopes->count; i > 0; i--) {
        find_variables(scopes, i - 1);
    }
    return true;
}

bool symbols_knows_variables(struct symbols *symbols, const struct symbol_context *context)
{
    struct dwarf_scope scope;

    return dwarf_scope_at(symbols, context, &scope);
}

static void free_variable(gpointer data)
{
    struct symbol_variable *variable = data;

    g_free(variable->text);
    g_free(variable);
}

/* The DIE of a function by its number. */
static Dwarf_Die *function_die(struct scopes *scopes, unsigned function)
{
    unsigned i = 0;

    while (scopes->level[i].function != function) {
        i++;
    }
    return &scopes->level[i].die;
}

static struct symbol_variable *describe(const struct dwarf_scope *scope, struct scopes *scopes, struct found *found,
                                        size_t length)
{
    struct symbol_variable *variable = g_new0(struct symbol_variable, 1);
    unsigned function = scopes->level[found->level].function;
    struct symbol_value value;

    variable->frame = scopes->functions - function;
    variable->function = dwarf_function_name(scope->symbols, scope->file, function_die(scopes, function));
    variable->inlined = function > 0;
    variable->argument = found->argument;
    variable->name = dwarf_diename(&found->die);
    dwarf_locate(scope, &found->die, &value);
    variable->known = !*value.why;
    variable->text = symbol_value_text(&value, length);
    return variable;
}

GPtrArray *symbols_variables(struct symbols *symbols, const struct symbol_context *context, size_t length)
{
    GPtrArray *result = g_ptr_array_new_with_free_func(free_variable);
    struct dwarf_scope scope;
    struct scopes scopes;

    if (!find_all(symbols, context, &scope, &scopes)) {
        return result;
    }
    for (guint i = 0; i < scopes.found->len; i++) {
        g_ptr_array_add(result, describe(&scope, &scopes, &g_array_index(scopes.found, struct found, i), length));
    }
    g_array_unref(scopes.found);
    return result;
}

struct symbol_value *symbols_variable(struct symbols *symbols, const struct symbol_context *context, const char *name)
{
    struct symbol_value *value = NULL;
    struct dwarf_scope scope;
    struct scopes scopes;

    if (!find_all(symbols, context, &scope, &scopes)) {
        return NULL;
    }
    for (guint i = 0; i < scopes.found->len && !value; i++) {
        struct found *found = &g_array_index(scopes.found, struct found, i);

        if (strcmp(dwarf_diename(&found->die), name) == 0) {
            value = g_new(struct symbol_value, 1);
            dwarf_locate(&scope, &found->die, value);
        }
    }
    g_array_unref(scopes.found);
    return value;
}

void symbol_value_free(struct symbol_value *value)
{
    g_free(value);
}
