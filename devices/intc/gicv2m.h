/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GICv2m: a frame whose register turns message-signalled interrupts into SPIs.  Arm Server Base System Architecture 2.3
 * (ARM-DEN-0029), appendix E.
 */
#ifndef GALVANIC_DEVICES_INTC_GICV2M_H
#define GALVANIC_DEVICES_INTC_GICV2M_H

#include "emu/machine.h"

struct gicv2m;

struct gicv2m_config {
    uint64_t address;      /* 0x08020000 on virt */
    unsigned first, count; /* INTIDs of the SPIs: 80 and 64 on virt */
    /* The line of an SPI, which takes edges. */
    struct irq_line (*line)(void *opaque, unsigned intid);
    void *opaque;
};

/* Adds the device "gicv2m".  @config is copied. */
struct gicv2m *gicv2m_new(struct machine *machine, const struct gicv2m_config *config);

#endif
