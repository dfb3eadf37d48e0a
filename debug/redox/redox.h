/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redox's kernel as the debugger reads it: where its structures are, and what stands in them.  The kernel's structures have no
 * fixed layout (Rust orders members as it likes), so each offset comes from DWARF or is found by calibration: tried everywhere,
 * and taken only where the contents of all contexts agree with it and with nothing else.
 */
#ifndef GALVANIC_DEBUG_REDOX_REDOX_H
#define GALVANIC_DEBUG_REDOX_REDOX_H

#include "debug/os/os.h"
#include "debug/redox/initfs.h"
#include "debug/redox/redoxfs.h"

#define REDOX_PAGE 4096u
#define REDOX_PHYS_OFFSET UINT64_C(0xFFFF800000000000) /* all physical memory, in both architectures */
#define REDOX_UNKNOWN (-1)
#define REDOX_CONTEXTS_MAX 65536u
#define REDOX_KERNEL_STACK (16 * REDOX_PAGE)
#define REDOX_RECENT 16
#define REDOX_IDLE_NAME "[kmain]"

/* How nodes of a B-tree lie in memory; offsets in bytes. */
struct redox_btree {
    unsigned keys, values, value_size, count; /* keys have 8 bytes, count two */
    unsigned edges;                           /* of inner nodes */
};
/* The order in which a map's node, height and length stand, and where. */
struct redox_map {
    int at;                        /* offset of the three words; REDOX_UNKNOWN */
    unsigned node, height, length; /* words */
};

/* Offsets in bytes, REDOX_UNKNOWN where not known; those of objects behind an Arc count from its counters. */
struct redox_layout {
    bool by_dwarf;
    struct redox_map contexts; /* in CONTEXTS */
    struct redox_btree context_tree;
    /* Context */
    int name, name_length;
    int debug_id, pid, status_reason, addr_space, files, kstack;
    int status, status_runnable; /* the tag's value of Runnable; the others follow: Blocked, HardBlocked, Dead */
    int cpu_time, ens, euid;
    int saved[UNWIND_REGISTERS]; /* by DWARF's number */
    /* PercpuBlock */
    int current;
    /* AddrSpaceWrapper */
    int root;
    struct redox_map grants;
    struct redox_btree grant_tree;
    bool grant_keys_are_pages;
    int grant_pages, grant_flags, grant_provider; /* in a GrantInfo */
    /* FdTbl, FileDescription */
    int posix_files, upper_files;
    unsigned file_entry; /* bytes of an entry of these */
    int file_offset, file_scheme, file_number, file_flags;
};

struct redox {
    struct machine *machine;
    struct symbols *symbols;
    GPtrArray *disks;
    struct space kernel; /* a space in which the kernel's half can be read */
    uint64_t budget;     /* of bytes that may still be read for the question that is being answered */
    uint64_t contexts_at, percpu_at, bootstrap_at, schemes_at, irq_handles_at, irq_counts_at, log_at; /* 0: no symbol */
    uint64_t copy_start, copy_end;
    uint64_t kernel_start; /* where the kernel's image is mapped */
    struct redox_layout layout;
    bool newer;           /* the generation whose schemes have their names in user space */
    bool laid_out;        /* processes can be told */
    bool grants_laid_out; /* their maps too */
    bool files_laid_out;  /* their files too */
    bool complete;        /* calibration has found all that it looks for */
    char *why;            /* they cannot */
    uint64_t laid_out_at; /* instructions at the last attempt */
    struct initfs *initfs;
    bool initfs_searched;
    GPtrArray *file_systems;       /* of struct redoxfs, one a disk, NULL where there is none */
    uint64_t recent[REDOX_RECENT]; /* contexts that ran lately */
    unsigned recent_next;
    GHashTable *placed;  /* by root: modules.c */
    GHashTable *drivers; /* by context: drivers.c */
};

/* One context as it stands in memory. */
struct redox_context {
    uint64_t object;     /* address of its Arc */
    uint64_t addr_space; /* Arc; 0: none */
    char reason[64];
    struct os_process process;
};

/* --- the whole (redox.c) --- */
/* For a kernel whose symbols are known; what redox_probe() makes. */
struct redox *redox_new(struct machine *machine, struct symbols *symbols, GPtrArray *disks, struct cpu *cpu,
                        const struct os_class **os_class);

/* --- memory (memory.c) --- */
/* Before each question from outside: reads are allowed again. */
void redox_begin(struct redox *redox);
bool redox_read(struct redox *redox, uint64_t address, void *buffer, size_t length);
bool redox_u64(struct redox *redox, uint64_t address, uint64_t *value);
bool redox_is_kernel(uint64_t address);
/* An aligned kernel address whose Arc has plausible counters. */
bool redox_is_arc(struct redox *redox, uint64_t address);
/* A Rust string, at most @room - 1 bytes of it; false: not mapped, too long, or not printable. */
bool redox_text(struct redox *redox, uint64_t address, uint64_t length, char *out, size_t room);
/* The address of a symbol of the kernel; 0: none. */
uint64_t redox_symbol(struct redox *redox, const char *name);

/* --- containers (containers.c) --- */
/* Keys in their order; @value: its address.  Ends when @visit returns false.  False: no tree of this layout. */
bool redox_map_walk(struct redox *redox, uint64_t map, const struct redox_map *where, const struct redox_btree *tree,
                    bool (*visit)(void *opaque, uint64_t key, uint64_t value), void *opaque);
/*
 * Finds a layout with which all of @maps (the objects that hold them, up to @count) are whole trees with ascending keys, within the
 * first @span bytes of each; @value_sizes ends with 0 if @count_sizes is 0.  At least @keys_min keys in all.
 */
struct redox_map_search {
    const uint64_t *objects;
    unsigned count;
    unsigned first, span; /* bytes of the object */
    const unsigned *value_sizes;
    unsigned value_size_count;
    unsigned keys_min;
    /* Further conditions on a key (NULL: none). */
    bool (*accept)(void *opaque, uint64_t key, uint64_t value, const struct redox_btree *tree);
    /* And on all of it, for the places of values are not told by the keys (NULL: none). */
    bool (*whole)(void *opaque, const struct redox_map *where, const struct redox_btree *tree);
    void *opaque;
};
bool redox_map_find(struct redox *redox, const struct redox_map_search *search, struct redox_map *where,
                    struct redox_btree *tree);
/*
 * A hash map's table (hashbrown) at @table, which is four words in the order of any compiler: calls @visit with the address of
 * each entry of @entry_size bytes.  False: there is none.
 */
bool redox_table_walk(struct redox *redox, uint64_t table, unsigned entry_size,
                      bool (*visit)(void *opaque, uint64_t entry), void *opaque);
/* A Vec or VecDeque's three words in any order: the pointer, the capacity and the length. */
bool redox_vector(struct redox *redox, uint64_t vector, uint64_t *data, uint64_t *length);

/* --- layout (layout.c, calibrate.c) --- */
/* Sees to it that contexts can be read; false: redox->why. */
bool redox_lay_out(struct redox *redox);
bool redox_layout_dwarf(struct redox *redox);
bool redox_calibrate(struct redox *redox);
/* What only shows when contexts wait for something: the values of states. */
void redox_learn_status(struct redox *redox);

/* --- contexts (contexts.c) --- */
/* GArray of uint64_t: the addresses of all contexts' Arcs; NULL: not known.  To be freed. */
GArray *redox_contexts(struct redox *redox);
bool redox_context(struct redox *redox, uint64_t object, struct redox_context *out);
/* The Arc of the context that runs on @cpu; 0: not known. */
uint64_t redox_current(struct redox *redox, struct cpu *cpu);
bool redox_context_runs(struct redox *redox, uint64_t object);
/* The kernel's stack pointer on @cpu, also while a program runs there. */
uint64_t redox_stack_pointer(struct redox *redox, struct cpu *cpu);
bool redox_registers(struct redox *redox, uint64_t object, struct unwind_frame *out);

/* --- address spaces (spaces.c) --- */
enum redox_grant_kind {
    REDOX_GRANT_UNKNOWN,
    REDOX_GRANT_ALLOCATED, /* own memory, may have come from a file */
    REDOX_GRANT_SHARED,
    REDOX_GRANT_PHYSICAL, /* a device's registers, a frame buffer */
    REDOX_GRANT_EXTERNAL, /* borrowed from another space */
    REDOX_GRANT_FILE,     /* borrowed from a scheme */
};
struct redox_grant {
    uint64_t start, size, flags;
    bool flags_known; /* flags are those of a page table's entry */
    enum redox_grant_kind kind;
    uint64_t object; /* Arc of the file's description or of the other space; 0: none */
    uint64_t offset; /* in the file, in the other space, or the physical address */
};
/* GArray of struct redox_grant, ascending; NULL: not known.  To be freed. */
GArray *redox_grants(struct redox *redox, uint64_t addr_space);
/* "rwx", "?" where not known. */
void redox_grant_rights(struct redox *redox, const struct redox_grant *grant, char out[4]);
/* "/usr/bin/ion (45)"; to be freed. */
char *redox_describe_space(struct redox *redox, uint64_t addr_space);

/* --- files (files.c) --- */
struct redox_file {
    uint64_t number;      /* of the descriptor */
    uint64_t description; /* Arc */
    uint64_t offset, scheme, handle;
    uint32_t flags;
};
/* Of a context (its Arc).  GArray of struct redox_file, by number; NULL: not known.  To be freed. */
GArray *redox_files(struct redox *redox, uint64_t object);
/* "scheme:handle"; NULL: not known.  To be freed. */
char *redox_describe_file(struct redox *redox, uint64_t description);

/* --- schemes (schemes.c) --- */
struct redox_scheme {
    uint64_t id;
    char name[64];    /* "" : not known */
    uint64_t context; /* Arc of the context that serves it; 0: the kernel */
    uint64_t inner;   /* Arc of what the kernel keeps of it; 0: the kernel's own */
};
/* GArray of struct redox_scheme, by id; NULL: not known.  To be freed. */
GArray *redox_scheme_list(struct redox *redox);
/* --- interrupts (kernel_log.c) --- */
#define REDOX_SCHEME_IRQ 6
struct redox_interrupt {
    unsigned line;
    uint64_t handle; /* of the file by which a program waits for it */
    uint64_t acknowledged;
};
/* GArray of struct redox_interrupt; NULL: not known.  To be freed. */
GArray *redox_interrupts(struct redox *redox);

/* --- questions --- */
char *redox_maps(struct redox *redox, const struct redox_context *context, GError **error);
char *redox_fds(struct redox *redox, const struct redox_context *context, GError **error);
char *redox_schemes(struct redox *redox, GError **error);
char *redox_irqs(struct redox *redox, GError **error);
char *redox_dmesg(struct redox *redox, GError **error);

/* --- what the loader has handed over (boot.c) --- */
/* See os.h: "bad initfs: …"; NULL: it is good, or programs run. */
char *redox_boot_fault(struct redox *redox);

/* --- drivers (drivers.c) --- */
/* Has the context's process been started from the initial file system, or does it hold a scheme or an interrupt? */
bool redox_is_driver(struct redox *redox, const struct redox_context *context);

/* --- programs (modules.c) --- */
void redox_place_modules(struct redox *redox, const struct os_process *process);
/* The kernel cuts names: puts the whole one in its place if its file is known. */
void redox_complete_name(struct redox *redox, struct os_process *process);
/* Frees a value of redox->placed. */
void redox_placed_free(void *data);

#endif
