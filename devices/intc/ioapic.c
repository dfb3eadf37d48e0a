/* SPDX-License-Identifier: GPL-2.0-or-later */
/* I/O APIC.  Intel 82093AA data sheet (290566); Intel ICH9 data sheet (316972), section 13.5. */
#include "devices/intc/ioapic.h"

#include <inttypes.h>

/* Memory-mapped registers. */
#define IOREGSEL 0x00
#define IOWIN 0x10
#define EOIR 0x40
#define IOAPIC_SIZE 0x1000

/* Registers behind the window. */
#define IOAPICID 0x00
#define IOAPICVER 0x01
#define IOAPICARB 0x02
#define IOREDTBL 0x10

#define VERSION 0x20

/* Redirection table entry. */
#define ENTRY_VECTOR 0xffu
#define ENTRY_DELMOD_SHIFT 8
#define ENTRY_DESTMOD (1u << 11)
#define ENTRY_REMOTE_IRR (1u << 14)
#define ENTRY_LEVEL (1u << 15)
#define ENTRY_MASK (1u << 16)
#define ENTRY_LOW_WRITABLE 0x0001afffu
#define ENTRY_HIGH_WRITABLE 0xff000000u
#define ENTRY_DESTINATION_SHIFT 56

struct ioapic {
    struct machine *machine;
    struct ioapic_config config;
    struct memory_region *region;
    uint8_t select;
    uint8_t id;
    uint32_t sources[IOAPIC_PINS]; /* levels of the lines that share an input, a bit each */
    uint32_t lines;                /* levels of the inputs: any of their sources */
    uint64_t entries[IOAPIC_PINS];
};

static const struct state_field fields[] = {
    STATE_U8(struct ioapic, select),         STATE_U8(struct ioapic, id),
    STATE_U32_ARRAY(struct ioapic, sources), STATE_U32(struct ioapic, lines),
    STATE_U64_ARRAY(struct ioapic, entries), STATE_END,
};

static unsigned entry_mode(uint64_t entry)
{
    return entry >> ENTRY_DELMOD_SHIFT & 7;
}

/* Only fixed and lowest-priority interrupts can be level-triggered; the others are edges whatever the entry says. */
static bool entry_is_level(uint64_t entry)
{
    return (entry & ENTRY_LEVEL) && entry_mode(entry) <= APIC_LOWEST_PRIORITY;
}

static void send(struct ioapic *ioapic, unsigned pin)
{
    uint64_t entry = ioapic->entries[pin];
    struct apic_message message = {
        .destination = entry >> ENTRY_DESTINATION_SHIFT,
        .logical = entry & ENTRY_DESTMOD,
        .level = entry_is_level(entry),
        .mode = entry_mode(entry),
        .vector = entry & ENTRY_VECTOR,
    };

    if (message.mode == APIC_RESERVED || message.mode == APIC_STARTUP) {
        machine_guest_error(ioapic->machine, "ioapic", "pin %u has reserved delivery mode %u", pin, message.mode);
        return;
    }
    /* Set before the delivery, which may bring the EOI at once. */
    if (message.level)
        ioapic->entries[pin] |= ENTRY_REMOTE_IRR;
    if (!ioapic->config.deliver(ioapic->config.opaque, &message))
        ioapic->entries[pin] &= ~(uint64_t)ENTRY_REMOTE_IRR;
}

/* Sends a level-triggered request that stands, unless it is masked or on its way already. */
static void send_level(struct ioapic *ioapic, unsigned pin)
{
    uint64_t entry = ioapic->entries[pin];

    if ((ioapic->lines & 1u << pin) && entry_is_level(entry) && !(entry & (ENTRY_MASK | ENTRY_REMOTE_IRR)))
        send(ioapic, pin);
}

static void set_source(void *opaque, unsigned input, bool level)
{
    struct ioapic *ioapic = opaque;
    unsigned pin = input % IOAPIC_PINS, source = input / IOAPIC_PINS;
    uint32_t *sources = &ioapic->sources[pin];
    bool rises = level && !*sources;

    *sources = level ? *sources | 1u << source : *sources & ~(1u << source);
    level = *sources;
    ioapic->lines = level ? ioapic->lines | 1u << pin : ioapic->lines & ~(1u << pin);
    if (entry_is_level(ioapic->entries[pin]))
        send_level(ioapic, pin);
    else if (rises && !(ioapic->entries[pin] & ENTRY_MASK)) /* an edge on a masked pin is lost */
        send(ioapic, pin);
}

struct irq_line ioapic_shared_line(struct ioapic *ioapic, unsigned pin, unsigned source)
{
    g_assert(pin < IOAPIC_PINS && source < 32);
    return (struct irq_line){.set = set_source, .opaque = ioapic, .input = source * IOAPIC_PINS + pin};
}

struct irq_line ioapic_line(struct ioapic *ioapic, unsigned pin)
{
    return ioapic_shared_line(ioapic, pin, 0);
}

void ioapic_eoi(void *opaque, uint8_t vector)
{
    struct ioapic *ioapic = opaque;

    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        uint64_t *entry = &ioapic->entries[pin];

        if ((*entry & ENTRY_REMOTE_IRR) && (*entry & ENTRY_VECTOR) == vector) {
            *entry &= ~(uint64_t)ENTRY_REMOTE_IRR;
            send_level(ioapic, pin);
        }
    }
}

static uint32_t window_read(struct ioapic *ioapic)
{
    unsigned index = ioapic->select;

    if (index >= IOREDTBL && index < IOREDTBL + 2 * IOAPIC_PINS)
        return ioapic->entries[(index - IOREDTBL) / 2] >> (index & 1 ? 32 : 0);
    switch (index) {
    case IOAPICID:
    case IOAPICARB: /* follows the ID: there is no APIC bus to arbitrate on */
        return (uint32_t)ioapic->id << 24;
    case IOAPICVER:
        return (IOAPIC_PINS - 1) << 16 | VERSION;
    default:
        machine_guest_error(ioapic->machine, "ioapic", "read of reserved register 0x%02x", index);
        return 0;
    }
}

static void entry_write(struct ioapic *ioapic, unsigned pin, bool high, uint32_t value)
{
    uint64_t entry = ioapic->entries[pin];

    if (high) {
        entry = (entry & 0xffffffff) | (uint64_t)(value & ENTRY_HIGH_WRITABLE) << 32;
    } else {
        entry = (entry & ~(uint64_t)ENTRY_LOW_WRITABLE) | (value & ENTRY_LOW_WRITABLE);
        if (!entry_is_level(entry))
            entry &= ~(uint64_t)ENTRY_REMOTE_IRR;
    }
    ioapic->entries[pin] = entry;
    send_level(ioapic, pin);
}

static void window_write(struct ioapic *ioapic, uint32_t value)
{
    unsigned index = ioapic->select;

    if (index >= IOREDTBL && index < IOREDTBL + 2 * IOAPIC_PINS)
        entry_write(ioapic, (index - IOREDTBL) / 2, index & 1, value);
    else if (index == IOAPICID)
        ioapic->id = value >> 24 & 0x0f;
    else
        machine_guest_error(ioapic->machine, "ioapic", "write to reserved register 0x%02x", index);
}

static uint64_t region_read(void *opaque, uint64_t offset, unsigned size G_GNUC_UNUSED)
{
    struct ioapic *ioapic = opaque;

    switch (offset) {
    case IOREGSEL:
        return ioapic->select;
    case IOWIN:
        return window_read(ioapic);
    default:
        machine_guest_error(ioapic->machine, "ioapic", "read at offset 0x%03" PRIx64, offset);
        return 0;
    }
}

static void region_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct ioapic *ioapic = opaque;

    if (offset == IOWIN && size != 4) {
        machine_guest_error(ioapic->machine, "ioapic", "write of %u bytes to the window, which has 32 bits", size);
        return;
    }
    switch (offset) {
    case IOREGSEL:
        ioapic->select = value;
        break;
    case IOWIN:
        window_write(ioapic, value);
        break;
    case EOIR:
        ioapic_eoi(ioapic, value);
        break;
    default:
        machine_guest_error(ioapic->machine, "ioapic", "write at offset 0x%03" PRIx64, offset);
    }
}

/* The levels of the lines are not the controller's to reset. */
static void reset(void *device)
{
    struct ioapic *ioapic = device;

    ioapic->select = 0;
    ioapic->id = ioapic->config.id;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
        ioapic->entries[pin] = ENTRY_MASK;
}

static void unrealize(void *device)
{
    struct ioapic *ioapic = device;

    memory_region_remove(ioapic->region);
    g_free(ioapic);
}

static const struct state_table state = {.name = "ioapic", .version = 1, .fields = fields};
static const struct device_class ioapic_class = {
    .name = "ioapic", .state = &state, .reset = reset, .unrealize = unrealize};
static const struct memory_region_ops region_ops = {.read = region_read, .write = region_write, .max_size = 4};

struct ioapic *ioapic_new(struct machine *machine, const struct ioapic_config *config)
{
    struct ioapic *ioapic = g_new0(struct ioapic, 1);

    g_assert(config->deliver && config->id < 16);
    ioapic->machine = machine;
    ioapic->config = *config;
    ioapic->region = memory_add_io(machine_memory(machine), MEMORY_SPACE_PHYSICAL, "ioapic", config->address,
                                   IOAPIC_SIZE, 0, &region_ops, ioapic);
    reset(ioapic);
    machine_add_device(machine, &ioapic_class, ioapic, "ioapic");
    return ioapic;
}
