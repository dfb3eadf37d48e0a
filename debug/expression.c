/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See expression.h.  A parser by precedence that evaluates as it goes. */
#include "debug/expression.h"

#include <ctype.h>
#include <gio/gio.h>
#include <string.h>

#include "debug/registers.h"
#include "debug/variables.h"
#include "emu/bytes.h"

#define DEEPEST 64

struct parser {
    const struct expression_scope *scope;
    const char *text, *at;
    unsigned depth;
    bool skipping; /* the side of && || ?: that is not taken: memory is not read */
    GError *error;
};

G_GNUC_PRINTF(2, 3)
static uint64_t fail(struct parser *parser, const char *format, ...)
{
    va_list arguments;

    if (parser->error)
        return 0;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(&parser->error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s: %s", parser->text, message);
    parser->at = "";
    return 0;
}

static void skip_space(struct parser *parser)
{
    while (isspace((unsigned char)*parser->at))
        parser->at++;
}

static bool accept(struct parser *parser, const char *token)
{
    skip_space(parser);
    if (!g_str_has_prefix(parser->at, token))
        return false;
    parser->at += strlen(token);
    return true;
}

static uint64_t parse_conditional(struct parser *parser);

static const char *alias(enum cpu_arch arch, const char *name)
{
    static const char *const table[][3] = {{"pc", "rip", "pc"},           {"sp", "rsp", "sp"},
                                           {"fp", "rbp", "x29"},          {"lr", "lr", "x30"},
                                           {"flags", "rflags", "pstate"}, {"eflags", "rflags", "eflags"},
                                           {"ps", "rflags", "pstate"}};

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++)
        if (strcmp(name, table[i][0]) == 0)
            return table[i][arch == CPU_ARCH_X86_64 ? 1 : 2];
    return name;
}

/* DWARF's number of a general register: System V ABI for x86-64, figure 3.36; DWARF for the Arm 64-bit architecture, table 1. */
static int dwarf_number(enum cpu_arch arch, const char *name)
{
    static const char *const x86[] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp"};
    char *end;

    if (arch == CPU_ARCH_X86_64) {
        for (int i = 0; i < 8; i++)
            if (strcmp(name, x86[i]) == 0)
                return i;
        if (strcmp(name, "rip") == 0)
            return 16;
    } else if (strcmp(name, "sp") == 0 || strcmp(name, "pc") == 0) {
        return *name == 's' ? 31 : 32;
    }
    if (*name != (arch == CPU_ARCH_X86_64 ? 'r' : 'x') || !isdigit((unsigned char)name[1]))
        return -1;
    long number = strtol(name + 1, &end, 10);
    return *end || number > 30 ? -1 : (int)number;
}

static bool frame_register(const struct expression_scope *scope, const char *name, uint64_t *value)
{
    enum cpu_arch arch = cpu_architecture(scope->cpu);
    int number = dwarf_number(arch, name);

    if (strcmp(name, arch == CPU_ARCH_X86_64 ? "rip" : "pc") == 0)
        *value = scope->frame->pc;
    else if (strcmp(name, arch == CPU_ARCH_X86_64 ? "rsp" : "sp") == 0)
        *value = scope->frame->sp;
    else if (number >= 0 && number < UNWIND_REGISTERS && scope->frame->known >> number & 1)
        *value = scope->frame->registers[number];
    else
        return false;
    return true;
}

bool expression_register(const struct expression_scope *scope, const char *name, uint64_t *value)
{
    enum cpu_arch arch = cpu_architecture(scope->cpu);
    const char *real = alias(arch, name);
    int index = register_find(arch, real);

    if (index < 0)
        return false;
    if (scope->frame && scope->frame->by != UNWIND_BY_REGISTERS &&
        register_at(arch, (unsigned)index)->group == REGISTER_GENERAL)
        return frame_register(scope, real, value);
    *value = register_get_u64(scope->cpu, (unsigned)index);
    return true;
}

static bool special(const struct expression_scope *scope, const char *name, uint64_t *value)
{
    struct machine *machine = debugger_machine(scope->debugger);
    struct os *os = debugger_os(scope->debugger);
    struct os_process process;
    struct space space;

    if (strcmp(name, "count") == 0) {
        *value = machine_instructions(machine);
    } else if (strcmp(name, "ns") == 0) {
        *value = (uint64_t)machine_now(machine);
    } else if (strcmp(name, "cpu") == 0) {
        *value = cpu_index(scope->cpu);
    } else if (strcmp(name, "privilege") == 0) {
        *value = cpu_privilege(scope->cpu);
    } else if (strcmp(name, "root") == 0) {
        space_current(machine, scope->cpu, &space);
        *value = space.root;
    } else if (strcmp(name, "pid") == 0 || strcmp(name, "tid") == 0) {
        bool known = os && os_current(os, scope->cpu, &process);
        *value = !known ? 0 : *name == 'p' ? process.id : process.thread;
    } else {
        return false;
    }
    return true;
}

static uint64_t parse_variable(struct parser *parser)
{
    const char *start = parser->at;
    uint64_t value = 0;

    while (isalnum((unsigned char)*parser->at) || *parser->at == '_')
        parser->at++;
    g_autofree char *name = g_ascii_strdown(start, parser->at - start);
    if (isdigit((unsigned char)*name)) {
        uint64_t index = g_ascii_strtoull(name, NULL, 10);
        if (index >= 1 && index <= parser->scope->history_length)
            return parser->scope->history[index - 1];
        return fail(parser, "there is no value $%s yet", name);
    }
    if (special(parser->scope, name, &value) || expression_register(parser->scope, name, &value))
        return value;
    return fail(parser, "there is no register $%s, or this frame does not know it", name);
}

static uint64_t number_of(struct parser *parser, struct symbol_value *value)
{
    g_autoptr(GError) error = NULL;
    uint64_t number = 0;

    if (!symbol_value_number(value, &number, &error) && !parser->skipping)
        fail(parser, "%s", error->message);
    symbol_value_free(value);
    return number;
}

/* @sign: '*' what it points to, '&' where it stands, 0 itself; false: there is no variable. */
static bool parse_typed(struct parser *parser, char sign, uint64_t *number)
{
    g_autoptr(GError) error = NULL;
    struct symbol_value *value;
    bool plain_global;

    if (parser->error)
        return false;
    skip_space(parser);
    const char *at = parser->at;
    value = variable_take(parser->scope, &at, &plain_global, &error);
    if (value && plain_global) { /* the address is meant, as of each symbol */
        symbol_value_free(value);
        return false;
    }
    if (value || error)
        parser->at = at;
    if (error && !parser->skipping)
        fail(parser, "%s", error->message);
    if (!value)
        return error != NULL;
    if (sign == '&') {
        if (!symbol_value_address(value, number) && !parser->skipping)
            fail(parser, "it stands in no memory");
        symbol_value_free(value);
    } else {
        *number = number_of(parser, value);
    }
    return true;
}

static uint64_t resolve(struct parser *parser, const char *name)
{
    const struct expression_scope *scope = parser->scope;
    struct symbols *symbols = debugger_symbols(scope->debugger);
    struct space space;
    uint64_t value;

    space_current(debugger_machine(scope->debugger), scope->cpu, &space);
    g_autoptr(GArray) found = symbols ? symbols_resolve(symbols, space.root, name) : NULL;
    if (found && found->len > 0)
        return g_array_index(found, uint64_t, 0);
    g_autofree char *lower = g_ascii_strdown(name, -1);
    if (expression_register(scope, lower, &value))
        return value;
    if (scope->any_name)
        return 0;
    return fail(parser, "\"%s\" is no number, register or symbol", name);
}

static bool is_name(const char *at)
{
    return isalnum((unsigned char)*at) || *at == '_' || *at == '.' || *at == '@' || (at[0] == ':' && at[1] == ':') ||
           (at[0] == '!' && at[1] != '=' && (isalpha((unsigned char)at[1]) || at[1] == '_'));
}

/* With Rust's paths: "kernel::context::switch", "<T as U>::f" in quotes, "module!symbol". */
static uint64_t parse_name(struct parser *parser)
{
    const char *start = parser->at;
    uint64_t number = 0;

    if (parse_typed(parser, 0, &number))
        return number;
    while (is_name(parser->at))
        parser->at += *parser->at == ':' ? 2 : 1;
    g_autofree char *name = g_strndup(start, (gsize)(parser->at - start));
    return *name ? resolve(parser, name) : fail(parser, "a value is missing at \"%.20s\"", start);
}

static uint64_t parse_number(struct parser *parser)
{
    bool binary = parser->at[0] == '0' && (parser->at[1] | 32) == 'b';
    char *end;
    uint64_t value = binary ? g_ascii_strtoull(parser->at + 2, &end, 2) : g_ascii_strtoull(parser->at, &end, 0);

    parser->at = end;
    if (isalnum((unsigned char)*end) || *end == '_')
        return fail(parser, "\"%.20s\" does not belong to the number before it", end);
    return value;
}

static uint64_t parse_quoted(struct parser *parser)
{
    const char *end = strchr(parser->at + 1, '\'');

    if (!end || end == parser->at + 1)
        return fail(parser, "a quote is not closed");
    g_autofree char *name = g_strndup(parser->at + 1, (gsize)(end - parser->at - 1));
    parser->at = end + 1;
    return strlen(name) == 1 ? (uint8_t)*name : resolve(parser, name);
}

static const struct type {
    const char *name;
    unsigned size;
    bool is_signed;
} types[] = {{"u8", 1, false},      {"u16", 2, false},     {"u32", 4, false},      {"u64", 8, false},
             {"i8", 1, true},       {"i16", 2, true},      {"i32", 4, true},       {"i64", 8, true},
             {"char", 1, false},    {"short", 2, true},    {"int", 4, true},       {"long", 8, true},
             {"usize", 8, false},   {"uint8_t", 1, false}, {"uint16_t", 2, false}, {"uint32_t", 4, false},
             {"uint64_t", 8, false}};

/* "(u32 *)" or "(u32)"; at anything else nothing is taken. */
static const struct type *accept_cast(struct parser *parser, bool *pointer)
{
    const char *at = parser->at;

    if (!accept(parser, "("))
        return NULL;
    skip_space(parser);
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        size_t length = strlen(types[i].name);
        if (strncmp(parser->at, types[i].name, length) != 0 || is_name(parser->at + length))
            continue;
        parser->at += length;
        *pointer = accept(parser, "*");
        if (accept(parser, ")"))
            return &types[i];
    }
    parser->at = at;
    return NULL;
}

static uint64_t extend(uint64_t value, const struct type *type)
{
    if (type->size == 0 || type->size >= 8)
        return value;
    value &= all_ones(type->size);
    if (type->is_signed && value >> (8 * type->size - 1))
        value |= ~0ull << 8 * type->size;
    return value;
}

static uint64_t load(struct parser *parser, uint64_t address, const struct type *type)
{
    struct space space;
    uint8_t bytes[8] = {0};

    if (parser->skipping || parser->error)
        return 0;
    space_current(debugger_machine(parser->scope->debugger), parser->scope->cpu, &space);
    if (space_read(&space, address, bytes, type->size) < type->size)
        return fail(parser, "there is no memory at 0x%" G_GINT64_MODIFIER "x", address);
    return extend(get_le(bytes, type->size), type);
}

static uint64_t parse_unary(struct parser *parser);

static uint64_t parse_load(struct parser *parser)
{
    bool pointer = false;
    const char *star = parser->at - 1;
    const struct type *type = accept_cast(parser, &pointer);
    uint64_t value = 0;

    if (type && !pointer)
        return fail(parser, "write *(%s *)ADDRESS to read memory", type->name);
    if (!type) {
        parser->at = star;
        if (parse_typed(parser, '*', &value))
            return value;
        parser->at = star + 1;
    }
    return load(parser, parse_unary(parser), type ? type : &types[3]);
}

static uint64_t parse_primary(struct parser *parser)
{
    skip_space(parser);
    if (accept(parser, "$"))
        return parse_variable(parser);
    if (*parser->at == '\'')
        return parse_quoted(parser);
    if (isdigit((unsigned char)*parser->at))
        return parse_number(parser);
    if (!accept(parser, "("))
        return parse_name(parser);
    uint64_t value = parse_conditional(parser);
    return accept(parser, ")") ? value : fail(parser, "a ) is missing");
}

static uint64_t parse_prefix(struct parser *parser)
{
    bool pointer;
    const struct type *type;
    uint64_t value = 0;

    if (accept(parser, "*"))
        return parse_load(parser);
    if (accept(parser, "-"))
        return 0 - parse_unary(parser);
    if (accept(parser, "~"))
        return ~parse_unary(parser);
    if (accept(parser, "!"))
        return !parse_unary(parser);
    if (accept(parser, "&"))
        return parse_typed(parser, '&', &value) ? value : parse_unary(parser);
    if (accept(parser, "+"))
        return parse_unary(parser);
    type = accept_cast(parser, &pointer);
    if (!type)
        return parse_primary(parser);
    value = parse_unary(parser);
    return pointer ? value : extend(value, type);
}

static uint64_t parse_unary(struct parser *parser)
{
    uint64_t value;

    if (++parser->depth > DEEPEST)
        return fail(parser, "this is nested too deeply");
    value = parse_prefix(parser);
    parser->depth--;
    return value;
}

/* From the longest to the shortest, since they are looked for in this order. */
static const struct operator
{
    const char *text;
    unsigned precedence; /* higher binds closer */
}
operators[] = {{"<<", 8}, {">>", 8}, {"<=", 7}, {">=", 7}, {"==", 6}, {"!=", 6}, {"&&", 2}, {"||", 1}, {"*", 10},
               {"/", 10}, {"%", 10}, {"+", 9},  {"-", 9},  {"<", 7},  {">", 7},  {"&", 5},  {"^", 4},  {"|", 3}};

static uint64_t apply(struct parser *parser, const char *text, uint64_t a, uint64_t b)
{
    switch (*text) {
    case '*':
        return a * b;
    case '/':
    case '%':
        if (b == 0)
            return parser->skipping ? 0 : fail(parser, "division by zero");
        return *text == '/' ? a / b : a % b;
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '<':
        return text[1] == '<' ? (b < 64 ? a << b : 0) : text[1] == '=' ? a <= b : a < b;
    case '>':
        return text[1] == '>' ? (b < 64 ? a >> b : 0) : text[1] == '=' ? a >= b : a > b;
    case '=':
        return a == b;
    case '!':
        return a != b;
    case '&':
        return text[1] == '&' ? a && b : a & b;
    case '^':
        return a ^ b;
    default:
        return text[1] == '|' ? a || b : a | b;
    }
}

static const struct operator* peek(struct parser *parser)
{
    skip_space(parser);
    for (unsigned i = 0; i < G_N_ELEMENTS(operators); i++)
        if (g_str_has_prefix(parser->at, operators[i].text))
            return &operators[i];
    return NULL;
}

static uint64_t parse_binary(struct parser *parser, unsigned precedence)
{
    uint64_t value = parse_unary(parser);
    const struct operator* operator;

    while ((operator= peek(parser)) && operator->precedence >= precedence) {
        bool skipping = parser->skipping;
        parser->at += strlen(operator->text);
        if (operator->precedence <= 2 &&(operator->precedence == 2) == !value)
            parser->skipping = true;
        uint64_t right = parse_binary(parser, operator->precedence + 1);
        parser->skipping = skipping;
        value = apply(parser, operator->text, value, right);
    }
    return value;
}

static uint64_t parse_conditional(struct parser *parser)
{
    bool skipping = parser->skipping;

    if (++parser->depth > DEEPEST)
        return fail(parser, "this is nested too deeply");
    uint64_t value = parse_binary(parser, 1);
    if (accept(parser, "?")) {
        parser->skipping = skipping || !value;
        uint64_t yes = parse_conditional(parser);
        if (!accept(parser, ":"))
            fail(parser, "a : is missing");
        parser->skipping = skipping || value;
        uint64_t no = parse_conditional(parser);
        parser->skipping = skipping;
        value = value ? yes : no;
    }
    parser->depth--;
    return value;
}

bool expression_evaluate(const struct expression_scope *scope, const char *text, uint64_t *value, GError **error)
{
    struct parser parser = {.scope = scope, .text = text, .at = text, .skipping = scope->parses_only};

    *value = parse_conditional(&parser);
    skip_space(&parser);
    if (!parser.error && *parser.at)
        fail(&parser, "\"%.20s\" is left over", parser.at);
    if (!parser.error)
        return true;
    g_propagate_error(error, parser.error);
    return false;
}
