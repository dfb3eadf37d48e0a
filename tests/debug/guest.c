/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/debug/guest.h"

#define PAGE 4096u

static const unsigned char shifts[] = {39, 30, 21, 12};

uint64_t guest_page(struct guest *guest)
{
    uint64_t page = guest->free;

    guest->free += PAGE;
    g_assert_cmpuint(guest->free, <=, guest->ram + GUEST_RAM_SIZE);
    memory_set(machine_memory(guest->machine), page, 0, PAGE);
    return page;
}

static void load_x86_64(struct guest *guest)
{
    struct x86_64_registers registers;

    x86_64_get_registers(guest->cpu, &registers);
    registers.cr0 = 0x80010033;
    registers.cr4 = 0x6a0;
    registers.efer = 0xd01;
    registers.cr3 = guest->root;
    registers.segment[X86_64_CS] = (struct x86_64_segment){.selector = 8, .attributes = 0xa09b, .limit = UINT32_MAX};
    registers.segment[X86_64_SS] = (struct x86_64_segment){.selector = 16, .attributes = 0xc093, .limit = UINT32_MAX};
    x86_64_set_registers(guest->cpu, &registers);
}

static void load_aarch64(struct guest *guest)
{
    struct aarch64_registers registers;

    aarch64_get_registers(guest->cpu, &registers);
    registers.sctlr_el1 |= 1;
    registers.tcr_el1 = 16 | 16ull << 16 | 2ull << 30 | 5ull << 32;
    registers.ttbr0_el1 = guest->root;
    registers.ttbr1_el1 = guest->kernel_root;
    aarch64_set_registers(guest->cpu, &registers);
}

void guest_load_roots(struct guest *guest)
{
    if (guest->arch == CPU_ARCH_X86_64) {
        load_x86_64(guest);
    } else {
        load_aarch64(guest);
    }
}

struct guest *guest_new(enum cpu_arch arch)
{
    struct machine_config config = {.arch = arch, .cpu_model = "max", .cpus = 1};
    struct guest *guest = g_new0(struct guest, 1);
    GError *error = NULL;

    guest->arch = arch;
    guest->machine = machine_new(&config, &error);
    g_assert_no_error(error);
    guest->ram = arch == CPU_ARCH_AARCH64 ? 0x40000000 : 0;
    memory_add_ram(machine_memory(guest->machine), "ram", guest->ram, GUEST_RAM_SIZE, false, &error);
    g_assert_no_error(error);
    machine_reset(guest->machine);
    guest->cpu = machine_cpu(guest->machine, 0);
    guest->free = guest->ram + PAGE;
    guest->root = guest_page(guest);
    guest->kernel_root = arch == CPU_ARCH_AARCH64 ? guest_page(guest) : guest->root;
    guest_load_roots(guest);
    return guest;
}

void guest_free(struct guest *guest)
{
    machine_free(guest->machine);
    g_free(guest);
}

static uint64_t leaf_flags(enum cpu_arch arch, enum guest_flags flags)
{
    if (arch == CPU_ARCH_X86_64) {
        return 1 | ((flags & GUEST_WRITE) ? 2 : 0) | ((flags & GUEST_USER) ? 4 : 0) |
               ((flags & GUEST_EXECUTE) ? 0 : 1ull << 63);
    }
    return 3 | 1u << 10 | ((flags & GUEST_USER) ? 1u << 6 : 0) | ((flags & GUEST_WRITE) ? 0 : 1u << 7) |
           ((flags & GUEST_EXECUTE) && (flags & GUEST_USER) ? 1ull << 53 : 0) |
           ((flags & GUEST_EXECUTE) && !(flags & GUEST_USER) ? 1ull << 54 : 0) |
           ((flags & GUEST_EXECUTE) ? 0 : 3ull << 53);
}

void guest_map(struct guest *guest, uint64_t address, uint64_t physical, enum guest_flags flags)
{
    struct memory *memory = machine_memory(guest->machine);
    uint64_t table = address >> 63 ? guest->kernel_root : guest->root;

    for (unsigned level = 0; level < 3; level++) {
        uint64_t at = table + (address >> shifts[level] & 0x1ff) * 8;
        uint64_t entry = memory_read64(memory, at);

        if (!(entry & 1)) {
            entry = guest_page(guest) | (guest->arch == CPU_ARCH_X86_64 ? 7 : 3);
            memory_write64(memory, at, entry);
        }
        table = entry & 0x0000fffffffff000ull;
    }
    memory_write64(memory, table + (address >> 12 & 0x1ff) * 8, physical | leaf_flags(guest->arch, flags));
}

void guest_put(struct guest *guest, uint64_t address, const void *bytes, size_t length, enum guest_flags flags)
{
    struct space space;
    uint64_t physical;

    guest_space(guest, &space);
    for (uint64_t page = address & ~(uint64_t)(PAGE - 1); page < address + length; page += PAGE) {
        if (!space_translate(&space, page, &physical)) {
            guest_map(guest, page, guest_page(guest), flags);
        }
    }
    if (bytes) {
        g_assert_cmpuint(space_write(&space, address, bytes, length), ==, length);
    }
}

void guest_poke64(struct guest *guest, uint64_t address, uint64_t value)
{
    struct space space;

    guest_space(guest, &space);
    g_assert_cmpuint(space_write(&space, address, &value, sizeof(value)), ==, sizeof(value));
}

void guest_space(struct guest *guest, struct space *out)
{
    space_current(guest->machine, guest->cpu, out);
}
