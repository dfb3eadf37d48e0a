/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82540EM: registers, interrupts, life.  Intel 317453 chapter 13. */
#include "devices/net/e1000.h"

#include <inttypes.h>
#include <string.h>

#include "devices/net/e1000_internal.h"
#include "emu/bytes.h"

enum {
    MEMORY_BAR = 0,
    MEMORY_SIZE = 128 << 10,
    IO_BAR = 1,
    IO_SIZE = 64,
    IOADDR = 0,
    IODATA = 4,

    CTRL_RST = 1 << 26,
    CTRL_RESET_VALUE = 0x00000241, /* full duplex, 1000 Mb/s, link up */
    STATUS_VALUE = 0x00000383,     /* the same, as it is */
    RCTL_EN = 1 << 1,
    ITR_UNIT_NS = 256,
    RING_BASE_MASK = ~15,
    RING_LENGTH_MASK = 0xFFF80,
    ADDRESS_VALID = INT32_MIN,
};
#define CTRL_PHY_RST (UINT32_C(1) << 31)

/* --- interrupts --- */

/* The throttle register keeps interrupts apart; causes gather meanwhile. */
static void update_line(struct e1000 *e1000)
{
    uint32_t interval = *e1000_reg(e1000, E1000_ITR) & 0xFFFF;

    if (!(*e1000_reg(e1000, E1000_ICR) & *e1000_reg(e1000, E1000_IMS))) {
        pci_set_intx(&e1000->pci, false);
        return;
    }
    if (e1000->pci.intx_level || clock_timer_deadline(e1000->throttle) != CLOCK_NEVER)
        return;
    pci_set_intx(&e1000->pci, true);
    if (interval)
        clock_timer_set(e1000->throttle, machine_now(e1000->machine) + (int64_t)interval * ITR_UNIT_NS);
}

static void throttle_over(void *opaque)
{
    update_line(opaque);
}

void e1000_interrupt(struct e1000 *e1000, uint32_t causes)
{
    *e1000_reg(e1000, E1000_ICR) |= causes;
    update_line(e1000);
}

void e1000_count(struct e1000 *e1000, unsigned offset)
{
    uint32_t *counter = e1000_reg(e1000, offset);

    if (*counter != UINT32_MAX)
        ++*counter;
}

void e1000_count64(struct e1000 *e1000, unsigned offset, uint64_t amount)
{
    uint32_t *low = e1000_reg(e1000, offset), *high = e1000_reg(e1000, offset + 4);
    uint64_t sum = (*low | (uint64_t)*high << 32) + amount;

    *low = (uint32_t)sum;
    *high = (uint32_t)(sum >> 32);
}

/* --- reset --- */

/* By CTRL.RST, and at power-on: all but the PHY. */
static void reset_device(struct e1000 *e1000)
{
    memset(e1000->reg, 0, sizeof(e1000->reg));
    *e1000_reg(e1000, E1000_CTRL) = CTRL_RESET_VALUE;
    *e1000_reg(e1000, E1000_STATUS) = STATUS_VALUE;
    *e1000_reg(e1000, E1000_VET) = 0x8100;
    *e1000_reg(e1000, E1000_PBA) = 0x00100030;
    *e1000_reg(e1000, E1000_LEDCTL) = 0x07068302;
    *e1000_reg(e1000, E1000_RAL) = e1000->eeprom.word[0] | (uint32_t)e1000->eeprom.word[1] << 16;
    *e1000_reg(e1000, E1000_RAH) = e1000->eeprom.word[2] | (uint32_t)ADDRESS_VALID;
    e1000_eeprom_reset(e1000);
    net_backlog_clear(&e1000->backlog);
    e1000->context = e1000->segment_context = (struct e1000_context){0};
    e1000->packet_length = 0;
    e1000->packet_options = 0;
    e1000->packet_segments = e1000->packet_too_long = false;
    clock_timer_set(e1000->later, CLOCK_NEVER);
    clock_timer_set(e1000->throttle, CLOCK_NEVER);
    update_line(e1000);
}

/* --- registers --- */

/* Registers that keep what is written, as ranges, each with the bits that they have. */
static const struct {
    unsigned first, last;
    uint32_t bits;
} plain[] = {
    {E1000_CTRL_EXT, E1000_CTRL_EXT, UINT32_MAX},
    {E1000_FLA, E1000_FLA, UINT32_MAX},
    {E1000_FCAL, E1000_FCT, UINT32_MAX},
    {E1000_VET, E1000_VET, 0xFFFF},
    {E1000_ITR, E1000_ITR, 0xFFFF},
    {E1000_FCTTV, E1000_TXCW, UINT32_MAX},
    {E1000_TIPG, E1000_TIPG, UINT32_MAX},
    {E1000_AIT, E1000_AIT, UINT32_MAX},
    {E1000_LEDCTL, E1000_LEDCTL, UINT32_MAX},
    {E1000_PBA, E1000_PBA, UINT32_MAX},
    {E1000_FCRTL, E1000_FCRTH, UINT32_MAX},
    {E1000_RDBAL, E1000_RDBAL, (uint32_t)RING_BASE_MASK},
    {E1000_RDBAH, E1000_RDBAH, UINT32_MAX},
    {E1000_RDLEN, E1000_RDLEN, RING_LENGTH_MASK},
    {E1000_RDH, E1000_RDH, 0xFFFF},
    {E1000_RDTR, E1000_RADV, UINT32_MAX},
    {E1000_RSRPD, E1000_RSRPD, 0xFFF},
    {E1000_TXDMAC, E1000_TXDMAC, 1},
    {E1000_TDBAL, E1000_TDBAL, (uint32_t)RING_BASE_MASK},
    {E1000_TDBAH, E1000_TDBAH, UINT32_MAX},
    {E1000_TDLEN, E1000_TDLEN, RING_LENGTH_MASK},
    {E1000_TDH, E1000_TDH, 0xFFFF},
    {E1000_TIDV, E1000_TSPMT, UINT32_MAX},
    {E1000_RXCSUM, E1000_RXCSUM, 0x3FF},
    {E1000_MTA, E1000_RA_END - 4, UINT32_MAX},
    {E1000_VFTA, E1000_VFTA + 127 * 4, UINT32_MAX},
    {E1000_WUC, E1000_REGISTERS_END - 4, UINT32_MAX}, /* wake-up and manageability, which lead to nothing */
};

static void write_plain(struct e1000 *e1000, unsigned offset, uint32_t value)
{
    if (offset >= E1000_STATISTICS && offset < E1000_STATISTICS_END)
        return; /* read-only */
    for (unsigned i = 0; i < G_N_ELEMENTS(plain); i++)
        if (offset >= plain[i].first && offset <= plain[i].last) {
            *e1000_reg(e1000, offset) = value & plain[i].bits;
            return;
        }
    machine_guest_error(e1000->machine, e1000->id, "write of 0x%08" PRIx32 " to register 0x%04x, which is not there",
                        value, offset);
}

static void write_ctrl(struct e1000 *e1000, uint32_t value)
{
    if (value & CTRL_PHY_RST)
        e1000_phy_reset(e1000);
    if (value & CTRL_RST)
        reset_device(e1000);
    else
        *e1000_reg(e1000, E1000_CTRL) = value & ~CTRL_PHY_RST;
}

static void write_rctl(struct e1000 *e1000, uint32_t value)
{
    *e1000_reg(e1000, E1000_RCTL) = value;
    if (!(value & RCTL_EN))
        net_backlog_clear(&e1000->backlog);
    e1000_receive(e1000);
}

static void write_interrupts(struct e1000 *e1000, unsigned offset, uint32_t value)
{
    switch (offset) {
    case E1000_ICR:
        *e1000_reg(e1000, E1000_ICR) &= ~value;
        break;
    case E1000_ICS:
        *e1000_reg(e1000, E1000_ICR) |= value;
        break;
    case E1000_IMS:
        *e1000_reg(e1000, E1000_IMS) |= value;
        break;
    default: /* IMC */
        *e1000_reg(e1000, E1000_IMS) &= ~value;
        break;
    }
    update_line(e1000);
}

static void write_register(struct e1000 *e1000, unsigned offset, uint32_t value)
{
    switch (offset) {
    case E1000_CTRL:
    case E1000_CTRL + 4: /* its shadow */
        write_ctrl(e1000, value);
        break;
    case E1000_STATUS:
    case E1000_RXCW:
        break; /* read-only */
    case E1000_EECD:
        e1000_write_eecd(e1000, value);
        break;
    case E1000_EERD:
        e1000_write_eerd(e1000, value);
        break;
    case E1000_MDIC:
        e1000_write_mdic(e1000, value);
        break;
    case E1000_ICR:
    case E1000_ICS:
    case E1000_IMS:
    case E1000_IMC:
        write_interrupts(e1000, offset, value);
        break;
    case E1000_RCTL:
        write_rctl(e1000, value);
        break;
    case E1000_TCTL:
    case E1000_TDT:
        *e1000_reg(e1000, offset) = offset == E1000_TDT ? value & 0xFFFF : value;
        e1000_transmit(e1000);
        break;
    case E1000_RDT:
        *e1000_reg(e1000, E1000_RDT) = value & 0xFFFF;
        e1000_receive(e1000);
        break;
    default:
        write_plain(e1000, offset, value);
        break;
    }
}

static uint32_t read_register(struct e1000 *e1000, unsigned offset)
{
    uint32_t value = *e1000_reg(e1000, offset);

    switch (offset) {
    case E1000_CTRL + 4:
        return *e1000_reg(e1000, E1000_CTRL);
    case E1000_EECD:
        return e1000_read_eecd(e1000);
    case E1000_ICR:
        *e1000_reg(e1000, E1000_ICR) = 0;
        update_line(e1000);
        return value;
    default:
        if (offset >= E1000_STATISTICS && offset < E1000_STATISTICS_END)
            *e1000_reg(e1000, offset) = 0;
        return value;
    }
}

static bool reachable(struct e1000 *e1000, uint64_t offset)
{
    if (e1000->running)
        machine_guest_error(e1000->machine, e1000->id, "its own DMA goes to its registers");
    else if (offset >= E1000_REGISTERS_END)
        machine_guest_error(e1000->machine, e1000->id, "access to register 0x%" PRIx64 ", which is not there", offset);
    else
        return true;
    return false;
}

static uint64_t memory_bar_read(void *opaque, uint64_t offset, unsigned size)
{
    return reachable(opaque, offset) ? read_register(opaque, (unsigned)offset & ~3u) : 0;
}

static void memory_bar_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    if (reachable(opaque, offset))
        write_register(opaque, (unsigned)offset & ~3u, (uint32_t)value);
}

static const struct memory_region_ops memory_ops = {memory_bar_read, memory_bar_write, .min_size = 4, .max_size = 4};

/* Registers by an address and a data port: section 13.2.2. */
static uint64_t io_bar_read(void *opaque, uint64_t offset, unsigned size)
{
    struct e1000 *e1000 = opaque;

    if (offset == IOADDR)
        return e1000->io_address;
    return offset == IODATA ? memory_bar_read(e1000, e1000->io_address, size) : 0;
}

static void io_bar_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct e1000 *e1000 = opaque;

    if (offset == IOADDR)
        e1000->io_address = (uint32_t)value & ~3u;
    else if (offset == IODATA)
        memory_bar_write(e1000, e1000->io_address, size, value);
}

static const struct memory_region_ops io_ops = {io_bar_read, io_bar_write, .min_size = 4, .max_size = 4};

static const struct pci_identity identity = {
    .vendor = 0x8086,
    .device = 0x100E,
    .subsystem_vendor = 0x1AF4,
    .subsystem = 0x1100,
    .class_code = 0x020000,
    .revision = 3,
    .interrupt_pin = 1,
    .bar = {[MEMORY_BAR] = {.type = PCI_BAR_MEMORY32, .size = MEMORY_SIZE, .ops = &memory_ops},
            [IO_BAR] = {.type = PCI_BAR_IO, .size = IO_SIZE, .ops = &io_ops}},
};

/* --- life --- */

static void deliver(void *opaque, const uint8_t *data, size_t length)
{
    e1000_arrive(opaque, data, length);
}

static void transmit_later(void *opaque)
{
    e1000_transmit(opaque);
}

static void device_reset(void *device)
{
    struct e1000 *e1000 = device;

    pci_function_reset(&e1000->pci);
    e1000->io_address = 0;
    e1000_phy_reset(e1000);
    reset_device(e1000);
}

static void device_unrealize(void *device)
{
    struct e1000 *e1000 = device;

    net_backlog_clear(&e1000->backlog);
    clock_timer_free(e1000->later);
    clock_timer_free(e1000->throttle);
    pci_function_finalize(&e1000->pci);
    g_free(e1000->id);
    g_free(e1000);
}

static void save_packet(void *object, struct state_writer *out)
{
    struct e1000 *e1000 = object;

    state_put_u32(out, e1000->packet_length);
    state_put_bytes(out, e1000->packet, e1000->packet_length);
}

static bool load_packet(void *object, struct state_reader *in)
{
    struct e1000 *e1000 = object;

    e1000->packet_length = state_get_u32(in);
    if (e1000->packet_length > sizeof(e1000->packet)) {
        e1000->packet_length = 0;
        return false;
    }
    return state_get_bytes(in, e1000->packet, e1000->packet_length);
}

static const struct state_field context_fields[] = {
    STATE_U8(struct e1000_context, ipcss),
    STATE_U8(struct e1000_context, ipcso),
    STATE_U8(struct e1000_context, tucss),
    STATE_U8(struct e1000_context, tucso),
    STATE_U16(struct e1000_context, ipcse),
    STATE_U16(struct e1000_context, tucse),
    STATE_U16(struct e1000_context, mss),
    STATE_BOOL(struct e1000_context, tcp),
    STATE_END,
};

static const struct state_table context_state = {.name = "e1000-context", .version = 1, .fields = context_fields};

static const struct state_field fields[] = {
    STATE_STRUCT(struct e1000, pci, &pci_function_state),
    STATE_U32_ARRAY(struct e1000, reg),
    STATE_U32(struct e1000, io_address),
    STATE_U16_ARRAY(struct e1000, phy),
    STATE_STRUCT(struct e1000, eeprom, &eeprom_state),
    STATE_STRUCT(struct e1000, backlog, &net_backlog_state),
    STATE_STRUCT(struct e1000, context, &context_state),
    STATE_STRUCT(struct e1000, segment_context, &context_state),
    STATE_CUSTOM("packet", save_packet, load_packet),
    STATE_U8(struct e1000, packet_options),
    STATE_BOOL(struct e1000, packet_segments),
    STATE_BOOL(struct e1000, packet_too_long),
    STATE_TIMER(struct e1000, later),
    STATE_TIMER(struct e1000, throttle),
    STATE_END,
};

static const struct state_table table = {.name = "e1000", .version = 2, .fields = fields};

static const struct device_class device_class = {
    .name = "e1000", .state = &table, .reset = device_reset, .unrealize = device_unrealize};

struct e1000 *e1000_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, const uint8_t mac[6],
                        struct net_output output, const char *source, const char *id)
{
    struct e1000 *e1000 = g_new0(struct e1000, 1);

    e1000->machine = machine;
    e1000->id = g_strdup(id);
    e1000->output = output;
    g_queue_init(&e1000->backlog.frames);
    e1000->later = clock_timer_new(machine_clock(machine), id, transmit_later, e1000);
    e1000->throttle = clock_timer_new(machine_clock(machine), id, throttle_over, e1000);
    e1000_eeprom_init(e1000, mac);
    pci_function_init(&e1000->pci, bus, devfn, &identity, e1000);
    journal_source_new(machine_journal(machine), source, deliver, e1000);
    machine_add_device(machine, &device_class, e1000, id);
    return e1000;
}
