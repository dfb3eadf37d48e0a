/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What network cards do for TCP, UDP and IP on the way: checksums, and cutting long segments.  RFC 791, 768, 793, 1071, 8200.
 */
#ifndef GALVANIC_DEVICES_NET_PACKET_H
#define GALVANIC_DEVICES_NET_PACKET_H

#include "emu/host/net.h"

enum {
    PACKET_TCP = 6,
    PACKET_UDP = 17,
    PACKET_SHORTEST = 60, /* of Ethernet, without the check sequence */
    PACKET_TAG_AT = 12,   /* of a VLAN: its type, two bytes, and then the tag, two more */
    PACKET_TAG_SIZE = 4,
    PACKET_CRC_SIZE = 4, /* of the check sequence, which frames here do not have */
};

/* Where the parts of an Ethernet frame are; offsets from its start. */
struct packet {
    unsigned version;  /* of IP: 4 or 6 */
    unsigned network;  /* the IP header */
    unsigned protocol; /* above it */
    unsigned transport;
    unsigned payload; /* of TCP and UDP */
    unsigned end;     /* of the IP packet; what follows fills the frame up */
    bool fragment;    /* only a part is here: nothing above IP can be judged */
};

/* False: no IP packet that is whole, or one with IPv6 extension headers.  Understands one VLAN tag. */
bool packet_parse(const uint8_t *frame, size_t length, struct packet *packet);
bool packet_is_broadcast(const uint8_t *frame);
/* A short frame is filled up with zeros to PACKET_SHORTEST bytes, which @frame has room for; the new length. */
size_t packet_pad(uint8_t *frame, size_t length);
/* Puts in a VLAN tag of @type; @frame has room for it.  The new length. */
size_t packet_insert_tag(uint8_t *frame, size_t length, uint16_t type, uint16_t tag);
/* Copies a frame of PACKET_TAG_AT + PACKET_TAG_SIZE bytes or more to @to without its tag; the new length. */
size_t packet_copy_untagged(uint8_t *to, const uint8_t *frame, size_t length);
/* The sum of RFC 1071 over @length bytes, added to @sum; fold it with packet_fold(). */
uint64_t packet_sum(const uint8_t *data, size_t length, uint64_t sum);
/* The sum as 16 bits in network order of its bytes, not complemented. */
uint16_t packet_fold(uint64_t sum);
/* The IPv4 header's checksum is right; also for IPv6, which has none. */
bool packet_network_good(const uint8_t *frame, const struct packet *packet);
/* TCP or UDP: the checksum is right, or (UDP) not used. */
bool packet_transport_good(const uint8_t *frame, const struct packet *packet);
/* Makes the IP packet end at @end of the frame: its length fields. */
void packet_set_length(uint8_t *frame, struct packet *packet, unsigned end);
/* Puts checksums in their places. */
void packet_set_network_checksum(uint8_t *frame, const struct packet *packet);
void packet_set_transport_checksum(uint8_t *frame, const struct packet *packet);
/* The TCP or UDP checksum of the pseudo header alone, for somebody who adds the rest. */
void packet_set_partial_checksum(uint8_t *frame, const struct packet *packet);
/* Puts the complemented sum of [@start, @length) at @start + @offset, as CHECKSUM_PARTIAL means; false: not in the frame. */
bool packet_finish_checksum(uint8_t *frame, size_t length, size_t start, size_t offset);

/*
 * Sends a TCP packet of at most NET_FRAME_MAX bytes as segments with @most bytes of payload each, with checksums of their own; in
 * one piece to an output that takes it.  False: it is no TCP packet.  @frame is changed.
 */
bool packet_send_segments(const struct net_output *output, uint8_t *frame, size_t length, unsigned most);

#endif
