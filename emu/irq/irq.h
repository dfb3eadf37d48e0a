/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt lines.  A device holds a line and raises or lowers it; whoever provided the line (an interrupt
 * controller, a splitter, a CPU input) sees each change of level.  Levels belong to the state of the devices on both
 * ends: a device recomputes what it drives after a restore, so that a line itself has no state.
 */
#ifndef GALVANIC_EMU_IRQ_IRQ_H
#define GALVANIC_EMU_IRQ_IRQ_H

#include <stdbool.h>

/* A line is a value: copy it freely. */
struct irq_line {
    void (*set)(void *opaque, unsigned input, bool level);
    void *opaque;
    unsigned input;
};

/* Drives the line; one that was never connected swallows it. Setting a level that it has already is harmless. */
static inline void irq_set(const struct irq_line *line, bool level)
{
    if (line->set)
        line->set(line->opaque, line->input, level);
}

/* An edge: up and down. */
static inline void irq_pulse(const struct irq_line *line)
{
    irq_set(line, true);
    irq_set(line, false);
}

#endif
