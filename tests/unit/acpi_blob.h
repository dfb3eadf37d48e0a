/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of ACPI tables: a piece of memory with tables as a system finds them, and ACPICA's tools over them. */
#ifndef GALVANIC_TESTS_UNIT_ACPI_BLOB_H
#define GALVANIC_TESTS_UNIT_ACPI_BLOB_H

#include <glib.h>

#include "emu/bytes.h"
#include "firmware/acpi/acpi_tables.h"

struct blob {
    GByteArray *bytes;
    uint64_t base, rsdp;
};

const uint8_t *at(const struct blob *blob, uint64_t address, size_t length);
/* A table with a right header; its length in *@length. */
const uint8_t *table_at(const struct blob *blob, uint64_t address, size_t *length);
/* By way of RSDP and XSDT, as a system does it; NULL: not listed. */
const uint8_t *find(const struct blob *blob, const char *signature, size_t *length);

/* What a program writes to its standard output; to be freed. */
char *run(const char *folder, const char *const *arguments);
void save(const char *folder, const char *name, const uint8_t *table, size_t length);
void remove_folder(const char *folder);
/* False: the test is skipped. */
bool has_tool(const char *name);

/* What iasl reads out of each table compiles without a complaint, to the same bytes but for header and DSDT. */
void check_recompile(const struct blob *blob, const char *const *names, unsigned count);
/* What acpiexec answers to @commands when it has loaded DSDT and SSDT, both without a complaint; to be freed. */
char *execute(const struct blob *blob, const char *commands);
/* The value in the first "name : value" line after @after. */
void expect_value(const char *text, const char *after, const char *name, const char *value);
/* The source of a DSDT, to be freed. */
char *disassemble(const uint8_t *dsdt, size_t length);

/* An entry of a _PRT. */
struct route {
    uint64_t address, pin, index;
    char link; /* the last letter of its name */
};

/* The package @name in a disassembled table; returns how many entries it has, @most at most. */
unsigned read_routing(const char *source, const char *name, struct route *routes, unsigned most);

#endif
