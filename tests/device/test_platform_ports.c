/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug ports, reset ports, the DMA controllers' registers. */
#include "devices/platform/debug_ports.h"
#include "devices/platform/i8237.h"
#include "devices/platform/reset.h"
#include "tests/device/fixture.h"

struct fixture {
    struct machine *machine;
    struct debug_ports *debug;
    struct platform_reset *reset;
    GString *text;
};

static uint32_t last_config_address;

static void address_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    g_assert_cmpuint(size, ==, 4);
    *(uint32_t *)opaque = (uint32_t)value;
}

static uint64_t address_read(void *opaque, uint64_t offset, unsigned size)
{
    return *(uint32_t *)opaque >> 8 * offset;
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    static const struct memory_region_ops address_ops = {.read = address_read, .write = address_write};

    f->machine = test_machine();
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
    f->text = g_string_new(NULL);
    f->debug = debug_ports_new(f->machine, test_sink(f->text));
    f->reset = platform_reset_new(f->machine);
    i8237_new(f->machine);
    memory_add_io(machine_memory(f->machine), MEMORY_SPACE_PORT, "config-address", 0xCF8, 4, 0, &address_ops,
                  &last_config_address);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
    g_string_free(f->text, TRUE);
}

static void test_console(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(in8(f->machine, 0xE9), ==, 0xE9);
    g_assert_cmphex(in8(f->machine, 0x402), ==, 0xE9);
    out8(f->machine, 0xE9, 'a');
    out8(f->machine, 0x402, 'b');
    g_assert_cmpstr(f->text->str, ==, "ab");
}

static void exit_3(struct machine *machine)
{
    out8(machine, 0x501, 3);
}

static void exit_wide(struct machine *machine)
{
    out32(machine, 0x501, 0x10);
}

static void test_exit(struct fixture *f, gconstpointer unused)
{
    g_assert_cmpint(test_run(f->machine, exit_3), ==, MACHINE_STOP_GUEST_EXIT);
    g_assert_cmpint(machine_exit_code(f->machine), ==, 7);
    g_assert_cmpint(test_run(f->machine, exit_wide), ==, MACHINE_STOP_GUEST_EXIT);
    g_assert_cmpint(machine_exit_code(f->machine), ==, 0x21);
}

static void say(struct machine *machine, const char *word)
{
    for (; *word; word++)
        out8(machine, 0x8900, (uint8_t)*word);
}

static void say_shutdown(struct machine *machine)
{
    say(machine, "ShutShutdown");
}

static void say_nearly(struct machine *machine)
{
    say(machine, "Shutdow");
    say(machine, "shutdownSHUTDOWN");
    say(machine, "hutdown");
}

static void test_shutdown(struct fixture *f, gconstpointer unused)
{
    g_assert_cmpint(test_run(f->machine, say_nearly), ==, MACHINE_STOP_REQUEST);
    g_assert_cmpint(test_run(f->machine, say_shutdown), ==, MACHINE_STOP_POWER_OFF);
}

static void test_post(struct fixture *f, gconstpointer unused)
{
    out8(f->machine, 0x80, 0x42);
    g_assert_cmphex(debug_ports_post_code(f->debug), ==, 0x42);
    g_assert_cmphex(in8(f->machine, 0x80), ==, 0x42);
}

static void reset_by_control(struct machine *machine)
{
    out8(machine, 0xCF9, 0x0E);
}

static void prepare_control(struct machine *machine)
{
    out8(machine, 0xCF9, 0x02);
}

static void write_config_address(struct machine *machine)
{
    out32(machine, 0xCF8, 0x80000E04);
}

static void reset_by_port_92(struct machine *machine)
{
    out8(machine, 0x92, 0x03);
}

static void a20_off(struct machine *machine)
{
    out8(machine, 0x92, 0x00);
}

static void nothing(struct machine *machine)
{
}

static void test_reset(struct fixture *f, gconstpointer unused)
{
    struct machine *machine = f->machine;

    g_assert_cmpint(test_run(machine, prepare_control), ==, MACHINE_STOP_REQUEST);
    g_assert_cmphex(in8(machine, 0xCF9), ==, 0x02);
    /* A dword that begins at 0xCF8 is the PCI bus's, whatever its second byte says. */
    g_assert_cmpint(test_run(machine, write_config_address), ==, MACHINE_STOP_REQUEST);
    g_assert_cmphex(last_config_address, ==, 0x80000E04);
    g_assert_cmphex(in8(machine, 0xCF9), ==, 0x02);
    test_expect_reset(machine, reset_by_control);
    g_assert_cmphex(in8(machine, 0xCF9), ==, 0x00);
    g_assert_true(platform_reset_a20(f->reset));
    g_assert_cmpint(test_run(machine, a20_off), ==, MACHINE_STOP_REQUEST);
    g_assert_false(platform_reset_a20(f->reset));
    test_expect_reset(machine, reset_by_port_92);
    g_assert_cmphex(in8(machine, 0x92), ==, 0x02);
    platform_reset_pulse(f->reset);
    test_expect_reset(machine, nothing);
}

static void test_dma(struct fixture *f, gconstpointer unused)
{
    struct machine *machine = f->machine;

    g_assert_cmphex(in8(machine, 0x08), ==, 0x00);
    g_assert_cmphex(in8(machine, 0x0F), ==, 0x0F);
    out8(machine, 0x0C, 0);
    out8(machine, 0x04, 0x34);
    out8(machine, 0x04, 0x12);
    g_assert_cmphex(in8(machine, 0x04), ==, 0x34);
    g_assert_cmphex(in8(machine, 0x04), ==, 0x12);
    g_assert_cmphex(in8(machine, 0x05), ==, 0x00);
    out8(machine, 0x0C, 0); /* back to the low byte */
    g_assert_cmphex(in8(machine, 0x04), ==, 0x34);
    out8(machine, 0x0A, 0x02);
    g_assert_cmphex(in8(machine, 0x0F), ==, 0x0B);
    out8(machine, 0x09, 0x05);
    g_assert_cmphex(in8(machine, 0x08), ==, 0x20);
    out8(machine, 0x0D, 0); /* master clear */
    g_assert_cmphex(in8(machine, 0x0F), ==, 0x0F);
    g_assert_cmphex(in8(machine, 0x08), ==, 0x00);
    /* The second controller has its registers on even ports. */
    out8(machine, 0xDE, 0x05);
    g_assert_cmphex(in8(machine, 0xDE), ==, 0x05);
    g_assert_cmphex(in8(machine, 0x0F), ==, 0x0F);
    out8(machine, 0xC4, 0x77);
    out8(machine, 0xD8, 0);
    g_assert_cmphex(in8(machine, 0xC4), ==, 0x77);
    out8(machine, 0x81, 0x11);
    out8(machine, 0x8F, 0x99);
    g_assert_cmphex(in8(machine, 0x81), ==, 0x11);
    g_assert_cmphex(in8(machine, 0x8F), ==, 0x99);
    machine_reset(machine);
    g_assert_cmphex(in8(machine, 0x81), ==, 0x00);
    g_assert_cmphex(in8(machine, 0xDE), ==, 0x0F);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture copy = {0};

    set_up(&copy, unused);
    out8(f->machine, 0x80, 0x42);
    out8(f->machine, 0xCF9, 0x02);
    out8(f->machine, 0x92, 0x00);
    out8(f->machine, 0x04, 0x34); /* the flip-flop waits for the high byte */
    out8(f->machine, 0x83, 0x55);
    say(f->machine, "Shut");
    test_copy_state(f->machine, copy.machine);
    g_assert_cmphex(in8(copy.machine, 0x80), ==, 0x42);
    g_assert_cmphex(in8(copy.machine, 0xCF9), ==, 0x02);
    g_assert_cmphex(in8(copy.machine, 0x92), ==, 0x00);
    g_assert_cmphex(in8(copy.machine, 0x83), ==, 0x55);
    out8(copy.machine, 0x04, 0x12);
    g_assert_cmphex(in8(copy.machine, 0x04), ==, 0x34);
    g_assert_cmphex(in8(copy.machine, 0x04), ==, 0x12);
    tear_down(&copy, unused);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/platform-ports/" name, struct fixture, NULL, set_up, function, tear_down)
    ADD("console", test_console);
    ADD("exit", test_exit);
    ADD("shutdown", test_shutdown);
    ADD("post", test_post);
    ADD("reset", test_reset);
    ADD("dma", test_dma);
    ADD("state", test_state);
    return g_test_run();
}
