/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device says of itself.  ATA8-ACS sections 7.16 and 7.17. */
#include <stdio.h>
#include <string.h>

#include "devices/storage/ata.h"
#include "emu/bytes.h"

/* Text in words: the first character of each pair is the high byte. */
static void put_text(uint8_t *block, unsigned word, unsigned words, const char *text)
{
    size_t length = strlen(text);

    for (unsigned i = 0; i < words * 2; i++)
        block[word * 2 + (i ^ 1)] = (uint8_t)(i < length ? text[i] : ' ');
}

static void put(uint8_t *block, unsigned word, uint16_t value)
{
    put_le16(&block[word * 2], value);
}

/* One mode of its group is selected: bit 8 + number. */
static uint16_t mode_word(const struct ata_device *device, unsigned group, uint16_t supported)
{
    unsigned selected = device->transfer_mode >> 3 == group ? 1u << (8 + (device->transfer_mode & 7)) : 0;

    return (uint16_t)(supported | selected);
}

static void put_names(const struct ata_device *device, uint8_t *block, const char *model, const char *prefix)
{
    char serial[21];

    snprintf(serial, sizeof(serial), "%s%05u", prefix, device->index + 1);
    put_text(block, 10, 10, serial);
    put_text(block, 23, 4, "1.0");
    put_text(block, 27, 20, model);
}

static void put_integrity(uint8_t *block)
{
    uint8_t sum = 0;

    block[510] = 0xA5;
    for (unsigned i = 0; i < 511; i++)
        sum = (uint8_t)(sum + block[i]);
    block[511] = (uint8_t)-sum;
}

static void put_geometry(const struct ata_device *device, uint8_t *block)
{
    uint64_t sectors = ata_sectors(device);
    uint64_t cylinders = MIN(MAX(sectors / (16 * 63), 1), 16383);
    uint64_t chs = cylinders * 16 * 63;

    put(block, 1, (uint16_t)cylinders);
    put(block, 3, 16);
    put(block, 6, 63);
    put(block, 54, (uint16_t)cylinders);
    put(block, 55, 16);
    put(block, 56, 63);
    put_le32(&block[57 * 2], (uint32_t)chs);
    put_le32(&block[60 * 2], (uint32_t)MIN(sectors, 0x0FFFFFFF));
    put_le64(&block[100 * 2], sectors);
}

/* Words 82 to 87: what is there, and what of it is on. */
static void put_features(const struct ata_device *device, uint8_t *block)
{
    enum { SMART = 1 << 0, POWER = 1 << 3, WRITE_CACHE = 1 << 5, LOOK_AHEAD = 1 << 6, NOP = 1 << 14 };
    uint16_t extended = 1 << 14 | 1 << 13 | 1 << 12 | 1 << 10; /* both FLUSH CACHEs, 48-bit address */
    uint16_t more = 1 << 14 | 1 << 8 | 1 << 6 | 1 << 5;        /* world wide name, FUA, general purpose logs */

    put(block, 82, SMART | POWER | WRITE_CACHE | LOOK_AHEAD);
    put(block, 83, extended);
    put(block, 84, more);
    put(block, 85,
        (uint16_t)((device->smart ? SMART : 0) | POWER | (device->write_cache ? WRITE_CACHE : 0) |
                   (device->look_ahead ? LOOK_AHEAD : 0)));
    put(block, 86, extended & ~(1 << 14));
    put(block, 87, more);
}

void ata_identify(const struct ata_device *device, uint8_t block[ATA_SECTOR])
{
    memset(block, 0, ATA_SECTOR);
    put(block, 0, 0x0040); /* fixed disk */
    put_geometry(device, block);
    put_names(device, block, "GALVANIC HARDDISK", "GV");
    put(block, 47, 0x8000 | 16);
    put(block, 49, 1 << 13 | 1 << 11 | 1 << 10 | 1 << 9 | 1 << 8); /* standby timer, IORDY, LBA, DMA */
    put(block, 50, 1 << 14);
    put(block, 53, 7); /* words 54-58, 64-70 and 88 are valid */
    put(block, 59, (uint16_t)(device->multiple ? 0x100 | device->multiple : 0));
    put(block, 63, mode_word(device, 4, 0x07));
    put(block, 64, 3); /* PIO 3 and 4 */
    for (unsigned word = 65; word <= 68; word++)
        put(block, word, 120);        /* ns a cycle */
    put(block, 69, 1 << 14 | 1 << 5); /* trimmed sectors read as zeros, always */
    put(block, 75, ATA_QUEUE_DEPTH - 1);
    put(block, 76, 1 << 8 | 1 << 2 | 1 << 1); /* NCQ, 3 Gb/s, 1.5 Gb/s */
    put(block, 80, 0x01F0);                   /* ATA/ATAPI-4 to ATA8-ACS */
    put_features(device, block);
    put(block, 88, mode_word(device, 8, 0x7F));
    put(block, 105, 8);            /* blocks of Trim entries */
    put(block, 106, 0x4000);       /* one logical sector of 512 bytes a physical one */
    put(block, 108, 0x5000 | 0x6); /* a name with the NAA 5, made up: no registered company */
    put(block, 109, 0x7616);
    put(block, 110, 0x4C00);
    put(block, 111, (uint16_t)(device->index + 1));
    put(block, 119, 1 << 14);
    put(block, 120, 1 << 14);
    put(block, 169, 1);      /* Trim */
    put(block, 217, 1);      /* does not rotate */
    put(block, 222, 0x101F); /* Serial ATA */
    put_integrity(block);
}

void ata_identify_packet(const struct ata_device *device, uint8_t block[ATA_SECTOR])
{
    memset(block, 0, ATA_SECTOR);
    put(block, 0, 2 << 14 | 5 << 8 | 1 << 7 | 2 << 5); /* CD-ROM, removable, DRQ within 50 us, 12-byte packets */
    put_names(device, block, "GALVANIC CD-ROM", "GC");
    put(block, 49, 1 << 11 | 1 << 10 | 1 << 9 | 1 << 8);
    put(block, 53, 6);
    put(block, 63, mode_word(device, 4, 0x07));
    put(block, 64, 3);
    for (unsigned word = 65; word <= 68; word++)
        put(block, word, 120);
    put(block, 76, 1 << 2 | 1 << 1);
    put(block, 80, 0x01F0);
    put(block, 82, 1 << 9 | 1 << 4 | 1 << 3); /* DEVICE RESET, PACKET, power management */
    put(block, 83, 1 << 14);
    put(block, 84, 1 << 14);
    put(block, 85, 1 << 9 | 1 << 4 | 1 << 3);
    put(block, 87, 1 << 14);
    put(block, 88, mode_word(device, 8, 0x7F));
    put(block, 222, 0x101F);
    put_integrity(block);
}
