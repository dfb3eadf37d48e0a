/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images in memory: loading, starting, ending (UEFI 2.10, sections 7.4 and 9). */
#include <string.h>

#include "firmware/uefi/uefi_internal.h"

/* struct EFI_LOADED_IMAGE_PROTOCOL */
#define LOADED_REVISION 0
#define LOADED_PARENT 8
#define LOADED_SYSTEM_TABLE 16
#define LOADED_DEVICE 24
#define LOADED_FILE_PATH 32
#define LOADED_OPTIONS_SIZE 48
#define LOADED_OPTIONS 56
#define LOADED_BASE 64
#define LOADED_SIZE 72
#define LOADED_CODE_TYPE 80
#define LOADED_DATA_TYPE 84
#define LOADED_STRUCT_SIZE 96
#define LOADED_IMAGE_REVISION 0x1000

#define IMAGE_LIMIT 1024

struct uefi_image *uefi_find_image(struct uefi *uefi, uint64_t handle)
{
    for (guint i = 0; i < uefi->images->len; i++) {
        struct uefi_image *image = uefi->images->pdata[i];
        if (image->handle == handle)
            return image;
    }
    return NULL;
}

struct uefi_image *uefi_image_at(struct uefi *uefi, uint64_t address)
{
    for (guint i = uefi->images->len; i > 0; i--) {
        struct uefi_image *image = uefi->images->pdata[i - 1];
        if (address - image->base < image->size)
            return image;
    }
    return NULL;
}

const char *uefi_image_name(struct uefi *uefi, uint64_t address, uint64_t *base)
{
    const struct uefi_image *image = uefi_image_at(uefi, address);

    if (!image)
        return NULL;
    *base = image->base;
    return image->name;
}

void uefi_image_free(void *pointer)
{
    struct uefi_image *image = pointer;

    g_free(image->name);
    g_free(image);
}

static void memory_types(uint16_t subsystem, uint32_t *code, uint32_t *data)
{
    switch (subsystem) {
    case PE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER:
        *code = EFI_BOOT_SERVICES_CODE;
        *data = EFI_BOOT_SERVICES_DATA;
        break;
    case PE_SUBSYSTEM_EFI_RUNTIME_DRIVER:
        *code = EFI_RUNTIME_SERVICES_CODE;
        *data = EFI_RUNTIME_SERVICES_DATA;
        break;
    default:
        *code = EFI_LOADER_CODE;
        *data = EFI_LOADER_DATA;
    }
}

/* Pages for the image: anywhere if it can be moved, else where it wants to be.  0: no room. */
static uint64_t find_room(struct uefi *uefi, const struct pe_image *pe, uint32_t type, uint64_t pages)
{
    uint64_t address = pe->base, unit = MAX(pe->section_alignment / EFI_PAGE_SIZE, uefi->arch->runtime_pages);

    if (pe->relocations_stripped)
        return memory_map_allocate(uefi->map, MEMORY_MAP_AT, type, pages, 1, &address) == EFI_SUCCESS ? address : 0;
    if (type != EFI_RUNTIME_SERVICES_CODE)
        unit = MAX(pe->section_alignment / EFI_PAGE_SIZE, 1);
    if (unit & (unit - 1) || unit > 0x40000)
        unit = 1; /* no alignment at all, as far as the specification goes */
    address = 0;
    return memory_map_allocate(uefi->map, MEMORY_MAP_ANY, type, pages, unit, &address) == EFI_SUCCESS ? address : 0;
}

static efi_status place(struct uefi *uefi, const struct pe_image *pe, const uint8_t *data, size_t size, uint32_t type,
                        uint64_t *base, GError **error)
{
    uint64_t pages = EFI_PAGES((uint64_t)pe->size);
    uint8_t *memory;

    *base = find_room(uefi, pe, type, pages);
    if (!*base) {
        g_set_error(error, pe_error_quark(), PE_ERROR_FORMAT, "there is no memory for the program's %u KiB",
                    pe->size / 1024);
        return EFI_OUT_OF_RESOURCES;
    }
    memory_set(uefi->memory, *base, 0, pages * EFI_PAGE_SIZE);
    memory = memory_pointer(uefi->memory, *base, pe->size);
    if (memory) {
        pe_load(pe, data, size, memory);
        if (pe_relocate(pe, memory, *base, error)) {
            memory_written(uefi->memory, *base, pe->size);
            return EFI_SUCCESS;
        }
    }
    memory_map_release(uefi->map, *base, pages);
    return EFI_LOAD_ERROR;
}

static char *image_name(const uint8_t *path, size_t length, const char *name)
{
    char *text = name ? g_strdup(name) : path ? device_path_text(path, length) : NULL;

    return text ? text : g_strdup("(memory)");
}

/* The interfaces of the image's handle. */
static bool describe(struct uefi *uefi, struct uefi_image *image, uint64_t device, const uint8_t *path, size_t length,
                     uint32_t code, uint32_t data)
{
    uint64_t loaded = uefi_pool_new(uefi, EFI_BOOT_SERVICES_DATA, LOADED_STRUCT_SIZE), file = 0, interface;
    size_t matched = 0, device_length;

    if (!loaded)
        return false;
    if (path) {
        image->device_path = uefi_pool_copy(uefi, EFI_BOOT_SERVICES_DATA, path, length);
        /* LoadedImage.FilePath is what follows the device's path. */
        if (device && uefi_protocol(uefi, device, &guid_device_path, &interface)) {
            uint8_t *device_path = device_path_read(uefi, interface, &device_length);
            if (device_path && device_length <= length && memcmp(device_path, path, device_length - 4) == 0)
                matched = device_length - 4;
            g_free(device_path);
        }
        file = uefi_pool_copy(uefi, EFI_BOOT_SERVICES_DATA, path + matched, length - matched);
    }
    image->loaded_image = loaded;
    uefi_write32(uefi, loaded + LOADED_REVISION, LOADED_IMAGE_REVISION);
    uefi_write64(uefi, loaded + LOADED_PARENT, image->parent);
    uefi_write64(uefi, loaded + LOADED_SYSTEM_TABLE, uefi->system_table);
    uefi_write64(uefi, loaded + LOADED_DEVICE, device);
    uefi_write64(uefi, loaded + LOADED_FILE_PATH, file);
    uefi_write64(uefi, loaded + LOADED_BASE, image->base);
    uefi_write64(uefi, loaded + LOADED_SIZE, image->size);
    uefi_write32(uefi, loaded + LOADED_CODE_TYPE, code);
    uefi_write32(uefi, loaded + LOADED_DATA_TYPE, data);
    uefi_install(uefi, image->handle, &guid_loaded_image, loaded);
    uefi_install(uefi, image->handle, &guid_loaded_image_device_path, image->device_path);
    return true;
}

efi_status uefi_image_load(struct uefi *uefi, uint64_t parent, uint64_t device, const uint8_t *path, size_t path_length,
                           const uint8_t *data, size_t size, const char *name, uint64_t *handle, GError **error)
{
    struct pe_image pe;
    uint32_t code, data_type;
    uint64_t base;

    if (!pe_parse(data, size, uefi->arch->pe_machine, &pe, error))
        return EFI_UNSUPPORTED;
    memory_types(pe.subsystem, &code, &data_type);
    if (uefi->images->len >= IMAGE_LIMIT)
        return EFI_OUT_OF_RESOURCES;
    efi_status status = place(uefi, &pe, data, size, code, &base, error);
    if (EFI_IS_ERROR(status))
        return status;
    struct uefi_image *image = g_new0(struct uefi_image, 1);
    image->handle = uefi_handle_new(uefi);
    image->parent = parent;
    image->base = base;
    image->size = EFI_PAGES((uint64_t)pe.size) * EFI_PAGE_SIZE;
    image->entry = base + pe.entry;
    image->subsystem = pe.subsystem;
    image->name = image_name(path, path_length, name);
    if (!image->handle || !describe(uefi, image, device, path, path_length, code, data_type)) {
        memory_map_release(uefi->map, base, image->size / EFI_PAGE_SIZE);
        uefi_image_free(image);
        return EFI_OUT_OF_RESOURCES;
    }
    /* LoadedImage.ImageSize is that of the headers, not rounded to pages. */
    uefi_write64(uefi, image->loaded_image + LOADED_SIZE, pe.size);
    g_ptr_array_add(uefi->images, image);
    *handle = image->handle;
    return EFI_SUCCESS;
}

efi_status uefi_image_set_options(struct uefi *uefi, uint64_t handle, const void *options, size_t size)
{
    struct uefi_image *image = uefi_find_image(uefi, handle);
    uint64_t copy;

    if (!image)
        return EFI_INVALID_PARAMETER;
    copy = uefi_pool_copy(uefi, EFI_BOOT_SERVICES_DATA, options, size);
    if (!copy)
        return EFI_OUT_OF_RESOURCES;
    uefi_write32(uefi, image->loaded_image + LOADED_OPTIONS_SIZE, (uint32_t)size);
    uefi_write64(uefi, image->loaded_image + LOADED_OPTIONS, copy);
    return EFI_SUCCESS;
}

/* What an image has open is closed with it. */
static void close_opens(struct uefi *uefi, uint64_t agent)
{
    for (guint i = 0; i < uefi->handles->len; i++) {
        struct uefi_handle *handle = uefi->handles->pdata[i];
        for (guint j = 0; j < handle->protocols->len; j++) {
            GArray *opens = ((struct uefi_protocol_entry *)handle->protocols->pdata[j])->opens;
            for (guint k = opens->len; k > 0; k--)
                if (g_array_index(opens, struct uefi_open, k - 1).agent == agent)
                    g_array_remove_index(opens, k - 1);
        }
    }
}

efi_status uefi_image_unload(struct uefi *uefi, uint64_t handle)
{
    struct uefi_image *image = uefi_find_image(uefi, handle);
    uint64_t file = 0;

    if (!image)
        return EFI_INVALID_PARAMETER;
    close_opens(uefi, handle);
    uefi_read64(uefi, image->loaded_image + LOADED_FILE_PATH, &file);
    uefi_uninstall(uefi, handle, &guid_loaded_image_device_path, image->device_path);
    uefi_uninstall(uefi, handle, &guid_loaded_image, image->loaded_image);
    uefi_pool_free(uefi, image->loaded_image);
    if (image->device_path)
        uefi_pool_free(uefi, image->device_path);
    if (file)
        uefi_pool_free(uefi, file);
    memory_map_release(uefi->map, image->base, image->size / EFI_PAGE_SIZE);
    g_ptr_array_remove(uefi->images, image);
    return EFI_SUCCESS;
}

/* --- running --- */
enum { DATA_HANDLE, DATA_TPL, DATA_PREVIOUS, DATA_BOOT_MANAGER, DATA_EXIT_SIZE, DATA_EXIT_DATA };

/* Exit data goes to StartImage()'s caller, or nowhere. */
static void hand_out_exit_data(struct uefi *uefi, struct uefi_image *image, const uint64_t *data)
{
    bool wanted = data[DATA_EXIT_SIZE] && data[DATA_EXIT_DATA];

    if (wanted) {
        uefi_write64(uefi, data[DATA_EXIT_SIZE], image->exit_data_size);
        uefi_write64(uefi, data[DATA_EXIT_DATA], image->exit_data);
    } else if (image->exit_data) {
        uefi_pool_free(uefi, image->exit_data);
    }
    image->exit_data = image->exit_data_size = 0;
}

/* The entry point has returned, or Exit() was called. */
static uint64_t image_done(struct uefi *uefi, uint64_t *data, uint64_t result)
{
    struct uefi_image *image = uefi_find_image(uefi, data[DATA_HANDLE]);

    uefi->current_image = data[DATA_PREVIOUS];
    uefi->tpl = data[DATA_TPL];
    if (image) {
        hand_out_exit_data(uefi, image, data);
        if (image->subsystem == PE_SUBSYSTEM_EFI_APPLICATION || EFI_IS_ERROR(result))
            uefi_image_unload(uefi, data[DATA_HANDLE]);
        else
            image->stage = UEFI_IMAGE_EXITED;
    }
    return data[DATA_BOOT_MANAGER] ? uefi_boot_returned(uefi, result) : result;
}

uint64_t uefi_image_start(struct uefi *uefi, uint64_t handle, bool boot_manager, uint64_t exit_size, uint64_t exit_data)
{
    struct uefi_image *image = uefi_find_image(uefi, handle);
    uint64_t arguments[] = {handle, uefi->system_table};
    uint64_t data[UEFI_CONTINUATION_DATA] = {
        [DATA_HANDLE] = handle,       [DATA_TPL] = uefi->tpl,       [DATA_PREVIOUS] = uefi->current_image,
        [DATA_EXIT_SIZE] = exit_size, [DATA_EXIT_DATA] = exit_data, [DATA_BOOT_MANAGER] = boot_manager,
    };

    if (!image || image->stage != UEFI_IMAGE_LOADED)
        return EFI_INVALID_PARAMETER;
    image->stage = UEFI_IMAGE_STARTED;
    uefi->current_image = handle;
    return uefi_call_guest(uefi, image->entry, arguments, 2, image_done, data);
}

static guint image_done_index(const struct uefi *uefi)
{
    guint i = 0;

    while (g_array_index(uefi->continuations, uefi_continuation *, i) != image_done)
        i++;
    return i;
}

uint64_t uefi_image_exit(struct uefi *uefi, struct cpu *cpu, uint64_t handle, efi_status status)
{
    guint done = image_done_index(uefi);

    if (handle != uefi->current_image)
        return EFI_INVALID_PARAMETER;
    for (guint i = uefi->frames->len; i > 0; i--) {
        const struct uefi_frame *frame = uefi->frames->pdata[i - 1];
        if (frame->kind != UEFI_FRAME_CALL || frame->continuation != done || frame->data[DATA_HANDLE] != handle)
            continue;
        uefi_frames_drop(uefi, i);
        uefi_frame_finish(uefi, cpu, status);
        return UEFI_GONE;
    }
    return EFI_INVALID_PARAMETER;
}

void uefi_images_register(struct uefi *uefi)
{
    uefi_register_continuation(uefi, image_done);
    uefi_image_services_register(uefi);
}
