/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Split virtqueues, the device's side.  Virtio 1.2 section 2.7.
 *
 * A device takes chains of buffers inside its `notified` callback with virtqueue_pop() and gives each back with
 * virtqueue_push(), in any order.  What the driver wrote is checked here: a chain that is handed out lies in RAM, is no
 * longer than the queue, and has its readable buffers before the writable ones.
 */
#ifndef GALVANIC_DEVICES_VIRTIO_VIRTQUEUE_H
#define GALVANIC_DEVICES_VIRTIO_VIRTQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/storage/scatter.h"
#include "emu/state/state.h"

struct virtio;

enum { VIRTQUEUE_LONGEST = 256 }; /* entries of a queue, and descriptors of a chain */

struct virtqueue {
    struct virtio *virtio;
    unsigned index;
    uint16_t maximum; /* entries that the device offers; a power of two; 0: there is no such queue */

    uint16_t size;   /* entries that the driver asked for; a power of two */
    uint16_t vector; /* of MSI-X, or VIRTIO_NO_VECTOR */
    bool enabled;
    uint64_t descriptors, driver, device; /* guest-physical addresses of the three areas */
    uint16_t next_available;              /* the next entry of the available ring to look at */
    uint16_t next_used;                   /* index of the used ring */

    /* While the queue is run; no state. */
    uint16_t available_end; /* the available ring's index when the run began */
    uint64_t moved;         /* bytes of the chains taken in this run */
};

extern const struct state_table virtqueue_state;

struct virtqueue_segment {
    uint64_t address;
    uint32_t length; /* not 0 */
};

/* A chain of buffers: first those that the device reads, then those that it writes; at most 2^32 - 1 bytes in all. */
struct virtqueue_chain {
    struct memory *memory;
    uint16_t head;
    unsigned readable, writable; /* segments */
    uint64_t readable_bytes, writable_bytes;
    struct virtqueue_segment segment[VIRTQUEUE_LONGEST];
};

/* To the state after a reset of the device. */
void virtqueue_reset(struct virtqueue *queue);
/*
 * The next chain that the driver made available.  False: there is none for now, or the ring is broken, and the device
 * needs a reset.
 */
bool virtqueue_pop(struct virtqueue *queue, struct virtqueue_chain *chain);
/*
 * Work for a chain that its bytes do not tell of, as so many bytes more: when a run has done enough, guest code goes on before the
 * next chain.  Must not depend on the host.
 */
void virtqueue_charge(struct virtqueue *queue, uint64_t bytes);
/* Gives a chain back of whose writable part the first @written bytes were written. */
void virtqueue_push(struct virtqueue *queue, const struct virtqueue_chain *chain, uint32_t written);
/* A walk over the readable or writable bytes of a chain, which must stay. */
struct scatter virtqueue_readable(struct virtqueue_chain *chain);
struct scatter virtqueue_writable(struct virtqueue_chain *chain);

/* --- for the transport --- */
/* Looks how far the driver is; false: the ring is broken. */
bool virtqueue_begin(struct virtqueue *queue);
/* Since virtqueue_begin() chains were given back, of which the driver wants to be told. */
bool virtqueue_end(struct virtqueue *queue, uint16_t used_before);

#endif
