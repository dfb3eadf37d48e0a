/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between architectures in the UEFI shim: calling convention, stubs, power-on state (UEFI 2.10, section
 * 2.3).
 */
#ifndef GALVANIC_FIRMWARE_UEFI_UEFI_ARCH_H
#define GALVANIC_FIRMWARE_UEFI_UEFI_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/cpu/cpu.h"

struct uefi;

#define UEFI_STUB_SIZE 16

/* The registers that a call or an interruption must preserve. */
struct uefi_context {
    uint64_t general[36];
    uint8_t vector[640]; /* FPU and vector registers; only where an interruption is undone */
};

enum uefi_stub_kind {
    UEFI_STUB_FUNCTION,  /* hypercall, return */
    UEFI_STUB_EXCEPTION, /* hypercall; never returns */
    UEFI_STUB_INTERRUPT, /* hypercall, return from interrupt */
};

struct uefi_arch {
    uint16_t pe_machine;
    const char *name;       /* "x86_64" */
    const char *boot_file;  /* "\\EFI\\BOOT\\BOOTX64.EFI" */
    uint64_t runtime_pages; /* granularity of runtime and reserved types in the memory map */
    unsigned exceptions;    /* stubs for exceptions, then one for stray interrupts */

    void (*write_stub)(enum uefi_stub_kind kind, uint8_t stub[UEFI_STUB_SIZE]);
    /*
     * Reserves what the architecture keeps to itself in the memory map and prepares tables; at reset. False: no room.
     */
    bool (*prepare)(struct uefi *uefi);
    /* CPU 0 as firmware leaves it for the first instruction at @pc with the stack below @stack. */
    void (*enter)(struct uefi *uefi, struct cpu *cpu, uint64_t pc, uint64_t stack);

    /* At the hypercall in a function's stub. */
    uint64_t (*argument)(struct uefi *uefi, struct cpu *cpu, unsigned index);
    void (*set_result)(struct cpu *cpu, uint64_t value);
    uint64_t (*result)(struct cpu *cpu); /* of a guest function that has just returned */
    void (*set_pc)(struct cpu *cpu, uint64_t pc);
    /* The instruction after the hypercall of the stub at @stub. */
    uint64_t (*after_hypercall)(uint64_t stub);

    /* @with_vector: vector registers too. */
    void (*save)(struct cpu *cpu, struct uefi_context *context, bool with_vector);
    /* All general registers; with flags and vector registers if @with_vector. */
    void (*restore)(struct cpu *cpu, const struct uefi_context *context, bool with_vector);

    /*
     * Makes the CPU run @function with @arguments and return to @trampoline; room for @gap bytes is left on the stack.
     * Gives the stack pointer that the trampoline will see.  False: the stack is no RAM.
     */
    bool (*call)(struct uefi *uefi, struct cpu *cpu, uint64_t function, uint64_t trampoline, const uint64_t *arguments,
                 unsigned count, unsigned gap, uint64_t *stack);
    /* May a notification interrupt what CPU 0 does now, as a timer interrupt of the firmware could? */
    bool (*interruptible)(struct uefi *uefi, struct cpu *cpu);
    void (*set_interrupts)(struct cpu *cpu, bool enabled);
    /* Ends the halt of CPU 0: true by an interrupt to the stub for stray ones, false without one. */
    bool (*wake)(struct cpu *cpu);
    /* Words about exception @vector, whose stub was just reached; *@pc where it happened.  To be freed. */
    char *(*describe_exception)(struct uefi *uefi, struct cpu *cpu, unsigned vector, uint64_t *pc);
};

extern const struct uefi_arch uefi_arch_x86_64;
extern const struct uefi_arch uefi_arch_aarch64;
/* aarch64: the table of exception vectors, once the stubs are there. */
void uefi_aarch64_build_vectors(struct uefi *uefi);
const struct uefi_arch *uefi_arch_of(enum cpu_arch arch);

#endif
