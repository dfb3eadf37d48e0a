/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model-specific registers: SDM volume 4.  The machine is asked first; what neither it nor this file knows is #GP.
 */
#include "emu/cpu/x86_64_internal.h"

#define MSR_TIME_STAMP_COUNTER 0x10
#define MSR_PLATFORM_ID 0x17
#define MSR_EBL_CR_POWERON 0x2a
#define MSR_FEATURE_CONTROL 0x3a
#define MSR_BIOS_UPDATE 0x79
#define MSR_BIOS_SIGNATURE 0x8b
#define MSR_FSB_FREQUENCY 0xcd
#define MSR_PLATFORM_INFO 0xce
#define MSR_PERFORMANCE_STATUS 0x198
#define MSR_DEBUG_CONTROL 0x1d9
#define MSR_AMD_SYSCFG 0xc0010010u
#define MSR_AMD_HWCR 0xc0010015u
#define MSR_AMD_NB_CFG 0xc001001fu
#define MSR_AMD_PATCH_LOADER 0xc0010020u
#define MSR_AMD_VM_CR 0xc0010114u

uint64_t x86_64_tsc(CPUX86State *env)
{
    struct cpu *cpu = cpu_of_env(env);

    return cpu->engine->callbacks.counter(cpu->engine->opaque, cpu) + env->tsc_offset;
}

/* Registers that are a plain 64-bit field; NULL: none of them. */
static uint64_t *plain_register(CPUX86State *env, uint32_t id)
{
    switch (id) {
    case MSR_STAR:
        return &env->star;
    case MSR_FMASK:
        return &env->fmask;
    case MSR_IA32_MISC_ENABLE:
        return &env->msr_ia32_misc_enable;
    case MSR_MTRRdefType:
        return &env->mtrr_deftype;
    case MSR_MTRRfix64K_00000:
        return &env->mtrr_fixed[0];
    case MSR_MTRRfix16K_80000:
    case MSR_MTRRfix16K_A0000:
        return &env->mtrr_fixed[1 + id - MSR_MTRRfix16K_80000];
    case MSR_MTRRfix4K_C0000 ... MSR_MTRRfix4K_F8000:
        return &env->mtrr_fixed[3 + id - MSR_MTRRfix4K_C0000];
    case MSR_MTRRphysBase(0)... MSR_MTRRphysMask(7): {
        MTRRVar *variable = &env->mtrr_var[(id - MSR_MTRRphysBase(0)) / 2];

        return id & 1 ? &variable->mask : &variable->base;
    }
    case MSR_MCG_STATUS:
        return &env->mcg_status;
    default:
        return NULL;
    }
}

/* Registers that hold an address, which must be canonical. */
static target_ulong *address_register(CPUX86State *env, uint32_t id)
{
    switch (id) {
    case MSR_LSTAR:
        return &env->lstar;
    case MSR_CSTAR:
        return &env->cstar;
    case MSR_FSBASE:
        return &env->segs[R_FS].base;
    case MSR_GSBASE:
        return &env->segs[R_GS].base;
    case MSR_KERNELGSBASE:
        return &env->kernelgsbase;
    case MSR_IA32_SYSENTER_ESP:
        return &env->sysenter_esp;
    case MSR_IA32_SYSENTER_EIP:
        return &env->sysenter_eip;
    default:
        return NULL;
    }
}

static bool is_machine_check_bank(const CPUX86State *env, uint32_t id)
{
    return id >= MSR_MC0_CTL && id < MSR_MC0_CTL + 4 * (env->mcg_cap & 0xff);
}

static bool read_constant(CPUX86State *env, uint32_t id, uint64_t *value)
{
    switch (id) {
    case MSR_MTRRcap:
        *value = MSR_MTRRcap_VCNT | MSR_MTRRcap_FIXRANGE_SUPPORT | MSR_MTRRcap_WC_SUPPORTED;
        return true;
    case MSR_MCG_CAP:
        *value = env->mcg_cap;
        return true;
    case MSR_BIOS_SIGNATURE:
        *value = env_archcpu(env)->ucode_rev;
        return true;
    case MSR_PERFORMANCE_STATUS:
        *value = 1000ull | 4ull << 40; /* a bus of 1000 ticks, multiplied by 4 */
        return true;
    case MSR_PLATFORM_ID:
    case MSR_EBL_CR_POWERON:
    case MSR_FEATURE_CONTROL:
    case MSR_FSB_FREQUENCY:
    case MSR_PLATFORM_INFO:
    case MSR_DEBUG_CONTROL:
    case MSR_AMD_SYSCFG:
    case MSR_AMD_HWCR:
    case MSR_AMD_NB_CFG:
    case MSR_AMD_VM_CR:
        *value = 0;
        return true;
    default:
        return false;
    }
}

static bool read_register(CPUX86State *env, uint32_t id, uint64_t *value)
{
    uint64_t *plain = plain_register(env, id);
    target_ulong *address = address_register(env, id);

    if (plain) {
        *value = *plain;
    } else if (address) {
        *value = *address;
    } else if (is_machine_check_bank(env, id)) {
        *value = env->mce_banks[id - MSR_MC0_CTL];
    } else {
        switch (id) {
        case MSR_EFER:
            *value = env->efer;
            break;
        case MSR_PAT:
            *value = env->pat;
            break;
        case MSR_IA32_SYSENTER_CS:
            *value = env->sysenter_cs;
            break;
        case MSR_TSC_AUX:
            *value = env->tsc_aux;
            return env->features[FEAT_8000_0001_EDX] & CPUID_EXT2_RDTSCP;
        case MSR_TIME_STAMP_COUNTER:
            *value = x86_64_tsc(env);
            break;
        case MSR_IA32_APICBASE:
            *value = 0xfee00800 | (cpu_of_env(env)->index == 0 ? MSR_IA32_APICBASE_BSP : 0);
            break;
        case MSR_MCG_CTL:
            *value = env->mcg_ctl;
            return env->mcg_cap & MCG_CTL_P;
        default:
            return read_constant(env, id, value);
        }
    }
    return true;
}

/* SDM volume 3, 2.2.1; each memory type of PAT: 12.12.2. */
static bool write_efer(CPUX86State *env, uint64_t value)
{
    uint64_t allowed = MSR_EFER_LMA;

    if (env->features[FEAT_8000_0001_EDX] & CPUID_EXT2_SYSCALL) {
        allowed |= MSR_EFER_SCE;
    }
    if (env->features[FEAT_8000_0001_EDX] & CPUID_EXT2_LM) {
        allowed |= MSR_EFER_LME;
    }
    if (env->features[FEAT_8000_0001_EDX] & CPUID_EXT2_NX) {
        allowed |= MSR_EFER_NXE;
    }
    if (env->features[FEAT_8000_0001_EDX] & CPUID_EXT2_FFXSR) {
        allowed |= MSR_EFER_FFXSR;
    }
    if ((value & ~allowed) || (((value ^ env->efer) & MSR_EFER_LME) && (env->cr[0] & CR0_PG_MASK))) {
        return false;
    }
    value = (value & ~(uint64_t)MSR_EFER_LMA) | (env->efer & MSR_EFER_LMA);
    if ((value ^ env->efer) & MSR_EFER_NXE) {
        x86_64_flush_tlb(env); /* the TLB holds what NX forbade */
    }
    cpu_load_efer(env, value);
    return true;
}

static bool write_pat(CPUX86State *env, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        uint8_t type = value >> (8 * i);

        if (type > 7 || type == 2 || type == 3) {
            return false;
        }
    }
    env->pat = value;
    return true;
}

static bool write_machine_check(CPUX86State *env, uint32_t id, uint64_t value)
{
    uint32_t offset = id - MSR_MC0_CTL;

    if ((offset & 3) == 0) {
        if (value != 0 && value != UINT64_MAX) {
            return false;
        }
    } else if ((offset & 3) == 1 && value != 0) {
        return false;
    }
    env->mce_banks[offset] = value;
    return true;
}

static bool write_register(CPUX86State *env, uint32_t id, uint64_t value)
{
    uint64_t *plain = plain_register(env, id);
    target_ulong *address = address_register(env, id);

    if (plain) {
        *plain = value;
        return true;
    }
    if (address) {
        if (!is_canonical(value)) {
            return false;
        }
        *address = value;
        return true;
    }
    if (is_machine_check_bank(env, id)) {
        return write_machine_check(env, id, value);
    }
    switch (id) {
    case MSR_EFER:
        return write_efer(env, value);
    case MSR_PAT:
        return write_pat(env, value);
    case MSR_IA32_SYSENTER_CS:
        env->sysenter_cs = (uint32_t)value;
        return true;
    case MSR_TSC_AUX:
        env->tsc_aux = value;
        return (env->features[FEAT_8000_0001_EDX] & CPUID_EXT2_RDTSCP) && value >> 32 == 0;
    case MSR_TIME_STAMP_COUNTER:
        env->tsc_offset += value - x86_64_tsc(env);
        return true;
    case MSR_IA32_APICBASE:
    case MSR_EBL_CR_POWERON:
    case MSR_BIOS_UPDATE:
    case MSR_BIOS_SIGNATURE:
    case MSR_DEBUG_CONTROL:
    case MSR_AMD_SYSCFG:
    case MSR_AMD_HWCR:
    case MSR_AMD_NB_CFG:
    case MSR_AMD_PATCH_LOADER:
        return true; /* nothing behind them */
    case MSR_MCG_CTL:
        env->mcg_ctl = value;
        return (env->mcg_cap & MCG_CTL_P) && (value == 0 || value == UINT64_MAX);
    default:
        return false;
    }
}

static bool read_any(struct cpu *cpu, uint32_t id, uint64_t *value)
{
    enum cpu_register_access access = cpu->engine->callbacks.register_read(cpu->engine->opaque, cpu, id, value);

    return access == CPU_REGISTER_DEFAULT ? read_register(cpu->state->env_ptr, id, value) : access == CPU_REGISTER_DONE;
}

static bool write_any(struct cpu *cpu, uint32_t id, uint64_t value)
{
    enum cpu_register_access access = cpu->engine->callbacks.register_write(cpu->engine->opaque, cpu, id, value);

    return access == CPU_REGISTER_DEFAULT ? write_register(cpu->state->env_ptr, id, value)
                                          : access == CPU_REGISTER_DONE;
}

void x86_64_rdmsr(void *opaque, uintptr_t retaddr)
{
    CPUX86State *env = opaque;
    uint64_t value = 0;

    if (!read_any(cpu_of_env(env), (uint32_t)env->regs[R_ECX], &value)) {
        raise_exception_err_ra(env, EXCP0D_GPF, 0, retaddr);
    }
    env->regs[R_EAX] = (uint32_t)value;
    env->regs[R_EDX] = value >> 32;
}

void x86_64_wrmsr(void *opaque, uintptr_t retaddr)
{
    CPUX86State *env = opaque;
    uint64_t value = (uint32_t)env->regs[R_EAX] | env->regs[R_EDX] << 32;

    if (!write_any(cpu_of_env(env), (uint32_t)env->regs[R_ECX], value)) {
        raise_exception_err_ra(env, EXCP0D_GPF, 0, retaddr);
    }
}

bool x86_64_msr(struct cpu *cpu, uint32_t id, uint64_t *value)
{
    *value = 0;
    return read_any(cpu, id, value);
}

bool x86_64_set_msr(struct cpu *cpu, uint32_t id, uint64_t value)
{
    return write_any(cpu, id, value);
}
