/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The types that a Linux kernel carries. */
#include "debug/symbols/btf.h"
#include "tests/debug/btf_sample.h"

static void assert_member(const struct btf *btf, const char *type, const char *member, uint64_t offset, uint64_t size)
{
    uint64_t is_offset, is_size;

    g_assert_true(btf_member(btf, type, member, &is_offset, &is_size));
    g_assert_cmpuint(is_offset, ==, offset);
    g_assert_cmpuint(is_size, ==, size);
}

static struct btf *find(GByteArray *bytes)
{
    return btf_find(bytes->data, bytes->len);
}

static void test_members(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    struct btf *btf;
    uint64_t offset, size;

    g_byte_array_append(bytes, (const uint8_t *)"anything before", 16);
    btf_sample_append(bytes);
    g_byte_array_append(bytes, (const uint8_t *)"anything behind", 16);
    btf = find(bytes);
    g_assert_nonnull(btf);
    assert_member(btf, "task", "", 0, 64);
    assert_member(btf, "task", "pid", 0, 4);
    assert_member(btf, "task", "list", 8, 48);
    assert_member(btf, "task", "number", 56, 8);
    assert_member(btf, "task", "high", 60, 4);
    assert_member(btf, "list", "prev", 8, 8);
    assert_member(btf, "pid_t", "", 0, 4);
    g_assert_false(btf_member(btf, "task", "bit", &offset, &size));
    g_assert_false(btf_member(btf, "task", "pi", &offset, &size));
    g_assert_false(btf_member(btf, "task", "pid.more", &offset, &size));
    g_assert_false(btf_member(btf, "absent", "", &offset, &size));
    btf_free(btf);
}

/* What does not fill its length exactly is not it. */
static void test_damage(void)
{
    static const guint places[] = {0, 2, 8, 12, 16, 24 + 7, 24 + 16 + 7};
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    btf_sample_append(bytes);
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        bytes->data[places[i]] ^= 0x1e;
        g_assert_null(find(bytes));
        bytes->data[places[i]] ^= 0x1e;
    }
    for (guint length = 0; length < bytes->len; length++) {
        g_assert_null(btf_find(bytes->data, length));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/btf/members", test_members);
    g_test_add_func("/btf/damage", test_damage);
    return g_test_run();
}
