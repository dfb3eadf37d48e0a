/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * q35: what firmware does at power-on.  Chipset registers, PCI resources, CMOS; then either a kernel directly or the UEFI
 * shim with what this board gives it.
 */
#include "boards/q35_internal.h"
#include "devices/display/bochs_display.h"
#include "devices/platform/ich9_lpc.h"
#include "devices/platform/q35_host.h"
#include "devices/platform/smbus.h"
#include "devices/timer/hpet.h"
#include "firmware/acpi/acpi_pc.h"
#include "firmware/linux/linux_boot.h"
#include "firmware/uefi/shim.h"
#include "firmware/uefi/uefi.h"

#define ROM_AREA 0xF0000u
#define EBDA 0x9FC00u
#define MIB (1u << 20)
#define TABLES_SIZE (1u << 20) /* at the top of low memory, in a direct boot */

/* PIRQ A to D on IRQ 10, E to H on IRQ 11, as QEMU's firmware leaves them. */
static const struct ich9_lpc_setup lpc_setup = {
    .pm_base = Q35_PM_BASE, .rcba = 0xFED1C000, .pirq_irq = {10, 10, 11, 11, 10, 10, 11, 11}};

static struct pci_windows windows_of(const struct q35 *q35)
{
    return (struct pci_windows){.io_start = Q35_PCI_IO_START,
                                .io_end = Q35_PCI_IO_END,
                                .memory32_start = Q35_PCI_MEMORY_START,
                                .memory32_end = Q35_PCI_MEMORY_END,
                                .memory64_start = Q35_PCI_MEMORY64_START,
                                .memory64_end = Q35_PCI_MEMORY64_END,
                                .interrupt_line = ich9_lpc_interrupt_line,
                                .opaque = q35->lpc};
}

static void set_up_chipset(struct q35 *q35)
{
    const struct pci_windows windows = windows_of(q35);
    g_autoptr(GError) error = NULL;

    q35_host_enable_ecam(q35->host, Q35_ECAM_ADDRESS);
    ich9_lpc_configure(q35->lpc, &lpc_setup);
    i8259_set_level_triggered(q35->pic, 1 << Q35_SCI_IRQ | 1 << 10 | 1 << 11);
    apic_set_virtual_wire(q35->apics, 0);
    mc146818_set_memory_size(q35->rtc, q35->low_memory, q35->memory_size - q35->low_memory);
    smbus_enable(q35->smbus);
    if (!pci_assign_resources(q35->pci, &windows, &error))
        machine_note(q35->machine, "%s", error->message);
    memory_commit(machine_memory(q35->machine));
}

static GByteArray *build_acpi(void *opaque, uint64_t base, uint64_t *rsdp)
{
    const struct q35 *q35 = opaque;
    const struct acpi_pc pc = {.cpus = machine_config(q35->machine)->cpus,
                               .local_apic = APIC_DEFAULT_BASE,
                               .io_apic = Q35_IOAPIC_ADDRESS,
                               .io_apic_id = 0,
                               .ecam = Q35_ECAM_ADDRESS,
                               .buses = Q35_ECAM_BUSES,
                               .memory32 = Q35_PCI_MEMORY_START,
                               .memory32_size = Q35_PCI_MEMORY_END - Q35_PCI_MEMORY_START,
                               .memory64 = Q35_PCI_MEMORY64_START,
                               .memory64_size = Q35_PCI_MEMORY64_END - Q35_PCI_MEMORY64_START,
                               .hpet = Q35_HPET_ADDRESS,
                               .hpet_block_id = hpet_block_id(),
                               .pm_base = Q35_PM_BASE,
                               .sci = Q35_SCI_IRQ};

    return acpi_pc_build(&pc, base, rsdp);
}

static GByteArray *build_smbios(void *opaque, uint64_t base, uint64_t *entry_point_3)
{
    const struct q35 *q35 = opaque;
    struct smbios_machine machine = {
        .product = "q35",
        .memory_size = q35->memory_size,
        .ranges = {{0, q35->low_memory}, {Q35_HIGH_MEMORY, q35->memory_size - q35->low_memory}},
        .range_count = q35->memory_size > q35->low_memory ? 2 : 1};

    return board_smbios(q35->machine, &machine, base, entry_point_3);
}

static void add_range(struct linux_boot *boot, uint64_t address, uint64_t end, uint32_t type)
{
    if (end > address && boot->range_count < LINUX_MEMORY_RANGES)
        boot->ranges[boot->range_count++] =
            (struct linux_memory_range){.address = address, .size = end - address, .type = type};
}

static void boot_directly(struct q35 *q35)
{
    struct linux_boot boot = {.machine = q35->machine,
                              .kernel = q35->kernel.image,
                              .initrd = q35->kernel.initrd,
                              .append = q35->kernel.append,
                              .kernel_name = q35->kernel.name};
    uint64_t tables = q35->low_memory - TABLES_SIZE;
    g_autoptr(GByteArray) acpi = build_acpi(q35, tables, &boot.rsdp);
    g_autoptr(GError) error = NULL;

    memory_write(machine_memory(q35->machine), tables, acpi->data, acpi->len);
    add_range(&boot, 0, EBDA, LINUX_MEMORY_RAM);
    add_range(&boot, EBDA, Q35_VIDEO_WINDOW, LINUX_MEMORY_RESERVED);
    add_range(&boot, ROM_AREA, MIB, LINUX_MEMORY_RESERVED);
    add_range(&boot, MIB, tables, LINUX_MEMORY_RAM);
    add_range(&boot, tables, q35->low_memory, LINUX_MEMORY_ACPI);
    add_range(&boot, Q35_ECAM_ADDRESS, Q35_ECAM_ADDRESS + Q35_ECAM_BUSES * (uint64_t)MIB, LINUX_MEMORY_RESERVED);
    add_range(&boot, Q35_HIGH_MEMORY, Q35_HIGH_MEMORY + (q35->memory_size - q35->low_memory), LINUX_MEMORY_RAM);
    if (!linux_boot_start(&boot, &error))
        machine_refuse(q35->machine, "%s", error->message);
}

static uint64_t framebuffer(void *opaque)
{
    const struct q35 *q35 = opaque;
    uint64_t address = bochs_display_framebuffer(q35->display);

    return address == UINT64_MAX ? 0 : address;
}

static bool set_mode(void *opaque, uint32_t width, uint32_t height, uint32_t *stride)
{
    struct q35 *q35 = opaque;

    *stride = width * 4;
    return bochs_display_set_mode(q35->display, width, height, 32);
}

/* What the shim cannot see by itself: the places that devices decode. */
static const struct uefi_range ranges[] = {
    {.address = Q35_ECAM_ADDRESS, .size = Q35_ECAM_BUSES * (uint64_t)MIB, .type = EFI_MEMORY_MAPPED_IO},
    {.address = Q35_IOAPIC_ADDRESS, .size = 0x1000, .type = EFI_MEMORY_MAPPED_IO},
    {.address = Q35_HPET_ADDRESS, .size = 0x1000, .type = EFI_MEMORY_MAPPED_IO},
    {.address = APIC_DEFAULT_BASE, .size = 0x1000, .type = EFI_MEMORY_MAPPED_IO},
};

static bool add_shim(struct q35 *q35, const struct board_config *config, GError **error)
{
    const struct uefi_display display = {.pci_devfn = PCI_DEVFN(1, 0),
                                         .framebuffer = framebuffer,
                                         .framebuffer_size = q35->display ? bochs_display_memory_size(q35->display) : 0,
                                         .set_mode = set_mode,
                                         .opaque = q35,
                                         .width = config->width,
                                         .height = config->height,
                                         .edid = q35->display ? bochs_display_edid(q35->display) : NULL};
    struct uefi_config shim = {
        .machine = q35->machine,
        .display = q35->display ? &display : NULL,
        .serial = {.type = UEFI_UART_16550, .space = MEMORY_SPACE_PORT, .address = 0x3F8},
        .i8042 = true,
        .pci = q35->pci,
        .pci_windows = windows_of(q35),
        .pci_last_bus = 255,
        .ranges = ranges,
        .range_count = G_N_ELEMENTS(ranges),
        .build_acpi = build_acpi,
        .build_smbios = build_smbios,
        .builder_opaque = q35,
    };

    q35->uefi = board_uefi(&shim, config, q35->disk_place, error);
    return q35->uefi != NULL;
}

void q35_reset_firmware(struct q35 *q35)
{
    set_up_chipset(q35);
    if (q35->kernel.image)
        boot_directly(q35);
    else
        uefi_reset(q35->uefi);
}

bool q35_hypercall(void *opaque, struct cpu *cpu, uint32_t immediate)
{
    struct q35 *q35 = opaque;

    return q35->uefi && uefi_hypercall(q35->uefi, cpu, immediate);
}

void q35_boundary(void *opaque)
{
    struct q35 *q35 = opaque;

    if (q35->uefi)
        uefi_boundary(q35->uefi);
}

bool q35_add_firmware(struct q35 *q35, const struct board_config *config, GError **error)
{
    if (!config->kernel)
        return add_shim(q35, config, error);
    if (!linux_boot_check(config->kernel, config->kernel_name, error))
        return false;
    board_kernel_set(&q35->kernel, g_bytes_ref(config->kernel), config);
    return true;
}
