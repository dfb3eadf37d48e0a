/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The structures in BAR 4, the capabilities that point to them, access through PCI space.  Virtio 1.2 section 4.1.4. */
#include <inttypes.h>

#include "devices/pci/pci_registers.h"
#include "devices/virtio/virtio_internal.h"
#include "emu/bytes.h"

/* Each structure has a page of BAR 4. */
enum {
    PAGE = 0x1000,
    COMMON = 0x0000,
    ISR = 0x1000,
    DEVICE = 0x2000,
    NOTIFY = 0x3000,
    NOTIFY_MULTIPLIER = 4,
    CAPABILITY_LENGTH = 16,
    LONG_CAPABILITY_LENGTH = 20,
};

/* --- common configuration --- */

static void fill_queue(struct virtio *virtio, uint8_t *common)
{
    const struct virtqueue *queue = virtio_selected(virtio);

    put_le16(common + VIRTIO_QUEUE_VECTOR, VIRTIO_NO_VECTOR);
    if (!queue)
        return;
    put_le16(common + VIRTIO_QUEUE_SIZE, queue->size);
    put_le16(common + VIRTIO_QUEUE_VECTOR, queue->vector);
    put_le16(common + VIRTIO_QUEUE_ENABLE, queue->enabled);
    put_le16(common + VIRTIO_QUEUE_NOTIFY_OFF, (uint16_t)queue->index);
    put_le64(common + VIRTIO_QUEUE_DESC, queue->descriptors);
    put_le64(common + VIRTIO_QUEUE_DRIVER, queue->driver);
    put_le64(common + VIRTIO_QUEUE_DEVICE, queue->device);
}

/* Half @select of the feature bits. */
static uint32_t feature_word(uint64_t features, uint32_t select)
{
    return select < 2 ? (uint32_t)(features >> 32 * select) : 0;
}

static uint32_t common_read(struct virtio *virtio, unsigned offset, unsigned size)
{
    uint8_t common[VIRTIO_COMMON_SIZE] = {0};

    if (offset + size > sizeof(common))
        return 0;
    put_le32(common + VIRTIO_DEVICE_FEATURE_SELECT, virtio->device_feature_select);
    put_le32(common + VIRTIO_DEVICE_FEATURE, feature_word(virtio->offered, virtio->device_feature_select));
    put_le32(common + VIRTIO_DRIVER_FEATURE_SELECT, virtio->driver_feature_select);
    put_le32(common + VIRTIO_DRIVER_FEATURE, feature_word(virtio->features, virtio->driver_feature_select));
    put_le16(common + VIRTIO_CONFIG_VECTOR, virtio->config_vector);
    put_le16(common + VIRTIO_NUM_QUEUES, (uint16_t)virtio->type->queues);
    common[VIRTIO_DEVICE_STATUS] = virtio->status;
    common[VIRTIO_CONFIG_GENERATION] = virtio->generation;
    put_le16(common + VIRTIO_QUEUE_SELECT, virtio->queue_select);
    fill_queue(virtio, common);
    return get_le(common + offset, size);
}

static void write_driver_features(struct virtio *virtio, uint32_t value)
{
    unsigned shift = 32 * virtio->driver_feature_select;

    if (virtio->status & VIRTIO_STATUS_FEATURES_OK) {
        machine_guest_error(virtio->machine, virtio->id, "features are written after FEATURES_OK");
        return;
    }
    if (virtio->driver_feature_select < 2)
        virtio->features = (virtio->features & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)value << shift;
    else if (value)
        machine_guest_error(virtio->machine, virtio->id, "features beyond bit 63 are accepted");
}

static void write_queue_size(struct virtio *virtio, struct virtqueue *queue, uint16_t size)
{
    if (size && size <= queue->maximum && (size & (size - 1)) == 0)
        queue->size = size;
    else
        machine_guest_error(virtio->machine, virtio->id, "queue %u: size %u is no power of two up to %u", queue->index,
                            size, queue->maximum);
}

static void write_queue_enable(struct virtio *virtio, struct virtqueue *queue, uint16_t value)
{
    if (value != 1)
        machine_guest_error(virtio->machine, virtio->id, "queue %u: %u is written to queue_enable", queue->index,
                            value);
    else if (queue->descriptors % 16 || queue->driver % 2 || queue->device % 4)
        virtio_fail(virtio, "queue %u: areas at 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " are not aligned",
                    queue->index, queue->descriptors, queue->driver, queue->device);
    else
        virtio_enable_queue(virtio, queue);
}

static void write_half(uint64_t *address, bool high, uint32_t value)
{
    *address = high ? (*address & UINT32_MAX) | (uint64_t)value << 32 : (*address & ~(uint64_t)UINT32_MAX) | value;
}

static void write_queue(struct virtio *virtio, unsigned offset, uint32_t value)
{
    struct virtqueue *queue = virtio_selected(virtio);

    if (!queue) {
        machine_guest_error(virtio->machine, virtio->id, "there is no queue %u", virtio->queue_select);
        return;
    }
    if (offset == VIRTIO_QUEUE_VECTOR) {
        queue->vector = virtio_check_vector(virtio, (uint16_t)value);
        return;
    }
    if (queue->enabled) {
        machine_guest_error(virtio->machine, virtio->id, "queue %u is changed while it is enabled", queue->index);
        return;
    }
    switch (offset) {
    case VIRTIO_QUEUE_SIZE:
        write_queue_size(virtio, queue, (uint16_t)value);
        return;
    case VIRTIO_QUEUE_ENABLE:
        write_queue_enable(virtio, queue, (uint16_t)value);
        return;
    case VIRTIO_QUEUE_DESC:
    case VIRTIO_QUEUE_DESC + 4:
        write_half(&queue->descriptors, offset != VIRTIO_QUEUE_DESC, value);
        return;
    case VIRTIO_QUEUE_DRIVER:
    case VIRTIO_QUEUE_DRIVER + 4:
        write_half(&queue->driver, offset != VIRTIO_QUEUE_DRIVER, value);
        return;
    case VIRTIO_QUEUE_DEVICE:
    case VIRTIO_QUEUE_DEVICE + 4:
        write_half(&queue->device, offset != VIRTIO_QUEUE_DEVICE, value);
        return;
    default: /* queue_notify_off */
        machine_guest_error(virtio->machine, virtio->id, "write to common register 0x%02x, which is read-only", offset);
    }
}

/* Fields are accessed at their natural width; 64-bit ones may be in two halves. */
static unsigned common_width(unsigned offset)
{
    if (offset == VIRTIO_DEVICE_STATUS || offset == VIRTIO_CONFIG_GENERATION)
        return 1;
    return (offset >= VIRTIO_CONFIG_VECTOR && offset < VIRTIO_QUEUE_DESC) ? 2 : 4;
}

static void common_write(struct virtio *virtio, unsigned offset, unsigned size, uint32_t value)
{
    if (offset + size > VIRTIO_COMMON_SIZE || size != common_width(offset) || offset % size) {
        machine_guest_error(virtio->machine, virtio->id, "write of %u bytes to common register 0x%02x", size, offset);
        return;
    }
    switch (offset) {
    case VIRTIO_DEVICE_FEATURE_SELECT:
        virtio->device_feature_select = value;
        return;
    case VIRTIO_DRIVER_FEATURE_SELECT:
        virtio->driver_feature_select = value;
        return;
    case VIRTIO_DRIVER_FEATURE:
        write_driver_features(virtio, value);
        return;
    case VIRTIO_CONFIG_VECTOR:
        virtio->config_vector = virtio_check_vector(virtio, (uint16_t)value);
        return;
    case VIRTIO_DEVICE_STATUS:
        virtio_write_status(virtio, (uint8_t)value);
        return;
    case VIRTIO_QUEUE_SELECT:
        virtio->queue_select = (uint16_t)value;
        return;
    case VIRTIO_DEVICE_FEATURE:
    case VIRTIO_NUM_QUEUES:
    case VIRTIO_CONFIG_GENERATION:
        machine_guest_error(virtio->machine, virtio->id, "write to common register 0x%02x, which is read-only", offset);
        return;
    default:
        write_queue(virtio, offset, value);
    }
}

/* --- notifications --- */

static void notify(struct virtio *virtio, unsigned offset, uint32_t value)
{
    unsigned index = offset / NOTIFY_MULTIPLIER;

    if (offset % NOTIFY_MULTIPLIER || index >= virtio->type->queues) {
        machine_guest_error(virtio->machine, virtio->id, "notification at 0x%x, where there is no queue", offset);
        return;
    }
    if ((uint16_t)value != index)
        machine_guest_error(virtio->machine, virtio->id, "queue %u is notified by the number %u", index, value);
    if (!(virtio->status & VIRTIO_STATUS_DRIVER_OK))
        machine_guest_error(virtio->machine, virtio->id, "queue %u is notified before DRIVER_OK", index);
    virtio_run(virtio, index);
}

/* --- the BAR --- */

static uint32_t modern_read(struct virtio *virtio, unsigned offset, unsigned size)
{
    unsigned inside = offset % PAGE;

    switch (offset - inside) {
    case COMMON:
        return common_read(virtio, inside, size);
    case ISR:
        return inside == 0 ? virtio_take_isr(virtio) : 0;
    case DEVICE:
        return virtio_read_config(virtio, inside, size);
    default: /* NOTIFY is for writing */
        return 0;
    }
}

static void modern_write(struct virtio *virtio, unsigned offset, unsigned size, uint32_t value)
{
    unsigned inside = offset % PAGE;

    if (virtio_is_own_access(virtio))
        return;
    switch (offset - inside) {
    case COMMON:
        common_write(virtio, inside, size, value);
        return;
    case ISR:
        machine_guest_error(virtio->machine, virtio->id, "write to the ISR status, which is read-only");
        return;
    case DEVICE:
        virtio_write_config(virtio, inside, size, value);
        return;
    default:
        notify(virtio, inside, value);
    }
}

static uint64_t region_read(void *opaque, uint64_t offset, unsigned size)
{
    return modern_read(opaque, (unsigned)offset, size);
}

static void region_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    modern_write(opaque, (unsigned)offset, size, (uint32_t)value);
}

const struct memory_region_ops virtio_modern_ops = {.read = region_read, .write = region_write};

/* --- access through PCI configuration space --- */

/* Where the access goes that the capability describes; false, with a message: nowhere. */
static bool access_target(struct virtio *virtio, uint16_t offset, unsigned size, uint32_t *target)
{
    const uint8_t *capability = &virtio->pci.config[virtio->access_capability];
    uint32_t length = get_le32(capability + VIRTIO_CAP_LENGTH);

    *target = get_le32(capability + VIRTIO_CAP_OFFSET);
    if (offset != virtio->access_capability + VIRTIO_CAP_DATA)
        return false;
    if (capability[VIRTIO_CAP_BAR] == VIRTIO_MODERN_BAR && length == size && *target % length == 0 &&
        *target < VIRTIO_MODERN_SIZE)
        return true;
    machine_guest_error(virtio->machine, virtio->id,
                        "access through PCI space: %u bytes for %" PRIu32 " at 0x%" PRIx32 " of BAR %u", size, length,
                        *target, capability[VIRTIO_CAP_BAR]);
    return false;
}

void virtio_config_reading(void *opaque, uint16_t offset, unsigned size)
{
    struct virtio *virtio = opaque;
    uint32_t target;

    if (access_target(virtio, offset, size, &target))
        put_le32(&virtio->pci.config[offset], modern_read(virtio, target, size));
}

void virtio_config_writing(void *opaque, uint16_t offset, unsigned size)
{
    struct virtio *virtio = opaque;
    uint32_t target;

    if (access_target(virtio, offset, size, &target))
        modern_write(virtio, target, size, get_le(&virtio->pci.config[offset], size));
}

/* --- capabilities --- */

static uint8_t add_capability(struct virtio *virtio, uint8_t type, uint8_t length, uint32_t offset, uint32_t size)
{
    uint8_t at = pci_add_capability(&virtio->pci, PCI_CAP_VENDOR, length);

    pci_define(&virtio->pci, at + VIRTIO_CAP_LENGTH_FIELD, 1, length, 0, 0);
    pci_define(&virtio->pci, at + VIRTIO_CAP_TYPE, 1, type, 0, 0);
    pci_define(&virtio->pci, at + VIRTIO_CAP_BAR, 1, size ? VIRTIO_MODERN_BAR : 0, 0, 0);
    pci_define(&virtio->pci, at + VIRTIO_CAP_OFFSET, 4, offset, 0, 0);
    pci_define(&virtio->pci, at + VIRTIO_CAP_LENGTH, 4, size, 0, 0);
    return at;
}

void virtio_add_capabilities(struct virtio *virtio)
{
    uint8_t at;

    add_capability(virtio, VIRTIO_CAP_COMMON, CAPABILITY_LENGTH, COMMON, PAGE);
    add_capability(virtio, VIRTIO_CAP_ISR, CAPABILITY_LENGTH, ISR, PAGE);
    add_capability(virtio, VIRTIO_CAP_DEVICE, CAPABILITY_LENGTH, DEVICE, PAGE);
    at = add_capability(virtio, VIRTIO_CAP_NOTIFY, LONG_CAPABILITY_LENGTH, NOTIFY, PAGE);
    pci_define(&virtio->pci, at + VIRTIO_CAP_MULTIPLIER, 4, NOTIFY_MULTIPLIER, 0, 0);
    at = add_capability(virtio, VIRTIO_CAP_PCI, LONG_CAPABILITY_LENGTH, 0, 0);
    pci_define(&virtio->pci, at + VIRTIO_CAP_BAR, 1, 0, 0xFF, 0);
    pci_define(&virtio->pci, at + VIRTIO_CAP_OFFSET, 4, 0, UINT32_MAX, 0);
    pci_define(&virtio->pci, at + VIRTIO_CAP_LENGTH, 4, 0, UINT32_MAX, 0);
    pci_define(&virtio->pci, at + VIRTIO_CAP_DATA, 4, 0, UINT32_MAX, 0);
    virtio->access_capability = at;
}
