/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/platform/acpi_pm.h"

#include "tests/device/fixture.h"

enum { STATUS = 0x600, ENABLE = 0x602, CONTROL = 0x604, TIMER = 0x608, GPE_STATUS = 0x620, GPE_ENABLE = 0x628 };

#define TIMER_HZ 3579545ll

struct fixture {
    struct machine *machine;
    struct acpi_pm *pm;
    struct test_line sci;
};

static void make(struct fixture *f, bool timer_32bit)
{
    f->machine = test_machine();
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
    struct acpi_pm_config config = {.base = 0x600, .timer_32bit = timer_32bit, .sci = test_irq(&f->sci)};
    f->pm = acpi_pm_new(f->machine, &config);
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    make(f, false);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

static void test_registers(struct fixture *f, gconstpointer unused)
{
    struct machine *machine = f->machine;

    g_assert_cmphex(in32(machine, STATUS), ==, 0);
    g_assert_cmphex(in16(machine, CONTROL), ==, 0);
    out16(machine, ENABLE, 0xFFFF);
    g_assert_cmphex(in16(machine, ENABLE), ==, 0x4721);
    out8(machine, ENABLE + 1, 0x00);
    g_assert_cmphex(in32(machine, STATUS), ==, 0x00210000);
    out16(machine, CONTROL, 0xDFFF);
    g_assert_cmphex(in16(machine, CONTROL), ==, 0x1C03);
    out8(machine, CONTROL, 0x00);
    g_assert_cmphex(in32(machine, CONTROL), ==, 0x1C00);
    out32(machine, GPE_ENABLE, 0x12345678);
    out32(machine, GPE_ENABLE + 4, 0x9ABCDEF0);
    out8(machine, GPE_ENABLE + 1, 0xFF);
    g_assert_cmphex(in32(machine, GPE_ENABLE), ==, 0x1234FF78);
    g_assert_cmphex(in32(machine, GPE_ENABLE + 4), ==, 0x9ABCDEF0);
    g_assert_cmphex(in16(machine, GPE_ENABLE + 3), ==, 0xF012);
    out16(machine, GPE_ENABLE + 3, 0xAABB);
    g_assert_cmphex(in32(machine, GPE_ENABLE), ==, 0xBB34FF78);
    g_assert_cmphex(in32(machine, GPE_ENABLE + 4), ==, 0x9ABCDEAA);
    out32(machine, 0x630, 0x21);
    g_assert_cmphex(in32(machine, 0x630), ==, 0x21);
    out32(machine, 0x670, 0x1); /* nothing there */
    g_assert_cmphex(in32(machine, 0x670), ==, 0);
    machine_reset(machine);
    g_assert_cmphex(in32(machine, STATUS), ==, 0);
    g_assert_cmphex(in32(machine, GPE_ENABLE), ==, 0);
}

static void test_enable_by_command(struct fixture *f, gconstpointer unused)
{
    out8(f->machine, 0xB2, 0x02);
    g_assert_cmphex(in8(f->machine, 0xB2), ==, 0x02);
    g_assert_cmphex(in16(f->machine, CONTROL) & 1, ==, 1);
    out8(f->machine, 0xB3, 0x5A);
    g_assert_cmphex(in8(f->machine, 0xB3), ==, 0x5A);
    g_assert_cmphex(in16(f->machine, CONTROL) & 1, ==, 1);
    out8(f->machine, 0xB2, 0x03);
    g_assert_cmphex(in16(f->machine, CONTROL) & 1, ==, 0);
}

static void test_timer(struct fixture *f, gconstpointer unused)
{
    struct fixture wide = {0};

    make(&wide, true);
    g_assert_cmphex(in32(f->machine, TIMER), ==, 0);
    machine_advance(f->machine, 1000000000);
    g_assert_cmpuint(in32(f->machine, TIMER), ==, TIMER_HZ);
    machine_advance(f->machine, 9000000000);
    g_assert_cmpuint(in32(f->machine, TIMER), ==, 10 * TIMER_HZ % (1 << 24));
    g_assert_cmpuint(in8(f->machine, TIMER + 1), ==, (10 * TIMER_HZ >> 8) & 0xFF);
    machine_advance(wide.machine, 1800000000000);
    g_assert_cmpuint(in32(wide.machine, TIMER), ==, (uint32_t)(1800 * TIMER_HZ));
    machine_free(wide.machine);
}

/* TMR_STS is set each time bit 23 changes; it interrupts only if it is asked for. */
static void test_timer_status(struct fixture *f, gconstpointer unused)
{
    struct machine *machine = f->machine;
    const int64_t half = (int64_t)clock_muldiv_up(1 << 23, 1000000000, TIMER_HZ);

    machine_advance(machine, half - 1);
    g_assert_cmphex(in16(machine, STATUS), ==, 0);
    machine_advance(machine, 1);
    g_assert_cmphex(in32(machine, TIMER), ==, 1 << 23);
    g_assert_cmphex(in16(machine, STATUS), ==, 1);
    g_assert_false(f->sci.level);
    out16(machine, STATUS, 1);
    g_assert_cmphex(in16(machine, STATUS), ==, 0);
    g_assert_cmpint(clock_next_deadline(machine_clock(machine)), ==, CLOCK_NEVER);
    out16(machine, ENABLE, 1);
    g_assert_cmpint(clock_next_deadline(machine_clock(machine)), ==, CLOCK_NEVER);
    out16(machine, CONTROL, 1);
    machine_advance(machine, half - 10);
    g_assert_false(f->sci.level);
    machine_advance(machine, 10);
    g_assert_true(f->sci.level);
    out16(machine, STATUS, 1);
    g_assert_false(f->sci.level);
    machine_advance(machine, half);
    g_assert_true(f->sci.level);
    g_assert_cmpuint(f->sci.edges, ==, 2);
}

static void test_power_button(struct fixture *f, gconstpointer unused)
{
    struct machine *machine = f->machine;

    g_assert_false(acpi_pm_power_button_enabled(f->pm));
    g_assert_false(acpi_pm_press_power_button(f->pm));
    g_assert_cmphex(in16(machine, STATUS), ==, 0x0100);
    g_assert_false(f->sci.level);
    out16(machine, STATUS, 0x0100);
    out16(machine, ENABLE, 0x0100);
    g_assert_false(acpi_pm_power_button_enabled(f->pm));
    out16(machine, CONTROL, 0x0001);
    g_assert_true(acpi_pm_power_button_enabled(f->pm));
    test_submit(machine, "power-button", "!", 1);
    g_assert_true(f->sci.level);
    out16(machine, STATUS, 0x0001); /* another bit */
    g_assert_true(f->sci.level);
    out16(machine, STATUS, 0x0100);
    g_assert_false(f->sci.level);
}

static void test_events(struct fixture *f, gconstpointer unused)
{
    struct machine *machine = f->machine;

    out16(machine, CONTROL, 0x0001);
    out32(machine, GPE_ENABLE + 4, 0x00000002);
    acpi_pm_raise_event(f->pm, 1);
    g_assert_false(f->sci.level);
    acpi_pm_raise_event(f->pm, 33);
    g_assert_true(f->sci.level);
    g_assert_cmphex(in32(machine, GPE_STATUS), ==, 0x2);
    g_assert_cmphex(in32(machine, GPE_STATUS + 4), ==, 0x2);
    out8(machine, GPE_STATUS, 0xFF);
    g_assert_cmphex(in32(machine, GPE_STATUS), ==, 0);
    g_assert_true(f->sci.level);
    out32(machine, GPE_STATUS + 4, 0x2);
    g_assert_false(f->sci.level);
}

static void sleep_redox_kernel(struct machine *machine)
{
    out16(machine, CONTROL, 0x2000);
}

static void sleep_redox_acpid(struct machine *machine)
{
    out16(machine, CONTROL, 0x2000 | 5); /* a sleep type that was not shifted */
}

static void sleep_linux(struct machine *machine)
{
    out16(machine, CONTROL, 0x0001);
    out16(machine, CONTROL, 0x2001);
}

static void sleep_by_byte(struct machine *machine)
{
    out8(machine, CONTROL + 1, 0x20);
}

static void sleep_s3(struct machine *machine)
{
    out16(machine, CONTROL, 0x2401);
}

static void no_sleep(struct machine *machine)
{
    out16(machine, CONTROL, 0x1C01);
}

static void test_sleep(struct fixture *f, gconstpointer unused)
{
    g_assert_cmpint(test_run(f->machine, sleep_redox_kernel), ==, MACHINE_STOP_POWER_OFF);
    g_assert_cmpint(test_run(f->machine, sleep_redox_acpid), ==, MACHINE_STOP_POWER_OFF);
    g_assert_cmpint(test_run(f->machine, sleep_linux), ==, MACHINE_STOP_POWER_OFF);
    g_assert_cmpint(test_run(f->machine, sleep_by_byte), ==, MACHINE_STOP_POWER_OFF);
    g_assert_cmpint(test_run(f->machine, no_sleep), ==, MACHINE_STOP_REQUEST);
    g_assert_cmpint(test_run(f->machine, sleep_s3), ==, MACHINE_STOP_REQUEST);
}

static void test_move(struct fixture *f, gconstpointer unused)
{
    out16(f->machine, ENABLE, 0x0100);
    acpi_pm_set_base(f->pm, 0xB001, true);
    g_assert_cmphex(in16(f->machine, ENABLE), ==, 0xFFFF);
    g_assert_cmphex(in16(f->machine, 0xB002), ==, 0x0100);
    acpi_pm_set_base(f->pm, 0xB000, false);
    g_assert_cmphex(in16(f->machine, 0xB002), ==, 0xFFFF);
    machine_reset(f->machine);
    g_assert_cmphex(in16(f->machine, ENABLE), ==, 0);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture copy = {0};
    const int64_t half = (int64_t)clock_muldiv_up(1 << 23, 1000000000, TIMER_HZ);

    set_up(&copy, unused);
    machine_advance(f->machine, half / 2);
    acpi_pm_set_base(f->pm, 0xB000, true);
    out16(f->machine, 0xB002, 0x0001);
    out16(f->machine, 0xB004, 0x0001);
    test_copy_state(f->machine, copy.machine);
    g_assert_cmphex(in16(copy.machine, 0xB002), ==, 0x0001);
    g_assert_false(copy.sci.level);
    machine_advance(copy.machine, half - half / 2);
    g_assert_true(copy.sci.level);
    machine_advance(f->machine, half);
    copy.sci.level = false;
    test_copy_state(f->machine, copy.machine);
    g_assert_true(copy.sci.level);
    tear_down(&copy, unused);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/acpi-pm/" name, struct fixture, NULL, set_up, function, tear_down)
    ADD("registers", test_registers);
    ADD("enable-by-command", test_enable_by_command);
    ADD("timer", test_timer);
    ADD("timer-status", test_timer_status);
    ADD("power-button", test_power_button);
    ADD("events", test_events);
    ADD("sleep", test_sleep);
    ADD("move", test_move);
    ADD("state", test_state);
    return g_test_run();
}
