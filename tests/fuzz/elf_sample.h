/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel that is small and valid: an ELF file for x86_64 with one segment and a note that names its PVH entry. */
#ifndef GALVANIC_TESTS_FUZZ_ELF_SAMPLE_H
#define GALVANIC_TESTS_FUZZ_ELF_SAMPLE_H

#include <glib.h>

/* Makes @seed, an empty array, that file. */
void elf_sample(GByteArray *seed);

#endif
