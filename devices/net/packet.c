/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See packet.h. */
#include "devices/net/packet.h"

#include <string.h>

#include "emu/bytes.h"

enum {
    ETHERTYPE = 12,
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_IP4 = 0x0800,
    ETHERTYPE_IP6 = 0x86DD,

    IP4_LENGTH = 2,
    IP4_ID = 4,
    IP4_FRAGMENT = 6,
    IP4_PROTOCOL = 9,
    IP4_CHECKSUM = 10,
    IP4_ADDRESSES = 12, /* two of four bytes */
    IP4_SIZE = 20,

    IP6_LENGTH = 4, /* without this header */
    IP6_NEXT = 6,
    IP6_ADDRESSES = 8, /* two of sixteen */
    IP6_SIZE = 40,

    TCP_SEQUENCE = 4,
    TCP_OFFSET = 12,
    TCP_FLAGS = 13,
    TCP_CHECKSUM = 16,
    TCP_SIZE = 20,
    TCP_FIN = 1 << 0,
    TCP_PSH = 1 << 3,
    TCP_CWR = 1 << 7,

    UDP_CHECKSUM = 6,
    UDP_SIZE = 8,
};

static bool parse_ip4(const uint8_t *ip, size_t room, struct packet *packet)
{
    if (room < IP4_SIZE)
        return false;
    unsigned header = (ip[0] & 15u) * 4, total = get_be16(ip + IP4_LENGTH);

    if (ip[0] >> 4 != 4 || header < IP4_SIZE || total < header || total > room)
        return false;
    packet->version = 4;
    packet->protocol = ip[IP4_PROTOCOL];
    packet->transport = packet->network + header;
    packet->end = packet->network + total;
    packet->fragment = get_be16(ip + IP4_FRAGMENT) & 0x3FFF; /* more fragments, or not the first */
    return true;
}

static bool parse_ip6(const uint8_t *ip, size_t room, struct packet *packet)
{
    if (room < IP6_SIZE || ip[0] >> 4 != 6 || get_be16(ip + IP6_LENGTH) + (unsigned)IP6_SIZE > room)
        return false;
    packet->version = 6;
    packet->protocol = ip[IP6_NEXT];
    packet->transport = packet->network + IP6_SIZE;
    packet->end = packet->transport + get_be16(ip + IP6_LENGTH);
    return true;
}

bool packet_parse(const uint8_t *frame, size_t length, struct packet *packet)
{
    unsigned type_at = ETHERTYPE;

    *packet = (struct packet){0};
    if (length < NET_FRAME_MIN + 4)
        return false;
    if (get_be16(frame + type_at) == ETHERTYPE_VLAN)
        type_at += 4;
    packet->network = type_at + 2;
    unsigned type = get_be16(frame + type_at);
    const uint8_t *ip = frame + packet->network;
    size_t room = length - packet->network;
    if (type == ETHERTYPE_IP4 ? !parse_ip4(ip, room, packet) : type != ETHERTYPE_IP6 || !parse_ip6(ip, room, packet))
        return false;
    unsigned header = packet->protocol == PACKET_UDP ? UDP_SIZE : 0;
    if (packet->protocol == PACKET_TCP && packet->end - packet->transport >= TCP_SIZE)
        header = (frame[packet->transport + TCP_OFFSET] >> 4) * 4u;
    packet->payload = packet->transport + header;
    /* A header that is cut off is nobody's that is known here. */
    if ((packet->protocol == PACKET_TCP && header < TCP_SIZE) || packet->payload > packet->end)
        packet->protocol = 0;
    return true;
}

/* --- Ethernet --- */

bool packet_is_broadcast(const uint8_t *frame)
{
    return get_le32(frame) == UINT32_MAX && get_le16(frame + 4) == UINT16_MAX;
}

size_t packet_pad(uint8_t *frame, size_t length)
{
    if (length >= PACKET_SHORTEST)
        return length;
    memset(frame + length, 0, PACKET_SHORTEST - length);
    return PACKET_SHORTEST;
}

size_t packet_insert_tag(uint8_t *frame, size_t length, uint16_t type, uint16_t tag)
{
    uint8_t *at = frame + PACKET_TAG_AT;

    memmove(at + PACKET_TAG_SIZE, at, length - PACKET_TAG_AT);
    put_be16(at, type);
    put_be16(at + 2, tag);
    return length + PACKET_TAG_SIZE;
}

size_t packet_copy_untagged(uint8_t *to, const uint8_t *frame, size_t length)
{
    length -= PACKET_TAG_SIZE;
    memcpy(to, frame, PACKET_TAG_AT);
    memcpy(to + PACKET_TAG_AT, frame + PACKET_TAG_AT + PACKET_TAG_SIZE, length - PACKET_TAG_AT);
    return length;
}

/* --- checksums --- */

uint64_t packet_sum(const uint8_t *data, size_t length, uint64_t sum)
{
    uint64_t lanes[4] = {sum, 0, 0, 0};
    uint32_t words[4];

    for (; length >= sizeof(words); data += sizeof(words), length -= sizeof(words)) {
        memcpy(words, data, sizeof(words));
        for (unsigned i = 0; i < 4; i++)
            lanes[i] += words[i];
    }
    for (; length >= 2; data += 2, length -= 2) {
        uint16_t word;

        memcpy(&word, data, sizeof(word));
        lanes[0] += word;
    }
    if (length) {
        uint8_t last[2] = {*data, 0};
        uint16_t word;

        memcpy(&word, last, sizeof(word));
        lanes[0] += word;
    }
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

/* The sum of the bytes in the host's own order, put back into memory in that order, is right in any (RFC 1071, 2 (B)). */
uint16_t packet_fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)sum;
}

static void put_sum(uint8_t *to, uint16_t value)
{
    memcpy(to, &value, sizeof(value));
}

bool packet_network_good(const uint8_t *frame, const struct packet *packet)
{
    return packet->version == 6 ||
           packet_fold(packet_sum(frame + packet->network, packet->transport - packet->network, 0)) == 0xFFFF;
}

static uint64_t pseudo_sum(const uint8_t *frame, const struct packet *packet)
{
    unsigned length = packet->end - packet->transport;
    uint8_t tail[8] = {0, 0, (uint8_t)(length >> 8), (uint8_t)length, 0, 0, 0, (uint8_t)packet->protocol};
    uint64_t sum = packet_sum(tail, sizeof(tail), 0);

    if (packet->version == 4)
        return packet_sum(frame + packet->network + IP4_ADDRESSES, 8, sum);
    return packet_sum(frame + packet->network + IP6_ADDRESSES, 32, sum);
}

/* Over the pseudo header and all that follows the IP header. */
static uint64_t transport_sum(const uint8_t *frame, const struct packet *packet)
{
    return packet_sum(frame + packet->transport, packet->end - packet->transport, pseudo_sum(frame, packet));
}

bool packet_transport_good(const uint8_t *frame, const struct packet *packet)
{
    if (packet->protocol == PACKET_UDP && get_be16(frame + packet->transport + UDP_CHECKSUM) == 0)
        return packet->version == 4;
    return packet_fold(transport_sum(frame, packet)) == 0xFFFF;
}

void packet_set_network_checksum(uint8_t *frame, const struct packet *packet)
{
    uint8_t *ip = frame + packet->network;

    if (packet->version != 4)
        return;
    put_be16(ip + IP4_CHECKSUM, 0);
    put_sum(ip + IP4_CHECKSUM, (uint16_t)~packet_fold(packet_sum(ip, packet->transport - packet->network, 0)));
}

void packet_set_transport_checksum(uint8_t *frame, const struct packet *packet)
{
    uint8_t *field = frame + packet->transport + (packet->protocol == PACKET_TCP ? TCP_CHECKSUM : UDP_CHECKSUM);

    put_be16(field, 0);
    uint16_t sum = (uint16_t)~packet_fold(transport_sum(frame, packet));
    put_sum(field, sum || packet->protocol == PACKET_TCP ? sum : 0xFFFF); /* UDP: zero means that there is none */
}

void packet_set_partial_checksum(uint8_t *frame, const struct packet *packet)
{
    put_sum(frame + packet->transport + (packet->protocol == PACKET_TCP ? TCP_CHECKSUM : UDP_CHECKSUM),
            packet_fold(pseudo_sum(frame, packet)));
}

bool packet_finish_checksum(uint8_t *frame, size_t length, size_t start, size_t offset)
{
    if (start >= length || offset + 2 > length - start)
        return false;
    uint16_t sum = (uint16_t)~packet_fold(packet_sum(frame + start, length - start, 0));
    put_sum(frame + start + offset, sum ? sum : 0xFFFF);
    return true;
}

/* --- segments --- */

void packet_set_length(uint8_t *frame, struct packet *packet, unsigned end)
{
    packet->end = end;
    if (packet->version == 4)
        put_be16(frame + packet->network + IP4_LENGTH, (uint16_t)(end - packet->network));
    else
        put_be16(frame + packet->network + IP6_LENGTH, (uint16_t)(end - packet->transport));
}

static void finish(const struct net_output *output, uint8_t *frame, struct packet *packet, unsigned end)
{
    packet_set_length(frame, packet, end);
    packet_set_network_checksum(frame, packet);
    packet_set_transport_checksum(frame, packet);
    net_send(output, frame, end);
}

/* Drivers leave the length of a packet that is to be cut at zero: it is that of the frame. */
static void complete_length(uint8_t *frame, size_t length)
{
    unsigned type_at =
        length > NET_FRAME_MIN + 4 && get_be16(frame + ETHERTYPE) == ETHERTYPE_VLAN ? ETHERTYPE + 4 : ETHERTYPE;
    size_t network = type_at + 2;

    if (length >= network + IP4_SIZE && get_be16(frame + type_at) == ETHERTYPE_IP4)
        put_be16(frame + network + IP4_LENGTH, (uint16_t)(length - network));
    else if (length >= network + IP6_SIZE && get_be16(frame + type_at) == ETHERTYPE_IP6)
        put_be16(frame + network + IP6_LENGTH, (uint16_t)(length - network - IP6_SIZE));
}

bool packet_send_segments(const struct net_output *output, uint8_t *frame, size_t length, unsigned most)
{
    struct packet packet;

    if (!most || length > NET_FRAME_MAX)
        return false;
    complete_length(frame, length);
    if (!packet_parse(frame, length, &packet) || packet.protocol != PACKET_TCP || packet.fragment)
        return false;
    unsigned payload = packet.payload, end = packet.end;

    if (output->large || end - payload <= most) {
        finish(output, frame, &packet, end);
        return true;
    }
    uint8_t *tcp = frame + packet.transport, flags = tcp[TCP_FLAGS];
    uint32_t sequence = get_be32(tcp + TCP_SEQUENCE);
    uint16_t id = get_be16(frame + packet.network + IP4_ID);
    for (unsigned at = payload, part; at < end; at += part) {
        part = MIN(end - at, most);
        memmove(frame + payload, frame + at, part);
        put_be32(tcp + TCP_SEQUENCE, sequence + (at - payload));
        tcp[TCP_FLAGS] = flags;
        if (at + part < end)
            tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
        if (at > payload)
            tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
        if (packet.version == 4)
            put_be16(frame + packet.network + IP4_ID, id++);
        finish(output, frame, &packet, payload + part);
    }
    return true;
}
