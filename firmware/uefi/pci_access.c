/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses of the PCI protocols.  UEFI 2.10 sections 14.2 and 14.4. */
#include "firmware/uefi/pci_access.h"

#include <string.h>

#include "devices/pci/pci.h"
#include "emu/bytes.h"

#define WIDTH_PLAIN 0 /* kinds of width, in its bits 2 and 3 */
#define WIDTH_FIFO 1  /* the device's address stays */
#define WIDTH_FILL 2  /* the buffer's address stays */
#define WIDTHS 12
#define COUNT_MAX (1u << 26)
#define POLL_STEP_NS 100
#define FOUR_GIB 0x100000000u
#define DESCRIPTOR_LENGTH 46
#define EFI_PAGE_SIZE 4096u

static bool in_range(const struct pci_access *access, uint64_t address, uint64_t length)
{
    uint64_t size = access->limit - access->base;

    return length <= size && address <= size - length;
}

static uint64_t access_read(struct uefi *uefi, const struct pci_access *access, uint64_t address, unsigned size)
{
    uint64_t value = 0;

    switch (access->space) {
    case PCI_ACCESS_MEMORY: {
        uint8_t bytes[8];

        memory_read(uefi_memory(uefi), access->base + address, bytes, size);
        return get_le(bytes, size);
    }
    case PCI_ACCESS_IO:
        return memory_io_read(uefi_memory(uefi), MEMORY_SPACE_PORT, access->base + address, size);
    default:
        for (unsigned i = 0; i < size; i += 4)
            value |= (uint64_t)pci_config_read(uefi_config(uefi)->pci, access->bus, access->devfn,
                                               (uint16_t)(address + i), MIN(size, 4u))
                     << 8 * i;
        return value;
    }
}

static void access_write(struct uefi *uefi, const struct pci_access *access, uint64_t address, unsigned size,
                         uint64_t value)
{
    uint8_t bytes[8];

    switch (access->space) {
    case PCI_ACCESS_MEMORY:
        put_le(bytes, value, size);
        memory_write(uefi_memory(uefi), access->base + address, bytes, size);
        break;
    case PCI_ACCESS_IO:
        memory_io_write(uefi_memory(uefi), MEMORY_SPACE_PORT, access->base + address, size, value);
        break;
    default:
        for (unsigned i = 0; i < size; i += 4)
            pci_config_write(uefi_config(uefi)->pci, access->bus, access->devfn, (uint16_t)(address + i), MIN(size, 4u),
                             (uint32_t)(value >> 8 * i));
    }
}

/* The checks that all accesses share. */
static efi_status check(const struct pci_access *access, uint32_t width, uint64_t address, uint64_t count)
{
    unsigned size = 1u << (width & 3);
    bool fifo = width >> 2 == WIDTH_FIFO;

    if (width >= WIDTHS || count > COUNT_MAX)
        return EFI_INVALID_PARAMETER;
    if (address % size || (access->space == PCI_ACCESS_IO && size == 8))
        return EFI_UNSUPPORTED;
    return in_range(access, address, fifo ? size : size * count) ? EFI_SUCCESS : EFI_UNSUPPORTED;
}

efi_status pci_access_transfer(struct uefi *uefi, const struct pci_access *access, bool write, uint32_t width,
                               uint64_t address, uint64_t count, uint64_t buffer)
{
    efi_status status = check(access, width, address, count);
    unsigned size = 1u << (width & 3), kind = width >> 2;
    uint64_t address_step = kind == WIDTH_FIFO ? 0 : size, buffer_step = kind == WIDTH_FILL ? 0 : size;

    if (status != EFI_SUCCESS)
        return status;
    if (buffer == 0 || (count && !uefi_accessible(uefi, buffer, kind == WIDTH_FILL ? size : size * count)))
        return EFI_INVALID_PARAMETER;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t value = 0;

        if (write) {
            uefi_read(uefi, buffer + i * buffer_step, &value, size);
            access_write(uefi, access, address + i * address_step, size, GUINT64_FROM_LE(value));
        } else {
            value = GUINT64_TO_LE(access_read(uefi, access, address + i * address_step, size));
            uefi_write(uefi, buffer + i * buffer_step, &value, size);
        }
    }
    return EFI_SUCCESS;
}

efi_status pci_access_poll(struct uefi *uefi, struct uefi_call *call, const struct pci_access *access, uint32_t width,
                           uint64_t address, uint64_t mask, uint64_t value, uint64_t delay, uint64_t result)
{
    efi_status status = width > 3 ? EFI_INVALID_PARAMETER : check(access, width, address, 1);
    uint64_t now;

    if (status != EFI_SUCCESS)
        return status;
    if (!uefi_accessible(uefi, result, 8))
        return EFI_INVALID_PARAMETER;
    now = access_read(uefi, access, address, 1u << width);
    uefi_write64(uefi, result, now);
    if ((now & mask) == value)
        return EFI_SUCCESS;
    if (delay == 0)
        return EFI_SUCCESS; /* one look, whatever is seen */
    delay = MIN(delay, (uint64_t)INT64_MAX / POLL_STEP_NS / 2);
    return uefi_delay(call, (int64_t)(delay * POLL_STEP_NS)) ? EFI_TIMEOUT : UEFI_AGAIN;
}

efi_status pci_access_copy(struct uefi *uefi, const struct pci_access *to, const struct pci_access *from,
                           uint32_t width, uint64_t to_address, uint64_t from_address, uint64_t count)
{
    unsigned size = 1u << (width & 3);
    bool backwards = to->base + to_address > from->base + from_address;
    efi_status status = width > 3 ? EFI_INVALID_PARAMETER : check(to, width, to_address, count);

    if (status == EFI_SUCCESS)
        status = check(from, width, from_address, count);
    for (uint64_t i = 0; status == EFI_SUCCESS && i < count; i++) {
        uint64_t at = (backwards ? count - 1 - i : i) * size;

        access_write(uefi, to, to_address + at, size, access_read(uefi, from, from_address + at, size));
    }
    return status;
}

/* --- DMA --- */
efi_status pci_dma_map(struct uefi *uefi, uint64_t host, uint64_t size_address, uint64_t device, uint64_t mapping)
{
    uint64_t size;

    if (host == 0 || !uefi_read64(uefi, size_address, &size) || !uefi_accessible(uefi, device, 8) ||
        !uefi_accessible(uefi, mapping, 8))
        return EFI_INVALID_PARAMETER;
    uefi_write64(uefi, device, host);
    uefi_write64(uefi, mapping, host); /* any value but zero: nothing is behind it */
    return EFI_SUCCESS;
}

efi_status pci_dma_allocate(struct uefi *uefi, uint32_t type, uint64_t pages, uint64_t host)
{
    uint64_t address;

    if ((type != EFI_BOOT_SERVICES_DATA && type != EFI_RUNTIME_SERVICES_DATA) || !uefi_accessible(uefi, host, 8))
        return EFI_INVALID_PARAMETER;
    address = pages ? uefi_pages_new(uefi, type, pages, FOUR_GIB) : 0;
    if (!address)
        return EFI_OUT_OF_RESOURCES;
    uefi_write64(uefi, host, address);
    return EFI_SUCCESS;
}

efi_status pci_dma_free(struct uefi *uefi, uint64_t pages, uint64_t host)
{
    return host % EFI_PAGE_SIZE == 0 && uefi_pages_free(uefi, host, pages) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

/* --- resources --- */
void pci_resource_add(GByteArray *out, enum pci_resource type, uint8_t specific, uint64_t granularity, uint64_t start,
                      uint64_t length)
{
    uint8_t bytes[DESCRIPTOR_LENGTH] = {0x8A, DESCRIPTOR_LENGTH - 3, 0, (uint8_t)type, 0, specific};
    const uint64_t fields[] = {granularity, start, start + length - 1, 0, length};

    for (unsigned i = 0; i < G_N_ELEMENTS(fields) * 8; i++)
        bytes[6 + i] = (uint8_t)(fields[i / 8] >> i % 8 * 8);
    g_byte_array_append(out, bytes, sizeof(bytes));
}

void pci_resource_end(GByteArray *out)
{
    const uint8_t end[] = {0x79, 0};

    g_byte_array_append(out, end, sizeof(end));
}
