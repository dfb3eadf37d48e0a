/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder of the host: messages go from the queue to the 9P server and back, in their order, and each is answered when the
 * notification returns.  A request's chain has the message in its readable buffers and room for the reply in its writable ones.
 *
 * Replies depend on the host: the journal keeps them, and a replay takes them from there.
 */
#include "devices/virtio/virtio_9p.h"

#include <inttypes.h>
#include <string.h>

#include "devices/virtio/virtio_pci.h"
#include "emu/bytes.h"
#include "emu/host/ninep.h"

enum {
    QUEUE_SIZE = 128,
    PAGE = 4096, /* regions of RAM are whole ones */

    F_MOUNT_TAG = 0,

    CONFIG_TAG_LENGTH = 0,
    CONFIG_TAG = 2,
    CONFIG_SIZE = CONFIG_TAG + VIRTIO_9P_TAG,
};

struct virtio_9p {
    struct virtio virtio;
    struct ninep *ninep;
    struct journal_source *source;
    struct host_spans request, reply; /* the current chain's buffers */
};

/* --- buffers --- */

static bool add_span(struct host_spans *spans, void *data, uint64_t length)
{
    if (!data || spans->count == HOST_SPANS)
        return false;
    spans->span[spans->count++] = (struct host_span){data, length};
    return true;
}

/* Host memory of @count segments; false: they cross so many borders of RAM regions that there is no room for them. */
static bool find_spans(struct memory *memory, const struct virtqueue_segment *segment, unsigned count,
                       struct host_spans *spans)
{
    spans->count = 0;
    for (unsigned i = 0; i < count; i++) {
        void *whole = memory_pointer(memory, segment[i].address, segment[i].length);
        uint64_t part = whole ? segment[i].length : 0;

        if (whole && !add_span(spans, whole, part))
            return false;
        for (uint64_t done = part; done < segment[i].length; done += part) {
            uint64_t address = segment[i].address + done;

            part = MIN(segment[i].length - done, PAGE - address % PAGE);
            if (!add_span(spans, memory_pointer(memory, address, part), part))
                return false;
        }
    }
    return true;
}

/* The first @length bytes of the chain's writable part have been written past the memory's back. */
static void tell_written(const struct virtqueue_chain *chain, uint64_t length)
{
    for (unsigned i = chain->readable; i < chain->readable + chain->writable && length; i++) {
        uint64_t part = MIN(length, chain->segment[i].length);

        memory_written(chain->memory, chain->segment[i].address, part);
        length -= part;
    }
}

/* --- requests --- */

static void trace(struct virtio_9p *device, size_t length)
{
    unsigned type, error;

    if (!trace_enabled(machine_trace_log(device->virtio.machine), TRACE_DEVICE))
        return;
    ninep_last(device->ninep, &type, &error);
    trace_event(machine_trace_log(device->virtio.machine), TRACE_DEVICE, device->virtio.id,
                "request %u error %u reply of %zu bytes", type, error, length);
}

static void keep_reply(struct virtio_9p *device, size_t length)
{
    if (!journal_wants_answers(machine_journal(device->virtio.machine)))
        return;
    g_autofree uint8_t *bytes = g_malloc(length);

    host_spans_read(&device->reply, 0, bytes, length);
    journal_put_answer(device->source, bytes, length);
}

/* The length of the reply; 0: there is none. */
static size_t serve(struct virtio_9p *device)
{
    const uint8_t *recorded;
    size_t length;

    if (!journal_replaying(machine_journal(device->virtio.machine))) {
        length = ninep_serve(device->ninep, &device->request, &device->reply);
        if (length)
            keep_reply(device, length);
        return length;
    }
    if (!journal_get_answer(device->source, &recorded, &length))
        return 0;
    ninep_follow(device->ninep, &device->request, recorded, length);
    return host_spans_write(&device->reply, 0, recorded, length);
}

/* Nothing of a message can be in so few bytes, or nothing of an answer: no reply is possible. */
static bool answerable(struct virtio_9p *device, const struct virtqueue_chain *chain)
{
    enum { HEADER = 7, SMALLEST_REPLY = 11 };

    if (chain->readable_bytes >= HEADER && chain->writable_bytes >= SMALLEST_REPLY)
        return true;
    virtio_fail(&device->virtio, "a request of %" PRIu64 " bytes with room for a reply of %" PRIu64,
                chain->readable_bytes, chain->writable_bytes);
    return false;
}

/* The first bytes of a reply say what it means, and the journal has them as they stand in memory: nothing may lie on them. */
static bool head_is_apart(const struct host_spans *reply)
{
    enum { HEAD = 32 }; /* what ninep_follow() looks at is shorter */
    struct host_spans head;

    host_spans_cut(reply, 0, HEAD, &head);
    for (unsigned i = 0; i < head.count; i++) {
        const uint8_t *start = head.span[i].data, *end = start + head.span[i].length;

        for (unsigned j = 0; j < reply->count; j++) {
            const uint8_t *other = reply->span[j].data;

            if (j != i && start < other + reply->span[j].length && other < end)
                return false;
        }
    }
    return true;
}

static bool find_buffers(struct virtio_9p *device, struct virtqueue_chain *chain)
{
    if (!find_spans(chain->memory, chain->segment, chain->readable, &device->request) ||
        !find_spans(chain->memory, chain->segment + chain->readable, chain->writable, &device->reply))
        virtio_fail(&device->virtio, "a request in more than %d pieces of memory", HOST_SPANS);
    else if (!head_is_apart(&device->reply))
        virtio_fail(&device->virtio, "the beginning of a reply lies on another part of it");
    else
        return true;
    return false;
}

static void notified(void *opaque, struct virtqueue *queue)
{
    struct virtio_9p *device = opaque;
    struct virtqueue_chain chain;

    while (virtqueue_pop(queue, &chain) && answerable(device, &chain) && find_buffers(device, &chain)) {
        size_t length = serve(device);

        if (!length)
            return; /* a replay that has left its recording: the machine stops */
        tell_written(&chain, length);
        virtqueue_charge(queue, ninep_last_cost(device->ninep));
        trace(device, length);
        virtqueue_push(queue, &chain, (uint32_t)length);
    }
}

/* --- life --- */

static void client_gone(void *opaque)
{
    ninep_reset(((struct virtio_9p *)opaque)->ninep);
}

static const struct virtio_type type = {
    .name = "virtio-9p",
    .id = 9,
    .legacy_pci = 0x1009,
    .class_code = 0x000200,
    .queues = 1,
    .queue_size = {QUEUE_SIZE},
    .config_size = CONFIG_SIZE,
    .notified = notified,
    .reset = client_gone,
};

static void ninep_device_reset(void *opaque)
{
    virtio_power_on(&((struct virtio_9p *)opaque)->virtio);
}

static void ninep_device_unrealize(void *opaque)
{
    struct virtio_9p *device = opaque;

    virtio_finalize(&device->virtio);
    ninep_free(device->ninep);
    g_free(device);
}

static void save_fids(void *object, struct state_writer *out)
{
    ninep_save(((struct virtio_9p *)object)->ninep, out);
}

static bool load_fids(void *object, struct state_reader *in)
{
    return ninep_load(((struct virtio_9p *)object)->ninep, in);
}

static const struct state_field fields[] = {
    STATE_STRUCT(struct virtio_9p, virtio, &virtio_state),
    STATE_CUSTOM("fids", save_fids, load_fids),
    STATE_END,
};

static const struct state_table state = {.name = "virtio-9p", .version = 2, .fields = fields};

static const struct device_class device_class = {
    .name = "virtio-9p",
    .state = &state,
    .reset = ninep_device_reset,
    .unrealize = ninep_device_unrealize,
};

/* All that comes from here was asked for: nothing is delivered between instructions. */
static void nothing(void *opaque, const uint8_t *data, size_t length)
{
}

struct virtio_9p *virtio_9p_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, struct share *share,
                                const char *tag, const char *id)
{
    struct virtio_9p *device = g_new0(struct virtio_9p, 1);
    size_t length = strlen(tag);

    g_assert(length >= 1 && length <= VIRTIO_9P_TAG);
    device->ninep = ninep_new(share);
    device->source = journal_source_new(machine_journal(machine), id, nothing, NULL);
    virtio_init(&device->virtio, machine, bus, devfn, &type, UINT64_C(1) << F_MOUNT_TAG, device, id);
    put_le16(device->virtio.config + CONFIG_TAG_LENGTH, (uint16_t)length);
    memcpy(device->virtio.config + CONFIG_TAG, tag, length);
    machine_add_device(machine, &device_class, device, id);
    return device;
}
