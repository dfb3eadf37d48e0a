/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intel 8237A data sheet, "Register description"; IBM PC AT Technical Reference for the second one and the pages. */
#include "devices/platform/i8237.h"

#include <string.h>

enum reg {
    STATUS_COMMAND = 0x8,
    REQUEST = 0x9,
    SINGLE_MASK = 0xA,
    MODE = 0xB,
    CLEAR_FLIP_FLOP = 0xC,
    TEMPORARY_MASTER_CLEAR = 0xD,
    CLEAR_MASK = 0xE,
    ALL_MASK = 0xF,
};

#define CHANNELS 4
#define PAGES_PORT 0x81
#define PAGES 15

struct controller {
    struct i8237 *owner;
    unsigned spacing; /* ports from one register to the next */
    /* Address and count of each channel: [channel][0] and [channel][1]. */
    uint16_t base[CHANNELS][2], current[CHANNELS][2];
    bool high_byte; /* the flip-flop */
    uint8_t command, mode[CHANNELS], mask, request;
};

struct i8237 {
    struct machine *machine;
    struct memory_region *region[2], *pages_region;
    struct controller controller[2];
    uint8_t pages[PAGES];
};

static void master_clear(struct controller *controller)
{
    controller->high_byte = false;
    controller->command = 0;
    controller->request = 0;
    controller->mask = 0x0F;
}

static void write_half(uint16_t *word, bool high, uint8_t value)
{
    *word = high ? (uint16_t)(value << 8 | (*word & 0xFF)) : (uint16_t)((*word & 0xFF00) | value);
}

static uint64_t controller_read(void *opaque, uint64_t offset, unsigned size)
{
    struct controller *controller = opaque;
    unsigned reg = (unsigned)offset / controller->spacing;

    if (reg < STATUS_COMMAND) {
        uint16_t word = controller->current[reg / 2][reg % 2];
        uint8_t byte = (uint8_t)(controller->high_byte ? word >> 8 : word);

        controller->high_byte = !controller->high_byte;
        return byte;
    }
    if (reg == STATUS_COMMAND)
        return (uint64_t)controller->request << 4; /* no channel has reached its end */
    return reg == ALL_MASK ? controller->mask : 0;
}

static void write_channel(struct controller *controller, unsigned reg, uint8_t value)
{
    uint16_t *base = &controller->base[reg / 2][reg % 2];

    write_half(base, controller->high_byte, value);
    controller->current[reg / 2][reg % 2] = *base;
    controller->high_byte = !controller->high_byte;
}

static uint8_t with_bit(uint8_t bits, uint8_t channel, bool on)
{
    return (uint8_t)(on ? bits | 1 << channel : bits & ~(1 << channel));
}

static void controller_write(void *opaque, uint64_t offset, unsigned size, uint64_t wide)
{
    struct controller *controller = opaque;
    unsigned reg = (unsigned)offset / controller->spacing;
    uint8_t value = (uint8_t)wide, channel = value & 3;

    if (reg < STATUS_COMMAND) {
        write_channel(controller, reg, value);
        return;
    }
    switch ((enum reg)reg) {
    case STATUS_COMMAND:
        controller->command = value;
        break;
    case REQUEST:
        controller->request = with_bit(controller->request, channel, value & 4);
        if (value & 4)
            machine_guest_error(controller->owner->machine, "i8237",
                                "a transfer is requested by software; none starts");
        break;
    case SINGLE_MASK:
        controller->mask = with_bit(controller->mask, channel, value & 4);
        break;
    case MODE:
        controller->mode[channel] = value;
        break;
    case CLEAR_FLIP_FLOP:
        controller->high_byte = false;
        break;
    case TEMPORARY_MASTER_CLEAR:
        master_clear(controller);
        break;
    case CLEAR_MASK:
        controller->mask = 0;
        break;
    case ALL_MASK:
        controller->mask = value & 0x0F;
        break;
    }
}

static uint64_t pages_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct i8237 *dma = opaque;

    return dma->pages[offset];
}

static void pages_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct i8237 *dma = opaque;

    dma->pages[offset] = (uint8_t)value;
}

static void dma_reset(void *device)
{
    struct i8237 *dma = device;

    for (unsigned i = 0; i < 2; i++) {
        struct controller *controller = &dma->controller[i];

        memset(controller->base, 0, sizeof(controller->base));
        memset(controller->current, 0, sizeof(controller->current));
        memset(controller->mode, 0, sizeof(controller->mode));
        master_clear(controller);
    }
    memset(dma->pages, 0, sizeof(dma->pages));
}

static void dma_unrealize(void *device)
{
    struct i8237 *dma = device;

    memory_region_remove(dma->region[0]);
    memory_region_remove(dma->region[1]);
    memory_region_remove(dma->pages_region);
    g_free(dma);
}

static const struct state_field controller_fields[] = {
    {.name = "base",
     .type = STATE_TYPE_U16,
     .offset = offsetof(struct controller, base),
     .count = CHANNELS * 2,
     .stride = 2},
    {.name = "current",
     .type = STATE_TYPE_U16,
     .offset = offsetof(struct controller, current),
     .count = CHANNELS * 2,
     .stride = 2},
    STATE_BOOL(struct controller, high_byte),
    STATE_U8(struct controller, command),
    STATE_U8_ARRAY(struct controller, mode),
    STATE_U8(struct controller, mask),
    STATE_U8(struct controller, request),
    STATE_END,
};

static const struct state_table controller_table = {
    .name = "i8237-controller", .version = 1, .fields = controller_fields};

static const struct state_field fields[] = {
    STATE_STRUCT_ARRAY(struct i8237, controller, &controller_table),
    STATE_U8_ARRAY(struct i8237, pages),
    STATE_END,
};

static const struct state_table table = {.name = "i8237", .version = 1, .fields = fields};

static const struct device_class dma_class = {
    .name = "i8237",
    .state = &table,
    .reset = dma_reset,
    .unrealize = dma_unrealize,
};

struct i8237 *i8237_new(struct machine *machine)
{
    static const struct memory_region_ops ops = {.read = controller_read, .write = controller_write, .max_size = 1};
    static const struct memory_region_ops pages_ops = {.read = pages_read, .write = pages_write, .max_size = 1};
    struct i8237 *dma = g_new0(struct i8237, 1);
    struct memory *memory = machine_memory(machine);

    dma->machine = machine;
    for (unsigned i = 0; i < 2; i++) {
        dma->controller[i].owner = dma;
        dma->controller[i].spacing = i + 1;
        dma->region[i] = memory_add_io(memory, MEMORY_SPACE_PORT, i ? "dma-2" : "dma-1", i ? 0xC0 : 0x00, 16 * (i + 1),
                                       0, &ops, &dma->controller[i]);
    }
    dma->pages_region = memory_add_io(memory, MEMORY_SPACE_PORT, "dma-pages", PAGES_PORT, PAGES, 0, &pages_ops, dma);
    machine_add_device(machine, &dma_class, dma, "i8237");
    dma_reset(dma);
    return dma;
}
