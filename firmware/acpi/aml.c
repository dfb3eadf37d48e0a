/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI Specification 6.3, section 20.2 "AML Grammar Definition". */
#include "firmware/acpi/aml.h"

#include <string.h>

#include "firmware/acpi/acpi_tables.h"

#define ZERO_OP 0x00
#define ONE_OP 0x01
#define NAME_OP 0x08
#define BYTE_PREFIX 0x0A
#define WORD_PREFIX 0x0B
#define DWORD_PREFIX 0x0C
#define STRING_PREFIX 0x0D
#define QWORD_PREFIX 0x0E
#define SCOPE_OP 0x10
#define DUAL_NAME_PREFIX 0x2E
#define MULTI_NAME_PREFIX 0x2F
#define EXT_OP_PREFIX 0x5B
#define DEVICE_OP 0x82

#define SEGMENT 4

static void put_segment(GByteArray *out, const char *name, size_t length)
{
    g_assert(length >= 1 && length <= SEGMENT);
    for (size_t i = 0; i < SEGMENT; i++)
        acpi_put8(out, (uint8_t)(i < length ? name[i] : '_'));
}

/* NameString: root prefix, then one, two or more segments, which dots divide in @name. */
static void put_path(GByteArray *out, const char *name)
{
    if (*name == '\\') {
        acpi_put8(out, '\\');
        name++;
    }
    g_auto(GStrv) segments = g_strsplit(name, ".", -1);
    guint count = g_strv_length(segments);

    if (count == 2) {
        acpi_put8(out, DUAL_NAME_PREFIX);
    } else if (count > 2) {
        acpi_put8(out, MULTI_NAME_PREFIX);
        acpi_put8(out, (uint8_t)count);
    }
    for (guint i = 0; i < count; i++)
        put_segment(out, segments[i], strlen(segments[i]));
}

static void put_integer(GByteArray *out, uint64_t value)
{
    if (value == 0) {
        acpi_put8(out, ZERO_OP);
    } else if (value == 1) {
        acpi_put8(out, ONE_OP);
    } else if (value <= UINT8_MAX) {
        acpi_put8(out, BYTE_PREFIX);
        acpi_put8(out, (uint8_t)value);
    } else if (value <= UINT16_MAX) {
        acpi_put8(out, WORD_PREFIX);
        acpi_put16(out, (uint16_t)value);
    } else if (value <= UINT32_MAX) {
        acpi_put8(out, DWORD_PREFIX);
        acpi_put32(out, (uint32_t)value);
    } else {
        acpi_put8(out, QWORD_PREFIX);
        acpi_put64(out, value);
    }
}

void aml_name_integer(GByteArray *out, const char *name, uint64_t value)
{
    acpi_put8(out, NAME_OP);
    put_path(out, name);
    put_integer(out, value);
}

void aml_name_string(GByteArray *out, const char *name, const char *text)
{
    acpi_put8(out, NAME_OP);
    put_path(out, name);
    acpi_put8(out, STRING_PREFIX);
    g_byte_array_append(out, (const uint8_t *)text, (guint)strlen(text) + 1);
}

/* PkgLength counts itself: one byte up to 63, otherwise 4 bits in the first byte and up to three bytes more. */
static void put_package_length(GByteArray *out, size_t content)
{
    unsigned more = content + 1 <= 0x3F ? 0 : content + 2 <= 0xFFF ? 1 : content + 3 <= 0xFFFFF ? 2 : 3;
    size_t length = content + 1 + more;

    g_assert(length <= 0xFFFFFFF);
    if (more == 0) {
        acpi_put8(out, (uint8_t)length);
        return;
    }
    acpi_put8(out, (uint8_t)(more << 6 | (length & 0x0F)));
    for (unsigned i = 0; i < more; i++)
        acpi_put8(out, (uint8_t)(length >> (4 + 8 * i)));
}

static void put_package(GByteArray *out, const char *name, GByteArray *body)
{
    g_autoptr(GByteArray) path = g_byte_array_new();

    put_path(path, name);
    put_package_length(out, path->len + body->len);
    g_byte_array_append(out, path->data, path->len);
    g_byte_array_append(out, body->data, body->len);
    g_byte_array_unref(body);
}

void aml_scope(GByteArray *out, const char *name, GByteArray *body)
{
    acpi_put8(out, SCOPE_OP);
    put_package(out, name, body);
}

void aml_device(GByteArray *out, const char *name, GByteArray *body)
{
    acpi_put8(out, EXT_OP_PREFIX);
    acpi_put8(out, DEVICE_OP);
    put_package(out, name, body);
}
