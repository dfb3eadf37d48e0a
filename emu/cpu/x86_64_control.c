/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control registers and the fast system calls: SDM volume 3, chapter 2 and 5.8; volume 2 for the instructions. */
#include "emu/cpu/x86_64_internal.h"

static void general_protection(CPUX86State *env, uintptr_t retaddr)
{
    raise_exception_err_ra(env, EXCP0D_GPF, 0, retaddr);
}

void x86_64_write_cr0(void *opaque, uint64_t value, uintptr_t retaddr)
{
    CPUX86State *env = opaque;
    bool paging = value & CR0_PG_MASK;

    if (value >> 32 || (paging && !(value & CR0_PE_MASK)) || (!(value & CR0_CD_MASK) && (value & CR0_NW_MASK))) {
        general_protection(env, retaddr);
    }
    if (paging && !(env->cr[0] & CR0_PG_MASK) && (env->efer & MSR_EFER_LME) &&
        (!(env->cr[4] & CR4_PAE_MASK) || (env->segs[R_CS].flags & DESC_L_MASK))) {
        general_protection(env, retaddr);
    }
    if (!paging && (env->hflags & HF_CS64_MASK)) {
        general_protection(env, retaddr);
    }
    cpu_x86_update_cr0(env, (uint32_t)value);
}

void x86_64_write_cr3(void *opaque, uint64_t value, uintptr_t retaddr)
{
    CPUX86State *env = opaque;

    if ((env->hflags & HF_LMA_MASK) && value >> PHYSICAL_BITS) {
        general_protection(env, retaddr);
    }
    env->cr[3] = value;
    if (env->cr[0] & CR0_PG_MASK) {
        x86_64_flush_non_global(env);
    }
}

static uint64_t cr4_allowed(const CPUX86State *env)
{
    uint64_t allowed = CR4_TSD_MASK | CR4_DE_MASK | CR4_PSE_MASK | CR4_PAE_MASK | CR4_MCE_MASK | CR4_PGE_MASK |
                       CR4_PCE_MASK | CR4_OSFXSR_MASK | CR4_OSXMMEXCPT_MASK;

    if (env->features[FEAT_1_EDX] & CPUID_VME) {
        allowed |= CR4_VME_MASK | CR4_PVI_MASK;
    }
    if (env->features[FEAT_1_ECX] & CPUID_EXT_XSAVE) {
        allowed |= CR4_OSXSAVE_MASK;
    }
    if (env->features[FEAT_7_0_EBX] & CPUID_7_0_EBX_FSGSBASE) {
        allowed |= CR4_FSGSBASE_MASK;
    }
    if (env->features[FEAT_7_0_EBX] & CPUID_7_0_EBX_SMEP) {
        allowed |= CR4_SMEP_MASK;
    }
    if (env->features[FEAT_7_0_EBX] & CPUID_7_0_EBX_SMAP) {
        allowed |= CR4_SMAP_MASK;
    }
    return allowed;
}

void x86_64_write_cr4(void *opaque, uint64_t value, uintptr_t retaddr)
{
    CPUX86State *env = opaque;

    if ((value & ~cr4_allowed(env)) || ((env->hflags & HF_LMA_MASK) && !(value & CR4_PAE_MASK))) {
        general_protection(env, retaddr);
    }
    cpu_x86_update_cr4(env, (uint32_t)value);
}

uint64_t x86_64_read_cr8(void *opaque)
{
    struct cpu *cpu = cpu_of_env(opaque);

    return cpu->engine->callbacks.task_priority_read(cpu->engine->opaque, cpu);
}

void x86_64_write_cr8(void *opaque, uint64_t value, uintptr_t retaddr)
{
    struct cpu *cpu = cpu_of_env(opaque);

    if (value > 15) {
        general_protection(opaque, retaddr);
    }
    cpu->engine->callbacks.task_priority_write(cpu->engine->opaque, cpu, (uint8_t)value);
}

/* Flat segments as SYSCALL and SYSENTER load them: base 0, limit 4 GB, ring 0. */
static void load_flat_kernel_segments(CPUX86State *env, unsigned cs, unsigned ss, bool long_mode)
{
    unsigned common = DESC_G_MASK | DESC_P_MASK | DESC_S_MASK | DESC_A_MASK;

    cpu_x86_load_seg_cache(env, R_CS, cs & 0xfffc, 0, 0xffffffff,
                           common | DESC_CS_MASK | DESC_R_MASK | (long_mode ? DESC_L_MASK : DESC_B_MASK));
    cpu_x86_load_seg_cache(env, R_SS, ss & 0xfffc, 0, 0xffffffff, common | DESC_B_MASK | DESC_W_MASK);
}

void x86_64_syscall(void *opaque, int length, uintptr_t retaddr)
{
    CPUX86State *env = opaque;
    unsigned selector = (unsigned)(env->star >> 32) & 0xffff;
    bool from_64bit = env->hflags & HF_CS64_MASK;

    if (!(env->efer & MSR_EFER_SCE)) {
        raise_exception_err_ra(env, EXCP06_ILLOP, 0, retaddr);
    }
    if (env->hflags & HF_LMA_MASK) {
        env->regs[R_ECX] = env->eip + (unsigned)length;
        /* RF is not set in the saved flags: SYSCALL, operation. */
        env->regs[11] = cpu_compute_eflags(env) & ~(uint64_t)RF_MASK;
        env->eflags &= ~(uint64_t)(RF_MASK | VM_MASK);
        cpu_load_eflags(env, (int)(env->regs[11] & ~env->fmask),
                        TF_MASK | IF_MASK | IOPL_MASK | NT_MASK | RF_MASK | AC_MASK | ID_MASK);
        load_flat_kernel_segments(env, selector, selector + 8, true);
        env->eip = from_64bit ? env->lstar : env->cstar;
    } else {
        env->regs[R_ECX] = (uint32_t)(env->eip + (unsigned)length);
        env->eflags &= ~(uint64_t)(IF_MASK | RF_MASK | VM_MASK);
        load_flat_kernel_segments(env, selector, selector + 8, false);
        env->eip = (uint32_t)env->star;
    }
}

void x86_64_sysenter(void *opaque, uintptr_t retaddr)
{
    CPUX86State *env = opaque;
    bool long_mode = env->hflags & HF_LMA_MASK;

    if ((env->sysenter_cs & 0xfffc) == 0) {
        general_protection(env, retaddr);
    }
    env->eflags &= ~(uint64_t)(VM_MASK | IF_MASK | RF_MASK);
    load_flat_kernel_segments(env, env->sysenter_cs, env->sysenter_cs + 8, long_mode);
    env->regs[R_ESP] = env->sysenter_esp;
    env->eip = env->sysenter_eip;
}

void x86_64_hypercall(void *opaque, uintptr_t retaddr)
{
    CPUX86State *env = opaque;
    struct cpu *cpu = cpu_of_env(env);
    struct x86_64_data *data = cpu->target_data;
    const struct cpu_callbacks *callbacks = &cpu->engine->callbacks;

    data->rip_set = false;
    if (!callbacks->hypercall || !callbacks->hypercall(cpu->engine->opaque, cpu, 0)) {
        raise_exception_err_ra(env, EXCP06_ILLOP, 0, retaddr);
    }
    if (!data->rip_set) {
        env->eip += 3; /* 0F 01 C1 */
    }
    data->rip_set = false;
}
