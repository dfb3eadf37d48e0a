/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk's contents: a raw image file, with or without a temporary overlay.  Synchronous; completion times are the
 * device's affair.
 */
#ifndef GALVANIC_EMU_HOST_BLOCK_H
#define GALVANIC_EMU_HOST_BLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct block;

enum block_flags {
    BLOCK_READ_ONLY = 1, /* writes fail */
    BLOCK_SNAPSHOT = 2,  /* writes go to a temporary overlay, the file is opened for reading only */
};

/*
 * Opens @path.  NULL with @error: missing, a directory, empty, no permission; the message names the file.  A size that
 * is no multiple of 512 is rounded up, the tail reads as zeros.
 */
struct block *block_open(const char *path, unsigned flags, GError **error);
/* A disk in memory, for tests and for the built-in guest; @data is copied. */
struct block *block_new_memory(const void *data, uint64_t size, unsigned flags);
void block_close(struct block *block);
const char *block_path(const struct block *block);
uint64_t block_size(const struct block *block); /* bytes, a multiple of 512 */
bool block_read_only(const struct block *block);
/* False on an error of the host, or a range outside the disk; a read is then zero-filled. */
bool block_read(struct block *block, uint64_t offset, void *buffer, size_t length);
bool block_write(struct block *block, uint64_t offset, const void *buffer, size_t length);
/* Until this returns true, written data may not have reached the file's storage. */
bool block_flush(struct block *block);
bool block_discard(struct block *block, uint64_t offset, uint64_t length); /* reads as zeros afterwards */
/*
 * From now on @keep is given what stood in each 4096-byte cluster before it is written for the first time, for a
 * recording.
 */
void block_set_keeper(struct block *block,
                      void (*keep)(void *opaque, uint64_t offset, const uint8_t *data, size_t length), void *opaque);
/* Puts bytes back before a replay: as if they had always stood there.  False as block_write(). */
bool block_restore(struct block *block, uint64_t offset, const void *buffer, size_t length);
/* Hash of the overlay's differences, for the state hash; 0 when nothing was written. */
uint64_t block_hash(struct block *block);

#endif
