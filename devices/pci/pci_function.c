/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PCI function: configuration space, BARs, INTx.  PCI Local Bus 3.0 chapter 6. */
#include <inttypes.h>
#include <string.h>

#include "devices/pci/pci_internal.h"
#include "devices/pci/pci_registers.h"
#include "emu/bytes.h"

static uint64_t unimplemented_read(void *opaque, uint64_t offset, unsigned size)
{
    (void)opaque;
    (void)offset;
    (void)size;
    return 0;
}

static void unimplemented_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)opaque;
    (void)offset;
    (void)size;
    (void)value;
}

/* What a BAR answers that holds MSI-X structures alone. */
static const struct memory_region_ops unimplemented_ops = {
    .read = unimplemented_read,
    .write = unimplemented_write,
    .max_size = 8,
};

void pci_define(struct pci_function *function, uint16_t offset, unsigned size, uint32_t reset, uint32_t writable,
                uint32_t write_one_clears)
{
    g_return_if_fail(size <= 4 && offset + size <= PCI_CONFIG_SIZE);

    for (unsigned i = 0; i < size; i++) {
        function->config[offset + i] = function->reset[offset + i] = (uint8_t)(reset >> 8 * i);
        function->writable[offset + i] = (uint8_t)(writable >> 8 * i);
        function->write_one_clears[offset + i] = (uint8_t)(write_one_clears >> 8 * i);
    }
}

static uint32_t bar_flags(const struct pci_bar *bar)
{
    if (bar->type == PCI_BAR_IO)
        return PCI_BAR_IS_IO;
    return (bar->type == PCI_BAR_MEMORY64 ? PCI_BAR_IS_64 : 0) | (bar->prefetchable ? PCI_BAR_PREFETCHABLE : 0);
}

/* RAM cannot be made without an address: one that no BAR reaches, different for each. */
static uint64_t parking_address(const struct pci_function *function, unsigned index)
{
    return UINT64_C(1) << 46 | (uint64_t)function->devfn << 37 | (uint64_t)index << 34;
}

static void add_bar(struct pci_function *function, unsigned index)
{
    const struct pci_bar *bar = &function->identity->bar[index];
    struct memory *memory = machine_memory(function->bus->machine);
    uint16_t offset = (uint16_t)(PCI_BAR0 + 4 * index);
    uint64_t mask = ~(bar->size - 1);
    struct memory_region *region;

    g_assert(bar->size >= 4 && (bar->size & (bar->size - 1)) == 0);
    pci_define(function, offset, 4, bar_flags(bar), (uint32_t)mask, 0);
    if (bar->type == PCI_BAR_MEMORY64)
        pci_define(function, (uint16_t)(offset + 4), 4, 0, (uint32_t)(mask >> 32), 0);

    if (bar->ram) {
        GError *error = NULL;

        region = memory_add_ram(memory, "vram", parking_address(function, index), bar->size, false, &error);
        if (!region)
            g_error("%s: no memory for BAR %u: %s", function->name, index, error->message);
    } else {
        region =
            memory_add_io(memory, bar->type == PCI_BAR_IO ? MEMORY_SPACE_PORT : MEMORY_SPACE_PHYSICAL, function->name,
                          0, bar->size, PCI_PRIORITY_BAR, bar->ops ? bar->ops : &unimplemented_ops, function->device);
    }
    memory_region_set(region, bar->ram ? parking_address(function, index) : 0, false);
    memory_commit(memory);
    function->bar_region[index] = region;
}

static void define_header(struct pci_function *function)
{
    const struct pci_identity *identity = function->identity;

    pci_define(function, PCI_VENDOR_ID, 2, identity->vendor, 0, 0);
    pci_define(function, PCI_DEVICE_ID, 2, identity->device, 0, 0);
    pci_define(function, PCI_COMMAND, 2, 0,
               PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
                   PCI_COMMAND_INTX_DISABLE,
               0);
    pci_define(function, PCI_STATUS, 2, 0, 0, PCI_STATUS_ERRORS);
    pci_define(function, PCI_REVISION_ID, 1, identity->revision, 0, 0);
    pci_define(function, PCI_CLASS_CODE, 1, identity->class_code & 0xFF, 0, 0);
    pci_define(function, PCI_CLASS_CODE + 1, 2, identity->class_code >> 8, 0, 0);
    pci_define(function, PCI_CACHE_LINE_SIZE, 1, 0, 0xFF, 0);
    pci_define(function, PCI_HEADER_TYPE, 1, identity->multifunction ? PCI_HEADER_MULTIFUNCTION : 0, 0, 0);
    pci_define(function, PCI_SUBSYSTEM_VENDOR_ID, 2, identity->subsystem_vendor, 0, 0);
    pci_define(function, PCI_SUBSYSTEM_ID, 2, identity->subsystem, 0, 0);
    pci_define(function, PCI_INTERRUPT_LINE, 1, 0, 0xFF, 0);
    pci_define(function, PCI_INTERRUPT_PIN, 1, identity->interrupt_pin, 0, 0);
}

void pci_function_init(struct pci_function *function, struct pci_bus *bus, uint8_t devfn,
                       const struct pci_identity *identity, void *device)
{
    g_assert(!bus->functions[devfn]);
    *function = (struct pci_function){
        .identity = identity, .bus = bus, .devfn = devfn, .device = device, .capability_end = PCI_HEADER_END};
    g_snprintf(function->name, sizeof(function->name), "pci 00:%02x.%x", devfn >> 3, devfn & 7);
    define_header(function);
    for (unsigned i = 0; i < PCI_BARS; i++) {
        function->bar_address[i] = UINT64_MAX;
        if (identity->bar[i].type != PCI_BAR_NONE)
            add_bar(function, i);
    }
    bus->functions[devfn] = function;
}

void pci_function_finalize(struct pci_function *function)
{
    pci_msix_finalize(function);
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (function->bar_region[i])
            memory_region_remove(function->bar_region[i]);
        function->bar_region[i] = NULL;
    }
    function->bus->functions[function->devfn] = NULL;
}

void pci_function_reset(struct pci_function *function)
{
    memcpy(function->config, function->reset, sizeof(function->config));
    function->intx_level = false;
    pci_msix_reset(function);
    pci_update_bars(function);
    pci_update_intx(function);
}

/* --- capabilities --- */

void pci_add_capability_at(struct pci_function *function, uint8_t id, uint8_t offset, uint8_t length)
{
    unsigned end = (offset + length + 3u) & ~3u;

    g_assert(offset >= PCI_HEADER_END && (offset & 3) == 0 && end <= 0x100);
    for (unsigned i = 0; i < length; i++)
        pci_define(function, (uint16_t)(offset + i), 1, 0, 0, 0);
    pci_define(function, offset, 1, id, 0, 0);
    if (function->last_capability)
        pci_define(function, function->last_capability + 1, 1, offset, 0, 0);
    else
        pci_define(function, PCI_CAPABILITIES, 1, offset, 0, 0);
    pci_define(function, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES, 0, PCI_STATUS_ERRORS);
    function->last_capability = offset;
    if (end > function->capability_end)
        function->capability_end = (uint16_t)end;
}

uint8_t pci_add_capability(struct pci_function *function, uint8_t id, uint8_t length)
{
    uint8_t offset = (uint8_t)function->capability_end;

    g_assert(function->capability_end < 0x100);
    pci_add_capability_at(function, id, offset, length);
    return offset;
}

/* PCI Express Base 3.0 section 7.8. */
void pci_add_express(struct pci_function *function, unsigned port_type)
{
    enum { EXPRESS_LENGTH = 0x3C, VERSION = 2, INTEGRATED = 9 };
    uint8_t cap = pci_add_capability(function, PCI_CAP_EXPRESS, EXPRESS_LENGTH);

    pci_define(function, cap + 0x02, 2, VERSION | port_type << 4, 0, 0);
    /* Device: payload of 128 bytes, role-based error reporting; read requests of 512 bytes. */
    pci_define(function, cap + 0x04, 4, 1 << 15, 0, 0);
    pci_define(function, cap + 0x08, 2, 0x2810, 0x7FFF, 0);
    pci_define(function, cap + 0x0A, 2, 0, 0, 0x000F);
    if (port_type == INTEGRATED)
        return;
    /* Link: 2.5 GT/s, one lane, port 0; trained. */
    pci_define(function, cap + 0x0C, 4, 0x11, 0, 0);
    pci_define(function, cap + 0x10, 2, 0, 0x01C3, 0);
    pci_define(function, cap + 0x12, 2, 0x11, 0, 0);
    pci_define(function, cap + 0x30, 2, 0x01, 0x0F, 0);
}

/* --- BARs --- */

static uint64_t decoded_address(const struct pci_function *function, unsigned index)
{
    const struct pci_bar *bar = &function->identity->bar[index];
    const uint8_t *p = &function->config[PCI_BAR0 + 4 * index];
    uint16_t command = get_le16(&function->config[PCI_COMMAND]);
    uint64_t address, last, limit;

    if (bar->type == PCI_BAR_IO) {
        address = get_le32(p) & ~UINT64_C(3);
        limit = 0xFFFF;
    } else if (bar->type == PCI_BAR_MEMORY32) {
        address = get_le32(p) & ~UINT64_C(15);
        limit = UINT32_MAX - 1; /* all ones are a size query, no address */
    } else {
        address = get_le64(p) & ~UINT64_C(15);
        limit = (UINT64_C(1) << 48) - 1;
    }
    if (!(command & (bar->type == PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)))
        return UINT64_MAX;
    last = address + bar->size - 1;
    return address == 0 || last < address || last > limit ? UINT64_MAX : address;
}

/* The host bridge gives addresses of RAM to RAM. */
static bool covers_other_ram(struct pci_function *function, unsigned index, uint64_t address)
{
    struct memory *memory = machine_memory(function->bus->machine);
    const uint8_t *own = memory_region_host(function->bar_region[index]);
    uint64_t size = function->identity->bar[index].size;
    struct memory_ram_range range;

    for (unsigned i = 0; memory_ram_range(memory, i, &range); i++)
        if (range.mapped && range.host != own && address < range.address + range.size && range.address < address + size)
            return true;
    return false;
}

void pci_update_bars(struct pci_function *function)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        uint64_t address;

        if (!function->bar_region[i])
            continue;
        address = decoded_address(function, i);
        if (address != UINT64_MAX && function->identity->bar[i].ram && covers_other_ram(function, i, address)) {
            machine_guest_error(function->bus->machine, function->name, "BAR %u at 0x%" PRIx64 " lies over RAM", i,
                                address);
            address = UINT64_MAX;
        }
        if (address == function->bar_address[i])
            continue;
        function->bar_address[i] = address;
        if (address == UINT64_MAX)
            memory_region_set(function->bar_region[i],
                              function->identity->bar[i].ram ? parking_address(function, i) : 0, false);
        else
            memory_region_set(function->bar_region[i], address, true);
        pci_msix_move(function, i, address);
    }
}

uint64_t pci_bar_address(const struct pci_function *function, unsigned bar)
{
    g_return_val_if_fail(bar < PCI_BARS, UINT64_MAX);
    return function->bar_address[bar];
}

/* --- INTx --- */

void pci_update_intx(struct pci_function *function)
{
    uint16_t command = get_le16(&function->config[PCI_COMMAND]);
    bool driven;

    if (function->intx_level)
        function->config[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
    else
        function->config[PCI_STATUS] &= (uint8_t)~PCI_STATUS_INTERRUPT;
    driven = function->intx_level && !(command & PCI_COMMAND_INTX_DISABLE) && !pci_msi_enabled(function) &&
             !pci_msix_enabled(function);
    function->intx_driven = driven;
    if (function->identity->interrupt_pin)
        pci_bus_update_line(function->bus, function->devfn, function->identity->interrupt_pin);
}

void pci_set_intx(struct pci_function *function, bool level)
{
    if (function->intx_level == level)
        return;
    function->intx_level = level;
    pci_update_intx(function);
}

/* --- access --- */

uint32_t pci_function_read(const struct pci_function *function, uint16_t offset, unsigned size)
{
    return get_le(&function->config[offset], size);
}

static bool overlaps(uint16_t offset, unsigned size, unsigned start, unsigned end)
{
    return offset < end && offset + size > start;
}

void pci_function_write(struct pci_function *function, uint16_t offset, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * i), *p = &function->config[offset + i];
        uint8_t mask = function->writable[offset + i];

        *p = (uint8_t)((*p & ~mask) | (byte & mask));
        *p &= (uint8_t) ~(byte & function->write_one_clears[offset + i]);
    }
    if (overlaps(offset, size, PCI_COMMAND, PCI_COMMAND + 2) || overlaps(offset, size, PCI_BAR0, PCI_BAR0 + 24))
        pci_update_bars(function);
    pci_msix_update(function);
    pci_update_intx(function);
    if (function->config_written)
        function->config_written(function->device, offset, size);
}

bool pci_bus_master(const struct pci_function *function)
{
    return get_le16(&function->config[PCI_COMMAND]) & PCI_COMMAND_MASTER;
}

static bool may_master(struct pci_function *function)
{
    if (pci_bus_master(function))
        return true;
    machine_guest_error(function->bus->machine, function->name, "DMA while Bus Master Enable is clear");
    return false;
}

bool pci_dma_read(struct pci_function *function, uint64_t address, void *buffer, size_t length)
{
    if (may_master(function))
        return memory_read(machine_memory(function->bus->machine), address, buffer, length);
    memset(buffer, 0xFF, length);
    return false;
}

bool pci_dma_write(struct pci_function *function, uint64_t address, const void *buffer, size_t length)
{
    return may_master(function) && memory_write(machine_memory(function->bus->machine), address, buffer, length);
}

/* --- state --- */

static void save_msix(void *object, struct state_writer *out)
{
    pci_msix_save(object, out);
}

static bool load_msix(void *object, struct state_reader *in)
{
    return pci_msix_load(object, in);
}

static void after_load(void *object)
{
    struct pci_function *function = object;

    pci_update_bars(function);
    pci_update_intx(function);
}

static const struct state_field fields[] = {
    STATE_U8_ARRAY(struct pci_function, config),
    STATE_BOOL(struct pci_function, intx_level),
    STATE_CUSTOM("msix", save_msix, load_msix),
    STATE_END,
};

const struct state_table pci_function_state = {
    .name = "pci-function",
    .version = 1,
    .fields = fields,
    .after_load = after_load,
};
