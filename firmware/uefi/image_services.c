/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Image services (UEFI 2.10, section 7.4). */
#include <string.h>

#include "firmware/uefi/uefi_internal.h"

#define EXIT_DATA_LIMIT 65536
#define IMAGE_FILE_LIMIT 0x40000000u
#define LOADED_UNLOAD 88 /* of struct EFI_LOADED_IMAGE_PROTOCOL */

/* What LoadImage() was told, while it is at work. */
struct source {
    uint64_t parent, device, out;
    uint8_t *path; /* NULL: none */
    size_t path_length;
};

/* Loads from bytes that the host can read; the guest is told why not. */
static efi_status load(struct uefi *uefi, const struct source *source, const uint8_t *data, size_t size)
{
    GError *error = NULL;
    uint64_t handle;
    efi_status status = uefi_image_load(uefi, source->parent, source->device, source->path, source->path_length, data,
                                        size, NULL, &handle, &error);

    if (!EFI_IS_ERROR(status))
        uefi_write64(uefi, source->out, handle);
    else if (error)
        uefi_guest_error(uefi, "LoadImage: %s", error->message);
    g_clear_error(&error);
    return status;
}

static efi_status load_buffer(struct uefi *uefi, struct source *source, uint64_t buffer, uint64_t size)
{
    size_t matched;
    const uint8_t *data = size && size <= IMAGE_FILE_LIMIT ? uefi_pointer(uefi, buffer, size) : NULL;

    if (!data)
        return size ? EFI_INVALID_PARAMETER : EFI_LOAD_ERROR;
    if (source->path) {
        source->device = uefi_find_device(uefi, &guid_simple_file_system, source->path, source->path_length, &matched);
        if (!source->device)
            source->device = uefi_find_device(uefi, &guid_device_path, source->path, source->path_length, &matched);
    }
    return load(uefi, source, data, size);
}

/* From a device path: a file of ours, or what a guest's file system or LoadFile gives. */
static uint64_t load_path(struct uefi *uefi, struct source *source, bool boot_policy)
{
    size_t matched;
    efi_status status = EFI_NOT_FOUND;

    source->device = uefi_find_device(uefi, &guid_simple_file_system, source->path, source->path_length, &matched);
    if (source->device) {
        char *file = device_path_file(source->path + matched, source->path_length - matched);
        GBytes *bytes = file ? file_system_read(uefi, source->device, file, &status) : NULL;
        if (bytes) {
            gsize size;
            const uint8_t *data = g_bytes_get_data(bytes, &size);
            status = load(uefi, source, data, size);
            g_bytes_unref(bytes);
        } else if (file && status == EFI_UNSUPPORTED) {
            status = uefi_load_from_guest_file(uefi, source->device, file, source->parent, source->path,
                                               source->path_length, source->out);
        }
        g_free(file);
        return status;
    }
    const struct efi_guid *kinds[] = {boot_policy ? NULL : &guid_load_file2, &guid_load_file};
    for (unsigned i = 0; i < 2; i++) {
        source->device = kinds[i] ? uefi_find_device(uefi, kinds[i], source->path, source->path_length, &matched) : 0;
        if (source->device)
            return uefi_load_from_guest_load_file(uefi, source->device, kinds[i], boot_policy, source->parent,
                                                  source->path, source->path_length, matched, source->out);
    }
    return EFI_NOT_FOUND;
}

uint64_t uefi_load_image(struct uefi *uefi, struct uefi_call *call)
{
    struct source source = {.parent = uefi_argument(call, 1), .out = uefi_argument(call, 5)};
    uint64_t path = uefi_argument(call, 2), buffer = uefi_argument(call, 3), size = uefi_argument(call, 4);

    if (!uefi_find_image(uefi, source.parent) || !uefi_accessible(uefi, source.out, 8) || (!path && !buffer))
        return EFI_INVALID_PARAMETER;
    if (path) {
        source.path = device_path_read(uefi, path, &source.path_length);
        if (!source.path)
            return EFI_INVALID_PARAMETER;
    }
    uint64_t result =
        buffer ? load_buffer(uefi, &source, buffer, size) : load_path(uefi, &source, uefi_argument8(call, 0));
    g_free(source.path);
    return result;
}

uint64_t uefi_load_from_bytes(struct uefi *uefi, uint64_t device, uint64_t parent, uint64_t path, uint64_t out,
                              uint64_t buffer, uint64_t size)
{
    struct source source = {.parent = parent, .device = device, .out = out};
    const uint8_t *data = size && size <= IMAGE_FILE_LIMIT ? uefi_pointer(uefi, buffer, size) : NULL;

    source.path = device_path_read(uefi, path, &source.path_length);
    efi_status status = data ? load(uefi, &source, data, size) : EFI_LOAD_ERROR;
    g_free(source.path);
    return status;
}

uint64_t uefi_start_image(struct uefi *uefi, struct uefi_call *call)
{
    return uefi_image_start(uefi, uefi_argument(call, 0), false, uefi_argument(call, 1), uefi_argument(call, 2));
}

uint64_t uefi_exit(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t handle = uefi_argument(call, 0), status = uefi_argument(call, 1);
    uint64_t size = uefi_argument(call, 2), data = uefi_argument(call, 3);
    struct uefi_image *image = uefi_find_image(uefi, handle);
    const void *bytes;

    if (!image || image->stage == UEFI_IMAGE_EXITED)
        return EFI_INVALID_PARAMETER;
    if (image->stage == UEFI_IMAGE_LOADED)
        return uefi_image_unload(uefi, handle);
    if (EFI_IS_ERROR(status) && size && size <= EXIT_DATA_LIMIT && (bytes = uefi_pointer(uefi, data, size))) {
        image->exit_data = uefi_pool_copy(uefi, EFI_BOOT_SERVICES_DATA, bytes, size);
        image->exit_data_size = image->exit_data ? size : 0;
    }
    uefi_trace_call(call, UEFI_PENDING);
    return uefi_image_exit(uefi, call->cpu, handle, status);
}

static uint64_t unload_done(struct uefi *uefi, uint64_t *data, uint64_t result)
{
    return EFI_IS_ERROR(result) ? result : uefi_image_unload(uefi, data[0]);
}

uint64_t uefi_unload_image(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t handle = uefi_argument(call, 0), unload = 0;
    struct uefi_image *image = uefi_find_image(uefi, handle);
    uint64_t data[UEFI_CONTINUATION_DATA] = {handle};

    if (!image)
        return EFI_INVALID_PARAMETER;
    if (image->stage == UEFI_IMAGE_LOADED)
        return uefi_image_unload(uefi, handle);
    uefi_read64(uefi, image->loaded_image + LOADED_UNLOAD, &unload);
    return unload ? uefi_call_guest(uefi, unload, &handle, 1, unload_done, data) : EFI_UNSUPPORTED;
}

void uefi_image_services_register(struct uefi *uefi)
{
    uefi_register_continuation(uefi, unload_done);
    uefi_image_source_register(uefi);
}
