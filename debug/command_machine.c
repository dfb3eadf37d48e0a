/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: info about the machine: registers, points, page tables, devices; traces. */
#include <string.h>

#include "debug/command.h"
#include "debug/registers.h"

#define MOST_RANGES 2000

static const char *const group_names[] = {"general", "segment", "float", "vector", "system"};

static void print_register(struct console *console, unsigned index, const struct register_info *info)
{
    struct cpu *cpu = debugger_cpu(console->debugger);
    enum cpu_arch arch = cpu_architecture(cpu);
    uint8_t bytes[16];

    register_get(cpu, index, bytes);
    if (info->bits > 64) {
        console_say(console, "%-14s 0x", info->name);
        for (unsigned i = info->bits / 8; i > 0; i--)
            console_say(console, "%02x", bytes[i - 1]);
        console_say(console, "\n");
        return;
    }
    uint64_t value = register_get_u64(cpu, index);
    g_autofree char *decoded = register_decode(arch, index, value);
    g_autofree char *name = decoded || info->group != REGISTER_GENERAL ? NULL : console_address(console, value);
    const char *symbol = name ? strchr(name, '<') : NULL;
    console_say(console, "%-14s 0x%016" G_GINT64_MODIFIER "x  %s\n", info->name, value,
                decoded  ? decoded
                : symbol ? symbol
                         : "");
}

static bool info_registers(struct console *console, const char *arguments, GError **error)
{
    enum cpu_arch arch = cpu_architecture(debugger_cpu(console->debugger));
    g_autofree char *word = NULL;
    const struct register_info *info;

    if (!*arguments)
        arguments = "general segment";
    while ((word = console_word(&arguments))) {
        bool any = false;
        const char *name = *word == '$' ? word + 1 : word;
        for (unsigned i = 0; (info = register_at(arch, i)); i++) {
            if (strcmp(word, "all") != 0 && strcmp(name, info->name) != 0 &&
                strcmp(word, group_names[info->group]) != 0)
                continue;
            print_register(console, i, info);
            any = true;
        }
        bool optional = strcmp(word, "segment") == 0;
        if (!any && !optional)
            return console_fail(error, "%s is no register; groups are general, segment, float, vector, system, all",
                                word);
        g_clear_pointer(&word, g_free);
    }
    return true;
}

static const char *point_kind(const struct debugger_point *point)
{
    static const char *const names[] = {"breakpoint",      "watch",         "rwatch",        "awatch",
                                        "watch -p",        "rwatch -p",     "awatch -p",     "catch exception",
                                        "catch interrupt", "catch syscall", "catch process", "catch driver",
                                        "watch -io",       "rwatch -io",    "awatch -io"};

    return names[point->kind];
}

static bool info_breakpoints(struct console *console, const char *arguments, GError **error)
{
    const struct debugger_point *point;

    for (unsigned i = 0; (point = debugger_point(console->debugger, i)); i++) {
        bool place = point->kind < DEBUGGER_POINT_CATCH_EXCEPTION || point->kind > DEBUGGER_POINT_CATCH_DRIVER;
        bool pending = point->kind == DEBUGGER_POINT_CODE && point->address == DEBUGGER_PENDING;
        g_autofree char *address = pending ? g_strdup("not known yet")
                                   : place ? console_address(console, point->address)
                                           : g_strdup("");
        console_say(console, "%-3u %-15s %s%s %s", point->number, point_kind(point), point->enabled ? "on " : "off",
                    point->temporary ? " once" : "", address);
        if (place && point->length > 1)
            console_say(console, ", %" G_GUINT64_FORMAT " bytes", point->length);
        if (point->text && *point->text)
            console_say(console, " (%s)", point->text);
        if (point->root != SYMBOLS_ANY_SPACE)
            console_say(console, " in space 0x%" G_GINT64_MODIFIER "x", point->root);
        console_say(console, ", %" G_GUINT64_FORMAT " times\n", point->hits);
        if (point->condition)
            console_say(console, "      if %s\n", point->condition);
        if (point->ignore)
            console_say(console, "      the next %" G_GUINT64_FORMAT " are ignored\n", point->ignore);
    }
    if (!debugger_point(console->debugger, 0))
        console_say(console, "no breakpoints, watchpoints or catches\n");
    return true;
}

struct mapped {
    uint64_t start, end, physical;
    bool user, writable, executable;
};

static void print_mapped(struct console *console, const struct mapped *range)
{
    if (range->end != range->start)
        console_say(console,
                    "0x%016" G_GINT64_MODIFIER "x-0x%016" G_GINT64_MODIFIER "x -> 0x%010" G_GINT64_MODIFIER
                    "x %c r%c%c\n",
                    range->start, range->end - 1, range->physical, range->user ? 'u' : 'k', range->writable ? 'w' : '-',
                    range->executable ? 'x' : '-');
}

static bool joins(const struct mapped *range, uint64_t address, const struct space_walk *step)
{
    return range->end == address && range->physical + (range->end - range->start) == step->physical &&
           range->user == step->user && range->writable == step->writable && range->executable == step->executable;
}

/* Bytes that the last entry looked at stands for. */
static uint64_t span(enum cpu_arch arch, const struct space_walk *step)
{
    unsigned level = step->steps ? step->step[step->steps - 1].level : arch == CPU_ARCH_X86_64 ? 4 : 0;
    unsigned above = arch == CPU_ARCH_X86_64 ? level - 1 : 3 - level;

    return step->mapped ? step->page_size : UINT64_C(1) << (12 + 9 * MIN(above, 4));
}

/* The page tables as ranges; a part of the space when its ends are given. */
static bool info_mem(struct console *console, const char *arguments, GError **error)
{
    enum cpu_arch arch = machine_config(console->machine)->arch;
    struct mapped range = {0};
    struct space space;
    uint64_t address = 0;
    unsigned lines = 0;

    if (*arguments && !console_value(console, arguments, &address, error))
        return false;
    console_space(console, &space);
    address &= ~UINT64_C(4095);
    while (lines < MOST_RANGES) {
        struct space_walk step;
        space_walk(&space, address, &step);
        uint64_t size = span(arch, &step), left = size - (address & (size - 1));
        if (step.mapped && range.end != range.start && joins(&range, address, &step)) {
            range.end += left;
        } else if (step.mapped) {
            print_mapped(console, &range);
            lines += range.end != range.start;
            range = (struct mapped){.start = address,
                                    .end = address + left,
                                    .physical = step.physical,
                                    .user = step.user,
                                    .writable = step.writable,
                                    .executable = step.executable};
        }
        address += left;
        if (address == 0)
            break;
        if (address >> 47 && address >> 47 != 0x1ffff) /* the hole between the halves */
            address = UINT64_C(0xffff800000000000);
    }
    print_mapped(console, &range);
    if (lines >= MOST_RANGES)
        console_say(console, "... more from 0x%" G_GINT64_MODIFIER "x on: info mem ADDRESS\n", address);
    return true;
}

static bool info_devices(struct console *console, const char *arguments, GError **error)
{
    const struct device_class *device_class;
    const char *id;
    void *device;

    for (unsigned i = 0; machine_device(console->machine, i, &device_class, &device, &id); i++)
        console_say(console, "%-20s %s\n", id, device_class->name);
    return true;
}

static bool print_device(struct console *console, const char *name, bool prefix)
{
    const struct device_class *device_class;
    const char *id;
    void *device;
    bool any = false;

    for (unsigned i = 0; machine_device(console->machine, i, &device_class, &device, &id); i++) {
        bool this = prefix ? strstr(id, name) || strstr(device_class->name, name)
                           : strcmp(id, name) == 0 || strcmp(device_class->name, name) == 0;
        if (!this || !device_class->state)
            continue;
        g_autoptr(GString) text = g_string_new(NULL);
        state_print(device_class->state, device, text);
        console_say(console, "%s (%s):\n%s", id, device_class->name, text->str);
        any = true;
    }
    return any;
}

static bool info_irq(struct console *console, const char *arguments, GError **error)
{
    static const char *const controllers[] = {"i8259", "ioapic", "lapic", "gic"};
    bool any = false;

    for (unsigned i = 0; i < G_N_ELEMENTS(controllers); i++)
        any |= print_device(console, controllers[i], true);
    return any || console_fail(error, "this machine has no interrupt controller that is known");
}

static bool info_pci(struct console *console, const char *arguments, GError **error)
{
    return print_device(console, "pci", true) || console_fail(error, "this machine has no PCI");
}

static bool info_regions(struct console *console, const char *arguments, GError **error)
{
    static const char *const spaces[] = {"memory", "port"};
    uint64_t address, size;
    const char *name;

    for (unsigned space = MEMORY_SPACE_PHYSICAL; space <= MEMORY_SPACE_PORT; space++)
        for (unsigned i = 0; (name = memory_region_name(machine_memory(console->machine), space, i, &address, &size));
             i++)
            console_say(console, "%-6s 0x%010" G_GINT64_MODIFIER "x-0x%010" G_GINT64_MODIFIER "x %s\n", spaces[space],
                        address, address + size - 1, name);
    return true;
}

static bool info_cpus(struct console *console, const char *arguments, GError **error)
{
    for (unsigned i = 0; i < machine_config(console->machine)->cpus; i++) {
        struct cpu *cpu = machine_cpu(console->machine, i);
        g_autofree char *pc = console_address(console, cpu_pc(cpu));
        console_say(console, "%c %u: %s at %s, privilege %u\n", cpu == debugger_cpu(console->debugger) ? '*' : ' ', i,
                    !cpu_is_on(cpu)      ? "off"
                    : cpu_is_halted(cpu) ? "halted"
                                         : "running",
                    pc, cpu_privilege(cpu));
    }
    return true;
}

static bool info_time(struct console *console, const char *arguments, GError **error)
{
    int64_t now = machine_now(console->machine);
    const char *os = debugger_os(console->debugger)
                         ? os_name(debugger_os(console->debugger), debugger_cpu(console->debugger))
                         : NULL;

    console_say(console, "%" G_GUINT64_FORMAT " instructions, virtual time %" G_GINT64_FORMAT ".%09d s, system: %s\n",
                machine_instructions(console->machine), now / NANOSECONDS_PER_SECOND,
                (int)(now % NANOSECONDS_PER_SECOND), os ? os : "not known");
    return true;
}

static bool info_symbol(struct console *console, const char *arguments, GError **error)
{
    uint64_t address;

    if (!console_value(console, arguments, &address, error))
        return false;
    g_autofree char *text = console_address(console, address);
    console_say(console, "%s\n", text);
    return true;
}

static const struct topic {
    const char *name, *summary;
    bool (*run)(struct console *console, const char *arguments, GError **error);
} topics[] = {
    {"registers", "[NAME|GROUP]...: registers, system ones decoded", info_registers},
    {"all-registers", "all of them", NULL},
    {"locals", "variables of the selected frame, and of the functions inlined there", console_info_locals},
    {"args", "their arguments", console_info_args},
    {"breakpoints", "breakpoints, watchpoints, catches", info_breakpoints},
    {"watchpoints", "the same", info_breakpoints},
    {"mem", "[ADDRESS]: what the page tables map", info_mem},
    {"tlb", "the same", info_mem},
    {"mtree", "what answers where in physical memory and port space", info_regions},
    {"regions", "the same", info_regions},
    {"devices", "devices; info DEVICE shows the state of one", info_devices},
    {"qtree", "the same", info_devices},
    {"pci", "the state of PCI", info_pci},
    {"irq", "the state of the interrupt controllers", info_irq},
    {"pic", "the same", info_irq},
    {"cpus", "where the CPUs are", info_cpus},
    {"time", "instructions, virtual time, system", info_time},
    {"status", "the same", info_time},
    {"symbol", "ADDRESS: its name", info_symbol},
};

static bool info(struct console *console, const char *arguments, GError **error)
{
    g_autofree char *name = console_word(&arguments);

    for (unsigned i = 0; !name && i < G_N_ELEMENTS(topics); i++)
        console_say(console, "info %-14s %s\n", topics[i].name, topics[i].summary);
    if (!name)
        return true;
    if (strcmp(name, "all-registers") == 0)
        return info_registers(console, "all", error);
    if (print_device(console, name, false))
        return true;
    for (unsigned i = 0; i < G_N_ELEMENTS(topics); i++)
        if (topics[i].run && g_str_has_prefix(topics[i].name, name))
            return topics[i].run(console, arguments, error);
    return console_fail(error, "info %s: there is no such topic or device (info, and info devices, list them)", name);
}

static bool trace(struct console *console, const char *arguments, GError **error)
{
    if (!*arguments)
        return console_fail(error, "trace what? KIND,...[:FILE]; to end it: trace off");
    if (strcmp(arguments, "off") == 0) {
        trace_stop(machine_trace_log(console->machine));
        return true;
    }
    return trace_configure(machine_trace_log(console->machine), arguments, error);
}

static bool cpu(struct console *console, const char *arguments, GError **error)
{
    uint64_t index;

    if (!*arguments)
        return info_cpus(console, arguments, error);
    if (!console_value(console, arguments, &index, error))
        return false;
    if (index >= machine_config(console->machine)->cpus)
        return console_fail(error, "there are CPUs 0 to %u", machine_config(console->machine)->cpus - 1);
    debugger_select_cpu(console->debugger, machine_cpu(console->machine, (unsigned)index));
    console_forget_frames(console);
    return true;
}

const struct command commands_machine[] = {
    {"info i", "[TOPIC|DEVICE]",
     "registers, locals, args, breakpoints, mem, devices, pci, irq, ...; info alone lists them", COMMAND_SYMBOLS, info},
    {"cpu", "[N]", "look from another CPU", COMMAND_STANDING, cpu},
    {"trace log", "KIND,...[:FILE] | off", "write events to the standard error or a file, as --trace does", 0, trace},
    {NULL},
};
