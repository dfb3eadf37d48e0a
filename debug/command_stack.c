/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: backtraces, frames, sources. */
#include <string.h>

#include "debug/command.h"

void console_forget_frames(struct console *console)
{
    if (console->frames)
        g_array_free(console->frames, TRUE);
    console->frames = NULL;
    console->frame = 0;
    g_clear_pointer(&console->frames_end, g_free);
    console->disassemble_next = 0;
}

void console_place_symbols(struct console *console)
{
    struct cpu *cpu = debugger_cpu(console->debugger);
    struct os *os = debugger_os(console->debugger);
    struct os_process process;

    if (!debugger_symbols(console->debugger))
        return;
    symbols_find_kernel(debugger_symbols(console->debugger), cpu);
    if (os && os_current(os, cpu, &process))
        os_place_modules(os, &process);
}

GArray *console_frames(struct console *console, GError **error)
{
    struct symbols *symbols = debugger_symbols(console->debugger);
    struct unwind_frame start;
    struct space space;

    if (console->frames)
        return console->frames;
    if (!symbols) {
        console_fail(error, "there are no symbols to unwind with");
        return NULL;
    }
    console_place_symbols(console);
    console_space(console, &space);
    unwind_start(debugger_cpu(console->debugger), &start);
    console->frames = unwind(symbols, &space, &start, CONSOLE_FRAMES, &console->frames_end);
    if (!console->frames)
        console_fail(error, "there is no stack that makes sense");
    return console->frames;
}

const struct unwind_frame *console_frame(struct console *console)
{
    GArray *frames = console_frames(console, NULL);

    return frames && console->frame < frames->len ? &g_array_index(frames, struct unwind_frame, console->frame) : NULL;
}

static void print_inlines(struct console *console, const struct symbol_location *location)
{
    for (unsigned i = 0; i + 1 < location->frames; i++)
        console_say(console, "    %s at %s:%u, inlined\n",
                    location->frame[i].function ? location->frame[i].function : "??",
                    location->frame[i].file ? location->frame[i].file : "??", location->frame[i].line);
}

void console_print_frame(struct console *console, unsigned index, const struct unwind_frame *frame)
{
    struct symbols *symbols = debugger_symbols(console->debugger);
    struct symbol_location location = {0};
    struct space space;

    console_space(console, &space);
    bool known = symbols && symbols_locate(symbols, space.root, frame->pc, frame->return_address, &location);
    const struct symbol_frame *outer = known && location.frames ? &location.frame[location.frames - 1] : NULL;
    const char *name = outer && outer->function ? outer->function : known ? location.symbol : NULL;
    if (known)
        print_inlines(console, &location);
    console_say(console, "#%-2u 0x%016" G_GINT64_MODIFIER "x %s", index, frame->pc, name ? name : "??");
    if (known && location.symbol && !outer)
        console_say(console, "+0x%" G_GINT64_MODIFIER "x", location.offset);
    if (outer && outer->file)
        console_say(console, " at %s:%u", outer->file, outer->line);
    else if (known)
        console_say(console, " in %s", location.module);
    console_say(console, "%s%s\n", frame->user ? " (user)" : "", frame->exception ? " (interrupted)" : "");
}

static bool backtrace(struct console *console, const char *arguments, GError **error)
{
    uint64_t limit = UINT64_MAX;
    GArray *frames = console_frames(console, error);

    if (!frames || (*arguments && !console_value(console, arguments, &limit, error)))
        return false;
    for (guint i = 0; i < frames->len && i < limit; i++)
        console_print_frame(console, i, &g_array_index(frames, struct unwind_frame, i));
    if (console->frames_end && frames->len <= limit)
        console_say(console, "(%s)\n", console->frames_end);
    return true;
}

static bool show_frame(struct console *console)
{
    struct symbols *symbols = debugger_symbols(console->debugger);
    const struct unwind_frame *frame = console_frame(console);
    struct symbol_location location;
    struct space space;

    console_print_frame(console, console->frame, frame);
    console_space(console, &space);
    if (symbols_locate(symbols, space.root, frame->pc, frame->return_address, &location) && location.frames)
        console_print_source(console, location.frame[0].file, location.frame[0].line, 0, 0);
    console->list_next_line = 0;
    return true;
}

static bool select_frame(struct console *console, int64_t index, GError **error)
{
    GArray *frames = console_frames(console, error);

    if (!frames)
        return false;
    if (index < 0 || index >= frames->len)
        return console_fail(error, "there are frames 0 to %u", frames->len - 1);
    console->frame = (unsigned)index;
    return show_frame(console);
}

static bool frame(struct console *console, const char *arguments, GError **error)
{
    uint64_t index = console->frame;

    if (*arguments && !console_value(console, arguments, &index, error))
        return false;
    return select_frame(console, (int64_t)MIN(index, G_MAXINT32), error);
}

static bool move(struct console *console, const char *arguments, int direction, GError **error)
{
    uint64_t count = 1;

    if (*arguments && !console_value(console, arguments, &count, error))
        return false;
    return select_frame(console, (int64_t)console->frame + direction * (int64_t)MIN(count, CONSOLE_FRAMES), error);
}

static bool up(struct console *console, const char *arguments, GError **error)
{
    return move(console, arguments, 1, error);
}

static bool down(struct console *console, const char *arguments, GError **error)
{
    return move(console, arguments, -1, error);
}

/* The path as the compiler noted it, or its end in one of the folders given. */
static bool read_source(struct console *console, const char *file, char **text)
{
    if (g_file_get_contents(file, text, NULL, NULL))
        return true;
    for (guint i = 0; i < console->source_paths->len; i++) {
        for (const char *tail = file; tail; tail = strchr(tail + 1, '/')) {
            g_autofree char *path = g_build_filename(g_ptr_array_index(console->source_paths, i), tail, NULL);
            if (g_file_get_contents(path, text, NULL, NULL))
                return true;
        }
    }
    return false;
}

bool console_print_source(struct console *console, const char *file, unsigned line, unsigned before, unsigned after)
{
    g_autofree char *text = NULL;

    if (!file || !line || !read_source(console, file, &text))
        return false;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned first = line > before ? line - before : 1;
    for (unsigned i = 0; lines[i] && i < line + after; i++)
        if (i + 1 >= first && (lines[i + 1] || *lines[i]))
            console_say(console, "%-6u%s\n", i + 1, lines[i]);
    return true;
}

/* Where the selected frame is in the sources. */
static bool current_line(struct console *console, char **file, unsigned *line, GError **error)
{
    struct symbols *symbols = debugger_symbols(console->debugger);
    const struct unwind_frame *at = console_frames(console, error) ? console_frame(console) : NULL;
    struct symbol_location location;
    struct space space;

    if (!at)
        return false;
    console_space(console, &space);
    if (!symbols_locate(symbols, space.root, at->pc, at->return_address, &location) || !location.frames ||
        !location.frame[0].file)
        return console_fail(error, "no line is known for 0x%" G_GINT64_MODIFIER "x (--symbols gives files with lines)",
                            at->pc);
    *file = g_strdup(location.frame[0].file);
    *line = location.frame[0].line;
    return true;
}

static bool list_location(struct console *console, const char *text, unsigned *line, GError **error)
{
    struct symbols *symbols = debugger_symbols(console->debugger);
    g_autoptr(GArray) places = console_location(console, text, false, error);
    struct symbol_location location;
    struct space space;

    if (!places)
        return false;
    console_space(console, &space);
    if (!symbols || !symbols_locate(symbols, space.root, g_array_index(places, uint64_t, 0), false, &location) ||
        !location.frames || !location.frame[0].file)
        return console_fail(error, "no line is known for %s", text);
    g_free(console->list_file);
    console->list_file = g_strdup(location.frame[0].file);
    *line = location.frame[0].line;
    return true;
}

static bool list(struct console *console, const char *arguments, GError **error)
{
    unsigned line = (unsigned)console->list_next_line;

    if (*arguments) {
        if (!list_location(console, arguments, &line, error))
            return false;
    } else if (!line) {
        g_autofree char *file = NULL;
        if (!current_line(console, &file, &line, error))
            return false;
        g_free(console->list_file);
        console->list_file = g_steal_pointer(&file);
    } else {
        line += 5;
    }
    if (!console_print_source(console, console->list_file, line, 5, 4))
        return console_fail(error, "%s:%u: the file is not here (directory FOLDER tells where sources are)",
                            console->list_file, line);
    console->list_next_line = line + 5;
    return true;
}

static bool directory(struct console *console, const char *arguments, GError **error)
{
    if (!*arguments)
        return console_fail(error, "directory: give the folder of the sources");
    g_ptr_array_add(console->source_paths, g_strdup(arguments));
    return true;
}

const struct command commands_stack[] = {
    {"backtrace bt where", "[N]", "the functions that led here, with inlined ones, through exceptions into programs", 0,
     backtrace},
    {"frame f", "[N]", "look from frame N: its registers and source", 0, frame},
    {"up", "[N]", "look from the caller", COMMAND_REPEATS, up},
    {"down", "[N]", "look from the one called", COMMAND_REPEATS, down},
    {"list l", "[LOCATION]", "source lines", COMMAND_REPEATS | COMMAND_SYMBOLS, list},
    {"directory dir", "FOLDER", "look for sources there, too", 0, directory},
    {NULL},
};
