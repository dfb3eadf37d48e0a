/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: letting the guest run, and telling where it stopped. */
#include <string.h>

#include "debug/command.h"

static const char *machine_text(enum machine_stop stop)
{
    switch (stop) {
    case MACHINE_STOP_POWER_OFF:
        return "the guest shut down";
    case MACHINE_STOP_RESET:
        return "the guest asked for a reset";
    case MACHINE_STOP_GUEST_EXIT:
        return "the guest ended the run";
    case MACHINE_STOP_REFUSED:
        return "there is nothing to start";
    case MACHINE_STOP_CRASH:
        return "the guest crashed";
    case MACHINE_STOP_LIMIT:
        return "a limit was reached";
    case MACHINE_STOP_IDLE:
        return "nothing can wake the guest any more";
    case MACHINE_STOP_DIVERGED:
        return "the replay diverged";
    default:
        return "the run ended";
    }
}

static void show_end(struct console *console)
{
    enum machine_stop stop = debugger_machine_stop(console->debugger);
    const char *message = machine_stop_message(console->machine);

    if (stop != MACHINE_STOP_LIMIT) /* beyond a limit one can go */
        console->ended = stop;
    console_say(console, "%s%s%s\n", machine_text(stop), *message ? ": " : "", message);
}

/* "uart16550+0x4" */
static char *device_at(struct console *console, const struct debugger_point *point, uint64_t address)
{
    bool port = point->kind >= DEBUGGER_POINT_PORT_WRITE;
    uint64_t offset;
    const char *name = memory_name_at(machine_memory(console->machine),
                                      port ? MEMORY_SPACE_PORT : MEMORY_SPACE_PHYSICAL, address, &offset);

    return name ? g_strdup_printf(" in %s+0x%" G_GINT64_MODIFIER "x", name, offset) : g_strdup("");
}

static void show_watch(struct console *console, const struct debugger_point *point)
{
    uint64_t address = debugger_hit_address(console->debugger);
    bool virtual = point->kind <= DEBUGGER_POINT_ACCESS;
    g_autofree char *device = virtual ? g_strdup("") : device_at(console, point, address);
    g_autofree char *text =
        g_strdup_printf("*(u%u *)0x%" G_GINT64_MODIFIER "x", 8 * (unsigned)point->length, point->address);
    struct cpu_access access = {0};
    uint64_t now;

    cpu_watchpoint_access(debugger_cpu(console->debugger), 0, &access);
    console_say(console, "watchpoint %u: %s of 0x%" G_GINT64_MODIFIER "x%s%s, %" G_GUINT64_FORMAT " bytes\n",
                point->number, access.write ? "write" : "read", address, device, access.dma ? " by a device" : "",
                access.length);
    if (virtual && (point->length == 1 || point->length == 2 || point->length == 4 || point->length == 8) &&
        console_value(console, text, &now, NULL))
        console_say(console, "old value 0x%" G_GINT64_MODIFIER "x, new value 0x%" G_GINT64_MODIFIER "x\n",
                    debugger_hit_old_value(console->debugger), now);
}

static void show_catch(struct console *console, const struct debugger_point *point)
{
    static const struct {
        enum debugger_point_kind kind;
        const char *what;
    } kinds[] = {{DEBUGGER_POINT_CATCH_EXCEPTION, "exception"},
                 {DEBUGGER_POINT_CATCH_INTERRUPT, "interrupt"},
                 {DEBUGGER_POINT_CATCH_SYSCALL, "system call"},
                 {DEBUGGER_POINT_CATCH_PROCESS, "start of process"},
                 {DEBUGGER_POINT_CATCH_DRIVER, "start of driver"}};
    struct os *os = debugger_os(console->debugger);
    struct os_process process;

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].kind == point->kind)
            console_say(console, "catch %u: %s %" G_GUINT64_FORMAT, point->number, kinds[i].what,
                        debugger_hit_address(console->debugger));
    if (os && os_current(os, debugger_cpu(console->debugger), &process))
        console_say(console, ", process %" G_GUINT64_FORMAT " %s", process.id, process.name);
    console_say(console, "\n");
}

static void show_trap(struct console *console)
{
    struct debugger *debugger = console->debugger;
    g_autofree char *report = trap_report_text(debugger_symbols(debugger), debugger_os(debugger),
                                               debugger_syscalls(debugger), debugger_trap(debugger), console->colour);

    console_say(console, "%s", report);
}

static void show_place(struct console *console)
{
    struct symbols *symbols = debugger_symbols(console->debugger);
    struct unwind_frame frame;
    struct symbol_location location;
    struct space space;

    console_place_symbols(console);
    unwind_start(debugger_cpu(console->debugger), &frame);
    console_print_frame(console, 0, &frame);
    console_space(console, &space);
    if (symbols && symbols_locate(symbols, space.root, frame.pc, false, &location) && location.frames &&
        location.frame[0].file && location.frame[0].line &&
        console_print_source(console, location.frame[0].file, location.frame[0].line, 0, 0))
        return;
    g_autoptr(GArray) code = disassemble(&space, symbols, frame.pc, 1, console->syntax);
    if (code && code->len)
        console_say(console, "=> %s\n", g_array_index(code, struct disassembled, 0).text);
}

void console_show_stop(struct console *console, enum debugger_stop stop)
{
    const struct debugger_point *hit = debugger_hit(console->debugger);

    console_forget_frames(console);
    debugger_forget_interrupt(console->debugger);
    switch (stop) {
    case DEBUGGER_STOP_MACHINE:
        show_end(console);
        if (debugger_machine_stop(console->debugger) == MACHINE_STOP_REQUEST)
            return; /* who wanted it knows */
        break;
    case DEBUGGER_STOP_TRAP:
        show_trap(console);
        return;
    case DEBUGGER_STOP_BREAKPOINT:
        console_say(console, "breakpoint %u\n", hit ? hit->number : 0);
        break;
    case DEBUGGER_STOP_WATCHPOINT:
        show_watch(console, hit);
        break;
    case DEBUGGER_STOP_CATCH:
        show_catch(console, hit);
        break;
    case DEBUGGER_STOP_REQUEST:
        console_say(console, "stopped at %" G_GUINT64_FORMAT " instructions\n", machine_instructions(console->machine));
        break;
    default:
        break;
    }
    show_place(console);
}

static bool do_continue(struct console *console, const char *arguments, GError **error)
{
    struct debugger_point *hit = debugger_hit(console->debugger);
    struct debugger_point *point;
    uint64_t count;

    if (console->only_looking)
        return console_fail(error, "the guest is running already");
    if (*arguments) { /* ignore so many more */
        if (!console_value(console, arguments, &count, error))
            return false;
        for (unsigned i = 0; hit && (point = debugger_point(console->debugger, i)); i++)
            if (point->number == hit->number && count)
                point->ignore = count - 1;
    }
    return console_alive(console, error) && console_resume(console, debugger_continue);
}

static bool stop(struct console *console, const char *arguments, GError **error)
{
    if (!console->only_looking)
        return console_fail(error, "the guest stands still already");
    console->request = CONSOLE_STOP;
    return true;
}

static bool repeat(struct console *console, const char *arguments, enum debugger_stop (*run)(struct debugger *),
                   GError **error)
{
    enum debugger_stop reason = DEBUGGER_STOP_STEP;
    uint64_t count = 1;

    if (*arguments && !console_value(console, arguments, &count, error))
        return false;
    console_before_run(console);
    while (count-- && reason == DEBUGGER_STOP_STEP)
        reason = run(console->debugger);
    console_after_run(console, reason);
    return true;
}

static enum debugger_stop line_into(struct debugger *debugger)
{
    return debugger_step_line(debugger, false);
}

static enum debugger_stop line_over(struct debugger *debugger)
{
    return debugger_step_line(debugger, true);
}

/* One instruction; a call is executed to its return. */
static enum debugger_stop instruction_over(struct debugger *debugger)
{
    struct cpu *cpu = debugger_cpu(debugger);
    struct space space;

    space_current(debugger_machine(debugger), cpu, &space);
    g_autoptr(GArray) code = disassemble(&space, NULL, cpu_pc(cpu), 1, DISASSEMBLE_INTEL);
    if (!code || !code->len || !g_array_index(code, struct disassembled, 0).is_call)
        return debugger_step(debugger, 1);
    return debugger_step_over(debugger, g_array_index(code, struct disassembled, 0).length);
}

static bool step(struct console *console, const char *arguments, GError **error)
{
    return repeat(console, arguments, line_into, error);
}

static bool next(struct console *console, const char *arguments, GError **error)
{
    return repeat(console, arguments, line_over, error);
}

static bool nexti(struct console *console, const char *arguments, GError **error)
{
    return repeat(console, arguments, instruction_over, error);
}

static bool stepi(struct console *console, const char *arguments, GError **error)
{
    uint64_t count = 1;

    if (*arguments && !console_value(console, arguments, &count, error))
        return false;
    console_before_run(console);
    console_after_run(console, debugger_step(console->debugger, MAX(count, 1)));
    return true;
}

static bool finish(struct console *console, const char *arguments, GError **error)
{
    if (!console_resume(console, debugger_finish))
        return false;
    if (console->ended == MACHINE_STOP_NONE && !debugger_hit(console->debugger)) {
        uint64_t value = 0;
        bool x86 = machine_config(console->machine)->arch == CPU_ARCH_X86_64;
        if (console_value(console, x86 ? "$rax" : "$x0", &value, NULL))
            console_say(console, "it returned 0x%" G_GINT64_MODIFIER "x\n", value);
    }
    return true;
}

/* To a place, this function's or another's; without one, past this line. */
static bool until(struct console *console, const char *arguments, GError **error)
{
    uint64_t start = cpu_pc(debugger_cpu(console->debugger));
    enum debugger_stop reason;

    if (!*arguments) {
        console_before_run(console);
        do
            reason = debugger_step_line(console->debugger, true);
        while (reason == DEBUGGER_STOP_STEP && cpu_pc(debugger_cpu(console->debugger)) < start &&
               start - cpu_pc(debugger_cpu(console->debugger)) < 4096);
        console_after_run(console, reason);
        return true;
    }
    g_autoptr(GArray) places = console_location(console, arguments, true, error);
    if (!places)
        return false;
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(unsigned));
    for (guint i = 0; i < places->len; i++) {
        struct debugger_point point = {.kind = DEBUGGER_POINT_CODE,
                                       .address = g_array_index(places, uint64_t, i),
                                       .root = SYMBOLS_ANY_SPACE,
                                       .enabled = true};
        unsigned number = debugger_insert(console->debugger, &point, error);
        g_array_append_val(numbers, number);
    }
    console_resume(console, debugger_continue);
    for (guint i = 0; i < numbers->len; i++)
        debugger_remove(console->debugger, g_array_index(numbers, unsigned, i));
    return true;
}

/* To an exact count of instructions. */
static bool run_to(struct console *console, const char *arguments, GError **error)
{
    uint64_t count;

    if (!console_value(console, arguments, &count, error))
        return false;
    if (count <= machine_instructions(console->machine))
        return console_fail(error, "the guest has executed %" G_GUINT64_FORMAT " instructions already",
                            machine_instructions(console->machine));
    console_before_run(console);
    console_after_run(console, debugger_run_to(console->debugger, count));
    return true;
}

const struct command commands_run[] = {
    {"continue c cont fg", "[N]", "let the guest run; the breakpoint here is passed over N-1 times", COMMAND_REPEATS,
     do_continue},
    {"stop", "", "stop the guest that runs (monitor)", 0, stop},
    {"step s", "[N]", "to the next source line, into functions", COMMAND_RUNS | COMMAND_STANDING | COMMAND_REPEATS,
     step},
    {"next n", "[N]", "to the next source line, over functions", COMMAND_RUNS | COMMAND_STANDING | COMMAND_REPEATS,
     next},
    {"stepi si", "[N]", "N instructions, exactly, into interrupts and exceptions too",
     COMMAND_RUNS | COMMAND_STANDING | COMMAND_REPEATS, stepi},
    {"nexti ni", "[N]", "one instruction, over a call", COMMAND_RUNS | COMMAND_STANDING | COMMAND_REPEATS, nexti},
    {"finish fin", "", "out of this function", COMMAND_RUNS | COMMAND_STANDING, finish},
    {"until u advance", "[LOCATION]", "to a place; without one, to a later line of this function",
     COMMAND_RUNS | COMMAND_STANDING | COMMAND_SYMBOLS, until},
    {"run-to goto", "COUNT", "until the guest has executed COUNT instructions", COMMAND_RUNS | COMMAND_STANDING,
     run_to},
    {NULL},
};
