/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line hands to a board, and what it gets back. */
#ifndef GALVANIC_BOARDS_BOARD_H
#define GALVANIC_BOARDS_BOARD_H

#include "devices/display/scanout.h"
#include "emu/host/block.h"
#include "emu/host/character.h"
#include "emu/host/net.h"
#include "emu/host/share.h"
#include "emu/machine.h"

#define BOARD_DISKS 16
#define BOARD_SHARES 8
#define BOARD_TAG_MAX 32 /* bytes */

enum board_bus { BOARD_BUS_DEFAULT, BOARD_BUS_AHCI, BOARD_BUS_VIRTIO, BOARD_BUS_NVME };

enum board_nic { BOARD_NIC_NONE, BOARD_NIC_VIRTIO, BOARD_NIC_E1000, BOARD_NIC_RTL8139 };

struct board_disk {
    struct block *block; /* not owned; lives longer than the machine */
    enum board_bus bus;
    bool cdrom;
};

/* A folder of the host, over virtio-9p. */
struct board_share {
    const char *tag;     /* 1..BOARD_TAG_MAX bytes */
    struct share *share; /* not owned; lives longer than the machine; NULL: a replay */
};

struct board_config {
    uint64_t memory_size; /* bytes, a multiple of 1 MiB */
    struct board_disk disks[BOARD_DISKS];
    unsigned disk_count;
    struct board_share shares[BOARD_SHARES];
    unsigned share_count;
    struct character_output serial; /* COM1; its input is the journal source "serial0" */
    struct character_output debug;  /* ports 0xE9 and 0x402 */
    enum board_nic nic;             /* a network card, fed by the journal source "net0" */
    uint8_t mac[6];
    struct net_output net;
    uint32_t width, height;  /* preferred screen mode; 0: the display's own */
    bool display;            /* false: no screen at all */
    GBytes *kernel;          /* direct boot; NULL: firmware boots */
    const char *kernel_name; /* for messages */
    GBytes *initrd;          /* with kernel, or by LoadFile2 */
    const char *append;      /* kernel command line, or load options of efi_app; NULL: none */
    GBytes *efi_app;         /* started before all boot options; NULL: none */
    const char *efi_app_name;
    const char *variable_store; /* NULL: EFI variables live in memory only */
    bool variable_store_read_only;
    bool autokey;         /* type the Enter that the Redox resolution menu waits for */
    unsigned description; /* virt: BOARD_DESCRIPTION_..., by which the guest finds its devices; 0: ACPI */
    unsigned gic_version; /* virt: 2 or 3; 0: 2 */
};

#define BOARD_DESCRIPTION_ACPI 1u
#define BOARD_DESCRIPTION_FDT 2u

struct board;
struct pci_bus;

/*
 * Builds the devices of a board into @machine and resets it.  @config's memory stays until machine_free().  NULL with @error.
 * The result belongs to the machine.
 */
struct board *q35_new(struct machine *machine, const struct board_config *config, GError **error);
struct board *virt_new(struct machine *machine, const struct board_config *config, GError **error);

/* For boards: the network card, if there is one, as function @devfn. */
void board_add_nic(struct machine *machine, struct pci_bus *bus, uint8_t devfn, const struct board_config *config);

/* The screen, false if there is none. */
bool board_scanout(struct board *board, struct scanout_source *source);

/* All boards begin with this. */
struct board {
    struct scanout_source scanout;             /* get is NULL: no screen */
    void (*power_button)(struct board *board); /* the user asks for a shutdown; NULL: not there */
};

#endif
