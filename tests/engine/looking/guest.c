/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#include <string.h>

#define X86_GDT 0x6000
#define X86_TSS 0x7000
#define X86_IDT 0xe000
#define X86_MMIO 0xf0000000u
#define ARM_RAM 0x40000000u
#define ARM_MMIO 0x09000000u
#define STACK 0x80000

static void put(struct guest *guest, uint64_t offset, uint64_t value)
{
    memory_write64(machine_memory(guest->machine), guest->ram + offset, value);
}

static uint64_t device_read(void *opaque, uint64_t offset, unsigned size)
{
    struct guest *guest = opaque;

    (void)size;
    if (offset == 0)
        cpu_set_line(machine_cpu(guest->machine, 0), CPU_LINE_IRQ, false);
    return 0;
}

static void device_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct guest *guest = opaque;

    (void)size;
    (void)value;
    if (offset == 16)
        machine_power_off(guest->machine);
}

static const struct memory_region_ops device_ops = {.read = device_read, .write = device_write, .max_size = 8};

static void fire(void *opaque)
{
    struct guest *guest = opaque;

    guest->interrupts++;
    cpu_set_line(machine_cpu(guest->machine, 0), CPU_LINE_IRQ, true);
    clock_timer_set(guest->timer, machine_now(guest->machine) + guest->period);
}

static int acknowledge(void *opaque, struct cpu *cpu)
{
    (void)opaque;
    cpu_set_line(cpu, CPU_LINE_IRQ, false);
    return 0x20;
}

static const struct machine_board_hooks hooks = {.interrupt_acknowledge = acknowledge};

static void load(struct guest *guest, const char *name)
{
    g_autofree char *path = g_strdup_printf("%s/%s.bin", g_getenv("GUESTS") ? g_getenv("GUESTS") : ".", name);
    g_autofree char *code = NULL;
    g_autoptr(GError) error = NULL;
    struct memory *memory = machine_memory(guest->machine);
    gsize size;

    g_file_get_contents(path, &code, &size, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(size, ==, 0x4000);
    memory_write(memory, guest->ram + GUEST_CODE, code, 0x1000);
    memory_write(memory, guest->ram + GUEST_SHARED, code + 0x1000, 0x1000);
    memory_write(memory, guest->ram + GUEST_OTHER, code + 0x2000, 0x1000);
    memory_write(memory, guest->ram + GUEST_USER, code + 0x3000, 0x1000);
}

/* 4-level tables at @root: 2 MB pages for RAM, its alias and the device. */
static void x86_tables(struct guest *guest, uint64_t root, uint64_t shared)
{
    const uint64_t present = 7, large = 0x80;

    put(guest, root, (root + 0x1000) | present);
    put(guest, root + 0x1000, (root + 0x2000) | present);
    put(guest, root + 0x1000 + 8, (root + 0x3000) | present);
    put(guest, root + 0x1000 + 24, (root + 0x4000) | present);
    for (uint64_t i = 0; i < GUEST_RAM >> 21; i++) {
        put(guest, root + 0x2000 + i * 8, (i == GUEST_SHARED >> 21 ? shared : i << 21) | present | large);
        put(guest, root + 0x3000 + i * 8, i << 21 | present | large);
    }
    put(guest, root + 0x4000 + (X86_MMIO >> 21 & 511) * 8, X86_MMIO | present | large);
}

static void x86_gate(struct guest *guest, unsigned vector, uint64_t address)
{
    put(guest, X86_IDT + vector * 16, (address & 0xffff) | 8 << 16 | (uint64_t)0xee00 << 32 | (address >> 16) << 48);
    put(guest, X86_IDT + vector * 16 + 8, 0);
}

static void x86_start(struct guest *guest)
{
    struct cpu *cpu = machine_cpu(guest->machine, 0);
    struct x86_64_registers r;

    x86_tables(guest, GUEST_SPACE_A, GUEST_SHARED);
    x86_tables(guest, GUEST_SPACE_B, GUEST_OTHER);
    put(guest, X86_GDT + 0x08, 0x00af9b000000ffff);
    put(guest, X86_GDT + 0x10, 0x00cf93000000ffff);
    put(guest, X86_GDT + 0x18, 0x00cff3000000ffff);
    put(guest, X86_GDT + 0x20, 0x00affb000000ffff);
    put(guest, X86_TSS + 4, 0x90000);
    x86_gate(guest, 6, GUEST_CODE + 0x600);
    x86_gate(guest, 0x80, GUEST_CODE + 0x640);
    x86_gate(guest, 0x81, GUEST_CODE + 0x680);
    x86_gate(guest, 0x20, GUEST_CODE + 0x6c0);
    x86_64_get_registers(cpu, &r);
    r.gpr[X86_64_RSP] = STACK;
    r.rip = GUEST_CODE;
    r.rflags = 2;
    for (unsigned i = 0; i <= X86_64_GS; i++)
        r.segment[i] = (struct x86_64_segment){0x10, 0xc093, 0xffffffff, 0};
    r.segment[X86_64_CS] = (struct x86_64_segment){8, 0xa09b, 0xffffffff, 0};
    r.segment[X86_64_TR] = (struct x86_64_segment){0x28, 0x008b, 103, X86_TSS};
    r.gdt_base = X86_GDT;
    r.gdt_limit = 0x37;
    r.idt_base = X86_IDT;
    r.idt_limit = 0xfff;
    r.cr0 = 0x80010033;
    r.cr3 = GUEST_SPACE_A;
    r.cr4 = 0x6a0;
    r.efer = 0xd01;
    x86_64_set_registers(cpu, &r);
}

/* Arm ARM D5.3: 4 KB granule, 39 bits: level 1 at @root, then level 2 of 2 MB blocks. */
static void arm_tables(struct guest *guest, uint64_t root, uint64_t shared)
{
    const uint64_t normal = 0x701, device = 0x605, user = 0x40, table = 3, base = guest->ram;

    put(guest, root, (base + root + 0x3000) | table);
    put(guest, root + 8, (base + root + 0x1000) | table);
    put(guest, root + 16, (base + root + 0x2000) | table);
    for (uint64_t i = 0; i < GUEST_RAM >> 21; i++) {
        uint64_t to = base + (i == GUEST_SHARED >> 21 ? shared : i << 21);
        put(guest, root + 0x1000 + i * 8, to | normal | (i == GUEST_USER >> 21 ? user : 0));
        put(guest, root + 0x2000 + i * 8, (base + (i << 21)) | normal);
    }
    put(guest, root + 0x3000 + (ARM_MMIO >> 21) * 8, ARM_MMIO | device);
}

static void arm_start(struct guest *guest)
{
    struct cpu *cpu = machine_cpu(guest->machine, 0);
    struct aarch64_registers r;

    arm_tables(guest, GUEST_SPACE_A, GUEST_SHARED);
    arm_tables(guest, GUEST_SPACE_B, GUEST_OTHER);
    aarch64_get_registers(cpu, &r);
    r.pc = guest->ram + GUEST_CODE;
    r.sp = guest->ram + STACK;
    r.pstate = 0x3c5;
    r.tcr_el1 = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(2) << 32; /* T0SZ, cacheable, shareable, EPD1 */
    r.mair_el1 = 0x00ff;
    r.ttbr0_el1 = guest->ram + GUEST_SPACE_A;
    r.sctlr_el1 = 0x30d0198d | 1 << 26 | 1 << 14; /* M, C, I; UCI, DZE */
    aarch64_set_registers(cpu, &r);
}

struct guest *guest_new(enum cpu_arch arch)
{
    struct guest *guest = g_new0(struct guest, 1);
    struct machine_config config = {.arch = arch, .cpu_model = "max", .cpus = 1};
    g_autoptr(GError) error = NULL;

    guest->machine = machine_new(&config, &error);
    g_assert_no_error(error);
    guest->ram = arch == CPU_ARCH_X86_64 ? 0 : ARM_RAM;
    guest->mmio = arch == CPU_ARCH_X86_64 ? X86_MMIO : ARM_MMIO;
    guest->period = 1103;
    struct memory *memory = machine_memory(guest->machine);
    memory_add_ram(memory, "ram", guest->ram, GUEST_RAM, false, &error);
    g_assert_no_error(error);
    memory_add_io(memory, MEMORY_SPACE_PHYSICAL, "device", guest->mmio, 0x1000, 0, &device_ops, guest);
    memory_add_io(memory, MEMORY_SPACE_PORT, "port", 0x10, 4, 0, &device_ops, guest);
    machine_set_board(guest->machine, &hooks, guest);
    guest->timer = clock_timer_new(machine_clock(guest->machine), "timer", fire, guest);
    machine_reset(guest->machine);
    clock_timer_set(guest->timer, guest->period);
    load(guest, arch == CPU_ARCH_X86_64 ? "looking-x86_64" : "looking-aarch64");
    if (arch == CPU_ARCH_X86_64)
        x86_start(guest);
    else
        arm_start(guest);
    return guest;
}

void guest_free(struct guest *guest)
{
    clock_timer_free(guest->timer);
    machine_free(guest->machine);
    g_free(guest);
}

static uint64_t counter(struct guest *guest, enum x86_64_gpr x86, unsigned arm)
{
    struct cpu *cpu = machine_cpu(guest->machine, 0);

    return cpu_architecture(cpu) == CPU_ARCH_X86_64 ? x86_64_gpr(cpu, x86) : aarch64_x(cpu, arm);
}

uint64_t guest_rounds_left(struct guest *guest)
{
    return counter(guest, X86_64_R15, 20);
}

uint64_t guest_calls(struct guest *guest, bool b)
{
    return b ? counter(guest, X86_64_R9, 23) : counter(guest, X86_64_R8, 22);
}

uint64_t guest_sum(struct guest *guest)
{
    return counter(guest, X86_64_R13, 21);
}
