/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What memory.c, access.c, dma.c and pages.c share; nobody else includes this. */
#ifndef GALVANIC_EMU_MEMORY_INTERNAL_H
#define GALVANIC_EMU_MEMORY_INTERNAL_H

#include "emu/memory/memory.h"
#include "emu/state/state.h"

#define MEMORY_SPACES 2

struct memory_region {
    struct memory *memory;
    enum memory_space space;
    char *name;
    uint64_t address, size;
    int priority;
    unsigned serial; /* order of creation */
    bool enabled;
    struct memory_region_ops ops;
    void *opaque;
    /* RAM only */
    uint8_t *host;
    bool read_only;
    uint64_t mapped_address; /* where the engine has it; differs from address until memory_commit() */
    bool mapped_enabled;
    uint8_t *written; /* bit a page: written by the host, or by the guest before the last move */
};

struct flat_range {
    uint64_t start, last;
    struct memory_region *region;
};

struct memory {
    GPtrArray *regions[MEMORY_SPACES];
    GArray *flat[MEMORY_SPACES];
    bool flat_valid[MEMORY_SPACES];
    const struct flat_range *recent[MEMORY_SPACES];
    GPtrArray *ram; /* by address */
    struct memory_listener listener;
    void (*moved)(void *opaque);
    void *moved_opaque;
    bool pending;
    unsigned serial;
};

/* The region that answers at @address, or NULL; @last: the last address for which that answer holds. */
struct memory_region *memory_find(struct memory *memory, enum memory_space space, uint64_t address, uint64_t *last);
/* The mapped RAM region that holds @address, or NULL. */
struct memory_region *memory_find_ram(struct memory *memory, uint64_t address);
int memory_compare_u64(gconstpointer a, gconstpointer b);

#endif
