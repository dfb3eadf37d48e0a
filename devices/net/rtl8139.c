/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The RTL8139C+: registers, interrupts, life.  Datasheet chapter 6. */
#include "devices/net/rtl8139.h"

#include <inttypes.h>
#include <string.h>

#include "devices/net/rtl8139_internal.h"
#include "emu/bytes.h"

enum {
    IO_BAR = 0,
    MEMORY_BAR = 1,
    BAR_SIZE = 256,

    TCR_VERSION = 0x74800000, /* 8139C+ */
    TCR_WRITABLE = 0x03061FF0,
    RCR_WRITABLE = 0x0F03FFBF,
    REVISION = 0x20,

    EEM_MASK = 3 << 6,
    EEM_PROGRAM = 2 << 6, /* the EEPROM's pins are driven */
    EEM_UNLOCK = 3 << 6,
    EECS = 1 << 3,
    EESK = 1 << 2,
    EEDI = 1 << 1,
    EEDO = 1 << 0,

    BMCR_RESET = 1 << 15,
    BMCR_RESTART = 1 << 9,
    BMCR_VALUE = 0x3100, /* negotiates; 100 Mb/s, full duplex */

    TPPOLL_HPQ = 1 << 7,
    TPPOLL_NPQ = 1 << 6,
    DTCCR_CMD = 1 << 3,
    TALLY_SIZE = 64,
    TICK_NS = 30, /* of TCTR: the bus has 33 MHz */
};

/* --- interrupts --- */

static void update_line(struct rtl8139 *rtl)
{
    pci_set_intx(&rtl->pci, rtl_get16(rtl, RTL_ISR) & rtl_get16(rtl, RTL_IMR));
}

void rtl8139_interrupt(struct rtl8139 *rtl, uint16_t causes)
{
    put_le16(rtl->reg + RTL_ISR, rtl_get16(rtl, RTL_ISR) | causes);
    update_line(rtl);
}

/* --- the timer --- */

static uint32_t counter(const struct rtl8139 *rtl)
{
    return (uint32_t)((machine_now(rtl->machine) - rtl->counter_start) / TICK_NS);
}

/* It counts on after it has reached TIMERINT, and reaches it again when it has gone round. */
static void set_timeout(struct rtl8139 *rtl)
{
    uint32_t target = rtl_get32(rtl, RTL_TIMERINT), left = target - counter(rtl);
    int64_t ticks = left ? (int64_t)left : INT64_C(1) << 32;

    clock_timer_set(rtl->timeout, target ? machine_now(rtl->machine) + ticks * TICK_NS : CLOCK_NEVER);
}

static void timed_out(void *opaque)
{
    struct rtl8139 *rtl = opaque;

    set_timeout(rtl);
    rtl8139_interrupt(rtl, RTL_ISR_TIMEOUT);
}

static void look_again(void *opaque)
{
    rtl8139_receive(opaque);
}

/* --- reset --- */

/* By CR.RST, and at power-on: all but addresses, configuration and PHY. */
static void reset_device(struct rtl8139 *rtl)
{
    memset(rtl->reg + RTL_TSD0, 0, RTL_9346CR - RTL_TSD0);
    for (unsigned i = 0; i < 4; i++)
        put_le32(rtl->reg + RTL_TSD0 + 4 * i, RTL_TSD_OWN);
    put_le32(rtl->reg + RTL_TIMERINT, 0);
    put_le16(rtl->reg + RTL_MULINT, 0);
    memset(rtl->reg + RTL_CPCR, 0, RTL_REGISTERS - RTL_CPCR);
    rtl->reg[RTL_9346CR] = 0;
    rtl->counter_start = machine_now(rtl->machine);
    rtl->transmit_next[0] = rtl->transmit_next[1] = 0;
    rtl->packet_length = rtl->packet_options[0] = rtl->packet_options[1] = 0;
    rtl->packet_too_long = false;
    eeprom_reset(&rtl->eeprom);
    rtl8139_receive_reset(rtl);
    clock_timer_set(rtl->timeout, CLOCK_NEVER);
    update_line(rtl);
}

/* What the EEPROM brings at power-on, and a PHY that has negotiated; nobody pulls the cable. */
static void load_configuration(struct rtl8139 *rtl)
{
    for (unsigned i = 0; i < 3; i++)
        put_le16(rtl->reg + RTL_IDR0 + 2 * i, rtl->eeprom.word[7 + i]);
    rtl->reg[RTL_CONFIG1] = 0x0D; /* both BARs, power management */
    rtl->reg[RTL_RERID] = REVISION;
    put_le16(rtl->reg + RTL_BMCR, BMCR_VALUE);
    put_le16(rtl->reg + RTL_BMSR, 0x782D);
    put_le16(rtl->reg + RTL_ANAR, 0x05E1);
    put_le16(rtl->reg + RTL_ANLPAR, 0x45E1);
    put_le16(rtl->reg + RTL_ANER, 0x0001);
    put_le32(rtl->reg + RTL_CSCR, 0x0400); /* link */
}

/* --- registers: each has a width, and parts of it may be written --- */

static unsigned width_of(unsigned offset)
{
    static const struct {
        uint8_t last, width;
    } widths[] = {{0x33, 4}, {0x35, 2}, {0x37, 1}, {0x3F, 2}, {0x4F, 4}, {0x53, 1}, {0x57, 4}, {0x5B, 1}, {0x5D, 2},
                  {0x5F, 1}, {0x73, 2}, {0xD7, 4}, {0xD9, 1}, {0xDB, 2}, {0xDF, 4}, {0xE3, 2}, {0xEB, 4}, {0xEF, 1}};

    for (unsigned i = 0; i < G_N_ELEMENTS(widths); i++)
        if (offset <= widths[i].last)
            return widths[i].width;
    return 4;
}

static bool unlocked(const struct rtl8139 *rtl)
{
    return (rtl->reg[RTL_9346CR] & EEM_MASK) == EEM_UNLOCK;
}

/* Of those that keep what is written: their bits. */
static uint32_t writable(const struct rtl8139 *rtl, unsigned offset)
{
    static const struct {
        uint8_t first, last;
        bool locked;
        uint32_t bits;
    } plain[] = {
        {RTL_IDR0, RTL_IDR0 + 3, true, UINT32_MAX},
        {RTL_IDR0 + 4, RTL_IDR0 + 7, true, 0xFFFF},
        {RTL_MAR0, RTL_RBSTART, false, UINT32_MAX},
        {RTL_IMR, RTL_IMR, false, RTL_ISR_ALL},
        {RTL_TCR, RTL_TCR, false, TCR_WRITABLE},
        {RTL_RCR, RTL_RCR, false, RCR_WRITABLE},
        {RTL_TIMERINT, RTL_TIMERINT, false, UINT32_MAX},
        {RTL_CONFIG0, RTL_CONFIG0, true, 0},
        {RTL_CONFIG1, RTL_CONFIG1, true, 0xF1},
        {RTL_CONFIG3, RTL_CONFIG3, true, 0x70},
        {RTL_CONFIG4, RTL_CONFIG4, true, 0xFF},
        {RTL_CONFIG5, RTL_CONFIG5, true, 0x7F},
        {RTL_MULINT, RTL_MULINT, false, 0x0FFF},
        {RTL_ANAR, RTL_ANAR, false, 0xFFFF},
        {RTL_NWAYTR, RTL_NWAYTR, false, 0xFF},
        {RTL_PHY, RTL_FLASH, false, UINT32_MAX},
        {RTL_CPCR, RTL_CPCR, false, 0x007F},
        {RTL_RDSAR, RTL_RDSAR + 7, false, UINT32_MAX},
        {RTL_ETTHR, RTL_ETTHR, false, 0x3F},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(plain); i++)
        if (offset >= plain[i].first && offset <= plain[i].last)
            return plain[i].locked && !unlocked(rtl) ? 0 : plain[i].bits;
    return 0;
}

static void store(struct rtl8139 *rtl, unsigned offset, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++)
        rtl->reg[offset + i] = (uint8_t)(value >> 8 * i);
}

static void write_command(struct rtl8139 *rtl, uint8_t value)
{
    uint8_t before = rtl->reg[RTL_CR];

    if (value & RTL_CR_RST) {
        reset_device(rtl);
        return;
    }
    rtl->reg[RTL_CR] = value & (RTL_CR_RE | RTL_CR_TE);
    if (~before & value & RTL_CR_RE)
        rtl8139_receive_reset(rtl);
    if (~before & value & RTL_CR_TE && !rtl_cplus(rtl))
        rtl8139_transmit(rtl);
}

static void write_9346(struct rtl8139 *rtl, uint8_t value)
{
    bool pins = (value & EEM_MASK) == EEM_PROGRAM;

    rtl->reg[RTL_9346CR] = value & ~EEDO;
    eeprom_drive(&rtl->eeprom, pins && value & EECS, pins && value & EESK, value & EEDI);
}

static void write_bmcr(struct rtl8139 *rtl, uint16_t value)
{
    if (unlocked(rtl))
        put_le16(rtl->reg + RTL_BMCR, value & BMCR_RESET ? BMCR_VALUE : value & (uint16_t)~BMCR_RESTART);
}

/* Counts of what has passed to the guest's memory: section 6.3. */
static void dump_tally(struct rtl8139 *rtl)
{
    uint64_t address = get_le64(rtl->reg + RTL_DTCCR) & ~(uint64_t)(TALLY_SIZE - 1);
    uint8_t tally[TALLY_SIZE] = {0};

    put_le64(tally, rtl->tally.sent);
    put_le64(tally + 8, rtl->tally.received);
    put_le16(tally + 28, rtl->tally.missed);
    put_le64(tally + 40, rtl->tally.unicast);
    put_le64(tally + 48, rtl->tally.broadcast);
    put_le32(tally + 56, rtl->tally.multicast);
    rtl->running = true;
    if (!pci_dma_write(&rtl->pci, address, tally, sizeof(tally)))
        machine_guest_error(rtl->machine, rtl->id, "the counters at 0x%" PRIx64 " cannot be written", address);
    rtl->running = false;
    rtl->reg[RTL_DTCCR] &= (uint8_t)~DTCCR_CMD;
}

/* After a register that keeps its value was written. */
static void written(struct rtl8139 *rtl, unsigned offset)
{
    bool cplus = rtl_cplus(rtl);

    switch (offset) {
    case RTL_DTCCR:
        if (cplus && rtl->reg[RTL_DTCCR] & DTCCR_CMD)
            dump_tally(rtl);
        break;
    case RTL_TNPDS:
    case RTL_THPDS:
        rtl->transmit_next[offset == RTL_THPDS] = 0;
        break;
    case RTL_RDSAR:
        rtl->receive_next = 0;
        break;
    case RTL_IMR:
        update_line(rtl);
        rtl8139_receive(rtl); /* drivers do this when they have given descriptors */
        break;
    case RTL_TIMERINT:
        set_timeout(rtl);
        break;
    default:
        break;
    }
    if (!cplus && offset >= RTL_TSD0 && offset < RTL_TSAD0)
        rtl8139_transmit(rtl);
}

/* The whole register at @offset. */
static void write_register(struct rtl8139 *rtl, unsigned offset, unsigned width, uint32_t value)
{
    switch (offset) {
    case RTL_CR:
        write_command(rtl, (uint8_t)value);
        return;
    case RTL_CAPR:
        put_le16(rtl->reg + RTL_CAPR, (uint16_t)value);
        rtl8139_receive(rtl);
        return;
    case RTL_ISR:
        put_le16(rtl->reg + RTL_ISR, rtl_get16(rtl, RTL_ISR) & (uint16_t)~value);
        update_line(rtl);
        return;
    case RTL_TCTR:
        rtl->counter_start = machine_now(rtl->machine);
        set_timeout(rtl);
        return;
    case RTL_MPC:
        put_le32(rtl->reg + RTL_MPC, 0);
        return;
    case RTL_9346CR:
        write_9346(rtl, (uint8_t)value);
        return;
    case RTL_BMCR:
        write_bmcr(rtl, (uint16_t)value);
        return;
    case RTL_TPPOLL:
        if (value & TPPOLL_HPQ)
            rtl8139_transmit_ring(rtl, 1);
        if (value & TPPOLL_NPQ)
            rtl8139_transmit_ring(rtl, 0);
        return;
    default:
        break;
    }
    uint32_t bits = writable(rtl, offset);
    store(rtl, offset, width, (get_le(rtl->reg + offset, width) & ~bits) | (value & bits));
    if (bits)
        written(rtl, offset);
}

/* TSAD: OWN, aborted, underrun and OK of the four descriptors. */
static uint32_t transmit_summary(const struct rtl8139 *rtl)
{
    uint32_t summary = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint32_t tsd = rtl_get32(rtl, RTL_TSD0 + 4 * i);

        summary |= (tsd & RTL_TSD_OWN ? 1u << i : 0) | (tsd & RTL_TSD_TABT ? 1u << (4 + i) : 0) |
                   (tsd & RTL_TSD_TOK ? 1u << (12 + i) : 0);
    }
    return summary;
}

static uint32_t read_register(const struct rtl8139 *rtl, unsigned offset, unsigned width)
{
    uint32_t value = get_le(rtl->reg + offset, width);

    switch (offset) {
    case RTL_CR:
        return value | (rtl_get16(rtl, RTL_CBR) == (uint16_t)(rtl_get16(rtl, RTL_CAPR) + 16) ? RTL_CR_BUFE : 0);
    case RTL_TCR:
        return value | TCR_VERSION;
    case RTL_TCTR:
        return counter(rtl);
    case RTL_9346CR:
        return value | (rtl->eeprom.data ? EEDO : 0);
    case RTL_TSAD:
        return transmit_summary(rtl);
    default:
        return value;
    }
}

static bool reachable(struct rtl8139 *rtl)
{
    if (rtl->running)
        machine_guest_error(rtl->machine, rtl->id, "its own DMA goes to its registers");
    return !rtl->running;
}

static uint64_t bar_read(void *opaque, uint64_t offset, unsigned size)
{
    struct rtl8139 *rtl = opaque;
    uint64_t value = 0;

    if (!reachable(rtl))
        return 0;
    for (unsigned done = 0; done < size;) {
        unsigned at = (unsigned)offset + done, width = width_of(at), start = at & ~(width - 1);
        unsigned part = MIN(start + width - at, size - done);
        uint64_t whole = read_register(rtl, start, width) >> 8 * (at - start);

        value |= (whole & all_ones(part)) << 8 * done;
        done += part;
    }
    return value;
}

static void bar_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct rtl8139 *rtl = opaque;

    if (!reachable(rtl))
        return;
    for (unsigned done = 0; done < size;) {
        unsigned at = (unsigned)offset + done, width = width_of(at), start = at & ~(width - 1);
        unsigned part = MIN(start + width - at, size - done), shift = 8 * (at - start);
        uint32_t mask = (uint32_t)all_ones(part) << shift;
        uint32_t others = start == RTL_ISR ? 0 : get_le(rtl->reg + start, width) & ~mask;

        write_register(rtl, start, width, others | ((uint32_t)(value >> 8 * done) << shift & mask));
        done += part;
    }
}

static const struct memory_region_ops bar_ops = {bar_read, bar_write, .min_size = 1, .max_size = 4};

static const struct pci_identity identity = {
    .vendor = 0x10EC,
    .device = 0x8139,
    .subsystem_vendor = 0x1AF4,
    .subsystem = 0x1100,
    .class_code = 0x020000,
    .revision = REVISION,
    .interrupt_pin = 1,
    .bar = {[IO_BAR] = {.type = PCI_BAR_IO, .size = BAR_SIZE, .ops = &bar_ops},
            [MEMORY_BAR] = {.type = PCI_BAR_MEMORY32, .size = BAR_SIZE, .ops = &bar_ops}},
};

/* --- life --- */

static void deliver(void *opaque, const uint8_t *data, size_t length)
{
    rtl8139_arrive(opaque, data, length);
}

static void device_reset(void *device)
{
    struct rtl8139 *rtl = device;

    pci_function_reset(&rtl->pci);
    memset(rtl->reg, 0, sizeof(rtl->reg));
    rtl->tally = (struct rtl8139_tally){0};
    load_configuration(rtl);
    reset_device(rtl);
}

static void device_unrealize(void *device)
{
    struct rtl8139 *rtl = device;

    net_backlog_clear(&rtl->backlog);
    clock_timer_free(rtl->timeout);
    clock_timer_free(rtl->again);
    pci_function_finalize(&rtl->pci);
    g_free(rtl->id);
    g_free(rtl);
}

static void save_packet(void *object, struct state_writer *out)
{
    struct rtl8139 *rtl = object;

    state_put_u32(out, rtl->packet_length);
    state_put_bytes(out, rtl->packet, rtl->packet_length);
}

static bool load_packet(void *object, struct state_reader *in)
{
    struct rtl8139 *rtl = object;

    rtl->packet_length = state_get_u32(in);
    if (rtl->packet_length > sizeof(rtl->packet)) {
        rtl->packet_length = 0;
        return false;
    }
    return state_get_bytes(in, rtl->packet, rtl->packet_length);
}

static const struct state_field tally_fields[] = {
    STATE_U64(struct rtl8139_tally, sent),
    STATE_U64(struct rtl8139_tally, received),
    STATE_U16(struct rtl8139_tally, missed),
    STATE_U64(struct rtl8139_tally, unicast),
    STATE_U64(struct rtl8139_tally, broadcast),
    STATE_U32(struct rtl8139_tally, multicast),
    STATE_END,
};

static const struct state_table tally_state = {.name = "rtl8139-tally", .version = 1, .fields = tally_fields};

static const struct state_field fields[] = {
    STATE_STRUCT(struct rtl8139, pci, &pci_function_state),
    STATE_U8_ARRAY(struct rtl8139, reg),
    STATE_STRUCT(struct rtl8139, eeprom, &eeprom_state),
    STATE_STRUCT(struct rtl8139, backlog, &net_backlog_state),
    STATE_STRUCT(struct rtl8139, tally, &tally_state),
    STATE_U8_ARRAY(struct rtl8139, transmit_next),
    STATE_U8(struct rtl8139, receive_next),
    STATE_U64(struct rtl8139, counter_start),
    STATE_TIMER(struct rtl8139, timeout),
    STATE_TIMER(struct rtl8139, again),
    STATE_U64(struct rtl8139, patience),
    STATE_CUSTOM("packet", save_packet, load_packet),
    STATE_U32_ARRAY(struct rtl8139, packet_options),
    STATE_BOOL(struct rtl8139, packet_too_long),
    STATE_END,
};

static const struct state_table table = {.name = "rtl8139", .version = 1, .fields = fields};

static const struct device_class device_class = {
    .name = "rtl8139", .state = &table, .reset = device_reset, .unrealize = device_unrealize};

struct rtl8139 *rtl8139_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn, const uint8_t mac[6],
                            struct net_output output, const char *source, const char *id)
{
    struct rtl8139 *rtl = g_new0(struct rtl8139, 1);

    rtl->machine = machine;
    rtl->id = g_strdup(id);
    rtl->output = output;
    g_queue_init(&rtl->backlog.frames);
    rtl->timeout = clock_timer_new(machine_clock(machine), id, timed_out, rtl);
    rtl->again = clock_timer_new(machine_clock(machine), id, look_again, rtl);
    rtl->eeprom.word[0] = 0x8129; /* there is something in it */
    rtl->eeprom.word[1] = identity.vendor;
    rtl->eeprom.word[2] = identity.device;
    rtl->eeprom.word[3] = identity.subsystem_vendor;
    rtl->eeprom.word[4] = identity.subsystem;
    for (unsigned i = 0; i < 3; i++)
        rtl->eeprom.word[7 + i] = get_le16(mac + 2 * i);
    pci_function_init(&rtl->pci, bus, devfn, &identity, rtl);
    journal_source_new(machine_journal(machine), source, deliver, rtl);
    machine_add_device(machine, &device_class, rtl, id);
    return rtl;
}
