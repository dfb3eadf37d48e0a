/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames that came from outside and that the guest has no room for yet.  Bounded: what comes on top is lost, as on a wire. */
#ifndef GALVANIC_DEVICES_NET_BACKLOG_H
#define GALVANIC_DEVICES_NET_BACKLOG_H

#include "emu/host/net.h"
#include "emu/state/state.h"

struct net_backlog_frame {
    uint32_t length;
    uint16_t
        segment; /* a TCP packet put together from segments with this many bytes of payload; 0: a frame as it came */
    uint8_t bytes[];
};

struct net_backlog {
    GQueue frames; /* of struct net_backlog_frame */
    uint64_t bytes;
};

extern const struct state_table net_backlog_state;

void net_backlog_clear(struct net_backlog *backlog);
/* False: it is lost. */
bool net_backlog_put(struct net_backlog *backlog, const uint8_t *frame, size_t length);
/*
 * Appends the data of a TCP segment to that of the youngest frame, if it follows that directly in all ways; false: it does
 * not.  (merge.c)
 */
bool net_backlog_merge(struct net_backlog *backlog, const uint8_t *frame, size_t length);
/* The oldest frame; NULL: there is none. */
const struct net_backlog_frame *net_backlog_peek(const struct net_backlog *backlog);
void net_backlog_drop(struct net_backlog *backlog);

#endif
