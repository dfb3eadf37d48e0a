/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the UEFI shim prepares for an aarch64 CPU: page tables, vectors, stubs, the memory map's 64 KiB. */
#include "devices/serial/pl011.h"
#include "firmware/uefi/uefi_internal.h"
#include "tests/device/fixture.h"

#define RAM 0x40000000u
#define RAM_SIZE (1536ull << 20) /* a GiB and a half */
#define FRAMEBUFFER 0x9F000000u
#define FRAMEBUFFER_SIZE 0x1000000u
#define UART 0x09000000u
#define WINDOW32 0xB0000000u /* in the same GiB as the end of RAM */
#define WINDOW64 0x8000000000u
#define ECAM 0x4010000000u

#define BLOCK_WRITE_BACK 0x70Du /* block, attribute 3, inner shareable, accessed */
#define BLOCK_DEVICE (0x401u | 3ull << 53)
#define BLOCK_FLAGS (0xFFFu | 3ull << 53)

struct subject {
    struct machine *machine;
    struct uefi *uefi;
    GString *serial;
};

static void start(struct subject *subject)
{
    const struct machine_config machine = {
        .arch = CPU_ARCH_AARCH64, .cpus = 1, .picoseconds_per_instruction = 1000, .without_cpu = true};
    const struct uefi_range ranges[] = {
        {.address = 0, .size = RAM, .type = EFI_MEMORY_MAPPED_IO},
        {.address = FRAMEBUFFER, .size = FRAMEBUFFER_SIZE, .type = EFI_RESERVED_MEMORY_TYPE},
        {.address = ECAM, .size = 0x10000000, .type = EFI_MEMORY_MAPPED_IO}};
    struct uefi_config config = {.serial = {UEFI_UART_PL011, MEMORY_SPACE_PHYSICAL, UART},
                                 .pci_windows = {.memory32_start = WINDOW32,
                                                 .memory32_end = WINDOW32 + 0x200000,
                                                 .memory64_start = WINDOW64,
                                                 .memory64_end = 2 * WINDOW64},
                                 .ranges = ranges,
                                 .range_count = G_N_ELEMENTS(ranges)};
    g_autoptr(GError) error = NULL;

    config.machine = subject->machine = machine_new(&machine, &error);
    g_assert_no_error(error);
    subject->serial = g_string_new(NULL);
    machine_set_note_handler(subject->machine, test_ignore_note, NULL);
    g_assert_true(memory_add_ram(machine_memory(subject->machine), "ram", RAM, RAM_SIZE, false, &error));
    pl011_new(subject->machine,
              &(struct pl011_config){.id = "uart0", .address = UART, .output = test_sink(subject->serial)});
    subject->uefi = uefi_new(&config, &error);
    g_assert_no_error(error);
    machine_reset(subject->machine);
    uefi_reset(subject->uefi);
}

static void stop(struct subject *subject)
{
    machine_free(subject->machine);
    g_string_free(subject->serial, TRUE);
}

/* The descriptor that translates @address, as a CPU would walk; *@size what it covers. 0: nothing there. */
static uint64_t walk(struct subject *subject, uint64_t address, uint64_t *size)
{
    uint64_t table = subject->uefi->arch_data[0];

    for (unsigned shift = 39;; shift -= 9) {
        uint64_t entry = memory_read64(machine_memory(subject->machine), table + (address >> shift & 511) * 8);
        *size = 1ull << shift;
        if (!(entry & 1))
            return 0;
        if (!(entry & 2))
            return entry;
        g_assert_cmpuint(shift, >, 12);
        table = entry & 0xFFFFFFFFF000u;
    }
}

static void assert_mapped(struct subject *subject, uint64_t address, uint64_t flags)
{
    uint64_t size, entry = walk(subject, address, &size);

    g_assert_cmphex(entry & BLOCK_FLAGS, ==, flags);
    g_assert_cmphex(entry & 0xFFFFFFFFF000u & ~BLOCK_FLAGS, ==, address & ~(size - 1));
}

static void test_page_tables(void)
{
    static const uint64_t nowhere[] = {RAM + RAM_SIZE,     WINDOW32 + 0x200000, 0x100000000u,
                                       ECAM - 0x40000000u, 2 * WINDOW64,        1ull << 47};
    struct subject subject;
    uint64_t size;

    start(&subject);
    assert_mapped(&subject, UART, BLOCK_DEVICE);
    assert_mapped(&subject, RAM, BLOCK_WRITE_BACK);
    assert_mapped(&subject, RAM + RAM_SIZE - 1, BLOCK_WRITE_BACK);
    assert_mapped(&subject, FRAMEBUFFER, BLOCK_WRITE_BACK);
    assert_mapped(&subject, ECAM, BLOCK_DEVICE);
    assert_mapped(&subject, WINDOW32, BLOCK_DEVICE);
    assert_mapped(&subject, WINDOW64, BLOCK_DEVICE);
    assert_mapped(&subject, 2 * WINDOW64 - 1, BLOCK_DEVICE);
    for (unsigned i = 0; i < G_N_ELEMENTS(nowhere); i++)
        g_assert_cmphex(walk(&subject, nowhere[i], &size), ==, 0);
    stop(&subject);
}

/* Where a chain of branches from @address leads. */
static uint64_t follow(struct subject *subject, uint64_t address)
{
    uint32_t instruction = memory_read32(machine_memory(subject->machine), address);

    g_assert_cmphex(instruction >> 26, ==, 5); /* B */
    return address + (uint64_t)((int64_t)((uint64_t)instruction << 38) >> 36);
}

static void test_stubs(void)
{
    struct subject subject;
    uint64_t stub;

    start(&subject);
    stub = memory_read64(machine_memory(subject.machine), subject.uefi->boot_services + 24);            /* RaiseTPL */
    g_assert_cmphex(memory_read32(machine_memory(subject.machine), stub) & 0xFFE0001F, ==, 0xD4000002); /* HVC */
    g_assert_cmphex(memory_read32(machine_memory(subject.machine), stub) & 0x1FFFE0, !=, 0);            /* not PSCI's */
    g_assert_cmphex(memory_read32(machine_memory(subject.machine), stub + 4), ==, 0xD65F03C0);          /* RET */
    stop(&subject);
}

/* The vectors are written when a CPU is entered. */
static void test_vectors(void)
{
    struct subject subject;

    start(&subject);
    uint64_t vectors = subject.uefi->arch_data[1];
    g_assert_cmphex(vectors % 2048, ==, 0);
    uefi_aarch64_build_vectors(subject.uefi);
    for (unsigned i = 0; i < 16; i++) {
        bool interrupt = i % 4 == 1 || i % 4 == 2;
        g_assert_cmphex(follow(&subject, vectors + i * 128 + (interrupt ? 20 : 0)), ==,
                        uefi_exception_stub(subject.uefi, interrupt ? 16 : i));
    }
    stop(&subject);
}

/* Types that an operating system maps by itself lie on 64 KiB, also after allocations of the guest. */
static void test_granularity(void)
{
    struct subject subject;
    unsigned checked = 0;

    start(&subject);
    g_assert_cmpuint(uefi_pages_new(subject.uefi, EFI_RUNTIME_SERVICES_DATA, 1, 0), !=, 0);
    g_assert_cmpuint(uefi_pages_new(subject.uefi, EFI_ACPI_MEMORY_NVS, 3, 0), !=, 0);
    for (unsigned i = 0; i < memory_map_count(subject.uefi->map); i++) {
        const struct memory_map_entry *entry = memory_map_entry(subject.uefi->map, i);
        if (entry->type != EFI_RUNTIME_SERVICES_CODE && entry->type != EFI_RUNTIME_SERVICES_DATA &&
            entry->type != EFI_RESERVED_MEMORY_TYPE && entry->type != EFI_ACPI_MEMORY_NVS)
            continue;
        g_assert_cmphex(entry->start % 0x10000, ==, 0);
        g_assert_cmphex(entry->pages % 16, ==, 0);
        checked++;
    }
    g_assert_cmpuint(checked, >=, 4);
    stop(&subject);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uefi-aarch64/page-tables", test_page_tables);
    g_test_add_func("/uefi-aarch64/stubs", test_stubs);
    g_test_add_func("/uefi-aarch64/vectors", test_vectors);
    g_test_add_func("/uefi-aarch64/granularity", test_granularity);
    return g_test_run();
}
