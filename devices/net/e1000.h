/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network card of Intel's, the 82540EM: PCI 8086:100e, as QEMU has it.  "PCI/PCI-X Family of Gigabit Ethernet Controllers
 * Software Developer's Manual" (Intel 317453). */
#ifndef GALVANIC_DEVICES_NET_E1000_H
#define GALVANIC_DEVICES_NET_E1000_H

#include "devices/pci/pci.h"
#include "emu/host/net.h"

struct e1000;

/*
 * @output is where the guest's frames go; @source names the journal source that frames for the guest come from ("net0").
 * @mac: its address.  @id names the device.  The machine owns the result.
 */
struct e1000 *e1000_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, const uint8_t mac[6],
                        struct net_output output, const char *source, const char *id);

#endif
