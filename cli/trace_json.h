/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the Trace Event Format that Chrome's tracing and ui.perfetto.dev read, event by event, so that its size is no matter of
 * memory.  Equal events give equal files.
 */
#ifndef GALVANIC_CLI_TRACE_JSON_H
#define GALVANIC_CLI_TRACE_JSON_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct trace_json;

/* NULL with @error: @path cannot be written. */
struct trace_json *trace_json_new(const char *path, GError **error);
/* False with @error: something could not be written. */
bool trace_json_close(struct trace_json *json, GError **error);

/* A track is a thread @tid of a process @pid. Times in ns. @detail (may be NULL) is shown when the event is chosen. */
struct trace_track {
    uint64_t pid, tid;
};
void trace_json_slice(struct trace_json *json, struct trace_track track, const char *name, int64_t start, int64_t end,
                      const char *detail);
void trace_json_instant(struct trace_json *json, struct trace_track track, const char *name, int64_t at,
                        const char *detail);
void trace_json_name_process(struct trace_json *json, uint64_t pid, const char *name, int sort);
void trace_json_name_thread(struct trace_json *json, struct trace_track track, const char *name, int sort);

#endif
