/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP segments that follow each other are put together for a driver that takes long ones: fewer frames cost it less. */
#include <string.h>

#include "devices/net/backlog.h"
#include "devices/net/packet.h"
#include "emu/bytes.h"

enum {
    IP4_TTL = 8,
    IP4_ADDRESSES = 12,
    IP4_SIZE = 20,
    TCP_SEQUENCE = 4,
    TCP_ACKNOWLEDGE = 8,
    TCP_FLAGS = 13,
    TCP_CHECKSUM = 16,
    TCP_URGENT = 18,
    TCP_ACK = 1 << 4,
    TCP_PSH = 1 << 3,
};

/* A segment of IPv4 with data, without IP options, and with nothing after its end. */
static bool parse_segment(const uint8_t *frame, size_t length, struct packet *packet)
{
    return packet_parse(frame, length, packet) && packet->version == 4 && packet->protocol == PACKET_TCP &&
           !packet->fragment && packet->transport == packet->network + IP4_SIZE && packet->end == length &&
           packet->payload < packet->end;
}

/* Both are of one flow and differ in nothing but sequence, data and checksums; and @next comes right after @first. */
static bool follows(const uint8_t *first, const struct packet *one, const uint8_t *next, const struct packet *two)
{
    const uint8_t *tcp = first + one->transport, *next_tcp = next + two->transport;
    unsigned data = one->end - one->payload;

    return one->network == two->network && one->payload == two->payload && memcmp(first, next, one->network) == 0 &&
           memcmp(first + one->network + IP4_TTL, next + one->network + IP4_TTL, 2) == 0 && /* and the protocol */
           memcmp(first + one->network + IP4_ADDRESSES, next + one->network + IP4_ADDRESSES, 8) == 0 &&
           memcmp(tcp, next_tcp, TCP_SEQUENCE) == 0 &&
           get_be32(tcp + TCP_SEQUENCE) + data == get_be32(next_tcp + TCP_SEQUENCE) &&
           memcmp(tcp + TCP_ACKNOWLEDGE, next_tcp + TCP_ACKNOWLEDGE, TCP_FLAGS - TCP_ACKNOWLEDGE) == 0 &&
           tcp[TCP_FLAGS] == TCP_ACK && (next_tcp[TCP_FLAGS] & ~TCP_PSH) == TCP_ACK &&
           memcmp(tcp + TCP_FLAGS + 1, next_tcp + TCP_FLAGS + 1, TCP_CHECKSUM - TCP_FLAGS - 1) == 0 && /* window */
           memcmp(tcp + TCP_URGENT, next_tcp + TCP_URGENT, one->payload - one->transport - TCP_URGENT) == 0;
}

bool net_backlog_merge(struct net_backlog *backlog, const uint8_t *frame, size_t length)
{
    struct net_backlog_frame *last = g_queue_peek_tail(&backlog->frames);
    struct packet one, two;

    if (!last || !parse_segment(frame, length, &two) || !parse_segment(last->bytes, last->length, &one))
        return false;
    unsigned whole = last->segment ? last->segment : one.end - one.payload, added = two.end - two.payload;
    if (added > whole || (one.end - one.payload) % whole || last->length + added > NET_FRAME_MAX ||
        !follows(last->bytes, &one, frame, &two) || !packet_network_good(frame, &two) ||
        !packet_transport_good(frame, &two))
        return false;
    if (!last->segment) {
        if (!packet_network_good(last->bytes, &one) || !packet_transport_good(last->bytes, &one))
            return false;
        last = g_realloc(last, sizeof(*last) + NET_FRAME_MAX);
        backlog->frames.tail->data = last;
        last->segment = (uint16_t)whole;
    }
    memcpy(last->bytes + last->length, frame + two.payload, added);
    last->bytes[one.transport + TCP_FLAGS] |= frame[two.transport + TCP_FLAGS];
    last->length += added;
    backlog->bytes += added;
    packet_set_length(last->bytes, &one, last->length);
    packet_set_network_checksum(last->bytes, &one);
    packet_set_partial_checksum(last->bytes, &one); /* the driver's side sums up each segment if it needs to */
    return true;
}
