/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that a test of the shim is for: ARCH in the environment says which; x86_64 without it. */
#ifndef GALVANIC_TESTS_FIRMWARE_PLATFORM_H
#define GALVANIC_TESTS_FIRMWARE_PLATFORM_H

#include <string.h>

#include "boards/board.h"
#include "firmware/uefi/device_path.h"

struct platform {
    enum cpu_arch arch;
    const char *name;
    struct board *(*make)(struct machine *machine, const struct board_config *config, GError **error);
    const char *boot_file; /* the default loader's short name in a directory of FAT */
    const char *boot_path;
    const char *other; /* another architecture, and its number in PE files */
    uint16_t other_pe;
    void (*disk_path)(GByteArray *path, unsigned disk); /* nodes up to disk @disk, in the order of board_config */
};

static inline void platform_sata(GByteArray *path, unsigned disk)
{
    device_path_acpi(path, EISA_PNP(0x0A03), 0);
    device_path_pci(path, 0x1F << 3 | 2);
    device_path_sata(path, (uint16_t)disk);
}

static inline void platform_virtio(GByteArray *path, unsigned disk)
{
    device_path_acpi(path, EISA_PNP(0x0A03), 0);
    device_path_pci(path, (uint8_t)((2 + disk) << 3)); /* the network card is at 1 */
}

static inline const struct platform *platform(void)
{
    static const struct platform platforms[] = {{CPU_ARCH_X86_64, "x86_64", q35_new, "BOOTX64 EFI",
                                                 "\\EFI\\BOOT\\BOOTX64.EFI", "aarch64", 0xAA64, platform_sata},
                                                {CPU_ARCH_AARCH64, "aarch64", virt_new, "BOOTAA64EFI",
                                                 "\\EFI\\BOOT\\BOOTAA64.EFI", "x86_64", 0x8664, platform_virtio}};
    const char *arch = g_getenv("ARCH");

    return &platforms[arch && strcmp(arch, "aarch64") == 0];
}

#endif
