/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PciRootBridgeIo for the one root bridge.  UEFI 2.10 section 14.2. */
#include "devices/pci/pci.h"
#include "firmware/uefi/device_path.h"
#include "firmware/uefi/pci_access.h"
#include "firmware/uefi/protocols.h"

enum { /* EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL */
       BRIDGE_PARENT = 0,
       BRIDGE_FUNCTIONS = 8,
       BRIDGE_SEGMENT = 144,
       BRIDGE_SIZE = 152,
};
#define CONFIG_SIZE 4096u

static const struct uefi_object_class root_bridge_class = {"pci-root-bridge-io", NULL, stateless_load, NULL, NULL};

static bool is_ours(const struct uefi_call *call)
{
    return uefi_this(call, &root_bridge_class) != NULL;
}

static struct pci_access whole(enum pci_access_space space)
{
    return (struct pci_access){.space = space, .base = 0, .limit = space == PCI_ACCESS_IO ? 0x10000 : UINT64_MAX};
}

static uint64_t transfer(struct uefi *uefi, struct uefi_call *call, enum pci_access_space space, bool write)
{
    struct pci_access access = whole(space);

    if (!is_ours(call))
        return EFI_INVALID_PARAMETER;
    return pci_access_transfer(uefi, &access, write, uefi_argument32(call, 1), uefi_argument(call, 2),
                               uefi_argument(call, 3), uefi_argument(call, 4));
}

static uint64_t mem_read(struct uefi *uefi, struct uefi_call *call)
{
    return transfer(uefi, call, PCI_ACCESS_MEMORY, false);
}

static uint64_t mem_write(struct uefi *uefi, struct uefi_call *call)
{
    return transfer(uefi, call, PCI_ACCESS_MEMORY, true);
}

static uint64_t io_read(struct uefi *uefi, struct uefi_call *call)
{
    return transfer(uefi, call, PCI_ACCESS_IO, false);
}

static uint64_t io_write(struct uefi *uefi, struct uefi_call *call)
{
    return transfer(uefi, call, PCI_ACCESS_IO, true);
}

/* Register, function, device, bus in a byte each; a register beyond 255 in the upper half. */
static uint64_t config_transfer(struct uefi *uefi, struct uefi_call *call, bool write)
{
    uint64_t address = uefi_argument(call, 2), offset = address >> 32 ? address >> 32 : address & 0xFF;
    struct pci_access access = {
        .space = PCI_ACCESS_CONFIG,
        .limit = CONFIG_SIZE,
        .bus = (uint8_t)(address >> 24),
        .devfn = PCI_DEVFN(address >> 16 & 31, address >> 8 & 7),
    };

    if (!is_ours(call) || address >> 16 & 0xE0 || address >> 8 & 0xF8)
        return EFI_INVALID_PARAMETER;
    return pci_access_transfer(uefi, &access, write, uefi_argument32(call, 1), offset, uefi_argument(call, 3),
                               uefi_argument(call, 4));
}

static uint64_t config_read(struct uefi *uefi, struct uefi_call *call)
{
    return config_transfer(uefi, call, false);
}

static uint64_t config_write(struct uefi *uefi, struct uefi_call *call)
{
    return config_transfer(uefi, call, true);
}

static uint64_t poll(struct uefi *uefi, struct uefi_call *call, enum pci_access_space space)
{
    struct pci_access access = whole(space);

    if (!is_ours(call))
        return EFI_INVALID_PARAMETER;
    return pci_access_poll(uefi, call, &access, uefi_argument32(call, 1), uefi_argument(call, 2),
                           uefi_argument(call, 3), uefi_argument(call, 4), uefi_argument(call, 5),
                           uefi_argument(call, 6));
}

static uint64_t poll_mem(struct uefi *uefi, struct uefi_call *call)
{
    return poll(uefi, call, PCI_ACCESS_MEMORY);
}

static uint64_t poll_io(struct uefi *uefi, struct uefi_call *call)
{
    return poll(uefi, call, PCI_ACCESS_IO);
}

static uint64_t copy_mem(struct uefi *uefi, struct uefi_call *call)
{
    struct pci_access access = whole(PCI_ACCESS_MEMORY);

    if (!is_ours(call))
        return EFI_INVALID_PARAMETER;
    return pci_access_copy(uefi, &access, &access, uefi_argument32(call, 1), uefi_argument(call, 2),
                           uefi_argument(call, 3), uefi_argument(call, 4));
}

static uint64_t map(struct uefi *uefi, struct uefi_call *call)
{
    if (!is_ours(call) || uefi_argument32(call, 1) > 5)
        return EFI_INVALID_PARAMETER;
    return pci_dma_map(uefi, uefi_argument(call, 2), uefi_argument(call, 3), uefi_argument(call, 4),
                       uefi_argument(call, 5));
}

static uint64_t unmap(struct uefi *uefi, struct uefi_call *call)
{
    return is_ours(call) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

static uint64_t allocate_buffer(struct uefi *uefi, struct uefi_call *call)
{
    if (!is_ours(call))
        return EFI_INVALID_PARAMETER;
    return pci_dma_allocate(uefi, uefi_argument32(call, 2), uefi_argument(call, 3), uefi_argument(call, 4));
}

static uint64_t free_buffer(struct uefi *uefi, struct uefi_call *call)
{
    return is_ours(call) ? pci_dma_free(uefi, uefi_argument(call, 1), uefi_argument(call, 2)) : EFI_INVALID_PARAMETER;
}

static uint64_t flush(struct uefi *uefi, struct uefi_call *call)
{
    return is_ours(call) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

static uint64_t get_attributes(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t supports = uefi_argument(call, 1), attributes = uefi_argument(call, 2);

    if (!is_ours(call) || (!supports && !attributes) || (supports && !uefi_write64(uefi, supports, 0)) ||
        (attributes && !uefi_write64(uefi, attributes, 0)))
        return EFI_INVALID_PARAMETER;
    return EFI_SUCCESS;
}

static uint64_t set_attributes(struct uefi *uefi, struct uefi_call *call)
{
    if (!is_ours(call))
        return EFI_INVALID_PARAMETER;
    return uefi_argument(call, 1) ? EFI_UNSUPPORTED : EFI_SUCCESS;
}

static uint64_t configuration(struct uefi *uefi, struct uefi_call *call)
{
    const struct pci_windows *windows = &uefi_config(uefi)->pci_windows;
    GByteArray *out = g_byte_array_new();
    uint64_t address;

    pci_resource_add(out, PCI_RESOURCE_BUS, 0, 0, 0, (uint64_t)uefi_config(uefi)->pci_last_bus + 1);
    if (windows->io_end > windows->io_start)
        pci_resource_add(out, PCI_RESOURCE_IO, 0, 0, windows->io_start, windows->io_end - windows->io_start);
    if (windows->memory32_end > windows->memory32_start)
        pci_resource_add(out, PCI_RESOURCE_MEMORY, 0, 32, windows->memory32_start,
                         windows->memory32_end - windows->memory32_start);
    if (windows->memory64_end > windows->memory64_start)
        pci_resource_add(out, PCI_RESOURCE_MEMORY, 6, 64, windows->memory64_start,
                         windows->memory64_end - windows->memory64_start);
    pci_resource_end(out);
    address = is_ours(call) ? uefi_pool_copy(uefi, EFI_BOOT_SERVICES_DATA, out->data, out->len) : 0;
    g_byte_array_free(out, TRUE);
    return address && uefi_write64(uefi, uefi_argument(call, 1), address) ? EFI_SUCCESS : EFI_UNSUPPORTED;
}

void pci_root_bridge_io_register(struct uefi *uefi)
{
    uefi_register_class(uefi, &root_bridge_class);
}

void pci_root_bridge_io_init(struct uefi *uefi)
{
    const uint64_t functions[] = {
        uefi_function(uefi, "PciRootBridgeIo.PollMem", poll_mem),
        uefi_function(uefi, "PciRootBridgeIo.PollIo", poll_io),
        uefi_function(uefi, "PciRootBridgeIo.Mem.Read", mem_read),
        uefi_function(uefi, "PciRootBridgeIo.Mem.Write", mem_write),
        uefi_function(uefi, "PciRootBridgeIo.Io.Read", io_read),
        uefi_function(uefi, "PciRootBridgeIo.Io.Write", io_write),
        uefi_function(uefi, "PciRootBridgeIo.Pci.Read", config_read),
        uefi_function(uefi, "PciRootBridgeIo.Pci.Write", config_write),
        uefi_function(uefi, "PciRootBridgeIo.CopyMem", copy_mem),
        uefi_function(uefi, "PciRootBridgeIo.Map", map),
        uefi_function(uefi, "PciRootBridgeIo.Unmap", unmap),
        uefi_function(uefi, "PciRootBridgeIo.AllocateBuffer", allocate_buffer),
        uefi_function(uefi, "PciRootBridgeIo.FreeBuffer", free_buffer),
        uefi_function(uefi, "PciRootBridgeIo.Flush", flush),
        uefi_function(uefi, "PciRootBridgeIo.GetAttributes", get_attributes),
        uefi_function(uefi, "PciRootBridgeIo.SetAttributes", set_attributes),
        uefi_function(uefi, "PciRootBridgeIo.Configuration", configuration),
    };
    GByteArray *path;
    uint64_t handle, interface;

    if (!uefi_config(uefi)->pci)
        return;
    path = g_byte_array_new();
    device_path_acpi(path, EISA_PNP(0x0A03), 0);
    device_path_end(path);
    handle = uefi_device_handle(uefi, path->data, path->len);
    g_byte_array_free(path, TRUE);
    interface = uefi_interface_new(uefi, BRIDGE_SIZE, &root_bridge_class, uefi);
    if (!handle || !interface)
        return;
    write_functions(uefi, interface + BRIDGE_FUNCTIONS, functions, G_N_ELEMENTS(functions));
    uefi_write32(uefi, interface + BRIDGE_SEGMENT, 0);
    uefi_install(uefi, handle, &guid_pci_root_bridge_io, interface);
}
