/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/serial/uart16550.h"

#include "tests/device/fixture.h"

enum {
    RBR = 0x3F8,
    THR = 0x3F8,
    DLL = 0x3F8,
    IER = 0x3F9,
    DLM = 0x3F9,
    IIR = 0x3FA,
    FCR = 0x3FA,
    LCR = 0x3FB,
    MCR = 0x3FC,
    LSR = 0x3FD,
    MSR = 0x3FE,
    SCR = 0x3FF
};

#define FOUR_CHARACTERS 347222 /* ns: 8N1 at 115200 baud */

struct fixture {
    struct machine *machine;
    struct uart16550 *uart;
    struct test_line line;
    GString *sent;
    unsigned notes;
};

static void count_note(void *opaque, const char *text)
{
    (*(unsigned *)opaque)++;
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    f->machine = test_machine();
    machine_set_note_handler(f->machine, count_note, &f->notes);
    f->sent = g_string_new(NULL);
    struct uart16550_config config = {
        .id = "com1", .port = 0x3F8, .irq = test_irq(&f->line), .output = test_sink(f->sent), .source = "serial0"};
    f->uart = uart16550_new(f->machine, &config);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
    g_string_free(f->sent, TRUE);
}

/* Bytes from outside. */
static void type_bytes(struct fixture *f, const char *text, size_t length)
{
    test_submit(f->machine, "serial0", text, length);
}

static void type(struct fixture *f, const char *text)
{
    type_bytes(f, text, strlen(text));
}

#define OUT(port, value) out8(f->machine, port, value)
#define IN(port) in8(f->machine, port)

/* As a driver sets a port up: 115200 8N1, FIFOs with @trigger (0..3), RTS and DTR on. */
static void open_port(struct fixture *f, unsigned trigger)
{
    OUT(LCR, 0x83);
    OUT(DLL, 1);
    OUT(DLM, 0);
    OUT(LCR, 0x03);
    OUT(FCR, (uint8_t)(0x07 | trigger << 6));
    OUT(MCR, 0x0B);
    machine_advance(f->machine, FOUR_CHARACTERS + 1);
}

static void test_reset_values(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(IN(RBR), ==, 0);
    g_assert_cmphex(IN(IER), ==, 0);
    g_assert_cmphex(IN(IIR), ==, 0x01);
    g_assert_cmphex(IN(LCR), ==, 0);
    g_assert_cmphex(IN(MCR), ==, 0);
    g_assert_cmphex(IN(LSR), ==, 0x60);
    g_assert_cmphex(IN(MSR), ==, 0xB0);
    OUT(SCR, 0xA5);
    g_assert_cmphex(IN(SCR), ==, 0xA5);
    OUT(IER, 0xFF);
    g_assert_cmphex(IN(IER), ==, 0x0F);
    OUT(MCR, 0xFF);
    g_assert_cmphex(IN(MCR), ==, 0x1F);
    machine_reset(f->machine);
    g_assert_cmphex(IN(IER), ==, 0);
    g_assert_cmphex(IN(MCR), ==, 0);
    g_assert_false(f->line.level);
}

static void test_divisor(struct fixture *f, gconstpointer unused)
{
    OUT(IER, 0x05);
    OUT(LCR, 0x83);
    OUT(DLL, 0x34);
    OUT(DLM, 0x12);
    g_assert_cmphex(IN(DLL), ==, 0x34);
    g_assert_cmphex(IN(DLM), ==, 0x12);
    g_assert_cmphex(IN(LCR), ==, 0x83);
    OUT(LCR, 0x03);
    g_assert_cmphex(IN(IER), ==, 0x05);
    g_assert_cmpstr(f->sent->str, ==, "");
}

static void test_transmit(struct fixture *f, gconstpointer unused)
{
    open_port(f, 3);
    for (const char *p = "hello"; *p; p++) {
        g_assert_cmphex(IN(LSR) & 0x60, ==, 0x60);
        OUT(THR, (uint8_t)*p);
    }
    g_assert_cmpstr(f->sent->str, ==, "hello");
    g_assert_cmphex(IN(LSR), ==, 0x60);
}

/* A write to THR takes the interrupt back and gives it again: an edge for a controller that looks at edges. */
static void test_transmit_interrupt(struct fixture *f, gconstpointer unused)
{
    open_port(f, 3);
    g_assert_false(f->line.level);
    OUT(IER, 0x02);
    g_assert_true(f->line.level);
    g_assert_cmphex(IN(IIR), ==, 0xC2);
    g_assert_false(f->line.level);
    g_assert_cmphex(IN(IIR), ==, 0xC1);
    OUT(THR, 'x');
    g_assert_true(f->line.level);
    g_assert_cmpuint(f->line.edges, ==, 2);
    OUT(THR, 'y');
    g_assert_cmpuint(f->line.edges, ==, 3);
    OUT(IER, 0x00);
    g_assert_false(f->line.level);
    g_assert_cmphex(IN(IIR), ==, 0xC1);
    OUT(IER, 0x02); /* enabled anew: pending anew */
    g_assert_cmphex(IN(IIR), ==, 0xC2);
    OUT(IER, 0x02); /* no change: not */
    g_assert_cmphex(IN(IIR), ==, 0xC1);
}

static void test_receive_without_fifo(struct fixture *f, gconstpointer unused)
{
    OUT(LCR, 0x03);
    OUT(IER, 0x01);
    type(f, "ab");
    g_assert_true(f->line.level);
    g_assert_cmphex(IN(IIR), ==, 0x04);
    g_assert_cmphex(IN(LSR), ==, 0x61);
    g_assert_cmpint(IN(RBR), ==, 'a');
    g_assert_true(f->line.level);
    g_assert_cmpint(IN(RBR), ==, 'b');
    g_assert_false(f->line.level);
    g_assert_cmphex(IN(LSR), ==, 0x60);
    g_assert_cmpint(IN(RBR), ==, 'b');
}

/* Below the trigger level the interrupt comes four character times after the last traffic. */
static void test_timeout(struct fixture *f, gconstpointer unused)
{
    open_port(f, 3);
    OUT(IER, 0x01);
    type(f, "abc");
    g_assert_false(f->line.level);
    g_assert_cmphex(IN(LSR), ==, 0x61);
    machine_advance(f->machine, FOUR_CHARACTERS - 1);
    g_assert_false(f->line.level);
    type(f, "d"); /* starts the time anew */
    machine_advance(f->machine, FOUR_CHARACTERS - 1);
    g_assert_false(f->line.level);
    machine_advance(f->machine, 1);
    g_assert_true(f->line.level);
    g_assert_cmphex(IN(IIR), ==, 0xCC);
    g_assert_true(f->line.level); /* IIR does not clear it, reading a character does */
    g_assert_cmpint(IN(RBR), ==, 'a');
    g_assert_false(f->line.level);
    machine_advance(f->machine, FOUR_CHARACTERS);
    g_assert_cmphex(IN(IIR), ==, 0xCC);
    g_assert_cmpint(IN(RBR), ==, 'b');
    g_assert_cmpint(IN(RBR), ==, 'c');
    g_assert_cmpint(IN(RBR), ==, 'd');
    machine_advance(f->machine, 2 * FOUR_CHARACTERS);
    g_assert_cmphex(IN(IIR), ==, 0xC1);
}

static void test_trigger_levels(struct fixture *f, gconstpointer unused)
{
    static const unsigned levels[4] = {1, 4, 8, 14};

    for (unsigned i = 0; i < 4; i++) {
        open_port(f, i);
        OUT(IER, 0x01);
        for (unsigned count = 1; count <= levels[i]; count++) {
            g_assert_false(f->line.level);
            type(f, "x");
        }
        g_assert_true(f->line.level);
        g_assert_cmphex(IN(IIR), ==, 0xC4);
        IN(RBR);
        g_assert_false(f->line.level);
        OUT(FCR, 0x03 | i << 6); /* receiver reset */
        g_assert_cmphex(IN(LSR), ==, 0x60);
    }
}

static void test_backlog(struct fixture *f, gconstpointer unused)
{
    g_autofree char *text = g_malloc(70000);

    for (unsigned i = 0; i < 70000; i++)
        text[i] = (char)(i * 7 + (i >> 8));
    open_port(f, 3);
    type_bytes(f, text, 60000);
    g_assert_cmphex(IN(LSR), ==, 0x61);
    g_assert_cmpuint(uart16550_room(f->uart), ==, 65536 - 60000 + 16);
    for (unsigned i = 0; i < 60000; i++) {
        g_assert_cmphex(IN(LSR), ==, 0x61);
        g_assert_cmphex(IN(RBR), ==, (uint8_t)text[i]);
    }
    g_assert_cmphex(IN(LSR), ==, 0x60);
    g_assert_cmpuint(f->notes, ==, 0);
    type_bytes(f, text, 40000);
    type_bytes(f, text + 40000, 30000); /* 70000 - 16 - 65536 of them are lost */
    g_assert_cmpuint(f->notes, ==, 1);
    g_assert_cmphex(IN(LSR), ==, 0x63);
    g_assert_cmphex(IN(LSR), ==, 0x61);
    for (unsigned i = 0; i < 65552; i++)
        g_assert_cmphex(IN(RBR), ==, (uint8_t)text[i]);
    g_assert_cmphex(IN(LSR), ==, 0x60);
    type_bytes(f, text, 70000);
    type(f, "said once until it is empty");
    g_assert_cmpuint(f->notes, ==, 2);
}

/* The test by which Redox finds its ports. */
static bool probe(struct fixture *f)
{
    OUT(IER, 0x00);
    OUT(LCR, 0x80);
    OUT(DLL, 0x01);
    OUT(DLM, 0x00);
    OUT(LCR, 0x03);
    OUT(FCR, 0xC7);
    OUT(MCR, 0x10);
    OUT(THR, 0x55);
    if (IN(RBR) != 0x55)
        return false;
    OUT(THR, 0xAA);
    if (IN(RBR) != 0xAA)
        return false;
    OUT(MCR, 0x0F);
    OUT(IER, 0x01);
    return true;
}

static void test_redox_probe(struct fixture *f, gconstpointer unused)
{
    g_assert_true(probe(f));
    g_assert_cmpstr(f->sent->str, ==, "");
    g_assert_false(f->line.level);
    machine_advance(f->machine, FOUR_CHARACTERS);
    /* Keys typed before do not spoil it, and come afterwards. */
    type(f, "early");
    g_assert_true(probe(f));
    g_assert_false(f->line.level);
    machine_advance(f->machine, FOUR_CHARACTERS);
    g_assert_cmphex(IN(LSR), ==, 0x60); /* what was in the FIFO when it was cleared is gone */
    type(f, "a longer line than the FIFO holds");
    g_assert_true(probe(f));
    machine_advance(f->machine, FOUR_CHARACTERS);
    g_assert_cmphex(IN(LSR), ==, 0x61);
    g_assert_true(f->line.level);
    g_assert_cmpint(IN(RBR), ==, "a longer line than the FIFO holds"[16]);
}

static void test_loopback(struct fixture *f, gconstpointer unused)
{
    open_port(f, 0);
    OUT(IER, 0x08);
    g_assert_cmphex(IN(MSR), ==, 0xB0);
    OUT(MCR, 0x10);
    g_assert_cmphex(IN(IIR), ==, 0xC0);
    g_assert_cmphex(IN(MSR), ==, 0x0B);
    g_assert_false(f->line.level);
    OUT(MCR, 0x11);
    g_assert_cmphex(IN(MSR), ==, 0x22);
    OUT(MCR, 0x12);
    g_assert_cmphex(IN(MSR), ==, 0x13);
    OUT(MCR, 0x14);
    g_assert_cmphex(IN(MSR), ==, 0x41); /* RI has come: no delta; CTS went */
    OUT(MCR, 0x18);
    g_assert_cmphex(IN(MSR), ==, 0x8C); /* RI has gone: trailing edge */
    /* Seventeen characters into sixteen places, of five bits each. */
    OUT(LCR, 0x00);
    OUT(IER, 0x04);
    for (unsigned i = 0; i < 16; i++)
        OUT(THR, (uint8_t)(0xE0 | i));
    g_assert_false(f->line.level);
    OUT(THR, 0xFF);
    g_assert_cmphex(IN(IIR), ==, 0xC6);
    g_assert_cmphex(IN(LSR), ==, 0x63);
    g_assert_cmphex(IN(LSR), ==, 0x61);
    g_assert_cmphex(IN(IIR), ==, 0xC1);
    for (unsigned i = 0; i < 16; i++)
        g_assert_cmphex(IN(RBR), ==, i);
    g_assert_cmphex(IN(LSR), ==, 0x60);
    g_assert_cmpstr(f->sent->str, ==, "");
}

static void test_priorities(struct fixture *f, gconstpointer unused)
{
    OUT(LCR, 0x03);
    OUT(MCR, 0x10);
    IN(MSR);
    OUT(THR, 'a');
    OUT(THR, 'b');  /* overrun: the register is overwritten */
    OUT(MCR, 0x12); /* CTS changes */
    OUT(IER, 0x0F);
    g_assert_cmphex(IN(IIR), ==, 0x06);
    g_assert_cmphex(IN(LSR), ==, 0x63);
    g_assert_cmphex(IN(IIR), ==, 0x04);
    g_assert_cmpint(IN(RBR), ==, 'b');
    g_assert_cmphex(IN(IIR), ==, 0x02);
    g_assert_cmphex(IN(IIR), ==, 0x00);
    g_assert_true(f->line.level);
    g_assert_cmphex(IN(MSR), ==, 0x11);
    g_assert_cmphex(IN(IIR), ==, 0x01);
    g_assert_false(f->line.level);
}

static void test_fifo_control(struct fixture *f, gconstpointer unused)
{
    OUT(FCR, 0xC6); /* without the enable bit nothing is taken */
    g_assert_cmphex(IN(IIR), ==, 0x01);
    OUT(FCR, 0x01);
    g_assert_cmphex(IN(IIR), ==, 0xC1);
    machine_advance(f->machine, FOUR_CHARACTERS);
    type(f, "abc");
    OUT(FCR, 0x05); /* the transmitter's FIFO only */
    g_assert_cmphex(IN(LSR), ==, 0x61);
    OUT(FCR, 0x00); /* switching clears both */
    g_assert_cmphex(IN(LSR), ==, 0x60);
    g_assert_cmphex(IN(IIR), ==, 0x01);
}

static void test_bad_writes(struct fixture *f, gconstpointer unused)
{
    OUT(LSR, 0xFF);
    OUT(MSR, 0xFF);
    g_assert_cmpuint(f->notes, >, 0);
    g_assert_cmphex(IN(LSR), ==, 0x60);
    g_assert_cmphex(IN(MSR), ==, 0xB0);
}

/* In the middle of everything: bytes in FIFO and backlog, a timer running. The copy goes on alike. */
static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture copy = {0};
    struct fixture *g = &copy;

    set_up(g, unused);
    open_port(f, 3);
    OUT(IER, 0x01);
    type(f, "0123456789abcdefghijklmnopqrstuvwxyz");
    g_assert_cmpint(IN(RBR), ==, '0');
    for (unsigned i = 0; i < 20; i++)
        IN(RBR);
    for (unsigned i = 0; i < 10; i++)
        IN(RBR);
    machine_advance(f->machine, 100);
    g_assert_false(f->line.level);
    test_copy_state(f->machine, g->machine);
    g_assert_false(g->line.level);
    machine_advance(g->machine, FOUR_CHARACTERS - 100);
    g_assert_true(g->line.level);
    g_assert_cmpint(in8(g->machine, RBR), ==, 'v');

    type(f, "0123456789abcdefghijklmnopqrstuvwxyz");
    g_assert_true(f->line.level);
    g->line = (struct test_line){0};
    test_copy_state(f->machine, g->machine);
    g_assert_true(g->line.level);
    for (const char *p = "vwxyz0123456789abcdefghijklmnopqrstuvwxyz"; *p; p++)
        g_assert_cmpint(in8(g->machine, RBR), ==, *p);
    g_assert_cmphex(in8(g->machine, LSR), ==, 0x60);
    tear_down(g, unused);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/uart16550/" name, struct fixture, NULL, set_up, function, tear_down)
    ADD("reset-values", test_reset_values);
    ADD("divisor", test_divisor);
    ADD("transmit", test_transmit);
    ADD("transmit-interrupt", test_transmit_interrupt);
    ADD("receive-without-fifo", test_receive_without_fifo);
    ADD("timeout", test_timeout);
    ADD("trigger-levels", test_trigger_levels);
    ADD("backlog", test_backlog);
    ADD("redox-probe", test_redox_probe);
    ADD("loopback", test_loopback);
    ADD("priorities", test_priorities);
    ADD("fifo-control", test_fifo_control);
    ADD("bad-writes", test_bad_writes);
    ADD("state", test_state);
    return g_test_run();
}
