/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the aarch64 files share.  "Arm ARM" is the Arm Architecture Reference Manual for A-profile, DDI 0487. */
#ifndef GALVANIC_EMU_CPU_AARCH64_INTERNAL_H
#define GALVANIC_EMU_CPU_AARCH64_INTERNAL_H

#include "emu/cpu/target.h"

#include <internals.h>

/* Interrupt requests that are inputs of the CPU, not marks of the engine. */
#define LINES (CPU_INTERRUPT_HARD | CPU_INTERRUPT_FIQ)

/* The EL1&0 translation regime as the engine keeps its TLBs. */
#define TLB_EL0 (arm_to_core_mmu_idx(ARMMMUIdx_E10_0))
#define TLB_EL1 (arm_to_core_mmu_idx(ARMMMUIdx_E10_1))
#define TLB_EL1_PAN (arm_to_core_mmu_idx(ARMMMUIdx_E10_1_PAN))
#define TLB_ALL ((uint16_t)(1u << TLB_EL0 | 1u << TLB_EL1 | 1u << TLB_EL1_PAN))

/* A page of the TLBs: the smallest granule. */
#define PAGE 4096ull
#define PAGE_ADDRESS (~(PAGE - 1))

/* Non-global pages in the TLBs: what goes when the ASID changes. */
#define JOURNAL_SIZE 1024

struct aarch64_data {
    uint64_t journal[JOURNAL_SIZE]; /* page address | TLB index */
    unsigned journal_count;         /* JOURNAL_SIZE: more than it holds */
    uint64_t blocks[64];     /* 2 MB areas that may have parts of larger pages in the TLBs: one bit of a hash each */
    bool huge_blocks;        /* parts of pages larger than 2 MB */
    bool tagged;             /* entries under addresses with a tag in the top byte */
    uint64_t last_exception; /* the count at the last exception; UINT64_MAX: none since the reset */
    bool pc_set;             /* aarch64_set_pc() in a hypercall */
    GPtrArray *trapped;      /* of CPU 0: registers sent to the machine */
};

static inline struct aarch64_data *data_of(CPUARMState *env)
{
    return cpu_of_env(env)->target_data;
}

static inline CPUARMState *env_of(const struct cpu *cpu)
{
    return cpu->state->env_ptr;
}

/* aarch64_model.c */
extern const char *const aarch64_models[];
int aarch64_model_index(const char *name);
/* Makes the CPU of the engine the one that the machine has: no EL2, EL3, PMU; identification that tells the truth. */
void aarch64_model_finish(ARMCPU *cpu, const char *name, unsigned index);
void aarch64_model_release(ARMCPU *cpu);
/* The engine's description of a system register by its AARCH64_SYSREG() id, or NULL. */
ARMCPRegInfo *aarch64_register(ARMCPU *cpu, uint32_t id);

/* aarch64_timer.c, aarch64_sysreg.c, aarch64_tlb.c, aarch64_mmu.c: take over registers of the CPU. */
void aarch64_timer_adopt(ARMCPU *cpu);
void aarch64_sysreg_adopt(ARMCPU *cpu);
void aarch64_tlb_adopt(ARMCPU *cpu);
void aarch64_mmu_adopt(ARMCPU *cpu);

/* aarch64_mmu.c */
bool aarch64_tlb_fill(CPUState *cs, vaddr address, int size, MMUAccessType access, int mmu_index, bool probe,
                      uintptr_t retaddr);
bool aarch64_walk_debug(CPUARMState *env, uint64_t address, uint64_t *physical);

/* aarch64_tlb.c */
void aarch64_tlb_remember(CPUARMState *env, uint64_t address, int mmu_index, uint64_t page_size, bool global);
void aarch64_tlb_flush(CPUState *cs);

/* aarch64_exception.c */
void aarch64_deliver_exception(CPUState *cs);
bool aarch64_has_work(CPUState *cs);

/* aarch64_state.c */
void aarch64_save(struct cpu *cpu, GByteArray *out);
bool aarch64_load(struct cpu *cpu, const uint8_t *data, size_t length);
void aarch64_reset(struct cpu *cpu);
void aarch64_start(struct cpu *cpu, uint64_t address, uint64_t argument);

#endif
