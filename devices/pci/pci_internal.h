/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of devices/pci share and nobody else needs. */
#ifndef GALVANIC_DEVICES_PCI_PCI_INTERNAL_H
#define GALVANIC_DEVICES_PCI_PCI_INTERNAL_H

#include "devices/pci/pci.h"

/*
 * Chipset ranges (LAPIC, IOAPIC, HPET) decode before PCI, so BARs lie below priority 0, and a function's MSI-X
 * structures above the BAR that they are part of.
 */
enum { PCI_PRIORITY_BAR = -2, PCI_PRIORITY_MSIX = -1 };

struct pci_bus {
    struct machine *machine;
    struct pci_bus_config config;
    struct pci_function *functions[256]; /* by devfn */
    uint32_t config_address;             /* CONFIG_ADDRESS, port 0xCF8 */
    bool line_level[PCI_LINES];          /* derived */
    GPtrArray *regions;
};

uint32_t pci_function_read(const struct pci_function *function, uint16_t offset, unsigned size);
void pci_function_write(struct pci_function *function, uint16_t offset, unsigned size, uint32_t value);

/* Moves the regions to where command register and BARs say. */
void pci_update_bars(struct pci_function *function);
/* Drives the INTx pin as command register and message capabilities allow. */
void pci_update_intx(struct pci_function *function);

void pci_msix_reset(struct pci_function *function);
void pci_msix_finalize(struct pci_function *function);
/* BAR @bar now answers at @address, or nowhere (UINT64_MAX). */
void pci_msix_move(struct pci_function *function, unsigned bar, uint64_t address);
/* The control registers may have changed: pending messages go out. */
void pci_msix_update(struct pci_function *function);
void pci_msix_save(struct pci_function *function, struct state_writer *out);
bool pci_msix_load(struct pci_function *function, struct state_reader *in);

/* A function's @pin changed level. */
void pci_bus_update_line(struct pci_bus *bus, uint8_t devfn, unsigned pin);
void pci_bus_message(struct pci_bus *bus, uint8_t devfn, uint64_t address, uint32_t data);

#endif
