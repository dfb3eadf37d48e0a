/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio network card. */
#include "devices/virtio/virtio_net.h"
#include "tests/device/frames.h"
#include "tests/device/virtio_driver.h"

enum {
    RECEIVE = 0,
    TRANSMIT = 1,
    HEADER = 12,
    BUFFER_STEP = 0x1000,
    OUT = DATA + 0x80000,

    CSUM = 1 << 0,
    GUEST_CSUM = 1 << 1,
    MAC = 1 << 5,
    GUEST_TSO4 = 1 << 7,
    HOST_TSO4 = 1 << 11,
    HOST_TSO6 = 1 << 12,
    MRG_RXBUF = 1 << 15,
    STATUS = 1 << 16,
};

struct card {
    struct rig rig;
    GPtrArray *sent;
};

static void start(struct card *card, bool large)
{
    rig_init(&card->rig);
    card->sent = frames_new();
    virtio_net_new(card->rig.machine, card->rig.bus, DEVFN, test_mac, frame_sink(card->sent, large), "net0",
                   "virtio-net");
    rig_start(&card->rig);
}

static void finish(struct card *card)
{
    machine_free(card->rig.machine);
    g_ptr_array_unref(card->sent);
}

static void give_buffer(struct rig *rig, unsigned index, uint32_t length)
{
    put_descriptor(rig, RECEIVE, index, DATA + BUFFER_STEP * index, length, WRITE, 0);
    make_available(rig, RECEIVE, (uint16_t)index);
}

/* Header and frame in two buffers. */
static void transmit(struct rig *rig, const uint8_t *header, const uint8_t *frame, uint32_t length)
{
    memory_write(ram(rig), OUT, header, HEADER);
    memory_write(ram(rig), OUT + 0x100, frame, length);
    put_descriptor(rig, TRANSMIT, 0, OUT, HEADER, NEXT, 1);
    put_descriptor(rig, TRANSMIT, 1, OUT + 0x100, length, 0, 0);
    make_available(rig, TRANSMIT, 0);
    notify(rig, TRANSMIT);
}

static void arrive(struct rig *rig, const uint8_t *frame, size_t length)
{
    test_submit(rig->machine, "net0", frame, length);
}

static void test_identity(void)
{
    struct card card;
    struct rig *rig = &card.rig;

    start(&card, false);
    g_assert_cmphex(config_read(rig, 0, 4), ==, 0x10001AF4);
    g_assert_cmphex(config_read(rig, 8, 4), ==, 0x02000000);
    g_assert_cmphex(config_read(rig, 0x2C, 4), ==, 0x00011AF4);
    for (unsigned i = 0; i < 6; i++)
        g_assert_cmphex(reg(rig, CONFIG_PAGE + i, 1), ==, test_mac[i]);
    g_assert_cmphex(reg(rig, CONFIG_PAGE + 6, 2), ==, 1);
    g_assert_cmphex(offered(rig), ==,
                    CSUM | GUEST_CSUM | MAC | GUEST_TSO4 | HOST_TSO4 | HOST_TSO6 | MRG_RXBUF | STATUS | VERSION_1 |
                        EVENT_IDX | INDIRECT_DESC);
    finish(&card);
}

static void test_transmit(void)
{
    uint8_t header[HEADER] = {0}, frame[TCP_HEADERS + 100];
    struct card card;
    size_t length;

    start(&card, false);
    bring_up(&card.rig, CSUM, 2, 16);
    make_tcp(frame, 100, 5);
    transmit(&card.rig, header, frame, sizeof(frame));
    check_tcp(sent_frame(card.sent, 0, &length), sizeof(frame), 100, 5);
    assert_used(&card.rig, TRANSMIT, 0, 0, 0);
    g_assert_cmphex(take_isr(&card.rig), ==, 1);

    /* The checksum of the pseudo header is there, the rest is ours. */
    uint16_t partial = packet_fold(packet_sum(frame + 26, 8, GUINT16_TO_BE(6) + (uint64_t)GUINT16_TO_BE(120)));
    memcpy(frame + 50, &partial, 2);
    header[0] = 1;
    put_le16(header + 6, 34);
    put_le16(header + 8, 16);
    transmit(&card.rig, header, frame, sizeof(frame));
    const uint8_t *sent = sent_frame(card.sent, 1, &length);
    check_tcp(sent, length, 100, 5);
    finish(&card);
}

static void test_bad_transmit(void)
{
    uint8_t header[HEADER] = {0};
    g_autofree uint8_t *frame = g_malloc0(70000);
    struct card card;

    start(&card, false);
    bring_up(&card.rig, CSUM | HOST_TSO4, 2, 16);
    transmit(&card.rig, header, frame, 13); /* shorter than its header */
    g_assert_cmpuint(card.rig.notes, ==, 1);
    transmit(&card.rig, header, frame, 65536);
    header[0] = 1;
    put_le16(header + 6, 99); /* the checksum lies beyond the end */
    put_le16(header + 8, 0);
    transmit(&card.rig, header, frame, 100);
    header[0] = 0;
    header[1] = 1; /* a long segment that is no TCP */
    put_le16(header + 4, 1000);
    transmit(&card.rig, header, frame, 3000);
    header[1] = 4; /* not negotiated */
    transmit(&card.rig, header, frame, 3000);
    g_assert_cmpuint(card.sent->len, ==, 0);
    g_assert_cmpuint(used_index(&card.rig, TRANSMIT), ==, 5); /* all of them are given back */
    g_assert_cmphex(status(&card.rig), ==, ALIVE);
    finish(&card);
}

static void test_segments(void)
{
    uint8_t header[HEADER] = {1, 1};
    g_autofree uint8_t *frame = g_malloc(TCP_HEADERS + 5000);
    struct card card;
    size_t length;

    put_le16(header + 2, TCP_HEADERS);
    put_le16(header + 4, 1460);
    for (unsigned large = 0; large < 2; large++) {
        start(&card, large);
        bring_up(&card.rig, CSUM | HOST_TSO4, 2, 16);
        make_tcp(frame, 5000, 77);
        frame[47] |= 1; /* FIN: with the last one */
        transmit(&card.rig, header, frame, TCP_HEADERS + 5000);
        g_assert_cmpuint(card.sent->len, ==, large ? 1 : 4);
        for (unsigned i = 0; i < card.sent->len; i++) {
            const uint8_t *sent = sent_frame(card.sent, i, &length);
            bool last = i == card.sent->len - 1;

            check_tcp(sent, length, large ? 5000 : last ? 5000 - 3 * 1460 : 1460, 77 + i * 1460);
            g_assert_cmphex(sent[47], ==, last ? 0x19 : 0x10);
            g_assert_cmpuint(get_be16(sent + 18), ==, 7 + i);
        }
        finish(&card);
    }
}

static void test_receive(void)
{
    uint8_t frame[TCP_HEADERS + 200], expected[HEADER] = {0};
    struct card card;
    struct rig *rig = &card.rig;

    start(&card, false);
    make_tcp(frame, 200, 1);
    arrive(rig, frame, sizeof(frame)); /* nobody listens: it is lost */
    bring_up(rig, MRG_RXBUF | GUEST_CSUM, 2, 16);
    arrive(rig, frame, sizeof(frame)); /* no buffer yet: it waits */
    g_assert_cmphex(take_isr(rig), ==, 0);
    give_buffer(rig, 0, 2000);
    notify(rig, RECEIVE);
    g_assert_cmpuint(used_index(rig, RECEIVE), ==, 1);
    assert_used(rig, RECEIVE, 0, 0, HEADER + sizeof(frame));
    g_assert_cmphex(take_isr(rig), ==, 1);
    expected[0] = 2; /* the checksum is right */
    expected[10] = 1;
    assert_data(rig, DATA, expected, HEADER);
    assert_data(rig, DATA + HEADER, frame, sizeof(frame));

    frame[100] ^= 1;
    give_buffer(rig, 1, 2000);
    arrive(rig, frame, sizeof(frame));
    expected[0] = 0;
    assert_data(rig, DATA + BUFFER_STEP, expected, HEADER);
    assert_data(rig, DATA + BUFFER_STEP + HEADER, frame, sizeof(frame));
    finish(&card);
}

/* A frame over several buffers, when there are enough of them. */
static void test_merge(void)
{
    uint8_t frame[TCP_HEADERS + 1000];
    struct card card;
    struct rig *rig = &card.rig;

    start(&card, false);
    bring_up(rig, MRG_RXBUF, 2, 16);
    make_tcp(frame, 1000, 1);
    give_buffer(rig, 0, 500);
    give_buffer(rig, 1, 500);
    arrive(rig, frame, sizeof(frame));
    g_assert_cmpuint(used_index(rig, RECEIVE), ==, 0);
    give_buffer(rig, 2, 500);
    give_buffer(rig, 3, 500);
    notify(rig, RECEIVE);
    g_assert_cmpuint(used_index(rig, RECEIVE), ==, 3);
    assert_used(rig, RECEIVE, 0, 0, 500);
    assert_used(rig, RECEIVE, 1, 1, 500);
    assert_used(rig, RECEIVE, 2, 2, HEADER + sizeof(frame) - 1000);
    g_assert_cmpuint(memory_read16(ram(rig), DATA + 10), ==, 3);
    assert_data(rig, DATA + HEADER, frame, 500 - HEADER);
    assert_data(rig, DATA + BUFFER_STEP, frame + 500 - HEADER, 500);
    assert_data(rig, DATA + 2 * BUFFER_STEP, frame + 1000 - HEADER, sizeof(frame) - 1000 + HEADER);
    finish(&card);
}

/* Segments that follow each other become one for a driver that takes it. */
static void test_together(void)
{
    uint8_t frame[TCP_HEADERS + 1000], expected[HEADER] = {1, 1, TCP_HEADERS, 0, 0xE8, 3, 34, 0, 16, 0, 1, 0}, byte;
    struct card card;
    struct rig *rig = &card.rig;
    static const unsigned payloads[] = {1000, 1000, 1000, 500, 1000}; /* nothing comes after a shorter one */
    uint32_t sequence = 50;

    start(&card, false);
    bring_up(rig, MRG_RXBUF | GUEST_CSUM | GUEST_TSO4, 2, 16);
    give_buffer(rig, 0, 0x1000);
    give_buffer(rig, 1, 0x1000);
    give_buffer(rig, 2, 0x1000);
    notify(rig, RECEIVE);
    struct journal_source *source = journal_source_find(machine_journal(rig->machine), "net0");
    for (unsigned i = 0; i < G_N_ELEMENTS(payloads); i++) {
        make_tcp(frame, payloads[i], sequence);
        frame[47] = 0x10;
        struct packet packet;
        g_assert_true(packet_parse(frame, TCP_HEADERS + payloads[i], &packet));
        packet_set_transport_checksum(frame, &packet);
        journal_submit(source, frame, TCP_HEADERS + payloads[i]);
        sequence += payloads[i];
    }
    machine_advance(rig->machine, 0);
    g_assert_cmpuint(used_index(rig, RECEIVE), ==, 0);
    machine_advance(rig->machine, 1);
    g_assert_cmpuint(used_index(rig, RECEIVE), ==, 2);
    assert_used(rig, RECEIVE, 0, 0, HEADER + TCP_HEADERS + 3500);
    assert_data(rig, DATA, expected, HEADER);
    g_assert_cmpuint(GUINT16_FROM_BE(memory_read16(ram(rig), DATA + HEADER + 16)), ==, 40 + 3500);
    for (unsigned i = 0; i < 3500; i++) {
        byte = (uint8_t)(50 + i);
        assert_data(rig, DATA + HEADER + TCP_HEADERS + i, &byte, 1);
    }
    assert_used(rig, RECEIVE, 1, 1, HEADER + TCP_HEADERS + 1000);
    expected[0] = 2;
    expected[1] = 0;
    memset(expected + 2, 0, 8);
    assert_data(rig, DATA + BUFFER_STEP, expected, HEADER);

    /* Not: after a gap, of another flow, with a wrong checksum. */
    g_autofree uint8_t *other = g_malloc(sizeof(frame));
    for (unsigned turn = 0; turn < 3; turn++) {
        bring_up(rig, MRG_RXBUF | GUEST_CSUM | GUEST_TSO4, 2, 16);
        for (unsigned i = 0; i < 4; i++)
            give_buffer(rig, i, 0x1000);
        notify(rig, RECEIVE);
        make_tcp(frame, 100, 0);
        frame[47] = 0x10;
        struct packet packet;
        g_assert_true(packet_parse(frame, TCP_HEADERS + 100, &packet));
        packet_set_transport_checksum(frame, &packet);
        make_tcp(other, 100, turn == 0 ? 101 : 100);
        other[37] ^= turn == 1;
        packet_set_transport_checksum(other, &packet);
        other[60] ^= turn == 2;
        journal_submit(source, frame, TCP_HEADERS + 100);
        journal_submit(source, other, TCP_HEADERS + 100);
        machine_advance(rig->machine, 0);
        machine_advance(rig->machine, 1);
        g_assert_cmpuint(used_index(rig, RECEIVE), ==, 2);
    }
    finish(&card);
}

/* All buffers together are too small: the frame is lost, not the queue. */
static void test_no_room(void)
{
    uint8_t frame[TCP_HEADERS + 1000];
    struct card card;
    struct rig *rig = &card.rig;

    start(&card, false);
    make_tcp(frame, 1000, 1);
    for (unsigned merge = 0; merge < 2; merge++) {
        rig->notes = 0;
        bring_up(rig, merge ? MRG_RXBUF : EVENT_IDX, 2, 4);
        for (unsigned i = 0; i < 4; i++)
            give_buffer(rig, i, 100);
        arrive(rig, frame, sizeof(frame));
        g_assert_cmpuint(used_index(rig, RECEIVE), ==, 0);
        g_assert_cmpuint(rig->notes, ==, merge ? 0 : 1); /* the same place in the code tells once */
        arrive(rig, frame, 60);
        g_assert_cmpuint(used_index(rig, RECEIVE), ==, 1);
    }
    finish(&card);
}

/* A driver of the simplest kind has one completion until it notifies us of the buffer's return. */
static void test_one_at_a_time(void)
{
    uint8_t frame[TCP_HEADERS + 300];
    struct card card;
    struct rig *rig = &card.rig;

    start(&card, false);
    bring_up(rig, MAC, 2, 16);
    for (unsigned i = 0; i < 16; i++)
        give_buffer(rig, i, 2000);
    notify(rig, RECEIVE);
    for (unsigned i = 0; i < 5; i++) {
        make_tcp(frame, 300, i);
        arrive(rig, frame, sizeof(frame));
    }
    for (unsigned i = 0; i < 5; i++) {
        g_assert_cmpuint(used_index(rig, RECEIVE), ==, i + 1);
        make_tcp(frame, 300, i);
        assert_data(rig, DATA + BUFFER_STEP * i + HEADER, frame, sizeof(frame));
        if (i == 3) { /* one that says nothing waits, but not for ever */
            machine_advance(rig->machine, NANOSECONDS_PER_SECOND / 2);
            g_assert_cmpuint(used_index(rig, RECEIVE), ==, 4);
            machine_advance(rig->machine, NANOSECONDS_PER_SECOND);
        } else {
            notify(rig, RECEIVE);
        }
    }
    finish(&card);
}

/* Without a guest that takes them, frames take no memory without end. */
static void test_flood(void)
{
    uint8_t frame[TCP_HEADERS + 1000];
    struct card card;
    g_autoptr(GByteArray) state = g_byte_array_new();

    start(&card, false);
    bring_up(&card.rig, MRG_RXBUF, 2, 16);
    for (unsigned i = 0; i < 3000; i++) {
        make_tcp(frame, 1000, i);
        arrive(&card.rig, frame, sizeof(frame));
    }
    machine_save(card.rig.machine, state);
    g_assert_cmpuint(state->len, <, (2 << 20) + RAM_SIZE);
    give_buffer(&card.rig, 0, 2000);
    notify(&card.rig, RECEIVE);
    make_tcp(frame, 1000, 0); /* the oldest ones are those that are kept */
    assert_data(&card.rig, DATA + HEADER, frame, sizeof(frame));
    finish(&card);
}

static void test_wrong_buffers(void)
{
    uint8_t frame[60] = {0};
    struct card card;
    struct rig *rig = &card.rig;

    start(&card, false);
    for (unsigned turn = 0; turn < 2; turn++) {
        bring_up(rig, MRG_RXBUF, 2, 16);
        put_descriptor(rig, RECEIVE, 0, DATA, turn ? 2000 : HEADER, turn ? 0 : WRITE, 0);
        make_available(rig, RECEIVE, 0);
        arrive(rig, frame, sizeof(frame));
        g_assert_cmphex(status(rig), ==, ALIVE | VIRTIO_STATUS_NEEDS_RESET);
    }
    finish(&card);
}

static void test_state(void)
{
    uint8_t frame[TCP_HEADERS + 300];
    struct card card, other;

    start(&card, false);
    start(&other, false);
    bring_up(&card.rig, MAC, 2, 16);
    give_buffer(&card.rig, 0, 2000);
    give_buffer(&card.rig, 1, 2000);
    for (unsigned i = 0; i < 3; i++) {
        make_tcp(frame, 300, i);
        arrive(&card.rig, frame, sizeof(frame));
    }
    test_copy_state(card.rig.machine, other.rig.machine);
    other.rig.size[RECEIVE] = 16;
    other.rig.available[RECEIVE] = 2;
    g_assert_cmpuint(used_index(&other.rig, RECEIVE), ==, 1);
    machine_advance(other.rig.machine, 2 * NANOSECONDS_PER_SECOND); /* the timer came with it */
    g_assert_cmpuint(used_index(&other.rig, RECEIVE), ==, 2);
    give_buffer(&other.rig, 2, 2000);
    notify(&other.rig, RECEIVE);
    g_assert_cmpuint(used_index(&other.rig, RECEIVE), ==, 3);
    assert_data(&other.rig, DATA + 2 * BUFFER_STEP + HEADER, frame, sizeof(frame));
    finish(&card);
    finish(&other);
}

/* --- packets --- */

static void test_packets(void)
{
    uint8_t frame[200] = {0};
    struct packet packet;

    make_tcp(frame, 50, 1);
    for (size_t length = 0; length < TCP_HEADERS + 50; length++) /* cut off anywhere */
        g_assert_false(packet_parse(frame, length, &packet));
    g_assert_true(packet_parse(frame, TCP_HEADERS + 60, &packet)); /* filled up */
    g_assert_cmpuint(packet.end, ==, TCP_HEADERS + 50);
    g_assert_cmpuint(packet.payload, ==, TCP_HEADERS);
    frame[46] = 0x40; /* a TCP header that is too short, or too long, is not looked at */
    g_assert_true(packet_parse(frame, TCP_HEADERS + 50, &packet));
    g_assert_cmpuint(packet.protocol, ==, 0);
    put_be16(frame + 16, 50);
    frame[46] = 0xF0;
    g_assert_true(packet_parse(frame, TCP_HEADERS + 50, &packet));
    g_assert_cmpuint(packet.protocol, ==, 0);

    /* RFC 1071's example. */
    static const uint8_t example[] = {0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7};
    uint16_t sum = packet_fold(packet_sum(example, sizeof(example), 0));
    uint8_t bytes[2];
    memcpy(bytes, &sum, 2);
    g_assert_cmphex(get_be16(bytes), ==, 0xDDF2);
    for (unsigned length = 0; length < 100; length++) { /* any length and alignment, against the plain sum */
        uint32_t plain = 0;
        for (unsigned i = 0; i < length; i++)
            plain += (uint32_t)frame[3 + i] << (i % 2 ? 0 : 8);
        while (plain >> 16)
            plain = (plain & 0xFFFF) + (plain >> 16);
        sum = packet_fold(packet_sum(frame + 3, length, 0));
        memcpy(bytes, &sum, 2);
        g_assert_cmphex(get_be16(bytes), ==, plain);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-net/identity", test_identity);
    g_test_add_func("/virtio-net/transmit", test_transmit);
    g_test_add_func("/virtio-net/bad-transmit", test_bad_transmit);
    g_test_add_func("/virtio-net/segments", test_segments);
    g_test_add_func("/virtio-net/receive", test_receive);
    g_test_add_func("/virtio-net/merge", test_merge);
    g_test_add_func("/virtio-net/together", test_together);
    g_test_add_func("/virtio-net/no-room", test_no_room);
    g_test_add_func("/virtio-net/one-at-a-time", test_one_at_a_time);
    g_test_add_func("/virtio-net/flood", test_flood);
    g_test_add_func("/virtio-net/wrong-buffers", test_wrong_buffers);
    g_test_add_func("/virtio-net/state", test_state);
    g_test_add_func("/virtio-net/packets", test_packets);
    return g_test_run();
}
