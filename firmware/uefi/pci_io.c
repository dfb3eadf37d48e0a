/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PciIo on each function of the root bus.  UEFI 2.10 section 14.4. */
#include <string.h>

#include "devices/pci/pci.h"
#include "firmware/uefi/device_path.h"
#include "firmware/uefi/pci_access.h"
#include "firmware/uefi/protocols.h"

#define PCI_IO_SIZE 160 /* eighteen functions, RomSize, RomImage */
#define BAR_NONE 0xFF   /* pass-through */
#define CONFIG_SIZE 4096u
#define CONFIG_COMMAND 0x04
#define COMMAND_IO 1u
#define COMMAND_MEMORY 2u
#define COMMAND_MASTER 4u

#define ATTRIBUTE_IO 0x0100u
#define ATTRIBUTE_MEMORY 0x0200u
#define ATTRIBUTE_BUS_MASTER 0x0400u
#define ATTRIBUTE_DUAL_ADDRESS_CYCLE 0x8000u
#define ATTRIBUTES_SUPPORTED (ATTRIBUTE_IO | ATTRIBUTE_MEMORY | ATTRIBUTE_BUS_MASTER | ATTRIBUTE_DUAL_ADDRESS_CYCLE)

enum attribute_operation { OPERATION_GET, OPERATION_SET, OPERATION_ENABLE, OPERATION_DISABLE, OPERATION_SUPPORTED };

struct pci_io {
    struct uefi *uefi;
    uint8_t devfn;
    bool dual_address_cycle;
};

static void pci_io_save(struct uefi *uefi, void *object, struct state_writer *out)
{
    const struct pci_io *io = object;

    state_put_u8(out, io->devfn);
    state_put_u8(out, io->dual_address_cycle);
}

static void *pci_io_load(struct uefi *uefi, uint64_t interface, struct state_reader *in)
{
    struct pci_io *io = g_new0(struct pci_io, 1);

    io->uefi = uefi;
    io->devfn = state_get_u8(in);
    io->dual_address_cycle = state_get_u8(in);
    return io;
}

static const struct uefi_object_class pci_io_class = {"pci-io", pci_io_save, pci_io_load, g_free, NULL};

static struct pci_function *function_of(const struct pci_io *io)
{
    struct pci_bus *bus = uefi_config(io->uefi)->pci;
    struct pci_function *function;

    for (unsigned i = 0; bus && (function = pci_bus_function(bus, i)) != NULL; i++) {
        if (function->devfn == io->devfn)
            return function;
    }
    return NULL;
}

static struct pci_io *io_of(const struct uefi_call *call)
{
    struct pci_io *io = uefi_this(call, &pci_io_class);

    return io && function_of(io) ? io : NULL;
}

/* The range behind a BAR; false: there is none, or it is of the other kind. */
static bool bar_access(const struct pci_io *io, uint8_t index, enum pci_access_space space, struct pci_access *out)
{
    struct pci_function *function = function_of(io);
    const struct pci_bar *bar;
    uint64_t address;

    *out = (struct pci_access){.space = space, .base = 0, .limit = space == PCI_ACCESS_IO ? 0x10000 : UINT64_MAX};
    if (index == BAR_NONE)
        return true;
    if (index > 5)
        return false;
    bar = &function->identity->bar[index];
    address = bar->type == PCI_BAR_NONE ? UINT64_MAX : pci_bar_address(function, index);
    if (address == UINT64_MAX || (bar->type == PCI_BAR_IO) != (space == PCI_ACCESS_IO))
        return false;
    out->base = address;
    out->limit = address + bar->size;
    return true;
}

static struct pci_access config_access(const struct pci_io *io)
{
    return (struct pci_access){.space = PCI_ACCESS_CONFIG, .base = 0, .limit = CONFIG_SIZE, .devfn = io->devfn};
}

/* --- Mem, Io, Pci --- */
static uint64_t bar_transfer(struct uefi *uefi, struct uefi_call *call, enum pci_access_space space, bool write)
{
    struct pci_io *io = io_of(call);
    struct pci_access access;

    if (!io)
        return EFI_INVALID_PARAMETER;
    if (!bar_access(io, uefi_argument8(call, 2), space, &access))
        return EFI_UNSUPPORTED;
    return pci_access_transfer(uefi, &access, write, uefi_argument32(call, 1), uefi_argument(call, 3),
                               uefi_argument(call, 4), uefi_argument(call, 5));
}

static uint64_t mem_read(struct uefi *uefi, struct uefi_call *call)
{
    return bar_transfer(uefi, call, PCI_ACCESS_MEMORY, false);
}

static uint64_t mem_write(struct uefi *uefi, struct uefi_call *call)
{
    return bar_transfer(uefi, call, PCI_ACCESS_MEMORY, true);
}

static uint64_t io_read(struct uefi *uefi, struct uefi_call *call)
{
    return bar_transfer(uefi, call, PCI_ACCESS_IO, false);
}

static uint64_t io_write(struct uefi *uefi, struct uefi_call *call)
{
    return bar_transfer(uefi, call, PCI_ACCESS_IO, true);
}

static uint64_t config_transfer(struct uefi *uefi, struct uefi_call *call, bool write)
{
    struct pci_io *io = io_of(call);
    struct pci_access access;

    if (!io)
        return EFI_INVALID_PARAMETER;
    access = config_access(io);
    return pci_access_transfer(uefi, &access, write, uefi_argument32(call, 1), uefi_argument32(call, 2),
                               uefi_argument(call, 3), uefi_argument(call, 4));
}

static uint64_t config_read(struct uefi *uefi, struct uefi_call *call)
{
    return config_transfer(uefi, call, false);
}

static uint64_t config_write(struct uefi *uefi, struct uefi_call *call)
{
    return config_transfer(uefi, call, true);
}

static uint64_t bar_poll(struct uefi *uefi, struct uefi_call *call, enum pci_access_space space)
{
    struct pci_io *io = io_of(call);
    struct pci_access access;

    if (!io)
        return EFI_INVALID_PARAMETER;
    if (!bar_access(io, uefi_argument8(call, 2), space, &access))
        return EFI_UNSUPPORTED;
    return pci_access_poll(uefi, call, &access, uefi_argument32(call, 1), uefi_argument(call, 3),
                           uefi_argument(call, 4), uefi_argument(call, 5), uefi_argument(call, 6),
                           uefi_argument(call, 7));
}

static uint64_t poll_mem(struct uefi *uefi, struct uefi_call *call)
{
    return bar_poll(uefi, call, PCI_ACCESS_MEMORY);
}

static uint64_t poll_io(struct uefi *uefi, struct uefi_call *call)
{
    return bar_poll(uefi, call, PCI_ACCESS_IO);
}

static uint64_t copy_mem(struct uefi *uefi, struct uefi_call *call)
{
    struct pci_io *io = io_of(call);
    struct pci_access to, from;

    if (!io)
        return EFI_INVALID_PARAMETER;
    if (!bar_access(io, uefi_argument8(call, 2), PCI_ACCESS_MEMORY, &to) ||
        !bar_access(io, uefi_argument8(call, 4), PCI_ACCESS_MEMORY, &from))
        return EFI_UNSUPPORTED;
    return pci_access_copy(uefi, &to, &from, uefi_argument32(call, 1), uefi_argument(call, 3), uefi_argument(call, 5),
                           uefi_argument(call, 6));
}

/* --- DMA --- */
static uint64_t map(struct uefi *uefi, struct uefi_call *call)
{
    if (!io_of(call) || uefi_argument32(call, 1) > 2)
        return EFI_INVALID_PARAMETER;
    return pci_dma_map(uefi, uefi_argument(call, 2), uefi_argument(call, 3), uefi_argument(call, 4),
                       uefi_argument(call, 5));
}

static uint64_t unmap(struct uefi *uefi, struct uefi_call *call)
{
    return io_of(call) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

static uint64_t allocate_buffer(struct uefi *uefi, struct uefi_call *call)
{
    if (!io_of(call))
        return EFI_INVALID_PARAMETER;
    return pci_dma_allocate(uefi, uefi_argument32(call, 2), uefi_argument(call, 3), uefi_argument(call, 4));
}

static uint64_t free_buffer(struct uefi *uefi, struct uefi_call *call)
{
    return io_of(call) ? pci_dma_free(uefi, uefi_argument(call, 1), uefi_argument(call, 2)) : EFI_INVALID_PARAMETER;
}

static uint64_t flush(struct uefi *uefi, struct uefi_call *call)
{
    return io_of(call) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

/* --- place and attributes --- */
static uint64_t get_location(struct uefi *uefi, struct uefi_call *call)
{
    struct pci_io *io = io_of(call);

    if (!io || !uefi_write64(uefi, uefi_argument(call, 1), 0) || !uefi_write64(uefi, uefi_argument(call, 2), 0) ||
        !uefi_write64(uefi, uefi_argument(call, 3), io->devfn >> 3) ||
        !uefi_write64(uefi, uefi_argument(call, 4), io->devfn & 7))
        return EFI_INVALID_PARAMETER;
    return EFI_SUCCESS;
}

static uint64_t current_attributes(const struct pci_io *io)
{
    uint32_t command = pci_config_read(uefi_config(io->uefi)->pci, 0, io->devfn, CONFIG_COMMAND, 2);

    return (command & COMMAND_IO ? ATTRIBUTE_IO : 0) | (command & COMMAND_MEMORY ? ATTRIBUTE_MEMORY : 0) |
           (command & COMMAND_MASTER ? ATTRIBUTE_BUS_MASTER : 0) |
           (io->dual_address_cycle ? ATTRIBUTE_DUAL_ADDRESS_CYCLE : 0);
}

static void apply_attributes(struct pci_io *io, uint64_t attributes)
{
    struct pci_bus *bus = uefi_config(io->uefi)->pci;
    uint32_t command =
        pci_config_read(bus, 0, io->devfn, CONFIG_COMMAND, 2) & ~(COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER);

    command |= (attributes & ATTRIBUTE_IO ? COMMAND_IO : 0) | (attributes & ATTRIBUTE_MEMORY ? COMMAND_MEMORY : 0) |
               (attributes & ATTRIBUTE_BUS_MASTER ? COMMAND_MASTER : 0);
    pci_config_write(bus, 0, io->devfn, CONFIG_COMMAND, 2, command);
    io->dual_address_cycle = attributes & ATTRIBUTE_DUAL_ADDRESS_CYCLE;
}

static uint64_t attributes_service(struct uefi *uefi, struct uefi_call *call)
{
    struct pci_io *io = io_of(call);
    uint32_t operation = uefi_argument32(call, 1);
    uint64_t attributes = uefi_argument(call, 2), result = uefi_argument(call, 3);

    if (!io || operation > OPERATION_SUPPORTED)
        return EFI_INVALID_PARAMETER;
    if (operation == OPERATION_GET || operation == OPERATION_SUPPORTED)
        return uefi_write64(uefi, result, operation == OPERATION_GET ? current_attributes(io) : ATTRIBUTES_SUPPORTED)
                   ? EFI_SUCCESS
                   : EFI_INVALID_PARAMETER;
    if (attributes & ~(uint64_t)ATTRIBUTES_SUPPORTED)
        return EFI_UNSUPPORTED;
    if (operation == OPERATION_ENABLE)
        attributes |= current_attributes(io);
    else if (operation == OPERATION_DISABLE)
        attributes = current_attributes(io) & ~attributes;
    apply_attributes(io, attributes);
    return EFI_SUCCESS;
}

static uint64_t get_bar_attributes(struct uefi *uefi, struct uefi_call *call)
{
    struct pci_io *io = io_of(call);
    uint8_t index = uefi_argument8(call, 1);
    uint64_t supports = uefi_argument(call, 2), resources = uefi_argument(call, 3), address;
    const struct pci_bar *bar;
    GByteArray *out;

    if (!io || (!supports && !resources) || (supports && !uefi_write64(uefi, supports, 0)))
        return EFI_INVALID_PARAMETER;
    if (index > 5)
        return EFI_UNSUPPORTED;
    if (!resources)
        return EFI_SUCCESS;
    out = g_byte_array_new();
    bar = &function_of(io)->identity->bar[index];
    address = bar->type == PCI_BAR_NONE ? UINT64_MAX : pci_bar_address(function_of(io), index);
    if (address != UINT64_MAX)
        pci_resource_add(out, bar->type == PCI_BAR_IO ? PCI_RESOURCE_IO : PCI_RESOURCE_MEMORY,
                         bar->prefetchable ? 6 : 0,
                         bar->type == PCI_BAR_IO         ? 0
                         : bar->type == PCI_BAR_MEMORY64 ? 64
                                                         : 32,
                         address, bar->size);
    pci_resource_end(out);
    address = uefi_pool_copy(uefi, EFI_BOOT_SERVICES_DATA, out->data, out->len);
    g_byte_array_free(out, TRUE);
    if (!address)
        return EFI_OUT_OF_RESOURCES;
    return uefi_write64(uefi, resources, address) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

static uint64_t set_bar_attributes(struct uefi *uefi, struct uefi_call *call)
{
    if (!io_of(call))
        return EFI_INVALID_PARAMETER;
    return uefi_argument(call, 1) ? EFI_UNSUPPORTED : EFI_SUCCESS; /* no BAR has attributes that could be set */
}

/* --- set-up --- */
void pci_io_register(struct uefi *uefi)
{
    uefi_register_class(uefi, &pci_io_class);
}

static void function_init(struct uefi *uefi, const struct pci_function *function)
{
    const uint64_t functions[] = {
        uefi_function(uefi, "PciIo.PollMem", poll_mem),
        uefi_function(uefi, "PciIo.PollIo", poll_io),
        uefi_function(uefi, "PciIo.Mem.Read", mem_read),
        uefi_function(uefi, "PciIo.Mem.Write", mem_write),
        uefi_function(uefi, "PciIo.Io.Read", io_read),
        uefi_function(uefi, "PciIo.Io.Write", io_write),
        uefi_function(uefi, "PciIo.Pci.Read", config_read),
        uefi_function(uefi, "PciIo.Pci.Write", config_write),
        uefi_function(uefi, "PciIo.CopyMem", copy_mem),
        uefi_function(uefi, "PciIo.Map", map),
        uefi_function(uefi, "PciIo.Unmap", unmap),
        uefi_function(uefi, "PciIo.AllocateBuffer", allocate_buffer),
        uefi_function(uefi, "PciIo.FreeBuffer", free_buffer),
        uefi_function(uefi, "PciIo.Flush", flush),
        uefi_function(uefi, "PciIo.GetLocation", get_location),
        uefi_function(uefi, "PciIo.Attributes", attributes_service),
        uefi_function(uefi, "PciIo.GetBarAttributes", get_bar_attributes),
        uefi_function(uefi, "PciIo.SetBarAttributes", set_bar_attributes),
    };
    GByteArray *path = g_byte_array_new();
    struct pci_io *io = g_new0(struct pci_io, 1);
    uint64_t handle, interface;

    device_path_acpi(path, EISA_PNP(0x0A03), 0);
    device_path_pci(path, function->devfn);
    device_path_end(path);
    handle = uefi_device_handle(uefi, path->data, path->len);
    g_byte_array_free(path, TRUE);
    *io = (struct pci_io){.uefi = uefi, .devfn = function->devfn};
    interface = uefi_interface_new(uefi, PCI_IO_SIZE, &pci_io_class, io);
    if (!handle || !interface)
        return;
    write_functions(uefi, interface, functions, G_N_ELEMENTS(functions));
    uefi_install(uefi, handle, &guid_pci_io, interface);
}

void pci_io_init(struct uefi *uefi)
{
    struct pci_bus *bus = uefi_config(uefi)->pci;
    struct pci_function *function;

    for (unsigned i = 0; bus && (function = pci_bus_function(bus, i)) != NULL; i++)
        function_init(uefi, function);
}

uint64_t pci_io_handle(struct uefi *uefi, uint8_t devfn)
{
    GArray *handles = uefi_handles(uefi, &guid_pci_io);
    uint64_t found = 0;

    for (unsigned i = 0; i < handles->len && !found; i++) {
        uint64_t handle = g_array_index(handles, uint64_t, i), interface;
        const struct pci_io *io = NULL;

        if (uefi_protocol(uefi, handle, &guid_pci_io, &interface))
            io = uefi_object(uefi, interface, &pci_io_class);
        if (io && io->devfn == devfn)
            found = handle;
    }
    g_array_unref(handles);
    return found;
}
