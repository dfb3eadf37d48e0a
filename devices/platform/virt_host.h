/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generic PCI Express host of the virt board: configuration space in memory, a bridge that is nothing more (1b36:0008 at
 * 00:00.0), and a window through which a CPU without port instructions reaches I/O ports.
 */
#ifndef GALVANIC_DEVICES_PLATFORM_VIRT_HOST_H
#define GALVANIC_DEVICES_PLATFORM_VIRT_HOST_H

#include "devices/pci/pci.h"

struct virt_host;

struct virt_host_config {
    uint64_t ecam;     /* 0x4010000000 */
    unsigned buses;    /* 256 */
    uint64_t io;       /* where port 0 is seen: 0x3EFF0000 */
    uint32_t io_ports; /* 0x10000 */
};

/* Adds the device "virt-host". */
struct virt_host *virt_host_new(struct machine *machine, struct pci_bus *bus, const struct virt_host_config *config);

#endif
