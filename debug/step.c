/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps by source line and out of functions, made of single instructions and of places to arrive at. */
#include "debug/debugger_internal.h"
#include "debug/disassemble.h"

#define LONGEST_STEP 50000000 /* single instructions; a line that loops longer is left standing in its middle */

/* Where the program is, as steps compare it. */
struct place {
    uint64_t pc, sp, root;
    bool user;
};

static struct place current_place(struct debugger *debugger)
{
    struct cpu *cpu = debugger->cpu;

    return (struct place){
        .pc = cpu_pc(cpu), .sp = cpu_sp(cpu), .root = debugger_root(debugger, cpu), .user = debugger_is_user(cpu)};
}

static void on_arrival(void *opaque, struct cpu *cpu)
{
    struct arrival *arrival = opaque;

    if (!arrival->any_root && arrival->root != debugger_root(arrival->debugger, cpu))
        return;
    if (!arrival->any_sp && arrival->sp != cpu_sp(cpu))
        return;
    arrival->arrived = true;
    debugger_note_stop(arrival->debugger, DEBUGGER_STOP_STEP, cpu);
}

/* Runs until @pc is reached with the stack pointer @sp in the same space, or something else stops. */
static enum debugger_stop arrive(struct debugger *debugger, const struct place *to)
{
    struct arrival arrival = {.debugger = debugger,
                              .address = to->pc,
                              .sp = to->sp,
                              .root = to->root,
                              .any_root = !to->user}; /* the kernel's code and stacks are those of all spaces */

    arrival.probe = machine_probe_add(debugger->machine, to->pc, on_arrival, &arrival);
    enum debugger_stop stop = debugger_run(debugger, UINT64_MAX);
    machine_probe_remove(debugger->machine, arrival.probe);
    return stop;
}

static void note_exception(void *opaque, struct cpu *cpu, const struct cpu_exception *exception)
{
    struct debugger *debugger = opaque;

    if (debugger->excepted || cpu != debugger->cpu)
        return;
    debugger->excepted = true;
    debugger->excepted_pc = exception->pc;
}

/*
 * One instruction of the program itself: what interrupts it (interrupts, page faults, system calls) is passed over, to where the
 * program goes on.
 */
enum debugger_stop debugger_step_program(struct debugger *debugger)
{
    struct place before = current_place(debugger);
    struct machine_observer *observer =
        machine_observer_add(debugger->machine, MACHINE_OBSERVE_ALL, note_exception, debugger);

    debugger->excepted = false;
    enum debugger_stop stop = debugger_step(debugger, 1);
    machine_observer_remove(debugger->machine, observer);
    struct place after = current_place(debugger);
    if (stop != DEBUGGER_STOP_STEP)
        return stop;
    if (debugger->excepted) {
        struct place back = before;
        back.pc = debugger->excepted_pc;
        return after.pc == back.pc && after.sp == back.sp ? stop : arrive(debugger, &back);
    }
    if (before.user && !after.user) { /* SYSCALL is no exception */
        struct place back = before;
        struct space space;
        space_current(debugger->machine, debugger->cpu, &space);
        g_autoptr(GArray) code = disassemble(&space, NULL, before.pc, 1, DISASSEMBLE_INTEL);
        back.pc += code && code->len ? g_array_index(code, struct disassembled, 0).length : 2;
        return arrive(debugger, &back);
    }
    return stop;
}

static bool was_call(struct debugger *debugger, const struct place *before, uint64_t *back)
{
    struct space space;

    space_current(debugger->machine, debugger->cpu, &space);
    g_autoptr(GArray) code = disassemble(&space, NULL, before->pc, 1, DISASSEMBLE_INTEL);
    if (!code || code->len == 0)
        return false;
    const struct disassembled *instruction = &g_array_index(code, struct disassembled, 0);
    *back = before->pc + instruction->length;
    return instruction->valid && instruction->is_call && cpu_pc(debugger->cpu) != *back;
}

static bool line_range(struct debugger *debugger, uint64_t *start, uint64_t *end)
{
    struct place at = current_place(debugger);

    return debugger->symbols && symbols_line_range(debugger->symbols, at.root, at.pc, start, end);
}

enum debugger_stop debugger_step_line(struct debugger *debugger, bool over)
{
    struct place first = current_place(debugger);
    uint64_t start, end, back, new_start, new_end;

    if (!line_range(debugger, &start, &end))
        return debugger_step(debugger, 1);
    for (unsigned i = 0; i < LONGEST_STEP; i++) {
        struct place before = current_place(debugger);
        enum debugger_stop stop = debugger_step_program(debugger);
        struct place after = current_place(debugger);
        if (stop != DEBUGGER_STOP_STEP)
            return stop;
        if (after.pc >= start && after.pc < end)
            continue;
        bool has_line = line_range(debugger, &new_start, &new_end);
        if (was_call(debugger, &before, &back) && (over || !has_line)) {
            struct place to = {.pc = back, .sp = before.sp, .root = before.root, .user = before.user};
            stop = arrive(debugger, &to);
            if (stop != DEBUGGER_STOP_STEP)
                return stop;
            continue;
        }
        if (!has_line)
            return after.sp > first.sp ? stop : debugger_finish(debugger); /* a function without lines: out of it */
        if (after.pc == new_start || after.sp <= first.sp)
            return stop;
        start = new_start; /* back in the middle of the caller's line: to its end */
        end = new_end;
    }
    return DEBUGGER_STOP_STEP;
}

enum debugger_stop debugger_finish(struct debugger *debugger)
{
    struct unwind_frame start;
    struct space space;

    if (!debugger->symbols)
        return debugger_step(debugger, 1);
    space_current(debugger->machine, debugger->cpu, &space);
    unwind_start(debugger->cpu, &start);
    g_autoptr(GArray) frames = unwind(debugger->symbols, &space, &start, 2, NULL);
    if (!frames || frames->len < 2)
        return debugger_step(debugger, 1); /* nobody knows where it returns to */
    const struct unwind_frame *caller = &g_array_index(frames, struct unwind_frame, 1);
    struct place to = {.pc = caller->pc, .sp = caller->sp, .root = space.root, .user = caller->user};
    return arrive(debugger, &to);
}

enum debugger_stop debugger_step_over(struct debugger *debugger, unsigned length)
{
    struct place to = current_place(debugger);

    to.pc += length;
    return arrive(debugger, &to);
}
