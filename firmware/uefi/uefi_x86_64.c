/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86_64 platforms (UEFI 2.10, section 2.3.4): long mode with identity mapping, Microsoft's x64 calling convention. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "emu/cpu/x86_64.h"
#include "firmware/uefi/uefi_internal.h"

#define VMCALL_LENGTH 3
#define SHADOW_SPACE 32 /* that a caller leaves above the return address */
#define STACK_ARGUMENTS (8 + SHADOW_SPACE)

#define FLAG_INTERRUPT 0x200u
#define FLAG_DIRECTION 0x400u
#define FLAGS_ENTRY (FLAG_INTERRUPT | 2)

/* As EDK2 leaves them: PG WP NE ET MP PE; DE PAE MCE OSFXSR OSXMMEXCPT; NXE LMA LME. */
#define CR0_ENTRY 0x80010033u
#define CR4_ENTRY 0x668u
#define EFER_ENTRY 0xD00u
#define PAT_RESET 0x0007040600070406u

#define SELECTOR_DATA 0x30
#define SELECTOR_CODE 0x38
#define GDT_ENTRIES 9
#define IDT_ENTRIES 256
#define EXCEPTIONS 32
#define VECTOR_NMI 2

#define LOW_MEMORY 0x100000u
#define VGA_HOLE 0xA0000u
#define FOUR_GIB 0x100000000u
#define GIB 0x40000000u
#define LEAST_MAPPED (64ull * GIB)
#define MOST_MAPPED (1ull << 40) /* the physical addresses that the CPU has */
#define PAGE_2M 0x200000u
#define ENTRY_TABLE 0x03u /* present, writable */
#define ENTRY_LARGE 0x83u

enum { ARCH_TABLES, ARCH_GDT, ARCH_IDT };

static void write_stub(enum uefi_stub_kind kind, uint8_t stub[UEFI_STUB_SIZE])
{
    static const uint8_t function[] = {0x0F, 0x01, 0xC1, 0xC3};              /* vmcall; ret */
    static const uint8_t exception[] = {0x0F, 0x01, 0xC1, 0xF4, 0xEB, 0xFD}; /* vmcall; 1: hlt; jmp 1b */
    static const uint8_t interrupt[] = {0x0F, 0x01, 0xC1, 0x48, 0xCF};       /* vmcall; iretq */

    memset(stub, 0xCC, UEFI_STUB_SIZE);
    if (kind == UEFI_STUB_FUNCTION)
        memcpy(stub, function, sizeof(function));
    else if (kind == UEFI_STUB_EXCEPTION)
        memcpy(stub, exception, sizeof(exception));
    else
        memcpy(stub, interrupt, sizeof(interrupt));
}

/* --- memory --- */
/* End of all that has to be mapped, in GiB. */
static uint64_t mapped_gib(const struct uefi *uefi)
{
    unsigned last = memory_map_count(uefi->map);
    uint64_t end = LEAST_MAPPED;

    for (unsigned i = 0; i < last; i++) {
        const struct memory_map_entry *entry = memory_map_entry(uefi->map, i);
        end = MAX(end, entry->start + entry->pages * EFI_PAGE_SIZE);
    }
    end = MAX(end, uefi->config.pci_windows.memory64_end);
    return (MIN(end, MOST_MAPPED) + GIB - 1) / GIB;
}

/* PML4, PDPTs and page directories in one piece; large pages of 2 MiB, which every CPU has. */
static bool build_page_tables(struct uefi *uefi)
{
    uint64_t gib = mapped_gib(uefi), pointers = (gib + 511) / 512;
    uint64_t base = uefi_pages_new(uefi, EFI_BOOT_SERVICES_DATA, 1 + pointers + gib, FOUR_GIB);
    uint64_t pdpt = base + EFI_PAGE_SIZE, directory = pdpt + pointers * EFI_PAGE_SIZE;

    if (!base)
        return false;
    memory_set(uefi->memory, base, 0, (1 + pointers) * EFI_PAGE_SIZE);
    for (uint64_t i = 0; i < pointers; i++)
        memory_write64(uefi->memory, base + i * 8, (pdpt + i * EFI_PAGE_SIZE) | ENTRY_TABLE);
    for (uint64_t i = 0; i < gib; i++) {
        memory_write64(uefi->memory, pdpt + i * 8, (directory + i * EFI_PAGE_SIZE) | ENTRY_TABLE);
        for (uint64_t j = 0; j < 512; j++)
            memory_write64(uefi->memory, directory + i * EFI_PAGE_SIZE + j * 8, (i * GIB + j * PAGE_2M) | ENTRY_LARGE);
    }
    uefi->arch_data[ARCH_TABLES] = base;
    return true;
}

/* The selectors are EDK2's, on which some loaders rely. */
static void build_gdt(struct uefi *uefi, uint64_t base)
{
    static const uint64_t descriptors[GDT_ENTRIES] = {
        0,
        0x00CF92000000FFFF,
        0x00CF9F000000FFFF,
        0x00CF93000000FFFF,
        0x00CF9A000000FFFF,
        0,
        0x00CF93000000FFFF,
        0x00AF9B000000FFFF,
        0,
    };

    for (unsigned i = 0; i < GDT_ENTRIES; i++)
        memory_write64(uefi->memory, base + i * 8, descriptors[i]);
    uefi->arch_data[ARCH_GDT] = base;
}

static bool prepare(struct uefi *uefi)
{
    /* What lies between 640 KiB and 1 MiB is not the guest's RAM; page 0 is not for allocation. */
    memory_map_set(uefi->map, VGA_HOLE, (LOW_MEMORY - VGA_HOLE) / EFI_PAGE_SIZE, EFI_RESERVED_MEMORY_TYPE,
                   EFI_MEMORY_UC, false);
    memory_map_set(uefi->map, 0, 1, EFI_BOOT_SERVICES_CODE,
                   EFI_MEMORY_UC | EFI_MEMORY_WC | EFI_MEMORY_WT | EFI_MEMORY_WB, false);
    if (!build_page_tables(uefi))
        return false;
    uint64_t page = uefi_pages_new(uefi, EFI_BOOT_SERVICES_DATA, 2, FOUR_GIB);
    if (!page)
        return false;
    memory_set(uefi->memory, page, 0, 2 * EFI_PAGE_SIZE);
    build_gdt(uefi, page);
    uefi->arch_data[ARCH_IDT] = page + EFI_PAGE_SIZE;
    return true;
}

/* The stubs' places are known only after prepare(). */
static void build_idt(struct uefi *uefi)
{
    for (unsigned i = 0; i < IDT_ENTRIES; i++) {
        uint64_t handler = uefi_exception_stub(uefi, i == VECTOR_NMI ? EXCEPTIONS : MIN(i, EXCEPTIONS));
        uint64_t gate = uefi->arch_data[ARCH_IDT] + i * 16;
        memory_write64(uefi->memory, gate,
                       (handler & 0xFFFF) | SELECTOR_CODE << 16 | 0x8Eull << 40 | (handler & 0xFFFF0000) << 32);
        memory_write64(uefi->memory, gate + 8, handler >> 32);
    }
}

static void enter(struct uefi *uefi, struct cpu *cpu, uint64_t pc, uint64_t stack)
{
    struct x86_64_registers registers;
    struct x86_64_segment data = {SELECTOR_DATA, 0xC093, 0xFFFFFFFF, 0};
    struct x86_64_segment code = {SELECTOR_CODE, 0xA09B, 0xFFFFFFFF, 0};

    build_idt(uefi);
    x86_64_get_registers(cpu, &registers);
    memset(registers.gpr, 0, sizeof(registers.gpr));
    registers.gpr[X86_64_RSP] = stack - 8 - SHADOW_SPACE; /* as after a call: 8 below a multiple of 16 */
    registers.rip = pc;
    registers.rflags = FLAGS_ENTRY;
    for (unsigned i = 0; i <= X86_64_GS; i++)
        registers.segment[i] = i == X86_64_CS ? code : data;
    registers.gdt_base = uefi->arch_data[ARCH_GDT];
    registers.gdt_limit = GDT_ENTRIES * 8 - 1;
    registers.idt_base = uefi->arch_data[ARCH_IDT];
    registers.idt_limit = IDT_ENTRIES * 16 - 1;
    registers.cr0 = CR0_ENTRY;
    registers.cr3 = uefi->arch_data[ARCH_TABLES];
    registers.cr4 = CR4_ENTRY;
    registers.efer = EFER_ENTRY;
    registers.pat = PAT_RESET;
    x86_64_set_registers(cpu, &registers);
}

/* --- calls --- */
static uint64_t argument(struct uefi *uefi, struct cpu *cpu, unsigned index)
{
    static const enum x86_64_gpr in_registers[] = {X86_64_RCX, X86_64_RDX, X86_64_R8, X86_64_R9};
    uint64_t value = 0;

    if (index < G_N_ELEMENTS(in_registers))
        return x86_64_gpr(cpu, in_registers[index]);
    uefi_read64(uefi, x86_64_gpr(cpu, X86_64_RSP) + STACK_ARGUMENTS + (index - 4) * 8, &value);
    return value;
}

static void set_result(struct cpu *cpu, uint64_t value)
{
    x86_64_set_gpr(cpu, X86_64_RAX, value);
}

static uint64_t result(struct cpu *cpu)
{
    return x86_64_gpr(cpu, X86_64_RAX);
}

static uint64_t after_hypercall(uint64_t stub)
{
    return stub + VMCALL_LENGTH;
}

enum { GENERAL_RIP = 16, GENERAL_FLAGS = 17 };

static void save(struct cpu *cpu, struct uefi_context *context, bool with_vector)
{
    struct x86_64_fpu fpu;

    G_STATIC_ASSERT(sizeof(fpu) <= sizeof(context->vector));
    for (unsigned i = 0; i < 16; i++)
        context->general[i] = x86_64_gpr(cpu, i);
    context->general[GENERAL_RIP] = cpu_pc(cpu);
    context->general[GENERAL_FLAGS] = x86_64_rflags(cpu);
    if (!with_vector)
        return;
    x86_64_get_fpu(cpu, &fpu);
    memcpy(context->vector, &fpu, sizeof(fpu));
}

static void restore(struct cpu *cpu, const struct uefi_context *context, bool with_vector)
{
    struct x86_64_fpu fpu;

    for (unsigned i = 0; i < 16; i++)
        x86_64_set_gpr(cpu, i, context->general[i]);
    x86_64_set_rip(cpu, context->general[GENERAL_RIP]);
    if (!with_vector)
        return;
    x86_64_set_rflags(cpu, context->general[GENERAL_FLAGS]);
    memcpy(&fpu, context->vector, sizeof(fpu));
    x86_64_set_fpu(cpu, &fpu);
}

static bool call(struct uefi *uefi, struct cpu *cpu, uint64_t function, uint64_t trampoline, const uint64_t *arguments,
                 unsigned count, unsigned gap, uint64_t *stack)
{
    static const enum x86_64_gpr in_registers[] = {X86_64_RCX, X86_64_RDX, X86_64_R8, X86_64_R9};
    unsigned on_stack = count > 4 ? count - 4 : 0;
    uint64_t top = (x86_64_gpr(cpu, X86_64_RSP) - gap - SHADOW_SPACE - on_stack * 8) & ~15ull;

    for (unsigned i = 0; i < count; i++) {
        if (i < 4)
            x86_64_set_gpr(cpu, in_registers[i], arguments[i]);
        else if (!uefi_write64(uefi, top + SHADOW_SPACE + (i - 4) * 8, arguments[i]))
            return false;
    }
    if (!uefi_write64(uefi, top - 8, trampoline))
        return false;
    x86_64_set_gpr(cpu, X86_64_RSP, top - 8);
    if (x86_64_rflags(cpu) & FLAG_DIRECTION)
        x86_64_set_rflags(cpu, x86_64_rflags(cpu) & ~(uint64_t)FLAG_DIRECTION);
    x86_64_set_rip(cpu, function);
    *stack = top; /* the return takes its address away */
    return true;
}

/* Only in the world that the firmware made: its tables, privilege level 0, interrupts on. */
static bool interruptible(struct uefi *uefi, struct cpu *cpu)
{
    struct x86_64_registers registers;

    if (!(x86_64_rflags(cpu) & FLAG_INTERRUPT) || cpu_privilege(cpu) != 0)
        return false;
    x86_64_get_registers(cpu, &registers);
    return registers.cr3 == uefi->arch_data[ARCH_TABLES] && registers.idt_base == uefi->arch_data[ARCH_IDT];
}

static void set_interrupts(struct cpu *cpu, bool enabled)
{
    uint64_t flags = x86_64_rflags(cpu);

    x86_64_set_rflags(cpu, enabled ? flags | FLAG_INTERRUPT : flags & ~(uint64_t)FLAG_INTERRUPT);
}

/* As an NMI: the one interrupt that needs no controller. */
static bool wake(struct cpu *cpu)
{
    cpu_set_line(cpu, CPU_LINE_NMI, true);
    cpu_set_line(cpu, CPU_LINE_NMI, false);
    return true;
}

/* --- exceptions --- */
static bool has_error_code(unsigned vector)
{
    return vector == X86_VECTOR_DF || (vector >= X86_VECTOR_TS && vector <= X86_VECTOR_PF) || vector == X86_VECTOR_AC ||
           vector == X86_VECTOR_CP || vector == X86_VECTOR_VC || vector == X86_VECTOR_SX;
}

static char *describe_exception(struct uefi *uefi, struct cpu *cpu, unsigned vector, uint64_t *pc)
{
    static const char *const names[EXCEPTIONS] = {
        [X86_VECTOR_DE] = "divide error",
        [X86_VECTOR_DB] = "debug",
        [X86_VECTOR_NMI] = "NMI",
        [X86_VECTOR_BP] = "breakpoint",
        [X86_VECTOR_OF] = "overflow",
        [X86_VECTOR_BR] = "bound range",
        [X86_VECTOR_UD] = "invalid opcode",
        [X86_VECTOR_NM] = "no FPU",
        [X86_VECTOR_DF] = "double fault",
        [X86_VECTOR_TS] = "invalid TSS",
        [X86_VECTOR_NP] = "segment not present",
        [X86_VECTOR_SS] = "stack fault",
        [X86_VECTOR_GP] = "general protection",
        [X86_VECTOR_PF] = "page fault",
        [X86_VECTOR_MF] = "x87 error",
        [X86_VECTOR_AC] = "alignment check",
        [X86_VECTOR_MC] = "machine check",
        [X86_VECTOR_XM] = "SIMD error",
    };
    struct x86_64_registers registers;
    uint64_t frame, code = 0, flags = 0, stack = 0;
    GString *text = g_string_new(NULL);

    x86_64_get_registers(cpu, &registers);
    frame = registers.gpr[X86_64_RSP];
    g_string_append_printf(text, "%u (%s)", vector, names[vector] ? names[vector] : "reserved");
    if (has_error_code(vector)) {
        uefi_read64(uefi, frame, &code);
        g_string_append_printf(text, " with error code 0x%" PRIx64, code);
        frame += 8;
    }
    uefi_read64(uefi, frame, pc);
    uefi_read64(uefi, frame + 16, &flags);
    uefi_read64(uefi, frame + 24, &stack);
    g_string_append_printf(text, " at 0x%" PRIx64, *pc);
    if (vector == X86_VECTOR_PF)
        g_string_append_printf(text, " on address 0x%" PRIx64, registers.cr2);
    g_string_append_printf(text, ", rsp 0x%" PRIx64 ", rflags 0x%" PRIx64, stack, flags);
    return g_string_free(text, FALSE);
}

const struct uefi_arch uefi_arch_x86_64 = {
    .pe_machine = PE_MACHINE_X86_64,
    .name = "x86_64",
    .boot_file = "\\EFI\\BOOT\\BOOTX64.EFI",
    .runtime_pages = 1,
    .exceptions = EXCEPTIONS,
    .write_stub = write_stub,
    .prepare = prepare,
    .enter = enter,
    .argument = argument,
    .set_result = set_result,
    .result = result,
    .set_pc = x86_64_set_rip,
    .after_hypercall = after_hypercall,
    .save = save,
    .restore = restore,
    .call = call,
    .interruptible = interruptible,
    .set_interrupts = set_interrupts,
    .wake = wake,
    .describe_exception = describe_exception,
};

const struct uefi_arch *uefi_arch_of(enum cpu_arch arch)
{
    return arch == CPU_ARCH_AARCH64 ? &uefi_arch_aarch64 : &uefi_arch_x86_64;
}
