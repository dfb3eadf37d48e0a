/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run control over a machine: stops, breakpoints, watchpoints, steps.  The prompt, scripts, the monitor and the GDB stub all stand
 * on this; nothing that it does is visible to the guest, and instruction counts are those of a run without it.
 */
#ifndef GALVANIC_DEBUG_DEBUGGER_H
#define GALVANIC_DEBUG_DEBUGGER_H

#include "debug/os/syscalls.h"

struct debugger;
struct trap; /* debug/trap/trap.h: an unhandled exception */

enum debugger_stop {
    DEBUGGER_STOP_NONE,
    DEBUGGER_STOP_BREAKPOINT,
    DEBUGGER_STOP_WATCHPOINT, /* after the access */
    DEBUGGER_STOP_STEP,
    DEBUGGER_STOP_CATCH,   /* an exception, interrupt, system call, process start that was asked for */
    DEBUGGER_STOP_TRAP,    /* an unhandled exception: debugger_trap() */
    DEBUGGER_STOP_REQUEST, /* the user's interrupt */
    DEBUGGER_STOP_MACHINE, /* the machine itself ended the run: debugger_machine_stop() */
};

enum debugger_point_kind {
    DEBUGGER_POINT_CODE,
    DEBUGGER_POINT_WRITE,
    DEBUGGER_POINT_READ,
    DEBUGGER_POINT_ACCESS,
    DEBUGGER_POINT_PHYSICAL_WRITE,
    DEBUGGER_POINT_PHYSICAL_READ,
    DEBUGGER_POINT_PHYSICAL_ACCESS,
    DEBUGGER_POINT_CATCH_EXCEPTION, /* address: vector or class; UINT64_MAX any */
    DEBUGGER_POINT_CATCH_INTERRUPT,
    DEBUGGER_POINT_CATCH_SYSCALL, /* address: number; UINT64_MAX any */
    DEBUGGER_POINT_CATCH_PROCESS, /* start of a process; text: pattern of its name */
    DEBUGGER_POINT_CATCH_DRIVER,
    DEBUGGER_POINT_PORT_WRITE, /* x86's I/O ports: address, length */
    DEBUGGER_POINT_PORT_READ,
    DEBUGGER_POINT_PORT_ACCESS,
};

#define DEBUGGER_PENDING UINT64_MAX

struct debugger_point {
    unsigned number; /* given by the debugger, from 1 on */
    enum debugger_point_kind kind;
    uint64_t address, length; /* of code UINT64_MAX: where `text` is, once symbols know it (DEBUGGER_PENDING) */
    uint64_t root;            /* only in this space; SYMBOLS_ANY_SPACE: everywhere */
    char *text;               /* as the user wrote it; owned */
    char *condition;          /* an expression; NULL: none; owned */
    bool temporary, enabled;
    uint64_t hits, ignore;
};

/* @symbols, @os and @syscalls are the caller's and outlive the debugger. */
struct debugger *debugger_new(struct machine *machine, struct symbols *symbols, struct os *os,
                              struct syscalls *syscalls);
void debugger_free(struct debugger *debugger);
struct machine *debugger_machine(struct debugger *debugger);
struct symbols *debugger_symbols(struct debugger *debugger);
struct os *debugger_os(struct debugger *debugger);
struct syscalls *debugger_syscalls(struct debugger *debugger);

/*
 * Points.  @point is copied (its texts, too; without a length a code point's is 1, a watched one's 8); its number is returned; 0 with @error: it cannot be.
 * The condition is looked at with the registers of the moment; what can be wrong with it in every moment is an error at once.
 */
unsigned debugger_insert(struct debugger *debugger, const struct debugger_point *point, GError **error);
bool debugger_remove(struct debugger *debugger, unsigned number);
/* The @index-th; NULL past the last. */
struct debugger_point *debugger_point(struct debugger *debugger, unsigned index);

/* Running; each returns at a stop. */
enum debugger_stop debugger_continue(struct debugger *debugger);
enum debugger_stop debugger_step(struct debugger *debugger, uint64_t instructions);
/* One instruction of the program that stands here: interrupts, page faults and system calls are passed over. */
enum debugger_stop debugger_step_program(struct debugger *debugger);
/* Until the source line changes (@over: calls are not entered), until the function returns. */
enum debugger_stop debugger_step_line(struct debugger *debugger, bool over);
enum debugger_stop debugger_finish(struct debugger *debugger);
/* The call here, of @length bytes, to its return. */
enum debugger_stop debugger_step_over(struct debugger *debugger, unsigned length);
/* Until the instruction count is @instructions. */
enum debugger_stop debugger_run_to(struct debugger *debugger, uint64_t instructions);
/* From any thread: DEBUGGER_STOP_REQUEST soon. */
void debugger_interrupt(struct debugger *debugger);
/* It stands, and its user has been told: an interrupt that came meanwhile has got what it wanted. */
void debugger_forget_interrupt(struct debugger *debugger);

/* Of the last stop. */
struct cpu *debugger_cpu(struct debugger *debugger);
/* Steps and looks are those of @cpu from now on. */
void debugger_select_cpu(struct debugger *debugger, struct cpu *cpu);
struct debugger_point *debugger_hit(struct debugger *debugger); /* NULL: no point */
uint64_t debugger_hit_address(struct debugger *debugger);
/* Of a watched range of up to 8 bytes: its value at the stop before, or when it was inserted. */
uint64_t debugger_hit_old_value(struct debugger *debugger);
enum machine_stop debugger_machine_stop(struct debugger *debugger);
const struct trap *debugger_trap(struct debugger *debugger);
/* debug/trap calls it, on the engine thread: stop before anything more of the guest happens. */
void debugger_raise_trap(struct debugger *debugger, const struct trap *trap);

#endif
