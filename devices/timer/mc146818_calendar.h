/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calendar of an MC146818: ten bytes that count, in BCD or binary, 12 or 24 hours. */
#ifndef GALVANIC_DEVICES_TIMER_MC146818_CALENDAR_H
#define GALVANIC_DEVICES_TIMER_MC146818_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define RTC_SECONDS 0x00
#define RTC_SECONDS_ALARM 0x01
#define RTC_MINUTES 0x02
#define RTC_MINUTES_ALARM 0x03
#define RTC_HOURS 0x04
#define RTC_HOURS_ALARM 0x05
#define RTC_DAY_OF_WEEK 0x06
#define RTC_DAY_OF_MONTH 0x07
#define RTC_MONTH 0x08
#define RTC_YEAR 0x09
#define RTC_REG_A 0x0a
#define RTC_REG_B 0x0b
#define RTC_REG_C 0x0c
#define RTC_REG_D 0x0d
#define RTC_CENTURY 0x32

#define REG_B_24_HOURS 0x02
#define REG_B_BINARY 0x04

/* @cmos: 128 bytes; register B in it says how the others are to be read. */

/* Sets the calendar to @seconds since 1970-01-01 00:00 UTC. */
void mc146818_calendar_set(uint8_t *cmos, int64_t seconds);
/* Lets @seconds pass. Fields that were set to what no clock shows are carried as they stand. */
void mc146818_calendar_advance(uint8_t *cmos, uint64_t seconds);
/* Seconds from the time that the calendar shows to the next at which the alarm matches, 1..86400; 0: never. */
uint32_t mc146818_calendar_until_alarm(const uint8_t *cmos);

#endif
