/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Delivery of exceptions and interrupts: SDM volume 3, chapter 6.  Unicorn's own code walks the IDT. */
#include "emu/cpu/x86_64_internal.h"

/* Exported by Unicorn, but in none of its headers. */
void x86_cpu_do_interrupt(CPUState *cs);

static void observe(CPUX86State *env, unsigned vector, bool interrupt)
{
    struct cpu *cpu = cpu_of_env(env);
    bool software = !interrupt && env->exception_is_int;
    struct cpu_exception exception = {
        .pc = software ? env->exception_next_eip : env->eip,
        .address = !interrupt && vector == EXCP0E_PAGE ? env->cr[2] : 0,
        .syndrome = interrupt || software ? 0 : (uint32_t)env->error_code,
        .vector = vector,
        .from_level = env->hflags & HF_CPL_MASK,
        .is_interrupt = interrupt,
        .is_software = software,
    };

    if (engine_observes(cpu, &exception)) {
        x86_64_engine_observe(cpu, &exception, vector, interrupt);
    }
}

static void deliver_held_interrupt(CPUState *cs, CPUX86State *env)
{
    cpu_of(cs)->held_interrupt = false;
    do_interrupt_x86_hardirq(env, cs->exception_index, 1);
    env->old_exception = -1;
}

void x86_64_deliver_exception(CPUState *cs)
{
    CPUX86State *env = cs->env_ptr;
    struct cpu *cpu = cpu_of(cs);

    if (!cpu->held) {
        observe(env, (unsigned)cs->exception_index, false);
    }
    cpu->held = false;
    if (cpu->held_interrupt) {
        deliver_held_interrupt(cs, env);
        return;
    }
    x86_cpu_do_interrupt(cs);
    if (cs->exception_index == EXCP01_DB && !env->exception_is_int) {
        env->dr[7] &= ~(uint64_t)DR7_GD;
    }
    x86_64_engine_delivered(cpu_of(cs));
}

/* A 16-byte operand of SSE: SDM volume 2, 2.4, type 4 and others. */
void x86_64_unaligned(CPUState *cs, vaddr address, MMUAccessType access, int mmu_index, uintptr_t retaddr)
{
    (void)address;
    (void)access;
    (void)mmu_index;
    raise_exception_err_ra(cs->env_ptr, EXCP0D_GPF, 0, retaddr);
}

static bool interrupts_open(const CPUX86State *env)
{
    return (env->eflags & IF_MASK) && !(env->hflags & HF_INHIBIT_IRQ_MASK);
}

/* The instruction after a load of SS belongs to it: SDM 6.8.3. */
static bool nmi_open(const CPUX86State *env)
{
    return !(env->hflags2 & HF2_NMI_MASK) && !(env->hflags & HF_INHIBIT_IRQ_MASK);
}

bool x86_64_has_work(CPUState *cs)
{
    CPUX86State *env = cs->env_ptr;

    return ((cs->interrupt_request & CPU_INTERRUPT_NMI) && nmi_open(env)) ||
           ((cs->interrupt_request & CPU_INTERRUPT_HARD) && interrupts_open(env));
}

bool x86_64_interrupt_deliverable(CPUState *cs)
{
    return (cs->interrupt_request & CPU_INTERRUPT_DEBUG) || x86_64_has_work(cs);
}

static void deliver_nmi(CPUState *cs, CPUX86State *env)
{
    cs->interrupt_request &= ~(uint32_t)CPU_INTERRUPT_NMI;
    env->hflags2 |= HF2_NMI_MASK;
    observe(env, EXCP02_NMI, true);
    do_interrupt_x86_hardirq(env, EXCP02_NMI, 1);
}

/*
 * The line stays up until the machine takes it down, which it does in the acknowledge, when nothing else waits.
 * Returns false if nothing is to be delivered after all.
 */
static bool deliver_interrupt(CPUX86State *env)
{
    struct cpu *cpu = cpu_of_env(env);
    int vector = cpu->engine->callbacks.interrupt_acknowledge(cpu->engine->opaque, cpu);

    if (vector < 0) {
        return false;
    }
    observe(env, (unsigned)vector, true);
    do_interrupt_x86_hardirq(env, vector, 1);
    return true;
}

bool x86_64_exec_interrupt(CPUState *cs, int request)
{
    CPUX86State *env = cs->env_ptr;

    if ((request & CPU_INTERRUPT_NMI) && nmi_open(env)) {
        deliver_nmi(cs, env);
        env->old_exception = -1;
        return true;
    }
    if ((request & CPU_INTERRUPT_HARD) && interrupts_open(env) && deliver_interrupt(env)) {
        env->old_exception = -1;
        return true;
    }
    return false;
}

void x86_64_triple_fault(void *opaque)
{
    CPUX86State *env = opaque;

    cpu_of_env(env)->shutdown = true;
}

void x86_64_yield(CPUState *cs)
{
    struct cpu *cpu = cpu_of(cs);

    cpu->yielded = true;
    x86_64_engine_set_deadline(cpu, 0);
}
