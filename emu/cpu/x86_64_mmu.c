/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paging: SDM volume 3, chapter 4.  The walk reads and writes the tables by host pointer. */
#include "emu/cpu/x86_64_internal.h"

#define ENTRY_PRESENT (1ull << 0)
#define ENTRY_WRITE (1ull << 1)
#define ENTRY_USER (1ull << 2)
#define ENTRY_ACCESSED (1ull << 5)
#define ENTRY_DIRTY (1ull << 6)
#define ENTRY_PAGE_SIZE (1ull << 7)
#define ENTRY_GLOBAL (1ull << 8)
#define ENTRY_NX (1ull << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ull

#define FAULT_PRESENT (1u << 0)
#define FAULT_WRITE (1u << 1)
#define FAULT_USER (1u << 2)
#define FAULT_RESERVED (1u << 3)
#define FAULT_FETCH (1u << 4)

struct walk {
    CPUX86State *env;
    uint64_t address;
    MMUAccessType access;
    int mmu_index;
    bool quiet; /* a look from outside: no accessed and dirty bits */

    /* the result */
    uint64_t physical;
    uint64_t page_size;
    int prot;
    bool global;
    unsigned vector;
    unsigned error;
};

/* One level's entry on the way down, and what all levels together allow. */
struct step {
    uint64_t entry_address;
    uint64_t entry;
    unsigned entry_size;
    uint64_t rights; /* WRITE and USER: allowed by every level; NX: by one */
};

static bool fault(struct walk *walk, unsigned error)
{
    CPUX86State *env = walk->env;

    if (walk->access == MMU_DATA_STORE) {
        error |= FAULT_WRITE;
    }
    if (walk->mmu_index == MMU_USER_IDX) {
        error |= FAULT_USER;
    }
    if (walk->access == MMU_INST_FETCH &&
        (((env->efer & MSR_EFER_NXE) && (env->cr[4] & CR4_PAE_MASK)) || (env->cr[4] & CR4_SMEP_MASK))) {
        error |= FAULT_FETCH;
    }
    walk->vector = EXCP0E_PAGE;
    walk->error = error;
    return false;
}

static void load_entry(struct walk *walk, struct step *step)
{
    step->entry = x86_64_memory_load(walk->env->uc, step->entry_address, step->entry_size);
}

static void mark_entry(struct walk *walk, struct step *step, uint64_t bits)
{
    if ((step->entry & bits) != bits && !walk->quiet) {
        step->entry |= bits;
        x86_64_memory_store(walk->env->uc, step->entry_address, step->entry_size, step->entry);
    }
}

/* May the access be done, and what else may be done with the page?  SDM 4.6. */
static bool check_rights(struct walk *walk, struct step *step)
{
    CPUX86State *env = walk->env;
    bool user_page = step->rights & ENTRY_USER;
    bool user = walk->mmu_index == MMU_USER_IDX;
    bool writable = step->rights & ENTRY_WRITE;
    int prot = 0;

    if (user && !user_page) {
        return fault(walk, FAULT_PRESENT);
    }
    if (walk->mmu_index != MMU_KSMAP_IDX || !user_page) { /* SMAP */
        prot |= PAGE_READ;
        if (writable || (!user && !(env->cr[0] & CR0_WP_MASK))) {
            prot |= PAGE_WRITE;
        }
    }
    if (!(step->rights & ENTRY_NX) && (user || !user_page || !(env->cr[4] & CR4_SMEP_MASK))) {
        prot |= PAGE_EXEC;
    }
    if (!(prot & (1 << walk->access))) {
        return fault(walk, FAULT_PRESENT);
    }
    mark_entry(walk, step, ENTRY_ACCESSED | (walk->access == MMU_DATA_STORE ? ENTRY_DIRTY : 0));
    if (!(step->entry & ENTRY_DIRTY)) {
        prot &= ~PAGE_WRITE; /* come back for the first store */
    }
    walk->prot = prot;
    return true;
}

static bool finish(struct walk *walk, struct step *step, uint64_t base, uint64_t page_size)
{
    if (!check_rights(walk, step)) {
        return false;
    }
    walk->page_size = page_size;
    walk->global = (step->entry & ENTRY_GLOBAL) && (walk->env->cr[4] & CR4_PGE_MASK);
    walk->physical = (base & ~(page_size - 1)) | (walk->address & (page_size - 1));
    return true;
}

/* 4-level and PAE paging have the same entries; @shift is that of the first table's index. */
static bool walk_long(struct walk *walk, uint64_t table, int shift, uint64_t rights)
{
    CPUX86State *env = walk->env;
    uint64_t reserved = ENTRY_ADDRESS & ~((1ull << PHYSICAL_BITS) - 1);
    bool gigabyte_pages = env->features[FEAT_8000_0001_EDX] & CPUID_EXT2_PDPE1GB;
    struct step step = {.entry_size = 8, .rights = rights};

    if (!(env->efer & MSR_EFER_NXE)) {
        reserved |= ENTRY_NX;
    }
    for (;; shift -= 9) {
        uint64_t page_size = 1ull << shift;
        bool last = shift == 12;

        step.entry_address = (table & ENTRY_ADDRESS) + ((walk->address >> shift) & 0x1ff) * 8;
        load_entry(walk, &step);
        if (!(step.entry & ENTRY_PRESENT)) {
            return fault(walk, 0);
        }
        if (step.entry & reserved) {
            return fault(walk, FAULT_PRESENT | FAULT_RESERVED);
        }
        if (!last && (step.entry & ENTRY_PAGE_SIZE)) {
            if (shift > 30 || (shift == 30 && !gigabyte_pages) ||
                (step.entry & (page_size - 1) & ~0x1fffull)) { /* bit 12 is PAT */
                return fault(walk, FAULT_PRESENT | FAULT_RESERVED);
            }
            last = true;
        }
        step.rights = (step.rights & (step.entry | ENTRY_NX)) | (step.entry & ENTRY_NX);
        if (last) {
            return finish(walk, &step, step.entry & ENTRY_ADDRESS, page_size);
        }
        mark_entry(walk, &step, ENTRY_ACCESSED);
        table = step.entry;
    }
}

static bool walk_pae(struct walk *walk)
{
    CPUX86State *env = walk->env;
    uint64_t address = (env->cr[3] & 0xffffffe0) + ((walk->address >> 30) & 3) * 8;
    uint64_t pdpte = x86_64_memory_load(env->uc, address, 8);

    if (!(pdpte & ENTRY_PRESENT)) {
        return fault(walk, 0);
    }
    if (pdpte & (0xfff0000000000000ull | (ENTRY_ADDRESS & ~((1ull << PHYSICAL_BITS) - 1)) | 0x1e6)) {
        return fault(walk, FAULT_PRESENT | FAULT_RESERVED);
    }
    return walk_long(walk, pdpte, 21, ENTRY_WRITE | ENTRY_USER);
}

static bool walk_32bit(struct walk *walk)
{
    CPUX86State *env = walk->env;
    struct step step = {.entry_size = 4, .rights = ENTRY_WRITE | ENTRY_USER};

    step.entry_address = (env->cr[3] & 0xfffff000) + ((walk->address >> 22) & 0x3ff) * 4;
    load_entry(walk, &step);
    if (!(step.entry & ENTRY_PRESENT)) {
        return fault(walk, 0);
    }
    step.rights &= step.entry;
    if ((step.entry & ENTRY_PAGE_SIZE) && (env->cr[4] & CR4_PSE_MASK)) {
        if (step.entry & (1u << 21)) {
            return fault(walk, FAULT_PRESENT | FAULT_RESERVED);
        }
        /* PSE-36: bits 20..13 are bits 39..32 of the address. */
        return finish(walk, &step, (step.entry & 0xffc00000) | ((step.entry >> 13 & 0xff) << 32), 1ull << 22);
    }
    mark_entry(walk, &step, ENTRY_ACCESSED);
    step.entry_address = (step.entry & 0xfffff000) + ((walk->address >> 12) & 0x3ff) * 4;
    load_entry(walk, &step);
    if (!(step.entry & ENTRY_PRESENT)) {
        return fault(walk, 0);
    }
    step.rights &= step.entry;
    return finish(walk, &step, step.entry & 0xfffff000, 1ull << 12);
}

static bool translate(struct walk *walk)
{
    CPUX86State *env = walk->env;

    if (!(env->cr[0] & CR0_PG_MASK)) {
        walk->physical = (uint32_t)walk->address;
        walk->page_size = TARGET_PAGE_SIZE;
        walk->prot = PAGE_READ | PAGE_WRITE | PAGE_EXEC;
        walk->global = false;
        return true;
    }
    if (env->hflags & HF_LMA_MASK) {
        if (!is_canonical(walk->address)) {
            walk->vector = EXCP0D_GPF;
            walk->error = 0;
            return false;
        }
        return walk_long(walk, env->cr[3], 39, ENTRY_WRITE | ENTRY_USER);
    }
    walk->address = (uint32_t)walk->address;
    return env->cr[4] & CR4_PAE_MASK ? walk_pae(walk) : walk_32bit(walk);
}

static bool set_has(const uint64_t *set, unsigned count, uint64_t value)
{
    for (unsigned i = 0; i < count; i++) {
        if (set[i] == value) {
            return true;
        }
    }
    return false;
}

static void set_add(uint64_t *set, unsigned *count, uint64_t value)
{
    if (*count < LARGE_SIZE && !set_has(set, *count, value)) {
        set[(*count)++] = value;
    }
}

static void remember(CPUX86State *env, const struct walk *walk)
{
    struct x86_64_data *data = data_of(env);
    uint64_t page = walk->address & TARGET_PAGE_MASK;

    if (!walk->global && data->journal_count < JOURNAL_SIZE) {
        data->journal[data->journal_count++] = page | (unsigned)walk->mmu_index;
    }
    if (walk->page_size == 1ull << 30) {
        set_add(data->giant, &data->giant_count, page >> 30);
    } else if (walk->page_size > TARGET_PAGE_SIZE) {
        set_add(data->large, &data->large_count, page >> 21);
    }
}

bool x86_64_tlb_fill(CPUState *cs, vaddr address, int size, MMUAccessType access, int mmu_index, bool probe,
                     uintptr_t retaddr)
{
    CPUX86State *env = cs->env_ptr;
    struct walk walk = {.env = env, .address = address, .access = access, .mmu_index = mmu_index};

    if (!translate(&walk)) {
        if (probe) {
            return false;
        }
        if (walk.vector == EXCP0E_PAGE) {
            env->cr[2] = address;
        }
        if (walk.vector == EXCP0D_GPF && access != MMU_INST_FETCH && retaddr) {
            cpu_restore_state(cs, retaddr, true);
            retaddr = 0;
            walk.vector = x86_64_access_is_by_stack(env, address) ? EXCP0C_STACK : EXCP0D_GPF;
        }
        raise_exception_err_ra(env, (int)walk.vector, (int)walk.error, retaddr);
    }
    /* One 4 KB piece of a large page at a time; large pages are remembered here, not in the common code. */
    tlb_set_page_with_attrs(cs, address & TARGET_PAGE_MASK, walk.physical & TARGET_PAGE_MASK, cpu_get_mem_attrs(env),
                            walk.prot, mmu_index, TARGET_PAGE_SIZE);
    remember(env, &walk);
    return true;
}

bool x86_64_walk_debug(CPUX86State *env, uint64_t address, uint64_t *physical)
{
    struct walk walk = {
        .env = env, .address = address, .access = MMU_DATA_LOAD, .mmu_index = MMU_KNOSMAP_IDX, .quiet = true};

    if (!translate(&walk)) {
        return false;
    }
    *physical = walk.physical;
    return true;
}

void x86_64_flush_tlb(CPUX86State *env)
{
    struct x86_64_data *data = data_of(env);

    if (data) {
        data->journal_count = 0;
        data->large_count = 0;
        data->giant_count = 0;
    }
    tlb_flush(env_cpu(env));
}

/* The victim entries are few; which of them are global is not known. */
static void flush_victims(CPUX86State *env)
{
    for (unsigned i = 0; i < NB_MMU_MODES; i++) {
        CPUTLBDesc *desc = &env_tlb(env)->d[i];

        for (unsigned j = 0; j < CPU_VTLB_SIZE; j++) {
            if (desc->vtable[j].addr_read != (target_ulong)-1 || desc->vtable[j].addr_write != (target_ulong)-1 ||
                desc->vtable[j].addr_code != (target_ulong)-1) {
                memset(&desc->vtable[j], -1, sizeof(desc->vtable[j]));
            }
        }
    }
}

static bool entry_is_for(const CPUTLBEntry *entry, uint64_t page)
{
    const uint64_t mask = TARGET_PAGE_MASK | TLB_INVALID_MASK;

    return (entry->addr_read & mask) == page || (entry->addr_write & mask) == page || (entry->addr_code & mask) == page;
}

/* A load of CR3 with CR4.PGE: SDM 4.10.4.1. */
void x86_64_flush_non_global(CPUX86State *env)
{
    struct x86_64_data *data = data_of(env);

    if (!(env->cr[4] & CR4_PGE_MASK) || data->journal_count == JOURNAL_SIZE) {
        x86_64_flush_tlb(env);
        return;
    }
    for (unsigned i = 0; i < data->journal_count; i++) {
        uint64_t page = data->journal[i] & TARGET_PAGE_MASK;
        unsigned mmu_index = data->journal[i] & 3;
        CPUTLBEntry *entry = tlb_entry(env, mmu_index, page);

        if (entry_is_for(entry, page)) {
            memset(entry, -1, sizeof(*entry));
            if (env_tlb(env)->d[mmu_index].n_used_entries > 0) {
                env_tlb(env)->d[mmu_index].n_used_entries--;
            }
        }
    }
    data->journal_count = 0;
    flush_victims(env);
    cpu_tb_jmp_cache_age(env_cpu(env));
}

void x86_64_invlpg(void *opaque, uint64_t address)
{
    CPUX86State *env = opaque;
    CPUState *cs = env_cpu(env);
    struct x86_64_data *data = data_of(env);
    uint64_t page = address & TARGET_PAGE_MASK;

    if (data->large_count == LARGE_SIZE || data->giant_count == LARGE_SIZE ||
        set_has(data->giant, data->giant_count, page >> 30)) {
        x86_64_flush_tlb(env);
        return;
    }
    if (set_has(data->large, data->large_count, page >> 21)) {
        /* Any piece of the page may be in the TLB; 4 MB pages are two neighbours. */
        uint64_t start = page & ~((1ull << 22) - 1);

        for (unsigned i = 0; i < 1024; i++) {
            tlb_drop_page(cs, start + i * 4096ull, (1 << NB_MMU_MODES) - 1);
        }
    } else {
        tlb_drop_page(cs, page, (1 << NB_MMU_MODES) - 1);
    }
    cpu_tb_jmp_cache_age(cs);
}
