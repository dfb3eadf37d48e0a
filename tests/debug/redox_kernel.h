/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The structures of a kernel of Redox as a compiler might have laid them out, in a guest's memory; everything else is noise. */
#ifndef GALVANIC_TESTS_DEBUG_REDOX_KERNEL_H
#define GALVANIC_TESTS_DEBUG_REDOX_KERNEL_H

#include "debug/symbols/symbols.h"
#include "tests/debug/guest.h"

#define REDOX_KERNEL_CONTEXTS 14 /* [kmain], then processes: two of them have two threads */

/* Offsets in bytes; those in a context count from its Arc. */
struct redox_kernel_layout {
    unsigned name, name_length, debug_id, pid, status, runnable, reason, addr_space, kstack, saved;
    unsigned root, grants; /* in an address space */
    unsigned scheme_entry_key;
    bool keys_first;  /* in a tree's node, else the parent */
    bool length_last; /* of a tree's three words: node, height, length; else length, height, node */
};

struct redox_kernel {
    struct guest *guest;
    const struct redox_kernel_layout *layout;
    GRand *random;
    uint64_t heap; /* next free byte */
    uint64_t context[REDOX_KERNEL_CONTEXTS], space[REDOX_KERNEL_CONTEXTS], stack[REDOX_KERNEL_CONTEXTS];
    uint64_t root[REDOX_KERNEL_CONTEXTS];
    unsigned running; /* the context that the CPU is in */
};

extern const struct redox_kernel_layout redox_kernel_layouts[2];

/* Makes it all; @symbols gets the names of its statics and code. */
struct redox_kernel *redox_kernel_new(enum cpu_arch arch, const struct redox_kernel_layout *layout,
                                      struct symbols **symbols);
void redox_kernel_free(struct redox_kernel *kernel);
/* The process of a context: 0 for [kmain]. */
unsigned redox_kernel_process(unsigned context);
/* Calls a context's process so, at most 32 bytes. */
void redox_kernel_rename(struct redox_kernel *kernel, unsigned context, const char *name);
/* Puts a page of @bytes into a context's space. */
void redox_kernel_put_user(struct redox_kernel *kernel, unsigned context, uint64_t address, const uint8_t bytes[4096]);
/* The initial file system, where the kernel remembers it; before symbols are asked for. */
void redox_kernel_put_initfs(struct redox_kernel *kernel, struct symbols *symbols, const uint8_t *bytes, size_t length);
/* A member of a context, to be changed by a test. */
void redox_kernel_poke(struct redox_kernel *kernel, unsigned context, unsigned offset, uint64_t value);

#endif
