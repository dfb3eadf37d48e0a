/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See inside.h. */
#include "cli/inside.h"

#include <errno.h>
#include <string.h>

#include "cli/session.h"

struct inside *session_inside(struct session *session)
{
    struct inside *inside = session->inside;

    if (inside)
        return inside;
    inside = g_new0(struct inside, 1);
    inside->symbols = symbols_new(session->machine);
    inside->os = os_new(session->machine, inside->symbols);
    for (unsigned i = 0; i < session->disk_count; i++)
        os_add_disk(inside->os, session->disks[i]);
    inside->syscalls = syscalls_new(session->machine, inside->os);
    inside->traps = traps_new(session->machine, inside->symbols, inside->os, inside->syscalls);
    session->inside = inside;
    return inside;
}

void inside_start_traces(struct session *session)
{
    const struct trace *log = machine_trace_log(session->machine);

    if (!trace_enabled(log, TRACE_SYSCALL) && !trace_enabled(log, TRACE_SCHEME))
        return;
    struct inside *inside = session_inside(session);
    if (trace_enabled(log, TRACE_SYSCALL))
        inside->trace = syscall_trace_new(session->machine, inside->os, inside->syscalls);
    if (trace_enabled(log, TRACE_SCHEME))
        inside->schemes = scheme_trace_new(session->machine, inside->os, inside->syscalls);
    syscalls_enable(inside->syscalls, true);
}

struct debugger *inside_debugger(struct session *session)
{
    struct inside *inside = session_inside(session);

    if (!inside->debugger)
        inside->debugger = debugger_new(session->machine, inside->symbols, inside->os, inside->syscalls);
    return inside->debugger;
}

void inside_free(struct inside *inside)
{
    if (!inside)
        return;
    debugger_free(inside->debugger);
    syscall_trace_free(inside->trace);
    scheme_trace_free(inside->schemes);
    traps_free(inside->traps);
    syscalls_free(inside->syscalls);
    os_free(inside->os);
    symbols_free(inside->symbols);
    if (inside->trap_file)
        fclose(inside->trap_file);
    g_free(inside);
}

/* Each trap is reported; a debugger stops at it, else that of the kernel ends the run, but a replay goes as far as the recording. */
static void on_trap(void *opaque, const struct trap *trap)
{
    struct session *session = opaque;
    struct inside *inside = session->inside;

    if (session->terminal)
        terminal_flush(session->terminal);
    g_autofree char *text =
        trap_report_text(inside->symbols, inside->os, inside->syscalls, trap, terminal_errors_are_seen());
    fputs(text, stderr);
    if (inside->trap_file) {
        g_autofree char *json = trap_report_json(inside->symbols, inside->os, inside->syscalls, trap);
        fprintf(inside->trap_file, "%s\n", json);
        fflush(inside->trap_file);
    }
    if (inside->debugger && trap->noticed != TRAP_AT_TEXT && trap->noticed != TRAP_AT_END)
        debugger_raise_trap(inside->debugger, trap);
    else if (trap->kind == TRAP_KERNEL && !session->replaying)
        machine_stop_here(session->machine);
}

static bool open_trap_file(struct inside *inside, const char *path, GError **error)
{
    inside->trap_file = fopen(path, "w");
    if (inside->trap_file)
        return true;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "--trap: cannot write %s: %s", path,
                g_strerror(errno));
    return false;
}

bool inside_start_traps(struct session *session, GError **error)
{
    const struct run_options *options = session->options;
    unsigned kinds = options->traps_given ? options->traps : TRAP_KERNEL | TRAP_DRIVER;

    if (!kinds && !options->symbols->len)
        return true;
    struct inside *inside = session_inside(session);
    for (guint i = 0; i < options->symbols->len; i++)
        if (!symbols_add_path(inside->symbols, g_ptr_array_index(options->symbols, i), error))
            return false;
    if (!kinds)
        return true;
    if (options->trap_file && !open_trap_file(inside, options->trap_file, error))
        return false;
    traps_set_handler(inside->traps, on_trap, session);
    traps_enable(inside->traps, kinds);
    syscalls_enable(inside->syscalls, true);
    return true;
}

void inside_console(struct session *session, const uint8_t *data, size_t length)
{
    if (session->inside)
        traps_console(session->inside->traps, data, length);
}

bool inside_ended(const struct session *session)
{
    return session->inside && traps_told(session->inside->traps, TRAP_KERNEL);
}

int inside_conclude(struct session *session, enum machine_stop reason, int status)
{
    const struct automation *automation = session->options->automation;

    if (!session->inside)
        return status;
    traps_conclude(session->inside->traps, reason);
    if (traps_told(session->inside->traps, TRAP_KERNEL))
        return 2;
    if (!traps_told(session->inside->traps, TRAP_DRIVER | TRAP_USER) || status != 0)
        return status;
    bool met = !automation_empty(automation) && automation_done(automation);
    return session->quit || met ? status : 2;
}
