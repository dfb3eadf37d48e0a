/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/platform/paravirtual_clock.h"

#include "tests/device/fixture.h"

#define CALENDAR 1767225600 /* of test_machine() */

struct fixture {
    struct machine *machine;
    struct paravirtual_clock *clock;
    uint64_t tsc_hz;
    int64_t tsc_offset;
};

static uint64_t read_tsc(void *opaque, unsigned cpu)
{
    struct fixture *f = opaque;

    return machine_ticks(f->machine, f->tsc_hz) + (uint64_t)f->tsc_offset + cpu;
}

static void make(struct fixture *f, uint64_t tsc_hz)
{
    g_autoptr(GError) error = NULL;

    f->machine = test_machine();
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
    memory_add_ram(machine_memory(f->machine), "ram", 0, 65536, false, &error);
    g_assert_no_error(error);
    f->tsc_hz = tsc_hz;
    struct paravirtual_clock_config config = {.tsc_hz = tsc_hz, .read_tsc = read_tsc, .opaque = f};
    f->clock = paravirtual_clock_new(f->machine, &config);
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    make(f, 1000000000);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

/* What a guest computes, as the documentation of KVM says it. */
static uint64_t guest_time(struct fixture *f, unsigned cpu, uint64_t address)
{
    struct memory *memory = machine_memory(f->machine);
    uint64_t delta = read_tsc(f, cpu) - memory_read64(memory, address + 8);
    int8_t shift = (int8_t)memory_read8(memory, address + 28);

    g_assert_cmpuint(memory_read32(memory, address) & 1, ==, 0);
    delta = shift >= 0 ? delta << shift : delta >> -shift;
    return memory_read64(memory, address + 16) +
           (uint64_t)((unsigned __int128)delta * memory_read32(memory, address + 24) >> 32);
}

static void write_msr(struct fixture *f, unsigned cpu, uint32_t msr, uint64_t value)
{
    g_assert_cmpint(paravirtual_clock_msr_write(f->clock, cpu, msr, value), ==, CPU_REGISTER_DONE);
}

static void test_cpuid(struct fixture *f, gconstpointer unused)
{
    uint32_t answer[4] = {1, 2, 3, 4};

    paravirtual_clock_cpuid(f->clock, 0x40000002, answer);
    g_assert_cmpuint(answer[0], ==, 1);
    paravirtual_clock_cpuid(f->clock, 0x40000000, answer);
    g_assert_cmphex(answer[0], ==, 0x40000001);
    g_assert_cmpmem(&answer[1], 12, "KVMKVMKVM\0\0\0", 12);
    paravirtual_clock_cpuid(f->clock, 0x40000001, answer);
    g_assert_cmphex(answer[0], ==, 1 << 0 | 1 << 3 | 1 << 24);
    g_assert_cmphex(answer[1] | answer[2] | answer[3], ==, 0);
}

static void test_time(struct fixture *f, gconstpointer unused)
{
    struct memory *memory = machine_memory(f->machine);

    machine_advance(f->machine, 123456789);
    write_msr(f, 0, 0x4B564D01, 0x1001);
    g_assert_cmpuint(memory_read32(memory, 0x1000), ==, 2);
    g_assert_cmphex(memory_read32(memory, 0x1000 + 24), ==, 0x80000000);
    g_assert_cmphex(memory_read8(memory, 0x1000 + 28), ==, 1);
    g_assert_cmphex(memory_read8(memory, 0x1000 + 29), ==, 0x01);
    g_assert_cmpuint(guest_time(f, 0, 0x1000), ==, 123456789);
    machine_advance(f->machine, 5000000000);
    g_assert_cmpuint(guest_time(f, 0, 0x1000), ==, 5123456789);
    write_msr(f, 0, 0x4B564D01, 0x1001);
    g_assert_cmpuint(memory_read32(memory, 0x1000), ==, 4);
    g_assert_cmpuint(guest_time(f, 0, 0x1000), ==, 5123456789);
    /* The old number is the same register; each CPU has its own. */
    uint64_t value = 0;
    g_assert_cmpint(paravirtual_clock_msr_read(f->clock, 0, 0x12, &value), ==, CPU_REGISTER_DONE);
    g_assert_cmphex(value, ==, 0x1001);
    write_msr(f, 1, 0x12, 0x1041);
    g_assert_cmpuint(guest_time(f, 1, 0x1040), ==, 5123456789);
    g_assert_cmpint(paravirtual_clock_msr_read(f->clock, 0, 0x4B564D01, &value), ==, CPU_REGISTER_DONE);
    g_assert_cmphex(value, ==, 0x1001);
    /* The guest sets its TSC: the page is written anew. */
    f->tsc_offset = 777777;
    paravirtual_clock_tsc_changed(f->clock, 0);
    g_assert_cmpuint(guest_time(f, 0, 0x1000), ==, 5123456789);
    /* Switched off, nothing is written any more. */
    write_msr(f, 0, 0x4B564D01, 0x1000);
    uint32_t version = memory_read32(memory, 0x1000);
    paravirtual_clock_tsc_changed(f->clock, 0);
    g_assert_cmpuint(memory_read32(memory, 0x1000), ==, version);
    g_assert_cmpint(paravirtual_clock_msr_read(f->clock, 0, 0x10, &value), ==, CPU_REGISTER_DEFAULT);
    g_assert_cmpint(paravirtual_clock_msr_write(f->clock, 0, 0x10, 0), ==, CPU_REGISTER_DEFAULT);
}

static void test_other_rates(struct fixture *f, gconstpointer unused)
{
    static const uint64_t rates[] = {3579545, 62500000, 999999999, 1000000001, 2400000000, 5000000000};

    for (unsigned i = 0; i < G_N_ELEMENTS(rates); i++) {
        struct fixture other = {0};

        make(&other, rates[i]);
        write_msr(&other, 0, 0x4B564D01, 0x1001);
        g_assert_cmphex(memory_read32(machine_memory(other.machine), 0x1000 + 24), >=, 0x80000000);
        machine_advance(other.machine, 1000000000);
        /* To 2^-31, and a tick. */
        g_assert_cmpint(llabs((int64_t)guest_time(&other, 0, 0x1000) - 1000000000), <=,
                        1 + 1000000000 / (int64_t)rates[i]);
        tear_down(&other, NULL);
    }
}

static void test_wall_clock(struct fixture *f, gconstpointer unused)
{
    struct memory *memory = machine_memory(f->machine);

    machine_advance(f->machine, 2500000000);
    write_msr(f, 0, 0x4B564D00, 0x2000);
    g_assert_cmpuint(memory_read32(memory, 0x2000), ==, 2);
    g_assert_cmpuint(memory_read32(memory, 0x2004), ==, CALENDAR);
    g_assert_cmpuint(memory_read32(memory, 0x2008), ==, 0);
    write_msr(f, 0, 0x11, 0x2000);
    g_assert_cmpuint(memory_read32(memory, 0x2000), ==, 4);
    /* No memory there: told, not fatal. */
    write_msr(f, 0, 0x4B564D00, 0xFFFFFFFFFFFFFFFF);
    write_msr(f, 0, 0x4B564D01, 0x7FFFFFFFFFFFFFFF);
    write_msr(f, 0, 0x4B564D01, 0xFFF1); /* over the end */
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture copy = {0};

    set_up(&copy, unused);
    write_msr(f, 3, 0x4B564D01, 0x1001);
    write_msr(f, 0, 0x4B564D00, 0x2000);
    machine_advance(f->machine, 1000);
    test_copy_state(f->machine, copy.machine);
    g_assert_cmpuint(guest_time(&copy, 3, 0x1000), ==, 1000);
    copy.tsc_offset = 50;
    paravirtual_clock_tsc_changed(copy.clock, 3);
    g_assert_cmpuint(guest_time(&copy, 3, 0x1000), ==, 1000);
    uint64_t value = 0;
    paravirtual_clock_msr_read(copy.clock, 1, 0x4B564D00, &value);
    g_assert_cmphex(value, ==, 0x2000);
    machine_reset(copy.machine);
    paravirtual_clock_msr_read(copy.clock, 3, 0x4B564D01, &value);
    g_assert_cmphex(value, ==, 0);
    tear_down(&copy, unused);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/paravirtual-clock/" name, struct fixture, NULL, set_up, function, tear_down)
    ADD("cpuid", test_cpuid);
    ADD("time", test_time);
    ADD("other-rates", test_other_rates);
    ADD("wall-clock", test_wall_clock);
    ADD("state", test_state);
    return g_test_run();
}
