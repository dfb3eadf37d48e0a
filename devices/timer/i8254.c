/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interval timer and port 0x61.  Intel 8254 data sheet (231164); ICH9 data sheet (316972), 5.7, 13.3, 13.7.1. */
#include "devices/timer/i8254.h"

#include "devices/timer/i8254_counter.h"

/* Control word 0x43. */
#define SELECT_READ_BACK 3
#define READ_BACK_NO_COUNT 0x20
#define READ_BACK_NO_STATUS 0x10

/* NMI_SC, port 0x61 */
#define NMI_SC_TIM_CNT2_EN 0x01
#define NMI_SC_SPKR_DAT_EN 0x02
#define NMI_SC_WRITABLE 0x0f
#define NMI_SC_REF_TOGGLE 0x10
#define NMI_SC_TMR2_OUT 0x20

#define REFRESH_CLOCKS 18 /* what firmware has always given counter 1 */

struct i8254 {
    struct machine *machine;
    struct irq_line irq;
    struct i8254_counter counters[3];
    uint64_t driven_at; /* clock up to which the output of counter 0 has been driven */
    uint8_t nmi_sc;     /* bits 0..3 */
    bool irq_enabled;
    struct clock_timer *timer;
    struct memory_region *ports, *port61;
};

static const struct state_field fields[] = {
    STATE_STRUCT_ARRAY(struct i8254, counters, &i8254_counter_state),
    STATE_U64(struct i8254, driven_at),
    STATE_U8(struct i8254, nmi_sc),
    STATE_BOOL(struct i8254, irq_enabled),
    STATE_TIMER(struct i8254, timer),
    STATE_END,
};

static uint64_t clock_of(const struct i8254 *pit)
{
    return machine_ticks(pit->machine, I8254_HZ);
}

/* A line that is taken away belongs to somebody else. */
static void drive(struct i8254 *pit, bool out)
{
    if (pit->irq_enabled)
        irq_set(&pit->irq, out);
}

/*
 * Drives the line through all changes of counter 0 up to now, and arms the timer for the next: the nanosecond at which
 * its clock begins, counted from power-on.
 */
static void run_counter0(struct i8254 *pit)
{
    struct i8254_counter *counter = &pit->counters[0];
    uint64_t now = clock_of(pit);
    uint64_t next;

    while ((next = i8254_counter_next(counter, pit->driven_at)) <= now) {
        uint32_t cycle = i8254_counter_cycle(counter, pit->driven_at);

        if (cycle && now - pit->driven_at > 2 * (uint64_t)cycle) { /* edges that nobody could tell apart */
            pit->driven_at += ((now - pit->driven_at) / cycle - 1) * cycle;
            continue;
        }
        drive(pit, i8254_counter_out(counter, next));
        pit->driven_at = next;
    }
    pit->driven_at = now;
    drive(pit, i8254_counter_out(counter, now));
    clock_timer_set(pit->timer, next == I8254_NEVER || !pit->irq_enabled
                                    ? CLOCK_NEVER
                                    : (int64_t)clock_muldiv_up(next, NANOSECONDS_PER_SECOND, I8254_HZ));
}

static void fire(void *opaque)
{
    run_counter0(opaque);
}

static void read_back(struct i8254 *pit, uint8_t command, uint64_t clock)
{
    for (unsigned i = 0; i < 3; i++) {
        if (!(command & 2u << i))
            continue;
        if (!(command & READ_BACK_NO_COUNT))
            i8254_counter_latch_count(&pit->counters[i], clock);
        if (!(command & READ_BACK_NO_STATUS))
            i8254_counter_latch_status(&pit->counters[i], clock);
    }
}

static void write_control(struct i8254 *pit, uint8_t value, uint64_t clock)
{
    unsigned select = value >> 6;

    if (select == SELECT_READ_BACK)
        read_back(pit, value, clock);
    else if (!(value & 0x30))
        i8254_counter_latch_count(&pit->counters[select], clock);
    else
        i8254_counter_control(&pit->counters[select], value);
}

static uint64_t port_read(void *opaque, uint64_t offset, unsigned size)
{
    struct i8254 *pit = opaque;

    if (offset == 3) /* the control word cannot be read */
        return 0xff;
    return i8254_counter_read(&pit->counters[offset], clock_of(pit));
}

static void port_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct i8254 *pit = opaque;

    run_counter0(pit);
    if (offset == 3)
        write_control(pit, value, clock_of(pit));
    else
        i8254_counter_write(&pit->counters[offset], clock_of(pit), value);
    run_counter0(pit);
}

static uint64_t port61_read(void *opaque, uint64_t offset, unsigned size)
{
    struct i8254 *pit = opaque;
    uint64_t clock = clock_of(pit);
    uint8_t value = pit->nmi_sc;

    if (clock / REFRESH_CLOCKS & 1)
        value |= NMI_SC_REF_TOGGLE;
    if (i8254_counter_out(&pit->counters[2], clock))
        value |= NMI_SC_TMR2_OUT;
    return value;
}

static void port61_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct i8254 *pit = opaque;

    pit->nmi_sc = value & NMI_SC_WRITABLE;
    i8254_counter_set_gate(&pit->counters[2], clock_of(pit), value & NMI_SC_TIM_CNT2_EN);
}

void i8254_set_irq_enabled(struct i8254 *pit, bool enabled)
{
    run_counter0(pit);
    if (!enabled)
        irq_set(&pit->irq, false);
    pit->irq_enabled = enabled;
    run_counter0(pit);
}

uint32_t i8254_speaker_period(struct i8254 *pit)
{
    return pit->nmi_sc & NMI_SC_SPKR_DAT_EN ? i8254_counter_cycle(&pit->counters[2], clock_of(pit)) : 0;
}

static void reset(void *device)
{
    struct i8254 *pit = device;

    for (unsigned i = 0; i < 3; i++) {
        pit->counters[i].gate = i != 2;
        i8254_counter_reset(&pit->counters[i]);
    }
    pit->nmi_sc = 0;
    pit->irq_enabled = true;
    run_counter0(pit);
}

static void after_load(void *object)
{
    struct i8254 *pit = object;

    for (unsigned i = 0; i < 3; i++)
        i8254_counter_sanitize(&pit->counters[i]);
    drive(pit, i8254_counter_out(&pit->counters[0], pit->driven_at));
}

static void unrealize(void *device)
{
    struct i8254 *pit = device;

    clock_timer_free(pit->timer);
    memory_region_remove(pit->ports);
    memory_region_remove(pit->port61);
    g_free(pit);
}

static const struct state_table state = {.name = "i8254", .version = 1, .fields = fields, .after_load = after_load};
static const struct device_class i8254_class = {
    .name = "i8254", .state = &state, .reset = reset, .unrealize = unrealize};
static const struct memory_region_ops ports_ops = {.read = port_read, .write = port_write, .max_size = 1};
static const struct memory_region_ops port61_ops = {.read = port61_read, .write = port61_write, .max_size = 1};

struct i8254 *i8254_new(struct machine *machine, const struct irq_line *irq)
{
    struct i8254 *pit = g_new0(struct i8254, 1);
    struct memory *memory = machine_memory(machine);

    pit->machine = machine;
    pit->irq = *irq;
    pit->timer = clock_timer_new(machine_clock(machine), "i8254", fire, pit);
    pit->ports = memory_add_io(memory, MEMORY_SPACE_PORT, "i8254", 0x40, 4, 0, &ports_ops, pit);
    pit->port61 = memory_add_io(memory, MEMORY_SPACE_PORT, "port61", 0x61, 1, 0, &port61_ops, pit);
    reset(pit);
    machine_add_device(machine, &i8254_class, pit, "i8254");
    return pit;
}
