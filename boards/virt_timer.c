/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virt: the lines of the generic timers.  A CPU has the registers; whether a timer's condition is met follows from them and
 * the counter, which is virtual time at 62.5 MHz.  Arm ARM (DDI 0487), chapter D12.
 *
 * There are no EL2 and EL3: the hypervisor's and the secure timer never interrupt.
 */
#include "boards/virt_internal.h"
#include "emu/cpu/aarch64.h"

#define TIMERS 2
#define NS_PER_TICK (NANOSECONDS_PER_SECOND / VIRT_COUNTER_HZ)

struct timer {
    struct virt_timer *owner;
    unsigned cpu, number;
    struct clock_timer *deadline; /* while the condition is not met yet */
    struct irq_line line;
    bool level;
};

struct virt_timer {
    struct machine *machine;
    unsigned count;
    struct timer timers[VIRT_DESCRIPTION_CPUS * TIMERS];
};

static const unsigned intids[TIMERS] = {VIRT_TIMER_PHYSICAL, VIRT_TIMER_VIRTUAL};

static void drive(struct timer *timer, bool level)
{
    timer->level = level;
    irq_set(&timer->line, level);
}

static void update(struct timer *timer)
{
    struct machine *machine = timer->owner->machine;
    struct cpu *cpu = machine_cpu(machine, timer->cpu);
    uint64_t now = machine_ticks(machine, VIRT_COUNTER_HZ);
    struct aarch64_timer registers = {0};
    int64_t deadline = CLOCK_NEVER;

    if (cpu)
        aarch64_get_timer(cpu, timer->number, &registers);
    bool waits = registers.enabled && !registers.masked;
    if (waits && registers.compare > now && registers.compare < INT64_MAX / NS_PER_TICK)
        deadline = (int64_t)registers.compare * NS_PER_TICK;
    clock_timer_set(timer->deadline, deadline);
    drive(timer, waits && registers.compare <= now);
}

static void fire(void *opaque)
{
    update(opaque);
}

void virt_timer_update(struct virt_timer *timer, unsigned cpu, unsigned number)
{
    update(&timer->timers[cpu * TIMERS + number]);
}

void virt_timer_reset(struct virt_timer *timer, unsigned cpu)
{
    for (unsigned number = 0; number < TIMERS; number++)
        virt_timer_update(timer, cpu, number);
}

static void after_load(void *object)
{
    struct virt_timer *timer = object;

    for (unsigned i = 0; i < timer->count; i++)
        drive(&timer->timers[i], timer->timers[i].level);
}

static void timer_unrealize(void *device)
{
    struct virt_timer *timer = device;

    for (unsigned i = 0; i < timer->count; i++)
        clock_timer_free(timer->timers[i].deadline);
    g_free(timer);
}

static void save_timers(void *object, struct state_writer *out)
{
    const struct virt_timer *timer = object;

    for (unsigned i = 0; i < timer->count; i++) {
        state_put_u64(out, (uint64_t)clock_timer_deadline(timer->timers[i].deadline));
        state_put_u8(out, timer->timers[i].level);
    }
}

static bool load_timers(void *object, struct state_reader *in)
{
    struct virt_timer *timer = object;

    for (unsigned i = 0; i < timer->count; i++) {
        clock_timer_set(timer->timers[i].deadline, (int64_t)state_get_u64(in));
        timer->timers[i].level = state_get_u8(in) != 0;
    }
    return !state_reader_failed(in);
}

static const struct state_field fields[] = {
    STATE_CUSTOM("timers", save_timers, load_timers), /* as many as there are CPUs */
    STATE_END,
};

static const struct state_table state = {
    .name = "generic-timer", .version = 1, .fields = fields, .after_load = after_load};
static const struct device_class timer_class = {.name = "generic-timer", .state = &state, .unrealize = timer_unrealize};

struct virt_timer *virt_timer_new(struct virt *virt)
{
    struct virt_timer *timer = g_new0(struct virt_timer, 1);

    timer->machine = virt->machine;
    for (unsigned cpu = 0; cpu < machine_config(virt->machine)->cpus; cpu++)
        for (unsigned number = 0; number < TIMERS; number++) {
            struct timer *one = &timer->timers[timer->count++];

            *one = (struct timer){
                .owner = timer, .cpu = cpu, .number = number, .line = virt_line(virt, cpu, intids[number])};
            one->deadline = clock_timer_new(machine_clock(virt->machine), "generic-timer", fire, one);
        }
    machine_add_device(virt->machine, &timer_class, timer, "generic-timer");
    return timer;
}
