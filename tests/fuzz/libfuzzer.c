/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For libFuzzer: GALVANIC_FUZZ_SEED=FILE has the target write its seed there and end, so that a corpus can begin. */
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *path = g_getenv("GALVANIC_FUZZ_SEED");
    g_autoptr(GByteArray) seed = g_byte_array_new();

    if (!path)
        return 0;
    fuzz_seed(seed);
    exit(g_file_set_contents(path, (const char *)seed->data, (gssize)seed->len, NULL) ? 0 : 1);
}
