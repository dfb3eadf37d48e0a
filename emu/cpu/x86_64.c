/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86_64 part of the CPU engine: opening, registers, ports. */
#include "emu/cpu/x86_64_internal.h"

#include <exec/helper-proto.h>
#include <fpu/softfloat-helpers.h>

#include <unicorn/x86.h>

X86CPU *cpu_x86_init(struct uc_struct *uc);

/* RFLAGS bits that translated code keeps elsewhere. */
#define FLAGS_APART (CC_O | CC_S | CC_Z | CC_A | CC_P | CC_C | DF_MASK)

static CPUX86State *env_of(const struct cpu *cpu)
{
    return cpu->state->env_ptr;
}

static bool is_running(const struct cpu *cpu)
{
    return cpu->engine->running == cpu->state;
}

static void watch_port(struct cpu *cpu, uint16_t port, unsigned size, bool write)
{
    struct cpu_access access = {.address = port, .physical = UINT64_MAX, .length = size, .write = write};

    if (cpu->engine->watched->len > 0 && cpu_watch_matches(cpu->engine, CPU_WATCH_PORT, port, size, write)) {
        cpu_watch_hit(cpu, &access);
    }
}

static uint32_t port_read(void *env, uint16_t port, unsigned size)
{
    struct cpu *cpu = cpu_of_env(env);

    watch_port(cpu, port, size, false);
    return cpu->engine->callbacks.port_read(cpu->engine->opaque, cpu, port, size);
}

static void port_write(void *env, uint16_t port, unsigned size, uint32_t value)
{
    struct cpu *cpu = cpu_of_env(env);

    watch_port(cpu, port, size, true);
    cpu->engine->callbacks.port_write(cpu->engine->opaque, cpu, port, size, value);
}

static uint64_t random_bits(void *env)
{
    struct cpu *cpu = cpu_of_env(env);

    return cpu->engine->callbacks.random(cpu->engine->opaque, cpu);
}

static uint64_t read_tsc(void *env)
{
    return x86_64_tsc(env);
}

static const struct uc_sys_x86_ops x86_ops = {
    .rdmsr = x86_64_rdmsr,
    .wrmsr = x86_64_wrmsr,
    .cpuid = x86_64_cpuid,
    .rdtsc = read_tsc,
    .read_cr8 = x86_64_read_cr8,
    .write_cr8 = x86_64_write_cr8,
    .random = random_bits,
    .port_read = port_read,
    .port_write = port_write,
    .hypercall = x86_64_hypercall,
    .syscall = x86_64_syscall,
    .sysenter = x86_64_sysenter,
    .write_cr0 = x86_64_write_cr0,
    .write_cr3 = x86_64_write_cr3,
    .write_cr4 = x86_64_write_cr4,
    .invlpg = x86_64_invlpg,
    .triple_fault = x86_64_triple_fault,
    .x87 = x86_64_x87,
};

static CPUState *another_state(struct uc_struct *uc)
{
    return (CPUState *)cpu_x86_init(uc);
}

static bool x86_64_open(struct cpu_engine *engine, GError **error)
{
    if (!x86_64_engine_open(engine, UC_ARCH_X86, UC_MODE_64, x86_64_model_index(engine->model), another_state, error)) {
        return false;
    }
    engine->sys->x86 = &x86_ops;
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        struct cpu *cpu = &engine->cpus[i];
        CPUClass *class = CPU_GET_CLASS(cpu->state);

        cpu->target_data = g_new0(struct x86_64_data, 1);
        class->tlb_fill = x86_64_tlb_fill;
        class->do_interrupt = x86_64_deliver_exception;
        class->do_unaligned_access = x86_64_unaligned;
        class->cpu_exec_interrupt = x86_64_exec_interrupt;
        class->has_work = x86_64_has_work;
        x86_64_model_finish(env_of(cpu), engine->model, i, engine->cpu_count);
        x86_64_reset(cpu);
    }
    return true;
}

static void x86_64_close(struct cpu_engine *engine)
{
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        g_free(engine->cpus[i].target_data);
        if (i > 0) {
            free(X86_CPU_GET_CLASS(X86_CPU(engine->cpus[i].state))->model);
        }
    }
    x86_64_engine_close(engine);
}

static void set_line(struct cpu *cpu, enum cpu_line line, bool level)
{
    uint32_t request = line == CPU_LINE_NMI ? CPU_INTERRUPT_NMI : CPU_INTERRUPT_HARD;

    if (line == CPU_LINE_FIQ) {
        return; /* x86 has none */
    }
    if (level) {
        cpu_interrupt(cpu->state, (int)request);
    } else if (line == CPU_LINE_IRQ) {
        cpu->state->interrupt_request &= ~request;
    }
}

static bool is_halted(const struct cpu *cpu)
{
    return cpu->state->halted && !x86_64_has_work(cpu->state);
}

static uint64_t get_pc(const struct cpu *cpu)
{
    const CPUX86State *env = env_of(cpu);

    return env->segs[R_CS].base + env->eip;
}

static uint64_t get_sp(const struct cpu *cpu)
{
    const CPUX86State *env = env_of(cpu);

    return env->hflags & HF_CS64_MASK ? env->regs[R_ESP] : env->segs[R_SS].base + env->regs[R_ESP];
}

static unsigned get_privilege(const struct cpu *cpu)
{
    return env_of(cpu)->hflags & HF_CPL_MASK;
}

static bool translate(struct cpu *cpu, uint64_t virtual_address, uint64_t *physical)
{
    return x86_64_walk_debug(env_of(cpu), virtual_address, physical);
}

uint64_t x86_64_rflags(struct cpu *cpu)
{
    CPUX86State *env = env_of(cpu);

    return is_running(cpu) ? cpu_compute_eflags(env) : env->eflags;
}

void x86_64_set_rflags(struct cpu *cpu, uint64_t value)
{
    CPUX86State *env = env_of(cpu);

    value = (value | 2) & 0x3f7fd7;
    if (is_running(cpu)) {
        cpu_load_eflags(env, (int)value, (int)~FLAGS_APART);
    } else {
        env->eflags = value;
    }
}

static const int segment_order[] = {R_ES, R_CS, R_SS, R_DS, R_FS, R_GS};

static SegmentCache *segment(CPUX86State *env, unsigned index)
{
    if (index == X86_64_LDTR) {
        return &env->ldt;
    }
    return index == X86_64_TR ? &env->tr : &env->segs[segment_order[index]];
}

void x86_64_get_registers(struct cpu *cpu, struct x86_64_registers *out)
{
    CPUX86State *env = env_of(cpu);

    memset(out, 0, sizeof(*out));
    memcpy(out->gpr, env->regs, sizeof(out->gpr));
    out->rip = env->eip;
    out->rflags = x86_64_rflags(cpu);
    for (unsigned i = 0; i < X86_64_SEGMENTS; i++) {
        const SegmentCache *cache = segment(env, i);

        out->segment[i] = (struct x86_64_segment){
            .selector = (uint16_t)cache->selector,
            .attributes = (cache->flags >> 8) & 0xf0ff,
            .limit = cache->limit,
            .base = cache->base,
        };
    }
    out->gdt_base = env->gdt.base;
    out->gdt_limit = (uint16_t)env->gdt.limit;
    out->idt_base = env->idt.base;
    out->idt_limit = (uint16_t)env->idt.limit;
    out->cr0 = env->cr[0];
    out->cr2 = env->cr[2];
    out->cr3 = env->cr[3];
    out->cr4 = env->cr[4];
    out->efer = env->efer;
    out->star = env->star;
    out->lstar = env->lstar;
    out->cstar = env->cstar;
    out->sfmask = env->fmask;
    out->kernel_gs_base = env->kernelgsbase;
    out->tsc_aux = env->tsc_aux;
    out->pat = env->pat;
    memcpy(out->dr, env->dr, sizeof(out->dr));
}

void x86_64_set_registers(struct cpu *cpu, const struct x86_64_registers *in)
{
    CPUX86State *env = env_of(cpu);
    struct x86_64_data *data = cpu->target_data;

    memcpy(env->regs, in->gpr, sizeof(in->gpr));
    env->eip = in->rip;
    for (unsigned i = 0; i < X86_64_SEGMENTS; i++) {
        SegmentCache *cache = segment(env, i);

        cache->selector = in->segment[i].selector;
        cache->base = in->segment[i].base;
        cache->limit = in->segment[i].limit;
        cache->flags = (uint32_t)(in->segment[i].attributes & 0xf0ff) << 8;
    }
    env->gdt.base = in->gdt_base;
    env->gdt.limit = in->gdt_limit;
    env->idt.base = in->idt_base;
    env->idt.limit = in->idt_limit;
    env->efer = in->efer;
    cpu_x86_update_cr4(env, (uint32_t)in->cr4); /* before CR0: PAE must be there when long mode is entered */
    cpu_x86_update_cr0(env, (uint32_t)in->cr0);
    env->efer = in->efer; /* LMA as it is told, not as the change of PG makes it */
    env->cr[2] = in->cr2;
    env->cr[3] = in->cr3;
    env->star = in->star;
    env->lstar = in->lstar;
    env->cstar = in->cstar;
    env->fmask = in->sfmask;
    env->kernelgsbase = in->kernel_gs_base;
    env->tsc_aux = in->tsc_aux;
    env->pat = in->pat;
    cpu_x86_update_dr7(env, DR7_FIXED_1);
    memcpy(env->dr, in->dr, 7 * sizeof(in->dr[0]));
    cpu_x86_update_dr7(env, (uint32_t)in->dr[7]);
    x86_64_set_rflags(cpu, in->rflags);
    x86_update_hflags(env);
    x86_64_flush_tlb(env);
    data->rip_set = true;
}

void x86_64_get_fpu(struct cpu *cpu, struct x86_64_fpu *out)
{
    CPUX86State *env = env_of(cpu);

    memset(out, 0, sizeof(*out));
    for (unsigned i = 0; i < 8; i++) {
        const floatx80 *value = &env->fpregs[(env->fpstt + i) & 7].d;

        memcpy(out->st[i], &value->low, 8);
        memcpy(out->st[i] + 8, &value->high, 2);
        out->ftw |= (env->fptags[i] ? 0 : 1) << i;
    }
    for (unsigned i = 0; i < 16; i++) {
        memcpy(out->xmm[i], &env->xmm_regs[i], 16);
    }
    out->fcw = env->fpuc;
    out->fsw = (uint16_t)helper_fnstsw(env);
    out->mxcsr = helper_stmxcsr(env);
}

void x86_64_set_fpu(struct cpu *cpu, const struct x86_64_fpu *in)
{
    CPUX86State *env = env_of(cpu);

    env->fpstt = (in->fsw >> 11) & 7;
    env->fpus = in->fsw & ~0x3800;
    for (unsigned i = 0; i < 8; i++) {
        floatx80 *value = &env->fpregs[(env->fpstt + i) & 7].d;

        memcpy(&value->low, in->st[i], 8);
        memcpy(&value->high, in->st[i] + 8, 2);
        env->fptags[i] = !(in->ftw >> i & 1);
    }
    for (unsigned i = 0; i < 16; i++) {
        memcpy(&env->xmm_regs[i], in->xmm[i], 16);
    }
    set_float_exception_flags(0, &env->fp_status);
    cpu_set_fpuc(env, in->fcw);
    cpu_set_mxcsr(env, in->mxcsr);
}

uint64_t x86_64_gpr(struct cpu *cpu, enum x86_64_gpr index)
{
    return env_of(cpu)->regs[index];
}

void x86_64_set_gpr(struct cpu *cpu, enum x86_64_gpr index, uint64_t value)
{
    env_of(cpu)->regs[index] = value;
}

uint8_t x86_64_cr8(struct cpu *cpu)
{
    return cpu->engine->callbacks.task_priority_read(cpu->engine->opaque, cpu);
}

void x86_64_set_cr8(struct cpu *cpu, uint8_t priority)
{
    cpu->engine->callbacks.task_priority_write(cpu->engine->opaque, cpu, priority & 15);
}

uint64_t x86_64_xcr0(const struct cpu *cpu)
{
    return env_of(cpu)->xcr0;
}

void x86_64_set_rip(struct cpu *cpu, uint64_t rip)
{
    struct x86_64_data *data = cpu->target_data;

    env_of(cpu)->eip = rip;
    data->rip_set = true;
}

const struct cpu_target cpu_target_x86_64 = {
    .models = x86_64_models,
    .open = x86_64_open,
    .close = x86_64_close,
    .run = x86_64_engine_run,
    .set_deadline = x86_64_engine_set_deadline,
    .request_exit = x86_64_engine_request_exit,
    .set_line = set_line,
    .reset = x86_64_reset,
    .init = x86_64_init,
    .start = x86_64_start,
    .is_halted = is_halted,
    .pc = get_pc,
    .sp = get_sp,
    .privilege = get_privilege,
    .translate = translate,
    .save = x86_64_save,
    .load = x86_64_load,
    .map = x86_64_memory_map,
    .unmap = x86_64_memory_unmap,
    .memory_written = x86_64_memory_written,
    .dirty_bits = x86_64_memory_dirty_bits,
    .page_dirty = x86_64_memory_page_dirty,
    .breakpoint = x86_64_engine_breakpoint,
    .watch = x86_64_engine_watch,
    .flush = x86_64_engine_flush,
    .statistics = x86_64_engine_statistics,
};
