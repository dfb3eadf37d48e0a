/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `galvanic debug IMAGE|RECORDING [OPTION]...`: a run, or a replay, that stands still for its user. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/session.h"
#include "debug/console.h"
#include "emu/host/line_editor.h"
#include "emu/host/pages.h"

struct debug {
    struct session session;
    struct console *console;
    struct debugger *debugger;
    GPtrArray *commands; /* "x FILE", "e COMMAND" in their order */
    bool failed;
};

static void write_text(void *opaque, const char *text)
{
    struct debug *debug = opaque;

    if (debug->session.terminal)
        terminal_flush(debug->session.terminal);
    fputs(text, stdout);
    fflush(stdout);
}

/* The terminal is the guest's while it runs, and the prompt's while it stands. */
static void on_running(void *opaque, bool runs)
{
    struct debug *debug = opaque;
    struct terminal *terminal = debug->session.terminal;

    if (!terminal)
        return;
    if (!runs)
        terminal_pause(terminal);
    else if (terminal_interactive(terminal))
        terminal_resume(terminal);
}

static void on_trap(void *opaque, const struct trap *trap)
{
    struct debug *debug = opaque;

    debugger_raise_trap(debug->debugger, trap);
}

static bool execute_given(struct debug *debug)
{
    for (guint i = 0; i < debug->commands->len; i++) {
        const char *each = g_ptr_array_index(debug->commands, i);
        g_autoptr(GError) error = NULL;
        enum console_result result = CONSOLE_DONE;
        if (*each == 'x' && !console_script(debug->console, each + 2, &error)) {
            report_error(error);
            result = CONSOLE_FAILED;
        } else if (*each == 'e') {
            result = console_execute(debug->console, each + 2);
        }
        if (result == CONSOLE_FAILED)
            debug->failed = true;
        if (result != CONSOLE_DONE)
            return result != CONSOLE_QUIT;
    }
    return true;
}

static GPtrArray *complete(void *opaque, const char *line, size_t *start)
{
    return console_complete(opaque, line, start);
}

/* The session's run: commands until the user has enough. */
static enum machine_stop control(void *opaque)
{
    struct debug *debug = opaque;
    bool interactive = debug->session.terminal && terminal_interactive(debug->session.terminal);
    struct line_editor *editor;
    char *line;

    on_running(debug, false);
    bool go_on = execute_given(debug);
    if (!interactive && debug->commands->len)
        go_on = false;
    editor = go_on ? line_editor_new(MONITOR_PROMPT, "debug-history", complete, debug->console) : NULL;
    while (go_on && (line = line_editor_read(editor))) {
        enum console_result result = console_execute(debug->console, line);
        g_free(line);
        go_on = result != CONSOLE_QUIT && !debug->session.quit;
    }
    line_editor_free(editor);
    enum machine_stop ended = console_ended(debug->console);
    debug->session.quit |= ended == MACHINE_STOP_NONE;
    return ended == MACHINE_STOP_NONE ? MACHINE_STOP_REQUEST : ended;
}

static bool start_replay(struct debug *debug, GError **error)
{
    struct journal *journal = machine_journal(debug->session.machine);
    struct journal_end end;

    if (!journal_replay(journal, debug->session.replaying, error))
        return false;
    journal_get_end(journal, &end);
    if (end.present)
        machine_set_end(debug->session.machine, end.instructions, end.virtual_ns);
    return true;
}

static void start_looking(struct debug *debug)
{
    struct session *session = &debug->session;
    struct inside *inside = session_inside(session);
    const struct run_options *options = session->options;

    debug->debugger = inside_debugger(session);
    debug->console = console_new(debug->debugger, inside->traps, write_text, debug);
    console_set_running_handler(debug->console, on_running, debug);
    console_set_colour(debug->console, terminal_output_is_seen());
    traps_set_handler(inside->traps, on_trap, debug);
    traps_enable(inside->traps, options->traps_given ? options->traps : TRAP_KERNEL | TRAP_DRIVER);
    syscalls_enable(inside->syscalls, true);
    session->control = control;
    session->control_opaque = debug;
    session->interrupt = debug->debugger;
}

/* -x and -e are debug's own; the rest is run's. */
static GPtrArray *take_commands(struct debug *debug, char **arguments, GError **error)
{
    GPtrArray *rest = g_ptr_array_new();

    for (; *arguments; arguments++) {
        bool script = strcmp(*arguments, "-x") == 0, command = strcmp(*arguments, "-e") == 0;
        if (!script && !command) {
            g_ptr_array_add(rest, *arguments);
            continue;
        }
        if (!arguments[1]) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: give %s", *arguments,
                        script ? "a file of commands" : "a command");
            g_ptr_array_free(rest, TRUE);
            return NULL;
        }
        g_ptr_array_add(debug->commands, g_strdup_printf("%c %s", (*arguments)[1], arguments[1]));
        arguments++;
    }
    g_ptr_array_add(rest, NULL);
    return rest;
}

static bool is_recording(const struct run_options *options)
{
    if (!options->disks->len)
        return false;
    const struct disk_option *file = g_ptr_array_index(options->disks, 0);
    g_autofree char *header = journal_read_header(file->path, NULL);
    return header != NULL;
}

static int run(struct debug *debug, struct run_options *options, const char *recording, GError **error)
{
    if (options->calendar_host)
        options->calendar = host_calendar();
    if (!session_open(&debug->session, options, recording, error))
        return 1;
    start_looking(debug);
    if (recording && !start_replay(debug, error))
        return 1;
    if (debug->session.terminal && terminal_interactive(debug->session.terminal))
        signal(SIGINT, SIG_IGN); /* at the prompt Ctrl-C means nothing; while the guest runs it is read as a key */
    enum machine_stop reason = session_run(&debug->session);
    int status = session_conclude(&debug->session, reason);
    if (!session_write_results(&debug->session, reason, status, error))
        return 1;
    return status ? status : debug->failed;
}

int command_debug(char **arguments)
{
    g_autoptr(GError) error = NULL;
    struct debug debug = {.commands = g_ptr_array_new_with_free_func(g_free)};
    g_autoptr(GPtrArray) rest = take_commands(&debug, arguments, &error);
    struct run_options *given = rest ? run_options_parse(COMMAND_DEBUG, (char **)rest->pdata, &error) : NULL;
    int status = 1;

    if (given) {
        bool recording = is_recording(given);
        struct run_options *recorded = recording ? run_options_of_recording(given, &error) : NULL;
        const struct disk_option *file = recording ? g_ptr_array_index(given->disks, 0) : NULL;
        if (!error)
            status = run(&debug, recorded ? recorded : given, file ? file->path : NULL, &error);
        console_free(debug.console);
        session_close(&debug.session);
        run_options_free(recorded);
        run_options_free(given);
    }
    g_ptr_array_free(debug.commands, TRUE);
    return error ? report_error(error) : status;
}
