/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Case of UTF-16 units, the same on every host: Latin, Greek and Cyrillic letters. */
#ifndef GALVANIC_FIRMWARE_UEFI_UNICODE_H
#define GALVANIC_FIRMWARE_UEFI_UNICODE_H

#include <stddef.h>
#include <stdint.h>

uint16_t unicode_upper(uint16_t unit);
uint16_t unicode_lower(uint16_t unit);
/* Writes the UTF-8 of one unit (surrogates become U+FFFD) to @out, 3 bytes at most; returns their number. */
size_t unicode_to_utf8(uint16_t unit, uint8_t out[3]);

#endif
