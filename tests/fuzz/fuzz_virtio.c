/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A block device, a source of random bytes and a console on a bus, driven by a program of ring entries, register writes and
 * notifications (virtio 1.2, 2.7 and 4.1).  Whatever the guest does, the host must not notice.
 */
#include "devices/pci/pci.h"
#include "devices/virtio/virtio_blk.h"
#include "devices/virtio/virtio_console.h"
#include "devices/virtio/virtio_registers.h"
#include "devices/virtio/virtio_rng.h"
#include "emu/machine.h"
#include "tests/fuzz/input.h"

enum {
    DEVICES = 3,
    STEPS_MAX = 512,
    RAM_SIZE = 128 << 10,
    DISK_SIZE = 64 << 10,
    RINGS = 0x8000, /* of device d and queue q at + (2 * d + q) * RING_STEP */
    RING_STEP = 0x2000,
    AVAILABLE = 0x1000,
    USED = 0x1800,
    REQUESTS = 0x4000, /* where good requests stand */
    NOTIFY = 0x3000,
};
#define LEGACY_BAR(device) (0xC000u + (device)*0x100u)
#define MSIX_BAR(device) (0xE0100000u + (device)*0x10000u)
#define MODERN_BAR(device) (0xE0000000u + (device)*0x10000u)

/* A step is a byte: its kind in the low four bits, the device in the next two; operands follow, missing ones are zero. */
enum step {
    STEP_BRING_UP,    /* features u8: indirect, event index, and two of the device; size u8: log2 */
    STEP_DESCRIPTOR,  /* queue and index u8, address u16 * 2, length u16, flags u8, next u8 */
    STEP_AVAILABLE,   /* queue u8, head u8: made available, and notified */
    STEP_REQUEST,     /* type u8, sector u8, sectors u8: a good chain for the disk, made available and notified */
    STEP_NOTIFY,      /* queue u8 */
    STEP_COMMON,      /* offset u8, size u8: log2, value u32 */
    STEP_COMMON_WIDE, /* offset u8, value u64 */
    STEP_MODERN,      /* offset u16, size u8, value u32 */
    STEP_READ,        /* offset u16, size u8 */
    STEP_LEGACY,      /* offset u8, size u8, value u32 */
    STEP_MSIX,        /* offset u8, value u32 */
    STEP_CONFIG,      /* offset u8, size u8, value u32 */
    STEP_MEMORY,      /* address u16 * 2, length u8: at most 64, bytes */
    STEP_INPUT,       /* length u8: at most 64, bytes */
    STEP_TIME,        /* shift u8 */
    STEP_STATE,       /* saved and loaded, it must be the same */
};

struct subject {
    struct machine *machine;
    struct memory *memory;
    struct pci_bus *bus;
    struct block *disk;
    struct fuzz_input input;
    unsigned device;
    unsigned states; /* steps of that kind, which take long */
    uint64_t output; /* bytes that the console was given */
};

static uint64_t take(struct subject *subject, unsigned bytes)
{
    return fuzz_take(&subject->input, bytes);
}

static unsigned take_size(struct subject *subject)
{
    return 1u << take(subject, 1) % 4;
}

/* --- the machine --- */

static void count_output(void *opaque, const uint8_t *data, size_t length)
{
    struct subject *subject = opaque;

    for (size_t i = 0; i < length; i++) /* all of it can be read */
        subject->output += data[i] | 1;
}

static void config_write(struct subject *subject, unsigned offset, unsigned size, uint32_t value)
{
    pci_config_write(subject->bus, 0, PCI_DEVFN(2 + subject->device, 0), (uint16_t)offset, size, value);
}

static void open_subject(struct subject *subject)
{
    const struct machine_config config = {
        .arch = CPU_ARCH_X86_64, .cpus = 1, .picoseconds_per_instruction = 1000, .without_cpu = true};
    const struct character_output output = {.write = count_output, .opaque = subject};

    subject->machine = machine_new(&config, NULL);
    machine_set_note_handler(subject->machine, fuzz_ignore_note, NULL);
    subject->memory = machine_memory(subject->machine);
    g_assert_nonnull(memory_add_ram(subject->memory, "ram", 0, RAM_SIZE, false, NULL));
    subject->bus = pci_bus_new(subject->machine, &(struct pci_bus_config){0}, "pci"); /* messages go anywhere */
    pci_bus_add_ecam(subject->bus, 0xB0000000, 1);
    subject->disk = block_new_memory(NULL, DISK_SIZE, 0);
    virtio_blk_new(subject->machine, subject->bus, PCI_DEVFN(2, 0), subject->disk, "blk");
    virtio_console_new(subject->machine, subject->bus, PCI_DEVFN(3, 0), output, "console0", "console");
    virtio_rng_new(subject->machine, subject->bus, PCI_DEVFN(4, 0), "rng");
    machine_reset(subject->machine);
    for (subject->device = 0; subject->device < DEVICES; subject->device++) {
        config_write(subject, 0x10, 4, LEGACY_BAR(subject->device));
        config_write(subject, 0x14, 4, MSIX_BAR(subject->device));
        config_write(subject, 0x20, 4, MODERN_BAR(subject->device));
        config_write(subject, 0x24, 4, 0);
        config_write(subject, 0x04, 2, 7);
    }
}

static void close_subject(struct subject *subject)
{
    machine_free(subject->machine);
    block_close(subject->disk);
}

/* --- what a driver does --- */

static void reg_write(struct subject *subject, unsigned offset, unsigned size, uint64_t value)
{
    memory_io_write(subject->memory, MEMORY_SPACE_PHYSICAL, MODERN_BAR(subject->device) + offset, size, value);
}

static uint64_t ring(const struct subject *subject, unsigned queue)
{
    return RINGS + (2 * subject->device + queue % 2) * (uint64_t)RING_STEP;
}

static void bring_up(struct subject *subject)
{
    uint64_t features = take(subject, 1);
    unsigned size = 1u << take(subject, 1) % 9;

    reg_write(subject, VIRTIO_DEVICE_STATUS, 1, 0);
    reg_write(subject, VIRTIO_DEVICE_STATUS, 1, 3);
    reg_write(subject, VIRTIO_DRIVER_FEATURE_SELECT, 4, 0);
    reg_write(subject, VIRTIO_DRIVER_FEATURE, 4,
              (features & 3) << VIRTIO_F_INDIRECT_DESC | (features & 4 ? 0x6200 : 0) | (features & 8 ? 0x44 : 0));
    reg_write(subject, VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
    reg_write(subject, VIRTIO_DRIVER_FEATURE, 4, 1);
    reg_write(subject, VIRTIO_DEVICE_STATUS, 1, 0xB);
    for (unsigned queue = 0; queue < 2; queue++) {
        reg_write(subject, VIRTIO_QUEUE_SELECT, 2, queue);
        reg_write(subject, VIRTIO_QUEUE_SIZE, 2, size);
        reg_write(subject, VIRTIO_QUEUE_DESC, 8, ring(subject, queue));
        reg_write(subject, VIRTIO_QUEUE_DRIVER, 8, ring(subject, queue) + AVAILABLE);
        reg_write(subject, VIRTIO_QUEUE_DEVICE, 8, ring(subject, queue) + USED);
        reg_write(subject, VIRTIO_QUEUE_VECTOR, 2, queue);
        reg_write(subject, VIRTIO_QUEUE_ENABLE, 2, 1);
        memory_set(subject->memory, ring(subject, queue) + AVAILABLE, 0, RING_STEP - AVAILABLE);
    }
    reg_write(subject, VIRTIO_DEVICE_STATUS, 1, 0xF);
}

static void notify(struct subject *subject, unsigned queue)
{
    reg_write(subject, NOTIFY + 4 * queue, 2, queue);
}

static void make_available(struct subject *subject, unsigned queue, uint16_t head)
{
    uint64_t available = ring(subject, queue) + AVAILABLE;
    uint16_t index = memory_read16(subject->memory, available + 2), size;

    reg_write(subject, VIRTIO_QUEUE_SELECT, 2, queue);
    size = (uint16_t)memory_io_read(subject->memory, MEMORY_SPACE_PHYSICAL,
                                    MODERN_BAR(subject->device) + VIRTIO_QUEUE_SIZE, 2);
    memory_write16(subject->memory, available + 4 + 2 * (index & (size - 1) & 0xFF), head);
    memory_write16(subject->memory, available + 2, (uint16_t)(index + 1));
    notify(subject, queue);
}

static void put_descriptor(struct subject *subject, uint64_t at, uint64_t address, uint32_t length, uint16_t flags,
                           uint16_t next)
{
    memory_write64(subject->memory, at, address);
    memory_write32(subject->memory, at + 8, length);
    memory_write16(subject->memory, at + 12, flags);
    memory_write16(subject->memory, at + 14, next);
}

static void descriptor(struct subject *subject)
{
    unsigned place = (unsigned)take(subject, 1);
    uint64_t address = take(subject, 2) * 2;
    uint32_t length = (uint32_t)take(subject, 2);
    uint16_t flags = (uint16_t)take(subject, 1), next = (uint16_t)take(subject, 1);

    if (flags & 0x80) /* at the other end of the numbers */
        address = ~address;
    if (flags & 0x40)
        length = ~length;
    put_descriptor(subject, ring(subject, place >> 7) + (place & 0x7F) * 16, address, length, flags & 7, next);
}

static void request(struct subject *subject)
{
    uint32_t type = (uint32_t)take(subject, 1) % 16, sector = (uint32_t)take(subject, 1);
    uint32_t length = (uint32_t)take(subject, 1) % 32 * 512;
    uint16_t write = type == 0 || type == 8 ? 2 : 0;
    uint64_t table = ring(subject, 0);

    memory_write32(subject->memory, REQUESTS, type);
    memory_write64(subject->memory, REQUESTS + 8, sector);
    put_descriptor(subject, table, REQUESTS, 16, 1, 1);
    put_descriptor(subject, table + 16, 0x1000, length, 1 | write, 2);
    put_descriptor(subject, table + 32, REQUESTS + 16, 1, 2, 0);
    make_available(subject, 0, 0);
}

/* --- anything --- */

static void write_memory(struct subject *subject, bool input)
{
    struct journal_source *source = journal_source_find(machine_journal(subject->machine), "console0");
    uint64_t address = input ? 0 : take(subject, 2) * 2;
    size_t length;
    const uint8_t *bytes = fuzz_take_bytes(&subject->input, (size_t)take(subject, 1) % 65, &length);

    if (!input)
        memory_write(subject->memory, address, bytes, length);
    else if (length)
        journal_submit(source, bytes, length);
    machine_advance(subject->machine, 0);
}

static void access_space(struct subject *subject, enum step step)
{
    bool legacy = step == STEP_LEGACY;
    unsigned offset = (unsigned)take(subject, step == STEP_MODERN || step == STEP_READ ? 2 : 1);
    unsigned size = step == STEP_COMMON_WIDE ? 8 : step == STEP_MSIX ? 4 : take_size(subject);
    uint64_t base = legacy              ? LEGACY_BAR(subject->device)
                    : step == STEP_MSIX ? MSIX_BAR(subject->device)
                                        : MODERN_BAR(subject->device);
    enum memory_space space = legacy ? MEMORY_SPACE_PORT : MEMORY_SPACE_PHYSICAL;

    offset %= legacy ? 0x80 : step == STEP_COMMON || step == STEP_COMMON_WIDE ? 0x40 : 0x4000;
    if (step == STEP_MODERN || step == STEP_READ)
        offset = (offset & 0x3000) | (offset & 0x7F); /* nothing is further in */
    if (step == STEP_READ)
        memory_io_read(subject->memory, space, base + offset, size);
    else
        memory_io_write(subject->memory, space, base + offset, size, take(subject, size > 4 ? 8 : 4));
}

/* Also where the functions are: the BARs and commands move, the ECAM window is theirs as well. */
static void access_config(struct subject *subject)
{
    unsigned offset = (unsigned)take(subject, 1), size = 1u << take(subject, 1) % 3;

    offset &= ~(size - 1);
    config_write(subject, offset, size, (uint32_t)take(subject, 4));
    pci_config_read(subject->bus, 0, PCI_DEVFN(2 + subject->device, 0), (uint16_t)offset, size);
}

static void step(struct subject *subject, enum step kind)
{
    unsigned queue;

    switch (kind) {
    case STEP_BRING_UP:
        bring_up(subject);
        return;
    case STEP_DESCRIPTOR:
        descriptor(subject);
        return;
    case STEP_AVAILABLE:
        queue = (unsigned)take(subject, 1) % 2;
        make_available(subject, queue, (uint16_t)take(subject, 1));
        return;
    case STEP_REQUEST:
        request(subject);
        return;
    case STEP_NOTIFY:
        notify(subject, (unsigned)take(subject, 1) % 4);
        return;
    case STEP_CONFIG:
        access_config(subject);
        return;
    case STEP_MEMORY:
    case STEP_INPUT:
        write_memory(subject, kind == STEP_INPUT);
        return;
    case STEP_TIME:
        machine_advance(subject->machine, INT64_C(1) << take(subject, 1) % 32);
        return;
    case STEP_STATE:
        if (subject->states++ == 0)
            fuzz_check_state(subject->machine);
        return;
    default:
        access_space(subject, kind);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct subject subject = {.input = {data, size}};

    open_subject(&subject);
    for (unsigned i = 0; i < STEPS_MAX && subject.input.left; i++) {
        unsigned first = (unsigned)take(&subject, 1);

        subject.device = (first >> 4 & 3) % DEVICES;
        step(&subject, (enum step)(first & 15));
    }
    close_subject(&subject);
    return 0;
}

/* A session with each device. */
void fuzz_seed(GByteArray *seed)
{
    static const uint8_t program[] = {
        STEP_BRING_UP,
        0x07,
        6,
        STEP_REQUEST,
        0,
        3,
        4,
        STEP_REQUEST,
        1,
        9,
        8,
        STEP_REQUEST,
        4,
        0,
        0,
        STEP_REQUEST,
        8,
        0,
        1,
        STEP_DESCRIPTOR,
        5,
        0x00,
        0x20,
        16,
        0,
        1,
        6,
        STEP_DESCRIPTOR,
        6,
        0x00,
        0x28,
        1,
        0,
        2,
        0,
        STEP_AVAILABLE,
        0,
        5,
        STEP_DESCRIPTOR,
        7,
        0x00,
        0x08,
        32,
        0,
        4,
        0, /* indirect */
        STEP_MEMORY,
        0x00,
        0x08,
        32,
        0,
        0x40,
        0,
        0,
        0,
        0,
        0,
        0,
        16,
        0,
        0,
        0,
        1,
        0,
        1,
        0,
        0x80,
        0x40,
        0,
        0,
        0,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        2,
        0,
        0,
        0,
        STEP_AVAILABLE,
        0,
        7,
        STEP_STATE,
        0x10 | STEP_BRING_UP,
        0x02,
        4,
        0x10 | STEP_DESCRIPTOR,
        0,
        0x00,
        0x10,
        100,
        0,
        2,
        0,
        0x10 | STEP_AVAILABLE,
        0,
        0,
        0x10 | STEP_INPUT,
        5,
        'i',
        'n',
        'p',
        'u',
        't',
        0x10 | STEP_DESCRIPTOR,
        0x80,
        0x00,
        0x10,
        100,
        0,
        1,
        1,
        0x10 | STEP_DESCRIPTOR,
        0x81,
        0x00,
        0x14,
        100,
        0,
        0,
        0,
        0x10 | STEP_AVAILABLE,
        1,
        0,
        0x20 | STEP_BRING_UP,
        0x00,
        3,
        0x20 | STEP_MSIX,
        0,
        0x00,
        0x30,
        0x02,
        0xE0, /* a message to the own notify register */
        0x20 | STEP_MSIX,
        8,
        0,
        0,
        0,
        0,
        0x20 | STEP_MSIX,
        12,
        0,
        0,
        0,
        0,
        0x20 | STEP_CONFIG,
        0x9A,
        1,
        0x00,
        0x80,
        0,
        0,
        0x20 | STEP_DESCRIPTOR,
        0,
        0x00,
        0x10,
        100,
        0,
        2,
        0,
        0x20 | STEP_AVAILABLE,
        0,
        0,
        0x20 | STEP_READ,
        0x00,
        0x10,
        0,
        STEP_LEGACY,
        18,
        0,
        0,
        0,
        0,
        0,
        STEP_LEGACY,
        18,
        0,
        3,
        0,
        0,
        0,
        STEP_LEGACY,
        8,
        2,
        8,
        0,
        0,
        0,
        STEP_LEGACY,
        16,
        1,
        0,
        0,
        0,
        0,
        STEP_CONFIG,
        0x88,
        0,
        4,
        0,
        0,
        0,
        STEP_CONFIG,
        0x90,
        2,
        4,
        0,
        0,
        0,
        STEP_CONFIG,
        0x94,
        2,
        0,
        0,
        0,
        0,
        STEP_TIME,
        20,
        STEP_STATE,
    };

    g_byte_array_append(seed, program, sizeof(program));
}
