/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables of the virt board: read back here, and given to ACPICA's tools where they are installed. */
#include "firmware/acpi/acpi_virt.h"

#include <string.h>

#include "devices/pci/pci.h"
#include "emu/bytes.h"
#include "tests/unit/acpi_blob.h"
#include "tests/unit/virt_board.h"

#define BASE 0x7F6C0000u

static struct blob build(const struct virt_description *board, uint64_t base)
{
    struct blob blob = {.base = base};

    blob.bytes = acpi_virt_build(board, base, &blob.rsdp);
    return blob;
}

static void test_fadt(void)
{
    struct blob blob = build(&virt_board, BASE);
    size_t length, dsdt_length;
    const uint8_t *fadt = find(&blob, "FACP", &length);

    g_assert_nonnull(fadt);
    g_assert_cmpuint(length, ==, 276);
    g_assert_cmpuint(fadt[8], ==, 6);
    g_assert_cmpuint(fadt[131], ==, 3);
    uint64_t dsdt = get_le(fadt + 40, 4); /* Redox looks at this one alone */
    g_assert_cmphex(get_le(fadt + 140, 8), ==, dsdt);
    g_assert_cmpmem(table_at(&blob, dsdt, &dsdt_length), 4, "DSDT", 4);
    g_assert_cmphex(get_le(fadt + 36, 4), ==, 0);
    g_assert_cmphex(get_le(fadt + 112, 4), ==, 0x00100000);
    g_assert_cmphex(get_le(fadt + 129, 2), ==, 3);
    for (unsigned i = 44; i < 112; i++) /* no fixed hardware */
        g_assert_cmphex(fadt[i], ==, 0);
    g_byte_array_unref(blob.bytes);
}

struct madt_count {
    unsigned cpus, distributors, frames, redistributors, its;
};

static void check_entry(const struct virt_description *board, const uint8_t *entry, struct madt_count *count)
{
    switch (entry[0]) {
    case 0x0B:
        g_assert_cmpuint(entry[1], ==, 80);
        g_assert_cmpuint(get_le(entry + 4, 4), ==, count->cpus);
        g_assert_cmpuint(get_le(entry + 8, 4), ==, count->cpus);
        g_assert_cmpuint(get_le(entry + 12, 4), ==, 1);
        g_assert_cmphex(get_le(entry + 32, 8), ==, board->gic == 2 ? 0x08010000 : 0);
        g_assert_cmphex(get_le(entry + 68, 8), ==, board->mpidr[count->cpus]);
        count->cpus++;
        break;
    case 0x0C:
        g_assert_cmpuint(entry[1], ==, 24);
        g_assert_cmphex(get_le(entry + 8, 8), ==, 0x08000000);
        g_assert_cmpuint(entry[20], ==, board->gic);
        count->distributors++;
        break;
    case 0x0D:
        g_assert_cmpuint(entry[1], ==, 24);
        g_assert_cmphex(get_le(entry + 8, 8), ==, 0x08020000);
        g_assert_cmphex(get_le(entry + 16, 8), ==, UINT64_C(0x0050004000000001));
        count->frames++;
        break;
    case 0x0E:
        g_assert_cmpuint(entry[1], ==, 16);
        g_assert_cmphex(get_le(entry + 4, 8), ==, 0x080A0000);
        g_assert_cmphex(get_le(entry + 12, 4), ==, board->redistributors.size);
        count->redistributors++;
        break;
    case 0x0F:
        g_assert_cmpuint(entry[1], ==, 20);
        g_assert_cmphex(get_le(entry + 8, 8), ==, 0x08080000);
        count->its++;
        break;
    default:
        g_assert_not_reached();
    }
}

static void check_madt(const struct virt_description *board)
{
    struct blob blob = build(board, BASE);
    struct madt_count count = {0};
    size_t length;
    const uint8_t *madt = find(&blob, "APIC", &length);

    for (size_t i = 44; i < length; i += madt[i + 1]) {
        g_assert_cmpuint(madt[i + 1], >=, 2);
        g_assert_cmpuint(i + madt[i + 1], <=, length);
        check_entry(board, madt + i, &count);
    }
    g_assert_cmpuint(count.cpus, ==, board->cpus);
    g_assert_cmpuint(count.distributors, ==, 1);
    g_assert_cmpuint(count.frames, ==, board->gic == 2);
    g_assert_cmpuint(count.redistributors, ==, board->gic == 3);
    g_assert_cmpuint(count.its, ==, board->gic == 3);
    g_byte_array_unref(blob.bytes);
}

static void test_madt(void)
{
    const struct virt_description third = virt_board_gicv3(64);

    check_madt(&virt_board);
    check_madt(&third);
}

/* The console must be exactly so, or Redox stays silent. */
static void test_spcr(void)
{
    struct blob blob = build(&virt_board, BASE);
    size_t length;
    const uint8_t *spcr = find(&blob, "SPCR", &length);

    g_assert_nonnull(spcr);
    g_assert_cmpuint(length, ==, 80);
    g_assert_cmpuint(spcr[8], >=, 2);
    g_assert_cmpuint(spcr[36], ==, 3); /* PL011 */
    g_assert_cmpmem(spcr + 40, 12, "\0\x20\0\x03\0\0\0\x09\0\0\0\0", 12);
    g_assert_cmpuint(spcr[52], ==, 8);
    g_assert_cmpuint(get_le(spcr + 54, 4), ==, 33);
    g_assert_cmphex(get_le(spcr + 64, 4), ==, 0xFFFFFFFF); /* no PCI device */
    g_byte_array_unref(blob.bytes);
}

static void test_small_tables(void)
{
    struct blob blob = build(&virt_board, BASE);
    size_t length;
    const uint8_t *gtdt = find(&blob, "GTDT", &length);

    g_assert_cmpuint(length, ==, 96);
    g_assert_cmphex(get_le(gtdt + 36, 8), ==, UINT64_MAX);
    g_assert_cmpuint(get_le(gtdt + 48, 4), ==, 29);
    g_assert_cmpuint(get_le(gtdt + 56, 4), ==, 30);
    g_assert_cmpuint(get_le(gtdt + 64, 4), ==, 27);
    g_assert_cmpuint(get_le(gtdt + 72, 4), ==, 26);
    for (unsigned i = 52; i < 80; i += 8)
        g_assert_cmphex(get_le(gtdt + i, 4), ==, 4);
    const uint8_t *mcfg = find(&blob, "MCFG", &length);
    g_assert_cmpuint(length, ==, 60);
    g_assert_cmphex(get_le(mcfg + 44, 8), ==, 0x4010000000);
    g_assert_cmphex(get_le(mcfg + 52, 8), ==, 0xFF000000);
    const uint8_t *dbg2 = find(&blob, "DBG2", &length);
    const uint8_t *device = dbg2 + get_le(dbg2 + 36, 4);
    g_assert_cmpuint(get_le(device + 1, 2), ==, dbg2 + length - device);
    g_assert_cmphex(get_le(device + 12, 4), ==, 0x00038000);
    g_assert_cmphex(get_le(device + get_le(device + 18, 2) + 4, 8), ==, 0x09000000);
    g_assert_cmphex(get_le(device + get_le(device + 20, 2), 4), ==, 0x1000);
    g_assert_cmpstr((const char *)device + get_le(device + 6, 2), ==, "\\_SB.COM0");
    const uint8_t *pptt = find(&blob, "PPTT", &length);
    g_assert_cmpuint(length, ==, 36 + 3 * 20);
    for (unsigned i = 0; i < 3; i++) {
        const uint8_t *node = pptt + 36 + 20 * i;
        g_assert_cmphex(get_le(node, 4), ==, 20 << 8);
        g_assert_cmphex(get_le(node + 4, 4), ==, i ? 0x0A : 0x01);
        g_assert_cmpuint(get_le(node + 8, 4), ==, i ? 36 : 0);
        g_assert_cmpuint(get_le(node + 12, 4), ==, i ? i - 1 : 0);
    }
    g_assert_null(find(&blob, "IORT", &length));
    g_byte_array_unref(blob.bytes);

    const struct virt_description third = virt_board_gicv3(1);
    blob = build(&third, BASE);
    const uint8_t *iort = find(&blob, "IORT", &length);
    g_assert_cmpuint(length, ==, 48 + 24 + 56);
    const uint8_t *root = iort + 48 + 24;
    g_assert_cmpuint(root[0], ==, 2);
    g_assert_cmpuint(get_le(root + 8, 4), ==, 1);
    g_assert_cmphex(get_le(root + 12, 4), ==, 36);
    g_assert_cmphex(get_le(root + 36 + 4, 4), ==, 0xFFFF);
    g_assert_cmphex(get_le(root + 36 + 12, 4), ==, 48);
    g_byte_array_unref(blob.bytes);
}

/* At any base, of the same length. */
static void test_base(void)
{
    struct blob zero = build(&virt_board, 0), low = build(&virt_board, BASE);

    g_assert_cmpuint(zero.bytes->len, ==, low.bytes->len);
    g_assert_cmphex(low.rsdp - BASE, ==, zero.rsdp);
    g_byte_array_unref(zero.bytes);
    g_byte_array_unref(low.bytes);
}

static void test_recompile(void)
{
    static const char *const names[] = {"FACP", "APIC", "GTDT", "SPCR", "DBG2", "MCFG", "PPTT", "SSDT", "DSDT", "IORT"};
    const struct virt_description third = virt_board_gicv3(3);
    struct blob second = build(&virt_board, BASE), blob = build(&third, BASE);

    check_recompile(&second, names, G_N_ELEMENTS(names) - 1);
    check_recompile(&blob, names, G_N_ELEMENTS(names));
    g_byte_array_unref(second.bytes);
    g_byte_array_unref(blob.bytes);
}

/* ACPICA loads both tables and evaluates what a system asks for. */
static void test_execute(void)
{
    if (!has_tool("acpiexec"))
        return;
    struct blob blob = build(&virt_board, BASE);
    g_autofree char *text = execute(&blob, "resources \\_SB.PCI0;resources \\_SB.COM0;resources \\_SB.GSI2;"
                                           "evaluate \\_SB.C001._UID;namespace;quit");

    const char *pci = strstr(text, "Device: \\_SB.PCI0\n"), *console = strstr(text, "Device: \\_SB.COM0\n");
    const char *link = strstr(text, "Device: \\_SB.GSI2\n");
    g_assert_true(pci && console && link);
    expect_value(pci, "[01] 32-Bit DWORD", "Address Minimum", "10000000");
    expect_value(pci, "[01] 32-Bit DWORD", "Address Maximum", "3EFEFFFF");
    expect_value(pci, "[02] 32-Bit DWORD", "Translation Offset", "3EFF0000");
    expect_value(pci, "[03] 64-Bit QWORD", "Address Minimum", "0000008000000000");
    expect_value(pci, "[03] 64-Bit QWORD", "Address Length", "0000008000000000");
    expect_value(console, "[00] 32-Bit", "Address", "09000000");
    expect_value(console, "[01] Extended IRQ", "Dword00", "00000021");
    expect_value(link, "[00] Extended IRQ", "Dword00", "00000025");
    g_assert_nonnull(strstr(text, "[Integer] = 0000000000000001"));
    g_byte_array_unref(blob.bytes);
}

/* The routing, slot by slot and pin by pin, is the bus's own. */
static void test_routing(void)
{
    struct machine_config config = {.cpus = 1, .picoseconds_per_instruction = 1000, .without_cpu = true};
    const struct pci_bus_config bus_config = {0};
    size_t length;

    if (!has_tool("iasl"))
        return;
    struct machine *machine = machine_new(&config, NULL);
    struct pci_bus *bus = pci_bus_new(machine, &bus_config, "pci");
    struct blob blob = build(&virt_board, BASE);
    const uint8_t *dsdt = table_at(&blob, get_le(find(&blob, "FACP", &length) + 40, 4), &length);
    g_autofree char *text = disassemble(dsdt, length);
    struct route *routes = g_new0(struct route, 128);

    g_assert_cmpuint(read_routing(text, "_PRT", routes, 128), ==, 128);
    for (unsigned i = 0; i < 128; i++) {
        g_assert_cmphex(routes[i].address, ==, i / 4 << 16 | 0xFFFF);
        g_assert_cmpuint(routes[i].pin, ==, i % 4);
        g_assert_cmpint(routes[i].link - '0', ==, (int)pci_bus_line(bus, PCI_DEVFN(i / 4, 0), i % 4 + 1));
    }
    g_free(routes);
    g_byte_array_unref(blob.bytes);
    machine_free(machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/acpi-virt/fadt", test_fadt);
    g_test_add_func("/acpi-virt/madt", test_madt);
    g_test_add_func("/acpi-virt/spcr", test_spcr);
    g_test_add_func("/acpi-virt/small-tables", test_small_tables);
    g_test_add_func("/acpi-virt/base", test_base);
    g_test_add_func("/acpi-virt/recompile", test_recompile);
    g_test_add_func("/acpi-virt/execute", test_execute);
    g_test_add_func("/acpi-virt/routing", test_routing);
    return g_test_run();
}
