/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest-physical memory as the engine sees it: ranges with host memory behind them (uc_sys.h), the pages written, and
 * the code that must go when the host writes.
 */
#include "emu/cpu/target.h"

#include <exec/ram_addr.h>

#define PAGE 4096u

/* Host memory that was mapped at some time and the `ram` numbers of its bytes, which stay its own. */
struct area {
    uint8_t *host;
    uint64_t size;
    uint64_t ram;
};

static uint64_t ram_of_host(struct cpu_engine *engine, uint8_t *host, uint64_t size)
{
    struct area area = {host, size, engine->ram_next};
    struct uc_sys *sys = engine->sys;

    if (!engine->areas) {
        engine->areas = g_array_new(FALSE, FALSE, sizeof(struct area));
    }
    for (unsigned i = 0; i < engine->areas->len; i++) {
        const struct area *known = &g_array_index(engine->areas, struct area, i);

        if (host >= known->host && host + size <= known->host + known->size) {
            return known->ram + (uint64_t)(host - known->host);
        }
    }
    g_array_append_val(engine->areas, area);
    engine->ram_next += size;
    sys->page_flags = g_realloc(sys->page_flags, engine->ram_next / PAGE);
    memset(sys->page_flags + sys->page_count, UC_SYS_PAGE_NO_CODE, engine->ram_next / PAGE - sys->page_count);
    sys->page_count = engine->ram_next / PAGE;
    return area.ram;
}

static void flush_all_tlbs(struct cpu_engine *engine)
{
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        tlb_flush(engine->cpus[i].state);
    }
}

static void drop_code(struct cpu_engine *engine, uint64_t ram, uint64_t size)
{
    const uint8_t *flags = engine->sys->page_flags;

    for (uint64_t page = ram / PAGE; page <= (ram + size - 1) / PAGE; page++) {
        if (!(flags[page] & UC_SYS_PAGE_NO_CODE)) {
            uint64_t first = MAX(ram, page * PAGE);
            uint64_t end = MIN(ram + size, (page + 1) * PAGE);

            tb_invalidate_phys_range(engine->uc, first, end);
        }
    }
}

static void insert_range(struct uc_sys *sys, const struct uc_sys_range *range)
{
    unsigned at = 0;

    while (at < sys->range_count && sys->ranges[at].first < range->first) {
        at++;
    }
    sys->ranges = g_renew(struct uc_sys_range, sys->ranges, sys->range_count + 1);
    memmove(&sys->ranges[at + 1], &sys->ranges[at], (sys->range_count - at) * sizeof(*range));
    sys->ranges[at] = *range;
    sys->range_count++;
}

void CPU_TARGET(memory_map)(struct cpu_engine *engine, uint64_t address, uint64_t size, void *host, bool read_only)
{
    struct uc_sys_range range = {address, address + size - 1, host, 0, read_only};

    g_return_if_fail(size > 0 && (address | size) % PAGE == 0 && address + size - 1 >= address);
    CPU_TARGET(memory_unmap)(engine, address, size);
    range.ram = ram_of_host(engine, host, size);
    insert_range(engine->sys, &range);
    flush_all_tlbs(engine);
}

/* Takes [first, last] out of the range at @index, which stays, shrinks, splits or goes. */
static void cut_range(struct cpu_engine *engine, unsigned index, uint64_t first, uint64_t last)
{
    struct uc_sys *sys = engine->sys;
    struct uc_sys_range old = sys->ranges[index];
    uint64_t from = MAX(first, old.first);
    uint64_t to = MIN(last, old.last);

    drop_code(engine, old.ram + (from - old.first), to - from + 1);
    memmove(&sys->ranges[index], &sys->ranges[index + 1], (sys->range_count - index - 1) * sizeof(old));
    sys->range_count--;
    if (from > old.first) {
        struct uc_sys_range before = old;

        before.last = from - 1;
        insert_range(sys, &before);
    }
    if (to < old.last) {
        struct uc_sys_range after = old;

        after.first = to + 1;
        after.host = old.host + (after.first - old.first);
        after.ram = old.ram + (after.first - old.first);
        insert_range(sys, &after);
    }
}

void CPU_TARGET(memory_unmap)(struct cpu_engine *engine, uint64_t address, uint64_t size)
{
    uint64_t last = address + size - 1;
    bool changed = false;

    for (unsigned i = 0; i < engine->sys->range_count;) {
        const struct uc_sys_range *range = &engine->sys->ranges[i];

        if (range->first <= last && range->last >= address) {
            cut_range(engine, i, address, last);
            changed = true;
            i = 0;
        } else {
            i++;
        }
    }
    if (changed) {
        flush_all_tlbs(engine);
    }
}

void CPU_TARGET(memory_written)(struct cpu_engine *engine, uint64_t address, uint64_t size)
{
    struct uc_sys *sys = engine->sys;

    while (size > 0) {
        const struct uc_sys_range *range = uc_sys_range_at(sys, address);
        uint64_t ram, length;

        if (!range) {
            return;
        }
        ram = range->ram + (address - range->first);
        length = MIN(size, range->last - address + 1);
        drop_code(engine, ram, length);
        for (uint64_t page = ram / PAGE; page <= (ram + length - 1) / PAGE; page++) {
            sys->page_flags[page] |= UC_SYS_PAGE_DIRTY;
        }
        address += length;
        size -= length;
    }
}

bool CPU_TARGET(memory_page_dirty)(struct cpu_engine *engine, uint64_t address)
{
    const struct uc_sys_range *range = uc_sys_range_at(engine->sys, address);

    return range && (engine->sys->page_flags[(range->ram + (address - range->first)) / PAGE] & UC_SYS_PAGE_DIRTY);
}

/* New epoch: the TLB entries that let stores through become slow again, in one walk for all pages. */
static void make_slow(struct cpu_engine *engine, const struct uc_sys_range *range, uint64_t offset, uint64_t length)
{
    for (unsigned i = 0; i < engine->cpu_count; i++) {
        tlb_reset_dirty(engine->cpus[i].state, (uintptr_t)range->host + offset, length);
    }
}

void CPU_TARGET(memory_dirty_bits)(struct cpu_engine *engine, uint64_t address, uint64_t size, uint8_t *bits,
                                   bool clear)
{
    struct uc_sys *sys = engine->sys;
    uint64_t pages = size / PAGE;

    memset(bits, 0, (pages + 7) / 8);
    for (uint64_t page = 0; page < pages;) {
        const struct uc_sys_range *range = uc_sys_range_at(sys, address + page * PAGE);
        uint64_t offset, count;
        bool any = false;

        if (!range) {
            page++;
            continue;
        }
        offset = address + page * PAGE - range->first;
        count = MIN(pages - page, (range->last - range->first + 1 - offset) / PAGE);
        for (uint64_t i = 0; i < count; i++) {
            uint8_t *flags = &sys->page_flags[(range->ram + offset) / PAGE + i];

            if (*flags & UC_SYS_PAGE_DIRTY) {
                bits[(page + i) / 8] |= 1u << ((page + i) % 8);
                any = true;
                if (clear) {
                    *flags &= ~UC_SYS_PAGE_DIRTY;
                }
            }
        }
        if (clear && any) {
            make_slow(engine, range, offset, count * PAGE);
        }
        page += count;
    }
}

uint64_t CPU_TARGET(memory_load)(struct uc_struct *uc, uint64_t address, unsigned size)
{
    const struct uc_sys_range *range = uc_sys_range_at(uc->sys, address);

    if (!range) {
        return 0;
    }
    return size == 8 ? ldq_le_p(range->host + (address - range->first))
                     : (uint32_t)ldl_le_p(range->host + (address - range->first));
}

void CPU_TARGET(memory_store)(struct uc_struct *uc, uint64_t address, unsigned size, uint64_t value)
{
    const struct uc_sys_range *range = uc_sys_range_at(uc->sys, address);

    if (!range || range->read_only) {
        return;
    }
    if (size == 8) {
        stq_le_p(range->host + (address - range->first), value);
    } else {
        stl_le_p(range->host + (address - range->first), value);
    }
    CPU_TARGET(memory_written)(uc->sys->opaque, address, size);
}
