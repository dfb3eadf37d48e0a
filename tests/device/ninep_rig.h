/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio-9p device on a folder of the test's own, and a client that speaks through its queue. */
#ifndef GALVANIC_TESTS_DEVICE_NINEP_RIG_H
#define GALVANIC_TESTS_DEVICE_NINEP_RIG_H

#include <glib/gstdio.h>

#include "devices/virtio/virtio_9p.h"
#include "tests/device/virtio_driver.h"
#include "tests/unit/ninep_client.h"
#include "tests/unit/remove_tree.h"

enum { REQUEST = DATA, REPLY = DATA + 0x100000, REPLY_ROOM = 0x20000 };

struct ninep_rig {
    struct rig rig;
    struct share *share;
    struct client client;
};

/* Puts a chain of @length bytes at @at and room for @room bytes at @reply at descriptors @first and on. */
static inline void put_message(struct rig *rig, unsigned first, uint64_t at, uint32_t length, uint64_t reply,
                               uint32_t room)
{
    uint32_t half = length / 2, part = room > 100 ? 11 : room - 1; /* clients have a piece for the header of data */

    put_descriptor(rig, 0, first, at, half, NEXT, (uint16_t)(first + 1));
    put_descriptor(rig, 0, first + 1, at + half, length - half, NEXT, (uint16_t)(first + 2));
    put_descriptor(rig, 0, first + 2, reply, part, NEXT | WRITE, (uint16_t)(first + 3));
    put_descriptor(rig, 0, first + 3, reply + part, room - part, WRITE, 0);
    make_available(rig, 0, (uint16_t)first);
}

static inline void ninep_exchange(struct client *client, const GByteArray *request)
{
    struct ninep_rig *n = client->opaque;
    uint16_t used = used_index(&n->rig, 0);

    g_assert_true(memory_write(ram(&n->rig), REQUEST, request->data, request->len));
    put_message(&n->rig, 0, REQUEST, request->len, REPLY, REPLY_ROOM);
    notify(&n->rig, 0);
    g_assert_cmpuint(used_index(&n->rig, 0), ==, (uint16_t)(used + 1)); /* done at once */
    uint32_t length = memory_read32(ram(&n->rig), ring(0) + USED + 4 + used % n->rig.size[0] * 8 + 4);
    g_byte_array_set_size(client->reply, length);
    g_assert_true(memory_read(ram(&n->rig), REPLY, client->reply->data, length));
}

/* @folder NULL: nothing is shared, as in a replay. */
static inline void ninep_rig_start(struct ninep_rig *n, const char *folder, unsigned flags)
{
    n->share = folder ? share_open(folder, flags, NULL) : NULL;
    g_assert_true(!folder || n->share);
    rig_init(&n->rig);
    virtio_9p_new(n->rig.machine, n->rig.bus, DEVFN, n->share, "hostshare", "virtio-9p0");
    rig_start(&n->rig);
    bring_up(&n->rig, 0, 1, 128);
    client_init(&n->client, ninep_exchange, n);
}

static inline void ninep_rig_stop(struct ninep_rig *n)
{
    machine_free(n->rig.machine);
    share_close(n->share);
    client_clear(&n->client);
}

#endif
