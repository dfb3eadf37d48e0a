/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See power_key.h. */
#include "devices/platform/power_key.h"

struct power_key {
    struct machine *machine;
    struct irq_line line;
    struct clock_timer *release; /* runs while the key is held */
};

static void drive(struct power_key *key)
{
    irq_set(&key->line, clock_timer_deadline(key->release) != CLOCK_NEVER);
}

static void released(void *opaque)
{
    drive(opaque);
}

static void pressed(void *opaque, const uint8_t *data, size_t length)
{
    struct power_key *key = opaque;

    clock_timer_set(key->release, machine_now(key->machine) + POWER_KEY_HELD_NS);
    drive(key);
}

static void key_reset(void *device)
{
    struct power_key *key = device;

    clock_timer_set(key->release, CLOCK_NEVER);
    drive(key);
}

static void after_load(void *object)
{
    drive(object);
}

static void key_unrealize(void *device)
{
    struct power_key *key = device;

    clock_timer_free(key->release);
    g_free(key);
}

static const struct state_field fields[] = {
    STATE_TIMER(struct power_key, release),
    STATE_END,
};

static const struct state_table state = {.name = "power-key", .version = 1, .fields = fields, .after_load = after_load};
static const struct device_class key_class = {
    .name = "power-key", .state = &state, .reset = key_reset, .unrealize = key_unrealize};

void power_key_new(struct machine *machine, const struct irq_line *line)
{
    struct power_key *key = g_new0(struct power_key, 1);

    key->machine = machine;
    key->line = *line;
    key->release = clock_timer_new(machine_clock(machine), "power-key", released, key);
    journal_source_new(machine_journal(machine), "power-button", pressed, key);
    machine_add_device(machine, &key_class, key, "power-key");
}
