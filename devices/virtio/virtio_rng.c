/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random bytes from the machine's seed.  Virtio 1.2 section 5.4. */
#include "devices/virtio/virtio_rng.h"

#include <inttypes.h>

#include "devices/virtio/virtio_pci.h"

enum { QUEUE_SIZE = 8, MOST_BYTES = 4096 }; /* a device may fill less than the buffer */

struct virtio_rng {
    struct virtio virtio;
};

static void notified(void *device, struct virtqueue *queue)
{
    struct virtio_rng *rng = device;
    struct virtqueue_chain chain;
    uint8_t bytes[MOST_BYTES];

    while (virtqueue_pop(queue, &chain)) {
        struct scatter to = virtqueue_writable(&chain);
        size_t length = (size_t)MIN(chain.writable_bytes, sizeof(bytes));

        if (chain.readable || !length) {
            virtio_fail(&rng->virtio, "a buffer with %" PRIu64 " readable and %" PRIu64 " writable bytes",
                        chain.readable_bytes, chain.writable_bytes);
            return;
        }
        machine_random(rng->virtio.machine, rng->virtio.id, bytes, length);
        scatter_write(&to, bytes, length);
        virtqueue_push(queue, &chain, (uint32_t)length);
    }
}

static const struct virtio_type type = {
    .name = "virtio-rng",
    .id = 4,
    .legacy_pci = 0x1005,
    .class_code = 0x00FF00,
    .queues = 1,
    .queue_size = {QUEUE_SIZE},
    .notified = notified,
};

static void rng_reset(void *device)
{
    virtio_power_on(&((struct virtio_rng *)device)->virtio);
}

static void rng_unrealize(void *device)
{
    struct virtio_rng *rng = device;

    virtio_finalize(&rng->virtio);
    g_free(rng);
}

static const struct state_field fields[] = {
    STATE_STRUCT(struct virtio_rng, virtio, &virtio_state),
    STATE_END,
};

static const struct state_table rng_state = {.name = "virtio-rng", .version = 1, .fields = fields};

static const struct device_class rng_class = {
    .name = "virtio-rng",
    .state = &rng_state,
    .reset = rng_reset,
    .unrealize = rng_unrealize,
};

struct virtio_rng *virtio_rng_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, const char *id)
{
    struct virtio_rng *rng = g_new0(struct virtio_rng, 1);

    virtio_init(&rng->virtio, machine, bus, devfn, &type, 0, rng, id);
    machine_add_device(machine, &rng_class, rng, id);
    return rng;
}
