/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest-physical address space and x86 port space: RAM, ROM, device regions.
 *
 * Devices register regions with callbacks of (offset, size); a region may be moved, enabled and disabled at any time
 * (PCI BARs).  DMA goes through memory_read() and memory_write(), which mark pages dirty and drop translated code.
 * Where regions overlap, the one with the higher priority answers, then the one added last.
 */
#ifndef GALVANIC_EMU_MEMORY_MEMORY_H
#define GALVANIC_EMU_MEMORY_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory;
struct memory_region;
struct state_writer;
struct state_reader;

enum memory_space { MEMORY_SPACE_PHYSICAL, MEMORY_SPACE_PORT };

struct memory_region_ops {
    /*
     * @offset is relative to the region; @size 1, 2, 4 or 8, never more than max_size.  Accesses outside
     * [min_size, max_size] are split or merged by the memory: a wide one becomes several of max_size, ascending; a
     * narrow read one of min_size, shifted; a narrow write is given as it is with its own size only if min_size
     * allows, otherwise merged with a read of the rest.
     */
    uint64_t (*read)(void *opaque, uint64_t offset, unsigned size);
    void (*write)(void *opaque, uint64_t offset, unsigned size, uint64_t value);
    unsigned min_size; /* 0: 1 */
    unsigned max_size; /* 0: 4 */
};

/* What changes under a CPU engine that maps RAM directly; set by the machine. */
struct memory_listener {
    void (*map)(void *opaque, uint64_t address, uint64_t size, void *host, bool read_only);
    void (*unmap)(void *opaque, uint64_t address, uint64_t size);
    void (*written)(void *opaque, uint64_t address, uint64_t size);
    bool (*dirty)(void *opaque, uint64_t address); /* was the page ever written */
    void *opaque;
};

struct memory *memory_new(void);
void memory_free(struct memory *memory);
void memory_set_listener(struct memory *memory, const struct memory_listener *listener);

/*
 * Adds @size bytes of zeroed RAM (or ROM: guest writes are discarded, memory_write() is not) at @address, both multiples of
 * 4096.  Host memory is reserved, touched pages only are backed.  NULL with @error when the host has no room or the
 * range overlaps other RAM.  @name is for people and for the state ("ram", "vram").
 */
struct memory_region *memory_add_ram(struct memory *memory, const char *name, uint64_t address, uint64_t size,
                                     bool read_only, GError **error);
/* The host side of a RAM region, for displays; do not write through it. */
const uint8_t *memory_region_host(const struct memory_region *region);

/* Adds a device region, enabled.  @ops and @opaque live as long as the region.  @priority 0 is usual, higher wins. */
struct memory_region *memory_add_io(struct memory *memory, enum memory_space space, const char *name, uint64_t address,
                                    uint64_t size, int priority, const struct memory_region_ops *ops, void *opaque);
/* Moves and switches a region (also RAM: takes effect after the current instruction). */
void memory_region_set(struct memory_region *region, uint64_t address, bool enabled);
void memory_region_remove(struct memory_region *region);
/* Applies moves of RAM that a device asked for while guest code was running; the machine calls it between slices. */
void memory_commit(struct memory *memory);
/* @moved is called when a RAM region is moved from inside a callback, so that the machine ends the slice. */
void memory_set_moved_handler(struct memory *memory, void (*moved)(void *opaque), void *opaque);
/* True while memory_commit() has something to do. */
bool memory_pending(const struct memory *memory);

/* Access by the CPU or a debugger to a device region; unassigned physical reads give all ones, port reads too. */
uint64_t memory_io_read(struct memory *memory, enum memory_space space, uint64_t address, unsigned size);
void memory_io_write(struct memory *memory, enum memory_space space, uint64_t address, unsigned size, uint64_t value);

/*
 * DMA: RAM, and device regions by accesses of at most 8 bytes.  False when some byte is unassigned: those read as all
 * ones and writes to them are dropped.
 */
bool memory_read(struct memory *memory, uint64_t address, void *buffer, size_t length);
bool memory_write(struct memory *memory, uint64_t address, const void *buffer, size_t length);
/* Fills with a byte. */
bool memory_set(struct memory *memory, uint64_t address, uint8_t value, size_t length);
uint8_t memory_read8(struct memory *memory, uint64_t address);
uint16_t memory_read16(struct memory *memory, uint64_t address);
uint32_t memory_read32(struct memory *memory, uint64_t address);
uint64_t memory_read64(struct memory *memory, uint64_t address);
void memory_write8(struct memory *memory, uint64_t address, uint8_t value);
void memory_write16(struct memory *memory, uint64_t address, uint16_t value);
void memory_write32(struct memory *memory, uint64_t address, uint32_t value);
void memory_write64(struct memory *memory, uint64_t address, uint64_t value);

/*
 * Host pointer to [@address, @address + @length) if it lies in one RAM region, else NULL.  Valid during the current
 * call only.  For reading; after writing through it, memory_written() must be told.
 */
void *memory_pointer(struct memory *memory, uint64_t address, uint64_t length);
void memory_written(struct memory *memory, uint64_t address, uint64_t length);

/* RAM regions in the order of their addresses; returns false when @index is past the last. */
struct memory_ram_range {
    uint64_t address, size;
    const char *name;
    const uint8_t *host;
    bool read_only;
    bool mapped; /* false: a BAR that is not decoded now */
};
bool memory_ram_range(const struct memory *memory, unsigned index, struct memory_ram_range *out);

/* For people: the name of what answers at @address and the offset in it; NULL: nothing. */
const char *memory_name_at(struct memory *memory, enum memory_space space, uint64_t address, uint64_t *offset);
/* The @index-th enabled region, whatever it is, by address; NULL past the last. */
const char *memory_region_name(struct memory *memory, enum memory_space space, unsigned index, uint64_t *address,
                               uint64_t *size);

/* 64-bit hash of all pages that were ever written; a page of zeros counts as absent. */
uint64_t memory_hash(struct memory *memory);
/* Written pages as state: address, bytes. */
void memory_save(struct memory *memory, struct state_writer *out);
bool memory_load(struct memory *memory, struct state_reader *in, GError **error);

#endif
