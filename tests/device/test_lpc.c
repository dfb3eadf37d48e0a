/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host bridge's windows and the LPC bridge's routing. */
#include "devices/pci/pci_registers.h"
#include "devices/platform/ich9_lpc.h"
#include "devices/platform/q35_host.h"
#include "tests/device/fixture.h"

#define RCBA_ADDRESS 0xFED1C000u

struct rig {
    struct machine *machine;
    struct pci_bus *bus;
    struct q35_host *host;
    struct ich9_lpc *lpc;
    struct irq_line sci;
    uint16_t isa; /* levels */
    uint8_t ioapic;
    uint16_t pm_base;
    bool pm_enabled;
};

static void set_isa(void *opaque, unsigned input, bool level)
{
    struct rig *rig = opaque;

    rig->isa = (uint16_t)((rig->isa & ~(1 << input)) | level << input);
}

static void set_ioapic(void *opaque, unsigned input, bool level)
{
    struct rig *rig = opaque;

    rig->ioapic = (uint8_t)((rig->ioapic & ~(1 << input)) | level << input);
}

static void pm_moved(void *opaque, uint16_t base, bool enabled)
{
    struct rig *rig = opaque;

    rig->pm_base = base;
    rig->pm_enabled = enabled;
}

static void rig_init(struct rig *rig)
{
    struct ich9_lpc_config config = {.pm_moved = pm_moved, .opaque = rig};
    struct pci_bus_config bus = {0};

    *rig = (struct rig){.machine = test_machine()};
    rig->bus = pci_bus_new(rig->machine, &bus, "pci");
    rig->host = q35_host_new(rig->machine, rig->bus);
    for (unsigned i = 0; i < 16; i++)
        config.isa[i] = (struct irq_line){.set = set_isa, .opaque = rig, .input = i};
    for (unsigned i = 0; i < 8; i++)
        config.ioapic[i] = (struct irq_line){.set = set_ioapic, .opaque = rig, .input = i};
    rig->lpc = ich9_lpc_new(rig->machine, rig->bus, &config);
    bus = (struct pci_bus_config){.line = ich9_lpc_line, .set_line = ich9_lpc_set_pirq, .opaque = rig->lpc};
    pci_bus_set_config(rig->bus, &bus);
    rig->sci = ich9_lpc_sci(rig->lpc);
    machine_reset(rig->machine);
}

static uint32_t lpc(struct rig *rig, unsigned offset, unsigned size)
{
    return pci_config_read(rig->bus, 0, PCI_DEVFN(31, 0), (uint16_t)offset, size);
}

static void lpc_write(struct rig *rig, unsigned offset, unsigned size, uint32_t value)
{
    pci_config_write(rig->bus, 0, PCI_DEVFN(31, 0), (uint16_t)offset, size, value);
}

static void host_write(struct rig *rig, unsigned offset, unsigned size, uint32_t value)
{
    pci_config_write(rig->bus, 0, 0, (uint16_t)offset, size, value);
}

static uint32_t mem(struct rig *rig, uint64_t address, unsigned size)
{
    return (uint32_t)memory_io_read(machine_memory(rig->machine), MEMORY_SPACE_PHYSICAL, address, size);
}

static void mem_write(struct rig *rig, uint64_t address, unsigned size, uint32_t value)
{
    memory_io_write(machine_memory(rig->machine), MEMORY_SPACE_PHYSICAL, address, size, value);
}

static void configure(struct rig *rig)
{
    const struct ich9_lpc_setup setup = {
        .pm_base = 0x600, .rcba = RCBA_ADDRESS, .pirq_irq = {10, 10, 11, 11, 10, 10, 11, 0x80}};

    ich9_lpc_configure(rig->lpc, &setup);
}

static void test_ecam(void)
{
    struct rig rig;
    const uint64_t lpc_id = 31 << 15;

    rig_init(&rig);
    g_assert_cmphex(pci_config_read(rig.bus, 0, 0, 0, 4), ==, 0x29C08086);
    g_assert_cmphex(pci_config_read(rig.bus, 0, 0, 0x60, 4), ==, 0xB0000000);
    g_assert_cmphex(mem(&rig, 0xB0000000, 4), ==, 0xFFFFFFFF);
    q35_host_enable_ecam(rig.host, Q35_ECAM_ADDRESS);
    g_assert_cmphex(mem(&rig, 0xB0000000, 4), ==, 0x29C08086);
    g_assert_cmphex(mem(&rig, 0xB0000000 + lpc_id, 4), ==, 0x29188086);
    g_assert_cmphex(mem(&rig, 0xB0000000 + lpc_id + 2, 2), ==, 0x2918);
    host_write(&rig, 0x60, 4, 0xE0000001);
    g_assert_cmphex(mem(&rig, 0xB0000000, 4), ==, 0xFFFFFFFF);
    g_assert_cmphex(mem(&rig, 0xE0000000, 4), ==, 0x29C08086);

    /* 64 buses: 64 MiB, which may lie at a multiple of that. */
    host_write(&rig, 0x60, 4, 0xE4000005);
    g_assert_cmphex(mem(&rig, 0xE4000000, 4), ==, 0x29C08086);
    g_assert_cmphex(mem(&rig, 0xE0000000, 4), ==, 0xFFFFFFFF);
    host_write(&rig, 0x64, 4, 0xF);
    g_assert_cmphex(mem(&rig, UINT64_C(0xFE4000000), 4), ==, 0x29C08086);
    machine_reset(rig.machine);
    g_assert_cmphex(mem(&rig, UINT64_C(0xFE4000000), 4), ==, 0xFFFFFFFF);
    machine_free(rig.machine);
}

static void test_host_registers(void)
{
    struct rig rig;

    rig_init(&rig);
    host_write(&rig, 0x90, 4, 0xFFFFFFFF);
    g_assert_cmphex(pci_config_read(rig.bus, 0, 0, 0x90, 4), ==, 0x33333330);
    host_write(&rig, 0x9D, 1, 0x48);
    g_assert_cmphex(pci_config_read(rig.bus, 0, 0, 0x9D, 1), ==, 0x4A);
    host_write(&rig, 0x9D, 1, 0x58); /* locked, which closes it */
    g_assert_cmphex(pci_config_read(rig.bus, 0, 0, 0x9D, 1), ==, 0x1A);
    host_write(&rig, 0x9D, 1, 0x40);
    host_write(&rig, 0x9E, 1, 0x01);
    g_assert_cmphex(pci_config_read(rig.bus, 0, 0, 0x9D, 2), ==, 0x381A);
    machine_reset(rig.machine);
    host_write(&rig, 0x9E, 1, 0x01);
    g_assert_cmphex(pci_config_read(rig.bus, 0, 0, 0x9D, 2), ==, 0x3902);
    machine_free(rig.machine);
}

static void test_pm(void)
{
    struct rig rig;

    rig_init(&rig);
    g_assert_cmphex(lpc(&rig, 0, 4), ==, 0x29188086);
    g_assert_cmphex(lpc(&rig, 0x0A, 2), ==, 0x0601);
    g_assert_cmphex(lpc(&rig, 0x40, 4), ==, 1);
    g_assert_false(rig.pm_enabled);
    lpc_write(&rig, 0x40, 4, 0x0601);
    g_assert_false(rig.pm_enabled);
    lpc_write(&rig, 0x44, 1, 0x80);
    g_assert_true(rig.pm_enabled);
    g_assert_cmphex(rig.pm_base, ==, 0x600);
    lpc_write(&rig, 0x41, 1, 0xB0);
    g_assert_cmphex(rig.pm_base, ==, 0xB000);
    lpc_write(&rig, 0x40, 4, 0xFFFFFFFF);
    g_assert_cmphex(lpc(&rig, 0x40, 4), ==, 0x0000FF81);
    machine_reset(rig.machine);
    g_assert_false(rig.pm_enabled);
    machine_free(rig.machine);
}

static void test_wiring(void)
{
    struct rig rig;

    rig_init(&rig);
    /* Devices below 25: E to H in turn; 25 to 31 by their route registers; 30 as it likes. */
    g_assert_cmpuint(pci_bus_line(rig.bus, PCI_DEVFN(0, 0), 1), ==, 4);
    g_assert_cmpuint(pci_bus_line(rig.bus, PCI_DEVFN(2, 0), 1), ==, 6);
    g_assert_cmpuint(pci_bus_line(rig.bus, PCI_DEVFN(2, 0), 3), ==, 4);
    g_assert_cmpuint(pci_bus_line(rig.bus, PCI_DEVFN(31, 2), 1), ==, 0);
    g_assert_cmpuint(pci_bus_line(rig.bus, PCI_DEVFN(31, 3), 2), ==, 1);
    g_assert_cmpuint(pci_bus_line(rig.bus, PCI_DEVFN(30, 0), 1), ==, 4);
    g_assert_cmpuint(pci_bus_line(rig.bus, PCI_DEVFN(25, 0), 4), ==, 3);
    configure(&rig);
    g_assert_cmphex(mem(&rig, RCBA_ADDRESS + 0x3140, 2), ==, 0x3210);
    mem_write(&rig, RCBA_ADDRESS + 0x3140, 2, 0x3215);
    g_assert_cmpuint(pci_bus_line(rig.bus, PCI_DEVFN(31, 2), 1), ==, 5);
    mem_write(&rig, RCBA_ADDRESS + 0x3142, 2, 0x1111); /* read-only */
    g_assert_cmphex(mem(&rig, RCBA_ADDRESS + 0x3142, 2), ==, 0);
    mem_write(&rig, RCBA_ADDRESS + 0x3410, 4, 0x20);
    g_assert_cmphex(mem(&rig, RCBA_ADDRESS + 0x3410, 4), ==, 0x20);
    lpc_write(&rig, 0xF0, 4, RCBA_ADDRESS);
    g_assert_cmphex(mem(&rig, RCBA_ADDRESS + 0x3410, 4), ==, 0xFFFFFFFF);
    machine_free(rig.machine);
}

static void test_routing(void)
{
    struct rig rig;

    rig_init(&rig);
    g_assert_cmphex(lpc(&rig, 0x60, 4), ==, 0x80808080);
    ich9_lpc_set_pirq(rig.lpc, 0, true);
    g_assert_cmphex(rig.ioapic, ==, 1);
    g_assert_cmphex(rig.isa, ==, 0); /* not routed */
    configure(&rig);
    g_assert_cmphex(rig.isa, ==, 1 << 10);
    g_assert_cmphex(ich9_lpc_interrupt_line(rig.lpc, PCI_DEVFN(31, 2), 1), ==, 10);
    g_assert_cmphex(ich9_lpc_interrupt_line(rig.lpc, PCI_DEVFN(3, 0), 1), ==, 0xFF);
    ich9_lpc_set_pirq(rig.lpc, 4, true); /* shares IRQ 10 */
    ich9_lpc_set_pirq(rig.lpc, 0, false);
    g_assert_cmphex(rig.isa, ==, 1 << 10);
    g_assert_cmphex(rig.ioapic, ==, 0x10);
    lpc_write(&rig, 0x68, 1, 11); /* moved while high */
    g_assert_cmphex(rig.isa, ==, 1 << 11);
    lpc_write(&rig, 0x68, 1, 0x80);
    g_assert_cmphex(rig.isa, ==, 0);
    ich9_lpc_set_pirq(rig.lpc, 4, false);
    g_assert_cmphex(rig.ioapic, ==, 0);

    irq_set(&rig.sci, true);
    g_assert_cmphex(rig.isa, ==, 1 << 9);
    lpc_write(&rig, 0x44, 1, 0x82);
    g_assert_cmphex(rig.isa, ==, 1 << 11);
    lpc_write(&rig, 0x44, 1, 0x85);
    g_assert_cmphex(rig.isa, ==, 0);
    g_assert_cmphex(rig.ioapic, ==, 1 << 5); /* pin 21 */
    machine_reset(rig.machine);
    g_assert_cmphex(rig.ioapic, ==, 0);
    machine_free(rig.machine);
}

static void test_state(void)
{
    struct rig rig, copy;

    rig_init(&rig);
    rig_init(&copy);
    configure(&rig);
    q35_host_enable_ecam(rig.host, Q35_ECAM_ADDRESS);
    host_write(&rig, 0x9D, 1, 0x10);
    mem_write(&rig, RCBA_ADDRESS + 0x3410, 4, 0x20);
    ich9_lpc_set_pirq(rig.lpc, 2, true);
    irq_set(&rig.sci, true);
    test_copy_state(rig.machine, copy.machine);
    g_assert_cmphex(copy.isa, ==, 1 << 11 | 1 << 9);
    g_assert_cmphex(copy.ioapic, ==, 4);
    g_assert_cmphex(copy.pm_base, ==, 0x600);
    g_assert_true(copy.pm_enabled);
    g_assert_cmphex(mem(&copy, 0xB0000000, 4), ==, 0x29C08086);
    g_assert_cmphex(mem(&copy, RCBA_ADDRESS + 0x3410, 4), ==, 0x20);
    host_write(&copy, 0x9D, 1, 0x08); /* still locked */
    g_assert_cmphex(pci_config_read(copy.bus, 0, 0, 0x9D, 1), ==, 0x12);
    machine_free(rig.machine);
    machine_free(copy.machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/q35-host/ecam", test_ecam);
    g_test_add_func("/q35-host/registers", test_host_registers);
    g_test_add_func("/lpc/pm", test_pm);
    g_test_add_func("/lpc/wiring", test_wiring);
    g_test_add_func("/lpc/routing", test_routing);
    g_test_add_func("/lpc/state", test_state);
    return g_test_run();
}
