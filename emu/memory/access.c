/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses to device regions: split and merged to the sizes that the device takes. */
#include "emu/bytes.h"
#include "emu/memory/internal.h"

static uint64_t region_read(struct memory_region *region, uint64_t offset, unsigned size)
{
    const struct memory_region_ops *ops = &region->ops;
    uint64_t value = 0;

    if (!ops->read)
        return all_ones(size);
    if (size < ops->min_size) {
        uint64_t aligned = offset & ~(uint64_t)(ops->min_size - 1);
        unsigned shift = (unsigned)(offset - aligned);
        return ops->read(region->opaque, aligned, ops->min_size) >> (8 * shift) & all_ones(size);
    }
    if (size <= ops->max_size)
        return ops->read(region->opaque, offset, size) & all_ones(size);
    for (unsigned done = 0; done < size; done += ops->max_size)
        value |= (ops->read(region->opaque, offset + done, ops->max_size) & all_ones(ops->max_size)) << (8 * done);
    return value;
}

static void region_write(struct memory_region *region, uint64_t offset, unsigned size, uint64_t value)
{
    const struct memory_region_ops *ops = &region->ops;

    if (!ops->write)
        return;
    if (size < ops->min_size) {
        uint64_t aligned = offset & ~(uint64_t)(ops->min_size - 1);
        unsigned shift = 8 * (unsigned)(offset - aligned);
        uint64_t rest = ops->read ? ops->read(region->opaque, aligned, ops->min_size) : 0;
        rest = (rest & ~(all_ones(size) << shift)) | (value & all_ones(size)) << shift;
        ops->write(region->opaque, aligned, ops->min_size, rest);
        return;
    }
    if (size <= ops->max_size) {
        ops->write(region->opaque, offset, size, value & all_ones(size));
        return;
    }
    for (unsigned done = 0; done < size; done += ops->max_size)
        ops->write(region->opaque, offset + done, ops->max_size, value >> (8 * done) & all_ones(ops->max_size));
}

static uint64_t ram_read(const struct memory_region *region, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size && offset + i < region->size; i++)
        value |= (uint64_t)region->host[offset + i] << (8 * i);
    return value;
}

/*
 * The first byte decides who decodes an access: a device takes all of one that lies inside its region, also where
 * another one lies over the rest (dword port 0xCF8 and the reset register 0xCF9).
 */
static bool takes_whole(const struct memory_region *region, uint64_t address, unsigned size)
{
    return region && !region->host && region->size - (address - region->address) >= size;
}

/* An access over the edge of a region goes byte by byte to whoever answers. */
uint64_t memory_io_read(struct memory *memory, enum memory_space space, uint64_t address, unsigned size)
{
    uint64_t last, value = 0;
    struct memory_region *region = memory_find(memory, space, address, &last);

    if (size > 1 && last - address < size - 1 && !takes_whole(region, address, size)) {
        for (unsigned i = 0; i < size; i++)
            value |= memory_io_read(memory, space, address + i, 1) << (8 * i);
        return value;
    }
    if (!region)
        return all_ones(size);
    if (region->host)
        return ram_read(region, address - region->address, size);
    return region_read(region, address - region->address, size);
}

void memory_io_write(struct memory *memory, enum memory_space space, uint64_t address, unsigned size, uint64_t value)
{
    uint64_t last;
    struct memory_region *region = memory_find(memory, space, address, &last);

    if (size > 1 && last - address < size - 1 && !takes_whole(region, address, size)) {
        for (unsigned i = 0; i < size; i++)
            memory_io_write(memory, space, address + i, 1, value >> (8 * i));
        return;
    }
    if (!region)
        return;
    if (region->host) {
        uint8_t bytes[8];
        put_le(bytes, value, size);
        /* RAM that has moved is there only after memory_commit(). */
        if (!region->read_only && memory_pointer(memory, address, size))
            memory_write(memory, address, bytes, size);
        return;
    }
    region_write(region, address - region->address, size, value);
}
