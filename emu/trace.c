/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See trace.h. */
#include "emu/trace.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "emu/machine.h"

static const char *const kind_names[TRACE_KINDS] = {"firmware",  "device",  "block", "interrupt",
                                                    "exception", "syscall", "scheme"};

struct sink {
    void (*take)(void *opaque, enum trace_kind kind, const char *source, int64_t ns, const char *text);
    void *opaque;
};

struct trace {
    struct machine *machine;
    FILE *file[TRACE_KINDS]; /* NULL: not traced */
    GPtrArray *opened;       /* files to close */
    struct sink sink[TRACE_KINDS];
};

struct trace *trace_new(struct machine *machine)
{
    struct trace *trace = g_new0(struct trace, 1);

    trace->machine = machine;
    trace->opened = g_ptr_array_new();
    return trace;
}

void trace_free(struct trace *trace)
{
    if (!trace)
        return;
    for (guint i = 0; i < trace->opened->len; i++)
        fclose(g_ptr_array_index(trace->opened, i));
    g_ptr_array_free(trace->opened, TRUE);
    g_free(trace);
}

static bool set_kind(struct trace *trace, const char *name, FILE *file, GError **error)
{
    for (unsigned kind = 0; kind < TRACE_KINDS; kind++) {
        if (strcmp(name, kind_names[kind]) == 0) {
            trace->file[kind] = file;
            return true;
        }
    }
    g_set_error(
        error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--trace: \"%s\" is no kind of event; there are firmware, device, block, interrupt, exception, syscall, scheme",
        name);
    return false;
}

bool trace_configure(struct trace *trace, const char *option, GError **error)
{
    const char *colon = strchr(option, ':');
    g_autofree char *kinds = colon ? g_strndup(option, (gsize)(colon - option)) : g_strdup(option);
    g_auto(GStrv) list = g_strsplit(kinds, ",", -1);
    FILE *file = stderr;

    if (colon) {
        file = fopen(colon + 1, "w");
        if (!file) {
            g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "--trace: cannot write %s: %s", colon + 1,
                        g_strerror(errno));
            return false;
        }
        g_ptr_array_add(trace->opened, file);
    }
    for (char **name = list; *name; name++)
        if (!set_kind(trace, *name, file, error))
            return false;
    return true;
}

void trace_set_sink(struct trace *trace, enum trace_kind kind,
                    void (*sink)(void *opaque, enum trace_kind kind, const char *source, int64_t ns, const char *text),
                    void *opaque)
{
    trace->sink[kind] = (struct sink){.take = sink, .opaque = opaque};
}

void trace_stop(struct trace *trace)
{
    memset(trace->file, 0, sizeof(trace->file));
    for (guint i = 0; i < trace->opened->len; i++)
        fclose(g_ptr_array_index(trace->opened, i));
    g_ptr_array_set_size(trace->opened, 0);
}

bool trace_enabled(const struct trace *trace, enum trace_kind kind)
{
    return trace->file[kind] || trace->sink[kind].take;
}

static void write_event(struct trace *trace, enum trace_kind kind, uint64_t instructions, int64_t ns,
                        const char *source, const char *format, va_list arguments)
{
    g_autofree char *text = g_strdup_vprintf(format, arguments);

    if (trace->file[kind])
        fprintf(trace->file[kind], "%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT ".%09d %s %s %s\n", instructions,
                ns / NANOSECONDS_PER_SECOND, (int)(ns % NANOSECONDS_PER_SECOND), kind_names[kind], source, text);
    if (trace->sink[kind].take)
        trace->sink[kind].take(trace->sink[kind].opaque, kind, source, ns, text);
}

void trace_event(struct trace *trace, enum trace_kind kind, const char *source, const char *format, ...)
{
    va_list arguments;

    if (!trace_enabled(trace, kind))
        return;
    va_start(arguments, format);
    write_event(trace, kind, machine_instructions(trace->machine), machine_now(trace->machine), source, format,
                arguments);
    va_end(arguments);
}

void trace_event_at(struct trace *trace, enum trace_kind kind, uint64_t instructions, int64_t ns, const char *source,
                    const char *format, ...)
{
    va_list arguments;

    if (!trace_enabled(trace, kind))
        return;
    va_start(arguments, format);
    write_event(trace, kind, instructions, ns, source, format, arguments);
    va_end(arguments);
}
