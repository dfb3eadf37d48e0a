/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware does before an operating system looks at the bus: addresses, interrupt lines, decoding. */
#include <inttypes.h>

#include "devices/pci/pci_internal.h"
#include "devices/pci/pci_registers.h"

struct want {
    struct pci_function *function;
    unsigned index;
    const struct pci_bar *bar;
};

/* Largest first leaves no gaps; equal ones in the order of the bus. */
static gint compare_wants(gconstpointer a, gconstpointer b)
{
    const struct want *first = a, *second = b;

    if (first->bar->size != second->bar->size)
        return first->bar->size > second->bar->size ? -1 : 1;
    if (first->function->devfn != second->function->devfn)
        return first->function->devfn < second->function->devfn ? -1 : 1;
    return first->index < second->index ? -1 : 1;
}

static bool take(uint64_t *next, uint64_t end, uint64_t size, uint64_t *address)
{
    uint64_t start = (*next + size - 1) & ~(size - 1);

    if (start < *next || start + size < start || start + size > end)
        return false;
    *address = start;
    *next = start + size;
    return true;
}

static bool assign(const struct want *want, struct pci_windows *left, GError **error)
{
    const struct pci_bar *bar = want->bar;
    struct pci_function *function = want->function;
    uint16_t offset = (uint16_t)(PCI_BAR0 + 4 * want->index);
    uint64_t address;
    bool done;

    if (bar->type == PCI_BAR_IO) {
        /* A size of 4 kB at least is usual for bridges only; small ranges pack well. */
        done = take(&left->io_start, left->io_end, bar->size, &address);
    } else {
        /* Whole pages: a driver maps its registers, and nobody else's. */
        done = take(&left->memory32_start, left->memory32_end, MAX(bar->size, 4096), &address);
        if (!done && bar->type == PCI_BAR_MEMORY64)
            done = take(&left->memory64_start, left->memory64_end, MAX(bar->size, 4096), &address);
    }
    if (!done) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC,
                    "%s: no room for BAR %u of 0x%" PRIx64 " bytes; use fewer or smaller PCI devices", function->name,
                    want->index, bar->size);
        return false;
    }
    pci_function_write(function, offset, 4, (uint32_t)address);
    if (bar->type == PCI_BAR_MEMORY64)
        pci_function_write(function, (uint16_t)(offset + 4), 4, (uint32_t)(address >> 32));
    return true;
}

static void collect(struct pci_function *function, GArray *wants)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct want want = {function, i, &function->identity->bar[i]};

        if (want.bar->type != PCI_BAR_NONE)
            g_array_append_val(wants, want);
    }
}

static void enable(struct pci_function *function, const struct pci_windows *windows)
{
    unsigned pin = function->identity->interrupt_pin;
    uint32_t command = pci_function_read(function, PCI_COMMAND, 2);

    if (pin && windows->interrupt_line)
        pci_function_write(function, PCI_INTERRUPT_LINE, 1,
                           windows->interrupt_line(windows->opaque, function->devfn, pin));
    else
        pci_function_write(function, PCI_INTERRUPT_LINE, 1, pin ? 0xFF : 0);
    pci_function_write(function, PCI_COMMAND, 2, command | PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
}

bool pci_assign_resources(struct pci_bus *bus, const struct pci_windows *windows, GError **error)
{
    GArray *wants = g_array_new(false, false, sizeof(struct want));
    struct pci_windows left = *windows;
    struct pci_function *function;
    bool done = true;

    for (unsigned i = 0; (function = pci_bus_function(bus, i)) != NULL; i++)
        collect(function, wants);
    g_array_sort(wants, compare_wants);
    for (unsigned i = 0; done && i < wants->len; i++)
        done = assign(&g_array_index(wants, struct want, i), &left, error);
    g_array_free(wants, true);
    for (unsigned i = 0; done && (function = pci_bus_function(bus, i)) != NULL; i++)
        enable(function, windows);
    return done;
}
