/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL011: ARM DDI 0183, chapter 3 "Programmers model".
 *
 * What differs from a chip on a wire, on purpose:
 * - A byte goes out at once, and whatever UARTCR says: systems that take the port over from firmware, described by ACPI's
 *   SPCR, never set it up.  The transmit FIFO is therefore always empty, and each write passes its trigger level.
 * - Input that arrives faster than the guest reads waits in a backlog behind the FIFO, also while the receiver is off.
 * There is no DMA controller to ask (UARTDMACR is kept), no IrDA and no test register.
 */
#include "devices/serial/pl011.h"

#include <inttypes.h>
#include <string.h>

#include "devices/serial/backlog.h"
#include "devices/serial/fifo.h"

#define UART_SIZE 0x1000
#define CLOCK_HZ 24000000u /* UARTCLK */

#define UARTDR 0x000
#define UARTRSR 0x004 /* written: UARTECR */
#define UARTFR 0x018
#define UARTILPR 0x020
#define UARTIBRD 0x024
#define UARTFBRD 0x028
#define UARTLCR_H 0x02C
#define UARTCR 0x030
#define UARTIFLS 0x034
#define UARTIMSC 0x038
#define UARTRIS 0x03C
#define UARTMIS 0x040
#define UARTICR 0x044
#define UARTDMACR 0x048
#define UARTPERIPHID0 0xFE0

#define RSR_OE 0x08
#define DR_ERROR_SHIFT 8

#define FR_CTS 0x001
#define FR_DSR 0x002
#define FR_DCD 0x004
#define FR_RXFE 0x010
#define FR_RXFF 0x040
#define FR_TXFE 0x080
#define FR_RI 0x100

#define LCR_H_FEN 0x10

#define CR_UARTEN 0x0001
#define CR_LBE 0x0080
#define CR_TXE 0x0100
#define CR_RXE 0x0200
#define CR_DTR 0x0400
#define CR_RTS 0x0800
#define CR_OUT1 0x1000
#define CR_OUT2 0x2000
#define CR_WRITABLE 0xFF87

#define INTERRUPT_RI 0x001
#define INTERRUPT_CTS 0x002
#define INTERRUPT_DCD 0x004
#define INTERRUPT_DSR 0x008
#define INTERRUPT_RX 0x010
#define INTERRUPT_TX 0x020
#define INTERRUPT_RT 0x040
#define INTERRUPT_OE 0x400
#define INTERRUPTS 0x7FF

static const uint8_t identification[8] = {0x11, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

struct pl011 {
    struct machine *machine;
    const char *id;
    struct irq_line irq;
    struct character_output output;
    struct memory_region *region;

    uint32_t cr, ifls, imsc, ris, dmacr;
    uint16_t ibrd;
    uint8_t fbrd, lcr_h, ilpr, rsr;
    uint16_t modem; /* inputs as UARTFR shows them */
    struct serial_fifo fifo;
    struct clock_timer *timeout; /* 32 bit periods without another character */
    struct clock_timer *quiet;   /* while it runs nothing moves from the backlog into the FIFO */
    struct serial_backlog backlog;
};

static void update_irq(struct pl011 *uart)
{
    irq_set(&uart->irq, uart->ris & uart->imsc);
}

/* --- receiver --- */

static unsigned fifo_capacity(const struct pl011 *uart)
{
    return uart->lcr_h & LCR_H_FEN ? SERIAL_FIFO_SIZE : 1;
}

static unsigned trigger_level(const struct pl011 *uart)
{
    static const uint8_t levels[8] = {2, 4, 8, 12, 14, 14, 14, 14}; /* 1/8 to 7/8; the rest is reserved */

    return uart->lcr_h & LCR_H_FEN ? levels[uart->ifls >> 3 & 7] : 1;
}

/* The time of @bits on the line, in ns; 115200 baud while nobody has set a divisor. */
static int64_t bit_periods(const struct pl011 *uart, unsigned bits)
{
    uint64_t divisor = uart->ibrd ? uart->ibrd * 64u + uart->fbrd : 13 * 64 + 1; /* in 64ths of 16 clocks */

    return (int64_t)clock_muldiv(bits * divisor, NANOSECONDS_PER_SECOND / 4, CLOCK_HZ);
}

static void fifo_push(struct pl011 *uart, uint8_t byte)
{
    if (uart->fifo.count == fifo_capacity(uart)) {
        uart->rsr |= RSR_OE;
        uart->ris |= INTERRUPT_OE;
        return;
    }
    serial_fifo_put(&uart->fifo, byte);
    if (uart->fifo.count >= trigger_level(uart))
        uart->ris |= INTERRUPT_RX;
    clock_timer_set(uart->timeout, machine_now(uart->machine) + bit_periods(uart, 32));
}

static void fifo_clear(struct pl011 *uart)
{
    uart->fifo.head = uart->fifo.count = 0;
    uart->ris &= ~(uint32_t)(INTERRUPT_RX | INTERRUPT_RT);
    clock_timer_set(uart->timeout, CLOCK_NEVER);
}

static void timeout_fired(void *opaque)
{
    struct pl011 *uart = opaque;

    if (uart->fifo.count > 0)
        uart->ris |= INTERRUPT_RT;
    update_irq(uart);
}

static bool receives(const struct pl011 *uart)
{
    return (uart->cr & (CR_UARTEN | CR_RXE | CR_LBE)) == (CR_UARTEN | CR_RXE) &&
           clock_timer_deadline(uart->quiet) == CLOCK_NEVER;
}

/* Moves what fits from the backlog into the FIFO. */
static void refill(struct pl011 *uart)
{
    uint8_t byte;

    while (receives(uart) && uart->fifo.count < fifo_capacity(uart) && serial_backlog_take(&uart->backlog, &byte))
        fifo_push(uart, byte);
}

/*
 * The guest sets the receiver up: what waits in the backlog comes a little later, as a person's next key would.  Drivers
 * throw away what they find in the FIFO while they open the port.
 */
static void keep_quiet(struct pl011 *uart)
{
    clock_timer_set(uart->quiet, machine_now(uart->machine) + bit_periods(uart, 40));
}

static void quiet_fired(void *opaque)
{
    struct pl011 *uart = opaque;

    refill(uart);
    update_irq(uart);
}

static void deliver(void *opaque, const uint8_t *data, size_t length)
{
    struct pl011 *uart = opaque;

    if (!serial_backlog_put(&uart->backlog, uart->machine, uart->id, data, length)) {
        uart->rsr |= RSR_OE;
        uart->ris |= INTERRUPT_OE;
    }
    refill(uart);
    update_irq(uart);
}

size_t pl011_room(const struct pl011 *uart)
{
    return serial_backlog_room(&uart->backlog);
}

static uint32_t read_dr(struct pl011 *uart)
{
    if (uart->fifo.count == 0)
        return serial_fifo_take(&uart->fifo);
    uint32_t value = serial_fifo_take(&uart->fifo) | (uint32_t)(uart->rsr & RSR_OE) << DR_ERROR_SHIFT;

    if (uart->fifo.count < trigger_level(uart))
        uart->ris &= ~(uint32_t)INTERRUPT_RX;
    if (uart->fifo.count == 0)
        uart->ris &= ~(uint32_t)INTERRUPT_RT;
    refill(uart);
    update_irq(uart);
    return value;
}

/* --- transmitter, modem lines --- */

static void write_dr(struct pl011 *uart, uint8_t byte)
{
    if (uart->cr & CR_LBE)
        fifo_push(uart, byte);
    else
        character_write(&uart->output, &byte, 1);
    uart->ris |= INTERRUPT_TX;
    update_irq(uart);
}

/* A terminal that is always there, or in loopback our own outputs. */
static uint16_t modem_inputs(const struct pl011 *uart)
{
    if (!(uart->cr & CR_LBE))
        return FR_CTS | FR_DSR | FR_DCD;
    return (uint16_t)((uart->cr & CR_RTS ? FR_CTS : 0) | (uart->cr & CR_DTR ? FR_DSR : 0) |
                      (uart->cr & CR_OUT1 ? FR_DCD : 0) | (uart->cr & CR_OUT2 ? FR_RI : 0));
}

static void update_modem(struct pl011 *uart)
{
    uint16_t changed = uart->modem ^ modem_inputs(uart);

    uart->modem ^= changed;
    uart->ris |= (changed & FR_CTS ? INTERRUPT_CTS : 0u) | (changed & FR_DSR ? INTERRUPT_DSR : 0u) |
                 (changed & FR_DCD ? INTERRUPT_DCD : 0u) | (changed & FR_RI ? INTERRUPT_RI : 0u);
}

static void write_cr(struct pl011 *uart, uint32_t value)
{
    uint32_t changed = (uart->cr ^ value) & (CR_UARTEN | CR_RXE | CR_LBE);

    uart->cr = value & CR_WRITABLE;
    if (changed)
        keep_quiet(uart);
    update_modem(uart);
}

static void write_lcr_h(struct pl011 *uart, uint8_t value)
{
    bool toggled = (uart->lcr_h ^ value) & LCR_H_FEN;

    uart->lcr_h = value;
    if (toggled) {
        fifo_clear(uart);
        keep_quiet(uart);
    }
}

/* --- registers --- */

static uint32_t read_fr(const struct pl011 *uart)
{
    return FR_TXFE | uart->modem | (uart->fifo.count == 0 ? FR_RXFE : 0) |
           (uart->fifo.count == fifo_capacity(uart) ? FR_RXFF : 0);
}

static uint64_t uart_read(void *opaque, uint64_t offset, unsigned size)
{
    struct pl011 *uart = opaque;

    if (offset >= UARTPERIPHID0 && offset % 4 == 0)
        return identification[(offset - UARTPERIPHID0) / 4];
    switch (offset) {
    case UARTDR:
        return read_dr(uart);
    case UARTRSR:
        return uart->rsr;
    case UARTFR:
        return read_fr(uart);
    case UARTILPR:
        return uart->ilpr;
    case UARTIBRD:
        return uart->ibrd;
    case UARTFBRD:
        return uart->fbrd;
    case UARTLCR_H:
        return uart->lcr_h;
    case UARTCR:
        return uart->cr;
    case UARTIFLS:
        return uart->ifls;
    case UARTIMSC:
        return uart->imsc;
    case UARTRIS:
        return uart->ris;
    case UARTMIS:
        return uart->ris & uart->imsc;
    case UARTDMACR:
        return uart->dmacr;
    }
    machine_guest_error(uart->machine, uart->id, "read of write-only or reserved register 0x%03" PRIx64, offset);
    return 0;
}

static void uart_write(void *opaque, uint64_t offset, unsigned size, uint64_t wide)
{
    struct pl011 *uart = opaque;
    uint32_t value = (uint32_t)wide;

    switch (offset) {
    case UARTDR:
        write_dr(uart, (uint8_t)value);
        return;
    case UARTRSR: /* any value clears the errors */
        uart->rsr = 0;
        break;
    case UARTILPR:
        uart->ilpr = (uint8_t)value;
        break;
    case UARTIBRD:
        uart->ibrd = (uint16_t)value;
        break;
    case UARTFBRD:
        uart->fbrd = value & 0x3F;
        break;
    case UARTLCR_H:
        write_lcr_h(uart, (uint8_t)value);
        break;
    case UARTCR:
        write_cr(uart, value);
        break;
    case UARTIFLS:
        uart->ifls = value & 0x3F;
        break;
    case UARTIMSC:
        uart->imsc = value & INTERRUPTS;
        break;
    case UARTICR:
        uart->ris &= ~value;
        break;
    case UARTDMACR:
        uart->dmacr = value & 7;
        break;
    default:
        machine_guest_error(uart->machine, uart->id, "write to read-only or reserved register 0x%03" PRIx64, offset);
    }
    update_irq(uart);
}

/* --- device --- */

static void uart_reset(void *device)
{
    struct pl011 *uart = device;

    uart->cr = CR_TXE | CR_RXE;
    uart->ifls = 0x12;
    uart->imsc = uart->ris = uart->dmacr = 0;
    uart->ibrd = 0;
    uart->fbrd = uart->lcr_h = uart->ilpr = uart->rsr = 0;
    uart->modem = modem_inputs(uart);
    memset(&uart->fifo, 0, sizeof(uart->fifo));
    fifo_clear(uart);
    clock_timer_set(uart->quiet, CLOCK_NEVER);
    serial_backlog_clear(&uart->backlog);
    update_irq(uart);
}

static void uart_unrealize(void *device)
{
    struct pl011 *uart = device;

    memory_region_remove(uart->region);
    clock_timer_free(uart->timeout);
    clock_timer_free(uart->quiet);
    g_free(uart);
}

static void after_load(void *object)
{
    struct pl011 *uart = object;

    serial_fifo_check(&uart->fifo, fifo_capacity(uart));
    update_irq(uart);
}

static const struct state_field fields[] = {
    STATE_U32(struct pl011, cr),
    STATE_U32(struct pl011, ifls),
    STATE_U32(struct pl011, imsc),
    STATE_U32(struct pl011, ris),
    STATE_U32(struct pl011, dmacr),
    STATE_U16(struct pl011, ibrd),
    STATE_U8(struct pl011, fbrd),
    STATE_U8(struct pl011, lcr_h),
    STATE_U8(struct pl011, ilpr),
    STATE_U8(struct pl011, rsr),
    STATE_U16(struct pl011, modem),
    SERIAL_FIFO_STATE(struct pl011, fifo),
    STATE_TIMER(struct pl011, timeout),
    STATE_TIMER(struct pl011, quiet),
    STATE_STRUCT(struct pl011, backlog, &serial_backlog_state),
    STATE_END,
};

static const struct state_table table = {.name = "pl011", .version = 1, .fields = fields, .after_load = after_load};

static const struct device_class uart_class = {
    .name = "pl011", .state = &table, .reset = uart_reset, .unrealize = uart_unrealize};

struct pl011 *pl011_new(struct machine *machine, const struct pl011_config *config)
{
    static const struct memory_region_ops ops = {.read = uart_read, .write = uart_write, .max_size = 4};
    struct pl011 *uart = g_new0(struct pl011, 1);

    uart->machine = machine;
    uart->id = config->id;
    uart->irq = config->irq;
    uart->output = config->output;
    uart->timeout = clock_timer_new(machine_clock(machine), "pl011-timeout", timeout_fired, uart);
    uart->quiet = clock_timer_new(machine_clock(machine), "pl011-quiet", quiet_fired, uart);
    uart->region = memory_add_io(machine_memory(machine), MEMORY_SPACE_PHYSICAL, config->id, config->address, UART_SIZE,
                                 0, &ops, uart);
    if (config->source)
        journal_source_new(machine_journal(machine), config->source, deliver, uart);
    uart_reset(uart);
    machine_add_device(machine, &uart_class, uart, config->id);
    return uart;
}
