/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virt: what firmware does at power-on.  PCI resources, the console's registers; then either a kernel directly or the UEFI
 * shim with what this board gives it.
 */
#include <string.h>

#include "boards/virt_internal.h"
#include "devices/display/ramfb.h"
#include "devices/intc/gicv3.h"
#include "devices/intc/gicv3_its.h"
#include "firmware/acpi/acpi_virt.h"
#include "firmware/fdt/fdt_virt.h"
#include "firmware/linux/arm64_boot.h"
#include "firmware/uefi/shim.h"
#include "firmware/uefi/uefi.h"

#define FIRST_IO_PORT 0x1000u /* those below are no PCI device's */

#define GICD_IGROUPR 0x80
#define GICR_IGROUPR0 0x10080

/* PL011: 115200 baud from 24 MHz, eight bits, FIFOs, transmitter and receiver on. */
#define UARTIBRD 0x24
#define UARTFBRD 0x28
#define UARTLCR_H 0x2C
#define UARTCR 0x30
static const struct {
    uint32_t offset, value;
} uart_setup[] = {{UARTIBRD, 13}, {UARTFBRD, 1}, {UARTLCR_H, 0x70}, {UARTCR, 0x301}};

static void describe(const struct virt *virt, struct virt_description *board)
{
    const struct machine_config *config = machine_config(virt->machine);
    bool gicv3 = virt->gic_version == 3;

    *board = (struct virt_description){
        .cpus = config->cpus,
        .cpu_compatible = g_strcmp0(config->cpu_model, "cortex-a72") == 0 ? "arm,cortex-a72" : "arm,armv8",
        .memory = {VIRT_MEMORY, virt->memory_size},
        .gic = virt->gic_version,
        .distributor = {VIRT_GICD, 0x10000},
        .cpu_interface = {VIRT_GICC, gicv3 ? 0 : 0x10000},
        .message_frame = {VIRT_GICV2M, gicv3 ? 0 : 0x1000},
        .message_first = VIRT_MESSAGE_FIRST,
        .message_count = VIRT_MESSAGE_COUNT,
        .its = {VIRT_ITS, gicv3 ? GICV3_ITS_SIZE : 0},
        .redistributors = {VIRT_GICR, gicv3 ? (uint64_t)config->cpus * GICV3_REDISTRIBUTOR_SIZE : 0},
        .timers = {.secure = VIRT_TIMER_SECURE,
                   .physical = VIRT_TIMER_PHYSICAL,
                   .virtual = VIRT_TIMER_VIRTUAL,
                   .hypervisor = VIRT_TIMER_HYPERVISOR},
        .uart = {VIRT_UART, 0x1000, VIRT_UART_IRQ},
        .rtc = {VIRT_RTC, 0x1000, VIRT_RTC_IRQ},
        .gpio = {VIRT_GPIO, 0x1000, VIRT_GPIO_IRQ},
        .fw_cfg = {VIRT_FW_CFG, 0x18, 0},
        .power_pin = VIRT_POWER_PIN,
        .ecam = {VIRT_ECAM, (uint64_t)VIRT_ECAM_BUSES << 20},
        .pci_memory32 = {VIRT_PCI_MEMORY, VIRT_PCI_MEMORY_END - VIRT_PCI_MEMORY},
        .pci_memory64 = {VIRT_PCI_MEMORY64, VIRT_PCI_MEMORY64_END - VIRT_PCI_MEMORY64},
        .pci_io = {VIRT_PCI_IO, VIRT_PCI_IO_PORTS},
        .pci_interrupt = VIRT_PCI_IRQ,
    };
    memcpy(board->mpidr, virt->mpidr, sizeof(board->mpidr));
}

/* As EDK2 leaves it: the CPU's redistributor is awake, and all interrupts are in Group 1, where systems look for them. */
static void set_up_gicv3(struct virt *virt)
{
    struct memory *memory = machine_memory(virt->machine);

    gicv3_wake(virt->gicv3, 0);
    memory_io_write(memory, MEMORY_SPACE_PHYSICAL, VIRT_GICR + GICR_IGROUPR0, 4, UINT32_MAX);
    for (unsigned intid = 32; intid < GICV3_INTERRUPTS; intid += 32)
        memory_io_write(memory, MEMORY_SPACE_PHYSICAL, VIRT_GICD + GICD_IGROUPR + intid / 8, 4, UINT32_MAX);
}

static const struct pci_windows windows = {.io_start = FIRST_IO_PORT,
                                           .io_end = VIRT_PCI_IO_PORTS,
                                           .memory32_start = VIRT_PCI_MEMORY,
                                           .memory32_end = VIRT_PCI_MEMORY_END,
                                           .memory64_start = VIRT_PCI_MEMORY64,
                                           .memory64_end = VIRT_PCI_MEMORY64_END};

static void set_up_devices(struct virt *virt)
{
    struct memory *memory = machine_memory(virt->machine);
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(uart_setup); i++)
        memory_io_write(memory, MEMORY_SPACE_PHYSICAL, VIRT_UART + uart_setup[i].offset, 4, uart_setup[i].value);
    if (!pci_assign_resources(virt->pci, &windows, &error))
        machine_note(virt->machine, "%s", error->message);
    memory_commit(memory);
}

/* --- direct boot --- */

/* The seeds are the machine's, so that a run is like the other. */
static GBytes *build_fdt(struct virt *virt, const char *command_line, uint64_t initrd, uint64_t end)
{
    struct fdt_chosen chosen = {.command_line = command_line, .initrd_start = initrd, .initrd_end = end};
    struct virt_description board;

    describe(virt, &board);
    machine_random(virt->machine, "fdt", chosen.seed, sizeof(chosen.seed));
    return fdt_virt_build(&board, &chosen);
}

static GBytes *build_boot_fdt(void *opaque, uint64_t initrd, uint64_t end)
{
    struct virt *virt = opaque;

    return build_fdt(virt, virt->kernel.append, initrd, end);
}

static void boot_directly(struct virt *virt)
{
    const struct arm64_boot boot = {.machine = virt->machine,
                                    .kernel = virt->kernel.image,
                                    .kernel_name = virt->kernel.name,
                                    .initrd = virt->kernel.initrd,
                                    .memory = VIRT_MEMORY,
                                    .memory_size = virt->memory_size,
                                    .build_fdt = build_boot_fdt,
                                    .opaque = virt};
    g_autoptr(GError) error = NULL;

    if (!arm64_boot_start(&boot, &error))
        machine_crash(virt->machine, "%s", error->message);
}

static bool add_kernel(struct virt *virt, const struct board_config *config, GError **error)
{
    GBytes *image = arm64_boot_unpack(config->kernel, config->kernel_name, error);

    if (image)
        board_kernel_set(&virt->kernel, image, config);
    return image != NULL;
}

/* --- the shim --- */

static GByteArray *build_acpi(void *opaque, uint64_t base, uint64_t *rsdp)
{
    struct virt_description board;

    describe(opaque, &board);
    return acpi_virt_build(&board, base, rsdp);
}

static GByteArray *build_smbios(void *opaque, uint64_t base, uint64_t *entry_point_3)
{
    const struct virt *virt = opaque;
    struct smbios_machine machine = {.product = "virt",
                                     .memory_size = virt->memory_size,
                                     .ranges = {{VIRT_MEMORY, virt->memory_size}},
                                     .range_count = 1};

    return board_smbios(virt->machine, &machine, base, entry_point_3);
}

static uint64_t framebuffer(void *opaque)
{
    const struct virt *virt = opaque;

    return virt->framebuffer;
}

static bool set_mode(void *opaque, uint32_t width, uint32_t height, uint32_t *stride)
{
    struct virt *virt = opaque;

    *stride = width * 4;
    return ramfb_set_mode(virt->ramfb, virt->framebuffer, width, height, *stride);
}

static bool add_shim(struct virt *virt, const struct board_config *config, GError **error)
{
    const struct uefi_display display = {.framebuffer = framebuffer,
                                         .framebuffer_size = VIRT_FRAMEBUFFER_SIZE,
                                         .set_mode = set_mode,
                                         .opaque = virt,
                                         .width = config->width,
                                         .height = config->height};
    /* What the shim cannot see by itself: the places that devices decode, and the screen's part of memory. */
    const struct uefi_range ranges[] = {
        {.address = VIRT_GICD, .size = VIRT_UART - VIRT_GICD, .type = EFI_MEMORY_MAPPED_IO},
        {.address = VIRT_UART, .size = VIRT_GPIO + 0x1000 - VIRT_UART, .type = EFI_MEMORY_MAPPED_IO},
        {.address = VIRT_ECAM, .size = (uint64_t)VIRT_ECAM_BUSES << 20, .type = EFI_MEMORY_MAPPED_IO},
        {.address = virt->framebuffer, .size = VIRT_FRAMEBUFFER_SIZE, .type = EFI_RESERVED_MEMORY_TYPE},
    };
    bool acpi = virt->description & BOARD_DESCRIPTION_ACPI, fdt = virt->description & BOARD_DESCRIPTION_FDT;
    g_autoptr(GBytes) tree = fdt ? build_fdt(virt, NULL, 0, 0) : NULL;
    struct uefi_config shim = {
        .machine = virt->machine,
        .display = virt->ramfb ? &display : NULL,
        .serial = {.type = UEFI_UART_PL011, .space = MEMORY_SPACE_PHYSICAL, .address = VIRT_UART},
        .pci = virt->pci,
        .pci_windows = windows,
        .pci_io_address = VIRT_PCI_IO,
        .pci_last_bus = VIRT_ECAM_BUSES - 1,
        .ranges = ranges,
        .range_count = G_N_ELEMENTS(ranges) - (virt->framebuffer ? 0 : 1),
        .build_acpi = acpi ? build_acpi : NULL,
        .build_smbios = build_smbios,
        .builder_opaque = virt,
        .fdt = tree,
    };

    virt->uefi = board_uefi(&shim, config, virt->disk_place, error);
    return virt->uefi != NULL;
}

/* --- both --- */

void virt_reset_firmware(struct virt *virt)
{
    set_up_devices(virt);
    if (virt->kernel.image) {
        boot_directly(virt);
        return;
    }
    if (virt->gicv3)
        set_up_gicv3(virt);
    uefi_reset(virt->uefi);
}

/* HVC #0 is PSCI's; the shim's stubs have another immediate. */
bool virt_hypercall(void *opaque, struct cpu *cpu, uint32_t immediate)
{
    struct virt *virt = opaque;

    if (immediate != 0)
        return virt->uefi && uefi_hypercall(virt->uefi, cpu, immediate);
    virt_psci(virt, cpu);
    return true;
}

void virt_boundary(void *opaque)
{
    struct virt *virt = opaque;

    if (virt->uefi)
        uefi_boundary(virt->uefi);
}

bool virt_add_firmware(struct virt *virt, const struct board_config *config, GError **error)
{
    return config->kernel ? add_kernel(virt, config, error) : add_shim(virt, config, error);
}
