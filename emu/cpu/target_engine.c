/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening the engine and running it; the same for each instruction set, compiled for each. */
#include "emu/cpu/target.h"

#include <gio/gio.h>

/* Room for translated code.  A Redox session fills some 60 MB. */
#define CODE_BUFFER_SIZE (256u << 20)

static uint64_t mmio_read(CPUState *cs, uint64_t address, unsigned size)
{
    struct cpu *cpu = cpu_of(cs);

    return cpu->engine->callbacks.mmio_read(cpu->engine->opaque, cpu, address, size);
}

static void mmio_write(CPUState *cs, uint64_t address, unsigned size, uint64_t value)
{
    struct cpu *cpu = cpu_of(cs);

    cpu->engine->callbacks.mmio_write(cpu->engine->opaque, cpu, address, size, value);
}

static int64_t instruction_clock(CPUState *cs)
{
    return cs->opaque ? (int64_t)cpu_instructions_now(cs->opaque) : 0;
}

static const struct cpu_point *find_point(struct cpu_engine *engine, uint64_t address)
{
    struct cpu_point **recent = &engine->recent_points[(address >> 2) % CPU_RECENT_POINTS];

    if (!*recent || (*recent)->address != address)
        *recent = g_hash_table_lookup(engine->points, &address);
    return *recent;
}

/* From translated code; true: leave it, the instruction undone. */
static bool probe(CPUState *cs)
{
    struct cpu *cpu = cpu_of(cs);
    struct cpu_engine *engine = cpu->engine;
    uint64_t address = engine->target->pc(cpu);
    const struct cpu_point *point = find_point(engine, address);
    bool stop = point && point->breakpoints > 0;

    cs->icount_decr_ptr->u16.low++; /* the block has taken the instruction off already */
    cpu->stop_before = stop;
    if (point && point->probes > 0 && engine->callbacks.probe) {
        engine->callbacks.probe(engine->opaque, cpu);
    }
    if (cpu->stop_before || cpu_instructions_now(cpu) == cpu->end) {
        return true;
    }
    cs->icount_decr_ptr->u16.low--;
    return false;
}

static const struct uc_sys_ops sys_ops = {
    .mmio_read = mmio_read,
    .mmio_write = mmio_write,
    .interrupt_deliverable = CPU_TARGET(interrupt_deliverable),
    .probe = probe,
    .watched = CPU_TARGET(watched),
    .watch = CPU_TARGET(watch),
    .yield = CPU_TARGET(yield),
    .clock = instruction_clock,
};

static void adopt_state(struct cpu *cpu, CPUState *cs)
{
    cpu->state = cs;
    cpu->left_low = &cs->icount_decr_ptr->u16.low;
    cpu->left_extra = &cs->icount_extra;
    cs->opaque = cpu;
    cs->cpu_index = (int)cpu->index;
    cs->cluster_index = 0; /* all CPUs share translated code */
    cs->created = true;
    cs->stopped = false;
    cs->nr_cores = (int)cpu->engine->cpu_count;
    cpu->engine->sys->cpus[cpu->index] = cs;
    cpu->engine->sys->cpu_count = cpu->index + 1;
}

/* @another makes the state of one more CPU of the model. */
bool CPU_TARGET(engine_open)(struct cpu_engine *engine, uc_arch arch, uc_mode mode, int model,
                             CPUState *(*another)(struct uc_struct *uc), GError **error)
{
    struct uc_struct *uc;

    if (uc_open(arch, mode, &uc) != UC_ERR_OK) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the CPU engine does not start");
        return false;
    }
    uc->cpu_model = model;
    uc->tcg_buffer_size = CODE_BUFFER_SIZE;
    uc->target_bits = 12;
    if (uc_ctl_flush_tb(uc) != UC_ERR_OK) { /* the first call of any kind makes the CPU */
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the CPU engine does not start");
        uc_close(uc);
        return false;
    }
    engine->uc = uc;
    engine->sys = g_new0(struct uc_sys, 1);
    engine->sys->ops = &sys_ops;
    engine->sys->opaque = engine;
    engine->sys->cpus = g_new0(CPUState *, engine->cpu_count);
    engine->areas = NULL;
    adopt_state(&engine->cpus[0], uc->cpu);
    for (unsigned i = 1; i < engine->cpu_count; i++) {
        CPUState *cs = another(uc);

        adopt_state(&engine->cpus[i], cs);
    }
    uc->cpu = engine->cpus[0].state;
    uc->sys = engine->sys;
    uc->nested_level = 1; /* the jump buffer of cpu_exec() */
    return true;
}

static void free_tlb(CPUState *cs)
{
    CPUArchState *env = cs->env_ptr;

    for (unsigned i = 0; i < NB_MMU_MODES; i++) {
        g_free(env_tlb(env)->f[i].table);
        g_free(env_tlb(env)->d[i].iotlb);
    }
}

void CPU_TARGET(engine_close)(struct cpu_engine *engine)
{
    struct uc_sys *sys = engine->sys;

    for (unsigned i = 0; i < engine->cpu_count; i++) {
        CPUState *cs = engine->cpus[i].state;

        cpu_breakpoint_remove_all(cs, BP_GDB | BP_CPU);
        cpu_watchpoint_remove_all(cs, BP_GDB | BP_CPU);
    }
    engine->uc->cpu = engine->cpus[0].state;
    uc_close(engine->uc); /* frees the first CPU, and the listeners of all */
    for (unsigned i = 1; i < engine->cpu_count; i++) {
        CPUState *cs = engine->cpus[i].state;

        free_tlb(cs);
        g_free(cs->cpu_ases);
        qemu_vfree(cs);
    }
    g_free(sys->cpus);
    g_free(sys->ranges);
    g_free(sys->page_flags);
    g_free(sys);
    if (engine->areas) {
        g_array_free(engine->areas, TRUE);
    }
}

/* @end: when the run ends, not before now. */
static void set_end(struct cpu *cpu, uint64_t now, uint64_t end)
{
    CPUState *cs = cpu->state;
    uint64_t left = end - now;
    uint16_t low = (uint16_t)MIN(left, 0xffff);

    cs->icount_decr_ptr->u16.low = low;
    cs->icount_extra = (int64_t)(left - low);
    cpu->end = end;
}

void CPU_TARGET(engine_set_deadline)(struct cpu *cpu, uint64_t instructions)
{
    uint64_t now = cpu_instructions_now(cpu);

    if (cpu->paused || (cpu->hit_count > 0 && !cpu->hits_told)) {
        instructions = now;
    }
    set_end(cpu, now, CLAMP(instructions, now, cpu->run_end));
}

void CPU_TARGET(engine_delivered)(struct cpu *cpu)
{
    uint64_t now = cpu_instructions_now(cpu);

    if (cpu->delivered == now + 1 && now < cpu->end) {
        now++;
        set_end(cpu, now, cpu->end);
    }
    cpu->delivered = now + 1;
}

void CPU_TARGET(engine_set_instructions)(struct cpu *cpu, uint64_t instructions)
{
    set_end(cpu, instructions, instructions);
    cpu->run_end = instructions;
    cpu->delivered = 0;
}

void CPU_TARGET(engine_request_exit)(struct cpu_engine *engine)
{
    CPUState *cs;

    __atomic_store_n(&engine->exit_requested, 1, __ATOMIC_SEQ_CST);
    cs = __atomic_load_n(&engine->running, __ATOMIC_SEQ_CST);
    if (cs) {
        __atomic_store_n(&cs->exit_request, true, __ATOMIC_SEQ_CST);
        __atomic_store_n(&cs->icount_decr_ptr->u16.high, (uint16_t)-1, __ATOMIC_SEQ_CST);
    }
}

void CPU_TARGET(engine_observe)(struct cpu *cpu, const struct cpu_exception *exception, uint32_t index,
                                bool acknowledged)
{
    CPUState *cs = cpu->state;

    cpu->stop_before = false;
    cpu->engine->callbacks.observe(cpu->engine->opaque, cpu, exception);
    if (!cpu->stop_before) {
        return;
    }
    cpu->held = true;
    cpu->held_interrupt = acknowledged;
    cpu->held_index = index;
    cpu->held_pc = cpu->engine->target->pc(cpu);
    cs->exception_index = EXCP_ATOMIC;
    cpu_loop_exit(cs);
}

static bool take_exit_request(struct cpu_engine *engine)
{
    return __atomic_load_n(&engine->exit_requested, __ATOMIC_SEQ_CST) &&
           __atomic_exchange_n(&engine->exit_requested, 0, __ATOMIC_SEQ_CST);
}

/* A probe or an observer had the loop left. */
static enum cpu_stop stop_before(struct cpu *cpu)
{
    if (!cpu->held) {
        cpu->at_breakpoint = true;
        cpu->breakpoint_pc = cpu->engine->target->pc(cpu);
        cpu->breakpoint_count = cpu_instructions_now(cpu);
    }
    return cpu->stop_before ? CPU_STOP_BREAKPOINT : CPU_STOP_PAUSED;
}

/* Why cpu_exec() returned @result; false: for a reason of its own, go on. */
static bool stop_reason(struct cpu *cpu, int result, enum cpu_stop *stop)
{
    CPUState *cs = cpu->state;
    bool used_up = cpu_instructions_now(cpu) == cpu->end;

    if (cpu->shutdown) {
        *stop = CPU_STOP_SHUTDOWN;
    } else if (result == EXCP_ATOMIC) {
        *stop = stop_before(cpu);
    } else if (cpu->hit_count > 0 && !cpu->hits_told) {
        cpu->hits_told = true;
        *stop = CPU_STOP_WATCHPOINT;
    } else if (cs->halted && (used_up || !CPU_GET_CLASS(cs)->has_work(cs))) {
        *stop = CPU_STOP_HALT;
    } else if (cpu->yielded) {
        *stop = CPU_STOP_YIELD;
    } else if (cpu->paused) {
        *stop = CPU_STOP_PAUSED;
    } else if (used_up) {
        *stop = CPU_STOP_BUDGET;
    } else if (take_exit_request(cpu->engine)) {
        *stop = CPU_STOP_REQUEST;
    } else {
        return false;
    }
    return true;
}

/* The instruction that the CPU stands on has a breakpoint that was reported: execute it this time. */
static void step_off_breakpoint(struct cpu *cpu, CPUState *cs)
{
    if (cpu->at_breakpoint && !cpu->held && cpu->breakpoint_pc == cpu->engine->target->pc(cpu) &&
        cpu->breakpoint_count == cpu_instructions_now(cpu)) {
        cs->cflags_next_tb = CF_USE_ICOUNT | CF_NO_BREAKPOINT | 1;
    } else {
        cpu->at_breakpoint = false;
    }
}

static enum cpu_stop execute(struct cpu *cpu, CPUState *cs)
{
    enum cpu_stop stop;
    int result;

    do {
        step_off_breakpoint(cpu, cs);
        result = cpu_exec(cs->uc, cs);
        cs->cflags_next_tb = (uint32_t)-1;
    } while (!stop_reason(cpu, result, &stop));
    return stop;
}

/* A delivery that was held comes first; a fault at another place than where the CPU stands now is none any more. */
static void resume_held(struct cpu *cpu)
{
    if (cpu->held && !cpu->held_interrupt && cpu->held_pc != cpu->engine->target->pc(cpu)) {
        cpu->held = false;
    }
    if (cpu->held) {
        cpu->state->exception_index = (int32_t)cpu->held_index;
    }
}

/* Watchpoints that were hit, but not told of: between two runs, or by an instruction that ended otherwise. */
static bool take_hits(struct cpu *cpu)
{
    struct cpu_engine *engine = cpu->engine;

    for (unsigned i = 0; i < engine->outside_count; i++) {
        cpu_watch_hit(cpu, &engine->outside[i]);
    }
    engine->outside_count = 0;
    return cpu->hit_count > 0 && !cpu->hits_told;
}

enum cpu_stop CPU_TARGET(engine_run)(struct cpu *cpu, uint64_t budget)
{
    struct cpu_engine *engine = cpu->engine;
    CPUState *cs = cpu->state;
    uint64_t now = cpu_instructions_now(cpu);
    enum cpu_stop stop;

    if (cpu->shutdown) {
        return CPU_STOP_SHUTDOWN;
    }
    if (!cpu->on) {
        return CPU_STOP_HALT;
    }
    if (take_hits(cpu)) {
        budget = 0;
    }
    resume_held(cpu);
    if (budget == 0 && !cpu->held) {
        stop = cpu->hit_count > 0 && !cpu->hits_told ? CPU_STOP_WATCHPOINT : CPU_STOP_BUDGET;
        cpu->hits_told = true;
        return stop;
    }
    budget = MIN(budget, (uint64_t)INT64_MAX - 1);
    engine->uc->cpu = cs;
    cpu->yielded = cpu->paused = false;
    cs->exit_request = 0;
    /* First say who runs, then look whether he should: the other side does it the other way round. */
    __atomic_store_n(&engine->running, cs, __ATOMIC_SEQ_CST);
    if (!cpu->held && take_exit_request(engine)) {
        stop = CPU_STOP_REQUEST;
    } else {
        cpu->run_end = now + budget;
        set_end(cpu, now, cpu->run_end);
        stop = execute(cpu, cs);
        now = cpu_instructions_now(cpu);
        set_end(cpu, now, now);
        cpu->run_end = now;
    }
    __atomic_store_n(&engine->running, NULL, __ATOMIC_RELEASE);
    return stop;
}

void CPU_TARGET(engine_breakpoint)(struct cpu_engine *engine, uint64_t address, bool insert)
{
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        if (insert) {
            cpu_breakpoint_insert(engine->cpus[i].state, address, BP_GDB, NULL);
        } else {
            cpu_breakpoint_remove(engine->cpus[i].state, address, BP_GDB);
        }
    }
}

/* Makes the room for code smaller, for tests that want it full often. */
static void limit_code_buffer(struct cpu_engine *engine)
{
    TCGContext *tcg = engine->uc->tcg_ctx;
    size_t bytes = MAX(engine->code_buffer, 1u << 20);
    char *end = (char *)tcg->region.start + (bytes & ~(size_t)4095);

    if (end < (char *)tcg->region.end) {
        tcg->region.end = end;
    }
}

void CPU_TARGET(engine_flush)(struct cpu_engine *engine)
{
    if (engine->code_buffer) {
        limit_code_buffer(engine);
    }
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        tlb_reset_size(engine->cpus[i].state);
    }
    tb_flush(engine->uc->cpu);
}

void CPU_TARGET(engine_statistics)(const struct cpu_engine *engine, struct cpu_statistics *out)
{
    *out = (struct cpu_statistics){
        .translated_blocks = engine->sys->translated,
        .code_flushes = engine->sys->code_flushes,
        .exceptions = engine->sys->exceptions,
    };
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        CPUArchState *env = ((CPUState *)engine->cpus[i].state)->env_ptr;

        out->tlb_flushes += env_tlb(env)->c.full_flush_count + env_tlb(env)->c.part_flush_count;
    }
}
