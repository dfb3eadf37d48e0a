/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The debugger as an object, and running up to a stop.  Points are in points.c, steps by lines and functions in step.c. */
#include "debug/debugger.h"

#include "debug/debugger_internal.h"

#define LOOK_INSTRUCTIONS 500000

struct debugger *debugger_new(struct machine *machine, struct symbols *symbols, struct os *os,
                              struct syscalls *syscalls)
{
    struct debugger *debugger = g_new0(struct debugger, 1);

    debugger->machine = machine;
    debugger->symbols = symbols;
    debugger->os = os;
    debugger->syscalls = syscalls;
    debugger->points = g_ptr_array_new();
    debugger->next_number = 1;
    debugger->cpu = machine_cpu(machine, 0);
    return debugger;
}

void debugger_free(struct debugger *debugger)
{
    if (!debugger)
        return;
    debugger_forget_points(debugger);
    g_ptr_array_free(debugger->points, TRUE);
    if (debugger->processes)
        g_hash_table_destroy(debugger->processes);
    trap_free(debugger->trap);
    g_free(debugger->hit);
    g_free(debugger);
}

struct machine *debugger_machine(struct debugger *debugger)
{
    return debugger->machine;
}

struct symbols *debugger_symbols(struct debugger *debugger)
{
    return debugger->symbols;
}

struct os *debugger_os(struct debugger *debugger)
{
    return debugger->os;
}

struct syscalls *debugger_syscalls(struct debugger *debugger)
{
    return debugger->syscalls;
}

struct cpu *debugger_cpu(struct debugger *debugger)
{
    return debugger->cpu;
}

void debugger_select_cpu(struct debugger *debugger, struct cpu *cpu)
{
    debugger->cpu = cpu;
}

struct debugger_point *debugger_hit(struct debugger *debugger)
{
    return debugger->hit;
}

uint64_t debugger_hit_address(struct debugger *debugger)
{
    return debugger->hit_address;
}

enum machine_stop debugger_machine_stop(struct debugger *debugger)
{
    return debugger->machine_stop;
}

const struct trap *debugger_trap(struct debugger *debugger)
{
    return debugger->trap;
}

bool debugger_is_user(const struct cpu *cpu)
{
    return cpu_privilege(cpu) == (cpu_architecture(cpu) == CPU_ARCH_X86_64 ? 3u : 0u);
}

uint64_t debugger_root(struct debugger *debugger, struct cpu *cpu)
{
    struct space space;

    space_current(debugger->machine, cpu, &space);
    return space.root;
}

void debugger_note_stop(struct debugger *debugger, enum debugger_stop stop, struct cpu *cpu)
{
    if (debugger->stop == DEBUGGER_STOP_NONE) {
        debugger->stop = stop;
        debugger->cpu = cpu;
    }
    machine_stop_before(debugger->machine);
}

void debugger_raise_trap(struct debugger *debugger, const struct trap *trap)
{
    if (debugger->stop != DEBUGGER_STOP_NONE && debugger->stop != DEBUGGER_STOP_TRAP)
        debugger->stop = DEBUGGER_STOP_NONE; /* a breakpoint at the place where it is noticed says less */
    trap_free(debugger->trap);
    debugger->trap = trap_copy(trap);
    debugger_note_stop(debugger, DEBUGGER_STOP_TRAP, trap->cpu ? trap->cpu : machine_last_cpu(debugger->machine));
}

void debugger_interrupt(struct debugger *debugger)
{
    g_atomic_int_set(&debugger->interrupted, 1);
    machine_request_stop(debugger->machine);
}

void debugger_forget_interrupt(struct debugger *debugger)
{
    if (g_atomic_int_compare_and_exchange(&debugger->interrupted, 1, 0))
        g_atomic_int_set(&debugger->forgotten, 1);
}

static void begin(struct debugger *debugger)
{
    debugger->stop = DEBUGGER_STOP_NONE;
    debugger->machine_stop = MACHINE_STOP_NONE;
    g_clear_pointer(&debugger->hit, g_free);
    g_clear_pointer(&debugger->trap, trap_free);
    debugger->hit_address = 0;
    debugger->left_cpu = debugger->cpu;
    debugger->left_valid = debugger->cpu != NULL;
    if (debugger->left_valid) {
        debugger->left_pc = cpu_pc(debugger->cpu);
        debugger->left_count = machine_instructions(debugger->machine);
    }
}

/* What one machine_run() came to; NONE: nothing that the user asked for, go on. */
static enum debugger_stop judge(struct debugger *debugger, enum machine_stop reason)
{
    debugger->machine_stop = reason;
    if (debugger->stop != DEBUGGER_STOP_NONE)
        return debugger->stop;
    debugger->cpu = machine_last_cpu(debugger->machine);
    if (reason == MACHINE_STOP_REQUEST) {
        bool forgotten = g_atomic_int_compare_and_exchange(&debugger->forgotten, 1, 0);
        if (g_atomic_int_compare_and_exchange(&debugger->interrupted, 1, 0))
            return DEBUGGER_STOP_REQUEST;
        if (forgotten)
            return DEBUGGER_STOP_NONE;
    }
    if (reason != MACHINE_STOP_BREAK)
        return DEBUGGER_STOP_MACHINE;
    if (machine_break_cause(debugger->machine) == CPU_STOP_BUDGET)
        return DEBUGGER_STOP_STEP;
    if (machine_break_cause(debugger->machine) == CPU_STOP_WATCHPOINT)
        return debugger_judge_accesses(debugger) ? DEBUGGER_STOP_WATCHPOINT : DEBUGGER_STOP_NONE;
    return DEBUGGER_STOP_NONE; /* somebody else's breakpoint */
}

/* While points wait for the kernel: when to look for it next.  Nothing of it is visible to the guest. */
static uint64_t next_look(struct debugger *debugger)
{
    if (!debugger->pending || debugger->kernel_known)
        return UINT64_MAX;
    return machine_instructions(debugger->machine) + LOOK_INSTRUCTIONS;
}

enum debugger_stop debugger_run(struct debugger *debugger, uint64_t instructions)
{
    begin(debugger);
    while (debugger->stop == DEBUGGER_STOP_NONE) {
        uint64_t look = next_look(debugger);
        machine_break_at(debugger->machine, MIN(instructions, look));
        debugger->machine_stop = MACHINE_STOP_NONE;
        debugger->stop = judge(debugger, machine_run(debugger->machine));
        if (debugger->stop != DEBUGGER_STOP_STEP || machine_instructions(debugger->machine) >= instructions ||
            machine_break_cause(debugger->machine) != CPU_STOP_BUDGET)
            continue;
        debugger->stop = DEBUGGER_STOP_NONE;
        debugger_look_for_kernel(debugger);
    }
    machine_break_at(debugger->machine, UINT64_MAX);
    debugger_sweep_points(debugger);
    return debugger->stop;
}

enum debugger_stop debugger_continue(struct debugger *debugger)
{
    return debugger_run(debugger, UINT64_MAX);
}

enum debugger_stop debugger_run_to(struct debugger *debugger, uint64_t instructions)
{
    return debugger_run(debugger, instructions);
}

/* Instructions of the CPU that stands here: with several, the others have their turns meanwhile. */
enum debugger_stop debugger_step(struct debugger *debugger, uint64_t instructions)
{
    struct cpu *cpu = debugger->cpu;
    uint64_t end = cpu_instructions(cpu) + instructions;
    enum debugger_stop stop = DEBUGGER_STOP_STEP;

    while (stop == DEBUGGER_STOP_STEP && cpu_instructions(cpu) < end)
        stop = debugger_run(debugger, machine_instructions(debugger->machine) + (end - cpu_instructions(cpu)));
    if (stop == DEBUGGER_STOP_STEP)
        debugger->cpu = cpu;
    return stop;
}
