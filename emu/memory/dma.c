/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access by devices and by the host: RAM directly, device regions through their callbacks. */
#include <string.h>

#include "emu/bytes.h"
#include "emu/memory/internal.h"

#define PAGE_SIZE 4096

/* There are a handful of RAM regions, the first of them takes nearly all accesses. */
struct memory_region *memory_find_ram(struct memory *memory, uint64_t address)
{
    for (guint i = 0; i < memory->ram->len; i++) {
        struct memory_region *region = g_ptr_array_index(memory->ram, i);
        if (region->mapped_enabled && address >= region->mapped_address &&
            address - region->mapped_address < region->size)
            return region;
    }
    return NULL;
}

void *memory_pointer(struct memory *memory, uint64_t address, uint64_t length)
{
    struct memory_region *region = memory_find_ram(memory, address);

    if (!region || length > region->size - (address - region->mapped_address))
        return NULL;
    return region->host + (address - region->mapped_address);
}

void memory_written(struct memory *memory, uint64_t address, uint64_t length)
{
    struct memory_region *region = memory_find_ram(memory, address);

    if (!region || length == 0)
        return;
    uint64_t first = (address - region->mapped_address) / PAGE_SIZE;
    uint64_t last = (address - region->mapped_address + length - 1) / PAGE_SIZE;
    for (uint64_t page = first; page <= last && page < region->size / PAGE_SIZE; page++)
        region->written[page / 8] |= (uint8_t)(1 << page % 8);
    if (memory->listener.written)
        memory->listener.written(memory->listener.opaque, address, length);
}

/* Bytes of [@address, +@length) that lie in @region, RAM. */
static size_t ram_part(const struct memory_region *region, uint64_t address, size_t length)
{
    uint64_t left = region->size - (address - region->mapped_address);

    return length < left ? length : (size_t)left;
}

/* One access to a device region, the widest that alignment and @length allow. */
static unsigned io_part(uint64_t address, size_t length)
{
    unsigned size = 8;

    while (size > 1 && (address % size || size > length))
        size /= 2;
    return size;
}

bool memory_read(struct memory *memory, uint64_t address, void *buffer, size_t length)
{
    uint8_t *to = buffer;
    bool whole = true;

    while (length) {
        struct memory_region *region = memory_find_ram(memory, address);
        size_t part;
        if (region) {
            part = ram_part(region, address, length);
            memcpy(to, region->host + (address - region->mapped_address), part);
        } else {
            uint64_t last;
            part = io_part(address, length);
            whole &= memory_find(memory, MEMORY_SPACE_PHYSICAL, address, &last) != NULL;
            uint64_t value = memory_io_read(memory, MEMORY_SPACE_PHYSICAL, address, (unsigned)part);
            put_le(to, value, (unsigned)part);
        }
        address += part;
        to += part;
        length -= part;
    }
    return whole;
}

bool memory_write(struct memory *memory, uint64_t address, const void *buffer, size_t length)
{
    const uint8_t *from = buffer;
    bool whole = true;

    while (length) {
        struct memory_region *region = memory_find_ram(memory, address);
        size_t part;
        if (region) {
            part = ram_part(region, address, length);
            memcpy(region->host + (address - region->mapped_address), from, part);
            memory_written(memory, address, part);
        } else {
            uint64_t last;
            part = io_part(address, length);
            whole &= memory_find(memory, MEMORY_SPACE_PHYSICAL, address, &last) != NULL;
            memory_io_write(memory, MEMORY_SPACE_PHYSICAL, address, (unsigned)part, get_le(from, (unsigned)part));
        }
        address += part;
        from += part;
        length -= part;
    }
    return whole;
}

bool memory_set(struct memory *memory, uint64_t address, uint8_t value, size_t length)
{
    uint8_t chunk[PAGE_SIZE];
    bool whole = true;

    memset(chunk, value, sizeof(chunk));
    while (length) {
        size_t part = length < sizeof(chunk) ? length : sizeof(chunk);
        whole &= memory_write(memory, address, chunk, part);
        address += part;
        length -= part;
    }
    return whole;
}

static uint64_t read_value(struct memory *memory, uint64_t address, unsigned size)
{
    uint8_t bytes[8];

    memory_read(memory, address, bytes, size);
    return get_le(bytes, size);
}

static void write_value(struct memory *memory, uint64_t address, unsigned size, uint64_t value)
{
    uint8_t bytes[8];

    put_le(bytes, value, size);
    memory_write(memory, address, bytes, size);
}

uint8_t memory_read8(struct memory *memory, uint64_t address)
{
    return (uint8_t)read_value(memory, address, 1);
}

uint16_t memory_read16(struct memory *memory, uint64_t address)
{
    return (uint16_t)read_value(memory, address, 2);
}

uint32_t memory_read32(struct memory *memory, uint64_t address)
{
    return (uint32_t)read_value(memory, address, 4);
}

uint64_t memory_read64(struct memory *memory, uint64_t address)
{
    return read_value(memory, address, 8);
}

void memory_write8(struct memory *memory, uint64_t address, uint8_t value)
{
    write_value(memory, address, 1, value);
}

void memory_write16(struct memory *memory, uint64_t address, uint16_t value)
{
    write_value(memory, address, 2, value);
}

void memory_write32(struct memory *memory, uint64_t address, uint32_t value)
{
    write_value(memory, address, 4, value);
}

void memory_write64(struct memory *memory, uint64_t address, uint64_t value)
{
    write_value(memory, address, 8, value);
}
