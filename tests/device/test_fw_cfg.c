/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware configuration device, and ramfb over it. */
#include "devices/platform/fw_cfg.h"

#include "devices/display/ramfb.h"
#include "emu/bytes.h"
#include "tests/device/fixture.h"

#define BASE 0x09020000
#define RAM 0x40000000
#define RAM_SIZE 0x1000000
#define DMA (RAM + 0x1000)
#define BUFFER (RAM + 0x2000)

enum { ERROR = 1, READ = 2, SKIP = 4, SELECT = 8, WRITE = 16 };

struct fixture {
    struct machine *machine;
    struct fw_cfg *fw_cfg;
    struct ramfb *ramfb;
};

static void make(struct fixture *f)
{
    f->machine = test_machine();
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
    g_assert_nonnull(memory_add_ram(machine_memory(f->machine), "ram", RAM, RAM_SIZE, false, NULL));
    f->fw_cfg = fw_cfg_new(f->machine, BASE, RAM_SIZE);
    fw_cfg_add_file(f->fw_cfg, "opt/z", "zzz", 3);
    f->ramfb = ramfb_new(f->machine, f->fw_cfg);
    fw_cfg_add_file(f->fw_cfg, "bootorder", "hello, world", 12);
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    make(f);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

static uint64_t get(struct fixture *f, unsigned offset, unsigned size)
{
    return memory_io_read(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, size);
}

static void put(struct fixture *f, unsigned offset, unsigned size, uint64_t value)
{
    memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + offset, size, value);
}

static void choose(struct fixture *f, uint16_t key)
{
    put(f, 8, 2, (uint16_t)(key << 8 | key >> 8));
}

/* Runs a transfer and returns what is in the control word afterwards. */
static uint32_t dma(struct fixture *f, uint32_t control, uint32_t length, uint64_t address)
{
    uint8_t access[16];

    put_be32(access, control);
    put_be32(access + 4, length);
    put_be32(access + 8, (uint32_t)(address >> 32));
    put_be32(access + 12, (uint32_t)address);
    memory_write(machine_memory(f->machine), DMA, access, sizeof(access));
    put(f, 0x10, 8, GUINT64_SWAP_LE_BE(DMA));
    memory_read(machine_memory(f->machine), DMA, access, 4);
    return get_be32(access);
}

/* The number of a file by the directory. */
static uint16_t find(struct fixture *f, const char *name, uint32_t *length)
{
    uint8_t count[4], entry[64];
    uint16_t key = 0;

    choose(f, FW_CFG_FILE_DIRECTORY);
    for (unsigned i = 0; i < 4; i++)
        count[i] = (uint8_t)get(f, 0, 1);
    for (unsigned n = 0; n < get_be32(count); n++) {
        for (unsigned i = 0; i < 64; i++)
            entry[i] = (uint8_t)get(f, 0, 1);
        if (strcmp((const char *)entry + 8, name) == 0) {
            key = get_be16(entry + 4);
            *length = get_be32(entry);
        }
    }
    return key;
}

static void test_items(struct fixture *f, gconstpointer unused)
{
    uint32_t length;

    choose(f, FW_CFG_SIGNATURE);
    g_assert_cmphex(get(f, 0, 4), ==, 0x554D4551); /* QEMU, the first byte lowest */
    g_assert_cmphex(get(f, 0, 4), ==, 0);
    choose(f, FW_CFG_ID);
    g_assert_cmphex(get(f, 0, 1), ==, 3);
    g_assert_cmphex(get(f, 0, 8), ==, 0);
    choose(f, FW_CFG_RAM_SIZE);
    g_assert_cmphex(get(f, 0, 8), ==, RAM_SIZE);
    choose(f, FW_CFG_CPUS);
    g_assert_cmphex(get(f, 0, 2), ==, 1);
    choose(f, 0x7777);
    g_assert_cmphex(get(f, 0, 8), ==, 0);
    g_assert_cmphex(get(f, 0x10, 8), ==, GUINT64_SWAP_LE_BE(UINT64_C(0x51454D5520434647)));
    g_assert_cmphex(get(f, 0x14, 4), ==, GUINT32_SWAP_LE_BE(0x20434647u));
    g_assert_cmphex(find(f, "bootorder", &length), ==, 0x20);
    g_assert_cmpuint(length, ==, 12);
    g_assert_cmphex(find(f, "etc/ramfb", &length), ==, 0x21);
    g_assert_cmpuint(length, ==, 28);
    g_assert_cmphex(find(f, "opt/z", &length), ==, 0x22);
    g_assert_cmphex(find(f, "opt/y", &length), ==, 0);
    choose(f, 0x20);
    g_assert_cmphex(get(f, 0, 8), ==, UINT64_C(0x77202C6F6C6C6568)); /* "hello, w" */
    g_assert_cmphex(get(f, 0, 8), ==, 0x646C726F);
}

static void test_dma(struct fixture *f, gconstpointer unused)
{
    char text[32];

    memory_set(machine_memory(f->machine), BUFFER, 0xEE, 32);
    g_assert_cmphex(dma(f, 0x20 << 16 | SELECT | READ, 16, BUFFER), ==, 0);
    memory_read(machine_memory(f->machine), BUFFER, text, 17);
    g_assert_cmpmem(text, 17, "hello, world\0\0\0\0\xEE", 17);
    g_assert_cmphex(dma(f, 0x20 << 16 | SELECT | SKIP, 7, 0), ==, 0);
    g_assert_cmphex(dma(f, READ, 5, BUFFER), ==, 0);
    memory_read(machine_memory(f->machine), BUFFER, text, 5);
    g_assert_cmpmem(text, 5, "world", 5);
    g_assert_cmphex(dma(f, SKIP, UINT32_MAX, 0), ==, 0);
    g_assert_cmphex(dma(f, 0, 100, BUFFER), ==, 0);
    /* In two halves */
    choose(f, 0x20);
    uint8_t access[16] = {0, 0, 0, READ, 0, 0, 0, 5, 0, 0, 0, 0, 0x40, 0, 0x30, 0};
    memory_write(machine_memory(f->machine), DMA, access, sizeof(access));
    put(f, 0x10, 4, 0);
    put(f, 0x14, 4, GUINT32_SWAP_LE_BE((uint32_t)DMA));
    memory_read(machine_memory(f->machine), RAM + 0x3000, text, 5);
    g_assert_cmpmem(text, 5, "hello", 5);
}

static void test_misuse(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(dma(f, 0x20 << 16 | SELECT | READ, 16, 0x1234), ==, ERROR);
    g_assert_cmphex(dma(f, 0x20 << 16 | SELECT | READ, UINT32_MAX, BUFFER), ==, ERROR); /* leaves memory */
    g_assert_cmphex(dma(f, 0x20 << 16 | SELECT | WRITE, 4, BUFFER), ==, ERROR);         /* read-only */
    g_assert_cmphex(dma(f, 0x21 << 16 | SELECT | WRITE, 29, BUFFER), ==, ERROR);
    g_assert_cmphex(dma(f, 0x21 << 16 | SELECT | WRITE, 4, 0x1234), ==, ERROR);
    g_assert_cmphex(dma(f, 0x99 << 16 | SELECT | WRITE, 0, BUFFER), ==, ERROR);
    put(f, 0x10, 8, GUINT64_SWAP_LE_BE(UINT64_C(0xFFFFFFFFFFFFFFF8)));
    put(f, 0x10, 8, 0);
    /* A transfer whose target is the register that starts transfers */
    fw_cfg_add_file(f->fw_cfg, "loop", (const uint8_t[]){0, 0, 0, 0, 0x40, 0, 0x10, 0}, 8);
    uint32_t length;
    uint16_t key = find(f, "loop", &length);
    dma(f, (uint32_t)key << 16 | SELECT | READ, 8, BASE + 0x10);
    for (unsigned offset = 0; offset < 0x18; offset++)
        for (unsigned size = 1; size <= 8; size *= 2) {
            put(f, offset, size, UINT64_MAX);
            get(f, offset, size);
        }
}

static uint32_t configure(struct fixture *f, uint64_t address, uint32_t fourcc, uint32_t width, uint32_t height,
                          uint32_t stride)
{
    uint8_t bytes[28] = {0};

    put_be32(bytes, (uint32_t)(address >> 32));
    put_be32(bytes + 4, (uint32_t)address);
    put_be32(bytes + 8, fourcc);
    put_be32(bytes + 16, width);
    put_be32(bytes + 20, height);
    put_be32(bytes + 24, stride);
    memory_write(machine_memory(f->machine), BUFFER, bytes, sizeof(bytes));
    return dma(f, 0x21 << 16 | SELECT | WRITE, 28, BUFFER);
}

static void test_ramfb(struct fixture *f, gconstpointer unused)
{
    struct scanout_source source = ramfb_scanout(f->ramfb);
    struct scanout scanout;

    g_assert_false(source.get(source.opaque, &scanout));
    g_assert_cmphex(configure(f, RAM + 0x100000, RAMFB_XRGB8888, 640, 480, 2560), ==, 0);
    memory_write32(machine_memory(f->machine), RAM + 0x100000 + 2560, 0x00112233);
    g_assert_true(source.get(source.opaque, &scanout));
    g_assert_cmpuint(scanout.width, ==, 640);
    g_assert_cmpuint(scanout.height, ==, 480);
    g_assert_cmpuint(scanout.stride, ==, 2560);
    g_assert_cmphex(get_le32(scanout.pixels + 2560), ==, 0x00112233);
    /* What cannot be shown leaves the screen as it is. */
    configure(f, RAM + RAM_SIZE - 0x1000, RAMFB_XRGB8888, 640, 480, 2560);
    configure(f, RAM, RAMFB_XRGB8888, 640, 480, 2559);
    configure(f, RAM, RAMFB_XRGB8888, 0x40000001, 1, 4);
    configure(f, RAM, RAMFB_XRGB8888, 1, 0xFFFFFFFF, 0xFFFFFFFF);
    configure(f, RAM, 0x12345678, 640, 480, 2560);
    g_assert_true(source.get(source.opaque, &scanout));
    g_assert_cmpuint(scanout.width, ==, 640);
    g_assert_cmphex(get_le32(scanout.pixels + 2560), ==, 0x00112233);
    configure(f, RAM, 0x36314752, 100, 50, 0); /* 16 bits; no stride: no gap */
    g_assert_true(source.get(source.opaque, &scanout));
    g_assert_cmpint(scanout.format, ==, SCANOUT_RGB565);
    g_assert_cmpuint(scanout.stride, ==, 200);
    g_assert_true(ramfb_set_mode(f->ramfb, RAM, 1024, 768, 4096));
    g_assert_true(source.get(source.opaque, &scanout));
    g_assert_cmpuint(scanout.height, ==, 768);
    g_assert_false(ramfb_set_mode(f->ramfb, 0, 1024, 768, 4096));
    machine_reset(f->machine);
    g_assert_false(source.get(source.opaque, &scanout));
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {0};
    struct scanout scanout;

    make(&other);
    configure(f, RAM + 0x100000, RAMFB_XRGB8888, 640, 480, 2560);
    choose(f, 0x20);
    get(f, 0, 4);
    put(f, 0x10, 4, GUINT32_SWAP_LE_BE(1u));
    test_copy_state(f->machine, other.machine);
    struct scanout_source source = ramfb_scanout(other.ramfb);
    g_assert_true(source.get(source.opaque, &scanout));
    g_assert_cmpuint(scanout.width, ==, 640);
    g_assert_cmphex(get(&other, 0, 4), ==, 0x77202C6F);
    machine_free(other.machine);
}

#define ADD(path, function) g_test_add("/fw-cfg/" path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("items", test_items);
    ADD("dma", test_dma);
    ADD("misuse", test_misuse);
    ADD("ramfb", test_ramfb);
    ADD("state", test_state);
    return g_test_run();
}
