/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The aarch64 part of the CPU engine: opening, lines, registers. */
#include "emu/cpu/aarch64_internal.h"

ARMCPU *cpu_aarch64_init(struct uc_struct *uc);

static CPUState *another_state(struct uc_struct *uc)
{
    return (CPUState *)cpu_aarch64_init(uc);
}

static void adopt(struct cpu *cpu)
{
    CPUClass *class = CPU_GET_CLASS(cpu->state);
    struct aarch64_data *data = g_new0(struct aarch64_data, 1);

    cpu->target_data = data;
    data->trapped = g_ptr_array_new_with_free_func(g_free);
    class->tlb_fill = aarch64_tlb_fill;
    class->do_interrupt = aarch64_deliver_exception;
    class->has_work = aarch64_has_work;
    class->debug_check_watchpoint = arm_debug_check_watchpoint;
    aarch64_model_finish(ARM_CPU(cpu->state), cpu->engine->model, cpu->index);
    aarch64_reset(cpu);
}

static bool aarch64_open(struct cpu_engine *engine, GError **error)
{
    int model = aarch64_model_index(engine->model);

    if (!aarch64_engine_open(engine, UC_ARCH_ARM64, UC_MODE_ARM, model, another_state, error)) {
        return false;
    }
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        adopt(&engine->cpus[i]);
    }
    return true;
}

static void aarch64_close(struct cpu_engine *engine)
{
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        struct aarch64_data *data = engine->cpus[i].target_data;

        g_ptr_array_unref(data->trapped);
        if (i > 0) {
            aarch64_model_release(ARM_CPU(engine->cpus[i].state));
        }
    }
    aarch64_engine_close(engine); /* looks at the target's data while it flushes */
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        g_free(engine->cpus[i].target_data);
    }
}

static void set_line(struct cpu *cpu, enum cpu_line line, bool level)
{
    uint32_t request = line == CPU_LINE_FIQ ? CPU_INTERRUPT_FIQ : CPU_INTERRUPT_HARD;

    if (line == CPU_LINE_NMI) {
        return; /* there is none */
    }
    if (level) {
        cpu_interrupt(cpu->state, (int)request);
    } else {
        cpu->state->interrupt_request &= ~request;
    }
}

static bool is_halted(const struct cpu *cpu)
{
    return cpu->state->halted && !aarch64_has_work(cpu->state);
}

static uint64_t get_pc(const struct cpu *cpu)
{
    CPUARMState *env = env_of(cpu);

    return is_a64(env) ? env->pc : env->regs[15];
}

static uint64_t get_sp(const struct cpu *cpu)
{
    CPUARMState *env = env_of(cpu);

    return is_a64(env) ? env->xregs[31] : env->regs[13];
}

static unsigned get_privilege(const struct cpu *cpu)
{
    return (unsigned)arm_current_el(env_of(cpu));
}

static bool translate(struct cpu *cpu, uint64_t virtual_address, uint64_t *physical)
{
    return aarch64_walk_debug(env_of(cpu), virtual_address, physical);
}

/* The stack pointer that is in use stands in X31, its bank is stale. */
static bool uses_sp_el1(CPUARMState *env)
{
    return is_a64(env) && arm_current_el(env) == 1 && (env->pstate & PSTATE_SP);
}

static bool uses_sp_el0(CPUARMState *env)
{
    return is_a64(env) && !uses_sp_el1(env);
}

static void get_system_registers(CPUARMState *env, struct aarch64_registers *out)
{
    out->sctlr_el1 = env->cp15.sctlr_el[1];
    out->tcr_el1 = env->cp15.tcr_el[1].raw_tcr;
    out->mair_el1 = env->cp15.mair_el[1];
    out->ttbr0_el1 = env->cp15.ttbr0_el[1];
    out->ttbr1_el1 = env->cp15.ttbr1_el[1];
    out->vbar_el1 = env->cp15.vbar_el[1];
    out->cpacr_el1 = env->cp15.cpacr_el1;
    out->esr_el1 = env->cp15.esr_el[1];
    out->far_el1 = env->cp15.far_el[1];
    out->par_el1 = env->cp15.par_el[1];
    out->contextidr_el1 = env->cp15.contextidr_el[1];
    out->tpidr_el0 = env->cp15.tpidr_el[0];
    out->tpidrro_el0 = env->cp15.tpidrro_el[0];
    out->tpidr_el1 = env->cp15.tpidr_el[1];
    out->cntkctl_el1 = env->cp15.c14_cntkctl;
}

void aarch64_get_registers(struct cpu *cpu, struct aarch64_registers *out)
{
    CPUARMState *env = env_of(cpu);

    memset(out, 0, sizeof(*out));
    if (!is_a64(env)) {
        aarch64_sync_32_to_64(env);
    }
    memcpy(out->x, env->xregs, sizeof(out->x));
    out->sp = get_sp(cpu);
    out->pc = get_pc(cpu);
    out->pstate = is_a64(env) ? pstate_read(env) : cpsr_read(env);
    out->sp_el0 = uses_sp_el0(env) ? env->xregs[31] : env->sp_el[0];
    out->sp_el1 = uses_sp_el1(env) ? env->xregs[31] : env->sp_el[1];
    out->elr_el1 = env->elr_el[1];
    out->spsr_el1 = env->banked_spsr[aarch64_banked_spsr_index(1)];
    get_system_registers(env, out);
}

static void set_system_registers(CPUARMState *env, const struct aarch64_registers *in)
{
    env->cp15.sctlr_el[1] = in->sctlr_el1;
    env->cp15.tcr_el[1].raw_tcr = in->tcr_el1;
    env->cp15.mair_el[1] = in->mair_el1;
    env->cp15.ttbr0_el[1] = in->ttbr0_el1;
    env->cp15.ttbr1_el[1] = in->ttbr1_el1;
    env->cp15.vbar_el[1] = in->vbar_el1;
    env->cp15.cpacr_el1 = in->cpacr_el1;
    env->cp15.esr_el[1] = in->esr_el1;
    env->cp15.far_el[1] = in->far_el1;
    env->cp15.par_el[1] = in->par_el1;
    env->cp15.contextidr_el[1] = in->contextidr_el1;
    env->cp15.tpidr_el[0] = in->tpidr_el0;
    env->cp15.tpidrro_el[0] = in->tpidrro_el0;
    env->cp15.tpidr_el[1] = in->tpidr_el1;
    env->cp15.c14_cntkctl = in->cntkctl_el1;
}

/* In AArch32 state R0..R14 are in X0..X14, and the stack pointer is R13. */
static void enter_state(CPUARMState *env, const struct aarch64_registers *in)
{
    if (in->pstate & PSTATE_nRW) {
        env->aarch64 = 0;
        cpsr_write(env, in->pstate, 0xffffffff, CPSRWriteRaw);
        aarch64_sync_64_to_32(env);
        env->regs[13] = (uint32_t)in->sp;
        env->regs[15] = (uint32_t)in->pc;
        return;
    }
    env->aarch64 = 1;
    pstate_write(env, in->pstate);
    env->pc = in->pc;
    env->xregs[31] = in->sp;
}

void aarch64_set_registers(struct cpu *cpu, const struct aarch64_registers *in)
{
    CPUARMState *env = env_of(cpu);
    struct aarch64_data *data = cpu->target_data;

    memcpy(env->xregs, in->x, sizeof(in->x));
    env->sp_el[0] = in->sp_el0;
    env->sp_el[1] = in->sp_el1;
    env->elr_el[1] = in->elr_el1;
    env->banked_spsr[aarch64_banked_spsr_index(1)] = in->spsr_el1;
    set_system_registers(env, in);
    enter_state(env, in);
    arm_rebuild_hflags(env);
    aarch64_tlb_flush(cpu->state);
    data->pc_set = true;
}

void aarch64_get_fpu(struct cpu *cpu, struct aarch64_fpu *out)
{
    CPUARMState *env = env_of(cpu);

    for (unsigned i = 0; i < 32; i++) {
        memcpy(out->v[i], aa64_vfp_qreg(env, i), 16);
    }
    out->fpcr = vfp_get_fpcr(env);
    out->fpsr = vfp_get_fpsr(env);
}

void aarch64_set_fpu(struct cpu *cpu, const struct aarch64_fpu *in)
{
    CPUARMState *env = env_of(cpu);

    for (unsigned i = 0; i < 32; i++) {
        memcpy(aa64_vfp_qreg(env, i), in->v[i], 16);
    }
    vfp_set_fpcr(env, in->fpcr);
    vfp_set_fpsr(env, in->fpsr);
}

uint64_t aarch64_sp_el1(struct cpu *cpu)
{
    CPUARMState *env = env_of(cpu);

    return uses_sp_el1(env) ? env->xregs[31] : env->sp_el[1];
}

uint64_t aarch64_x(struct cpu *cpu, unsigned index)
{
    return index < 31 ? env_of(cpu)->xregs[index] : 0;
}

const uint64_t *aarch64_xs(struct cpu *cpu)
{
    return env_of(cpu)->xregs;
}

void aarch64_set_x(struct cpu *cpu, unsigned index, uint64_t value)
{
    if (index < 31) {
        env_of(cpu)->xregs[index] = value;
    }
}

void aarch64_set_pc(struct cpu *cpu, uint64_t pc)
{
    struct aarch64_data *data = cpu->target_data;

    env_of(cpu)->pc = pc;
    data->pc_set = true;
}

void aarch64_set_sp(struct cpu *cpu, uint64_t sp)
{
    env_of(cpu)->xregs[31] = sp;
}

uint32_t aarch64_pstate(struct cpu *cpu)
{
    return pstate_read(env_of(cpu));
}

void aarch64_set_pstate(struct cpu *cpu, uint32_t pstate)
{
    CPUARMState *env = env_of(cpu);
    uint32_t mode = PSTATE_M | PSTATE_nRW;

    pstate_write(env, (pstate_read(env) & mode) | (pstate & ~mode));
    arm_rebuild_hflags(env);
}

void aarch64_end_wait(struct cpu *cpu)
{
    if (cpu->on) {
        cpu->state->halted = 0;
    }
}

void aarch64_set_affinity(struct cpu *cpu, uint64_t mpidr)
{
    ARM_CPU(cpu->state)->mp_affinity = mpidr & ARM64_AFFINITY_MASK;
}

const struct cpu_target cpu_target_aarch64 = {
    .models = aarch64_models,
    .open = aarch64_open,
    .close = aarch64_close,
    .run = aarch64_engine_run,
    .set_deadline = aarch64_engine_set_deadline,
    .request_exit = aarch64_engine_request_exit,
    .set_line = set_line,
    .reset = aarch64_reset,
    .init = aarch64_reset,
    .start = aarch64_start,
    .is_halted = is_halted,
    .pc = get_pc,
    .sp = get_sp,
    .privilege = get_privilege,
    .translate = translate,
    .save = aarch64_save,
    .load = aarch64_load,
    .map = aarch64_memory_map,
    .unmap = aarch64_memory_unmap,
    .memory_written = aarch64_memory_written,
    .dirty_bits = aarch64_memory_dirty_bits,
    .page_dirty = aarch64_memory_page_dirty,
    .breakpoint = aarch64_engine_breakpoint,
    .watch = aarch64_engine_watch,
    .flush = aarch64_engine_flush,
    .statistics = aarch64_engine_statistics,
};
