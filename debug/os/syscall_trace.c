/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See syscall_trace.h.  A call that returns before anything else happens is one line; one that something overtakes is a line with
 * "<unfinished ...>" at its entry and one with its result.
 */
#include "debug/os/syscall_trace.h"

#include <string.h>

#include "debug/os/syscall_names.h"

#define MOST_SOURCES 4096

struct syscall_trace {
    struct machine *machine;
    struct os *os;
    bool held; /* a call that has entered and not been written */
    struct syscall call;
    char *source;
    GHashTable *sources; /* of each thread's number; asked for anew when it may have changed */
};

/* "name[pid:tid]", as far as it is known; to be freed. */
static char *ask_source(struct syscall_trace *trace, const struct syscall *call)
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

static const char *source_of(struct syscall_trace *trace, const struct syscall *call)
{
    char *source = g_hash_table_lookup(trace->sources, &call->thread);

    if (source)
        return source;
    source = ask_source(trace, call);
    if (g_hash_table_size(trace->sources) >= MOST_SOURCES)
        g_hash_table_remove_all(trace->sources);
    g_hash_table_insert(trace->sources, g_memdup2(&call->thread, sizeof(call->thread)), source);
    return source;
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
    trace->source = g_strdup(source_of(trace, call));
}

static void write_return(struct syscall_trace *trace, const struct syscall *call)
{
    struct trace *log = machine_trace_log(trace->machine);
    g_autofree char *text = syscall_describe(trace->os, call);

    if (trace->held && trace->call.instructions == call->instructions) {
        trace->held = false;
        trace_event_at(log, TRACE_SYSCALL, call->instructions, call->ns, trace->source, "%s <%" G_GINT64_FORMAT " ns>",
                       text, call->ns_end - call->ns);
        return;
    }
    write_held(trace);
    trace_event(log, TRACE_SYSCALL, source_of(trace, call), "%s <resumed, %" G_GINT64_FORMAT " ns>", text,
                call->ns_end - call->ns);
}

static void on_event(void *opaque, const struct syscall *call)
{
    struct syscall_trace *trace = opaque;

    if (trace_enabled(machine_trace_log(trace->machine), TRACE_SYSCALL)) {
        if (call->instructions_end)
            write_return(trace, call);
        else
            hold(trace, call);
    }
    if (call->instructions_end && syscall_may_rename(trace->os, call))
        g_hash_table_remove(trace->sources, &call->thread);
}

struct syscall_trace *syscall_trace_new(struct machine *machine, struct os *os, struct syscalls *syscalls)
{
    struct syscall_trace *trace = g_new0(struct syscall_trace, 1);

    trace->machine = machine;
    trace->os = os;
    trace->sources = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    syscalls_listen(syscalls, on_event, trace);
    return trace;
}

void syscall_trace_free(struct syscall_trace *trace)
{
    if (!trace)
        return;
    write_held(trace);
    g_free(trace->source);
    g_hash_table_unref(trace->sources);
    g_free(trace);
}
