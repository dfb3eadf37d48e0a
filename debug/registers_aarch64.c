/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of aarch64.  Arm ARM (DDI 0487), C5.2 and D13.2 to D13.8. */
#include "debug/registers_internal.h"

#include <stddef.h>
#include <string.h>

#include "emu/cpu/aarch64.h"

#define STATE(field) offsetof(struct aarch64_registers, field)
#define FPU(field) offsetof(struct aarch64_fpu, field)
#define HEX "0x%" G_GINT64_MODIFIER "x"

static char *decode_pstate(uint64_t value)
{
    static const char *const a64_modes[] = {"EL0t", "1?", "2?", "3?", "EL1t", "EL1h", "6?", "7?", "EL2t", "EL2h", NULL};
    static const char *const a32_modes[] = {"usr", "fiq", "irq", "svc", "4?", "5?", "mon", "abt", "8?",
                                            "9?",  "hyp", "und", "c?",  "d?", "e?", "sys", NULL};
    static const struct bit_field common[] = {
        BIT(31, "N"),          BIT(30, "Z"),   BIT(29, "C"),  BIT(28, "V"),  BIT(25, "TCO"),    BIT(24, "DIT"),
        BIT(23, "UAO"),        BIT(22, "PAN"), BIT(21, "SS"), BIT(20, "IL"), BIT(13, "ALLINT"), BIT(12, "SSBS"),
        QUIET(10, 2, "BTYPE"), BIT(9, "D"),    BIT(8, "A"),   BIT(7, "I"),   BIT(6, "F"),
    };
    const char *const *modes = value & 0x10 ? a32_modes : a64_modes;
    unsigned mode = value & 15, known = 0;
    g_autofree char *flags = DECODE(common, value & ~UINT64_C(0x1f));

    while (modes[known])
        known++;
    return g_strdup_printf("%s%s%s%s", mode < known ? modes[mode] : "mode?", value & 0x10 ? " (AArch32)" : "",
                           *flags ? " " : "", flags);
}

static char *decode_sctlr(uint64_t value)
{
    static const char *const tcf[] = {"none", "sync", "async", "asymmetric", NULL};
    static const struct bit_field fields[] = {
        BIT(0, "M"),
        BIT(1, "A"),
        BIT(2, "C"),
        BIT(3, "SA"),
        BIT(4, "SA0"),
        BIT(5, "CP15BEN"),
        BIT(6, "nAA"),
        BIT(7, "ITD"),
        BIT(8, "SED"),
        BIT(9, "UMA"),
        BIT(10, "EnRCTX"),
        BIT(11, "EOS"),
        BIT(12, "I"),
        BIT(13, "EnDB"),
        BIT(14, "DZE"),
        BIT(15, "UCT"),
        BIT(16, "nTWI"),
        BIT(18, "nTWE"),
        BIT(19, "WXN"),
        BIT(20, "TSCXT"),
        BIT(21, "IESB"),
        BIT(22, "EIS"),
        BIT(23, "SPAN"),
        BIT(24, "E0E"),
        BIT(25, "EE"),
        BIT(26, "UCI"),
        BIT(27, "EnDA"),
        BIT(28, "nTLSMD"),
        BIT(29, "LSMAOE"),
        BIT(30, "EnIB"),
        BIT(31, "EnIA"),
        BIT(32, "CMOW"),
        BIT(33, "MSCEn"),
        BIT(35, "BT0"),
        BIT(36, "BT1"),
        BIT(37, "ITFSB"),
        {.name = "TCF0", .low = 38, .width = 2, .meaning = tcf, .hidden_when_zero = true},
        {.name = "TCF", .low = 40, .width = 2, .meaning = tcf, .hidden_when_zero = true},
        BIT(42, "ATA0"),
        BIT(43, "ATA"),
        BIT(44, "DSSBS"),
        BIT(45, "TWEDEn"),
        QUIET(46, 4, "TWEDEL"),
        BIT(50, "TMT0"),
        BIT(51, "TMT"),
        BIT(52, "TME0"),
        BIT(53, "TME"),
        BIT(54, "EnASR"),
        BIT(55, "EnAS0"),
        BIT(56, "EnALS"),
        BIT(57, "EPAN"),
        BIT(60, "EnTP2"),
        BIT(61, "NMI"),
        BIT(62, "SPINTMASK"),
        BIT(63, "TIDCP"),
    };

    return DECODE(fields, value);
}

static const char *const cacheability[] = {"NC", "WBWA", "WT", "WBnWA", NULL};
static const char *const shareability[] = {"none", "1?", "outer", "inner", NULL};

static char *decode_tcr(uint64_t value)
{
    static const char *const granule0[] = {"4K", "64K", "16K", "3?", NULL};
    static const char *const granule1[] = {"0?", "16K", "4K", "64K", NULL};
    static const char *const sizes[] = {"32", "36", "40", "42", "44", "48", "52", "56", NULL};
    static const struct bit_field fields[] = {
        FIELD(0, 6, "T0SZ"),
        BIT(7, "EPD0"),
        MEANT(8, 2, "IRGN0", cacheability),
        MEANT(10, 2, "ORGN0", cacheability),
        MEANT(12, 2, "SH0", shareability),
        MEANT(14, 2, "TG0", granule0),
        FIELD(16, 6, "T1SZ"),
        BIT(22, "A1"),
        BIT(23, "EPD1"),
        MEANT(24, 2, "IRGN1", cacheability),
        MEANT(26, 2, "ORGN1", cacheability),
        MEANT(28, 2, "SH1", shareability),
        MEANT(30, 2, "TG1", granule1),
        MEANT(32, 3, "IPS", sizes),
        BIT(36, "AS"),
        BIT(37, "TBI0"),
        BIT(38, "TBI1"),
        BIT(39, "HA"),
        BIT(40, "HD"),
        BIT(41, "HPD0"),
        BIT(42, "HPD1"),
        QUIET(43, 4, "HWU0"),
        QUIET(47, 4, "HWU1"),
        BIT(51, "TBID0"),
        BIT(52, "TBID1"),
        BIT(53, "NFD0"),
        BIT(54, "NFD1"),
        BIT(55, "E0PD0"),
        BIT(56, "E0PD1"),
        BIT(57, "TCMA0"),
        BIT(58, "TCMA1"),
        BIT(59, "DS"),
        BIT(60, "MTX0"),
        BIT(61, "MTX1"),
    };

    return DECODE(fields, value);
}

/* One attribute of MAIR_EL1: D13.2.97. */
static void add_attribute(GString *text, unsigned index, unsigned attribute)
{
    static const char *const device[] = {"nGnRnE", "nGnRE", "nGRE", "GRE"};
    static const char *const normal[16] = {"?",       "WT-W-tr",  "WT-R-tr", "WT-RW-tr", "NC",   "WB-W-tr",
                                           "WB-R-tr", "WB-RW-tr", "WT",      "WT-W",     "WT-R", "WT-RW",
                                           "WB",      "WB-W",     "WB-R",    "WB-RW"};

    g_string_append_printf(text, "%s%u=", index ? " " : "", index);
    if (attribute == 0xf0)
        g_string_append(text, "tagged");
    else if (attribute >> 4 == 0)
        g_string_append_printf(text, "device-%s",
                               attribute & 3 ? attribute & 0xc ? device[attribute >> 2 & 3] : "?"
                                             : device[attribute >> 2]);
    else if (attribute >> 4 == (attribute & 15))
        g_string_append_printf(text, "normal-%s", normal[attribute & 15]);
    else
        g_string_append_printf(text, "normal-outer-%s-inner-%s", normal[attribute >> 4], normal[attribute & 15]);
}

static char *decode_mair(uint64_t value)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < 8; i++)
        add_attribute(text, i, value >> (8 * i) & 0xff);
    return g_string_free(text, FALSE);
}

static char *decode_ttbr(uint64_t value)
{
    return g_strdup_printf("tables " HEX " ASID %u%s", value & UINT64_C(0x0000fffffffffffe), (unsigned)(value >> 48),
                           value & 1 ? " CnP" : "");
}

static char *decode_cpacr(uint64_t value)
{
    static const char *const traps[] = {"trapped", "trapped at EL0", "trapped", "allowed", NULL};
    static const struct bit_field fields[] = {
        MEANT(16, 2, "ZEN", traps),
        MEANT(20, 2, "FPEN", traps),
        MEANT(24, 2, "SMEN", traps),
        BIT(28, "TTA"),
    };

    return DECODE(fields, value);
}

static char *decode_par(uint64_t value)
{
    if (value & 1)
        return g_strdup_printf("failed: FST 0x%02x%s%s", (unsigned)(value >> 1 & 0x3f), value & 0x100 ? " PTW" : "",
                               value & 0x200 ? " stage 2" : "");
    return g_strdup_printf("PA " HEX " SH=%s attribute 0x%02x%s", value & UINT64_C(0x000ffffffffff000),
                           shareability[value >> 7 & 3], (unsigned)(value >> 56), value & 0x200 ? " NS" : "");
}

static char *decode_timer_control(uint64_t value)
{
    static const struct bit_field fields[] = {BIT(0, "ENABLE"), BIT(1, "IMASK"), BIT(2, "ISTATUS")};

    return DECODE(fields, value);
}

static char *decode_cntkctl(uint64_t value)
{
    static const struct bit_field fields[] = {
        BIT(0, "EL0PCTEN"),   BIT(1, "EL0VCTEN"), BIT(2, "EVNTEN"),  BIT(3, "EVNTDIR"),
        QUIET(4, 4, "EVNTI"), BIT(8, "EL0VTEN"),  BIT(9, "EL0PTEN"), BIT(17, "EVNTIS"),
    };

    return DECODE(fields, value);
}

static char *decode_mdscr(uint64_t value)
{
    static const struct bit_field fields[] = {
        BIT(0, "SS"),   BIT(6, "ERR"),     BIT(12, "TDCC"),   BIT(13, "KDE"),         BIT(14, "HDE"),
        BIT(15, "MDE"), BIT(19, "SC2"),    BIT(21, "TDA"),    QUIET(22, 2, "INTdis"), BIT(26, "TXU"),
        BIT(27, "RXO"), BIT(29, "TXfull"), BIT(30, "RXfull"), BIT(31, "TFO"),
    };

    return DECODE(fields, value);
}

static char *decode_isr(uint64_t value)
{
    static const struct bit_field fields[] = {BIT(6, "F"), BIT(7, "I"), BIT(8, "A"), BIT(9, "FS"), BIT(10, "IS")};

    return DECODE(fields, value);
}

static char *decode_fpcr(uint64_t value)
{
    static const char *const rounding[] = {"nearest", "up", "down", "zero", NULL};
    static const struct bit_field fields[] = {
        BIT(0, "FIZ"),
        BIT(1, "AH"),
        BIT(2, "NEP"),
        BIT(8, "IOE"),
        BIT(9, "DZE"),
        BIT(10, "OFE"),
        BIT(11, "UFE"),
        BIT(12, "IXE"),
        BIT(15, "IDE"),
        QUIET(16, 3, "Len"),
        BIT(19, "FZ16"),
        QUIET(20, 2, "Stride"),
        MEANT(22, 2, "RMode", rounding),
        BIT(24, "FZ"),
        BIT(25, "DN"),
        BIT(26, "AHP"),
    };

    return DECODE(fields, value);
}

static char *decode_fpsr(uint64_t value)
{
    static const struct bit_field fields[] = {
        BIT(0, "IOC"), BIT(1, "DZC"), BIT(2, "OFC"), BIT(3, "UFC"), BIT(4, "IXC"), BIT(7, "IDC"),
        BIT(27, "QC"), BIT(28, "V"),  BIT(29, "C"),  BIT(30, "Z"),  BIT(31, "N"),
    };

    return DECODE(fields, value);
}

static char *decode_midr(uint64_t value)
{
    return g_strdup_printf("implementer 0x%02x part 0x%03x r%up%u", (unsigned)(value >> 24 & 0xff),
                           (unsigned)(value >> 4 & 0xfff), (unsigned)(value >> 20 & 15), (unsigned)(value & 15));
}

static char *decode_mpidr(uint64_t value)
{
    return g_strdup_printf("%u.%u.%u.%u%s%s", (unsigned)(value >> 32 & 0xff), (unsigned)(value >> 16 & 0xff),
                           (unsigned)(value >> 8 & 0xff), (unsigned)(value & 0xff), value & (1u << 30) ? " U" : "",
                           value & (1u << 24) ? " MT" : "");
}

#define X(at)                                                                                                          \
    {                                                                                                                  \
        {"x" #at, 64, REGISTER_GENERAL, true}, REGISTER_FROM_STATE, STATE(x) + 8 * (at), 8, NULL                       \
    }
#define FIELD64(text, group, field, decoder)                                                                           \
    {                                                                                                                  \
        {text, 64, group, true}, REGISTER_FROM_STATE, STATE(field), 8, decoder                                         \
    }
#define SYSTEM(text, field, decoder) FIELD64(text, REGISTER_SYSTEM, field, decoder)
#define NAMED(text, may_write, op0, op1, crn, crm, op2, decoder)                                                       \
    {                                                                                                                  \
        {text, 64, REGISTER_SYSTEM, may_write}, REGISTER_FROM_SYSTEM, AARCH64_SYSREG(op0, op1, crn, crm, op2), 8,      \
            decoder                                                                                                    \
    }
#define ID(text, crm, op2) NAMED(text, false, 3, 0, 0, crm, op2, NULL)
#define V(at)                                                                                                          \
    {                                                                                                                  \
        {"v" #at, 128, REGISTER_VECTOR, true}, REGISTER_FROM_FPU, FPU(v) + 16 * (at), 16, NULL                         \
    }
#define DEBUG_PAIR(at)                                                                                                 \
    NAMED("dbgbvr" #at "_el1", true, 2, 0, 0, at, 4, NULL), NAMED("dbgbcr" #at "_el1", true, 2, 0, 0, at, 5, NULL)
#define WATCH_PAIR(at)                                                                                                 \
    NAMED("dbgwvr" #at "_el1", true, 2, 0, 0, at, 6, NULL), NAMED("dbgwcr" #at "_el1", true, 2, 0, 0, at, 7, NULL)

static const struct register_entry entries[] = {
    REGISTERS_31(X),
    FIELD64("sp", REGISTER_GENERAL, sp, NULL),
    FIELD64("pc", REGISTER_GENERAL, pc, NULL),
    {{"pstate", 32, REGISTER_GENERAL, true}, REGISTER_FROM_STATE, STATE(pstate), 4, decode_pstate},
    SYSTEM("sp_el0", sp_el0, NULL),
    SYSTEM("sp_el1", sp_el1, NULL),
    SYSTEM("elr_el1", elr_el1, NULL),
    SYSTEM("spsr_el1", spsr_el1, decode_pstate),
    SYSTEM("esr_el1", esr_el1, esr_decode),
    SYSTEM("far_el1", far_el1, NULL),
    SYSTEM("sctlr_el1", sctlr_el1, decode_sctlr),
    SYSTEM("tcr_el1", tcr_el1, decode_tcr),
    SYSTEM("mair_el1", mair_el1, decode_mair),
    SYSTEM("ttbr0_el1", ttbr0_el1, decode_ttbr),
    SYSTEM("ttbr1_el1", ttbr1_el1, decode_ttbr),
    SYSTEM("vbar_el1", vbar_el1, NULL),
    SYSTEM("cpacr_el1", cpacr_el1, decode_cpacr),
    SYSTEM("par_el1", par_el1, decode_par),
    SYSTEM("contextidr_el1", contextidr_el1, NULL),
    SYSTEM("tpidr_el0", tpidr_el0, NULL),
    SYSTEM("tpidrro_el0", tpidrro_el0, NULL),
    SYSTEM("tpidr_el1", tpidr_el1, NULL),
    SYSTEM("cntkctl_el1", cntkctl_el1, decode_cntkctl),
    NAMED("cntfrq_el0", false, 3, 3, 14, 0, 0, NULL),
    NAMED("cntvct_el0", false, 3, 3, 14, 0, 2, NULL),
    NAMED("cntp_ctl_el0", true, 3, 3, 14, 2, 1, decode_timer_control),
    NAMED("cntp_cval_el0", true, 3, 3, 14, 2, 2, NULL),
    NAMED("cntv_ctl_el0", true, 3, 3, 14, 3, 1, decode_timer_control),
    NAMED("cntv_cval_el0", true, 3, 3, 14, 3, 2, NULL),
    NAMED("actlr_el1", false, 3, 0, 1, 0, 1, NULL),
    NAMED("afsr0_el1", false, 3, 0, 5, 1, 0, NULL),
    NAMED("afsr1_el1", false, 3, 0, 5, 1, 1, NULL),
    NAMED("amair_el1", false, 3, 0, 10, 3, 0, NULL),
    NAMED("isr_el1", false, 3, 0, 12, 1, 0, decode_isr),
    NAMED("csselr_el1", true, 3, 2, 0, 0, 0, NULL),
    NAMED("mdscr_el1", true, 2, 0, 0, 2, 2, decode_mdscr),
    DEBUG_PAIR(0),
    DEBUG_PAIR(1),
    DEBUG_PAIR(2),
    DEBUG_PAIR(3),
    DEBUG_PAIR(4),
    DEBUG_PAIR(5),
    WATCH_PAIR(0),
    WATCH_PAIR(1),
    WATCH_PAIR(2),
    WATCH_PAIR(3),
    NAMED("midr_el1", false, 3, 0, 0, 0, 0, decode_midr),
    NAMED("mpidr_el1", false, 3, 0, 0, 0, 5, decode_mpidr),
    NAMED("revidr_el1", false, 3, 0, 0, 0, 6, NULL),
    NAMED("ctr_el0", false, 3, 3, 0, 0, 1, NULL),
    NAMED("dczid_el0", false, 3, 3, 0, 0, 7, NULL),
    NAMED("clidr_el1", false, 3, 1, 0, 0, 1, NULL),
    ID("id_aa64pfr0_el1", 4, 0),
    ID("id_aa64pfr1_el1", 4, 1),
    ID("id_aa64dfr0_el1", 5, 0),
    ID("id_aa64dfr1_el1", 5, 1),
    ID("id_aa64isar0_el1", 6, 0),
    ID("id_aa64isar1_el1", 6, 1),
    ID("id_aa64mmfr0_el1", 7, 0),
    ID("id_aa64mmfr1_el1", 7, 1),
    ID("id_aa64mmfr2_el1", 7, 2),
    REGISTERS_32(V),
    {{"fpcr", 32, REGISTER_FLOAT, true}, REGISTER_FROM_FPU, FPU(fpcr), 4, decode_fpcr},
    {{"fpsr", 32, REGISTER_FLOAT, true}, REGISTER_FROM_FPU, FPU(fpsr), 4, decode_fpsr},
};

static const struct register_alias aliases[] = {
    {"fp", "x29"},      {"lr", "x30"},      {"cpsr", "pstate"}, {"spsr", "spsr_el1"},
    {"elr", "elr_el1"}, {"esr", "esr_el1"}, {"far", "far_el1"}, {NULL, NULL},
};

static void get(struct cpu *cpu, const struct register_entry *entry, uint8_t value[16])
{
    struct aarch64_registers registers;
    struct aarch64_fpu fpu;
    uint64_t number = 0;

    switch (entry->source) {
    case REGISTER_FROM_STATE:
        aarch64_get_registers(cpu, &registers);
        register_from_memory(&registers, entry, value);
        break;
    case REGISTER_FROM_FPU:
        aarch64_get_fpu(cpu, &fpu);
        register_from_memory(&fpu, entry, value);
        break;
    default:
        aarch64_system_register(cpu, entry->where, &number);
        register_put_u64(value, number);
    }
}

/* Those that a change of all, with its flush of the TLB, is not needed for. */
static bool set_directly(struct cpu *cpu, const struct register_entry *entry, uint64_t number)
{
    if (entry->where < STATE(x) + 31 * 8)
        aarch64_set_x(cpu, (unsigned)((entry->where - STATE(x)) / 8), number);
    else if (entry->where == STATE(pc))
        aarch64_set_pc(cpu, number);
    else if (entry->where == STATE(sp))
        aarch64_set_sp(cpu, number);
    else
        return false;
    return true;
}

static void set_one_of_all(struct cpu *cpu, const struct register_entry *entry, const uint8_t value[16])
{
    struct aarch64_registers registers;

    aarch64_get_registers(cpu, &registers);
    register_to_memory(&registers, entry, value);
    bool privileged = (registers.pstate & 0x1f) == 5; /* EL1h: SP is SP_EL1 */
    bool thread = !(registers.pstate & 0x10) && !(registers.pstate & 1);
    if (entry->where == STATE(sp_el1) && privileged)
        registers.sp = registers.sp_el1;
    else if (entry->where == STATE(sp_el0) && thread)
        registers.sp = registers.sp_el0;
    aarch64_set_registers(cpu, &registers);
}

static bool set(struct cpu *cpu, const struct register_entry *entry, const uint8_t value[16])
{
    struct aarch64_fpu fpu;

    switch (entry->source) {
    case REGISTER_FROM_STATE:
        if (!set_directly(cpu, entry, register_u64(value)))
            set_one_of_all(cpu, entry, value);
        return true;
    case REGISTER_FROM_FPU:
        aarch64_get_fpu(cpu, &fpu);
        register_to_memory(&fpu, entry, value);
        aarch64_set_fpu(cpu, &fpu);
        return true;
    default:
        return aarch64_set_system_register(cpu, entry->where, register_u64(value));
    }
}

const struct register_file register_file_aarch64 = {
    .entry = entries, .count = G_N_ELEMENTS(entries), .alias = aliases, .get = get, .set = set};
