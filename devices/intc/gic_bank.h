/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What GICv2 and GICv3 have in common: the state of 32 interrupts with the registers over it, and the priorities that a
 * CPU is busy with.  Arm IHI 0048B sections 3.2, 3.3 and 4.3; Arm IHI 0069 sections 4.8 and 12.9.
 */
#ifndef GALVANIC_DEVICES_INTC_GIC_BANK_H
#define GALVANIC_DEVICES_INTC_GIC_BANK_H

#include "emu/state/state.h"

#define GIC_SGIS 16
#define GIC_PRIVATE 32 /* SGIs and PPIs */
#define GIC_SPURIOUS 1023
#define GIC_IDLE_PRIORITY 0x100 /* nothing is active: lower than any priority */

/* A bit an interrupt. */
struct gic_bank {
    uint32_t group; /* 1: Group 1 */
    uint32_t enabled;
    uint32_t latched; /* pending by an edge or by software */
    uint32_t active;
    uint32_t lines; /* levels of the inputs */
    uint32_t edge;  /* 1: edge-triggered */
    uint8_t priority[32];
};

/* State of a bank; the bank's owner updates its outputs after a load. */
extern const struct state_table gic_bank_state;

/* Everything but the levels of the lines, which are not the controller's to reset. @edge: the configuration. */
void gic_bank_reset(struct gic_bank *bank, uint32_t edge);
void gic_bank_set_line(struct gic_bank *bank, unsigned bit, bool level);
uint32_t gic_bank_pending(const struct gic_bank *bank);
/* Pending becomes active; what is level-triggered and still asserted stays pending as well. */
void gic_bank_activate(struct gic_bank *bank, unsigned bit);

/* Registers of a bit an interrupt; the number is bits 9:7 of their offset in both distributor and redistributor. */
enum gic_bank_register {
    GIC_GROUP = 1,
    GIC_SET_ENABLE,
    GIC_CLEAR_ENABLE,
    GIC_SET_PENDING,
    GIC_CLEAR_PENDING,
    GIC_SET_ACTIVE,
    GIC_CLEAR_ACTIVE,
};
uint32_t gic_bank_read(const struct gic_bank *bank, enum gic_bank_register index);
/* @mask: the bits that this access reaches. */
void gic_bank_write(struct gic_bank *bank, enum gic_bank_register index, uint32_t value, uint32_t mask);
/* IPRIORITYR, four interrupts a word (0..7); @implemented: the bits that a priority has. */
uint32_t gic_bank_priority_read(const struct gic_bank *bank, unsigned word);
void gic_bank_priority_write(struct gic_bank *bank, unsigned word, uint32_t value, uint32_t mask, uint8_t implemented);
/* ICFGR, sixteen interrupts a word (0, 1). */
uint32_t gic_bank_configuration_read(const struct gic_bank *bank, unsigned word);
void gic_bank_configuration_write(struct gic_bank *bank, unsigned word, uint32_t value, uint32_t mask);

/* The most important of the interrupts in @candidates, if it beats *@priority, which it then replaces; -1: none. */
int gic_bank_best(const struct gic_bank *bank, uint32_t candidates, unsigned *priority);

/* Priorities that were acknowledged and not dropped yet, by group, a bit a preemption level. */
struct gic_active {
    uint32_t level[2][4];
};
extern const struct state_table gic_active_state;

/* The highest of both groups, or GIC_IDLE_PRIORITY. @shift: a level is that many bits of priority wide, as logarithm. */
unsigned gic_active_running(const struct gic_active *active, unsigned shift);
void gic_active_raise(struct gic_active *active, unsigned group, unsigned priority, unsigned shift);
/* Drops the highest of a group; false: there is none. */
bool gic_active_drop(struct gic_active *active, unsigned group);

#endif
