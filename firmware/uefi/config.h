/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a board tells the UEFI shim: the hardware that the firmware offers to guests, and what to start. */
#ifndef GALVANIC_FIRMWARE_UEFI_CONFIG_H
#define GALVANIC_FIRMWARE_UEFI_CONFIG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "devices/pci/pci.h"
#include "emu/host/block.h"
#include "emu/machine.h"

/* Where a disk hangs, for its device path. */
enum uefi_disk_bus {
    UEFI_DISK_SATA,   /* PciRoot(0)/Pci(D,F)/Sata(port,0xFFFF,0) */
    UEFI_DISK_VIRTIO, /* PciRoot(0)/Pci(D,F) */
    UEFI_DISK_NVME,   /* PciRoot(0)/Pci(D,F)/NVMe(namespace,EUI64) */
    UEFI_DISK_MEMORY, /* a vendor node: contents that no device of the guest shows */
};

struct uefi_disk {
    const char *id;      /* "disk0": for traces and messages */
    struct block *block; /* not owned */
    enum uefi_disk_bus bus;
    uint8_t pci_devfn;   /* on root bus 0 */
    uint16_t port;       /* SATA port, NVMe namespace */
    uint32_t block_size; /* 512, 2048 (CD-ROM), 4096 */
    bool removable, cdrom, read_only;
};

/* A framebuffer behind GOP. */
struct uefi_display {
    uint8_t pci_devfn; /* 0: not on PCI (ramfb) */
    /* Base address now; 0: none. */
    uint64_t (*framebuffer)(void *opaque);
    uint64_t framebuffer_size; /* bytes */
    /* Switches the device to @width x @height, 32 bits BGRX; gives bytes a line.  False: it cannot. */
    bool (*set_mode)(void *opaque, uint32_t width, uint32_t height, uint32_t *stride);
    void *opaque;
    uint32_t width, height; /* preferred; 0: 1280x800 */
    const uint8_t *edid;    /* 128 bytes or NULL */
};

enum uefi_uart { UEFI_UART_NONE, UEFI_UART_16550, UEFI_UART_PL011 };

/* The serial console.  The shim drives its registers by memory_io_read() and memory_io_write(). */
struct uefi_serial {
    enum uefi_uart type;
    enum memory_space space;
    uint64_t address;
};

/* A range of the memory map beside RAM (MMIO, flash), or a part of RAM that is not to be used. */
struct uefi_range {
    uint64_t address, size; /* multiples of 4096 */
    uint32_t type;          /* enum efi_memory_type */
    uint64_t attributes;    /* EFI_MEMORY_...; 0: the usual for the type */
};

struct uefi_config {
    struct machine *machine;

    const struct uefi_disk *disks; /* copied; boot order */
    unsigned disk_count;
    const struct uefi_display *display; /* copied; NULL: no GOP */
    struct uefi_serial serial;
    bool i8042;          /* a PC keyboard at ports 0x60 and 0x64 */
    struct pci_bus *pci; /* resources are already assigned; NULL: no PCI protocols */
    struct pci_windows pci_windows;
    uint64_t pci_io_address; /* where I/O port 0 is, if there is no port space */
    uint8_t pci_last_bus;

    const struct uefi_range *ranges; /* copied */
    unsigned range_count;

    /*
     * Builders of tables that will stand at guest-physical @base (4096-aligned); the array is freed by the shim.
     * Called twice, first with base 0 to learn the size, which must not depend on it.  NULL: none.
     */
    GByteArray *(*build_acpi)(void *opaque, uint64_t base, uint64_t *rsdp);
    GByteArray *(*build_smbios)(void *opaque, uint64_t base, uint64_t *entry_point_3);
    void *builder_opaque;
    GBytes *fdt; /* a reference is taken; NULL: none */

    const char *variable_store;    /* file; NULL: variables live in memory only */
    bool variable_store_read_only; /* read it, do not write it back (--snapshot) */

    GBytes *efi_app;          /* started before all boot options; NULL: none */
    const char *efi_app_name; /* for messages */
    GBytes *initrd;           /* served by LoadFile2 on LINUX_EFI_INITRD_MEDIA_GUID; NULL: none */
    const char *command_line; /* load options of @efi_app; NULL: none */
    bool autokey;             /* press Enter in the Redox bootloader's resolution menu */
};

#endif
