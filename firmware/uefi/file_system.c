/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SimpleFileSystem on FAT volumes, and reading a file for the boot manager.  UEFI 2.10 section 13.4. */
#include "firmware/uefi/file_system.h"

#include <string.h>

#include "firmware/uefi/protocols.h"

#define SIMPLE_FILE_SYSTEM_REVISION 0x00010000u
#define WHOLE_FILE_MAX (1u << 30)

static void file_system_free(void *object)
{
    struct file_system *fs = object;

    fat_unmount(fs->fat);
    g_ptr_array_free(fs->files, TRUE);
    g_free(fs);
}

static struct file_system *file_system_new(struct uefi *uefi, uint32_t disk, uint64_t offset, uint64_t size)
{
    GError *error = NULL;
    struct fat *fat;
    struct file_system *fs;

    if (disk >= uefi_config(uefi)->disk_count)
        return NULL;
    fat = fat_mount(uefi_config(uefi)->disks[disk].block, offset, size, &error);
    if (!fat) {
        if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_INVAL)) /* one is there, but broken */
            machine_note(uefi_machine(uefi), "%s", error->message);
        g_error_free(error);
        return NULL;
    }
    fs = g_new0(struct file_system, 1);
    *fs = (struct file_system){uefi, disk, offset, size, fat, g_ptr_array_new()};
    return fs;
}

static void file_system_save(struct uefi *uefi, void *object, struct state_writer *out)
{
    const struct file_system *fs = object;

    state_put_u32(out, fs->disk);
    state_put_u64(out, fs->offset);
    state_put_u64(out, fs->size);
}

static void *file_system_load(struct uefi *uefi, uint64_t interface, struct state_reader *in)
{
    uint32_t disk = state_get_u32(in);
    uint64_t offset = state_get_u64(in), size = state_get_u64(in);

    return state_reader_failed(in) ? NULL : file_system_new(uefi, disk, offset, size);
}

const struct uefi_object_class file_system_class = {"file-system", file_system_save, file_system_load, file_system_free,
                                                    NULL};

efi_status file_system_status(enum fat_status status)
{
    switch (status) {
    case FAT_OK:
        return EFI_SUCCESS;
    case FAT_NOT_FOUND:
    case FAT_END:
    case FAT_NOT_A_DIRECTORY:
        return EFI_NOT_FOUND;
    case FAT_BAD_NAME:
        return EFI_INVALID_PARAMETER;
    case FAT_EXISTS:
    case FAT_IS_A_DIRECTORY:
    case FAT_NOT_EMPTY:
    case FAT_REFUSED:
        return EFI_ACCESS_DENIED;
    case FAT_FULL:
        return EFI_VOLUME_FULL;
    case FAT_READ_ONLY:
        return EFI_WRITE_PROTECTED;
    case FAT_CORRUPT:
        return EFI_VOLUME_CORRUPTED;
    default:
        return EFI_DEVICE_ERROR;
    }
}

void file_system_set_time(struct file_system *fs)
{
    int64_t seconds = machine_config(uefi_machine(fs->uefi))->calendar + uefi_now(fs->uefi) / NANOSECONDS_PER_SECOND;
    GDateTime *date = g_date_time_new_from_unix_utc(seconds);
    struct fat_time now = {0};

    if (date) {
        now = (struct fat_time){
            .year = (uint16_t)g_date_time_get_year(date),
            .month = (uint8_t)g_date_time_get_month(date),
            .day = (uint8_t)g_date_time_get_day_of_month(date),
            .hour = (uint8_t)g_date_time_get_hour(date),
            .minute = (uint8_t)g_date_time_get_minute(date),
            .second = (uint8_t)g_date_time_get_second(date),
            .hundredths = (uint8_t)(uefi_now(fs->uefi) / 10000000 % 100),
        };
        g_date_time_unref(date);
    }
    fat_set_time(fs->fat, &now);
}

bool file_system_writable(const struct file_system *fs)
{
    const struct uefi_disk *disk = &uefi_config(fs->uefi)->disks[fs->disk];

    return !disk->read_only && !block_read_only(disk->block);
}

static uint64_t open_volume(struct uefi *uefi, struct uefi_call *call)
{
    struct file_system *fs = uefi_this(call, &file_system_class);
    uint64_t root = uefi_argument(call, 1), file;

    if (!fs || !uefi_accessible(uefi, root, 8))
        return EFI_INVALID_PARAMETER;
    file = file_new(fs, uefi_argument(call, 0), FAT_ROOT, true, true);
    if (!file)
        return EFI_OUT_OF_RESOURCES;
    uefi_write64(uefi, root, file);
    return EFI_SUCCESS;
}

void file_system_register(struct uefi *uefi)
{
    uefi_register_class(uefi, &file_system_class);
    file_register(uefi);
}

bool file_system_init(struct uefi *uefi, uint64_t handle, unsigned disk, uint64_t offset, uint64_t size)
{
    struct file_system *fs = file_system_new(uefi, disk, offset, size);
    uint64_t interface;

    if (!fs)
        return false;
    interface = uefi_interface_new(uefi, 16, &file_system_class, fs);
    if (!interface)
        return false;
    uefi_write64(uefi, interface, SIMPLE_FILE_SYSTEM_REVISION);
    uefi_write64(uefi, interface + 8, uefi_function(uefi, "SimpleFileSystem.OpenVolume", open_volume));
    return uefi_install(uefi, handle, &guid_simple_file_system, interface) == EFI_SUCCESS;
}

void file_system_disk_written(struct uefi *uefi, unsigned disk)
{
    GArray *handles = uefi_handles(uefi, &guid_simple_file_system);

    for (unsigned i = 0; i < handles->len; i++) {
        struct file_system *fs = NULL;
        uint64_t interface;

        if (uefi_protocol(uefi, g_array_index(handles, uint64_t, i), &guid_simple_file_system, &interface))
            fs = uefi_object(uefi, interface, &file_system_class);
        if (fs && fs->disk == disk)
            fat_changed(fs->fat);
    }
    g_array_unref(handles);
}

GBytes *file_system_read(struct uefi *uefi, uint64_t handle, const char *path, efi_status *status)
{
    struct file_system *fs = NULL;
    struct fat_file file;
    struct fat_info info;
    enum fat_status result;
    uint64_t interface, length;
    uint8_t *bytes;
    uint16_t *wide;
    size_t size;

    if (uefi_protocol(uefi, handle, &guid_simple_file_system, &interface))
        fs = uefi_object(uefi, interface, &file_system_class);
    if (!fs) {
        *status = EFI_UNSUPPORTED;
        return NULL;
    }
    wide = uefi_text_to_char16(path, &size);
    result = fat_find(fs->fat, FAT_ROOT, wide, &info);
    g_free(wide);
    if (result == FAT_OK && info.attributes & FAT_ATTRIBUTE_DIRECTORY)
        result = FAT_NOT_FOUND;
    *status = result == FAT_OK                                           ? EFI_SUCCESS
              : result == FAT_NOT_FOUND || result == FAT_NOT_A_DIRECTORY ? EFI_NOT_FOUND
                                                                         : EFI_DEVICE_ERROR;
    if (result != FAT_OK)
        return NULL;
    if (info.size > WHOLE_FILE_MAX) {
        *status = EFI_OUT_OF_RESOURCES;
        return NULL;
    }
    bytes = g_malloc(info.size ? info.size : 1);
    length = info.size;
    fat_file_open(&file, info.node);
    result = fat_read(fs->fat, &file, bytes, &length);
    if (result != FAT_OK || length != info.size) {
        g_free(bytes);
        *status = EFI_DEVICE_ERROR;
        return NULL;
    }
    return g_bytes_new_take(bytes, length);
}
