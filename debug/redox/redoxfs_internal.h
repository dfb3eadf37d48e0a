/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the reader of RedoxFS shares among its files. */
#ifndef GALVANIC_DEBUG_REDOX_REDOXFS_INTERNAL_H
#define GALVANIC_DEBUG_REDOX_REDOXFS_INTERNAL_H

#include "debug/redox/redoxfs.h"

#define REDOXFS_BLOCK 4096u
#define REDOXFS_RECORD_LEVEL 5 /* of the largest record: 128 KiB */
#define REDOXFS_RECORD_MAX (REDOXFS_BLOCK << REDOXFS_RECORD_LEVEL)
#define REDOXFS_POINTERS 256 /* in a block of them */

struct redoxfs {
    struct block *block;
    uint64_t offset; /* where it begins on the disk, bytes */
    uint8_t uuid[16];
    uint64_t size;
    uint64_t generation;
    uint8_t tree[16]; /* the pointer to the tree's root */
    bool unchecked;   /* for fuzzing: blocks need not match their checksums */
};

/* A pointer to a block: where, how large, what its contents hash to. */
struct redoxfs_pointer {
    uint64_t index; /* in blocks; 0: null */
    unsigned level; /* the block has 4096 << level bytes */
    unsigned plain; /* level of what is compressed in it; 0: plain */
    uint64_t hash;
};

enum { /* a node's fields */
       REDOXFS_NODE_MODE = 0,
       REDOXFS_NODE_UID = 2,
       REDOXFS_NODE_GID = 6,
       REDOXFS_NODE_LINKS = 10,
       REDOXFS_NODE_SIZE = 14,
       REDOXFS_NODE_CTIME = 30,
       REDOXFS_NODE_MTIME = 42,
       REDOXFS_NODE_ATIME = 54,
       REDOXFS_NODE_RECORD_LEVEL = 66,
       REDOXFS_NODE_FLAGS = 70,
       REDOXFS_NODE_DATA = 128,
};
#define REDOXFS_NODE_INLINE 1 /* in flags: the data stands in the node */

void redoxfs_get_pointer(const uint8_t *bytes, struct redoxfs_pointer *out);
/* A block of REDOXFS_BLOCK << level bytes into @out, checked; @room: what @out holds.  False with @error. */
bool redoxfs_read_block(struct redoxfs *redoxfs, const struct redoxfs_pointer *pointer, uint8_t *out, size_t room,
                        GError **error);
/* A node's raw block. */
bool redoxfs_read_node(struct redoxfs *redoxfs, uint32_t id, uint8_t out[REDOXFS_BLOCK], GError **error);
void redoxfs_broken(const struct redoxfs *redoxfs, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

#endif
