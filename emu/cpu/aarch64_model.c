/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU models: Unicorn's definitions less what the engine or the machine has not; Arm ARM, ID_AA64*_EL1. */
#include "emu/cpu/aarch64_internal.h"

#include <unicorn/arm64.h>

const char *const aarch64_models[] = {"max", "cortex-a72", NULL};

int aarch64_model_index(const char *name)
{
    return strcmp(name, "max") == 0 ? UC_CPU_ARM64_MAX : UC_CPU_ARM64_A72;
}

static void set_field(uint64_t *id, unsigned shift, unsigned value)
{
    *id = deposit64(*id, (int)shift, 4, value);
}

/* Exception levels 0 and 1 only; EL0 in both states, EL1 in AArch64. No performance monitors. */
static void identify_common(ARMCPU *cpu)
{
    ARMISARegisters *isar = &cpu->isar;
    uint64_t pfr1 = cpu->id_pfr1;
    uint64_t dfr0 = isar->id_dfr0;

    set_field(&isar->id_aa64pfr0, 0, 2);  /* EL0 */
    set_field(&isar->id_aa64pfr0, 4, 1);  /* EL1 */
    set_field(&isar->id_aa64pfr0, 8, 0);  /* EL2 */
    set_field(&isar->id_aa64pfr0, 12, 0); /* EL3 */
    set_field(&isar->id_aa64dfr0, 8, 0);  /* PMUVer */
    set_field(&pfr1, 4, 0);               /* Security */
    set_field(&pfr1, 12, 0);              /* Virtualization */
    set_field(&dfr0, 24, 0);              /* PerfMon */
    cpu->id_pfr1 = (uint32_t)pfr1;
    isar->id_dfr0 = (uint32_t)dfr0;
}

/*
 * Pointer authentication is left out: computed in software it makes all calls ten times slower.  So is SVE.  VMIDBits
 * stays though there is no EL2 to use it: Redox takes that field for the sign that the physical timer interrupts.
 */
static void identify_max(ARMCPU *cpu)
{
    ARMISARegisters *isar = &cpu->isar;

    set_field(&isar->id_aa64isar1, 4, 0);  /* APA */
    set_field(&isar->id_aa64isar1, 8, 0);  /* API */
    set_field(&isar->id_aa64isar1, 24, 0); /* GPA */
    set_field(&isar->id_aa64isar1, 28, 0); /* GPI */
    set_field(&isar->id_aa64pfr0, 32, 0);  /* SVE */
    set_field(&isar->id_aa64mmfr1, 8, 0);  /* VH */
    set_field(&isar->id_aa64pfr0, 56, 1);  /* CSV2, CSV3, ECBHB: nothing is speculated here, and a kernel */
    set_field(&isar->id_aa64pfr0, 60, 1);  /* that knows need not isolate its page tables */
    set_field(&isar->id_aa64mmfr1, 60, 1);
    set_field(&isar->id_aa64mmfr2, 60, 1); /* E0PD, without which it would for the sake of address randomisation */
    cpu->ctr |= 1u << 28 | 1u << 29;       /* IDC, DIC: caches need no maintenance */
}

static void forget_hooks(ARMCPU *cpu)
{
    ARMELChangeHook *hook, *next;

    QLIST_FOREACH_SAFE(hook, &cpu->pre_el_change_hooks, node, next)
    {
        g_free(hook);
    }
    QLIST_FOREACH_SAFE(hook, &cpu->el_change_hooks, node, next)
    {
        g_free(hook);
    }
    QLIST_INIT(&cpu->pre_el_change_hooks);
    QLIST_INIT(&cpu->el_change_hooks);
}

static gboolean is_performance_monitor(gpointer key, gpointer value, gpointer opaque)
{
    const ARMCPRegInfo *ri = value;

    (void)key;
    (void)opaque;
    return g_str_has_prefix(ri->name, "PM");
}

void aarch64_model_finish(ARMCPU *cpu, const char *name, unsigned index)
{
    CPUARMState *env = &cpu->env;

    env->features &= ~(1ull << ARM_FEATURE_EL2 | 1ull << ARM_FEATURE_EL3 | 1ull << ARM_FEATURE_PMU);
    cpu->has_el2 = cpu->has_el3 = cpu->has_pmu = false;
    cpu->mp_affinity = (uint64_t)(index / 8) << 8 | index % 8;
    identify_common(cpu);
    if (strcmp(name, "max") == 0) {
        identify_max(cpu);
    }
    forget_hooks(cpu); /* they were the performance monitor's, with the host's clock */
    g_hash_table_remove_all(cpu->cp_regs);
    register_cp_regs_for_features(cpu);
    g_hash_table_foreach_remove(cpu->cp_regs, is_performance_monitor, NULL);
    aarch64_timer_adopt(cpu);
    aarch64_sysreg_adopt(cpu);
    aarch64_mmu_adopt(cpu);
    aarch64_tlb_adopt(cpu);
}

/* What closing the engine frees for the first CPU only. */
void aarch64_model_release(ARMCPU *cpu)
{
    g_hash_table_destroy(cpu->cp_regs);
}
