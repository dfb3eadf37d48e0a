/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report for tools: one JSON object; numbers that may have 64 bits are texts in hexadecimal. */
#include <json-glib/json-glib.h>

#include "debug/disassemble.h"
#include "debug/trap/internal.h"

static void add_text(JsonBuilder *json, const char *name, const char *text)
{
    g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;

    json_builder_set_member_name(json, name);
    if (valid)
        json_builder_add_string_value(json, valid);
    else
        json_builder_add_null_value(json);
}

static void add_hex(JsonBuilder *json, const char *name, uint64_t value)
{
    g_autofree char *text = g_strdup_printf(HEX, value);

    add_text(json, name, text);
}

static void add_number(JsonBuilder *json, const char *name, uint64_t value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_int_value(json, (gint64)MIN(value, (uint64_t)G_MAXINT64));
}

static void add_bool(JsonBuilder *json, const char *name, bool value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_boolean_value(json, value);
}

static void begin_array(JsonBuilder *json, const char *name)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_array(json);
}

static void begin_object(JsonBuilder *json, const char *name)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_object(json);
}

static void write_exception(JsonBuilder *json, const struct report *report)
{
    const struct cpu_exception *exception = &report->trap->exception;

    begin_object(json, "exception");
    add_text(json, "text", report->exception);
    if (!exception_is_panic(exception)) {
        add_number(json, "vector", exception->vector);
        add_hex(json, "syndrome", exception->syndrome);
        add_hex(json, "address", exception->address);
        add_number(json, "from_level", exception->from_level);
    }
    json_builder_end_object(json);
}

static void write_process(JsonBuilder *json, const struct trap *trap)
{
    if (!trap->process_known)
        return;
    begin_object(json, "process");
    add_number(json, "id", trap->process.id);
    add_number(json, "thread", trap->process.thread);
    add_text(json, "name", trap->process.name);
    add_bool(json, "driver", trap->process.driver);
    json_builder_end_object(json);
}

static void write_walk(JsonBuilder *json, const struct report *report)
{
    const struct space_walk *walk = &report->walk;

    if (!report->has_walk)
        return;
    begin_object(json, "walk");
    add_hex(json, "address", walk->address);
    add_bool(json, "mapped", walk->mapped);
    add_text(json, "why", report->permission ? report->permission : walk->why);
    begin_array(json, "steps");
    for (unsigned i = 0; i < walk->steps; i++) {
        json_builder_begin_object(json);
        add_number(json, "level", walk->step[i].level);
        add_hex(json, "at", walk->step[i].entry_at);
        add_hex(json, "entry", walk->step[i].entry);
        add_bool(json, "present", walk->step[i].present);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
}

static void write_functions(JsonBuilder *json, const struct symbol_location *location)
{
    begin_array(json, "functions");
    for (unsigned i = 0; i < location->frames; i++) {
        json_builder_begin_object(json);
        add_text(json, "function", location->frame[i].function);
        add_text(json, "file", location->frame[i].file);
        add_number(json, "line", location->frame[i].line);
        add_number(json, "column", location->frame[i].column);
        add_bool(json, "inlined", location->frame[i].inlined);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void write_backtrace(JsonBuilder *json, const struct report *report)
{
    begin_array(json, "backtrace");
    for (guint i = 0; i < report->frames->len; i++) {
        const struct unwind_frame *frame = &g_array_index(report->frames, struct unwind_frame, i);
        struct symbol_location location;
        json_builder_begin_object(json);
        add_hex(json, "pc", frame->pc);
        add_hex(json, "sp", frame->sp);
        add_bool(json, "user", frame->user);
        add_bool(json, "exception", frame->exception);
        add_bool(json, "callers_missing", frame->by == UNWIND_BY_SEARCH);
        if (symbols_locate(report->symbols, report->trap->space.root, frame->pc, frame->return_address, &location)) {
            add_text(json, "module", location.module);
            add_text(json, "symbol", location.symbol);
            add_number(json, "offset", location.offset);
            write_functions(json, &location);
        }
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    add_text(json, "backtrace_ends", report->end);
    add_number(json, "failing_frame", report->failing);
}

static void write_arguments(JsonBuilder *json, const struct report *report)
{
    begin_array(json, "arguments");
    for (guint i = 0; i < report->arguments->len; i++) {
        const struct report_argument *one = g_ptr_array_index(report->arguments, i);
        json_builder_begin_object(json);
        add_text(json, "name", one->name);
        add_text(json, "value", one->value);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void write_code(JsonBuilder *json, const struct report *report)
{
    begin_array(json, "code");
    for (guint i = 0; i < report->code->len; i++) {
        const struct disassembled *one = &g_array_index(report->code, struct disassembled, i);
        json_builder_begin_object(json);
        add_hex(json, "address", one->address);
        add_text(json, "text", one->text);
        add_bool(json, "valid", one->valid);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void write_registers(JsonBuilder *json, const struct report *report)
{
    const char *name;
    uint64_t value;
    bool known;
    char *decoded;

    begin_object(json, "registers");
    for (unsigned i = 0; (name = report_register(report, i, &value, &known)); i++)
        if (known)
            add_hex(json, name, value);
    for (unsigned i = 0; report_system_register(report, i, &name, &value, &decoded); i++) {
        add_hex(json, name, value);
        g_free(decoded);
    }
    json_builder_end_object(json);
    begin_object(json, "symbols");
    for (unsigned i = 0; (name = report_register(report, i, &value, &known)); i++) {
        g_autofree char *near =
            known && value >= 4096 ? symbols_describe(report->symbols, report->trap->space.root, value) : NULL;
        if (near)
            add_text(json, name, near);
    }
    json_builder_end_object(json);
}

static void write_lists(JsonBuilder *json, const struct report *report)
{
    begin_array(json, "system_calls");
    for (guint i = 0; i < report->calls->len; i++)
        json_builder_add_string_value(json, g_ptr_array_index(report->calls, i));
    json_builder_end_array(json);
    begin_array(json, "interrupts");
    for (unsigned i = 0; i < report->trap->events; i++) {
        const struct trap_event *event = &report->trap->event[i];
        json_builder_begin_object(json);
        add_number(json, "instruction", event->instructions);
        add_number(json, "ns", (uint64_t)event->ns);
        add_number(json, "vector", event->vector);
        add_hex(json, "pc", event->pc);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    begin_array(json, "next");
    for (guint i = 0; i < report->next->len; i++)
        json_builder_add_string_value(json, g_ptr_array_index(report->next, i));
    json_builder_end_array(json);
}

char *trap_report_json(struct symbols *symbols, struct os *os, struct syscalls *syscalls, const struct trap *trap)
{
    static const char *const noticed[] = {"fault", "giving_up", "panic", "text", "end"};
    struct report report;
    g_autoptr(JsonBuilder) json = json_builder_new();

    report_gather(&report, symbols, os, syscalls, trap);
    json_builder_begin_object(json);
    add_text(json, "kind", trap->kind == TRAP_KERNEL ? "kernel" : trap->kind == TRAP_DRIVER ? "driver" : "user");
    add_text(json, "headline", report.headline);
    add_text(json, "cause", trap->cause);
    add_text(json, "message", trap->message);
    add_text(json, "noticed", noticed[trap->noticed]);
    add_text(json, "function", report.function);
    add_text(json, "place", report.place);
    add_text(json, "inside", report.inside);
    add_hex(json, "pc", trap->frame.pc);
    add_number(json, "instructions", trap->instructions);
    add_number(json, "virtual_ns", (uint64_t)trap->ns);
    add_number(json, "cpu", cpu_index(trap->cpu));
    write_process(json, trap);
    write_exception(json, &report);
    write_walk(json, &report);
    write_backtrace(json, &report);
    write_arguments(json, &report);
    write_code(json, &report);
    write_registers(json, &report);
    write_lists(json, &report);
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    report_release(&report);
    return json_to_string(root, FALSE);
}
