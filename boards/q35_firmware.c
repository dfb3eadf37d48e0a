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
#include "firmware/linux/linux_boot.h"

#define ROM_AREA 0xF0000u
#define EBDA 0x9FC00u
#define MIB (1u << 20)
#define TABLES_SIZE (1u << 20) /* at the top of low memory, in a direct boot */

/* PIRQ A to D on IRQ 10, E to H on IRQ 11, as QEMU's firmware leaves them. */
static const struct ich9_lpc_setup lpc_setup = {
    .pm_base = Q35_PM_BASE, .rcba = 0, .pirq_irq = {10, 10, 11, 11, 10, 10, 11, 11}};

static void set_up_chipset(struct q35 *q35)
{
    const struct pci_windows windows = {.io_start = Q35_PCI_IO_START,
                                        .io_end = Q35_PCI_IO_END,
                                        .memory32_start = Q35_PCI_MEMORY_START,
                                        .memory32_end = Q35_PCI_MEMORY_END,
                                        .memory64_start = Q35_PCI_MEMORY64_START,
                                        .memory64_end = Q35_PCI_MEMORY64_END,
                                        .interrupt_line = ich9_lpc_interrupt_line,
                                        .opaque = q35->lpc};
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

static void add_range(struct linux_boot *boot, uint64_t address, uint64_t end, uint32_t type)
{
    if (end > address && boot->range_count < LINUX_MEMORY_RANGES)
        boot->ranges[boot->range_count++] =
            (struct linux_memory_range){.address = address, .size = end - address, .type = type};
}

static void boot_directly(struct q35 *q35)
{
    struct linux_boot boot = {.machine = q35->machine,
                              .kernel = q35->kernel,
                              .initrd = q35->initrd,
                              .append = q35->append,
                              .kernel_name = q35->kernel_name};
    uint64_t tables = q35->low_memory - TABLES_SIZE;
    g_autoptr(GError) error = NULL;

    add_range(&boot, 0, EBDA, LINUX_MEMORY_RAM);
    add_range(&boot, EBDA, Q35_VIDEO_WINDOW, LINUX_MEMORY_RESERVED);
    add_range(&boot, ROM_AREA, MIB, LINUX_MEMORY_RESERVED);
    add_range(&boot, MIB, tables, LINUX_MEMORY_RAM);
    add_range(&boot, tables, q35->low_memory, LINUX_MEMORY_ACPI);
    add_range(&boot, Q35_ECAM_ADDRESS, Q35_ECAM_ADDRESS + Q35_ECAM_BUSES * MIB, LINUX_MEMORY_RESERVED);
    add_range(&boot, Q35_HIGH_MEMORY, Q35_HIGH_MEMORY + (q35->memory_size - q35->low_memory), LINUX_MEMORY_RAM);
    if (!linux_boot_start(&boot, &error))
        machine_crash(q35->machine, "%s", error->message);
}

void q35_reset_firmware(struct q35 *q35)
{
    set_up_chipset(q35);
    if (q35->kernel)
        boot_directly(q35);
}

bool q35_hypercall(void *opaque, struct cpu *cpu, uint32_t immediate)
{
    return false;
}

void q35_boundary(void *opaque)
{
}

bool q35_add_firmware(struct q35 *q35, const struct board_config *config, GError **error)
{
    if (config->kernel) {
        if (!linux_boot_check(config->kernel, config->kernel_name, error))
            return false;
        q35->kernel = g_bytes_ref(config->kernel);
        q35->kernel_name = g_strdup(config->kernel_name);
    }
    q35->initrd = config->initrd ? g_bytes_ref(config->initrd) : NULL;
    q35->append = g_strdup(config->append);
    return true;
}

void q35_free_firmware(struct q35 *q35)
{
    g_clear_pointer(&q35->kernel, g_bytes_unref);
    g_clear_pointer(&q35->initrd, g_bytes_unref);
    g_free(q35->append);
    g_free(q35->kernel_name);
}
