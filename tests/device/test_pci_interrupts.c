/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts of functions: INTx, MSI, MSI-X. */
#include "tests/device/pci_rig.h"

static void test_intx(void)
{
    struct board board;

    /* Device 3 INTA and device 2 INTB share line 3. */
    board_init(&board);
    pci_set_intx(&board.thing->pci, true);
    g_assert_true(board.line[3]);
    g_assert_cmphex(cfg(&board, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, !=, 0);
    pci_set_intx(&board.other->pci, true);
    pci_set_intx(&board.thing->pci, false);
    g_assert_true(board.line[3]);
    g_assert_cmphex(cfg(&board, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, ==, 0);
    pci_set_intx(&board.other->pci, false);
    g_assert_false(board.line[3]);
    g_assert_cmpuint(board.edges[3], ==, 1);

    /* INTx Disable silences the pin, not the status. */
    pci_set_intx(&board.thing->pci, true);
    cfg_write(&board, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
    g_assert_false(board.line[3]);
    g_assert_cmphex(cfg(&board, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, !=, 0);
    cfg_write(&board, PCI_COMMAND, 2, 0);
    g_assert_true(board.line[3]);

    /* So do messages. */
    unsigned msi = find_capability(&board, PCI_CAP_MSI);
    cfg_write(&board, msi + PCI_MSI_CONTROL, 2, PCI_MSI_CONTROL_ENABLE);
    g_assert_false(board.line[3]);
    machine_reset(board.machine);
    g_assert_false(board.line[3]);
    machine_free(board.machine);
}

static void test_msi(void)
{
    struct board board;

    board_init(&board);
    unsigned msi = find_capability(&board, PCI_CAP_MSI);
    g_assert_cmphex(cfg(&board, msi + PCI_MSI_CONTROL, 2), ==, 0x0084); /* 64 bits, four vectors */
    cfg_write(&board, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    cfg_write(&board, msi + PCI_MSI_ADDRESS, 4, MESSAGE_ADDRESS | 3);
    cfg_write(&board, msi + PCI_MSI_ADDRESS + 4, 4, 1);
    cfg_write(&board, msi + PCI_MSI_DATA, 2, 0x4043);
    g_assert_cmphex(cfg(&board, msi + PCI_MSI_ADDRESS, 4), ==, MESSAGE_ADDRESS);
    pci_msi_send(&board.thing->pci, 0);
    g_assert_cmpuint(board.messages, ==, 0);
    cfg_write(&board, msi + PCI_MSI_CONTROL, 2, PCI_MSI_CONTROL_ENABLE | 1 << 4);
    g_assert_true(pci_msi_enabled(&board.thing->pci));
    pci_msi_send(&board.thing->pci, 0);
    g_assert_cmphex(board.message_address, ==, UINT64_C(0x100000000) | MESSAGE_ADDRESS);
    g_assert_cmphex(board.message_devfn, ==, PCI_DEVFN(3, 0));
    g_assert_cmphex(board.message_data, ==, 0x4042);
    pci_msi_send(&board.thing->pci, 2); /* two messages are enabled: the last is shared */
    g_assert_cmphex(board.message_data, ==, 0x4043);
    g_assert_cmpuint(board.messages, ==, 2);
    cfg_write(&board, PCI_COMMAND, 2, 0); /* no bus master, no message */
    pci_msi_send(&board.thing->pci, 0);
    g_assert_cmpuint(board.messages, ==, 2);
    machine_free(board.machine);
}

static void test_msix(void)
{
    struct board board;

    board_init(&board);
    unsigned msix = enable_msix(&board);
    const uint64_t entry = 0xE0008000 + 66 * 16, pending = 0xE000C000;
    g_assert_cmphex(mem(&board, entry + 12), ==, 1);    /* masked after reset */
    g_assert_cmphex(mem(&board, 0xE0000020), ==, 0x20); /* the rest of the BAR is the device's */
    mem_write(&board, entry, MESSAGE_ADDRESS);
    mem_write(&board, entry + 4, 0);
    mem_write(&board, entry + 8, 0x31);
    pci_msi_send(&board.thing->pci, 66);
    g_assert_cmpuint(board.messages, ==, 0);
    g_assert_cmphex(mem(&board, pending + 8), ==, 4);
    mem_write(&board, pending + 8, 0);
    g_assert_cmphex(mem(&board, pending + 8), ==, 4);
    mem_write(&board, entry + 12, 0);
    g_assert_cmpuint(board.messages, ==, 1);
    g_assert_cmphex(board.message_address, ==, MESSAGE_ADDRESS);
    g_assert_cmphex(board.message_data, ==, 0x31);
    g_assert_cmphex(mem(&board, pending + 8), ==, 0);

    /* The function mask holds all. */
    cfg_write(&board, msix + PCI_MSIX_CONTROL, 2, PCI_MSIX_CONTROL_ENABLE | PCI_MSIX_CONTROL_MASK);
    pci_msi_send(&board.thing->pci, 66);
    g_assert_cmpuint(board.messages, ==, 1);
    cfg_write(&board, msix + PCI_MSIX_CONTROL, 2, PCI_MSIX_CONTROL_ENABLE);
    g_assert_cmpuint(board.messages, ==, 2);
    pci_msi_send(&board.thing->pci, 70); /* past the table */
    g_assert_cmpuint(board.messages, ==, 2);
    machine_reset(board.machine);
    g_assert_false(pci_msix_enabled(&board.thing->pci));
    machine_free(board.machine);
}

/* Another pin mapping, changed at run time. */
struct mapping {
    unsigned line, driven_line;
    bool driven_level;
};

static unsigned mapped_line(void *opaque, uint8_t devfn, unsigned pin)
{
    return ((struct mapping *)opaque)->line;
}

static void record_line(void *opaque, unsigned line, bool level)
{
    struct mapping *mapping = opaque;

    mapping->driven_line = line;
    mapping->driven_level = level;
}

static void test_line_mapping(void)
{
    struct board board;
    struct mapping mapping = {.line = 6};
    const struct pci_bus_config config = {.line = mapped_line, .set_line = record_line, .opaque = &mapping};

    board_init(&board);
    pci_bus_set_config(board.bus, &config);
    pci_set_intx(&board.thing->pci, true);
    g_assert_cmpuint(mapping.driven_line, ==, 6);
    g_assert_true(mapping.driven_level);
    mapping.line = 7;
    pci_bus_update_lines(board.bus);
    g_assert_cmpuint(mapping.driven_line, ==, 7);
    g_assert_true(mapping.driven_level);
    pci_set_intx(&board.thing->pci, false);
    g_assert_false(mapping.driven_level);
    machine_free(board.machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci-interrupts/intx", test_intx);
    g_test_add_func("/pci-interrupts/msi", test_msi);
    g_test_add_func("/pci-interrupts/msix", test_msix);
    g_test_add_func("/pci-interrupts/line-mapping", test_line_mapping);
    return g_test_run();
}
