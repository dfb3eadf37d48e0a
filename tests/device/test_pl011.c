/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/serial/pl011.h"

#include "tests/device/fixture.h"

#define BASE 0x09000000

enum {
    DR = 0x00,
    RSR = 0x04,
    FR = 0x18,
    IBRD = 0x24,
    FBRD = 0x28,
    LCR_H = 0x2C,
    CR = 0x30,
    IFLS = 0x34,
    IMSC = 0x38,
    RIS = 0x3C,
    MIS = 0x40,
    ICR = 0x44,
};

#define RX 0x10
#define TX 0x20
#define RT 0x40
#define OE 0x400
#define BIT_NS (16 * INT64_C(1000000000) / 24000000) /* with a divisor of 1 */

struct fixture {
    struct machine *machine;
    struct pl011 *uart;
    struct test_line irq;
    GString *sent;
};

static void make(struct fixture *f)
{
    f->machine = test_machine();
    f->sent = g_string_new(NULL);
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
    const struct pl011_config config = {
        .id = "uart0", .address = BASE, .irq = test_irq(&f->irq), .output = test_sink(f->sent), .source = "serial0"};
    f->uart = pl011_new(f->machine, &config);
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    make(f);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
    g_string_free(f->sent, TRUE);
}

static uint32_t get(struct fixture *f, unsigned offset)
{
    return (uint32_t)memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 4);
}

static void put(struct fixture *f, unsigned offset, uint32_t value)
{
    memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 4, value);
}

static void type(struct fixture *f, const char *text)
{
    test_submit(f->machine, "serial0", text, strlen(text));
}

/* FIFOs on, receiver on, the shortest bits; and the time after which the receiver listens. */
static void open_port(struct fixture *f)
{
    put(f, IBRD, 1);
    put(f, LCR_H, 0x70);
    put(f, CR, 0x301);
    machine_advance(f->machine, 41 * BIT_NS);
}

static void test_registers(struct fixture *f, gconstpointer unused)
{
    static const uint8_t identification[8] = {0x11, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

    for (unsigned i = 0; i < 8; i++)
        g_assert_cmphex(get(f, 0xFE0 + 4 * i), ==, identification[i]);
    g_assert_cmphex(get(f, FR), ==, 0x97); /* empty both ways, and a terminal is there */
    g_assert_cmphex(get(f, CR), ==, 0x300);
    g_assert_cmphex(get(f, IFLS), ==, 0x12);
    g_assert_cmphex(get(f, RIS), ==, 0);
    put(f, IBRD, 0x1FFFF);
    put(f, FBRD, 0xFF);
    put(f, IMSC, 0xFFFFFFFF);
    g_assert_cmphex(get(f, IBRD), ==, 0xFFFF);
    g_assert_cmphex(get(f, FBRD), ==, 0x3F);
    g_assert_cmphex(get(f, IMSC), ==, 0x7FF);
    machine_reset(f->machine);
    g_assert_cmphex(get(f, IMSC), ==, 0);
    for (unsigned offset = 0; offset < 0x1000; offset++) /* nowhere a crash */
        for (unsigned size = 1; size <= 8; size *= 2) {
            memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, size, UINT64_MAX);
            memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, size);
        }
}

/* Whatever the control register says. */
static void test_transmit(struct fixture *f, gconstpointer unused)
{
    put(f, CR, 0);
    for (const char *c = "never set up"; *c; c++) {
        g_assert_cmphex(get(f, FR) & 0xA8, ==, 0x80); /* TXFE, not TXFF, not busy */
        put(f, DR, (uint8_t)*c);
    }
    g_assert_cmpstr(f->sent->str, ==, "never set up");
    g_assert_cmphex(get(f, RIS), ==, TX);
    g_assert_false(f->irq.level);
    put(f, IMSC, TX);
    g_assert_true(f->irq.level);
    put(f, ICR, TX);
    g_assert_false(f->irq.level);
    put(f, DR, '!');
    g_assert_true(f->irq.level);
    put(f, IMSC, 0);
    g_assert_false(f->irq.level);
}

/* The interrupt follows the FIFO: it goes away by reading, whether or not somebody clears it. */
static void test_receive(struct fixture *f, gconstpointer unused)
{
    open_port(f);
    put(f, IMSC, RX | RT);
    type(f, "1234567");
    g_assert_cmphex(get(f, RIS), ==, 0);
    g_assert_cmphex(get(f, FR) & 0x50, ==, 0);
    type(f, "8"); /* half full */
    g_assert_cmphex(get(f, RIS), ==, RX);
    g_assert_cmphex(get(f, MIS), ==, RX);
    g_assert_true(f->irq.level);
    g_assert_cmphex(get(f, DR), ==, '1');
    g_assert_false(f->irq.level);
    type(f, "9");
    g_assert_true(f->irq.level);
    put(f, ICR, RX);
    g_assert_false(f->irq.level);
    for (char c = '2'; c <= '9'; c++)
        g_assert_cmphex(get(f, DR), ==, c);
    g_assert_cmphex(get(f, FR) & 0x10, ==, 0x10);
    g_assert_cmphex(get(f, DR), ==, '9'); /* once more, and nothing breaks */
}

static void test_timeout(struct fixture *f, gconstpointer unused)
{
    open_port(f);
    put(f, IMSC, RX | RT);
    type(f, "ab");
    machine_advance(f->machine, 31 * BIT_NS);
    g_assert_cmphex(get(f, RIS), ==, 0);
    type(f, "c"); /* begins anew */
    machine_advance(f->machine, 31 * BIT_NS);
    g_assert_cmphex(get(f, RIS), ==, 0);
    machine_advance(f->machine, 2 * BIT_NS);
    g_assert_cmphex(get(f, RIS), ==, RT);
    g_assert_true(f->irq.level);
    get(f, DR);
    get(f, DR);
    g_assert_true(f->irq.level); /* until it is empty */
    get(f, DR);
    g_assert_false(f->irq.level);
    type(f, "d");
    get(f, DR);
    machine_advance(f->machine, 100 * BIT_NS);
    g_assert_cmphex(get(f, RIS), ==, 0);
    type(f, "e");
    machine_advance(f->machine, 100 * BIT_NS);
    put(f, ICR, RT);
    g_assert_false(f->irq.level);
}

static void test_levels(struct fixture *f, gconstpointer unused)
{
    static const unsigned levels[] = {2, 4, 8, 12, 14};

    open_port(f);
    for (unsigned i = 0; i < G_N_ELEMENTS(levels); i++) {
        put(f, IFLS, i << 3);
        for (unsigned n = 1; n <= levels[i]; n++) {
            type(f, "x");
            g_assert_cmphex(get(f, RIS) & RX, ==, n == levels[i] ? RX : 0);
        }
        while (!(get(f, FR) & 0x10))
            get(f, DR);
    }
    put(f, LCR_H, 0x60); /* a holding register only */
    machine_advance(f->machine, 41 * BIT_NS);
    type(f, "xy");
    g_assert_cmphex(get(f, FR) & 0x50, ==, 0x40);
    g_assert_cmphex(get(f, RIS) & RX, ==, RX);
    g_assert_cmphex(get(f, DR), ==, 'x');
    g_assert_cmphex(get(f, RIS) & RX, ==, RX);
    g_assert_cmphex(get(f, DR), ==, 'y');
    g_assert_cmphex(get(f, RIS) & RX, ==, 0);
}

/* More than the FIFO holds waits behind it; more than that is lost, and said so. */
static void test_backlog(struct fixture *f, gconstpointer unused)
{
    g_autofree uint8_t *bytes = g_malloc(70000);

    for (unsigned i = 0; i < 70000; i++)
        bytes[i] = (uint8_t)(i * 7);
    open_port(f);
    g_assert_cmpuint(pl011_room(f->uart), ==, 65536);
    test_submit(f->machine, "serial0", bytes, 60000);
    g_assert_cmpuint(pl011_room(f->uart), ==, 65536 - 60000 + 16);
    g_assert_cmphex(get(f, FR) & 0x50, ==, 0x40);
    for (unsigned i = 0; i < 60000; i++)
        g_assert_cmphex(get(f, DR), ==, bytes[i]);
    g_assert_cmphex(get(f, RIS), ==, 0);
    test_submit(f->machine, "serial0", bytes, 70000);
    g_assert_cmphex(get(f, RIS) & OE, ==, OE);
    g_assert_cmphex(get(f, RSR), ==, 8);
    g_assert_cmphex(get(f, DR), ==, 0x800 | bytes[0]);
    put(f, RSR, 0);
    g_assert_cmphex(get(f, DR), ==, bytes[1]);
    put(f, ICR, OE);
    g_assert_cmphex(get(f, RIS) & OE, ==, 0);
}

/* Input waits while the receiver is off, and while a driver is just opening the port. */
static void test_quiet(struct fixture *f, gconstpointer unused)
{
    type(f, "typed early");
    g_assert_cmphex(get(f, FR) & 0x10, ==, 0x10);
    put(f, IBRD, 1);
    put(f, CR, 0x301);
    g_assert_cmphex(get(f, FR) & 0x10, ==, 0x10);
    put(f, LCR_H, 0x70);
    for (unsigned i = 0; i < 32; i++)
        get(f, DR); /* as drivers empty it */
    machine_advance(f->machine, 41 * BIT_NS);
    g_assert_cmphex(get(f, FR) & 0x10, ==, 0);
    for (const char *c = "typed early"; *c; c++)
        g_assert_cmphex(get(f, DR), ==, *c);
    put(f, CR, 0x101);
    machine_advance(f->machine, 41 * BIT_NS);
    type(f, "x");
    g_assert_cmphex(get(f, FR) & 0x10, ==, 0x10);
}

static void test_loopback(struct fixture *f, gconstpointer unused)
{
    open_port(f);
    put(f, CR, 0x381);
    g_assert_cmphex(get(f, FR) & 0x107, ==, 0);
    g_assert_cmphex(get(f, RIS), ==, 0xE); /* CTS, DCD and DSR have gone */
    put(f, ICR, 0xF);
    put(f, CR, 0x381 | 0x800 | 0x2000);
    g_assert_cmphex(get(f, FR) & 0x107, ==, 0x101);
    g_assert_cmphex(get(f, RIS), ==, 0x3);
    put(f, DR, 0x55);
    g_assert_cmphex(get(f, DR), ==, 0x55);
    g_assert_cmpuint(f->sent->len, ==, 0);
    for (unsigned i = 0; i < 17; i++)
        put(f, DR, i);
    g_assert_cmphex(get(f, RIS) & (OE | RX), ==, OE | RX);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {0};

    make(&other);
    open_port(f);
    put(f, IMSC, RX | RT);
    type(f, "0123456789abcdef and more");
    for (unsigned i = 0; i < 3; i++)
        get(f, DR);
    machine_advance(f->machine, 20 * BIT_NS);
    test_copy_state(f->machine, other.machine);
    g_assert_true(other.irq.level);
    for (const char *c = "3456789abcdef and more"; *c; c++)
        g_assert_cmphex(get(&other, DR), ==, *c);
    g_assert_false(other.irq.level);
    tear_down(&other, NULL);
}

/* A timeout that is on its way when the state is taken comes in the copy as well. */
static void test_state_timeout(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {0};

    make(&other);
    open_port(f);
    put(f, IMSC, RT);
    type(f, "x");
    machine_advance(f->machine, 20 * BIT_NS);
    test_copy_state(f->machine, other.machine);
    machine_advance(other.machine, 11 * BIT_NS);
    g_assert_false(other.irq.level);
    machine_advance(other.machine, 2 * BIT_NS);
    g_assert_true(other.irq.level);
    tear_down(&other, NULL);
}

#define ADD(path, function) g_test_add("/pl011/" path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("registers", test_registers);
    ADD("transmit", test_transmit);
    ADD("receive", test_receive);
    ADD("timeout", test_timeout);
    ADD("levels", test_levels);
    ADD("backlog", test_backlog);
    ADD("quiet", test_quiet);
    ADD("loopback", test_loopback);
    ADD("state", test_state);
    ADD("state-timeout", test_state_timeout);
    return g_test_run();
}
