/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What PciIo and PciRootBridgeIo share: transfers of repeated accesses, DMA buffers, resource descriptors. */
#ifndef GALVANIC_FIRMWARE_UEFI_PCI_ACCESS_H
#define GALVANIC_FIRMWARE_UEFI_PCI_ACCESS_H

#include "firmware/uefi/uefi.h"

enum pci_access_space { PCI_ACCESS_MEMORY, PCI_ACCESS_IO, PCI_ACCESS_CONFIG };

/* A range that accesses must stay in: BAR, configuration space, or everything. */
struct pci_access {
    enum pci_access_space space;
    uint64_t base, limit; /* addresses are relative to @base, and must end at or below @limit */
    uint8_t bus, devfn;   /* configuration space */
};

/*
 * Mem, Io and Pci: @count accesses of @width (EFI_PCI_IO_PROTOCOL_WIDTH) at @address, to or from the guest's @buffer.
 */
efi_status pci_access_transfer(struct uefi *uefi, const struct pci_access *access, bool write, uint32_t width,
                               uint64_t address, uint64_t count, uint64_t buffer);
/* PollMem, PollIo; may be UEFI_AGAIN. */
efi_status pci_access_poll(struct uefi *uefi, struct uefi_call *call, const struct pci_access *access, uint32_t width,
                           uint64_t address, uint64_t mask, uint64_t value, uint64_t delay, uint64_t result);
/* CopyMem within one kind of memory. */
efi_status pci_access_copy(struct uefi *uefi, const struct pci_access *to, const struct pci_access *from,
                           uint32_t width, uint64_t to_address, uint64_t from_address, uint64_t count);

/* Map() and AllocateBuffer(): memory is coherent and devices see all of it. */
efi_status pci_dma_map(struct uefi *uefi, uint64_t host, uint64_t size_address, uint64_t device, uint64_t mapping);
efi_status pci_dma_allocate(struct uefi *uefi, uint32_t type, uint64_t pages, uint64_t host);
efi_status pci_dma_free(struct uefi *uefi, uint64_t pages, uint64_t host);

/* QWORD address space descriptors (ACPI 6.4 section 6.4.3.5.1) with an end tag. */
enum pci_resource { PCI_RESOURCE_MEMORY, PCI_RESOURCE_IO, PCI_RESOURCE_BUS };
void pci_resource_add(GByteArray *out, enum pci_resource type, uint8_t specific, uint64_t granularity, uint64_t start,
                      uint64_t length);
void pci_resource_end(GByteArray *out);

#endif
