/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the virt board share; nobody else includes this.  Addresses and interrupts are those of QEMU's virt. */
#ifndef GALVANIC_BOARDS_VIRT_INTERNAL_H
#define GALVANIC_BOARDS_VIRT_INTERNAL_H

#include "boards/loader.h"
#include "devices/pci/pci.h"
#include "firmware/virt_description.h"

#define VIRT_GICD 0x08000000u
#define VIRT_GICC 0x08010000u
#define VIRT_GICV2M 0x08020000u
#define VIRT_ITS 0x08080000u
#define VIRT_GICR 0x080A0000u
#define VIRT_UART 0x09000000u
#define VIRT_RTC 0x09010000u
#define VIRT_FW_CFG 0x09020000u
#define VIRT_GPIO 0x09030000u
#define VIRT_PCI_MEMORY 0x10000000u
#define VIRT_PCI_MEMORY_END 0x3EFF0000u
#define VIRT_PCI_IO 0x3EFF0000u
#define VIRT_PCI_IO_PORTS 0x10000u
#define VIRT_MEMORY 0x40000000u
#define VIRT_MEMORY_LIMIT (UINT64_C(255) << 30) /* the configuration space is above it */
#define VIRT_ECAM UINT64_C(0x4010000000)
#define VIRT_ECAM_BUSES 256
#define VIRT_PCI_MEMORY64 UINT64_C(0x8000000000)
#define VIRT_PCI_MEMORY64_END UINT64_C(0x10000000000)

/* INTIDs */
#define VIRT_TIMER_HYPERVISOR 26
#define VIRT_TIMER_VIRTUAL 27
#define VIRT_TIMER_SECURE 29
#define VIRT_TIMER_PHYSICAL 30
#define VIRT_UART_IRQ 33
#define VIRT_RTC_IRQ 34
#define VIRT_PCI_IRQ 35 /* and the three after it */
#define VIRT_GPIO_IRQ 39
#define VIRT_MESSAGE_FIRST 80
#define VIRT_MESSAGE_COUNT 64

#define VIRT_POWER_PIN 3
#define VIRT_COUNTER_HZ 62500000u
#define VIRT_NIC_SLOT 1
#define VIRT_DISK_SLOT 2 /* the first of the disks, in the order in which they were given */
#define VIRT_FRAMEBUFFER_SIZE (16u << 20)
#define VIRT_FRAMEBUFFER_MEMORY (256u << 20) /* so much memory has room for a screen */

struct fw_cfg;
struct gicv2;
struct gicv3;
struct gicv3_its;
struct ramfb;
struct uefi;
struct virt_timer;

struct virt {
    struct board board; /* first */
    struct machine *machine;
    uint64_t memory_size;
    uint64_t framebuffer; /* 0: none */
    uint64_t mpidr[VIRT_DESCRIPTION_CPUS];
    unsigned gic_version;
    unsigned description; /* BOARD_DESCRIPTION_... */

    struct gicv2 *gicv2; /* one of the two */
    struct gicv3 *gicv3;
    struct gicv3_its *its; /* with a GICv3 */
    struct virt_timer *timer;
    struct pci_bus *pci;
    struct fw_cfg *fw_cfg;
    struct ramfb *ramfb;
    struct uefi *uefi;
    struct character_output debug;
    struct board_place disk_place[BOARD_DISKS];
    struct board_kernel kernel;
};

/* Interrupt controller, timers and the CPUs' hooks (virt_cpu.c).  False with @error: too many CPUs for the GIC. */
bool virt_add_interrupt_controller(struct virt *virt, GError **error);
/* The line of an SPI, or of a CPU's PPI. */
struct irq_line virt_line(struct virt *virt, unsigned cpu, unsigned intid);
void virt_set_cpu_hooks(struct virt *virt, struct machine_board_hooks *hooks);
/* After the CPUs' reset. */
void virt_reset_cpus(struct virt *virt);

/* The lines of the generic timers (virt_timer.c). */
struct virt_timer *virt_timer_new(struct virt *virt);
/* A CPU's timer 0 (physical) or 1 (virtual) was set. */
void virt_timer_update(struct virt_timer *timer, unsigned cpu, unsigned number);
/* A CPU was reset. */
void virt_timer_reset(struct virt_timer *timer, unsigned cpu);

/* Power State Coordination Interface (virt_psci.c): HVC #0 by @cpu. */
void virt_psci(struct virt *virt, struct cpu *cpu);
/* Semihosting (virt_semihosting.c).  False: not taken for one. */
bool virt_semihosting(void *opaque, struct cpu *cpu, uint32_t immediate);

/* What firmware does: PCI resources, tables, and the loader (virt_firmware.c). */
bool virt_add_firmware(struct virt *virt, const struct board_config *config, GError **error);
void virt_reset_firmware(struct virt *virt);
bool virt_hypercall(void *opaque, struct cpu *cpu, uint32_t immediate);
void virt_boundary(void *opaque);

#endif
