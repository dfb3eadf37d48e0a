/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands behind a receiver's FIFO: input that arrives faster than the guest reads waits here, as if the sender minded
 * flow control.  Bytes are lost only when it is full.
 */
#ifndef GALVANIC_DEVICES_SERIAL_BACKLOG_H
#define GALVANIC_DEVICES_SERIAL_BACKLOG_H

#include "emu/machine.h"

#define SERIAL_BACKLOG_SIZE 65536u

struct serial_backlog {
    uint8_t bytes[SERIAL_BACKLOG_SIZE];
    uint32_t head, count;
    bool overflowing; /* bytes have been lost since it was last empty */
};

/* For STATE_STRUCT() in the device's table. */
extern const struct state_table serial_backlog_state;

void serial_backlog_clear(struct serial_backlog *backlog);
/* Bytes that can still be taken in. */
size_t serial_backlog_room(const struct serial_backlog *backlog);
/* False: some did not fit and are lost, which the user is told once, in the name of device @id. */
bool serial_backlog_put(struct serial_backlog *backlog, struct machine *machine, const char *id, const uint8_t *data,
                        size_t length);
/* The oldest byte; false: it is empty. */
bool serial_backlog_take(struct serial_backlog *backlog, uint8_t *byte);

#endif
