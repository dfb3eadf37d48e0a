/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See pages.h. */
#include "emu/host/pages.h"

#include <glib.h>
#include <sys/mman.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

void *host_pages_allocate(uint64_t size)
{
    if (size > SIZE_MAX)
        return NULL;
    void *pages = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void host_pages_free(void *pages, uint64_t size)
{
    munmap(pages, (size_t)size);
}

int64_t host_calendar(void)
{
    return g_get_real_time() / 1000000;
}

int64_t host_monotonic(void)
{
    return g_get_monotonic_time() * 1000;
}
