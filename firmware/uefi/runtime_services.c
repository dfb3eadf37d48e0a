/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual memory and miscellaneous runtime services (UEFI 2.10, sections 8.4 and 8.5). */
#include "firmware/uefi/uefi_internal.h"

#define DESCRIPTOR_LIMIT 65536
#define OPTIONAL_POINTER 1

/* EFI_MEMORY_DESCRIPTOR */
#define DESCRIPTOR_PHYSICAL 8
#define DESCRIPTOR_VIRTUAL 16
#define DESCRIPTOR_PAGES 24
#define DESCRIPTOR_ATTRIBUTES 32
#define DESCRIPTOR_SIZE 40

enum { RANGE_PHYSICAL, RANGE_PAGES, RANGE_VIRTUAL, RANGE }; /* values of one entry of virtual_map */

enum { RESET_COLD, RESET_WARM, RESET_SHUTDOWN, RESET_PLATFORM_SPECIFIC };

/* The virtual address of @address; 0: not mapped. */
static uint64_t convert(struct uefi *uefi, uint64_t address)
{
    for (guint i = 0; i < uefi->virtual_map->len; i += RANGE) {
        const uint64_t *range = &g_array_index(uefi->virtual_map, uint64_t, i);
        uint64_t offset = address - range[RANGE_PHYSICAL];
        if (address >= range[RANGE_PHYSICAL] && offset / EFI_PAGE_SIZE < range[RANGE_PAGES])
            return range[RANGE_VIRTUAL] + offset;
    }
    return 0;
}

static efi_status read_map(struct uefi *uefi, uint64_t size, uint64_t descriptor_size, uint64_t map)
{
    g_array_set_size(uefi->virtual_map, 0);
    if (descriptor_size < DESCRIPTOR_SIZE || size / descriptor_size > DESCRIPTOR_LIMIT)
        return EFI_INVALID_PARAMETER;
    for (uint64_t offset = 0; offset + descriptor_size <= size; offset += descriptor_size) {
        uint64_t range[RANGE], attributes;
        if (!uefi_read64(uefi, map + offset + DESCRIPTOR_PHYSICAL, &range[RANGE_PHYSICAL]) ||
            !uefi_read64(uefi, map + offset + DESCRIPTOR_VIRTUAL, &range[RANGE_VIRTUAL]) ||
            !uefi_read64(uefi, map + offset + DESCRIPTOR_PAGES, &range[RANGE_PAGES]) ||
            !uefi_read64(uefi, map + offset + DESCRIPTOR_ATTRIBUTES, &attributes))
            return EFI_INVALID_PARAMETER;
        if (attributes & EFI_MEMORY_RUNTIME)
            g_array_append_vals(uefi->virtual_map, range, RANGE);
    }
    /* What the firmware needs must be there. */
    if (!convert(uefi, uefi->runtime_stubs) || !convert(uefi, uefi->system_table))
        return EFI_NO_MAPPING;
    return EFI_SUCCESS;
}

uint64_t uefi_set_virtual_address_map(struct uefi *uefi, struct uefi_call *call)
{
    uint32_t *phase = uefi_phase(call);

    if (*phase == 0) {
        if (!uefi->boot_ended || uefi->is_virtual)
            return EFI_UNSUPPORTED;
        if (uefi_argument32(call, 2) != EFI_MEMORY_DESCRIPTOR_VERSION)
            return EFI_INVALID_PARAMETER;
        efi_status status = read_map(uefi, uefi_argument(call, 0), uefi_argument(call, 1), uefi_argument(call, 3));
        if (EFI_IS_ERROR(status))
            return status;
        uefi->converting = true;
        *phase = 1;
        uefi_signal_group(uefi, &guid_event_virtual_address_change);
        if (uefi->notifications->len)
            return UEFI_AGAIN;
    }
    uefi_tables_convert(uefi, convert);
    uefi->converting = false;
    uefi->is_virtual = true;
    g_array_set_size(uefi->virtual_map, 0);
    return EFI_SUCCESS;
}

uint64_t uefi_convert_pointer(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t place = uefi_argument(call, 1), address, converted;

    if (!uefi->converting)
        return EFI_UNSUPPORTED;
    if (!uefi_read64(uefi, place, &address))
        return EFI_INVALID_PARAMETER;
    if (!address)
        return uefi_argument(call, 0) & OPTIONAL_POINTER ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
    converted = convert(uefi, address);
    if (!converted)
        return EFI_NOT_FOUND;
    return uefi_write64(uefi, place, converted) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

uint64_t uefi_get_next_high_monotonic_count(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t high = (uefi->monotonic >> 32) + 1;

    if (!uefi_write32(uefi, uefi_argument(call, 0), (uint32_t)high))
        return EFI_INVALID_PARAMETER;
    uefi->monotonic = high << 32;
    return EFI_SUCCESS;
}

/* Never returns: the machine stops or starts anew after this instruction. */
uint64_t uefi_reset_system(struct uefi *uefi, struct uefi_call *call)
{
    uint32_t type = uefi_argument32(call, 0);

    uefi_trace_call(call, UEFI_PENDING);
    if (type == RESET_SHUTDOWN)
        machine_power_off(uefi->machine);
    else
        machine_reset_request(uefi->machine);
    return UEFI_AGAIN;
}

uint64_t uefi_update_capsule(struct uefi *uefi, struct uefi_call *call)
{
    (void)uefi;
    (void)call;
    return EFI_UNSUPPORTED;
}

uint64_t uefi_query_capsule_capabilities(struct uefi *uefi, struct uefi_call *call)
{
    (void)uefi;
    (void)call;
    return EFI_UNSUPPORTED;
}
