/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of an x86_64 CPU, for firmware hand-over, hypercalls and the debugger.  Intel SDM volume 3, chapter 2. */
#ifndef GALVANIC_EMU_CPU_X86_64_H
#define GALVANIC_EMU_CPU_X86_64_H

#include "emu/cpu/cpu.h"

enum x86_64_gpr {
    X86_64_RAX,
    X86_64_RCX,
    X86_64_RDX,
    X86_64_RBX,
    X86_64_RSP,
    X86_64_RBP,
    X86_64_RSI,
    X86_64_RDI,
    X86_64_R8,
    X86_64_R9,
    X86_64_R10,
    X86_64_R11,
    X86_64_R12,
    X86_64_R13,
    X86_64_R14,
    X86_64_R15,
};

enum x86_64_segment_index {
    X86_64_ES,
    X86_64_CS,
    X86_64_SS,
    X86_64_DS,
    X86_64_FS,
    X86_64_GS,
    X86_64_LDTR,
    X86_64_TR,
    X86_64_SEGMENTS,
};

struct x86_64_segment {
    uint16_t selector;
    uint16_t attributes; /* descriptor bits 40..47 in 0..7 (type, S, DPL, P), 52..55 (AVL, L, D, G) in 12..15 */
    uint32_t limit;      /* in bytes, granularity applied */
    uint64_t base;
};

struct x86_64_registers {
    uint64_t gpr[16];
    uint64_t rip;
    uint64_t rflags;
    struct x86_64_segment segment[X86_64_SEGMENTS];
    uint64_t gdt_base, idt_base;
    uint16_t gdt_limit, idt_limit;
    uint64_t cr0, cr2, cr3, cr4, cr8;
    uint64_t efer, star, lstar, cstar, sfmask, kernel_gs_base, tsc_aux, pat;
    uint64_t dr[8];
};

struct x86_64_fpu {
    uint8_t st[8][16]; /* ST(0).. in stack order, 10 bytes each */
    uint8_t xmm[16][16];
    uint16_t fcw, fsw, ftw; /* ftw: abridged, as FXSAVE has it */
    uint32_t mxcsr;
};

/* Both also from inside a callback. cr8 is the callback's affair and reads as 0 here. */
void x86_64_get_registers(struct cpu *cpu, struct x86_64_registers *out);
/* Sets all; a mode change (CR0, CR4, EFER, segments) takes effect with the next instruction and flushes the TLB. */
void x86_64_set_registers(struct cpu *cpu, const struct x86_64_registers *in);
void x86_64_get_fpu(struct cpu *cpu, struct x86_64_fpu *out);
void x86_64_set_fpu(struct cpu *cpu, const struct x86_64_fpu *in);

/* Cheap single registers, for hypercalls. */
uint64_t x86_64_gpr(struct cpu *cpu, enum x86_64_gpr index);
void x86_64_set_gpr(struct cpu *cpu, enum x86_64_gpr index, uint64_t value);
uint64_t x86_64_rflags(struct cpu *cpu);
void x86_64_set_rflags(struct cpu *cpu, uint64_t value);
/* CR8 as the machine has it, and XCR0. */
uint8_t x86_64_cr8(struct cpu *cpu);
void x86_64_set_cr8(struct cpu *cpu, uint8_t priority);
uint64_t x86_64_xcr0(const struct cpu *cpu);
/* A model-specific register as RDMSR and WRMSR would have it, for the debugger. False: there is none, or it refuses the value. */
bool x86_64_msr(struct cpu *cpu, uint32_t id, uint64_t *value);
bool x86_64_set_msr(struct cpu *cpu, uint32_t id, uint64_t value);
/* From a hypercall callback: continue at @rip instead of after the instruction. */
void x86_64_set_rip(struct cpu *cpu, uint64_t rip);

#endif
