/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device paths as text.  UEFI 2.10 section 10.6.1.6 (tables of nodes and their display form). */
#include <string.h>

#include "firmware/uefi/device_path.h"
#include "firmware/uefi/uefi.h"

#define NODE_HEADER 4

/* Little-endian fields of a node; what lies past its end reads as zero. */
static uint64_t field(const uint8_t *node, unsigned offset, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size && offset + i < device_path_node_length(node); i++)
        value |= (uint64_t)node[offset + i] << 8 * i;
    return value;
}

#define FIELD8(node, offset) ((unsigned)field(node, offset, 1))
#define FIELD16(node, offset) ((unsigned)field(node, offset, 2))
#define FIELD32(node, offset) ((unsigned)field(node, offset, 4))
#define FIELD64(node, offset) ((unsigned long long)field(node, offset, 8))

static void append_guid(GString *out, const uint8_t *node, unsigned offset)
{
    struct efi_guid guid;
    char text[37], *upper;

    for (unsigned i = 0; i < 16; i++)
        guid.bytes[i] = (uint8_t)field(node, offset + i, 1);
    efi_guid_format(&guid, text);
    upper = g_ascii_strup(text, -1);
    g_string_append(out, upper);
    g_free(upper);
}

static void append_bytes(GString *out, const uint8_t *node, unsigned offset)
{
    for (unsigned i = offset; i < device_path_node_length(node); i++)
        g_string_append_printf(out, "%02X", node[i]);
}

static void generic_text(GString *out, const uint8_t *node)
{
    static const char *const kinds[] = {NULL, "HardwarePath", "AcpiPath", "Msg", "MediaPath", "BbsPath"};

    if (node[0] >= 1 && node[0] <= 5)
        g_string_append_printf(out, "%s(%u", kinds[node[0]], node[1]);
    else
        g_string_append_printf(out, "Path(%u,%u", node[0], node[1]);
    if (device_path_node_length(node) > NODE_HEADER) {
        g_string_append_c(out, ',');
        append_bytes(out, node, NODE_HEADER);
    }
    g_string_append_c(out, ')');
}

static void vendor_text(GString *out, const char *name, const uint8_t *node)
{
    g_string_append_printf(out, "%s(", name);
    append_guid(out, node, 4);
    if (device_path_node_length(node) > 20) {
        g_string_append_c(out, ',');
        append_bytes(out, node, 20);
    }
    g_string_append_c(out, ')');
}

static bool hardware_text(GString *out, const uint8_t *node)
{
    switch (node[1]) {
    case HARDWARE_PCI:
        g_string_append_printf(out, "Pci(0x%X,0x%X)", FIELD8(node, 5), FIELD8(node, 4));
        return true;
    case HARDWARE_PCCARD:
        g_string_append_printf(out, "PcCard(0x%X)", FIELD8(node, 4));
        return true;
    case HARDWARE_MEMORY:
        g_string_append_printf(out, "MemoryMapped(0x%X,0x%llX,0x%llX)", FIELD32(node, 4), FIELD64(node, 8),
                               FIELD64(node, 16));
        return true;
    case HARDWARE_VENDOR:
        vendor_text(out, "VenHw", node);
        return true;
    case HARDWARE_CONTROLLER:
        g_string_append_printf(out, "Ctrl(0x%X)", FIELD32(node, 4));
        return true;
    case HARDWARE_BMC:
        g_string_append_printf(out, "BMC(0x%X,0x%llX)", FIELD8(node, 4), FIELD64(node, 5));
        return true;
    default:
        return false;
    }
}

static void eisa_text(GString *out, uint32_t id)
{
    g_string_append_printf(out, "%c%c%c%04X", '@' + (id >> 10 & 31), '@' + (id >> 5 & 31), '@' + (id & 31), id >> 16);
}

static bool acpi_text(GString *out, const uint8_t *node)
{
    static const struct {
        uint16_t number;
        const char *name;
    } known[] = {{0x0A03, "PciRoot"},  {0x0A08, "PcieRoot"}, {0x0604, "Floppy"},
                 {0x0301, "Keyboard"}, {0x0501, "Serial"},   {0x0401, "ParallelPort"}};
    unsigned hid = FIELD32(node, 4);

    if (node[1] == ACPI_ADR) {
        g_string_append_printf(out, "AcpiAdr(0x%X", hid);
        for (unsigned i = 8; i + 4 <= device_path_node_length(node); i += 4)
            g_string_append_printf(out, ",0x%X", FIELD32(node, i));
        g_string_append_c(out, ')');
        return true;
    }
    if (node[1] != ACPI_HID)
        return false;
    for (unsigned i = 0; (hid & 0xFFFF) == 0x41D0 && i < G_N_ELEMENTS(known); i++) {
        if (hid >> 16 == known[i].number) {
            g_string_append_printf(out, "%s(0x%X)", known[i].name, FIELD32(node, 8));
            return true;
        }
    }
    g_string_append(out, "Acpi(");
    eisa_text(out, hid);
    g_string_append_printf(out, ",0x%X)", FIELD32(node, 8));
    return true;
}

static void uart_text(GString *out, const uint8_t *node)
{
    static const char parity[] = "DNEOMS";
    static const char *const stop[] = {"D", "1", "1.5", "2"};
    unsigned p = FIELD8(node, 17), s = FIELD8(node, 18);

    if (FIELD64(node, 8))
        g_string_append_printf(out, "Uart(%llu,", FIELD64(node, 8));
    else
        g_string_append(out, "Uart(DEFAULT,");
    if (FIELD8(node, 16))
        g_string_append_printf(out, "%u,", FIELD8(node, 16));
    else
        g_string_append(out, "DEFAULT,");
    g_string_append_printf(out, "%c,%s)", p < 6 ? parity[p] : 'x', s < 4 ? stop[s] : "x");
}

static void messaging_vendor_text(GString *out, const uint8_t *node)
{
    static const struct {
        struct efi_guid guid;
        const char *name;
    } known[] = {
        {EFI_GUID(0xe0c14753, 0xf9be, 0x11d2, 0x9a, 0x0c, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d), "VenPcAnsi()"},
        {EFI_GUID(0xdfa66065, 0xb419, 0x11d3, 0x9a, 0x2d, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d), "VenVt100()"},
        {EFI_GUID(0x7baec70b, 0x57e0, 0x4c76, 0x8e, 0x87, 0x2f, 0x9e, 0x28, 0x08, 0x83, 0x43), "VenVt100Plus()"},
        {EFI_GUID(0xad15a0d6, 0x8bec, 0x4acf, 0xa0, 0x73, 0xd0, 0x1d, 0xe7, 0x7e, 0x2d, 0x88), "VenUtf8()"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(known) && device_path_node_length(node) == 20; i++) {
        if (memcmp(node + NODE_HEADER, &known[i].guid, 16) == 0) {
            g_string_append(out, known[i].name);
            return;
        }
    }
    vendor_text(out, "VenMsg", node);
}

static void mac_text(GString *out, const uint8_t *node)
{
    unsigned interface = FIELD8(node, 36), count = interface <= 1 ? 6 : 32;

    g_string_append(out, "MAC(");
    for (unsigned i = 0; i < count; i++)
        g_string_append_printf(out, "%02X", FIELD8(node, 4 + i));
    g_string_append_printf(out, ",0x%X)", interface);
}

static void ipv4_text(GString *out, const uint8_t *node)
{
    unsigned protocol = FIELD16(node, 16);

    g_string_append_printf(out, "IPv4(%u.%u.%u.%u,", FIELD8(node, 8), FIELD8(node, 9), FIELD8(node, 10),
                           FIELD8(node, 11));
    if (protocol == 17 || protocol == 6)
        g_string_append(out, protocol == 6 ? "TCP" : "UDP");
    else
        g_string_append_printf(out, "0x%X", protocol);
    g_string_append_printf(out, ",%s,%u.%u.%u.%u)", FIELD8(node, 18) ? "Static" : "DHCP", FIELD8(node, 4),
                           FIELD8(node, 5), FIELD8(node, 6), FIELD8(node, 7));
}

static void nvme_text(GString *out, const uint8_t *node)
{
    g_string_append_printf(out, "NVMe(0x%X,", FIELD32(node, 4));
    for (unsigned i = 0; i < 8; i++)
        g_string_append_printf(out, i ? "-%02X" : "%02X", FIELD8(node, 15 - i));
    g_string_append_c(out, ')');
}

static void usb_class_text(GString *out, const uint8_t *node)
{
    g_string_append_printf(out, "UsbClass(0x%X,0x%X,0x%X,0x%X,0x%X)", FIELD16(node, 4), FIELD16(node, 6),
                           FIELD8(node, 8), FIELD8(node, 9), FIELD8(node, 10));
}

static bool messaging_text(GString *out, const uint8_t *node)
{
    switch (node[1]) {
    case MESSAGING_ATA:
        g_string_append_printf(out, "Ata(%s,%s,0x%X)", FIELD8(node, 4) ? "Secondary" : "Primary",
                               FIELD8(node, 5) ? "Slave" : "Master", FIELD16(node, 6));
        return true;
    case MESSAGING_SCSI:
        g_string_append_printf(out, "Scsi(0x%X,0x%X)", FIELD16(node, 4), FIELD16(node, 6));
        return true;
    case MESSAGING_USB:
        g_string_append_printf(out, "USB(0x%X,0x%X)", FIELD8(node, 4), FIELD8(node, 5));
        return true;
    case MESSAGING_VENDOR:
        messaging_vendor_text(out, node);
        return true;
    case MESSAGING_MAC:
        mac_text(out, node);
        return true;
    case MESSAGING_IPV4:
        ipv4_text(out, node);
        return true;
    case MESSAGING_UART:
        uart_text(out, node);
        return true;
    case MESSAGING_USB_CLASS:
        usb_class_text(out, node);
        return true;
    case MESSAGING_UNIT:
        g_string_append_printf(out, "Unit(0x%X)", FIELD8(node, 4));
        return true;
    case MESSAGING_SATA:
        g_string_append_printf(out, "Sata(0x%X,0x%X,0x%X)", FIELD16(node, 4), FIELD16(node, 6), FIELD16(node, 8));
        return true;
    case MESSAGING_VLAN:
        g_string_append_printf(out, "Vlan(%u)", FIELD16(node, 4));
        return true;
    case MESSAGING_NVME:
        nvme_text(out, node);
        return true;
    case MESSAGING_URI:
        g_string_append_printf(out, "Uri(%.*s)", device_path_node_length(node) - NODE_HEADER, node + NODE_HEADER);
        return true;
    case MESSAGING_UFS:
        g_string_append_printf(out, "UFS(0x%X,0x%X)", FIELD8(node, 4), FIELD8(node, 5));
        return true;
    case MESSAGING_SD:
    case MESSAGING_EMMC:
        g_string_append_printf(out, "%s(0x%X)", node[1] == MESSAGING_SD ? "SD" : "eMMC", FIELD8(node, 4));
        return true;
    default:
        return false;
    }
}

static void hard_drive_text(GString *out, const uint8_t *node)
{
    unsigned kind = FIELD8(node, 41);

    g_string_append_printf(out, "HD(%u,", FIELD32(node, 4));
    if (kind == 1) {
        g_string_append_printf(out, "MBR,0x%08X", FIELD32(node, 24));
    } else if (kind == 2) {
        g_string_append(out, "GPT,");
        append_guid(out, node, 24);
    } else {
        g_string_append_printf(out, "%u,0", kind);
    }
    g_string_append_printf(out, ",0x%llX,0x%llX)", FIELD64(node, 8), FIELD64(node, 16));
}

static void file_text(GString *out, const uint8_t *node)
{
    size_t units = (device_path_node_length(node) - NODE_HEADER) / 2, count = 0;
    uint16_t *name = g_new0(uint16_t, units + 1);
    char *text;

    memcpy(name, node + NODE_HEADER, units * 2);
    while (count < units && name[count])
        count++;
    text = uefi_char16_to_text(name, count);
    g_string_append(out, text);
    g_free(text);
    g_free(name);
}

static void guid_text(GString *out, const char *name, const uint8_t *node)
{
    g_string_append_printf(out, "%s(", name);
    append_guid(out, node, 4);
    g_string_append_c(out, ')');
}

static bool media_text(GString *out, const uint8_t *node)
{
    switch (node[1]) {
    case MEDIA_HARD_DRIVE:
        hard_drive_text(out, node);
        return true;
    case MEDIA_CDROM:
        g_string_append_printf(out, "CDROM(0x%X,0x%llX,0x%llX)", FIELD32(node, 4), FIELD64(node, 8), FIELD64(node, 16));
        return true;
    case MEDIA_VENDOR:
        vendor_text(out, "VenMedia", node);
        return true;
    case MEDIA_FILE:
        file_text(out, node);
        return true;
    case MEDIA_PROTOCOL:
        guid_text(out, "Media", node);
        return true;
    case MEDIA_FIRMWARE_FILE:
        guid_text(out, "FvFile", node);
        return true;
    case MEDIA_FIRMWARE_VOLUME:
        guid_text(out, "Fv", node);
        return true;
    case MEDIA_OFFSET:
        g_string_append_printf(out, "Offset(0x%llX,0x%llX)", FIELD64(node, 8), FIELD64(node, 16));
        return true;
    case MEDIA_RAM_DISK:
        g_string_append_printf(out, "RamDisk(0x%llX,0x%llX,%u,", FIELD64(node, 4), FIELD64(node, 12),
                               FIELD16(node, 36));
        append_guid(out, node, 20);
        g_string_append_c(out, ')');
        return true;
    default:
        return false;
    }
}

static bool bbs_text(GString *out, const uint8_t *node)
{
    static const char *const kinds[] = {"", "Floppy", "HD", "CDROM", "PCMCIA", "USB", "Network"};
    unsigned kind = FIELD16(node, 4), length = device_path_node_length(node);

    if (node[1] != 1)
        return false;
    if (kind >= 1 && kind <= 6)
        g_string_append_printf(out, "BBS(%s,", kinds[kind]);
    else
        g_string_append_printf(out, "BBS(0x%X,", kind);
    for (unsigned i = 8; i < length && node[i]; i++)
        g_string_append_c(out, node[i] >= 0x20 && node[i] < 0x7F ? (char)node[i] : '?');
    g_string_append_printf(out, ",0x%X)", FIELD16(node, 6));
    return true;
}

char *device_path_node_text(const uint8_t *node)
{
    static bool (*const kinds[])(GString *, const uint8_t *) = {NULL,           hardware_text, acpi_text,
                                                                messaging_text, media_text,    bbs_text};
    GString *out = g_string_new(NULL);

    if (node[0] == 0 || node[0] >= G_N_ELEMENTS(kinds) || !kinds[node[0]](out, node))
        generic_text(out, node);
    return g_string_free(out, FALSE);
}

char *device_path_text(const uint8_t *path, size_t length)
{
    GString *out = g_string_new(NULL);
    size_t at = 0;
    bool fresh = true;

    while (at + NODE_HEADER <= length && !device_path_is_end(path + at)) {
        const uint8_t *node = path + at;
        uint16_t size = device_path_node_length(node);
        char *text;

        if (size < NODE_HEADER || size > length - at)
            break;
        at += size;
        if (node[0] == DEVICE_PATH_END) { /* of an instance */
            g_string_append_c(out, ',');
            fresh = true;
            continue;
        }
        text = device_path_node_text(node);
        if (!fresh)
            g_string_append_c(out, '/');
        g_string_append(out, text);
        g_free(text);
        fresh = false;
    }
    return g_string_free(out, FALSE);
}
