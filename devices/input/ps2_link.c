/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller": data stream. */
#include "devices/input/ps2_link.h"

/* A frame of 11 bits at 12.5 kHz. */
#define FRAME_NS 880000

static bool on_the_wire(const struct ps2_link *link)
{
    return clock_timer_deadline(link->frame) != CLOCK_NEVER;
}

static bool stream_ready(const struct ps2_link *link)
{
    return link->stream_count > 0 && !link->held && !on_the_wire(link);
}

static void frame_done(void *opaque)
{
    struct ps2_link *link = opaque;

    if (stream_ready(link))
        link->available(link->opaque);
    else if (link->stream_count == 0 && link->idle)
        link->idle(link->device);
}

void ps2_link_init(struct ps2_link *link, struct machine *machine, const char *name, void (*available)(void *opaque),
                   void *opaque)
{
    link->machine = machine;
    link->available = available;
    link->opaque = opaque;
    link->frame = clock_timer_new(machine_clock(machine), name, frame_done, link);
    ps2_link_reset(link);
}

void ps2_link_finalize(struct ps2_link *link)
{
    clock_timer_free(link->frame);
}

void ps2_link_reset(struct ps2_link *link)
{
    link->answer_head = link->answer_count = 0;
    link->held = false;
    link->last = 0;
    ps2_link_drop_stream(link);
}

void ps2_link_drop_stream(struct ps2_link *link)
{
    link->stream_head = link->stream_count = 0;
    clock_timer_set(link->frame, CLOCK_NEVER);
}

void ps2_link_answer(struct ps2_link *link, uint8_t byte)
{
    if (link->answer_count == PS2_ANSWERS) {
        link->answer_head = (link->answer_head + 1) % PS2_ANSWERS;
        link->answer_count--;
    }
    link->answers[(link->answer_head + link->answer_count) % PS2_ANSWERS] = byte;
    link->answer_count++;
    link->available(link->opaque);
}

size_t ps2_link_room(const struct ps2_link *link)
{
    return PS2_STREAM - link->stream_count;
}

bool ps2_link_send(struct ps2_link *link, const uint8_t *bytes, size_t length)
{
    if (length > ps2_link_room(link))
        return false;
    for (size_t i = 0; i < length; i++)
        link->stream[(link->stream_head + link->stream_count + i) % PS2_STREAM] = bytes[i];
    link->stream_count += (uint16_t)length;
    if (stream_ready(link))
        link->available(link->opaque);
    return true;
}

void ps2_link_hold(struct ps2_link *link, bool held)
{
    link->held = held;
    if (stream_ready(link))
        link->available(link->opaque);
}

bool ps2_link_take(struct ps2_link *link, uint8_t *byte)
{
    if (link->answer_count > 0) {
        *byte = link->answers[link->answer_head];
        link->answer_head = (link->answer_head + 1) % PS2_ANSWERS;
        link->answer_count--;
    } else if (stream_ready(link)) {
        *byte = link->stream[link->stream_head];
        link->stream_head = (link->stream_head + 1) % PS2_STREAM;
        link->stream_count--;
        clock_timer_set(link->frame, machine_now(link->machine) + FRAME_NS);
    } else {
        return false;
    }
    link->last = *byte;
    return true;
}

/* --- state --- */

static void save_stream(void *object, struct state_writer *out)
{
    const struct ps2_link *link = object;

    state_put_u16(out, link->stream_count);
    for (unsigned i = 0; i < link->stream_count; i++)
        state_put_u8(out, link->stream[(link->stream_head + i) % PS2_STREAM]);
}

static bool load_stream(void *object, struct state_reader *in)
{
    struct ps2_link *link = object;
    uint16_t count = state_get_u16(in);

    if (count > PS2_STREAM)
        return false;
    link->stream_head = 0;
    link->stream_count = count;
    return state_get_bytes(in, link->stream, count);
}

static void after_load(void *object)
{
    struct ps2_link *link = object;

    link->answer_head %= PS2_ANSWERS;
    link->answer_count = MIN(link->answer_count, PS2_ANSWERS);
}

static const struct state_field fields[] = {
    STATE_U8_ARRAY(struct ps2_link, answers), STATE_U8(struct ps2_link, answer_head),
    STATE_U8(struct ps2_link, answer_count),  STATE_CUSTOM("stream", save_stream, load_stream),
    STATE_BOOL(struct ps2_link, held),        STATE_U8(struct ps2_link, last),
    STATE_TIMER(struct ps2_link, frame),      STATE_END,
};

const struct state_table ps2_link_state = {
    .name = "ps2-link",
    .version = 1,
    .fields = fields,
    .after_load = after_load,
};
