/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a virtio device: status, features, queues, interrupts.  Virtio 1.2 chapters 2 and 3, section 4.1.5. */
#include "devices/virtio/virtio_pci.h"

#include <inttypes.h>
#include <string.h>

#include "devices/virtio/virtio_internal.h"
#include "emu/bytes.h"

enum {
    VENDOR_VIRTIO = 0x1AF4,
    MODERN_PCI_ID = 0x1040,    /* plus the virtio device ID */
    MODERN_SUBSYSTEM = 0x1100, /* transitional devices have their virtio device ID there */
    LEGACY_CONFIG = 24,
    MSIX_SIZE = 4096,
    MSIX_PENDING = 2048,
};

#define BIT(feature) (UINT64_C(1) << (feature))

static void trace(struct virtio *virtio, const char *what, uint64_t value)
{
    trace_event(machine_trace_log(virtio->machine), TRACE_DEVICE, virtio->id, "%s 0x%" PRIx64, what, value);
}

/* --- interrupts --- */

static void update_intx(struct virtio *virtio)
{
    pci_set_intx(&virtio->pci, virtio->isr && !pci_msix_enabled(&virtio->pci));
}

static void send_message(struct virtio *virtio, uint16_t vector)
{
    if (vector != VIRTIO_NO_VECTOR)
        pci_msi_send(&virtio->pci, vector);
}

static void queue_interrupt(struct virtio *virtio, const struct virtqueue *queue)
{
    if (pci_msix_enabled(&virtio->pci)) {
        send_message(virtio, queue->vector);
        return;
    }
    virtio->isr |= VIRTIO_ISR_QUEUE;
    update_intx(virtio);
}

static void config_interrupt(struct virtio *virtio)
{
    virtio->isr |= VIRTIO_ISR_CONFIG;
    if (pci_msix_enabled(&virtio->pci))
        send_message(virtio, virtio->config_vector);
    update_intx(virtio);
}

uint8_t virtio_take_isr(struct virtio *virtio)
{
    uint8_t isr = virtio->isr;

    virtio->isr = 0;
    update_intx(virtio);
    return isr;
}

uint16_t virtio_check_vector(const struct virtio *virtio, uint16_t vector)
{
    return vector <= virtio->type->queues ? vector : VIRTIO_NO_VECTOR; /* one for each queue, one for changes */
}

void virtio_config_changed(struct virtio *virtio)
{
    virtio->generation++;
    if (virtio->status & VIRTIO_STATUS_DRIVER_OK)
        config_interrupt(virtio);
}

/* --- status and features --- */

bool virtio_negotiated(const struct virtio *virtio, unsigned feature)
{
    return virtio->features & BIT(feature);
}

bool virtio_is_broken(const struct virtio *virtio)
{
    return virtio->status & VIRTIO_STATUS_NEEDS_RESET;
}

void virtio_needs_reset(struct virtio *virtio)
{
    if (virtio_is_broken(virtio))
        return;
    virtio->status |= VIRTIO_STATUS_NEEDS_RESET;
    trace(virtio, "status", virtio->status);
    if (virtio->status & VIRTIO_STATUS_DRIVER_OK)
        config_interrupt(virtio);
}

void virtio_reset(struct virtio *virtio)
{
    virtio->features = 0;
    virtio->device_feature_select = virtio->driver_feature_select = 0;
    virtio->queue_select = 0;
    virtio->config_vector = VIRTIO_NO_VECTOR;
    virtio->status = virtio->isr = virtio->generation = 0;
    virtio->legacy = false;
    virtio->waiting = 0;
    clock_timer_set(virtio->later, CLOCK_NEVER);
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        virtqueue_reset(&virtio->queue[i]);
    update_intx(virtio);
    if (virtio->type->reset)
        virtio->type->reset(virtio->device);
}

/* A driver that uses the modern interface has to accept VERSION_1, and nothing that is not offered. */
static bool features_acceptable(struct virtio *virtio)
{
    if (virtio->features & ~virtio->offered)
        machine_guest_error(virtio->machine, virtio->id,
                            "the driver accepts features 0x%" PRIx64 " that are not offered",
                            virtio->features & ~virtio->offered);
    else if (!virtio_negotiated(virtio, VIRTIO_F_VERSION_1))
        machine_guest_error(virtio->machine, virtio->id, "the driver does not accept VIRTIO_F_VERSION_1");
    else
        return true;
    return false;
}

void virtio_write_status(struct virtio *virtio, uint8_t value)
{
    uint8_t added;

    trace(virtio, "driver writes status", value);
    if (value == 0) {
        virtio_reset(virtio);
        return;
    }
    if (virtio->status & ~value & ~VIRTIO_STATUS_NEEDS_RESET)
        machine_guest_error(virtio->machine, virtio->id, "status 0x%02x clears bits of 0x%02x, which only a reset does",
                            value, virtio->status);
    added = value & ~virtio->status & ~VIRTIO_STATUS_NEEDS_RESET;
    if (!virtio->legacy && (added & VIRTIO_STATUS_FEATURES_OK)) {
        trace(virtio, "features", virtio->features);
        if (!features_acceptable(virtio))
            added &= ~VIRTIO_STATUS_FEATURES_OK;
    }
    if (!virtio->legacy && (added & VIRTIO_STATUS_DRIVER_OK) &&
        !((virtio->status | added) & VIRTIO_STATUS_FEATURES_OK)) {
        machine_guest_error(virtio->machine, virtio->id, "DRIVER_OK without FEATURES_OK");
        added &= ~VIRTIO_STATUS_DRIVER_OK;
    }
    virtio->status |= added;
    /* What waits for buffers that are there already need not wait for a notification. */
    if (added & VIRTIO_STATUS_DRIVER_OK)
        for (unsigned i = 0; i < virtio->type->queues; i++)
            virtio_run(virtio, i);
}

/* --- queues --- */

struct virtqueue *virtio_selected(struct virtio *virtio)
{
    return virtio->queue_select < virtio->type->queues ? &virtio->queue[virtio->queue_select] : NULL;
}

void virtio_enable_queue(struct virtio *virtio, struct virtqueue *queue)
{
    queue->next_available = queue->next_used = 0;
    queue->enabled = true;
    trace_event(machine_trace_log(virtio->machine), TRACE_DEVICE, virtio->id,
                "queue %u of %u entries at 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64, queue->index, queue->size,
                queue->descriptors, queue->driver, queue->device);
}

/* Drivers of the legacy interface use their queues before they say DRIVER_OK. */
static bool is_live(const struct virtio *virtio)
{
    return !virtio_is_broken(virtio) && (virtio->legacy || (virtio->status & VIRTIO_STATUS_DRIVER_OK));
}

void virtio_run(struct virtio *virtio, unsigned index)
{
    struct virtqueue *queue = &virtio->queue[index];
    uint16_t used = queue->next_used;

    if (!is_live(virtio) || !queue->enabled)
        return;
    virtio->running = true;
    if (virtqueue_begin(queue)) {
        virtio->type->notified(virtio->device, queue);
        if (virtqueue_end(queue, used))
            queue_interrupt(virtio, queue);
    }
    virtio->running = false;
}

void virtio_run_later(struct virtio *virtio, unsigned index)
{
    virtio->waiting |= 1u << index;
    /* Later indeed: what the journal delivers at this very point comes before it, in the run as in its replay. */
    clock_timer_set(virtio->later, machine_now(virtio->machine) + 1);
}

static void run_waiting(void *opaque)
{
    struct virtio *virtio = opaque;
    uint32_t waiting = virtio->waiting;

    virtio->waiting = 0;
    for (unsigned i = 0; i < virtio->type->queues; i++)
        if (waiting & 1u << i)
            virtio_run(virtio, i);
}

bool virtio_is_own_access(struct virtio *virtio)
{
    if (virtio->running)
        machine_guest_error(virtio->machine, virtio->id, "a message of the device writes to its own registers");
    return virtio->running;
}

/* --- device-specific configuration --- */

uint32_t virtio_read_config(const struct virtio *virtio, unsigned offset, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size && offset + i < virtio->type->config_size; i++)
        value |= (uint32_t)virtio->config[offset + i] << 8 * i;
    return value;
}

void virtio_write_config(struct virtio *virtio, unsigned offset, unsigned size, uint32_t value)
{
    if (virtio->type->config_written && offset + size <= virtio->type->config_size)
        virtio->type->config_written(virtio->device, offset, size, value);
    else
        machine_guest_error(virtio->machine, virtio->id, "write to byte %u of the configuration, which is read-only",
                            offset);
}

/* --- life --- */

static void config_written(void *opaque, uint16_t offset, unsigned size)
{
    struct virtio *virtio = opaque;

    update_intx(virtio); /* MSI-X may have been switched */
    virtio_config_writing(virtio, offset, size);
}

static uint64_t power_of_two(uint64_t least)
{
    uint64_t size = 32;

    while (size < least)
        size *= 2;
    return size;
}

static struct pci_identity make_identity(const struct virtio_type *type)
{
    struct pci_identity identity = {
        .vendor = VENDOR_VIRTIO,
        .device = type->legacy_pci ? type->legacy_pci : MODERN_PCI_ID + type->id,
        .subsystem_vendor = VENDOR_VIRTIO,
        .subsystem = type->legacy_pci ? type->id : MODERN_SUBSYSTEM,
        .class_code = type->class_code,
        .revision = type->legacy_pci ? 0 : 1,
        .interrupt_pin = 1,
    };

    if (type->legacy_pci)
        identity.bar[VIRTIO_LEGACY_BAR] = (struct pci_bar){
            .type = PCI_BAR_IO, .size = power_of_two(LEGACY_CONFIG + type->config_size), .ops = &virtio_legacy_ops};
    identity.bar[VIRTIO_MSIX_BAR] = (struct pci_bar){.type = PCI_BAR_MEMORY32, .size = MSIX_SIZE};
    identity.bar[VIRTIO_MODERN_BAR] = (struct pci_bar){
        .type = PCI_BAR_MEMORY64, .prefetchable = true, .size = VIRTIO_MODERN_SIZE, .ops = &virtio_modern_ops};
    return identity;
}

void virtio_init(struct virtio *virtio, struct machine *machine, struct pci_bus *bus, uint8_t devfn,
                 const struct virtio_type *type, uint64_t features, void *device, const char *id)
{
    g_assert(type->queues >= 1 && type->queues <= VIRTIO_QUEUES && type->config_size <= VIRTIO_CONFIG_SIZE);
    virtio->machine = machine;
    virtio->type = type;
    virtio->device = device;
    virtio->id = g_strdup(id);
    virtio->offered = features | BIT(VIRTIO_F_INDIRECT_DESC) | BIT(VIRTIO_F_EVENT_IDX) | BIT(VIRTIO_F_VERSION_1);
    virtio->identity = make_identity(type);
    virtio->later = clock_timer_new(machine_clock(machine), id, run_waiting, virtio);
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++) {
        g_assert(type->queue_size[i] <= VIRTQUEUE_LONGEST && (type->queue_size[i] & (type->queue_size[i] - 1)) == 0);
        virtio->queue[i] = (struct virtqueue){.virtio = virtio, .index = i, .maximum = type->queue_size[i]};
    }
    pci_function_init(&virtio->pci, bus, devfn, &virtio->identity, virtio);
    virtio_add_capabilities(virtio);
    pci_add_msix(&virtio->pci, type->queues + 1, VIRTIO_MSIX_BAR, 0, MSIX_PENDING);
    virtio->pci.config_written = config_written;
    virtio->pci.config_reading = virtio_config_reading;
}

void virtio_power_on(struct virtio *virtio)
{
    pci_function_reset(&virtio->pci);
    virtio_reset(virtio);
}

void virtio_finalize(struct virtio *virtio)
{
    clock_timer_free(virtio->later);
    pci_function_finalize(&virtio->pci);
    g_free(virtio->id);
}

static const struct state_field fields[] = {
    STATE_STRUCT(struct virtio, pci, &pci_function_state),
    STATE_U64(struct virtio, features),
    STATE_U32(struct virtio, device_feature_select),
    STATE_U32(struct virtio, driver_feature_select),
    STATE_U16(struct virtio, queue_select),
    STATE_U16(struct virtio, config_vector),
    STATE_U8(struct virtio, status),
    STATE_U8(struct virtio, isr),
    STATE_U8(struct virtio, generation),
    STATE_BOOL(struct virtio, legacy),
    STATE_U32(struct virtio, waiting),
    STATE_TIMER(struct virtio, later),
    STATE_STRUCT_ARRAY(struct virtio, queue, &virtqueue_state),
    STATE_END,
};

const struct state_table virtio_state = {.name = "virtio", .version = 1, .fields = fields};
