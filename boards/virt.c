/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virt board: which devices, where, on which lines.  The same places as QEMU's machine of that name, so that guests and
 * users find what they know.
 *
 *   00:00.0 host bridge   00:01.0 network card   from 00:02.0 on: disks, each a function of its own, a source of
 *   random bytes, shared folders
 */
#include "boards/virt_internal.h"
#include "devices/display/ramfb.h"
#include "devices/intc/gicv3_its.h"
#include "devices/platform/fw_cfg.h"
#include "devices/platform/pl061.h"
#include "devices/platform/power_key.h"
#include "devices/platform/virt_host.h"
#include "devices/serial/pl011.h"
#include "devices/storage/ahci.h"
#include "devices/timer/pl031.h"
#include "devices/virtio/virtio_9p.h"
#include "devices/virtio/virtio_blk.h"
#include "devices/virtio/virtio_rng.h"

#define FOUR_GIB (UINT64_C(1) << 32)

/* The screen, if any, takes the top of what can be addressed by 32 bits. */
static bool add_memory(struct virt *virt, const struct board_config *config, GError **error)
{
    uint64_t end = MIN(VIRT_MEMORY + virt->memory_size, FOUR_GIB);

    if (virt->memory_size > VIRT_MEMORY_LIMIT) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--memory: virt has room for 255 GiB");
        return false;
    }
    if (config->display && virt->memory_size >= VIRT_FRAMEBUFFER_MEMORY)
        virt->framebuffer = end - VIRT_FRAMEBUFFER_SIZE;
    return memory_add_ram(machine_memory(virt->machine), "ram", VIRT_MEMORY, virt->memory_size, false, error) != NULL;
}

static void add_devices(struct virt *virt, const struct board_config *config)
{
    const struct pl011_config uart = {.id = "uart0",
                                      .address = VIRT_UART,
                                      .irq = virt_line(virt, 0, VIRT_UART_IRQ),
                                      .output = config->serial,
                                      .source = "serial0"};
    const struct irq_line rtc = virt_line(virt, 0, VIRT_RTC_IRQ), gpio = virt_line(virt, 0, VIRT_GPIO_IRQ);

    pl011_new(virt->machine, &uart);
    pl031_new(virt->machine, VIRT_RTC, &rtc);
    const struct irq_line key = pl061_line(pl061_new(virt->machine, VIRT_GPIO, &gpio), VIRT_POWER_PIN);
    power_key_new(virt->machine, &key);
    virt->fw_cfg = fw_cfg_new(virt->machine, VIRT_FW_CFG, virt->memory_size);
    if (virt->framebuffer) {
        virt->ramfb = ramfb_new(virt->machine, virt->fw_cfg);
        virt->board.scanout = ramfb_scanout(virt->ramfb);
    }
}

static void set_pci_line(void *opaque, unsigned line, bool level)
{
    struct irq_line spi = virt_line(opaque, 0, VIRT_PCI_IRQ + line);

    irq_set(&spi, level);
}

static void pci_message(void *opaque, uint8_t devfn, uint64_t address, uint32_t data)
{
    struct virt *virt = opaque;

    gicv3_its_message(virt->its, devfn, address, data);
}

/* Disks and shared folders take a slot each. */
static void add_pci_devices(struct virt *virt, const struct board_config *config)
{
    /* GICv2m is a register like others; the ITS wants to know whose message it is. */
    const struct pci_bus_config bus = {
        .set_line = set_pci_line, .message = virt->its ? pci_message : NULL, .opaque = virt};
    const struct virt_host_config host = {
        .ecam = VIRT_ECAM, .buses = VIRT_ECAM_BUSES, .io = VIRT_PCI_IO, .io_ports = VIRT_PCI_IO_PORTS};
    unsigned slot = VIRT_DISK_SLOT;

    virt->pci = pci_bus_new(virt->machine, &bus, "pci");
    virt_host_new(virt->machine, virt->pci, &host);
    board_add_nic(virt->machine, virt->pci, PCI_DEVFN(VIRT_NIC_SLOT, 0), config);
    for (unsigned i = 0; i < config->disk_count; i++, slot++) {
        const struct board_disk *disk = &config->disks[i];
        g_autofree char *id = g_strdup_printf(disk->bus == BOARD_BUS_AHCI ? "ahci%u" : "virtio-blk%u", i);

        virt->disk_place[i] = (struct board_place){
            .bus = disk->bus == BOARD_BUS_AHCI ? UEFI_DISK_SATA : UEFI_DISK_VIRTIO, .devfn = PCI_DEVFN(slot, 0)};
        if (disk->bus == BOARD_BUS_AHCI)
            ahci_attach(ahci_new(virt->machine, virt->pci, PCI_DEVFN(slot, 0), id), 0, disk->block, disk->cdrom);
        else
            virtio_blk_new(virt->machine, virt->pci, PCI_DEVFN(slot, 0), disk->block, id);
    }
    virtio_rng_new(virt->machine, virt->pci, PCI_DEVFN(slot++, 0), "virtio-rng");
    for (unsigned i = 0; i < config->share_count; i++, slot++) {
        g_autofree char *id = g_strdup_printf("virtio-9p%u", i);

        virtio_9p_new(virt->machine, virt->pci, PCI_DEVFN(slot, 0), config->shares[i].share, config->shares[i].tag, id);
    }
}

static void reset(void *opaque)
{
    struct virt *virt = opaque;

    virt_reset_cpus(virt);
    virt_reset_firmware(virt);
}

/* The board itself has no state beyond its devices'; it is a device so that the machine frees it. */
static void unrealize(void *device)
{
    struct virt *virt = device;

    board_kernel_clear(&virt->kernel);
    g_free(virt);
}

static const struct device_class virt_class = {.name = "virt", .unrealize = unrealize};

struct board *virt_new(struct machine *machine, const struct board_config *config, GError **error)
{
    struct virt *virt = g_new0(struct virt, 1);
    struct machine_board_hooks hooks = {.reset = reset, .hypercall = virt_hypercall, .boundary = virt_boundary};

    virt->machine = machine;
    virt->memory_size = config->memory_size;
    virt->gic_version = config->gic_version ? config->gic_version : 2;
    virt->description = config->description ? config->description : BOARD_DESCRIPTION_ACPI;
    virt->debug = config->debug;
    machine_add_device(machine, &virt_class, virt, "virt");
    virt_set_cpu_hooks(virt, &hooks);
    machine_set_board(machine, &hooks, virt);
    if (!add_memory(virt, config, error) || !virt_add_interrupt_controller(virt, error))
        return NULL;
    add_devices(virt, config);
    add_pci_devices(virt, config);
    return virt_add_firmware(virt, config, error) ? &virt->board : NULL;
}
