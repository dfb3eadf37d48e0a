/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AArch64 platforms (UEFI 2.10, section 2.3.6): EL1 with identity mapping, the procedure call standard AAPCS64.
 * Registers and descriptors: Arm Architecture Reference Manual for A-profile (DDI 0487), chapters D8 and D19.
 */
#include <inttypes.h>
#include <string.h>

#include "emu/cpu/aarch64.h"
#include "firmware/uefi/uefi_internal.h"

/* HVC #0 belongs to PSCI; the immediate is of no further meaning. */
#define INSTRUCTION_HVC (0xD4000002u | 0x4756u << 5)
#define INSTRUCTION_RET 0xD65F03C0u
#define INSTRUCTION_ERET 0xD69F03E0u
#define INSTRUCTION_WFI 0xD503207Fu
#define INSTRUCTION_BRK 0xD4200000u
#define INSTRUCTION_B 0x14000000u
#define BRANCH_MASK 0x03FFFFFFu
#define INSTRUCTION_LENGTH 4

#define REGISTER_ARGUMENTS 8
#define CALL_GAP 16 /* each call lies deeper on the stack than the one around it: its frame is known by that */

#define PSTATE_EL1H 0x005u
#define PSTATE_F 0x040u
#define PSTATE_I 0x080u
#define PSTATE_D 0x200u
#define PSTATE_MODE 0x01Fu
#define PSTATE_ENTRY (PSTATE_D | PSTATE_F | PSTATE_EL1H)

/* M C SA SA0 CP15BEN I nTWI nTWE and what reads as one; A is clear: unaligned accesses work. */
#define SCTLR_ENTRY 0x30D5183Du
#define CPACR_ENTRY (3u << 20) /* FPEN: nothing traps */
/* Device-nGnRnE, Normal non-cacheable, write-through, write-back: in the order that EDK2 has them. */
#define MAIR_ENTRY 0xFFBB4400u
#define ATTRIBUTE_DEVICE 0u
#define ATTRIBUTE_WRITE_BACK 3u

#define TCR_T0SZ 16u                              /* 48 bits of virtual address */
#define TCR_WALKS (1u << 8 | 1u << 10 | 3u << 12) /* IRGN0, ORGN0: write-back; SH0: inner shareable */
#define TCR_NO_TTBR1 (1u << 23)                   /* EPD1 */
#define TCR_TG1_4K (2u << 30)
#define TCR_IPS_1T 2ull
#define TCR_IPS_16T 4ull
#define TCR_IPS_SHIFT 32

#define TERA 0x10000000000u
#define MOST_MAPPED (16ull * TERA) /* the physical addresses that every model has */
#define GIB 0x40000000u
#define TABLE_ENTRIES 512u
#define LEVEL0_SIZE ((uint64_t)GIB * TABLE_ENTRIES)
#define LEVEL2_SIZE 0x200000u
#define FOUR_GIB 0x100000000u

#define ENTRY_TABLE 3u
#define ENTRY_BLOCK 1u
#define ENTRY_ATTRIBUTE_SHIFT 2
#define ENTRY_INNER_SHAREABLE (3u << 8)
#define ENTRY_ACCESSED (1u << 10)
#define ENTRY_NEVER_EXECUTE (3ull << 53) /* UXN, PXN */

/* Four sources of exceptions with four kinds each, 128 bytes apart. */
#define VECTORS 16
#define VECTOR_SIZE 128
enum vector_kind { VECTOR_SYNCHRONOUS, VECTOR_IRQ, VECTOR_FIQ, VECTOR_SERROR, VECTOR_KINDS };

enum { ARCH_TABLES, ARCH_VECTORS, ARCH_TCR };
enum { GENERAL_SP = 31, GENERAL_PC = 32, GENERAL_PSTATE = 33 };

static void put_instructions(uint8_t *bytes, const uint32_t *instructions, unsigned count)
{
    for (unsigned i = 0; i < count * INSTRUCTION_LENGTH; i++)
        bytes[i] = (uint8_t)(instructions[i / INSTRUCTION_LENGTH] >> i % INSTRUCTION_LENGTH * 8);
}

static void write_stub(enum uefi_stub_kind kind, uint8_t stub[UEFI_STUB_SIZE])
{
    static const uint32_t function[] = {INSTRUCTION_HVC, INSTRUCTION_RET, INSTRUCTION_BRK, INSTRUCTION_BRK};
    static const uint32_t interrupt[] = {INSTRUCTION_HVC, INSTRUCTION_ERET, INSTRUCTION_BRK, INSTRUCTION_BRK};
    static const uint32_t exception[] = {INSTRUCTION_HVC, INSTRUCTION_WFI, INSTRUCTION_B | (-1 & BRANCH_MASK),
                                         INSTRUCTION_BRK};

    put_instructions(stub,
                     kind == UEFI_STUB_FUNCTION    ? function
                     : kind == UEFI_STUB_EXCEPTION ? exception
                                                   : interrupt,
                     UEFI_STUB_SIZE / INSTRUCTION_LENGTH);
}

/* --- memory --- */
static bool overlaps(uint64_t start, uint64_t end, uint64_t address, uint64_t limit)
{
    return address < end && limit > start;
}

/* What is in [@start, @end): how much of it is RAM, and is there anything else? */
static uint64_t look(const struct uefi *uefi, uint64_t start, uint64_t end, bool *device)
{
    const struct pci_windows *windows = &uefi->config.pci_windows;
    uint64_t ports = uefi->config.pci_io_address;
    uint64_t ram = 0;

    *device = overlaps(start, end, ports + windows->io_start, ports + windows->io_end) ||
              overlaps(start, end, windows->memory32_start, windows->memory32_end) ||
              overlaps(start, end, windows->memory64_start, windows->memory64_end);
    for (unsigned i = 0; i < memory_map_count(uefi->map); i++) {
        const struct memory_map_entry *entry = memory_map_entry(uefi->map, i);
        uint64_t limit = entry->start + entry->pages * EFI_PAGE_SIZE;
        if (!overlaps(start, end, entry->start, limit))
            continue;
        if (entry->attributes & EFI_MEMORY_WB)
            ram += MIN(end, limit) - MAX(start, entry->start);
        else
            *device = true;
    }
    return ram;
}

static uint64_t block(uint64_t address, bool ram)
{
    if (ram)
        return address | ENTRY_BLOCK | ATTRIBUTE_WRITE_BACK << ENTRY_ATTRIBUTE_SHIFT | ENTRY_INNER_SHAREABLE |
               ENTRY_ACCESSED;
    return address | ENTRY_BLOCK | ATTRIBUTE_DEVICE << ENTRY_ATTRIBUTE_SHIFT | ENTRY_ACCESSED | ENTRY_NEVER_EXECUTE;
}

/* 0: no memory left. */
static uint64_t new_table(struct uefi *uefi)
{
    uint64_t table = uefi_pages_new(uefi, EFI_BOOT_SERVICES_DATA, 1, FOUR_GIB);

    if (table)
        memory_set(uefi->memory, table, 0, EFI_PAGE_SIZE);
    return table;
}

/* Blocks of 2 MiB for a GiB that is not the same throughout; a block with some RAM in it is normal memory. */
static uint64_t level2_table(struct uefi *uefi, uint64_t start)
{
    uint64_t table = new_table(uefi);

    for (unsigned i = 0; table && i < TABLE_ENTRIES; i++) {
        uint64_t address = start + (uint64_t)i * LEVEL2_SIZE;
        bool device;
        uint64_t ram = look(uefi, address, address + LEVEL2_SIZE, &device);
        if (ram || device)
            memory_write64(uefi->memory, table + i * 8, block(address, ram != 0));
    }
    return table;
}

static bool fill_level1(struct uefi *uefi, uint64_t table, uint64_t start)
{
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        uint64_t address = start + (uint64_t)i * GIB, entry = 0;
        bool device;
        uint64_t ram = look(uefi, address, address + GIB, &device);
        if (ram == GIB || (!ram && device)) {
            entry = block(address, ram != 0);
        } else if (ram) {
            uint64_t next = level2_table(uefi, address);
            if (!next)
                return false;
            entry = next | ENTRY_TABLE;
        }
        if (entry)
            memory_write64(uefi->memory, table + i * 8, entry);
    }
    return true;
}

/* What is there is mapped, and nothing else: an access to nowhere is an exception that is told. */
static bool build_page_tables(struct uefi *uefi)
{
    uint64_t root = new_table(uefi), end = 0;

    if (!root)
        return false;
    for (uint64_t address = 0; address < MOST_MAPPED; address += LEVEL0_SIZE) {
        bool device;
        if (!look(uefi, address, address + LEVEL0_SIZE, &device) && !device)
            continue;
        uint64_t table = new_table(uefi);
        if (!table || !fill_level1(uefi, table, address))
            return false;
        memory_write64(uefi->memory, root + address / LEVEL0_SIZE * 8, table | ENTRY_TABLE);
        end = address + LEVEL0_SIZE;
    }
    uefi->arch_data[ARCH_TABLES] = root;
    uefi->arch_data[ARCH_TCR] =
        TCR_T0SZ | TCR_WALKS | TCR_NO_TTBR1 | TCR_TG1_4K | (end > TERA ? TCR_IPS_16T : TCR_IPS_1T) << TCR_IPS_SHIFT;
    return true;
}

static bool prepare(struct uefi *uefi)
{
    uefi->arch_data[ARCH_VECTORS] = uefi_pages_new(uefi, EFI_BOOT_SERVICES_CODE, 1, FOUR_GIB);
    return uefi->arch_data[ARCH_VECTORS] && build_page_tables(uefi);
}

/*
 * An exception goes to its stub.  An interrupt that has no handler stays asserted: it is masked where it came in, lest it
 * come back for ever.  The stubs' places are known only after prepare().
 */
void uefi_aarch64_build_vectors(struct uefi *uefi)
{
    uint32_t code[] = {
        0xA9BF07E0, /* stp x0, x1, [sp, #-16]! */
        0xD5384000, /* mrs x0, spsr_el1 */
        0xB27A0400, /* orr x0, x0, #0xC0: I and F */
        0xD5184000, /* msr spsr_el1, x0 */
        0xA8C107E0, /* ldp x0, x1, [sp], #16 */
        0,
    };
    unsigned last = G_N_ELEMENTS(code) - 1;
    uint8_t bytes[sizeof(code)];

    for (unsigned i = 0; i < VECTORS; i++) {
        bool interrupt = i % VECTOR_KINDS == VECTOR_IRQ || i % VECTOR_KINDS == VECTOR_FIQ;
        unsigned first = interrupt ? 0 : last;
        uint64_t vector = uefi->arch_data[ARCH_VECTORS] + i * VECTOR_SIZE;
        uint64_t from = vector + (last - first) * INSTRUCTION_LENGTH;
        uint64_t to = uefi_exception_stub(uefi, interrupt ? VECTORS : i);
        code[last] = INSTRUCTION_B | ((uint32_t)((to - from) / INSTRUCTION_LENGTH) & BRANCH_MASK);
        put_instructions(bytes, code + first, last - first + 1);
        memory_write(uefi->memory, vector, bytes, (last - first + 1) * INSTRUCTION_LENGTH);
    }
}

static void enter(struct uefi *uefi, struct cpu *cpu, uint64_t pc, uint64_t stack)
{
    struct aarch64_registers registers;

    uefi_aarch64_build_vectors(uefi);
    aarch64_get_registers(cpu, &registers);
    memset(registers.x, 0, sizeof(registers.x));
    registers.sp = registers.sp_el1 = stack;
    registers.pc = pc;
    registers.pstate = PSTATE_ENTRY;
    registers.sctlr_el1 = SCTLR_ENTRY;
    registers.tcr_el1 = uefi->arch_data[ARCH_TCR];
    registers.mair_el1 = MAIR_ENTRY;
    registers.ttbr0_el1 = uefi->arch_data[ARCH_TABLES];
    registers.ttbr1_el1 = 0;
    registers.vbar_el1 = uefi->arch_data[ARCH_VECTORS];
    registers.cpacr_el1 = CPACR_ENTRY;
    registers.cntkctl_el1 = 0;
    aarch64_set_registers(cpu, &registers);
}

/* --- calls --- */
static uint64_t argument(struct uefi *uefi, struct cpu *cpu, unsigned index)
{
    uint64_t value = 0;

    if (index < REGISTER_ARGUMENTS)
        return aarch64_x(cpu, index);
    uefi_read64(uefi, cpu_sp(cpu) + (index - REGISTER_ARGUMENTS) * 8, &value);
    return value;
}

static void set_result(struct cpu *cpu, uint64_t value)
{
    aarch64_set_x(cpu, 0, value);
}

static uint64_t result(struct cpu *cpu)
{
    return aarch64_x(cpu, 0);
}

static uint64_t after_hypercall(uint64_t stub)
{
    return stub + INSTRUCTION_LENGTH;
}

static void save(struct cpu *cpu, struct uefi_context *context, bool with_vector)
{
    struct aarch64_fpu fpu;

    G_STATIC_ASSERT(sizeof(fpu) <= sizeof(context->vector));
    for (unsigned i = 0; i < 31; i++)
        context->general[i] = aarch64_x(cpu, i);
    context->general[GENERAL_SP] = cpu_sp(cpu);
    context->general[GENERAL_PC] = cpu_pc(cpu);
    context->general[GENERAL_PSTATE] = aarch64_pstate(cpu);
    if (!with_vector)
        return;
    aarch64_get_fpu(cpu, &fpu);
    memcpy(context->vector, &fpu, sizeof(fpu));
}

static void restore(struct cpu *cpu, const struct uefi_context *context, bool with_vector)
{
    struct aarch64_fpu fpu;

    for (unsigned i = 0; i < 31; i++)
        aarch64_set_x(cpu, i, context->general[i]);
    aarch64_set_sp(cpu, context->general[GENERAL_SP]);
    aarch64_set_pc(cpu, context->general[GENERAL_PC]);
    if (!with_vector)
        return;
    aarch64_set_pstate(cpu, (uint32_t)context->general[GENERAL_PSTATE]);
    memcpy(&fpu, context->vector, sizeof(fpu));
    aarch64_set_fpu(cpu, &fpu);
}

static bool call(struct uefi *uefi, struct cpu *cpu, uint64_t function, uint64_t trampoline, const uint64_t *arguments,
                 unsigned count, unsigned gap, uint64_t *stack)
{
    unsigned on_stack = count > REGISTER_ARGUMENTS ? count - REGISTER_ARGUMENTS : 0;
    uint64_t top = (cpu_sp(cpu) - gap - CALL_GAP - on_stack * 8) & ~15ull;

    if (!uefi_accessible(uefi, top, CALL_GAP + on_stack * 8))
        return false;
    for (unsigned i = 0; i < count; i++) {
        if (i < REGISTER_ARGUMENTS)
            aarch64_set_x(cpu, i, arguments[i]);
        else
            uefi_write64(uefi, top + (i - REGISTER_ARGUMENTS) * 8, arguments[i]);
    }
    aarch64_set_x(cpu, 30, trampoline);
    aarch64_set_sp(cpu, top);
    aarch64_set_pc(cpu, function);
    *stack = top;
    return true;
}

/* Only in the world that the firmware made: its tables, exception level 1, interrupts on. */
static bool interruptible(struct uefi *uefi, struct cpu *cpu)
{
    struct aarch64_registers registers;
    uint32_t pstate = aarch64_pstate(cpu);

    if (pstate & PSTATE_I || (pstate & PSTATE_MODE) != PSTATE_EL1H)
        return false;
    aarch64_get_registers(cpu, &registers);
    return registers.ttbr0_el1 == uefi->arch_data[ARCH_TABLES] && registers.vbar_el1 == uefi->arch_data[ARCH_VECTORS];
}

static void set_interrupts(struct cpu *cpu, bool enabled)
{
    uint32_t pstate = aarch64_pstate(cpu);

    aarch64_set_pstate(cpu, enabled ? pstate & ~PSTATE_I : pstate | PSTATE_I);
}

/* WFI may end without a reason. */
static bool wake(struct cpu *cpu)
{
    aarch64_end_wait(cpu);
    return false;
}

/* --- exceptions --- */
/* Exception classes (ESR_EL1.EC) and fault status codes (ISS.DFSC) that firmware can meet. */
static const char *class_name(unsigned class)
{
    switch (class) {
    case AARCH64_CLASS_UNKNOWN:
        return "undefined instruction";
    case AARCH64_CLASS_WFX:
        return "WFI or WFE trapped";
    case AARCH64_CLASS_FP_ACCESS:
        return "floating point is off";
    case AARCH64_CLASS_ILLEGAL_STATE:
        return "illegal execution state";
    case AARCH64_CLASS_SVC64:
        return "SVC";
    case AARCH64_CLASS_SYSTEM_REGISTER:
        return "system register trapped";
    case AARCH64_CLASS_INSTRUCTION_ABORT_LOWER:
    case AARCH64_CLASS_INSTRUCTION_ABORT:
        return "instruction abort";
    case AARCH64_CLASS_PC_ALIGNMENT:
        return "PC alignment";
    case AARCH64_CLASS_DATA_ABORT_LOWER:
    case AARCH64_CLASS_DATA_ABORT:
        return "data abort";
    case AARCH64_CLASS_SP_ALIGNMENT:
        return "SP alignment";
    case AARCH64_CLASS_FP64:
        return "floating-point exception";
    case AARCH64_CLASS_SERROR:
        return "SError";
    case AARCH64_CLASS_BREAKPOINT_LOWER:
    case AARCH64_CLASS_BREAKPOINT:
        return "breakpoint";
    case AARCH64_CLASS_STEP_LOWER:
    case AARCH64_CLASS_STEP:
        return "software step";
    case AARCH64_CLASS_WATCHPOINT_LOWER:
    case AARCH64_CLASS_WATCHPOINT:
        return "watchpoint";
    case AARCH64_CLASS_BRK64:
        return "BRK";
    default:
        return "reserved";
    }
}

static const char *fault_name(unsigned status)
{
    if (status == 0x21)
        return "alignment fault";
    if (status == 0x10)
        return "external abort";
    switch (status >> 2) {
    case 0:
        return "address size fault";
    case 1:
        return "translation fault";
    case 2:
        return "access flag fault";
    case 3:
        return "permission fault";
    default:
        return "fault";
    }
}

static char *describe_exception(struct uefi *uefi, struct cpu *cpu, unsigned vector, uint64_t *pc)
{
    struct aarch64_registers registers;
    GString *text = g_string_new(NULL);

    (void)uefi;
    aarch64_get_registers(cpu, &registers);
    unsigned class =
        vector % VECTOR_KINDS == VECTOR_SERROR ? AARCH64_CLASS_SERROR : aarch64_class_of(registers.esr_el1);
    bool abort = aarch64_class_is_abort(class);
    *pc = registers.elr_el1;
    g_string_append_printf(text, "0x%02x (%s", class, class_name(class));
    if (abort)
        g_string_append_printf(text, ", %s", fault_name(registers.esr_el1 & 0x3F));
    g_string_append_printf(text, ") with syndrome 0x%" PRIx64 " at 0x%" PRIx64, registers.esr_el1, *pc);
    if (abort || class == AARCH64_CLASS_PC_ALIGNMENT)
        g_string_append_printf(text, " on address 0x%" PRIx64, registers.far_el1);
    g_string_append_printf(text, ", sp 0x%" PRIx64 ", pstate 0x%" PRIx64, registers.sp, registers.spsr_el1);
    return g_string_free(text, FALSE);
}

const struct uefi_arch uefi_arch_aarch64 = {
    .pe_machine = PE_MACHINE_AARCH64,
    .name = "aarch64",
    .boot_file = "\\EFI\\BOOT\\BOOTAA64.EFI",
    .runtime_pages = 16, /* 64 KiB: an operating system's page may be as large */
    .exceptions = VECTORS,
    .write_stub = write_stub,
    .prepare = prepare,
    .enter = enter,
    .argument = argument,
    .set_result = set_result,
    .result = result,
    .set_pc = aarch64_set_pc,
    .after_hypercall = after_hypercall,
    .save = save,
    .restore = restore,
    .call = call,
    .interruptible = interruptible,
    .set_interrupts = set_interrupts,
    .wake = wake,
    .describe_exception = describe_exception,
};
