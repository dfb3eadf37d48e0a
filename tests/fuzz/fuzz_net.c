/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network cards on a bus, driven by a program of register writes, descriptors, memory and frames from outside.  Whatever
 * the guest and the network do, the host must not notice, and what is sent is a frame.
 */
#include "devices/net/e1000.h"
#include "devices/net/packet.h"
#include "devices/net/rtl8139.h"
#include "devices/pci/pci.h"
#include "devices/virtio/virtio_net.h"
#include "devices/virtio/virtio_registers.h"
#include "emu/bytes.h"
#include "emu/machine.h"
#include "tests/fuzz/input.h"

enum {
    STEPS_MAX = 512,
    RAM_SIZE = 128 << 10,
    E1000_BAR = 0xE00000, /* times 256 */
    VIRTIO_BAR = 0xE0100, /* times 4096 */
    RTL_BAR = 0xE02000,   /* times 256 */
    TX_RING = 0x8000,
    RX_RING = 0x9000,
    RING_BYTES = 0x400,
    VIRTIO_RINGS = 0xA000, /* of each queue: descriptors, + 0x1000 available, + 0x1800 used */
    RING_STEP = 0x2000,
};

enum step {
    STEP_E1000_SETUP,  /* rctl u32, then rings of 64 descriptors, on */
    STEP_E1000_SEND,   /* descriptor: 16 bytes; put at TDT, which goes on */
    STEP_E1000_GIVE,   /* address u16 * 2; a receive descriptor at RDT, which goes on */
    STEP_E1000_WRITE,  /* offset u16, value u32 */
    STEP_E1000_READ,   /* offset u16 */
    STEP_E1000_PORT,   /* offset u8, value u32 */
    STEP_VIRTIO_SETUP, /* features u32, size u8 */
    STEP_VIRTIO_CHAIN, /* queue u8, address u16 * 2, length u16, flags u8, next u8: descriptor 0..15, available, notified */
    STEP_VIRTIO_WRITE, /* offset u16, value u32 */
    STEP_RTL_SETUP,    /* C+ command u8, receive configuration u32: rings of 64 descriptors, or a buffer at RX_RING */
    STEP_RTL_GIVE,     /* index u8, ring u8, options u32, tag u32, address u32: a descriptor of C+ mode; polled */
    STEP_RTL_SEND,     /* index u8, address u16 * 2, options u16: without C+ mode */
    STEP_RTL_WRITE,    /* offset u8, size u8, value u32; then read */
    STEP_MEMORY,       /* address u16 * 2, length u8, bytes */
    STEP_FRAME,        /* card u8, more u8: frame length, bytes */
    STEP_TIME,         /* shift u8 */
    STEP_STATE,
    STEP_CONFIG, /* card u8, offset u8, value u32 */
    STEPS,
};

struct subject {
    struct machine *machine;
    struct memory *memory;
    struct pci_bus *bus;
    struct fuzz_input input;
    unsigned states;
    uint64_t sent; /* something that depends on all bytes */
};

static uint64_t take(struct subject *subject, unsigned bytes)
{
    return fuzz_take(&subject->input, bytes);
}

/* --- the machine --- */

static void take_frame(void *opaque, const uint8_t *frame, size_t length)
{
    struct subject *subject = opaque;

    g_assert_cmpuint(length, >=, NET_FRAME_MIN);
    g_assert_cmpuint(length, <=, NET_FRAME_MAX);
    subject->sent += packet_sum(frame, length, 0);
}

static void config_write(struct subject *subject, unsigned card, unsigned offset, unsigned size, uint32_t value)
{
    pci_config_write(subject->bus, 0, PCI_DEVFN(2 + card, 0), (uint16_t)offset, size, value);
}

static void open_subject(struct subject *subject)
{
    static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    const struct machine_config config = {
        .arch = CPU_ARCH_X86_64, .cpus = 1, .picoseconds_per_instruction = 1000, .without_cpu = true};
    struct net_output output = {.send = take_frame, .opaque = subject};

    subject->machine = machine_new(&config, NULL);
    machine_set_note_handler(subject->machine, fuzz_ignore_note, NULL);
    subject->memory = machine_memory(subject->machine);
    g_assert_nonnull(memory_add_ram(subject->memory, "ram", 0, RAM_SIZE, false, NULL));
    subject->bus = pci_bus_new(subject->machine, &(struct pci_bus_config){0}, "pci");
    e1000_new(subject->machine, subject->bus, PCI_DEVFN(2, 0), mac, output, "net0", "e1000");
    output.large = true;
    virtio_net_new(subject->machine, subject->bus, PCI_DEVFN(3, 0), mac, output, "net1", "virtio");
    output.large = false;
    rtl8139_new(subject->machine, subject->bus, PCI_DEVFN(4, 0), mac, output, "net2", "rtl8139");
    machine_reset(subject->machine);
    config_write(subject, 0, 0x10, 4, (uint32_t)E1000_BAR << 8);
    config_write(subject, 0, 0x14, 4, 0xC000);
    config_write(subject, 1, 0x10, 4, 0xC100);
    config_write(subject, 1, 0x20, 4, (uint32_t)VIRTIO_BAR << 12);
    config_write(subject, 1, 0x24, 4, 0);
    config_write(subject, 2, 0x10, 4, 0xC200);
    config_write(subject, 2, 0x14, 4, (uint32_t)RTL_BAR << 8);
    for (unsigned card = 0; card < 3; card++)
        config_write(subject, card, 0x04, 2, 7);
}

/* --- e1000 --- */

static void e1000_write(struct subject *subject, unsigned offset, uint32_t value)
{
    memory_io_write(subject->memory, MEMORY_SPACE_PHYSICAL, ((uint64_t)E1000_BAR << 8) + offset, 4, value);
}

static uint32_t e1000_read(struct subject *subject, unsigned offset)
{
    return (uint32_t)memory_io_read(subject->memory, MEMORY_SPACE_PHYSICAL, ((uint64_t)E1000_BAR << 8) + offset, 4);
}

static void e1000_setup(struct subject *subject)
{
    static const uint16_t rings[2] = {0x2800, 0x3800};

    for (unsigned i = 0; i < 2; i++) {
        e1000_write(subject, rings[i], i ? TX_RING : RX_RING);
        e1000_write(subject, rings[i] + 4, 0);
        e1000_write(subject, rings[i] + 8, RING_BYTES);
        e1000_write(subject, rings[i] + 0x10, 0);
        e1000_write(subject, rings[i] + 0x18, 0);
    }
    e1000_write(subject, 0x400, 2 | 8);
    e1000_write(subject, 0x5000, 0x300);
    e1000_write(subject, 0xD0, 0xFF);
    e1000_write(subject, 0x100, (uint32_t)take(subject, 4) | 2);
}

static void e1000_descriptor(struct subject *subject, bool send)
{
    unsigned tail_register = send ? 0x3818 : 0x2818, tail = e1000_read(subject, tail_register);
    uint64_t at = (send ? TX_RING : RX_RING) + tail % (RING_BYTES / 16) * 16;

    if (send) {
        uint64_t address = take(subject, 8);

        memory_write64(subject->memory, at, address % (4 * RAM_SIZE)); /* often in RAM */
        memory_write64(subject->memory, at + 8, take(subject, 8));
    } else {
        memory_write64(subject->memory, at, take(subject, 2) * 2);
        memory_write64(subject->memory, at + 8, 0);
    }
    e1000_write(subject, tail_register, (tail + 1) % (RING_BYTES / 16));
}

/* --- rtl8139 --- */

static void rtl_write(struct subject *subject, unsigned offset, unsigned size, uint32_t value)
{
    memory_io_write(subject->memory, MEMORY_SPACE_PHYSICAL, ((uint64_t)RTL_BAR << 8) + offset, size, value);
}

static void rtl_setup(struct subject *subject)
{
    static const uint8_t rings[3] = {0x20, 0x28, 0xE4};
    uint32_t command = (uint32_t)take(subject, 1);

    rtl_write(subject, 0x37, 1, 0x10);
    rtl_write(subject, 0xE0, 2, command);
    for (unsigned i = 0; i < 3; i++) {
        rtl_write(subject, rings[i], 4, i == 2 ? RX_RING : TX_RING);
        rtl_write(subject, rings[i] + 4, 4, 0);
    }
    rtl_write(subject, 0x30, 4, RX_RING);
    rtl_write(subject, 0x3C, 2, 0xFFFF);
    rtl_write(subject, 0x44, 4, (uint32_t)take(subject, 4) | 0xF);
    rtl_write(subject, 0x37, 1, 0xC);
}

static void rtl_give(struct subject *subject)
{
    unsigned index = (unsigned)take(subject, 1) % 64, ring = (unsigned)take(subject, 1) & 1;
    uint64_t at = (ring ? RX_RING : TX_RING) + 16 * index;

    memory_write32(subject->memory, at, (uint32_t)take(subject, 4));
    memory_write32(subject->memory, at + 4, (uint32_t)take(subject, 4));
    memory_write64(subject->memory, at + 8, take(subject, 4) % (4 * RAM_SIZE));
    rtl_write(subject, ring ? 0x3C : 0xD9, ring ? 2 : 1, ring ? 0xFFFF : 0xC0);
}

static void rtl_send(struct subject *subject)
{
    unsigned index = (unsigned)take(subject, 1) % 4;

    rtl_write(subject, 0x20 + 4 * index, 4, (uint32_t)take(subject, 2) * 2);
    rtl_write(subject, 0x10 + 4 * index, 4, (uint32_t)take(subject, 2));
}

static void rtl_access(struct subject *subject)
{
    unsigned offset = (unsigned)take(subject, 1), size = 1u << take(subject, 1) % 3;

    offset &= ~(size - 1);
    rtl_write(subject, offset, size, (uint32_t)take(subject, 4));
    memory_io_read(subject->memory, MEMORY_SPACE_PHYSICAL, ((uint64_t)RTL_BAR << 8) + offset, size);
}

/* --- virtio --- */

static void virtio_write(struct subject *subject, unsigned offset, unsigned size, uint64_t value)
{
    memory_io_write(subject->memory, MEMORY_SPACE_PHYSICAL, ((uint64_t)VIRTIO_BAR << 12) + offset, size, value);
}

static void virtio_setup(struct subject *subject)
{
    uint32_t features = (uint32_t)take(subject, 4);
    unsigned size = 1u << take(subject, 1) % 6;

    virtio_write(subject, VIRTIO_DEVICE_STATUS, 1, 0);
    virtio_write(subject, VIRTIO_DRIVER_FEATURE_SELECT, 4, 0);
    virtio_write(subject, VIRTIO_DRIVER_FEATURE, 4, features & 0x300119A3);
    virtio_write(subject, VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
    virtio_write(subject, VIRTIO_DRIVER_FEATURE, 4, 1);
    virtio_write(subject, VIRTIO_DEVICE_STATUS, 1, 0xB);
    for (unsigned queue = 0; queue < 2; queue++) {
        uint64_t ring = VIRTIO_RINGS + queue * (unsigned)RING_STEP;

        virtio_write(subject, VIRTIO_QUEUE_SELECT, 2, queue);
        virtio_write(subject, VIRTIO_QUEUE_SIZE, 2, size);
        virtio_write(subject, VIRTIO_QUEUE_DESC, 8, ring);
        virtio_write(subject, VIRTIO_QUEUE_DRIVER, 8, ring + 0x1000);
        virtio_write(subject, VIRTIO_QUEUE_DEVICE, 8, ring + 0x1800);
        memory_set(subject->memory, ring, 0, RING_STEP);
        virtio_write(subject, VIRTIO_QUEUE_ENABLE, 2, 1);
    }
    virtio_write(subject, VIRTIO_DEVICE_STATUS, 1, 0xF);
}

static void virtio_chain(struct subject *subject)
{
    unsigned place = (unsigned)take(subject, 1), queue = place & 1, index = place >> 1 & 15;
    uint64_t ring = VIRTIO_RINGS + queue * (unsigned)RING_STEP, at = ring + index * 16;
    uint16_t available = memory_read16(subject->memory, ring + 0x1002);

    memory_write64(subject->memory, at, take(subject, 2) * 2);
    memory_write32(subject->memory, at + 8, (uint32_t)take(subject, 2));
    memory_write16(subject->memory, at + 12, (uint16_t)take(subject, 1) & 7);
    memory_write16(subject->memory, at + 14, (uint16_t)take(subject, 1) & 31);
    memory_write16(subject->memory, ring + 0x1004 + available % 32 * 2, (uint16_t)index);
    memory_write16(subject->memory, ring + 0x1002, (uint16_t)(available + 1));
    virtio_write(subject, 0x3000 + 4 * queue, 2, queue);
}

/* --- anything --- */

static void write_memory(struct subject *subject)
{
    uint64_t address = take(subject, 2) * 2;
    size_t length;
    const uint8_t *bytes = fuzz_take_bytes(&subject->input, (size_t)take(subject, 1), &length);

    memory_write(subject->memory, address, bytes, length);
}

static void frame(struct subject *subject)
{
    static const char *const names[3] = {"net0", "net1", "net2"};
    const char *name = names[take(subject, 1) % 3];
    size_t wanted = (size_t)take(subject, 2) % 4096 + 1;
    g_autofree uint8_t *bytes = g_malloc0(wanted);
    size_t there;
    const uint8_t *data = fuzz_take_bytes(&subject->input, wanted, &there);

    memcpy(bytes, data, there);
    journal_submit(journal_source_find(machine_journal(subject->machine), name), bytes, wanted);
    machine_advance(subject->machine, 0);
}

static void step(struct subject *subject, enum step kind)
{
    unsigned card, offset;

    switch (kind) {
    case STEP_E1000_SETUP:
        e1000_setup(subject);
        return;
    case STEP_E1000_SEND:
    case STEP_E1000_GIVE:
        e1000_descriptor(subject, kind == STEP_E1000_SEND);
        return;
    case STEP_E1000_WRITE:
        offset = (unsigned)take(subject, 2);
        e1000_write(subject, offset % 0x8000, (uint32_t)take(subject, 4));
        return;
    case STEP_E1000_READ:
        e1000_read(subject, (unsigned)take(subject, 2) % 0x8000);
        return;
    case STEP_E1000_PORT:
        offset = (unsigned)take(subject, 1) % 64;
        memory_io_write(subject->memory, MEMORY_SPACE_PORT, 0xC000 + offset, 4, take(subject, 4));
        return;
    case STEP_VIRTIO_SETUP:
        virtio_setup(subject);
        return;
    case STEP_VIRTIO_CHAIN:
        virtio_chain(subject);
        return;
    case STEP_VIRTIO_WRITE:
        offset = (unsigned)take(subject, 2) & 0x307F;
        virtio_write(subject, offset, 4, take(subject, 4));
        return;
    case STEP_RTL_SETUP:
        rtl_setup(subject);
        return;
    case STEP_RTL_GIVE:
        rtl_give(subject);
        return;
    case STEP_RTL_SEND:
        rtl_send(subject);
        return;
    case STEP_RTL_WRITE:
        rtl_access(subject);
        return;
    case STEP_MEMORY:
        write_memory(subject);
        return;
    case STEP_FRAME:
        frame(subject);
        return;
    case STEP_TIME:
        machine_advance(subject->machine, INT64_C(1) << take(subject, 1) % 32);
        return;
    case STEP_STATE:
        if (subject->states++ == 0)
            fuzz_check_state(subject->machine);
        return;
    default: /* STEP_CONFIG */
        card = (unsigned)take(subject, 1) % 3;
        offset = (unsigned)take(subject, 1) & ~3u;
        config_write(subject, card, offset, 4, (uint32_t)take(subject, 4));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct subject subject = {.input = {data, size}};

    open_subject(&subject);
    for (unsigned i = 0; i < STEPS_MAX && subject.input.left; i++)
        step(&subject, (enum step)(take(&subject, 1) % STEPS));
    machine_free(subject.machine);
    return 0;
}

/* --- a session with each card --- */

/* The headers of a TCP packet of 200 bytes, at 0x100 of memory, and a virtio header that cuts it at 0xF4. */
static void put_packet(GByteArray *seed)
{
    static const uint8_t headers[54] = {0x52, 0x54, 0,  0x12, 0x34, 0x56, 0x52, 0x55, 10, 0, 2, 2, 8,  0,
                                        0x45, 0,    0,  186,  0,    1,    0,    0,    64, 6, 0, 0, 10, 0,
                                        2,    15,   10, 0,    2,    2,    0,    80,   1,  2, 0, 0, 0,  1,
                                        0,    0,    0,  0,    0x50, 0x18, 4,    0,    0,  0, 0, 0};
    static const uint8_t header[12] = {1, 1, 54, 0, 50, 0, 34, 0, 16, 0, 0, 0};

    append_le(seed, STEP_MEMORY, 1);
    append_le(seed, 0xF4 / 2, 2);
    append_le(seed, sizeof(header) + sizeof(headers), 1);
    g_byte_array_append(seed, header, sizeof(header));
    g_byte_array_append(seed, headers, sizeof(headers));
}

static void put_frame(GByteArray *seed, unsigned card)
{
    append_le(seed, STEP_FRAME, 1);
    append_le(seed, card, 1);
    append_le(seed, 59, 2);
    for (unsigned i = 0; i < 60; i++)
        append_le(seed, i < 6 ? 0xFF : i, 1);
}

static void put_chain(GByteArray *seed, unsigned place, unsigned address, unsigned length, unsigned flags)
{
    append_le(seed, STEP_VIRTIO_CHAIN, 1);
    append_le(seed, place, 1);
    append_le(seed, address / 2, 2);
    append_le(seed, length, 2);
    append_le(seed, flags, 1);
    append_le(seed, 0, 1);
}

void fuzz_seed(GByteArray *seed)
{
    put_packet(seed);
    append_le(seed, STEP_E1000_SETUP, 1);
    append_le(seed, 0x801C, 4); /* everything is accepted */
    for (unsigned i = 0; i < 4; i++) {
        append_le(seed, STEP_E1000_GIVE, 1);
        append_le(seed, 0x2000 + 0x800 * i, 2);
    }
    put_frame(seed, 0);
    append_le(seed, STEP_E1000_SEND, 1); /* legacy, with a checksum */
    append_le(seed, 0x100, 8);
    append_le(seed, UINT64_C(200) | 50 << 16 | UINT64_C(0x0D) << 24 | UINT64_C(34) << 40, 8);
    append_le(seed, STEP_E1000_SEND, 1); /* a context, and a packet that is cut */
    append_le(seed, UINT64_C(0x000032220021180E), 8);
    append_le(seed, UINT64_C(0x27000092) | UINT64_C(54) << 40 | UINT64_C(50) << 48, 8);
    append_le(seed, STEP_E1000_SEND, 1);
    append_le(seed, 0x100, 8);
    append_le(seed, UINT64_C(0x2D1000C8) | UINT64_C(3) << 40, 8);
    append_le(seed, STEP_VIRTIO_SETUP, 1);
    append_le(seed, 0x000118A3, 4);
    append_le(seed, 4, 1);
    put_chain(seed, 0, 0x4000, 40, 2);
    put_chain(seed, 2, 0x4800, 2000, 2);
    put_frame(seed, 1);
    put_chain(seed, 1, 0xF4, 212, 0);
    for (unsigned cplus = 0; cplus < 2; cplus++) {
        append_le(seed, STEP_RTL_SETUP, 1);
        append_le(seed, cplus ? 0x63 : 0, 1);
        append_le(seed, 0x8F, 4);
        if (cplus) {
            append_le(seed, STEP_RTL_GIVE, 1);
            append_le(seed, 0x0100, 2);
            append_le(seed, 0x80000600, 4);
            append_le(seed, UINT64_C(0x400000000000), 8);
            append_le(seed, STEP_RTL_GIVE, 1); /* a packet that is cut, with a tag */
            append_le(seed, 0, 2);
            append_le(seed, 0xB8000000 | 50 << 16 | 200, 4);
            append_le(seed, 0x20530, 4);
            append_le(seed, 0x100, 4);
        } else {
            append_le(seed, STEP_RTL_SEND, 1);
            append_le(seed, 1, 1);
            append_le(seed, 0x80, 2);
            append_le(seed, 200, 2);
        }
        put_frame(seed, 2);
    }
    append_le(seed, STEP_STATE, 1);
}
