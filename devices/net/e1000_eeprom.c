/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82540EM's EEPROM and PHY: Intel 317453 chapter 5, sections 13.4.3 to 13.4.6; the PHY is Marvell's 88E1011. */
#include <string.h>

#include "devices/net/e1000_internal.h"
#include "emu/bytes.h"

enum {
    EECD_SK = 1 << 0,
    EECD_CS = 1 << 1,
    EECD_DI = 1 << 2,
    EECD_DO = 1 << 3,
    EECD_REQ = 1 << 6,
    EECD_GNT = 1 << 7,
    EECD_PRES = 1 << 8,
    EECD_DRIVEN = EECD_SK | EECD_CS | EECD_DI | EECD_REQ | 3 << 4,

    EERD_START = 1 << 0,
    EERD_DONE = 1 << 4,
    EERD_ADDRESS_SHIFT = 8,
    EERD_DATA_SHIFT = 16,

    WORD_LED = 4,
    WORD_CONTROL1 = 0x0A,
    WORD_SUBSYSTEM = 0x0B,
    WORD_SUBSYSTEM_VENDOR = 0x0C,
    WORD_DEVICE = 0x0D,
    WORD_VENDOR = 0x0E,
    WORD_CONTROL2 = 0x0F,
    WORD_CHECKSUM = 0x3F,
    CHECKSUM = 0xBABA,

    MDIC_REGISTER_SHIFT = 16,
    MDIC_PHY_SHIFT = 21,
    MDIC_WRITE = 1 << 26,
    MDIC_READ = 2 << 26,
    MDIC_OPERATION = 3 << 26,
    MDIC_READY = 1 << 28,
    MDIC_INTERRUPT = 1 << 29,
    MDIC_ERROR = 1 << 30,
    PHY_ADDRESS = 1,

    PHY_CONTROL = 0,
    PHY_STATUS = 1,
    PHY_ID1 = 2,
    PHY_ID2 = 3,
    PHY_ADVERTISEMENT = 4,
    PHY_PARTNER = 5,
    PHY_1000T_CONTROL = 9,
    PHY_1000T_STATUS = 10,
    PHY_EXTENDED_STATUS = 15,
    PHY_SPECIFIC_CONTROL = 16,
    PHY_SPECIFIC_STATUS = 17,
    PHY_EXTENDED_CONTROL = 20,
    PHY_CONTROL_RESET = 1 << 15,
    PHY_CONTROL_RESTART = 1 << 9,
};

/* --- EEPROM --- */

void e1000_eeprom_init(struct e1000 *e1000, const uint8_t mac[6])
{
    uint16_t sum = CHECKSUM;

    for (unsigned i = 0; i < 3; i++)
        e1000->eeprom.word[i] = get_le16(mac + 2 * i);
    e1000->eeprom.word[WORD_LED] = 0xFFFF;
    e1000->eeprom.word[WORD_CONTROL1] = 0x4408; /* signature, full duplex, identifiers are loaded */
    e1000->eeprom.word[WORD_SUBSYSTEM] = 0x1100;
    e1000->eeprom.word[WORD_SUBSYSTEM_VENDOR] = 0x1AF4;
    e1000->eeprom.word[WORD_DEVICE] = 0x100E;
    e1000->eeprom.word[WORD_VENDOR] = 0x8086;
    e1000->eeprom.word[WORD_CONTROL2] = 0x3040; /* both kinds of pause */
    for (unsigned i = 0; i < WORD_CHECKSUM; i++)
        sum = (uint16_t)(sum - e1000->eeprom.word[i]);
    e1000->eeprom.word[WORD_CHECKSUM] = sum;
}

void e1000_eeprom_reset(struct e1000 *e1000)
{
    eeprom_reset(&e1000->eeprom);
    *e1000_reg(e1000, E1000_EECD) = 0;
}

uint32_t e1000_read_eecd(const struct e1000 *e1000)
{
    uint32_t value = e1000->reg[E1000_EECD / 4];

    return value | EECD_PRES | (value & EECD_REQ ? EECD_GNT : 0) | (e1000->eeprom.data ? EECD_DO : 0);
}

void e1000_write_eecd(struct e1000 *e1000, uint32_t value)
{
    *e1000_reg(e1000, E1000_EECD) = value & EECD_DRIVEN;
    eeprom_drive(&e1000->eeprom, value & EECD_CS, value & EECD_SK, value & EECD_DI);
}

void e1000_write_eerd(struct e1000 *e1000, uint32_t value)
{
    unsigned address = value >> EERD_ADDRESS_SHIFT & 0xFF;
    uint32_t *eerd = e1000_reg(e1000, E1000_EERD);

    *eerd = value & 0xFF00;
    if (value & EERD_START && address < EEPROM_WORDS)
        *eerd |= EERD_DONE | (uint32_t)e1000->eeprom.word[address] << EERD_DATA_SHIFT;
}

/* --- PHY --- */

/* Negotiated: 1000 Mb/s, full duplex; nobody pulls the cable. */
void e1000_phy_reset(struct e1000 *e1000)
{
    memset(e1000->phy, 0, sizeof(e1000->phy));
    e1000->phy[PHY_CONTROL] = 0x1140;
    e1000->phy[PHY_STATUS] = 0x796D;
    e1000->phy[PHY_ID1] = 0x0141;
    e1000->phy[PHY_ID2] = 0x0C20;
    e1000->phy[PHY_ADVERTISEMENT] = 0x0DE1;
    e1000->phy[PHY_PARTNER] = 0x45E1;
    e1000->phy[PHY_1000T_CONTROL] = 0x0E00;
    e1000->phy[PHY_1000T_STATUS] = 0x3C00;
    e1000->phy[PHY_EXTENDED_STATUS] = 0x3000;
    e1000->phy[PHY_SPECIFIC_CONTROL] = 0x0360;
    e1000->phy[PHY_SPECIFIC_STATUS] = 0xAC00;
    e1000->phy[PHY_EXTENDED_CONTROL] = 0x0D60;
}

static void phy_write(struct e1000 *e1000, unsigned number, uint16_t value)
{
    switch (number) {
    case PHY_CONTROL:
        if (value & PHY_CONTROL_RESET)
            e1000_phy_reset(e1000);
        else
            e1000->phy[PHY_CONTROL] = value & ~PHY_CONTROL_RESTART;
        break;
    case PHY_STATUS:
    case PHY_ID1:
    case PHY_ID2:
    case PHY_PARTNER:
    case PHY_1000T_STATUS:
    case PHY_EXTENDED_STATUS:
    case PHY_SPECIFIC_STATUS:
        break; /* read-only */
    default:
        e1000->phy[number] = value;
        break;
    }
}

void e1000_write_mdic(struct e1000 *e1000, uint32_t value)
{
    unsigned number = value >> MDIC_REGISTER_SHIFT & 31, address = value >> MDIC_PHY_SHIFT & 31;
    uint32_t operation = value & MDIC_OPERATION;

    value &= ~(uint32_t)MDIC_ERROR;
    if (address != PHY_ADDRESS || (operation != MDIC_READ && operation != MDIC_WRITE))
        value |= MDIC_ERROR;
    else if (operation == MDIC_READ)
        value = (value & 0xFFFF0000) | e1000->phy[number];
    else
        phy_write(e1000, number, (uint16_t)value);
    *e1000_reg(e1000, E1000_MDIC) = value | MDIC_READY;
    if (value & MDIC_INTERRUPT)
        e1000_interrupt(e1000, E1000_ICR_MDAC);
}
