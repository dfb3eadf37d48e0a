/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program sees of the inside of a guest: its symbols, its operating system, its system calls. */
#ifndef GALVANIC_CLI_INSIDE_H
#define GALVANIC_CLI_INSIDE_H

#include "debug/debugger.h"
#include "debug/os/syscall_trace.h"

struct session;

struct inside {
    struct symbols *symbols;
    struct os *os;
    struct syscalls *syscalls; /* off until syscalls_enable() */
    struct syscall_trace *trace;
    struct debugger *debugger; /* inside_debugger() */
};

/* That of @session, made when it is first asked for: whoever does not look pays nothing.  The session frees it. */
struct inside *session_inside(struct session *session);
/* Starts what --trace asks for of the inside. */
void inside_start_traces(struct session *session);
/* Run control, made when it is first asked for. */
struct debugger *inside_debugger(struct session *session);
void inside_free(struct inside *inside);

#endif
