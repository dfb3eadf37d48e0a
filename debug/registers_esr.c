/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ESR_EL1, the exception syndrome: Arm ARM (DDI 0487), D13.2.37, each class's ISS to its last bit. */
#include "debug/registers_internal.h"
#include "emu/cpu/vectors.h"

static const char *class_name(unsigned class)
{
    static const char *const names[AARCH64_CLASSES] = {
        [AARCH64_CLASS_UNKNOWN] = "unknown reason: undefined instruction",
        [AARCH64_CLASS_WFX] = "WFI or WFE trapped",
        [AARCH64_CLASS_CP15] = "MCR or MRC trapped, coproc 15",
        [AARCH64_CLASS_CP15_PAIR] = "MCRR or MRRC trapped, coproc 15",
        [AARCH64_CLASS_CP14] = "MCR or MRC trapped, coproc 14",
        [AARCH64_CLASS_CP14_LDC] = "LDC or STC trapped",
        [AARCH64_CLASS_FP_ACCESS] = "access to SIMD or floating point",
        [AARCH64_CLASS_PAUTH] = "pointer authentication trapped",
        [AARCH64_CLASS_LD64B] = "LD64B or ST64B trapped",
        [AARCH64_CLASS_CP14_PAIR] = "MRRC trapped, coproc 14",
        [AARCH64_CLASS_BTI] = "branch target exception",
        [AARCH64_CLASS_ILLEGAL_STATE] = "illegal execution state",
        [AARCH64_CLASS_SVC32] = "SVC, AArch32",
        [AARCH64_CLASS_SVC64] = "SVC",
        [AARCH64_CLASS_HVC64] = "HVC",
        [AARCH64_CLASS_SMC64] = "SMC",
        [AARCH64_CLASS_SYSTEM_REGISTER] = "MSR, MRS or system instruction trapped",
        [AARCH64_CLASS_SVE] = "SVE trapped",
        [AARCH64_CLASS_PAUTH_FAILURE] = "pointer authentication failed",
        [AARCH64_CLASS_SME] = "SME trapped",
        [AARCH64_CLASS_INSTRUCTION_ABORT_LOWER] = "instruction abort, lower level",
        [AARCH64_CLASS_INSTRUCTION_ABORT] = "instruction abort, same level",
        [AARCH64_CLASS_PC_ALIGNMENT] = "PC alignment fault",
        [AARCH64_CLASS_DATA_ABORT_LOWER] = "data abort, lower level",
        [AARCH64_CLASS_DATA_ABORT] = "data abort, same level",
        [AARCH64_CLASS_SP_ALIGNMENT] = "SP alignment fault",
        [AARCH64_CLASS_MEMORY_COPY] = "memory copy or set",
        [AARCH64_CLASS_FP32] = "floating-point exception, AArch32",
        [AARCH64_CLASS_FP64] = "floating-point exception",
        [AARCH64_CLASS_SERROR] = "SError",
        [AARCH64_CLASS_BREAKPOINT_LOWER] = "breakpoint, lower level",
        [AARCH64_CLASS_BREAKPOINT] = "breakpoint, same level",
        [AARCH64_CLASS_STEP_LOWER] = "software step, lower level",
        [AARCH64_CLASS_STEP] = "software step, same level",
        [AARCH64_CLASS_WATCHPOINT_LOWER] = "watchpoint, lower level",
        [AARCH64_CLASS_WATCHPOINT] = "watchpoint, same level",
        [AARCH64_CLASS_BKPT32] = "BKPT, AArch32",
        [AARCH64_CLASS_VECTOR_CATCH32] = "vector catch, AArch32",
        [AARCH64_CLASS_BRK64] = "BRK",
    };

    return names[class] ? names[class] : "reserved class";
}

/* DFSC and IFSC. */
static char *fault_status(unsigned code)
{
    static const char *const leveled[] = {"address size fault", "translation fault", "access flag fault",
                                          "permission fault"};

    if (code < 0x10)
        return g_strdup_printf("%s, level %u", leveled[code >> 2], code & 3);
    switch (code) {
    case 0x10:
        return g_strdup("synchronous external abort");
    case 0x11:
        return g_strdup("synchronous tag check fault");
    case 0x13:
    case 0x14:
    case 0x15:
    case 0x16:
    case 0x17:
        return g_strdup_printf("external abort on the table walk, level %d", (int)code - 0x14);
    case 0x18:
        return g_strdup("parity or ECC error");
    case 0x1b:
    case 0x1c:
    case 0x1d:
    case 0x1e:
    case 0x1f:
        return g_strdup_printf("parity or ECC error on the table walk, level %d", (int)code - 0x1c);
    case 0x21:
        return g_strdup("alignment fault");
    case 0x29:
        return g_strdup("address size fault, level -1");
    case 0x2b:
        return g_strdup("translation fault, level -1");
    case 0x30:
        return g_strdup("TLB conflict");
    case 0x31:
        return g_strdup("unsupported atomic hardware update");
    case 0x34:
        return g_strdup("lockdown abort");
    case 0x35:
        return g_strdup("unsupported exclusive or atomic access");
    default:
        return g_strdup("reserved");
    }
}

static char *with_status(const char *what, unsigned code, char *rest)
{
    g_autofree char *status = fault_status(code);
    char *text = g_strdup_printf("%s 0x%02x (%s)%s%s", what, code, status, *rest ? " " : "", rest);

    g_free(rest);
    return text;
}

static char *decode_data_abort(uint32_t iss)
{
    static const char *const sizes[] = {"byte", "halfword", "word", "doubleword", NULL};
    static const char *const sets[] = {"recoverable", "1?", "uncontainable", "restartable", NULL};
    static const char *const direction[] = {"read", "write"};
    static const struct bit_field plain[] = {
        BIT(7, "S1PTW"),
        BIT(8, "CM"),
        BIT(9, "EA"),
        BIT(10, "FnV"),
        {.name = "SET", .low = 11, .width = 2, .meaning = sets, .hidden_when_zero = true},
        BIT(13, "VNCR"),
    };
    static const struct bit_field access[] = {
        BIT(14, "AR"), BIT(15, "SF"), FIELD(16, 5, "SRT"), BIT(21, "SSE"), MEANT(22, 2, "SAS", sizes), BIT(24, "ISV"),
    };
    g_autofree char *first = DECODE(plain, iss & 0x3f80);
    g_autofree char *second = iss & (1u << 24)  ? DECODE(access, iss & 0x1ffc000)
                              : iss & 0x1ffc000 ? g_strdup_printf("bits 24:14 0x%x", iss >> 14 & 0x7ff)
                                                : g_strdup("");
    char *rest = g_strdup_printf("WnR %u (%s)%s%s%s%s", iss >> 6 & 1, direction[iss >> 6 & 1], *first ? " " : "", first,
                                 *second ? " " : "", second);

    return with_status("DFSC", iss & 0x3f, rest);
}

static char *decode_instruction_abort(uint32_t iss)
{
    static const struct bit_field fields[] = {BIT(7, "S1PTW"), BIT(9, "EA"), BIT(10, "FnV"), QUIET(11, 2, "SET")};

    return with_status("IFSC", iss & 0x3f, DECODE(fields, iss & ~0x3fu));
}

static char *decode_system_register(uint32_t iss)
{
    return g_strdup_printf("%s S%u_%u_C%u_C%u_%u, X%u", iss & 1 ? "read of" : "write to", iss >> 20 & 3, iss >> 14 & 7,
                           iss >> 10 & 15, iss >> 1 & 15, iss >> 17 & 7, iss >> 5 & 31);
}

static char *decode_serror(uint32_t iss)
{
    static const char *const kinds[] = {
        "uncontainable", "unrecoverable", "restartable", "recoverable", "4?", "5?", "corrected", "7?", NULL};
    static const struct bit_field fields[] = {FIELD(0, 6, "DFSC"), BIT(9, "EA"), MEANT(10, 3, "AET", kinds),
                                              BIT(13, "IESB"), BIT(24, "IDS")};

    return iss & (1u << 24) ? g_strdup_printf("IDS, implementation defined 0x%06x", iss & 0xffffff)
                            : DECODE(fields, iss);
}

static char *decode_wfx(uint32_t iss)
{
    static const char *const kinds[] = {"WFI", "WFE", "WFIT", "WFET", NULL};
    static const struct bit_field fields[] = {MEANT(0, 2, "TI", kinds), BIT(2, "RV"), QUIET(5, 5, "RN"),
                                              FIELD(20, 4, "COND"), BIT(24, "CV")};

    return DECODE(fields, iss);
}

static char *decode_float(uint32_t iss)
{
    static const struct bit_field fields[] = {
        BIT(0, "IOF"), BIT(1, "DZF"), BIT(2, "OFF"),         BIT(3, "UFF"),
        BIT(4, "IXF"), BIT(7, "IDF"), FIELD(8, 3, "VECITR"), BIT(23, "TFV"),
    };

    return DECODE(fields, iss);
}

static char *decode_iss(unsigned class, uint32_t iss)
{
    static const struct bit_field condition[] = {FIELD(20, 4, "COND"), BIT(24, "CV")};
    static const struct bit_field step[] = {BIT(6, "EX"), BIT(24, "ISV")};
    static const struct bit_field watch[] = {BIT(6, "WnR"), BIT(8, "CM"), BIT(10, "FnV"), BIT(13, "VNCR")};

    switch (class) {
    case AARCH64_CLASS_WFX:
        return decode_wfx(iss);
    case AARCH64_CLASS_FP_ACCESS:
        return DECODE(condition, iss);
    case AARCH64_CLASS_SVC32:
    case AARCH64_CLASS_SVC64:
    case AARCH64_CLASS_HVC64:
    case AARCH64_CLASS_SMC64:
    case AARCH64_CLASS_BKPT32:
    case AARCH64_CLASS_BRK64:
        return iss >> 16 ? g_strdup_printf("#0x%x reserved 0x%x", iss & 0xffff, iss & ~0xffffu)
                         : g_strdup_printf("#0x%x", iss);
    case AARCH64_CLASS_SYSTEM_REGISTER:
        return decode_system_register(iss);
    case AARCH64_CLASS_INSTRUCTION_ABORT_LOWER:
    case AARCH64_CLASS_INSTRUCTION_ABORT:
        return decode_instruction_abort(iss);
    case AARCH64_CLASS_DATA_ABORT_LOWER:
    case AARCH64_CLASS_DATA_ABORT:
        return decode_data_abort(iss);
    case AARCH64_CLASS_FP32:
    case AARCH64_CLASS_FP64:
        return decode_float(iss);
    case AARCH64_CLASS_SERROR:
        return decode_serror(iss);
    case AARCH64_CLASS_BREAKPOINT_LOWER:
    case AARCH64_CLASS_BREAKPOINT:
        return with_status("IFSC", iss & 0x3f, DECODE(step, iss & ~0x3fu));
    case AARCH64_CLASS_STEP_LOWER:
    case AARCH64_CLASS_STEP:
        return with_status("IFSC", iss & 0x3f, DECODE(step, iss & ~0x3fu));
    case AARCH64_CLASS_WATCHPOINT_LOWER:
    case AARCH64_CLASS_WATCHPOINT:
        return with_status("DFSC", iss & 0x3f, DECODE(watch, iss & ~0x3fu));
    default:
        return iss ? g_strdup_printf("reserved 0x%x", iss) : g_strdup("");
    }
}

char *esr_decode(uint64_t esr)
{
    unsigned class = aarch64_class_of(esr);
    uint32_t iss = esr & 0x1ffffff;
    g_autofree char *details = decode_iss(class, iss);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "EC 0x%02x (%s)%s ISS 0x%x", class, class_name(class),
                           esr & (1u << 25) ? " IL" : " 16-bit instruction", iss);
    if (*details)
        g_string_append_printf(text, ": %s", details);
    if (esr >> 32)
        g_string_append_printf(text, " ISS2 0x%x", (unsigned)(esr >> 32));
    return g_string_free(text, FALSE);
}
