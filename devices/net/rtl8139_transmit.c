/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The RTL8139C+'s transmitter: datasheet sections 6.3 to 6.5, and 9.1 for the descriptors of C+ mode. */
#include <inttypes.h>
#include <string.h>

#include "devices/net/packet.h"
#include "devices/net/rtl8139_internal.h"

enum {
    TCR_LOOPBACK = 3 << 17,
    DESCRIPTORS = 4, /* without C+ mode */
    LONGEST = 1792,  /* of those */

    /* The first word of a descriptor of C+ mode. */
    LENGTH = 0xFFFF,
    TX_TCPCS = 1 << 16,
    TX_UDPCS = 1 << 17,
    TX_IPCS = 1 << 18,
    TX_LGSEN = 1 << 27,
    MSS_SHIFT = 16,
    MSS_MASK = 0x7FF,
    TX_TAGC = 1 << 17, /* of the second: a tag is put in */
    TAG_TYPE = 0x8100,
};

/* @frame has room for a short one to be filled up. */
static void send(struct rtl8139 *rtl, uint8_t *frame, size_t length)
{
    rtl->tally.sent++;
    length = packet_pad(frame, length);
    if ((rtl_get32(rtl, RTL_TCR) & TCR_LOOPBACK) == TCR_LOOPBACK)
        rtl8139_arrive(rtl, frame, length);
    else
        net_send(&rtl->output, frame, length);
}

/* --- four descriptors in registers --- */

static uint16_t transmit_one(struct rtl8139 *rtl, unsigned index)
{
    uint8_t *tsd = rtl->reg + RTL_TSD0 + 4 * index;
    uint32_t length = get_le32(tsd) & RTL_TSD_SIZE;
    uint64_t address = rtl_get32(rtl, RTL_TSAD0 + 4 * index);
    uint8_t frame[LONGEST];

    put_le32(tsd, get_le32(tsd) | RTL_TSD_OWN | (length > LONGEST ? RTL_TSD_TABT : RTL_TSD_TOK));
    if (length > LONGEST) {
        machine_guest_error(rtl->machine, rtl->id, "a frame of %" PRIu32 " bytes is sent, where %d are the most",
                            length, LONGEST);
        return RTL_ISR_TER;
    }
    memset(frame, 0, sizeof(frame));
    if (!pci_dma_read(&rtl->pci, address, frame, length))
        machine_guest_error(rtl->machine, rtl->id, "the transmit buffer at 0x%" PRIx64 " cannot be read", address);
    send(rtl, frame, length);
    return RTL_ISR_TOK;
}

void rtl8139_transmit(struct rtl8139 *rtl)
{
    uint16_t causes = 0;

    if (!(rtl->reg[RTL_CR] & RTL_CR_TE) || rtl->running)
        return;
    for (unsigned i = 0; i < DESCRIPTORS; i++)
        if (!(rtl_get32(rtl, RTL_TSD0 + 4 * i) & RTL_TSD_OWN))
            causes |= transmit_one(rtl, i);
    if (causes)
        rtl8139_interrupt(rtl, causes);
}

/* --- rings of descriptors --- */

static void insert_checksums(struct rtl8139 *rtl, uint32_t options)
{
    struct packet packet;

    if (!(options & (TX_IPCS | TX_TCPCS | TX_UDPCS)) || !packet_parse(rtl->packet, rtl->packet_length, &packet))
        return;
    if (options & TX_IPCS)
        packet_set_network_checksum(rtl->packet, &packet);
    if (!packet.fragment && ((options & TX_TCPCS && packet.protocol == PACKET_TCP) ||
                             (options & TX_UDPCS && packet.protocol == PACKET_UDP)))
        packet_set_transport_checksum(rtl->packet, &packet);
}

static void send_packet(struct rtl8139 *rtl)
{
    uint32_t options = rtl->packet_options[0], tag = rtl->packet_options[1];

    if (rtl->packet_too_long || rtl->packet_length > sizeof(rtl->packet) - PACKET_TAG_SIZE) {
        machine_guest_error(rtl->machine, rtl->id, "a packet of more than %d bytes", NET_FRAME_MAX - PACKET_TAG_SIZE);
        return;
    }
    if (rtl->packet_length < NET_FRAME_MIN) {
        machine_guest_error(rtl->machine, rtl->id, "a packet of %" PRIu32 " bytes", rtl->packet_length);
        return;
    }
    if (tag & TX_TAGC) /* its bytes are in network order there */
        rtl->packet_length = (uint32_t)packet_insert_tag(rtl->packet, rtl->packet_length, TAG_TYPE,
                                                         (uint16_t)((tag & 0xFF) << 8 | (tag >> 8 & 0xFF)));
    if (!(options & TX_LGSEN)) {
        insert_checksums(rtl, options);
        send(rtl, rtl->packet, rtl->packet_length);
    } else if (packet_send_segments(&rtl->output, rtl->packet, rtl->packet_length, options >> MSS_SHIFT & MSS_MASK)) {
        rtl->tally.sent++;
    } else {
        machine_guest_error(rtl->machine, rtl->id, "segmentation of a packet that is no TCP over IP");
    }
}

static void take_descriptor(struct rtl8139 *rtl, const uint8_t *descriptor)
{
    uint32_t options = get_le32(descriptor), length = options & LENGTH;
    uint64_t address = get_le64(descriptor + 8);

    if (options & RTL_FS) {
        rtl->packet_length = 0;
        rtl->packet_too_long = false;
        rtl->packet_options[0] = options;
        rtl->packet_options[1] = get_le32(descriptor + 4);
    }
    if (length > sizeof(rtl->packet) - rtl->packet_length) {
        rtl->packet_too_long = true;
    } else {
        if (length && !pci_dma_read(&rtl->pci, address, rtl->packet + rtl->packet_length, length))
            machine_guest_error(rtl->machine, rtl->id, "the transmit buffer at 0x%" PRIx64 " cannot be read", address);
        rtl->packet_length += length;
    }
    if (options & RTL_LS) {
        send_packet(rtl);
        rtl->packet_length = 0;
        rtl->packet_too_long = false;
    }
}

static uint16_t run(struct rtl8139 *rtl, unsigned ring)
{
    uint64_t base = get_le64(rtl->reg + (ring ? RTL_THPDS : RTL_TNPDS)) & ~UINT64_C(255);
    uint16_t causes = 0;

    for (unsigned i = 0; i < RTL_RING_MAX; i++) { /* then all have been seen */
        uint64_t address = base + (uint64_t)rtl->transmit_next[ring] * RTL_DESCRIPTOR_SIZE;
        uint8_t descriptor[RTL_DESCRIPTOR_SIZE];

        if (!pci_dma_read(&rtl->pci, address, descriptor, sizeof(descriptor))) {
            machine_guest_error(rtl->machine, rtl->id, "the transmit ring at 0x%" PRIx64 " cannot be read", base);
            return causes;
        }
        uint32_t options = get_le32(descriptor);
        if (!(options & RTL_OWN))
            break;
        take_descriptor(rtl, descriptor);
        put_le32(descriptor, options & (RTL_EOR | RTL_FS | RTL_LS | LENGTH)); /* no errors, no collisions */
        if (!pci_dma_write(&rtl->pci, address, descriptor, 4))
            return causes;
        rtl->transmit_next[ring] = options & RTL_EOR ? 0 : (uint8_t)((rtl->transmit_next[ring] + 1) % RTL_RING_MAX);
        causes = RTL_ISR_TOK;
    }
    return causes | RTL_ISR_TDU;
}

void rtl8139_transmit_ring(struct rtl8139 *rtl, unsigned ring)
{
    if (!(rtl->reg[RTL_CR] & RTL_CR_TE) || !(rtl->reg[RTL_CPCR] & RTL_CPCR_TXEN) || rtl->running)
        return;
    rtl->running = true;
    uint16_t causes = run(rtl, ring);
    rtl->running = false;
    rtl8139_receive(rtl); /* what was looped back */
    if (causes)
        rtl8139_interrupt(rtl, causes);
}
