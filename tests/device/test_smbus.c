/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/platform/smbus.h"

#include "tests/device/fixture.h"

enum {
    BASE = 0x700,
    STS = BASE,
    CNT = BASE + 2,
    CMD = BASE + 3,
    ADDRESS = BASE + 4,
    D0 = BASE + 5,
    D1 = BASE + 6,
    BLOCK_DB = BASE + 7,
    AUX_CTL = BASE + 0x0D
};
enum {
    QUICK = 0,
    BYTE = 1 << 2,
    BYTE_DATA = 2 << 2,
    WORD_DATA = 3 << 2,
    BLOCK = 5 << 2,
    I2C_READ = 6 << 2,
    LAST = 0x20,
    START = 0x40,
    INTERRUPT = 1,
    KILL = 2
};
enum { BUSY = 1, DONE = 2, NO_ANSWER = 4, FAILED = 0x10, IN_USE = 0x40, BYTE_DONE = 0x80 };

struct rig {
    struct machine *machine;
    struct pci_bus *bus;
    struct smbus *smbus;
    bool line[PCI_LINES];
};

static void set_line(void *opaque, unsigned line, bool level)
{
    ((struct rig *)opaque)->line[line] = level;
}

static void rig_init(struct rig *rig)
{
    const struct pci_bus_config config = {.set_line = set_line, .opaque = rig};
    uint8_t data[SMBUS_EEPROM_SIZE];

    *rig = (struct rig){.machine = test_machine()};
    rig->bus = pci_bus_new(rig->machine, &config, "pci");
    rig->smbus = smbus_new(rig->machine, rig->bus, PCI_DEVFN(31, 3));
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i + 3);
    smbus_add_eeprom(rig->smbus, 0x50, data);
    machine_reset(rig->machine);
    pci_config_write(rig->bus, 0, PCI_DEVFN(31, 3), 0x20, 4, BASE);
    pci_config_write(rig->bus, 0, PCI_DEVFN(31, 3), 0x04, 2, 1);
    smbus_enable(rig->smbus);
}

/* Status after a transaction, its flags cleared. */
static uint8_t transact(struct rig *rig, uint8_t address, bool read, uint8_t command, uint8_t protocol)
{
    uint8_t status;

    out8(rig->machine, ADDRESS, (uint8_t)(address << 1 | read));
    out8(rig->machine, CMD, command);
    out8(rig->machine, CNT, protocol | START);
    g_assert_cmphex(in8(rig->machine, STS) & BUSY, ==, BUSY);
    machine_advance(rig->machine, 10000000);
    status = in8(rig->machine, STS) & (uint8_t)~IN_USE;
    out8(rig->machine, STS, 0xFF);
    return status;
}

static void test_empty_bus(void)
{
    struct rig rig;

    rig_init(&rig);
    g_assert_cmphex(pci_config_read(rig.bus, 0, PCI_DEVFN(31, 3), 0, 4), ==, 0x29308086);
    g_assert_cmphex(pci_config_read(rig.bus, 0, PCI_DEVFN(31, 3), 0x40, 1), ==, 1);
    g_assert_cmphex(in8(rig.machine, STS), ==, 0);
    for (unsigned address = 3; address < 0x78; address++) {
        uint8_t expected = address == 0x50 ? DONE : NO_ANSWER;

        g_assert_cmphex(transact(&rig, (uint8_t)address, false, 0, QUICK), ==, expected);
        g_assert_cmphex(transact(&rig, (uint8_t)address, true, 0, BYTE_DATA), ==, expected);
    }
    machine_free(rig.machine);
}

static void test_eeprom(void)
{
    struct rig rig;

    rig_init(&rig);
    g_assert_cmphex(transact(&rig, 0x50, true, 0x10, BYTE_DATA), ==, DONE);
    g_assert_cmphex(in8(rig.machine, D0), ==, 0x13);
    g_assert_cmphex(transact(&rig, 0x50, true, 0x20, WORD_DATA), ==, DONE);
    g_assert_cmphex(in8(rig.machine, D0) | in8(rig.machine, D1) << 8, ==, 0x2423);
    g_assert_cmphex(transact(&rig, 0x50, false, 0x30, BYTE), ==, DONE); /* sets the pointer */
    g_assert_cmphex(transact(&rig, 0x50, true, 0, BYTE), ==, DONE);
    g_assert_cmphex(in8(rig.machine, D0), ==, 0x33);
    g_assert_cmphex(transact(&rig, 0x50, true, 0, BYTE), ==, DONE);
    g_assert_cmphex(in8(rig.machine, D0), ==, 0x34);
    out8(rig.machine, D0, 0x99);
    g_assert_cmphex(transact(&rig, 0x50, false, 0x40, BYTE_DATA), ==, DONE);
    g_assert_cmphex(transact(&rig, 0x50, true, 0x40, BYTE_DATA), ==, DONE);
    g_assert_cmphex(in8(rig.machine, D0), ==, 0x99);
    machine_free(rig.machine);
}

static void test_blocks(void)
{
    struct rig rig;

    rig_init(&rig);
    out8(rig.machine, AUX_CTL, 2); /* the 32-byte buffer */
    out8(rig.machine, D0, 3);
    in8(rig.machine, CNT);
    for (unsigned i = 0; i < 3; i++)
        out8(rig.machine, BLOCK_DB, (uint8_t)(0xA0 + i));
    g_assert_cmphex(transact(&rig, 0x50, false, 0x80, BLOCK), ==, DONE);
    out8(rig.machine, D0, 3); /* the length that a block read finds */
    g_assert_cmphex(transact(&rig, 0x50, false, 0x7F, BYTE_DATA), ==, DONE);
    g_assert_cmphex(transact(&rig, 0x50, true, 0x7F, BLOCK), ==, DONE);
    g_assert_cmphex(in8(rig.machine, D0), ==, 3);
    in8(rig.machine, CNT);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmphex(in8(rig.machine, BLOCK_DB), ==, 0xA0 + i);
    g_assert_cmphex(transact(&rig, 0x50, true, 0xF0, BLOCK), ==, NO_ANSWER); /* a length of 0xF3 */
    out8(rig.machine, D1, 0x10);
    g_assert_cmphex(transact(&rig, 0x50, true, 0, I2C_READ), ==, DONE);
    in8(rig.machine, CNT);
    for (unsigned i = 0; i < 32; i++)
        g_assert_cmphex(in8(rig.machine, BLOCK_DB), ==, 0x13 + i);
    machine_free(rig.machine);
}

/* Without the buffer: each byte is taken before the next comes. */
static void test_byte_by_byte(void)
{
    struct rig rig;

    rig_init(&rig);
    out8(rig.machine, D1, 0x20);
    out8(rig.machine, ADDRESS, 0xA1);
    out8(rig.machine, CNT, I2C_READ | START);
    for (unsigned i = 0; i < 4; i++) {
        machine_advance(rig.machine, 1000000);
        g_assert_cmphex(in8(rig.machine, STS) & (BYTE_DONE | BUSY | DONE), ==, BYTE_DONE | BUSY);
        g_assert_cmphex(in8(rig.machine, BLOCK_DB), ==, 0x23 + i);
        if (i == 3)
            out8(rig.machine, CNT, I2C_READ | LAST);
        out8(rig.machine, STS, BYTE_DONE);
    }
    machine_advance(rig.machine, 1000000);
    g_assert_cmphex(in8(rig.machine, STS) & (BYTE_DONE | BUSY | DONE), ==, DONE);
    machine_free(rig.machine);
}

static void test_control(void)
{
    struct rig rig;

    rig_init(&rig);
    out8(rig.machine, ADDRESS, 0xA1);
    out8(rig.machine, CNT, BYTE_DATA | START | INTERRUPT);
    g_assert_cmphex(in8(rig.machine, CNT), ==, BYTE_DATA | INTERRUPT);
    g_assert_false(rig.line[3]);
    machine_advance(rig.machine, 269999); /* three bytes of 90 us */
    g_assert_false(rig.line[3]);
    machine_advance(rig.machine, 1);
    g_assert_true(rig.line[3]); /* INTA of device 31, by the usual swizzle */
    out8(rig.machine, STS, DONE);
    g_assert_false(rig.line[3]);

    out8(rig.machine, CNT, BYTE_DATA | START);
    out8(rig.machine, CNT, BYTE_DATA | KILL);
    g_assert_cmphex(in8(rig.machine, STS) & (BUSY | FAILED), ==, FAILED);
    out8(rig.machine, STS, 0xFF);
    out8(rig.machine, CNT, 0);
    machine_advance(rig.machine, 1000000);
    g_assert_cmphex(in8(rig.machine, STS) & (uint8_t)~IN_USE, ==, 0);

    /* Reading takes the semaphore, writing gives it back. */
    g_assert_cmphex(in8(rig.machine, STS), ==, IN_USE);
    out8(rig.machine, STS, IN_USE);
    g_assert_cmphex(in8(rig.machine, STS), ==, 0);

    /* Disabled, nothing starts; the reset bit resets. */
    pci_config_write(rig.bus, 0, PCI_DEVFN(31, 3), 0x40, 1, 0);
    out8(rig.machine, CNT, BYTE_DATA | START);
    g_assert_cmphex(in8(rig.machine, STS) & BUSY, ==, 0);
    out8(rig.machine, CMD, 0x12);
    pci_config_write(rig.bus, 0, PCI_DEVFN(31, 3), 0x40, 1, 9);
    g_assert_cmphex(pci_config_read(rig.bus, 0, PCI_DEVFN(31, 3), 0x40, 1), ==, 1);
    g_assert_cmphex(in8(rig.machine, CMD), ==, 0);
    machine_free(rig.machine);
}

static void test_state(void)
{
    struct rig rig, copy;

    rig_init(&rig);
    rig_init(&copy);
    out8(rig.machine, ADDRESS, 0xA1);
    out8(rig.machine, CMD, 0x05);
    out8(rig.machine, CNT, BYTE_DATA | START | INTERRUPT);
    machine_advance(rig.machine, 100000);
    test_copy_state(rig.machine, copy.machine);
    g_assert_cmphex(machine_state_hash(rig.machine), ==, machine_state_hash(copy.machine));
    machine_advance(copy.machine, 169999);
    g_assert_cmphex(in8(copy.machine, STS) & BUSY, ==, BUSY);
    machine_advance(copy.machine, 1);
    g_assert_true(copy.line[3]);
    g_assert_cmphex(in8(copy.machine, D0), ==, 8);
    machine_free(rig.machine);
    machine_free(copy.machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smbus/empty-bus", test_empty_bus);
    g_test_add_func("/smbus/eeprom", test_eeprom);
    g_test_add_func("/smbus/blocks", test_blocks);
    g_test_add_func("/smbus/byte-by-byte", test_byte_by_byte);
    g_test_add_func("/smbus/control", test_control);
    g_test_add_func("/smbus/state", test_state);
    return g_test_run();
}
