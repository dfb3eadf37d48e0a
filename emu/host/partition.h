/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The partitions of a disk: GPT, MBR with logical drives, El Torito boot images (UEFI 2.10 chapters 5 and 13.3.2).
 * Pure parsers; nothing of a disk's contents makes them hang or use more than a few MiB.
 */
#ifndef GALVANIC_EMU_HOST_PARTITION_H
#define GALVANIC_EMU_HOST_PARTITION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "emu/host/block.h"

enum partition_scheme { PARTITION_NONE, PARTITION_MBR, PARTITION_GPT, PARTITION_EL_TORITO };

struct partition {
    uint32_t number;       /* GPT: 1-based entry; MBR: 1..4, logical from 5; El Torito: 0-based entry of the catalog */
    uint64_t offset, size; /* bytes */
    bool system;           /* an EFI system partition, or a boot image for EFI */
    uint8_t type;          /* MBR: operating system type */
    uint8_t type_guid[16], unique_guid[16]; /* GPT, as on the disk */
    uint64_t attributes;                    /* GPT */
    uint16_t name[37];                      /* GPT, NUL-terminated UTF-16 */
};

struct partition_table {
    enum partition_scheme scheme;
    uint8_t disk_guid[16];    /* GPT, as on the disk */
    uint8_t mbr_signature[4]; /* MBR */
    GArray *partitions;       /* of struct partition, in the order of their numbers */
    char *warning;            /* NULL, or a sentence for the user: one GPT header is damaged */
};

/*
 * Reads the partition table of a disk with logical blocks of @block_size bytes (512, 2048, 4096).  A disk without one
 * gives PARTITION_NONE and no partitions.  NULL with @error (G_FILE_ERROR_INVAL), naming the file: a table that cannot
 * be used: both GPT headers damaged, overlapping partitions, partitions outside the disk.
 */
struct partition_table *partition_table_read(struct block *block, uint32_t block_size, GError **error);
void partition_table_free(struct partition_table *table);

/* --- the parsers; each: true and partitions appended; false and no @error: not of this kind; false with @error --- */
bool gpt_read(struct block *block, uint32_t block_size, struct partition_table *table, GError **error);
bool mbr_read(struct block *block, uint32_t block_size, struct partition_table *table, GError **error);
bool el_torito_read(struct block *block, struct partition_table *table, GError **error);

#endif
