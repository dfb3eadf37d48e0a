/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is asked of Redox's schemes in user space, and their answers, as events of the kind TRACE_SCHEME.  A scheme's server reads
 * requests (Sqe) from the socket that it got when it created the scheme, and writes answers (Cqe) to it: seen in its system calls.
 */
#ifndef GALVANIC_DEBUG_OS_SCHEME_TRACE_H
#define GALVANIC_DEBUG_OS_SCHEME_TRACE_H

#include "debug/os/syscalls.h"

struct scheme_trace;

/* Listens to @syscalls from now on; freed after the last event. */
struct scheme_trace *scheme_trace_new(struct machine *machine, struct os *os, struct syscalls *syscalls);
void scheme_trace_free(struct scheme_trace *trace);

/* "read(5, 0x2000, 4096)" of the 64 bytes of a request; NULL: no opcode that is known; to be freed. */
char *scheme_request_describe(const uint8_t bytes[64]);

#endif
