/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory services (UEFI 2.10, section 7.2) and memory for the firmware's own use. */
#include <string.h>

#include "firmware/uefi/uefi_internal.h"

enum { ALLOCATE_ANY, ALLOCATE_MAX_ADDRESS, ALLOCATE_ADDRESS };
#define TYPE_OEM_RESERVED 0x70000000u

/* Types whose ranges an operating system maps with its own page size. */
static uint64_t granularity(const struct uefi *uefi, uint32_t type)
{
    switch (type) {
    case EFI_RESERVED_MEMORY_TYPE:
    case EFI_RUNTIME_SERVICES_CODE:
    case EFI_RUNTIME_SERVICES_DATA:
    case EFI_ACPI_MEMORY_NVS:
        return uefi->arch->runtime_pages;
    default:
        return 1;
    }
}

uint64_t uefi_pool_new(struct uefi *uefi, enum efi_memory_type type, uint64_t size)
{
    uint64_t address = pool_allocate(uefi->pool, type, size, granularity(uefi, type));

    if (address)
        memory_set(uefi->memory, address, 0, pool_size(uefi->pool, address));
    return address;
}

uint64_t uefi_pool_copy(struct uefi *uefi, enum efi_memory_type type, const void *data, uint64_t size)
{
    uint64_t address = uefi_pool_new(uefi, type, size);

    if (address)
        memory_write(uefi->memory, address, data, size);
    return address;
}

bool uefi_pool_free(struct uefi *uefi, uint64_t address)
{
    return pool_release(uefi->pool, address);
}

uint64_t uefi_pages_new(struct uefi *uefi, enum efi_memory_type type, uint64_t count, uint64_t limit)
{
    uint64_t address = limit ? limit - 1 : 0;
    efi_status status = memory_map_allocate(uefi->map, limit ? MEMORY_MAP_BELOW : MEMORY_MAP_ANY, type, count,
                                            granularity(uefi, type), &address);

    return EFI_IS_ERROR(status) ? 0 : address;
}

bool uefi_pages_free(struct uefi *uefi, uint64_t address, uint64_t count)
{
    return memory_map_release(uefi->map, address, count) == EFI_SUCCESS;
}

/* Types that a guest may ask for. */
static bool valid_type(uint32_t type)
{
    if (type >= EFI_MAX_MEMORY_TYPE)
        return type >= TYPE_OEM_RESERVED;
    return type != EFI_CONVENTIONAL_MEMORY && type != EFI_PERSISTENT_MEMORY && type != EFI_UNACCEPTED_MEMORY_TYPE;
}

uint64_t uefi_allocate_pages(struct uefi *uefi, struct uefi_call *call)
{
    static const enum memory_map_allocate how[] = {MEMORY_MAP_ANY, MEMORY_MAP_BELOW, MEMORY_MAP_AT};
    uint32_t kind = uefi_argument32(call, 0), type = uefi_argument32(call, 1);
    uint64_t pages = uefi_argument(call, 2), pointer = uefi_argument(call, 3);
    uint64_t address;

    if (kind > ALLOCATE_ADDRESS || !valid_type(type) || !uefi_read64(uefi, pointer, &address))
        return EFI_INVALID_PARAMETER;
    efi_status status = memory_map_allocate(uefi->map, how[kind], type, pages,
                                            kind == ALLOCATE_ADDRESS ? 1 : granularity(uefi, type), &address);
    if (!EFI_IS_ERROR(status))
        uefi_write64(uefi, pointer, address);
    return status;
}

uint64_t uefi_free_pages(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t address = uefi_argument(call, 0), pages = uefi_argument(call, 1);
    const struct memory_map_entry *entry = memory_map_find(uefi->map, address);

    if (entry && pages) {
        uint64_t unit = granularity(uefi, entry->type);
        pages = (pages + unit - 1) / unit * unit;
    }
    return memory_map_release(uefi->map, address, pages);
}

uint64_t uefi_get_memory_map(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t size_address = uefi_argument(call, 0), buffer = uefi_argument(call, 1), key = uefi_argument(call, 2);
    uint64_t descriptor_size = uefi_argument(call, 3), version = uefi_argument(call, 4);
    GByteArray *descriptors = g_byte_array_new();
    uint64_t have;

    memory_map_descriptors(uefi->map, descriptors);
    uint64_t need = descriptors->len;
    efi_status status = EFI_SUCCESS;
    if (!uefi_read64(uefi, size_address, &have) || !uefi_write64(uefi, size_address, need))
        status = EFI_INVALID_PARAMETER;
    else if ((descriptor_size && !uefi_write64(uefi, descriptor_size, EFI_MEMORY_DESCRIPTOR_SIZE)) ||
             (version && !uefi_write32(uefi, version, EFI_MEMORY_DESCRIPTOR_VERSION)))
        status = EFI_INVALID_PARAMETER;
    else if (have < need)
        status = EFI_BUFFER_TOO_SMALL;
    else if (!uefi_write(uefi, buffer, descriptors->data, need) ||
             (key && !uefi_write64(uefi, key, memory_map_key(uefi->map))))
        status = EFI_INVALID_PARAMETER;
    g_byte_array_unref(descriptors);
    return status;
}

uint64_t uefi_allocate_pool(struct uefi *uefi, struct uefi_call *call)
{
    uint32_t type = uefi_argument32(call, 0);
    uint64_t size = uefi_argument(call, 1), out = uefi_argument(call, 2);

    if (!valid_type(type) || !uefi_accessible(uefi, out, 8))
        return EFI_INVALID_PARAMETER;
    uint64_t address = pool_allocate(uefi->pool, type, size, granularity(uefi, type));
    if (!address)
        return EFI_OUT_OF_RESOURCES;
    uefi_write64(uefi, out, address);
    return EFI_SUCCESS;
}

uint64_t uefi_free_pool(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t address = uefi_argument(call, 0);

    /* What stands behind handles, events and interfaces of ours is not the guest's to free. */
    if (uefi_find_handle(uefi, address) || uefi_find_event(uefi, address) ||
        g_hash_table_contains(uefi->interface_index, &address))
        return EFI_INVALID_PARAMETER;
    if (pool_release(uefi->pool, address))
        return EFI_SUCCESS;
    uefi_guest_error(uefi, "FreePool(0x%" G_GINT64_MODIFIER "x): no such allocation", address);
    return EFI_INVALID_PARAMETER;
}

/* Guests copy to and from the framebuffer too: what is no RAM goes the slow way. */
uint64_t uefi_copy_mem(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t to = uefi_argument(call, 0), from = uefi_argument(call, 1), length = uefi_argument(call, 2);
    void *destination = length ? uefi_pointer(uefi, to, length) : NULL;
    const void *source = length ? uefi_pointer(uefi, from, length) : NULL;

    if (!length)
        return EFI_SUCCESS;
    if (!destination || !source) {
        uefi_guest_error(uefi, "CopyMem() of 0x%" G_GINT64_MODIFIER "x bytes outside of RAM", length);
        return EFI_INVALID_PARAMETER;
    }
    memmove(destination, source, length);
    uefi_written(uefi, to, length);
    return EFI_SUCCESS;
}

uint64_t uefi_set_mem(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t to = uefi_argument(call, 0), length = uefi_argument(call, 1);

    if (!uefi_fill(uefi, to, uefi_argument8(call, 2), length))
        uefi_guest_error(uefi, "SetMem() of 0x%" G_GINT64_MODIFIER "x bytes outside of RAM", length);
    return EFI_SUCCESS;
}
