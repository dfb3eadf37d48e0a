/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses to watched memory.  The TLB entries of a watched page carry TLB_WATCHPOINT, which sends each access through here; those that
 * are there already are marked where they are, so that nothing is translated anew for the debugger's sake.
 */
#include "emu/cpu/target.h"

#define PAGE_MASK_64 (~(uint64_t)4095)

static bool overlaps_page(const struct cpu_watched *watched, uint64_t page)
{
    return watched->first <= (page | ~PAGE_MASK_64) && page <= watched->last;
}

bool CPU_TARGET(watched)(CPUState *cs, uint64_t address, uint64_t physical)
{
    const GArray *list = cpu_of(cs)->engine->watched;

    for (guint i = 0; i < list->len; i++) {
        const struct cpu_watched *each = &g_array_index(list, struct cpu_watched, i);

        if ((each->space == CPU_WATCH_VIRTUAL && overlaps_page(each, address & PAGE_MASK_64)) ||
            (each->space == CPU_WATCH_PHYSICAL && overlaps_page(each, physical & PAGE_MASK_64))) {
            return true;
        }
    }
    return false;
}

/* The access lies within a page. */
void CPU_TARGET(watch)(CPUState *cs, uint64_t address, uint64_t length, bool write, uintptr_t retaddr)
{
    struct cpu *cpu = cpu_of(cs);
    struct cpu_engine *engine = cpu->engine;
    struct cpu_access access = {.address = address, .length = length, .write = write};

    if (!engine->target->translate(cpu, address, &access.physical)) {
        access.physical = UINT64_MAX;
    }
    if (!cpu_watch_matches(engine, CPU_WATCH_VIRTUAL, address, length, write) &&
        (access.physical == UINT64_MAX ||
         !cpu_watch_matches(engine, CPU_WATCH_PHYSICAL, access.physical, length, write))) {
        return;
    }
    if (retaddr) {
        cpu_io_check_last(cs, retaddr);
    }
    cpu_watch_hit(cpu, &access);
}

static void mark(CPUTLBEntry *entry, const struct cpu_watched *watched)
{
    uint64_t any = entry->addr_read != (target_ulong)-1 ? entry->addr_read : entry->addr_write;
    uint64_t page = (watched->space == CPU_WATCH_PHYSICAL ? entry->paddr : any) & PAGE_MASK_64;

    if (any == (target_ulong)-1 || !overlaps_page(watched, page)) {
        return;
    }
    if (entry->addr_read != (target_ulong)-1) {
        entry->addr_read |= TLB_WATCHPOINT;
    }
    if (entry->addr_write != (target_ulong)-1) {
        entry->addr_write |= TLB_WATCHPOINT;
    }
}

/* A range that has gone leaves its marks: they cost a little until the entries are made anew. */
void CPU_TARGET(engine_watch)(struct cpu_engine *engine, const struct cpu_watched *watched)
{
    engine->sys->watch_count = engine->watched->len;
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        CPUArchState *env = engine->cpus[i].state->env_ptr;

        for (unsigned mode = 0; mode < NB_MMU_MODES; mode++) {
            CPUTLBDescFast *fast = &env_tlb(env)->f[mode];
            size_t entries = (fast->mask >> CPU_TLB_ENTRY_BITS) + 1;

            for (size_t j = 0; j < entries; j++) {
                mark(&fast->table[j], watched);
            }
            for (unsigned j = 0; j < CPU_VTLB_SIZE; j++) {
                mark(&env_tlb(env)->d[mode].vtable[j], watched);
            }
        }
    }
}
