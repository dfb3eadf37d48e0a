/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wire from a PS/2 device to its controller: answers to commands go first and at once, what the device sends on its
 * own account (scan codes, movements) follows at the speed of the wire.
 *
 * The speed matters: drivers empty the controller by reading until it has nothing, a limited number of times, and take
 * a device that always has another byte for a broken one.
 */
#ifndef GALVANIC_DEVICES_INPUT_PS2_LINK_H
#define GALVANIC_DEVICES_INPUT_PS2_LINK_H

#include "emu/machine.h"

#define PS2_ANSWERS 16
#define PS2_STREAM 1024

struct ps2_link {
    struct machine *machine;
    void (*available)(void *opaque); /* the controller's: the link has a byte that it had not before */
    void *opaque;
    void (*idle)(void *device); /* the device's, may be NULL: all of the stream has gone over the wire */
    void *device;

    uint8_t answers[PS2_ANSWERS];
    uint8_t answer_head, answer_count;
    uint8_t stream[PS2_STREAM];
    uint16_t stream_head, stream_count;
    bool held;                 /* the device waits for a parameter: its stream waits as well */
    uint8_t last;              /* for Resend */
    struct clock_timer *frame; /* runs while a byte of the stream is on the wire */
};

extern const struct state_table ps2_link_state;

void ps2_link_init(struct ps2_link *link, struct machine *machine, const char *name, void (*available)(void *opaque),
                   void *opaque);
void ps2_link_finalize(struct ps2_link *link);
/* Empty and not held; tells nobody. */
void ps2_link_reset(struct ps2_link *link);
/* For the device.  An answer that does not fit takes the place of the oldest ones. */
void ps2_link_answer(struct ps2_link *link, uint8_t byte);
/* All @length bytes, or none and false. */
bool ps2_link_send(struct ps2_link *link, const uint8_t *bytes, size_t length);
size_t ps2_link_room(const struct ps2_link *link);
/* Drops what is in the stream. */
void ps2_link_drop_stream(struct ps2_link *link);
void ps2_link_hold(struct ps2_link *link, bool held);
/* For the controller: the next byte, false: none now. */
bool ps2_link_take(struct ps2_link *link, uint8_t *byte);

#endif
