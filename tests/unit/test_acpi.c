/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables of the q35 board: read back here, and given to ACPICA's tools where they are installed. */
#include "firmware/acpi/acpi_pc.h"

#include <string.h>

#include "devices/platform/ich9_lpc.h"
#include "emu/bytes.h"
#include "firmware/acpi/aml.h"
#include "tests/unit/acpi_blob.h"

#define BASE 0x7F6C0000u

static const struct acpi_pc usual = {
    .cpus = 2,
    .local_apic = 0xFEE00000,
    .io_apic = 0xFEC00000,
    .io_apic_id = 5,
    .ecam = 0xB0000000,
    .buses = 256,
    .memory32 = 0xC0000000,
    .memory32_size = 0x3EC00000,
    .memory64 = 0x800000000,
    .memory64_size = 0x400000000,
    .hpet = 0xFED00000,
    .pm_base = 0x600,
    .sci = 9,
};

static struct blob build(const struct acpi_pc *pc, uint64_t base)
{
    struct blob blob = {.base = base};

    blob.bytes = acpi_pc_build(pc, base, &blob.rsdp);
    return blob;
}

static void test_root(void)
{
    struct blob blob = build(&usual, BASE);
    size_t rsdt_length, xsdt_length, ignored;
    const uint8_t *rsdp = at(&blob, blob.rsdp, 36);

    g_assert_cmpuint(blob.rsdp % 16, ==, 0);
    g_assert_cmpmem(rsdp, 8, "RSD PTR ", 8);
    g_assert_true(acpi_sum_is_zero(rsdp, 20));
    g_assert_true(acpi_sum_is_zero(rsdp, 36));
    g_assert_cmpuint(rsdp[15], ==, 2);
    g_assert_cmpuint(get_le(rsdp + 20, 4), ==, 36);
    const uint8_t *rsdt = table_at(&blob, get_le(rsdp + 16, 4), &rsdt_length);
    const uint8_t *xsdt = table_at(&blob, get_le(rsdp + 24, 8), &xsdt_length);
    g_assert_cmpmem(rsdt, 4, "RSDT", 4);
    g_assert_cmpmem(xsdt, 4, "XSDT", 4);
    g_assert_cmpuint(rsdt_length, ==, 36 + 5 * 4);
    g_assert_cmpuint(xsdt_length, ==, 36 + 5 * 8);
    for (unsigned i = 0; i < 5; i++)
        g_assert_cmphex(get_le(rsdt + 36 + 4 * i, 4), ==, get_le(xsdt + 36 + 8 * i, 8));
    static const char *const expected[] = {"FACP", "APIC", "HPET", "MCFG", "SSDT"};
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_nonnull(find(&blob, expected[i], &ignored));
    g_byte_array_unref(blob.bytes);
}

static void test_fadt(void)
{
    struct blob blob = build(&usual, BASE);
    size_t length, dsdt_length;
    const uint8_t *fadt = find(&blob, "FACP", &length);

    g_assert_nonnull(fadt);
    g_assert_cmpuint(length, ==, 268);
    g_assert_cmpuint(fadt[8], ==, 5);
    uint64_t facs = get_le(fadt + 36, 4), dsdt = get_le(fadt + 40, 4);
    g_assert_cmphex(get_le(fadt + 132, 8), ==, facs);
    g_assert_cmphex(get_le(fadt + 140, 8), ==, dsdt);
    g_assert_cmphex(facs % 64, ==, 0);
    g_assert_cmpmem(at(&blob, facs, 64), 4, "FACS", 4);
    g_assert_cmpuint(get_le(at(&blob, facs, 64) + 4, 4), ==, 64);
    g_assert_cmpmem(table_at(&blob, dsdt, &dsdt_length), 4, "DSDT", 4);
    g_assert_cmpuint(get_le(fadt + 46, 2), ==, 9);
    g_assert_cmphex(get_le(fadt + 48, 4), ==, 0xB2);
    g_assert_cmphex(get_le(fadt + 56, 4), ==, 0x600);
    g_assert_cmphex(get_le(fadt + 64, 4), ==, 0x604);
    g_assert_cmphex(get_le(fadt + 76, 4), ==, 0x608);
    g_assert_cmphex(get_le(fadt + 80, 4), ==, 0x620);
    g_assert_cmphex(get_le(fadt + 88, 8), ==, 0x0000001004000204); /* lengths */
    g_assert_cmphex(fadt[108], ==, 0x32);
    g_assert_cmphex(get_le(fadt + 109, 2), ==, 0x0013);
    g_assert_cmphex(get_le(fadt + 112, 4), ==, 0x0465);
    g_assert_cmphex(get_le(fadt + 116, 4), ==, 0x01000801);
    g_assert_cmphex(get_le(fadt + 120, 8), ==, 0xCF9);
    g_assert_cmphex(fadt[128], ==, 0x0E);
    g_assert_cmphex(get_le(fadt + 152, 8), ==, 0x600);
    g_assert_cmphex(get_le(fadt + 176, 8), ==, 0x604);
    g_assert_cmphex(get_le(fadt + 212, 8), ==, 0x608);
    g_assert_cmphex(get_le(fadt + 224, 8), ==, 0x620);
    g_byte_array_unref(blob.bytes);

    struct acpi_pc other = usual;
    other.pm_timer_32bit = true;
    blob = build(&other, BASE);
    g_assert_cmphex(get_le(find(&blob, "FACP", &length) + 112, 4), ==, 0x0565);
    g_byte_array_unref(blob.bytes);
}

static void check_madt(unsigned cpus)
{
    struct acpi_pc pc = usual;
    size_t length;
    unsigned local = 0, x2apic = 0, io = 0, overrides = 0, nmis = 0;

    pc.cpus = cpus;
    struct blob blob = build(&pc, BASE);
    const uint8_t *madt = find(&blob, "APIC", &length);
    g_assert_cmphex(get_le(madt + 36, 4), ==, 0xFEE00000);
    g_assert_cmphex(get_le(madt + 40, 4), ==, 1);
    for (size_t i = 44; i < length; i += madt[i + 1]) {
        const uint8_t *entry = madt + i;

        g_assert_cmpuint(entry[1], >=, 2);
        g_assert_cmpuint(i + entry[1], <=, length);
        switch (entry[0]) {
        case 0:
            g_assert_cmpuint(entry[1], ==, 8);
            g_assert_cmpuint(entry[2], ==, local);
            g_assert_cmpuint(entry[3], ==, local);
            g_assert_cmpuint(get_le(entry + 4, 4), ==, 1);
            local++;
            break;
        case 9:
            g_assert_cmpuint(entry[1], ==, 16);
            g_assert_cmpuint(get_le(entry + 4, 4), ==, local + x2apic);
            g_assert_cmpuint(get_le(entry + 8, 4), ==, 1);
            g_assert_cmpuint(get_le(entry + 12, 4), ==, local + x2apic);
            x2apic++;
            break;
        case 1:
            g_assert_cmpuint(entry[1], ==, 12);
            g_assert_cmpuint(entry[2], ==, 5);
            g_assert_cmphex(get_le(entry + 4, 8), ==, 0xFEC00000);
            io++;
            break;
        case 2:
            g_assert_cmpuint(entry[1], ==, 10);
            g_assert_cmphex(get_le(entry + 2, 8), ==, overrides ? 0x000D000000090900 : 0x0000000000020000);
            overrides++;
            break;
        case 4:
            g_assert_cmpmem(entry, 6, "\4\6\377\0\0\1", 6);
            nmis++;
            break;
        case 10:
            g_assert_cmpmem(entry, 12, "\12\14\0\0\377\377\377\377\1\0\0\0", 12);
            nmis++;
            break;
        default:
            g_assert_not_reached();
        }
    }
    g_assert_cmpuint(local, ==, MIN(cpus, 255));
    g_assert_cmpuint(x2apic, ==, cpus - local);
    g_assert_cmpuint(io, ==, 1);
    g_assert_cmpuint(overrides, ==, 2);
    g_assert_cmpuint(nmis, ==, cpus > 255 ? 2 : 1);
    g_byte_array_unref(blob.bytes);
}

static void test_madt(void)
{
    check_madt(1);
    check_madt(64);
    check_madt(300);
}

static void test_small_tables(void)
{
    struct acpi_pc pc = usual;
    size_t length;

    pc.buses = 64;
    pc.hpet_block_id = 0x8086A701;
    struct blob blob = build(&pc, BASE);
    const uint8_t *mcfg = find(&blob, "MCFG", &length);
    g_assert_cmpuint(length, ==, 60);
    g_assert_cmphex(get_le(mcfg + 44, 8), ==, 0xB0000000);
    g_assert_cmphex(get_le(mcfg + 52, 8), ==, 0x3F000000);
    const uint8_t *hpet = find(&blob, "HPET", &length);
    g_assert_cmpuint(length, ==, 56);
    g_assert_cmphex(get_le(hpet + 36, 4), ==, 0x8086A701);
    g_assert_cmphex(get_le(hpet + 40, 4), ==, 0x00004000);
    g_assert_cmphex(get_le(hpet + 44, 8), ==, 0xFED00000);
    g_byte_array_unref(blob.bytes);

    pc.hpet = 0;
    pc.ecam = 0;
    blob = build(&pc, BASE);
    g_assert_null(find(&blob, "HPET", &length));
    g_assert_null(find(&blob, "MCFG", &length));
    g_byte_array_unref(blob.bytes);
}

static void test_base(void)
{
    struct blob zero = build(&usual, 0), low = build(&usual, BASE), high = build(&usual, 0x200000000);
    size_t length;

    g_assert_cmpuint(zero.bytes->len, ==, low.bytes->len);
    g_assert_cmphex(low.rsdp - BASE, ==, zero.rsdp);
    /* Above 4 GiB there is no RSDT, and 32-bit pointers are 0. */
    g_assert_cmphex(get_le(at(&high, high.rsdp, 36) + 16, 4), ==, 0);
    const uint8_t *fadt = find(&high, "FACP", &length);
    g_assert_cmphex(get_le(fadt + 36, 8), ==, 0);
    g_assert_cmphex(get_le(fadt + 140, 8), >, 0x200000000);
    g_byte_array_unref(zero.bytes);
    g_byte_array_unref(low.bytes);
    g_byte_array_unref(high.bytes);
}

/* Package lengths of one to three bytes, integers of all sizes, paths. */
static void test_aml(void)
{
    static const unsigned sizes[] = {0, 57, 58, 59, 4087, 4088, 4089, 5000};
    g_autoptr(GByteArray) out = g_byte_array_new();

    aml_name_integer(out, "\\A", 0);
    aml_name_integer(out, "BC", 0x12);
    aml_name_integer(out, "\\_SB.PCI0", 0x1234);
    aml_name_integer(out, "\\_SB.PCI0.X", 0x12345678);
    aml_name_integer(out, "Y", 0x123456789);
    static const uint8_t expected[] = "\x08\\A___\x00\x08"
                                      "BC__\x0A\x12\x08\\\x2E_SB_PCI0\x0B\x34\x12"
                                      "\x08\\\x2F\x03_SB_PCI0X___\x0C\x78\x56\x34\x12"
                                      "\x08Y___\x0E\x89\x67\x45\x23\x01\x00\x00";
    g_assert_cmpmem(out->data, out->len, expected, sizeof(expected));
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        GByteArray *body = g_byte_array_new();

        g_byte_array_set_size(body, sizes[i]);
        g_byte_array_set_size(out, 0);
        aml_scope(out, "AAAA", body);
        unsigned more = out->data[1] >> 6;
        uint64_t length = more ? (out->data[1] & 0x0F) | get_le(out->data + 2, more) << 4 : out->data[1] & 0x3F;
        g_assert_cmphex(out->data[0], ==, 0x10);
        g_assert_cmpuint(length, ==, out->len - 1);
        g_assert_cmpuint(out->len, ==, 1 + 1 + more + 4 + sizes[i]);
        g_assert_cmpuint(more, ==, length <= 0x3F ? 0 : length <= 0xFFF ? 1 : 2);
    }
}

/* --- with ACPICA's tools --- */

static void test_recompile(void)
{
    static const char *const names[] = {"FACP", "APIC", "HPET", "MCFG", "SSDT", "DSDT"};
    struct blob blob = build(&usual, BASE);

    check_recompile(&blob, names, G_N_ELEMENTS(names));
    g_byte_array_unref(blob.bytes);
}

/* ACPICA loads both tables and evaluates what depends on the machine. */
static void test_execute(void)
{
    struct acpi_pc pc = usual;

    if (!has_tool("acpiexec"))
        return;
    pc.buses = 64;
    pc.pm_base = 0xB000;
    struct blob blob = build(&pc, BASE);
    g_autofree char *text =
        execute(&blob, "resources \\_SB.PCI0;resources \\_SB.PCI0.ISA.MBRD;resources \\_SB.MCFG;"
                       "resources \\_SB.HPET;evaluate \\_SB.C001._UID;evaluate \\_S5;namespace;quit");

    const char *pci = strstr(text, "Device: \\_SB.PCI0\n"), *board = strstr(text, "Device: \\_SB.PCI0.ISA.MBRD\n");
    const char *window = strstr(text, "Device: \\_SB.MCFG\n"), *hpet = strstr(text, "Device: \\_SB.HPET\n");
    g_assert_true(pci && board && window && hpet);
    expect_value(pci, "[00] 16-Bit WORD", "Address Maximum", "003F");
    expect_value(pci, "[00] 16-Bit WORD", "Address Length", "0040");
    expect_value(pci, "[05] 32-Bit DWORD", "Address Minimum", "C0000000");
    expect_value(pci, "[05] 32-Bit DWORD", "Address Maximum", "FEBFFFFF");
    expect_value(pci, "[05] 32-Bit DWORD", "Address Length", "3EC00000");
    expect_value(pci, "[06] 64-Bit QWORD", "Address Minimum", "0000000800000000");
    expect_value(pci, "[06] 64-Bit QWORD", "Address Maximum", "0000000BFFFFFFFF");
    expect_value(board, "[06] I/O", "Address Minimum", "B000");
    expect_value(window, "[00] 64-Bit QWORD", "Address Minimum", "00000000B0000000");
    expect_value(window, "[00] 64-Bit QWORD", "Address Maximum", "00000000B3FFFFFF");
    expect_value(hpet, "[00] 32-Bit", "Address", "FED00000");
    g_assert_nonnull(strstr(text, "Evaluating \\_SB.C001._UID"));
    g_assert_nonnull(strstr(text, "[Integer] = 0000000000000001"));
    g_assert_nonnull(strstr(text, "[Package] Contains 4 Elements"));
    g_assert_nonnull(strstr(text, "PRTA Package"));
    g_byte_array_unref(blob.bytes);
}

/* The routing in one of the two packages, pin by pin, against what the bridge is wired to. */
static void check_routing(struct ich9_lpc *lpc, const char *source, const char *name, bool io_apic)
{
    struct route routes[128];

    g_assert_cmpuint(read_routing(source, name, routes, 128), ==, 128);
    for (unsigned i = 0; i < 128; i++) {
        unsigned pirq = ich9_lpc_line(lpc, PCI_DEVFN(i / 4, 0), i % 4 + 1);

        g_assert_cmphex(routes[i].address, ==, i / 4 << 16 | 0xFFFF);
        g_assert_cmpuint(routes[i].pin, ==, i % 4);
        g_assert_cmpuint(routes[i].index, ==, io_apic ? 16 + pirq : 0);
        g_assert_cmpint(routes[i].link, ==, io_apic ? 'o' : 'A' + (int)pirq); /* "Zero": none */
    }
}

static void test_routing(void)
{
    struct machine_config config = {.cpus = 1, .picoseconds_per_instruction = 1000, .without_cpu = true};
    const struct pci_bus_config bus_config = {0};
    const struct ich9_lpc_config lpc_config = {0};
    size_t length;

    if (!has_tool("iasl"))
        return;
    struct machine *machine = machine_new(&config, NULL);
    struct pci_bus *bus = pci_bus_new(machine, &bus_config, "pci");
    struct ich9_lpc *lpc = ich9_lpc_new(machine, bus, &lpc_config);
    machine_reset(machine);
    struct blob blob = build(&usual, BASE);
    const uint8_t *dsdt = table_at(&blob, get_le(find(&blob, "FACP", &length) + 40, 4), &length);
    g_autofree char *text = disassemble(dsdt, length);

    check_routing(lpc, text, "PRTP", false);
    check_routing(lpc, text, "PRTA", true);
    g_byte_array_unref(blob.bytes);
    machine_free(machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/acpi/root", test_root);
    g_test_add_func("/acpi/fadt", test_fadt);
    g_test_add_func("/acpi/madt", test_madt);
    g_test_add_func("/acpi/small-tables", test_small_tables);
    g_test_add_func("/acpi/base", test_base);
    g_test_add_func("/acpi/aml", test_aml);
    g_test_add_func("/acpi/recompile", test_recompile);
    g_test_add_func("/acpi/execute", test_execute);
    g_test_add_func("/acpi/routing", test_routing);
    return g_test_run();
}
