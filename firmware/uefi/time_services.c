/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time services (UEFI 2.10, section 8.3): the machine's calendar and virtual time. */
#include <string.h>

#include "emu/bytes.h"
#include "firmware/uefi/uefi_internal.h"

#define TIME_SIZE 16
#define ZONE_UNSPECIFIED 0x7FF

int64_t uefi_now(const struct uefi *uefi)
{
    return machine_now(uefi->machine);
}

static int64_t seconds_now(const struct uefi *uefi)
{
    return machine_config(uefi->machine)->calendar + uefi->time_offset + uefi_now(uefi) / NANOSECONDS_PER_SECOND;
}

/* EFI_TIME of @seconds since 1970. */
static void pack(const struct uefi *uefi, int64_t seconds, uint32_t nanoseconds, uint8_t out[TIME_SIZE])
{
    GDateTime *date = g_date_time_new_from_unix_utc(seconds);

    memset(out, 0, TIME_SIZE);
    if (!date)
        return;
    put_le16(out, (uint16_t)g_date_time_get_year(date));
    out[2] = (uint8_t)g_date_time_get_month(date);
    out[3] = (uint8_t)g_date_time_get_day_of_month(date);
    out[4] = (uint8_t)g_date_time_get_hour(date);
    out[5] = (uint8_t)g_date_time_get_minute(date);
    out[6] = (uint8_t)g_date_time_get_second(date);
    put_le32(out + 8, nanoseconds);
    put_le16(out + 12, (uint16_t)uefi->time_zone);
    out[14] = uefi->daylight;
    g_date_time_unref(date);
}

/* False: no valid EFI_TIME. */
static bool unpack(const uint8_t in[TIME_SIZE], int64_t *seconds, int16_t *zone, uint8_t *daylight_saving)
{
    int year = get_le16(in);
    uint32_t nanoseconds = get_le32(in + 8);
    GDateTime *date = NULL;

    *zone = (int16_t)get_le16(in + 12);
    *daylight_saving = in[14];
    if (year >= 1900 && year <= 9999 && nanoseconds <= 999999999 && (*daylight_saving & ~3) == 0 &&
        (*zone == ZONE_UNSPECIFIED || (*zone >= -1440 && *zone <= 1440)))
        date = g_date_time_new_utc(year, in[2], in[3], in[4], in[5], in[6]);
    if (!date)
        return false;
    *seconds = g_date_time_to_unix(date);
    g_date_time_unref(date);
    return true;
}

uint64_t uefi_get_time(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t capabilities = uefi_argument(call, 1);
    uint8_t time[TIME_SIZE];

    pack(uefi, seconds_now(uefi), (uint32_t)(uefi_now(uefi) % NANOSECONDS_PER_SECOND), time);
    if (!uefi_write(uefi, uefi_argument(call, 0), time, sizeof(time)))
        return EFI_INVALID_PARAMETER;
    /* Resolution 1 Hz is what a clock of a PC has; accuracy in 1e-6 ppm; setting keeps what is below a second. */
    if (capabilities && (!uefi_write32(uefi, capabilities, 1) || !uefi_write32(uefi, capabilities + 4, 50000000) ||
                         !uefi_write8(uefi, capabilities + 8, 0)))
        return EFI_INVALID_PARAMETER;
    return EFI_SUCCESS;
}

uint64_t uefi_set_time(struct uefi *uefi, struct uefi_call *call)
{
    uint8_t time[TIME_SIZE], daylight_saving;
    int64_t seconds;
    int16_t zone;

    if (!uefi_read(uefi, uefi_argument(call, 0), time, sizeof(time)) ||
        !unpack(time, &seconds, &zone, &daylight_saving))
        return EFI_INVALID_PARAMETER;
    uefi->time_offset += seconds - seconds_now(uefi);
    uefi->time_zone = zone;
    uefi->daylight = daylight_saving;
    return EFI_SUCCESS;
}

/* Nothing of this machine sleeps so that an alarm could wake it: it is kept and told, no more. */
uint64_t uefi_get_wakeup_time(struct uefi *uefi, struct uefi_call *call)
{
    bool enabled = uefi->alarm >= 0;
    uint8_t time[TIME_SIZE];

    pack(uefi, enabled ? uefi->alarm : seconds_now(uefi), 0, time);
    if (!uefi_write8(uefi, uefi_argument(call, 0), enabled) ||
        !uefi_write8(uefi, uefi_argument(call, 1), enabled && uefi->alarm <= seconds_now(uefi)) ||
        !uefi_write(uefi, uefi_argument(call, 2), time, sizeof(time)))
        return EFI_INVALID_PARAMETER;
    return EFI_SUCCESS;
}

uint64_t uefi_set_wakeup_time(struct uefi *uefi, struct uefi_call *call)
{
    uint8_t time[TIME_SIZE], daylight_saving;
    int64_t seconds;
    int16_t zone;

    if (!uefi_argument8(call, 0)) {
        uefi->alarm = -1;
        return EFI_SUCCESS;
    }
    if (!uefi_read(uefi, uefi_argument(call, 1), time, sizeof(time)) ||
        !unpack(time, &seconds, &zone, &daylight_saving) || seconds < 0)
        return EFI_INVALID_PARAMETER;
    uefi->alarm = seconds;
    return EFI_SUCCESS;
}
