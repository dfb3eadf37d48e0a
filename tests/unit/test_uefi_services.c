/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small protocols of the UEFI shim: device path services, collation, random numbers, SerialIo, PCI. */
#include "devices/pci/pci.h"
#include "firmware/uefi/device_path.h"
#include "tests/unit/shim.h"

static uint64_t find(struct shim *shim, const struct efi_guid *guid)
{
    uint64_t interface = shim_find(shim, guid, 0, NULL);

    g_assert_cmpuint(interface, !=, 0);
    return interface;
}

/* A pool allocation with CHAR16 text, as UTF-8; freed as the guest would. */
static char *take_text(struct shim *shim, uint64_t address)
{
    char *text = uefi_read_text(shim->uefi, address, 1000);

    g_assert_nonnull(text);
    g_assert_true(uefi_pool_free(shim->uefi, address));
    return text;
}

/* --- device paths --- */
static uint64_t from_text(struct shim *shim, const char *text)
{
    return shim_call(shim, find(shim, &guid_device_path_from_text) + 8, shim_text(shim, text));
}

static void assert_path(struct shim *shim, uint64_t path, const char *expected)
{
    char *text = take_text(shim, shim_call(shim, find(shim, &guid_device_path_to_text) + 8, path, 0, 0));

    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}

static void test_device_path_utilities(void)
{
    struct shim shim;
    uint64_t utilities, a, b, in_out, size, node;

    shim_start(&shim, NULL, 0, false);
    utilities = find(&shim, &guid_device_path_utilities);
    a = from_text(&shim, "PciRoot(0x0)/Pci(0x1,0x2)");
    b = from_text(&shim, "Sata(0x1,0xFFFF,0x0)");
    g_assert_cmpuint(shim_call(&shim, utilities + 0, a), ==, 12 + 6 + 4);
    g_assert_cmpuint(shim_call(&shim, utilities + 0, 0), ==, 0);
    assert_path(&shim, shim_call(&shim, utilities + 8, a), "PciRoot(0x0)/Pci(0x1,0x2)");
    g_assert_cmpuint(shim_call(&shim, utilities + 8, 0), ==, 0);
    assert_path(&shim, shim_call(&shim, utilities + 16, a, b), "PciRoot(0x0)/Pci(0x1,0x2)/Sata(0x1,0xFFFF,0x0)");
    assert_path(&shim, shim_call(&shim, utilities + 16, 0, b), "Sata(0x1,0xFFFF,0x0)");
    assert_path(&shim, shim_call(&shim, utilities + 24, a, b), "PciRoot(0x0)/Pci(0x1,0x2)/Sata(0x1,0xFFFF,0x0)");
    in_out = shim_new64(&shim, shim_call(&shim, utilities + 32, a, b));
    assert_path(&shim, shim_get64(&shim, in_out), "PciRoot(0x0)/Pci(0x1,0x2),Sata(0x1,0xFFFF,0x0)");
    g_assert_cmpuint(shim_call(&shim, utilities + 48, shim_get64(&shim, in_out)) & 0xFF, ==, 1);
    g_assert_cmpuint(shim_call(&shim, utilities + 48, a) & 0xFF, ==, 0);
    size = shim_new64(&shim, 0);
    assert_path(&shim, shim_call(&shim, utilities + 40, in_out, size), "PciRoot(0x0)/Pci(0x1,0x2)");
    g_assert_cmpuint(shim_get64(&shim, size), ==, 22);
    assert_path(&shim, shim_call(&shim, utilities + 40, in_out, size), "Sata(0x1,0xFFFF,0x0)");
    g_assert_cmpuint(shim_get64(&shim, in_out), ==, 0);
    g_assert_cmpuint(shim_call(&shim, utilities + 40, in_out, size), ==, 0);
    node = shim_call(&shim, utilities + 56, 4, 4, 10);
    g_assert_cmphex(shim_get32(&shim, node), ==, 0x000A0404);
    g_assert_cmpuint(shim_call(&shim, utilities + 56, 4, 4, 3), ==, 0);
    /* one node as text, and what is no path at all */
    a = shim_call(&shim, find(&shim, &guid_device_path_from_text) + 0, shim_text(&shim, "CDROM(0x1)"));
    g_free(take_text(&shim, shim_call(&shim, find(&shim, &guid_device_path_to_text) + 0, a, 0, 0)));
    g_assert_cmpuint(from_text(&shim, "Pci(bad)"), ==, 0);
    g_assert_cmpuint(shim_call(&shim, find(&shim, &guid_device_path_to_text) + 8, shim_new(&shim, NULL, 64), 0, 0), ==,
                     0);
    shim_stop(&shim);
}

/* --- collation --- */
static void test_collation(void)
{
    static const struct {
        const char *text, *pattern;
        bool match;
    } cases[] = {
        {"BOOTX64.EFI", "*.efi", true},
        {"boot", "b??t", true},
        {"boot", "b?t", false},
        {"abc", "*", true},
        {"", "*", true},
        {"", "?", false},
        {"file7", "file[0-9]", true},
        {"filex", "file[0-9]", false},
        {"aXbXc", "a*b*c", true},
        {"aXbXd", "a*b*c", false},
        {"mississippi", "*sip*", true},
        {"x", "[abx]", true},
    };
    struct shim shim;
    uint64_t collation, text;
    char *back;

    shim_start(&shim, NULL, 0, false);
    collation = find(&shim, &guid_unicode_collation2);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(shim_call(&shim, collation + 8, collation, shim_text(&shim, cases[i].text),
                                  shim_text(&shim, cases[i].pattern)) &
                            0xFF,
                        ==, cases[i].match);
    g_assert_cmpint((int64_t)shim_call(&shim, collation, collation, shim_text(&shim, "abC"), shim_text(&shim, "ABc")),
                    ==, 0);
    g_assert_cmpint((int64_t)shim_call(&shim, collation, collation, shim_text(&shim, "abc"), shim_text(&shim, "abd")),
                    <, 0);
    g_assert_cmpint((int64_t)shim_call(&shim, collation, collation, shim_text(&shim, "b"), shim_text(&shim, "a")), >,
                    0);
    text = shim_text(&shim, "MiXeD \xC3\x84");
    shim_call(&shim, collation + 16, collation, text);
    back = uefi_read_text(shim.uefi, text, 20);
    g_assert_cmpstr(back, ==, "mixed \xC3\xA4");
    g_free(back);
    shim_call(&shim, collation + 24, collation, text);
    back = uefi_read_text(shim.uefi, text, 20);
    g_assert_cmpstr(back, ==, "MIXED \xC3\x84");
    g_free(back);
    g_assert_cmpuint(shim_get16(&shim, shim_get64(&shim, collation + 48)), ==, 'e' | 'n' << 8);
    text = shim_new(&shim, NULL, 32);
    g_assert_cmpuint(shim_call(&shim, collation + 40, collation, shim_text(&shim, "a.b+c"), 8, text) & 0xFF, ==, 1);
    g_assert_cmphex(shim_get32(&shim, text), ==, 'A' | 'B' << 8 | '_' << 16 | (unsigned)'C' << 24);
    shim_stop(&shim);
}

/* --- random numbers --- */
static void test_rng(void)
{
    static const uint8_t nothing[64];
    struct shim shim, other;
    uint64_t rng, size, list, out, again;

    shim_start(&shim, NULL, 0, false);
    shim_start(&other, NULL, 0, false);
    rng = find(&shim, &guid_rng);
    size = shim_new64(&shim, 0);
    list = shim_new(&shim, NULL, 64);
    out = shim_new(&shim, NULL, 64);
    again = shim_new(&other, NULL, 64);
    assert_status(shim_call(&shim, rng, rng, size, list), EFI_BUFFER_TOO_SMALL);
    g_assert_cmpuint(shim_get64(&shim, size), ==, 32);
    assert_status(shim_call(&shim, rng, rng, size, list), EFI_SUCCESS);
    assert_status(shim_call(&shim, rng + 8, rng, list + 16, 64, out), EFI_SUCCESS);
    g_assert_cmpint(memcmp(memory_pointer(machine_memory(shim.machine), out, 64), nothing, 64), !=, 0);
    assert_status(shim_call(&other, find(&other, &guid_rng) + 8, find(&other, &guid_rng), 0, 64, again), EFI_SUCCESS);
    g_assert_cmpmem(memory_pointer(machine_memory(shim.machine), out, 64), 64,
                    memory_pointer(machine_memory(other.machine), again, 64), 64); /* one seed, one stream */
    assert_status(shim_call(&shim, rng + 8, rng, 0, 64, again), EFI_SUCCESS);
    g_assert_cmpint(memcmp(memory_pointer(machine_memory(shim.machine), out, 64),
                           memory_pointer(machine_memory(shim.machine), again, 64), 64),
                    !=, 0);
    assert_status(shim_call(&shim, rng + 8, rng, 0, 0, out), EFI_INVALID_PARAMETER);
    assert_status(shim_call(&shim, rng + 8, rng, shim_guid(&shim, &guid_block_io), 8, out), EFI_UNSUPPORTED);
    shim_stop(&other);
    shim_stop(&shim);
}

/* --- SerialIo --- */
static void test_serial_io(void)
{
    struct shim shim;
    uint64_t serial, size, buffer, control, mode, handle = 0;
    char *path;

    shim_start(&shim, NULL, 0, false);
    serial = shim_find(&shim, &guid_serial_io, 0, &handle);
    path = shim_path(&shim, handle);
    g_assert_cmpstr(path, ==, "PciRoot(0x0)/Pci(0x1F,0x0)/Serial(0x0)/Uart(115200,8,N,1)/VenUtf8()");
    g_free(path);
    mode = shim_get64(&shim, serial + 56);
    g_assert_cmpuint(shim_get64(&shim, mode + 8), ==, 115200);
    assert_status(shim_call(&shim, serial + 16, serial, 9600, 0, 0, 0, 7, 0), EFI_SUCCESS);
    g_assert_cmpuint(shim_get64(&shim, mode + 8), ==, 9600);
    g_assert_cmpuint(shim_get32(&shim, mode + 20), ==, 7);
    assert_status(shim_call(&shim, serial + 16, serial, 1000000, 0, 0, 0, 8, 0), EFI_INVALID_PARAMETER);
    size = shim_new64(&shim, 5);
    buffer = shim_new(&shim, "hello", 6);
    assert_status(shim_call(&shim, serial + 40, serial, size, buffer), EFI_SUCCESS);
    g_assert_cmpstr(shim.serial->str, ==, "hello");
    assert_status(shim_call(&shim, serial + 48, serial, size, buffer), EFI_TIMEOUT);
    g_assert_cmpuint(shim_get64(&shim, size), ==, 0);
    control = shim_new64(&shim, 0);
    assert_status(shim_call(&shim, serial + 32, serial, control), EFI_SUCCESS);
    g_assert_cmphex(shim_get32(&shim, control) & 0x300, ==, 0x300);
    test_submit(shim.machine, "serial0", "ok!", 3);
    assert_status(shim_call(&shim, serial + 32, serial, control), EFI_SUCCESS);
    g_assert_cmphex(shim_get32(&shim, control) & 0x300, ==, 0x200);
    memory_write64(machine_memory(shim.machine), size, 2);
    assert_status(shim_call(&shim, serial + 48, serial, size, buffer), EFI_SUCCESS);
    g_assert_cmpuint(shim_get16(&shim, buffer), ==, 'o' | 'k' << 8);
    shim_stop(&shim);
}

/* --- PCI --- */
#define TEST_DEVFN PCI_DEVFN(3, 0)
static uint32_t test_registers[2]; /* what the function's registers hold: memory BAR, I/O BAR */

static uint64_t register_read(void *opaque, uint64_t offset, unsigned size)
{
    return offset < 4 ? test_registers[opaque == &test_registers[1]] : offset;
}

static void register_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    if (offset < 4)
        test_registers[opaque == &test_registers[1]] = (uint32_t)value;
}

static const struct memory_region_ops register_ops = {.read = register_read, .write = register_write};
static const struct pci_identity test_identity = {
    .vendor = 0x1234,
    .device = 0x5678,
    .class_code = 0xFF0000,
    .bar = {{.type = PCI_BAR_MEMORY32, .size = 4096, .ops = &register_ops},
            {.type = PCI_BAR_IO, .size = 32, .ops = &register_ops}},
};

struct pci_test {
    struct shim shim;
    struct pci_bus *bus;
    struct pci_function *function;
    uint64_t io, bridge;
};

static void pci_start(struct pci_test *test)
{
    const struct pci_windows windows = {
        .io_start = 0xC000, .io_end = 0xD000, .memory32_start = 0xC0000000, .memory32_end = 0xD0000000};
    struct uefi_config config = {.pci_windows = windows};
    GError *error = NULL;

    shim_machine(&test->shim);
    test->bus = pci_bus_new(test->shim.machine, &(struct pci_bus_config){.opaque = NULL}, "pci");
    test->function = g_new0(struct pci_function, 1);
    pci_function_init(test->function, test->bus, TEST_DEVFN, &test_identity, &test_registers[0]);
    pci_function_reset(test->function);
    g_assert_true(pci_assign_resources(test->bus, &windows, &error));
    config.pci = test->bus;
    shim_power_on(&test->shim, &config);
    test->io = find(&test->shim, &guid_pci_io);
    test->bridge = find(&test->shim, &guid_pci_root_bridge_io);
}

static void pci_stop(struct pci_test *test)
{
    pci_function_finalize(test->function);
    shim_stop(&test->shim);
    g_free(test->function);
}

static void test_pci_io(void)
{
    struct pci_test test;
    struct shim *shim = &test.shim;
    uint64_t buffer, handle = 0, io, values[4];
    char *path;

    pci_start(&test);
    io = test.io;
    buffer = shim_new(shim, NULL, 256);
    shim_find(shim, &guid_pci_io, 0, &handle);
    path = shim_path(shim, handle);
    g_assert_cmpstr(path, ==, "PciRoot(0x0)/Pci(0x3,0x0)");
    g_free(path);
    assert_status(shim_call(shim, io + 48, io, 2, 0, 1, buffer), EFI_SUCCESS); /* Pci.Read, 32 bits */
    g_assert_cmphex(shim_get32(shim, buffer), ==, 0x56781234);
    assert_status(shim_call(shim, io + 48, io, 2, 2, 1, buffer), EFI_UNSUPPORTED); /* not aligned */
    assert_status(shim_call(shim, io + 48, io, 2, 4096, 1, buffer), EFI_UNSUPPORTED);
    assert_status(shim_call(shim, io + 48, io, 12, 0, 1, buffer), EFI_INVALID_PARAMETER);
    memory_write32(machine_memory(shim->machine), buffer, 0xCAFEF00D);
    assert_status(shim_call(shim, io + 24, io, 2, 0, 0, 1, buffer), EFI_SUCCESS); /* Mem.Write, BAR 0 */
    g_assert_cmphex(test_registers[0], ==, 0xCAFEF00D);
    assert_status(shim_call(shim, io + 16, io, 2, 0, 4, 3, buffer), EFI_SUCCESS); /* Mem.Read of registers 4, 8, 12 */
    g_assert_cmphex(shim_get32(shim, buffer + 8), ==, 12);
    assert_status(shim_call(shim, io + 16, io, 6, 0, 8, 3, buffer), EFI_SUCCESS); /* FIFO: the same register */
    g_assert_cmphex(shim_get32(shim, buffer + 8), ==, 8);
    assert_status(shim_call(shim, io + 16, io, 2, 0, 4096 - 4, 2, buffer), EFI_UNSUPPORTED); /* past the BAR */
    assert_status(shim_call(shim, io + 16, io, 2, 1, 0, 1, buffer), EFI_UNSUPPORTED);        /* the other kind */
    assert_status(shim_call(shim, io + 32, io, 2, 1, 8, 1, buffer), EFI_SUCCESS);            /* Io.Read, BAR 1 */
    g_assert_cmphex(shim_get32(shim, buffer), ==, 8);
    for (unsigned i = 0; i < 4; i++)
        values[i] = shim_new64(shim, 99);
    assert_status(shim_call(shim, io + 112, io, values[0], values[1], values[2], values[3]), EFI_SUCCESS);
    g_assert_cmpuint(shim_get64(shim, values[2]), ==, 3);
    g_assert_cmpuint(shim_get64(shim, values[3]), ==, 0);
    assert_status(shim_call(shim, io + 120, io, 4, 0, values[0]), EFI_SUCCESS); /* Attributes: supported */
    g_assert_cmphex(shim_get64(shim, values[0]) & 0x700, ==, 0x700);
    assert_status(shim_call(shim, io + 120, io, 2, 0x400, 0), EFI_SUCCESS); /* enable bus mastering */
    g_assert_true(pci_bus_master(test.function));
    assert_status(shim_call(shim, io + 120, io, 3, 0x400, 0), EFI_SUCCESS);
    g_assert_false(pci_bus_master(test.function));
    assert_status(shim_call(shim, io + 120, io, 2, 0x10, 0), EFI_UNSUPPORTED);
    assert_status(shim_call(shim, io + 128, io, 0, 0, values[0]), EFI_SUCCESS); /* GetBarAttributes */
    g_assert_cmphex(shim_get8(shim, shim_get64(shim, values[0])), ==, 0x8A);
    g_assert_cmphex(shim_get64(shim, shim_get64(shim, values[0]) + 38), ==, 4096);
    assert_status(shim_call(shim, io + 88, io, 0, EFI_BOOT_SERVICES_DATA, 2, values[0], 0), EFI_SUCCESS);
    assert_status(shim_call(shim, io + 96, io, 2, shim_get64(shim, values[0])), EFI_SUCCESS);
    assert_status(shim_call(shim, io + 96, io, 2, shim_get64(shim, values[0])), EFI_INVALID_PARAMETER);
    pci_stop(&test);
}

static void test_root_bridge(void)
{
    struct pci_test test;
    struct shim *shim = &test.shim;
    uint64_t buffer, bridge, list;

    pci_start(&test);
    bridge = test.bridge;
    buffer = shim_new(shim, NULL, 64);
    assert_status(shim_call(shim, bridge + 56, bridge, 1, 3 << 16, 2, buffer), EFI_SUCCESS); /* Pci.Read 00:03.0 */
    g_assert_cmphex(shim_get32(shim, buffer), ==, 0x56781234);
    assert_status(shim_call(shim, bridge + 56, bridge, 2, 9 << 16, 1, buffer), EFI_SUCCESS); /* nothing there */
    g_assert_cmphex(shim_get32(shim, buffer), ==, 0xFFFFFFFF);
    memory_write32(machine_memory(shim->machine), buffer, 0x12345678);
    assert_status(shim_call(shim, bridge + 32, bridge, 2, pci_bar_address(test.function, 0), 1, buffer), EFI_SUCCESS);
    g_assert_cmphex(test_registers[0], ==, 0x12345678);
    assert_status(shim_call(shim, bridge + 40, bridge, 3, 0xC000, 1, buffer), EFI_UNSUPPORTED); /* 64 bits of I/O */
    list = shim_new64(shim, 0);
    assert_status(shim_call(shim, bridge + 136, bridge, list), EFI_SUCCESS);
    list = shim_get64(shim, list);
    g_assert_cmphex(shim_get8(shim, list), ==, 0x8A);
    g_assert_cmphex(shim_get8(shim, list + 3 * 46), ==, 0x79); /* buses, I/O, memory, end */
    pci_stop(&test);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uefi-services/device-path", test_device_path_utilities);
    g_test_add_func("/uefi-services/collation", test_collation);
    g_test_add_func("/uefi-services/rng", test_rng);
    g_test_add_func("/uefi-services/serial-io", test_serial_io);
    g_test_add_func("/uefi-services/pci-io", test_pci_io);
    g_test_add_func("/uefi-services/root-bridge", test_root_bridge);
    return g_test_run();
}
