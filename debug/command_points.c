/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: breakpoints, watchpoints, catches. */
#include <string.h>

#include "debug/command.h"

#define MOST_PLACES 32

/* Cuts " if CONDITION" off the end of @text and gives it. */
static char *take_condition(char *text)
{
    char *at = g_str_has_prefix(text, "if ") ? text : strstr(text, " if ");

    if (!at)
        return NULL;
    char *condition = g_strstrip(g_strdup(at + (at == text ? 3 : 4)));
    *at = 0;
    g_strchomp(text);
    return condition;
}

/* Cuts " in PROCESS" off and gives the process's space. */
static bool take_space(struct console *console, char *text, uint64_t *root, GError **error)
{
    char *at = strstr(text, " in ");
    struct os_process process;

    *root = SYMBOLS_ANY_SPACE;
    if (!at)
        return true;
    if (strcmp(at + 4, "space") == 0) { /* the one that the CPU is in */
        struct space space;
        console_space(console, &space);
        *root = space.root;
    } else if (console_process(console, at + 4, &process, error)) {
        *root = process.root;
    } else {
        return false;
    }
    *at = 0;
    return true;
}

static bool insert(struct console *console, struct debugger_point *point, const char *what, GError **error)
{
    point->enabled = true;
    unsigned number = debugger_insert(console->debugger, point, error);
    if (!number)
        return false;
    g_autofree char *address = console_address(console, point->address);
    if (what)
        console_say(console, "%s %u%s%s\n", what, number, point->text ? ": " : "", point->text ? point->text : "");
    else
        console_say(console, "breakpoint %u at %s\n", number, address);
    return true;
}

static bool may_be_symbol(const char *text)
{
    return (g_ascii_isalpha(*text) || *text == '_' || *text == '<') && !strpbrk(text, "*+$()&|=");
}

/* A name that nobody knows yet may be that of a kernel or program that is yet to start; takes @failure. */
static bool place_later(struct console *console, char *text, uint64_t root, char *condition, bool temporary,
                        GError *failure, GError **error)
{
    struct debugger_point point = {.kind = DEBUGGER_POINT_CODE,
                                   .address = DEBUGGER_PENDING,
                                   .root = root,
                                   .text = text,
                                   .condition = condition,
                                   .temporary = temporary};

    if (!may_be_symbol(text)) {
        g_propagate_error(error, failure);
        return false;
    }
    g_error_free(failure);
    if (!insert(console, &point, "breakpoint", error))
        return false;
    console_say(console, "not known yet: it waits for a kernel or a program that has this name\n");
    return true;
}

static bool place_breakpoints(struct console *console, const char *arguments, bool temporary, GError **error)
{
    g_autofree char *text = g_strdup(arguments);
    g_autofree char *condition = take_condition(text);
    uint64_t root;

    if (!take_space(console, text, &root, error))
        return false;
    g_autoptr(GError) failure = NULL;
    g_autoptr(GArray) places = console_location(console, text, true, &failure);
    if (!places)
        return place_later(console, text, root, condition, temporary, g_steal_pointer(&failure), error);
    for (guint i = 0; i < MIN(places->len, MOST_PLACES); i++) {
        struct debugger_point point = {.kind = DEBUGGER_POINT_CODE,
                                       .address = g_array_index(places, uint64_t, i),
                                       .root = root,
                                       .text = text,
                                       .condition = condition,
                                       .temporary = temporary};
        if (!insert(console, &point, NULL, error))
            return false;
    }
    if (places->len > MOST_PLACES)
        console_say(console, "%u more places have that name; FILE:LINE or a longer path say which are meant\n",
                    places->len - MOST_PLACES);
    return true;
}

static bool do_break(struct console *console, const char *arguments, GError **error)
{
    return place_breakpoints(console, arguments, false, error);
}

static bool tbreak(struct console *console, const char *arguments, GError **error)
{
    return place_breakpoints(console, arguments, true, error);
}

/* A region by its name: "uart16550", "uart16550+0x4". */
static bool device_address(struct console *console, const char *text, enum memory_space *space, uint64_t *address,
                           uint64_t *size, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "+", 2);
    struct memory *memory = machine_memory(console->machine);
    uint64_t offset = parts[0] && parts[1] ? g_ascii_strtoull(parts[1], NULL, 0) : 0;
    const char *name;

    for (*space = MEMORY_SPACE_PHYSICAL; *space <= MEMORY_SPACE_PORT; ++*space) {
        for (unsigned i = 0; (name = memory_region_name(memory, *space, i, address, size)); i++) {
            if (strcmp(name, parts[0] ? parts[0] : "") != 0 || offset >= *size)
                continue;
            *address += offset;
            *size = parts[1] ? 1 : *size;
            return true;
        }
    }
    return console_fail(error, "%s: no device region has this name (info regions lists them)", text);
}

/* "*(u32 *)ADDRESS" as gdb has it: the address, and the length from the type. */
static const char *dereferenced(const char *text, uint64_t *length)
{
    const char *close = strchr(text, ')');

    if (*text != '*')
        return text;
    *length = 8;
    if (text[1] != '(' || !close || !strchr(text, '*'))
        return text + 1;
    const char *digits = text + 2 + strcspn(text + 2, "0123456789)");
    uint64_t bits = g_ascii_strtoull(digits, NULL, 10);
    *length = bits == 8 || bits == 16 || bits == 32 ? bits / 8 : strncmp(text + 2, "char", 4) == 0 ? 1 : 8;
    return close + 1;
}

enum target { TARGET_VIRTUAL, TARGET_PHYSICAL, TARGET_PORT, TARGET_DEVICE };

static enum target take_target(const char **text)
{
    static const char *const names[] = {"-p ", "-io ", "-d "};

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!g_str_has_prefix(*text, names[i]))
            continue;
        *text += strlen(names[i]);
        return TARGET_PHYSICAL + i;
    }
    return TARGET_VIRTUAL;
}

/* ADDRESS[, LENGTH] */
static bool watched_range(struct console *console, const char *text, struct debugger_point *point, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", 2);
    uint64_t length = 0;

    if (!parts[0])
        return console_fail(error, "watch what? give an address");
    const char *address = dereferenced(g_strstrip(parts[0]), &length);
    if (!console_value(console, address, &point->address, error))
        return false;
    if (parts[1] && !console_value(console, parts[1], &length, error))
        return false;
    point->length = length;
    return true;
}

static bool place_watch(struct console *console, const char *arguments, enum debugger_point_kind kind, GError **error)
{
    static const enum debugger_point_kind first[] = {DEBUGGER_POINT_WRITE, DEBUGGER_POINT_PHYSICAL_WRITE,
                                                     DEBUGGER_POINT_PORT_WRITE};
    enum target target = take_target(&arguments);
    g_autofree char *text = g_strdup(arguments);
    g_autofree char *condition = take_condition(text);
    struct debugger_point point = {.condition = condition, .text = text};
    enum memory_space space;

    if (!take_space(console, text, &point.root, error))
        return false;
    if (target == TARGET_DEVICE) {
        if (!device_address(console, text, &space, &point.address, &point.length, error))
            return false;
        target = space == MEMORY_SPACE_PORT ? TARGET_PORT : TARGET_PHYSICAL;
    } else if (!watched_range(console, text, &point, error)) {
        return false;
    }
    point.kind = first[target] + (kind - DEBUGGER_POINT_WRITE);
    return insert(console, &point, "watchpoint", error);
}

static bool watch(struct console *console, const char *arguments, GError **error)
{
    return place_watch(console, arguments, DEBUGGER_POINT_WRITE, error);
}

static bool rwatch(struct console *console, const char *arguments, GError **error)
{
    return place_watch(console, arguments, DEBUGGER_POINT_READ, error);
}

static bool awatch(struct console *console, const char *arguments, GError **error)
{
    return place_watch(console, arguments, DEBUGGER_POINT_ACCESS, error);
}

static bool do_catch(struct console *console, const char *arguments, GError **error)
{
    static const struct {
        const char *name;
        enum debugger_point_kind kind;
        bool number;
    } kinds[] = {{"exception", DEBUGGER_POINT_CATCH_EXCEPTION, true},
                 {"interrupt", DEBUGGER_POINT_CATCH_INTERRUPT, true},
                 {"syscall", DEBUGGER_POINT_CATCH_SYSCALL, true},
                 {"process", DEBUGGER_POINT_CATCH_PROCESS, false},
                 {"driver", DEBUGGER_POINT_CATCH_DRIVER, false}};
    g_autofree char *line = g_strdup(arguments);
    g_autofree char *condition = take_condition(line);
    const char *rest = line;
    g_autofree char *name = console_word(&rest);
    struct debugger_point point = {.address = UINT64_MAX, .root = SYMBOLS_ANY_SPACE, .condition = condition};

    for (unsigned i = 0; name && i < G_N_ELEMENTS(kinds); i++) {
        if (!g_str_has_prefix(kinds[i].name, name))
            continue;
        point.kind = kinds[i].kind;
        if (kinds[i].number && *rest && !console_value(console, rest, &point.address, error))
            return false;
        g_autofree char *pattern = kinds[i].number || !*rest ? NULL
                                   : strpbrk(rest, "*?")     ? g_strdup(rest)
                                                             : g_strdup_printf("*%s", rest);
        point.text = kinds[i].number ? line : pattern;
        return insert(console, &point, "catch", error);
    }
    return console_fail(error, "catch what? exception [N], interrupt [N], syscall [N], process [NAME], driver [NAME]");
}

static struct debugger_point *point_numbered(struct console *console, const char *text, GError **error)
{
    struct debugger_point *point;
    uint64_t number;

    if (!console_value(console, text, &number, error))
        return NULL;
    for (unsigned i = 0; (point = debugger_point(console->debugger, i)); i++)
        if (point->number == number)
            return point;
    console_fail(error, "there is no point number %" G_GUINT64_FORMAT, number);
    return NULL;
}

static bool delete (struct console *console, const char *arguments, GError **error)
{
    g_autofree char *number = NULL;
    struct debugger_point *point;

    while (!*arguments && (point = debugger_point(console->debugger, 0)))
        debugger_remove(console->debugger, point->number);
    while ((number = console_word(&arguments))) {
        point = point_numbered(console, number, error);
        if (!point)
            return false;
        debugger_remove(console->debugger, point->number);
        g_clear_pointer(&number, g_free);
    }
    return true;
}

static bool enable(struct console *console, const char *arguments, bool on, GError **error)
{
    g_autofree char *number = NULL;
    struct debugger_point *point;

    for (unsigned i = 0; !*arguments && (point = debugger_point(console->debugger, i)); i++)
        point->enabled = on;
    while ((number = console_word(&arguments))) {
        point = point_numbered(console, number, error);
        if (!point)
            return false;
        point->enabled = on;
        g_clear_pointer(&number, g_free);
    }
    return true;
}

static bool do_enable(struct console *console, const char *arguments, GError **error)
{
    return enable(console, arguments, true, error);
}

static bool disable(struct console *console, const char *arguments, GError **error)
{
    return enable(console, arguments, false, error);
}

static bool ignore(struct console *console, const char *arguments, GError **error)
{
    g_autofree char *number = console_word(&arguments);
    struct debugger_point *point = number ? point_numbered(console, number, error) : NULL;

    if (!number)
        return console_fail(error, "ignore which one? give its number and how often");
    return point && console_value(console, arguments, &point->ignore, error);
}

static bool condition(struct console *console, const char *arguments, GError **error)
{
    g_autofree char *number = console_word(&arguments);
    struct debugger_point *point = number ? point_numbered(console, number, error) : NULL;
    g_autoptr(GError) failure = NULL;
    uint64_t value;

    if (!number)
        return console_fail(error, "the condition of which one? give its number");
    if (!point)
        return false;
    if (*arguments && !console_value(console, arguments, &value, &failure) &&
        !strstr(failure->message, "there is no memory")) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    g_free(point->condition);
    point->condition = *arguments ? g_strdup(arguments) : NULL;
    return true;
}

const struct command commands_points[] = {
    {"break b hbreak", "[LOCATION] [in PROCESS|in space] [if CONDITION]",
     "stop before an instruction\nLOCATION is a symbol, FILE:LINE or *ADDRESS; none: here.  In all address spaces, or "
     "in that "
     "of a process\n(its number or name), or in the present one (space).",
     COMMAND_SYMBOLS, do_break},
    {"tbreak tb thbreak", "[LOCATION] [in PROCESS] [if CONDITION]", "the same, once", COMMAND_SYMBOLS, tbreak},
    {"watch", "[-p|-io|-d] ADDRESS[, LENGTH] [in PROCESS] [if CONDITION]",
     "stop after writes\nTo virtual memory (8 bytes, or LENGTH), with -p to physical memory by any mapping and by DMA, "
     "with -io\n"
     "to ports, with -d to a device's region by its name (info regions) and offset: watch -d uart16550+4.\n"
     "watch *(u32 *)ADDRESS is understood as well.",
     COMMAND_SYMBOLS, watch},
    {"rwatch", "...", "stop after reads; as watch", COMMAND_SYMBOLS, rwatch},
    {"awatch", "...", "stop after reads and writes; as watch", COMMAND_SYMBOLS, awatch},
    {"catch", "exception|interrupt|syscall [N], process|driver [NAME] [if CONDITION]",
     "stop at an event\nN: the vector on x86_64, the class on aarch64; a system call's number.  A program has started "
     "when it makes its "
     "first\nsystem call; NAME is its end, or a pattern with * and ?.",
     0, do_catch},
    {"delete d del", "[NUMBER]...", "remove points; without a number all", 0, delete},
    {"enable", "[NUMBER]...", "let points stop the guest again", 0, do_enable},
    {"disable", "[NUMBER]...", "let points rest", 0, disable},
    {"ignore", "NUMBER COUNT", "pass a point over so many times", 0, ignore},
    {"condition", "NUMBER [EXPRESSION]", "set or take away a point's condition", COMMAND_SYMBOLS, condition},
    {NULL},
};
