/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader of RedoxFS, version 8: the file system of Redox's disks.  Copy on write: a ring of headers, of which the newest valid
 * one counts; a tree of four levels from node numbers to nodes; directories as trees by name's hash; records of file contents,
 * plain or compressed (LZ4).  Each block is checked against the hash in the pointer to it.  Never writes.  Encrypted file systems
 * are refused.
 */
#ifndef GALVANIC_DEBUG_REDOX_REDOXFS_H
#define GALVANIC_DEBUG_REDOX_REDOXFS_H

#include "emu/host/block.h"

struct redoxfs;

enum redoxfs_type { REDOXFS_FILE, REDOXFS_DIRECTORY, REDOXFS_LINK, REDOXFS_SOCKET };

struct redoxfs_node {
    uint32_t id;
    enum redoxfs_type type;
    uint32_t mode; /* permissions, 12 bits */
    uint32_t uid, gid, links;
    uint64_t size;                        /* bytes */
    uint64_t created, modified, accessed; /* seconds since 1970 */
};

/*
 * Opens the file system that begins at byte @offset of @block; it stays the caller's, and must live longer.  NULL with @error: there
 * is none (G_FILE_ERROR_NOENT), it is encrypted or of another version, its header lies outside the disk.
 */
struct redoxfs *redoxfs_open(struct block *block, uint64_t offset, GError **error);
/* The first one on the disk: in a GPT or MBR partition, at 2 MiB (where loaders look), at the disk's start. */
struct redoxfs *redoxfs_find(struct block *block, GError **error);
void redoxfs_close(struct redoxfs *redoxfs);
const uint8_t *redoxfs_uuid(const struct redoxfs *redoxfs); /* 16 bytes */
uint64_t redoxfs_size(const struct redoxfs *redoxfs);       /* bytes */
uint64_t redoxfs_generation(const struct redoxfs *redoxfs);
/* The disk may have been written since: the newest header is looked for again.  False with @error: none left. */
bool redoxfs_refresh(struct redoxfs *redoxfs, GError **error);

/* Nodes by path ("/usr/bin/ion"; links are followed, the last one too if @follow) and by number (1: the root).  False with @error. */
bool redoxfs_lookup(struct redoxfs *redoxfs, const char *path, bool follow, struct redoxfs_node *out, GError **error);
bool redoxfs_node(struct redoxfs *redoxfs, uint32_t id, struct redoxfs_node *out, GError **error);
/* Calls @visit for each entry of a directory, in no order, until it returns false.  False with @error: no directory, broken. */
bool redoxfs_list(struct redoxfs *redoxfs, uint32_t directory,
                  bool (*visit)(void *opaque, const char *name, uint32_t id), void *opaque, GError **error);
/* Bytes of a file or link from @offset on: fewer at its end; -1 with @error.  Holes read as zeros. */
int64_t redoxfs_read(struct redoxfs *redoxfs, uint32_t id, uint64_t offset, void *buffer, size_t length,
                     GError **error);
/* All of it; NULL with @error: broken, or larger than @limit bytes.  To be unreferenced. */
GBytes *redoxfs_read_all(struct redoxfs *redoxfs, uint32_t id, uint64_t limit, GError **error);

#endif
