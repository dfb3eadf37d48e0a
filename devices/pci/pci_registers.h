/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offsets and bits of configuration space.  PCI Local Bus 3.0 chapter 6, PCI Express Base 3.0 section 7.8. */
#ifndef GALVANIC_DEVICES_PCI_PCI_REGISTERS_H
#define GALVANIC_DEVICES_PCI_PCI_REGISTERS_H

enum {
    PCI_VENDOR_ID = 0x00,
    PCI_DEVICE_ID = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION_ID = 0x08,
    PCI_CLASS_CODE = 0x09,
    PCI_CACHE_LINE_SIZE = 0x0C,
    PCI_LATENCY_TIMER = 0x0D,
    PCI_HEADER_TYPE = 0x0E,
    PCI_BAR0 = 0x10,
    PCI_SUBSYSTEM_VENDOR_ID = 0x2C,
    PCI_SUBSYSTEM_ID = 0x2E,
    PCI_ROM_ADDRESS = 0x30,
    PCI_CAPABILITIES = 0x34,
    PCI_INTERRUPT_LINE = 0x3C,
    PCI_INTERRUPT_PIN = 0x3D,
    PCI_HEADER_END = 0x40,
};

enum {
    PCI_COMMAND_IO = 1 << 0,
    PCI_COMMAND_MEMORY = 1 << 1,
    PCI_COMMAND_MASTER = 1 << 2,
    PCI_COMMAND_PARITY = 1 << 6,
    PCI_COMMAND_SERR = 1 << 8,
    PCI_COMMAND_INTX_DISABLE = 1 << 10,

    PCI_STATUS_INTERRUPT = 1 << 3,
    PCI_STATUS_CAPABILITIES = 1 << 4,
    PCI_STATUS_ERRORS = 0xF900, /* written as ones to clear */

    PCI_HEADER_MULTIFUNCTION = 0x80,

    PCI_BAR_IS_IO = 1 << 0,
    PCI_BAR_IS_64 = 2 << 1,
    PCI_BAR_PREFETCHABLE = 1 << 3,
};

/* Capability identifiers. */
enum { PCI_CAP_MSI = 0x05, PCI_CAP_VENDOR = 0x09, PCI_CAP_EXPRESS = 0x10, PCI_CAP_MSIX = 0x11, PCI_CAP_SATA = 0x12 };

/* MSI, from the capability's start; 64-bit address form. */
enum {
    PCI_MSI_CONTROL = 2,
    PCI_MSI_ADDRESS = 4,
    PCI_MSI_DATA = 12,
    PCI_MSI_LENGTH = 14,
    PCI_MSI_CONTROL_ENABLE = 1 << 0,
    PCI_MSI_CONTROL_64 = 1 << 7,
};

/* MSI-X. */
enum {
    PCI_MSIX_CONTROL = 2,
    PCI_MSIX_TABLE = 4,
    PCI_MSIX_PENDING = 8,
    PCI_MSIX_LENGTH = 12,
    PCI_MSIX_CONTROL_MASK = 1 << 14,
    PCI_MSIX_CONTROL_ENABLE = 1 << 15,
    PCI_MSIX_ENTRY_SIZE = 16,
    PCI_MSIX_ENTRY_MASKED = 1 << 0,
};

#endif
