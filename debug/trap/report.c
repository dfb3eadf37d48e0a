/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as text.  Its first lines must do for somebody who looks once: what died, of what, where; everything else stands below in
 * the order in which people ask.
 */
#include <string.h>

#include "debug/disassemble.h"
#include "debug/trap/internal.h"

#define RULE "────────────────────────────────────────────────────────────────────────────────"
#define LEAST_ADDRESS 0x1000 /* what is smaller is a number */

struct text {
    GString *out;
    bool colour;
    const struct report *report;
};

enum style { PLAIN, ALARM, LABEL, STRONG, FAINT };

static void styled(struct text *text, enum style style, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void styled(struct text *text, enum style style, const char *format, ...)
{
    static const char *const codes[] = {"", "\033[1;31m", "\033[36m", "\033[1m", "\033[2m"};
    va_list arguments;

    if (text->colour && style != PLAIN)
        g_string_append(text->out, codes[style]);
    va_start(arguments, format);
    g_string_append_vprintf(text->out, format, arguments);
    va_end(arguments);
    if (text->colour && style != PLAIN)
        g_string_append(text->out, "\033[0m");
}

static void label(struct text *text, const char *name)
{
    styled(text, LABEL, "  %-9s", name);
}

static void heading(struct text *text, const char *name)
{
    styled(text, PLAIN, "\n");
    styled(text, LABEL, "  %s\n", name);
}

static void write_who(struct text *text)
{
    const struct trap *trap = text->report->trap;

    label(text, "who");
    if (trap->process_known)
        styled(text, PLAIN, "%sprocess %" G_GUINT64_FORMAT " %s (thread %" G_GUINT64_FORMAT "%s%s), CPU %u\n",
               trap->kind == TRAP_KERNEL ? "the kernel, for " : "", (guint64)trap->process.id,
               *trap->process.name ? trap->process.name : "without a name", (guint64)trap->process.thread,
               *trap->process.state ? ", " : "", trap->process.state, cpu_index(trap->cpu));
    else
        styled(text, PLAIN, "%s, CPU %u; which process ran is not known\n",
               trap->frame.user ? "a user program" : "the kernel", cpu_index(trap->cpu));
}

static void write_head(struct text *text)
{
    const struct report *report = text->report;
    const struct trap *trap = report->trap;

    styled(text, ALARM, "%s\n %s: %s\n%s\n", RULE, report->headline, trap->cause, RULE);
    label(text, "where");
    if (report->function)
        styled(text, STRONG, "%s", report->function);
    else
        styled(text, STRONG, "no symbol");
    if (report->place)
        styled(text, STRONG, "  %s", report->place);
    styled(text, PLAIN, "  (pc " HEX ")\n", trap->frame.pc);
    if (report->inside) {
        label(text, "inside");
        styled(text, PLAIN, "%s\n", report->inside);
    }
    write_who(text);
    label(text, "what");
    styled(text, PLAIN, "%s\n", report->exception);
    label(text, "when");
    styled(text, PLAIN, "instruction %" G_GUINT64_FORMAT ", %" G_GINT64_FORMAT ".%06d s of virtual time\n",
           (guint64)trap->instructions, trap->ns / 1000000000, (int)(trap->ns % 1000000000 / 1000));
    label(text, "noticed");
    styled(text, PLAIN, "%s\n", trap_noticed_text(trap->noticed));
}

static void write_walk(struct text *text)
{
    const struct space_walk *walk = &text->report->walk;

    if (!text->report->has_walk)
        return;
    label(text, "walk");
    styled(text, PLAIN, HEX ": %s%s%s\n", walk->address, text->report->permission ? text->report->permission : "",
           text->report->permission && *walk->why ? "; " : "", walk->why);
    for (unsigned i = 0; i < walk->steps; i++) {
        const struct space_step *step = &walk->step[i];
        if (step->readable)
            styled(text, PLAIN, "           level %u  at " HEX "  entry 0x%016" G_GINT64_MODIFIER "x  %s%s\n",
                   step->level, step->entry_at, step->entry, step->present ? "present" : "not present",
                   step->leaf && step->present ? ", maps the page" : "");
        else
            styled(text, PLAIN, "           level %u  at " HEX "  is not in RAM\n", step->level, step->entry_at);
    }
}

static void write_place(struct text *text, const struct symbol_frame *frame)
{
    if (frame->file && frame->column)
        styled(text, PLAIN, "  %s:%u:%u", report_file(frame->file), frame->line, frame->column);
    else if (frame->file)
        styled(text, PLAIN, "  %s:%u", report_file(frame->file), frame->line);
}

static void write_frame(struct text *text, guint index)
{
    const struct report *report = text->report;
    const struct unwind_frame *frame = &g_array_index(report->frames, struct unwind_frame, index);
    struct symbol_location location;
    enum style style = index == report->failing ? STRONG : PLAIN;
    const char *mark = index == report->failing ? "=>" : "  ";

    if (frame->by == UNWIND_BY_SEARCH)
        styled(text, FAINT, "        --- the stack is overwritten here: callers may be missing ---\n");
    if (frame->exception)
        styled(text, FAINT, "        --- interrupted %s ---\n", frame->user ? "user code" : "here");
    if (!symbols_locate(report->symbols, report->trap->space.root, frame->pc, frame->return_address, &location)) {
        styled(text, style, "   %s #%-2u 0x%016" G_GINT64_MODIFIER "x  (no module)\n", mark, index, frame->pc);
        return;
    }
    for (unsigned i = 0; i < location.frames; i++) {
        const struct symbol_frame *one = &location.frame[i];
        if (i + 1 < location.frames)
            styled(text, style, "   %s #%-2u %-18s  %s", mark, index, "(inlined)", one->function ? one->function : "?");
        else
            styled(text, style, "   %s #%-2u 0x%016" G_GINT64_MODIFIER "x  %s", mark, index, frame->pc,
                   one->function     ? one->function
                   : location.symbol ? location.symbol
                                     : "?");
        write_place(text, one);
        styled(text, FAINT, "%s%s%s\n", i + 1 < location.frames ? "" : "  [",
               i + 1 < location.frames ? "" : location.module, i + 1 < location.frames ? "" : "]");
    }
    if (!location.frames)
        styled(text, style, "   %s #%-2u 0x%016" G_GINT64_MODIFIER "x  %s+%" G_GUINT64_FORMAT "  [%s]\n", mark, index,
               frame->pc, location.symbol ? location.symbol : "?", (guint64)location.offset, location.module);
}

static void write_backtrace(struct text *text)
{
    heading(text, "backtrace");
    for (guint i = 0; i < text->report->frames->len; i++)
        write_frame(text, i);
    if (text->report->end)
        styled(text, FAINT, "          ends: %s\n", text->report->end);
}

static void write_arguments(struct text *text)
{
    const GPtrArray *arguments = text->report->arguments;

    if (arguments->len == 0)
        return;
    styled(text, PLAIN, "\n");
    styled(text, LABEL, "  arguments of %s\n", text->report->function);
    for (guint i = 0; i < arguments->len; i++) {
        const struct report_argument *one = g_ptr_array_index(arguments, i);
        styled(text, PLAIN, "      %s = %s\n", one->name, one->value);
    }
}

static void write_code(struct text *text)
{
    const struct report *report = text->report;

    heading(text, "code");
    if (report->code->len == 0)
        styled(text, PLAIN, "      nothing can be read at " HEX "\n", report->code_pc);
    for (guint i = 0; i < report->code->len; i++) {
        const struct disassembled *one = &g_array_index(report->code, struct disassembled, i);
        const char *att = "";
        for (guint j = 0; report->arch == CPU_ARCH_X86_64 && j < report->code_att->len; j++)
            if (g_array_index(report->code_att, struct disassembled, j).address == one->address)
                att = g_array_index(report->code_att, struct disassembled, j).text;
        GString *bytes = g_string_new(NULL);
        for (unsigned j = 0; j < one->length; j++)
            g_string_append_printf(bytes, "%02x", one->bytes[j]);
        styled(text, one->address == report->code_pc ? STRONG : PLAIN,
               "   %s 0x%016" G_GINT64_MODIFIER "x  %-16s  %-44s", one->address == report->code_pc ? "=>" : "  ",
               one->address, bytes->str, one->text);
        styled(text, FAINT, "%s%s\n", *att ? " | " : "", att);
        g_string_free(bytes, TRUE);
    }
}

static void write_registers(struct text *text)
{
    const char *name;
    uint64_t value;
    bool known;
    char *decoded;

    heading(text, "registers");
    for (unsigned i = 0; (name = report_register(text->report, i, &value, &known)); i++) {
        styled(text, PLAIN, "%s%-4s", i % 4 == 0 ? "      " : "  ", name);
        if (known)
            styled(text, PLAIN, " %016" G_GINT64_MODIFIER "x%s", value, i % 4 == 3 ? "\n" : "");
        else
            styled(text, FAINT, " %-16s%s", "not known", i % 4 == 3 ? "\n" : "");
    }
    styled(text, PLAIN, "\n");
    for (unsigned i = 0; (name = report_register(text->report, i, &value, &known)); i++) {
        g_autofree char *near = known && value >= LEAST_ADDRESS
                                    ? symbols_describe(text->report->symbols, text->report->trap->space.root, value)
                                    : NULL;
        if (near)
            styled(text, PLAIN, "      %-4s = %s\n", name, near);
    }
    for (unsigned i = 0; report_system_register(text->report, i, &name, &value, &decoded); i++) {
        styled(text, PLAIN, "      %-14s %016" G_GINT64_MODIFIER "x", name, value);
        styled(text, FAINT, "  %s\n", decoded ? decoded : "");
        g_free(decoded);
    }
}

static void write_calls(struct text *text)
{
    const GPtrArray *calls = text->report->calls;

    if (!text->report->trap->process_known)
        return;
    heading(text, "its last system calls, the newest last");
    for (guint i = 0; i < calls->len; i++)
        styled(text, PLAIN, "      %s\n", (const char *)g_ptr_array_index(calls, i));
    if (calls->len == 0)
        styled(text, PLAIN, "      none were seen\n");
}

static void write_events(struct text *text)
{
    const struct trap *trap = text->report->trap;

    heading(text, "the last interrupts");
    if (trap->events == 0)
        styled(text, PLAIN, "      none\n");
    for (unsigned i = 0; i < trap->events; i++) {
        const struct trap_event *event = &trap->event[i];
        bool user = event->from_level == (text->report->arch == CPU_ARCH_AARCH64 ? 0 : 3);
        g_autofree char *near = user ? NULL : symbols_describe(text->report->symbols, trap->space.root, event->pc);
        gint64 ago = (trap->ns - event->ns) / 1000;
        styled(text, PLAIN, "      %8" G_GINT64_FORMAT " us before  vector 0x%02x  in %s  %s\n", ago, event->vector,
               user ? "user code" : "the kernel", near ? near : "");
    }
}

static void write_next(struct text *text)
{
    heading(text, "next");
    for (guint i = 0; i < text->report->next->len; i++)
        styled(text, PLAIN, "      %s\n", (const char *)g_ptr_array_index(text->report->next, i));
    styled(text, ALARM, "%s\n", RULE);
}

char *trap_report_text(struct symbols *symbols, struct os *os, struct syscalls *syscalls, const struct trap *trap,
                       bool colour)
{
    struct report report;
    struct text text = {.out = g_string_new(NULL), .colour = colour, .report = &report};

    report_gather(&report, symbols, os, syscalls, trap);
    write_head(&text);
    write_walk(&text);
    write_backtrace(&text);
    write_arguments(&text);
    write_code(&text);
    write_registers(&text);
    write_calls(&text);
    write_events(&text);
    write_next(&text);
    report_release(&report);
    return g_string_free(text.out, FALSE);
}
