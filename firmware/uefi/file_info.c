/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What File.GetInfo() and SetInfo() tell and change.  UEFI 2.10 sections 13.5.16 to 13.5.18. */
#include <string.h>

#include "emu/bytes.h"
#include "firmware/uefi/file_system.h"

enum { /* EFI_FILE_INFO */
       INFO_SIZE = 0,
       INFO_FILE_SIZE = 8,
       INFO_PHYSICAL_SIZE = 16,
       INFO_CREATED = 24,
       INFO_ACCESSED = 40,
       INFO_MODIFIED = 56,
       INFO_ATTRIBUTES = 72,
       INFO_NAME = 80,
};
enum { /* EFI_FILE_SYSTEM_INFO */
       SYSTEM_SIZE = 0,
       SYSTEM_READ_ONLY = 8,
       SYSTEM_VOLUME_SIZE = 16,
       SYSTEM_FREE_SPACE = 24,
       SYSTEM_BLOCK_SIZE = 32,
       SYSTEM_LABEL = 36,
};
#define VALID_ATTRIBUTES 0x37u
#define TIME_ZONE_UNSPECIFIED 0x07FF

/* --- EFI_TIME --- */
static void put_time(uint8_t *bytes, const struct fat_time *time)
{
    put_le(bytes, time->year, 2);
    bytes[2] = time->month;
    bytes[3] = time->day;
    bytes[4] = time->hour;
    bytes[5] = time->minute;
    bytes[6] = time->second;
    put_le(bytes + 8, (uint32_t)time->hundredths * 10000000, 4);
    put_le(bytes + 12, TIME_ZONE_UNSPECIFIED, 2);
}

/* False: no valid time.  All zeros: leave it as it is (year 0). */
static bool get_time(const uint8_t *bytes, struct fat_time *time)
{
    *time = (struct fat_time){
        .year = (uint16_t)get_le(bytes, 2),
        .month = bytes[2],
        .day = bytes[3],
        .hour = bytes[4],
        .minute = bytes[5],
        .second = bytes[6],
        .hundredths = (uint8_t)MIN(get_le(bytes + 8, 4) / 10000000, 99),
    };
    if (time->year == 0 && time->month == 0 && time->day == 0)
        return true;
    return time->year >= 1980 && time->year <= 2107 && time->month >= 1 && time->month <= 12 && time->day >= 1 &&
           time->day <= 31 && time->hour < 24 && time->minute < 60 && time->second < 60;
}

static unsigned length16(const uint16_t *text)
{
    unsigned length = 0;

    while (text[length])
        length++;
    return length;
}

static void append_text(GByteArray *bytes, const uint16_t *text)
{
    for (unsigned i = 0; i <= length16(text); i++) {
        uint8_t unit[2] = {(uint8_t)text[i], (uint8_t)(text[i] >> 8)};

        g_byte_array_append(bytes, unit, sizeof(unit));
    }
}

/* --- GetInfo --- */
GByteArray *file_info_bytes(const struct file_system *fs, const struct fat_info *info)
{
    GByteArray *bytes = g_byte_array_new();
    struct fat_volume_info volume;
    uint8_t fixed[INFO_NAME] = {0};
    uint64_t cluster;

    fat_volume_geometry(fs->fat, &volume);
    cluster = volume.cluster_size;
    put_le(fixed + INFO_FILE_SIZE, info->size, 8);
    put_le(fixed + INFO_PHYSICAL_SIZE, (info->size + cluster - 1) / cluster * cluster, 8);
    put_time(fixed + INFO_CREATED, &info->created);
    put_time(fixed + INFO_ACCESSED, &info->accessed);
    put_time(fixed + INFO_MODIFIED, &info->modified);
    put_le(fixed + INFO_ATTRIBUTES, info->attributes, 8);
    g_byte_array_append(bytes, fixed, sizeof(fixed));
    append_text(bytes, info->name);
    put_le(bytes->data + INFO_SIZE, bytes->len, 8);
    return bytes;
}

static enum fat_status system_info_bytes(struct file_system *fs, GByteArray *bytes)
{
    uint16_t label[FAT_LABEL_MAX + 1] = {0};
    uint8_t fixed[SYSTEM_LABEL] = {0};
    struct fat_volume_info volume;
    enum fat_status status = fat_volume_info(fs->fat, &volume);

    if (status == FAT_OK)
        status = fat_get_label(fs->fat, label);
    fixed[SYSTEM_READ_ONLY] = !file_system_writable(fs);
    put_le(fixed + SYSTEM_VOLUME_SIZE, volume.volume_size, 8);
    put_le(fixed + SYSTEM_FREE_SPACE, volume.free_size, 8);
    put_le(fixed + SYSTEM_BLOCK_SIZE, volume.cluster_size, 4);
    g_byte_array_append(bytes, fixed, sizeof(fixed));
    append_text(bytes, label);
    put_le(bytes->data + SYSTEM_SIZE, bytes->len, 8);
    return status;
}

efi_status file_get_info(struct uefi *uefi, struct file *file, const struct efi_guid *type, uint64_t size,
                         uint64_t buffer)
{
    GByteArray *bytes = NULL;
    enum fat_status status = FAT_OK;
    efi_status result = EFI_UNSUPPORTED;
    struct fat_info info;

    if (efi_guid_equal(type, &guid_file_info)) {
        status = fat_stat(file->fs->fat, file->fat.node, &info);
        bytes = file_info_bytes(file->fs, &info);
    } else if (efi_guid_equal(type, &guid_file_system_info)) {
        bytes = g_byte_array_new();
        status = system_info_bytes(file->fs, bytes);
    } else if (efi_guid_equal(type, &guid_file_system_volume_label)) {
        uint16_t label[FAT_LABEL_MAX + 1] = {0};

        bytes = g_byte_array_new();
        status = fat_get_label(file->fs->fat, label);
        append_text(bytes, label);
    }
    if (status != FAT_OK)
        result = file_system_status(status);
    else if (bytes)
        result = uefi_answer(uefi, size, buffer, bytes->data, bytes->len);
    if (bytes)
        g_byte_array_free(bytes, TRUE);
    return result;
}

/* --- SetInfo --- */
static efi_status rename_file(struct file *file, const uint16_t *name)
{
    struct fat_node parent, old = file->fat.node, moved;
    enum fat_status status = fat_parent(file->fs->fat, old, &parent);
    uint16_t last[FAT_NAME_MAX + 1];

    if (status == FAT_OK)
        status = fat_find_parent(file->fs->fat, parent, name, &parent, last);
    if (status == FAT_OK)
        status = fat_rename(file->fs->fat, old, parent, last, &moved);
    if (status != FAT_OK)
        return file_system_status(status);
    for (unsigned i = 0; i < file->fs->files->len; i++) {
        struct file *other = file->fs->files->pdata[i];

        if (other->fat.node.directory == old.directory && other->fat.node.entry == old.entry)
            other->fat.node = moved;
    }
    return EFI_SUCCESS;
}

/* The checks of section 13.5.12 that need no change to the disk. */
static efi_status check_change(const struct file *file, const struct fat_info *old, uint64_t size, uint64_t attributes,
                               bool rename)
{
    bool directory = old->attributes & FAT_ATTRIBUTE_DIRECTORY;

    if (attributes & ~(uint64_t)VALID_ATTRIBUTES)
        return EFI_INVALID_PARAMETER;
    if (!(attributes & FAT_ATTRIBUTE_DIRECTORY) != !directory || (directory && size != 0) ||
        (rename && file->fat.node.entry == FAT_NO_ENTRY))
        return EFI_ACCESS_DENIED;
    if (!file->writable && (size != old->size || rename))
        return EFI_ACCESS_DENIED;
    return EFI_SUCCESS;
}

static efi_status set_file_info(struct file *file, const uint8_t *bytes, const uint16_t *name)
{
    uint64_t size = get_le(bytes + INFO_FILE_SIZE, 8), attributes = get_le(bytes + INFO_ATTRIBUTES, 8);
    struct fat_time created, accessed, modified;
    struct fat_info old;
    enum fat_status fat_status = fat_stat(file->fs->fat, file->fat.node, &old);
    bool rename;
    efi_status status;

    if (fat_status != FAT_OK)
        return file_system_status(fat_status);
    rename = name[0] && memcmp(name, old.name, MIN(length16(name), FAT_NAME_MAX) * 2 + 2) != 0;
    status = check_change(file, &old, size, attributes, rename);
    if (status == EFI_SUCCESS &&
        (!get_time(bytes + INFO_CREATED, &created) || !get_time(bytes + INFO_ACCESSED, &accessed) ||
         !get_time(bytes + INFO_MODIFIED, &modified)))
        status = EFI_INVALID_PARAMETER;
    if (status == EFI_SUCCESS && rename)
        status = rename_file(file, name);
    if (status == EFI_SUCCESS && size != old.size)
        status = file_system_status(fat_set_size(file->fs->fat, file->fat.node, size));
    if (status == EFI_SUCCESS && file->fat.node.entry != FAT_NO_ENTRY)
        status = file_system_status(
            fat_set_info(file->fs->fat, file->fat.node, (uint8_t)attributes, &created, &accessed, &modified));
    return status;
}

/* The text from @offset of @bytes on, NUL-terminated within @length; NULL: it is not. */
static uint16_t *text_at(const uint8_t *bytes, uint64_t length, unsigned offset)
{
    uint64_t units = (length - offset) / 2;
    uint16_t *text = g_new0(uint16_t, units + 1);
    bool end = false;

    for (uint64_t i = 0; i < units && !end; i++) {
        text[i] = (uint16_t)get_le(bytes + offset + i * 2, 2);
        end = text[i] == 0;
    }
    if (!end) {
        g_free(text);
        return NULL;
    }
    return text;
}

static efi_status apply(struct file *file, const struct efi_guid *type, const uint8_t *bytes, uint64_t size)
{
    bool info = efi_guid_equal(type, &guid_file_info);
    unsigned offset = info ? INFO_NAME : efi_guid_equal(type, &guid_file_system_info) ? SYSTEM_LABEL : 0;
    uint16_t *text;
    efi_status status;

    if (size < offset + 2u || (offset && get_le(bytes, 8) > size))
        return EFI_BAD_BUFFER_SIZE;
    text = text_at(bytes, size, offset);
    if (!text)
        return EFI_INVALID_PARAMETER;
    file_system_set_time(file->fs);
    if (info)
        status = set_file_info(file, bytes, text);
    else
        status = file_system_status(fat_set_label(file->fs->fat, text));
    g_free(text);
    return status;
}

efi_status file_set_info(struct uefi *uefi, struct file *file, const struct efi_guid *type, uint64_t size,
                         uint64_t buffer)
{
    uint8_t *bytes;
    efi_status status;

    if (!efi_guid_equal(type, &guid_file_info) && !efi_guid_equal(type, &guid_file_system_info) &&
        !efi_guid_equal(type, &guid_file_system_volume_label))
        return EFI_UNSUPPORTED;
    if (!file_system_writable(file->fs))
        return EFI_WRITE_PROTECTED;
    size = MIN(size, INFO_NAME + 65536);
    bytes = g_malloc(size + 1);
    status = uefi_read(uefi, buffer, bytes, size) ? apply(file, type, bytes, size) : EFI_INVALID_PARAMETER;
    g_free(bytes);
    return status;
}
