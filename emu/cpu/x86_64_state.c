/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saving, loading and resetting a CPU; what translation keeps beside the architectural state is made anew. */
#include "emu/cpu/state_pass.h"
#include "emu/cpu/x86_64_internal.h"

#include <exec/helper-proto.h>
#include <fpu/softfloat-helpers.h>

#define STATE_MAGIC 0x32363878u /* "x862": the layout below */

static void pass_segment(struct pass *pass, SegmentCache *segment)
{
    U32(segment->selector);
    U64(segment->base);
    U32(segment->limit);
    U32(segment->flags);
}

static void pass_integer_unit(struct pass *pass, CPUX86State *env)
{
    for (unsigned i = 0; i < 16; i++) {
        U64(env->regs[i]);
    }
    U64(env->eip);
    U64(env->eflags);
    U32(env->hflags);
    U32(env->hflags2);
    for (unsigned i = 0; i < 6; i++) {
        pass_segment(pass, &env->segs[i]);
    }
    pass_segment(pass, &env->ldt);
    pass_segment(pass, &env->tr);
    pass_segment(pass, &env->gdt);
    pass_segment(pass, &env->idt);
    U64(env->cr[0]);
    U64(env->cr[2]);
    U64(env->cr[3]);
    U64(env->cr[4]);
    for (unsigned i = 0; i < 8; i++) {
        U64(env->dr[i]);
    }
}

static void pass_float_unit(struct pass *pass, CPUX86State *env)
{
    U32(env->fpstt);
    U16(env->fpus);
    U16(env->fpuc);
    for (unsigned i = 0; i < 8; i++) {
        pass_bytes(pass, &env->fptags[i], 1);
        U64(env->fpregs[i].d.low);
        U16(env->fpregs[i].d.high);
    }
    U16(env->fpop);
    U64(env->fpip);
    U64(env->fpdp);
    U16(env->fpcs);
    U16(env->fpds);
    U32(env->mxcsr);
    for (unsigned i = 0; i < 16; i++) {
        U64(env->xmm_regs[i].ZMM_Q(0));
        U64(env->xmm_regs[i].ZMM_Q(1));
    }
    U64(env->xcr0);
}

static void pass_model_specific(struct pass *pass, CPUX86State *env)
{
    U64(env->efer);
    U64(env->star);
    U64(env->lstar);
    U64(env->cstar);
    U64(env->fmask);
    U64(env->kernelgsbase);
    U32(env->sysenter_cs);
    U64(env->sysenter_esp);
    U64(env->sysenter_eip);
    U64(env->tsc_aux);
    U64(env->tsc_offset);
    U64(env->pat);
    U64(env->msr_ia32_misc_enable);
    U64(env->mtrr_deftype);
    for (unsigned i = 0; i < ARRAY_SIZE(env->mtrr_fixed); i++) {
        U64(env->mtrr_fixed[i]);
    }
    for (unsigned i = 0; i < MSR_MTRRcap_VCNT; i++) {
        U64(env->mtrr_var[i].base);
        U64(env->mtrr_var[i].mask);
    }
    U64(env->mcg_status);
    U64(env->mcg_ctl);
    for (unsigned i = 0; i < ARRAY_SIZE(env->mce_banks); i++) {
        U64(env->mce_banks[i]);
    }
}

static void pass_run_state(struct pass *pass, struct cpu *cpu)
{
    CPUState *cs = cpu->state;
    uint64_t instructions = pass_u64(pass, cpu_instructions_now(cpu));
    uint32_t flags = pass_u32(pass, (cpu->on ? 1u : 0) | (cpu->shutdown ? 2u : 0) | (cs->halted ? 4u : 0) |
                                        (cpu->delivered == instructions + 1 ? 8u : 0));

    U32(cs->interrupt_request);
    if (!pass->out && !pass->failed) {
        x86_64_engine_set_instructions(cpu, instructions);
        cpu->on = flags & 1;
        cpu->shutdown = flags & 2;
        cs->halted = (flags & 4) != 0;
        cpu->delivered = flags & 8 ? instructions + 1 : 0;
    }
}

/* An exception or interrupt that the debugger stopped before its delivery; zeros when there is none. */
static void pass_held(struct pass *pass, struct cpu *cpu)
{
    CPUX86State *env = cpu->state->env_ptr;
    uint32_t kind = pass_u32(pass, cpu->held ? 1u + cpu->held_interrupt : 0);
    uint32_t index = pass_u32(pass, cpu->held ? cpu->held_index : 0);
    uint32_t code = pass_u32(pass, cpu->held ? (uint32_t)env->error_code : 0);
    uint32_t software = pass_u32(pass, cpu->held ? (uint32_t)env->exception_is_int : 0);
    uint64_t next = pass_u64(pass, cpu->held ? env->exception_next_eip : 0);
    uint32_t old = pass_u32(pass, cpu->held ? (uint32_t)env->old_exception : 0);

    if (pass->out || pass->failed) {
        return;
    }
    cpu->held = kind != 0;
    cpu->held_interrupt = kind == 2;
    cpu->held_index = MIN(index, 255u);
    cpu->held_pc = env->segs[R_CS].base + env->eip;
    env->error_code = (int)code;
    env->exception_is_int = software != 0;
    env->exception_next_eip = next;
    env->old_exception = kind == 0 ? -1 : (int)old;
}

static void pass_all(struct pass *pass, struct cpu *cpu)
{
    CPUX86State *env = cpu->state->env_ptr;

    pass_integer_unit(pass, env);
    pass_float_unit(pass, env);
    pass_model_specific(pass, env);
    pass_run_state(pass, cpu);
    pass_held(pass, cpu);
}

/* An empty TLB, whose size has forgotten its past as well: what comes after is a function of the state alone. */
static void forget_tlb(CPUX86State *env)
{
    x86_64_flush_tlb(env);
    tlb_reset_size(env_cpu(env));
}

static uint32_t model_tag(const struct cpu *cpu)
{
    return g_str_hash(cpu->engine->model);
}

void x86_64_save(struct cpu *cpu, GByteArray *out)
{
    CPUX86State *env = cpu->state->env_ptr;
    struct pass pass = {.out = out};

    pass_u32(&pass, STATE_MAGIC);
    pass_u32(&pass, model_tag(cpu));
    helper_fnstsw(env); /* both fold the exceptions raised since into their registers */
    helper_stmxcsr(env);
    pass_all(&pass, cpu);
    forget_tlb(env); /* as the one who loads it will find it */
}

bool x86_64_load(struct cpu *cpu, const uint8_t *data, size_t length)
{
    CPUX86State *env = cpu->state->env_ptr;
    struct pass pass = {.in = data, .left = length};
    GByteArray *now = g_byte_array_new();
    bool fits;

    x86_64_save(cpu, now); /* only to see how long it is */
    fits = now->len == length;
    g_byte_array_unref(now);
    if (!fits || pass_u32(&pass, 0) != STATE_MAGIC || pass_u32(&pass, 0) != model_tag(cpu)) {
        return false;
    }
    cpu_x86_update_dr7(env, DR7_FIXED_1); /* takes the guest's breakpoints out */
    pass_all(&pass, cpu);
    uint32_t dr7 = (uint32_t)env->dr[7];
    uint32_t hflags = env->hflags;

    env->dr[7] = DR7_FIXED_1;
    cpu_x86_update_dr7(env, dr7);
    env->hflags = hflags;
    set_float_exception_flags(0, &env->fp_status);
    cpu_set_fpuc(env, env->fpuc);
    cpu_set_mxcsr(env, env->mxcsr);
    cpu->state->exception_index = -1;
    cpu->state->cflags_next_tb = (uint32_t)-1;
    forget_tlb(env);
    return true;
}

/* What Unicorn sets for user programs that start without a kernel is taken back. */
static void power_on(struct cpu *cpu)
{
    CPUState *cs = cpu->state;
    CPUX86State *env = cs->env_ptr;
    uint64_t instructions = cpu_instructions_now(cpu);

    cpu_x86_update_dr7(env, DR7_FIXED_1);
    cpu_reset(cs);
    cpu_x86_update_cr4(env, 0);
    env->xcr0 = XSTATE_FP_MASK;
    env->df = 1;
    env->cc_op = CC_OP_EFLAGS;
    cpu_set_mxcsr(env, 0x1f80);
    x86_64_engine_set_instructions(cpu, instructions);
    x86_64_flush_tlb(env);
}

void x86_64_reset(struct cpu *cpu)
{
    power_on(cpu);
}

/* SDM volume 3, table 10-1: INIT keeps the floating-point units, the time-stamp counter and most MSRs. */
void x86_64_init(struct cpu *cpu)
{
    CPUX86State *env = cpu->state->env_ptr;
    CPUX86State *before = g_new(CPUX86State, 1);
    uint64_t cache_control = env->cr[0] & (CR0_CD_MASK | CR0_NW_MASK);

    *before = *env;
    power_on(cpu);
    memcpy(&env->start_init_save, &before->start_init_save,
           offsetof(CPUX86State, end_init_save) - offsetof(CPUX86State, start_init_save));
    memcpy(env->mtrr_fixed, before->mtrr_fixed, sizeof(env->mtrr_fixed));
    memcpy(env->mtrr_var, before->mtrr_var, sizeof(env->mtrr_var));
    env->mtrr_deftype = before->mtrr_deftype;
    env->tsc_offset = before->tsc_offset;
    env->cr[0] = (env->cr[0] & ~(uint64_t)(CR0_CD_MASK | CR0_NW_MASK)) | cache_control;
    g_free(before);
}

void x86_64_start(struct cpu *cpu, uint64_t address, uint64_t argument)
{
    CPUState *cs = cpu->state;
    CPUX86State *env = cs->env_ptr;

    (void)argument;
    cpu_x86_load_seg_cache(env, R_CS, (unsigned)(address >> 4), address, 0xffff, env->segs[R_CS].flags);
    env->eip = 0;
    cs->halted = 0;
}
