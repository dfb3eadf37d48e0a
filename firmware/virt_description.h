/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virt board as its device tree and its ACPI tables tell it.  Interrupts are INTIDs: 16..31 PPIs, 32.. SPIs. */
#ifndef GALVANIC_FIRMWARE_VIRT_DESCRIPTION_H
#define GALVANIC_FIRMWARE_VIRT_DESCRIPTION_H

#include <stdint.h>

#define VIRT_DESCRIPTION_CPUS 64

struct virt_window {
    uint64_t address, size;
};

struct virt_device {
    uint64_t address, size;
    unsigned interrupt; /* INTID, level; 0: none */
};

/* Interrupts of the generic timer in each CPU. */
struct virt_timers {
    unsigned secure, physical, virtual, hypervisor;
};

struct virt_description {
    unsigned cpus;                         /* 1..VIRT_DESCRIPTION_CPUS */
    uint64_t mpidr[VIRT_DESCRIPTION_CPUS]; /* the affinity fields of MPIDR_EL1 */
    const char *cpu_compatible;            /* "arm,cortex-a72" */
    struct virt_window memory;

    unsigned gic; /* 2 or 3 */
    struct virt_window distributor;
    struct virt_window cpu_interface; /* GICv2 */
    struct virt_window message_frame; /* GICv2m; size 0: none */
    unsigned message_first, message_count;
    struct virt_window redistributors; /* GICv3 */
    struct virt_window its;            /* size 0: none */
    struct virt_timers timers;

    struct virt_device uart, rtc, gpio, fw_cfg; /* size 0: not there */
    unsigned power_pin;                         /* of the GPIO */

    struct virt_window ecam; /* a MiB a bus */
    struct virt_window pci_memory32, pci_memory64;
    struct virt_window pci_io; /* where I/O port 0 is */
    unsigned pci_interrupt;    /* the first of four: (device + pin) mod 4 is added, INTA being 0 */
};

#endif
