/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers and structures of the AHCI controller, for its two files.  AHCI 1.3.1 sections 3 and 4. */
#ifndef GALVANIC_DEVICES_STORAGE_AHCI_INTERNAL_H
#define GALVANIC_DEVICES_STORAGE_AHCI_INTERNAL_H

#include "devices/storage/ahci.h"
#include "devices/storage/ata.h"

enum { AHCI_SLOTS = 32 };

/*
 * When a command completes: the time to reach the device and back, and that of its data on the wire; transfers of one
 * port follow each other.
 */
enum { AHCI_COMMAND_NS = 20000, AHCI_BYTES_PER_NS = 1 };

/* Generic host control. */
enum {
    HBA_CAP = 0x00,
    HBA_GHC = 0x04,
    HBA_IS = 0x08,
    HBA_PI = 0x0C,
    HBA_VS = 0x10,
    HBA_CAP2 = 0x24,
    HBA_PORTS = 0x100,
    HBA_PORT_SIZE = 0x80,
};

#define GHC_HR (1u << 0)
#define GHC_IE (1u << 1)
#define GHC_AE (1u << 31)

/* Port registers. */
enum {
    PX_CLB = 0x00,
    PX_CLBU = 0x04,
    PX_FB = 0x08,
    PX_FBU = 0x0C,
    PX_IS = 0x10,
    PX_IE = 0x14,
    PX_CMD = 0x18,
    PX_TFD = 0x20,
    PX_SIG = 0x24,
    PX_SSTS = 0x28,
    PX_SCTL = 0x2C,
    PX_SERR = 0x30,
    PX_SACT = 0x34,
    PX_CI = 0x38,
    PX_SNTF = 0x3C,
};

/* PxIS and PxIE. */
#define IS_DHRS (1u << 0)  /* device to host register FIS */
#define IS_PSS (1u << 1)   /* PIO setup FIS */
#define IS_DSS (1u << 2)   /* DMA setup FIS */
#define IS_SDBS (1u << 3)  /* set device bits FIS */
#define IS_UFS (1u << 4)   /* unknown FIS; shows SERR.DIAG.F */
#define IS_DPS (1u << 5)   /* descriptor processed */
#define IS_PCS (1u << 6)   /* port connect change; shows SERR.DIAG.X */
#define IS_PRCS (1u << 22) /* PhyRdy change; shows SERR.DIAG.N */
#define IS_OFS (1u << 24)  /* overflow */
#define IS_IFS (1u << 27)  /* interface fatal error */
#define IS_HBFS (1u << 29) /* host bus fatal error */
#define IS_TFES (1u << 30) /* task file error */
#define IS_IMPLEMENTED 0x7DC000FFu

/* PxCMD. */
#define CMD_ST (1u << 0)
#define CMD_SUD (1u << 1)
#define CMD_POD (1u << 2)
#define CMD_CLO (1u << 3)
#define CMD_FRE (1u << 4)
#define CMD_CCS_SHIFT 8
#define CMD_CCS (0x1Fu << CMD_CCS_SHIFT)
#define CMD_FR (1u << 14)
#define CMD_CR (1u << 15)
#define CMD_ATAPI (1u << 24)
#define CMD_DLAE (1u << 25)

/* PxSERR. */
#define SERR_DIAG_N (1u << 16)
#define SERR_DIAG_F (1u << 25)
#define SERR_DIAG_X (1u << 26)
#define SERR_ERR_P (1u << 10) /* protocol error */
#define SERR_IMPLEMENTED 0x07FF0F03u

#define SIGNATURE_NONE 0xFFFFFFFFu

/* A command that the device has carried out and not yet reported. */
struct ahci_flight {
    bool active;
    bool host_error; /* the list or a buffer lies where no memory is */
    bool short_list; /* the list ended before the data */
    bool descriptor_interrupt;
    uint8_t command, device, status, error;
    uint32_t protocol; /* enum ata_protocol */
    uint16_t count;
    uint64_t lba;
    uint64_t bytes;
    uint64_t deadline; /* ns */
};

struct ahci_port {
    struct ahci *ahci;
    unsigned number;
    bool present;
    struct ata_device ata;
    struct clock_timer *timer;
    uint64_t command_list, received_fis;
    uint32_t is, ie, cmd, tfd, sig, ssts, sctl, serr, sact, ci;
    bool signature_waits; /* the FIS after a reset came before FRE */
    bool stopped;         /* by an error, until ST is cleared */
    bool soft_reset;      /* SRST is held */
    uint8_t next_slot;    /* where the search for the next command starts */
    uint64_t busy_until;  /* ns: the end of the last transfer */
    struct ahci_flight flight[AHCI_SLOTS];
};

struct ahci {
    struct pci_function pci;
    struct machine *machine;
    char *id;
    uint32_t ghc, is;
    uint32_t index;        /* of the index-data pair */
    uint32_t message_sent; /* ports whose interrupts the last message told of; for the next edge */
    bool moving;           /* inside a transfer: the guest's list may point back at our registers */
    struct ahci_port port[AHCI_PORTS];
};

extern const struct state_table ahci_port_state;

void ahci_port_init(struct ahci_port *port, struct ahci *ahci, unsigned number);
void ahci_port_finalize(struct ahci_port *port);
/* @power_on: also what a reset of the HBA keeps. */
void ahci_port_reset(struct ahci_port *port, bool power_on);
uint32_t ahci_port_read(struct ahci_port *port, unsigned offset);
void ahci_port_write(struct ahci_port *port, unsigned offset, uint32_t value);
/* PxIS as the guest sees it. */
uint32_t ahci_port_interrupts(const struct ahci_port *port);
/* New bits of PxIS, or other reasons to look at the interrupt line again; @event: something new happened. */
void ahci_update(struct ahci *ahci, bool event);

/* --- ahci_command.c --- */
/* Starts what can be started. */
void ahci_port_run(struct ahci_port *port);
/* Forgets what is under way: it is carried out, but not reported. */
void ahci_port_cancel(struct ahci_port *port);
void ahci_port_timer(void *opaque);
/* The device sends its signature; kept back while FRE is clear. */
void ahci_post_signature(struct ahci_port *port);

#endif
