/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk.  Requests are done when the notification returns, in their order.  Virtio 1.2 section 5.2. */
#include "devices/virtio/virtio_blk.h"

#include <inttypes.h>
#include <string.h>

#include "devices/virtio/virtio_pci.h"
#include "emu/bytes.h"

enum {
    SECTOR = 512,
    QUEUE_SIZE = 256,
    SEGMENTS = QUEUE_SIZE - 2, /* header and status have a descriptor each */
    ID_SIZE = 20,
    MOST_SECTORS = INT32_MAX / SECTOR, /* of one discard or write-zeroes segment */
};

/* Feature bits. */
enum {
    F_SEG_MAX = 2,
    F_RO = 5,
    F_BLK_SIZE = 6,
    F_FLUSH = 9,
    F_DISCARD = 13,
    F_WRITE_ZEROES = 14,
};

/* Configuration. */
enum {
    CONFIG_CAPACITY = 0,
    CONFIG_SEG_MAX = 12,
    CONFIG_BLK_SIZE = 20,
    CONFIG_MAX_DISCARD_SECTORS = 36,
    CONFIG_MAX_DISCARD_SEG = 40,
    CONFIG_DISCARD_ALIGNMENT = 44,
    CONFIG_MAX_WRITE_ZEROES_SECTORS = 48,
    CONFIG_MAX_WRITE_ZEROES_SEG = 52,
    CONFIG_WRITE_ZEROES_MAY_UNMAP = 56,
    CONFIG_SIZE = 60,
};

/* Requests: a header of type, reserved word and sector; data; a byte of status. */
enum {
    T_IN = 0,
    T_OUT = 1,
    T_FLUSH = 4,
    T_GET_ID = 8,
    T_DISCARD = 11,
    T_WRITE_ZEROES = 13,
    HEADER_SIZE = 16,
    RANGE_SIZE = 16, /* of discard and write zeroes: sector, sectors, flags */
    RANGE_UNMAP = 1 << 0,
};

enum status { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

struct virtio_blk {
    struct virtio virtio;
    struct block *block;
};

struct request {
    uint32_t type;
    uint64_t sector;
    struct scatter out, in; /* what follows the header; what precedes the status */
    uint64_t out_bytes, in_bytes;
};

static void trace(struct virtio_blk *blk, const char *what, uint64_t sector, uint64_t sectors)
{
    trace_event(machine_trace_log(blk->virtio.machine), TRACE_BLOCK, blk->virtio.id,
                "%s lba %" PRIu64 " sectors %" PRIu64, what, sector, sectors);
}

static bool range_valid(struct virtio_blk *blk, uint64_t sector, uint64_t bytes)
{
    uint64_t sectors = block_size(blk->block) / SECTOR;

    if (bytes % SECTOR == 0 && sector <= sectors && bytes / SECTOR <= sectors - sector)
        return true;
    machine_guest_error(blk->virtio.machine, blk->virtio.id,
                        "%" PRIu64 " bytes at sector %" PRIu64 " of a disk of %" PRIu64 " sectors", bytes, sector,
                        sectors);
    return false;
}

static enum status host_failed(struct virtio_blk *blk, const char *what, uint64_t sector)
{
    machine_note(blk->virtio.machine, "%s: %s '%s' failed at sector %" PRIu64, blk->virtio.id, what,
                 block_path(blk->block), sector);
    return S_IOERR;
}

static bool writable(struct virtio_blk *blk)
{
    if (!block_read_only(blk->block))
        return true;
    machine_guest_error(blk->virtio.machine, blk->virtio.id, "write to '%s', which is read-only",
                        block_path(blk->block));
    return false;
}

/* --- requests --- */

static enum status flush(struct virtio_blk *blk)
{
    trace_event(machine_trace_log(blk->virtio.machine), TRACE_BLOCK, blk->virtio.id, "flush");
    return block_flush(blk->block) ? S_OK : host_failed(blk, "flushing", 0);
}

static enum status read_sectors(struct virtio_blk *blk, struct request *request)
{
    trace(blk, "read", request->sector, request->in_bytes / SECTOR);
    if (!range_valid(blk, request->sector, request->in_bytes))
        return S_IOERR;
    if (scatter_from_disk(&request->in, blk->block, request->sector * SECTOR, request->in_bytes))
        return S_OK;
    return host_failed(blk, "reading", request->sector + request->in.done / SECTOR);
}

/* A driver that does not flush must find its data on the medium when a write is done (section 5.2.6.2). */
static enum status settle(struct virtio_blk *blk)
{
    return virtio_negotiated(&blk->virtio, F_FLUSH) || block_flush(blk->block) ? S_OK : host_failed(blk, "flushing", 0);
}

static enum status write_sectors(struct virtio_blk *blk, struct request *request)
{
    trace(blk, "write", request->sector, request->out_bytes / SECTOR);
    if (!writable(blk) || !range_valid(blk, request->sector, request->out_bytes))
        return S_IOERR;
    if (scatter_to_disk(&request->out, blk->block, request->sector * SECTOR, request->out_bytes))
        return settle(blk);
    return host_failed(blk, "writing", request->sector + request->out.done / SECTOR);
}

/* Discarded sectors read as zeros, so that both requests are the same to the disk. */
static enum status clear_sectors(struct virtio_blk *blk, struct request *request)
{
    bool zeroes = request->type == T_WRITE_ZEROES;
    uint8_t range[RANGE_SIZE];
    uint32_t sectors, flags;
    uint64_t sector;

    if (!virtio_negotiated(&blk->virtio, zeroes ? F_WRITE_ZEROES : F_DISCARD))
        return S_UNSUPP;
    if (!writable(blk))
        return S_IOERR;
    if (request->out_bytes != sizeof(range)) { /* one segment, as the configuration says */
        machine_guest_error(blk->virtio.machine, blk->virtio.id, "%s with %" PRIu64 " bytes of segments",
                            zeroes ? "write zeroes" : "discard", request->out_bytes);
        return S_IOERR;
    }
    scatter_read(&request->out, range, sizeof(range));
    sector = get_le64(range);
    sectors = get_le32(range + 8);
    flags = get_le32(range + 12);
    trace(blk, zeroes ? "write zeroes" : "discard", sector, sectors);
    if (flags & ~(zeroes ? RANGE_UNMAP : 0u))
        return S_UNSUPP;
    if (sectors > MOST_SECTORS || !range_valid(blk, sector, (uint64_t)sectors * SECTOR))
        return S_IOERR;
    return block_discard(blk->block, sector * SECTOR, (uint64_t)sectors * SECTOR)
               ? settle(blk)
               : host_failed(blk, "clearing", sector);
}

static enum status get_id(struct virtio_blk *blk, struct request *request)
{
    char id[ID_SIZE] = {0};

    memcpy(id, blk->virtio.id, MIN(sizeof(id), strlen(blk->virtio.id))); /* not terminated when it is that long */
    scatter_write(&request->in, id, MIN(sizeof(id), request->in_bytes));
    return S_OK;
}

static enum status execute(struct virtio_blk *blk, struct request *request)
{
    switch (request->type) {
    case T_IN:
        return read_sectors(blk, request);
    case T_OUT:
        return write_sectors(blk, request);
    case T_FLUSH:
        return flush(blk);
    case T_GET_ID:
        return get_id(blk, request);
    case T_DISCARD:
    case T_WRITE_ZEROES:
        return clear_sectors(blk, request);
    default:
        return S_UNSUPP;
    }
}

/* --- the queue --- */

static void fill_zeros(struct scatter *scatter, uint64_t length)
{
    static const uint8_t zeros[4096];

    for (uint64_t part; length; length -= part) {
        part = MIN(length, sizeof(zeros));
        scatter_write(scatter, zeros, part);
    }
}

/* The status is the last byte; all bytes before it are written, too, so that the length that is given back is true. */
static void finish(struct virtqueue_chain *chain, struct request *request, enum status status)
{
    uint64_t done = request->in.done;
    uint8_t byte = (uint8_t)status;

    if (status != S_OK) {
        request->in = virtqueue_writable(chain);
        done = 0;
    }
    fill_zeros(&request->in, request->in_bytes - done);
    scatter_write(&request->in, &byte, 1);
}

static bool start(struct virtio_blk *blk, struct virtqueue_chain *chain, struct request *request)
{
    uint8_t header[HEADER_SIZE];

    if (chain->readable_bytes < HEADER_SIZE || chain->writable_bytes < 1) {
        virtio_fail(&blk->virtio, "a request of %" PRIu64 " readable and %" PRIu64 " writable bytes",
                    chain->readable_bytes, chain->writable_bytes);
        return false;
    }
    *request = (struct request){.out = virtqueue_readable(chain),
                                .in = virtqueue_writable(chain),
                                .out_bytes = chain->readable_bytes - HEADER_SIZE,
                                .in_bytes = chain->writable_bytes - 1};
    scatter_read(&request->out, header, sizeof(header));
    request->type = get_le32(header);
    request->sector = get_le64(header + 8);
    return true;
}

static void notified(void *device, struct virtqueue *queue)
{
    struct virtio_blk *blk = device;
    struct virtqueue_chain chain;
    struct request request;

    while (virtqueue_pop(queue, &chain) && start(blk, &chain, &request)) {
        finish(&chain, &request, execute(blk, &request));
        virtqueue_push(queue, &chain, (uint32_t)chain.writable_bytes);
    }
}

/* --- life --- */

static const struct virtio_type type = {
    .name = "virtio-blk",
    .id = 2,
    .legacy_pci = 0x1001,
    .class_code = 0x010000,
    .queues = 1,
    .queue_size = {QUEUE_SIZE},
    .config_size = CONFIG_SIZE,
    .notified = notified,
};

static void fill_config(struct virtio_blk *blk)
{
    uint8_t *config = blk->virtio.config;

    put_le64(config + CONFIG_CAPACITY, block_size(blk->block) / SECTOR);
    put_le32(config + CONFIG_SEG_MAX, SEGMENTS);
    put_le32(config + CONFIG_BLK_SIZE, SECTOR);
    put_le32(config + CONFIG_MAX_DISCARD_SECTORS, MOST_SECTORS);
    put_le32(config + CONFIG_MAX_DISCARD_SEG, 1);
    put_le32(config + CONFIG_DISCARD_ALIGNMENT, 1);
    put_le32(config + CONFIG_MAX_WRITE_ZEROES_SECTORS, MOST_SECTORS);
    put_le32(config + CONFIG_MAX_WRITE_ZEROES_SEG, 1);
    config[CONFIG_WRITE_ZEROES_MAY_UNMAP] = 1;
}

static void blk_reset(void *device)
{
    virtio_power_on(&((struct virtio_blk *)device)->virtio);
}

static void blk_unrealize(void *device)
{
    struct virtio_blk *blk = device;

    virtio_finalize(&blk->virtio);
    g_free(blk);
}

/* The disk's contents count as state by their hash; bringing them back is the affair of whoever keeps them. */
static void save_contents(void *object, struct state_writer *out)
{
    state_put_u64(out, block_hash(((struct virtio_blk *)object)->block));
}

static bool load_contents(void *object, struct state_reader *in)
{
    state_get_u64(in);
    return !state_reader_failed(in);
}

static const struct state_field fields[] = {
    STATE_STRUCT(struct virtio_blk, virtio, &virtio_state),
    STATE_CUSTOM("contents", save_contents, load_contents),
    STATE_END,
};

static const struct state_table blk_state = {.name = "virtio-blk", .version = 1, .fields = fields};

static const struct device_class blk_class = {
    .name = "virtio-blk",
    .state = &blk_state,
    .reset = blk_reset,
    .unrealize = blk_unrealize,
};

struct virtio_blk *virtio_blk_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, struct block *block,
                                  const char *id)
{
    struct virtio_blk *blk = g_new0(struct virtio_blk, 1);
    uint64_t features = 1u << F_SEG_MAX | 1u << F_BLK_SIZE | 1u << F_FLUSH;

    features |= block_read_only(block) ? 1u << F_RO : 1u << F_DISCARD | 1u << F_WRITE_ZEROES;
    blk->block = block;
    virtio_init(&blk->virtio, machine, bus, devfn, &type, features, blk, id);
    fill_config(blk);
    machine_add_device(machine, &blk_class, blk, id);
    return blk;
}
