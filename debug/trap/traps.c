/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See trap.h: who looks, and what is told.
 *
 * An exception in kernel mode is judged when the system is known: Redox takes none outside of its copies from and to user memory.
 * Linux mends many of its own by tables, so there the kernel's giving up (places.c) decides, and the exception is remembered for it.
 * A system that is not known may do what it likes; but if the machine dies soon after an exception, that was it.
 */
#include <string.h>

#include "debug/trap/internal.h"
#include "emu/cpu/aarch64.h"
#include "emu/cpu/x86_64.h"

#define LOOK_INTERVAL 1000000 /* instructions between two attempts to find the kernel's symbols */
#define CONSEQUENCE 100000000 /* instructions in which a trap's own consequences are not told again */

bool trap_parse_kinds(const char *text, unsigned *kinds, GError **error)
{
    static const struct {
        const char *name;
        unsigned kinds;
    } names[] = {{"kernel", TRAP_KERNEL}, {"driver", TRAP_DRIVER}, {"user", TRAP_USER}, {"all", TRAP_ALL}, {"none", 0}};
    g_auto(GStrv) list = g_strsplit(text, ",", -1);
    unsigned sum = 0, i;

    for (char **name = list; *name; name++) {
        for (i = 0; i < G_N_ELEMENTS(names) && strcmp(*name, names[i].name) != 0; i++)
            ;
        if (i == G_N_ELEMENTS(names)) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "--trap: \"%s\" is not known: give kernel, driver, user, all or none, separated by commas",
                        *name);
            return false;
        }
        sum |= names[i].kinds;
    }
    *kinds = sum;
    return true;
}

struct trap *trap_copy(const struct trap *trap)
{
    struct trap *copy = g_memdup2(trap, sizeof(*trap));

    copy->cause = g_strdup(trap->cause);
    copy->message = g_strdup(trap->message);
    return copy;
}

void trap_free(struct trap *trap)
{
    if (!trap)
        return;
    g_free(trap->cause);
    g_free(trap->message);
    g_free(trap);
}

static uint64_t flags_of(struct cpu *cpu)
{
    return cpu_architecture(cpu) == CPU_ARCH_AARCH64 ? aarch64_pstate(cpu) : x86_64_rflags(cpu);
}

static void copy_events(const struct traps *traps, struct trap *trap)
{
    unsigned count = MIN(traps->events, TRAP_EVENTS);

    for (unsigned i = 0; i < count; i++)
        trap->event[i] = traps->event[(traps->events - count + i) % TRAP_EVENTS];
    trap->events = count;
}

struct trap *trap_capture(struct traps *traps, struct cpu *cpu, const struct cpu_exception *exception)
{
    struct trap *trap = g_new0(struct trap, 1);

    trap->kind = TRAP_KERNEL;
    trap->cpu = cpu;
    trap->exception = exception ? *exception : (struct cpu_exception){.vector = TRAP_NO_VECTOR, .pc = cpu_pc(cpu)};
    unwind_start(cpu, &trap->frame);
    trap->flags = flags_of(cpu);
    space_current(traps->machine, cpu, &trap->space);
    trap->instructions = machine_instructions(traps->machine);
    trap->ns = machine_now(traps->machine);
    copy_events(traps, trap);
    return trap;
}

/* What follows from the trap before: the panic after a fault in the kernel, the abort after a panic. */
static bool is_consequence(const struct traps *traps, const struct trap *trap)
{
    if (!traps->last_set || traps->last_cpu != trap->cpu || trap->instructions < traps->last_instructions ||
        trap->instructions - traps->last_instructions > CONSEQUENCE)
        return false;
    if (traps->last_kind == TRAP_KERNEL)
        return trap->noticed != TRAP_AT_FAULT || trap->kind == TRAP_KERNEL;
    return trap->kind == traps->last_kind && trap->process_known && trap->process.thread == traps->last_thread;
}

static void know_process(struct traps *traps, struct trap *trap)
{
    if (!trap->process_known)
        trap->process_known = os_current(traps->os, trap->cpu, &trap->process);
    if (trap->process_known && trap->process.root)
        os_place_modules(traps->os, &trap->process);
    if (trap->frame.user)
        trap->kind = trap->process_known && trap->process.driver ? TRAP_DRIVER : TRAP_USER;
}

/* What the loader has handed over is bad, and that came of it. */
static void blame_loader(struct traps *traps, struct trap *trap)
{
    g_autofree char *fault = NULL, *cause = trap->cause;

    if (!trap->process_known || trap->process.name[0] == 0 || trap->process.name[0] == '[')
        fault = os_boot_fault(traps->os);
    trap->cause = fault ? g_strdup_printf("%s: %s", fault, cause) : g_steal_pointer(&cause);
}

void trap_raise(struct traps *traps, struct trap *trap)
{
    know_process(traps, trap);
    if (is_consequence(traps, trap)) {
        trap_free(trap);
        return;
    }
    traps->last_set = true;
    traps->last_instructions = trap->instructions;
    traps->last_kind = trap->kind;
    traps->last_cpu = trap->cpu;
    traps->last_thread = trap->process.thread;
    if (trap->kind & traps->kinds) {
        if (!trap->cause)
            trap->cause = trap_cause(traps->symbols, trap);
        blame_loader(traps, trap);
        traps->told |= trap->kind;
        if (traps->handler)
            traps->handler(traps->opaque, trap);
    }
    trap_free(trap);
}

bool traps_look(struct traps *traps, struct cpu *cpu)
{
    uint64_t now = machine_instructions(traps->machine);
    const char *os;

    if (*traps->places_of)
        return true;
    if (traps->looks && now >= traps->looked_at &&
        now - traps->looked_at < (uint64_t)LOOK_INTERVAL << MIN(traps->looks, 6u))
        return false;
    traps->looks++;
    traps->looked_at = now;
    os = os_name(traps->os, cpu);
    if (!os && !traps->placed)
        symbols_find_kernel(traps->symbols, cpu);
    if (os || !traps->placed)
        trap_places_set(traps, os ? os : "");
    return os != NULL;
}

static void on_fault(void *opaque, struct cpu *cpu, const struct cpu_exception *exception)
{
    struct traps *traps = opaque;
    struct trap_access access;

    if (exception_is_routine(cpu_architecture(cpu), exception))
        return;
    traps_look(traps, cpu);
    exception_access(cpu_architecture(cpu), exception, &access);
    if (access.memory && os_may_fault(traps->os, exception->pc))
        return;
    struct trap *trap = trap_capture(traps, cpu, exception);
    trap->noticed = TRAP_AT_FAULT;
    if (strcmp(traps->places_of, "Redox") == 0)
        trap_raise(traps, trap);
    else
        suspects_add(traps->suspects, trap);
}

static void on_interrupt(void *opaque, struct cpu *cpu, const struct cpu_exception *exception)
{
    struct traps *traps = opaque;

    traps->event[traps->events++ % TRAP_EVENTS] = (struct trap_event){
        .instructions = machine_instructions(traps->machine),
        .ns = machine_now(traps->machine),
        .pc = exception->pc,
        .vector = exception->vector,
        .from_level = exception->from_level,
    };
    if (!*traps->places_of)
        traps_look(traps, cpu);
}

struct traps *traps_new(struct machine *machine, struct symbols *symbols, struct os *os, struct syscalls *syscalls)
{
    struct traps *traps = g_new0(struct traps, 1);

    traps->machine = machine;
    traps->symbols = symbols;
    traps->os = os;
    traps->syscalls = syscalls;
    traps->places_of = "";
    traps->places = g_ptr_array_new();
    traps->suspects = suspects_new(traps);
    return traps;
}

void traps_free(struct traps *traps)
{
    if (!traps)
        return;
    traps_enable(traps, 0);
    suspects_free(traps->suspects);
    g_ptr_array_free(traps->places, TRUE);
    g_free(traps);
}

void traps_enable(struct traps *traps, unsigned kinds)
{
    traps->kinds = kinds;
    if (kinds && !traps->faults) {
        traps->faults = machine_observer_add(traps->machine, MACHINE_OBSERVE_KERNEL_FAULTS, on_fault, traps);
        traps->interrupts = machine_observer_add(traps->machine, MACHINE_OBSERVE_INTERRUPTS, on_interrupt, traps);
        if (!machine_config(traps->machine)->without_cpu)
            traps_look(traps, machine_cpu(traps->machine, 0));
    } else if (!kinds && traps->faults) {
        machine_observer_remove(traps->machine, traps->faults);
        machine_observer_remove(traps->machine, traps->interrupts);
        traps->faults = traps->interrupts = NULL;
        trap_places_remove(traps);
    }
}

void traps_set_handler(struct traps *traps, void (*handler)(void *opaque, const struct trap *trap), void *opaque)
{
    traps->handler = handler;
    traps->opaque = opaque;
}

bool traps_told(const struct traps *traps, unsigned kinds)
{
    return traps->told & kinds;
}

void traps_conclude(struct traps *traps, enum machine_stop reason)
{
    const struct trap *fatal = suspects_fatal(traps->suspects, reason);

    if (!traps->kinds || (traps->told & TRAP_KERNEL) || !fatal)
        return;
    struct trap *trap = trap_copy(fatal);
    trap->noticed = TRAP_AT_END;
    trap_raise(traps, trap);
}
