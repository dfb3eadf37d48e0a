/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic Interrupt Controller version 3: distributor with affinity routing, a redistributor and the system registers of
 * each CPU, locality-specific interrupts.  Arm IHI 0069.  One security state (GICD_CTLR.DS is 1), 256 SPIs, 32 priorities.
 */
#ifndef GALVANIC_DEVICES_INTC_GICV3_H
#define GALVANIC_DEVICES_INTC_GICV3_H

#include "emu/machine.h"

#define GICV3_CPUS 64
#define GICV3_INTERRUPTS 288
#define GICV3_DISTRIBUTOR_SIZE 0x10000
#define GICV3_REDISTRIBUTOR_SIZE 0x20000 /* of each CPU, one after the other */

struct gicv3;

struct gicv3_config {
    uint64_t distributor, redistributors; /* 0x08000000 and 0x080A0000 on virt */
    unsigned cpus;                        /* 1..GICV3_CPUS */
    uint32_t affinity[GICV3_CPUS]; /* Aff3 << 24 | Aff2 << 16 | Aff1 << 8 | Aff0, as in MPIDR_EL1; Aff0 below 16 */
    /* The inputs of a CPU, called when the level changes. */
    void (*set_irq)(void *opaque, unsigned cpu, bool level);
    void (*set_fiq)(void *opaque, unsigned cpu, bool level);
    void *opaque;
};

/* Adds the device "gic".  @config is copied. */
struct gicv3 *gicv3_new(struct machine *machine, const struct gicv3_config *config);

/* The input of interrupt @intid: of a CPU's own for PPIs (16..31), of all for SPIs (32..287), where @cpu is ignored. */
struct irq_line gicv3_line(struct gicv3 *gic, unsigned cpu, unsigned intid);

/* System registers, for MRS and MSR at EL1 by @cpu: CPU_REGISTER_DEFAULT: not one of the controller's. */
enum cpu_register_access gicv3_register_read(struct gicv3 *gic, unsigned cpu, uint32_t id, uint64_t *value);
enum cpu_register_access gicv3_register_write(struct gicv3 *gic, unsigned cpu, uint32_t id, uint64_t value);
/* The ids of all of them, for aarch64_trap_register(). */
const uint32_t *gicv3_registers(unsigned *count);

/* What firmware does: connects the redistributor of a CPU to it (GICR_WAKER). */
void gicv3_wake(struct gicv3 *gic, unsigned cpu);

#endif
