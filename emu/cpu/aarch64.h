/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of an aarch64 CPU, for firmware hand-over, hypercalls, GICv3 and the debugger.  Arm ARM (DDI 0487). */
#ifndef GALVANIC_EMU_CPU_AARCH64_H
#define GALVANIC_EMU_CPU_AARCH64_H

#include "emu/cpu/cpu.h"

struct aarch64_registers {
    uint64_t x[31];
    uint64_t sp; /* of the current exception level and SPSel */
    uint64_t pc;
    uint32_t pstate; /* SPSR format */
    uint64_t sp_el0, sp_el1, elr_el1, spsr_el1;
    uint64_t sctlr_el1, tcr_el1, mair_el1, ttbr0_el1, ttbr1_el1, vbar_el1, cpacr_el1;
    uint64_t esr_el1, far_el1, par_el1, contextidr_el1;
    uint64_t tpidr_el0, tpidrro_el0, tpidr_el1;
    uint64_t cntkctl_el1;
};

struct aarch64_fpu {
    uint8_t v[32][16];
    uint32_t fpcr, fpsr;
};

void aarch64_get_registers(struct cpu *cpu, struct aarch64_registers *out);
void aarch64_set_registers(struct cpu *cpu, const struct aarch64_registers *in);
void aarch64_get_fpu(struct cpu *cpu, struct aarch64_fpu *out);
void aarch64_set_fpu(struct cpu *cpu, const struct aarch64_fpu *in);
uint64_t aarch64_x(struct cpu *cpu, unsigned index);
/* X0 to X30, to look at until the CPU goes on. */
const uint64_t *aarch64_xs(struct cpu *cpu);
uint64_t aarch64_sp_el1(struct cpu *cpu);
void aarch64_set_x(struct cpu *cpu, unsigned index, uint64_t value);
/* From a hypercall callback: continue at @pc instead of after the instruction. */
void aarch64_set_pc(struct cpu *cpu, uint64_t pc);
void aarch64_set_sp(struct cpu *cpu, uint64_t sp);
/* PSTATE in SPSR format, for AArch64 state; the exception level and the choice of stack pointer stay as they are. */
uint32_t aarch64_pstate(struct cpu *cpu);
void aarch64_set_pstate(struct cpu *cpu, uint32_t pstate);
/* Ends a WFI, as the architecture lets it end at any time.  Between two instructions. */
void aarch64_end_wait(struct cpu *cpu);

/* A system register by its AARCH64_SYSREG() id, for the debugger. False: there is none, or access to it does something. */
bool aarch64_system_register(struct cpu *cpu, uint32_t id, uint64_t *value);
bool aarch64_set_system_register(struct cpu *cpu, uint32_t id, uint64_t value);

/* Packs a system register's encoding as the id of register_read and register_write. */
#define AARCH64_SYSREG(op0, op1, crn, crm, op2)                                                                        \
    ((uint32_t)(((op0) << 14) | ((op1) << 11) | ((crn) << 7) | ((crm) << 3) | (op2)))

/*
 * Sends MRS and MSR of the register to the register callbacks, from EL1 on (EL0 is undefined).  Before the first
 * cpu_run().
 */
void aarch64_trap_register(struct cpu_engine *engine, uint32_t id);
/* MPIDR_EL1 affinity of a CPU. */
void aarch64_set_affinity(struct cpu *cpu, uint64_t mpidr);
/* The counter's frequency in Hz, read by CNTFRQ_EL0 (default 62500000). */
void aarch64_set_counter_frequency(struct cpu_engine *engine, uint32_t hz);

/* A generic timer (0 CNTP, 1 CNTV) as the machine needs it: its line and the counter value it fires at. */
struct aarch64_timer {
    bool enabled;     /* CTL.ENABLE */
    bool masked;      /* CTL.IMASK */
    uint64_t compare; /* CVAL, in physical counter ticks (CNTVOFF added) */
};
void aarch64_get_timer(struct cpu *cpu, unsigned timer, struct aarch64_timer *out);

#endif
