/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network card: PCI 1af4:1000.  Virtio 1.2 section 5.1. */
#ifndef GALVANIC_DEVICES_VIRTIO_VIRTIO_NET_H
#define GALVANIC_DEVICES_VIRTIO_VIRTIO_NET_H

#include "devices/pci/pci.h"
#include "emu/host/net.h"

struct virtio_net;

/*
 * @output is where the guest's frames go; @source names the journal source that frames for the guest come from ("net0").
 * @mac: its address.  @id names the device.  The machine owns the result.
 */
struct virtio_net *virtio_net_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, const uint8_t mac[6],
                                  struct net_output output, const char *source, const char *id);

#endif
