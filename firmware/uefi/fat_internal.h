/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the FAT volume share: geometry, the allocation table, directory entries, names. */
#ifndef GALVANIC_FIRMWARE_UEFI_FAT_INTERNAL_H
#define GALVANIC_FIRMWARE_UEFI_FAT_INTERNAL_H

#include "firmware/uefi/fat.h"

#define FAT_WINDOW_SIZE 8192    /* holds the whole table of a FAT12 volume */
#define FAT_DIRECTORY_MAX 65536 /* entries */
#define FAT_ENTRY_SIZE 32
#define FAT_TABLES_MAX 4

struct fat {
    struct block *block;
    uint64_t offset, size;
    unsigned bits;
    uint32_t sector_size, cluster_size;
    unsigned tables;                   /* copies of the allocation table */
    unsigned active_table;             /* the one that is read */
    bool mirrored;                     /* all copies are written */
    uint64_t table_offset, table_size; /* of the first copy, in the volume; bytes */
    uint64_t root_offset;              /* FAT12, FAT16 */
    uint32_t root_entries;             /* FAT12, FAT16 */
    uint32_t root_cluster;             /* FAT32 */
    uint64_t data_offset;
    uint32_t clusters;      /* numbered 2 .. clusters + 1 */
    uint64_t info_offset;   /* of FSInfo; 0: none */
    uint64_t backup_offset; /* of the copy of the boot sector; 0: none */
    uint32_t serial;
    struct fat_time now;
    uint64_t generation;
    /* A piece of the table, valid only during a call. */
    bool window_valid, window_dirty;
    uint64_t window_start;
    uint32_t window_length;
    uint8_t window[FAT_WINDOW_SIZE];
};

/* --- fat_table.c --- */
/* Volume-relative access; FAT_DISK_ERROR or FAT_READ_ONLY. */
enum fat_status fat_disk_read(struct fat *fat, uint64_t offset, void *buffer, size_t length);
enum fat_status fat_disk_write(struct fat *fat, uint64_t offset, const void *buffer, size_t length);
static inline bool fat_cluster_valid(const struct fat *fat, uint32_t cluster)
{
    return cluster >= 2 && cluster - 2 < fat->clusters;
}
static inline uint64_t fat_cluster_offset(const struct fat *fat, uint32_t cluster)
{
    return fat->data_offset + (uint64_t)(cluster - 2) * fat->cluster_size;
}
/* Start of each public call: drops the window. */
void fat_begin(struct fat *fat);
/* End of each call that changed the table: writes the window. */
enum fat_status fat_commit(struct fat *fat);
/* *@next: the following cluster, or 0 at the end of the chain; FAT_CORRUPT if the link leads nowhere. */
enum fat_status fat_next(struct fat *fat, uint32_t cluster, uint32_t *next);
/* The chain's cluster number @index from @first on, starting from a known (*@at_index, *@at) if *@at is not 0. */
enum fat_status fat_seek(struct fat *fat, uint32_t first, uint32_t index, uint32_t *at_index, uint32_t *at);
/*
 * Allocates @count clusters and links them behind @last (0: a new chain); *@first gets the first new one.  With @clear
 * they are filled with zeros before anything points at them.  Nothing is changed on FAT_FULL.
 */
enum fat_status fat_extend(struct fat *fat, uint32_t last, uint32_t count, bool clear, uint32_t *first);
/* Frees the chain behind @keep, which becomes the end; or, with @keep 0, the whole chain from @first on. */
enum fat_status fat_shorten(struct fat *fat, uint32_t first, uint32_t keep);
enum fat_status fat_count_free(struct fat *fat, uint32_t *count);

/* --- fat_name.c --- */
struct fat_short_name {
    uint8_t name[11];
    uint8_t case_flags; /* 0x08: base in lower case, 0x10: extension in lower case */
};
/* Copies @name without trailing dots and spaces; FAT_BAD_NAME if nothing or something forbidden is left. */
enum fat_status fat_name_check(const uint16_t *name, uint16_t *clean);
unsigned fat_name_length(const uint16_t *name);
/* Equal when case is ignored (ASCII, Latin-1, Greek and Cyrillic letters). */
bool fat_name_equal(const uint16_t *a, const uint16_t *b);
/* True if @name is a short name with at most uniform case in base and extension: no long entries are needed. */
bool fat_name_is_short(const uint16_t *name, struct fat_short_name *out);
/* The alias number @n (1..999999) of @name, e.g. LONGNA~1.TXT. */
void fat_name_alias(const uint16_t *name, unsigned n, struct fat_short_name *out);
/* Eleven bytes of a directory entry, and its case flags, as text. */
void fat_name_expand(const uint8_t *raw, uint8_t case_flags, uint16_t *out);
uint8_t fat_name_checksum(const uint8_t *raw);
/* One byte of code page 437 as UTF-16. */
uint16_t fat_name_from_oem(uint8_t byte);

/* --- fat_directory.c --- */
enum {
    ENTRY_NAME = 0,
    ENTRY_ATTRIBUTES = 11,
    ENTRY_CASE = 12,
    ENTRY_CREATED_HUNDREDTHS = 13,
    ENTRY_CREATED_TIME = 14,
    ENTRY_CREATED_DATE = 16,
    ENTRY_ACCESSED_DATE = 18,
    ENTRY_CLUSTER_HIGH = 20,
    ENTRY_MODIFIED_TIME = 22,
    ENTRY_MODIFIED_DATE = 24,
    ENTRY_CLUSTER_LOW = 26,
    ENTRY_SIZE = 28,
    /* of a long name's entry */
    LONG_ORDINAL = 0,
    LONG_CHECKSUM = 13,
};
#define ENTRY_FREE 0xE5 /* first byte of the name */
#define ENTRY_END 0x00  /* this and all that follow are free */
#define LONG_ATTRIBUTES 0x0F
#define LONG_LAST 0x40
#define LONG_UNITS 13 /* in one entry */
#define LONG_ENTRIES_MAX 20

/* The whole directory with first cluster @directory (0: root) as bytes. */
enum fat_status fat_directory_load(struct fat *fat, uint32_t directory, GByteArray *out);
/* Writes @count entries at @index; they must be inside the directory. */
enum fat_status fat_directory_write(struct fat *fat, uint32_t directory, uint32_t index, const uint8_t *entries,
                                    uint32_t count);
/* How many long-name entries belong to the short one at @index; their text goes to @name if that is not NULL. */
unsigned fat_long_name(const GByteArray *directory, uint32_t index, uint16_t *name);
/* The entry of a loaded directory that has @name, long or short; FAT_NO_ENTRY if none has. */
uint32_t fat_directory_search(const GByteArray *directory, const uint16_t *name);
/* The short entry of a node; FAT_NOT_FOUND when it is free or no file. */
enum fat_status fat_entry_load(struct fat *fat, struct fat_node node, uint8_t entry[FAT_ENTRY_SIZE]);
enum fat_status fat_entry_store(struct fat *fat, struct fat_node node, const uint8_t *entry);
uint32_t fat_entry_cluster(const struct fat *fat, const uint8_t *entry);
void fat_entry_set_cluster(struct fat *fat, uint8_t *entry, uint32_t cluster);
/* First cluster of a directory's contents, as struct fat_node wants it (0: root). */
enum fat_status fat_directory_cluster(struct fat *fat, struct fat_node node, uint32_t *cluster);
/* What ".." of the directory with first cluster @directory points at (0: the root). */
enum fat_status fat_directory_parent(struct fat *fat, uint32_t directory, uint32_t *parent);
/* @time_offset -1: the date alone. */
void fat_entry_stamp(const struct fat_time *time, uint8_t *entry, int time_offset, int date_offset);
void fat_entry_info(const struct fat *fat, const GByteArray *directory, struct fat_node node, struct fat_info *info);

#endif
