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

#define PCI_DEVFN(device, function) ((uint8_t)((device) << 3 | (function)))

enum pci_bar_type { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEMORY32, PCI_BAR_MEMORY64 };

struct pci_bar {
    enum pci_bar_type type;
    bool prefetchable;
    uint64_t size; /* power of two */
    const struct memory_region_ops *ops; /* registers; opaque is the function's `device` */
    bool ram;      /* instead of ops: RAM (video memory), a region named "vram" */
};

/* Constant properties of a function. */
struct pci_identity {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; /* class << 16 | subclass << 8 | interface */
    uint8_t revision;
    uint8_t interrupt_pin; /* 0 none, 1 INTA .. 4 INTD */
    bool multifunction;
    struct pci_bar bar[6]; /* a MEMORY64 BAR takes two slots, the second NONE */
};

struct pci_function {
    uint8_t config[4096];
    uint8_t writable[4096]; /* bits that guest writes change */
    uint8_t write_one_clears[4096];
    const struct pci_identity *identity;
    struct pci_bus *bus;
    uint8_t devfn;
    void *device; /* the device that this function is part of */
    struct memory_region *bar_region[6];
    uint64_t bar_ram_size[6];
    uint16_t capability_end; /* first free byte for pci_add_capability() */
    uint8_t last_capability;
    bool intx_level;
    uint8_t msi_offset, msix_offset; /* 0: not there */
    /* MSI-X table and pending bits, @msix_vectors entries */
    uint16_t msix_vectors;
    uint32_t msix_table[2048][4];
    uint64_t msix_pending[32];
    struct memory_region *msix_region;
    /* Called after the guest wrote @size bytes at @offset of config space.  May be NULL. */
    void (*config_written)(void *device, uint16_t offset, unsigned size);
};

/* The state of a function: STATE_STRUCT(struct ahci, pci, &pci_function_state) in the device's table. */
extern const struct state_table pci_function_state;

/* Fills the header and BARs, and puts the function on @bus at @devfn (unused, else a programming error). */
void pci_function_init(struct pci_function *function, struct pci_bus *bus, uint8_t devfn,
                       const struct pci_identity *identity, void *device);
void pci_function_reset(struct pci_function *function);
void pci_function_finalize(struct pci_function *function);
/* Appends a capability of @length bytes (header included), zeroed; returns its offset. */
uint8_t pci_add_capability(struct pci_function *function, uint8_t id, uint8_t length);
/* PCI Express endpoint or root-complex integrated endpoint capability. */
void pci_add_express(struct pci_function *function, unsigned port_type);
/* MSI with 64-bit address, @vectors a power of two 1..32. */
void pci_add_msi(struct pci_function *function, unsigned vectors);
/* MSI-X; table at @table_offset and pending bits at @pending_offset inside BAR @bar, which is of the function's own. */
void pci_add_msix(struct pci_function *function, unsigned vectors, unsigned bar, uint32_t table_offset,
                  uint32_t pending_offset);
bool pci_msi_enabled(const struct pci_function *function);
bool pci_msix_enabled(const struct pci_function *function);
/* Sends message @vector of MSI or MSI-X, whichever is enabled (masked ones become pending). */
void pci_msi_send(struct pci_function *function, unsigned vector);
/* The INTx pin; suppressed in effect while INTx Disable is set. */
void pci_set_intx(struct pci_function *function, bool level);
bool pci_bus_master(const struct pci_function *function);
/* Current address of a BAR, or UINT64_MAX while decoding is off or it was not assigned. */
uint64_t pci_bar_address(const struct pci_function *function, unsigned bar);
/* DMA: false when bus mastering is off or the address is not memory. */
bool pci_dma_read(struct pci_function *function, uint64_t address, void *buffer, size_t length);
bool pci_dma_write(struct pci_function *function, uint64_t address, const void *buffer, size_t length);

/* --- the bus --- */
struct pci_bus_config {
    /* INTx of a device: @pin 1..4 already swizzled by nothing; the board maps (devfn, pin) to its line. */
    void (*set_intx)(void *opaque, uint8_t devfn, unsigned pin, bool level);
    /* Message-signalled write; NULL: memory_io_write() of the data at the address. */
    void (*message)(void *opaque, uint64_t address, uint32_t data);
    void *opaque;
};
struct pci_bus *pci_bus_new(struct machine *machine, const struct pci_bus_config *config);
void pci_bus_free(struct pci_bus *bus);
struct machine *pci_bus_machine(struct pci_bus *bus);
/* Configuration access of any width 1, 2, 4 (aligned); all ones for what is not there. */
uint32_t pci_config_read(struct pci_bus *bus, uint8_t bus_number, uint8_t devfn, uint16_t offset, unsigned size);
void pci_config_write(struct pci_bus *bus, uint8_t bus_number, uint8_t devfn, uint16_t offset, unsigned size,
                      uint32_t value);
/* Functions in order of devfn; NULL past the last. */
struct pci_function *pci_bus_function(struct pci_bus *bus, unsigned index);
/* CF8/CFC ports (x86). */
void pci_bus_add_ports(struct pci_bus *bus);
/* ECAM window for @buses buses; a region that may be moved (PCIEXBAR).  */
struct memory_region *pci_bus_add_ecam(struct pci_bus *bus, uint64_t address, unsigned buses);

/* What firmware does: assigns BARs from the windows, largest first, sets interrupt lines and enables decoding. */
struct pci_windows {
    uint64_t io_start, io_end;             /* end exclusive */
    uint64_t memory32_start, memory32_end;
    uint64_t memory64_start, memory64_end; /* for 64-bit prefetchable BARs that do not fit below; may be empty */
    uint8_t (*interrupt_line)(void *opaque, uint8_t devfn, unsigned pin); /* value of register 0x3C */
    void *opaque;
};
bool pci_assign_resources(struct pci_bus *bus, const struct pci_windows *windows, GError **error);

#endif
