/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop that runs a machine: guest code up to the next deadline, timers, what comes from outside, idle.
 *
 * All decisions depend on instruction counts and virtual time alone.  The host's speed shows at one place only: the point at
 * which something from outside arrives, and that point is written into the journal.
 */
#include <stdarg.h>

#include "emu/host/pages.h"
#include "emu/machine_internal.h"

#define TURN_INSTRUCTIONS 20000            /* of one CPU before the next gets its turn: part of the machine */
#define PACE_SLACK_NS (20 * 1000 * 1000LL) /* virtual and wall time may part by this much before idle gives up on it */
#define LONGEST_WAIT_NS (200 * 1000 * 1000LL)

uint64_t machine_instructions(const struct machine *machine)
{
    uint64_t sum = 0;

    if (machine->engine)
        for (unsigned i = 0; i < machine->config.cpus; i++)
            sum += cpu_instructions(cpu_engine_cpu(machine->engine, i));
    return sum;
}

int64_t machine_now(const struct machine *machine)
{
    return machine->skipped_ns +
           (int64_t)clock_muldiv(machine_instructions(machine), machine->config.picoseconds_per_instruction, 1000);
}

uint64_t machine_ticks(const struct machine *machine, uint64_t hz)
{
    return clock_muldiv((uint64_t)machine_now(machine), hz, NANOSECONDS_PER_SECOND);
}

uint64_t machine_instruction_at(const struct machine *machine, int64_t ns)
{
    if (ns == CLOCK_NEVER)
        return UINT64_MAX;
    if (ns <= machine->skipped_ns)
        return 0;
    return clock_muldiv_up((uint64_t)(ns - machine->skipped_ns), 1000, machine->config.picoseconds_per_instruction);
}

void machine_end_slice(struct machine *machine)
{
    if (machine->running)
        cpu_pause(machine->running);
}

/* The deadline of the running CPU, as a count of its own instructions. */
static void set_deadline(struct machine *machine, uint64_t total)
{
    uint64_t now = machine_instructions(machine);
    uint64_t own = cpu_instructions(machine->running);

    cpu_set_deadline(machine->running, total > now ? own + (total - now) : own);
}

void machine_clock_changed(void *opaque)
{
    struct machine *machine = opaque;

    if (machine->running)
        set_deadline(machine, machine_instruction_at(machine, clock_next_deadline(machine->clock)));
}

static void stop(struct machine *machine, enum machine_stop reason)
{
    if (machine->stop == MACHINE_STOP_NONE)
        machine->stop = reason;
    machine_end_slice(machine);
}

void machine_power_off(struct machine *machine)
{
    stop(machine, MACHINE_STOP_POWER_OFF);
}

void machine_reset_request(struct machine *machine)
{
    machine->reset_requested = true;
    machine_end_slice(machine);
}

void machine_guest_exit(struct machine *machine, int code)
{
    if (machine->stop == MACHINE_STOP_NONE)
        machine->exit_code = code;
    stop(machine, MACHINE_STOP_GUEST_EXIT);
}

static void stop_with_message(struct machine *machine, enum machine_stop reason, const char *format, va_list arguments)
{
    if (machine->stop == MACHINE_STOP_NONE) {
        g_free(machine->stop_message);
        machine->stop_message = g_strdup_vprintf(format, arguments);
    }
    stop(machine, reason);
}

void machine_crash(struct machine *machine, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    stop_with_message(machine, MACHINE_STOP_CRASH, format, arguments);
    va_end(arguments);
}

void machine_refuse(struct machine *machine, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    stop_with_message(machine, MACHINE_STOP_REFUSED, format, arguments);
    va_end(arguments);
}

void machine_rest(struct machine *machine, int64_t deadline)
{
    machine->resting = true;
    machine->rest_deadline = deadline;
    machine_end_slice(machine);
}

void machine_request_stop(struct machine *machine)
{
    g_atomic_int_set(&machine->stop_requested, 1);
    machine_wake(machine);
}

static void push_call(struct machine *machine, void (*function)(void *opaque), void *opaque)
{
    struct machine_deferred_call *call = g_new(struct machine_deferred_call, 1);

    call->function = function;
    call->opaque = opaque;
    g_async_queue_push(machine->calls, call);
}

void machine_call(struct machine *machine, void (*function)(void *opaque), void *opaque)
{
    push_call(machine, function, opaque);
    machine_wake(machine);
}

void machine_call_here(struct machine *machine, void (*function)(void *opaque), void *opaque)
{
    push_call(machine, function, opaque);
    machine_end_slice(machine);
}

static void run_calls(struct machine *machine)
{
    struct machine_deferred_call *call;

    while ((call = g_async_queue_try_pop(machine->calls))) {
        call->function(call->opaque);
        g_free(call);
        machine_update_trace_observer(machine); /* it may have changed what is traced */
    }
}

void machine_stop_here(struct machine *machine)
{
    stop(machine, MACHINE_STOP_REQUEST);
}

const char *machine_stop_message(const struct machine *machine)
{
    return machine->stop_message ? machine->stop_message : "";
}

int machine_exit_code(const struct machine *machine)
{
    return machine->exit_code;
}

void machine_break_at(struct machine *machine, uint64_t instructions)
{
    machine->break_at = instructions;
}

enum cpu_stop machine_break_cause(const struct machine *machine)
{
    return machine->break_cause;
}

struct cpu *machine_last_cpu(struct machine *machine)
{
    return machine->last_cpu ? machine->last_cpu : machine_cpu(machine, 0);
}

void machine_set_limits(struct machine *machine, int64_t virtual_ns, uint64_t instructions)
{
    machine->limit_ns = virtual_ns;
    machine->limit_instructions = instructions;
}

void machine_set_end(struct machine *machine, uint64_t instructions, int64_t ns)
{
    machine->end_set = true;
    machine->end_instructions = instructions;
    machine->end_ns = ns;
}

void machine_set_slice(struct machine *machine, uint64_t instructions)
{
    machine->slice = instructions;
}

void machine_set_reboot(struct machine *machine, bool allowed)
{
    machine->reboot_allowed = allowed;
}

void machine_set_pacing(struct machine *machine, bool (*may_speak)(void *opaque), void *opaque)
{
    machine->may_speak = may_speak;
    machine->pacing_opaque = opaque;
}

void machine_reset(struct machine *machine)
{
    machine->turn = machine->config.cpus - 1; /* the first one is next */
    machine->turn_end = 0;
    machine->reset_requested = false;
    machine->resting = false;
    for (guint i = 0; i < machine->devices->len; i++) {
        struct machine_entry *entry = g_ptr_array_index(machine->devices, i);
        if (entry->device_class->reset)
            entry->device_class->reset(entry->device);
    }
    memory_commit(machine->memory);
    if (machine->engine)
        for (unsigned i = 0; i < machine->config.cpus; i++)
            cpu_reset(cpu_engine_cpu(machine->engine, i));
    if (machine->hooks.reset)
        machine->hooks.reset(machine->board);
    memory_commit(machine->memory);
}

static void limit_reached(struct machine *machine, const char *what)
{
    g_free(machine->stop_message);
    machine->stop_message = g_strdup(what);
    stop(machine, MACHINE_STOP_LIMIT);
}

static void stop_at_count(struct machine *machine)
{
    machine->break_cause = CPU_STOP_BUDGET;
    stop(machine, MACHINE_STOP_BREAK);
}

/* True if the machine is to stop now. */
static bool check_stop(struct machine *machine)
{
    if (machine->stop != MACHINE_STOP_NONE)
        return true;
    if (g_atomic_int_compare_and_exchange(&machine->stop_requested, 1, 0))
        stop(machine, MACHINE_STOP_REQUEST);
    else if (machine_instructions(machine) >= machine->break_at)
        stop_at_count(machine);
    else if (machine->limit_instructions && machine_instructions(machine) >= machine->limit_instructions)
        limit_reached(machine, "the limit of --max-instructions is reached");
    else if (machine->limit_ns && machine_now(machine) >= machine->limit_ns)
        limit_reached(machine, "the limit of --max-time is reached");
    else if (machine->end_set && machine_instructions(machine) >= machine->end_instructions &&
             machine_now(machine) >= machine->end_ns)
        stop(machine, MACHINE_STOP_REQUEST);
    if (machine->stop == MACHINE_STOP_NONE && machine->reset_requested) {
        if (!machine->reboot_allowed)
            stop(machine, MACHINE_STOP_RESET);
        else
            machine_reset(machine);
    }
    return machine->stop != MACHINE_STOP_NONE;
}

/* Timers and input, until neither has anything for this point. */
static void boundary(struct machine *machine)
{
    bool diverged = false;

    clock_run_due(machine->clock);
    run_calls(machine); /* also those of devices whose timers have just fired */
    if (journal_deliver(machine->journal, &diverged))
        machine->resting = false;
    if (diverged) {
        g_free(machine->stop_message);
        machine->stop_message = g_strdup("the replay passed the point of a recorded input without meeting it");
        stop(machine, MACHINE_STOP_DIVERGED);
    }
    if (machine->hooks.boundary)
        machine->hooks.boundary(machine->board);
    memory_commit(machine->memory);
}

static bool can_run(const struct cpu *cpu)
{
    return cpu_is_on(cpu) && !cpu_is_halted(cpu);
}

/*
 * The CPU whose turn it is; NULL: all are halted or off.  A turn ends after its instructions, or when its CPU has nothing to do or
 * spins: a slice that ended for the host's sake, or for a timer's, does not end it.
 */
static struct cpu *next_cpu(struct machine *machine)
{
    unsigned cpus = machine->config.cpus;
    uint64_t now = cpus > 1 ? machine_instructions(machine) : 0;
    struct cpu *cpu = cpu_engine_cpu(machine->engine, (unsigned)(machine->turn % cpus));

    if (cpus == 1 || now < machine->turn_end)
        if (can_run(cpu))
            return cpu;
    for (unsigned i = 1; i <= cpus && cpus > 1; i++) {
        cpu = cpu_engine_cpu(machine->engine, (unsigned)((machine->turn + i) % cpus));
        if (!can_run(cpu))
            continue;
        machine->turn = cpu_index(cpu);
        machine->turn_end = now + TURN_INSTRUCTIONS;
        return cpu;
    }
    return NULL;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The count at which something is to be done between two instructions: @now or before, if it is due. */
static uint64_t next_event(struct machine *machine, uint64_t now)
{
    uint64_t end = machine_instruction_at(machine, clock_next_deadline(machine->clock));

    end = min_u64(end, journal_next_instruction(machine->journal));
    if (machine->limit_instructions)
        end = min_u64(end, machine->limit_instructions);
    if (machine->break_at > now)
        end = min_u64(end, machine->break_at);
    if (machine->limit_ns)
        end = min_u64(end, machine_instruction_at(machine, machine->limit_ns));
    if (machine->end_set && machine->end_instructions > now)
        end = min_u64(end, machine->end_instructions);
    if (machine->config.cpus > 1)
        end = min_u64(end, machine->turn_end);
    return end;
}

static uint64_t slice_length(struct machine *machine, uint64_t now)
{
    uint64_t end = next_event(machine, now);
    uint64_t length = end > now ? end - now : 1; /* a deadline in the past still lets one instruction through */

    if (machine->slice)
        length = min_u64(length, machine->slice);
    return length;
}

static void run_for(struct machine *machine, struct cpu *cpu, uint64_t length)
{
    machine->last_cpu = cpu;
    machine->running = cpu;
    enum cpu_stop reason = cpu_run(cpu, length);
    machine->running = NULL;
    switch (reason) {
    case CPU_STOP_YIELD:
        machine->skipped_ns += machine->config.nanoseconds_per_pause;
        machine->turn_end = 0;
        break;
    case CPU_STOP_SHUTDOWN:
        machine_crash(machine, "triple fault: an exception could not be delivered, nor the double fault after it");
        break;
    case CPU_STOP_BREAKPOINT:
    case CPU_STOP_WATCHPOINT:
        machine->break_cause = reason;
        stop(machine, MACHINE_STOP_BREAK);
        break;
    default:
        break;
    }
}

/* Sleeps in wall time until virtual @target may be shown, or something comes in; returns the virtual time then. */
static int64_t wait_for(struct machine *machine, int64_t now, int64_t target)
{
    int64_t wall = host_monotonic();

    /* A guest that was slower than the wall catches up a little; what is more than the slack is gone. */
    if (!machine->pace_started)
        machine->pace_offset = wall - now;
    machine->pace_offset = CLAMP(machine->pace_offset, wall - now - PACE_SLACK_NS, wall - now + PACE_SLACK_NS);
    machine->pace_started = true;
    g_mutex_lock(&machine->wait_mutex);
    for (;;) {
        wall = host_monotonic();
        int64_t shown = wall - machine->pace_offset;
        if (target != CLOCK_NEVER && shown >= target)
            break;
        if (g_async_queue_length(machine->calls) > 0 || journal_pending(machine->journal) ||
            g_atomic_int_get(&machine->stop_requested)) {
            if (shown < target)
                target = shown;
            break;
        }
        int64_t left = target == CLOCK_NEVER || target - shown > LONGEST_WAIT_NS ? LONGEST_WAIT_NS : target - shown;
        g_cond_wait_until(&machine->wait_condition, &machine->wait_mutex, (wall + left) / 1000 + 1);
        g_mutex_unlock(&machine->wait_mutex);
        bool may_speak = machine->may_speak(machine->pacing_opaque);
        g_mutex_lock(&machine->wait_mutex);
        if (!may_speak)
            break; /* the last source has gone: the rest of the wait is skipped */
    }
    g_mutex_unlock(&machine->wait_mutex);
    return target < now ? now : target;
}

/*
 * Until when the guest rests.  What else ends a wait (requests to stop, calls, limits, the end of a recording, a script's timer) comes at
 * points that a replay does not have, and leaves it at rest; input ends it when it is delivered.
 */
static int64_t end_of_rest(const struct machine *machine)
{
    return machine->resting ? MIN(machine->rest_deadline, clock_next_inside(machine->clock)) : CLOCK_NEVER;
}

/* Nothing to execute: virtual time goes on to the next event. */
static void idle(struct machine *machine)
{
    int64_t now = machine_now(machine), rested = end_of_rest(machine);
    int64_t target = MIN(clock_next_deadline(machine->clock), rested);

    if (journal_next_time(machine->journal) < target)
        target = journal_next_time(machine->journal);
    if (machine->limit_ns && machine->limit_ns < target)
        target = machine->limit_ns;
    if (machine->end_set && machine->end_ns > now && machine->end_ns < target)
        target = machine->end_ns;
    bool paced =
        machine->may_speak && !journal_replaying(machine->journal) && machine->may_speak(machine->pacing_opaque);
    if (paced && target > now)
        target = wait_for(machine, now, target);
    if (target != CLOCK_NEVER && target >= rested)
        machine->resting = false;
    if (target == CLOCK_NEVER) {
        if (!paced)
            stop(machine, MACHINE_STOP_IDLE);
        return;
    }
    if (target > now)
        machine->skipped_ns += target - now;
}

/* Exceptions that were stopped before their delivery belong to the instruction before: no timer comes between. */
static void deliver_held(struct machine *machine)
{
    uint64_t now = machine_instructions(machine);

    for (unsigned i = 0; machine->engine && i < machine->config.cpus; i++) {
        struct cpu *cpu = cpu_engine_cpu(machine->engine, i);
        if (cpu_is_held(cpu))
            run_for(machine, cpu, next_event(machine, now) > now);
    }
}

enum machine_stop machine_run(struct machine *machine)
{
    machine_update_trace_observer(machine);
    if (machine->engine)
        cpu_watchpoint_forget(machine->engine);
    deliver_held(machine);
    while (machine->stop != MACHINE_STOP_BREAK) { /* after which nothing more is to happen, not even a timer */
        boundary(machine);
        if (check_stop(machine))
            break;
        struct cpu *cpu = machine->resting ? NULL : next_cpu(machine);
        if (cpu)
            run_for(machine, cpu, slice_length(machine, machine_instructions(machine)));
        else
            idle(machine);
    }
    enum machine_stop reason = machine->stop;
    machine->stop = MACHINE_STOP_NONE;
    return reason;
}

void machine_advance(struct machine *machine, int64_t ns)
{
    int64_t end = machine->skipped_ns + ns;

    for (;;) {
        int64_t next = clock_next_deadline(machine->clock);
        if (next > end)
            break;
        if (next > machine->skipped_ns)
            machine->skipped_ns = next;
        clock_run_due(machine->clock);
    }
    machine->skipped_ns = end;
    run_calls(machine);
    bool diverged;
    journal_deliver(machine->journal, &diverged);
}
