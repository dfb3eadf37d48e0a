/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel's table of names as Linux's scripts/kallsyms.c lays it out, made of a few hundred names. */
#ifndef GALVANIC_TESTS_DEBUG_KALLSYMS_SAMPLE_H
#define GALVANIC_TESTS_DEBUG_KALLSYMS_SAMPLE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SAMPLE_NAMES 700u
#define SAMPLE_ENTRY 0x4000u /* of the name of the entry, from the base on */

struct kallsyms_sample {
    uint64_t base;
    const char *entry;   /* the name at SAMPLE_ENTRY */
    bool percpu;         /* absolute names of a few bytes first, the others by negative offsets */
    bool sequences;      /* the table of three bytes a name is there */
    bool offsets_behind; /* offsets stand behind the tokens, as since Linux 6.4 */
};

/* Appends the table, aligned to 8 bytes.  Name number n is "name_n" at base + n * 0x100, but for the entry; 300 is very long. */
void kallsyms_sample_append(GByteArray *out, const struct kallsyms_sample *sample);

#endif
