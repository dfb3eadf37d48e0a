/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Split virtqueues: rings, chains, indirect tables, suppression of notifications.  Virtio 1.2 section 2.7. */
#include "devices/virtio/virtqueue.h"

#include <inttypes.h>

#include "devices/virtio/virtio_pci.h"
#include "devices/virtio/virtio_registers.h"
#include "emu/bytes.h"

enum {
    DESCRIPTOR_SIZE = 16,
    DESCRIPTOR_NEXT = 1 << 0,
    DESCRIPTOR_WRITE = 1 << 1,
    DESCRIPTOR_INDIRECT = 1 << 2,

    RING_FLAGS = 0, /* of both rings */
    RING_INDEX = 2,
    RING_ENTRIES = 4,
    AVAILABLE_ENTRY_SIZE = 2,
    AVAILABLE_NO_INTERRUPT = 1 << 0,
    USED_ENTRY_SIZE = 8,

    RAM_PAGE = 4096,
};

/* What one run may move before guest code goes on: one instruction of the guest must not keep the host for minutes. */
#define RUN_BYTES (UINT64_C(256) << 20)

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

/* --- guest memory --- */

static struct memory *queue_memory(const struct virtqueue *queue)
{
    return machine_memory(queue->virtio->machine);
}

/* Rings lie in RAM alone: access to a device's registers, our own among them, would be of no use to a driver. */
static bool ring_read(struct virtqueue *queue, uint64_t address, void *buffer, size_t length)
{
    if (memory_pointer(queue_memory(queue), address, length) &&
        pci_dma_read(&queue->virtio->pci, address, buffer, length))
        return true;
    virtio_fail(queue->virtio, "queue %u: the ring at 0x%" PRIx64 " cannot be read", queue->index, address);
    return false;
}

static bool ring_write(struct virtqueue *queue, uint64_t address, const void *buffer, size_t length)
{
    if (memory_pointer(queue_memory(queue), address, length) &&
        pci_dma_write(&queue->virtio->pci, address, buffer, length))
        return true;
    virtio_fail(queue->virtio, "queue %u: the ring at 0x%" PRIx64 " cannot be written", queue->index, address);
    return false;
}

static bool ring_read16(struct virtqueue *queue, uint64_t address, uint16_t *value)
{
    uint8_t bytes[2];

    if (!ring_read(queue, address, bytes, sizeof(bytes)))
        return false;
    *value = get_le16(bytes);
    return true;
}

static bool ring_write16(struct virtqueue *queue, uint64_t address, uint16_t value)
{
    uint8_t bytes[2];

    put_le16(bytes, value);
    return ring_write(queue, address, bytes, sizeof(bytes));
}

/* RAM regions are whole pages: a buffer over a border of two is looked at page by page. */
static bool in_ram(struct memory *memory, uint64_t address, uint64_t length)
{
    if (memory_pointer(memory, address, length))
        return true;
    while (length) {
        uint64_t part = MIN(length, RAM_PAGE - address % RAM_PAGE);

        if (!memory_pointer(memory, address, part))
            return false;
        address += part;
        length -= part;
    }
    return true;
}

/* --- chains --- */

static bool add_segment(struct virtqueue *queue, struct virtqueue_chain *chain, const struct descriptor *descriptor)
{
    bool write = descriptor->flags & DESCRIPTOR_WRITE;

    if (!write && chain->writable_bytes) {
        virtio_fail(queue->virtio, "queue %u: a readable buffer follows a writable one", queue->index);
        return false;
    }
    if (chain->readable_bytes + chain->writable_bytes + descriptor->length > UINT32_MAX) {
        virtio_fail(queue->virtio, "queue %u: a chain is longer than 4 GiB", queue->index);
        return false;
    }
    if (!in_ram(chain->memory, descriptor->address, descriptor->length)) {
        virtio_fail(queue->virtio, "queue %u: a buffer of %" PRIu32 " bytes at 0x%" PRIx64 " is not in RAM",
                    queue->index, descriptor->length, descriptor->address);
        return false;
    }
    if (descriptor->length == 0)
        return true;
    chain->segment[chain->readable + chain->writable] =
        (struct virtqueue_segment){descriptor->address, descriptor->length};
    *(write ? &chain->writable : &chain->readable) += 1;
    *(write ? &chain->writable_bytes : &chain->readable_bytes) += descriptor->length;
    return true;
}

static bool read_descriptor(struct virtqueue *queue, uint64_t table, uint32_t index, struct descriptor *descriptor)
{
    uint8_t bytes[DESCRIPTOR_SIZE];

    if (!ring_read(queue, table + (uint64_t)index * DESCRIPTOR_SIZE, bytes, sizeof(bytes)))
        return false;
    *descriptor = (struct descriptor){get_le64(bytes), get_le32(bytes + 8), get_le16(bytes + 12), get_le16(bytes + 14)};
    return true;
}

static bool indirect_valid(struct virtqueue *queue, const struct descriptor *descriptor, bool nested)
{
    if (!virtio_negotiated(queue->virtio, VIRTIO_F_INDIRECT_DESC))
        virtio_fail(queue->virtio, "queue %u: an indirect descriptor, which was not negotiated", queue->index);
    else if (nested)
        virtio_fail(queue->virtio, "queue %u: an indirect descriptor in an indirect table", queue->index);
    else if (descriptor->flags & DESCRIPTOR_NEXT)
        virtio_fail(queue->virtio, "queue %u: an indirect descriptor with a next one", queue->index);
    else if (descriptor->length == 0 || descriptor->length % DESCRIPTOR_SIZE)
        virtio_fail(queue->virtio, "queue %u: an indirect table of %" PRIu32 " bytes", queue->index,
                    descriptor->length);
    else
        return true;
    return false;
}

static bool collect(struct virtqueue *queue, struct virtqueue_chain *chain)
{
    uint64_t table = queue->descriptors;
    uint32_t entries = queue->size, index = chain->head;
    unsigned count = 0;
    bool indirect = false;

    while (count < queue->maximum) {
        struct descriptor descriptor;

        if (!read_descriptor(queue, table, index, &descriptor))
            return false;
        if (descriptor.flags & DESCRIPTOR_INDIRECT) {
            if (!indirect_valid(queue, &descriptor, indirect))
                return false;
            table = descriptor.address;
            entries = descriptor.length / DESCRIPTOR_SIZE;
            index = 0;
            indirect = true;
            continue;
        }
        count++;
        if (!add_segment(queue, chain, &descriptor))
            return false;
        if (!(descriptor.flags & DESCRIPTOR_NEXT))
            return true;
        index = descriptor.next;
        if (index >= entries) {
            virtio_fail(queue->virtio, "queue %u: a descriptor's next one is %" PRIu32 " of %" PRIu32, queue->index,
                        index, entries);
            return false;
        }
    }
    virtio_fail(queue->virtio, "queue %u: a chain of more than %u descriptors", queue->index, queue->maximum);
    return false;
}

bool virtqueue_pop(struct virtqueue *queue, struct virtqueue_chain *chain)
{
    uint64_t ring = queue->driver + RING_ENTRIES;

    if (queue->next_available == queue->available_end || virtio_is_broken(queue->virtio))
        return false;
    if (queue->moved >= RUN_BYTES) {
        virtio_run_later(queue->virtio, queue->index);
        return false;
    }
    chain->memory = queue_memory(queue);
    chain->readable = chain->writable = 0;
    chain->readable_bytes = chain->writable_bytes = 0;
    if (!ring_read16(queue, ring + (queue->next_available & (queue->size - 1)) * AVAILABLE_ENTRY_SIZE, &chain->head))
        return false;
    if (chain->head >= queue->size) {
        virtio_fail(queue->virtio, "queue %u: the chain's head is descriptor %u of %u", queue->index, chain->head,
                    queue->size);
        return false;
    }
    if (!collect(queue, chain))
        return false;
    queue->next_available++;
    queue->moved += chain->readable_bytes + chain->writable_bytes;
    return true;
}

void virtqueue_charge(struct virtqueue *queue, uint64_t bytes)
{
    queue->moved += MIN(bytes, RUN_BYTES);
}

void virtqueue_push(struct virtqueue *queue, const struct virtqueue_chain *chain, uint32_t written)
{
    uint64_t entry = queue->device + RING_ENTRIES + (queue->next_used & (queue->size - 1)) * USED_ENTRY_SIZE;
    uint8_t bytes[USED_ENTRY_SIZE];

    if (virtio_is_broken(queue->virtio))
        return;
    put_le32(bytes, chain->head);
    put_le32(bytes + 4, written);
    if (ring_write(queue, entry, bytes, sizeof(bytes)) &&
        ring_write16(queue, queue->device + RING_INDEX, (uint16_t)(queue->next_used + 1)))
        queue->next_used++;
}

/* --- a run --- */

bool virtqueue_begin(struct virtqueue *queue)
{
    uint16_t waiting;

    queue->moved = 0;
    if (!ring_read16(queue, queue->driver + RING_INDEX, &queue->available_end))
        return false;
    waiting = (uint16_t)(queue->available_end - queue->next_available);
    if (waiting <= queue->size)
        return true;
    virtio_fail(queue->virtio, "queue %u: %u chains are available in a ring of %u", queue->index, waiting, queue->size);
    return false;
}

/* The driver is told when the used ring's index has passed the one that it named. */
static bool wants_event(struct virtqueue *queue, uint16_t used_before)
{
    uint64_t used_event = queue->driver + RING_ENTRIES + queue->size * AVAILABLE_ENTRY_SIZE;
    uint64_t available_event = queue->device + RING_ENTRIES + queue->size * USED_ENTRY_SIZE;
    uint16_t event;

    /* And tells us of the next chain that it makes available. */
    if (!ring_write16(queue, available_event, queue->next_available) || !ring_read16(queue, used_event, &event))
        return false;
    return (uint16_t)(queue->next_used - event - 1) < (uint16_t)(queue->next_used - used_before);
}

bool virtqueue_end(struct virtqueue *queue, uint16_t used_before)
{
    uint16_t flags;

    if (virtio_is_broken(queue->virtio))
        return false;
    if (virtio_negotiated(queue->virtio, VIRTIO_F_EVENT_IDX))
        return wants_event(queue, used_before);
    return queue->next_used != used_before && ring_read16(queue, queue->driver + RING_FLAGS, &flags) &&
           !(flags & AVAILABLE_NO_INTERRUPT);
}

/* --- data --- */

static bool next_segment(struct scatter *scatter, uint64_t *address, uint64_t *length)
{
    const struct virtqueue_chain *chain = scatter->opaque;

    if (scatter->entries == 0)
        return false;
    *address = chain->segment[scatter->table].address;
    *length = chain->segment[scatter->table].length;
    scatter->table++;
    scatter->entries--;
    return true;
}

struct scatter virtqueue_readable(struct virtqueue_chain *chain)
{
    return (struct scatter){.memory = chain->memory, .next = next_segment, .opaque = chain, .entries = chain->readable};
}

struct scatter virtqueue_writable(struct virtqueue_chain *chain)
{
    return (struct scatter){.memory = chain->memory,
                            .next = next_segment,
                            .opaque = chain,
                            .table = chain->readable,
                            .entries = chain->writable};
}

/* --- state --- */

void virtqueue_reset(struct virtqueue *queue)
{
    queue->size = queue->maximum;
    queue->vector = VIRTIO_NO_VECTOR;
    queue->enabled = false;
    queue->descriptors = queue->driver = queue->device = 0;
    queue->next_available = queue->next_used = 0;
}

static const struct state_field fields[] = {
    STATE_U16(struct virtqueue, size),
    STATE_U16(struct virtqueue, vector),
    STATE_BOOL(struct virtqueue, enabled),
    STATE_U64(struct virtqueue, descriptors),
    STATE_U64(struct virtqueue, driver),
    STATE_U64(struct virtqueue, device),
    STATE_U16(struct virtqueue, next_available),
    STATE_U16(struct virtqueue, next_used),
    STATE_END,
};

const struct state_table virtqueue_state = {.name = "virtqueue", .version = 1, .fields = fields};
