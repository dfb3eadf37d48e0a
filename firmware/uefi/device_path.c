/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device paths as bytes: building and walking.  UEFI 2.10 section 10.3. */
#include "firmware/uefi/device_path.h"

#include <string.h>

#include "emu/bytes.h"
#include "firmware/uefi/uefi.h"

#define PATH_MAX_BYTES 16384
#define NODE_HEADER 4

/* --- building --- */
void device_path_node(GByteArray *path, uint8_t type, uint8_t subtype, const void *data, size_t length)
{
    uint8_t header[NODE_HEADER] = {type, subtype};

    put_le16(header + 2, (uint16_t)(NODE_HEADER + length));
    g_byte_array_append(path, header, sizeof(header));
    if (length)
        g_byte_array_append(path, data, (guint)length);
}

void device_path_acpi(GByteArray *path, uint32_t hid, uint32_t uid)
{
    uint8_t data[8];

    put_le32(data, hid);
    put_le32(data + 4, uid);
    device_path_node(path, DEVICE_PATH_ACPI, ACPI_HID, data, sizeof(data));
}

void device_path_pci(GByteArray *path, uint8_t devfn)
{
    uint8_t data[2] = {devfn & 7, devfn >> 3};

    device_path_node(path, DEVICE_PATH_HARDWARE, HARDWARE_PCI, data, sizeof(data));
}

void device_path_sata(GByteArray *path, uint16_t port)
{
    uint8_t data[6] = {0};

    put_le16(data, port);
    put_le16(data + 2, 0xFFFF); /* no port multiplier */
    device_path_node(path, DEVICE_PATH_MESSAGING, MESSAGING_SATA, data, sizeof(data));
}

void device_path_nvme(GByteArray *path, uint32_t name_space)
{
    uint8_t data[12] = {0};

    put_le32(data, name_space);
    device_path_node(path, DEVICE_PATH_MESSAGING, MESSAGING_NVME, data, sizeof(data));
}

void device_path_uart(GByteArray *path, uint64_t baud)
{
    uint8_t data[15] = {0};

    put_le64(data + 4, baud);
    data[12] = 8; /* data bits */
    data[13] = 1; /* no parity */
    data[14] = 1; /* one stop bit */
    device_path_node(path, DEVICE_PATH_MESSAGING, MESSAGING_UART, data, sizeof(data));
}

void device_path_vendor(GByteArray *path, uint8_t type, uint8_t subtype, const struct efi_guid *guid)
{
    device_path_node(path, type, subtype, guid, sizeof(*guid));
}

void device_path_hard_drive(GByteArray *path, uint32_t number, uint64_t start, uint64_t size, const uint8_t *signature,
                            uint8_t signature_type)
{
    uint8_t data[38];

    put_le32(data, number);
    put_le64(data + 4, start);
    put_le64(data + 12, size);
    memcpy(data + 20, signature, 16);
    data[36] = signature_type; /* the format of the table has the same numbers */
    data[37] = signature_type;
    device_path_node(path, DEVICE_PATH_MEDIA, MEDIA_HARD_DRIVE, data, sizeof(data));
}

void device_path_cdrom(GByteArray *path, uint32_t entry, uint64_t start, uint64_t size)
{
    uint8_t data[20];

    put_le32(data, entry);
    put_le64(data + 4, start);
    put_le64(data + 12, size);
    device_path_node(path, DEVICE_PATH_MEDIA, MEDIA_CDROM, data, sizeof(data));
}

void device_path_file_node(GByteArray *path, const char *file)
{
    size_t size;
    uint16_t *text = uefi_text_to_char16(file, &size);

    device_path_node(path, DEVICE_PATH_MEDIA, MEDIA_FILE, text, size);
    g_free(text);
}

void device_path_end(GByteArray *path)
{
    device_path_node(path, DEVICE_PATH_END, DEVICE_PATH_END_ENTIRE, NULL, 0);
}

/* --- walking --- */
size_t device_path_length(const uint8_t *path, size_t available)
{
    size_t at = 0;

    for (;;) {
        uint16_t length;

        if (available - at < NODE_HEADER)
            return 0;
        length = device_path_node_length(path + at);
        if (length < NODE_HEADER || length > available - at)
            return 0;
        if (device_path_is_end(path + at))
            return at + NODE_HEADER;
        at += length;
    }
}

uint8_t *device_path_read(struct uefi *uefi, uint64_t address, size_t *length)
{
    GByteArray *path = g_byte_array_new();
    bool end = false;

    *length = 0;
    while (!end) {
        uint8_t header[NODE_HEADER];
        guint old = path->len;
        uint16_t size;

        if (!uefi_read(uefi, address + old, header, sizeof(header)))
            break;
        size = device_path_node_length(header);
        if (size < NODE_HEADER || old + size > PATH_MAX_BYTES)
            break;
        end = device_path_is_end(header);
        size = end ? NODE_HEADER : size;
        g_byte_array_set_size(path, old + size);
        if (!uefi_read(uefi, address + old, path->data + old, size)) {
            end = false;
            break;
        }
    }
    if (!end) {
        g_byte_array_free(path, TRUE);
        return NULL;
    }
    *length = path->len;
    return g_byte_array_free(path, FALSE);
}

uint8_t *device_path_append_file(const uint8_t *path, size_t length, const char *file, size_t *new_length)
{
    GByteArray *out = g_byte_array_new();

    if (path && length > NODE_HEADER)
        g_byte_array_append(out, path, (guint)(length - NODE_HEADER));
    device_path_file_node(out, file);
    device_path_end(out);
    *new_length = out->len;
    return g_byte_array_free(out, FALSE);
}

static void append_component(GString *text, const uint8_t *node)
{
    size_t units = (device_path_node_length(node) - NODE_HEADER) / 2;
    uint16_t *name = g_new0(uint16_t, units + 1);
    char *part;
    size_t count = 0;

    memcpy(name, node + NODE_HEADER, units * 2);
    while (count < units && name[count])
        count++;
    part = uefi_char16_to_text(name, count);
    if (text->len && text->str[text->len - 1] != '\\' && part[0] != '\\')
        g_string_append_c(text, '\\');
    g_string_append(text, text->len && text->str[text->len - 1] == '\\' && part[0] == '\\' ? part + 1 : part);
    g_free(part);
    g_free(name);
}

char *device_path_file(const uint8_t *node, size_t available)
{
    GString *text = g_string_new(NULL);
    size_t at = 0;

    while (available - at >= NODE_HEADER && node[at] == DEVICE_PATH_MEDIA && node[at + 1] == MEDIA_FILE) {
        uint16_t length = device_path_node_length(node + at);

        if (length < NODE_HEADER || length > available - at)
            break;
        append_component(text, node + at);
        at += length;
    }
    return g_string_free(text, FALSE);
}
