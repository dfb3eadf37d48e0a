/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL061: ARM DDI 0190, chapter 3. */
#include "devices/platform/pl061.h"

#include <inttypes.h>

#define GPIO_SIZE 0x1000

#define GPIODATA_END 0x400 /* bits 9:2 of the address say which pins an access is about */
#define GPIODIR 0x400
#define GPIOIS 0x404
#define GPIOIBE 0x408
#define GPIOIEV 0x40C
#define GPIOIE 0x410
#define GPIORIS 0x414
#define GPIOMIS 0x418
#define GPIOIC 0x41C
#define GPIOAFSEL 0x420
#define GPIOPERIPHID0 0xFE0

static const uint8_t identification[8] = {0x61, 0x10, 0x04, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

struct pl061 {
    struct machine *machine;
    struct irq_line irq;
    struct memory_region *region;
    uint8_t inputs;    /* levels from outside */
    uint8_t outputs;   /* what was written to the data register */
    uint8_t direction; /* 1: output */
    uint8_t level;     /* GPIOIS, 1: interrupts by level */
    uint8_t both;      /* GPIOIBE */
    uint8_t event;     /* GPIOIEV, 1: rising edge or high */
    uint8_t enabled;
    uint8_t latched;   /* edges that were seen */
    uint8_t alternate; /* GPIOAFSEL, without a function here */
    uint8_t pins;      /* as they were when edges were last looked for */
};

static uint8_t pin_levels(const struct pl061 *gpio)
{
    return (gpio->outputs & gpio->direction) | (gpio->inputs & (uint8_t)~gpio->direction);
}

static uint8_t raw_status(const struct pl061 *gpio)
{
    uint8_t asserted = (uint8_t) ~(pin_levels(gpio) ^ gpio->event);

    return (gpio->level & asserted) | ((uint8_t)~gpio->level & gpio->latched);
}

/* Pins or registers have changed: looks for edges and drives the interrupt. */
static void update(struct pl061 *gpio)
{
    uint8_t now = pin_levels(gpio), changed = now ^ gpio->pins;
    uint8_t wanted = gpio->both | (uint8_t) ~(now ^ gpio->event);

    gpio->latched |= changed & wanted & (uint8_t)~gpio->level;
    gpio->pins = now;
    irq_set(&gpio->irq, raw_status(gpio) & gpio->enabled);
}

static void set_input(void *opaque, unsigned pin, bool level)
{
    struct pl061 *gpio = opaque;

    gpio->inputs = level ? gpio->inputs | (uint8_t)(1u << pin) : gpio->inputs & (uint8_t) ~(1u << pin);
    update(gpio);
}

struct irq_line pl061_line(struct pl061 *gpio, unsigned pin)
{
    g_assert(pin < PL061_PINS);
    return (struct irq_line){.set = set_input, .opaque = gpio, .input = pin};
}

static uint64_t gpio_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct pl061 *gpio = opaque;

    if (offset % 4)
        return 0; /* registers have eight bits */
    if (offset < GPIODATA_END)
        return pin_levels(gpio) & (uint8_t)(offset >> 2);
    if (offset >= GPIOPERIPHID0)
        return identification[(offset - GPIOPERIPHID0) / 4];
    switch (offset) {
    case GPIODIR:
        return gpio->direction;
    case GPIOIS:
        return gpio->level;
    case GPIOIBE:
        return gpio->both;
    case GPIOIEV:
        return gpio->event;
    case GPIOIE:
        return gpio->enabled;
    case GPIORIS:
        return raw_status(gpio);
    case GPIOMIS:
        return raw_status(gpio) & gpio->enabled;
    case GPIOAFSEL:
        return gpio->alternate;
    }
    machine_guest_error(gpio->machine, "gpio", "read of write-only or reserved register 0x%03" PRIx64, offset);
    return 0;
}

static void gpio_write(void *opaque, uint64_t offset, unsigned size, uint64_t wide)
{
    struct pl061 *gpio = opaque;
    uint8_t value = (uint8_t)wide;

    if (offset % 4)
        return;
    if (offset < GPIODATA_END) {
        uint8_t mask = (uint8_t)(offset >> 2) & gpio->direction; /* inputs take no value */

        gpio->outputs = (gpio->outputs & (uint8_t)~mask) | (value & mask);
        update(gpio);
        return;
    }
    switch (offset) {
    case GPIODIR:
        gpio->direction = value;
        break;
    case GPIOIS:
        gpio->level = value;
        break;
    case GPIOIBE:
        gpio->both = value;
        break;
    case GPIOIEV:
        gpio->event = value;
        break;
    case GPIOIE:
        gpio->enabled = value;
        break;
    case GPIOIC:
        gpio->latched &= (uint8_t)~value;
        break;
    case GPIOAFSEL:
        gpio->alternate = value;
        break;
    default:
        machine_guest_error(gpio->machine, "gpio", "write to read-only or reserved register 0x%03" PRIx64, offset);
    }
    update(gpio);
}

/* The levels of the inputs are not the device's to reset. */
static void gpio_reset(void *device)
{
    struct pl061 *gpio = device;

    gpio->outputs = gpio->direction = gpio->level = gpio->both = gpio->event = 0;
    gpio->enabled = gpio->latched = gpio->alternate = 0;
    gpio->pins = pin_levels(gpio);
    update(gpio);
}

static void after_load(void *object)
{
    update(object);
}

static void gpio_unrealize(void *device)
{
    struct pl061 *gpio = device;

    memory_region_remove(gpio->region);
    g_free(gpio);
}

static const struct state_field fields[] = {
    STATE_U8(struct pl061, inputs),
    STATE_U8(struct pl061, outputs),
    STATE_U8(struct pl061, direction),
    STATE_U8(struct pl061, level),
    STATE_U8(struct pl061, both),
    STATE_U8(struct pl061, event),
    STATE_U8(struct pl061, enabled),
    STATE_U8(struct pl061, latched),
    STATE_U8(struct pl061, alternate),
    STATE_U8(struct pl061, pins),
    STATE_END,
};

static const struct state_table state = {.name = "pl061", .version = 1, .fields = fields, .after_load = after_load};
static const struct device_class pl061_class = {
    .name = "pl061", .state = &state, .reset = gpio_reset, .unrealize = gpio_unrealize};
static const struct memory_region_ops ops = {.read = gpio_read, .write = gpio_write, .max_size = 4};

struct pl061 *pl061_new(struct machine *machine, uint64_t address, const struct irq_line *irq)
{
    struct pl061 *gpio = g_new0(struct pl061, 1);

    gpio->machine = machine;
    gpio->irq = *irq;
    gpio->region =
        memory_add_io(machine_memory(machine), MEMORY_SPACE_PHYSICAL, "gpio", address, GPIO_SIZE, 0, &ops, gpio);
    gpio_reset(gpio);
    machine_add_device(machine, &pl061_class, gpio, "gpio");
    return gpio;
}
