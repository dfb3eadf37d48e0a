/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network card with one pair of queues.  Virtio 1.2 section 5.1.
 *
 * A driver that knows neither merged buffers nor event indices is given one frame, and the next when it has notified the
 * receive queue again: there are drivers that look at the newest entry of the used ring alone.
 */
#include "devices/virtio/virtio_net.h"

#include <inttypes.h>
#include <string.h>

#include "devices/net/backlog.h"
#include "devices/net/packet.h"
#include "devices/virtio/virtio_pci.h"
#include "devices/virtio/virtio_registers.h"
#include "emu/bytes.h"

enum {
    RECEIVE = 0,
    TRANSMIT = 1,
    QUEUE_SIZE = 256,

    F_CSUM = 0,
    F_GUEST_CSUM = 1,
    F_MAC = 5,
    F_GUEST_TSO4 = 7,
    F_HOST_TSO4 = 11,
    F_HOST_TSO6 = 12,
    F_MRG_RXBUF = 15,
    F_STATUS = 16,

    CONFIG_MAC = 0,
    CONFIG_STATUS = 6,
    CONFIG_SIZE = 8,
    STATUS_LINK_UP = 1,

    /* The header before each frame. */
    HEADER_FLAGS = 0,
    HEADER_GSO_TYPE = 1,
    HEADER_LENGTH = 2,
    HEADER_GSO_SIZE = 4,
    HEADER_CSUM_START = 6,
    HEADER_CSUM_OFFSET = 8,
    HEADER_BUFFERS = 10, /* not in the legacy form without merged buffers */
    HEADER_SIZE = 12,
    LEGACY_HEADER_SIZE = 10,

    FLAG_NEEDS_CSUM = 1,
    FLAG_DATA_VALID = 2,
    GSO_NONE = 0,
    GSO_TCPV4 = 1,
    GSO_TCPV6 = 4,
    GSO_ECN = 0x80,
    TCP_CHECKSUM = 16,
};

#define PATIENCE_NS NANOSECONDS_PER_SECOND /* for a driver that has taken one frame and says nothing */

struct virtio_net {
    struct virtio virtio;
    struct net_output output;
    struct net_backlog backlog;
    bool held; /* a frame was given that the driver has not notified us of */
    struct clock_timer *release;

    bool delivering; /* the receive queue is run for a frame of ours; no state */
    uint8_t scratch[NET_FRAME_MAX];
};

static unsigned header_size(const struct virtio_net *net)
{
    return virtio_negotiated(&net->virtio, VIRTIO_F_VERSION_1) || virtio_negotiated(&net->virtio, F_MRG_RXBUF)
               ? HEADER_SIZE
               : LEGACY_HEADER_SIZE;
}

/* --- to the guest --- */

static bool one_at_a_time(const struct virtio_net *net)
{
    return !virtio_negotiated(&net->virtio, F_MRG_RXBUF) && !virtio_negotiated(&net->virtio, VIRTIO_F_EVENT_IDX);
}

static void make_header(const struct virtio_net *net, const struct net_backlog_frame *frame, uint8_t *header)
{
    struct packet packet;

    memset(header, 0, HEADER_SIZE);
    put_le16(header + HEADER_BUFFERS, 1);
    if (frame->segment && packet_parse(frame->bytes, frame->length, &packet)) {
        header[HEADER_FLAGS] = FLAG_NEEDS_CSUM;
        header[HEADER_GSO_TYPE] = GSO_TCPV4;
        put_le16(header + HEADER_LENGTH, (uint16_t)packet.payload);
        put_le16(header + HEADER_GSO_SIZE, frame->segment);
        put_le16(header + HEADER_CSUM_START, (uint16_t)packet.transport);
        put_le16(header + HEADER_CSUM_OFFSET, TCP_CHECKSUM);
        return;
    }
    if (!virtio_negotiated(&net->virtio, F_GUEST_CSUM) || !packet_parse(frame->bytes, frame->length, &packet) ||
        packet.fragment || (packet.protocol != PACKET_TCP && packet.protocol != PACKET_UDP))
        return;
    if (packet_transport_good(frame->bytes, &packet))
        header[HEADER_FLAGS] = FLAG_DATA_VALID;
}

/* What is used of one buffer. */
struct filled {
    uint16_t head;
    uint32_t length;
};

/* True with the buffers that hold the frame; false: there are not enough of them, or none fits. */
static bool fill(struct virtio_net *net, struct virtqueue *queue, const struct net_backlog_frame *frame,
                 struct filled *filled, unsigned *count, struct virtqueue_segment *first)
{
    const unsigned header_bytes = header_size(net);
    bool merge = virtio_negotiated(&net->virtio, F_MRG_RXBUF);
    uint8_t header[HEADER_SIZE];
    struct virtqueue_chain chain;
    uint32_t done = 0;

    make_header(net, frame, header);
    for (*count = 0; done < frame->length || !*count; ++*count) {
        if (*count == (merge ? VIRTQUEUE_LONGEST : 1) || !virtqueue_pop(queue, &chain))
            return false;
        struct scatter to = virtqueue_writable(&chain);
        uint32_t start = *count ? 0 : header_bytes;
        if (chain.readable || chain.writable_bytes <= start) {
            virtio_fail(&net->virtio, "a receive buffer with %" PRIu64 " readable and %" PRIu64 " writable bytes",
                        chain.readable_bytes, chain.writable_bytes);
            return false;
        }
        if (!*count) {
            *first = chain.segment[0];
            merge = merge && first->length >= HEADER_SIZE; /* the number of buffers is written last, in one place */
            scatter_write(&to, header, header_bytes);
        }
        uint32_t part = (uint32_t)MIN(frame->length - done, chain.writable_bytes - start);
        scatter_write(&to, frame->bytes + done, part);
        done += part;
        filled[*count] = (struct filled){chain.head, start + part};
    }
    return true;
}

/* True: the frame is with the guest, or it never will be; false: it waits. */
static bool give(struct virtio_net *net, struct virtqueue *queue, const struct net_backlog_frame *frame)
{
    struct filled filled[VIRTQUEUE_LONGEST];
    struct virtqueue_chain chain;
    struct virtqueue_segment first = {0};
    uint16_t before = queue->next_available;
    unsigned count;

    if (!fill(net, queue, frame, filled, &count, &first)) {
        bool never = count == queue->size ||
                     (count && (!virtio_negotiated(&net->virtio, F_MRG_RXBUF) || first.length < HEADER_SIZE));

        queue->next_available = before;
        if (never && !virtio_is_broken(&net->virtio))
            machine_guest_error(net->virtio.machine, net->virtio.id, "no room for a frame of %" PRIu32 " bytes",
                                frame->length);
        return never;
    }
    if (count > 1) {
        uint8_t buffers[2];

        put_le16(buffers, (uint16_t)count);
        pci_dma_write(&net->virtio.pci, first.address + HEADER_BUFFERS, buffers, sizeof(buffers));
    }
    for (unsigned i = 0; i < count; i++) {
        chain.head = filled[i].head;
        virtqueue_push(queue, &chain, filled[i].length);
    }
    net->held = one_at_a_time(net);
    if (net->held)
        clock_timer_set(net->release, machine_now(net->virtio.machine) + PATIENCE_NS);
    return true;
}

static void receive(struct virtio_net *net, struct virtqueue *queue)
{
    const struct net_backlog_frame *frame;

    if (!net->delivering)
        net->held = false;
    while (!net->held && (frame = net_backlog_peek(&net->backlog)) && give(net, queue, frame))
        net_backlog_drop(&net->backlog);
}

static void run_receive(struct virtio_net *net)
{
    net->delivering = true;
    virtio_run(&net->virtio, RECEIVE);
    net->delivering = false;
}

static void release(void *opaque)
{
    struct virtio_net *net = opaque;

    net->held = false;
    run_receive(net);
}

static void deliver(void *opaque, const uint8_t *data, size_t length)
{
    struct virtio_net *net = opaque;

    if (length < NET_FRAME_MIN || length > NET_FRAME_MAX || !(net->virtio.status & VIRTIO_STATUS_DRIVER_OK))
        return; /* nobody listens */
    if (!virtio_negotiated(&net->virtio, F_GUEST_TSO4) || !virtio_negotiated(&net->virtio, F_MRG_RXBUF)) {
        net_backlog_put(&net->backlog, data, length);
        run_receive(net);
        return;
    }
    /* What arrives at the same point is put together before it is given. */
    if (!net_backlog_merge(&net->backlog, data, length))
        net_backlog_put(&net->backlog, data, length);
    virtio_run_later(&net->virtio, RECEIVE);
}

/* --- from the guest --- */

static bool send(struct virtio_net *net, const uint8_t *header, uint8_t *frame, size_t length)
{
    unsigned type = header[HEADER_GSO_TYPE] & ~GSO_ECN;

    if (type != GSO_NONE) {
        bool known = (type == GSO_TCPV4 && virtio_negotiated(&net->virtio, F_HOST_TSO4)) ||
                     (type == GSO_TCPV6 && virtio_negotiated(&net->virtio, F_HOST_TSO6));
        return known && packet_send_segments(&net->output, frame, length, get_le16(header + HEADER_GSO_SIZE));
    }
    if (header[HEADER_FLAGS] & FLAG_NEEDS_CSUM &&
        (!virtio_negotiated(&net->virtio, F_CSUM) ||
         !packet_finish_checksum(frame, length, get_le16(header + HEADER_CSUM_START),
                                 get_le16(header + HEADER_CSUM_OFFSET))))
        return false;
    net_send(&net->output, frame, length);
    return true;
}

static void transmit(struct virtio_net *net, struct virtqueue *queue)
{
    const unsigned header_bytes = header_size(net);
    struct virtqueue_chain chain;
    uint8_t header[HEADER_SIZE];

    while (virtqueue_pop(queue, &chain)) {
        struct scatter from = virtqueue_readable(&chain);
        uint64_t length = chain.readable_bytes - header_bytes;

        if (chain.readable_bytes < header_bytes + (unsigned)NET_FRAME_MIN || length > NET_FRAME_MAX) {
            machine_guest_error(net->virtio.machine, net->virtio.id, "a frame of %" PRIu64 " bytes with its header",
                                chain.readable_bytes);
        } else {
            scatter_read(&from, header, header_bytes);
            scatter_read(&from, net->scratch, length);
            if (!send(net, header, net->scratch, (size_t)length))
                machine_guest_error(net->virtio.machine, net->virtio.id,
                                    "a frame that needs more than was negotiated: flags 0x%02x, type 0x%02x",
                                    header[HEADER_FLAGS], header[HEADER_GSO_TYPE]);
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

/* --- life --- */

static void driver_reset(void *device)
{
    struct virtio_net *net = device;

    net_backlog_clear(&net->backlog);
    net->held = false;
    clock_timer_set(net->release, CLOCK_NEVER);
}

static const struct virtio_type type = {
    .name = "virtio-net",
    .id = 1,
    .legacy_pci = 0x1000,
    .class_code = 0x020000,
    .queues = 2,
    .queue_size = {QUEUE_SIZE, QUEUE_SIZE},
    .config_size = CONFIG_SIZE,
    .notified = notified,
    .reset = driver_reset,
};

static void net_reset(void *device)
{
    virtio_power_on(&((struct virtio_net *)device)->virtio);
}

static void net_unrealize(void *device)
{
    struct virtio_net *net = device;

    net_backlog_clear(&net->backlog);
    clock_timer_free(net->release);
    virtio_finalize(&net->virtio);
    g_free(net);
}

static const struct state_field fields[] = {
    STATE_STRUCT(struct virtio_net, virtio, &virtio_state),
    STATE_STRUCT(struct virtio_net, backlog, &net_backlog_state),
    STATE_BOOL(struct virtio_net, held),
    STATE_TIMER(struct virtio_net, release),
    STATE_END,
};

static const struct state_table net_state = {.name = "virtio-net", .version = 1, .fields = fields};

static const struct device_class net_class = {
    .name = "virtio-net",
    .state = &net_state,
    .reset = net_reset,
    .unrealize = net_unrealize,
};

struct virtio_net *virtio_net_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, const uint8_t mac[6],
                                  struct net_output output, const char *source, const char *id)
{
    struct virtio_net *net = g_new0(struct virtio_net, 1);
    const uint64_t features = 1u << F_CSUM | 1u << F_GUEST_CSUM | 1u << F_MAC | 1u << F_GUEST_TSO4 | 1u << F_HOST_TSO4 |
                              1u << F_HOST_TSO6 | 1u << F_MRG_RXBUF | 1u << F_STATUS;

    net->output = output;
    g_queue_init(&net->backlog.frames);
    net->release = clock_timer_new(machine_clock(machine), id, release, net);
    virtio_init(&net->virtio, machine, bus, devfn, &type, features, net, id);
    memcpy(net->virtio.config + CONFIG_MAC, mac, 6);
    put_le16(net->virtio.config + CONFIG_STATUS, STATUS_LINK_UP);
    journal_source_new(machine_journal(machine), source, deliver, net);
    machine_add_device(machine, &net_class, net, id);
    return net;
}
