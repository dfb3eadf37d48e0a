/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic Interrupt Controller version 2: distributor and CPU interfaces, with interrupt groups, without the Security and
 * the Virtualization Extensions.  Arm IHI 0048B.  16 SGIs, 16 PPIs and 256 SPIs (ITLinesNumber 8), 256 priorities.
 */
#ifndef GALVANIC_DEVICES_INTC_GICV2_H
#define GALVANIC_DEVICES_INTC_GICV2_H

#include "emu/machine.h"

#define GICV2_CPUS 8
#define GICV2_INTERRUPTS 288
#define GICV2_DISTRIBUTOR_SIZE 0x10000
#define GICV2_CPU_INTERFACE_SIZE 0x10000

struct gicv2;

struct gicv2_config {
    uint64_t distributor, cpu_interface; /* 0x08000000 and 0x08010000 on virt */
    unsigned cpus;                       /* 1..GICV2_CPUS */
    /* The inputs of a CPU, called when the level changes. */
    void (*set_irq)(void *opaque, unsigned cpu, bool level);
    void (*set_fiq)(void *opaque, unsigned cpu, bool level);
    /* The CPU that makes the present access. */
    unsigned (*current_cpu)(void *opaque);
    void *opaque;
};

/* Adds the device "gic".  @config is copied. */
struct gicv2 *gicv2_new(struct machine *machine, const struct gicv2_config *config);

/* The input of interrupt @intid: of a CPU's own for PPIs (16..31), of all for SPIs (32..287), where @cpu is ignored. */
struct irq_line gicv2_line(struct gicv2 *gic, unsigned cpu, unsigned intid);

#endif
