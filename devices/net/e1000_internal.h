/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the 82540EM share; nobody else includes this.  Names are the manual's (Intel 317453, chapter 13). */
#ifndef GALVANIC_DEVICES_NET_E1000_INTERNAL_H
#define GALVANIC_DEVICES_NET_E1000_INTERNAL_H

#include "devices/net/backlog.h"
#include "devices/net/e1000.h"
#include "devices/net/eeprom.h"

enum {
    E1000_CTRL = 0x0000,
    E1000_STATUS = 0x0008,
    E1000_EECD = 0x0010,
    E1000_EERD = 0x0014,
    E1000_CTRL_EXT = 0x0018,
    E1000_FLA = 0x001C,
    E1000_MDIC = 0x0020,
    E1000_FCAL = 0x0028,
    E1000_FCAH = 0x002C,
    E1000_FCT = 0x0030,
    E1000_VET = 0x0038,
    E1000_ICR = 0x00C0,
    E1000_ITR = 0x00C4,
    E1000_ICS = 0x00C8,
    E1000_IMS = 0x00D0,
    E1000_IMC = 0x00D8,
    E1000_RCTL = 0x0100,
    E1000_FCTTV = 0x0170,
    E1000_TXCW = 0x0178,
    E1000_RXCW = 0x0180,
    E1000_TCTL = 0x0400,
    E1000_TIPG = 0x0410,
    E1000_AIT = 0x0458,
    E1000_LEDCTL = 0x0E00,
    E1000_PBA = 0x1000,
    E1000_FCRTL = 0x2160,
    E1000_FCRTH = 0x2168,
    E1000_RDBAL = 0x2800,
    E1000_RDBAH = 0x2804,
    E1000_RDLEN = 0x2808,
    E1000_RDH = 0x2810,
    E1000_RDT = 0x2818,
    E1000_RDTR = 0x2820,
    E1000_RXDCTL = 0x2828,
    E1000_RADV = 0x282C,
    E1000_RSRPD = 0x2C00,
    E1000_TXDMAC = 0x3000,
    E1000_TDBAL = 0x3800,
    E1000_TDBAH = 0x3804,
    E1000_TDLEN = 0x3808,
    E1000_TDH = 0x3810,
    E1000_TDT = 0x3818,
    E1000_TIDV = 0x3820,
    E1000_TXDCTL = 0x3828,
    E1000_TADV = 0x382C,
    E1000_TSPMT = 0x3830,
    E1000_STATISTICS = 0x4000, /* to 0x4127; reading clears */
    E1000_MPC = 0x4010,
    E1000_PRC64 = 0x405C, /* and five more sizes */
    E1000_GPRC = 0x4074,
    E1000_BPRC = 0x4078,
    E1000_MPRC = 0x407C,
    E1000_GPTC = 0x4080,
    E1000_GORCL = 0x4088,
    E1000_GOTCL = 0x4090,
    E1000_TORL = 0x40C0,
    E1000_TOTL = 0x40C8,
    E1000_TPR = 0x40D0,
    E1000_TPT = 0x40D4,
    E1000_TSCTC = 0x40F8,
    E1000_STATISTICS_END = 0x4128,
    E1000_RXCSUM = 0x5000,
    E1000_MTA = 0x5200, /* 128 words */
    E1000_RAL = 0x5400, /* 16 pairs */
    E1000_RAH = 0x5404,
    E1000_RA_END = 0x5480,
    E1000_VFTA = 0x5600, /* 128 words */
    E1000_WUC = 0x5800,
    E1000_MANC = 0x5820,
    E1000_REGISTERS_END = 0x6000,
};

/* Interrupt causes: ICR, ICS, IMS, IMC. */
enum {
    E1000_ICR_TXDW = 1 << 0,
    E1000_ICR_TXQE = 1 << 1,
    E1000_ICR_LSC = 1 << 2,
    E1000_ICR_RXDMT0 = 1 << 4,
    E1000_ICR_RXO = 1 << 6,
    E1000_ICR_RXT0 = 1 << 7,
    E1000_ICR_MDAC = 1 << 9,
};

enum { E1000_CTRL_VME = 1 << 30, E1000_PHY_REGISTERS = 32 };

/* The context that segments and checksums are made by: transmit context descriptors, section 3.3.6. */
struct e1000_context {
    uint8_t ipcss, ipcso, tucss, tucso;
    uint16_t ipcse, tucse, mss;
    bool tcp;
};

struct e1000 {
    struct pci_function pci;
    struct machine *machine;
    char *id;
    struct net_output output;

    uint32_t reg[E1000_REGISTERS_END / 4];
    uint32_t io_address;
    uint16_t phy[E1000_PHY_REGISTERS];
    struct eeprom eeprom;

    struct net_backlog backlog;
    struct e1000_context context, segment_context; /* of checksums, of segments */
    uint32_t packet_length;                        /* of the packet that descriptors have brought so far */
    uint8_t packet_options;                        /* of its first descriptor */
    bool packet_segments, packet_too_long;
    struct clock_timer *later;    /* transmission goes on */
    struct clock_timer *throttle; /* until then the interrupt line is not raised again */

    bool running; /* inside DMA: our own registers are not written; no state */
    uint8_t packet[NET_FRAME_MAX];
};

static inline uint32_t *e1000_reg(struct e1000 *e1000, unsigned offset)
{
    return &e1000->reg[offset / 4];
}

/* Sets causes of an interrupt (e1000.c). */
void e1000_interrupt(struct e1000 *e1000, uint32_t causes);
/* Adds to a statistics register, which stops at its end; the second form to a pair of 64 bits. */
void e1000_count(struct e1000 *e1000, unsigned offset);
void e1000_count64(struct e1000 *e1000, unsigned offset, uint64_t amount);
/* Frames for the guest, as far as there are descriptors (e1000_receive.c). */
void e1000_arrive(struct e1000 *e1000, const uint8_t *frame, size_t length);
void e1000_receive(struct e1000 *e1000);
/* What stands between TDH and TDT (e1000_transmit.c). */
void e1000_transmit(struct e1000 *e1000);

/* EEPROM and PHY (e1000_eeprom.c). */
void e1000_eeprom_init(struct e1000 *e1000, const uint8_t mac[6]);
void e1000_eeprom_reset(struct e1000 *e1000);
uint32_t e1000_read_eecd(const struct e1000 *e1000);
void e1000_write_eecd(struct e1000 *e1000, uint32_t value);
void e1000_write_eerd(struct e1000 *e1000, uint32_t value);
void e1000_phy_reset(struct e1000 *e1000);
void e1000_write_mdic(struct e1000 *e1000, uint32_t value);

#endif
