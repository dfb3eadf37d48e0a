/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between APICs: destinations, interprocessor interrupts, message-signalled interrupts.
 * Intel SDM volume 3, 10.6 (IPIs, destinations), 10.11 (MSI), 10.12.9 and 10.12.10 (x2APIC).
 */
#include "devices/intc/lapic_internal.h"

#define XAPIC_BROADCAST 0xffu
#define X2APIC_BROADCAST 0xffffffffu

/* ICR */
#define ICR_LOGICAL (1u << 11)
#define ICR_ASSERT (1u << 14)
#define ICR_LEVEL (1u << 15)
#define ICR_SHORTHAND(icr) ((icr) >> 18 & 3)

enum shorthand { SHORTHAND_NONE, SHORTHAND_SELF, SHORTHAND_ALL, SHORTHAND_OTHERS };

/* MSI address and data */
#define MSI_LOGICAL (1u << 2)
#define MSI_REDIRECTION_HINT (1u << 3)
#define MSI_DESTINATION(address) ((address) >> 12 & 0xff)
#define MSI_ASSERT (1u << 14)
#define MSI_LEVEL (1u << 15)

static bool is_broadcast(const struct apic_message *message)
{
    return message->destination == (message->wide ? X2APIC_BROADCAST : XAPIC_BROADCAST);
}

static bool matches_logical(const struct lapic *lapic, const struct apic_message *message)
{
    uint32_t destination = message->destination;
    uint32_t own = lapic->ldr >> 24;

    if (lapic_x2apic(lapic)) {
        bool same_cluster = destination >> 16 == lapic->index >> 4;
        return is_broadcast(message) || (same_cluster && (destination & 1u << (lapic->index & 15)));
    }
    if (message->wide && is_broadcast(message))
        return true;
    if (destination > XAPIC_BROADCAST)
        return false;
    switch (lapic->dfr >> 28) {
    case 0xf: /* flat */
        return destination & own;
    case 0x0: /* cluster */
        return destination == XAPIC_BROADCAST || (destination >> 4 == own >> 4 && (destination & own & 0x0f));
    default:
        return false;
    }
}

static bool matches(const struct lapic *lapic, const struct apic_message *message)
{
    if (message->logical)
        return matches_logical(lapic, message);
    return is_broadcast(message) || message->destination == lapic->index;
}

/* Of the CPUs that take interrupts the one with the lowest priority; of equal ones the first. */
static struct lapic *lowest_priority(struct apic_set *set, uint64_t targets)
{
    struct lapic *lowest = NULL;

    for (unsigned i = 0; i < set->config.cpus; i++) {
        struct lapic *lapic = &set->lapics[i];

        if (!(targets >> i & 1) || !lapic_software_enabled(lapic))
            continue;
        if (!lowest || lapic_ppr(lapic) < lapic_ppr(lowest))
            lowest = lapic;
    }
    return lowest;
}

static bool deliver_to(struct lapic *lapic, const struct apic_message *message)
{
    struct apic_set *set = lapic->set;

    switch (message->mode) {
    case APIC_FIXED:
    case APIC_LOWEST_PRIORITY:
        return lapic_accept(lapic, message->vector, message->level);
    case APIC_NMI:
        set->ops.nmi(set->config.opaque, lapic->index);
        return true;
    case APIC_INIT:
        lapic_init(lapic);
        return true;
    case APIC_STARTUP:
        lapic_startup(lapic, message->vector);
        return true;
    case APIC_EXTINT:
        lapic->extint = true;
        lapic_update(lapic);
        return true;
    default:
        machine_guest_error(set->machine, lapic->id, "message with delivery mode %u, which is not there",
                            message->mode);
        return false;
    }
}

static bool deliver_to_all(struct apic_set *set, uint64_t targets, const struct apic_message *message)
{
    bool taken = false;

    if (message->mode == APIC_LOWEST_PRIORITY) {
        struct lapic *lapic = lowest_priority(set, targets);
        return lapic && deliver_to(lapic, message);
    }
    for (unsigned i = 0; i < set->config.cpus; i++) {
        if ((targets >> i & 1) && lapic_enabled(&set->lapics[i]))
            taken |= deliver_to(&set->lapics[i], message);
    }
    return taken;
}

static uint64_t targets_of(const struct apic_set *set, const struct apic_message *message)
{
    uint64_t targets = 0;

    for (unsigned i = 0; i < set->config.cpus; i++)
        targets |= (uint64_t)matches(&set->lapics[i], message) << i;
    return targets;
}

bool apic_deliver(void *opaque, const struct apic_message *message)
{
    struct apic_set *set = opaque;

    return deliver_to_all(set, targets_of(set, message), message);
}

void apic_msi(void *opaque, uint64_t address, uint32_t data)
{
    struct apic_set *set = opaque;
    struct apic_message message = {
        .destination = MSI_DESTINATION(address),
        .logical = address & MSI_LOGICAL,
        .level = data & MSI_LEVEL,
        .mode = data >> 8 & 7,
        .vector = data,
    };

    if ((data & MSI_LEVEL) && !(data & MSI_ASSERT))
        return;
    if ((address & MSI_REDIRECTION_HINT) && message.mode == APIC_FIXED)
        message.mode = APIC_LOWEST_PRIORITY;
    if (message.mode == APIC_STARTUP)
        message.mode = APIC_RESERVED; /* no device may start a CPU */
    apic_deliver(set, &message);
}

static uint64_t ipi_targets(const struct lapic *lapic, unsigned shorthand, const struct apic_message *message)
{
    uint64_t self = UINT64_C(1) << lapic->index;

    switch (shorthand) {
    case SHORTHAND_NONE:
        return targets_of(lapic->set, message);
    case SHORTHAND_SELF:
        return self;
    case SHORTHAND_ALL:
        return UINT64_MAX;
    default:
        return ~self;
    }
}

void lapic_send_ipi(struct lapic *lapic, uint32_t low, uint32_t destination)
{
    unsigned shorthand = ICR_SHORTHAND(low);
    struct apic_message message = {
        .destination = destination,
        .wide = lapic_x2apic(lapic),
        .logical = low & ICR_LOGICAL,
        .mode = low >> 8 & 7, /* always an edge: the trigger mode serves INIT level de-assert only */
        .vector = low,
    };

    if (message.mode <= APIC_LOWEST_PRIORITY && message.vector < 16) {
        lapic_error(lapic, ESR_SEND_ILLEGAL_VECTOR);
        return;
    }
    if (message.mode == APIC_INIT && (low & ICR_LEVEL) && !(low & ICR_ASSERT))
        return; /* de-assert: nothing on all processors with an xAPIC */
    if (message.mode == APIC_EXTINT || message.mode == APIC_RESERVED || message.mode == APIC_SMI ||
        (message.mode != APIC_FIXED && (shorthand == SHORTHAND_SELF || shorthand == SHORTHAND_ALL))) {
        machine_guest_error(lapic->set->machine, lapic->id, "ICR 0x%08x: not a valid combination", low);
        return;
    }
    deliver_to_all(lapic->set, ipi_targets(lapic, shorthand, &message), &message);
}
