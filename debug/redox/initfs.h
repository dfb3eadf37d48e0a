/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redox's initial file system: an archive in memory that the loader hands to the kernel.  A header ("RedoxFtw"), a table of
 * inodes, and their data; all offsets count from the archive's start, all numbers are little endian.
 */
#ifndef GALVANIC_DEBUG_REDOX_INITFS_H
#define GALVANIC_DEBUG_REDOX_INITFS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define INITFS_MAGIC "RedoxFtw"
#define INITFS_HEADER_SIZE 0x2c

struct initfs;

enum initfs_type { INITFS_FILE, INITFS_DIRECTORY, INITFS_LINK };

struct initfs_node {
    uint32_t inode;
    enum initfs_type type;
    uint32_t mode; /* permissions */
    uint32_t uid, gid;
    uint32_t length; /* bytes */
};

/* The archive's size in bytes as its header has it; 0: @header (of INITFS_HEADER_SIZE bytes) is none. */
uint64_t initfs_size(const uint8_t *header);
/* Opens an archive; @image is kept by reference.  NULL with @error: no archive, or cut off. */
struct initfs *initfs_open(GBytes *image, GError **error);
void initfs_close(struct initfs *initfs);
/* @path with or without a leading slash; links are followed.  False: no such file, or broken. */
bool initfs_lookup(const struct initfs *initfs, const char *path, struct initfs_node *out);
/* The entries of a directory in their order; broken ones are left out. */
void initfs_list(const struct initfs *initfs, const struct initfs_node *directory,
                 void (*visit)(void *opaque, const char *name, const struct initfs_node *node), void *opaque);
/* The contents of a file or a link, sharing the archive's memory; NULL: outside the archive.  To be unreferenced. */
GBytes *initfs_read(const struct initfs *initfs, const struct initfs_node *node);

#endif
