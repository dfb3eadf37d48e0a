/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the CPU engine share: cpu.c, which knows no instruction set, and the files that are compiled on
 * Unicorn's private headers, once an instruction set (see target.h).
 */
#ifndef GALVANIC_EMU_CPU_INTERNAL_H
#define GALVANIC_EMU_CPU_INTERNAL_H

#include "emu/cpu/cpu.h"

struct CPUState;
struct uc_struct;
struct uc_sys;

#define CPU_HITS 4

/* A watched range. */
struct cpu_watched {
    enum cpu_watch_space space;
    uint64_t first, last;
    enum cpu_watch kind;
};

struct cpu {
    struct cpu_engine *engine;
    unsigned index;
    struct CPUState *state;
    void *target_data; /* what the instruction set's files keep beside Unicorn's state */

    /*
     * Instructions retired = end - what is left of the budget, which translated code counts down in two parts: 16 bits
     * that each block looks at, and the rest.
     */
    uint64_t end;
    const uint16_t *left_low;
    const int64_t *left_extra;
    uint64_t run_end;   /* the end that cpu_run() was asked for */
    uint64_t delivered; /* the count at the last delivery of an exception, + 1 */

    bool on;      /* not waiting for cpu_start() */
    bool yielded; /* why the run ends */
    bool paused;
    bool shutdown; /* x86 triple fault: dead until a reset */

    bool at_breakpoint; /* the last run ended there; the next one executes the instruction */
    uint64_t breakpoint_pc;
    uint64_t breakpoint_count;
    struct cpu_access hits[CPU_HITS]; /* of watchpoints */
    unsigned hit_count;
    bool hits_told; /* by CPU_STOP_WATCHPOINT */

    bool stop_before;    /* asked for in the callback that runs */
    bool held;           /* an exception or interrupt waits for the next run to be delivered */
    bool held_interrupt; /* x86: acknowledged already */
    uint32_t held_index; /* Unicorn's exception number; of an interrupt of x86 the vector */
    uint64_t held_pc;
};

/* An address with probes or breakpoints. */
struct cpu_point {
    uint64_t address;
    unsigned probes, breakpoints;
};

#define CPU_RECENT_POINTS 16

struct cpu_engine {
    enum cpu_arch arch;
    const struct cpu_target *target;
    char *model;
    struct cpu_callbacks callbacks;
    unsigned observed;                   /* kinds that the observer is called for */
    GHashTable *points;                  /* by address: struct cpu_point */
    GArray *watched;                     /* of struct cpu_watched */
    struct cpu_access outside[CPU_HITS]; /* DMA between two runs */
    unsigned outside_count;
    struct cpu_point *recent_points[CPU_RECENT_POINTS]; /* of points, by bits of the address; NULL: not known */
    void *opaque;
    unsigned cpu_count;
    struct cpu *cpus;
    struct uc_struct *uc;
    struct uc_sys *sys;
    size_t code_buffer;
    int exit_requested;       /* atomic, from any thread */
    struct CPUState *running; /* atomic: whom to tell */
    GArray *areas;            /* host memory that was ever mapped, see target_memory.c */
    uint64_t ram_next;
};

/* An instruction set. */
struct cpu_target {
    const char *const *models; /* NULL-terminated, default first */
    bool (*open)(struct cpu_engine *engine, GError **error);
    void (*close)(struct cpu_engine *engine);

    enum cpu_stop (*run)(struct cpu *cpu, uint64_t budget);
    void (*set_deadline)(struct cpu *cpu, uint64_t instructions);
    void (*request_exit)(struct cpu_engine *engine);
    void (*set_line)(struct cpu *cpu, enum cpu_line line, bool level);
    void (*reset)(struct cpu *cpu);
    void (*init)(struct cpu *cpu);
    void (*start)(struct cpu *cpu, uint64_t address, uint64_t argument);
    bool (*is_halted)(const struct cpu *cpu);
    uint64_t (*pc)(const struct cpu *cpu);
    uint64_t (*sp)(const struct cpu *cpu);
    unsigned (*privilege)(const struct cpu *cpu);
    bool (*translate)(struct cpu *cpu, uint64_t virtual_address, uint64_t *physical);
    void (*save)(struct cpu *cpu, GByteArray *out);
    bool (*load)(struct cpu *cpu, const uint8_t *data, size_t length);

    void (*map)(struct cpu_engine *engine, uint64_t address, uint64_t size, void *host, bool read_only);
    void (*unmap)(struct cpu_engine *engine, uint64_t address, uint64_t size);
    void (*memory_written)(struct cpu_engine *engine, uint64_t address, uint64_t size);
    void (*dirty_bits)(struct cpu_engine *engine, uint64_t address, uint64_t size, uint8_t *bits, bool clear);
    bool (*page_dirty)(struct cpu_engine *engine, uint64_t address);

    void (*breakpoint)(struct cpu_engine *engine, uint64_t address, bool insert);
    void (*watch)(struct cpu_engine *engine, const struct cpu_watched *watched); /* one was added or has gone */
    void (*flush)(struct cpu_engine *engine);
    void (*statistics)(const struct cpu_engine *engine, struct cpu_statistics *out);
};

extern const struct cpu_target cpu_target_x86_64;
extern const struct cpu_target cpu_target_aarch64;

/* watch.c.  Keeps a hit; the run is to end after the instruction. */
void cpu_watch_hit(struct cpu *cpu, const struct cpu_access *access);
void cpu_watch_dma(struct cpu_engine *engine, uint64_t address, uint64_t length);
/* An access that may hit a watchpoint; true if it does. */
bool cpu_watch_matches(const struct cpu_engine *engine, enum cpu_watch_space space, uint64_t address, uint64_t length,
                       bool write);

static inline uint64_t cpu_instructions_now(const struct cpu *cpu)
{
    return cpu->end - ((uint64_t)*cpu->left_low + (uint64_t)*cpu->left_extra);
}

#endif
