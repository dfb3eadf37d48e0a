/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Direct boot on x86_64, without firmware: a Linux bzImage by its 64-bit entry, or an ELF file by its PVH entry.
 * Linux Documentation/arch/x86/boot.rst (protocol 2.12 and later); Xen docs/misc/pvh.
 */
#ifndef GALVANIC_FIRMWARE_LINUX_LINUX_BOOT_H
#define GALVANIC_FIRMWARE_LINUX_LINUX_BOOT_H

#include "emu/machine.h"

/* e820 types */
enum linux_memory_type { LINUX_MEMORY_RAM = 1, LINUX_MEMORY_RESERVED = 2, LINUX_MEMORY_ACPI = 3, LINUX_MEMORY_NVS = 4 };

struct linux_memory_range {
    uint64_t address, size;
    uint32_t type; /* enum linux_memory_type */
};

#define LINUX_MEMORY_RANGES 32

struct linux_boot {
    struct machine *machine;
    GBytes *kernel;          /* not owned */
    GBytes *initrd;          /* NULL: none */
    const char *append;      /* NULL: empty */
    const char *kernel_name; /* for messages */
    uint64_t rsdp;           /* guest address of the ACPI root pointer; 0: none */
    struct linux_memory_range
        ranges[LINUX_MEMORY_RANGES]; /* by address; the first RAM at 1 MiB or above takes the kernel */
    unsigned range_count;
};

/* Can this file be booted?  False with @error, naming it. */
bool linux_boot_check(GBytes *kernel, const char *name, GError **error);
/*
 * Puts kernel, initrd and parameters into guest memory and CPU 0 at the entry.  False with @error: they do not fit.
 */
bool linux_boot_start(const struct linux_boot *boot, GError **error);

#endif
