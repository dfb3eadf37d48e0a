/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU interface of the machine: hands each call to the instruction set's part. */
#include "emu/cpu/internal.h"

#include <gio/gio.h>
#include <string.h>

static const struct cpu_target *target_of(enum cpu_arch arch)
{
    return arch == CPU_ARCH_X86_64 ? &cpu_target_x86_64 : &cpu_target_aarch64;
}

static bool model_known(const struct cpu_target *target, const char *model, GError **error)
{
    if (g_strv_contains(target->models, model)) {
        return true;
    }
    g_autofree char *known = g_strjoinv(", ", (char **)target->models);

    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "CPU model '%s' is not known; known are: %s", model,
                known);
    return false;
}

struct cpu_engine *cpu_engine_new(enum cpu_arch arch, const char *model, unsigned cpus,
                                  const struct cpu_callbacks *callbacks, void *opaque, GError **error)
{
    const struct cpu_target *target = target_of(arch);
    struct cpu_engine *engine;

    if (!model) {
        model = target->models[0];
    }
    if (!model_known(target, model, error)) {
        return NULL;
    }
    if (cpus < 1 || cpus > 64) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%u CPUs: a machine has 1 to 64", cpus);
        return NULL;
    }
    engine = g_new0(struct cpu_engine, 1);
    engine->arch = arch;
    engine->target = target;
    engine->model = g_strdup(model);
    engine->callbacks = *callbacks;
    engine->observed = callbacks->observe ? CPU_OBSERVE_ALL : 0;
    engine->watched = g_array_new(FALSE, FALSE, sizeof(struct cpu_watched));
    engine->points = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    engine->opaque = opaque;
    engine->cpu_count = cpus;
    engine->cpus = g_new0(struct cpu, cpus);
    for (unsigned i = 0; i < cpus; i++) {
        engine->cpus[i].engine = engine;
        engine->cpus[i].index = i;
        engine->cpus[i].on = i == 0;
    }
    if (!target->open(engine, error)) {
        g_hash_table_destroy(engine->points);
        g_array_free(engine->watched, TRUE);
        g_free(engine->cpus);
        g_free(engine->model);
        g_free(engine);
        return NULL;
    }
    return engine;
}

void cpu_engine_free(struct cpu_engine *engine)
{
    if (!engine) {
        return;
    }
    engine->target->close(engine);
    g_hash_table_destroy(engine->points);
    g_array_free(engine->watched, TRUE);
    g_free(engine->cpus);
    g_free(engine->model);
    g_free(engine);
}

void cpu_engine_set_observer(struct cpu_engine *engine, unsigned kinds,
                             void (*observe)(void *opaque, struct cpu *cpu, const struct cpu_exception *exception))
{
    engine->callbacks.observe = observe;
    engine->observed = observe ? kinds : 0;
}

void cpu_engine_map(struct cpu_engine *engine, uint64_t address, uint64_t size, void *host, bool read_only)
{
    engine->target->map(engine, address, size, host, read_only);
}

void cpu_engine_unmap(struct cpu_engine *engine, uint64_t address, uint64_t size)
{
    engine->target->unmap(engine, address, size);
}

void cpu_engine_memory_written(struct cpu_engine *engine, uint64_t address, uint64_t size)
{
    if (engine->watched->len > 0) {
        cpu_watch_dma(engine, address, size);
    }
    engine->target->memory_written(engine, address, size);
}

bool cpu_engine_page_dirty(const struct cpu_engine *engine, uint64_t address)
{
    return engine->target->page_dirty((struct cpu_engine *)engine, address);
}

void cpu_engine_dirty_bits(struct cpu_engine *engine, uint64_t address, uint64_t size, uint8_t *bits, bool clear)
{
    engine->target->dirty_bits(engine, address, size, bits, clear);
}

struct cpu *cpu_engine_cpu(struct cpu_engine *engine, unsigned index)
{
    return index < engine->cpu_count ? &engine->cpus[index] : NULL;
}

unsigned cpu_index(const struct cpu *cpu)
{
    return cpu->index;
}

enum cpu_arch cpu_architecture(const struct cpu *cpu)
{
    return cpu->engine->arch;
}

struct cpu_engine *cpu_engine_of(const struct cpu *cpu)
{
    return cpu->engine;
}

enum cpu_stop cpu_run(struct cpu *cpu, uint64_t budget)
{
    return cpu->engine->target->run(cpu, budget);
}

uint64_t cpu_instructions(const struct cpu *cpu)
{
    return cpu_instructions_now(cpu);
}

void cpu_set_deadline(struct cpu *cpu, uint64_t instructions)
{
    cpu->engine->target->set_deadline(cpu, instructions);
}

void cpu_pause(struct cpu *cpu)
{
    cpu->paused = true;
    cpu->engine->target->set_deadline(cpu, 0);
}

void cpu_request_exit(struct cpu_engine *engine)
{
    engine->target->request_exit(engine);
}

void cpu_set_line(struct cpu *cpu, enum cpu_line line, bool level)
{
    cpu->engine->target->set_line(cpu, line, level);
}

static void forget_stops(struct cpu *cpu)
{
    cpu->at_breakpoint = false;
    cpu->held = false;
}

void cpu_reset(struct cpu *cpu)
{
    cpu->engine->target->reset(cpu);
    cpu->on = cpu->index == 0;
    cpu->shutdown = false;
    forget_stops(cpu);
}

void cpu_init(struct cpu *cpu)
{
    cpu->engine->target->init(cpu);
    cpu->on = false;
    cpu->shutdown = false;
    forget_stops(cpu);
}

void cpu_start(struct cpu *cpu, uint64_t address, uint64_t argument)
{
    cpu->engine->target->start(cpu, address, argument);
    cpu->on = true;
    cpu->shutdown = false;
    forget_stops(cpu);
}

void cpu_off(struct cpu *cpu)
{
    cpu->on = false;
}

bool cpu_is_on(const struct cpu *cpu)
{
    return cpu->on;
}

bool cpu_is_halted(const struct cpu *cpu)
{
    return cpu->engine->target->is_halted(cpu);
}

uint64_t cpu_pc(const struct cpu *cpu)
{
    return cpu->engine->target->pc(cpu);
}

uint64_t cpu_sp(const struct cpu *cpu)
{
    return cpu->engine->target->sp(cpu);
}

unsigned cpu_privilege(const struct cpu *cpu)
{
    return cpu->engine->target->privilege(cpu);
}

bool cpu_translate(struct cpu *cpu, uint64_t virtual_address, uint64_t *physical)
{
    return cpu->engine->target->translate(cpu, virtual_address, physical);
}

void cpu_stop_before(struct cpu *cpu)
{
    cpu->stop_before = true;
}

bool cpu_is_held(const struct cpu *cpu)
{
    return cpu->held;
}

/* The engine is told of the first user of an address and of the last. */
static void change_point(struct cpu_engine *engine, uint64_t address, int probes, int breakpoints)
{
    struct cpu_point *point = g_hash_table_lookup(engine->points, &address);

    memset(engine->recent_points, 0, sizeof(engine->recent_points));
    if (!point) {
        if (probes < 0 || breakpoints < 0) {
            return;
        }
        point = g_new0(struct cpu_point, 1);
        point->address = address;
        g_hash_table_insert(engine->points, &point->address, point);
        engine->target->breakpoint(engine, address, true);
    }
    point->probes += (unsigned)MAX(probes, -(int)point->probes);
    point->breakpoints += (unsigned)MAX(breakpoints, -(int)point->breakpoints);
    if (point->probes + point->breakpoints == 0) {
        g_hash_table_remove(engine->points, &address);
        engine->target->breakpoint(engine, address, false);
    }
}

void cpu_probe_insert(struct cpu_engine *engine, uint64_t address)
{
    change_point(engine, address, 1, 0);
}

void cpu_probe_remove(struct cpu_engine *engine, uint64_t address)
{
    change_point(engine, address, -1, 0);
}

void cpu_breakpoint_insert(struct cpu_engine *engine, uint64_t address)
{
    change_point(engine, address, 0, 1);
}

void cpu_breakpoint_remove(struct cpu_engine *engine, uint64_t address)
{
    change_point(engine, address, 0, -1);
}

void cpu_save(struct cpu *cpu, GByteArray *out)
{
    cpu->engine->target->save(cpu, out);
}

bool cpu_load(struct cpu *cpu, const uint8_t *data, size_t length)
{
    if (!cpu->engine->target->load(cpu, data, length)) {
        return false;
    }
    cpu->at_breakpoint = false; /* what is held is part of the state */
    return true;
}

void cpu_engine_flush(struct cpu_engine *engine)
{
    engine->target->flush(engine);
}

void cpu_engine_set_code_buffer(struct cpu_engine *engine, size_t bytes)
{
    engine->code_buffer = bytes;
    engine->target->flush(engine);
}

void cpu_engine_statistics(const struct cpu_engine *engine, struct cpu_statistics *out)
{
    engine->target->statistics(engine, out);
}
