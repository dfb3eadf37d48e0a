/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest machine around aarch64 CPUs: 16 MB of RAM, page tables, a counter of one tick per instruction, and a
 * record of all that the guest says by MMIO and of the exceptions it takes.
 */
#ifndef GALVANIC_TESTS_ENGINE_AARCH64_MACHINE_H
#define GALVANIC_TESTS_ENGINE_AARCH64_MACHINE_H

#include "emu/cpu/aarch64.h"

/* layout.h has the addresses, for the guests as well. */
#include "layout.h"

struct access {
    uint64_t address, value, instructions, pc;
    unsigned size;
    bool write;
};

struct machine {
    struct cpu_engine *engine;
    struct cpu *cpu;
    uint8_t *ram;
    GArray *accesses; /* struct access */
    uint64_t seed;
    uint64_t counter_base;
    unsigned timer_changes[2];
    uint64_t register_value; /* of the trapped register */
    void (*at_access)(struct machine *machine, struct cpu *cpu, const struct access *access);
    bool (*hypercall)(struct machine *machine, struct cpu *cpu, uint32_t immediate);
    struct cpu_exception exceptions[64];
    unsigned exception_count;
    uint32_t semihosting; /* immediate of the last HLT */
};

/* @guest: NAME.bin, loaded at CODE; the CPU stands at case @number, EL1h, MMU on, all interrupts masked. */
struct machine *machine_new(const char *guest, const char *model, unsigned cpus, unsigned number);
void machine_free(struct machine *machine);
void machine_enter(struct machine *machine, unsigned index, uint64_t address);
/* Runs until the guest stops it (HVC #1), past yields; at most a billion instructions. */
enum cpu_stop machine_run(struct machine *machine);
uint64_t machine_read(const struct machine *machine, uint64_t address);
void machine_write(struct machine *machine, uint64_t address, uint64_t value);
/* Changes the descriptor of a 4 KB page of the first 2 MB of RAM; the TLB is not told. */
void machine_set_page(struct machine *machine, uint64_t page, uint64_t descriptor);
/* State of all CPUs and RAM. */
char *machine_digest(struct machine *machine);
/* The address of the access that hit a watchpoint. */
uint64_t machine_watched(const struct machine *machine);
const struct access *machine_access(const struct machine *machine, unsigned index);

#endif
