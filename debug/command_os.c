/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: the system inside the guest: processes, system calls, symbols. */
#include <ctype.h>
#include <string.h>

#include "debug/command.h"

/* Who wants to see system calls; stays with the system calls' listeners, which have no end. */
struct syscall_watch {
    struct console *console; /* NULL: nobody any more */
    bool on;
    uint64_t process; /* UINT64_MAX: all */
};

static struct os *known_os(struct console *console, GError **error)
{
    struct os *os = debugger_os(console->debugger);
    struct cpu *cpu = debugger_cpu(console->debugger);

    if (debugger_symbols(console->debugger))
        symbols_find_kernel(debugger_symbols(console->debugger), cpu);
    if (os && os_name(os, cpu))
        return os;
    console_fail(error, "no system is known that runs here (yet)");
    return NULL;
}

struct find_process {
    const char *name;
    struct os_process *found;
    unsigned count;
};

static void compare_name(void *opaque, const struct os_process *process)
{
    struct find_process *find = opaque;

    if (!strstr(process->name, find->name))
        return;
    if (find->count++ == 0)
        *find->found = *process;
}

bool console_process(struct console *console, const char *text, struct os_process *process, GError **error)
{
    struct os *os = known_os(console, error);
    struct find_process find = {.name = text, .found = process};
    g_autofree char *why = NULL;

    if (!os)
        return false;
    if (isdigit((unsigned char)*text)) {
        if (os_find(os, g_ascii_strtoull(text, NULL, 0), process))
            return true;
        return console_fail(error, "there is no process %s (ps lists them)", text);
    }
    if (!os_each(os, compare_name, &find, &why))
        return console_fail(error, "the processes are not known: %s", why ? why : "no reason given");
    if (find.count == 0)
        return console_fail(error, "no process is called %s (ps lists them)", text);
    return true;
}

static void print_process(void *opaque, const struct os_process *process)
{
    struct console *console = opaque;

    console_say(console, "%6" G_GUINT64_FORMAT " %6" G_GUINT64_FORMAT " %-10s %c %8.3f %s\n", process->id,
                process->thread, process->state, process->driver ? 'D' : ' ', (double)process->cpu_ns / 1e9,
                process->name);
}

static bool ps(struct console *console, const char *arguments, GError **error)
{
    struct os *os = known_os(console, error);
    g_autofree char *why = NULL;

    if (!os)
        return false;
    console_say(console, "%6s %6s %-10s %c %8s %s\n", "PID", "TID", "STATE", 'D', "CPU", "NAME");
    if (os_each(os, print_process, console, &why))
        return true;
    return console_fail(error, "the processes are not known: %s", why ? why : "no reason given");
}

static bool ask(struct console *console, const char *question, const char *arguments, GError **error)
{
    struct os *os = known_os(console, error);
    struct os_process process;

    if (!os || (*arguments && !console_process(console, arguments, &process, error)))
        return false;
    bool current = !*arguments && os_current(os, debugger_cpu(console->debugger), &process);
    g_autofree char *text = os_query(os, question, *arguments || current ? &process : NULL, error);
    if (text)
        console_say(console, "%s%s", text, g_str_has_suffix(text, "\n") ? "" : "\n");
    return text != NULL;
}

static bool maps(struct console *console, const char *arguments, GError **error)
{
    return ask(console, "maps", arguments, error);
}

static bool fds(struct console *console, const char *arguments, GError **error)
{
    return ask(console, "fds", arguments, error);
}

static bool schemes(struct console *console, const char *arguments, GError **error)
{
    return ask(console, "schemes", arguments, error);
}

static bool irqs(struct console *console, const char *arguments, GError **error)
{
    return ask(console, "irqs", arguments, error);
}

static bool dmesg(struct console *console, const char *arguments, GError **error)
{
    return ask(console, "dmesg", arguments, error);
}

static void on_syscall(void *opaque, const struct syscall *call)
{
    struct syscall_watch *watch = opaque;

    if (!watch->console || !watch->on || !call->instructions_end)
        return;
    if (watch->process != UINT64_MAX && watch->process != call->process)
        return;
    g_autofree char *text = syscall_describe(debugger_os(watch->console->debugger), call);
    console_say(watch->console, "[%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "] %s\n", call->process, call->thread,
                text ? text : "?");
}

void console_stop_strace(struct console *console)
{
    if (!console->strace)
        return;
    console->strace->on = false;
    console->strace->console = NULL;
}

static bool strace_last(struct console *console, uint64_t thread)
{
    struct syscall calls[SYSCALLS_KEPT];
    unsigned count = syscalls_last(debugger_syscalls(console->debugger), thread, calls, SYSCALLS_KEPT);

    for (unsigned i = 0; i < count; i++) {
        g_autofree char *text = syscall_describe(debugger_os(console->debugger), &calls[i]);
        console_say(console, "%14" G_GUINT64_FORMAT " %s\n", calls[i].instructions, text ? text : "?");
    }
    if (!count)
        console_say(console, "no system calls of it were seen (strace on begins to look)\n");
    return true;
}

static bool strace(struct console *console, const char *arguments, GError **error)
{
    struct syscalls *syscalls = debugger_syscalls(console->debugger);
    struct os_process process;

    if (!syscalls)
        return console_fail(error, "system calls are not observed in this machine");
    syscalls_enable(syscalls, true);
    if (g_str_has_prefix(arguments, "last ") || strcmp(arguments, "last") == 0) {
        if (arguments[4] && !console_process(console, arguments + 5, &process, error))
            return false;
        if (!arguments[4] && !os_current(debugger_os(console->debugger), debugger_cpu(console->debugger), &process))
            return console_fail(error, "who runs is not known: give a process");
        return strace_last(console, process.thread);
    }
    if (!console->strace) {
        console->strace = g_new0(struct syscall_watch, 1); /* as long as the listeners, which is for good */
        console->strace->console = console;
        syscalls_listen(syscalls, on_syscall, console->strace);
    }
    console->strace->process = UINT64_MAX;
    if (g_str_has_prefix(arguments, "-p ")) {
        if (!console_process(console, arguments + 3, &process, error))
            return false;
        console->strace->process = process.id;
    }
    console->strace->on = strcmp(arguments, "off") != 0;
    return true;
}

static bool symbols(struct console *console, const char *arguments, GError **error)
{
    struct symbols *all = debugger_symbols(console->debugger);
    struct space space;

    if (!all)
        return console_fail(error, "this machine has no symbols");
    if (g_str_has_prefix(arguments, "add "))
        return symbols_add_path(all, arguments + 4, error);
    console_space(console, &space);
    symbols_find_kernel(all, debugger_cpu(console->debugger));
    g_autoptr(GPtrArray) names = symbols_complete(all, space.root, arguments, 200);
    for (guint i = 0; names && i < names->len; i++)
        console_say(console, "%s\n", (const char *)g_ptr_array_index(names, i));
    return (names && names->len) || console_fail(error, "no symbol begins with \"%s\"", arguments);
}

const struct command commands_os[] = {
    {"ps", "", "the guest's processes", 0, ps},
    {"strace", "[-p PROCESS] | off | last [PROCESS]", "show system calls as they return; or the last ones of a process",
     0, strace},
    {"maps", "[PROCESS]", "its address space", 0, maps},
    {"fds", "[PROCESS]", "its open files", 0, fds},
    {"schemes", "", "schemes and who serves them (Redox)", 0, schemes},
    {"irqs", "", "interrupts as the system counts them", 0, irqs},
    {"dmesg", "", "the kernel's log", 0, dmesg},
    {"symbols sym", "PREFIX | add FILE|DIR", "names that begin so; or read a file of symbols", COMMAND_SYMBOLS,
     symbols},
    {NULL},
};
