/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See eeprom.h.  Only reading is understood: what would write is taken in and has no effect. */
#include "devices/net/eeprom.h"

enum {
    COMMAND_BITS = 9, /* a start bit, two of the operation, six of the address */
    COMMAND_READ = 6, /* start bit and operation */
};

void eeprom_reset(struct eeprom *eeprom)
{
    eeprom->command = 0;
    eeprom->bits = eeprom->out = 0;
    eeprom->reading = eeprom->clock = false;
    eeprom->data = true; /* ready */
}

/* A bit in, or a bit out. */
static bool rising_edge(struct eeprom *eeprom, bool in)
{
    if (eeprom->reading) {
        bool out = eeprom->word[eeprom->command % EEPROM_WORDS] >> (15 - eeprom->out % 16) & 1;

        if (++eeprom->out >= 16) {
            eeprom->out = 0;
            eeprom->command++;
        }
        return out;
    }
    if ((eeprom->bits == 0 && !in) || eeprom->bits == COMMAND_BITS)
        return true;
    eeprom->command = (uint16_t)(eeprom->command << 1 | in);
    if (++eeprom->bits < COMMAND_BITS)
        return true;
    eeprom->reading = eeprom->command / EEPROM_WORDS == COMMAND_READ;
    eeprom->out = 0;
    return !eeprom->reading; /* a zero comes before the data */
}

void eeprom_drive(struct eeprom *eeprom, bool select, bool clock, bool in)
{
    bool rises = clock && !eeprom->clock;

    if (!select)
        eeprom_reset(eeprom);
    else if (rises)
        eeprom->data = rising_edge(eeprom, in);
    eeprom->clock = clock;
}

static const struct state_field fields[] = {
    STATE_U16(struct eeprom, command),
    STATE_U8(struct eeprom, bits),
    STATE_U8(struct eeprom, out),
    STATE_BOOL(struct eeprom, reading),
    STATE_BOOL(struct eeprom, clock),
    STATE_BOOL(struct eeprom, data),
    STATE_END,
};

const struct state_table eeprom_state = {.name = "eeprom", .version = 1, .fields = fields};
