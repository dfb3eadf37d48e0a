/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IBM PS/2 Hardware Interface Technical Reference, "Mouse"; Microsoft's IntelliMouse protocol for wheel and buttons
 * four and five (chosen by setting the sample rates 200, 100, 80 and 200, 200, 80 one after the other).
 */
#include "devices/input/ps2_mouse.h"

#include <stdlib.h>
#include <string.h>

#include "emu/bytes.h"

enum command {
    SET_SCALING_1_1 = 0xE6,
    SET_SCALING_2_1 = 0xE7,
    SET_RESOLUTION = 0xE8,
    STATUS_REQUEST = 0xE9,
    SET_STREAM_MODE = 0xEA,
    READ_DATA = 0xEB,
    RESET_WRAP_MODE = 0xEC,
    SET_WRAP_MODE = 0xEE,
    SET_REMOTE_MODE = 0xF0,
    READ_ID = 0xF2,
    SET_SAMPLE_RATE = 0xF3,
    ENABLE = 0xF4,
    DISABLE = 0xF5,
    SET_DEFAULT = 0xF6,
    RESEND = 0xFE,
    RESET = 0xFF,
};

#define ANSWER_ACKNOWLEDGE 0xFA
#define ANSWER_TEST_PASSED 0xAA
#define ANSWER_RESEND 0xFE

#define ID_PLAIN 0
#define ID_WHEEL 3
#define ID_FIVE_BUTTONS 4

#define DEFAULT_RATE 100     /* samples a second */
#define DEFAULT_RESOLUTION 2 /* 4 counts a millimetre */
#define PENDING 32

/* Movement that has not been reported yet; each with the buttons held at its end. */
struct movement {
    int32_t dx, dy, dz; /* to the right, upwards, towards the person */
    uint8_t buttons;
};

struct ps2_mouse {
    struct machine *machine;
    const char *id;

    struct ps2_link link;
    struct clock_timer *sample; /* runs from one report to the earliest time of the next */
    uint8_t parameter_of;
    bool reporting, remote, wrap, scaling_2_1;
    uint8_t identity;
    uint8_t sample_rate, resolution;
    uint8_t rates[2];                 /* the last two sample rates before the current one */
    struct movement pending[PENDING]; /* oldest first */
    uint8_t pending_count;
    uint8_t buttons; /* as last reported */
};

struct ps2_link *ps2_mouse_link(struct ps2_mouse *mouse)
{
    return &mouse->link;
}

/* --- movement --- */

static void drop_movement(struct ps2_mouse *mouse)
{
    mouse->pending_count = 0;
    ps2_link_drop_stream(&mouse->link);
    clock_timer_set(mouse->sample, CLOCK_NEVER);
}

static int32_t clamp_sum(int64_t a, int64_t b)
{
    return (int32_t)CLAMP(a + b, -(1 << 20), 1 << 20);
}

/* Movement with the same buttons adds up; each change of a button is kept, so that no click is lost. */
static void add_movement(struct ps2_mouse *mouse, const struct movement *event)
{
    struct movement *last = mouse->pending_count ? &mouse->pending[mouse->pending_count - 1] : NULL;

    if (!last && event->buttons == mouse->buttons && !event->dx && !event->dy && !event->dz)
        return;
    if (!last || (last->buttons != event->buttons && mouse->pending_count < PENDING)) {
        mouse->pending[mouse->pending_count++] = *event;
        return;
    }
    last->dx = clamp_sum(last->dx, event->dx);
    last->dy = clamp_sum(last->dy, event->dy);
    last->dz = clamp_sum(last->dz, event->dz);
    last->buttons = event->buttons;
}

/* Takes at most @limit of @count away. */
static int32_t take_part(int32_t *count, int32_t limit)
{
    int32_t part = CLAMP(*count, -limit, limit);

    *count -= part;
    return part;
}

static int32_t scale_2_1(int32_t count)
{
    static const int32_t small[6] = {0, 1, 1, 3, 6, 9};
    int32_t size = abs(count);
    int32_t scaled = size < 6 ? small[size] : 2 * size;

    return count < 0 ? -scaled : scaled;
}

/* The next report of three or four bytes; removes what it tells. */
static size_t make_report(struct ps2_mouse *mouse, bool stream, uint8_t report[4])
{
    struct movement none = {.buttons = mouse->buttons};
    struct movement *next = mouse->pending_count ? &mouse->pending[0] : &none;
    bool scaled = stream && mouse->scaling_2_1;
    int32_t dx = take_part(&next->dx, scaled ? 127 : 255);
    int32_t dy = take_part(&next->dy, scaled ? 127 : 255);
    int32_t dz = take_part(&next->dz, 7);

    mouse->buttons = next->buttons;
    if (next != &none && !next->dx && !next->dy && !next->dz) {
        mouse->pending_count--;
        memmove(&mouse->pending[0], &mouse->pending[1], mouse->pending_count * sizeof(mouse->pending[0]));
    }
    if (scaled) {
        dx = scale_2_1(dx);
        dy = scale_2_1(dy);
    }
    report[0] = (uint8_t)(0x08 | (mouse->buttons & 0x07) | (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0));
    report[1] = (uint8_t)dx;
    report[2] = (uint8_t)dy;
    if (mouse->identity == ID_PLAIN)
        return 3;
    report[3] = (uint8_t)dz;
    if (mouse->identity == ID_FIVE_BUTTONS)
        report[3] = (uint8_t)((dz & 0x0F) | (mouse->buttons & 0x18) << 1);
    return 4;
}

/* In stream mode: a report if there is something to tell and the sample time has passed. */
static void report(struct ps2_mouse *mouse)
{
    uint8_t bytes[4];

    if (!mouse->reporting || mouse->remote || mouse->wrap || mouse->pending_count == 0 ||
        mouse->link.stream_count > 0 || clock_timer_deadline(mouse->sample) != CLOCK_NEVER)
        return;
    size_t length = make_report(mouse, true, bytes);

    clock_timer_set(mouse->sample, machine_now(mouse->machine) + NANOSECONDS_PER_SECOND / mouse->sample_rate);
    ps2_link_send(&mouse->link, bytes, length);
}

static void may_report(void *opaque)
{
    report(opaque);
}

static void deliver(void *opaque, const uint8_t *data, size_t length)
{
    struct ps2_mouse *mouse = opaque;

    for (size_t i = 0; i + POINTER_EVENT_SIZE <= length; i += POINTER_EVENT_SIZE) {
        struct movement event = {
            .dx = (int16_t)get_le16(data + i),
            .dy = -(int16_t)get_le16(data + i + 2),
            .dz = (int16_t)get_le16(data + i + 4),
            .buttons = data[i + 6] & 0x1F,
        };

        if (mouse->reporting || mouse->remote)
            add_movement(mouse, &event);
        else
            mouse->buttons = event.buttons;
    }
    report(mouse);
}

void pointer_event_pack(uint8_t event[POINTER_EVENT_SIZE], int16_t dx, int16_t dy, int16_t dz, uint8_t buttons)
{
    const uint16_t values[3] = {(uint16_t)dx, (uint16_t)dy, (uint16_t)dz};

    for (unsigned i = 0; i < 3; i++) {
        event[2 * i] = (uint8_t)values[i];
        event[2 * i + 1] = (uint8_t)(values[i] >> 8);
    }
    event[6] = buttons;
}

/* --- commands --- */

static void answer(struct ps2_mouse *mouse, uint8_t byte)
{
    ps2_link_answer(&mouse->link, byte);
}

static void set_defaults(struct ps2_mouse *mouse)
{
    mouse->reporting = mouse->remote = mouse->wrap = mouse->scaling_2_1 = false;
    mouse->sample_rate = DEFAULT_RATE;
    mouse->resolution = DEFAULT_RESOLUTION;
    drop_movement(mouse);
}

static void set_sample_rate(struct ps2_mouse *mouse, uint8_t rate)
{
    if (rate == 0) {
        answer(mouse, ANSWER_RESEND);
        return;
    }
    if (rate == 80 && mouse->rates[0] == 200 && mouse->rates[1] == 100)
        mouse->identity = MAX(mouse->identity, ID_WHEEL);
    if (rate == 80 && mouse->rates[0] == 200 && mouse->rates[1] == 200)
        mouse->identity = ID_FIVE_BUTTONS;
    mouse->rates[0] = mouse->rates[1];
    mouse->rates[1] = rate;
    mouse->sample_rate = rate;
    answer(mouse, ANSWER_ACKNOWLEDGE);
}

static void take_parameter(struct ps2_mouse *mouse, uint8_t byte)
{
    uint8_t command = mouse->parameter_of;

    mouse->parameter_of = 0;
    if (command == SET_SAMPLE_RATE) {
        set_sample_rate(mouse, byte);
    } else if (byte > 3) {
        answer(mouse, ANSWER_RESEND);
    } else {
        mouse->resolution = byte;
        answer(mouse, ANSWER_ACKNOWLEDGE);
    }
}

static void answer_status(struct ps2_mouse *mouse)
{
    /* Left, middle and right from bit 2 down: another order than in a report. */
    uint8_t buttons = (uint8_t)((mouse->buttons & POINTER_LEFT ? 4 : 0) | (mouse->buttons & POINTER_MIDDLE ? 2 : 0) |
                                (mouse->buttons & POINTER_RIGHT ? 1 : 0));

    answer(mouse, ANSWER_ACKNOWLEDGE);
    answer(mouse, (uint8_t)((mouse->remote ? 0x40 : 0) | (mouse->reporting ? 0x20 : 0) |
                            (mouse->scaling_2_1 ? 0x10 : 0) | buttons));
    answer(mouse, mouse->resolution);
    answer(mouse, mouse->sample_rate);
}

static void answer_data(struct ps2_mouse *mouse)
{
    uint8_t bytes[4];
    size_t length = make_report(mouse, false, bytes);

    answer(mouse, ANSWER_ACKNOWLEDGE);
    for (size_t i = 0; i < length; i++)
        answer(mouse, bytes[i]);
}

static void reset_mouse(struct ps2_mouse *mouse)
{
    ps2_link_reset(&mouse->link);
    set_defaults(mouse);
    mouse->identity = ID_PLAIN;
    mouse->rates[0] = mouse->rates[1] = 0;
    answer(mouse, ANSWER_ACKNOWLEDGE);
    answer(mouse, ANSWER_TEST_PASSED);
    answer(mouse, ID_PLAIN);
}

/* Commands that change a mode and say no more than that they were heard; false: not one of them. */
static bool set_mode(struct ps2_mouse *mouse, uint8_t command)
{
    switch (command) {
    case SET_SCALING_1_1:
    case SET_SCALING_2_1:
        mouse->scaling_2_1 = command == SET_SCALING_2_1;
        break;
    case SET_STREAM_MODE:
    case SET_REMOTE_MODE:
        mouse->remote = command == SET_REMOTE_MODE;
        drop_movement(mouse);
        break;
    case SET_WRAP_MODE:
        mouse->wrap = true;
        drop_movement(mouse);
        break;
    case RESET_WRAP_MODE:
        mouse->wrap = false;
        drop_movement(mouse);
        break;
    case ENABLE:
    case DISABLE:
        mouse->reporting = command == ENABLE;
        drop_movement(mouse);
        break;
    case SET_DEFAULT:
        set_defaults(mouse);
        break;
    default:
        return false;
    }
    answer(mouse, ANSWER_ACKNOWLEDGE);
    return true;
}

static void take_command(struct ps2_mouse *mouse, uint8_t byte)
{
    switch (byte) {
    case SET_RESOLUTION:
    case SET_SAMPLE_RATE:
        answer(mouse, ANSWER_ACKNOWLEDGE);
        mouse->parameter_of = byte;
        return;
    case STATUS_REQUEST:
        answer_status(mouse);
        return;
    case READ_DATA:
        answer_data(mouse);
        return;
    case READ_ID:
        answer(mouse, ANSWER_ACKNOWLEDGE);
        answer(mouse, mouse->identity);
        return;
    case RESEND:
        answer(mouse, mouse->link.last);
        return;
    case RESET:
        reset_mouse(mouse);
        return;
    }
    if (set_mode(mouse, byte))
        return;
    machine_guest_error(mouse->machine, mouse->id, "unknown command 0x%02x", byte);
    answer(mouse, ANSWER_RESEND);
}

void ps2_mouse_write(struct ps2_mouse *mouse, uint8_t byte)
{
    if (mouse->wrap && byte != RESET && byte != RESET_WRAP_MODE) {
        answer(mouse, byte);
        return;
    }
    if (mouse->parameter_of && byte < SET_SCALING_1_1) {
        take_parameter(mouse, byte);
    } else {
        mouse->parameter_of = 0; /* a command where a parameter was expected takes its place */
        take_command(mouse, byte);
    }
    /* After the answer, which goes before what has waited. */
    ps2_link_hold(&mouse->link, mouse->parameter_of != 0);
}

/* --- device --- */

static void mouse_reset(void *device)
{
    struct ps2_mouse *mouse = device;

    ps2_link_reset(&mouse->link);
    set_defaults(mouse);
    mouse->identity = ID_PLAIN;
    memset(mouse->rates, 0, sizeof(mouse->rates));
    mouse->parameter_of = 0;
    mouse->buttons = 0;
}

static void mouse_unrealize(void *device)
{
    struct ps2_mouse *mouse = device;

    ps2_link_finalize(&mouse->link);
    clock_timer_free(mouse->sample);
    g_free(mouse);
}

static void after_load(void *object)
{
    struct ps2_mouse *mouse = object;

    mouse->pending_count = MIN(mouse->pending_count, PENDING);
    mouse->sample_rate = MAX(mouse->sample_rate, 1);
    for (unsigned i = 0; i < PENDING; i++) {
        struct movement *movement = &mouse->pending[i];

        movement->dx = clamp_sum(movement->dx, 0);
        movement->dy = clamp_sum(movement->dy, 0);
        movement->dz = clamp_sum(movement->dz, 0);
    }
}

static const struct state_field movement_fields[] = {
    STATE_U32(struct movement, dx),
    STATE_U32(struct movement, dy),
    STATE_U32(struct movement, dz),
    STATE_U8(struct movement, buttons),
    STATE_END,
};

static const struct state_table movement_table = {.name = "movement", .version = 1, .fields = movement_fields};

static const struct state_field fields[] = {
    STATE_STRUCT(struct ps2_mouse, link, &ps2_link_state),
    STATE_TIMER(struct ps2_mouse, sample),
    STATE_U8(struct ps2_mouse, parameter_of),
    STATE_BOOL(struct ps2_mouse, reporting),
    STATE_BOOL(struct ps2_mouse, remote),
    STATE_BOOL(struct ps2_mouse, wrap),
    STATE_BOOL(struct ps2_mouse, scaling_2_1),
    STATE_U8(struct ps2_mouse, identity),
    STATE_U8(struct ps2_mouse, sample_rate),
    STATE_U8(struct ps2_mouse, resolution),
    STATE_U8_ARRAY(struct ps2_mouse, rates),
    STATE_STRUCT_ARRAY(struct ps2_mouse, pending, &movement_table),
    STATE_U8(struct ps2_mouse, pending_count),
    STATE_U8(struct ps2_mouse, buttons),
    STATE_END,
};

static const struct state_table table = {
    .name = "ps2-mouse",
    .version = 1,
    .fields = fields,
    .after_load = after_load,
};

static const struct device_class mouse_class = {
    .name = "ps2-mouse",
    .state = &table,
    .reset = mouse_reset,
    .unrealize = mouse_unrealize,
};

struct ps2_mouse *ps2_mouse_new(struct machine *machine, const char *id, void (*available)(void *opaque), void *opaque)
{
    struct ps2_mouse *mouse = g_new0(struct ps2_mouse, 1);

    mouse->machine = machine;
    mouse->id = id;
    ps2_link_init(&mouse->link, machine, "ps2-mouse", available, opaque);
    mouse->link.idle = may_report;
    mouse->link.device = mouse;
    mouse->sample = clock_timer_new(machine_clock(machine), "ps2-mouse-sample", may_report, mouse);
    journal_source_new(machine_journal(machine), "pointer", deliver, mouse);
    machine_add_device(machine, &mouse_class, mouse, id);
    mouse_reset(mouse);
    return mouse;
}
