/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks and their partitions: BlockIo, BlockIo2 and DiskIo.  UEFI 2.10 sections 13.9 to 13.12 and 13.19. */
#include <inttypes.h>
#include <string.h>

#include "emu/bytes.h"
#include "firmware/uefi/device_path.h"
#include "emu/host/partition.h"
#include "firmware/uefi/protocols.h"
#include "firmware/uefi/uefi.h"

enum { /* EFI_BLOCK_IO_PROTOCOL, then the media that it points to */
       BLOCK_IO_REVISION = 0,
       BLOCK_IO_MEDIA = 8,
       BLOCK_IO_FUNCTIONS = 16,
       BLOCK_IO_SIZE = 48,
       MEDIA_ID = 0,
       MEDIA_REMOVABLE = 4,
       MEDIA_PRESENT = 5,
       MEDIA_LOGICAL_PARTITION = 6,
       MEDIA_READ_ONLY = 7,
       MEDIA_WRITE_CACHING = 8,
       MEDIA_BLOCK_SIZE = 12,
       MEDIA_IO_ALIGN = 16,
       MEDIA_LAST_BLOCK = 24,
       MEDIA_LOWEST_ALIGNED = 32,
       MEDIA_LOGICAL_PER_PHYSICAL = 40,
       MEDIA_OPTIMAL_GRANULARITY = 44,
       MEDIA_SIZE = 48,
};
#define BLOCK_IO_REVISION_3 0x0002001Fu
#define DISK_IO_REVISION 0x00010000u
#define MEDIA_ID_VALUE 1
#define PIECE (1024u * 1024)

/* EFI_BLOCK_IO2_TOKEN */
#define TOKEN_EVENT 0
#define TOKEN_STATUS 8

#define PARTITION_INFO_SIZE 152 /* Revision, Type, System, reserved, then a GPT entry or MBR record */

/* A disk or a part of it, as BlockIo shows it. */
struct volume {
    struct uefi *uefi;
    uint32_t disk; /* index into the configuration */
    uint64_t offset, size;
};

static const struct uefi_disk *disk_of(const struct volume *volume)
{
    return &uefi_config(volume->uefi)->disks[volume->disk];
}

static void volume_save(struct uefi *uefi, void *object, struct state_writer *out)
{
    const struct volume *volume = object;

    state_put_u32(out, volume->disk);
    state_put_u64(out, volume->offset);
    state_put_u64(out, volume->size);
}

static void *volume_load(struct uefi *uefi, uint64_t interface, struct state_reader *in)
{
    struct volume *volume = g_new0(struct volume, 1);

    volume->uefi = uefi;
    volume->disk = state_get_u32(in);
    volume->offset = state_get_u64(in);
    volume->size = state_get_u64(in);
    if (state_reader_failed(in) || volume->disk >= uefi_config(uefi)->disk_count) {
        g_free(volume);
        return NULL;
    }
    return volume;
}

/* One class for each interface, so that a function is never given another one's This. */
static const struct uefi_object_class block_io_class = {"block-io", volume_save, volume_load, g_free, NULL};
static const struct uefi_object_class block_io2_class = {"block-io2", volume_save, volume_load, g_free, NULL};
static const struct uefi_object_class disk_io_class = {"disk-io", volume_save, volume_load, g_free, NULL};
static const struct uefi_object_class partition_info_class = {"partition-info", NULL, stateless_load, NULL, NULL};

/* --- transfers --- */
static efi_status transfer_piece(struct volume *volume, bool write, uint64_t offset, uint64_t buffer, uint64_t length)
{
    struct block *block = disk_of(volume)->block;
    void *host = uefi_pointer(volume->uefi, buffer, length);

    if (!host)
        return EFI_INVALID_PARAMETER;
    if (write)
        return block_write(block, offset, host, length) ? EFI_SUCCESS : EFI_DEVICE_ERROR;
    if (!block_read(block, offset, host, length))
        return EFI_DEVICE_ERROR;
    uefi_written(volume->uefi, buffer, length);
    return EFI_SUCCESS;
}

/* @offset and @length lie inside the volume. */
static efi_status transfer(struct volume *volume, bool write, uint64_t offset, uint64_t buffer, uint64_t length)
{
    struct trace *trace = machine_trace_log(uefi_machine(volume->uefi));
    efi_status status = EFI_SUCCESS;

    if (!uefi_accessible(volume->uefi, buffer, length))
        return EFI_INVALID_PARAMETER;
    if (trace_enabled(trace, TRACE_BLOCK))
        trace_event(trace, TRACE_BLOCK, disk_of(volume)->id, "firmware %s %" PRIu64 " bytes at %" PRIu64,
                    write ? "writes" : "reads", length, volume->offset + offset);
    for (uint64_t done = 0; done < length && status == EFI_SUCCESS; done += MIN(PIECE, length - done))
        status =
            transfer_piece(volume, write, volume->offset + offset + done, buffer + done, MIN(PIECE, length - done));
    if (write)
        file_system_disk_written(volume->uefi, volume->disk);
    return status;
}

static bool is_read_only(const struct volume *volume)
{
    return disk_of(volume)->read_only || block_read_only(disk_of(volume)->block);
}

/* ReadBlocks() and WriteBlocks(), after This: the checks of section 13.9.3 in its order. */
static efi_status block_transfer(struct volume *volume, bool write, uint32_t media, uint64_t lba, uint64_t length,
                                 uint64_t buffer)
{
    uint32_t block_size = disk_of(volume)->block_size;
    uint64_t blocks = volume->size / block_size;

    if (media != MEDIA_ID_VALUE)
        return EFI_MEDIA_CHANGED;
    if (write && is_read_only(volume))
        return EFI_WRITE_PROTECTED;
    if (buffer == 0)
        return EFI_INVALID_PARAMETER;
    if (length == 0)
        return EFI_SUCCESS;
    if (length % block_size)
        return EFI_BAD_BUFFER_SIZE;
    if (lba >= blocks || length / block_size > blocks - lba)
        return EFI_INVALID_PARAMETER;
    return transfer(volume, write, lba * block_size, buffer, length);
}

static efi_status flush(struct volume *volume)
{
    if (is_read_only(volume))
        return EFI_SUCCESS;
    return block_flush(disk_of(volume)->block) ? EFI_SUCCESS : EFI_DEVICE_ERROR;
}

/* --- BlockIo --- */
static uint64_t block_reset(struct uefi *uefi, struct uefi_call *call)
{
    return uefi_this(call, &block_io_class) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

static uint64_t block_read_write(struct uefi_call *call, bool write)
{
    struct volume *volume = uefi_this(call, &block_io_class);

    if (!volume)
        return EFI_INVALID_PARAMETER;
    return block_transfer(volume, write, uefi_argument32(call, 1), uefi_argument(call, 2), uefi_argument(call, 3),
                          uefi_argument(call, 4));
}

static uint64_t read_blocks(struct uefi *uefi, struct uefi_call *call)
{
    return block_read_write(call, false);
}

static uint64_t write_blocks(struct uefi *uefi, struct uefi_call *call)
{
    return block_read_write(call, true);
}

static uint64_t flush_blocks(struct uefi *uefi, struct uefi_call *call)
{
    struct volume *volume = uefi_this(call, &block_io_class);

    return volume ? flush(volume) : EFI_INVALID_PARAMETER;
}

/* --- BlockIo2: requests are done at once, then the token says so --- */
static efi_status finish_token(struct uefi *uefi, uint64_t token, efi_status status)
{
    uint64_t event = 0;

    if (token == 0 || !uefi_read64(uefi, token + TOKEN_EVENT, &event) || event == 0)
        return status;
    if (status == EFI_SUCCESS || status == EFI_DEVICE_ERROR) {
        uefi_write64(uefi, token + TOKEN_STATUS, status);
        uefi_signal(uefi, event);
        return EFI_SUCCESS;
    }
    return status;
}

static uint64_t reset_ex(struct uefi *uefi, struct uefi_call *call)
{
    return uefi_this(call, &block_io2_class) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

static uint64_t read_write_ex(struct uefi *uefi, struct uefi_call *call, bool write)
{
    struct volume *volume = uefi_this(call, &block_io2_class);

    if (!volume)
        return EFI_INVALID_PARAMETER;
    return finish_token(uefi, uefi_argument(call, 3),
                        block_transfer(volume, write, uefi_argument32(call, 1), uefi_argument(call, 2),
                                       uefi_argument(call, 4), uefi_argument(call, 5)));
}

static uint64_t read_blocks_ex(struct uefi *uefi, struct uefi_call *call)
{
    return read_write_ex(uefi, call, false);
}

static uint64_t write_blocks_ex(struct uefi *uefi, struct uefi_call *call)
{
    return read_write_ex(uefi, call, true);
}

static uint64_t flush_blocks_ex(struct uefi *uefi, struct uefi_call *call)
{
    struct volume *volume = uefi_this(call, &block_io2_class);

    return volume ? finish_token(uefi, uefi_argument(call, 1), flush(volume)) : EFI_INVALID_PARAMETER;
}

/* --- DiskIo: any byte --- */
static uint64_t disk_transfer(struct uefi_call *call, bool write)
{
    struct volume *volume = uefi_this(call, &disk_io_class);
    uint64_t offset = uefi_argument(call, 2), length = uefi_argument(call, 3), buffer = uefi_argument(call, 4);

    if (!volume)
        return EFI_INVALID_PARAMETER;
    if (uefi_argument32(call, 1) != MEDIA_ID_VALUE)
        return EFI_MEDIA_CHANGED;
    if (write && is_read_only(volume))
        return EFI_WRITE_PROTECTED;
    if (length == 0)
        return EFI_SUCCESS;
    if (buffer == 0 || offset > volume->size || length > volume->size - offset)
        return EFI_INVALID_PARAMETER;
    return transfer(volume, write, offset, buffer, length);
}

static uint64_t read_disk(struct uefi *uefi, struct uefi_call *call)
{
    return disk_transfer(call, false);
}

static uint64_t write_disk(struct uefi *uefi, struct uefi_call *call)
{
    return disk_transfer(call, true);
}

/* --- handles --- */
static struct volume *volume_new(struct uefi *uefi, uint32_t disk, uint64_t offset, uint64_t size)
{
    struct volume *volume = g_new0(struct volume, 1);

    *volume = (struct volume){uefi, disk, offset, size};
    return volume;
}

static void write_media(struct uefi *uefi, uint64_t media, const struct volume *volume, bool partition)
{
    const struct uefi_disk *disk = disk_of(volume);

    uefi_write32(uefi, media + MEDIA_ID, MEDIA_ID_VALUE);
    uefi_write8(uefi, media + MEDIA_REMOVABLE, disk->removable);
    uefi_write8(uefi, media + MEDIA_PRESENT, 1);
    uefi_write8(uefi, media + MEDIA_LOGICAL_PARTITION, partition);
    uefi_write8(uefi, media + MEDIA_READ_ONLY, is_read_only(volume));
    uefi_write8(uefi, media + MEDIA_WRITE_CACHING, !is_read_only(volume));
    uefi_write32(uefi, media + MEDIA_BLOCK_SIZE, disk->block_size);
    uefi_write32(uefi, media + MEDIA_IO_ALIGN, 0);
    uefi_write64(uefi, media + MEDIA_LAST_BLOCK, volume->size / disk->block_size - 1);
    uefi_write64(uefi, media + MEDIA_LOWEST_ALIGNED, 0);
    uefi_write32(uefi, media + MEDIA_LOGICAL_PER_PHYSICAL, partition ? 0 : 1);
    uefi_write32(uefi, media + MEDIA_OPTIMAL_GRANULARITY, 0);
}

/* BlockIo, BlockIo2 and DiskIo for [@offset, @offset + @size) of a disk. */
static void install_volume(struct uefi *uefi, uint64_t handle, uint32_t disk, uint64_t offset, uint64_t size,
                           bool partition)
{
    const uint64_t block_io_functions[] = {
        uefi_function(uefi, "BlockIo.Reset", block_reset),
        uefi_function(uefi, "BlockIo.ReadBlocks", read_blocks),
        uefi_function(uefi, "BlockIo.WriteBlocks", write_blocks),
        uefi_function(uefi, "BlockIo.FlushBlocks", flush_blocks),
    };
    const uint64_t block_io2_functions[] = {
        uefi_function(uefi, "BlockIo2.Reset", reset_ex),
        uefi_function(uefi, "BlockIo2.ReadBlocksEx", read_blocks_ex),
        uefi_function(uefi, "BlockIo2.WriteBlocksEx", write_blocks_ex),
        uefi_function(uefi, "BlockIo2.FlushBlocksEx", flush_blocks_ex),
    };
    const uint64_t disk_io_functions[] = {
        uefi_function(uefi, "DiskIo.ReadDisk", read_disk),
        uefi_function(uefi, "DiskIo.WriteDisk", write_disk),
    };
    struct volume *volume = volume_new(uefi, disk, offset, size);
    uint64_t block_io = uefi_interface_new(uefi, BLOCK_IO_SIZE + MEDIA_SIZE, &block_io_class, volume);
    uint64_t block_io2 = uefi_interface_new(uefi, 40, &block_io2_class, volume_new(uefi, disk, offset, size));
    uint64_t disk_io = uefi_interface_new(uefi, 24, &disk_io_class, volume_new(uefi, disk, offset, size));

    if (!block_io || !block_io2 || !disk_io)
        return;
    uefi_write64(uefi, block_io + BLOCK_IO_REVISION, BLOCK_IO_REVISION_3);
    uefi_write64(uefi, block_io + BLOCK_IO_MEDIA, block_io + BLOCK_IO_SIZE);
    write_functions(uefi, block_io + BLOCK_IO_FUNCTIONS, block_io_functions, G_N_ELEMENTS(block_io_functions));
    write_media(uefi, block_io + BLOCK_IO_SIZE, volume, partition);
    uefi_write64(uefi, block_io2, block_io + BLOCK_IO_SIZE);
    write_functions(uefi, block_io2 + 8, block_io2_functions, G_N_ELEMENTS(block_io2_functions));
    uefi_write64(uefi, disk_io, DISK_IO_REVISION);
    write_functions(uefi, disk_io + 8, disk_io_functions, G_N_ELEMENTS(disk_io_functions));
    uefi_install(uefi, handle, &guid_block_io, block_io);
    uefi_install(uefi, handle, &guid_block_io2, block_io2);
    uefi_install(uefi, handle, &guid_disk_io, disk_io);
}

static GByteArray *disk_path(const struct uefi_disk *disk)
{
    /* Contents that no device of the guest shows; the GUID is Galvanic's own. */
    static const struct efi_guid memory_disk =
        EFI_GUID(0x9a7b1a5e, 0x3c1d, 0x4f0e, 0x8d, 0x52, 0x6b, 0x0c, 0x2f, 0x91, 0xe4, 0x77);
    GByteArray *path = g_byte_array_new();

    if (disk->bus == UEFI_DISK_MEMORY) {
        device_path_vendor(path, DEVICE_PATH_HARDWARE, HARDWARE_VENDOR, &memory_disk);
        return path;
    }
    device_path_acpi(path, EISA_PNP(0x0A03), 0);
    device_path_pci(path, disk->pci_devfn);
    if (disk->bus == UEFI_DISK_SATA)
        device_path_sata(path, disk->port);
    else if (disk->bus == UEFI_DISK_NVME)
        device_path_nvme(path, disk->port);
    return path;
}

static void partition_path(GByteArray *path, const struct partition_table *table, const struct partition *partition,
                           uint32_t block_size)
{
    uint64_t start = partition->offset / block_size, size = partition->size / block_size;
    uint8_t signature[16] = {0};

    switch (table->scheme) {
    case PARTITION_GPT:
        device_path_hard_drive(path, partition->number, start, size, partition->unique_guid, 2);
        break;
    case PARTITION_EL_TORITO:
        device_path_cdrom(path, partition->number, start, size);
        break;
    default:
        memcpy(signature, table->mbr_signature, sizeof(table->mbr_signature));
        device_path_hard_drive(path, partition->number, start, size, signature, 1);
    }
}

/* EFI_PARTITION_INFO_PROTOCOL: what the table says about the partition. */
static void install_partition_info(struct uefi *uefi, uint64_t handle, const struct partition_table *table,
                                   const struct partition *partition, uint32_t block_size)
{
    uint8_t info[PARTITION_INFO_SIZE] = {0};
    uint64_t first = partition->offset / block_size, last = first + partition->size / block_size - 1, interface;

    if (table->scheme == PARTITION_EL_TORITO)
        return;
    interface = uefi_interface_new(uefi, sizeof(info), &partition_info_class, uefi);
    if (!interface)
        return;
    info[1] = 0x10; /* revision 0x00001000 */
    info[4] = table->scheme == PARTITION_GPT ? 2 : 1;
    info[8] = partition->system;
    if (table->scheme == PARTITION_GPT) {
        memcpy(info + 16, partition->type_guid, 16);
        memcpy(info + 32, partition->unique_guid, 16);
        put_le64(info + 48, first);
        put_le64(info + 56, last);
        put_le64(info + 64, partition->attributes);
        memcpy(info + 72, partition->name, 72);
    } else {
        info[16 + 4] = partition->type;
        put_le32(info + 16 + 8, (uint32_t)first);
        put_le32(info + 16 + 12, (uint32_t)(last - first + 1));
    }
    uefi_write(uefi, interface, info, sizeof(info));
    uefi_install(uefi, handle, &guid_partition_info, interface);
}

static void partition_init(struct uefi *uefi, uint32_t index, const GByteArray *parent,
                           const struct partition_table *table, const struct partition *partition)
{
    const struct uefi_disk *disk = &uefi_config(uefi)->disks[index];
    GByteArray *path;
    uint64_t handle;

    if (partition->size < disk->block_size)
        return;
    path = g_byte_array_new();
    g_byte_array_append(path, parent->data, parent->len);
    partition_path(path, table, partition, disk->block_size);
    device_path_end(path);
    handle = uefi_device_handle(uefi, path->data, path->len);
    g_byte_array_free(path, TRUE);
    if (!handle)
        return;
    install_volume(uefi, handle, index, partition->offset, partition->size / disk->block_size * disk->block_size, true);
    install_partition_info(uefi, handle, table, partition, disk->block_size);
    if (partition->system && table->scheme == PARTITION_GPT)
        uefi_install(uefi, handle, &guid_esp_partition, 0);
    file_system_init(uefi, handle, index, partition->offset, partition->size);
}

/* A virtio disk is the PCI function itself, so that its handle is there already. */
static uint64_t disk_handle(struct uefi *uefi, const struct uefi_disk *disk, const GByteArray *path)
{
    uint64_t handle = disk->bus == UEFI_DISK_VIRTIO ? pci_io_handle(uefi, disk->pci_devfn) : 0;
    GByteArray *whole;

    if (handle)
        return handle;
    whole = g_byte_array_new();
    g_byte_array_append(whole, path->data, path->len);
    device_path_end(whole);
    handle = uefi_device_handle(uefi, whole->data, whole->len);
    g_byte_array_free(whole, TRUE);
    return handle;
}

static void disk_init(struct uefi *uefi, uint32_t index)
{
    const struct uefi_disk *disk = &uefi_config(uefi)->disks[index];
    uint64_t size = block_size(disk->block) / disk->block_size * disk->block_size, handle;
    struct partition_table *table;
    GByteArray *path;
    GError *error = NULL;

    if (size == 0)
        return;
    path = disk_path(disk);
    handle = disk_handle(uefi, disk, path);
    if (handle)
        install_volume(uefi, handle, index, 0, size, false);
    table = handle ? partition_table_read(disk->block, disk->block_size, &error) : NULL;
    if (error) /* the program refuses such an image; a guest may have made it since */
        machine_note(uefi_machine(uefi), "%s", error->message);
    g_clear_error(&error);
    if (table && table->warning)
        machine_note(uefi_machine(uefi), "%s", table->warning);
    for (unsigned i = 0; table && i < table->partitions->len; i++)
        partition_init(uefi, index, path, table, &g_array_index(table->partitions, struct partition, i));
    if (table && table->scheme == PARTITION_NONE)
        file_system_init(uefi, handle, index, 0, size);
    partition_table_free(table);
    g_byte_array_free(path, TRUE);
}

void block_io_register(struct uefi *uefi)
{
    uefi_register_class(uefi, &block_io_class);
    uefi_register_class(uefi, &block_io2_class);
    uefi_register_class(uefi, &disk_io_class);
    uefi_register_class(uefi, &partition_info_class);
}

void block_io_init(struct uefi *uefi)
{
    for (unsigned i = 0; i < uefi_config(uefi)->disk_count; i++)
        disk_init(uefi, i);
}
