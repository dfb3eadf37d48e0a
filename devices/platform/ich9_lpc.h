/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The LPC bridge of ICH9, PCI 8086:2918 at 00:1f.0: routing of PCI interrupts and of the SCI, base addresses of ACPI
 * and of the chipset's configuration registers.  Intel ICH9 datasheet, chapters 10 and 13.
 */
#ifndef GALVANIC_DEVICES_PLATFORM_ICH9_LPC_H
#define GALVANIC_DEVICES_PLATFORM_ICH9_LPC_H

#include "devices/pci/pci.h"

struct ich9_lpc;

struct ich9_lpc_config {
    /* ISA interrupts: PIRQs by their routing registers, and the SCI.  Pins 0-15 of an IOAPIC see them as well. */
    struct irq_line isa[16];
    /* IOAPIC pins 16-23: PIRQA-H as they are, active high, level. */
    struct irq_line ioapic[8];
    /* The ACPI registers shall answer at I/O port @base (a multiple of 128), or nowhere.  May be NULL. */
    void (*pm_moved)(void *opaque, uint16_t base, bool enabled);
    void *opaque;
};

/* @bus: its lines become PIRQA-H; pass ich9_lpc_line() and ich9_lpc_set_pirq() to it with pci_bus_set_config(). */
struct ich9_lpc *ich9_lpc_new(struct machine *machine, struct pci_bus *bus, const struct ich9_lpc_config *config);

/* For struct pci_bus_config, @lpc being a struct ich9_lpc: which PIRQ (0 is A) a pin is wired to, and its level. */
unsigned ich9_lpc_line(void *lpc, uint8_t devfn, unsigned pin);
void ich9_lpc_set_pirq(void *lpc, unsigned pirq, bool level);
/* For struct pci_windows: the ISA interrupt that a pin is routed to now, 0xFF if none. */
uint8_t ich9_lpc_interrupt_line(void *lpc, uint8_t devfn, unsigned pin);
/* The input for the ACPI registers' system control interrupt. */
struct irq_line ich9_lpc_sci(struct ich9_lpc *lpc);

/* What firmware sets after reset; @pirq_irq: the ISA interrupt of PIRQA-H, 0x80 for none. */
struct ich9_lpc_setup {
    uint16_t pm_base;
    uint32_t rcba; /* 0: closed */
    uint8_t pirq_irq[8];
};
void ich9_lpc_configure(struct ich9_lpc *lpc, const struct ich9_lpc_setup *setup);

#endif
