/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio device for tests of what all of them share. */
#ifndef GALVANIC_TESTS_DEVICE_VIRTIO_ECHO_H
#define GALVANIC_TESTS_DEVICE_VIRTIO_ECHO_H

#include "devices/virtio/virtio_pci.h"
#include "tests/device/virtio_driver.h"

/*
 * Queue 0 has its readable bytes copied to the writable ones, queue 1 holds back what it is given
 * until the test lets go.
 */
struct echo {
    struct virtio virtio;
    bool hold;
    unsigned resets;
    uint32_t config_value;
};

static inline void echo_notified(void *device, struct virtqueue *queue)
{
    struct echo *echo = device;
    struct virtqueue_chain chain;

    while (!(queue->index == 1 && echo->hold) && virtqueue_pop(queue, &chain)) {
        struct scatter from = virtqueue_readable(&chain), to = virtqueue_writable(&chain);
        uint32_t length = (uint32_t)MIN(chain.readable_bytes, chain.writable_bytes);
        g_autofree uint8_t *bytes = g_malloc(length + 1);

        g_assert_true(scatter_read(&from, bytes, length));
        g_assert_true(scatter_write(&to, bytes, length));
        virtqueue_push(queue, &chain, length);
    }
}

static inline void echo_config_written(void *device, unsigned offset, unsigned size, uint32_t value)
{
    ((struct echo *)device)->config_value = value << 8 | offset << 4 | size;
}

static inline void echo_was_reset(void *device)
{
    ((struct echo *)device)->resets++;
}

static const struct virtio_type echo_type = {
    .name = "virtio-echo",
    .id = 42,
    .legacy_pci = 0x1009,
    .class_code = 0x00FF00,
    .queues = 2,
    .queue_size = {16, 8},
    .config_size = 8,
    .notified = echo_notified,
    .config_written = echo_config_written,
    .reset = echo_was_reset,
};

static inline void echo_reset(void *device)
{
    virtio_power_on(&((struct echo *)device)->virtio);
}

static inline void echo_unrealize(void *device)
{
    virtio_finalize(&((struct echo *)device)->virtio);
    g_free(device);
}

static const struct state_field echo_fields[] = {
    STATE_STRUCT(struct echo, virtio, &virtio_state),
    STATE_END,
};
static const struct state_table echo_state = {.name = "echo", .version = 1, .fields = echo_fields};
static const struct device_class echo_class = {
    .name = "echo", .state = &echo_state, .reset = echo_reset, .unrealize = echo_unrealize};

static inline struct echo *start_type(struct rig *rig, const struct virtio_type *type)
{
    struct echo *echo = g_new0(struct echo, 1);

    rig_init(rig);
    virtio_init(&echo->virtio, rig->machine, rig->bus, DEVFN, type, UINT64_C(1) << 3, echo, "echo");
    put_le64(echo->virtio.config, 0x8877665544332211);
    machine_add_device(rig->machine, &echo_class, echo, "echo");
    rig_start(rig);
    return echo;
}

static inline struct echo *start(struct rig *rig)
{
    return start_type(rig, &echo_type);
}

static inline void finish(struct rig *rig)
{
    machine_free(rig->machine);
}

/* A chain of one readable and one writable descriptor of @length bytes on queue 0, at @index and the next. */
static inline void put_echo(struct rig *rig, unsigned index, uint32_t length)
{
    put_descriptor(rig, 0, index, DATA, length, NEXT, (uint16_t)(index + 1));
    put_descriptor(rig, 0, index + 1, DATA + 0x10000, length, WRITE, 0);
}

#endif
