/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller: PCI function, generic host control, interrupts.  AHCI 1.3.1 sections 2, 3.1 and 10.7. */
#include "devices/storage/ahci.h"

#include "devices/pci/pci_registers.h"
#include "devices/storage/ahci_internal.h"
#include "emu/bytes.h"

enum {
    ABAR = 5,
    ABAR_SIZE = 4096,
    PAIR_BAR = 4, /* index-data pair, by the SATA capability */
    PAIR_SIZE = 32,
    PAIR_INDEX = 0x10,
    PAIR_DATA = 0x14,
    CONFIG_MAP = 0x90,
    CONFIG_PCS = 0x92,
    MSI_OFFSET = 0x80,
    SATA_OFFSET = 0xA8,
    VERSION_1_3_1 = 0x00010301,
    PORTS_IMPLEMENTED = (1 << AHCI_PORTS) - 1,
};

/* 64-bit addresses, NCQ, command list override, 3 Gb/s, AHCI mode only, 32 slots. */
#define CAPABILITIES (1u << 31 | 1u << 30 | 1u << 24 | 2u << 20 | 1u << 18 | (AHCI_SLOTS - 1) << 8 | (AHCI_PORTS - 1))

/* --- interrupts --- */

void ahci_update(struct ahci *ahci, bool event)
{
    uint32_t before = ahci->is;
    bool active;

    for (unsigned i = 0; i < AHCI_PORTS; i++)
        if (ahci_port_interrupts(&ahci->port[i]) & ahci->port[i].ie)
            ahci->is |= 1u << i;
    active = ahci->is && (ahci->ghc & GHC_IE);
    pci_set_intx(&ahci->pci, active);
    if (!active) {
        ahci->message_sent = 0;
        return;
    }
    /* A message tells of a port that became pending, or of one more event of a port that is pending still. */
    if (pci_msi_enabled(&ahci->pci) && ((ahci->is & ~ahci->message_sent) || (event && before != 0)))
        pci_msi_send(&ahci->pci, 0);
    ahci->message_sent = ahci->is;
}

/* --- registers --- */

static void reset_registers(struct ahci *ahci, bool power_on)
{
    ahci->ghc = GHC_AE;
    ahci->is = 0;
    ahci->message_sent = 0;
    for (unsigned i = 0; i < AHCI_PORTS; i++)
        ahci_port_reset(&ahci->port[i], power_on);
    ahci_update(ahci, false);
}

static uint32_t read_register(struct ahci *ahci, unsigned offset)
{
    if (offset >= HBA_PORTS) {
        unsigned port = (offset - HBA_PORTS) / HBA_PORT_SIZE;

        return port < AHCI_PORTS ? ahci_port_read(&ahci->port[port], (offset - HBA_PORTS) % HBA_PORT_SIZE) : 0;
    }
    switch (offset) {
    case HBA_CAP:
        return CAPABILITIES;
    case HBA_GHC:
        return ahci->ghc;
    case HBA_IS:
        return ahci->is;
    case HBA_PI:
        return PORTS_IMPLEMENTED;
    case HBA_VS:
        return VERSION_1_3_1;
    default:
        return 0;
    }
}

static void write_register(struct ahci *ahci, unsigned offset, uint32_t value)
{
    if (offset >= HBA_PORTS) {
        unsigned port = (offset - HBA_PORTS) / HBA_PORT_SIZE;

        if (port < AHCI_PORTS)
            ahci_port_write(&ahci->port[port], (offset - HBA_PORTS) % HBA_PORT_SIZE, value);
        return;
    }
    switch (offset) {
    case HBA_GHC:
        if (value & GHC_HR) {
            reset_registers(ahci, false);
            return;
        }
        ahci->ghc = GHC_AE | (value & GHC_IE);
        ahci_update(ahci, false);
        return;
    case HBA_IS:
        ahci->is &= ~value;
        ahci->message_sent &= ~value;
        ahci_update(ahci, false);
        return;
    default:
        return;
    }
}

/* Registers in which writing a zero changes nothing: a narrow write must not bring the other bytes along. */
static bool ignores_zeros(unsigned offset)
{
    unsigned port = (offset - HBA_PORTS) % HBA_PORT_SIZE;

    if (offset < HBA_PORTS)
        return offset == HBA_IS;
    return port == PX_IS || port == PX_SERR || port == PX_SACT || port == PX_CI;
}

static uint64_t registers_read(void *opaque, uint64_t offset, unsigned size)
{
    return read_register(opaque, (unsigned)offset & ~3u) >> 8 * (offset & 3);
}

static void registers_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct ahci *ahci = opaque;
    unsigned aligned = (unsigned)offset & ~3u, shift = 8 * (offset & 3);
    uint32_t whole = (uint32_t)value << shift;

    if (ahci->moving) {
        machine_guest_error(ahci->machine, ahci->id, "a transfer writes the controller's own registers");
        return;
    }
    if (size < 4 && !ignores_zeros(aligned)) {
        uint32_t mask = (uint32_t)all_ones(size) << shift;

        whole = (whole & mask) | (read_register(ahci, aligned) & ~mask);
    }
    write_register(ahci, aligned, whole);
}

static const struct memory_region_ops register_ops = {.read = registers_read, .write = registers_write};

static uint64_t pair_read(void *opaque, uint64_t offset, unsigned size)
{
    struct ahci *ahci = opaque;

    if (offset == PAIR_INDEX)
        return ahci->index;
    return offset == PAIR_DATA ? read_register(ahci, ahci->index) : 0;
}

static void pair_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct ahci *ahci = opaque;

    if (offset == PAIR_INDEX)
        ahci->index = (uint32_t)value & (ABAR_SIZE - 1) & ~3u;
    else if (offset == PAIR_DATA)
        registers_write(ahci, ahci->index, 4, value);
}

static const struct memory_region_ops pair_ops = {.read = pair_read, .write = pair_write, .min_size = 4};

static const struct pci_identity identity = {
    .vendor = 0x8086,
    .device = 0x2922,
    .subsystem_vendor = 0x1AF4,
    .subsystem = 0x1100,
    .class_code = 0x010601,
    .revision = 2,
    .interrupt_pin = 1,
    .multifunction = true,
    .bar =
        {
            [PAIR_BAR] = {.type = PCI_BAR_IO, .size = PAIR_SIZE, .ops = &pair_ops},
            [ABAR] = {.type = PCI_BAR_MEMORY32, .size = ABAR_SIZE, .ops = &register_ops},
        },
};

/* --- life --- */

static void ahci_reset(void *device)
{
    struct ahci *ahci = device;

    pci_function_reset(&ahci->pci);
    ahci->index = 0;
    reset_registers(ahci, true);
}

static void ahci_unrealize(void *device)
{
    struct ahci *ahci = device;

    for (unsigned i = 0; i < AHCI_PORTS; i++)
        ahci_port_finalize(&ahci->port[i]);
    pci_function_finalize(&ahci->pci);
    g_free(ahci->id);
    g_free(ahci);
}

static const struct state_field fields[] = {
    STATE_STRUCT(struct ahci, pci, &pci_function_state),
    STATE_U32(struct ahci, ghc),
    STATE_U32(struct ahci, is),
    STATE_U32(struct ahci, index),
    STATE_U32(struct ahci, message_sent),
    STATE_STRUCT_ARRAY(struct ahci, port, &ahci_port_state),
    STATE_END,
};

static const struct state_table ahci_state = {.name = "ich9-ahci", .version = 1, .fields = fields};

static const struct device_class ahci_class = {
    .name = "ich9-ahci",
    .state = &ahci_state,
    .reset = ahci_reset,
    .unrealize = ahci_unrealize,
};

/* ICH9 datasheet, chapter 15: what of the configuration space drivers look at. */
static void define_config(struct pci_function *pci)
{
    pci_define(pci, CONFIG_MAP, 2, 1 << 6, 0x00E3 & ~(1 << 6), 0); /* AHCI mode, fixed */
    pci_define(pci, CONFIG_PCS, 2, PORTS_IMPLEMENTED << 8 | PORTS_IMPLEMENTED, PORTS_IMPLEMENTED | 0x8000, 0);
    pci_add_msi_at(pci, 1, MSI_OFFSET);
    pci_add_capability_at(pci, PCI_CAP_SATA, SATA_OFFSET, 8);
    pci_define(pci, SATA_OFFSET + 2, 2, 0x0010, 0, 0);
    pci_define(pci, SATA_OFFSET + 4, 4, (PAIR_BAR + 4) | PAIR_INDEX / 4 << 4, 0, 0);
}

struct ahci *ahci_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, const char *id)
{
    struct ahci *ahci = g_new0(struct ahci, 1);

    ahci->machine = machine;
    ahci->id = g_strdup(id);
    pci_function_init(&ahci->pci, bus, devfn, &identity, ahci);
    define_config(&ahci->pci);
    for (unsigned i = 0; i < AHCI_PORTS; i++)
        ahci_port_init(&ahci->port[i], ahci, i);
    machine_add_device(machine, &ahci_class, ahci, id);
    return ahci;
}

void ahci_attach(struct ahci *ahci, unsigned port, struct block *block, bool cdrom)
{
    g_autofree char *id = NULL;

    g_return_if_fail(port < AHCI_PORTS && !ahci->port[port].present);
    id = g_strdup_printf("%s.%u", ahci->id, port);
    ata_device_init(&ahci->port[port].ata, ahci->machine, block, cdrom, id, port);
    ahci->port[port].present = true;
}
