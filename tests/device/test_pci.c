/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions on a bus: configuration, BARs, DMA, assignment of resources, state. */
#include "tests/device/pci_rig.h"

static void test_header(void)
{
    struct board board;

    board_init(&board);
    g_assert_cmphex(cfg(&board, 0, 4), ==, 0x56781234);
    g_assert_cmphex(cfg(&board, PCI_REVISION_ID, 4), ==, 0xFF010203);
    g_assert_cmphex(cfg(&board, PCI_SUBSYSTEM_VENDOR_ID, 4), ==, 0x11001AF4);
    g_assert_cmphex(cfg(&board, PCI_HEADER_TYPE, 1), ==, 0);
    g_assert_cmphex(cfg(&board, PCI_INTERRUPT_PIN, 1), ==, 1);
    g_assert_cmphex(cfg(&board, PCI_STATUS, 2), ==, PCI_STATUS_CAPABILITIES);
    g_assert_cmphex(pci_config_read(board.bus, 0, PCI_DEVFN(2, 1), PCI_HEADER_TYPE, 1), ==, 0x80);

    cfg_write(&board, 0, 4, 0);
    g_assert_cmphex(cfg(&board, 0, 4), ==, 0x56781234);
    cfg_write(&board, PCI_COMMAND, 2, 0xFFFF);
    g_assert_cmphex(cfg(&board, PCI_COMMAND, 2), ==, 0x0547);
    g_assert_cmpuint(board.thing->config_writes, ==, 2);
    g_assert_cmphex(board.thing->last_offset, ==, PCI_COMMAND);
    cfg_write(&board, PCI_INTERRUPT_LINE, 1, 11);
    g_assert_cmphex(cfg(&board, PCI_INTERRUPT_LINE, 2), ==, 0x010B);

    /* An expansion ROM that is not there reads as zero after sizing. */
    cfg_write(&board, PCI_ROM_ADDRESS, 4, 0xFFFFF800);
    g_assert_cmphex(cfg(&board, PCI_ROM_ADDRESS, 4), ==, 0);

    /* Status bits are cleared by writing ones, and by nothing else. */
    board.thing->pci.config[PCI_STATUS + 1] |= 0xF8;
    cfg_write(&board, PCI_STATUS, 2, 0x0000);
    g_assert_cmphex(cfg(&board, PCI_STATUS, 2), ==, 0xF810);
    cfg_write(&board, PCI_STATUS, 2, 0x8010);
    g_assert_cmphex(cfg(&board, PCI_STATUS, 2), ==, 0x7810);
    machine_free(board.machine);
}

static void test_absent(void)
{
    struct board board;

    board_init(&board);
    g_assert_cmphex(pci_config_read(board.bus, 0, PCI_DEVFN(4, 0), 0, 4), ==, 0xFFFFFFFF);
    g_assert_cmphex(pci_config_read(board.bus, 0, PCI_DEVFN(3, 1), 0, 2), ==, 0xFFFF);
    g_assert_cmphex(pci_config_read(board.bus, 1, PCI_DEVFN(3, 0), 0, 4), ==, 0xFFFFFFFF);
    g_assert_cmphex(mem(&board, ECAM + (0x80 << 20)), ==, 0xFFFFFFFF);
    pci_config_write(board.bus, 1, PCI_DEVFN(3, 0), PCI_COMMAND, 2, 7);
    g_assert_cmphex(cfg(&board, PCI_COMMAND, 2), ==, 0);
    g_assert_true(pci_bus_function(board.bus, 0) == &board.other->pci);
    g_assert_true(pci_bus_function(board.bus, 1) == &board.thing->pci);
    g_assert_null(pci_bus_function(board.bus, 2));
    machine_free(board.machine);
}

static uint64_t reset_register_read(void *opaque, uint64_t offset, unsigned size)
{
    return *(uint8_t *)opaque;
}

static void reset_register_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    *(uint8_t *)opaque = (uint8_t)value;
}

static void test_ports(void)
{
    static const struct memory_region_ops ops = {reset_register_read, reset_register_write, 1, 1};
    uint8_t reset_register = 0x55;
    struct board board;

    board_init(&board);
    struct memory_region *region =
        memory_add_io(machine_memory(board.machine), MEMORY_SPACE_PORT, "reset", 0xCF9, 1, 1, &ops, &reset_register);

    g_assert_cmphex(in32(board.machine, 0xCFC), ==, 0xFFFFFFFF); /* not enabled */
    out32(board.machine, 0xCF8, 0x80001800 | 0x7F000003);
    g_assert_cmphex(in32(board.machine, 0xCF8), ==, 0x80001800);
    g_assert_cmphex(in32(board.machine, 0xCFC), ==, 0x56781234);
    g_assert_cmphex(in16(board.machine, 0xCFE), ==, 0x5678);
    g_assert_cmphex(in8(board.machine, 0xCFD), ==, 0x12);
    g_assert_cmphex(reset_register, ==, 0x55); /* the dword did not touch it */

    /* Byte accesses at CF8 are not the address register, CF9 is somebody else's. */
    out8(board.machine, 0xCF8, 0x12);
    out8(board.machine, 0xCF9, 0x06);
    out16(board.machine, 0xCFA, 0);
    g_assert_cmphex(reset_register, ==, 0x06);
    g_assert_cmphex(in8(board.machine, 0xCF9), ==, 0x06);
    g_assert_cmphex(in8(board.machine, 0xCF8), ==, 0xFF);
    g_assert_cmphex(in32(board.machine, 0xCF8), ==, 0x80001800);

    /* Byte enables: the third byte of the dword at 3C. */
    out32(board.machine, 0xCF8, 0x8000183C);
    out8(board.machine, 0xCFC, 0x0A);
    g_assert_cmphex(in32(board.machine, 0xCFC), ==, 0x0000010A);
    out32(board.machine, 0xCF8, 0x80001804);
    out8(board.machine, 0xCFD, 0x04);
    g_assert_cmphex(in16(board.machine, 0xCFC), ==, 0x0400);
    memory_region_remove(region);
    machine_free(board.machine);
}

static void test_bars(void)
{
    struct board board;

    board_init(&board);
    board.thing->value = 0x1000;
    for (unsigned i = 0; i < 6; i++)
        cfg_write(&board, PCI_BAR0 + 4 * i, 4, 0xFFFFFFFF);
    g_assert_cmphex(cfg(&board, PCI_BAR0, 4), ==, 0xFFFFFFE1);
    g_assert_cmphex(cfg(&board, PCI_BAR0 + 4, 4), ==, 0xFFFFF000);
    g_assert_cmphex(cfg(&board, PCI_BAR0 + 8, 4), ==, 0xFFFF000C);
    g_assert_cmphex(cfg(&board, PCI_BAR0 + 12, 4), ==, 0xFFFFFFFF);
    g_assert_cmphex(cfg(&board, PCI_BAR0 + 16, 4), ==, 0xFFFF0004);
    cfg_write(&board, PCI_COMMAND, 2, 3);
    g_assert_cmphex(pci_bar_address(&board.thing->pci, 0), ==, UINT64_MAX); /* sizes are no addresses */
    g_assert_cmphex(pci_bar_address(&board.thing->pci, 1), ==, UINT64_MAX);
    cfg_write(&board, PCI_COMMAND, 2, 0);
    cfg_write(&board, PCI_BAR0 + 8, 4, 0);

    cfg_write(&board, PCI_BAR0, 4, 0xC000);
    cfg_write(&board, PCI_BAR0 + 4, 4, 0xE0000000);
    g_assert_cmphex(mem(&board, 0xE0000010), ==, 0xFFFFFFFF); /* decoding is off */
    cfg_write(&board, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    g_assert_cmphex(mem(&board, 0xE0000010), ==, 0x1010);
    g_assert_cmphex(in32(board.machine, 0xC004), ==, 0xFFFFFFFF);
    cfg_write(&board, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
    g_assert_cmphex(in32(board.machine, 0xC004), ==, 0x1004);
    g_assert_cmphex(pci_bar_address(&board.thing->pci, 0), ==, 0xC000);

    /* Moved while decoding. */
    cfg_write(&board, PCI_BAR0 + 4, 4, 0xE1000000);
    g_assert_cmphex(mem(&board, 0xE0000010), ==, 0xFFFFFFFF);
    mem_write(&board, 0xE1000000, 0x2000);
    g_assert_cmphex(mem(&board, 0xE1000000), ==, 0x2000);

    /* 64 bits. */
    cfg_write(&board, PCI_BAR0 + 20, 4, 0x80);
    cfg_write(&board, PCI_BAR0 + 16, 4, 0x20000);
    g_assert_cmphex(pci_bar_address(&board.thing->pci, 4), ==, UINT64_C(0x8000020000));
    g_assert_cmphex(mem(&board, UINT64_C(0x8000020004)), ==, 0x2004);
    machine_reset(board.machine);
    g_assert_cmphex(cfg(&board, PCI_BAR0 + 16, 4), ==, 4);
    cfg_write(&board, PCI_COMMAND, 2, 3); /* zero is no address either */
    for (unsigned i = 0; i < 6; i++)
        g_assert_cmphex(pci_bar_address(&board.thing->pci, i), ==, UINT64_MAX);
    machine_free(board.machine);
}

static void test_ram_bar(void)
{
    struct board board;
    uint8_t byte = 0;

    board_init(&board);
    cfg_write(&board, PCI_BAR0 + 12, 4, 0);
    cfg_write(&board, PCI_BAR0 + 8, 4, 0xD0000000);
    cfg_write(&board, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    memory_write8(machine_memory(board.machine), 0xD0000123, 0x77);
    cfg_write(&board, PCI_BAR0 + 8, 4, 0xD1000000);
    g_assert_true(memory_read(machine_memory(board.machine), 0xD1000123, &byte, 1));
    g_assert_cmphex(byte, ==, 0x77);
    g_assert_false(memory_read(machine_memory(board.machine), 0xD0000123, &byte, 1));

    /* Over RAM it goes away, and RAM stays. */
    memory_write8(machine_memory(board.machine), 0x10123, 0x11);
    cfg_write(&board, PCI_BAR0 + 8, 4, 0x10000);
    g_assert_cmphex(pci_bar_address(&board.thing->pci, 2), ==, UINT64_MAX);
    g_assert_cmphex(memory_read8(machine_memory(board.machine), 0x10123), ==, 0x11);
    cfg_write(&board, PCI_BAR0 + 8, 4, 0xD0000000);
    g_assert_cmphex(memory_read8(machine_memory(board.machine), 0xD0000123), ==, 0x77);
    machine_free(board.machine);
}

static void test_express(void)
{
    struct board board;

    board_init(&board);
    unsigned cap = find_capability(&board, PCI_CAP_EXPRESS);
    g_assert_cmpuint(cap, ==, 0x40);
    g_assert_cmphex(cfg(&board, cap + 2, 2), ==, 0x0092);
    cfg_write(&board, cap + 8, 2, 0xFFFF);
    g_assert_cmphex(cfg(&board, cap + 8, 2), ==, 0x7FFF);
    g_assert_cmphex(cfg(&board, 0x100, 4), ==, 0); /* no extended capabilities */
    machine_free(board.machine);
}

static void test_dma(void)
{
    struct board board;
    uint32_t value = 0x12345678, back = 0;

    board_init(&board);
    g_assert_false(pci_dma_write(&board.thing->pci, 0x1000, &value, 4));
    g_assert_false(pci_dma_read(&board.thing->pci, 0x1000, &back, 4));
    g_assert_cmphex(back, ==, 0xFFFFFFFF);
    cfg_write(&board, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    g_assert_true(pci_dma_write(&board.thing->pci, 0x1000, &value, 4));
    g_assert_true(pci_dma_read(&board.thing->pci, 0x1000, &back, 4));
    g_assert_cmphex(back, ==, value);
    g_assert_false(pci_dma_read(&board.thing->pci, 0xF0000000, &back, 4));
    machine_free(board.machine);
}

static uint8_t interrupt_line(void *opaque, uint8_t devfn, unsigned pin)
{
    return (uint8_t)(8 + (devfn >> 3) + pin);
}

static void test_assign(void)
{
    struct board board;
    g_autoptr(GError) error = NULL;
    struct pci_windows windows = {.io_start = 0xC000,
                                  .io_end = 0xD000,
                                  .memory32_start = 0xC0000000,
                                  .memory32_end = 0xFE000000,
                                  .interrupt_line = interrupt_line};

    board_init(&board);
    g_assert_true(pci_assign_resources(board.bus, &windows, &error));
    g_assert_no_error(error);
    g_assert_cmphex(pci_bar_address(&board.other->pci, 5), ==, 0xC0000000); /* the largest first */
    g_assert_cmphex(pci_bar_address(&board.thing->pci, 2), ==, 0xC0100000);
    g_assert_cmphex(pci_bar_address(&board.thing->pci, 4), ==, 0xC0110000);
    g_assert_cmphex(pci_bar_address(&board.thing->pci, 1), ==, 0xC0120000);
    g_assert_cmphex(pci_bar_address(&board.thing->pci, 0), ==, 0xC000);
    g_assert_cmphex(cfg(&board, PCI_INTERRUPT_LINE, 1), ==, 12);
    g_assert_cmphex(cfg(&board, PCI_COMMAND, 2), ==, 3);
    g_assert_cmphex(mem(&board, 0xC0120000), ==, 0);

    /* What does not fit below goes above, if it has 64 bits. */
    machine_reset(board.machine);
    windows.memory32_end = 0xC0108000;
    windows.memory64_start = UINT64_C(0x8000000000);
    windows.memory64_end = UINT64_C(0x9000000000);
    g_assert_true(pci_assign_resources(board.bus, &windows, &error));
    g_assert_cmphex(pci_bar_address(&board.thing->pci, 2), ==, UINT64_C(0x8000000000));
    g_assert_cmphex(pci_bar_address(&board.thing->pci, 4), ==, UINT64_C(0x8000010000));
    g_assert_cmphex(pci_bar_address(&board.thing->pci, 1), ==, 0xC0100000);

    windows.memory32_end = 0xC0080000;
    g_assert_false(pci_assign_resources(board.bus, &windows, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "00:02.1"));
    g_assert_nonnull(strstr(error->message, "BAR 5"));
    machine_free(board.machine);
}

/* Everything that the guest can change, saved, restored into another machine, and working there. */
static void test_state(void)
{
    struct board board, copy;

    board_init(&board);
    board_init(&copy);
    enable_msix(&board);
    cfg_write(&board, PCI_BAR0 + 8, 4, 0xD0000000);
    memory_write8(machine_memory(board.machine), 0xD0000010, 0x99);
    mem_write(&board, 0xE0008000, MESSAGE_ADDRESS);
    mem_write(&board, 0xE0008008, 0x55);
    pci_msi_send(&board.thing->pci, 0); /* pending, since masked */
    pci_set_intx(&board.other->pci, true);
    out32(board.machine, 0xCF8, 0x80001800);

    test_copy_state(board.machine, copy.machine);
    g_assert_cmphex(machine_state_hash(board.machine), ==, machine_state_hash(copy.machine));
    g_assert_true(copy.line[3]);
    g_assert_cmphex(in32(copy.machine, 0xCFC), ==, 0x56781234);
    g_assert_cmphex(memory_read8(machine_memory(copy.machine), 0xD0000010), ==, 0x99);
    g_assert_cmphex(mem(&copy, 0xE000C000), ==, 1);
    mem_write(&copy, 0xE000800C, 0);
    g_assert_cmpuint(copy.messages, ==, 1);
    g_assert_cmphex(copy.message_data, ==, 0x55);
    g_assert_cmphex(machine_state_hash(board.machine), !=, machine_state_hash(copy.machine));
    machine_free(board.machine);
    machine_free(copy.machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/header", test_header);
    g_test_add_func("/pci/absent", test_absent);
    g_test_add_func("/pci/ports", test_ports);
    g_test_add_func("/pci/bars", test_bars);
    g_test_add_func("/pci/ram-bar", test_ram_bar);
    g_test_add_func("/pci/express", test_express);
    g_test_add_func("/pci/dma", test_dma);
    g_test_add_func("/pci/assign", test_assign);
    g_test_add_func("/pci/state", test_state);
    return g_test_run();
}
