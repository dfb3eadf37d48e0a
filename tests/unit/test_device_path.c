/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device paths: built, walked, turned into text and back. */
#include <glib.h>
#include <string.h>

#include "firmware/uefi/device_path.h"
#include "firmware/uefi/uefi.h"

static const uint8_t signature[16] = {0x67, 0x45, 0x23, 0x01, 0xAB, 0x89, 0xEF, 0xCD, 1, 2, 3, 4, 5, 6, 7, 8};

static void assert_text(GByteArray *path, const char *expected)
{
    char *text = device_path_text(path->data, path->len);

    g_assert_cmpuint(device_path_length(path->data, path->len), ==, path->len);
    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}

static void test_disk(void)
{
    static const uint8_t expected[] = {
        2,    1,    12, 0, 0xD0, 0x41, 0x03, 0x0A, 0, 0, 0, 0, /* PciRoot(0) */
        1,    1,    6,  0, 2,    0x1F,                         /* Pci(31,2) */
        3,    18,   10, 0, 1,    0,    0xFF, 0xFF, 0, 0,       /* Sata(1) */
        0x7F, 0xFF, 4,  0,
    };
    GByteArray *path = g_byte_array_new();

    device_path_acpi(path, EISA_PNP(0x0A03), 0);
    device_path_pci(path, 0x1F << 3 | 2);
    device_path_sata(path, 1);
    device_path_end(path);
    g_assert_cmpmem(path->data, path->len, expected, sizeof(expected));
    assert_text(path, "PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x1,0xFFFF,0x0)");
    g_byte_array_free(path, TRUE);
}

static void test_partition(void)
{
    GByteArray *path = g_byte_array_new();
    uint8_t mbr[16] = {0xEF, 0xBE, 0xAD, 0xDE};

    device_path_hard_drive(path, 1, 0x800, 0x1000, signature, 2);
    g_assert_cmpuint(device_path_node_length(path->data), ==, 42);
    device_path_file_node(path, "\\EFI\\BOOT\\BOOTX64.EFI");
    device_path_end(path);
    assert_text(path, "HD(1,GPT,01234567-89AB-CDEF-0102-030405060708,0x800,0x1000)/\\EFI\\BOOT\\BOOTX64.EFI");
    g_byte_array_set_size(path, 0);
    device_path_hard_drive(path, 5, 63, 100, mbr, 1);
    device_path_end(path);
    assert_text(path, "HD(5,MBR,0xDEADBEEF,0x3F,0x64)");
    g_byte_array_set_size(path, 0);
    device_path_cdrom(path, 1, 0x1000, 0x20);
    device_path_end(path);
    assert_text(path, "CDROM(0x1,0x1000,0x20)");
    g_byte_array_free(path, TRUE);
}

/* Text that is turned into bytes and back is the same. */
static void test_round_trip(void)
{
    static const char *const texts[] = {
        "PciRoot(0x0)",
        "PcieRoot(0x2)/Pci(0x2,0x0)/NVMe(0x1,00-11-22-33-44-55-66-77)",
        "Acpi(PNP0303,0x1)/Ctrl(0x5)",
        "Acpi(QEM0002,0x0)",
        "PciRoot(0x0)/Pci(0x1F,0x0)/Serial(0x0)/Uart(115200,8,N,1)/VenUtf8()",
        "Uart(DEFAULT,DEFAULT,D,D)",
        "PciRoot(0x0)/Pci(0x3,0x0)/Scsi(0x1,0x2)",
        "PciRoot(0x0)/Pci(0x1,0x1)/Ata(Secondary,Slave,0x0)",
        "USB(0x1,0x0)/Unit(0x2)",
        "UsbClass(0x46D,0xFFFF,0x8,0x6,0x50)",
        "MAC(525400123456,0x1)",
        "Vlan(7)",
        "VenHw(5B1B31A1-9562-11D2-8E3F-00A0C969723B)",
        "VenHw(5B1B31A1-9562-11D2-8E3F-00A0C969723B,0102FF)/VenMedia(5568E427-68FC-4F3D-AC74-CA555231CC68)",
        "HD(2,GPT,01234567-89AB-CDEF-0123-456789ABCDEF,0x800,0x40000)/\\EFI\\BOOT\\grubx64.efi",
        "HD(1,MBR,0x12345678,0x3F,0xFFF)",
        "CDROM(0x0,0x20,0x800)",
        "MemoryMapped(0xB,0x100000,0x1FFFFF)",
        "Fv(7CB8BDC9-F8EB-4F34-AAEA-3EE4AF6516A1)/FvFile(7C04A583-9E3E-4F1C-AD65-E05268D0B4D1)",
        "AcpiAdr(0x80010100)",
        "Offset(0x200,0x400)",
        "Uri(http://example.org/boot.efi)",
        "HardwarePath(200,AABB)",
        "Msg(77,01)",
        "Path(9,1,00)",
        "SD(0x0)/eMMC(0x1)",
        "PciRoot(0x0)/Pci(0x1,0x0),PciRoot(0x0)/Pci(0x2,0x0)",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        GByteArray *path = device_path_parse(texts[i]);

        g_assert_nonnull(path);
        assert_text(path, texts[i]);
        g_byte_array_free(path, TRUE);
    }
}

static void test_bad_text(void)
{
    static const char *const texts[] = {"Pci(0xZZ,0)", "HD(1,GPT,nonsense,0,0)", "VenHw(12)", "MAC(123,0x1)",
                                        "Msg(1,0)"};

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        g_assert_null(device_path_parse(texts[i]));
    g_assert_null(device_path_parse_node(""));
}

static void test_file(void)
{
    GByteArray *path = g_byte_array_new();
    size_t length;
    uint8_t *whole;
    char *text;

    device_path_acpi(path, EISA_PNP(0x0A03), 0);
    device_path_end(path);
    whole = device_path_append_file(path->data, path->len, "\\EFI\\x.efi", &length);
    text = device_path_text(whole, length);
    g_assert_cmpstr(text, ==, "PciRoot(0x0)/\\EFI\\x.efi");
    g_free(text);
    text = device_path_file(whole + 12, length - 12);
    g_assert_cmpstr(text, ==, "\\EFI\\x.efi");
    g_free(text);
    g_free(whole);
    g_byte_array_set_size(path, 0);
    device_path_file_node(path, "\\EFI");
    device_path_file_node(path, "BOOT");
    device_path_file_node(path, "\\x.efi");
    device_path_end(path);
    text = device_path_file(path->data, path->len);
    g_assert_cmpstr(text, ==, "\\EFI\\BOOT\\x.efi");
    g_free(text);
    g_byte_array_free(path, TRUE);
}

/* Lengths that lie, texts without an end: an answer, no read past the end. */
static void test_malformed(void)
{
    GRand *random = g_rand_new_with_seed(11);

    g_assert_cmpuint(device_path_length((const uint8_t *)"\x01\x01\x03\x00", 4), ==, 0);
    g_assert_cmpuint(device_path_length((const uint8_t *)"\x01\x01\x06\x00\x00\x00", 6), ==, 0);
    g_assert_cmpuint(device_path_length((const uint8_t *)"\x7F\xFF\x04", 3), ==, 0);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned length = (unsigned)g_rand_int_range(random, 4, 64);
        uint8_t *node = g_malloc(length);
        char *text;

        for (unsigned k = 0; k < length; k++)
            node[k] = (uint8_t)g_rand_int(random);
        node[0] = (uint8_t)g_rand_int_range(random, 0, 7);
        node[1] = (uint8_t)g_rand_int_range(random, 0, 32);
        node[2] = (uint8_t)length;
        node[3] = 0;
        text = device_path_node_text(node);
        g_assert_nonnull(text);
        g_free(text);
        text = device_path_text(node, length);
        g_free(text);
        text = device_path_file(node, length);
        g_free(text);
        g_free(node);
    }
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/device-path/disk", test_disk);
    g_test_add_func("/device-path/partition", test_partition);
    g_test_add_func("/device-path/round-trip", test_round_trip);
    g_test_add_func("/device-path/bad-text", test_bad_text);
    g_test_add_func("/device-path/file", test_file);
    g_test_add_func("/device-path/malformed", test_malformed);
    return g_test_run();
}
