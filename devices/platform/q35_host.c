/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Q35 host bridge: PCIEXBAR moves the ECAM window; PAM and SMRAM registers are kept, RAM is always RAM. */
#include "devices/platform/q35_host.h"

#include "emu/bytes.h"

enum {
    PCIEXBAR = 0x60,
    PAM0 = 0x90,
    PAM_REGISTERS = 7,
    SMRAM = 0x9D,
    ESMRAMC = 0x9E,
    TOM = 0xA0,
    TOUUD = 0xA2,
    TOLUD = 0xB0,

    PCIEXBAR_ENABLE = 1 << 0,
    SMRAM_LOCK = 1 << 4,
    SMRAM_CLOSE = 1 << 5,
    SMRAM_OPEN = 1 << 6,
    SMRAM_ENABLE = 1 << 3,
    ESMRAMC_WRITABLE = 0x87,

    WINDOWS = 3, /* PCIEXBAR bits 2:1: 256, 128 or 64 buses */
};

struct q35_host {
    struct pci_function pci;
    struct memory_region *ecam[WINDOWS];
};

/* Moves the window to where PCIEXBAR says; of the three of different lengths at most one is open. */
static void update_ecam(struct q35_host *host)
{
    uint64_t value = get_le64(&host->pci.config[PCIEXBAR]);
    unsigned length = value >> 1 & 3;

    for (unsigned i = 0; i < WINDOWS; i++) {
        uint64_t address = value & UINT64_C(0xFFFFFFFFF) & ~((UINT64_C(256 << 20) >> i) - 1);
        bool open = (value & PCIEXBAR_ENABLE) && length == i;

        memory_region_set(host->ecam[i], open ? address : 0, open);
    }
}

/* Once D_LCK is set, the SMRAM registers are read-only until the next reset. */
static void update_lock(struct q35_host *host)
{
    bool locked = host->pci.config[SMRAM] & SMRAM_LOCK;

    if (locked)
        host->pci.config[SMRAM] &= (uint8_t)~SMRAM_OPEN;
    host->pci.writable[SMRAM] = locked ? 0 : SMRAM_ENABLE | SMRAM_LOCK | SMRAM_CLOSE | SMRAM_OPEN;
    host->pci.writable[ESMRAMC] = locked ? 0 : ESMRAMC_WRITABLE;
}

static void config_written(void *device, uint16_t offset, unsigned size)
{
    struct q35_host *host = device;

    if (offset < PCIEXBAR + 8 && offset + size > PCIEXBAR)
        update_ecam(host);
    if (offset <= ESMRAMC && offset + size > SMRAM)
        update_lock(host);
}

static void after_load(void *object)
{
    update_ecam(object);
    update_lock(object);
}

static void host_reset(void *device)
{
    struct q35_host *host = device;

    pci_function_reset(&host->pci);
    after_load(host);
}

static void host_unrealize(void *device)
{
    struct q35_host *host = device;

    pci_function_finalize(&host->pci);
    g_free(host);
}

static const struct pci_identity identity = {
    .vendor = 0x8086,
    .device = 0x29C0,
    .subsystem_vendor = 0x1AF4,
    .subsystem = 0x1100,
    .class_code = 0x060000,
};

static const struct state_field fields[] = {
    STATE_STRUCT(struct q35_host, pci, &pci_function_state),
    STATE_END,
};

static const struct state_table host_state = {
    .name = "q35-host", .version = 1, .fields = fields, .after_load = after_load};

static const struct device_class host_class = {
    .name = "q35-host",
    .state = &host_state,
    .reset = host_reset,
    .unrealize = host_unrealize,
};

static void define_config(struct pci_function *pci)
{
    pci_define(pci, PCIEXBAR, 4, (uint32_t)Q35_ECAM_ADDRESS, 0xFC000007, 0);
    pci_define(pci, PCIEXBAR + 4, 4, 0, 0x0000000F, 0);
    pci_define(pci, PAM0, 1, 0, 0x30, 0);
    for (unsigned i = 1; i < PAM_REGISTERS; i++)
        pci_define(pci, (uint16_t)(PAM0 + i), 1, 0, 0x33, 0);
    pci_define(pci, SMRAM, 1, 0x02, SMRAM_ENABLE | SMRAM_LOCK | SMRAM_CLOSE | SMRAM_OPEN, 0);
    pci_define(pci, ESMRAMC, 1, 0x38, ESMRAMC_WRITABLE, 0x40);
    pci_define(pci, TOM, 2, 0x0001, 0x03FF, 0);
    pci_define(pci, TOUUD, 2, 0, 0xFFFF, 0);
    pci_define(pci, TOLUD, 2, 0x0010, 0xFFF0, 0);
}

struct q35_host *q35_host_new(struct machine *machine, struct pci_bus *bus)
{
    struct q35_host *host = g_new0(struct q35_host, 1);

    pci_function_init(&host->pci, bus, PCI_DEVFN(0, 0), &identity, host);
    define_config(&host->pci);
    host->pci.config_written = config_written;
    pci_bus_add_ports(bus);
    for (unsigned i = 0; i < WINDOWS; i++) {
        host->ecam[i] = pci_bus_add_ecam(bus, Q35_ECAM_ADDRESS, 256u >> i);
        memory_region_set(host->ecam[i], 0, false);
    }
    machine_add_device(machine, &host_class, host, "q35-host");
    return host;
}

void q35_host_enable_ecam(struct q35_host *host, uint64_t address)
{
    struct pci_bus *bus = host->pci.bus;

    pci_config_write(bus, 0, host->pci.devfn, PCIEXBAR + 4, 4, (uint32_t)(address >> 32));
    pci_config_write(bus, 0, host->pci.devfn, PCIEXBAR, 4, (uint32_t)address | PCIEXBAR_ENABLE);
}
