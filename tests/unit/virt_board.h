/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virt board as descriptions of it see it. */
#ifndef GALVANIC_TESTS_UNIT_VIRT_BOARD_H
#define GALVANIC_TESTS_UNIT_VIRT_BOARD_H

#include "firmware/virt_description.h"

static const struct virt_description virt_board = {
    .cpus = 2,
    .mpidr = {0, 1},
    .cpu_compatible = "arm,cortex-a72",
    .memory = {0x40000000, 0x80000000},
    .gic = 2,
    .distributor = {0x08000000, 0x10000},
    .cpu_interface = {0x08010000, 0x10000},
    .message_frame = {0x08020000, 0x1000},
    .message_first = 80,
    .message_count = 64,
    .timers = {.secure = 29, .physical = 30, .virtual = 27, .hypervisor = 26},
    .uart = {0x09000000, 0x1000, 33},
    .rtc = {0x09010000, 0x1000, 34},
    .gpio = {0x09030000, 0x1000, 39},
    .fw_cfg = {0x09020000, 0x18, 0},
    .power_pin = 3,
    .ecam = {0x4010000000, 0x10000000},
    .pci_memory32 = {0x10000000, 0x2EFF0000},
    .pci_memory64 = {0x8000000000, 0x8000000000},
    .pci_io = {0x3EFF0000, 0x10000},
    .pci_interrupt = 35,
};

static inline struct virt_description virt_board_gicv3(unsigned cpus)
{
    struct virt_description board = virt_board;

    board.cpus = cpus;
    for (unsigned i = 0; i < cpus; i++)
        board.mpidr[i] = i / 16 << 8 | i % 16;
    board.gic = 3;
    board.cpu_interface.size = board.message_frame.size = 0;
    board.redistributors = (struct virt_window){0x080A0000, 0x20000 * cpus};
    board.its = (struct virt_window){0x08080000, 0x20000};
    return board;
}

#endif
