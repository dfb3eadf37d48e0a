/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program sees of the inside of a guest: its symbols, its operating system, its system calls, its traps. */
#ifndef GALVANIC_CLI_INSIDE_H
#define GALVANIC_CLI_INSIDE_H

#include <stdio.h>

#include "debug/debugger.h"
#include "debug/os/scheme_trace.h"
#include "debug/os/syscall_trace.h"
#include "debug/trap/trap.h"

struct session;

struct inside {
    struct symbols *symbols;
    struct os *os;
    struct syscalls *syscalls; /* off until syscalls_enable() */
    struct syscall_trace *trace;
    struct scheme_trace *schemes;
    struct debugger *debugger; /* inside_debugger() */
    struct traps *traps;
    FILE *trap_file; /* reports as JSON, one a line; NULL: none */
};

/* That of @session, made when it is first asked for: whoever does not look pays nothing.  The session frees it. */
struct inside *session_inside(struct session *session);
/* Starts what --trace asks for of the inside. */
void inside_start_traces(struct session *session);
/* Run control, made when it is first asked for. */
struct debugger *inside_debugger(struct session *session);
/* Reads the files of --symbols, and starts to look for the traps of --trap.  False with @error. */
bool inside_start_traps(struct session *session, GError **error);
/* What the guest wrote on its console. */
void inside_console(struct session *session, const uint8_t *data, size_t length);
/*
 * After the run: the exit status as its traps make it.  A trap of the kernel is 2; one of a driver (or of another program, if those
 * were asked for) is 2 unless an expectation was met.
 */
int inside_conclude(struct session *session, enum machine_stop reason, int status);
/* The run was ended for a trap of the kernel. */
bool inside_ended(const struct session *session);
void inside_free(struct inside *inside);

#endif
