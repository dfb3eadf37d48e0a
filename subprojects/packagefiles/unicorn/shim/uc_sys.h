/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System mode: what Unicorn's patched parts and Galvanic's emu/cpu/ know of each other.
 *
 * uc_struct.sys points to one of these; NULL is classic Unicorn.  In system mode the memory regions, hooks and
 * emulation calls of Unicorn are not used: guest-physical memory is a table of ranges, exceptions are delivered to the
 * guest, instructions are counted, and several CPUs share one engine.
 */
#ifndef UC_SYS_H
#define UC_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct CPUState;
struct uc_struct;

/* A page of RAM takes the fast store path while both flags are set. */
enum {
    UC_SYS_PAGE_NO_CODE = 1, /* no block was translated from it */
    UC_SYS_PAGE_DIRTY = 2,   /* written since the flag was last cleared */
    UC_SYS_PAGE_FAST = UC_SYS_PAGE_NO_CODE | UC_SYS_PAGE_DIRTY,
};

/*
 * Guest-physical memory with host memory behind it.  `ram` numbers the bytes of all host memory that was ever mapped:
 * pages are tracked by it, so that two ranges of the same host memory are the same pages.
 */
struct uc_sys_range {
    uint64_t first, last; /* guest-physical, last included */
    uint8_t *host;
    uint64_t ram;
    bool read_only;
};

/* x87 instructions that take no part of a memory operand. */
enum uc_sys_x87 {
    UC_SYS_F2XM1,
    UC_SYS_FYL2X,
    UC_SYS_FYL2XP1,
    UC_SYS_FPTAN,
    UC_SYS_FPATAN,
    UC_SYS_FXTRACT,
    UC_SYS_FPREM,
    UC_SYS_FPREM1,
    UC_SYS_FSINCOS,
    UC_SYS_FSIN,
    UC_SYS_FCOS,
    UC_SYS_FSCALE,
};

/* x86 helpers whose work is done outside.  `env` is a CPUX86State. */
struct uc_sys_x86_ops {
    void (*rdmsr)(void *env, uintptr_t retaddr);
    void (*wrmsr)(void *env, uintptr_t retaddr);
    void (*cpuid)(void *env);
    uint64_t (*rdtsc)(void *env);
    uint64_t (*read_cr8)(void *env);
    void (*write_cr8)(void *env, uint64_t value, uintptr_t retaddr);
    uint64_t (*random)(void *env);
    uint32_t (*port_read)(void *env, uint16_t port, unsigned size);
    void (*port_write)(void *env, uint16_t port, unsigned size, uint32_t value);
    void (*hypercall)(void *env, uintptr_t retaddr);
    void (*syscall)(void *env, int next_eip_addend, uintptr_t retaddr);
    void (*sysenter)(void *env, uintptr_t retaddr);
    void (*write_cr0)(void *env, uint64_t value, uintptr_t retaddr);
    void (*write_cr3)(void *env, uint64_t value, uintptr_t retaddr);
    void (*write_cr4)(void *env, uint64_t value, uintptr_t retaddr);
    void (*invlpg)(void *env, uint64_t address);
    void (*triple_fault)(void *env);
    void (*x87)(void *env, enum uc_sys_x87 instruction);
};

struct uc_sys_ops {
    uint64_t (*mmio_read)(struct CPUState *cpu, uint64_t address, unsigned size);
    void (*mmio_write)(struct CPUState *cpu, uint64_t address, unsigned size, uint64_t value);
    /* An interrupt is pending and would be delivered now. */
    bool (*interrupt_deliverable)(struct CPUState *cpu);
    /*
     * Before the instruction at a breakpoint of the debugger, the last one of its block and taken off the budget by it.
     * True: leave the loop.
     */
    bool (*probe)(struct CPUState *cpu);
    /* A page that goes into the TLB is watched by the debugger; asked while watch_count is not 0. */
    bool (*watched)(struct CPUState *cpu, uint64_t address, uint64_t physical);
    /* An access to a page whose TLB entry carries TLB_WATCHPOINT, before it is done. */
    void (*watch)(struct CPUState *cpu, uint64_t address, uint64_t length, bool write, uintptr_t retaddr);
    /* The guest spins (PAUSE, WFE, YIELD): end the run after this instruction. */
    void (*yield)(struct CPUState *cpu);
    /* Instructions retired by the CPU: the only clock there is. */
    int64_t (*clock)(struct CPUState *cpu);
};

struct uc_sys {
    const struct uc_sys_ops *ops;
    const struct uc_sys_x86_ops *x86;
    void *opaque;

    struct CPUState **cpus;
    unsigned cpu_count;

    struct uc_sys_range *ranges; /* sorted by address, disjoint */
    unsigned range_count;
    unsigned range_recent;
    uint8_t *page_flags; /* by `ram` page */
    uint64_t page_count;

    unsigned watch_count; /* of the debugger's watchpoints */

    uint64_t code_flushes;
    uint64_t exceptions;
    uint64_t translated;
};

/* The range that holds the address, or NULL: nothing there but devices. */
static inline const struct uc_sys_range *uc_sys_range_at(struct uc_sys *sys, uint64_t address)
{
    unsigned low = 0, high = sys->range_count;

    if (sys->range_recent < high) {
        const struct uc_sys_range *range = &sys->ranges[sys->range_recent];

        if (address >= range->first && address <= range->last) {
            return range;
        }
    }
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct uc_sys_range *range = &sys->ranges[middle];

        if (address < range->first) {
            high = middle;
        } else if (address > range->last) {
            low = middle + 1;
        } else {
            sys->range_recent = middle;
            return range;
        }
    }
    return NULL;
}

#endif
