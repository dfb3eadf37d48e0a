/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of a disk, given through AHCI. */
#include "tests/device/ahci_driver.h"

enum { GOOD = 0x50, ABORTED = 0x0451, NOT_FOUND = 0x1051 };

/* The registers that came back in the last register FIS of port 0. */
static uint64_t answer_lba(struct rig *rig)
{
    uint8_t fis[20];

    memory_read(ram(rig), FIS + 0x40, fis, sizeof(fis));
    return (get_le32(&fis[4]) & 0xFFFFFF) | (uint64_t)(get_le32(&fis[8]) & 0xFFFFFF) << 24;
}

static unsigned answer_count(struct rig *rig)
{
    return memory_read16(ram(rig), FIS + 0x4C);
}

/* Status and error of a command; the port goes on after an error. */
static uint32_t command(struct rig *rig, const struct ata *ata, uint32_t length)
{
    uint32_t tfd;

    run(rig, 0, ata, length);
    machine_advance(rig->machine, 1000000);
    tfd = px(rig, 0, TFD);
    if (tfd & 1)
        port_restart(rig, 0);
    return tfd;
}

static uint32_t simple(struct rig *rig, uint8_t code, uint16_t features, uint16_t count)
{
    struct ata ata = {.command = code, .device = 0x40, .features = features, .count = count};

    return command(rig, &ata, 0);
}

static void start(struct rig *rig, unsigned flags)
{
    rig_init(rig, flags, 2048);
    port_start(rig, 0);
}

static uint16_t word(struct rig *rig, unsigned index)
{
    return memory_read16(ram(rig), DATA + 2 * index);
}

static void read_text(struct rig *rig, unsigned first, unsigned words, char *text)
{
    for (unsigned i = 0; i < words * 2; i++)
        text[i] = (char)memory_read8(ram(rig), DATA + first * 2 + (i ^ 1));
    text[words * 2] = 0;
    g_strchomp(text);
}

static void test_identify(void)
{
    struct rig rig;
    struct ata identify = {.command = 0xEC};
    char text[41];
    uint8_t sum = 0;

    start(&rig, 0);
    g_assert_cmphex(command(&rig, &identify, 512), ==, GOOD);
    for (unsigned i = 0; i < 512; i++)
        sum = (uint8_t)(sum + memory_read8(ram(&rig), DATA + i));
    g_assert_cmphex(sum, ==, 0);
    read_text(&rig, 10, 10, text);
    g_assert_cmpstr(text, ==, "GV00001");
    read_text(&rig, 27, 20, text);
    g_assert_cmpstr(text, ==, "GALVANIC HARDDISK");
    g_assert_cmphex(word(&rig, 0), ==, 0x0040);
    g_assert_cmpuint(memory_read32(ram(&rig), DATA + 120), ==, DISK_SECTORS);
    g_assert_cmpuint(memory_read64(ram(&rig), DATA + 200), ==, DISK_SECTORS);
    g_assert_cmpuint(word(&rig, 1), ==, DISK_SECTORS / (16 * 63));
    g_assert_cmphex(word(&rig, 49) & 0x300, ==, 0x300);   /* LBA, DMA */
    g_assert_cmphex(word(&rig, 83) & 0xC400, ==, 0x4400); /* valid, 48-bit address */
    g_assert_cmpuint(word(&rig, 75), ==, 31);
    g_assert_cmphex(word(&rig, 76) & 0x106, ==, 0x106);
    g_assert_cmphex(word(&rig, 169) & 1, ==, 1);
    g_assert_cmphex(word(&rig, 85) & 0x60, ==, 0x60);
    g_assert_cmphex(word(&rig, 88), ==, 0x207F);
    rig_free(&rig);
}

static void test_features(void)
{
    struct rig rig;
    struct ata identify = {.command = 0xEC};

    start(&rig, 0);
    g_assert_cmphex(simple(&rig, 0xEF, 0x82, 0), ==, GOOD);    /* write cache off */
    g_assert_cmphex(simple(&rig, 0xEF, 0x55, 0), ==, GOOD);    /* look-ahead off */
    g_assert_cmphex(simple(&rig, 0xEF, 0x03, 0x22), ==, GOOD); /* multiword DMA 2 */
    g_assert_cmphex(simple(&rig, 0xEF, 0x03, 0x47), ==, ABORTED);
    g_assert_cmphex(simple(&rig, 0xEF, 0x77, 0), ==, ABORTED);
    g_assert_cmphex(simple(&rig, 0xC6, 0, 8), ==, GOOD);
    g_assert_cmphex(simple(&rig, 0xC6, 0, 7), ==, ABORTED);
    g_assert_cmphex(simple(&rig, 0xC6, 0, 32), ==, ABORTED);
    g_assert_cmphex(command(&rig, &identify, 512), ==, GOOD);
    g_assert_cmphex(word(&rig, 85) & 0x60, ==, 0);
    g_assert_cmphex(word(&rig, 63), ==, 0x0407);
    g_assert_cmphex(word(&rig, 88), ==, 0x007F);
    g_assert_cmphex(word(&rig, 59), ==, 0x0108);
    g_assert_cmphex(simple(&rig, 0xEF, 0x02, 0), ==, GOOD);
    g_assert_cmphex(command(&rig, &identify, 512), ==, GOOD);
    g_assert_cmphex(word(&rig, 85) & 0x60, ==, 0x20);
    rig_free(&rig);
}

/* Every way to read a sector reads the same; the sector is told in 28 bits, in 48, and by cylinder, head, sector. */
static void test_reads(void)
{
    static const struct ata ways[] = {
        {.command = 0x20, .device = 0x40, .lba = 1500, .count = 2},
        {.command = 0xC8, .device = 0x40, .lba = 1500, .count = 2},
        {.command = 0xC4, .device = 0x40, .lba = 1500, .count = 2},
        {.command = 0x24, .device = 0x40, .lba = 1500, .count = 2},
        {.command = 0x25, .device = 0x40, .lba = 1500, .count = 2},
        {.command = 0x29, .device = 0x40, .lba = 1500, .count = 2},
        /* 1500 = (1 * 16 + 7) * 63 + 51 */
        {.command = 0xC8, .device = 0x07, .lba = 1 << 8 | 52, .count = 2},
    };
    struct rig rig;

    start(&rig, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
        memory_set(ram(&rig), DATA, 0, 1024);
        g_assert_cmphex(command(&rig, &ways[i], 1024), ==, GOOD);
        assert_data(&rig, DATA, rig.disk_bytes + 1500 * 512, 1024);
    }
    struct ata sector_zero = {.command = 0xC8, .device = 0, .lba = 0, .count = 1};
    g_assert_cmphex(command(&rig, &sector_zero, 512), ==, NOT_FOUND);
    rig_free(&rig);
}

/* A count of zero is 256, and 65536 with 48 bits. */
static void test_counts(void)
{
    struct ata ata = {.command = 0xC8, .device = 0x40, .lba = DISK_SECTORS - 256};
    struct rig rig;

    start(&rig, 0);
    g_assert_cmphex(command(&rig, &ata, 256 * 512), ==, GOOD);
    assert_data(&rig, DATA, rig.disk_bytes + (DISK_SECTORS - 256) * 512, 256 * 512);
    ata.lba++;
    g_assert_cmphex(command(&rig, &ata, 256 * 512), ==, NOT_FOUND);
    g_assert_cmpuint(answer_lba(&rig), ==, DISK_SECTORS - 255);
    ata = (struct ata){.command = 0x25, .device = 0x40};
    g_assert_cmphex(command(&rig, &ata, 512), ==, NOT_FOUND); /* 65536 are too many */
    ata = (struct ata){.command = 0x25, .device = 0x40, .lba = UINT64_C(0xFFFFFFFFFFFF), .count = 1};
    g_assert_cmphex(command(&rig, &ata, 512), ==, NOT_FOUND);
    g_assert_cmphex(answer_lba(&rig), ==, UINT64_C(0xFFFFFFFFFFFF));
    rig_free(&rig);
}

static void test_writes(void)
{
    static const uint8_t codes[] = {0x30, 0xCA, 0xC5, 0x34, 0x35, 0x39, 0x3D, 0xCE};
    struct rig rig;
    uint8_t data[512], back[512];

    start(&rig, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(codes); i++) {
        struct ata ata = {.command = codes[i], .device = 0x40, .lba = 20 + i, .count = 1, .to_device = true};

        memset(data, 0x80 + (int)i, sizeof(data));
        memory_write(ram(&rig), DATA, data, sizeof(data));
        g_assert_cmphex(command(&rig, &ata, 512), ==, GOOD);
        g_assert_true(block_read(rig.disk, (20 + i) * 512, back, 512));
        g_assert_cmpmem(back, 512, data, 512);
    }
    rig_free(&rig);
}

static void test_read_only(void)
{
    struct rig rig;
    struct ata ata = {.command = 0x35, .device = 0x40, .count = 1, .to_device = true};
    uint8_t back[512];

    start(&rig, BLOCK_READ_ONLY);
    g_assert_cmphex(command(&rig, &ata, 512), ==, 0x4451);
    g_assert_true(block_read(rig.disk, 0, back, 512));
    g_assert_cmpmem(back, 512, rig.disk_bytes, 512);
    g_assert_cmphex(simple(&rig, 0xEA, 0, 0), ==, GOOD);
    rig_free(&rig);
}

static void test_trim(void)
{
    struct rig rig;
    struct ata ata = {.command = 0x06, .device = 0x40, .features = 1, .count = 1, .to_device = true};
    uint8_t back[512], zeros[512] = {0};

    start(&rig, 0);
    memory_set(ram(&rig), DATA, 0, 512);
    memory_write64(ram(&rig), DATA, 100 | UINT64_C(2) << 48);
    memory_write64(ram(&rig), DATA + 504, 200 | UINT64_C(1) << 48);
    g_assert_cmphex(command(&rig, &ata, 512), ==, GOOD);
    for (unsigned i = 99; i <= 102; i++) {
        g_assert_true(block_read(rig.disk, i * 512, back, 512));
        g_assert_cmpmem(back, 512, i == 99 || i == 102 ? rig.disk_bytes + i * 512 : zeros, 512);
    }
    g_assert_true(block_read(rig.disk, 200 * 512, back, 512));
    g_assert_cmpmem(back, 512, zeros, 512);
    memory_write64(ram(&rig), DATA, (DISK_SECTORS - 1) | UINT64_C(2) << 48);
    g_assert_cmphex(command(&rig, &ata, 512), ==, 0x1451);
    ata.count = 9;
    g_assert_cmphex(command(&rig, &ata, 9 * 512), ==, ABORTED);
    ata = (struct ata){.command = 0x06, .device = 0x40, .features = 2, .count = 1, .to_device = true};
    g_assert_cmphex(command(&rig, &ata, 512), ==, ABORTED);
    rig_free(&rig);
}

static void test_power(void)
{
    struct rig rig;
    struct ata read = {.command = 0x25, .device = 0x40, .count = 1};

    start(&rig, 0);
    g_assert_cmphex(simple(&rig, 0xE5, 0, 0), ==, GOOD);
    g_assert_cmphex(answer_count(&rig), ==, 0xFF);
    g_assert_cmphex(simple(&rig, 0xE0, 0, 0), ==, GOOD);
    g_assert_cmphex(simple(&rig, 0xE5, 0, 0), ==, GOOD);
    g_assert_cmphex(answer_count(&rig), ==, 0);
    g_assert_cmphex(command(&rig, &read, 512), ==, GOOD);
    g_assert_cmphex(simple(&rig, 0xE5, 0, 0), ==, GOOD);
    g_assert_cmphex(answer_count(&rig), ==, 0xFF);
    rig_free(&rig);
}

static void test_smart(void)
{
    struct rig rig;
    struct ata ata = {.command = 0xB0, .lba = 0xC24F00, .features = 0xDA};
    uint8_t sum = 0;

    start(&rig, 0);
    g_assert_cmphex(command(&rig, &ata, 0), ==, GOOD);
    g_assert_cmphex(answer_lba(&rig), ==, 0xC24F00); /* healthy */
    ata.features = 0xD0;
    g_assert_cmphex(command(&rig, &ata, 512), ==, GOOD);
    for (unsigned i = 0; i < 512; i++)
        sum = (uint8_t)(sum + memory_read8(ram(&rig), DATA + i));
    g_assert_cmphex(sum, ==, 0);
    g_assert_cmphex(memory_read32(ram(&rig), DATA + 368), ==, 0x00010003);
    ata = (struct ata){.command = 0xB0, .lba = 0xC24F01, .features = 0xD5, .count = 1};
    g_assert_cmphex(command(&rig, &ata, 512), ==, GOOD);
    ata.lba = 0xC24F42;
    g_assert_cmphex(command(&rig, &ata, 512), ==, ABORTED);
    ata = (struct ata){.command = 0xB0, .lba = 0xC24F00, .features = 0xD9};
    g_assert_cmphex(command(&rig, &ata, 0), ==, GOOD);
    ata.features = 0xDA;
    g_assert_cmphex(command(&rig, &ata, 0), ==, ABORTED); /* disabled */
    ata.features = 0xD8;
    g_assert_cmphex(command(&rig, &ata, 0), ==, GOOD);
    ata.lba = 0;
    g_assert_cmphex(command(&rig, &ata, 0), ==, ABORTED); /* without the key */
    rig_free(&rig);
}

static void test_others(void)
{
    struct rig rig;
    struct ata ata = {.command = 0x2F, .count = 1};

    start(&rig, 0);
    g_assert_cmphex(simple(&rig, 0xF8, 0, 0), ==, GOOD);
    g_assert_cmphex(answer_lba(&rig), ==, DISK_SECTORS - 1);
    g_assert_cmphex(simple(&rig, 0x27, 0, 0), ==, GOOD);
    g_assert_cmphex(answer_lba(&rig), ==, DISK_SECTORS - 1);
    g_assert_cmphex(command(&rig, &ata, 512), ==, GOOD); /* the directory of logs */
    g_assert_cmphex(word(&rig, 0x10), ==, 1);
    ata.lba = 0x30;
    g_assert_cmphex(command(&rig, &ata, 512), ==, ABORTED);
    g_assert_cmphex(simple(&rig, 0x90, 0, 0), ==, 0x0150);
    g_assert_cmphex(simple(&rig, 0xE7, 0, 0), ==, GOOD);
    g_assert_cmphex(simple(&rig, 0x00, 0, 0), ==, ABORTED);
    g_assert_cmphex(simple(&rig, 0xFF, 0, 0), ==, ABORTED);
    g_assert_cmphex(simple(&rig, 0xA1, 0, 0), ==, ABORTED);
    g_assert_cmphex(simple(&rig, 0xA0, 0, 0), ==, ABORTED);
    ata = (struct ata){.command = 0x42, .device = 0x40, .lba = DISK_SECTORS - 1, .count = 1};
    g_assert_cmphex(command(&rig, &ata, 0), ==, GOOD);
    ata.count = 2;
    g_assert_cmphex(command(&rig, &ata, 0), ==, NOT_FOUND);
    g_assert_cmphex(simple(&rig, 0xC6, 0, 0), ==, GOOD);
    ata = (struct ata){.command = 0xC4, .device = 0x40, .count = 1};
    g_assert_cmphex(command(&rig, &ata, 512), ==, ABORTED); /* READ MULTIPLE is off */
    rig_free(&rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ata/identify", test_identify);
    g_test_add_func("/ata/features", test_features);
    g_test_add_func("/ata/reads", test_reads);
    g_test_add_func("/ata/counts", test_counts);
    g_test_add_func("/ata/writes", test_writes);
    g_test_add_func("/ata/read-only", test_read_only);
    g_test_add_func("/ata/trim", test_trim);
    g_test_add_func("/ata/power", test_power);
    g_test_add_func("/ata/smart", test_smart);
    g_test_add_func("/ata/others", test_others);
    return g_test_run();
}
