/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt states: Arm IHI 0048B, sections 3.2.4 and 4.3; priorities: section 3.3. */
#include "devices/intc/gic_bank.h"

#include <string.h>

static const struct state_field bank_fields[] = {
    STATE_U32(struct gic_bank, group),         STATE_U32(struct gic_bank, enabled),
    STATE_U32(struct gic_bank, latched),       STATE_U32(struct gic_bank, active),
    STATE_U32(struct gic_bank, lines),         STATE_U32(struct gic_bank, edge),
    STATE_U8_ARRAY(struct gic_bank, priority), STATE_END,
};

const struct state_table gic_bank_state = {.name = "gic-bank", .version = 1, .fields = bank_fields};

static const struct state_field active_fields[] = {
    STATE_U32_ARRAY(struct gic_active, level[0]),
    STATE_U32_ARRAY(struct gic_active, level[1]),
    STATE_END,
};

const struct state_table gic_active_state = {.name = "gic-active", .version = 1, .fields = active_fields};

void gic_bank_reset(struct gic_bank *bank, uint32_t edge)
{
    uint32_t lines = bank->lines;

    memset(bank, 0, sizeof(*bank));
    bank->lines = lines;
    bank->edge = edge;
}

void gic_bank_set_line(struct gic_bank *bank, unsigned bit, bool level)
{
    uint32_t mask = 1u << bit;
    bool rises = level && !(bank->lines & mask);

    bank->lines = level ? bank->lines | mask : bank->lines & ~mask;
    if (rises && (bank->edge & mask))
        bank->latched |= mask;
}

uint32_t gic_bank_pending(const struct gic_bank *bank)
{
    return bank->latched | (bank->lines & ~bank->edge);
}

void gic_bank_activate(struct gic_bank *bank, unsigned bit)
{
    bank->latched &= ~(1u << bit);
    bank->active |= 1u << bit;
}

uint32_t gic_bank_read(const struct gic_bank *bank, enum gic_bank_register index)
{
    switch (index) {
    case GIC_GROUP:
        return bank->group;
    case GIC_SET_ENABLE:
    case GIC_CLEAR_ENABLE:
        return bank->enabled;
    case GIC_SET_PENDING:
    case GIC_CLEAR_PENDING:
        return gic_bank_pending(bank);
    case GIC_SET_ACTIVE:
    case GIC_CLEAR_ACTIVE:
        return bank->active;
    }
    return 0;
}

void gic_bank_write(struct gic_bank *bank, enum gic_bank_register index, uint32_t value, uint32_t mask)
{
    uint32_t ones = value & mask;

    switch (index) {
    case GIC_GROUP:
        bank->group = (bank->group & ~mask) | ones;
        break;
    case GIC_SET_ENABLE:
        bank->enabled |= ones;
        break;
    case GIC_CLEAR_ENABLE:
        bank->enabled &= ~ones;
        break;
    case GIC_SET_PENDING:
        bank->latched |= ones;
        break;
    case GIC_CLEAR_PENDING:
        bank->latched &= ~ones; /* a level that is asserted stays pending */
        break;
    case GIC_SET_ACTIVE:
        bank->active |= ones;
        break;
    case GIC_CLEAR_ACTIVE:
        bank->active &= ~ones;
        break;
    }
}

uint32_t gic_bank_priority_read(const struct gic_bank *bank, unsigned word)
{
    const uint8_t *priority = bank->priority + 4 * word;

    return priority[0] | (uint32_t)priority[1] << 8 | (uint32_t)priority[2] << 16 | (uint32_t)priority[3] << 24;
}

void gic_bank_priority_write(struct gic_bank *bank, unsigned word, uint32_t value, uint32_t mask, uint8_t implemented)
{
    for (unsigned i = 0; i < 4; i++)
        if (mask >> 8 * i & 0xFF)
            bank->priority[4 * word + i] = (uint8_t)(value >> 8 * i) & implemented;
}

uint32_t gic_bank_configuration_read(const struct gic_bank *bank, unsigned word)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 16; i++)
        if (bank->edge & 1u << (16 * word + i))
            value |= 2u << 2 * i;
    return value;
}

void gic_bank_configuration_write(struct gic_bank *bank, unsigned word, uint32_t value, uint32_t mask)
{
    for (unsigned i = 0; i < 16; i++) {
        uint32_t bit = 1u << (16 * word + i);

        if (mask & 2u << 2 * i)
            bank->edge = value & 2u << 2 * i ? bank->edge | bit : bank->edge & ~bit;
    }
}

int gic_bank_best(const struct gic_bank *bank, uint32_t candidates, unsigned *priority)
{
    int best = -1;

    for (; candidates; candidates &= candidates - 1) {
        int bit = __builtin_ctz(candidates);

        if (bank->priority[bit] < *priority) {
            *priority = bank->priority[bit];
            best = bit;
        }
    }
    return best;
}

/* The lowest bit set, which is the highest priority; 128: none. */
static unsigned highest_level(const uint32_t level[4])
{
    for (unsigned i = 0; i < 4; i++)
        if (level[i])
            return 32 * i + (unsigned)__builtin_ctz(level[i]);
    return 128;
}

unsigned gic_active_running(const struct gic_active *active, unsigned shift)
{
    unsigned level = MIN(highest_level(active->level[0]), highest_level(active->level[1]));

    return level == 128 ? GIC_IDLE_PRIORITY : level << shift;
}

void gic_active_raise(struct gic_active *active, unsigned group, unsigned priority, unsigned shift)
{
    unsigned level = priority >> shift;

    active->level[group][level / 32] |= 1u << level % 32;
}

bool gic_active_drop(struct gic_active *active, unsigned group)
{
    unsigned level = highest_level(active->level[group]);

    if (level == 128)
        return false;
    active->level[group][level / 32] &= ~(1u << level % 32);
    return true;
}
