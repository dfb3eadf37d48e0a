/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMBus host controller.  A transaction is carried out when it is started and reported when its bits would have been
 * sent; block transfers without the 32-byte buffer go on byte by byte as the guest takes them.
 */
#include "devices/platform/smbus.h"

#include <string.h>

enum {
    HST_STS = 0x00,
    HST_CNT = 0x02,
    HST_CMD = 0x03,
    XMIT_SLVA = 0x04,
    HST_D0 = 0x05,
    HST_D1 = 0x06,
    HOST_BLOCK_DB = 0x07,
    PEC = 0x08,
    RCV_SLVA = 0x09,
    SLV_DATA = 0x0A,
    AUX_STS = 0x0C,
    AUX_CTL = 0x0D,
    SMLINK_PIN_CTL = 0x0E,
    SMBUS_PIN_CTL = 0x0F,
    SLV_STS = 0x10,
    SLV_CMD = 0x11,
    REGISTERS = 0x20,

    STS_HOST_BUSY = 0x01,
    STS_INTR = 0x02,
    STS_DEV_ERR = 0x04,
    STS_BUS_ERR = 0x08,
    STS_FAILED = 0x10,
    STS_SMBALERT = 0x20,
    STS_INUSE = 0x40,
    STS_BYTE_DONE = 0x80,
    STS_WRITE_CLEARS = 0xFE,
    STS_INTERRUPTS = STS_INTR | STS_DEV_ERR | STS_BUS_ERR | STS_FAILED | STS_BYTE_DONE,

    CNT_INTREN = 0x01,
    CNT_KILL = 0x02,
    CNT_PROTOCOL = 0x1C,
    CNT_LAST_BYTE = 0x20,
    CNT_START = 0x40,
    CNT_PEC = 0x80,

    AUX_CTL_E32B = 0x02,

    HOSTC = 0x40, /* configuration space */
    HOSTC_ENABLE = 0x01,
    HOSTC_I2C = 0x04,
    HOSTC_RESET = 0x08,

    BLOCK_MAX = 32,
    BYTE_NS = 90000, /* nine bits at 100 kHz */
};

enum protocol { QUICK, BYTE, BYTE_DATA, WORD_DATA, PROCESS_CALL, BLOCK, I2C_READ, BLOCK_PROCESS };

struct eeprom {
    bool present;
    uint8_t pointer;
    uint8_t data[SMBUS_EEPROM_SIZE];
};

struct smbus {
    struct pci_function pci;
    struct machine *machine;
    struct clock_timer *timer;
    uint8_t registers[REGISTERS];
    uint8_t result;            /* status bits that the running transaction ends with */
    uint8_t buffer[BLOCK_MAX]; /* of HOST_BLOCK_DB */
    uint8_t buffer_index;
    bool stepping;       /* a block transfer goes byte by byte */
    uint8_t step, steps; /* bytes done, and in all (I2C: until LAST_BYTE) */
    struct eeprom eeprom[SMBUS_EEPROMS];
};

static void update_interrupt(struct smbus *smbus)
{
    pci_set_intx(&smbus->pci, (smbus->registers[HST_CNT] & CNT_INTREN) && (smbus->registers[HST_STS] & STS_INTERRUPTS));
}

/* --- the bus --- */

static struct eeprom *target(struct smbus *smbus)
{
    unsigned address = smbus->registers[XMIT_SLVA] >> 1;
    struct eeprom *eeprom;

    if (address < SMBUS_EEPROM_FIRST || address >= SMBUS_EEPROM_FIRST + SMBUS_EEPROMS)
        return NULL;
    eeprom = &smbus->eeprom[address - SMBUS_EEPROM_FIRST];
    return eeprom->present ? eeprom : NULL;
}

static uint8_t eeprom_get(struct eeprom *eeprom)
{
    return eeprom->data[eeprom->pointer++];
}

static void eeprom_put(struct eeprom *eeprom, uint8_t value)
{
    eeprom->data[eeprom->pointer++] = value;
}

static bool is_read(const struct smbus *smbus)
{
    return smbus->registers[XMIT_SLVA] & 1;
}

static void transfer_byte(struct smbus *smbus, struct eeprom *eeprom)
{
    if (is_read(smbus))
        smbus->registers[HST_D0] = eeprom_get(eeprom);
    else
        eeprom->pointer = smbus->registers[HST_CMD];
}

static void transfer_data(struct smbus *smbus, struct eeprom *eeprom, unsigned bytes)
{
    eeprom->pointer = smbus->registers[HST_CMD];
    for (unsigned i = 0; i < bytes; i++) {
        if (is_read(smbus))
            smbus->registers[HST_D0 + i] = eeprom_get(eeprom);
        else
            eeprom_put(eeprom, smbus->registers[HST_D0 + i]);
    }
}

/* Block read, block write and I2C read, all bytes at once. */
static bool transfer_block(struct smbus *smbus, struct eeprom *eeprom, enum protocol protocol)
{
    unsigned count = smbus->registers[HST_D0];

    if (protocol == I2C_READ) {
        eeprom->pointer = smbus->registers[HST_D1];
        count = BLOCK_MAX;
    } else {
        eeprom->pointer = smbus->registers[HST_CMD];
        if (is_read(smbus))
            smbus->registers[HST_D0] = (uint8_t)(count = eeprom_get(eeprom));
    }
    if (count == 0 || count > BLOCK_MAX)
        return false;
    for (unsigned i = 0; i < count; i++) {
        if (is_read(smbus) || protocol == I2C_READ)
            smbus->buffer[i] = eeprom_get(eeprom);
        else
            eeprom_put(eeprom, smbus->buffer[i]);
    }
    smbus->buffer_index = 0;
    return true;
}

/* Byte by byte: what comes before the first byte. */
static bool begin_steps(struct smbus *smbus, struct eeprom *eeprom, enum protocol protocol)
{
    eeprom->pointer = smbus->registers[protocol == I2C_READ ? HST_D1 : HST_CMD];
    if (protocol == BLOCK && is_read(smbus))
        smbus->registers[HST_D0] = eeprom_get(eeprom);
    smbus->steps = protocol == I2C_READ ? 0 : smbus->registers[HST_D0];
    smbus->step = 0;
    smbus->stepping = protocol == I2C_READ || (smbus->steps >= 1 && smbus->steps <= BLOCK_MAX);
    return smbus->stepping;
}

static void one_step(struct smbus *smbus)
{
    struct eeprom *eeprom = target(smbus);
    enum protocol protocol = (smbus->registers[HST_CNT] & CNT_PROTOCOL) >> 2;

    if (!eeprom) {
        smbus->stepping = false;
        smbus->result = STS_DEV_ERR;
        return;
    }
    if (is_read(smbus) || protocol == I2C_READ)
        smbus->registers[HOST_BLOCK_DB] = eeprom_get(eeprom);
    else
        eeprom_put(eeprom, smbus->registers[HOST_BLOCK_DB]);
    smbus->step++;
    smbus->result = STS_BYTE_DONE;
}

static bool last_step(const struct smbus *smbus)
{
    return smbus->steps ? smbus->step >= smbus->steps : smbus->registers[HST_CNT] & CNT_LAST_BYTE;
}

/* Carries out what HST_CNT asks for; the bytes on the wire, for the time it takes. */
static unsigned execute(struct smbus *smbus)
{
    enum protocol protocol = (smbus->registers[HST_CNT] & CNT_PROTOCOL) >> 2;
    struct eeprom *eeprom = target(smbus);
    bool done = true;

    smbus->stepping = false;
    smbus->result = STS_INTR;
    if (!eeprom) {
        smbus->result = STS_DEV_ERR;
        return 1;
    }
    switch (protocol) {
    case QUICK:
        return 1;
    case BYTE:
        transfer_byte(smbus, eeprom);
        return 2;
    case BYTE_DATA:
        transfer_data(smbus, eeprom, 1);
        return 3;
    case WORD_DATA:
        transfer_data(smbus, eeprom, 2);
        return 4;
    case BLOCK:
    case I2C_READ:
        if (smbus->registers[AUX_CTL] & AUX_CTL_E32B) {
            done = transfer_block(smbus, eeprom, protocol);
        } else {
            done = begin_steps(smbus, eeprom, protocol);
            if (done)
                one_step(smbus);
        }
        if (!done)
            smbus->result = STS_DEV_ERR;
        return smbus->stepping ? 3 : 3 + BLOCK_MAX;
    default: /* an EEPROM answers no process calls */
        smbus->result = STS_DEV_ERR;
        return 1;
    }
}

static void schedule(struct smbus *smbus, unsigned bytes)
{
    clock_timer_set(smbus->timer, machine_now(smbus->machine) + (int64_t)bytes * BYTE_NS);
}

static void start(struct smbus *smbus)
{
    if (!(smbus->pci.config[HOSTC] & HOSTC_ENABLE)) {
        machine_guest_error(smbus->machine, "smbus", "transaction while HST_EN is clear");
        return;
    }
    if (smbus->registers[HST_STS] & STS_HOST_BUSY) {
        machine_guest_error(smbus->machine, "smbus", "START while a transaction runs");
        return;
    }
    smbus->registers[HST_STS] |= STS_HOST_BUSY;
    schedule(smbus, execute(smbus));
}

static void finish(struct smbus *smbus, uint8_t status)
{
    smbus->stepping = false;
    smbus->registers[HST_STS] = (uint8_t)((smbus->registers[HST_STS] & ~STS_HOST_BUSY) | status);
    clock_timer_set(smbus->timer, CLOCK_NEVER);
    update_interrupt(smbus);
}

static void timer_fired(void *opaque)
{
    struct smbus *smbus = opaque;

    if (smbus->stepping && smbus->result == STS_BYTE_DONE) {
        smbus->registers[HST_STS] |= STS_BYTE_DONE;
        update_interrupt(smbus);
        return;
    }
    finish(smbus, smbus->result);
}

/* The guest has taken a byte, or has put the next one there. */
static void byte_taken(struct smbus *smbus)
{
    if (!smbus->stepping)
        return;
    if (last_step(smbus)) {
        smbus->stepping = false;
        smbus->result = STS_INTR;
    } else {
        one_step(smbus);
    }
    schedule(smbus, 1);
}

/* --- registers --- */

static uint64_t registers_read(void *opaque, uint64_t offset, unsigned size)
{
    struct smbus *smbus = opaque;
    uint8_t value = smbus->registers[offset];

    switch (offset) {
    case HST_STS: /* reading takes the semaphore */
        smbus->registers[HST_STS] |= STS_INUSE;
        return value;
    case HST_CNT:
        smbus->buffer_index = 0; /* resets the pointer into the block buffer */
        return value;
    case HOST_BLOCK_DB:
        if (smbus->registers[AUX_CTL] & AUX_CTL_E32B)
            return smbus->buffer[smbus->buffer_index++ % BLOCK_MAX];
        return value;
    default:
        return value;
    }
}

static void write_status(struct smbus *smbus, uint8_t value)
{
    bool byte_done = smbus->registers[HST_STS] & value & STS_BYTE_DONE;

    smbus->registers[HST_STS] &= (uint8_t) ~(value & STS_WRITE_CLEARS);
    if (byte_done)
        byte_taken(smbus);
    update_interrupt(smbus);
}

static void write_control(struct smbus *smbus, uint8_t value)
{
    smbus->registers[HST_CNT] = value & (uint8_t)~CNT_START; /* START reads as zero */
    if (value & CNT_KILL) {
        if (smbus->registers[HST_STS] & STS_HOST_BUSY)
            finish(smbus, STS_FAILED);
    } else if (value & CNT_START) {
        start(smbus);
    }
    update_interrupt(smbus);
}

static void registers_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct smbus *smbus = opaque;
    uint8_t byte = (uint8_t)value;

    switch (offset) {
    case HST_STS:
        write_status(smbus, byte);
        return;
    case HST_CNT:
        write_control(smbus, byte);
        return;
    case HOST_BLOCK_DB:
        smbus->registers[offset] = byte;
        if (smbus->registers[AUX_CTL] & AUX_CTL_E32B)
            smbus->buffer[smbus->buffer_index++ % BLOCK_MAX] = byte;
        return;
    case AUX_STS:
    case SLV_STS: /* written as ones to clear; nothing sets them here */
        smbus->registers[offset] &= (uint8_t)~byte;
        return;
    case AUX_CTL:
        smbus->registers[offset] = byte & 0x03;
        return;
    case SLV_CMD:
        smbus->registers[offset] = byte & 0x07;
        return;
    case RCV_SLVA:
        smbus->registers[offset] = byte & 0x7F;
        return;
    case HST_CMD:
    case XMIT_SLVA:
    case HST_D0:
    case HST_D1:
    case PEC:
        smbus->registers[offset] = byte;
        return;
    default: /* read-only */
        return;
    }
}

/* Bytes: a wider access is several. */
static const struct memory_region_ops register_ops = {.read = registers_read, .write = registers_write, .max_size = 1};

static const struct pci_identity identity = {
    .vendor = 0x8086,
    .device = 0x2930,
    .subsystem_vendor = 0x1AF4,
    .subsystem = 0x1100,
    .class_code = 0x0C0500,
    .revision = 2,
    .interrupt_pin = 1,
    .multifunction = true,
    .bar[4] = {.type = PCI_BAR_IO, .size = REGISTERS, .ops = &register_ops},
};

/* --- life --- */

static void reset_registers(struct smbus *smbus)
{
    memset(smbus->registers, 0, sizeof(smbus->registers));
    memset(smbus->buffer, 0, sizeof(smbus->buffer));
    smbus->registers[RCV_SLVA] = 0x44;
    smbus->registers[SMLINK_PIN_CTL] = 0x07;
    smbus->registers[SMBUS_PIN_CTL] = 0x07; /* both wires high, clock free */
    smbus->result = smbus->buffer_index = smbus->step = smbus->steps = 0;
    smbus->stepping = false;
    clock_timer_set(smbus->timer, CLOCK_NEVER);
    update_interrupt(smbus);
}

static void config_written(void *device, uint16_t offset, unsigned size)
{
    struct smbus *smbus = device;

    if (offset > HOSTC || offset + size <= HOSTC || !(smbus->pci.config[HOSTC] & HOSTC_RESET))
        return;
    smbus->pci.config[HOSTC] &= (uint8_t)~HOSTC_RESET; /* done at once */
    reset_registers(smbus);
}

static void smbus_reset(void *device)
{
    struct smbus *smbus = device;

    pci_function_reset(&smbus->pci);
    reset_registers(smbus);
    for (unsigned i = 0; i < SMBUS_EEPROMS; i++)
        smbus->eeprom[i].pointer = 0;
}

static void smbus_unrealize(void *device)
{
    struct smbus *smbus = device;

    clock_timer_free(smbus->timer);
    pci_function_finalize(&smbus->pci);
    g_free(smbus);
}

static const struct state_field eeprom_fields[] = {
    STATE_U8(struct eeprom, pointer),
    STATE_U8_ARRAY(struct eeprom, data),
    STATE_END,
};

static const struct state_table eeprom_state = {.name = "smbus-eeprom", .version = 1, .fields = eeprom_fields};

static const struct state_field fields[] = {
    STATE_STRUCT(struct smbus, pci, &pci_function_state),
    STATE_TIMER(struct smbus, timer),
    STATE_U8_ARRAY(struct smbus, registers),
    STATE_U8(struct smbus, result),
    STATE_U8_ARRAY(struct smbus, buffer),
    STATE_U8(struct smbus, buffer_index),
    STATE_BOOL(struct smbus, stepping),
    STATE_U8(struct smbus, step),
    STATE_U8(struct smbus, steps),
    STATE_STRUCT_ARRAY(struct smbus, eeprom, &eeprom_state),
    STATE_END,
};

static const struct state_table smbus_state = {.name = "ich9-smbus", .version = 1, .fields = fields};

static const struct device_class smbus_class = {
    .name = "ich9-smbus",
    .state = &smbus_state,
    .reset = smbus_reset,
    .unrealize = smbus_unrealize,
};

struct smbus *smbus_new(struct machine *machine, struct pci_bus *bus, uint8_t devfn)
{
    struct smbus *smbus = g_new0(struct smbus, 1);

    smbus->machine = machine;
    smbus->timer = clock_timer_new(machine_clock(machine), "smbus", timer_fired, smbus);
    pci_function_init(&smbus->pci, bus, devfn, &identity, smbus);
    pci_define(&smbus->pci, HOSTC, 1, 0, HOSTC_ENABLE | 0x02 | HOSTC_I2C | HOSTC_RESET, 0);
    smbus->pci.config_written = config_written;
    machine_add_device(machine, &smbus_class, smbus, "smbus");
    return smbus;
}

void smbus_add_eeprom(struct smbus *smbus, uint8_t address, const uint8_t data[SMBUS_EEPROM_SIZE])
{
    struct eeprom *eeprom;

    g_return_if_fail(address >= SMBUS_EEPROM_FIRST && address < SMBUS_EEPROM_FIRST + SMBUS_EEPROMS);
    eeprom = &smbus->eeprom[address - SMBUS_EEPROM_FIRST];
    eeprom->present = true;
    memcpy(eeprom->data, data, SMBUS_EEPROM_SIZE);
}

void smbus_enable(struct smbus *smbus)
{
    pci_config_write(smbus->pci.bus, 0, smbus->pci.devfn, HOSTC, 1, HOSTC_ENABLE);
}
