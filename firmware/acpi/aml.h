/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few words of ACPI Machine Language that tables made at run time need; the rest is ASL, compiled by iasl. */
#ifndef GALVANIC_FIRMWARE_ACPI_AML_H
#define GALVANIC_FIRMWARE_ACPI_AML_H

#include <glib.h>
#include <stdint.h>

/* Each appends to @out.  @name: one segment of 1 to 4 characters, or a path that begins with a backslash. */
void aml_name_integer(GByteArray *out, const char *name, uint64_t value);
void aml_name_string(GByteArray *out, const char *name, const char *text);
/* Scope and Device around @body, which is freed. */
void aml_scope(GByteArray *out, const char *name, GByteArray *body);
void aml_device(GByteArray *out, const char *name, GByteArray *body);

#endif
