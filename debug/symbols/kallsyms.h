/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compressed table of names that a Linux kernel carries: scripts/kallsyms.c and kernel/kallsyms.c of Linux.  It is found by its
 * structure, wherever the kernel was put.
 */
#ifndef GALVANIC_DEBUG_SYMBOLS_KALLSYMS_H
#define GALVANIC_DEBUG_SYMBOLS_KALLSYMS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct kallsyms {
    const uint8_t *names, *token_table, *token_index; /* in the bytes that were searched */
    const uint8_t *offsets;
    uint64_t names_length;
    uint32_t count;
    uint64_t relative_base;
    bool absolute_percpu; /* offsets that are not negative are absolute */
};

/*
 * Searches @length bytes of a kernel's memory.  All parts must agree with each other, and all addresses ascend; else false.
 */
bool kallsyms_find(const uint8_t *bytes, size_t length, struct kallsyms *out);
/* Calls for each name, in the order of the addresses; @type as nm prints it. */
void kallsyms_each(const struct kallsyms *kallsyms,
                   void (*name)(void *opaque, uint64_t address, char type, const char *text), void *opaque);

#endif
