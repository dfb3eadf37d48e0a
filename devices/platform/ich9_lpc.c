/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICH9 LPC bridge. */
#include "devices/platform/ich9_lpc.h"

#include <string.h>

#include "devices/pci/pci_registers.h"
#include "emu/bytes.h"

enum {
    PMBASE = 0x40,
    ACPI_CNTL = 0x44,
    GPIOBASE = 0x48,
    GC = 0x4C,
    PIRQA_ROUT = 0x60,
    SIRQ_CNTL = 0x64,
    PIRQE_ROUT = 0x68,
    LPC_IO_DEC = 0x80,
    LPC_EN = 0x82,
    GEN1_DEC = 0x84,
    GEN_PMCON_1 = 0xA0,
    GEN_PMCON_2 = 0xA2,
    GEN_PMCON_3 = 0xA4,
    PMIR = 0xAC,
    GPI_ROUT = 0xB8,
    FWH_SEL1 = 0xD0,
    FWH_SEL2 = 0xD4,
    FWH_DEC_EN1 = 0xD8,
    BIOS_CNTL = 0xDC,
    RCBA = 0xF0,

    PIRQS = 8,
    PIRQ_DISABLED = 0x80,
    ACPI_CNTL_ENABLE = 0x80,
    RCBA_ENABLE = 1,
    RCRB_SIZE = 0x4000,
    FIRST_ROUTED_SLOT = 25, /* devices below are wired to PIRQE-H in turn */
    DMI_BRIDGE_SLOT = 30,
};

/* Chipset configuration registers: which pin functions of devices 31-25 use, and where those pins go. */
enum {
    D31IP = 0x3100,
    D29IP = 0x3108,
    D28IP = 0x310C,
    D27IP = 0x3110,
    D26IP = 0x3114,
    D25IP = 0x3118,
    D31IR = 0x3140,
    D30IR = 0x3142,
    D29IR = 0x3144,
    D28IR = 0x3146,
    D27IR = 0x3148,
    D26IR = 0x314C,
    D25IR = 0x3150,
};

struct ich9_lpc {
    struct pci_function pci;
    struct ich9_lpc_config config;
    uint8_t pirq; /* levels, bit 0 is PIRQA */
    bool sci;
    uint16_t isa_level;   /* derived */
    uint8_t ioapic_level; /* derived */
    struct memory_region *window;
    uint8_t chipset[RCRB_SIZE];
};

/* --- interrupts --- */

static unsigned routing_register(unsigned pirq)
{
    return pirq < 4 ? PIRQA_ROUT + pirq : PIRQE_ROUT + pirq - 4;
}

/* Wiring of pins to PIRQs: ICH9 datasheet section 10.1.43 and following for the devices inside. */
unsigned ich9_lpc_line(void *opaque, uint8_t devfn, unsigned pin)
{
    static const uint16_t registers[] = {D25IR, D26IR, D27IR, D28IR, D29IR, D30IR, D31IR};
    const struct ich9_lpc *lpc = opaque;
    unsigned slot = devfn >> 3;

    if (slot < FIRST_ROUTED_SLOT)
        return 4 + (slot + pin - 1) % 4;
    if (slot == DMI_BRIDGE_SLOT)
        return 4 + (pin - 1) % 4;
    return get_le16(&lpc->chipset[registers[slot - FIRST_ROUTED_SLOT]]) >> 4 * (pin - 1) & 7;
}

/* The interrupt that SCI_IRQ_SEL chooses; 16 and up are IOAPIC pins. */
static unsigned sci_interrupt(const struct ich9_lpc *lpc)
{
    static const uint8_t numbers[8] = {9, 10, 11, 9, 20, 21, 9, 9};

    return numbers[lpc->pci.config[ACPI_CNTL] & 7];
}

static void drive(struct ich9_lpc *lpc)
{
    unsigned sci = sci_interrupt(lpc);
    uint16_t isa = 0;
    uint8_t ioapic = lpc->pirq;

    for (unsigned i = 0; i < PIRQS; i++) {
        uint8_t route = lpc->pci.config[routing_register(i)];

        if ((lpc->pirq >> i & 1) && !(route & PIRQ_DISABLED))
            isa |= (uint16_t)(1 << (route & 0x0F));
    }
    if (lpc->sci && sci < 16)
        isa |= (uint16_t)(1 << sci);
    else if (lpc->sci)
        ioapic |= (uint8_t)(1 << (sci - 16));
    for (unsigned i = 0; i < 16; i++)
        if ((isa ^ lpc->isa_level) >> i & 1)
            irq_set(&lpc->config.isa[i], isa >> i & 1);
    for (unsigned i = 0; i < PIRQS; i++)
        if ((ioapic ^ lpc->ioapic_level) >> i & 1)
            irq_set(&lpc->config.ioapic[i], ioapic >> i & 1);
    lpc->isa_level = isa;
    lpc->ioapic_level = ioapic;
}

void ich9_lpc_set_pirq(void *opaque, unsigned pirq, bool level)
{
    struct ich9_lpc *lpc = opaque;

    g_return_if_fail(pirq < PIRQS);
    lpc->pirq = (uint8_t)((lpc->pirq & ~(1 << pirq)) | level << pirq);
    drive(lpc);
}

static void set_sci(void *opaque, unsigned input, bool level)
{
    struct ich9_lpc *lpc = opaque;

    lpc->sci = level;
    drive(lpc);
}

struct irq_line ich9_lpc_sci(struct ich9_lpc *lpc)
{
    return (struct irq_line){.set = set_sci, .opaque = lpc};
}

uint8_t ich9_lpc_interrupt_line(void *opaque, uint8_t devfn, unsigned pin)
{
    struct ich9_lpc *lpc = opaque;
    uint8_t route = lpc->pci.config[routing_register(ich9_lpc_line(lpc, devfn, pin))];

    return route & PIRQ_DISABLED ? 0xFF : route & 0x0F;
}

/* --- chipset configuration registers --- */

static uint64_t chipset_read(void *opaque, uint64_t offset, unsigned size)
{
    struct ich9_lpc *lpc = opaque;
    uint64_t value = 0;

    for (unsigned i = 0; i < size && offset + i < RCRB_SIZE; i++)
        value |= (uint64_t)lpc->chipset[offset + i] << 8 * i;
    return value;
}

static void chipset_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct ich9_lpc *lpc = opaque;

    for (unsigned i = 0; i < size && offset + i < RCRB_SIZE; i++)
        if ((offset + i) >> 1 != D30IR >> 1) /* read-only */
            lpc->chipset[offset + i] = (uint8_t)(value >> 8 * i);
    if (offset < D25IR + 2 && offset + size > D31IR)
        pci_bus_update_lines(lpc->pci.bus);
}

static const struct memory_region_ops chipset_ops = {.read = chipset_read, .write = chipset_write};

static void reset_chipset(struct ich9_lpc *lpc)
{
    static const uint16_t routes[] = {D31IR, D29IR, D28IR, D27IR, D26IR, D25IR};

    memset(lpc->chipset, 0, sizeof(lpc->chipset));
    for (unsigned i = 0; i < G_N_ELEMENTS(routes); i++)
        put_le16(&lpc->chipset[routes[i]], 0x3210); /* INTA to PIRQA and so on */
    put_le32(&lpc->chipset[D31IP], 0x00001100);     /* SATA and SMBus use INTA */
    put_le32(&lpc->chipset[D29IP], 0x10004321);
    put_le32(&lpc->chipset[D28IP], 0x00214321);
    put_le32(&lpc->chipset[D27IP], 0x00000001);
    put_le32(&lpc->chipset[D26IP], 0x30000321);
    put_le32(&lpc->chipset[D25IP], 0x00000001);
}

/* --- configuration space --- */

static void update_pm(struct ich9_lpc *lpc)
{
    if (lpc->config.pm_moved)
        lpc->config.pm_moved(lpc->config.opaque, get_le16(&lpc->pci.config[PMBASE]) & 0xFF80,
                             lpc->pci.config[ACPI_CNTL] & ACPI_CNTL_ENABLE);
}

static void update_window(struct ich9_lpc *lpc)
{
    uint32_t value = get_le32(&lpc->pci.config[RCBA]);
    bool open = value & RCBA_ENABLE;

    memory_region_set(lpc->window, open ? value & ~(uint32_t)(RCRB_SIZE - 1) : 0, open);
}

static void config_written(void *device, uint16_t offset, unsigned size)
{
    struct ich9_lpc *lpc = device;

    if (offset <= ACPI_CNTL && offset + size > PMBASE)
        update_pm(lpc);
    if (offset < RCBA + 4 && offset + size > RCBA)
        update_window(lpc);
    drive(lpc);
}

static void define_config(struct pci_function *pci)
{
    /* The bridge always decodes and masters. */
    pci_define(pci, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
               PCI_COMMAND_PARITY | PCI_COMMAND_SERR, 0);
    pci_define(pci, PMBASE, 4, 1, 0xFF80, 0);
    pci_define(pci, ACPI_CNTL, 1, 0, 0x87, 0);
    pci_define(pci, GPIOBASE, 4, 1, 0xFFC0, 0);
    pci_define(pci, GC, 1, 0, 0x11, 0);
    for (unsigned i = 0; i < PIRQS; i++)
        pci_define(pci, (uint16_t)routing_register(i), 1, PIRQ_DISABLED, 0x8F, 0);
    pci_define(pci, SIRQ_CNTL, 1, 0x10, 0xC3, 0);
    pci_define(pci, LPC_IO_DEC, 2, 0, 0x1377, 0);
    pci_define(pci, LPC_EN, 2, 0, 0x3F0F, 0);
    for (unsigned i = 0; i < 4; i++)
        pci_define(pci, (uint16_t)(GEN1_DEC + 4 * i), 4, 0, 0x00FCFFFD, 0);
    pci_define(pci, GEN_PMCON_1, 2, 0, 0x1FBF, 0);
    pci_define(pci, GEN_PMCON_2, 1, 0, 0x90, 0x03);
    pci_define(pci, GEN_PMCON_3, 1, 0, 0xFB, 0x04);
    pci_define(pci, PMIR, 4, 0, 0x80500000, 0);
    pci_define(pci, GPI_ROUT, 4, 0, 0xFFFFFFFF, 0);
    pci_define(pci, FWH_SEL1, 4, 0x00112233, 0x0FFFFFFF, 0);
    pci_define(pci, FWH_SEL2, 2, 0x4567, 0xFFFF, 0);
    pci_define(pci, FWH_DEC_EN1, 2, 0xFFCF, 0x7FCF, 0);
    pci_define(pci, BIOS_CNTL, 1, 0, 0x1F, 0);
    pci_define(pci, RCBA, 4, 0, 0xFFFFC001, 0);
}

void ich9_lpc_configure(struct ich9_lpc *lpc, const struct ich9_lpc_setup *setup)
{
    struct pci_bus *bus = lpc->pci.bus;
    uint8_t devfn = lpc->pci.devfn;

    pci_config_write(bus, 0, devfn, PMBASE, 4, setup->pm_base);
    pci_config_write(bus, 0, devfn, ACPI_CNTL, 1, ACPI_CNTL_ENABLE);
    pci_config_write(bus, 0, devfn, RCBA, 4, setup->rcba ? setup->rcba | RCBA_ENABLE : 0);
    for (unsigned i = 0; i < PIRQS; i++)
        pci_config_write(bus, 0, devfn, (uint16_t)routing_register(i), 1, setup->pirq_irq[i]);
}

/* --- life --- */

static void after_load(void *object)
{
    struct ich9_lpc *lpc = object;

    update_pm(lpc);
    update_window(lpc);
    drive(lpc);
}

static void lpc_reset(void *device)
{
    struct ich9_lpc *lpc = device;

    pci_function_reset(&lpc->pci);
    reset_chipset(lpc);
    lpc->pirq = 0;
    lpc->sci = false;
    after_load(lpc);
}

static void lpc_unrealize(void *device)
{
    struct ich9_lpc *lpc = device;

    memory_region_remove(lpc->window);
    pci_function_finalize(&lpc->pci);
    g_free(lpc);
}

static const struct pci_identity identity = {
    .vendor = 0x8086,
    .device = 0x2918,
    .subsystem_vendor = 0x1AF4,
    .subsystem = 0x1100,
    .class_code = 0x060100,
    .revision = 2,
    .multifunction = true,
};

static const struct state_field fields[] = {
    STATE_STRUCT(struct ich9_lpc, pci, &pci_function_state),
    STATE_U8(struct ich9_lpc, pirq),
    STATE_BOOL(struct ich9_lpc, sci),
    STATE_U8_ARRAY(struct ich9_lpc, chipset),
    STATE_END,
};

static const struct state_table lpc_state = {
    .name = "ich9-lpc", .version = 1, .fields = fields, .after_load = after_load};

static const struct device_class lpc_class = {
    .name = "ich9-lpc",
    .state = &lpc_state,
    .reset = lpc_reset,
    .unrealize = lpc_unrealize,
};

struct ich9_lpc *ich9_lpc_new(struct machine *machine, struct pci_bus *bus, const struct ich9_lpc_config *config)
{
    struct ich9_lpc *lpc = g_new0(struct ich9_lpc, 1);

    lpc->config = *config;
    pci_function_init(&lpc->pci, bus, PCI_DEVFN(31, 0), &identity, lpc);
    define_config(&lpc->pci);
    lpc->pci.config_written = config_written;
    lpc->window =
        memory_add_io(machine_memory(machine), MEMORY_SPACE_PHYSICAL, "rcba", 0, RCRB_SIZE, 0, &chipset_ops, lpc);
    memory_region_set(lpc->window, 0, false);
    reset_chipset(lpc);
    machine_add_device(machine, &lpc_class, lpc, "lpc");
    return lpc;
}
