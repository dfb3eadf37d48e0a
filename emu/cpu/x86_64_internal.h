/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the x86_64 files share.  "SDM" is Intel's Software Developer's Manual. */
#ifndef GALVANIC_EMU_CPU_X86_64_INTERNAL_H
#define GALVANIC_EMU_CPU_X86_64_INTERNAL_H

#include "emu/cpu/target.h"

/* CR0 bits that QEMU has no name for. */
#define CR0_NW_MASK (1u << 29)
#define CR0_CD_MASK (1u << 30)

#define PHYSICAL_BITS 40 /* MAXPHYADDR, as CPUID 80000008h says */

/* Pages whose TLB entries go with the next load of CR3: all but the global ones. */
#define JOURNAL_SIZE 1024
/* 2 MB areas with parts of large pages in the TLB. */
#define LARGE_SIZE 64

struct x86_64_data {
    uint64_t journal[JOURNAL_SIZE]; /* page address | MMU index */
    unsigned journal_count;         /* JOURNAL_SIZE: more than it holds */
    uint64_t large[LARGE_SIZE];     /* address >> 21 */
    unsigned large_count;           /* LARGE_SIZE: more than it holds */
    uint64_t giant[LARGE_SIZE];     /* the same for 1 GB pages: address >> 30 */
    unsigned giant_count;
    bool rip_set; /* x86_64_set_rip() in a hypercall */
};

static inline struct x86_64_data *data_of(CPUX86State *env)
{
    return cpu_of_env(env)->target_data;
}

static inline bool is_canonical(uint64_t address)
{
    return (int64_t)(address << 16) >> 16 == (int64_t)address;
}

/* x86_64_mmu.c */
bool x86_64_tlb_fill(CPUState *cs, vaddr address, int size, MMUAccessType access, int mmu_index, bool probe,
                     uintptr_t retaddr);
bool x86_64_walk_debug(CPUX86State *env, uint64_t address, uint64_t *physical);
void x86_64_flush_tlb(CPUX86State *env);
void x86_64_flush_non_global(CPUX86State *env);
void x86_64_invlpg(void *env, uint64_t address);

/* x86_64_operand.c: whether the instruction at RIP reaches @address by SS. */
bool x86_64_access_is_by_stack(CPUX86State *env, uint64_t address);

/* x86_64_control.c */
void x86_64_write_cr0(void *opaque, uint64_t value, uintptr_t retaddr);
void x86_64_write_cr3(void *opaque, uint64_t value, uintptr_t retaddr);
void x86_64_write_cr4(void *opaque, uint64_t value, uintptr_t retaddr);
uint64_t x86_64_read_cr8(void *opaque);
void x86_64_write_cr8(void *opaque, uint64_t value, uintptr_t retaddr);
void x86_64_syscall(void *opaque, int length, uintptr_t retaddr);
void x86_64_sysenter(void *opaque, uintptr_t retaddr);
void x86_64_hypercall(void *opaque, uintptr_t retaddr);

/* x86_64_msr.c */
uint64_t x86_64_tsc(CPUX86State *env);
void x86_64_rdmsr(void *opaque, uintptr_t retaddr);
void x86_64_wrmsr(void *opaque, uintptr_t retaddr);

/* x86_64_model.c */
extern const char *const x86_64_models[];
int x86_64_model_index(const char *name);
void x86_64_model_finish(CPUX86State *env, const char *name, unsigned index, unsigned cpus);
void x86_64_cpuid(void *opaque);

/* x86_64_interrupt.c */
void x86_64_deliver_exception(CPUState *cs);
void x86_64_unaligned(CPUState *cs, vaddr address, MMUAccessType access, int mmu_index, uintptr_t retaddr);
bool x86_64_exec_interrupt(CPUState *cs, int request);
bool x86_64_has_work(CPUState *cs);
void x86_64_triple_fault(void *opaque);

/* x86_64_state.c */
void x86_64_save(struct cpu *cpu, GByteArray *out);
bool x86_64_load(struct cpu *cpu, const uint8_t *data, size_t length);
void x86_64_reset(struct cpu *cpu);
void x86_64_init(struct cpu *cpu);
void x86_64_start(struct cpu *cpu, uint64_t address, uint64_t argument);

/* x86_64_x87.c */
void x86_64_x87(void *opaque, enum uc_sys_x87 instruction);

/* RFLAGS as they are now; inside a callback parts of them are elsewhere. */
uint64_t x86_64_rflags(struct cpu *cpu);
void x86_64_set_rflags(struct cpu *cpu, uint64_t value);

#endif
