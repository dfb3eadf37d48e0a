/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the GICv2 share; nobody else includes this. */
#ifndef GALVANIC_DEVICES_INTC_GICV2_INTERNAL_H
#define GALVANIC_DEVICES_INTC_GICV2_INTERNAL_H

#include "devices/intc/gic_bank.h"
#include "devices/intc/gicv2.h"

#define GICV2_SHARED_BANKS (GICV2_INTERRUPTS / 32 - 1)
#define GICV2_LEVEL_SHIFT                                                                                              \
    1 /* 128 preemption levels: the lowest bit of a priority is never part of the group priority */

/* GICD_CTLR */
#define GICD_CTLR_ENABLE_GROUP0 (1u << 0)
#define GICD_CTLR_ENABLE_GROUP1 (1u << 1)

/* GICC_CTLR */
#define GICC_CTLR_ENABLE_GROUP0 (1u << 0)
#define GICC_CTLR_ENABLE_GROUP1 (1u << 1)
#define GICC_CTLR_ACKCTL (1u << 2)
#define GICC_CTLR_FIQEN (1u << 3)
#define GICC_CTLR_CBPR (1u << 4)
#define GICC_CTLR_BYPASS (0xFu << 5) /* kept; there is no legacy interrupt to bypass with */
#define GICC_CTLR_EOIMODE (1u << 9)
#define GICC_CTLR_WRITABLE 0x3FFu

struct gicv2_cpu {
    struct gic_bank bank;          /* SGIs and PPIs */
    uint8_t sgi_sources[GIC_SGIS]; /* CPUs that each pending SGI comes from */
    uint32_t control;
    uint8_t priority_mask;
    uint8_t binary_point;         /* GICC_BPR */
    uint8_t aliased_binary_point; /* GICC_ABPR, of Group 1 unless CBPR */
    struct gic_active active;
    bool irq, fiq; /* outputs; derived */
};

struct gicv2 {
    struct machine *machine;
    struct gicv2_config config;
    struct memory_region *distributor, *cpu_interface;
    uint32_t control;
    struct gic_bank shared[GICV2_SHARED_BANKS];
    uint8_t targets[32 * GICV2_SHARED_BANKS];
    struct gicv2_cpu cpu[GICV2_CPUS];
};

extern const struct memory_region_ops gicv2_distributor_ops;   /* gicv2_distributor.c */
extern const struct memory_region_ops gicv2_cpu_interface_ops; /* gicv2_cpu_interface.c */

/* The bank of @intid as @cpu sees it; the interrupt is bit @intid % 32 of it. */
struct gic_bank *gicv2_bank(struct gicv2 *gic, unsigned cpu, unsigned intid);
unsigned gicv2_group(struct gicv2 *gic, unsigned cpu, unsigned intid);
/* Drives the outputs of all CPUs. */
void gicv2_update(struct gicv2 *gic);
/* The most important pending interrupt that the distributor forwards to @cpu, or GIC_SPURIOUS, and its priority. */
unsigned gicv2_highest_pending(struct gicv2 *gic, unsigned cpu, unsigned *priority);
/* The same if the CPU interface signals it; GIC_SPURIOUS if it is masked, or does not preempt what is active. */
unsigned gicv2_signalled(struct gicv2 *gic, unsigned cpu);
/* The part of a priority that decides about preemption. */
unsigned gicv2_group_priority(const struct gicv2_cpu *cpu, unsigned group, unsigned priority);

#endif
