/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking on: observers of exceptions and interrupts, probes at instructions; and the observer that writes the trace. */
#include <string.h>

#include "emu/machine_internal.h"

struct machine_observer {
    unsigned kinds; /* 0: removed while observers were being called */
    void (*observe)(void *opaque, struct cpu *cpu, const struct cpu_exception *exception);
    void *opaque;
};

struct machine_probe {
    struct probe_place *place; /* NULL: removed while probes were being called */
    void (*probe)(void *opaque, struct cpu *cpu);
    void *opaque;
};

/* An address with probes. */
struct probe_place {
    uint64_t address;
    GPtrArray *probes; /* of struct machine_probe, in the order in which they came */
};

static void place_free(gpointer data)
{
    struct probe_place *place = data;

    g_ptr_array_free(place->probes, TRUE);
    g_free(place);
}

void machine_looking_new(struct machine *machine)
{
    machine->observers = g_ptr_array_new_with_free_func(g_free);
    machine->probe_places = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, place_free);
}

void machine_looking_free(struct machine *machine)
{
    g_ptr_array_free(machine->observers, TRUE);
    g_hash_table_destroy(machine->probe_places);
}

static void observe(void *opaque, struct cpu *cpu, const struct cpu_exception *exception);

static void tell_engine(struct machine *machine)
{
    unsigned kinds = 0;

    for (guint i = 0; i < machine->observers->len; i++)
        kinds |= ((struct machine_observer *)g_ptr_array_index(machine->observers, i))->kinds;
    if (machine->engine)
        cpu_engine_set_observer(machine->engine, kinds, kinds ? observe : NULL);
}

static void sweep_observers(struct machine *machine)
{
    for (guint i = machine->observers->len; i > 0; i--)
        if (!((struct machine_observer *)g_ptr_array_index(machine->observers, i - 1))->kinds)
            g_ptr_array_remove_index(machine->observers, i - 1);
}

static void observe(void *opaque, struct cpu *cpu, const struct cpu_exception *exception)
{
    struct machine *machine = opaque;
    unsigned kind = cpu_exception_kind(exception, machine->config.arch);
    guint count = machine->observers->len; /* who comes meanwhile is asked from the next one on */

    machine->looking++;
    for (guint i = 0; i < count; i++) {
        struct machine_observer *observer = g_ptr_array_index(machine->observers, i);
        if (observer->kinds & kind)
            observer->observe(observer->opaque, cpu, exception);
    }
    if (--machine->looking == 0)
        sweep_observers(machine);
}

struct machine_observer *machine_observer_add(struct machine *machine, unsigned kinds,
                                              void (*look)(void *opaque, struct cpu *cpu,
                                                           const struct cpu_exception *exception),
                                              void *opaque)
{
    struct machine_observer *observer = g_new0(struct machine_observer, 1);

    observer->kinds = kinds & MACHINE_OBSERVE_ALL;
    observer->observe = look;
    observer->opaque = opaque;
    g_ptr_array_add(machine->observers, observer);
    tell_engine(machine);
    return observer;
}

void machine_observer_remove(struct machine *machine, struct machine_observer *observer)
{
    if (!observer)
        return;
    observer->kinds = 0;
    tell_engine(machine);
    if (!machine->looking)
        sweep_observers(machine);
}

/* Frees the place with its last probe; the caller does not use it after that. */
static void sweep_place(struct machine *machine, struct probe_place *place)
{
    for (guint i = place->probes->len; i > 0; i--)
        if (!((struct machine_probe *)g_ptr_array_index(place->probes, i - 1))->place)
            g_ptr_array_remove_index(place->probes, i - 1);
    if (place->probes->len > 0)
        return;
    if (machine->engine)
        cpu_probe_remove(machine->engine, place->address);
    memset(machine->recent_places, 0, sizeof(machine->recent_places));
    g_hash_table_remove(machine->probe_places, &place->address);
}

static struct probe_place *find_place(struct machine *machine, uint64_t address)
{
    struct probe_place **recent = &machine->recent_places[(address >> 2) % MACHINE_RECENT_PLACES];

    if (!*recent || (*recent)->address != address)
        *recent = g_hash_table_lookup(machine->probe_places, &address);
    return *recent;
}

void machine_call_probes(void *opaque, struct cpu *cpu)
{
    struct machine *machine = opaque;
    struct probe_place *place = find_place(machine, cpu_pc(cpu));

    if (!place)
        return;
    guint count = place->probes->len;
    machine->looking++;
    machine->probing = place;
    for (guint i = 0; i < count; i++) {
        struct machine_probe *probe = g_ptr_array_index(place->probes, i);
        if (probe->place)
            probe->probe(probe->opaque, cpu);
    }
    machine->looking--;
    machine->probing = NULL;
    sweep_place(machine, place);
}

struct machine_probe *machine_probe_add(struct machine *machine, uint64_t address,
                                        void (*call)(void *opaque, struct cpu *cpu), void *opaque)
{
    struct probe_place *place = g_hash_table_lookup(machine->probe_places, &address);
    struct machine_probe *probe = g_new0(struct machine_probe, 1);

    if (!place) {
        place = g_new0(struct probe_place, 1);
        place->address = address;
        place->probes = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(machine->probe_places, &place->address, place);
        if (machine->engine)
            cpu_probe_insert(machine->engine, address);
    }
    probe->place = place;
    probe->probe = call;
    probe->opaque = opaque;
    g_ptr_array_add(place->probes, probe);
    return probe;
}

void machine_probe_remove(struct machine *machine, struct machine_probe *probe)
{
    if (!probe)
        return;
    struct probe_place *place = probe->place;
    probe->place = NULL;
    if (machine->probing != place)
        sweep_place(machine, place);
}

void machine_stop_before(struct machine *machine)
{
    if (machine->running)
        cpu_stop_before(machine->running);
}

static void write_trace(void *opaque, struct cpu *cpu, const struct cpu_exception *exception)
{
    struct machine *machine = opaque;

    (void)cpu;
    if (exception->is_interrupt)
        trace_event(machine->trace, TRACE_INTERRUPT, "cpu", "vector 0x%x pc 0x%" G_GINT64_MODIFIER "x level %u",
                    exception->vector, exception->pc, exception->from_level);
    else
        trace_event(machine->trace, TRACE_EXCEPTION, "cpu",
                    "%s 0x%x pc 0x%" G_GINT64_MODIFIER "x level %u syndrome 0x%" G_GINT64_MODIFIER
                    "x address 0x%" G_GINT64_MODIFIER "x",
                    exception->is_software ? "software" : "exception", exception->vector, exception->pc,
                    exception->from_level, exception->syndrome, exception->address);
}

void machine_update_trace_observer(struct machine *machine)
{
    unsigned kinds = 0;

    if (trace_enabled(machine->trace, TRACE_INTERRUPT))
        kinds |= MACHINE_OBSERVE_INTERRUPTS;
    if (trace_enabled(machine->trace, TRACE_EXCEPTION))
        kinds |= MACHINE_OBSERVE_KERNEL_FAULTS | MACHINE_OBSERVE_USER_FAULTS | MACHINE_OBSERVE_SOFTWARE;
    if ((machine->trace_observer ? machine->trace_observer->kinds : 0) == kinds)
        return;
    machine_observer_remove(machine, g_steal_pointer(&machine->trace_observer));
    if (kinds)
        machine->trace_observer = machine_observer_add(machine, kinds, write_trace, machine);
}
