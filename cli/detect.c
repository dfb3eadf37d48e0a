/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See detect.h.  Loader names: UEFI 2.10 section 3.5.1.1. */
#include "cli/detect.h"

#include <string.h>

#include "firmware/uefi/fat.h"
#include "emu/host/partition.h"

#define PE_MACHINE_X64 0x8664
#define PE_MACHINE_AA64 0xAA64
#define ELF_MACHINE_X86_64 62
#define ELF_MACHINE_AARCH64 183

static bool has_file(struct fat *fat, const char *path)
{
    g_autofree gunichar2 *wide = g_utf8_to_utf16(path, -1, NULL, NULL, NULL);
    struct fat_info info;

    return fat_find(fat, FAT_ROOT, wide, &info) == FAT_OK;
}

static unsigned detect_volume(struct block *block, uint64_t offset, uint64_t size)
{
    struct fat *fat = fat_mount(block, offset, size, NULL);
    unsigned found = DETECTED_NOTHING;

    if (!fat)
        return found;
    if (has_file(fat, "\\EFI\\BOOT\\BOOTX64.EFI"))
        found |= DETECTED_X86_64;
    if (has_file(fat, "\\EFI\\BOOT\\BOOTAA64.EFI"))
        found |= DETECTED_AARCH64;
    fat_unmount(fat);
    return found;
}

unsigned detect_disk(struct block *block, uint32_t sector, GError **error)
{
    struct partition_table *table = partition_table_read(block, sector, error);
    unsigned found = DETECTED_NOTHING;

    if (!table)
        return found;
    for (guint i = 0; i < table->partitions->len; i++) {
        const struct partition *partition = &g_array_index(table->partitions, struct partition, i);
        found |= detect_volume(block, partition->offset, partition->size);
    }
    if (!table->partitions->len)
        found |= detect_volume(block, 0, block_size(block));
    partition_table_free(table);
    return found;
}

static uint32_t field(const uint8_t *bytes, gsize length, gsize offset, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size && offset + i < length; i++)
        value |= (uint32_t)bytes[offset + i] << (8 * i);
    return value;
}

unsigned detect_file(GBytes *file)
{
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(file, &length);

    if (length > 64 && memcmp(bytes, "MZ", 2) == 0) {
        uint32_t header = field(bytes, length, 0x3C, 4);
        uint32_t machine = field(bytes, length, (gsize)header + 4, 2);
        return machine == PE_MACHINE_X64 ? DETECTED_X86_64 : machine == PE_MACHINE_AA64 ? DETECTED_AARCH64 : 0;
    }
    if (length > 64 && memcmp(bytes + 0x38, "ARM\x64", 4) == 0)
        return DETECTED_AARCH64;
    if (length > 64 && memcmp(bytes, "\177ELF", 4) == 0) {
        uint32_t machine = field(bytes, length, 18, 2);
        return machine == ELF_MACHINE_X86_64 ? DETECTED_X86_64 : machine == ELF_MACHINE_AARCH64 ? DETECTED_AARCH64 : 0;
    }
    return length > 0x206 && memcmp(bytes + 0x202, "HdrS", 4) == 0 ? DETECTED_X86_64 : DETECTED_NOTHING;
}
