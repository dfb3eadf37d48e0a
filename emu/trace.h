/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event trace: one event a line, with instruction count and virtual time; two equal runs give equal files.
 */
#ifndef GALVANIC_EMU_TRACE_H
#define GALVANIC_EMU_TRACE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum trace_kind {
    TRACE_FIRMWARE,  /* UEFI services, with arguments and result */
    TRACE_DEVICE,    /* register accesses worth reading, state changes */
    TRACE_BLOCK,     /* disk requests */
    TRACE_INTERRUPT, /* interrupts delivered to a CPU */
    TRACE_EXCEPTION, /* exceptions delivered */
    TRACE_SYSCALL,   /* system calls with arguments and result: from the debugger */
    TRACE_SCHEME,    /* Redox: what is asked of schemes in user space, and their answers: from the debugger */
    TRACE_KINDS,
};

struct trace;

struct machine;
struct trace *trace_new(struct machine *machine);
void trace_free(struct trace *trace);
/* "firmware,device[:FILE]" for each; false with @error: a kind that is not known, a file that cannot be made. */
bool trace_configure(struct trace *trace, const char *option, GError **error);
/*
 * Hands the events of @kind to @sink too; NULL: no more.  @text is the rest of the line; all that is given is valid during the call
 * only.
 */
void trace_set_sink(struct trace *trace, enum trace_kind kind,
                    void (*sink)(void *opaque, enum trace_kind kind, const char *source, int64_t ns, const char *text),
                    void *opaque);
/* No events any more; files are closed. */
void trace_stop(struct trace *trace);
/* Cheap test before the arguments of an event are computed. */
bool trace_enabled(const struct trace *trace, enum trace_kind kind);
/* @source is the device's id or a service's name; the format makes the rest of the line. */
void trace_event(struct trace *trace, enum trace_kind kind, const char *source, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* The same of something that happened a little earlier, at @instructions and @ns. */
void trace_event_at(struct trace *trace, enum trace_kind kind, uint64_t instructions, int64_t ns, const char *source,
                    const char *format, ...) G_GNUC_PRINTF(6, 7);

#endif
