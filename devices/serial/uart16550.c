/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PC16550D universal asynchronous receiver/transmitter with FIFOs: data sheet, section 8 "Registers".
 *
 * Two things differ from a chip on a wire, both on purpose:
 * - The transmitter is empty again right after a write: a byte goes out at once.  Guests poll or wait for THRE; the
 *   time of a real line (87 us a byte) would be their boot time, and nobody can see it.
 * - Input that arrives faster than the guest reads waits in a backlog behind the FIFO, as if the sender minded flow
 *   control, and moves up as the guest drains the FIFO.  Bytes are lost (overrun) only when the backlog is full.
 *
 * INTR is not gated by OUT2, as a PC's wiring has it: guests that only ever met emulators forget that bit.
 */
#include "devices/serial/uart16550.h"

#include <string.h>

#include "devices/serial/backlog.h"
#include "devices/serial/fifo.h"

#define PORTS 8
/* Clock input of 1.8432 MHz; a bit takes 16 x divisor periods. */
#define CLOCK_HZ 1843200u

enum reg { RBR_THR_DLL, IER_DLM, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IER_ERBFI 0x01 /* received data, and timeout */
#define IER_ETBEI 0x02 /* transmitter holding register empty */
#define IER_ELSI 0x04  /* line status */
#define IER_EDSSI 0x08 /* modem status */

#define IIR_MODEM 0x00
#define IIR_NONE 0x01
#define IIR_THRE 0x02
#define IIR_RECEIVED 0x04
#define IIR_LINE 0x06
#define IIR_TIMEOUT 0x0C
#define IIR_FIFOS 0xC0

#define FCR_ENABLE 0x01
#define FCR_RECEIVER_RESET 0x02
#define FCR_TRANSMITTER_RESET 0x04
#define FCR_DMA 0x08
#define FCR_TRIGGER_SHIFT 6

#define LCR_WORD_LENGTH 0x03
#define LCR_STOP 0x04
#define LCR_PARITY 0x08
#define LCR_DLAB 0x80

#define MCR_DTR 0x01
#define MCR_RTS 0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define MCR_WRITABLE 0x1F

#define LSR_DR 0x01
#define LSR_OE 0x02
#define LSR_ERRORS 0x1E
#define LSR_THRE 0x20
#define LSR_TEMT 0x40

#define MSR_DCTS 0x01
#define MSR_DDSR 0x02
#define MSR_TERI 0x04
#define MSR_DDCD 0x08
#define MSR_DELTAS 0x0F
#define MSR_CTS 0x10
#define MSR_DSR 0x20
#define MSR_RI 0x40
#define MSR_DCD 0x80

struct uart16550 {
    struct machine *machine;
    const char *id;
    struct irq_line irq;
    struct character_output output;
    struct memory_region *region;

    uint8_t ier, fcr, lcr, mcr, msr, scr;
    uint8_t errors; /* of LSR */
    uint16_t divisor;
    bool thre_pending;    /* the interrupt, not the status */
    bool timeout_pending; /* characters wait below the trigger level */
    struct serial_fifo fifo;
    struct clock_timer *timeout; /* four character times without traffic */
    struct clock_timer *quiet;   /* while it runs nothing moves from the backlog into the FIFO */
    struct serial_backlog backlog;
};

static bool fifos_enabled(const struct uart16550 *uart)
{
    return uart->fcr & FCR_ENABLE;
}

static unsigned fifo_capacity(const struct uart16550 *uart)
{
    return fifos_enabled(uart) ? SERIAL_FIFO_SIZE : 1;
}

static unsigned trigger_level(const struct uart16550 *uart)
{
    static const uint8_t levels[4] = {1, 4, 8, 14};

    return fifos_enabled(uart) ? levels[uart->fcr >> FCR_TRIGGER_SHIFT] : 1;
}

/* The highest pending interrupt that is enabled, as IIR shows it. */
static uint8_t interrupt_id(const struct uart16550 *uart)
{
    if ((uart->ier & IER_ELSI) && uart->errors)
        return IIR_LINE;
    if ((uart->ier & IER_ERBFI) && uart->fifo.count >= trigger_level(uart))
        return IIR_RECEIVED;
    if ((uart->ier & IER_ERBFI) && uart->timeout_pending)
        return IIR_TIMEOUT;
    if ((uart->ier & IER_ETBEI) && uart->thre_pending)
        return IIR_THRE;
    if ((uart->ier & IER_EDSSI) && (uart->msr & MSR_DELTAS))
        return IIR_MODEM;
    return IIR_NONE;
}

static void update_irq(struct uart16550 *uart)
{
    irq_set(&uart->irq, interrupt_id(uart) != IIR_NONE);
}

/* --- receiver --- */

/* Four characters, start, parity and stop bits included, in ns. */
static int64_t four_characters(const struct uart16550 *uart)
{
    unsigned half_bits = 2 * (1 + 5 + (uart->lcr & LCR_WORD_LENGTH)) + 2;

    if (uart->lcr & LCR_PARITY)
        half_bits += 2;
    if (uart->lcr & LCR_STOP)
        half_bits += uart->lcr & LCR_WORD_LENGTH ? 2 : 1; /* with five data bits: one and a half */
    return (int64_t)clock_muldiv((uint64_t)half_bits * 4 / 2 * 16 * MAX(uart->divisor, 1), NANOSECONDS_PER_SECOND,
                                 CLOCK_HZ);
}

/* Traffic, or an empty FIFO: the time to a timeout starts anew, or stops. */
static void restart_timeout(struct uart16550 *uart)
{
    bool runs = fifos_enabled(uart) && uart->fifo.count > 0;

    uart->timeout_pending = false;
    clock_timer_set(uart->timeout, runs ? machine_now(uart->machine) + four_characters(uart) : CLOCK_NEVER);
}

static void timeout_fired(void *opaque)
{
    struct uart16550 *uart = opaque;

    uart->timeout_pending = uart->fifo.count > 0;
    update_irq(uart);
}

static void fifo_push(struct uart16550 *uart, uint8_t byte)
{
    if (uart->fifo.count == fifo_capacity(uart)) {
        uart->errors |= LSR_OE;
        if (!fifos_enabled(uart))
            uart->fifo.bytes[uart->fifo.head] = byte; /* the holding register is overwritten, a full FIFO is not */
        return;
    }
    serial_fifo_put(&uart->fifo, byte);
}

static void fifo_clear(struct uart16550 *uart)
{
    uart->fifo.head = uart->fifo.count = 0;
    restart_timeout(uart);
}

/* Moves what fits from the backlog into the FIFO. */
static void refill(struct uart16550 *uart)
{
    bool any = false;
    uint8_t byte;

    if ((uart->mcr & MCR_LOOP) || clock_timer_deadline(uart->quiet) != CLOCK_NEVER)
        return;
    while (uart->fifo.count < fifo_capacity(uart) && serial_backlog_take(&uart->backlog, &byte)) {
        fifo_push(uart, byte);
        any = true;
    }
    if (any)
        restart_timeout(uart);
}

/*
 * The guest sets the receiver up: what waits in the backlog comes a little later, as a person's next key would.  A
 * driver that has just cleared the FIFO and tests the port in loopback mode must read its own byte, not ours.
 */
static void keep_quiet(struct uart16550 *uart)
{
    clock_timer_set(uart->quiet, machine_now(uart->machine) + four_characters(uart));
}

static void quiet_fired(void *opaque)
{
    struct uart16550 *uart = opaque;

    refill(uart);
    update_irq(uart);
}

static void deliver(void *opaque, const uint8_t *data, size_t length)
{
    struct uart16550 *uart = opaque;

    if (!serial_backlog_put(&uart->backlog, uart->machine, uart->id, data, length))
        uart->errors |= LSR_OE;
    refill(uart);
    update_irq(uart);
}

size_t uart16550_room(const struct uart16550 *uart)
{
    return serial_backlog_room(&uart->backlog);
}

static uint8_t read_rbr(struct uart16550 *uart)
{
    if (uart->fifo.count == 0)
        return serial_fifo_take(&uart->fifo);
    uint8_t byte = serial_fifo_take(&uart->fifo);

    restart_timeout(uart);
    refill(uart);
    update_irq(uart);
    return byte;
}

/* --- transmitter, modem lines --- */

static void write_thr(struct uart16550 *uart, uint8_t byte)
{
    uart->thre_pending = false;
    update_irq(uart);
    if (uart->mcr & MCR_LOOP) {
        fifo_push(uart, byte & (0xFF >> (3 - (uart->lcr & LCR_WORD_LENGTH))));
        restart_timeout(uart);
    } else {
        character_write(&uart->output, &byte, 1);
    }
    uart->thre_pending = true;
    update_irq(uart);
}

/* The modem inputs: a terminal that is always there, or in loopback our own outputs. */
static uint8_t modem_inputs(const struct uart16550 *uart)
{
    if (!(uart->mcr & MCR_LOOP))
        return MSR_CTS | MSR_DSR | MSR_DCD;
    return (uint8_t)((uart->mcr & MCR_RTS ? MSR_CTS : 0) | (uart->mcr & MCR_DTR ? MSR_DSR : 0) |
                     (uart->mcr & MCR_OUT1 ? MSR_RI : 0) | (uart->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static void update_modem_status(struct uart16550 *uart)
{
    uint8_t inputs = modem_inputs(uart);
    uint8_t changed = (uart->msr ^ inputs) & (uint8_t)~MSR_DELTAS;
    uint8_t deltas = uart->msr & MSR_DELTAS;

    if (changed & MSR_CTS)
        deltas |= MSR_DCTS;
    if (changed & MSR_DSR)
        deltas |= MSR_DDSR;
    if ((changed & MSR_RI) && !(inputs & MSR_RI))
        deltas |= MSR_TERI;
    if (changed & MSR_DCD)
        deltas |= MSR_DDCD;
    uart->msr = inputs | deltas;
}

static void write_mcr(struct uart16550 *uart, uint8_t value)
{
    uint8_t before = uart->mcr;

    uart->mcr = value & MCR_WRITABLE;
    if ((before ^ uart->mcr) & MCR_LOOP)
        keep_quiet(uart);
    update_modem_status(uart);
    update_irq(uart);
}

static void write_fcr(struct uart16550 *uart, uint8_t value)
{
    bool toggled = (uart->fcr ^ value) & FCR_ENABLE;

    /* The other bits are only taken together with the enable bit. */
    uart->fcr = value & FCR_ENABLE ? value & (uint8_t) ~(FCR_RECEIVER_RESET | FCR_TRANSMITTER_RESET) : 0;
    if (toggled || ((value & FCR_ENABLE) && (value & FCR_RECEIVER_RESET))) {
        fifo_clear(uart);
        keep_quiet(uart);
    }
    update_irq(uart);
}

static void write_ier(struct uart16550 *uart, uint8_t value)
{
    /* Enabling the interrupt while the register is empty, which it always is, makes it pending. */
    if ((value & IER_ETBEI) && !(uart->ier & IER_ETBEI))
        uart->thre_pending = true;
    uart->ier = value & 0x0F;
    update_irq(uart);
}

/* --- registers --- */

static uint8_t read_iir(struct uart16550 *uart)
{
    uint8_t id = interrupt_id(uart);

    if (id == IIR_THRE) {
        uart->thre_pending = false;
        update_irq(uart);
    }
    return id | (fifos_enabled(uart) ? IIR_FIFOS : 0);
}

static uint8_t read_lsr(struct uart16550 *uart)
{
    uint8_t value = LSR_THRE | LSR_TEMT | uart->errors | (uart->fifo.count ? LSR_DR : 0);

    uart->errors = 0;
    update_irq(uart);
    return value;
}

static uint8_t read_msr(struct uart16550 *uart)
{
    uint8_t value = uart->msr;

    uart->msr &= (uint8_t)~MSR_DELTAS;
    update_irq(uart);
    return value;
}

static uint64_t uart_read(void *opaque, uint64_t offset, unsigned size)
{
    struct uart16550 *uart = opaque;
    bool dlab = uart->lcr & LCR_DLAB;

    switch ((enum reg)offset) {
    case RBR_THR_DLL:
        return dlab ? uart->divisor & 0xFF : read_rbr(uart);
    case IER_DLM:
        return dlab ? uart->divisor >> 8 : uart->ier;
    case IIR_FCR:
        return read_iir(uart);
    case LCR:
        return uart->lcr;
    case MCR:
        return uart->mcr;
    case LSR:
        return read_lsr(uart);
    case MSR:
        return read_msr(uart);
    case SCR:
        return uart->scr;
    }
    return 0xFF;
}

static void uart_write(void *opaque, uint64_t offset, unsigned size, uint64_t wide)
{
    struct uart16550 *uart = opaque;
    uint8_t value = (uint8_t)wide;
    bool dlab = uart->lcr & LCR_DLAB;

    switch ((enum reg)offset) {
    case RBR_THR_DLL:
        if (dlab)
            uart->divisor = (uart->divisor & 0xFF00) | value;
        else
            write_thr(uart, value);
        break;
    case IER_DLM:
        if (dlab)
            uart->divisor = (uint16_t)(value << 8 | (uart->divisor & 0xFF));
        else
            write_ier(uart, value);
        break;
    case IIR_FCR:
        write_fcr(uart, value);
        break;
    case LCR:
        uart->lcr = value;
        break;
    case MCR:
        write_mcr(uart, value);
        break;
    case LSR:
    case MSR:
        machine_guest_error(uart->machine, uart->id, "write of 0x%02x to the read-only register %s", value,
                            offset == LSR ? "LSR" : "MSR");
        break;
    case SCR:
        uart->scr = value;
        break;
    }
}

/* --- device --- */

static void uart_reset(void *device)
{
    struct uart16550 *uart = device;

    uart->ier = uart->fcr = uart->lcr = uart->mcr = uart->scr = uart->errors = 0;
    uart->msr = modem_inputs(uart);
    uart->divisor = 1; /* undefined in the chip; 115200 baud */
    uart->thre_pending = false;
    memset(&uart->fifo, 0, sizeof(uart->fifo));
    fifo_clear(uart);
    clock_timer_set(uart->quiet, CLOCK_NEVER);
    serial_backlog_clear(&uart->backlog);
    update_irq(uart);
}

static void uart_unrealize(void *device)
{
    struct uart16550 *uart = device;

    memory_region_remove(uart->region);
    clock_timer_free(uart->timeout);
    clock_timer_free(uart->quiet);
    g_free(uart);
}

static void after_load(void *object)
{
    struct uart16550 *uart = object;

    serial_fifo_check(&uart->fifo, fifo_capacity(uart));
    update_irq(uart);
}

static const struct state_field fields[] = {
    STATE_U8(struct uart16550, ier),
    STATE_U8(struct uart16550, fcr),
    STATE_U8(struct uart16550, lcr),
    STATE_U8(struct uart16550, mcr),
    STATE_U8(struct uart16550, msr),
    STATE_U8(struct uart16550, scr),
    STATE_U8(struct uart16550, errors),
    STATE_U16(struct uart16550, divisor),
    STATE_BOOL(struct uart16550, thre_pending),
    STATE_BOOL(struct uart16550, timeout_pending),
    SERIAL_FIFO_STATE(struct uart16550, fifo),
    STATE_TIMER(struct uart16550, timeout),
    STATE_TIMER(struct uart16550, quiet),
    STATE_STRUCT(struct uart16550, backlog, &serial_backlog_state),
    STATE_END,
};

static const struct state_table table = {
    .name = "uart16550",
    .version = 1,
    .fields = fields,
    .after_load = after_load,
};

static const struct device_class uart_class = {
    .name = "uart16550",
    .state = &table,
    .reset = uart_reset,
    .unrealize = uart_unrealize,
};

struct uart16550 *uart16550_new(struct machine *machine, const struct uart16550_config *config)
{
    static const struct memory_region_ops ops = {.read = uart_read, .write = uart_write, .max_size = 1};
    struct uart16550 *uart = g_new0(struct uart16550, 1);

    uart->machine = machine;
    uart->id = config->id;
    uart->irq = config->irq;
    uart->output = config->output;
    uart->timeout = clock_timer_new(machine_clock(machine), "uart16550-timeout", timeout_fired, uart);
    uart->quiet = clock_timer_new(machine_clock(machine), "uart16550-quiet", quiet_fired, uart);
    uart->region =
        memory_add_io(machine_memory(machine), MEMORY_SPACE_PORT, config->id, config->port, PORTS, 0, &ops, uart);
    if (config->source)
        journal_source_new(machine_journal(machine), config->source, deliver, uart);
    machine_add_device(machine, &uart_class, uart, config->id);
    uart_reset(uart);
    return uart;
}
