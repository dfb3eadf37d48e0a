/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An input that is a program of steps against a machine. */
#ifndef GALVANIC_TESTS_FUZZ_INPUT_H
#define GALVANIC_TESTS_FUZZ_INPUT_H

#include "emu/bytes.h"
#include "emu/machine.h"
#include "tests/fuzz/fuzz.h"

struct fuzz_input {
    const uint8_t *data;
    size_t left;
};

/* The next operand, little endian, of at most 8 bytes; missing ones are zero. */
static inline uint64_t fuzz_take(struct fuzz_input *input, unsigned bytes)
{
    unsigned there = (unsigned)MIN(bytes, input->left);
    uint64_t value = get_le(input->data, there);

    input->data += there;
    input->left -= there;
    return value;
}

/* At most @wanted bytes, as many as are left, which *@length tells. */
static inline const uint8_t *fuzz_take_bytes(struct fuzz_input *input, size_t wanted, size_t *length)
{
    const uint8_t *bytes = input->data;

    *length = MIN(wanted, input->left);
    input->data += *length;
    input->left -= *length;
    return bytes;
}

/* Saved and loaded, a machine is the same. */
static inline void fuzz_check_state(struct machine *machine)
{
    g_autoptr(GByteArray) before = g_byte_array_new();
    g_autoptr(GByteArray) after = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    machine_save(machine, before);
    g_assert_true(machine_load(machine, before->data, before->len, &error));
    g_assert_no_error(error);
    machine_save(machine, after);
    g_assert_cmpmem(before->data, before->len, after->data, after->len);
}

static inline void fuzz_ignore_note(void *opaque, const char *text)
{
    (void)opaque;
    (void)text;
}

#endif
