/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtio's feature bits, status bits and PCI structures.  Virtio 1.2 sections 2.1, 4.1.4 and 6. */
#ifndef GALVANIC_DEVICES_VIRTIO_VIRTIO_REGISTERS_H
#define GALVANIC_DEVICES_VIRTIO_VIRTIO_REGISTERS_H

/* Feature bits of all devices. */
enum {
    VIRTIO_F_ANY_LAYOUT = 27, /* legacy: buffers need not be framed as of old */
    VIRTIO_F_INDIRECT_DESC = 28,
    VIRTIO_F_EVENT_IDX = 29,
    VIRTIO_F_VERSION_1 = 32,
};

/* Device status. */
enum {
    VIRTIO_STATUS_ACKNOWLEDGE = 1,
    VIRTIO_STATUS_DRIVER = 2,
    VIRTIO_STATUS_DRIVER_OK = 4,
    VIRTIO_STATUS_FEATURES_OK = 8,
    VIRTIO_STATUS_NEEDS_RESET = 64,
    VIRTIO_STATUS_FAILED = 128,
};

enum { VIRTIO_NO_VECTOR = 0xFFFF };

/* ISR status. */
enum { VIRTIO_ISR_QUEUE = 1 << 0, VIRTIO_ISR_CONFIG = 1 << 1 };

/* Types of the vendor capabilities, and their members from the capability's start. */
enum {
    VIRTIO_CAP_COMMON = 1,
    VIRTIO_CAP_NOTIFY = 2,
    VIRTIO_CAP_ISR = 3,
    VIRTIO_CAP_DEVICE = 4,
    VIRTIO_CAP_PCI = 5,

    VIRTIO_CAP_LENGTH_FIELD = 2,
    VIRTIO_CAP_TYPE = 3,
    VIRTIO_CAP_BAR = 4,
    VIRTIO_CAP_OFFSET = 8,
    VIRTIO_CAP_LENGTH = 12,
    VIRTIO_CAP_MULTIPLIER = 16, /* notify */
    VIRTIO_CAP_DATA = 16,       /* PCI access */
};

/* The common configuration structure. */
enum {
    VIRTIO_DEVICE_FEATURE_SELECT = 0,
    VIRTIO_DEVICE_FEATURE = 4,
    VIRTIO_DRIVER_FEATURE_SELECT = 8,
    VIRTIO_DRIVER_FEATURE = 12,
    VIRTIO_CONFIG_VECTOR = 16,
    VIRTIO_NUM_QUEUES = 18,
    VIRTIO_DEVICE_STATUS = 20,
    VIRTIO_CONFIG_GENERATION = 21,
    VIRTIO_QUEUE_SELECT = 22,
    VIRTIO_QUEUE_SIZE = 24,
    VIRTIO_QUEUE_VECTOR = 26,
    VIRTIO_QUEUE_ENABLE = 28,
    VIRTIO_QUEUE_NOTIFY_OFF = 30,
    VIRTIO_QUEUE_DESC = 32,
    VIRTIO_QUEUE_DRIVER = 40,
    VIRTIO_QUEUE_DEVICE = 48,
    VIRTIO_COMMON_SIZE = 56,
};

/* The legacy interface in BAR 0. */
enum {
    VIRTIO_LEGACY_DEVICE_FEATURES = 0,
    VIRTIO_LEGACY_DRIVER_FEATURES = 4,
    VIRTIO_LEGACY_QUEUE_ADDRESS = 8,
    VIRTIO_LEGACY_QUEUE_SIZE = 12,
    VIRTIO_LEGACY_QUEUE_SELECT = 14,
    VIRTIO_LEGACY_QUEUE_NOTIFY = 16,
    VIRTIO_LEGACY_STATUS = 18,
    VIRTIO_LEGACY_ISR = 19,
    VIRTIO_LEGACY_CONFIG = 20, /* while MSI-X is disabled */
    VIRTIO_LEGACY_CONFIG_VECTOR = 20,
    VIRTIO_LEGACY_QUEUE_VECTOR = 22,
    VIRTIO_LEGACY_CONFIG_MSIX = 24, /* while it is enabled */
    VIRTIO_LEGACY_PAGE = 4096,
};

#endif
