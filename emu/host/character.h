/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outside end of a serial line: where its bytes go, and from where they come through the journal. */
#ifndef GALVANIC_EMU_HOST_CHARACTER_H
#define GALVANIC_EMU_HOST_CHARACTER_H

#include <stddef.h>
#include <stdint.h>

/* A value; @write may be NULL (nobody listens). Called on the engine thread, for each byte or more that the guest sends. */
struct character_output {
    void (*write)(void *opaque, const uint8_t *data, size_t length);
    void *opaque;
};

static inline void character_write(const struct character_output *output, const uint8_t *data, size_t length)
{
    if (output->write)
        output->write(output->opaque, data, length);
}

#endif
