/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mouse, spoken to through the controller. */
#include "devices/input/ps2_mouse.h"

#include "devices/input/i8042.h"
#include "tests/device/fixture.h"

#define DATA 0x60
#define COMMAND 0x64
#define FRAME 880000
#define SAMPLE 10000000 /* 100 a second */

struct fixture {
    struct machine *machine;
    struct test_line keyboard, mouse;
};

static void set_up(struct fixture *f, gconstpointer unused)
{
    f->machine = test_machine();
    struct i8042_config config = {.keyboard_irq = test_irq(&f->keyboard), .mouse_irq = test_irq(&f->mouse)};
    i8042_new(f->machine, &config);
    out8(f->machine, COMMAND, 0x60);
    out8(f->machine, DATA, 0x47);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

static void say(struct fixture *f, uint8_t byte)
{
    out8(f->machine, COMMAND, 0xD4);
    out8(f->machine, DATA, byte);
}

/* What the mouse says from now until @ns later. */
static void expect_within(struct fixture *f, int64_t ns, const char *bytes)
{
    g_autoptr(GString) got = g_string_new(NULL);
    int64_t end = machine_now(f->machine) + ns;

    for (;;) {
        uint8_t status = in8(f->machine, COMMAND);

        if (status & 0x01) {
            g_assert_cmphex(status & 0x20, ==, 0x20);
            g_string_append_printf(got, "%s%02x", got->len ? " " : "", in8(f->machine, DATA));
        } else if (machine_now(f->machine) + FRAME > end) {
            break;
        } else {
            machine_advance(f->machine, FRAME);
        }
    }
    g_assert_cmpstr(got->str, ==, bytes);
}

static void expect(struct fixture *f, const char *bytes)
{
    expect_within(f, 3 * SAMPLE, bytes);
}

static void move(struct fixture *f, int16_t dx, int16_t dy, int16_t dz, uint8_t buttons)
{
    uint8_t event[POINTER_EVENT_SIZE];

    pointer_event_pack(event, dx, dy, dz, buttons);
    test_submit(f->machine, "pointer", event, sizeof(event));
}

static void start(struct fixture *f, unsigned identity)
{
    static const uint8_t wheel[3] = {200, 100, 80}, five[3] = {200, 200, 80};

    for (unsigned i = 0; identity && i < 3; i++) {
        say(f, 0xF3);
        say(f, identity == 3 ? wheel[i] : five[i]);
    }
    expect(f, identity ? "fa fa fa fa fa fa" : "");
    say(f, 0xF3);
    say(f, 100);
    say(f, 0xF4);
    expect(f, "fa fa fa");
}

static void test_commands(struct fixture *f, gconstpointer unused)
{
    say(f, 0xFF);
    g_assert_true(f->mouse.level);
    expect(f, "fa aa 00");
    g_assert_cmpuint(f->mouse.edges, ==, 3);
    g_assert_cmpuint(f->keyboard.edges, ==, 0);
    say(f, 0xF2);
    expect(f, "fa 00");
    say(f, 0xE9);
    expect(f, "fa 00 02 64");
    say(f, 0xE8);
    say(f, 3);
    say(f, 0xE7);
    say(f, 0xF3);
    say(f, 40);
    say(f, 0xF4);
    expect(f, "fa fa fa fa fa fa");
    say(f, 0xE9);
    expect(f, "fa 30 03 28");
    say(f, 0xE6);
    say(f, 0xF5);
    say(f, 0xF0);
    say(f, 0xE9);
    expect(f, "fa fa fa fa 40 03 28");
    say(f, 0xF6);
    say(f, 0xE9);
    expect(f, "fa fa 00 02 64");
    say(f, 0xE8);
    say(f, 4);
    expect(f, "fa fe");
    say(f, 0xF3);
    say(f, 0);
    expect(f, "fa fe");
    say(f, 0xE1);
    expect(f, "fe");
    say(f, 0xFE);
    expect(f, "fe");
    say(f, 0xEE);
    say(f, 0xF2);
    say(f, 0x12);
    say(f, 0xEC);
    say(f, 0xF2);
    expect(f, "fa f2 12 fa fa 00");
}

static void test_stream(struct fixture *f, gconstpointer unused)
{
    move(f, 5, 5, 0, 0); /* not enabled */
    expect(f, "");
    start(f, 0);
    move(f, 5, 3, 0, 0);
    expect(f, "28 05 fd");
    move(f, -5, -3, 1, POINTER_LEFT);
    expect(f, "19 fb 03");
    move(f, 0, 0, 0, POINTER_LEFT); /* nothing new */
    expect(f, "");
    move(f, 0, 0, 0, POINTER_RIGHT | POINTER_MIDDLE);
    expect(f, "0e 00 00");
    move(f, 0, 0, 0, 0);
    expect(f, "08 00 00");
    move(f, 600, -300, 0, 0);
    expect(f, "08 ff ff 08 ff 2d 08 5a 00");
    expect(f, "");
    move(f, -32768, -32768, -32768, 0);
    say(f, 0xF5);
    /* Only what stood in the controller already comes before the answer; the rest is dropped. */
    expect(f, "18 fa");
}

/* Not more reports than the sample rate allows; movement adds up, clicks are kept. */
static void test_sample_rate(struct fixture *f, gconstpointer unused)
{
    start(f, 0);
    move(f, 1, 0, 0, 0);
    move(f, 1, 0, 0, 0);
    move(f, 1, 0, 0, 0);
    expect_within(f, SAMPLE - FRAME, "08 01 00");
    expect_within(f, 4 * FRAME, "08 02 00");
    expect(f, "");
    move(f, 1, 0, 0, 0);
    move(f, 0, 0, 0, POINTER_LEFT);
    move(f, 0, 0, 0, 0);
    move(f, 0, 0, 0, POINTER_LEFT);
    move(f, 0, 0, 0, 0);
    expect_within(f, 10 * SAMPLE, "08 01 00 09 00 00 08 00 00 09 00 00 08 00 00");
    /* A thousand clicks that nobody takes: some are lost, the end is right. */
    for (unsigned i = 0; i < 1000; i++)
        move(f, 1, 0, 0, i % 2 ? 0 : POINTER_LEFT);
    say(f, 0xF0);
    expect(f, "09 fa");
}

static void test_slow_guest(struct fixture *f, gconstpointer unused)
{
    start(f, 0);
    move(f, 1, 1, 0, 0);
    machine_advance(f->machine, 100 * SAMPLE); /* the first byte stands in the controller */
    move(f, 2, 2, 0, 0);
    machine_advance(f->machine, 100 * SAMPLE);
    move(f, 3, 3, 0, 0);
    g_assert_cmpuint(f->mouse.edges, ==, 4);
    expect(f, "28 01 ff 28 05 fb");
}

static void test_scaling(struct fixture *f, gconstpointer unused)
{
    start(f, 0);
    say(f, 0xE7);
    expect(f, "fa");
    static const int16_t counts[] = {1, 2, 3, 4, 5, 6, 100};
    static const char *const reports[] = {"08 01 00", "08 01 00", "08 03 00", "08 06 00",
                                          "08 09 00", "08 0c 00", "08 c8 00"};
    for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
        move(f, counts[i], 0, 0, 0);
        expect(f, reports[i]);
    }
    move(f, -5, 200, 0, 0);
    expect(f, "38 f7 02 28 00 6e"); /* -9, -254; then what was left of 200, twice -73 = -146 */
    say(f, 0xF0);
    move(f, 5, 0, 0, 0);
    say(f, 0xEB); /* not scaled when asked for */
    expect(f, "fa fa 08 05 00");
}

static void test_remote(struct fixture *f, gconstpointer unused)
{
    say(f, 0xF0);
    expect(f, "fa");
    move(f, 300, 0, 0, POINTER_LEFT);
    expect(f, "");
    say(f, 0xEB);
    expect(f, "fa 09 ff 00");
    say(f, 0xEB);
    expect(f, "fa 09 2d 00");
    say(f, 0xEB);
    expect(f, "fa 09 00 00");
}

static void test_wheel(struct fixture *f, gconstpointer unused)
{
    start(f, 3);
    say(f, 0xF2);
    expect(f, "fa 03");
    move(f, 1, 0, 1, POINTER_SIDE);
    expect(f, "08 01 00 01");
    move(f, 0, 0, -9, 0);
    expect(f, "08 00 00 f9 08 00 00 fe");
    start(f, 4);
    say(f, 0xF2);
    expect(f, "fa 04");
    move(f, 0, 0, -1, POINTER_SIDE | POINTER_LEFT);
    expect(f, "09 00 00 1f");
    move(f, 0, 0, 1, POINTER_EXTRA);
    expect(f, "08 00 00 21");
    say(f, 0xFF);
    say(f, 0xF2);
    expect(f, "fa aa 00 fa 00");
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture copy = {0};
    struct fixture *g = &copy;

    set_up(g, unused);
    start(f, 4);
    move(f, 1, 0, 0, 0);
    move(f, 2, 0, 3, POINTER_LEFT);
    move(f, 3, 0, 0, 0);
    machine_advance(f->machine, FRAME);
    g_assert_cmphex(in8(f->machine, DATA), ==, 0x08);
    say(f, 0xE8);
    test_copy_state(f->machine, g->machine);
    g_assert_true(g->mouse.level);
    expect(g, "01 fa"); /* the rest is held until the parameter comes */
    say(g, 2);
    expect(g, "fa 00 00 09 02 00 03 08 03 00 00");
    /* The copy knows when the next report may come. */
    expect_within(f, 2 * FRAME, "01 fa");
    say(f, 2);
    expect(f, "fa 00 00 09 02 00 03 08 03 00 00");
    expect(f, "");
    move(f, 4, 0, 0, 0);
    expect_within(f, 4 * FRAME, "08 04 00 00");
    move(f, 5, 0, 0, 0);
    test_copy_state(f->machine, g->machine);
    expect_within(g, SAMPLE - 6 * FRAME, "");
    expect(g, "08 05 00 00");
    tear_down(g, unused);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/ps2-mouse/" name, struct fixture, NULL, set_up, function, tear_down)
    ADD("commands", test_commands);
    ADD("stream", test_stream);
    ADD("sample-rate", test_sample_rate);
    ADD("slow-guest", test_slow_guest);
    ADD("scaling", test_scaling);
    ADD("remote", test_remote);
    ADD("wheel", test_wheel);
    ADD("state", test_state);
    return g_test_run();
}
