/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls as they happen: decoded, kept (the last ones of each thread), and given to whoever listens (traces, strace).
 * Probes at the kernel's entry and return; nothing is changed and nobody is stopped.
 */
#ifndef GALVANIC_DEBUG_OS_SYSCALLS_H
#define GALVANIC_DEBUG_OS_SYSCALLS_H

#include "debug/os/os.h"

#define SYSCALLS_KEPT 16 /* of each thread */

struct syscall {
    uint64_t thread, process; /* as in struct os_process; while not known: top of the kernel stack, and 0 */
    uint64_t number, argument[6];
    uint64_t result;
    uint64_t instructions, instructions_end; /* count at entry and return; end 0: has not returned */
    int64_t ns, ns_end;
    char path[64]; /* of calls with a path, read at entry; "" else */
};

struct syscalls;
struct syscalls *syscalls_new(struct machine *machine, struct os *os);
void syscalls_free(struct syscalls *syscalls);
/* Begins and ends: costs a callback each system call while on. */
void syscalls_enable(struct syscalls *syscalls, bool on);
/* Each entry (@call->instructions_end 0) and each return. */
void syscalls_listen(struct syscalls *syscalls, void (*event)(void *opaque, const struct syscall *call), void *opaque);
/* The last calls of a thread, oldest first; returns how many were stored (at most @room). */
unsigned syscalls_last(struct syscalls *syscalls, uint64_t thread, struct syscall *out, unsigned room);
/* "openat(3, \"/scheme/pci\", O_RDWR) = 4" in the manner of the system's generation; to be freed. */
char *syscall_describe(struct os *os, const struct syscall *call);

#endif
