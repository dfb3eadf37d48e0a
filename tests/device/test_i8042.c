/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller and the keyboard behind it; the mouse has a file of its own. */
#include "devices/input/i8042.h"

#include "devices/input/key_codes.h"
#include "devices/input/text_keys.h"
#include "tests/device/fixture.h"

#define DATA 0x60
#define COMMAND 0x64
#define FRAME 880000 /* ns: a byte of the keyboard's own on the wire */

struct fixture {
    struct machine *machine;
    struct i8042 *controller;
    struct test_line keyboard, mouse;
    unsigned resets;
    unsigned notes;
};

static void count(void *opaque)
{
    (*(unsigned *)opaque)++;
}

static void count_note(void *opaque, const char *text)
{
    (*(unsigned *)opaque)++;
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    f->machine = test_machine();
    machine_set_note_handler(f->machine, count_note, &f->notes);
    struct i8042_config config = {
        .keyboard_irq = test_irq(&f->keyboard), .mouse_irq = test_irq(&f->mouse), .reset = count, .opaque = &f->resets};
    f->controller = i8042_new(f->machine, &config);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

#define OUT(port, value) out8(f->machine, port, value)
#define IN(port) in8(f->machine, port)

static bool full(struct fixture *f)
{
    return IN(COMMAND) & 0x01;
}

static void key(struct fixture *f, uint8_t usage, bool down)
{
    const uint8_t event[2] = {usage, down};

    test_submit(f->machine, "keyboard", event, 2);
}

/* All that comes, bytes in hex, the mouse's in brackets. */
static char *drain(struct fixture *f)
{
    GString *out = g_string_new(NULL);

    for (unsigned empty = 0; empty < 3;) {
        uint8_t status = IN(COMMAND);

        if (status & 0x01) {
            g_string_append_printf(out, status & 0x20 ? "[%02x] " : "%02x ", IN(DATA));
            empty = 0;
        } else {
            machine_advance(f->machine, FRAME);
            empty++;
        }
    }
    if (out->len)
        g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}

static void expect(struct fixture *f, const char *bytes)
{
    g_autofree char *got = drain(f);

    g_assert_cmpstr(got, ==, bytes);
}

static uint8_t command(struct fixture *f, uint8_t value)
{
    OUT(COMMAND, value);
    g_assert_true(full(f));
    return IN(DATA);
}

static void set_config(struct fixture *f, uint8_t config)
{
    OUT(COMMAND, 0x60);
    OUT(DATA, config);
}

static void test_controller(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(IN(COMMAND), ==, 0x14);
    g_assert_cmphex(command(f, 0x20), ==, 0x65);
    g_assert_cmphex(IN(COMMAND), ==, 0x1C);
    OUT(COMMAND, 0x7F);
    OUT(DATA, 0x77);
    g_assert_cmphex(IN(COMMAND), ==, 0x14);
    g_assert_cmphex(command(f, 0x3F), ==, 0x77);
    g_assert_cmphex(command(f, 0xAA), ==, 0x55);
    g_assert_cmphex(command(f, 0xAB), ==, 0x00);
    g_assert_cmphex(command(f, 0xA9), ==, 0x00);
    g_assert_cmphex(command(f, 0xA4), ==, 0xF1);
    g_assert_cmphex(command(f, 0xC0), ==, 0x80);
    OUT(COMMAND, 0xA8);
    OUT(COMMAND, 0xAD);
    g_assert_cmphex(command(f, 0x20), ==, 0x55);
    OUT(COMMAND, 0xA7);
    OUT(COMMAND, 0xAE);
    g_assert_cmphex(command(f, 0x20), ==, 0x65);
    set_config(f, 0x00);
    g_assert_cmphex(IN(COMMAND), ==, 0x10);
    g_assert_cmphex(command(f, 0xAA), ==, 0x55);
    g_assert_cmphex(IN(COMMAND) & 0x04, ==, 0x04);
    g_assert_cmpuint(f->notes, ==, 0);
    OUT(COMMAND, 0xB5);
    g_assert_cmpuint(f->notes, ==, 1);
}

static void test_buffers(struct fixture *f, gconstpointer unused)
{
    set_config(f, 0x47);
    OUT(COMMAND, 0xD2);
    OUT(DATA, 0x5A);
    g_assert_true(f->keyboard.level);
    g_assert_false(f->mouse.level);
    g_assert_cmphex(command(f, 0xD0), ==, 0x5A);
    g_assert_cmphex(IN(DATA), ==, 0xD3);
    g_assert_false(f->keyboard.level);
    OUT(COMMAND, 0xD3);
    OUT(DATA, 0xA5);
    g_assert_cmphex(IN(COMMAND) & 0x21, ==, 0x21);
    g_assert_true(f->mouse.level);
    g_assert_cmphex(IN(DATA), ==, 0xA5);
    g_assert_false(f->mouse.level);
    g_assert_cmphex(IN(COMMAND) & 0x21, ==, 0x00);
    /* Five answers that nobody reads: four wait, one stands in the buffer; the sixth is dropped. */
    for (unsigned i = 0; i < 6; i++)
        OUT(COMMAND, 0xAA);
    g_assert_cmpuint(f->notes, ==, 1);
    expect(f, "55 55 55 55 55");
}

static void test_reset_and_a20(struct fixture *f, gconstpointer unused)
{
    g_assert_true(i8042_a20(f->controller));
    OUT(COMMAND, 0xD1);
    OUT(DATA, 0xDD);
    g_assert_false(i8042_a20(f->controller));
    g_assert_cmphex(command(f, 0xD0) & 0x02, ==, 0x00);
    OUT(COMMAND, 0xDF);
    g_assert_true(i8042_a20(f->controller));
    OUT(COMMAND, 0xDD);
    g_assert_false(i8042_a20(f->controller));
    g_assert_cmpuint(f->resets, ==, 0);
    OUT(COMMAND, 0xFF);
    g_assert_cmpuint(f->resets, ==, 0);
    OUT(COMMAND, 0xFE);
    g_assert_cmpuint(f->resets, ==, 1);
    OUT(COMMAND, 0xD1);
    OUT(DATA, 0x02);
    g_assert_cmpuint(f->resets, ==, 2);
}

/* One edge for each byte, and only while the command byte allows it. */
static void test_interrupts(struct fixture *f, gconstpointer unused)
{
    key(f, KEY_A, true);
    g_assert_true(f->keyboard.level);
    g_assert_cmpuint(f->keyboard.edges, ==, 1);
    key(f, KEY_A, false);
    g_assert_cmpuint(f->keyboard.edges, ==, 1);
    g_assert_cmphex(IN(DATA), ==, 0x1E);
    g_assert_false(f->keyboard.level);
    g_assert_cmphex(IN(DATA), ==, 0x1E);
    machine_advance(f->machine, 2 * FRAME);
    g_assert_true(f->keyboard.level);
    g_assert_cmpuint(f->keyboard.edges, ==, 2);
    set_config(f, 0x44);
    g_assert_false(f->keyboard.level);
    g_assert_true(full(f));
    set_config(f, 0x45);
    g_assert_true(f->keyboard.level);
    g_assert_cmphex(IN(DATA), ==, 0x9E);
    /* Two answers wait: reading the first makes an edge for the second. */
    OUT(DATA, 0xF2);
    unsigned edges = f->keyboard.edges;
    g_assert_cmphex(IN(DATA), ==, 0xFA);
    g_assert_true(f->keyboard.level);
    g_assert_cmpuint(f->keyboard.edges, ==, edges + 1);
    expect(f, "ab 41");
    set_config(f, 0x44);
    OUT(DATA, 0xEE);
    g_assert_true(full(f));
    g_assert_false(f->keyboard.level);
}

/* As Redox's ps2d does it. */
static void test_redox_start(struct fixture *f, gconstpointer unused)
{
    OUT(COMMAND, 0xAD);
    OUT(COMMAND, 0xA7);
    set_config(f, 0x34);
    g_assert_cmphex(command(f, 0xAA), ==, 0x55);
    OUT(COMMAND, 0xAE);
    OUT(DATA, 0xFF);
    expect(f, "fa aa");
    OUT(DATA, 0xF5);
    expect(f, "fa");
    OUT(DATA, 0xF0);
    OUT(DATA, 0x02);
    expect(f, "fa fa");
    OUT(COMMAND, 0xA8);
    OUT(COMMAND, 0xD4);
    OUT(DATA, 0xFF);
    expect(f, "[fa] [aa] [00]");
    g_assert_cmpuint(f->keyboard.edges, ==, 0);
    g_assert_cmpuint(f->mouse.edges, ==, 0);
    OUT(DATA, 0xF4);
    expect(f, "fa");
    set_config(f, 0x77 & ~0x30);
    key(f, KEY_A, true);
    key(f, KEY_A, false);
    expect(f, "1e 9e");
}

static void press(struct fixture *f, uint8_t usage, const char *make, const char *release)
{
    key(f, usage, true);
    expect(f, make);
    key(f, usage, false);
    expect(f, release);
}

static void choose_set(struct fixture *f, uint8_t set, bool translated)
{
    set_config(f, translated ? 0x45 : 0x05);
    OUT(DATA, 0xF0);
    OUT(DATA, set);
    expect(f, "fa fa");
}

static void test_scan_codes(struct fixture *f, gconstpointer unused)
{
    choose_set(f, 2, false);
    press(f, KEY_A, "1c", "f0 1c");
    press(f, 0x40, "83", "f0 83");       /* F7 */
    press(f, 0x52, "e0 75", "e0 f0 75"); /* up */
    press(f, KEY_RIGHT_CONTROL, "e0 14", "e0 f0 14");
    press(f, 0x90, "f2", ""); /* Hangul */
    press(f, KEY_PAUSE, "e1 14 77 e1 f0 14 f0 77", "");
    press(f, KEY_PRINT_SCREEN, "e0 12 e0 7c", "e0 f0 7c e0 f0 12");
    press(f, 0x03, "", ""); /* no key */
    key(f, KEY_LEFT_SHIFT, true);
    expect(f, "12");
    press(f, KEY_PRINT_SCREEN, "e0 7c", "e0 f0 7c");
    key(f, KEY_LEFT_SHIFT, false);
    key(f, KEY_RIGHT_ALT, true);
    expect(f, "f0 12 e0 11");
    press(f, KEY_PRINT_SCREEN, "84", "f0 84");
    key(f, KEY_RIGHT_ALT, false);
    key(f, KEY_LEFT_CONTROL, true);
    expect(f, "e0 f0 11 14");
    press(f, KEY_PAUSE, "e0 7e e0 f0 7e", "");
    key(f, KEY_LEFT_CONTROL, false);
    expect(f, "f0 14");
    /* The host repeats: make codes again; Pause does not. A release of what was not pressed says nothing. */
    key(f, KEY_A, true);
    key(f, KEY_A, true);
    key(f, KEY_A, false);
    key(f, KEY_A, false);
    expect(f, "1c 1c f0 1c");
    key(f, KEY_PAUSE, true);
    key(f, KEY_PAUSE, true);
    expect(f, "e1 14 77 e1 f0 14 f0 77");
    key(f, KEY_PAUSE, false);

    choose_set(f, 1, false);
    press(f, KEY_A, "1e", "9e");
    press(f, 0x40, "41", "c1");
    press(f, 0x52, "e0 48", "e0 c8");
    press(f, KEY_PAUSE, "e1 1d 45 e1 9d c5", "");
    press(f, KEY_PRINT_SCREEN, "e0 2a e0 37", "e0 b7 e0 aa");
    choose_set(f, 2, true);
    press(f, KEY_A, "1e", "9e");
    press(f, 0x40, "41", "c1");
    press(f, 0x52, "e0 48", "e0 c8");
    press(f, KEY_PAUSE, "e1 1d 45 e1 9d c5", "");
    press(f, KEY_PRINT_SCREEN, "e0 2a e0 37", "e0 b7 e0 aa");
    press(f, KEY_ESCAPE, "01", "81");
}

static void test_set_3(struct fixture *f, gconstpointer unused)
{
    choose_set(f, 3, false);
    press(f, KEY_A, "1c", ""); /* typematic: repeats, no break */
    key(f, KEY_A, true);
    key(f, KEY_A, true);
    expect(f, "1c 1c");
    key(f, KEY_A, false);
    press(f, KEY_LEFT_SHIFT, "12", "f0 12");
    press(f, KEY_ESCAPE, "08", "");
    key(f, KEY_ESCAPE, true);
    key(f, KEY_ESCAPE, true);
    key(f, KEY_ESCAPE, false);
    expect(f, "08");
    OUT(DATA, 0xFC); /* make and break for two keys, then a command ends the list */
    OUT(DATA, 0x1C);
    OUT(DATA, 0x08);
    OUT(DATA, 0xF4);
    expect(f, "fa fa fa fa");
    press(f, KEY_A, "1c", "f0 1c");
    press(f, KEY_ESCAPE, "08", "f0 08");
    OUT(DATA, 0xFA);
    expect(f, "fa");
    press(f, KEY_PAUSE, "62", "f0 62");
    press(f, 0x68, "", ""); /* F13 is not in the set */
    OUT(DATA, 0xF9);
    expect(f, "fa");
    press(f, KEY_LEFT_SHIFT, "12", "");
    OUT(DATA, 0xF0);
    OUT(DATA, 0x00);
    expect(f, "fa fa 03");
    OUT(DATA, 0xF6);
    expect(f, "fa");
    press(f, KEY_A, "1c", "f0 1c"); /* set 2 again */
}

static void test_keyboard_commands(struct fixture *f, gconstpointer unused)
{
    choose_set(f, 2, false);
    OUT(DATA, 0xEE);
    expect(f, "ee");
    OUT(DATA, 0xF2);
    expect(f, "fa ab 83");
    OUT(DATA, 0xFE);
    expect(f, "83");
    OUT(DATA, 0xEF);
    expect(f, "fe");
    g_assert_cmpuint(f->notes, ==, 1);
    OUT(DATA, 0xF0);
    OUT(DATA, 0x04);
    expect(f, "fa fe");
    OUT(DATA, 0xF3);
    OUT(DATA, 0x20);
    expect(f, "fa fa");
    OUT(DATA, 0xF3); /* a command instead of the parameter */
    OUT(DATA, 0xEE);
    expect(f, "fa ee");
    /* While a parameter is awaited keys wait, and then they come. */
    OUT(DATA, 0xED);
    key(f, KEY_A, true);
    key(f, KEY_A, false);
    expect(f, "fa");
    OUT(DATA, 0x07);
    expect(f, "fa 1c f0 1c");
    OUT(DATA, 0xF5);
    expect(f, "fa");
    press(f, KEY_A, "", "");
    OUT(DATA, 0xF4);
    expect(f, "fa");
    press(f, KEY_A, "1c", "f0 1c");
    OUT(COMMAND, 0xAD);
    key(f, KEY_A, true);
    expect(f, "");
    OUT(COMMAND, 0xAE);
    expect(f, "1c");
    OUT(COMMAND, 0xAD);
    OUT(DATA, 0xEE); /* speaking to the keyboard switches it on */
    expect(f, "ee");
    g_assert_cmphex(command(f, 0x20) & 0x10, ==, 0);
}

/* The answer to a command overtakes the codes that wait; codes come at the speed of the wire. */
static void test_order(struct fixture *f, gconstpointer unused)
{
    choose_set(f, 2, false);
    for (unsigned i = 0; i < 20; i++) {
        key(f, KEY_A, true);
        key(f, KEY_A, false);
    }
    g_assert_cmphex(IN(DATA), ==, 0x1C);
    g_assert_false(full(f));
    machine_advance(f->machine, FRAME - 1);
    g_assert_false(full(f));
    OUT(DATA, 0xEE);
    g_assert_cmphex(IN(DATA), ==, 0xEE);
    g_assert_false(full(f));
    machine_advance(f->machine, 1);
    g_assert_cmphex(IN(DATA), ==, 0xF0);
}

static void test_overrun(struct fixture *f, gconstpointer unused)
{
    unsigned makes = 0, overruns = 0;
    uint8_t last = 0;

    choose_set(f, 2, false);
    OUT(COMMAND, 0xD2); /* the buffer is taken, nothing leaves the keyboard */
    OUT(DATA, 0x00);
    for (unsigned i = 0; i < 1000; i++) {
        key(f, KEY_A, true);
        key(f, KEY_A, false);
    }
    IN(DATA);
    for (unsigned i = 0; i < 2000; i++) {
        machine_advance(f->machine, FRAME);
        if (!full(f))
            break;
        last = IN(DATA);
        makes += last == 0x1C;
        overruns += last == 0x00;
    }
    g_assert_cmpuint(overruns, ==, 1);
    g_assert_cmphex(last, ==, 0x00);
    g_assert_cmpuint(makes, ==, 2 * (1023 / 3));
    press(f, KEY_A, "1c", "f0 1c");
}

/* Typed text, read back through set 1 and a table of the test's own. */
static void test_text(struct fixture *f, gconstpointer unused)
{
    static const char plain[] = "??1234567890-=\b\tqwertyuiop[]\n?asdfghjkl;'`?\\zxcvbnm,./??? ";
    static const char upper[] = "..!@#$%^&*()_+\b\tQWERTYUIOP{}\n?ASDFGHJKL:\"~?|ZXCVBNM<>???? ";
    static const char text[] = "Hello, World!\n\t~`!@#$%^&*()_+-=[]{}\\|;':\",./<? aZ09 {x}\b";
    g_autoptr(GByteArray) events = g_byte_array_new();
    g_autoptr(GString) got = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    bool shift = false;

    g_assert_true(text_keys(text, events, &error));
    g_assert_no_error(error);
    test_submit(f->machine, "keyboard", events->data, events->len);
    for (unsigned empty = 0; empty < 3; machine_advance(f->machine, FRAME)) {
        empty = full(f) ? 0 : empty + 1;
        if (empty)
            continue;
        uint8_t code = IN(DATA);

        if ((code & 0x7F) == 0x2A)
            shift = !(code & 0x80);
        else if (!(code & 0x80))
            g_string_append_c(got, code < sizeof(plain) ? (shift ? upper : plain)[code] : '#');
    }
    g_assert_cmpstr(got->str, ==, text);

    g_byte_array_set_size(events, 0);
    g_assert_true(text_keys("\003", events, &error));
    const uint8_t control_c[8] = {0xE0, 1, 0x06, 1, 0x06, 0, 0xE0, 0};
    g_assert_cmpmem(events->data, events->len, control_c, sizeof(control_c));
    g_assert_false(text_keys("a\303\244", events, &error));
    g_assert_error(error, G_CONVERT_ERROR, G_CONVERT_ERROR_ILLEGAL_SEQUENCE);
    g_assert_cmpuint(events->len, ==, 8);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture copy = {0};
    struct fixture *g = &copy;

    set_up(g, unused);
    key(f, KEY_A, true);
    key(f, KEY_A, false);
    key(f, 0x52, true);
    g_assert_cmphex(IN(DATA), ==, 0x1E);
    machine_advance(f->machine, FRAME); /* the prefix F0 has been swallowed */
    machine_advance(f->machine, FRAME / 2);
    OUT(COMMAND, 0xAA);
    OUT(COMMAND, 0xD4); /* waits for its parameter */
    test_copy_state(f->machine, g->machine);
    g_assert_true(g->keyboard.level);
    expect(g, "55 9e e0 48");
    out8(g->machine, DATA, 0xF4);
    expect(g, "[fa]");
    key(g, 0x52, false); /* the copy knows that the key is down */
    expect(g, "e0 c8");
    tear_down(g, unused);
}

static void test_reset(struct fixture *f, gconstpointer unused)
{
    choose_set(f, 1, false);
    key(f, KEY_A, true);
    OUT(COMMAND, 0x60);
    machine_reset(f->machine);
    g_assert_false(f->keyboard.level);
    g_assert_cmphex(IN(COMMAND), ==, 0x14);
    g_assert_cmphex(command(f, 0x20), ==, 0x65);
    press(f, KEY_A, "1e", "9e");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/i8042/" name, struct fixture, NULL, set_up, function, tear_down)
    ADD("controller", test_controller);
    ADD("buffers", test_buffers);
    ADD("reset-and-a20", test_reset_and_a20);
    ADD("interrupts", test_interrupts);
    ADD("redox-start", test_redox_start);
    ADD("scan-codes", test_scan_codes);
    ADD("set-3", test_set_3);
    ADD("keyboard-commands", test_keyboard_commands);
    ADD("order", test_order);
    ADD("overrun", test_overrun);
    ADD("text", test_text);
    ADD("state", test_state);
    ADD("reset", test_reset);
    return g_test_run();
}
