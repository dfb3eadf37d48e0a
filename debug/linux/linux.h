/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of debug/linux/ share. */
#ifndef GALVANIC_DEBUG_LINUX_LINUX_H
#define GALVANIC_DEBUG_LINUX_LINUX_H

#include "debug/os/os.h"

#define LINUX_UNKNOWN (-1)
#define LINUX_COMM 16 /* bytes of a task's name, its zero included */

/*
 * Where things stand in struct task_struct and what it points to: different in each kernel, so they are found in the tasks
 * themselves, by what must be true of them.  LINUX_UNKNOWN: not found, or not yet.
 */
struct linux_layout {
    int comm, tasks, pid, tgid, parent;
    int mm, pgd; /* of the task; of struct mm_struct */
};

struct linux_os {
    struct machine *machine;
    struct symbols *symbols;
    struct space kernel;   /* as the CPU that was asked about last sees it */
    uint64_t init_task;    /* 0: not known yet */
    uint64_t some_code;    /* an address in the kernel's image */
    uint64_t current_task; /* x86: offset of the variable in the per-CPU area; aarch64: address of __entry_task */
    struct linux_layout layout;
    bool laid_out;
    bool tried;
    uint64_t tried_at, tried_mm_at; /* instructions */
    uint64_t wait;                  /* instructions between two tries: doubled by each that fails */
    unsigned steps;                 /* that this try may still go along lists */
    GArray *exceptions;             /* of uint64_t, sorted: instructions that may fault; NULL: not read */
};

bool linux_u64(struct linux_os *linux_os, uint64_t address, uint64_t *value);
bool linux_u32(struct linux_os *linux_os, uint64_t address, uint32_t *value);
static inline bool linux_is_kernel(uint64_t address)
{
    return address >= 0xFFFF000000000000ULL && address < UINT64_MAX - 4096;
}
/* Of the kernel; 0: none or several. */
uint64_t linux_symbol(const struct linux_os *linux_os, const char *name);
/* Looks through @cpu: its tables, with the kernel in them. */
void linux_look_from(struct linux_os *linux_os, struct cpu *cpu);

/* layout.c: true: tasks can be read.  @task is one of them, for kernels that do not tell where init_task is.  Cheap to repeat. */
bool linux_lay_out(struct linux_os *linux_os, uint64_t task);
/* With a task that is current and has a space of its own. */
void linux_lay_out_spaces(struct linux_os *linux_os, uint64_t task, uint64_t root);
/* A name that a task may have: printable and ended; false: none. */
bool linux_comm(struct linux_os *linux_os, uint64_t task, char name[LINUX_COMM]);

/* references.c: kernels without names of data are asked by their code. */
/* Addresses that the aarch64 code of @function takes or loads from; at most @room are stored. */
unsigned linux_references(const struct linux_os *linux_os, const char *function, uint64_t *out, unsigned room);
/* aarch64: __entry_task, which every entry from a program loads into SP_EL0; 0: not found. */
uint64_t linux_entry_task(const struct linux_os *linux_os);

/* tasks.c */
uint64_t linux_current(struct linux_os *linux_os, struct cpu *cpu); /* 0: not known */
bool linux_task(struct linux_os *linux_os, uint64_t task, struct os_process *out);
/* The first threads of all processes; false: the list is broken, or is being changed. */
bool linux_each_task(struct linux_os *linux_os, void (*visit)(void *opaque, uint64_t task), void *opaque);

/* exceptions.c */
bool linux_may_fault(struct linux_os *linux_os, uint64_t pc);
/* dmesg.c: to be freed; NULL with @error. */
char *linux_dmesg(struct linux_os *linux_os, GError **error);

#endif
