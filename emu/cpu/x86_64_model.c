/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU models: Unicorn's definitions less what the engine cannot do; SDM volume 2, CPUID. */
#include "emu/cpu/x86_64_internal.h"

#include <unicorn/x86.h>

const char *const x86_64_models[] = {"qemu64", "core2duo", "max", NULL};

int x86_64_model_index(const char *name)
{
    if (g_str_equal(name, "core2duo")) {
        return UC_CPU_X86_CORE2DUO;
    }
    /* "max": the youngest definition, of which only what the engine has is left. */
    return g_str_equal(name, "max") ? UC_CPU_X86_ICELAKE_SERVER : UC_CPU_X86_QEMU64;
}

/* The engine's own list was applied by Unicorn; this takes away what system mode does not carry. */
static void remove_features(CPUX86State *env)
{
    env->features[FEAT_1_ECX] &=
        ~(uint64_t)(CPUID_EXT_MONITOR | CPUID_EXT_PCID | CPUID_EXT_TSC_DEADLINE_TIMER | CPUID_EXT_VMX);
    env->features[FEAT_8000_0001_ECX] &= ~(uint64_t)(CPUID_EXT3_SVM | CPUID_EXT3_SKINIT);
    env->features[FEAT_SVM] = 0;
    env->features[FEAT_7_0_EBX] &= ~(uint64_t)(CPUID_7_0_EBX_MPX | CPUID_7_0_EBX_INVPCID | CPUID_7_0_EBX_PCOMMIT);
    env->features[FEAT_7_0_ECX] &= ~(uint64_t)(CPUID_7_0_ECX_PKU | CPUID_7_0_ECX_LA57);
    env->features[FEAT_6_EAX] = 0;
    /* The XSAVE areas of what is left: x87 and SSE. */
    if (env->features[FEAT_1_ECX] & CPUID_EXT_XSAVE) {
        env->features[FEAT_XSAVE_COMP_LO] = XSTATE_FP_MASK | XSTATE_SSE_MASK;
        env->features[FEAT_XSAVE_COMP_HI] = 0;
    }
}

void x86_64_model_finish(CPUX86State *env, const char *name, unsigned index, unsigned cpus)
{
    X86CPU *cpu = env_archcpu(env);

    remove_features(env);
    cpu->apic_id = index;
    env->pkg_offset = cpus > 1 ? 32 - (unsigned)__builtin_clz(cpus - 1) : 0;
}

void x86_64_cpuid(void *opaque)
{
    CPUX86State *env = opaque;
    struct cpu *cpu = cpu_of_env(env);
    uint32_t leaf = (uint32_t)env->regs[R_EAX];
    uint32_t subleaf = (uint32_t)env->regs[R_ECX];
    uint32_t answer[4];

    cpu_x86_cpuid(env, leaf, subleaf, &answer[0], &answer[1], &answer[2], &answer[3]);
    if (cpu->engine->callbacks.cpuid) {
        cpu->engine->callbacks.cpuid(cpu->engine->opaque, cpu, leaf, subleaf, answer);
    }
    env->regs[R_EAX] = answer[0];
    env->regs[R_EBX] = answer[1];
    env->regs[R_ECX] = answer[2];
    env->regs[R_EDX] = answer[3];
}
