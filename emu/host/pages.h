/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host memory for guest RAM: reserved at once, backed page by page when touched. */
#ifndef GALVANIC_EMU_HOST_PAGES_H
#define GALVANIC_EMU_HOST_PAGES_H

#include <stdint.h>

/* @size bytes of zeros, page aligned; NULL if the host refuses. */
void *host_pages_allocate(uint64_t size);
void host_pages_free(void *pages, uint64_t size);
/* Seconds of calendar time of the host since 1970, for `--rtc host` (journalled by the caller). */
int64_t host_calendar(void);
/* Monotonic wall time in ns, for pacing and statistics only: never for anything that the guest sees. */
int64_t host_monotonic(void);

#endif
