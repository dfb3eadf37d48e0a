/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the machine (machine.c, run.c, callbacks.c, machine_state.c) share; nobody else includes this. */
#ifndef GALVANIC_EMU_MACHINE_INTERNAL_H
#define GALVANIC_EMU_MACHINE_INTERNAL_H

#include "emu/machine.h"

struct machine_entry {
    const struct device_class *device_class;
    void *device;
    char *id;
};

struct machine_deferred_call {
    void (*function)(void *opaque);
    void *opaque;
};

#define MACHINE_RECENT_PLACES 16

struct machine {
    struct machine_config config;
    char *cpu_model;
    struct memory *memory;
    struct clock *clock;
    struct journal *journal;
    struct trace *trace;
    struct cpu_engine *engine;
    struct machine_board_hooks hooks;
    void *board;
    GPtrArray *devices;          /* of struct machine_entry */
    GPtrArray *register_watches; /* of struct machine_register_watch */

    /* virtual time: skipped_ns + instructions x picoseconds_per_instruction */
    int64_t skipped_ns;         /* idle and charges */
    struct cpu *running;        /* inside cpu_run() */
    GHashTable *random_streams; /* consumer -> uint64_t count of blocks drawn */

    /* whose turn it is, when there are several CPUs */
    uint64_t turn;     /* index of the CPU */
    uint64_t turn_end; /* the count of all instructions at which it ends */

    /* requests of the guest, seen after the current instruction */
    enum machine_stop stop;
    char *stop_message;
    int exit_code;
    bool reset_requested;
    bool reboot_allowed;
    bool resting;
    int64_t rest_deadline;

    /* limits and slices */
    uint64_t break_at; /* of the debugger */
    enum cpu_stop break_cause;
    struct cpu *last_cpu;
    int64_t limit_ns;
    uint64_t limit_instructions;
    uint64_t slice;
    bool end_set; /* of a replay */
    uint64_t end_instructions;
    int64_t end_ns;

    /* the host's side: nothing here reaches the guest */
    gint stop_requested; /* atomic */
    GAsyncQueue *calls;  /* of struct machine_deferred_call */
    bool (*may_speak)(void *opaque);
    void *pacing_opaque;
    int64_t pace_offset; /* wall time - virtual time */
    bool pace_started;
    GMutex wait_mutex;
    GCond wait_condition;
    GPtrArray *observers;     /* of struct machine_observer */
    GHashTable *probe_places; /* by address: struct probe_place */
    struct probe_place
        *recent_places[MACHINE_RECENT_PLACES]; /* of that table, by bits of the address; NULL: not known */
    struct machine_observer *trace_observer;
    struct probe_place *probing; /* whose probes are being called */
    unsigned looking;            /* depth of calls of observers and probes */
    GHashTable *reported;        /* places of guest errors */
    void (*note)(void *opaque, const char *text);
    void *note_opaque;
};

extern const struct cpu_callbacks machine_cpu_callbacks;

/* observe.c */
void machine_looking_new(struct machine *machine);
void machine_looking_free(struct machine *machine);
void machine_call_probes(void *opaque, struct cpu *cpu);
/* After a change of what is traced. */
void machine_update_trace_observer(struct machine *machine);

/* The instruction count at which virtual time reaches @ns. */
uint64_t machine_instruction_at(const struct machine *machine, int64_t ns);
void machine_clock_changed(void *opaque);
/* Any thread: ends the slice and the sleep of the engine thread. */
void machine_wake(void *opaque);

#endif
