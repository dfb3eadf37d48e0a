/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks of page tables by the debugger: known tables, and arbitrary ones against the walk of the engine. */
#include "tests/debug/guest.h"

#include <string.h>

#define UPPER 0xffff800000000000ull

static void test_pages(gconstpointer arch)
{
    struct guest *guest = guest_new((enum cpu_arch)GPOINTER_TO_UINT(arch));
    uint64_t first = guest_page(guest), hole = guest_page(guest), second = guest_page(guest);
    struct space space;
    char buffer[16];
    uint64_t physical, value;
    uint16_t half;

    guest_map(guest, 0x7ff000, first, GUEST_USER | GUEST_WRITE);
    guest_map(guest, 0x800000, second, GUEST_USER);
    guest_map(guest, UPPER, hole, GUEST_EXECUTE);
    guest_space(guest, &space);
    g_assert_cmpuint(space.root, ==, guest->root);

    g_assert_true(space_translate(&space, 0x7ff123, &physical));
    g_assert_cmpuint(physical, ==, first + 0x123);
    g_assert_true(space_translate(&space, UPPER + 5, &physical));
    g_assert_cmpuint(physical, ==, hole + 5);
    g_assert_false(space_translate(&space, 0x801000, &physical));

    /* across a page boundary into a page elsewhere, through a read-only page too, to the end of what is mapped */
    g_assert_cmpuint(space_write(&space, 0x7ffffc, "0123456789", 8), ==, 8);
    memory_read(machine_memory(guest->machine), second, buffer, 4);
    g_assert_cmpmem(buffer, 4, "4567", 4);
    g_assert_true(space_read_u64(&space, 0x7ffffc, &value));
    g_assert_cmphex(value, ==, 0x3736353433323130);
    g_assert_true(space_read_u16(&space, 0x7fffff, &half));
    g_assert_cmphex(half, ==, 0x3433);
    g_assert_cmpuint(space_read(&space, 0x800ffa, buffer, 16), ==, 6);
    g_assert_false(space_read_u64(&space, 0x800ffc, &value));
    g_assert_cmpuint(space_write(&space, 0x800ffe, buffer, 16), ==, 2);
    guest_free(guest);
}

static void test_text(gconstpointer arch)
{
    struct guest *guest = guest_new((enum cpu_arch)GPOINTER_TO_UINT(arch));
    g_autofree char *text = NULL, *cut = NULL, *at_end = NULL;
    struct space space;

    guest_put(guest, 0x1000, "a\x01\xc3\xa4\xff\n", 7, GUEST_USER);
    guest_put(guest, 0x1ffc, "tail", 4, GUEST_USER);
    guest_space(guest, &space);
    text = space_read_text(&space, 0x1000, 100);
    g_assert_cmpstr(text, ==, "a\\x01\xc3\xa4\\xff\\x0a");
    cut = space_read_text(&space, 0x1ffc, 2);
    g_assert_cmpstr(cut, ==, "ta");
    at_end = space_read_text(&space, 0x1ffc, 100);
    g_assert_cmpstr(at_end, ==, "tail");
    g_assert_null(space_read_text(&space, 0x5000, 10));
    guest_free(guest);
}

static uint64_t device_read(void *opaque, uint64_t offset, unsigned size)
{
    ++*(uint64_t *)opaque;
    return 0;
}

static void device_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    ++*(uint64_t *)opaque;
}

static void test_devices_are_not_touched(gconstpointer arch)
{
    static const struct memory_region_ops ops = {.read = device_read, .write = device_write};
    struct guest *guest = guest_new((enum cpu_arch)GPOINTER_TO_UINT(arch));
    struct memory *memory = machine_memory(guest->machine);
    struct space space;
    struct space_walk walk;
    uint64_t value = 0, touched = 0;

    memory_add_io(memory, MEMORY_SPACE_PHYSICAL, "device", 0x10000000, 0x1000, 0, &ops, &touched);
    guest_map(guest, 0x1000, 0x10000000, GUEST_USER | GUEST_WRITE);
    guest_space(guest, &space);
    g_assert_cmpuint(space_read(&space, 0x1000, &value, 8), ==, 0);
    g_assert_cmpuint(space_write(&space, 0x1000, &value, 8), ==, 0);
    space_walk(&space, 0x1000, &walk);
    g_assert_true(walk.mapped);
    g_assert_cmphex(walk.physical, ==, 0x10000000);

    /* nor by a walk whose tables are said to stand there */
    space_of_root(guest->machine, guest->cpu, 0x10000000, &space);
    space_walk(&space, 0x1000, &walk);
    g_assert_false(walk.mapped);
    g_assert_cmpuint(walk.steps, ==, 1);
    g_assert_false(walk.step[0].readable);
    g_assert_nonnull(strstr(walk.why, "no RAM"));
    g_assert_cmpuint(touched, ==, 0);
    guest_free(guest);
}

static void test_walk_x86_64(void)
{
    struct guest *guest = guest_new(CPU_ARCH_X86_64);
    struct memory *memory = machine_memory(guest->machine);
    struct space space;
    struct space_walk walk;

    guest_map(guest, 0x1000, 0x5000, GUEST_USER | GUEST_EXECUTE);
    guest_space(guest, &space);
    space_walk(&space, 0x1008, &walk);
    g_assert_true(walk.mapped && walk.user && !walk.writable && walk.executable);
    g_assert_cmpuint(walk.steps, ==, 4);
    g_assert_cmpuint(walk.step[0].level, ==, 4);
    g_assert_cmphex(walk.step[0].entry_at, ==, guest->root);
    g_assert_true(walk.step[3].leaf);
    g_assert_cmphex(walk.physical, ==, 0x5008);
    g_assert_cmpstr(walk.why, ==, "");

    space_walk(&space, 0x2000, &walk);
    g_assert_cmpstr(walk.why, ==, "PTE is not present");
    space_walk(&space, 0x8000000000, &walk);
    g_assert_cmpstr(walk.why, ==, "PML4E is not present");
    space_walk(&space, 0x800000000000, &walk);
    g_assert_cmpstr(walk.why, ==, "the address is not canonical");

    /* a page of 1 GB, read-only by its PML4E; one of 2 MB with a reserved bit */
    memory_write64(memory, guest->root + 8, 0x9000 | 5);
    memory_write64(memory, 0x9000, 0x40000000 | 0x87);
    space_walk(&space, 0x8012345678, &walk);
    g_assert_cmphex(walk.physical, ==, 0x52345678);
    g_assert_cmpuint(walk.page_size, ==, 1u << 30);
    g_assert_true(walk.user && !walk.writable);
    memory_write64(memory, 0x9008, 0xa000 | 3);
    memory_write64(memory, 0xa000, 0x200000 | 0x2083);
    space_walk(&space, 0x8040000000, &walk);
    g_assert_cmpstr(walk.why, ==, "PDE has reserved bits set");
    memory_write64(memory, 0xa000, 0x200000 | 0x83);
    space_walk(&space, 0x8040000001, &walk);
    g_assert_cmphex(walk.physical, ==, 0x200001);
    g_assert_cmpuint(walk.page_size, ==, 2u << 20);
    g_assert_false(walk.user);
    guest_free(guest);
}

static void test_walk_aarch64(void)
{
    struct guest *guest = guest_new(CPU_ARCH_AARCH64);
    struct memory *memory = machine_memory(guest->machine);
    uint64_t page = guest_page(guest), table, entry;
    struct space space;
    struct space_walk walk;

    guest_map(guest, UPPER + 0x3000, page, GUEST_WRITE);
    guest_space(guest, &space);
    space_walk(&space, UPPER + 0x3010, &walk);
    g_assert_true(walk.mapped && !walk.user && walk.writable && !walk.executable);
    g_assert_cmpuint(walk.steps, ==, 4);
    g_assert_cmpuint(walk.step[3].level, ==, 3);
    g_assert_cmphex(walk.physical, ==, page + 0x10);
    space_walk(&space, UPPER + 0x4000, &walk);
    g_assert_cmpstr(walk.why, ==, "level 3 entry is not valid");
    space_walk(&space, 0x0001000000000000, &walk);
    g_assert_cmpstr(walk.why, ==, "the address is outside both halves: TCR_EL1.T0SZ leaves 48 bits");

    space_walk(&space, UPPER + 0x3000, &walk);
    table = walk.step[3].entry_at;
    entry = walk.step[3].entry;
    memory_write64(memory, table, entry & ~(1ull << 10));
    space_walk(&space, UPPER + 0x3000, &walk);
    g_assert_true(walk.mapped);
    g_assert_nonnull(strstr(walk.why, "access flag"));
    memory_write64(memory, table, entry & ~2ull);
    space_walk(&space, UPPER + 0x3000, &walk);
    g_assert_cmpstr(walk.why, ==, "level 3 entry is of the reserved kind");
    /* rights taken by the table above */
    memory_write64(memory, table, entry);
    memory_write64(memory, walk.step[2].entry_at, walk.step[2].entry | 1ull << 62);
    space_walk(&space, UPPER + 0x3000, &walk);
    g_assert_true(walk.mapped && !walk.writable);
    guest_free(guest);
}

/* Entries of which many lead somewhere. */
static uint64_t random_entry(struct guest *guest, GRand *random)
{
    uint64_t flags = (uint64_t)g_rand_int(random) << 32 | g_rand_int(random);
    uint64_t address = guest->ram + ((uint64_t)g_rand_int_range(random, 0, 256) << 12);
    uint64_t entry = address | (flags & (g_rand_boolean(random) ? 0x8000000000000f7full : 0xf87));

    entry |= g_rand_int_range(random, 0, 8) ? 1 : 0;
    if (guest->arch == CPU_ARCH_AARCH64) {
        entry |= g_rand_int_range(random, 0, 4) ? 3 : 0;
    }
    if (g_rand_int_range(random, 0, 32) == 0) {
        entry ^= 1ull << g_rand_int_range(random, 0, 64);
    }
    return entry;
}

static void fill_tables(struct guest *guest, GRand *random)
{
    uint64_t *entries = g_new(uint64_t, 256 * 512);

    for (unsigned i = 0; i < 256 * 512; i++) {
        entries[i] = random_entry(guest, random);
    }
    memory_write(machine_memory(guest->machine), guest->ram, entries, 256 * 512 * sizeof(*entries));
    g_free(entries);
}

static void random_mode_x86_64(struct guest *guest, GRand *random)
{
    struct x86_64_registers registers;
    unsigned kind = (unsigned)g_rand_int_range(random, 0, 8);

    guest->root = (uint64_t)g_rand_int_range(random, 0, 256) << 12;
    guest_load_roots(guest);
    x86_64_get_registers(guest->cpu, &registers);
    if (kind < 3) { /* no paging, 32-bit, PAE */
        registers.segment[X86_64_CS].attributes = 0xc09b;
        registers.cr0 = kind ? 0x80000011 : 0x11;
        registers.cr4 = kind == 2 ? 0x20 : g_rand_boolean(random) ? 0x10 : 0;
        registers.efer = g_rand_boolean(random) ? 0x800 : 0;
    } else if (kind == 3) {
        registers.efer = 0x501; /* no NXE */
    }
    x86_64_set_registers(guest->cpu, &registers);
}

static void random_mode_aarch64(struct guest *guest, GRand *random)
{
    static const unsigned char granules[] = {0, 1, 2}, upper_granules[] = {1, 2, 3};
    struct aarch64_registers registers;

    guest->root = guest->ram + ((uint64_t)g_rand_int_range(random, 0, 256) << 12);
    guest->kernel_root = guest->ram + ((uint64_t)g_rand_int_range(random, 0, 256) << 12);
    guest_load_roots(guest);
    aarch64_get_registers(guest->cpu, &registers);
    registers.tcr_el1 =
        (uint64_t)g_rand_int_range(random, 10, 45) | (uint64_t)g_rand_int_range(random, 10, 45) << 16 |
        (uint64_t)granules[g_rand_int_range(random, 0, 3)] << 14 |
        (uint64_t)upper_granules[g_rand_int_range(random, 0, 3)] << 30 |
        (uint64_t)g_rand_int_range(random, 0, 8) << 32 | (g_rand_int_range(random, 0, 16) ? 0 : 1u << 7) |
        (g_rand_int_range(random, 0, 16) ? 0 : 1u << 23) | (uint64_t)g_rand_int_range(random, 0, 4) << 37;
    if (g_rand_int_range(random, 0, 8) == 0) {
        registers.sctlr_el1 &= ~1ull;
    }
    aarch64_set_registers(guest->cpu, &registers);
}

static uint64_t random_address(GRand *random)
{
    uint64_t address = (uint64_t)g_rand_int(random) << 32 | g_rand_int(random);
    unsigned bits = (unsigned)g_rand_int_range(random, 20, 64);

    return (uint64_t)((int64_t)(address << bits) >> bits);
}

static bool is_64_bit(struct guest *guest)
{
    struct x86_64_registers registers;

    if (guest->arch == CPU_ARCH_AARCH64) {
        return true;
    }
    x86_64_get_registers(guest->cpu, &registers);
    return registers.efer & 0x400;
}

/* The same answer as the engine's own walk, whatever the tables say. */
static void test_against_the_engine(gconstpointer arch)
{
    struct guest *guest = guest_new((enum cpu_arch)GPOINTER_TO_UINT(arch));
    GRand *random = g_rand_new_with_seed(5);
    unsigned mapped = 0, unmapped = 0;

    for (unsigned round = 0; round < 300; round++) {
        struct space space;

        if (round % 20 == 0) {
            fill_tables(guest, random);
        }
        if (guest->arch == CPU_ARCH_X86_64) {
            random_mode_x86_64(guest, random);
        } else {
            random_mode_aarch64(guest, random);
        }
        guest_space(guest, &space);
        for (unsigned i = 0; i < 200; i++) {
            uint64_t address = random_address(random), physical = 0;
            struct space_walk walk;
            bool expected;

            if (!is_64_bit(guest)) {
                address = (uint32_t)address;
            }
            expected = cpu_translate(guest->cpu, address, &physical);
            space_walk(&space, address, &walk);
            g_assert_true((walk.mapped && !*walk.why) == expected);
            if (expected) {
                g_assert_cmphex(walk.physical, ==, physical);
            }
            *(expected ? &mapped : &unmapped) += 1;
        }
    }
    g_test_message("%u mapped, %u not", mapped, unmapped);
    g_assert_cmpuint(mapped, >, 5000);
    g_assert_cmpuint(unmapped, >, 5000);
    g_rand_free(random);
    guest_free(guest);
}

static void add(const char *name, GTestDataFunc test)
{
    g_autofree char *x86_64 = g_strdup_printf("/space/x86_64/%s", name);
    g_autofree char *aarch64 = g_strdup_printf("/space/aarch64/%s", name);

    g_test_add_data_func(x86_64, GUINT_TO_POINTER(CPU_ARCH_X86_64), test);
    g_test_add_data_func(aarch64, GUINT_TO_POINTER(CPU_ARCH_AARCH64), test);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("pages", test_pages);
    add("text", test_text);
    add("devices", test_devices_are_not_touched);
    add("engine", test_against_the_engine);
    g_test_add_func("/space/x86_64/walk", test_walk_x86_64);
    g_test_add_func("/space/aarch64/walk", test_walk_aarch64);
    return g_test_run();
}
