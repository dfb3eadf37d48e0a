/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kinds of network share; nobody else includes this. */
#ifndef GALVANIC_EMU_HOST_NET_INTERNAL_H
#define GALVANIC_EMU_HOST_NET_INTERNAL_H

#include "emu/host/net.h"
#include "emu/journal/journal.h"

struct net_ops {
    bool large; /* as in struct net_output */
    void (*send)(struct net *net, const uint8_t *frame, size_t length);
    void (*attached)(struct net *net);
    bool (*may_speak)(const struct net *net);
    void (*close)(struct net *net); /* frees @net */
};

struct net_pcap;

/* Each kind begins with this. */
struct net {
    const struct net_ops *ops;
    struct machine *machine; /* NULL until it is attached */
    struct journal_source *source;
    struct net_pcap *pcap; /* NULL: none */
};

struct net *net_user_open(const struct net_options *options, GError **error);
struct net *net_socket_open(const struct net_options *options, GError **error);
/* A frame for the guest; longer than the journal takes: dropped.  Engine thread. */
void net_receive(struct net *net, const uint8_t *frame, size_t length);

enum { NET_FLOWS_MAX = 32 };

/* Zeroed at first; when there are more flows than that, the one that has waited longest is forgotten. */
struct net_flows {
    struct net_flow {
        uint32_t key;        /* protocol and the guest's port; 0: none */
        uint8_t address[16]; /* the guest's; of IPv4 four bytes */
        int64_t until;       /* virtual time, ns: when it is not awaited any more */
    } flow[NET_FLOWS_MAX];
};

/* A part of a packet of IPv4. */
bool net_is_fragment(const uint8_t *frame, size_t length);
/* Looks at a frame that the guest sends or is sent at virtual time @now. */
void net_flows_note(struct net_flows *flows, const uint8_t *frame, size_t length, bool from_guest, int64_t now);
/*
 * A frame that the guest sends at virtual time @now may take a descriptor of the host: a connection, the first datagram of a
 * flow that is not noted, and an echo.
 */
bool net_flows_opens(const struct net_flows *flows, const uint8_t *frame, size_t length, int64_t now);
/* Some flow of datagrams may go on. */
bool net_flows_awaited(const struct net_flows *flows, int64_t now);

/* A file of packets as libpcap defines it, with nanoseconds; NULL with @error when it cannot be made. */
struct net_pcap *net_pcap_open(const char *path, GError **error);
/* @ns since 1970.  Errors of writing are kept and told on stderr by net_pcap_close(). */
void net_pcap_write(struct net_pcap *pcap, int64_t ns, const uint8_t *frame, size_t length);
void net_pcap_close(struct net_pcap *pcap);

#endif
