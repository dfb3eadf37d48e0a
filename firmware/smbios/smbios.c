/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMTF DSP0134 "System Management BIOS Reference Specification" 3.0.0: sections 5.2 (entry points) and 7. */
#include "firmware/smbios/smbios.h"

#include <string.h>

#include "emu/bytes.h"
#include "emu/state/state.h"

#define MAJOR 3
#define MINOR 0
#define ENTRY_3_SIZE 24
#define ENTRY_2_SIZE 31
#define ENTRY_2_INTERMEDIATE 16

#define VENDOR "Galvanic"
#define RELEASE_DATE "01/01/2026" /* a constant: what a guest sees does not depend on the day of the build */

enum structure_type {
    BIOS_INFORMATION = 0,
    SYSTEM_INFORMATION = 1,
    CHASSIS = 3,
    PROCESSOR = 4,
    MEMORY_ARRAY = 16,
    MEMORY_DEVICE = 17,
    MEMORY_ARRAY_ADDRESS = 19,
    BOOT_INFORMATION = 32,
    END_OF_TABLE = 127,
};

/* Handles: the type in the upper byte, a number in the lower. */
#define HANDLE(type, number) ((uint16_t)((type) << 8 | (number)))
#define NO_HANDLE 0xFFFF
#define NO_ERROR_INFORMATION 0xFFFE

#define STATE_SAFE 3
#define SECURITY_NONE 3

struct builder {
    GByteArray *table;
    guint start;        /* of the structure that is being made */
    GPtrArray *strings; /* of it; not owned */
    unsigned count;
    unsigned longest;
};

static void put(struct builder *out, uint64_t value, unsigned bytes)
{
    append_le(out->table, value, bytes);
}

static void begin(struct builder *out, enum structure_type type, unsigned number)
{
    out->start = out->table->len;
    g_ptr_array_set_size(out->strings, 0);
    put(out, type, 1);
    put(out, 0, 1); /* length, when it is known */
    put(out, HANDLE(type, number), 2);
}

/* A string's number, counted from 1; 0 stands for none. */
static void put_string(struct builder *out, const char *text)
{
    if (!text || !*text) {
        put(out, 0, 1);
        return;
    }
    g_ptr_array_add(out->strings, (gpointer)text);
    put(out, out->strings->len, 1);
}

static void end(struct builder *out)
{
    out->table->data[out->start + 1] = (uint8_t)(out->table->len - out->start);
    for (guint i = 0; i < out->strings->len; i++) {
        const char *text = g_ptr_array_index(out->strings, i);

        g_byte_array_append(out->table, (const uint8_t *)text, (guint)strlen(text) + 1);
    }
    put(out, 0, out->strings->len ? 1 : 2);
    out->longest = MAX(out->longest, out->table->len - out->start);
    out->count++;
}

/* --- structures --- */

static void bios_information(struct builder *out, const struct smbios_machine *machine)
{
    begin(out, BIOS_INFORMATION, 0);
    put_string(out, VENDOR);
    put_string(out, machine->version);
    put(out, 0, 2); /* no place below 1 MiB */
    put_string(out, RELEASE_DATE);
    put(out, 0, 1);                /* ROM of 64 KiB */
    put(out, 1 << 7 | 1 << 15, 8); /* PCI; boot from CD */
    put(out, 1 << 0, 1);           /* ACPI */
    put(out, 1 << 3 | 1 << 4, 1);  /* UEFI; a virtual machine */
    put(out, 0, 2);                /* release of the firmware: as the version says */
    put(out, 0xFFFF, 2);           /* no embedded controller */
    end(out);
}

static void system_information(struct builder *out, const struct smbios_machine *machine)
{
    begin(out, SYSTEM_INFORMATION, 0);
    put_string(out, VENDOR);
    put_string(out, machine->product);
    put_string(out, machine->version);
    put_string(out, NULL); /* serial number */
    g_byte_array_append(out->table, machine->uuid, SMBIOS_UUID_SIZE);
    put(out, 6, 1);        /* woken by the power switch */
    put_string(out, NULL); /* SKU */
    put_string(out, "Virtual Machine");
    end(out);
}

static void chassis(struct builder *out, const struct smbios_machine *machine)
{
    begin(out, CHASSIS, 0);
    put_string(out, VENDOR);
    put(out, 1, 1); /* type: other */
    put_string(out, machine->version);
    put_string(out, NULL);   /* serial number */
    put_string(out, NULL);   /* asset tag */
    put(out, STATE_SAFE, 1); /* boot-up */
    put(out, STATE_SAFE, 1); /* power supply */
    put(out, STATE_SAFE, 1); /* thermal */
    put(out, SECURITY_NONE, 1);
    put(out, 0, 4);
    put(out, 0, 2);        /* height, power cords */
    put(out, 0, 2);        /* no contained elements */
    put_string(out, NULL); /* SKU */
    end(out);
}

static void processor(struct builder *out, const struct smbios_machine *machine, unsigned number)
{
    g_autofree char *socket = g_strdup_printf("CPU %u", number);

    begin(out, PROCESSOR, number);
    put_string(out, socket);
    put(out, 3, 1); /* central processor */
    put(out, 1, 1); /* family: other */
    put_string(out, VENDOR);
    put(out, machine->cpu_id[0], 4);
    put(out, machine->cpu_id[1], 4);
    put_string(out, machine->cpu_name);
    put(out, 0, 1); /* voltage */
    put(out, 0, 2); /* external clock */
    put(out, machine->cpu_mhz, 2);
    put(out, machine->cpu_mhz, 2);
    put(out, 0x41, 1);      /* socket populated, enabled */
    put(out, 1, 1);         /* upgrade: other */
    put(out, NO_HANDLE, 2); /* caches */
    put(out, NO_HANDLE, 2);
    put(out, NO_HANDLE, 2);
    put_string(out, NULL); /* serial number */
    put_string(out, NULL); /* asset tag */
    put_string(out, NULL); /* part number */
    put(out, 1, 1);        /* cores */
    put(out, 1, 1);        /* enabled cores */
    put(out, 1, 1);        /* threads */
    put(out, 1 << 2, 2);   /* 64 bits */
    put(out, 1, 2);        /* family once more */
    put(out, 1, 2);        /* cores, enabled cores, threads once more */
    put(out, 1, 2);
    put(out, 1, 2);
    end(out);
}

static void memory_array(struct builder *out, const struct smbios_machine *machine)
{
    uint64_t kib = machine->memory_size >> 10;
    bool large = kib >= 0x80000000u;

    begin(out, MEMORY_ARRAY, 0);
    put(out, 3, 1); /* on the board */
    put(out, 3, 1); /* system memory */
    put(out, 3, 1); /* no error correction */
    put(out, large ? 0x80000000u : kib, 4);
    put(out, NO_ERROR_INFORMATION, 2);
    put(out, 1, 2); /* devices */
    put(out, large ? machine->memory_size : 0, 8);
    end(out);
}

static void memory_device(struct builder *out, const struct smbios_machine *machine)
{
    uint64_t mib = machine->memory_size >> 20;
    bool large = mib >= 0x7FFF;

    begin(out, MEMORY_DEVICE, 0);
    put(out, HANDLE(MEMORY_ARRAY, 0), 2);
    put(out, NO_ERROR_INFORMATION, 2);
    put(out, 64, 2); /* total width */
    put(out, 64, 2); /* data width */
    put(out, large ? 0x7FFF : mib, 2);
    put(out, 9, 1); /* DIMM */
    put(out, 0, 1); /* of no set */
    put_string(out, "DIMM 0");
    put_string(out, NULL); /* bank */
    put(out, 7, 1);        /* RAM */
    put(out, 1 << 1, 2);   /* detail: other */
    put(out, 0, 2);        /* speed unknown */
    put_string(out, VENDOR);
    put_string(out, NULL); /* serial number */
    put_string(out, NULL); /* asset tag */
    put_string(out, NULL); /* part number */
    put(out, 0, 1);        /* rank unknown */
    put(out, large ? mib : 0, 4);
    put(out, 0, 2); /* configured speed */
    put(out, 0, 6); /* voltages */
    end(out);
}

static void memory_address(struct builder *out, const struct smbios_machine *machine, unsigned number)
{
    uint64_t start = machine->ranges[number].start;
    uint64_t last = start + machine->ranges[number].size - 1;
    bool wide = last >> 10 >= UINT32_MAX;

    begin(out, MEMORY_ARRAY_ADDRESS, number);
    put(out, wide ? UINT32_MAX : start >> 10, 4);
    put(out, wide ? UINT32_MAX : last >> 10, 4);
    put(out, HANDLE(MEMORY_ARRAY, 0), 2);
    put(out, 1, 1); /* devices a row */
    put(out, wide ? start : 0, 8);
    put(out, wide ? last : 0, 8);
    end(out);
}

static void boot_information(struct builder *out)
{
    begin(out, BOOT_INFORMATION, 0);
    put(out, 0, 6);
    put(out, 0, 1); /* no errors */
    end(out);
}

static void all_structures(struct builder *out, const struct smbios_machine *machine)
{
    bios_information(out, machine);
    system_information(out, machine);
    chassis(out, machine);
    for (unsigned cpu = 0; cpu < machine->cpus; cpu++)
        processor(out, machine, cpu);
    memory_array(out, machine);
    memory_device(out, machine);
    for (unsigned range = 0; range < machine->range_count; range++)
        memory_address(out, machine, range);
    boot_information(out);
    begin(out, END_OF_TABLE, 0);
    end(out);
}

/* --- entry points --- */

static void put_checksum(uint8_t *bytes, size_t length, size_t at)
{
    uint8_t sum = 0;

    bytes[at] = 0;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[at] = (uint8_t)-sum;
}

static void make_entry_3(uint8_t entry[ENTRY_3_SIZE], const struct builder *table, uint64_t address)
{
    memcpy(entry, "_SM3_", 5);
    entry[6] = ENTRY_3_SIZE;
    entry[7] = MAJOR;
    entry[8] = MINOR;
    entry[10] = 1; /* revision of the entry point */
    put_le(entry + 12, table->table->len, 4);
    put_le(entry + 16, address, 8);
    put_checksum(entry, ENTRY_3_SIZE, 5);
}

static void make_entry_2(uint8_t entry[ENTRY_2_SIZE], const struct builder *table, uint64_t address)
{
    memcpy(entry, "_SM_", 4);
    entry[5] = ENTRY_2_SIZE;
    entry[6] = MAJOR;
    entry[7] = MINOR;
    put_le(entry + 8, table->longest, 2);
    memcpy(entry + ENTRY_2_INTERMEDIATE, "_DMI_", 5);
    put_le(entry + 22, table->table->len, 2);
    put_le(entry + 24, address, 4);
    put_le(entry + 28, table->count, 2);
    entry[30] = MAJOR << 4 | MINOR;
    put_checksum(entry + ENTRY_2_INTERMEDIATE, ENTRY_2_SIZE - ENTRY_2_INTERMEDIATE, 5);
    put_checksum(entry, ENTRY_2_SIZE, 4);
}

void smbios_uuid_from_seed(uint64_t seed, uint8_t uuid[SMBIOS_UUID_SIZE])
{
    put_le(uuid, state_hash_bytes("smbios-uuid-low", 15, seed), 8);
    put_le(uuid + 8, state_hash_bytes("smbios-uuid-high", 16, seed), 8);
    uuid[7] = (uint8_t)((uuid[7] & 0x0F) | 0x40); /* version 4; the first three fields are little endian */
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80); /* variant of RFC 4122 */
}

GByteArray *smbios_build(const struct smbios_machine *machine, uint64_t base, uint64_t *entry_3, uint64_t *entry_2)
{
    enum { AT_ENTRY_3 = 0, AT_ENTRY_2 = 32, AT_TABLE = 64 };
    struct builder table = {.table = g_byte_array_new(), .strings = g_ptr_array_new()};
    GByteArray *out = g_byte_array_new();

    g_assert(machine->cpus >= 1 && machine->cpus <= 256 && machine->range_count <= SMBIOS_RANGES);
    all_structures(&table, machine);
    g_byte_array_set_size(out, AT_TABLE);
    memset(out->data, 0, AT_TABLE);
    make_entry_3(out->data + AT_ENTRY_3, &table, base + AT_TABLE);
    *entry_3 = base + AT_ENTRY_3;
    bool fits = base + AT_TABLE + table.table->len <= UINT32_MAX && table.table->len <= UINT16_MAX;
    if (fits)
        make_entry_2(out->data + AT_ENTRY_2, &table, base + AT_TABLE);
    if (entry_2)
        *entry_2 = fits ? base + AT_ENTRY_2 : 0;
    g_byte_array_append(out, table.table->data, table.table->len);
    g_byte_array_unref(table.table);
    g_ptr_array_unref(table.strings);
    return out;
}
