/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State tables: what is saved comes back, damaged streams are refused, the bytes are fixed. */
#include <glib.h>
#include <string.h>

#include "emu/state/state.h"

struct inner {
    uint16_t word;
};

struct sample {
    bool flag;
    uint8_t bytes[3];
    uint32_t number;
    uint64_t big;
    struct inner inner[2];
    GArray *list;
    unsigned derived;
};

static void save_list(void *object, struct state_writer *out)
{
    struct sample *sample = object;

    state_put_u32(out, sample->list->len);
    for (guint i = 0; i < sample->list->len; i++)
        state_put_u16(out, g_array_index(sample->list, uint16_t, i));
}

static bool load_list(void *object, struct state_reader *in)
{
    struct sample *sample = object;
    uint32_t count = state_get_u32(in);

    g_array_set_size(sample->list, 0);
    for (uint32_t i = 0; i < count && !state_reader_failed(in); i++) {
        uint16_t value = state_get_u16(in);
        g_array_append_val(sample->list, value);
    }
    return true;
}

static void derive(void *object)
{
    struct sample *sample = object;

    sample->derived = sample->number + sample->inner[1].word;
}

static const struct state_field inner_fields[] = {STATE_U16(struct inner, word), STATE_END};
static const struct state_table inner_table = {.name = "inner", .version = 1, .fields = inner_fields};
static const struct state_field fields[] = {
    STATE_BOOL(struct sample, flag),
    STATE_U8_ARRAY(struct sample, bytes),
    STATE_U32(struct sample, number),
    STATE_U64(struct sample, big),
    STATE_STRUCT_ARRAY(struct sample, inner, &inner_table),
    STATE_CUSTOM("list", save_list, load_list),
    STATE_END,
};
static const struct state_table table = {.name = "sample", .version = 3, .fields = fields, .after_load = derive};

static struct sample *sample_new(void)
{
    struct sample *sample = g_new0(struct sample, 1);

    sample->list = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    return sample;
}

static void sample_free(struct sample *sample)
{
    g_array_free(sample->list, TRUE);
    g_free(sample);
}

static GByteArray *saved_sample(void)
{
    struct sample *sample = sample_new();
    uint16_t value = 0xABCD;
    GByteArray *bytes = g_byte_array_new();

    sample->flag = true;
    memcpy(sample->bytes, "\1\2\3", 3);
    sample->number = 0x11223344;
    sample->big = 0x8877665544332211;
    sample->inner[1].word = 7;
    g_array_append_val(sample->list, value);
    struct state_writer *out = state_writer_new(bytes);
    state_save(&table, sample, out);
    state_writer_free(out);
    sample_free(sample);
    return bytes;
}

static void test_round_trip(void)
{
    g_autoptr(GByteArray) bytes = saved_sample();
    struct sample *sample = sample_new();
    struct state_reader *in = state_reader_new(bytes->data, bytes->len);

    g_assert_true(state_load(&table, sample, in, NULL));
    g_assert_cmpuint(state_reader_left(in), ==, 0);
    g_assert_true(sample->flag);
    g_assert_cmpmem(sample->bytes, 3, "\1\2\3", 3);
    g_assert_cmphex(sample->number, ==, 0x11223344);
    g_assert_cmphex(sample->big, ==, 0x8877665544332211);
    g_assert_cmphex(g_array_index(sample->list, uint16_t, 0), ==, 0xABCD);
    g_assert_cmphex(sample->derived, ==, 0x11223344 + 7);
    state_reader_free(in);
    sample_free(sample);
}

static void test_bytes_are_fixed(void)
{
    static const uint8_t expected[] = {6,    0,    0, 0, 's',  'a',  'm',  'p',  'l',  'e',  3,    0,    0,    0,
                                       1,    1,    2, 3, 0x44, 0x33, 0x22, 0x11, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66,
                                       0x77, 0x88, 0, 0, 7,    0,    1,    0,    0,    0,    0xCD, 0xAB};
    g_autoptr(GByteArray) bytes = saved_sample();

    g_assert_cmpmem(bytes->data, bytes->len, expected, sizeof(expected));
}

static void test_damaged(void)
{
    g_autoptr(GByteArray) bytes = saved_sample();

    for (guint length = 0; length < bytes->len; length++) {
        struct sample *sample = sample_new();
        struct state_reader *in = state_reader_new(bytes->data, length);
        g_autoptr(GError) error = NULL;
        g_assert_false(state_load(&table, sample, in, &error));
        g_assert_nonnull(error);
        state_reader_free(in);
        sample_free(sample);
    }
}

static void test_other_version(void)
{
    g_autoptr(GByteArray) bytes = saved_sample();
    g_autoptr(GError) error = NULL;
    struct sample *sample = sample_new();

    bytes->data[10] = 4;
    struct state_reader *in = state_reader_new(bytes->data, bytes->len);
    g_assert_false(state_load(&table, sample, in, &error));
    g_assert_nonnull(strstr(error->message, "version 4"));
    state_reader_free(in);
    sample_free(sample);
}

static void test_print(void)
{
    struct sample *sample = sample_new();
    g_autoptr(GString) text = g_string_new(NULL);

    sample->number = 0x1f;
    state_print(&table, sample, text);
    g_assert_nonnull(strstr(text->str, "number = 1f\n"));
    g_assert_nonnull(strstr(text->str, "inner[1].word = 0\n"));
    sample_free(sample);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/state/round-trip", test_round_trip);
    g_test_add_func("/state/bytes-are-fixed", test_bytes_are_fixed);
    g_test_add_func("/state/damaged", test_damaged);
    g_test_add_func("/state/other-version", test_other_version);
    g_test_add_func("/state/print", test_print);
    return g_test_run();
}
