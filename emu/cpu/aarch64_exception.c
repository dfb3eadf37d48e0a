/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Delivery of exceptions and interrupts: Arm ARM, chapter D1.  Unicorn's own code changes the level. */
#include "emu/cpu/aarch64_internal.h"

/* Exported by Unicorn, but in none of its headers. */
void arm_cpu_do_interrupt(CPUState *cs);

static bool is_software(unsigned class)
{
    switch (class) {
    case EC_AA32_SVC:
    case EC_AA64_SVC:
    case EC_AA64_HVC:
    case EC_AA32_BKPT:
    case EC_AA64_BKPT:
        return true;
    default:
        return false;
    }
}

static void observe(CPUState *cs)
{
    struct cpu *cpu = cpu_of(cs);
    CPUARMState *env = cs->env_ptr;
    struct cpu_exception exception = {
        .pc = is_a64(env) ? env->pc : env->regs[15],
        .from_level = (uint8_t)arm_current_el(env),
        .to_level = (uint8_t)env->exception.target_el,
    };

    if (!cpu->engine->observed) {
        return;
    }
    if (cs->exception_index == EXCP_IRQ || cs->exception_index == EXCP_FIQ) {
        exception.vector = cs->exception_index == EXCP_IRQ ? AARCH64_VECTOR_IRQ : AARCH64_VECTOR_FIQ;
        exception.is_interrupt = true;
    } else {
        exception.vector = syn_get_ec(env->exception.syndrome);
        exception.syndrome = env->exception.syndrome;
        exception.is_software = is_software(exception.vector);
        if (exception.vector == EC_ADVSIMDFPACCESSTRAP) {
            exception.syndrome &= ~0xfffffull; /* fields of an AArch32 target */
        }
        if (cs->exception_index == EXCP_PREFETCH_ABORT || cs->exception_index == EXCP_DATA_ABORT) {
            exception.address = env->exception.vaddress;
        }
    }
    if (engine_observes(cpu, &exception)) {
        aarch64_engine_observe(cpu, &exception, (uint32_t)cs->exception_index, false);
    }
}

/* HVC and HLT that the machine handles; the program counter is that of the instruction meanwhile. */
static bool machine_handles(CPUState *cs, bool hypercall)
{
    struct cpu *cpu = cpu_of(cs);
    CPUARMState *env = cs->env_ptr;
    struct aarch64_data *data = cpu->target_data;
    const struct cpu_callbacks *callbacks = &cpu->engine->callbacks;
    bool (*handler)(void *, struct cpu *, uint32_t) = hypercall ? callbacks->hypercall : callbacks->semihosting;
    uint32_t immediate = env->exception.syndrome & 0xffff;

    data->pc_set = false;
    if (!handler || !handler(cpu->engine->opaque, cpu, immediate)) {
        return false;
    }
    if (!data->pc_set) {
        env->pc += 4;
    }
    data->pc_set = false;
    if (!cpu->on) { /* it turned itself off */
        cs->halted = 1;
        aarch64_engine_set_deadline(cpu, 0);
    }
    return true;
}

/*
 * An instruction that faults is not counted. A guest whose vectors cannot be executed would take exceptions for ever and
 * no run would end: the second exception in a row without an instruction between them counts as one.
 */
static void count_exception(CPUState *cs)
{
    struct cpu *cpu = cpu_of(cs);
    struct aarch64_data *data = cpu->target_data;
    uint64_t now = cpu_instructions_now(cpu);

    if (now == data->last_exception) {
        if (cs->icount_decr_ptr->u16.low > 0) {
            cs->icount_decr_ptr->u16.low--;
        } else if (cs->icount_extra > 0) {
            cs->icount_extra--;
        }
    }
    data->last_exception = cpu_instructions_now(cpu);
}

static void deliver(CPUState *cs)
{
    arm_cpu_do_interrupt(cs);
    cs->interrupt_request &= ~(uint32_t)CPU_INTERRUPT_EXITTB; /* asks to leave the chain of blocks: done */
}

void aarch64_deliver_exception(CPUState *cs)
{
    CPUARMState *env = cs->env_ptr;
    struct cpu *cpu = cpu_of(cs);
    bool hypercall = cs->exception_index == EXCP_HVC;

    if (cpu->held) { /* all of the following was done before it was held */
        cpu->held = false;
        deliver(cs);
        return;
    }
    if (hypercall || cs->exception_index == EXCP_SEMIHOST) {
        if (hypercall) {
            env->pc -= 4; /* back to the instruction */
        }
        if (machine_handles(cs, hypercall)) {
            return;
        }
        cs->exception_index = EXCP_UDEF;
        env->exception.syndrome = syn_uncategorized();
        env->exception.target_el = 1;
    }
    count_exception(cs);
    observe(cs);
    deliver(cs);
}

bool aarch64_has_work(CPUState *cs)
{
    return cs->interrupt_request & LINES; /* masked or not */
}

bool aarch64_interrupt_deliverable(CPUState *cs)
{
    CPUARMState *env = cs->env_ptr;
    uint32_t request = cs->interrupt_request;

    return (request & CPU_INTERRUPT_DEBUG) || ((request & CPU_INTERRUPT_HARD) && !(env->daif & PSTATE_I)) ||
           ((request & CPU_INTERRUPT_FIQ) && !(env->daif & PSTATE_F));
}

void aarch64_yield(CPUState *cs)
{
    struct cpu *cpu = cpu_of(cs);

    cpu->yielded = true;
    aarch64_engine_set_deadline(cpu, 0);
}
