/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware configuration: QEMU docs/specs/fw_cfg, "Memory-mapped registers" and "DMA interface". Numbers are big endian. */
#include "devices/platform/fw_cfg.h"

#include <inttypes.h>
#include <string.h>

#include "emu/bytes.h"

#define REGION_SIZE 0x18
#define DATA 0x00
#define SELECTOR 0x08
#define DMA_ADDRESS 0x10

#define ID_TRADITIONAL 1
#define ID_DMA 2
#define DMA_SIGNATURE UINT64_C(0x51454D5520434647) /* "QEMU CFG" */

#define CONTROL_ERROR 0x01
#define CONTROL_READ 0x02
#define CONTROL_SKIP 0x04
#define CONTROL_SELECT 0x08
#define CONTROL_WRITE 0x10

#define DIRECTORY_ENTRY 64
#define CHUNK 4096u

struct file {
    char name[FW_CFG_FILE_NAME];
    uint8_t *data;
    uint32_t length;
    bool owned;
    void (*written)(void *opaque); /* NULL: the guest may only read */
    void *opaque;
};

struct fw_cfg {
    struct machine *machine;
    struct memory_region *region;
    struct file files[FW_CFG_FILES];
    unsigned count;
    uint8_t signature[4], id[4], cpus[2], ram_size[8];
    uint8_t directory[4 + FW_CFG_FILES * DIRECTORY_ENTRY];
    uint16_t key;
    uint32_t position;
    uint64_t dma_address;
    bool busy; /* a transfer is on its way; it may not start another one by writing to these registers */
};

struct item {
    const uint8_t *data;
    uint32_t length;
};

static struct file *selected_file(struct fw_cfg *fw_cfg)
{
    unsigned index = fw_cfg->key - (unsigned)FW_CFG_FILE_FIRST;

    return fw_cfg->key >= FW_CFG_FILE_FIRST && index < fw_cfg->count ? &fw_cfg->files[index] : NULL;
}

/* What is selected; length 0: nothing. */
static struct item selected(struct fw_cfg *fw_cfg)
{
    const struct file *file = selected_file(fw_cfg);

    if (file)
        return (struct item){file->data, file->length};
    switch ((enum fw_cfg_key)fw_cfg->key) {
    case FW_CFG_SIGNATURE:
        return (struct item){fw_cfg->signature, sizeof(fw_cfg->signature)};
    case FW_CFG_ID:
        return (struct item){fw_cfg->id, sizeof(fw_cfg->id)};
    case FW_CFG_RAM_SIZE:
        return (struct item){fw_cfg->ram_size, sizeof(fw_cfg->ram_size)};
    case FW_CFG_CPUS:
        return (struct item){fw_cfg->cpus, sizeof(fw_cfg->cpus)};
    case FW_CFG_FILE_DIRECTORY:
        return (struct item){fw_cfg->directory, sizeof(fw_cfg->directory)};
    default:
        return (struct item){NULL, 0};
    }
}

static void select_item(struct fw_cfg *fw_cfg, uint16_t key)
{
    fw_cfg->key = key;
    fw_cfg->position = 0;
}

/* How much of the item is left. */
static uint32_t left(struct fw_cfg *fw_cfg)
{
    struct item item = selected(fw_cfg);

    return fw_cfg->position < item.length ? item.length - fw_cfg->position : 0;
}

/* --- DMA --- */

/* Past its end an item reads as zeros. */
static bool dma_read(struct fw_cfg *fw_cfg, uint64_t address, uint32_t length)
{
    struct memory *memory = machine_memory(fw_cfg->machine);
    uint32_t data = MIN(length, left(fw_cfg));

    if (data && !memory_write(memory, address, selected(fw_cfg).data + fw_cfg->position, data))
        return false;
    fw_cfg->position += data;
    for (uint32_t done = data; done < length;) { /* in pieces: a length that leaves memory ends soon */
        uint32_t piece = MIN(CHUNK, length - done);

        if (!memory_set(memory, address + done, 0, piece))
            return false;
        done += piece;
    }
    return true;
}

static bool dma_write(struct fw_cfg *fw_cfg, uint64_t address, uint32_t length)
{
    struct file *file = selected_file(fw_cfg);

    if (!file || !file->written || length > left(fw_cfg) ||
        !memory_read(machine_memory(fw_cfg->machine), address, file->data + fw_cfg->position, length))
        return false;
    fw_cfg->position += length;
    file->written(file->opaque);
    return true;
}

static bool transfer(struct fw_cfg *fw_cfg, uint32_t control, uint32_t length, uint64_t address)
{
    if (control & CONTROL_SELECT)
        select_item(fw_cfg, (uint16_t)(control >> 16));
    if (control & CONTROL_READ)
        return dma_read(fw_cfg, address, length);
    if (control & CONTROL_WRITE)
        return dma_write(fw_cfg, address, length);
    if (control & CONTROL_SKIP)
        fw_cfg->position += MIN(length, left(fw_cfg));
    return true;
}

/* The address register points to control, length and address; control is cleared when the transfer is done. */
static void start_dma(struct fw_cfg *fw_cfg)
{
    struct memory *memory = machine_memory(fw_cfg->machine);
    uint64_t address = fw_cfg->dma_address;
    uint8_t access[16];

    fw_cfg->dma_address = 0;
    if (fw_cfg->busy) {
        machine_guest_error(fw_cfg->machine, "fw-cfg", "a transfer goes to the DMA register itself");
        return;
    }
    if (!memory_read(memory, address, access, sizeof(access))) {
        machine_guest_error(fw_cfg->machine, "fw-cfg", "DMA structure at 0x%" PRIx64 ", which is no memory", address);
        return;
    }
    uint32_t control = get_be32(access), length = get_be32(access + 4);
    uint64_t target = (uint64_t)get_be32(access + 8) << 32 | get_be32(access + 12);
    fw_cfg->busy = true;
    bool done = transfer(fw_cfg, control, length, target);
    fw_cfg->busy = false;
    if (!done)
        machine_guest_error(fw_cfg->machine, "fw-cfg", "DMA of %u bytes at 0x%" PRIx64 " with control 0x%x fails",
                            length, target, control);
    put_be32(access, done ? 0 : CONTROL_ERROR);
    memory_write(memory, address, access, 4);
}

/* --- registers --- */

/* Bytes in the order of their addresses, whatever the width. */
static uint64_t read_data(struct fw_cfg *fw_cfg, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size && left(fw_cfg); i++)
        value |= (uint64_t)selected(fw_cfg).data[fw_cfg->position++] << 8 * i;
    return value;
}

static uint64_t fw_cfg_read(void *opaque, uint64_t offset, unsigned size)
{
    struct fw_cfg *fw_cfg = opaque;

    if (offset < SELECTOR)
        return read_data(fw_cfg, size);
    if (offset >= DMA_ADDRESS && offset % 4 == 0 && size >= 4) {
        uint64_t whole = GUINT64_SWAP_LE_BE(DMA_SIGNATURE) >> 8 * (offset - DMA_ADDRESS);
        return size == 8 ? whole : (uint32_t)whole;
    }
    machine_guest_error(fw_cfg->machine, "fw-cfg", "read of %u bytes at offset 0x%02" PRIx64, size, offset);
    return 0;
}

static void fw_cfg_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct fw_cfg *fw_cfg = opaque;

    if (offset == SELECTOR && size == 2) {
        select_item(fw_cfg, GUINT16_SWAP_LE_BE((uint16_t)value));
    } else if (offset == DMA_ADDRESS && size == 8) {
        fw_cfg->dma_address = GUINT64_SWAP_LE_BE(value);
        start_dma(fw_cfg);
    } else if (offset == DMA_ADDRESS && size == 4) {
        fw_cfg->dma_address = (uint64_t)GUINT32_SWAP_LE_BE((uint32_t)value) << 32;
    } else if (offset == DMA_ADDRESS + 4 && size == 4) { /* the low half starts it */
        fw_cfg->dma_address |= GUINT32_SWAP_LE_BE((uint32_t)value);
        start_dma(fw_cfg);
    } else {
        machine_guest_error(fw_cfg->machine, "fw-cfg", "write of %u bytes at offset 0x%02" PRIx64, size, offset);
    }
}

/* --- files --- */

/* Files stand in the order of their names, and the number of one is its place. */
static void build_directory(struct fw_cfg *fw_cfg)
{
    put_be32(fw_cfg->directory, fw_cfg->count);
    for (unsigned i = 0; i < fw_cfg->count; i++) {
        uint8_t *entry = fw_cfg->directory + 4 + DIRECTORY_ENTRY * i;

        put_be32(entry, fw_cfg->files[i].length);
        put_be16(entry + 4, (uint16_t)(FW_CFG_FILE_FIRST + i));
        put_be16(entry + 6, 0);
        memcpy(entry + 8, fw_cfg->files[i].name, FW_CFG_FILE_NAME);
    }
}

static void add(struct fw_cfg *fw_cfg, const char *name, struct file file)
{
    unsigned at = fw_cfg->count;

    g_assert(fw_cfg->count < FW_CFG_FILES && strlen(name) < FW_CFG_FILE_NAME);
    g_strlcpy(file.name, name, sizeof(file.name));
    for (; at > 0 && strcmp(fw_cfg->files[at - 1].name, name) > 0; at--)
        fw_cfg->files[at] = fw_cfg->files[at - 1];
    fw_cfg->files[at] = file;
    fw_cfg->count++;
    build_directory(fw_cfg);
}

void fw_cfg_add_file(struct fw_cfg *fw_cfg, const char *name, const void *data, uint32_t length)
{
    add(fw_cfg, name, (struct file){.data = g_memdup2(data, length), .length = length, .owned = true});
}

void fw_cfg_add_writable(struct fw_cfg *fw_cfg, const char *name, void *data, uint32_t length,
                         void (*written)(void *opaque), void *opaque)
{
    add(fw_cfg, name, (struct file){.data = data, .length = length, .written = written, .opaque = opaque});
}

/* --- device --- */

static void fw_cfg_reset(void *device)
{
    struct fw_cfg *fw_cfg = device;

    select_item(fw_cfg, FW_CFG_SIGNATURE);
    fw_cfg->dma_address = 0;
}

static void fw_cfg_unrealize(void *device)
{
    struct fw_cfg *fw_cfg = device;

    memory_region_remove(fw_cfg->region);
    for (unsigned i = 0; i < fw_cfg->count; i++)
        if (fw_cfg->files[i].owned)
            g_free(fw_cfg->files[i].data);
    g_free(fw_cfg);
}

static const struct state_field fields[] = {
    STATE_U16(struct fw_cfg, key),
    STATE_U32(struct fw_cfg, position),
    STATE_U64(struct fw_cfg, dma_address),
    STATE_END,
};

static const struct state_table state = {.name = "fw-cfg", .version = 1, .fields = fields};
static const struct device_class fw_cfg_class = {
    .name = "fw-cfg", .state = &state, .reset = fw_cfg_reset, .unrealize = fw_cfg_unrealize};
static const struct memory_region_ops ops = {.read = fw_cfg_read, .write = fw_cfg_write, .max_size = 8};

struct fw_cfg *fw_cfg_new(struct machine *machine, uint64_t address, uint64_t memory_size)
{
    struct fw_cfg *fw_cfg = g_new0(struct fw_cfg, 1);

    fw_cfg->machine = machine;
    memcpy(fw_cfg->signature, "QEMU", 4);
    fw_cfg->id[0] = ID_TRADITIONAL | ID_DMA;
    put_le16(fw_cfg->cpus, (uint16_t)machine_config(machine)->cpus);
    put_le64(fw_cfg->ram_size, memory_size);
    build_directory(fw_cfg);
    fw_cfg->region =
        memory_add_io(machine_memory(machine), MEMORY_SPACE_PHYSICAL, "fw-cfg", address, REGION_SIZE, 0, &ops, fw_cfg);
    machine_add_device(machine, &fw_cfg_class, fw_cfg, "fw-cfg");
    return fw_cfg;
}
