/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running, stop replies and points of the stub ("Debugging with GDB", E.3). */
#include <string.h>

#include "debug/gdb/stub_internal.h"
#include "debug/trap/trap.h"

/* Signal numbers of the protocol (gdb/signals.def), not of any host. */
enum {
    GDB_SIGINT = 2,
    GDB_SIGILL = 4,
    GDB_SIGTRAP = 5,
    GDB_SIGABRT = 6,
    GDB_SIGFPE = 8,
    GDB_SIGBUS = 10,
    GDB_SIGSEGV = 11
};

static unsigned x86_signal(uint32_t vector)
{
    switch (vector) {
    case X86_VECTOR_DE:
    case X86_VECTOR_MF:
    case X86_VECTOR_XM:
        return GDB_SIGFPE;
    case X86_VECTOR_UD:
        return GDB_SIGILL;
    case X86_VECTOR_AC:
        return GDB_SIGBUS;
    default:
        return GDB_SIGSEGV;
    }
}

static unsigned aarch64_signal(uint32_t class)
{
    switch (class) {
    case AARCH64_CLASS_UNKNOWN:
    case AARCH64_CLASS_ILLEGAL_STATE:
        return GDB_SIGILL;
    case AARCH64_CLASS_PC_ALIGNMENT:
    case AARCH64_CLASS_SP_ALIGNMENT:
        return GDB_SIGBUS;
    case AARCH64_CLASS_FP64:
        return GDB_SIGFPE;
    default:
        return GDB_SIGSEGV;
    }
}

static unsigned signal_of(struct gdb_stub *stub)
{
    const struct trap *trap;

    if (stub->stop == DEBUGGER_STOP_REQUEST)
        return GDB_SIGINT;
    if (stub->stop != DEBUGGER_STOP_TRAP)
        return GDB_SIGTRAP;
    trap = debugger_trap(stub->debugger);
    if (!trap || trap->exception.vector == UINT32_MAX)
        return GDB_SIGABRT;
    return stub->target->arch == CPU_ARCH_AARCH64 ? aarch64_signal(trap->exception.vector)
                                                  : x86_signal(trap->exception.vector);
}

static void append_watchpoint(struct gdb_stub *stub, GString *reply)
{
    const struct debugger_point *point = debugger_hit(stub->debugger);
    const char *kind = "watch";

    if (point && point->kind == DEBUGGER_POINT_READ)
        kind = "rwatch";
    else if (point && point->kind == DEBUGGER_POINT_ACCESS)
        kind = "awatch";
    g_string_append_printf(reply, "%s:%" G_GINT64_MODIFIER "x;", kind, debugger_hit_address(stub->debugger));
}

/* The client's own breakpoint: it is told which sort, so that it knows that the program counter is right. */
static void append_breakpoint(struct gdb_stub *stub, GString *reply)
{
    const struct debugger_point *hit = debugger_hit(stub->debugger);

    for (guint i = 0; hit && i < stub->points->len; i++) {
        const struct gdb_point *point = &g_array_index(stub->points, struct gdb_point, i);
        if (point->number != hit->number)
            continue;
        if (point->type == '0' && stub->swbreak)
            g_string_append(reply, "swbreak:;");
        else if (point->type == '1' && stub->hwbreak)
            g_string_append(reply, "hwbreak:;");
        return;
    }
}

void gdb_append_stop(struct gdb_stub *stub, GString *reply)
{
    if (stub->ended) {
        bool crashed = debugger_machine_stop(stub->debugger) == MACHINE_STOP_CRASH;
        g_string_append(reply, crashed ? "X09" : "W00");
        return;
    }
    g_string_append_printf(reply, "T%02xthread:%x;", signal_of(stub), cpu_index(debugger_cpu(stub->debugger)) + 1);
    if (stub->stop == DEBUGGER_STOP_WATCHPOINT)
        append_watchpoint(stub, reply);
    else if (stub->stop == DEBUGGER_STOP_BREAKPOINT)
        append_breakpoint(stub, reply);
}

static void run_range(struct gdb_stub *stub)
{
    uint64_t pc;

    do {
        stub->stop = debugger_step_program(stub->debugger);
        pc = cpu_pc(debugger_cpu(stub->debugger));
    } while (stub->stop == DEBUGGER_STOP_STEP && pc >= stub->run.start && pc < stub->run.end);
}

void gdb_stub_run(struct gdb_stub *stub, GString *reply)
{
    if (!stub->ended) {
        if (stub->run.kind == GDB_RUN_CONTINUE)
            stub->stop = debugger_continue(stub->debugger);
        else if (stub->run.kind == GDB_RUN_STEP)
            stub->stop = debugger_step_program(stub->debugger);
        else
            run_range(stub);
        stub->ended = stub->stop == DEBUGGER_STOP_MACHINE;
        stub->thread = cpu_index(debugger_cpu(stub->debugger)) + 1;
    }
    gdb_append_stop(stub, reply);
}

/* "type,address,length". */
static bool parse_point(const char *text, struct gdb_point *out)
{
    out->type = *text;
    if (out->type < '0' || out->type > '4' || text[1] != ',')
        return false;
    text += 2;
    if (!gdb_parse_number(&text, &out->address) || *text != ',')
        return false;
    text++;
    return gdb_parse_number(&text, &out->length);
}

static guint find_point(const struct gdb_stub *stub, const struct gdb_point *wanted)
{
    guint i = 0;

    for (; i < stub->points->len; i++) {
        const struct gdb_point *point = &g_array_index(stub->points, struct gdb_point, i);
        if (point->type == wanted->type && point->address == wanted->address &&
            (point->length == wanted->length || point->type <= '1'))
            break;
    }
    return i;
}

void gdb_insert_point(struct gdb_stub *stub, const char *text, GString *reply)
{
    static const enum debugger_point_kind kinds[] = {DEBUGGER_POINT_CODE, DEBUGGER_POINT_CODE, DEBUGGER_POINT_WRITE,
                                                     DEBUGGER_POINT_READ, DEBUGGER_POINT_ACCESS};
    struct gdb_point point = {0};
    g_autoptr(GError) error = NULL;

    if (!parse_point(text, &point)) {
        g_string_append(reply, "E16");
        return;
    }
    if (find_point(stub, &point) < stub->points->len) { /* inserting twice is allowed */
        g_string_append(reply, "OK");
        return;
    }
    g_autofree char *name = g_strdup_printf("*0x%" G_GINT64_MODIFIER "x", point.address);
    const struct debugger_point inserted = {.kind = kinds[point.type - '0'],
                                            .address = point.address,
                                            .length = point.type <= '1' ? 1 : point.length,
                                            .root = SYMBOLS_ANY_SPACE,
                                            .text = name,
                                            .enabled = true};
    point.number = debugger_insert(stub->debugger, &inserted, &error);
    if (point.number)
        g_array_append_val(stub->points, point);
    g_string_append(reply, point.number ? "OK" : "E16");
}

void gdb_remove_point(struct gdb_stub *stub, const char *text, GString *reply)
{
    struct gdb_point point = {0};
    guint at;

    if (!parse_point(text, &point)) {
        g_string_append(reply, "E16");
        return;
    }
    at = find_point(stub, &point);
    if (at < stub->points->len) { /* removing what is gone is allowed */
        debugger_remove(stub->debugger, g_array_index(stub->points, struct gdb_point, at).number);
        g_array_remove_index(stub->points, at);
    }
    g_string_append(reply, "OK");
}

void gdb_remove_points(struct gdb_stub *stub)
{
    for (guint i = 0; i < stub->points->len; i++)
        debugger_remove(stub->debugger, g_array_index(stub->points, struct gdb_point, i).number);
    g_array_set_size(stub->points, 0);
}
