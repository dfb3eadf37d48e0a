/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variable services (UEFI 2.10, section 8.2): the guest's side of variables.c. */
#include <string.h>

#include "firmware/uefi/uefi_internal.h"

/* Name and vendor from the guest; NULL: bad addresses. To be freed. */
static uint16_t *read_name(struct uefi *uefi, uint64_t name, uint64_t vendor, struct efi_guid *guid)
{
    size_t count;
    uint16_t *text =
        uefi_read_guid(uefi, vendor, guid) ? uefi_read_char16(uefi, name, VARIABLE_NAME_LIMIT, &count) : NULL;

    return text;
}

uint64_t uefi_get_variable(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t attributes = uefi_argument(call, 2), size = uefi_argument(call, 3), data = uefi_argument(call, 4);
    struct efi_guid vendor;
    uint16_t *name = read_name(uefi, uefi_argument(call, 0), uefi_argument(call, 1), &vendor);
    const struct variable *variable;

    if (!name || !uefi_accessible(uefi, size, 8)) {
        g_free(name);
        return EFI_INVALID_PARAMETER;
    }
    variable = name[0] ? variables_find(uefi->variables, &vendor, name, uefi->boot_ended) : NULL;
    g_free(name);
    if (!variable)
        return EFI_NOT_FOUND;
    efi_status status = uefi_answer(uefi, size, data, variable->data->data, variable->data->len);
    if ((status == EFI_SUCCESS || status == EFI_BUFFER_TOO_SMALL) && attributes &&
        !uefi_write32(uefi, attributes, variable->attributes))
        return EFI_INVALID_PARAMETER;
    return status;
}

uint64_t uefi_get_next_variable_name(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t size_address = uefi_argument(call, 0), name_address = uefi_argument(call, 1);
    uint64_t vendor_address = uefi_argument(call, 2), have;
    struct efi_guid vendor;
    efi_status status = EFI_NOT_FOUND;
    uint16_t *name;

    if (!uefi_read64(uefi, size_address, &have) || !(name = read_name(uefi, name_address, vendor_address, &vendor)))
        return EFI_INVALID_PARAMETER;
    const struct variable *next = variables_next(uefi->variables, &vendor, name, uefi->boot_ended, &status);
    g_free(name);
    if (!next)
        return status;
    status = uefi_answer(uefi, size_address, name_address, next->name, (next->name_length + 1) * 2);
    if (status == EFI_SUCCESS)
        uefi_write_guid(uefi, vendor_address, &next->vendor);
    return status;
}

uint64_t uefi_set_variable_service(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t size = uefi_argument(call, 3), data_address = uefi_argument(call, 4);
    uint32_t attributes = uefi_argument32(call, 2);
    struct efi_guid vendor;
    uint16_t *name = read_name(uefi, uefi_argument(call, 0), uefi_argument(call, 1), &vendor);
    uint8_t *data = NULL;
    efi_status status = EFI_INVALID_PARAMETER;

    if (!name)
        return EFI_INVALID_PARAMETER;
    if (size > VARIABLE_SIZE_LIMIT) {
        g_free(name);
        return EFI_OUT_OF_RESOURCES;
    }
    data = g_malloc(size + 1);
    if (uefi_read(uefi, data_address, data, size))
        status = variables_set(uefi->variables, &vendor, name, attributes, data, size, uefi->boot_ended);
    g_free(data);
    g_free(name);
    return status;
}

uint64_t uefi_query_variable_info(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t maximum, remaining, one;
    efi_status status =
        variables_info(uefi->variables, uefi_argument32(call, 0), uefi->boot_ended, &maximum, &remaining, &one);

    if (EFI_IS_ERROR(status))
        return status;
    bool written = uefi_write64(uefi, uefi_argument(call, 1), maximum) &&
                   uefi_write64(uefi, uefi_argument(call, 2), remaining) &&
                   uefi_write64(uefi, uefi_argument(call, 3), one);
    return written ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

/* --- for the firmware --- */
GBytes *uefi_variable(struct uefi *uefi, const struct efi_guid *vendor, const char *name)
{
    uint16_t *wide = uefi_text_to_char16(name, NULL);
    const struct variable *variable = variables_find(uefi->variables, vendor, wide, false);

    g_free(wide);
    return variable ? g_bytes_new(variable->data->data, variable->data->len) : NULL;
}

bool uefi_set_variable(struct uefi *uefi, const struct efi_guid *vendor, const char *name, uint32_t attributes,
                       const void *data, size_t length)
{
    uint16_t *wide = uefi_text_to_char16(name, NULL);
    efi_status status = variables_set(uefi->variables, vendor, wide, attributes, data, length, false);

    g_free(wide);
    return !EFI_IS_ERROR(status);
}

static void own(struct uefi *uefi, const char *name, uint32_t attributes, bool read_only, const void *data,
                size_t length)
{
    GBytes *known = uefi_variable(uefi, &guid_global_variable, name);

    if (known)
        g_bytes_unref(known); /* the guest's choice from an earlier run */
    else
        variables_set_own(uefi->variables, &guid_global_variable, name, attributes, read_only, data, length);
}

void uefi_boot_variables(struct uefi *uefi)
{
    static const uint8_t no[8] = {0}, yes[1] = {1};
    uint32_t volatile_ = EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS;
    uint32_t kept = volatile_ | EFI_VARIABLE_NON_VOLATILE;

    own(uefi, "SecureBoot", volatile_, true, no, 1);
    own(uefi, "SetupMode", volatile_, true, yes, 1);
    own(uefi, "AuditMode", volatile_, true, no, 1);
    own(uefi, "DeployedMode", volatile_, true, no, 1);
    own(uefi, "VendorKeys", volatile_, true, no, 1);
    own(uefi, "OsIndicationsSupported", volatile_, true, no, 8);
    own(uefi, "BootOptionSupport", volatile_, true, no, 4);
    own(uefi, "PlatformLangCodes", volatile_, true, "en", 3);
    own(uefi, "PlatformLang", kept, false, "en", 3);
    own(uefi, "LangCodes", volatile_, true, "eng", 4);
    own(uefi, "Lang", kept, false, "eng", 4);
    own(uefi, "Timeout", kept, false, no, 2);
}

/* ConIn, ConOut and ErrOut name the devices behind the console. */
void uefi_console_variables(struct uefi *uefi)
{
    static const struct {
        const char *name, *device;
        unsigned handle; /* of the system table */
    } list[] = {{"ConIn", "ConInDev", 40}, {"ConOut", "ConOutDev", 56}, {"ErrOut", "ErrOutDev", 72}};
    uint32_t volatile_ = EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS;

    for (unsigned i = 0; i < G_N_ELEMENTS(list); i++) {
        uint64_t handle = memory_read64(uefi->memory, uefi->system_table + list[i].handle), interface;
        size_t length;
        if (!uefi_protocol(uefi, handle, &guid_device_path, &interface))
            continue;
        uint8_t *path = device_path_read(uefi, interface, &length);
        if (!path)
            continue;
        own(uefi, list[i].name, volatile_ | EFI_VARIABLE_NON_VOLATILE, false, path, length);
        own(uefi, list[i].device, volatile_, true, path, length);
        g_free(path);
    }
}
