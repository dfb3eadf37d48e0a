/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables of the q35 board. */
#ifndef GALVANIC_FIRMWARE_ACPI_ACPI_PC_H
#define GALVANIC_FIRMWARE_ACPI_ACPI_PC_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The machine as the tables tell it.  Windows and the configuration space must not overlap. */
struct acpi_pc {
    unsigned cpus;       /* 1..; APIC ids 0 to cpus - 1 */
    uint32_t local_apic; /* 0xFEE00000 */
    uint32_t io_apic;    /* 0xFEC00000 */
    uint8_t io_apic_id;
    uint64_t ecam;                    /* PCI configuration space; 0: only the ports 0xCF8 to 0xCFF */
    unsigned buses;                   /* 1..256 */
    uint32_t memory32, memory32_size; /* PCI window below 4 GiB */
    uint64_t memory64, memory64_size; /* PCI window above 4 GiB; size 0: none */
    uint32_t hpet;                    /* 0: none */
    uint32_t hpet_block_id;           /* the low half of its capabilities register; 0: 0x8086A201 */
    uint16_t pm_base;                 /* 0x600 */
    uint8_t sci;                      /* 9 */
    bool pm_timer_32bit;
};

/*
 * The bytes that belong at guest address @base (a multiple of 64, below 4 GiB for systems that look at 32-bit
 * pointers, as Redox does).  Their number depends on @pc, not on @base.  @rsdp: address of the root.  The caller frees.
 */
GByteArray *acpi_pc_build(const struct acpi_pc *pc, uint64_t base, uint64_t *rsdp);

#endif
