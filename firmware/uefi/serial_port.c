/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware's side of the serial line: a 16550 (National Semiconductor PC16550D) or PL011 (ARM DDI 0183G), driven
 * through its registers as a driver would.  What is received waits in the device: nothing is kept here.
 */
#include "firmware/uefi/protocols.h"

enum { /* 16550 */
       UART_DATA = 0,
       UART_INTERRUPT_ENABLE = 1,
       UART_FIFO_CONTROL = 2,
       UART_LINE_CONTROL = 3,
       UART_MODEM_CONTROL = 4,
       UART_LINE_STATUS = 5,
};
#define LINE_CONTROL_8N1 0x03
#define LINE_CONTROL_DIVISOR 0x80
#define FIFO_ENABLE 0x01
#define MODEM_DTR_RTS 0x03
#define LINE_STATUS_DATA 0x01
#define LINE_STATUS_ROOM 0x20

enum { /* PL011 */
       PL011_DR = 0x00,
       PL011_FR = 0x18,
       PL011_IBRD = 0x24,
       PL011_FBRD = 0x28,
       PL011_LCR_H = 0x2C,
       PL011_CR = 0x30,
       PL011_IMSC = 0x38,
};
#define PL011_FR_RXFE 0x10
#define PL011_FR_TXFF 0x20
#define PL011_LCR_H_8N1_FIFO 0x70
#define PL011_CR_ENABLE 0x0301

static uint32_t get(struct uefi *uefi, unsigned offset)
{
    const struct uefi_serial *serial = &uefi_config(uefi)->serial;
    unsigned size = serial->type == UEFI_UART_PL011 ? 4 : 1;

    return (uint32_t)memory_io_read(uefi_memory(uefi), serial->space, serial->address + offset, size);
}

static void put(struct uefi *uefi, unsigned offset, uint32_t value)
{
    const struct uefi_serial *serial = &uefi_config(uefi)->serial;
    unsigned size = serial->type == UEFI_UART_PL011 ? 4 : 1;

    memory_io_write(uefi_memory(uefi), serial->space, serial->address + offset, size, value);
}

void serial_port_init(struct uefi *uefi)
{
    switch (uefi_config(uefi)->serial.type) {
    case UEFI_UART_16550:
        put(uefi, UART_INTERRUPT_ENABLE, 0);
        put(uefi, UART_LINE_CONTROL, LINE_CONTROL_DIVISOR | LINE_CONTROL_8N1);
        put(uefi, UART_DATA, 1); /* 115200 */
        put(uefi, UART_INTERRUPT_ENABLE, 0);
        put(uefi, UART_LINE_CONTROL, LINE_CONTROL_8N1);
        put(uefi, UART_FIFO_CONTROL, FIFO_ENABLE);
        put(uefi, UART_MODEM_CONTROL, MODEM_DTR_RTS);
        break;
    case UEFI_UART_PL011:
        put(uefi, PL011_CR, 0);
        put(uefi, PL011_IMSC, 0);
        put(uefi, PL011_IBRD, 13); /* 115200 from 24 MHz */
        put(uefi, PL011_FBRD, 1);
        put(uefi, PL011_LCR_H, PL011_LCR_H_8N1_FIFO);
        put(uefi, PL011_CR, PL011_CR_ENABLE);
        break;
    case UEFI_UART_NONE:
        break;
    }
}

void serial_port_write(struct uefi *uefi, const uint8_t *data, size_t length)
{
    enum uefi_uart type = uefi_config(uefi)->serial.type;

    if (type == UEFI_UART_NONE)
        return;
    for (size_t i = 0; i < length; i++) {
        /* The devices send at once; one that a guest has switched off or broken loses bytes, as a line does. */
        if (type == UEFI_UART_16550 ? get(uefi, UART_LINE_STATUS) & LINE_STATUS_ROOM
                                    : !(get(uefi, PL011_FR) & PL011_FR_TXFF))
            put(uefi, type == UEFI_UART_16550 ? (unsigned)UART_DATA : (unsigned)PL011_DR, data[i]);
    }
}

bool serial_port_input_waits(struct uefi *uefi)
{
    switch (uefi_config(uefi)->serial.type) {
    case UEFI_UART_16550:
        return get(uefi, UART_LINE_STATUS) & LINE_STATUS_DATA;
    case UEFI_UART_PL011:
        return !(get(uefi, PL011_FR) & PL011_FR_RXFE);
    default:
        return false;
    }
}

bool serial_port_read(struct uefi *uefi, uint8_t *byte)
{
    if (!serial_port_input_waits(uefi))
        return false;
    *byte = (uint8_t)get(uefi,
                         uefi_config(uefi)->serial.type == UEFI_UART_16550 ? (unsigned)UART_DATA : (unsigned)PL011_DR);
    return true;
}
