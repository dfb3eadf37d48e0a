/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82540EM's receive unit: Intel 317453 section 3.2, registers 13.4.22 and following. */
#include <inttypes.h>
#include <string.h>

#include "devices/net/e1000_internal.h"
#include "devices/net/packet.h"
#include "emu/bytes.h"

enum {
    RCTL_EN = 1 << 1,
    RCTL_UPE = 1 << 3,
    RCTL_MPE = 1 << 4,
    RCTL_LPE = 1 << 5,
    RCTL_RDMTS_SHIFT = 8,
    RCTL_MO_SHIFT = 12,
    RCTL_BAM = 1 << 15,
    RCTL_BSIZE_SHIFT = 16,
    RCTL_BSEX = 1 << 25,
    RCTL_SECRC = 1 << 26,

    RXCSUM_IPOFL = 1 << 8,
    RXCSUM_TUOFL = 1 << 9,
    RAH_AV = INT32_MIN,

    DESCRIPTOR_SIZE = 16,
    STATUS_DD = 1 << 0,
    STATUS_EOP = 1 << 1,
    STATUS_IXSM = 1 << 2,
    STATUS_VP = 1 << 3,
    STATUS_TCPCS = 1 << 5,
    STATUS_IPCS = 1 << 6,
    ERROR_TCPE = 1 << 5,
    ERROR_IPE = 1 << 6,

    LONGEST = 1518, /* without the check sequence, with a VLAN tag */
};

/* --- which frames --- */

static bool in_multicast_table(struct e1000 *e1000, const uint8_t *address)
{
    static const uint8_t shifts[4] = {4, 3, 2, 0};
    unsigned offset = *e1000_reg(e1000, E1000_RCTL) >> RCTL_MO_SHIFT & 3;
    unsigned hash = get_le16(address + 4) >> shifts[offset] & 0xFFF;

    return *e1000_reg(e1000, E1000_MTA + (hash >> 5) * 4) >> (hash & 31) & 1;
}

static bool is_own_address(struct e1000 *e1000, const uint8_t *address)
{
    for (unsigned at = E1000_RAL; at < E1000_RA_END; at += 8) {
        uint32_t high = *e1000_reg(e1000, at + 4);

        if (high & (uint32_t)RAH_AV && *e1000_reg(e1000, at) == get_le32(address) &&
            (uint16_t)high == get_le16(address + 4))
            return true;
    }
    return false;
}

static bool is_wanted(struct e1000 *e1000, const uint8_t *frame, size_t length)
{
    uint32_t rctl = *e1000_reg(e1000, E1000_RCTL);

    if (!(rctl & RCTL_EN))
        return false;
    if (length > LONGEST && !(rctl & RCTL_LPE))
        return false;
    if (packet_is_broadcast(frame) && rctl & RCTL_BAM)
        return true;
    if (frame[0] & 1)
        return rctl & RCTL_MPE || in_multicast_table(e1000, frame) || is_own_address(e1000, frame);
    return rctl & RCTL_UPE || is_own_address(e1000, frame);
}

/* --- into descriptors --- */

static uint32_t buffer_size(uint32_t rctl)
{
    uint32_t size = 2048u >> (rctl >> RCTL_BSIZE_SHIFT & 3);

    return rctl & RCTL_BSEX && size < 2048 ? size * 16 : size;
}

static uint32_t ring_entries(struct e1000 *e1000)
{
    return *e1000_reg(e1000, E1000_RDLEN) / DESCRIPTOR_SIZE;
}

static uint32_t free_entries(struct e1000 *e1000)
{
    uint32_t entries = ring_entries(e1000), head = *e1000_reg(e1000, E1000_RDH), tail = *e1000_reg(e1000, E1000_RDT);

    if (head >= entries || tail >= entries)
        return 0; /* nothing there that could be filled */
    return (tail + entries - head) % entries;
}

/* Status and errors of the checksums. */
static void judge(struct e1000 *e1000, const uint8_t *frame, size_t length, uint8_t *status, uint8_t *errors)
{
    uint32_t rxcsum = *e1000_reg(e1000, E1000_RXCSUM);
    struct packet packet;

    if (!(rxcsum & (RXCSUM_IPOFL | RXCSUM_TUOFL)) || !packet_parse(frame, length, &packet)) {
        *status |= STATUS_IXSM;
        return;
    }
    if (packet.version == 4 && rxcsum & RXCSUM_IPOFL) {
        *status |= STATUS_IPCS;
        if (!packet_network_good(frame, &packet))
            *errors |= ERROR_IPE;
    }
    if (rxcsum & RXCSUM_TUOFL && !packet.fragment && (packet.protocol == PACKET_TCP || packet.protocol == PACKET_UDP)) {
        *status |= STATUS_TCPCS;
        if (!packet_transport_good(frame, &packet))
            *errors |= ERROR_TCPE;
    }
}

/* What is written to the guest: the frame, filled up, with room for its check sequence or without. */
struct wire {
    uint8_t bytes[NET_FRAME_MAX + 1 + PACKET_CRC_SIZE];
    uint32_t length;
    uint16_t special; /* the VLAN tag that was taken out */
    bool tagged;
};

static void make_wire(struct e1000 *e1000, const struct net_backlog_frame *frame, struct wire *wire)
{
    uint32_t ctrl = *e1000_reg(e1000, E1000_CTRL), length = frame->length;

    wire->tagged = ctrl & E1000_CTRL_VME && length >= PACKET_SHORTEST &&
                   get_be16(frame->bytes + PACKET_TAG_AT) == (uint16_t)*e1000_reg(e1000, E1000_VET);
    wire->special = 0;
    if (wire->tagged) {
        wire->special = get_be16(frame->bytes + PACKET_TAG_AT + 2);
        length = (uint32_t)packet_copy_untagged(wire->bytes, frame->bytes, length);
    } else {
        memcpy(wire->bytes, frame->bytes, length);
    }
    length = (uint32_t)packet_pad(wire->bytes, length);
    if (!(*e1000_reg(e1000, E1000_RCTL) & RCTL_SECRC)) {
        put_le32(wire->bytes + length, 0); /* the card has checked it: drivers take it off unread */
        length += PACKET_CRC_SIZE;
    }
    wire->length = length;
}

static bool write_descriptor(struct e1000 *e1000, const struct wire *wire, uint32_t at, uint32_t part, uint8_t status,
                             uint8_t errors)
{
    uint32_t *head = e1000_reg(e1000, E1000_RDH);
    uint64_t ring = *e1000_reg(e1000, E1000_RDBAL) | (uint64_t)*e1000_reg(e1000, E1000_RDBAH) << 32;
    uint64_t address = ring + (uint64_t)*head * DESCRIPTOR_SIZE;
    uint8_t descriptor[DESCRIPTOR_SIZE];

    if (!pci_dma_read(&e1000->pci, address, descriptor, sizeof(descriptor))) {
        machine_guest_error(e1000->machine, e1000->id, "the receive ring at 0x%" PRIx64 " cannot be read", ring);
        return false;
    }
    if (get_le64(descriptor) && !pci_dma_write(&e1000->pci, get_le64(descriptor), wire->bytes + at, part))
        machine_guest_error(e1000->machine, e1000->id, "the receive buffer at 0x%" PRIx64 " cannot be written",
                            get_le64(descriptor));
    put_le16(descriptor + 8, (uint16_t)part);
    put_le16(descriptor + 10, 0);
    descriptor[12] = status;
    descriptor[13] = errors;
    put_le16(descriptor + 14, wire->special);
    pci_dma_write(&e1000->pci, address, descriptor, sizeof(descriptor));
    *head = (*head + 1) % ring_entries(e1000);
    return true;
}

/* False: there are not enough descriptors now. */
static bool give(struct e1000 *e1000, const struct net_backlog_frame *frame, struct wire *wire)
{
    uint32_t size = buffer_size(*e1000_reg(e1000, E1000_RCTL));
    uint8_t status = STATUS_DD, errors = 0;

    make_wire(e1000, frame, wire);
    uint32_t needed = (wire->length + size - 1) / size;
    if (needed >= ring_entries(e1000) && ring_entries(e1000)) {
        machine_guest_error(e1000->machine, e1000->id, "a frame of %" PRIu32 " bytes is longer than the receive ring",
                            frame->length);
        return true;
    }
    if (needed > free_entries(e1000))
        return false;
    judge(e1000, frame->bytes, frame->length, &status, &errors);
    if (wire->tagged)
        status |= STATUS_VP;
    for (uint32_t at = 0, part; at < wire->length; at += part) {
        part = MIN(wire->length - at, size);
        if (!write_descriptor(e1000, wire, at, part, status | (at + part == wire->length ? STATUS_EOP : 0), errors))
            return true;
    }
    return true;
}

static void count(struct e1000 *e1000, const struct net_backlog_frame *frame)
{
    static const uint16_t limits[] = {64, 127, 255, 511, 1023};
    uint32_t length = MAX(frame->length, PACKET_SHORTEST) + PACKET_CRC_SIZE;
    unsigned size = 0;

    while (size < G_N_ELEMENTS(limits) && length > limits[size])
        size++;
    e1000_count(e1000, E1000_PRC64 + 4 * size);
    e1000_count(e1000, E1000_GPRC);
    e1000_count(e1000, E1000_TPR);
    if (packet_is_broadcast(frame->bytes))
        e1000_count(e1000, E1000_BPRC);
    else if (frame->bytes[0] & 1)
        e1000_count(e1000, E1000_MPRC);
    e1000_count64(e1000, E1000_GORCL, length);
    e1000_count64(e1000, E1000_TORL, length);
}

void e1000_receive(struct e1000 *e1000)
{
    const struct net_backlog_frame *frame;
    uint32_t rctl = *e1000_reg(e1000, E1000_RCTL), causes = 0;
    struct wire wire;

    if (!(rctl & RCTL_EN) || e1000->running)
        return;
    e1000->running = true;
    while ((frame = net_backlog_peek(&e1000->backlog)) && give(e1000, frame, &wire)) {
        count(e1000, frame);
        net_backlog_drop(&e1000->backlog);
        causes |= E1000_ICR_RXT0;
    }
    e1000->running = false;
    if (causes && free_entries(e1000) <= ring_entries(e1000) >> (1 + (rctl >> RCTL_RDMTS_SHIFT & 3)))
        causes |= E1000_ICR_RXDMT0;
    if (causes)
        e1000_interrupt(e1000, causes);
}

void e1000_arrive(struct e1000 *e1000, const uint8_t *frame, size_t length)
{
    if (length < NET_FRAME_MIN || length > NET_FRAME_MAX || !is_wanted(e1000, frame, length))
        return;
    if (!net_backlog_put(&e1000->backlog, frame, length)) {
        e1000_count(e1000, E1000_MPC);
        e1000_interrupt(e1000, E1000_ICR_RXO);
    }
    e1000_receive(e1000);
}
