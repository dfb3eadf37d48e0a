/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Message-signalled interrupts.  PCI Local Bus 3.0 section 6.8. */
#include <string.h>

#include "devices/pci/pci_internal.h"
#include "devices/pci/pci_registers.h"
#include "emu/bytes.h"

struct pci_msix {
    unsigned vectors, bar;
    uint32_t table_offset, pending_offset;
    struct memory_region *table_region, *pending_region;
    bool enabled, masked; /* as the control register was when last looked at; derived */
    uint64_t pending[32];
    uint32_t table[][4]; /* address, upper address, data, control */
};

static uint16_t msi_control(const struct pci_function *function)
{
    return function->msi_offset ? get_le16(&function->config[function->msi_offset + PCI_MSI_CONTROL]) : 0;
}

static uint16_t msix_control(const struct pci_function *function)
{
    return function->msix_offset ? get_le16(&function->config[function->msix_offset + PCI_MSIX_CONTROL]) : 0;
}

bool pci_msi_enabled(const struct pci_function *function)
{
    return msi_control(function) & PCI_MSI_CONTROL_ENABLE;
}

bool pci_msix_enabled(const struct pci_function *function)
{
    return msix_control(function) & PCI_MSIX_CONTROL_ENABLE;
}

void pci_add_msi_at(struct pci_function *function, unsigned vectors, uint8_t offset)
{
    unsigned exponent = 0;

    g_assert(vectors >= 1 && vectors <= 32 && (vectors & (vectors - 1)) == 0);
    while (1u << exponent < vectors)
        exponent++;
    pci_add_capability_at(function, PCI_CAP_MSI, offset, PCI_MSI_LENGTH);
    /* Enable and Multiple Message Enable (bits 6:4) are the guest's. */
    pci_define(function, offset + PCI_MSI_CONTROL, 2, PCI_MSI_CONTROL_64 | exponent << 1,
               PCI_MSI_CONTROL_ENABLE | 7 << 4, 0);
    pci_define(function, offset + PCI_MSI_ADDRESS, 4, 0, 0xFFFFFFFC, 0);
    pci_define(function, offset + PCI_MSI_ADDRESS + 4, 4, 0, 0xFFFFFFFF, 0);
    pci_define(function, offset + PCI_MSI_DATA, 2, 0, 0xFFFF, 0);
    function->msi_offset = offset;
}

void pci_add_msi(struct pci_function *function, unsigned vectors)
{
    pci_add_msi_at(function, vectors, (uint8_t)function->capability_end);
}

static void send_message(struct pci_function *function, uint64_t address, uint32_t data)
{
    /* A message is a write of the function's own: without Bus Master Enable it does not happen. */
    if (pci_bus_master(function))
        pci_bus_message(function->bus, function->devfn, address, data);
    else
        machine_guest_error(function->bus->machine, function->name, "message while Bus Master Enable is clear");
}

static void msi_send(struct pci_function *function, unsigned vector)
{
    const uint8_t *cap = &function->config[function->msi_offset];
    unsigned capable = (msi_control(function) >> 1) & 7, enabled = (msi_control(function) >> 4) & 7;
    unsigned count = 1u << MIN(MIN(enabled, capable), 5);

    /* With fewer messages than vectors the rest share the last. */
    vector = MIN(vector, count - 1);
    send_message(function, get_le64(cap + PCI_MSI_ADDRESS), (get_le16(cap + PCI_MSI_DATA) & ~(count - 1)) | vector);
}

static bool msix_masked(const struct pci_function *function, unsigned vector)
{
    return msix_control(function) & PCI_MSIX_CONTROL_MASK || function->msix->table[vector][3] & PCI_MSIX_ENTRY_MASKED;
}

static void msix_send(struct pci_function *function, unsigned vector)
{
    struct pci_msix *msix = function->msix;
    const uint32_t *entry;

    if (vector >= msix->vectors)
        return;
    if (msix_masked(function, vector)) {
        msix->pending[vector / 64] |= UINT64_C(1) << vector % 64;
        return;
    }
    entry = msix->table[vector];
    msix->pending[vector / 64] &= ~(UINT64_C(1) << vector % 64);
    send_message(function, (uint64_t)entry[1] << 32 | (entry[0] & ~3u), entry[2]);
}

void pci_msi_send(struct pci_function *function, unsigned vector)
{
    if (pci_msix_enabled(function))
        msix_send(function, vector);
    else if (pci_msi_enabled(function))
        msi_send(function, vector);
}

static void send_pending(struct pci_function *function, unsigned vector)
{
    if (function->msix->pending[vector / 64] >> vector % 64 & 1 && pci_msix_enabled(function) &&
        !msix_masked(function, vector))
        msix_send(function, vector);
}

void pci_msix_update(struct pci_function *function)
{
    struct pci_msix *msix = function->msix;

    if (!msix)
        return;
    bool enabled = pci_msix_enabled(function), masked = msix_control(function) & PCI_MSIX_CONTROL_MASK;
    if (enabled == msix->enabled && masked == msix->masked)
        return;
    msix->enabled = enabled;
    msix->masked = masked;
    for (unsigned i = 0; i < msix->vectors; i++)
        send_pending(function, i);
}

/* --- the table in a BAR --- */

static uint64_t table_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct pci_function *function = opaque;

    (void)size;
    return function->msix->table[offset / PCI_MSIX_ENTRY_SIZE][offset % PCI_MSIX_ENTRY_SIZE / 4];
}

static void table_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct pci_function *function = opaque;
    unsigned vector = (unsigned)(offset / PCI_MSIX_ENTRY_SIZE), word = offset % PCI_MSIX_ENTRY_SIZE / 4;

    (void)size;
    function->msix->table[vector][word] = word == 3 ? (uint32_t)value & PCI_MSIX_ENTRY_MASKED : (uint32_t)value;
    send_pending(function, vector);
}

static uint64_t pending_read(void *opaque, uint64_t offset, unsigned size)
{
    const struct pci_function *function = opaque;

    (void)size;
    return (uint32_t)(function->msix->pending[offset / 8] >> offset % 8 * 8);
}

static void pending_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    const struct pci_function *function = opaque;

    (void)offset;
    (void)size;
    (void)value;
    machine_guest_error(function->bus->machine, function->name, "write to the MSI-X pending bits, which are read-only");
}

static const struct memory_region_ops table_ops = {.read = table_read, .write = table_write, .min_size = 4};
static const struct memory_region_ops pending_ops = {.read = pending_read, .write = pending_write, .min_size = 4};

void pci_add_msix(struct pci_function *function, unsigned vectors, unsigned bar, uint32_t table_offset,
                  uint32_t pending_offset)
{
    struct memory *memory = machine_memory(function->bus->machine);
    uint32_t table_size = vectors * PCI_MSIX_ENTRY_SIZE, pending_size = (vectors + 63) / 64 * 8;
    struct pci_msix *msix;
    uint8_t cap;

    g_assert(vectors >= 1 && vectors <= 2048 && bar < PCI_BARS && function->identity->bar[bar].size);
    g_assert(table_offset % 8 == 0 && table_offset + table_size <= function->identity->bar[bar].size);
    g_assert(pending_offset % 8 == 0 && pending_offset + pending_size <= function->identity->bar[bar].size);

    msix = g_malloc0(sizeof(*msix) + table_size);
    *msix = (struct pci_msix){
        .vectors = vectors, .bar = bar, .table_offset = table_offset, .pending_offset = pending_offset};
    msix->table_region = memory_add_io(memory, MEMORY_SPACE_PHYSICAL, "msix-table", 0, table_size, PCI_PRIORITY_MSIX,
                                       &table_ops, function);
    msix->pending_region = memory_add_io(memory, MEMORY_SPACE_PHYSICAL, "msix-pending", 0, pending_size,
                                         PCI_PRIORITY_MSIX, &pending_ops, function);
    memory_region_set(msix->table_region, 0, false);
    memory_region_set(msix->pending_region, 0, false);
    function->msix = msix;

    cap = pci_add_capability(function, PCI_CAP_MSIX, PCI_MSIX_LENGTH);
    pci_define(function, cap + PCI_MSIX_CONTROL, 2, vectors - 1, PCI_MSIX_CONTROL_ENABLE | PCI_MSIX_CONTROL_MASK, 0);
    pci_define(function, cap + PCI_MSIX_TABLE, 4, table_offset | bar, 0, 0);
    pci_define(function, cap + PCI_MSIX_PENDING, 4, pending_offset | bar, 0, 0);
    function->msix_offset = cap;
    pci_msix_reset(function);
}

void pci_msix_move(struct pci_function *function, unsigned bar, uint64_t address)
{
    struct pci_msix *msix = function->msix;
    bool enabled = address != UINT64_MAX;

    if (!msix || msix->bar != bar)
        return;
    memory_region_set(msix->table_region, enabled ? address + msix->table_offset : 0, enabled);
    memory_region_set(msix->pending_region, enabled ? address + msix->pending_offset : 0, enabled);
}

void pci_msix_reset(struct pci_function *function)
{
    struct pci_msix *msix = function->msix;

    if (!msix)
        return;
    msix->enabled = msix->masked = false;
    memset(msix->pending, 0, sizeof(msix->pending));
    for (unsigned i = 0; i < msix->vectors; i++) {
        memset(msix->table[i], 0, sizeof(msix->table[i]));
        msix->table[i][3] = PCI_MSIX_ENTRY_MASKED;
    }
}

void pci_msix_finalize(struct pci_function *function)
{
    if (!function->msix)
        return;
    memory_region_remove(function->msix->table_region);
    memory_region_remove(function->msix->pending_region);
    g_clear_pointer(&function->msix, g_free);
}

/* --- state --- */

void pci_msix_save(struct pci_function *function, struct state_writer *out)
{
    const struct pci_msix *msix = function->msix;

    state_put_u32(out, msix ? msix->vectors : 0);
    if (!msix)
        return;
    for (unsigned i = 0; i < (msix->vectors + 63) / 64; i++)
        state_put_u64(out, msix->pending[i]);
    for (unsigned i = 0; i < msix->vectors; i++)
        for (unsigned word = 0; word < 4; word++)
            state_put_u32(out, msix->table[i][word]);
}

bool pci_msix_load(struct pci_function *function, struct state_reader *in)
{
    struct pci_msix *msix = function->msix;

    if (state_get_u32(in) != (msix ? msix->vectors : 0))
        return false;
    if (!msix)
        return true;
    for (unsigned i = 0; i < (msix->vectors + 63) / 64; i++)
        msix->pending[i] = state_get_u64(in);
    for (unsigned i = 0; i < msix->vectors; i++)
        for (unsigned word = 0; word < 4; word++)
            msix->table[i][word] = state_get_u32(in);
    msix->enabled = pci_msix_enabled(function);
    msix->masked = msix_control(function) & PCI_MSIX_CONTROL_MASK;
    return !state_reader_failed(in);
}
