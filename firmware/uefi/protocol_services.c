/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocol handler services (UEFI 2.10, section 7.3), the guest's side of the handle database. */
#include <string.h>

#include "firmware/uefi/uefi_internal.h"

enum { LOCATE_ALL, LOCATE_BY_REGISTER_NOTIFY, LOCATE_BY_PROTOCOL };
#define MULTIPLE_LIMIT 64 /* protocols in one InstallMultipleProtocolInterfaces() */

/* --- install, uninstall --- */
static efi_status install(struct uefi *uefi, uint64_t handle_address, const struct efi_guid *guid, uint64_t interface)
{
    uint64_t handle;
    bool made = false;

    if (!uefi_read64(uefi, handle_address, &handle))
        return EFI_INVALID_PARAMETER;
    if (!handle) {
        handle = uefi_handle_new(uefi);
        made = true;
    }
    if (!handle)
        return EFI_OUT_OF_RESOURCES;
    efi_status status = uefi_install(uefi, handle, guid, interface);
    if (!EFI_IS_ERROR(status))
        uefi_write64(uefi, handle_address, handle);
    else if (made)
        uefi_handle_drop_if_empty(uefi, uefi_find_handle(uefi, handle));
    return status;
}

uint64_t uefi_install_protocol_interface(struct uefi *uefi, struct uefi_call *call)
{
    struct efi_guid guid;

    if (!uefi_read_guid(uefi, uefi_argument(call, 1), &guid) || uefi_argument32(call, 2) != 0)
        return EFI_INVALID_PARAMETER;
    return install(uefi, uefi_argument(call, 0), &guid, uefi_argument(call, 3));
}

/* A driver that has the protocol open BY_DRIVER, 0: none. */
static uint64_t driver_of(const struct uefi_protocol_entry *entry)
{
    for (guint i = 0; i < entry->opens->len; i++) {
        const struct uefi_open *open = &g_array_index(entry->opens, struct uefi_open, i);
        if (open->attributes & EFI_OPEN_PROTOCOL_BY_DRIVER)
            return open->agent;
    }
    return 0;
}

/* Opens that give way when an interface goes; what is left stands against it. */
static void drop_weak_opens(struct uefi_protocol_entry *entry)
{
    uint32_t weak =
        EFI_OPEN_PROTOCOL_BY_HANDLE_PROTOCOL | EFI_OPEN_PROTOCOL_GET_PROTOCOL | EFI_OPEN_PROTOCOL_TEST_PROTOCOL;

    for (guint i = entry->opens->len; i > 0; i--)
        if (g_array_index(entry->opens, struct uefi_open, i - 1).attributes & weak)
            g_array_remove_index(entry->opens, i - 1);
}

/* Drivers let go of an interface.  UEFI_PENDING while they do: the call is then entered again. */
static uint64_t release(struct uefi *uefi, struct uefi_call *call, uint64_t address, struct uefi_protocol_entry *entry)
{
    uint64_t driver = driver_of(entry);

    if (driver) {
        if ((*uefi_phase(call))++ >= UEFI_OPEN_LIMIT)
            return EFI_ACCESS_DENIED;
        uint64_t result = uefi_disconnect_then_again(uefi, address, driver);
        return result == UEFI_PENDING || result == UEFI_AGAIN ? result : EFI_ACCESS_DENIED;
    }
    drop_weak_opens(entry);
    return entry->opens->len ? EFI_ACCESS_DENIED : EFI_SUCCESS;
}

static uint64_t uninstall(struct uefi *uefi, struct uefi_call *call, uint64_t address, const struct efi_guid *guid,
                          uint64_t interface)
{
    struct uefi_handle *handle = uefi_find_handle(uefi, address);
    struct uefi_protocol_entry *entry = handle ? uefi_find_protocol(handle, guid) : NULL;

    if (!handle)
        return EFI_INVALID_PARAMETER;
    if (!entry || entry->interface != interface)
        return EFI_NOT_FOUND;
    uint64_t status = release(uefi, call, address, entry);
    if (status != EFI_SUCCESS)
        return status;
    return uefi_uninstall(uefi, address, guid, interface);
}

uint64_t uefi_uninstall_protocol_interface(struct uefi *uefi, struct uefi_call *call)
{
    struct efi_guid guid;

    if (!uefi_read_guid(uefi, uefi_argument(call, 1), &guid))
        return EFI_INVALID_PARAMETER;
    return uninstall(uefi, call, uefi_argument(call, 0), &guid, uefi_argument(call, 2));
}

uint64_t uefi_reinstall_protocol_interface(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t address = uefi_argument(call, 0), old = uefi_argument(call, 2), new = uefi_argument(call, 3);
    struct uefi_handle *handle = uefi_find_handle(uefi, address);
    struct efi_guid guid;

    if (!handle || !uefi_read_guid(uefi, uefi_argument(call, 1), &guid))
        return EFI_INVALID_PARAMETER;
    struct uefi_protocol_entry *entry = uefi_find_protocol(handle, &guid);
    if (!entry || entry->interface != old)
        return EFI_NOT_FOUND;
    uint64_t status = release(uefi, call, address, entry);
    if (status != EFI_SUCCESS)
        return status;
    entry->interface = new;
    uefi_registrations_notify(uefi, &guid, address);
    /* Drivers may take it up again; whether one does is no matter for the result. */
    uint64_t result = uefi_connect_begin(uefi, address, 0, 0, true, true);
    return result == UEFI_PENDING ? result : EFI_SUCCESS;
}

/* The pairs of a variable argument list; their number, or -1: a bad pointer or no end. */
static int read_pairs(struct uefi *uefi, struct uefi_call *call, struct efi_guid *guids, uint64_t *interfaces)
{
    for (int i = 0; i < MULTIPLE_LIMIT; i++) {
        uint64_t guid = uefi_argument(call, 1 + 2 * (unsigned)i);
        if (!guid)
            return i;
        if (!uefi_read_guid(uefi, guid, &guids[i]))
            return -1;
        interfaces[i] = uefi_argument(call, 2 + 2 * (unsigned)i);
    }
    return -1;
}

/* Is there a handle with this very device path? */
static bool device_path_taken(struct uefi *uefi, uint64_t address)
{
    size_t length, other_length;
    uint8_t *path = device_path_read(uefi, address, &length);
    GArray *handles = uefi_handles(uefi, &guid_device_path);
    bool taken = false;

    for (guint i = 0; path && i < handles->len && !taken; i++) {
        uint64_t interface = 0;
        uefi_protocol(uefi, g_array_index(handles, uint64_t, i), &guid_device_path, &interface);
        uint8_t *other = device_path_read(uefi, interface, &other_length);
        taken = other && other_length == length && memcmp(other, path, length) == 0;
        g_free(other);
    }
    g_array_unref(handles);
    g_free(path);
    return taken;
}

uint64_t uefi_install_multiple_protocols(struct uefi *uefi, struct uefi_call *call)
{
    struct efi_guid guids[MULTIPLE_LIMIT];
    uint64_t interfaces[MULTIPLE_LIMIT], handle_address = uefi_argument(call, 0), handle, before;
    int count = read_pairs(uefi, call, guids, interfaces);
    efi_status status = EFI_SUCCESS;
    int done = 0;

    if (count < 0 || !uefi_read64(uefi, handle_address, &before))
        return EFI_INVALID_PARAMETER;
    for (int i = 0; i < count; i++)
        if (efi_guid_equal(&guids[i], &guid_device_path) && device_path_taken(uefi, interfaces[i]))
            return EFI_ALREADY_STARTED;
    for (; done < count && !EFI_IS_ERROR(status); done++)
        status = install(uefi, handle_address, &guids[done], interfaces[done]);
    if (!EFI_IS_ERROR(status))
        return EFI_SUCCESS;
    uefi_read64(uefi, handle_address, &handle);
    for (int i = done - 2; i >= 0; i--)
        uefi_uninstall(uefi, handle, &guids[i], interfaces[i]);
    uefi_write64(uefi, handle_address, before);
    return status;
}

/* All or none: first it is asked whether each can go. */
uint64_t uefi_uninstall_multiple_protocols(struct uefi *uefi, struct uefi_call *call)
{
    struct efi_guid guids[MULTIPLE_LIMIT];
    uint64_t interfaces[MULTIPLE_LIMIT], address = uefi_argument(call, 0);
    struct uefi_handle *handle = uefi_find_handle(uefi, address);
    int count = read_pairs(uefi, call, guids, interfaces);

    if (!handle || count < 0)
        return EFI_INVALID_PARAMETER;
    for (int i = 0; i < count; i++) {
        struct uefi_protocol_entry *entry = uefi_find_protocol(handle, &guids[i]);
        if (!entry || entry->interface != interfaces[i])
            return EFI_INVALID_PARAMETER;
        uint64_t driver = driver_of(entry);
        if (!driver)
            continue;
        if ((*uefi_phase(call))++ >= UEFI_OPEN_LIMIT)
            return EFI_INVALID_PARAMETER;
        uint64_t result = uefi_disconnect_then_again(uefi, address, driver);
        return result == UEFI_PENDING || result == UEFI_AGAIN ? result : EFI_INVALID_PARAMETER;
    }
    for (int i = 0; i < count; i++) {
        struct uefi_protocol_entry *entry = uefi_find_protocol(handle, &guids[i]);
        drop_weak_opens(entry);
        if (entry->opens->len)
            return EFI_INVALID_PARAMETER;
    }
    for (int i = 0; i < count; i++)
        uefi_uninstall(uefi, address, &guids[i], interfaces[i]);
    return EFI_SUCCESS;
}

/* --- open, close --- */
static efi_status check_open(struct uefi *uefi, uint64_t handle, uint64_t agent, uint64_t controller,
                             uint32_t attributes)
{
    switch (attributes) {
    case EFI_OPEN_PROTOCOL_BY_HANDLE_PROTOCOL:
    case EFI_OPEN_PROTOCOL_GET_PROTOCOL:
    case EFI_OPEN_PROTOCOL_TEST_PROTOCOL:
        return EFI_SUCCESS;
    case EFI_OPEN_PROTOCOL_BY_CHILD_CONTROLLER:
        if (handle == controller)
            return EFI_INVALID_PARAMETER;
        /* fall through */
    case EFI_OPEN_PROTOCOL_BY_DRIVER:
    case EFI_OPEN_PROTOCOL_BY_DRIVER | EFI_OPEN_PROTOCOL_EXCLUSIVE:
        if (!uefi_handle_valid(uefi, controller))
            return EFI_INVALID_PARAMETER;
        /* fall through */
    case EFI_OPEN_PROTOCOL_EXCLUSIVE:
        return uefi_handle_valid(uefi, agent) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
    default:
        return EFI_INVALID_PARAMETER;
    }
}

/* Who has it open already, and does that allow another?  *@driver: who must be disconnected first. */
static efi_status check_opens(const struct uefi_protocol_entry *entry, uint64_t agent, uint64_t controller,
                              uint32_t attributes, uint64_t *driver)
{
    bool by_driver = false, exclusive = false;

    *driver = 0;
    if (!(attributes & (EFI_OPEN_PROTOCOL_BY_DRIVER | EFI_OPEN_PROTOCOL_EXCLUSIVE)))
        return EFI_SUCCESS;
    for (guint i = 0; i < entry->opens->len; i++) {
        const struct uefi_open *open = &g_array_index(entry->opens, struct uefi_open, i);
        if (attributes & EFI_OPEN_PROTOCOL_BY_DRIVER && open->agent == agent && open->controller == controller &&
            open->attributes == attributes)
            return EFI_ALREADY_STARTED;
        by_driver |= (open->attributes & EFI_OPEN_PROTOCOL_BY_DRIVER) != 0;
        exclusive |= (open->attributes & EFI_OPEN_PROTOCOL_EXCLUSIVE) != 0;
    }
    if (exclusive || (by_driver && attributes == EFI_OPEN_PROTOCOL_BY_DRIVER))
        return EFI_ACCESS_DENIED;
    if (by_driver)
        *driver = driver_of(entry);
    return EFI_SUCCESS;
}

uint64_t uefi_open_protocol(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t address = uefi_argument(call, 0), out = uefi_argument(call, 2);
    uint64_t agent = uefi_argument(call, 3), controller = uefi_argument(call, 4), driver;
    uint32_t attributes = uefi_argument32(call, 5);
    struct uefi_handle *handle = uefi_find_handle(uefi, address);
    bool test = attributes == EFI_OPEN_PROTOCOL_TEST_PROTOCOL;
    struct efi_guid guid;

    if (!handle || !uefi_read_guid(uefi, uefi_argument(call, 1), &guid) || (!test && !uefi_accessible(uefi, out, 8)))
        return EFI_INVALID_PARAMETER;
    efi_status status = check_open(uefi, address, agent, controller, attributes);
    if (EFI_IS_ERROR(status))
        return status;
    struct uefi_protocol_entry *entry = uefi_find_protocol(handle, &guid);
    if (!entry) {
        if (!test)
            uefi_write64(uefi, out, 0);
        return EFI_UNSUPPORTED;
    }
    status = check_opens(entry, agent, controller, attributes, &driver);
    if (driver) {
        if ((*uefi_phase(call))++ >= UEFI_OPEN_LIMIT)
            return EFI_ACCESS_DENIED;
        uint64_t result = uefi_disconnect_then_again(uefi, address, driver);
        return result == UEFI_PENDING || result == UEFI_AGAIN ? result : EFI_ACCESS_DENIED;
    }
    if (!test && (!EFI_IS_ERROR(status) || status == EFI_ALREADY_STARTED))
        uefi_write64(uefi, out, entry->interface);
    if (!EFI_IS_ERROR(status) && agent)
        uefi_note_open(uefi, address, &guid, agent, controller, attributes);
    return status;
}

uint64_t uefi_handle_protocol(struct uefi *uefi, struct uefi_call *call)
{
    struct uefi_handle *handle = uefi_find_handle(uefi, uefi_argument(call, 0));
    uint64_t out = uefi_argument(call, 2);
    struct efi_guid guid;

    if (!handle || !uefi_read_guid(uefi, uefi_argument(call, 1), &guid) || !uefi_accessible(uefi, out, 8))
        return EFI_INVALID_PARAMETER;
    const struct uefi_protocol_entry *entry = uefi_find_protocol(handle, &guid);
    uefi_write64(uefi, out, entry ? entry->interface : 0);
    return entry ? EFI_SUCCESS : EFI_UNSUPPORTED;
}

uint64_t uefi_close_protocol(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t agent = uefi_argument(call, 2), controller = uefi_argument(call, 3);
    struct uefi_handle *handle = uefi_find_handle(uefi, uefi_argument(call, 0));
    struct efi_guid guid;
    bool found = false;

    if (!handle || !uefi_handle_valid(uefi, agent) || (controller && !uefi_handle_valid(uefi, controller)) ||
        !uefi_read_guid(uefi, uefi_argument(call, 1), &guid))
        return EFI_INVALID_PARAMETER;
    struct uefi_protocol_entry *entry = uefi_find_protocol(handle, &guid);
    if (!entry)
        return EFI_NOT_FOUND;
    for (guint i = entry->opens->len; i > 0; i--) {
        const struct uefi_open *open = &g_array_index(entry->opens, struct uefi_open, i - 1);
        if (open->agent != agent || open->controller != controller)
            continue;
        g_array_remove_index(entry->opens, i - 1);
        found = true;
    }
    return found ? EFI_SUCCESS : EFI_NOT_FOUND;
}

/* --- asking --- */
/* Gives the guest a pool buffer with @bytes and its number of entries. */
static efi_status answer_buffer(struct uefi *uefi, const void *bytes, size_t length, uint64_t count, uint64_t count_out,
                                uint64_t buffer_out)
{
    if (!uefi_accessible(uefi, count_out, 8) || !uefi_accessible(uefi, buffer_out, 8))
        return EFI_INVALID_PARAMETER;
    uint64_t buffer = uefi_pool_copy(uefi, EFI_BOOT_SERVICES_DATA, bytes, length);
    if (!buffer)
        return EFI_OUT_OF_RESOURCES;
    uefi_write64(uefi, count_out, count);
    uefi_write64(uefi, buffer_out, buffer);
    return EFI_SUCCESS;
}

uint64_t uefi_open_protocol_information(struct uefi *uefi, struct uefi_call *call)
{
    struct uefi_handle *handle = uefi_find_handle(uefi, uefi_argument(call, 0));
    struct efi_guid guid;

    if (!handle || !uefi_read_guid(uefi, uefi_argument(call, 1), &guid))
        return EFI_INVALID_PARAMETER;
    struct uefi_protocol_entry *entry = uefi_find_protocol(handle, &guid);
    if (!entry)
        return EFI_NOT_FOUND;
    GByteArray *bytes = g_byte_array_new();
    struct state_writer *out = state_writer_new(bytes);
    for (guint i = 0; i < entry->opens->len; i++) {
        const struct uefi_open *open = &g_array_index(entry->opens, struct uefi_open, i);
        state_put_u64(out, open->agent);
        state_put_u64(out, open->controller);
        state_put_u32(out, open->attributes);
        state_put_u32(out, open->count);
    }
    efi_status status =
        answer_buffer(uefi, bytes->data, bytes->len, entry->opens->len, uefi_argument(call, 3), uefi_argument(call, 2));
    state_writer_free(out);
    g_byte_array_unref(bytes);
    return status;
}

/* The pointers lead to GUIDs in the same buffer. */
uint64_t uefi_protocols_per_handle(struct uefi *uefi, struct uefi_call *call)
{
    struct uefi_handle *handle = uefi_find_handle(uefi, uefi_argument(call, 0));
    uint64_t buffer_out = uefi_argument(call, 1), count_out = uefi_argument(call, 2);

    if (!handle || !uefi_accessible(uefi, buffer_out, 8) || !uefi_accessible(uefi, count_out, 8))
        return EFI_INVALID_PARAMETER;
    uint64_t count = handle->protocols->len;
    uint64_t buffer = uefi_pool_new(uefi, EFI_BOOT_SERVICES_DATA, count * 24);
    if (!buffer)
        return EFI_OUT_OF_RESOURCES;
    for (uint64_t i = 0; i < count; i++) {
        const struct uefi_protocol_entry *entry = handle->protocols->pdata[i];
        uint64_t guid = buffer + count * 8 + i * 16;
        uefi_write64(uefi, buffer + i * 8, guid);
        uefi_write_guid(uefi, guid, &entry->guid);
    }
    uefi_write64(uefi, buffer_out, buffer);
    uefi_write64(uefi, count_out, count);
    return EFI_SUCCESS;
}

uint64_t uefi_register_protocol_notify(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t event = uefi_argument(call, 1), out = uefi_argument(call, 2);
    struct efi_guid guid;

    if (!uefi_read_guid(uefi, uefi_argument(call, 0), &guid) || !uefi_find_event(uefi, event) ||
        !uefi_accessible(uefi, out, 8))
        return EFI_INVALID_PARAMETER;
    uint64_t address =
        uefi->registrations->len < UEFI_EVENT_LIMIT ? uefi_pool_new(uefi, EFI_BOOT_SERVICES_DATA, 32) : 0;
    if (!address)
        return EFI_OUT_OF_RESOURCES;
    struct uefi_registration *registration = g_new0(struct uefi_registration, 1);
    registration->address = address;
    registration->event = event;
    registration->guid = guid;
    registration->pending = uefi_handles(uefi, &guid); /* those that are there already come first */
    g_ptr_array_add(uefi->registrations, registration);
    uefi_write64(uefi, out, address);
    return EFI_SUCCESS;
}

static struct uefi_registration *find_registration(struct uefi *uefi, uint64_t address)
{
    for (guint i = 0; i < uefi->registrations->len; i++) {
        struct uefi_registration *registration = uefi->registrations->pdata[i];
        if (registration->address == address)
            return registration;
    }
    return NULL;
}

/* The next handle of a registration, without taking it: empty if none is new. */
static GArray *next_registered(struct uefi_registration *registration)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(uint64_t));

    if (registration->pending->len)
        g_array_append_val(found, g_array_index(registration->pending, uint64_t, 0));
    return found;
}

/* NULL with *@status: bad arguments. */
static GArray *locate(struct uefi *uefi, uint32_t how, uint64_t protocol, uint64_t key,
                      struct uefi_registration **registration, efi_status *status)
{
    struct efi_guid guid;

    *registration = NULL;
    *status = EFI_INVALID_PARAMETER;
    switch (how) {
    case LOCATE_ALL:
        return uefi_handles(uefi, NULL);
    case LOCATE_BY_REGISTER_NOTIFY:
        *registration = find_registration(uefi, key);
        return *registration ? next_registered(*registration) : NULL;
    case LOCATE_BY_PROTOCOL:
        return uefi_read_guid(uefi, protocol, &guid) ? uefi_handles(uefi, &guid) : NULL;
    default:
        return NULL;
    }
}

uint64_t uefi_locate_handle(struct uefi *uefi, struct uefi_call *call)
{
    struct uefi_registration *registration;
    efi_status status;
    GArray *handles =
        locate(uefi, uefi_argument32(call, 0), uefi_argument(call, 1), uefi_argument(call, 2), &registration, &status);

    if (!handles)
        return status;
    status = EFI_NOT_FOUND;
    if (handles->len)
        status = uefi_answer(uefi, uefi_argument(call, 3), uefi_argument(call, 4), handles->data, handles->len * 8ull);
    if (status == EFI_SUCCESS && registration)
        g_array_remove_index(registration->pending, 0);
    g_array_unref(handles);
    return status;
}

uint64_t uefi_locate_handle_buffer(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t count_out = uefi_argument(call, 3), buffer_out = uefi_argument(call, 4);
    struct uefi_registration *registration;
    efi_status status;
    GArray *handles =
        locate(uefi, uefi_argument32(call, 0), uefi_argument(call, 1), uefi_argument(call, 2), &registration, &status);

    if (!handles)
        return status;
    if (handles->len) {
        status =
            answer_buffer(uefi, handles->data, handles->len * sizeof(uint64_t), handles->len, count_out, buffer_out);
    } else {
        status = uefi_write64(uefi, count_out, 0) && uefi_write64(uefi, buffer_out, 0) ? EFI_NOT_FOUND
                                                                                       : EFI_INVALID_PARAMETER;
    }
    if (status == EFI_SUCCESS && registration)
        g_array_remove_index(registration->pending, 0);
    g_array_unref(handles);
    return status;
}

uint64_t uefi_locate_protocol(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t key = uefi_argument(call, 1), out = uefi_argument(call, 2), interface = 0;
    struct uefi_registration *registration = key ? find_registration(uefi, key) : NULL;
    struct efi_guid guid;
    GArray *handles;

    if (!uefi_read_guid(uefi, uefi_argument(call, 0), &guid) || !uefi_accessible(uefi, out, 8) ||
        (key && !registration))
        return EFI_INVALID_PARAMETER;
    handles = registration ? next_registered(registration) : uefi_handles(uefi, &guid);
    bool found = handles->len && uefi_protocol(uefi, g_array_index(handles, uint64_t, 0), &guid, &interface);
    if (handles->len && registration)
        g_array_remove_index(registration->pending, 0);
    g_array_unref(handles);
    uefi_write64(uefi, out, found ? interface : 0);
    return found ? EFI_SUCCESS : EFI_NOT_FOUND;
}

uint64_t uefi_find_device(struct uefi *uefi, const struct efi_guid *guid, const uint8_t *path, size_t length,
                          size_t *matched)
{
    GArray *handles = uefi_handles(uefi, guid);
    uint64_t best = 0;

    *matched = 0;
    for (guint i = 0; i < handles->len; i++) {
        uint64_t handle = g_array_index(handles, uint64_t, i), interface;
        size_t other_length;
        if (!uefi_protocol(uefi, handle, &guid_device_path, &interface))
            continue;
        uint8_t *other = device_path_read(uefi, interface, &other_length);
        size_t nodes = other ? other_length - 4 : 0; /* without the end node */
        if (other && nodes <= length - 4 && memcmp(other, path, nodes) == 0 && (!best || nodes > *matched)) {
            best = handle;
            *matched = nodes;
        }
        g_free(other);
    }
    g_array_unref(handles);
    return best;
}

uint64_t uefi_locate_device_path(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t path_pointer = uefi_argument(call, 1), out = uefi_argument(call, 2), address;
    struct efi_guid guid;
    size_t length, matched;

    if (!uefi_read_guid(uefi, uefi_argument(call, 0), &guid) || !uefi_read64(uefi, path_pointer, &address) || !address)
        return EFI_INVALID_PARAMETER;
    uint8_t *path = device_path_read(uefi, address, &length);
    if (!path)
        return EFI_INVALID_PARAMETER;
    uint64_t handle = uefi_find_device(uefi, &guid, path, length, &matched);
    g_free(path);
    if (!handle)
        return EFI_NOT_FOUND;
    if (!uefi_write64(uefi, out, handle) || !uefi_write64(uefi, path_pointer, address + matched))
        return EFI_INVALID_PARAMETER;
    return EFI_SUCCESS;
}
