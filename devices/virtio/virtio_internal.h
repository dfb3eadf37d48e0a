/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the virtio transport share and no device needs. */
#ifndef GALVANIC_DEVICES_VIRTIO_VIRTIO_INTERNAL_H
#define GALVANIC_DEVICES_VIRTIO_VIRTIO_INTERNAL_H

#include "devices/virtio/virtio_pci.h"
#include "devices/virtio/virtio_registers.h"

enum { VIRTIO_LEGACY_BAR = 0, VIRTIO_MSIX_BAR = 1, VIRTIO_MODERN_BAR = 4 };

/* The two register interfaces, and the capabilities that lead to the modern one. */
extern const struct memory_region_ops virtio_legacy_ops, virtio_modern_ops;
#define VIRTIO_MODERN_SIZE 0x4000
void virtio_add_capabilities(struct virtio *virtio);
/* Guest access to the PCI access capability: before a read, after a write. */
void virtio_config_reading(void *opaque, uint16_t offset, unsigned size);
void virtio_config_writing(void *opaque, uint16_t offset, unsigned size);

/* --- what both interfaces do --- */
void virtio_reset(struct virtio *virtio);
void virtio_write_status(struct virtio *virtio, uint8_t value);
/* The queue that is selected; NULL: there is none of that number. */
struct virtqueue *virtio_selected(struct virtio *virtio);
void virtio_enable_queue(struct virtio *virtio, struct virtqueue *queue);
/* @vector if there is one, else VIRTIO_NO_VECTOR. */
uint16_t virtio_check_vector(const struct virtio *virtio, uint16_t vector);
uint8_t virtio_take_isr(struct virtio *virtio);
uint32_t virtio_read_config(const struct virtio *virtio, unsigned offset, unsigned size);
void virtio_write_config(struct virtio *virtio, unsigned offset, unsigned size, uint32_t value);
/* True, with a message, while a run of ours writes to our own registers. */
bool virtio_is_own_access(struct virtio *virtio);

#endif
