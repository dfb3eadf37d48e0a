/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs and SMART, as much as tools ask of a healthy disk.  ATA8-ACS sections 7.36 and 7.53. */
#include <string.h>

#include "devices/storage/ata.h"
#include "emu/bytes.h"

enum {
    LOG_DIRECTORY = 0x00,
    LOG_SMART_SUMMARY = 0x01,
    LOG_SELF_TEST = 0x06,
    LOG_QUEUE_ERROR = 0x10,

    SMART_READ_DATA = 0xD0,
    SMART_READ_THRESHOLDS = 0xD1,
    SMART_AUTOSAVE = 0xD2,
    SMART_OFFLINE = 0xD4,
    SMART_READ_LOG = 0xD5,
    SMART_ENABLE = 0xD8,
    SMART_DISABLE = 0xD9,
    SMART_RETURN_STATUS = 0xDA,
};
#define SMART_KEY 0xC24F00 /* in LBA high and mid */

static void put_checksum(uint8_t *block)
{
    uint8_t sum = 0;

    for (unsigned i = 0; i < ATA_SECTOR - 1; i++)
        sum = (uint8_t)(sum + block[i]);
    block[ATA_SECTOR - 1] = (uint8_t)-sum;
}

static void queue_error_page(struct ata_device *device, uint8_t *block)
{
    const struct ata_queue_error *error = &device->queue_error;

    block[0] = error->valid ? error->tag : 0x80; /* not from a queued command */
    block[2] = error->status;
    block[3] = error->error;
    block[4] = (uint8_t)error->lba;
    block[5] = (uint8_t)(error->lba >> 8);
    block[6] = (uint8_t)(error->lba >> 16);
    block[7] = error->device;
    block[8] = (uint8_t)(error->lba >> 24);
    block[9] = (uint8_t)(error->lba >> 32);
    block[10] = (uint8_t)(error->lba >> 40);
    put_le16(&block[12], error->count);
    put_checksum(block);
    device->queue_error.valid = false;
}

void ata_read_log(struct ata_device *device, struct ata_request *request)
{
    unsigned log = request->lba & 0xFF, page = (request->lba >> 8 & 0xFF) | (request->lba >> 32 & 0xFF) << 8;
    uint8_t block[ATA_SECTOR] = {0};

    /* One page each. */
    if (request->count != 1 || page != 0) {
        ata_abort(request, ATA_ABRT);
        return;
    }
    switch (log) {
    case LOG_DIRECTORY:
        put_le16(&block[0], 1); /* version */
        put_le16(&block[LOG_QUEUE_ERROR * 2], 1);
        break;
    case LOG_QUEUE_ERROR:
        queue_error_page(device, block);
        break;
    default:
        ata_abort(request, ATA_ABRT);
        return;
    }
    ata_send(request, block);
}

static void smart_data(uint8_t *block)
{
    put_le16(&block[0], 1);   /* structure version */
    block[362] = 0x02;        /* off-line collection completed */
    put_le16(&block[368], 3); /* SMART saves its data before power modes, and by itself */
    block[370] = 1;           /* error logging */
    put_checksum(block);
}

static void smart_log(struct ata_request *request)
{
    uint8_t block[ATA_SECTOR] = {0};

    if ((request->count & 0xFF) != 1) {
        ata_abort(request, ATA_ABRT);
        return;
    }
    switch (request->lba & 0xFF) {
    case LOG_DIRECTORY:
        put_le16(&block[0], 1);
        block[LOG_SMART_SUMMARY * 2] = 1;
        block[LOG_SELF_TEST * 2] = 1;
        break;
    case LOG_SMART_SUMMARY:
    case LOG_SELF_TEST:
        block[0] = 1; /* version; nothing has happened yet */
        put_checksum(block);
        break;
    default:
        ata_abort(request, ATA_ABRT);
        return;
    }
    ata_send(request, block);
}

void ata_smart(struct ata_device *device, struct ata_request *request)
{
    unsigned what = request->features & 0xFF;
    uint8_t block[ATA_SECTOR] = {0};

    if (what != SMART_READ_DATA && what != SMART_READ_THRESHOLDS && what != SMART_READ_LOG)
        request->protocol = ATA_PROTOCOL_NONE;
    if ((request->lba & 0xFFFF00) != SMART_KEY || (!device->smart && what != SMART_ENABLE)) {
        ata_abort(request, ATA_ABRT);
        return;
    }
    switch (what) {
    case SMART_READ_DATA:
        smart_data(block);
        ata_send(request, block);
        return;
    case SMART_READ_THRESHOLDS:
        put_le16(&block[0], 1);
        put_checksum(block);
        ata_send(request, block);
        return;
    case SMART_READ_LOG:
        smart_log(request);
        return;
    case SMART_ENABLE:
    case SMART_DISABLE:
        device->smart = what == SMART_ENABLE;
        return;
    case SMART_AUTOSAVE:
    case SMART_OFFLINE:
        return;
    case SMART_RETURN_STATUS: /* the key unchanged: no threshold exceeded */
        return;
    default:
        ata_abort(request, ATA_ABRT);
    }
}
