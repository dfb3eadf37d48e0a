/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk on a double of the host's file: what is asked of it, in which order, and what happens when it fails. */
#include "devices/virtio/virtio_blk.h"
#include "tests/device/virtio_driver.h"

enum {
    SECTORS = 64,
    HEADER = 0x50000,
    STATUS = 0x58000,
    IN = 0,
    OUT = 1,
    FLUSH = 4,
    DISCARD = 11,
    F_FLUSH = 9,
    F_DISCARD = 13,
};

/* --- the double: these stand in for emu/host/block.c in this program --- */

struct block {
    GString *calls;
    bool read_fails, write_fails, flush_fails;
    bool large; /* a terabyte */
};

const char *block_path(const struct block *block)
{
    return "double";
}

uint64_t block_size(const struct block *block)
{
    return block->large ? UINT64_C(1) << 40 : SECTORS * 512;
}

bool block_read_only(const struct block *block)
{
    return false;
}

uint64_t block_hash(struct block *block)
{
    return 0;
}

bool block_read(struct block *block, uint64_t offset, void *buffer, size_t length)
{
    g_string_append_printf(block->calls, "read %" G_GUINT64_FORMAT " %zu;", offset, length);
    memset(buffer, block->read_fails ? 0 : 0x11, length);
    return !block->read_fails;
}

bool block_write(struct block *block, uint64_t offset, const void *buffer, size_t length)
{
    g_string_append_printf(block->calls, "write %" G_GUINT64_FORMAT " %zu;", offset, length);
    return !block->write_fails;
}

bool block_flush(struct block *block)
{
    g_string_append(block->calls, "flush;");
    return !block->flush_fails;
}

bool block_discard(struct block *block, uint64_t offset, uint64_t length)
{
    g_string_append_printf(block->calls, "discard %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT ";", offset, length);
    return !block->write_fails;
}

/* --- the tests --- */

static void start(struct rig *rig, struct block *block, uint64_t features)
{
    *block = (struct block){.calls = g_string_new(NULL)};
    rig_init(rig);
    virtio_blk_new(rig->machine, rig->bus, DEVFN, block, "virtio-blk0");
    rig_start(rig);
    bring_up(rig, features, 1, 256);
}

static void finish(struct rig *rig, struct block *block)
{
    machine_free(rig->machine);
    g_string_free(block->calls, true);
}

static void put_header(struct rig *rig, uint32_t type, uint64_t sector)
{
    memory_write32(ram(rig), HEADER, type);
    memory_write64(ram(rig), HEADER + 8, sector);
    memory_write8(ram(rig), STATUS, 0xEE);
    put_descriptor(rig, 0, 0, HEADER, 16, NEXT, 1);
}

/* A request with its data in two pieces of @half bytes that are no neighbours: its status. */
static uint8_t request(struct rig *rig, struct block *block, uint32_t type, uint64_t sector, uint32_t half)
{
    uint16_t write = type == IN ? WRITE : 0;

    g_string_truncate(block->calls, 0);
    put_header(rig, type, sector);
    put_descriptor(rig, 0, 1, DATA, half, NEXT | write, 2);
    put_descriptor(rig, 0, 2, DATA + 0x1000, half, NEXT | write, 3);
    put_descriptor(rig, 0, 3, STATUS, 1, WRITE, 0);
    make_available(rig, 0, 0);
    notify(rig, 0);
    assert_used(rig, 0, (uint16_t)(used_index(rig, 0) - 1), 0, type == IN ? 2 * half + 1 : 1);
    return memory_read8(ram(rig), STATUS);
}

static uint8_t flush(struct rig *rig, struct block *block)
{
    g_string_truncate(block->calls, 0);
    put_header(rig, FLUSH, 0);
    put_descriptor(rig, 0, 1, STATUS, 1, WRITE, 0);
    make_available(rig, 0, 0);
    notify(rig, 0);
    return memory_read8(ram(rig), STATUS);
}

/* Guest memory itself is what the host is given; neighbours in one piece. */
static void test_pieces(void)
{
    struct block block;
    struct rig rig;

    start(&rig, &block, 1 << F_FLUSH);
    g_assert_cmphex(request(&rig, &block, OUT, 3, 1024), ==, 0);
    g_assert_cmpstr(block.calls->str, ==, "write 1536 1024;write 2560 1024;");
    g_assert_cmphex(request(&rig, &block, OUT, 3, 0x1000), ==, 0);
    g_assert_cmpstr(block.calls->str, ==, "write 1536 8192;");
    g_assert_cmphex(request(&rig, &block, IN, 0, 512), ==, 0);
    g_assert_cmpstr(block.calls->str, ==, "read 0 512;read 512 512;");
    g_assert_cmphex(memory_read8(ram(&rig), DATA + 0x11FF), ==, 0x11);
    finish(&rig, &block);
}

/* A driver that flushes is trusted to; for one that does not, each write reaches the medium before it is done. */
static void test_flush(void)
{
    struct block block;
    struct rig rig;

    start(&rig, &block, 1 << F_FLUSH);
    g_assert_cmphex(flush(&rig, &block), ==, 0);
    g_assert_cmpstr(block.calls->str, ==, "flush;");
    finish(&rig, &block);

    start(&rig, &block, 0);
    g_assert_cmphex(request(&rig, &block, OUT, 3, 1024), ==, 0);
    g_assert_cmpstr(block.calls->str, ==, "write 1536 1024;write 2560 1024;flush;");
    g_assert_cmphex(request(&rig, &block, IN, 3, 512), ==, 0);
    g_assert_cmpstr(block.calls->str, ==, "read 1536 512;read 2048 512;");
    g_assert_cmphex(flush(&rig, &block), ==, 0); /* allowed all the same: Redox does so */
    g_assert_cmpstr(block.calls->str, ==, "flush;");
    g_assert_cmpuint(rig.notes, ==, 0);
    block.flush_fails = true;
    g_assert_cmphex(request(&rig, &block, OUT, 3, 1024), ==, 1);
    g_assert_cmphex(flush(&rig, &block), ==, 1);
    finish(&rig, &block);
}

static void test_failures(void)
{
    struct block block;
    struct rig rig;

    start(&rig, &block, 1 << F_FLUSH | 1 << F_DISCARD);
    memory_set(ram(&rig), DATA, 0x77, 0x2000);
    block.read_fails = true;
    g_assert_cmphex(request(&rig, &block, IN, 0, 512), ==, 1);
    g_assert_cmpstr(block.calls->str, ==, "read 0 512;");
    for (unsigned i = 0; i < 512; i++)
        g_assert_cmphex(memory_read8(ram(&rig), DATA + i) | memory_read8(ram(&rig), DATA + 0x1000 + i), ==, 0);
    g_assert_cmpuint(rig.notes, ==, 1); /* the user is told */
    block.read_fails = false;
    block.write_fails = true;
    g_assert_cmphex(request(&rig, &block, OUT, 0, 512), ==, 1);
    g_assert_cmpstr(block.calls->str, ==, "write 0 512;");

    memory_write64(ram(&rig), DATA, 1); /* sector 1, two of them */
    memory_write32(ram(&rig), DATA + 8, 2);
    memory_write64(ram(&rig), DATA + 0x1000, 2);
    g_assert_cmphex(request(&rig, &block, DISCARD, 0, 8), ==, 1);
    g_assert_cmpstr(block.calls->str, ==, "discard 512 1024;");
    block.write_fails = false;
    g_assert_cmphex(request(&rig, &block, DISCARD, 0, 8), ==, 0);
    g_assert_cmphex(request(&rig, &block, OUT, 0, 512), ==, 0);
    finish(&rig, &block);
}

/* No request clears more than the configuration says. */
static void test_most(void)
{
    struct block block;
    struct rig rig;

    start(&rig, &block, 1 << F_FLUSH | 1 << F_DISCARD);
    block.large = true;
    memory_write64(ram(&rig), DATA, 0);
    memory_write64(ram(&rig), DATA + 0x1000, 0x3FFFFF);
    g_assert_cmphex(request(&rig, &block, DISCARD, 0, 8), ==, 0);
    g_assert_cmpstr(block.calls->str, ==, "discard 0 2147483136;");
    memory_write64(ram(&rig), DATA + 0x1000, 0x400000);
    g_assert_cmphex(request(&rig, &block, DISCARD, 0, 8), ==, 1);
    g_assert_cmpstr(block.calls->str, ==, "");
    finish(&rig, &block);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-blk-host/pieces", test_pieces);
    g_test_add_func("/virtio-blk-host/flush", test_flush);
    g_test_add_func("/virtio-blk-host/failures", test_failures);
    g_test_add_func("/virtio-blk-host/most", test_most);
    return g_test_run();
}
