/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/platform/virt_host.h"

#include "tests/device/fixture.h"

#define ECAM UINT64_C(0x4010000000)
#define IO 0x3EFF0000

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size)
{
    return *(uint32_t *)opaque >> 8 * offset;
}

static void port_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    *(uint32_t *)opaque = (uint32_t)value << 8 * offset | size;
}

static uint64_t get(struct machine *machine, uint64_t address, unsigned size)
{
    return memory_io_read(machine_memory(machine), MEMORY_SPACE_PHYSICAL, address, size);
}

static struct machine *make(void)
{
    const struct virt_host_config config = {.ecam = ECAM, .buses = 256, .io = IO, .io_ports = 0x10000};
    const struct pci_bus_config bus_config = {0};
    struct machine *machine = test_machine();

    virt_host_new(machine, pci_bus_new(machine, &bus_config, "pci"), &config);
    machine_reset(machine);
    return machine;
}

static void test_configuration(void)
{
    struct machine *machine = make();

    g_assert_cmphex(get(machine, ECAM, 4), ==, 0x00081B36);
    g_assert_cmphex(get(machine, ECAM + 0x0A, 2), ==, 0x0600);
    g_assert_cmphex(get(machine, ECAM + 0x2C, 4), ==, 0x11001AF4);
    g_assert_cmphex(get(machine, ECAM + 0x1000, 4), ==, 0xFFFFFFFF);
    g_assert_cmphex(get(machine, ECAM + (0x80 << 20), 4), ==, 0xFFFFFFFF);
    g_assert_cmphex(get(machine, ECAM + (256 << 20) - 4, 4), ==, 0xFFFFFFFF);
    machine_free(machine);
}

static void test_ports(void)
{
    static const struct memory_region_ops ops = {.read = port_read, .write = port_write};
    struct machine *machine = make();
    uint32_t seen = 0x44332211;

    struct memory_region *region =
        memory_add_io(machine_memory(machine), MEMORY_SPACE_PORT, "test", 0x1000, 4, 0, &ops, &seen);
    g_assert_cmphex(get(machine, IO + 0x1000, 4), ==, 0x44332211);
    g_assert_cmphex(get(machine, IO + 0x1002, 1), ==, 0x33);
    g_assert_cmphex(get(machine, IO + 0xFFFC, 4), ==, 0xFFFFFFFF);
    memory_io_write(machine_memory(machine), MEMORY_SPACE_PHYSICAL, IO + 0x1001, 2, 0xABCD);
    g_assert_cmphex(seen, ==, 0xABCD00 | 2);
    memory_region_remove(region);
    machine_free(machine);
}

static void test_state(void)
{
    struct machine *machine = make(), *other = make();

    memory_io_write(machine_memory(machine), MEMORY_SPACE_PHYSICAL, ECAM + 0x3C, 1, 0x55);
    test_copy_state(machine, other);
    g_assert_cmphex(get(other, ECAM + 0x3C, 1), ==, 0x55);
    machine_free(machine);
    machine_free(other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virt-host/configuration", test_configuration);
    g_test_add_func("/virt-host/ports", test_ports);
    g_test_add_func("/virt-host/state", test_state);
    return g_test_run();
}
