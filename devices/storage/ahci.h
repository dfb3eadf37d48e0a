/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SATA controller of ICH9 in AHCI mode: PCI 8086:2922, six ports.  Serial ATA AHCI 1.3.1. */
#ifndef GALVANIC_DEVICES_STORAGE_AHCI_H
#define GALVANIC_DEVICES_STORAGE_AHCI_H

#include "devices/pci/pci.h"
#include "emu/host/block.h"

enum { AHCI_PORTS = 6 };

struct ahci;

/* @devfn is 00:1f.2 on q35; @id names it ("ahci"), its devices are "ID.0" and so on. */
struct ahci *ahci_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, const char *id);
/*
 * Puts a disk or CD-ROM on @port 0..5, once, before the machine is reset for the first time.  @block stays the
 * caller's, and must live as long as the machine.
 */
void ahci_attach(struct ahci *ahci, unsigned port, struct block *block, bool cdrom);

#endif
