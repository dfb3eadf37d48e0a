/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller: registers, command engine, queueing, interrupts, state. */
#include "tests/device/ahci_driver.h"

static void test_registers(void)
{
    struct rig rig;

    rig_init(&rig, 0, 2048 * 100);
    g_assert_cmphex(rig_config(&rig, 0, 4), ==, 0x29228086);
    g_assert_cmphex(rig_config(&rig, 8, 4), ==, 0x01060102);
    g_assert_cmphex(hba(&rig, CAP), ==, 0xC1241F05);
    g_assert_cmphex(hba(&rig, GHC), ==, 0x80000000);
    g_assert_cmphex(hba(&rig, PI), ==, 0x3F);
    g_assert_cmphex(hba(&rig, VS), ==, 0x00010301);

    /* The links are up before anybody starts a port. */
    g_assert_cmphex(px(&rig, 0, SSTS), ==, 0x123);
    g_assert_cmphex(px(&rig, 0, SIG), ==, 0x00000101);
    g_assert_cmphex(px(&rig, 0, TFD), ==, 0x0150);
    g_assert_cmphex(px(&rig, 2, SIG), ==, 0xEB140101);
    g_assert_cmphex(px(&rig, 2, TFD), ==, 0x0100);
    g_assert_cmphex(px(&rig, 1, SSTS), ==, 0);
    g_assert_cmphex(px(&rig, 1, SIG), ==, 0xFFFFFFFF);
    g_assert_cmphex(px(&rig, 1, TFD), ==, 0x7F);
    g_assert_cmphex(px(&rig, 0, CMD), ==, 6);

    px_write(&rig, 0, CLB, 0xFFFFFFFF);
    px_write(&rig, 0, CLB + 4, 0x12);
    px_write(&rig, 0, FB, 0xFFFFFFFF);
    g_assert_cmphex(px(&rig, 0, CLB), ==, 0xFFFFFC00);
    g_assert_cmphex(px(&rig, 0, CLB + 4), ==, 0x12);
    g_assert_cmphex(px(&rig, 0, FB), ==, 0xFFFFFF00);
    px_write(&rig, 0, PXIE, 0xFFFFFFFF);
    g_assert_cmphex(px(&rig, 0, PXIE), ==, 0x7DC000FF);

    /* A narrow write changes its bytes only. */
    memory_io_write(ram(&rig), MEMORY_SPACE_PHYSICAL, ABAR + 0x100 + PXIE + 1, 1, 0);
    memory_io_write(ram(&rig), MEMORY_SPACE_PHYSICAL, ABAR + 0x100 + PXIE, 1, 0x17);
    g_assert_cmphex(px(&rig, 0, PXIE), ==, 0x7DC00017);
    g_assert_cmphex(memory_io_read(ram(&rig), MEMORY_SPACE_PHYSICAL, ABAR + 0x100 + PXIE + 2, 2), ==, 0x7DC0);
    g_assert_cmphex(hba(&rig, 0x100 + 6 * 0x80 + SSTS), ==, 0); /* there is no port 6 */

    /* The index-data pair in I/O space reaches the same registers. */
    rig_config_write(&rig, 0x20, 4, 0xC000);
    out32(rig.machine, 0xC010, 0x100 + PXIE);
    g_assert_cmphex(in32(rig.machine, 0xC010), ==, 0x100 + PXIE);
    g_assert_cmphex(in32(rig.machine, 0xC014), ==, 0x7DC00017);
    out32(rig.machine, 0xC014, 1);
    g_assert_cmphex(px(&rig, 0, PXIE), ==, 1);
    rig_free(&rig);
}

static void test_signature_fis(void)
{
    struct rig rig;
    static const uint8_t disk[20] = {0x34, 0, 0x50, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1};
    static const uint8_t cd[20] = {0x34, 0, 0, 1, 1, 0x14, 0xEB, 0, 0, 0, 0, 0, 1};

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    port_start(&rig, 2);
    assert_data(&rig, FIS + 0x40, disk, sizeof(disk));
    assert_data(&rig, FIS + 0x240, cd, sizeof(cd));
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 0);
    g_assert_cmphex(px(&rig, 0, CMD), ==, 0xC017);
    rig_free(&rig);
}

/* Where and when: data at once, the rest when its time has come. */
static void test_read(void)
{
    struct rig rig;

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    put_prd(&rig, 0, 0, DATA, 512);
    put_command(&rig, 0, 0, &read_one, 1);
    uint64_t hash = memory_hash(ram(&rig));
    px_write(&rig, 0, CI, 1);
    assert_data(&rig, DATA, rig.disk_bytes + 3 * 512, 512);
    g_assert_cmphex(memory_hash(ram(&rig)), !=, hash); /* the page is known to be written */
    g_assert_cmphex(px(&rig, 0, CI), ==, 1);
    g_assert_cmphex(px(&rig, 0, TFD) & 0x80, ==, 0x80);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 0);
    machine_advance(rig.machine, COMMAND_TIME + 511);
    g_assert_cmphex(px(&rig, 0, CI), ==, 1);
    g_assert_false(rig.line[3]);
    machine_advance(rig.machine, 1);
    g_assert_cmphex(px(&rig, 0, CI), ==, 0);
    g_assert_cmphex(px(&rig, 0, TFD), ==, 0x50);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 1);
    g_assert_cmphex(hba(&rig, IS), ==, 1);
    g_assert_cmphex(memory_read32(ram(&rig), LIST + 4), ==, 512);
    g_assert_cmphex(memory_read8(ram(&rig), FIS + 0x40), ==, 0x34);
    g_assert_cmphex(memory_read8(ram(&rig), FIS + 0x41), ==, 0x40);

    /* INTA of device 31 is line 3 by the usual swizzle; both latches must be cleared, the port's first. */
    g_assert_true(rig.line[3]);
    hba_write(&rig, IS, 1);
    g_assert_true(rig.line[3]);
    px_write(&rig, 0, PXIS, 1);
    g_assert_true(rig.line[3]);
    hba_write(&rig, IS, 1);
    g_assert_false(rig.line[3]);
    rig_free(&rig);
}

/* Neighbours and gaps, odd sizes, more room than data (Redox's driver says "bytes | 1"). */
static void test_scatter(void)
{
    struct rig rig;
    struct ata ata = {.command = 0x25, .device = 0x40, .lba = 100, .count = 16};

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    put_prd(&rig, 0, 0, DATA, 1000);
    put_prd(&rig, 0, 1, DATA + 1000, 3000);
    put_prd(&rig, 0, 2, DATA + 0x10000, 2);
    put_prd(&rig, 0, 3, DATA + 0x20000, 4190);
    put_prd(&rig, 0, 4, DATA + 0x30000, 512);
    put_command(&rig, 0, 0, &ata, 5);
    px_write(&rig, 0, CI, 1);
    machine_advance(rig.machine, 100000);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 1);
    g_assert_cmpuint(memory_read32(ram(&rig), LIST + 4), ==, 8192);
    assert_data(&rig, DATA, rig.disk_bytes + 100 * 512, 4000);
    assert_data(&rig, DATA + 0x10000, rig.disk_bytes + 100 * 512 + 4000, 2);
    assert_data(&rig, DATA + 0x20000, rig.disk_bytes + 100 * 512 + 4002, 4190);
    g_assert_cmphex(memory_read8(ram(&rig), DATA + 0x30000), ==, 0);
    rig_free(&rig);
}

static void test_write(void)
{
    struct rig rig;
    struct ata ata = {.command = 0x35, .device = 0x40, .lba = 7, .count = 2, .to_device = true};
    uint8_t data[1024], back[1024];

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i ^ 0x5A);
    memory_write(ram(&rig), DATA, data, sizeof(data));
    run(&rig, 0, &ata, 1024);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 1);
    g_assert_true(block_read(rig.disk, 7 * 512, back, sizeof(back)));
    g_assert_cmpmem(back, sizeof(back), data, sizeof(data));
    g_assert_true(block_read(rig.disk, 9 * 512, back, 512));
    g_assert_cmpmem(back, 512, rig.disk_bytes + 9 * 512, 512);
    rig_free(&rig);
}

static void test_pio(void)
{
    struct rig rig;
    struct ata identify = {.command = 0xEC}, write = {.command = 0x30, .device = 0x40, .count = 1, .to_device = true};

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    run(&rig, 0, &identify, 512);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 2); /* PIO setup, and no register FIS */
    g_assert_cmphex(memory_read8(ram(&rig), FIS + 0x20), ==, 0x5F);
    g_assert_cmphex(memory_read8(ram(&rig), FIS + 0x21), ==, 0x60);
    g_assert_cmphex(memory_read8(ram(&rig), FIS + 0x2F), ==, 0x50);
    g_assert_cmphex(memory_read16(ram(&rig), FIS + 0x30), ==, 512);
    g_assert_cmphex(memory_read16(ram(&rig), DATA), ==, 0x0040);
    g_assert_cmphex(px(&rig, 0, CI), ==, 0);
    px_write(&rig, 0, PXIS, 0xFFFFFFFF);
    run(&rig, 0, &write, 512);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 1);
    rig_free(&rig);
}

/* Commands given together run one after the other, in the order of their slots. */
static void test_list(void)
{
    struct rig rig;
    struct ata first = {.command = 0x25, .device = 0x40, .lba = 1, .count = 1};
    struct ata second = {.command = 0x25, .device = 0x40, .lba = 2, .count = 1};

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    put_prd(&rig, 4, 0, DATA, 512);
    put_prd(&rig, 9, 0, DATA + 512, 512);
    put_command(&rig, 0, 4, &first, 1);
    put_command(&rig, 0, 9, &second, 1);
    px_write(&rig, 0, CI, 1 << 4 | 1 << 9);
    g_assert_cmphex(px(&rig, 0, CMD) >> 8 & 0x1F, ==, 4);
    g_assert_cmphex(memory_read8(ram(&rig), DATA + 512), ==, 0);
    machine_advance(rig.machine, COMMAND_TIME + 512);
    g_assert_cmphex(px(&rig, 0, CI), ==, 1 << 9);
    g_assert_cmphex(px(&rig, 0, CMD) >> 8 & 0x1F, ==, 9);
    assert_data(&rig, DATA, rig.disk_bytes + 512, 1024);
    machine_advance(rig.machine, COMMAND_TIME + 512);
    g_assert_cmphex(px(&rig, 0, CI), ==, 0);

    /* The search goes round. */
    put_prd(&rig, 12, 0, DATA, 512);
    put_command(&rig, 0, 12, &first, 1);
    px_write(&rig, 0, CI, 1 << 4 | 1 << 12);
    machine_advance(rig.machine, COMMAND_TIME + 512);
    g_assert_cmphex(px(&rig, 0, CI), ==, 1 << 4);
    rig_free(&rig);
}

static void test_queue(void)
{
    struct rig rig;

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    put_queued(&rig, 0, 8, false);
    put_queued(&rig, 5, 1000, false);
    put_queued(&rig, 31, 2000, true);
    memory_set(ram(&rig), DATA + 31 * 4096, 0x3C, 4096);
    px_write(&rig, 0, SACT, 1u << 31 | 1 << 5 | 1);
    px_write(&rig, 0, CI, 1u << 31 | 1 << 5 | 1);
    /* The device has taken them all; the register FIS for that is silent. */
    g_assert_cmphex(px(&rig, 0, CI), ==, 0);
    g_assert_cmphex(px(&rig, 0, SACT), ==, 0x80000021);
    g_assert_cmphex(px(&rig, 0, TFD), ==, 0x50);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 0);
    machine_advance(rig.machine, COMMAND_TIME + 4096);
    g_assert_cmphex(px(&rig, 0, SACT), ==, 0x80000020);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 8);
    g_assert_cmphex(memory_read32(ram(&rig), FIS + 0x58), ==, 0x005040A1);
    g_assert_cmphex(memory_read32(ram(&rig), FIS + 0x5C), ==, 1);
    g_assert_true(rig.line[3]);
    machine_advance(rig.machine, 2 * 4096); /* the wire is shared, the waiting is not */
    g_assert_cmphex(px(&rig, 0, SACT), ==, 0);
    assert_data(&rig, DATA, rig.disk_bytes + 8 * 512, 4096);
    assert_data(&rig, DATA + 5 * 4096, rig.disk_bytes + 1000 * 512, 4096);
    uint8_t byte;
    g_assert_true(block_read(rig.disk, 2000 * 512 + 4095, &byte, 1));
    g_assert_cmphex(byte, ==, 0x3C);
    rig_free(&rig);
}

static void test_msi(void)
{
    struct rig rig;

    rig_init(&rig, 0, 2048);
    g_assert_cmphex(rig_config(&rig, 0x34, 1), ==, 0x80);
    g_assert_cmphex(rig_config(&rig, 0x80, 2), ==, 0xA805);
    g_assert_cmphex(rig_config(&rig, 0xA8, 1), ==, 0x12);
    rig_config_write(&rig, 0x84, 4, 0xFEE00000);
    rig_config_write(&rig, 0x8C, 2, 0x41);
    rig_config_write(&rig, 0x82, 2, 1);
    port_start(&rig, 0);
    run(&rig, 0, &read_one, 512);
    g_assert_cmpuint(rig.messages, ==, 1);
    g_assert_false(rig.line[3]);
    /* One more event while the first waits: one more message. */
    run(&rig, 0, &read_one, 512);
    g_assert_cmpuint(rig.messages, ==, 2);
    /* Cleared at the controller while the port still asks: told again. */
    hba_write(&rig, IS, 1);
    g_assert_cmpuint(rig.messages, ==, 3);
    px_write(&rig, 0, PXIS, 1);
    hba_write(&rig, IS, 1);
    g_assert_cmphex(hba(&rig, IS), ==, 0);
    g_assert_cmpuint(rig.messages, ==, 3);
    run(&rig, 0, &read_one, 512);
    g_assert_cmpuint(rig.messages, ==, 4);
    /* Nothing while interrupts are off; told when they are on again. */
    hba_write(&rig, GHC, 0x80000000);
    run(&rig, 0, &read_one, 512);
    g_assert_cmpuint(rig.messages, ==, 4);
    hba_write(&rig, GHC, 0x80000002);
    g_assert_cmpuint(rig.messages, ==, 5);
    rig_free(&rig);
}

static void test_descriptor_interrupt(void)
{
    struct rig rig;

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    put_prd(&rig, 0, 0, DATA, 512);
    memory_write32(ram(&rig), TABLES + 0x8C, 511 | 1u << 31);
    put_command(&rig, 0, 0, &read_one, 1);
    px_write(&rig, 0, CI, 1);
    machine_advance(rig.machine, 1000000);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 0x21);
    rig_free(&rig);
}

/* Saved while a queue is in flight; the copy ends as the original does. */
static void test_state(void)
{
    struct rig rig, copy;
    enum { SECTORS = 64, LENGTH = SECTORS * 512 };
    uint8_t zeros[LENGTH] = {0};

    rig_init(&rig, 0, 2048);
    rig_init(&copy, 0, 2048);
    port_start(&rig, 0);
    for (unsigned slot = 1; slot <= 4; slot++)
        put_queued_long(&rig, slot, 100 * slot, slot == 2, SECTORS);
    px_write(&rig, 0, SACT, 0x0E);
    px_write(&rig, 0, CI, 0x0E);
    machine_advance(rig.machine, COMMAND_TIME + LENGTH); /* the first is back, the others are not */
    g_assert_cmphex(px(&rig, 0, SACT), ==, 0x0C);
    uint64_t before = machine_state_hash(rig.machine);
    /* What the disk holds counts, but is kept by itself: bring the copy's to the same. */
    g_assert_true(block_write(copy.disk, 200 * 512, zeros, sizeof(zeros)));
    test_copy_state(rig.machine, copy.machine);
    g_assert_cmphex(machine_state_hash(copy.machine), ==, before);
    g_assert_true(block_write(copy.disk, 200 * 512, "x", 1));
    g_assert_cmphex(machine_state_hash(copy.machine), !=, before);
    g_assert_true(block_write(copy.disk, 200 * 512, zeros, 1));
    g_assert_true(copy.line[3]);

    /* A new one goes behind those in flight, here as there. */
    px_write(&rig, 0, SACT, 0x10);
    px_write(&rig, 0, CI, 0x10);
    px_write(&copy, 0, SACT, 0x10);
    px_write(&copy, 0, CI, 0x10);
    for (unsigned i = 1; i <= 6; i++) {
        machine_advance(rig.machine, LENGTH / 2);
        machine_advance(copy.machine, LENGTH / 2);
        g_assert_cmphex(px(&copy, 0, SACT), ==, px(&rig, 0, SACT));
        g_assert_cmphex(machine_state_hash(copy.machine), ==, machine_state_hash(rig.machine));
        g_assert_cmphex(px(&rig, 0, SACT), ==, i < 2 ? 0x1C : i < 4 ? 0x18 : i < 6 ? 0x10 : 0);
    }
    rig_free(&rig);
    rig_free(&copy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ahci/registers", test_registers);
    g_test_add_func("/ahci/signature-fis", test_signature_fis);
    g_test_add_func("/ahci/read", test_read);
    g_test_add_func("/ahci/scatter", test_scatter);
    g_test_add_func("/ahci/write", test_write);
    g_test_add_func("/ahci/pio", test_pio);
    g_test_add_func("/ahci/list", test_list);
    g_test_add_func("/ahci/queue", test_queue);
    g_test_add_func("/ahci/msi", test_msi);
    g_test_add_func("/ahci/descriptor-interrupt", test_descriptor_interrupt);
    g_test_add_func("/ahci/state", test_state);
    return g_test_run();
}
