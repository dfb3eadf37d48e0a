/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces: who answers, sizes of accesses, DMA, moved RAM, hash of written pages. */
#include <glib.h>
#include <string.h>

#include "emu/memory/memory.h"
#include "emu/state/state.h"

struct device {
    uint64_t offset[16];
    unsigned size[16];
    uint64_t value[16];
    unsigned writes;
    uint8_t base;
};

static uint64_t device_read(void *opaque, uint64_t offset, unsigned size)
{
    struct device *device = opaque;
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)(uint8_t)(device->base + offset + i) << (8 * i);
    return value;
}

static void device_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct device *device = opaque;

    if (device->writes < G_N_ELEMENTS(device->offset)) {
        device->offset[device->writes] = offset;
        device->size[device->writes] = size;
        device->value[device->writes] = value;
    }
    device->writes++;
}

static const struct memory_region_ops ops = {.read = device_read, .write = device_write};
static const struct memory_region_ops wide_ops = {.read = device_read, .write = device_write, .max_size = 8};
static const struct memory_region_ops dword_ops = {.read = device_read, .write = device_write, .min_size = 4};

#define P MEMORY_SPACE_PHYSICAL

static void test_sizes(void)
{
    struct memory *memory = memory_new();
    struct device device = {0};

    memory_add_io(memory, P, "byte", 0x1000, 0x100, 0, &ops, &device);
    memory_add_io(memory, P, "wide", 0x2000, 0x100, 0, &wide_ops, &device);
    memory_add_io(memory, P, "dword", 0x3000, 0x100, 0, &dword_ops, &device);
    g_assert_cmphex(memory_io_read(memory, P, 0x1004, 8), ==, 0x0B0A090807060504);
    g_assert_cmphex(memory_io_read(memory, P, 0x3006, 1), ==, 6);
    memory_io_write(memory, P, 0x1008, 8, 0x1122334455667788);
    g_assert_cmpuint(device.writes, ==, 2); /* two of four bytes, the lower first */
    g_assert_cmphex(device.value[0], ==, 0x55667788);
    g_assert_cmphex(device.offset[1], ==, 0x0C);
    memory_io_write(memory, P, 0x2008, 8, 0x1122334455667788);
    g_assert_cmpuint(device.writes, ==, 3);
    g_assert_cmpuint(device.size[2], ==, 8);
    memory_io_write(memory, P, 0x3005, 1, 0xEE); /* merged with what is there */
    g_assert_cmphex(device.offset[3], ==, 4);
    g_assert_cmphex(device.value[3], ==, 0x0706EE04);
    memory_free(memory);
}

static void test_priority(void)
{
    struct memory *memory = memory_new();
    struct device low = {.base = 0}, high = {.base = 0x40};

    struct memory_region *over = memory_add_io(memory, P, "high", 0x1010, 0x10, 1, &ops, &high);
    memory_add_io(memory, P, "low", 0x1000, 0x100, 0, &ops, &low);
    g_assert_cmphex(memory_io_read(memory, P, 0x1010, 1), ==, 0x40);
    g_assert_cmphex(memory_io_read(memory, P, 0x100F, 1), ==, 0x0F);
    g_assert_cmphex(memory_io_read(memory, P, 0x100E, 4), ==, 0x11100F0E); /* the first byte's owner takes it all */
    g_assert_cmphex(memory_io_read(memory, P, 0x10FE, 4), ==, 0xFFFFFFFE); /* over its edge: each byte its owner */
    memory_region_set(over, 0x1010, false);
    g_assert_cmphex(memory_io_read(memory, P, 0x1010, 1), ==, 0x10);
    memory_region_set(over, 0x5000, true);
    g_assert_cmphex(memory_io_read(memory, P, 0x5001, 1), ==, 0x41);
    g_assert_cmphex(memory_io_read(memory, P, 0x9000, 4), ==, 0xFFFFFFFF);
    memory_region_remove(over);
    g_assert_cmphex(memory_io_read(memory, P, 0x5001, 1), ==, 0xFF);
    memory_free(memory);
}

static void test_dma(void)
{
    struct memory *memory = memory_new();
    struct device device = {0};
    uint8_t buffer[16];

    g_assert_nonnull(memory_add_ram(memory, "ram", 0, 0x2000, false, NULL));
    memory_add_io(memory, P, "device", 0x2000, 0x100, 0, &ops, &device);
    memset(buffer, 0x5A, sizeof(buffer));
    g_assert_true(memory_write(memory, 0x1FF8, buffer, sizeof(buffer)));
    g_assert_cmpuint(device.writes, ==, 2);
    g_assert_cmphex(memory_read64(memory, 0x1FF8), ==, 0x5A5A5A5A5A5A5A5A);
    g_assert_false(memory_read(memory, 0x20F8, buffer, 16)); /* the tail is nobody's */
    g_assert_cmphex(buffer[7], ==, 0xFF);
    g_assert_cmphex(buffer[8], ==, 0xFF);
    g_assert_null(memory_pointer(memory, 0x1FF8, 16));
    g_assert_nonnull(memory_pointer(memory, 0x1FF8, 8));
    g_assert_false(memory_read(memory, UINT64_MAX - 3, buffer, 8)); /* wraps around */
    memory_free(memory);
}

static void test_hash(void)
{
    struct memory *memory = memory_new();

    memory_add_ram(memory, "ram", 0, 0x4000, false, NULL);
    uint64_t empty = memory_hash(memory);
    memory_write32(memory, 0x1000, 0);
    g_assert_cmphex(memory_hash(memory), ==, empty); /* a page of zeros is absent */
    memory_write32(memory, 0x1000, 1);
    uint64_t one = memory_hash(memory);
    g_assert_cmphex(one, !=, empty);
    memory_write32(memory, 0x1000, 0);
    memory_write32(memory, 0x2000, 1);
    g_assert_cmphex(memory_hash(memory), !=, one); /* the same page elsewhere */
    memory_free(memory);
}

static void test_save_load(void)
{
    struct memory *memory = memory_new();
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    memory_add_ram(memory, "ram", 0, 0x4000, false, NULL);
    memory_write32(memory, 0x1000, 0x1234);
    struct state_writer *out = state_writer_new(bytes);
    memory_save(memory, out);
    state_writer_free(out);
    memory_write32(memory, 0x1000, 0x9999);
    memory_write32(memory, 0x3000, 0x9999);
    struct state_reader *in = state_reader_new(bytes->data, bytes->len);
    g_assert_true(memory_load(memory, in, NULL));
    state_reader_free(in);
    g_assert_cmphex(memory_read32(memory, 0x1000), ==, 0x1234);
    g_assert_cmphex(memory_read32(memory, 0x3000), ==, 0);
    in = state_reader_new(bytes->data, bytes->len - 5);
    g_assert_false(memory_load(memory, in, NULL));
    state_reader_free(in);
    memory_free(memory);
}

static void test_moved_ram(void)
{
    struct memory *memory = memory_new();

    memory_add_ram(memory, "ram", 0, 0x4000, false, NULL);
    struct memory_region *vram = memory_add_ram(memory, "vram", 0x100000, 0x1000, false, NULL);
    memory_write32(memory, 0x100000, 77);
    memory_region_set(vram, 0x200000, true);
    g_assert_true(memory_pending(memory));
    memory_commit(memory);
    g_assert_cmphex(memory_read32(memory, 0x200000), ==, 77);
    g_assert_cmphex(memory_read32(memory, 0x100000), ==, 0xFFFFFFFF);
    memory_region_set(vram, 0x1000, true); /* over RAM: the RAM wins */
    memory_commit(memory);
    g_assert_cmphex(memory_read32(memory, 0x1000), ==, 0);
    memory_free(memory);
}

static void test_bad_ram(void)
{
    struct memory *memory = memory_new();
    g_autoptr(GError) error = NULL;

    memory_add_ram(memory, "ram", 0, 0x4000, false, NULL);
    g_assert_null(memory_add_ram(memory, "twice", 0x3000, 0x1000, false, &error));
    g_assert_nonnull(strstr(error->message, "twice"));
    g_assert_null(memory_add_ram(memory, "odd", 0x8001, 0x1000, false, NULL));
    g_assert_null(memory_add_ram(memory, "wrap", UINT64_MAX - 0xFFF, 0x2000, false, NULL));
    memory_free(memory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/sizes", test_sizes);
    g_test_add_func("/memory/priority", test_priority);
    g_test_add_func("/memory/dma", test_dma);
    g_test_add_func("/memory/hash", test_hash);
    g_test_add_func("/memory/save-load", test_save_load);
    g_test_add_func("/memory/moved-ram", test_moved_ram);
    g_test_add_func("/memory/bad-ram", test_bad_ram);
    return g_test_run();
}
