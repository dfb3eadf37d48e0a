/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serial console's other end: what it is sent, and the keys that come from it; the PC keyboard's keys. */
#include <glib.h>
#include <string.h>

#include "firmware/uefi/ps2_keys.h"
#include "firmware/uefi/terminal.h"

/* --- output --- */
static void assert_sent(GByteArray *out, const char *expected)
{
    g_assert_cmpmem(out->data, out->len, expected, strlen(expected));
    g_byte_array_set_size(out, 0);
}

static void test_output(void)
{
    GByteArray *out = g_byte_array_new();

    terminal_put(out, 'A');
    terminal_put(out, 0xE9);
    terminal_put(out, 0x2554);
    terminal_put(out, 0xD800);
    assert_sent(out, "A\xC3\xA9\xE2\x95\x94\xEF\xBF\xBD");
    terminal_move(out, 0, 0);
    assert_sent(out, "\x1B[1;1H");
    terminal_move(out, 79, 24);
    assert_sent(out, "\x1B[25;80H");
    terminal_clear(out);
    assert_sent(out, "\x1B[2J\x1B[1;1H");
    terminal_set_attribute(out, 0x07);
    assert_sent(out, "\x1B[0m");
    terminal_set_attribute(out, 0x1E); /* yellow on blue */
    assert_sent(out, "\x1B[0;1;33;44m");
    terminal_set_attribute(out, 0x70); /* black on light gray */
    assert_sent(out, "\x1B[0;30;47m");
    terminal_set_attribute(out, 0x04); /* red */
    assert_sent(out, "\x1B[0;31;40m");
    terminal_show_cursor(out, false);
    terminal_show_cursor(out, true);
    assert_sent(out, "\x1B[?25l\x1B[?25h");
    g_byte_array_free(out, TRUE);
}

/* --- input --- */
/* Feeds @bytes; returns the keys as text: "scan:unit:shift " each. */
static char *feed(struct terminal_input *input, const char *bytes, size_t length)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < length; i++) {
        struct key keys[2];
        unsigned count = terminal_decode(input, (uint8_t)bytes[i], keys);

        g_assert_cmpuint(count, <=, 2);
        for (unsigned k = 0; k < count; k++)
            g_string_append_printf(text, "%x:%x:%x ", keys[k].scan, keys[k].unit, keys[k].shift);
    }
    return g_string_free(text, FALSE);
}

static void test_keys(void)
{
    static const struct {
        const char *bytes, *keys;
    } cases[] = {
        {"a", "0:61:0 "},
        {"\r", "0:d:0 "},
        {"\n", "0:d:0 "},
        {"\b", "0:8:0 "},
        {"\x7F", "0:8:0 "},
        {"\t", "0:9:0 "},
        {"\x03", "0:3:0 "},
        {"\x1B[A", "1:0:0 "},
        {"\x1B[B\x1B[C\x1B[D", "2:0:0 3:0:0 4:0:0 "},
        {"\x1BOA", "1:0:0 "},
        {"\x1B[H\x1B[F", "5:0:0 6:0:0 "},
        {"\x1B[1~\x1B[2~\x1B[3~\x1B[4~\x1B[5~\x1B[6~", "5:0:0 7:0:0 8:0:0 6:0:0 9:0:0 a:0:0 "},
        {"\x1BOP\x1BOS", "b:0:0 e:0:0 "},
        {"\x1B[11~\x1B[15~\x1B[17~\x1B[21~\x1B[23~\x1B[24~", "b:0:0 f:0:0 10:0:0 14:0:0 15:0:0 16:0:0 "},
        {"\x1B[[A\x1B[[E", "b:0:0 f:0:0 "},
        {"\x1B[1;5C", "3:0:80000008 "},
        {"\x1B[3;2~", "8:0:80000002 "},
        {"\x1B\x1B[A", "17:0:0 1:0:0 "},
        {"\x1Bx", "17:0:0 0:78:0 "},
        {"\x1B[99~z", "0:7a:0 "},
        {"\x1B[?1;2cz", "0:7a:0 "},
        {"\xC3\xA4", "0:e4:0 "},
        {"\xE2\x82\xAC", "0:20ac:0 "},
        {"\xFFz", "0:7a:0 "},
        {"\xC3z", "0:7a:0 "},
        {"\xF0\x9F\x98\x80z", "0:7a:0 "},
        {"\x1B[1234567890123456789z", ""}, /* too long: given up, the rest is characters */
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct terminal_input input = {0};
        char *keys = feed(&input, cases[i].bytes, strlen(cases[i].bytes));

        if (*cases[i].keys)
            g_assert_cmpstr(keys, ==, cases[i].keys);
        g_assert_false(terminal_waits(&input));
        g_free(keys);
    }
}

static void test_escape_alone(void)
{
    struct terminal_input input = {0};
    struct key keys[2];
    char *none = feed(&input, "\x1B", 1);

    g_assert_cmpstr(none, ==, "");
    g_free(none);
    g_assert_true(terminal_waits(&input));
    g_assert_cmpuint(terminal_timeout(&input, keys), ==, 1);
    g_assert_cmpuint(keys[0].scan, ==, SCAN_ESC);
    g_assert_false(terminal_waits(&input));
    none = feed(&input, "\x1B[1", 3); /* a torn sequence is forgotten */
    g_free(none);
    g_assert_cmpuint(terminal_timeout(&input, keys), ==, 0);
    g_assert_false(terminal_waits(&input));
}

/* Any bytes: no crash, no endless wait. */
static void test_noise(void)
{
    GRand *random = g_rand_new_with_seed(3);
    struct terminal_input input = {0};

    for (unsigned i = 0; i < 100000; i++) {
        struct key keys[2];
        static const char likely[] = "\x1B[O0123456789;~AB";
        uint8_t byte = g_rand_boolean(random) ? (uint8_t)likely[g_rand_int_range(random, 0, sizeof(likely) - 1)]
                                              : (uint8_t)g_rand_int(random);

        g_assert_cmpuint(terminal_decode(&input, byte, keys), <=, 2);
        g_assert_cmpuint(input.count, <, TERMINAL_SEQUENCE_MAX);
    }
    g_rand_free(random);
}

/* --- the PC keyboard --- */
static char *feed_ps2(struct ps2_keys *keys, const uint8_t *bytes, size_t length)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < length; i++) {
        struct key key;

        if (ps2_decode(keys, bytes[i], &key))
            g_string_append_printf(text, "%x:%x:%x:%x ", key.scan, key.unit, key.shift & 0xFFFF, key.toggle & 7);
    }
    return g_string_free(text, FALSE);
}

#define PS2(expected, ...)                                                                                             \
    do {                                                                                                               \
        static const uint8_t bytes[] = {__VA_ARGS__};                                                                  \
        char *got = feed_ps2(&keys, bytes, sizeof(bytes));                                                             \
        g_assert_cmpstr(got, ==, expected);                                                                            \
        g_free(got);                                                                                                   \
    } while (0)

static void test_ps2(void)
{
    struct ps2_keys keys = {0};

    PS2("0:61:0:0 ", 0x1E, 0x9E);
    PS2("0:41:2:0 ", 0x2A, 0x1E, 0x9E, 0xAA);
    PS2("0:21:1:0 ", 0x36, 0x02, 0x82, 0xB6);
    PS2("0:41:0:4 0:31:0:4 0:61:2:4 ", 0x3A, 0xBA, 0x1E, 0x9E, 0x02, 0x82, 0x2A, 0x1E, 0x9E, 0xAA);
    PS2("0:61:0:0 ", 0x3A, 0xBA, 0x1E);
    PS2("0:63:8:0 ", 0x1D, 0x2E, 0xAE, 0x9D);
    PS2("0:63:4:0 ", 0xE0, 0x1D, 0x2E, 0xAE, 0xE0, 0x9D);
    PS2("0:d:0:0 0:8:0:0 0:9:0:0 0:20:0:0 17:0:0:0 ", 0x1C, 0x0E, 0x0F, 0x39, 0x01);
    PS2("1:0:0:0 2:0:0:0 4:0:0:0 3:0:0:0 ", 0xE0, 0x48, 0xE0, 0x50, 0xE0, 0x4B, 0xE0, 0x4D);
    PS2("5:0:0:0 6:0:0:0 7:0:0:0 8:0:0:0 ", 0xE0, 0x47, 0xE0, 0x4F, 0xE0, 0x52, 0xE0, 0x53);
    PS2("b:0:0:0 14:0:0:0 15:0:0:0 16:0:0:0 ", 0x3B, 0x44, 0x57, 0x58);
    PS2("1:0:0:0 0:38:0:2 ", 0x48, 0x45, 0xC5, 0x48);
    PS2("0:d:0:2 0:2f:0:2 ", 0xE0, 0x1C, 0xE0, 0x35);
    PS2("", 0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5); /* Pause changes nothing */
    PS2("0:61:0:2 ", 0x1E);
    PS2("1:0:0:2 ", 0xE0, 0x2A, 0xE0, 0x48); /* the fake shift around cursor keys */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/terminal/output", test_output);
    g_test_add_func("/terminal/keys", test_keys);
    g_test_add_func("/terminal/escape-alone", test_escape_alone);
    g_test_add_func("/terminal/noise", test_noise);
    g_test_add_func("/terminal/ps2", test_ps2);
    return g_test_run();
}
