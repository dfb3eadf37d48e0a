/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies under a disk: one of these, told nothing of sectors, limits or hashes. */
#ifndef GALVANIC_EMU_HOST_BLOCK_INTERNAL_H
#define GALVANIC_EMU_HOST_BLOCK_INTERNAL_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_CLUSTER 4096 /* bytes; unit of the overlay and of the hash */

struct block_layer;

/* Ranges lie inside the disk.  Each returns false on an error of the host. */
struct block_layer_ops {
    bool (*read)(struct block_layer *layer, uint64_t offset, void *buffer, size_t length);
    bool (*write)(struct block_layer *layer, uint64_t offset, const void *buffer, size_t length);
    bool (*flush)(struct block_layer *layer);
    bool (*discard)(struct block_layer *layer, uint64_t offset, uint64_t length); /* reads as zeros afterwards */
    void (*close)(struct block_layer *layer);
};

struct block_layer {
    const struct block_layer_ops *ops;
    uint64_t size; /* bytes, a multiple of 512 */
};

/* A raw image file or a host's block device; NULL with @error. */
struct block_layer *block_file_open(const char *path, bool read_only, GError **error);
/* A temporary file, already unlinked, as large as @base, which it owns; NULL with @error, @base is then closed. */
struct block_layer *block_overlay_new(struct block_layer *base, GError **error);
struct block_layer *block_memory_new(const void *data, uint64_t size);

/* Whole transfers on a descriptor, past interruptions; a read stops at the end of the file: @length is then less. */
bool block_fd_read(int fd, uint64_t offset, void *buffer, size_t *length);
bool block_fd_write(int fd, uint64_t offset, const void *buffer, size_t length);
/* Makes a hole, or writes zeros where the host's file system has no holes. */
bool block_fd_zero(int fd, uint64_t offset, uint64_t length);

/* A set of cluster numbers, small while few are in it. */
struct block_set {
    uint64_t **pages; /* of BLOCK_SET_PAGE numbers each; NULL: none of them */
    uint64_t page_count;
};
#define BLOCK_SET_PAGE 32768

void block_set_init(struct block_set *set, uint64_t clusters);
void block_set_clear(struct block_set *set);
bool block_set_has(const struct block_set *set, uint64_t cluster);
/* Adds [@first, @end). */
void block_set_add(struct block_set *set, uint64_t first, uint64_t end);

#endif
