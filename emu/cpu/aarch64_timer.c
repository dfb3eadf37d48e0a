/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generic timers: Arm ARM, chapter D12.  The machine has the counter; CTL and CVAL stand in the CPU's state, the
 * rest is computed.  There is no EL2, so CNTVOFF is zero and the virtual counter equals the physical one.
 */
#include "emu/cpu/aarch64_internal.h"

#define CTL_ENABLE 1u
#define CTL_IMASK 2u
#define CTL_ISTATUS 4u

#define DEFAULT_FREQUENCY 62500000u

static uint64_t counter(CPUARMState *env)
{
    struct cpu *cpu = cpu_of_env(env);

    return cpu->engine->callbacks.counter(cpu->engine->opaque, cpu);
}

static uint64_t counter_read(CPUARMState *env, const ARMCPRegInfo *ri)
{
    (void)ri;
    return counter(env);
}

/* CRm of the AArch64 registers: 2 CNTP, 3 CNTV; AArch32's 64-bit views have op1 2 and 3 instead. */
static unsigned timer_of(const ARMCPRegInfo *ri)
{
    bool wide = ri->state == ARM_CP_STATE_AA32 && (ri->type & ARM_CP_64BIT);

    return (wide ? ri->opc1 : ri->crm) == 3 ? GTIMER_VIRT : GTIMER_PHYS;
}

static void changed(CPUARMState *env, unsigned timer)
{
    struct cpu *cpu = cpu_of_env(env);
    const struct cpu_callbacks *callbacks = &cpu->engine->callbacks;

    if (callbacks->timer_changed) {
        callbacks->timer_changed(cpu->engine->opaque, cpu, timer);
    }
}

static uint64_t control_read(CPUARMState *env, const ARMCPRegInfo *ri)
{
    const ARMGenericTimer *timer = &env->cp15.c14_timer[timer_of(ri)];
    bool met = (timer->ctl & CTL_ENABLE) && counter(env) >= timer->cval;

    return timer->ctl | (met ? CTL_ISTATUS : 0);
}

static void control_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
    env->cp15.c14_timer[timer_of(ri)].ctl = value & (CTL_ENABLE | CTL_IMASK);
    changed(env, timer_of(ri));
}

static uint64_t compare_read(CPUARMState *env, const ARMCPRegInfo *ri)
{
    return env->cp15.c14_timer[timer_of(ri)].cval;
}

static void compare_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
    env->cp15.c14_timer[timer_of(ri)].cval = value;
    changed(env, timer_of(ri));
}

static uint64_t timer_value_read(CPUARMState *env, const ARMCPRegInfo *ri)
{
    return (uint32_t)(env->cp15.c14_timer[timer_of(ri)].cval - counter(env));
}

static void timer_value_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
    env->cp15.c14_timer[timer_of(ri)].cval = counter(env) + (uint64_t)(int64_t)(int32_t)value;
    changed(env, timer_of(ri));
}

/* By the start of the name: AArch64 says CNTP_CTL_EL0, AArch32 CNTP_CTL. */
static const struct {
    const char *name;
    CPReadFn *read;
    CPWriteFn *write;
} registers[] = {
    {"CNTP_CTL", control_read, control_write},
    {"CNTV_CTL", control_read, control_write},
    {"CNTP_CVAL", compare_read, compare_write},
    {"CNTV_CVAL", compare_read, compare_write},
    {"CNTP_TVAL", timer_value_read, timer_value_write},
    {"CNTV_TVAL", timer_value_read, timer_value_write},
    {"CNTPCT", counter_read, NULL},
    {"CNTVCT", counter_read, NULL},
};

static void adopt_register(gpointer key, gpointer value, gpointer opaque)
{
    ARMCPRegInfo *ri = value;

    (void)key;
    (void)opaque;
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        if (g_str_has_prefix(ri->name, registers[i].name)) {
            ri->type |= ARM_CP_IO;
            ri->readfn = registers[i].read;
            ri->writefn = registers[i].write;
            ri->resetfn = ri->fieldoffset ? NULL : arm_cp_reset_ignore;
        }
    }
}

void aarch64_timer_adopt(ARMCPU *cpu)
{
    cpu->gt_cntfrq_hz = DEFAULT_FREQUENCY; /* CNTFRQ_EL0 after a reset */
    g_hash_table_foreach(cpu->cp_regs, adopt_register, NULL);
}

void aarch64_set_counter_frequency(struct cpu_engine *engine, uint32_t hz)
{
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        ARMCPU *cpu = ARM_CPU(engine->cpus[i].state);

        cpu->gt_cntfrq_hz = hz;
        cpu->env.cp15.c14_cntfrq = hz;
    }
}

void aarch64_get_timer(struct cpu *cpu, unsigned timer, struct aarch64_timer *out)
{
    const ARMGenericTimer *source = &env_of(cpu)->cp15.c14_timer[timer == 0 ? GTIMER_PHYS : GTIMER_VIRT];

    *out = (struct aarch64_timer){
        .enabled = source->ctl & CTL_ENABLE,
        .masked = source->ctl & CTL_IMASK,
        .compare = source->cval,
    };
}
