/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ITS: Arm IHI 0069, sections 5.2 (tables), 5.3 (commands), 12.12 (registers).
 *
 * The tables stand in the guest's memory and are read there at each use.  An entry of any of them has 64 bits:
 *   device       valid (63), table of its events (51:8), bits of its events less one (4:0)
 *   collection   valid (63), number of the CPU (15:0)
 *   event        valid (63), collection (47:32), LPI (31:0)
 */
#include "devices/intc/gicv3_its.h"

#include <inttypes.h>

#include "devices/intc/gicv3_internal.h"
#include "emu/bytes.h"

#define GITS_CTLR 0x0000
#define GITS_IIDR 0x0004
#define GITS_TYPER 0x0008
#define GITS_CBASER 0x0080
#define GITS_CWRITER 0x0088
#define GITS_CREADR 0x0090
#define GITS_BASER 0x0100
#define GITS_BASER_END 0x0140
#define GITS_TRANSLATER 0x10040

#define CTLR_ENABLED (1u << 0)
#define CTLR_QUIESCENT (1u << 31)

#define ID_BITS 16u /* of devices, events and collections */
/* Physical LPIs; entries of 8 bytes; a CPU is named by its number. */
#define TYPER_VALUE (1u | 7u << 4 | (ID_BITS - 1) << 8 | (ID_BITS - 1) << 13)

#define VALID (UINT64_C(1) << 63)
#define TABLE_ADDRESS UINT64_C(0x000FFFFFFFFFFF00) /* of events: 51:8 */
#define CBASER_ADDRESS UINT64_C(0x000FFFFFFFFFF000)
#define CBASER_WRITABLE UINT64_C(0xB8EFFFFFFFFFFCFF)
#define QUEUE_OFFSET UINT64_C(0xFFFE0)

enum { TABLE_DEVICES, TABLE_COLLECTIONS, TABLES };
#define BASER_WRITABLE UINT64_C(0xB8E0FFFFFFFFFFFF) /* not the type, the size of entries, nor "indirect" */
#define BASER_ADDRESS UINT64_C(0x0000FFFFFFFFF000)
#define BASER_ENTRY_SIZE (UINT64_C(7) << 48)
#define BASER_TYPE_SHIFT 56
static const uint64_t table_type[TABLES] = {1, 4};

#define ENTRY_SIZE 8u
#define COMMAND_SIZE 32u

enum command {
    MOVI = 0x01,
    INT = 0x03,
    CLEAR = 0x04,
    SYNC = 0x05,
    MAPD = 0x08,
    MAPC = 0x09,
    MAPTI = 0x0A,
    MAPI = 0x0B,
    INV = 0x0C,
    INVALL = 0x0D,
    MOVALL = 0x0E,
    DISCARD = 0x0F,
};

struct gicv3_its {
    struct machine *machine;
    struct gicv3 *gic;
    uint64_t address;
    struct memory_region *region;
    uint32_t control;
    uint64_t queue_base, queue_writer, queue_reader;
    uint64_t base[TABLES];
};

/* --- tables --- */

/* Where entry @index of table @table is; false: the table is not that long, or not there. */
static bool entry_address(const struct gicv3_its *its, unsigned table, uint32_t index, uint64_t *address)
{
    static const uint32_t page_sizes[4] = {4096, 16384, 65536, 65536};
    uint64_t base = its->base[table];
    uint32_t page = page_sizes[base >> 8 & 3];
    uint64_t size = ((base & 0xFF) + 1) * page, start = base & BASER_ADDRESS;

    if (page == 65536) /* bits 15:12 are the address's 51:48 */
        start = (start & ~UINT64_C(0xF000)) | (base & UINT64_C(0xF000)) << 36;
    *address = start + (uint64_t)index * ENTRY_SIZE;
    return (base & VALID) && (uint64_t)index * ENTRY_SIZE < size;
}

static bool read_entry(const struct gicv3_its *its, uint64_t address, uint64_t *entry)
{
    uint8_t bytes[ENTRY_SIZE];

    if (!memory_read(machine_memory(its->machine), address, bytes, sizeof(bytes)))
        return false;
    *entry = get_le64(bytes);
    return *entry & VALID;
}

static bool table_read(const struct gicv3_its *its, unsigned table, uint32_t index, uint64_t *entry)
{
    uint64_t address;

    return entry_address(its, table, index, &address) && read_entry(its, address, entry);
}

static bool table_write(const struct gicv3_its *its, unsigned table, uint32_t index, uint64_t entry)
{
    uint64_t address;

    if (!entry_address(its, table, index, &address))
        return false;
    memory_write64(machine_memory(its->machine), address, entry);
    return true;
}

/* Where the entry of an event is; false: the device is not mapped, or has no such event. */
static bool event_address(const struct gicv3_its *its, uint32_t device, uint32_t event, uint64_t *address)
{
    uint64_t entry;

    if (!table_read(its, TABLE_DEVICES, device, &entry) || (uint64_t)event >> ((entry & 0x1F) + 1))
        return false;
    *address = (entry & TABLE_ADDRESS) + (uint64_t)event * ENTRY_SIZE;
    return true;
}

static uint32_t event_lpi(uint64_t entry)
{
    return (uint32_t)entry;
}

static uint16_t event_collection(uint64_t entry)
{
    return (uint16_t)(entry >> 32);
}

/* The CPU of a collection, or GICV3_NOBODY. */
static unsigned collection_cpu(const struct gicv3_its *its, uint16_t collection)
{
    uint64_t entry;

    if (!table_read(its, TABLE_COLLECTIONS, collection, &entry) || (uint16_t)entry >= its->gic->config.cpus)
        return GICV3_NOBODY;
    return (uint16_t)entry;
}

/* What a device's event leads to; false: nothing is mapped. */
static bool translate(const struct gicv3_its *its, uint32_t device, uint32_t event, unsigned *cpu, uint32_t *lpi)
{
    uint64_t address, entry;

    if (!event_address(its, device, event, &address) || !read_entry(its, address, &entry))
        return false;
    *cpu = collection_cpu(its, event_collection(entry));
    *lpi = event_lpi(entry);
    return *cpu != GICV3_NOBODY && *lpi >= GICV3_LPI_FIRST && *lpi < GICV3_LPI_END;
}

/* --- commands --- */

static bool map_device(struct gicv3_its *its, uint32_t device, const uint64_t command[4])
{
    uint64_t bits = command[1] & 0x1F;

    if (bits >= ID_BITS)
        return false;
    return table_write(its, TABLE_DEVICES, device,
                       command[2] & VALID ? (command[2] & (VALID | TABLE_ADDRESS)) | bits : 0);
}

static bool map_collection(struct gicv3_its *its, const uint64_t command[4])
{
    uint64_t cpu = command[2] >> 16 & 0xFFFFFFFF;

    if (!(command[2] & VALID))
        return table_write(its, TABLE_COLLECTIONS, command[2] & 0xFFFF, 0);
    return cpu < its->gic->config.cpus && table_write(its, TABLE_COLLECTIONS, command[2] & 0xFFFF, VALID | cpu);
}

static bool map_event(struct gicv3_its *its, uint32_t device, uint32_t event, uint32_t lpi, uint16_t collection)
{
    uint64_t address;

    if (lpi < GICV3_LPI_FIRST || lpi >= GICV3_LPI_END || !event_address(its, device, event, &address))
        return false;
    memory_write64(machine_memory(its->machine), address, VALID | (uint64_t)collection << 32 | lpi);
    return true;
}

static void move_pending(struct gicv3_its *its, unsigned from, unsigned to, uint32_t lpi)
{
    if (from == to || !gicv3_lpi_pending(&its->gic->cpu[from], lpi))
        return;
    gicv3_lpi_set_pending(its->gic, from, lpi, false);
    gicv3_lpi_set_pending(its->gic, to, lpi, true);
}

static bool move_event(struct gicv3_its *its, uint32_t device, uint32_t event, uint16_t collection)
{
    unsigned from, to = collection_cpu(its, collection);
    uint64_t address;
    uint32_t lpi;

    if (to == GICV3_NOBODY || !translate(its, device, event, &from, &lpi) ||
        !event_address(its, device, event, &address))
        return false;
    move_pending(its, from, to, lpi);
    return map_event(its, device, event, lpi, collection);
}

static bool move_all(struct gicv3_its *its, const uint64_t command[4])
{
    uint64_t from = command[2] >> 16 & 0xFFFFFFFF, to = command[3] >> 16 & 0xFFFFFFFF;

    if (from >= its->gic->config.cpus || to >= its->gic->config.cpus)
        return false;
    for (uint32_t lpi = GICV3_LPI_FIRST; lpi < GICV3_LPI_END; lpi++)
        move_pending(its, (unsigned)from, (unsigned)to, lpi);
    return true;
}

/* INT, CLEAR, INV and DISCARD: what they do to an event that is mapped. */
static bool event_command(struct gicv3_its *its, enum command code, uint32_t device, uint32_t event)
{
    uint64_t address;
    unsigned cpu;
    uint32_t lpi;

    if (!translate(its, device, event, &cpu, &lpi))
        return false;
    if (code == INV)
        gicv3_lpi_invalidate(its->gic, cpu, lpi);
    else
        gicv3_lpi_set_pending(its->gic, cpu, lpi, code == INT);
    if (code == DISCARD && event_address(its, device, event, &address))
        memory_write64(machine_memory(its->machine), address, 0);
    return true;
}

static bool invalidate_all(struct gicv3_its *its, uint16_t collection)
{
    unsigned cpu = collection_cpu(its, collection);

    if (cpu == GICV3_NOBODY)
        return false;
    gicv3_lpi_invalidate_all(its->gic, cpu);
    return true;
}

static bool execute(struct gicv3_its *its, const uint64_t command[4])
{
    uint32_t device = (uint32_t)(command[0] >> 32), event = (uint32_t)command[1];
    uint16_t collection = (uint16_t)command[2];

    switch ((enum command)(command[0] & 0xFF)) {
    case MAPD:
        return map_device(its, device, command);
    case MAPC:
        return map_collection(its, command);
    case MAPTI:
        return map_event(its, device, event, (uint32_t)(command[1] >> 32), collection);
    case MAPI:
        return map_event(its, device, event, event, collection);
    case MOVI:
        return move_event(its, device, event, collection);
    case MOVALL:
        return move_all(its, command);
    case INT:
    case CLEAR:
    case INV:
    case DISCARD:
        return event_command(its, command[0] & 0xFF, device, event);
    case INVALL:
        return invalidate_all(its, collection);
    case SYNC: /* everything is done at once */
        return true;
    }
    return false;
}

/* A command that cannot be executed is passed over. */
static void run_queue(struct gicv3_its *its)
{
    uint64_t size = ((its->queue_base & 0xFF) + 1) * 4096;

    if (!(its->control & CTLR_ENABLED) || !(its->queue_base & VALID))
        return;
    if (its->queue_writer >= size || its->queue_reader >= size) {
        machine_guest_error(its->machine, "its", "GITS_CWRITER 0x%" PRIx64 " is outside of the queue",
                            its->queue_writer);
        return;
    }
    while (its->queue_reader != its->queue_writer) {
        uint64_t address = (its->queue_base & CBASER_ADDRESS) + its->queue_reader;
        uint8_t bytes[COMMAND_SIZE];
        uint64_t command[4];

        if (!memory_read(machine_memory(its->machine), address, bytes, sizeof(bytes))) {
            machine_guest_error(its->machine, "its", "the command queue is not in memory");
            return;
        }
        for (unsigned i = 0; i < 4; i++)
            command[i] = get_le64(bytes + 8 * i);
        if (!execute(its, command))
            machine_guest_error(its->machine, "its",
                                "command 0x%016" PRIx64 " 0x%016" PRIx64 " 0x%016" PRIx64 " cannot be executed",
                                command[0], command[1], command[2]);
        its->queue_reader = (its->queue_reader + COMMAND_SIZE) % size;
    }
    gicv3_update(its->gic);
}

void gicv3_its_message(struct gicv3_its *its, uint16_t device, uint64_t address, uint32_t data)
{
    unsigned cpu;
    uint32_t lpi;

    if (address != its->address + GITS_TRANSLATER) {
        memory_io_write(machine_memory(its->machine), MEMORY_SPACE_PHYSICAL, address, 4, data);
        return;
    }
    if (!(its->control & CTLR_ENABLED) || !translate(its, device, data, &cpu, &lpi)) {
        machine_guest_error(its->machine, "its", "device 0x%04x sends event %u, which leads nowhere", device, data);
        return;
    }
    gicv3_lpi_set_pending(its->gic, cpu, lpi, true);
    gicv3_update_cpu(its->gic, cpu);
}

/* --- registers --- */

static uint64_t read_register(struct gicv3_its *its, unsigned offset)
{
    unsigned table = (offset - GITS_BASER) / 8;

    if (offset >= GITS_BASER && offset < GITS_BASER_END)
        return table < TABLES ? its->base[table] | BASER_ENTRY_SIZE | table_type[table] << BASER_TYPE_SHIFT : 0;
    switch (offset) {
    case GITS_CTLR: /* and GITS_IIDR */
        return (uint64_t)GICV3_IIDR << 32 | its->control | (its->control & CTLR_ENABLED ? 0 : CTLR_QUIESCENT);
    case GITS_TYPER:
        return TYPER_VALUE;
    case GITS_CBASER:
        return its->queue_base;
    case GITS_CWRITER:
        return its->queue_writer;
    case GITS_CREADR:
        return its->queue_reader;
    case GIC_PIDR2:
        return GICV3_PIDR2;
    }
    if (offset < 0xFFD0 || offset >= 0x10000)
        machine_guest_error(its->machine, "its", "read of reserved register 0x%05x", offset);
    return 0;
}

/* Tables and queue are fixed while the ITS is enabled. */
static bool may_change(struct gicv3_its *its, unsigned offset)
{
    if (its->control & CTLR_ENABLED)
        machine_guest_error(its->machine, "its", "write to register 0x%05x while the ITS is enabled", offset);
    return !(its->control & CTLR_ENABLED);
}

static void write_register(struct gicv3_its *its, unsigned offset, uint64_t value)
{
    unsigned table = (offset - GITS_BASER) / 8;

    if (offset >= GITS_BASER && offset < GITS_BASER_END) {
        if (table < TABLES && may_change(its, offset))
            its->base[table] = value & BASER_WRITABLE;
    } else if (offset == GITS_CTLR) {
        its->control = value & CTLR_ENABLED;
        run_queue(its);
    } else if (offset == GITS_CBASER) {
        if (may_change(its, offset)) {
            its->queue_base = value & CBASER_WRITABLE;
            its->queue_reader = 0;
        }
    } else if (offset == GITS_CWRITER) {
        its->queue_writer = value & QUEUE_OFFSET;
        run_queue(its);
    } else {
        machine_guest_error(its->machine, "its", "write to read-only or reserved register 0x%05x", offset);
    }
}

static bool well_formed(struct gicv3_its *its, uint64_t offset, unsigned size)
{
    if (offset % size == 0)
        return true;
    machine_guest_error(its->machine, "its", "access of %u bytes at offset 0x%05" PRIx64, size, offset);
    return false;
}

static uint64_t its_read(void *opaque, uint64_t offset, unsigned size)
{
    struct gicv3_its *its = opaque;

    return well_formed(its, offset, size) ? read_register(its, offset & ~7u) >> 8 * (offset & 7) : 0;
}

/* Half a register leaves the other half as it is. */
static void its_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct gicv3_its *its = opaque;
    unsigned shift = 8 * (offset & 7);

    if (offset == GITS_TRANSLATER)
        machine_guest_error(its->machine, "its", "write to GITS_TRANSLATER by a CPU, which is no device");
    if (offset == GITS_TRANSLATER || !well_formed(its, offset, size))
        return;
    if (size == 4)
        value = (read_register(its, offset & ~7u) & ~((uint64_t)UINT32_MAX << shift)) | value << shift;
    if (size == 8 || (offset & ~7u) != GITS_CTLR || offset == GITS_CTLR)
        write_register(its, offset & ~7u, value);
}

/* --- device --- */

static void its_reset(void *device)
{
    struct gicv3_its *its = device;

    its->control = 0;
    its->queue_base = its->queue_writer = its->queue_reader = 0;
    for (unsigned i = 0; i < TABLES; i++)
        its->base[i] = 0;
}

static void its_unrealize(void *device)
{
    struct gicv3_its *its = device;

    memory_region_remove(its->region);
    g_free(its);
}

static void after_load(void *object)
{
    struct gicv3_its *its = object;

    /* A stream from elsewhere must not make the queue endless. */
    its->queue_writer &= QUEUE_OFFSET;
    its->queue_reader &= QUEUE_OFFSET;
}

static const struct state_field fields[] = {
    STATE_U32(struct gicv3_its, control),      STATE_U64(struct gicv3_its, queue_base),
    STATE_U64(struct gicv3_its, queue_writer), STATE_U64(struct gicv3_its, queue_reader),
    STATE_U64_ARRAY(struct gicv3_its, base),   STATE_END,
};

static const struct state_table state = {.name = "gicv3-its", .version = 1, .fields = fields, .after_load = after_load};
static const struct device_class its_class = {
    .name = "gicv3-its", .state = &state, .reset = its_reset, .unrealize = its_unrealize};
static const struct memory_region_ops ops = {.read = its_read, .write = its_write, .min_size = 4, .max_size = 8};

struct gicv3_its *gicv3_its_new(struct machine *machine, struct gicv3 *gic, uint64_t address)
{
    struct gicv3_its *its = g_new0(struct gicv3_its, 1);

    its->machine = machine;
    its->gic = gic;
    its->address = address;
    its->region =
        memory_add_io(machine_memory(machine), MEMORY_SPACE_PHYSICAL, "its", address, GICV3_ITS_SIZE, 0, &ops, its);
    machine_add_device(machine, &its_class, its, "its");
    return its;
}
