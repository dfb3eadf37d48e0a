/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saving and loading a CPU by one description of its state.  The bytes hold the architectural state only, each field in
 * little endian, so that equal states give equal bytes on each host.
 */
#ifndef GALVANIC_EMU_CPU_STATE_PASS_H
#define GALVANIC_EMU_CPU_STATE_PASS_H

#include <stdbool.h>
#include <string.h>

#include "emu/bytes.h"

/* One pass over the state: writes it to `out`, or reads it from `in`. */
struct pass {
    GByteArray *out;
    const uint8_t *in;
    size_t left;
    bool failed;
};

static inline void pass_bytes(struct pass *pass, void *data, size_t size)
{
    if (pass->out) {
        g_byte_array_append(pass->out, data, (guint)size);
    } else if (pass->left < size) {
        pass->failed = true;
    } else {
        memcpy(data, pass->in, size);
        pass->in += size;
        pass->left -= size;
    }
}

/* @value when writing, what was read when reading; @value as well when nothing is left. */
static inline uint64_t pass_number(struct pass *pass, uint64_t value, unsigned size)
{
    uint8_t bytes[8];

    put_le(bytes, value, size);
    pass_bytes(pass, bytes, size);
    return get_le(bytes, size);
}

static inline uint16_t pass_u16(struct pass *pass, uint16_t value)
{
    return (uint16_t)pass_number(pass, value, sizeof(value));
}

static inline uint32_t pass_u32(struct pass *pass, uint32_t value)
{
    return (uint32_t)pass_number(pass, value, sizeof(value));
}

static inline uint64_t pass_u64(struct pass *pass, uint64_t value)
{
    return pass_number(pass, value, sizeof(value));
}

/* Fields of any type, in functions whose parameter is "pass". */
#define U16(field) ((field) = pass_u16(pass, (uint16_t)(field)))
#define U32(field) ((field) = pass_u32(pass, (uint32_t)(field)))
#define U64(field) ((field) = pass_u64(pass, (uint64_t)(field)))

#endif
