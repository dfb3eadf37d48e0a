/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console and the source of random bytes. */
#include "devices/virtio/virtio_console.h"
#include "devices/virtio/virtio_rng.h"
#include "tests/device/virtio_driver.h"

enum { RECEIVE = 0, TRANSMIT = 1 };

struct console_rig {
    struct rig rig;
    struct virtio_console *console;
    GString *output;
};

static void start(struct console_rig *console)
{
    rig_init(&console->rig);
    console->output = g_string_new(NULL);
    console->console = virtio_console_new(console->rig.machine, console->rig.bus, DEVFN, test_sink(console->output),
                                          "console0", "virtio-console");
    rig_start(&console->rig);
}

static void finish(struct console_rig *console)
{
    machine_free(console->rig.machine);
    g_string_free(console->output, true);
}

static void give_buffer(struct rig *rig, unsigned index, uint32_t length)
{
    put_descriptor(rig, RECEIVE, index, DATA + 0x1000 * index, length, WRITE, 0);
    make_available(rig, RECEIVE, (uint16_t)index);
}

static void test_identity(void)
{
    struct console_rig console;
    struct rig *rig = &console.rig;

    start(&console);
    g_assert_cmphex(config_read(rig, 0, 4), ==, 0x10031AF4);
    g_assert_cmphex(config_read(rig, 8, 4), ==, 0x07800000);
    g_assert_cmphex(config_read(rig, 0x2C, 4), ==, 0x00031AF4);
    g_assert_cmphex(offered(rig), ==, 0x130000004);
    g_assert_cmpuint(reg(rig, VIRTIO_NUM_QUEUES, 2), ==, 2);
    g_assert_cmpuint(reg(rig, VIRTIO_QUEUE_SIZE, 2), ==, 128);
    finish(&console);
}

static void test_transmit(void)
{
    struct console_rig console;
    struct rig *rig = &console.rig;
    g_autofree char *text = g_strnfill(10000, 'x');

    start(&console);
    bring_up(rig, 0, 2, 16);
    memory_write(ram(rig), DATA, "Hello, ", 7);
    memory_write(ram(rig), DATA + 0x1000, "cell\n", 5);
    put_descriptor(rig, TRANSMIT, 0, DATA, 7, NEXT, 1);
    put_descriptor(rig, TRANSMIT, 1, DATA + 0x1000, 5, 0, 0);
    make_available(rig, TRANSMIT, 0);
    notify(rig, TRANSMIT);
    g_assert_cmpstr(console.output->str, ==, "Hello, cell\n");
    assert_used(rig, TRANSMIT, 0, 0, 0);
    g_assert_cmphex(take_isr(rig), ==, 1);

    g_string_truncate(console.output, 0);
    memory_write(ram(rig), DATA, text, 10000);
    put_descriptor(rig, TRANSMIT, 0, DATA, 10000, 0, 0);
    make_available(rig, TRANSMIT, 0);
    notify(rig, TRANSMIT);
    g_assert_cmpstr(console.output->str, ==, text);
    finish(&console);
}

static void test_receive(void)
{
    struct console_rig console;
    struct rig *rig = &console.rig;

    start(&console);
    test_submit(rig->machine, "console0", "early", 5); /* before there is a driver */
    g_assert_cmpuint(virtio_console_room(console.console), ==, 65536 - 5);
    bring_up(rig, 0, 2, 16);
    give_buffer(rig, 0, 3);
    notify(rig, RECEIVE);
    assert_used(rig, RECEIVE, 0, 0, 3);
    assert_data(rig, DATA, "ear\0", 4);
    g_assert_cmphex(take_isr(rig), ==, 1);
    give_buffer(rig, 1, 100);
    give_buffer(rig, 2, 100);
    notify(rig, RECEIVE);
    g_assert_cmpuint(used_index(rig, RECEIVE), ==, 2); /* the third buffer waits */
    assert_used(rig, RECEIVE, 1, 1, 2);
    g_assert_cmphex(take_isr(rig), ==, 1);
    g_assert_cmpuint(virtio_console_room(console.console), ==, 65536);

    test_submit(rig->machine, "console0", "key", 3);
    assert_used(rig, RECEIVE, 2, 2, 3);
    assert_data(rig, DATA + 0x2000, "key\0", 4);
    g_assert_cmphex(take_isr(rig), ==, 1);
    finish(&console);
}

/* More than a buffer holds, and more than is kept. */
static void test_flood(void)
{
    struct console_rig console;
    struct rig *rig = &console.rig;
    g_autofree uint8_t *text = g_malloc(70000);

    start(&console);
    bring_up(rig, 0, 2, 16);
    for (unsigned i = 0; i < 70000; i++)
        text[i] = (uint8_t)(i * 3 + i / 256);
    test_submit(rig->machine, "console0", text, 70000);
    g_assert_cmpuint(virtio_console_room(console.console), ==, 0);
    g_assert_cmpuint(rig->notes, ==, 1);
    for (unsigned i = 0; i < 16; i++)
        put_descriptor(rig, RECEIVE, i, DATA + 0x1000 * i, 0x1000, WRITE, 0);
    for (unsigned i = 0; i < 16; i++)
        make_available(rig, RECEIVE, (uint16_t)i);
    notify(rig, RECEIVE);
    g_assert_cmpuint(used_index(rig, RECEIVE), ==, 16);
    assert_data(rig, DATA, text, 65536);
    finish(&console);
}

static void test_need(void)
{
    struct console_rig console;
    struct rig *rig = &console.rig;

    start(&console);
    reg_write(rig, CONFIG_PAGE + 8, 4, '!'); /* before anything is negotiated */
    reg_write(rig, CONFIG_PAGE + 8, 1, '?');
    g_assert_cmpstr(console.output->str, ==, "!?");
    g_assert_cmpuint(rig->notes, ==, 0);
    reg_write(rig, CONFIG_PAGE + 4, 4, '!');
    g_assert_cmpstr(console.output->str, ==, "!?");
    g_assert_cmpuint(rig->notes, ==, 1);
    finish(&console);
}

static void test_wrong_direction(void)
{
    struct console_rig console;
    struct rig *rig = &console.rig;

    start(&console);
    bring_up(rig, 0, 2, 16);
    put_descriptor(rig, RECEIVE, 0, DATA, 8, 0, 0);
    make_available(rig, RECEIVE, 0);
    notify(rig, RECEIVE);
    g_assert_cmphex(status(rig), ==, ALIVE);
    test_submit(rig->machine, "console0", "key", 3);
    g_assert_cmphex(status(rig), ==, ALIVE | VIRTIO_STATUS_NEEDS_RESET);
    bring_up(rig, 0, 2, 16); /* the input is still there */
    give_buffer(rig, 0, 100);
    notify(rig, RECEIVE);
    assert_used(rig, RECEIVE, 0, 0, 3);

    put_descriptor(rig, TRANSMIT, 0, DATA, 8, WRITE, 0);
    make_available(rig, TRANSMIT, 0);
    notify(rig, TRANSMIT);
    assert_used(rig, TRANSMIT, 0, 0, 0);
    g_assert_cmpstr(console.output->str, ==, "");
    finish(&console);
}

static void test_state(void)
{
    struct console_rig console, other;

    start(&console);
    start(&other);
    bring_up(&console.rig, 0, 2, 16);
    test_submit(console.rig.machine, "console0", "waiting", 7);
    test_copy_state(console.rig.machine, other.rig.machine);
    other.rig.size[RECEIVE] = 16;
    give_buffer(&other.rig, 0, 100);
    notify(&other.rig, RECEIVE);
    assert_used(&other.rig, RECEIVE, 0, 0, 7);
    assert_data(&other.rig, DATA, "waiting", 7);
    machine_reset(console.rig.machine);
    g_assert_cmpuint(virtio_console_room(console.console), ==, 65536);
    finish(&console);
    finish(&other);
}

/* --- random bytes --- */

static void rng_start(struct rig *rig)
{
    rig_init(rig);
    virtio_rng_new(rig->machine, rig->bus, DEVFN, "virtio-rng");
    rig_start(rig);
    bring_up(rig, 0, 1, 8);
}

static void draw(struct rig *rig, uint32_t length, uint32_t expected)
{
    uint16_t before = used_index(rig, 0);

    memory_set(ram(rig), DATA, 0, length);
    put_descriptor(rig, 0, 5, DATA, length, WRITE, 0);
    make_available(rig, 0, 5);
    notify(rig, 0);
    g_assert_cmpuint(used_index(rig, 0), ==, (uint16_t)(before + 1));
    assert_used(rig, 0, before, 5, expected);
}

static void test_random(void)
{
    struct rig rig, other;
    uint8_t first[64], second[64], again[64];
    unsigned zeros = 0;

    rng_start(&rig);
    rng_start(&other);
    g_assert_cmphex(config_read(&rig, 0, 4), ==, 0x10051AF4);
    g_assert_cmphex(config_read(&rig, 8, 4), ==, 0x00FF0000);
    g_assert_cmphex(config_read(&rig, 0x2C, 4), ==, 0x00041AF4);
    draw(&rig, 64, 64);
    memory_read(ram(&rig), DATA, first, 64);
    draw(&rig, 64, 64);
    memory_read(ram(&rig), DATA, second, 64);
    g_assert_cmpint(memcmp(first, second, 64), !=, 0);
    for (unsigned i = 0; i < 64; i++)
        zeros += first[i] == 0;
    g_assert_cmpuint(zeros, <, 8);
    draw(&other, 64, 64); /* the same seed: the same bytes */
    memory_read(ram(&other), DATA, again, 64);
    g_assert_cmpmem(first, 64, again, 64);

    draw(&rig, 100000, 4096); /* no more than a page at once */
    g_assert_cmphex(memory_read64(ram(&rig), DATA + 4096), ==, 0);
    put_descriptor(&rig, 0, 0, DATA, 8, 0, 0);
    make_available(&rig, 0, 0);
    notify(&rig, 0);
    g_assert_cmphex(status(&rig), ==, ALIVE | VIRTIO_STATUS_NEEDS_RESET);
    machine_free(rig.machine);
    machine_free(other.machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-console/identity", test_identity);
    g_test_add_func("/virtio-console/transmit", test_transmit);
    g_test_add_func("/virtio-console/receive", test_receive);
    g_test_add_func("/virtio-console/flood", test_flood);
    g_test_add_func("/virtio-console/need", test_need);
    g_test_add_func("/virtio-console/wrong-direction", test_wrong_direction);
    g_test_add_func("/virtio-console/state", test_state);
    g_test_add_func("/virtio-rng/random", test_random);
    return g_test_run();
}
