/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A console without multiport: queues of input and output, a register for output in need.  Virtio 1.2 section 5.3. */
#include "devices/virtio/virtio_console.h"

#include <inttypes.h>

#include "devices/serial/backlog.h"
#include "devices/virtio/virtio_pci.h"

enum {
    RECEIVE = 0,
    TRANSMIT = 1,
    QUEUE_SIZE = 128,
    PIECE = 4096, /* bytes that are moved at once */

    F_EMERG_WRITE = 2,
    CONFIG_EMERG_WRITE = 8,
    CONFIG_SIZE = 12,
};

struct virtio_console {
    struct virtio virtio;
    struct character_output output;
    struct serial_backlog backlog; /* input that the driver has no buffers for yet */
};

size_t virtio_console_room(const struct virtio_console *console)
{
    return serial_backlog_room(&console->backlog);
}

static size_t take(struct serial_backlog *backlog, uint8_t *bytes, size_t most)
{
    size_t length = 0;

    while (length < most && serial_backlog_take(backlog, &bytes[length]))
        length++;
    return length;
}

static void receive(struct virtio_console *console, struct virtqueue *queue)
{
    struct virtqueue_chain chain;
    uint8_t bytes[PIECE];

    while (console->backlog.count && virtqueue_pop(queue, &chain)) {
        struct scatter to = virtqueue_writable(&chain);
        size_t length;

        if (chain.readable || !chain.writable) {
            virtio_fail(&console->virtio, "an input buffer with %" PRIu64 " readable and %" PRIu64 " writable bytes",
                        chain.readable_bytes, chain.writable_bytes);
            return;
        }
        length = take(&console->backlog, bytes, (size_t)MIN(chain.writable_bytes, sizeof(bytes)));
        scatter_write(&to, bytes, length);
        virtqueue_push(queue, &chain, (uint32_t)length);
    }
}

static void transmit(struct virtio_console *console, struct virtqueue *queue)
{
    struct virtqueue_chain chain;
    uint8_t bytes[PIECE];

    while (virtqueue_pop(queue, &chain)) {
        struct scatter from = virtqueue_readable(&chain);

        if (chain.writable)
            machine_guest_error(console->virtio.machine, console->virtio.id,
                                "an output buffer with %" PRIu64 " writable bytes", chain.writable_bytes);
        for (uint64_t left = chain.readable_bytes, part; left; left -= part) {
            part = MIN(left, sizeof(bytes));
            scatter_read(&from, bytes, part);
            character_write(&console->output, bytes, (size_t)part);
        }
        virtqueue_push(queue, &chain, 0);
    }
}

static void notified(void *device, struct virtqueue *queue)
{
    if (queue->index == RECEIVE)
        receive(device, queue);
    else
        transmit(device, queue);
}

static void deliver(void *opaque, const uint8_t *data, size_t length)
{
    struct virtio_console *console = opaque;

    serial_backlog_put(&console->backlog, console->virtio.machine, console->virtio.id, data, length);
    virtio_run(&console->virtio, RECEIVE);
}

static void config_written(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct virtio_console *console = device;
    uint8_t byte = (uint8_t)value;

    if (offset == CONFIG_EMERG_WRITE)
        character_write(&console->output, &byte, 1);
    else
        machine_guest_error(console->virtio.machine, console->virtio.id,
                            "write of %u bytes at %u of the configuration, which is read-only", size, offset);
}

static const struct virtio_type type = {
    .name = "virtio-console",
    .id = 3,
    .legacy_pci = 0x1003,
    .class_code = 0x078000,
    .queues = 2,
    .queue_size = {QUEUE_SIZE, QUEUE_SIZE},
    .config_size = CONFIG_SIZE,
    .notified = notified,
    .config_written = config_written,
};

/* --- life --- */

static void console_reset(void *device)
{
    struct virtio_console *console = device;

    serial_backlog_clear(&console->backlog);
    virtio_power_on(&console->virtio);
}

static void console_unrealize(void *device)
{
    struct virtio_console *console = device;

    virtio_finalize(&console->virtio);
    g_free(console);
}

static const struct state_field fields[] = {
    STATE_STRUCT(struct virtio_console, virtio, &virtio_state),
    STATE_STRUCT(struct virtio_console, backlog, &serial_backlog_state),
    STATE_END,
};

static const struct state_table console_state = {.name = "virtio-console", .version = 1, .fields = fields};

static const struct device_class console_class = {
    .name = "virtio-console",
    .state = &console_state,
    .reset = console_reset,
    .unrealize = console_unrealize,
};

struct virtio_console *virtio_console_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn,
                                          struct character_output output, const char *source, const char *id)
{
    struct virtio_console *console = g_new0(struct virtio_console, 1);

    console->output = output;
    virtio_init(&console->virtio, machine, bus, devfn, &type, 1u << F_EMERG_WRITE, console, id);
    journal_source_new(machine_journal(machine), source, deliver, console);
    machine_add_device(machine, &console_class, console, id);
    return console;
}
