/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What SimpleFileSystem and File share. */
#ifndef GALVANIC_FIRMWARE_UEFI_FILE_SYSTEM_H
#define GALVANIC_FIRMWARE_UEFI_FILE_SYSTEM_H

#include "firmware/uefi/fat.h"
#include "firmware/uefi/uefi.h"

struct file_system {
    struct uefi *uefi;
    uint32_t disk; /* index into the configuration */
    uint64_t offset, size;
    struct fat *fat;
    GPtrArray *files; /* struct file *, all open ones, not owned */
};

struct file {
    struct file_system *fs;
    uint64_t fs_interface;
    struct fat_file fat;
    uint32_t cursor; /* of a directory */
    bool directory;
    bool writable; /* opened for writing */
    bool deleted;  /* through another handle */
};

extern const struct uefi_object_class file_system_class, file_class;

void file_register(struct uefi *uefi);
/* A File interface for @node; 0: out of memory. */
uint64_t file_new(struct file_system *fs, uint64_t fs_interface, struct fat_node node, bool directory, bool writable);
efi_status file_system_status(enum fat_status status);
/* Gives the volume the present time for what is written next. */
void file_system_set_time(struct file_system *fs);
bool file_system_writable(const struct file_system *fs);

/* --- file_info.c --- */
efi_status file_get_info(struct uefi *uefi, struct file *file, const struct efi_guid *type, uint64_t size,
                         uint64_t buffer);
efi_status file_set_info(struct uefi *uefi, struct file *file, const struct efi_guid *type, uint64_t size,
                         uint64_t buffer);
/* EFI_FILE_INFO of @info as bytes. */
GByteArray *file_info_bytes(const struct file_system *fs, const struct fat_info *info);

#endif
