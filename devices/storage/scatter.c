/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks the guest's list and moves bytes; neighbours in memory are moved at once. */
#include "devices/storage/scatter.h"

#include <string.h>

enum { BOUNCE_SIZE = 4096 };

/* A piece of the guest's memory of at most @most bytes; its length, 0 at the end of the list. */
static uint64_t take(struct scatter *scatter, uint64_t most, uint64_t *address)
{
    uint64_t part, next_address, next_length;

    while (scatter->length < most && scatter->next(scatter, &next_address, &next_length)) {
        if (scatter->length && scatter->address + scatter->length != next_address) {
            /* Not a neighbour: the current piece goes first, this one is looked at again. */
            part = scatter->length;
            *address = scatter->address;
            scatter->address = next_address;
            scatter->length = next_length;
            return part;
        }
        if (!scatter->length)
            scatter->address = next_address;
        scatter->length += next_length;
    }
    part = MIN(scatter->length, most);
    *address = scatter->address;
    scatter->address += part;
    scatter->length -= part;
    return part;
}

bool scatter_write(struct scatter *scatter, const void *data, uint64_t length)
{
    const uint8_t *from = data;
    uint64_t address, part;

    while (length && (part = take(scatter, length, &address)) != 0) {
        if (!memory_write(scatter->memory, address, from, part))
            scatter->bad = true;
        from += part;
        length -= part;
        scatter->done += part;
    }
    scatter->short_list |= length != 0;
    return length == 0 && !scatter->bad;
}

bool scatter_read(struct scatter *scatter, void *data, uint64_t length)
{
    uint8_t *to = data;
    uint64_t address, part;

    while (length && (part = take(scatter, length, &address)) != 0) {
        if (!memory_read(scatter->memory, address, to, part))
            scatter->bad = true;
        to += part;
        length -= part;
        scatter->done += part;
    }
    memset(to, 0, length);
    scatter->short_list |= length != 0;
    return length == 0 && !scatter->bad;
}

/* For what is not RAM, or lies in two regions. */
static bool bounce(struct scatter *scatter, struct block *block, uint64_t offset, uint64_t address, uint64_t length,
                   bool to_disk)
{
    uint8_t buffer[BOUNCE_SIZE];

    while (length) {
        uint64_t part = MIN(length, sizeof(buffer));
        bool done;

        if (to_disk) {
            scatter->bad |= !memory_read(scatter->memory, address, buffer, part);
            done = !scatter->bad && block_write(block, offset, buffer, part);
        } else {
            done = block_read(block, offset, buffer, part);
            scatter->bad |= !memory_write(scatter->memory, address, buffer, part);
        }
        if (!done || scatter->bad)
            return false;
        offset += part;
        address += part;
        length -= part;
    }
    return true;
}

static bool move_piece(struct scatter *scatter, struct block *block, uint64_t offset, uint64_t address, uint64_t length,
                       bool to_disk)
{
    void *host = memory_pointer(scatter->memory, address, length);
    bool done;

    if (!host)
        return bounce(scatter, block, offset, address, length, to_disk);
    if (to_disk)
        return block_write(block, offset, host, length);
    done = block_read(block, offset, host, length);
    memory_written(scatter->memory, address, length);
    return done;
}

static bool move(struct scatter *scatter, struct block *block, uint64_t offset, uint64_t length, bool to_disk)
{
    uint64_t address, part;

    if (offset > block_size(block) || length > block_size(block) - offset)
        return false;
    while (length && (part = take(scatter, length, &address)) != 0) {
        if (!move_piece(scatter, block, offset, address, part, to_disk))
            return false;
        offset += part;
        length -= part;
        scatter->done += part;
    }
    scatter->short_list |= length != 0 && !scatter->bad;
    return length == 0;
}

bool scatter_from_disk(struct scatter *scatter, struct block *block, uint64_t offset, uint64_t length)
{
    return move(scatter, block, offset, length, false);
}

bool scatter_to_disk(struct scatter *scatter, struct block *block, uint64_t offset, uint64_t length)
{
    return move(scatter, block, offset, length, true);
}
