/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The legacy interface of transitional devices: ports in BAR 0.  Virtio 1.2 sections 2.7.2 and 4.1.4.10. */
#include "devices/virtio/virtio_internal.h"

enum {
    RING_HEAD = 4, /* bytes before a ring's entries */
    EVENT = 2,     /* and behind them */
    AVAILABLE_ENTRY = 2,
    DESCRIPTOR = 16,
};

static unsigned config_start(const struct virtio *virtio)
{
    return pci_msix_enabled(&virtio->pci) ? VIRTIO_LEGACY_CONFIG_MSIX : VIRTIO_LEGACY_CONFIG;
}

static uint32_t read_register(struct virtio *virtio, unsigned offset)
{
    const struct virtqueue *queue = virtio_selected(virtio);

    switch (offset) {
    case VIRTIO_LEGACY_DEVICE_FEATURES:
        return (uint32_t)virtio->offered | 1u << VIRTIO_F_ANY_LAYOUT;
    case VIRTIO_LEGACY_DRIVER_FEATURES:
        return (uint32_t)virtio->features;
    case VIRTIO_LEGACY_QUEUE_ADDRESS:
        return queue ? (uint32_t)(queue->descriptors / VIRTIO_LEGACY_PAGE) : 0;
    case VIRTIO_LEGACY_QUEUE_SIZE:
        return queue ? queue->maximum : 0;
    case VIRTIO_LEGACY_QUEUE_SELECT:
        return virtio->queue_select;
    case VIRTIO_LEGACY_STATUS:
        return virtio->status;
    case VIRTIO_LEGACY_ISR:
        return virtio_take_isr(virtio);
    case VIRTIO_LEGACY_CONFIG_VECTOR:
        return virtio->config_vector;
    case VIRTIO_LEGACY_QUEUE_VECTOR:
        return queue ? queue->vector : VIRTIO_NO_VECTOR;
    default:
        return 0;
    }
}

static uint64_t region_read(void *opaque, uint64_t offset, unsigned size)
{
    struct virtio *virtio = opaque;
    unsigned start = config_start(virtio);

    if (offset >= start)
        return virtio_read_config(virtio, (unsigned)offset - start, size);
    return read_register(virtio, (unsigned)offset);
}

/* The three areas follow each other, the used ring on a page of its own. */
static void place_queue(struct virtio *virtio, struct virtqueue *queue, uint32_t page)
{
    uint64_t address = (uint64_t)page * VIRTIO_LEGACY_PAGE, end;

    queue->size = queue->maximum;
    queue->descriptors = address;
    queue->driver = address + queue->size * DESCRIPTOR;
    end = queue->driver + RING_HEAD + queue->size * AVAILABLE_ENTRY + EVENT;
    queue->device = (end + VIRTIO_LEGACY_PAGE - 1) & ~(uint64_t)(VIRTIO_LEGACY_PAGE - 1);
    if (page)
        virtio_enable_queue(virtio, queue);
    else
        queue->enabled = false;
}

static void write_features(struct virtio *virtio, uint32_t value)
{
    uint32_t offered = (uint32_t)virtio->offered | 1u << VIRTIO_F_ANY_LAYOUT;

    if (value & ~offered)
        machine_guest_error(virtio->machine, virtio->id, "the driver accepts features 0x%x that are not offered",
                            value & ~offered);
    virtio->features = value & offered;
}

static void write_queue(struct virtio *virtio, unsigned offset, uint32_t value)
{
    struct virtqueue *queue = virtio_selected(virtio);

    if (!queue)
        machine_guest_error(virtio->machine, virtio->id, "there is no queue %u", virtio->queue_select);
    else if (offset == VIRTIO_LEGACY_QUEUE_VECTOR)
        queue->vector = virtio_check_vector(virtio, (uint16_t)value);
    else
        place_queue(virtio, queue, value);
}

static void write_register(struct virtio *virtio, unsigned offset, uint32_t value)
{
    virtio->legacy = true;
    switch (offset) {
    case VIRTIO_LEGACY_DRIVER_FEATURES:
        write_features(virtio, value);
        return;
    case VIRTIO_LEGACY_QUEUE_SELECT:
        virtio->queue_select = (uint16_t)value;
        return;
    case VIRTIO_LEGACY_QUEUE_NOTIFY:
        if (value < virtio->type->queues)
            virtio_run(virtio, value);
        else
            machine_guest_error(virtio->machine, virtio->id, "notification of queue %u, which is not there", value);
        return;
    case VIRTIO_LEGACY_STATUS:
        virtio_write_status(virtio, (uint8_t)value);
        return;
    case VIRTIO_LEGACY_CONFIG_VECTOR:
        virtio->config_vector = virtio_check_vector(virtio, (uint16_t)value);
        return;
    case VIRTIO_LEGACY_QUEUE_ADDRESS:
    case VIRTIO_LEGACY_QUEUE_VECTOR:
        write_queue(virtio, offset, value);
        return;
    default:
        machine_guest_error(virtio->machine, virtio->id, "write to legacy register 0x%02x, which is read-only", offset);
    }
}

static unsigned register_width(unsigned offset)
{
    if (offset < VIRTIO_LEGACY_QUEUE_SIZE)
        return 4;
    return offset == VIRTIO_LEGACY_STATUS || offset == VIRTIO_LEGACY_ISR ? 1 : 2;
}

static void region_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct virtio *virtio = opaque;
    unsigned start = config_start(virtio);

    if (virtio_is_own_access(virtio))
        return;
    if (offset >= start)
        virtio_write_config(virtio, (unsigned)offset - start, size, (uint32_t)value);
    else if (size == register_width((unsigned)offset) && offset % size == 0)
        write_register(virtio, (unsigned)offset, (uint32_t)value);
    else
        machine_guest_error(virtio->machine, virtio->id, "write of %u bytes to legacy register 0x%02x", size,
                            (unsigned)offset);
}

const struct memory_region_ops virtio_legacy_ops = {.read = region_read, .write = region_write};
