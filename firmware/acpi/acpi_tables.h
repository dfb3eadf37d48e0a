/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of ACPI tables in one piece of guest memory: tables are appended one after the other, each with its address
 * known when it is added; at the end come XSDT, RSDT and RSDP.  ACPI Specification 6.3, section 5.2.
 */
#ifndef GALVANIC_FIRMWARE_ACPI_ACPI_TABLES_H
#define GALVANIC_FIRMWARE_ACPI_ACPI_TABLES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define ACPI_HEADER_SIZE 36

enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1 };

struct acpi_tables;

/* @base: guest address of the piece, a multiple of 64. */
struct acpi_tables *acpi_tables_new(uint64_t base);
/* A table with its header, to be filled with the acpi_put functions and given to acpi_tables_add(). */
GByteArray *acpi_table_new(const char signature[4], uint8_t revision);
/*
 * Takes @table over: sets length and checksum, and returns its address.  @listed: in RSDT and XSDT (the DSDT is not,
 * the FADT points to it).
 */
uint64_t acpi_tables_add(struct acpi_tables *tables, GByteArray *table, bool listed);
/* Bytes that are no table (the FACS), at a multiple of @alignment (a power of two up to 4096); returns the address. */
uint64_t acpi_tables_add_bytes(struct acpi_tables *tables, const void *bytes, size_t length, uint64_t alignment);
/*
 * Adds XSDT, RSDT (when all addresses fit) and RSDP, frees @tables and returns the bytes that belong at its base.
 * @rsdp: address of the root.
 */
GByteArray *acpi_tables_finish(struct acpi_tables *tables, uint64_t *rsdp);

/* Little endian. */
void acpi_put8(GByteArray *out, uint8_t value);
void acpi_put16(GByteArray *out, uint16_t value);
void acpi_put32(GByteArray *out, uint32_t value);
void acpi_put64(GByteArray *out, uint64_t value);
void acpi_put_zeros(GByteArray *out, unsigned count);
/* Generic Address Structure: 12 bytes; @access: 1 byte, 2 word, 3 dword, 4 qword.  @address 0: all zero. */
void acpi_put_address(GByteArray *out, enum acpi_space space, uint8_t bit_width, uint8_t access, uint64_t address);
/* An address for a 32-bit field: 0 when it does not fit. */
uint32_t acpi_low32(uint64_t address);
/* All @length bytes add up to 0. */
bool acpi_sum_is_zero(const uint8_t *bytes, size_t length);

#endif
