/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address translation, stage 1 of the EL1&0 regime: Arm ARM, chapter D8 (VMSAv8-64).  The walk reads the tables by host
 * pointer; hardware management of the access flag and 52-bit addresses are not implemented, as the ID registers say.
 */
#include "emu/cpu/aarch64_internal.h"

/* SCTLR_EL1, TCR_EL1 and descriptor fields. */
#define TCR_EPD0 (1ull << 7)
#define TCR_EPD1 (1ull << 23)
#define TCR_TBI_SHIFT 37
#define TCR_HPD_SHIFT 41
#define TCR_TBID_SHIFT 51
#define TCR_E0PD_SHIFT 55

#define DESC_VALID (1ull << 0)
#define DESC_TABLE (1ull << 1)
#define DESC_AP_EL0 (1ull << 6)
#define DESC_AP_READ_ONLY (1ull << 7)
#define DESC_ACCESS (1ull << 10)
#define DESC_NOT_GLOBAL (1ull << 11)
#define DESC_GUARDED (1ull << 50)
#define DESC_PXN (1ull << 53)
#define DESC_UXN (1ull << 54)
#define DESC_PXN_TABLE (1ull << 59)
#define DESC_UXN_TABLE (1ull << 60)
#define DESC_AP_TABLE_NO_EL0 (1ull << 61)
#define DESC_AP_TABLE_READ_ONLY (1ull << 62)
#define DESC_ADDRESS 0x0000fffffffff000ull

/* Fault status codes, Arm ARM ESR_ELx, ISS encoding for an exception from an Instruction Abort; the level is added. */
enum {
    FAULT_ADDRESS_SIZE = 0x00,
    FAULT_TRANSLATION = 0x04,
    FAULT_ACCESS_FLAG = 0x08,
    FAULT_PERMISSION = 0x0c,
    FAULT_EXTERNAL_ON_WALK = 0x14,
};

struct walk {
    CPUARMState *env;
    uint64_t address;
    MMUAccessType access;
    bool el0;
    bool pan;

    /* the result */
    uint64_t physical;
    uint64_t page_size;
    int prot;
    bool global;
    bool guarded;
    unsigned attributes; /* the byte of MAIR_EL1 */
    unsigned shareability;
    unsigned fault; /* status code with level */
};

/* What TCR_EL1 says for the half of the address space that the address is in. */
struct half {
    bool upper;
    bool tagged;         /* the top byte is ignored */
    bool disabled;       /* EPDn, or E0PDn for EL0 */
    bool flat;           /* HPDn: attributes of tables are ignored */
    unsigned input_bits; /* 64 - TnSZ */
    unsigned stride;     /* address bits a level resolves */
    unsigned output_bits;
    uint64_t table;
};

static bool fault(struct walk *walk, unsigned kind, unsigned level)
{
    walk->fault = kind | level;
    return false;
}

static unsigned physical_bits(unsigned encoded)
{
    static const unsigned char bits[] = {32, 36, 40, 42, 44, 48};

    return bits[MIN(encoded, ARRAY_SIZE(bits) - 1)];
}

static unsigned implemented_bits(CPUARMState *env)
{
    return physical_bits(extract64(env_archcpu(env)->isar.id_aa64mmfr0, 0, 4));
}

/* Arm ARM: EffectiveTBI(). */
static bool tag_ignored(uint64_t tcr, bool upper, MMUAccessType access)
{
    return extract64(tcr, TCR_TBI_SHIFT + upper, 1) &&
           !(access == MMU_INST_FETCH && extract64(tcr, TCR_TBID_SHIFT + upper, 1));
}

static struct half half_of(const struct walk *walk)
{
    CPUARMState *env = walk->env;
    uint64_t tcr = env->cp15.tcr_el[1].raw_tcr;
    bool upper = extract64(walk->address, 55, 1);
    unsigned granule = upper ? extract64(tcr, 30, 2) : extract64(tcr, 14, 2);
    unsigned size = upper ? extract64(tcr, 16, 6) : extract64(tcr, 0, 6);
    struct half half = {
        .upper = upper,
        .tagged = tag_ignored(tcr, upper, walk->access),
        .disabled = (tcr & (upper ? TCR_EPD1 : TCR_EPD0)) || (walk->el0 && extract64(tcr, TCR_E0PD_SHIFT + upper, 1)),
        .flat = extract64(tcr, TCR_HPD_SHIFT + upper, 1),
        .input_bits = 64 - CLAMP(size, 16, 39),
        .stride = 9,
        .output_bits = MIN(physical_bits(extract64(tcr, 32, 3)), implemented_bits(env)),
        .table = upper ? env->cp15.ttbr1_el[1] : env->cp15.ttbr0_el[1],
    };

    if (granule == (upper ? 3 : 1)) {
        half.stride = 13; /* 64 KB */
    } else if (granule == (upper ? 1 : 2)) {
        half.stride = 11; /* 16 KB */
    }
    return half;
}

/* The bits above the input size must all be equal to bit 55. */
static bool in_range(const struct walk *walk, const struct half *half)
{
    unsigned top = half->tagged ? 56 : 64;
    int64_t above = sextract64(walk->address, half->input_bits, top - half->input_bits);

    return above == (half->upper ? -1 : 0);
}

static bool load_descriptor(struct walk *walk, uint64_t address, unsigned level, uint64_t *descriptor)
{
    const struct uc_sys_range *range = uc_sys_range_at(walk->env->uc->sys, address);

    if (!range) {
        return fault(walk, FAULT_EXTERNAL_ON_WALK, level);
    }
    *descriptor = ldq_le_p(range->host + (address - range->first));
    if (walk->env->cp15.sctlr_el[1] & SCTLR_EE) {
        *descriptor = bswap64(*descriptor);
    }
    return true;
}

/* Blocks stand at level 1 (4 KB granule) and 2; pages at level 3. */
static bool is_leaf(uint64_t descriptor, unsigned level, unsigned stride, bool *valid)
{
    bool table = descriptor & DESC_TABLE;

    if (level == 3) {
        *valid = table;
        return true;
    }
    *valid = table || level == 2 || (level == 1 && stride == 9);
    return !table;
}

/* What the tables on the way take from the rights of the page; Arm ARM, hierarchical permissions. */
static uint64_t with_table_attributes(uint64_t descriptor, uint64_t tables)
{
    if (tables & DESC_AP_TABLE_NO_EL0) {
        descriptor &= ~DESC_AP_EL0;
    }
    if (tables & DESC_AP_TABLE_READ_ONLY) {
        descriptor |= DESC_AP_READ_ONLY;
    }
    if (tables & DESC_PXN_TABLE) {
        descriptor |= DESC_PXN;
    }
    if (tables & DESC_UXN_TABLE) {
        descriptor |= DESC_UXN;
    }
    return descriptor;
}

static int rights_of(const struct walk *walk, uint64_t descriptor)
{
    bool wxn = walk->env->cp15.sctlr_el[1] & SCTLR_WXN;
    bool el0 = descriptor & DESC_AP_EL0;
    bool writable = !(descriptor & DESC_AP_READ_ONLY);
    int prot = 0;

    if (walk->el0) {
        if (el0) {
            prot |= PAGE_READ | (writable ? PAGE_WRITE : 0);
        }
        if (!(descriptor & DESC_UXN) && !(wxn && el0 && writable)) {
            prot |= PAGE_EXEC;
        }
        return prot;
    }
    if (!(walk->pan && el0)) {
        prot |= PAGE_READ | (writable ? PAGE_WRITE : 0);
    }
    if (!(descriptor & DESC_PXN) && !(el0 && writable) && !(wxn && writable)) {
        prot |= PAGE_EXEC;
    }
    return prot;
}

static bool finish(struct walk *walk, const struct half *half, uint64_t descriptor, unsigned level)
{
    walk->page_size = 1ull << (half->stride * (4 - level) + 3);
    walk->physical = (descriptor & DESC_ADDRESS & ~(walk->page_size - 1)) | (walk->address & (walk->page_size - 1));
    if (walk->physical >> half->output_bits) {
        return fault(walk, FAULT_ADDRESS_SIZE, level);
    }
    if (!(descriptor & DESC_ACCESS)) {
        return fault(walk, FAULT_ACCESS_FLAG, level);
    }
    walk->prot = rights_of(walk, descriptor);
    if (!(walk->prot & (1 << walk->access))) {
        return fault(walk, FAULT_PERMISSION, level);
    }
    walk->global = !(descriptor & DESC_NOT_GLOBAL);
    walk->guarded = descriptor & DESC_GUARDED;
    walk->attributes = extract64(walk->env->cp15.mair_el[1], extract64(descriptor, 2, 3) * 8, 8);
    walk->shareability = extract64(descriptor, 8, 2);
    return true;
}

static bool walk_tables(struct walk *walk, const struct half *half)
{
    unsigned level = 4 - (half->input_bits - 4) / half->stride;
    uint64_t index_mask = (1ull << (half->input_bits - half->stride * (4 - level))) - 1;
    uint64_t table = extract64(half->table, 0, 48) & ~index_mask & ~1ull; /* bit 0 is CnP */
    uint64_t tables = 0;

    if (table >> half->output_bits) {
        return fault(walk, FAULT_ADDRESS_SIZE, 0);
    }
    for (;; level++) {
        uint64_t entry = table | (((walk->address >> (half->stride * (4 - level))) & index_mask) & ~7ull);
        uint64_t descriptor;
        bool valid;

        if (!load_descriptor(walk, entry, level, &descriptor)) {
            return false;
        }
        if (!(descriptor & DESC_VALID)) {
            return fault(walk, FAULT_TRANSLATION, level);
        }
        if (is_leaf(descriptor, level, half->stride, &valid)) {
            return valid ? finish(walk, half, with_table_attributes(descriptor, tables), level)
                         : fault(walk, FAULT_TRANSLATION, level);
        }
        index_mask = (1ull << (half->stride + 3)) - 1;
        table = descriptor & DESC_ADDRESS & ~index_mask;
        if (table >> half->output_bits) {
            return fault(walk, FAULT_ADDRESS_SIZE, level);
        }
        if (!half->flat) {
            tables |= descriptor;
        }
    }
}

/* Arm ARM: AArch64.S1DisabledOutput(). */
static bool translate_flat(struct walk *walk)
{
    uint64_t tcr = walk->env->cp15.tcr_el[1].raw_tcr;
    bool tagged = tag_ignored(tcr, extract64(walk->address, 55, 1), walk->access);
    uint64_t address = tagged ? extract64(walk->address, 0, 56) : walk->address;

    if (address >> implemented_bits(walk->env)) {
        return fault(walk, FAULT_ADDRESS_SIZE, 0);
    }
    walk->physical = address;
    walk->page_size = PAGE;
    walk->prot = PAGE_READ | PAGE_WRITE | PAGE_EXEC;
    walk->global = true;
    walk->shareability = 2;
    return true;
}

static bool translate(struct walk *walk)
{
    struct half half;

    if (!(walk->env->cp15.sctlr_el[1] & SCTLR_M)) {
        return translate_flat(walk);
    }
    half = half_of(walk);
    if (!in_range(walk, &half) || half.disabled) {
        return fault(walk, FAULT_TRANSLATION, 0);
    }
    return walk_tables(walk, &half);
}

static G_NORETURN void raise_abort(CPUState *cs, const struct walk *walk, uintptr_t retaddr)
{
    CPUARMState *env = cs->env_ptr;
    bool same_level = arm_current_el(env) == 1;

    cpu_restore_state(cs, retaddr, true);
    env->exception.vaddress = walk->address;
    if (walk->access == MMU_INST_FETCH) {
        raise_exception(env, EXCP_PREFETCH_ABORT, syn_insn_abort(same_level, 0, 0, (int)walk->fault), 1);
    }
    raise_exception(env, EXCP_DATA_ABORT,
                    syn_data_abort_no_iss(same_level, 0, 0, 0, walk->access == MMU_DATA_STORE, (int)walk->fault), 1);
    g_assert_not_reached();
}

bool aarch64_tlb_fill(CPUState *cs, vaddr address, int size, MMUAccessType access, int mmu_index, bool probe,
                      uintptr_t retaddr)
{
    CPUARMState *env = cs->env_ptr;
    MemTxAttrs attrs = {0};
    struct walk walk = {
        .env = env,
        .address = address,
        .access = access,
        .el0 = mmu_index == TLB_EL0,
        .pan = mmu_index == TLB_EL1_PAN,
    };

    if (!translate(&walk)) {
        if (probe) {
            return false;
        }
        raise_abort(cs, &walk, retaddr);
    }
    attrs.user = walk.el0;
    attrs.target_tlb_bit0 = walk.guarded && cpu_isar_feature(aa64_bti, env_archcpu(env));
    /* One 4 KB piece of a larger page at a time; larger pages are remembered here, not in the common code. */
    tlb_set_page_with_attrs(cs, address & PAGE_ADDRESS, walk.physical & PAGE_ADDRESS, attrs, walk.prot, mmu_index,
                            PAGE);
    aarch64_tlb_remember(env, address, mmu_index, walk.page_size, walk.global);
    return true;
}

bool aarch64_walk_debug(CPUARMState *env, uint64_t address, uint64_t *physical)
{
    struct walk walk = {.env = env, .address = address, .access = MMU_DATA_LOAD};

    if (!translate(&walk)) {
        return false;
    }
    *physical = walk.physical;
    return true;
}

/* AT S1E1R and its like; the result is PAR_EL1.  Arm ARM, PAR_EL1. */
static void address_translate_write(CPUARMState *env, const ARMCPRegInfo *ri, uint64_t value)
{
    struct walk walk = {
        .env = env,
        .address = value,
        .access = ri->opc2 & 1 ? MMU_DATA_STORE : MMU_DATA_LOAD,
        .el0 = ri->opc2 & 2,
        .pan = ri->crm == 9 && (env->pstate & PSTATE_PAN),
    };
    uint64_t par = 1ull << 11;

    if (translate(&walk)) {
        bool device = (walk.attributes & 0xf0) == 0;

        par |= 1ull << 9; /* non-secure */
        par |= walk.physical & 0x0000fffffffff000ull;
        par |= (uint64_t)(device ? 2 : walk.shareability) << 7;
        par |= (uint64_t)walk.attributes << 56;
    } else if ((walk.fault & ~3u) == FAULT_EXTERNAL_ON_WALK) {
        /* Is taken as an abort, told as one of a cache maintenance instruction. */
        env->exception.vaddress = value;
        raise_exception(env, EXCP_DATA_ABORT, syn_data_abort_no_iss(true, 0, 1, 0, 1, (int)walk.fault), 1);
    } else {
        par |= (uint64_t)walk.fault << 1 | 1;
    }
    env->cp15.par_el[1] = par;
}

void aarch64_mmu_adopt(ARMCPU *cpu)
{
    static const uint32_t ids[] = {
        AARCH64_SYSREG(1, 0, 7, 8, 0), AARCH64_SYSREG(1, 0, 7, 8, 1), AARCH64_SYSREG(1, 0, 7, 8, 2),
        AARCH64_SYSREG(1, 0, 7, 8, 3), AARCH64_SYSREG(1, 0, 7, 9, 0), AARCH64_SYSREG(1, 0, 7, 9, 1),
    };

    for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
        ARMCPRegInfo *ri = aarch64_register(cpu, ids[i]);

        if (ri) {
            ri->type |= ARM_CP_RAISES_EXC; /* the program counter is made exact for it */
            ri->accessfn = NULL;
            ri->writefn = address_translate_write;
        }
    }
}
