/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux kernel documentation: virt/kvm/x86/msr.rst and virt/kvm/x86/cpuid.rst. */
#include "devices/platform/paravirtual_clock.h"

#include <string.h>

#include "emu/bytes.h"

#define CPUS_MAX 64

#define LEAF_SIGNATURE 0x40000000u
#define LEAF_FEATURES 0x40000001u
#define FEATURE_OLD_MSRS (1u << 0)
#define FEATURE_MSRS (1u << 3)
#define FEATURE_STABLE (1u << 24)

#define MSR_WALL_CLOCK_OLD 0x11u
#define MSR_SYSTEM_TIME_OLD 0x12u
#define MSR_WALL_CLOCK 0x4B564D00u
#define MSR_SYSTEM_TIME 0x4B564D01u
#define SYSTEM_TIME_ENABLE 1u

#define FLAG_TSC_STABLE 0x01

/* struct pvclock_vcpu_time_info: offsets, little endian. */
enum time_info {
    TIME_VERSION = 0,
    TIME_TSC_TIMESTAMP = 8,
    TIME_SYSTEM_TIME = 16,
    TIME_MULTIPLIER = 24,
    TIME_SHIFT = 28,
    TIME_FLAGS = 29,
    TIME_SIZE = 32,
};

/* struct pvclock_wall_clock */
enum wall_clock { WALL_VERSION = 0, WALL_SECONDS = 4, WALL_NANOSECONDS = 8, WALL_SIZE = 12 };

struct paravirtual_clock {
    struct machine *machine;
    struct paravirtual_clock_config config;
    uint32_t multiplier; /* ns = ((ticks << shift) x multiplier) >> 32 */
    int8_t shift;

    uint64_t wall_clock;
    uint64_t system_time[CPUS_MAX];
};

/* Brings 10^9 x 2^32 / hz into [2^31, 2^32), the most exact multiplier. */
static void choose_scale(struct paravirtual_clock *clock)
{
    uint64_t hz = clock->config.tsc_hz;
    uint64_t scaled = NANOSECONDS_PER_SECOND;

    clock->shift = 0;
    while (scaled >= hz) { /* multiplier below 1: shift ticks up */
        hz *= 2;
        clock->shift++;
    }
    while (scaled * 2 < hz) {
        scaled *= 2;
        clock->shift--;
    }
    clock->multiplier = (uint32_t)clock_muldiv(scaled, 1ull << 32, hz);
}

static uint64_t read_tsc(struct paravirtual_clock *clock, unsigned cpu)
{
    if (clock->config.read_tsc)
        return clock->config.read_tsc(clock->config.opaque, cpu);
    return machine_ticks(clock->machine, clock->config.tsc_hz);
}

/* The next even version: readers see that what they began to read has changed. */
static uint32_t next_version(struct paravirtual_clock *clock, uint64_t address)
{
    return (memory_read32(machine_memory(clock->machine), address) | 1) + 1;
}

static void write_to_guest(struct paravirtual_clock *clock, uint64_t address, const void *bytes, size_t length)
{
    if (!memory_write(machine_memory(clock->machine), address, bytes, length))
        machine_guest_error(clock->machine, "kvm-clock", "no memory at 0x%" G_GINT64_MODIFIER "x for the time",
                            address);
}

static void write_time(struct paravirtual_clock *clock, unsigned cpu)
{
    uint64_t address = clock->system_time[cpu] & ~(uint64_t)SYSTEM_TIME_ENABLE;
    uint8_t info[TIME_SIZE] = {0};

    if (!(clock->system_time[cpu] & SYSTEM_TIME_ENABLE))
        return;
    put_le(info + TIME_VERSION, next_version(clock, address), 4);
    put_le(info + TIME_TSC_TIMESTAMP, read_tsc(clock, cpu), 8);
    put_le(info + TIME_SYSTEM_TIME, (uint64_t)machine_now(clock->machine), 8);
    put_le(info + TIME_MULTIPLIER, clock->multiplier, 4);
    info[TIME_SHIFT] = (uint8_t)clock->shift;
    info[TIME_FLAGS] = FLAG_TSC_STABLE;
    write_to_guest(clock, address, info, sizeof(info));
}

/* The calendar at virtual time 0, to which the guest adds the system time. */
static void write_wall_clock(struct paravirtual_clock *clock)
{
    uint64_t address = clock->wall_clock;
    uint8_t wall[WALL_SIZE] = {0};

    put_le(wall + WALL_VERSION, next_version(clock, address), 4);
    put_le(wall + WALL_SECONDS, (uint64_t)machine_config(clock->machine)->calendar, 4);
    write_to_guest(clock, address, wall, sizeof(wall));
}

void paravirtual_clock_tsc_changed(struct paravirtual_clock *clock, unsigned cpu)
{
    g_return_if_fail(cpu < CPUS_MAX);
    write_time(clock, cpu);
}

void paravirtual_clock_cpuid(struct paravirtual_clock *clock, uint32_t leaf, uint32_t answer[4])
{
    if (leaf == LEAF_SIGNATURE) {
        answer[0] = LEAF_FEATURES;
        answer[1] = 0x4B4D564B; /* "KVMK" */
        answer[2] = 0x564B4D56; /* "VMKV" */
        answer[3] = 0x0000004D; /* "M" */
    } else if (leaf == LEAF_FEATURES) {
        answer[0] = FEATURE_OLD_MSRS | FEATURE_MSRS | FEATURE_STABLE;
        answer[1] = answer[2] = answer[3] = 0;
    }
}

enum cpu_register_access paravirtual_clock_msr_read(struct paravirtual_clock *clock, unsigned cpu, uint32_t msr,
                                                    uint64_t *value)
{
    g_return_val_if_fail(cpu < CPUS_MAX, CPU_REGISTER_DEFAULT);
    switch (msr) {
    case MSR_WALL_CLOCK_OLD:
    case MSR_WALL_CLOCK:
        *value = clock->wall_clock;
        return CPU_REGISTER_DONE;
    case MSR_SYSTEM_TIME_OLD:
    case MSR_SYSTEM_TIME:
        *value = clock->system_time[cpu];
        return CPU_REGISTER_DONE;
    default:
        return CPU_REGISTER_DEFAULT;
    }
}

enum cpu_register_access paravirtual_clock_msr_write(struct paravirtual_clock *clock, unsigned cpu, uint32_t msr,
                                                     uint64_t value)
{
    g_return_val_if_fail(cpu < CPUS_MAX, CPU_REGISTER_DEFAULT);
    switch (msr) {
    case MSR_WALL_CLOCK_OLD:
    case MSR_WALL_CLOCK:
        clock->wall_clock = value;
        if (value)
            write_wall_clock(clock);
        return CPU_REGISTER_DONE;
    case MSR_SYSTEM_TIME_OLD:
    case MSR_SYSTEM_TIME:
        clock->system_time[cpu] = value;
        write_time(clock, cpu);
        return CPU_REGISTER_DONE;
    default:
        return CPU_REGISTER_DEFAULT;
    }
}

/* --- device --- */

static void clock_reset(void *device)
{
    struct paravirtual_clock *clock = device;

    clock->wall_clock = 0;
    memset(clock->system_time, 0, sizeof(clock->system_time));
}

static const struct state_field fields[] = {
    STATE_U64(struct paravirtual_clock, wall_clock),
    STATE_U64_ARRAY(struct paravirtual_clock, system_time),
    STATE_END,
};

static const struct state_table table = {.name = "kvm-clock", .version = 1, .fields = fields};

static const struct device_class clock_class = {
    .name = "kvm-clock",
    .state = &table,
    .reset = clock_reset,
    .unrealize = g_free,
};

struct paravirtual_clock *paravirtual_clock_new(struct machine *machine, const struct paravirtual_clock_config *config)
{
    struct paravirtual_clock *clock = g_new0(struct paravirtual_clock, 1);

    g_assert(config->tsc_hz > 0 && config->tsc_hz < 1ull << 40);
    clock->machine = machine;
    clock->config = *config;
    choose_scale(clock);
    machine_add_device(machine, &clock_class, clock, "kvm-clock");
    return clock;
}
