/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows of datagrams (UDP, echoes): nobody says when one is over.  It is awaited for a while after its last packet in either
 * direction; what a name server has answered is over at once.
 */
#include <string.h>

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
    IP4_PROTOCOL = 9,
    IP6_NEXT = 6,
    IP6_SIZE = 40,
    ICMP4 = 1,
    UDP = 17,
    ICMP6 = 58,
    ICMP_IDENTIFIER = 4,
    ECHO4 = 8,
    ECHO_REPLY4 = 0,
    ECHO6 = 128,
    ECHO_REPLY6 = 129,
    TRANSPORT_SIZE = 8, /* of UDP and echoes */
    PORT_DOMAIN = 53,
};

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* Which flow of the guest a frame is of, never 0, and the port at the other end; false: none of datagrams. */
static bool parse(const uint8_t *frame, size_t length, bool from_guest, uint32_t *flow, unsigned *remote)
{
    const uint8_t *ip = frame + NETWORK;
    size_t header = IP6_SIZE;
    unsigned protocol;

    if (length < NETWORK + IP4_SIZE)
        return false;
    if (get16(frame + ETHERTYPE_AT) == ETHERTYPE_IP4) {
        header = (ip[0] & 15u) * 4;
        protocol = ip[IP4_PROTOCOL];
    } else if (get16(frame + ETHERTYPE_AT) == ETHERTYPE_IP6) {
        protocol = ip[IP6_NEXT];
    } else {
        return false;
    }
    const uint8_t *transport = ip + header;
    if (length < NETWORK + header + TRANSPORT_SIZE)
        return false;
    if (protocol != UDP && !(protocol == ICMP4 && (transport[0] == ECHO4 || transport[0] == ECHO_REPLY4)) &&
        !(protocol == ICMP6 && (transport[0] == ECHO6 || transport[0] == ECHO_REPLY6)))
        return false; /* neighbours and routers are not asked for outside */
    unsigned own = protocol == UDP ? get16(transport + (from_guest ? 0 : 2)) : get16(transport + ICMP_IDENTIFIER);
    *remote = protocol == UDP ? get16(transport + (from_guest ? 2 : 0)) : 0;
    *flow = (uint32_t)protocol << 16 | own;
    return true;
}

static struct net_flow *find(struct net_flows *flows, uint32_t key)
{
    struct net_flow *oldest = &flows->flow[0];

    for (unsigned i = 0; i < NET_FLOWS_MAX; i++) {
        if (flows->flow[i].key == key)
            return &flows->flow[i];
        if (flows->flow[i].until < oldest->until)
            oldest = &flows->flow[i];
    }
    return oldest;
}

void net_flows_note(struct net_flows *flows, const uint8_t *frame, size_t length, bool from_guest, int64_t now)
{
    uint32_t key;
    unsigned remote;

    if (!parse(frame, length, from_guest, &key, &remote))
        return;
    *find(flows, key) =
        (struct net_flow){.key = key, .until = now + (!from_guest && remote == PORT_DOMAIN ? ANSWERED_NS : AWAITED_NS)};
}

bool net_flows_awaited(const struct net_flows *flows, int64_t now)
{
    for (unsigned i = 0; i < NET_FLOWS_MAX; i++)
        if (flows->flow[i].until > now)
            return true;
    return false;
}
