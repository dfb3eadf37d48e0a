/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes system calls and what user schemes are asked to the event trace (emu/trace.h), as far as these kinds are traced. */
#ifndef GALVANIC_DEBUG_OS_SYSCALL_TRACE_H
#define GALVANIC_DEBUG_OS_SYSCALL_TRACE_H

#include "debug/os/syscalls.h"

struct syscall_trace;

/* Listens to @syscalls, which must be freed first or last together with it: no events may come after. */
struct syscall_trace *syscall_trace_new(struct machine *machine, struct os *os, struct syscalls *syscalls);
/* Writes what has not returned yet. */
void syscall_trace_free(struct syscall_trace *trace);

#endif
