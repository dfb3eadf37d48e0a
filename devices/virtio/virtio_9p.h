/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder of the host, over 9P: PCI 1af4:1009.  Virtio's registry of device IDs gives it number 9. */
#ifndef GALVANIC_DEVICES_VIRTIO_VIRTIO_9P_H
#define GALVANIC_DEVICES_VIRTIO_VIRTIO_9P_H

#include "devices/pci/pci.h"
#include "emu/host/share.h"

enum { VIRTIO_9P_TAG = 32 }; /* bytes of a tag at most */

struct virtio_9p;

/*
 * @tag, 1..VIRTIO_9P_TAG bytes, is what guests know it by; @id names the device ("virtio-9p0") and its journal source.  @share
 * stays the caller's, and must live as long as the machine, which owns the result; NULL: a replay, which needs no folder.
 */
struct virtio_9p *virtio_9p_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, struct share *share,
                                const char *tag, const char *id);

#endif
