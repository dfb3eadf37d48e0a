/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See inside.h. */
#include "cli/inside.h"

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
    session->inside = inside;
    return inside;
}

void inside_start_traces(struct session *session)
{
    const struct trace *log = machine_trace_log(session->machine);

    if (!trace_enabled(log, TRACE_SYSCALL) && !trace_enabled(log, TRACE_SCHEME))
        return;
    struct inside *inside = session_inside(session);
    inside->trace = syscall_trace_new(session->machine, inside->os, inside->syscalls);
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
    syscalls_free(inside->syscalls);
    os_free(inside->os);
    symbols_free(inside->symbols);
    g_free(inside);
}
