/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host bridge of Q35, PCI 8086:29c0 at 00:00.0.  Intel 3 Series Express Chipset Family datasheet, chapter 5. */
#ifndef GALVANIC_DEVICES_PLATFORM_Q35_HOST_H
#define GALVANIC_DEVICES_PLATFORM_Q35_HOST_H

#include "devices/pci/pci.h"

#define Q35_ECAM_ADDRESS UINT64_C(0xB0000000) /* where firmware puts it */

struct q35_host;

/* Adds the CF8/CFC ports and the ECAM window, which is closed until PCIEXBAR enables it. */
struct q35_host *q35_host_new(struct machine *machine, struct pci_bus *bus);
/* As firmware does after reset: opens the ECAM window for 256 buses at @address, a multiple of 256 MiB. */
void q35_host_enable_ecam(struct q35_host *host, uint64_t address);

#endif
