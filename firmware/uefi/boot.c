/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot manager (UEFI 2.10, chapter 3): --efi-app, BootNext, BootOrder, then the default file of each volume.
 *
 * It is the first "guest function": the CPU starts on its stub, and each time a boot option has returned it stands
 * there again.
 */
#include <inttypes.h>
#include <string.h>

#include "emu/bytes.h"
#include "firmware/uefi/uefi_internal.h"

#define WATCHDOG_SECONDS 300
#define OPTION_ACTIVE 1u
#define NODE_MEDIA 4
#define NODE_MEDIA_HARD_DRIVE 1
#define NODE_MEDIA_FILE 4
#define NODE_END 0x7F
#define HARD_DRIVE_NODE 42
#define INITRD_NODE 20

static void tried(struct uefi *uefi, const char *what, const char *why)
{
    char *text = g_strdup_printf("%s%s%s (%s)", uefi->boot_tried ? uefi->boot_tried : "", uefi->boot_tried ? "; " : "",
                                 what, why);

    g_free(uefi->boot_tried);
    uefi->boot_tried = text;
}

static void set_boot_current(struct uefi *uefi, uint16_t number)
{
    uint8_t value[2] = {(uint8_t)number, (uint8_t)(number >> 8)};

    variables_set_own(uefi->variables, &guid_global_variable, "BootCurrent",
                      EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS, false, value, sizeof(value));
}

/* Runs a loaded image; to be returned. */
static uint64_t start(struct uefi *uefi, uint64_t handle)
{
    uefi->watchdog = uefi_now(uefi) + WATCHDOG_SECONDS * NANOSECONDS_PER_SECOND;
    uefi_timer_update(uefi);
    uefi_signal_group(uefi, &guid_event_ready_to_boot);
    g_free(uefi->boot_name);
    uefi->boot_name = g_strdup(uefi_find_image(uefi, handle)->name);
    return uefi_image_start(uefi, handle, true, 0, 0);
}

/* A file of ours on @device; 0: it is noted why not. */
static uint64_t load_file(struct uefi *uefi, uint64_t device, const char *file)
{
    size_t device_length, length;
    uint64_t interface = 0, handle = 0;
    efi_status status = EFI_NOT_FOUND;
    GError *error = NULL;

    uefi_protocol(uefi, device, &guid_device_path, &interface);
    uint8_t *device_path = device_path_read(uefi, interface, &device_length);
    if (!device_path)
        return 0;
    char *where = device_path_text(device_path, device_length);
    char *what = g_strdup_printf("%s on %s", file, where);
    uint8_t *path = device_path_append_file(device_path, device_length, file, &length);
    GBytes *bytes = file_system_read(uefi, device, file, &status);
    char buffer[32];
    if (bytes) {
        gsize size;
        const uint8_t *data = g_bytes_get_data(bytes, &size);
        status = uefi_image_load(uefi, 0, device, path, length, data, size, file, &handle, &error);
        g_bytes_unref(bytes);
    }
    if (EFI_IS_ERROR(status))
        tried(uefi, what,
              error                     ? error->message
              : status == EFI_NOT_FOUND ? "not there"
                                        : efi_status_name(status, buffer));
    g_clear_error(&error);
    g_free(path);
    g_free(what);
    g_free(where);
    g_free(device_path);
    return EFI_IS_ERROR(status) ? 0 : handle;
}

/* --- --efi-app --- */
/*
 * The device that the application will believe it came from: a volume, else a disk, else one that stands for the host.
 */
static uint64_t app_device(struct uefi *uefi)
{
    static const uint8_t host_path[24] = {
        1,    4,    20,   0,    0x47, 0x61, 0x6c, 0x76, 0x61,     0x6e, 0x69, 0x63,
        0x2d, 0x61, 0x70, 0x70, 0x2d, 0x66, 0x69, 0x6c, NODE_END, 0xFF, 4,    0,
    };
    const struct efi_guid *kinds[] = {&guid_simple_file_system, &guid_block_io};

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        GArray *handles = uefi_handles(uefi, kinds[i]);
        uint64_t found = 0, interface;
        for (guint j = 0; j < handles->len && !found; j++)
            if (uefi_protocol(uefi, g_array_index(handles, uint64_t, j), &guid_device_path, &interface))
                found = g_array_index(handles, uint64_t, j);
        g_array_unref(handles);
        if (found)
            return found;
    }
    return uefi_device_handle(uefi, host_path, sizeof(host_path));
}

static uint64_t load_app(struct uefi *uefi)
{
    const char *name = uefi->config.efi_app_name ? uefi->config.efi_app_name : "--efi-app";
    uint64_t device = app_device(uefi), interface = 0, handle = 0;
    size_t device_length, length;
    GError *error = NULL;
    gsize size;
    const uint8_t *data = g_bytes_get_data(uefi->config.efi_app, &size);

    uefi_protocol(uefi, device, &guid_device_path, &interface);
    uint8_t *device_path = device_path_read(uefi, interface, &device_length);
    char *base = g_path_get_basename(name);
    char *file = g_strdup_printf("\\%s", base);
    uint8_t *path = device_path ? device_path_append_file(device_path, device_length, file, &length) : NULL;
    efi_status status = uefi_image_load(uefi, 0, device, path, path ? length : 0, data, size, base, &handle, &error);
    if (EFI_IS_ERROR(status)) {
        char buffer[32];
        tried(uefi, name, error ? error->message : efi_status_name(status, buffer));
    } else if (uefi->config.command_line) {
        size_t options_size;
        uint16_t *options = uefi_text_to_char16(uefi->config.command_line, &options_size);
        uefi_image_set_options(uefi, handle, options, options_size);
        g_free(options);
    }
    g_clear_error(&error);
    g_free(file);
    g_free(base);
    g_free(path);
    g_free(device_path);
    return EFI_IS_ERROR(status) ? 0 : handle;
}

/* --- Boot#### --- */
/* Does the device path of @handle end with the hard drive node @node (or is it that very path)? */
static bool ends_with(struct uefi *uefi, uint64_t handle, const uint8_t *node, size_t node_length)
{
    uint64_t interface = 0;
    size_t length;

    uefi_protocol(uefi, handle, &guid_device_path, &interface);
    uint8_t *path = device_path_read(uefi, interface, &length);
    bool same = path && length >= node_length + 4 && memcmp(path + length - 4 - node_length, node, node_length) == 0;
    g_free(path);
    return same;
}

/* The volume that a boot option's path names, whole or short; *@rest: offset of the file's nodes.  0: none. */
static uint64_t option_volume(struct uefi *uefi, const uint8_t *path, size_t length, size_t *rest)
{
    bool short_form = length >= HARD_DRIVE_NODE + 4 && path[0] == NODE_MEDIA && path[1] == NODE_MEDIA_HARD_DRIVE;
    uint64_t found = 0;

    if (!short_form)
        return uefi_find_device(uefi, &guid_simple_file_system, path, length, rest);
    GArray *handles = uefi_handles(uefi, &guid_simple_file_system);
    for (guint i = 0; i < handles->len && !found; i++)
        if (ends_with(uefi, g_array_index(handles, uint64_t, i), path, HARD_DRIVE_NODE))
            found = g_array_index(handles, uint64_t, i);
    g_array_unref(handles);
    *rest = HARD_DRIVE_NODE;
    return found;
}

/* EFI_LOAD_OPTION: attributes, length of the paths, description, paths, optional data.  0: not usable. */
static uint64_t load_option_data(struct uefi *uefi, const char *name, const uint8_t *data, size_t size)
{
    size_t at = 6, rest = 0;

    if (size < 8 || !(data[0] & OPTION_ACTIVE))
        return 0;
    size_t paths = get_le16(data + 4);
    while (at + 2 <= size && (data[at] || data[at + 1]))
        at += 2;
    at += 2;
    if (at > size || paths > size - at)
        return 0;
    size_t length = device_path_length(data + at, paths);
    uint64_t volume = length ? option_volume(uefi, data + at, length, &rest) : 0;
    if (!volume) {
        tried(uefi, name, "its volume is not there");
        return 0;
    }
    char *file = rest + 4 < length ? device_path_file(data + at + rest, length - rest) : NULL;
    uint64_t handle = load_file(uefi, volume, file ? file : uefi->arch->boot_file);
    g_free(file);
    if (handle && size > at + paths)
        uefi_image_set_options(uefi, handle, data + at + paths, size - at - paths);
    return handle;
}

static uint64_t load_option(struct uefi *uefi, uint16_t number)
{
    char name[16];
    gsize size;

    snprintf(name, sizeof(name), "Boot%04X", number);
    GBytes *option = uefi_variable(uefi, &guid_global_variable, name);
    if (!option)
        return 0;
    const uint8_t *data = g_bytes_get_data(option, &size);
    uint64_t handle = load_option_data(uefi, name, data, size);
    g_bytes_unref(option);
    if (handle)
        set_boot_current(uefi, number);
    return handle;
}

/* The @index-th number in a variable that is a list of them; false: past its end. */
static bool listed(struct uefi *uefi, const char *variable, uint32_t index, uint16_t *number)
{
    GBytes *value = uefi_variable(uefi, &guid_global_variable, variable);
    gsize size = 0;
    const uint8_t *data = value ? g_bytes_get_data(value, &size) : NULL;
    bool there = data && size >= 2 * ((gsize)index + 1);

    if (there)
        *number = get_le16(data + 2 * index);
    if (value)
        g_bytes_unref(value);
    return there;
}

/* --- the sequence --- */
static uint64_t fallback(struct uefi *uefi, bool *more)
{
    GArray *handles = uefi_handles(uefi, &guid_simple_file_system);
    uint64_t handle = 0;

    *more = uefi->boot_index < handles->len;
    if (*more)
        handle = load_file(uefi, g_array_index(handles, uint64_t, uefi->boot_index), uefi->arch->boot_file);
    g_array_unref(handles);
    uefi->boot_index++;
    return handle;
}

static void next_stage(struct uefi *uefi)
{
    uefi->boot_stage++;
    uefi->boot_index = 0;
}

/* Loads the next candidate that can be loaded; 0: there is none left. */
static uint64_t next_image(struct uefi *uefi)
{
    uint16_t number;
    uint64_t handle = 0;
    bool more;

    while (!handle && uefi->boot_stage != UEFI_BOOT_DONE) {
        switch (uefi->boot_stage) {
        case UEFI_BOOT_APP:
            next_stage(uefi);
            handle = uefi->config.efi_app ? load_app(uefi) : 0;
            break;
        case UEFI_BOOT_NEXT:
            next_stage(uefi);
            if (listed(uefi, "BootNext", 0, &number)) {
                uefi_set_variable(uefi, &guid_global_variable, "BootNext", 0, NULL, 0);
                handle = load_option(uefi, number);
            }
            break;
        case UEFI_BOOT_ORDER:
            if (listed(uefi, "BootOrder", uefi->boot_index++, &number))
                handle = load_option(uefi, number);
            else
                next_stage(uefi);
            break;
        default:
            handle = fallback(uefi, &more);
            if (!more)
                next_stage(uefi);
        }
    }
    return handle;
}

/* Nothing is left to start. */
static void give_up(struct uefi *uefi)
{
    if (uefi->boot_returned) {
        machine_note(uefi->machine, "firmware: %s returned, and nothing else is there to start", uefi->boot_name);
        machine_power_off(uefi->machine);
        return;
    }
    machine_refuse(uefi->machine, "%s%snothing to start for %s: %s",
                   uefi->config.disk_count ? block_path(uefi->config.disks[0].block) : "",
                   uefi->config.disk_count ? ": " : "", uefi->arch->name,
                   uefi->boot_tried ? uefi->boot_tried
                                    : "no volume with a FAT file system on any disk, and no --efi-app");
}

uint64_t uefi_boot_manager(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t handle = next_image(uefi);

    (void)call;
    if (handle)
        return start(uefi, handle);
    give_up(uefi);
    return UEFI_AGAIN;
}

uint64_t uefi_boot_returned(struct uefi *uefi, efi_status status)
{
    char buffer[32];

    uefi->watchdog = CLOCK_NEVER;
    uefi_timer_update(uefi);
    uefi->boot_returned = true;
    if (EFI_IS_ERROR(status)) {
        uefi->boot_returned = false;
        g_autofree char *why = g_strdup_printf("returned %s", efi_status_name(status, buffer));
        tried(uefi, uefi->boot_name, why);
        machine_note(uefi->machine, "firmware: %s %s", uefi->boot_name, why);
    }
    return UEFI_AGAIN;
}

/* --- the initrd --- */
static uint64_t initrd_load(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t path = uefi_argument(call, 1), size = uefi_argument(call, 3), buffer = uefi_argument(call, 4);
    uint8_t node = 0;
    gsize length;

    if (!uefi_this(call, &uefi_initrd_class) || !uefi_read8(uefi, path, &node))
        return EFI_INVALID_PARAMETER;
    if (uefi_argument8(call, 2))
        return EFI_UNSUPPORTED; /* a boot policy is LoadFile's affair */
    if (node != NODE_END)
        return EFI_NOT_FOUND;
    const void *data = g_bytes_get_data(uefi->config.initrd, &length);
    return uefi_answer(uefi, size, buffer, data, length);
}

static void *initrd_restore(struct uefi *uefi, uint64_t interface, struct state_reader *in)
{
    (void)interface;
    (void)in;
    return uefi->config.initrd;
}

const struct uefi_object_class uefi_initrd_class = {.name = "initrd", .load = initrd_restore};

void uefi_initrd_install(struct uefi *uefi)
{
    uint8_t path[INITRD_NODE + 4] = {NODE_MEDIA, 3, INITRD_NODE, 0, [INITRD_NODE] = NODE_END, 0xFF, 4, 0};

    if (!uefi->config.initrd)
        return;
    memcpy(path + 4, guid_linux_initrd_media.bytes, sizeof(guid_linux_initrd_media.bytes));
    uint64_t handle = uefi_device_handle(uefi, path, sizeof(path));
    uint64_t interface = uefi_interface_new(uefi, 8, &uefi_initrd_class, uefi->config.initrd);
    if (!handle || !interface)
        return;
    uefi_write64(uefi, interface, uefi_function(uefi, "LoadFile2.LoadFile", initrd_load));
    uefi_install(uefi, handle, &guid_load_file2, interface);
}
