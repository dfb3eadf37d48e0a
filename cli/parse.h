/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of options: sizes, durations, dates, resolutions, escaped text. Each error names the option and what would be right. */
#ifndef GALVANIC_CLI_PARSE_H
#define GALVANIC_CLI_PARSE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* "512M", "2G", "64K"; a bare number is MiB, as people know it from -m. */
bool parse_size(const char *option, const char *text, uint64_t *bytes, GError **error);
/* "500ms", "2s", "1.5m", "100us", "7ns". */
bool parse_duration(const char *option, const char *text, int64_t *ns, GError **error);
/* A whole number in [@low, @high], decimal or 0x. */
bool parse_number(const char *option, const char *text, uint64_t low, uint64_t high, uint64_t *value, GError **error);
/* Nanoseconds with up to three decimals, to picoseconds. */
bool parse_scale(const char *option, const char *text, uint32_t *picoseconds, GError **error);
/* "2026-01-01T00:00:00Z" to seconds since 1970. */
bool parse_calendar(const char *option, const char *text, int64_t *seconds, GError **error);
/* "1280x800". */
bool parse_resolution(const char *option, const char *text, uint32_t *width, uint32_t *height, GError **error);
/* \r \n \t \e \\ \xNN; the result is to be freed. */
GByteArray *parse_escapes(const char *option, const char *text, GError **error);

#endif
