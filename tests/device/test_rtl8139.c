/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The RTL8139C+ network card. */
#include "devices/net/rtl8139.h"

#include "devices/net/rtl8139_internal.h"
#include "devices/pci/pci.h"
#include "tests/device/fixture.h"
#include "tests/device/frames.h"

#define BAR UINT64_C(0xE0000000)
enum {
    DEVFN = PCI_DEVFN(2, 0),
    PORT = 0xC000,
    RAM_SIZE = 4 << 20,
    TX_RING = 0x10000,
    HIGH_RING = 0x10800,
    RX_RING = 0x11000,
    ENTRIES = 16,
    BUFFERS = 0x100000, /* of receive descriptors, 0x4000 each */
    RING_BUFFER = 0x180000,
    OUT = 0x200000,

    RCR_APM = 1 << 1,
    RCR_AM = 1 << 2,
    RCR_AB = 1 << 3,
    RCR_WRAP = 1 << 7,
    TCPCS = 1 << 16,
    IPCS = 1 << 18,
    LGSEN = 1 << 27,
    UNLOCK = 0xC0,
    POLL = 1 << 6,
    POLL_HIGH = 1 << 7,
};

struct card {
    struct machine *machine;
    struct pci_bus *bus;
    bool line;
    unsigned notes;
    GPtrArray *sent;
};

static void set_line(void *opaque, unsigned line, bool level)
{
    ((struct card *)opaque)->line = level;
}

static void take_note(void *opaque, const char *text)
{
    ((struct card *)opaque)->notes++;
    g_test_message("%s", text);
}

static struct memory *ram(struct card *card)
{
    return machine_memory(card->machine);
}

static uint32_t get(struct card *card, unsigned offset, unsigned size)
{
    return (uint32_t)memory_io_read(ram(card), MEMORY_SPACE_PHYSICAL, BAR + offset, size);
}

static void set(struct card *card, unsigned offset, unsigned size, uint32_t value)
{
    memory_io_write(ram(card), MEMORY_SPACE_PHYSICAL, BAR + offset, size, value);
}

static void start(struct card *card, bool large)
{
    *card = (struct card){.machine = test_machine(), .sent = frames_new()};
    const struct pci_bus_config config = {.set_line = set_line, .opaque = card};

    machine_set_note_handler(card->machine, take_note, card);
    g_assert_nonnull(memory_add_ram(ram(card), "ram", 0, RAM_SIZE, false, NULL));
    card->bus = pci_bus_new(card->machine, &config, "pci");
    rtl8139_new(card->machine, card->bus, DEVFN, test_mac, frame_sink(card->sent, large), "net0", "rtl8139");
    machine_reset(card->machine);
    pci_config_write(card->bus, 0, DEVFN, 0x10, 4, PORT);
    pci_config_write(card->bus, 0, DEVFN, 0x14, 4, (uint32_t)BAR);
    pci_config_write(card->bus, 0, DEVFN, 0x04, 2, 7);
}

static void finish(struct card *card)
{
    machine_free(card->machine);
    g_ptr_array_unref(card->sent);
}

static void arrive(struct card *card, const uint8_t *frame, size_t length)
{
    test_submit(card->machine, "net0", frame, length);
}

static void check_bytes(struct card *card, uint64_t address, const uint8_t *expected, size_t length)
{
    g_autofree uint8_t *bytes = g_malloc(length);

    memory_read(ram(card), address, bytes, length);
    g_assert_cmpmem(bytes, length, expected, length);
}

/* As drivers of all 8139 do: a buffer of 8 KiB, and four descriptors. */
static void plain_up(struct card *card, uint32_t rcr)
{
    set(card, RTL_RBSTART, 4, RING_BUFFER);
    set(card, RTL_IMR, 2, RTL_ISR_ROK | RTL_ISR_TOK | RTL_ISR_TER);
    set(card, RTL_RCR, 4, rcr | RCR_APM);
    set(card, RTL_CR, 1, RTL_CR_RE | RTL_CR_TE);
}

static void transmit_descriptor(struct card *card, uint64_t ring, unsigned index, uint32_t options, uint32_t tag,
                                uint64_t address)
{
    memory_write32(ram(card), ring + 16 * index + 4, tag);
    memory_write64(ram(card), ring + 16 * index + 8, address);
    memory_write32(ram(card), ring + 16 * index, options | RTL_OWN | (index == ENTRIES - 1 ? RTL_EOR : 0));
}

static void receive_descriptor(struct card *card, unsigned index, uint32_t size)
{
    memory_write64(ram(card), RX_RING + 16 * index + 8, BUFFERS + 0x4000 * index);
    memory_write32(ram(card), RX_RING + 16 * index + 4, 0);
    memory_write32(ram(card), RX_RING + 16 * index, RTL_OWN | (index == ENTRIES - 1 ? RTL_EOR : 0) | size);
}

static void rings_up(struct card *card, uint16_t cpcr, uint32_t size)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        receive_descriptor(card, i, size);
    set(card, RTL_CPCR, 2, cpcr | RTL_CPCR_RXEN | RTL_CPCR_TXEN);
    set(card, RTL_RDSAR, 4, RX_RING);
    set(card, RTL_RDSAR + 4, 4, 0);
    set(card, RTL_TNPDS, 4, TX_RING);
    set(card, RTL_TNPDS + 4, 4, 0);
    set(card, RTL_THPDS, 4, HIGH_RING);
    set(card, RTL_THPDS + 4, 4, 0);
    set(card, RTL_CR, 1, RTL_CR_RE | RTL_CR_TE);
    set(card, RTL_RCR, 4, RCR_APM);
    set(card, RTL_IMR, 2, RTL_ISR_ROK | RTL_ISR_TOK | RTL_ISR_RDU);
}

/* --- registers --- */

static void test_identity(void)
{
    struct card card;

    start(&card, false);
    g_assert_cmphex(pci_config_read(card.bus, 0, DEVFN, 0, 4), ==, 0x813910EC);
    g_assert_cmphex(pci_config_read(card.bus, 0, DEVFN, 8, 4), ==, 0x02000020);
    g_assert_cmphex(get(&card, RTL_IDR0, 4), ==, 0x12005452);
    g_assert_cmphex(get(&card, RTL_IDR0 + 4, 2), ==, 0x5634);
    g_assert_cmphex(get(&card, RTL_TCR, 4), ==, 0x74800000);
    g_assert_cmphex(get(&card, RTL_MSR, 1) & 4, ==, 0); /* link */
    g_assert_cmphex(get(&card, RTL_BMSR, 2) & 0x24, ==, 0x24);
    for (unsigned i = 0; i < 4; i++)
        g_assert_cmphex(get(&card, RTL_TSD0 + 4 * i, 4), ==, RTL_TSD_OWN);
    g_assert_cmphex(get(&card, RTL_TSAD, 2), ==, 0x000F);
    g_assert_cmphex(get(&card, RTL_CAPR, 2), ==, 0xFFF0);
    g_assert_cmphex(get(&card, RTL_CR, 1), ==, RTL_CR_BUFE);

    set(&card, RTL_IDR0, 1, 0x02); /* locked */
    g_assert_cmphex(in8(card.machine, PORT + RTL_IDR0), ==, 0x52);
    out8(card.machine, PORT + RTL_9346CR, UNLOCK);
    set(&card, RTL_IDR0, 1, 0x02);
    g_assert_cmphex(get(&card, RTL_IDR0, 4), ==, 0x12005402);
    set(&card, RTL_CONFIG1, 1, 0xFF);
    g_assert_cmphex(get(&card, RTL_CONFIG1, 1), ==, 0xFD);
    set(&card, RTL_BMCR, 2, 0x8200 | 0x2100); /* its reset ends at once */
    g_assert_cmphex(get(&card, RTL_BMCR, 2), ==, 0x3100);
    set(&card, RTL_BMCR, 2, 0x2300);
    g_assert_cmphex(get(&card, RTL_BMCR, 2), ==, 0x2100);
    set(&card, RTL_MAR0 + 3, 1, 0xAB); /* a part of a register */
    g_assert_cmphex(get(&card, RTL_MAR0, 4), ==, 0xAB000000);
    set(&card, RTL_IMR, 2, 0xFFFF);
    set(&card, RTL_CR, 1, RTL_CR_RST);
    g_assert_cmphex(get(&card, RTL_CR, 1), ==, RTL_CR_BUFE);
    g_assert_cmphex(get(&card, RTL_IMR, 2), ==, 0);
    g_assert_cmphex(get(&card, RTL_IDR0, 4), ==, 0x12005402); /* kept */
    g_assert_cmphex(get(&card, RTL_9346CR, 1) & UNLOCK, ==, 0);
    g_assert_cmpuint(card.notes, ==, 0);
    finish(&card);
}

static unsigned clock_bit(struct card *card, unsigned bit)
{
    set(card, RTL_9346CR, 1, 0x88 | bit << 1);
    set(card, RTL_9346CR, 1, 0x8C | bit << 1);
    unsigned out = get(card, RTL_9346CR, 1) & 1;
    set(card, RTL_9346CR, 1, 0x88 | bit << 1);
    return out;
}

/* With commands for EEPROMs of 64 words, or of 256: by that drivers find out which one it is. */
static uint16_t read_word(struct card *card, unsigned address, unsigned address_bits)
{
    uint16_t word = 0;

    set(card, RTL_9346CR, 1, 0x80);
    unsigned out = 1, bits = address_bits + 5, command = 6 << address_bits | address;
    for (unsigned i = 0; i < bits; i++)
        out = clock_bit(card, command >> (bits - 1 - i) & 1);
    g_assert_cmpuint(address_bits == 6 ? out : 0, ==, 0); /* a zero comes before the data */
    for (unsigned i = 0; i < 16; i++)
        word = (uint16_t)(word << 1 | clock_bit(card, 0));
    set(card, RTL_9346CR, 1, 0);
    return word;
}

static void test_eeprom(void)
{
    struct card card;

    start(&card, false);
    g_assert_cmphex(read_word(&card, 0, 6), ==, 0x8129);
    g_assert_cmphex(read_word(&card, 0, 8), !=, 0x8129);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmphex(read_word(&card, 7 + i, 6), ==, get_le16(test_mac + 2 * i));
    finish(&card);
}

static void test_timer(void)
{
    struct card card;

    start(&card, false);
    set(&card, RTL_IMR, 2, RTL_ISR_TIMEOUT);
    set(&card, RTL_TCTR, 4, 1);
    set(&card, RTL_TIMERINT, 4, 1000);
    machine_advance(card.machine, 29999);
    g_assert_cmpuint(get(&card, RTL_TCTR, 4), ==, 999);
    g_assert_false(card.line);
    machine_advance(card.machine, 1);
    g_assert_true(card.line);
    g_assert_cmphex(get(&card, RTL_ISR, 2), ==, RTL_ISR_TIMEOUT);
    set(&card, RTL_ISR, 1, 0xFF); /* the other half */
    g_assert_true(card.line);
    set(&card, RTL_ISR, 2, RTL_ISR_TIMEOUT);
    g_assert_false(card.line);
    machine_advance(card.machine, 1000000);
    g_assert_cmphex(get(&card, RTL_ISR, 2), ==, 0); /* once */
    set(&card, RTL_TCTR, 4, 1);
    machine_advance(card.machine, 30000);
    g_assert_cmphex(get(&card, RTL_ISR, 2), ==, RTL_ISR_TIMEOUT);
    finish(&card);
}

/* --- without C+ mode --- */

static void test_plain_transmit(void)
{
    uint8_t frame[TCP_HEADERS + 100];
    struct card card;
    size_t length;

    start(&card, false);
    make_tcp(frame, 100, 9);
    memory_write(ram(&card), OUT, frame, sizeof(frame));
    set(&card, RTL_TSAD0 + 4, 4, OUT);
    set(&card, RTL_TSD0 + 4, 4, sizeof(frame)); /* the transmitter is off */
    g_assert_cmpuint(card.sent->len, ==, 0);
    plain_up(&card, 0);
    const uint8_t *sent = sent_frame(card.sent, 0, &length);
    check_tcp(sent, length, 100, 9);
    g_assert_cmphex(get(&card, RTL_TSD0 + 4, 4), ==, RTL_TSD_OWN | RTL_TSD_TOK | sizeof(frame));
    g_assert_cmphex(get(&card, RTL_TSAD, 2), ==, 0x200F);
    g_assert_true(card.line);
    set(&card, RTL_ISR, 2, RTL_ISR_TOK);
    g_assert_false(card.line);

    set(&card, RTL_TSAD0 + 8, 4, OUT);
    set(&card, RTL_TSD0 + 8, 4, 20); /* filled up */
    sent = sent_frame(card.sent, 1, &length);
    g_assert_cmpuint(length, ==, 60);
    g_assert_cmpmem(sent, 20, frame, 20);
    g_assert_cmpuint(sent[20] | sent[59], ==, 0);
    g_assert_cmpuint(card.notes, ==, 0);
    set(&card, RTL_TSD0, 4, 1793);
    g_assert_cmphex(get(&card, RTL_ISR, 2), ==, RTL_ISR_TOK | RTL_ISR_TER);
    g_assert_cmphex(get(&card, RTL_TSD0, 4) & RTL_TSD_TABT, ==, RTL_TSD_TABT);
    set(&card, RTL_TSAD0, 4, 0xD0000000); /* not in memory */
    set(&card, RTL_TSD0, 4, 100);
    g_assert_cmpuint(card.notes, ==, 2);
    finish(&card);
}

/* The frame at @at of the buffer of @size bytes, which goes round; where the next one is. */
static uint32_t check_buffer(struct card *card, uint32_t at, const uint8_t *frame, uint32_t length, uint32_t size,
                             bool wrap)
{
    uint32_t start = RING_BUFFER + at;

    g_assert_cmphex(memory_read16(ram(card), start), ==, 0x4001); /* good, its own address */
    g_assert_cmpuint(memory_read16(ram(card), start + 2), ==, length + 4);
    uint32_t before_end = wrap ? length : MIN(length, size - at - 4);
    check_bytes(card, start + 4, frame, before_end);
    if (before_end < length)
        check_bytes(card, RING_BUFFER, frame + before_end, length - before_end);
    return (at + 4 + length + 4 + 3) / 4 * 4 % size;
}

static void plain_receive(uint32_t size, uint32_t rcr, bool wrap)
{
    uint8_t frame[TCP_HEADERS + 1001];
    unsigned fit = (size - 1) / 1064;
    struct card card;
    uint32_t at = 0;

    start(&card, false);
    make_tcp(frame, 1001, 0);
    arrive(&card, frame, sizeof(frame)); /* the receiver is off */
    plain_up(&card, rcr);
    g_assert_cmphex(get(&card, RTL_CR, 1) & RTL_CR_BUFE, ==, RTL_CR_BUFE);
    for (unsigned i = 0; i < 100; i++) {
        make_tcp(frame, 1001, i);
        arrive(&card, frame, sizeof(frame));
        g_assert_true(card.line);
        set(&card, RTL_ISR, 2, RTL_ISR_ROK);
        g_assert_cmphex(get(&card, RTL_CR, 1) & RTL_CR_BUFE, ==, 0);
        at = check_buffer(&card, at, frame, sizeof(frame), size, wrap);
        g_assert_cmpuint(get(&card, RTL_CBR, 2), ==, at);
        set(&card, RTL_CAPR, 2, (at - 16) & 0xFFFF);
        g_assert_cmphex(get(&card, RTL_CR, 1) & RTL_CR_BUFE, ==, RTL_CR_BUFE);
    }
    for (unsigned i = 0; i < fit + 2; i++) { /* the last two wait */
        make_tcp(frame, 1001, i);
        arrive(&card, frame, sizeof(frame));
    }
    uint32_t full = get(&card, RTL_CBR, 2);
    for (unsigned i = 0; i < fit + 2; i++) {
        make_tcp(frame, 1001, i);
        at = check_buffer(&card, at, frame, sizeof(frame), size, wrap);
        g_assert_cmpuint(full == at, ==, i == fit - 1);
        set(&card, RTL_CAPR, 2, (at - 16) & 0xFFFF);
    }
    g_assert_cmphex(get(&card, RTL_CR, 1) & RTL_CR_BUFE, ==, RTL_CR_BUFE);
    g_assert_cmpuint(card.notes, ==, 0);
    finish(&card);
}

static void test_plain_receive(void)
{
    plain_receive(8 << 10, 0, false);
    plain_receive(16 << 10, RCR_WRAP | 1 << 11, true);
    plain_receive(64 << 10, 3 << 11, false);
    plain_receive(64 << 10, RCR_WRAP | 3 << 11, false); /* that size always goes round */
}

static void test_filter(void)
{
    uint8_t frame[60] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    unsigned expected = 0;
    struct card card;

    start(&card, false);
    plain_up(&card, 0);
#define EXPECT(taken)                                                                                                  \
    do {                                                                                                               \
        arrive(&card, frame, sizeof(frame));                                                                           \
        expected += (taken);                                                                                           \
        g_assert_cmpuint(get(&card, RTL_CBR, 2), ==, 68 * expected);                                                   \
    } while (0)
    EXPECT(1);
    frame[5] = 0x57; /* another station's */
    EXPECT(0);
    set(&card, RTL_RCR, 4, 1); /* of all */
    EXPECT(1);
    memset(frame, 0xFF, 6);
    EXPECT(0);
    set(&card, RTL_RCR, 4, RCR_AB);
    EXPECT(1);
    memcpy(frame, "\x01\x00\x5E\x00\x00\x01", 6); /* its check sequence begins with 011111 */
    EXPECT(0);
    set(&card, RTL_RCR, 4, RCR_AM);
    EXPECT(0);
    set(&card, RTL_MAR0, 4, 1u << 31);
    EXPECT(1);
    set(&card, RTL_MAR0, 4, ~(1u << 31));
    set(&card, RTL_MAR0 + 4, 4, UINT32_MAX);
    EXPECT(0);
    g_autofree uint8_t *long_frame = g_malloc0(5000);
    memcpy(long_frame, test_mac, 6);
    set(&card, RTL_RCR, 4, RCR_APM);
    arrive(&card, long_frame, 5000);
    g_assert_cmpuint(get(&card, RTL_CBR, 2), ==, 68 * expected);
    finish(&card);
}

/* --- C+ mode --- */

static void test_rings_transmit(void)
{
    g_autofree uint8_t *frame = g_malloc(TCP_HEADERS + 4000);
    struct card card;
    size_t length;

    start(&card, false);
    rings_up(&card, 0, 1536);
    make_tcp(frame, 100, 9);
    put_be16(frame + 24, 0x1234); /* wrong checksums */
    put_be16(frame + 50, 0x1234);
    memory_write(ram(&card), OUT, frame, TCP_HEADERS + 100);
    transmit_descriptor(&card, TX_RING, 0, RTL_FS | IPCS | TCPCS | 50, 0, OUT); /* in two pieces */
    set(&card, RTL_TPPOLL, 1, POLL);
    g_assert_cmpuint(card.sent->len, ==, 0);
    transmit_descriptor(&card, TX_RING, 1, RTL_LS | IPCS | TCPCS | (TCP_HEADERS + 50), 0, OUT + 50);
    set(&card, RTL_TPPOLL, 1, POLL);
    const uint8_t *sent = sent_frame(card.sent, 0, &length);
    check_tcp(sent, length, 100, 9);
    g_assert_cmphex(memory_read32(ram(&card), TX_RING), ==, RTL_FS | 50);
    g_assert_cmphex(memory_read32(ram(&card), TX_RING + 16), ==, RTL_LS | (TCP_HEADERS + 50));
    g_assert_true(card.line);

    make_tcp(frame, 4000, 100);
    memory_write(ram(&card), OUT, frame, TCP_HEADERS + 4000);
    transmit_descriptor(&card, TX_RING, 2, RTL_FS | RTL_LS | LGSEN | 1460 << 16 | (TCP_HEADERS + 4000), 0, OUT);
    set(&card, RTL_TPPOLL, 1, POLL);
    g_assert_cmpuint(card.sent->len, ==, 4);
    for (unsigned i = 0; i < 3; i++) {
        sent = sent_frame(card.sent, 1 + i, &length);
        check_tcp(sent, length, i == 2 ? 4000 - 2920 : 1460, 100 + 1460 * i);
    }
    transmit_descriptor(&card, HIGH_RING, 0, RTL_FS | RTL_LS | 100, 1 << 17 | 0x0530, OUT); /* tag 3005h */
    set(&card, RTL_TPPOLL, 1, POLL);
    g_assert_cmpuint(card.sent->len, ==, 4);
    set(&card, RTL_TPPOLL, 1, POLL_HIGH);
    sent = sent_frame(card.sent, 4, &length);
    g_assert_cmpuint(length, ==, 104);
    g_assert_cmpmem(sent, 12, frame, 12);
    g_assert_cmphex(get_be32(sent + 12), ==, 0x81003005);
    g_assert_cmpmem(sent + 16, 88, frame + 12, 88);
    g_assert_cmpuint(card.notes, ==, 0);

    for (unsigned i = 3; i < 3 + ENTRIES; i++) /* round the ring */
        transmit_descriptor(&card, TX_RING, i % ENTRIES, RTL_FS | RTL_LS | 100, 0, OUT);
    set(&card, RTL_TPPOLL, 1, POLL);
    g_assert_cmpuint(card.sent->len, ==, 5 + ENTRIES);
    finish(&card);
}

static void test_bad_transmit(void)
{
    struct card card;

    start(&card, false);
    rings_up(&card, 0, 1536);
    transmit_descriptor(&card, TX_RING, 0, RTL_FS | 0xFFFF, 0, OUT); /* longer than any packet */
    transmit_descriptor(&card, TX_RING, 1, RTL_LS | 0xFFFF, 0, OUT);
    transmit_descriptor(&card, TX_RING, 2, RTL_FS | RTL_LS | 5, 1 << 17, OUT);           /* shorter */
    transmit_descriptor(&card, TX_RING, 3, RTL_FS | RTL_LS | LGSEN | 1000, 0, OUT);      /* no TCP */
    transmit_descriptor(&card, TX_RING, 4, RTL_FS | RTL_LS | 100, 0, UINT64_C(1) << 50); /* not in memory */
    transmit_descriptor(&card, TX_RING, 5, RTL_FS | RTL_LS | 100, 0, BAR);               /* its own registers */
    set(&card, RTL_TPPOLL, 1, POLL);
    g_assert_cmpuint(card.notes, >=, 5);
    g_assert_cmpuint(card.sent->len, ==, 2); /* what was read of nothing */
    g_assert_cmphex(memory_read32(ram(&card), TX_RING + 16 * 5) & RTL_OWN, ==, 0);
    set(&card, RTL_TNPDS, 4, 0xD0000000);
    set(&card, RTL_TPPOLL, 1, POLL);
    set(&card, RTL_TNPDS, 4, (uint32_t)BAR);
    set(&card, RTL_TPPOLL, 1, POLL);
    g_assert_cmpuint(card.sent->len, ==, 2);
    finish(&card);
}

static void test_rings_receive(void)
{
    uint8_t frame[TCP_HEADERS + 500], tagged[TCP_HEADERS + 504];
    struct card card;

    start(&card, false);
    rings_up(&card, RTL_CPCR_RXCHKSUM | RTL_CPCR_RXVLAN, 1536);
    make_tcp(frame, 500, 3);
    arrive(&card, frame, sizeof(frame));
    const uint32_t good = RTL_FS | RTL_LS | 1 << 25 | 1 << 16 | (sizeof(frame) + 4); /* its own address, TCP */
    g_assert_cmphex(memory_read32(ram(&card), RX_RING), ==, good);
    check_bytes(&card, BUFFERS, frame, sizeof(frame));
    g_assert_true(card.line);
    frame[100] ^= 1;
    arrive(&card, frame, sizeof(frame));
    g_assert_cmphex(memory_read32(ram(&card), RX_RING + 16), ==, good | 1 << 13);
    frame[100] ^= 1;
    memcpy(tagged, frame, 12);
    put_be32(tagged + 12, 0x81003005);
    memcpy(tagged + 16, frame + 12, sizeof(frame) - 12);
    arrive(&card, tagged, sizeof(tagged));
    g_assert_cmphex(memory_read32(ram(&card), RX_RING + 32), ==, good);
    g_assert_cmphex(memory_read32(ram(&card), RX_RING + 36), ==, 1 << 16 | 0x0530);
    check_bytes(&card, BUFFERS + 2 * 0x4000, frame, sizeof(frame));
    set(&card, RTL_CPCR, 2, RTL_CPCR_RXEN | RTL_CPCR_TXEN);
    arrive(&card, tagged, sizeof(tagged));
    check_bytes(&card, BUFFERS + 3 * 0x4000, tagged, sizeof(tagged));
    g_assert_cmphex(memory_read32(ram(&card), RX_RING + 48 + 4), ==, 0);
    finish(&card);
}

/* Frames over several descriptors; what finds none waits until there are some, without a doorbell. */
static void test_rings_wait(void)
{
    uint8_t frame[TCP_HEADERS + 500];
    struct card card;

    start(&card, false);
    rings_up(&card, 0, 256); /* three for each */
    for (unsigned i = 0; i < 6; i++) {
        make_tcp(frame, 500, i);
        arrive(&card, frame, sizeof(frame));
    }
    g_assert_cmphex(get(&card, RTL_ISR, 2), ==, RTL_ISR_ROK | RTL_ISR_RDU);
    make_tcp(frame, 500, 4);
    g_assert_cmphex(memory_read32(ram(&card), RX_RING + 12 * 16), ==, RTL_FS | 1 << 25 | (sizeof(frame) + 4));
    g_assert_cmphex(memory_read32(ram(&card), RX_RING + 14 * 16), ==, RTL_LS | 1 << 25 | (sizeof(frame) + 4));
    check_bytes(&card, BUFFERS + 14 * 0x4000, frame + 512, sizeof(frame) - 512);
    g_assert_cmphex(memory_read32(ram(&card), RX_RING + 15 * 16) & RTL_OWN, ==, RTL_OWN);
    set(&card, RTL_ISR, 2, 0xFFFF);
    receive_descriptor(&card, 0, 256);
    set(&card, RTL_IMR, 2, RTL_ISR_ROK);
    g_assert_cmphex(get(&card, RTL_ISR, 2), ==, 0); /* two are not enough */
    receive_descriptor(&card, 1, 256);
    machine_advance(card.machine, NANOSECONDS_PER_SECOND);
    g_assert_cmphex(get(&card, RTL_ISR, 2), ==, RTL_ISR_ROK);
    make_tcp(frame, 500, 5);
    check_bytes(&card, BUFFERS + 15 * 0x4000, frame, 256);
    check_bytes(&card, BUFFERS, frame + 256, 256);
    set(&card, RTL_CR, 1, 0);
    arrive(&card, frame, sizeof(frame));
    g_assert_cmpuint(card.notes, ==, 0);
    finish(&card);
}

static void test_tally(void)
{
    uint8_t frame[60] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    struct card card;

    start(&card, false);
    rings_up(&card, 0, 1536);
    arrive(&card, frame, sizeof(frame));
    set(&card, RTL_RCR, 4, RCR_AB);
    memset(frame, 0xFF, 6);
    arrive(&card, frame, sizeof(frame));
    set(&card, RTL_DTCCR + 4, 4, 0);
    set(&card, RTL_DTCCR, 4, OUT | 1 << 3);
    g_assert_cmphex(get(&card, RTL_DTCCR, 4), ==, OUT);
    g_assert_cmpuint(memory_read64(ram(&card), OUT + 8), ==, 2);
    g_assert_cmpuint(memory_read64(ram(&card), OUT + 40), ==, 1);
    g_assert_cmpuint(memory_read64(ram(&card), OUT + 48), ==, 1);
    finish(&card);
}

static void test_state(void)
{
    uint8_t frame[TCP_HEADERS + 500];
    struct card card, other;
    size_t length;

    start(&card, false);
    start(&other, false);
    rings_up(&card, 0, 1536);
    make_tcp(frame, 500, 8);
    for (unsigned i = 0; i < ENTRIES + 1; i++) /* one waits */
        arrive(&card, frame, sizeof(frame));
    memory_write(ram(&card), OUT, frame, sizeof(frame));
    transmit_descriptor(&card, TX_RING, 0, RTL_FS | 100, 0, OUT); /* half of a packet */
    set(&card, RTL_TPPOLL, 1, POLL);
    set(&card, RTL_TIMERINT, 4, 1000000);
    set(&card, RTL_9346CR, 1, 0x80);
    clock_bit(&card, 1);
    test_copy_state(card.machine, other.machine);
    transmit_descriptor(&other, TX_RING, 1, RTL_LS | (sizeof(frame) - 100), 0, OUT + 100);
    set(&other, RTL_TPPOLL, 1, POLL);
    const uint8_t *sent = sent_frame(other.sent, 0, &length);
    check_tcp(sent, length, 500, 8);
    memory_write64(ram(&other), BUFFERS, 0);
    receive_descriptor(&other, 0, 1536);
    machine_advance(other.machine, NANOSECONDS_PER_SECOND);
    check_bytes(&other, BUFFERS, frame, sizeof(frame));
    g_assert_true(other.line);
    g_assert_cmphex(get(&other, RTL_ISR, 2) & RTL_ISR_TIMEOUT, ==, RTL_ISR_TIMEOUT);
    finish(&card);
    finish(&other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rtl8139/identity", test_identity);
    g_test_add_func("/rtl8139/eeprom", test_eeprom);
    g_test_add_func("/rtl8139/timer", test_timer);
    g_test_add_func("/rtl8139/plain-transmit", test_plain_transmit);
    g_test_add_func("/rtl8139/plain-receive", test_plain_receive);
    g_test_add_func("/rtl8139/filter", test_filter);
    g_test_add_func("/rtl8139/rings-transmit", test_rings_transmit);
    g_test_add_func("/rtl8139/bad-transmit", test_bad_transmit);
    g_test_add_func("/rtl8139/rings-receive", test_rings_receive);
    g_test_add_func("/rtl8139/rings-wait", test_rings_wait);
    g_test_add_func("/rtl8139/tally", test_tally);
    g_test_add_func("/rtl8139/state", test_state);
    return g_test_run();
}
