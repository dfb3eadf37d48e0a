/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine.h"

#include <string.h>

#define PRESENT 1u
#define WRITABLE 2u
#define USER 4u
#define LARGE 0x80u
#define NO_EXECUTE (1ull << 63)

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

static uint32_t port_read(void *opaque, struct cpu *cpu, uint16_t port, unsigned size)
{
    record(opaque, cpu, (struct access){.address = port, .size = size, .port = true});
    return 0x5a5a5a5a;
}

static void port_write(void *opaque, struct cpu *cpu, uint16_t port, unsigned size, uint32_t value)
{
    struct machine *machine = opaque;

    record(machine, cpu, (struct access){.address = port, .size = size, .value = value, .write = true, .port = true});
    if (port == 0xf4) {
        cpu_pause(cpu);
    }
}

static int acknowledge(void *opaque, struct cpu *cpu)
{
    struct machine *machine = opaque;
    int vector = machine->vector;

    machine->vector = -1;
    cpu_set_line(cpu, CPU_LINE_IRQ, false);
    return vector;
}

static uint8_t priority_read(void *opaque, struct cpu *cpu)
{
    (void)cpu;
    return ((struct machine *)opaque)->priority;
}

static void priority_write(void *opaque, struct cpu *cpu, uint8_t priority)
{
    (void)cpu;
    ((struct machine *)opaque)->priority = priority;
}

static enum cpu_register_access register_read(void *opaque, struct cpu *cpu, uint32_t id, uint64_t *value)
{
    (void)opaque;
    *value = cpu_instructions(cpu);
    return id == 0x4b564d01 ? CPU_REGISTER_DONE : CPU_REGISTER_DEFAULT;
}

static enum cpu_register_access register_write(void *opaque, struct cpu *cpu, uint32_t id, uint64_t value)
{
    (void)opaque;
    (void)cpu;
    (void)value;
    return id == 0x4b564d01 ? CPU_REGISTER_DONE : CPU_REGISTER_DEFAULT;
}

static uint64_t counter(void *opaque, struct cpu *cpu)
{
    (void)opaque;
    return cpu_instructions(cpu) * 3;
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

    (void)immediate;
    return machine->hypercall && machine->hypercall(machine, cpu);
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

    memcpy(&value, machine->ram + address, 8);
    return value;
}

void machine_write(struct machine *machine, uint64_t address, uint64_t value)
{
    memcpy(machine->ram + address, &value, 8);
    cpu_engine_memory_written(machine->engine, address, 8);
}

static void make_page_tables(struct machine *machine)
{
    uint64_t directory = PAGE_TABLES + 0x2000;
    uint64_t high = 0x5000; /* a directory for the last GB below 4 GB */

    machine_write(machine, PAGE_TABLES, (PAGE_TABLES + 0x1000) | PRESENT | WRITABLE | USER);
    machine_write(machine, PAGE_TABLES + 0x1000, directory | PRESENT | WRITABLE | USER);
    machine_write(machine, PAGE_TABLES + 0x1000 + 8, (0x8000u + 0x11000) | PRESENT | WRITABLE | USER);
    machine_write(machine, PAGE_TABLES + 0x1000 + 3 * 8, high | PRESENT | WRITABLE | USER);
    machine_write(machine, directory, PAGE_TABLE | PRESENT | WRITABLE | USER);
    for (unsigned i = 0; i < 512; i++) {
        machine_write(machine, PAGE_TABLE + i * 8, (uint64_t)i << 12 | PRESENT | WRITABLE | USER);
    }
    for (unsigned i = 1; i < RAM_SIZE >> 21; i++) {
        machine_write(machine, directory + i * 8, (uint64_t)i << 21 | PRESENT | WRITABLE | USER | LARGE);
    }
    for (unsigned i = 0; i < RAM_SIZE >> 21; i++) {
        machine_write(machine, 0x19000 + i * 8, (uint64_t)i << 21 | PRESENT | WRITABLE | USER | LARGE | NO_EXECUTE);
    }
    for (unsigned i = 0; i < 512; i++) {
        machine_write(machine, high + i * 8, 0xc0000000u + ((uint64_t)i << 21) + (PRESENT | WRITABLE | LARGE));
    }
}

static void make_descriptors(struct machine *machine)
{
    machine_write(machine, GDT + 0x00, 0);
    machine_write(machine, GDT + 0x08, 0x00af9b000000ffff); /* kernel code */
    machine_write(machine, GDT + 0x10, 0x00cf93000000ffff); /* kernel data */
    machine_write(machine, GDT + 0x18, 0x00cff3000000ffff); /* user data */
    machine_write(machine, GDT + 0x20, 0x00affb000000ffff); /* user code */
    /* TSS: RSP0; the I/O bitmap starts at 104, all ports denied. */
    machine_write(machine, TSS + 4, STACK + 0x8000);
    machine_write(machine, TSS + 100, (uint64_t)104 << 16);
    memset(machine->ram + TSS + 104, 0xff, 8193);
    cpu_engine_memory_written(machine->engine, TSS, 104 + 8193);
}

void machine_gate(struct machine *machine, unsigned vector, uint64_t address)
{
    uint64_t low =
        (address & 0xffff) | (uint64_t)KERNEL_CS << 16 | (uint64_t)0xee00 << 32 | (address >> 16 & 0xffff) << 48;

    machine_write(machine, IDT + vector * 16, low);
    machine_write(machine, IDT + vector * 16 + 8, address >> 32);
}

void machine_enter(struct machine *machine, unsigned index, uint64_t address)
{
    struct cpu *cpu = cpu_engine_cpu(machine->engine, index);
    struct x86_64_registers registers;

    x86_64_get_registers(cpu, &registers);
    memset(registers.gpr, 0, sizeof(registers.gpr));
    registers.gpr[X86_64_RSP] = STACK + index * 0x10000u;
    registers.rip = address;
    registers.rflags = 2;
    for (unsigned i = 0; i <= X86_64_GS; i++) {
        registers.segment[i] = (struct x86_64_segment){KERNEL_SS, 0xc093, 0xffffffff, 0};
    }
    registers.segment[X86_64_CS] = (struct x86_64_segment){KERNEL_CS, 0xa09b, 0xffffffff, 0};
    registers.segment[X86_64_TR] = (struct x86_64_segment){0x28, 0x008b, 104 + 8192, TSS};
    registers.gdt_base = GDT;
    registers.gdt_limit = 0x37;
    registers.idt_base = IDT;
    registers.idt_limit = 0xfff;
    registers.cr0 = 0x80010033;
    registers.cr3 = PAGE_TABLES;
    registers.cr4 = 0x6a0;
    registers.efer = 0xd01;
    x86_64_set_registers(cpu, &registers);
    if (index > 0) {
        cpu_start(cpu, 0, 0);
        x86_64_set_registers(cpu, &registers);
    }
}

void machine_load(struct machine *machine, uint64_t address, const char *guest)
{
    g_autofree char *path = g_strdup_printf("%s/%s.bin", g_getenv("GUESTS") ? g_getenv("GUESTS") : ".", guest);
    g_autofree char *code = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;

    g_file_get_contents(path, &code, &size, &error);
    g_assert_no_error(error);
    memcpy(machine->ram + address, code, size);
    cpu_engine_memory_written(machine->engine, address, size);
}

void machine_make_tables(struct machine *machine)
{
    make_page_tables(machine);
    make_descriptors(machine);
}

struct machine *machine_new(const char *guest, unsigned cpus)
{
    struct machine *machine = g_new0(struct machine, 1);
    struct cpu_callbacks callbacks = {
        .mmio_read = mmio_read,
        .mmio_write = mmio_write,
        .port_read = port_read,
        .port_write = port_write,
        .interrupt_acknowledge = acknowledge,
        .task_priority_read = priority_read,
        .task_priority_write = priority_write,
        .register_read = register_read,
        .register_write = register_write,
        .counter = counter,
        .random = random_bits,
        .hypercall = hypercall,
        .observe = observe,
    };
    g_autoptr(GError) error = NULL;

    machine->engine = cpu_engine_new(CPU_ARCH_X86_64, "max", cpus, &callbacks, machine, &error);
    g_assert_no_error(error);
    machine->cpu = cpu_engine_cpu(machine->engine, 0);
    machine->accesses = g_array_new(FALSE, FALSE, sizeof(struct access));
    machine->vector = -1;
    machine->ram = g_aligned_alloc0(1, RAM_SIZE, 4096);
    cpu_engine_map(machine->engine, 0, RAM_SIZE, machine->ram, false);
    machine_make_tables(machine);
    if (guest) {
        machine_load(machine, CODE, guest);
    }
    machine_enter(machine, 0, CODE);
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
    return cpu_run(machine->cpu, 1000000000);
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
