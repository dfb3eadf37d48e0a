/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest machine around an x86_64 CPU: 16 MB of RAM, in 64-bit mode from the first instruction, with page tables,
 * descriptor tables and a record of all that the guest says by ports and MMIO.
 */
#ifndef GALVANIC_TESTS_ENGINE_MACHINE_H
#define GALVANIC_TESTS_ENGINE_MACHINE_H

#include "emu/cpu/x86_64.h"

#define RAM_SIZE (16u << 20)
#define CODE 0x10000u       /* where a guest is loaded and starts */
#define STACK 0x80000u      /* grows down from here; CPU n from STACK + n * 64 KB */
#define DATA 0x200000u      /* free for the guest */
#define PAGE_TABLES 0x1000u /* PML4, PDPT, PD of 2 MB pages; PT of the first 2 MB */
#define PAGE_TABLE 0x4000u
#define GDT 0x6000u
#define TSS 0x7000u /* with an I/O bitmap of 64 KB of ports */
#define IDT 0xe000u
#define ALIAS 0x40000000u /* all of RAM once more, in 2 MB pages, not executable */
#define MMIO 0xf0000000u  /* no RAM: devices; mapped at the same address */

#define KERNEL_CS 0x08
#define KERNEL_SS 0x10
#define USER_CS 0x23
#define USER_SS 0x1b

struct access {
    uint64_t address, value, instructions, pc;
    unsigned size;
    bool write, port;
};

struct machine {
    struct cpu_engine *engine;
    struct cpu *cpu;
    uint8_t *ram;
    GArray *accesses; /* struct access */
    int vector;       /* what the next acknowledge answers, -1: nothing */
    uint8_t priority;
    uint64_t seed;
    bool pause_at_port_f4;
    void (*at_access)(struct machine *machine, struct cpu *cpu, const struct access *access);
    bool (*hypercall)(struct machine *machine, struct cpu *cpu);
    struct cpu_exception exceptions[64];
    unsigned exception_count;
};

struct machine *machine_new(const char *guest, unsigned cpus);
void machine_free(struct machine *machine);
/* Page tables and descriptors as they are at first. */
void machine_make_tables(struct machine *machine);
/* Puts a CPU at @address in 64-bit mode. */
void machine_enter(struct machine *machine, unsigned index, uint64_t address);
/* Runs until the guest stops it (port 0xf4, HLT) or a billion instructions are over. */
enum cpu_stop machine_run(struct machine *machine);
/* An interrupt gate to @address for @vector. */
void machine_gate(struct machine *machine, unsigned vector, uint64_t address);
uint64_t machine_read(const struct machine *machine, uint64_t address);
void machine_write(struct machine *machine, uint64_t address, uint64_t value);
void machine_load(struct machine *machine, uint64_t address, const char *guest);
/* State of all CPUs and RAM. */
char *machine_digest(struct machine *machine);
/* The address of the access that hit a watchpoint. */
uint64_t machine_watched(const struct machine *machine);
const struct access *machine_access(const struct machine *machine, unsigned index);

#endif
