/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine: memory, virtual clock, CPUs, devices, journal, and the loop that runs them.  One object, no globals; a
 * process may hold several.  Boards fill it (boards/), the command line drives it (cli/).
 */
#ifndef GALVANIC_EMU_MACHINE_H
#define GALVANIC_EMU_MACHINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "emu/cpu/cpu.h"
#include "emu/device.h"
#include "emu/irq/irq.h"
#include "emu/journal/journal.h"
#include "emu/memory/memory.h"
#include "emu/state/state.h"
#include "emu/time/clock.h"
#include "emu/trace.h"

struct machine;

/*
 * Virtual time an instruction.  Busy waits of guests take fewer instructions on a slower clock: Redox to its login prompt 2.17 G
 * at 1 ns, 1.41 G at 2, 1.03 G at 4, 0.80 G at 10; Linux's boot hardly changes.
 */
#define MACHINE_DEFAULT_PICOSECONDS 4000

/* Virtual time that PAUSE, WFE or YIELD takes on top, so that spinning guests wait in few instructions. */
#define MACHINE_DEFAULT_PAUSE_NS 200

struct machine_config {
    enum cpu_arch arch;
    const char *cpu_model;                /* NULL: the default of the architecture */
    unsigned cpus;                        /* 1..64 */
    uint32_t picoseconds_per_instruction; /* the scale of virtual time; 0: the default */
    uint32_t nanoseconds_per_pause;       /* charge of PAUSE, WFE and YIELD */
    uint64_t seed;                        /* of all randomness that the guest can see */
    int64_t calendar;                     /* seconds since 1970 UTC at power-on */
    bool without_cpu;                     /* device tests: no engine is made, time moves by machine_advance() only */
};

/* Why machine_run() returned. */
enum machine_stop {
    MACHINE_STOP_NONE,
    MACHINE_STOP_POWER_OFF,  /* the guest shut down */
    MACHINE_STOP_RESET,      /* the guest asked for a reset and the machine is told not to reboot */
    MACHINE_STOP_GUEST_EXIT, /* debug exit device or semihosting: see machine_exit_code() */
    MACHINE_STOP_REFUSED,    /* what the machine was given cannot be started; machine_stop_message() tells */
    MACHINE_STOP_CRASH,      /* triple fault and the like; machine_stop_message() tells */
    MACHINE_STOP_LIMIT,      /* max time or max instructions */
    MACHINE_STOP_IDLE,       /* nothing can wake any CPU any more */
    MACHINE_STOP_REQUEST,    /* machine_request_stop(), e.g. --until matched, window closed, Ctrl-A x */
    MACHINE_STOP_BREAK,      /* breakpoint, watchpoint, trap */
    MACHINE_STOP_DIVERGED,   /* replay met something else than was recorded */
};

/* What a board does for the CPUs; members as in struct cpu_callbacks; NULL: not there (registers: default). */
struct machine_board_hooks {
    int (*interrupt_acknowledge)(void *opaque, struct cpu *cpu);
    uint8_t (*task_priority_read)(void *opaque, struct cpu *cpu);
    void (*task_priority_write)(void *opaque, struct cpu *cpu, uint8_t priority);
    enum cpu_register_access (*register_read)(void *opaque, struct cpu *cpu, uint32_t id, uint64_t *value);
    enum cpu_register_access (*register_write)(void *opaque, struct cpu *cpu, uint32_t id, uint64_t value);
    void (*cpuid)(void *opaque, struct cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t answer[4]);
    bool (*hypercall)(void *opaque, struct cpu *cpu, uint32_t immediate);
    bool (*semihosting)(void *opaque, struct cpu *cpu, uint32_t immediate);
    void (*timer_changed)(void *opaque, struct cpu *cpu, unsigned timer);
    /* After the devices' reset handlers: put CPUs and firmware in their power-on state.  */
    void (*reset)(void *opaque);
    /* Between two instructions, after timers have fired and before guest code goes on: the shim delivers events. */
    void (*boundary)(void *opaque);
};

/* NULL with @error on a bad model or without memory.  @config is copied. */
struct machine *machine_new(const struct machine_config *config, GError **error);
void machine_free(struct machine *machine); /* also unrealizes and frees all devices */
void machine_set_board(struct machine *machine, const struct machine_board_hooks *hooks, void *opaque);

const struct machine_config *machine_config(const struct machine *machine);
struct memory *machine_memory(struct machine *machine);
struct clock *machine_clock(struct machine *machine);
struct journal *machine_journal(struct machine *machine);
struct trace *machine_trace_log(struct machine *machine);
struct cpu_engine *machine_engine(struct machine *machine); /* NULL without_cpu */
struct cpu *machine_cpu(struct machine *machine, unsigned index);
/* The CPU whose instruction is being executed, in a callback; NULL outside of cpu_run(). */
struct cpu *machine_running_cpu(const struct machine *machine);
/* Virtual time in ns, exact inside callbacks. */
int64_t machine_now(const struct machine *machine);
/* Retired instructions of all CPUs. */
uint64_t machine_instructions(const struct machine *machine);
/* Ticks of a counter of @hz at the current virtual time (TSC, CNTPCT, ACPI PM timer, HPET), rounded down. */
uint64_t machine_ticks(const struct machine *machine, uint64_t hz);

/* --- devices --- */
/* Adds a realized device; the machine frees it with its class's unrealize.  @id is unique ("pit", "ahci0"). */
void machine_add_device(struct machine *machine, const struct device_class *device_class, void *device, const char *id);
/* The @index-th device; false when past the last. */
bool machine_device(const struct machine *machine, unsigned index, const struct device_class **device_class,
                    void **device, const char **id);
/*
 * The guest did something that the specification forbids or that is not modelled: logged once for each place in the
 * code, with device, guest PC and virtual time.  Goes on as hardware would.
 */
#define machine_guest_error(machine, device_id, ...)                                                                   \
    machine_guest_error_at((machine), (device_id), __FILE__ ":" G_STRINGIFY(__LINE__), __VA_ARGS__)
void machine_guest_error_at(struct machine *machine, const char *device_id, const char *place, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* Notes for the user on stderr ("galvanic: ..."), through the program's handler if one is set. */
void machine_note(struct machine *machine, const char *format, ...) G_GNUC_PRINTF(2, 3);
void machine_set_note_handler(struct machine *machine, void (*note)(void *opaque, const char *text), void *opaque);
/* Deterministic random bytes from the seed; @consumer names an independent stream ("rdrand", "efi-rng"). */
void machine_random(struct machine *machine, const char *consumer, void *bytes, size_t length);

/* --- what devices and firmware may ask for; takes effect after the current instruction --- */
void machine_power_off(struct machine *machine);
void machine_reset_request(struct machine *machine);
void machine_guest_exit(struct machine *machine, int code);
void machine_crash(struct machine *machine, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The user's fault, not the guest's: there is nothing that could be started. */
void machine_refuse(struct machine *machine, const char *format, ...) G_GNUC_PRINTF(2, 3);
/*
 * From a hypercall: CPU 0 rests after this instruction, as halted, until virtual time @deadline (ns, CLOCK_NEVER for
 * none), until any device timer fires, input arrives, or an interrupt is deliverable.
 */
void machine_rest(struct machine *machine, int64_t deadline);

/* --- running --- */
/* Power-on reset of everything; needed once before machine_run(). */
void machine_reset(struct machine *machine);
/* Runs until something stops it. */
enum machine_stop machine_run(struct machine *machine);
const char *machine_stop_message(const struct machine *machine); /* may be "" */
int machine_exit_code(const struct machine *machine);
/* From any thread. */
void machine_request_stop(struct machine *machine);
/* From a callback on the engine thread: stops after the current instruction, the same in every run. */
void machine_stop_here(struct machine *machine);
/* From the engine thread: what limits the running slice has changed; it ends after the current instruction, unseen by the guest. */
void machine_end_slice(struct machine *machine);
/* Limits: 0 none; virtual ns, instructions. */
void machine_set_limits(struct machine *machine, int64_t virtual_ns, uint64_t instructions);
/* A replay stops (MACHINE_STOP_REQUEST) at the point where its recording ended. */
void machine_set_end(struct machine *machine, uint64_t instructions, int64_t ns);
/*
 * From any thread: has @function called on the engine thread between two instructions, or at once while the machine sleeps.  It
 * may look at everything and must change nothing that the guest can see.
 */
void machine_call(struct machine *machine, void (*function)(void *opaque), void *opaque);
/*
 * The same by the engine thread itself, from a callback: @function is called after the current instruction, at the same point
 * in every run.  What it submits to the journal arrives at that point.
 */
void machine_call_here(struct machine *machine, void (*function)(void *opaque), void *opaque);
/*
 * By the engine thread, between two runs: what @source would do with @data has been done to the machine at this point; kept in
 * the journal, so that a replay does it.
 */
void machine_delivered(struct machine *machine, struct journal_source *source, const uint8_t *data, size_t length);
/* Longest slice in instructions (0: no limit); for tests of slice independence. */
void machine_set_slice(struct machine *machine, uint64_t instructions);
void machine_set_reboot(struct machine *machine, bool allowed);
/*
 * Idle: @may_speak says whether an outside source can still speak (then idle runs at wall speed, and the thread sleeps
 * until the next timer or submission).  NULL: idle is never paced.
 */
void machine_set_pacing(struct machine *machine, bool (*may_speak)(void *opaque), void *opaque);
/* Without CPU: moves virtual time forward by @ns, firing timers on the way. */
void machine_advance(struct machine *machine, int64_t ns);

/* --- looking on: nothing of it is visible to the guest --- */
enum machine_observe {
    MACHINE_OBSERVE_KERNEL_FAULTS = CPU_OBSERVE_KERNEL_FAULTS, /* taken while privileged, software ones apart */
    MACHINE_OBSERVE_USER_FAULTS = CPU_OBSERVE_USER_FAULTS,     /* taken from unprivileged code, software ones apart */
    MACHINE_OBSERVE_SOFTWARE = CPU_OBSERVE_SOFTWARE,           /* INT n, INT3, INTO, SVC, HVC, BRK */
    MACHINE_OBSERVE_INTERRUPTS = CPU_OBSERVE_INTERRUPTS,
    MACHINE_OBSERVE_ALL = CPU_OBSERVE_ALL,
};
struct machine_observer;
/*
 * Calls @observe before the delivery of each exception and interrupt of @kinds, registers being those of the interrupted
 * context.  Kinds that nobody asked for cost nothing.  Several may look; they are called in the order in which they came.
 */
struct machine_observer *machine_observer_add(struct machine *machine, unsigned kinds,
                                              void (*observe)(void *opaque, struct cpu *cpu,
                                                              const struct cpu_exception *exception),
                                              void *opaque);
void machine_observer_remove(struct machine *machine, struct machine_observer *observer);
struct machine_probe;
/*
 * Calls @probe before each execution of the instruction at virtual @address, in whatever space; the guest is not stopped, and code
 * elsewhere is not slower.  machine_instructions() does not hold the instruction yet.  An instruction that faults is executed again
 * when its handler returns, each turn of a repeated one (REP) is an execution of its own.  Several may stand at one address.  From
 * @probe machine_stop_before() may be called.
 */
struct machine_probe *machine_probe_add(struct machine *machine, uint64_t address,
                                        void (*probe)(void *opaque, struct cpu *cpu), void *opaque);
/* Also from inside a probe, its own included.  NULL is allowed, as for machine_observer_remove(). */
void machine_probe_remove(struct machine *machine, struct machine_probe *probe);
struct machine_register_watch;
/*
 * Calls @written before each write of a model-specific register by the guest (x86: WRMSR; aarch64: those registers that the board
 * traps): whoever probes code learns here where it is.
 */
struct machine_register_watch *machine_register_watch(
    struct machine *machine, void (*written)(void *opaque, struct cpu *cpu, uint32_t id, uint64_t value), void *opaque);
void machine_register_unwatch(struct machine *machine, struct machine_register_watch *watch);
/*
 * In a probe or an observer: machine_run() returns MACHINE_STOP_BREAK with nothing of the instruction, or of the delivery, done; the
 * next machine_run() goes on with it without asking the same probes and observers again.
 */
void machine_stop_before(struct machine *machine);
/* machine_run() returns MACHINE_STOP_BREAK when so many instructions are retired; UINT64_MAX: not. */
void machine_break_at(struct machine *machine, uint64_t instructions);
/*
 * After MACHINE_STOP_BREAK: CPU_STOP_BREAKPOINT for machine_stop_before() and breakpoints, CPU_STOP_WATCHPOINT, CPU_STOP_BUDGET for
 * machine_break_at().
 */
enum cpu_stop machine_break_cause(const struct machine *machine);
/* The CPU that ran last: of a stop, the one that it happened on. */
struct cpu *machine_last_cpu(struct machine *machine);

/* --- state --- */
uint64_t machine_state_hash(struct machine *machine); /* CPUs, devices, written pages */
void machine_save(struct machine *machine, GByteArray *out);
bool machine_load(struct machine *machine, const uint8_t *data, size_t length, GError **error);

#endif
