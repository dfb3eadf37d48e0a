/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A UART's receiver FIFO, which is a holding register while it is switched off. */
#ifndef GALVANIC_DEVICES_SERIAL_FIFO_H
#define GALVANIC_DEVICES_SERIAL_FIFO_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SERIAL_FIFO_SIZE 16

/* All of it is state: SERIAL_FIFO_STATE() in the device's table, serial_fifo_check() after a load. */
struct serial_fifo {
    uint8_t bytes[SERIAL_FIFO_SIZE];
    uint8_t head, count;
};

#define SERIAL_FIFO_STATE(s, f) STATE_U8_ARRAY(s, f.bytes), STATE_U8(s, f.head), STATE_U8(s, f.count)

/* The caller has seen that there is room. */
static inline void serial_fifo_put(struct serial_fifo *fifo, uint8_t byte)
{
    fifo->bytes[(fifo->head + fifo->count) % SERIAL_FIFO_SIZE] = byte;
    fifo->count++;
}

/* The oldest byte, or of an empty FIFO the last that was taken once more. */
static inline uint8_t serial_fifo_take(struct serial_fifo *fifo)
{
    if (fifo->count == 0)
        return fifo->bytes[(fifo->head + SERIAL_FIFO_SIZE - 1) % SERIAL_FIFO_SIZE];
    uint8_t byte = fifo->bytes[fifo->head];

    fifo->head = (fifo->head + 1) % SERIAL_FIFO_SIZE;
    fifo->count--;
    return byte;
}

/* A stream from elsewhere must not lead outside the FIFO. */
static inline void serial_fifo_check(struct serial_fifo *fifo, unsigned capacity)
{
    fifo->head %= SERIAL_FIFO_SIZE;
    fifo->count = (uint8_t)MIN(fifo->count, capacity);
}

#endif
