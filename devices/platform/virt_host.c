/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See virt_host.h.  PCI Express Base 3.0, section 7.2.2 (ECAM). */
#include "devices/platform/virt_host.h"

struct virt_host {
    struct pci_function pci;
    struct memory_region *io;
};

static uint64_t io_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct virt_host *host = opaque;
    struct memory *memory = machine_memory(pci_bus_machine(host->pci.bus));

    return memory_io_read(memory, MEMORY_SPACE_PORT, offset, size);
}

static void io_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    const struct virt_host *host = opaque;
    struct memory *memory = machine_memory(pci_bus_machine(host->pci.bus));

    memory_io_write(memory, MEMORY_SPACE_PORT, offset, size, value);
}

static void host_reset(void *device)
{
    struct virt_host *host = device;

    pci_function_reset(&host->pci);
}

static void host_unrealize(void *device)
{
    struct virt_host *host = device;

    memory_region_remove(host->io);
    pci_function_finalize(&host->pci);
    g_free(host);
}

static const struct pci_identity identity = {
    .vendor = 0x1B36,
    .device = 0x0008,
    .subsystem_vendor = 0x1AF4,
    .subsystem = 0x1100,
    .class_code = 0x060000,
};

static const struct state_field fields[] = {
    STATE_STRUCT(struct virt_host, pci, &pci_function_state),
    STATE_END,
};

static const struct state_table host_state = {.name = "virt-host", .version = 1, .fields = fields};
static const struct device_class host_class = {
    .name = "virt-host", .state = &host_state, .reset = host_reset, .unrealize = host_unrealize};
static const struct memory_region_ops io_ops = {.read = io_read, .write = io_write};

struct virt_host *virt_host_new(struct machine *machine, struct pci_bus *bus, const struct virt_host_config *config)
{
    struct virt_host *host = g_new0(struct virt_host, 1);

    pci_function_init(&host->pci, bus, PCI_DEVFN(0, 0), &identity, host);
    pci_bus_add_ecam(bus, config->ecam, config->buses);
    host->io = memory_add_io(machine_memory(machine), MEMORY_SPACE_PHYSICAL, "pci-io", config->io, config->io_ports, 0,
                             &io_ops, host);
    machine_add_device(machine, &host_class, host, "virt-host");
    return host;
}
