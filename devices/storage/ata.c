/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command set of a disk.  ATA8-ACS section 7. */
#include "devices/storage/ata.h"

#include <inttypes.h>
#include <string.h>

#include "emu/bytes.h"

enum {
    ATA_DEVICE_LBA = 0x40,
    ATA_DEVICE_FUA = 0x80, /* queued commands */
    ATA_HEADS = 16,
    ATA_SECTORS_PER_TRACK = 63,
    ATA_MULTIPLE_MAX = 16,
    ATA_TRIM_BLOCKS_MAX = 8,
    ATA_POWER_STANDBY = 0x00,
    ATA_POWER_ACTIVE = 0xFF,
    ATA_MODE_DEFAULT = 0x45, /* Ultra DMA 5 */
};

enum command_flags {
    EXTENDED = 1, /* 48-bit address */
    FORCE = 2,    /* FUA: on the medium before it completes */
    MULTIPLE = 4,
};

struct ata_command {
    void (*execute)(struct ata_device *device, struct ata_request *request, unsigned flags);
    enum ata_protocol protocol;
    unsigned flags;
};

void ata_abort(struct ata_request *request, uint8_t error)
{
    request->status = ATA_DRDY | ATA_DSC | ATA_ERR;
    request->error = error;
}

uint64_t ata_sectors(const struct ata_device *device)
{
    return block_size(device->block) / ATA_SECTOR;
}

void ata_send(struct ata_request *request, const void *block)
{
    scatter_write(&request->data, block, ATA_SECTOR);
}

/* --- addresses --- */

struct range {
    uint64_t lba;
    uint32_t sectors;
};

static uint64_t address_28(const struct ata_request *request)
{
    uint64_t low = request->lba & 0xFFFFFF;
    unsigned head = request->device & 0x0F;

    if (request->device & ATA_DEVICE_LBA)
        return low | (uint64_t)head << 24;
    /* Cylinder, head, sector; sectors count from one, and sector zero is nowhere. */
    if ((low & 0xFF) == 0)
        return UINT64_MAX;
    return ((low >> 8) * ATA_HEADS + head) * ATA_SECTORS_PER_TRACK + (low & 0xFF) - 1;
}

static struct range request_range(const struct ata_request *request, unsigned flags)
{
    if (request->protocol == ATA_PROTOCOL_QUEUED_IN || request->protocol == ATA_PROTOCOL_QUEUED_OUT)
        return (struct range){request->lba, request->features ? request->features : 65536};
    if (flags & EXTENDED)
        return (struct range){request->lba, request->count ? request->count : 65536};
    return (struct range){address_28(request), request->count & 0xFF ? request->count & 0xFF : 256};
}

static bool range_valid(const struct ata_device *device, const struct range *range)
{
    uint64_t sectors = ata_sectors(device);

    return range->lba < sectors && range->sectors <= sectors - range->lba;
}

/* Where it went wrong: the first sector that was not moved. */
static void fail_at(struct ata_request *request, unsigned flags, uint64_t lba, uint8_t error)
{
    ata_abort(request, error);
    if (flags & EXTENDED) {
        request->lba = lba;
    } else if (request->device & ATA_DEVICE_LBA) {
        request->lba = lba & 0xFFFFFF;
        request->device = (uint8_t)((request->device & 0xF0) | (lba >> 24 & 0x0F));
    }
}

/* --- data --- */

static void read_sectors(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    struct range range = request_range(request, flags);

    if ((flags & MULTIPLE) && !device->multiple) {
        ata_abort(request, ATA_ABRT);
        return;
    }
    device->power_mode = ATA_POWER_ACTIVE;
    trace_event(machine_trace_log(device->machine), TRACE_BLOCK, device->id, "read lba %" PRIu64 " sectors %u",
                range.lba, range.sectors);
    if (!range_valid(device, &range)) {
        fail_at(request, flags, range.lba, ATA_IDNF);
        return;
    }
    if (scatter_from_disk(&request->data, device->block, range.lba * ATA_SECTOR, (uint64_t)range.sectors * ATA_SECTOR))
        return;
    if (!request->data.bad && !request->data.short_list) {
        machine_note(device->machine, "%s: reading '%s' failed at sector %" PRIu64, device->id,
                     block_path(device->block), range.lba + request->data.done / ATA_SECTOR);
        fail_at(request, flags, range.lba + request->data.done / ATA_SECTOR, ATA_UNC);
    }
}

static void write_failed(struct ata_device *device, struct ata_request *request, unsigned flags, uint64_t lba)
{
    if (block_read_only(device->block)) {
        machine_guest_error(device->machine, device->id, "write to '%s', which is read-only",
                            block_path(device->block));
        ata_abort(request, ATA_ABRT | ATA_WP);
        return;
    }
    machine_note(device->machine, "%s: writing '%s' failed at sector %" PRIu64, device->id, block_path(device->block),
                 lba);
    fail_at(request, flags, lba, ATA_ABRT);
    request->status |= ATA_DF;
}

static void write_sectors(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    struct range range = request_range(request, flags);
    bool force = flags & FORCE || !device->write_cache ||
                 (request->protocol == ATA_PROTOCOL_QUEUED_OUT && request->device & ATA_DEVICE_FUA);

    if ((flags & MULTIPLE) && !device->multiple) {
        ata_abort(request, ATA_ABRT);
        return;
    }
    device->power_mode = ATA_POWER_ACTIVE;
    trace_event(machine_trace_log(device->machine), TRACE_BLOCK, device->id, "write lba %" PRIu64 " sectors %u%s",
                range.lba, range.sectors, force ? " to the medium" : "");
    if (!range_valid(device, &range)) {
        fail_at(request, flags, range.lba, ATA_IDNF);
        return;
    }
    if (!scatter_to_disk(&request->data, device->block, range.lba * ATA_SECTOR, (uint64_t)range.sectors * ATA_SECTOR)) {
        if (!request->data.bad && !request->data.short_list)
            write_failed(device, request, flags, range.lba + request->data.done / ATA_SECTOR);
        return;
    }
    if (force && !block_flush(device->block))
        write_failed(device, request, flags, range.lba);
}

static void verify_sectors(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    struct range range = request_range(request, flags);

    device->power_mode = ATA_POWER_ACTIVE;
    if (!range_valid(device, &range))
        fail_at(request, flags, range.lba, ATA_IDNF);
}

static void queued(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    if (request->protocol == ATA_PROTOCOL_QUEUED_IN)
        read_sectors(device, request, flags);
    else
        write_sectors(device, request, flags);
    if (request->status & ATA_ERR)
        device->queue_error = (struct ata_queue_error){.valid = true,
                                                       .tag = (uint8_t)(request->count >> 3 & 0x1F),
                                                       .status = request->status,
                                                       .error = request->error,
                                                       .device = request->device,
                                                       .count = request->count,
                                                       .lba = request->lba};
}

static void flush_cache(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    trace_event(machine_trace_log(device->machine), TRACE_BLOCK, device->id, "flush");
    if (!block_flush(device->block))
        write_failed(device, request, flags, 0);
}

/* DATA SET MANAGEMENT, Trim: blocks of 64 entries, each a 48-bit address and a 16-bit count. */
static void data_set_management(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    unsigned blocks = request->count;
    uint8_t block[ATA_SECTOR];

    if (request->features != 1 || blocks == 0 || blocks > ATA_TRIM_BLOCKS_MAX) {
        ata_abort(request, ATA_ABRT);
        return;
    }
    for (unsigned i = 0; i < blocks; i++) {
        if (!scatter_read(&request->data, block, sizeof(block)))
            return;
        for (unsigned entry = 0; entry < ATA_SECTOR; entry += 8) {
            uint64_t value = get_le64(&block[entry]);
            struct range range = {value & 0xFFFFFFFFFFFF, (uint32_t)(value >> 48)};

            if (range.sectors == 0)
                continue;
            trace_event(machine_trace_log(device->machine), TRACE_BLOCK, device->id,
                        "discard lba %" PRIu64 " sectors %u", range.lba, range.sectors);
            if (!range_valid(device, &range)) {
                fail_at(request, EXTENDED, range.lba, ATA_ABRT | ATA_IDNF);
                return;
            }
            if (!block_discard(device->block, range.lba * ATA_SECTOR, (uint64_t)range.sectors * ATA_SECTOR)) {
                write_failed(device, request, flags | EXTENDED, range.lba);
                return;
            }
        }
    }
}

/* --- the rest --- */

static void identify(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    uint8_t block[ATA_SECTOR];

    ata_identify(device, block);
    ata_send(request, block);
}

static void read_log(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    ata_read_log(device, request);
}

static void smart(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    ata_smart(device, request);
}

static void nothing(struct ata_device *device, struct ata_request *request, unsigned flags)
{
}

static void read_native_max(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    uint64_t last = ata_sectors(device) - 1;

    if (flags & EXTENDED) {
        request->lba = last;
    } else {
        last = MIN(last, 0x0FFFFFFF);
        request->lba = last & 0xFFFFFF;
        request->device = (uint8_t)((request->device & 0xF0) | last >> 24);
    }
}

static void set_multiple(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    unsigned count = request->count & 0xFF;

    if (count > ATA_MULTIPLE_MAX || (count & (count - 1)) != 0)
        ata_abort(request, ATA_ABRT);
    else
        device->multiple = (uint8_t)count;
}

static bool valid_mode(uint8_t mode)
{
    unsigned number = mode & 7;

    switch (mode >> 3) {
    case 0:
        return number <= 1; /* PIO default, with or without IORDY */
    case 1:
        return number <= 4; /* PIO flow control */
    case 4:
        return number <= 2; /* multiword DMA */
    case 8:
        return number <= 6; /* Ultra DMA */
    default:
        return false;
    }
}

static void set_features(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    switch (request->features & 0xFF) {
    case 0x02:
        device->write_cache = true;
        return;
    case 0x82: /* what was cached must not be lost by turning the cache off */
        device->write_cache = false;
        flush_cache(device, request, 0);
        return;
    case 0x03:
        if (valid_mode(request->count & 0xFF))
            device->transfer_mode = request->count & 0xFF;
        else
            ata_abort(request, ATA_ABRT);
        return;
    case 0xAA:
        device->look_ahead = true;
        return;
    case 0x55:
        device->look_ahead = false;
        return;
    case 0x66: /* keep, or revert to, defaults at a software reset: ours never change by one */
    case 0xCC:
        return;
    default:
        ata_abort(request, ATA_ABRT);
    }
}

static void power(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    switch (request->command) {
    case 0xE5: /* CHECK POWER MODE */
        request->count = device->power_mode;
        return;
    case 0xE0: /* STANDBY IMMEDIATE, STANDBY, SLEEP */
    case 0xE2:
    case 0xE6:
        flush_cache(device, request, 0);
        device->power_mode = ATA_POWER_STANDBY;
        return;
    default: /* IDLE IMMEDIATE, IDLE */
        device->power_mode = ATA_POWER_ACTIVE;
    }
}

static void diagnose(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    ata_signature(device, request);
}

static void packet(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    atapi_execute(device, request);
}

static void identify_packet(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    uint8_t block[ATA_SECTOR];

    ata_identify_packet(device, block);
    ata_send(request, block);
}

static void device_reset(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    ata_device_reset(device);
    ata_signature(device, request);
}

/* What a CD-ROM answers to IDENTIFY DEVICE and READ SECTORS: its signature, and an error. */
static void not_a_disk(struct ata_device *device, struct ata_request *request, unsigned flags)
{
    ata_signature(device, request);
    ata_abort(request, ATA_ABRT);
}

#define NO_DATA ATA_PROTOCOL_NONE
#define PIO_IN ATA_PROTOCOL_PIO_IN
#define PIO_OUT ATA_PROTOCOL_PIO_OUT
#define DMA_IN ATA_PROTOCOL_DMA_IN
#define DMA_OUT ATA_PROTOCOL_DMA_OUT

static const struct ata_command disk_commands[256] = {
    [0x06] = {data_set_management, DMA_OUT, EXTENDED},
    [0x10] = {nothing, NO_DATA, 0}, /* RECALIBRATE */
    [0x20] = {read_sectors, PIO_IN, 0},
    [0x21] = {read_sectors, PIO_IN, 0},
    [0x24] = {read_sectors, PIO_IN, EXTENDED},
    [0x25] = {read_sectors, DMA_IN, EXTENDED},
    [0x27] = {read_native_max, NO_DATA, EXTENDED},
    [0x29] = {read_sectors, PIO_IN, EXTENDED | MULTIPLE},
    [0x2F] = {read_log, PIO_IN, EXTENDED},
    [0x30] = {write_sectors, PIO_OUT, 0},
    [0x31] = {write_sectors, PIO_OUT, 0},
    [0x34] = {write_sectors, PIO_OUT, EXTENDED},
    [0x35] = {write_sectors, DMA_OUT, EXTENDED},
    [0x39] = {write_sectors, PIO_OUT, EXTENDED | MULTIPLE},
    [0x3D] = {write_sectors, DMA_OUT, EXTENDED | FORCE},
    [0x40] = {verify_sectors, NO_DATA, 0},
    [0x41] = {verify_sectors, NO_DATA, 0},
    [0x42] = {verify_sectors, NO_DATA, EXTENDED},
    [0x47] = {read_log, DMA_IN, EXTENDED},
    [0x60] = {queued, ATA_PROTOCOL_QUEUED_IN, EXTENDED},
    [0x61] = {queued, ATA_PROTOCOL_QUEUED_OUT, EXTENDED},
    [0x70] = {verify_sectors, NO_DATA, 0}, /* SEEK */
    [0x90] = {diagnose, NO_DATA, 0},
    [0x91] = {nothing, NO_DATA, 0}, /* INITIALIZE DEVICE PARAMETERS: one geometry only */
    [0xB0] = {smart, PIO_IN, 0},
    [0xC4] = {read_sectors, PIO_IN, MULTIPLE},
    [0xC5] = {write_sectors, PIO_OUT, MULTIPLE},
    [0xC6] = {set_multiple, NO_DATA, 0},
    [0xC8] = {read_sectors, DMA_IN, 0},
    [0xC9] = {read_sectors, DMA_IN, 0},
    [0xCA] = {write_sectors, DMA_OUT, 0},
    [0xCB] = {write_sectors, DMA_OUT, 0},
    [0xCE] = {write_sectors, PIO_OUT, EXTENDED | MULTIPLE | FORCE},
    [0xE0] = {power, NO_DATA, 0},
    [0xE1] = {power, NO_DATA, 0},
    [0xE2] = {power, NO_DATA, 0},
    [0xE3] = {power, NO_DATA, 0},
    [0xE5] = {power, NO_DATA, 0},
    [0xE6] = {power, NO_DATA, 0},
    [0xE7] = {flush_cache, NO_DATA, 0},
    [0xEA] = {flush_cache, NO_DATA, EXTENDED},
    [0xEC] = {identify, PIO_IN, 0},
    [0xEF] = {set_features, NO_DATA, 0},
    [0xF8] = {read_native_max, NO_DATA, 0},
};

static const struct ata_command packet_commands[256] = {
    [0x08] = {device_reset, NO_DATA, 0},   [0x20] = {not_a_disk, NO_DATA, 0},
    [0x90] = {diagnose, NO_DATA, 0},       [0xA0] = {packet, ATA_PROTOCOL_PACKET, 0},
    [0xA1] = {identify_packet, PIO_IN, 0}, [0xE0] = {power, NO_DATA, 0},
    [0xE1] = {power, NO_DATA, 0},          [0xE2] = {power, NO_DATA, 0},
    [0xE3] = {power, NO_DATA, 0},          [0xE5] = {power, NO_DATA, 0},
    [0xE6] = {power, NO_DATA, 0},          [0xEC] = {not_a_disk, NO_DATA, 0},
    [0xEF] = {set_features, NO_DATA, 0},
};

void ata_execute(struct ata_device *device, struct ata_request *request)
{
    const struct ata_command *command = &(device->packet ? packet_commands : disk_commands)[request->command];

    request->status = ATA_DRDY | ATA_DSC;
    request->error = 0;
    request->protocol = command->protocol;
    if (command->execute) {
        command->execute(device, request, command->flags);
        return;
    }
    trace_event(machine_trace_log(device->machine), TRACE_DEVICE, device->id, "command 0x%02x is not known",
                request->command);
    ata_abort(request, ATA_ABRT);
}

void ata_signature(const struct ata_device *device, struct ata_request *request)
{
    request->count = 1;
    request->lba = device->packet ? 0xEB1401 : 0x000001;
    request->device = 0;
    request->error = 1; /* diagnostics passed */
    request->status = device->packet ? 0 : ATA_DRDY | ATA_DSC;
}

void ata_device_reset(struct ata_device *device)
{
    device->multiple = ATA_MULTIPLE_MAX;
    device->transfer_mode = ATA_MODE_DEFAULT;
    device->power_mode = ATA_POWER_ACTIVE;
    device->write_cache = device->look_ahead = device->smart = true;
    device->queue_error = (struct ata_queue_error){0};
    atapi_reset(device);
}

void ata_device_init(struct ata_device *device, struct machine *machine, struct block *block, bool packet_device,
                     const char *id, unsigned index)
{
    *device = (struct ata_device){.machine = machine, .block = block, .packet = packet_device, .index = index};
    g_strlcpy(device->id, id, sizeof(device->id));
    ata_device_reset(device);
}

/* --- state --- */

static const struct state_field queue_error_fields[] = {
    STATE_BOOL(struct ata_queue_error, valid), STATE_U8(struct ata_queue_error, tag),
    STATE_U8(struct ata_queue_error, status),  STATE_U8(struct ata_queue_error, error),
    STATE_U8(struct ata_queue_error, device),  STATE_U16(struct ata_queue_error, count),
    STATE_U64(struct ata_queue_error, lba),    STATE_END,
};

static const struct state_table queue_error_state = {
    .name = "ata-queue-error", .version = 1, .fields = queue_error_fields};

/* The disk's contents count as state by their hash; bringing them back is the affair of whoever keeps them. */
static void save_contents(void *object, struct state_writer *out)
{
    struct ata_device *device = object;

    state_put_u64(out, device->block ? block_hash(device->block) : 0);
}

static bool load_contents(void *object, struct state_reader *in)
{
    state_get_u64(in);
    return !state_reader_failed(in);
}

static const struct state_field fields[] = {
    STATE_U8(struct ata_device, multiple),
    STATE_U8(struct ata_device, transfer_mode),
    STATE_U8(struct ata_device, power_mode),
    STATE_BOOL(struct ata_device, write_cache),
    STATE_BOOL(struct ata_device, look_ahead),
    STATE_BOOL(struct ata_device, smart),
    STATE_STRUCT(struct ata_device, queue_error, &queue_error_state),
    STATE_U8(struct ata_device, sense_key),
    STATE_U8(struct ata_device, sense_code),
    STATE_U8(struct ata_device, sense_qualifier),
    STATE_BOOL(struct ata_device, attention),
    STATE_BOOL(struct ata_device, media_event),
    STATE_BOOL(struct ata_device, tray_open),
    STATE_BOOL(struct ata_device, locked),
    STATE_CUSTOM("contents", save_contents, load_contents),
    STATE_END,
};

const struct state_table ata_device_state = {.name = "ata-device", .version = 1, .fields = fields};
