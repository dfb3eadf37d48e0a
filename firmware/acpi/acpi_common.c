/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See acpi_common.h. */
#include "firmware/acpi/acpi_common.h"

#include "firmware/acpi/aml.h"

/* Compiled with a header of its own, which has the same names and a checksum already. */
uint64_t acpi_add_dsdt(struct acpi_tables *tables, const uint8_t *aml, size_t length)
{
    GByteArray *dsdt = g_byte_array_new();

    g_byte_array_append(dsdt, aml, (guint)length);
    return acpi_tables_add(tables, dsdt, false);
}

void acpi_add_mcfg(struct acpi_tables *tables, uint64_t ecam, unsigned buses)
{
    GByteArray *mcfg = acpi_table_new("MCFG", 1);

    acpi_put64(mcfg, 0);
    acpi_put64(mcfg, ecam);
    acpi_put16(mcfg, 0); /* segment */
    acpi_put8(mcfg, 0);
    acpi_put8(mcfg, (uint8_t)(buses - 1));
    acpi_put32(mcfg, 0);
    acpi_tables_add(tables, mcfg, true);
}

void acpi_put_processors(GByteArray *ssdt, unsigned cpus)
{
    GByteArray *processors = g_byte_array_new();

    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        GByteArray *processor = g_byte_array_new();
        g_autofree char *name = g_strdup_printf("C%03X", cpu);

        aml_name_string(processor, "_HID", "ACPI0007");
        aml_name_integer(processor, "_UID", cpu);
        aml_device(processors, name, processor);
    }
    aml_scope(ssdt, "\\_SB", processors);
}
