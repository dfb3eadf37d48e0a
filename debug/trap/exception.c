/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions in words: Intel SDM volume 3, chapter 6; Arm ARM (DDI 0487), D1.10 and D13.2.37. */
#include "debug/registers.h"
#include "debug/trap/internal.h"

enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_RESERVED = 8, PF_FETCH = 16, PF_KEY = 32, PF_SHADOW = 64 };
bool exception_is_panic(const struct cpu_exception *exception)
{
    return exception->vector == TRAP_NO_VECTOR;
}

static void access_x86(const struct cpu_exception *exception, struct trap_access *out)
{
    uint64_t code = exception->syndrome;

    if (exception->vector != X86_VECTOR_PF)
        return;
    out->memory = true;
    out->fetch = code & PF_FETCH;
    out->write = code & PF_WRITE;
    out->user = code & PF_USER;
    out->mapped = code & PF_PRESENT;
}

static void access_aarch64(const struct cpu_exception *exception, struct trap_access *out)
{
    unsigned class = aarch64_class_of(exception->syndrome);
    unsigned status = exception->syndrome & 0x3f;

    if (!aarch64_class_is_abort(class))
        return;
    out->memory = true;
    out->fetch = class <= AARCH64_CLASS_INSTRUCTION_ABORT;
    out->write = !out->fetch && (exception->syndrome & 0x40);
    out->user = !(class & 1);
    out->alignment = status == 0x21;
    out->external = (status & 0x30) == 0x10;
    out->mapped = (status & 0x3c) == 0x0c || (status & 0x3c) == 0x08 || out->alignment;
}

void exception_access(enum cpu_arch arch, const struct cpu_exception *exception, struct trap_access *out)
{
    *out = (struct trap_access){0};
    if (exception_is_panic(exception))
        return;
    if (arch == CPU_ARCH_AARCH64)
        access_aarch64(exception, out);
    else
        access_x86(exception, out);
}

static const char *x86_name(unsigned vector)
{
    static const char *const names[] = {
        [X86_VECTOR_DE] = "#DE, divide error",
        [X86_VECTOR_DB] = "#DB, debug",
        [X86_VECTOR_NMI] = "NMI",
        [X86_VECTOR_BP] = "#BP, breakpoint",
        [X86_VECTOR_OF] = "#OF, overflow",
        [X86_VECTOR_BR] = "#BR, bound range exceeded",
        [X86_VECTOR_UD] = "#UD, undefined instruction",
        [X86_VECTOR_NM] = "#NM, floating point not available",
        [X86_VECTOR_DF] = "#DF, double fault",
        [X86_VECTOR_COPROCESSOR_OVERRUN] = "coprocessor segment overrun",
        [X86_VECTOR_TS] = "#TS, invalid TSS",
        [X86_VECTOR_NP] = "#NP, segment not present",
        [X86_VECTOR_SS] = "#SS, stack segment fault",
        [X86_VECTOR_GP] = "#GP, general protection",
        [X86_VECTOR_PF] = "#PF, page fault",
        [15] = "reserved exception 15",
        [X86_VECTOR_MF] = "#MF, x87 floating-point error",
        [X86_VECTOR_AC] = "#AC, alignment check",
        [X86_VECTOR_MC] = "#MC, machine check",
        [X86_VECTOR_XM] = "#XM, SIMD floating-point error",
        [X86_VECTOR_VE] = "#VE, virtualization exception",
        [X86_VECTOR_CP] = "#CP, control protection",
    };

    return vector < G_N_ELEMENTS(names) ? names[vector] : "interrupt vector without a device";
}

static const char *aarch64_name(const struct cpu_exception *exception)
{
    switch (exception->vector) {
    case AARCH64_CLASS_UNKNOWN:
        return "undefined instruction";
    case AARCH64_CLASS_FP_ACCESS:
        return "floating point not available";
    case AARCH64_CLASS_BTI:
        return "branch target exception";
    case AARCH64_CLASS_ILLEGAL_STATE:
        return "illegal execution state";
    case AARCH64_CLASS_SVC64:
        return "SVC";
    case AARCH64_CLASS_SYSTEM_REGISTER:
        return "trapped system register access";
    case AARCH64_CLASS_INSTRUCTION_ABORT_LOWER:
    case AARCH64_CLASS_INSTRUCTION_ABORT:
        return "instruction abort";
    case AARCH64_CLASS_PC_ALIGNMENT:
        return "PC alignment fault";
    case AARCH64_CLASS_DATA_ABORT_LOWER:
    case AARCH64_CLASS_DATA_ABORT:
        return "data abort";
    case AARCH64_CLASS_SP_ALIGNMENT:
        return "SP alignment fault";
    case AARCH64_CLASS_FP64:
        return "floating-point exception";
    case AARCH64_CLASS_SERROR:
    case AARCH64_VECTOR_SERROR:
        return "SError";
    case AARCH64_CLASS_BRK64:
        return "BRK";
    default:
        return "exception";
    }
}

const char *exception_name(enum cpu_arch arch, const struct cpu_exception *exception)
{
    if (exception_is_panic(exception))
        return "panic";
    return arch == CPU_ARCH_AARCH64 ? aarch64_name(exception) : x86_name(exception->vector);
}

static char *describe_page_fault(uint64_t code, uint64_t address)
{
    g_autofree char *rest =
        code & ~UINT64_C(0x7f) ? g_strdup_printf(", reserved bits " HEX, code & ~UINT64_C(0x7f)) : NULL;

    return g_strdup_printf("error code " HEX ": %s by %s, %s%s%s%s%s; CR2 " HEX, code,
                           code & PF_FETCH   ? "instruction fetch"
                           : code & PF_WRITE ? "write"
                                             : "read",
                           code & PF_USER ? "user code" : "the kernel",
                           code & PF_PRESENT ? "the page is present but does not permit it" : "the page is not present",
                           code & PF_RESERVED ? ", a reserved bit is set in the tables" : "",
                           code & PF_KEY ? ", by protection key" : "", code & PF_SHADOW ? ", shadow stack" : "",
                           rest ? rest : "", address);
}

static char *describe_selector(uint64_t code)
{
    if (code == 0)
        return g_strdup("error code 0: no selector is involved");
    return g_strdup_printf("error code " HEX ": %s entry %u%s%s", code,
                           code & 2   ? "IDT"
                           : code & 4 ? "LDT"
                                      : "GDT",
                           (unsigned)(code >> 3 & 0x1fff), code & 1 ? ", while an event was delivered" : "",
                           code >> 16 ? ", reserved bits set" : "");
}

static char *x86_details(const struct cpu_exception *exception)
{
    switch (exception->vector) {
    case X86_VECTOR_PF:
        return describe_page_fault(exception->syndrome, exception->address);
    case X86_VECTOR_TS:
    case X86_VECTOR_NP:
    case X86_VECTOR_SS:
    case X86_VECTOR_GP:
        return describe_selector(exception->syndrome);
    case X86_VECTOR_DF:
    case X86_VECTOR_AC:
    case X86_VECTOR_CP:
        return g_strdup_printf("error code " HEX, exception->syndrome);
    default:
        return g_strdup("no error code");
    }
}

static char *aarch64_details(const struct cpu_exception *exception)
{
    struct trap_access access = {0};
    int esr = register_find(CPU_ARCH_AARCH64, "esr_el1");
    g_autofree char *decoded = register_decode(CPU_ARCH_AARCH64, (unsigned)esr, exception->syndrome);

    access_aarch64(exception, &access);
    if (access.memory || exception->vector == AARCH64_CLASS_PC_ALIGNMENT)
        return g_strdup_printf("ESR " HEX ": %s; FAR " HEX, exception->syndrome, decoded, exception->address);
    return g_strdup_printf("ESR " HEX ": %s", exception->syndrome, decoded);
}

char *exception_describe(enum cpu_arch arch, const struct cpu_exception *exception)
{
    if (exception_is_panic(exception))
        return g_strdup("a panic, not an exception of the processor");
    g_autofree char *details = arch == CPU_ARCH_AARCH64 ? aarch64_details(exception) : x86_details(exception);
    return g_strdup_printf("%s, %s", exception_name(arch, exception), details);
}

bool exception_is_routine(enum cpu_arch arch, const struct cpu_exception *exception)
{
    bool aborts = arch == CPU_ARCH_AARCH64 && exception->vector == AARCH64_CLASS_BRK64;

    if (exception->is_interrupt || (exception->is_software && !aborts))
        return true;
    if (arch == CPU_ARCH_X86_64)
        return exception->vector == X86_VECTOR_DB || exception->vector == X86_VECTOR_NMI ||
               exception->vector == X86_VECTOR_BP || exception->vector == X86_VECTOR_NM ||
               exception->vector >= X86_VECTORS_RESERVED;
    return exception->vector == AARCH64_CLASS_FP_ACCESS || exception->vector == AARCH64_CLASS_SYSTEM_REGISTER ||
           exception->vector == AARCH64_CLASS_SVE ||
           (exception->vector >= AARCH64_CLASS_BREAKPOINT_LOWER && exception->vector < AARCH64_CLASS_BRK64);
}
