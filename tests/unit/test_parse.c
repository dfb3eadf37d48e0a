/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of options. */
#include <glib.h>
#include <string.h>

#include "cli/parse.h"

static void test_size(void)
{
    uint64_t bytes;

    g_assert_true(parse_size("--memory", "512M", &bytes, NULL));
    g_assert_cmpuint(bytes, ==, 512ULL << 20);
    g_assert_true(parse_size("--memory", "2g", &bytes, NULL));
    g_assert_cmpuint(bytes, ==, 2ULL << 30);
    g_assert_true(parse_size("--memory", "64", &bytes, NULL));
    g_assert_cmpuint(bytes, ==, 64ULL << 20);
    static const char *const bad[] = {"", "M", "0", "-1G", "1X", "1GB", "99999999999999G"};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(parse_size("--memory", bad[i], &bytes, &error));
        g_assert_true(g_str_has_prefix(error->message, "--memory "));
    }
}

static void test_duration(void)
{
    int64_t ns;

    g_assert_true(parse_duration("--max-time", "1.5s", &ns, NULL));
    g_assert_cmpint(ns, ==, 1500000000);
    g_assert_true(parse_duration("--max-time", "2m", &ns, NULL));
    g_assert_cmpint(ns, ==, 120000000000);
    g_assert_true(parse_duration("--max-time", "7ns", &ns, NULL));
    g_assert_cmpint(ns, ==, 7);
    g_assert_false(parse_duration("--max-time", "5", &ns, NULL));
    g_assert_false(parse_duration("--max-time", "-5s", &ns, NULL));
    g_assert_false(parse_duration("--max-time", "s", &ns, NULL));
}

static void test_calendar(void)
{
    int64_t seconds;

    g_assert_true(parse_calendar("--rtc", "2026-01-01T00:00:00Z", &seconds, NULL));
    g_assert_cmpint(seconds, ==, 1767225600);
    g_assert_false(parse_calendar("--rtc", "yesterday", &seconds, NULL));
    g_assert_false(parse_calendar("--rtc", "1901-01-01T00:00:00Z", &seconds, NULL));
}

static void test_resolution(void)
{
    uint32_t width, height;

    g_assert_true(parse_resolution("--resolution", "1280x800", &width, &height, NULL));
    g_assert_cmpuint(width * 10000 + height, ==, 12800800);
    g_assert_false(parse_resolution("--resolution", "1280", &width, &height, NULL));
    g_assert_false(parse_resolution("--resolution", "1281x800", &width, &height, NULL));
    g_assert_false(parse_resolution("--resolution", "99999x800", &width, &height, NULL));
}

static void test_escapes(void)
{
    g_autoptr(GByteArray) bytes = parse_escapes("--send", "a\\r\\n\\x1b\\e\\\\", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_cmpmem(bytes->data, bytes->len, "a\r\n\033\033\\", 6);
    g_assert_null(parse_escapes("--send", "\\q", &error));
    g_assert_nonnull(strstr(error->message, "--send"));
    g_assert_null(parse_escapes("--send", "\\x1", NULL));
    g_assert_null(parse_escapes("--send", "\\", NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/parse/size", test_size);
    g_test_add_func("/parse/duration", test_duration);
    g_test_add_func("/parse/calendar", test_calendar);
    g_test_add_func("/parse/resolution", test_resolution);
    g_test_add_func("/parse/escapes", test_escapes);
    return g_test_run();
}
