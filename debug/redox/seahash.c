/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SeaHash: four lanes take eight bytes each in turn; a diffusion mixes each; lanes and length are folded at the end. */
#include "debug/redox/seahash.h"

#include <glib.h>
#include <string.h>

#define LANES 4

static uint64_t diffuse(uint64_t x)
{
    x *= UINT64_C(0x6eed0e9da4d94a4f);
    x ^= (x >> 32) >> (x >> 60);
    return x * UINT64_C(0x6eed0e9da4d94a4f);
}

uint64_t seahash(const void *data, size_t length)
{
    uint64_t lane[LANES] = {UINT64_C(0x16f11fe89b0d677c), UINT64_C(0xb480a793d8e6c86c), UINT64_C(0x6fe2e5aaf078ebc9),
                            UINT64_C(0x14f994a4c5259381)};
    const uint8_t *bytes = data;

    for (size_t at = 0, turn = 0; at < length; at += 8, turn++) {
        uint64_t word = 0;

        memcpy(&word, bytes + at, MIN(8, length - at));
        lane[turn % LANES] = diffuse(lane[turn % LANES] ^ GUINT64_FROM_LE(word));
    }
    return diffuse(lane[0] ^ lane[1] ^ lane[2] ^ lane[3] ^ length);
}
