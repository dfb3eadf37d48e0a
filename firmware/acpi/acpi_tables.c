/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI Specification 6.3: sections 5.2.5 (RSDP), 5.2.6 (header), 5.2.7 (RSDT), 5.2.8 (XSDT). */
#include "firmware/acpi/acpi_tables.h"

#include <string.h>

#include "emu/bytes.h"

#define OEM_ID "GALVAN"
#define OEM_TABLE_ID "GALVANIC"
#define OEM_REVISION 1
#define CREATOR_ID "GLVN"
#define CREATOR_REVISION 1

#define HEADER_LENGTH 4
#define HEADER_CHECKSUM 9

#define TABLE_ALIGNMENT 16
#define RSDP_SIZE 36
#define RSDP_SIZE_1_0 20
#define RSDP_CHECKSUM 8
#define RSDP_EXTENDED_CHECKSUM 32

struct acpi_tables {
    uint64_t base;
    GByteArray *bytes;
    GArray *listed; /* of uint64_t: addresses */
};

void acpi_put8(GByteArray *out, uint8_t value)
{
    g_byte_array_append(out, &value, 1);
}

void acpi_put16(GByteArray *out, uint16_t value)
{
    append_le(out, value, 2);
}

void acpi_put32(GByteArray *out, uint32_t value)
{
    append_le(out, value, 4);
}

void acpi_put64(GByteArray *out, uint64_t value)
{
    append_le(out, value, 8);
}

void acpi_put_zeros(GByteArray *out, unsigned count)
{
    append_le(out, 0, count % 8);
    for (unsigned i = 0; i < count / 8; i++)
        acpi_put64(out, 0);
}

void acpi_put_address(GByteArray *out, enum acpi_space space, uint8_t bit_width, uint8_t access, uint64_t address)
{
    if (!address) {
        acpi_put_zeros(out, 12);
        return;
    }
    acpi_put8(out, (uint8_t)space);
    acpi_put8(out, bit_width);
    acpi_put8(out, 0); /* bit offset */
    acpi_put8(out, access);
    acpi_put64(out, address);
}

uint32_t acpi_low32(uint64_t address)
{
    return address <= UINT32_MAX ? (uint32_t)address : 0;
}

static uint8_t sum(const uint8_t *bytes, size_t length)
{
    uint8_t total = 0;

    for (size_t i = 0; i < length; i++)
        total = (uint8_t)(total + bytes[i]);
    return total;
}

bool acpi_sum_is_zero(const uint8_t *bytes, size_t length)
{
    return sum(bytes, length) == 0;
}

static void set_checksum(uint8_t *bytes, size_t length, size_t at)
{
    bytes[at] = 0;
    bytes[at] = (uint8_t)-sum(bytes, length);
}

struct acpi_tables *acpi_tables_new(uint64_t base)
{
    struct acpi_tables *tables = g_new0(struct acpi_tables, 1);

    tables->base = base;
    tables->bytes = g_byte_array_new();
    tables->listed = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    return tables;
}

GByteArray *acpi_table_new(const char signature[4], uint8_t revision)
{
    GByteArray *table = g_byte_array_new();

    g_byte_array_append(table, (const uint8_t *)signature, 4);
    acpi_put32(table, 0); /* length */
    acpi_put8(table, revision);
    acpi_put8(table, 0); /* checksum */
    g_byte_array_append(table, (const uint8_t *)OEM_ID, 6);
    g_byte_array_append(table, (const uint8_t *)OEM_TABLE_ID, 8);
    acpi_put32(table, OEM_REVISION);
    g_byte_array_append(table, (const uint8_t *)CREATOR_ID, 4);
    acpi_put32(table, CREATOR_REVISION);
    return table;
}

uint64_t acpi_tables_add_bytes(struct acpi_tables *tables, const void *bytes, size_t length, uint64_t alignment)
{
    while (tables->bytes->len % alignment)
        acpi_put8(tables->bytes, 0);
    uint64_t address = tables->base + tables->bytes->len;

    g_byte_array_append(tables->bytes, bytes, (guint)length);
    return address;
}

uint64_t acpi_tables_add(struct acpi_tables *tables, GByteArray *table, bool listed)
{
    put_le32(table->data + HEADER_LENGTH, table->len);
    set_checksum(table->data, table->len, HEADER_CHECKSUM);
    uint64_t address = acpi_tables_add_bytes(tables, table->data, table->len, TABLE_ALIGNMENT);

    if (listed)
        g_array_append_val(tables->listed, address);
    g_byte_array_unref(table);
    return address;
}

/* XSDT (8 bytes an address) or RSDT (4). */
static uint64_t add_root(struct acpi_tables *tables, const char *signature, unsigned size)
{
    GByteArray *root = acpi_table_new(signature, 1);

    for (guint i = 0; i < tables->listed->len; i++)
        append_le(root, g_array_index(tables->listed, uint64_t, i), size);
    return acpi_tables_add(tables, root, false);
}

GByteArray *acpi_tables_finish(struct acpi_tables *tables, uint64_t *rsdp)
{
    uint64_t xsdt = add_root(tables, "XSDT", 8);
    bool low = tables->base + tables->bytes->len <= UINT32_MAX;
    uint64_t rsdt = low ? add_root(tables, "RSDT", 4) : 0;
    g_autoptr(GByteArray) root = g_byte_array_new();

    g_byte_array_append(root, (const uint8_t *)"RSD PTR ", 8);
    acpi_put8(root, 0); /* checksum */
    g_byte_array_append(root, (const uint8_t *)OEM_ID, 6);
    acpi_put8(root, 2); /* revision */
    acpi_put32(root, (uint32_t)rsdt);
    acpi_put32(root, RSDP_SIZE);
    acpi_put64(root, xsdt);
    acpi_put_zeros(root, 4); /* extended checksum, reserved */
    set_checksum(root->data, RSDP_SIZE_1_0, RSDP_CHECKSUM);
    set_checksum(root->data, RSDP_SIZE, RSDP_EXTENDED_CHECKSUM);
    *rsdp = acpi_tables_add_bytes(tables, root->data, root->len, TABLE_ALIGNMENT);

    GByteArray *bytes = tables->bytes;
    g_array_unref(tables->listed);
    g_free(tables);
    return bytes;
}
