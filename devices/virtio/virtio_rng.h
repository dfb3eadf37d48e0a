/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A source of random bytes: PCI 1af4:1005.  Virtio 1.2 section 5.4. */
#ifndef GALVANIC_DEVICES_VIRTIO_VIRTIO_RNG_H
#define GALVANIC_DEVICES_VIRTIO_VIRTIO_RNG_H

#include "devices/pci/pci.h"

struct virtio_rng;

/* @id names it and its stream of the machine's random numbers ("virtio-rng").  The machine owns the result. */
struct virtio_rng *virtio_rng_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, const char *id);

#endif
