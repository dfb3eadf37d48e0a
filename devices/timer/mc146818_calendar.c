/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calendar of an MC146818.  Motorola MC146818A data sheet, "Time, Calendar, and Alarm Locations". */
#include "devices/timer/mc146818_calendar.h"

#include <glib.h>

#define SECONDS_PER_DAY 86400
#define HOURS_PM 0x80
#define ALARM_ANY 0xc0 /* both top bits set: any value matches */
#define ANY UINT32_MAX

static uint32_t decode(const uint8_t *cmos, uint8_t raw)
{
    return cmos[RTC_REG_B] & REG_B_BINARY ? raw : (raw >> 4) * 10u + (raw & 15);
}

static uint8_t encode(const uint8_t *cmos, uint32_t value)
{
    return cmos[RTC_REG_B] & REG_B_BINARY ? value : value / 10 << 4 | value % 10;
}

static uint32_t decode_hours(const uint8_t *cmos, uint8_t raw)
{
    if (cmos[RTC_REG_B] & REG_B_24_HOURS)
        return decode(cmos, raw);
    return decode(cmos, raw & ~HOURS_PM) % 12 + (raw & HOURS_PM ? 12 : 0);
}

static uint8_t encode_hours(const uint8_t *cmos, uint32_t hours)
{
    if (cmos[RTC_REG_B] & REG_B_24_HOURS)
        return encode(cmos, hours);
    return encode(cmos, (hours + 11) % 12 + 1) | (hours >= 12 ? HOURS_PM : 0);
}

static void set_time(uint8_t *cmos, uint32_t second_of_day)
{
    cmos[RTC_SECONDS] = encode(cmos, second_of_day % 60);
    cmos[RTC_MINUTES] = encode(cmos, second_of_day / 60 % 60);
    cmos[RTC_HOURS] = encode_hours(cmos, second_of_day / 3600);
}

/* May be more than a day has, if the fields were set to more. */
static uint32_t get_time(const uint8_t *cmos)
{
    return decode_hours(cmos, cmos[RTC_HOURS]) * 3600 + decode(cmos, cmos[RTC_MINUTES]) * 60 +
           decode(cmos, cmos[RTC_SECONDS]);
}

void mc146818_calendar_set(uint8_t *cmos, int64_t seconds)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(seconds);

    if (!date) /* outside of the years 1 to 9999 */
        date = g_date_time_new_from_unix_utc(0);
    set_time(cmos,
             g_date_time_get_hour(date) * 3600 + g_date_time_get_minute(date) * 60 + g_date_time_get_second(date));
    cmos[RTC_DAY_OF_WEEK] = encode(cmos, g_date_time_get_day_of_week(date) % 7 + 1); /* Sunday is 1 */
    cmos[RTC_DAY_OF_MONTH] = encode(cmos, g_date_time_get_day_of_month(date));
    cmos[RTC_MONTH] = encode(cmos, g_date_time_get_month(date));
    cmos[RTC_YEAR] = encode(cmos, g_date_time_get_year(date) % 100);
    cmos[RTC_CENTURY] = encode(cmos, g_date_time_get_year(date) / 100);
}

static uint32_t days_in_month(uint32_t month, uint32_t year)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month < 1 || month > 12)
        return 31;
    return days[month - 1] + (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

static void next_day(uint8_t *cmos)
{
    uint32_t month = decode(cmos, cmos[RTC_MONTH]);
    uint32_t year = decode(cmos, cmos[RTC_CENTURY]) * 100 + decode(cmos, cmos[RTC_YEAR]);
    uint32_t day = decode(cmos, cmos[RTC_DAY_OF_MONTH]);

    cmos[RTC_DAY_OF_WEEK] = encode(cmos, decode(cmos, cmos[RTC_DAY_OF_WEEK]) % 7 + 1);
    if (day < days_in_month(month, year)) {
        cmos[RTC_DAY_OF_MONTH] = encode(cmos, day + 1);
        return;
    }
    cmos[RTC_DAY_OF_MONTH] = encode(cmos, 1);
    cmos[RTC_MONTH] = encode(cmos, month < 12 ? month + 1 : 1);
    if (month < 12)
        return;
    cmos[RTC_YEAR] = encode(cmos, (year + 1) % 100);
    cmos[RTC_CENTURY] = encode(cmos, (year + 1) / 100 % 100);
}

void mc146818_calendar_advance(uint8_t *cmos, uint64_t seconds)
{
    uint64_t total = get_time(cmos) + seconds;

    if (!seconds)
        return;
    set_time(cmos, total % SECONDS_PER_DAY);
    for (uint64_t days = total / SECONDS_PER_DAY; days; days--)
        next_day(cmos);
}

/* What an alarm field asks for, or ANY. */
static uint32_t wanted(const uint8_t *cmos, unsigned index)
{
    uint8_t raw = cmos[index];

    if ((raw & ALARM_ANY) == ALARM_ANY)
        return ANY;
    return index == RTC_HOURS_ALARM ? decode_hours(cmos, raw) : decode(cmos, raw);
}

/* The first value at or after @from that is wanted; @limit if there is none. */
static uint32_t first_at(uint32_t want, uint32_t from, uint32_t limit)
{
    if (want == ANY)
        return from;
    return want >= from && want < limit ? want : limit;
}

/* The first second of the day at or after @from at which the alarm matches; SECONDS_PER_DAY: none. */
static uint32_t match_from(const uint8_t *cmos, uint32_t from)
{
    uint32_t want_hour = wanted(cmos, RTC_HOURS_ALARM);
    uint32_t want_minute = wanted(cmos, RTC_MINUTES_ALARM);
    uint32_t want_second = wanted(cmos, RTC_SECONDS_ALARM);
    uint32_t from_minute = from / 60 % 60, from_second = from % 60;

    for (uint32_t hour = first_at(want_hour, from / 3600, 24); hour < 24;
         hour = first_at(want_hour, hour + 1, 24), from_minute = from_second = 0) {
        if (hour != from / 3600)
            from_minute = from_second = 0;
        for (uint32_t minute = first_at(want_minute, from_minute, 60); minute < 60;
             minute = first_at(want_minute, minute + 1, 60), from_second = 0) {
            if (minute != from_minute)
                from_second = 0;
            uint32_t second = first_at(want_second, from_second, 60);
            if (second < 60)
                return hour * 3600 + minute * 60 + second;
        }
    }
    return SECONDS_PER_DAY;
}

uint32_t mc146818_calendar_until_alarm(const uint8_t *cmos)
{
    uint32_t now = get_time(cmos) % SECONDS_PER_DAY;
    uint32_t match = match_from(cmos, now + 1);

    if (match < SECONDS_PER_DAY)
        return match - now;
    match = match_from(cmos, 0);
    return match < SECONDS_PER_DAY ? match + SECONDS_PER_DAY - now : 0;
}
