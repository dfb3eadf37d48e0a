/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breakpoints, watchpoints and catches: what they hang on in the machine, and whether what happens there is a hit. */
#include <gio/gio.h>
#include <string.h>

#include "debug/debugger_internal.h"
#include "debug/expression.h"
#include "emu/bytes.h"

static bool condition_holds(struct placed_point *placed, struct cpu *cpu)
{
    struct expression_scope scope = {.debugger = placed->debugger, .cpu = cpu};
    g_autoptr(GError) error = NULL;
    uint64_t value;

    if (!placed->point.condition)
        return true;
    if (expression_evaluate(&scope, placed->point.condition, &value, &error))
        return value != 0;
    machine_note(placed->debugger->machine, "point %u: its condition cannot be looked at: %s", placed->point.number,
                 error->message);
    return true;
}

/* What the point waits for has happened on @cpu; true: it is a hit. */
static bool is_hit(struct placed_point *placed, struct cpu *cpu)
{
    struct debugger *debugger = placed->debugger;
    struct debugger_point *point = &placed->point;

    if (!point->enabled || debugger->machine_stop != MACHINE_STOP_NONE)
        return false;
    if (point->root != SYMBOLS_ANY_SPACE && point->root != debugger_root(debugger, cpu))
        return false;
    if (!condition_holds(placed, cpu))
        return false;
    point->hits++;
    if (point->ignore == 0)
        return true;
    point->ignore--;
    return false;
}

static void take_hit(struct placed_point *placed, uint64_t address)
{
    struct debugger *debugger = placed->debugger;

    if (debugger->hit)
        return;
    debugger->hit = g_memdup2(&placed->point, sizeof(placed->point)); /* its texts stay the point's */
    debugger->hit_address = address;
}

static void stop_for(struct placed_point *placed, struct cpu *cpu, enum debugger_stop stop, uint64_t address)
{
    if (!is_hit(placed, cpu))
        return;
    take_hit(placed, address);
    debugger_note_stop(placed->debugger, stop, cpu);
}

static void on_code(void *opaque, struct cpu *cpu)
{
    struct placed_point *placed = opaque;
    struct debugger *debugger = placed->debugger;

    if (debugger->left_valid && cpu == debugger->left_cpu && placed->point.address == debugger->left_pc &&
        machine_instructions(debugger->machine) == debugger->left_count)
        return; /* where the user stands already */
    stop_for(placed, cpu, DEBUGGER_STOP_BREAKPOINT, placed->point.address);
}

static void on_exception(void *opaque, struct cpu *cpu, const struct cpu_exception *exception)
{
    struct placed_point *placed = opaque;

    if (placed->point.address == UINT64_MAX || placed->point.address == exception->vector)
        stop_for(placed, cpu, DEBUGGER_STOP_CATCH, exception->vector);
}

/* Gives a point that waits its place; where there are several, the others become points of their own. */
static void settle(struct debugger *debugger, struct placed_point *placed, uint64_t root)
{
    g_autoptr(GArray) places = symbols_resolve_code(debugger->symbols, root, placed->point.text);

    if (!places || places->len == 0)
        return;
    debugger->pending--;
    placed->point.address = g_array_index(places, uint64_t, 0);
    placed->probe = machine_probe_add(debugger->machine, placed->point.address, on_code, placed);
    for (guint i = 1; i < places->len; i++) {
        struct debugger_point another = placed->point;
        another.address = g_array_index(places, uint64_t, i);
        debugger_insert(debugger, &another, NULL);
    }
}

static void settle_all(struct debugger *debugger, uint64_t root)
{
    for (guint i = 0; i < debugger->points->len && debugger->pending; i++) {
        struct placed_point *placed = g_ptr_array_index(debugger->points, i);
        if (placed->point.kind == DEBUGGER_POINT_CODE && placed->point.address == DEBUGGER_PENDING)
            settle(debugger, placed, root);
    }
}

void debugger_look_for_kernel(struct debugger *debugger)
{
    struct cpu *cpu = machine_last_cpu(debugger->machine);

    if (debugger->kernel_known || !symbols_find_kernel(debugger->symbols, cpu))
        return;
    debugger->kernel_known = true;
    settle_all(debugger, debugger_root(debugger, cpu));
}

/* A program has started: its places may be among those that are waited for. */
static void look_into_process(struct debugger *debugger, const struct os_process *process)
{
    if (!debugger->pending)
        return;
    os_place_modules(debugger->os, process);
    settle_all(debugger, process->root);
}

/* The first system call of a program, or of a driver, is taken as its start. */
static void look_for_process(struct debugger *debugger, struct cpu *cpu)
{
    struct os_process process;

    if (!debugger->processes || !debugger->os || !os_current(debugger->os, cpu, &process))
        return;
    g_autofree char *state = g_strdup_printf("%c%s", process.driver ? 'd' : 'p', process.name);
    const char *before = g_hash_table_lookup(debugger->processes, &process.id);
    if (before && strcmp(before, state) == 0)
        return;
    bool started = !before || strcmp(before + 1, process.name) != 0;
    bool driver = process.driver && (started || *before != 'd');
    g_hash_table_insert(debugger->processes, g_memdup2(&process.id, sizeof(process.id)), g_steal_pointer(&state));
    if (started)
        look_into_process(debugger, &process);
    for (guint i = 0; i < debugger->points->len; i++) {
        struct placed_point *placed = g_ptr_array_index(debugger->points, i);
        bool wanted = (placed->point.kind == DEBUGGER_POINT_CATCH_PROCESS && started) ||
                      (placed->point.kind == DEBUGGER_POINT_CATCH_DRIVER && driver);
        if (wanted && (!placed->point.text || g_pattern_match_simple(placed->point.text, process.name)))
            stop_for(placed, cpu, DEBUGGER_STOP_CATCH, process.id);
    }
}

static void on_syscall(void *opaque, const struct syscall *call)
{
    struct debugger *debugger = opaque;
    struct cpu *cpu = machine_running_cpu(debugger->machine);

    if (call->instructions_end || !cpu)
        return;
    for (guint i = 0; i < debugger->points->len; i++) {
        struct placed_point *placed = g_ptr_array_index(debugger->points, i);
        if (placed->point.kind == DEBUGGER_POINT_CATCH_SYSCALL &&
            (placed->point.address == UINT64_MAX || placed->point.address == call->number))
            stop_for(placed, cpu, DEBUGGER_STOP_CATCH, call->number);
    }
    look_for_process(debugger, cpu);
}

static void remember_process(void *opaque, const struct os_process *process)
{
    g_hash_table_insert(opaque, g_memdup2(&process->id, sizeof(process->id)),
                        g_strdup_printf("%c%s", process->driver ? 'd' : 'p', process->name));
}

static bool listen_to_syscalls(struct debugger *debugger, bool processes, GError **error)
{
    g_autofree char *why = NULL;

    if (!debugger->syscalls) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "system calls are not observed in this machine");
        return false;
    }
    syscalls_enable(debugger->syscalls, true);
    if (!debugger->listens)
        syscalls_listen(debugger->syscalls, on_syscall, debugger);
    debugger->listens = true;
    if (processes && !debugger->processes) {
        debugger->processes = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
        if (debugger->os)
            os_each(debugger->os, remember_process, debugger->processes, &why);
    }
    return true;
}

static const struct watch_kind {
    enum debugger_point_kind kind;
    enum cpu_watch_space space;
    enum cpu_watch access;
} watch_kinds[] = {
    {DEBUGGER_POINT_WRITE, CPU_WATCH_VIRTUAL, CPU_WATCH_WRITE},
    {DEBUGGER_POINT_READ, CPU_WATCH_VIRTUAL, CPU_WATCH_READ},
    {DEBUGGER_POINT_ACCESS, CPU_WATCH_VIRTUAL, CPU_WATCH_ACCESS},
    {DEBUGGER_POINT_PHYSICAL_WRITE, CPU_WATCH_PHYSICAL, CPU_WATCH_WRITE},
    {DEBUGGER_POINT_PHYSICAL_READ, CPU_WATCH_PHYSICAL, CPU_WATCH_READ},
    {DEBUGGER_POINT_PHYSICAL_ACCESS, CPU_WATCH_PHYSICAL, CPU_WATCH_ACCESS},
    {DEBUGGER_POINT_PORT_WRITE, CPU_WATCH_PORT, CPU_WATCH_WRITE},
    {DEBUGGER_POINT_PORT_READ, CPU_WATCH_PORT, CPU_WATCH_READ},
    {DEBUGGER_POINT_PORT_ACCESS, CPU_WATCH_PORT, CPU_WATCH_ACCESS},
};

static const struct watch_kind *watch_kind(enum debugger_point_kind kind)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(watch_kinds); i++)
        if (watch_kinds[i].kind == kind)
            return &watch_kinds[i];
    return NULL;
}

/* Of a watched range of up to 8 bytes of memory; device registers are not read. */
static uint64_t watched_value(struct placed_point *placed, struct cpu *cpu)
{
    struct debugger *debugger = placed->debugger;
    const struct watch_kind *kind = watch_kind(placed->point.kind);
    uint64_t length = placed->point.length;
    uint8_t bytes[8] = {0};
    struct space space;

    if (length > 8 || kind->space == CPU_WATCH_PORT)
        return 0;
    if (kind->space == CPU_WATCH_PHYSICAL) {
        const void *host = memory_pointer(machine_memory(debugger->machine), placed->point.address, length);
        if (host)
            memcpy(bytes, host, length);
    } else {
        if (placed->point.root == SYMBOLS_ANY_SPACE)
            space_current(debugger->machine, cpu, &space);
        else
            space_of_root(debugger->machine, cpu, placed->point.root, &space);
        space_read(&space, placed->point.address, bytes, length);
    }
    return get_le64(bytes);
}

static bool place_watch(struct placed_point *placed, const struct watch_kind *kind, GError **error)
{
    struct debugger_point *point = &placed->point;

    if (!point->length)
        point->length = kind->space == CPU_WATCH_PORT ? 1 : 8;
    if (!cpu_watchpoint_insert(machine_engine(placed->debugger->machine), kind->space, point->address, point->length,
                               kind->access)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "0x%" G_GINT64_MODIFIER "x with a length of %" G_GINT64_MODIFIER
                    "u goes past the end of the address space",
                    point->address, point->length);
        return false;
    }
    placed->old_value = watched_value(placed, placed->debugger->cpu);
    return true;
}

static bool wait_for_place(struct debugger *debugger, GError **error)
{
    if (!debugger->symbols) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "there are no symbols to wait for");
        return false;
    }
    if (debugger->syscalls && !listen_to_syscalls(debugger, true, error))
        return false;
    debugger->pending++;
    debugger->kernel_known = false;
    return true;
}

static bool place(struct placed_point *placed, GError **error)
{
    struct debugger *debugger = placed->debugger;
    const struct watch_kind *kind = watch_kind(placed->point.kind);
    unsigned faults = MACHINE_OBSERVE_ALL & ~MACHINE_OBSERVE_INTERRUPTS;

    if (kind)
        return place_watch(placed, kind, error);
    switch (placed->point.kind) {
    case DEBUGGER_POINT_CODE:
        if (placed->point.address == DEBUGGER_PENDING)
            return wait_for_place(debugger, error);
        placed->point.length = MAX(placed->point.length, 1);
        placed->probe = machine_probe_add(debugger->machine, placed->point.address, on_code, placed);
        return true;
    case DEBUGGER_POINT_CATCH_EXCEPTION:
        placed->observer = machine_observer_add(debugger->machine, faults, on_exception, placed);
        return true;
    case DEBUGGER_POINT_CATCH_INTERRUPT:
        placed->observer = machine_observer_add(debugger->machine, MACHINE_OBSERVE_INTERRUPTS, on_exception, placed);
        return true;
    case DEBUGGER_POINT_CATCH_SYSCALL:
        return listen_to_syscalls(debugger, false, error);
    default:
        return listen_to_syscalls(debugger, true, error);
    }
}

static void unplace(struct placed_point *placed)
{
    struct machine *machine = placed->debugger->machine;
    const struct watch_kind *kind = watch_kind(placed->point.kind);

    if (placed->point.kind == DEBUGGER_POINT_CODE && placed->point.address == DEBUGGER_PENDING)
        placed->debugger->pending--;
    machine_probe_remove(machine, placed->probe);
    machine_observer_remove(machine, placed->observer);
    if (kind)
        cpu_watchpoint_remove(machine_engine(machine), kind->space, placed->point.address, placed->point.length,
                              kind->access);
}

static void placed_free(struct placed_point *placed)
{
    struct debugger_point *hit = placed->debugger->hit;

    if (hit && hit->number == placed->point.number)
        hit->text = hit->condition = NULL;
    g_free(placed->point.text);
    g_free(placed->point.condition);
    g_free(placed);
}

/* A syntax error now is better than at the first hit; what only this moment lacks may be there then. */
static bool condition_parses(struct debugger *debugger, const struct debugger_point *point, GError **error)
{
    struct expression_scope scope = {.debugger = debugger, .cpu = debugger->cpu, .parses_only = true};
    struct unwind_frame there = {.pc = point->address, .by = UNWIND_BY_REGISTERS}; /* whose locals may be named */
    uint64_t value;

    if (point->kind == DEBUGGER_POINT_CODE) {
        scope.frame = &there;
        scope.any_name = point->address == DEBUGGER_PENDING;
    }
    return !point->condition || expression_evaluate(&scope, point->condition, &value, error);
}

unsigned debugger_insert(struct debugger *debugger, const struct debugger_point *point, GError **error)
{
    if (!condition_parses(debugger, point, error))
        return 0;
    struct placed_point *placed = g_new0(struct placed_point, 1);
    placed->debugger = debugger;
    placed->point = *point;
    placed->point.number = debugger->next_number;
    placed->point.text = g_strdup(point->text);
    placed->point.condition = g_strdup(point->condition);
    placed->point.hits = 0;
    if (!place(placed, error)) {
        placed_free(placed);
        return 0;
    }
    g_ptr_array_add(debugger->points, placed);
    return debugger->next_number++;
}

bool debugger_remove(struct debugger *debugger, unsigned number)
{
    for (guint i = 0; i < debugger->points->len; i++) {
        struct placed_point *placed = g_ptr_array_index(debugger->points, i);
        if (placed->point.number != number)
            continue;
        g_ptr_array_remove_index(debugger->points, i);
        unplace(placed);
        placed_free(placed);
        return true;
    }
    return false;
}

struct debugger_point *debugger_point(struct debugger *debugger, unsigned index)
{
    return index < debugger->points->len ? g_ptr_array_index(debugger->points, index) : NULL;
}

void debugger_forget_points(struct debugger *debugger)
{
    while (debugger->points->len > 0)
        debugger_remove(debugger, debugger_point(debugger, debugger->points->len - 1)->number);
}

void debugger_sweep_points(struct debugger *debugger)
{
    if (!debugger->hit || !debugger->hit->temporary)
        return;
    g_autofree char *text = g_strdup(debugger->hit->text);
    unsigned number = debugger->hit->number;

    debugger_remove(debugger, number);
    for (guint i = debugger->points->len; text && i > 0; i--) { /* other places of the same name */
        const struct debugger_point *point = debugger_point(debugger, i - 1);
        if (point->temporary && g_strcmp0(point->text, text) == 0)
            debugger_remove(debugger, point->number);
    }
}

static bool access_matches(const struct debugger_point *point, const struct watch_kind *kind,
                           const struct cpu_access *access)
{
    uint64_t address = kind->space == CPU_WATCH_PHYSICAL ? access->physical : access->address;
    bool is_port = access->physical == UINT64_MAX && !access->dma && kind->space == CPU_WATCH_PORT;

    if ((kind->space == CPU_WATCH_PORT) != is_port || (access->dma && kind->space != CPU_WATCH_PHYSICAL))
        return false;
    if (!(kind->access & (access->write ? CPU_WATCH_WRITE : CPU_WATCH_READ)))
        return false;
    return address <= point->address + (point->length - 1) && point->address <= address + (access->length - 1);
}

bool debugger_judge_accesses(struct debugger *debugger)
{
    struct cpu_access access;
    bool any = false;

    debugger->machine_stop = MACHINE_STOP_NONE; /* is_hit() counts while the run goes on */
    for (unsigned i = 0; cpu_watchpoint_access(debugger->cpu, i, &access); i++) {
        for (guint j = 0; j < debugger->points->len; j++) {
            struct placed_point *placed = g_ptr_array_index(debugger->points, j);
            const struct watch_kind *kind = watch_kind(placed->point.kind);
            if (!kind || !access_matches(&placed->point, kind, &access) || !is_hit(placed, debugger->cpu))
                continue;
            if (!debugger->hit)
                debugger->hit_old_value = placed->old_value;
            take_hit(placed, kind->space == CPU_WATCH_PHYSICAL ? access.physical : access.address);
            any = true;
        }
    }
    for (guint j = 0; j < debugger->points->len; j++) {
        struct placed_point *placed = g_ptr_array_index(debugger->points, j);
        if (watch_kind(placed->point.kind))
            placed->old_value = watched_value(placed, debugger->cpu);
    }
    debugger->machine_stop = MACHINE_STOP_BREAK;
    return any;
}

uint64_t debugger_hit_old_value(struct debugger *debugger)
{
    return debugger->hit_old_value;
}
