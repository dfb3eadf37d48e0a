/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk: configuration, requests in any framing, ranges, what reaches the image, and in which order. */
#include <glib/gstdio.h>
#include <unistd.h>

#include "devices/virtio/virtio_blk.h"
#include "tests/device/virtio_driver.h"

enum {
    SECTORS = 4096,
    HEADER = 0x50000, /* of request n at + n * 16 */
    STATUS = 0x58000, /* of request n at + n */

    IN = 0,
    OUT = 1,
    FLUSH = 4,
    GET_ID = 8,
    DISCARD = 11,
    WRITE_ZEROES = 13,

    F_RO = 5,
    F_FLUSH = 9,
    F_DISCARD = 13,
    F_WRITE_ZEROES = 14,
};

struct disk_rig {
    struct rig rig;
    struct block *disk;
    uint8_t *bytes;
};

static void start(struct disk_rig *disk, unsigned flags)
{
    rig_init(&disk->rig);
    disk->bytes = g_malloc(SECTORS * 512);
    for (unsigned i = 0; i < SECTORS * 512; i++)
        disk->bytes[i] = (uint8_t)(i / 512 * 7 + i);
    disk->disk = block_new_memory(disk->bytes, SECTORS * 512, flags);
    virtio_blk_new(disk->rig.machine, disk->rig.bus, DEVFN, disk->disk, "virtio-blk0");
    rig_start(&disk->rig);
}

static void finish(struct disk_rig *disk)
{
    machine_free(disk->rig.machine);
    block_close(disk->disk);
    g_free(disk->bytes);
}

static void put_header(struct rig *rig, unsigned number, uint32_t type, uint64_t sector)
{
    memory_write32(ram(rig), HEADER + number * 16, type);
    memory_write32(ram(rig), HEADER + number * 16 + 4, 0);
    memory_write64(ram(rig), HEADER + number * 16 + 8, sector);
    memory_write8(ram(rig), STATUS + number, 0xEE);
}

/* Header, @length bytes of data at @data, status, as drivers have them, in descriptors 3 * @number and on. */
static void put_request(struct rig *rig, unsigned number, uint32_t type, uint64_t sector, uint64_t data,
                        uint32_t length)
{
    uint16_t at = (uint16_t)(3 * number);
    bool to_device = type == OUT || type == DISCARD || type == WRITE_ZEROES;

    put_header(rig, number, type, sector);
    put_descriptor(rig, 0, at, HEADER + number * 16, 16, NEXT, (uint16_t)(length ? at + 1 : at + 2));
    put_descriptor(rig, 0, at + 1, data, length, NEXT | (to_device ? 0 : WRITE), (uint16_t)(at + 2));
    put_descriptor(rig, 0, at + 2, STATUS + number, 1, WRITE, 0);
    make_available(rig, 0, at);
}

/* One request to its end: its status. */
static uint8_t request(struct rig *rig, uint32_t type, uint64_t sector, uint64_t data, uint32_t length)
{
    uint16_t before = used_index(rig, 0);

    put_request(rig, 0, type, sector, data, length);
    notify(rig, 0);
    g_assert_cmpuint(used_index(rig, 0), ==, (uint16_t)(before + 1));
    assert_used(rig, 0, before, 0, (type == IN || type == GET_ID ? length : 0) + 1);
    return memory_read8(ram(rig), STATUS);
}

static void test_config(void)
{
    struct disk_rig disk;
    struct rig *rig = &disk.rig;

    start(&disk, 0);
    g_assert_cmphex(config_read(rig, 0, 4), ==, 0x10011AF4);
    g_assert_cmphex(config_read(rig, 8, 4), ==, 0x01000000);
    g_assert_cmphex(config_read(rig, 0x2C, 4), ==, 0x00021AF4);
    g_assert_cmphex(offered(rig), ==, 0x130006244);
    g_assert_cmpuint(reg(rig, CONFIG_PAGE, 8), ==, SECTORS);
    g_assert_cmpuint(reg(rig, CONFIG_PAGE + 12, 4), ==, 254); /* seg_max */
    g_assert_cmpuint(reg(rig, CONFIG_PAGE + 20, 4), ==, 512); /* blk_size */
    g_assert_cmpuint(reg(rig, CONFIG_PAGE + 36, 4), ==, 0x3FFFFF);
    g_assert_cmpuint(reg(rig, CONFIG_PAGE + 40, 4), ==, 1);
    g_assert_cmpuint(reg(rig, CONFIG_PAGE + 52, 4), ==, 1);
    g_assert_cmpuint(reg(rig, VIRTIO_QUEUE_SIZE, 2), ==, 256);
    g_assert_cmpuint(reg(rig, VIRTIO_NUM_QUEUES, 2), ==, 1);
    finish(&disk);

    start(&disk, BLOCK_READ_ONLY);
    g_assert_cmphex(offered(rig), ==, 0x130000264);
    finish(&disk);
}

/* All is done when the notification returns: data, status, used ring, interrupt. */
static void test_read(void)
{
    struct disk_rig disk;
    struct rig *rig = &disk.rig;

    start(&disk, 0);
    bring_up(rig, 0, 1, 256);
    uint64_t hash = memory_hash(ram(rig));
    g_assert_cmphex(request(rig, IN, 5, DATA, 8 * 512), ==, 0);
    assert_data(rig, DATA, disk.bytes + 5 * 512, 8 * 512);
    g_assert_cmphex(memory_hash(ram(rig)), !=, hash);
    g_assert_cmphex(take_isr(rig), ==, 1);
    g_assert_cmphex(request(rig, IN, SECTORS - 1, DATA, 512), ==, 0);
    assert_data(rig, DATA, disk.bytes + (SECTORS - 1) * 512, 512);
    g_assert_cmpuint(rig->notes, ==, 0);
    finish(&disk);
}

static void test_write(void)
{
    struct disk_rig disk;
    struct rig *rig = &disk.rig;
    g_autofree uint8_t *now = g_malloc(SECTORS * 512);

    start(&disk, 0);
    bring_up(rig, 1 << F_FLUSH, 1, 256);
    for (unsigned i = 0; i < 3 * 512; i++)
        memory_write8(ram(rig), DATA + i, (uint8_t)(i * 11));
    g_assert_cmphex(request(rig, OUT, 100, DATA, 3 * 512), ==, 0);
    g_assert_cmphex(request(rig, FLUSH, 0, 0, 0), ==, 0);
    for (unsigned i = 0; i < 3 * 512; i++)
        disk.bytes[100 * 512 + i] = (uint8_t)(i * 11);
    g_assert_true(block_read(disk.disk, 0, now, SECTORS * 512));
    g_assert_cmpmem(now, SECTORS * 512, disk.bytes, SECTORS * 512);
    finish(&disk);
}

/* Header, data and status may be cut anywhere, lie beside each other, and share descriptors. */
static void test_framing(void)
{
    struct disk_rig disk;
    struct rig *rig = &disk.rig;

    start(&disk, 0);
    bring_up(rig, 0, 1, 256);
    put_header(rig, 0, IN, 9);
    put_descriptor(rig, 0, 0, HEADER, 3, NEXT, 1);
    put_descriptor(rig, 0, 1, HEADER + 3, 13, NEXT, 2);
    put_descriptor(rig, 0, 2, DATA, 100, NEXT | WRITE, 3);
    put_descriptor(rig, 0, 3, DATA + 100, 300, NEXT | WRITE, 4);
    put_descriptor(rig, 0, 4, DATA + 0x3000, 113, WRITE, 0); /* with the status at its end */
    make_available(rig, 0, 0);
    notify(rig, 0);
    assert_used(rig, 0, 0, 0, 513);
    assert_data(rig, DATA, disk.bytes + 9 * 512, 400);
    assert_data(rig, DATA + 0x3000, disk.bytes + 9 * 512 + 400, 112);
    g_assert_cmphex(memory_read8(ram(rig), DATA + 0x3000 + 112), ==, 0);

    put_header(rig, 1, OUT, 20); /* a header with its data behind it */
    memory_write(ram(rig), DATA, "\1\0\0\0\0\0\0\0\x14\0\0\0\0\0\0\0", 16);
    memory_set(ram(rig), DATA + 16, 0x77, 512);
    put_descriptor(rig, 0, 5, DATA, 16 + 512, NEXT, 6);
    put_descriptor(rig, 0, 6, STATUS, 1, WRITE, 0);
    make_available(rig, 0, 5);
    notify(rig, 0);
    assert_used(rig, 0, 1, 5, 1);
    g_assert_cmphex(memory_read8(ram(rig), STATUS), ==, 0);
    uint8_t sector[512], expected[512];
    memset(expected, 0x77, sizeof(expected));
    g_assert_true(block_read(disk.disk, 20 * 512, sector, sizeof(sector)));
    g_assert_cmpmem(sector, 512, expected, 512);
    finish(&disk);
}

/* As many segments as the configuration allows, in an indirect table; each elsewhere. */
static void test_many_segments(void)
{
    struct disk_rig disk;
    struct rig *rig = &disk.rig;

    start(&disk, 0);
    bring_up(rig, INDIRECT_DESC, 1, 256);
    put_header(rig, 0, IN, 0);
    put_descriptor(rig, 0, 0, TABLE, 256 * 16, INDIRECT, 0);
    put_descriptor_at(rig, TABLE, 0, HEADER, 16, NEXT, 1);
    for (unsigned i = 0; i < 254; i++)
        put_descriptor_at(rig, TABLE, i + 1, DATA + 8192 * (253 - i), 4096, NEXT | WRITE, (uint16_t)(i + 2));
    put_descriptor_at(rig, TABLE, 255, STATUS, 1, WRITE, 0);
    make_available(rig, 0, 0);
    notify(rig, 0);
    assert_used(rig, 0, 0, 0, 254 * 4096 + 1);
    for (unsigned i = 0; i < 254; i++)
        assert_data(rig, DATA + 8192 * (253 - i), disk.bytes + 4096 * i, 4096);
    finish(&disk);
}

/* Several at once are done and given back in the order of the available ring. */
static void test_order(void)
{
    struct disk_rig disk;
    struct rig *rig = &disk.rig;
    static const uint32_t lengths[] = {512, 1024, 0, 512, 2048};

    start(&disk, 0);
    bring_up(rig, 0, 1, 256);
    for (unsigned i = 0; i < G_N_ELEMENTS(lengths); i++)
        put_request(rig, i, lengths[i] ? IN : FLUSH, 10 * i, DATA + 0x10000 * i, lengths[i]);
    put_request(rig, 5, OUT, 30, DATA, 512); /* and what one writes the next one reads */
    put_request(rig, 6, IN, 30, DATA + 0x80000, 512);
    notify(rig, 0);
    g_assert_cmpuint(used_index(rig, 0), ==, 7);
    for (unsigned i = 0; i < G_N_ELEMENTS(lengths); i++) {
        assert_used(rig, 0, (uint16_t)i, 3 * i, lengths[i] + 1);
        assert_data(rig, DATA + 0x10000 * i, disk.bytes + 512 * 10 * i, lengths[i]);
        g_assert_cmphex(memory_read8(ram(rig), STATUS + i), ==, 0);
    }
    assert_used(rig, 0, 6, 18, 513);
    assert_data(rig, DATA + 0x80000, disk.bytes, 512);
    finish(&disk);
}

static void test_ranges(void)
{
    static const struct {
        uint32_t type;
        uint64_t sector;
        uint32_t length;
    } bad[] = {
        {IN, SECTORS, 512},
        {IN, SECTORS - 1, 1024},
        {IN, UINT64_MAX, 512},
        {IN, UINT64_MAX / 512, 512},
        {IN, 0, 511},
        {IN, 0, 513},
        {OUT, SECTORS, 512},
        {OUT, SECTORS - 1, 1024},
        {OUT, UINT64_MAX - 1, 512},
        {OUT, 0, 100},
        {IN, UINT64_C(1) << 55, 512}, /* times 512 that is 0 */
    };
    struct disk_rig disk;
    struct rig *rig = &disk.rig;
    g_autofree uint8_t *now = g_malloc(SECTORS * 512);

    start(&disk, 0);
    bring_up(rig, 0, 1, 256);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        memory_set(ram(rig), DATA, 0x5A, 2048);
        g_assert_cmphex(request(rig, bad[i].type, bad[i].sector, DATA, bad[i].length), ==, 1);
        /* What is given back as written is written: no old data may be taken for the disk's. */
        for (unsigned at = 0; at < bad[i].length; at++)
            g_assert_cmphex(memory_read8(ram(rig), DATA + at), ==, bad[i].type == IN ? 0 : 0x5A);
        g_assert_cmphex(memory_read8(ram(rig), DATA + bad[i].length), ==, 0x5A);
    }
    g_assert_true(block_read(disk.disk, 0, now, SECTORS * 512));
    g_assert_cmpmem(now, SECTORS * 512, disk.bytes, SECTORS * 512);
    g_assert_cmpuint(rig->notes, ==, 1); /* a guest's mistake is told once; the disk was not even asked */
    g_assert_cmphex(request(rig, IN, 0, DATA, 512), ==, 0); /* and the device goes on */
    finish(&disk);
}

static void test_read_only(void)
{
    struct disk_rig disk;
    struct rig *rig = &disk.rig;

    start(&disk, BLOCK_READ_ONLY);
    bring_up(rig, 1 << F_RO, 1, 256);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmphex(request(rig, OUT, 0, DATA, 512), ==, 1);
    g_assert_cmpuint(rig->notes, ==, 1);
    g_assert_cmphex(request(rig, IN, 0, DATA, 512), ==, 0);
    assert_data(rig, DATA, disk.bytes, 512);
    g_assert_cmphex(request(rig, FLUSH, 0, 0, 0), ==, 0);
    finish(&disk);
}

static void test_id(void)
{
    struct disk_rig disk;
    struct rig *rig = &disk.rig;

    start(&disk, 0);
    bring_up(rig, 0, 1, 256);
    memory_set(ram(rig), DATA, 0x5A, 64);
    g_assert_cmphex(request(rig, GET_ID, 0, DATA, 20), ==, 0);
    assert_data(rig, DATA, "virtio-blk0\0\0\0\0\0\0\0\0\0Z", 21);
    memory_set(ram(rig), DATA, 0x5A, 64);
    g_assert_cmphex(request(rig, GET_ID, 0, DATA, 30), ==, 0); /* more room than an ID has */
    assert_data(rig, DATA, "virtio-blk0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0Z", 31);
    g_assert_cmphex(request(rig, GET_ID, 0, DATA, 6), ==, 0);
    assert_data(rig, DATA, "virtio-blk0", 6);
    g_assert_cmphex(request(rig, 99, 0, 0, 0), ==, 2);
    finish(&disk);
}

static uint8_t clear(struct rig *rig, uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags)
{
    memory_write64(ram(rig), DATA, sector);
    memory_write32(ram(rig), DATA + 8, sectors);
    memory_write32(ram(rig), DATA + 12, flags);
    return request(rig, type, 0, DATA, 16);
}

static void test_clear(void)
{
    struct disk_rig disk;
    struct rig *rig = &disk.rig;
    g_autofree uint8_t *now = g_malloc(SECTORS * 512);

    start(&disk, 0);
    bring_up(rig, 0, 1, 256);
    g_assert_cmphex(clear(rig, DISCARD, 0, 1, 0), ==, 2); /* not negotiated */
    g_assert_cmphex(clear(rig, WRITE_ZEROES, 0, 1, 0), ==, 2);
    bring_up(rig, 1 << F_FLUSH | 1 << F_DISCARD | 1 << F_WRITE_ZEROES, 1, 256);
    g_assert_cmphex(clear(rig, DISCARD, 10, 20, 1), ==, 2); /* unmap means something for the other one only */
    g_assert_cmphex(clear(rig, WRITE_ZEROES, 10, 20, 2), ==, 2);
    g_assert_cmphex(clear(rig, DISCARD, SECTORS - 1, 2, 0), ==, 1);
    g_assert_cmphex(clear(rig, WRITE_ZEROES, UINT64_MAX, 1, 0), ==, 1);
    g_assert_cmphex(clear(rig, DISCARD, 0, UINT32_MAX, 0), ==, 1);
    memory_write64(ram(rig), DATA + 8, 1);
    g_assert_cmphex(request(rig, DISCARD, 0, DATA, 32), ==, 1); /* two segments, the first of them good */
    g_assert_cmphex(request(rig, DISCARD, 0, DATA, 15), ==, 1);
    g_assert_true(block_read(disk.disk, 0, now, SECTORS * 512));
    g_assert_cmpmem(now, SECTORS * 512, disk.bytes, SECTORS * 512);

    g_assert_cmphex(clear(rig, DISCARD, 10, 20, 0), ==, 0);
    g_assert_cmphex(clear(rig, WRITE_ZEROES, 100, 3, 1), ==, 0);
    memset(disk.bytes + 10 * 512, 0, 20 * 512);
    memset(disk.bytes + 100 * 512, 0, 3 * 512);
    g_assert_true(block_read(disk.disk, 0, now, SECTORS * 512));
    g_assert_cmpmem(now, SECTORS * 512, disk.bytes, SECTORS * 512);
    finish(&disk);
}

/* Requests without a whole header or without a byte for the status cannot be answered. */
static void test_malformed(void)
{
    struct disk_rig disk;
    struct rig *rig = &disk.rig;

    start(&disk, 0);
    bring_up(rig, 0, 1, 256);
    put_descriptor(rig, 0, 0, HEADER, 15, NEXT, 1);
    put_descriptor(rig, 0, 1, STATUS, 1, WRITE, 0);
    make_available(rig, 0, 0);
    notify(rig, 0);
    g_assert_cmphex(status(rig), ==, ALIVE | VIRTIO_STATUS_NEEDS_RESET);
    g_assert_cmpuint(used_index(rig, 0), ==, 0);

    bring_up(rig, 0, 1, 256);
    put_descriptor(rig, 0, 0, HEADER, 16, 0, 0);
    make_available(rig, 0, 0);
    notify(rig, 0);
    g_assert_cmphex(status(rig), ==, ALIVE | VIRTIO_STATUS_NEEDS_RESET);

    bring_up(rig, 0, 1, 256); /* a status in the midst of nowhere: the disk is not touched either */
    put_header(rig, 0, OUT, 0);
    put_descriptor(rig, 0, 0, HEADER, 16, NEXT, 1);
    put_descriptor(rig, 0, 1, DATA, 512, NEXT, 2);
    put_descriptor(rig, 0, 2, RAM_SIZE, 1, WRITE, 0);
    make_available(rig, 0, 0);
    notify(rig, 0);
    g_assert_cmphex(status(rig), ==, ALIVE | VIRTIO_STATUS_NEEDS_RESET);
    g_assert_cmphex(block_hash(disk.disk), ==, 0);
    finish(&disk);
}

/* The image in a file: flush is fdatasync(), which without F_FLUSH follows each write. */
static void test_file(void)
{
    struct disk_rig disk = {0};
    struct rig *rig = &disk.rig;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL, *contents = NULL;
    int fd = g_file_open_tmp("galvanic-virtio-XXXXXX", &path, &error);

    g_assert_no_error(error);
    g_assert_cmpint(ftruncate(fd, 1 << 20), ==, 0);
    rig_init(rig);
    disk.disk = block_open(path, 0, &error);
    g_assert_no_error(error);
    virtio_blk_new(rig->machine, rig->bus, DEVFN, disk.disk, "virtio-blk0");
    rig_start(rig);
    bring_up(rig, 1 << F_FLUSH | 1 << F_DISCARD, 1, 256);
    memory_set(ram(rig), DATA, 0xA5, 4096);
    g_assert_cmphex(request(rig, OUT, 8, DATA, 4096), ==, 0);
    g_assert_cmphex(request(rig, FLUSH, 0, 0, 0), ==, 0);
    g_assert_cmphex(clear(rig, DISCARD, 8, 1, 0), ==, 0);
    g_assert_true(g_file_get_contents(path, &contents, NULL, &error));
    for (unsigned i = 0; i < 12 * 1024; i++)
        g_assert_cmphex((uint8_t)contents[i], ==, i >= 9 * 512 && i < 16 * 512 ? 0xA5 : 0);

    /* Somebody cuts the file: reads behind its end fail, and give no data. */
    g_assert_cmpint(ftruncate(fd, 4096), ==, 0);
    memory_set(ram(rig), DATA, 0xA5, 4096);
    g_assert_cmphex(request(rig, IN, 100, DATA, 4096), ==, 1);
    for (unsigned i = 0; i < 4096; i++)
        g_assert_cmphex(memory_read8(ram(rig), DATA + i), ==, 0);
    close(fd);
    finish(&disk);
    g_remove(path);
}

static void test_state(void)
{
    struct disk_rig disk, other;

    start(&disk, 0);
    start(&other, 0);
    bring_up(&disk.rig, INDIRECT_DESC, 1, 64);
    g_assert_cmphex(request(&disk.rig, IN, 3, DATA, 512), ==, 0);
    test_copy_state(disk.rig.machine, other.rig.machine);
    other.rig.size[0] = disk.rig.size[0];
    other.rig.available[0] = disk.rig.available[0];
    g_assert_true(other.rig.line[2]);
    g_assert_cmphex(request(&other.rig, IN, 4, DATA, 512), ==, 0);
    assert_data(&other.rig, DATA, disk.bytes + 4 * 512, 512);

    /* The contents are part of the state. */
    uint64_t hash = machine_state_hash(disk.rig.machine);
    g_assert_true(block_write(disk.disk, 7 * 512, "x", 1));
    g_assert_cmphex(machine_state_hash(disk.rig.machine), !=, hash);
    finish(&disk);
    finish(&other);
}

/* A reset in the midst of a session, by the driver and by the machine. */
static void test_reset(void)
{
    struct disk_rig disk;
    struct rig *rig = &disk.rig;

    start(&disk, 0);
    bring_up(rig, EVENT_IDX, 1, 256);
    g_assert_cmphex(request(rig, IN, 3, DATA, 512), ==, 0);
    g_assert_true(rig->line[2]);
    reg_write(rig, VIRTIO_DEVICE_STATUS, 1, 0);
    g_assert_false(rig->line[2]);
    g_assert_cmphex(reg(rig, VIRTIO_QUEUE_ENABLE, 2), ==, 0);
    g_assert_cmphex(reg(rig, VIRTIO_QUEUE_DESC, 8), ==, 0);
    bring_up(rig, 0, 1, 8);
    g_assert_cmphex(request(rig, IN, 4, DATA, 512), ==, 0);
    machine_reset(rig->machine);
    g_assert_false(rig->line[2]);
    g_assert_cmphex(config_read(rig, 4, 2), ==, 0);
    rig_start(rig);
    g_assert_cmpuint(reg(rig, VIRTIO_QUEUE_SIZE, 2), ==, 256);
    bring_up(rig, 0, 1, 256);
    g_assert_cmphex(request(rig, IN, 4, DATA, 512), ==, 0);
    assert_data(rig, DATA, disk.bytes + 4 * 512, 512);
    finish(&disk);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-blk/config", test_config);
    g_test_add_func("/virtio-blk/read", test_read);
    g_test_add_func("/virtio-blk/write", test_write);
    g_test_add_func("/virtio-blk/framing", test_framing);
    g_test_add_func("/virtio-blk/many-segments", test_many_segments);
    g_test_add_func("/virtio-blk/order", test_order);
    g_test_add_func("/virtio-blk/ranges", test_ranges);
    g_test_add_func("/virtio-blk/read-only", test_read_only);
    g_test_add_func("/virtio-blk/id", test_id);
    g_test_add_func("/virtio-blk/clear", test_clear);
    g_test_add_func("/virtio-blk/malformed", test_malformed);
    g_test_add_func("/virtio-blk/file", test_file);
    g_test_add_func("/virtio-blk/state", test_state);
    g_test_add_func("/virtio-blk/reset", test_reset);
    return g_test_run();
}
