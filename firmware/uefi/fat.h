/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FAT12, FAT16 and FAT32 volumes inside a disk, for reading and writing.
 * Microsoft FAT32 File System Specification 1.03 (2000), UEFI 2.10 section 13.3.
 *
 * A mounted volume keeps nothing between two calls but its geometry: what stands on the disk is the whole state.  An
 * open file is a place in a directory (struct fat_node) and a position, so that it can be saved as three numbers.
 * No chain, loop or crossed link makes a call take longer than the volume has clusters.
 */
#ifndef GALVANIC_FIRMWARE_UEFI_FAT_H
#define GALVANIC_FIRMWARE_UEFI_FAT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "emu/host/block.h"

struct fat;

enum fat_status {
    FAT_OK,
    FAT_END,             /* no further directory entry */
    FAT_NOT_FOUND,       /* no such name, or the node is no longer there */
    FAT_EXISTS,          /* the name is taken */
    FAT_BAD_NAME,        /* empty, longer than 255 units, or with a character that FAT forbids */
    FAT_NOT_A_DIRECTORY, /* a file where a directory is needed */
    FAT_IS_A_DIRECTORY,  /* a directory where a file is needed */
    FAT_NOT_EMPTY,       /* removal of a directory that holds something */
    FAT_REFUSED,         /* the root directory cannot be removed or renamed; a directory cannot move into itself */
    FAT_FULL,            /* no free cluster, no room in the fixed root directory, or a file of 4 GiB */
    FAT_READ_ONLY,       /* the disk takes no writes */
    FAT_CORRUPT,         /* the structures on the disk contradict themselves */
    FAT_DISK_ERROR,      /* the host could not read or write */
};

enum fat_attribute {
    FAT_ATTRIBUTE_READ_ONLY = 0x01,
    FAT_ATTRIBUTE_HIDDEN = 0x02,
    FAT_ATTRIBUTE_SYSTEM = 0x04,
    FAT_ATTRIBUTE_VOLUME = 0x08,
    FAT_ATTRIBUTE_DIRECTORY = 0x10,
    FAT_ATTRIBUTE_ARCHIVE = 0x20,
};

#define FAT_NAME_MAX 255 /* UTF-16 units without the terminator */
#define FAT_LABEL_MAX 11 /* characters */
#define FAT_NO_ENTRY UINT32_MAX

/* Where a file stands: its directory's first cluster (0: the root), and the index of its short entry there. */
struct fat_node {
    uint32_t directory;
    uint32_t entry; /* FAT_NO_ENTRY: this is the root directory itself */
};
#define FAT_ROOT ((struct fat_node){0, FAT_NO_ENTRY})

/* 1980..2107, local time as FAT keeps it; year 0: not set. */
struct fat_time {
    uint16_t year;
    uint8_t month, day;
    uint8_t hour, minute, second;
    uint8_t hundredths; /* of creation only */
};

struct fat_info {
    struct fat_node node;
    uint16_t name[FAT_NAME_MAX + 1]; /* long name if there is one; "" for the root */
    uint8_t attributes;
    uint32_t size;          /* bytes; 0 for directories */
    uint32_t first_cluster; /* 0: none */
    struct fat_time created, accessed, modified;
};

/* An open file. @position may be changed freely; the rest is the module's. */
struct fat_file {
    struct fat_node node;
    uint64_t position;
    /* The cluster found last, valid while the volume's generation is the same; never saved. */
    uint64_t hint_generation;
    uint32_t hint_index, hint_cluster;
};

struct fat_volume_info {
    unsigned bits;         /* 12, 16, 32 */
    uint32_t cluster_size; /* bytes */
    uint64_t volume_size;  /* bytes in data clusters */
    uint64_t free_size;    /* bytes */
    uint32_t serial;
    bool read_only;
};

/*
 * Mounts the volume in [@offset, @offset + @size) of @block, both multiples of 512.  NULL with @error: no FAT volume
 * (G_FILE_ERROR_NOENT), or one whose geometry contradicts itself or the range (G_FILE_ERROR_INVAL).  @block stays the
 * caller's and must outlive the volume.
 */
struct fat *fat_mount(struct block *block, uint64_t offset, uint64_t size, GError **error);
void fat_unmount(struct fat *fat);
/* The time that the following calls write into directory entries. */
void fat_set_time(struct fat *fat, const struct fat_time *now);
/* The disk was written behind the volume's back: hints in open files are void. */
void fat_changed(struct fat *fat);

enum fat_status fat_stat(struct fat *fat, struct fat_node node, struct fat_info *info);
/* @path: UTF-16, separated by backslashes; a leading one starts at the root; "." and ".." count. */
enum fat_status fat_find(struct fat *fat, struct fat_node start, const uint16_t *path, struct fat_info *info);
/*
 * The same, but the last component need not exist: @parent gets its directory and @name its name (FAT_NAME_MAX + 1
 * units).  FAT_BAD_NAME if the path ends in nothing, "." or "..".
 */
enum fat_status fat_find_parent(struct fat *fat, struct fat_node start, const uint16_t *path, struct fat_node *parent,
                                uint16_t *name);
/* The directory that holds @node; the root holds itself. */
enum fat_status fat_parent(struct fat *fat, struct fat_node node, struct fat_node *parent);
/* Entries of a directory from index *@cursor (0 first) on, volume labels left out; FAT_END after the last. */
enum fat_status fat_read_directory(struct fat *fat, struct fat_node directory, uint32_t *cursor, struct fat_info *info);

/* Makes a file or (FAT_ATTRIBUTE_DIRECTORY) a directory with "." and ".." in it. */
enum fat_status fat_create(struct fat *fat, struct fat_node parent, const uint16_t *name, uint8_t attributes,
                           struct fat_info *info);
enum fat_status fat_remove(struct fat *fat, struct fat_node node);
/* Moves @node to @parent and @name; @moved gets its new place.  A name that differs in case alone is fine. */
enum fat_status fat_rename(struct fat *fat, struct fat_node node, struct fat_node parent, const uint16_t *name,
                           struct fat_node *moved);
/* Sets attributes (never the directory bit) and times; a time of year 0 is left as it is. */
enum fat_status fat_set_info(struct fat *fat, struct fat_node node, uint8_t attributes, const struct fat_time *created,
                             const struct fat_time *accessed, const struct fat_time *modified);

void fat_file_open(struct fat_file *file, struct fat_node node);
/* Reads at most *@length bytes at the position, which moves on; *@length gets what was read (0 at the end). */
enum fat_status fat_read(struct fat *fat, struct fat_file *file, void *buffer, uint64_t *length);
/* Writes all of *@length bytes or nothing; a gap past the end is filled with zeros. */
enum fat_status fat_write(struct fat *fat, struct fat_file *file, const void *buffer, uint64_t length);
/* Cuts the file or extends it with zeros. */
enum fat_status fat_set_size(struct fat *fat, struct fat_node node, uint64_t size);

enum fat_status fat_volume_info(struct fat *fat, struct fat_volume_info *info);
/* The same without free_size, which may cost a walk through the whole table. */
void fat_volume_geometry(const struct fat *fat, struct fat_volume_info *info);
/* @label: FAT_LABEL_MAX + 1 characters; "" if there is none. */
enum fat_status fat_get_label(struct fat *fat, uint16_t *label);
enum fat_status fat_set_label(struct fat *fat, const uint16_t *label);

#endif
