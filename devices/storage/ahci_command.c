/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command engine: fetches commands, lets the device carry them out at once, and reports each when its time has
 * come.  AHCI 1.3.1 sections 4, 5.3 and 6; Serial ATA 3.1 section 10.3 (FISes).
 */
#include <inttypes.h>
#include <string.h>

#include "devices/storage/ahci_internal.h"
#include "emu/bytes.h"

enum {
    FIS_REGISTER_H2D = 0x27,
    FIS_REGISTER_D2H = 0x34,
    FIS_DMA_SETUP = 0x41,
    FIS_PIO_SETUP = 0x5F,
    FIS_SET_DEVICE_BITS = 0xA1,

    FIS_COMMAND = 0x80, /* byte 1 of a register FIS: this is a command, not device control */
    FIS_INTERRUPT = 0x40,
    FIS_TO_HOST = 0x20,
    CONTROL_SRST = 0x04,

    /* Where in the received FIS area */
    RECEIVED_DMA_SETUP = 0x00,
    RECEIVED_PIO_SETUP = 0x20,
    RECEIVED_REGISTER = 0x40,
    RECEIVED_SET_DEVICE_BITS = 0x58,

    HEADER_SIZE = 32,
    HEADER_CLEAR_BUSY = 1 << 10,
    TABLE_PACKET = 0x40,
    TABLE_PRDT = 0x80,
    PRD_SIZE = 16,
};
#define PRD_INTERRUPT (1u << 31)
#define PRD_COUNT 0x3FFFFFu

struct command {
    uint16_t flags;
    uint32_t entries;
    uint64_t table;
    uint8_t fis[TABLE_PACKET + 16]; /* FIS and packet */
};

static struct memory *memory_of(struct ahci_port *port)
{
    return machine_memory(port->ahci->machine);
}

static bool is_queued(uint32_t protocol)
{
    return protocol == ATA_PROTOCOL_QUEUED_IN || protocol == ATA_PROTOCOL_QUEUED_OUT;
}

/* --- errors of the controller --- */

static void fatal(struct ahci_port *port, uint32_t reason)
{
    port->is |= reason;
    port->stopped = true;
    ahci_update(port->ahci, true);
}

/* --- FISes from the device --- */

static void receive(struct ahci_port *port, unsigned offset, const uint8_t *fis, size_t length)
{
    bool before = port->ahci->moving;

    if (!(port->cmd & CMD_FRE))
        return;
    port->ahci->moving = true;
    if (!pci_dma_write(&port->ahci->pci, port->received_fis + offset, fis, length)) {
        port->is |= IS_HBFS;
        port->stopped = true;
    }
    port->ahci->moving = before;
}

static void put_registers(uint8_t *fis, const struct ahci_flight *flight)
{
    fis[2] = flight->status;
    fis[3] = flight->error;
    for (unsigned i = 0; i < 3; i++) {
        fis[4 + i] = (uint8_t)(flight->lba >> 8 * i);
        fis[8 + i] = (uint8_t)(flight->lba >> (24 + 8 * i));
    }
    fis[7] = flight->device;
    put_le16(&fis[12], flight->count);
}

static void send_register(struct ahci_port *port, const struct ahci_flight *flight, bool interrupt)
{
    uint8_t fis[20] = {FIS_REGISTER_D2H, interrupt ? FIS_INTERRUPT : 0};

    put_registers(fis, flight);
    receive(port, RECEIVED_REGISTER, fis, sizeof(fis));
    port->tfd = (uint32_t)flight->error << 8 | flight->status;
    if (interrupt)
        port->is |= IS_DHRS;
    if (flight->status & ATA_ERR)
        port->is |= IS_TFES;
}

static void send_pio_setup(struct ahci_port *port, const struct ahci_flight *flight, bool to_host, bool interrupt)
{
    uint8_t fis[20] = {FIS_PIO_SETUP, (uint8_t)((to_host ? FIS_TO_HOST : 0) | (interrupt ? FIS_INTERRUPT : 0))};

    put_registers(fis, flight);
    fis[2] = ATA_DRDY | ATA_DSC | ATA_DRQ;
    fis[15] = flight->status;
    put_le16(&fis[16], (uint16_t)MIN(flight->bytes, 0xFFFE));
    receive(port, RECEIVED_PIO_SETUP, fis, sizeof(fis));
    port->tfd = (uint32_t)flight->error << 8 | flight->status;
    if (interrupt)
        port->is |= IS_PSS;
}

static void send_dma_setup(struct ahci_port *port, const struct ahci_flight *flight, unsigned tag)
{
    uint8_t fis[28] = {FIS_DMA_SETUP, flight->protocol == ATA_PROTOCOL_QUEUED_IN ? FIS_TO_HOST : 0};

    put_le32(&fis[4], tag);
    put_le32(&fis[20], (uint32_t)flight->bytes);
    receive(port, RECEIVED_DMA_SETUP, fis, sizeof(fis));
}

static void send_set_device_bits(struct ahci_port *port, const struct ahci_flight *flight, uint32_t completed)
{
    uint8_t fis[8] = {FIS_SET_DEVICE_BITS, FIS_INTERRUPT, flight->status & 0x77, flight->error};

    put_le32(&fis[4], completed);
    receive(port, RECEIVED_SET_DEVICE_BITS, fis, sizeof(fis));
    port->tfd = (uint32_t)flight->error << 8 | (port->tfd & (ATA_BSY | ATA_DRQ)) | (flight->status & 0x77);
    port->sact &= ~completed;
    port->is |= IS_SDBS | (flight->status & ATA_ERR ? IS_TFES : 0);
}

static void signature_registers(const struct ahci_port *port, struct ahci_flight *flight)
{
    struct ata_request request = {0};

    ata_signature(&port->ata, &request);
    *flight = (struct ahci_flight){.status = request.status,
                                   .error = request.error,
                                   .device = request.device,
                                   .count = request.count,
                                   .lba = request.lba};
}

void ahci_post_signature(struct ahci_port *port)
{
    struct ahci_flight flight;

    signature_registers(port, &flight);
    port->sig = (uint32_t)flight.lba << 8 | (flight.count & 0xFF);
    port->signature_waits = !(port->cmd & CMD_FRE);
    send_register(port, &flight, false);
}

/* --- completion --- */

static void arm_timer(struct ahci_port *port)
{
    int64_t earliest = CLOCK_NEVER;

    for (unsigned i = 0; i < AHCI_SLOTS; i++)
        if (port->flight[i].active)
            earliest = MIN(earliest, (int64_t)port->flight[i].deadline);
    clock_timer_set(port->timer, earliest);
}

void ahci_port_cancel(struct ahci_port *port)
{
    memset(port->flight, 0, sizeof(port->flight));
    clock_timer_set(port->timer, CLOCK_NEVER);
}

static void complete_queued(struct ahci_port *port, const struct ahci_flight *flight, unsigned slot)
{
    send_dma_setup(port, flight, slot);
    if (flight->status & ATA_ERR) {
        /* The device gives up the whole queue; which one failed is in its log. */
        ahci_port_cancel(port);
        send_set_device_bits(port, flight, 0);
        port->stopped = true;
        return;
    }
    send_set_device_bits(port, flight, 1u << slot);
}

static void complete_plain(struct ahci_port *port, const struct ahci_flight *flight, unsigned slot)
{
    bool failed = flight->status & ATA_ERR;
    uint8_t moved[4];

    put_le32(moved, (uint32_t)flight->bytes);
    port->ahci->moving = true;
    pci_dma_write(&port->ahci->pci, port->command_list + slot * HEADER_SIZE + 4, moved, sizeof(moved));
    port->ahci->moving = false;
    if (flight->protocol == ATA_PROTOCOL_PIO_IN && !failed) {
        send_pio_setup(port, flight, true, true);
    } else {
        if (flight->protocol == ATA_PROTOCOL_PIO_OUT || flight->protocol == ATA_PROTOCOL_PACKET)
            send_pio_setup(port, flight, false, false);
        send_register(port, flight, true);
    }
    if (failed)
        port->stopped = true;
    else
        port->ci &= ~(1u << slot);
}

static void complete(struct ahci_port *port, unsigned slot)
{
    struct ahci_flight flight = port->flight[slot];

    port->flight[slot] = (struct ahci_flight){0};
    trace_event(machine_trace_log(port->ahci->machine), TRACE_DEVICE, port->ata.id,
                "slot %u command 0x%02x status 0x%02x error 0x%02x bytes %" PRIu64, slot, flight.command, flight.status,
                flight.error, flight.bytes);
    if (flight.descriptor_interrupt)
        port->is |= IS_DPS;
    if (flight.host_error) {
        ahci_port_cancel(port);
        fatal(port, IS_HBFS);
        return;
    }
    if (flight.short_list) {
        machine_guest_error(port->ahci->machine, port->ata.id,
                            "the PRD table of command 0x%02x is shorter than its data", flight.command);
        ahci_port_cancel(port);
        fatal(port, IS_OFS);
        return;
    }
    if (is_queued(flight.protocol))
        complete_queued(port, &flight, slot);
    else
        complete_plain(port, &flight, slot);
}

void ahci_port_timer(void *opaque)
{
    struct ahci_port *port = opaque;
    uint64_t now = (uint64_t)machine_now(port->ahci->machine);

    for (;;) {
        unsigned first = AHCI_SLOTS;

        for (unsigned i = 0; i < AHCI_SLOTS; i++)
            if (port->flight[i].active && port->flight[i].deadline <= now &&
                (first == AHCI_SLOTS || port->flight[i].deadline < port->flight[first].deadline))
                first = i;
        if (first == AHCI_SLOTS)
            break;
        complete(port, first);
    }
    arm_timer(port);
    ahci_update(port->ahci, true);
    ahci_port_run(port);
}

/* --- start --- */

static bool next_prd(struct scatter *scatter, uint64_t *address, uint64_t *length)
{
    bool *interrupt = scatter->opaque;
    uint8_t prd[PRD_SIZE];
    uint32_t count;

    if (scatter->entries == 0)
        return false;
    if (!memory_read(scatter->memory, scatter->table, prd, sizeof(prd))) {
        scatter->bad = true;
        return false;
    }
    scatter->table += PRD_SIZE;
    scatter->entries--;
    count = get_le32(&prd[12]);
    *interrupt |= (count & PRD_INTERRUPT) != 0;
    *address = get_le64(prd) & ~UINT64_C(1);
    *length = (uint64_t)(count & PRD_COUNT) + 1;
    return true;
}

static bool fetch(struct ahci_port *port, unsigned slot, struct command *command)
{
    uint8_t header[HEADER_SIZE];

    if (!pci_dma_read(&port->ahci->pci, port->command_list + slot * HEADER_SIZE, header, sizeof(header)))
        return false;
    command->flags = get_le16(header);
    command->entries = get_le16(&header[2]);
    command->table = get_le64(&header[8]) & ~UINT64_C(0x7F);
    return memory_read(memory_of(port), command->table, command->fis, sizeof(command->fis));
}

/* Device control: all that it can do is a software reset. */
static void control(struct ahci_port *port, unsigned slot, const struct command *command)
{
    bool reset = command->fis[15] & CONTROL_SRST;

    if (reset) {
        ahci_port_cancel(port);
        port->sact = 0;
        port->tfd = command->flags & HEADER_CLEAR_BUSY ? port->tfd & ~(uint32_t)ATA_BSY : port->tfd | ATA_BSY;
    } else if (port->soft_reset) {
        ata_device_reset(&port->ata);
        ahci_post_signature(port);
    }
    port->soft_reset = reset;
    port->ci &= ~(1u << slot);
}

static void fill_request(struct ahci_port *port, const struct command *command, struct ata_request *request,
                         bool *interrupt)
{
    const uint8_t *fis = command->fis;

    *request = (struct ata_request){
        .command = fis[2],
        .features = (uint16_t)(fis[3] | fis[11] << 8),
        .lba = (get_le32(&fis[4]) & 0xFFFFFF) | (uint64_t)(get_le32(&fis[8]) & 0xFFFFFF) << 24,
        .device = fis[7],
        .count = get_le16(&fis[12]),
        .data = {.memory = memory_of(port),
                 .next = next_prd,
                 .opaque = interrupt,
                 .table = command->table + TABLE_PRDT,
                 .entries = command->entries},
    };
    memcpy(request->packet, &fis[TABLE_PACKET], sizeof(request->packet));
}

static void execute(struct ahci_port *port, unsigned slot, const struct command *command)
{
    uint64_t now = (uint64_t)machine_now(port->ahci->machine);
    struct ahci_flight *flight = &port->flight[slot];
    struct ata_request request;
    bool interrupt = false;

    fill_request(port, command, &request, &interrupt);
    port->signature_waits = false; /* its registers are overwritten */
    port->ahci->moving = true;
    ata_execute(&port->ata, &request);
    port->ahci->moving = false;

    port->busy_until = MAX(now + AHCI_COMMAND_NS, port->busy_until) + request.data.done / AHCI_BYTES_PER_NS;
    *flight = (struct ahci_flight){
        .active = true,
        .host_error = request.data.bad,
        .short_list = request.data.short_list,
        .descriptor_interrupt = interrupt,
        .command = command->fis[2],
        .device = request.device,
        .status = request.status,
        .error = request.error,
        .protocol = request.protocol,
        .count = request.count,
        .lba = request.lba,
        .bytes = request.data.done,
        .deadline = port->busy_until,
    };
    if (!is_queued(request.protocol)) {
        port->tfd |= ATA_BSY;
        return;
    }
    /* The device has taken it into its queue. */
    struct ahci_flight accepted = *flight;
    accepted.status = ATA_DRDY | ATA_DSC;
    accepted.error = 0;
    if ((request.count >> 3 & 0x1F) != slot || !(port->sact >> slot & 1))
        machine_guest_error(port->ahci->machine, port->ata.id, "queued command in slot %u has tag %u and PxSACT 0x%08x",
                            slot, request.count >> 3 & 0x1F, port->sact);
    port->sact |= 1u << slot;
    port->ci &= ~(1u << slot);
    send_register(port, &accepted, false);
}

static void start(struct ahci_port *port, unsigned slot)
{
    struct command command;
    unsigned dwords;

    port->cmd = (port->cmd & ~CMD_CCS) | slot << CMD_CCS_SHIFT;
    port->next_slot = (uint8_t)((slot + 1) % AHCI_SLOTS);
    if (!fetch(port, slot, &command)) {
        machine_guest_error(port->ahci->machine, port->ata.id, "the command in slot %u lies where no memory is", slot);
        fatal(port, IS_HBFS);
        return;
    }
    dwords = command.flags & 0x1F;
    if (dwords < 2 || dwords > 16 || command.fis[0] != FIS_REGISTER_H2D) {
        machine_guest_error(port->ahci->machine, port->ata.id,
                            "slot %u holds a FIS of type 0x%02x and %u dwords, which no device understands", slot,
                            command.fis[0], dwords);
        port->serr |= SERR_ERR_P;
        fatal(port, IS_IFS);
        return;
    }
    if (command.fis[1] & FIS_COMMAND)
        execute(port, slot, &command);
    else
        control(port, slot, &command);
}

/* Whether the command in @slot is a queued one, as far as that can be known without side effects. */
static bool slot_is_queued(struct ahci_port *port, unsigned slot)
{
    return port->sact >> slot & 1;
}

/* The next slot that may start now: queued commands join each other, all others run alone. */
static unsigned choose(struct ahci_port *port)
{
    bool queue = false, alone = false;

    for (unsigned i = 0; i < AHCI_SLOTS; i++) {
        queue |= port->flight[i].active && is_queued(port->flight[i].protocol);
        alone |= port->flight[i].active && !is_queued(port->flight[i].protocol);
    }
    for (unsigned i = 0; !alone && i < AHCI_SLOTS; i++) {
        unsigned slot = (port->next_slot + i) % AHCI_SLOTS;

        if (!(port->ci >> slot & 1) || port->flight[slot].active)
            continue;
        if (!queue || slot_is_queued(port, slot))
            return slot;
    }
    return AHCI_SLOTS;
}

void ahci_port_run(struct ahci_port *port)
{
    unsigned slot;

    if (port->ahci->moving)
        return;
    while ((port->cmd & CMD_ST) && !port->stopped && (port->ssts & 0x0F) == 3 && (slot = choose(port)) < AHCI_SLOTS)
        start(port, slot);
    arm_timer(port);
    ahci_update(port->ahci, false);
}
