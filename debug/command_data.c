/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: values, memory, registers, disassembly, page tables. */
#include <ctype.h>
#include <string.h>

#include "debug/change.h"
#include "debug/command.h"
#include "debug/registers.h"
#include "emu/bytes.h"

#define MOST_UNITS 4096

GArray *console_location(struct console *console, const char *text, bool copies, GError **error)
{
    struct symbols *symbols = debugger_symbols(console->debugger);
    GArray *places;
    struct space space;
    uint64_t value;

    console_space(console, &space);
    if (*text && *text != '*' && symbols) {
        console_place_symbols(console);
        places = copies ? symbols_resolve_code(symbols, space.root, text) : symbols_resolve(symbols, space.root, text);
        if (places->len == 0 && !copies) {
            g_array_unref(places);
            places = symbols_resolve_code(symbols, space.root, text);
        }
        if (places->len > 0)
            return places;
        g_array_unref(places);
    }
    if (!console_value(console, *text == '*' ? text + 1 : *text ? text : "$pc", &value, error))
        return NULL;
    places = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_array_append_val(places, value);
    return places;
}

/* "/4xw": count, format letter, size letter; each may be missing. */
struct format {
    uint64_t count;
    char letter;
    unsigned size;
};

static bool take_format(const char **text, struct format *format, GError **error)
{
    char *end;

    if (**text != '/')
        return true;
    ++*text;
    if (isdigit((unsigned char)**text)) {
        format->count = g_ascii_strtoull(*text, &end, 10);
        *text = end;
    }
    for (; **text && !isspace((unsigned char)**text); ++*text) {
        const char *sizes = "bhwg", *size = strchr(sizes, **text);
        if (size)
            format->size = 1u << (size - sizes);
        else if (strchr("xduotacsi", **text))
            format->letter = **text;
        else
            return console_fail(error, "/%c is no format: x d u o t a c s i, sizes b h w g", **text);
    }
    while (isspace((unsigned char)**text))
        ++*text;
    if (format->count > MOST_UNITS)
        return console_fail(error, "at most %u units can be shown", MOST_UNITS);
    return true;
}

static void print_binary(GString *out, uint64_t value)
{
    int bit = 63;

    while (bit > 0 && !(value >> bit & 1))
        bit--;
    for (; bit >= 0; bit--)
        g_string_append_c(out, value >> bit & 1 ? '1' : '0');
}

static char *format_value(struct console *console, uint64_t value, char letter, unsigned size)
{
    g_autoptr(GString) out = g_string_new(NULL);
    unsigned shift = 64 - 8 * size;

    switch (letter) {
    case 'd':
        g_string_printf(out, "%" G_GINT64_FORMAT, (int64_t)(value << shift) >> shift);
        break;
    case 'u':
        g_string_printf(out, "%" G_GUINT64_FORMAT, value);
        break;
    case 'o':
        g_string_printf(out, "0%" G_GINT64_MODIFIER "o", value);
        break;
    case 't':
        print_binary(out, value);
        break;
    case 'a':
        return console_address(console, value);
    case 'c':
        g_string_printf(out, "%u '%c'", (uint8_t)value, g_ascii_isprint((char)value) ? (char)value : '.');
        break;
    default:
        g_string_printf(out, "0x%0*" G_GINT64_MODIFIER "x", (int)(2 * size), value);
        break;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool print(struct console *console, const char *arguments, GError **error)
{
    struct format format = {.letter = 0, .size = 8};
    g_autofree char *variable = NULL;
    g_autoptr(GError) failed = NULL;
    bool plain_global = false;
    uint64_t value;

    if (!take_format(&arguments, &format, error))
        return false;
    if (!format.letter)
        variable = console_variable(console, arguments, &value, &plain_global, &failed);
    if (failed) {
        g_propagate_error(error, g_steal_pointer(&failed));
        return false;
    }
    if ((!variable || plain_global) && !console_value(console, arguments, &value, error))
        return false;
    g_array_append_val(console->history, value);
    if (variable && !plain_global) {
        console_say(console, "$%u = %s\n", console->history->len, variable);
        return true;
    }
    if (format.letter) {
        g_autofree char *text = format_value(console, value, format.letter, format.size);
        console_say(console, "$%u = %s\n", console->history->len, text);
        return true;
    }
    g_autofree char *text = console_address(console, value);
    console_say(console, "$%u = %" G_GUINT64_FORMAT " = %s%s%s\n", console->history->len, value, text,
                variable ? " = " : "", variable ? variable : "");
    return true;
}

static uint64_t show_code(struct console *console, uint64_t address, unsigned count)
{
    uint64_t here = cpu_pc(debugger_cpu(console->debugger));
    struct symbols *symbols = debugger_symbols(console->debugger);
    struct space space;

    console_space(console, &space);
    g_autoptr(GArray) code = disassemble(&space, symbols, address, count, console->syntax);
    for (guint i = 0; code && i < code->len; i++) {
        const struct disassembled *each = &g_array_index(code, struct disassembled, i);
        g_autofree char *name = console_address(console, each->address);
        console_say(console, "%s %s: %s\n", each->address == here ? "=>" : "  ", name, each->text);
        address = each->address + each->length;
    }
    if (!code || code->len == 0)
        console_say(console, "0x%" G_GINT64_MODIFIER "x is not mapped\n", address);
    return address;
}

static uint64_t show_text(struct console *console, uint64_t address, unsigned count)
{
    struct space space;

    console_space(console, &space);
    for (unsigned i = 0; i < count; i++) {
        uint8_t byte = 0;
        g_autofree char *text = space_read_text(&space, address, 200);
        console_say(console, "0x%" G_GINT64_MODIFIER "x: %s%s%s\n", address, text ? "\"" : "",
                    text ? text : "not mapped", text ? "\"" : "");
        for (unsigned j = 0; j < 200 && space_read(&space, address, &byte, 1) == 1; j++) {
            address++;
            if (!byte)
                break;
        }
        if (!text)
            break;
    }
    return address;
}

/* Virtual memory, or physical for xp. */
static size_t read_bytes(struct console *console, bool physical, uint64_t address, void *to, size_t length)
{
    struct space space;
    const void *host;

    if (!physical) {
        console_space(console, &space);
        return space_read(&space, address, to, length);
    }
    host = memory_pointer(machine_memory(console->machine), address, length);
    if (!host)
        return 0;
    memcpy(to, host, length);
    return length;
}

static uint64_t show_units(struct console *console, uint64_t address, const struct format *format, bool physical)
{
    unsigned per_line = format->letter == 'a' ? 1 : MAX(16 / format->size, 1);
    g_autoptr(GString) line = g_string_new(NULL);

    for (uint64_t i = 0; i < format->count; i++) {
        uint8_t bytes[8];
        if (i % per_line == 0) {
            g_autofree char *name =
                physical ? g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address) : console_address(console, address);
            g_string_append_printf(line, "%s%s:", i ? "\n" : "", name);
        }
        if (read_bytes(console, physical, address, bytes, format->size) < format->size) {
            g_string_append(line, " not mapped");
            break;
        }
        g_autofree char *text = format_value(console, get_le(bytes, format->size), format->letter, format->size);
        g_string_append_printf(line, " %s", text);
        address += format->size;
    }
    console_say(console, "%s\n", line->str);
    return address;
}

static bool examine_at(struct console *console, const char *arguments, bool physical, GError **error)
{
    struct format format = {.count = 1, .letter = console->examine_format, .size = console->examine_size};
    uint64_t address = console->examine_next;

    if (!take_format(&arguments, &format, error))
        return false;
    if (*arguments && !console_value(console, arguments, &address, error))
        return false;
    console->examine_format = format.letter;
    console->examine_size = format.size;
    if (format.letter == 'i')
        address = show_code(console, address, (unsigned)format.count);
    else if (format.letter == 's')
        address = show_text(console, address, (unsigned)format.count);
    else
        address = show_units(console, address, &format, physical);
    console->examine_next = address;
    return true;
}

static bool examine(struct console *console, const char *arguments, GError **error)
{
    return examine_at(console, arguments, false, error);
}

static bool examine_physical(struct console *console, const char *arguments, GError **error)
{
    return examine_at(console, arguments, true, error);
}

static bool do_disassemble(struct console *console, const char *arguments, GError **error)
{
    const struct unwind_frame *frame = console->frame ? console_frame(console) : NULL;
    uint64_t here = frame ? frame->pc : cpu_pc(debugger_cpu(console->debugger));
    uint64_t address = console->disassemble_next ? console->disassemble_next : here, count = 12;
    g_auto(GStrv) parts = g_strsplit(arguments, ",", 2);
    struct space space;

    if (parts[0] && *parts[0]) {
        g_autoptr(GArray) places = console_location(console, g_strchomp(parts[0]), false, error);
        if (!places)
            return false;
        address = g_array_index(places, uint64_t, 0);
    }
    if (parts[0] && parts[1] && !console_value(console, parts[1], &count, error))
        return false;
    console_space(console, &space);
    g_autoptr(GArray) around = NULL;
    if (address == here && !*arguments)
        around = disassemble_around(&space, debugger_symbols(console->debugger), here, 5, 1, console->syntax);
    if (around && around->len)
        address = g_array_index(around, struct disassembled, 0).address;
    console->disassemble_next = show_code(console, address, (unsigned)MIN(count, MOST_UNITS));
    return true;
}

/* --- changes --- */

static bool set_register(struct console *console, const char *name, uint64_t value, GError **error)
{
    struct cpu *cpu = debugger_cpu(console->debugger);
    enum cpu_arch arch = cpu_architecture(cpu);
    bool x86 = arch == CPU_ARCH_X86_64;
    const char *real = strcmp(name, "pc") == 0 ? (x86 ? "rip" : "pc") : strcmp(name, "sp") == 0 && x86 ? "rsp" : name;
    int index = register_find(arch, real);
    uint8_t bytes[16] = {0};

    if (index < 0)
        return console_fail(error, "there is no register %s", name);
    if (console->frame)
        return console_fail(error, "registers of callers cannot be changed (frame 0 first)");
    put_le64(bytes, value);
    if (!change_register(console->machine, cpu, (unsigned)index, bytes, error))
        return false;
    console_forget_frames(console);
    return true;
}

/* "*(u32 *)ADDRESS", "*ADDRESS", "{u32}ADDRESS" */
static bool set_memory(struct console *console, const char *target, uint64_t value, GError **error)
{
    uint64_t address;
    unsigned size = 8;
    struct space space;
    const char *expression = target + 1;

    if (target[1] == '(' && strchr(target, ')')) {
        const char *digits = target + 2 + strcspn(target + 2, "0123456789)");
        size = (unsigned)g_ascii_strtoull(digits, NULL, 10) / 8;
        size = strncmp(target + 2, "char", 4) == 0 ? 1 : strncmp(target + 2, "int", 3) == 0 ? 4 : size ? size : 8;
        expression = strchr(target, ')') + 1;
    }
    if (!console_value(console, expression, &address, error))
        return false;
    uint8_t bytes[8];
    put_le64(bytes, value);
    console_space(console, &space);
    return change_memory(&space, address, bytes, MIN(size, 8), error);
}

static bool set_option(struct console *console, const char *arguments, GError **error)
{
    if (g_str_has_prefix(arguments, "syntax ") || g_str_has_prefix(arguments, "disassembly-flavor ")) {
        console->syntax = strstr(arguments, "att") ? DISASSEMBLE_ATT : DISASSEMBLE_INTEL;
        return true;
    }
    return console_fail(error, "set what? $REGISTER = VALUE, *(u32 *)ADDRESS = VALUE, syntax intel|att");
}

static bool set(struct console *console, const char *arguments, GError **error)
{
    if (g_str_has_prefix(arguments, "var "))
        arguments += 4;
    const char *equals = strchr(arguments, '=');
    uint64_t value;

    if (!equals || (*arguments != '$' && *arguments != '*'))
        return set_option(console, arguments, error);
    g_autofree char *target = g_strchomp(g_strndup(arguments, (gsize)(equals - arguments)));
    if (!console_value(console, equals + 1, &value, error))
        return false;
    if (*target == '*')
        return set_memory(console, target, value, error);
    g_autofree char *name = g_ascii_strdown(target + 1, -1);
    return set_register(console, name, value, error);
}

static bool walk(struct console *console, const char *arguments, GError **error)
{
    struct space_walk steps;
    struct space space;
    uint64_t address;

    if (!console_value(console, arguments, &address, error))
        return false;
    console_space(console, &space);
    space_walk(&space, address, &steps);
    console_say(console, "root 0x%" G_GINT64_MODIFIER "x\n", space.root);
    for (unsigned i = 0; i < steps.steps; i++) {
        const struct space_step *step = &steps.step[i];
        console_say(console, "level %u: entry at 0x%" G_GINT64_MODIFIER "x: 0x%016" G_GINT64_MODIFIER "x%s%s%s\n",
                    step->level, step->entry_at, step->entry, step->present ? "" : " not present",
                    step->leaf ? " leaf" : "", step->readable ? "" : " (no memory there)");
    }
    if (steps.mapped)
        console_say(console, "physical 0x%" G_GINT64_MODIFIER "x, page of 0x%" G_GINT64_MODIFIER "x bytes, %s%s%s\n",
                    steps.physical, steps.page_size, steps.user ? "user " : "kernel ",
                    steps.writable ? "writable " : "read-only ", steps.executable ? "executable" : "not executable");
    if (*steps.why)
        console_say(console, "%s\n", steps.why);
    return true;
}

const struct command commands_data[] = {
    {"print p inspect output", "[/FORMAT] EXPRESSION",
     "the value of an expression\n" /* see expression.h */
     "Numbers, $registers, symbols, *(u32 *)ADDRESS, C's operators; $pid $tid $cpu $root $privilege $count $ns; $1, "
     "$2: "
     "earlier values.\nLocals and arguments of the frame come before symbols: NAME, NAME.FIELD, NAME[N], *NAME are "
     "shown as "
     "their types are, after /FORMAT as numbers.",
     COMMAND_SYMBOLS, print},
    {"x", "[/COUNT FORMAT SIZE] [ADDRESS]",
     "look at memory\nFormats x d u o t a c s i, sizes b h w g: x/4xw $sp, x/10i $pc, x/s ADDRESS.  Without an "
     "address: goes on.",
     COMMAND_SYMBOLS | COMMAND_REPEATS, examine},
    {"xp", "[/COUNT FORMAT SIZE] [ADDRESS]", "look at physical memory", COMMAND_REPEATS, examine_physical},
    {"disassemble disas", "[LOCATION][, COUNT]", "instructions, with symbols", COMMAND_SYMBOLS | COMMAND_REPEATS,
     do_disassemble},
    {"set", "$REGISTER = VALUE | *(TYPE *)ADDRESS = VALUE | syntax intel|att",
     "change registers and memory of the guest, or how instructions are written", COMMAND_STANDING | COMMAND_SYMBOLS,
     set},
    {"walk", "ADDRESS", "the page tables for an address, level by level", COMMAND_SYMBOLS, walk},
    {NULL},
};
