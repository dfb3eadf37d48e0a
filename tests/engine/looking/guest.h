/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine with a small guest that does a bit of everything, a hundred times over: two address spaces with different code at one
 * address, undefined instructions and system calls in both privileges, code that changes, stores through an alias, device accesses,
 * and a timer's interrupts.  The same on both architectures; for tests of what looks on.
 */
#ifndef GALVANIC_TESTS_ENGINE_LOOKING_GUEST_H
#define GALVANIC_TESTS_ENGINE_LOOKING_GUEST_H

#include "emu/cpu/aarch64.h"
#include "emu/cpu/x86_64.h"
#include "emu/machine.h"

#define GUEST_ROUNDS 100
#define GUEST_RAM (16u << 20)
/* Offsets from where RAM begins, virtual and physical. */
#define GUEST_SPACE_A 0x1000 /* its tables' root */
#define GUEST_SPACE_B 0x8000 /* the other one's */
#define GUEST_CODE 0x100000
#define GUEST_ROUND 0x100100   /* executed once a round */
#define GUEST_PATCHED 0x100400 /* writes the round's number into the instruction here, then calls it */
#define GUEST_LEAF 0x100500    /* a function of four instructions */
#define GUEST_DATA 0x200000    /* +0 stored, +8 stored through the alias, +16 loaded; 8 bytes, once a round each */
#define GUEST_SHARED 0x400000  /* a function: another in each space */
#define GUEST_OTHER 0x600000   /* physical: where that of space B is */
#define GUEST_USER 0x800000    /* unprivileged code: undefined instruction, system call */
#define GUEST_ALIAS 0x40000000 /* from there on, all of RAM once more */

struct guest {
    struct machine *machine;
    uint64_t ram;  /* where RAM begins: 0 or 1 GB */
    uint64_t mmio; /* a device: +0 takes the interrupt back when read, +8 written once a round, +16 ends the run */
    struct clock_timer *timer;
    int64_t period; /* of the timer, ns */
    unsigned interrupts;
};

/* Ready to run. */
struct guest *guest_new(enum cpu_arch arch);
void guest_free(struct guest *guest);
/* The registers in which the guest counts: rounds left; calls of A and B; sum of what the patched code returns. */
uint64_t guest_rounds_left(struct guest *guest);
uint64_t guest_calls(struct guest *guest, bool b);
uint64_t guest_sum(struct guest *guest);

#endif
