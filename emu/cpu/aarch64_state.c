/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saving, loading and resetting a CPU; what translation keeps beside the architectural state is made anew. */
#include "emu/cpu/aarch64_internal.h"
#include "emu/cpu/state_pass.h"

#define STATE_MAGIC 0x32366161u /* "aa62": the layout below */

static void pass_u32s(struct pass *pass, uint32_t *values, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        U32(values[i]);
    }
}

static void pass_u64s(struct pass *pass, uint64_t *values, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        U64(values[i]);
    }
}

/* PSTATE or CPSR; the flags are kept in parts that have more than one value for the same meaning. */
static void pass_program_state(struct pass *pass, CPUARMState *env)
{
    uint32_t value = 0;

    U32(env->aarch64);
    if (pass->out) {
        value = is_a64(env) ? pstate_read(env) : cpsr_read(env);
    }
    value = pass_u32(pass, value);
    if (pass->out || pass->failed) {
        return;
    }
    if (is_a64(env)) {
        pstate_write(env, value);
        env->thumb = false;
        env->condexec_bits = 0;
    } else {
        cpsr_write(env, value, 0xffffffff, CPSRWriteRaw);
    }
}

static void pass_general(struct pass *pass, CPUARMState *env)
{
    pass_program_state(pass, env);
    pass_u64s(pass, env->xregs, ARRAY_SIZE(env->xregs));
    U64(env->pc);
    pass_u32s(pass, env->regs, ARRAY_SIZE(env->regs));
    pass_u64s(pass, env->sp_el, ARRAY_SIZE(env->sp_el));
    pass_u64s(pass, env->elr_el, ARRAY_SIZE(env->elr_el));
    pass_u64s(pass, env->banked_spsr, ARRAY_SIZE(env->banked_spsr));
    pass_u32s(pass, env->banked_r13, ARRAY_SIZE(env->banked_r13));
    pass_u32s(pass, env->banked_r14, ARRAY_SIZE(env->banked_r14));
    pass_u32s(pass, env->usr_regs, ARRAY_SIZE(env->usr_regs));
    pass_u32s(pass, env->fiq_regs, ARRAY_SIZE(env->fiq_regs));
}

/* The exclusive monitor; an open one has no value. */
static void pass_monitor(struct pass *pass, CPUARMState *env)
{
    bool open = env->exclusive_addr == UINT64_MAX;
    uint64_t address = pass_u64(pass, env->exclusive_addr);
    uint64_t low = pass_u64(pass, open ? 0 : env->exclusive_val);
    uint64_t high = pass_u64(pass, open ? 0 : env->exclusive_high);

    if (!pass->out && !pass->failed) {
        env->exclusive_addr = address;
        env->exclusive_val = low;
        env->exclusive_high = high;
    }
}

static void pass_float_unit(struct pass *pass, CPUARMState *env)
{
    uint32_t status = pass_u32(pass, pass->out ? vfp_get_fpscr(env) : 0);

    for (unsigned i = 0; i < 32; i++) {
        pass_u64s(pass, aa64_vfp_qreg(env, i), 2);
    }
    U32(env->vfp.xregs[ARM_VFP_FPEXC]);
    if (!pass->out && !pass->failed) {
        vfp_set_fpscr(env, status);
    }
}

static gint compare_keys(gconstpointer a, gconstpointer b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

static bool holds_state(const ARMCPRegInfo *ri)
{
    if ((ri->type & (ARM_CP_SPECIAL | ARM_CP_CONST)) || !ri->fieldoffset) {
        return false;
    }
    return ri->state == ARM_CP_STATE_AA64 || !(ri->type & ARM_CP_ALIAS);
}

/* The system registers that have a field in the CPU's state, in the order of their encodings. */
static void pass_system_registers(struct pass *pass, ARMCPU *cpu)
{
    CPUARMState *env = &cpu->env;
    GList *keys = g_list_sort(g_hash_table_get_keys(cpu->cp_regs), compare_keys);

    for (const GList *each = keys; each; each = each->next) {
        const ARMCPRegInfo *ri = g_hash_table_lookup(cpu->cp_regs, each->data);

        if (!holds_state(ri)) {
            continue;
        }
        if (cpreg_field_is_64bit(ri)) {
            U64(CPREG_FIELD64(env, ri));
        } else {
            U32(CPREG_FIELD32(env, ri));
        }
    }
    g_list_free(keys);
}

static void pass_run_state(struct pass *pass, struct cpu *cpu)
{
    CPUState *cs = cpu->state;
    uint64_t instructions = pass_u64(pass, cpu_instructions_now(cpu));
    uint32_t flags = pass_u32(pass, (cpu->on ? 1u : 0) | (cs->halted ? 2u : 0));
    uint32_t lines = pass_u32(pass, cs->interrupt_request & LINES);
    struct aarch64_data *data = cpu->target_data;

    U64(data->last_exception);
    if (!pass->out && !pass->failed) {
        aarch64_engine_set_instructions(cpu, instructions);
        cpu->on = flags & 1;
        cs->halted = (flags & 2) != 0;
        cs->interrupt_request = lines & LINES;
    }
}

/* An exception or interrupt that the debugger stopped before its delivery; zeros when there is none. */
static void pass_held(struct pass *pass, struct cpu *cpu)
{
    CPUARMState *env = env_of(cpu);
    uint32_t held = pass_u32(pass, cpu->held);
    uint32_t index = pass_u32(pass, cpu->held ? cpu->held_index : 0);
    uint64_t syndrome = pass_u64(pass, cpu->held ? env->exception.syndrome : 0);
    uint64_t address = pass_u64(pass, cpu->held ? env->exception.vaddress : 0);

    if (pass->out || pass->failed) {
        return;
    }
    cpu->held = held && index < EXCP_INTERRUPT;
    cpu->held_index = index;
    cpu->held_pc = is_a64(env) ? env->pc : env->regs[15];
    if (cpu->held) {
        env->exception.syndrome = (uint32_t)syndrome;
        env->exception.vaddress = address;
        env->exception.target_el = 1; /* the only one there is to go to */
    }
}

static void pass_all(struct pass *pass, struct cpu *cpu)
{
    ARMCPU *arm = ARM_CPU(cpu->state);

    pass_system_registers(pass, arm);
    pass_general(pass, &arm->env);
    pass_monitor(pass, &arm->env);
    pass_float_unit(pass, &arm->env);
    pass_run_state(pass, cpu);
    pass_held(pass, cpu);
}

static uint32_t model_tag(const struct cpu *cpu)
{
    return g_str_hash(cpu->engine->model);
}

/* An empty TLB, whose size has forgotten its past as well: what comes after is a function of the state alone. */
static void forget_tlb(struct cpu *cpu)
{
    aarch64_tlb_flush(cpu->state);
    tlb_reset_size(cpu->state);
}

static void write_state(struct cpu *cpu, GByteArray *out)
{
    struct pass pass = {.out = out};

    pass_u32(&pass, STATE_MAGIC);
    pass_u32(&pass, model_tag(cpu));
    pass_all(&pass, cpu);
}

void aarch64_save(struct cpu *cpu, GByteArray *out)
{
    write_state(cpu, out);
    forget_tlb(cpu); /* as the one who loads it will find it */
}

bool aarch64_load(struct cpu *cpu, const uint8_t *data, size_t length)
{
    CPUState *cs = cpu->state;
    ARMCPU *arm = ARM_CPU(cs);
    struct pass pass = {.in = data, .left = length};
    GByteArray *now = g_byte_array_new();
    bool fits;

    write_state(cpu, now); /* only to see how long it is */
    fits = now->len == length;
    g_byte_array_unref(now);
    if (!fits || pass_u32(&pass, 0) != STATE_MAGIC || pass_u32(&pass, 0) != model_tag(cpu)) {
        return false;
    }
    pass_all(&pass, cpu);
    hw_breakpoint_update_all(arm);
    hw_watchpoint_update_all(arm);
    arm_rebuild_hflags(&arm->env);
    cs->exception_index = -1;
    cs->cflags_next_tb = (uint32_t)-1;
    forget_tlb(cpu);
    return true;
}

/* EL1h at 0, all masked, MMU off.  The count goes on; the interrupt inputs stay as the machine has set them. */
void aarch64_reset(struct cpu *cpu)
{
    CPUState *cs = cpu->state;
    uint64_t instructions = cpu_instructions_now(cpu);
    uint32_t lines = cs->interrupt_request & LINES;
    struct aarch64_data *data = cpu->target_data;

    cpu_reset(cs);
    data->last_exception = UINT64_MAX;
    cs->interrupt_request = lines;
    aarch64_engine_set_instructions(cpu, instructions);
    forget_tlb(cpu);
}

/* PSCI CPU_ON, Arm DEN 0022, section 6.4: like a reset, with an entry point and the context identifier in X0. */
void aarch64_start(struct cpu *cpu, uint64_t address, uint64_t argument)
{
    CPUARMState *env = env_of(cpu);

    aarch64_reset(cpu);
    env->pc = address;
    env->xregs[0] = argument;
}
