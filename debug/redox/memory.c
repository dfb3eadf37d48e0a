/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads of the kernel's memory. */
#include <string.h>

#include "debug/redox/redox.h"
#include "emu/bytes.h"

#define ARC_COUNT_MAX 1000000
#define READ_PRICE 64                /* of a read, as if it were so many bytes more */
#define BUDGET (UINT64_C(512) << 20) /* of one question: about a second */

/* What a hostile kernel makes the debugger read has an end. */
static bool may_read(struct redox *redox, size_t length)
{
    uint64_t price = READ_PRICE + length;

    if (redox->budget < price) {
        redox->budget = 0;
        return false;
    }
    redox->budget -= price;
    return true;
}

void redox_begin(struct redox *redox)
{
    redox->budget = BUDGET;
}

bool redox_read(struct redox *redox, uint64_t address, void *buffer, size_t length)
{
    return may_read(redox, length) && address + length >= address &&
           space_read(&redox->kernel, address, buffer, length) == length;
}

bool redox_u64(struct redox *redox, uint64_t address, uint64_t *value)
{
    return may_read(redox, sizeof(*value)) && space_read_u64(&redox->kernel, address, value);
}

bool redox_is_kernel(uint64_t address)
{
    return address >= REDOX_PHYS_OFFSET;
}

bool redox_is_arc(struct redox *redox, uint64_t address)
{
    uint8_t counts[16];

    if (!redox_is_kernel(address) || address % 8 || !redox_read(redox, address, counts, sizeof(counts)))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t count = get_le64(counts + i * 8); /* strong, weak: that of the strong ones counts once as weak */

        if (count == 0 || count > ARC_COUNT_MAX)
            return false;
    }
    return true;
}

bool redox_text(struct redox *redox, uint64_t address, uint64_t length, char *out, size_t room)
{
    out[0] = 0;
    if (length == 0)
        return true;
    if (length >= room || !redox_read(redox, address, out, length)) {
        out[0] = 0;
        return false;
    }
    out[length] = 0;
    for (uint64_t i = 0; i < length; i++) {
        if (!g_ascii_isprint(out[i]))
            return false;
    }
    return true;
}

uint64_t redox_symbol(struct redox *redox, const char *name)
{
    g_autoptr(GArray) found = symbols_resolve(redox->symbols, SYMBOLS_ANY_SPACE, name);

    return found && found->len == 1 ? g_array_index(found, uint64_t, 0) : 0;
}
