/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ATA disk or ATAPI CD-ROM behind any controller: registers in, data through a scatter list, registers out.
 * ATA8-ACS (commands), ATA/ATAPI-7 volume 2 (PACKET), MMC-5 (the CD-ROM).
 *
 * A command is carried out when it is given; when the guest learns of it is the controller's affair.
 */
#ifndef GALVANIC_DEVICES_STORAGE_ATA_H
#define GALVANIC_DEVICES_STORAGE_ATA_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/storage/scatter.h"
#include "emu/machine.h"

enum { ATA_SECTOR = 512, ATAPI_SECTOR = 2048, ATA_QUEUE_DEPTH = 32 };

enum ata_status_bits { ATA_ERR = 0x01, ATA_DRQ = 0x08, ATA_DSC = 0x10, ATA_DF = 0x20, ATA_DRDY = 0x40, ATA_BSY = 0x80 };
enum ata_error_bits { ATA_ABRT = 0x04, ATA_IDNF = 0x10, ATA_UNC = 0x40, ATA_WP = 0x40 };

/* How a command moves its data; the controller reports accordingly. */
enum ata_protocol {
    ATA_PROTOCOL_NONE,
    ATA_PROTOCOL_PIO_IN,
    ATA_PROTOCOL_PIO_OUT,
    ATA_PROTOCOL_DMA_IN,
    ATA_PROTOCOL_DMA_OUT,
    ATA_PROTOCOL_QUEUED_IN, /* FPDMA, the tag is in bits 7:3 of count */
    ATA_PROTOCOL_QUEUED_OUT,
    ATA_PROTOCOL_PACKET,
};

struct ata_request {
    /* Given by the controller. */
    uint8_t command, device;
    uint16_t features, count;
    uint64_t lba; /* 48 bits; with 28-bit commands bits 27:24 are in `device` */
    uint8_t packet[16];
    struct scatter data;
    /* The answer: count, lba and device are overwritten too. */
    uint8_t status, error;
    enum ata_protocol protocol;
};

/* The NCQ error log, page 10h. */
struct ata_queue_error {
    bool valid;
    uint8_t tag, status, error, device;
    uint16_t count;
    uint64_t lba;
};

struct ata_device {
    struct machine *machine;
    struct block *block;
    bool packet; /* CD-ROM */
    char id[24]; /* "ahci.0", for messages, the trace and the serial number */
    unsigned index;
    /* Settings */
    uint8_t multiple;      /* sectors of a READ MULTIPLE block, 0: off */
    uint8_t transfer_mode; /* as in SET FEATURES 03h */
    uint8_t power_mode;    /* as CHECK POWER MODE tells it */
    bool write_cache, look_ahead, smart;
    struct ata_queue_error queue_error;
    /* CD-ROM */
    uint8_t sense_key, sense_code, sense_qualifier;
    bool attention;   /* the medium is new since the last command */
    bool media_event; /* the same, for GET EVENT STATUS NOTIFICATION */
    bool tray_open, locked;
};

extern const struct state_table ata_device_state;

/* @block is the caller's, and lives as long as the device; @index makes the serial number. */
void ata_device_init(struct ata_device *device, struct machine *machine, struct block *block, bool packet,
                     const char *id, unsigned index);
void ata_device_reset(struct ata_device *device);
/* The registers after a reset: the signature, by which a host knows disk from CD-ROM. */
void ata_signature(const struct ata_device *device, struct ata_request *request);
void ata_execute(struct ata_device *device, struct ata_request *request);

/* --- between the files of the ATA layer --- */
void ata_abort(struct ata_request *request, uint8_t error);
uint64_t ata_sectors(const struct ata_device *device);
/* A block of 512 bytes made by the device goes to the guest. */
void ata_send(struct ata_request *request, const void *block);
void ata_identify(const struct ata_device *device, uint8_t block[ATA_SECTOR]);
void ata_identify_packet(const struct ata_device *device, uint8_t block[ATA_SECTOR]);
void ata_smart(struct ata_device *device, struct ata_request *request);
void ata_read_log(struct ata_device *device, struct ata_request *request);
void atapi_reset(struct ata_device *device);
void atapi_execute(struct ata_device *device, struct ata_request *request);

#endif
