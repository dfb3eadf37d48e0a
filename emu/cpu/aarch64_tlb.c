/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB maintenance of the EL1&0 regime: Arm ARM, TLB maintenance instructions, and "Address space identifiers".
 *
 * The engine's TLBs hold 4 KB pieces and know no ASID: they belong to the current one.  When it changes, the non-global
 * entries go, and the kernel's stay.
 */
#include "emu/cpu/aarch64_internal.h"

#define BLOCK_SHIFT 21
#define TCR_A1 (1ull << 22)
#define TCR_AS (1ull << 36)

/* The bit of an area in data->blocks, a set that may hold more than was put in. */
static unsigned block_bit(uint64_t address)
{
    uint64_t area = extract64(address, 0, 56) >> BLOCK_SHIFT;

    return (unsigned)((area * 0x9e3779b97f4a7c15ull) >> 52);
}

static bool is_tagged(uint64_t address)
{
    return sextract64(address, 0, 56) != (int64_t)address;
}

void aarch64_tlb_remember(CPUARMState *env, uint64_t address, int mmu_index, uint64_t page_size, bool global)
{
    struct aarch64_data *data = data_of(env);

    if (!global && data->journal_count < JOURNAL_SIZE) {
        data->journal[data->journal_count++] = (address & PAGE_ADDRESS) | (unsigned)mmu_index;
    }
    if (page_size > PAGE) {
        unsigned bit = block_bit(address);

        data->blocks[bit / 64] |= 1ull << (bit % 64);
        data->huge_blocks |= page_size > 1ull << BLOCK_SHIFT;
    }
    data->tagged |= is_tagged(address);
}

void aarch64_tlb_flush(CPUState *cs)
{
    struct cpu *cpu = cpu_of(cs);
    struct aarch64_data *data = cpu->target_data;

    data->journal_count = 0;
    memset(data->blocks, 0, sizeof(data->blocks));
    data->huge_blocks = false;
    data->tagged = false;
    tlb_flush_by_mmuidx(cs, TLB_ALL);
}

static bool entry_is_for(const CPUTLBEntry *entry, uint64_t page)
{
    const uint64_t mask = PAGE_ADDRESS | TLB_INVALID_MASK;

    return (entry->addr_read & mask) == page || (entry->addr_write & mask) == page || (entry->addr_code & mask) == page;
}

/* The victim entries are few; which of them are global is not known. */
static void flush_victims(CPUARMState *env, int mmu_index)
{
    CPUTLBDesc *desc = &env_tlb(env)->d[mmu_index];

    memset(desc->vtable, -1, sizeof(desc->vtable));
}

static void flush_non_global(CPUState *cs)
{
    CPUARMState *env = cs->env_ptr;
    struct aarch64_data *data = data_of(env);

    if (data->journal_count == JOURNAL_SIZE) {
        aarch64_tlb_flush(cs);
        return;
    }
    for (unsigned i = 0; i < data->journal_count; i++) {
        uint64_t page = data->journal[i] & PAGE_ADDRESS;
        unsigned mmu_index = data->journal[i] & ~PAGE_ADDRESS;
        CPUTLBEntry *entry = tlb_entry(env, mmu_index, page);

        if (entry_is_for(entry, page)) {
            memset(entry, -1, sizeof(*entry));
            if (env_tlb(env)->d[mmu_index].n_used_entries > 0) {
                env_tlb(env)->d[mmu_index].n_used_entries--;
            }
        }
    }
    data->journal_count = 0;
    flush_victims(env, TLB_EL0);
    flush_victims(env, TLB_EL1);
    flush_victims(env, TLB_EL1_PAN);
    cpu_tb_jmp_cache_age(cs);
}

static void flush_page(CPUState *cs, uint64_t address)
{
    struct cpu *cpu = cpu_of(cs);
    const struct aarch64_data *data = cpu->target_data;
    unsigned bit = block_bit(address);

    if (data->huge_blocks || data->tagged || (data->blocks[bit / 64] >> (bit % 64) & 1)) {
        aarch64_tlb_flush(cs);
        return;
    }
    tlb_drop_page(cs, address, TLB_ALL);
    cpu_tb_jmp_cache_age(cs);
}

/* The ASID that tags new non-global entries. */
static uint64_t current_asid(CPUARMState *env)
{
    uint64_t tcr = env->cp15.tcr_el[1].raw_tcr;
    uint64_t table = tcr & TCR_A1 ? env->cp15.ttbr1_el[1] : env->cp15.ttbr0_el[1];

    return extract64(table, 48, tcr & TCR_AS ? 16 : 8);
}

static void table_base_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
    uint64_t before = current_asid(env);

    CPREG_FIELD64(env, ri) = value;
    if (current_asid(env) != before) {
        flush_non_global(env_cpu(env));
    }
}

static void flush_all(CPUState *cs, uint64_t value)
{
    (void)value;
    aarch64_tlb_flush(cs);
}

/* The register's operand: address bits 55..12, and the ASID, which need not be looked at: more may go than must. */
static void flush_address(CPUState *cs, uint64_t value)
{
    flush_page(cs, sextract64(value << 12, 0, 56));
}

/* Entries of other ASIDs than the current one are not in the TLB. */
static void flush_asid(CPUState *cs, uint64_t value)
{
    CPUARMState *env = cs->env_ptr;
    unsigned bits = env->cp15.tcr_el[1].raw_tcr & TCR_AS ? 16 : 8;

    if (extract64(value, 48, (int)bits) == current_asid(env)) {
        flush_non_global(cs);
    }
}

/* op2: VMALLE1, VAE1, ASIDE1, VAAE1, -, VALE1, -, VAALE1; CRm 3: for all CPUs of the inner shareable domain. */
static void tlbi_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
    void (*flush)(CPUState *, uint64_t) = ri->opc2 == 0 ? flush_all : ri->opc2 == 2 ? flush_asid : flush_address;
    struct uc_sys *sys = env->uc->sys;

    if (ri->crm != 3) {
        flush(env_cpu(env), value);
        return;
    }
    for (unsigned i = 0; i < sys->cpu_count; i++) {
        flush(sys->cpus[i], value);
    }
}

void aarch64_tlb_adopt(ARMCPU *cpu)
{
    static const unsigned char operations[] = {0, 1, 2, 3, 5, 7};

    for (unsigned i = 0; i < ARRAY_SIZE(operations); i++) {
        aarch64_register(cpu, AARCH64_SYSREG(1, 0, 8, 3, operations[i]))->writefn = tlbi_write;
        aarch64_register(cpu, AARCH64_SYSREG(1, 0, 8, 7, operations[i]))->writefn = tlbi_write;
    }
    for (unsigned i = 0; i < 2; i++) {
        ARMCPRegInfo *ri = aarch64_register(cpu, AARCH64_SYSREG(3, 0, 2, 0, i));

        ri->writefn = table_base_write;
        ri->raw_writefn = NULL;
    }
}
