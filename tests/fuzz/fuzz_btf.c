/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Linux kernel's types, of arbitrary bytes. */
#include "debug/symbols/btf.h"
#include "tests/debug/btf_sample.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const members[] = {"", "pid", "bit", "list", "number", "high", "next", "absent"};
    struct btf *btf = btf_find(data, size);
    uint64_t offset, length;

    for (unsigned i = 0; btf && i < G_N_ELEMENTS(members); i++) {
        btf_member(btf, "task", members[i], &offset, &length);
        btf_member(btf, "list", members[i], &offset, &length);
    }
    btf_free(btf);
    return 0;
}

void fuzz_seed(GByteArray *seed)
{
    btf_sample_append(seed);
}
