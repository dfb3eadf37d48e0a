/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ExitBootServices() and the miscellaneous boot services (UEFI 2.10, sections 7.4 and 7.5). */
#include <zlib.h>

#include "firmware/uefi/uefi_internal.h"

#define CRC_PIECE 65536

uint64_t uefi_install_configuration_table(struct uefi *uefi, struct uefi_call *call)
{
    struct efi_guid guid;

    if (!uefi_read_guid(uefi, uefi_argument(call, 0), &guid))
        return EFI_INVALID_PARAMETER;
    return uefi_set_configuration_table(uefi, &guid, uefi_argument(call, 1));
}

uint64_t uefi_get_next_monotonic_count(struct uefi *uefi, struct uefi_call *call)
{
    return uefi_write64(uefi, uefi_argument(call, 0), ++uefi->monotonic) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

uint64_t uefi_stall(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t microseconds = uefi_argument(call, 0);

    (void)uefi;
    if (microseconds > INT64_MAX / 1000)
        microseconds = INT64_MAX / 1000;
    return uefi_delay(call, (int64_t)microseconds * 1000) ? EFI_SUCCESS : UEFI_AGAIN;
}

uint64_t uefi_set_watchdog_timer(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t seconds = uefi_argument(call, 0);

    uefi->watchdog = CLOCK_NEVER;
    if (seconds && seconds < INT64_MAX / NANOSECONDS_PER_SECOND / 2)
        uefi->watchdog = uefi_now(uefi) + (int64_t)seconds * NANOSECONDS_PER_SECOND;
    uefi_timer_update(uefi);
    return EFI_SUCCESS;
}

uint64_t uefi_calculate_crc32(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t data = uefi_argument(call, 0), size = uefi_argument(call, 1), out = uefi_argument(call, 2);
    uint32_t sum = 0;

    if (!data || !size || !uefi_accessible(uefi, data, size))
        return EFI_INVALID_PARAMETER;
    while (size) {
        uint64_t part = MIN(size, CRC_PIECE);
        const void *bytes = uefi_pointer(uefi, data, part);
        if (!bytes)
            return EFI_INVALID_PARAMETER;
        sum = (uint32_t)crc32(sum, bytes, (uInt)part);
        data += part;
        size -= part;
    }
    return uefi_write32(uefi, out, sum) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

/* Events and their timers mean nothing any more, but for those that wait for SetVirtualAddressMap(). */
static void end_events(struct uefi *uefi)
{
    for (guint i = 0; i < uefi->events->len; i++)
        ((struct uefi_event *)uefi->events->pdata[i])->deadline = CLOCK_NEVER;
    g_array_set_size(uefi->notifications, 0);
    uefi->watchdog = uefi->retry = uefi->tick = CLOCK_NEVER;
    uefi_timer_update(uefi);
}

enum { PHASE_BEFORE, PHASE_CHECK, PHASE_END };

/* The notifications of each phase run before the call is entered again. */
uint64_t uefi_exit_boot_services(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t image = uefi_argument(call, 0), key = uefi_argument(call, 1);
    uint32_t *phase = uefi_phase(call);

    if (*phase == PHASE_BEFORE) {
        if (!uefi_find_image(uefi, image))
            return EFI_INVALID_PARAMETER;
        *phase = PHASE_CHECK;
        if (!uefi->before_exit_signalled) {
            uefi->before_exit_signalled = true;
            if (uefi_group_used(uefi, &guid_event_before_exit_boot_services)) {
                uefi_signal_group(uefi, &guid_event_before_exit_boot_services);
                return UEFI_AGAIN;
            }
        }
    }
    if (*phase == PHASE_CHECK) {
        if (key != memory_map_key(uefi->map))
            return EFI_INVALID_PARAMETER;
        *phase = PHASE_END;
        end_events(uefi);
        if (uefi_group_used(uefi, &guid_event_exit_boot_services)) {
            uefi_signal_group(uefi, &guid_event_exit_boot_services);
            return UEFI_AGAIN;
        }
    }
    end_events(uefi);
    protocols_end(uefi);
    uefi_tables_end_boot(uefi);
    uefi->boot_ended = true;
    uefi_tables_crc(uefi);
    return EFI_SUCCESS;
}

bool uefi_boot_services_ended(const struct uefi *uefi)
{
    return uefi->boot_ended;
}
