/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller: what goes wrong, and the ways to stop and reset it. */
#include "tests/device/ahci_driver.h"

static void test_queue_error(void)
{
    struct rig rig;
    struct ata log = {.command = 0x2F, .lba = 0x10, .count = 1};

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    put_queued(&rig, 2, 8, false);
    put_queued(&rig, 3, DISK_SECTORS, false); /* past the end */
    put_queued(&rig, 4, 16, false);
    px_write(&rig, 0, SACT, 0x1C);
    px_write(&rig, 0, CI, 0x1C);
    machine_advance(rig.machine, 1000000);
    g_assert_cmphex(px(&rig, 0, SACT), ==, 0x18); /* the failed one, and what was behind it */
    g_assert_cmphex(px(&rig, 0, TFD), ==, 0x1051);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 1 << 30 | 8);
    put_prd(&rig, 0, 0, DATA, 512);
    put_command(&rig, 0, 0, &read_one, 1);
    px_write(&rig, 0, CI, 1); /* nothing runs until ST is cleared */
    machine_advance(rig.machine, 1000000);
    g_assert_cmphex(px(&rig, 0, CI), ==, 1);
    port_restart(&rig, 0);
    g_assert_cmphex(px(&rig, 0, SACT), ==, 0);
    run(&rig, 0, &log, 512);
    g_assert_cmphex(memory_read8(ram(&rig), DATA), ==, 3);
    g_assert_cmphex(memory_read16(ram(&rig), DATA + 2), ==, 0x1051);
    g_assert_cmphex(memory_read16(ram(&rig), DATA + 4), ==, DISK_SECTORS);
    port_restart(&rig, 0);
    run(&rig, 0, &log, 512);
    g_assert_cmphex(memory_read8(ram(&rig), DATA), ==, 0x80); /* told once */
    rig_free(&rig);
}

static void test_task_file_error(void)
{
    struct rig rig;
    struct ata bad = {.command = 0x25, .device = 0x40, .lba = DISK_SECTORS - 1, .count = 2};

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    run(&rig, 0, &bad, 1024);
    g_assert_cmphex(px(&rig, 0, TFD), ==, 0x1051);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 1 << 30 | 1);
    g_assert_cmphex(px(&rig, 0, CI), ==, 1); /* the failed command's bit stays */
    g_assert_cmphex(px(&rig, 0, CMD) >> 8 & 0x1F, ==, 0);
    put_command(&rig, 0, 1, &read_one, 1);
    put_prd(&rig, 1, 0, DATA, 512);
    px_write(&rig, 0, CI, 2);
    machine_advance(rig.machine, 1000000);
    g_assert_cmphex(px(&rig, 0, CI), ==, 3);
    px_write(&rig, 0, CMD, 0x10);
    g_assert_cmphex(px(&rig, 0, CI), ==, 0);
    g_assert_cmphex(px(&rig, 0, CMD) & 0x8000, ==, 0);
    px_write(&rig, 0, CMD, 0x11);
    run(&rig, 0, &read_one, 512);
    g_assert_cmphex(px(&rig, 0, TFD), ==, 0x50);
    rig_free(&rig);
}

static void assert_fatal(struct rig *rig, uint32_t bit)
{
    machine_advance(rig->machine, 1000000);
    g_assert_cmphex(px(rig, 0, PXIS) & 0x7D000000, ==, bit);
    g_assert_cmphex(px(rig, 0, CI), ==, 1);
    g_assert_true(rig->line[3]);
    port_restart(rig, 0);
}

static void test_host_errors(void)
{
    struct rig rig;
    const uint32_t ifs = 1 << 27, hbfs = 1 << 29, ofs = 1 << 24;

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    /* A buffer where no memory is. */
    put_prd(&rig, 0, 0, UINT64_C(0x4000000000), 512);
    put_command(&rig, 0, 0, &read_one, 1);
    px_write(&rig, 0, CI, 1);
    assert_fatal(&rig, hbfs);
    /* Too short a list. */
    put_prd(&rig, 0, 0, DATA, 510);
    put_command(&rig, 0, 0, &read_one, 1);
    px_write(&rig, 0, CI, 1);
    assert_fatal(&rig, ofs);
    put_command(&rig, 0, 0, &read_one, 0);
    px_write(&rig, 0, CI, 1);
    assert_fatal(&rig, ofs);
    /* No FIS that a host sends; a length that none has. */
    put_command(&rig, 0, 0, &read_one, 1);
    memory_write8(ram(&rig), TABLES, 0x34);
    px_write(&rig, 0, CI, 1);
    assert_fatal(&rig, ifs);
    put_command(&rig, 0, 0, &read_one, 1);
    memory_write8(ram(&rig), LIST, 1);
    px_write(&rig, 0, CI, 1);
    assert_fatal(&rig, ifs);
    /* A table, then a list, where no memory is; no bus mastering. */
    memory_write64(ram(&rig), LIST + 8, 0x7000000000);
    px_write(&rig, 0, CI, 1);
    assert_fatal(&rig, hbfs);
    px_write(&rig, 0, CLB + 4, 0x70);
    px_write(&rig, 0, CI, 1);
    assert_fatal(&rig, hbfs);
    px_write(&rig, 0, CLB + 4, 0);
    rig_config_write(&rig, 4, 2, 3);
    px_write(&rig, 0, CI, 1);
    assert_fatal(&rig, hbfs);
    rig_config_write(&rig, 4, 2, 7);
    /* And still it works. */
    run(&rig, 0, &read_one, 512);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 1);
    rig_free(&rig);
}

/* A transfer that points at the controller's own registers changes nothing there. */
static void test_own_registers(void)
{
    struct rig rig;

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    put_prd(&rig, 0, 0, ABAR + 0x100, 512);
    put_command(&rig, 0, 0, &read_one, 1);
    px_write(&rig, 0, CI, 1);
    machine_advance(rig.machine, 1000000);
    g_assert_cmphex(px(&rig, 0, CLB), ==, LIST);
    g_assert_cmphex(px(&rig, 0, CI), ==, 0);
    px_write(&rig, 0, FB, (uint32_t)ABAR + 0x100);
    run(&rig, 0, &read_one, 512);
    g_assert_cmphex(px(&rig, 0, CLB), ==, LIST);
    rig_free(&rig);
}

/* Redox's order: CI first, then ST; and ST cleared after each command. */
static void test_issue_before_start(void)
{
    struct rig rig;

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    for (unsigned i = 0; i < 3; i++) {
        px_write(&rig, 0, CMD, 0);
        g_assert_cmphex(px(&rig, 0, CMD) & 0xC000, ==, 0);
        memory_set(ram(&rig), DATA, 0, 512);
        put_prd(&rig, 0, 0, DATA, 514);
        put_command(&rig, 0, 0, &read_one, 1);
        px_write(&rig, 0, CI, 1);
        machine_advance(rig.machine, 1000000);
        g_assert_cmphex(px(&rig, 0, CI), ==, 1);
        px_write(&rig, 0, CMD, px(&rig, 0, CMD) | 0x10);
        px_write(&rig, 0, CMD, px(&rig, 0, CMD) | 0x01);
        assert_data(&rig, DATA, rig.disk_bytes + 3 * 512, 512);
        machine_advance(rig.machine, COMMAND_TIME + 512);
        g_assert_cmphex(px(&rig, 0, CI), ==, 0);
        g_assert_cmphex(px(&rig, 0, TFD), ==, 0x50);
    }
    rig_free(&rig);
}

/* ST cleared in mid-flight: what was under way is forgotten. */
static void test_stop(void)
{
    struct rig rig;

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    put_prd(&rig, 0, 0, DATA, 512);
    put_command(&rig, 0, 0, &read_one, 1);
    px_write(&rig, 0, CI, 1);
    px_write(&rig, 0, CMD, 0x10);
    g_assert_cmphex(px(&rig, 0, CI), ==, 0);
    machine_advance(rig.machine, 1000000);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 0);
    g_assert_cmphex(px(&rig, 0, TFD) & 0x80, ==, 0x80);
    px_write(&rig, 0, CMD, 0x18); /* command list override */
    g_assert_cmphex(px(&rig, 0, TFD) & 0x88, ==, 0);
    rig_free(&rig);
}

static void test_comreset(void)
{
    struct rig rig;

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    put_prd(&rig, 0, 0, DATA, 512);
    put_command(&rig, 0, 0, &read_one, 1);
    px_write(&rig, 0, CI, 1);
    px_write(&rig, 0, CMD, 0x10);
    px_write(&rig, 0, SCTL, 0x301);
    g_assert_cmphex(px(&rig, 0, SSTS), ==, 0);
    g_assert_cmphex(px(&rig, 0, SIG), ==, 0xFFFFFFFF);
    g_assert_cmphex(px(&rig, 0, TFD), ==, 0x7F);
    machine_advance(rig.machine, 1000000);
    memory_set(ram(&rig), FIS, 0, 256);
    px_write(&rig, 0, SCTL, 0x310); /* 1.5 Gb/s at most */
    g_assert_cmphex(px(&rig, 0, SSTS), ==, 0x113);
    g_assert_cmphex(px(&rig, 0, SIG), ==, 0x101);
    g_assert_cmphex(px(&rig, 0, TFD), ==, 0x150);
    g_assert_cmphex(memory_read8(ram(&rig), FIS + 0x40), ==, 0x34);
    g_assert_cmphex(px(&rig, 0, SERR), ==, 0x04010000);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 1 << 22 | 1 << 6);
    g_assert_true(rig.line[3]);
    px_write(&rig, 0, SERR, 0x04010000);
    g_assert_cmphex(px(&rig, 0, PXIS), ==, 0);
    px_write(&rig, 0, SCTL, 4); /* off */
    g_assert_cmphex(px(&rig, 0, SSTS), ==, 4);
    px_write(&rig, 1, SCTL, 1); /* nobody is there */
    px_write(&rig, 1, SCTL, 0);
    g_assert_cmphex(px(&rig, 1, SSTS), ==, 0);
    rig_free(&rig);
}

static void test_soft_reset(void)
{
    struct rig rig;
    struct ata nothing = {0};

    rig_init(&rig, 0, 2048);
    port_start(&rig, 2);
    px_write(&rig, 2, PXIS, 0xFFFFFFFF);
    put_command(&rig, 2, 0, &nothing, 0);
    memory_write32(ram(&rig), LIST + 0x2000, 5 | 1 << 8 | 1 << 10);
    memory_write8(ram(&rig), TABLES + 1, 0);
    memory_write8(ram(&rig), TABLES + 15, 4);
    px_write(&rig, 2, CI, 1);
    g_assert_cmphex(px(&rig, 2, CI), ==, 0);
    g_assert_cmphex(px(&rig, 2, TFD) & 0x80, ==, 0);
    memory_write32(ram(&rig), LIST + 0x2000, 5); /* without "clear busy upon R_OK" it stays busy */
    px_write(&rig, 2, CI, 1);
    g_assert_cmphex(px(&rig, 2, TFD) & 0x80, ==, 0x80);
    memory_set(ram(&rig), FIS + 0x240, 0, 20);
    memory_write8(ram(&rig), TABLES + 15, 0);
    px_write(&rig, 2, CI, 1);
    g_assert_cmphex(px(&rig, 2, CI), ==, 0);
    g_assert_cmphex(px(&rig, 2, TFD), ==, 0x100);
    g_assert_cmphex(memory_read16(ram(&rig), FIS + 0x245), ==, 0xEB14);
    rig_free(&rig);
}

static void test_hba_reset(void)
{
    struct rig rig;

    rig_init(&rig, 0, 2048);
    port_start(&rig, 0);
    put_prd(&rig, 0, 0, DATA, 512);
    put_command(&rig, 0, 0, &read_one, 1);
    px_write(&rig, 0, CI, 1);
    hba_write(&rig, GHC, 0x80000003);
    g_assert_cmphex(hba(&rig, GHC), ==, 0x80000000);
    g_assert_cmphex(px(&rig, 0, CMD), ==, 6);
    g_assert_cmphex(px(&rig, 0, CI), ==, 0);
    g_assert_cmphex(px(&rig, 0, PXIE), ==, 0);
    g_assert_cmphex(px(&rig, 0, CLB), ==, LIST); /* kept */
    g_assert_cmphex(px(&rig, 0, SIG), ==, 0x101);
    machine_advance(rig.machine, 1000000);
    g_assert_cmphex(px(&rig, 0, PXIS) & 1, ==, 0);
    machine_reset(rig.machine);
    rig_config_write(&rig, 0x24, 4, (uint32_t)ABAR);
    rig_config_write(&rig, 0x04, 2, 7);
    g_assert_cmphex(px(&rig, 0, CLB), ==, 0);
    rig_free(&rig);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ahci-errors/queue-error", test_queue_error);
    g_test_add_func("/ahci-errors/task-file-error", test_task_file_error);
    g_test_add_func("/ahci-errors/host-errors", test_host_errors);
    g_test_add_func("/ahci-errors/own-registers", test_own_registers);
    g_test_add_func("/ahci-errors/issue-before-start", test_issue_before_start);
    g_test_add_func("/ahci-errors/stop", test_stop);
    g_test_add_func("/ahci-errors/comreset", test_comreset);
    g_test_add_func("/ahci-errors/soft-reset", test_soft_reset);
    g_test_add_func("/ahci-errors/hba-reset", test_hba_reset);
    return g_test_run();
}
