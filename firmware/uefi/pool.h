/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pool memory (UEFI 2.10, section 7.2): small pieces out of pages, 16-byte aligned.  The bookkeeping stands on the
 * host, so that a guest that writes past its piece harms itself alone.
 */
#ifndef GALVANIC_FIRMWARE_UEFI_POOL_H
#define GALVANIC_FIRMWARE_UEFI_POOL_H

#include "firmware/uefi/memory_map.h"

struct pool;

/* Takes its pages from @map, in units of @granularity for runtime types (see memory_map_allocate()). */
struct pool *pool_new(struct memory_map *map);
void pool_free(struct pool *pool);
void pool_clear(struct pool *pool);
/* 0: out of memory, or too many pieces.  @size 0 gives a piece as well. */
uint64_t pool_allocate(struct pool *pool, uint32_t type, uint64_t size, uint64_t granularity);
/* False: @address is no piece. */
bool pool_release(struct pool *pool, uint64_t address);
/* Bytes that a piece holds, 0: no piece. */
uint64_t pool_size(const struct pool *pool, uint64_t address);

void pool_save(const struct pool *pool, struct state_writer *out);
bool pool_load(struct pool *pool, struct state_reader *in);

#endif
