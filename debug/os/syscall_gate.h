/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where system calls enter and leave the kernel, found in the kernel's own code.  A thread is named by the top of its kernel
 * stack, which both ends of a call know without asking memory.
 */
#ifndef GALVANIC_DEBUG_OS_SYSCALL_GATE_H
#define GALVANIC_DEBUG_OS_SYSCALL_GATE_H

#include "debug/os/os.h"

struct syscall_gate_handlers {
    /* @resume: where the caller goes on; 0: not told. */
    void (*enter)(void *opaque, struct cpu *cpu, uint64_t stack, uint64_t number, const uint64_t argument[6],
                  uint64_t resume);
    /*
     * @result is the value that the caller will see.  @frame: new threads come this way too, and at that address stands where
     * the caller goes on; 0: they do not.
     */
    void (*leave)(void *opaque, struct cpu *cpu, uint64_t stack, uint64_t result, uint64_t frame);
    /* A thread goes to user mode for the first time; whoever had that stack is gone. */
    void (*begin)(void *opaque, struct cpu *cpu, uint64_t stack);
    void *opaque;
};

struct syscall_gate {
    struct machine *machine;
    struct os *os;
    struct syscall_gate_handlers handlers;
    /* x86: what writes LSTAR; the entry, and where the call is over */
    struct machine_register_watch *watch;
    uint64_t lstar;
    /* aarch64: SVC; the top of the stack at the last one, and how far below it are SP where the call is over, and the registers */
    struct machine_observer *observer;
    uint64_t top, depth, registers;
    struct machine_probe *entry, *exit, *begin, *learn;
    uint64_t exit_at; /* 0: not known */
    bool exit_is_linux;
    bool exit_sought;
    uint64_t sought_at; /* instructions */
};

void syscall_gate_open(struct syscall_gate *gate, struct machine *machine, struct os *os,
                       const struct syscall_gate_handlers *handlers);
void syscall_gate_close(struct syscall_gate *gate);

/* Of the instruction sets. */
void syscall_gate_open_x86_64(struct syscall_gate *gate);
void syscall_gate_open_aarch64(struct syscall_gate *gate);
/* The kernel's symbol, 0: none or several.  @again: not more often than that, in instructions. */
uint64_t syscall_gate_symbol(struct syscall_gate *gate, struct cpu *cpu, const char *name);
/* True: it is time to look for the end of calls (again). */
bool syscall_gate_seek(struct syscall_gate *gate);

#endif
