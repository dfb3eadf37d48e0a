/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The File protocol on FAT volumes.  UEFI 2.10 section 13.5. */
#include <string.h>

#include "firmware/uefi/file_system.h"
#include "firmware/uefi/protocols.h"

#define FILE_REVISION_2 0x00020000u
#define FILE_MODE_READ 1u
#define FILE_MODE_WRITE 2u
#define FILE_MODE_CREATE 0x8000000000000000u
#define FILE_VALID_ATTRIBUTES 0x37u
#define FILE_FUNCTIONS 14
#define PATH_LIMIT 32767
#define POSITION_END UINT64_MAX
#define PIECE (1024u * 1024)

enum { /* EFI_FILE_IO_TOKEN */
       TOKEN_EVENT = 0,
       TOKEN_STATUS = 8,
       TOKEN_SIZE = 16,
       TOKEN_BUFFER = 24,
};

/* --- the object --- */
static void file_free(void *object)
{
    struct file *file = object;

    g_ptr_array_remove(file->fs->files, file);
    g_free(file);
}

static void file_save(struct uefi *uefi, void *object, struct state_writer *out)
{
    const struct file *file = object;

    state_put_u64(out, file->fs_interface);
    state_put_u32(out, file->fat.node.directory);
    state_put_u32(out, file->fat.node.entry);
    state_put_u64(out, file->fat.position);
    state_put_u32(out, file->cursor);
    state_put_u8(out, (uint8_t)(file->directory | file->writable << 1 | file->deleted << 2));
}

static void *file_load(struct uefi *uefi, uint64_t interface, struct state_reader *in)
{
    uint64_t fs_interface = state_get_u64(in);
    struct file_system *fs = uefi_object(uefi, fs_interface, &file_system_class);
    struct file *file;
    uint8_t flags;

    if (!fs)
        return NULL;
    file = g_new0(struct file, 1);
    file->fs = fs;
    file->fs_interface = fs_interface;
    file->fat.node.directory = state_get_u32(in);
    file->fat.node.entry = state_get_u32(in);
    file->fat.position = state_get_u64(in);
    file->cursor = state_get_u32(in);
    flags = state_get_u8(in);
    file->directory = flags & 1;
    file->writable = flags & 2;
    file->deleted = flags & 4;
    if (state_reader_failed(in)) {
        g_free(file);
        return NULL;
    }
    g_ptr_array_add(fs->files, file);
    return file;
}

const struct uefi_object_class file_class = {"file", file_save, file_load, file_free, NULL};

/* False: the file was deleted through another handle. */
static bool alive(const struct file *file)
{
    return file && !file->deleted;
}

static bool same_node(struct fat_node a, struct fat_node b)
{
    return a.directory == b.directory && a.entry == b.entry;
}

/* --- open --- */
/* The file or directory that @path names, made if it is not there and @create; *@directory tells which. */
static enum fat_status open_or_create(struct file_system *fs, struct fat_node start, const uint16_t *path, bool create,
                                      uint64_t attributes, struct fat_node *node, bool *directory, bool *read_only)
{
    uint16_t name[FAT_NAME_MAX + 1];
    struct fat_node parent;
    struct fat_info info;
    enum fat_status status = fat_find(fs->fat, start, path, &info);

    if (status == FAT_NOT_FOUND && create) {
        status = fat_find_parent(fs->fat, start, path, &parent, name);
        file_system_set_time(fs);
        if (status == FAT_OK)
            status = fat_create(
                fs->fat, parent, name,
                (uint8_t)(attributes | (attributes & FAT_ATTRIBUTE_DIRECTORY ? 0 : FAT_ATTRIBUTE_ARCHIVE)), &info);
        info.attributes &= (uint8_t)~FAT_ATTRIBUTE_READ_ONLY; /* whoever makes a read-only file may fill it */
    } else if (status == FAT_OK && create &&
               !(attributes & FAT_ATTRIBUTE_DIRECTORY) != !(info.attributes & FAT_ATTRIBUTE_DIRECTORY)) {
        status = FAT_EXISTS;
    }
    if (status != FAT_OK)
        return status;
    *node = info.node;
    *directory = info.attributes & FAT_ATTRIBUTE_DIRECTORY;
    *read_only = info.attributes & FAT_ATTRIBUTE_READ_ONLY;
    return FAT_OK;
}

static efi_status open_file(struct uefi *uefi, struct uefi_call *call)
{
    struct file *file = uefi_this(call, &file_class);
    uint64_t out = uefi_argument(call, 1), name = uefi_argument(call, 2), mode = uefi_argument(call, 3);
    uint64_t attributes = uefi_argument(call, 4), interface;
    bool create = mode == (FILE_MODE_READ | FILE_MODE_WRITE | FILE_MODE_CREATE), directory, read_only;
    struct fat_node start, node;
    enum fat_status status;
    uint16_t *path;
    size_t count;

    if (!file || !uefi_accessible(uefi, out, 8))
        return EFI_INVALID_PARAMETER;
    if (!create && mode != FILE_MODE_READ && mode != (FILE_MODE_READ | FILE_MODE_WRITE))
        return EFI_INVALID_PARAMETER;
    if (create && attributes & ~(uint64_t)FILE_VALID_ATTRIBUTES)
        return EFI_INVALID_PARAMETER;
    if (!alive(file))
        return EFI_DEVICE_ERROR;
    if (mode != FILE_MODE_READ && !file_system_writable(file->fs))
        return EFI_WRITE_PROTECTED;
    path = uefi_read_char16(uefi, name, PATH_LIMIT, &count);
    if (!path)
        return EFI_INVALID_PARAMETER;
    start = file->fat.node;
    if (!file->directory && fat_parent(file->fs->fat, start, &start) != FAT_OK) {
        g_free(path);
        return EFI_VOLUME_CORRUPTED;
    }
    status = open_or_create(file->fs, start, path, create, attributes, &node, &directory, &read_only);
    g_free(path);
    if (status != FAT_OK)
        return file_system_status(status);
    if (mode != FILE_MODE_READ && read_only && !directory)
        return EFI_ACCESS_DENIED;
    interface = file_new(file->fs, file->fs_interface, node, directory, mode != FILE_MODE_READ);
    if (!interface)
        return EFI_OUT_OF_RESOURCES;
    uefi_write64(uefi, out, interface);
    return EFI_SUCCESS;
}

static uint64_t file_open(struct uefi *uefi, struct uefi_call *call)
{
    return open_file(uefi, call);
}

static uint64_t file_close(struct uefi *uefi, struct uefi_call *call)
{
    if (!uefi_this(call, &file_class))
        return EFI_INVALID_PARAMETER;
    uefi_interface_free(uefi, uefi_argument(call, 0));
    return EFI_SUCCESS;
}

static uint64_t file_delete(struct uefi *uefi, struct uefi_call *call)
{
    struct file *file = uefi_this(call, &file_class);
    efi_status status = EFI_WARN_DELETE_FAILURE;

    if (!file)
        return EFI_INVALID_PARAMETER;
    if (alive(file) && file->writable && file_system_writable(file->fs) &&
        fat_remove(file->fs->fat, file->fat.node) == FAT_OK) {
        status = EFI_SUCCESS;
        for (unsigned i = 0; i < file->fs->files->len; i++) {
            struct file *other = file->fs->files->pdata[i];

            if (same_node(other->fat.node, file->fat.node))
                other->deleted = true;
        }
    }
    uefi_interface_free(uefi, uefi_argument(call, 0));
    return status;
}

/* --- data --- */
static efi_status read_entry(struct uefi *uefi, struct file *file, uint64_t size_address, uint64_t buffer)
{
    uint32_t cursor = file->cursor;
    struct fat_info info;
    enum fat_status status = fat_read_directory(file->fs->fat, file->fat.node, &cursor, &info);
    GByteArray *bytes;
    efi_status result;

    if (status == FAT_END)
        return uefi_write64(uefi, size_address, 0) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
    if (status != FAT_OK)
        return file_system_status(status);
    bytes = file_info_bytes(file->fs, &info);
    result = uefi_answer(uefi, size_address, buffer, bytes->data, bytes->len);
    g_byte_array_free(bytes, TRUE);
    if (result == EFI_SUCCESS)
        file->cursor = cursor;
    return result;
}

static efi_status read_data(struct uefi *uefi, struct file *file, uint64_t *length, uint64_t buffer)
{
    struct fat_info info;
    enum fat_status status = fat_stat(file->fs->fat, file->fat.node, &info);
    uint64_t wanted = *length;

    *length = 0;
    if (status != FAT_OK)
        return file_system_status(status);
    if (file->fat.position > info.size)
        return EFI_DEVICE_ERROR;
    wanted = MIN(wanted, info.size - file->fat.position);
    while (wanted && status == FAT_OK) {
        uint64_t piece = MIN(wanted, PIECE);
        void *host = uefi_pointer(uefi, buffer + *length, piece);

        if (!host)
            return EFI_INVALID_PARAMETER;
        status = fat_read(file->fs->fat, &file->fat, host, &piece);
        uefi_written(uefi, buffer + *length, piece);
        if (piece == 0)
            break;
        *length += piece;
        wanted -= piece;
    }
    return file_system_status(status);
}

static efi_status read_any(struct uefi *uefi, struct file *file, uint64_t size_address, uint64_t buffer)
{
    efi_status status;
    uint64_t length;

    if (!file || !uefi_read64(uefi, size_address, &length))
        return EFI_INVALID_PARAMETER;
    if (!alive(file))
        return EFI_DEVICE_ERROR;
    if (file->directory)
        return read_entry(uefi, file, size_address, buffer);
    status = read_data(uefi, file, &length, buffer);
    uefi_write64(uefi, size_address, length);
    return status;
}

static efi_status write_data(struct uefi *uefi, struct file *file, uint64_t *length, uint64_t buffer)
{
    uint64_t wanted = *length;
    enum fat_status status = FAT_OK;

    *length = 0;
    if (!uefi_accessible(uefi, buffer, wanted) && wanted)
        return EFI_INVALID_PARAMETER;
    file_system_set_time(file->fs);
    while (wanted && status == FAT_OK) {
        uint64_t piece = MIN(wanted, PIECE);
        const void *host = uefi_pointer(uefi, buffer + *length, piece);

        if (!host)
            return EFI_INVALID_PARAMETER;
        status = fat_write(file->fs->fat, &file->fat, host, piece);
        if (status == FAT_OK) {
            *length += piece;
            wanted -= piece;
        }
    }
    return file_system_status(status);
}

static efi_status write_any(struct uefi *uefi, struct file *file, uint64_t size_address, uint64_t buffer)
{
    efi_status status;
    uint64_t length;

    if (!file || !uefi_read64(uefi, size_address, &length))
        return EFI_INVALID_PARAMETER;
    if (file->directory)
        return EFI_UNSUPPORTED;
    if (!alive(file))
        return EFI_DEVICE_ERROR;
    if (!file_system_writable(file->fs))
        return EFI_WRITE_PROTECTED;
    if (!file->writable)
        return EFI_ACCESS_DENIED;
    status = write_data(uefi, file, &length, buffer);
    uefi_write64(uefi, size_address, length);
    return status;
}

static uint64_t file_read(struct uefi *uefi, struct uefi_call *call)
{
    return read_any(uefi, uefi_this(call, &file_class), uefi_argument(call, 1), uefi_argument(call, 2));
}

static uint64_t file_write(struct uefi *uefi, struct uefi_call *call)
{
    return write_any(uefi, uefi_this(call, &file_class), uefi_argument(call, 1), uefi_argument(call, 2));
}

/* --- position --- */
static uint64_t file_get_position(struct uefi *uefi, struct uefi_call *call)
{
    const struct file *file = uefi_this(call, &file_class);

    if (!file)
        return EFI_INVALID_PARAMETER;
    if (file->directory)
        return EFI_UNSUPPORTED;
    if (!alive(file))
        return EFI_DEVICE_ERROR;
    return uefi_write64(uefi, uefi_argument(call, 1), file->fat.position) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

static uint64_t file_set_position(struct uefi *uefi, struct uefi_call *call)
{
    struct file *file = uefi_this(call, &file_class);
    uint64_t position = uefi_argument(call, 1);
    struct fat_info info;

    if (!file)
        return EFI_INVALID_PARAMETER;
    if (!alive(file))
        return EFI_DEVICE_ERROR;
    if (file->directory) {
        if (position != 0)
            return EFI_UNSUPPORTED;
        file->cursor = 0;
        return EFI_SUCCESS;
    }
    if (position == POSITION_END) {
        enum fat_status status = fat_stat(file->fs->fat, file->fat.node, &info);

        if (status != FAT_OK)
            return file_system_status(status);
        position = info.size;
    }
    file->fat.position = position;
    return EFI_SUCCESS;
}

/* --- information --- */
static uint64_t file_information(struct uefi *uefi, struct uefi_call *call, bool set)
{
    struct file *file = uefi_this(call, &file_class);
    struct efi_guid type;

    if (!file || !uefi_read_guid(uefi, uefi_argument(call, 1), &type))
        return EFI_INVALID_PARAMETER;
    if (!alive(file))
        return EFI_DEVICE_ERROR;
    return set ? file_set_info(uefi, file, &type, uefi_argument(call, 2), uefi_argument(call, 3))
               : file_get_info(uefi, file, &type, uefi_argument(call, 2), uefi_argument(call, 3));
}

static uint64_t file_get_information(struct uefi *uefi, struct uefi_call *call)
{
    return file_information(uefi, call, false);
}

static uint64_t file_set_information(struct uefi *uefi, struct uefi_call *call)
{
    return file_information(uefi, call, true);
}

static efi_status flush(struct file *file)
{
    struct block *block;

    if (!file)
        return EFI_INVALID_PARAMETER;
    block = uefi_config(file->fs->uefi)->disks[file->fs->disk].block;
    if (!file_system_writable(file->fs))
        return EFI_WRITE_PROTECTED;
    if (!file->writable)
        return EFI_ACCESS_DENIED;
    return block_flush(block) ? EFI_SUCCESS : EFI_DEVICE_ERROR;
}

static uint64_t file_flush(struct uefi *uefi, struct uefi_call *call)
{
    return flush(uefi_this(call, &file_class));
}

/* --- revision 2: requests with a token are done at once --- */
static efi_status finish(struct uefi *uefi, uint64_t token, efi_status status)
{
    uint64_t event;

    if (!uefi_write64(uefi, token + TOKEN_STATUS, status))
        return EFI_INVALID_PARAMETER;
    if (!uefi_read64(uefi, token + TOKEN_EVENT, &event) || event == 0)
        return status;
    uefi_signal(uefi, event);
    return EFI_SUCCESS;
}

static uint64_t file_open_ex(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t token = uefi_argument(call, 5);

    return uefi_accessible(uefi, token, 16) ? finish(uefi, token, open_file(uefi, call)) : EFI_INVALID_PARAMETER;
}

static uint64_t transfer_ex(struct uefi *uefi, struct uefi_call *call, bool write)
{
    struct file *file = uefi_this(call, &file_class);
    uint64_t token = uefi_argument(call, 1), buffer;

    if (!file || !uefi_read64(uefi, token + TOKEN_BUFFER, &buffer))
        return EFI_INVALID_PARAMETER;
    return finish(uefi, token,
                  write ? write_any(uefi, file, token + TOKEN_SIZE, buffer)
                        : read_any(uefi, file, token + TOKEN_SIZE, buffer));
}

static uint64_t file_read_ex(struct uefi *uefi, struct uefi_call *call)
{
    return transfer_ex(uefi, call, false);
}

static uint64_t file_write_ex(struct uefi *uefi, struct uefi_call *call)
{
    return transfer_ex(uefi, call, true);
}

static uint64_t file_flush_ex(struct uefi *uefi, struct uefi_call *call)
{
    return finish(uefi, uefi_argument(call, 1), flush(uefi_this(call, &file_class)));
}

/* The interface's functions, in its order. */
static void functions_of(struct uefi *uefi, uint64_t out[FILE_FUNCTIONS])
{
    static const struct {
        const char *name;
        uefi_handler *handler;
    } list[FILE_FUNCTIONS] = {
        {"File.Open", file_open},
        {"File.Close", file_close},
        {"File.Delete", file_delete},
        {"File.Read", file_read},
        {"File.Write", file_write},
        {"File.GetPosition", file_get_position},
        {"File.SetPosition", file_set_position},
        {"File.GetInfo", file_get_information},
        {"File.SetInfo", file_set_information},
        {"File.Flush", file_flush},
        {"File.OpenEx", file_open_ex},
        {"File.ReadEx", file_read_ex},
        {"File.WriteEx", file_write_ex},
        {"File.FlushEx", file_flush_ex},
    };

    for (unsigned i = 0; i < FILE_FUNCTIONS; i++)
        out[i] = uefi_function(uefi, list[i].name, list[i].handler);
}

void file_register(struct uefi *uefi)
{
    uint64_t functions[FILE_FUNCTIONS];

    uefi_register_class(uefi, &file_class);
    functions_of(uefi, functions); /* files are opened at any time: their functions get their places now */
}

uint64_t file_new(struct file_system *fs, uint64_t fs_interface, struct fat_node node, bool directory, bool writable)
{
    struct uefi *uefi = fs->uefi;
    struct file *file = g_new0(struct file, 1);
    uint64_t functions[FILE_FUNCTIONS], interface;

    file->fs = fs;
    file->fs_interface = fs_interface;
    fat_file_open(&file->fat, node);
    file->directory = directory;
    file->writable = writable;
    g_ptr_array_add(fs->files, file);
    interface = uefi_interface_new(uefi, 8 + sizeof(functions), &file_class, file);
    if (!interface)
        return 0;
    functions_of(uefi, functions);
    uefi_write64(uefi, interface, FILE_REVISION_2);
    write_functions(uefi, interface + 8, functions, FILE_FUNCTIONS);
    return interface;
}
