/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the debugger knows of the operating system inside: processes, their spaces, system calls.  One implementation a system:
 * debug/redox/, debug/linux/.  All reads from guest memory are bounded and checked; offsets come from the kernel's DWARF, else from
 * calibration that refuses to guess: then the question is answered with "not known" and why.
 */
#ifndef GALVANIC_DEBUG_OS_OS_H
#define GALVANIC_DEBUG_OS_OS_H

#include "debug/symbols/symbols.h"
#include "debug/unwind.h"
#include "emu/host/block.h"

struct os;

struct os_process {  /* a thread of a process; in Redox a context */
    uint64_t id;     /* process: pid */
    uint64_t thread; /* Redox: debug id of the context; Linux: tid */
    uint64_t object; /* address of the kernel's own structure */
    uint64_t root;   /* space; 0: a kernel thread */
    char name[64];   /* "/usr/bin/ion", "init" */
    char state[24];  /* "running", "runnable", "blocked" */
    bool driver;     /* started by init before login, or holds a scheme or an interrupt */
    uint64_t cpu_ns; /* 0: not known */
    uint64_t parent;
    uint64_t kernel_stack, kernel_stack_size; /* its lowest address; 0: not known */
};

struct os_class {
    const char *name; /* "Redox", "Linux" */
    /* The process that runs on @cpu; false: none, or not known yet. */
    bool (*current)(void *os, struct cpu *cpu, struct os_process *out);
    /* All of them, in the order of their ids; false with @why (to be freed): not known. */
    bool (*each)(void *os, void (*visit)(void *opaque, const struct os_process *process), void *opaque, char **why);
    /* Registers of one that does not run, for its backtrace; false: it runs or is not known. */
    bool (*registers)(void *os, const struct os_process *process, struct unwind_frame *out);
    /* Is the kernel at @pc within its window for copying from and to user memory, where a fault is ordinary? */
    bool (*may_fault)(void *os, uint64_t pc);
    /* Sees to it that the modules of @root are placed in the symbols. */
    void (*place_modules)(void *os, const struct os_process *process);
    /*
     * What is wrong with what the loader has handed over ("bad initfs: …"), as long as no program of it has been seen to run; NULL:
     * nothing, or that is not known.  To be freed.
     */
    char *(*boot_fault)(void *os);
    /* Further questions by name, answered as text: "maps", "fds", "schemes", "irqs", "dmesg"; @process may be NULL. */
    char *(*query)(void *os, const char *question, const struct os_process *process, GError **error);
    const char *const *questions; /* NULL-terminated */
    void (*free)(void *os);
};

struct os *os_new(struct machine *machine, struct symbols *symbols);
void os_free(struct os *os);
/* A disk of the machine, on which programs may be found by their names (read only, never written); it outlives @os. */
void os_add_disk(struct os *os, struct block *disk);
/* Finds out which system runs, once there is one; cheap to repeat.  NULL: none known so far. */
const char *os_name(struct os *os, struct cpu *cpu);
bool os_current(struct os *os, struct cpu *cpu, struct os_process *out);
bool os_each(struct os *os, void (*visit)(void *opaque, const struct os_process *process), void *opaque, char **why);
bool os_find(struct os *os, uint64_t id, struct os_process *out);
bool os_registers(struct os *os, const struct os_process *process, struct unwind_frame *out);
bool os_may_fault(struct os *os, uint64_t pc);
void os_place_modules(struct os *os, const struct os_process *process);
char *os_boot_fault(struct os *os);
char *os_query(struct os *os, const char *question, const struct os_process *process, GError **error);
struct symbols *os_symbols(struct os *os);
struct machine *os_machine(struct os *os);

/*
 * Implementations; @cpu is in the kernel or was.  NULL: it is not this system, or not yet.  @disks: of struct block, os_add_disk()'s;
 * kept, and may grow later.
 */
void *redox_probe(struct machine *machine, struct symbols *symbols, GPtrArray *disks, struct cpu *cpu,
                  const struct os_class **os_class);
void *linux_probe(struct machine *machine, struct symbols *symbols, GPtrArray *disks, struct cpu *cpu,
                  const struct os_class **os_class);

#endif
