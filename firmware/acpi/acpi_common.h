/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables and parts of tables that boards have in common. */
#ifndef GALVANIC_FIRMWARE_ACPI_ACPI_COMMON_H
#define GALVANIC_FIRMWARE_ACPI_ACPI_COMMON_H

#include "firmware/acpi/acpi_tables.h"

/* A DSDT as iasl made it; returns its address. */
uint64_t acpi_add_dsdt(struct acpi_tables *tables, const uint8_t *aml, size_t length);
/* MCFG: the configuration space of segment 0, buses 0 to @buses - 1 (1..256).  PCI Firmware Specification 3.2, 4.1.2. */
void acpi_add_mcfg(struct acpi_tables *tables, uint64_t ecam, unsigned buses);
/* For an SSDT: the processor devices \_SB.C000 and so on with _UID 0 to @cpus - 1, 1..4096. */
void acpi_put_processors(GByteArray *ssdt, unsigned cpus);

#endif
