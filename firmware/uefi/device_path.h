/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device paths as bytes: building, walking, text (UEFI 2.10 chapter 10).  What the core of the shim uses of it stands
 * in uefi.h.
 */
#ifndef GALVANIC_FIRMWARE_UEFI_DEVICE_PATH_H
#define GALVANIC_FIRMWARE_UEFI_DEVICE_PATH_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/bytes.h"
#include "firmware/uefi/guid.h"

#define DEVICE_PATH_HARDWARE 1
#define DEVICE_PATH_ACPI 2
#define DEVICE_PATH_MESSAGING 3
#define DEVICE_PATH_MEDIA 4
#define DEVICE_PATH_BBS 5
#define DEVICE_PATH_END 0x7F

#define DEVICE_PATH_END_INSTANCE 0x01
#define DEVICE_PATH_END_ENTIRE 0xFF

#define HARDWARE_PCI 1
#define HARDWARE_PCCARD 2
#define HARDWARE_MEMORY 3
#define HARDWARE_VENDOR 4
#define HARDWARE_CONTROLLER 5
#define HARDWARE_BMC 6

#define ACPI_HID 1
#define ACPI_EXTENDED 2
#define ACPI_ADR 3

#define MESSAGING_ATA 1
#define MESSAGING_SCSI 2
#define MESSAGING_USB 5
#define MESSAGING_VENDOR 10
#define MESSAGING_MAC 11
#define MESSAGING_IPV4 12
#define MESSAGING_IPV6 13
#define MESSAGING_UART 14
#define MESSAGING_USB_CLASS 15
#define MESSAGING_USB_WWID 16
#define MESSAGING_UNIT 17
#define MESSAGING_SATA 18
#define MESSAGING_VLAN 20
#define MESSAGING_NVME 23
#define MESSAGING_URI 24
#define MESSAGING_UFS 25
#define MESSAGING_SD 26
#define MESSAGING_EMMC 29

#define MEDIA_HARD_DRIVE 1
#define MEDIA_CDROM 2
#define MEDIA_VENDOR 3
#define MEDIA_FILE 4
#define MEDIA_PROTOCOL 5
#define MEDIA_FIRMWARE_FILE 6
#define MEDIA_FIRMWARE_VOLUME 7
#define MEDIA_OFFSET 8
#define MEDIA_RAM_DISK 9

#define EISA_PNP(number) (0x41D0u | (uint32_t)(number) << 16)

/* --- building: nodes are appended, device_path_end() closes --- */
void device_path_node(GByteArray *path, uint8_t type, uint8_t subtype, const void *data, size_t length);
void device_path_acpi(GByteArray *path, uint32_t hid, uint32_t uid);
void device_path_pci(GByteArray *path, uint8_t devfn);
void device_path_sata(GByteArray *path, uint16_t port);
void device_path_nvme(GByteArray *path, uint32_t name_space);
void device_path_uart(GByteArray *path, uint64_t baud);
void device_path_vendor(GByteArray *path, uint8_t type, uint8_t subtype, const struct efi_guid *guid);
/* @start and @size in blocks; @signature: 16 bytes; @signature_type 1 MBR, 2 GPT. */
void device_path_hard_drive(GByteArray *path, uint32_t number, uint64_t start, uint64_t size, const uint8_t *signature,
                            uint8_t signature_type);
void device_path_cdrom(GByteArray *path, uint32_t entry, uint64_t start, uint64_t size);
void device_path_file_node(GByteArray *path, const char *file);
void device_path_end(GByteArray *path);

/* --- walking --- */
static inline uint16_t device_path_node_length(const uint8_t *node)
{
    return get_le16(node + 2);
}
static inline bool device_path_is_end(const uint8_t *node)
{
    return node[0] == DEVICE_PATH_END && node[1] == DEVICE_PATH_END_ENTIRE;
}

/* --- text --- */
/* One node, of a well-formed length; to be freed. */
char *device_path_node_text(const uint8_t *node);
/* The path that @text describes, with its end; NULL: not understood.  Single: one node without an end. */
GByteArray *device_path_parse(const char *text);
GByteArray *device_path_parse_node(const char *text);

#endif
