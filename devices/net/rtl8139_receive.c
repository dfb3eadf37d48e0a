/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The RTL8139C+'s receiver: datasheet sections 6.1, 6.9 to 6.12, and 9.2 for the descriptors of C+ mode. */
#include <inttypes.h>
#include <string.h>

#include "devices/net/packet.h"
#include "devices/net/rtl8139_internal.h"

enum {
    RCR_AAP = 1 << 0,
    RCR_APM = 1 << 1,
    RCR_AM = 1 << 2,
    RCR_AB = 1 << 3,
    RCR_WRAP = 1 << 7, /* the last frame goes on behind the end of the buffer */
    RCR_RBLEN_SHIFT = 11,
    BUFFER_LARGEST = 64 << 10,

    /* The word before each frame in the buffer. */
    STATUS_ROK = 1 << 0,
    STATUS_BAR = 1 << 13,
    STATUS_PAM = 1 << 14,
    STATUS_MAR = 1 << 15,
    HEADER_SIZE = 4,
    CAPR_BIAS = 16, /* CAPR is that much behind what the driver has read */

    /* The first word of a descriptor. */
    BUFFER_SIZE = 0x1FFF,
    RX_MAR = 1 << 26,
    RX_PAM = 1 << 25,
    RX_BAR = 1 << 24,
    RX_TCP = 1 << 16,
    RX_UDP = 2 << 16,
    RX_IP = 3 << 16,
    RX_IPF = 1 << 15,
    RX_UDPF = 1 << 14,
    RX_TCPF = 1 << 13,
    RX_TAVA = 1 << 16, /* of the second: a tag was taken out */

    TAG_TYPE = 0x8100,
    POLYNOMIAL = 0x04C11DB7,
};

#define PATIENCE_FIRST_NS 100000
#define PATIENCE_LAST_NS NANOSECONDS_PER_SECOND

/* --- which frames --- */

/* The upper six bits of Ethernet's check sequence of the address: IEEE 802.3 section 3.2.9, bits as they are sent. */
static unsigned multicast_hash(const uint8_t *address)
{
    uint32_t sum = UINT32_MAX;

    for (unsigned i = 0; i < 48; i++) {
        bool bit = (address[i / 8] >> i % 8 & 1) != sum >> 31;

        sum = sum << 1 ^ (bit ? POLYNOMIAL : 0);
    }
    return sum >> 26;
}

static bool is_wanted(const struct rtl8139 *rtl, const uint8_t *frame)
{
    uint32_t rcr = rtl_get32(rtl, RTL_RCR);

    if (packet_is_broadcast(frame))
        return rcr & RCR_AB;
    if (frame[0] & 1) {
        unsigned hash = multicast_hash(frame);

        return rcr & RCR_AM && rtl->reg[RTL_MAR0 + hash / 8] >> hash % 8 & 1;
    }
    return rcr & RCR_AAP || (rcr & RCR_APM && memcmp(frame, rtl->reg + RTL_IDR0, 6) == 0);
}

/* --- into the ring buffer --- */

static uint32_t buffer_size(const struct rtl8139 *rtl)
{
    return 8192u << (rtl_get32(rtl, RTL_RCR) >> RCR_RBLEN_SHIFT & 3);
}

static bool put(struct rtl8139 *rtl, uint64_t address, const uint8_t *bytes, uint32_t length)
{
    if (!length || pci_dma_write(&rtl->pci, address, bytes, length))
        return true;
    machine_guest_error(rtl->machine, rtl->id, "the receive buffer at 0x%" PRIx64 " cannot be written", address);
    return false;
}

/* @wire begins with HEADER_SIZE bytes of room.  False: there is no room now. */
static bool give_buffer(struct rtl8139 *rtl, uint8_t *wire, uint32_t length)
{
    uint32_t size = buffer_size(rtl), at = rtl_get16(rtl, RTL_CBR) & (size - 1);
    uint32_t read = (rtl_get16(rtl, RTL_CAPR) + (uint32_t)CAPR_BIAS) & (size - 1);
    uint32_t used = (at - read) & (size - 1), needed = (HEADER_SIZE + length + 3) & ~3u;
    uint64_t start = rtl_get32(rtl, RTL_RBSTART);
    const uint8_t *frame = wire + HEADER_SIZE;
    uint16_t status = STATUS_ROK;

    if (used + needed >= size)
        return false;
    status |= packet_is_broadcast(frame) ? STATUS_BAR : frame[0] & 1 ? STATUS_MAR : STATUS_PAM;
    put_le16(wire, status);
    put_le16(wire + 2, (uint16_t)length);
    bool straight = rtl_get32(rtl, RTL_RCR) & RCR_WRAP && size < BUFFER_LARGEST;
    uint32_t first = straight ? needed : MIN(needed, size - at);
    put(rtl, start + at, wire, first);
    put(rtl, start, wire + first, needed - first);
    put_le16(rtl->reg + RTL_CBR, (uint16_t)((at + needed) & (size - 1)));
    return true;
}

/* --- into descriptors --- */

static uint64_t descriptor_address(const struct rtl8139 *rtl, unsigned index)
{
    return (get_le64(rtl->reg + RTL_RDSAR) & ~UINT64_C(255)) + (uint64_t)index * RTL_DESCRIPTOR_SIZE;
}

static unsigned after(unsigned index, uint32_t options)
{
    return options & RTL_EOR ? 0 : (index + 1) % RTL_RING_MAX;
}

/* Whether the next descriptors that are ours have room for @length bytes. */
static bool has_room(struct rtl8139 *rtl, uint32_t length)
{
    unsigned index = rtl->receive_next;
    uint32_t room = 0;

    for (unsigned i = 0; i < RTL_RING_MAX && room < length; i++) {
        uint8_t word[4];

        if (!pci_dma_read(&rtl->pci, descriptor_address(rtl, index), word, sizeof(word)) || !(get_le32(word) & RTL_OWN))
            return false;
        room += get_le32(word) & BUFFER_SIZE;
        index = after(index, get_le32(word));
    }
    return room >= length;
}

static uint32_t judge(const struct rtl8139 *rtl, const uint8_t *frame, size_t length)
{
    uint32_t status = packet_is_broadcast(frame) ? RX_BAR : frame[0] & 1 ? RX_MAR : RX_PAM;
    struct packet packet;

    if (!(rtl->reg[RTL_CPCR] & RTL_CPCR_RXCHKSUM) || !packet_parse(frame, length, &packet) || packet.version != 4)
        return status;
    if (!packet_network_good(frame, &packet))
        status |= RX_IPF;
    if (packet.fragment || (packet.protocol != PACKET_TCP && packet.protocol != PACKET_UDP))
        return status | RX_IP;
    bool tcp = packet.protocol == PACKET_TCP;
    if (!packet_transport_good(frame, &packet))
        status |= tcp ? RX_TCPF : RX_UDPF;
    return status | (tcp ? RX_TCP : RX_UDP);
}

/* @length holds the check sequence. */
static bool give_descriptors(struct rtl8139 *rtl, const uint8_t *frame, uint32_t length, uint32_t status, uint32_t tag)
{
    if (!has_room(rtl, length))
        return false;
    status |= RTL_FS;
    for (uint32_t at = 0, part; at < length; at += part) {
        uint64_t address = descriptor_address(rtl, rtl->receive_next);
        uint8_t descriptor[RTL_DESCRIPTOR_SIZE];

        if (!pci_dma_read(&rtl->pci, address, descriptor, sizeof(descriptor)))
            return true; /* the buffers lie over their descriptors: nothing of it can be right */
        uint32_t options = get_le32(descriptor);
        part = MIN(length - at, options & BUFFER_SIZE);
        put(rtl, get_le64(descriptor + 8), frame + at, part);
        if (at + part == length)
            status |= RTL_LS;
        put_le32(descriptor, (options & RTL_EOR) | status | length);
        put_le32(descriptor + 4, tag);
        if (!part || !put(rtl, address, descriptor, 8))
            return true;
        status &= ~(uint32_t)RTL_FS;
        rtl->receive_next = (uint8_t)after(rtl->receive_next, options);
    }
    return true;
}

/* --- frames --- */

/* False: there is no room now. */
static bool give(struct rtl8139 *rtl, const struct net_backlog_frame *frame)
{
    uint8_t wire[HEADER_SIZE + RTL_FRAME_MAX + PACKET_CRC_SIZE + 3] = {0}, *bytes = wire + HEADER_SIZE;
    bool rings = rtl->reg[RTL_CPCR] & RTL_CPCR_RXEN;
    size_t length = frame->length;
    uint32_t tag = 0;

    if (rings && rtl->reg[RTL_CPCR] & RTL_CPCR_RXVLAN && length >= PACKET_SHORTEST &&
        get_be16(frame->bytes + PACKET_TAG_AT) == TAG_TYPE) {
        tag = RX_TAVA | get_le16(frame->bytes + PACKET_TAG_AT + 2);
        length = packet_copy_untagged(bytes, frame->bytes, length);
    } else {
        memcpy(bytes, frame->bytes, length);
    }
    length = packet_pad(bytes, length) + PACKET_CRC_SIZE; /* of zeros: drivers take it off unread */
    return rings ? give_descriptors(rtl, bytes, (uint32_t)length, judge(rtl, frame->bytes, frame->length), tag)
                 : give_buffer(rtl, wire, (uint32_t)length);
}

static void count(struct rtl8139 *rtl, const uint8_t *frame)
{
    rtl->tally.received++;
    if (packet_is_broadcast(frame))
        rtl->tally.broadcast++;
    else if (frame[0] & 1)
        rtl->tally.multicast++;
    else
        rtl->tally.unicast++;
}

/* Frames wait: the driver is told once, and its descriptors are looked at again, ever more rarely. */
static void wait(struct rtl8139 *rtl)
{
    if (!(rtl->reg[RTL_CPCR] & RTL_CPCR_RXEN))
        return; /* CAPR will be written */
    if (!rtl->patience)
        rtl8139_interrupt(rtl, RTL_ISR_RDU);
    rtl->patience = CLAMP(rtl->patience * 2, PATIENCE_FIRST_NS, PATIENCE_LAST_NS);
    clock_timer_set(rtl->again, machine_now(rtl->machine) + rtl->patience);
}

void rtl8139_receive(struct rtl8139 *rtl)
{
    const struct net_backlog_frame *frame;
    bool given = false;

    if (!(rtl->reg[RTL_CR] & RTL_CR_RE) || rtl->running)
        return;
    rtl->running = true;
    while ((frame = net_backlog_peek(&rtl->backlog)) && give(rtl, frame)) {
        count(rtl, frame->bytes);
        net_backlog_drop(&rtl->backlog);
        given = true;
    }
    rtl->running = false;
    if (given) {
        rtl->patience = 0;
        rtl8139_interrupt(rtl, RTL_ISR_ROK);
    }
    if (frame)
        wait(rtl);
}

void rtl8139_arrive(struct rtl8139 *rtl, const uint8_t *frame, size_t length)
{
    if (!(rtl->reg[RTL_CR] & RTL_CR_RE) || length < NET_FRAME_MIN || length > RTL_FRAME_MAX || !is_wanted(rtl, frame))
        return;
    if (!net_backlog_put(&rtl->backlog, frame, length)) {
        uint32_t missed = rtl_get32(rtl, RTL_MPC);

        put_le32(rtl->reg + RTL_MPC, MIN(missed + 1, 0xFFFFFFu));
        if (rtl->tally.missed != UINT16_MAX)
            rtl->tally.missed++;
        rtl8139_interrupt(rtl, RTL_ISR_RDU);
    }
    rtl8139_receive(rtl);
}

void rtl8139_receive_reset(struct rtl8139 *rtl)
{
    net_backlog_clear(&rtl->backlog);
    put_le16(rtl->reg + RTL_CBR, 0);
    put_le16(rtl->reg + RTL_CAPR, (uint16_t)-CAPR_BIAS);
    rtl->receive_next = 0;
    rtl->patience = 0;
    clock_timer_set(rtl->again, CLOCK_NEVER);
}
