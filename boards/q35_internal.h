/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the q35 board share; nobody else includes this. Addresses and lines are those of QEMU's q35. */
#ifndef GALVANIC_BOARDS_Q35_INTERNAL_H
#define GALVANIC_BOARDS_Q35_INTERNAL_H

#include "boards/loader.h"
#include "devices/intc/i8259.h"
#include "devices/intc/ioapic.h"
#include "devices/intc/lapic.h"
#include "devices/pci/pci.h"
#include "devices/platform/q35_host.h"
#include "devices/timer/hpet.h"
#include "devices/timer/i8254.h"
#include "devices/timer/mc146818.h"

#define Q35_VIDEO_WINDOW 0xA0000u /* to 0xC0000 the display's window lies over memory */
#define Q35_SHADOW 0xC0000u
#define Q35_ECAM_BUSES 256
#define Q35_LOW_MEMORY_LIMIT 0x80000000u /* RAM beyond goes above 4 GiB: as QEMU when there is more than 2816 MiB */
#define Q35_HIGH_MEMORY 0x100000000u
#define Q35_PCI_MEMORY_START 0xC0000000u
#define Q35_PCI_MEMORY_END 0xFEC00000u
#define Q35_PCI_MEMORY64_START 0x800000000u
#define Q35_PCI_MEMORY64_END 0x1000000000u
#define Q35_PCI_IO_START 0xC000u
#define Q35_PCI_IO_END 0x10000u
#define Q35_IOAPIC_ADDRESS 0xFEC00000u
#define Q35_HPET_ADDRESS 0xFED00000u
#define Q35_PM_BASE 0x600u
#define Q35_SCI_IRQ 9
#define Q35_SMBUS_BASE 0x700u
#define Q35_NIC_SLOT 2
#define Q35_VIRTIO_SLOT 3 /* the first of the virtio disks, in the order in which they were given */
#define Q35_VIRTIO_RNG_SLOT (Q35_VIRTIO_SLOT + BOARD_DISKS)
#define Q35_SHARE_SLOT 0x17 /* the first of the shared folders */
#define Q35_VIRTIO_CONSOLE_SLOT (Q35_VIRTIO_RNG_SLOT + 1)

struct ahci;
struct bochs_display;
struct ich9_lpc;
struct acpi_pm;
struct paravirtual_clock;
struct uefi;
struct smbus;

struct q35 {
    struct board board; /* first */
    struct machine *machine;
    uint64_t memory_size;
    uint64_t low_memory;

    struct i8259 *pic;
    struct ioapic *ioapic;
    struct apic_set *apics;
    struct i8254 *pit;
    struct mc146818 *rtc;
    struct hpet *hpet;
    struct pci_bus *pci;
    struct q35_host *host;
    struct ich9_lpc *lpc;
    struct acpi_pm *pm;
    struct paravirtual_clock *kvm_clock;
    struct ahci *ahci;
    struct bochs_display *display;
    struct smbus *smbus;
    struct uefi *uefi;
    struct board_place disk_place[BOARD_DISKS];
    struct board_kernel kernel;

    struct irq_line isa[16];
};

/* Interrupt controllers and the ISA lines, the CPUs' hooks (q35_cpu.c). */
void q35_add_interrupt_controllers(struct q35 *q35);
/* Line of a global system interrupt that only the I/O APIC sees (16..23). */
struct irq_line q35_gsi_line(struct q35 *q35, unsigned gsi);
void q35_set_cpu_hooks(struct machine_board_hooks *hooks);

/* What firmware does: CMOS sizes, PCI resources, tables, and the loader (q35_firmware.c). */
bool q35_add_firmware(struct q35 *q35, const struct board_config *config, GError **error);
void q35_reset_firmware(struct q35 *q35);
bool q35_hypercall(void *opaque, struct cpu *cpu, uint32_t immediate);
void q35_boundary(void *opaque);

#endif
