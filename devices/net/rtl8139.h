/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network card of Realtek's, the RTL8139C+: PCI 10ec:8139, revision 20h; with a ring buffer and four transmit descriptors, as
 * all 8139 have them, and with rings of descriptors ("C+ mode").  "RTL8139C+ Datasheet" (Realtek, revision 1.6).
 */
#ifndef GALVANIC_DEVICES_NET_RTL8139_H
#define GALVANIC_DEVICES_NET_RTL8139_H

#include "devices/pci/pci.h"
#include "emu/host/net.h"

struct rtl8139;

/*
 * @output is where the guest's frames go; @source names the journal source that frames for the guest come from ("net0").
 * @mac: its address.  @id names the device.  The machine owns the result.
 */
struct rtl8139 *rtl8139_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, const uint8_t mac[6],
                            struct net_output output, const char *source, const char *id);

#endif
