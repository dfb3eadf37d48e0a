/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a fuzz target is: libFuzzer's entry point, and an input to begin with. */
#ifndef GALVANIC_TESTS_FUZZ_FUZZ_H
#define GALVANIC_TESTS_FUZZ_FUZZ_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FUZZ_SIZE_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Fills @seed with a good input, from which damaged ones are made. */
void fuzz_seed(GByteArray *seed);

#endif
