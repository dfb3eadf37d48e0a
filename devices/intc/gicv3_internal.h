/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the GICv3 share; nobody else includes this. */
#ifndef GALVANIC_DEVICES_INTC_GICV3_INTERNAL_H
#define GALVANIC_DEVICES_INTC_GICV3_INTERNAL_H

#include "devices/intc/gic_bank.h"
#include "devices/intc/gicv3.h"

#define GICV3_SPIS (GICV3_INTERRUPTS - GIC_PRIVATE)
#define GICV3_PRIORITY_BITS 0xF8 /* of a priority; each of the 32 is a preemption level */
#define GICV3_LEVEL_SHIFT 3
#define GICV3_BPR0_MIN 2
#define GICV3_BPR1_MIN 3

#define GICV3_ID_BITS 16
#define GICV3_LPI_FIRST 8192
#define GICV3_LPI_END (1u << GICV3_ID_BITS)

/* GICD_CTLR, in a system with one security state */
#define GICD_CTLR_ENABLE_GROUP0 (1u << 0)
#define GICD_CTLR_ENABLE_GROUP1 (1u << 1)
#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_DS (1u << 6)

#define GICR_CTLR_ENABLE_LPIS (1u << 0)
#define GICR_WAKER_PROCESSOR_SLEEP (1u << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1u << 2)

/* ICC_CTLR_EL1 */
#define ICC_CTLR_CBPR (1u << 0)
#define ICC_CTLR_EOIMODE (1u << 1)

#define GIC_PIDR2 0xFFE8
#define GICV3_PIDR2 0x3B
#define GICV3_IIDR 0x0000043B

struct gicv3_cpu {
    /* redistributor */
    struct gic_bank bank; /* SGIs and PPIs */
    uint32_t redistributor_control, waker;
    uint64_t properties_base, pending_base; /* GICR_PROPBASER, GICR_PENDBASER */
    uint32_t lpi_pending[GICV3_LPI_END / 32];
    uint8_t lpi_properties[GICV3_LPI_END - GICV3_LPI_FIRST]; /* of those that are pending: as read from memory */
    unsigned lpis;                                           /* number of pending LPIs; derived */
    /* CPU interface */
    uint32_t control;
    uint8_t priority_mask, binary_point[2];
    bool enabled[2]; /* ICC_IGRPEN0, ICC_IGRPEN1 */
    struct gic_active active;
    bool irq, fiq; /* outputs; derived */
};

struct gicv3 {
    struct machine *machine;
    struct gicv3_config config;
    struct memory_region *distributor, *redistributors;
    uint32_t control;
    struct gic_bank shared[GICV3_SPIS / 32];
    uint64_t route[GICV3_SPIS]; /* GICD_IROUTER */
    uint8_t target[GICV3_SPIS]; /* the CPU that it names, or GICV3_NOBODY; derived */
    struct gicv3_cpu cpu[GICV3_CPUS];
};

#define GICV3_NOBODY 0xFF

extern const struct memory_region_ops gicv3_distributor_ops;   /* gicv3_distributor.c */
extern const struct memory_region_ops gicv3_redistributor_ops; /* gicv3_redistributor.c */

/* The CPU with that affinity (as struct gicv3_config has it), or GICV3_NOBODY. */
unsigned gicv3_find_cpu(const struct gicv3 *gic, uint32_t affinity);
/* Sets GICD_IROUTER of SPI number @spi. */
void gicv3_set_route(struct gicv3 *gic, unsigned spi, uint64_t value);
/* The bank of @intid, no LPI, as @cpu sees it; the interrupt is bit @intid % 32 of it. */
struct gic_bank *gicv3_bank(struct gicv3 *gic, unsigned cpu, unsigned intid);
/* 0 or 1; LPIs are in Group 1. */
unsigned gicv3_group(struct gicv3 *gic, unsigned cpu, unsigned intid);

/* Drives the outputs of a CPU, or of all. */
void gicv3_update_cpu(struct gicv3 *gic, unsigned cpu);
void gicv3_update(struct gicv3 *gic);
/* The most important pending interrupt that is forwarded to @cpu, or GIC_SPURIOUS, and its priority. */
unsigned gicv3_highest_pending(struct gicv3 *gic, unsigned cpu, unsigned *priority);
/* The same if the CPU interface signals it; GIC_SPURIOUS if it is masked, or does not preempt what is active. */
unsigned gicv3_signalled(struct gicv3 *gic, unsigned cpu);
/* The part of a priority that decides about preemption. */
unsigned gicv3_group_priority(const struct gicv3_cpu *cpu, unsigned group, unsigned priority);

/* LPIs of a CPU (gicv3_lpi.c). */
bool gicv3_lpis_enabled(const struct gicv3_cpu *cpu);
/* Fails silently for numbers that are out of range or while LPIs are off. */
void gicv3_lpi_set_pending(struct gicv3 *gic, unsigned cpu, unsigned intid, bool pending);
bool gicv3_lpi_pending(const struct gicv3_cpu *cpu, unsigned intid);
/* The most important pending and enabled LPI if it beats *@priority, which it then replaces; GIC_SPURIOUS: none. */
unsigned gicv3_lpi_best(struct gicv3 *gic, unsigned cpu, unsigned *priority);
uint8_t gicv3_lpi_priority(struct gicv3 *gic, unsigned cpu, unsigned intid);
/* Reads the configuration of pending LPIs anew. */
void gicv3_lpi_invalidate(struct gicv3 *gic, unsigned cpu, unsigned intid);
void gicv3_lpi_invalidate_all(struct gicv3 *gic, unsigned cpu);
/* EnableLPIs was set: takes over the pending table. */
void gicv3_lpi_enable(struct gicv3 *gic, unsigned cpu);
void gicv3_lpi_reset(struct gicv3_cpu *cpu);
void gicv3_lpi_save(void *gic, struct state_writer *out);
bool gicv3_lpi_load(void *gic, struct state_reader *in);

#endif
