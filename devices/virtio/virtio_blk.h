/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk: PCI 1af4:1001.  Virtio 1.2 section 5.2. */
#ifndef GALVANIC_DEVICES_VIRTIO_VIRTIO_BLK_H
#define GALVANIC_DEVICES_VIRTIO_VIRTIO_BLK_H

#include "devices/pci/pci.h"
#include "emu/host/block.h"

struct virtio_blk;

/* @id names it ("virtio-blk0").  @block stays the caller's, and must live as long as the machine, which owns the result. */
struct virtio_blk *virtio_blk_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, struct block *block,
                                  const char *id);

#endif
