/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82540EM network card. */
#include "devices/net/e1000.h"

#include "devices/net/e1000_internal.h"
#include "devices/pci/pci.h"
#include "tests/device/fixture.h"
#include "tests/device/frames.h"

#define BAR UINT64_C(0xE0000000)
enum {
    DEVFN = PCI_DEVFN(2, 0),
    PORT = 0xC000,
    RAM_SIZE = 4 << 20,
    TX_RING = 0x10000,
    RX_RING = 0x11000,
    ENTRIES = 16,
    BUFFERS = 0x100000, /* of receive descriptors, 0x4000 each */
    OUT = 0x200000,

    RCTL_ON = 1 << 1,
    RCTL_UPE = 1 << 3,
    RCTL_MPE = 1 << 4,
    RCTL_LPE = 1 << 5,
    RCTL_BAM = 1 << 15,
    RCTL_SECRC = 1 << 26,

    EOP = 1 << 24,
    IC = 1 << 26,
    TSE = 1 << 26,
    RS = 1 << 27,
    DEXT = 1 << 29,
    DATA_TYPE = 1 << 20,
};

struct card {
    struct machine *machine;
    struct pci_bus *bus;
    bool line;
    unsigned notes, edges;
    GPtrArray *sent;
    uint32_t tail;
};

static void set_line(void *opaque, unsigned line, bool level)
{
    struct card *card = opaque;

    card->edges += level && !card->line;
    card->line = level;
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

static uint32_t get(struct card *card, unsigned offset)
{
    return (uint32_t)memory_io_read(ram(card), MEMORY_SPACE_PHYSICAL, BAR + offset, 4);
}

static void set(struct card *card, unsigned offset, uint32_t value)
{
    memory_io_write(ram(card), MEMORY_SPACE_PHYSICAL, BAR + offset, 4, value);
}

static void config_write(struct card *card, unsigned offset, unsigned size, uint32_t value)
{
    pci_config_write(card->bus, 0, DEVFN, (uint16_t)offset, size, value);
}

static void start(struct card *card, bool large)
{
    *card = (struct card){.machine = test_machine(), .sent = frames_new()};
    const struct pci_bus_config config = {.set_line = set_line, .opaque = card};

    machine_set_note_handler(card->machine, take_note, card);
    g_assert_nonnull(memory_add_ram(ram(card), "ram", 0, RAM_SIZE, false, NULL));
    card->bus = pci_bus_new(card->machine, &config, "pci");
    e1000_new(card->machine, card->bus, DEVFN, test_mac, frame_sink(card->sent, large), "net0", "e1000");
    machine_reset(card->machine);
    config_write(card, 0x10, 4, (uint32_t)BAR);
    config_write(card, 0x14, 4, PORT);
    config_write(card, 0x04, 2, 7);
}

static void finish(struct card *card)
{
    machine_free(card->machine);
    g_ptr_array_unref(card->sent);
}

/* Rings, receiver and transmitter on. */
static void bring_up(struct card *card, uint32_t rctl)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        memory_write64(ram(card), RX_RING + 16 * i, BUFFERS + 0x4000 * i);
        memory_write64(ram(card), RX_RING + 16 * i + 8, 0);
    }
    set(card, E1000_RDBAL, RX_RING);
    set(card, E1000_RDLEN, ENTRIES * 16);
    set(card, E1000_TDBAL, TX_RING);
    set(card, E1000_TDLEN, ENTRIES * 16);
    set(card, E1000_RDT, ENTRIES - 1);
    set(card, E1000_IMS, E1000_ICR_RXT0 | E1000_ICR_TXDW);
    set(card, E1000_RCTL, rctl | RCTL_ON);
    set(card, E1000_TCTL, 1 << 1 | 1 << 3);
}

static void arrive(struct card *card, const uint8_t *frame, size_t length)
{
    test_submit(card->machine, "net0", frame, length);
}

static void descriptor(struct card *card, uint64_t low, uint64_t high)
{
    memory_write64(ram(card), TX_RING + 16 * card->tail, low);
    memory_write64(ram(card), TX_RING + 16 * card->tail + 8, high);
    card->tail = (card->tail + 1) % ENTRIES;
}

static void check_bytes(struct card *card, uint64_t address, const uint8_t *expected, size_t length)
{
    g_autofree uint8_t *bytes = g_malloc(length);

    memory_read(ram(card), address, bytes, length);
    g_assert_cmpmem(bytes, length, expected, length);
}

/* --- registers --- */

static void test_identity(void)
{
    struct card card;

    start(&card, false);
    g_assert_cmphex(pci_config_read(card.bus, 0, DEVFN, 0, 4), ==, 0x100E8086);
    g_assert_cmphex(pci_config_read(card.bus, 0, DEVFN, 8, 4), ==, 0x02000003);
    g_assert_cmphex(pci_config_read(card.bus, 0, DEVFN, 0x3D, 1), ==, 1);
    g_assert_cmphex(get(&card, E1000_STATUS) & 2, ==, 2); /* link up */
    g_assert_cmphex(get(&card, E1000_RAL), ==, 0x12005452);
    g_assert_cmphex(get(&card, E1000_RAH), ==, 0x80005634);
    set(&card, E1000_RAL, 1);
    set(&card, E1000_CTRL, 1 << 26);
    g_assert_cmphex(get(&card, E1000_CTRL) & 1 << 26, ==, 0);
    g_assert_cmphex(get(&card, E1000_RAL), ==, 0x12005452);
    out32(card.machine, PORT, E1000_RAH); /* the same through ports */
    g_assert_cmphex(in32(card.machine, PORT + 4), ==, 0x80005634);
    out32(card.machine, PORT, E1000_ITR);
    out32(card.machine, PORT + 4, 0x1234);
    g_assert_cmphex(get(&card, E1000_ITR), ==, 0x1234);
    g_assert_cmpuint(card.notes, ==, 0);
    set(&card, 0x7000, 1);
    set(&card, 0x0050, 1);
    g_assert_cmpuint(card.notes, ==, 2);
    finish(&card);
}

/* One bit into the EEPROM; the bit that it gives. */
static unsigned clock_bit(struct card *card, unsigned bit)
{
    set(card, E1000_EECD, 0x42 | bit << 2);
    set(card, E1000_EECD, 0x43 | bit << 2);
    unsigned out = get(card, E1000_EECD) >> 3 & 1;
    set(card, E1000_EECD, 0x42 | bit << 2);
    return out;
}

static uint16_t read_word(struct card *card, unsigned address)
{
    uint16_t word = 0;

    set(card, E1000_EECD, 0x40);
    g_assert_cmphex(get(card, E1000_EECD) & 0x1C0, ==, 0x1C0); /* requested, granted, present */
    for (unsigned i = 0, command = 6 << 6 | address; i < 9; i++)
        clock_bit(card, command >> (8 - i) & 1);
    for (unsigned i = 0; i < 16; i++)
        word = (uint16_t)(word << 1 | clock_bit(card, 0));
    set(card, E1000_EECD, 0);
    return word;
}

static void test_eeprom(void)
{
    struct card card;
    uint16_t sum = 0;

    start(&card, false);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmphex(read_word(&card, i), ==, get_le16(test_mac + 2 * i));
    for (unsigned i = 0; i < 64; i++) {
        sum = (uint16_t)(sum + read_word(&card, i));
        set(&card, E1000_EERD, i << 8 | 1);
        g_assert_cmphex(get(&card, E1000_EERD), ==, (uint32_t)read_word(&card, i) << 16 | i << 8 | 0x10);
    }
    g_assert_cmphex(sum, ==, 0xBABA);
    finish(&card);
}

static void test_phy(void)
{
    struct card card;

    start(&card, false);
    set(&card, E1000_MDIC, 2 << 26 | 1 << 21 | 2 << 16);
    g_assert_cmphex(get(&card, E1000_MDIC) & 0x5000FFFF, ==, 0x10000141);
    set(&card, E1000_MDIC, 2 << 26 | 1 << 21 | 1 << 16);
    g_assert_cmphex(get(&card, E1000_MDIC) & 0x24, ==, 0x24); /* negotiated, link up */
    set(&card, E1000_MDIC, 1 << 26 | 1 << 21 | 4 << 16 | 0x1E1);
    set(&card, E1000_MDIC, 2 << 26 | 1 << 21 | 4 << 16);
    g_assert_cmphex(get(&card, E1000_MDIC) & 0xFFFF, ==, 0x1E1);
    set(&card, E1000_MDIC, 1 << 26 | 1 << 21 | 0x9140); /* its reset ends at once */
    set(&card, E1000_MDIC, 2 << 26 | 1 << 21 | 4 << 16);
    g_assert_cmphex(get(&card, E1000_MDIC) & 0xFFFF, ==, 0xDE1);
    set(&card, E1000_MDIC, 2 << 26 | 2 << 21); /* nobody is there */
    g_assert_cmphex(get(&card, E1000_MDIC) & 0x50000000, ==, 0x50000000);
    finish(&card);
}

static void test_interrupts(void)
{
    struct card card;

    start(&card, false);
    set(&card, E1000_ICS, E1000_ICR_LSC);
    g_assert_false(card.line);
    set(&card, E1000_IMS, E1000_ICR_LSC | E1000_ICR_RXT0);
    g_assert_true(card.line);
    g_assert_cmphex(get(&card, E1000_ICR), ==, E1000_ICR_LSC);
    g_assert_false(card.line);
    g_assert_cmphex(get(&card, E1000_ICR), ==, 0);
    set(&card, E1000_IMC, E1000_ICR_LSC);
    g_assert_cmphex(get(&card, E1000_IMS), ==, E1000_ICR_RXT0);

    set(&card, E1000_ITR, 1000); /* 256 us between two */
    set(&card, E1000_ICS, E1000_ICR_RXT0);
    g_assert_true(card.line);
    get(&card, E1000_ICR);
    set(&card, E1000_ICS, E1000_ICR_RXT0);
    machine_advance(card.machine, 255999);
    g_assert_false(card.line);
    machine_advance(card.machine, 1);
    g_assert_true(card.line);
    g_assert_cmphex(get(&card, E1000_ICR), ==, E1000_ICR_RXT0);
    finish(&card);
}

/* --- transmission --- */

static void test_transmit(void)
{
    uint8_t frame[TCP_HEADERS + 100];
    struct card card;
    size_t length;

    start(&card, false);
    bring_up(&card, RCTL_SECRC);
    make_tcp(frame, 100, 9);
    memory_write(ram(&card), OUT, frame, sizeof(frame));
    descriptor(&card, OUT, 50 | RS); /* in two pieces */
    descriptor(&card, OUT + 50, (sizeof(frame) - 50) | EOP | RS);
    set(&card, E1000_TDT, 1);
    g_assert_cmpuint(card.sent->len, ==, 0);
    g_assert_cmphex(memory_read8(ram(&card), TX_RING + 12), ==, 1);
    set(&card, E1000_TDT, 2);
    const uint8_t *sent = sent_frame(card.sent, 0, &length);
    check_tcp(sent, length, 100, 9);
    g_assert_true(card.line);
    g_assert_cmphex(get(&card, E1000_ICR) & E1000_ICR_TXDW, ==, E1000_ICR_TXDW);
    g_assert_cmpuint(get(&card, E1000_TDH), ==, 2);
    g_assert_cmpuint(get(&card, E1000_GPTC), ==, 1);
    g_assert_cmpuint(get(&card, E1000_GPTC), ==, 0); /* reading clears */

    descriptor(&card, OUT, 20 | EOP); /* short ones are filled up; no report is asked for */
    set(&card, E1000_TDT, 3);
    sent_frame(card.sent, 1, &length);
    g_assert_cmpuint(length, ==, 60);
    g_assert_cmphex(memory_read8(ram(&card), TX_RING + 2 * 16 + 12), ==, 0);
    g_assert_cmpuint(card.notes, ==, 0);
    finish(&card);
}

static uint64_t context(unsigned mss, uint32_t command)
{
    return command | DEXT | UINT64_C(54) << 40 | (uint64_t)mss << 48;
}

static void test_checksum(void)
{
    uint8_t frame[TCP_HEADERS + 99];
    struct card card;
    size_t length;

    start(&card, false);
    bring_up(&card, RCTL_SECRC);
    make_tcp(frame, 99, 9);
    uint16_t partial = packet_fold(packet_sum(frame + 26, 8, GUINT16_TO_BE(6) + (uint64_t)GUINT16_TO_BE(119)));
    memcpy(frame + 50, &partial, 2);
    memory_write(ram(&card), OUT, frame, sizeof(frame));
    descriptor(&card, 14 | 24 << 8 | 33 << 16 | UINT64_C(34) << 32 | UINT64_C(50) << 40, context(0, 0));
    descriptor(&card, OUT, sizeof(frame) | DATA_TYPE | EOP | DEXT | RS | UINT64_C(2) << 40);
    descriptor(&card, OUT, sizeof(frame) | EOP | IC | 50 << 16 | UINT64_C(34) << 40);  /* the old way */
    descriptor(&card, OUT, sizeof(frame) | EOP | IC | 250 << 16 | UINT64_C(34) << 40); /* outside */
    set(&card, E1000_TDT, 4);
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t *sent = sent_frame(card.sent, i, &length);
        check_tcp(sent, length, 99, 9);
    }
    g_assert_cmpuint(card.notes, ==, 1);
    finish(&card);
}

static void test_segments(void)
{
    g_autofree uint8_t *frame = g_malloc(TCP_HEADERS + 4000);
    struct card card;
    size_t length;

    for (unsigned large = 0; large < 2; large++) {
        start(&card, large);
        bring_up(&card, RCTL_SECRC);
        make_tcp(frame, 4000, 100);
        put_be16(frame + 16, 0); /* as drivers leave it */
        memory_write(ram(&card), OUT, frame, TCP_HEADERS + 4000);
        descriptor(&card, 14 | 24 << 8 | 33 << 16 | UINT64_C(34) << 32 | UINT64_C(50) << 40,
                   context(1460, TSE | 3 << 24));
        descriptor(&card, OUT, TCP_HEADERS | DATA_TYPE | DEXT | TSE | UINT64_C(3) << 40);
        descriptor(&card, OUT + TCP_HEADERS, 4000 | DATA_TYPE | DEXT | TSE | EOP | RS);
        set(&card, E1000_TDT, 3);
        g_assert_cmpuint(card.sent->len, ==, large ? 1 : 3);
        for (unsigned i = 0; i < card.sent->len; i++) {
            const uint8_t *sent = sent_frame(card.sent, i, &length);
            check_tcp(sent, length, large ? 4000 : i == 2 ? 4000 - 2920 : 1460, 100 + 1460 * i);
        }
        g_assert_cmpuint(card.notes, ==, 0);
        finish(&card);
    }
}

static void test_bad_transmit(void)
{
    struct card card;

    start(&card, false);
    bring_up(&card, RCTL_SECRC);
    for (unsigned i = 0; i < 5; i++) /* longer than any packet */
        descriptor(&card, OUT, 0xFFFF | RS | (i == 4 ? EOP : 0));
    descriptor(&card, UINT64_C(1) << 50, 100 | EOP | RS);             /* not in memory */
    descriptor(&card, OUT, 100 | EOP | DEXT | RS | 5 << 20);          /* no such type */
    descriptor(&card, OUT, 3000 | EOP | DEXT | RS | DATA_TYPE | TSE); /* no TCP, no context */
    set(&card, E1000_TDT, 8);
    g_assert_cmpuint(get(&card, E1000_TDH), ==, 8);
    g_assert_cmpuint(card.sent->len, ==, 1); /* what was read of nothing */
    g_assert_cmpuint(card.notes, ==, 4);
    set(&card, E1000_TDT, 500);
    g_assert_cmpuint(card.notes, ==, 5);
    set(&card, E1000_TDBAL, (uint32_t)BAR + E1000_TDBAL); /* descriptors in its own registers */
    set(&card, E1000_TDT, 9);
    g_assert_cmpuint(card.sent->len, ==, 1);
    finish(&card);
}

/* --- reception --- */

static void test_receive(void)
{
    uint8_t frame[TCP_HEADERS + 200];
    struct card card;

    start(&card, false);
    make_tcp(frame, 200, 3);
    arrive(&card, frame, sizeof(frame)); /* the receiver is off */
    bring_up(&card, 0);
    arrive(&card, frame, sizeof(frame));
    g_assert_true(card.line);
    g_assert_cmphex(get(&card, E1000_ICR) & E1000_ICR_RXT0, ==, E1000_ICR_RXT0);
    g_assert_cmpuint(get(&card, E1000_RDH), ==, 1);
    g_assert_cmpuint(memory_read16(ram(&card), RX_RING + 8), ==, sizeof(frame) + 4); /* with its check sequence */
    g_assert_cmphex(memory_read16(ram(&card), RX_RING + 12), ==, 0x07); /* done, end, checksums not looked at */
    check_bytes(&card, BUFFERS, frame, sizeof(frame));

    set(&card, E1000_RXCSUM, 0x300);
    set(&card, E1000_RCTL, RCTL_ON | RCTL_SECRC);
    arrive(&card, frame, sizeof(frame));
    g_assert_cmpuint(memory_read16(ram(&card), RX_RING + 16 + 8), ==, sizeof(frame));
    g_assert_cmphex(memory_read16(ram(&card), RX_RING + 16 + 12), ==, 0x63); /* and found right */
    frame[100] ^= 1;
    arrive(&card, frame, sizeof(frame));
    g_assert_cmphex(memory_read16(ram(&card), RX_RING + 32 + 12), ==, 0x2063);
    arrive(&card, frame, 30); /* filled up */
    g_assert_cmpuint(memory_read16(ram(&card), RX_RING + 48 + 8), ==, 60);
    g_assert_cmpuint(get(&card, E1000_GPRC), ==, 4);
    finish(&card);
}

static void test_filter(void)
{
    uint8_t frame[60] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    g_autofree uint8_t *long_frame = g_malloc0(2000);
    struct card card;
    unsigned expected = 0;

    start(&card, false);
    bring_up(&card, 0);
#define EXPECT(taken)                                                                                                  \
    do {                                                                                                               \
        arrive(&card, frame, sizeof(frame));                                                                           \
        expected += (taken);                                                                                           \
        g_assert_cmpuint(get(&card, E1000_RDH), ==, expected);                                                         \
    } while (0)
    EXPECT(1);
    frame[5] = 0x57; /* another station's */
    EXPECT(0);
    set(&card, E1000_RCTL, RCTL_ON | RCTL_UPE);
    EXPECT(1);
    memset(frame, 0xFF, 6);
    EXPECT(0);
    set(&card, E1000_RCTL, RCTL_ON | RCTL_BAM);
    EXPECT(1);
    memcpy(frame, "\x01\x00\x5E\x00\x00\x01", 6);
    EXPECT(0);
    set(&card, E1000_RCTL, RCTL_ON | RCTL_MPE);
    EXPECT(1);
    set(&card, E1000_RCTL, RCTL_ON);
    set(&card, E1000_MTA, 1u << 16); /* the hash of that address: bits 47:36 are 010h */
    EXPECT(1);
    frame[5] = 0x02;
    EXPECT(0);
    memcpy(long_frame, test_mac, 6);
    arrive(&card, long_frame, 2000);
    g_assert_cmpuint(get(&card, E1000_RDH), ==, expected);
    set(&card, E1000_RCTL, RCTL_ON | RCTL_LPE);
    arrive(&card, long_frame, 2000);
    g_assert_cmpuint(get(&card, E1000_RDH), ==, expected + 1);
    finish(&card);
}

/* Over several descriptors; and what finds none waits. */
static void test_ring(void)
{
    uint8_t frame[TCP_HEADERS + 500];
    struct card card;

    start(&card, false);
    bring_up(&card, RCTL_SECRC | 3 << 16); /* buffers of 256 bytes: three for each */
    for (unsigned i = 0; i < 7; i++) {
        make_tcp(frame, 500, i);
        arrive(&card, frame, sizeof(frame));
    }
    g_assert_cmpuint(get(&card, E1000_RDH), ==, 15); /* five of seven */
    make_tcp(frame, 500, 1);
    check_bytes(&card, BUFFERS + 3 * 0x4000, frame, 256);
    check_bytes(&card, BUFFERS + 5 * 0x4000, frame + 512, sizeof(frame) - 512);
    g_assert_cmphex(memory_read8(ram(&card), RX_RING + 4 * 16 + 12) & 3, ==, 1);
    g_assert_cmphex(memory_read8(ram(&card), RX_RING + 5 * 16 + 12) & 3, ==, 3);
    set(&card, E1000_RDT, 1); /* two more: not enough */
    g_assert_cmpuint(get(&card, E1000_RDH), ==, 15);
    set(&card, E1000_RDT, 14);
    g_assert_cmpuint(get(&card, E1000_RDH), ==, 5);
    make_tcp(frame, 500, 6);
    check_bytes(&card, BUFFERS + 2 * 0x4000, frame, 256);
    set(&card, E1000_RDLEN, 0x80 * 2); /* a driver that forgets its bounds */
    set(&card, E1000_RDT, 200);
    arrive(&card, frame, sizeof(frame));
    g_assert_cmpuint(get(&card, E1000_RDH), ==, 5);
    set(&card, E1000_RDLEN, 0);
    arrive(&card, frame, sizeof(frame));
    finish(&card);
}

static void test_state(void)
{
    uint8_t frame[TCP_HEADERS + 500];
    struct card card, other;
    size_t length;

    start(&card, false);
    start(&other, false);
    bring_up(&card, RCTL_SECRC);
    set(&card, E1000_RDT, 0); /* no room: it waits */
    make_tcp(frame, 500, 8);
    arrive(&card, frame, sizeof(frame));
    memory_write(ram(&card), OUT, frame, sizeof(frame));
    descriptor(&card, OUT, 100); /* half of a packet */
    set(&card, E1000_TDT, 1);
    set(&card, E1000_EECD, 0x42);
    clock_bit(&card, 1);
    test_copy_state(card.machine, other.machine);
    other.tail = 1;
    descriptor(&other, OUT + 100, (sizeof(frame) - 100) | EOP);
    set(&other, E1000_TDT, 2);
    const uint8_t *sent = sent_frame(other.sent, 0, &length);
    check_tcp(sent, length, 500, 8);
    set(&other, E1000_RDT, 5);
    check_bytes(&other, BUFFERS, frame, sizeof(frame));
    g_assert_true(other.line);
    finish(&card);
    finish(&other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/e1000/identity", test_identity);
    g_test_add_func("/e1000/eeprom", test_eeprom);
    g_test_add_func("/e1000/phy", test_phy);
    g_test_add_func("/e1000/interrupts", test_interrupts);
    g_test_add_func("/e1000/transmit", test_transmit);
    g_test_add_func("/e1000/checksum", test_checksum);
    g_test_add_func("/e1000/segments", test_segments);
    g_test_add_func("/e1000/bad-transmit", test_bad_transmit);
    g_test_add_func("/e1000/receive", test_receive);
    g_test_add_func("/e1000/filter", test_filter);
    g_test_add_func("/e1000/ring", test_ring);
    g_test_add_func("/e1000/state", test_state);
    return g_test_run();
}
