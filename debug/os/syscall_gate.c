/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See syscall_gate.h: what the instruction sets share. */
#include "debug/os/syscall_gate.h"

/* Symbols may come later than the first calls: how long to wait before they are asked for again. */
#define SEEK_INTERVAL 1000000 /* instructions */

void syscall_gate_open(struct syscall_gate *gate, struct machine *machine, struct os *os,
                       const struct syscall_gate_handlers *handlers)
{
    *gate = (struct syscall_gate){.machine = machine, .os = os, .handlers = *handlers};
    if (machine_config(machine)->without_cpu)
        return;
    if (machine_config(machine)->arch == CPU_ARCH_AARCH64)
        syscall_gate_open_aarch64(gate);
    else
        syscall_gate_open_x86_64(gate);
}

static void remove_probe(struct syscall_gate *gate, struct machine_probe **probe)
{
    if (*probe)
        machine_probe_remove(gate->machine, *probe);
    *probe = NULL;
}

void syscall_gate_close(struct syscall_gate *gate)
{
    remove_probe(gate, &gate->entry);
    remove_probe(gate, &gate->exit);
    remove_probe(gate, &gate->begin);
    remove_probe(gate, &gate->learn);
    if (gate->observer)
        machine_observer_remove(gate->machine, gate->observer);
    gate->observer = NULL;
    if (gate->watch)
        machine_register_unwatch(gate->machine, gate->watch);
    gate->watch = NULL;
}

uint64_t syscall_gate_symbol(struct syscall_gate *gate, struct cpu *cpu, const char *name)
{
    struct symbols *symbols = os_symbols(gate->os);
    uint64_t address = 0;

    if (!symbols || !symbols_find_kernel(symbols, cpu))
        return 0;
    GArray *found = symbols_resolve(symbols, SYMBOLS_ANY_SPACE, name);
    if (found->len == 1)
        address = g_array_index(found, uint64_t, 0);
    g_array_unref(found);
    return address;
}

bool syscall_gate_seek(struct syscall_gate *gate)
{
    uint64_t now = machine_instructions(gate->machine);

    if (gate->exit_at || (gate->exit_sought && now >= gate->sought_at && now - gate->sought_at < SEEK_INTERVAL))
        return false;
    gate->exit_sought = true;
    gate->sought_at = now;
    return true;
}
