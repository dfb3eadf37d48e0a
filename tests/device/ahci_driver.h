/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A board with an AHCI controller, and the little of a driver that its tests share. */
#ifndef GALVANIC_TESTS_DEVICE_AHCI_DRIVER_H
#define GALVANIC_TESTS_DEVICE_AHCI_DRIVER_H

#include "devices/storage/ahci.h"
#include "emu/bytes.h"
#include "tests/device/fixture.h"

#define ABAR UINT64_C(0xE0000000)
enum {
    CAP = 0x00,
    GHC = 0x04,
    IS = 0x08,
    PI = 0x0C,
    VS = 0x10,
    CLB = 0x00,
    FB = 0x08,
    PXIS = 0x10,
    PXIE = 0x14,
    CMD = 0x18,
    TFD = 0x20,
    SIG = 0x24,
    SSTS = 0x28,
    SCTL = 0x2C,
    SERR = 0x30,
    SACT = 0x34,
    CI = 0x38,

    LIST = 0x10000,   /* of port n at + n * 0x1000 */
    FIS = 0x18000,    /* likewise, 0x100 each */
    TABLES = 0x20000, /* of slot n at + n * 0x1000 */
    DATA = 0x100000,
    RAM_SIZE = 16 << 20,
    DISK_SECTORS = 4096,

    HOST_TO_DEVICE = 1 << 6, /* flags of a command header */
    PACKET = 1 << 5,
    COMMAND_TIME = 20000, /* ns */
};

struct rig {
    struct machine *machine;
    struct pci_bus *bus;
    struct ahci *ahci;
    struct block *disk, *cd;
    uint8_t *disk_bytes;
    bool line[PCI_LINES];
    unsigned messages;
};

struct ata {
    uint8_t command, device;
    uint16_t features, count;
    uint64_t lba;
    const uint8_t *packet; /* 12 bytes, or NULL */
    bool to_device;
};

static inline uint64_t hba(struct rig *rig, unsigned offset)
{
    return memory_io_read(machine_memory(rig->machine), MEMORY_SPACE_PHYSICAL, ABAR + offset, 4);
}

static inline void hba_write(struct rig *rig, unsigned offset, uint32_t value)
{
    memory_io_write(machine_memory(rig->machine), MEMORY_SPACE_PHYSICAL, ABAR + offset, 4, value);
}

static inline uint32_t px(struct rig *rig, unsigned port, unsigned offset)
{
    return (uint32_t)hba(rig, 0x100 + port * 0x80 + offset);
}

static inline void px_write(struct rig *rig, unsigned port, unsigned offset, uint32_t value)
{
    hba_write(rig, 0x100 + port * 0x80 + offset, value);
}

static inline struct memory *ram(struct rig *rig)
{
    return machine_memory(rig->machine);
}

static inline void rig_line(void *opaque, unsigned line, bool level)
{
    ((struct rig *)opaque)->line[line] = level;
}

static inline void rig_message(void *opaque, uint8_t devfn, uint64_t address, uint32_t data)
{
    g_assert_cmphex(address, ==, 0xFEE00000);
    g_assert_cmphex(data, ==, 0x41);
    ((struct rig *)opaque)->messages++;
}

static inline uint32_t rig_config(struct rig *rig, unsigned offset, unsigned size)
{
    return pci_config_read(rig->bus, 0, PCI_DEVFN(31, 2), (uint16_t)offset, size);
}

static inline void rig_config_write(struct rig *rig, unsigned offset, unsigned size, uint32_t value)
{
    pci_config_write(rig->bus, 0, PCI_DEVFN(31, 2), (uint16_t)offset, size, value);
}

/* Disk on port 0, CD-ROM with @cd_size bytes on port 2. @flags are those of the disk. */
static inline void rig_init(struct rig *rig, unsigned flags, size_t cd_size)
{
    g_autofree uint8_t *cd_bytes = g_malloc0(cd_size);

    *rig = (struct rig){.machine = test_machine()};
    const struct pci_bus_config config = {.set_line = rig_line, .message = rig_message, .opaque = rig};
    g_assert_nonnull(memory_add_ram(ram(rig), "ram", 0, RAM_SIZE, false, NULL));
    rig->bus = pci_bus_new(rig->machine, &config, "pci");
    rig->ahci = ahci_new(rig->machine, rig->bus, PCI_DEVFN(31, 2), "ahci");
    rig->disk_bytes = g_malloc(DISK_SECTORS * 512);
    for (unsigned i = 0; i < DISK_SECTORS * 512; i++)
        rig->disk_bytes[i] = (uint8_t)(i / 512 + i * 13);
    for (size_t i = 0; i < cd_size; i++)
        cd_bytes[i] = (uint8_t)(i / 2048 + i * 5);
    rig->disk = block_new_memory(rig->disk_bytes, DISK_SECTORS * 512, flags);
    rig->cd = block_new_memory(cd_bytes, cd_size, BLOCK_READ_ONLY);
    ahci_attach(rig->ahci, 0, rig->disk, false);
    ahci_attach(rig->ahci, 2, rig->cd, true);
    machine_reset(rig->machine);
    rig_config_write(rig, 0x24, 4, (uint32_t)ABAR);
    rig_config_write(rig, 0x04, 2, 7);
}

static inline void rig_free(struct rig *rig)
{
    machine_free(rig->machine);
    block_close(rig->disk);
    block_close(rig->cd);
    g_free(rig->disk_bytes);
}

/* Memory for a port, interrupts on, engine started. */
static inline void port_start(struct rig *rig, unsigned port)
{
    px_write(rig, port, CLB, LIST + port * 0x1000);
    px_write(rig, port, FB, FIS + port * 0x100);
    px_write(rig, port, SERR, 0xFFFFFFFF);
    px_write(rig, port, PXIS, 0xFFFFFFFF);
    px_write(rig, port, PXIE, 0x7DC000FF);
    hba_write(rig, IS, 0xFFFFFFFF);
    hba_write(rig, GHC, 0x80000002);
    px_write(rig, port, CMD, 0x10);
    px_write(rig, port, CMD, 0x11);
}

static inline void put_prd(struct rig *rig, unsigned slot, unsigned index, uint64_t address, uint32_t length)
{
    uint64_t prd = TABLES + slot * 0x1000 + 0x80 + index * 16;

    memory_write64(ram(rig), prd, address);
    memory_write32(ram(rig), prd + 8, 0);
    memory_write32(ram(rig), prd + 12, length - 1);
}

static inline void put_command(struct rig *rig, unsigned port, unsigned slot, const struct ata *ata, unsigned prds)
{
    uint64_t header = LIST + port * 0x1000 + slot * 32, table = TABLES + slot * 0x1000;
    uint8_t fis[20] = {0x27, 0x80, ata->command, (uint8_t)ata->features};

    for (unsigned i = 0; i < 3; i++) {
        fis[4 + i] = (uint8_t)(ata->lba >> 8 * i);
        fis[8 + i] = (uint8_t)(ata->lba >> (24 + 8 * i));
    }
    fis[7] = ata->device;
    fis[11] = (uint8_t)(ata->features >> 8);
    put_le16(&fis[12], ata->count);
    memory_write(ram(rig), table, fis, sizeof(fis));
    if (ata->packet)
        memory_write(ram(rig), table + 0x40, ata->packet, 12);
    memory_write32(ram(rig), header,
                   5u | (ata->to_device ? HOST_TO_DEVICE : 0) | (ata->packet ? PACKET : 0) | prds << 16);
    memory_write32(ram(rig), header + 4, 0);
    memory_write64(ram(rig), header + 8, table);
}

/* One command in slot 0 with its data at DATA, to its end. */
static inline void run(struct rig *rig, unsigned port, const struct ata *ata, uint32_t length)
{
    if (length)
        put_prd(rig, 0, 0, DATA, length);
    put_command(rig, port, 0, ata, length ? 1 : 0);
    px_write(rig, port, CI, 1);
    machine_advance(rig->machine, COMMAND_TIME + length);
}

/* After an error: the engine is stopped and started, as a driver does. */
static inline void port_restart(struct rig *rig, unsigned port)
{
    px_write(rig, port, CMD, 0x10);
    px_write(rig, port, SERR, 0xFFFFFFFF);
    px_write(rig, port, PXIS, 0xFFFFFFFF);
    px_write(rig, port, CMD, 0x11);
}

static inline void assert_data(struct rig *rig, uint64_t address, const void *expected, size_t length)
{
    g_autofree uint8_t *bytes = g_malloc(length);

    g_assert_true(memory_read(ram(rig), address, bytes, length));
    g_assert_cmpmem(bytes, length, expected, length);
}

static const struct ata read_one = {.command = 0x25, .device = 0x40, .lba = 3, .count = 1};

static inline void put_queued_long(struct rig *rig, unsigned slot, uint64_t lba, bool write, unsigned sectors)
{
    struct ata ata = {.command = write ? 0x61 : 0x60,
                      .device = 0x40,
                      .lba = lba,
                      .features = (uint16_t)sectors,
                      .count = (uint16_t)(slot << 3),
                      .to_device = write};

    put_prd(rig, slot, 0, DATA + slot * sectors * 512, sectors * 512);
    put_command(rig, 0, slot, &ata, 1);
}

static inline void put_queued(struct rig *rig, unsigned slot, uint64_t lba, bool write)
{
    put_queued_long(rig, slot, lba, write, 8);
}

#endif
