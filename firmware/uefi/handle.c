/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handle database and the host's objects behind interfaces (UEFI 2.10, section 7.3). */
#include <string.h>

#include "firmware/uefi/uefi_internal.h"

#define HANDLE_SIZE 32 /* guest memory behind a handle: only its address matters */

/* --- interfaces and objects --- */
void uefi_register_class(struct uefi *uefi, const struct uefi_object_class *object_class)
{
    g_ptr_array_add(uefi->classes, (void *)object_class);
}

static bool class_known(const struct uefi *uefi, const struct uefi_object_class *object_class)
{
    return g_ptr_array_find(uefi->classes, object_class, NULL);
}

struct uefi_interface *uefi_interface_add(struct uefi *uefi, uint64_t address,
                                          const struct uefi_object_class *object_class, void *object)
{
    struct uefi_interface *interface = g_new0(struct uefi_interface, 1);

    g_assert(class_known(uefi, object_class)); /* else it could not be restored */
    *interface = (struct uefi_interface){address, object_class, object};
    g_ptr_array_add(uefi->interfaces, interface);
    g_hash_table_insert(uefi->interface_index, &interface->address, interface);
    return interface;
}

uint64_t uefi_interface_new(struct uefi *uefi, uint64_t size, const struct uefi_object_class *object_class,
                            void *object)
{
    uint64_t address = uefi_pool_new(uefi, EFI_BOOT_SERVICES_DATA, size);

    if (!address) {
        if (object_class->free)
            object_class->free(object);
        return 0;
    }
    uefi_interface_add(uefi, address, object_class, object);
    return address;
}

void uefi_interface_free(struct uefi *uefi, uint64_t address)
{
    struct uefi_interface *interface = g_hash_table_lookup(uefi->interface_index, &address);

    if (!interface)
        return;
    g_hash_table_remove(uefi->interface_index, &address);
    if (interface->object_class->free)
        interface->object_class->free(interface->object);
    g_ptr_array_remove(uefi->interfaces, interface); /* frees it */
    uefi_pool_free(uefi, address);
}

void *uefi_object(struct uefi *uefi, uint64_t address, const struct uefi_object_class *object_class)
{
    const struct uefi_interface *interface = g_hash_table_lookup(uefi->interface_index, &address);

    return interface && interface->object_class == object_class ? interface->object : NULL;
}

/* --- handles --- */
struct uefi_handle *uefi_find_handle(struct uefi *uefi, uint64_t handle)
{
    return g_hash_table_lookup(uefi->handle_index, &handle);
}

bool uefi_handle_valid(struct uefi *uefi, uint64_t handle)
{
    return uefi_find_handle(uefi, handle) != NULL;
}

void uefi_protocol_entry_free(void *pointer)
{
    struct uefi_protocol_entry *entry = pointer;

    g_array_unref(entry->opens);
    g_free(entry);
}

struct uefi_handle *uefi_handle_add(struct uefi *uefi, uint64_t address)
{
    if (uefi->handles->len >= UEFI_HANDLE_LIMIT)
        return NULL;
    if (!address)
        address = uefi_pool_new(uefi, EFI_BOOT_SERVICES_DATA, HANDLE_SIZE);
    if (!address)
        return NULL;
    struct uefi_handle *handle = g_new0(struct uefi_handle, 1);
    handle->address = address;
    handle->protocols = g_ptr_array_new_with_free_func(uefi_protocol_entry_free);
    g_ptr_array_add(uefi->handles, handle);
    g_hash_table_insert(uefi->handle_index, &handle->address, handle);
    return handle;
}

static void handle_free(struct uefi_handle *handle)
{
    g_ptr_array_unref(handle->protocols);
    g_free(handle);
}

void uefi_handles_clear(struct uefi *uefi)
{
    g_hash_table_remove_all(uefi->handle_index);
    for (guint i = 0; i < uefi->handles->len; i++)
        handle_free(uefi->handles->pdata[i]);
    g_ptr_array_set_size(uefi->handles, 0);
    g_hash_table_remove_all(uefi->interface_index);
    /* The last made first: objects may lean on earlier ones. */
    for (guint i = uefi->interfaces->len; i > 0; i--) {
        struct uefi_interface *interface = uefi->interfaces->pdata[i - 1];
        if (interface->object_class->free)
            interface->object_class->free(interface->object);
    }
    g_ptr_array_set_size(uefi->interfaces, 0);
    g_ptr_array_set_size(uefi->registrations, 0);
}

void uefi_handle_drop_if_empty(struct uefi *uefi, struct uefi_handle *handle)
{
    uint64_t address = handle->address;

    if (handle->protocols->len)
        return;
    for (guint i = 0; i < uefi->registrations->len; i++) {
        struct uefi_registration *registration = uefi->registrations->pdata[i];
        for (guint j = registration->pending->len; j > 0; j--)
            if (g_array_index(registration->pending, uint64_t, j - 1) == address)
                g_array_remove_index(registration->pending, j - 1);
    }
    g_hash_table_remove(uefi->handle_index, &address);
    g_ptr_array_remove(uefi->handles, handle);
    handle_free(handle);
    uefi_pool_free(uefi, address);
}

uint64_t uefi_handle_new(struct uefi *uefi)
{
    struct uefi_handle *handle = uefi_handle_add(uefi, 0);

    return handle ? handle->address : 0;
}

struct uefi_protocol_entry *uefi_find_protocol(struct uefi_handle *handle, const struct efi_guid *guid)
{
    for (guint i = 0; i < handle->protocols->len; i++) {
        struct uefi_protocol_entry *entry = handle->protocols->pdata[i];
        if (efi_guid_equal(&entry->guid, guid))
            return entry;
    }
    return NULL;
}

efi_status uefi_install(struct uefi *uefi, uint64_t address, const struct efi_guid *protocol, uint64_t interface)
{
    struct uefi_handle *handle = uefi_find_handle(uefi, address);

    if (!handle || uefi_find_protocol(handle, protocol))
        return EFI_INVALID_PARAMETER;
    if (handle->protocols->len >= UEFI_PROTOCOL_LIMIT)
        return EFI_OUT_OF_RESOURCES;
    struct uefi_protocol_entry *entry = g_new0(struct uefi_protocol_entry, 1);
    entry->guid = *protocol;
    entry->interface = interface;
    entry->opens = g_array_new(FALSE, FALSE, sizeof(struct uefi_open));
    g_ptr_array_add(handle->protocols, entry);
    uefi_registrations_notify(uefi, protocol, address);
    return EFI_SUCCESS;
}

efi_status uefi_uninstall(struct uefi *uefi, uint64_t address, const struct efi_guid *protocol, uint64_t interface)
{
    struct uefi_handle *handle = uefi_find_handle(uefi, address);
    struct uefi_protocol_entry *entry = handle ? uefi_find_protocol(handle, protocol) : NULL;

    if (!handle)
        return EFI_INVALID_PARAMETER;
    if (!entry || entry->interface != interface)
        return EFI_NOT_FOUND;
    g_ptr_array_remove(handle->protocols, entry);
    uefi_handle_drop_if_empty(uefi, handle);
    return EFI_SUCCESS;
}

bool uefi_protocol(struct uefi *uefi, uint64_t address, const struct efi_guid *protocol, uint64_t *interface)
{
    struct uefi_handle *handle = uefi_find_handle(uefi, address);
    struct uefi_protocol_entry *entry = handle ? uefi_find_protocol(handle, protocol) : NULL;

    if (entry)
        *interface = entry->interface;
    return entry != NULL;
}

GArray *uefi_handles(struct uefi *uefi, const struct efi_guid *protocol)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(uint64_t));

    for (guint i = 0; i < uefi->handles->len; i++) {
        struct uefi_handle *handle = uefi->handles->pdata[i];
        if (!protocol || uefi_find_protocol(handle, protocol))
            g_array_append_val(found, handle->address);
    }
    return found;
}

void uefi_note_open(struct uefi *uefi, uint64_t address, const struct efi_guid *protocol, uint64_t agent,
                    uint64_t controller, uint32_t attributes)
{
    struct uefi_handle *handle = uefi_find_handle(uefi, address);
    struct uefi_protocol_entry *entry = handle ? uefi_find_protocol(handle, protocol) : NULL;
    struct uefi_open open = {agent, controller, attributes, 1};

    if (!entry)
        return;
    for (guint i = 0; i < entry->opens->len; i++) {
        struct uefi_open *known = &g_array_index(entry->opens, struct uefi_open, i);
        if (known->agent == agent && known->controller == controller && known->attributes == attributes) {
            known->count++;
            return;
        }
    }
    if (entry->opens->len < UEFI_OPEN_LIMIT)
        g_array_append_val(entry->opens, open);
}

uint64_t uefi_device_handle(struct uefi *uefi, const uint8_t *device_path, size_t length)
{
    uint64_t path = uefi_pool_copy(uefi, EFI_BOOT_SERVICES_DATA, device_path, length);
    uint64_t handle = uefi_handle_new(uefi);

    if (!path || !handle)
        return 0;
    uefi_install(uefi, handle, &guid_device_path, path);
    return handle;
}

/* --- who wants to know of new interfaces --- */
void uefi_registration_free(void *pointer)
{
    struct uefi_registration *registration = pointer;

    g_array_unref(registration->pending);
    g_free(registration);
}

void uefi_registrations_notify(struct uefi *uefi, const struct efi_guid *guid, uint64_t handle)
{
    for (guint i = 0; i < uefi->registrations->len; i++) {
        struct uefi_registration *registration = uefi->registrations->pdata[i];
        if (!efi_guid_equal(&registration->guid, guid))
            continue;
        if (registration->pending->len < UEFI_HANDLE_LIMIT)
            g_array_append_val(registration->pending, handle);
        uefi_signal(uefi, registration->event);
    }
}

void uefi_registrations_drop_event(struct uefi *uefi, uint64_t event)
{
    for (guint i = uefi->registrations->len; i > 0; i--) {
        struct uefi_registration *registration = uefi->registrations->pdata[i - 1];
        if (registration->event != event)
            continue;
        uefi_pool_free(uefi, registration->address);
        g_ptr_array_remove_index(uefi->registrations, i - 1);
    }
}
