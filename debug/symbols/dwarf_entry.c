/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What registers held when a function was called, as its caller's debug information tells: DWARF 5, sections 2.5.1.7 and 3.4. */
#include "debug/symbols/dwarf_internal.h"

#include <dwarf.h>
#include <string.h>

#define DEPTH_MAX 32u
#define DIES_MAX (1u << 18) /* of a function */

static const char *linkage_name(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    const char *name = dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ? dwarf_formstring(&attribute) : NULL;

    return name ? name : dwarf_diename(die);
}

/* A call of that function, not of one that went on to it by a jump. */
static bool calls(Dwarf_Die *site, Dwarf_Die *function)
{
    const char *name = linkage_name(function), *called;
    Dwarf_Attribute attribute;
    Dwarf_Die origin;

    if ((!dwarf_attr(site, DW_AT_call_origin, &attribute) && !dwarf_attr(site, DW_AT_abstract_origin, &attribute)) ||
        !dwarf_formref_die(&attribute, &origin)) {
        return false;
    }
    called = linkage_name(&origin);
    return dwarf_dieoffset(&origin) == dwarf_dieoffset(function) || (name && called && strcmp(name, called) == 0);
}

/* The call that returns to @address. */
static bool find_site(Dwarf_Die *parent, uint64_t address, unsigned depth, unsigned *budget, Dwarf_Die *site)
{
    Dwarf_Attribute attribute;
    Dwarf_Addr returns;
    Dwarf_Die die;

    if (depth > DEPTH_MAX) {
        return false;
    }
    for (bool more = dwarf_first(parent, &die, budget); more; more = dwarf_next(&die, budget)) {
        int tag = dwarf_tag(&die);

        if (tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site) {
            if (dwarf_attr(&die, tag == DW_TAG_call_site ? DW_AT_call_return_pc : DW_AT_low_pc, &attribute) &&
                dwarf_formaddr(&attribute, &returns) == 0 && returns == address) {
                *site = die;
                return true;
            }
        } else if ((tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine) &&
                   find_site(&die, address, depth + 1, budget, site)) {
            return true;
        }
    }
    return false;
}

static bool find_parameter(Dwarf_Die *site, uint64_t wanted, unsigned *budget, Dwarf_Die *die)
{
    for (bool more = dwarf_first(site, die, budget); more; more = dwarf_next(die, budget)) {
        Dwarf_Attribute attribute;
        Dwarf_Op *ops;
        size_t count;
        uint64_t number;
        int tag = dwarf_tag(die);

        if ((tag == DW_TAG_call_site_parameter || tag == DW_TAG_GNU_call_site_parameter) &&
            dwarf_attr(die, DW_AT_location, &attribute) && dwarf_getlocation(&attribute, &ops, &count) == 0 &&
            dwarf_is_register(ops, count, &number) && number == wanted) {
            return true;
        }
    }
    return false;
}

bool dwarf_entry_register(const struct dwarf_scope *scope, uint64_t number, uint64_t *value)
{
    const struct symbol_context *caller = scope->context->caller;
    Dwarf_Die function = scope->function, site, parameter;
    struct dwarf_scope at;
    Dwarf_Attribute attribute;
    unsigned budget = DIES_MAX;

    if (!caller || !caller->return_address || !dwarf_scope_at(scope->symbols, caller, &at)) {
        return false;
    }
    at.depth = scope->depth + 1;
    return find_site(&at.function, caller->pc - at.module->bias, 0, &budget, &site) && calls(&site, &function) &&
           find_parameter(&site, number, &budget, &parameter) &&
           (dwarf_attr(&parameter, DW_AT_call_value, &attribute) ||
            dwarf_attr(&parameter, DW_AT_GNU_call_site_value, &attribute)) &&
           dwarf_compute(&at, &attribute, value);
}
