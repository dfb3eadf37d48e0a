/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-Key)": commands from the system, scan
 * codes.
 *
 * Repetition comes from outside (a host's keyboard repeats by itself): the typematic rate is kept, not used.
 */
#include "devices/input/ps2_keyboard.h"

#include <string.h>

#include "devices/input/key_codes.h"

enum command {
    SET_LEDS = 0xED,
    ECHO = 0xEE,
    SELECT_SET = 0xF0,
    READ_ID = 0xF2,
    SET_TYPEMATIC_RATE = 0xF3,
    ENABLE = 0xF4,
    DEFAULT_DISABLE = 0xF5,
    SET_DEFAULT = 0xF6,
    ALL_TYPEMATIC = 0xF7,
    ALL_MAKE_BREAK = 0xF8,
    ALL_MAKE = 0xF9,
    ALL_TYPEMATIC_MAKE_BREAK = 0xFA,
    KEY_TYPEMATIC_ONLY = 0xFB,
    KEY_MAKE_AND_BREAK = 0xFC,
    KEY_MAKE = 0xFD,
    RESEND = 0xFE,
    RESET = 0xFF,
};

#define ANSWER_TEST_PASSED 0xAA
#define ANSWER_ECHO 0xEE
#define ANSWER_ACKNOWLEDGE 0xFA
#define ANSWER_RESEND 0xFE
#define DEFAULT_RATE 0x2B /* 10.9 a second after half a second */

/* Of each key in set 3. */
#define SENDS_BREAK 0x01
#define REPEATS 0x02

struct ps2_keyboard {
    struct machine *machine;
    const char *id;

    struct ps2_link link;
    uint8_t parameter_of; /* the command that waits for a parameter, or 0 */
    bool scanning;
    uint8_t set; /* 1 to 3 */
    uint8_t leds;
    uint8_t typematic_rate;
    uint8_t traits[256]; /* by code of set 3 */
    uint8_t pressed[32]; /* a bit for each usage */
    bool overrun;        /* the last thing in the stream tells that keys were lost */
};

struct ps2_link *ps2_keyboard_link(struct ps2_keyboard *keyboard)
{
    return &keyboard->link;
}

uint8_t ps2_keyboard_leds(const struct ps2_keyboard *keyboard)
{
    return keyboard->leds;
}

/* --- scan codes --- */

static bool is_pressed(const struct ps2_keyboard *keyboard, uint8_t usage)
{
    return keyboard->pressed[usage / 8] & (1 << usage % 8);
}

static void set_pressed(struct ps2_keyboard *keyboard, uint8_t usage, bool down)
{
    if (down)
        keyboard->pressed[usage / 8] |= (uint8_t)(1 << usage % 8);
    else
        keyboard->pressed[usage / 8] &= (uint8_t) ~(1 << usage % 8);
}

/* A few bytes that go out together or not at all. */
struct sequence {
    uint8_t bytes[12];
    size_t length;
};

static void put(struct sequence *out, uint8_t byte)
{
    out->bytes[out->length++] = byte;
}

/* Make or break in set 1 or 2; set 1 is what the controller's translation would make of set 2. */
static void put_code(struct sequence *out, uint8_t set, bool extended, uint8_t code, bool down)
{
    if (extended)
        put(out, 0xE0);
    if (set == 1) {
        put(out, key_set2_to_set1(code) | (down ? 0 : 0x80));
    } else {
        if (!down)
            put(out, 0xF0);
        put(out, code);
    }
}

static bool either_pressed(const struct ps2_keyboard *keyboard, uint8_t left, uint8_t right)
{
    return is_pressed(keyboard, left) || is_pressed(keyboard, right);
}

/* Print Screen: with Alt it is System Request, otherwise wrapped in a Shift unless that or Control is held. */
static void put_print_screen(struct ps2_keyboard *keyboard, struct sequence *out, bool down)
{
    bool bare = !either_pressed(keyboard, KEY_LEFT_SHIFT, KEY_RIGHT_SHIFT) &&
                !either_pressed(keyboard, KEY_LEFT_CONTROL, KEY_RIGHT_CONTROL);

    if (either_pressed(keyboard, KEY_LEFT_ALT, KEY_RIGHT_ALT)) {
        put_code(out, keyboard->set, false, 0x84, down);
        return;
    }
    if (bare && down)
        put_code(out, keyboard->set, true, 0x12, true);
    put_code(out, keyboard->set, true, 0x7C, down);
    if (bare && !down)
        put_code(out, keyboard->set, true, 0x12, false);
}

/* Pause says make and break at once when pressed; with Control it is Break. */
static void put_pause(struct ps2_keyboard *keyboard, struct sequence *out, bool down)
{
    if (!down)
        return;
    if (either_pressed(keyboard, KEY_LEFT_CONTROL, KEY_RIGHT_CONTROL)) {
        put_code(out, keyboard->set, true, 0x7E, true);
        put_code(out, keyboard->set, true, 0x7E, false);
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        put(out, 0xE1);
        put_code(out, keyboard->set, false, 0x14, i == 0);
        put_code(out, keyboard->set, false, 0x77, i == 0);
    }
}

static void put_set3(struct ps2_keyboard *keyboard, struct sequence *out, const struct key_codes *key, bool down,
                     bool repeated)
{
    uint8_t traits = keyboard->traits[key->set3];

    if (key->set3 == 0 || (repeated && !(traits & REPEATS)) || (!down && !(traits & SENDS_BREAK)))
        return;
    if (!down)
        put(out, 0xF0);
    put(out, key->set3);
}

static void send_sequence(struct ps2_keyboard *keyboard, const struct sequence *out)
{
    static const uint8_t overrun_codes[4] = {0x00, 0xFF, 0x00, 0x00};

    if (out->length == 0)
        return;
    /* One byte stays free for the word that keys were lost. */
    if (ps2_link_room(&keyboard->link) > out->length) {
        ps2_link_send(&keyboard->link, out->bytes, out->length);
        keyboard->overrun = false;
    } else if (!keyboard->overrun) {
        ps2_link_send(&keyboard->link, &overrun_codes[keyboard->set], 1);
        keyboard->overrun = true;
    }
}

static void key_event(struct ps2_keyboard *keyboard, uint8_t usage, bool down)
{
    const struct key_codes *key = key_codes_find(usage);
    struct sequence out = {.length = 0};
    bool repeated = down && is_pressed(keyboard, usage);

    if (!key || (!down && !is_pressed(keyboard, usage)))
        return;
    set_pressed(keyboard, usage, down);
    if (!keyboard->scanning)
        return;
    if (keyboard->set == 3)
        put_set3(keyboard, &out, key, down, repeated);
    else if (usage == KEY_PRINT_SCREEN)
        put_print_screen(keyboard, &out, down);
    else if (usage == KEY_PAUSE)
        put_pause(keyboard, &out, down && !repeated);
    else if (down || !key->no_break)
        put_code(&out, keyboard->set, key->extended, key->set2, down);
    send_sequence(keyboard, &out);
}

static void deliver(void *opaque, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i + 1 < length; i += 2)
        key_event(opaque, data[i], data[i + 1] != 0);
}

/* --- commands --- */

static void set_all_traits(struct ps2_keyboard *keyboard, uint8_t traits)
{
    memset(keyboard->traits, traits, sizeof(keyboard->traits));
}

static void set_defaults(struct ps2_keyboard *keyboard)
{
    static const uint8_t traits_of[] = {
        [KEY_MAKE_ONLY] = 0,
        [KEY_TYPEMATIC] = REPEATS,
        [KEY_MAKE_BREAK] = SENDS_BREAK,
    };

    keyboard->typematic_rate = DEFAULT_RATE;
    keyboard->set = 2;
    set_all_traits(keyboard, 0);
    for (unsigned usage = 0; usage < 256; usage++) {
        const struct key_codes *key = key_codes_find((uint8_t)usage);

        if (key && key->set3)
            keyboard->traits[key->set3] = traits_of[key->type];
    }
    ps2_link_drop_stream(&keyboard->link);
    keyboard->overrun = false;
}

static void answer(struct ps2_keyboard *keyboard, uint8_t byte)
{
    ps2_link_answer(&keyboard->link, byte);
}

static void select_set(struct ps2_keyboard *keyboard, uint8_t set)
{
    if (set > 3) {
        answer(keyboard, ANSWER_RESEND);
        return;
    }
    answer(keyboard, ANSWER_ACKNOWLEDGE);
    if (set == 0) {
        answer(keyboard, keyboard->set);
        return;
    }
    keyboard->set = set;
    ps2_link_drop_stream(&keyboard->link);
}

/* FB to FD take codes of set 3, as many as come, until the next command. */
static void set_key_traits(struct ps2_keyboard *keyboard, uint8_t command, uint8_t code)
{
    keyboard->traits[code] = command == KEY_TYPEMATIC_ONLY ? REPEATS : command == KEY_MAKE_AND_BREAK ? SENDS_BREAK : 0;
    answer(keyboard, ANSWER_ACKNOWLEDGE);
}

static void take_parameter(struct ps2_keyboard *keyboard, uint8_t byte)
{
    uint8_t command = keyboard->parameter_of;

    if (command >= KEY_TYPEMATIC_ONLY) {
        set_key_traits(keyboard, command, byte);
        return;
    }
    keyboard->parameter_of = 0;
    switch (command) {
    case SET_LEDS:
        keyboard->leds = byte & 0x07;
        answer(keyboard, ANSWER_ACKNOWLEDGE);
        break;
    case SET_TYPEMATIC_RATE:
        keyboard->typematic_rate = byte & 0x7F;
        answer(keyboard, ANSWER_ACKNOWLEDGE);
        break;
    case SELECT_SET:
        select_set(keyboard, byte);
        break;
    }
}

static void reset_keyboard(struct ps2_keyboard *keyboard)
{
    ps2_link_reset(&keyboard->link);
    set_defaults(keyboard);
    keyboard->leds = 0;
    keyboard->scanning = true;
    answer(keyboard, ANSWER_ACKNOWLEDGE);
    answer(keyboard, ANSWER_TEST_PASSED);
}

/* Commands that say how all keys behave in set 3. */
static void set_all_keys(struct ps2_keyboard *keyboard, uint8_t command)
{
    static const uint8_t traits[4] = {REPEATS, SENDS_BREAK, 0, REPEATS | SENDS_BREAK};

    set_all_traits(keyboard, traits[command - ALL_TYPEMATIC]);
    answer(keyboard, ANSWER_ACKNOWLEDGE);
}

static void take_command(struct ps2_keyboard *keyboard, uint8_t byte)
{
    switch ((enum command)byte) {
    case SET_LEDS:
    case SELECT_SET:
    case SET_TYPEMATIC_RATE:
    case KEY_TYPEMATIC_ONLY:
    case KEY_MAKE_AND_BREAK:
    case KEY_MAKE:
        answer(keyboard, ANSWER_ACKNOWLEDGE);
        keyboard->parameter_of = byte;
        return;
    case ECHO:
        answer(keyboard, ANSWER_ECHO);
        return;
    case READ_ID:
        answer(keyboard, ANSWER_ACKNOWLEDGE);
        answer(keyboard, 0xAB);
        answer(keyboard, 0x83);
        return;
    case ENABLE:
    case DEFAULT_DISABLE:
    case SET_DEFAULT:
        if (byte == ENABLE)
            ps2_link_drop_stream(&keyboard->link);
        else
            set_defaults(keyboard);
        keyboard->scanning = byte != DEFAULT_DISABLE;
        answer(keyboard, ANSWER_ACKNOWLEDGE);
        return;
    case ALL_TYPEMATIC:
    case ALL_MAKE_BREAK:
    case ALL_MAKE:
    case ALL_TYPEMATIC_MAKE_BREAK:
        set_all_keys(keyboard, byte);
        return;
    case RESEND:
        answer(keyboard, keyboard->link.last);
        return;
    case RESET:
        reset_keyboard(keyboard);
        return;
    }
    machine_guest_error(keyboard->machine, keyboard->id, "unknown command 0x%02x", byte);
    answer(keyboard, ANSWER_RESEND);
}

void ps2_keyboard_write(struct ps2_keyboard *keyboard, uint8_t byte)
{
    if (keyboard->parameter_of && byte < SET_LEDS) {
        take_parameter(keyboard, byte);
    } else {
        keyboard->parameter_of = 0; /* a command where a parameter was expected takes its place */
        take_command(keyboard, byte);
    }
    /* After the answer, which goes before what has waited. */
    ps2_link_hold(&keyboard->link, keyboard->parameter_of != 0);
}

/* --- device --- */

static void keyboard_reset(void *device)
{
    struct ps2_keyboard *keyboard = device;

    ps2_link_reset(&keyboard->link);
    set_defaults(keyboard);
    keyboard->leds = 0;
    keyboard->parameter_of = 0;
    keyboard->scanning = true;
    memset(keyboard->pressed, 0, sizeof(keyboard->pressed));
}

static void keyboard_unrealize(void *device)
{
    struct ps2_keyboard *keyboard = device;

    ps2_link_finalize(&keyboard->link);
    g_free(keyboard);
}

static void after_load(void *object)
{
    struct ps2_keyboard *keyboard = object;

    keyboard->set = CLAMP(keyboard->set, 1, 3);
}

static const struct state_field fields[] = {
    STATE_STRUCT(struct ps2_keyboard, link, &ps2_link_state),
    STATE_U8(struct ps2_keyboard, parameter_of),
    STATE_BOOL(struct ps2_keyboard, scanning),
    STATE_U8(struct ps2_keyboard, set),
    STATE_U8(struct ps2_keyboard, leds),
    STATE_U8(struct ps2_keyboard, typematic_rate),
    STATE_U8_ARRAY(struct ps2_keyboard, traits),
    STATE_U8_ARRAY(struct ps2_keyboard, pressed),
    STATE_BOOL(struct ps2_keyboard, overrun),
    STATE_END,
};

static const struct state_table table = {
    .name = "ps2-keyboard",
    .version = 1,
    .fields = fields,
    .after_load = after_load,
};

static const struct device_class keyboard_class = {
    .name = "ps2-keyboard",
    .state = &table,
    .reset = keyboard_reset,
    .unrealize = keyboard_unrealize,
};

struct ps2_keyboard *ps2_keyboard_new(struct machine *machine, const char *id, void (*available)(void *opaque),
                                      void *opaque)
{
    struct ps2_keyboard *keyboard = g_new0(struct ps2_keyboard, 1);

    keyboard->machine = machine;
    keyboard->id = id;
    ps2_link_init(&keyboard->link, machine, "ps2-keyboard", available, opaque);
    journal_source_new(machine_journal(machine), "keyboard", deliver, keyboard);
    machine_add_device(machine, &keyboard_class, keyboard, id);
    keyboard_reset(keyboard);
    return keyboard;
}
