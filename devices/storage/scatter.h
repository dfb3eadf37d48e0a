/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's end of a transfer: pieces of guest memory, taken one after the other from a list in the controller's
 * own format.  Data goes between the disk and guest memory directly.
 */
#ifndef GALVANIC_DEVICES_STORAGE_SCATTER_H
#define GALVANIC_DEVICES_STORAGE_SCATTER_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/host/block.h"
#include "emu/memory/memory.h"

struct scatter {
    struct memory *memory;
    /* Gives the next piece; false at the end of the list, or with `bad` set when the list cannot be read. */
    bool (*next)(struct scatter *scatter, uint64_t *address, uint64_t *length);
    void *opaque;
    uint64_t table;           /* for next(): where the list goes on */
    uint32_t entries;         /* and how many are left */
    uint64_t address, length; /* what is left of the current piece */
    uint64_t done;            /* bytes moved */
    bool bad;                 /* the list or a piece lies where no memory is */
    bool short_list;          /* the list ended before the data */
};

/* Each moves @length bytes if the list is long enough, else what fits; true if all were moved. */
bool scatter_write(struct scatter *scatter, const void *data, uint64_t length); /* to the guest */
bool scatter_read(struct scatter *scatter, void *data, uint64_t length);        /* from the guest */
/*
 * Between guest and disk; false with neither `bad` nor `short_list` set: the host could not read or write, or the range
 * lies outside the disk.  What was read by then stands in guest memory.
 */
bool scatter_from_disk(struct scatter *scatter, struct block *block, uint64_t offset, uint64_t length);
bool scatter_to_disk(struct scatter *scatter, struct block *block, uint64_t offset, uint64_t length);

#endif
