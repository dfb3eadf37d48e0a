/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the RTL8139C+ share; nobody else includes this.  Names are the datasheet's (chapter 6). */
#ifndef GALVANIC_DEVICES_NET_RTL8139_INTERNAL_H
#define GALVANIC_DEVICES_NET_RTL8139_INTERNAL_H

#include "emu/bytes.h"
#include "devices/net/backlog.h"
#include "devices/net/eeprom.h"
#include "devices/net/rtl8139.h"

enum {
    RTL_IDR0 = 0x00,
    RTL_MAR0 = 0x08,
    RTL_TSD0 = 0x10,  /* four; in C+ mode: */
    RTL_DTCCR = 0x10, /* 64 bits */
    RTL_TSAD0 = 0x20, /* four; in C+ mode: */
    RTL_TNPDS = 0x20, /* 64 bits */
    RTL_THPDS = 0x28, /* 64 bits */
    RTL_RBSTART = 0x30,
    RTL_ERBCR = 0x34,
    RTL_CR = 0x37,
    RTL_CAPR = 0x38,
    RTL_CBR = 0x3A,
    RTL_IMR = 0x3C,
    RTL_ISR = 0x3E,
    RTL_TCR = 0x40,
    RTL_RCR = 0x44,
    RTL_TCTR = 0x48,
    RTL_MPC = 0x4C,
    RTL_9346CR = 0x50,
    RTL_CONFIG0 = 0x51,
    RTL_CONFIG1 = 0x52,
    RTL_TIMERINT = 0x54,
    RTL_MSR = 0x58,
    RTL_CONFIG3 = 0x59,
    RTL_CONFIG4 = 0x5A,
    RTL_HLTCLK = 0x5B,
    RTL_MULINT = 0x5C,
    RTL_RERID = 0x5E,
    RTL_TSAD = 0x60, /* the status of all four */
    RTL_BMCR = 0x62,
    RTL_BMSR = 0x64,
    RTL_ANAR = 0x66,
    RTL_ANLPAR = 0x68,
    RTL_ANER = 0x6A,
    RTL_NWAYTR = 0x70,
    RTL_CSCR = 0x74,
    RTL_PHY = 0x78, /* parameters of the PHY and wake-up frames, which lead to nothing, up to FLASH */
    RTL_FLASH = 0xD4,
    RTL_CONFIG5 = 0xD8,
    RTL_TPPOLL = 0xD9,
    RTL_CPCR = 0xE0,
    RTL_RDSAR = 0xE4, /* 64 bits */
    RTL_ETTHR = 0xEC,
    RTL_REGISTERS = 0x100,
};

/* Interrupt causes: ISR, IMR. */
enum {
    RTL_ISR_ROK = 1 << 0,
    RTL_ISR_TOK = 1 << 2,
    RTL_ISR_TER = 1 << 3,
    RTL_ISR_RDU = 1 << 4, /* no receive descriptor; without C+ mode: the receive buffer is full */
    RTL_ISR_TDU = 1 << 7,
    RTL_ISR_TIMEOUT = 1 << 14,
    RTL_ISR_ALL = 0xE1FF,
};

enum {
    RTL_CR_BUFE = 1 << 0,
    RTL_CR_TE = 1 << 2,
    RTL_CR_RE = 1 << 3,
    RTL_CR_RST = 1 << 4,

    RTL_CPCR_TXEN = 1 << 0,
    RTL_CPCR_RXEN = 1 << 1,
    RTL_CPCR_RXCHKSUM = 1 << 5,
    RTL_CPCR_RXVLAN = 1 << 6,

    RTL_TSD_SIZE = 0x1FFF,
    RTL_TSD_OWN = 1 << 13, /* the frame has been read */
    RTL_TSD_TOK = 1 << 15,
    RTL_TSD_TABT = 1 << 30,

    /* Descriptors of C+ mode. */
    RTL_DESCRIPTOR_SIZE = 16,
    RTL_RING_MAX = 64, /* descriptors */
    RTL_EOR = 1 << 30,
    RTL_FS = 1 << 29,
    RTL_LS = 1 << 28,

    RTL_FRAME_MAX = 4092, /* that it takes, without the check sequence */
};
#define RTL_OWN (UINT32_C(1) << 31)

/* What DTCCR writes to memory, in its order. */
struct rtl8139_tally {
    uint64_t sent, received;
    uint16_t missed;
    uint64_t unicast, broadcast;
    uint32_t multicast;
};

struct rtl8139 {
    struct pci_function pci;
    struct machine *machine;
    char *id;
    struct net_output output;

    uint8_t reg[RTL_REGISTERS];
    struct eeprom eeprom;
    struct net_backlog backlog;
    struct rtl8139_tally tally;
    uint8_t transmit_next[2]; /* descriptor of the normal and of the high ring */
    uint8_t receive_next;
    int64_t counter_start;       /* virtual time at which TCTR was zero */
    struct clock_timer *timeout; /* TCTR reaches TIMERINT */
    struct clock_timer *again;   /* frames wait for descriptors, for which there is no doorbell */
    int64_t patience;            /* until then, ns */
    uint32_t packet_length;      /* of what descriptors have brought so far */
    uint32_t packet_options[2];  /* of its first descriptor */
    bool packet_too_long;

    bool running; /* inside DMA: our own registers are not written; no state */
    uint8_t packet[NET_FRAME_MAX];
};

static inline uint16_t rtl_get16(const struct rtl8139 *rtl, unsigned offset)
{
    return get_le16(rtl->reg + offset);
}

static inline uint32_t rtl_get32(const struct rtl8139 *rtl, unsigned offset)
{
    return get_le32(rtl->reg + offset);
}

static inline bool rtl_cplus(const struct rtl8139 *rtl)
{
    return rtl->reg[RTL_CPCR] & (RTL_CPCR_TXEN | RTL_CPCR_RXEN);
}

/* Sets causes of an interrupt (rtl8139.c). */
void rtl8139_interrupt(struct rtl8139 *rtl, uint16_t causes);
/* Frames for the guest, as far as there is room (rtl8139_receive.c). */
void rtl8139_arrive(struct rtl8139 *rtl, const uint8_t *frame, size_t length);
void rtl8139_receive(struct rtl8139 *rtl);
/* The receiver is enabled anew: the buffer is empty. */
void rtl8139_receive_reset(struct rtl8139 *rtl);
/* All of the four descriptors that are the card's; a ring, 0 normal, 1 high (rtl8139_transmit.c). */
void rtl8139_transmit(struct rtl8139 *rtl);
void rtl8139_transmit_ring(struct rtl8139 *rtl, unsigned ring);

#endif
