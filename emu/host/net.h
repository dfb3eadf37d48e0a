/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outside end of a network card: where its frames go, and from where they come through the journal.
 *
 * A network is opened before the machine is made, so that what the host refuses is known at the start, and attached to it
 * afterwards.  A replay has none: the journal knows all frames.  All calls are made by the engine thread.
 */
#ifndef GALVANIC_EMU_HOST_NET_H
#define GALVANIC_EMU_HOST_NET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;
struct net;

enum {
    NET_FRAME_MIN = 14,    /* the Ethernet header */
    NET_FRAME_MAX = 65535, /* without the frame check sequence; only TCP segments are longer than NET_MTU allows */
    NET_MTU = 1500,
};

/* A value; @send may be NULL (no cable).  Takes a whole frame of NET_FRAME_MIN to NET_FRAME_MAX bytes. */
struct net_output {
    void (*send)(void *opaque, const uint8_t *frame, size_t length);
    void *opaque;
    bool large; /* takes TCP segments that are longer than the MTU */
};

static inline void net_send(const struct net_output *output, const uint8_t *frame, size_t length)
{
    if (output->send && length >= NET_FRAME_MIN && length <= NET_FRAME_MAX)
        output->send(output->opaque, frame, length);
}

enum net_kind { NET_NONE, NET_USER, NET_SOCKET };

/* A port of the host that leads to one of the guest; addresses as text, NULL: 127.0.0.1, and the guest's own. */
struct net_forward {
    bool udp;
    char *host_address, *guest_address;
    uint16_t host_port, guest_port;
};

struct net_options {
    enum net_kind kind;
    GPtrArray *forwards; /* of struct net_forward; NULL: none */
    bool ipv6, restricted;
    char *pcap;    /* file that all frames are written to; NULL: none */
    bool listen;   /* socket: wait for the other machine instead of looking for it */
    char *address; /* socket: as endpoint.h has it */
};

/*
 * "none", "user[,hostfwd=tcp:HOST:GUEST]...[,ipv6=on][,restrict=on][,pcap=FILE]", "socket:listen=ADDRESS[,pcap=FILE]",
 * "socket:connect=ADDRESS[,pcap=FILE]"; replaces what @options held.  HOST and GUEST are [ADDRESS:]PORT.  False with @error.
 */
bool net_options_parse(struct net_options *options, const char *text, GError **error);
void net_options_clear(struct net_options *options);

/* Whether the program was built with the library that NET_USER needs. */
bool net_user_available(void);
/* Binds ports, connects, creates files.  NULL with @error. NULL without: NET_NONE. */
struct net *net_open(const struct net_options *options, GError **error);
/* Before machine_free(); NULL is harmless. */
void net_close(struct net *net);
/* What a card is given; @net may be NULL. */
struct net_output net_output(struct net *net);
/* From now on frames go to the journal source @source of @machine, whose clock is the network's. */
void net_attach(struct net *net, struct machine *machine, const char *source);
/* Something outside may still send: an open flow, a query under way, a port that is listened on, the other machine. */
bool net_may_speak(const struct net *net);

#endif
