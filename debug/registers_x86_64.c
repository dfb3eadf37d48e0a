/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of x86_64.  Intel SDM volume 1, 3.4 (RFLAGS), 8.1 (x87), 10.2.3 (MXCSR); volume 3, 2.2 (EFER), 2.5 (CRn), 12.12
 * (PAT), 18.2 (DRn); volume 4 for the MSRs.
 */
#include "debug/registers_internal.h"

#include <stddef.h>
#include <string.h>

#include "emu/cpu/x86_64.h"

#define STATE(field) offsetof(struct x86_64_registers, field)
#define FPU(field) offsetof(struct x86_64_fpu, field)

static char *decode_rflags(uint64_t value)
{
    static const struct bit_field fields[] = {
        BIT(0, "CF"),  BIT(2, "PF"),  BIT(4, "AF"),   BIT(6, "ZF"),         BIT(7, "SF"),  BIT(8, "TF"),
        BIT(9, "IF"),  BIT(10, "DF"), BIT(11, "OF"),  FIELD(12, 2, "IOPL"), BIT(14, "NT"), BIT(16, "RF"),
        BIT(17, "VM"), BIT(18, "AC"), BIT(19, "VIF"), BIT(20, "VIP"),       BIT(21, "ID"),
    };

    return DECODE(fields, value & ~UINT64_C(2)); /* bit 1 is always set */
}

static char *decode_cr0(uint64_t value)
{
    static const struct bit_field fields[] = {
        BIT(0, "PE"),  BIT(1, "MP"),  BIT(2, "EM"),  BIT(3, "TS"),  BIT(4, "ET"),  BIT(5, "NE"),
        BIT(16, "WP"), BIT(18, "AM"), BIT(29, "NW"), BIT(30, "CD"), BIT(31, "PG"),
    };

    return DECODE(fields, value);
}

static char *decode_cr3(uint64_t value)
{
    return g_strdup_printf("tables 0x%" G_GINT64_MODIFIER "x, low bits 0x%x (PCID, or PWT and PCD)",
                           value & UINT64_C(0x000ffffffffff000), (unsigned)(value & 0xfff));
}

static char *decode_cr4(uint64_t value)
{
    static const struct bit_field fields[] = {
        BIT(0, "VME"),         BIT(1, "PVI"),    BIT(2, "TSD"),      BIT(3, "DE"),    BIT(4, "PSE"),
        BIT(5, "PAE"),         BIT(6, "MCE"),    BIT(7, "PGE"),      BIT(8, "PCE"),   BIT(9, "OSFXSR"),
        BIT(10, "OSXMMEXCPT"), BIT(11, "UMIP"),  BIT(12, "LA57"),    BIT(13, "VMXE"), BIT(14, "SMXE"),
        BIT(16, "FSGSBASE"),   BIT(17, "PCIDE"), BIT(18, "OSXSAVE"), BIT(19, "KL"),   BIT(20, "SMEP"),
        BIT(21, "SMAP"),       BIT(22, "PKE"),   BIT(23, "CET"),     BIT(24, "PKS"),  BIT(25, "UINTR"),
    };

    return DECODE(fields, value);
}

static char *decode_efer(uint64_t value)
{
    static const struct bit_field fields[] = {
        BIT(0, "SCE"),   BIT(8, "LME"),    BIT(10, "LMA"),   BIT(11, "NXE"),
        BIT(12, "SVME"), BIT(13, "LMSLE"), BIT(14, "FFXSR"), BIT(15, "TCE"),
    };

    return DECODE(fields, value);
}

static char *decode_selector(uint64_t value)
{
    return g_strdup_printf("%s entry %u, RPL %u", value & 4 ? "LDT" : "GDT", (unsigned)(value >> 3),
                           (unsigned)(value & 3));
}

static char *decode_star(uint64_t value)
{
    return g_strdup_printf("SYSCALL CS 0x%x SS 0x%x, SYSRET CS 0x%x SS 0x%x", (unsigned)(value >> 32 & 0xfffc),
                           (unsigned)((value >> 32 & 0xfffc) + 8), (unsigned)((value >> 48 & 0xffff) + 16) | 3,
                           (unsigned)((value >> 48 & 0xffff) + 8) | 3);
}

static char *decode_pat(uint64_t value)
{
    static const char *const types[] = {"UC", "WC", "2?", "3?", "WT", "WP", "WB", "UC-"};
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < 8; i++)
        g_string_append_printf(text, "%sPA%u=%s", i ? " " : "", i, types[value >> (8 * i) & 7]);
    return g_string_free(text, FALSE);
}

static char *decode_apic_base(uint64_t value)
{
    return g_strdup_printf("base 0x%" G_GINT64_MODIFIER "x%s%s%s", value & UINT64_C(0x000ffffffffff000),
                           value & 0x100 ? " BSP" : "", value & 0x400 ? " x2APIC" : "",
                           value & 0x800 ? " enabled" : "");
}

static char *decode_dr6(uint64_t value)
{
    static const struct bit_field fields[] = {
        BIT(0, "B0"), BIT(1, "B1"), BIT(2, "B2"), BIT(3, "B3"), BIT(13, "BD"), BIT(14, "BS"), BIT(15, "BT"),
    };

    return DECODE(fields, value & 0xe00f);
}

static char *decode_dr7(uint64_t value)
{
    static const char *const kind[] = {"execute", "write", "io", "access", NULL};
    static const struct bit_field fields[] = {
        BIT(0, "L0"),
        BIT(1, "G0"),
        BIT(2, "L1"),
        BIT(3, "G1"),
        BIT(4, "L2"),
        BIT(5, "G2"),
        BIT(6, "L3"),
        BIT(7, "G3"),
        BIT(8, "LE"),
        BIT(9, "GE"),
        BIT(11, "RTM"),
        BIT(13, "GD"),
        {.name = "RW0", .low = 16, .width = 2, .meaning = kind, .hidden_when_zero = true},
        QUIET(18, 2, "LEN0"),
        {.name = "RW1", .low = 20, .width = 2, .meaning = kind, .hidden_when_zero = true},
        QUIET(22, 2, "LEN1"),
        {.name = "RW2", .low = 24, .width = 2, .meaning = kind, .hidden_when_zero = true},
        QUIET(26, 2, "LEN2"),
        {.name = "RW3", .low = 28, .width = 2, .meaning = kind, .hidden_when_zero = true},
        QUIET(30, 2, "LEN3"),
    };

    return (value & 0xff) == 0 ? g_strdup("no breakpoint is enabled") : DECODE(fields, value & ~UINT64_C(0x400));
}

static const char *const rounding[] = {"nearest", "down", "up", "zero", NULL};

static char *decode_mxcsr(uint64_t value)
{
    static const struct bit_field fields[] = {
        BIT(0, "IE"),   BIT(1, "DE"),
        BIT(2, "ZE"),   BIT(3, "OE"),
        BIT(4, "UE"),   BIT(5, "PE"),
        BIT(6, "DAZ"),  BIT(7, "IM"),
        BIT(8, "DM"),   BIT(9, "ZM"),
        BIT(10, "OM"),  BIT(11, "UM"),
        BIT(12, "PM"),  MEANT(13, 2, "RC", rounding),
        BIT(15, "FTZ"),
    };

    return DECODE(fields, value);
}

static char *decode_fcw(uint64_t value)
{
    static const char *const precision[] = {"single", "1?", "double", "extended", NULL};
    static const struct bit_field fields[] = {
        BIT(0, "IM"),
        BIT(1, "DM"),
        BIT(2, "ZM"),
        BIT(3, "OM"),
        BIT(4, "UM"),
        BIT(5, "PM"),
        MEANT(8, 2, "PC", precision),
        MEANT(10, 2, "RC", rounding),
        BIT(12, "X"),
    };

    return DECODE(fields, value & ~UINT64_C(0x40));
}

static char *decode_fsw(uint64_t value)
{
    static const struct bit_field fields[] = {
        BIT(0, "IE"), BIT(1, "DE"), BIT(2, "ZE"), BIT(3, "OE"),  BIT(4, "UE"),        BIT(5, "PE"),  BIT(6, "SF"),
        BIT(7, "ES"), BIT(8, "C0"), BIT(9, "C1"), BIT(10, "C2"), FIELD(11, 3, "TOP"), BIT(14, "C3"), BIT(15, "B"),
    };

    return DECODE(fields, value);
}

static char *decode_xcr0(uint64_t value)
{
    static const struct bit_field fields[] = {BIT(0, "X87"),      BIT(1, "SSE"),         BIT(2, "AVX"),
                                              QUIET(3, 2, "MPX"), QUIET(5, 3, "AVX512"), BIT(9, "PKRU")};

    return DECODE(fields, value);
}

#define GPR(text, at)                                                                                                  \
    {                                                                                                                  \
        {text, 64, REGISTER_GENERAL, true}, REGISTER_FROM_STATE, STATE(gpr) + 8 * (at), 8, NULL                        \
    }
#define SEGMENT(text, at)                                                                                              \
    {                                                                                                                  \
        {text, 16, REGISTER_SEGMENT, true}, REGISTER_FROM_STATE,                                                       \
            STATE(segment) + (at) * sizeof(struct x86_64_segment) + offsetof(struct x86_64_segment, selector), 2,      \
            decode_selector                                                                                            \
    }
#define SEGMENT_PART(text, at, field, width)                                                                           \
    {                                                                                                                  \
        {text, (width)*8, REGISTER_SEGMENT, true}, REGISTER_FROM_STATE,                                                \
            STATE(segment) + (at) * sizeof(struct x86_64_segment) + offsetof(struct x86_64_segment, field), (width),   \
            NULL                                                                                                       \
    }
#define SYSTEM(text, field, width, decoder)                                                                            \
    {                                                                                                                  \
        {text, (width)*8, REGISTER_SYSTEM, true}, REGISTER_FROM_STATE, STATE(field), (width), decoder                  \
    }
#define MSR(text, id, may_write, decoder)                                                                              \
    {                                                                                                                  \
        {text, 64, REGISTER_SYSTEM, may_write}, REGISTER_FROM_SYSTEM, (id), 8, decoder                                 \
    }
#define ST(at)                                                                                                         \
    {                                                                                                                  \
        {"st" #at, 80, REGISTER_FLOAT, true}, REGISTER_FROM_FPU, FPU(st) + 16 * (at), 10, NULL                         \
    }
#define XMM(at)                                                                                                        \
    {                                                                                                                  \
        {"xmm" #at, 128, REGISTER_VECTOR, true}, REGISTER_FROM_FPU, FPU(xmm) + 16 * (at), 16, NULL                     \
    }

static const struct register_entry entries[] = {
    GPR("rax", X86_64_RAX),
    GPR("rbx", X86_64_RBX),
    GPR("rcx", X86_64_RCX),
    GPR("rdx", X86_64_RDX),
    GPR("rsi", X86_64_RSI),
    GPR("rdi", X86_64_RDI),
    GPR("rbp", X86_64_RBP),
    GPR("rsp", X86_64_RSP),
    GPR("r8", X86_64_R8),
    GPR("r9", X86_64_R9),
    GPR("r10", X86_64_R10),
    GPR("r11", X86_64_R11),
    GPR("r12", X86_64_R12),
    GPR("r13", X86_64_R13),
    GPR("r14", X86_64_R14),
    GPR("r15", X86_64_R15),
    {{"rip", 64, REGISTER_GENERAL, true}, REGISTER_FROM_STATE, STATE(rip), 8, NULL},
    {{"rflags", 64, REGISTER_GENERAL, true}, REGISTER_FROM_STATE, STATE(rflags), 8, decode_rflags},
    SEGMENT("cs", X86_64_CS),
    SEGMENT("ss", X86_64_SS),
    SEGMENT("ds", X86_64_DS),
    SEGMENT("es", X86_64_ES),
    SEGMENT("fs", X86_64_FS),
    SEGMENT("gs", X86_64_GS),
    SEGMENT_PART("fs_base", X86_64_FS, base, 8),
    SEGMENT_PART("gs_base", X86_64_GS, base, 8),
    SYSTEM("kernel_gs_base", kernel_gs_base, 8, NULL),
    SEGMENT("ldtr", X86_64_LDTR),
    SEGMENT_PART("ldtr_base", X86_64_LDTR, base, 8),
    SEGMENT_PART("ldtr_limit", X86_64_LDTR, limit, 4),
    SEGMENT("tr", X86_64_TR),
    SEGMENT_PART("tr_base", X86_64_TR, base, 8),
    SEGMENT_PART("tr_limit", X86_64_TR, limit, 4),
    SYSTEM("gdt_base", gdt_base, 8, NULL),
    SYSTEM("gdt_limit", gdt_limit, 2, NULL),
    SYSTEM("idt_base", idt_base, 8, NULL),
    SYSTEM("idt_limit", idt_limit, 2, NULL),
    SYSTEM("cr0", cr0, 8, decode_cr0),
    SYSTEM("cr2", cr2, 8, NULL),
    SYSTEM("cr3", cr3, 8, decode_cr3),
    SYSTEM("cr4", cr4, 8, decode_cr4),
    {{"cr8", 64, REGISTER_SYSTEM, true}, REGISTER_FROM_CR8, 0, 8, NULL},
    {{"xcr0", 64, REGISTER_SYSTEM, false}, REGISTER_FROM_XCR0, 0, 8, decode_xcr0},
    SYSTEM("efer", efer, 8, decode_efer),
    SYSTEM("star", star, 8, decode_star),
    SYSTEM("lstar", lstar, 8, NULL),
    SYSTEM("cstar", cstar, 8, NULL),
    SYSTEM("sfmask", sfmask, 8, decode_rflags),
    {{"sysenter_cs", 32, REGISTER_SYSTEM, true}, REGISTER_FROM_SYSTEM, 0x174, 8, NULL},
    MSR("sysenter_esp", 0x175, true, NULL),
    MSR("sysenter_eip", 0x176, true, NULL),
    SYSTEM("tsc_aux", tsc_aux, 8, NULL),
    SYSTEM("pat", pat, 8, decode_pat),
    MSR("tsc", 0x10, false, NULL),
    MSR("apic_base", 0x1b, false, decode_apic_base),
    MSR("misc_enable", 0x1a0, true, NULL),
    MSR("mtrr_def_type", 0x2ff, true, NULL),
    MSR("mcg_status", 0x17a, true, NULL),
    SYSTEM("dr0", dr[0], 8, NULL),
    SYSTEM("dr1", dr[1], 8, NULL),
    SYSTEM("dr2", dr[2], 8, NULL),
    SYSTEM("dr3", dr[3], 8, NULL),
    SYSTEM("dr6", dr[6], 8, decode_dr6),
    SYSTEM("dr7", dr[7], 8, decode_dr7),
    REGISTERS_8(ST),
    {{"fcw", 16, REGISTER_FLOAT, true}, REGISTER_FROM_FPU, FPU(fcw), 2, decode_fcw},
    {{"fsw", 16, REGISTER_FLOAT, true}, REGISTER_FROM_FPU, FPU(fsw), 2, decode_fsw},
    {{"ftw", 16, REGISTER_FLOAT, true}, REGISTER_FROM_FPU, FPU(ftw), 2, NULL},
    {{"mxcsr", 32, REGISTER_FLOAT, true}, REGISTER_FROM_FPU, FPU(mxcsr), 4, decode_mxcsr},
    REGISTERS_16(XMM),
};

static const struct register_alias aliases[] = {
    {"pc", "rip"},        {"sp", "rsp"},        {"fp", "rbp"},       {"eflags", "rflags"}, {"flags", "rflags"},
    {"gdtr", "gdt_base"}, {"idtr", "idt_base"}, {"fmask", "sfmask"}, {NULL, NULL},
};

static void get(struct cpu *cpu, const struct register_entry *entry, uint8_t value[16])
{
    struct x86_64_registers registers;
    struct x86_64_fpu fpu;
    uint64_t number = 0;

    switch (entry->source) {
    case REGISTER_FROM_STATE:
        x86_64_get_registers(cpu, &registers);
        register_from_memory(&registers, entry, value);
        return;
    case REGISTER_FROM_FPU:
        x86_64_get_fpu(cpu, &fpu);
        register_from_memory(&fpu, entry, value);
        return;
    case REGISTER_FROM_SYSTEM:
        x86_64_msr(cpu, entry->where, &number);
        break;
    case REGISTER_FROM_CR8:
        number = x86_64_cr8(cpu);
        break;
    case REGISTER_FROM_XCR0:
        number = x86_64_xcr0(cpu);
        break;
    }
    register_put_u64(value, number);
}

/* The common ones without the flush of the TLB that a change of all brings. */
static bool set_general(struct cpu *cpu, const struct register_entry *entry, uint64_t number)
{
    if (entry->where == STATE(rip))
        x86_64_set_rip(cpu, number);
    else if (entry->where == STATE(rflags))
        x86_64_set_rflags(cpu, number);
    else
        x86_64_set_gpr(cpu, (enum x86_64_gpr)((entry->where - STATE(gpr)) / 8), number);
    return true;
}

static bool set(struct cpu *cpu, const struct register_entry *entry, const uint8_t value[16])
{
    struct x86_64_registers registers;
    struct x86_64_fpu fpu;

    switch (entry->source) {
    case REGISTER_FROM_STATE:
        if (entry->info.group == REGISTER_GENERAL)
            return set_general(cpu, entry, register_u64(value));
        x86_64_get_registers(cpu, &registers);
        register_to_memory(&registers, entry, value);
        x86_64_set_registers(cpu, &registers);
        return true;
    case REGISTER_FROM_FPU:
        x86_64_get_fpu(cpu, &fpu);
        register_to_memory(&fpu, entry, value);
        x86_64_set_fpu(cpu, &fpu);
        return true;
    case REGISTER_FROM_SYSTEM:
        return x86_64_set_msr(cpu, entry->where, register_u64(value));
    case REGISTER_FROM_CR8:
        x86_64_set_cr8(cpu, value[0]);
        return true;
    default:
        return false;
    }
}

const struct register_file register_file_x86_64 = {
    .entry = entries, .count = G_N_ELEMENTS(entries), .alias = aliases, .get = get, .set = set};
