/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware configuration device, memory-mapped: numbered items and named files that a guest reads, some of which it may
 * write.  QEMU docs/specs/fw_cfg.
 */
#ifndef GALVANIC_DEVICES_PLATFORM_FW_CFG_H
#define GALVANIC_DEVICES_PLATFORM_FW_CFG_H

#include "emu/machine.h"

#define FW_CFG_FILES 16
#define FW_CFG_FILE_NAME 56 /* with the NUL */

/* Items with numbers of their own. */
enum fw_cfg_key {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_CPUS = 0x05,
    FW_CFG_FILE_DIRECTORY = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
};

struct fw_cfg;

/* Adds the device "fw-cfg" at @address, with the machine's number of CPUs and @memory_size bytes of RAM. */
struct fw_cfg *fw_cfg_new(struct machine *machine, uint64_t address, uint64_t memory_size);

/*
 * Adds a file before the machine runs; contents are constant and copied.  Files are listed in the order of their names.
 * At most FW_CFG_FILES.
 */
void fw_cfg_add_file(struct fw_cfg *fw_cfg, const char *name, const void *data, uint32_t length);
/*
 * A file that the guest may write, over @data, which is @opaque's own state and stays where it is; @written is called after
 * each write.
 */
void fw_cfg_add_writable(struct fw_cfg *fw_cfg, const char *name, void *data, uint32_t length,
                         void (*written)(void *opaque), void *opaque);

#endif
