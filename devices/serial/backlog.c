/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See backlog.h. */
#include "devices/serial/backlog.h"

void serial_backlog_clear(struct serial_backlog *backlog)
{
    backlog->head = backlog->count = 0;
    backlog->overflowing = false;
}

size_t serial_backlog_room(const struct serial_backlog *backlog)
{
    return SERIAL_BACKLOG_SIZE - backlog->count;
}

bool serial_backlog_put(struct serial_backlog *backlog, struct machine *machine, const char *id, const uint8_t *data,
                        size_t length)
{
    size_t taken = MIN(length, serial_backlog_room(backlog));

    for (size_t i = 0; i < taken; i++)
        backlog->bytes[(backlog->head + backlog->count + i) % SERIAL_BACKLOG_SIZE] = data[i];
    backlog->count += (uint32_t)taken;
    if (taken == length)
        return true;
    if (!backlog->overflowing)
        machine_note(machine, "%s: the guest does not read its serial port; input is lost", id);
    backlog->overflowing = true;
    return false;
}

bool serial_backlog_take(struct serial_backlog *backlog, uint8_t *byte)
{
    if (backlog->count == 0)
        return false;
    *byte = backlog->bytes[backlog->head];
    backlog->head = (backlog->head + 1) % SERIAL_BACKLOG_SIZE;
    if (--backlog->count == 0)
        backlog->overflowing = false;
    return true;
}

static void save_bytes(void *object, struct state_writer *out)
{
    const struct serial_backlog *backlog = object;

    state_put_u32(out, backlog->count);
    for (uint32_t i = 0; i < backlog->count; i++)
        state_put_u8(out, backlog->bytes[(backlog->head + i) % SERIAL_BACKLOG_SIZE]);
}

static bool load_bytes(void *object, struct state_reader *in)
{
    struct serial_backlog *backlog = object;
    uint32_t count = state_get_u32(in);

    if (count > SERIAL_BACKLOG_SIZE)
        return false;
    backlog->head = 0;
    backlog->count = count;
    return state_get_bytes(in, backlog->bytes, count);
}

static const struct state_field fields[] = {
    STATE_CUSTOM("bytes", save_bytes, load_bytes),
    STATE_BOOL(struct serial_backlog, overflowing),
    STATE_END,
};

const struct state_table serial_backlog_state = {.name = "serial-backlog", .version = 1, .fields = fields};
