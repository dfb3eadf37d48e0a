/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console: finding commands, help, completion, scripts; what all commands use. */
#include "debug/console.h"

#include <ctype.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#include "debug/command.h"
#include "debug/registers.h"

#define DEEPEST_SCRIPT 8
#define COMPLETIONS 200

static const struct command commands_console[];
static const struct command *const tables[] = {commands_run, commands_points,  commands_data,   commands_stack,
                                               commands_os,  commands_machine, commands_console};

struct console *console_new(struct debugger *debugger, struct traps *traps,
                            void (*write)(void *opaque, const char *text), void *opaque)
{
    struct console *console = g_new0(struct console, 1);

    console->debugger = debugger;
    console->machine = debugger_machine(debugger);
    console->traps = traps;
    console->history = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    console->source_paths = g_ptr_array_new_with_free_func(g_free);
    console->examine_format = 'x';
    console->examine_size = 8;
    console_redirect(console, write, opaque);
    return console;
}

void console_free(struct console *console)
{
    if (!console)
        return;
    console_stop_strace(console);
    console_forget_frames(console);
    g_array_free(console->history, TRUE);
    g_ptr_array_free(console->source_paths, TRUE);
    g_free(console->last_line);
    g_free(console->list_file);
    g_free(console);
}

void console_redirect(struct console *console, void (*write)(void *opaque, const char *text), void *opaque)
{
    console->write = write;
    console->write_opaque = opaque;
}

void console_set_running_handler(struct console *console, void (*running)(void *opaque, bool runs), void *opaque)
{
    console->running = running;
    console->running_opaque = opaque;
}

void console_set_colour(struct console *console, bool colour)
{
    console->colour = colour;
}

enum machine_stop console_ended(const struct console *console)
{
    return console->ended;
}

void console_say(struct console *console, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    console->write(console->write_opaque, text);
}

bool console_fail(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, text);
    return false;
}

void console_scope(struct console *console, struct expression_scope *scope)
{
    *scope = (struct expression_scope){.debugger = console->debugger,
                                       .cpu = debugger_cpu(console->debugger),
                                       .frame = console->frame ? console_frame(console) : NULL,
                                       .history = (const uint64_t *)console->history->data,
                                       .history_length = console->history->len};
}

bool console_value(struct console *console, const char *text, uint64_t *value, GError **error)
{
    struct expression_scope scope;

    console_scope(console, &scope);
    return expression_evaluate(&scope, text, value, error);
}

void console_space(struct console *console, struct space *space)
{
    space_current(console->machine, debugger_cpu(console->debugger), space);
}

char *console_address(struct console *console, uint64_t address)
{
    struct symbols *symbols = debugger_symbols(console->debugger);
    struct space space;

    console_space(console, &space);
    g_autofree char *name = symbols ? symbols_describe(symbols, space.root, address) : NULL;
    if (name)
        return g_strdup_printf("0x%" G_GINT64_MODIFIER "x <%s>", address, name);
    return g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address);
}

char *console_word(const char **text)
{
    while (isspace((unsigned char)**text))
        ++*text;
    const char *start = *text;
    while (**text && !isspace((unsigned char)**text))
        ++*text;
    const char *end = *text;
    while (isspace((unsigned char)**text))
        ++*text;
    return end == start ? NULL : g_strndup(start, (gsize)(end - start));
}

bool console_alive(struct console *console, GError **error)
{
    return console->ended == MACHINE_STOP_NONE || console_fail(error, "the guest has ended: it can only be looked at");
}

void console_before_run(struct console *console)
{
    console_forget_frames(console);
    if (console->running)
        console->running(console->running_opaque, true);
}

void console_after_run(struct console *console, enum debugger_stop stop)
{
    if (console->running)
        console->running(console->running_opaque, false);
    console_show_stop(console, stop);
}

bool console_resume(struct console *console, enum debugger_stop (*run)(struct debugger *debugger))
{
    console_before_run(console);
    console_after_run(console, run(console->debugger));
    return true;
}

/* --- finding commands --- */

static bool has_name(const struct command *command, const char *name, bool whole)
{
    g_auto(GStrv) names = g_strsplit(command->names, " ", -1);

    for (char **each = names; *each; each++)
        if (whole ? strcmp(*each, name) == 0 : g_str_has_prefix(*each, name))
            return true;
    return false;
}

static const struct command *find(const char *name, GError **error)
{
    const struct command *found = NULL;
    g_autoptr(GString) several = g_string_new(NULL);

    for (int whole = 1; whole >= 0; whole--) {
        for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++) {
            for (const struct command *each = tables[i]; each->names; each++) {
                if (!has_name(each, name, whole))
                    continue;
                if (whole)
                    return each;
                g_string_append_printf(several, "%s%.*s", found ? ", " : "", (int)strcspn(each->names, " "),
                                       each->names);
                found = found ? found : each;
            }
        }
    }
    if (found && !strchr(several->str, ','))
        return found;
    if (found)
        console_fail(error, "\"%s\" may be: %s", name, several->str);
    else
        console_fail(error, "\"%s\" is no command; help lists them", name);
    return NULL;
}

/* A command's name ends where its arguments begin: "x/4i $pc", "p/x 5", "info registers". */
static char *split(const char *line, const char **arguments)
{
    while (isspace((unsigned char)*line))
        line++;
    const char *end = line;
    if (*end == '?' || *end == '!')
        end++;
    else
        while (isalnum((unsigned char)*end) || *end == '-' || *end == '_')
            end++;
    const char *rest = end;
    while (isspace((unsigned char)*rest))
        rest++;
    *arguments = rest;
    return g_strndup(line, (gsize)(end - line));
}

static enum console_result result_of(struct console *console, bool good)
{
    if (console->quit)
        return CONSOLE_QUIT;
    if (!good)
        return CONSOLE_FAILED;
    enum console_result request = console->request;
    console->request = CONSOLE_DONE;
    return request;
}

static enum console_result execute(struct console *console, const char *line)
{
    const char *arguments;
    g_autofree char *name = split(line, &arguments);
    g_autofree char *trimmed = g_strchomp(g_strdup(arguments));
    g_autoptr(GError) error = NULL;
    const struct command *command = *name ? find(name, &error) : NULL;
    bool good = command != NULL;

    if (!command && !error)
        console_fail(&error, "\"%s\" is no command; help lists them", line);
    if (command && console->only_looking && (command->flags & (COMMAND_RUNS | COMMAND_STANDING))) {
        console_say(console, "the guest is running: stop it first (stop)\n");
        return CONSOLE_RUNNING;
    }
    if (command && (command->flags & COMMAND_RUNS))
        good = console_alive(console, &error);
    console->request = CONSOLE_DONE;
    good = good && command->run(console, trimmed, &error);
    if (error)
        console_say(console, "%s\n", error->message);
    g_clear_pointer(&console->last_line, g_free);
    if (command && (command->flags & COMMAND_REPEATS)) /* an examination goes on where it ended */
        console->last_line = *trimmed && !(command->flags & COMMAND_RUNS) ? g_strdup(name) : g_strdup(line);
    return result_of(console, good);
}

enum console_result console_execute(struct console *console, const char *line)
{
    g_autofree char *again = NULL;

    while (isspace((unsigned char)*line))
        line++;
    if (*line == '#')
        return CONSOLE_DONE;
    if (!*line) {
        again = g_strdup(console->last_line);
        if (!again)
            return CONSOLE_DONE;
        line = again;
    }
    return execute(console, line);
}

enum console_result console_execute_running(struct console *console, const char *line)
{
    console->only_looking = true;
    console_forget_frames(console);
    enum console_result result = console_execute(console, line);
    console_forget_frames(console);
    console->only_looking = false;
    return result;
}

bool console_script(struct console *console, const char *path, GError **error)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, error))
        return false;
    if (console->script_depth >= DEEPEST_SCRIPT)
        return console_fail(error, "%s: scripts call each other too deeply", path);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    bool good = true;
    console->script_depth++;
    for (unsigned i = 0; good && lines[i] && !console->quit; i++) {
        g_strstrip(lines[i]);
        if (*lines[i] && console_execute(console, lines[i]) == CONSOLE_FAILED)
            good = console_fail(error, "%s:%u: \"%s\" failed", path, i + 1, lines[i]);
    }
    console->script_depth--;
    return good;
}

/* --- completion --- */

static void complete_commands(GPtrArray *found, const char *prefix)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const struct command *each = tables[i]; each->names; each++)
            if (g_str_has_prefix(each->names, prefix))
                g_ptr_array_add(found, g_strndup(each->names, strcspn(each->names, " ")));
}

static void complete_registers(struct console *console, GPtrArray *found, const char *prefix)
{
    enum cpu_arch arch = cpu_architecture(debugger_cpu(console->debugger));
    const struct register_info *info;

    for (unsigned i = 0; (info = register_at(arch, i)); i++)
        if (*prefix == '$' && g_str_has_prefix(info->name, prefix + 1))
            g_ptr_array_add(found, g_strconcat("$", info->name, NULL));
}

static void complete_words(struct console *console, GPtrArray *found, const char *prefix)
{
    struct symbols *symbols = debugger_symbols(console->debugger);
    struct space space;

    complete_registers(console, found, prefix);
    if (*prefix == '$' || !symbols || !*prefix)
        return;
    console_space(console, &space);
    g_autoptr(GPtrArray) names = symbols_complete(symbols, space.root, prefix, COMPLETIONS);
    for (guint i = 0; names && i < names->len; i++)
        g_ptr_array_add(found, g_strdup(g_ptr_array_index(names, i)));
}

GPtrArray *console_complete(struct console *console, const char *line, size_t *start)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    const char *arguments;
    g_autofree char *name = split(line, &arguments);
    size_t at = strlen(line);

    while (at > 0 && !strchr(" \t*+-&|()=", line[at - 1]))
        at--;
    *start = at;
    if (strspn(line, " \t") == at) {
        complete_commands(found, line + at);
        return found;
    }
    const struct command *command = find(name, NULL);
    if (command && has_name(command, "help", true))
        complete_commands(found, line + at);
    else if (command && (command->flags & COMMAND_SYMBOLS))
        complete_words(console, found, line + at);
    return found;
}

/* --- commands of the console itself --- */

static void print_usage(struct console *console, const struct command *command)
{
    g_auto(GStrv) names = g_strsplit(command->names, " ", -1);
    g_autofree char *also = g_strjoinv(", ", names);

    console_say(console, "%s %s\n%s\n", also, command->arguments, command->help);
}

static bool help(struct console *console, const char *arguments, GError **error)
{
    if (*arguments) {
        const struct command *command = find(arguments, error);
        if (command)
            print_usage(console, command);
        return command != NULL;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const struct command *each = tables[i]; each->names; each++)
            console_say(console, "%-12.*s %.*s\n", (int)strcspn(each->names, " "), each->names,
                        (int)strcspn(each->help, "\n"), each->help);
    console_say(console, "help COMMAND tells more; an empty line repeats the last step or look.\n");
    return true;
}

static bool source(struct console *console, const char *arguments, GError **error)
{
    return console_script(console, arguments, error);
}

static bool quit(struct console *console, const char *arguments, GError **error)
{
    console->quit = true;
    return true;
}

static bool echo(struct console *console, const char *arguments, GError **error)
{
    console_say(console, "%s\n", arguments);
    return true;
}

static const struct command commands_console[] = {
    {"help h ?", "[COMMAND]", "this list, or more about a command", 0, help},
    {"source", "FILE", "execute the commands in a file", COMMAND_STANDING, source},
    {"echo", "TEXT", "print a text", 0, echo},
    {"quit q exit", "", "end the run", 0, quit},
    {NULL},
};
