/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A console: PCI 1af4:1003, port 0 alone.  Virtio 1.2 section 5.3. */
#ifndef GALVANIC_DEVICES_VIRTIO_VIRTIO_CONSOLE_H
#define GALVANIC_DEVICES_VIRTIO_VIRTIO_CONSOLE_H

#include "devices/pci/pci.h"
#include "emu/host/character.h"

struct virtio_console;

/*
 * @output is where the guest's bytes go; @source names the journal source that bytes for the guest come from
 * ("console0").  @id names the device.  The machine owns the result.
 */
struct virtio_console *virtio_console_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn,
                                          struct character_output output, const char *source, const char *id);
/* Input that can still be taken in before bytes are lost, for whoever feeds the journal.  Engine thread. */
size_t virtio_console_room(const struct virtio_console *console);

#endif
