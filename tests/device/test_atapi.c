/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of a CD-ROM, given through AHCI. */
#include "tests/device/ahci_driver.h"

enum { CD_BLOCKS = 100, CD_SIZE = (CD_BLOCKS - 1) * 2048 + 512 /* ends within its last block */, GOOD = 0x50 };

static uint32_t packet(struct rig *rig, const uint8_t *bytes, uint32_t length)
{
    struct ata ata = {.command = 0xA0, .features = 1, .packet = bytes};
    uint32_t tfd;

    memory_set(ram(rig), DATA, 0xEE, MAX(length, 64));
    run(rig, 2, &ata, length);
    machine_advance(rig->machine, 1000000);
    tfd = px(rig, 2, TFD);
    if (tfd & 1)
        port_restart(rig, 2);
    return tfd;
}

static void start(struct rig *rig)
{
    rig_init(rig, 0, CD_SIZE);
    port_start(rig, 2);
}

static void assert_sense(struct rig *rig, unsigned key, unsigned code)
{
    static const uint8_t request_sense[12] = {0x03, 0, 0, 0, 18};

    g_assert_cmphex(packet(rig, request_sense, 18), ==, GOOD);
    g_assert_cmphex(memory_read8(ram(rig), DATA), ==, 0x70);
    g_assert_cmphex(memory_read8(ram(rig), DATA + 2), ==, key);
    g_assert_cmphex(memory_read8(ram(rig), DATA + 12) << 8 | memory_read8(ram(rig), DATA + 13), ==, code);
}

static void test_identify(void)
{
    struct rig rig;
    struct ata ata = {.command = 0xA1};

    start(&rig);
    run(&rig, 2, &ata, 512);
    g_assert_cmphex(px(&rig, 2, TFD), ==, GOOD);
    g_assert_cmphex(memory_read16(ram(&rig), DATA), ==, 0x85C0);
    g_assert_cmphex(memory_read16(ram(&rig), DATA + 82 * 2) & 0x10, ==, 0x10);
    /* A disk's IDENTIFY fails, and shows what this is. */
    ata.command = 0xEC;
    run(&rig, 2, &ata, 512);
    g_assert_cmphex(px(&rig, 2, TFD), ==, 0x0451);
    g_assert_cmphex(memory_read16(ram(&rig), FIS + 0x245), ==, 0xEB14);
    rig_free(&rig);
}

static void test_inquiry(void)
{
    static const uint8_t inquiry[12] = {0x12, 0, 0, 0, 36}, serial[12] = {0x12, 1, 0x80, 0, 36},
                         unknown[12] = {0x12, 1, 0x83, 0, 36};
    static const uint8_t expected[] = "\x05\x80\x05\x02\x1f\0\0\0GALVANICCD-ROM          1.0 ";
    struct rig rig;

    start(&rig);
    g_assert_cmphex(packet(&rig, inquiry, 36), ==, GOOD);
    assert_data(&rig, DATA, expected, 36);
    g_assert_cmphex(memory_read8(ram(&rig), FIS + 0x24C), ==, 3); /* interrupt reason: done */
    g_assert_cmphex(packet(&rig, serial, 36), ==, GOOD);
    g_assert_cmphex(memory_read32(ram(&rig), DATA), ==, 0x08008005);
    g_assert_cmphex(packet(&rig, unknown, 36), ==, 0x5451);
    assert_sense(&rig, 5, 0x2400);
    assert_sense(&rig, 0, 0); /* told once */
    rig_free(&rig);
}

static void test_read(void)
{
    static const uint8_t capacity[12] = {0x25}, read_10[12] = {0x28, 0, 0, 0, 0, 7, 0, 0, 2},
                         read_12[12] = {0xA8, 0, 0, 0, 0, 98, 0, 0, 0, 2}, beyond[12] = {0x28, 0, 0, 0, 0, 99, 0, 0, 2},
                         none[12] = {0x28}, cd[12] = {0xBE, 0, 0, 0, 0, 3, 0, 0, 1, 0x10},
                         raw[12] = {0xBE, 0, 0, 0, 0, 3, 0, 0, 1, 0xF8};
    uint8_t expected[4096], zeros[1536] = {0};
    struct rig rig;

    start(&rig);
    g_assert_cmphex(packet(&rig, capacity, 8), ==, GOOD);
    g_assert_cmphex(memory_read32(ram(&rig), DATA), ==, (CD_BLOCKS - 1) << 24);
    g_assert_cmphex(memory_read32(ram(&rig), DATA + 4), ==, 0x00080000);
    g_assert_cmphex(packet(&rig, read_10, 4096), ==, GOOD);
    g_assert_true(block_read(rig.cd, 7 * 2048, expected, 4096));
    assert_data(&rig, DATA, expected, 4096);
    g_assert_cmpuint(memory_read32(ram(&rig), LIST + 0x2004), ==, 4096);

    /* The last block is filled up with zeros. */
    g_assert_cmphex(packet(&rig, read_12, 4096), ==, GOOD);
    g_assert_true(block_read(rig.cd, 98 * 2048, expected, 2560));
    assert_data(&rig, DATA, expected, 2560);
    assert_data(&rig, DATA + 2560, zeros, 1536);
    g_assert_cmphex(packet(&rig, beyond, 4096), ==, 0x5451);
    assert_sense(&rig, 5, 0x2100);
    g_assert_cmphex(packet(&rig, none, 0), ==, GOOD);
    g_assert_cmphex(packet(&rig, cd, 2048), ==, GOOD);
    g_assert_true(block_read(rig.cd, 3 * 2048, expected, 2048));
    assert_data(&rig, DATA, expected, 2048);
    g_assert_cmphex(packet(&rig, raw, 2352), ==, 0x5451);
    assert_sense(&rig, 5, 0x2400);
    rig_free(&rig);
}

static void test_toc(void)
{
    static const uint8_t toc[12] = {0x43, 0, 0, 0, 0, 0, 0, 0, 20}, msf[12] = {0x43, 2, 0, 0, 0, 0, 0xAA, 0, 20},
                         session[12] = {0x43, 0, 1, 0, 0, 0, 0, 0, 12}, full[12] = {0x43, 0, 2, 0, 0, 0, 0, 0, 64};
    static const uint8_t toc_bytes[] = {0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xAA, 0, 0, 0, 0, CD_BLOCKS};
    static const uint8_t msf_bytes[] = {0, 10, 1, 1, 0, 0x14, 0xAA, 0, 0, 0, 3, 25};
    struct rig rig;

    start(&rig);
    g_assert_cmphex(packet(&rig, toc, 20), ==, GOOD);
    assert_data(&rig, DATA, toc_bytes, sizeof(toc_bytes));
    g_assert_cmphex(packet(&rig, msf, 20), ==, GOOD); /* 100 + 150 frames of 1/75 s */
    assert_data(&rig, DATA, msf_bytes, sizeof(msf_bytes));
    g_assert_cmphex(packet(&rig, session, 12), ==, GOOD);
    g_assert_cmphex(packet(&rig, full, 64), ==, 0x5451);
    rig_free(&rig);
}

static void test_modes(void)
{
    static const uint8_t sense[12] = {0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 64}, bad[12] = {0x5A, 0, 0x11, 0, 0, 0, 0, 0, 64},
                         event[12] = {0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8}, other[12] = {0x4A, 1, 0, 0, 0x02, 0, 0, 0, 8},
                         configuration[12] = {0x46, 0, 0, 0, 0, 0, 0, 0, 64}, unknown[12] = {0x55};
    struct rig rig;

    start(&rig);
    g_assert_cmphex(packet(&rig, sense, 64), ==, GOOD);
    g_assert_cmphex(memory_read16(ram(&rig), DATA), ==, 28 << 8);
    g_assert_cmphex(memory_read16(ram(&rig), DATA + 8), ==, 0x142A);
    g_assert_cmphex(packet(&rig, bad, 64), ==, 0x5451);
    g_assert_cmphex(packet(&rig, event, 8), ==, GOOD);
    g_assert_cmphex(memory_read64(ram(&rig), DATA), ==, UINT64_C(0x0000020210040600)); /* a new medium */
    g_assert_cmphex(packet(&rig, event, 8), ==, GOOD);
    g_assert_cmphex(memory_read64(ram(&rig), DATA), ==, UINT64_C(0x0000020010040600)); /* no news */
    g_assert_cmphex(packet(&rig, other, 8), ==, GOOD);
    g_assert_cmphex(memory_read32(ram(&rig), DATA), ==, 0x10800200);
    g_assert_cmphex(packet(&rig, configuration, 64), ==, GOOD);
    g_assert_cmphex(memory_read16(ram(&rig), DATA + 6), ==, 0x0800); /* CD-ROM */
    g_assert_cmphex(packet(&rig, unknown, 0), ==, 0x5451);
    assert_sense(&rig, 5, 0x2000);
    rig_free(&rig);
}

static void test_tray(void)
{
    static const uint8_t ready[12] = {0x00}, eject[12] = {0x1B, 0, 0, 0, 2}, load[12] = {0x1B, 0, 0, 0, 3},
                         lock[12] = {0x1E, 0, 0, 0, 1}, unlock[12] = {0x1E}, inquiry[12] = {0x12, 0, 0, 0, 36};
    struct rig rig;

    start(&rig);
    g_assert_cmphex(packet(&rig, ready, 0), ==, GOOD);
    g_assert_cmphex(packet(&rig, lock, 0), ==, GOOD);
    g_assert_cmphex(packet(&rig, eject, 0), ==, 0x5451);
    assert_sense(&rig, 5, 0x5302);
    g_assert_cmphex(packet(&rig, unlock, 0), ==, GOOD);
    g_assert_cmphex(packet(&rig, eject, 0), ==, GOOD);
    g_assert_cmphex(packet(&rig, ready, 0), ==, 0x2051);
    assert_sense(&rig, 2, 0x3A00);
    g_assert_cmphex(packet(&rig, load, 0), ==, GOOD);
    g_assert_cmphex(packet(&rig, inquiry, 36), ==, GOOD); /* passes */
    g_assert_cmphex(packet(&rig, ready, 0), ==, 0x6051);  /* the medium may be another */
    assert_sense(&rig, 6, 0x2800);
    g_assert_cmphex(packet(&rig, ready, 0), ==, GOOD);
    rig_free(&rig);
}

static void test_state(void)
{
    static const uint8_t eject[12] = {0x1B, 0, 0, 0, 2}, ready[12] = {0x00};
    struct rig rig, copy;

    start(&rig);
    start(&copy);
    packet(&rig, eject, 0);
    packet(&rig, ready, 0);
    test_copy_state(rig.machine, copy.machine);
    assert_sense(&copy, 2, 0x3A00);
    g_assert_cmphex(packet(&copy, ready, 0), ==, 0x2051); /* still open */
    rig_free(&rig);
    rig_free(&copy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/atapi/identify", test_identify);
    g_test_add_func("/atapi/inquiry", test_inquiry);
    g_test_add_func("/atapi/read", test_read);
    g_test_add_func("/atapi/toc", test_toc);
    g_test_add_func("/atapi/modes", test_modes);
    g_test_add_func("/atapi/tray", test_tray);
    g_test_add_func("/atapi/state", test_state);
    return g_test_run();
}
