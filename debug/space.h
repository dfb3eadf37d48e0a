/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's virtual memory as the debugger sees it: any address space, not only the one that a CPU is in.  Reads never have a
 * side effect: device registers are not touched, accessed bits are not set.  Intel SDM volume 3, chapter 4; Arm ARM D5 (VMSAv8-64).
 */
#ifndef GALVANIC_DEBUG_SPACE_H
#define GALVANIC_DEBUG_SPACE_H

#include "emu/machine.h"

struct space {
    struct machine *machine;
    struct cpu *cpu; /* whose control registers say how the tables are to be read */
    uint64_t root;   /* x86: CR3; aarch64: TTBR0_EL1, the lower half; without flags and ASID: equal for equal spaces */
    uint64_t kernel_root; /* aarch64: TTBR1_EL1, the upper half; x86: the same as root */
};

/* That of @cpu now. */
void space_current(struct machine *machine, struct cpu *cpu, struct space *out);
/* That of a process: its root, everything else as @cpu has it now. */
void space_of_root(struct machine *machine, struct cpu *cpu, uint64_t root, struct space *out);

/* False: not mapped (or the tables are broken). */
bool space_translate(const struct space *space, uint64_t address, uint64_t *physical);
/* Bytes read: fewer than @length when a page is not mapped or is no RAM. */
size_t space_read(const struct space *space, uint64_t address, void *buffer, size_t length);
bool space_read_u16(const struct space *space, uint64_t address, uint16_t *value);
bool space_read_u32(const struct space *space, uint64_t address, uint32_t *value);
bool space_read_u64(const struct space *space, uint64_t address, uint64_t *value);
/* At most @length bytes up to a zero, made printable (\xNN for the rest); NULL: not mapped.  To be freed. */
char *space_read_text(const struct space *space, uint64_t address, size_t length);
/* The user's change: through read-only pages too; code is dropped.  Bytes written. */
size_t space_write(const struct space *space, uint64_t address, const void *buffer, size_t length);

/* A walk of the tables, level by level, for people. */
struct space_step {
    unsigned level;    /* x86: 4 PML4 .. 1 PT; aarch64: 0 .. 3 */
    uint64_t entry_at; /* physical */
    uint64_t entry;
    bool readable; /* entry_at lies in RAM */
    bool present, leaf;
};
struct space_walk {
    uint64_t address;
    struct space_step step[5];
    unsigned steps;
    bool mapped;
    uint64_t physical, page_size;
    bool user, writable; /* as all levels together permit */
    bool executable;     /* at the level that asks (user if user) */
    char why[160];       /* "PDE is not present", or ""; of a mapped one too: "the access flag is clear: …" */
};
void space_walk(const struct space *space, uint64_t address, struct space_walk *out);

#endif
