/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of direct boot share; nobody else includes this. */
#ifndef GALVANIC_FIRMWARE_LINUX_INTERNAL_H
#define GALVANIC_FIRMWARE_LINUX_INTERNAL_H

#include "emu/cpu/x86_64.h"
#include "firmware/linux/linux_boot.h"

/* Low memory that direct boot uses; all of it is free once the kernel has looked at its parameters. */
#define BOOT_GDT 0x7000u
#define BOOT_PARAMETERS 0x8000u /* one page, and one more for PVH's lists */
#define BOOT_COMMAND_LINE 0xA000u
#define BOOT_COMMAND_LINE_MAX 0x2000u
#define BOOT_STACK 0x10000u       /* grows down */
#define BOOT_PAGE_TABLES 0x11000u /* PML4, PDPT and four page directories */

/* The highest page-aligned place for @size bytes in RAM below 4 GiB and above @bottom; 0: there is none. */
uint64_t linux_boot_place(const struct linux_boot *boot, uint64_t bottom, uint64_t size);
/* Is [@address, +@size) RAM? */
bool linux_boot_is_ram(const struct linux_boot *boot, uint64_t address, uint64_t size);
/* Puts the initrd above @bottom; *@address 0 without one. */
bool linux_boot_load_initrd(const struct linux_boot *boot, uint64_t bottom, uint64_t limit, uint64_t *address,
                            GError **error);
bool linux_boot_put_command_line(const struct linux_boot *boot, GError **error);
/* Flat segments of the boot protocols: code at 0x10, data at 0x18, and a GDT that holds them. */
void linux_boot_set_segments(const struct linux_boot *boot, struct x86_64_registers *registers, bool long_mode);

bool pvh_check(GBytes *kernel, const char *name, GError **error);
bool pvh_start(const struct linux_boot *boot, GError **error);

#endif
