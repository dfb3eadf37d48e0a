/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See syscall_trace.h.  A call that returns before anything else happens is one line; one that something overtakes is a line with
 * "<unfinished ...>" at its entry and one with its result.
 */
#include "debug/os/syscall_trace.h"

#include <string.h>

#include "debug/os/syscall_names.h"

struct syscall_trace {
    struct machine *machine;
    struct os *os;
    bool held; /* a call that has entered and not been written */
    struct syscall call;
    char *source;
};

/* "name[pid:tid]", as far as it is known; to be freed. */
static char *source_of(struct syscall_trace *trace, const struct syscall *call)
{
    struct cpu *cpu = machine_running_cpu(trace->machine);
    struct os_process process;

    if (!cpu || !os_current(trace->os, cpu, &process))
        return g_strdup_printf("?[%" G_GUINT64_FORMAT "]", call->process);
    g_strdelimit(process.name, " \t\n", '_');
    if (process.id == process.thread)
        return g_strdup_printf("%s[%" G_GUINT64_FORMAT "]", process.name, process.id);
    return g_strdup_printf("%s[%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT "]", process.name, process.id, process.thread);
}

static void write_held(struct syscall_trace *trace)
{
    if (!trace->held)
        return;
    trace->held = false;
    g_autofree char *text = syscall_describe(trace->os, &trace->call);
    char *result = g_strrstr(text, " = ?");
    if (result)
        *result = '\0';
    trace_event_at(machine_trace_log(trace->machine), TRACE_SYSCALL, trace->call.instructions, trace->call.ns,
                   trace->source, "%s <unfinished ...>", text);
}

static void hold(struct syscall_trace *trace, const struct syscall *call)
{
    write_held(trace);
    trace->held = true;
    trace->call = *call;
    g_free(trace->source);
    trace->source = source_of(trace, call);
}

static void on_event(void *opaque, const struct syscall *call)
{
    struct syscall_trace *trace = opaque;
    struct trace *log = machine_trace_log(trace->machine);

    if (!trace_enabled(log, TRACE_SYSCALL))
        return;
    if (!call->instructions_end) {
        hold(trace, call);
        return;
    }
    g_autofree char *text = syscall_describe(trace->os, call);
    if (trace->held && trace->call.instructions == call->instructions) {
        trace->held = false;
        trace_event_at(log, TRACE_SYSCALL, call->instructions, call->ns, trace->source, "%s <%" G_GINT64_FORMAT " ns>",
                       text, call->ns_end - call->ns);
        return;
    }
    write_held(trace);
    g_autofree char *source = source_of(trace, call);
    trace_event(log, TRACE_SYSCALL, source, "%s <resumed, %" G_GINT64_FORMAT " ns>", text, call->ns_end - call->ns);
}

struct syscall_trace *syscall_trace_new(struct machine *machine, struct os *os, struct syscalls *syscalls)
{
    struct syscall_trace *trace = g_new0(struct syscall_trace, 1);

    trace->machine = machine;
    trace->os = os;
    syscalls_listen(syscalls, on_event, trace);
    return trace;
}

void syscall_trace_free(struct syscall_trace *trace)
{
    if (!trace)
        return;
    write_held(trace);
    g_free(trace->source);
    g_free(trace);
}
