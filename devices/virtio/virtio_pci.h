/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio devices on PCI: what all of them share.  Virtio 1.2 chapters 2 to 4; devices are transitional unless their type
 * has no legacy form.
 *
 * BAR 0 is the legacy interface (ports), BAR 1 holds MSI-X, BAR 4 the structures of the modern one.  A notification is
 * carried out to its end, interrupt included, before the guest's store to the notify register completes.
 */
#ifndef GALVANIC_DEVICES_VIRTIO_VIRTIO_PCI_H
#define GALVANIC_DEVICES_VIRTIO_VIRTIO_PCI_H

#include "devices/pci/pci.h"
#include "devices/virtio/virtqueue.h"

enum { VIRTIO_QUEUES = 8, VIRTIO_CONFIG_SIZE = 64 };

/* Constant properties of a kind of device. */
struct virtio_type {
    const char *name;                   /* "virtio-blk" */
    uint16_t id;                        /* virtio device ID: 1 network, 2 block, 3 console, 4 entropy, ... */
    uint16_t legacy_pci;                /* PCI device ID 0x1000 to 0x103F of the transitional form; 0: there is none */
    uint32_t class_code;                /* of PCI */
    unsigned queues;                    /* 1..VIRTIO_QUEUES */
    uint16_t queue_size[VIRTIO_QUEUES]; /* powers of two up to VIRTQUEUE_LONGEST */
    unsigned config_size;               /* bytes of device-specific configuration, at most VIRTIO_CONFIG_SIZE */
    /* The driver made buffers available in @queue: take what is wanted with virtqueue_pop(). */
    void (*notified)(void *device, struct virtqueue *queue);
    /* The driver wrote @size bytes at @offset of the device-specific configuration.  NULL: it is read-only. */
    void (*config_written)(void *device, unsigned offset, unsigned size, uint32_t value);
    /* The device was reset by its driver, or powered on.  May be NULL. */
    void (*reset)(void *device);
};

struct virtio {
    struct pci_function pci;
    struct pci_identity identity;
    const struct virtio_type *type;
    struct machine *machine;
    void *device;
    char *id;
    uint64_t offered;                   /* feature bits */
    uint8_t config[VIRTIO_CONFIG_SIZE]; /* device-specific configuration as the driver reads it; no state */
    struct memory_region *legacy_region;
    uint8_t access_capability; /* offset of the one for access through PCI configuration space */
    struct clock_timer *later; /* goes on with `waiting` */
    bool running;              /* inside a run: our own DMA and messages change nothing here */

    uint64_t features; /* bits that the driver accepted */
    uint32_t device_feature_select, driver_feature_select;
    uint16_t queue_select, config_vector;
    uint8_t status, isr, generation;
    bool legacy;      /* the driver uses the legacy interface */
    uint32_t waiting; /* queues whose run was cut short, by bit */
    struct virtqueue queue[VIRTIO_QUEUES];
};

/* The state of the common part: STATE_STRUCT(struct virtio_blk, virtio, &virtio_state) in the device's table. */
extern const struct state_table virtio_state;

/*
 * For constructors: puts the function on @bus.  @features: what the device offers beyond that which all do.  The type is
 * kept by reference; `config` is the device's to fill.
 */
void virtio_init(struct virtio *virtio, struct machine *machine, struct pci_bus *bus, uint8_t devfn,
                 const struct virtio_type *type, uint64_t features, void *device, const char *id);
/* For the device's reset and unrealize. */
void virtio_power_on(struct virtio *virtio);
void virtio_finalize(struct virtio *virtio);

/* The driver has accepted feature bit @feature. */
bool virtio_negotiated(const struct virtio *virtio, unsigned feature);
/* Has the type's `notified` called for queue @index, if driver and queue are ready; also for what comes from outside. */
void virtio_run(struct virtio *virtio, unsigned index);
/* After a change of `config` that the driver did not make: a new generation, and an interrupt. */
void virtio_config_changed(struct virtio *virtio);
/* The driver broke the rules: says so once for each place in the code; the device waits for its reset. */
#define virtio_fail(virtio, ...)                                                                                       \
    do {                                                                                                               \
        machine_guest_error((virtio)->machine, (virtio)->id, __VA_ARGS__);                                             \
        virtio_needs_reset(virtio);                                                                                    \
    } while (0)
void virtio_needs_reset(struct virtio *virtio);
bool virtio_is_broken(const struct virtio *virtio);
/* For virtqueues: queue @index goes on at the next boundary between instructions. */
void virtio_run_later(struct virtio *virtio, unsigned index);

#endif
