/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a compiler takes for granted. */
#include "guest/guest.h"

void *memset(void *to, int value, size_t length);
void *memcpy(void *to, const void *from, size_t length);

void *memset(void *to, int value, size_t length)
{
    volatile uint8_t *bytes = to;

    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)value;
    return to;
}

void *memcpy(void *to, const void *from, size_t length)
{
    volatile uint8_t *target = to;
    const uint8_t *source = from;

    for (size_t i = 0; i < length; i++)
        target[i] = source[i];
    return to;
}

bool guid_equal(const struct efi_guid *a, const struct efi_guid *b)
{
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;

    for (size_t i = 0; i < sizeof(*a); i++) {
        if (x[i] != y[i])
            return false;
    }
    return true;
}
