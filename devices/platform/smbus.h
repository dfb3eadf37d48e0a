/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SMBus host controller of ICH9, PCI 8086:2930 at 00:1f.3.  Intel ICH9 datasheet, chapter 18; SMBus 2.0. */
#ifndef GALVANIC_DEVICES_PLATFORM_SMBUS_H
#define GALVANIC_DEVICES_PLATFORM_SMBUS_H

#include "devices/pci/pci.h"

enum { SMBUS_EEPROM_SIZE = 256, SMBUS_EEPROM_FIRST = 0x50, SMBUS_EEPROMS = 8 };

struct smbus;

/* An empty bus: every address goes unanswered. */
struct smbus *smbus_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn);
/* Puts an EEPROM with @data at @address 0x50..0x57, once each. */
void smbus_add_eeprom(struct smbus *smbus, uint8_t address, const uint8_t data[SMBUS_EEPROM_SIZE]);
/* As firmware does after reset: enables the host controller. */
void smbus_enable(struct smbus *smbus);

#endif
