/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of cluster numbers: pages of bits, made when the first bit in them is set. */
#include "emu/host/block_internal.h"

void block_set_init(struct block_set *set, uint64_t clusters)
{
    set->page_count = (clusters + BLOCK_SET_PAGE - 1) / BLOCK_SET_PAGE;
    set->pages = g_new0(uint64_t *, set->page_count);
}

void block_set_clear(struct block_set *set)
{
    for (uint64_t i = 0; i < set->page_count; i++)
        g_free(set->pages[i]);
    g_clear_pointer(&set->pages, g_free);
    set->page_count = 0;
}

bool block_set_has(const struct block_set *set, uint64_t cluster)
{
    const uint64_t *page = set->pages[cluster / BLOCK_SET_PAGE];
    uint64_t bit = cluster % BLOCK_SET_PAGE;

    return page && page[bit / 64] >> bit % 64 & 1;
}

void block_set_add(struct block_set *set, uint64_t first, uint64_t end)
{
    for (uint64_t cluster = first; cluster < end; cluster++) {
        uint64_t **page = &set->pages[cluster / BLOCK_SET_PAGE];
        uint64_t bit = cluster % BLOCK_SET_PAGE;

        if (!*page)
            *page = g_new0(uint64_t, BLOCK_SET_PAGE / 64);
        (*page)[bit / 64] |= UINT64_C(1) << bit % 64;
    }
}
