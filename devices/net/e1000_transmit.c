/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82540EM's transmit unit: Intel 317453 section 3.3 to 3.5. */
#include <inttypes.h>
#include <string.h>

#include "devices/net/e1000_internal.h"
#include "devices/net/packet.h"
#include "emu/bytes.h"

enum {
    TCTL_EN = 1 << 1,
    TCTL_PSP = 1 << 3,

    DESCRIPTOR_SIZE = 16,
    /* The command byte. */
    CMD_EOP = 1 << 0,
    CMD_IC = 1 << 2,  /* legacy descriptors */
    CMD_TSE = 1 << 2, /* the others */
    CMD_RS = 1 << 3,
    CMD_RPS = 1 << 4,
    CMD_DEXT = 1 << 5,
    CMD_VLE = 1 << 6,
    TUCMD_TCP = 1 << 0,
    DTYP_CONTEXT = 0,
    DTYP_DATA = 1,
    STATUS_DD = 1 << 0,
    POPTS_IXSM = 1 << 0,
    POPTS_TXSM = 1 << 1,
};

#define RUN_BYTES (UINT64_C(16) << 20) /* what one run moves before guest code goes on */
#define RUN_DESCRIPTORS 4096

/* --- whole packets --- */

static void take_context(struct e1000 *e1000, const uint8_t *descriptor)
{
    const struct e1000_context context = {
        .ipcss = descriptor[0],
        .ipcso = descriptor[1],
        .ipcse = get_le16(descriptor + 2),
        .tucss = descriptor[4],
        .tucso = descriptor[5],
        .tucse = get_le16(descriptor + 6),
        .mss = get_le16(descriptor + 14),
        .tcp = descriptor[11] & TUCMD_TCP,
    };

    /* There are two: one for packets that are cut, one for others. */
    *(descriptor[11] & CMD_TSE ? &e1000->segment_context : &e1000->context) = context;
}

/* Sums [@start, @end], or to the packet's end, into @field. */
static void insert_sum(struct e1000 *e1000, unsigned start, unsigned field, unsigned end)
{
    size_t length = end ? MIN(end + 1u, e1000->packet_length) : e1000->packet_length;

    if (field < start || !packet_finish_checksum(e1000->packet, length, start, field - start))
        machine_guest_error(e1000->machine, e1000->id, "a checksum of bytes %u to %zu at %u is outside of its packet",
                            start, length, field);
}

static void insert_tag(struct e1000 *e1000, uint16_t tag)
{
    if (e1000->packet_length >= PACKET_TAG_AT + 2 && e1000->packet_length + PACKET_TAG_SIZE <= sizeof(e1000->packet))
        e1000->packet_length = (uint32_t)packet_insert_tag(e1000->packet, e1000->packet_length,
                                                           (uint16_t)*e1000_reg(e1000, E1000_VET), tag);
}

static void send_whole(struct e1000 *e1000)
{
    if (*e1000_reg(e1000, E1000_TCTL) & TCTL_PSP)
        e1000->packet_length = (uint32_t)packet_pad(e1000->packet, e1000->packet_length);
    net_send(&e1000->output, e1000->packet, e1000->packet_length);
}

static void send_packet(struct e1000 *e1000, const uint8_t *descriptor, bool legacy)
{
    uint8_t command = descriptor[11];

    if (!legacy && !e1000->packet_segments) {
        if (e1000->packet_options & POPTS_TXSM)
            insert_sum(e1000, e1000->context.tucss, e1000->context.tucso, e1000->context.tucse);
        if (e1000->packet_options & POPTS_IXSM)
            insert_sum(e1000, e1000->context.ipcss, e1000->context.ipcso, e1000->context.ipcse);
    } else if (legacy && command & CMD_IC) {
        insert_sum(e1000, descriptor[13], descriptor[10], 0);
    }
    if (command & CMD_VLE && *e1000_reg(e1000, E1000_CTRL) & E1000_CTRL_VME)
        insert_tag(e1000, get_le16(descriptor + 14));
    e1000_count(e1000, E1000_GPTC);
    e1000_count(e1000, E1000_TPT);
    e1000_count64(e1000, E1000_GOTCL, e1000->packet_length);
    e1000_count64(e1000, E1000_TOTL, e1000->packet_length);
    if (!e1000->packet_segments) {
        send_whole(e1000);
    } else if (e1000->segment_context.tcp &&
               packet_send_segments(&e1000->output, e1000->packet, e1000->packet_length, e1000->segment_context.mss)) {
        e1000_count(e1000, E1000_TSCTC);
    } else {
        machine_guest_error(e1000->machine, e1000->id, "segmentation of a packet that is no TCP over IP");
    }
}

/* --- descriptors --- */

static void take_data(struct e1000 *e1000, uint64_t address, uint32_t length)
{
    if (length > sizeof(e1000->packet) - e1000->packet_length) {
        e1000->packet_too_long = true;
        return;
    }
    if (!pci_dma_read(&e1000->pci, address, e1000->packet + e1000->packet_length, length))
        machine_guest_error(e1000->machine, e1000->id, "the transmit buffer at 0x%" PRIx64 " cannot be read", address);
    e1000->packet_length += length;
}

/* Bytes that were moved. */
static uint32_t take_descriptor(struct e1000 *e1000, const uint8_t *descriptor)
{
    bool legacy = !(descriptor[11] & CMD_DEXT);
    uint32_t length = legacy ? get_le16(descriptor + 8) : get_le32(descriptor + 8) & 0xFFFFF;
    unsigned kind = descriptor[10] >> 4;

    if (!legacy && kind == DTYP_CONTEXT) {
        take_context(e1000, descriptor);
        return 0;
    }
    if (!legacy && kind != DTYP_DATA) {
        machine_guest_error(e1000->machine, e1000->id, "a transmit descriptor of type %u", kind);
        return 0;
    }
    if (!e1000->packet_length && !legacy) {
        e1000->packet_options = descriptor[13];
        e1000->packet_segments = descriptor[11] & CMD_TSE;
    }
    take_data(e1000, get_le64(descriptor), length);
    if (descriptor[11] & CMD_EOP) {
        if (e1000->packet_too_long)
            machine_guest_error(e1000->machine, e1000->id, "a packet of more than %d bytes", NET_FRAME_MAX);
        else
            send_packet(e1000, descriptor, legacy);
        e1000->packet_length = 0;
        e1000->packet_segments = e1000->packet_too_long = false;
        e1000->packet_options = 0;
    }
    return length;
}

static uint32_t run(struct e1000 *e1000, uint64_t ring, uint32_t entries)
{
    uint32_t *head = e1000_reg(e1000, E1000_TDH), tail = *e1000_reg(e1000, E1000_TDT), causes = 0;
    uint8_t descriptor[DESCRIPTOR_SIZE];
    uint64_t moved = 0;

    for (unsigned count = 0; *head != tail; count++) {
        if (count == RUN_DESCRIPTORS || moved > RUN_BYTES) {
            clock_timer_set(e1000->later, machine_now(e1000->machine) + 1);
            return causes;
        }
        uint64_t address = ring + (uint64_t)*head * DESCRIPTOR_SIZE;
        if (!pci_dma_read(&e1000->pci, address, descriptor, sizeof(descriptor))) {
            machine_guest_error(e1000->machine, e1000->id, "the transmit ring at 0x%" PRIx64 " cannot be read", ring);
            return causes;
        }
        moved += take_descriptor(e1000, descriptor);
        if (descriptor[11] & (CMD_RS | CMD_RPS)) {
            descriptor[12] |= STATUS_DD;
            pci_dma_write(&e1000->pci, address + 12, descriptor + 12, 1);
            causes |= E1000_ICR_TXDW;
        }
        *head = (*head + 1) % entries;
    }
    return causes | E1000_ICR_TXQE;
}

void e1000_transmit(struct e1000 *e1000)
{
    uint64_t ring = *e1000_reg(e1000, E1000_TDBAL) | (uint64_t)*e1000_reg(e1000, E1000_TDBAH) << 32;
    uint32_t entries = *e1000_reg(e1000, E1000_TDLEN) / DESCRIPTOR_SIZE;
    uint32_t head = *e1000_reg(e1000, E1000_TDH), tail = *e1000_reg(e1000, E1000_TDT);

    if (!(*e1000_reg(e1000, E1000_TCTL) & TCTL_EN) || head == tail || e1000->running)
        return;
    if (head >= entries || tail >= entries) {
        machine_guest_error(e1000->machine, e1000->id,
                            "transmit head %" PRIu32 " and tail %" PRIu32 " in a ring of %" PRIu32 " descriptors", head,
                            tail, entries);
        return;
    }
    e1000->running = true;
    uint32_t causes = run(e1000, ring, entries);
    e1000->running = false;
    if (causes)
        e1000_interrupt(e1000, causes);
}
