/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CD-ROM with an ISO image in it: the PACKET command.  MMC-5, SPC-3 section 6. */
#include <inttypes.h>
#include <string.h>

#include "devices/storage/ata.h"
#include "emu/bytes.h"

enum sense_key { SENSE_NONE = 0, SENSE_NOT_READY = 2, SENSE_MEDIUM_ERROR = 3, SENSE_ILLEGAL = 5, SENSE_ATTENTION = 6 };

/* Additional sense code << 8 | qualifier. */
enum sense_code {
    CODE_NONE = 0x0000,
    CODE_READ_ERROR = 0x1100,
    CODE_INVALID_OPERATION = 0x2000,
    CODE_OUT_OF_RANGE = 0x2100,
    CODE_INVALID_FIELD = 0x2400,
    CODE_MEDIUM_CHANGED = 0x2800,
    CODE_NO_MEDIUM = 0x3A00,
    CODE_REMOVAL_PREVENTED = 0x5302,
};

enum {
    PROFILE_CD_ROM = 0x08,
    PROFILE_DVD_ROM = 0x10,
    CD_SECTORS_MAX = 449850, /* 99:59:74; what is larger is a DVD */
    LEAD_OUT = 0xAA,
};

/* Largest answer that a command makes itself. */
#define ANSWER_MAX 512

struct answer {
    uint8_t bytes[ANSWER_MAX];
    unsigned length;
};

struct packet_command {
    uint8_t operation;
    bool needs_medium;
    bool passes_attention; /* may be given while a unit attention waits */
    void (*execute)(struct ata_device *device, struct ata_request *request, struct answer *answer);
};

static void fail(struct ata_device *device, struct ata_request *request, enum sense_key key, unsigned code)
{
    device->sense_key = (uint8_t)key;
    device->sense_code = (uint8_t)(code >> 8);
    device->sense_qualifier = (uint8_t)code;
    ata_abort(request, (uint8_t)(key << 4 | (key == SENSE_ILLEGAL ? ATA_ABRT : 0)));
}

static uint32_t sectors(const struct ata_device *device)
{
    uint64_t count = (block_size(device->block) + ATAPI_SECTOR - 1) / ATAPI_SECTOR;

    return (uint32_t)MIN(count, UINT32_MAX);
}

static unsigned profile(const struct ata_device *device)
{
    return sectors(device) <= CD_SECTORS_MAX ? PROFILE_CD_ROM : PROFILE_DVD_ROM;
}

void atapi_reset(struct ata_device *device)
{
    device->sense_key = SENSE_NONE;
    device->sense_code = device->sense_qualifier = 0;
    device->tray_open = device->locked = false;
    /* Firmware, which looked at the medium first, has seen the unit attention of power-on. */
    device->attention = false;
    device->media_event = true;
}

/* --- information --- */

static void test_unit_ready(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
}

static void request_sense(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    uint8_t *p = answer->bytes;

    if (device->attention) {
        device->attention = false;
        device->sense_key = SENSE_ATTENTION;
        device->sense_code = CODE_MEDIUM_CHANGED >> 8;
        device->sense_qualifier = CODE_MEDIUM_CHANGED & 0xFF;
    }
    p[0] = 0x70; /* current, fixed format */
    p[2] = device->sense_key;
    p[7] = 10;
    p[12] = device->sense_code;
    p[13] = device->sense_qualifier;
    answer->length = MIN(18, request->packet[4]);
    device->sense_key = device->sense_code = device->sense_qualifier = 0;
}

static void put_padded(uint8_t *to, const char *text, size_t width)
{
    size_t length = strlen(text);

    memset(to, ' ', width);
    memcpy(to, text, MIN(length, width));
}

static void inquiry(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    uint8_t *p = answer->bytes;
    unsigned most = get_be16(&request->packet[3]), page = request->packet[2];

    p[0] = 0x05;                  /* CD-ROM */
    if (request->packet[1] & 1) { /* vital product data */
        if (page != 0x00 && page != 0x80) {
            fail(device, request, SENSE_ILLEGAL, CODE_INVALID_FIELD);
            return;
        }
        p[1] = (uint8_t)page;
        if (page == 0x00) {
            p[3] = 2;
            p[5] = 0x80;
        } else {
            p[3] = 8;
            put_padded(&p[4], "GC00001", 8);
        }
        answer->length = MIN(4u + p[3], most);
        return;
    }
    if (page != 0) {
        fail(device, request, SENSE_ILLEGAL, CODE_INVALID_FIELD);
        return;
    }
    p[1] = 0x80; /* removable */
    p[2] = 0x05; /* SPC-3 */
    p[3] = 0x02;
    p[4] = 31;
    put_padded(&p[8], "GALVANIC", 8);
    put_padded(&p[16], "CD-ROM", 16);
    put_padded(&p[32], "1.0", 4);
    answer->length = MIN(36, most);
}

static void read_capacity(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    put_be32(&answer->bytes[0], sectors(device) - 1);
    put_be32(&answer->bytes[4], ATAPI_SECTOR);
    answer->length = 8;
}

static void put_address(uint8_t *to, uint32_t lba, bool msf)
{
    if (!msf) {
        put_be32(to, lba);
        return;
    }
    lba += 150; /* two seconds of lead-in */
    to[0] = 0;
    to[1] = (uint8_t)(lba / (75 * 60));
    to[2] = (uint8_t)(lba / 75 % 60);
    to[3] = (uint8_t)(lba % 75);
}

static void put_track(uint8_t *to, uint8_t number, uint32_t lba, bool msf)
{
    to[1] = 0x14; /* data track, position */
    to[2] = number;
    put_address(&to[4], lba, msf);
}

static void read_toc(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    bool msf = request->packet[1] & 2;
    unsigned format = request->packet[2] & 0x0F, start = request->packet[6];
    unsigned most = get_be16(&request->packet[7]), length = 4;
    uint8_t *p = answer->bytes;

    if (format == 0)
        format = request->packet[9] >> 6; /* where it stood in SFF-8020 */
    p[2] = p[3] = 1;
    if (format == 0 && (start <= 1 || start == LEAD_OUT)) {
        if (start <= 1) {
            put_track(&p[length], 1, 0, msf);
            length += 8;
        }
        put_track(&p[length], LEAD_OUT, sectors(device), msf);
        length += 8;
    } else if (format == 1) {
        put_track(&p[length], 1, 0, msf);
        length += 8;
    } else {
        fail(device, request, SENSE_ILLEGAL, CODE_INVALID_FIELD);
        return;
    }
    put_be16(&p[0], (uint16_t)(length - 2));
    answer->length = MIN(length, most);
}

static unsigned put_feature(uint8_t *to, unsigned code, bool current, const uint8_t *data, unsigned length)
{
    put_be16(to, (uint16_t)code);
    to[2] = (uint8_t)(1 << 1 | current); /* persistent */
    to[3] = (uint8_t)length;
    memcpy(&to[4], data, length);
    return 4 + length;
}

static void get_configuration(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    unsigned which = request->packet[1] & 3, first = get_be16(&request->packet[2]);
    unsigned most = get_be16(&request->packet[7]), length = 8, now = device->tray_open ? 0 : profile(device);
    const struct {
        unsigned code;
        bool current;
        uint8_t data[8];
        uint8_t length;
    } features[] = {
        {0x0000, true, {0, PROFILE_DVD_ROM, now == PROFILE_DVD_ROM, 0, 0, PROFILE_CD_ROM, now == PROFILE_CD_ROM, 0}, 8},
        {0x0001, true, {0, 0, 0, 2, 1, 0, 0, 0}, 8},                     /* core: ATAPI */
        {0x0003, true, {0x29, 0, 0, 0}, 4},                              /* removable: tray, lock, eject */
        {0x0010, now != 0, {0, 0, ATAPI_SECTOR >> 8, 0, 0, 1, 0, 0}, 8}, /* random readable */
        {0x001E, now == PROFILE_CD_ROM, {0, 0, 0, 0}, 4},
        {0x001F, now == PROFILE_DVD_ROM, {0, 0, 0, 0}, 4},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(features); i++) {
        bool wanted = which == 2 ? features[i].code == first : features[i].code >= first;

        if (wanted && (which != 1 || features[i].current))
            length += put_feature(&answer->bytes[length], features[i].code, features[i].current, features[i].data,
                                  features[i].length);
    }
    put_be32(&answer->bytes[0], length - 4);
    put_be16(&answer->bytes[6], (uint16_t)now);
    answer->length = MIN(length, most);
}

static void get_event_status(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    enum { MEDIA_CLASS = 4 };
    unsigned most = get_be16(&request->packet[7]);
    uint8_t *p = answer->bytes;

    if (!(request->packet[1] & 1)) { /* only when polled */
        fail(device, request, SENSE_ILLEGAL, CODE_INVALID_FIELD);
        return;
    }
    p[3] = 1 << MEDIA_CLASS;
    if (!(request->packet[4] & 1 << MEDIA_CLASS)) {
        put_be16(&p[0], 2);
        p[2] = 0x80; /* no event of these classes */
        answer->length = MIN(4, most);
        return;
    }
    put_be16(&p[0], 6);
    p[2] = MEDIA_CLASS;
    if (device->media_event)
        p[4] = device->tray_open ? 3 : 2; /* removed, new medium */
    device->media_event = false;
    p[5] = device->tray_open ? 1 : 2;
    answer->length = MIN(8, most);
}

static void mode_sense(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    static const uint8_t recovery[] = {0x01, 0x06, 0x00, 0x05, 0, 0, 0, 0};
    static const uint8_t capabilities[] = {0x2A, 0x14, 0x0B, 0x00, 0x71, 0x60, 0x29, 0x00, 0x16, 0x00, 0x00,
                                           0x00, 0x02, 0x00, 0x16, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
    unsigned page = request->packet[2] & 0x3F, control = request->packet[2] >> 6;
    unsigned most = get_be16(&request->packet[7]), length = 8;
    uint8_t *p = answer->bytes;

    if ((page != 0x01 && page != 0x2A && page != 0x3F) || control == 3) {
        fail(device, request, SENSE_ILLEGAL, CODE_INVALID_FIELD);
        return;
    }
    if (page != 0x2A) {
        memcpy(&p[length], recovery, sizeof(recovery));
        length += sizeof(recovery);
    }
    if (page != 0x01) {
        memcpy(&p[length], capabilities, sizeof(capabilities));
        if (device->locked)
            p[length + 6] |= 1 << 1;
        length += sizeof(capabilities);
    }
    if (control == 1) /* changeable values: none */
        memset(&p[8], 0, length - 8);
    put_be16(&p[0], (uint16_t)(length - 2));
    p[2] = device->tray_open ? 0x71 : 0x01;
    answer->length = MIN(length, most);
}

static void read_disc_information(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    uint8_t *p = answer->bytes;

    put_be16(&p[0], 32);
    p[2] = 0x0E; /* last session complete, disc finalised */
    p[3] = p[4] = p[5] = p[6] = 1;
    p[7] = 0x20; /* unrestricted */
    memset(&p[16], 0xFF, 8);
    answer->length = MIN(34, get_be16(&request->packet[7]));
}

static void read_format_capacities(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    answer->bytes[3] = 8;
    put_be32(&answer->bytes[4], sectors(device));
    put_be32(&answer->bytes[8], ATAPI_SECTOR);
    answer->bytes[8] = 2; /* formatted medium */
    answer->length = MIN(12, get_be16(&request->packet[7]));
}

static void mechanism_status(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    answer->bytes[1] = device->tray_open ? 0x10 : 0;
    answer->bytes[5] = 1; /* one slot */
    answer->length = MIN(8, get_be16(&request->packet[8]));
}

/* --- the tray --- */

static void start_stop(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    bool start = request->packet[4] & 1, eject = request->packet[4] & 2;

    if (!eject || device->tray_open == !start)
        return;
    if (!start && device->locked) {
        fail(device, request, SENSE_ILLEGAL, CODE_REMOVAL_PREVENTED);
        return;
    }
    device->tray_open = !start;
    device->media_event = true;
    device->attention = start;
}

static void prevent_removal(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    device->locked = request->packet[4] & 1;
}

/* --- data --- */

static void read_blocks(struct ata_device *device, struct ata_request *request, uint32_t lba, uint32_t count)
{
    uint64_t offset = (uint64_t)lba * ATAPI_SECTOR, length = (uint64_t)count * ATAPI_SECTOR;
    uint64_t size = block_size(device->block), whole;
    static const uint8_t zeros[ATAPI_SECTOR];

    trace_event(machine_trace_log(device->machine), TRACE_BLOCK, device->id, "read lba %" PRIu32 " blocks %" PRIu32,
                lba, count);
    if (lba > sectors(device) || count > sectors(device) - lba) {
        fail(device, request, SENSE_ILLEGAL, CODE_OUT_OF_RANGE);
        return;
    }
    /* The image may end within the last block. */
    whole = MIN(length, size - MIN(offset, size));
    if (!scatter_from_disk(&request->data, device->block, offset, whole)) {
        if (!request->data.bad && !request->data.short_list)
            fail(device, request, SENSE_MEDIUM_ERROR, CODE_READ_ERROR);
        return;
    }
    scatter_write(&request->data, zeros, length - whole);
}

static void read_10(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    read_blocks(device, request, get_be32(&request->packet[2]), get_be16(&request->packet[7]));
}

static void read_12(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    read_blocks(device, request, get_be32(&request->packet[2]), get_be32(&request->packet[6]));
}

static void read_cd(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    uint32_t count = get_be32(&request->packet[5]) & 0xFFFFFF;
    unsigned type = request->packet[1] >> 2 & 7, parts = request->packet[9] & 0xF8;

    if (parts == 0)
        return;
    /* User data of mode 1 only: an image has nothing else. */
    if ((type != 0 && type != 2) || parts != 0x10 || request->packet[10] & 7)
        fail(device, request, SENSE_ILLEGAL, CODE_INVALID_FIELD);
    else
        read_blocks(device, request, get_be32(&request->packet[2]), count);
}

static void seek(struct ata_device *device, struct ata_request *request, struct answer *answer)
{
    if (get_be32(&request->packet[2]) >= sectors(device))
        fail(device, request, SENSE_ILLEGAL, CODE_OUT_OF_RANGE);
}

static const struct packet_command commands[] = {
    {0x00, true, false, test_unit_ready},
    {0x03, false, true, request_sense},
    {0x12, false, true, inquiry},
    {0x1B, false, false, start_stop},
    {0x1E, false, false, prevent_removal},
    {0x23, true, false, read_format_capacities},
    {0x25, true, false, read_capacity},
    {0x28, true, false, read_10},
    {0x2B, true, false, seek},
    {0x43, true, false, read_toc},
    {0x46, false, true, get_configuration},
    {0x4A, false, true, get_event_status},
    {0x51, true, false, read_disc_information},
    {0x5A, false, false, mode_sense},
    {0xA8, true, false, read_12},
    {0xBB, false, false, test_unit_ready}, /* SET CD SPEED */
    {0xBD, false, false, mechanism_status},
    {0xBE, true, false, read_cd},
};

static const struct packet_command *find(uint8_t operation)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
        if (commands[i].operation == operation)
            return &commands[i];
    return NULL;
}

static void execute(struct ata_device *device, struct ata_request *request, const struct packet_command *command)
{
    struct answer answer = {.length = 0};

    if (!command) {
        fail(device, request, SENSE_ILLEGAL, CODE_INVALID_OPERATION);
        return;
    }
    if (device->attention && !command->passes_attention) {
        device->attention = false;
        fail(device, request, SENSE_ATTENTION, CODE_MEDIUM_CHANGED);
        return;
    }
    if (command->needs_medium && device->tray_open) {
        fail(device, request, SENSE_NOT_READY, CODE_NO_MEDIUM);
        return;
    }
    if (request->packet[0] != 0x03)
        device->sense_key = device->sense_code = device->sense_qualifier = 0;
    command->execute(device, request, &answer);
    if (!(request->status & ATA_ERR) && answer.length)
        scatter_write(&request->data, answer.bytes, answer.length);
}

void atapi_execute(struct ata_device *device, struct ata_request *request)
{
    enum { INTERRUPT_REASON_COMPLETION = 3 };

    execute(device, request, find(request->packet[0]));
    trace_event(machine_trace_log(device->machine), TRACE_DEVICE, device->id,
                "packet 0x%02x status 0x%02x sense %x/%02x/%02x", request->packet[0], request->status,
                device->sense_key, device->sense_code, device->sense_qualifier);
    request->count = INTERRUPT_REASON_COMPLETION;
}
