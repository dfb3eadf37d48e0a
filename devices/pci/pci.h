/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI: functions with configuration space, BARs and capabilities declared as data, on a root bus.
 * PCI Local Bus 3.0 chapter 6, PCI Express Base 3.0 chapter 7.
 */
#ifndef GALVANIC_DEVICES_PCI_PCI_H
#define GALVANIC_DEVICES_PCI_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/machine.h"

struct pci_bus;
struct pci_msix;

#define PCI_DEVFN(device, function) ((uint8_t)((device) << 3 | (function)))
#define PCI_CONFIG_SIZE 4096
#define PCI_BARS 6
#define PCI_LINES 8 /* interrupt lines of a root bus, at most */

enum pci_bar_type { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEMORY32, PCI_BAR_MEMORY64 };

struct pci_bar {
    enum pci_bar_type type;
    bool prefetchable;
    uint64_t size;                       /* power of two: I/O 4 to 256, memory 16 or more, RAM 4096 or more */
    const struct memory_region_ops *ops; /* registers; opaque is the function's `device`.  NULL: reads as zero */
    bool ram;                            /* instead of ops: RAM (video memory), a region named "vram" */
};

/* Constant properties of a function. */
struct pci_identity {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; /* class << 16 | subclass << 8 | interface */
    uint8_t revision;
    uint8_t interrupt_pin; /* 0 none, 1 INTA .. 4 INTD */
    bool multifunction;
    struct pci_bar bar[PCI_BARS]; /* a MEMORY64 BAR takes two slots, the second NONE */
};

struct pci_function {
    uint8_t config[PCI_CONFIG_SIZE];
    uint8_t reset[PCI_CONFIG_SIZE];    /* values after reset; see pci_define() */
    uint8_t writable[PCI_CONFIG_SIZE]; /* bits that guest writes change */
    uint8_t write_one_clears[PCI_CONFIG_SIZE];
    const struct pci_identity *identity;
    struct pci_bus *bus;
    uint8_t devfn;
    char name[16]; /* "pci 00:1f.2", for messages */
    void *device;  /* the device that this function is part of */
    struct memory_region *bar_region[PCI_BARS];
    uint64_t bar_address[PCI_BARS]; /* where the region answers now, UINT64_MAX: nowhere; derived */
    uint16_t capability_end;        /* first free byte for pci_add_capability() */
    uint8_t last_capability;
    bool intx_level;                 /* what the device asks for, before INTx Disable and MSI */
    bool intx_driven;                /* what reaches the bus; derived */
    uint8_t msi_offset, msix_offset; /* 0: not there */
    struct pci_msix *msix;           /* table and pending bits; NULL without MSI-X */
    /* Called after the guest wrote @size bytes at @offset of config space.  May be NULL. */
    void (*config_written)(void *device, uint16_t offset, unsigned size);
    /* Called before the guest reads @size bytes at @offset: registers that are computed.  May be NULL. */
    void (*config_reading)(void *device, uint16_t offset, unsigned size);
};

/* The state of a function: STATE_STRUCT(struct ahci, pci, &pci_function_state) in the device's table. */
extern const struct state_table pci_function_state;

/* Fills the header and BARs, and puts the function on @bus at @devfn (unused, else a programming error). */
void pci_function_init(struct pci_function *function, struct pci_bus *bus, uint8_t devfn,
                       const struct pci_identity *identity, void *device);
/* Power-on values, also of MSI-X; to be called first by the device's reset. */
void pci_function_reset(struct pci_function *function);
/* Removes the regions and leaves the bus; the struct itself is the device's. */
void pci_function_finalize(struct pci_function *function);
/*
 * For constructors: declares the register of @size 1, 2 or 4 bytes at @offset: its value after reset, the bits that
 * guest writes change, and the bits that are cleared by writing one.
 */
void pci_define(struct pci_function *function, uint16_t offset, unsigned size, uint32_t reset, uint32_t writable,
                uint32_t write_one_clears);
/* Appends a capability of @length bytes (header included), zeroed; returns its offset. */
uint8_t pci_add_capability(struct pci_function *function, uint8_t id, uint8_t length);
/* The same at a fixed dword-aligned @offset, as chipset functions have it; those added later go behind it. */
void pci_add_capability_at(struct pci_function *function, uint8_t id, uint8_t offset, uint8_t length);
/* PCI Express capability, version 2; @port_type 0 endpoint, 9 root-complex integrated endpoint. */
void pci_add_express(struct pci_function *function, unsigned port_type);
/* MSI with 64-bit address, @vectors a power of two 1..32.  The second form puts it at a fixed offset. */
void pci_add_msi(struct pci_function *function, unsigned vectors);
void pci_add_msi_at(struct pci_function *function, unsigned vectors, uint8_t offset);
/*
 * MSI-X with @vectors 1..2048; table at @table_offset and pending bits at @pending_offset (both multiples of 8) inside
 * memory BAR @bar, which is of the function's own; they lie over what the BAR's ops answer.
 */
void pci_add_msix(struct pci_function *function, unsigned vectors, unsigned bar, uint32_t table_offset,
                  uint32_t pending_offset);
bool pci_msi_enabled(const struct pci_function *function);
bool pci_msix_enabled(const struct pci_function *function);
/* Sends message @vector of MSI or MSI-X, whichever is enabled; MSI-X: masked ones become pending. */
void pci_msi_send(struct pci_function *function, unsigned vector);
/* The INTx pin; suppressed in effect while INTx Disable is set or messages are enabled. */
void pci_set_intx(struct pci_function *function, bool level);
bool pci_bus_master(const struct pci_function *function);
/* Where a BAR answers, or UINT64_MAX: decoding is off, it was not assigned, or (RAM) it lies over other RAM. */
uint64_t pci_bar_address(const struct pci_function *function, unsigned bar);
/* DMA: false when bus mastering is off or the address is not memory. */
bool pci_dma_read(struct pci_function *function, uint64_t address, void *buffer, size_t length);
bool pci_dma_write(struct pci_function *function, uint64_t address, const void *buffer, size_t length);

/* --- the bus --- */
struct pci_bus_config {
    /*
     * The interrupt line 0..PCI_LINES-1 of a device's @pin 1..4.  NULL: (device number + pin - 1) mod 4.  When its
     * answers change: pci_bus_update_lines().
     */
    unsigned (*line)(void *opaque, uint8_t devfn, unsigned pin);
    /* Drives a line: the OR of all functions on it.  NULL: no INTx. */
    void (*set_line)(void *opaque, unsigned line, bool level);
    /* Message-signalled write by the function at @devfn; NULL: memory_io_write() of the data at the address. */
    void (*message)(void *opaque, uint8_t devfn, uint64_t address, uint32_t data);
    void *opaque;
};
/* A device of the machine, which frees it; to be made before the functions on it. @id is the bus's ("pci"). */
struct pci_bus *pci_bus_new(struct machine *machine, const struct pci_bus_config *config, const char *id);
/* For a board whose line router is itself a function on the bus: sets what pci_bus_new() was not given. */
void pci_bus_set_config(struct pci_bus *bus, const struct pci_bus_config *config);
struct machine *pci_bus_machine(struct pci_bus *bus);
/* Configuration access of any width 1, 2, 4 (aligned); all ones for what is not there. */
uint32_t pci_config_read(struct pci_bus *bus, uint8_t bus_number, uint8_t devfn, uint16_t offset, unsigned size);
void pci_config_write(struct pci_bus *bus, uint8_t bus_number, uint8_t devfn, uint16_t offset, unsigned size,
                      uint32_t value);
/* Functions in order of devfn; NULL past the last. */
struct pci_function *pci_bus_function(struct pci_bus *bus, unsigned index);
/* The interrupt line of a pin, by the board's mapping. */
unsigned pci_bus_line(struct pci_bus *bus, uint8_t devfn, unsigned pin);
/* The mapping from pins to lines has changed. */
void pci_bus_update_lines(struct pci_bus *bus);
/* CF8/CFC ports (x86).  Port 0xCF9 is nobody's here: the reset device has it with a higher priority. */
void pci_bus_add_ports(struct pci_bus *bus);
/* ECAM window for @buses buses at @address, enabled; memory_region_set() moves it (PCIEXBAR). */
struct memory_region *pci_bus_add_ecam(struct pci_bus *bus, uint64_t address, unsigned buses);

/* What firmware does: assigns BARs from the windows, largest first, sets interrupt lines and enables decoding. */
struct pci_windows {
    uint64_t io_start, io_end; /* end exclusive */
    uint64_t memory32_start, memory32_end;
    uint64_t memory64_start, memory64_end; /* for 64-bit BARs that do not fit below; may be empty */
    uint8_t (*interrupt_line)(void *opaque, uint8_t devfn, unsigned pin); /* value of register 0x3C; NULL: 0xFF */
    void *opaque;
};
/* False with @error: a window is too small; the message names function, BAR and size. */
bool pci_assign_resources(struct pci_bus *bus, const struct pci_windows *windows, GError **error);

#endif
