/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the machine is, for people and inventories: SMBIOS tables. */
#ifndef GALVANIC_FIRMWARE_SMBIOS_SMBIOS_H
#define GALVANIC_FIRMWARE_SMBIOS_SMBIOS_H

#include <glib.h>
#include <stdint.h>

#define SMBIOS_UUID_SIZE 16
#define SMBIOS_RANGES 4

struct smbios_machine {
    const char *product; /* the board: "q35" */
    const char *version; /* of this program */
    uint8_t uuid[SMBIOS_UUID_SIZE];
    unsigned cpus; /* 1..256 */
    const char *cpu_name;
    uint32_t cpu_id[2]; /* x86: EAX and EDX of CPUID leaf 1; aarch64: MIDR_EL1 and 0 */
    uint16_t cpu_mhz;
    uint64_t memory_size; /* bytes, a multiple of 1 MiB */
    struct {
        uint64_t start, size; /* where memory is seen, multiples of 1 KiB */
    } ranges[SMBIOS_RANGES];
    unsigned range_count;
};

/* A random (version 4) UUID in the byte order of SMBIOS, the same for the same seed. */
void smbios_uuid_from_seed(uint64_t seed, uint8_t uuid[SMBIOS_UUID_SIZE]);
/*
 * The bytes that belong at guest address @base (a multiple of 16): entry points, then structures.  Their number does
 * not depend on @base.  @entry_3: address of the 64-bit entry point; @entry_2: of the 32-bit one, 0 when the structures
 * do not fit it (above 4 GiB, longer than 64 KiB); may be NULL.  The caller frees.
 */
GByteArray *smbios_build(const struct smbios_machine *machine, uint64_t base, uint64_t *entry_3, uint64_t *entry_2);

#endif
