/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions that stand at one address, inlined ones first: DWARF 5, section 3.3.8. */
#include "debug/symbols/dwarf_internal.h"

#include <dwarf.h>

#define DEPTH_MAX 64u
#define DIES_MAX (1u << 20) /* of a function */

struct chain {
    Dwarf_Die die[SYMBOLS_FRAMES]; /* outermost first: the function, then what is inlined on the way down */
    unsigned count;
    bool cut; /* there were more: those between the last two are missing */
};

bool dwarf_scope_within(Dwarf_Die *parent, uint64_t address, unsigned *budget, Dwarf_Die *child)
{
    if (dwarf_child(parent, child) != 0) {
        return false;
    }
    do {
        int tag = dwarf_tag(child);

        if ((*budget)-- == 0) {
            return false;
        }
        if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block) && dwarf_haspc(child, address) == 1) {
            return true;
        }
    } while (*budget > 0 && dwarf_siblingof(child, child) == 0);
    return false;
}

static void descend(Dwarf_Die *function, uint64_t address, struct chain *chain)
{
    unsigned budget = DIES_MAX;
    Dwarf_Die at = *function, child;

    chain->die[chain->count++] = *function;
    for (unsigned depth = 0; depth < DEPTH_MAX && dwarf_scope_within(&at, address, &budget, &child); depth++) {
        if (dwarf_tag(&child) == DW_TAG_inlined_subroutine) {
            if (chain->count == G_N_ELEMENTS(chain->die)) {
                chain->count--;
                chain->cut = true;
            }
            chain->die[chain->count++] = child;
        }
        at = child;
    }
}

static const char *text_of(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute value;

    return dwarf_attr_integrate(die, attribute, &value) ? dwarf_formstring(&value) : NULL;
}

/* Where the function is declared, whose scope counts. */
static Dwarf_Off declaration_of(Dwarf_Die *die)
{
    static const unsigned links[] = {DW_AT_abstract_origin, DW_AT_specification};
    Dwarf_Die at = *die;

    for (unsigned i = 0; i < G_N_ELEMENTS(links); i++) {
        Dwarf_Attribute attribute;
        Dwarf_Die to;

        if (dwarf_attr(&at, links[i], &attribute) && dwarf_formref_die(&attribute, &to)) {
            at = to;
        }
    }
    return dwarf_dieoffset(&at);
}

/* Names without linkage names, as some compilers give them when asked for little debug information, are told with their scope. */
const char *dwarf_function_name(struct symbols *symbols, struct dwarf_file *file, Dwarf_Die *die)
{
    const char *linkage = text_of(die, DW_AT_linkage_name), *name, *scope;
    g_autofree char *whole = NULL;

    if (!linkage) {
        linkage = text_of(die, DW_AT_MIPS_linkage_name);
    }
    if (linkage) {
        return symbols_shown(symbols, linkage);
    }
    name = text_of(die, DW_AT_name);
    scope = name ? dwarf_file_scope_of(file, declaration_of(die)) : NULL;
    if (!scope) {
        return name;
    }
    whole = g_strdup_printf("%s::%s", scope, name);
    return symbols_shown(symbols, whole);
}

static unsigned number_of(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute value;
    Dwarf_Word number = 0;

    if (!dwarf_attr(die, attribute, &value) || dwarf_formudata(&value, &number) != 0 || number > UINT32_MAX) {
        return 0;
    }
    return (unsigned)number;
}

/* Where an inlined function is called. */
static void call_site(Dwarf_Die *unit, Dwarf_Die *inlined, struct symbol_frame *caller)
{
    Dwarf_Files *files;
    size_t count;
    unsigned file = number_of(inlined, DW_AT_call_file);

    caller->line = number_of(inlined, DW_AT_call_line);
    caller->column = number_of(inlined, DW_AT_call_column);
    caller->file =
        dwarf_getsrcfiles(unit, &files, &count) == 0 && file < count ? dwarf_filesrc(files, file, NULL, NULL) : NULL;
}

unsigned dwarf_frames_at(struct symbols *symbols, struct dwarf_file *file, uint64_t address,
                         struct symbol_frame *frames, unsigned room)
{
    struct chain chain = {.count = 0};
    Dwarf_Die unit, function;
    struct dwarf_line line;
    unsigned count = 0;

    if (!dwarf_file_unit_at(file, address, &unit)) {
        return 0;
    }
    if (!dwarf_file_function_at(file, &unit, address, &function)) { /* assembly */
        if (!dwarf_line_at(&unit, address, &line)) {
            return 0;
        }
        frames[0] = (struct symbol_frame){.file = line.file, .line = line.line, .column = line.column};
        return 1;
    }
    descend(&function, address, &chain);
    for (unsigned i = chain.count; i > 0 && count < room; i--, count++) {
        struct symbol_frame *frame = &frames[count];

        *frame = (struct symbol_frame){
            .function = dwarf_function_name(symbols, file, &chain.die[i - 1]),
            .inlined = i > 1,
        };
        if (count == 1 && chain.cut) {
            continue; /* called from a function that is missing */
        }
        if (count > 0) {
            call_site(&unit, &chain.die[i], frame);
        } else if (dwarf_line_at(&unit, address, &line)) {
            frame->file = line.file;
            frame->line = line.line;
            frame->column = line.column;
        }
    }
    return count;
}
