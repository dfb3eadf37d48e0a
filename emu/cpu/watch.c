/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The debugger's watchpoints: which ranges are watched, and what has hit them.  target_watch.c sees the accesses. */
#include "emu/cpu/internal.h"

static struct cpu_watched range(enum cpu_watch_space space, uint64_t address, uint64_t length, enum cpu_watch kind)
{
    return (struct cpu_watched){.space = space, .first = address, .last = address + length - 1, .kind = kind};
}

bool cpu_watchpoint_insert(struct cpu_engine *engine, enum cpu_watch_space space, uint64_t address, uint64_t length,
                           enum cpu_watch kind)
{
    struct cpu_watched watched = range(space, address, length, kind);

    if (length == 0 || watched.last < address || !(kind & CPU_WATCH_ACCESS)) {
        return false;
    }
    g_array_append_val(engine->watched, watched);
    engine->target->watch(engine, &watched);
    return true;
}

void cpu_watchpoint_remove(struct cpu_engine *engine, enum cpu_watch_space space, uint64_t address, uint64_t length,
                           enum cpu_watch kind)
{
    struct cpu_watched watched = range(space, address, length, kind);

    for (guint i = 0; i < engine->watched->len; i++) {
        const struct cpu_watched *each = &g_array_index(engine->watched, struct cpu_watched, i);
        if (each->space == space && each->first == watched.first && each->last == watched.last && each->kind == kind) {
            g_array_remove_index(engine->watched, i);
            engine->target->watch(engine, &watched);
            return;
        }
    }
}

void cpu_watchpoint_forget(struct cpu_engine *engine)
{
    engine->outside_count = 0;
}

bool cpu_watchpoint_access(const struct cpu *cpu, unsigned index, struct cpu_access *out)
{
    if (index >= cpu->hit_count) {
        return false;
    }
    *out = cpu->hits[index];
    return true;
}

bool cpu_watch_matches(const struct cpu_engine *engine, enum cpu_watch_space space, uint64_t address, uint64_t length,
                       bool write)
{
    for (guint i = 0; i < engine->watched->len; i++) {
        const struct cpu_watched *each = &g_array_index(engine->watched, struct cpu_watched, i);
        if (each->space == space && (each->kind & (write ? CPU_WATCH_WRITE : CPU_WATCH_READ)) &&
            address <= each->last && each->first <= address + (length - 1)) {
            return true;
        }
    }
    return false;
}

void cpu_watch_hit(struct cpu *cpu, const struct cpu_access *access)
{
    if (cpu->hits_told) {
        cpu->hit_count = 0;
        cpu->hits_told = false;
    }
    if (cpu->hit_count < CPU_HITS) {
        cpu->hits[cpu->hit_count++] = *access;
    }
    cpu->engine->target->set_deadline(cpu, 0);
}

void cpu_watch_dma(struct cpu_engine *engine, uint64_t address, uint64_t length)
{
    struct cpu_access access = {.address = address, .physical = address, .length = length, .write = true, .dma = true};

    if (length == 0 || !cpu_watch_matches(engine, CPU_WATCH_PHYSICAL, address, length, true)) {
        return;
    }
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        if (engine->running == engine->cpus[i].state) {
            cpu_watch_hit(&engine->cpus[i], &access);
            return;
        }
    }
    if (engine->outside_count < CPU_HITS) {
        engine->outside[engine->outside_count++] = access;
    }
}
