/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which exceptions are unhandled, and what they were: decided before the guest's own handler hides them.  Handled faults (demand
 * paging, copy on write, signals) cost nothing: only exceptions taken in kernel mode are looked at, and the kernel's own
 * "I give up" places (Redox: excp_handler, the panic handler; Linux: panic, die) carry probes.
 */
#ifndef GALVANIC_DEBUG_TRAP_TRAP_H
#define GALVANIC_DEBUG_TRAP_TRAP_H

#include "debug/os/syscalls.h"

enum trap_kind {
    TRAP_KERNEL = 1, /* exception in kernel mode, kernel panic, double and triple fault */
    TRAP_DRIVER = 2, /* unhandled exception or panic of a driver process */
    TRAP_USER = 4,   /* of any other process */
    TRAP_ALL = 7,
};

/* When it was noticed; the state told is always that of the failing moment. */
enum trap_noticed {
    TRAP_AT_FAULT,     /* before the guest saw anything of it */
    TRAP_AT_GIVING_UP, /* where the kernel gives up: excp_handler, die */
    TRAP_AT_PANIC,     /* where a panic begins */
    TRAP_AT_TEXT,      /* a message on the console said so: no symbols were known */
    TRAP_AT_END,       /* the machine died soon after an exception that nobody had judged */
};

#define TRAP_EVENTS 16
struct trap_event { /* an interrupt before the trap */
    uint64_t instructions, pc;
    int64_t ns;
    uint32_t vector;
    uint8_t from_level;
};

struct trap {
    enum trap_kind kind;
    enum trap_noticed noticed;
    struct cpu *cpu;
    struct cpu_exception exception; /* vector UINT32_MAX: a panic, no exception */
    struct unwind_frame frame;      /* registers at the instruction that failed */
    uint64_t flags;                 /* of that moment: RFLAGS, SPSR; UINT64_MAX: not known */
    struct space space;
    struct os_process process; /* id 0 and empty name: not known */
    bool process_known;
    char *cause;   /* the sentence: "null-page read in virtio-netd" */
    char *message; /* a panic's own text; NULL: none */
    uint64_t instructions;
    int64_t ns;
    struct trap_event event[TRAP_EVENTS]; /* oldest first */
    unsigned events;
};

struct traps;

/* @syscalls may be NULL. */
struct traps *traps_new(struct machine *machine, struct symbols *symbols, struct os *os, struct syscalls *syscalls);
void traps_free(struct traps *traps);
/* @kinds of enum trap_kind; 0: off, nothing is observed. */
void traps_enable(struct traps *traps, unsigned kinds);
/* "kernel,driver", "user", "all", "none"; false with @error. */
bool trap_parse_kinds(const char *text, unsigned *kinds, GError **error);
/* Called on the engine thread at the failing instruction (or at the kernel's giving up), the guest standing still. */
void traps_set_handler(struct traps *traps, void (*handler)(void *opaque, const struct trap *trap), void *opaque);
/*
 * What the guest writes on its console, for panics of kernels without symbols and for the messages of panics.  On the engine thread;
 * may call the handler.
 */
void traps_console(struct traps *traps, const uint8_t *data, size_t length);
/* The run ended for @reason: if the guest died of an exception that was not judged so far, the handler is called now. */
void traps_conclude(struct traps *traps, enum machine_stop reason);
/* Whether a trap of @kinds has been told. */
bool traps_told(const struct traps *traps, unsigned kinds);
struct trap *trap_copy(const struct trap *trap);
void trap_free(struct trap *trap);

/* The report (debug/trap/report.c): text for a terminal, or JSON for tools; to be freed. */
char *trap_report_text(struct symbols *symbols, struct os *os, struct syscalls *syscalls, const struct trap *trap,
                       bool colour);
char *trap_report_json(struct symbols *symbols, struct os *os, struct syscalls *syscalls, const struct trap *trap);

#endif
