/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames for the tests of network cards, and an output that keeps what it is sent. */
#ifndef GALVANIC_TESTS_DEVICE_FRAMES_H
#define GALVANIC_TESTS_DEVICE_FRAMES_H

#include <glib.h>
#include <string.h>

#include "devices/net/packet.h"
#include "emu/bytes.h"
#include "emu/host/net.h"

static const uint8_t test_mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

enum { TCP_HEADERS = 14 + 20 + 20 };

static inline void keep_frame(void *opaque, const uint8_t *frame, size_t length)
{
    g_ptr_array_add(opaque, g_bytes_new(frame, length));
}

static inline struct net_output frame_sink(GPtrArray *frames, bool large)
{
    return (struct net_output){.send = keep_frame, .opaque = frames, .large = large};
}

static inline GPtrArray *frames_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
}

static inline const uint8_t *sent_frame(GPtrArray *frames, guint index, size_t *length)
{
    g_assert_cmpuint(index, <, frames->len);
    return g_bytes_get_data(g_ptr_array_index(frames, index), length);
}

/* TCP over IPv4 for test_mac, with @payload bytes that count up, and right checksums; TCP_HEADERS + @payload bytes. */
static inline void make_tcp(uint8_t *frame, unsigned payload, uint32_t sequence)
{
    struct packet packet;

    memset(frame, 0, TCP_HEADERS);
    memcpy(frame, test_mac, 6);
    put_be16(frame + 12, 0x0800);
    frame[14] = 0x45;
    put_be16(frame + 16, (uint16_t)(40 + payload));
    put_be16(frame + 18, 7);
    frame[22] = 64;
    frame[23] = PACKET_TCP;
    put_be32(frame + 26, 0x0A000202);
    put_be32(frame + 30, 0x0A00020F);
    put_be16(frame + 34, 80);
    put_be16(frame + 36, 40000);
    put_be32(frame + 38, sequence);
    frame[46] = 0x50;
    frame[47] = 0x18; /* ACK, PSH */
    put_be16(frame + 48, 1000);
    for (unsigned i = 0; i < payload; i++)
        frame[TCP_HEADERS + i] = (uint8_t)(sequence + i);
    g_assert_true(packet_parse(frame, TCP_HEADERS + payload, &packet));
    packet_set_network_checksum(frame, &packet);
    packet_set_transport_checksum(frame, &packet);
}

/* A TCP frame whose checksums are right and that carries @payload bytes from @sequence on. */
static inline void check_tcp(const uint8_t *frame, size_t length, unsigned payload, uint32_t sequence)
{
    struct packet packet;

    g_assert_cmpuint(length, ==, TCP_HEADERS + payload);
    g_assert_true(packet_parse(frame, length, &packet));
    g_assert_cmpuint(packet.end, ==, length);
    g_assert_true(packet_network_good(frame, &packet) && packet_transport_good(frame, &packet));
    g_assert_cmpuint(get_be32(frame + 38), ==, sequence);
    for (unsigned i = 0; i < payload; i++)
        g_assert_cmpuint(frame[TCP_HEADERS + i], ==, (uint8_t)(sequence + i));
}

#endif
