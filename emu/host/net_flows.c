/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows of datagrams (UDP, echoes): nobody says when one is over.  It is awaited for a while after its last packet in either
 * direction; what a name server has answered is over at once.
 */
#include <string.h>

#include "emu/bytes.h"
#include "emu/host/net_internal.h"
#include "emu/time/clock.h"

#define AWAITED_NS (10 * NANOSECONDS_PER_SECOND) /* longer than resolvers take to ask again */
#define ANSWERED_NS NANOSECONDS_PER_SECOND       /* for answers to questions asked side by side */

enum {
    ETHERTYPE_AT = 12,
    ETHERTYPE_IP4 = 0x0800,
    ETHERTYPE_IP6 = 0x86DD,
    NETWORK = 14,
    IP4_SIZE = 20,
    IP4_FRAGMENT = 6,
    IP4_PROTOCOL = 9,
    IP4_SOURCE = 12,
    IP4_DESTINATION = 16,
    MORE_AND_OFFSET = 0x3FFF,
    IP6_NEXT = 6,
    IP6_SOURCE = 8,
    IP6_DESTINATION = 24,
    IP6_SIZE = 40,
    ICMP4 = 1,
    TCP = 6,
    UDP = 17,
    TCP_FLAGS = 13,
    SYN = 1 << 1,
    ACK = 1 << 4,
    ICMP6 = 58,
    ICMP_IDENTIFIER = 4,
    ECHO4 = 8,
    ECHO_REPLY4 = 0,
    ECHO6 = 128,
    ECHO_REPLY6 = 129,
    TRANSPORT_SIZE = 8, /* of UDP and echoes */
    PORT_DOMAIN = 53,
    PORT_DHCP = 67,
};

bool net_is_fragment(const uint8_t *frame, size_t length)
{
    return length >= NETWORK + IP4_FRAGMENT + 2 && get_be16(frame + ETHERTYPE_AT) == ETHERTYPE_IP4 &&
           (get_be16(frame + NETWORK + IP4_FRAGMENT) & MORE_AND_OFFSET);
}

struct packet {
    const uint8_t *ip, *transport;
    unsigned protocol;
    bool ip4;
};

/* False: neither IPv4 nor IPv6, or too short for what follows them. */
static bool find_packet(const uint8_t *frame, size_t length, struct packet *packet)
{
    const uint8_t *ip = frame + NETWORK;
    size_t header = IP6_SIZE;

    if (length < NETWORK + IP4_SIZE)
        return false;
    *packet = (struct packet){.ip = ip, .ip4 = get_be16(frame + ETHERTYPE_AT) == ETHERTYPE_IP4};
    if (packet->ip4) {
        header = (ip[0] & 15u) * 4;
        packet->protocol = ip[IP4_PROTOCOL];
    } else if (get_be16(frame + ETHERTYPE_AT) == ETHERTYPE_IP6) {
        packet->protocol = ip[IP6_NEXT];
    } else {
        return false;
    }
    packet->transport = ip + header;
    return length >= NETWORK + header + TRANSPORT_SIZE;
}

/* Which flow of the guest a frame is of, its key never 0, and the port at the other end; false: none of datagrams. */
static bool find_flow(const struct packet *packet, bool from_guest, struct net_flow *flow, unsigned *remote)
{
    const uint8_t *transport = packet->transport;
    bool udp = packet->protocol == UDP;

    if (!udp && !(packet->protocol == ICMP4 && (transport[0] == ECHO4 || transport[0] == ECHO_REPLY4)) &&
        !(packet->protocol == ICMP6 && (transport[0] == ECHO6 || transport[0] == ECHO_REPLY6)))
        return false; /* neighbours and routers are not asked for outside */
    unsigned own = udp ? get_be16(transport + (from_guest ? 0 : 2)) : get_be16(transport + ICMP_IDENTIFIER);
    *remote = udp ? get_be16(transport + (from_guest ? 2 : 0)) : 0;
    *flow = (struct net_flow){.key = (uint32_t)packet->protocol << 16 | own};
    if (packet->ip4)
        memcpy(flow->address, packet->ip + (from_guest ? IP4_SOURCE : IP4_DESTINATION), 4);
    else
        memcpy(flow->address, packet->ip + (from_guest ? IP6_SOURCE : IP6_DESTINATION), 16);
    return true;
}

/* What the gateway answers by itself, and a guest would be cut off without. */
static bool is_dhcp(const struct packet *packet)
{
    static const uint8_t gateway[4] = {10, 0, 2, 2}, everybody[4] = {255, 255, 255, 255};
    const uint8_t *destination = packet->ip + IP4_DESTINATION;

    return packet->ip4 && packet->protocol == UDP && get_be16(packet->transport + 2) == PORT_DHCP &&
           (memcmp(destination, gateway, 4) == 0 || memcmp(destination, everybody, 4) == 0);
}

static bool same(const struct net_flow *a, const struct net_flow *b)
{
    return a->key == b->key && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static struct net_flow *place_of(struct net_flows *flows, const struct net_flow *flow)
{
    struct net_flow *oldest = &flows->flow[0];

    for (unsigned i = 0; i < NET_FLOWS_MAX; i++) {
        if (same(&flows->flow[i], flow))
            return &flows->flow[i];
        if (flows->flow[i].until < oldest->until)
            oldest = &flows->flow[i];
    }
    return oldest;
}

void net_flows_note(struct net_flows *flows, const uint8_t *frame, size_t length, bool from_guest, int64_t now)
{
    struct packet packet;
    struct net_flow flow;
    unsigned remote;

    if (!find_packet(frame, length, &packet) || !find_flow(&packet, from_guest, &flow, &remote) ||
        (from_guest && is_dhcp(&packet)))
        return;
    flow.until = now + (!from_guest && remote == PORT_DOMAIN ? ANSWERED_NS : AWAITED_NS);
    *place_of(flows, &flow) = flow;
}

bool net_flows_opens(const struct net_flows *flows, const uint8_t *frame, size_t length, int64_t now)
{
    struct packet packet;
    struct net_flow flow;
    unsigned remote;

    if (!find_packet(frame, length, &packet))
        return false;
    if (packet.protocol == TCP)
        return frame + length <= packet.transport + TCP_FLAGS || (packet.transport[TCP_FLAGS] & (SYN | ACK)) == SYN;
    if (!find_flow(&packet, true, &flow, &remote))
        return false;
    if (packet.protocol != UDP)
        return true; /* each echo has a socket of its own */
    if (is_dhcp(&packet))
        return false;
    for (unsigned i = 0; i < NET_FLOWS_MAX; i++)
        if (same(&flows->flow[i], &flow) && flows->flow[i].until > now)
            return false;
    return true;
}

bool net_flows_awaited(const struct net_flows *flows, int64_t now)
{
    for (unsigned i = 0; i < NET_FLOWS_MAX; i++)
        if (flows->flow[i].until > now)
            return true;
    return false;
}
