/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System registers that the machine answers for, and those of the engine that need a hand. */
#include "emu/cpu/aarch64_internal.h"

#include <kvm-consts.h>

/* A register given to aarch64_trap_register(). */
struct trapped {
    uint32_t id;
    bool known; /* to the engine, as `before` */
    ARMCPRegInfo before;
};

ARMCPRegInfo *aarch64_register(ARMCPU *cpu, uint32_t id)
{
    uint32_t key = ENCODE_AA64_CP_REG(CP_REG_ARM64_SYSREG_CP, extract32(id, 7, 4), extract32(id, 3, 4),
                                      extract32(id, 14, 2), extract32(id, 11, 3), extract32(id, 0, 3));

    return g_hash_table_lookup(cpu->cp_regs, &key);
}

/* Raises no exception; its being there makes the program counter exact in the callbacks. */
static CPAccessResult access_ok(CPUARMState *env, const ARMCPRegInfo *ri, bool is_read)
{
    (void)env;
    (void)ri;
    (void)is_read;
    return CP_ACCESS_OK;
}

static G_NORETURN void undefined(CPUARMState *env)
{
    raise_exception(env, EXCP_UDEF, syn_uncategorized(), 1);
    g_assert_not_reached();
}

static uint64_t engine_read(CPUARMState *env, const struct trapped *trapped)
{
    const ARMCPRegInfo *ri = &trapped->before;

    if (!trapped->known || (ri->type & ARM_CP_SPECIAL)) {
        undefined(env);
    }
    if (ri->type & ARM_CP_CONST) {
        return ri->resetvalue;
    }
    return ri->readfn ? ri->readfn(env, ri) : CPREG_FIELD64(env, ri);
}

static void engine_write(CPUARMState *env, const struct trapped *trapped, uint64_t value)
{
    const ARMCPRegInfo *ri = &trapped->before;

    if (!trapped->known || (ri->type & ARM_CP_SPECIAL)) {
        undefined(env);
    }
    if (ri->type & ARM_CP_CONST) {
        return;
    }
    if (ri->writefn) {
        ri->writefn(env, ri, value);
    } else {
        CPREG_FIELD64(env, ri) = value;
    }
}

static uint64_t trapped_read(CPUARMState *env, const ARMCPRegInfo *ri)
{
    const struct trapped *trapped = ri->opaque;
    struct cpu *cpu = cpu_of_env(env);
    uint64_t value = 0;

    switch (cpu->engine->callbacks.register_read(cpu->engine->opaque, cpu, trapped->id, &value)) {
    case CPU_REGISTER_DONE:
        return value;
    case CPU_REGISTER_DEFAULT:
        return engine_read(env, trapped);
    default:
        undefined(env);
    }
}

static void trapped_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
    const struct trapped *trapped = ri->opaque;
    struct cpu *cpu = cpu_of_env(env);

    switch (cpu->engine->callbacks.register_write(cpu->engine->opaque, cpu, trapped->id, value)) {
    case CPU_REGISTER_DONE:
        break;
    case CPU_REGISTER_DEFAULT:
        engine_write(env, trapped, value);
        break;
    default:
        undefined(env);
    }
}

void aarch64_trap_register(struct cpu_engine *engine, uint32_t id)
{
    struct aarch64_data *first = engine->cpus[0].target_data;
    struct trapped *trapped = g_new0(struct trapped, 1);
    ARMCPRegInfo definition = {
        .name = "TRAPPED",
        .state = ARM_CP_STATE_AA64,
        .opc0 = extract32(id, 14, 2),
        .opc1 = extract32(id, 11, 3),
        .crn = extract32(id, 7, 4),
        .crm = extract32(id, 3, 4),
        .opc2 = extract32(id, 0, 3),
        .type = ARM_CP_OVERRIDE | ARM_CP_NO_RAW | ARM_CP_IO,
        .access = PL1_RW,
        .accessfn = access_ok,
        .readfn = trapped_read,
        .writefn = trapped_write,
        .resetfn = arm_cp_reset_ignore,
        .opaque = trapped,
    };

    g_ptr_array_add(first->trapped, trapped);
    trapped->id = id;
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        ARMCPU *cpu = ARM_CPU(engine->cpus[i].state);
        const ARMCPRegInfo *before = aarch64_register(cpu, id);

        if (before && i == 0) {
            trapped->known = true;
            trapped->before = *before;
            trapped->before.name = NULL; /* goes with the table */
        }
        define_one_arm_cp_reg(cpu, &definition);
        if (id == AARCH64_SYSREG(3, 0, 12, 12, 5)) { /* ICC_SRE_EL1: there is a GIC with system registers */
            cpu->isar.id_aa64pfr0 = deposit64(cpu->isar.id_aa64pfr0, 24, 4, 1);
        }
    }
}

/* Registers of the machine are left alone: a read of ICC_IAR1_EL1 acknowledges an interrupt. */
static const ARMCPRegInfo *plain_register(struct cpu *cpu, uint32_t id)
{
    const ARMCPRegInfo *ri = aarch64_register(ARM_CPU(cpu->state), id);

    return ri && !(ri->type & ARM_CP_SPECIAL) && ri->readfn != trapped_read ? ri : NULL;
}

bool aarch64_system_register(struct cpu *cpu, uint32_t id, uint64_t *value)
{
    CPUARMState *env = env_of(cpu);
    const ARMCPRegInfo *ri = plain_register(cpu, id);

    if (!ri) {
        return false;
    }
    if (ri->type & ARM_CP_CONST) {
        *value = ri->resetvalue;
    } else if (ri->readfn) {
        *value = ri->readfn(env, ri);
    } else if (!ri->fieldoffset) {
        return false;
    } else {
        *value = cpreg_field_is_64bit(ri) ? CPREG_FIELD64(env, ri) : CPREG_FIELD32(env, ri);
    }
    return true;
}

bool aarch64_set_system_register(struct cpu *cpu, uint32_t id, uint64_t value)
{
    CPUARMState *env = env_of(cpu);
    const ARMCPRegInfo *ri = plain_register(cpu, id);

    if (!ri || (ri->type & ARM_CP_CONST) || !(ri->access & PL1_W)) {
        return false;
    }
    if (ri->writefn) {
        ri->writefn(env, ri, value);
    } else if (!ri->fieldoffset) {
        return false;
    } else if (cpreg_field_is_64bit(ri)) {
        CPREG_FIELD64(env, ri) = value;
    } else {
        CPREG_FIELD32(env, ri) = (uint32_t)value;
    }
    return true;
}

/* RNDR, RNDRRS: NZCV 0000 says that the number is good. */
static uint64_t random_read(CPUARMState *env, const ARMCPRegInfo *ri)
{
    struct cpu *cpu = cpu_of_env(env);

    (void)ri;
    env->NF = env->CF = env->VF = 0;
    env->ZF = 1;
    return cpu->engine->callbacks.random(cpu->engine->opaque, cpu);
}

/* Nothing to do at a cache line, but the right to do it is checked. */
static void make_no_operation(ARMCPRegInfo *ri)
{
    if (ri) {
        ri->type = ARM_CP_NOP | ARM_CP_NO_RAW;
        ri->writefn = NULL;
    }
}

/* Checks that only EL2 could make fail, and that of SP_EL0, which the translation makes: each would be a call. */
static void drop_checks(ARMCPU *cpu)
{
    static const uint32_t unchecked[] = {
        AARCH64_SYSREG(3, 0, 1, 0, 0),  /* SCTLR_EL1 */
        AARCH64_SYSREG(3, 0, 2, 0, 0),  /* TTBR0_EL1 */
        AARCH64_SYSREG(3, 0, 2, 0, 1),  /* TTBR1_EL1 */
        AARCH64_SYSREG(3, 0, 2, 0, 2),  /* TCR_EL1 */
        AARCH64_SYSREG(3, 0, 4, 1, 0),  /* SP_EL0 */
        AARCH64_SYSREG(3, 0, 5, 2, 0),  /* ESR_EL1 */
        AARCH64_SYSREG(3, 0, 6, 0, 0),  /* FAR_EL1 */
        AARCH64_SYSREG(3, 0, 13, 0, 1), /* CONTEXTIDR_EL1 */
    };

    for (unsigned i = 0; i < ARRAY_SIZE(unchecked); i++) {
        aarch64_register(cpu, unchecked[i])->accessfn = NULL;
    }
}

/* A write of these changes nothing that translated code depends on: the block goes on. */
static void keep_block(ARMCPU *cpu)
{
    static const uint32_t plain[] = {
        AARCH64_SYSREG(3, 0, 4, 0, 0),  /* SPSR_EL1 */
        AARCH64_SYSREG(3, 0, 4, 0, 1),  /* ELR_EL1 */
        AARCH64_SYSREG(3, 0, 4, 1, 0),  /* SP_EL0 */
        AARCH64_SYSREG(3, 0, 5, 2, 0),  /* ESR_EL1 */
        AARCH64_SYSREG(3, 0, 6, 0, 0),  /* FAR_EL1 */
        AARCH64_SYSREG(3, 3, 13, 0, 2), /* TPIDR_EL0 */
        AARCH64_SYSREG(3, 3, 13, 0, 3), /* TPIDRRO_EL0 */
        AARCH64_SYSREG(3, 0, 13, 0, 4), /* TPIDR_EL1 */
    };

    for (unsigned i = 0; i < ARRAY_SIZE(plain); i++) {
        aarch64_register(cpu, plain[i])->type |= ARM_CP_SUPPRESS_TB_END;
    }
}

void aarch64_sysreg_adopt(ARMCPU *cpu)
{
    for (unsigned i = 0; i < 2; i++) {
        ARMCPRegInfo *ri = aarch64_register(cpu, AARCH64_SYSREG(3, 3, 2, 4, i));

        if (ri) {
            ri->type |= ARM_CP_IO;
            ri->accessfn = access_ok;
            ri->readfn = random_read;
        }
    }
    make_no_operation(aarch64_register(cpu, AARCH64_SYSREG(1, 3, 7, 12, 1))); /* DC CVAP */
    make_no_operation(aarch64_register(cpu, AARCH64_SYSREG(1, 3, 7, 13, 1))); /* DC CVADP */
    drop_checks(cpu);
    keep_block(cpu);
}
