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

/* A file of packets as libpcap defines it, with nanoseconds; NULL with @error when it cannot be made. */
struct net_pcap *net_pcap_open(const char *path, GError **error);
/* @ns since 1970.  Errors of writing are kept and told on stderr by net_pcap_close(). */
void net_pcap_write(struct net_pcap *pcap, int64_t ns, const uint8_t *frame, size_t length);
void net_pcap_close(struct net_pcap *pcap);

#endif
