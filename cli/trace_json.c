/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See trace_json.h; "Trace Event Format", the JSON Object Format. */
#include "cli/trace_json.h"

#include <errno.h>
#include <stdio.h>

struct trace_json {
    char *path;
    FILE *file;
    bool any;
};

struct trace_json *trace_json_new(const char *path, GError **error)
{
    FILE *file = fopen(path, "w");

    if (!file) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "--output: cannot write %s: %s", path,
                    g_strerror(errno));
        return NULL;
    }
    struct trace_json *json = g_new0(struct trace_json, 1);
    json->path = g_strdup(path);
    json->file = file;
    fputs("{\"displayTimeUnit\": \"ns\", \"traceEvents\": [", file);
    return json;
}

bool trace_json_close(struct trace_json *json, GError **error)
{
    fputs("\n]}\n", json->file);
    bool good = !ferror(json->file);
    good = fclose(json->file) == 0 && good;
    if (!good)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "--output: %s could not be written completely",
                    json->path);
    g_free(json->path);
    g_free(json);
    return good;
}

/* What is no printable ASCII becomes an escape: a guest may put anything into a name. */
static void write_text(FILE *file, const char *text)
{
    fputc('"', file);
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at == '"' || *at == '\\')
            fprintf(file, "\\%c", *at);
        else if (*at < 0x20 || *at > 0x7E)
            fprintf(file, "\\u%04x", *at);
        else
            fputc(*at, file);
    }
    fputc('"', file);
}

/* Microseconds with three decimals: every nanosecond is told. */
static void write_time(FILE *file, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    fprintf(file, "%" G_GINT64_FORMAT ".%03d", ns / 1000, (int)(ns % 1000));
}

static void begin(struct trace_json *json, const char *phase, struct trace_track track, const char *name)
{
    fprintf(json->file,
            "%s\n{\"ph\": \"%s\", \"pid\": %" G_GUINT64_FORMAT ", \"tid\": %" G_GUINT64_FORMAT ", \"name\": ",
            json->any ? "," : "", phase, track.pid, track.tid);
    json->any = true;
    write_text(json->file, name);
}

static void end(struct trace_json *json, const char *detail)
{
    if (detail) {
        fputs(", \"args\": {\"detail\": ", json->file);
        write_text(json->file, detail);
        fputc('}', json->file);
    }
    fputc('}', json->file);
}

void trace_json_slice(struct trace_json *json, struct trace_track track, const char *name, int64_t start,
                      int64_t finish, const char *detail)
{
    begin(json, "X", track, name);
    fputs(", \"ts\": ", json->file);
    write_time(json->file, start);
    fputs(", \"dur\": ", json->file);
    write_time(json->file, finish - start);
    end(json, detail);
}

void trace_json_instant(struct trace_json *json, struct trace_track track, const char *name, int64_t at,
                        const char *detail)
{
    begin(json, "i", track, name);
    fputs(", \"s\": \"t\", \"ts\": ", json->file);
    write_time(json->file, at);
    end(json, detail);
}

static void name_track(struct trace_json *json, const char *what, struct trace_track track, const char *name, int sort)
{
    g_autofree char *order = g_strdup_printf("%s_sort_index", what);
    g_autofree char *title = g_strdup_printf("%s_name", what);

    begin(json, "M", track, title);
    fputs(", \"args\": {\"name\": ", json->file);
    write_text(json->file, name);
    fputs("}}", json->file);
    begin(json, "M", track, order);
    fprintf(json->file, ", \"args\": {\"sort_index\": %d}}", sort);
}

void trace_json_name_process(struct trace_json *json, uint64_t pid, const char *name, int sort)
{
    name_track(json, "process", (struct trace_track){pid, 0}, name, sort);
}

void trace_json_name_thread(struct trace_json *json, struct trace_track track, const char *name, int sort)
{
    name_track(json, "thread", track, name, sort);
}
