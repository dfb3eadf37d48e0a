/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions in words: Intel SDM volume 3, chapter 6; Arm ARM (DDI 0487), D1.10 and D13.2.37. */
#include "debug/registers.h"
#include "debug/trap/internal.h"

enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_RESERVED = 8, PF_FETCH = 16, PF_KEY = 32, PF_SHADOW = 64 };
enum {
    X86_DB = 1,
    X86_NMI = 2,
    X86_BP = 3,
    X86_NM = 7,
    X86_DF = 8,
    X86_TS = 10,
    X86_NP = 11,
    X86_SS = 12,
    X86_GP = 13,
    X86_PF = 14,
    X86_AC = 17,
    X86_CP = 21
};

bool exception_is_panic(const struct cpu_exception *exception)
{
    return exception->vector == TRAP_NO_VECTOR;
}

static void access_x86(const struct cpu_exception *exception, struct trap_access *out)
{
    uint64_t code = exception->syndrome;

    if (exception->vector != X86_PF)
        return;
    out->memory = true;
    out->fetch = code & PF_FETCH;
    out->write = code & PF_WRITE;
    out->user = code & PF_USER;
    out->mapped = code & PF_PRESENT;
}

static void access_aarch64(const struct cpu_exception *exception, struct trap_access *out)
{
    unsigned class = exception->syndrome >> 26 & 0x3f;
    unsigned status = exception->syndrome & 0x3f;

    if (class != 0x20 && class != 0x21 && class != 0x24 && class != 0x25)
        return;
    out->memory = true;
    out->fetch = class <= 0x21;
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
        "#DE, divide error",
        "#DB, debug",
        "NMI",
        "#BP, breakpoint",
        "#OF, overflow",
        "#BR, bound range exceeded",
        "#UD, undefined instruction",
        "#NM, floating point not available",
        "#DF, double fault",
        "coprocessor segment overrun",
        "#TS, invalid TSS",
        "#NP, segment not present",
        "#SS, stack segment fault",
        "#GP, general protection",
        "#PF, page fault",
        "reserved exception 15",
        "#MF, x87 floating-point error",
        "#AC, alignment check",
        "#MC, machine check",
        "#XM, SIMD floating-point error",
        "#VE, virtualization exception",
        "#CP, control protection",
    };

    return vector < G_N_ELEMENTS(names) ? names[vector] : "interrupt vector without a device";
}

static const char *aarch64_name(const struct cpu_exception *exception)
{
    switch (exception->vector) {
    case 0x00:
        return "undefined instruction";
    case 0x07:
        return "floating point not available";
    case 0x0d:
        return "branch target exception";
    case 0x0e:
        return "illegal execution state";
    case 0x15:
        return "SVC";
    case 0x18:
        return "trapped system register access";
    case 0x20:
    case 0x21:
        return "instruction abort";
    case 0x22:
        return "PC alignment fault";
    case 0x24:
    case 0x25:
        return "data abort";
    case 0x26:
        return "SP alignment fault";
    case 0x2c:
        return "floating-point exception";
    case 0x2f:
    case 0x102:
        return "SError";
    case 0x3c:
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
    case X86_PF:
        return describe_page_fault(exception->syndrome, exception->address);
    case X86_TS:
    case X86_NP:
    case X86_SS:
    case X86_GP:
        return describe_selector(exception->syndrome);
    case X86_DF:
    case X86_AC:
    case X86_CP:
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
    if (access.memory || exception->vector == 0x22)
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
    bool aborts = arch == CPU_ARCH_AARCH64 && exception->vector == 0x3c;

    if (exception->is_interrupt || (exception->is_software && !aborts))
        return true;
    if (arch == CPU_ARCH_X86_64)
        return exception->vector == X86_DB || exception->vector == X86_NMI || exception->vector == X86_BP ||
               exception->vector == X86_NM || exception->vector >= 32;
    return exception->vector == 0x07 || exception->vector == 0x18 || exception->vector == 0x19 ||
           (exception->vector >= 0x30 && exception->vector < 0x3c);
}
