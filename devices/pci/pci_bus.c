/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root bus: configuration mechanisms and interrupt lines.
 * PCI Local Bus 3.0 section 3.2.2.3 (CF8/CFC), PCI Express Base 3.0 section 7.2.2 (ECAM).
 */
#include "devices/pci/pci_internal.h"
#include "emu/bytes.h"

enum {
    PORT_CONFIG_ADDRESS = 0xCF8,
    PORT_CONFIG_DATA = 0xCFC,
};
#define CONFIG_ADDRESS_ENABLE 0x80000000u
#define CONFIG_ADDRESS_BITS 0x80FFFFFCu

/* --- interrupt lines --- */

unsigned pci_bus_line(struct pci_bus *bus, uint8_t devfn, unsigned pin)
{
    unsigned line;

    if (!bus->config.line)
        return ((devfn >> 3) + pin - 1) % 4;
    line = bus->config.line(bus->config.opaque, devfn, pin);
    g_return_val_if_fail(line < PCI_LINES, 0);
    return line;
}

static bool compute_line(struct pci_bus *bus, unsigned line)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(bus->functions); i++) {
        const struct pci_function *function = bus->functions[i];

        if (function && function->intx_driven &&
            pci_bus_line(bus, function->devfn, function->identity->interrupt_pin) == line)
            return true;
    }
    return false;
}

static void drive_line(struct pci_bus *bus, unsigned line, bool level)
{
    if (bus->line_level[line] == level)
        return;
    bus->line_level[line] = level;
    if (bus->config.set_line)
        bus->config.set_line(bus->config.opaque, line, level);
}

void pci_bus_update_line(struct pci_bus *bus, uint8_t devfn, unsigned pin)
{
    const struct pci_function *function = bus->functions[devfn];
    unsigned line = pci_bus_line(bus, devfn, pin);

    if (function && function->intx_driven)
        drive_line(bus, line, true);
    else if (bus->line_level[line])
        drive_line(bus, line, compute_line(bus, line));
}

void pci_bus_update_lines(struct pci_bus *bus)
{
    for (unsigned line = 0; line < PCI_LINES; line++)
        drive_line(bus, line, compute_line(bus, line));
}

void pci_bus_message(struct pci_bus *bus, uint8_t devfn, uint64_t address, uint32_t data)
{
    if (bus->config.message)
        bus->config.message(bus->config.opaque, devfn, address, data);
    else
        memory_io_write(machine_memory(bus->machine), MEMORY_SPACE_PHYSICAL, address, 4, data);
}

/* --- configuration access --- */

static struct pci_function *find(struct pci_bus *bus, uint8_t bus_number, uint8_t devfn, uint16_t offset, unsigned size)
{
    return bus_number == 0 && size <= 4 && offset + size <= PCI_CONFIG_SIZE ? bus->functions[devfn] : NULL;
}

uint32_t pci_config_read(struct pci_bus *bus, uint8_t bus_number, uint8_t devfn, uint16_t offset, unsigned size)
{
    struct pci_function *function = find(bus, bus_number, devfn, offset, size);

    if (!function)
        return all_ones(size);
    if (function->config_reading)
        function->config_reading(function->device, offset, size);
    return pci_function_read(function, offset, size);
}

void pci_config_write(struct pci_bus *bus, uint8_t bus_number, uint8_t devfn, uint16_t offset, unsigned size,
                      uint32_t value)
{
    struct pci_function *function = find(bus, bus_number, devfn, offset, size);

    if (function)
        pci_function_write(function, offset, size, value);
}

/* --- ports --- */

static uint64_t address_read(void *opaque, uint64_t offset, unsigned size)
{
    struct pci_bus *bus = opaque;

    /* Only a whole dword is CONFIG_ADDRESS; smaller accesses belong to nobody here. */
    return offset == 0 && size == 4 ? bus->config_address : all_ones(size);
}

static void address_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct pci_bus *bus = opaque;

    if (offset == 0 && size == 4)
        bus->config_address = (uint32_t)value & CONFIG_ADDRESS_BITS;
}

static uint64_t data_read(void *opaque, uint64_t offset, unsigned size)
{
    struct pci_bus *bus = opaque;
    uint32_t address = bus->config_address;

    if (!(address & CONFIG_ADDRESS_ENABLE))
        return all_ones(size);
    return pci_config_read(bus, (uint8_t)(address >> 16), (uint8_t)(address >> 8),
                           (uint16_t)((address & 0xFC) + offset), size);
}

static void data_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct pci_bus *bus = opaque;
    uint32_t address = bus->config_address;

    if (address & CONFIG_ADDRESS_ENABLE)
        pci_config_write(bus, (uint8_t)(address >> 16), (uint8_t)(address >> 8), (uint16_t)((address & 0xFC) + offset),
                         size, (uint32_t)value);
}

static const struct memory_region_ops address_ops = {.read = address_read, .write = address_write};
static const struct memory_region_ops data_ops = {.read = data_read, .write = data_write};

void pci_bus_add_ports(struct pci_bus *bus)
{
    struct memory *memory = machine_memory(bus->machine);

    g_ptr_array_add(bus->regions, memory_add_io(memory, MEMORY_SPACE_PORT, "pci-config-address", PORT_CONFIG_ADDRESS, 4,
                                                0, &address_ops, bus));
    g_ptr_array_add(bus->regions, memory_add_io(memory, MEMORY_SPACE_PORT, "pci-config-data", PORT_CONFIG_DATA, 4, 0,
                                                &data_ops, bus));
}

/* --- ECAM --- */

static uint64_t ecam_read(void *opaque, uint64_t offset, unsigned size)
{
    return pci_config_read(opaque, (uint8_t)(offset >> 20), (uint8_t)(offset >> 12), offset & 0xFFF, size);
}

static void ecam_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    pci_config_write(opaque, (uint8_t)(offset >> 20), (uint8_t)(offset >> 12), offset & 0xFFF, size, (uint32_t)value);
}

static const struct memory_region_ops ecam_ops = {.read = ecam_read, .write = ecam_write};

struct memory_region *pci_bus_add_ecam(struct pci_bus *bus, uint64_t address, unsigned buses)
{
    struct memory_region *region = memory_add_io(machine_memory(bus->machine), MEMORY_SPACE_PHYSICAL, "pci-ecam",
                                                 address, (uint64_t)buses << 20, 0, &ecam_ops, bus);

    g_ptr_array_add(bus->regions, region);
    return region;
}

/* --- the device --- */

static void bus_reset(void *device)
{
    struct pci_bus *bus = device;

    bus->config_address = 0;
}

static void bus_unrealize(void *device)
{
    struct pci_bus *bus = device;

    g_ptr_array_unref(bus->regions);
    g_free(bus);
}

static const struct state_field fields[] = {
    STATE_U32(struct pci_bus, config_address),
    STATE_END,
};

static const struct state_table bus_state = {.name = "pci-bus", .version = 1, .fields = fields};

static const struct device_class bus_class = {
    .name = "pci-bus",
    .state = &bus_state,
    .reset = bus_reset,
    .unrealize = bus_unrealize,
};

struct pci_bus *pci_bus_new(struct machine *machine, const struct pci_bus_config *config, const char *id)
{
    struct pci_bus *bus = g_new0(struct pci_bus, 1);

    bus->machine = machine;
    bus->config = *config;
    bus->regions = g_ptr_array_new_with_free_func((GDestroyNotify)memory_region_remove);
    machine_add_device(machine, &bus_class, bus, id);
    return bus;
}

void pci_bus_set_config(struct pci_bus *bus, const struct pci_bus_config *config)
{
    bus->config = *config;
    pci_bus_update_lines(bus);
}

struct machine *pci_bus_machine(struct pci_bus *bus)
{
    return bus->machine;
}

struct pci_function *pci_bus_function(struct pci_bus *bus, unsigned index)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(bus->functions); i++)
        if (bus->functions[i] && index-- == 0)
            return bus->functions[i];
    return NULL;
}
