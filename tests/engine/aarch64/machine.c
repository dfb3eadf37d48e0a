/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine.h"

#include <string.h>

#define UXN (1ull << 54)
#define PXN (1ull << 53)

/* SCTLR_EL1: MMU and caches on, WFI and WFE not trapped, SPAN; EL0 may do cache maintenance and DC ZVA. */
#define SCTLR 0x34d5d91du
/* TCR_EL1: 39-bit halves, 4 KB granules, 40-bit physical addresses, 16-bit ASID in TTBR0. */
#define TCR (25u | 25ull << 16 | 2ull << 30 | 2ull << 32 | 1ull << 36)
#define MAIR 0x00ffu

static void record(struct machine *machine, struct cpu *cpu, struct access access)
{
    access.instructions = cpu_instructions(cpu);
    access.pc = cpu_pc(cpu);
    g_array_append_val(machine->accesses, access);
    if (machine->at_access) {
        machine->at_access(machine, cpu, &access);
    }
}

static uint64_t mmio_read(void *opaque, struct cpu *cpu, uint64_t address, unsigned size)
{
    record(opaque, cpu, (struct access){.address = address, .size = size});
    return 0x1122334455667788u;
}

static void mmio_write(void *opaque, struct cpu *cpu, uint64_t address, unsigned size, uint64_t value)
{
    record(opaque, cpu, (struct access){.address = address, .size = size, .value = value, .write = true});
}

static enum cpu_register_access register_read(void *opaque, struct cpu *cpu, uint32_t id, uint64_t *value)
{
    struct machine *machine = opaque;

    record(machine, cpu, (struct access){.address = id});
    *value = machine->register_value;
    return id == AARCH64_SYSREG(3, 0, 12, 12, 5) ? CPU_REGISTER_DONE : CPU_REGISTER_FAULT;
}

static enum cpu_register_access register_write(void *opaque, struct cpu *cpu, uint32_t id, uint64_t value)
{
    struct machine *machine = opaque;

    record(machine, cpu, (struct access){.address = id, .value = value, .write = true});
    if (id == AARCH64_SYSREG(3, 0, 10, 2, 0)) { /* MAIR_EL1: the engine's */
        return CPU_REGISTER_DEFAULT;
    }
    machine->register_value = value;
    return id == AARCH64_SYSREG(3, 0, 12, 12, 5) ? CPU_REGISTER_DONE : CPU_REGISTER_FAULT;
}

static uint64_t counter(void *opaque, struct cpu *cpu)
{
    return ((struct machine *)opaque)->counter_base + cpu_instructions(cpu);
}

static uint64_t random_bits(void *opaque, struct cpu *cpu)
{
    struct machine *machine = opaque;

    (void)cpu;
    machine->seed = machine->seed * 6364136223846793005u + 1442695040888963407u;
    return machine->seed;
}

static bool hypercall(void *opaque, struct cpu *cpu, uint32_t immediate)
{
    struct machine *machine = opaque;

    if (machine->hypercall && machine->hypercall(machine, cpu, immediate)) {
        return true;
    }
    if (immediate == 1) {
        cpu_pause(cpu);
        return true;
    }
    return false;
}

static void timer_changed(void *opaque, struct cpu *cpu, unsigned timer)
{
    struct machine *machine = opaque;

    (void)cpu;
    machine->timer_changes[timer]++;
}

static bool semihosting(void *opaque, struct cpu *cpu, uint32_t immediate)
{
    struct machine *machine = opaque;

    (void)cpu;
    machine->semihosting = immediate;
    return immediate != 0xdead;
}

static void observe(void *opaque, struct cpu *cpu, const struct cpu_exception *exception)
{
    struct machine *machine = opaque;

    (void)cpu;
    if (machine->exception_count < G_N_ELEMENTS(machine->exceptions)) {
        machine->exceptions[machine->exception_count++] = *exception;
    }
}

uint64_t machine_read(const struct machine *machine, uint64_t address)
{
    uint64_t value;

    memcpy(&value, machine->ram + (address - RAM), 8);
    return value;
}

void machine_write(struct machine *machine, uint64_t address, uint64_t value)
{
    memcpy(machine->ram + (address - RAM), &value, 8);
    cpu_engine_memory_written(machine->engine, address, 8);
}

void machine_set_page(struct machine *machine, uint64_t page, uint64_t descriptor)
{
    machine_write(machine, TABLES + 0x2000 + (page - RAM) / 4096 * 8, descriptor);
}

static void make_page_tables(struct machine *machine)
{
    machine_write(machine, TABLES + 0 * 8, 0 | BLOCK_DEVICE | UXN | PXN);
    machine_write(machine, TABLES + 1 * 8, (TABLES + 0x1000) | 3);
    machine_write(machine, TABLES + 2 * 8, (TABLES + 0x3000) | 3);
    machine_write(machine, TABLES + 0x1000, (TABLES + 0x2000) | 3);
    for (unsigned i = 0; i < 512; i++) {
        machine_set_page(machine, RAM + i * 4096u, (RAM + i * 4096u) | PAGE_NORMAL | UXN);
    }
    for (unsigned i = 0; i < RAM_SIZE >> 21; i++) {
        uint64_t block = RAM + ((uint64_t)i << 21);

        if (i > 0) {
            machine_write(machine, TABLES + 0x1000 + i * 8, block | BLOCK_NORMAL | UXN);
        }
        machine_write(machine, TABLES + 0x3000 + i * 8, block | BLOCK_NORMAL | UXN | PXN);
    }
    machine_set_page(machine, USER_CODE, USER_CODE | PAGE_NORMAL | PAGE_USER | PAGE_READ_ONLY | PXN);
    machine_set_page(machine, USER_DATA, USER_DATA | PAGE_NORMAL | PAGE_USER | PAGE_NOT_GLOBAL | UXN | PXN);
    machine_set_page(machine, USER_STACK - 4096, (USER_STACK - 4096) | PAGE_NORMAL | PAGE_USER | UXN | PXN);
}

void machine_enter(struct machine *machine, unsigned index, uint64_t address)
{
    struct cpu *cpu = cpu_engine_cpu(machine->engine, index);
    struct aarch64_registers registers;

    if (index > 0) {
        cpu_start(cpu, address, 0);
    }
    aarch64_get_registers(cpu, &registers);
    registers.pstate = 0x3c5; /* EL1h, DAIF */
    registers.sp = STACK + index * 0x1000u;
    registers.sp_el0 = USER_STACK;
    registers.pc = address;
    registers.x[28] = LOG + index * 0x1000u;
    registers.sctlr_el1 = SCTLR;
    registers.tcr_el1 = TCR;
    registers.mair_el1 = MAIR;
    registers.ttbr0_el1 = TABLES | 1ull << 48;
    registers.ttbr1_el1 = TABLES;
    registers.vbar_el1 = CODE;
    registers.cpacr_el1 = 3u << 20;
    aarch64_set_registers(cpu, &registers);
}

static void load(struct machine *machine, const char *guest)
{
    g_autofree char *path = g_strdup_printf("%s/%s.bin", g_getenv("GUESTS") ? g_getenv("GUESTS") : ".", guest);
    g_autofree char *code = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;

    g_file_get_contents(path, &code, &size, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(CODE + size, <=, LOG);
    memcpy(machine->ram + (CODE - RAM), code, size);
    cpu_engine_memory_written(machine->engine, CODE, size);
}

struct machine *machine_new(const char *guest, const char *model, unsigned cpus, unsigned number)
{
    struct machine *machine = g_new0(struct machine, 1);
    struct cpu_callbacks callbacks = {
        .mmio_read = mmio_read,
        .mmio_write = mmio_write,
        .register_read = register_read,
        .register_write = register_write,
        .counter = counter,
        .random = random_bits,
        .hypercall = hypercall,
        .timer_changed = timer_changed,
        .semihosting = semihosting,
        .observe = observe,
    };
    g_autoptr(GError) error = NULL;

    machine->engine = cpu_engine_new(CPU_ARCH_AARCH64, model, cpus, &callbacks, machine, &error);
    g_assert_no_error(error);
    machine->cpu = cpu_engine_cpu(machine->engine, 0);
    machine->accesses = g_array_new(FALSE, FALSE, sizeof(struct access));
    machine->ram = g_aligned_alloc0(1, RAM_SIZE, 4096);
    cpu_engine_map(machine->engine, RAM, RAM_SIZE, machine->ram, false);
    make_page_tables(machine);
    load(machine, guest);
    machine_enter(machine, 0, CASE(number));
    return machine;
}

void machine_free(struct machine *machine)
{
    cpu_engine_free(machine->engine);
    g_array_free(machine->accesses, TRUE);
    g_aligned_free(machine->ram);
    g_free(machine);
}

enum cpu_stop machine_run(struct machine *machine)
{
    enum cpu_stop stop;

    do {
        stop = cpu_run(machine->cpu, 1000000000);
    } while (stop == CPU_STOP_YIELD);
    return stop;
}

char *machine_digest(struct machine *machine)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

    for (unsigned i = 0; cpu_engine_cpu(machine->engine, i); i++) {
        g_autoptr(GByteArray) state = g_byte_array_new();

        cpu_save(cpu_engine_cpu(machine->engine, i), state);
        g_checksum_update(checksum, state->data, state->len);
    }
    g_checksum_update(checksum, machine->ram, RAM_SIZE);
    return g_strdup(g_checksum_get_string(checksum));
}

const struct access *machine_access(const struct machine *machine, unsigned index)
{
    g_assert_cmpuint(index, <, machine->accesses->len);
    return &g_array_index(machine->accesses, struct access, index);
}

uint64_t machine_watched(const struct machine *machine)
{
    struct cpu_access access;

    g_assert_true(cpu_watchpoint_access(machine->cpu, 0, &access));
    return access.address;
}
