/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The q35 board: which devices, where, on which lines.  The same places as QEMU's machine of that name, so that guests and
 * users find what they know.
 *
 *   00:00.0 host bridge   00:01.0 display   00:02.0 network card   from 00:03.0 on: virtio disks   00:13.0 virtio-rng
 *   00:14.0 virtio-console   from 00:17.0 on: shared folders   00:1f.0 LPC   00:1f.2 AHCI
 *   00:1f.3 SMBus
 */
#include "boards/q35_internal.h"
#include "devices/display/bochs_display.h"
#include "devices/input/i8042.h"
#include "devices/platform/acpi_pm.h"
#include "devices/platform/debug_ports.h"
#include "devices/platform/i8237.h"
#include "devices/platform/ich9_lpc.h"
#include "devices/platform/paravirtual_clock.h"
#include "devices/platform/q35_host.h"
#include "devices/platform/reset.h"
#include "devices/platform/smbus.h"
#include "devices/serial/uart16550.h"
#include "devices/storage/ahci.h"
#include "devices/virtio/virtio_9p.h"
#include "devices/virtio/virtio_blk.h"
#include "devices/virtio/virtio_console.h"
#include "devices/virtio/virtio_rng.h"

#define HPET_ROUTES_MASK 0x00FF0104u /* I/O APIC inputs that the HPET may use: 2, 8, 16..23 */

static bool add_memory(struct q35 *q35, GError **error)
{
    struct memory *memory = machine_memory(q35->machine);

    q35->low_memory = MIN(q35->memory_size, Q35_LOW_MEMORY_LIMIT);
    if (!memory_add_ram(memory, "ram-base", 0, Q35_VIDEO_WINDOW, false, error) ||
        !memory_add_ram(memory, "ram", Q35_SHADOW, q35->low_memory - Q35_SHADOW, false, error))
        return false;
    uint64_t high = q35->memory_size - q35->low_memory;
    return !high || memory_add_ram(memory, "ram-high", Q35_HIGH_MEMORY, high, false, error);
}

/* While the HPET replaces the 8254 and the RTC, these leave IRQ 0 and IRQ 8 alone. */
static void legacy_replacement(void *opaque, bool on)
{
    struct q35 *q35 = opaque;

    i8254_set_irq_enabled(q35->pit, !on);
    mc146818_set_irq_enabled(q35->rtc, !on);
}

static void add_timers(struct q35 *q35)
{
    struct hpet_config hpet = {.address = Q35_HPET_ADDRESS,
                               .route_capability = HPET_ROUTES_MASK,
                               .legacy = {q35->isa[0], q35->isa[8]},
                               .legacy_replacement = legacy_replacement,
                               .opaque = q35};

    q35->pit = i8254_new(q35->machine, &q35->isa[0]);
    q35->rtc = mc146818_new(q35->machine, &q35->isa[8]);
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
        if (HPET_ROUTES_MASK & 1u << pin)
            hpet.routes[pin] = ioapic_shared_line(q35->ioapic, pin, 1); /* others drive these inputs too */
    q35->hpet = hpet_new(q35->machine, &hpet);
}

static void pm_moved(void *opaque, uint16_t base, bool enabled)
{
    struct q35 *q35 = opaque;

    if (q35->pm)
        acpi_pm_set_base(q35->pm, base, enabled);
}

static void add_chipset(struct q35 *q35)
{
    struct ich9_lpc_config lpc = {.pm_moved = pm_moved, .opaque = q35};
    struct pci_bus_config bus = {0}; /* messages go to the local APICs' window as any write does */

    q35->pci = pci_bus_new(q35->machine, &bus, "pci");
    q35->host = q35_host_new(q35->machine, q35->pci);
    for (unsigned irq = 0; irq < 16; irq++)
        lpc.isa[irq] = q35->isa[irq];
    for (unsigned pirq = 0; pirq < 8; pirq++)
        lpc.ioapic[pirq] = ioapic_line(q35->ioapic, 16 + pirq);
    q35->lpc = ich9_lpc_new(q35->machine, q35->pci, &lpc);
    bus = (struct pci_bus_config){.line = ich9_lpc_line, .set_line = ich9_lpc_set_pirq, .opaque = q35->lpc};
    pci_bus_set_config(q35->pci, &bus);
}

static void add_legacy_devices(struct q35 *q35, const struct board_config *config)
{
    const struct acpi_pm_config pm = {.base = Q35_PM_BASE, .sci = ich9_lpc_sci(q35->lpc)};
    const struct paravirtual_clock_config clock = {.tsc_hz = APIC_TIMER_HZ};
    const struct uart16550_config com1 = {
        .id = "com1", .port = 0x3F8, .irq = q35->isa[4], .output = config->serial, .source = "serial0"};
    const struct uart16550_config com2 = {.id = "com2", .port = 0x2F8, .irq = q35->isa[3]};
    struct i8042_config keyboard = {
        .keyboard_irq = q35->isa[1], .mouse_irq = q35->isa[12], .reset = platform_reset_pulse};

    q35->pm = acpi_pm_new(q35->machine, &pm);
    q35->kvm_clock = paravirtual_clock_new(q35->machine, &clock);
    keyboard.opaque = platform_reset_new(q35->machine);
    i8042_new(q35->machine, &keyboard);
    uart16550_new(q35->machine, &com1);
    uart16550_new(q35->machine, &com2);
    debug_ports_new(q35->machine, config->debug);
    i8237_new(q35->machine);
}

/* In the order in which they were given: to the ports of the AHCI controller, or each a function of its own. */
static bool add_disks(struct q35 *q35, const struct board_config *config, GError **error)
{
    unsigned ports = 0, slot = Q35_VIRTIO_SLOT;

    for (unsigned i = 0; i < config->disk_count; i++) {
        const struct board_disk *disk = &config->disks[i];

        if (disk->bus == BOARD_BUS_VIRTIO) {
            g_autofree char *id = g_strdup_printf("virtio-blk%u", slot - Q35_VIRTIO_SLOT);
            q35->disk_place[i] = (struct board_place){.bus = UEFI_DISK_VIRTIO, .devfn = PCI_DEVFN(slot, 0)};
            virtio_blk_new(q35->machine, q35->pci, PCI_DEVFN(slot++, 0), disk->block, id);
        } else if (ports < AHCI_PORTS) {
            q35->disk_place[i] =
                (struct board_place){.bus = UEFI_DISK_SATA, .devfn = PCI_DEVFN(0x1F, 2), .port = (uint8_t)ports};
            ahci_attach(q35->ahci, ports++, disk->block, disk->cdrom);
        } else {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "--disk: q35's AHCI controller has %d ports; give further disks bus=virtio", AHCI_PORTS);
            return false;
        }
    }
    return true;
}

static void add_shares(struct q35 *q35, const struct board_config *config)
{
    for (unsigned i = 0; i < config->share_count; i++) {
        g_autofree char *id = g_strdup_printf("virtio-9p%u", i);

        virtio_9p_new(q35->machine, q35->pci, PCI_DEVFN(Q35_SHARE_SLOT + i, 0), config->shares[i].share,
                      config->shares[i].tag, id);
    }
}

static bool add_pci_devices(struct q35 *q35, const struct board_config *config, GError **error)
{
    const struct character_output nobody = {0}; /* listens to the second console yet */

    if (config->display) {
        q35->display = bochs_display_new(q35->machine, q35->pci, PCI_DEVFN(1, 0), config->width, config->height, true);
        q35->board.scanout = bochs_display_scanout(q35->display);
    }
    q35->ahci = ahci_new(q35->machine, q35->pci, PCI_DEVFN(0x1F, 2), "ahci");
    board_add_nic(q35->machine, q35->pci, PCI_DEVFN(Q35_NIC_SLOT, 0), config);
    q35->smbus = smbus_new(q35->machine, q35->pci, PCI_DEVFN(0x1F, 3));
    virtio_rng_new(q35->machine, q35->pci, PCI_DEVFN(Q35_VIRTIO_RNG_SLOT, 0), "virtio-rng");
    virtio_console_new(q35->machine, q35->pci, PCI_DEVFN(Q35_VIRTIO_CONSOLE_SLOT, 0), nobody, "console0",
                       "virtio-console");
    add_shares(q35, config);
    return add_disks(q35, config, error);
}

static void reset(void *opaque)
{
    struct q35 *q35 = opaque;

    q35_reset_firmware(q35);
}

/* The board itself has no state beyond its devices'; it is a device so that the machine frees it. */
static void unrealize(void *device)
{
    struct q35 *q35 = device;

    board_kernel_clear(&q35->kernel);
    g_free(q35);
}

static const struct device_class q35_class = {.name = "q35", .unrealize = unrealize};

struct board *q35_new(struct machine *machine, const struct board_config *config, GError **error)
{
    struct q35 *q35 = g_new0(struct q35, 1);
    struct machine_board_hooks hooks = {.reset = reset, .hypercall = q35_hypercall, .boundary = q35_boundary};

    q35->machine = machine;
    q35->memory_size = config->memory_size;
    machine_add_device(machine, &q35_class, q35, "q35");
    q35_set_cpu_hooks(&hooks);
    machine_set_board(machine, &hooks, q35);
    if (!add_memory(q35, error))
        return NULL;
    q35_add_interrupt_controllers(q35);
    add_timers(q35);
    add_chipset(q35);
    add_legacy_devices(q35, config);
    if (!add_pci_devices(q35, config, error) || !q35_add_firmware(q35, config, error))
        return NULL;
    return &q35->board;
}

bool board_scanout(struct board *board, struct scanout_source *source)
{
    *source = board->scanout;
    return board->scanout.get != NULL;
}
